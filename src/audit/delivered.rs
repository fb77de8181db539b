//! An event as `EventBridge` delivers what `CloudTrail` recorded ("AWS service events delivered via AWS CloudTrail",
//! `EventBridge` User Guide).

use serde_json::Value;

use super::AuditEvent;

/// What `EventBridge` calls the record of a call.
pub const DETAIL_TYPE: &str = "AWS API Call via CloudTrail";

/// Why a text is no such event.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AuditEventError {
    /// It is no JSON.
    #[error("it is no JSON: {0}")]
    NotJson(String),
    /// It is an event of another kind.
    #[error("it is an event of another kind, {0:?}")]
    OtherType(String),
    /// A member is missing that every such event has.
    #[error("`{0}` is missing, or is no text")]
    Missing(&'static str),
    /// Its time is none.
    #[error("`eventTime` is {0:?}, which is no time")]
    NoTime(String),
}

impl AuditEvent {
    /// Reads an event that was delivered; the record in it alone is taken as well.
    ///
    /// # Errors
    /// Where the text is no such event.
    pub fn delivered(text: &str) -> Result<Self, AuditEventError> {
        let event: Value =
            serde_json::from_str(text.trim()).map_err(|error| AuditEventError::NotJson(error.to_string()))?;
        let told = |within: &Value, key: &str| within.get(key).and_then(Value::as_str).map(str::to_owned);
        let record = match (told(&event, "detail-type"), event.get("detail")) {
            (Some(other), _) if other != DETAIL_TYPE => return Err(AuditEventError::OtherType(other)),
            (Some(_), None) => return Err(AuditEventError::Missing("detail")),
            (None, Some(_)) => return Err(AuditEventError::Missing("detail-type")),
            (Some(_), Some(detail)) => detail,
            (None, None) => &event,
        };
        for key in ["eventSource", "eventName", "eventTime"] {
            if told(record, key).is_none_or(|told| told.is_empty()) {
                return Err(AuditEventError::Missing(key));
            }
        }
        Self::read(record).ok_or_else(|| AuditEventError::NoTime(told(record, "eventTime").unwrap_or_default()))
    }
}
