//! What an apply remembers of the values it wrote: another chart or image stops every pod first.

use serde_json::Value;

use crate::support::binary::Desk;

fn standing() -> Desk {
    let desk = Desk::simulated();
    desk.declare(&[]);
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
    let desk = standing();
    assert_eq!(strategy(&desk.read("out/values.yaml")), "RollingUpdate");
    assert_eq!(remembered(&desk), ("rstudio-pm 0.20.4".into(), Value::Null));

    desk.declare_with("package_manager: {chart_version: 0.5.43}");
    let before = desk.read("state/ppm-prod.lock.json");
    for _ in 0..2 {
        let asked = desk.run(&["values"]).exit(0).stdout;
        assert_eq!(strategy(&asked), "Recreate", "asked before the apply");
    }
    assert_eq!(desk.read("state/ppm-prod.lock.json"), before, "asking remembers nothing");

    desk.run(&["apply", "--auto-approve"]).exit(0).says(&["all pods stop, then the new ones start"]);
    let written = desk.read("out/values.yaml");
    assert_eq!(strategy(&written), "Recreate");
    assert_eq!(remembered(&desk), ("rstudio-pm 0.5.43".into(), "rstudio-pm 0.20.4".into()));
    assert_eq!(desk.run(&["values"]).exit(0).stdout, written, "asked after the apply: what it wrote, byte for byte");

    desk.run(&["apply", "--auto-approve"]).exit(0);
    assert_eq!(strategy(&desk.read("out/values.yaml")), "RollingUpdate", "the apply after");
    assert_eq!(remembered(&desk), ("rstudio-pm 0.5.43".into(), Value::Null));
    let lockfile = desk.read("state/ppm-prod.lock.json");
    desk.run(&["apply", "--auto-approve"]).exit(0);
    assert_eq!(desk.read("state/ppm-prod.lock.json"), lockfile, "and then nothing changes any more");
}

#[test]
fn another_image_and_taking_it_back_are_changes_of_version() {
    let desk = standing();
    desk.declare_with("package_manager: {image: {repository: mirror.example.com/ppm, tag: '2026.08.0'}}");
    desk.run(&["apply", "--auto-approve"]).exit(0);
    assert_eq!(strategy(&desk.read("out/values.yaml")), "Recreate");
    desk.declare(&[]);
    desk.run(&["apply", "--auto-approve"]).exit(0);
    assert_eq!(strategy(&desk.read("out/values.yaml")), "Recreate", "back again, before anything else was applied");
    desk.declare_with("package_manager: {replicas: 2}");
    desk.run(&["apply", "--auto-approve"]).exit(0);
    assert_eq!(strategy(&desk.read("out/values.yaml")), "RollingUpdate", "a setting");
}

#[test]
fn values_that_could_not_be_written_are_not_remembered() {
    let desk = standing();
    desk.declare_with("package_manager: {chart_version: 0.5.43}");
    desk.write("file", "");
    desk.run(&["apply", "--auto-approve", "--values", "file/values.yaml"])
        .exit(1)
        .says(&["only its values are missing"]);
    assert_eq!(remembered(&desk).0, "rstudio-pm 0.20.4");
    desk.run(&["apply", "--auto-approve"]).exit(0);
    assert_eq!(strategy(&desk.read("out/values.yaml")), "Recreate");
}

#[test]
fn a_stack_that_is_gone_remembers_nothing() {
    let desk = standing();
    desk.run(&["destroy", "--delete-data", "database,bucket,key", "--no-final-snapshot", "--auto-approve"]).exit(0);
    assert_eq!(remembered(&desk).0, Value::Null);
}
