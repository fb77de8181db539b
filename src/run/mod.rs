//! Floor 4: the imperative shell. Plan, apply, destroy and drift as short functions over the pure parts below.
//!
//! Promises: planning and looking for drift change nothing, not even a file; applying does exactly what was planned.

mod about;
mod adopt;
mod apply;
mod census;
mod diary;
pub mod event;
mod execute;
mod experience;
mod extras;
mod fix;
mod follow;
mod foreign;
mod host;
mod ledger;
mod lock;
mod look;
mod prospect;
mod put_right;
mod rebuild;
mod recover;
mod refresh;
mod rollback;
mod rotate;
mod scope;
mod session;
pub mod since;
mod standing;
pub mod status;
mod waived;
mod who;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use jiff::Timestamp;

pub use about::{about, watched};
pub use adopt::{AdoptError, Adoption, examine};
pub use census::{Unrecorded, leftovers};
pub use execute::PARALLELISM;
pub use experience::experience;
pub use extras::{Departure, Extra, take_away};
pub use fix::{FixError, fix};
pub use follow::follow;
pub use host::{Host, RunId, Stop};
pub use ledger::Ledger;
pub use lock::{Notice, Taker, locked};
pub use look::{DriftReport, Look, LookBasis, drift, look};
pub use prospect::{Outcome, Prospect, Prospects};
pub use put_right::{DriftedObject, LeftReason, PutRightChoice, PutRightReport, choose};
pub use rebuild::{Rebuilt, rebuild};
pub use rollback::RolledBack;
use rollback::roll_back;
pub use rotate::{Rotated, Rotation, finish_rotation, rotate};
pub use scope::LookScope;
pub use session::{Open, Settled};
pub use waived::{Unanswered, Waived, WaivedDrift};
pub use who::{LookedUp, WhoReport, who};

use crate::cloud::{Cloud, CloudError};
use crate::engine::durations::{Durations, Experience};
use crate::engine::forecast::Forecaster;
use crate::engine::plan::{Drift, Plan};
use crate::engine::state::{Recorded, State};
use crate::engine::{self, PlanError, Request};
use crate::model::address::Address;
use crate::model::facts::{FactQuery, Facts};
use crate::model::finding::{Check, Finding, Severity};
use crate::model::observation::Observation;
use crate::model::resource::{Catalog, Node};
use crate::model::surroundings::{Questions, Surroundings};
use crate::store::StoreError;
use event::{Event, EventKind, SCHEMA, Sink};
use standing::PlanInputs;

/// What a declaration gives to the runner.
pub trait Blueprint: Send + Sync {
    /// What must be asked of the cloud first, given what is recorded.
    fn questions(&self, state: &State) -> Questions;
    /// The resources that are wanted.
    fn nodes(&self, surroundings: &Surroundings, state: &State) -> BTreeMap<Address, Node>;
    /// The account it may be applied to, if it names one.
    fn account(&self) -> Option<String>;
    /// Gives the state of a run that ended its last touch: what the stack publishes, and where it was declared.
    fn publish(&self, _state: &mut State) {}
    /// What the checks have to know of things that are not the stack's own.
    fn fact_query(&self, _surroundings: &Surroundings, _state: &State, _ask: &Request) -> FactQuery {
        FactQuery::default()
    }
    /// Judges the plan by what is known before anything is written.
    fn checks(&self, _known: &CheckInputs<'_>) -> Vec<Check> {
        Vec::new()
    }
}

/// Everything that is known when a plan is checked.
#[derive(Clone, Copy, Debug)]
pub struct CheckInputs<'a> {
    /// The account and region.
    pub surroundings: &'a Surroundings,
    /// Facts of things that are not the stack's own.
    pub facts: &'a Facts,
    /// What is recorded, and what was found and settles what the declaration leaves open.
    pub state: &'a State,
    /// What is there, declared or recorded.
    pub observed: &'a BTreeMap<Address, Observation>,
    /// What will be done.
    pub plan: &'a Plan,
    /// What was asked beside the declaration.
    pub ask: &'a Request,
    /// What tells how long it takes.
    pub forecaster: &'a Forecaster,
    /// The time of the plan.
    pub now: Timestamp,
}

/// Everything a run needs that does not depend on the command.
#[derive(Clone)]
pub struct Session {
    /// The stack that is worked on.
    pub stack: String,
    /// Which run this is.
    pub run: RunId,
    /// The cloud.
    pub cloud: Arc<dyn Cloud>,
    /// The facts of every kind.
    pub catalog: Catalog,
    /// Clock and fresh ids.
    pub host: Host,
    /// The wish to stop.
    pub stop: Stop,
    /// How many steps may run at the same time.
    pub parallelism: usize,
    /// How many times faster than real time the cloud is.
    pub time_scale: f64,
    /// How long the steps of earlier runs of this stack took.
    pub experience: Experience,
}

impl Session {
    /// What is known of how long steps take.
    pub fn durations(&self) -> Durations<'_> {
        Durations { catalog: &self.catalog, experience: &self.experience }
    }
}

/// Why a run could not be made. Nothing was changed.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// The cloud could not be asked.
    #[error(transparent)]
    Cloud(#[from] CloudError),
    /// There is no plan.
    #[error(transparent)]
    Plan(#[from] PlanError),
    /// There is no plan, and what is worth knowing of what it is about may lead on.
    #[error("{error}")]
    Noted {
        /// Why there is no plan.
        error: Box<PlanError>,
        /// What is worth knowing.
        notes: Vec<String>,
    },
    /// State could not be read or written.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// An object cannot be taken over.
    #[error(transparent)]
    Adopt(#[from] AdoptError),
    /// What was recorded cannot be put back by itself.
    #[error(transparent)]
    Fix(#[from] FixError),
    /// The credentials belong to another account.
    #[error("the credentials belong to account {found}; {told_by} names {expected}")]
    Account {
        /// The account we are in.
        found: String,
        /// The account we should be in.
        expected: String,
        /// Who says so.
        told_by: ToldBy,
    },
    /// Checks failed: carrying the plan out would fail too.
    #[error("{}, so the plan cannot be carried out", failed_checks(.0))]
    Checks(Vec<Finding>),
    /// Somebody asked to stop.
    #[error("stopped")]
    Stopped,
}

/// What names the account that a run belongs in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ToldBy {
    /// The declaration.
    Declaration,
    /// The lockfile.
    Lockfile,
}

impl std::fmt::Display for ToldBy {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Declaration => "the declaration",
            Self::Lockfile => "the lockfile",
        })
    }
}

/// Gives events their time, number, stack and run, and hands them to every sink.
pub struct EventEmitter<'a> {
    session: &'a Session,
    sinks: &'a mut [Box<dyn Sink>],
}

impl<'a> EventEmitter<'a> {
    /// Emits events of this run to `sinks`.
    pub fn new(session: &'a Session, sinks: &'a mut [Box<dyn Sink>]) -> Self {
        Self { session, sinks }
    }

    /// Emits one event.
    pub fn emit(&mut self, kind: EventKind) {
        diary::event(&kind);
        // What nobody is told has no number.
        if self.sinks.is_empty() {
            return;
        }
        let Session { stack, run, host, .. } = self.session;
        let (stack, run, seq) = (stack.clone(), run.as_str().to_owned(), run.next());
        let event = Event { schema: SCHEMA, at: host.now(), stack, run, seq, kind };
        for sink in self.sinks.iter_mut() {
            sink.event(&event);
        }
    }
}

/// A plan and what it was made from.
#[derive(Clone, Debug)]
pub struct Planned {
    /// The plan.
    pub plan: Plan,
    /// The account and region it was made in.
    pub surroundings: Surroundings,
    /// What tells how long it takes, and what makes it long.
    pub forecaster: Forecaster,
    /// How it stood up to every check.
    pub checks: Vec<Check>,
    /// What becomes an old object by a move.
    pub given_way: Vec<GivenWay>,
}

/// What becomes an old object by a move, as it was found: it is removed before what it really points at, which its record
/// may not tell.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GivenWay {
    /// After how many of the plan's moves it is recorded as it was found.
    pub after: usize,
    /// Where it stands until then.
    pub address: Address,
    /// Its record, as it was found.
    pub found: Recorded,
}

impl Planned {
    /// Refuses what a check has shown to be certain to fail.
    ///
    /// # Errors
    /// [`RunError::Checks`] with what is wrong; nothing was changed.
    pub fn may_be_carried_out(&self) -> Result<(), RunError> {
        let all = self.checks.iter().flat_map(Check::counted);
        let wrong: Vec<Finding> = all.filter(|finding| finding.severity == Severity::Error).cloned().collect();
        if wrong.is_empty() { Ok(()) } else { Err(RunError::Checks(wrong)) }
    }
}

fn failed_checks(wrong: &[Finding]) -> String {
    let failed = wrong.iter().map(|finding| finding.id).collect::<BTreeSet<_>>().len();
    if failed == 1 { "1 check failed".to_owned() } else { format!("{failed} checks failed") }
}

/// Looks at the cloud and plans. Changes nothing.
///
/// # Errors
/// [`RunError`]; nothing was changed.
pub async fn plan(
    session: &Session,
    blueprint: &dyn Blueprint,
    state: &State,
    ask: &Request,
    events: &mut EventEmitter<'_>,
) -> Result<Planned, RunError> {
    let PlanInputs { surroundings, nodes, state, settling, observed, facts, returning, moved, given_way } =
        standing::settle(session, blueprint, state, ask, events).await?;
    let (plan, schedule) = match engine::plan_returning(&session.catalog, &nodes, &state, &observed, ask, &returning) {
        Err(PlanError::Foreign { foreign }) => {
            let foreign = foreign::looked_into(session, &nodes, &state, &surroundings, foreign).await?;
            return Err(PlanError::Foreign { foreign }.into());
        }
        Err(error @ PlanError::Protected { .. }) => return Err(noted(error, &observed)),
        planned => planned?,
    };
    let plan = Plan { moved, ..plan };
    diary::decisions(&plan);
    let schedule = schedule.learned(&plan, session.durations());
    let typical_seconds = schedule.longest_seconds();
    let forecaster = Forecaster::Steps(Box::new(schedule), session.parallelism);
    let checks = blueprint.checks(&CheckInputs {
        surroundings: &surroundings,
        facts: &facts,
        state: &settling,
        observed: &observed,
        plan: &plan,
        ask,
        forecaster: &forecaster,
        now: session.host.now(),
    });
    tell_drift(&plan.drift, events);
    events.emit(EventKind::PlanReady { counts: plan.counts(), typical_seconds });
    Ok(Planned { plan, surroundings, forecaster, checks, given_way })
}

/// A refusal for the sake of what is protected, with what is worth knowing of what began it.
fn noted(error: PlanError, observed: &BTreeMap<Address, Observation>) -> RunError {
    let PlanError::Protected { chain, .. } = &error else { return error.into() };
    let mut all = engine::notes(observed);
    let notes: Vec<String> = chain.iter().filter_map(|address| all.remove(address)).flatten().collect();
    if notes.is_empty() { error.into() } else { RunError::Noted { error: Box::new(error), notes } }
}

pub use recover::{foreseen, recover};

/// Who we are; refuses to work in another account than the declaration or the lockfile names.
async fn survey(
    session: &Session,
    questions: &Questions,
    declared: Option<String>,
    state: &State,
) -> Result<Surroundings, RunError> {
    let surroundings = stoppable(session, session.cloud.survey(questions)).await??;
    // A lockfile of which nothing stands belongs to nobody any more.
    let recorded = (!state.account.is_empty() && !state.is_empty()).then(|| state.account.clone());
    for (expected, told_by) in [(declared, ToldBy::Declaration), (recorded, ToldBy::Lockfile)] {
        if let Some(expected) = expected.filter(|expected| *expected != surroundings.account) {
            return Err(RunError::Account { found: surroundings.account, expected, told_by });
        }
    }
    Ok(surroundings)
}

/// Reading can be dropped at any time.
async fn stoppable<T>(session: &Session, work: impl Future<Output = T>) -> Result<T, RunError> {
    tokio::select! {
        biased;
        () = session.stop.drained() => Err(RunError::Stopped),
        done = work => Ok(done),
    }
}

fn tell_drift(drift: &BTreeMap<Address, Drift>, events: &mut EventEmitter<'_>) {
    for (address, drift) in drift {
        let (gone, diffs) = match drift {
            Drift::Gone => (true, Vec::new()),
            Drift::Moved(diffs) => (false, diffs.clone()),
        };
        events.emit(EventKind::DriftFound { address: address.clone(), gone, diffs });
    }
}
