//! A firewall around network interfaces. All its rules are ours, but those that stand as a `security_group_rule`.

#[cfg(feature = "aws")]
mod aws;
#[cfg(feature = "aws")]
pub(super) mod rules;
mod terraform;

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::cluster::Cluster;
use super::vpc::Vpc;
use crate::model::address::{Address, Kind};
use crate::model::audit::{AuditName, ChangingCalls};
use crate::model::billing::KindBilling;
use crate::model::component::Component;
use crate::model::facts::quota::Quota;
use crate::model::impact::{Affected, Going, Impact, ImpactClass, Noticed};
use crate::model::mark::Tags;
use crate::model::reference::Ref;
use crate::model::resource::{Field, Holds, Passage, Resource};
use crate::model::site::Site;
use crate::model::terraform::{TerraformContext, TerraformError, TerraformObject};
use crate::{fields, id_alone};
/// A firewall around network interfaces. All its rules are ours, but those that stand as a `security_group_rule`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SecurityGroup {
    /// The network.
    pub vpc: Ref<Vpc>,
    /// Its name; unique in the network.
    pub name: String,
    /// What it is for; cannot be changed.
    pub description: String,
    /// What may come in.
    pub ingress: BTreeSet<Rule>,
    /// What may go out.
    pub egress: BTreeSet<Rule>,
    /// Its tags.
    pub tags: Tags,
}

/// What AWS computes for a [`SecurityGroup`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SecurityGroupComputed {
    /// `sg-…`
    pub id: String,
}

id_alone!(SecurityGroupComputed {});

/// Whether something that `from` lets through is let through by none of the rules of `to`.
fn closes(from: &BTreeSet<Rule>, to: &BTreeSet<Rule>) -> bool {
    from.iter().any(|old| !to.iter().any(|new| new.same_place(old)))
}

impl Resource for SecurityGroup {
    const KIND: Kind = Kind::new("security_group");
    const WHAT: &'static str = "a firewall around network interfaces";
    const COMPONENT: Component = Component::Network;
    const SUMMARY: &'static str = "{description}";
    const HOLDS: Holds = Holds::Nothing;
    const FIELDS: &'static [Field] = fields!(SecurityGroup {
        vpc: Replace,
        name: Replace,
        description: Replace,
        ingress: Update,
        egress: Update,
        tags: Update
    });
    const IDENTITY: &'static [&'static str] = &["vpc", "name"];
    const AUDIT: AuditName = AuditName::of("ec2", "id");
    // VPC User Guide: "Security group connection tracking": what is tracked goes on after its rule is gone.
    const NOTICED: &'static [Noticed<Self>] = &[
        Noticed::when(
            "ingress",
            "when less is let in",
            |from, to| closes(&from.ingress, &to.ingress),
            Impact::of(
                ImpactClass::Access,
                Affected::ShutOut,
                "what only these rules let in comes in no more; connections that stand go on",
            ),
        ),
        Noticed::when(
            "egress",
            "when less is let out",
            |from, to| closes(&from.egress, &to.egress),
            Impact::of(
                ImpactClass::Access,
                Affected::ShutOut,
                "what only these rules let out gets out no more; connections that stand go on",
            ),
        ),
    ];
    const CHANGED_BY: &'static [ChangingCalls] = &[
        ChangingCalls::of("ec2", "groupId", "id", &["DeleteSecurityGroup"]),
        ChangingCalls::rules_in("id")[0],
        ChangingCalls::rules_in("id")[1],
        ChangingCalls::TAGS_OF_EC2,
    ];
    const BILLING: KindBilling<Self> = KindBilling::Free("a security group costs nothing");
    type Computed = SecurityGroupComputed;

    fn tags(&self) -> Option<&Tags> {
        Some(&self.tags)
    }

    fn passage(&self, from: &Self) -> Option<Passage<Self>> {
        let new = |new: &BTreeSet<Rule>, old: &BTreeSet<Rule>| -> BTreeSet<Rule> {
            let known = |rule: &&Rule| old.iter().any(|one| one.same_place(rule));
            new.iter().filter(|rule| !known(rule)).cloned().collect()
        };
        let opens = !new(&self.ingress, &from.ingress).is_empty() || !new(&self.egress, &from.egress).is_empty();
        let (ingress, egress) = (new(&from.ingress, &self.ingress), new(&from.egress, &self.egress));
        let closes = !ingress.is_empty() || !egress.is_empty();
        let mut both = self.clone();
        both.ingress.extend(ingress);
        both.egress.extend(egress);
        match (opens, closes) {
            (false, false) => None,
            (true, false) => Some(Passage::Opens),
            (false, true) => Some(Passage::Closes),
            (true, true) => Some(Passage::Both(both)),
        }
    }

    fn takes(&self) -> Vec<(Quota, u64)> {
        vec![(Quota::SecurityGroups, 1)]
    }

    fn leaves(&self, _: &SecurityGroupComputed, _: Going) -> Vec<Impact> {
        Vec::new()
    }

    fn terraform(
        &self,
        computed: &SecurityGroupComputed,
        context: &TerraformContext<'_>,
    ) -> Result<TerraformObject, TerraformError> {
        Ok(terraform::object(self, computed, context))
    }

    fn sample(&self, _: &Address, serial: u64, _: &Site) -> SecurityGroupComputed {
        SecurityGroupComputed { id: format!("sg-{serial:08x}") }
    }
}

/// One rule of a firewall: one protocol, one range of ports, one peer.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rule {
    /// `tcp`, `udp`, `icmp`, or `-1` for all, as EC2 spells them when asked.
    pub protocol: String,
    /// First port; `-1` where all ports are meant.
    pub from_port: i32,
    /// Last port; `-1` where all ports are meant.
    pub to_port: i32,
    /// The other side.
    pub peer: Peer,
    /// What it is for.
    pub description: String,
}

impl Rule {
    /// Whether the other lets the same through. A group has room for one of them, whatever it says it is for.
    pub fn same_place(&self, other: &Self) -> bool {
        let place = |rule: &Self| (rule.protocol.clone(), rule.from_port, rule.to_port, rule.peer.clone());
        place(self) == place(other)
    }

    /// A TCP rule for one port.
    pub fn tcp(port: u16, peer: Peer, description: &str) -> Self {
        let port = i32::from(port);
        Self { protocol: "tcp".to_owned(), from_port: port, to_port: port, peer, description: description.to_owned() }
    }

    /// Everything to or from `peer`.
    pub fn all(peer: Peer, description: &str) -> Self {
        Self { protocol: "-1".to_owned(), from_port: -1, to_port: -1, peer, description: description.to_owned() }
    }
}

/// The other side of a rule.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Peer {
    /// Addresses, IPv4 or IPv6.
    Cidr(String),
    /// Whatever carries this group.
    Group(Ref<SecurityGroup>),
    /// Whatever carries the group EKS made for this cluster: its control plane and its nodes.
    Cluster(Ref<Cluster>),
    /// A list of addresses kept by AWS or others, by its id. Never declared, only found.
    PrefixList(String),
}
