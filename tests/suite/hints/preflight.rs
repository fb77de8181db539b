//! What preflight names, typed as it stands there.

use serde_json::json;

use crate::support::binary::Desk;
use crate::support::emulator::Emulator;
use crate::support::hint::follow;

fn bare() -> (Emulator, Desk) {
    let emulator = Emulator::start(0);
    let desk = Desk::at(&emulator.endpoint(), 0);
    desk.declare(&[]);
    (emulator, desk)
}

#[test]
fn what_the_account_has_too_little_of() {
    let (emulator, desk) = bare();
    emulator.post("/strict/settings", &json!({"quotas": {"L-F678F1CE": 1}}));
    let said = desk.run(&["preflight"]).exit(1);
    let asked = follow(
        &desk,
        &said,
        "ask for more, which takes minutes to days",
        "aws service-quotas request-service-quota-increase",
    );
    let asked = asked.exit(0).json_document();
    assert_eq!(asked["RequestedQuota"]["DesiredValue"], 2.0, "{asked}");
    assert_eq!(asked["RequestedQuota"]["QuotaName"], "VPCs per Region");
    emulator.post("/strict/settings", &json!({"quotas": {"L-F678F1CE": null}}));
    desk.run(&["preflight"]).exit(0);
}

#[test]
fn what_the_caller_has_to_be_allowed() {
    let (emulator, desk) = bare();
    emulator.post("/strict/faults", &json!({"service": "rds", "operation": "CreateDBInstance", "kind": "denied"}));
    let said = desk.run(&["preflight"]).exit(1).says(&["IAM does not let", "rds:CreateDBInstance"]);
    // The account is in no record before the first apply.
    desk.declare_with("account: \"123456789012\"");
    let policy = follow(&desk, &said, "prints what whoever runs apply has to be allowed", "ppm-infra iam-policy");
    assert!(policy.exit(0).stdout.contains("rds:CreateDBInstance"));
}

#[tokio::test]
async fn a_key_of_all_disks_that_cannot_be_used() {
    let (emulator, desk) = bare();
    let absent = "arn:aws:kms:us-east-1:123456789012:key/00000000-0000-4000-8000-000000000000";
    emulator.post("/strict/settings", &json!({"extra": {"disk_key": absent}}));
    let said = desk.run(&["preflight"]).exit(1).says(&["there is no key"]);
    follow(&desk, &said, "goes back to the key of AWS", "aws ec2 reset-ebs-default-kms-key-id").exit(0);
    desk.run(&["preflight"]).exit(0);
}

#[tokio::test]
async fn a_bucket_of_the_state_that_keeps_no_versions_and_others_in() {
    let (emulator, desk) = bare();
    let s3 = emulator.clients().await.s3;
    s3.create_bucket().bucket("acme-state").send().await.unwrap();
    s3.delete_public_access_block().bucket("acme-state").send().await.unwrap();
    desk.declare_with("state: s3://acme-state/ppm");
    let said = desk.run(&["preflight"]).exit(0).says(&["keeps no versions", "is not blocked"]);
    follow(&desk, &said, "Status=Enabled", "aws s3api put-bucket-versioning").exit(0);
    follow(&desk, &said, "BlockPublicAcls=true", "aws s3api put-public-access-block").exit(0);
    desk.run(&["preflight"]).exit(0).says(&["all passed"]);
}

#[test]
fn a_class_that_the_zones_of_the_database_do_not_have() {
    let emulator = Emulator::start(0);
    let desk = Desk::at(&emulator.endpoint(), 0);
    emulator
        .post("/strict/settings", &json!({"extra": {"class_zones": {"db.t3.xlarge": ["us-east-1a", "us-east-1f"]}}}));
    desk.declare(&[]);
    let said = desk.run(&["preflight"]).exit(1).says(&["RDS offers db.t3.xlarge in us-east-1a, us-east-1f"]);
    let listed = follow(
        &desk,
        &said,
        "those that each zone has are listed by",
        "aws rds describe-orderable-db-instance-options",
    );
    let listed = listed.exit(0).stdout;
    assert!(listed.split_whitespace().any(|class| class == "db.m6i.xlarge"), "{listed}");
}
