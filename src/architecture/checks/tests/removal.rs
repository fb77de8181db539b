//! What keeps a stack from going.

use super::*;
use crate::model::facts::removal::{BalancerFacts, InterfaceFacts, Removal};

const CLUSTER: &str = "removal.cluster";
const NETWORK: &str = "removal.network";

/// A stack that is to go, with something else where it stands.
async fn with(change: impl FnOnce(&mut Removal)) -> Scene {
    let mut scene = Scene::going("").await;
    change(scene.facts.removal.as_mut().unwrap());
    scene
}

#[tokio::test]
async fn a_stack_that_stands_alone_may_go() {
    let alone = Scene::going("").await;
    alone.passes(CLUSTER);
    alone.passes(NETWORK);
}

#[tokio::test]
async fn what_stands_on_the_cluster_is_told_before_anything_goes() {
    let group = |owner: Option<&str>| {
        let owner = owner.map(str::to_owned);
        with(|told| told.node_groups = Fact::There([("gpu".to_owned(), owner)].into()))
    };
    for owner in [None, Some("another")] {
        let scene = group(owner).await;
        found(&scene, CLUSTER, Severity::Error, "cluster.main", &["the node group gpu", "--nodegroup-name gpu"]);
    }
    group(Some("ppm")).await.passes(CLUSTER);
    let fargate = with(|told| told.fargate_profiles = Fact::There(["batch".to_owned()].into())).await;
    found(&fargate, CLUSTER, Severity::Error, "cluster.main", &["Fargate profile batch", "delete-fargate-profile"]);
}

#[tokio::test]
async fn load_balancers_are_told_by_whoever_made_them() {
    let balancer = |by_cluster, owner: Option<&str>| {
        let one = BalancerFacts { stack: owner.map(str::to_owned), by_cluster };
        with(|told| told.balancers = Fact::There([("arn:lb".to_owned(), one)].into()))
    };
    let by_cluster = balancer(true, None).await;
    found(&by_cluster, CLUSTER, Severity::Error, "cluster.main", &["Kubernetes made", "service or ingress"]);
    by_cluster.passes(NETWORK);
    let stray = balancer(false, Some("another")).await;
    found(&stray, NETWORK, Severity::Error, "vpc.main", &["arn:lb", "delete-load-balancer"]);
    let own = balancer(false, Some("ppm")).await;
    own.passes(NETWORK);
    own.passes(CLUSTER);
}

#[tokio::test]
async fn interfaces_of_others_are_a_warning() {
    let interface = |description: &str, instance: Option<&str>, is_of_cni| {
        let one = InterfaceFacts {
            id: "eni-1".to_owned(),
            description: description.to_owned(),
            instance: instance.map(str::to_owned),
            is_of_cni,
        };
        with(|told| {
            told.interfaces = Fact::There(vec![one]);
            told.machines = Fact::There(["i-node".to_owned()].into());
        })
    };
    for (description, instance, is_of_cni) in [
        ("", Some("i-node"), false),
        ("aws-K8S-i-node", Some("i-node"), true),
        ("aws-K8S-i-gone", None, true),
        ("ELB app/ppm/1", None, false),
        ("Amazon EKS ppm", None, false),
        ("RDSNetworkInterface", None, false),
        ("Interface for NAT Gateway nat-1", None, false),
    ] {
        interface(description, instance, is_of_cni).await.passes(NETWORK);
    }
    for (description, instance, says) in [
        ("", Some("i-bastion"), "i-bastion"),
        ("EFS mount target for fs-1 (fsmt-1)", None, "EFS mount target"),
        ("Amazon EKS another", None, "Amazon EKS another"),
        ("", None, "eni-1"),
    ] {
        let scene = interface(description, instance, false).await;
        found(&scene, NETWORK, Severity::Warning, "vpc.main", &[says]);
    }
}

#[tokio::test]
async fn what_stays_is_not_looked_at_and_what_may_not_be_read_is_unknown() {
    let elsewhere = "network:\n  existing:\n    vpc: vpc-0a1b2c3d\n    private_subnets: [subnet-0000000a, \
                     subnet-0000000b]\n    public_subnets: [subnet-0000000c, subnet-0000000d]\n";
    let scene = Scene::going(elsewhere).await;
    assert!(scene.checks().iter().all(|check| check.id != NETWORK), "the network stays");
    let unread = with(|told| told.fargate_profiles = denied()).await;
    found(&unread, CLUSTER, Severity::Unknown, "cluster.main", &["eks:ListFargateProfiles"]);
}
