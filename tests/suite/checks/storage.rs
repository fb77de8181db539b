//! A key that somebody else made.

use aws_sdk_kms::types::{KeySpec, KeyUsageType};
use serde_json::json;

use super::refused;
use crate::support::binary::Desk;
use crate::support::emulator::Emulator;

struct Key {
    id: String,
    arn: String,
}

/// A new key of this type; it can be seen at once.
async fn key(emulator: &Emulator, spec: KeySpec, usage: KeyUsageType) -> Key {
    let aws = emulator.clients().await;
    let made = aws.kms.create_key().key_spec(spec).key_usage(usage).send().await.unwrap().key_metadata.unwrap();
    Key { id: made.key_id, arn: made.arn.unwrap() }
}

fn declare(desk: &Desk, arn: &str) {
    desk.declare_with(&format!("storage:\n  kms: {arn}"));
}

#[tokio::test]
async fn a_key_that_cannot_be_used_is_refused_by_plan_and_one_that_can_serves() {
    let emulator = Emulator::start(0);
    let desk = Desk::at(&emulator.endpoint(), 0);
    let aws = emulator.clients().await;
    let good = key(&emulator, KeySpec::SymmetricDefault, KeyUsageType::EncryptDecrypt).await;

    declare(&desk, &good.arn);
    let lines = desk.read("plans/reference.yaml").lines().count();
    aws.kms.disable_key().key_id(&good.id).send().await.unwrap();
    let finding = refused(&emulator, &desk);
    assert!(!desk.path("p.plan.json").exists(), "what cannot be carried out is not saved");
    assert_eq!((&finding["id"], &finding["path"]), (&json!("storage.kms"), &json!("storage.kms")));
    assert_eq!((&finding["line"], &finding["column"]), (&json!(lines), &json!(8)), "{finding}");
    assert!(finding["what"].as_str().unwrap().contains("is disabled"), "{finding}");
    let page = desk.run(&["plan"]).exit(1);
    page.says(&["error: storage.kms: the key is disabled", &format!("--> plans/reference.yaml:{lines}:8")]);

    // The remedy that is named is one.
    let remedy = format!("aws kms enable-key --region us-east-1 --key-id {}", good.id);
    assert!(finding["remedy"].as_str().unwrap().contains(&remedy), "{finding}");
    aws.kms.enable_key().key_id(&good.id).send().await.unwrap();
    desk.run(&["plan", "-o", "p.plan.json"]).exit(0).says(&["checks passed"]);

    // What was right when the plan was saved is looked at again.
    aws.kms.schedule_key_deletion().key_id(&good.id).pending_window_in_days(7).send().await.unwrap();
    desk.run(&["apply", "p.plan.json"]).exit(1).says(&["the key will be deleted on", "cancel-key-deletion"]);
    aws.kms.cancel_key_deletion().key_id(&good.id).send().await.unwrap();
    aws.kms.enable_key().key_id(&good.id).send().await.unwrap();
    desk.run(&["apply", "p.plan.json"]).exit(0);

    // What stands is told, and holds up neither what does not touch it nor its end.
    aws.kms.disable_key().key_id(&good.id).send().await.unwrap();
    desk.run(&["plan", "--detailed-exitcode"]).exit(0).says(&["warning: storage.kms: the key is disabled"]);
    desk.run(&["plan", "--destroy"]).exit(0);
}

#[tokio::test]
async fn keys_of_other_kinds_are_refused_and_what_may_not_be_read_is_not_known() {
    let emulator = Emulator::start(0);
    let desk = Desk::at(&emulator.endpoint(), 0);
    let rsa = key(&emulator, KeySpec::Rsa2048, KeyUsageType::EncryptDecrypt).await;
    let hmac = key(&emulator, KeySpec::Hmac256, KeyUsageType::GenerateVerifyMac).await;
    let absent = "arn:aws:kms:us-east-1:123456789012:key/00000000-0000-4000-8000-000000000000".to_owned();
    let foreign = rsa.arn.replace("123456789012", "999999999999");
    for (arn, says) in [
        (&rsa.arn, "RSA_2048"),
        (&hmac.arn, "HMAC_256"),
        (&absent, "there is no such key"),
        (&foreign, "of account 999999999999"),
    ] {
        declare(&desk, arn);
        let finding = refused(&emulator, &desk);
        assert!(finding["what"].as_str().unwrap().contains(says), "{finding}");
    }
    let good = key(&emulator, KeySpec::SymmetricDefault, KeyUsageType::EncryptDecrypt).await;
    declare(&desk, &good.arn);
    emulator.post("/strict/faults", &json!({"service": "kms", "operation": "DescribeKey", "kind": "denied"}));
    desk.run(&["plan"]).exit(0).says(&["unknown: storage.kms:", "reading it takes kms:DescribeKey"]);
}
