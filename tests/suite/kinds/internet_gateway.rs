//! Internet gateways.

use ppm_infra::cloud::ErrorKind;
use ppm_infra::model::address::Address;
use ppm_infra::model::document::Document;
use ppm_infra::model::observation::Observation;
use ppm_infra::model::reference::Ref;
use ppm_infra::model::resource::Resource;
use ppm_infra::resources::internet_gateway::InternetGateway;
use serde_json::json;

use super::vpc::network;
use crate::support::lifecycle::Lab;

/// The gateway of `vpc.main`.
pub(crate) fn sample() -> InternetGateway {
    InternetGateway { vpc: Ref::named("main"), tags: Lab::tags("internet_gateway", "main") }
}

async fn how_many(lab: &Lab) -> usize {
    let all = lab.clients.ec2.describe_internet_gateways().send().await.unwrap();
    // The default network has one.
    all.internet_gateways().iter().filter(|gateway| !gateway.tags().is_empty()).count()
}

#[tokio::test]
async fn a_gateway_is_made_found_changed_and_removed() {
    let mut lab = Lab::new(0).await;
    let vpc = network(&mut lab).await;
    let gateway = sample();
    let id = lab.make("main", &gateway).await.id;
    lab.find_again::<InternetGateway>("main").await;
    let mut changed = gateway.clone();
    changed.tags.insert("team".to_owned(), "data".to_owned());
    lab.change("main", &changed).await;
    lab.change("main", &gateway).await;

    lab.clients.ec2.detach_internet_gateway().internet_gateway_id(&id).vpc_id(&vpc).send().await.unwrap();
    let detached = InternetGateway { vpc: Ref::external("none"), ..gateway.clone() };
    assert_eq!(lab.look("main", Some(&gateway)).await.unwrap(), detached);
    // It is attached again: nothing that leads to it has to change.
    assert_eq!(lab.make("main", &gateway).await.id, id);
    assert_eq!(how_many(&lab).await, 1);
    // Attached it can only be replaced when it stands no more.
    let error = lab.try_make("main", &gateway).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::Exists, "{error}");
    lab.remove::<InternetGateway>("main").await;
    assert_eq!(how_many(&lab).await, 0);
}

#[tokio::test]
async fn the_gateway_of_others_is_left_to_them() {
    let mut lab = Lab::new(0).await;
    let vpc = network(&mut lab).await;
    let ec2 = lab.clients.ec2.clone();
    let theirs = ec2.create_internet_gateway().send().await.unwrap().internet_gateway.unwrap();
    let theirs = theirs.internet_gateway_id.unwrap();
    ec2.attach_internet_gateway().internet_gateway_id(&theirs).vpc_id(&vpc).send().await.unwrap();

    let gateway = sample();
    let at = Address::of(InternetGateway::KIND, "main");
    let found = lab.observe(&at, Some(&Document::of(&gateway)), false).await;
    assert!(matches!(&found, Observation::Foreign { id, .. } if *id == theirs), "{found:?}");
    let error = lab.try_make("main", &gateway).await.unwrap_err();
    assert!(error.kind == ErrorKind::NotOurs && error.says(&theirs), "{error}");
    assert_eq!(how_many(&lab).await, 0, "none was made");
}

#[tokio::test]
async fn a_lost_answer_makes_no_second_gateway() {
    let mut lab = Lab::new(0).await;
    network(&mut lab).await;
    for operation in ["CreateInternetGateway", "AttachInternetGateway"] {
        lab.emulator.post("/strict/faults", &json!({"operation": operation, "kind": "reset_after", "nth": 1}));
        lab.make("main", &sample()).await;
        assert_eq!(how_many(&lab).await, 1, "after {operation}");
        lab.remove::<InternetGateway>("main").await;
        lab.emulator.post("/strict/faults/clear", &json!({}));
    }
}

#[tokio::test]
async fn a_new_gateway_may_be_invisible_for_a_while() {
    let mut lab = Lab::new(60).await;
    lab.emulator.post("/strict/settings", &json!({"consistency": {"ec2": 30}}));
    network(&mut lab).await;
    lab.make("main", &sample()).await;
}

#[tokio::test]
async fn a_gateway_made_a_moment_ago_is_detached_before_it_goes() {
    let mut lab = Lab::new(20).await;
    network(&mut lab).await;
    // Lists show the gateway after a while, and for as long again every other time.
    lab.emulator.post("/strict/settings", &json!({"consistency": {"ec2": 20}, "extra": {"flapping": 1}}));
    lab.try_make("main", &sample()).await.unwrap();
    lab.try_remove::<InternetGateway>("main").await.unwrap();
    lab.emulator.post("/strict/settings", &json!({"consistency": {"ec2": 0}}));
    assert_eq!(how_many(&lab).await, 0);
}

#[tokio::test]
async fn a_gateway_whose_making_was_cut_short_is_finished() {
    let mut lab = Lab::new(0).await;
    network(&mut lab).await;
    lab.emulator.post("/strict/faults", &json!({"operation": "AttachInternetGateway", "kind": "denied"}));
    let error = lab.try_make("main", &sample()).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::Denied, "{error}");
    assert_eq!(how_many(&lab).await, 1, "it has an id, and is attached to nothing");
    lab.emulator.post("/strict/faults/clear", &json!({}));
    lab.make("main", &sample()).await;
    assert_eq!(how_many(&lab).await, 1, "no other was made");
    lab.try_change("main", &sample()).await.unwrap();
}
