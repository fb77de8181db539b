//! What a look for drift finds, as programs get it: from the program itself, in a rehearsal.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::recover::meddle;
use crate::support::binary::{Desk, Said};
use crate::support::hint::{follow, hint};

const FILE: &str = "out/ppm-prod.values.yaml";

fn standing_with(lines: &str) -> Desk {
    let desk = Desk::simulated();
    desk.declare_with(lines);
    desk.run(&["apply", "--auto-approve"]).exit(0);
    desk
}

fn gone(desk: &Desk, address: &str) {
    let mut world: Value = serde_json::from_str(&desk.read("world.json")).unwrap();
    world["objects"].as_object_mut().unwrap().retain(|_, object| object["mark"]["address"] != address);
    desk.write("world.json", &world.to_string());
}

fn findings(said: &Said) -> Vec<Value> {
    said.json().pop().unwrap()["findings"].as_array().unwrap().clone()
}

#[test]
fn what_drifted_is_told_with_both_values_and_the_key_that_declares_it() {
    let desk = standing_with("database:\n  backup_days: 7");
    assert_eq!(findings(&desk.run(&["drift", "--json"]).exit(0)), Vec::<Value>::new());
    meddle(&desk, "database.main", None, |object| {
        object["declared"]["backup_days"] = json!(1);
        object["declared"]["deletion_protection"] = json!(false);
    });
    gone(&desk, "listener.https");
    let text = desk.read(FILE);
    desk.write(FILE, &text.replace("\nreplicas: 3\n", "\nreplicas: 5\nhand: hunter2\n"));

    let said = desk.run(&["drift", "--json"]).exit(2);
    assert!(!said.stdout.contains("hunter2"), "{said}");
    let all = findings(&said);
    let told = |one: &Value| -> [String; 4] {
        ["id", "severity", "address", "path"].map(|key| one[key].as_str().unwrap_or_default().to_owned())
    };
    let expected = [
        ["drift.changed", "critical", "database.main", "backup_days"],
        ["drift.changed", "high", "database.main", "deletion_protection"],
        ["drift.missing", "critical", "listener.https", ""],
        ["drift.values_edited", "medium", "", ""],
    ];
    assert_eq!(all.iter().map(told).collect::<Vec<_>>(), expected.map(|one| one.map(str::to_owned)));
    let whats: Vec<&str> = all.iter().map(|one| one["what"].as_str().unwrap()).collect();
    let expected = [
        "recorded 7, found 1",
        "recorded true, found false",
        "it is gone",
        "it was changed by hand: hand added, replicas changed",
    ];
    assert_eq!(whats, expected);
    let declared = desk.read("plans/reference.yaml");
    let line = |text: &str| json!(declared.lines().position(|line| line == text).unwrap() + 1);
    let places: Vec<_> = all.iter().map(|one| (one["file"].as_str().unwrap(), one["line"].clone())).collect();
    let plan = "plans/reference.yaml";
    let expected = [
        (plan, line("  backup_days: 7")),
        (plan, line("database:")),
        (plan, line("load_balancer:")),
        (FILE, Value::Null),
    ];
    assert_eq!(places, expected);
    // Every word of it is on the page as well.
    let page = desk.run(&["drift"]).exit(2);
    for one in &whats[..2] {
        assert!(page.stdout.contains(one), "{one}: {page}");
    }
    // What each says to type works.
    let typed: BTreeSet<&str> = all.iter().map(|one| one["remedy"].as_str().unwrap()).collect();
    assert_eq!(typed.len(), 3, "set in place, made again, and the values: {typed:?}");
    let plan = follow(&desk, &said, "shows what is done about it", "ppm-infra plan").exit(0);
    plan.says(&["database.main", "listener.https", "hand added, replicas changed"]);
    hint(&desk, &said, "with `ppm-infra apply", "ppm-infra apply").approved("yes").exit(0);
    assert_eq!(findings(&desk.run(&["drift", "--json"]).exit(0)), Vec::<Value>::new());
}

#[test]
fn values_that_are_not_here_or_not_the_last_are_written_anew() {
    let desk = standing_with("");
    let older = desk.read(FILE);
    desk.declare_with("package_manager: {replicas: 2}");
    desk.run(&["apply", "--auto-approve"]).exit(0);
    let newest = desk.read(FILE);
    let id = |said: &Said| findings(said)[0]["id"].as_str().unwrap().to_owned();
    std::fs::remove_file(desk.path(FILE)).unwrap();
    let said = desk.run(&["drift", "--json"]).exit(0);
    assert_eq!(id(&said), "drift.values_missing");
    follow(&desk, &said, "writes it anew", "ppm-infra values").exit(0);
    assert_eq!(desk.read(FILE), newest);
    desk.write(FILE, &older);
    let said = desk.run(&["drift", "--json"]).exit(0);
    assert_eq!(id(&said), "drift.values_other");
    follow(&desk, &said, "writes it anew", "ppm-infra values").exit(0);
    assert_eq!(desk.read(FILE), newest);
    // What is declared now was not applied yet: its values are not those that were written.
    desk.declare_with("package_manager: {replicas: 3}");
    std::fs::remove_file(desk.path(FILE)).unwrap();
    for (older, expected) in [(None, "drift.values_missing"), (Some(&older), "drift.values_other")] {
        if let Some(older) = older {
            desk.write(FILE, older);
        }
        let said = desk.run(&["drift", "--json"]).exit(0);
        assert_eq!(id(&said), expected);
        let plan = follow(&desk, &said, "shows what the next apply writes there", "ppm-infra plan").exit(0);
        plan.says(&["replicas  2 → 3"]);
    }
    desk.run(&["apply", "--auto-approve"]).exit(0);
    assert_eq!(findings(&desk.run(&["drift", "--json"]).exit(0)), Vec::<Value>::new());
    // Something else in its place leaves it by the command that is named.
    desk.write(FILE, "replicas: 7\n");
    let said = desk.run(&["drift", "--json"]).exit(2);
    assert_eq!(id(&said), "drift.values_foreign");
    hint(&desk, &said, "if that file may go from there", "mv").run().exit(0);
    assert_eq!(id(&desk.run(&["drift", "--json"]).exit(0)), "drift.values_missing");
}
