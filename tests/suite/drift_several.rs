//! Drift of several stacks in one run: each is told, one that cannot be looked at keeps no other from it, and the files hold
//! all of them.

use serde_json::{Value, json};

use crate::support::binary::Desk;
use crate::support::judge::{by_promtool, by_schema};

/// Two stacks in one account, both in sync.
fn two() -> Desk {
    let desk = Desk::simulated();
    for (file, stack) in [("plans/a.yaml", "ppm-a"), ("plans/b.yaml", "ppm-b")] {
        desk.declare(&[("stack: ppm-prod", &format!("stack: {stack}"))]);
        std::fs::rename(desk.path("plans/reference.yaml"), desk.path(file)).unwrap();
        desk.run(&["apply", file, "--auto-approve"]).exit(0);
    }
    desk
}

/// Somebody moved the database of each.
fn drifted(desk: &Desk) {
    let mut world: Value = serde_json::from_str(&desk.read("world.json")).unwrap();
    let objects = world["objects"].as_object_mut().unwrap().values_mut();
    let databases: Vec<_> = objects.filter(|object| object["mark"]["address"] == "database.main").collect();
    assert_eq!(databases.len(), 2);
    for object in databases {
        object["declared"]["backup_days"] = json!(3);
    }
    desk.write("world.json", &world.to_string());
}

#[test]
fn a_folder_is_every_declaration_in_it() {
    let desk = two();
    let said = desk.run(&["drift", "plans"]).exit(0);
    let (a, b) = (said.stdout.find("ppm-a in us-east-1"), said.stdout.find("ppm-b in us-east-1"));
    assert!(a.is_some() && a < b, "in the order of their names: {said}");
    said.says(&["2 stacks: 2 in sync."]);
    let said = desk.run(&["drift", "plans/b.yaml", "plans", "plans/b.yaml", "--json"]).exit(0);
    let stacks: Vec<_> = said.json().into_iter().map(|one| one["stack"].clone()).collect();
    assert_eq!(stacks, ["ppm-b", "ppm-a"], "in the order in which they are named, each once");
    desk.write("empty/notes.txt", "");
    desk.run(&["drift", "empty"]).exit(64).says(&["there is no declaration in empty"]);
}

#[test]
fn one_that_cannot_be_looked_at_keeps_no_other_from_it() {
    let desk = two();
    desk.write("plans/aa.yaml", "stack: [");
    let said = desk.run(&["drift", "plans"]).exit(3);
    said.says(&["plans/aa.yaml: ", "ppm-b in us-east-1", "3 stacks: 2 in sync, 1 not known to be in sync."]);
    let said = desk.run(&["drift", "plans", "--json"]).exit(3);
    let [a, error, b] = said.json().try_into().unwrap();
    assert_eq!([&a["stack"], &b["stack"]], ["ppm-a", "ppm-b"]);
    assert!(error["error"]["message"].as_str().unwrap().starts_with("plans/aa.yaml: "), "{error}");
}

#[test]
fn each_names_its_own_declaration_in_what_it_tells_to_type() {
    let desk = two();
    drifted(&desk);
    let said = desk.run(&["drift", "plans"]).exit(2);
    for file in ["plans/a.yaml", "plans/b.yaml"] {
        assert_eq!(said.stdout.matches(&format!("`ppm-infra plan {file}` shows")).count(), 1, "{said}");
    }
    said.says(&["2 stacks: 2 drifted."]);
}

#[test]
fn the_files_hold_all_of_them() {
    let desk = two();
    drifted(&desk);
    let files = ["--report", "a.html", "--report", "a.md", "--sarif", "a.sarif", "--prometheus", "a.prom"];
    desk.run(&[&["drift", "plans"], &files[..]].concat()).exit(2);
    let html = desk.read("a.html");
    assert!(html.contains("<h1>Drift of ppm-a</h1>") && html.contains("<h1>Drift of ppm-b</h1>"), "{html}");
    assert_eq!((html.matches("id=\"drift\"").count(), html.matches("id=\"drift-1\"").count()), (1, 1), "{html}");
    assert!(html.contains("<title>Drift of ppm-a, Drift of ppm-b</title>"), "{html}");
    let markdown = desk.read("a.md");
    assert!(markdown.contains("# Drift of ppm-a\n") && markdown.contains("\n\n# Drift of ppm-b\n"), "{markdown}");
    let log = desk.read("a.sarif");
    by_schema(&log, "sarif-2.1.0/schema.json");
    let log: Value = serde_json::from_str(&log).unwrap();
    let runs: Vec<_> = log["runs"].as_array().unwrap().iter().map(|run| run["properties"]["stack"].clone()).collect();
    assert_eq!(runs, ["ppm-a", "ppm-b"]);
    let metrics = desk.read("a.prom");
    by_promtool(&metrics);
    assert_eq!(metrics.matches("# TYPE ppm_infra_drift_in_sync gauge").count(), 1, "{metrics}");
    assert_eq!(metrics.matches("ppm_infra_drift_in_sync{stack=").count(), 2, "{metrics}");
}

#[test]
fn a_heartbeat_is_sent_once_all_of_them_were_looked_at() {
    let desk = two();
    let beats = |arguments: &[&str], code: i32| {
        let heartbeat = ["--heartbeat", "https://example.com/5ec7e7"];
        let said = desk.run(&[&["drift"], arguments, &heartbeat].concat()).exit(code);
        said.stderr.matches("No heartbeat was sent: this is a rehearsal.").count()
    };
    assert_eq!(beats(&["plans/a.yaml"], 0), 1);
    assert_eq!(beats(&["plans"], 0), 1);
    drifted(&desk);
    assert_eq!(beats(&["plans"], 2), 1, "whatever was found");
    for what in ["plans", "plans/a.yaml"] {
        assert_eq!(beats(&[what, "--sarif", "none/a.sarif"], 1), 0, "what was to be written was not");
    }
    desk.write("plans/c.yaml", "stack: [");
    assert_eq!(beats(&["plans"], 3), 0, "one was not looked at");
    assert_eq!(beats(&["plans/c.yaml"], 65), 0);
}
