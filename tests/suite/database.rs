//! The database and the key of a standing stack: another database takes the name, an order that ends well and is not
//! carried out, a key that somebody is about to delete. The program itself, against the strict emulator.

use serde_json::{Value, json};

use crate::drift::Standing;
use crate::support::hint::{follow, hint};

const PLAN: [&str; 2] = ["plan", "--detailed-exitcode"];
const APPLY: [&str; 2] = ["apply", "--auto-approve"];
const NAME: &str = "ppm-prod-database";

async fn rename(at: &Standing, from: &str, to: &str) {
    let call = at.aws.rds.modify_db_instance().db_instance_identifier(from).new_db_instance_identifier(to);
    call.apply_immediately(true).send().await.unwrap();
}

/// Renames the database of the stack and restores a snapshot of it under its name.
async fn restore(at: &Standing, with_marks: bool) {
    let rds = &at.aws.rds;
    let call = rds.create_db_snapshot().db_instance_identifier(NAME).db_snapshot_identifier("before");
    call.send().await.unwrap();
    let found = rds.describe_db_instances().db_instance_identifier(NAME).send().await.unwrap();
    let there = found.db_instances()[0].clone();
    rename(at, NAME, "old").await;
    let call = rds.restore_db_instance_from_db_snapshot().db_instance_identifier(NAME).db_snapshot_identifier("before");
    let call = call.db_subnet_group_name(there.db_subnet_group().unwrap().db_subnet_group_name().unwrap());
    let theirs = aws_sdk_rds::types::Tag::builder().key("who").value("ann").build();
    let tags = if with_marks { there.tag_list().to_vec() } else { vec![theirs] };
    call.set_tags(Some(tags)).send().await.unwrap();
}

#[tokio::test]
async fn a_database_restored_under_the_name_of_the_old_one_is_taken_by_two_commands() {
    for with_marks in [false, true] {
        let at = Standing::with("").await;
        let old = at.computed("database.main", "resource_id");
        restore(&at, with_marks).await;
        let (release, take) = ("ppm-infra state rm database.main", "ppm-infra adopt database.main 'ppm-prod-database'");
        let both = [format!("`{release}`"), format!("`{take}`")];
        let both: Vec<&str> = both.iter().map(String::as_str).collect();
        let before = at.desk.files();
        at.desk.run(&PLAN).exit(1).says(&both).says(&[&old, "stands as old"]);
        let said = at.desk.run(&["drift", "--json", "--no-record"]).exit(2);
        assert_eq!(Standing::drifted(&said), [("database.main".to_owned(), "name".to_owned())].into(), "{said}");
        said.says(&["state rm database.main", "adopt database.main"]);
        at.desk.run(&["status"]).says(&both).says(&["another database than the recorded one"]);
        // Nothing else leads astray: the old one stays recorded until it is let go of.
        at.desk.run(&["adopt", "database.main", NAME, "--auto-approve"]).exit(1).says(&["state rm database.main"]);
        assert_eq!(at.desk.files(), before);

        let said = at.desk.run(&PLAN).exit(1);
        follow(&at.desk, &said, "lets go of", "ppm-infra state rm database.main").exit(0);
        let take = hint(&at.desk, &said, "takes it over", "ppm-infra adopt database.main");
        take.approved("yes").exit(0);
        at.desk.run(&APPLY).exit(0);
        at.desk.run(&PLAN).exit(0);
        at.desk.run(&["drift"]).exit(2).says(&[
            "settings that wait for a restart",
            "the snapshot",
            "2 not declared by anybody.",
        ]);
        assert_ne!(at.computed("database.main", "resource_id"), old);
        let found = at.aws.rds.describe_db_instances().db_instance_identifier("old").send().await.unwrap();
        assert_eq!(found.db_instances()[0].dbi_resource_id(), Some(old.as_str()), "nobody touched it");
    }
}

#[tokio::test]
async fn a_database_that_somebody_renamed_gets_its_name_back_by_the_command_that_is_named() {
    let at = Standing::with("").await;
    rename(&at, NAME, "old").await;
    at.desk.run(&PLAN).exit(1).says(&["is protected and would be replaced"]);
    let said = at.desk.run(&["drift"]).exit(2);
    follow(&at.desk, &said, "somebody renamed it", "aws rds modify-db-instance").exit(0);
    at.desk.run(&PLAN).exit(0);
}

#[tokio::test]
async fn a_standby_that_is_taken_away_again_is_an_error_and_what_is_there_is_recorded() {
    let at = Standing::with("database: {multi_az: false}").await;
    let keeps = |value: bool| {
        let order = json!({"kind": "db_instance", "id": NAME, "action": "no_standby", "value": !value});
        at.emulator.post("/strict/mutate", &order);
    };
    keeps(false);
    at.desk.declare(&[]);
    at.desk.run(&APPLY).exit(1).says(&["ordered with a standby, and has none"]);
    let record: Value = serde_json::from_str(&at.desk.read("state/ppm-prod.lock.json")).unwrap();
    assert_eq!(record["resources"]["database.main"]["declared"]["multi_az"], false);
    at.desk.run(&PLAN).exit(2).says(&["multi_az"]);
    keeps(true);
    at.desk.run(&APPLY).exit(0);
    at.desk.run(&PLAN).exit(0);
}

#[tokio::test]
async fn a_key_that_is_about_to_go_is_told_everywhere_and_saved_by_apply() {
    let at = Standing::with("").await;
    let (kms, id) = (&at.aws.kms, at.computed("kms_key.main", "key_id"));
    let made = kms.schedule_key_deletion().key_id(&id).pending_window_in_days(7).send().await.unwrap();
    let day = made.deletion_date().unwrap().fmt(aws_sdk_kms::primitives::DateTimeFormat::DateTime).unwrap();
    let cancel = format!("`aws kms cancel-key-deletion --region us-east-1 --key-id {id}`");
    let all = [&day[..10], "its data with it", &cancel];
    at.desk.run(&["drift"]).exit(2).says(&all);
    at.desk.run(&["status"]).exit(1).says(&all).says(&["PendingDeletion"]);
    let told = at.desk.run(&["--json", "status"]).exit(1).json().pop().unwrap();
    assert_eq!(told["key"]["there"]["state"], "PendingDeletion", "{told}");
    let said = at.desk.run(&PLAN).exit(2).says(&all).says(&["kms_key.main", "1 to update"]);
    assert!(!said.stdout.contains("to replace"), "{said}");
    // Whoever wants everything gone is not held up by it.
    at.desk.run(&["plan", "--destroy"]).exit(0);
    at.desk.run(&APPLY).exit(0);
    let saved = kms.describe_key().key_id(&id).send().await.unwrap().key_metadata.unwrap();
    assert_eq!(saved.key_state.unwrap().as_str(), "Enabled");
    at.desk.run(&PLAN).exit(0);
    at.desk.run(&["drift"]).exit(0);

    // Cancelled by hand as is said, it is left disabled, and apply does the rest.
    kms.schedule_key_deletion().key_id(&id).send().await.unwrap();
    kms.cancel_key_deletion().key_id(&id).send().await.unwrap();
    at.desk.run(&["status"]).exit(1).says(&["the key is disabled"]);
    at.desk.run(&PLAN).exit(2).says(&["enabled"]);
    at.desk.run(&APPLY).exit(0);
    at.desk.run(&PLAN).exit(0);
}

#[tokio::test]
async fn a_secret_that_is_about_to_go_is_restored_with_its_value() {
    let at = Standing::with("").await;
    let secrets = &at.aws.secrets;
    for address in ["secret.encryption-key", "secret.database"] {
        let arn = at.id(address);
        let value =
            || async { secrets.get_secret_value().secret_id(&arn).send().await.unwrap().secret_string.unwrap() };
        let before = value().await;
        secrets.delete_secret().secret_id(&arn).recovery_window_in_days(7).send().await.unwrap();
        at.desk.run(&["drift"]).exit(2).says(&[address]);
        at.desk.run(&APPLY).exit(0);
        assert_eq!(value().await, before, "{address}");
        at.desk.run(&PLAN).exit(0);
    }
}
