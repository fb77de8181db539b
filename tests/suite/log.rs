//! Seeing inside: lines on stderr when asked for, and in a file as JSON.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::support::binary::Desk;

/// The lines of a log, each an object by itself.
pub(crate) fn lines(desk: &Desk, name: &str) -> Vec<Value> {
    desk.read(name).lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// A field of the span of this name around a line.
fn of_span<'a>(line: &'a Value, span: &str, field: &str) -> Option<&'a str> {
    line["spans"].as_array()?.iter().find(|one| one["name"] == span)?[field].as_str()
}

#[test]
fn steps_and_decisions_are_told_once_asked_for_and_calls_at_the_second_time() {
    let desk = Desk::simulated();
    desk.declare(&[]);
    let quiet = desk.run(&["plan"]).exit(0);
    assert!(!quiet.stderr.contains("decided"), "{quiet}");
    let plan = desk.run(&["plan", "-v"]).exit(0);
    assert!(plan.stderr.contains("decided address=vpc.main what=\"create\" why=New"), "{plan}");
    assert!(!plan.stderr.contains("call operation"), "{plan}");
    assert_eq!(plan.stdout, quiet.stdout, "what the program has to say is the same");
    let apply = desk.run(&["apply", "--auto-approve", "-vv"]).exit(0);
    for told in
        ["step started step=create vpc.main", "step finished step=create database.main", "state written serial=2"]
    {
        assert!(apply.stderr.contains(told), "`{told}`: {apply}");
    }
    let call = "step{step=create vpc.main}: call operation=Create address=vpc.main";
    assert!(apply.stderr.contains(call), "{apply}");
}

#[test]
fn a_file_gets_what_was_told_of_every_run_as_json() {
    let desk = Desk::simulated();
    desk.declare(&[]);
    desk.run(&["apply", "--auto-approve", "--log-file", "inside.jsonl"]).exit(0);
    let first = lines(&desk, "inside.jsonl");
    desk.run(&["plan", "--log-file", "inside.jsonl"]).exit(0);
    let all = lines(&desk, "inside.jsonl");
    assert_eq!(all[..first.len()], first, "lines are added");
    let runs: BTreeSet<&str> = all.iter().map(|line| of_span(line, "run", "id").unwrap()).collect();
    assert_eq!(runs.len(), 2, "each run has an id of its own");
    let done = |line: &&Value| line["message"] == "step finished";
    assert_eq!(first.iter().filter(done).count(), 46);
    let made = first.iter().find(|line| line["message"] == "call" && line["address"] == "vpc.main").unwrap();
    assert_eq!(of_span(made, "step", "step"), Some("create vpc.main"), "{made}");
    let mode =
        std::os::unix::fs::PermissionsExt::mode(&std::fs::metadata(desk.path("inside.jsonl")).unwrap().permissions());
    assert_eq!(mode & 0o777, 0o600);
}

#[test]
fn a_file_that_cannot_be_written_to_is_refused_before_anything_is_done() {
    let desk = Desk::simulated();
    desk.declare(&[]);
    desk.shell("mkfifo pipe").exit(0);
    let before = desk.files();
    for (named, what) in [("pipe", "a named pipe"), ("plans", "a folder"), ("nowhere/inside.jsonl", "nowhere")] {
        desk.run(&["apply", "--auto-approve", "--log-file", named]).exit(64).says(&[named, what]);
    }
    assert_eq!(desk.files(), before);
}
