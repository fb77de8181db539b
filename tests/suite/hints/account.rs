//! Commands of AWS's own command line about what stands in the account: certificates, keys, versions, what is in the way.

use serde_json::{Value, json};

use super::tools::is_taken;
use crate::drift::Standing;
use crate::support::binary::{Desk, Said};
use crate::support::emulator::Emulator;
use crate::support::hint::{Hint, follow, hint};

const PLAN: [&str; 2] = ["plan", "--detailed-exitcode"];
const DECLARED: &str = "arn:aws:acm:us-east-1:123456789012:certificate/11111111-2222-3333-4444-555555555555";

fn happens(emulator: &Emulator, order: &Value) {
    emulator.post("/strict/mutate", order);
}

/// A certificate for the declared domain, in new.pem and key.pem.
pub(super) fn certificate(desk: &Desk, days: u32) {
    desk.shell(&format!(
        "openssl req -x509 -newkey rsa:2048 -nodes -days {days} -keyout key.pem -out new.pem \
         -subj /CN=packages.example.com -addext subjectAltName=DNS:packages.example.com"
    ))
    .exit(0);
}

/// With the files that hold the successor.
fn with_files(hint: Hint<'_>) -> Said {
    hint.with("CERTIFICATE", "new.pem").with("KEY", "key.pem").with("CHAIN", "new.pem").run()
}

#[test]
fn a_certificate_that_is_imported_and_one_that_is_not_proved() {
    let emulator = Emulator::start(0);
    let desk = Desk::at(&emulator.endpoint(), 0);
    certificate(&desk, 5);
    let import =
        "aws acm import-certificate --region us-east-1 --certificate fileb://new.pem --private-key fileb://key.pem";
    let made = desk.shell(import).exit(0).json_document();
    let arn = made["CertificateArn"].as_str().unwrap();
    desk.declare(&[(DECLARED, arn)]);
    let said = desk.run(&["plan"]).exit(0).says(&["the certificate ends on"]);
    let status = {
        desk.run(&["apply", "--auto-approve"]).exit(0);
        desk.run(&["status"]).says(&["the certificate ends on"])
    };
    let ends = |command: &str| desk.run(&[command]).to_string().contains("the certificate ends on");
    certificate(&desk, 365);
    with_files(hint(&desk, &said, "import its successor under the same ARN", "aws acm import-certificate")).exit(0);
    assert!(!ends("plan") && !ends("status"));
    happens(&emulator, &json!({"kind": "certificate", "id": arn, "action": "ends", "days": 5}));
    assert!(ends("plan") && ends("status"));
    with_files(hint(&desk, &status, "ACM never renews what was imported", "aws acm import-certificate")).exit(0);
    assert!(!ends("plan") && !ends("status"));
    // Just asked for: ACM does not tell yet which record it waits for.
    let ask =
        "aws acm request-certificate --region us-east-1 --domain-name packages.example.com --validation-method DNS";
    let made = desk.shell(ask).exit(0).json_document();
    let arn = made["CertificateArn"].as_str().unwrap();
    desk.declare(&[(DECLARED, arn)]);
    happens(&emulator, &json!({"kind": "certificate", "id": arn, "action": "unproved"}));
    let said = desk.run(&["plan"]).exit(1);
    happens(&emulator, &json!({"kind": "certificate", "id": arn, "action": "unproved", "value": false}));
    let told = follow(&desk, &said, "make the DNS record that", "aws acm describe-certificate").exit(0).json_document();
    assert_eq!(told["Certificate"]["DomainValidationOptions"][0]["ResourceRecord"]["Type"], "CNAME", "{told}");
}

#[test]
fn what_the_region_does_not_have() {
    let emulator = Emulator::start(0);
    let desk = Desk::at(&emulator.endpoint(), 0);
    for (region, or) in [("eu-north-1", "write another type"), ("ap-east-1", "or another type")] {
        let declare = |kind: &str| {
            let nodes = format!("kubernetes:\n  nodes:\n    instance_type: {kind}\n");
            desk.write("plans/reference.yaml", &format!("stack: ppm-prod\nregion: {region}\n{nodes}"));
        };
        declare("c6a.4xlarge");
        let said = desk.run(&["plan"]).exit(1).says(&[or]);
        let listed = follow(
            &desk,
            &said,
            "another type; those of the size that a zone offers",
            "aws ec2 describe-instance-type-offerings",
        );
        let listed = listed.exit(0).stdout;
        let all: Vec<&str> = listed.split_whitespace().collect();
        assert!(all.contains(&"c5.4xlarge") && all.iter().all(|one| one.ends_with(".4xlarge")), "{listed}");
        assert!(!all.contains(&"c6a.4xlarge"), "{listed}");
        declare("c5.4xlarge");
        desk.run(&["plan"]).exit(0).says(&["checks passed"]);
    }
    desk.declare_with("database:\n  engine_version: \"19.1\"");
    let said = desk.run(&["plan"]).exit(1);
    let listed = follow(&desk, &said, "list those there are with `aws rds", "aws rds describe-db-engine-versions");
    assert!(listed.exit(0).stdout.split_whitespace().any(|version| version.starts_with("17.")));
    // Where images come from inside.
    let mirror = "{repository: registry.example.com/posit/package-manager, tag: \"2026.08.0-ubuntu-24.04\"}";
    desk.declare_with(&format!("network: {{connectivity: air_gapped}}\npackage_manager: {{image: {mirror}}}\n"));
    let said = desk.run(&["offline-checklist"]).exit(0);
    let made = follow(&desk, &said, "aws ecr create-repository", "aws ecr create-repository").exit(0).json_document();
    let name = made["repository"]["repositoryName"].as_str().unwrap();
    said.says(&[&format!("amazonaws.com/{name}:")]);
}

#[tokio::test]
async fn a_key_and_an_authority_that_ail() {
    let at = Standing::with("").await;
    let (desk, emulator) = (&at.desk, &at.emulator);
    let key = at.computed("kms_key.main", "key_id");
    happens(emulator, &json!({"kind": "kms_key", "id": key, "action": "state", "value": "Unavailable"}));
    let said = desk.run(&["status"]).exit(1);
    let told = follow(desk, &said, "says more", "aws kms describe-key").exit(0).json_document();
    assert_eq!(told["KeyMetadata"]["KeyState"], "Unavailable");
    happens(emulator, &json!({"kind": "kms_key", "id": key, "action": "state", "value": "Enabled"}));
    let name = at.id("database.main");
    let ends = || {
        happens(emulator, &json!({"kind": "db_instance", "id": name, "action": "certificate_ends", "days": 20}));
        let said = desk.run(&["status"]).says(&["the certificate of the database"]);
        (said.to_string().contains("RDS renews it by itself"), said)
    };
    assert!(ends().0, "a newer authority");
    let old = json!({"kind": "db_instance", "id": name, "action": "ca_certificate", "value": "rds-ca-2019"});
    happens(emulator, &old);
    let (renewed, said) = ends();
    assert!(!renewed, "{said}");
    follow(desk, &said, "rotate it", "aws rds modify-db-instance").exit(0);
    let said = desk.run(&["status"]);
    assert!(!said.to_string().contains("the certificate of the database ("), "{said}");
    desk.run(&PLAN).exit(0);
}

#[tokio::test]
async fn what_keeps_the_network_and_the_cluster_from_going() {
    let at = Standing::with("").await;
    let (aws, desk, emulator) = (&at.aws, &at.desk, &at.emulator);
    let order = json!({"kind": "cluster", "id": "ppm-prod", "action": "fargate_profile", "name": "batch"});
    happens(emulator, &order);
    let subnets = ["a", "b"].map(|zone| at.id(&format!("subnet.private-{zone}")));
    let theirs = aws.elb.create_load_balancer().name("theirs").set_subnets(Some(subnets.into()));
    theirs.scheme("internal".into()).send().await.unwrap();
    let said =
        desk.run(&["plan", "--destroy", "--delete-data", "database,bucket,key"]).exit(1).says(&["2 checks failed"]);
    follow(desk, &said, "`aws eks delete-fargate-profile", "aws eks delete-fargate-profile").exit(0);
    follow(desk, &said, "`aws elbv2 delete-load-balancer", "aws elbv2 delete-load-balancer").exit(0);
    desk.run(&["plan", "--destroy", "--delete-data", "database,bucket,key"]).exit(0).says(&["checks passed"]);
}

#[test]
fn credentials_that_end_and_a_clock_that_is_off() {
    let emulator = Emulator::start(0);
    let desk = Desk::at(&emulator.endpoint(), 0);
    desk.declare(&[]);
    desk.run(&["plan"]).exit(0);
    let looks = emulator.calls().len();
    emulator.post("/strict/faults", &json!({"kind": "expired_token", "nth": looks + 60, "count": 1_000_000}));
    let said = desk.run(&["apply", "--auto-approve"]).exit(69);
    emulator.post("/strict/faults/clear", &json!({}));
    hint(&desk, &said, "renew the credentials", "ppm-infra apply").approved("yes").exit(0);
    desk.run(&PLAN).exit(0);
    let skewed = "The difference between the request time and the current time is too large.";
    let order = json!({"kind": "code", "code": "RequestTimeTooSkewed", "message": skewed, "status": 403});
    emulator.post("/strict/faults", &order);
    let said = desk.run(&["plan"]).exit(69);
    emulator.post("/strict/faults/clear", &json!({}));
    let set = hint(&desk, &said, "the clock of this machine is off", "timedatectl set-ntp true");
    assert!(is_taken(set.line()), "{}", set.line());
}
