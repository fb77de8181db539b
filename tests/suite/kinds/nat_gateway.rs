//! NAT gateways.

use aws_sdk_ec2::types::{NatGatewayState, ResourceType};
use ppm_infra::cloud::ErrorKind;
use ppm_infra::model::reference::Ref;
use ppm_infra::resources::elastic_ip::ElasticIp;
use ppm_infra::resources::internet_gateway::InternetGateway;
use ppm_infra::resources::nat_gateway::NatGateway;
use ppm_infra::resources::subnet::Subnet;
use serde_json::json;

use super::vpc::{marks, network};
use super::{elastic_ip, internet_gateway, subnet};
use crate::support::lifecycle::Lab;

/// The gateway in `subnet.public` with `elastic_ip.a`.
pub(crate) fn sample() -> NatGateway {
    NatGateway { subnet: Ref::named("public"), elastic_ip: Ref::named("a"), tags: Lab::tags("nat_gateway", "a") }
}

/// What [`sample`] needs, but for the internet gateway.
pub(crate) async fn surroundings(lab: &mut Lab) {
    network(lab).await;
    lab.make("public", &subnet::sample("public", 100)).await;
    lab.make("a", &elastic_ip::sample("a")).await;
}

#[tokio::test]
async fn a_nat_gateway_is_made_found_changed_and_removed() {
    let mut lab = Lab::new(100).await;
    surroundings(&mut lab).await;
    lab.make("main", &internet_gateway::sample()).await;
    let gateway = sample();
    lab.make("a", &gateway).await;
    lab.find_again::<NatGateway>("a").await;
    let mut changed = gateway.clone();
    changed.tags.insert("team".to_owned(), "data".to_owned());
    lab.change("a", &changed).await;
    lab.change("a", &gateway).await;

    // While it stands, its address and its subnet cannot go, nor the way out.
    let error = lab.try_remove::<InternetGateway>("main").await.unwrap_err();
    assert!(error.is("DependencyViolation") && error.says("Interface for NAT Gateway"), "{error}");
    let error = lab.try_remove::<ElasticIp>("a").await.unwrap_err();
    assert!(error.is("AuthFailure") && error.says("Still there: eni-"), "{error}");

    // In the order of the engine, with AWS lagging behind.
    lab.remove::<NatGateway>("a").await;
    lab.remove::<ElasticIp>("a").await;
    lab.remove::<InternetGateway>("main").await;
    lab.remove::<Subnet>("public").await;
}

#[tokio::test]
async fn a_nat_gateway_others_deleted_is_made_again_with_its_address() {
    let mut lab = Lab::new(100).await;
    surroundings(&mut lab).await;
    lab.make("main", &internet_gateway::sample()).await;
    let gateway = sample();
    let id = lab.make("a", &gateway).await.id;
    assert!(lab.is_settled("a", &sample()).await);
    lab.pace(1);
    lab.clients.ec2.delete_nat_gateway().nat_gateway_id(&id).send().await.unwrap();
    lab.is_left_to_remove::<NatGateway>("a").await;
    lab.pace(100);
    assert_ne!(lab.make("a", &gateway).await.id, id);
}

#[tokio::test]
async fn a_nat_gateway_that_failed_is_cleared_away() {
    let mut lab = Lab::new(100).await;
    surroundings(&mut lab).await;
    let gateway = sample();
    let error = lab.try_make("a", &gateway).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::Refused, "{error}");
    assert!(error.is("Gateway.NotAttached") && error.says("has no Internet gateway"), "{error}");
    let failed = || async {
        let all = lab.clients.ec2.describe_nat_gateways().send().await.unwrap();
        all.nat_gateways().iter().filter(|one| one.state() == Some(&NatGatewayState::Failed)).count()
    };
    assert_eq!(failed().await, 1, "earlier tries are cleared away");
    lab.is_left_to_remove::<NatGateway>("a").await;
    lab.make("main", &internet_gateway::sample()).await;
    lab.make("a", &gateway).await;
    let all = lab.clients.ec2.describe_nat_gateways().send().await.unwrap();
    assert!(all.nat_gateways().iter().all(|one| one.state() != Some(&NatGatewayState::Failed)));
}

#[tokio::test]
async fn one_that_is_being_made_is_not_at_rest() {
    let mut lab = Lab::new(100).await;
    surroundings(&mut lab).await;
    lab.make("main", &internet_gateway::sample()).await;
    lab.emulator.post("/strict/settings", &json!({"scale": 1, "consistency": {"ec2": 0}}));
    let id = |kind: &str, name: &str| {
        let known = lab.ids.computed(&format!("{kind}.{name}").parse().unwrap()).unwrap();
        known.text("id").unwrap().to_owned()
    };
    let call = lab.clients.ec2.create_nat_gateway().subnet_id(id("subnet", "public"));
    let call = call.allocation_id(id("elastic_ip", "a"));
    call.tag_specifications(marks(ResourceType::Natgateway, "nat_gateway", "a")).send().await.unwrap();
    assert!(!lab.is_settled("a", &sample()).await);
}
