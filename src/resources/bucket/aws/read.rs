//! Reading a bucket: whether it is there, and its settings, each of which is a call of its own.

use aws_sdk_s3::operation::get_bucket_lifecycle_configuration::GetBucketLifecycleConfigurationOutput;
use aws_sdk_s3::types::{BlockedEncryptionTypes, BucketVersioningStatus, ExpirationStatus, LifecycleRule};
use futures_util::future::{try_join, try_join3, try_join4};

use crate::cloud::aws::answer::unless;
use crate::cloud::aws::bucket_lifecycle;
use crate::cloud::aws::kms::key_arn;
use crate::cloud::aws::tags::tags_of;
use crate::cloud::aws::{Census, Clients, During, Listed};
use crate::cloud::{CloudError, ErrorKind};
use crate::model::mark::Tags;
use crate::model::policy::Policy;
use crate::model::reference::Ref;
use crate::model::surroundings::Surroundings;
use crate::resources::bucket::{Bucket, PublicAccessBlock, RULE};
use crate::resources::kms_key::KmsKey;

/// A bucket by its name. Every call names the owner we expect, so that none reaches a bucket somebody else made under
/// that name.
#[derive(Clone, Copy, Debug)]
pub(super) struct NamedBucket<'a> {
    pub(super) aws: &'a Clients,
    pub(super) name: &'a str,
    pub(super) account: &'a str,
    surroundings: &'a Surroundings,
}

/// Whose the name of a bucket is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Standing {
    /// A bucket of our account and region.
    Ours,
    /// Nobody's.
    Free,
    /// Somebody else's, or ours elsewhere; what shows it.
    Taken(String),
}

/// What a bucket encrypts new objects with.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Encryption {
    /// `AES256`, `aws:kms` or `aws:kms:dsse`.
    pub(super) algorithm: String,
    pub(super) key: Option<String>,
    pub(super) bucket_key: bool,
    /// What S3 or others forbid beside; kept as it is.
    pub(super) blocked: Option<BlockedEncryptionTypes>,
}

/// The settings of a bucket.
#[derive(Clone, Debug)]
pub(super) struct Settings {
    pub(super) tags: Tags,
    encryption: Encryption,
    versioning: bool,
    ownership: String,
    public_access_block: PublicAccessBlock,
    policy: Option<Policy>,
    rules: Vec<LifecycleRule>,
}

impl Settings {
    /// The bucket in the shape of the declaration, with all its tags.
    pub(super) fn told(&self, name: &str, refer: impl FnOnce(&str) -> Ref<KmsKey>) -> Bucket {
        let key = match self.encryption.algorithm.as_str() {
            "aws:kms" => self.key().map(refer),
            // S3's own keys: what a bucket has without a key.
            "AES256" | "" => None,
            // Encrypting twice is not what was asked for, whatever the key.
            other => Some(Ref::external(format!("{other} {}", self.key().unwrap_or_default()))),
        };
        Bucket {
            name: name.to_owned(),
            kms_key: key,
            bucket_key: self.encryption.bucket_key,
            versioning: self.versioning,
            ownership: self.ownership.clone(),
            public_access_block: self.public_access_block,
            policy: self.policy.clone(),
            abort_uploads_days: self.rules.iter().find_map(abort_days),
            tags: self.tags.clone(),
        }
    }

    /// The key as S3 gives it; the one AWS keeps for S3 if none is named.
    pub(super) fn key(&self) -> Option<&str> {
        let kms = self.encryption.algorithm.starts_with("aws:kms");
        kms.then(|| self.encryption.key.as_deref().unwrap_or("alias/aws/s3"))
    }

    /// What others set beside ours.
    pub(super) fn notes(&self) -> Vec<String> {
        let others = self.rules.iter().filter(|rule| rule.id() != Some(RULE));
        others.map(|rule| format!("somebody set the lifecycle rule {}", rule.id().unwrap_or("(no id)"))).collect()
    }
}

/// The days of our lifecycle rule, if it does what ours does and nothing else.
pub(super) fn abort_days(rule: &LifecycleRule) -> Option<u32> {
    let days = rule.abort_incomplete_multipart_upload()?.days_after_initiation()?;
    let days = u32::try_from(days).ok()?;
    let whole = rule.filter().is_none_or(|filter| {
        let other = filter.tag().is_some() || filter.and().is_some();
        let sized = filter.object_size_greater_than().is_some() || filter.object_size_less_than().is_some();
        filter.prefix().unwrap_or_default().is_empty() && !other && !sized
    });
    #[expect(deprecated, reason = "rules made long ago still have their prefix here")]
    let old_prefix = rule.prefix().unwrap_or_default();
    let only = rule.expiration().is_none()
        && rule.transitions().is_empty()
        && rule.noncurrent_version_transitions().is_empty()
        && rule.noncurrent_version_expiration().is_none();
    let ours = rule.id() == Some(RULE) && *rule.status() == ExpirationStatus::Enabled;
    (ours && whole && only && old_prefix.is_empty()).then_some(days)
}

impl<'a> NamedBucket<'a> {
    /// The bucket `name` of our account.
    pub(super) fn new(aws: &'a Clients, name: &'a str, surroundings: &'a Surroundings) -> Self {
        Self { aws, name, account: &surroundings.account, surroundings }
    }

    /// A key as S3 gives it, by its ARN.
    pub(super) fn key_arn(&self, key: &str) -> String {
        key_arn(self.surroundings, &self.aws.region, key)
    }

    /// Whose the name is (`HeadBucket`, whose answers have no body and so no words).
    pub(super) async fn standing(&self) -> Result<Standing, CloudError> {
        let doing = "look for the bucket";
        let call = self.aws.s3.head_bucket().bucket(self.name).expected_bucket_owner(self.account);
        let Err(error) = call.send().await else { return Ok(Standing::Ours) };
        let answer = error.raw_response();
        let region = answer.and_then(|answer| answer.headers().get("x-amz-bucket-region"));
        match (answer.map(|answer| answer.status().as_u16()), region) {
            (Some(404), _) => Ok(Standing::Free),
            (Some(301), None) => Ok(Standing::Taken("a bucket of this name stands in another region".to_owned())),
            // Also 400, where the signature of this region is no good there.
            (Some(301 | 400), Some(region)) if region != self.aws.region => {
                Ok(Standing::Taken(format!("a bucket of this name stands in {region}")))
            }
            // Somebody else's, or ours and not for us to read, or credentials that are no good.
            (Some(403), _) if self.listed().await? => Err(CloudError::new(
                ErrorKind::Denied,
                doing,
                format!("{} is ours, but s3:ListBucket is not allowed for it", self.name),
            )),
            (Some(403), _) => Ok(Standing::Taken("it belongs to another account".to_owned())),
            // The same question in a call that has words to answer.
            (Some(400), _) => self.listed().await.and_then(|_| Err(error).during(doing)),
            (Some(_) | None, _) => Err(error).during(doing),
        }
    }

    /// Whether the account has a bucket of this name (`ListBuckets`, which needs no right to the bucket itself).
    async fn listed(&self) -> Result<bool, CloudError> {
        let pages = self.aws.s3.list_buckets().prefix(self.name).into_paginator().items().send();
        let all = pages.try_collect().await.during("find out whose the bucket is")?;
        Ok(all.iter().any(|bucket| bucket.name() == Some(self.name)))
    }

    /// All settings.
    pub(super) async fn settings(&self) -> Result<Settings, CloudError> {
        let some = try_join4(self.tags(), self.encryption(), self.versioning(), self.ownership());
        let others = try_join3(self.public_access_block(), self.policy(), self.lifecycle());
        let ((tags, encryption, versioning, ownership), (public_access_block, policy, lifecycle)) =
            Box::pin(try_join(some, others)).await?;
        Ok(Settings {
            tags,
            encryption,
            versioning,
            ownership,
            public_access_block,
            policy,
            rules: lifecycle.rules.unwrap_or_default(),
        })
    }

    /// The tags, those of AWS and others included.
    pub(super) async fn tags(&self) -> Result<Tags, CloudError> {
        let call = self.aws.s3.get_bucket_tagging().bucket(self.name).expected_bucket_owner(self.account);
        let found = unless("NoSuchTagSet", call.send().await.during("read the tags of the bucket"))?;
        let tags = found.map(|answer| answer.tag_set).unwrap_or_default();
        Ok(tags_of(&tags))
    }

    /// What new objects are encrypted with.
    pub(super) async fn encryption(&self) -> Result<Encryption, CloudError> {
        let call = self.aws.s3.get_bucket_encryption().bucket(self.name).expected_bucket_owner(self.account);
        let answer = call.send().await.during("read the encryption of the bucket");
        let found = unless("ServerSideEncryptionConfigurationNotFoundError", answer)?;
        let rules = found.and_then(|answer| answer.server_side_encryption_configuration).map(|all| all.rules);
        let Some(rule) = rules.unwrap_or_default().into_iter().next() else { return Ok(Encryption::default()) };
        let default = rule.apply_server_side_encryption_by_default;
        Ok(Encryption {
            algorithm: default.as_ref().map(|rule| rule.sse_algorithm.as_str().to_owned()).unwrap_or_default(),
            key: default.and_then(|rule| rule.kms_master_key_id),
            bucket_key: rule.bucket_key_enabled.unwrap_or_default(),
            blocked: rule.blocked_encryption_types,
        })
    }

    async fn versioning(&self) -> Result<bool, CloudError> {
        let call = self.aws.s3.get_bucket_versioning().bucket(self.name).expected_bucket_owner(self.account);
        let found = call.send().await.during("read the versioning of the bucket")?;
        Ok(found.status() == Some(&BucketVersioningStatus::Enabled))
    }

    async fn ownership(&self) -> Result<String, CloudError> {
        let call = self.aws.s3.get_bucket_ownership_controls().bucket(self.name).expected_bucket_owner(self.account);
        let answer = call.send().await.during("read who owns the objects of the bucket");
        let found = unless("OwnershipControlsNotFoundError", answer)?;
        let rules = found.and_then(|answer| answer.ownership_controls).map(|all| all.rules).unwrap_or_default();
        Ok(rules.first().map(|rule| rule.object_ownership.as_str().to_owned()).unwrap_or_default())
    }

    async fn public_access_block(&self) -> Result<PublicAccessBlock, CloudError> {
        let call = self.aws.s3.get_public_access_block().bucket(self.name).expected_bucket_owner(self.account);
        let answer = call.send().await.during("read what the bucket blocks of public access");
        let found = unless("NoSuchPublicAccessBlockConfiguration", answer)?;
        let found = found.and_then(|answer| answer.public_access_block_configuration);
        let found = found.as_ref();
        let on = |value: Option<bool>| value.unwrap_or_default();
        Ok(PublicAccessBlock {
            block_public_acls: on(found.and_then(|block| block.block_public_acls)),
            ignore_public_acls: on(found.and_then(|block| block.ignore_public_acls)),
            block_public_policy: on(found.and_then(|block| block.block_public_policy)),
            restrict_public_buckets: on(found.and_then(|block| block.restrict_public_buckets)),
        })
    }

    async fn policy(&self) -> Result<Option<Policy>, CloudError> {
        let call = self.aws.s3.get_bucket_policy().bucket(self.name).expected_bucket_owner(self.account);
        let found = unless("NoSuchBucketPolicy", call.send().await.during("read the policy of the bucket"))?;
        Ok(found
            .and_then(|answer| answer.policy)
            .map(|text| Policy::parse(&text).in_partition(&self.surroundings.partition)))
    }

    /// All lifecycle rules, and what else stands with them.
    async fn lifecycle(&self) -> Result<GetBucketLifecycleConfigurationOutput, CloudError> {
        bucket_lifecycle::read(&self.aws.s3, self.name, self.account).await
    }
}

/// As many buckets as one page of the list tells; without a number there are no pages (S3 `ListBuckets`).
const BUCKETS: i32 = 1000;

/// Buckets of this region: those of others answer from there alone, each in words of its own.
pub(super) async fn census(here: &Census<'_>) -> Result<Listed, CloudError> {
    let s3 = &here.aws.s3;
    let list = s3.list_buckets().prefix(format!("{}-", here.stack)).bucket_region(&here.aws.region);
    let pages = list.max_buckets(BUCKETS).into_paginator().items().send();
    let all = pages.try_collect().await.during("list the buckets")?;
    let mut found = Listed::new();
    for name in all.into_iter().filter_map(|bucket| bucket.name) {
        let answer = s3.get_bucket_tagging().bucket(&name).send().await.during("read the tags of the bucket");
        match unless("NoSuchTagSet", answer) {
            Ok(told) => found.push((name, tags_of(&told.map(|told| told.tag_set).unwrap_or_default()))),
            // Another stack's, or gone meanwhile.
            Err(error) if matches!(error.kind, ErrorKind::NotFound | ErrorKind::Denied) => {}
            Err(error) => return Err(error),
        }
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use aws_sdk_s3::types::{AbortIncompleteMultipartUpload, LifecycleExpiration, LifecycleRuleFilter};

    use super::*;

    fn rule() -> aws_sdk_s3::types::builders::LifecycleRuleBuilder {
        LifecycleRule::builder()
            .id(RULE)
            .status(ExpirationStatus::Enabled)
            .filter(LifecycleRuleFilter::builder().prefix("").build())
            .abort_incomplete_multipart_upload(
                AbortIncompleteMultipartUpload::builder().days_after_initiation(7).build(),
            )
    }

    #[test]
    fn only_a_rule_that_does_what_ours_does_is_ours() {
        let days = |rule: aws_sdk_s3::types::builders::LifecycleRuleBuilder| abort_days(&rule.build().unwrap());
        assert_eq!(days(rule()), Some(7));
        assert_eq!(days(rule().set_filter(None)), Some(7));
        let narrow = LifecycleRuleFilter::builder().prefix("cran/").build();
        for changed in [
            rule().id("theirs"),
            rule().status(ExpirationStatus::Disabled),
            rule().filter(narrow),
            rule().expiration(LifecycleExpiration::builder().days(1).build()),
            rule().set_abort_incomplete_multipart_upload(None),
        ] {
            assert_eq!(days(changed.clone()), None, "{changed:?}");
        }
    }
}
