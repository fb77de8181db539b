//! One incoming rule on a group that is not ours as a whole: the one EKS makes for a cluster, or one of ours whose other rules must not wait.

#[cfg(feature = "aws")]
mod aws;
mod terraform;

use serde::{Deserialize, Serialize};

use super::cluster::Cluster;
use super::security_group::{Peer, SecurityGroup};
use crate::model::address::{Address, Kind};
use crate::model::audit::{AuditName, ChangingCalls};
use crate::model::billing::KindBilling;
use crate::model::component::Component;
use crate::model::facts::quota::Quota;
use crate::model::impact::{Affected, Going, Impact, ImpactClass, Noticed};
use crate::model::mark::Tags;
use crate::model::reference::Ref;
use crate::model::resource::{Field, Holds, Resource};
use crate::model::site::Site;
use crate::model::terraform::{TerraformContext, TerraformError, TerraformObject};
use crate::{fields, id_alone};
/// One incoming rule on a group that is not ours as a whole: the one EKS makes for a cluster, or one of ours whose other rules must not wait.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SecurityGroupRule {
    /// The group it stands in.
    pub group: RuleHome,
    /// `tcp`, `udp`, `icmp`, or `-1` for all.
    pub protocol: String,
    /// First port.
    pub from_port: i32,
    /// Last port.
    pub to_port: i32,
    /// The other side.
    pub peer: Peer,
    /// What it is for.
    pub description: String,
    /// Its tags.
    pub tags: Tags,
}

/// What AWS computes for a [`SecurityGroupRule`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SecurityGroupRuleComputed {
    /// `sgr-…`
    pub id: String,
    /// The group it stands in, `sg-…`: needed to remove it.
    pub group_id: String,
}

id_alone!(SecurityGroupRuleComputed { group_id });

impl Resource for SecurityGroupRule {
    const KIND: Kind = Kind::new("security_group_rule");
    const WHAT: &'static str = "one incoming rule of a firewall that stands apart from the others";
    const COMPONENT: Component = Component::Network;
    const SUMMARY: &'static str = "{description}";
    const HOLDS: Holds = Holds::Nothing;
    const FIELDS: &'static [Field] = fields!(SecurityGroupRule {
        group: Replace,
        protocol: Replace,
        from_port: Replace,
        to_port: Replace,
        peer: Replace,
        description: Update,
        tags: Update
    });
    const IDENTITY: &'static [&'static str] = &["group", "protocol", "from_port", "to_port", "peer"];
    const AUDIT: AuditName = AuditName::of("ec2", "group_id");
    const NOTICED: &'static [Noticed<Self>] = &[];
    const CHANGED_BY: &'static [ChangingCalls] =
        &[ChangingCalls::rules_in("group_id")[0], ChangingCalls::rules_in("group_id")[1], ChangingCalls::TAGS_OF_EC2];
    const BILLING: KindBilling<Self> = KindBilling::Free("a rule of a security group costs nothing");
    type Computed = SecurityGroupRuleComputed;

    fn tags(&self) -> Option<&Tags> {
        Some(&self.tags)
    }

    fn takes(&self) -> Vec<(Quota, u64)> {
        Vec::new()
    }

    fn leaves(&self, _: &SecurityGroupRuleComputed, going: Going) -> Vec<Impact> {
        match going {
            Going::Deleted => {
                let what = "what only this rule lets through comes through no more; connections that stand go on";
                vec![Impact::of(ImpactClass::Access, Affected::ShutOut, what).about(&self.description)]
            }
            // The new one stands before.
            Going::Replaced(_) | Going::MadeAgain => Vec::new(),
        }
    }

    fn terraform(
        &self,
        computed: &SecurityGroupRuleComputed,
        _: &TerraformContext<'_>,
    ) -> Result<TerraformObject, TerraformError> {
        Ok(terraform::object(self, computed))
    }

    fn sample(&self, _: &Address, serial: u64, _: &Site) -> SecurityGroupRuleComputed {
        SecurityGroupRuleComputed { id: format!("sgr-{serial:08x}"), group_id: "sg-00000000".to_owned() }
    }
}

/// The group a rule stands in.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RuleHome {
    /// A group of ours.
    Group(Ref<SecurityGroup>),
    /// The group EKS made for a cluster.
    Cluster(Ref<Cluster>),
}
