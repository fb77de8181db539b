//! Against the emulator: nobody answers, pods answer, a certificate ends, a call is refused.

use aws_sdk_acm::types::CertificateDetail;
use serde_json::{Value, json};

use crate::support::binary::Desk;
use crate::support::emulator::Emulator;

const NAME: &str = "packages.example.com";

/// Asks for a certificate and lets it be issued.
async fn issued(emulator: &Emulator) -> String {
    let aws = emulator.clients().await;
    let made = aws.acm.request_certificate().domain_name(NAME).send().await.unwrap();
    let arn = made.certificate_arn().unwrap().to_owned();
    emulator.post("/strict/mutate", &json!({"kind": "certificate", "id": arn, "action": "issue"}));
    arn
}

async fn described(emulator: &Emulator, arn: &str) -> CertificateDetail {
    let aws = emulator.clients().await;
    aws.acm.describe_certificate().certificate_arn(arn).send().await.unwrap().certificate.unwrap()
}

fn happens(emulator: &Emulator, order: &Value) {
    emulator.post("/strict/mutate", order);
}

#[tokio::test]
async fn from_the_first_apply_to_the_end_of_a_certificate() {
    let emulator = Emulator::start(0);
    let desk = Desk::at(&emulator.endpoint(), 0);
    let arn = issued(&emulator).await;
    desk.declare(&[("arn:aws:acm:us-east-1:123456789012:certificate/11111111-2222-3333-4444-555555555555", &arn)]);
    desk.run(&["apply", "--auto-approve"]).exit(0);
    let before = desk.files();
    emulator.post("/strict/log/clear", &Value::Null);

    // Nobody has installed the chart.
    let said = desk.run(&["status"]).exit(1);
    said.says(&[
        "✓ ok",
        "active",
        "0 of 3 healthy",
        "(Target.FailedHealthChecks)",
        "error: none of 3 targets is healthy",
    ]);
    assert_eq!(emulator.mutations(), 0, "looking changes nothing");
    let calls = emulator.calls().len();
    assert!(calls <= 12, "{calls} calls");
    assert_eq!(desk.files(), before, "no file is written");

    // Now somebody has.
    let group = desk.run(&["output", "target_group_arn"]).exit(0).stdout.trim().to_owned();
    let answers = |value: bool| {
        happens(&emulator, &json!({"kind": "target_group", "id": group, "action": "answers", "value": value}));
    };
    answers(true);
    let said =
        desk.run(&["status"]).exit(0).says(&["3 of 3 healthy", "; renewed by ACM", "3 of 3 nodes run", "Serves."]);
    said.says(&[
        "available",
        "a standby in another zone",
        "certificate of rds-ca-rsa2048-g1",
        "standard support until",
    ]);
    let told = desk.run(&["--json", "status"]).exit(0).json().pop().unwrap();
    assert_eq!(told["targets"]["there"].as_array().unwrap().len(), 3);
    assert_eq!(told["certificates"][0]["certificate"]["there"]["names"], json!([NAME]));
    assert_eq!(told["maintenance"]["there"], json!([]));

    // The certificate nears its end, and ends.
    assert!(described(&emulator, &arn).await.in_use_by().len() == 1, "the load balancer uses it");
    happens(&emulator, &json!({"kind": "certificate", "id": arn, "action": "ends", "days": 10.5}));
    desk.run(&["status"]).exit(0).says(&["warning: the certificate ends on", "in 10 days", "renews it by itself"]);
    happens(&emulator, &json!({"kind": "certificate", "id": arn, "action": "ends", "days": -1}));
    desk.run(&["status"]).exit(1).says(&["error: the certificate is expired"]);
    happens(&emulator, &json!({"kind": "certificate", "id": arn, "action": "ends", "days": 300}));

    // The database ails.
    let lockfile: Value = serde_json::from_str(&desk.read("state/ppm-prod.lock.json")).unwrap();
    let database = lockfile["resources"]["database.main"]["computed"]["id"].as_str().unwrap();
    happens(&emulator, &json!({"kind": "db_instance", "id": database, "action": "maintenance", "days": 5}));
    desk.run(&["status"]).exit(0).says(&["warning: maintenance of the database on", "New Operating System update"]);
    happens(&emulator, &json!({"kind": "db_instance", "id": database, "action": "status", "value": "storage-full"}));
    desk.run(&["status"]).exit(1).says(&["error: the storage of the database is full"]);
    happens(&emulator, &json!({"kind": "db_instance", "id": database, "action": "status", "value": "available"}));
    answers(false);
    desk.run(&["status"]).exit(1).says(&["0 of 3 healthy"]);
    assert_eq!(emulator.mutations(), 0, "all of that was looking");
    assert_eq!(desk.files(), before);
}

#[tokio::test]
async fn what_may_not_be_read_is_named_and_the_rest_is_shown() {
    let emulator = Emulator::start(0);
    let desk = Desk::at(&emulator.endpoint(), 0);
    desk.declare(&[]);
    desk.run(&["apply", "--auto-approve"]).exit(0);
    let group = desk.run(&["output", "target_group_arn"]).exit(0).stdout.trim().to_owned();
    happens(&emulator, &json!({"kind": "target_group", "id": group, "action": "answers"}));

    let gone = json!({"service": "acm", "operation": "DescribeCertificate", "kind": "code",
        "code": "ResourceNotFoundException", "message": "Could not find certificate", "status": 400, "nth": 1});
    emulator.post("/strict/faults", &gone);
    desk.run(&["status"]).exit(1).says(&["error: the certificate arn:aws:acm:us-east-1:123456789012:certificate/1"]);
    let denied: [(&str, &str); 7] = [
        ("DescribeCertificate", "acm:DescribeCertificate"),
        ("DescribeTargetHealth", "elasticloadbalancing:DescribeTargetHealth"),
        ("DescribeClusterVersions", "eks:DescribeClusterVersions"),
        ("DescribePendingMaintenanceActions", "rds:DescribePendingMaintenanceActions"),
        ("DescribeAutoScalingGroups", "autoscaling:DescribeAutoScalingGroups"),
        ("DescribeLoadBalancers", "elasticloadbalancing:DescribeLoadBalancers"),
        ("DescribeCluster", "eks:DescribeCluster"),
    ];
    let refuse = |operation: &str| {
        emulator.post("/strict/faults", &json!({"service": "*", "operation": operation, "kind": "denied"}));
    };
    refuse("DescribeCertificate");
    for (operation, action) in denied {
        refuse(operation);
        desk.run(&["status"]).exit(3).says(&["not read", "could not be read", action, "Not known to serve."]);
        emulator.post("/strict/faults/clear", &json!({}));
        refuse("DescribeCertificate");
    }
    let told = desk.run(&["--json", "status"]).exit(3).json().pop().unwrap();
    assert_eq!((&told["serves"], &told["summary"]["not_read"]), (&Value::Null, &json!(1)));
    assert!(told["certificates"][0]["certificate"]["error"].is_string(), "{told}");

    // Credentials that end are no part that could not be read.
    emulator.post(
        "/strict/faults",
        &json!({"service": "rds", "operation": "DescribeDBInstances", "kind": "expired_token"}),
    );
    desk.run(&["status"]).exit(69);
    let nobody = desk.with("AWS_ACCESS_KEY_ID", "INVALID");
    nobody.run(&["status"]).exit(69);
}
