//! The same against the strict emulator: calls refused one by one, and which call came before which.

use aws_sdk_elasticloadbalancingv2::types::ActionTypeEnum;
use serde_json::{Value, json};
use tokio::runtime::Builder;

use crate::support::binary::Desk;
use crate::support::emulator::Emulator;

const APPLY: [&str; 2] = ["apply", "--auto-approve"];
const PLAN: [&str; 2] = ["plan", "--detailed-exitcode"];
const CERTIFICATE: &str =
    "certificate: arn:aws:acm:us-east-1:123456789012:certificate/11111111-2222-3333-4444-555555555555";

/// A stack that stands, with these lines below `load_balancer`.
fn standing(lines: &[&str]) -> (Emulator, Desk) {
    let emulator = Emulator::start(0);
    let desk = Desk::at(&emulator.endpoint(), 0);
    declare(&desk, lines);
    desk.run(&APPLY).exit(0);
    emulator.post("/strict/log/clear", &Value::Null);
    (emulator, desk)
}

fn declare(desk: &Desk, lines: &[&str]) {
    let lines: Vec<String> = lines.iter().map(|line| format!("  {line}\n")).collect();
    let lines = lines.concat();
    let text = format!("stack: ppm-prod\nregion: us-east-1\narchitecture: kubernetes\nload_balancer:\n{lines}");
    desk.write("plans/reference.yaml", &format!("{text}  domain: packages.example.com\n"));
}

fn refuse(emulator: &Emulator, operation: &str) {
    // By what IAM does not tell beforehand, such as a policy of the session.
    let fault =
        json!({"service": "elasticloadbalancing", "operation": operation, "kind": "denied", "resource": "ppm-prod"});
    emulator.post("/strict/faults", &fault);
}

/// What every listener does, in the order of the ports.
fn doors(emulator: &Emulator) -> Vec<(i32, ActionTypeEnum)> {
    let runtime = Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let elb = emulator.clients().await.elb;
        let mut doors = Vec::new();
        for balancer in elb.describe_load_balancers().send().await.unwrap().load_balancers() {
            let call = elb.describe_listeners().load_balancer_arn(balancer.load_balancer_arn().unwrap());
            for listener in call.send().await.unwrap().listeners() {
                let action = listener.default_actions()[0].r#type().unwrap().clone();
                doors.push((listener.port().unwrap(), action));
            }
        }
        doors.sort_by_key(|(port, _)| *port);
        doors
    })
}

/// Asserts that of these calls, each by its operation, every one was answered before the next.
fn assert_in_turn(emulator: &Emulator, operations: &[&str]) {
    let calls = emulator.calls();
    let told: Vec<&str> = calls.iter().filter_map(|call| call["operation"].as_str()).collect();
    let mut after = 0;
    for operation in operations {
        let place = told[after..].iter().position(|one| one == operation);
        after += 1 + place.unwrap_or_else(|| panic!("no {operation} after call {after}: {told:#?}"));
    }
}

#[test]
fn a_certificate_is_taken_out_once_port_80_serves_and_put_in_once_port_443_does() {
    let (emulator, desk) = standing(&[CERTIFICATE]);
    let secure = [(80, ActionTypeEnum::Redirect), (443, ActionTypeEnum::Forward)];
    let plain = [(80, ActionTypeEnum::Forward)];
    assert_eq!(doors(&emulator), secure);
    declare(&desk, &[]);
    refuse(&emulator, "ModifyListener");
    desk.run(&APPLY).exit(1).says(&["could not update listener.http"]);
    assert_eq!(doors(&emulator), secure, "what served still serves");
    emulator.post("/strict/faults/clear", &json!({}));
    desk.run(&APPLY).exit(0);
    assert_eq!(doors(&emulator), plain);
    desk.run(&PLAN).exit(0);

    declare(&desk, &[CERTIFICATE]);
    refuse(&emulator, "CreateListener");
    desk.run(&APPLY).exit(1).says(&["could not create listener.https"]);
    assert_eq!(doors(&emulator), plain, "nobody is sent to where nothing stands");
    emulator.post("/strict/faults/clear", &json!({}));
    desk.run(&APPLY).exit(0);
    assert_eq!(doors(&emulator), secure);
    desk.run(&PLAN).exit(0);
}

#[test]
fn another_scheme_is_said_to_be_an_outage_and_is_as_short_a_one_as_can_be() {
    let (emulator, desk) = standing(&[CERTIFICATE]);
    let before = desk.run(&["output", "load_balancer_dns_name"]).exit(0).stdout;
    declare(&desk, &[CERTIFICATE, "scheme: internal"]);
    desk.run(&PLAN).exit(2).says(&["OUTAGE", "NEW ADDRESS"]);
    let [plan] = desk.run(&["plan", "--json"]).exit(0).json().try_into().unwrap();
    assert_eq!(plan["noticed"][0]["address"], "load_balancer.main", "{plan}");
    let told = plan["risks"].to_string();
    assert!(told.contains("another DNS name") && told.contains("the DNS record of packages.example.com"), "{told}");
    refuse(&emulator, "CreateListener");
    desk.run(&APPLY).exit(1);
    assert_eq!(doors(&emulator).len(), 2, "the first load balancer still serves");
    emulator.post("/strict/faults/clear", &json!({}));
    desk.run(&APPLY).exit(0);
    assert_in_turn(&emulator, &["CreateLoadBalancer", "CreateListener", "DeleteListener", "DeleteLoadBalancer"]);
    desk.run(&PLAN).exit(0);
    let after = desk.run(&["output", "load_balancer_dns_name"]).exit(0).stdout;
    assert_ne!(before, after);
    // Once more, and back: the name is free again, and it makes no difference.
    declare(&desk, &[CERTIFICATE]);
    desk.run(&APPLY).exit(0);
    desk.run(&PLAN).exit(0);
    desk.run(&["drift"]).exit(0);
    std::fs::remove_file(desk.path("state/ppm-prod.lock.json")).unwrap();
    desk.run(&["recover", "--auto-approve"]).exit(0).says(&["46 of 46"]);
    desk.run(&PLAN).exit(0);
}

#[test]
fn the_new_port_is_open_before_anybody_comes_and_the_old_one_until_nobody_does() {
    let (emulator, desk) = standing(&[CERTIFICATE]);
    declare(&desk, &[CERTIFICATE, "node_port: 30555"]);
    desk.run(&PLAN).exit(2).says(&["outage", "Helm, with the new values", "port 30555"]);
    refuse(&emulator, "ModifyListener");
    desk.run(&APPLY).exit(1).says(&["could not update listener.https"]);
    let calls = emulator.calls();
    let closed = calls
        .iter()
        .any(|call| call["operation"].as_str().is_some_and(|operation| operation.starts_with("RevokeSecurityGroup")));
    assert!(!closed, "nothing is closed while traffic goes through it");
    emulator.post("/strict/faults/clear", &json!({}));
    desk.run(&APPLY).exit(0);
    assert_in_turn(&emulator, &["AuthorizeSecurityGroupEgress", "ModifyListener", "RevokeSecurityGroupEgress"]);
    assert_in_turn(&emulator, &["ModifyListener", "DetachLoadBalancerTargetGroups"]);
    desk.run(&PLAN).exit(0);
}
