//! Looks for drift in the process of the tests: as many as one likes, with clients that wait as little as one likes.

use std::collections::BTreeMap;
use std::sync::Arc;

use ppm_infra::cloud::aws::Clients;
use ppm_infra::described::look::Baseline;
use ppm_infra::engine::state::State;
use ppm_infra::model::address::Address;
use ppm_infra::model::lifecycle::LifecycleDays;
use ppm_infra::resources::{Aws, catalog};
use ppm_infra::run::event::Sink;
use ppm_infra::run::{self, DriftReport, EventEmitter, Host, LookBasis, LookScope, RunError, Session};
use ppm_infra::store::{FileStore, Store as _};

use super::bench::session;
use super::binary::Desk;

/// What a look remembers, by object.
pub(crate) type Baselines = BTreeMap<Address, Baseline>;

/// What the lockfile of a stack holds.
#[derive(Clone)]
pub(crate) struct StackRecord(State);

impl StackRecord {
    /// Of the stack that was applied at a desk.
    pub(crate) async fn of(desk: &Desk) -> Self {
        let mut store = FileStore::new(&desk.path("state"), "ppm-prod", catalog());
        Self(store.load().await.unwrap().unwrap().state)
    }

    /// Looks as `drift` does; `baselines` is what an earlier look remembers. Waits of our own take next to no time.
    pub(crate) async fn look(&self, clients: Clients, baselines: &Baselines) -> Result<DriftReport, RunError> {
        let cloud = Arc::new(Aws::new(clients));
        let session = Session { host: Host::system(), time_scale: 1000.0, ..session(cloud, &catalog()) };
        let mut sinks: Vec<Box<dyn Sink>> = Vec::new();
        let mut events = EventEmitter::new(&session, &mut sinks);
        let basis = LookBasis { baselines, days: LifecycleDays::default() };
        run::look(&session, &self.0, &LookScope::Everything, basis, &mut events).await.map(|look| look.report)
    }
}

/// Nothing drifted, whatever could be read.
pub(crate) fn assert_no_drift(report: &DriftReport, what: &str) {
    assert!(report.drift.is_empty(), "{what}: {:#?}", report.drift);
    assert!(report.foreign.is_empty(), "{what}: {:#?}", report.foreign);
    let told: Vec<_> = report.deviations.iter().filter(|one| one.is_drift()).collect();
    assert!(told.is_empty(), "{what}: {told:#?}");
}
