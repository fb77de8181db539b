//! Buckets.

use aws_sdk_s3::primitives::ByteStream;
use aws_sdk_s3::types::{
    AbortIncompleteMultipartUpload, BucketLifecycleConfiguration, BucketVersioningStatus, CreateBucketConfiguration,
    ExpirationStatus, LifecycleExpiration, LifecycleRule, LifecycleRuleFilter, ObjectOwnership, OwnershipControls,
    OwnershipControlsRule, ServerSideEncryption, ServerSideEncryptionByDefault, ServerSideEncryptionConfiguration,
    ServerSideEncryptionRule, Tag, Tagging, VersioningConfiguration,
};
use ppm_infra::cloud::ErrorKind;
use ppm_infra::model::address::Address;
use ppm_infra::model::document::Document;
use ppm_infra::model::observation::Observation;
use ppm_infra::model::policy::Policy;
use ppm_infra::model::reference::Ref;
use ppm_infra::model::resource::Resource;
use ppm_infra::resources::bucket::{Bucket, PublicAccessBlock};
use ppm_infra::resources::kms_key::KmsKey;
use serde_json::json;

use crate::kinds::kms_key;
use crate::support::lifecycle::Lab;

const NAME: &str = "lab-packages";

fn policy(sid: &str) -> Policy {
    let arn = format!("arn:aws:s3:::{NAME}");
    Policy::new(&json!({"Version": "2012-10-17", "Statement": [{
        "Sid": sid, "Effect": "Deny", "Principal": "*", "Action": "s3:*",
        "Resource": [arn, format!("{arn}/*")], "Condition": {"Bool": {"aws:SecureTransport": "false"}},
    }]}))
}

pub(crate) fn sample() -> Bucket {
    Bucket {
        name: NAME.to_owned(),
        kms_key: Some(Ref::named("main")),
        bucket_key: true,
        versioning: true,
        ownership: "BucketOwnerEnforced".to_owned(),
        public_access_block: PublicAccessBlock::ALL,
        policy: Some(policy("NothingWithoutTls")),
        abort_uploads_days: Some(7),
        tags: Lab::tags("bucket", "packages"),
    }
}

fn at() -> Address {
    Address::of(Bucket::KIND, "packages")
}

async fn lab() -> Lab {
    let mut lab = Lab::new(0).await;
    lab.make("main", &kms_key::sample()).await;
    lab
}

#[tokio::test]
async fn a_bucket_is_made_found_changed_and_removed() {
    let mut lab = lab().await;
    let bucket = sample();
    let computed = lab.make("packages", &bucket).await;
    assert_eq!(computed.arn, format!("arn:aws:s3:::{NAME}"));
    lab.find_again::<Bucket>("packages").await;
    lab.old.insert(NAME.to_owned());
    assert_eq!(lab.found_by_marks::<Bucket>("packages").await, None, "it awaits removal");
    lab.old.clear();
    let mut changed = Bucket {
        kms_key: None,
        bucket_key: false,
        versioning: false,
        ownership: "BucketOwnerPreferred".to_owned(),
        public_access_block: PublicAccessBlock { block_public_acls: false, ..PublicAccessBlock::ALL },
        policy: Some(policy("Other")),
        abort_uploads_days: Some(1),
        ..bucket.clone()
    };
    changed.tags.insert("team".to_owned(), "data".to_owned());
    lab.change("packages", &changed).await;
    lab.find_again::<Bucket>("packages").await;
    lab.change("packages", &Bucket { policy: None, abort_uploads_days: None, ..changed }).await;
    lab.change("packages", &bucket).await;
    lab.remove::<Bucket>("packages").await;
}

#[tokio::test]
async fn the_same_reference_may_mean_another_key() {
    let mut lab = lab().await;
    let bucket = sample();
    lab.make("packages", &bucket).await;
    lab.remove::<KmsKey>("main").await;
    let key = lab.make("main", &kms_key::sample()).await;
    assert_ne!(lab.look("packages", Some(&bucket)).await.unwrap(), bucket);
    lab.change("packages", &bucket).await;
    let found = lab.clients.s3.get_bucket_encryption().bucket(NAME).send().await.unwrap();
    let rules = found.server_side_encryption_configuration.unwrap().rules;
    let default = rules[0].apply_server_side_encryption_by_default.clone().unwrap();
    assert_eq!(default.kms_master_key_id, Some(key.id), "the whole ARN");
}

#[tokio::test]
async fn what_others_change_shows_as_that_field() {
    let mut lab = lab().await;
    let bucket = sample();
    lab.make("packages", &bucket).await;
    let s3 = lab.clients.s3.clone();

    let default = ServerSideEncryptionByDefault::builder().sse_algorithm(ServerSideEncryption::Aes256).build().unwrap();
    let rule = ServerSideEncryptionRule::builder().apply_server_side_encryption_by_default(default);
    let rule = rule.bucket_key_enabled(true).build();
    let rules = ServerSideEncryptionConfiguration::builder().rules(rule).build().unwrap();
    s3.put_bucket_encryption().bucket(NAME).server_side_encryption_configuration(rules).send().await.unwrap();
    assert_eq!(lab.look("packages", Some(&bucket)).await.unwrap(), Bucket { kms_key: None, ..bucket.clone() });
    lab.change("packages", &bucket).await;

    let suspended = VersioningConfiguration::builder().status(BucketVersioningStatus::Suspended).build();
    s3.put_bucket_versioning().bucket(NAME).versioning_configuration(suspended).send().await.unwrap();
    assert_eq!(lab.look("packages", Some(&bucket)).await.unwrap(), Bucket { versioning: false, ..bucket.clone() });
    lab.change("packages", &bucket).await;

    let rule = OwnershipControlsRule::builder().object_ownership(ObjectOwnership::ObjectWriter).build().unwrap();
    let controls = OwnershipControls::builder().rules(rule).build().unwrap();
    s3.put_bucket_ownership_controls().bucket(NAME).ownership_controls(controls).send().await.unwrap();
    let seen = lab.look("packages", Some(&bucket)).await.unwrap();
    assert_eq!(seen, Bucket { ownership: "ObjectWriter".to_owned(), ..bucket.clone() });
    lab.change("packages", &bucket).await;

    s3.delete_public_access_block().bucket(NAME).send().await.unwrap();
    let open = PublicAccessBlock {
        block_public_acls: false,
        ignore_public_acls: false,
        block_public_policy: false,
        restrict_public_buckets: false,
    };
    let seen = lab.look("packages", Some(&bucket)).await.unwrap();
    assert_eq!(seen, Bucket { public_access_block: open, ..bucket.clone() });
    lab.change("packages", &bucket).await;

    s3.delete_bucket_policy().bucket(NAME).send().await.unwrap();
    assert_eq!(lab.look("packages", Some(&bucket)).await.unwrap(), Bucket { policy: None, ..bucket.clone() });
    lab.change("packages", &bucket).await;

    s3.delete_bucket_lifecycle().bucket(NAME).send().await.unwrap();
    let seen = lab.look("packages", Some(&bucket)).await.unwrap();
    assert_eq!(seen, Bucket { abort_uploads_days: None, ..bucket.clone() });
    lab.change("packages", &bucket).await;

    s3.delete_bucket_tagging().bucket(NAME).send().await.unwrap();
    let seen = lab.look("packages", Some(&bucket)).await.unwrap();
    assert_eq!(seen, Bucket { tags: ppm_infra::model::mark::Tags::new(), ..bucket.clone() });
    lab.change("packages", &bucket).await;

    s3.delete_bucket().bucket(NAME).send().await.unwrap();
    assert_eq!(lab.look("packages", Some(&bucket)).await, None);
    lab.remove::<Bucket>("packages").await;
}

#[tokio::test]
async fn what_others_add_stays() {
    let mut lab = lab().await;
    let bucket = sample();
    lab.make("packages", &bucket).await;
    let s3 = lab.clients.s3.clone();
    let filter = || LifecycleRuleFilter::builder().prefix("").build();
    let ours = LifecycleRule::builder()
        .id("abort-unfinished-uploads")
        .status(ExpirationStatus::Enabled)
        .filter(filter())
        .abort_incomplete_multipart_upload(AbortIncompleteMultipartUpload::builder().days_after_initiation(7).build());
    let theirs = LifecycleRule::builder()
        .id("theirs")
        .status(ExpirationStatus::Enabled)
        .filter(filter())
        .expiration(LifecycleExpiration::builder().days(400).build());
    let rules = [ours, theirs].map(|rule| rule.build().unwrap()).to_vec();
    let rules = BucketLifecycleConfiguration::builder().set_rules(Some(rules)).build().unwrap();
    s3.put_bucket_lifecycle_configuration().bucket(NAME).lifecycle_configuration(rules).send().await.unwrap();
    let mut tags: Vec<Tag> = s3.get_bucket_tagging().bucket(NAME).send().await.unwrap().tag_set;
    tags.push(Tag::builder().key("cost").value("1").build().unwrap());
    let tagging = Tagging::builder().set_tag_set(Some(tags)).build().unwrap();
    s3.put_bucket_tagging().bucket(NAME).tagging(tagging).send().await.unwrap();

    let Observation::Present { known, notes, .. } = lab.observe(&at(), None, true).await else { panic!("it is there") };
    assert_eq!(known.declared, Document::of(&bucket));
    assert_eq!(notes, ["somebody set the lifecycle rule theirs"]);
    let mut changed = Bucket { abort_uploads_days: Some(3), ..bucket.clone() };
    changed.tags.insert("team".to_owned(), "data".to_owned());
    lab.change("packages", &changed).await;
    lab.change("packages", &Bucket { abort_uploads_days: None, ..bucket }).await;
    let left = s3.get_bucket_lifecycle_configuration().bucket(NAME).send().await.unwrap();
    assert_eq!(left.rules().iter().filter_map(|rule| rule.id()).collect::<Vec<_>>(), ["theirs"]);
    let left = s3.get_bucket_tagging().bucket(NAME).send().await.unwrap().tag_set;
    assert!(left.iter().any(|tag| tag.key() == "cost"));
    assert!(left.iter().all(|tag| tag.key() != "team"));
}

#[tokio::test]
async fn a_bucket_with_objects_goes_only_with_consent() {
    let mut lab = lab().await;
    lab.make("packages", &sample()).await;
    let s3 = lab.clients.s3.clone();
    for key in ["a", "b", "a"] {
        s3.put_object().bucket(NAME).key(key).body(ByteStream::from_static(b"x")).send().await.unwrap();
    }
    s3.delete_object().bucket(NAME).key("b").send().await.unwrap();
    s3.create_multipart_upload().bucket(NAME).key("c").send().await.unwrap();
    lab.consent.delete_data.remove("bucket");
    let error = lab.try_remove::<Bucket>("packages").await.unwrap_err();
    assert!(error.message.contains("--delete-data bucket"), "{error}");
    let left = s3.list_object_versions().bucket(NAME).send().await.unwrap();
    assert_eq!((left.versions().len(), left.delete_markers().len()), (3, 1));
    lab.consent.delete_data.insert("bucket".to_owned());
    lab.remove::<Bucket>("packages").await;
}

#[tokio::test]
async fn an_empty_bucket_needs_no_consent() {
    let mut lab = lab().await;
    lab.make("packages", &sample()).await;
    lab.consent.delete_data.remove("bucket");
    lab.remove::<Bucket>("packages").await;
}

#[tokio::test]
async fn a_bucket_of_others_is_left_alone() {
    let mut lab = lab().await;
    let bucket = sample();
    lab.emulator.post("/strict/settings", &json!({"extra": {"foreign_buckets": [NAME]}}));
    let error = lab.try_make("packages", &bucket).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::NotOurs, "{error}");
    assert!(error.message.contains("another account") && error.message.contains("storage.bucket"), "{error}");
    let found = lab.observe(&at(), Some(&Document::of(&bucket)), false).await;
    assert!(matches!(&found, Observation::Foreign { because, .. } if because.contains("another account")), "{found:?}");
    lab.emulator.post("/strict/settings", &json!({"extra": {"foreign_buckets": null}}));

    // Ours by account, not by marks: S3 in us-east-1 would let us "make" it again.
    lab.clients.s3.create_bucket().bucket(NAME).send().await.unwrap();
    let error = lab.try_make("packages", &bucket).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::NotOurs, "{error}");
    let found = lab.observe(&at(), Some(&Document::of(&bucket)), false).await;
    assert!(matches!(found, Observation::Foreign { .. }), "{found:?}");
    assert!(lab.clients.s3.get_bucket_policy().bucket(NAME).send().await.is_err());
}

#[tokio::test]
async fn what_may_not_be_read_is_not_gone() {
    let mut lab = lab().await;
    lab.make("packages", &sample()).await;
    // Whose a recorded bucket is, its settings show.
    for (operation, looks) in [("HeadBucket", &[false][..]), ("GetBucketPolicy", &[true, false])] {
        lab.emulator.post("/strict/faults", &json!({"service": "s3", "operation": operation, "kind": "denied"}));
        for &recorded in looks {
            let found = lab.observe(&at(), None, recorded).await;
            assert!(matches!(found, Observation::Unread { .. }), "{operation}: {found:?}");
        }
        lab.emulator.post("/strict/faults/clear", &json!({}));
    }
    lab.emulator.post("/strict/faults", &json!({"service": "s3", "operation": "*", "kind": "expired_token"}));
    let found = lab.observe(&at(), None, false).await;
    assert!(matches!(&found, Observation::Unread { error } if error.is_expired()), "{found:?}");
}

#[tokio::test]
async fn a_name_let_go_of_and_slow_settings_are_waited_for() {
    let mut lab = Lab::new(60).await;
    lab.make("main", &kms_key::sample()).await;
    lab.emulator.post("/strict/settings", &json!({"consistency": {"s3": 20}, "extra": {"bucket_name_held": 60}}));
    lab.try_make("packages", &sample()).await.unwrap();
    assert_eq!(lab.look("packages", Some(&sample())).await.unwrap(), sample());
    lab.remove::<Bucket>("packages").await;
    lab.make("packages", &sample()).await;
}

#[tokio::test]
async fn a_name_taken_in_another_region_is_told_with_that_region() {
    let mut lab = lab().await;
    for region in ["eu-west-1", "eu-central-1"] {
        let there = aws_sdk_s3::config::Builder::new().region(aws_config::Region::new(region));
        let place = CreateBucketConfiguration::builder().location_constraint(region.into()).build();
        let call = lab.clients.s3.create_bucket().bucket(NAME).create_bucket_configuration(place);
        call.customize().config_override(there.clone()).send().await.unwrap();
        let found = lab.observe(&at(), Some(&Document::of(&sample())), false).await;
        assert!(matches!(&found, Observation::Foreign { because, .. } if because.contains(region)), "{found:?}");
        let error = lab.try_make("packages", &sample()).await.unwrap_err();
        assert!(error.kind == ErrorKind::NotOurs && error.says(region), "{error}");
        lab.clients.s3.delete_bucket().bucket(NAME).customize().config_override(there).send().await.unwrap();
        lab.emulator.post("/strict/settings", &json!({"advance": 60}));
    }
}

#[tokio::test]
async fn a_new_bucket_that_some_calls_do_not_know_yet_is_waited_for() {
    let mut lab = lab().await;
    // The second time it is read is when its settings are to be seen.
    let unknown = json!({"service": "s3", "operation": "GetBucketVersioning", "kind": "code", "code": "NoSuchBucket",
        "message": "The specified bucket does not exist", "status": 404, "nth": 2});
    lab.emulator.post("/strict/faults", &unknown);
    lab.make("packages", &sample()).await;
}

#[tokio::test]
async fn a_bucket_whose_answer_was_lost_is_taken_over() {
    let mut lab = lab().await;
    lab.emulator.post(
        "/strict/faults",
        &json!({"service": "s3", "operation": "CreateBucket", "kind": "reset_after", "nth": 1}),
    );
    lab.make("packages", &sample()).await;
}
