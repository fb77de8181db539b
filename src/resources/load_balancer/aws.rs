//! The calls of a load balancer (Elastic Load Balancing `CreateLoadBalancer`, `DescribeLoadBalancers`, `SetSubnets`,
//! `SetSecurityGroups`, `SetIpAddressType`, `ModifyLoadBalancerAttributes`, `DeleteLoadBalancer`, `DescribeListeners`).
//!
//! Creating is idempotent by content there: a foreign one of the same name and settings would be handed out as ours. So
//! the name is looked for first. Where it is that of the load balancer whose place is to be taken, the new one gets the
//! suffix of its attempt, and is known by the name without it.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use aws_sdk_elasticloadbalancingv2::types::{
    self, IpAddressType, LoadBalancerAttribute, LoadBalancerSchemeEnum, LoadBalancerStateEnum, LoadBalancerTypeEnum,
    ProtocolEnum,
};
use futures_util::future::try_join;

use super::{LoadBalancer, LoadBalancerComputed};
use crate::cloud::aws::answer::{if_there, lacking, vanished};
use crate::cloud::aws::ec2;
use crate::cloud::aws::elb::{list_tags_of_standing, list_tags_once, retag};
use crate::cloud::aws::tags::tag_list;
use crate::cloud::aws::takeover::{is_predecessor, take_over_beside};
use crate::cloud::aws::words;
use crate::cloud::aws::{
    Census, Clients, During, HealthOf, Listed, Lookup, Present, Provision, ReadOutcome, ReadOutcomes, Reading, Writing,
    one_by_one,
};
use crate::cloud::wait::{Poll, WaitPolicy, retry_while, until};
use crate::cloud::{CloudError, ErrorKind, health};
use crate::model::mark::Tags;

// Two to three minutes are usual; ten is what others grant it.
const ACTIVE: WaitPolicy = WaitPolicy::seconds(150, 600, 10);
// What EC2 made a moment ago is seen there within seconds.
const PARTS_SEEN: Duration = Duration::from_mins(1);
// A new one may be missing from the describe call for a moment.
const SEEN: Duration = Duration::from_mins(2);
// Switching the protection off is seen by the delete call within seconds.
const UNPROTECTED: Duration = Duration::from_mins(1);
// Its network interfaces outlive it by one to five minutes and hold firewalls, subnets and public addresses.
const INTERFACES_GONE: WaitPolicy = WaitPolicy::seconds(90, 900, 10);

const IDLE_TIMEOUT: &str = "idle_timeout.timeout_seconds";
const DROP_INVALID_HEADERS: &str = "routing.http.drop_invalid_header_fields.enabled";
const DELETION_PROTECTION: &str = "deletion_protection.enabled";

impl Provision for LoadBalancer {
    type Health = health::LoadBalancerHealth;

    async fn observe(lookups: Vec<Lookup<Self>>, cx: &Reading<'_>) -> ReadOutcomes<Self> {
        one_by_one(lookups, |one| look(one, cx)).await
    }

    async fn census(here: &Census<'_>) -> Result<Listed, CloudError> {
        Ok(here.balancers().await?.clone())
    }

    async fn create(&self, cx: &Writing<'_>) -> Result<LoadBalancerComputed, CloudError> {
        let doing = "create the load balancer";
        let old = self.predecessors(cx).await?;
        let name = if old.is_empty() { self.name.clone() } else { format!("{}-{}", self.name, cx.mark.suffix()) };
        if let Some(there) = take_over_beside(self, old, cx, doing).await? {
            return Ok(there);
        }
        let subnets = cx.all_ids(&self.subnets)?;
        let groups = cx.all_ids(&self.security_groups)?;
        let passes = |error: &CloudError| part_unseen(error) || role_unseen(error);
        let made = retry_while(cx, PARTS_SEEN, passes, || async {
            cx.aws
                .elb
                .create_load_balancer()
                .name(&name)
                .r#type(LoadBalancerTypeEnum::Application)
                .scheme(LoadBalancerSchemeEnum::from(self.scheme.as_str()))
                .ip_address_type(IpAddressType::from(self.ip_address_type.as_str()))
                .set_subnets(Some(subnets.clone()))
                .set_security_groups(Some(groups.clone()))
                .set_tags(Some(tag_list(cx.tags(self))))
                .send()
                .await
                .during(doing)
        })
        .await?;
        let computed = computed(made.load_balancers().first().ok_or_else(|| lacking(doing, "load balancer"))?);
        cx.made(&computed).await?;
        active(&computed.id, doing, cx).await?;
        self.set_attributes(&computed.id, cx).await?;
        Ok(computed)
    }

    async fn update(
        &self,
        from: &Self,
        known: &LoadBalancerComputed,
        cx: &Writing<'_>,
    ) -> Result<LoadBalancerComputed, CloudError> {
        let doing = "change the load balancer";
        // What a reference means may be another object by now under the same address: what is there tells, not `from`.
        let there = active(&known.id, doing, cx).await?;
        let subnets = cx.all_ids(&self.subnets)?;
        if subnets.iter().map(String::as_str).collect::<BTreeSet<_>>() != subnet_ids(&there).collect() {
            retry_while(cx, PARTS_SEEN, part_unseen, || async {
                let call = cx.aws.elb.set_subnets().load_balancer_arn(&known.id).set_subnets(Some(subnets.clone()));
                call.send().await.during("set the subnets of the load balancer")
            })
            .await?;
            active(&known.id, doing, cx).await?;
        }
        let groups = cx.all_ids(&self.security_groups)?;
        if groups.iter().collect::<BTreeSet<_>>() != there.security_groups().iter().collect() {
            retry_while(cx, PARTS_SEEN, part_unseen, || async {
                let call = cx.aws.elb.set_security_groups().load_balancer_arn(&known.id);
                let call = call.set_security_groups(Some(groups.clone()));
                call.send().await.during("set the firewalls of the load balancer")
            })
            .await?;
        }
        if there.ip_address_type().map(IpAddressType::as_str) != Some(&self.ip_address_type) {
            let kind = IpAddressType::from(self.ip_address_type.as_str());
            let call = cx.aws.elb.set_ip_address_type().load_balancer_arn(&known.id).ip_address_type(kind);
            call.send().await.during("set the kind of addresses of the load balancer")?;
        }
        self.set_attributes(&known.id, cx).await?;
        retag(cx.aws, &known.id, &from.tags, &self.tags).await?;
        Ok(computed(&there))
    }

    async fn delete(declared: &Self, known: &LoadBalancerComputed, cx: &Writing<'_>) -> Result<(), CloudError> {
        let doing = "delete the load balancer";
        if declared.deletion_protection {
            unprotect(&known.id, cx).await?;
        }
        let protected = |error: &CloudError| words::elb::PROTECTED.tell(error);
        let delete =
            || async { cx.aws.elb.delete_load_balancer().load_balancer_arn(&known.id).send().await.during(doing) };
        let ordered = match if_there(delete().await) {
            // Somebody else protected it; consent to delete it was given all the same.
            Err(error) if protected(&error) => {
                unprotect(&known.id, cx).await?;
                if_there(retry_while(cx, UNPROTECTED, protected, delete).await)
            }
            ordered => ordered,
        };
        ordered?;
        until(cx, doing, INTERFACES_GONE, || async {
            if describe(cx.aws, &known.id).await?.is_some() {
                return Ok(Poll::Pending("deleting".to_owned()));
            }
            Ok(match interfaces(cx.aws, &known.id).await? {
                0 => Poll::Ready(()),
                left => Poll::Pending(format!("deleting its network interfaces, {left} left")),
            })
        })
        .await
    }
}

impl HealthOf<LoadBalancer> for health::LoadBalancerHealth {
    async fn read(known: &LoadBalancerComputed, aws: &Clients) -> Result<Option<Self>, CloudError> {
        let Some(found) = describe(aws, &known.id).await? else { return Ok(None) };
        let pages = aws.elb.describe_listeners().load_balancer_arn(&known.id).into_paginator().items().send();
        let listeners = pages.try_collect().await.during("read the listeners")?;
        let listener = |one: &types::Listener| health::ListenerHealth {
            port: one.port().and_then(|port| port.try_into().ok()).unwrap_or_default(),
            protocol: one.protocol().map(ProtocolEnum::as_str).unwrap_or_default().to_owned(),
            certificate: one.certificates().first().and_then(|c| c.certificate_arn()).map(str::to_owned),
        };
        let mut listeners: Vec<_> = listeners.iter().map(listener).collect();
        listeners.sort_by_key(|listener| listener.port);
        Ok(Some(Self {
            state: state(&found).map_or("unknown", LoadBalancerStateEnum::as_str).to_owned(),
            reason: found.state().and_then(|state| state.reason()).map(str::to_owned),
            dns_name: computed(&found).dns_name,
            listeners,
        }))
    }
}

impl LoadBalancer {
    /// Sends the attributes that differ; nothing at all if none does. One unknown key would fail the whole call, so no
    /// other attribute is ever sent.
    async fn set_attributes(&self, arn: &str, cx: &Writing<'_>) -> Result<(), CloudError> {
        let there = attributes(cx.aws, arn).await?;
        let wanted = [
            (IDLE_TIMEOUT, self.idle_timeout_seconds.to_string()),
            (DROP_INVALID_HEADERS, self.drop_invalid_headers.to_string()),
            (DELETION_PROTECTION, self.deletion_protection.to_string()),
        ];
        let differ: Vec<LoadBalancerAttribute> = wanted
            .into_iter()
            .filter(|(key, value)| there.get(*key) != Some(value))
            .map(|(key, value)| LoadBalancerAttribute::builder().key(key).value(value).build())
            .collect();
        if !differ.is_empty() {
            let call = cx.aws.elb.modify_load_balancer_attributes().load_balancer_arn(arn);
            call.set_attributes(Some(differ)).send().await.during("set the attributes of the load balancer")?;
        }
        Ok(())
    }

    /// Those of ours whose place is to be taken. Removes what is left of attempts that failed for good: their names are
    /// free then.
    async fn predecessors(&self, cx: &Writing<'_>) -> Result<BTreeSet<String>, CloudError> {
        let mut old = BTreeSet::new();
        for (there, tags) in named(cx.aws, &self.name).await?.into_iter().filter(|(_, tags)| cx.ours(tags)) {
            let computed = computed(&there);
            if state(&there) == Some(&LoadBalancerStateEnum::Failed) {
                cx.status("removing what is left of a failed attempt");
                Self::delete(self, &computed, cx).await?;
            } else if is_predecessor(cx, &computed.id, &tags) {
                old.insert(computed.id);
            }
        }
        Ok(old)
    }
}

async fn look(one: Lookup<LoadBalancer>, cx: &Reading<'_>) -> Result<ReadOutcome<LoadBalancer>, CloudError> {
    let there = match one.id() {
        Some(arn) => describe(cx.aws, arn).await?,
        None => of_address(&one, cx).await?,
    };
    let Some(there) = there else { return left_behind(&one, cx).await };
    let computed = computed(&there);
    let arns = [computed.id.clone()];
    // Deleted between the questions, it is gone as well.
    let rest = try_join(attributes(cx.aws, &computed.id), list_tags_once(cx, &arns)).await;
    let Some((attributes, tags)) = if_there(rest)? else { return Ok(ReadOutcome::Absent) };
    let tags = tags.get(&computed.id).cloned().unwrap_or_default();
    if one.recorded.is_none() && !cx.ours(&one.address, &tags) {
        return Ok(ReadOutcome::foreign(computed.id, &tags, cx));
    }
    if state(&there) == Some(&LoadBalancerStateEnum::Failed) && !cx.removing {
        return Ok(ReadOutcome::Absent);
    }
    let told = |key: &str| attributes.get(key).map(String::as_str);
    let declared = LoadBalancer {
        name: plain_name(there.load_balancer_name().unwrap_or_default(), &one.expected().name).to_owned(),
        scheme: there.scheme().map(LoadBalancerSchemeEnum::as_str).unwrap_or_default().to_owned(),
        ip_address_type: there.ip_address_type().map(IpAddressType::as_str).unwrap_or_default().to_owned(),
        subnets: subnet_ids(&there).map(|id| cx.refer(id)).collect(),
        security_groups: there.security_groups().iter().map(|id| cx.refer(id)).collect(),
        idle_timeout_seconds: told(IDLE_TIMEOUT)
            .and_then(|seconds| seconds.parse().ok())
            .ok_or_else(|| lacking("read the load balancer", IDLE_TIMEOUT))?,
        drop_invalid_headers: told(DROP_INVALID_HEADERS) == Some("true"),
        deletion_protection: told(DELETION_PROTECTION) == Some("true"),
        tags: one.managed(&tags),
    };
    let settled = state(&there) != Some(&LoadBalancerStateEnum::Provisioning);
    Ok(ReadOutcome::Present(Box::new(Present { declared, computed, notes: Vec::new(), waiting: Vec::new(), settled })))
}

/// What is there of a load balancer that is gone: to who removes everything it is there as long as its network
/// interfaces are, which hold firewalls and subnets.
async fn left_behind(one: &Lookup<LoadBalancer>, cx: &Reading<'_>) -> Result<ReadOutcome<LoadBalancer>, CloudError> {
    let Some((recorded, known)) = one.recorded.as_ref().filter(|_| cx.removing) else { return Ok(ReadOutcome::Absent) };
    let left = interfaces(cx.aws, &known.id).await?;
    if left == 0 {
        return Ok(ReadOutcome::Absent);
    }
    let notes = vec![format!("it is gone, but not {left} of its network interfaces")];
    Ok(ReadOutcome::Present(Box::new(Present {
        declared: recorded.clone(),
        computed: known.clone(),
        notes,
        waiting: Vec::new(),
        settled: true,
    })))
}

async fn describe(aws: &Clients, arn: &str) -> Result<Option<types::LoadBalancer>, CloudError> {
    let answer = aws.elb.describe_load_balancers().load_balancer_arns(arn).send().await;
    let found = if_there(answer.during("read the load balancer"))?;
    Ok(found.and_then(|found| found.load_balancers.unwrap_or_default().into_iter().next()))
}

/// Of those that carry our marks, the one that stands at this address; else whichever has its name.
async fn of_address(one: &Lookup<LoadBalancer>, cx: &Reading<'_>) -> Result<Option<types::LoadBalancer>, CloudError> {
    let name = one.expected().name.as_str();
    let arn = |there: &types::LoadBalancer| there.load_balancer_arn().unwrap_or_default().to_owned();
    let mut all = named(cx.aws, name).await?;
    all.retain(|(there, _)| !one.old.contains(&arn(there)));
    let of_use = |there: &types::LoadBalancer| cx.removing || state(there) != Some(&LoadBalancerStateEnum::Failed);
    let ours = all.iter().filter(|(there, tags)| cx.ours(&one.address, tags) && of_use(there));
    let meant = one.only(ours, |(there, _)| there.load_balancer_arn().unwrap_or_default())?;
    let holder = || all.iter().find(|(there, _)| there.load_balancer_name() == Some(name));
    // One that failed under the name of an heir is of no use and in nobody's way.
    Ok(meant.or_else(holder).map(|(there, _)| there.clone()))
}

/// Every load balancer of this name, with or without the suffix of an attempt, and its tags.
async fn named(aws: &Clients, name: &str) -> Result<Vec<(types::LoadBalancer, Tags)>, CloudError> {
    let pages = aws.elb.describe_load_balancers().into_paginator().items().send();
    let mut found = pages.try_collect().await.during("look for the load balancer")?;
    found.retain(|one| one.load_balancer_name().is_some_and(|found| plain_name(found, name) == name));
    let arns: Vec<String> = found.iter().filter_map(|one| one.load_balancer_arn()).map(str::to_owned).collect();
    let mut tags = list_tags_of_standing(aws, &arns).await?;
    let with_tags = found.into_iter().filter_map(|one| {
        let tags = tags.remove(one.load_balancer_arn()?)?;
        Some((one, tags))
    });
    Ok(with_tags.collect())
}

/// The name without the suffix of an attempt, if that makes it the one expected.
fn plain_name<'n>(found: &'n str, expected: &'n str) -> &'n str {
    let suffix = found.strip_prefix(expected).and_then(|rest| rest.strip_prefix('-'));
    let is_suffix = |text: &str| text.len() == 6 && text.bytes().all(|b| b.is_ascii_hexdigit());
    if suffix.is_some_and(is_suffix) { expected } else { found }
}

async fn attributes(aws: &Clients, arn: &str) -> Result<BTreeMap<String, String>, CloudError> {
    let answer = aws.elb.describe_load_balancer_attributes().load_balancer_arn(arn).send().await;
    let answer = answer.during("read the attributes of the load balancer")?;
    let pair = |one: &LoadBalancerAttribute| Some((one.key()?.to_owned(), one.value().unwrap_or_default().to_owned()));
    Ok(answer.attributes().iter().filter_map(pair).collect())
}

/// Whether a subnet or firewall that was named is not known there yet.
fn part_unseen(error: &CloudError) -> bool {
    ["SubnetNotFound", "InvalidSubnet", "InvalidSecurityGroup"].iter().any(|code| error.is(code))
}

/// Whether the service does not see its own role yet, which AWS makes when an account has its first load balancer.
fn role_unseen(error: &CloudError) -> bool {
    words::elb::UNKNOWN_SERVICE_ROLE.tell(error)
}

/// Waits until it is active. Impaired it works too, but for a while without growing.
async fn active(arn: &str, doing: &str, cx: &Writing<'_>) -> Result<types::LoadBalancer, CloudError> {
    let unseen = |error: &CloudError| error.kind == ErrorKind::NotFound;
    retry_while(cx, SEEN, unseen, || async {
        describe(cx.aws, arn).await?.ok_or_else(|| vanished(doing, arn)).map(|_| ())
    })
    .await?;
    until(cx, doing, ACTIVE, || async {
        let there = describe(cx.aws, arn).await?.ok_or_else(|| vanished(doing, arn))?;
        let reason = there.state().and_then(|state| state.reason()).unwrap_or("for no reason told").to_owned();
        Ok(match state(&there) {
            Some(LoadBalancerStateEnum::Active | LoadBalancerStateEnum::ActiveImpaired) => Poll::Ready(there),
            Some(LoadBalancerStateEnum::Failed) => Poll::Failed(format!("it failed: {reason}")),
            Some(state) => Poll::Pending(state.as_str().to_owned()),
            None => Poll::Pending("in no state told".to_owned()),
        })
    })
    .await
}

async fn unprotect(arn: &str, cx: &Writing<'_>) -> Result<(), CloudError> {
    let off = LoadBalancerAttribute::builder().key(DELETION_PROTECTION).value("false").build();
    let call = cx.aws.elb.modify_load_balancer_attributes().load_balancer_arn(arn).attributes(off);
    if_there(call.send().await.during("switch its deletion protection off"))?;
    Ok(())
}

/// How many network interfaces are left of the load balancer with this ARN. They are known by their description alone.
async fn interfaces(aws: &Clients, arn: &str) -> Result<usize, CloudError> {
    let Some((_, path)) = arn.split_once(":loadbalancer/") else { return Ok(0) };
    Ok(ec2::interfaces_in(aws, ec2::filter("description", [format!("ELB {path}")])).await?.len())
}

fn state(found: &types::LoadBalancer) -> Option<&LoadBalancerStateEnum> {
    found.state().and_then(types::LoadBalancerState::code)
}

fn subnet_ids(found: &types::LoadBalancer) -> impl Iterator<Item = &str> {
    found.availability_zones().iter().filter_map(|zone| zone.subnet_id())
}

fn computed(found: &types::LoadBalancer) -> LoadBalancerComputed {
    LoadBalancerComputed {
        id: found.load_balancer_arn().unwrap_or_default().to_owned(),
        dns_name: found.dns_name().unwrap_or_default().to_owned(),
        zone_id: found.canonical_hosted_zone_id().unwrap_or_default().to_owned(),
    }
}
