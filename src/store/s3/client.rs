//! A bucket on S3, by the SDK. Nothing is said about encryption: the bucket's own default holds, SSE-KMS included.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use aws_config::retry::RetryConfig;
use aws_config::timeout::TimeoutConfig;
use aws_config::{BehaviorVersion, Region};
use aws_sdk_s3::Client;
use aws_sdk_s3::config::interceptors::{
    BeforeDeserializationInterceptorContextRef, BeforeTransmitInterceptorContextRef,
};
use aws_sdk_s3::config::{ConfigBag, Intercept, RuntimeComponents};
use aws_sdk_s3::error::BoxError;
use aws_sdk_s3::primitives::ByteStream;
use aws_sdk_s3::types::BucketVersioningStatus;
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_types::DateTime;
use aws_smithy_types::date_time::Format;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;
use futures_core::future::BoxFuture;

use super::super::bucket::{BucketError, BucketErrorKind, BucketObject, Condition, Put, StateBucket};
use crate::model::causes::in_one_line;
use crate::model::send_guard::SendGuard;

/// A bucket on S3. Connects when it is first asked, and goes where S3 says the bucket is.
pub struct S3Bucket {
    name: String,
    client: tokio::sync::Mutex<Option<(Client, String)>>,
    region: String,
}

impl S3Bucket {
    /// The bucket `name`, presumably in `region`, with credentials and endpoint as every AWS tool finds them.
    pub fn new(name: &str, region: &str) -> Self {
        Self { name: name.to_owned(), client: tokio::sync::Mutex::new(None), region: region.to_owned() }
    }

    async fn client(&self) -> (Client, String) {
        let mut client = self.client.lock().await;
        if client.is_none() {
            *client = Some(connect(&self.region).await);
        }
        client.clone().expect("it was connected a line ago")
    }

    /// Calls S3; a second time where the bucket is, if it is elsewhere.
    async fn call<T, E, Fut>(&self, call: impl Fn(Client) -> Fut) -> Result<T, SdkError<E, HttpResponse>>
    where
        Fut: Future<Output = Result<T, SdkError<E, HttpResponse>>>,
    {
        let (client, region) = self.client().await;
        let done = call(client).await;
        let elsewhere = done.as_ref().err().and_then(SdkError::raw_response);
        let elsewhere = elsewhere.and_then(|answer| answer.headers().get("x-amz-bucket-region"));
        match elsewhere.filter(|elsewhere| *elsewhere != region).map(str::to_owned) {
            Some(elsewhere) => {
                let moved = connect(&elsewhere).await;
                *self.client.lock().await = Some(moved.clone());
                call(moved.0).await
            }
            None => done,
        }
    }
}

async fn connect(region: &str) -> (Client, String) {
    // A beat that takes longer than the time between two of them is worth less than the next one.
    let timeouts = TimeoutConfig::builder()
        .connect_timeout(Duration::from_secs(4))
        .operation_attempt_timeout(Duration::from_secs(6))
        .operation_timeout(Duration::from_secs(14))
        .build();
    let config = aws_config::defaults(BehaviorVersion::v2026_01_12())
        .region(Region::new(region.to_owned()))
        .retry_config(RetryConfig::standard().with_max_attempts(3).with_max_backoff(Duration::from_secs(2)))
        .timeout_config(timeouts)
        .load()
        .await;
    (Client::new(&config), region.to_owned())
}

impl StateBucket for S3Bucket {
    fn url(&self) -> String {
        format!("s3://{}", self.name)
    }

    fn get<'a>(&'a self, key: &'a str) -> BoxFuture<'a, Result<Option<BucketObject>, BucketError>> {
        Box::pin(async move {
            let dated = Dated::default();
            let call = |client: Client| {
                let ask = client.get_object().bucket(&self.name).key(key).customize().interceptor(dated.clone());
                async move { ask.send().await }
            };
            let found = match self.call(call).await {
                Ok(found) => found,
                Err(error) if code(&error) == Some("NoSuchKey") => return Ok(None),
                Err(error) => return Err(told(&error)),
            };
            let tag = found.e_tag.clone().unwrap_or_default();
            let age = dated
                .seconds()
                .zip(found.last_modified)
                .map(|(now, then)| Duration::from_secs(u64::try_from(now - then.secs()).unwrap_or(0)));
            let body = found
                .body
                .collect()
                .await
                .map_err(|error| BucketError { kind: BucketErrorKind::Unreachable, message: in_one_line(&error) })?;
            Ok(Some(BucketObject { body: body.to_vec(), tag, age }))
        })
    }

    fn put_if<'a>(
        &'a self,
        key: &'a str,
        body: &'a [u8],
        condition: &'a Condition,
        guard: &'a SendGuard,
    ) -> BoxFuture<'a, Result<Put, BucketError>> {
        Box::pin(async move {
            let call = |client: Client| {
                let put = client.put_object().bucket(&self.name).key(key).content_type("application/json");
                let put = match condition {
                    Condition::Absent => put.if_none_match("*"),
                    Condition::Is(tag) => put.if_match(tag),
                };
                let put = put.body(ByteStream::from(body.to_vec())).customize().interceptor(Guarded(guard.clone()));
                async move { put.send().await }
            };
            match self.call(call).await {
                Ok(done) => Ok(Put::Done(done.e_tag.unwrap_or_default())),
                // An object that is gone matches nothing ("Conditional requests", S3 User Guide).
                Err(error) => match code(&error) {
                    Some("PreconditionFailed" | "NoSuchKey") => Ok(Put::Refused),
                    Some("ConditionalRequestConflict") => Ok(Put::Conflict),
                    Some(_) | None => Err(told(&error)),
                },
            }
        })
    }

    fn list<'a>(&'a self, prefix: &'a str) -> BoxFuture<'a, Result<Vec<String>, BucketError>> {
        Box::pin(async move {
            let mut keys = Vec::new();
            let mut next: Option<String> = None;
            loop {
                let call = |client: Client| {
                    client
                        .list_objects_v2()
                        .bucket(&self.name)
                        .prefix(prefix)
                        .set_continuation_token(next.clone())
                        .send()
                };
                let page = self.call(call).await.map_err(|error| told(&error))?;
                keys.extend(page.contents.into_iter().flatten().filter_map(|object| object.key));
                next = page.next_continuation_token;
                if next.is_none() {
                    return Ok(keys);
                }
            }
        })
    }

    fn keeps_versions(&self) -> BoxFuture<'_, Result<bool, BucketError>> {
        Box::pin(async move {
            let call = |client: Client| client.get_bucket_versioning().bucket(&self.name).send();
            let told = self.call(call).await.map_err(|error| told(&error))?;
            Ok(told.status == Some(BucketVersioningStatus::Enabled))
        })
    }
}

fn code<E: ProvideErrorMetadata>(error: &SdkError<E, HttpResponse>) -> Option<&str> {
    error.as_service_error().and_then(ProvideErrorMetadata::code)
}

fn told<E>(error: &SdkError<E, HttpResponse>) -> BucketError
where
    E: ProvideErrorMetadata + std::error::Error + 'static,
{
    let status = error.raw_response().map(|answer| answer.status().as_u16());
    let meta = error.as_service_error().map(ProvideErrorMetadata::meta);
    let words = meta.and_then(|meta| meta.message()).unwrap_or_default();
    let kind = kind(meta.and_then(|meta| meta.code()), words, status);
    let message = match meta.and_then(|meta| meta.code()) {
        Some(code) => format!("S3 answered {code}: {words}"),
        None => in_one_line(error),
    };
    let kind = if meta.is_none() && message.to_lowercase().contains("credential") {
        BucketErrorKind::Credentials
    } else {
        kind
    };
    BucketError { kind, message }
}

fn kind(code: Option<&str>, words: &str, status: Option<u16>) -> BucketErrorKind {
    match (code, status) {
        (Some("NoSuchBucket"), _) => BucketErrorKind::NoBucket,
        (Some(code), _) if code.starts_with("KMS") => BucketErrorKind::Key,
        (Some("AccessDenied"), _) if words.to_lowercase().contains("kms") => BucketErrorKind::Key,
        (Some("AccessDenied"), _) => BucketErrorKind::Denied,
        (
            Some(
                "ExpiredToken"
                | "InvalidAccessKeyId"
                | "InvalidToken"
                | "SignatureDoesNotMatch"
                | "RequestTimeTooSkewed",
            ),
            _,
        ) => BucketErrorKind::Credentials,
        (None, None) | (_, Some(500..)) => BucketErrorKind::Unreachable,
        (Some(_) | None, _) => BucketErrorKind::Other,
    }
}

/// Asks the guard when the request is signed and about to leave.
#[derive(Debug)]
struct Guarded(SendGuard);

impl Intercept for Guarded {
    fn name(&self) -> &'static str {
        "Guarded"
    }

    fn read_before_transmit(
        &self,
        _: &BeforeTransmitInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        if self.0.allows() { Ok(()) } else { Err(SendGuard::REFUSAL.into()) }
    }
}

/// Reads when S3 answered, by its own clock.
#[derive(Clone, Debug, Default)]
struct Dated(Arc<Mutex<Option<i64>>>);

impl Dated {
    fn seconds(&self) -> Option<i64> {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Intercept for Dated {
    fn name(&self) -> &'static str {
        "Dated"
    }

    fn read_before_deserialization(
        &self,
        context: &BeforeDeserializationInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let date = context.response().headers().get("date");
        let date = date.and_then(|date| DateTime::from_str(date, Format::HttpDate).ok());
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = date.map(|date| date.secs());
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use aws_credential_types::Credentials;
    use aws_smithy_runtime_api::client::http::{
        HttpConnector, HttpConnectorFuture, SharedHttpConnector, http_client_fn,
    };
    use aws_smithy_runtime_api::client::orchestrator::HttpRequest;
    use aws_smithy_runtime_api::http::StatusCode;
    use aws_smithy_types::body::SdkBody;

    use super::*;

    /// Counts what leaves, and answers that it was written.
    #[derive(Clone, Debug, Default)]
    struct Counter(Arc<AtomicUsize>);

    impl HttpConnector for Counter {
        fn call(&self, _: HttpRequest) -> HttpConnectorFuture {
            self.0.fetch_add(1, Ordering::Relaxed);
            HttpConnectorFuture::ready(Ok(HttpResponse::new(StatusCode::try_from(200).unwrap(), SdkBody::empty())))
        }
    }

    #[tokio::test]
    async fn a_write_that_is_not_allowed_does_not_leave() {
        let sent = Counter::default();
        let connector = SharedHttpConnector::new(sent.clone());
        let config = aws_sdk_s3::Config::builder()
            .behavior_version(BehaviorVersion::v2026_01_12())
            .region(Region::new("us-east-1"))
            .credentials_provider(Credentials::new("AKIA", "secret", None, None, "test"))
            .http_client(http_client_fn(move |_, _| connector.clone()))
            .build();
        let bucket = S3Bucket::new("state", "us-east-1");
        *bucket.client.lock().await = Some((Client::from_conf(config), "us-east-1".to_owned()));
        let refused = bucket.put_if("key", b"{}", &Condition::Absent, &SendGuard::new(|| false)).await.unwrap_err();
        assert!(refused.message.contains("does not hold the stack any more"), "{refused}");
        assert_eq!(sent.0.load(Ordering::Relaxed), 0);
        bucket.put_if("key", b"{}", &Condition::Absent, &SendGuard::always()).await.unwrap();
        assert_eq!(sent.0.load(Ordering::Relaxed), 1);
    }

    #[test]
    fn a_key_that_may_not_be_used_is_told_from_a_bucket_that_may_not() {
        use BucketErrorKind::{Credentials, Denied, Key, NoBucket, Other, Unreachable};
        let kms = "User: arn:aws:iam::1:user/ann is not authorized to perform: kms:Decrypt on resource: arn:aws:kms:…";
        for (code, words, status, meant) in [
            (Some("AccessDenied"), kms, 403, Key),
            (Some("KMS.DisabledException"), "", 400, Key),
            (Some("AccessDenied"), "Access Denied", 403, Denied),
            (Some("NoSuchBucket"), "", 404, NoBucket),
            (Some("ExpiredToken"), "", 400, Credentials),
            (Some("InternalError"), "", 500, Unreachable),
            (Some("EntityTooLarge"), "", 400, Other),
        ] {
            assert_eq!(kind(code, words, Some(status)), meant, "{code:?}");
        }
        assert_eq!(kind(None, "", None), Unreachable);
    }
}
