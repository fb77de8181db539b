//! What happens to what is told, or how it is: the sign before a row, and in a box of a drawing.

use super::text::Label;
use crate::model::finding::Severity;

/// What happens to what a row is about, or how it is. What it says, a word of the row says too.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RowStatus {
    /// It is made.
    Create,
    /// It is changed in place.
    Update,
    /// It is replaced, the new one first.
    ReplaceCreateFirst,
    /// It is replaced, the old one goes first.
    ReplaceDeleteFirst,
    /// It is deleted.
    Delete,
    /// Its record goes.
    Forget,
    /// Somebody else moved it.
    Drift,
    /// It is well.
    Well,
    /// It is not to be seen from here.
    Elsewhere,
    /// Something about it is wrong.
    Wrong(Severity),
}

impl RowStatus {
    /// What it is.
    pub const fn label(self) -> Label {
        match self {
            Self::Create => Label::Create,
            Self::Update => Label::Update,
            Self::ReplaceCreateFirst | Self::ReplaceDeleteFirst => Label::Replace,
            Self::Delete => Label::Delete,
            Self::Forget => Label::Forget,
            Self::Drift => Label::Drift,
            Self::Well => Label::Success,
            Self::Elsewhere => Label::Muted,
            Self::Wrong(severity) => severity_label(severity),
        }
    }
}

/// What words about something of this severity are.
pub const fn severity_label(severity: Severity) -> Label {
    match severity {
        Severity::Error => Label::Error,
        Severity::Unknown | Severity::Warning => Label::Warning,
    }
}
