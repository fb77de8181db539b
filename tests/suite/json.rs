//! Every command says JSON when asked to, one value on a line, and says the same as its exit status.

use crate::support::binary::Desk;

#[test]
fn every_step_of_the_main_job_is_json() {
    let desk = Desk::simulated();
    desk.declare(&[]);
    let plan = desk.run(&["plan", "--json"]).exit(0).json().pop().unwrap();
    assert_eq!(plan["summary"]["create"], 46, "{plan}");
    let events = desk.run(&["apply", "--auto-approve", "--json"]).exit(0).json();
    assert!(events.iter().any(|event| event["kind"]["run_finished"]["report"]["succeeded"] == 46), "{events:?}");
    assert!(desk.run(&["values", "--json"]).exit(0).json()[0]["values"].as_str().unwrap().contains("fullnameOverride"));
    let outputs = desk.run(&["output", "cluster_name", "--json"]).exit(0).json();
    assert_eq!(outputs[0], "ppm-prod");
    let drift = desk.run(&["drift", "--json"]).exit(0).json().pop().unwrap();
    assert_eq!(drift["summary"]["in_sync"], true, "{drift}");
    let status = desk.run(&["status", "--json"]).exit(1).json().pop().unwrap();
    assert_eq!((&status["serves"], &status["summary"]["errors"]), (&false.into(), &1.into()), "{status}");
    let listed = desk.run(&["state", "list", "--json"]).exit(0).json();
    assert_eq!(listed[0]["resources"].as_array().unwrap().len(), 46);
    desk.run(&["validate", "--json"]).exit(0).json();
    let gone =
        desk.run(&["destroy", "--delete-data", "database,bucket,key", "--auto-approve", "--json"]).exit(0).json();
    assert!(gone.iter().any(|line| line["command"] == "destroy" && line["summary"]["left"] == 0), "{gone:?}");
    let refused = desk.run(&["plan", "plans/missing.yaml", "--json"]).exit(65).json();
    assert_eq!(refused[0]["error"]["exit"], 65);
}
