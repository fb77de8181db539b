//! The calls of a subnet group (RDS `CreateDBSubnetGroup`, `DescribeDBSubnetGroups`, `ModifyDBSubnetGroup`,
//! `DeleteDBSubnetGroup`). Its name is its key; its tags need a call of their own.

use std::time::Duration;

use aws_sdk_rds::types;

use super::{DbSubnetGroup, DbSubnetGroupComputed};
use crate::cloud::aws::answer::{if_there, lacking, vanished};
use crate::cloud::aws::rds::{list_tags, retag};
use crate::cloud::aws::tags::tag_list;
use crate::cloud::aws::takeover::take_over;
use crate::cloud::aws::{
    Census, Clients, During, Listed, Lookup, Provision, ReadOutcome, ReadOutcomes, Reading, Silent, Writing, one_by_one,
};
use crate::cloud::wait::{Poll, WaitPolicy, retry_while, until};
use crate::cloud::{CloudError, ErrorKind};

// RDS sees a subnet made by EC2 within seconds, in the worst case minutes.
const SUBNETS_SEEN: Duration = Duration::from_mins(2);
// A database whose end an earlier run ordered takes 4 to 15 minutes to go. Right after, RDS still counts the group as used
// for about a minute.
const RELEASED: Duration = Duration::from_mins(20);
// Deleting is quick; RDS lists the group some seconds longer.
const GONE: WaitPolicy = WaitPolicy::seconds(2, 180, 3);

impl Provision for DbSubnetGroup {
    type Health = Silent<Self>;

    async fn observe(lookups: Vec<Lookup<Self>>, cx: &Reading<'_>) -> ReadOutcomes<Self> {
        one_by_one(lookups, |one| look(one, cx)).await
    }

    async fn census(here: &Census<'_>) -> Result<Listed, CloudError> {
        let pages = here.aws.rds.describe_db_subnet_groups().into_paginator().items().send();
        let all = pages.try_collect().await.during("list the subnet groups")?;
        let named = |group: &types::DbSubnetGroup| group.db_subnet_group_name().is_some_and(|name| here.is_named(name));
        let mut found = Listed::new();
        for group in all.into_iter().filter(named) {
            let known = computed(&group);
            if let Some(tags) = if_there(list_tags(here.aws, &known.arn).await)? {
                found.push((known.id, tags));
            }
        }
        Ok(found)
    }

    async fn create(&self, cx: &Writing<'_>) -> Result<DbSubnetGroupComputed, CloudError> {
        let doing = "create the subnet group";
        let subnets = cx.all_ids(&self.subnets)?;
        let made = retry_while(
            cx,
            SUBNETS_SEEN,
            |error| error.is("InvalidSubnet"),
            || async {
                cx.aws
                    .rds
                    .create_db_subnet_group()
                    .db_subnet_group_name(&self.name)
                    .db_subnet_group_description(&self.description)
                    .set_subnet_ids(Some(subnets.clone()))
                    .set_tags(Some(tag_list(cx.tags(self))))
                    .send()
                    .await
                    .during(doing)
            },
        )
        .await;
        let error = match made {
            Ok(answer) => {
                let computed = computed(answer.db_subnet_group().ok_or_else(|| lacking(doing, "group"))?);
                cx.made(&computed).await?;
                return Ok(computed);
            }
            Err(error) => error,
        };
        if error.kind != ErrorKind::Exists {
            return Err(error);
        }
        take_over(self, cx, doing).await?.ok_or(error)
    }

    async fn update(
        &self,
        from: &Self,
        known: &DbSubnetGroupComputed,
        cx: &Writing<'_>,
    ) -> Result<DbSubnetGroupComputed, CloudError> {
        let doing = "change the subnet group";
        // A subnet of ours may be another object by now under the same address: what is there tells, not `from`.
        let there = describe(cx.aws, &known.id).await?.ok_or_else(|| vanished(doing, &known.id))?;
        let wanted = cx.all_ids(&self.subnets)?;
        let same = wanted.len() == there.subnets().len() && subnet_ids(&there).all(|id| wanted.iter().any(|w| w == id));
        if !same || there.db_subnet_group_description() != Some(&self.description) {
            retry_while(
                cx,
                SUBNETS_SEEN,
                |error| error.is("InvalidSubnet"),
                || async {
                    cx.aws
                        .rds
                        .modify_db_subnet_group()
                        .db_subnet_group_name(&known.id)
                        .db_subnet_group_description(&self.description)
                        .set_subnet_ids(Some(wanted.clone()))
                        .send()
                        .await
                        .during(doing)
                },
            )
            .await?;
        }
        retag(cx.aws, &known.arn, &from.tags, &self.tags).await?;
        Ok(known.clone())
    }

    async fn delete(_: &Self, known: &DbSubnetGroupComputed, cx: &Writing<'_>) -> Result<(), CloudError> {
        let doing = "delete the subnet group";
        let in_use = |error: &CloudError| error.is("InvalidDBSubnetGroupStateFault");
        let ordered = retry_while(cx, RELEASED, in_use, || async {
            cx.aws.rds.delete_db_subnet_group().db_subnet_group_name(&known.id).send().await.during(doing)
        })
        .await;
        if if_there(ordered)?.is_none() {
            return Ok(());
        }
        until(cx, doing, GONE, || async {
            Ok(match describe(cx.aws, &known.id).await? {
                Some(_) => Poll::Pending("deleting".to_owned()),
                None => Poll::Ready(()),
            })
        })
        .await
    }
}

async fn look(one: Lookup<DbSubnetGroup>, cx: &Reading<'_>) -> Result<ReadOutcome<DbSubnetGroup>, CloudError> {
    let name = one.id().unwrap_or(&one.expected().name).to_owned();
    let Some(there) = describe(cx.aws, &name).await? else { return Ok(ReadOutcome::Absent) };
    let computed = computed(&there);
    // Deleted between the two questions, it is gone as well.
    let Some(tags) = if_there(list_tags(cx.aws, &computed.arn).await)? else { return Ok(ReadOutcome::Absent) };
    if one.recorded.is_none() && !cx.ours(&one.address, &tags) {
        return Ok(ReadOutcome::foreign(computed.id, &tags, cx));
    }
    let declared = DbSubnetGroup {
        name: computed.id.clone(),
        description: there.db_subnet_group_description().unwrap_or_default().to_owned(),
        vpc: cx.refer(there.vpc_id().unwrap_or_default()),
        subnets: subnet_ids(&there).map(|id| cx.refer(id)).collect(),
        tags: one.managed(&tags),
    };
    Ok(ReadOutcome::present(declared, computed))
}

async fn describe(aws: &Clients, name: &str) -> Result<Option<types::DbSubnetGroup>, CloudError> {
    let answer = aws.rds.describe_db_subnet_groups().db_subnet_group_name(name).send().await;
    let found = if_there(answer.during("read the subnet group"))?;
    Ok(found.and_then(|found| found.db_subnet_groups.unwrap_or_default().into_iter().next()))
}

fn subnet_ids(group: &types::DbSubnetGroup) -> impl Iterator<Item = &str> {
    group.subnets().iter().filter_map(|subnet| subnet.subnet_identifier())
}

fn computed(group: &types::DbSubnetGroup) -> DbSubnetGroupComputed {
    DbSubnetGroupComputed {
        id: group.db_subnet_group_name().unwrap_or_default().to_owned(),
        arn: group.db_subnet_group_arn().unwrap_or_default().to_owned(),
    }
}
