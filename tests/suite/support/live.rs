//! What one process of the program is, in process and against an emulator.

use std::path::Path;
use std::sync::Arc;

use ppm_infra::engine::durations::Experience;
use ppm_infra::engine::state::State;
use ppm_infra::resources::{self, Aws};
use ppm_infra::run::{self, Host, RunId, Session, Stop};
use ppm_infra::store::FileStore;
use tokio::runtime::{Builder, Runtime};

/// A runtime as the program has one.
pub(crate) fn runtime() -> Runtime {
    Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap()
}

/// A session whose cloud has done everything at once.
pub(crate) fn session(cloud: Aws) -> Session {
    Session {
        stack: "ppm-prod".to_owned(),
        run: RunId::fresh(&Host::system()),
        cloud: Arc::new(cloud),
        catalog: resources::catalog(),
        host: Host::system(),
        stop: Stop::new(),
        parallelism: run::PARALLELISM,
        time_scale: 1000.0,
        experience: Experience::default(),
    }
}

/// The state of a stack of which nothing stands.
pub(crate) fn fresh() -> State {
    State::empty("ppm-prod", "us-east-1", "0123456789abcdef0123456789abcdef".to_owned(), "0.0.0")
}

/// The reference stack's state in a folder.
pub(crate) fn store(folder: &Path) -> FileStore {
    FileStore::new(folder, "ppm-prod", resources::catalog())
}
