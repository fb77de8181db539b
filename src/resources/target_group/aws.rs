//! The calls of a target group (Elastic Load Balancing `CreateTargetGroup`, `DescribeTargetGroups`,
//! `ModifyTargetGroup`, `ModifyTargetGroupAttributes`, `DeleteTargetGroup`, `DescribeTargetHealth`).
//!
//! Its name carries a suffix of the attempt, so that a second generation can be made before the first one goes. Without
//! a record it is found by its tags among those whose name begins alike. Targets come and go with others and are never
//! compared.

use std::collections::BTreeMap;
use std::time::Duration;

use aws_sdk_elasticloadbalancingv2::types::{
    self, Matcher, ProtocolEnum, TargetDescription, TargetGroupAttribute, TargetHealthDescription,
    TargetHealthReasonEnum, TargetHealthStateEnum, TargetTypeEnum,
};
use futures_util::future::{join, join_all, try_join};

use super::{HealthCheck, TargetGroup, TargetGroupComputed};
use crate::cloud::aws::answer::{if_there, lacking, vanished};
use crate::cloud::aws::elb::{list_tags, list_tags_of_standing, list_tags_once, retag};
use crate::cloud::aws::tags::tag_list;
use crate::cloud::aws::takeover::refuse_foreign;
use crate::cloud::aws::{
    Census, Clients, During, HealthOf, Listed, Lookup, Provision, ReadOutcome, ReadOutcomes, Reading, Writing,
};
use crate::cloud::wait::{Poll, WaitPolicy, retry_while, until};
use crate::cloud::{CloudError, ErrorKind, health};
use crate::model::mark::Tags;

// A group made a moment ago may be unknown to the next call.
const SEEN: Duration = Duration::from_mins(2);
// For seconds after its last listener is gone or points elsewhere, it still counts as used.
const RELEASED: Duration = Duration::from_mins(2);
// Deleting is quick; it may be listed some seconds longer.
const GONE: WaitPolicy = WaitPolicy::seconds(1, 120, 3);

const DEREGISTRATION_DELAY: &str = "deregistration_delay.timeout_seconds";

impl Provision for TargetGroup {
    type Health = Vec<health::TargetHealth>;

    async fn observe(lookups: Vec<Lookup<Self>>, cx: &Reading<'_>) -> ReadOutcomes<Self> {
        let unrecorded = lookups.iter().any(|one| one.recorded.is_none());
        let all = async { if unrecorded { marked(&lookups, cx).await } else { Ok(Vec::new()) } };
        let by_arn = join_all(lookups.iter().map(|one| async {
            match one.id() {
                Some(arn) => by_arn(cx.aws, arn).await,
                None => Ok(None),
            }
        }));
        let (all, by_arn) = join(all, by_arn).await;
        let looks = lookups.iter().zip(by_arn).map(|(one, by_arn)| {
            let found = match one.id() {
                Some(_) => by_arn.map(|found| found.map(|found| (found, None))),
                None => all.as_ref().map_err(Clone::clone).and_then(|all| of_address(one, all, cx)),
            };
            async move {
                let outcome = match found {
                    Ok(Some((group, tags))) => see(one, &group, tags, cx).await,
                    Ok(None) => Ok(ReadOutcome::Absent),
                    Err(error) => Err(error),
                };
                (one.address.clone(), outcome)
            }
        });
        join_all(looks).await.into_iter().collect()
    }

    async fn census(here: &Census<'_>) -> Result<Listed, CloudError> {
        let pages = here.aws.elb.describe_target_groups().into_paginator().items().send();
        let all = pages.try_collect().await.during("list the target groups")?;
        let arns: Vec<String> = all.into_iter().filter_map(|group| group.target_group_arn).collect();
        Ok(list_tags_of_standing(here.aws, &arns).await?.into_iter().collect())
    }

    async fn create(&self, cx: &Writing<'_>) -> Result<TargetGroupComputed, CloudError> {
        let doing = "create the target group";
        let name = format!("{}-{}", self.name, cx.mark.suffix());
        // Creating is idempotent by content: a foreign one with the same settings would be handed out as ours.
        if let Some(found) = by_name(cx.aws, &name).await? {
            let computed = computed(&found);
            let tags = list_tags(cx.aws, std::slice::from_ref(&computed.id)).await?.remove(&computed.id);
            let mut tags = tags.unwrap_or_default();
            refuse_foreign(cx, doing, &format!("the target group {name} exists already"), &computed.id, &tags)?;
            cx.made(&computed).await?;
            tags.retain(|key, _| self.tags.contains_key(key));
            let from = Self { tags, ..self.clone() };
            return self.update(&from, &computed, cx).await;
        }
        let check = &self.health_check;
        let made = cx
            .aws
            .elb
            .create_target_group()
            .name(&name)
            .protocol(ProtocolEnum::from(self.protocol.as_str()))
            .port(i32::from(self.port))
            .vpc_id(cx.id(&self.vpc)?)
            .target_type(TargetTypeEnum::from(self.target_type.as_str()))
            .health_check_enabled(true)
            .health_check_protocol(ProtocolEnum::from(check.protocol.as_str()))
            .health_check_port(&check.port)
            .health_check_path(&check.path)
            .health_check_interval_seconds(number(check.interval_seconds))
            .health_check_timeout_seconds(number(check.timeout_seconds))
            .healthy_threshold_count(number(check.healthy_count))
            .unhealthy_threshold_count(number(check.unhealthy_count))
            .matcher(Matcher::builder().http_code(&check.matcher).build())
            .set_tags(Some(tag_list(cx.tags(self))))
            .send()
            .await
            .during(doing)?;
        let computed = computed(made.target_groups().first().ok_or_else(|| lacking(doing, "target group"))?);
        cx.made(&computed).await?;
        self.set_attributes(&computed.id, cx).await?;
        Ok(computed)
    }

    async fn update(
        &self,
        from: &Self,
        known: &TargetGroupComputed,
        cx: &Writing<'_>,
    ) -> Result<TargetGroupComputed, CloudError> {
        let doing = "change the target group";
        let there = by_arn(cx.aws, &known.id).await?.ok_or_else(|| vanished(doing, &known.name))?;
        if health_check(&there) != self.health_check {
            let check = &self.health_check;
            cx.aws
                .elb
                .modify_target_group()
                .target_group_arn(&known.id)
                .health_check_enabled(true)
                .health_check_protocol(ProtocolEnum::from(check.protocol.as_str()))
                .health_check_port(&check.port)
                .health_check_path(&check.path)
                .health_check_interval_seconds(number(check.interval_seconds))
                .health_check_timeout_seconds(number(check.timeout_seconds))
                .healthy_threshold_count(number(check.healthy_count))
                .unhealthy_threshold_count(number(check.unhealthy_count))
                .matcher(Matcher::builder().http_code(&check.matcher).build())
                .send()
                .await
                .during("set the health check of the target group")?;
        }
        self.set_attributes(&known.id, cx).await?;
        retag(cx.aws, &known.id, &from.tags, &self.tags).await?;
        Ok(known.clone())
    }

    async fn delete(_: &Self, known: &TargetGroupComputed, cx: &Writing<'_>) -> Result<(), CloudError> {
        let doing = "delete the target group";
        let ordered = retry_while(
            cx,
            RELEASED,
            |error| error.is("ResourceInUse"),
            || async { cx.aws.elb.delete_target_group().target_group_arn(&known.id).send().await.during(doing) },
        )
        .await;
        if_there(ordered)?;
        until(cx, doing, GONE, || async {
            Ok(match by_arn(cx.aws, &known.id).await? {
                Some(_) => Poll::Pending("deleting".to_owned()),
                None => Poll::Ready(()),
            })
        })
        .await
    }
}

impl HealthOf<TargetGroup> for Vec<health::TargetHealth> {
    async fn read(known: &TargetGroupComputed, aws: &Clients) -> Result<Option<Self>, CloudError> {
        // The call has no pages: it answers for all targets at once.
        let call = aws.elb.describe_target_health().target_group_arn(&known.id);
        let found = if_there(call.send().await.during("read the health of the targets"))?;
        Ok(found.map(|found| {
            let mut all: Self = found.target_health_descriptions().iter().map(target).collect();
            all.sort_by(|one, other| (&one.id, one.port).cmp(&(&other.id, other.port)));
            all
        }))
    }
}

fn target(told: &TargetHealthDescription) -> health::TargetHealth {
    let health = told.target_health();
    let state = health.and_then(|health| health.state()).map_or("unknown", TargetHealthStateEnum::as_str);
    let reason = health.and_then(|health| health.reason()).map(TargetHealthReasonEnum::as_str);
    health::TargetHealth {
        id: told.target().and_then(|target| target.id()).unwrap_or_default().to_owned(),
        port: told.target().and_then(TargetDescription::port).and_then(|port| port.try_into().ok()),
        state: state.to_owned(),
        reason: reason.map(str::to_owned),
        description: health.and_then(|health| health.description()).map(str::to_owned),
    }
}

impl TargetGroup {
    async fn set_attributes(&self, arn: &str, cx: &Writing<'_>) -> Result<(), CloudError> {
        let unseen = |error: &CloudError| error.kind == ErrorKind::NotFound;
        let there = retry_while(cx, SEEN, unseen, || attributes(cx.aws, arn)).await?;
        let wanted = self.deregistration_delay_seconds.to_string();
        if there.get(DEREGISTRATION_DELAY) == Some(&wanted) {
            return Ok(());
        }
        let attribute = TargetGroupAttribute::builder().key(DEREGISTRATION_DELAY).value(wanted).build();
        // Known to one call, it may be unknown to the next.
        retry_while(cx, SEEN, unseen, || async {
            let call = cx.aws.elb.modify_target_group_attributes().target_group_arn(arn);
            call.attributes(attribute.clone()).send().await.during("set the attributes of the target group")
        })
        .await?;
        Ok(())
    }
}

async fn see(
    one: &Lookup<TargetGroup>,
    there: &types::TargetGroup,
    tags: Option<Tags>,
    cx: &Reading<'_>,
) -> Result<ReadOutcome<TargetGroup>, CloudError> {
    let computed = computed(there);
    let arns = [computed.id.clone()];
    let tags = async {
        match tags {
            Some(tags) => Ok(tags),
            None => Ok(list_tags_once(cx, &arns).await?.remove(&computed.id).unwrap_or_default()),
        }
    };
    // Deleted between the questions, it is gone as well.
    let Some((attributes, tags)) = if_there(try_join(attributes(cx.aws, &computed.id), tags).await)? else {
        return Ok(ReadOutcome::Absent);
    };
    let name = &one.expected().name;
    let ours = computed.name.strip_prefix(name.as_str()).is_some_and(|rest| rest.starts_with('-'));
    let declared = TargetGroup {
        name: if ours { name.clone() } else { computed.name.clone() },
        vpc: cx.refer(there.vpc_id().unwrap_or_default()),
        protocol: there.protocol().map(ProtocolEnum::as_str).unwrap_or_default().to_owned(),
        port: there.port().and_then(|port| port.try_into().ok()).unwrap_or_default(),
        target_type: there.target_type().map(TargetTypeEnum::as_str).unwrap_or_default().to_owned(),
        health_check: health_check(there),
        deregistration_delay_seconds: attributes
            .get(DEREGISTRATION_DELAY)
            .and_then(|seconds| seconds.parse().ok())
            .ok_or_else(|| lacking("read the target group", DEREGISTRATION_DELAY))?,
        tags: one.managed(&tags),
    };
    Ok(ReadOutcome::present(declared, computed))
}

/// Of those that carry our marks, the one that stands at this address.
fn of_address(
    one: &Lookup<TargetGroup>,
    all: &[(types::TargetGroup, Tags)],
    cx: &Reading<'_>,
) -> Result<Option<(types::TargetGroup, Option<Tags>)>, CloudError> {
    let ours = all.iter().filter(|(_, tags)| cx.ours(&one.address, tags));
    let meant = one.only(ours, |(group, _)| group.target_group_arn().unwrap_or_default())?;
    Ok(meant.map(|(group, tags)| (group.clone(), Some(tags.clone()))))
}

/// Every group that might be one of those sought without a record, with its tags: those whose name begins alike.
async fn marked(
    lookups: &[Lookup<TargetGroup>],
    cx: &Reading<'_>,
) -> Result<Vec<(types::TargetGroup, Tags)>, CloudError> {
    let begins = |name: &str| {
        let unrecorded = lookups.iter().filter(|one| one.recorded.is_none());
        unrecorded.map(|one| &one.expected().name).any(|begin| name.starts_with(&format!("{begin}-")))
    };
    let pages = cx.aws.elb.describe_target_groups().into_paginator().items().send();
    let mut groups = pages.try_collect().await.during("look for the target group")?;
    groups.retain(|group| group.target_group_name().is_some_and(begins));
    let arns: Vec<String> = groups.iter().filter_map(|group| group.target_group_arn()).map(str::to_owned).collect();
    let tags = list_tags(cx.aws, &arns).await?;
    let tags_of = |group: &types::TargetGroup| group.target_group_arn().and_then(|arn| tags.get(arn)).cloned();
    let with_tags = groups.into_iter().map(|group| {
        let tags = tags_of(&group).unwrap_or_default();
        (group, tags)
    });
    Ok(with_tags.collect())
}

async fn by_arn(aws: &Clients, arn: &str) -> Result<Option<types::TargetGroup>, CloudError> {
    let answer = aws.elb.describe_target_groups().target_group_arns(arn).send().await;
    let found = if_there(answer.during("read the target group"))?;
    Ok(found.and_then(|found| found.target_groups.unwrap_or_default().into_iter().next()))
}

async fn by_name(aws: &Clients, name: &str) -> Result<Option<types::TargetGroup>, CloudError> {
    let answer = aws.elb.describe_target_groups().names(name).send().await;
    let found = if_there(answer.during("look for the target group"))?;
    Ok(found.and_then(|found| found.target_groups.unwrap_or_default().into_iter().next()))
}

async fn attributes(aws: &Clients, arn: &str) -> Result<BTreeMap<String, String>, CloudError> {
    let answer = aws.elb.describe_target_group_attributes().target_group_arn(arn).send().await;
    let answer = answer.during("read the attributes of the target group")?;
    let pair = |one: &TargetGroupAttribute| Some((one.key()?.to_owned(), one.value().unwrap_or_default().to_owned()));
    Ok(answer.attributes().iter().filter_map(pair).collect())
}

fn health_check(there: &types::TargetGroup) -> HealthCheck {
    let count = |number: Option<i32>| number.and_then(|number| number.try_into().ok()).unwrap_or_default();
    HealthCheck {
        port: there.health_check_port().unwrap_or_default().to_owned(),
        protocol: there.health_check_protocol().map(ProtocolEnum::as_str).unwrap_or_default().to_owned(),
        path: there.health_check_path().unwrap_or_default().to_owned(),
        matcher: there.matcher().and_then(Matcher::http_code).unwrap_or_default().to_owned(),
        interval_seconds: count(there.health_check_interval_seconds()),
        timeout_seconds: count(there.health_check_timeout_seconds()),
        healthy_count: count(there.healthy_threshold_count()),
        unhealthy_count: count(there.unhealthy_threshold_count()),
    }
}

/// A number as the SDK takes it; no limit of AWS comes near the end of its range.
fn number(value: u32) -> i32 {
    i32::try_from(value).unwrap_or(i32::MAX)
}

fn computed(found: &types::TargetGroup) -> TargetGroupComputed {
    TargetGroupComputed {
        id: found.target_group_arn().unwrap_or_default().to_owned(),
        name: found.target_group_name().unwrap_or_default().to_owned(),
    }
}
