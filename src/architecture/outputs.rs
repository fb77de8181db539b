//! What the stack publishes: for people, for scripts, and for the Helm values.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::data::USER;
use super::kubernetes::NODE_LABEL;
use crate::engine::state::State;
use crate::helm::{Exposure, Inputs, Strategy};
use crate::model::address::Address;
use crate::model::resource::Resource;
use crate::resources::bucket::Bucket;
use crate::resources::cluster::Cluster;
use crate::resources::database::Database;
use crate::resources::iam_role::IamRole;
use crate::resources::load_balancer::LoadBalancer;
use crate::resources::node_group::NodeGroup;
use crate::resources::secret::Secret;
use crate::resources::target_group::TargetGroup;
use crate::stack::{Network, Stack, Targets};

/// Something the values need does not stand yet.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0} does not stand yet")]
pub struct NotReady(pub Address);

fn computed<R: Resource>(state: &State, name: &str) -> Result<R::Computed, NotReady> {
    let address = Address::of(R::KIND, name);
    let recorded = state.resources.get(&address).and_then(|recorded| recorded.computed.read().ok());
    recorded.ok_or(NotReady(address))
}

/// The published values of whatever stands by now. ARNs and names only, never a secret.
pub fn outputs(stack: &Stack, state: &State) -> BTreeMap<String, Value> {
    let mut all = BTreeMap::new();
    let mut put = |key: &str, value: Option<Value>| {
        if let Some(value) = value {
            all.insert(key.to_owned(), value);
        }
    };
    put("region", Some(json!(stack.region.to_string())));
    let cluster = computed::<Cluster>(state, "main").ok();
    put("cluster_name", cluster.as_ref().map(|c| json!(c.id)));
    put("cluster_endpoint", cluster.as_ref().map(|c| json!(c.endpoint)));
    let database = computed::<Database>(state, "main").ok();
    put("database_address", database.as_ref().map(|d| json!(d.address)));
    put("database_port", database.as_ref().map(|d| json!(d.port)));
    put("database_name", database.as_ref().map(|_| json!(USER)));
    put("database_secret_arn", computed::<Secret>(state, "database").ok().map(|s| json!(s.id)));
    put("encryption_key_secret_arn", computed::<Secret>(state, "encryption-key").ok().map(|s| json!(s.id)));
    put("bucket", computed::<Bucket>(state, "packages").ok().map(|b| json!(b.id)));
    put("package_manager_role_arn", computed::<IamRole>(state, "package-manager").ok().map(|r| json!(r.arn)));
    put("secrets_reader_role_arn", computed::<IamRole>(state, "secrets-reader").ok().map(|r| json!(r.arn)));
    let balancer = computed::<LoadBalancer>(state, "main").ok();
    put("load_balancer_dns_name", balancer.as_ref().map(|b| json!(b.dns_name)));
    put("load_balancer_zone_id", balancer.as_ref().map(|b| json!(b.zone_id)));
    put("target_group_arn", computed::<TargetGroup>(state, "main").ok().map(|t| json!(t.id)));
    put("url", balancer.map(|b| json!(url(stack).unwrap_or_else(|| format!("http://{}", b.dns_name)))));
    all
}

/// The address users type, if the declaration names a domain.
fn url(stack: &Stack) -> Option<String> {
    let scheme = if stack.load_balancer.certificate.is_some() { "https" } else { "http" };
    stack.load_balancer.domain.as_ref().map(|domain| format!("{scheme}://{domain}"))
}

/// What the Helm values are made from.
///
/// # Errors
/// The first thing that does not stand yet.
pub fn helm_inputs(stack: &Stack, state: &State) -> Result<Inputs, NotReady> {
    let database = computed::<Database>(state, "main")?;
    let balancer = computed::<LoadBalancer>(state, "main")?;
    computed::<NodeGroup>(state, "main")?;
    let exposure = match stack.load_balancer.targets {
        Targets::NodePort => Exposure::NodePort { port: stack.load_balancer.node_port },
        Targets::TargetGroupBinding => Exposure::TargetGroupBinding {
            target_group_arn: computed::<TargetGroup>(state, "main")?.id,
            vpc_id: match &stack.network {
                Network::Made(_) => computed::<crate::resources::vpc::Vpc>(state, "main")?.id,
                Network::Existing(existing) => existing.vpc.to_string(),
            },
        },
    };
    let chart = &stack.package_manager;
    Ok(Inputs {
        namespace: chart.namespace.to_string(),
        release: chart.release.to_string(),
        chart_version: chart.chart_version.to_string(),
        replicas: u32::from(chart.replicas),
        database_connections: u32::from(chart.database_connections),
        license_secret: chart.license.secret.to_string(),
        license_key: chart.license.key.to_string(),
        role_arn: computed::<IamRole>(state, "package-manager")?.arn,
        database_host: database.address,
        database_port: database.port,
        database_name: USER.to_owned(),
        database_user: USER.to_owned(),
        database_instance_class: stack.database.instance_class.to_string(),
        bucket: computed::<Bucket>(state, "packages")?.id,
        region: stack.region.to_string(),
        address: url(stack),
        load_balancer_dns_name: balancer.dns_name,
        exposure,
        node_label: (NODE_LABEL.0.to_owned(), NODE_LABEL.1.to_owned()),
        kubernetes_minor: u32::from(stack.kubernetes.version.minor()),
        instance_type: stack.kubernetes.nodes.instance_type.to_string(),
        disk_gib: stack.kubernetes.nodes.disk_gib,
        node_count: u32::from(stack.kubernetes.nodes.count),
        strategy: Strategy::Rolling,
        database_secret_arn: computed::<Secret>(state, "database")?.id,
        encryption_key_secret_arn: computed::<Secret>(state, "encryption-key")?.id,
        cluster_name: computed::<Cluster>(state, "main")?.id,
    })
}
