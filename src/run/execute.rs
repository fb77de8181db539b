//! The one loop that owns state while a plan runs.
//!
//! Promises: the intent of a step is durable before its first call, the id of a new object before any wait, the result
//! before anything that depends on it; nothing is spawned that is not joined, but when the run is abandoned; a failed
//! step skips what depends on it and lets the rest finish. A step whose future is dropped by abandoning has its intent
//! on disk: the next run looks.

use std::collections::BTreeMap;
use std::sync::Arc;

use tokio::sync::mpsc;
use tokio::task::{Id, JoinSet};
use tokio::time::Instant;
use tracing::Instrument as _;

use super::event::{EventKind, RecordLost, RunReport, StepFailure, millis};
use super::ledger::Ledger;
use super::{EventEmitter, Session};
use crate::cloud::{Cloud, CloudError, Consent, Context, ErrorKind, StepReport};
use crate::engine::plan::{Action, Plan, StepKey, StepPart, Why};
use crate::engine::schedule::{Schedule, StepOutlook};
use crate::engine::state::{Intent, StepOutcome};
use crate::model::document::Document;
use crate::model::mark::Mark;
use crate::model::reference::{RefTarget, map_references};
use crate::model::resource::Known;
use crate::model::surroundings::Surroundings;

/// What a step does, with everything it needs.
enum Work {
    Create(Document),
    Update(Known, Document),
    Delete(Known),
}

/// Takes the steps of a plan. The ledger holds everything that happened; closing it is the caller's.
pub(super) async fn execute(
    session: &Session,
    plan: &Plan,
    (surroundings, consent): (&Surroundings, Consent),
    ledger: &mut Ledger,
    events: &mut EventEmitter<'_>,
) -> RunReport {
    let (consent, surroundings) = (Arc::new(consent), Arc::new(surroundings.clone()));
    Execution { session, plan, ledger, events, consent, surroundings }.run().await
}

struct Execution<'a, 't> {
    session: &'a Session,
    plan: &'a Plan,
    ledger: &'a mut Ledger,
    events: &'a mut EventEmitter<'t>,
    consent: Arc<Consent>,
    surroundings: Arc<Surroundings>,
}

struct Running {
    step: StepKey,
    begin: u64,
    since: Instant,
    status: String,
}

type Done = Result<Option<Document>, CloudError>;

impl Execution<'_, '_> {
    async fn run(mut self) -> RunReport {
        let started = Instant::now();
        let schedule = Schedule::of(self.plan, self.ledger.state(), &self.session.catalog);
        let mut schedule = schedule.learned(self.plan, self.session.durations());
        let mut report = RunReport::default();
        let mut tasks: JoinSet<Done> = JoinSet::new();
        let mut running: BTreeMap<Id, Running> = BTreeMap::new();
        let (reports, mut inbox) = mpsc::unbounded_channel();
        let mut drain_told = false;
        self.events.emit(EventKind::ExecuteStarted { steps: schedule.len() });
        loop {
            if !self.session.stop.is_draining() {
                self.start(&mut schedule, &mut tasks, &mut running, &reports, &mut report).await;
            }
            if running.is_empty() {
                break;
            }
            tokio::select! {
                biased;
                () = self.session.stop.abandoned() => break,
                () = self.session.stop.drained(), if !drain_told => {
                    drain_told = true;
                    self.events.emit(EventKind::Draining { running: running.len() });
                }
                Some(first) = inbox.recv() => {
                    let mut all = vec![first];
                    while let Ok(next) = inbox.try_recv() {
                        all.push(next);
                    }
                    self.hear(all, &mut running, &mut report).await;
                }
                Some(first) = tasks.join_next_with_id() => {
                    let mut all = vec![first];
                    while let Some(next) = tasks.try_join_next_with_id() {
                        all.push(next);
                    }
                    let ended = all.into_iter().map(|joined| match joined {
                        Ok((id, done)) => (id, done),
                        Err(error) => (error.id(), Err(crashed(&error))),
                    });
                    let ended = ended
                        .map(|(id, done)| (running.remove(&id).expect("every task is listed while it runs"), done))
                        .collect();
                    self.settle(ended, &mut schedule, &mut report).await;
                }
            }
        }
        if self.session.stop.is_abandoned() && !running.is_empty() {
            tasks.abort_all();
            report.abandoned = running.into_values().map(|running| running.step).collect();
            report.abandoned.sort();
            self.events.emit(EventKind::Abandoned { unfinished: report.abandoned.clone() });
        }
        report.not_started = schedule.not_started().len();
        report.elapsed_ms = millis(started.elapsed());
        report
    }

    /// Starts every free step there is room for; their intents share one sync.
    async fn start(
        &mut self,
        schedule: &mut Schedule,
        tasks: &mut JoinSet<Done>,
        running: &mut BTreeMap<Id, Running>,
        reports: &mpsc::UnboundedSender<(Id, StepReport)>,
        report: &mut RunReport,
    ) {
        let mut batch = Vec::new();
        while running.len() + batch.len() < self.session.parallelism.max(1) {
            let Some(step) = schedule.start_next() else { break };
            match self.work(&step) {
                Some(work) => batch.push((step, work)),
                None => schedule.succeed(&step),
            }
        }
        if batch.is_empty() {
            return;
        }
        let intents: Vec<Intent> = batch.iter().map(|(step, _)| self.intent(step)).collect();
        let begins = match self.ledger.begin(intents.clone()).await {
            Ok(begins) => begins,
            Err(error) => return self.lose_record(&error, report),
        };
        let ids = self.ledger.index();
        for (((step, work), intent), begin) in batch.into_iter().zip(intents).zip(begins) {
            let StepOutlook { spread, behind_seconds } = schedule.outlook(&step);
            self.events.emit(EventKind::StepStarted {
                step: step.clone(),
                typical_seconds: spread.p50,
                p90_seconds: spread.p90,
                behind_seconds,
            });
            let cloud = self.session.cloud.clone();
            let (own_reports, mut own_inbox) = mpsc::unbounded_channel();
            let context = Context {
                ids: ids.clone(),
                mark: intent.mark,
                consent: self.consent.clone(),
                surroundings: self.surroundings.clone(),
                reports: own_reports,
                abandon: self.session.stop.abandon_token(),
                time_scale: self.session.time_scale,
            };
            let address = step.address.clone();
            let reports = reports.clone();
            let span = tracing::error_span!("step", %step);
            let handle = tasks.spawn(
                async move {
                    let own = tokio::task::id();
                    let forward = async move {
                        while let Some(told) = own_inbox.recv().await {
                            // The loop ends before its steps only when it is abandoned; nobody listens then.
                            let _ = reports.send((own, told));
                        }
                    };
                    let work = async move { perform(cloud.as_ref(), &address, work, context).await };
                    let ((), done) = tokio::join!(forward, work);
                    done
                }
                .instrument(span),
            );
            running.insert(handle.id(), Running { step, begin, since: Instant::now(), status: String::new() });
        }
    }

    fn intent(&self, step: &StepKey) -> Intent {
        let (declared, after) = match self.plan.wanted(step) {
            Some((declared, after)) => (Some(declared.clone()), after.clone()),
            None => (None, std::collections::BTreeSet::default()),
        };
        let mark = Mark {
            stack: self.plan.stack.clone(),
            address: step.address.clone(),
            attempt: self.session.host.fresh_id(),
        };
        let (vanished, replaced) = match (&step.part, self.plan.actions.get(&step.address)) {
            (StepPart::Create, Some(Action::Create { why, .. })) => (*why == Why::Vanished, None),
            (StepPart::Create, Some(Action::Replace { prior, .. })) => (false, Some(self.exact(&prior.declared))),
            _ => (false, None),
        };
        Intent { step: step.clone(), mark, declared, after, vanished, replaced }
    }

    /// What something that stands points at: by id where something else stands at that address by now.
    fn exact(&self, standing: &Document) -> Document {
        let now = &self.ledger.state().resources;
        let id = |computed: &Document| computed.text("id").map(str::to_owned);
        map_references(standing, &|target| {
            let RefTarget::Named(address) = target else { return None };
            let Some(Action::Replace { prior, .. }) = self.plan.actions.get(&address) else { return None };
            let was = id(&prior.computed)?;
            let is = now.get(&address).and_then(|recorded| id(&recorded.computed));
            (is.as_ref() != Some(&was)).then(|| RefTarget::Object(was.into()))
        })
    }

    /// What the step does; `None` if there is no old object after all, because the cloud gave the same one again.
    fn work(&self, step: &StepKey) -> Option<Work> {
        let state = self.ledger.state();
        let action = self.plan.actions.get(&step.address);
        let recorded = || state.resources[&step.address].known();
        Some(match &step.part {
            StepPart::Create => Work::Create(self.plan.wanted(step).expect("a create is planned").0.clone()),
            StepPart::Change { rung } => {
                let from = match action {
                    Some(Action::Update { prior, .. }) if *rung == 0 => prior.known(),
                    _ => recorded(),
                };
                Work::Update(from, self.plan.wanted(step).expect("a change is planned").0.clone())
            }
            // What was found there is removed, though it may have another name by now than what is recorded.
            StepPart::Delete => Work::Delete(match action {
                Some(Action::Delete { prior, .. } | Action::Replace { prior, .. }) => prior.known(),
                _ => recorded(),
            }),
            StepPart::DeleteDeposed { key } => {
                let old = state.deposed.get(&step.address)?;
                Work::Delete(old.iter().find(|old| old.key == *key)?.recorded.known())
            }
        })
    }

    async fn hear(&mut self, all: Vec<(Id, StepReport)>, running: &mut BTreeMap<Id, Running>, report: &mut RunReport) {
        let mut made = Vec::new();
        let mut steps = Vec::new();
        let mut answers = Vec::new();
        for (id, told) in all {
            let Some(step) = running.get_mut(&id) else { continue };
            match told {
                StepReport::Status(status) if status == step.status => {}
                StepReport::Status(status) => {
                    step.status.clone_from(&status);
                    let elapsed_ms = millis(step.since.elapsed());
                    self.events.emit(EventKind::StepWaiting { step: step.step.clone(), status, elapsed_ms });
                }
                StepReport::Made(computed, durable) => {
                    made.push((step.begin, computed.clone()));
                    steps.push((step.step.clone(), computed));
                    answers.push(durable);
                }
            }
        }
        match self.ledger.made(made).await {
            // A step that does not wait for the answer any more has ended; its result says more.
            Ok(()) => {
                for durable in answers {
                    let _ = durable.send(());
                }
            }
            Err(error) => {
                report.unrecorded.append(&mut steps);
                self.lose_record(&error, report);
            }
        }
    }

    async fn settle(&mut self, ended: Vec<(Running, Done)>, schedule: &mut Schedule, report: &mut RunReport) {
        // Where nobody knows whether there is an object now, the intent stays open: one has to look.
        let open = &self.ledger.book().open;
        let in_doubt = |running: &Running, done: &Done| {
            running.step.part == StepPart::Create
                && done.as_ref().is_err_and(|error| error.kind.leaves_doubt())
                && open[&running.begin].made.is_none()
        };
        let known = ended.iter().filter(|(running, done)| !in_doubt(running, done));
        let made = |running: &Running, done: &Done| {
            running.step.part == StepPart::Create && (done.is_ok() || open[&running.begin].made.is_some())
        };
        let all_made = ended.iter().filter(|(running, done)| made(running, done));
        report.made.extend(all_made.map(|(running, _)| running.step.address.clone()));
        let outcomes = known.map(|(running, done)| (running.begin, outcome(&running.step, done))).collect();
        if let Err(error) = self.ledger.end(outcomes).await {
            for (running, done) in &ended {
                if let Ok(Some(computed)) = done {
                    report.unrecorded.push((running.step.clone(), computed.clone()));
                }
            }
            self.lose_record(&error, report);
            return;
        }
        for (running, done) in ended {
            let elapsed_ms = millis(running.since.elapsed());
            let step = running.step;
            match done {
                Ok(computed) => {
                    schedule.succeed(&step);
                    report.succeeded += 1;
                    let id = computed.and_then(|computed| computed.text("id").map(str::to_owned));
                    self.events.emit(EventKind::StepFinished { step, id, elapsed_ms });
                }
                Err(error) => {
                    if error.kind == ErrorKind::Credentials {
                        // Whatever came next would be refused as well.
                        report.credentials_refused = true;
                        self.session.stop.drain();
                    }
                    let error = failure(error);
                    self.events.emit(EventKind::StepFailed { step: step.clone(), error: error.clone(), elapsed_ms });
                    for skipped in schedule.fail(&step) {
                        report.skipped += 1;
                        self.events.emit(EventKind::StepSkipped { step: skipped.step, because: skipped.because });
                    }
                    report.failed.push((step, error));
                }
            }
        }
    }

    /// Without a record nothing new may start; what runs is awaited, for it happens anyway.
    fn lose_record(&mut self, error: &crate::store::StoreError, report: &mut RunReport) {
        report.record_lost.get_or_insert_with(|| RecordLost::of(error));
        self.session.stop.drain();
    }
}

async fn perform(cloud: &dyn Cloud, at: &crate::model::address::Address, work: Work, cx: Context) -> Done {
    match work {
        Work::Create(want) => cloud.create(at, &want, &cx).await.map(Some),
        Work::Update(from, want) => cloud.update(at, &from, &want, &cx).await.map(Some),
        Work::Delete(known) => cloud.delete(at, &known, &cx).await.map(|()| None),
    }
}

fn outcome(step: &StepKey, done: &Done) -> StepOutcome {
    match (&step.part, done) {
        (_, Err(_)) => StepOutcome::Failed,
        (StepPart::Create | StepPart::Change { .. }, Ok(computed)) => {
            StepOutcome::Standing(computed.clone().expect("what makes or changes answers what was computed"))
        }
        (StepPart::Delete | StepPart::DeleteDeposed { .. }, Ok(_)) => StepOutcome::Gone,
    }
}

fn crashed(error: &tokio::task::JoinError) -> CloudError {
    CloudError::new(ErrorKind::Bug, "carry out the step", format!("it crashed: {error}"))
}

pub(super) fn failure(error: CloudError) -> StepFailure {
    StepFailure { doing: error.doing, code: error.code, message: error.message, request_id: error.request_id }
}

/// How many steps run at the same time when nobody says otherwise: what the rate limits of a quiet account bear.
pub const PARALLELISM: usize = 10;
