//! From the SDK's errors to ours: code, words, request id, and what they mean.

use std::error::Error;

use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;

use crate::cloud::{CloudError, ErrorKind};

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
        let told = chain(error);
        let kind = if told.to_lowercase().contains("credential") {
            ErrorKind::Credentials
        } else if matches!(error, SdkError::ConstructionFailure(_)) {
            ErrorKind::Bug
        } else {
            ErrorKind::Unreachable
        };
        return CloudError::new(kind, doing, told);
    };
    let meta = service.meta();
    let code = meta.code().map(str::to_owned);
    let kind = match code.as_deref().map_or(ErrorKind::Refused, meaning) {
        // Every service has its own codes for a failure inside, and HEAD has none. The call may have been carried out.
        ErrorKind::Refused if error.raw_response().is_some_and(|answer| answer.status().as_u16() >= 500) => {
            ErrorKind::Unreachable
        }
        kind => kind,
    };
    CloudError {
        kind,
        doing: doing.to_owned(),
        message: meta.message().map_or_else(|| chain(service), str::to_owned),
        code,
        request_id: meta.extra("aws_request_id").map(str::to_owned),
    }
}

/// What a wire code means. Codes that mean different things in different services stay `Refused`; whoever calls there
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
        | "PriorRequestNotComplete" => ErrorKind::Throttled,
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

/// An error and all its causes on one line.
fn chain(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(next) = cause {
        let words = next.to_string();
        if !text.contains(&words) {
            text.push_str(": ");
            text.push_str(&words);
        }
        cause = next.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use aws_sdk_kms::operation::create_key::CreateKeyError;
    use aws_smithy_runtime_api::http::StatusCode;
    use aws_smithy_types::body::SdkBody;
    use aws_smithy_types::error::ErrorMetadata;

    use super::*;

    fn kind(code: Option<&str>, status: u16) -> ErrorKind {
        let mut meta = ErrorMetadata::builder();
        if let Some(code) = code {
            meta = meta.code(code);
        }
        let answer = HttpResponse::new(StatusCode::try_from(status).unwrap(), SdkBody::empty());
        let error = SdkError::service_error(CreateKeyError::generic(meta.build()), answer);
        classify(&error, "create the key").kind
    }

    #[test]
    fn a_failure_inside_leaves_doubt_whatever_it_is_called() {
        for code in
            [Some("KMSInternalException"), Some("DependencyTimeoutException"), Some("InternalServiceError"), None]
        {
            assert!(kind(code, 500).leaves_doubt(), "{code:?}");
            assert_eq!(kind(code, 400), ErrorKind::Refused, "{code:?}");
        }
        assert_eq!(kind(Some("RequestTimeout"), 400), ErrorKind::Unreachable);
    }

    #[test]
    fn a_call_held_back_was_not_carried_out_whatever_its_status() {
        for code in ["SlowDown", "RequestLimitExceeded"] {
            assert_eq!(kind(Some(code), 503), ErrorKind::Throttled, "{code}");
        }
    }
}
