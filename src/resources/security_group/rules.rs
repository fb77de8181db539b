//! Rules as EC2 has them: ids in place of references, and both ways between the two.
//!
//! EC2 spells one rule in several ways; here it has one spelling, so that equality is honest. A second rule of the same
//! protocol, ports and peer cannot exist, whatever its description says.

use std::collections::BTreeSet;

use aws_sdk_ec2::types::{
    self, Filter, IpPermission, IpRange, Ipv6Range, PrefixListId, SecurityGroupRuleRequest, SecurityGroupRuleUpdate,
    UserIdGroupPair,
};

use super::{Peer, Rule, SecurityGroup};
use crate::cloud::aws::ec2::{OF_NETWORK, Object, filter};
use crate::cloud::aws::tags::tags_of;
use crate::cloud::aws::{Clients, During, Reading, Writing};
use crate::cloud::{CloudError, ErrorKind};
use crate::model::address::Address;
use crate::model::document::Document;
use crate::model::index::IdIndex;
use crate::model::mark::{ADDRESS_TAG, STACK_TAG, Tags};
use crate::model::reference::Ref;
use crate::model::resource::Resource;
use crate::resources::cluster::Cluster;
use crate::resources::security_group_rule::SecurityGroupRule;

/// A rule with ids in place of references.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(in crate::resources) struct Plain {
    protocol: String,
    ports: (i32, i32),
    peer: PlainPeer,
    description: String,
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum PlainPeer {
    Cidr(String),
    Group(String),
    PrefixList(String),
}

/// A rule that is there.
#[derive(Clone, Debug)]
pub(in crate::resources) struct Found {
    /// `sgr-…`
    pub(in crate::resources) id: String,
    /// The group it stands in, `sg-…`.
    pub(in crate::resources) group: String,
    /// Whether it lets out; else it lets in.
    pub(in crate::resources) egress: bool,
    /// What it says.
    pub(in crate::resources) plain: Plain,
    /// Its tags.
    pub(in crate::resources) tags: Tags,
}

impl Object for Found {
    fn id(&self) -> &str {
        &self.id
    }

    fn all_tags(&self) -> Tags {
        self.tags.clone()
    }
}

impl Found {
    fn of(rule: &types::SecurityGroupRule) -> Self {
        Self {
            id: rule.security_group_rule_id().unwrap_or_default().to_owned(),
            group: rule.group_id().unwrap_or_default().to_owned(),
            egress: rule.is_egress().unwrap_or(false),
            plain: Plain::read(rule),
            tags: tags_of(rule.tags()),
        }
    }

    /// Whether it is one of our rules that are resources of their own: by its marks, or by what is known of the stack
    /// where somebody took those off.
    pub(in crate::resources) fn stands_alone(&self, stack: &str, ids: &IdIndex) -> bool {
        let address = self.tags.get(ADDRESS_TAG).and_then(|address| address.split_once('.'));
        let marked = self.tags.get(STACK_TAG).is_some_and(|found| found == stack)
            && address.is_some_and(|(kind, _)| kind == SecurityGroupRule::KIND.to_string());
        marked || ids.address(&SecurityGroupRule::KIND, &self.id).is_some()
    }
}

impl Plain {
    /// A declared rule with the ids its references mean now.
    ///
    /// # Errors
    /// When a reference leads nowhere.
    pub(in crate::resources) fn of(rule: &Rule, cx: &Writing<'_>) -> Result<Self, CloudError> {
        let peer = match &rule.peer {
            Peer::Cidr(cidr) => PlainPeer::Cidr(cidr.clone()),
            Peer::Group(group) => PlainPeer::Group(cx.id(group)?),
            Peer::Cluster(cluster) => PlainPeer::Group(group_of_cluster(cluster, cx)?),
            Peer::PrefixList(id) => PlainPeer::PrefixList(id.clone()),
        };
        Ok(Self {
            protocol: rule.protocol.clone(),
            ports: (rule.from_port, rule.to_port),
            peer,
            description: rule.description.clone(),
        })
    }

    fn read(rule: &types::SecurityGroupRule) -> Self {
        let protocol = protocol(rule.ip_protocol().unwrap_or_default());
        let ports = match protocol.as_str() {
            "-1" => (-1, -1),
            _ => (rule.from_port().unwrap_or(-1), rule.to_port().unwrap_or(-1)),
        };
        let group = rule.referenced_group_info().and_then(|group| group.group_id());
        let peer = match (rule.cidr_ipv4().or(rule.cidr_ipv6()), group) {
            (Some(cidr), _) => PlainPeer::Cidr(cidr.to_owned()),
            (None, Some(group)) => PlainPeer::Group(group.to_owned()),
            (None, None) => PlainPeer::PrefixList(rule.prefix_list_id().unwrap_or_default().to_owned()),
        };
        Self { protocol, ports, peer, description: rule.description().unwrap_or_default().to_owned() }
    }

    /// The rule with references in place of the ids that are ours.
    pub(in crate::resources) fn symbolic(&self, cx: &Reading<'_>) -> Rule {
        let peer = match &self.peer {
            PlainPeer::Cidr(cidr) => Peer::Cidr(cidr.clone()),
            PlainPeer::Group(id) => match cluster_of_group(id, cx.ids) {
                Some(cluster) => Peer::Cluster(cluster),
                None => Peer::Group(cx.refer::<SecurityGroup>(id)),
            },
            PlainPeer::PrefixList(id) => Peer::PrefixList(id.clone()),
        };
        Rule {
            protocol: self.protocol.clone(),
            from_port: self.ports.0,
            to_port: self.ports.1,
            peer,
            description: self.description.clone(),
        }
    }

    /// Whether the two cannot stand side by side: they differ in their description at most.
    pub(in crate::resources) fn same_place(&self, other: &Self) -> bool {
        (&self.protocol, self.ports, &self.peer) == (&other.protocol, other.ports, &other.peer)
    }

    /// The rule as `AuthorizeSecurityGroup…` takes it.
    pub(in crate::resources) fn permission(&self) -> IpPermission {
        let described = self.described();
        let permission = IpPermission::builder().ip_protocol(&self.protocol);
        let permission = permission.set_from_port(self.port(self.ports.0)).set_to_port(self.port(self.ports.1));
        match &self.peer {
            PlainPeer::Cidr(cidr) if cidr.contains(':') => {
                permission.ipv6_ranges(Ipv6Range::builder().cidr_ipv6(cidr).set_description(described).build())
            }
            PlainPeer::Cidr(cidr) => {
                permission.ip_ranges(IpRange::builder().cidr_ip(cidr).set_description(described).build())
            }
            PlainPeer::Group(id) => permission
                .user_id_group_pairs(UserIdGroupPair::builder().group_id(id).set_description(described).build()),
            PlainPeer::PrefixList(id) => permission
                .prefix_list_ids(PrefixListId::builder().prefix_list_id(id).set_description(described).build()),
        }
        .build()
    }

    fn request(&self) -> SecurityGroupRuleRequest {
        let request = SecurityGroupRuleRequest::builder().ip_protocol(&self.protocol).set_description(self.described());
        let request = request.set_from_port(self.port(self.ports.0)).set_to_port(self.port(self.ports.1));
        match &self.peer {
            PlainPeer::Cidr(cidr) if cidr.contains(':') => request.cidr_ipv6(cidr),
            PlainPeer::Cidr(cidr) => request.cidr_ipv4(cidr),
            PlainPeer::Group(id) => request.referenced_group_id(id),
            PlainPeer::PrefixList(id) => request.prefix_list_id(id),
        }
        .build()
    }

    /// No description is the same as an empty one, which EC2 does not take.
    fn described(&self) -> Option<String> {
        (!self.description.is_empty()).then(|| self.description.clone())
    }

    /// Where all ports are meant, none is named.
    fn port(&self, port: i32) -> Option<i32> {
        (self.protocol != "-1").then_some(port)
    }
}

/// Protocols by the names EC2 uses; other numbers stay numbers.
fn protocol(spelled: &str) -> String {
    match spelled {
        "1" => "icmp",
        "6" => "tcp",
        "17" => "udp",
        "58" => "icmpv6",
        "all" => "-1",
        other => other,
    }
    .to_owned()
}

/// The group EKS made for a cluster.
///
/// # Errors
/// When the cluster is outside the stack, or its group is not known yet.
pub(in crate::resources) fn group_of_cluster(cluster: &Ref<Cluster>, cx: &Writing<'_>) -> Result<String, CloudError> {
    let unknown = || {
        let message = format!("the security group of {cluster} is not known");
        CloudError::new(ErrorKind::Bug, "follow a reference", message)
    };
    cx.computed(cluster)?.security_group_id.ok_or_else(unknown)
}

/// The cluster of ours that EKS made this group for.
pub(in crate::resources) fn cluster_of_group(id: &str, ids: &IdIndex) -> Option<Ref<Cluster>> {
    let its = |(address, computed): &(&Address, &Document)| group_made_for(address, computed) == Some(id);
    ids.iter().find(its).and_then(|(address, _)| Ref::to(address))
}

/// Every rule that passes this filter; of those in a network, every rule of our groups and of those EKS made for clusters of
/// ours, asked for once in a look.
///
/// # Errors
/// What `DescribeSecurityGroupRules` answered.
pub(in crate::resources) async fn list_in(cx: &Reading<'_>, which: Filter) -> Result<Vec<Found>, CloudError> {
    if which.name() != Some(OF_NETWORK) {
        return list(cx.aws, which).await;
    }
    let all = cx.once.group_rules.get_or_init(|| async {
        let groups = cx.ids.iter().filter_map(|(address, computed)| {
            if address.kind == SecurityGroup::KIND { computed.text("id") } else { group_made_for(address, computed) }
        });
        listed(cx.aws, filter("group-id", groups)).await
    });
    all.await.as_ref().map(|rules| rules.iter().map(Found::of).collect()).map_err(Clone::clone)
}

/// The group EKS made for a cluster.
fn group_made_for<'a>(address: &Address, computed: &'a Document) -> Option<&'a str> {
    if address.kind == Cluster::KIND { computed.text("security_group_id") } else { None }
}

/// Every rule that passes this filter.
///
/// # Errors
/// What `DescribeSecurityGroupRules` answered.
pub(in crate::resources) async fn list(aws: &Clients, filter: Filter) -> Result<Vec<Found>, CloudError> {
    Ok(listed(aws, filter).await?.iter().map(Found::of).collect())
}

async fn listed(aws: &Clients, filter: Filter) -> Result<Vec<types::SecurityGroupRule>, CloudError> {
    let pages = aws.ec2.describe_security_group_rules().filters(filter).into_paginator().items().send();
    pages.try_collect().await.during("read the rules of the security group")
}

/// Gives a rule that is there another description.
///
/// # Errors
/// What `ModifySecurityGroupRules` answered.
pub(in crate::resources) async fn describe(
    aws: &Clients,
    group: &str,
    rule: &str,
    wanted: &Plain,
) -> Result<(), CloudError> {
    let update = SecurityGroupRuleUpdate::builder().security_group_rule_id(rule).security_group_rule(wanted.request());
    let call = aws.ec2.modify_security_group_rules().group_id(group).security_group_rules(update.build());
    call.send().await.during("change the description of a rule").map(|_| ())
}

/// What is to be done so that rules become what is wanted.
#[derive(Debug, Default)]
pub(super) struct Work {
    /// Rules to add.
    pub(super) add: Vec<Plain>,
    /// Rules to describe anew: their ids, and what they are to say.
    pub(super) describe: Vec<(String, Plain)>,
    /// Ids of rules to take away.
    pub(super) remove: Vec<String>,
}

impl Work {
    /// What is to be done with the rules of one direction.
    pub(super) fn between(found: &[&Found], wanted: &BTreeSet<Plain>) -> Self {
        let mut work = Self::default();
        for rule in wanted {
            match found.iter().find(|one| one.plain.same_place(rule)) {
                Some(there) if there.plain == *rule => {}
                Some(there) => work.describe.push((there.id.clone(), rule.clone())),
                None => work.add.push(rule.clone()),
            }
        }
        let unwanted = found.iter().filter(|one| !wanted.iter().any(|rule| rule.same_place(&one.plain)));
        work.remove = unwanted.map(|one| one.id.clone()).collect();
        work
    }

    /// Whether there is nothing to do.
    pub(super) fn is_empty(&self) -> bool {
        self.add.is_empty() && self.describe.is_empty() && self.remove.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plain(port: i32, cidr: &str, description: &str) -> Plain {
        Plain {
            protocol: "tcp".to_owned(),
            ports: (port, port),
            peer: PlainPeer::Cidr(cidr.to_owned()),
            description: description.to_owned(),
        }
    }

    fn found(id: &str, plain: Plain) -> Found {
        Found { id: id.to_owned(), group: "sg-1".to_owned(), egress: false, plain, tags: Tags::new() }
    }

    #[test]
    fn rules_are_read_in_one_spelling() {
        let all = types::SecurityGroupRule::builder().ip_protocol("all").from_port(0).to_port(0).cidr_ipv4("0.0.0.0/0");
        let read = Plain::read(&all.build());
        assert_eq!((read.protocol.as_str(), read.ports), ("-1", (-1, -1)));
        let tcp = types::SecurityGroupRule::builder().ip_protocol("6").from_port(443).to_port(443);
        assert_eq!(Plain::read(&tcp.cidr_ipv4("10.0.0.0/8").description("x").build()), plain(443, "10.0.0.0/8", "x"));
    }

    #[test]
    fn a_rule_that_says_the_same_otherwise_is_described_anew() {
        let there = [found("sgr-1", plain(443, "0.0.0.0/0", "old")), found("sgr-2", plain(22, "0.0.0.0/0", ""))];
        let wanted = BTreeSet::from([plain(443, "0.0.0.0/0", "new"), plain(80, "0.0.0.0/0", "")]);
        let work = Work::between(&there.iter().collect::<Vec<_>>(), &wanted);
        assert_eq!(work.add, [plain(80, "0.0.0.0/0", "")]);
        assert_eq!(work.describe, [("sgr-1".to_owned(), plain(443, "0.0.0.0/0", "new"))]);
        assert_eq!(work.remove, ["sgr-2"]);
    }

    #[test]
    fn all_traffic_names_no_ports() {
        let all = Plain {
            protocol: "-1".to_owned(),
            ports: (-1, -1),
            peer: PlainPeer::Cidr("::/0".to_owned()),
            description: String::new(),
        };
        let permission = all.permission();
        assert_eq!((permission.from_port(), permission.to_port()), (None, None));
        assert_eq!(permission.ipv6_ranges()[0].cidr_ipv6(), Some("::/0"));
    }
}
