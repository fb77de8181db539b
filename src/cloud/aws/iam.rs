//! What the kinds of IAM have in common: the client, ARNs that can be told beforehand, and documents in
//! percent-encoding.

use std::time::Duration;

use aws_config::SdkConfig;
use aws_sdk_iam::config::interceptors::InterceptorContext;
use aws_sdk_iam::config::retry::{ClassifyRetry, RetryAction};
use percent_encoding::percent_decode_str;

use super::Calls;
use super::described::Capture;
use super::guarded::Guarded;
use crate::cloud::wait::WaitPolicy;
use crate::model::policy::Policy;
use crate::model::surroundings::Surroundings;

/// How long what was written may be unknown to the next call. IAM usually needs 2 to 20 seconds ("Changes that I make
/// are not always immediately visible", IAM User Guide); two minutes are what the field settled on.
pub const VISIBLE: Duration = Duration::from_mins(2);
/// The same for waiting until reads show what was written.
pub const SETTLING: WaitPolicy = WaitPolicy::seconds(3, 120, 1);

/// A client that also repeats calls which met another change of the same entity.
pub fn client(config: &SdkConfig, guarded: &Guarded) -> aws_sdk_iam::Client {
    let config = aws_sdk_iam::config::Builder::from(config).retry_classifier(Contended);
    let config = config.interceptor(guarded.clone()).interceptor(Calls).interceptor(Capture);
    let config = config.build();
    aws_sdk_iam::Client::from_conf(config)
}

/// Tells the refusal of a call because somebody else changes the same entity at that moment: HTTP status 409 and the code
/// `ConcurrentModification` ("Wait a few minutes and submit your request again", IAM API Reference), which the SDK does not
/// repeat by itself.
#[derive(Debug)]
struct Contended;

impl ClassifyRetry for Contended {
    fn classify_retry(&self, call: &InterceptorContext) -> RetryAction {
        let contended = call.response().filter(|response| response.status().as_u16() == 409).is_some_and(|response| {
            let body = response.body().bytes().unwrap_or_default();
            String::from_utf8_lossy(body).contains("<Code>ConcurrentModification</Code>")
        });
        if contended { RetryAction::transient_error() } else { RetryAction::NoActionIndicated }
    }

    fn name(&self) -> &'static str {
        "contended IAM entity"
    }
}

/// The ARN of something of ours in IAM; `resource` as in `role/ppm-prod-nodes`.
pub fn arn(surroundings: &Surroundings, resource: &str) -> String {
    format!("arn:{}:iam::{}:{resource}", surroundings.partition, surroundings.account)
}

/// A document as IAM gives it: percent-encoded (RFC 3986).
pub fn document(text: &str) -> Policy {
    Policy::parse(&percent_decode_str(text).decode_utf8_lossy())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn documents_are_decoded() {
        let text = "%7B%22Version%22%3A%222012-10-17%22%2C%22Statement%22%3A%5B%5D%7D";
        assert_eq!(document(text), Policy::new(&json!({"Version": "2012-10-17", "Statement": []})));
        // Older answers were sent as they are.
        assert_eq!(document(r#"{"Version":"a+b"}"#), Policy::new(&json!({"Version": "a+b"})));
    }
}
