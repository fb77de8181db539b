//! What a finished values file says, by the sections of the chart: data alone.

use std::collections::BTreeMap;

use super::{Ingress, Inputs};
use crate::product::gcfg::Config;
use crate::product::{Amount, Budget, Image, License, Sizing};

/// Port of the Service inside the cluster.
pub(super) const SERVICE_PORT: u16 = 80;
/// First Kubernetes minor with `matchLabelKeys` and `nodeTaintsPolicy` both on by default.
const EXACT_SPREAD_SINCE: u32 = 27;

/// A finished values file, before it is text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Values {
    pub(super) inputs: Inputs,
    pub(super) sizing: Sizing,
    pub(super) budget: Budget,
    pub(super) chart: ChartValues,
}

impl Values {
    /// The server's settings among the values.
    pub fn config(&self) -> &Config {
        &self.chart.config
    }
}

/// The keys we set, by the chart's sections.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct ChartValues {
    pub(super) fullname_override: String,
    pub(super) replicas: u32,
    pub(super) revision_history_limit: u32,
    pub(super) enable_migration: bool,
    pub(super) enable_sandboxing: bool,
    pub(super) strategy: UpdateStrategy,
    pub(super) topology_spread_constraints: Vec<SpreadConstraint>,
    pub(super) node_selector: BTreeMap<String, String>,
    pub(super) pod_disruption_budget: DisruptionBudget,
    pub(super) service_account: ServiceAccount,
    pub(super) license: License,
    pub(super) image: Option<Image>,
    /// `sharedStorage`.
    pub(super) shared_storage: Option<Volume>,
    /// Packages brought in from outside, among `pod.volumes`.
    pub(super) offline_data: Option<Volume>,
    /// `SecretProviderClass` among `pod.volumes`: its Secrets exist while a pod mounts it.
    pub(super) secret_class: Option<String>,
    pub(super) config: Config,
    pub(super) pod: Pod,
    pub(super) service: Service,
    pub(super) ingress: Option<Ingress>,
    pub(super) binding: Option<TargetGroupBinding>,
    pub(super) readiness_probe: Probe,
    pub(super) startup_probe: Probe,
    pub(super) liveness_probe_enabled: bool,
    pub(super) resources: Resources,
}

/// `strategy`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum UpdateStrategy {
    Rolling { max_surge: u32, max_unavailable: u32 },
    Recreate,
}

/// One of `topologySpreadConstraints`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct SpreadConstraint {
    pub(super) domain: Domain,
    pub(super) has_node_affinity_policy: bool,
    pub(super) has_node_taints_policy: bool,
    pub(super) is_per_revision: bool,
    pub(super) instance: String,
}

/// What the pods are spread over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Domain {
    /// Nodes, strictly.
    Node,
    /// Availability zones, where possible.
    Zone,
}

/// `podDisruptionBudget`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct DisruptionBudget {
    pub(super) max_unavailable: u32,
}

/// `serviceAccount`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct ServiceAccount {
    pub(super) create: bool,
    pub(super) name: String,
    pub(super) role_arn: String,
}

/// A file system in the pods, and the claim and the volume that stand behind it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Volume {
    /// Volumes belong to the whole cluster, so the namespace is part of the name.
    pub(super) name: String,
    pub(super) claim: String,
    pub(super) namespace: String,
    pub(super) handle: String,
    pub(super) path: String,
}

/// `pod`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Pod {
    pub(super) env: Vec<SecretVariable>,
    pub(super) termination_grace_period_seconds: u32,
    pub(super) pre_stop: &'static str,
}

/// An environment variable that Kubernetes fills from a Secret.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct SecretVariable {
    pub(super) name: &'static str,
    pub(super) secret: &'static str,
    pub(super) key: &'static str,
}

/// `service`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Service {
    NodePort { port: u16, node_port: u16 },
    ClusterIp { port: u16 },
}

/// The object that makes the AWS Load Balancer Controller register the pods in our target group.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct TargetGroupBinding {
    pub(super) name: String,
    pub(super) service: String,
    pub(super) port: u16,
    pub(super) target_group_arn: String,
    pub(super) vpc_id: String,
}

/// `readinessProbe` or `startupProbe`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Probe {
    pub(super) path: &'static str,
    pub(super) port: u16,
    pub(super) initial_delay_seconds: u32,
    pub(super) period_seconds: u32,
    pub(super) timeout_seconds: u32,
    pub(super) success_threshold: Option<u32>,
    pub(super) failure_threshold: u32,
}

/// `resources`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Resources {
    pub(super) requests: Amount,
    pub(super) limits: Amount,
}

/// Says whether the scheduler can be told to judge each revision by itself and to leave out unusable nodes.
pub(super) fn has_exact_spread(inputs: &Inputs) -> bool {
    inputs.kubernetes_minor >= EXACT_SPREAD_SINCE
}
