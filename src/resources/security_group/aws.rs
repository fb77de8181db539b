//! The calls of a security group (EC2 `CreateSecurityGroup`, `DescribeSecurityGroups`, `DescribeSecurityGroupRules`,
//! `AuthorizeSecurityGroup…`, `RevokeSecurityGroup…`, `ModifySecurityGroupRules`, `DeleteSecurityGroup`).
//!
//! A name is unique in a network, in any case of its letters. Where a group is to take the place of another of the same
//! name, it gets the suffix of its attempt, and is known by the name without it.

use std::collections::BTreeSet;
use std::time::Duration;

use aws_sdk_ec2::types::{self, Filter, IpPermission, IpRange, Ipv6Range, ResourceType};
use futures_util::future::join;

use super::rules::{self, Found, Plain, Work};
use super::{Rule, SecurityGroup, SecurityGroupComputed};
use crate::cloud::aws::ec2::{
    self, OF_NETWORK, delete_unused, filter, in_use, known_id, look, mark_taken_over, naming, poll_until_listed, retag,
    retry_until_visible, strangers, tag_specification, told, users_of_group,
};
use crate::cloud::aws::tags::tags_of;
use crate::cloud::aws::takeover::{is_predecessor, refuse_foreign};
use crate::cloud::aws::words;
use crate::cloud::aws::{
    Census, Clients, During, Listed, Lookup, Provision, ReadOutcome, ReadOutcomes, Reading, Silent, Writing,
};
use crate::cloud::wait::{Poll, WaitPolicy, until};
use crate::cloud::{CloudError, ErrorKind};
use crate::model::mark::ATTEMPT_TAG;
use crate::model::resource::Resource as _;

// EC2 shows a new group within seconds, but not always on the first question.
const SHOWN: WaitPolicy = WaitPolicy::seconds(1, 300, 2);
// Rules show within seconds of the call that made them.
const SETTLED: WaitPolicy = WaitPolicy::seconds(2, 300, 2);
// Interfaces of load balancers, of EKS and of RDS outlive their owners by minutes; the limit is the one Terraform's
// provider has.
const LINGER: Duration = Duration::from_mins(15);

ec2::object!(types::SecurityGroup, group_id);

impl Provision for SecurityGroup {
    type Health = Silent<Self>;

    async fn observe(lookups: Vec<Lookup<Self>>, cx: &Reading<'_>) -> ReadOutcomes<Self> {
        let mut found = look(
            lookups.clone(),
            cx,
            "group-id",
            |filter| list(cx.aws, filter),
            |one, group, tags| {
                let there = Self {
                    vpc: cx.refer(group.vpc_id().unwrap_or_default()),
                    name: plain_name(group.group_name().unwrap_or_default(), &one.expected().name),
                    description: group.description().unwrap_or_default().to_owned(),
                    // The rules need a call of their own; they follow below.
                    ingress: BTreeSet::new(),
                    egress: BTreeSet::new(),
                    tags,
                };
                Ok(ReadOutcome::present(there, computed_of(group)))
            },
        )
        .await;
        let rules = rules_of(&found, cx);
        let others = strangers(&found, lookups, cx, |one| async move {
            let Some(vpc) = known_id(cx, &one.expected().vpc) else { return Ok(None) };
            holder(cx.aws, &vpc, &one.expected().name).await
        });
        let (rules, others) = join(rules, others).await;
        add_rules(&mut found, &rules, cx);
        found.extend(others);
        found
    }

    async fn census(here: &Census<'_>) -> Result<Listed, CloudError> {
        ec2::census(here, |filter| list(here.aws, filter)).await
    }

    async fn create(&self, cx: &Writing<'_>) -> Result<SecurityGroupComputed, CloudError> {
        let vpc = cx.id(&self.vpc)?;
        let computed = match self.make(&self.name, &vpc, cx).await {
            // Both an answer that was lost and somebody else look like this.
            Err(error) if error.is("InvalidGroup.Duplicate") => self.beside(&vpc, error, cx).await?,
            made => made?,
        };
        cx.made(&computed).await?;
        shown(&computed.id, cx).await?;
        self.revoke_default(&computed.id, cx).await?;
        self.put_rules(&computed.id, cx).await?;
        Ok(computed)
    }

    async fn update(
        &self,
        from: &Self,
        known: &SecurityGroupComputed,
        cx: &Writing<'_>,
    ) -> Result<SecurityGroupComputed, CloudError> {
        retag(cx.aws, &known.id, &from.tags, &self.tags).await?;
        self.put_rules(&known.id, cx).await?;
        Ok(known.clone())
    }

    async fn delete(_: &Self, known: &SecurityGroupComputed, cx: &Writing<'_>) -> Result<(), CloudError> {
        let deleted = delete_unused(cx, LINGER, Some(filter("group-id", [&known.id])), || async {
            cx.aws.ec2.delete_security_group().group_id(&known.id).send().await.during("delete the security group")
        })
        .await;
        match deleted {
            // AWS does not say what is in the way.
            Err(error) if in_use(&error) => Err(naming(error, users_of_group(cx.aws, &known.id).await)),
            done => done,
        }
    }
}

impl SecurityGroup {
    async fn make(&self, name: &str, vpc: &str, cx: &Writing<'_>) -> Result<SecurityGroupComputed, CloudError> {
        let doing = "create the security group";
        retry_until_visible(cx, || async {
            let call = cx.aws.ec2.create_security_group().group_name(name).description(&self.description).vpc_id(vpc);
            let call = call.tag_specifications(tag_specification(cx, ResourceType::SecurityGroup, self));
            told(call.send().await.during(doing)?.group_id.map(|id| SecurityGroupComputed { id }), doing)
        })
        .await
    }

    /// What to do when the name is taken: by others, by an attempt of ours whose answer was lost, or by the group that
    /// this one is to replace.
    async fn beside(
        &self,
        vpc: &str,
        taken: CloudError,
        cx: &Writing<'_>,
    ) -> Result<SecurityGroupComputed, CloudError> {
        let doing = "create the security group";
        let there = poll_until_listed(cx, doing, || holder(cx.aws, vpc, &self.name)).await?;
        let Some(there) = there else { return Err(taken) };
        let (computed, tags) = (computed_of(&there), tags_of(there.tags()));
        refuse_foreign(cx, doing, &format!("{} has the name {}", computed.id, self.name), &computed.id, &tags)?;
        if is_predecessor(cx, &computed.id, &tags) {
            return self.make_heir(vpc, cx).await;
        }
        cx.made(&computed).await?;
        mark_taken_over(cx, &computed.id, &tags, self).await?;
        Ok(computed)
    }

    /// Makes the group under the name of this attempt. If that is taken, an answer was lost and the call made again.
    async fn make_heir(&self, vpc: &str, cx: &Writing<'_>) -> Result<SecurityGroupComputed, CloudError> {
        let name = format!("{}-{}", self.name, cx.mark.suffix());
        let taken = match self.make(&name, vpc, cx).await {
            Err(error) if error.is("InvalidGroup.Duplicate") => error,
            made => return made,
        };
        let doing = "create the security group";
        match poll_until_listed(cx, doing, || holder(cx.aws, vpc, &name)).await? {
            Some(there) if tags_of(there.tags()).get(ATTEMPT_TAG) == Some(&cx.mark.attempt) => Ok(computed_of(&there)),
            Some(_) => Err(taken),
            // Nobody else would choose this name: it is ours, and has yet to show.
            None => Err(CloudError { kind: ErrorKind::Timeout, ..taken }),
        }
    }

    /// A new group lets everything out, which lists of rules do not show at once: so it is revoked by what it says.
    async fn revoke_default(&self, id: &str, cx: &Writing<'_>) -> Result<(), CloudError> {
        let all = || IpPermission::builder().ip_protocol("-1");
        let defaults = [
            ("0.0.0.0/0", all().ip_ranges(IpRange::builder().cidr_ip("0.0.0.0/0").build()).build()),
            // Where the network has IPv6.
            ("::/0", all().ipv6_ranges(Ipv6Range::builder().cidr_ipv6("::/0").build()).build()),
        ];
        for (peer, permission) in defaults {
            let declared = |rule: &Rule| rule.protocol == "-1" && rule.peer == super::Peer::Cidr(peer.to_owned());
            if self.egress.iter().any(declared) {
                continue;
            }
            let revoked = retry_until_visible(cx, || async {
                let call = cx.aws.ec2.revoke_security_group_egress().group_id(id).ip_permissions(permission.clone());
                match call.send().await.during("revoke the default rule") {
                    Err(error) if error.is("InvalidPermission.NotFound") => Ok(()),
                    Err(error) if words::ec2::NO_IPV6_RULE.tell(&error) => Ok(()),
                    done => done.map(|_| ()),
                }
            });
            revoked.await?;
        }
        Ok(())
    }

    /// Brings the rules to what is declared: what is new first, so that nothing that may pass is held up meanwhile. What
    /// the references mean now counts, not what they meant before.
    async fn put_rules(&self, id: &str, cx: &Writing<'_>) -> Result<(), CloudError> {
        let plain = |rules: &BTreeSet<Rule>| rules.iter().map(|rule| Plain::of(rule, cx)).collect();
        let wanted: [Result<BTreeSet<Plain>, CloudError>; 2] = [plain(&self.ingress), plain(&self.egress)];
        let [ingress, egress] = wanted;
        let (ingress, egress) = (&ingress?, &egress?);
        until(cx, "set the rules of the security group", SETTLED, || async move {
            let found = rules::list(cx.aws, filter("group-id", [id])).await?;
            let counted = |egress: bool| -> Vec<&Found> {
                found.iter().filter(|one| one.egress == egress && !one.stands_alone(&cx.mark.stack, &cx.ids)).collect()
            };
            let (incoming, outgoing) = (Work::between(&counted(false), ingress), Work::between(&counted(true), egress));
            if incoming.is_empty() && outgoing.is_empty() {
                return Ok(Poll::Ready(()));
            }
            match change(id, &incoming, &outgoing, cx.aws).await {
                // The list did not show yet what a call did a moment ago.
                Err(error) if error.is("InvalidPermission.Duplicate") || error.kind == ErrorKind::NotFound => {
                    Ok(Poll::Pending(error.message))
                }
                done => done.map(|()| Poll::Pending("changing rules".to_owned())),
            }
        })
        .await
    }
}

/// Waits until lists show the group: before, a later run would take it for deleted.
async fn shown(id: &str, cx: &Writing<'_>) -> Result<(), CloudError> {
    until(cx, "create the security group", SHOWN, || async move {
        let found = list(cx.aws, filter("group-id", [id])).await?;
        Ok(if found.is_empty() { Poll::Pending("not visible yet".to_owned()) } else { Poll::Ready(()) })
    })
    .await
}

async fn change(id: &str, incoming: &Work, outgoing: &Work, aws: &Clients) -> Result<(), CloudError> {
    let permissions = |work: &Work| Some(work.add.iter().map(Plain::permission).collect());
    if !incoming.add.is_empty() {
        let call = aws.ec2.authorize_security_group_ingress().group_id(id);
        call.set_ip_permissions(permissions(incoming)).send().await.during("add incoming rules")?;
    }
    if !outgoing.add.is_empty() {
        let call = aws.ec2.authorize_security_group_egress().group_id(id);
        call.set_ip_permissions(permissions(outgoing)).send().await.during("add outgoing rules")?;
    }
    for (rule, wanted) in incoming.describe.iter().chain(&outgoing.describe) {
        rules::describe(aws, id, rule, wanted).await?;
    }
    if !incoming.remove.is_empty() {
        let call = aws.ec2.revoke_security_group_ingress().group_id(id);
        let ids = Some(incoming.remove.clone());
        call.set_security_group_rule_ids(ids).send().await.during("remove incoming rules")?;
    }
    if !outgoing.remove.is_empty() {
        let call = aws.ec2.revoke_security_group_egress().group_id(id);
        let ids = Some(outgoing.remove.clone());
        call.set_security_group_rule_ids(ids).send().await.during("remove outgoing rules")?;
    }
    Ok(())
}

/// The rules of all groups found, by one list.
async fn rules_of(found: &ReadOutcomes<SecurityGroup>, cx: &Reading<'_>) -> Result<Vec<Found>, CloudError> {
    let ids: Vec<String> = found
        .values()
        .filter_map(|outcome| match outcome {
            Ok(ReadOutcome::Present(present)) => Some(present.computed.id.clone()),
            Ok(ReadOutcome::Absent | ReadOutcome::Foreign(_)) | Err(_) => None,
        })
        .collect();
    let recorded = |id: &String| cx.ids.address(&SecurityGroup::KIND, id).is_some();
    if !cx.networks.is_empty() && ids.iter().all(recorded) {
        return rules::list_in(cx, filter(OF_NETWORK, cx.networks.iter().copied())).await;
    }
    if ids.is_empty() { Ok(Vec::new()) } else { rules::list(cx.aws, filter("group-id", ids)).await }
}

fn add_rules(found: &mut ReadOutcomes<SecurityGroup>, rules: &Result<Vec<Found>, CloudError>, cx: &Reading<'_>) {
    for outcome in found.values_mut() {
        let Ok(ReadOutcome::Present(present)) = outcome else { continue };
        match rules {
            Ok(rules) => {
                let its = |one: &&Found| one.group == present.computed.id && !one.stands_alone(cx.stack, cx.ids);
                for rule in rules.iter().filter(its) {
                    let side = if rule.egress { &mut present.declared.egress } else { &mut present.declared.ingress };
                    side.insert(rule.plain.symbolic(cx));
                }
            }
            Err(error) => *outcome = Err(error.clone()),
        }
    }
}

/// The name without the suffix of an attempt, if that makes it the one expected.
fn plain_name(found: &str, expected: &str) -> String {
    let suffix = found.strip_prefix(expected).and_then(|rest| rest.strip_prefix('-'));
    match suffix {
        Some(suffix) if suffix.len() == 6 && suffix.bytes().all(|b| b.is_ascii_hexdigit()) => expected.to_owned(),
        Some(_) | None => found.to_owned(),
    }
}

async fn holder(aws: &Clients, vpc: &str, name: &str) -> Result<Option<types::SecurityGroup>, CloudError> {
    let all = list(aws, filter("vpc-id", [vpc])).await?;
    Ok(all.into_iter().find(|group| group.group_name().is_some_and(|found| found.eq_ignore_ascii_case(name))))
}

fn computed_of(group: &types::SecurityGroup) -> SecurityGroupComputed {
    SecurityGroupComputed { id: group.group_id().unwrap_or_default().to_owned() }
}

async fn list(aws: &Clients, filter: Filter) -> Result<Vec<types::SecurityGroup>, CloudError> {
    let pages = aws.ec2.describe_security_groups().filters(filter).into_paginator().items().send();
    pages.try_collect().await.during("read the security group")
}
