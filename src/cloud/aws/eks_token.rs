//! Tokens for the API of an EKS cluster: a question to STS, "who am I", signed for one cluster and not asked.
//!
//! The control plane asks it in our name and so learns who we are. The form is that of the AWS IAM Authenticator for
//! Kubernetes, which EKS runs: `k8s-aws-v1.` and the signed address in base64, its header with the cluster's name under
//! the signature, so that the token is of no use at another cluster.

use std::time::{Duration, SystemTime};

use aws_config::{BehaviorVersion, Region};
use aws_credential_types::provider::ProvideCredentials as _;
use aws_sigv4::http_request::{SignableBody, SignableRequest, SignatureLocation, SigningParams, SigningSettings, sign};
use aws_sigv4::sign::v4;
use aws_smithy_runtime_api::client::identity::Identity;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::Timestamp;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use secrecy::SecretString;

use crate::cloud::{CloudError, ErrorKind};
use crate::model::partition::Partition;
use crate::model::secret::SecretText;

/// How long STS would answer: the shortest time EKS allows.
const EXPIRES: Duration = Duration::from_secs(60);
/// How long kubectl may keep the token. EKS takes one for 15 minutes after it was signed, whatever its address says.
const KEPT_MINUTES: i64 = 14;
/// What is escaped in an address under Signature Version 4.
const ESCAPED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~');
/// The header that names the cluster.
pub const HEADER: &str = "x-k8s-aws-id";

/// A token and when kubectl asks for another.
#[derive(Debug)]
pub struct Token {
    /// The token.
    pub text: SecretString,
    /// Its end.
    pub expires: Timestamp,
}

/// A token for `cluster`, with credentials as every AWS tool finds them. Nobody is called.
///
/// # Errors
/// [`ErrorKind::Credentials`] when there are none.
pub async fn token(cluster: &str, region: &str, now: Timestamp) -> Result<Token, CloudError> {
    let failed = |message: String| CloudError::new(ErrorKind::Credentials, "find credentials for the token", message);
    let config =
        aws_config::defaults(BehaviorVersion::v2026_01_12()).region(Region::new(region.to_owned())).load().await;
    let provider = config.credentials_provider().ok_or_else(|| failed("there are none".to_owned()))?;
    // What the SDK says of its sources is in the chain below the first sentence.
    let credentials = provider.provide_credentials().await.map_err(|error| {
        failed(std::error::Error::source(&error).map_or_else(|| error.to_string(), |cause| format!("{error}: {cause}")))
    })?;
    let address = signed(cluster, region, now, &credentials.into())?;
    let mut text = SecretText::from("k8s-aws-v1.".to_owned());
    text.push_base64(&URL_SAFE_NO_PAD, address.expose().as_bytes());
    let expires = now.checked_add(jiff::SignedDuration::from_mins(KEPT_MINUTES)).unwrap_or(now);
    Ok(Token { text: text.into(), expires })
}

/// The signed address.
fn signed(cluster: &str, region: &str, now: Timestamp, identity: &Identity) -> Result<SecretText, CloudError> {
    let failed = |error: &dyn std::fmt::Display| CloudError::new(ErrorKind::Bug, "sign the token", error.to_string());
    let mut settings = SigningSettings::default();
    settings.signature_location = SignatureLocation::QueryParams;
    settings.expires_in = Some(EXPIRES);
    let params: SigningParams<'_> = v4::SigningParams::builder()
        .identity(identity)
        .region(region)
        .name("sts")
        .time(SystemTime::from(now))
        .settings(settings)
        .build()
        .map_err(|error| failed(&error))?
        .into();
    let address = format!("https://{}/?Action=GetCallerIdentity&Version=2011-06-15", host(region));
    let headers = [(HEADER, cluster)];
    let request = SignableRequest::new("GET", &address, headers.into_iter(), SignableBody::Bytes(&[]))
        .map_err(|error| failed(&error))?;
    let (instructions, _) = sign(request, &params).map_err(|error| failed(&error))?.into_parts();
    let mut address = SecretText::from(address);
    for (name, value) in instructions.params() {
        for part in ["&", name, "="].into_iter().chain(utf8_percent_encode(value, ESCAPED)) {
            address.push_str(part);
        }
    }
    Ok(address)
}

/// STS of the region: the authenticator takes no other address.
fn host(region: &str) -> String {
    Partition::of_region(region).host("sts", region)
}

#[cfg(test)]
mod tests {
    use aws_credential_types::Credentials;

    use super::*;

    fn address(cluster: &str, session: Option<&str>) -> String {
        let now: Timestamp = "2026-01-02T03:04:05Z".parse().unwrap();
        let credentials = Credentials::new("AKIATEST", "secret", session.map(str::to_owned), None, "test");
        signed(cluster, "eu-west-1", now, &credentials.into()).unwrap().expose().to_owned()
    }

    #[test]
    fn the_address_is_the_one_a_signer_of_python_makes() {
        // Made with botocore 1.44.8, SigV4QueryAuth, for the same cluster, time and key.
        let expected = "https://sts.eu-west-1.amazonaws.com/?Action=GetCallerIdentity&Version=2011-06-15\
                        &X-Amz-Algorithm=AWS4-HMAC-SHA256\
                        &X-Amz-Credential=AKIATEST%2F20260102%2Feu-west-1%2Fsts%2Faws4_request\
                        &X-Amz-Date=20260102T030405Z&X-Amz-Expires=60&X-Amz-SignedHeaders=host%3Bx-k8s-aws-id\
                        &X-Amz-Signature=37802006bde131473de7a4a32f33459c541f0e7292aa2e55adb1bcfab3ca2fee";
        assert_eq!(sorted(&address("ppm-prod", None)), sorted(expected));
    }

    fn sorted(address: &str) -> Vec<&str> {
        let mut parts: Vec<&str> = address.split(['?', '&']).collect();
        parts.sort_unstable();
        parts
    }

    #[test]
    fn another_cluster_is_another_signature_and_a_session_goes_along() {
        assert_ne!(address("ppm-prod", None), address("ppm-test", None));
        assert!(address("ppm-prod", Some("a+b/c=")).contains("&X-Amz-Security-Token=a%2Bb%2Fc%3D"));
    }

    #[tokio::test]
    async fn the_address_is_where_the_sdk_finds_sts_in_every_partition() {
        use aws_sdk_sts::config::endpoint::{DefaultResolver, Params, ResolveEndpoint as _};
        for region in Partition::all().flat_map(|partition| partition.regions) {
            let params = Params::builder().region(*region).use_global_endpoint(false).build().unwrap();
            let found = DefaultResolver::new().resolve_endpoint(&params).await.unwrap();
            assert_eq!(found.url(), format!("https://{}", host(region)));
        }
    }
}
