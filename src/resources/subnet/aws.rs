//! The calls of a subnet (EC2 `CreateSubnet`, `DescribeSubnets`, `ModifySubnetAttribute`, `DeleteSubnet`).
//!
//! A network has room for one subnet of the same addresses: that is its natural name.

use std::time::Duration;

use aws_sdk_ec2::types::{self, AttributeBooleanValue, Filter, ResourceType, SubnetState};

use super::{Subnet, SubnetComputed};
use crate::cloud::aws::ec2::{
    self, delete_unused, filter, in_use, known_id, look, mark_taken_over, named_in, naming, poll_until_listed, retag,
    retry_until_visible, strangers, tag_specification, told,
};
use crate::cloud::aws::tags::tags_of;
use crate::cloud::aws::takeover::refuse_foreign;
use crate::cloud::aws::{
    Census, Clients, During, Listed, Lookup, Provision, ReadOutcome, ReadOutcomes, Reading, Silent, Writing,
};
use crate::cloud::wait::{Poll, WaitPolicy, until};
use crate::cloud::{CloudError, ErrorKind};
use crate::model::values::Cidr;

// EC2 shows a new subnet within seconds; the limit is the one Terraform's provider has.
const READY: WaitPolicy = WaitPolicy::seconds(3, 600, 2);
// Interfaces of load balancers, of EKS and of RDS outlive their owners by minutes, those of nodes by as many.
const LINGER: Duration = Duration::from_mins(20);

ec2::object!(types::Subnet, subnet_id);

impl Provision for Subnet {
    type Health = Silent<Self>;

    async fn observe(lookups: Vec<Lookup<Self>>, cx: &Reading<'_>) -> ReadOutcomes<Self> {
        let mut found = look(
            lookups.clone(),
            cx,
            "subnet-id",
            |filter| list(cx.aws, vec![filter]),
            |_, subnet, tags| {
                let id = subnet.subnet_id().unwrap_or_default().to_owned();
                let there = Self {
                    vpc: cx.refer(subnet.vpc_id().unwrap_or_default()),
                    cidr: cidr_of(subnet)?,
                    zone: subnet.availability_zone().unwrap_or_default().to_owned(),
                    map_public_ip: subnet.map_public_ip_on_launch().unwrap_or(false),
                    tags,
                };
                Ok(ReadOutcome::present(there, SubnetComputed { id }))
            },
        )
        .await;
        let others = strangers(&found, lookups, cx, |one| async move {
            let wanted = one.expected();
            let Some(vpc) = known_id(cx, &wanted.vpc) else { return Ok(None) };
            Ok(list(cx.aws, place(&vpc, wanted.cidr)).await?.into_iter().next())
        })
        .await;
        found.extend(others);
        found
    }

    async fn census(here: &Census<'_>) -> Result<Listed, CloudError> {
        ec2::census(here, |filter| list(here.aws, vec![filter])).await
    }

    async fn create(&self, cx: &Writing<'_>) -> Result<SubnetComputed, CloudError> {
        let vpc = cx.id(&self.vpc)?;
        let made = match self.make(&vpc, cx).await {
            // Both an answer that was lost and somebody else look like this.
            Err(error) if error.is("InvalidSubnet.Conflict") => self.take_over(&vpc, error, cx).await?,
            made => made?,
        };
        let computed = SubnetComputed { id: made.subnet_id().unwrap_or_default().to_owned() };
        cx.made(&computed).await?;
        let ready = ready(&computed.id, cx).await?;
        mark_taken_over(cx, &computed.id, &tags_of(ready.tags()), self).await?;
        self.set_attributes(&ready, cx).await?;
        Ok(computed)
    }

    async fn update(
        &self,
        from: &Self,
        known: &SubnetComputed,
        cx: &Writing<'_>,
    ) -> Result<SubnetComputed, CloudError> {
        let ready = ready(&known.id, cx).await?;
        self.set_attributes(&ready, cx).await?;
        retag(cx.aws, &known.id, &from.tags, &self.tags).await?;
        Ok(known.clone())
    }

    async fn delete(_: &Self, known: &SubnetComputed, cx: &Writing<'_>) -> Result<(), CloudError> {
        let inside = || filter("subnet-id", [&known.id]);
        let deleted = delete_unused(cx, LINGER, Some(inside()), || async {
            cx.aws.ec2.delete_subnet().subnet_id(&known.id).send().await.during("delete the subnet")
        })
        .await;
        match deleted {
            Err(error) if in_use(&error) => Err(naming(error, named_in(cx.aws, inside()).await)),
            done => done,
        }
    }
}

impl Subnet {
    async fn make(&self, vpc: &str, cx: &Writing<'_>) -> Result<types::Subnet, CloudError> {
        let doing = "create the subnet";
        retry_until_visible(cx, || async {
            let call = cx.aws.ec2.create_subnet().vpc_id(vpc).cidr_block(self.cidr.to_string());
            let tags = tag_specification(cx, ResourceType::Subnet, self);
            let made = call.availability_zone(&self.zone).tag_specifications(tags).send().await.during(doing)?;
            told(made.subnet, doing)
        })
        .await
    }

    /// The subnet that has these addresses, if it is ours.
    async fn take_over(&self, vpc: &str, taken: CloudError, cx: &Writing<'_>) -> Result<types::Subnet, CloudError> {
        let doing = "create the subnet";
        let holder = poll_until_listed(cx, doing, || async {
            let all = list(cx.aws, vec![filter("vpc-id", [vpc])]).await?;
            Ok(all.into_iter().find(|one| cidr_of(one).is_ok_and(|cidr| cidr.overlaps(&self.cidr))))
        })
        .await?;
        let Some(holder) = holder else { return Err(taken) };
        let id = holder.subnet_id().unwrap_or_default();
        let cidr = holder.cidr_block().unwrap_or_default();
        refuse_foreign(cx, doing, &format!("{id} has the addresses {cidr}"), id, &tags_of(holder.tags()))?;
        if cidr_of(&holder)? != self.cidr || holder.availability_zone() != Some(&self.zone) {
            let zone = holder.availability_zone().unwrap_or_default();
            let message = format!("our subnet {id} with {cidr} in {zone} is in its place; delete that first");
            return Err(CloudError::new(ErrorKind::Exists, doing, message));
        }
        Ok(holder)
    }

    /// One attribute per call is all that `ModifySubnetAttribute` takes; there is one.
    async fn set_attributes(&self, there: &types::Subnet, cx: &Writing<'_>) -> Result<(), CloudError> {
        if there.map_public_ip_on_launch().unwrap_or(false) == self.map_public_ip {
            return Ok(());
        }
        let value = || AttributeBooleanValue::builder().value(self.map_public_ip).build();
        retry_until_visible(cx, || async {
            let call = cx.aws.ec2.modify_subnet_attribute().set_subnet_id(there.subnet_id.clone());
            call.map_public_ip_on_launch(value()).send().await.during("set whether the subnet gives public addresses")
        })
        .await
        .map(|_| ())
    }
}

async fn ready(id: &str, cx: &Writing<'_>) -> Result<types::Subnet, CloudError> {
    until(cx, "create the subnet", READY, || async move {
        let Some(subnet) = list(cx.aws, vec![filter("subnet-id", [id])]).await?.into_iter().next() else {
            return Ok(Poll::Pending("not visible yet".to_owned()));
        };
        Ok(match subnet.state() {
            Some(SubnetState::Available) => Poll::Ready(subnet),
            Some(SubnetState::Failed | SubnetState::FailedInsufficientCapacity) => {
                Poll::Failed(format!("AWS gave up on {id}; delete it and try again"))
            }
            Some(state) => Poll::Pending(state.as_str().to_owned()),
            None => Poll::Pending("in no state yet".to_owned()),
        })
    })
    .await
}

/// The filters that only the subnet with these addresses passes.
fn place(vpc: &str, cidr: Cidr) -> Vec<Filter> {
    vec![filter("vpc-id", [vpc]), filter("cidr-block", [cidr.to_string()])]
}

fn cidr_of(subnet: &types::Subnet) -> Result<Cidr, CloudError> {
    let text = subnet.cidr_block().unwrap_or_default();
    text.parse().map_err(|error| CloudError::new(ErrorKind::Bug, "read the subnet's addresses", format!("{error}")))
}

async fn list(aws: &Clients, filters: Vec<Filter>) -> Result<Vec<types::Subnet>, CloudError> {
    let pages = aws.ec2.describe_subnets().set_filters(Some(filters)).into_paginator().items().send();
    pages.try_collect().await.during("read the subnet")
}
