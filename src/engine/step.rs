//! What is done and recorded one by one: the steps of a plan, and the moves of a record.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::model::address::Address;
use crate::model::duration::TimedVerb;

/// One call sequence that the schedule orders.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StepKey {
    /// The resource.
    pub address: Address,
    /// The part of its action.
    pub part: StepPart,
}

/// The part of an action that a step carries out.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum StepPart {
    /// Makes the object; in a replacement, the new one.
    Create,
    /// Changes the object in place.
    Change {
        /// Which rung of the ladder, from 0; the last one reaches what is declared.
        rung: u32,
    },
    /// Removes the object; in a replacement, the old one that goes first.
    Delete,
    /// Removes an old object whose place is taken.
    DeleteDeposed {
        /// Its primary id.
        key: String,
    },
}

impl StepKey {
    /// What it does to the object.
    pub const fn verb(&self) -> TimedVerb {
        match self.part {
            StepPart::Create => TimedVerb::Create,
            StepPart::Change { .. } => TimedVerb::Update,
            StepPart::Delete | StepPart::DeleteDeposed { .. } => TimedVerb::Delete,
        }
    }
}

impl fmt::Display for StepKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.part {
            StepPart::Create => write!(f, "create {}", self.address),
            StepPart::Change { rung: 0 } => write!(f, "update {}", self.address),
            StepPart::Change { rung } => write!(f, "update {} (step {})", self.address, rung + 1),
            StepPart::Delete => write!(f, "delete {}", self.address),
            StepPart::DeleteDeposed { key } => write!(f, "delete old {} ({key})", self.address),
        }
    }
}

/// One change of the record alone: where an object stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Move {
    /// Where it was recorded.
    pub from: Address,
    /// Where it stands from now on.
    pub to: Address,
    /// Its primary id.
    pub id: String,
    /// What that does to the record.
    pub how: How,
}

/// What a move does to the record.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum How {
    /// The record goes to the other address, and every reference to the one is now to the other.
    Renamed,
    /// Both addresses recorded the same object: the record at the first goes.
    Merged,
    /// An old object that awaited its removal stands again. What stood there becomes an old object, unless it is gone.
    TakenUp {
        /// Whether what stood there is gone.
        vanished: bool,
    },
    /// An old object that is recorded at the other address as well: nothing is removed at the first.
    Kept,
}
