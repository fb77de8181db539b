//! A workbench: the real runner over the simulated cloud, with everything that happened to look at.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Debug;
use std::sync::{Arc, Mutex};

use ppm_infra::cloud::simulated::{ACCOUNT, Keep, Simulated, World};
use ppm_infra::cloud::{Cloud, Consent};
use ppm_infra::engine::check::check;
use ppm_infra::engine::durations::Experience;
use ppm_infra::engine::forecast::Forecaster;
use ppm_infra::engine::plan::{Action, Plan, StepKey};
use ppm_infra::engine::state::{Book, State};
use ppm_infra::engine::{PlanError, Request};
use ppm_infra::model::address::Address;
use ppm_infra::model::resource::{Catalog, Node};
use ppm_infra::model::site::Site;
use ppm_infra::model::surroundings::{Questions, Surroundings};
use ppm_infra::run::event::{Event, EventKind, RunReport, Sink};
use ppm_infra::run::{
    self, Blueprint, EventEmitter, Host, Planned, RolledBack, RunError, RunId, Session, Settled, Stop,
};
use ppm_infra::store::Store;
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::memory::MemoryStore;

/// Region of every workbench.
pub(crate) const REGION: &str = "us-east-1";

/// A session in which the same happens every time.
pub(crate) fn session(cloud: Arc<dyn Cloud>, catalog: &Catalog) -> Session {
    Session {
        stack: "ppm-prod".to_owned(),
        run: RunId::fresh(&Host::pinned(0)),
        cloud,
        catalog: catalog.clone(),
        host: Host::pinned(1),
        stop: Stop::new(),
        parallelism: run::PARALLELISM,
        time_scale: 1.0,
        experience: Experience::default(),
    }
}

/// The runner, a cloud and a store.
pub(crate) struct Bench {
    /// The cloud.
    pub(crate) cloud: Arc<Simulated>,
    /// The store.
    pub(crate) store: MemoryStore,
    /// What a run is given.
    pub(crate) session: Session,
    /// After how many things told the next run is wished to stop, and how often that is wished.
    pub(crate) stop_after: Option<(usize, u8)>,
    stack: &'static str,
    as_text: bool,
}

/// Plans as people do who read what they are told: what is gone for good is made anew on request.
pub(crate) async fn plan_knowing(
    session: &Session,
    blueprint: &dyn Blueprint,
    state: &State,
    ask: &Request,
    events: &mut EventEmitter<'_>,
) -> Result<Planned, RunError> {
    match run::plan(session, blueprint, state, ask, events).await {
        Err(RunError::Plan(PlanError::Lost { lost })) => {
            let replace = ask.replace.iter().chain(lost.keys()).cloned().collect();
            run::plan(session, blueprint, state, &Request { replace, ..ask.clone() }, events).await
        }
        planned => planned,
    }
}

/// The stack in `store`, with what an earlier process left open settled. `fresh` is the state of a stack that has none.
pub(crate) async fn settled<'a>(
    session: &'a Session,
    mut store: Box<dyn Store>,
    fresh: State,
    blueprint: &'a dyn Blueprint,
    events: &mut EventEmitter<'_>,
) -> Result<Settled<'a>, RunError> {
    let book = store.load().await?.unwrap_or_else(|| Book::of(fresh.clone()));
    Settled::settle(session, blueprint, (store, book), fresh, events).await
}

/// What happened in one run.
pub(crate) struct Ran {
    /// What was planned.
    pub(crate) plan: Plan,
    /// How carrying it out went.
    pub(crate) report: RunReport,
    /// What was told meanwhile.
    pub(crate) events: Vec<EventKind>,
}

impl Bench {
    /// A workbench for the stack of this name, with an empty cloud. With `as_text`, plans, states, journals and events
    /// must survive their text.
    pub(crate) fn new(catalog: &Catalog, stack: &'static str, as_text: bool) -> Self {
        let cloud = Arc::new(Simulated::new(catalog.clone(), Site::new(REGION, ACCOUNT), World::default()));
        let session = session(cloud.clone(), catalog);
        Self { cloud, store: MemoryStore::new(catalog.clone(), as_text), session, stop_after: None, stack, as_text }
    }

    /// Another workbench on which the same stands. `keep` is shown its cloud after each change.
    pub(crate) fn copy(&self, keep: Keep) -> Self {
        let catalog = &self.session.catalog;
        let cloud =
            Arc::new(Simulated::new(catalog.clone(), Site::new(REGION, ACCOUNT), self.cloud.world()).kept(keep));
        // With the same host: ids that were given stay given.
        let session = Session { cloud: cloud.clone(), stop: Stop::new(), ..self.session.clone() };
        Self { cloud, store: self.store.copy(), session, ..*self }
    }

    /// The state as it would be loaded now.
    pub(crate) fn state(&self) -> State {
        self.store.book().map_or_else(|| self.fresh(), |book| book.state)
    }

    fn fresh(&self) -> State {
        State::empty(self.stack, REGION, "0123456789abcdef0123456789abcdef".to_owned(), "0.0.0")
    }

    fn assert_is_its_text<T: PartialEq + Debug + Serialize + DeserializeOwned>(&self, value: &T) {
        if self.as_text {
            let text = serde_json::to_string(value).unwrap();
            assert_eq!(serde_json::from_str::<T>(&text).unwrap(), *value, "it is what its text says");
        }
    }

    /// Plans, changing nothing.
    pub(crate) async fn plan(&self, blueprint: &dyn Blueprint, ask: &Request) -> Result<Planned, RunError> {
        let mut sinks: Vec<Box<dyn Sink>> = Vec::new();
        let mut events = EventEmitter::new(&self.session, &mut sinks);
        let planned = plan_knowing(&self.session, blueprint, &self.state(), ask, &mut events).await?;
        self.assert_is_its_text(&planned.plan);
        Ok(planned)
    }

    /// Plans, where nothing may stand in the way.
    pub(crate) async fn planned(&self, blueprint: &dyn Blueprint) -> Plan {
        self.plan(blueprint, &Request::default()).await.unwrap().plan
    }

    /// Why there is no plan.
    pub(crate) async fn refused(&self, blueprint: &dyn Blueprint, ask: &Request) -> PlanError {
        match self.plan(blueprint, ask).await {
            Err(RunError::Plan(error)) => error,
            Err(error) => panic!("another error than of planning: {error}"),
            Ok(planned) => panic!("there is a plan: {:?}", planned.plan.counts()),
        }
    }

    /// One whole run, as a process would do it: load, settle what is open, plan, carry out.
    pub(crate) async fn run(&mut self, blueprint: &dyn Blueprint, ask: &Request) -> Ran {
        self.try_run(blueprint, ask).await.unwrap()
    }

    /// As [`Bench::run`], or why there is no plan.
    pub(crate) async fn try_run(&mut self, blueprint: &dyn Blueprint, ask: &Request) -> Result<Ran, RunError> {
        self.session.stop = Stop::new();
        let told = Recorder::default();
        let mut sinks: Vec<Box<dyn Sink>> = vec![Box::new(told.clone())];
        if let Some((after, wishes)) = self.stop_after.take() {
            sinks.push(Box::new(Stopper { after, wishes, stop: self.session.stop.clone() }));
        }
        let mut events = EventEmitter::new(&self.session, &mut sinks);
        let store = Box::new(self.store.clone());
        let settled = settled(&self.session, store, self.fresh(), blueprint, &mut events).await?;
        let planned = plan_knowing(&self.session, blueprint, settled.state(), ask, &mut events).await?;
        self.assert_is_its_text(&planned.plan);
        let consent = Consent { delete_data: ask.delete_data.clone(), skip_final_snapshot: true };
        let mut open = settled.open().await?;
        let report = open.carry_out("apply", (&planned, consent), |state| state, &mut events).await?;
        let events = std::mem::take(&mut *told.0.lock().unwrap());
        for event in &events {
            self.assert_is_its_text(event);
        }
        Ok(Ran { plan: planned.plan, report, events })
    }

    /// One whole run that fails somewhere, and what it made taken back.
    pub(crate) async fn run_and_roll_back(&mut self, blueprint: &dyn Blueprint) -> (Ran, RolledBack) {
        let before = self.state();
        let ran = self.run(blueprint, &Request::default()).await;
        assert!(!ran.report.failed.is_empty(), "something fails: {:#?}", brief(&ran.plan));
        let back = self.roll_back(blueprint, &ran, &before).await;
        (ran, back.expect("nothing is in doubt"))
    }

    /// What a run made since `before` taken back, unless that may not be done.
    pub(crate) async fn roll_back(&self, blueprint: &dyn Blueprint, ran: &Ran, before: &State) -> Option<RolledBack> {
        let surroundings = self.session.cloud.survey(&Questions::default()).await.unwrap();
        let planned = Planned {
            plan: ran.plan.clone(),
            surroundings,
            forecaster: Forecaster::default(),
            checks: Vec::new(),
            given_way: Vec::new(),
        };
        let mut sinks: Vec<Box<dyn Sink>> = Vec::new();
        let mut events = EventEmitter::new(&self.session, &mut sinks);
        let store = Box::new(self.store.clone());
        let settled = settled(&self.session, store, self.fresh(), blueprint, &mut events).await.unwrap();
        let mut open = settled.open().await.unwrap();
        open.roll_back((&planned, &ran.report), before, &mut events).await
    }

    /// One whole run that must do all it planned.
    pub(crate) async fn apply(&mut self, blueprint: &dyn Blueprint) -> Ran {
        self.apply_asking(blueprint, &Request::default()).await
    }

    /// One whole run that must do all it planned, asking for more.
    pub(crate) async fn apply_asking(&mut self, blueprint: &dyn Blueprint, ask: &Request) -> Ran {
        let ran = self.run(blueprint, ask).await;
        ran.assert_complete();
        ran
    }

    /// Everything there is is recorded, nothing else is, and the record is sound.
    pub(crate) fn assert_sound(&self) {
        let state = self.state();
        assert_eq!(check(&state, &self.session.catalog), Vec::new(), "the state is sound");
        let old = state.deposed.iter().flat_map(|(address, old)| old.iter().map(move |old| (address, &old.recorded)));
        let recorded: BTreeSet<(String, String)> = state
            .resources
            .iter()
            .chain(old)
            .map(|(address, recorded)| (address.kind.to_string(), recorded.computed.text("id").unwrap().to_owned()))
            .collect();
        for object in self.cloud.world().objects.values() {
            let id = object.computed.text("id").unwrap().to_owned();
            let kind = object.mark.address.kind.to_string();
            assert!(recorded.contains(&(kind, id)), "nobody knows of {:?}", object.mark);
        }
    }

    /// All that is declared stands, nothing else does, and planning again finds nothing to do and writes nothing.
    pub(crate) async fn assert_converged(&mut self, blueprint: &dyn Blueprint) {
        self.assert_sound();
        let state = self.state();
        assert!(state.deposed.is_empty(), "no old object is left: {:?}", state.deposed);
        assert_eq!(self.cloud.world().objects.len(), state.resources.len(), "what is there is what is recorded");
        let (calls, writes) = (self.cloud.writes().len(), self.store.writes());
        let ran = self.run(blueprint, &Request::default()).await;
        assert!(!ran.plan.has_changes(), "nothing is left to do: {:#?}", brief(&ran.plan));
        assert!(ran.plan.drift.is_empty(), "nothing has moved: {:#?}", ran.plan.drift);
        assert_eq!(self.cloud.writes().len(), calls, "a plan without changes makes no call that writes");
        assert_eq!(self.store.writes(), writes, "a plan without changes writes no state");
        assert_eq!(self.state(), state);
    }
}

/// What a plan does, a line for each address.
pub(crate) fn brief(plan: &Plan) -> BTreeMap<String, String> {
    let mut lines = BTreeMap::new();
    for (address, action) in &plan.actions {
        let line = match action {
            Action::NoOp { record: None } => continue,
            Action::NoOp { record: Some(record) } => format!("record {}", record.declared.canonical()),
            Action::Create { why, declared, .. } => format!("create, {why:?}: {}", declared.canonical()),
            Action::Update { why, declared, prior, .. } => {
                format!("update, {why:?}: {} -> {}", prior.declared.canonical(), declared.canonical())
            }
            Action::Replace { why, order, declared, prior, .. } => {
                format!("replace {order:?}, {why:?}: {} -> {}", prior.declared.canonical(), declared.canonical())
            }
            Action::Delete { why, prior } => format!("delete, {why:?}: {}", prior.declared.canonical()),
            Action::Forget { why } => format!("forget, {why:?}"),
        };
        lines.insert(address.to_string(), line);
    }
    for (address, id) in &plan.deposed {
        lines.insert(format!("{address} ({id})"), "old".to_owned());
    }
    lines
}

impl Ran {
    /// Everything that was planned was done.
    pub(crate) fn assert_complete(&self) {
        assert!(self.report.is_complete(), "{:#?}\n{:#?}", self.report, brief(&self.plan));
    }

    /// Place in time at which a step began.
    pub(crate) fn started(&self, step: &StepKey) -> Option<usize> {
        self.events.iter().position(|event| matches!(event, EventKind::StepStarted { step: s, .. } if s == step))
    }

    /// Place in time at which a step was done.
    pub(crate) fn finished(&self, step: &StepKey) -> Option<usize> {
        self.events.iter().position(|event| matches!(event, EventKind::StepFinished { step: s, .. } if s == step))
    }
}

#[derive(Clone, Default)]
struct Recorder(Arc<Mutex<Vec<EventKind>>>);

impl Sink for Recorder {
    fn event(&mut self, event: &Event) {
        self.0.lock().unwrap().push(event.kind.clone());
    }
}

/// Wishes to stop when so many things were told: once to drain, twice to leave at once.
struct Stopper {
    after: usize,
    wishes: u8,
    stop: Stop,
}

impl Sink for Stopper {
    fn event(&mut self, _: &Event) {
        if self.after == 0 {
            (0..self.wishes).for_each(|_| self.stop.more());
            self.wishes = 0;
        }
        self.after = self.after.saturating_sub(1);
    }
}

/// Nodes as they are, whatever is recorded.
#[derive(Clone, Debug, Default)]
pub(crate) struct Plain(pub(crate) BTreeMap<Address, Node>);

impl Blueprint for Plain {
    fn questions(&self, _: &State) -> Questions {
        Questions::default()
    }

    fn nodes(&self, _: &Surroundings, _: &State) -> BTreeMap<Address, Node> {
        self.0.clone()
    }

    fn account(&self) -> Option<String> {
        None
    }
}
