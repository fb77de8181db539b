//! The lifecycle rules of a bucket. S3 replaces them all at once, so those of others are sent along.

use aws_sdk_s3::Client;
use aws_sdk_s3::operation::get_bucket_lifecycle_configuration::GetBucketLifecycleConfigurationOutput;
use aws_sdk_s3::types::{BucketLifecycleConfiguration, LifecycleRule, TransitionDefaultMinimumObjectSize};

use super::During;
use super::answer::unless;
use crate::cloud::CloudError;

/// All rules, and what else stands with them.
///
/// # Errors
/// What S3 answered.
pub async fn read(
    s3: &Client,
    bucket: &str,
    account: &str,
) -> Result<GetBucketLifecycleConfigurationOutput, CloudError> {
    let call = s3.get_bucket_lifecycle_configuration().bucket(bucket).expected_bucket_owner(account);
    let answer = call.send().await.during("read the lifecycle rules of the bucket");
    let found = unless("NoSuchLifecycleConfiguration", answer)?;
    Ok(found.unwrap_or_else(|| GetBucketLifecycleConfigurationOutput::builder().build()))
}

/// Puts `rule`, or nothing, in the place of the one with this id; every other rule stays as it is.
///
/// # Errors
/// What S3 answered.
pub async fn replace(
    s3: &Client,
    bucket: &str,
    account: &str,
    id: &str,
    rule: Option<LifecycleRule>,
) -> Result<(), CloudError> {
    let doing = "set the lifecycle rules of the bucket";
    let there = read(s3, bucket, account).await?;
    let mut rules = there.rules.unwrap_or_default();
    rules.retain(|one| one.id() != Some(id));
    rules.extend(rule);
    if rules.is_empty() {
        let call = s3.delete_bucket_lifecycle().bucket(bucket).expected_bucket_owner(account);
        return call.send().await.during(doing).map(drop);
    }
    let rules = BucketLifecycleConfiguration::builder().set_rules(Some(rules)).build().expect("rules are given");
    let size = there.transition_default_minimum_object_size;
    let size = size.map(|size| TransitionDefaultMinimumObjectSize::from(size.as_str()));
    let call = s3.put_bucket_lifecycle_configuration().bucket(bucket).expected_bucket_owner(account);
    let call = call.lifecycle_configuration(rules).set_transition_default_minimum_object_size(size);
    call.send().await.during(doing).map(drop)
}
