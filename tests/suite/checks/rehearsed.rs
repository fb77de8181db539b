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
