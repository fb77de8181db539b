//! The chart's values, typed section by section, and how inputs become them.
//!
//! Promises: whatever [`values`] returns fits the nodes, the database and both chart lines; every decision that
//! depends on an input is made here.
//!
//! Leaves order, comments and YAML to `document`.

use std::collections::BTreeMap;

use super::chart::{
    ChartValues, DisruptionBudget, Domain, Pod, Probe, Resources, SERVICE_PORT, SecretVariable, Service,
    ServiceAccount, SpreadConstraint, TargetGroupBinding, UpdateStrategy, Values, Volume, has_exact_spread,
};
use super::{
    DATABASE_SECRET, DATABASE_SECRET_KEY, ENCRYPTION_SECRET, ENCRYPTION_SECRET_KEY, Exposure, Inputs, Strategy,
    ValuesError, check,
};
use crate::product::{
    self, ENCRYPTION_KEY_VARIABLE, FileSystem, HTTP_PORT, PASSWORD_VARIABLE, PING_PATH, STATUS_PATH,
    USAGE_PASSWORD_VARIABLE,
};

/// First Kubernetes minor whose API server accepts `nodeAffinityPolicy` by default.
const AFFINITY_POLICY_SINCE: u32 = 26;
/// Waits until the load balancer and kube-proxy stop sending, then hands the signal on to the server: the start script
/// of newer images runs as process 1 without a handler, and would let the pod be killed after the whole grace period.
const PRE_STOP: &str = "sleep 15; for p in /proc/[0-9]*; do if [ \"$(cat \"$p/comm\" 2>/dev/null)\" = rstudio-pm ]; \
                        then kill -TERM \"${p#/proc/}\"; fi; done";

/// Derives the values from the inputs.
///
/// # Errors
/// The first input that is malformed, contradicts another, or does not fit the nodes or the database.
pub fn values(inputs: &Inputs) -> Result<Values, ValuesError> {
    check::inputs(inputs)?;
    let sizing = product::size(&inputs.instance_type, inputs.disk_gib)?;
    let strategy = update_strategy(inputs);
    let surge = match strategy {
        UpdateStrategy::Rolling { max_surge, .. } => max_surge,
        UpdateStrategy::Recreate => 0,
    };
    let pods = u64::from(inputs.replicas) + u64::from(surge);
    let pools = product::pools(inputs.usage_data);
    let budget = product::budget(pods, pools, inputs.database_connections, &inputs.database_instance_class)?;
    let (service, binding) = exposure(inputs);
    let chart = ChartValues {
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
        config: product::config(&inputs.server())?,
        pod: pod(),
        service,
        ingress: match &inputs.exposure {
            Exposure::Ingress(ingress) => Some(ingress.clone()),
            Exposure::NodePort { .. } | Exposure::TargetGroupBinding { .. } => None,
        },
        binding,
        readiness_probe: Probe {
            path: PING_PATH,
            port: HTTP_PORT,
            initial_delay_seconds: 3,
            period_seconds: 5,
            timeout_seconds: 5,
            success_threshold: Some(1),
            failure_threshold: 3,
        },
        startup_probe: Probe {
            path: STATUS_PATH,
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
            None => files.file_system.to_string(),
        },
        path: files.path.to_string(),
    }
}

fn pod() -> Pod {
    let database = |name| SecretVariable { name, secret: DATABASE_SECRET, key: DATABASE_SECRET_KEY };
    Pod {
        env: vec![
            SecretVariable { name: ENCRYPTION_KEY_VARIABLE, secret: ENCRYPTION_SECRET, key: ENCRYPTION_SECRET_KEY },
            database(PASSWORD_VARIABLE),
            database(USAGE_PASSWORD_VARIABLE),
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
