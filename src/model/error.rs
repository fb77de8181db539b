//! What went wrong in the cloud: what was being done, what the cloud said, and what that means. A look that failed keeps its
//! error as it is; whoever tells it to a person makes words of it, and nobody reads it back from words.

use serde::{Deserialize, Serialize};

/// A call, or a sequence of calls, that did not succeed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[error("could not {doing}: {}{message}", code.as_ref().map(|c| format!("{c}: ")).unwrap_or_default())]
pub struct CloudError {
    /// What it means.
    pub kind: ErrorKind,
    /// What was being done, as in "create the NAT gateway".
    pub doing: String,
    /// The cloud's own error code.
    pub code: Option<String>,
    /// The cloud's own words, or ours where it had none.
    pub message: String,
    /// The id under which the cloud knows the request.
    pub request_id: Option<String>,
}

/// What an error means for the run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ErrorKind {
    /// The cloud refused, for a reason of its own.
    Refused,
    /// The object is not there.
    NotFound,
    /// The name is taken.
    Exists,
    /// The name is taken by an object that is not ours.
    NotOurs,
    /// The caller may not do this.
    Denied,
    /// The credentials are missing, wrong or expired.
    Credentials,
    /// The cloud does not answer.
    Unreachable,
    /// Too many calls, also after all retries.
    Throttled,
    /// A limit of the account is reached.
    Quota,
    /// Waited longer than makes sense. The object may still become ready; the next run waits on.
    Timeout,
    /// The run was abandoned while waiting.
    Abandoned,
    /// A bug in ppm-infra.
    Bug,
}

impl ErrorKind {
    /// Whether the call may have been carried out all the same.
    pub fn leaves_doubt(self) -> bool {
        match self {
            // The SDK repeats a call whose answer was lost; throttled or expired may be the answer to the repetition.
            Self::Unreachable | Self::Timeout | Self::Abandoned | Self::Bug | Self::Throttled | Self::Credentials => {
                true
            }
            Self::Refused | Self::NotFound | Self::Exists | Self::NotOurs | Self::Denied | Self::Quota => false,
        }
    }
}

/// Whether AWS says that the caller's clock is off: a request is good for a few minutes around its time ("Signature
/// Version 4 troubleshooting" in the IAM User Guide).
pub fn clock_is_off(code: Option<&str>, message: &str) -> bool {
    code == Some("RequestTimeTooSkewed")
        || message.starts_with("Signature expired")
        || message.starts_with("Signature not yet current")
}

impl CloudError {
    /// An error with our own words.
    pub fn new(kind: ErrorKind, doing: impl Into<String>, message: impl Into<String>) -> Self {
        Self { kind, doing: doing.into(), code: None, message: message.into(), request_id: None }
    }

    /// Whether the cloud's error code is `code`.
    pub fn is(&self, code: &str) -> bool {
        self.code.as_deref() == Some(code)
    }

    /// Whether the permission is missing.
    pub fn is_denied(&self) -> bool {
        self.kind == ErrorKind::Denied
    }

    /// Whether the credentials were good and are no longer. One code for every protocol of the API ("Common Errors" of the
    /// services).
    pub fn is_expired(&self) -> bool {
        matches!(self.code.as_deref(), Some("ExpiredToken" | "ExpiredTokenException" | "RequestExpired"))
    }

    /// Whether the cloud's words contain `fragment`.
    pub fn says(&self, fragment: &str) -> bool {
        self.message.contains(fragment)
    }
}
