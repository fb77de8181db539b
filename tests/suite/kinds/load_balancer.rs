//! Load balancers.

use std::collections::BTreeSet;

use aws_sdk_elasticloadbalancingv2::types::{IpAddressType, LoadBalancerAttribute, Tag};
use ppm_infra::model::address::Address;
use ppm_infra::model::observation::Observation;
use ppm_infra::model::reference::Ref;
use ppm_infra::model::resource::Resource;
use ppm_infra::resources::load_balancer::LoadBalancer;
use ppm_infra::resources::security_group::{SecurityGroup, SecurityGroupComputed};
use ppm_infra::resources::subnet::{Subnet, SubnetComputed};
use ppm_infra::resources::vpc::Vpc;
use serde_json::json;

use super::ground::{
    calls, differs, happens, id, is_unread_without, leaves_foreign_alone, makes_one_when_the_answer_is_lost, network,
    stands,
};
use crate::support::lifecycle::Lab;

pub(crate) fn sample() -> LoadBalancer {
    LoadBalancer {
        name: "lab-main".to_owned(),
        scheme: "internet-facing".to_owned(),
        ip_address_type: "ipv4".to_owned(),
        subnets: BTreeSet::from(["a", "b"].map(Ref::named)),
        security_groups: BTreeSet::from([Ref::named("one")]),
        idle_timeout_seconds: 300,
        drop_invalid_headers: true,
        deletion_protection: true,
        tags: Lab::tags("load_balancer", "main"),
    }
}

#[tokio::test]
async fn a_load_balancer_is_made_found_changed_and_removed() {
    let mut lab = Lab::new(0).await;
    network(&mut lab).await;
    let balancer = sample();
    lab.make("main", &balancer).await;
    lab.find_again::<LoadBalancer>("main").await;
    let mut marked = balancer.clone();
    marked.tags.insert("team".to_owned(), "data".to_owned());
    let all = [
        marked,
        LoadBalancer { subnets: BTreeSet::from(["b", "c"].map(Ref::named)), ..balancer.clone() },
        LoadBalancer { security_groups: BTreeSet::from(["one", "two"].map(Ref::named)), ..balancer.clone() },
        LoadBalancer { idle_timeout_seconds: 60, ..balancer.clone() },
        LoadBalancer { drop_invalid_headers: false, ..balancer.clone() },
        LoadBalancer { deletion_protection: false, ..balancer.clone() },
    ];
    for changed in all {
        lab.change("main", &changed).await;
        lab.change("main", &balancer).await;
    }
    assert_eq!(calls(&lab, "SetSubnets"), 2, "only what differs is sent");
    assert_eq!(calls(&lab, "SetSecurityGroups"), 2, "only what differs is sent");
    lab.remove::<LoadBalancer>("main").await;
}

#[tokio::test]
async fn what_others_do_to_a_load_balancer_is_seen() {
    let mut lab = Lab::new(0).await;
    network(&mut lab).await;
    let balancer = sample();
    let arn = lab.make("main", &balancer).await.id;
    let elb = lab.clients.elb.clone();
    let attributes = [
        ("idle_timeout.timeout_seconds", "61", "idle_timeout_seconds"),
        ("routing.http.drop_invalid_header_fields.enabled", "false", "drop_invalid_headers"),
        ("deletion_protection.enabled", "false", "deletion_protection"),
    ];
    for (key, value, field) in attributes {
        let attribute = LoadBalancerAttribute::builder().key(key).value(value).build();
        let call = elb.modify_load_balancer_attributes().load_balancer_arn(&arn).attributes(attribute);
        call.send().await.unwrap();
        assert_eq!(differs(&lab, "main", &balancer).await, [field]);
        lab.change("main", &balancer).await;
    }
    let other = LoadBalancerAttribute::builder().key("client_keep_alive.seconds").value("60").build();
    elb.modify_load_balancer_attributes().load_balancer_arn(&arn).attributes(other).send().await.unwrap();
    assert!(differs(&lab, "main", &balancer).await.is_empty(), "attributes nobody declares mean nothing");

    let call = elb.set_ip_address_type().load_balancer_arn(&arn).ip_address_type(IpAddressType::Dualstack);
    call.send().await.unwrap();
    assert_eq!(differs(&lab, "main", &balancer).await, ["ip_address_type"]);
    lab.change("main", &balancer).await;
    let call = elb.set_subnets().load_balancer_arn(&arn);
    call.subnets(id::<Subnet>(&lab, "b")).subnets(id::<Subnet>(&lab, "c")).send().await.unwrap();
    assert_eq!(differs(&lab, "main", &balancer).await, ["subnets"]);
    let call = elb.set_subnets().load_balancer_arn(&arn);
    call.subnets(id::<Subnet>(&lab, "b")).subnets(id::<Subnet>(&lab, "a")).send().await.unwrap();
    assert!(differs(&lab, "main", &balancer).await.is_empty(), "the order of subnets means nothing");
    let call = elb.set_security_groups().load_balancer_arn(&arn);
    call.security_groups(id::<SecurityGroup>(&lab, "two")).send().await.unwrap();
    assert_eq!(differs(&lab, "main", &balancer).await, ["security_groups"]);
    lab.change("main", &balancer).await;

    let theirs = Tag::builder().key("theirs").value("x").build();
    elb.add_tags().resource_arns(&arn).tags(theirs).send().await.unwrap();
    assert!(differs(&lab, "main", &balancer).await.is_empty(), "tags of others mean nothing");
    elb.remove_tags().resource_arns(&arn).tag_keys("Name").send().await.unwrap();
    assert_eq!(differs(&lab, "main", &balancer).await, ["tags"]);
    lab.change("main", &balancer).await;

    let unprotected = LoadBalancer { deletion_protection: false, ..balancer.clone() };
    lab.change("main", &unprotected).await;
    elb.delete_load_balancer().load_balancer_arn(&arn).send().await.unwrap();
    assert_eq!(lab.look("main", Some(&balancer)).await, None);
}

#[tokio::test]
async fn other_parts_behind_the_same_references_are_set() {
    let mut lab = Lab::new(0).await;
    network(&mut lab).await;
    let balancer = sample();
    let arn = lab.make("main", &balancer).await.id;
    let second = id::<SecurityGroup>(&lab, "two");
    stands::<SecurityGroup>(&mut lab, "one", &SecurityGroupComputed { id: second.clone() });
    let third = id::<Subnet>(&lab, "c");
    stands::<Subnet>(&mut lab, "a", &SubnetComputed { id: third });
    lab.point_anew::<LoadBalancer>("main").await;
    let there = lab.clients.elb.describe_load_balancers().load_balancer_arns(&arn).send().await.unwrap();
    assert_eq!(there.load_balancers()[0].security_groups(), [second]);
    assert!(differs(&lab, "main", &balancer).await.is_empty());
}

#[tokio::test]
async fn one_that_takes_the_place_of_another_stands_beside_it() {
    let mut lab = Lab::new(0).await;
    network(&mut lab).await;
    let first = lab.make("main", &sample()).await.id;
    let internal = LoadBalancer { scheme: "internal".to_owned(), ..sample() };
    let name = format!("lab-main-{}", lab.next_suffix());
    let second = lab.try_make("main", &internal).await.unwrap().id;
    assert_eq!(lab.look("main", Some(&internal)).await.unwrap(), internal, "known by the name without the suffix");
    let elb = lab.clients.elb.clone();
    let there = elb.describe_load_balancers().names("lab-main").names(&name).send().await.unwrap();
    assert_eq!(there.load_balancers().len(), 2, "{there:?}");
    lab.tells_twins_apart::<LoadBalancer>("main", [&first, &second]).await;
    // A third one finds the first name free again, and takes none all the same: nobody need know.
    let unprotected = LoadBalancerAttribute::builder().key("deletion_protection.enabled").value("false").build();
    let call = elb.modify_load_balancer_attributes().load_balancer_arn(&first).attributes(unprotected);
    call.send().await.unwrap();
    elb.delete_load_balancer().load_balancer_arn(&first).send().await.unwrap();
    // Of others, with a name as ours would have, none is in the way.
    let call = elb.create_load_balancer().name("lab-main-abcdef");
    let call = call.subnets(id::<Subnet>(&lab, "a")).subnets(id::<Subnet>(&lab, "b"));
    call.security_groups(id::<SecurityGroup>(&lab, "one")).send().await.unwrap();
    assert_eq!(lab.found_by_marks::<LoadBalancer>("main").await, Some(second.clone()));
    let third = lab.try_make("main", &sample()).await.unwrap().id;
    assert_ne!(third, second);
    assert_eq!(lab.look("main", Some(&sample())).await.unwrap(), sample());
    lab.remove::<LoadBalancer>("main").await;
}

#[tokio::test]
async fn a_load_balancer_of_others_is_left_alone() {
    let mut lab = Lab::new(0).await;
    network(&mut lab).await;
    // Of the same settings: creating it again would hand it out as ours.
    let call = lab.clients.elb.create_load_balancer().name("lab-main");
    let call = call.subnets(id::<Subnet>(&lab, "a")).subnets(id::<Subnet>(&lab, "b"));
    call.security_groups(id::<SecurityGroup>(&lab, "one")).send().await.unwrap();
    leaves_foreign_alone(&mut lab, "main", &sample()).await;
}

#[tokio::test]
async fn what_failed_is_made_again_and_what_was_protected_by_others_goes() {
    let mut lab = Lab::new(0).await;
    network(&mut lab).await;
    let balancer = LoadBalancer { deletion_protection: false, ..sample() };
    let first = lab.make("main", &balancer).await.id;
    happens(&lab, &json!({"kind": "load_balancer", "id": "lab-main", "action": "state", "value": "active_impaired"}));
    assert!(differs(&lab, "main", &balancer).await.is_empty(), "impaired it works, too");
    happens(&lab, &json!({"kind": "load_balancer", "id": "lab-main", "action": "state", "value": "failed"}));
    lab.is_left_to_remove::<LoadBalancer>("main").await;
    let second = lab.make("main", &balancer).await.id;
    assert_ne!(first, second);
    let on = LoadBalancerAttribute::builder().key("deletion_protection.enabled").value("true").build();
    let call = lab.clients.elb.modify_load_balancer_attributes().load_balancer_arn(&second).attributes(on);
    call.send().await.unwrap();
    lab.remove::<LoadBalancer>("main").await;
}

#[tokio::test]
async fn a_load_balancer_is_waited_for_and_so_are_its_interfaces() {
    let mut lab = Lab::new(100).await;
    network(&mut lab).await;
    let balancer = LoadBalancer { deletion_protection: false, ..sample() };
    lab.pace(1);
    let marks = Lab::tags("load_balancer", "main").into_iter();
    let marks = marks.map(|(key, value)| Tag::builder().key(key).value(value).build()).collect();
    let call = lab.clients.elb.create_load_balancer().name("lab-main").set_tags(Some(marks));
    let call = call.subnets(id::<Subnet>(&lab, "a")).subnets(id::<Subnet>(&lab, "b"));
    call.security_groups(id::<SecurityGroup>(&lab, "one")).send().await.unwrap();
    assert!(!lab.is_settled("main", &balancer).await, "it is being made");
    lab.pace(100);
    lab.make("main", &balancer).await;
    assert!(lab.is_settled("main", &balancer).await);

    lab.pace(1);
    let known = id::<LoadBalancer>(&lab, "main");
    lab.clients.elb.delete_load_balancer().load_balancer_arn(known).send().await.unwrap();
    let at = Address::of(LoadBalancer::KIND, "main");
    assert_eq!(lab.observe(&at, None, true).await, Observation::Absent, "it is gone");
    let found = lab.observe_to_remove(&at, true).await;
    assert!(matches!(found, Observation::Present { .. }), "its interfaces are not: {found:?}");
    lab.pace(100);
    lab.remove::<LoadBalancer>("main").await;
    let left = lab.clients.ec2.describe_network_interfaces().send().await.unwrap();
    assert!(left.network_interfaces().is_empty(), "{left:?}");
}

#[tokio::test]
async fn a_lost_answer_makes_no_second_load_balancer_and_a_denied_one_says_nothing() {
    let mut lab = Lab::new(0).await;
    network(&mut lab).await;
    let lost = ("elasticloadbalancing", "CreateLoadBalancer");
    makes_one_when_the_answer_is_lost(&mut lab, lost, "main", &sample()).await;
    let reads = ["DescribeLoadBalancers", "DescribeLoadBalancerAttributes", "DescribeTags"];
    is_unread_without::<LoadBalancer>(&lab, "main", "elasticloadbalancing", &reads).await;
}

#[tokio::test]
async fn parts_made_a_moment_ago_are_waited_for() {
    let mut lab = Lab::new(60).await;
    network(&mut lab).await;
    let balancer = sample();
    lab.make("main", &balancer).await;
    let vpc = id::<Vpc>(&lab, "main");
    lab.emulator.post("/strict/settings", &json!({"consistency": {"ec2": 30}}));
    let ec2 = lab.clients.ec2.clone();
    let made = ec2.create_subnet().vpc_id(&vpc).cidr_block("10.0.9.0/24").availability_zone("us-east-1c");
    let subnet = made.send().await.unwrap().subnet().unwrap().subnet_id().unwrap().to_owned();
    stands::<Subnet>(&mut lab, "new", &SubnetComputed { id: subnet });
    lab.try_change("main", &LoadBalancer { subnets: ["a", "new"].map(Ref::named).into(), ..balancer.clone() })
        .await
        .unwrap();
    let call = ec2.create_security_group().vpc_id(&vpc).group_name("new").description("new");
    let group = call.send().await.unwrap().group_id().unwrap().to_owned();
    stands::<SecurityGroup>(&mut lab, "new", &SecurityGroupComputed { id: group });
    lab.try_change("main", &LoadBalancer { security_groups: [Ref::named("new")].into(), ..balancer }).await.unwrap();
}

#[tokio::test]
async fn a_role_of_the_service_made_a_moment_ago_is_waited_for() {
    // The minute in which it is waited for must be longer than one call takes.
    let mut lab = Lab::new(60).await;
    network(&mut lab).await;
    lab.emulator.post(
        "/strict/faults",
        &json!({"operation": "CreateLoadBalancer", "kind": "code", "nth": 1,
        "code": "OperationNotPermitted", "message": "Unable to create the resource. Verify that you have permission to \
        create service linked role."}),
    );
    lab.make("main", &sample()).await;
}
