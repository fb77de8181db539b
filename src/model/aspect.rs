//! What a running stack is judged by, in the words of those who use it.

/// A part of a running stack that may serve or not.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Aspect {
    /// The load balancer and its listeners.
    LoadBalancer,
    /// What is behind it.
    Targets,
    /// A certificate.
    Certificate,
    /// The version of Kubernetes.
    Kubernetes,
    /// Chart and application.
    Chart,
    /// The control plane.
    Cluster,
    /// The nodes.
    NodeGroup,
    /// The database.
    Database,
    /// The key.
    Key,
}

impl Aspect {
    /// Its word.
    pub const fn word(self) -> &'static str {
        match self {
            Self::LoadBalancer => "load_balancer",
            Self::Targets => "targets",
            Self::Certificate => "certificate",
            Self::Kubernetes => "kubernetes",
            Self::Chart => "chart",
            Self::Cluster => "cluster",
            Self::NodeGroup => "node_group",
            Self::Database => "database",
            Self::Key => "key",
        }
    }

    /// The id of the question whether it serves.
    pub const fn serves(self) -> &'static str {
        match self {
            Self::LoadBalancer => "serves.load_balancer",
            Self::Targets => "serves.targets",
            Self::Certificate => "serves.certificate",
            Self::Kubernetes => "serves.kubernetes",
            Self::Chart => "serves.chart",
            Self::Cluster => "serves.cluster",
            Self::NodeGroup => "serves.node_group",
            Self::Database => "serves.database",
            Self::Key => "serves.key",
        }
    }
}
