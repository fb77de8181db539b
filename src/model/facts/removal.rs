//! What stands where a stack is to be removed: what is not its own keeps what it needs from going.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::Fact;

/// What is recorded, and may be about to go.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RemovalQuery {
    /// Name of the cluster.
    pub cluster: Option<String>,
    /// The Auto Scaling group of its nodes.
    pub autoscaling_group: Option<String>,
    /// Id of the VPC.
    pub vpc: Option<String>,
}

/// What was found there. Each part was read by itself; of what was not asked for, nothing is there.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Removal {
    /// The node groups of the cluster by name, each with the stack in its marks (`ListNodegroups`, `DescribeNodegroup`).
    pub node_groups: Fact<BTreeMap<String, Option<String>>>,
    /// The Fargate profiles of the cluster (`ListFargateProfiles`).
    pub fargate_profiles: Fact<BTreeSet<String>>,
    /// The load balancers of the region that are in the VPC or were made by the cluster, by ARN (`DescribeLoadBalancers`,
    /// `DescribeTags`).
    pub balancers: Fact<BTreeMap<String, BalancerFacts>>,
    /// The machines of the nodes (`DescribeAutoScalingGroups`).
    pub machines: Fact<BTreeSet<String>>,
    /// The network interfaces in the VPC (`DescribeNetworkInterfaces`).
    pub interfaces: Fact<Vec<InterfaceFacts>>,
}

/// A load balancer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BalancerFacts {
    /// The stack in its marks.
    pub stack: Option<String>,
    /// Whether Kubernetes made it, in the cluster.
    pub by_cluster: bool,
}

/// A network interface.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct InterfaceFacts {
    /// Its id.
    pub id: String,
    /// What its owner wrote about it.
    pub description: String,
    /// The machine it is attached to.
    pub instance: Option<String>,
    /// Whether the VPC CNI of a cluster made it: such a one goes with its machine, or is swept up.
    pub is_of_cni: bool,
}
