//! What `drift` knows of earlier runs and leaves for later ones, and `drift history`.

use std::collections::{BTreeMap, BTreeSet};
use std::mem;
use std::sync::{Arc, Mutex, PoisonError};

use jiff::Timestamp;

use super::args::{Common, DriftArgs, HistoryArgs};
use super::failure::Failure;
use super::notify::{Notices, Told};
use super::{exit, out, show, workplace};
use crate::described::judge::Deviation;
use crate::described::look::Baseline;
use crate::engine::plan::{Plan, StepKey};
use crate::engine::state::State;
use crate::model::address::Address;
use crate::model::causes::in_one_line;
use crate::model::finding::Finding;
use crate::report::{Goal, Page};
use crate::run::event::{Event, EventKind, RunReport, Sink};
use crate::run::since::{FORMAT, RunBaseline, RunChanges, RunEntry, RunHistory, RunKind, RunOutcome, Since, StepTime};
use crate::run::{Extra, Host, LookScope, PutRightReport, Session, WhoReport, experience};
use crate::store::StoreError;
use crate::store::home::Home;
use workplace::Declaration;

/// Five days of runs every six hours; in a bucket each is a call.
const LATELY: usize = 20;

/// Thirty days of hourly runs, which is how long an object may be left alone after it was put right.
const SINCE: usize = 720;

/// What is known of earlier runs. What cannot be read is told and changes nothing else.
pub(super) struct Memory {
    history: RunHistory,
    /// When this run began.
    began: Timestamp,
}

/// What a look for drift found out, as far as it is told or remembered.
pub(super) struct Looked<'a> {
    /// What was looked at.
    pub(super) declaration: &'a Declaration,
    /// Its account.
    pub(super) account: &'a str,
    /// Serial of the state it saw; 0 if nothing was ever applied.
    pub(super) serial: u64,
    /// How it ended.
    pub(super) outcome: RunOutcome,
    /// How many objects it looked at.
    pub(super) objects: usize,
    /// Which.
    pub(super) scope: &'a LookScope,
    /// How many more are recorded.
    pub(super) left_out: usize,
    /// What it found.
    pub(super) findings: Vec<Finding>,
    /// What it found as well, and somebody answers for.
    pub(super) waived: Vec<Finding>,
    /// Who made it.
    pub(super) who: &'a WhoReport,
    /// What is to be remembered of members without a fixed default.
    pub(super) baselines: &'a BTreeMap<Address, Baseline>,
    /// What was put right by itself.
    pub(super) put_right: &'a PutRightReport,
}

impl Memory {
    /// What the last run left.
    pub(super) async fn recall(home: &Home, began: Timestamp) -> Self {
        let history = home.runs_since(RunKind::Drift, began).await.unwrap_or_else(|error| {
            warn("the last run is not known, so this one is compared with none", &error);
            RunHistory::default()
        });
        told(&history);
        Self { history, began }
    }

    /// The last run.
    pub(super) fn last(&self) -> Option<&RunEntry> {
        self.history.entries.iter().rfind(|entry| entry.kind == RunKind::Drift)
    }

    /// The runs since this time, the oldest first.
    pub(super) async fn since(&self, home: &Home, from: Timestamp) -> Vec<RunEntry> {
        let all = home.runs(None, SINCE, self.began).await.unwrap_or_default().entries;
        all.into_iter().filter(|entry| entry.at >= from).collect()
    }

    /// The last runs, the oldest first: as many as it takes to see since when most things have been there. One that cannot be
    /// read was told before.
    pub(super) async fn lately(&self, home: &Home) -> Vec<RunEntry> {
        home.runs(None, LATELY, self.began).await.unwrap_or_default().entries
    }

    /// What earlier runs remembered of members without a fixed default, of objects that we did not change since.
    pub(super) fn baselines(&self) -> BTreeMap<Address, Baseline> {
        let remembered = self.last().and_then(|last| last.baseline.as_ref()).into_iter().flatten();
        let since = self.history.entries.iter().rev().take_while(|entry| entry.kind != RunKind::Drift);
        let changed: BTreeSet<&Address> = since.flat_map(|entry| &entry.steps).map(|one| &one.step.address).collect();
        let known = remembered.filter_map(|(address, one)| Some((address.parse::<Address>().ok()?, one.clone())));
        known.filter(|(address, _)| !changed.contains(address)).collect()
    }

    /// Tells those who are to be told, and leaves this run for later ones, unless that is not wanted. What does not arrive
    /// or cannot be written is said.
    pub(super) async fn end(
        &self,
        home: &Home,
        (args, notices): (&DriftArgs, &Notices),
        session: &Session,
        looked: Looked<'_>,
    ) {
        let at = session.host.now();
        let [findings, waived] = [&looked.findings, &looked.waived].map(|all| all.iter().collect::<Vec<&Finding>>());
        let since = Since::of(looked.scope, &findings, &waived, self.last(), at);
        let stack = &looked.declaration.stack;
        let message = Told {
            stack: stack.stack.as_str(),
            region: stack.region.as_str(),
            account: looked.account,
            at,
            findings: &findings,
            since: &since,
            left_out: looked.left_out,
            who: looked.who,
            put_right: looked.put_right,
        };
        let notices = notices.tell(session, &message, self.last().map(|last| &last.notices)).await;
        // Of a stack that was never applied there is nothing to remember, and no folder to put it in.
        if args.no_record || looked.serial == 0 {
            return;
        }
        let entry = RunEntry {
            format: FORMAT,
            run: session.run.as_str().to_owned(),
            at,
            kind: RunKind::Drift,
            tool: env!("CARGO_PKG_VERSION").to_owned(),
            serial: looked.serial,
            outcome: looked.outcome,
            elapsed_ms: u64::try_from(at.duration_since(self.began).as_millis()).unwrap_or_default(),
            looked_at: looked.objects,
            only: looked.scope.only().cloned(),
            changes: since.changes(),
            findings: since.remembered(),
            steps: Vec::new(),
            taken_away: Vec::new(),
            put_right: looked.put_right.done.iter().map(ToString::to_string).collect(),
            baseline: Some(self.remembered(&looked)),
            notices,
        };
        if let Err(error) = home.add_run(&entry).await {
            warn("this run is not recorded, so the next one compares with an earlier one", &error);
        }
    }
}

impl Memory {
    /// Leaves for later runs that what is there now is what these are to be compared with.
    pub(super) async fn accept(
        &self,
        home: &Home,
        session: &Session,
        accepted: &[Deviation],
    ) -> Result<(), StoreError> {
        let Some(last) = self.last().filter(|_| !accepted.is_empty()) else { return Ok(()) };
        let mut entry = RunEntry { run: session.run.as_str().to_owned(), at: session.host.now(), ..last.clone() };
        let baseline = entry.baseline.get_or_insert_default();
        for one in accepted {
            let now = one.remember.clone().unwrap_or_default();
            baseline.entry(one.address.to_string()).or_default().insert(one.key(), now);
        }
        home.add_run(&entry).await
    }

    /// What was remembered before, and what this look saw first. An object that was not seen now keeps what was known of it;
    /// one that was put right since is seen anew.
    fn remembered(&self, looked: &Looked<'_>) -> RunBaseline {
        let before = self.baselines();
        let all =
            before.iter().chain(looked.baselines).filter(|(address, _)| !looked.put_right.done.contains(*address));
        let all = all.map(|(address, one)| (address.to_string(), one.clone()));
        all.filter(|(_, one)| !one.is_empty()).collect()
    }
}

/// Leaves a run that carried out a plan for later ones: how long its steps took, and that what is seen of their objects from
/// now on is what is expected. What cannot be written is said.
pub(super) async fn leave(
    home: &Home,
    session: &Session,
    (goal, objects): (Goal, usize),
    report: &RunReport,
    steps: Vec<StepTime>,
) {
    record(home, entry_of(session, (goal, objects), report, steps)).await;
}

/// Leaves a run that took away what was not ours.
pub(super) async fn leave_taken_away(home: &Home, session: &Session, state: &State, extras: &[Extra], is_all: bool) {
    let report = RunReport { serial: state.serial, ..RunReport::default() };
    let entry = entry_of(session, (Goal::Converge, state.resources.len()), &report, Vec::new());
    let taken_away = extras.iter().map(|one| format!("{} {}", one.address, one.name)).collect();
    let outcome = if is_all { RunOutcome::Done } else { RunOutcome::Failed };
    record(home, RunEntry { outcome, taken_away, ..entry }).await;
}

fn entry_of(session: &Session, (goal, objects): (Goal, usize), report: &RunReport, steps: Vec<StepTime>) -> RunEntry {
    RunEntry {
        format: FORMAT,
        run: session.run.as_str().to_owned(),
        at: session.host.now(),
        kind: run_kind(goal),
        tool: env!("CARGO_PKG_VERSION").to_owned(),
        serial: report.serial,
        outcome: if report.is_complete() { RunOutcome::Done } else { RunOutcome::Failed },
        elapsed_ms: report.elapsed_ms,
        looked_at: objects,
        only: None,
        changes: RunChanges::default(),
        findings: Vec::new(),
        steps,
        taken_away: Vec::new(),
        put_right: Vec::new(),
        baseline: None,
        notices: BTreeMap::new(),
    }
}

const fn run_kind(goal: Goal) -> RunKind {
    match goal {
        Goal::Converge => RunKind::Apply,
        Goal::Destroy => RunKind::Destroy,
    }
}

async fn record(home: &Home, entry: RunEntry) {
    if let Err(error) = home.add_run(&entry).await {
        warn("this run is not recorded, so drift may tell as somebody's what it changed", &error);
    }
}

/// Takes down how many milliseconds each step took that ended well.
#[derive(Clone, Debug, Default)]
pub(super) struct StepTimes(Arc<Mutex<Vec<(StepKey, u64)>>>);

impl StepTimes {
    /// Those of the steps of `plan` that were taken down.
    pub(super) fn taken(&self, session: &Session, plan: &Plan) -> Vec<StepTime> {
        let taken = mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner));
        taken.into_iter().map(|(step, elapsed_ms)| session.step_time(plan, step, elapsed_ms)).collect()
    }
}

/// How many of the last runs tell how long steps take.
const EXPERIENCED: usize = 5;

/// The session, with what earlier runs have shown of how long steps take. What cannot be read is not told: it would only
/// have made an estimate better.
pub(super) async fn experienced(session: Session, common: &Common, declaration: &Declaration, goal: Goal) -> Session {
    let Ok(home) = workplace::home(common, declaration) else { return session };
    let kind = run_kind(goal);
    let history = home.runs(Some(kind), EXPERIENCED, session.host.now()).await.unwrap_or_default();
    Session { experience: experience(history.entries.iter().flat_map(|entry| &entry.steps)), ..session }
}

impl Sink for StepTimes {
    fn event(&mut self, event: &Event) {
        if let EventKind::StepFinished { step, elapsed_ms, .. } = &event.kind {
            self.0.lock().unwrap_or_else(PoisonError::into_inner).push((step.clone(), *elapsed_ms));
        }
    }
}

/// Says what went wrong beside the run.
fn warn(what: &str, error: &StoreError) {
    out::note(&format!("warning: {what}: {}\n", in_one_line(error)));
}

/// Says what of the history is passed over.
fn told(history: &RunHistory) {
    for problem in &history.problems {
        out::note(&format!("warning: {problem}\n"));
    }
}

/// Lists the runs that were recorded, or shows since when something is there.
pub(super) async fn history(common: &Common, args: &HistoryArgs) -> Result<u8, Failure> {
    let declaration = Declaration::load(args.file.as_deref())?;
    let home = workplace::home(common, &declaration)?;
    let history = home.runs(None, args.limit, Host::system().now()).await?;
    told(&history);
    let stack = declaration.stack.stack.as_str();
    let page = match &args.what {
        None => Page::of_runs(stack, &history),
        Some(what) => Page::of_finding(stack, what, &history),
    };
    show::page(common, &page);
    Ok(exit::DONE)
}
