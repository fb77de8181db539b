//! Which key of the declaration says what a resource and its fields are to be: for whoever finds later that one of them is
//! not so any more.
//!
//! Promises: a field that one key decides points at that key, and what none or several decide at what its resource as a
//! whole is made for. Pure.

use super::handles::{
    DATABASE_FIREWALL, DATABASE_FROM_NODES, DATABASE_LOGIN, DRIFT_POLICY, DRIFT_ROLE, ENDPOINTS_FIREWALL, HTTP,
    LOAD_BALANCER_FIREWALL, NODES_FROM_LOAD_BALANCER,
};
use super::kubernetes::administrator;
use crate::model::address::{Address, Kind};
use crate::model::place::{Origin, Origins};
use crate::model::resource::Resource as _;
use crate::model::waiver::is_within;
use crate::resources::access_entry::AccessEntry;
use crate::resources::addon::Addon;
use crate::resources::bucket::Bucket;
use crate::resources::cluster::Cluster;
use crate::resources::database::Database;
use crate::resources::db_parameter_group::DbParameterGroup;
use crate::resources::db_subnet_group::DbSubnetGroup;
use crate::resources::elastic_ip::ElasticIp;
use crate::resources::internet_gateway::InternetGateway;
use crate::resources::kms_key::KmsKey;
use crate::resources::listener::Listener;
use crate::resources::load_balancer::LoadBalancer;
use crate::resources::nat_gateway::NatGateway;
use crate::resources::node_group::NodeGroup;
use crate::resources::oidc_provider::OidcProvider;
use crate::resources::route_table::RouteTable;
use crate::resources::secret::Secret;
use crate::resources::subnet::Subnet;
use crate::resources::target_attachment::TargetAttachment;
use crate::resources::target_group::TargetGroup;
use crate::resources::vpc::Vpc;
use crate::resources::vpc_endpoint::VpcEndpoint;
use crate::stack::{Places, Stack};

/// Fields, each with its key; without a name, the resource as a whole.
type Keys = &'static [(&'static str, &'static str)];

/// Those of every resource of a kind.
static OF_KIND: [(Kind, Keys); 22] = [
    (Vpc::KIND, &[("", "network"), ("cidr", "network.cidr")]),
    (Subnet::KIND, &[("", "network"), ("cidr", "network.cidr")]),
    (InternetGateway::KIND, &[("", "network")]),
    (NatGateway::KIND, &[("", "network.nat")]),
    (ElasticIp::KIND, &[("", "network.nat")]),
    (RouteTable::KIND, &[("", "network")]),
    (VpcEndpoint::KIND, &[("", "network")]),
    (KmsKey::KIND, &[("", "storage")]),
    (Bucket::KIND, &[("", "storage"), ("name", "storage.bucket"), ("kms_key", "storage.kms")]),
    (Secret::KIND, &[("kms_key", "storage.kms")]),
    (
        Database::KIND,
        &[
            ("", "database"),
            ("engine_version", "database.engine_version"),
            ("instance_class", "database.instance_class"),
            ("storage_gib", "database.storage_gib"),
            ("multi_az", "database.multi_az"),
            ("backup_days", "database.backup_days"),
            ("lifecycle_support", "database.extended_support"),
            ("kms_key", "storage.kms"),
        ],
    ),
    (
        DbParameterGroup::KIND,
        &[("", "database"), ("name", "database.engine_version"), ("family", "database.engine_version")],
    ),
    (DbSubnetGroup::KIND, &[("", "database")]),
    (
        Cluster::KIND,
        &[
            ("", "kubernetes"),
            ("version", "kubernetes.version"),
            ("support", "kubernetes.extended_support"),
            ("service_cidr", "kubernetes.service_cidr"),
            ("public_access", "kubernetes.public_cidrs"),
            ("public_cidrs", "kubernetes.public_cidrs"),
            ("kms_key", "storage.kms"),
        ],
    ),
    (OidcProvider::KIND, &[("", "kubernetes")]),
    (AccessEntry::KIND, &[("", "kubernetes")]),
    (
        Addon::KIND,
        &[("", "kubernetes"), ("kubernetes_version", "kubernetes.version"), ("version", "kubernetes.version")],
    ),
    (
        NodeGroup::KIND,
        &[
            ("", "kubernetes.nodes"),
            ("version", "kubernetes.version"),
            ("count", "kubernetes.nodes.count"),
            ("max", "kubernetes.nodes.max"),
            ("instance_type", "kubernetes.nodes.instance_type"),
            ("ami_type", "kubernetes.nodes.instance_type"),
            ("disk_gib", "kubernetes.nodes.disk_gib"),
        ],
    ),
    (
        LoadBalancer::KIND,
        &[
            ("", "load_balancer"),
            ("scheme", "load_balancer.scheme"),
            ("subnets", "load_balancer.scheme"),
            ("idle_timeout_seconds", "load_balancer.idle_timeout_seconds"),
        ],
    ),
    (Listener::KIND, &[("", "load_balancer"), ("certificate", "load_balancer.certificate")]),
    (
        TargetGroup::KIND,
        &[("", "load_balancer"), ("port", "load_balancer.node_port"), ("target_type", "load_balancer.targets")],
    ),
    (TargetAttachment::KIND, &[("", "load_balancer.targets")]),
];

/// Those of a resource beside what its kind has.
fn of_one(at: &Address) -> Keys {
    let of_one: [(Address, Keys); 9] = [
        (ENDPOINTS_FIREWALL.address(), &[("", "network")]),
        (DRIFT_POLICY.address(), &[("", "drift")]),
        (DRIFT_ROLE.address(), &[("", "drift")]),
        (DATABASE_FIREWALL.address(), &[("", "database")]),
        (DATABASE_FROM_NODES.address(), &[("", "database")]),
        (DATABASE_LOGIN.address(), &[("", "database")]),
        (HTTP.address(), &[("action", "load_balancer.certificate")]),
        (LOAD_BALANCER_FIREWALL.address(), &[("", "load_balancer"), ("ingress", "load_balancer.allow_from")]),
        (
            NODES_FROM_LOAD_BALANCER.address(),
            &[("", "load_balancer"), ("from_port", "load_balancer.node_port"), ("to_port", "load_balancer.node_port")],
        ),
    ];
    of_one.into_iter().find(|(one, _)| one == at).map_or(&[], |(_, keys)| keys)
}

/// The key of the declaration that by itself decides a field of a resource, or what is below it.
pub(super) fn deciding_key(at: &Address, path: &str) -> Option<&'static str> {
    if is_within(path, "tags") {
        return Some("tags");
    }
    let of_kind = OF_KIND.iter().find(|(kind, _)| *kind == at.kind).map_or(&[][..], |(_, keys)| keys);
    let decides = |(field, _): &&(&str, &'static str)| !field.is_empty() && is_within(path, field);
    of_one(at).iter().chain(of_kind).find(decides).map(|(_, key)| *key)
}

/// The item of `kubernetes.admins` that is the reason for a resource.
pub(super) fn administrator_at(stack: &Stack, at: &Address) -> Option<String> {
    let all = stack.kubernetes().admins.iter().map(ToString::to_string);
    all.into_iter().find(|arn| administrator(arn).address() == *at)
}

/// Where `stack`, declared at `places`, says what these resources are to be.
pub fn origins<'a>(stack: &Stack, places: &Places, resources: impl IntoIterator<Item = &'a Address>) -> Origins {
    let mut origins = Origins::default();
    let origin = |key: &str| Origin { key: key.to_owned(), place: places.key(key), is_written: places.is_written(key) };
    for at in resources {
        let of_kind = OF_KIND.iter().find(|(kind, _)| *kind == at.kind).map_or(&[][..], |(_, keys)| keys);
        for (field, key) in of_kind.iter().chain(of_one(at)) {
            origins.insert(at, field, origin(key));
        }
        for tag in stack.tags.keys() {
            origins.insert(at, &format!("tags.{tag}"), origin("tags"));
        }
    }
    for arn in stack.kubernetes().admins.iter().map(ToString::to_string) {
        let place = places.item("kubernetes.admins", &arn);
        let origin = Origin { place, ..origin("kubernetes.admins") };
        origins.insert(&administrator(&arn).address(), "", origin);
    }
    origins
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::architecture::expand;
    use crate::engine::diff::diff;
    use crate::engine::state::State;
    use crate::model::place::Place;
    use crate::model::resource::Node;
    use crate::model::surroundings::Surroundings;
    use crate::resources::catalog;
    use crate::resources::iam_policy::IamPolicy;
    use crate::stack::explain::overview;

    const DECLARED: &str = r#"stack: ppm
region: us-east-1
network:
  cidr: 10.0.0.0/16
kubernetes:
  version: "1.35"
  extended_support: false
  service_cidr: 172.20.0.0/16
  public_cidrs: [203.0.113.0/24]
  admins:
    - arn:aws:iam::111122223333:role/one
    - arn:aws:iam::111122223333:role/two
  nodes:
    count: 3
    max: 5
    instance_type: c6a.4xlarge
    disk_gib: 100
database:
  engine_version: "17"
  instance_class: db.t3.xlarge
  extended_support: false
  storage_gib: 100
  multi_az: true
  backup_days: 7
storage:
  bucket: our-packages
  kms: arn:aws:kms:us-east-1:111122223333:key/k
load_balancer:
  certificate: arn:aws:acm:us-east-1:111122223333:certificate/c
  scheme: internet_facing
  allow_from: [203.0.113.0/24]
  targets: node_port
  node_port: 30042
  idle_timeout_seconds: 300
tags:
  team: data
"#;

    /// Every key that decides fields by itself, and how it is declared otherwise.
    const OTHERWISE: [(&str, &str, &str); 22] = [
        ("network.cidr", "cidr: 10.0.0.0/16", "cidr: 10.1.0.0/16"),
        ("kubernetes.version", "\"1.35\"", "\"1.36\""),
        ("kubernetes.extended_support", "extended_support: false\n  service", "extended_support: true\n  service"),
        ("kubernetes.service_cidr", "172.20.0.0", "172.21.0.0"),
        ("kubernetes.public_cidrs", "public_cidrs: [203.0.113.0/24]", "public_cidrs: []"),
        ("kubernetes.nodes.count", "count: 3", "count: 4"),
        ("kubernetes.nodes.max", "max: 5", "max: 6"),
        ("kubernetes.nodes.instance_type", "c6a.4xlarge", "c7a.4xlarge"),
        ("kubernetes.nodes.disk_gib", "disk_gib: 100", "disk_gib: 200"),
        ("database.engine_version", "\"17\"", "\"16\""),
        ("database.instance_class", "db.t3.xlarge", "db.m6g.xlarge"),
        ("database.extended_support", "extended_support: false\n  storage", "extended_support: true\n  storage"),
        ("database.storage_gib", "storage_gib: 100", "storage_gib: 200"),
        ("database.multi_az", "multi_az: true", "multi_az: false"),
        ("database.backup_days", "backup_days: 7", "backup_days: 8"),
        ("storage.bucket", "our-packages", "other-packages"),
        ("storage.kms", "key/k", "key/l"),
        ("load_balancer.certificate", "certificate/c", "certificate/d"),
        ("load_balancer.scheme", "internet_facing", "internal"),
        ("load_balancer.allow_from", "allow_from: [203.0.113.0/24]", "allow_from: [198.51.100.0/24]"),
        ("load_balancer.node_port", "30042", "30043"),
        ("load_balancer.idle_timeout_seconds", "seconds: 300", "seconds: 301"),
    ];

    /// Keys and sections that decide no field by themselves, or are looked at below.
    const NOT_ALONE: [&str; 31] = [
        "stack",
        "region",
        "account",
        "architecture",
        "network.zones",
        "network.nat",
        "network.connectivity",
        "network.existing.vpc",
        "network.existing.private_subnets",
        "network.existing.public_subnets",
        "kubernetes.admins",
        "load_balancer.domain",
        "load_balancer.targets",
        "drift.job",
        "drift.state_key",
        "drift.image_days",
        "drift.password_days",
        "drift.certificate_days",
        "drift.put_right.changes",
        "drift.put_right.severities",
        "drift.put_right.window",
        "drift.put_right.at_most",
        "drift.put_right.cool_down_hours",
        "cost.installs_per_day",
        "cost.install_mb",
        "cost.package_tb",
        "cost.fetched_gb",
        "protect",
        "state",
        "tags",
        "waivers",
    ];

    #[test]
    fn every_key_is_looked_at() {
        let all: Vec<&str> = overview().entries.iter().map(|entry| entry.key).collect();
        let is_section = |key: &str| all.iter().any(|other| other.starts_with(&format!("{key}.")));
        // What installs Package Manager is no resource.
        let is_ours = |key: &&str| !is_section(key) && !key.starts_with("package_manager.");
        let mut keys: Vec<&str> = all.iter().copied().filter(is_ours).collect();
        keys.sort_unstable();
        let mut looked_at: Vec<&str> = OTHERWISE.iter().map(|(key, _, _)| *key).chain(NOT_ALONE).collect();
        looked_at.sort_unstable();
        assert_eq!(keys, looked_at);
    }

    fn expanded(text: &str) -> (Stack, Places, BTreeMap<Address, Node>) {
        let (stack, places) = Stack::read("a.yaml", text).unwrap();
        let surroundings = Surroundings {
            account: "111122223333".to_owned(),
            partition: "aws".to_owned(),
            principal: "arn:aws:iam::111122223333:user/ops".to_owned(),
            zones: ["us-east-1a", "us-east-1b", "us-east-1c"].map(str::to_owned).to_vec(),
            other_zones: Vec::new(),
            addons: BTreeMap::new(),
        };
        let nodes = expand(&stack, &surroundings, &State::empty("ppm", "us-east-1", "6f1c".to_owned(), "0"));
        (stack, places, nodes)
    }

    /// What differs where this is declared instead, and where it points.
    fn pointed(from: &str, to: &str) -> (Vec<(Address, String, Option<Place>)>, Places) {
        assert_eq!(DECLARED.matches(from).count(), 1, "{from}");
        let (_, _, before) = expanded(DECLARED);
        let (stack, places, after) = expanded(&DECLARED.replace(from, to));
        let origins = origins(&stack, &places, after.keys());
        let mut found = Vec::new();
        for (at, node) in &after {
            let Some(old) = before.get(at) else { continue };
            for one in diff(&old.declared, &node.declared, &catalog()[&at.kind]) {
                let place = origins.of(at, &one.path);
                found.push((at.clone(), one.path, place));
            }
        }
        assert!(!found.is_empty(), "{to} changes nothing");
        (found, places)
    }

    #[test]
    fn what_a_key_changes_points_at_the_key() {
        for (key, from, to) in OTHERWISE {
            let (found, places) = pointed(from, to);
            for (at, field, place) in found {
                // What several keys decide: network and port, or the names of bucket and key.
                let of_several = field == "egress" || field.starts_with("policy") || at.kind == IamPolicy::KIND;
                if of_several {
                    continue;
                }
                assert_eq!(place, Some(places.key(key)), "{at} {field} is what {key} says");
            }
        }
        let (found, places) = pointed("team: data", "team: science");
        assert!(found.len() > 40, "every object with tags");
        for (at, field, place) in found {
            assert_eq!((field.as_str(), place), ("tags.team", Some(places.key("tags"))), "{at}");
        }
    }

    #[test]
    fn what_no_key_decides_points_at_its_resource_and_each_admin_at_the_own_line() {
        let (stack, places, nodes) = expanded(DECLARED);
        let origins = origins(&stack, &places, nodes.keys());
        let line = |at: &str, field: &str| origins.of(&at.parse().unwrap(), field).map(|place| place.line);
        let whole = |key: &str| Some(places.key(key).line);
        for (at, key) in [
            ("database.main", "database"),
            ("secret.database", "database"),
            ("security_group.database", "database"),
            ("security_group.load-balancer", "load_balancer"),
            ("nat_gateway.a", "network"),
            ("node_group.main", "kubernetes.nodes"),
            ("access_entry.creator", "kubernetes"),
        ] {
            assert_eq!(line(at, ""), whole(key), "{at}");
        }
        assert_eq!(line("database.main", "deletion_protection"), whole("database"));
        assert_eq!(line("database.main", "tags.ppm-infra:stack"), whole("database"));
        assert_eq!(line("iam_role.nodes", "description"), None);
        for (name, key_line) in [("one", 11), ("two", 12)] {
            let at = administrator(&format!("arn:aws:iam::111122223333:role/{name}")).address();
            assert_eq!(origins.of(&at, "policies").map(|place| place.line), Some(key_line), "{name}");
        }
    }
}
