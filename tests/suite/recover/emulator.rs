//! The same against the strict emulator: what AWS lists, and what it takes to look at one object by its id.

use std::collections::{BTreeMap, BTreeSet};

use aws_sdk_ec2::types::{ResourceType, Tag, TagSpecification};
use ppm_infra::cloud::{Cloud, ObserveRequest};
use ppm_infra::engine::state::Recorded;
use ppm_infra::model::address::Address;
use ppm_infra::model::index::IdIndex;
use ppm_infra::model::observation::Observation;
use ppm_infra::model::surroundings::Questions;
use ppm_infra::resources::Aws;
use serde_json::{Value, json};
use tokio::runtime::{Builder, Runtime};

use super::{APPLY, DESTROY, LOCKFILE, PLAN, RECOVER, gone};
use crate::support::binary::Desk;
use crate::support::emulator::Emulator;

pub(super) fn start() -> (Emulator, Desk) {
    let emulator = Emulator::start(0);
    let desk = Desk::at(&emulator.endpoint(), 0);
    desk.declare(&[]);
    (emulator, desk)
}

pub(super) fn online() -> Runtime {
    Builder::new_current_thread().enable_all().build().unwrap()
}

pub(super) fn inventory(emulator: &Emulator) -> Value {
    let mut inventory = emulator.get("/strict/inventory");
    inventory.as_object_mut().unwrap().remove("lingering");
    inventory
}

/// What the lockfile holds.
pub(super) fn records(desk: &Desk) -> BTreeMap<Address, Recorded> {
    let lockfile: Value = serde_json::from_str(&desk.read(LOCKFILE)).unwrap();
    serde_json::from_value(lockfile["resources"].clone()).unwrap()
}

/// An address with the marks of `address`.
async fn allocate(emulator: &Emulator, address: &str) -> String {
    let tags = [("ppm-infra:stack", "ppm-prod"), ("ppm-infra:address", address), ("Name", "by-hand")];
    let tags = tags.map(|(key, value)| Tag::builder().key(key).value(value).build());
    let tags = TagSpecification::builder().resource_type(ResourceType::ElasticIp).set_tags(Some(tags.into())).build();
    let call = emulator.clients().await.ec2.allocate_address().tag_specifications(tags);
    call.send().await.unwrap().allocation_id.unwrap()
}

/// The census names everything that carries tags, and every object is read by its id as it was recorded.
async fn assert_seen(emulator: &Emulator, desk: &Desk) {
    let records = records(desk);
    let cloud = Aws::new(emulator.clients().await);
    let place = cloud.survey(&Questions::default()).await.unwrap();
    let census = cloud.census("ppm-prod", &place).await.unwrap();
    let listed: BTreeSet<(String, String)> = census.into_iter().map(|one| (one.address.to_string(), one.id)).collect();
    let id = |one: &Recorded| one.computed.text("id").unwrap().to_owned();
    let tagged = records.iter().filter(|(_, one)| one.declared.get("tags").is_some());
    let recorded: BTreeSet<(String, String)> = tagged.map(|(at, one)| (at.to_string(), id(one))).collect();
    assert_eq!(listed, recorded);
    assert!(cloud.census("ppm", &place).await.unwrap().is_empty(), "another stack whose name begins the same");
    let ids = IdIndex::of(records.iter().map(|(address, one)| (address, &one.computed)));
    let targets = BTreeMap::new();
    let request =
        ObserveRequest { stack: "ppm-prod", targets: &targets, ids: &ids, surroundings: &place, removing: false };
    for (at, one) in &records {
        let Observation::Present { known, .. } = cloud.find(at, &id(one), &one.declared, &request).await else {
            panic!("{at} was not found by its id {}", id(one));
        };
        assert_eq!((&known.declared, &known.computed), (&one.declared, &one.computed), "{at}");
    }
}

#[test]
fn a_lost_lockfile_is_made_again_with_what_nobody_knew_of() {
    let (emulator, desk) = start();
    let before = inventory(&emulator);
    desk.run(&APPLY).exit(0);
    let whole = records(&desk);
    let (old, stray) = online().block_on(async {
        assert_seen(&emulator, &desk).await;
        (allocate(&emulator, "elastic_ip.nat-a").await, allocate(&emulator, "elastic_ip.stray").await)
    });
    gone(&desk);
    let told =
        [format!("elastic_ip.nat-a  {old}  is an old one"), format!("elastic_ip.stray  {stray}  is not declared")];
    desk.run(&RECOVER).exit(0).says(&["46 of 46 objects declared", &told[0], &told[1]]);
    let mut again = records(&desk);
    again.remove(&"elastic_ip.stray".parse().unwrap());
    assert_eq!(again, whole);
    desk.run(&PLAN).exit(2).says(&["Plan: 2 to delete."]);
    desk.run(&APPLY).exit(0);
    desk.run(&PLAN).exit(0);
    let lost = online().block_on(allocate(&emulator, "elastic_ip.stray"));
    let told = ["1 object is left with the marks of ppm-prod", &lost];
    desk.run(&[&DESTROY[..], &["--no-final-snapshot"]].concat()).exit(1).says(&told);
    desk.run(&["recover", "--force", "--auto-approve"]).exit(0).says(&["0 of", &lost]);
    desk.run(&DESTROY).exit(0).says(&["found 0 objects of ppm-prod left"]);
    assert_eq!(inventory(&emulator), before, "nothing is left");
}

#[test]
fn tags_of_what_is_gone_are_no_objects() {
    let (emulator, desk) = start();
    desk.run(&APPLY).exit(0);
    emulator.post("/strict/settings", &json!({"extra": {"tags_stay": true}}));
    let destroy = [&DESTROY[..], &["--no-final-snapshot"]].concat();
    desk.run(&destroy).exit(0).says(&["found 0 objects of ppm-prod left"]);
    // Nothing is recorded now, so nothing tells what an object of a kind would look like.
    desk.run(&destroy).exit(0);
    gone(&desk);
    desk.run(&destroy).exit(0);
    let left = online().block_on(async { emulator.clients().await.ec2.describe_tags().send().await.unwrap() });
    assert!(!left.tags().is_empty(), "the list of tags still has them");
}

/// Names that begin like ours: another stack's, one without a hyphen, and some in regions that answer for nobody else.
#[test]
fn buckets_elsewhere_and_of_other_stacks_are_not_asked_for() {
    let (emulator, desk) = start();
    desk.run(&APPLY).exit(0);
    online().block_on(async {
        let aws = emulator.clients().await;
        for (name, region) in [
            ("ppm-prod-exports", "ap-east-1"),
            ("ppm-prod-archive", "eu-central-1"),
            ("ppm-prod-backup", "eu-west-1"),
            ("ppm-production", "us-east-1"),
            ("ppm-prod-of-others", "us-east-1"),
        ] {
            let there = aws.s3.config().to_builder().region(aws_sdk_s3::config::Region::new(region));
            let s3 = aws_sdk_s3::Client::from_conf(there.build());
            let place = aws_sdk_s3::types::BucketLocationConstraint::from(region);
            let place = aws_sdk_s3::types::CreateBucketConfiguration::builder().location_constraint(place).build();
            let place = (region != "us-east-1").then_some(place);
            s3.create_bucket().bucket(name).set_create_bucket_configuration(place).send().await.unwrap();
        }
    });
    emulator.post("/strict/log/clear", &Value::Null);
    gone(&desk);
    desk.run(&RECOVER).exit(0).says(&["46 of 46 objects declared"]);
    let asked: BTreeSet<String> = emulator
        .calls()
        .iter()
        .filter(|call| call["service"] == "s3" && call["operation"] == "GetBucketTagging")
        .map(|call| call["resource"].as_str().unwrap().to_owned())
        .collect();
    assert!(
        asked.iter().all(|name| ["ppm-prod-123456789012", "ppm-prod-of-others"].contains(&name.as_str())),
        "{asked:?}"
    );
    desk.run(&[&DESTROY[..], &["--no-final-snapshot"]].concat()).exit(0).says(&["found 0 objects of ppm-prod left"]);
}

#[test]
fn a_bucket_made_by_hand_is_taken_over_before_the_rest_is_made() {
    let (emulator, desk) = start();
    let name = "ppm-prod-123456789012";
    online().block_on(async {
        emulator.clients().await.s3.create_bucket().bucket(name).send().await.unwrap();
    });
    let adopt = format!("`ppm-infra adopt bucket.packages '{name}'`");
    desk.run(&PLAN).exit(1).says(&["does not belong to this stack", &adopt]);
    desk.run(&["adopt", "bucket.packages", "no-such-bucket", "--auto-approve"]).exit(1).says(&["there is no bucket"]);
    let told = ["1 to update", "from now on"];
    desk.run(&["adopt", "bucket.packages", name, "--auto-approve"]).exit(0).says(&told);
    desk.run(&PLAN).exit(2).says(&["45 to create, 1 to update"]);
    desk.run(&APPLY).exit(0);
    desk.run(&PLAN).exit(0);
    desk.run(&[&DESTROY[..], &["--no-final-snapshot"]].concat()).exit(0);
}

#[test]
fn a_first_apply_that_fails_is_taken_back_from_aws() {
    let (emulator, desk) = start();
    let before = inventory(&emulator);
    // By what IAM does not tell beforehand, such as a policy of the session.
    let fault = json!({"operation": "CreateNodegroup", "kind": "denied", "count": 1, "resource": "ppm-prod"});
    emulator.post("/strict/faults", &fault);
    let told = ["could not create node_group.main", "Rolled back", "are gone again"];
    desk.run(&["apply", "--auto-approve", "--on-failure", "rollback"]).exit(1).says(&told);
    assert_eq!(inventory(&emulator), before, "nothing is left");
    desk.run(&APPLY).exit(0);
    desk.run(&PLAN).exit(0);
}
