//! Every tag is gone from every object of a stack, on the strict emulator: with the lockfile they are put back, without it
//! one object after the other is taken over. Neither changes anything else. Removing does not need them.

use std::collections::{BTreeMap, BTreeSet};

use aws_sdk_ec2::types::Tag;
use ppm_infra::cloud::aws::Clients;
use ppm_infra::engine::state::Recorded;
use ppm_infra::model::address::Address;
use ppm_infra::model::mark::ATTEMPT_TAG;
use ppm_infra::model::reference::references;
use serde_json::{Value, json};

use super::emulator::{inventory, online, records, start};
use super::{APPLY, DESTROY, PLAN, gone};
use crate::support::binary::Desk;
use crate::support::emulator::Emulator;

/// Takes every tag off an object of which this is recorded.
async fn strip(aws: &Clients, address: &Address, recorded: &Recorded) {
    let Some(tags) = recorded.declared.get("tags") else { return };
    let keys: Vec<String> = tags.as_object().unwrap().keys().cloned().chain([ATTEMPT_TAG.to_owned()]).collect();
    let id = recorded.computed.text("id").unwrap();
    let arn = recorded.computed.text("arn").unwrap_or(id);
    match address.kind.as_str() {
        "kms_key" => drop(aws.kms.untag_resource().key_id(id).set_tag_keys(Some(keys)).send().await.unwrap()),
        "secret" => drop(aws.secrets.untag_resource().secret_id(id).set_tag_keys(Some(keys)).send().await.unwrap()),
        "bucket" => drop(aws.s3.delete_bucket_tagging().bucket(id).send().await.unwrap()),
        "iam_role" => drop(aws.iam.untag_role().role_name(id).set_tag_keys(Some(keys)).send().await.unwrap()),
        "iam_policy" => drop(aws.iam.untag_policy().policy_arn(id).set_tag_keys(Some(keys)).send().await.unwrap()),
        "oidc_provider" => {
            let call = aws.iam.untag_open_id_connect_provider().open_id_connect_provider_arn(id);
            call.set_tag_keys(Some(keys)).send().await.unwrap();
        }
        "load_balancer" | "target_group" | "listener" => {
            aws.elb.remove_tags().resource_arns(arn).set_tag_keys(Some(keys)).send().await.unwrap();
        }
        "database" | "db_parameter_group" | "db_subnet_group" => {
            let call = aws.rds.remove_tags_from_resource().resource_name(arn);
            call.set_tag_keys(Some(keys)).send().await.unwrap();
        }
        "cluster" | "node_group" | "addon" | "access_entry" => {
            aws.eks.untag_resource().resource_arn(arn).set_tag_keys(Some(keys)).send().await.unwrap();
        }
        _ => {
            let tags = keys.iter().map(|key| Tag::builder().key(key).build()).collect();
            aws.ec2.delete_tags().resources(id).set_tags(Some(tags)).send().await.unwrap();
        }
    }
}

/// Everything there is, without what tells who made it.
fn made_by_nobody(emulator: &Emulator) -> Value {
    let mut inventory = inventory(emulator);
    for objects in inventory["objects"].as_object_mut().unwrap().values_mut() {
        for object in objects.as_array_mut().unwrap() {
            if let Some(tags) = object.get_mut("tags").and_then(Value::as_object_mut) {
                tags.remove(ATTEMPT_TAG);
            }
        }
    }
    inventory
}

/// Each after what it points at.
fn in_order(records: &BTreeMap<Address, Recorded>) -> Vec<&Address> {
    let mut left: BTreeSet<&Address> = records.keys().collect();
    let mut ordered = Vec::new();
    while !left.is_empty() {
        let ready = |at: &&&Address| references(&records[**at].declared).iter().all(|to| !left.contains(to));
        let next: Vec<&Address> = left.iter().filter(ready).copied().collect();
        assert!(!next.is_empty(), "they point at each other: {left:?}");
        for at in next {
            left.remove(at);
            ordered.push(at);
        }
    }
    ordered
}

/// A stack whose tags were taken off.
struct Stripped {
    emulator: Emulator,
    desk: Desk,
    /// What is recorded of it.
    whole: BTreeMap<Address, Recorded>,
    /// What there was before its tags went.
    before: Value,
    /// What there was before any of it was made.
    empty: Value,
}

impl Stripped {
    fn new() -> Self {
        let (emulator, desk) = start();
        let empty = made_by_nobody(&emulator);
        desk.run(&APPLY).exit(0);
        let (before, whole) = (made_by_nobody(&emulator), records(&desk));
        online().block_on(async {
            let aws = emulator.clients().await;
            for (address, recorded) in &whole {
                strip(&aws, address, recorded).await;
            }
        });
        emulator.post("/strict/log/clear", &json!({}));
        Self { emulator, desk, whole, before, empty }
    }

    /// Nothing but tags was changed since, and now everything is recorded and there as it was.
    fn assert_only_tagged(&self) {
        for call in self.emulator.calls().iter().filter(|call| call["mutating"] == true) {
            assert!(call["operation"].as_str().unwrap().contains("Tag"), "{call}");
        }
        self.desk.run(&PLAN).exit(0);
        self.desk.run(&["drift"]).exit(0);
        let again = records(&self.desk);
        for (address, recorded) in &self.whole {
            assert_eq!(&again[address], recorded, "{address}");
        }
        assert_eq!(again.len(), self.whole.len());
        assert_eq!(made_by_nobody(&self.emulator), self.before);
    }
}

#[test]
fn where_somebody_took_every_tag_off_they_are_put_back() {
    let stack = Stripped::new();
    let told = stack.desk.run(&["drift", "--json"]).exit(2).json().pop().unwrap();
    let mut moved = BTreeSet::new();
    for drift in told["drift"].as_array().unwrap() {
        assert_eq!(drift["gone"], false, "{drift}");
        for field in drift["fields"].as_array().unwrap() {
            assert!(field["path"].as_str().unwrap().starts_with("tags."), "{drift}");
        }
        moved.insert(drift["address"].as_str().unwrap().parse().unwrap());
    }
    let tagged = stack.whole.iter().filter(|(_, one)| one.declared.get("tags").is_some());
    assert_eq!(moved, tagged.map(|(address, _)| address.clone()).collect());
    stack.desk.run(&APPLY).exit(0);
    stack.assert_only_tagged();
}

#[test]
fn what_lost_its_tags_is_removed_all_the_same() {
    let Stripped { emulator, desk, empty, .. } = Stripped::new();
    desk.run(&[&DESTROY[..], &["--no-final-snapshot"]].concat()).exit(0);
    assert_eq!(made_by_nobody(&emulator), empty);
}

#[test]
fn a_stack_of_nobodys_is_taken_over_object_by_object() {
    let stack = Stripped::new();
    gone(&stack.desk);
    stack.desk.run(&PLAN).exit(1).says(&["does not belong to this stack"]);
    for address in in_order(&stack.whole) {
        let id = stack.whole[address].computed.text("id").unwrap();
        stack.desk.run(&["adopt", &address.to_string(), id, "--auto-approve"]).exit(0).says(&["from now on"]);
    }
    stack.assert_only_tagged();
}
