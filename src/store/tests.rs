//! States and entries for the tests of every store.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

use crate::engine::state::{JournalEntry, Recorded, State, Status};
use crate::model::document::Document;
use crate::store::runs::{FORMAT, RunChanges, RunEntry, RunFinding, RunKind, RunOutcome};

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

fn at(hour: i64) -> Timestamp {
    Timestamp::from_second(1_780_000_000 + hour * 3600).unwrap()
}

/// An entry of a run that found something at this hour.
pub(super) fn run_entry(hour: i64) -> RunEntry {
    let finding = RunFinding {
        id: "drift.changed".to_owned(),
        subject: "database.main backup_days".to_owned(),
        address: Some("database.main".to_owned()),
        value: "0123456789abcdef".to_owned(),
        severity: "warning".to_owned(),
        what: "recorded 7, found 1 \u{2713}".to_owned(),
        first_seen: at(0),
        taken_over: false,
        waived: false,
    };
    RunEntry {
        format: FORMAT,
        run: format!("{hour:08x}"),
        at: at(hour),
        kind: RunKind::Drift,
        tool: "0.0.0".to_owned(),
        serial: 3,
        outcome: RunOutcome::Drifted,
        elapsed_ms: 1200,
        looked_at: 46,
        only: None,
        changes: RunChanges { new: 1, ..RunChanges::default() },
        findings: vec![finding],
        steps: Vec::new(),
        taken_away: Vec::new(),
        put_right: Vec::new(),
        baseline: None,
        notices: BTreeMap::new(),
    }
}
