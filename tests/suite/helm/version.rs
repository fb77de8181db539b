//! What an apply remembers of the values it wrote: another chart or image stops every pod first.

use serde_json::Value;

use crate::support::binary::Desk;

fn standing() -> Desk {
    standing_with("")
}

/// With the older chart line.
fn older() -> Desk {
    standing_with("package_manager: {chart_version: 0.5.43}")
}

fn standing_with(lines: &str) -> Desk {
    let desk = Desk::simulated();
    desk.declare_with(lines);
    desk.run(&["apply", "--auto-approve"]).exit(0);
    desk
}

fn strategy(values: &str) -> &'static str {
    match (values.contains("  type: \"RollingUpdate\""), values.contains("  type: \"Recreate\"")) {
        (true, false) => "RollingUpdate",
        (false, true) => "Recreate",
        both => panic!("{both:?}"),
    }
}

fn remembered(desk: &Desk) -> (Value, Value) {
    let lockfile: Value = serde_json::from_str(&desk.read("state/ppm-prod.lock.json")).unwrap();
    (lockfile["outputs"]["values_for"].clone(), lockfile["outputs"]["values_in_place_of"].clone())
}

#[test]
fn another_chart_stops_all_pods_once() {
    let desk = older();
    assert_eq!(strategy(&desk.read("out/ppm-prod.values.yaml")), "RollingUpdate");
    assert_eq!(remembered(&desk), ("rstudio-pm 0.5.43".into(), Value::Null));

    desk.declare_with("package_manager: {chart_version: 0.20.4}");
    let before = desk.read("state/ppm-prod.lock.json");
    for _ in 0..2 {
        let asked = desk.run(&["values"]).exit(0).stdout;
        assert_eq!(strategy(&asked), "Recreate", "asked before the apply");
    }
    assert_eq!(desk.read("state/ppm-prod.lock.json"), before, "asking remembers nothing");

    desk.run(&["apply", "--auto-approve"]).exit(0).says(&["all pods stop, then the new ones start"]);
    let written = desk.read("out/ppm-prod.values.yaml");
    assert_eq!(strategy(&written), "Recreate");
    assert_eq!(remembered(&desk), ("rstudio-pm 0.20.4".into(), "rstudio-pm 0.5.43".into()));
    assert_eq!(desk.run(&["values"]).exit(0).stdout, written, "asked after the apply: what it wrote, byte for byte");

    desk.run(&["apply", "--auto-approve"]).exit(0);
    assert_eq!(strategy(&desk.read("out/ppm-prod.values.yaml")), "RollingUpdate", "the apply after");
    assert_eq!(remembered(&desk), ("rstudio-pm 0.20.4".into(), Value::Null));
    let lockfile = desk.read("state/ppm-prod.lock.json");
    desk.run(&["apply", "--auto-approve"]).exit(0);
    assert_eq!(desk.read("state/ppm-prod.lock.json"), lockfile, "and then nothing changes any more");
}

#[test]
fn another_image_and_taking_it_back_are_changes_of_version() {
    let desk = standing();
    desk.declare_with("package_manager: {image: {repository: mirror.example.com/ppm, tag: '2026.08.0'}}");
    desk.run(&["apply", "--auto-approve"]).exit(0);
    assert_eq!(strategy(&desk.read("out/ppm-prod.values.yaml")), "Recreate");
    desk.declare(&[]);
    desk.run(&["apply", "--auto-approve"]).exit(0);
    assert_eq!(
        strategy(&desk.read("out/ppm-prod.values.yaml")),
        "Recreate",
        "back again, before anything else was applied"
    );
    desk.declare_with("package_manager: {replicas: 2}");
    desk.run(&["apply", "--auto-approve"]).exit(0);
    assert_eq!(strategy(&desk.read("out/ppm-prod.values.yaml")), "RollingUpdate", "a setting");
}

#[test]
fn values_that_could_not_be_written_are_not_remembered() {
    let desk = older();
    desk.declare_with("package_manager: {chart_version: 0.20.4}");
    desk.write("file", "");
    desk.run(&["apply", "--auto-approve", "--values", "file/values.yaml"])
        .exit(1)
        .says(&["only its values are missing"]);
    assert_eq!(remembered(&desk).0, "rstudio-pm 0.5.43");
    desk.run(&["apply", "--auto-approve"]).exit(0);
    assert_eq!(strategy(&desk.read("out/ppm-prod.values.yaml")), "Recreate");
}

#[test]
fn going_back_is_refused_in_its_place_unless_it_is_named() {
    for (before, after, says) in [
        (
            "chart_version: 0.20.4",
            "chart_version: 0.20.3",
            ["package_manager.chart_version: the chart 0.20.3 is older than 0.20.4", "plans/reference.yaml:20:34"],
        ),
        (
            "chart_version: 0.20.4",
            "chart_version: 0.5.43",
            ["chart_version: Package Manager 2024.11.0 is older than 2026.08.0", "plans/reference.yaml:20:34"],
        ),
        (
            "image: {repository: mirror/ppm, tag: 2026.08.0}",
            "image: {repository: mirror/ppm, tag: 2026.04.2}",
            ["image.tag: Package Manager 2026.04.2 is older than 2026.08.0", "plans/reference.yaml:20:56"],
        ),
        // The line is taken away, and the default is older.
        (
            "chart_version: 0.20.9",
            "replicas: 3",
            ["the chart 0.20.4 is older than 0.20.9", "plans/reference.yaml:20:1"],
        ),
    ] {
        let declared = |line: &str| format!("package_manager: {{{line}}}");
        let desk = standing_with(&declared(before));
        desk.declare_with(&declared(after));
        let untouched = desk.files();
        for command in [&["plan"][..], &["apply", "--auto-approve"], &["plan", "-o", "p.json"]] {
            let said = desk.run(command).exit(1).says(&says);
            said.says(&["nothing was changed", "no migration goes back", "`--downgrade package-manager`"]);
        }
        desk.run(&["values"]).exit(0).says(&["warning: these values are for an older Package Manager"]);
        assert_eq!(desk.files(), untouched, "nothing was changed");

        // Named, it is part of the plan and of what is saved.
        let named = ["--downgrade", "package-manager"];
        let said = desk.run(&[&["plan", "-o", "p.json"][..], &named].concat()).exit(0);
        said.says(&["Downgrade: the database was migrated", "Recreate: all pods stop"]);
        desk.run(&["show", "p.json"]).exit(0).says(&["Downgrade: "]);
        desk.run(&["apply", "p.json"]).exit(0);
        assert_eq!(strategy(&desk.read("out/ppm-prod.values.yaml")), "Recreate");
        // What was written last is the older one now.
        desk.run(&["plan"]).exit(0);
        desk.declare_with(&declared(before));
        desk.run(&["plan"]).exit(0).says(&["Recreate: all pods stop"]);
    }
    let desk = standing();
    desk.declare_with("tags: {team: research}");
    desk.run(&["plan", "-o", "p.json"]).exit(0);
    desk.run(&["apply", "p.json", "--downgrade", "package-manager"]).exit(64).says(&["carried out as it was saved"]);
    desk.run(&["plan", "--downgrade", "postgres"]).exit(64);
}

#[test]
fn a_stack_that_is_gone_remembers_nothing() {
    let desk = standing();
    desk.run(&["destroy", "--delete-data", "database,bucket,key", "--no-final-snapshot", "--auto-approve"]).exit(0);
    assert_eq!(remembered(&desk).0, Value::Null);
}
