//! Parameter groups.

use std::collections::BTreeMap;

use aws_sdk_rds::types::{ApplyMethod, Parameter};
use ppm_infra::resources::db_parameter_group::DbParameterGroup;

use super::ground::{calls, differs, is_unread_without, leaves_foreign_alone, makes_one_when_the_answer_is_lost};
use crate::support::lifecycle::Lab;

pub(crate) fn sample(family: &str) -> DbParameterGroup {
    DbParameterGroup {
        name: format!("lab-{family}"),
        family: family.to_owned(),
        description: "Settings of the database".to_owned(),
        // The engine's own value, a switch in words, and a parameter that waits for a restart.
        parameters: parameters(&[("rds.force_ssl", "1"), ("log_connections", "on"), ("max_wal_senders", "30")]),
        tags: Lab::tags("db_parameter_group", "database"),
    }
}

fn parameters(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
    pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

fn parameter(name: &str, value: Option<&str>) -> Parameter {
    let one = Parameter::builder().parameter_name(name).apply_method(ApplyMethod::PendingReboot);
    one.set_parameter_value(value.map(str::to_owned)).build()
}

#[tokio::test]
async fn a_parameter_group_is_made_found_changed_and_removed() {
    let mut lab = Lab::new(0).await;
    let group = sample("postgres17");
    lab.make("database", &group).await;
    lab.find_again::<DbParameterGroup>("database").await;
    let mut changed = DbParameterGroup {
        parameters: parameters(&[("rds.force_ssl", "0"), ("log_connections", "on"), ("log_lock_waits", "1")]),
        ..group.clone()
    };
    changed.tags.insert("team".to_owned(), "data".to_owned());
    lab.change("database", &changed).await;
    lab.change("database", &group).await;
    let before = calls(&lab, "ModifyDBParameterGroup");
    lab.try_change("database", &DbParameterGroup { tags: changed.tags.clone(), ..group.clone() }).await.unwrap();
    assert_eq!(calls(&lab, "ModifyDBParameterGroup"), before, "only what differs is sent");
    // An order whose answer was lost is repeated, and what it made is brought up to date.
    lab.try_make("database", &changed).await.unwrap();
    assert_eq!(lab.look("database", Some(&changed)).await.unwrap(), changed);
    lab.remove::<DbParameterGroup>("database").await;
}

#[tokio::test]
async fn more_parameters_than_one_call_takes_are_set_and_reset() {
    let mut lab = Lab::new(0).await;
    let some = [
        "autovacuum_naptime",
        "autovacuum_vacuum_cost_limit",
        "checkpoint_timeout",
        "deadlock_timeout",
        "default_statistics_target",
        "idle_in_transaction_session_timeout",
        "lock_timeout",
        "log_autovacuum_min_duration",
        "log_min_duration_statement",
        "log_temp_files",
        "max_locks_per_transaction",
        "max_replication_slots",
        "max_wal_senders",
        "max_wal_size",
        "max_worker_processes",
        "min_wal_size",
        "rds.log_retention_period",
        "statement_timeout",
        "tcp_keepalives_idle",
        "temp_buffers",
        "track_activity_query_size",
        "wal_sender_timeout",
        "work_mem",
    ];
    let many = DbParameterGroup {
        parameters: some.iter().map(|name| ((*name).to_owned(), "1441".to_owned())).collect(),
        ..sample("postgres17")
    };
    lab.make("database", &many).await;
    assert_eq!(calls(&lab, "ModifyDBParameterGroup"), 2);
    lab.change("database", &sample("postgres17")).await;
    assert_eq!(calls(&lab, "ResetDBParameterGroup"), 2);
}

#[tokio::test]
async fn what_others_do_to_a_parameter_group_is_seen() {
    let mut lab = Lab::new(0).await;
    let group = sample("postgres17");
    let made = lab.make("database", &group).await;
    let rds = lab.clients.rds.clone();
    let set = |name: &str, value: &str| {
        let call = rds.modify_db_parameter_group().db_parameter_group_name(&made.id);
        call.parameters(parameter(name, Some(value))).send()
    };
    let reset = |name: &str| {
        let call = rds.reset_db_parameter_group().db_parameter_group_name(&made.id);
        call.parameters(parameter(name, None)).send()
    };
    set("log_connections", "0").await.unwrap();
    assert_eq!(differs(&lab, "database", &group).await, ["parameters"]);
    reset("log_connections").await.unwrap();
    let found = lab.look("database", Some(&group)).await.unwrap();
    assert_eq!(found.parameters["log_connections"], "0", "the engine's own value is told");
    lab.change("database", &group).await;

    set("work_mem", "8192").await.unwrap();
    let found = lab.look("database", Some(&group)).await.unwrap();
    assert_eq!(found.parameters["work_mem"], "8192", "what a user set and nobody declares is told");
    assert_eq!(found.parameters.len(), group.parameters.len() + 1, "what nobody touched is not told");
    lab.change("database", &group).await;

    reset("rds.force_ssl").await.unwrap();
    assert!(differs(&lab, "database", &group).await.is_empty(), "the engine's own value is the declared one");
    rds.remove_tags_from_resource().resource_name(&made.arn).tag_keys("Name").send().await.unwrap();
    assert_eq!(differs(&lab, "database", &group).await, ["tags"]);
    lab.change("database", &group).await;

    rds.delete_db_parameter_group().db_parameter_group_name(&made.id).send().await.unwrap();
    assert_eq!(lab.look("database", Some(&group)).await, None);
}

#[tokio::test]
async fn a_parameter_group_of_others_is_left_alone() {
    let mut lab = Lab::new(0).await;
    let group = sample("postgres17");
    let call = lab.clients.rds.create_db_parameter_group().db_parameter_group_name(&group.name);
    call.db_parameter_group_family("postgres17").description("theirs").send().await.unwrap();
    leaves_foreign_alone(&mut lab, "database", &group).await;
}

#[tokio::test]
async fn a_lost_answer_makes_no_second_parameter_group_and_a_denied_one_says_nothing() {
    let mut lab = Lab::new(0).await;
    let lost = ("rds", "CreateDBParameterGroup");
    makes_one_when_the_answer_is_lost(&mut lab, lost, "database", &sample("postgres17")).await;
    let reads = ["DescribeDBParameterGroups", "DescribeDBParameters", "ListTagsForResource"];
    is_unread_without::<DbParameterGroup>(&lab, "database", "rds", &reads).await;
}
