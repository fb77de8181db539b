//! Why no values file can be written. Each message names the input, and the key of the declaration where there is one.

use super::gcfg::ConfigError;

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
    /// Nothing is known about the size of these nodes.
    #[error(
        "how much a pod may use on `{instance_type}` is not known: set kubernetes.nodes.instance_type to one of {known}"
    )]
    UnknownInstanceType {
        /// The instance type.
        instance_type: String,
        /// Types that would do, in words.
        known: String,
    },
    /// The old and the new pod do not fit on one node together.
    #[error(
        "a rollout needs room for two pods on one node, but twice {each} of {resource} is more than the {allocatable} \
         that {instance_type} leaves for pods: choose a larger kubernetes.nodes.instance_type"
    )]
    NodeTooSmall {
        /// The instance type.
        instance_type: String,
        /// CPU or memory.
        resource: &'static str,
        /// What one pod takes.
        each: String,
        /// What the node has for pods.
        allocatable: String,
    },
    /// Images, logs and scratch files of two pods do not fit on the root disk.
    #[error(
        "a root disk of {disk_gib} GiB leaves {allocatable} for pods, and two pods need {each} each: raise \
         kubernetes.nodes.disk_gib (100 or more is advised)"
    )]
    DiskTooSmall {
        /// Size of the disk.
        disk_gib: u32,
        /// What one pod takes.
        each: String,
        /// What the node has for pods.
        allocatable: String,
    },
    /// The pods together may open more connections than the database accepts.
    #[error(
        "{pods} pods with {}{each} connections each may open {wanted}, but {instance_class} accepts about {limit}, of \
         which {reserved} are kept for administration: lower package_manager.database_connections or choose a larger \
         database.instance_class",
        if *pools > 1 { format!("{pools} pools of ") } else { String::new() }
    )]
    TooManyConnections {
        /// Most pods that exist at one time, the extra one of a rollout included.
        pods: u64,
        /// Pools of one pod; usage data has one of its own where it has a place of its own.
        pools: u64,
        /// Connections of one pool.
        each: u32,
        /// Connections of all pods.
        wanted: u64,
        /// Class of the database.
        instance_class: String,
        /// Estimate of its `max_connections`.
        limit: u64,
        /// Connections the pods must leave free.
        reserved: u64,
    },
    /// A setting cannot be written in the server's configuration format.
    #[error(transparent)]
    Config(#[from] ConfigError),
}
