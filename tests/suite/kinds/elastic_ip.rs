//! Elastic IP addresses.

use ppm_infra::cloud::ErrorKind;
use ppm_infra::resources::elastic_ip::ElasticIp;
use serde_json::json;

use crate::support::lifecycle::Lab;

/// The address `name`.
pub(crate) fn sample(name: &str) -> ElasticIp {
    ElasticIp { tags: Lab::tags("elastic_ip", name) }
}

async fn how_many(lab: &Lab) -> usize {
    lab.clients.ec2.describe_addresses().send().await.unwrap().addresses().len()
}

#[tokio::test]
async fn an_address_is_allocated_found_changed_and_released() {
    let mut lab = Lab::new(0).await;
    let address = sample("a");
    let made = lab.make("a", &address).await;
    assert!(made.public_ip.contains('.'), "{made:?}");
    lab.find_again::<ElasticIp>("a").await;
    let mut changed = address.clone();
    changed.tags.insert("team".to_owned(), "data".to_owned());
    lab.change("a", &changed).await;
    lab.change("a", &address).await;
    lab.remove::<ElasticIp>("a").await;

    let made = lab.make("a", &address).await;
    lab.clients.ec2.release_address().allocation_id(&made.id).send().await.unwrap();
    assert_eq!(lab.look("a", Some(&address)).await, None);
}

#[tokio::test]
async fn a_lost_answer_allocates_no_second_address() {
    let mut lab = Lab::new(60).await;
    lab.emulator.post("/strict/settings", &json!({"consistency": {"ec2": 20}}));
    for kind in ["reset_after", "error503"] {
        lab.emulator.post("/strict/faults", &json!({"operation": "AllocateAddress", "kind": kind, "nth": 1}));
        lab.try_make("a", &sample("a")).await.unwrap();
        lab.remove::<ElasticIp>("a").await;
        assert_eq!(how_many(&lab).await, 0, "after {kind}");
        lab.emulator.post("/strict/faults/clear", &json!({}));
    }
}

#[tokio::test]
async fn an_unreachable_cloud_is_no_reason_to_try_for_ever() {
    let mut lab = Lab::new(0).await;
    lab.emulator.post("/strict/faults", &json!({"operation": "AllocateAddress", "kind": "reset_before"}));
    let error = lab.try_make("a", &sample("a")).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::Unreachable, "{error}");
}

#[tokio::test]
async fn of_two_addresses_with_the_same_marks_none_is_chosen() {
    let mut lab = Lab::new(0).await;
    let one = lab.try_make("a", &sample("a")).await.unwrap().id;
    let two = lab.try_make("a", &sample("a")).await.unwrap().id;
    lab.tells_twins_apart::<ElasticIp>("a", [&one, &two]).await;
}
