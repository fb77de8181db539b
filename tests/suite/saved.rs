//! Saved plans: told by what is in them, shown anywhere, carried out as they were approved.

use serde_json::Value;

use crate::support::binary::{Desk, Said};

/// Names that say nothing, and names that say something else.
const NAMES: [&str; 3] = ["p.json", "x.plan.json", "approved.yaml"];

fn declared() -> Desk {
    let desk = Desk::simulated();
    desk.declare(&[]);
    desk
}

fn standing() -> Desk {
    let desk = declared();
    desk.run(&["apply", "--auto-approve"]).exit(0);
    desk
}

/// The command that a hint of `said` names behind `before`.
fn hinted<'a>(said: &'a Said, before: &str) -> Vec<&'a str> {
    let line = said.stderr.lines().find_map(|line| line.split_once(before)).unwrap_or_else(|| panic!("{said}"));
    line.1.split('`').next().unwrap().split_whitespace().collect()
}

#[test]
fn what_the_hint_says_works_whatever_the_name() {
    for name in NAMES {
        let desk = declared();
        let planned = desk.run(&["plan", "-o", name]).exit(0);
        let command = hinted(&planned, "To carry out exactly this: `ppm-infra ");
        assert_eq!(command, ["apply", name]);
        desk.run(&command).exit(0).says(&["46 to create"]);
        desk.run(&["plan", "--detailed-exitcode"]).exit(0);
        desk.run(&command).exit(4).says(&["stale", "nothing was changed"]);
    }
}

#[test]
fn a_name_with_a_blank_is_quoted_where_it_is_to_be_typed() {
    let desk = declared();
    desk.run(&["plan", "-o", "our plan.json"]).exit(0).says(&["ppm-infra apply 'our plan.json'"]);
}

#[test]
fn every_other_command_says_what_it_is_and_who_takes_it() {
    let desk = standing();
    desk.run(&["plan", "--destroy", "-o", "p.json"]).exit(0);
    let before = desk.files();
    for command in [
        &["plan", "p.json"][..],
        &["destroy", "p.json", "--auto-approve"],
        &["validate", "p.json"],
        &["drift", "p.json"],
        &["status", "p.json"],
        &["recover", "p.json", "--force", "--auto-approve"],
        &["adopt", "vpc.main", "vpc-1", "p.json"],
        &["graph", "p.json"],
        &["secrets", "p.json"],
        &["secrets", "rotate", "database", "p.json"],
        &["kubeconfig", "p.json"],
        &["offline-checklist", "p.json"],
        &["output", "-f", "p.json"],
        &["values", "p.json"],
        &["state", "list", "p.json"],
        &["lock", "status", "p.json"],
        &["unlock", "p.json"],
    ] {
        desk.run(command).exit(64).says(&[
            "p.json is a saved plan",
            "`ppm-infra apply p.json`",
            "ppm-infra show p.json",
        ]);
    }
    assert_eq!(desk.files(), before, "nothing was changed");
}

#[test]
fn what_else_is_taken_for_a_declaration_is_named_too() {
    let desk = standing();
    let printed = desk.run(&["plan", "--json"]).exit(0).stdout;
    desk.write("printed.json", &printed);
    let values = desk.run(&["values"]).exit(0).stdout;
    desk.write("my-values.yaml", &values);
    for (file, what) in [
        ("printed.json", "printed with `--json`"),
        ("state/ppm-prod.lock.json", "is a lockfile"),
        ("my-values.yaml", "is a file of Helm values"),
    ] {
        for command in ["plan", "apply", "validate", "show"] {
            desk.run(&[command, file]).exit(64).says(&[file, what, "hint"]);
        }
    }
    // A declaration may be JSON.
    desk.write("ppm.json", r#"{"stack": "ppm-two", "region": "us-east-1"}"#);
    desk.run(&["validate", "ppm.json"]).exit(0);
}

/// A plan as it was printed, but for its checks: they hold for that moment, are not saved, and made again by apply.
fn unchecked(said: &Said) -> String {
    let (before, checks) = said.stdout.split_once("Checks\n").unwrap_or_else(|| panic!("no checks: {said}"));
    let (_, after) = checks.split_once("\n\n").unwrap_or_else(|| panic!("no end: {said}"));
    format!("{before}{after}")
}

#[test]
fn it_is_shown_as_it_was_planned_and_where_nothing_else_is() {
    let desk = standing();
    desk.declare_with("tags: {team: research}\nkubernetes: {nodes: {count: 4}}");
    let ask = ["plan", "--replace", "node_group.main"];
    let text = desk.run(&[&ask[..], &["-o", "p.json"]].concat()).exit(0);
    let json = desk.run(&[&ask[..], &["--json"]].concat()).exit(0);
    let full = desk.run(&[&ask[..], &["--full"]].concat()).exit(0);
    let before = desk.files();
    let shown =
        desk.run(&["show", "p.json"]).exit(0).says(&["It can be carried out as it is: `ppm-infra apply p.json`"]);
    assert_eq!(shown.stdout, unchecked(&text));
    let told = |said: &Said| {
        let mut plan = said.json().remove(0);
        plan["checks"] = Value::Null;
        plan["summary"]["checks"] = Value::Null;
        plan
    };
    assert_eq!(told(&desk.run(&["show", "p.json", "--json"]).exit(0)), told(&json));
    assert_eq!(desk.run(&["show", "p.json", "--full"]).exit(0).stdout, unchecked(&full));
    assert_eq!(desk.files(), before, "nothing was changed");

    // On the desk of whoever looks at it, and after the declaration changed.
    let other = Desk::simulated();
    other.write("p.json", &desk.read("p.json"));
    let shown = other.run(&["show", "p.json"]).exit(0).says(&["It cannot be applied here", "plans/reference.yaml"]);
    assert_eq!(shown.stdout, unchecked(&text));
    desk.declare(&[]);
    desk.run(&["show", "p.json"]).exit(0).says(&["It cannot be applied here", "changed since the plan was saved"]);
    desk.run(&["apply", "p.json"]).exit(4).says(&["stale", "plans/reference.yaml changed"]);
}

#[test]
fn a_declaration_is_not_shown_as_a_plan() {
    let desk = declared();
    desk.run(&["show", "plans/reference.yaml"])
        .exit(64)
        .says(&["plans/reference.yaml is a declaration, not a saved plan", "ppm-infra plan plans/reference.yaml"]);
    desk.write("notes.txt", "hello\n");
    desk.run(&["show", "notes.txt"]).exit(64).says(&["notes.txt is not a saved plan"]);
    desk.run(&["show", "none.json"]).exit(64).says(&["there is no saved plan none.json", "plan -o"]);
    desk.run(&["apply", "none.json"]).exit(64).says(&["there is no saved plan none.json"]);
    desk.run(&["show"]).exit(64);
}

/// A saved plan with something else in it, written as this program writes.
fn changed(text: &str, change: impl FnOnce(&mut Value)) -> String {
    let mut value: Value = serde_json::from_str(text).unwrap();
    assert!(ppm_infra::model::document::unsealed(&mut value), "{text}");
    change(&mut value);
    ppm_infra::model::document::sealed(value)
}

#[test]
fn what_cannot_be_relied_on_is_refused_with_the_way_to_another() {
    let desk = standing();
    desk.declare_with("tags: {team: research}");
    desk.run(&["plan", "-o", "good.json"]).exit(0);
    let good = desk.read("good.json");
    let at = |line: &str| good.find(line).unwrap_or_else(|| panic!("{line} in {good}"));
    let cases = [
        (good[..good.len() / 2].to_owned(), 64, &["damaged saved plan", "EOF"][..]),
        (good[..at("\"digest\"") + 12].to_owned(), 64, &["damaged saved plan"]),
        (good.replace("research", "nobody"), 64, &["damaged saved plan", "not as it was saved"]),
        (changed(&good, |plan| plan["format"] = 1.into()), 4, &["format 1", "reads format 4"]),
        (changed(&good, |plan| plan["format"] = 9.into()), 4, &["format 9", "use ppm-infra 0."]),
        (changed(&good, |plan| plan["tool"] = "9.9.9".into()), 4, &["made by ppm-infra 9.9.9"]),
        (changed(&good, |plan| plan["plan"]["stack"] = 1.into()), 64, &["damaged saved plan"]),
        (changed(&good, |plan| drop(plan.as_object_mut().unwrap().remove("plan"))), 64, &["damaged saved plan"]),
    ];
    let before = desk.files();
    for (text, code, says) in cases {
        desk.write("p.json", &text);
        for command in ["apply", "show"] {
            desk.run(&[command, "p.json"]).exit(code).says(says).says(&["save it again: `ppm-infra plan "]);
        }
    }
    std::fs::remove_file(desk.path("p.json")).unwrap();
    assert_eq!(desk.files(), before, "nothing was changed");
    desk.run(&["apply", "good.json"]).exit(0);
}

#[test]
fn saving_takes_no_file_away() {
    let desk = standing();
    let before = desk.files();
    for file in ["plans/reference.yaml", "state/ppm-prod.lock.json", "world.json"] {
        desk.run(&["plan", "-o", file]).exit(64).says(&[file, "is there already and is no saved plan", "not touched"]);
    }
    assert_eq!(desk.files(), before);
    // One saved plan takes the place of another, and that of an empty file.
    desk.write("p.json", "");
    desk.run(&["plan", "-o", "p.json"]).exit(0);
    let saved = desk.read("p.json");
    desk.run(&["plan", "-o", "p.json"]).exit(0);
    assert_eq!(desk.read("p.json"), saved, "the same plan, byte for byte");
}

#[test]
fn a_saved_destruction_is_the_one_that_was_shown() {
    let desk = standing();
    let ask = ["--destroy", "--delete-data", "database,bucket,key", "--no-final-snapshot"];
    let planned = desk.run(&[&["plan", "-o", "d.json"][..], &ask].concat()).exit(0);
    let saved: Value = serde_json::from_str(&desk.read("d.json")).unwrap();
    assert_eq!(saved["ask"]["no_final_snapshot"], true);
    assert_eq!(saved["ask"]["request"]["delete_data"], serde_json::json!(["bucket", "database", "key"]));
    assert_eq!(desk.run(&["show", "d.json"]).exit(0).stdout, unchecked(&planned));
    assert_eq!(desk.run(&["show", "d.json", "--json"]).exit(0).json()[0]["command"], "destroy");

    // To save it was not yet to destroy.
    let before = desk.files();
    desk.run(&["apply", "d.json"]).exit(64).says(&["destroy asks before it changes anything", "--auto-approve"]);
    desk.run(&["apply", "d.json", "--auto-approve", "--on-failure", "rollback"]).exit(64).says(&["never rolled back"]);
    assert_eq!(desk.files(), before);
    desk.run(&["apply", "d.json", "--auto-approve"]).exit(0).says(&["Destroyed.", "0 objects of ppm-prod left"]);
    let lockfile: Value = serde_json::from_str(&desk.read("state/ppm-prod.lock.json")).unwrap();
    assert_eq!(lockfile["resources"], serde_json::json!({}));
    desk.run(&["apply", "d.json", "--auto-approve"]).exit(4).says(&["stale"]);
}

#[test]
fn a_destruction_that_was_saved_without_data_keeps_the_data() {
    let desk = standing();
    desk.run(&["plan", "--destroy", "-o", "d.json"]).exit(0).says(&["Kept", "database.main"]);
    desk.run(&["apply", "d.json", "--auto-approve"]).exit(0).says(&["Destroyed."]);
    assert!(desk.read("state/ppm-prod.lock.json").contains("\"database.main\": {"));
}

#[test]
fn what_was_not_saved_is_not_added() {
    let desk = standing();
    desk.declare_with("tags: {team: research}");
    desk.run(&["plan", "-o", "p.json"]).exit(0);
    let before = desk.files();
    desk.run(&["apply", "p.json", "--replace", "node_group.main"])
        .exit(64)
        .says(&["carried out as it was saved", " --replace node_group.main -o p.json"]);
    desk.run(&["plan", "--delete-data", "database"]).exit(64).says(&["--destroy"]);
    desk.run(&["plan", "--no-final-snapshot"]).exit(64).says(&["--destroy"]);
    assert_eq!(desk.files(), before);
}
