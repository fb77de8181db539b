//! Which versions are meant, where the declaration may leave them to what stands.

use super::handles::{CLUSTER, DATABASE};
use super::recorded;
use crate::engine::state::State;
use crate::model::values::{EngineVersion, KubernetesVersion};
use crate::stack::Stack;

/// The version of Kubernetes that is recorded, if a cluster is.
pub(super) fn recorded_kubernetes(state: &State) -> Option<KubernetesVersion> {
    recorded(state, &CLUSTER)?.version.parse().ok()
}

/// The version of the database that is recorded, in the words in which it was declared.
pub(super) fn recorded_engine(state: &State) -> Option<EngineVersion> {
    recorded(state, &DATABASE)?.engine_version.parse().ok()
}

/// The version of Kubernetes that is meant.
pub(super) fn kubernetes_version(stack: &Stack, state: &State) -> KubernetesVersion {
    stack.kubernetes().version.beside(recorded_kubernetes(state))
}

/// The version of `PostgreSQL` that is meant.
pub fn engine_version(stack: &Stack, state: &State) -> EngineVersion {
    stack.database.engine_version.beside(recorded_engine(state))
}
