//! What happens, told once: the contract between the runner and everything on screen.
//!
//! Events are owned, small and free of secrets by construction; renderers consume them and nothing else.

use std::collections::BTreeSet;
use std::time::Duration;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::cloud::clock_is_off;
use crate::engine::diff::FieldDiff;
pub use crate::engine::plan::{Counts, StepKey};
use crate::model::address::Address;
use crate::model::document::Document;
use crate::store::StoreError;

/// The version of the event schema; grows when an event changes its meaning.
pub const SCHEMA: u32 = 1;

/// One thing that happened.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Event {
    /// The version of the schema.
    pub schema: u32,
    /// When it happened, UTC.
    pub at: Timestamp,
    /// The stack it happened in.
    pub stack: String,
    /// The run it happened in; its log lines have the same id.
    pub run: String,
    /// Rises by one with every event of a run.
    pub seq: u64,
    /// What happened.
    pub kind: EventKind,
}

/// What happened.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum EventKind {
    /// A command began its work.
    RunStarted {
        /// `plan`, `apply`, `drift`, `destroy` …
        command: String,
        /// The stack.
        stack: String,
        /// Serial of the state it starts from.
        serial: u64,
    },
    /// Reading the cloud began.
    RefreshStarted {
        /// How many resources are looked for.
        total: usize,
    },
    /// Reading the cloud is over.
    RefreshFinished {
        /// How many are there.
        present: usize,
        /// How many are not.
        absent: usize,
        /// How many could not be read.
        unread: usize,
    },
    /// What may be there and was not found is looked for again after a pause: the cloud shows new objects late.
    LookingAgain {
        /// The resources that were not found yet.
        missing: Vec<Address>,
        /// Whether an interrupted run may have made them; otherwise they are recorded.
        interrupted: bool,
        /// Seconds of the cloud's time since the first look.
        waited_seconds: u64,
        /// Seconds of the cloud's time after which they count as not there.
        at_most_seconds: u64,
    },
    /// An object with our marks was taken into the record.
    Adopted {
        /// The resource.
        address: Address,
        /// Its id.
        id: String,
    },
    /// The record followed where an object stands; nothing was done in the cloud.
    Moved {
        /// Where it was recorded.
        from: Address,
        /// Where it stands.
        to: Address,
        /// Its id.
        id: String,
    },
    /// Something was changed outside this program.
    DriftFound {
        /// The resource.
        address: Address,
        /// Whether it is gone altogether.
        gone: bool,
        /// What differs.
        diffs: Vec<FieldDiff>,
    },
    /// There is a plan.
    PlanReady {
        /// How many resources of each action.
        counts: Counts,
        /// Seconds the longest chain usually takes.
        typical_seconds: u64,
    },
    /// The steps of the plan begin.
    ExecuteStarted {
        /// How many there are.
        steps: usize,
    },
    /// A step began; its intent is durable.
    StepStarted {
        /// The step.
        step: StepKey,
        /// Seconds it usually takes.
        typical_seconds: u64,
        /// Seconds it seldom takes longer than.
        p90_seconds: u64,
        /// Seconds that the longest chain behind it usually takes.
        behind_seconds: u64,
    },
    /// The cloud said something new of the object of a running step.
    StepWaiting {
        /// The step.
        step: StepKey,
        /// What it said.
        status: String,
        /// Milliseconds since the step began.
        elapsed_ms: u64,
    },
    /// A step is over.
    StepFinished {
        /// The step.
        step: StepKey,
        /// The id of the object, where there is one.
        id: Option<String>,
        /// Milliseconds it took.
        elapsed_ms: u64,
    },
    /// A step failed.
    StepFailed {
        /// The step.
        step: StepKey,
        /// What went wrong.
        error: StepFailure,
        /// Milliseconds it took.
        elapsed_ms: u64,
    },
    /// A step will not run.
    StepSkipped {
        /// The step.
        step: StepKey,
        /// The failed step it would have needed.
        because: StepKey,
    },
    /// Nothing new starts any more; what runs is awaited.
    Draining {
        /// Steps still running.
        running: usize,
    },
    /// What ran was left alone; intents are recorded.
    Abandoned {
        /// The steps without a result.
        unfinished: Vec<StepKey>,
    },
    /// The lockfile was written.
    StateWritten {
        /// Its serial.
        serial: u64,
    },
    /// The command is done.
    RunFinished {
        /// How it went.
        report: RunReport,
    },
}

/// What went wrong in a step.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StepFailure {
    /// What was being done; completes "could not …".
    pub doing: String,
    /// The cloud's error code.
    pub code: Option<String>,
    /// The cloud's words.
    pub message: String,
    /// The id under which the cloud knows the request.
    pub request_id: Option<String>,
}

impl StepFailure {
    /// Whether the cloud says that the clock of this machine is off.
    pub fn clock_is_off(&self) -> bool {
        clock_is_off(self.code.as_deref(), &self.message)
    }
}

/// How carrying out a plan went.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunReport {
    /// Steps that succeeded.
    pub succeeded: usize,
    /// Where an object was made, finished or not.
    #[serde(default)]
    pub made: BTreeSet<Address>,
    /// Steps that failed, and why.
    pub failed: Vec<(StepKey, StepFailure)>,
    /// Steps that were skipped because of a failed one.
    pub skipped: usize,
    /// Steps that were not begun because the run was stopped.
    pub not_started: usize,
    /// Steps that were left running when the run was abandoned.
    pub abandoned: Vec<StepKey>,
    /// Whether the cloud refused the credentials; then nothing new was started.
    #[serde(default)]
    pub credentials_refused: bool,
    /// Why the record could not be kept; then nothing new was started.
    pub record_lost: Option<RecordLost>,
    /// What was done and could not be recorded: this is the only copy.
    pub unrecorded: Vec<(StepKey, Document)>,
    /// Serial of the state afterwards.
    pub serial: u64,
    /// How long it took, in milliseconds.
    pub elapsed_ms: u64,
}

/// Why the record could not be kept to the end.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RecordLost {
    /// What went wrong.
    pub why: String,
    /// Whether the stack is no longer this run's: another run may work on it by now.
    #[serde(default)]
    pub taken_over: bool,
}

impl RecordLost {
    /// What an error of the store means for the record.
    pub(super) fn of(error: &StoreError) -> Self {
        let why = match std::error::Error::source(error) {
            Some(cause) => format!("{error}: {cause}"),
            None => error.to_string(),
        };
        Self { why, taken_over: matches!(error, StoreError::Lost { .. }) }
    }
}

impl RunReport {
    /// Whether everything that was planned was done.
    pub fn is_complete(&self) -> bool {
        self.failed.is_empty()
            && self.skipped == 0
            && self.not_started == 0
            && self.abandoned.is_empty()
            && self.record_lost.is_none()
    }
}

/// Takes events in.
pub trait Sink: Send {
    /// Takes one event in. A sink that fails keeps that to itself: it never stops a run.
    fn event(&mut self, event: &Event);
}

/// Whole milliseconds.
pub(crate) fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}
