//! One stack through many lives: the real runner and the real files over a simulated cloud that outlives every process.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use ppm_infra::cloud::Consent;
use ppm_infra::cloud::simulated::{ACCOUNT, Simulated, World};
use ppm_infra::engine::Request;
use ppm_infra::engine::check::check;
use ppm_infra::engine::plan::Plan;
use ppm_infra::engine::state::State;
use ppm_infra::model::address::Address;
use ppm_infra::model::resource::Catalog;
use ppm_infra::model::site::Site;
use ppm_infra::run::event::{RunReport, Sink};
use ppm_infra::run::{Blueprint, EventEmitter, RunError, Session, Stop, fix};
use ppm_infra::store::{FileStore, Store};
use tempfile::TempDir;

use super::bench::{REGION, brief, plan_knowing, session, settled};
use super::binary::Desk;
use super::cut::{Life, MortalCloud, MortalStore};
use super::memory::MemoryStore;

/// Where state lives from one life to the next.
enum Shelf {
    /// Files in memory, as real as they get without waiting for a disk.
    Folder(TempDir),
    /// Values.
    Memory(MemoryStore),
}

/// A stack, its cloud and its state.
pub(crate) struct Lab {
    pub(crate) cloud: Arc<Simulated>,
    shelf: Shelf,
    session: Session,
    stack: &'static str,
}

/// What one life did.
pub(crate) struct Lived {
    pub(crate) plan: Plan,
    pub(crate) report: RunReport,
}

/// What one process does: load, settle what is open, plan, carry out. `fresh` is the state of a stack that has none.
pub(crate) async fn process(
    session: &Session,
    store: Box<dyn Store>,
    fresh: State,
    blueprint: &dyn Blueprint,
    ask: &Request,
) -> Result<Lived, RunError> {
    let mut sinks: Vec<Box<dyn Sink>> = Vec::new();
    let mut events = EventEmitter::new(session, &mut sinks);
    let settled = settled(session, store, fresh, blueprint, &mut events).await?;
    let planned = plan_knowing(session, blueprint, settled.state(), ask, &mut events).await?;
    let consent = Consent { delete_data: ask.delete_data.clone(), skip_final_snapshot: true };
    let mut open = settled.open().await?;
    let report = open.carry_out("apply", (&planned, consent), |state| state, &mut events).await?;
    Ok(Lived { plan: planned.plan, report })
}

impl Lab {
    /// A lab whose state is in files.
    pub(crate) fn with_files(catalog: &Catalog, stack: &'static str) -> Self {
        let memory = std::path::Path::new("/dev/shm");
        let folder = if memory.is_dir() { tempfile::tempdir_in(memory) } else { tempfile::tempdir() };
        Self::of(catalog, stack, Shelf::Folder(folder.unwrap()))
    }

    /// A lab whose state is in memory.
    pub(crate) fn with_values(catalog: &Catalog, stack: &'static str) -> Self {
        Self::of(catalog, stack, Shelf::Memory(MemoryStore::new(catalog.clone(), false)))
    }

    fn of(catalog: &Catalog, stack: &'static str, shelf: Shelf) -> Self {
        let cloud = Arc::new(Simulated::new(catalog.clone(), Site::new(REGION, ACCOUNT), World::default()));
        let session = session(cloud.clone(), catalog);
        Self { cloud, shelf, session, stack }
    }

    fn store(&self) -> Box<dyn Store> {
        match &self.shelf {
            Shelf::Folder(folder) => Box::new(FileStore::new(folder.path(), self.stack, self.session.catalog.clone())),
            Shelf::Memory(store) => Box::new(store.clone()),
        }
    }

    /// Puts cloud and state where a rehearsal at a desk finds them.
    pub(crate) fn hand_over(&self, desk: &Desk) {
        desk.write("world.json", &serde_json::to_string(&self.cloud.world()).unwrap());
        let Shelf::Folder(folder) = &self.shelf else { panic!("values are in no files") };
        std::fs::create_dir_all(desk.path("state")).unwrap();
        for entry in std::fs::read_dir(folder.path()).unwrap() {
            let path = entry.unwrap().path();
            let name = path.file_name().unwrap().to_str().unwrap().to_owned();
            std::fs::copy(&path, desk.path("state").join(name)).unwrap();
        }
    }

    /// Parallelism of the lives from now on.
    pub(crate) fn parallelism(&mut self, steps: usize) {
        self.session.parallelism = steps;
    }

    fn fresh(&self) -> State {
        State::empty(self.stack, REGION, "0123456789abcdef0123456789abcdef".to_owned(), "0.0.0")
    }

    /// The state as it would be loaded now.
    pub(crate) async fn state(&self) -> State {
        self.store().load().await.unwrap().map_or_else(|| self.fresh(), |book| book.state)
    }

    /// Whether something begun has no result.
    pub(crate) async fn is_open(&self) -> bool {
        self.store().load().await.unwrap().is_some_and(|book| !book.open.is_empty())
    }

    /// One process: load, settle what is open, plan, carry out. Nothing if it died on the way.
    pub(crate) async fn live(
        &self,
        life: &Arc<Life>,
        blueprint: &dyn Blueprint,
        ask: &Request,
    ) -> Option<Result<Lived, RunError>> {
        let mut session = self.session.clone();
        session.stop = Stop::new();
        session.cloud = Arc::new(MortalCloud { life: life.clone(), cloud: self.cloud.clone() });
        let folder = match &self.shelf {
            Shelf::Folder(folder) => Some(folder.path().to_owned()),
            Shelf::Memory(_) => None,
        };
        let store = MortalStore { life: life.clone(), store: self.store(), folder };
        life.live(process(&session, Box::new(store), self.fresh(), blueprint, ask)).await
    }

    /// One process that takes back what it made when part of it fails; after how many effects that began. Nothing if it
    /// died on the way.
    pub(crate) async fn live_and_roll_back(&self, life: &Arc<Life>, blueprint: &dyn Blueprint) -> Option<usize> {
        let mut session = self.session.clone();
        session.stop = Stop::new();
        session.cloud = Arc::new(MortalCloud { life: life.clone(), cloud: self.cloud.clone() });
        let folder = match &self.shelf {
            Shelf::Folder(folder) => Some(folder.path().to_owned()),
            Shelf::Memory(_) => None,
        };
        let store = Box::new(MortalStore { life: life.clone(), store: self.store(), folder });
        let work = async {
            let mut sinks: Vec<Box<dyn Sink>> = Vec::new();
            let mut events = EventEmitter::new(&session, &mut sinks);
            let settled = settled(&session, store, self.fresh(), blueprint, &mut events).await.unwrap();
            let planned = settled.plan(&Request::default(), &mut events).await.unwrap();
            let before = settled.state().clone();
            let mut open = settled.open().await.unwrap();
            let done = open.carry_out("apply", (&planned, Consent::default()), |state| state, &mut events);
            let done = done.await.unwrap();
            let applied = life.effects().len();
            open.roll_back((&planned, &done), &before, &mut events).await;
            applied
        };
        life.live(work).await
    }

    /// One process that puts back what was recorded at these addresses. Nothing if it died on the way.
    pub(crate) async fn live_and_fix(
        &self,
        life: &Arc<Life>,
        blueprint: &dyn Blueprint,
        named: &BTreeSet<Address>,
    ) -> Option<Result<Lived, RunError>> {
        let mut session = self.session.clone();
        session.stop = Stop::new();
        session.cloud = Arc::new(MortalCloud { life: life.clone(), cloud: self.cloud.clone() });
        let folder = match &self.shelf {
            Shelf::Folder(folder) => Some(folder.path().to_owned()),
            Shelf::Memory(_) => None,
        };
        let store = Box::new(MortalStore { life: life.clone(), store: self.store(), folder });
        let work = async {
            let mut sinks: Vec<Box<dyn Sink>> = Vec::new();
            let mut events = EventEmitter::new(&session, &mut sinks);
            let settled = settled(&session, store, self.fresh(), blueprint, &mut events).await?;
            let planned = fix(&session, blueprint, settled.state(), named, &mut events).await?;
            let mut open = settled.open().await?;
            let report = open.carry_out("fix", (&planned, Consent::default()), |state| state, &mut events).await?;
            Ok(Lived { plan: planned.plan, report })
        };
        life.live(work).await
    }

    /// One process that lives as long as it likes, with another store around the one there is.
    pub(crate) async fn live_with(
        &self,
        around: impl FnOnce(Box<dyn Store>) -> Box<dyn Store>,
        blueprint: &dyn Blueprint,
        ask: &Request,
    ) -> Result<Lived, RunError> {
        let session = Session { stop: Stop::new(), ..self.session.clone() };
        process(&session, around(self.store()), self.fresh(), blueprint, ask).await
    }

    /// One whole process that must do all it plans.
    pub(crate) async fn finish(&self, blueprint: &dyn Blueprint, ask: &Request) -> Lived {
        let lived = self.live(&Life::whole(), blueprint, ask).await.unwrap().unwrap();
        assert!(lived.report.is_complete(), "{:#?}\n{:#?}", lived.report, brief(&lived.plan));
        lived
    }

    /// Nothing is there that is not recorded, nothing is recorded that is not there, and nothing is left to do.
    pub(crate) async fn assert_converged(&self, blueprint: &dyn Blueprint, ask: &Request) {
        let life = Life::whole();
        let lived = self.live(&life, blueprint, ask).await.unwrap().unwrap();
        assert!(!lived.plan.has_changes(), "nothing is left to do: {:#?}", brief(&lived.plan));
        assert!(lived.plan.drift.is_empty(), "nothing has moved: {:#?}", lived.plan.drift);
        assert_eq!(life.effects(), [], "a run with nothing to do leaves nothing behind");
        self.assert_inventory().await;
    }

    /// The lockfile is the inventory.
    pub(crate) async fn assert_inventory(&self) {
        let state = self.state().await;
        assert_eq!(check(&state, &self.session.catalog), Vec::new(), "the state is sound");
        let recorded: BTreeMap<(String, String), String> = state
            .resources
            .iter()
            .map(|(address, recorded)| {
                let id = recorded.computed.text("id").unwrap().to_owned();
                ((address.kind.to_string(), id), address.to_string())
            })
            .collect();
        let there: BTreeMap<(String, String), String> = self
            .cloud
            .world()
            .objects
            .values()
            .map(|object| {
                let id = object.computed.text("id").unwrap().to_owned();
                ((object.mark.address.kind.to_string(), id), object.mark.address.to_string())
            })
            .collect();
        let without = |all: &BTreeMap<(String, String), String>, others: &BTreeMap<(String, String), String>| {
            let rest = all.iter().filter(|(id, _)| !others.contains_key(*id));
            rest.map(|((_, id), address)| format!("{address} {id}")).collect::<Vec<_>>()
        };
        assert_eq!(without(&there, &recorded), [""; 0], "nothing is there that is not recorded");
        assert_eq!(without(&recorded, &there), [""; 0], "nothing is recorded that is not there");
        let old: BTreeSet<String> = state.deposed.keys().map(ToString::to_string).collect();
        assert_eq!(old, BTreeSet::new(), "no old object is left");
    }
}
