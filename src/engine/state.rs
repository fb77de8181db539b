//! What was last done: the content of the lockfile, and the one fold that changes it.
//!
//! [`Book::apply`] is used live and on recovery alike, so the two cannot disagree. Nothing here reads or writes files.

mod users;

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::step::{Move, StepKey, StepPart};
use super::values::Written;
use crate::model::address::Address;
use crate::model::document::Document;
use crate::model::index::IdIndex;
use crate::model::mark::Mark;
use crate::model::resource::Known;
use crate::model::shared::Shared;
use users::{Users, point_at_object};

/// The format this program writes.
pub const FORMAT: u32 = 1;

/// Everything the lockfile holds: no secret, no time.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct State {
    /// Version of the format; a newer one is refused, never half read.
    pub format: u32,
    /// Version of the program that wrote it.
    pub tool: String,
    /// The stack.
    pub stack: String,
    /// Region of the stack.
    pub region: String,
    /// Account of the stack, twelve digits; empty until the first apply.
    pub account: String,
    /// The declaration it was applied from, as given on the command line: distinguishes a renamed stack from a new one.
    pub declaration: String,
    /// Born once with the stack; two states with different lineages have nothing to do with each other.
    pub lineage: String,
    /// Grows by one with every write.
    pub serial: u64,
    /// What stands, by address.
    pub resources: Shared<BTreeMap<Address, Recorded>>,
    /// Old objects that still have to be removed, by address; oldest first.
    pub deposed: BTreeMap<Address, Vec<Deposed>>,
    /// Values the stack publishes, for people and for Helm.
    pub outputs: BTreeMap<String, Value>,
    /// The Helm values as an apply wrote them last; `None` if that is not known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub values: Option<Written>,
}

/// A resource as of its last completed step.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Recorded {
    /// Whether it can be relied on.
    pub status: Status,
    /// What it needs without a reference in `declared`: the order to keep when it is deleted.
    pub after: BTreeSet<Address>,
    /// What was asked for.
    pub declared: Document,
    /// What changes that were cut short, or taken out of the record, asked for since it last stood as asked: some of it may
    /// be there, and is ours.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub attempted: Vec<Document>,
    /// What the cloud computed.
    pub computed: Document,
}

impl Recorded {
    /// The record of what stands and was in no record.
    pub fn found(known: Known) -> Self {
        let Known { declared, computed } = known;
        Self { status: Status::Ready, after: BTreeSet::new(), declared, computed, attempted: Vec::new() }
    }

    /// What the cloud needs to know of it.
    pub fn known(&self) -> Known {
        Known { declared: self.declared.clone(), computed: self.computed.clone() }
    }
}

/// Whether a recorded resource can be relied on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Status {
    /// It was finished.
    Ready,
    /// It exists, but its making or changing was not finished; the next plan compares and goes on.
    Unfinished,
    /// It must be replaced.
    Tainted {
        /// Why it must be replaced, for people.
        because: String,
    },
}

/// An old object awaiting removal.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Deposed {
    /// The primary id of the object: distinguishes several old objects of one address.
    pub key: String,
    /// What it was.
    pub recorded: Recorded,
}

impl State {
    /// The state of a stack of which nothing stands yet.
    pub fn empty(stack: &str, region: &str, lineage: String, tool: &str) -> Self {
        Self {
            format: FORMAT,
            tool: tool.to_owned(),
            stack: stack.to_owned(),
            region: region.to_owned(),
            account: String::new(),
            declaration: String::new(),
            lineage,
            serial: 0,
            resources: Shared::default(),
            deposed: BTreeMap::new(),
            outputs: BTreeMap::new(),
            values: None,
        }
    }

    /// Whether nothing is left that exists in the cloud.
    pub fn is_empty(&self) -> bool {
        self.resources.is_empty() && self.deposed.is_empty()
    }

    /// Whether `computed` is that of an old object of `address` that still has to go.
    pub fn is_old(&self, address: &Address, computed: &Document) -> bool {
        let old = self.deposed.get(address).into_iter().flatten();
        old.into_iter().any(|old| Some(old.key.as_str()) == computed.text("id"))
    }

    /// Ids of the old objects of `address` that still have to go.
    pub fn old(&self, address: &Address) -> BTreeSet<String> {
        self.deposed.get(address).into_iter().flatten().map(|old| old.key.clone()).collect()
    }

    /// Ids by address and addresses by id.
    pub fn index(&self) -> IdIndex {
        IdIndex::of(self.resources.iter().map(|(address, recorded)| (address, &recorded.computed)))
    }
}

/// One line of the journal.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum JournalEntry {
    /// A step is about to start: durable before its first call.
    Begin {
        /// Rises by one with every entry.
        seq: u64,
        /// What is about to be done.
        intent: Intent,
    },
    /// The object of a creation has an id: durable before any wait.
    Made {
        /// Rises by one with every entry.
        seq: u64,
        /// The `Begin` it belongs to.
        of: u64,
        /// What is known of the object so far.
        computed: Document,
    },
    /// A step is over: durable before anything that depends on it starts.
    End {
        /// Rises by one with every entry.
        seq: u64,
        /// The `Begin` it belongs to.
        of: u64,
        /// How it ended.
        outcome: StepOutcome,
    },
    /// The record follows what was read, without a call that writes: adopted, refreshed or forgotten.
    Note {
        /// Rises by one with every entry.
        seq: u64,
        /// The resource.
        address: Address,
        /// The record from now on; `None` if the object is gone.
        record: Option<Recorded>,
    },
    /// The record follows where an object stands, without a call.
    Moved {
        /// Rises by one with every entry.
        seq: u64,
        /// The move: which object, from where and to where.
        moved: Move,
    },
}

impl JournalEntry {
    /// The number of this entry.
    pub fn seq(&self) -> u64 {
        match self {
            Self::Begin { seq, .. }
            | Self::Made { seq, .. }
            | Self::End { seq, .. }
            | Self::Note { seq, .. }
            | Self::Moved { seq, .. } => *seq,
        }
    }
}

/// What a step is about to do, with all that recovery needs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Intent {
    /// Which step.
    pub step: StepKey,
    /// The mark of this attempt.
    pub mark: Mark,
    /// What is wanted, for steps that make or change.
    pub declared: Option<Document>,
    /// Order the record must remember.
    pub after: BTreeSet<Address>,
    /// What stood there is gone already: it is forgotten, not removed, once the new object stands.
    pub vanished: bool,
    /// What the object whose place is taken was found to be: it is not looked at again while it awaits removal.
    pub replaced: Option<Document>,
}

/// How a step ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum StepOutcome {
    /// It was made or changed; this is what the cloud computed.
    Standing(Document),
    /// It is gone.
    Gone,
    /// It failed. What is known of the object so far stays recorded.
    Failed,
}

/// The state and the steps that began and have not ended: everything that is durable.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Book {
    /// What was last done.
    pub state: State,
    /// Intents without a result, by the number of their `Begin`.
    pub open: BTreeMap<u64, OpenIntent>,
    /// Number of the last entry.
    pub last: u64,
    users: Users,
}

/// An intent without a result.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OpenIntent {
    /// What was about to be done.
    pub intent: Intent,
    /// What is known of the object, once it has an id.
    pub made: Option<Document>,
}

/// Why an entry does not follow from what came before it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FoldError {
    /// Numbers must rise.
    #[error("entry {found} follows entry {last}; numbers must rise by one")]
    Order {
        /// The number before.
        last: u64,
        /// The number found.
        found: u64,
    },
    /// A result without an intent.
    #[error("entry {seq} ends entry {of}, which is not open")]
    NotOpen {
        /// The entry.
        seq: u64,
        /// What it claims to end.
        of: u64,
    },
    /// A result that its intent cannot have.
    #[error("entry {seq} gives {step} a result that such a step cannot have")]
    Impossible {
        /// The entry.
        seq: u64,
        /// The step.
        step: StepKey,
    },
}

impl Book {
    /// A book with nothing open.
    pub fn of(state: State) -> Self {
        Self { state, open: BTreeMap::new(), last: 0, users: Users::default() }
    }

    /// Takes the next entry in.
    ///
    /// # Errors
    /// When the entry does not follow from what came before; the book is then unchanged.
    pub fn apply(&mut self, entry: &JournalEntry) -> Result<(), FoldError> {
        let seq = entry.seq();
        if seq != self.last + 1 {
            return Err(FoldError::Order { last: self.last, found: seq });
        }
        let about = self.about(entry);
        match entry {
            JournalEntry::Begin { intent, .. } => {
                self.open.insert(seq, OpenIntent { intent: intent.clone(), made: None });
            }
            JournalEntry::Made { of, computed, .. } => {
                let open = self.open.get_mut(of).ok_or(FoldError::NotOpen { seq, of: *of })?;
                open.made = Some(computed.clone());
            }
            JournalEntry::End { of, outcome, .. } => {
                let open = self.open.get(of).ok_or(FoldError::NotOpen { seq, of: *of })?.clone();
                self.apply_outcome(seq, &open, outcome)?;
                self.open.remove(of);
            }
            JournalEntry::Note { address, record, .. } => {
                self.replace_record(address, record.clone());
            }
            JournalEntry::Moved { moved, .. } => {
                self.state.shift(moved);
                self.users = Users::default();
            }
        }
        for address in &about {
            self.users.note(address, &self.state);
        }
        self.last = seq;
        Ok(())
    }

    /// The addresses whose record an entry may change.
    pub fn about(&self, entry: &JournalEntry) -> Vec<Address> {
        match entry {
            JournalEntry::Begin { .. } => Vec::new(),
            JournalEntry::Made { of, .. } | JournalEntry::End { of, .. } => {
                self.open.get(of).map(|open| open.intent.step.address.clone()).into_iter().collect()
            }
            JournalEntry::Note { address, .. } => vec![address.clone()],
            JournalEntry::Moved { moved, .. } => vec![moved.from.clone(), moved.to.clone()],
        }
    }

    /// The table of steps and results. Every other pair is an error.
    fn apply_outcome(&mut self, seq: u64, open: &OpenIntent, outcome: &StepOutcome) -> Result<(), FoldError> {
        let StepKey { address, part } = &open.intent.step;
        let impossible = || FoldError::Impossible { seq, step: open.intent.step.clone() };
        let record = |computed: &Document, status: Status| -> Result<Recorded, FoldError> {
            Ok(Recorded {
                status,
                after: open.intent.after.clone(),
                declared: open.intent.declared.clone().ok_or_else(impossible)?,
                attempted: Vec::new(),
                computed: computed.clone(),
            })
        };
        match (part, outcome) {
            (StepPart::Create, StepOutcome::Standing(computed)) => {
                self.install(&open.intent, record(computed, Status::Ready)?);
            }
            (StepPart::Create, StepOutcome::Failed) => {
                if let Some(computed) = &open.made {
                    self.install(&open.intent, record(computed, Status::Unfinished)?);
                }
            }
            (StepPart::Change { .. }, StepOutcome::Standing(computed)) => {
                self.state.resources.insert(address.clone(), record(computed, Status::Ready)?);
            }
            (StepPart::Change { .. }, StepOutcome::Failed) => {
                let wanted = open.intent.declared.clone().ok_or_else(impossible)?;
                if let Some(standing) = self.state.resources.get_mut(address) {
                    standing.status = Status::Unfinished;
                    if wanted != standing.declared && !standing.attempted.contains(&wanted) {
                        standing.attempted.push(wanted);
                    }
                }
            }
            (StepPart::Delete, StepOutcome::Gone) => {
                self.replace_record(address, None);
            }
            (StepPart::Delete | StepPart::DeleteDeposed { .. }, StepOutcome::Failed) => {}
            (StepPart::DeleteDeposed { key }, StepOutcome::Gone) => drop(self.state.take_old(address, key)),
            (StepPart::Create | StepPart::Change { .. }, StepOutcome::Gone)
            | (StepPart::Delete | StepPart::DeleteDeposed { .. }, StepOutcome::Standing(_)) => return Err(impossible()),
        }
        Ok(())
    }

    /// Lets a new object stand; what stood there awaits removal, unless it is gone or the same object. An old object that
    /// the cloud gave again stands and awaits its removal no more.
    fn install(&mut self, intent: &Intent, new: Recorded) {
        let address = &intent.step.address;
        if let Some(id) = new.computed.text("id") {
            self.state.take_old(address, id);
        }
        if let Some((key, old)) = self.replace_record(address, Some(new))
            && !intent.vanished
        {
            let declared = intent.replaced.clone().unwrap_or_else(|| old.declared.clone());
            let deposed = Deposed { key, recorded: Recorded { declared, attempted: Vec::new(), ..old } };
            self.state.deposed.entry(address.clone()).or_default().push(deposed);
        }
    }

    /// As [`State::replace_record`]; what is about to be recorded of objects that are leaving follows as well.
    fn replace_record(&mut self, address: &Address, new: Option<Recorded>) -> Option<(String, Recorded)> {
        let users = self.users.of_target(address, &self.state);
        let (key, old) = self.state.replace_record_used_by(address, new, &users)?;
        for document in self.open.values_mut().filter_map(|open| open.intent.replaced.as_mut()) {
            point_at_object(document, address, &key);
        }
        Some((key, old))
    }
}
