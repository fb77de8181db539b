//! Whether the account has room.

use super::*;
use crate::model::facts::quota::{Quota, QuotaUse};

/// The stack with these lines, where so many of a quota are in use, of so many.
async fn with(more: &str, quota: Quota, used: u64, limit: u64) -> Scene {
    used_up(Scene::of(more).await, quota, used, limit)
}

fn used_up(mut scene: Scene, quota: Quota, used: u64, limit: u64) -> Scene {
    let told = scene.facts.quotas.get_mut(&quota).unwrap_or_else(|| panic!("{quota:?} is not asked for"));
    *told = QuotaUse::of(used, limit);
    scene
}

#[tokio::test]
async fn every_quota_that_a_new_stack_takes_of_is_checked_and_fails_when_it_is_used_up() {
    // How much the reference architecture takes of each: what is left must be that, and not one less.
    for (quota, takes) in [
        (Quota::Vcpus, 48),
        (Quota::ElasticIps, 3),
        (Quota::Vpcs, 1),
        (Quota::InternetGateways, 1),
        (Quota::GatewayEndpoints, 1),
        (Quota::SecurityGroups, 3),
        (Quota::Clusters, 1),
        (Quota::DatabaseInstances, 1),
        (Quota::DatabaseStorage, 100),
        (Quota::DatabaseSubnetGroups, 1),
        (Quota::DatabaseParameterGroups, 1),
        (Quota::LoadBalancers, 1),
        (Quota::TargetGroups, 1),
        (Quota::Roles, 3),
        (Quota::Policies, 1),
        (Quota::OidcProviders, 1),
        (Quota::Buckets, 1),
        (Quota::Keys, 1),
    ] {
        let id = quota.facts().id;
        with("", quota, 7, 7 + takes).await.passes(id);
        let full = with("", quota, 7, 6 + takes).await.check(id);
        let [finding] = full.findings.as_slice() else { panic!("{quota:?}: {full:#?}") };
        assert_eq!(finding.severity, Severity::Error, "{finding:#?}");
        let says = format!("7 of {} {} are in use, and this plan takes {takes} more", 6 + takes, quota.facts().what);
        assert_eq!(finding.what, says);
    }
}

#[tokio::test]
async fn nat_gateways_are_counted_in_the_zones_they_are_made_in() {
    let id = Quota::NatGateways.facts().id;
    let mut scene = Scene::of("").await;
    let used = |zones: &[(&str, u64)]| QuotaUse {
        limit: Fact::There(5),
        used: Fact::There(zones.iter().map(|(zone, used)| ((*zone).to_owned(), *used)).collect()),
    };
    scene.facts.quotas.insert(Quota::NatGateways, used(&[("us-east-1a", 4), ("us-east-1f", 5)]));
    scene.passes(id);
    scene.facts.quotas.insert(Quota::NatGateways, used(&[("us-east-1a", 4), ("us-east-1b", 5)]));
    found(
        &scene,
        id,
        Severity::Error,
        "nat_gateway.a",
        &["5 of 5 NAT gateways in one zone in us-east-1b", "network.nat: single"],
    );
}

#[tokio::test]
async fn a_limit_that_is_not_told_is_the_usual_one_as_long_as_that_will_do() {
    let mut scene = with("", Quota::Vpcs, 4, 5).await;
    scene.facts.quotas.get_mut(&Quota::Vpcs).unwrap().limit = denied();
    scene.passes("quota.vpcs");
    let mut scene = with("", Quota::Vpcs, 5, 5).await;
    scene.facts.quotas.get_mut(&Quota::Vpcs).unwrap().limit = denied();
    let says = ["5 VPCs are in use, and this plan takes 1 more", "servicequotas:GetServiceQuota"];
    found(&scene, "quota.vpcs", Severity::Unknown, "vpc.main", &says);
    scene.facts.quotas.get_mut(&Quota::Vpcs).unwrap().used = denied();
    found(&scene, "quota.vpcs", Severity::Unknown, "vpc.main", &["ec2:DescribeVpcs"]);
}

#[tokio::test]
async fn a_change_takes_what_it_adds_and_what_stands_beside_the_old_for_a_while() {
    // Four nodes in place of three: one more of 16 vCPUs.
    let more = "kubernetes: {nodes: {count: 4}}\n";
    let mut scene = Scene::standing("").await.edited(more).await;
    scene.facts.quotas.insert(Quota::Vcpus, QuotaUse::of(48, 64));
    scene.passes("quota.vcpus");
    scene.facts.quotas.insert(Quota::Vcpus, QuotaUse::of(48, 63));
    found(&scene, "quota.vcpus", Severity::Error, "node_group.main", &["takes 16 more"]);
    // More disk: what it grows by.
    let mut scene = Scene::standing("").await.edited("database: {storage_gib: 150}\n").await;
    scene.facts.quotas.insert(Quota::DatabaseStorage, QuotaUse::of(100, 149));
    found(&scene, "quota.database_storage", Severity::Error, "database.main", &["takes 50 more"]);
    // Another version: twice as many nodes as there are zones stand beside the old ones, six of 16.
    let old = "kubernetes: {version: \"1.33\"}\n";
    let mut scene = Scene::standing(old).await.edited("kubernetes: {version: \"1.34\"}\n").await;
    scene.facts.quotas.insert(Quota::Vcpus, QuotaUse::of(48, 144));
    scene.passes("quota.vcpus");
    scene.facts.quotas.insert(Quota::Vcpus, QuotaUse::of(48, 143));
    found(&scene, "quota.vcpus", Severity::Error, "node_group.main", &["takes 96 more for a while"]);
    // What no plan takes is not checked.
    let mut scene = Scene::standing("").await;
    scene.facts.quotas.insert(Quota::Vpcs, QuotaUse::of(9, 5));
    assert!(scene.checks().iter().all(|check| check.id != "quota.vpcs"));
}

#[tokio::test]
async fn what_is_changed_is_asked_for_and_what_stays_is_not() {
    let asked = async |before: &str, after: &str| {
        let scene = Scene::standing(before).await.edited(after).await;
        query(&asking(&scene.stack, &scene.surroundings, &scene.state, false)).quotas
    };
    assert_eq!(asked("", "").await, BTreeSet::new());
    assert_eq!(asked("", "tags: {team: data}\n").await, BTreeSet::new());
    assert_eq!(asked("", "kubernetes: {nodes: {count: 4}}\n").await, BTreeSet::from([Quota::Vcpus]));
    let storage = asked("", "database: {storage_gib: 150}\n").await;
    assert!(storage.contains(&Quota::DatabaseStorage) && !storage.contains(&Quota::Vpcs), "{storage:?}");
}

#[tokio::test]
async fn the_last_snapshot_of_a_database_needs_room() {
    let scene = used_up(Scene::going("").await, Quota::DatabaseSnapshots, 100, 100);
    found(&scene, "quota.database_snapshots", Severity::Error, "database.main", &["100 of 100", "--no-final-snapshot"]);
    used_up(Scene::going("").await, Quota::DatabaseSnapshots, 99, 100).passes("quota.database_snapshots");
    let going = Scene::going("").await;
    let mut ask = asking(&going.stack, &going.surroundings, &going.state, true);
    ask.makes_final_snapshot = false;
    assert_eq!(query(&ask).quotas, BTreeSet::new());
}
