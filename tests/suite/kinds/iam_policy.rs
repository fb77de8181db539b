//! Policies of our own.

use ppm_infra::cloud::ErrorKind;
use ppm_infra::model::address::Address;
use ppm_infra::model::document::Document;
use ppm_infra::model::observation::Observation;
use ppm_infra::model::policy::Policy;
use ppm_infra::model::resource::Resource;
use ppm_infra::resources::iam_policy::IamPolicy;
use serde_json::{Value, json};

use crate::kinds::kms_key;
use crate::support::lifecycle::Lab;

pub(crate) fn document(action: &str, resources: &Value) -> Policy {
    Policy::new(&json!({"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Action": [action, "s3:ListBucket"], "Resource": resources},
    ]}))
}

pub(crate) fn sample() -> IamPolicy {
    IamPolicy {
        name: "lab-main".to_owned(),
        description: "What the laboratory may do".to_owned(),
        document: document("s3:GetObject", &json!(["arn:aws:s3:::lab", "arn:aws:s3:::lab/*"])),
        tags: Lab::tags("iam_policy", "main"),
    }
}

#[tokio::test]
async fn a_policy_is_made_found_changed_and_removed() {
    let mut lab = Lab::new(0).await;
    let policy = sample();
    lab.make("main", &policy).await;
    lab.find_again::<IamPolicy>("main").await;
    let mut changed = IamPolicy { document: document("s3:PutObject", &json!("*")), ..policy.clone() };
    changed.tags.insert("team".to_owned(), "data".to_owned());
    // IAM keeps five versions: the oldest must go in time.
    for _ in 0..4 {
        lab.change("main", &changed).await;
        lab.change("main", &policy).await;
    }
    lab.find_again::<IamPolicy>("main").await;
    lab.remove::<IamPolicy>("main").await;
}

#[tokio::test]
async fn references_follow_the_key_they_mean() {
    let mut lab = Lab::new(0).await;
    lab.make("main", &kms_key::sample()).await;
    let policy = IamPolicy {
        document: document("kms:Decrypt", &json!([{"$ref": "kms_key.main"}, "arn:aws:s3:::lab/*"])),
        ..sample()
    };
    let id = lab.make("main", &policy).await.id;
    lab.find_again::<IamPolicy>("main").await;
    lab.remove::<ppm_infra::resources::kms_key::KmsKey>("main").await;
    let key = lab.make("main", &kms_key::sample()).await;
    // The policy still names the old key, which is nothing we know.
    assert_ne!(lab.look("main", Some(&policy)).await.unwrap(), policy);
    lab.change("main", &policy).await;
    let version = lab.clients.iam.get_policy().policy_arn(&id).send().await.unwrap().policy.unwrap();
    let text = lab.clients.iam.get_policy_version().policy_arn(&id).version_id(version.default_version_id.unwrap());
    let text = text.send().await.unwrap().policy_version.unwrap().document.unwrap();
    assert!(text.contains(&key.key_id), "{text}");
}

#[tokio::test]
async fn what_others_change_shows_as_that_field() {
    let mut lab = Lab::new(0).await;
    let policy = sample();
    let id = lab.make("main", &policy).await.id;
    let iam = lab.clients.iam.clone();
    // The same in other words is the same.
    let same = r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Resource":["arn:aws:s3:::lab/*","arn:aws:s3:::lab"],"Action":["s3:ListBucket","s3:GetObject"]}}"#;
    iam.create_policy_version().policy_arn(&id).policy_document(same).set_as_default(true).send().await.unwrap();
    assert_eq!(lab.look("main", Some(&policy)).await.unwrap(), policy);
    let other = document("s3:*", &json!("*"));
    let call = iam.create_policy_version().policy_arn(&id).policy_document(other.document().to_string());
    call.set_as_default(true).send().await.unwrap();
    let seen = lab.look("main", Some(&policy)).await.unwrap();
    assert_eq!(seen, IamPolicy { document: other, ..policy.clone() });
    lab.change("main", &policy).await;
    iam.untag_policy().policy_arn(&id).tag_keys("Name").send().await.unwrap();
    let mut untagged = policy.clone();
    untagged.tags.remove("Name");
    assert_eq!(lab.look("main", Some(&policy)).await.unwrap(), untagged);
    lab.change("main", &policy).await;
    let foreign = aws_sdk_iam::types::Tag::builder().key("cost").value("1").build().unwrap();
    iam.tag_policy().policy_arn(&id).tags(foreign).send().await.unwrap();
    assert_eq!(lab.look("main", Some(&policy)).await.unwrap(), policy);
    for version in ["v1", "v2", "v3"] {
        iam.delete_policy_version().policy_arn(&id).version_id(version).send().await.ok();
    }
    lab.remove::<IamPolicy>("main").await;
    assert_eq!(lab.look::<IamPolicy>("main", Some(&policy)).await, None);
}

#[tokio::test]
async fn whoever_was_given_it_does_not_keep_it_from_being_removed() {
    let mut lab = Lab::new(0).await;
    let policy = sample();
    let id = lab.make("main", &policy).await.id;
    let iam = lab.clients.iam.clone();
    iam.create_user().user_name("ann").send().await.unwrap();
    iam.create_group().group_name("team").send().await.unwrap();
    iam.attach_user_policy().user_name("ann").policy_arn(&id).send().await.unwrap();
    iam.attach_group_policy().group_name("team").policy_arn(&id).send().await.unwrap();
    lab.remove::<IamPolicy>("main").await;
    assert_eq!(lab.look::<IamPolicy>("main", Some(&policy)).await, None);
    let user = iam.list_attached_user_policies().user_name("ann").send().await.unwrap();
    let group = iam.list_attached_group_policies().group_name("team").send().await.unwrap();
    assert!(user.attached_policies().is_empty() && group.attached_policies().is_empty(), "{user:?} {group:?}");
}

#[tokio::test]
async fn a_policy_of_others_is_left_alone() {
    let mut lab = Lab::new(0).await;
    let policy = sample();
    let call = lab.clients.iam.create_policy().policy_name("lab-main").description("theirs");
    let theirs = document("s3:*", &json!("*"));
    call.policy_document(theirs.document().to_string()).send().await.unwrap();
    let error = lab.try_make("main", &policy).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::NotOurs, "{error}");
    assert!(error.message.contains("`ppm-infra adopt iam_policy.main 'arn:aws:iam::"), "{error}");
    let at = Address::of(IamPolicy::KIND, "main");
    let found = lab.observe(&at, Some(&Document::of(&policy)), false).await;
    assert!(matches!(found, Observation::Foreign { .. }), "{found:?}");
}
