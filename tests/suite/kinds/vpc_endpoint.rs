//! Endpoints: by a route, and by interfaces.

use std::collections::BTreeSet;

use aws_sdk_ec2::types::{ResourceType, VpcEndpointType};
use ppm_infra::cloud::ErrorKind;
use ppm_infra::model::address::Address;
use ppm_infra::model::document::Document;
use ppm_infra::model::observation::Observation;
use ppm_infra::model::reference::Ref;
use ppm_infra::model::resource::Resource;
use ppm_infra::resources::security_group::SecurityGroup;
use ppm_infra::resources::subnet::Subnet;
use ppm_infra::resources::vpc_endpoint::{Interface, VpcEndpoint};
use serde_json::json;

use super::vpc::{marks, network};
use super::{route_table, security_group, subnet};
use crate::support::lifecycle::Lab;

const S3: &str = "com.amazonaws.us-east-1.s3";

fn sample(tables: &[&str]) -> VpcEndpoint {
    VpcEndpoint {
        vpc: Ref::named("main"),
        service: S3.to_owned(),
        route_tables: tables.iter().map(|name| Ref::named(name)).collect(),
        interface: None,
        tags: Lab::tags("vpc_endpoint", "s3"),
    }
}

async fn laboratory(scale: u32) -> (Lab, String, [String; 2]) {
    let mut lab = Lab::new(scale).await;
    let vpc = network(&mut lab).await;
    let one = lab.make("one", &route_table::sample("one")).await.id;
    let two = lab.make("two", &route_table::sample("two")).await.id;
    (lab, vpc, [one, two])
}

#[tokio::test]
async fn an_endpoint_is_made_found_changed_and_removed() {
    let (mut lab, _, _) = laboratory(20).await;
    let endpoint = sample(&["one", "two"]);
    lab.make("s3", &endpoint).await;
    lab.find_again::<VpcEndpoint>("s3").await;
    assert!(lab.is_settled("s3", &endpoint).await);
    let mut changed = sample(&["two"]);
    changed.tags.insert("team".to_owned(), "data".to_owned());
    lab.change("s3", &changed).await;
    lab.change("s3", &sample(&["one"])).await;
    lab.change("s3", &endpoint).await;
    lab.remove::<VpcEndpoint>("s3").await;
}

#[tokio::test]
async fn what_others_do_to_an_endpoint_is_seen() {
    let (mut lab, _, [one, _]) = laboratory(0).await;
    let endpoint = sample(&["one", "two"]);
    let id = lab.make("s3", &endpoint).await.id;
    let ec2 = lab.clients.ec2.clone();
    ec2.modify_vpc_endpoint().vpc_endpoint_id(&id).remove_route_table_ids(&one).send().await.unwrap();
    assert_eq!(lab.look("s3", Some(&endpoint)).await.unwrap(), sample(&["two"]));
    lab.change("s3", &endpoint).await;

    let at = Address::of(VpcEndpoint::KIND, "s3");
    let notes = |found: Observation| {
        let Observation::Present { notes, .. } = found else { panic!("{found:?}") };
        notes
    };
    assert_eq!(notes(lab.observe(&at, None, true).await), Vec::<String>::new());
    let narrow = json!({"Version": "2012-10-17", "Statement": []}).to_string();
    ec2.modify_vpc_endpoint().vpc_endpoint_id(&id).policy_document(narrow).send().await.unwrap();
    assert_eq!(lab.look("s3", Some(&endpoint)).await.unwrap(), endpoint, "the policy is nothing we declare");
    assert_eq!(notes(lab.observe(&at, None, true).await).len(), 1);

    // A table made anew under the same name is another table.
    lab.make("one", &route_table::sample("one")).await;
    lab.change("s3", &endpoint).await;

    ec2.delete_vpc_endpoints().vpc_endpoint_ids(&id).send().await.unwrap();
    assert_eq!(lab.look("s3", Some(&endpoint)).await, None);
}

#[tokio::test]
async fn the_endpoint_of_others_is_left_to_them() {
    let (mut lab, vpc, [one, _]) = laboratory(0).await;
    let call = lab.clients.ec2.create_vpc_endpoint().vpc_id(&vpc).service_name(S3).route_table_ids(&one);
    let theirs = call.send().await.unwrap().vpc_endpoint.unwrap().vpc_endpoint_id.unwrap();
    let endpoint = sample(&["one", "two"]);
    let at = Address::of(VpcEndpoint::KIND, "s3");
    let found = lab.observe(&at, Some(&Document::of(&endpoint)), false).await;
    assert!(matches!(&found, Observation::Foreign { id, .. } if *id == theirs), "{found:?}");
    let error = lab.try_make("s3", &endpoint).await.unwrap_err();
    assert!(error.kind == ErrorKind::NotOurs && error.says(&theirs), "{error}");
    // It is not in the way of other tables.
    lab.make("s3", &sample(&["two"])).await;
}

#[tokio::test]
async fn lost_answers_and_late_lists_change_nothing() {
    let (mut lab, _, _) = laboratory(60).await;
    lab.emulator.post("/strict/settings", &json!({"consistency": {"ec2": 20}}));
    for operation in ["CreateVpcEndpoint", "DeleteVpcEndpoints"] {
        lab.emulator.post("/strict/faults", &json!({"operation": operation, "kind": "reset_after", "nth": 1}));
    }
    lab.make("s3", &sample(&["one"])).await;
    let all = lab.clients.ec2.describe_vpc_endpoints().send().await.unwrap();
    let ids: BTreeSet<_> = all.vpc_endpoints().iter().map(|one| one.vpc_endpoint_id()).collect();
    assert_eq!(ids.len(), 1);
    lab.remove::<VpcEndpoint>("s3").await;
}

#[tokio::test]
async fn an_endpoint_that_is_gone_already_counts_as_removed_however_that_is_told() {
    let (mut lab, _, _) = laboratory(0).await;
    let id = lab.make("s3", &sample(&["one"])).await.id;
    lab.clients.ec2.delete_vpc_endpoints().vpc_endpoint_ids(&id).send().await.unwrap();
    // Inside a success, and as the answer of the whole call.
    lab.try_remove::<VpcEndpoint>("s3").await.unwrap();
    let gone = json!({"operation": "DeleteVpcEndpoints", "kind": "code", "code": "InvalidVpcEndpointId.NotFound"});
    lab.emulator.post("/strict/faults", &gone);
    lab.try_remove::<VpcEndpoint>("s3").await.unwrap();
}

#[tokio::test]
async fn an_endpoint_that_is_being_made_is_not_at_rest() {
    let (lab, vpc, [one, _]) = laboratory(20).await;
    lab.emulator.post("/strict/settings", &json!({"scale": 1, "consistency": {"ec2": 0}}));
    let call = lab.clients.ec2.create_vpc_endpoint().vpc_id(&vpc).service_name(S3).route_table_ids(&one);
    call.tag_specifications(marks(ResourceType::VpcEndpoint, "vpc_endpoint", "s3")).send().await.unwrap();
    assert!(!lab.is_settled("s3", &sample(&["one"])).await);
}

const STS: &str = "com.amazonaws.us-east-1.sts";

fn interface(subnets: &[&str], groups: &[&str], private_dns: bool) -> VpcEndpoint {
    VpcEndpoint {
        vpc: Ref::named("main"),
        service: STS.to_owned(),
        route_tables: BTreeSet::new(),
        interface: Some(Interface {
            subnets: subnets.iter().map(|name| Ref::named(name)).collect(),
            security_groups: groups.iter().map(|name| Ref::named(name)).collect(),
            private_dns,
        }),
        tags: Lab::tags("vpc_endpoint", "sts"),
    }
}

/// A network with two subnets and two firewalls; its id.
async fn places(scale: u32) -> (Lab, String) {
    let mut lab = Lab::new(scale).await;
    let vpc = network(&mut lab).await;
    for (name, part, zone) in [("a", 1, "us-east-1a"), ("b", 2, "us-east-1b")] {
        lab.make(name, &Subnet { zone: zone.to_owned(), ..subnet::sample(name, part) }).await;
    }
    for name in ["one", "two"] {
        lab.make(name, &security_group::sample(name)).await;
    }
    (lab, vpc)
}

#[tokio::test]
async fn an_endpoint_with_interfaces_is_made_found_changed_and_removed() {
    let (mut lab, _) = places(60).await;
    let endpoint = interface(&["a", "b"], &["one"], true);
    lab.make("sts", &endpoint).await;
    lab.find_again::<VpcEndpoint>("sts").await;
    for changed in [
        interface(&["a"], &["one"], true),
        interface(&["a", "b"], &["one", "two"], true),
        interface(&["b"], &["two"], false),
        endpoint.clone(),
    ] {
        lab.change("sts", &changed).await;
    }
    // What others do is seen.
    let id = lab.ids.computed(&Address::of(VpcEndpoint::KIND, "sts")).unwrap().text("id").unwrap().to_owned();
    let call = lab.clients.ec2.modify_vpc_endpoint().vpc_endpoint_id(&id).private_dns_enabled(false);
    call.send().await.unwrap();
    assert_eq!(lab.look("sts", Some(&endpoint)).await.unwrap(), interface(&["a", "b"], &["one"], false));
    lab.change("sts", &endpoint).await;
    lab.remove::<VpcEndpoint>("sts").await;
    // It keeps neither subnets nor firewalls in use.
    lab.remove::<Subnet>("a").await;
    lab.remove::<SecurityGroup>("one").await;
}

#[tokio::test]
async fn the_private_name_of_others_is_left_to_them() {
    let (mut lab, vpc) = places(0).await;
    let call = lab.clients.ec2.create_vpc_endpoint().vpc_id(&vpc).service_name(STS);
    let theirs = call.vpc_endpoint_type(VpcEndpointType::Interface).private_dns_enabled(true).send().await.unwrap();
    let theirs = theirs.vpc_endpoint.unwrap().vpc_endpoint_id.unwrap();
    let endpoint = interface(&["a"], &["one"], true);
    let at = Address::of(VpcEndpoint::KIND, "sts");
    let found = lab.observe(&at, Some(&Document::of(&endpoint)), false).await;
    assert!(matches!(&found, Observation::Foreign { id, .. } if *id == theirs), "{found:?}");
    let error = lab.try_make("sts", &endpoint).await.unwrap_err();
    assert!(error.kind == ErrorKind::NotOurs && error.says(&theirs), "{error}");
    // Without the name there is room for both.
    lab.make("sts", &interface(&["a"], &["one"], false)).await;
}

#[tokio::test]
async fn an_answer_that_is_lost_makes_no_second_endpoint_with_interfaces() {
    let (mut lab, _) = places(0).await;
    for operation in ["CreateVpcEndpoint", "ModifyVpcEndpoint", "DeleteVpcEndpoints"] {
        lab.emulator.post("/strict/faults", &json!({"operation": operation, "kind": "reset_after", "nth": 1}));
    }
    lab.make("sts", &interface(&["a"], &["one"], true)).await;
    let all = lab.clients.ec2.describe_vpc_endpoints().send().await.unwrap();
    assert_eq!(all.vpc_endpoints().len(), 1);
    lab.change("sts", &interface(&["b"], &["two"], true)).await;
    lab.remove::<VpcEndpoint>("sts").await;
}
