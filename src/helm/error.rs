//! Why no values file can be written. Each message names the input, and the key of the declaration where there is one.

use crate::product::gcfg::ConfigError;
use crate::product::{SizeError, TooManyConnections};

/// What is wrong with the inputs.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ValuesError {
    /// An input does not have the form that AWS, Kubernetes or the chart demand of it.
    #[error("{field} is `{value}`; expected {expected}")]
    Invalid {
        /// Name of the input.
        field: &'static str,
        /// What it was.
        value: String,
        /// What would do.
        expected: &'static str,
    },
    /// An object lives in another region than the stack.
    #[error("{field} `{arn}` is not in region {region}")]
    OtherRegion {
        /// Name of the input.
        field: &'static str,
        /// The object.
        arn: String,
        /// Region of the stack.
        region: String,
    },
    /// The spread over nodes cannot be kept.
    #[error(
        "{replicas} replicas cannot each have a node of their own on {node_count} node(s): lower \
         package_manager.replicas or raise kubernetes.nodes.count"
    )]
    MoreReplicasThanNodes {
        /// Pods asked for.
        replicas: u32,
        /// Nodes there are.
        node_count: u32,
    },
    /// Two pods have no room on a node, as a rollout needs.
    #[error("{0}: {remedy}", remedy = enlarge(.0))]
    Size(#[from] SizeError),
    /// The pods together may open more connections than the database accepts.
    #[error("{0}: lower package_manager.database_connections or choose a larger database.instance_class")]
    Connections(#[from] TooManyConnections),
    /// A setting cannot be written in the server's configuration format.
    #[error(transparent)]
    Config(#[from] ConfigError),
}

/// What to declare so that two pods have room.
fn enlarge(error: &SizeError) -> String {
    match error {
        SizeError::UnknownInstanceType { known, .. } => {
            format!("set kubernetes.nodes.instance_type to one of {known}")
        }
        SizeError::NodeTooSmall { .. } => "choose a larger kubernetes.nodes.instance_type".to_owned(),
        SizeError::DiskTooSmall { .. } => "raise kubernetes.nodes.disk_gib (100 or more is advised)".to_owned(),
    }
}
