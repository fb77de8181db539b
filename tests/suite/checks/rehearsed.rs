//! A rehearsal in a world that says otherwise than is usual.

use serde_json::{Value, json};

use crate::support::binary::Desk;

/// The program in a rehearsal of a world of which these facts are told.
fn rehearse(facts: &Value) -> (Desk, [&'static str; 3]) {
    let desk = Desk::fast();
    desk.declare(&[("region: us-east-1", "region: us-east-1\naccount: \"123456789012\"")]);
    desk.write("try.json", &json!({"made": 0, "objects": {}, "facts": facts}).to_string());
    (desk, ["--cloud", "simulated:try.json", "plan"])
}

#[test]
fn a_certificate_that_is_not_issued_holds_up_the_plan_before_anything_is_written() {
    let arn = "arn:aws:acm:us-east-1:123456789012:certificate/11111111-2222-3333-4444-555555555555";
    let pending = json!({"status": "PENDING_VALIDATION", "origin": "AMAZON_ISSUED", "names": ["packages.example.com"],
        "expires": null, "is_renewed": false, "renewal": null, "validated_by": "DNS"});
    let (desk, plan) = rehearse(&json!({"certificates": {arn: {"there": pending}}}));
    let before = desk.files();
    desk.run(&plan).exit(1).says(&[
        "error: load_balancer.certificate: the certificate is not issued",
        "--> plans/reference.yaml:",
        "aws acm describe-certificate",
        "1 check failed",
    ]);
    assert_eq!(desk.files(), before, "nothing is written");
}

#[test]
fn a_role_that_nobody_knows_holds_up_the_plan_before_anything_is_written() {
    let arn = "arn:aws:iam::123456789012:role/opps";
    let (desk, plan) = rehearse(&json!({"principals": {arn: "missing"}}));
    let text = desk.read("plans/reference.yaml");
    desk.write("plans/reference.yaml", &format!("{text}\nkubernetes:\n  admins: [{arn}]\n"));
    let before = desk.files();
    desk.run(&plan).exit(1).says(&["error: kubernetes.admins: there is no role opps", "aws iam list-roles"]);
    assert_eq!(desk.files(), before, "nothing is written");
}

#[test]
fn a_type_that_the_zones_in_use_do_not_offer_holds_up_plan_and_neither_recovery_nor_end() {
    let desk = Desk::simulated();
    desk.declare(&[]);
    desk.run(&["apply", "--auto-approve"]).exit(0);
    let mut world: Value = serde_json::from_str(&desk.read("world.json")).unwrap();
    world["facts"] = json!({"zones_of_type": {"there": ["us-east-1b"]}});
    desk.write("world.json", &world.to_string());
    desk.run(&["plan"]).exit(0);

    desk.declare_with("kubernetes:\n  nodes:\n    instance_type: r7a.8xlarge");
    let line = desk.read("plans/reference.yaml").lines().position(|line| line.contains("r7a")).unwrap() + 1;
    let before = desk.files();
    desk.run(&["plan"]).exit(1).says(&[
        "error: kubernetes.nodes.instance_type: r7a.8xlarge is not offered in us-east-1a and us-east-1c",
        "but in us-east-1b",
        &format!("--> plans/reference.yaml:{line}:"),
        "go back to \"",
    ]);
    desk.run(&["apply", "--auto-approve"]).exit(1).says(&["nothing was changed"]);
    assert_eq!(desk.files(), before, "nothing is written");

    std::fs::remove_file(desk.path("state/ppm-prod.lock.json")).unwrap();
    desk.run(&["recover", "--auto-approve"]).exit(0).says(&["46 of 46 objects declared"]);
    let destroy = ["destroy", "--delete-data", "database,bucket,key", "--no-final-snapshot", "--auto-approve"];
    desk.run(&destroy).exit(0).says(&["found 0 objects"]);
}

#[test]
fn more_zones_than_the_region_has_hold_up_the_plan_and_are_told_by_name() {
    let (desk, plan) = rehearse(&json!({}));
    desk.write("try.json", &json!({"made": 0, "objects": {}, "zones": ["us-east-1b", "us-east-1c"]}).to_string());
    desk.run(&plan).exit(0).says(&["warning: network.zones: us-east-1 has 2 zones to be used", "and not 3"]);
    let text = desk.read("plans/reference.yaml");
    desk.write("plans/reference.yaml", &format!("{text}\nnetwork:\n  zones: 4\n"));
    desk.run(&plan)
        .exit(1)
        .says(&["error: network.zones: us-east-1 has 2 zones to be used", "write `network.zones: 2`"]);
}
