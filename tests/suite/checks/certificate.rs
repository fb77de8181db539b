//! A certificate that somebody asked for, and what it is worth.

use serde_json::{Value, json};

use super::refused;
use crate::support::binary::Desk;
use crate::support::emulator::Emulator;

const DECLARED: &str = "arn:aws:acm:us-east-1:123456789012:certificate/11111111-2222-3333-4444-555555555555";

/// A certificate for this name, asked for and not proved.
async fn asked(emulator: &Emulator, name: &str) -> String {
    let aws = emulator.clients().await;
    let made = aws.acm.request_certificate().domain_name(name).validation_method("DNS".into()).send().await.unwrap();
    made.certificate_arn.unwrap()
}

fn issue(emulator: &Emulator, arn: &str) {
    emulator.post("/strict/mutate", &json!({"kind": "certificate", "id": arn, "action": "issue"}));
}

#[tokio::test]
async fn a_certificate_that_is_not_issued_or_for_another_name_is_refused_by_plan() {
    let emulator = Emulator::start(0);
    let desk = Desk::at(&emulator.endpoint(), 0);
    let arn = asked(&emulator, "packages.example.com").await;
    desk.declare(&[(DECLARED, &arn)]);
    let line = desk.read("plans/reference.yaml").lines().position(|line| line.contains(&arn)).unwrap() + 1;

    let finding = refused(&emulator, &desk);
    assert_eq!((&finding["id"], &finding["path"]), (&json!("load_balancer.certificate"), &finding["id"]));
    assert_eq!((&finding["line"], &finding["column"]), (&json!(line), &json!(16)), "{finding}");
    assert!(finding["why"].as_str().unwrap().contains("listener.https"), "{finding}");
    // The remedy is the record that ACM waits for.
    let aws = emulator.clients().await;
    let told = aws.acm.describe_certificate().certificate_arn(&arn).send().await.unwrap().certificate.unwrap();
    let record = told.domain_validation_options()[0].resource_record().unwrap();
    let record = format!("{} CNAME {}", record.name(), record.value());
    assert!(finding["remedy"].as_str().unwrap().contains(&record), "{finding} {record}");

    issue(&emulator, &arn);
    desk.run(&["plan", "-o", "p.plan.json"]).exit(0).says(&["checks passed"]);
    let absent = "arn:aws:acm:us-east-1:123456789012:certificate/00000000-2222-3333-4444-555555555555";
    let foreign = arn.replace("123456789012", "999999999999");
    let mut wrong = vec![(absent.to_owned(), "there is no such certificate"), (foreign, "of account 999999999999")];
    for name in ["other.example.com", "example.com", "*.packages.example.com"] {
        let other = asked(&emulator, name).await;
        issue(&emulator, &other);
        wrong.push((other, name));
    }
    for (other, says) in wrong {
        desk.declare(&[(DECLARED, &other)]);
        let finding = refused(&emulator, &desk);
        assert!(finding["what"].as_str().unwrap().contains(says), "{finding}");
    }
    let star = asked(&emulator, "*.example.com").await;
    issue(&emulator, &star);
    desk.declare(&[(DECLARED, &star)]);
    desk.run(&["plan"]).exit(0).says(&["checks passed"]);

    // What may not be read holds nothing up.
    emulator.post("/strict/faults", &json!({"service": "acm", "operation": "DescribeCertificate", "kind": "denied"}));
    desk.run(&["plan"]).exit(0).says(&["unknown: load_balancer.certificate:", "acm:DescribeCertificate"]);
}

#[tokio::test]
async fn a_domain_without_a_certificate_is_told_and_holds_nothing_up() {
    let emulator = Emulator::start(0);
    let desk = Desk::at(&emulator.endpoint(), 0);
    desk.declare(&[(&format!("  certificate: {DECLARED}\n"), "")]);
    let plan: Value = desk.run(&["plan", "--json"]).exit(0).json().remove(0);
    assert_eq!((&plan["summary"]["checks"]["warn"], &plan["summary"]["checks"]["fail"]), (&json!(1), &json!(0)));
    desk.run(&["plan"]).exit(0).says(&["warning: load_balancer.domain: packages.example.com will be served without"]);
}
