//! Facts in memory: everything that is asked for is there and as it should be, unless the world says otherwise.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::json;

use super::{World, health};
use crate::model::facts::account::{DiskEncryption, EndpointService, StateBucketFacts};
use crate::model::facts::database::{DatabaseOffers, DatabaseOption, DatabaseQuery};
use crate::model::facts::network::{NetworkFacts, NetworkQuery, Route, RouteTableFacts, SubnetFacts, VpcFacts};
use crate::model::facts::quota::{Quota, QuotaUse};
use crate::model::facts::removal::Removal;
use crate::model::facts::{Fact, FactQuery, Facts, KeyFacts, PrincipalFacts};
use crate::model::policy::Policy;
use crate::model::site::Site;

/// An answer to everything asked.
pub(super) fn facts(world: &World, ask: &FactQuery, site: &Site) -> Facts {
    let told = &world.facts;
    Facts {
        keys: answers(&ask.keys, &told.keys, key),
        certificates: answers(&ask.certificates, &told.certificates, |arn| health::certificate(world, arn)),
        principals: answers(&ask.principals, &told.principals, |arn| PrincipalFacts { arn: arn.to_owned() }),
        network: ask.network.as_ref().map(|ask| told.network.clone().unwrap_or_else(|| network(ask, &site.region))),
        database: ask.database.as_ref().map(|ask| told.database.clone().unwrap_or_else(|| offers(ask))),
        zones_of_type: ask.zones_of_type.as_ref().map(|_| zones_of_type(world, site)),
        removal: ask.removal.as_ref().map(|_| told.removal.clone().unwrap_or_else(nothing_else)),
        quotas: ask.quotas.iter().map(|quota| (*quota, quota_use(world, *quota))).collect(),
        permits: ask.simulation.as_ref().map(|_| told.permits.clone().unwrap_or_default()),
        service_roles: answers(&ask.service_roles, &told.service_roles, |name| PrincipalFacts {
            arn: format!("arn:aws:iam::{}:role/aws-service-role/{name}", site.account),
        }),
        disk_encryption: ask.disk_encryption.then(|| told.disk_encryption.clone().unwrap_or_else(usual_disks)),
        endpoint_services: (!ask.endpoint_services.is_empty()).then(|| endpoint_services(world, ask, site)),
        state_bucket: ask.state_bucket.as_ref().map(|_| told.state_bucket.clone().unwrap_or_else(good_state_bucket)),
    }
}

/// The zones of the region that a cluster can stand in.
pub(super) fn zones(world: &World, site: &Site) -> BTreeSet<String> {
    let usual = || ('a'..='d').map(|letter| format!("{}{letter}", site.region));
    if world.zones.is_empty() { usual().collect() } else { world.zones.iter().cloned().collect() }
}

/// Those that offer an instance type: all of them, as it is usual.
pub(super) fn zones_of_type(world: &World, site: &Site) -> Fact<BTreeSet<String>> {
    world.facts.zones_of_type.clone().unwrap_or_else(|| Fact::There(zones(world, site)))
}

/// What the world says, or else what `usual` makes of the question.
fn answers<T: Clone>(
    asked: &BTreeSet<String>,
    told: &BTreeMap<String, Fact<T>>,
    usual: impl Fn(&str) -> T,
) -> BTreeMap<String, Fact<T>> {
    let answer = |one: &String| told.get(one).cloned().unwrap_or_else(|| Fact::There(usual(one)));
    asked.iter().map(|one| (one.clone(), answer(one))).collect()
}

/// A symmetric key whose policy leaves it to IAM who may use it.
fn key(arn: &str) -> KeyFacts {
    let account = arn.split(':').nth(4).unwrap_or_default();
    KeyFacts {
        state: "Enabled".to_owned(),
        deleted_at: None,
        material_until: None,
        spec: "SYMMETRIC_DEFAULT".to_owned(),
        usage: "ENCRYPT_DECRYPT".to_owned(),
        is_aws_managed: false,
        policy: Fact::There(Policy::new(&json!({"Version": "2012-10-17", "Statement": {
            "Effect": "Allow", "Principal": {"AWS": account}, "Action": "kms:*", "Resource": "*",
        }}))),
    }
}

/// A network as it is usual: each tier has a zone for each of its subnets, and its way out.
fn network(ask: &NetworkQuery, region: &str) -> NetworkFacts {
    let zones = || ('a'..='z').map(|letter| format!("{region}{letter}"));
    let tier = |ids: &BTreeSet<String>, third: u8| -> BTreeMap<String, SubnetFacts> {
        let subnet = |(id, (zone, n)): (&String, (String, u8))| {
            let cidr = format!("10.0.{}.0/20", third.wrapping_add(n * 16));
            (id.clone(), SubnetFacts { vpc: ask.vpc.clone(), zone_id: format!("{zone}-id"), zone, cidr, free: 4091 })
        };
        ids.iter().zip(zones().zip(0..8)).map(subnet).collect()
    };
    let route = |destination: &str, target: &str| Route {
        destination: destination.to_owned(),
        target: target.to_owned(),
        is_dead: false,
    };
    let table = |id: &str, is_main, subnets: &BTreeSet<String>, way: &str| RouteTableFacts {
        id: id.to_owned(),
        is_main,
        subnets: subnets.clone(),
        routes: vec![route("10.0.0.0/16", "local"), route("0.0.0.0/0", way)],
    };
    NetworkFacts {
        vpc: Fact::There(VpcFacts {
            cidrs: BTreeSet::from(["10.0.0.0/16".to_owned()]),
            dns_support: true,
            dns_hostnames: true,
        }),
        subnets: Fact::There(tier(&ask.private, 0).into_iter().chain(tier(&ask.public, 128)).collect()),
        route_tables: Fact::There(vec![
            table("rtb-private", true, &BTreeSet::new(), "nat-1"),
            table("rtb-public", false, &ask.public, "igw-1"),
        ]),
        endpoints: Fact::There(Vec::new()),
        zones_of_type: Fact::There(zones().collect()),
    }
}

/// Where RDS has whatever is asked for; what the database runs is what is recorded of it.
fn offers(ask: &DatabaseQuery) -> DatabaseOffers {
    let option = DatabaseOption {
        storage_type: "gp3".to_owned(),
        least_gib: 20,
        most_gib: 65536,
        multi_az: true,
        zones: BTreeSet::new(),
    };
    DatabaseOffers {
        versions: Fact::There(BTreeSet::from([ask.version.clone()])),
        options: Fact::There(vec![option]),
        running: Fact::Missing,
    }
}

/// Little of each is used. On-demand vCPUs are as many as an account has that was raised once: a new one has hardly any.
fn quota_use(world: &World, quota: Quota) -> QuotaUse {
    let limit = if quota == Quota::Vcpus { 1152 } else { quota.facts().usual };
    world.facts.quotas.get(&quota).cloned().unwrap_or_else(|| QuotaUse::of(0, limit))
}

/// Disks are encrypted where somebody says so.
fn usual_disks() -> Fact<DiskEncryption> {
    Fact::There(DiskEncryption { by_default: false, key: None, key_facts: Fact::Missing })
}

/// Every service is in every zone.
fn endpoint_services(world: &World, ask: &FactQuery, site: &Site) -> Fact<BTreeMap<String, EndpointService>> {
    let usual = || {
        let service = EndpointService { zones: zones(world, site) };
        Fact::There(ask.endpoint_services.iter().map(|name| (name.clone(), service.clone())).collect())
    };
    world.facts.endpoint_services.clone().unwrap_or_else(usual)
}

fn good_state_bucket() -> StateBucketFacts {
    StateBucketFacts { is_versioned: Fact::There(true), is_private: Fact::There(true) }
}

/// Where nothing is but the stack.
fn nothing_else() -> Removal {
    Removal {
        node_groups: Fact::There(BTreeMap::new()),
        fargate_profiles: Fact::There(BTreeSet::new()),
        balancers: Fact::There(BTreeMap::new()),
        machines: Fact::There(BTreeSet::new()),
        interfaces: Fact::There(Vec::new()),
    }
}
