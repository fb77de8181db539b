//! The run history: what each run leaves for those that follow, one entry each. `<stack>.runs.jsonl` in a folder, an
//! object for each below `<stack>.runs/` in a bucket.
//!
//! Promises: an entry is read whole or not at all, by the checksum of its line; one that is damaged is told and costs no
//! other and no run. Runs at the same time both leave theirs, without a lock of the stack. Nothing here decides what is done
//! to the stack: a history that is lost is told anew, and nothing else.
//!
//! Leaves to others what has changed since (`run`).

mod bucket;
mod folder;

use std::collections::{BTreeMap, BTreeSet};

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{StoreError, journal};
use crate::engine::plan::StepKey;
use crate::model::address::Address;

/// The format of entries this program writes.
pub const FORMAT: u32 = 1;

/// How many entries are kept: those of more than a year of hourly runs.
const KEPT: usize = 10_000;

/// How long an entry is kept: a year, and time to look back at it.
const KEPT_FOR: SignedDuration = SignedDuration::from_hours(400 * 24);

/// What was remembered of objects, by address and name.
pub type RunBaseline = BTreeMap<String, BTreeMap<String, Value>>;

/// One run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunEntry {
    /// Version of the format; one of a newer version is passed over.
    pub format: u32,
    /// The id of the run.
    pub run: String,
    /// When it ended.
    pub at: Timestamp,
    /// What it was.
    pub kind: RunKind,
    /// Version of the program.
    pub tool: String,
    /// Serial of the state it saw.
    pub serial: u64,
    /// How it ended.
    pub outcome: RunOutcome,
    /// How long it took, in milliseconds.
    pub elapsed_ms: u64,
    /// How many objects it looked at.
    pub looked_at: usize,
    /// Which objects, where those were not all that are recorded.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub only: Option<BTreeSet<Address>>,
    /// What differs from the run before.
    pub changes: RunChanges,
    /// What it found.
    pub findings: Vec<RunFinding>,
    /// Its steps that ended well.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub steps: Vec<StepTime>,
    /// What it took away that was not ours, by address and name.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub taken_away: Vec<String>,
    /// The addresses of what it put right without being asked.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub put_right: Vec<String>,
    /// What was remembered of objects.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub baseline: Option<RunBaseline>,
    /// Who was told, by the target without its secrets.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub notices: BTreeMap<String, NoticeRecord>,
}

/// What a run was.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RunKind {
    /// A look for drift.
    Drift,
    /// A plan that was carried out.
    Apply,
    /// A plan to delete everything that was carried out.
    Destroy,
}

impl RunKind {
    /// Its word in text and in JSON.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Drift => "drift",
            Self::Apply => "apply",
            Self::Destroy => "destroy",
        }
    }
}

/// How a run ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RunOutcome {
    /// Nothing drifted.
    InSync,
    /// Something drifted.
    Drifted,
    /// Something could not be read.
    Incomplete,
    /// Everything was done that was planned.
    Done,
    /// Something failed.
    Failed,
}

/// How many findings differ from the run before.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunChanges {
    /// Those that were not there.
    pub new: usize,
    /// Those whose value or severity was another.
    pub changed: usize,
    /// Those that are gone.
    pub resolved: usize,
}

/// One finding of a run, known by its id, its subject and its value.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunFinding {
    /// The id of what was found.
    pub id: String,
    /// What it is about, in words.
    pub subject: String,
    /// The resource it is about, if it is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub address: Option<String>,
    /// The first digits of the digest of what tells its value; empty where its words may differ each time.
    pub value: String,
    /// How bad it is, by its word.
    pub severity: String,
    /// What is the matter, in one sentence.
    pub what: String,
    /// When a run found it first, without a run between that did not.
    pub first_seen: Timestamp,
    /// Whether it was not looked for, because its object could not be read: it is taken over from the run before.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub taken_over: bool,
    /// Whether somebody answers for it, so that it was not counted.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub waived: bool,
}

/// How long a step took.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StepTime {
    /// The step.
    pub step: StepKey,
    /// In milliseconds of the cloud's time.
    pub elapsed_ms: u64,
    /// Which case of its verb it was, such as `update engine_version`; empty in entries of earlier versions.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub case: String,
}

/// What somebody was told.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct NoticeRecord {
    /// When the last notice arrived, of this run or an earlier one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub told_at: Option<Timestamp>,
    /// Whether what this run had to tell did not arrive.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub owed: bool,
    /// Why it did not, without secrets.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
}

/// What was read of the history.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RunHistory {
    /// The runs, the oldest first.
    pub entries: Vec<RunEntry>,
    /// What could not be read and is passed over, in one sentence each.
    pub problems: Vec<String>,
}

impl RunHistory {
    /// What was remembered of objects last.
    pub fn baseline(&self) -> Option<&RunBaseline> {
        self.entries.iter().rev().find_map(|entry| entry.baseline.as_ref())
    }

    /// Leaves the last entry of a kind and those after it; all where there is none of that kind.
    pub(super) fn since(mut self, last: RunKind) -> Self {
        let from = self.entries.iter().rposition(|entry| entry.kind == last).unwrap_or_default();
        self.entries.drain(..from);
        self
    }

    /// Leaves the newest entries, of one kind or of all.
    fn newest(mut self, of: Option<RunKind>, wanted: usize) -> Self {
        self.entries.retain(|entry| of.is_none_or(|kind| entry.kind == kind));
        let surplus = self.entries.len().saturating_sub(wanted);
        self.entries.drain(..surplus);
        self
    }
}

/// One line of a history.
enum HistoryLine {
    /// A run.
    Run(Box<RunEntry>),
    /// Of a program that writes another format.
    Newer(u64),
    /// Not whole.
    Damaged,
}

/// The text of an entry: a line as those of the journal.
fn line(entry: &RunEntry) -> String {
    journal::line(entry)
}

/// What a whole line holds, its end included.
fn read_line(raw: &[u8]) -> HistoryLine {
    #[derive(Deserialize)]
    struct Format {
        format: u64,
    }
    let Some(json) = journal::content(raw) else { return HistoryLine::Damaged };
    match (serde_json::from_str::<Format>(json), serde_json::from_str(json)) {
        (Ok(Format { format }), _) if format > u64::from(FORMAT) => HistoryLine::Newer(format),
        (Ok(_), Ok(entry)) => HistoryLine::Run(entry),
        _ => HistoryLine::Damaged,
    }
}

/// The lines in `bytes`, by their numbers. A torn last line was never written, and an empty one is what a run leaves that
/// found one.
fn lines(bytes: &[u8]) -> impl Iterator<Item = (usize, &[u8])> {
    let all = (1..).zip(bytes.split_inclusive(|byte| *byte == b'\n'));
    all.filter(|(_, raw)| raw.ends_with(b"\n") && raw.len() > 1)
}

/// The history in `bytes`; `place` is for what is told.
fn parse(place: &str, bytes: &[u8]) -> RunHistory {
    let mut history = RunHistory::default();
    for (number, raw) in lines(bytes) {
        match read_line(raw) {
            HistoryLine::Run(entry) => history.entries.push(*entry),
            HistoryLine::Newer(format) => history.problems.push(format!(
                "line {number} of {place} has format {format}, and this program knows formats up to {FORMAT}; it is passed over"
            )),
            HistoryLine::Damaged => {
                history.problems.push(format!("line {number} of {place} is damaged and is passed over"));
            }
        }
    }
    history
}

#[cfg(test)]
mod tests;
