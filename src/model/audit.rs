//! What is asked of the audit log of the cloud, and what it answers.

use jiff::Timestamp;
use serde_json::Value;

/// By which name the audit log keeps what was done to the objects of a kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AuditName {
    /// The service whose calls change them, such as `iam`.
    pub service: &'static str,
    /// The computed field that holds the name.
    pub field: &'static str,
    /// Where it is the name of the whole that an object is a part of: the field, computed or declared, whose value
    /// what was done to that part names as well.
    pub part: Option<&'static str>,
}

impl AuditName {
    /// The name of the objects themselves.
    pub const fn of(service: &'static str, field: &'static str) -> Self {
        Self { service, field, part: None }
    }

    /// The name of a whole, and what tells the part.
    pub const fn part(service: &'static str, field: &'static str, part: &'static str) -> Self {
        Self { service, field, part: Some(part) }
    }
}

/// One question: what was done under a name in a time.
#[derive(Clone, Debug, PartialEq)]
pub struct AuditQuery {
    /// The service whose calls are meant.
    pub service: &'static str,
    /// The name.
    pub name: String,
    /// The begin of the time.
    pub from: Timestamp,
    /// Its end.
    pub to: Timestamp,
    /// How many times faster than real time the cloud is.
    pub time_scale: f64,
}

/// What was done, as the log has it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AuditRecords {
    /// The records, the newest first.
    pub records: Vec<Value>,
    /// Whether there are older ones that were not asked for.
    pub is_cut: bool,
    /// How many calls that took.
    pub calls: usize,
}
