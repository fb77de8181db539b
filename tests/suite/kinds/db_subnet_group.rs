//! Subnet groups.

use std::collections::BTreeSet;

use aws_sdk_rds::types::Tag;
use ppm_infra::model::reference::Ref;
use ppm_infra::resources::db_parameter_group::DbParameterGroup;
use ppm_infra::resources::db_subnet_group::DbSubnetGroup;
use ppm_infra::resources::subnet::{Subnet, SubnetComputed};
use serde_json::json;

use super::db_parameter_group;
use super::ground::{
    calls, differs, id, is_unread_without, leaves_foreign_alone, makes_one_when_the_answer_is_lost, network, stands,
};
use crate::support::lifecycle::Lab;

pub(crate) fn sample() -> DbSubnetGroup {
    DbSubnetGroup {
        name: "lab-database".to_owned(),
        description: "Where the database may stand".to_owned(),
        vpc: Ref::named("main"),
        subnets: BTreeSet::from(["a", "b", "c"].map(Ref::named)),
        tags: Lab::tags("db_subnet_group", "database"),
    }
}

#[tokio::test]
async fn a_subnet_group_is_made_found_changed_and_removed() {
    let mut lab = Lab::new(0).await;
    network(&mut lab).await;
    let group = sample();
    lab.make("database", &group).await;
    lab.find_again::<DbSubnetGroup>("database").await;
    let mut changed = group.clone();
    changed.tags.insert("team".to_owned(), "data".to_owned());
    changed.tags.remove("Name");
    let all = [
        changed.clone(),
        DbSubnetGroup { description: "Elsewhere".to_owned(), ..group.clone() },
        DbSubnetGroup { subnets: BTreeSet::from(["a", "b"].map(Ref::named)), ..group.clone() },
    ];
    for changed in all {
        lab.change("database", &changed).await;
        lab.change("database", &group).await;
    }
    assert_eq!(calls(&lab, "ModifyDBSubnetGroup"), 4, "only what differs is sent");
    changed.subnets = BTreeSet::from(["a", "b"].map(Ref::named));
    lab.change("database", &changed).await;
    // Another subnet behind the same reference.
    let id = id::<Subnet>(&lab, "c");
    stands::<Subnet>(&mut lab, "a", &SubnetComputed { id });
    lab.point_anew::<DbSubnetGroup>("database").await;
    assert!(differs(&lab, "database", &changed).await.is_empty());
    // An order whose answer was lost is repeated, and what it made is brought up to date.
    lab.try_make("database", &changed).await.unwrap();
    assert_eq!(lab.look("database", Some(&changed)).await.unwrap(), changed);
    lab.remove::<DbSubnetGroup>("database").await;
}

#[tokio::test]
async fn what_others_do_to_a_subnet_group_is_seen() {
    let mut lab = Lab::new(0).await;
    network(&mut lab).await;
    let group = sample();
    let arn = lab.make("database", &group).await.arn;
    let rds = lab.clients.rds.clone();
    let modify = |description: &str, subnets: &[&str]| {
        let ids = subnets.iter().map(|name| id::<Subnet>(&lab, name)).collect();
        let call = rds.modify_db_subnet_group().db_subnet_group_name("lab-database");
        call.db_subnet_group_description(description).set_subnet_ids(Some(ids)).send()
    };
    modify("theirs", &["a", "b", "c"]).await.unwrap();
    assert_eq!(differs(&lab, "database", &group).await, ["description"]);
    modify(&group.description, &["a", "c"]).await.unwrap();
    assert_eq!(differs(&lab, "database", &group).await, ["subnets"]);
    modify(&group.description, &["c", "b", "a"]).await.unwrap();
    assert!(differs(&lab, "database", &group).await.is_empty(), "the order of subnets means nothing");

    let theirs = Tag::builder().key("theirs").value("x").build();
    rds.add_tags_to_resource().resource_name(&arn).tags(theirs).send().await.unwrap();
    assert!(differs(&lab, "database", &group).await.is_empty(), "tags of others mean nothing");
    rds.remove_tags_from_resource().resource_name(&arn).tag_keys("Name").send().await.unwrap();
    assert_eq!(differs(&lab, "database", &group).await, ["tags"]);
    lab.change("database", &group).await;

    rds.delete_db_subnet_group().db_subnet_group_name("lab-database").send().await.unwrap();
    assert_eq!(lab.look("database", Some(&group)).await, None);
}

#[tokio::test]
async fn groups_wait_for_a_database_whose_end_was_ordered_before() {
    let mut lab = Lab::new(600).await;
    network(&mut lab).await;
    lab.make("database", &sample()).await;
    lab.make("database", &db_parameter_group::sample("postgres17")).await;
    let rds = lab.clients.rds.clone();
    let call = rds.create_db_instance().db_instance_identifier("lab-database").engine("postgres");
    let call = call.db_instance_class("db.t3.large").allocated_storage(20).master_username("ppm");
    let call = call.master_user_password("correcthorse").db_subnet_group_name("lab-database");
    call.engine_version("17").db_parameter_group_name("lab-postgres17").send().await.unwrap();
    lab.emulator.post("/strict/settings", &json!({"advance": 1200}));
    let call = rds.delete_db_instance().db_instance_identifier("lab-database");
    call.final_db_snapshot_identifier("lab-last").send().await.unwrap();
    lab.remove::<DbSubnetGroup>("database").await;
    lab.remove::<DbParameterGroup>("database").await;
}

#[tokio::test]
async fn a_subnet_group_of_others_is_left_alone() {
    let mut lab = Lab::new(0).await;
    network(&mut lab).await;
    let call = lab.clients.rds.create_db_subnet_group().db_subnet_group_name("lab-database");
    let call = call.db_subnet_group_description("theirs");
    let ids = ["a", "b"].map(|name| id::<Subnet>(&lab, name)).to_vec();
    call.set_subnet_ids(Some(ids)).send().await.unwrap();
    leaves_foreign_alone(&mut lab, "database", &sample()).await;
}

#[tokio::test]
async fn a_lost_answer_makes_no_second_subnet_group_and_a_denied_one_says_nothing() {
    let mut lab = Lab::new(0).await;
    network(&mut lab).await;
    let lost = ("rds", "CreateDBSubnetGroup");
    makes_one_when_the_answer_is_lost(&mut lab, lost, "database", &sample()).await;
    let reads = ["DescribeDBSubnetGroups", "ListTagsForResource"];
    is_unread_without::<DbSubnetGroup>(&lab, "database", "rds", &reads).await;
}
