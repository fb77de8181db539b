//! The calls of a rule that stands alone (EC2 `AuthorizeSecurityGroupIngress`, `DescribeSecurityGroupRules`,
//! `ModifySecurityGroupRules`, `RevokeSecurityGroupIngress`).
//!
//! A group has room for one rule of the same protocol, ports and peer. One that is nobody's, by its tags, is taken over:
//! it may be the work of a controller, and a second one cannot exist.

use aws_sdk_ec2::types::ResourceType;

use super::{RuleHome, SecurityGroupRule, SecurityGroupRuleComputed};
use crate::cloud::aws::ec2::{
    self, filter, look, mark_taken_over, poll_until_listed, retag, retry_until_visible, tag_specification, told,
};
use crate::cloud::aws::takeover::{is_predecessor, refuse_foreign};
use crate::cloud::aws::{
    Census, Clients, During, Listed, Lookup, Provision, ReadOutcome, ReadOutcomes, Reading, Silent, Writing,
};
use crate::cloud::{CloudError, ErrorKind};
use crate::model::mark::STACK_TAG;
use crate::resources::security_group::Rule;
use crate::resources::security_group::rules::{self, Found, Plain, cluster_of_group, group_of_cluster};

const ADD: &str = "add the rule";

impl Provision for SecurityGroupRule {
    type Health = Silent<Self>;

    async fn observe(lookups: Vec<Lookup<Self>>, cx: &Reading<'_>) -> ReadOutcomes<Self> {
        look(
            lookups,
            cx,
            "security-group-rule-id",
            |filter| rules::list_in(cx, filter),
            |_, found, tags| {
                let Rule { protocol, from_port, to_port, peer, description } = found.plain.symbolic(cx);
                let group = match cluster_of_group(&found.group, cx.ids) {
                    Some(cluster) => RuleHome::Cluster(cluster),
                    None => RuleHome::Group(cx.refer(&found.group)),
                };
                let there = Self { group, protocol, from_port, to_port, peer, description, tags };
                Ok(ReadOutcome::present(there, computed_of(found)))
            },
        )
        .await
    }

    async fn census(here: &Census<'_>) -> Result<Listed, CloudError> {
        ec2::census(here, |filter| rules::list(here.aws, filter)).await
    }

    async fn create(&self, cx: &Writing<'_>) -> Result<SecurityGroupRuleComputed, CloudError> {
        let wanted = Plain::of(&self.rule(), cx)?;
        let group = match &self.group {
            RuleHome::Group(group) => cx.id(group)?,
            RuleHome::Cluster(cluster) => group_of_cluster(cluster, cx)?,
        };
        match self.make(&group, &wanted, cx).await {
            // An answer that was lost looks like this as well.
            Err(error) if error.is("InvalidPermission.Duplicate") => {
                let there = poll_until_listed(cx, ADD, || standing(&group, &wanted, cx.aws)).await?;
                let Some(there) = there else { return Err(error) };
                if is_predecessor(cx, &there.id, &there.tags) {
                    // It is to be replaced by its like: nothing else can stand in its place.
                    revoke(&computed_of(&there), cx.aws).await?;
                    return self.make(&group, &wanted, cx).await;
                }
                self.take_over(&there, &wanted, cx).await
            }
            made => made,
        }
    }

    async fn update(
        &self,
        from: &Self,
        known: &SecurityGroupRuleComputed,
        cx: &Writing<'_>,
    ) -> Result<SecurityGroupRuleComputed, CloudError> {
        if self.description != from.description {
            rules::describe(cx.aws, &known.group_id, &known.id, &Plain::of(&self.rule(), cx)?).await?;
        }
        retag(cx.aws, &known.id, &from.tags, &self.tags).await?;
        Ok(known.clone())
    }

    async fn delete(_: &Self, known: &SecurityGroupRuleComputed, cx: &Writing<'_>) -> Result<(), CloudError> {
        revoke(known, cx.aws).await
    }
}

impl SecurityGroupRule {
    fn rule(&self) -> Rule {
        Rule {
            protocol: self.protocol.clone(),
            from_port: self.from_port,
            to_port: self.to_port,
            peer: self.peer.clone(),
            description: self.description.clone(),
        }
    }

    async fn make(
        &self,
        group: &str,
        wanted: &Plain,
        cx: &Writing<'_>,
    ) -> Result<SecurityGroupRuleComputed, CloudError> {
        let computed = retry_until_visible(cx, || async {
            let call = cx.aws.ec2.authorize_security_group_ingress().group_id(group);
            let call = call.ip_permissions(wanted.permission());
            let call = call.tag_specifications(tag_specification(cx, ResourceType::SecurityGroupRule, self));
            let made = call.send().await.during(ADD)?.security_group_rules.unwrap_or_default();
            let id = told(made.into_iter().next().and_then(|rule| rule.security_group_rule_id), ADD)?;
            Ok(SecurityGroupRuleComputed { id, group_id: group.to_owned() })
        })
        .await?;
        cx.made(&computed).await?;
        Ok(computed)
    }

    /// Takes over the rule that is there, if it is ours or nobody's.
    async fn take_over(
        &self,
        there: &Found,
        wanted: &Plain,
        cx: &Writing<'_>,
    ) -> Result<SecurityGroupRuleComputed, CloudError> {
        if there.tags.contains_key(STACK_TAG) {
            let taken = format!("{} in {} says the same", there.id, there.group);
            refuse_foreign(cx, ADD, &taken, &there.id, &there.tags)?;
        }
        let computed = computed_of(there);
        cx.made(&computed).await?;
        mark_taken_over(cx, &there.id, &there.tags, self).await?;
        if there.plain != *wanted {
            rules::describe(cx.aws, &there.group, &there.id, wanted).await?;
        }
        Ok(computed)
    }
}

/// The rule of `group` that stands where `wanted` is to stand.
async fn standing(group: &str, wanted: &Plain, aws: &Clients) -> Result<Option<Found>, CloudError> {
    let all = rules::list(aws, filter("group-id", [group])).await?;
    Ok(all.into_iter().find(|one| !one.egress && one.plain.same_place(wanted)))
}

/// Takes a rule away; gone already, with or without its group, is success.
async fn revoke(known: &SecurityGroupRuleComputed, aws: &Clients) -> Result<(), CloudError> {
    let call = aws.ec2.revoke_security_group_ingress().group_id(&known.group_id);
    match call.security_group_rule_ids(&known.id).send().await.during("remove the rule") {
        Err(error) if error.kind == ErrorKind::NotFound => Ok(()),
        done => done.map(|_| ()),
    }
}

fn computed_of(found: &Found) -> SecurityGroupRuleComputed {
    SecurityGroupRuleComputed { id: found.id.clone(), group_id: found.group.clone() }
}
