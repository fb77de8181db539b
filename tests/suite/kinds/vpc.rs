//! Networks.

use aws_sdk_ec2::types::{ResourceType, Tag, TagSpecification};
use ppm_infra::cloud::ErrorKind;
use ppm_infra::model::address::Address;
use ppm_infra::model::document::Document;
use ppm_infra::model::observation::Observation;
use ppm_infra::model::resource::Resource;
use ppm_infra::resources::vpc::Vpc;
use serde_json::json;

use crate::support::lifecycle::Lab;

pub(crate) fn sample() -> Vpc {
    Vpc { cidr: "10.0.0.0/16".parse().unwrap(), dns_support: true, dns_hostnames: true, tags: Lab::tags("vpc", "main") }
}

/// What tags an object of EC2 as ours from birth.
pub(crate) fn marks(of: ResourceType, kind: &str, name: &str) -> TagSpecification {
    let tags = Lab::tags(kind, name).into_iter().map(|(key, value)| Tag::builder().key(key).value(value).build());
    TagSpecification::builder().resource_type(of).set_tags(Some(tags.collect())).build()
}

/// A network at `vpc.main`; its id.
pub(crate) async fn network(lab: &mut Lab) -> String {
    lab.make("main", &sample()).await.id
}

async fn of_our_stack(lab: &Lab) -> usize {
    lab.clients.ec2.describe_vpcs().send().await.unwrap().vpcs().iter().filter(|vpc| !vpc.tags().is_empty()).count()
}

#[tokio::test]
async fn a_network_is_made_found_changed_and_removed() {
    let mut lab = Lab::new(0).await;
    let vpc = sample();
    lab.make("main", &vpc).await;
    lab.find_again::<Vpc>("main").await;
    let mut changed = Vpc { dns_hostnames: false, ..vpc.clone() };
    changed.tags.insert("team".to_owned(), "data".to_owned());
    lab.change("main", &changed).await;
    lab.change("main", &Vpc { dns_support: false, dns_hostnames: false, ..vpc.clone() }).await;
    lab.change("main", &vpc).await;
    lab.remove::<Vpc>("main").await;
}

#[tokio::test]
async fn what_others_do_to_a_network_is_seen() {
    let mut lab = Lab::new(0).await;
    let vpc = sample();
    let id = network(&mut lab).await;
    let ec2 = lab.clients.ec2.clone();
    let off = aws_sdk_ec2::types::AttributeBooleanValue::builder().value(false).build();
    ec2.modify_vpc_attribute().vpc_id(&id).enable_dns_hostnames(off).send().await.unwrap();
    assert_eq!(lab.look("main", Some(&vpc)).await.unwrap(), Vpc { dns_hostnames: false, ..vpc.clone() });
    lab.change("main", &vpc).await;

    let tag = |key: &str| aws_sdk_ec2::types::Tag::builder().key(key).value("x").build();
    ec2.create_tags().resources(&id).tags(tag("kubernetes.io/cluster/other")).send().await.unwrap();
    assert_eq!(lab.look("main", Some(&vpc)).await.unwrap(), vpc, "tags of others are their business");
    ec2.create_tags().resources(&id).tags(tag("Name")).send().await.unwrap();
    let mut renamed = vpc.clone();
    renamed.tags.insert("Name".to_owned(), "x".to_owned());
    assert_eq!(lab.look("main", Some(&vpc)).await.unwrap(), renamed);
    lab.change("main", &vpc).await;

    ec2.associate_vpc_cidr_block().vpc_id(&id).cidr_block("100.64.0.0/16").send().await.unwrap();
    let found = lab.observe(&Address::of(Vpc::KIND, "main"), None, true).await;
    let Observation::Present { known, notes, .. } = found else { panic!("{found:?}") };
    assert_eq!(known.declared.read::<Vpc>().unwrap(), vpc);
    assert_eq!(notes, ["the addresses 100.64.0.0/16 were added by others"]);

    ec2.delete_vpc().vpc_id(&id).send().await.unwrap();
    assert_eq!(lab.look("main", Some(&vpc)).await, None);
}

#[tokio::test]
async fn a_lost_answer_makes_no_second_network() {
    let mut lab = Lab::new(60).await;
    // New objects show after 20 seconds of AWS.
    lab.emulator.post("/strict/settings", &json!({"consistency": {"ec2": 20}}));
    for kind in ["reset_after", "reset_before", "error500", "throttle"] {
        lab.emulator.post("/strict/faults", &json!({"operation": "CreateVpc", "kind": kind, "nth": 1}));
        let vpc = sample();
        lab.try_make("main", &vpc).await.unwrap();
        assert_eq!(of_our_stack(&lab).await, 1, "after {kind}");
        lab.remove::<Vpc>("main").await;
        lab.emulator.post("/strict/faults/clear", &json!({}));
    }
}

#[tokio::test]
async fn a_refused_network_is_an_error_at_once() {
    let mut lab = Lab::new(0).await;
    lab.emulator.post("/strict/settings", &json!({"quotas": {"L-F678F1CE": 1}}));
    let error = lab.try_make("main", &sample()).await.unwrap_err();
    assert_eq!((error.kind, error.code.as_deref()), (ErrorKind::Quota, Some("VpcLimitExceeded")));
}

#[tokio::test]
async fn what_keeps_a_network_is_named() {
    let mut lab = Lab::new(0).await;
    let id = network(&mut lab).await;
    let group = lab.clients.ec2.create_security_group().group_name("theirs").description("x").vpc_id(&id);
    let group = group.send().await.unwrap().group_id.unwrap();
    let error = lab.try_remove::<Vpc>("main").await.unwrap_err();
    assert!(error.says(&format!("{group} (theirs)")), "{error}");
    lab.clients.ec2.delete_security_group().group_id(group).send().await.unwrap();
    lab.remove::<Vpc>("main").await;
}

#[tokio::test]
async fn what_cannot_be_read_is_neither_there_nor_gone() {
    let mut lab = Lab::new(0).await;
    network(&mut lab).await;
    for (operation, kind) in [("DescribeVpcs", "denied"), ("DescribeVpcAttribute", "expired_token")] {
        lab.emulator.post("/strict/faults", &json!({"operation": operation, "kind": kind}));
        let found = lab.observe(&Address::of(Vpc::KIND, "main"), None, true).await;
        assert!(matches!(found, Observation::Unread { .. }), "{found:?}");
        lab.emulator.post("/strict/faults/clear", &json!({}));
    }
}

#[tokio::test]
async fn a_lost_answer_leaves_doubt_when_nobody_may_look() {
    let mut lab = Lab::new(60).await;
    lab.emulator.post("/strict/faults", &json!({"operation": "CreateVpc", "kind": "reset_after", "nth": 1}));
    // The look before the call is answered, the one after it is not.
    lab.emulator.post("/strict/faults", &json!({"operation": "DescribeVpcs", "kind": "expired_token", "nth": 2}));
    let error = lab.try_make("main", &sample()).await.unwrap_err();
    assert!(error.kind.leaves_doubt() && error.to_string().contains("RequestExpired"), "{error}");
    lab.emulator.post("/strict/faults/clear", &json!({}));
    lab.emulator.post("/strict/settings", &json!({"advance": 10}));
    let at = Address::of(Vpc::KIND, "main");
    let found = lab.observe(&at, Some(&Document::of(&sample())), false).await;
    assert!(matches!(found, Observation::Present { .. }), "whoever looks later finds it: {found:?}");
}
