//! The chart's values, typed section by section, and how inputs become them.
//!
//! Promises: whatever [`values`] returns fits the nodes, the database and both chart lines; every decision that
//! depends on an input is made here.
//!
//! Leaves order, comments and YAML to `document`.

use std::collections::BTreeMap;

use super::connections::{self, Budget};
use super::gcfg::Config;
use super::sizing::{self, Amount, Sizing};
use super::{
    DATABASE_SECRET, DATABASE_SECRET_KEY, ENCRYPTION_SECRET, ENCRYPTION_SECRET_KEY, Exposure, FileSystem, Image,
    Ingress, Inputs, License, Strategy, ValuesError, check, config, document,
};

/// Port of Package Manager in its pod. Listening address, Service and probes must agree on it, and older charts fix it.
pub(super) const HTTP_PORT: u16 = 4242;
/// Port of the Service inside the cluster.
pub(super) const SERVICE_PORT: u16 = 80;
/// Where the license file is mounted: outside the directory that the image's start script rearranges.
pub(super) const LICENSE_PATH: &str = "/etc/rstudio-licensing";
/// Where the class of Secrets is mounted: nowhere else may anything be mounted there.
pub(super) const SECRETS_PATH: &str = "/etc/rstudio-pm-secrets";
/// Answers 200 while the server serves.
pub(super) const PING: &str = "/__ping__";
/// First Kubernetes minor with `matchLabelKeys` and `nodeTaintsPolicy` both on by default.
const EXACT_SPREAD_SINCE: u32 = 27;
/// First Kubernetes minor whose API server accepts `nodeAffinityPolicy` by default.
const AFFINITY_POLICY_SINCE: u32 = 26;
/// Waits until the load balancer and kube-proxy stop sending, then hands the signal on to the server: the start script
/// of newer images runs as process 1 without a handler, and would let the pod be killed after the whole grace period.
const PRE_STOP: &str = "sleep 15; for p in /proc/[0-9]*; do if [ \"$(cat \"$p/comm\" 2>/dev/null)\" = rstudio-pm ]; \
                        then kill -TERM \"${p#/proc/}\"; fi; done";

/// A finished values file, before it is text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Values {
    pub(super) inputs: Inputs,
    pub(super) sizing: Sizing,
    pub(super) budget: Budget,
    pub(super) chart: Chart,
}

impl Values {
    /// Writes the file: YAML with a comment at each line that has a reason.
    pub fn to_yaml(&self) -> String {
        document::to_yaml(self)
    }

    /// The server's settings among the values.
    pub fn config(&self) -> &Config {
        &self.chart.config
    }
}

/// The keys we set, by the chart's sections.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Chart {
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

/// Derives the values from the inputs.
///
/// # Errors
/// The first input that is malformed, contradicts another, or does not fit the nodes or the database.
pub fn values(inputs: &Inputs) -> Result<Values, ValuesError> {
    check::inputs(inputs)?;
    let sizing = sizing::size(&inputs.instance_type, inputs.disk_gib)?;
    let strategy = update_strategy(inputs);
    let surge = match strategy {
        UpdateStrategy::Rolling { max_surge, .. } => max_surge,
        UpdateStrategy::Recreate => 0,
    };
    let pods = u64::from(inputs.replicas) + u64::from(surge);
    let budget =
        connections::budget(pods, inputs.pools(), inputs.database_connections, &inputs.database_instance_class)?;
    let (service, binding) = exposure(inputs);
    let chart = Chart {
        fullname_override: inputs.release.clone(),
        replicas: inputs.replicas,
        revision_history_limit: 3,
        enable_migration: false,
        enable_sandboxing: true,
        strategy,
        topology_spread_constraints: [Domain::Node, Domain::Zone].map(|domain| spread(inputs, domain)).to_vec(),
        node_selector: BTreeMap::from([inputs.node_label.clone()]),
        pod_disruption_budget: DisruptionBudget { max_unavailable: 1 },
        service_account: ServiceAccount {
            create: true,
            name: inputs.release.clone(),
            role_arn: inputs.role_arn.clone(),
        },
        license: inputs.license.clone(),
        image: inputs.image.clone(),
        shared_storage: inputs.shared_storage.as_ref().map(|storage| volume(inputs, "data", storage)),
        offline_data: inputs.offline_data.as_ref().map(|data| volume(inputs, "offline", data)),
        secret_class: inputs.secrets_by_pods.then(|| inputs.secret_class()),
        config: config::config(inputs)?,
        pod: pod(),
        service,
        ingress: match &inputs.exposure {
            Exposure::Ingress(ingress) => Some(ingress.clone()),
            Exposure::NodePort { .. } | Exposure::TargetGroupBinding { .. } => None,
        },
        binding,
        readiness_probe: Probe {
            path: PING,
            port: HTTP_PORT,
            initial_delay_seconds: 3,
            period_seconds: 5,
            timeout_seconds: 5,
            success_threshold: Some(1),
            failure_threshold: 3,
        },
        startup_probe: Probe {
            path: "/__api__/status",
            port: HTTP_PORT,
            initial_delay_seconds: 10,
            period_seconds: 10,
            timeout_seconds: 5,
            success_threshold: None,
            failure_threshold: 60,
        },
        liveness_probe_enabled: false,
        resources: Resources { requests: sizing.requests, limits: sizing.limits },
    };
    Ok(Values { inputs: inputs.clone(), sizing, budget, chart })
}

/// Says whether the scheduler can be told to judge each revision by itself and to leave out unusable nodes.
pub(super) fn has_exact_spread(inputs: &Inputs) -> bool {
    inputs.kubernetes_minor >= EXACT_SPREAD_SINCE
}

fn update_strategy(inputs: &Inputs) -> UpdateStrategy {
    match inputs.strategy {
        Strategy::Recreate => UpdateStrategy::Recreate,
        Strategy::Rolling if has_exact_spread(inputs) => UpdateStrategy::Rolling { max_surge: 1, max_unavailable: 0 },
        // Without exact spread an extra pod may find no node, and nothing would ever make room for it.
        Strategy::Rolling => UpdateStrategy::Rolling { max_surge: 0, max_unavailable: 1 },
    }
}

fn spread(inputs: &Inputs, domain: Domain) -> SpreadConstraint {
    let is_strict = match domain {
        Domain::Node => true,
        Domain::Zone => false,
    };
    SpreadConstraint {
        domain,
        has_node_affinity_policy: is_strict && inputs.kubernetes_minor >= AFFINITY_POLICY_SINCE,
        has_node_taints_policy: is_strict && has_exact_spread(inputs),
        is_per_revision: has_exact_spread(inputs),
        instance: inputs.release.clone(),
    }
}

/// The volume of a file system; `role` is the last word of its names.
fn volume(inputs: &Inputs, role: &str, files: &FileSystem) -> Volume {
    let Inputs { namespace, release, .. } = inputs;
    Volume {
        name: format!("{namespace}-{release}-{role}"),
        claim: format!("{release}-{role}"),
        namespace: namespace.clone(),
        handle: match &files.access_point {
            Some(access_point) => format!("{}::{access_point}", files.file_system),
            None => files.file_system.clone(),
        },
        path: files.path.clone(),
    }
}

fn pod() -> Pod {
    let database = |name| SecretVariable { name, secret: DATABASE_SECRET, key: DATABASE_SECRET_KEY };
    Pod {
        env: vec![
            SecretVariable {
                name: "PACKAGEMANAGER_ENCRYPTION_KEY",
                secret: ENCRYPTION_SECRET,
                key: ENCRYPTION_SECRET_KEY,
            },
            database("PACKAGEMANAGER_POSTGRES_PASSWORD"),
            database("PACKAGEMANAGER_POSTGRES_USAGEDATAPASSWORD"),
        ],
        termination_grace_period_seconds: 120,
        pre_stop: PRE_STOP,
    }
}

fn exposure(inputs: &Inputs) -> (Service, Option<TargetGroupBinding>) {
    match &inputs.exposure {
        Exposure::NodePort { port } => (Service::NodePort { port: SERVICE_PORT, node_port: *port }, None),
        Exposure::Ingress(_) => (Service::ClusterIp { port: SERVICE_PORT }, None),
        Exposure::TargetGroupBinding { target_group_arn, vpc_id } => {
            let binding = TargetGroupBinding {
                name: inputs.release.clone(),
                service: inputs.release.clone(),
                port: SERVICE_PORT,
                target_group_arn: target_group_arn.clone(),
                vpc_id: vpc_id.clone(),
            };
            (Service::ClusterIp { port: SERVICE_PORT }, Some(binding))
        }
    }
}
