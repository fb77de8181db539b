//! From the SDK's errors to ours: code, words, request id, and what they mean.

use std::error::Error;

use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;

use super::words;
use crate::cloud::{CloudError, ErrorKind};
use crate::model::causes::in_one_line;

/// Says what was being done when a call fails.
pub trait During<T> {
    /// Turns the SDK's error into ours. `doing` completes "could not …".
    ///
    /// # Errors
    /// The error itself, classified.
    fn during(self, doing: &str) -> Result<T, CloudError>;
}

impl<T, E> During<T> for Result<T, SdkError<E, HttpResponse>>
where
    E: ProvideErrorMetadata + Error + 'static,
{
    fn during(self, doing: &str) -> Result<T, CloudError> {
        self.map_err(|error| classify(&error, doing))
    }
}

/// Whether a failed call failed with this code, before it is turned into one of our errors.
pub fn code_is<E: ProvideErrorMetadata, R>(error: &SdkError<E, R>, code: &str) -> bool {
    error.as_service_error().and_then(ProvideErrorMetadata::code) == Some(code)
}

fn classify<E>(error: &SdkError<E, HttpResponse>, doing: &str) -> CloudError
where
    E: ProvideErrorMetadata + Error + 'static,
{
    let Some(service) = error.as_service_error() else {
        return unanswered(error, matches!(error, SdkError::ConstructionFailure(_)), doing);
    };
    let meta = service.meta();
    let message = meta.message().map_or_else(|| in_one_line(service), str::to_owned);
    let status = error.raw_response().map(|answer| answer.status().as_u16());
    CloudError {
        kind: kind(meta.code(), &message, status),
        doing: doing.to_owned(),
        message,
        code: meta.code().map(str::to_owned),
        request_id: meta.extra("aws_request_id").map(str::to_owned),
    }
}

/// The error of a call that nobody answered.
pub(super) fn unanswered(error: &dyn Error, is_never_sent: bool, doing: &str) -> CloudError {
    let told = in_one_line(error);
    let kind = if told.to_lowercase().contains("credential") {
        ErrorKind::Credentials
    } else if is_never_sent {
        ErrorKind::Bug
    } else {
        ErrorKind::Unreachable
    };
    CloudError::new(kind, doing, told)
}

/// The error in an answer that the SDK did not read for us.
pub(super) fn answered(
    code: Option<String>,
    message: String,
    status: u16,
    request_id: Option<String>,
    doing: &str,
) -> CloudError {
    let kind = kind(code.as_deref(), &message, Some(status));
    CloudError { kind, doing: doing.to_owned(), message, code, request_id }
}

/// What an error means by its code; where that says nothing, by the rest of the answer.
fn kind(code: Option<&str>, message: &str, status: Option<u16>) -> ErrorKind {
    let told = code.map_or(ErrorKind::Refused, meaning);
    if told != ErrorKind::Refused {
        return told;
    }
    // EC2 has one code for wrong credentials and for what is not permitted.
    let error = CloudError { code: code.map(str::to_owned), ..CloudError::new(told, "", message) };
    if words::ec2::CREDENTIALS.tell(&error) {
        return ErrorKind::Credentials;
    }
    // With these nobody knows what became of the call, be they from AWS or from somebody on the way. EC2 answers 500 as
    // well where it lacks capacity, and means it.
    let broken = matches!(status, Some(500 | 502..=504));
    let meant = code.is_some_and(|code| code.starts_with("Insufficient"));
    if broken && !meant { ErrorKind::Unreachable } else { ErrorKind::Refused }
}

/// What a wire code means. Codes that mean different things in different services stay `Refused`; the caller there
/// knows better.
fn meaning(code: &str) -> ErrorKind {
    match code {
        "ExpiredToken"
        | "ExpiredTokenException"
        | "UnrecognizedClientException"
        | "InvalidClientTokenId"
        | "InvalidAccessKeyId"
        | "SignatureDoesNotMatch"
        | "InvalidSignatureException"
        | "RequestExpired"
        | "RequestTimeTooSkewed"
        | "MissingAuthenticationToken"
        | "MissingAuthenticationTokenException"
        | "IncompleteSignature"
        | "TokenRefreshRequired" => ErrorKind::Credentials,
        "AccessDenied" | "AccessDeniedException" | "UnauthorizedOperation" | "AuthorizationError" => ErrorKind::Denied,
        "Throttling"
        | "ThrottlingException"
        | "ThrottledException"
        | "RequestLimitExceeded"
        | "SlowDown"
        | "TooManyRequestsException"
        | "RequestThrottled"
        | "RequestThrottledException"
        | "EC2ThrottledException"
        | "PriorRequestNotComplete"
        | "BandwidthLimitExceeded" => ErrorKind::Throttled,
        "InternalError"
        | "InternalFailure"
        | "ServiceUnavailable"
        | "ServiceUnavailableException"
        | "ServerException"
        | "Unavailable"
        | "ServiceFailure"
        | "RequestTimeout"
        | "RequestTimeoutException" => ErrorKind::Unreachable,
        "LimitExceeded"
        | "LimitExceededException"
        | "ResourceLimitExceededException"
        | "TooManyBuckets"
        | "InstanceQuotaExceeded"
        | "StorageQuotaExceeded" => ErrorKind::Quota,
        "EntityAlreadyExists"
        | "AlreadyExistsException"
        | "ResourceExistsException"
        | "BucketAlreadyExists"
        | "BucketAlreadyOwnedByYou" => ErrorKind::Exists,
        "NoSuchEntity"
        | "NotFoundException"
        | "ResourceNotFoundException"
        | "NoSuchBucket"
        | "NotFound"
        | "Gateway.NotAttached"
        | "NatGatewayNotFound" => ErrorKind::NotFound,
        code if code.contains("NotFound") => ErrorKind::NotFound,
        code if code.contains("LimitExceeded") || code.contains("QuotaExceeded") || code.starts_with("TooMany") => {
            ErrorKind::Quota
        }
        code if code.contains("AlreadyExists") || code.starts_with("Duplicate") || code.ends_with(".Duplicate") => {
            ErrorKind::Exists
        }
        _ => ErrorKind::Refused,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_broken_answer_says_nothing_of_the_call() {
        // A proxy's page is no error of AWS.
        assert_eq!(kind(None, "unhandled error", Some(502)), ErrorKind::Unreachable);
        for code in ["KMSInternalException", "DependencyTimeoutException", "InternalServiceError"] {
            assert_eq!(kind(Some(code), "", Some(500)), ErrorKind::Unreachable, "{code}");
            assert_eq!(kind(Some(code), "", Some(400)), ErrorKind::Refused, "{code}");
        }
        assert_eq!(kind(Some("RequestTimeout"), "", Some(400)), ErrorKind::Unreachable);
        assert!(kind(None, "", Some(504)).leaves_doubt());
        assert_eq!(kind(None, "", Some(400)), ErrorKind::Refused);
        assert_eq!(kind(Some("NotImplemented"), "", Some(501)), ErrorKind::Refused);
    }

    #[test]
    fn a_code_that_says_something_counts_whatever_the_status() {
        assert_eq!(kind(Some("RequestLimitExceeded"), "", Some(503)), ErrorKind::Throttled);
        assert_eq!(kind(Some("InsufficientAddressCapacity"), "", Some(500)), ErrorKind::Refused);
        assert_eq!(kind(Some("VpcLimitExceeded"), "", Some(400)), ErrorKind::Quota);
        assert_eq!(kind(Some("InvalidSubnetId.NotFound"), "", Some(400)), ErrorKind::NotFound);
    }

    #[test]
    fn wrong_credentials_and_an_address_in_use_have_the_same_code() {
        let wrong = "AWS was not able to validate the provided access credentials";
        assert_eq!(kind(Some("AuthFailure"), wrong, Some(401)), ErrorKind::Credentials);
        let held = "You do not have permission to access the specified resource.";
        assert_eq!(kind(Some("AuthFailure"), held, Some(400)), ErrorKind::Refused);
    }
}
