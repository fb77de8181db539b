//! Listeners.

use aws_sdk_elasticloadbalancingv2::types::{
    Action, ActionTypeEnum, Certificate, FixedResponseActionConfig, ForwardActionConfig, ProtocolEnum,
    RedirectActionConfig, RedirectActionStatusCodeEnum, Tag, TargetGroupTuple,
};
use ppm_infra::cloud::ErrorKind;
use ppm_infra::model::reference::Ref;
use ppm_infra::resources::listener::{Listener, ListenerAction};
use ppm_infra::resources::load_balancer::LoadBalancer;
use ppm_infra::resources::target_group::TargetGroup;

use super::ground::{
    calls, differs, id, is_unread_without, leaves_foreign_alone, makes_one_when_the_answer_is_lost, network,
};
use super::{load_balancer, target_group};
use crate::support::lifecycle::Lab;

const CERTIFICATE: &str = "arn:aws:acm:us-east-1:123456789012:certificate/11111111-1111-1111-1111-111111111111";
const OTHER: &str = "arn:aws:acm:us-east-1:123456789012:certificate/22222222-2222-2222-2222-222222222222";
const POLICY: &str = "ELBSecurityPolicy-TLS13-1-2-2021-06";

fn secure() -> Listener {
    Listener {
        load_balancer: Ref::named("main"),
        port: 443,
        protocol: "HTTPS".to_owned(),
        certificate: Some(CERTIFICATE.to_owned()),
        ssl_policy: Some(POLICY.to_owned()),
        action: ListenerAction::Forward(Ref::named("main")),
        tags: Lab::tags("listener", "https"),
    }
}

fn plain() -> Listener {
    Listener {
        load_balancer: Ref::named("main"),
        port: 80,
        protocol: "HTTP".to_owned(),
        certificate: None,
        ssl_policy: None,
        action: ListenerAction::RedirectToHttps,
        tags: Lab::tags("listener", "http"),
    }
}

/// A laboratory with a load balancer and two target groups, `main` and `other`.
async fn lab(scale: u32) -> Lab {
    let mut lab = Lab::new(scale).await;
    network(&mut lab).await;
    lab.make("main", &LoadBalancer { deletion_protection: false, ..load_balancer::sample() }).await;
    lab.make("main", &target_group::sample()).await;
    let tags = Lab::tags("target_group", "other");
    lab.make("other", &TargetGroup { name: "lab-other".to_owned(), tags, ..target_group::sample() }).await;
    lab
}

#[tokio::test]
async fn listeners_are_made_found_changed_and_removed() {
    let mut lab = lab(0).await;
    let (secure, plain) = (secure(), plain());
    lab.make("https", &secure).await;
    lab.make("http", &plain).await;
    lab.find_again::<Listener>("https").await;
    lab.find_again::<Listener>("http").await;
    let forward = ListenerAction::Forward(Ref::named("other"));
    let mut tagged = secure.clone();
    tagged.tags.insert("team".to_owned(), "data".to_owned());
    let changes = [
        tagged,
        Listener { certificate: Some(OTHER.to_owned()), ..secure.clone() },
        Listener { ssl_policy: Some("ELBSecurityPolicy-TLS13-1-2-Res-2021-06".to_owned()), ..secure.clone() },
        Listener { action: forward.clone(), ..secure.clone() },
        Listener { protocol: "HTTP".to_owned(), certificate: None, ssl_policy: None, ..secure.clone() },
    ];
    for changed in changes {
        lab.change("https", &changed).await;
        lab.change("https", &secure).await;
    }
    assert_eq!(calls(&lab, "ModifyListener"), 8, "only what differs is sent");
    lab.change("http", &Listener { action: forward, ..plain.clone() }).await;
    lab.change("http", &plain).await;
    // An order whose answer was lost is repeated, and what it made is brought up to date.
    lab.try_make("http", &Listener { action: ListenerAction::Forward(Ref::named("main")), ..plain }).await.unwrap();
    lab.remove::<Listener>("http").await;
    lab.remove::<Listener>("https").await;
    lab.remove::<LoadBalancer>("main").await;
}

#[tokio::test]
async fn what_others_do_to_a_listener_is_seen() {
    let mut lab = lab(0).await;
    let secure = secure();
    let arn = lab.make("https", &secure).await.id;
    let elb = lab.clients.elb.clone();
    let modify = || elb.modify_listener().listener_arn(&arn);
    let (main, other) = (id::<TargetGroup>(&lab, "main"), id::<TargetGroup>(&lab, "other"));
    let to = |arn: &str, weight: i32| TargetGroupTuple::builder().target_group_arn(arn).weight(weight).build();
    let forward =
        |config: ForwardActionConfig| Action::builder().r#type(ActionTypeEnum::Forward).forward_config(config).build();
    let redirect = RedirectActionConfig::builder().status_code(RedirectActionStatusCodeEnum::Http302).host("elsewhere");
    let redirect = Action::builder().r#type(ActionTypeEnum::Redirect).redirect_config(redirect.build());
    let closed = FixedResponseActionConfig::builder().status_code("503").build();
    let closed = Action::builder().r#type(ActionTypeEnum::FixedResponse).fixed_response_config(closed).build();
    let both = ForwardActionConfig::builder().target_groups(to(&main, 1)).target_groups(to(&other, 9)).build();
    let actions = [
        forward(ForwardActionConfig::builder().target_groups(to(&other, 1)).build()),
        forward(both),
        redirect.build(),
        closed,
    ];
    for action in actions {
        modify().default_actions(action).send().await.unwrap();
        assert_eq!(differs(&lab, "https", &secure).await, ["action"]);
        lab.change("https", &secure).await;
    }
    let long = forward(ForwardActionConfig::builder().target_groups(to(&main, 1)).build());
    modify().default_actions(long).send().await.unwrap();
    assert!(differs(&lab, "https", &secure).await.is_empty(), "both ways to tell a forward mean the same");

    let certificate = Certificate::builder().certificate_arn(OTHER).build();
    modify().certificates(certificate).send().await.unwrap();
    assert_eq!(differs(&lab, "https", &secure).await, ["certificate"]);
    lab.change("https", &secure).await;
    modify().ssl_policy("ELBSecurityPolicy-2016-08").send().await.unwrap();
    assert_eq!(differs(&lab, "https", &secure).await, ["ssl_policy"]);
    lab.change("https", &secure).await;
    modify().port(8443).send().await.unwrap();
    assert_eq!(differs(&lab, "https", &secure).await, ["port"]);
    modify().port(443).send().await.unwrap();

    let certificate = Certificate::builder().certificate_arn(OTHER).build();
    elb.add_listener_certificates().listener_arn(&arn).certificates(certificate).send().await.unwrap();
    let theirs = Tag::builder().key("theirs").value("x").build();
    elb.add_tags().resource_arns(&arn).tags(theirs).send().await.unwrap();
    assert!(differs(&lab, "https", &secure).await.is_empty(), "what nobody declares means nothing");
    elb.remove_tags().resource_arns(&arn).tag_keys("Name").send().await.unwrap();
    assert_eq!(differs(&lab, "https", &secure).await, ["tags"]);
    lab.change("https", &secure).await;

    elb.delete_listener().listener_arn(&arn).send().await.unwrap();
    assert_eq!(lab.look("https", Some(&secure)).await, None);
    lab.remove::<LoadBalancer>("main").await;
    assert_eq!(lab.look("https", Some(&secure)).await, None, "without a load balancer there is no listener");
}

#[tokio::test]
async fn another_target_group_behind_the_same_reference_is_forwarded_to() {
    let mut lab = lab(60).await;
    let plain = Listener { action: ListenerAction::Forward(Ref::named("main")), ..plain() };
    let arn = lab.make("http", &plain).await.id;
    let new = lab.try_make("main", &target_group::sample()).await.unwrap();
    lab.point_anew::<Listener>("http").await;
    let there = lab.clients.elb.describe_listeners().listener_arns(&arn).send().await.unwrap();
    assert_eq!(there.listeners()[0].default_actions()[0].target_group_arn(), Some(new.id.as_str()));
}

#[tokio::test]
async fn a_listener_of_others_is_left_alone() {
    let mut lab = lab(0).await;
    let forward = Action::builder().r#type(ActionTypeEnum::Forward).target_group_arn(id::<TargetGroup>(&lab, "main"));
    let call = lab.clients.elb.create_listener().load_balancer_arn(id::<LoadBalancer>(&lab, "main"));
    let call = call.port(80).protocol(ProtocolEnum::Http).default_actions(forward.build());
    call.send().await.unwrap();
    let same = Listener { action: ListenerAction::Forward(Ref::named("main")), ..plain() };
    leaves_foreign_alone(&mut lab, "http", &same).await;
}

#[tokio::test]
async fn a_certificate_of_another_region_is_refused_at_once() {
    let mut lab = lab(0).await;
    let elsewhere = CERTIFICATE.replace("us-east-1", "eu-west-1");
    let started = std::time::Instant::now();
    let before = calls(&lab, "CreateListener");
    let error = lab.try_make("https", &Listener { certificate: Some(elsewhere), ..secure() }).await.unwrap_err();
    assert!(error.is("CertificateNotFound"), "{error}");
    assert_eq!(error.kind, ErrorKind::NotFound);
    assert_eq!(calls(&lab, "CreateListener"), before + 1, "after {:?}", started.elapsed());
}

#[tokio::test]
async fn a_lost_answer_makes_no_second_listener_and_a_denied_one_says_nothing() {
    let mut lab = lab(0).await;
    let lost = ("elasticloadbalancing", "CreateListener");
    makes_one_when_the_answer_is_lost(&mut lab, lost, "http", &plain()).await;
    let reads = ["DescribeListeners", "DescribeTags"];
    is_unread_without::<Listener>(&lab, "http", "elasticloadbalancing", &reads).await;
}

#[tokio::test]
async fn a_tls_policy_that_does_not_exist_is_refused_at_once() {
    let mut lab = lab(0).await;
    let unknown = Listener { ssl_policy: Some("ELBSecurityPolicy-None".to_owned()), ..secure() };
    let error = lab.try_make("https", &unknown).await.unwrap_err();
    assert!(error.is("SSLPolicyNotFound"), "{error}");
    assert_eq!(calls(&lab, "CreateListener"), 1, "once is enough");
}
