//! A desk whose files have blanks in their names, with another stack beside: what is named there is about the one that it
//! was said of.

use serde_json::Value;

use crate::support::binary::{Desk, Said};
use crate::support::hint::{follow, hint};

const CLOUD: &str = "simulated:our worlds/a try.json";
const OURS: &str = "our plans/prod.yaml";

/// Runs the program on the stack that is meant.
fn run(desk: &Desk, arguments: &[&str]) -> Said {
    desk.run(&[&["--cloud", CLOUD, "--state", "our state"][..], arguments].concat())
}

/// Two stacks: the one that is meant, and one that is found where nothing is named.
fn two() -> Desk {
    let desk = Desk::simulated();
    desk.declare(&[("stack: ppm-prod", "stack: ppm-other")]);
    desk.run(&["apply", "--auto-approve"]).exit(0);
    let other = desk.read("plans/reference.yaml");
    desk.write(OURS, &other.replace("stack: ppm-other", "stack: ppm-prod"));
    desk.write("our worlds/README", "");
    run(&desk, &["apply", OURS, "--auto-approve"]).exit(0);
    desk
}

#[test]
fn the_stack_that_is_meant_is_named_with_it() {
    let desk = two();
    let other = desk.read("world.json");
    // A failure.
    let said = run(&desk, &["state", "show", "vpc.other", OURS]).exit(64);
    let list = hint(&desk, &said, "shows the addresses there are", "ppm-infra state list");
    let call = "ppm-infra --cloud 'simulated:our worlds/a try.json' --state 'our state' ";
    assert_eq!(list.line(), format!("{call}state list 'our plans/prod.yaml'"));
    let listed = list.run().exit(0).stdout;
    assert!(listed.contains("vpc.main"), "{listed}");
    // For programs too.
    let told = run(&desk, &["--json", "state", "show", "vpc.other", OURS]).exit(64).json();
    let told = told[0]["error"]["hints"][0].as_str().unwrap().to_owned();
    assert!(told.starts_with(&format!("`{call}state list 'our plans/prod.yaml'`")), "{told}");
    // A plan that is saved, and what was made of it.
    let said = run(&desk, &["plan", OURS, "-o", "our plan.json", "--replace", "addon.coredns"]).exit(0);
    follow(&desk, &said, "Saved to", "ppm-infra apply").exit(0).says(&["ppm-prod stands"]);
    // What a saved plan was made from.
    let said = run(&desk, &["plan", OURS, "-o", "our plan.json"]).exit(0);
    drop(said);
    let said = run(&desk, &["apply", "our plan.json", "--replace", "addon.coredns"]).exit(64);
    follow(&desk, &said, "save a plan that does that too", "ppm-infra plan").exit(0).says(&["ppm-prod in us-east-1"]);
    // A question that nobody answers.
    let said = run(&desk, &["apply", OURS, "--replace", "addon.coredns"]).exit(64);
    hint(&desk, &said, "and apply that", "ppm-infra plan").with("FILE", "x.json").run().exit(0).says(&["ppm-prod in"]);
    // Drift, and health.
    let mut world: Value = serde_json::from_str(&desk.read("our worlds/a try.json")).unwrap();
    for object in world["objects"].as_object_mut().unwrap().values_mut() {
        if object["mark"]["address"] == "load_balancer.main" {
            object["declared"]["idle_timeout_seconds"] = 77.into();
        }
    }
    desk.write("our worlds/a try.json", &world.to_string());
    let said = run(&desk, &["drift", OURS]).exit(2);
    follow(&desk, &said, "shows what is done about it", "ppm-infra plan").exit(0).says(&["ppm-prod in", "1 to update"]);
    let said = run(&desk, &["status", OURS]).exit(1);
    follow(&desk, &said, "shows a rule that was moved", "ppm-infra drift").exit(2).says(&["ppm-prod"]);
    assert_eq!(desk.read("world.json"), other, "the other stack was never meant");
}
