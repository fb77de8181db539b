//! What will be done: the computed, immutable set of actions, with nothing left to choose.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::diff::FieldDiff;
use super::state::{Recorded, State};
pub use super::step::{Move, StepKey, StepPart};
use crate::model::address::Address;
use crate::model::document::Document;
use crate::model::impact::Impact;
use crate::model::resource::ReplaceOrder;

/// The format of saved plans.
pub const FORMAT: u32 = 4;

/// Everything that will be done, and everything that was looked at. Carries no time and no random id: the same inputs
/// give the same bytes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Plan {
    /// The stack.
    pub stack: String,
    /// The state it applies to, and no other.
    pub base: Base,
    /// Where the record followed objects before anything was planned. Nothing is done in the cloud for it.
    #[serde(default)]
    pub moved: Vec<Move>,
    /// Drift: recorded against observed. Kept apart from what this plan changes.
    pub drift: BTreeMap<Address, Drift>,
    /// Every address considered, unchanged ones included.
    pub actions: BTreeMap<Address, Action>,
    /// Old objects an earlier run could not remove.
    pub deposed: Vec<(Address, String)>,
    /// Addresses that destroying leaves alone, with the reason.
    pub kept: BTreeMap<Address, String>,
    /// Old objects that destroying leaves alone.
    #[serde(default)]
    pub kept_old: Vec<KeptOld>,
    /// Objects that carry our marks but are in no record; their records come first.
    pub adopted: BTreeMap<Address, Recorded>,
    /// What users notice of each change, the worst first; addresses where nobody notices anything are left out.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub impact: BTreeMap<Address, Vec<Impact>>,
    /// What is worth knowing and no change.
    pub notes: BTreeMap<Address, Vec<String>>,
}

/// An old object that destroying leaves alone.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KeptOld {
    /// The address at which another object stands now.
    pub address: Address,
    /// Its primary id.
    pub id: String,
    /// Why it is left alone.
    pub reason: String,
}

/// The state a plan was made from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Base {
    /// Its lineage.
    pub lineage: String,
    /// Its serial.
    pub serial: u64,
}

/// How an object differs from its record.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Drift {
    /// It is not there any more.
    Gone,
    /// These fields were moved: `before` is what was recorded, `after` what is there.
    Moved(Vec<FieldDiff>),
}

/// What is done about one resource. Each variant carries exactly what carrying it out needs.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Action {
    /// Nothing. The record may follow what was read.
    NoOp {
        /// The record from now on, if reading showed another one to be right.
        record: Option<Box<Recorded>>,
    },
    /// Make it.
    Create {
        /// What is wanted.
        declared: Document,
        /// What it must follow without pointing at it.
        after: BTreeSet<Address>,
        /// Why this action was chosen.
        why: Why,
    },
    /// Change it in place.
    Update {
        /// What stands.
        prior: Recorded,
        /// Documents to pass through first, lowest rung first.
        via: Vec<Document>,
        /// What is wanted in the end.
        declared: Document,
        /// What it must follow without pointing at it.
        after: BTreeSet<Address>,
        /// What it works through while it stands.
        #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
        works_through: BTreeSet<Address>,
        /// What changes; empty only when an earlier run did not finish it.
        diffs: Vec<FieldDiff>,
        /// Why this action was chosen.
        why: Why,
    },
    /// Put another object in its place.
    Replace {
        /// What stands.
        prior: Recorded,
        /// What is wanted.
        declared: Document,
        /// What it must follow without pointing at it.
        after: BTreeSet<Address>,
        /// What it works through while it stands.
        #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
        works_through: BTreeSet<Address>,
        /// What changes; may be empty when tainted or asked for.
        diffs: Vec<FieldDiff>,
        /// Why this action was chosen.
        why: Why,
        /// Which object goes first.
        order: ReplaceOrder,
    },
    /// Remove it.
    Delete {
        /// What stands.
        prior: Recorded,
        /// Why this action was chosen.
        why: Why,
    },
    /// It is gone already: only the record goes.
    Forget {
        /// Why this action was chosen.
        why: Why,
    },
}

impl Action {
    /// Whether anything is done in the cloud.
    pub fn is_change(&self) -> bool {
        match self {
            Self::NoOp { .. } | Self::Forget { .. } => false,
            Self::Create { .. } | Self::Update { .. } | Self::Replace { .. } | Self::Delete { .. } => true,
        }
    }

    /// Whether a new object stands at the address afterwards.
    pub fn makes_new(&self) -> bool {
        matches!(self, Self::Create { .. } | Self::Replace { .. })
    }
}

/// Why an action is taken. Explains and never decides.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Why {
    /// Declared for the first time.
    New,
    /// Recorded, but not there any more.
    Vanished,
    /// Recorded, but not declared any more.
    Undeclared,
    /// The stack is being destroyed.
    Destroyed,
    /// The declaration differs from what is there.
    Changed,
    /// An earlier run did not finish it.
    Unfinished,
    /// An earlier run left it unusable.
    Tainted(String),
    /// Asked for on the command line.
    Requested,
    /// What it points at will be another object.
    DependencyReplaced(Address),
}

/// How many of each.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counts {
    /// To create.
    pub create: usize,
    /// To update in place.
    pub update: usize,
    /// To replace.
    pub replace: usize,
    /// To delete, old objects of earlier replacements included.
    pub delete: usize,
    /// To leave as they are.
    pub unchanged: usize,
    /// Changed outside this program.
    pub drifted: usize,
}

impl Plan {
    /// How many of each.
    pub fn counts(&self) -> Counts {
        let mut counts = Counts { drifted: self.drift.len(), delete: self.deposed.len(), ..Counts::default() };
        for action in self.actions.values() {
            match action {
                Action::NoOp { .. } => counts.unchanged += 1,
                Action::Forget { .. } => {}
                Action::Create { .. } => counts.create += 1,
                Action::Update { .. } => counts.update += 1,
                Action::Replace { .. } => counts.replace += 1,
                Action::Delete { .. } => counts.delete += 1,
            }
        }
        counts
    }

    /// What `state`, which the plan was made from, records of what stands at an address: also where the record is about to
    /// follow it there.
    pub fn recorded<'a>(&'a self, state: &'a State, at: &Address) -> Option<&'a Recorded> {
        let here = state.resources.get(at).or_else(|| self.adopted.get(at));
        here.or_else(|| {
            let from = &self.moved.iter().find(|moved| moved.to == *at)?.from;
            state.resources.get(from)
        })
    }

    /// Whether anything is done in the cloud.
    pub fn has_changes(&self) -> bool {
        !self.deposed.is_empty() || self.actions.values().any(Action::is_change)
    }
}
