//! What the values will be is part of the plan: told, counted, asked about, saved, and not overwritten by the way.

use serde_json::{Value, json};

use crate::support::binary::{Desk, Said};

const FILE: &str = "out/ppm-prod.values.yaml";

fn standing() -> Desk {
    standing_with("")
}

fn standing_with(lines: &str) -> Desk {
    let desk = Desk::simulated();
    desk.declare_with(lines);
    desk.run(&["apply", "--auto-approve"]).exit(0);
    desk
}

/// The values in `plan --json`.
fn told(desk: &Desk) -> Value {
    desk.run(&["plan", "--json"]).exit(0).json().pop().unwrap()
}

fn paths(told: &Value) -> Vec<&str> {
    told["values"]["changes"].as_array().unwrap().iter().map(|change| change["path"].as_str().unwrap()).collect()
}

fn change<'a>(told: &'a Value, path: &str) -> &'a Value {
    let changes = told["values"]["changes"].as_array().unwrap();
    changes.iter().find(|change| change["path"] == path).unwrap_or_else(|| panic!("{path} in {told}"))
}

#[test]
fn a_change_of_the_values_alone_is_a_change_of_the_plan() {
    let desk = standing();
    desk.run(&["plan", "--detailed-exitcode"]).exit(0).says(&["No changes."]);
    let before = desk.read(FILE);
    for (declared, row, path, sides) in [
        ("replicas: 2", "~ replicas  3 → 2", "replicas", (json!(3), json!(2))),
        (
            "database_connections: 10",
            "~ config.PostgresPool.MaxOpenConnections",
            "config.PostgresPool.MaxOpenConnections",
            (json!("50"), json!("10")),
        ),
        (
            "license: {secret: our-license}",
            "~ license.file.secret  rstudio-pm-license → our-license",
            "license.file.secret",
            (json!("rstudio-pm-license"), json!("our-license")),
        ),
    ] {
        desk.declare_with(&format!("package_manager: {{{declared}}}"));
        let said =
            desk.run(&["plan", "--detailed-exitcode"]).exit(2).says(&["Helm values  out/ppm-prod.values.yaml", row]);
        assert!(!said.stdout.contains("No changes") && said.stdout.contains(" Values: 1 key changes."), "{said}");
        let told = told(&desk);
        assert_eq!(paths(&told), [path], "{declared}");
        assert_eq!(change(&told, path)["before"], json!({"value": sides.0}), "{declared}");
        assert_eq!(change(&told, path)["after"], json!({"value": sides.1}), "{declared}");
        assert_eq!((&told["summary"]["values"], &told["summary"]["values_change"]), (&json!(1), &json!(true)));
        assert_eq!(told["summary"]["has_changes"], false, "nothing is done in AWS");
        // It is asked about like any other.
        desk.run(&["apply"]).exit(64).says(&["apply asks before it changes anything"]);
        assert_eq!(desk.read(FILE), before, "looking and asking change nothing");
    }
    desk.run(&["apply", "--auto-approve"]).exit(0);
    assert_ne!(desk.read(FILE), before);
    desk.run(&["plan", "--detailed-exitcode"]).exit(0).says(&["No changes."]);
    let lockfile = desk.read("state/ppm-prod.lock.json");
    desk.run(&["apply", "--auto-approve"]).exit(0);
    assert_eq!(desk.read("state/ppm-prod.lock.json"), lockfile, "and then it is left as it is");
}

#[test]
fn settings_are_told_and_not_kept_in_the_lockfile() {
    let settings = |value: &str| format!("package_manager: {{settings: {{Git: {{PollInterval: {value}}}}}}}");
    let desk = standing_with(&settings("17m"));
    let lockfile = desk.read("state/ppm-prod.lock.json");
    assert!(lockfile.contains("config.Git.PollInterval") && !lockfile.contains("17m"), "{lockfile}");
    desk.declare_with(&settings("23m"));
    desk.run(&["plan", "--detailed-exitcode"]).exit(2).says(&["~ config.Git.PollInterval  17m → 23m"]);
    // Where the file is not, what it was is not known, and that it changes is.
    std::fs::remove_file(desk.path(FILE)).unwrap();
    let said = desk.run(&["plan", "--detailed-exitcode"]).exit(2);
    said.says(&["compared with what was written at serial", "~ config.Git.PollInterval  another value → 23m"]);
    assert_eq!(change(&told(&desk), "config.Git.PollInterval")["before"], json!({"hidden": true}));
    desk.declare_with("package_manager: {settings: {Git: {BuildRetries: 5}}}");
    desk.run(&["plan"]).exit(0).says(&["+ config.Git.BuildRetries  5", "- config.Git.PollInterval"]);
}

#[test]
fn another_machine_plans_the_same() {
    let desk = standing();
    let other = Desk::simulated();
    for file in ["state/ppm-prod.lock.json", "world.json"] {
        other.write(file, &desk.read(file));
    }
    other.declare(&[]);
    other.run(&["plan", "--detailed-exitcode"]).exit(0).says(&["No changes."]);
    other.run(&["drift"]).exit(0).says(&["In sync.", "out/ppm-prod.values.yaml is not on this machine"]);
    let lines = "package_manager: {replicas: 2}";
    desk.declare_with(lines);
    other.declare_with(lines);
    let (here, there) = (desk.run(&["plan", "-o", "p.json"]).exit(0), other.run(&["plan"]).exit(0));
    assert_eq!(here.stdout, there.stdout, "the lockfile is enough");
    // What was planned here is carried out there, and the file is the same.
    other.write("p.json", &desk.read("p.json"));
    other.run(&["apply", "p.json"]).exit(0);
    desk.run(&["apply", "p.json"]).exit(0);
    assert_eq!(desk.read(FILE), other.read(FILE));
    // An apply without a change writes the file where it is missing.
    std::fs::remove_file(other.path(FILE)).unwrap();
    other.run(&["apply"]).exit(0);
    assert_eq!(desk.read(FILE), other.read(FILE));
}

#[test]
fn a_saved_plan_with_other_values_is_stale() {
    let desk = standing();
    desk.declare_with("package_manager: {replicas: 2}");
    desk.run(&["plan", "-o", "p.json"]).exit(0);
    let saved: Value = serde_json::from_str(&desk.read("p.json")).unwrap();
    assert_eq!(saved["values"]["file"], FILE);
    // As if another program computed other values: the plan of the objects is the same.
    let mut other = saved;
    assert!(ppm_infra::model::document::unsealed(&mut other));
    other["values"]["outcome"] = json!("0".repeat(64));
    desk.write("other.json", &ppm_infra::model::document::sealed(other));
    let before = desk.files();
    desk.run(&["apply", "other.json"])
        .exit(4)
        .says(&["the Helm values would come out otherwise", "nothing was changed"]);
    assert_eq!(desk.files(), before);
    desk.run(&["apply", "p.json"]).exit(0);
    assert!(desk.read(FILE).contains("\nreplicas: 2\n"));
}

#[test]
fn what_is_not_made_yet_is_known_after_apply() {
    let desk = Desk::simulated();
    desk.declare(&[]);
    let said = desk.run(&["plan", "--full"]).exit(0);
    assert!(!said.stdout.contains("Pods are replaced"), "there are none: {said}");
    said.says(&[
        "out/ppm-prod.values.yaml, for the first time",
        "+ chart ",
        "rstudio-pm 0.20.4, Package Manager 2026.08.0",
        "known after apply (the new database.main)",
        "known after apply (the new iam_role.package-manager)",
        "Values: written for the first time.",
    ]);
    let told = told(&desk);
    assert_eq!(change(&told, "config.Postgres.URL")["after"], json!({"new": "database.main"}));
    assert_eq!(change(&told, "config.S3Storage.Bucket")["after"], json!({"new": "bucket.packages"}));
    assert_eq!(change(&told, "replicas"), &json!({"path": "replicas", "before": null, "after": {"value": 3}}));
    assert!(!told.to_string().contains("known-after-apply"), "{told}");

    // A new object at an address that stands: only what it gives to the values changes.
    let desk = Desk::simulated();
    desk.declare(&[("load_balancer:\n", "load_balancer:\n  targets: target_group_binding\n")]);
    desk.run(&["apply", "--auto-approve"]).exit(0);
    let said = desk.run(&["plan", "--replace", "target_group.main"]).exit(0);
    said.says(&["~ extraObjects[0].spec.targetGroupARN", "known after apply (the new target_group.main)"]);
    let told = desk.run(&["plan", "--replace", "target_group.main", "--json"]).exit(0).json().pop().unwrap();
    assert_eq!(paths(&told), ["extraObjects[0].spec.targetGroupARN"]);
}

#[test]
fn a_version_that_stops_all_pods_says_so_before_and_the_way_back_too() {
    let desk = standing_with("package_manager: {chart_version: 0.5.43}");
    desk.declare_with("package_manager: {chart_version: 0.20.4}");
    desk.run(&["plan", "--detailed-exitcode"]).exit(2).says(&[
        "~ chart",
        "0.5.43 → 0.20.4  Package Manager 2024.11.0 → 2026.08.0",
        "~ strategy.type",
        "RollingUpdate → Recreate",
        "Recreate: all pods stop before new ones start, and nothing is served in between.",
    ]);
    let told = told(&desk);
    assert_eq!(told["values"]["chart"], json!({"from": "0.5.43", "to": "0.20.4"}));
    assert_eq!(told["values"]["stops_all_pods"], true);
    desk.run(&["apply", "--auto-approve"]).exit(0);
    // The next apply writes the rolling strategy again: a change, and one that has an order to keep.
    desk.run(&["plan", "--detailed-exitcode"])
        .exit(2)
        .says(&["Recreate → RollingUpdate", "Where the values before were not installed yet, install those first"]);
    desk.run(&["apply", "--auto-approve"]).exit(0);
    desk.run(&["plan", "--detailed-exitcode"]).exit(0);
}

/// Changes the file as somebody would.
fn edit(desk: &Desk, from: &str, to: &str) -> String {
    let text = desk.read(FILE);
    assert!(text.contains(from), "{text}");
    let edited = text.replace(from, to);
    desk.write(FILE, &edited);
    edited
}

#[test]
fn what_somebody_edited_is_drift_and_is_kept_aside() {
    let desk = standing();
    let whole = desk.read(FILE);
    let edited = edit(&desk, "\nreplicas: 3\n", "\nreplicas: 5\nhand: hunter2\n");
    let said = desk.run(&["drift"]).exit(2).says(&[FILE, "changed by hand: hand added, replicas changed"]);
    assert!(!said.stdout.contains("hunter2") && !said.stdout.contains("In sync"), "{said}");
    let report = desk.run(&["drift", "--json"]).exit(2).json().pop().unwrap();
    assert_eq!(report["summary"]["in_sync"], false);
    assert_eq!(
        report["values"]["found"]["edits"],
        json!([{"path": "hand", "change": "added"}, {"path": "replicas", "change": "changed"}])
    );
    desk.run(&["plan", "--detailed-exitcode"]).exit(2).says(&[
        "hand added, replicas changed",
        ".orig",
        "Values: put back.",
    ]);
    desk.run(&["plan", "-o", "p.json"]).exit(0);
    assert!(!desk.read("p.json").contains("hunter2"));
    desk.run(&["apply"]).exit(64);
    assert_eq!(desk.read(FILE), edited);

    desk.run(&["apply", "--auto-approve"]).exit(0).says(&["it is kept as out/ppm-prod.values.yaml.orig"]);
    assert_eq!((desk.read(FILE), desk.read(&format!("{FILE}.orig"))), (whole.clone(), edited.clone()));
    desk.run(&["drift"]).exit(0);

    // A second time: what was kept is not written over. Comments alone are an edit as well.
    let commented = edit(&desk, "\nreplicas: 3\n", "\n# ours\nreplicas: 3\n");
    desk.run(&["drift"]).exit(2).says(&["comments or layout, and no key"]);
    let said = desk.run(&["--json", "apply", "--auto-approve"]).exit(0);
    assert_eq!(said.json().last().unwrap()["kept"], format!("{FILE}.orig.2"));
    assert_eq!(desk.read(&format!("{FILE}.orig")), edited);
    assert_eq!(desk.read(&format!("{FILE}.orig.2")), commented);

    // What is no YAML any more, what lost a key, and what `values -o` finds.
    edit(&desk, "\nreplicas: 3\n", "\nreplicas: [\n");
    desk.run(&["drift"]).exit(2).says(&["is not YAML any more: line "]);
    desk.write(FILE, &whole.replace("\nreplicas: 3\n", "\n"));
    desk.run(&["drift"]).exit(2).says(&["changed by hand: replicas removed"]);
    desk.run(&["values", "-o", FILE]).exit(0).says(&["kept as out/ppm-prod.values.yaml.orig.3"]);
    assert_eq!(desk.read(FILE), whole);
}

#[test]
fn an_older_file_is_no_edit() {
    let desk = standing();
    let older = desk.read(FILE);
    desk.declare_with("package_manager: {replicas: 2}");
    desk.run(&["apply", "--auto-approve"]).exit(0);
    let newer = desk.read(FILE);
    desk.write(FILE, &older);
    desk.run(&["drift"]).exit(0).says(&["In sync.", "is the file of serial"]);
    desk.run(&["plan", "--detailed-exitcode"]).exit(0).says(&["apply writes it anew"]);
    desk.run(&["values", "--check", FILE]).exit(0).says(&["this is the file of serial", "0 errors and 1 warning"]);
    desk.run(&["apply"]).exit(0);
    assert_eq!(desk.read(FILE), newer);
    assert!(!desk.path(&format!("{FILE}.orig")).exists());
}

#[test]
fn a_file_of_a_declaration_that_was_not_applied_is_told() {
    let desk = standing();
    desk.declare_with("package_manager: {replicas: 2}");
    let printed = desk.run(&["values"]).exit(0).stdout;
    desk.write("printed.yaml", &printed);
    let said = desk.run(&["values", "--check", "printed.yaml"]).exit(0);
    let said = said.says(&["these are not the values that apply wrote at serial", "0 errors and 1 warning"]);
    assert!(!said.stdout.contains("this is the file of serial"), "{said}");
    desk.run(&["apply", "--auto-approve"]).exit(0);
    desk.write("printed.yaml", &desk.run(&["values"]).exit(0).stdout);
    desk.run(&["values", "--check", "printed.yaml"]).exit(0).says(&["0 errors and 0 warnings"]);
}

/// Refused by every command that would write, told by the plan, and nothing is changed: neither here nor in the cloud.
fn refused(desk: &Desk, file: &str, says: &[&str]) {
    let before = desk.files();
    for command in [&["apply", "--auto-approve", "--values", file][..], &["values", "-o", file]] {
        let said = desk.run(command).exit(64).says(says).says(&[&format!("{file}:1"), "hint: "]);
        let option = if command[0] == "values" { "`-o`" } else { "`--values`" };
        said.says(&["it is not written over, and nothing was changed", option]);
    }
    let planned = desk.run(&["plan", "--values", file]).exit(64);
    planned.says(says).says(&["Apply refuses to write over it", "it is not written over", "--values"]);
    assert_eq!(desk.files(), before, "nothing was changed");
}

#[test]
fn a_file_of_another_stack_is_not_written_over() {
    let desk = Desk::simulated();
    desk.declare(&[("stack: ppm-prod", "stack: ppm-dev")]);
    std::fs::rename(desk.path("plans/reference.yaml"), desk.path("plans/dev.yaml")).unwrap();
    desk.run(&["apply", "--auto-approve"]).exit(0);
    let dev = desk.read("out/ppm-dev.values.yaml");

    // Each has a file of its own.
    desk.declare(&[("stack: ppm-prod", "stack: ppm-two")]);
    desk.run(&["apply", "plans/reference.yaml", "--auto-approve"]).exit(0).says(&["-f out/ppm-two.values.yaml"]);
    assert_eq!(desk.read("out/ppm-dev.values.yaml"), dev);
    assert!(
        desk.read("out/ppm-two.values.yaml").starts_with("# ppm-infra values: stack ppm-two, account 111122223333")
    );
    std::fs::remove_file(desk.path("plans/dev.yaml")).unwrap();

    // Also where it is named, and with much to be done in AWS.
    let line = desk.read("plans/reference.yaml") + "\ntags: {team: research}\n";
    desk.write("plans/reference.yaml", &line);
    refused(
        &desk,
        "out/ppm-dev.values.yaml",
        &["these are the values of the stack ppm-dev", "and not those of ppm-two"],
    );

    // The same name in another account or region is another stack.
    for (from, to) in [("account 111122223333", "account 999988887777"), ("region us-east-1", "region eu-west-1")] {
        let own = desk.read("out/ppm-two.values.yaml");
        desk.write("theirs.yaml", &own.replace(from, to));
        refused(&desk, "theirs.yaml", &["these are the values of the stack ppm-two"]);
    }
    desk.run(&["values", "--check", "theirs.yaml"]).exit(65).says(&["these are the values of the stack ppm-two"]);
}

#[test]
fn before_anything_is_made_it_is_seen_that_the_file_is_not_ours() {
    let desk = Desk::simulated();
    desk.declare(&[]);
    desk.write(FILE, "hello\n");
    refused_first(&desk, &["this file was not written by ppm-infra", "mv out/ppm-prod.values.yaml"]);
    desk.write(FILE, "# Values of the Helm chart rstudio-pm 0.20.4 for release \"ppm\"\nreplicas: 3\n");
    refused_first(&desk, &["without the line that says whose they are"]);
    desk.write(FILE, "stack: ppm-prod\nregion: us-east-1\n");
    refused_first(&desk, &["this is a declaration"]);
    std::fs::write(desk.path(FILE), [0xff, 0xfe]).unwrap();
    refused_first(&desk, &["it is not UTF-8 text"]);
    // An empty file holds nothing.
    desk.write(FILE, "");
    desk.run(&["apply", "--auto-approve"]).exit(0);
    desk.run(&["drift"]).exit(0);
    // Something else in its place later is drift.
    desk.write(FILE, "replicas: 7\n");
    desk.run(&["drift"]).exit(2).says(&["this file was not written by ppm-infra"]);
}

fn refused_first(desk: &Desk, says: &[&str]) -> Said {
    let before = desk.files();
    let said = desk.run(&["apply", "--auto-approve"]).exit(64).says(says);
    assert!(desk.files() == before && !desk.path("world.json").exists(), "nothing was made");
    said
}

#[test]
fn what_stood_at_the_old_place_is_left_alone_and_named_once() {
    let desk = Desk::simulated();
    desk.declare(&[]);
    desk.write("out/values.yaml", "theirs: true\n");
    desk.run(&["apply", "--auto-approve"]).exit(0).says(&["out/values.yaml", "was left as it is", FILE]);
    assert_eq!(desk.read("out/values.yaml"), "theirs: true\n");
    let again = desk.run(&["apply", "--auto-approve"]).exit(0);
    assert!(!again.stderr.contains("out/values.yaml"), "{again}");
}

#[test]
fn after_the_lockfile_was_lost_the_file_is_what_is_compared_with() {
    let desk = standing();
    desk.run(&["recover", "--force", "--auto-approve"]).exit(0);
    desk.run(&["plan", "--detailed-exitcode"]).exit(0).says(&["No changes."]);
    desk.declare_with("package_manager: {replicas: 2}");
    desk.run(&["plan", "--detailed-exitcode"]).exit(2).says(&["compared with the file", "~ replicas  3 → 2"]);
    // Without the file nothing is known, and that is said.
    std::fs::remove_file(desk.path(FILE)).unwrap();
    desk.run(&["plan"]).exit(0).says(&["what was written last is not recorded", "Apply writes them"]);
}

#[test]
fn the_check_of_a_file_says_whose_it_is_and_what_was_edited() {
    let desk = standing();
    let checked = desk.run(&["values", "--check", FILE, "--json"]).exit(0).json().pop().unwrap();
    assert_eq!(checked["header"]["stack"], "ppm-prod");
    assert_eq!((&checked["header"]["as_written"], &checked["header"]["edits"]), (&json!(true), &json!([])));
    edit(&desk, "\nreplicas: 3\n", "\nreplicas: 2\n");
    desk.run(&["values", "--check", FILE]).exit(0).says(&["was changed by hand since ppm-infra wrote it: replicas"]);
    let checked = desk.run(&["values", "--check", FILE, "--json"]).exit(0).json().pop().unwrap();
    assert_eq!(checked["header"]["edits"], json!([{"path": "replicas", "change": "changed"}]));
    desk.run(&["plan", "-o", "p.json"]).exit(0);
    desk.run(&["values", "--check", "p.json"]).exit(64).says(&["is a saved plan, not a file of Helm values"]);
}

#[test]
fn what_is_destroyed_is_remembered_no_more() {
    let desk = standing();
    desk.run(&["destroy", "--delete-data", "database,bucket,key", "--no-final-snapshot", "--auto-approve"]).exit(0);
    assert!(!desk.read("state/ppm-prod.lock.json").contains("\"keys\""));
    let told = desk.run(&["plan", "--json"]).exit(0).json().pop().unwrap();
    assert_eq!(told["summary"]["values_change"], true);
}
