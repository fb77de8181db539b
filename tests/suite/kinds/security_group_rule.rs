//! Rules that stand alone.

use aws_sdk_ec2::types::{IpPermission, SecurityGroupRuleRequest, SecurityGroupRuleUpdate, Tag, UserIdGroupPair};
use ppm_infra::cloud::ErrorKind;
use ppm_infra::model::address::Address;
use ppm_infra::model::document::Document;
use ppm_infra::model::observation::Observation;
use ppm_infra::model::reference::Ref;
use ppm_infra::model::resource::Resource;
use ppm_infra::resources::security_group::{Peer, SecurityGroup};
use ppm_infra::resources::security_group_rule::{RuleHome, SecurityGroupRule};
use serde_json::json;

use super::security_group::{self, cluster_group};
use super::vpc::network;
use crate::support::lifecycle::Lab;

/// Lets `security_group.balancer` reach the nodes.
fn sample(group: RuleHome) -> SecurityGroupRule {
    SecurityGroupRule {
        group,
        protocol: "tcp".to_owned(),
        from_port: 30080,
        to_port: 30080,
        peer: Peer::Group(Ref::named("balancer")),
        description: "from the load balancer".to_owned(),
        tags: Lab::tags("security_group_rule", "nodes"),
    }
}

fn on_cluster() -> SecurityGroupRule {
    sample(RuleHome::Cluster(Ref::named("main")))
}

/// A laboratory with a balancer's group and a cluster's; their ids.
async fn laboratory() -> (Lab, String, String) {
    let mut lab = Lab::new(0).await;
    let vpc = network(&mut lab).await;
    let cluster = cluster_group(&mut lab, &vpc, "eks").await;
    let balancer = lab.make("balancer", &security_group::sample("balancer")).await.id;
    (lab, cluster, balancer)
}

/// The same rule by other hands; its id.
async fn by_hand(lab: &Lab, group: &str, peer: &str) -> String {
    let pair = UserIdGroupPair::builder().group_id(peer).description("elbv2.k8s.aws/targetGroupBinding=shared").build();
    let permission = IpPermission::builder().ip_protocol("tcp").from_port(30080).to_port(30080);
    let permission = permission.user_id_group_pairs(pair).build();
    let call = lab.clients.ec2.authorize_security_group_ingress().group_id(group).ip_permissions(permission);
    call.send().await.unwrap().security_group_rules()[0].security_group_rule_id().unwrap().to_owned()
}

#[tokio::test]
async fn a_rule_is_made_found_changed_and_removed() {
    let (mut lab, cluster, _) = laboratory().await;
    let rule = on_cluster();
    let made = lab.make("nodes", &rule).await;
    assert_eq!(made.group_id, cluster);
    lab.find_again::<SecurityGroupRule>("nodes").await;
    let mut changed = SecurityGroupRule { description: "other words".to_owned(), ..rule.clone() };
    changed.tags.insert("team".to_owned(), "data".to_owned());
    lab.change("nodes", &changed).await;
    lab.change("nodes", &rule).await;
    lab.remove::<SecurityGroupRule>("nodes").await;

    // In a group of ours, with all protocols, and gone with its group.
    let ours = SecurityGroupRule {
        protocol: "-1".to_owned(),
        from_port: -1,
        to_port: -1,
        peer: Peer::Cluster(Ref::named("main")),
        ..sample(RuleHome::Group(Ref::named("balancer")))
    };
    lab.make("nodes", &ours).await;
    lab.remove::<SecurityGroup>("balancer").await;
    lab.remove::<SecurityGroupRule>("nodes").await;
}

#[tokio::test]
async fn what_others_do_to_a_rule_is_seen() {
    let (mut lab, cluster, balancer) = laboratory().await;
    let rule = on_cluster();
    let id = lab.make("nodes", &rule).await.id;
    let ec2 = lab.clients.ec2.clone();
    let request = SecurityGroupRuleRequest::builder().ip_protocol("tcp").from_port(30080).to_port(30090);
    let request = request.referenced_group_id(&balancer).description("wider").build();
    let update = SecurityGroupRuleUpdate::builder().security_group_rule_id(&id).security_group_rule(request).build();
    ec2.modify_security_group_rules().group_id(&cluster).security_group_rules(update).send().await.unwrap();
    let wider = SecurityGroupRule { to_port: 30090, description: "wider".to_owned(), ..rule.clone() };
    assert_eq!(lab.look("nodes", Some(&rule)).await.unwrap(), wider);

    ec2.delete_tags().resources(&id).tags(Tag::builder().key("Name").build()).send().await.unwrap();
    let mut nameless = wider.clone();
    nameless.tags.remove("Name");
    assert_eq!(lab.look("nodes", Some(&rule)).await.unwrap(), nameless);

    let call = ec2.revoke_security_group_ingress().group_id(&cluster).security_group_rule_ids(&id);
    call.send().await.unwrap();
    assert_eq!(lab.look("nodes", Some(&rule)).await, None);
}

#[tokio::test]
async fn the_same_rule_of_nobody_is_taken_over() {
    let (mut lab, cluster, balancer) = laboratory().await;
    let theirs = by_hand(&lab, &cluster, &balancer).await;
    let found = lab.observe(&at(), Some(&Document::of(&on_cluster())), false).await;
    assert_eq!(found, Observation::Absent, "there is one to make");
    assert_eq!(lab.make("nodes", &on_cluster()).await.id, theirs);
    lab.find_again::<SecurityGroupRule>("nodes").await;
    lab.remove::<SecurityGroupRule>("nodes").await;
}

#[tokio::test]
async fn the_same_rule_of_another_stack_is_left_to_it() {
    let (mut lab, cluster, balancer) = laboratory().await;
    let theirs = by_hand(&lab, &cluster, &balancer).await;
    let tag = Tag::builder().key("ppm-infra:stack").value("other").build();
    lab.clients.ec2.create_tags().resources(&theirs).tags(tag).send().await.unwrap();
    let error = lab.try_make("nodes", &on_cluster()).await.unwrap_err();
    assert!(error.kind == ErrorKind::NotOurs && error.says(&theirs), "{error}");
}

#[tokio::test]
async fn a_rule_takes_the_place_of_its_like() {
    let (mut lab, _, _) = laboratory().await;
    let old = lab.make("nodes", &on_cluster()).await.id;
    let new = lab.make("nodes", &on_cluster()).await.id;
    assert_ne!(new, old);
}

#[tokio::test]
async fn a_lost_answer_makes_no_trouble() {
    let (mut lab, _, _) = laboratory().await;
    let lost = json!({"operation": "AuthorizeSecurityGroupIngress", "kind": "reset_after", "nth": 1});
    lab.emulator.post("/strict/faults", &lost);
    lab.make("nodes", &on_cluster()).await;
    lab.remove::<SecurityGroupRule>("nodes").await;
}

fn at() -> Address {
    Address::of(SecurityGroupRule::KIND, "nodes")
}
