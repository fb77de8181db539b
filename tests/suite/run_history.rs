//! What `drift` remembers of earlier runs: from the program itself, in a rehearsal.

use serde_json::{Value, json};

use crate::recover::meddle;
use crate::support::binary::{Desk, Said};

const RUNS: &str = "state/ppm-prod.runs.jsonl";

fn standing() -> Desk {
    let desk = Desk::simulated();
    desk.declare_with("database:\n  backup_days: 7");
    desk.run(&["apply", "--auto-approve"]).exit(0);
    desk
}

fn days(desk: &Desk, days: u32) {
    meddle(desk, "database.main", None, |object| object["declared"]["backup_days"] = json!(days));
}

fn drift(desk: &Desk) -> Said {
    desk.run(&["drift"])
}

fn told(said: &Said) -> Value {
    said.json().pop().unwrap()
}

/// The words of the time of the last run that was recorded.
fn last(desk: &Desk) -> String {
    let told = told(&desk.run(&["drift", "history", "--json"]).exit(0));
    let at = told["runs"].as_array().unwrap().last().unwrap()["at"].as_str().unwrap().to_owned();
    format!("{} {} UTC", &at[..10], &at[11..16])
}

#[test]
fn a_run_says_what_is_new_and_what_is_resolved_since_the_one_before() {
    let desk = standing();
    let first = drift(&desk).exit(0);
    assert!(!first.stdout.contains("since"), "{first}");
    let quiet = drift(&desk).exit(0);
    assert_eq!(quiet.stdout, first.stdout, "where all was and is in sync there is nothing to compare");
    days(&desk, 1);
    meddle(&desk, "vpc.main", None, |object| object["declared"]["tags"]["team"] = json!("x"));
    let at = last(&desk);
    drift(&desk).exit(2).says(&[&format!("2 new since {at}."), "database.main backup_days  new"]);
    let at = last(&desk);
    drift(&desk).exit(2).says(&[&format!("Nothing new since {at}.")]);
    days(&desk, 2);
    let at = last(&desk);
    drift(&desk).exit(2).says(&[&format!("1 changed since {at}.")]);
    days(&desk, 7);
    let at = last(&desk);
    let said = drift(&desk).exit(2).says(&[&format!("1 resolved since {at}."), "database.main backup_days  resolved"]);
    assert!(!said.stdout.contains(" new"), "{said}");
}

#[test]
fn programs_are_told_the_same() {
    let desk = standing();
    days(&desk, 1);
    let first = told(&desk.run(&["drift", "--json"]).exit(2));
    assert_eq!(first["since"], Value::Null);
    assert_eq!((&first["findings"][0]["is_new"], &first["findings"][0]["first_seen"]), (&json!(true), &Value::Null));
    meddle(&desk, "vpc.main", None, |object| object["declared"]["tags"]["team"] = json!("x"));
    let second = told(&desk.run(&["drift", "--json"]).exit(2));
    let runs = told(&desk.run(&["drift", "history", "--json"]).exit(0))["runs"].clone();
    let since = &second["since"];
    assert_eq!((&since["at"], &since["run"]), (&runs[1]["at"], &runs[1]["run"]));
    assert_eq!((&since["new"], &since["changed"], &since["resolved"]), (&json!(1), &json!(0), &json!([])));
    let is_new = |n: usize| (second["findings"][n]["is_new"].clone(), second["findings"][n]["first_seen"].clone());
    assert_eq!(is_new(0), (json!(false), runs[1]["at"].clone()));
    assert_eq!(is_new(1), (json!(true), Value::Null));
    days(&desk, 7);
    let third = told(&desk.run(&["drift", "--json"]).exit(2));
    let resolved = &third["since"]["resolved"][0];
    assert_eq!((&resolved["subject"], &resolved["first_seen"]), (&json!("database.main backup_days"), &runs[1]["at"]));
}

#[test]
fn an_entry_says_what_was_run_on_what_and_how_it_ended() {
    let desk = standing();
    let begun = std::time::Instant::now();
    drift(&desk).exit(0);
    let took = u64::try_from(begun.elapsed().as_millis()).unwrap();
    days(&desk, 1);
    drift(&desk).exit(2);
    let lockfile: Value = serde_json::from_str(&desk.read("state/ppm-prod.lock.json")).unwrap();
    let told = told(&desk.run(&["drift", "history", "--json"]).exit(0));
    let [applied, first, second] = told["runs"].as_array().unwrap().as_slice() else { panic!("{told}") };
    assert_eq!((&applied["kind"], &applied["outcome"]), (&json!("apply"), &json!("done")));
    let steps = applied["steps"].as_array().unwrap();
    let made = |one: &&Value| one["step"]["part"] == "create" && one["elapsed_ms"].is_u64();
    assert_eq!((steps.len(), steps.iter().filter(made).count()), (46, 46), "{applied}");
    for (entry, outcome) in [(first, "in_sync"), (second, "drifted")] {
        assert_eq!((&entry["kind"], &entry["outcome"]), (&json!("drift"), &json!(outcome)));
        assert_eq!((&entry["tool"], &entry["looked_at"]), (&json!(env!("CARGO_PKG_VERSION")), &json!(46)));
        assert_eq!(entry["serial"], lockfile["serial"]);
    }
    let elapsed = first["elapsed_ms"].as_u64().unwrap();
    assert!((1..=took).contains(&elapsed), "{elapsed} of {took} ms");
    assert_ne!(first["run"], second["run"]);
    assert_eq!(second["changes"], json!({"new": 1, "changed": 0, "resolved": 0}));
    let expected = json!([{
        "id": "drift.changed", "subject": "database.main backup_days", "address": "database.main", "severity": "critical",
        "what": "recorded 7, found 1", "first_seen": second["at"], "waived": false,
    }]);
    assert_eq!(second["findings"], expected);
}

#[test]
fn the_history_lists_runs_and_shows_since_when() {
    let desk = standing();
    desk.run(&["drift", "history"]).exit(0).says(&["1 run.", "apply", "done", "46 steps"]);
    drift(&desk).exit(0);
    days(&desk, 1);
    drift(&desk).exit(2);
    let since = last(&desk);
    days(&desk, 2);
    drift(&desk).exit(2);
    let said = desk.run(&["drift", "history"]).exit(0).says(&["4 runs.", "in sync", "drifted", "1 new", "1 changed"]);
    assert_eq!(said.stdout.lines().filter(|line| line.contains(" drift ")).count(), 3, "{said}");
    desk.run(&["drift", "history", "--limit", "1"]).exit(0).says(&["1 run.", "1 changed"]);
    for what in ["database.main", "drift.changed", "database.main backup_days"] {
        let said = desk.run(&["drift", "history", what]).exit(0);
        said.says(&["1 finding.", &format!("since {since}"), "recorded 7, found 2"]);
    }
    desk.run(&["drift", "history", "vpc.main"]).exit(0).says(&["found vpc.main."]);
    days(&desk, 7);
    drift(&desk).exit(0);
    let said = desk.run(&["drift", "history", "database.main"]).exit(0);
    said.says(&[&format!("from {since} until ")]);
    days(&desk, 3);
    drift(&desk).exit(2);
    let all = told(&desk.run(&["drift", "history", "database.main", "--json"]).exit(0))["found"].clone();
    let is_there: Vec<&Value> = all.as_array().unwrap().iter().map(|one| &one["is_there"]).collect();
    assert_eq!(is_there, [&json!(false), &json!(true)]);
    let named = ["drift", "history", "--file", "plans/reference.yaml"];
    desk.run(&named).exit(0).says(&["6 runs."]);
    // A declaration of that name is meant as a file.
    desk.run(&["drift", "plans/reference.yaml"]).exit(2);
}

#[test]
fn a_run_that_is_not_recorded_leaves_no_trace_and_compares_all_the_same() {
    let desk = standing();
    drift(&desk).exit(0);
    days(&desk, 1);
    let before = desk.files();
    for _ in 0..2 {
        desk.run(&["drift", "--no-record"]).exit(2).says(&["1 new since "]);
    }
    assert_eq!(desk.files(), before);
    let fresh = Desk::simulated();
    fresh.declare(&[]);
    fresh.run(&["drift"]).exit(0);
    assert!(!fresh.path("state").exists(), "of what was never applied there is nothing to remember");
}

#[test]
fn a_history_that_cannot_be_written_or_read_is_a_warning() {
    let desk = standing();
    std::fs::remove_file(desk.path(RUNS)).unwrap();
    std::fs::create_dir(desk.path(RUNS)).unwrap();
    desk.declare_with("database:\n  backup_days: 8");
    desk.run(&["apply", "--auto-approve"]).exit(0).says(&["warning: this run is not recorded, so drift may tell"]);
    desk.declare_with("database:\n  backup_days: 7");
    desk.run(&["apply", "--auto-approve"]).exit(0);
    let said = drift(&desk).exit(0);
    let said =
        said.says(&["In sync.", "warning: the last run is not known", "warning: this run is not recorded", RUNS]);
    assert!(said.stdout.starts_with("ppm-prod in"), "{said}");
    std::fs::remove_dir(desk.path(RUNS)).unwrap();
    drift(&desk).exit(0);
    days(&desk, 1);
    drift(&desk).exit(2);
    let text = desk.read(RUNS);
    desk.write(RUNS, &text.replacen("in_sync", "in_sink", 1));
    let said = drift(&desk).exit(2);
    said.says(&["warning: line 1 of state/ppm-prod.runs.jsonl is damaged and is passed over", "Nothing new since"]);
    let said = drift(&desk).exit(2);
    assert!(!said.stderr.contains("damaged"), "it is told once: {said}");
    assert_eq!(desk.read(&format!("{RUNS}.damaged")).lines().count(), 3);
    desk.run(&["drift", "history"]).exit(0).says(&["3 runs."]);
}

#[test]
fn a_history_cut_at_any_byte_is_detected_or_harmless() {
    let desk = standing();
    drift(&desk).exit(0);
    let first = desk.read(RUNS).len();
    days(&desk, 1);
    drift(&desk).exit(2);
    let text = desk.read(RUNS);
    // What reads every one of them in a moment is tested beside it; here, around the ends of lines and within.
    for length in [0, 1, first / 2, first - 1, first, first + 1, usize::midpoint(first, text.len()), text.len() - 1] {
        desk.write(RUNS, &text[..length]);
        let said = drift(&desk).exit(2);
        let expected = if length < first { "" } else { "1 new since" };
        assert!(
            said.stdout.contains(expected) && (!expected.is_empty() || !said.stdout.contains("since")),
            "{length}: {said}"
        );
        assert!(!said.stderr.contains("warning: line"), "{length}: {said}");
        drift(&desk).exit(2).says(&["Nothing new since"]);
    }
}

#[test]
fn two_at_once_both_leave_their_run() {
    let desk = standing();
    days(&desk, 1);
    let runs: Vec<_> = (0..4).map(|_| desk.start(&["drift"])).collect();
    for run in runs {
        run.end().exit(2);
    }
    let history = desk.run(&["drift", "history"]).exit(0).says(&["5 runs."]);
    assert!(!history.stderr.contains("warning"), "{history}");
    drift(&desk).exit(2).says(&["Nothing new since"]);
}

#[test]
fn what_changes_a_stack_leaves_its_run_whatever_came_of_it() {
    let desk = Desk::simulated();
    desk.declare_with("database:\n  backup_days: 7");
    desk.run(&["drift", "history"]).exit(0).says(&["No run is recorded."]);
    desk.run(&["apply", "--auto-approve"]).exit(0);
    desk.run(&["apply", "--auto-approve"]).exit(0);
    days(&desk, 1);
    desk.run(&["drift", "fix", "database.main", "--auto-approve"]).exit(0);
    desk.run(&["destroy", "--auto-approve", "--delete-data", "database,bucket,key"]).exit(0);
    let told = told(&desk.run(&["drift", "history", "--json"]).exit(0));
    let runs: Vec<_> = told["runs"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| {
            (one["kind"].as_str().unwrap(), one["outcome"].as_str().unwrap(), one["steps"].as_array().unwrap().len())
        })
        .collect();
    assert_eq!(
        runs,
        [("apply", "done", 46), ("apply", "done", 1), ("destroy", "done", 46)],
        "one that changes nothing leaves none"
    );
}
