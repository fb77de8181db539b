//! What may be put right without anybody asked: rules that a declaration allows.

use std::collections::BTreeSet;

use serde::{Serialize, Serializer};

use super::finding::Grade;
use super::values::DailyWindow;

/// What may be put right by itself. Never more than is set in place or made again: nothing is replaced or deleted, and nobody
/// may notice it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct PutRightRules {
    /// What is put right.
    pub changes: BTreeSet<PutRightChange>,
    /// How bad it may be: what is not named here is left for people.
    #[serde(serialize_with = "words")]
    pub severities: BTreeSet<Grade>,
    /// When; any time where none is named.
    pub window: Option<DailyWindow>,
    /// At most so many objects in one run.
    pub at_most: u8,
    /// For so many hours after that an object is left alone: what moves it again is somebody who means it.
    pub cool_down_hours: u16,
}

/// A change that can be put right by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum PutRightChange {
    /// A field that somebody moved is set as it was recorded, in place.
    Changed,
    /// An object that is gone is made again.
    Missing,
}

impl PutRightChange {
    /// Its word in text and in JSON.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Changed => "changed",
            Self::Missing => "missing",
        }
    }
}

impl Serialize for PutRightChange {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.word())
    }
}

fn words<S: Serializer>(grades: &BTreeSet<Grade>, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_seq(grades.iter().map(|grade| grade.word()))
}
