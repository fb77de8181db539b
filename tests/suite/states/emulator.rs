//! The same against the strict emulator: what AWS keeps by name or by tags, identities that may be written in several ways,
//! and objects that are wanted again.

use std::collections::BTreeMap;

use ppm_infra::cloud::aws::Clients;
use ppm_infra::model::document::{canonical, digest};
use serde_json::{Value, json};
use tokio::runtime::{Builder, Runtime};

use super::{APPLY, LOCKFILE, PLAN, edit, moves, rename};
use crate::support::binary::Desk;
use crate::support::emulator::{Emulator, Fork};

const ADMIN: &str = "arn:aws:iam::123456789012:role/platform-admin";
const DESTROY: [&str; 2] = ["destroy", "--auto-approve"];

fn online() -> Runtime {
    Builder::new_current_thread().enable_all().build().unwrap()
}

/// The reference stack, applied once, and copies of it.
struct Standing {
    emulator: Emulator,
    lockfile: String,
}

impl Standing {
    fn new() -> Self {
        let emulator = Emulator::start(0);
        let desk = Desk::at(&emulator.endpoint(), 0);
        desk.declare(&[]);
        desk.run(&APPLY).exit(0);
        Self { lockfile: desk.read(LOCKFILE), emulator }
    }

    fn copy(&self) -> (Desk, Fork) {
        let fork = self.emulator.fork();
        let desk = Desk::at(&fork.endpoint(), 0);
        desk.declare(&[]);
        desk.write(LOCKFILE, &self.lockfile);
        (desk, fork)
    }
}

/// Nothing is left to do, and nothing was done for it.
fn settled(desk: &Desk) {
    desk.run(&PLAN).exit(0).says(&["No changes. Everything is as declared."]);
    desk.run(&["drift"]).exit(0);
}

/// Whose access entries there are.
fn principals(aws: &Clients) -> Vec<String> {
    let listed = online().block_on(aws.eks.list_access_entries().cluster_name("ppm-prod").send()).unwrap();
    // EKS makes that of the nodes.
    listed.access_entries().iter().filter(|arn| !arn.ends_with("-nodes")).cloned().collect()
}

/// A role with a path and a user with a path, and the access keys that are theirs.
async fn identities(aws: &Clients) -> [(&'static str, String); 2] {
    let trust = json!({"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Principal": {"AWS": "arn:aws:iam::123456789012:root"}, "Action": "sts:AssumeRole"}]});
    let role = aws.iam.create_role().role_name("deployer").path("/teams/ci/");
    let role = role.assume_role_policy_document(trust.to_string()).send().await.unwrap();
    let user = aws.iam.create_user().user_name("ann").path("/people/").send().await.unwrap();
    [("AKIAROLE", role.role().unwrap().arn().to_owned()), ("AKIAUSER", user.user().unwrap().arn().to_owned())]
}

const CALLERS: &str =
    r#"{"extra": {"callers": {"AKIAROLE": "role/teams/ci/deployer", "AKIAUSER": "user/people/ann"}}}"#;

fn admins(arns: &[&str]) -> String {
    format!("kubernetes: {{admins: {}}}", json!(arns))
}

#[test]
fn whoever_makes_the_cluster_may_stand_among_its_admins() {
    let emulator = Emulator::start(0);
    emulator.post("/strict/settings", &serde_json::from_str(CALLERS).unwrap());
    let aws = online().block_on(emulator.clients());
    for (key, arn) in online().block_on(identities(&aws)) {
        let fork = emulator.fork();
        let aws = online().block_on(fork.clients());
        let desk = Desk::at(&fork.endpoint(), 0).with("AWS_ACCESS_KEY_ID", key);
        desk.declare_with(&admins(&[&arn]));
        desk.run(&APPLY).exit(0);
        settled(&desk);
        assert_eq!(principals(&aws), [arn.as_str()]);
        // Another one applies, with the line and without it: the creator stays who it is.
        let desk = desk.with("AWS_ACCESS_KEY_ID", "AKIATEST");
        settled(&desk);
        desk.declare(&[]);
        settled(&desk);
        desk.declare_with(&admins(&[&arn, ADMIN]));
        desk.run(&APPLY).exit(0);
        settled(&desk);
        assert_eq!(principals(&aws).len(), 2);
        // Removed by hand, its entry is made again for it, whoever applies.
        let removed = aws.eks.delete_access_entry().cluster_name("ppm-prod").principal_arn(&arn).send();
        online().block_on(removed).unwrap();
        desk.run(&APPLY).exit(0);
        assert!(principals(&aws).contains(&arn), "{:?}", principals(&aws));
    }
}

#[test]
fn an_admin_that_is_the_creator_changes_nothing_on_a_stack_that_stands() {
    let standing = Standing::new();
    let (desk, fork) = standing.copy();
    let aws = online().block_on(fork.clients());
    let [(_, role), _] = online().block_on(identities(&aws));
    desk.declare_with(&admins(&[ADMIN]));
    settled(&desk);
    desk.declare_with(&admins(&[ADMIN, &role]));
    desk.run(&APPLY).exit(0);
    settled(&desk);
    desk.declare(&[]);
    desk.run(&APPLY).exit(0);
    settled(&desk);
    assert_eq!(principals(&aws), [ADMIN]);

    // The entry goes by hand, and somebody else applies: it is made again for whoever it was made for.
    fork.post("/strict/settings", &serde_json::from_str(CALLERS).unwrap());
    let remove = |principal: &str| {
        online()
            .block_on(aws.eks.delete_access_entry().cluster_name("ppm-prod").principal_arn(principal).send())
            .unwrap();
    };
    remove(ADMIN);
    let desk = desk.with("AWS_ACCESS_KEY_ID", "AKIAROLE");
    desk.declare_with(&admins(&[&role]));
    desk.run(&APPLY).exit(0);
    settled(&desk);
    assert_eq!(principals(&aws).len(), 2);
}

#[test]
fn an_access_entry_that_is_ours_under_another_address_is_moved_and_never_foreign() {
    let standing = Standing::new();
    let admin = format!("access_entry.admin-{}", &digest(ADMIN.as_bytes())[..8]);
    for recorded in [true, false] {
        let (desk, fork) = standing.copy();
        let aws = online().block_on(fork.clients());
        // As an older program left it, which made a second address for the same identity.
        let tagged = async {
            let found = aws.eks.describe_access_entry().cluster_name("ppm-prod").principal_arn(ADMIN).send().await;
            let arn = found.unwrap().access_entry.unwrap().access_entry_arn.unwrap();
            aws.eks.tag_resource().resource_arn(arn).tags("ppm-infra:address", &admin).send().await.unwrap();
        };
        online().block_on(tagged);
        edit(&desk, |state| {
            if recorded {
                rename(state, "access_entry.creator", &admin);
                let record = &mut state["resources"][&admin]["declared"];
                record["principal"] = json!({"arn": ADMIN});
                record["tags"]["ppm-infra:address"] = json!(admin);
            } else {
                state["resources"].as_object_mut().unwrap().remove("access_entry.creator").unwrap();
            }
        });
        for lines in ["", &admins(&[ADMIN])] {
            desk.declare_with(lines);
            let told = desk.run(&["plan", "--json"]).exit(0);
            let moved = (admin.clone(), "access_entry.creator".to_owned(), "renamed".to_owned());
            assert_eq!(moves(&told), if recorded { vec![moved] } else { Vec::new() }, "{told}");
            let summary = &told.json()[0]["summary"];
            assert_eq!((&summary["create"], &summary["delete"]), (&json!(0), &json!(0)), "{told}");
        }
        desk.run(&APPLY).exit(0);
        settled(&desk);
        assert_eq!(principals(&aws), [ADMIN]);
    }
}

#[test]
fn what_is_recorded_under_another_name_is_moved_and_never_deleted_on_aws() {
    let standing = Standing::new();
    for (from, to) in [
        ("secret.encryption-key", "secret.key2"),
        ("vpc.main", "vpc.old"),
        ("subnet.public-a", "subnet.public-z"),
        ("security_group.database", "security_group.old"),
        ("kms_key.main", "kms_key.old"),
    ] {
        let (desk, fork) = standing.copy();
        edit(&desk, |state| rename(state, from, to));
        let told = desk.run(&["plan", "--json"]).exit(0);
        assert_eq!(moves(&told), [(to.to_owned(), from.to_owned(), "renamed".to_owned())]);
        fork.post("/strict/log/clear", &Value::Null);
        desk.run(&APPLY).exit(0);
        assert_eq!(fork.mutations(), 0, "{from} as {to}");
        settled(&desk);
    }
}

/// A call that is refused once, as AWS refuses it.
fn refuse(fork: &Fork, service: &str, operation: &str, code: &str) {
    let fault = json!({"service": service, "operation": operation, "kind": "code", "nth": 1, "status": 400,
        "code": code, "message": "Not now."});
    fork.post("/strict/faults", &fault);
}

/// How often each call was made since the log was cleared, with the value of a parameter.
fn named(fork: &Fork, operation: &str) -> Vec<Value> {
    fork.calls().into_iter().filter(|call| call["operation"] == operation).collect()
}

#[test]
fn a_refused_upgrade_that_is_taken_back_takes_its_parameter_group_up_again() {
    let standing = Standing::new();
    let (desk, fork) = standing.copy();
    let aws = online().block_on(fork.clients());
    let groups = || {
        let listed = online().block_on(aws.rds.describe_db_parameter_groups().send()).unwrap();
        let names = listed.db_parameter_groups().iter().filter_map(|group| group.db_parameter_group_name());
        names.filter(|name| name.starts_with("ppm-prod")).map(str::to_owned).collect::<Vec<_>>()
    };
    desk.declare_with("database: {engine_version: \"18\"}");
    refuse(&fork, "rds", "ModifyDBInstance", "InvalidParameterCombination");
    desk.run(&APPLY).exit(1);
    assert_eq!(groups(), ["ppm-prod-postgres17", "ppm-prod-postgres18"]);

    // Destroyed now, the database keeps the group it has, and nothing waits for it.
    let other = fork.fork();
    let away = Desk::at(&other.endpoint(), 0);
    away.declare_with("database: {engine_version: \"18\"}");
    away.write(LOCKFILE, &desk.read(LOCKFILE));
    destroyed_without_data(&away, &other);

    desk.declare(&[]);
    let told = desk.run(&["plan", "--json"]).exit(0);
    let group = "db_parameter_group.database".to_owned();
    assert_eq!(moves(&told), [(group.clone(), group, "taken_up".to_owned())]);
    desk.run(&APPLY).exit(0);
    settled(&desk);
    assert_eq!(groups(), ["ppm-prod-postgres17"]);
}

fn destroyed_without_data(desk: &Desk, fork: &Fork) {
    fork.post("/strict/log/clear", &Value::Null);
    desk.run(&DESTROY).exit(0).says(&["ppm-prod-postgres17", "database.main needs it"]);
    let removed = named(fork, "DeleteDBParameterGroup");
    assert_eq!(removed.len(), 1, "the group of the upgrade goes, once: {removed:?}");
    assert!(removed[0].to_string().contains("ppm-prod-postgres18"), "{removed:?}");
    desk.run(&["destroy", "--auto-approve", "--delete-data", "database,bucket,key", "--no-final-snapshot"]).exit(0);
}

#[test]
fn a_node_group_that_was_not_removed_is_taken_up_again() {
    let standing = Standing::new();
    let (desk, fork) = standing.copy();
    let aws = online().block_on(fork.clients());
    let groups = || {
        let listed = online().block_on(aws.eks.list_nodegroups().cluster_name("ppm-prod").send()).unwrap();
        listed.nodegroups.unwrap_or_default()
    };
    let before = groups();
    desk.declare_with("kubernetes: {nodes: {instance_type: m6i.4xlarge}}");
    refuse(&fork, "eks", "DeleteNodegroup", "InvalidRequestException");
    desk.run(&APPLY).exit(1);
    assert_eq!(groups().len(), 2);
    desk.declare(&[]);
    let told = desk.run(&["plan", "--json"]).exit(0);
    let group = "node_group.main".to_owned();
    assert!(moves(&told).contains(&(group.clone(), group, "taken_up".to_owned())), "{told}");
    desk.run(&APPLY).exit(0);
    settled(&desk);
    assert_eq!(groups(), before);
}

#[test]
fn a_secret_that_is_gone_for_good_is_made_anew_only_on_request() {
    let standing = Standing::new();
    let value = |aws: &Clients| {
        let told = online().block_on(aws.secrets.get_secret_value().secret_id("ppm-prod-encryption-key").send());
        told.unwrap().secret_string.unwrap()
    };
    // Within its days it comes back as it was.
    let (desk, fork) = standing.copy();
    let aws = online().block_on(fork.clients());
    let before = value(&aws);
    let delete = aws.secrets.delete_secret().secret_id("ppm-prod-encryption-key");
    online().block_on(delete.recovery_window_in_days(7).send()).unwrap();
    desk.run(&["plan"]).exit(0).says(&["1 to create"]);
    desk.run(&APPLY).exit(0);
    settled(&desk);
    assert_eq!(value(&aws), before);

    let (desk, fork) = standing.copy();
    let aws = online().block_on(fork.clients());
    let delete = aws.secrets.delete_secret().secret_id("ppm-prod-encryption-key");
    online().block_on(delete.force_delete_without_recovery(true).send()).unwrap();
    let files = desk.files();
    let told = ["secret.encryption-key is gone", "database.main", "--replace secret.encryption-key"];
    desk.run(&["plan"]).exit(1).says(&told);
    desk.run(&APPLY).exit(1).says(&told);
    assert_eq!(desk.files(), files, "nothing was changed");
    desk.run(&["apply", "--auto-approve", "--replace", "secret.encryption-key"]).exit(0);
    settled(&desk);
    assert_ne!(value(&aws), before);
}

#[test]
fn data_that_is_gone_is_not_made_anew_in_silence() {
    let standing = Standing::new();
    let (desk, fork) = standing.copy();
    let aws = online().block_on(fork.clients());
    let bucket = desk.run(&["output", "bucket"]).exit(0).stdout.trim().to_owned();
    online().block_on(aws.s3.delete_bucket().bucket(&bucket).send()).unwrap();
    desk.run(&["plan"]).exit(1).says(&["bucket.packages is gone", "--replace bucket.packages"]);
    desk.run(&["destroy", "--auto-approve", "--delete-data", "database,bucket,key", "--no-final-snapshot"]).exit(0);
    let counts: BTreeMap<String, usize> = fork.counts();
    assert!(!counts.contains_key("bucket"), "{counts:?}");
}

/// One object under two records of a state in a bucket: told, and both commands that are named lead out.
#[test]
fn one_object_under_two_records_in_a_bucket_is_told_and_the_way_out_works() {
    let standing = Standing::new();
    for way in [&["recover", "--auto-approve"][..], &["state", "restore", "2"]] {
        let (desk, fork) = standing.copy();
        let aws = online().block_on(fork.clients());
        online().block_on(aws.s3.create_bucket().bucket("acme-ppm-state").send()).unwrap();
        desk.declare_with("state: s3://acme-ppm-state/team");
        desk.run(&["state", "migrate"]).exit(0);
        desk.run(&["state", "push", "state/ppm-prod.lock.json.moved-1"]).exit(0);
        desk.run(&["state", "push", "state/ppm-prod.lock.json.moved-1", "--force"]).exit(0);
        let history = desk.run(&["state", "history"]).exit(0).stdout;
        let key = "team/ppm-prod.state.json";
        let object = || aws.s3.get_object().bucket("acme-ppm-state").key(key);
        let body = online().block_on(async { object().send().await.unwrap().body.collect().await.unwrap() });
        let mut envelope: Value = serde_json::from_slice(&body.into_bytes()).unwrap();
        let state = &mut envelope["lockfile"];
        state["resources"]["vpc.old"] = state["resources"]["vpc.main"].clone();
        state.as_object_mut().unwrap().remove("digest");
        state["digest"] = json!(digest(canonical(state).as_bytes()));
        let put = aws.s3.put_object().bucket("acme-ppm-state").key(key);
        online().block_on(put.body(envelope.to_string().into_bytes().into()).send()).unwrap();
        for command in [&["plan"][..], &APPLY, &["state", "list"], &["state", "rm", "vpc.old"]] {
            let said = desk.run(command).exit(78).says(&["vpc.main", "vpc.old", "have the same id"]);
            said.says(&["`ppm-infra recover`", "`ppm-infra state restore SERIAL`"]);
        }
        let said = desk.run(way).exit(0).says(&["ept as s3://acme-ppm-state/team/ppm-prod.history/damaged-1.json"]);
        let serial = if way[0] == "recover" { "at serial" } else { "in force again, as serial" };
        said.says(&[serial]);
        settled(&desk);
        let now = desk.run(&["state", "history"]).exit(0).stdout;
        assert!(now.starts_with(history.split("  in force").next().unwrap().rsplit_once('\n').unwrap().0), "{now}");
        // A sound one is made again on request, and kept.
        desk.run(&["recover", "--auto-approve"]).exit(1).says(&["is sound"]);
        desk.run(&["recover", "--force", "--auto-approve"]).exit(0).says(&["history/backup-1.json"]);
        settled(&desk);
    }
}

/// A tag that was set since is ours, though the lockfile that is in force again never asked for it.
#[test]
fn a_tag_set_since_the_lockfile_that_is_restored_is_taken_off_again() {
    let standing = Standing::new();
    let (desk, fork) = standing.copy();
    let aws = online().block_on(fork.clients());
    let bucket = desk.run(&["output", "bucket"]).exit(0).stdout.trim().to_owned();
    let tags = || {
        let got = online().block_on(aws.s3.get_bucket_tagging().bucket(&bucket).send()).unwrap();
        got.tag_set.into_iter().map(|tag| (tag.key, tag.value)).collect::<BTreeMap<_, _>>()
    };
    let before = tags();
    desk.declare_with("tags: {team: data}");
    desk.run(&APPLY).exit(0);
    assert_eq!(tags().get("team").map(String::as_str), Some("data"));
    let serials = desk.run(&["state", "history"]).exit(0).stdout;
    desk.run(&["state", "restore", serials.lines().next().unwrap_or_default()]).exit(0);
    desk.declare(&[]);
    desk.run(&PLAN).exit(2).says(&["team"]);
    desk.run(&APPLY).exit(0);
    assert_eq!(tags(), before);
    settled(&desk);
}
