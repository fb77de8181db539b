//! The calls of a parameter group (RDS `CreateDBParameterGroup`, `DescribeDBParameterGroups`, `DescribeDBParameters`,
//! `ModifyDBParameterGroup`, `ResetDBParameterGroup`, `DeleteDBParameterGroup`).
//!
//! Of the hundreds of parameters in a group only some are ours to compare: those declared, those recorded, and those
//! that a user set. The way a value was applied is not told reliably and is never compared.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use aws_sdk_rds::types::{self, ApplyMethod};
use futures_util::future::{join, try_join};

use super::{DbParameterGroup, DbParameterGroupComputed};
use crate::cloud::aws::answer::{if_there, lacking};
use crate::cloud::aws::rds::{filter, list_tags, retag};
use crate::cloud::aws::tags::tag_list;
use crate::cloud::aws::takeover::take_over;
use crate::cloud::aws::{
    Census, Clients, During, Listed, Lookup, Provision, ReadOutcome, ReadOutcomes, Reading, Silent, Writing, one_by_one,
};
use crate::cloud::wait::{Poll, WaitPolicy, retry_while, until};
use crate::cloud::{CloudError, ErrorKind};

// As many parameters as `ModifyDBParameterGroup` and `ResetDBParameterGroup` take in one call.
const AT_ONCE: usize = 20;
// A group made a moment ago may be unknown to the next call.
const SEEN: Duration = Duration::from_mins(1);
// While RDS works on a database of the group, 4 to 15 minutes where an earlier run ordered its end, and for about a minute
// after its last database is gone.
const RELEASED: Duration = Duration::from_mins(20);
// Deleting is quick; RDS lists the group some seconds longer.
const GONE: WaitPolicy = WaitPolicy::seconds(2, 180, 3);

impl Provision for DbParameterGroup {
    type Health = Silent<Self>;

    async fn observe(lookups: Vec<Lookup<Self>>, cx: &Reading<'_>) -> ReadOutcomes<Self> {
        one_by_one(lookups, |one| look(one, cx)).await
    }

    async fn census(here: &Census<'_>) -> Result<Listed, CloudError> {
        let pages = here.aws.rds.describe_db_parameter_groups().into_paginator().items().send();
        let all = pages.try_collect().await.during("list the parameter groups")?;
        let named =
            |group: &types::DbParameterGroup| group.db_parameter_group_name().is_some_and(|name| here.is_named(name));
        let mut found = Listed::new();
        for group in all.into_iter().filter(named) {
            let known = computed(&group);
            if let Some(tags) = if_there(list_tags(here.aws, &known.arn).await)? {
                found.push((known.id, tags));
            }
        }
        Ok(found)
    }

    async fn create(&self, cx: &Writing<'_>) -> Result<DbParameterGroupComputed, CloudError> {
        let doing = "create the parameter group";
        let made = cx
            .aws
            .rds
            .create_db_parameter_group()
            .db_parameter_group_name(&self.name)
            .db_parameter_group_family(&self.family)
            .description(&self.description)
            .set_tags(Some(tag_list(cx.tags(self))))
            .send()
            .await
            .during(doing);
        match made {
            Ok(answer) => {
                let computed = computed(answer.db_parameter_group().ok_or_else(|| lacking(doing, "group"))?);
                cx.made(&computed).await?;
                self.settle(&computed, cx).await?;
                Ok(computed)
            }
            Err(error) if error.kind == ErrorKind::Exists => take_over(self, cx, doing).await?.ok_or(error),
            Err(error) => Err(error),
        }
    }

    async fn update(
        &self,
        from: &Self,
        known: &DbParameterGroupComputed,
        cx: &Writing<'_>,
    ) -> Result<DbParameterGroupComputed, CloudError> {
        self.settle(known, cx).await?;
        retag(cx.aws, &known.arn, &from.tags, &self.tags).await?;
        Ok(known.clone())
    }

    async fn delete(_: &Self, known: &DbParameterGroupComputed, cx: &Writing<'_>) -> Result<(), CloudError> {
        let doing = "delete the parameter group";
        let ordered = retry_while(cx, RELEASED, busy, || async {
            cx.aws.rds.delete_db_parameter_group().db_parameter_group_name(&known.id).send().await.during(doing)
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

impl DbParameterGroup {
    /// Sets what differs from the declaration and resets what a user set and nobody declares.
    async fn settle(&self, known: &DbParameterGroupComputed, cx: &Writing<'_>) -> Result<(), CloudError> {
        let names = self.parameters.keys().cloned().collect();
        let unseen = |error: &CloudError| error.kind == ErrorKind::NotFound;
        let there = retry_while(cx, SEEN, unseen, || parameters(cx.aws, &known.id, &names)).await?;
        let method = |name: &String| apply_method(there.get(name));
        let wrong = self.parameters.iter().filter(|(name, value)| {
            let found = there.get(*name);
            !found.is_some_and(|found| found.parameter_value().is_some_and(|told| same(found, told, value)))
        });
        let set: Vec<types::Parameter> = wrong
            .map(|(name, value)| parameter(name).parameter_value(value).apply_method(method(name)).build())
            .collect();
        let extra = there.iter().filter(|(name, found)| by_user(found) && !self.parameters.contains_key(*name));
        let reset: Vec<types::Parameter> =
            extra.map(|(name, _)| parameter(name).apply_method(method(name)).build()).collect();
        for batch in set.chunks(AT_ONCE) {
            retry_while(cx, RELEASED, busy, || async {
                let call = cx.aws.rds.modify_db_parameter_group().db_parameter_group_name(&known.id);
                call.set_parameters(Some(batch.to_vec())).send().await.during("set the parameters")
            })
            .await?;
        }
        for batch in reset.chunks(AT_ONCE) {
            retry_while(cx, RELEASED, busy, || async {
                let call = cx.aws.rds.reset_db_parameter_group().db_parameter_group_name(&known.id);
                call.set_parameters(Some(batch.to_vec())).send().await.during("reset the parameters")
            })
            .await?;
        }
        Ok(())
    }
}

async fn look(one: Lookup<DbParameterGroup>, cx: &Reading<'_>) -> Result<ReadOutcome<DbParameterGroup>, CloudError> {
    let name = one.id().unwrap_or(&one.expected().name).to_owned();
    let texts: Vec<&DbParameterGroup> = one.recorded.iter().map(|(recorded, _)| recorded).chain(one.asked()).collect();
    let names = texts.iter().flat_map(|text| text.parameters.keys().cloned()).collect();
    let (group, found) = join(describe(cx.aws, &name), parameters(cx.aws, &name, &names)).await;
    let Some(group) = group? else { return Ok(ReadOutcome::Absent) };
    let computed = computed(&group);
    // Deleted between the questions, it is gone as well.
    let rest = try_join(async { if_there(found) }, async { if_there(list_tags(cx.aws, &computed.arn).await) }).await?;
    let (Some(found), Some(tags)) = rest else { return Ok(ReadOutcome::Absent) };
    if one.recorded.is_none() && !cx.ours(&one.address, &tags) {
        return Ok(ReadOutcome::foreign(computed.id, &tags, cx));
    }
    let parameters = found.iter().filter_map(|(name, found)| {
        let told = found.parameter_value()?;
        // RDS spells some values its own way; the same value is told as it was asked for.
        let asked = texts.iter().filter_map(|text| text.parameters.get(name));
        let value = asked.map(String::as_str).find(|asked| same(found, told, asked)).unwrap_or(told);
        Some((name.clone(), value.to_owned()))
    });
    let declared = DbParameterGroup {
        name: computed.id.clone(),
        family: group.db_parameter_group_family().unwrap_or_default().to_owned(),
        description: group.description().unwrap_or_default().to_owned(),
        parameters: parameters.collect(),
        tags: one.managed(&tags),
    };
    Ok(ReadOutcome::present(declared, computed))
}

async fn describe(aws: &Clients, name: &str) -> Result<Option<types::DbParameterGroup>, CloudError> {
    let answer = aws.rds.describe_db_parameter_groups().db_parameter_group_name(name).send().await;
    let found = if_there(answer.during("read the parameter group"))?;
    Ok(found.and_then(|found| found.db_parameter_groups.unwrap_or_default().into_iter().next()))
}

/// What a user set in the group, and these parameters whoever set them: a value equal to the engine's default is not
/// told as a user's.
async fn parameters(
    aws: &Clients,
    group: &str,
    names: &BTreeSet<String>,
) -> Result<BTreeMap<String, types::Parameter>, CloudError> {
    let list = |narrow: Narrow| async move {
        let call = aws.rds.describe_db_parameters().db_parameter_group_name(group);
        let call = match narrow {
            Narrow::ByUser => call.source("user"),
            Narrow::Named => call.filters(filter("parameter-name", names)),
        };
        call.into_paginator().items().send().try_collect().await.during("read the parameters")
    };
    let asked_for = async { if names.is_empty() { Ok(Vec::new()) } else { list(Narrow::Named).await } };
    let (from_users, asked_for) = try_join(list(Narrow::ByUser), asked_for).await?;
    let asked_for = asked_for.into_iter().filter(|one| one.parameter_name().is_some_and(|name| names.contains(name)));
    let all = asked_for.chain(from_users.into_iter().filter(by_user));
    Ok(all.filter_map(|one| Some((one.parameter_name()?.to_owned(), one))).collect())
}

/// Which parameters of a group are asked for.
enum Narrow {
    ByUser,
    Named,
}

fn by_user(parameter: &types::Parameter) -> bool {
    parameter.source() == Some("user")
}

fn parameter(name: &str) -> types::builders::ParameterBuilder {
    types::Parameter::builder().parameter_name(name)
}

/// A dynamic parameter applies at once; a static one is refused that way and waits for a restart of the database.
fn apply_method(parameter: Option<&types::Parameter>) -> ApplyMethod {
    match parameter.and_then(types::Parameter::apply_type) {
        Some("dynamic") => ApplyMethod::Immediate,
        _ => ApplyMethod::PendingReboot,
    }
}

/// Whether two values mean the same: RDS tells `on` as `1`.
fn same(parameter: &types::Parameter, told: &str, asked: &str) -> bool {
    let plain = |value: &str| match value.to_ascii_lowercase().as_str() {
        "on" | "true" | "yes" | "1" => Some(true),
        "off" | "false" | "no" | "0" => Some(false),
        _ => None,
    };
    let switch = parameter.data_type() == Some("boolean");
    told == asked || (switch && plain(told).is_some() && plain(told) == plain(asked))
}

/// RDS is busy with a database that uses the group, or has just been.
fn busy(error: &CloudError) -> bool {
    error.is("InvalidDBParameterGroupState")
}

fn computed(group: &types::DbParameterGroup) -> DbParameterGroupComputed {
    DbParameterGroupComputed {
        id: group.db_parameter_group_name().unwrap_or_default().to_owned(),
        arn: group.db_parameter_group_arn().unwrap_or_default().to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of_type(data_type: &str) -> types::Parameter {
        types::Parameter::builder().parameter_name("p").data_type(data_type).build()
    }

    #[test]
    fn a_switch_has_many_spellings_and_a_number_one() {
        for (told, asked) in [("1", "on"), ("0", "off"), ("1", "TRUE"), ("0", "0")] {
            assert!(same(&of_type("boolean"), told, asked), "{told} {asked}");
        }
        assert!(!same(&of_type("boolean"), "1", "off"));
        assert!(!same(&of_type("boolean"), "2", "3"));
        assert!(!same(&of_type("integer"), "1", "on"));
    }

    #[test]
    fn only_what_is_known_to_be_dynamic_applies_at_once() {
        let of = |apply| types::Parameter::builder().parameter_name("p").apply_type(apply).build();
        assert_eq!(apply_method(Some(&of("dynamic"))), ApplyMethod::Immediate);
        assert_eq!(apply_method(Some(&of("static"))), ApplyMethod::PendingReboot);
        assert_eq!(apply_method(None), ApplyMethod::PendingReboot);
    }
}
