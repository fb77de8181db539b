//! The calls of a network (EC2 `CreateVpc`, `DescribeVpcs`, `ModifyVpcAttribute`, `DeleteVpc`).

use std::collections::BTreeMap;
use std::time::Duration;

use aws_sdk_ec2::types::{self, AttributeBooleanValue, Filter, ResourceType, VpcAttributeName};
use futures_util::future::{join, join_all, try_join};

use super::{Vpc, VpcComputed};
use crate::cloud::aws::ec2::{
    self, create_without_token, delete_unused, filter, in_use, left_in_network, look, naming, retag,
    retry_until_visible, tag_specification, told,
};
use crate::cloud::aws::{
    Census, Clients, During, Listed, Lookup, Present, Provision, ReadOutcome, ReadOutcomes, Reading, Silent, Writing,
};
use crate::cloud::wait::{Poll, WaitPolicy, until};
use crate::cloud::{CloudError, ErrorKind};

// EC2 shows a new network within seconds, but not always on the first question.
const READY: WaitPolicy = WaitPolicy::seconds(3, 600, 2);
// What is deleted just before (interfaces of load balancers, of EKS, of RDS) lingers for minutes and blocks.
const LINGER: Duration = Duration::from_mins(5);

ec2::object!(types::Vpc, vpc_id);

impl Provision for Vpc {
    type Health = Silent<Self>;

    async fn observe(lookups: Vec<Lookup<Self>>, cx: &Reading<'_>) -> ReadOutcomes<Self> {
        // The attributes need calls of their own; those of recorded networks need not wait for the list.
        let recorded = attributes_of(cx.aws, lookups.iter().filter_map(|one| one.id().map(str::to_owned)));
        let listed = look(
            lookups.clone(),
            cx,
            "vpc-id",
            |filter| list(cx.aws, filter),
            |_, vpc, tags| {
                let id = vpc.vpc_id().unwrap_or_default().to_owned();
                let cidr = vpc.cidr_block().unwrap_or_default().parse().map_err(|error| {
                    CloudError::new(ErrorKind::Bug, "read the network's address space", format!("{error}"))
                })?;
                let declared = Vpc { cidr, dns_support: false, dns_hostnames: false, tags };
                let present = Present {
                    declared,
                    computed: VpcComputed { id },
                    notes: further_addresses(vpc),
                    waiting: Vec::new(),
                    settled: true,
                };
                Ok(ReadOutcome::Present(Box::new(present)))
            },
        );
        let (mut found, mut attributes) = join(listed, recorded).await;
        let ids = found.values().filter_map(|outcome| match outcome {
            Ok(ReadOutcome::Present(present)) => Some(present.computed.id.clone()),
            Ok(ReadOutcome::Absent | ReadOutcome::Foreign(_)) | Err(_) => None,
        });
        let missing: Vec<String> = ids.filter(|id| !attributes.contains_key(id)).collect();
        attributes.extend(attributes_of(cx.aws, missing.into_iter()).await);
        for outcome in found.values_mut() {
            let Ok(ReadOutcome::Present(present)) = outcome else { continue };
            // Two addresses may lead to one network.
            match attributes.get(&present.computed.id) {
                Some(Ok((support, hostnames))) => {
                    present.declared.dns_support = *support;
                    present.declared.dns_hostnames = *hostnames;
                }
                Some(Err(error)) => *outcome = Err(error.clone()),
                None => {
                    *outcome =
                        Err(CloudError::new(ErrorKind::Bug, "read the network", "its settings were not asked for"));
                }
            }
        }
        found
    }

    async fn census(here: &Census<'_>) -> Result<Listed, CloudError> {
        ec2::census(here, |filter| list(here.aws, filter)).await
    }

    async fn create(&self, cx: &Writing<'_>) -> Result<VpcComputed, CloudError> {
        let doing = "create the network";
        let computed_of = |vpc: &types::Vpc| VpcComputed { id: vpc.vpc_id().unwrap_or_default().to_owned() };
        let computed = create_without_token(
            cx,
            doing,
            |mine| async { Ok(list(cx.aws, mine).await?.iter().map(computed_of).collect()) },
            || async {
                let tags = tag_specification(cx, ResourceType::Vpc, self);
                let call = cx.aws.no_retry.ec2.create_vpc().cidr_block(self.cidr.to_string()).tag_specifications(tags);
                told(call.send().await.during(doing)?.vpc().map(computed_of), doing)
            },
        )
        .await?;
        cx.made(&computed).await?;
        ready(&computed.id, cx).await?;
        self.set_attributes(&computed.id, cx).await?;
        Ok(computed)
    }

    async fn update(&self, from: &Self, known: &VpcComputed, cx: &Writing<'_>) -> Result<VpcComputed, CloudError> {
        if (self.dns_support, self.dns_hostnames) != (from.dns_support, from.dns_hostnames) {
            ready(&known.id, cx).await?;
            self.set_attributes(&known.id, cx).await?;
        }
        retag(cx.aws, &known.id, &from.tags, &self.tags).await?;
        Ok(known.clone())
    }

    async fn delete(_: &Self, known: &VpcComputed, cx: &Writing<'_>) -> Result<(), CloudError> {
        let deleted = delete_unused(cx, LINGER, None, || async {
            cx.aws.ec2.delete_vpc().vpc_id(&known.id).send().await.during("delete the network")
        })
        .await;
        match deleted {
            // AWS does not say what is in the way.
            Err(error) if in_use(&error) => Err(naming(error, left_in_network(cx.aws, &known.id).await)),
            done => done,
        }
    }
}

impl Vpc {
    /// One attribute per call is all that `ModifyVpcAttribute` takes. Support comes first: names need it.
    async fn set_attributes(&self, id: &str, cx: &Writing<'_>) -> Result<(), CloudError> {
        let value = |on: bool| AttributeBooleanValue::builder().value(on).build();
        let call = || cx.aws.ec2.modify_vpc_attribute().vpc_id(id);
        // A network made a moment ago may be unknown here while it is listed elsewhere.
        retry_until_visible(cx, || async {
            call().enable_dns_support(value(self.dns_support)).send().await.during("set DNS support")
        })
        .await?;
        retry_until_visible(cx, || async {
            call().enable_dns_hostnames(value(self.dns_hostnames)).send().await.during("set DNS host names")
        })
        .await?;
        Ok(())
    }
}

async fn ready(id: &str, cx: &Writing<'_>) -> Result<(), CloudError> {
    until(cx, "create the network", READY, || async move {
        let state = list(cx.aws, filter("vpc-id", [id])).await?.first().and_then(|vpc| vpc.state().cloned());
        Ok(match state {
            Some(types::VpcState::Available) => Poll::Ready(()),
            Some(state) => Poll::Pending(state.as_str().to_owned()),
            None => Poll::Pending("not visible yet".to_owned()),
        })
    })
    .await
}

/// Notes about address ranges that others added.
fn further_addresses(vpc: &types::Vpc) -> Vec<String> {
    let all = vpc.cidr_block_association_set().iter().filter_map(|one| one.cidr_block());
    let further = all.filter(|cidr| Some(*cidr) != vpc.cidr_block());
    further.map(|cidr| format!("the addresses {cidr} were added by others")).collect()
}

type Attributes = Result<(bool, bool), CloudError>;

async fn attributes_of(aws: &Clients, ids: impl Iterator<Item = String>) -> BTreeMap<String, Attributes> {
    join_all(ids.map(|id| async move {
        let found = attributes(aws, &id).await;
        (id, found)
    }))
    .await
    .into_iter()
    .collect()
}

async fn attributes(aws: &Clients, id: &str) -> Attributes {
    let ask = |attribute: VpcAttributeName| async move {
        let call = aws.ec2.describe_vpc_attribute().vpc_id(id).attribute(attribute);
        call.send().await.during("read the network's DNS settings")
    };
    let (support, hostnames) =
        try_join(ask(VpcAttributeName::EnableDnsSupport), ask(VpcAttributeName::EnableDnsHostnames)).await?;
    let on = |value: Option<&AttributeBooleanValue>| value.and_then(AttributeBooleanValue::value).unwrap_or(false);
    Ok((on(support.enable_dns_support()), on(hostnames.enable_dns_hostnames())))
}

async fn list(aws: &Clients, filter: Filter) -> Result<Vec<types::Vpc>, CloudError> {
    let pages = aws.ec2.describe_vpcs().filters(filter).into_paginator().items().send();
    pages.try_collect().await.during("read the network")
}
