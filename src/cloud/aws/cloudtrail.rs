//! What CloudTrail holds of what was done to an object: `LookupEvents`, which reads the event history that every account
//! has, without a trail.
//!
//! Facts (API Reference, `LookupEvents`, and "Working with CloudTrail event history" in the User Guide): management events of
//! the last 90 days, of one region, by one attribute; 50 a page, the newest first; two requests a second for each account and
//! region. Events are there about five minutes after a call on average, and that is not guaranteed ("How CloudTrail works");
//! fifteen are what AWS says elsewhere. Reading and writing of objects in buckets is not among them.

use std::time::Duration;

use aws_config::retry::RetryConfig;
use aws_config::timeout::TimeoutConfig;
use aws_config::{Region, SdkConfig};
use aws_sdk_cloudtrail::types::{LookupAttribute, LookupAttributeKey};
use aws_smithy_types::DateTime;

use super::described::Capture;
use super::guarded::Guarded;
use super::{Calls, Clients, During as _, Paced};
use crate::cloud::{CloudError, ErrorKind};
use crate::model::audit::{AuditQuery, AuditRecords};
use crate::model::partition::Partition;

/// So many come at most in one answer.
const PAGE: i32 = 50;

/// So many answers are read: a bucket is read a dozen times by each look for drift, which the log has as well.
const PAGES: usize = 4;

/// A client that gives up soon: nothing depends on the answer, and from a network without internet there may be no way.
pub(super) fn client(config: &SdkConfig, guarded: &Guarded) -> aws_sdk_cloudtrail::Client {
    let timeouts = TimeoutConfig::builder()
        .connect_timeout(Duration::from_secs(5))
        .operation_attempt_timeout(Duration::from_secs(10))
        .operation_timeout(Duration::from_secs(20))
        .build();
    let retries = RetryConfig::standard().with_max_attempts(4).with_max_backoff(Duration::from_secs(4));
    let config = aws_sdk_cloudtrail::config::Builder::from(config).timeout_config(timeouts).retry_config(retries);
    let config = config.interceptor(guarded.clone()).interceptor(Calls).interceptor(Capture);
    aws_sdk_cloudtrail::Client::from_conf(config.build())
}

/// The newest of what was done under a name.
///
/// # Errors
/// What CloudTrail answers.
pub async fn look_up(aws: &Clients, query: &AuditQuery) -> Result<AuditRecords, CloudError> {
    let Clients { cloudtrail, pace, region, .. } = aws;
    let name = LookupAttribute::builder().attribute_key(LookupAttributeKey::ResourceName).attribute_value(&query.name);
    let doing = "look up in CloudTrail who changed it";
    let name = name.build().map_err(|error| CloudError::new(ErrorKind::Bug, doing, error.to_string()))?;
    let region = if query.service == "iam" { Partition::of_region(region).iam_region } else { region };
    let region = aws_sdk_cloudtrail::config::Builder::new().region(Region::new(region.to_owned()));
    let mut found = AuditRecords::default();
    let mut next = None;
    loop {
        pace.wait(Paced::LookupEvents, query.time_scale).await;
        let call = cloudtrail
            .lookup_events()
            .lookup_attributes(name.clone())
            .start_time(DateTime::from_secs(query.from.as_second()))
            .end_time(DateTime::from_secs(query.to.as_second()))
            .max_results(PAGE)
            .set_next_token(next);
        let answer = call.customize().config_override(region.clone()).send().await.during(doing)?;
        let records = answer.events().iter().filter_map(|event| serde_json::from_str(event.cloud_trail_event()?).ok());
        found.records.extend(records);
        found.calls += 1;
        next = answer.next_token;
        found.is_cut = next.is_some();
        if next.is_none() || found.calls == PAGES {
            return Ok(found);
        }
    }
}
