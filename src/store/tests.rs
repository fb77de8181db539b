//! States and entries for the tests of every store.

use std::collections::{BTreeMap, BTreeSet};

use crate::engine::state::{JournalEntry, Recorded, State, Status};
use crate::model::document::Document;

/// A state of stack `lab` in which nothing is recorded.
pub(super) fn state(serial: u64) -> State {
    State { serial, ..State::empty("lab", "us-east-1", "lineage".to_owned(), "0.0.0") }
}

/// The state with a resource of which nothing is known.
pub(super) fn with(address: &str, state: State) -> State {
    let recorded = Recorded {
        status: Status::Ready,
        after: BTreeSet::new(),
        declared: Document::default(),
        attempted: Vec::new(),
        computed: Document::default(),
    };
    State { resources: BTreeMap::from([(address.parse().unwrap(), recorded)]).into(), ..state }
}

/// A line of a journal.
pub(super) fn note(seq: u64) -> JournalEntry {
    JournalEntry::Note { seq, address: "vpc.main".parse().unwrap(), record: None }
}
