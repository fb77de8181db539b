//! Target groups.

use aws_sdk_elasticloadbalancingv2::error::ProvideErrorMetadata as _;
use aws_sdk_elasticloadbalancingv2::types::{Action, ActionTypeEnum, Matcher, ProtocolEnum, Tag, TargetGroupAttribute};
use ppm_infra::cloud::ErrorKind;
use ppm_infra::model::address::Address;
use ppm_infra::model::document::Document;
use ppm_infra::model::observation::Observation;
use ppm_infra::model::reference::Ref;
use ppm_infra::model::resource::Resource as _;
use ppm_infra::resources::load_balancer::LoadBalancer;
use ppm_infra::resources::target_group::{HealthCheck, TargetGroup};
use ppm_infra::resources::vpc::Vpc;
use serde_json::json;

use super::ground::{calls, differs, id, inventory, is_unread_without, makes_one_when_the_answer_is_lost, network};
use crate::support::lifecycle::Lab;

pub(crate) fn sample() -> TargetGroup {
    TargetGroup {
        name: "lab-main".to_owned(),
        vpc: Ref::named("main"),
        protocol: "HTTP".to_owned(),
        port: 30080,
        target_type: "instance".to_owned(),
        health_check: HealthCheck {
            port: "traffic-port".to_owned(),
            protocol: "HTTP".to_owned(),
            path: "/__ping__".to_owned(),
            matcher: "200".to_owned(),
            interval_seconds: 15,
            timeout_seconds: 5,
            healthy_count: 2,
            unhealthy_count: 3,
        },
        deregistration_delay_seconds: 30,
        tags: Lab::tags("target_group", "main"),
    }
}

#[tokio::test]
async fn a_target_group_is_made_found_changed_and_removed() {
    let mut lab = Lab::new(0).await;
    network(&mut lab).await;
    let group = sample();
    let made = lab.make("main", &group).await;
    assert_eq!(made.name, "lab-main-000001");
    lab.find_again::<TargetGroup>("main").await;
    let check = &group.health_check;
    let checks = [
        HealthCheck { path: "/".to_owned(), ..check.clone() },
        HealthCheck { matcher: "200-299".to_owned(), ..check.clone() },
        HealthCheck { interval_seconds: 30, ..check.clone() },
        HealthCheck { timeout_seconds: 6, ..check.clone() },
        HealthCheck { healthy_count: 4, ..check.clone() },
        HealthCheck { unhealthy_count: 4, ..check.clone() },
    ];
    let mut changes: Vec<TargetGroup> = checks.map(|health_check| TargetGroup { health_check, ..group.clone() }).into();
    changes.push(TargetGroup { deregistration_delay_seconds: 60, ..group.clone() });
    let mut tagged = group.clone();
    tagged.tags.insert("team".to_owned(), "data".to_owned());
    changes.push(tagged);
    for changed in changes {
        lab.change("main", &changed).await;
        lab.change("main", &group).await;
    }
    assert_eq!(calls(&lab, "ModifyTargetGroup"), 12, "only what differs is sent");
    lab.remove::<TargetGroup>("main").await;
}

#[tokio::test]
async fn two_generations_stand_side_by_side() {
    let mut lab = Lab::new(0).await;
    network(&mut lab).await;
    let old = sample();
    let first = lab.make("main", &old).await;
    // The next attempt has another suffix.
    let new = TargetGroup { port: 30081, ..old.clone() };
    let second = lab.try_make("main", &new).await.unwrap();
    assert_ne!(first.name, second.name);
    lab.tells_twins_apart::<TargetGroup>("main", [&first.id, &second.id]).await;
}

#[tokio::test]
async fn what_others_do_to_a_target_group_is_seen() {
    let mut lab = Lab::new(0).await;
    network(&mut lab).await;
    let group = sample();
    let arn = lab.make("main", &group).await.id;
    let elb = lab.clients.elb.clone();
    let modify = || elb.modify_target_group().target_group_arn(&arn);
    let changes = [
        modify().health_check_path("/elsewhere"),
        modify().matcher(Matcher::builder().http_code("204").build()),
        modify().health_check_interval_seconds(20),
        modify().health_check_timeout_seconds(7),
        modify().healthy_threshold_count(5),
        modify().unhealthy_threshold_count(5),
        modify().health_check_port("9000"),
        modify().health_check_protocol(ProtocolEnum::Https),
    ];
    for change in changes {
        change.send().await.unwrap();
        assert_eq!(differs(&lab, "main", &group).await, ["health_check"]);
        lab.change("main", &group).await;
    }

    let delay = TargetGroupAttribute::builder().key("deregistration_delay.timeout_seconds").value("300").build();
    elb.modify_target_group_attributes().target_group_arn(&arn).attributes(delay).send().await.unwrap();
    assert_eq!(differs(&lab, "main", &group).await, ["deregistration_delay_seconds"]);
    lab.change("main", &group).await;
    let slow = TargetGroupAttribute::builder().key("slow_start.duration_seconds").value("30").build();
    elb.modify_target_group_attributes().target_group_arn(&arn).attributes(slow).send().await.unwrap();
    let theirs = Tag::builder().key("theirs").value("x").build();
    elb.add_tags().resource_arns(&arn).tags(theirs).send().await.unwrap();
    assert!(differs(&lab, "main", &group).await.is_empty(), "what nobody declares means nothing");
    elb.remove_tags().resource_arns(&arn).tag_keys("Name").send().await.unwrap();
    assert_eq!(differs(&lab, "main", &group).await, ["tags"]);
    lab.change("main", &group).await;

    elb.delete_target_group().target_group_arn(&arn).send().await.unwrap();
    assert_eq!(lab.look("main", Some(&group)).await, None);
}

#[tokio::test]
async fn a_target_group_of_others_is_left_alone() {
    let mut lab = Lab::new(0).await;
    network(&mut lab).await;
    let group = sample();
    // Under the very name that the first attempt would take.
    let call = lab.clients.elb.create_target_group().name("lab-main-000001").vpc_id(id::<Vpc>(&lab, "main"));
    call.protocol(ProtocolEnum::Http).port(30080).send().await.unwrap();
    let at = Address::of(TargetGroup::KIND, "main");
    // A name that only begins alike says nothing: ours has yet to be made.
    assert_eq!(lab.observe(&at, Some(&Document::of(&group)), false).await, Observation::Absent);
    let before = inventory(&lab);
    let error = lab.try_make("main", &group).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::NotOurs, "{error}");
    assert_eq!(inventory(&lab), before, "nothing was changed");
}

#[tokio::test]
async fn a_target_group_in_use_is_removed_once_it_is_released() {
    let mut lab = Lab::new(30).await;
    network(&mut lab).await;
    lab.make("main", &super::load_balancer::sample()).await;
    let arn = lab.make("main", &sample()).await.id;
    let elb = lab.clients.elb.clone();
    let forward = Action::builder().r#type(ActionTypeEnum::Forward).target_group_arn(&arn).build();
    let call = elb.create_listener().load_balancer_arn(id::<LoadBalancer>(&lab, "main"));
    let made = call.port(80).protocol(ProtocolEnum::Http).default_actions(forward).send().await.unwrap();
    let error = elb.delete_target_group().target_group_arn(&arn).send().await.unwrap_err();
    assert_eq!(error.code(), Some("ResourceInUse"));
    elb.delete_listener().listener_arn(made.listeners()[0].listener_arn().unwrap()).send().await.unwrap();
    lab.remove::<TargetGroup>("main").await;
    assert!(calls(&lab, "DeleteTargetGroup") > 3, "released only after a while");
}

#[tokio::test]
async fn a_lost_answer_makes_no_second_target_group_and_a_denied_one_says_nothing() {
    let mut lab = Lab::new(0).await;
    network(&mut lab).await;
    let lost = ("elasticloadbalancing", "CreateTargetGroup");
    makes_one_when_the_answer_is_lost(&mut lab, lost, "main", &sample()).await;
    let reads = ["DescribeTargetGroups", "DescribeTargetGroupAttributes", "DescribeTags"];
    is_unread_without::<TargetGroup>(&lab, "main", "elasticloadbalancing", &reads).await;
}

#[tokio::test]
async fn a_new_target_group_may_be_known_to_one_call_and_not_to_the_next() {
    let mut lab = Lab::new(0).await;
    network(&mut lab).await;
    let unknown =
        json!({"operation": "ModifyTargetGroupAttributes", "kind": "code", "code": "TargetGroupNotFound", "nth": 1});
    lab.emulator.post("/strict/faults", &unknown);
    lab.make("main", &sample()).await;
}
