//! A request to a dead man's switch: somebody elsewhere who tells when it does not come any more.
//!
//! Promises: one request, over the HTTP client of the SDK and so through the proxy of the environment; no message holds the
//! URL, which is a secret of whoever made the switch.

use std::time::Duration;

use aws_smithy_http_client::proxy::ProxyConfig;
use aws_smithy_http_client::{Connector, tls};
use aws_smithy_runtime_api::client::http::HttpConnector as _;
use aws_smithy_runtime_api::client::orchestrator::HttpRequest;
use secrecy::{ExposeSecret as _, SecretString};

/// A switch answers at once. One that does not is not waited for longer than this: the job has done its work.
const PATIENCE: Duration = Duration::from_secs(20);

/// Why a heartbeat did not arrive.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum HeartbeatError {
    /// The text is no address of the web.
    #[error("it is no URL that begins with https:// or http://")]
    NoUrl,
    /// The host did not take the request.
    #[error("its host was not reached")]
    Unreachable,
    /// The host did not answer in time.
    #[error("its host did not answer within {} s", PATIENCE.as_secs())]
    Silent,
    /// The host answered that it does not want it.
    #[error("its host answered with status {0}")]
    Refused(u16),
}

/// Sends one heartbeat.
///
/// # Errors
/// Why it did not arrive.
pub async fn beat(url: &SecretString) -> Result<(), HeartbeatError> {
    let url = url.expose_secret();
    if !["https://", "http://"].iter().any(|scheme| url.starts_with(scheme)) {
        return Err(HeartbeatError::NoUrl);
    }
    let request = HttpRequest::get(url).map_err(|_| HeartbeatError::NoUrl)?;
    let provider = tls::Provider::Rustls(tls::rustls_provider::CryptoMode::AwsLc);
    let connector = Connector::builder().proxy_config(ProxyConfig::from_env()).tls_provider(provider).build();
    let answer = tokio::time::timeout(PATIENCE, connector.call(request)).await.map_err(|_| HeartbeatError::Silent)?;
    let status = answer.map_err(|_| HeartbeatError::Unreachable)?.status();
    if status.is_success() { Ok(()) } else { Err(HeartbeatError::Refused(status.as_u16())) }
}
