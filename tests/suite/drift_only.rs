//! A look at some objects alone: from the program itself, in a rehearsal.

#[cfg(feature = "aws")]
mod emulator;

use serde_json::{Value, json};

use crate::recover::meddle;
use crate::support::binary::{Desk, Said};

const VPC: &str = "vpc.main";
const DATABASE: &str = "database.main";

fn standing() -> Desk {
    let desk = Desk::simulated();
    desk.declare_with("database:\n  backup_days: 7");
    desk.run(&["apply", "--auto-approve"]).exit(0);
    desk
}

fn days(desk: &Desk, days: u32) {
    meddle(desk, DATABASE, None, |object| object["declared"]["backup_days"] = json!(days));
}

fn team(desk: &Desk, team: &str) {
    meddle(desk, VPC, None, |object| object["declared"]["tags"]["team"] = json!(team));
}

fn told(said: &Said) -> Value {
    said.json().pop().unwrap()
}

/// The subjects of what a look found.
fn subjects(told: &Value) -> Vec<String> {
    let findings = told["findings"].as_array().unwrap().iter();
    findings.map(|one| format!("{} {}", one["address"].as_str().unwrap(), one["path"].as_str().unwrap_or(""))).collect()
}

fn history(desk: &Desk) -> Vec<Value> {
    told(&desk.run(&["drift", "history", "--json"]).exit(0))["runs"].as_array().unwrap().clone()
}

#[test]
fn nothing_is_said_of_what_was_not_named() {
    let desk = standing();
    days(&desk, 1);
    team(&desk, "x");
    let said = desk.run(&["drift", "--only", VPC, "--no-record"]).exit(2);
    let said =
        said.says(&["Drift: 1 changed, 0 gone, 0 not read, of 1 object; 45 of 46 were not looked at.", "tags.team"]);
    assert!(!said.stdout.contains(DATABASE), "{said}");
    let json = told(&desk.run(&["drift", "--only", VPC, "--no-record", "--json"]).exit(2));
    assert_eq!(subjects(&json), ["vpc.main tags.team"]);
    assert_eq!((&json["only"], &json["summary"]["looked_at"]), (&json!([VPC]), &json!(1)));
    assert_eq!(json["summary"]["left_out"], 45);
    let both = ["drift", "--only", VPC, "--only", DATABASE, "--no-record", "--json"];
    assert_eq!(subjects(&told(&desk.run(&both).exit(2))).len(), 2);
    let quiet = desk.run(&["drift", "--only", "kms_key.main", "--no-record", "--report", "a.md"]).exit(0);
    quiet.says(&["In sync. 1 object is as recorded; 45 of 46 were not looked at."]);
    assert!(desk.read("a.md").contains("45 of 46 were not looked at"), "{}", desk.read("a.md"));
    let all = told(&desk.run(&["drift", "--no-record", "--json"]).exit(2));
    assert_eq!((&all["only"], &all["summary"]["left_out"]), (&Value::Null, &json!(0)));
}

#[test]
fn what_cannot_be_said_of_some_objects_is_refused_before_anything_is_read() {
    let desk = standing();
    let before = desk.files();
    let refused = |args: &[&str], words: &[&str]| {
        desk.run(&[&["drift", "--only", VPC], args].concat()).exit(64).says(words);
    };
    refused(&["--prometheus", "a.prom"], &["--prometheus does not go with --only", "nothing else has drifted"]);
    refused(&["--sarif", "a.sarif"], &["--sarif does not go with --only"]);
    refused(&["--only", "database.mian"], &["database.mian is not in the lockfile", "did you mean `database.main`?"]);
    refused(&["--only", "banana.split"], &["banana.split is not in the lockfile", "`ppm-infra state list`"]);
    refused(&["--only", "banana"], &["banana"]);
    desk.write("other/b.yaml", "stack: [");
    refused(&["plans/reference.yaml", "other/b.yaml"], &["--only is about objects of one stack, and 2 are named"]);
    desk.shell("rm -r other").exit(0);
    assert_eq!(desk.files(), before);
}

#[test]
fn what_was_not_looked_at_is_carried_over_and_neither_new_nor_resolved() {
    let desk = standing();
    days(&desk, 1);
    team(&desk, "x");
    desk.run(&["drift"]).exit(2).says(&["2 changed"]);
    // Both are put back, and one of them is looked at.
    days(&desk, 7);
    meddle(&desk, VPC, None, |object| drop(object["declared"]["tags"].as_object_mut().unwrap().remove("team")));
    let said = desk.run(&["drift", "--only", VPC, "--json"]).exit(0);
    let since = told(&said)["since"].clone();
    assert_eq!((&since["new"], &since["changed"]), (&json!(0), &json!(0)));
    let resolved: Vec<&str> =
        since["resolved"].as_array().unwrap().iter().map(|one| one["subject"].as_str().unwrap()).collect();
    assert_eq!(resolved, ["vpc.main tags.team"]);
    let runs = history(&desk);
    let [.., first, last] = runs.as_slice() else { panic!("{runs:?}") };
    assert_eq!((&last["only"], &last["looked_at"]), (&json!([VPC]), &json!(1)));
    assert_eq!(first["only"], Value::Null);
    assert_eq!(last["findings"][0]["subject"], "database.main backup_days");
    desk.run(&["drift", "history"]).exit(0).says(&["of 1 object alone"]);
    desk.run(&["drift", "history", DATABASE]).exit(0).says(&["database.main backup_days", "since 2"]);
    // The next look at everything finds that it is resolved.
    let since = told(&desk.run(&["drift", "--json"]).exit(0))["since"].clone();
    assert_eq!(since["resolved"][0]["subject"], "database.main backup_days");
    assert_eq!(history(&desk).last().unwrap()["findings"], json!([]));
}

#[test]
fn a_waiver_of_what_was_not_looked_at_is_not_called_idle() {
    let desk = standing();
    let waive = ["drift", "waive", DATABASE, "backup_days", "--for", "7d", "--reason", "known", "--owner", "ann"];
    desk.run(&waive).exit(0);
    let idle = "database.main";
    let said = desk.run(&["drift", "--only", VPC, "--no-record"]).exit(0);
    assert!(!said.stdout.contains(idle), "{said}");
    desk.run(&["drift", "--no-record"]).exit(0).says(&[idle]);
}

#[test]
fn what_apply_would_do_is_told_as_by_a_look_at_everything() {
    let desk = standing();
    days(&desk, 1);
    let remedy = |more: &[&str]| {
        let said = desk.run(&[&["drift", "--no-record", "--json"], more].concat()).exit(2);
        told(&said)["findings"][0].clone()
    };
    assert_eq!(remedy(&["--only", DATABASE]), remedy(&[]));
}
