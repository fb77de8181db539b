//! The key that encrypts everything, where it is somebody else's.

use serde_json::json;

use super::*;
use crate::model::facts::KeyFacts;
use crate::model::policy::Policy;

const ID: &str = "storage.kms";
const ARN: &str = "arn:aws:kms:us-east-1:111122223333:key/k";
const FOREIGN: &str = "arn:aws:kms:us-east-1:999999999999:key/k";

fn declared(arn: &str) -> String {
    format!("storage:\n  kms: {arn}\n")
}

/// The key as it should be, changed.
async fn with(change: impl FnOnce(&mut KeyFacts)) -> Scene {
    let mut scene = Scene::of(&declared(ARN)).await;
    let Some(Fact::There(key)) = scene.facts.keys.get_mut(ARN) else { panic!("the key was asked for") };
    change(key);
    scene
}

#[tokio::test]
async fn a_symmetric_key_that_is_enabled_passes() {
    Scene::of(&declared(ARN)).await.passes(ID);
    assert!(Scene::of("").await.checks().iter().all(|check| check.id != ID), "the stack's own key needs no check");
}

#[tokio::test]
async fn what_cannot_encrypt_is_refused_with_its_place() {
    let disabled = with(|key| key.state = "Disabled".to_owned()).await;
    disabled.finds(
        ID,
        Severity::Error,
        4,
        &["is disabled", "bucket.packages", "aws kms enable-key --region us-east-1 --key-id k"],
    );
    let dying = with(|key| {
        key.state = "PendingDeletion".to_owned();
        key.deleted_at = Some("2026-12-24T10:00:00Z".parse().unwrap());
    });
    dying.await.finds(ID, Severity::Error, 4, &["will be deleted on 2026-12-24", "cancel-key-deletion"]);
    for (spec, usage) in
        [("RSA_2048", "ENCRYPT_DECRYPT"), ("HMAC_256", "GENERATE_VERIFY_MAC"), ("ECC_NIST_P256", "SIGN_VERIFY")]
    {
        let wrong = with(|key| (key.spec, key.usage) = (spec.to_owned(), usage.to_owned())).await;
        wrong.finds(ID, Severity::Error, 4, &[spec, "symmetric"]);
    }
    for (state, says) in [("PendingImport", "import"), ("Unavailable", "Unavailable")] {
        with(|key| key.state = state.to_owned()).await.finds(ID, Severity::Error, 4, &[says]);
    }
    with(|key| key.is_aws_managed = true).await.finds(ID, Severity::Error, 4, &["AWS keeps this key"]);
    let mut gone = Scene::of(&declared(ARN)).await;
    gone.facts.keys.insert(ARN.to_owned(), Fact::Missing);
    gone.finds(ID, Severity::Error, 4, &["no such key", "aws kms list-keys --region us-east-1"]);
}

#[tokio::test]
async fn a_standing_stack_is_not_held_up_by_a_key_it_begins_nothing_with() {
    let mut scene = Scene::standing(&declared(ARN)).await;
    assert!(!scene.plan.has_changes());
    let Some(Fact::There(key)) = scene.facts.keys.get_mut(ARN) else { panic!("the key was asked for") };
    key.state = "Disabled".to_owned();
    scene.finds(ID, Severity::Warning, 4, &["is disabled", "cannot be read while this is so"]);
}

#[tokio::test]
async fn what_may_not_be_read_is_unknown() {
    let mut scene = Scene::of(&declared(ARN)).await;
    scene.facts.keys.insert(ARN.to_owned(), denied());
    scene.finds(ID, Severity::Unknown, 4, &["AccessDenied", "kms:DescribeKey", "docs/permissions.md"]);
    let policy = with(|key| key.policy = denied()).await;
    policy.finds(ID, Severity::Unknown, 4, &["kms:GetKeyPolicy"]);
    let failed = Fact::Unread { error: CloudError::new(ErrorKind::Throttled, "read the key", "throttled") };
    scene.facts.keys.insert(ARN.to_owned(), failed);
    scene.finds(ID, Severity::Unknown, 4, &["throttled", "run plan again"]);
}

#[tokio::test]
async fn a_key_of_another_account_is_refused_unless_it_lets_itself_be_used() {
    let mut scene = Scene::of(&declared(FOREIGN)).await;
    scene.finds(ID, Severity::Warning, 4, &["of account 999999999999", "take all data away"]);
    scene.facts.keys.insert(FOREIGN.to_owned(), denied());
    scene.finds(ID, Severity::Error, 4, &["of account 999999999999", "use a key of account 111122223333"]);
}

#[tokio::test]
async fn the_key_policy_must_leave_it_to_the_account() {
    let root = "arn:aws:iam::111122223333:root";
    let allows = |who: &str, actions: serde_json::Value, condition: Option<serde_json::Value>| {
        let mut statement = json!({"Effect": "Allow", "Principal": {"AWS": who}, "Action": actions, "Resource": "*"});
        if let Some(condition) = condition {
            statement["Condition"] = condition;
        }
        Policy::new(&json!({"Version": "2012-10-17", "Statement": [statement]}))
    };
    let needed = json!(["kms:Decrypt", "kms:GenerateDataKey*", "kms:CreateGrant", "kms:Describe*"]);
    for good in [
        allows(root, json!("kms:*"), None),
        allows("111122223333", json!("*"), None),
        allows("*", json!("KMS:*"), None),
        allows(root, needed, None),
    ] {
        with(|key| key.policy = Fact::There(good)).await.passes(ID);
    }
    let via = json!({"StringEquals": {"kms:ViaService": "s3.us-east-1.amazonaws.com"}});
    for (bad, says) in [
        (allows("arn:aws:iam::111122223333:role/x", json!("kms:*"), None), "kms:Decrypt"),
        (allows("arn:aws:iam::999999999999:root", json!("kms:*"), None), "kms:Decrypt"),
        (allows(root, json!(["kms:Decrypt", "kms:DescribeKey"]), None), "kms:CreateGrant, kms:GenerateDataKey"),
        (allows(root, json!("kms:*"), Some(via)), "without conditions"),
    ] {
        let scene = with(|key| key.policy = Fact::There(bad)).await;
        scene.finds(ID, Severity::Warning, 4, &[says, root]);
    }
    let ends = with(|key| key.material_until = Some("2027-01-01T00:00:00Z".parse().unwrap())).await;
    ends.finds(ID, Severity::Warning, 4, &["2027-01-01"]);
}
