//! Databases.

mod ordered;

use std::collections::BTreeSet;

use aws_sdk_rds::operation::create_db_instance::builders::CreateDBInstanceFluentBuilder;
use aws_sdk_rds::operation::modify_db_instance::builders::ModifyDBInstanceFluentBuilder;
use aws_sdk_rds::types::{DbSnapshot, Tag};
use ppm_infra::cloud::{Consent, ErrorKind};
use ppm_infra::model::reference::Ref;
use ppm_infra::resources::database::Database;
use ppm_infra::resources::db_parameter_group::{DbParameterGroup, DbParameterGroupComputed};
use ppm_infra::resources::kms_key::KmsKey;
use ppm_infra::resources::security_group::SecurityGroup;
use serde_json::json;

use super::ground::{
    calls, differs, happens, id, inventory, is_unread_without, leaves_foreign_alone, makes_one_when_the_answer_is_lost,
    network, notes, secrets, stands,
};
use super::{db_parameter_group, db_subnet_group};
use crate::support::lifecycle::Lab;

const NAME: &str = "lab-database";

fn sample() -> Database {
    Database {
        name: NAME.to_owned(),
        engine_version: "17".to_owned(),
        instance_class: "db.t3.xlarge".to_owned(),
        storage_gib: 100,
        storage_type: "gp3".to_owned(),
        multi_az: true,
        subnet_group: Ref::named("database"),
        security_groups: BTreeSet::from([Ref::named("one")]),
        parameter_group: Ref::named("database"),
        kms_key: Ref::named("main"),
        login: Ref::named("database"),
        username: "ppm".to_owned(),
        database: "ppm".to_owned(),
        backup_days: 7,
        backup_window: "03:00-04:00".to_owned(),
        maintenance_window: "Sun:04:30-Sun:05:30".to_owned(),
        deletion_protection: true,
        publicly_accessible: false,
        auto_minor_upgrade: true,
        copy_tags_to_snapshot: true,
        lifecycle_support: "open-source-rds-extended-support-disabled".to_owned(),
        tags: Lab::tags("database", "main"),
    }
}

/// A laboratory with everything a database stands on.
async fn lab(scale: u32) -> Lab {
    let mut lab = Lab::new(scale).await;
    network(&mut lab).await;
    secrets(&mut lab).await;
    lab.make("database", &db_subnet_group::sample()).await;
    lab.make("database", &db_parameter_group::sample("postgres17")).await;
    lab
}

fn modify(lab: &Lab) -> ModifyDBInstanceFluentBuilder {
    lab.clients.rds.modify_db_instance().db_instance_identifier(NAME)
}

/// Orders a database like the sample behind the laboratory's back, with our marks or without any.
async fn order(lab: &Lab, ours: bool) {
    ordering(lab, ours).send().await.unwrap();
}

fn ordering(lab: &Lab, ours: bool) -> CreateDBInstanceFluentBuilder {
    let marks = Lab::tags("database", "main").into_iter().filter(|_| ours);
    let marks = marks.map(|(key, value)| Tag::builder().key(key).value(value).build()).collect();
    let call = lab.clients.rds.create_db_instance().db_instance_identifier(NAME).engine("postgres");
    let call = call.engine_version("17").db_instance_class("db.t3.xlarge").allocated_storage(100).multi_az(true);
    let call = call.db_subnet_group_name(NAME).vpc_security_group_ids(id::<SecurityGroup>(lab, "one"));
    let call = call.db_parameter_group_name("lab-postgres17").backup_retention_period(7);
    let call = call.preferred_backup_window("03:00-04:00").preferred_maintenance_window("sun:04:30-sun:05:30");
    let call = call.copy_tags_to_snapshot(true);
    let call = call.engine_lifecycle_support("open-source-rds-extended-support-disabled");
    let call = call.master_username("ppm").master_user_password("correcthorse").db_name("ppm");
    call.set_tags(Some(marks))
}

/// The manual snapshots there are.
async fn snapshots(lab: &Lab) -> Vec<DbSnapshot> {
    let found = lab.clients.rds.describe_db_snapshots().snapshot_type("manual").send().await.unwrap();
    found.db_snapshots.unwrap_or_default()
}

#[tokio::test]
async fn a_database_is_made_found_changed_and_removed() {
    let mut lab = lab(0).await;
    let database = sample();
    let made = lab.make("main", &database).await;
    assert!(
        made.address.as_ref().unwrap().contains(NAME) && made.port == 5432 && made.resource_id.starts_with("db-"),
        "{made:?}"
    );
    lab.find_again::<Database>("main").await;
    let mut tagged = database.clone();
    tagged.tags.insert("team".to_owned(), "data".to_owned());
    tagged.tags.remove("Name");
    let changes = [
        tagged,
        Database { instance_class: "db.t3.large".to_owned(), ..database.clone() },
        Database { multi_az: false, ..database.clone() },
        Database { security_groups: BTreeSet::from(["one", "two"].map(Ref::named)), ..database.clone() },
        Database { backup_days: 14, ..database.clone() },
        Database { backup_window: "01:00-02:00".to_owned(), ..database.clone() },
        Database { maintenance_window: "mon:04:30-mon:05:30".to_owned(), ..database.clone() },
        Database { deletion_protection: false, ..database.clone() },
        Database { publicly_accessible: true, ..database.clone() },
        Database { auto_minor_upgrade: false, ..database.clone() },
        Database { copy_tags_to_snapshot: false, ..database.clone() },
    ];
    for changed in changes {
        lab.change("main", &changed).await;
        lab.change("main", &database).await;
    }
    assert_eq!(calls(&lab, "ModifyDBInstance"), 20, "one call for each change, none for tags");
    // An order whose answer was lost is repeated, and what it made is brought up to date.
    let grown = Database { storage_gib: 200, ..database.clone() };
    lab.try_make("main", &grown).await.unwrap();
    assert_eq!(lab.look("main", Some(&grown)).await.unwrap(), grown);
    lab.remove::<Database>("main").await;
    assert_eq!(snapshots(&lab).await, [], "the last snapshot was declined");
}

#[tokio::test]
async fn storage_grows_by_a_tenth_and_never_shrinks() {
    let mut lab = lab(0).await;
    let database = sample();
    lab.make("main", &database).await;
    let before = calls(&lab, "ModifyDBInstance");
    for (storage_gib, words) in [(50, "cannot shrink"), (105, "110 GiB or more")] {
        let error = lab.try_change("main", &Database { storage_gib, ..database.clone() }).await.unwrap_err();
        assert!(error.kind == ErrorKind::Refused && error.says(words), "{error}");
    }
    assert_eq!(calls(&lab, "ModifyDBInstance"), before, "AWS is not even asked");
    for storage_gib in [110, 400] {
        lab.change("main", &Database { storage_gib, ..database.clone() }).await;
    }
}

#[tokio::test]
async fn versions_only_rise_and_a_new_major_brings_its_parameters() {
    let mut lab = lab(0).await;
    let newer = lab.ids.clone();
    let older = DbParameterGroup { name: "lab-16".to_owned(), ..db_parameter_group::sample("postgres16") };
    lab.make("database", &older).await;
    let database = Database { engine_version: "16.8".to_owned(), ..sample() };
    lab.make("main", &database).await;
    let minor = Database { engine_version: "16.13".to_owned(), ..database.clone() };
    lab.change("main", &minor).await;

    // The group of the new family takes the place of the old one under the same reference.
    let at = ppm_infra::model::address::Address::of(
        <DbParameterGroup as ppm_infra::model::resource::Resource>::KIND,
        "database",
    );
    let computed: DbParameterGroupComputed = newer.computed(&at).unwrap().read().unwrap();
    stands::<DbParameterGroup>(&mut lab, "database", &computed);
    let major = Database { engine_version: "17".to_owned(), ..database.clone() };
    // The minor that runs may be withdrawn: RDS tells its ways on only to who asks for those as well.
    lab.emulator.post("/strict/settings", &serde_json::json!({"extra": {"withdrawn": ["16.13"]}}));
    lab.change("main", &major).await;
    let there = lab.clients.rds.describe_db_instances().db_instance_identifier(NAME).send().await.unwrap();
    let there = &there.db_instances()[0];
    assert_eq!(there.engine_version(), Some("17.10"), "the newest that can be reached");
    assert_eq!(there.db_parameter_groups()[0].db_parameter_group_name(), Some(computed.id.as_str()));

    // A minor that is there already, or an older one, asks for nothing.
    let before = calls(&lab, "ModifyDBInstance");
    lab.change("main", &Database { engine_version: "17.4".to_owned(), ..database.clone() }).await;
    assert_eq!(calls(&lab, "ModifyDBInstance"), before);
    assert!(notes::<Database>(&lab, "main").await.contains(&"17.10 is newer than the declared 17.4".to_owned()));
    let error = lab.try_change("main", &database).await.unwrap_err();
    assert!(error.says("RDS never goes back"), "{error}");
    assert_eq!(calls(&lab, "ModifyDBInstance"), before, "AWS is not even asked");
}

#[tokio::test]
async fn what_others_do_to_a_database_is_seen() {
    let mut lab = lab(0).await;
    let database = sample();
    let made = lab.make("main", &database).await;
    let changes = vec![
        (modify(&lab).db_instance_class("db.t3.large"), "instance_class"),
        (modify(&lab).multi_az(false), "multi_az"),
        (modify(&lab).vpc_security_group_ids(id::<SecurityGroup>(&lab, "two")), "security_groups"),
        (modify(&lab).db_parameter_group_name("default.postgres17"), "parameter_group"),
        (modify(&lab).backup_retention_period(1), "backup_days"),
        (modify(&lab).preferred_backup_window("01:00-02:00"), "backup_window"),
        (modify(&lab).preferred_maintenance_window("mon:10:00-mon:11:00"), "maintenance_window"),
        (modify(&lab).deletion_protection(false), "deletion_protection"),
        (modify(&lab).publicly_accessible(true), "publicly_accessible"),
        (modify(&lab).auto_minor_version_upgrade(false), "auto_minor_upgrade"),
        (modify(&lab).copy_tags_to_snapshot(false), "copy_tags_to_snapshot"),
    ];
    for (change, field) in changes {
        change.apply_immediately(true).send().await.unwrap();
        assert_eq!(differs(&lab, "main", &database).await, [field]);
        lab.change("main", &database).await;
    }
    let rds = lab.clients.rds.clone();
    let theirs = Tag::builder().key("theirs").value("x").build();
    rds.add_tags_to_resource().resource_name(&made.arn).tags(theirs).send().await.unwrap();
    happens(&lab, &json!({"kind": "db_instance", "id": NAME, "action": "failover"}));
    happens(&lab, &json!({"kind": "db_instance", "id": NAME, "action": "ca_certificate", "value": "rds-ca-ecc384-g1"}));
    happens(&lab, &json!({"kind": "db_instance", "id": NAME, "action": "minor_version", "version": "17.10"}));
    assert!(differs(&lab, "main", &database).await.is_empty(), "what RDS does by itself means nothing");
    rds.remove_tags_from_resource().resource_name(&made.arn).tag_keys("Name").send().await.unwrap();
    assert_eq!(differs(&lab, "main", &database).await, ["tags"]);
    lab.change("main", &database).await;

    // Grown by hand it differs, grown by itself it does not.
    happens(&lab, &json!({"kind": "db_instance", "id": NAME, "action": "storage_grown", "value": 120}));
    assert_eq!(differs(&lab, "main", &database).await, ["storage_gib"]);
    modify(&lab).max_allocated_storage(500).send().await.unwrap();
    assert!(differs(&lab, "main", &database).await.is_empty());
    let noted = notes::<Database>(&lab, "main").await;
    assert!(noted.iter().any(|note| note.contains("from 120 GiB now up to 500 GiB")), "{noted:?}");

    for status in ["storage-full", "maintenance", "incompatible-network", "failed"] {
        happens(&lab, &json!({"kind": "db_instance", "id": NAME, "action": "status", "value": status}));
        assert!(differs(&lab, "main", &database).await.is_empty(), "{status} is no difference");
        assert!(!notes::<Database>(&lab, "main").await.is_empty(), "{status} is worth a note");
    }
    happens(&lab, &json!({"kind": "db_instance", "id": NAME, "action": "status", "value": "available"}));
    modify(&lab).deletion_protection(false).send().await.unwrap();
    rds.delete_db_instance().db_instance_identifier(NAME).skip_final_snapshot(true).send().await.unwrap();
    assert_eq!(lab.look("main", Some(&database)).await, None);
}

#[tokio::test]
async fn what_waits_for_the_window_is_in_place_and_can_be_taken_back() {
    let mut lab = lab(0).await;
    let database = sample();
    lab.make("main", &database).await;
    modify(&lab).db_instance_class("db.t3.large").send().await.unwrap();
    assert_eq!(differs(&lab, "main", &database).await, ["instance_class"]);
    assert_eq!(notes::<Database>(&lab, "main").await, ["waits for the maintenance window: class"]);
    let smaller = Database { instance_class: "db.t3.large".to_owned(), ..database.clone() };
    let before = calls(&lab, "ModifyDBInstance");
    lab.change("main", &smaller).await;
    assert_eq!(calls(&lab, "ModifyDBInstance"), before, "it is on its way");
    lab.change("main", &database).await;
    assert!(notes::<Database>(&lab, "main").await.is_empty());
}

#[tokio::test]
async fn a_renamed_database_is_not_gone() {
    let mut lab = lab(0).await;
    let database = sample();
    lab.make("main", &database).await;
    modify(&lab).new_db_instance_identifier("theirs").apply_immediately(true).send().await.unwrap();
    assert_eq!(differs(&lab, "main", &database).await, ["name"]);
}

#[tokio::test]
async fn a_database_that_was_renamed_or_made_anew_goes_as_the_plan_says() {
    let mut lab = lab(0).await;
    let database = Database { deletion_protection: false, ..sample() };
    lab.make("main", &database).await;
    modify(&lab).new_db_instance_identifier("theirs").apply_immediately(true).send().await.unwrap();
    lab.remove::<Database>("main").await;
    assert_eq!(inventory(&lab)["counts"]["db_instance"], json!(null), "it went under its other name");

    lab.make("main", &database).await;
    lab.clients.rds.delete_db_instance().db_instance_identifier(NAME).skip_final_snapshot(true).send().await.unwrap();
    order(&lab, true).await;
    lab.remove::<Database>("main").await;
    assert_eq!(inventory(&lab)["counts"]["db_instance"], json!(null), "another one under its name is ours as well");

    lab.make("main", &database).await;
    lab.clients.rds.delete_db_instance().db_instance_identifier(NAME).skip_final_snapshot(true).send().await.unwrap();
    order(&lab, false).await;
    lab.try_remove::<Database>("main").await.unwrap();
    assert_eq!(inventory(&lab)["counts"]["db_instance"], 1, "one of others is not");
}

#[tokio::test]
async fn a_creation_under_way_is_waited_for_until_it_has_an_address() {
    let mut lab = lab(600).await;
    lab.emulator.post("/strict/settings", &json!({"scale": 1}));
    order(&lab, true).await;
    // A moment of rest before it has an address.
    happens(&lab, &json!({"kind": "db_instance", "id": NAME, "action": "status", "value": "available"}));
    lab.emulator.post("/strict/settings", &json!({"scale": 600}));
    let database = Database { deletion_protection: false, ..sample() };
    let made = lab.try_make("main", &database).await.unwrap();
    assert!(made.address.as_ref().unwrap().contains(NAME), "{made:?}");
}

#[tokio::test]
async fn what_a_new_database_stands_on_may_show_late_and_so_may_itself() {
    let mut lab = lab(0).await;
    let unknown = json!({"service": "rds", "operation": "CreateDBInstance", "kind": "code", "count": 1,
        "code": "InvalidParameterValue", "message": "Invalid security group , groupId= sg-1, groupName=."});
    lab.emulator.post("/strict/faults", &unknown);
    let unknown = json!({"service": "rds", "operation": "DescribeDBInstances", "kind": "code", "count": 2,
        "code": "DBInstanceNotFound", "message": "DBInstance lab-database not found.", "status": 404});
    lab.emulator.post("/strict/faults", &unknown);
    lab.make("main", &sample()).await;
}

#[tokio::test]
async fn a_copy_that_failed_is_made_again() {
    let mut lab = lab(0).await;
    lab.make("main", &sample()).await;
    lab.consent.skip_final_snapshot = false;
    let fault = json!({"service": "rds", "operation": "DeleteDBSnapshot", "kind": "denied", "count": 1});
    lab.emulator.post("/strict/faults", &fault);
    lab.try_remove::<Database>("main").await.unwrap_err();
    let all = snapshots(&lab).await;
    let copy = all.iter().filter_map(|one| one.db_snapshot_identifier()).find(|name| name.ends_with("-kept")).unwrap();
    happens(&lab, &json!({"kind": "db_snapshot", "id": copy, "action": "status", "value": "failed"}));
    lab.remove::<Database>("main").await;
    let left = snapshots(&lab).await;
    let whole: Vec<&str> = left
        .iter()
        .filter(|one| one.status() == Some("available"))
        .filter_map(|one| one.db_snapshot_identifier())
        .collect();
    assert!(whole.len() == 1 && whole[0].ends_with("-kept"), "{left:?}");
    assert_eq!(calls(&lab, "CreateDBSnapshot"), 1);
}

#[tokio::test]
async fn a_database_of_others_is_left_alone() {
    let mut lab = lab(0).await;
    let call = lab.clients.rds.create_db_instance().db_instance_identifier(NAME).engine("postgres");
    let call = call.db_instance_class("db.t3.large").allocated_storage(20).master_username("theirs");
    let call = call.master_user_password("correcthorse").db_subnet_group_name(NAME);
    call.send().await.unwrap();
    leaves_foreign_alone(&mut lab, "main", &sample()).await;
}

#[tokio::test]
async fn data_is_deleted_only_with_consent_and_after_a_last_snapshot() {
    let mut lab = lab(0).await;
    let database = sample();
    lab.make("main", &database).await;
    lab.consent = Consent::default();
    let before = inventory(&lab);
    let error = lab.try_remove::<Database>("main").await.unwrap_err();
    assert!(error.says("--delete-data database"), "{error}");
    assert_eq!(inventory(&lab), before, "nothing was changed");

    lab.consent.delete_data = BTreeSet::from(["database".to_owned()]);
    lab.remove::<Database>("main").await;
    let [kept] = snapshots(&lab).await.try_into().unwrap();
    assert!(kept.db_snapshot_identifier().unwrap().starts_with("lab-database-final-"), "{kept:?}");
    assert_eq!(kept.kms_key_id(), Some(id::<KmsKey>(&lab, "main").as_str()));
    let tags: Vec<&str> = kept.tag_list().iter().filter_map(|tag| tag.key()).collect();
    assert!(tags.contains(&"ppm-infra:stack") && tags.contains(&"ppm-infra:attempt"), "{tags:?}");
}

#[tokio::test]
async fn a_snapshot_outlives_the_key_of_the_stack() {
    let mut lab = lab(300).await;
    let database = sample();
    lab.make("main", &database).await;
    lab.consent.skip_final_snapshot = false;
    // The first attempt ends while its snapshot is being made.
    let fault = json!({"service": "rds", "operation": "CopyDBSnapshot", "kind": "denied", "count": 1});
    lab.emulator.post("/strict/faults", &fault);
    let error = lab.try_remove::<Database>("main").await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::Denied, "{error}");
    let [first] = snapshots(&lab).await.try_into().unwrap();
    assert_eq!(differs(&lab, "main", &database).await, [""; 0], "the database stays, protected as it was");
    // The second one goes on with that snapshot.
    lab.remove::<Database>("main").await;
    let [kept] = snapshots(&lab).await.try_into().unwrap();
    let name = format!("{}-kept", first.db_snapshot_identifier().unwrap());
    assert_eq!(kept.db_snapshot_identifier(), Some(name.as_str()));
    assert_eq!((kept.status(), kept.allocated_storage(), kept.encrypted()), (Some("available"), Some(100), Some(true)));
    assert_ne!(kept.kms_key_id(), Some(id::<KmsKey>(&lab, "main").as_str()));
    assert_eq!(calls(&lab, "CreateDBSnapshot"), 1);
}

#[tokio::test]
async fn a_database_is_waited_for_and_made_anew_where_one_is_going() {
    let mut lab = lab(600).await;
    let database = Database { deletion_protection: false, ..sample() };
    let first = lab.make("main", &database).await;
    let rds = lab.clients.rds.clone();
    let there = rds.describe_db_instances().db_instance_identifier(NAME).send().await.unwrap();
    assert_eq!(there.db_instances()[0].db_instance_status(), Some("available"), "and not between two stages");
    // A change waits until RDS is done with what others ordered.
    modify(&lab).db_instance_class("db.t3.large").apply_immediately(true).send().await.unwrap();
    let changed = Database { instance_class: "db.t3.large".to_owned(), backup_days: 14, ..database.clone() };
    lab.change("main", &changed).await;
    rds.delete_db_instance().db_instance_identifier(NAME).skip_final_snapshot(true).send().await.unwrap();
    assert_eq!(lab.look("main", Some(&database)).await, None, "what is being deleted is gone");
    let second = lab.make("main", &database).await;
    assert_ne!(first.resource_id, second.resource_id);
    lab.remove::<Database>("main").await;
}

#[tokio::test]
async fn a_database_on_its_way_out_is_seen_off() {
    let mut lab = lab(600).await;
    lab.make("main", &Database { deletion_protection: false, ..sample() }).await;
    assert!(lab.is_settled("main", &sample()).await);
    let rds = lab.clients.rds.clone();
    for (status, settled) in [("modifying", false), ("available", true)] {
        happens(&lab, &json!({"kind": "db_instance", "id": NAME, "action": "status", "value": status}));
        assert_eq!(lab.is_settled("main", &sample()).await, settled, "{status}");
    }
    lab.pace(1);
    rds.delete_db_instance().db_instance_identifier(NAME).skip_final_snapshot(true).send().await.unwrap();
    lab.is_left_to_remove::<Database>("main").await;
    lab.pace(600);
    lab.remove::<Database>("main").await;
}

#[tokio::test]
async fn what_never_came_to_life_is_removed_without_waiting_for_another_state() {
    let mut lab = lab(600).await;
    let fails = |lab: &Lab| {
        happens(lab, &json!({"kind": "db_instance", "id": NAME, "action": "status", "value": "failed"}));
    };
    lab.pace(1);
    order(&lab, true).await;
    assert!(!lab.is_settled("main", &sample()).await, "it is being made");
    fails(&lab);
    lab.records_what_is_found("main", &sample()).await;
    lab.is_left_to_remove::<Database>("main").await;
    lab.pace(600);
    lab.remove::<Database>("main").await;
    assert_eq!(calls(&lab, "ModifyDBInstance"), 0, "nothing about it can be changed any more");

    // Protected, it is not asked for again and again.
    lab.pace(1);
    ordering(&lab, true).deletion_protection(true).send().await.unwrap();
    fails(&lab);
    lab.records_what_is_found("main", &sample()).await;
    lab.pace(600);
    let error = lab.try_remove::<Database>("main").await.unwrap_err();
    assert!(error.says("deletion protection") && error.says("failed"), "{error}");
    assert_eq!(calls(&lab, "ModifyDBInstance"), 1, "{error}");
}

#[tokio::test]
async fn a_lost_answer_makes_no_second_database_and_a_denied_one_says_nothing() {
    let mut lab = lab(0).await;
    let lost = ("rds", "CreateDBInstance");
    makes_one_when_the_answer_is_lost(&mut lab, lost, "main", &sample()).await;
    is_unread_without::<Database>(&lab, "main", "rds", &["DescribeDBInstances"]).await;
}

#[tokio::test]
async fn a_lost_answer_makes_no_second_snapshot_and_no_harm() {
    let mut lab = lab(0).await;
    lab.make("main", &sample()).await;
    lab.consent.skip_final_snapshot = false;
    for operation in ["CreateDBSnapshot", "CopyDBSnapshot", "DeleteDBSnapshot", "ModifyDBInstance", "DeleteDBInstance"]
    {
        let lost = json!({"service": "rds", "operation": operation, "kind": "reset_after", "nth": 1});
        lab.emulator.post("/strict/faults", &lost);
    }
    lab.remove::<Database>("main").await;
    let [kept] = snapshots(&lab).await.try_into().unwrap();
    assert!(kept.db_snapshot_identifier().unwrap().ends_with("-kept"), "{kept:?}");
}

#[tokio::test]
async fn what_never_came_to_life_is_made_again() {
    let mut lab = lab(60).await;
    let database = Database { deletion_protection: false, multi_az: false, ..sample() };
    // Its creation is under way when it fails for good.
    lab.emulator.post("/strict/settings", &json!({"scale": 1}));
    order(&lab, true).await;
    lab.emulator
        .post("/strict/mutate", &json!({"kind": "db_instance", "id": NAME, "action": "status", "value": "failed"}));
    lab.emulator.post("/strict/settings", &json!({"scale": 600}));
    lab.make("main", &database).await;
    assert_eq!(snapshots(&lab).await, [], "there was nothing to keep");
}
