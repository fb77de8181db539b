//! The files that `drift` writes beside what it shows: from the program itself, in a rehearsal, judged by programs of others.

use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};

use serde_json::{Value, json};

use crate::recover::meddle;
use crate::support::binary::{Desk, Said};
use crate::support::judge::{by_promtool, by_schema};

const ALL: [&str; 8] =
    ["--report", "a.html", "--report", "a.md", "--sarif", "a.sarif", "--prometheus", "metrics/a.prom"];

/// What somebody might write into AWS to be read as more than text.
const MARKUP: &str = "<script>x</script>|`c` [e](https://f) @team #1 \"} 2\nend \\";

fn standing() -> Desk {
    let desk = Desk::simulated();
    desk.declare_with("database:\n  backup_days: 7");
    desk.run(&["apply", "--auto-approve"]).exit(0);
    desk.write("metrics/other.prom", "");
    desk
}

fn moved(desk: &Desk, days: u32) {
    meddle(desk, "database.main", None, |object| object["declared"]["backup_days"] = json!(days));
}

fn drift(desk: &Desk, more: &[&str]) -> Said {
    // Two looks that are compared know the same of earlier ones: none.
    desk.run(&[&["drift", "--no-record"], more].concat())
}

/// The log, judged by the official schema.
fn sarif(desk: &Desk) -> Value {
    let text = desk.read("a.sarif");
    by_schema(&text, "sarif-2.1.0/schema.json");
    serde_json::from_str(&text).unwrap()
}

/// The metrics, judged by Prometheus.
fn metrics(desk: &Desk) -> String {
    let text = desk.read("metrics/a.prom");
    by_promtool(&text);
    text
}

#[test]
fn a_report_of_another_ending_is_refused_before_anything_is_read() {
    let desk = standing();
    let before = desk.files();
    for file in ["a.pdf", "a", "html", "a.HTML.txt"] {
        let said = drift(&desk, &["--report", "a.md", "--report", file, "plans/missing.yaml"]).exit(64);
        said.says(&[".html", ".md", file]);
    }
    assert_eq!(desk.files(), before);
}

#[test]
fn no_file_is_written_where_it_is_in_the_way_or_twice() {
    let desk = standing();
    let before = desk.files();
    // The option took the word that was meant as the declaration.
    drift(&desk, &["--sarif", "plans/reference.yaml"]).exit(64).says(&["is a declaration", "not touched"]);
    drift(&desk, &["--prometheus", "state/ppm-prod.lock.json"]).exit(64).says(&["is a lockfile"]);
    drift(&desk, &["--sarif", "out/ppm-prod.values.yaml"]).exit(64).says(&["is a file of Helm values"]);
    drift(&desk, &["--sarif", "state"]).exit(64).says(&["state is a folder"]);
    drift(&desk, &["--report", "a.md", "--sarif", "a.md"]).exit(64).says(&["a.md is named twice", "--sarif"]);
    assert_eq!(desk.files(), before);
}

#[test]
fn nothing_is_written_over_the_run_history() {
    let desk = standing();
    desk.run(&["drift"]).exit(0);
    desk.run(&["drift"]).exit(0);
    let history = "state/ppm-prod.runs.jsonl";
    let whole = desk.read(history);
    for text in [whole.clone(), whole.replacen("\"run\"", "\"ruin\"", 1)] {
        desk.write(history, &text);
        desk.write("runs.md", &text);
        let before = desk.files();
        for options in [
            ["--sarif", history],
            ["--prometheus", history],
            ["--report", "runs.md"],
            ["--notify", "github-issue:state/ppm-prod.runs.jsonl"],
        ] {
            drift(&desk, &options).exit(64).says(&["is a run history", "not touched"]);
        }
        desk.run(&["plan", "-o", history]).exit(64).says(&["not touched"]);
        desk.run(&["values", "-o", history]).exit(64).says(&["is a run history"]);
        desk.run(&["plan", history]).exit(64).says(&["is a run history, not a declaration"]);
        assert_eq!(desk.files(), before);
    }
}

#[test]
fn a_file_that_cannot_be_written_keeps_nothing_else_from_being_told() {
    let desk = standing();
    moved(&desk, 1);
    let shown = drift(&desk, &[]).exit(2).stdout;
    let files =
        ["--report", "none/a.html", "--report", "a.md", "--sarif", "none/a.sarif", "--prometheus", "metrics/a.prom"];
    let said = drift(&desk, &files).exit(1);
    assert_eq!(said.stdout, shown);
    let said = said.says(&["error: could not write none/a.html", "No such file or directory"]);
    said.says(&["could not write none/a.sarif", "every other file is written"]);
    let said = drift(&desk, &["--sarif", "plans/reference.yaml/a.sarif"]).exit(1);
    said.says(&["plans/reference.yaml/a.sarif", "Not a directory"]);
    assert!(!desk.path("none").exists(), "a folder that is missing may be misspelt");
    assert!(desk.read("a.md").contains("recorded `7`"));
    assert!(metrics(&desk).contains("ppm_infra_drift_in_sync{"));
}

#[test]
fn files_are_written_beside_what_is_shown_also_when_all_is_in_sync() {
    let desk = standing();
    let shown = drift(&desk, &[]).exit(0).stdout;
    assert_eq!(drift(&desk, &ALL).exit(0).stdout, shown);
    assert!(desk.read("a.html").contains("In sync.") && desk.read("a.md").contains("**In sync.**"));
    assert_eq!(sarif(&desk)["runs"][0]["results"], json!([]));
    let told = metrics(&desk);
    let labels = "stack=\"ppm-prod\",region=\"us-east-1\",account=\"111122223333\"";
    for (name, more, value) in [
        ("findings", ",severity=\"critical\"", 0),
        ("findings", ",severity=\"low\"", 0),
        ("findings", ",severity=\"unknown\"", 0),
        ("resources", "", 46),
        ("unread", "", 0),
        ("in_sync", "", 1),
    ] {
        let line = format!("\nppm_infra_drift_{name}{{{labels}{more}}} {value}\n");
        assert!(told.contains(&line), "{line}{told}");
    }
    let mode = |name: &str| std::fs::metadata(desk.path(name)).unwrap().permissions().mode() & 0o777;
    assert_eq!(["a.html", "a.md", "a.sarif", "metrics/a.prom"].map(mode), [0o600, 0o600, 0o600, 0o644]);

    // The collector reads at any time: another file takes the place of the one before.
    let number = || std::fs::metadata(desk.path("metrics/a.prom")).unwrap().ino();
    let before = number();
    moved(&desk, 1);
    let shown = drift(&desk, &["--json"]).exit(2).stdout;
    assert_eq!(drift(&desk, &[&ALL[..], &["--json"]].concat()).exit(2).stdout, shown);
    assert_ne!(number(), before);
    assert!(desk.read("a.html").contains("1 changed,") && desk.read("a.md").contains("**1 changed,**"));
    let told = metrics(&desk);
    assert!(
        told.contains("severity=\"critical\"} 1\n") && told.contains(&format!("in_sync{{{labels}}} 0\n")),
        "{told}"
    );
    let names: Vec<_> =
        std::fs::read_dir(desk.path("metrics")).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(names.len(), 2, "nothing is left half written: {names:?}");
}

#[test]
fn a_result_points_at_the_key_and_keeps_its_fingerprint() {
    let desk = standing();
    let first = |days| {
        moved(&desk, days);
        drift(&desk, &ALL).exit(2);
        sarif(&desk)["runs"][0]["results"][0].clone()
    };
    let (one, other) = (first(1), first(2));
    assert_eq!(one["partialFingerprints"], other["partialFingerprints"]);
    let text = |one: &Value| one["message"]["text"].as_str().unwrap().to_owned();
    let apply = "Hint: with `ppm-infra apply plans/reference.yaml` it is set to what is declared, in place";
    assert_eq!(text(&one), format!("database.main backup_days: recorded 7, found 1.\n{apply}"));
    assert_eq!(text(&other), text(&one).replace("found 1", "found 2"));
    let line = desk.read("plans/reference.yaml").lines().position(|line| line == "  backup_days: 7").unwrap() + 1;
    let place = &one["locations"][0]["physicalLocation"];
    assert_eq!(place["artifactLocation"]["uri"], "plans/reference.yaml");
    assert_eq!((&place["region"]["startLine"], &place["region"]["startColumn"]), (&json!(line), &json!(16)));
    let name = json!([{"fullyQualifiedName": "database.main", "kind": "resource"}]);
    assert_eq!(one["locations"][0]["logicalLocations"], name);
}

#[test]
fn strange_names_are_text_in_every_file() {
    let desk = standing();
    let strange = "plans/a b#1 <i>é%.yaml";
    desk.write(strange, &desk.read("plans/reference.yaml"));
    meddle(&desk, "vpc.main", None, |object| {
        object["declared"]["tags"]["team"] = json!(MARKUP);
        object["declared"]["tags"][MARKUP] = json!("x");
    });
    drift(&desk, &[&ALL[..], &[strange]].concat()).exit(2);
    let html = desk.read("a.html");
    assert!(!html.contains("<script") && !html.contains("<i>") && html.contains("&lt;script&gt;"), "{html}");
    let markdown = desk.read("a.md");
    let outside: String = markdown.split('`').step_by(2).collect();
    assert!(!outside.contains("<script") && !markdown.contains("\nend"), "{markdown}");
    let log = sarif(&desk);
    let results = log["runs"][0]["results"].as_array().unwrap();
    assert!(!results.is_empty());
    for one in results {
        let text = one["message"]["text"].as_str().unwrap();
        assert!(!text.contains("](") && !text.contains("\nend"), "{text}");
        let uri = &one["locations"][0]["physicalLocation"]["artifactLocation"]["uri"];
        assert_eq!(uri, "plans/a%20b%231%20%3Ci%3E%C3%A9%25.yaml");
    }
    metrics(&desk);
}

#[test]
fn commands_in_reports_are_those_to_type_now() {
    let desk = Desk::fast();
    desk.declare(&[]);
    let run = |more: &[&str]| desk.run(&[&["--cloud", "simulated:world.json"], more].concat());
    run(&["apply", "--auto-approve"]).exit(0);
    moved(&desk, 1);
    desk.write("metrics/other.prom", "");
    run(&[&["drift"], &ALL[..]].concat()).exit(2);
    let command = "ppm-infra --cloud simulated:world.json plan plans/reference.yaml";
    assert!(desk.read("a.html").contains(&format!("<code>{command}</code>")));
    assert!(desk.read("a.md").contains(&format!("`{command}`")));
    let command = "ppm-infra --cloud simulated:world.json apply plans/reference.yaml";
    assert!(desk.read("a.sarif").contains(&format!("`{command}`")));
}
