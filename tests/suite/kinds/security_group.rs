//! Security groups.

use std::collections::BTreeSet;

use aws_sdk_ec2::types::{IpPermission, IpRange, ResourceType, Tag, TagSpecification};
use ppm_infra::cloud::ErrorKind;
use ppm_infra::model::address::Address;
use ppm_infra::model::document::Document;
use ppm_infra::model::observation::Observation;
use ppm_infra::model::reference::Ref;
use ppm_infra::model::resource::Resource;
use ppm_infra::resources::cluster::ClusterComputed;
use ppm_infra::resources::security_group::{Peer, Rule, SecurityGroup};
use serde_json::json;

use super::subnet;
use super::vpc::network;
use crate::support::lifecycle::Lab;

/// The group `name` of `vpc.main`, with no rules.
pub(crate) fn sample(name: &str) -> SecurityGroup {
    SecurityGroup {
        vpc: Ref::named("main"),
        name: format!("lab-{name}"),
        description: "for tests".to_owned(),
        ingress: BTreeSet::new(),
        egress: BTreeSet::new(),
        tags: Lab::tags("security_group", name),
    }
}

fn world() -> Peer {
    Peer::Cidr("0.0.0.0/0".to_owned())
}

fn balancer() -> SecurityGroup {
    SecurityGroup {
        ingress: [Rule::tcp(443, world(), "HTTPS"), Rule::tcp(80, world(), "to HTTPS")].into(),
        egress: [Rule::all(world(), "answers")].into(),
        ..sample("balancer")
    }
}

/// Puts a group on record as the one EKS made for `cluster.main`; its id.
pub(crate) async fn cluster_group(lab: &mut Lab, vpc: &str, name: &str) -> String {
    let call = lab.clients.ec2.create_security_group().group_name(name).description("EKS created").vpc_id(vpc);
    let group = call.send().await.unwrap().group_id.unwrap();
    let cluster = ClusterComputed {
        id: "lab".to_owned(),
        arn: "arn:aws:eks:us-east-1:123456789012:cluster/lab".to_owned(),
        endpoint: None,
        certificate_authority: None,
        issuer: None,
        security_group_id: Some(group.clone()),
    };
    lab.ids.insert(&"cluster.main".parse().unwrap(), &Document::of(&cluster));
    group
}

/// Lets a range of addresses in by one TCP port, behind the tool's back.
async fn open(lab: &Lab, group: &str, port: i32, tags: &[(&str, &str)]) {
    let range = IpRange::builder().cidr_ip("192.0.2.0/24").description("by hand").build();
    let permission = IpPermission::builder().ip_protocol("tcp").from_port(port).to_port(port).ip_ranges(range);
    let call = lab.clients.ec2.authorize_security_group_ingress().group_id(group).ip_permissions(permission.build());
    let tags = tags.iter().map(|(key, value)| Tag::builder().key(*key).value(*value).build()).collect::<Vec<_>>();
    let specification = TagSpecification::builder().resource_type(ResourceType::SecurityGroupRule);
    let call = if tags.is_empty() { call } else { call.tag_specifications(specification.set_tags(Some(tags)).build()) };
    call.send().await.unwrap();
}

#[tokio::test]
async fn a_group_is_made_found_changed_and_removed() {
    let mut lab = Lab::new(0).await;
    network(&mut lab).await;
    let group = balancer();
    lab.make("balancer", &group).await;
    lab.find_again::<SecurityGroup>("balancer").await;
    let mut changed = group.clone();
    changed.ingress = [
        Rule::tcp(443, world(), "other words for the same rule"),
        Rule::tcp(443, Peer::Cidr("2001:db8::/32".to_owned()), "IPv6"),
        Rule::tcp(8443, Peer::Cidr("10.0.0.0/8".to_owned()), ""),
    ]
    .into();
    changed.egress = BTreeSet::new();
    changed.tags.insert("team".to_owned(), "data".to_owned());
    lab.change("balancer", &changed).await;
    lab.change("balancer", &group).await;
    lab.make("closed", &sample("closed")).await;
    lab.remove::<SecurityGroup>("balancer").await;
}

#[tokio::test]
async fn rules_name_groups_and_clusters() {
    let mut lab = Lab::new(0).await;
    let vpc = network(&mut lab).await;
    cluster_group(&mut lab, &vpc, "eks-one").await;
    lab.make("balancer", &balancer()).await;
    let database = SecurityGroup {
        ingress: [
            Rule::tcp(5432, Peer::Cluster(Ref::named("main")), "pods"),
            Rule::tcp(5432, Peer::Group(Ref::named("balancer")), "no use, but allowed"),
        ]
        .into(),
        ..sample("database")
    };
    lab.make("database", &database).await;
    lab.find_again::<SecurityGroup>("database").await;

    // The cluster is made anew: the reference is the same, and means another group.
    let old = cluster_group(&mut lab, &vpc, "eks-two").await;
    let found = lab.look("database", Some(&database)).await.unwrap();
    assert_ne!(found, database, "{old} is not let in");
    lab.change("database", &database).await;

    // The group that is named cannot go; who names it is told.
    let error = lab.try_remove::<SecurityGroup>("balancer").await.unwrap_err();
    assert!(error.is("DependencyViolation") && error.says("a rule of sg-") && error.says("lab-database"), "{error}");
    lab.remove::<SecurityGroup>("database").await;
    lab.remove::<SecurityGroup>("balancer").await;
}

#[tokio::test]
async fn what_others_do_to_a_group_is_seen() {
    let mut lab = Lab::new(0).await;
    network(&mut lab).await;
    let group = balancer();
    let id = lab.make("balancer", &group).await.id;
    let ec2 = lab.clients.ec2.clone();

    open(&lab, &id, 22, &[]).await;
    let mut opened = group.clone();
    opened.ingress.insert(Rule::tcp(22, Peer::Cidr("192.0.2.0/24".to_owned()), "by hand"));
    assert_eq!(lab.look("balancer", Some(&group)).await.unwrap(), opened);
    lab.change("balancer", &group).await;

    // Rules of ours that stand alone do not count, those of another stack do.
    open(&lab, &id, 23, &[("ppm-infra:stack", "lab"), ("ppm-infra:address", "security_group_rule.x")]).await;
    assert_eq!(lab.look("balancer", Some(&group)).await.unwrap(), group);
    lab.change("balancer", &group).await;
    open(&lab, &id, 24, &[("ppm-infra:stack", "other"), ("ppm-infra:address", "security_group_rule.x")]).await;
    assert_ne!(lab.look("balancer", Some(&group)).await.unwrap(), group);
    lab.change("balancer", &group).await;
    let rules = ec2.describe_security_group_rules().send().await.unwrap();
    let ports: BTreeSet<_> =
        rules.security_group_rules().iter().filter_map(aws_sdk_ec2::types::SecurityGroupRule::from_port).collect();
    assert!(ports.contains(&23) && !ports.contains(&24), "{ports:?}");

    let everything =
        || IpPermission::builder().ip_protocol("-1").ip_ranges(IpRange::builder().cidr_ip("0.0.0.0/0").build());
    ec2.revoke_security_group_egress().group_id(&id).ip_permissions(everything().build()).send().await.unwrap();
    let silent = SecurityGroup { egress: BTreeSet::new(), ..group.clone() };
    assert_eq!(lab.look("balancer", Some(&group)).await.unwrap(), silent);
    ec2.authorize_security_group_egress().group_id(&id).ip_permissions(everything().build()).send().await.unwrap();
    let undescribed = SecurityGroup { egress: [Rule::all(world(), "")].into(), ..group.clone() };
    assert_eq!(lab.look("balancer", Some(&group)).await.unwrap(), undescribed);
    lab.change("balancer", &group).await;

    ec2.delete_tags().resources(&id).tags(Tag::builder().key("Name").build()).send().await.unwrap();
    let mut nameless = group.clone();
    nameless.tags.remove("Name");
    assert_eq!(lab.look("balancer", Some(&group)).await.unwrap(), nameless);
    lab.change("balancer", &group).await;

    ec2.delete_security_group().group_id(&id).send().await.unwrap();
    assert_eq!(lab.look("balancer", Some(&group)).await, None);
}

#[tokio::test]
async fn a_name_of_others_is_left_to_them() {
    let mut lab = Lab::new(0).await;
    let vpc = network(&mut lab).await;
    let call = lab.clients.ec2.create_security_group().group_name("Lab-Balancer").description("x").vpc_id(&vpc);
    let theirs = call.send().await.unwrap().group_id.unwrap();
    let group = balancer();
    let at = Address::of(SecurityGroup::KIND, "balancer");
    let found = lab.observe(&at, Some(&Document::of(&group)), false).await;
    assert!(matches!(&found, Observation::Foreign { id, .. } if *id == theirs), "{found:?}");
    let before = lab.clients.ec2.describe_security_group_rules().send().await.unwrap();
    let error = lab.try_make("balancer", &group).await.unwrap_err();
    assert!(error.kind == ErrorKind::NotOurs && error.says(&theirs), "{error}");
    let after = lab.clients.ec2.describe_security_group_rules().send().await.unwrap();
    assert_eq!(before.security_group_rules(), after.security_group_rules());
}

#[tokio::test]
async fn a_group_whose_answer_was_lost_is_taken_over() {
    let mut lab = Lab::new(60).await;
    lab.emulator.post("/strict/settings", &json!({"consistency": {"ec2": 20}}));
    network(&mut lab).await;
    for operation in [
        "CreateSecurityGroup",
        "AuthorizeSecurityGroupIngress",
        "AuthorizeSecurityGroupEgress",
        "RevokeSecurityGroupEgress",
    ] {
        lab.emulator.post("/strict/faults", &json!({"operation": operation, "kind": "reset_after", "nth": 1}));
    }
    // With the answer lost, the call is made again while the list does not show the group.
    lab.make("balancer", &balancer()).await;
}

#[tokio::test]
async fn a_group_can_take_the_place_of_another_of_its_name() {
    let mut lab = Lab::new(0).await;
    network(&mut lab).await;
    let old = lab.make("balancer", &balancer()).await.id;
    let new = SecurityGroup { description: "other words".to_owned(), ..balancer() };
    let id = lab.make("balancer", &new).await.id;
    assert_ne!(id, old);
    // Both stand until the old one goes: what carries the same marks and is not that one is the new one.
    let at = Address::of(SecurityGroup::KIND, "balancer");
    lab.old = [old.clone()].into();
    let found = lab.observe(&at, None, false).await;
    lab.old.clear();
    let Observation::Present { known, .. } = found else { panic!("{found:?}") };
    assert_eq!(known.computed.text("id"), Some(id.as_str()));
    let found = lab.clients.ec2.describe_security_groups().group_ids(&id).send().await.unwrap();
    assert!(found.security_groups()[0].group_name().unwrap().starts_with("lab-balancer-"));
    lab.clients.ec2.delete_security_group().group_id(&old).send().await.unwrap();
    lab.find_again::<SecurityGroup>("balancer").await;
    lab.remove::<SecurityGroup>("balancer").await;
}

#[tokio::test]
async fn interfaces_left_behind_by_the_cni_go_with_the_group() {
    let mut lab = Lab::new(0).await;
    network(&mut lab).await;
    let subnet = lab.make("a", &subnet::sample("a", 1)).await.id;
    let id = lab.make("nodes", &sample("nodes")).await.id;
    lab.emulator.post(
        "/strict/mutate",
        &json!({"kind": "network_interface", "action": "leak", "cluster": "gone", "subnet": subnet, "groups": [id]}),
    );
    lab.remove::<SecurityGroup>("nodes").await;
}

#[tokio::test]
async fn a_lost_answer_makes_no_second_heir() {
    let mut lab = Lab::new(60).await;
    lab.emulator.post("/strict/settings", &json!({"consistency": {"ec2": 10}}));
    network(&mut lab).await;
    let old = lab.make("balancer", &balancer()).await.id;
    // The first call is refused, for the name is taken; the answer to the second is lost, and it is made again.
    let lost = json!({"operation": "CreateSecurityGroup", "kind": "reset_after", "nth": 2});
    lab.emulator.post("/strict/faults", &lost);
    let new = SecurityGroup { description: "other words".to_owned(), ..balancer() };
    let id = lab.make("balancer", &new).await.id;
    assert_ne!(id, old);
    let all = lab.clients.ec2.describe_security_groups().send().await.unwrap();
    let ours = all.security_groups().iter().filter(|group| !group.tags().is_empty());
    assert_eq!(ours.count(), 2, "the old one and the new one");
}
