//! The way out: requests by the HTTP client that the SDK brings, and Amazon SNS.
//!
//! The client is that of the SDK, `aws-smithy-http-client`: hyper and rustls with the certificates of the system, and the
//! proxy that the environment names, as every call to AWS goes.

use std::time::Duration;

use aws_config::retry::RetryConfig;
use aws_config::timeout::TimeoutConfig;
use aws_config::{BehaviorVersion, Region};
use aws_smithy_http_client::Connector;
use aws_smithy_http_client::proxy::ProxyConfig;
use aws_smithy_http_client::tls::Provider;
use aws_smithy_http_client::tls::rustls_provider::CryptoMode;
use aws_smithy_runtime_api::client::http::HttpConnector as _;
use aws_smithy_runtime_api::client::orchestrator::HttpRequest;
use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_types::body::SdkBody;
use aws_smithy_types::error::metadata::ProvideErrorMetadata as _;
use futures_core::future::BoxFuture;

use super::{Courier, DeliveryError, Parcel, TargetUrl};
use crate::model::causes::in_one_line;

/// How long one try may take: all of them stay within the bound of a delivery.
const TRY: Duration = Duration::from_secs(4);

/// Brings parcels over the network.
pub struct NetworkCourier {
    connector: Connector,
}

impl NetworkCourier {
    /// One whose connections are its own.
    pub fn new() -> Self {
        let builder = Connector::builder().proxy_config(ProxyConfig::from_env());
        Self { connector: builder.tls_provider(Provider::Rustls(CryptoMode::AwsLc)).build() }
    }

    async fn post(&self, url: &TargetUrl, headers: &[(&'static str, String)], body: &str) -> Result<(), DeliveryError> {
        let wrong = |error: &dyn std::error::Error| lost(url, error, false);
        let mut request = HttpRequest::new(SdkBody::from(body));
        request.set_method("POST").map_err(|error| wrong(&error))?;
        request.set_uri(url.expose()).map_err(|error| wrong(&error))?;
        let sent = request.headers_mut();
        sent.insert("content-type", "application/json");
        sent.insert("user-agent", concat!(env!("CARGO_PKG_NAME"), "/", env!("CARGO_PKG_VERSION")));
        for (name, value) in headers {
            sent.insert(*name, value.clone());
        }
        let answer = self.connector.call(request).await.map_err(|error| lost(url, &error, true))?;
        let status = answer.status().as_u16();
        if answer.status().is_success() {
            return Ok(());
        }
        // "Too many requests", "request timeout", and whatever is wrong on the other side.
        Err(DeliveryError {
            message: format!("{url} answered {status}"),
            is_transient: matches!(status, 408 | 429 | 500..),
        })
    }
}

impl Default for NetworkCourier {
    fn default() -> Self {
        Self::new()
    }
}

/// What kept a request from being answered.
fn lost(url: &TargetUrl, error: &dyn std::error::Error, is_transient: bool) -> DeliveryError {
    DeliveryError { message: format!("{url} was not reached: {}", url.scrub(&in_one_line(error))), is_transient }
}

/// Publishes to a topic, in its own region.
async fn publish(topic: &str, subject: &str, text: &str) -> Result<(), DeliveryError> {
    let region = topic.split(':').nth(3).unwrap_or_default().to_owned();
    let config = aws_config::defaults(BehaviorVersion::v2026_01_12())
        .region(Region::new(region))
        .retry_config(RetryConfig::disabled())
        .timeout_config(TimeoutConfig::builder().operation_timeout(TRY).build())
        .load()
        .await;
    let call = aws_sdk_sns::Client::new(&config).publish().topic_arn(topic).subject(subject).message(text);
    let Err(error) = call.send().await else { return Ok(()) };
    let status = error.raw_response().map(|answer| answer.status().as_u16());
    let message = match error.as_service_error() {
        Some(service) => {
            let code = service.code().unwrap_or("an error without a code");
            format!("SNS answered {code}: {}", service.message().unwrap_or_default())
        }
        None => format!("SNS was not reached: {}", in_one_line(&error)),
    };
    let is_transient = match (&error, status) {
        (SdkError::ConstructionFailure(_), _) => false,
        (_, None | Some(429 | 500..)) => true,
        (_, Some(_)) => error.as_service_error().and_then(|error| error.code()) == Some("Throttled"),
    };
    Err(DeliveryError { message, is_transient })
}

impl Courier for NetworkCourier {
    fn bring<'a>(&'a self, parcel: &'a Parcel) -> BoxFuture<'a, Result<(), DeliveryError>> {
        Box::pin(async move {
            match parcel {
                Parcel::Post { url, headers, body } => {
                    let done = tokio::time::timeout(TRY, self.post(url, headers, body)).await;
                    done.unwrap_or_else(|_| {
                        let message = format!("{url} gave no answer within {} s", TRY.as_secs());
                        Err(DeliveryError { message, is_transient: true })
                    })
                }
                Parcel::Publish { topic, subject, text } => publish(topic, subject, text).await,
            }
        })
    }
}
