//! The calls of a network (EC2 `CreateVpc`, `DescribeVpcs`, `ModifyVpcAttribute`, `DeleteVpc`).

use std::time::Duration;

use aws_sdk_ec2::types::{self, AttributeBooleanValue, Filter, ResourceType, VpcAttributeName};

use super::{Vpc, VpcComputed};
use crate::cloud::aws::ec2::{look, retag, tag_specification, tags_of};
use crate::cloud::aws::{Clients, During, Provision, Reading, Sight, Sights, Sought, Writing};
use crate::cloud::wait::{Answer, Patience, retry_while, until};
use crate::cloud::{CloudError, ErrorKind};

// EC2 shows a new network within seconds, but not always on the first question.
const READY: Patience = Patience::seconds(5, 600, 2);
// What is deleted just before (interfaces of load balancers, of EKS, of RDS) lingers for minutes and blocks.
const LINGER: Duration = Duration::from_secs(300);

impl Provision for Vpc {
    async fn observe(sought: Vec<Sought<Self>>, cx: &Reading<'_>) -> Sights<Self> {
        let found = look(
            sought.clone(),
            cx,
            "vpc-id",
            |filter| list(cx.aws, filter),
            |vpc: &types::Vpc| vpc.vpc_id(),
            |vpc| tags_of(vpc.tags()),
            |_, vpc, tags| {
                let id = vpc.vpc_id().unwrap_or_default().to_owned();
                let cidr = vpc.cidr_block().unwrap_or_default().parse().map_err(|error| {
                    CloudError::new(ErrorKind::Bug, "read the network's address space", format!("{error}"))
                })?;
                // The attributes need a call each; they follow below.
                Ok(Sight::present(Vpc { cidr, dns_support: false, dns_hostnames: false, tags }, VpcComputed { id }))
            },
        )
        .await;
        let mut complete = Sights::new();
        for (address, sight) in found {
            let sight = match sight {
                Ok(Sight::Present(mut present)) => match attributes(cx.aws, &present.computed.id).await {
                    Ok((support, hostnames)) => {
                        present.declared.dns_support = support;
                        present.declared.dns_hostnames = hostnames;
                        Ok(Sight::Present(present))
                    }
                    Err(error) => Err(error),
                },
                other => other,
            };
            complete.insert(address, sight);
        }
        complete
    }

    async fn create(&self, cx: &Writing<'_>) -> Result<VpcComputed, CloudError> {
        let doing = "create the network";
        let made = cx
            .aws
            .once
            .ec2
            .create_vpc()
            .cidr_block(self.cidr.to_string())
            .tag_specifications(tag_specification(cx, ResourceType::Vpc, self))
            .send()
            .await
            .during(doing)?;
        let id = made.vpc().and_then(|vpc| vpc.vpc_id()).unwrap_or_default().to_owned();
        let computed = VpcComputed { id };
        cx.made(&computed).await?;
        let id = computed.id.as_str();
        until(cx, doing, READY, || async move {
            let filter = crate::cloud::aws::ec2::filter("vpc-id", [id]);
            let state = list(cx.aws, filter).await?.first().and_then(|vpc| vpc.state().cloned());
            Ok(match state {
                Some(types::VpcState::Available) => Answer::Ready(()),
                Some(state) => Answer::Pending(state.as_str().to_owned()),
                None => Answer::Pending("not visible yet".to_owned()),
            })
        })
        .await?;
        self.set_attributes(id, cx).await?;
        Ok(computed)
    }

    async fn update(&self, from: &Self, known: &VpcComputed, cx: &Writing<'_>) -> Result<VpcComputed, CloudError> {
        if (self.dns_support, self.dns_hostnames) != (from.dns_support, from.dns_hostnames) {
            self.set_attributes(&known.id, cx).await?;
        }
        retag(cx.aws, &known.id, &from.tags, &self.tags).await?;
        Ok(known.clone())
    }

    async fn delete(_: &Self, known: &VpcComputed, cx: &Writing<'_>) -> Result<(), CloudError> {
        let lingers = |error: &CloudError| error.is("DependencyViolation");
        let gone = retry_while(cx, LINGER, lingers, || async {
            cx.aws.ec2.delete_vpc().vpc_id(&known.id).send().await.during("delete the network")
        })
        .await;
        match gone {
            Err(error) if error.kind == ErrorKind::NotFound => Ok(()),
            done => done.map(|_| ()),
        }
    }
}

impl Vpc {
    /// One attribute per call is all that `ModifyVpcAttribute` takes. Support comes first: names need it.
    async fn set_attributes(&self, id: &str, cx: &Writing<'_>) -> Result<(), CloudError> {
        let value = |on: bool| AttributeBooleanValue::builder().value(on).build();
        let call = || cx.aws.ec2.modify_vpc_attribute().vpc_id(id);
        // A network made a moment ago may be unknown here while it is listed elsewhere.
        let unseen = |error: &CloudError| error.kind == ErrorKind::NotFound;
        retry_while(cx, Duration::from_secs(300), unseen, || async {
            call().enable_dns_support(value(self.dns_support)).send().await.during("set DNS support")
        })
        .await?;
        call().enable_dns_hostnames(value(self.dns_hostnames)).send().await.during("set DNS host names")?;
        Ok(())
    }
}

async fn attributes(aws: &Clients, id: &str) -> Result<(bool, bool), CloudError> {
    let ask = |attribute: VpcAttributeName| async move {
        aws.ec2
            .describe_vpc_attribute()
            .vpc_id(id)
            .attribute(attribute)
            .send()
            .await
            .during("read the network's DNS settings")
    };
    let (support, hostnames) = futures_util::future::try_join(
        ask(VpcAttributeName::EnableDnsSupport),
        ask(VpcAttributeName::EnableDnsHostnames),
    )
    .await?;
    let on = |value: Option<&AttributeBooleanValue>| value.and_then(AttributeBooleanValue::value).unwrap_or(false);
    Ok((on(support.enable_dns_support()), on(hostnames.enable_dns_hostnames())))
}

async fn list(aws: &Clients, filter: Filter) -> Result<Vec<types::Vpc>, CloudError> {
    let mut found = Vec::new();
    let mut pages = aws.ec2.describe_vpcs().filters(filter).into_paginator().send();
    while let Some(page) = pages.next().await {
        found.extend(page.during("read the network")?.vpcs.unwrap_or_default());
    }
    Ok(found)
}
