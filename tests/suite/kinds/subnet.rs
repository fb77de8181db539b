//! Subnets.

use aws_sdk_ec2::types::{AttributeBooleanValue, ResourceType, Tag, TagSpecification};
use ppm_infra::cloud::ErrorKind;
use ppm_infra::model::address::Address;
use ppm_infra::model::document::Document;
use ppm_infra::model::observation::Observation;
use ppm_infra::model::reference::Ref;
use ppm_infra::model::resource::Resource;
use ppm_infra::resources::subnet::Subnet;
use serde_json::json;

use super::vpc::network;
use crate::support::lifecycle::Lab;

/// The subnet `name` of `vpc.main`: the third number of its addresses is `part`.
pub(crate) fn sample(name: &str, part: u8) -> Subnet {
    Subnet {
        vpc: Ref::named("main"),
        cidr: format!("10.0.{part}.0/24").parse().unwrap(),
        zone: "us-east-1a".to_owned(),
        map_public_ip: false,
        tags: Lab::tags("subnet", name),
    }
}

#[tokio::test]
async fn a_subnet_is_made_found_changed_and_removed() {
    let mut lab = Lab::new(0).await;
    network(&mut lab).await;
    let subnet = sample("a", 1);
    lab.make("a", &subnet).await;
    lab.make("public", &Subnet { map_public_ip: true, ..sample("public", 2) }).await;
    lab.find_again::<Subnet>("a").await;
    let mut changed = Subnet { map_public_ip: true, ..subnet.clone() };
    changed.tags.insert("kubernetes.io/role/elb".to_owned(), "1".to_owned());
    lab.change("a", &changed).await;
    lab.change("a", &subnet).await;
    lab.remove::<Subnet>("a").await;
}

#[tokio::test]
async fn what_others_do_to_a_subnet_is_seen() {
    let mut lab = Lab::new(0).await;
    network(&mut lab).await;
    let subnet = sample("a", 1);
    let id = lab.make("a", &subnet).await.id;
    let ec2 = lab.clients.ec2.clone();
    let on = AttributeBooleanValue::builder().value(true).build();
    ec2.modify_subnet_attribute().subnet_id(&id).map_public_ip_on_launch(on).send().await.unwrap();
    assert_eq!(lab.look("a", Some(&subnet)).await.unwrap(), Subnet { map_public_ip: true, ..subnet.clone() });
    lab.change("a", &subnet).await;

    ec2.delete_tags().resources(&id).tags(Tag::builder().key("Name").build()).send().await.unwrap();
    let theirs = Tag::builder().key("theirs").value("x").build();
    ec2.create_tags().resources(&id).tags(theirs).send().await.unwrap();
    let mut nameless = subnet.clone();
    nameless.tags.remove("Name");
    assert_eq!(lab.look("a", Some(&subnet)).await.unwrap(), nameless);
    lab.change("a", &subnet).await;

    ec2.delete_subnet().subnet_id(&id).send().await.unwrap();
    assert_eq!(lab.look("a", Some(&subnet)).await, None);
}

#[tokio::test]
async fn addresses_of_others_are_left_to_them() {
    let mut lab = Lab::new(0).await;
    let vpc = network(&mut lab).await;
    let ec2 = lab.clients.ec2.clone();
    let tags = TagSpecification::builder().resource_type(ResourceType::Subnet);
    let tags = tags.tags(Tag::builder().key("ppm-infra:stack").value("other").build()).build();
    let theirs = ec2.create_subnet().vpc_id(&vpc).cidr_block("10.0.1.0/24").tag_specifications(tags).send().await;
    let theirs = theirs.unwrap().subnet.unwrap().subnet_id.unwrap();

    let subnet = sample("a", 1);
    let found = lab.observe(&Address::of(Subnet::KIND, "a"), Some(&Document::of(&subnet)), false).await;
    let Observation::Foreign { id, because, .. } = found else { panic!("{found:?}") };
    assert_eq!(id, theirs);
    assert!(because.contains("stack other"), "{because}");
    let error = lab.try_make("a", &subnet).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::NotOurs);
    assert!(error.says(&theirs) && error.says("adopt subnet.a"), "{error}");

    // They may also overlap.
    let wide = Subnet { cidr: "10.0.0.0/20".parse().unwrap(), ..subnet };
    let error = lab.try_make("a", &wide).await.unwrap_err();
    assert!(error.kind == ErrorKind::NotOurs && error.says("10.0.1.0/24"), "{error}");
}

#[tokio::test]
async fn a_subnet_whose_answer_was_lost_is_taken_over() {
    let mut lab = Lab::new(0).await;
    network(&mut lab).await;
    lab.emulator.post("/strict/faults", &json!({"operation": "CreateSubnet", "kind": "reset_after", "nth": 1}));
    lab.make("a", &Subnet { map_public_ip: true, ..sample("a", 1) }).await;
    // By a later run as well: with other tags, and nothing set.
    let mut lost = sample("b", 2);
    lost.tags.remove("Name");
    lab.make("b", &lost).await;
    lab.make("b", &Subnet { map_public_ip: true, ..sample("b", 2) }).await;
}

#[tokio::test]
async fn a_new_subnet_may_be_invisible_for_a_while() {
    let mut lab = Lab::new(60).await;
    lab.emulator.post("/strict/settings", &json!({"consistency": {"ec2": 30}}));
    network(&mut lab).await;
    lab.make("a", &Subnet { map_public_ip: true, ..sample("a", 1) }).await;
}

#[tokio::test]
async fn interfaces_left_behind_by_the_cni_go_with_the_subnet() {
    let mut lab = Lab::new(0).await;
    network(&mut lab).await;
    let id = lab.make("a", &sample("a", 1)).await.id;
    let ec2 = lab.clients.ec2.clone();
    let leaked = json!({"kind": "network_interface", "action": "leak", "cluster": "gone", "subnet": id});
    lab.emulator.post("/strict/mutate", &leaked);
    let theirs = ec2.create_network_interface().subnet_id(&id).description("a bastion").send().await.unwrap();
    let theirs = theirs.network_interface.unwrap().network_interface_id.unwrap();

    let error = lab.try_remove::<Subnet>("a").await.unwrap_err();
    assert!(error.is("DependencyViolation") && error.says(&format!("{theirs} (a bastion)")), "{error}");
    assert!(!error.says("aws-K8S"), "{error}");
    ec2.delete_network_interface().network_interface_id(theirs).send().await.unwrap();
    lab.remove::<Subnet>("a").await;
}

#[tokio::test]
async fn interfaces_of_one_cluster_are_swept() {
    let mut lab = Lab::new(0).await;
    network(&mut lab).await;
    let id = lab.make("a", &sample("a", 1)).await.id;
    for cluster in ["mine", "theirs"] {
        let leaked = json!({"kind": "network_interface", "action": "leak", "cluster": cluster, "subnet": id});
        lab.emulator.post("/strict/mutate", &leaked);
    }
    let left = ppm_infra::cloud::aws::ec2::sweep_interfaces(&lab.clients, "mine").await.unwrap();
    assert_eq!(left, Vec::<String>::new());
    let found = lab.clients.ec2.describe_network_interfaces().send().await.unwrap();
    let tags: Vec<_> =
        found.network_interfaces().iter().flat_map(aws_sdk_ec2::types::NetworkInterface::tag_set).collect();
    assert!(tags.iter().any(|tag| tag.value() == Some("theirs")));
    assert!(tags.iter().all(|tag| tag.value() != Some("mine")));
}

#[tokio::test]
async fn not_found_right_after_in_use_is_not_believed_at_once() {
    let mut lab = Lab::new(0).await;
    network(&mut lab).await;
    let id = lab.make("a", &sample("a", 1)).await.id;
    for (nth, code) in [(1, "DependencyViolation"), (2, "InvalidSubnetID.NotFound")] {
        let fault = json!({"operation": "DeleteSubnet", "kind": "code", "nth": nth, "code": code, "message": code});
        lab.emulator.post("/strict/faults", &fault);
    }
    lab.try_remove::<Subnet>("a").await.unwrap();
    let left = lab.clients.ec2.describe_subnets().send().await.unwrap();
    assert!(left.subnets().iter().all(|one| one.subnet_id() != Some(&id)), "{left:?}");
}
