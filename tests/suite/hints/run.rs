//! Commands that are named where a run did not do everything.

use serde_json::{Value, json};

use super::{LOCKFILE, PLAN, id, meddle, standing};
use crate::support::binary::{Desk, Running, Said};
use crate::support::hint::{follow, hint};

const NO_DATA: [&str; 2] = ["--delete-data", "database,bucket,key"];

fn interrupt(desk: &Desk, running: &Running) {
    desk.shell(&format!("kill -INT {}", running.id())).exit(0);
}

/// Stopped in the middle.
fn stopped(desk: &Desk, arguments: &[&str], at: &str, times: usize) -> Said {
    let mut running = desk.start(&[arguments, &["--auto-approve", "--time-scale", "200"]].concat());
    running.hear(at);
    for n in 0..times {
        if n > 0 {
            running.hear("stopping: nothing new starts");
        }
        interrupt(desk, &running);
    }
    running.end()
}

/// What the world holds.
fn objects(desk: &Desk) -> usize {
    let world: Value = serde_json::from_str(&desk.read("world.json")).unwrap();
    world["objects"].as_object().unwrap().len()
}

#[test]
fn a_run_that_was_stopped_goes_on_as_it_was_asked_for() {
    let desk = Desk::simulated();
    desk.declare(&[]);
    let said = stopped(&desk, &["apply", "--values", "our values.yaml"], "create vpc.main: done", 1).exit(130);
    let on = hint(&desk, &said, "` to go on.", "ppm-infra apply").approved("yes");
    on.exit(0).says(&["Helm values are in our values.yaml"]);
    assert!(desk.path("our values.yaml").exists() && !desk.path("out").exists());
    let (nodes, dns) = (id(&desk, "node_group.main"), id(&desk, "addon.coredns"));
    let apply = ["apply", "--replace", "node_group.main", "--replace", "addon.coredns", "--parallelism", "1"];
    let said = stopped(&desk, &apply, "create node_group.main: creating", 1).exit(130);
    let on = hint(&desk, &said, "` to go on.", "ppm-infra apply");
    assert!(on.line().ends_with(" --replace addon.coredns"), "nodes are replaced already: {}", on.line());
    assert_ne!(id(&desk, "node_group.main"), nodes);
    let made = id(&desk, "node_group.main");
    on.approved("yes").exit(0).says(&["addon.coredns  replace"]);
    assert_eq!((id(&desk, "node_group.main"), id(&desk, "addon.coredns")), (made, dns));
    desk.run(&PLAN).exit(0);
    let destroy = [&["destroy"][..], &NO_DATA, &["--no-final-snapshot"]].concat();
    let said = stopped(&desk, &destroy, "listener.https: done", 1).exit(130);
    let on = hint(&desk, &said, "` to go on.", "ppm-infra destroy");
    assert!(on.line().ends_with(" --delete-data bucket,database,key --no-final-snapshot"), "{}", on.line());
    on.approved("ppm-prod").exit(0);
    assert_eq!(objects(&desk), 0);
}

#[test]
fn a_run_that_was_left_running_is_gone_on_with() {
    let desk = Desk::simulated();
    desk.declare(&[]);
    let said = stopped(&desk, &["apply"], "create database.main: creating", 2);
    hint(&desk, &said, "it looks first what became of", "ppm-infra apply").approved("yes").exit(0);
    desk.run(&PLAN).exit(0);
    assert_eq!(objects(&desk), 46);
}

#[test]
fn a_run_that_failed_goes_on_as_it_was_asked_for() {
    let desk = standing();
    // What somebody else hung on the database keeps it.
    let database = id(&desk, "database.main");
    meddle(&desk, "vpc.main", Some(900), |other| {
        other["mark"]["stack"] = json!("other");
        other["computed"]["id"] = json!("vpc-other");
        other["declared"]["database"] = json!({"$id": database, "$kind": "database"});
    });
    let said = desk.run(&[&["destroy", "--auto-approve"][..], &NO_DATA].concat()).exit(1);
    let mut world: Value = serde_json::from_str(&desk.read("world.json")).unwrap();
    world["objects"].as_object_mut().unwrap().remove("900");
    desk.write("world.json", &world.to_string());
    hint(&desk, &said, "again to continue", "ppm-infra destroy").approved("ppm-prod").exit(0);
    assert_eq!(objects(&desk), 0, "data too, as it was asked for");
}

#[test]
fn what_could_not_be_recorded() {
    let desk = Desk::simulated();
    desk.declare(&[]);
    let mut running = desk.start(&["apply", "--auto-approve", "--time-scale", "200"]);
    running.hear("create vpc.main: done");
    desk.shell("mv state aside; touch state").exit(0);
    let said = running.end();
    desk.shell("rm state; mv aside state").exit(0);
    hint(&desk, &said, "mend what kept the record", "ppm-infra apply").run().exit(0);
    desk.run(&PLAN).exit(0);
    assert_eq!(objects(&desk), 46);
}

#[test]
fn values_that_are_not_written() {
    let desk = Desk::simulated();
    desk.declare(&[]);
    desk.write("out", "a file where the folder should be");
    let said = desk.run(&["apply", "--auto-approve"]).exit(1);
    let written = hint(&desk, &said, "only its values are missing", "ppm-infra values").with("FILE", "v.yaml").run();
    written.exit(0).says(&["Values written to v.yaml"]);
    desk.run(&["values", "--check", "v.yaml"]).exit(0);
    // Somebody else's file where they would be.
    let desk = standing();
    for kept in ["out/ppm-prod.values.yaml.mine", "out/ppm-prod.values.yaml.mine-2"] {
        desk.write("out/ppm-prod.values.yaml", "mine: true\n");
        let said = desk.run(&["apply", "--auto-approve"]).exit(64);
        follow(&desk, &said, "if that file may go from there", "mv").exit(0);
        assert_eq!(desk.read(kept), "mine: true\n");
    }
    desk.run(&["apply", "--auto-approve"]).exit(0);
    assert!(desk.read(LOCKFILE).contains("out/ppm-prod.values.yaml"));
}
