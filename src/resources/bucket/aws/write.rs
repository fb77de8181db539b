//! Writing the settings of a bucket, each in one call, keeping what others set beside ours.

use std::time::Duration;

use aws_sdk_s3::types::{
    AbortIncompleteMultipartUpload, BucketVersioningStatus, ExpirationStatus, LifecycleRule, LifecycleRuleFilter,
    ObjectOwnership, OwnershipControls, OwnershipControlsRule, PublicAccessBlockConfiguration, ServerSideEncryption,
    ServerSideEncryptionByDefault, ServerSideEncryptionConfiguration, ServerSideEncryptionRule, Tagging,
    VersioningConfiguration,
};

use super::read::{Encryption, NamedBucket};
use crate::cloud::aws::bucket_lifecycle;
use crate::cloud::aws::tags::{retagging, tag_list};
use crate::cloud::aws::{During, Writing};
use crate::cloud::wait::retry_while;
use crate::cloud::{CloudError, ErrorKind};
use crate::model::mark::Tags;
use crate::model::policy::Policy;
use crate::resources::bucket::{PublicAccessBlock, RULE};

// A bucket made a moment ago is unknown to some calls, a setting written a moment ago still stands in the way of the
// next, and a principal made a moment ago is unknown to the check of the policy: two minutes are what the field settled
// on for each.
const VISIBLE: Duration = Duration::from_mins(2);

/// Repeats a call while it fails for a reason that passes by itself.
pub(super) async fn patiently<T, Fut>(cx: &Writing<'_>, call: impl FnMut() -> Fut) -> Result<T, CloudError>
where
    Fut: Future<Output = Result<T, CloudError>>,
{
    let passes =
        |error: &CloudError| ["NoSuchBucket", "OperationAborted", "MalformedPolicy"].iter().any(|code| error.is(code));
    retry_while(cx, VISIBLE, passes, call).await
}

impl NamedBucket<'_> {
    /// Adds these tags, unless they are there.
    pub(super) async fn add_tags(&self, tags: Tags) -> Result<(), CloudError> {
        let there = self.tags().await?;
        let all: Tags = there.clone().into_iter().chain(tags).collect();
        if all == there { Ok(()) } else { self.put_tags(all).await }
    }

    /// Brings our tags from `from` to `to`. S3 replaces the whole set, so those of others are sent along.
    pub(super) async fn retag(&self, from: &Tags, to: &Tags) -> Result<(), CloudError> {
        let (set, remove) = retagging(from, to);
        let mut all = self.tags().await?;
        all.retain(|key, _| !remove.contains(key));
        all.extend(set);
        self.put_tags(all).await
    }

    async fn put_tags(&self, tags: Tags) -> Result<(), CloudError> {
        let tagging = Tagging::builder().set_tag_set(Some(tag_list(tags))).build().expect("the set is given");
        let call = self.aws.s3.put_bucket_tagging().bucket(self.name).expected_bucket_owner(self.account);
        call.tagging(tagging).send().await.during("set the tags of the bucket").map(drop)
    }

    /// Says who owns the objects others put.
    pub(super) async fn set_ownership(&self, ownership: &str) -> Result<(), CloudError> {
        let rule = OwnershipControlsRule::builder().object_ownership(ObjectOwnership::from(ownership));
        let rule = rule.build().expect("the ownership is given");
        let controls = OwnershipControls::builder().rules(rule).build().expect("a rule is given");
        let call = self.aws.s3.put_bucket_ownership_controls().bucket(self.name).expected_bucket_owner(self.account);
        let call = call.ownership_controls(controls);
        call.send().await.during("say who owns the objects of the bucket").map(drop)
    }

    /// Blocks public access.
    pub(super) async fn set_public_access_block(&self, block: PublicAccessBlock) -> Result<(), CloudError> {
        let configuration = PublicAccessBlockConfiguration::builder()
            .block_public_acls(block.block_public_acls)
            .ignore_public_acls(block.ignore_public_acls)
            .block_public_policy(block.block_public_policy)
            .restrict_public_buckets(block.restrict_public_buckets)
            .build();
        let call = self.aws.s3.put_public_access_block().bucket(self.name).expected_bucket_owner(self.account);
        let call = call.public_access_block_configuration(configuration);
        call.send().await.during("block public access to the bucket").map(drop)
    }

    /// Encrypts new objects with the key of this ARN, or with S3's own; unless that is so already.
    pub(super) async fn set_encryption(&self, key: Option<&str>, bucket_key: bool) -> Result<(), CloudError> {
        let there = self.encryption().await?;
        let algorithm = if key.is_some() { ServerSideEncryption::AwsKms } else { ServerSideEncryption::Aes256 };
        let want = Encryption {
            algorithm: algorithm.as_str().to_owned(),
            key: key.map(str::to_owned),
            bucket_key,
            blocked: there.blocked.clone(),
        };
        if there == want {
            return Ok(());
        }
        let default = ServerSideEncryptionByDefault::builder().sse_algorithm(algorithm).set_kms_master_key_id(want.key);
        let rule = ServerSideEncryptionRule::builder()
            .apply_server_side_encryption_by_default(default.build().expect("the algorithm is given"))
            .bucket_key_enabled(bucket_key)
            .set_blocked_encryption_types(want.blocked)
            .build();
        let rules = ServerSideEncryptionConfiguration::builder().rules(rule).build().expect("a rule is given");
        let call = self.aws.s3.put_bucket_encryption().bucket(self.name).expected_bucket_owner(self.account);
        let call = call.server_side_encryption_configuration(rules);
        call.send().await.during("set the encryption of the bucket").map(drop)
    }

    /// Keeps older versions, or no more: once on, it can only be suspended.
    pub(super) async fn set_versioning(&self, on: bool) -> Result<(), CloudError> {
        let status = if on { BucketVersioningStatus::Enabled } else { BucketVersioningStatus::Suspended };
        let call = self.aws.s3.put_bucket_versioning().bucket(self.name).expected_bucket_owner(self.account);
        let call = call.versioning_configuration(VersioningConfiguration::builder().status(status).build());
        call.send().await.during("set the versioning of the bucket").map(drop)
    }

    /// Sets or removes the policy.
    pub(super) async fn set_policy(&self, policy: Option<&Policy>) -> Result<(), CloudError> {
        let s3 = &self.aws.s3;
        if let Some(policy) = policy {
            let call = s3.put_bucket_policy().bucket(self.name).expected_bucket_owner(self.account);
            let call = call.policy(policy.document().to_string());
            call.send().await.during("set the policy of the bucket").map(drop)
        } else {
            let call = s3.delete_bucket_policy().bucket(self.name).expected_bucket_owner(self.account);
            call.send().await.during("remove the policy of the bucket").map(drop)
        }
    }

    /// Sets or removes our lifecycle rule. S3 replaces them all, so those of others are sent along.
    pub(super) async fn set_lifecycle(&self, abort_days: Option<u32>) -> Result<(), CloudError> {
        let ours = abort_days.map(abort_after).transpose()?;
        bucket_lifecycle::replace(&self.aws.s3, self.name, self.account, RULE, ours).await
    }
}

fn abort_after(days: u32) -> Result<LifecycleRule, CloudError> {
    let days = i32::try_from(days).map_err(|error| {
        CloudError::new(ErrorKind::Bug, "set the lifecycle rules of the bucket", format!("{days} days: {error}"))
    })?;
    let abort = AbortIncompleteMultipartUpload::builder().days_after_initiation(days).build();
    let rule = LifecycleRule::builder()
        .id(RULE)
        .status(ExpirationStatus::Enabled)
        .filter(LifecycleRuleFilter::builder().prefix("").build())
        .abort_incomplete_multipart_upload(abort);
    Ok(rule.build().expect("the status is given"))
}
