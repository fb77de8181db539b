//! `drift --put-right`: what the declaration allows is put right by the second look that finds it, and told; the rest is
//! left for people, with the reason.

use serde_json::{Value, json};

use super::{DECLARED, meddle, standing};
use crate::support::binary::{Desk, Said};
use crate::support::hint::follow;

const RULES: &str = "drift:\n  put_right:\n    severities: [low, medium, high]\n";

/// A stack that stands and allows this to be put right.
fn allowing(rules: &str) -> Desk {
    standing(&format!("{DECLARED}{rules}"))
}

fn idle(desk: &Desk, seconds: u64) {
    meddle(desk, "load_balancer.main", |balancer| balancer["idle_timeout_seconds"] = json!(seconds));
}

fn look(desk: &Desk, code: i32) -> Value {
    let mut documents = desk.run(&["drift", "--put-right", "--json"]).exit(code).json();
    assert_eq!(documents.len(), 1, "one document, whatever was done: {documents:?}");
    documents.remove(0)
}

/// What is said of one object: that it was put right, or why not.
fn told(report: &Value, address: &str) -> String {
    let all = report["put_right"].as_array().unwrap();
    let one = all.iter().find(|one| one["address"] == address).unwrap_or_else(|| panic!("{address}: {report:#}"));
    if one["done"] == json!(true) { "done".to_owned() } else { one["because"].as_str().unwrap().to_owned() }
}

fn world(desk: &Desk, address: &str, field: &str) -> Value {
    let world: Value = serde_json::from_str(&desk.read("world.json")).unwrap();
    let objects = world["objects"].as_object().unwrap();
    objects.values().find(|object| object["mark"]["address"] == address).unwrap()["declared"][field].clone()
}

#[test]
fn the_second_look_puts_right_what_the_first_one_found() {
    let desk = allowing(RULES);
    assert_eq!(look(&desk, 0)["put_right"], json!([]));
    idle(&desk, 60);
    assert_eq!(told(&look(&desk, 2), "load_balancer.main"), "it was seen once; the next look decides");
    assert_eq!(world(&desk, "load_balancer.main", "idle_timeout_seconds"), json!(60));

    let issue = ["drift", "--put-right", "--notify", "github-issue:issue.md"];
    let said = desk.run(&issue).exit(0);
    said.says(&["Put right by itself", "load_balancer.main  put right", "Drift: 1 changed", "1 object put right."]);
    assert_eq!(world(&desk, "load_balancer.main", "idle_timeout_seconds"), json!(311));
    let message = desk.read("issue.md");
    assert!(message.contains("Put right by itself") && message.contains("1 of it put right"), "{message}");

    let history = desk.run(&["drift", "history", "--json"]).exit(0).json().remove(0);
    let runs: Vec<(&Value, &Value, usize)> = history["runs"]
        .as_array()
        .unwrap()
        .iter()
        .rev()
        .take(2)
        .map(|run| (&run["kind"], &run["put_right"], run["steps"].as_array().unwrap().len()))
        .collect();
    assert_eq!(runs[0], (&json!("drift"), &json!(["load_balancer.main"]), 0));
    assert_eq!((runs[1].0, runs[1].2), (&json!("apply"), 1), "what was done has an entry of its own");
    let after = look(&desk, 0);
    assert_eq!((&after["put_right"], after["since"]["resolved"].as_array().unwrap().len()), (&json!([]), 1));

    // Whoever moves it again means it.
    idle(&desk, 60);
    look(&desk, 2);
    let again = told(&look(&desk, 2), "load_balancer.main");
    assert!(again.starts_with("it was put right at ") && again.ends_with("and moved again"), "{again}");
}

#[test]
fn what_is_worse_replaced_noticed_or_not_named_is_left() {
    let desk = allowing(RULES);
    let text = desk.read("plans/prod.yaml");
    meddle(&desk, "database.main", |database| database["backup_days"] = json!(1));
    meddle(&desk, "vpc.main", |vpc| vpc["tags"]["team"] = json!("x"));
    meddle(&desk, "subnet.private-a", |subnet| subnet["cidr"] = json!("10.9.0.0/24"));
    look(&desk, 2);
    let report = look(&desk, 2);
    assert_eq!(told(&report, "database.main"), "it is critical, which drift.put_right.severities does not name");
    assert!(told(&report, "subnet.private-a") != "done", "another network is no change in place: {report:#}");
    assert_eq!(world(&desk, "database.main", "backup_days"), json!(1));

    let mut gone: Value = serde_json::from_str(&desk.read("world.json")).unwrap();
    gone["objects"].as_object_mut().unwrap().retain(|_, object| object["mark"]["address"] != "target_attachment.nodes");
    desk.write("world.json", &gone.to_string());
    look(&desk, 2);
    let report = look(&desk, 2);
    assert!(!report["put_right"].to_string().contains("target_attachment"), "what is gone is not named: {report:#}");
    let missing = RULES.replace("put_right:", "put_right:\n    changes: [missing]").replace("high]", "high, critical]");
    desk.write("plans/prod.yaml", &text.replace(RULES, &missing));
    assert_eq!(told(&look(&desk, 2), "target_attachment.nodes"), "done");
    assert_eq!(world(&desk, "database.main", "backup_days"), json!(1), "a field is not what is named now");
}

#[test]
fn what_users_would_notice_is_left_however_much_is_allowed() {
    let desk = allowing(&RULES.replace("high]", "high, critical]"));
    meddle(&desk, "database.main", |database| database["instance_class"] = json!("db.m6g.xlarge"));
    look(&desk, 2);
    let why = told(&look(&desk, 2), "database.main");
    assert!(why.starts_with("setting instance_class back interrupts what is served or runs: the standby"), "{why}");
    assert_eq!(world(&desk, "database.main", "instance_class"), json!("db.m6g.xlarge"));
}

#[test]
fn an_object_of_which_somebody_answers_for_a_part_is_left() {
    let desk = allowing(RULES);
    idle(&desk, 60);
    meddle(&desk, "load_balancer.main", |balancer| balancer["drop_invalid_headers"] = json!(false));
    let waive = ["drift", "waive", "load_balancer.main", "drop_invalid_headers", "--for", "7d", "--reason", "a test"];
    desk.run(&waive).exit(0);
    for _ in 0..2 {
        assert_eq!(look(&desk, 2)["put_right"], json!([]));
    }
    assert_eq!(world(&desk, "load_balancer.main", "drop_invalid_headers"), json!(false));
}

#[test]
fn more_than_at_most_waits_for_the_next_run_and_a_stack_at_work_is_left_alone() {
    let desk = allowing(&format!("{RULES}    at_most: 1\n"));
    idle(&desk, 60);
    meddle(&desk, "target_group.main", |group| group["deregistration_delay_seconds"] = json!(17));
    meddle(&desk, "database.main", |database| database["backup_days"] = json!(1));
    look(&desk, 2);
    let mut running = desk.start(&["drift", "fix", "database.main", "--auto-approve", "--time-scale", "0.01"]);
    running.hear("database.main");
    let report = look(&desk, 2);
    let reasons = report["put_right"].to_string();
    assert!(reasons.contains("locked") && reasons.contains("at most 1 in one run"), "{report:#}");
    running.kill();
    let done = |report: &Value| {
        report["put_right"].as_array().unwrap().iter().filter(|one| one["done"] == json!(true)).count()
    };
    let put_right = || desk.run(&["drift", "--put-right", "--json"]).json().remove(0);
    assert_eq!(done(&put_right()), 1);
    assert_eq!(done(&put_right()), 1, "the other one, by the next run");
    let report = desk.run(&["drift", "--json"]).json().remove(0);
    let left = report["drift"].as_array().unwrap().iter().filter(|one| one["address"] != "database.main").count();
    assert_eq!(left, 0, "{report:#}");
}

#[test]
fn without_rules_or_a_record_of_the_run_nothing_is_looked_at() {
    let desk = standing(DECLARED);
    let before = desk.files();
    let said: Said = desk.run(&["drift", "--put-right"]).exit(64);
    let said = said.says(&["does not say what may be put right", "nothing was read"]);
    follow(&desk, &said, "declare drift.put_right", "ppm-infra explain drift.put_right").exit(0).says(&["at_most"]);
    desk.run(&["drift", "--put-right", "--no-record"]).exit(64).says(&["--no-record"]);
    assert_eq!(desk.files(), before);
    // Rules alone put nothing right.
    let desk = allowing(RULES);
    idle(&desk, 60);
    for _ in 0..3 {
        desk.run(&["drift"]).exit(2);
    }
    assert_eq!(world(&desk, "load_balancer.main", "idle_timeout_seconds"), json!(60));
}
