//! Which versions are meant, where the declaration may leave them to what stands.

use super::recorded;
use crate::engine::state::State;
use crate::model::values::{EngineVersion, KubernetesVersion};
use crate::resources::cluster::Cluster;
use crate::resources::database::Database;
use crate::stack::Stack;

/// The version of Kubernetes that is recorded, if a cluster is.
pub(super) fn recorded_kubernetes(state: &State) -> Option<KubernetesVersion> {
    recorded::<Cluster>(state, "main")?.version.parse().ok()
}

/// The version of the database that is recorded, in the words in which it was declared.
pub(super) fn recorded_engine(state: &State) -> Option<EngineVersion> {
    recorded::<Database>(state, "main")?.engine_version.parse().ok()
}

/// The version of Kubernetes that is meant.
pub(super) fn kubernetes_version(stack: &Stack, state: &State) -> KubernetesVersion {
    stack.kubernetes.version.beside(recorded_kubernetes(state))
}

/// The version of `PostgreSQL` that is meant.
pub fn engine_version(stack: &Stack, state: &State) -> EngineVersion {
    stack.database.engine_version.beside(recorded_engine(state))
}
