//! What the stack publishes: for people, for scripts, and for the Helm values.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::data::USER;
use super::emitted;
use super::kubernetes::NODE_LABEL;
use crate::engine::state::State;
use crate::helm::{Exposure, Facts, FileSystem, Image, Ingress, Inputs, License, Nodes, Reach, Strategy, UsageData};
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
use crate::stack::{self, Network, Scheme, Stack, Targets};

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
    let there = balancer.map(|b| url(stack).unwrap_or_else(|| format!("http://{}", b.dns_name)));
    let elsewhere =
        (stack.load_balancer.targets == Targets::Ingress && cluster.is_some()).then(|| url(stack)).flatten();
    put("url", there.or(elsewhere).map(Value::from));
    if cluster.is_some() {
        all.extend(emitted::remembered(state));
    }
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
    computed::<NodeGroup>(state, "main")?;
    let load_balancer_dns_name = match stack.load_balancer.targets {
        Targets::NodePort | Targets::TargetGroupBinding => Some(computed::<LoadBalancer>(state, "main")?.dns_name),
        Targets::Ingress => None,
    };
    let exposure = match stack.load_balancer.targets {
        Targets::NodePort => Exposure::NodePort { port: stack.load_balancer.node_port },
        Targets::TargetGroupBinding => Exposure::TargetGroupBinding {
            target_group_arn: computed::<TargetGroup>(state, "main")?.id,
            vpc_id: match &stack.network {
                Network::Made(_) => computed::<crate::resources::vpc::Vpc>(state, "main")?.id,
                Network::Existing(existing) => existing.vpc.to_string(),
            },
        },
        Targets::Ingress => Exposure::Ingress(ingress(stack)),
    };
    let chart = &stack.package_manager;
    Ok(Inputs {
        namespace: chart.namespace.to_string(),
        release: chart.release.to_string(),
        chart_version: chart.chart_version.to_string(),
        replicas: u32::from(chart.replicas),
        database_connections: u32::from(chart.database_connections),
        license: match &chart.license.server {
            Some(server) => License::Server(server.to_string()),
            None => License::File { secret: chart.license.secret.to_string(), key: chart.license.key.to_string() },
        },
        image: chart
            .image
            .as_ref()
            .map(|image| Image { repository: image.repository.to_string(), tag: image.tag.to_string() }),
        shared_storage: chart.shared_storage.as_ref().map(files),
        offline_data: chart.offline_data.as_ref().map(files),
        usage_data: chart.usage_data.map(|place| match place {
            stack::UsageData::Database => UsageData::Database,
            stack::UsageData::Schema => UsageData::Schema,
        }),
        settings: chart.settings.clone(),
        role_arn: computed::<IamRole>(state, "package-manager")?.arn,
        database_host: database.address,
        database_port: database.port,
        database_name: USER.to_owned(),
        database_user: USER.to_owned(),
        database_instance_class: stack.database.instance_class.to_string(),
        bucket: computed::<Bucket>(state, "packages")?.id,
        region: stack.region.to_string(),
        address: url(stack),
        load_balancer_dns_name,
        exposure,
        node_label: (NODE_LABEL.0.to_owned(), NODE_LABEL.1.to_owned()),
        kubernetes_minor: u32::from(stack.kubernetes.version.minor()),
        instance_type: stack.kubernetes.nodes.instance_type.to_string(),
        disk_gib: stack.kubernetes.nodes.disk_gib,
        node_count: u32::from(stack.kubernetes.nodes.count),
        strategy: if emitted::is_version_change(stack, state) { Strategy::Recreate } else { Strategy::Rolling },
        database_secret_arn: computed::<Secret>(state, "database")?.id,
        encryption_key_secret_arn: computed::<Secret>(state, "encryption-key")?.id,
        cluster_name: computed::<Cluster>(state, "main")?.id,
    })
}

fn files(declared: &stack::FileSystem) -> FileSystem {
    FileSystem {
        file_system: declared.file_system.to_string(),
        access_point: declared.access_point.as_ref().map(ToString::to_string),
        path: declared.path.to_string(),
    }
}

/// What the controller is asked for, from the keys that would shape a load balancer of our own.
fn ingress(stack: &Stack) -> Ingress {
    let declared = &stack.load_balancer;
    let is_internal = declared.scheme == Scheme::Internal;
    let subnets = match &stack.network {
        // The controller finds subnets of our own by the tags they carry.
        Network::Made(_) => Vec::new(),
        Network::Existing(existing) => {
            let subnets = if is_internal { &existing.private_subnets } else { &existing.public_subnets };
            subnets.iter().map(ToString::to_string).collect()
        }
    };
    Ingress {
        host: declared.domain.as_ref().map(ToString::to_string).unwrap_or_default(),
        is_internal,
        certificate_arn: declared.certificate.as_ref().map(ToString::to_string),
        allow_from: declared.allow_from.iter().map(ToString::to_string).collect(),
        idle_timeout_seconds: u32::from(declared.idle_timeout_seconds),
        subnets,
    }
}

/// What a values file can be compared with: all that is declared, and what stands of the rest.
pub fn helm_facts(stack: &Stack, state: &State) -> Facts {
    if let Ok(inputs) = helm_inputs(stack, state) {
        return Facts::from(&inputs);
    }
    let chart = &stack.package_manager;
    let nodes = &stack.kubernetes.nodes;
    Facts {
        chart_version: Some(chart.chart_version.to_string()),
        namespace: Some(chart.namespace.to_string()),
        release: Some(chart.release.to_string()),
        region: Some(stack.region.to_string()),
        bucket: stack.storage.bucket.as_ref().map(ToString::to_string),
        role_arn: computed::<IamRole>(state, "package-manager").ok().map(|role| role.arn),
        database_host: computed::<Database>(state, "main").ok().map(|database| database.address),
        database_class: Some(stack.database.instance_class.to_string()),
        address: url(stack),
        reach: Some(match stack.load_balancer.targets {
            Targets::NodePort => Reach::NodePort(stack.load_balancer.node_port),
            Targets::TargetGroupBinding => {
                Reach::Pods(computed::<TargetGroup>(state, "main").ok().map(|group| group.id))
            }
            Targets::Ingress => Reach::Ingress,
        }),
        kubernetes_minor: Some(u32::from(stack.kubernetes.version.minor())),
        nodes: Some(Nodes {
            count: u32::from(nodes.count),
            instance_type: nodes.instance_type.to_string(),
            disk_gib: nodes.disk_gib,
            label: (NODE_LABEL.0.to_owned(), NODE_LABEL.1.to_owned()),
        }),
    }
}
