//! What the stack publishes: for people, for scripts, and for the Helm values.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use serde_json::{Value, json};

use super::data::{PORT, USER};
use super::emitted;
use super::front::node_port;
use super::handles::{
    BUCKET, CLUSTER, DATABASE, DATABASE_LOGIN, ENCRYPTION_KEY, LOAD_BALANCER, NODES, READER_ROLE, SERVER_ROLE,
    TARGET_GROUP, VPC,
};
use super::kubernetes::NODE_LABEL;
use super::versions::kubernetes_version;
use crate::engine::state::State;
use crate::helm::{Exposure, Ingress, Inputs, NodeFacts, Reach, StackFacts, Strategy, secret_class};
use crate::model::address::Address;
use crate::model::handle::At;
use crate::model::resource::Resource;
use crate::stack::{Network, Scheme, SecretsBy, Stack, Targets};

/// Resources that are needed and in no record: they were never made, or the record lost them. There is at least one.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub struct NotReady(pub BTreeSet<Address>);

impl NotReady {
    /// Two things that are needed, or everything that is missing of both.
    ///
    /// # Errors
    /// When either is.
    pub fn both<A, B>(one: Result<A, Self>, other: Result<B, Self>) -> Result<(A, B), Self> {
        match (one, other) {
            (Ok(one), Ok(other)) => Ok((one, other)),
            (Err(Self(one)), Err(Self(other))) => Err(Self(one.into_iter().chain(other).collect())),
            (Err(missing), Ok(_)) | (Ok(_), Err(missing)) => Err(missing),
        }
    }
}

impl fmt::Display for NotReady {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut missing = self.0.iter();
        if let Some(first) = missing.next() {
            write!(f, "{first} does not stand yet")?;
        }
        let others: Vec<String> = missing.map(ToString::to_string).collect();
        match others.as_slice() {
            [] => Ok(()),
            [other] => write!(f, ", nor does {other}"),
            [_, ..] => write!(f, ", nor do {}", others.join(", ")),
        }
    }
}

/// What AWS computed for what stands at a handle.
///
/// # Errors
/// When it is in no record.
pub fn standing<R: Resource>(state: &State, at: &At<R>) -> Result<R::Computed, NotReady> {
    let address = at.address();
    let recorded = state.resources.get(&address).and_then(|recorded| recorded.computed.read().ok());
    recorded.ok_or_else(|| NotReady([address].into()))
}

/// What AWS computed, or what stands in for it where it is not known.
pub(super) struct Made<'a> {
    state: &'a State,
    /// Where another object will stand, of which nothing is known yet.
    fresh: &'a BTreeSet<Address>,
    /// What stands in for something of the object at an address.
    pub(super) stand_ins: BTreeMap<Address, String>,
}

impl<'a> Made<'a> {
    pub(super) fn of(state: &'a State, fresh: &'a BTreeSet<Address>) -> Self {
        Self { state, fresh, stand_ins: BTreeMap::new() }
    }

    fn known<R: Resource>(&self, address: &Address) -> Option<R::Computed> {
        let recorded = self.state.resources.get(address).filter(|_| !self.fresh.contains(address))?;
        recorded.computed.read().ok()
    }

    /// Reads a text of what AWS computed for a resource. Where that is not known, a text of the right form stands in for
    /// it, `{}` in `form` being a name that nothing else has.
    fn text<R: Resource>(&mut self, at: &At<R>, read: impl FnOnce(R::Computed) -> String, form: &str) -> String {
        self.late_text(at, |computed| Some(read(computed)), form)
    }

    /// As [`Made::text`], of what AWS tells only some time after the object was made.
    fn late_text<R: Resource>(
        &mut self,
        at: &At<R>,
        read: impl FnOnce(R::Computed) -> Option<String>,
        form: &str,
    ) -> String {
        let address = at.address();
        if let Some(text) = self.known::<R>(&address).and_then(read) {
            return text;
        }
        let unique = format!("known-after-apply-{}-{}", address.kind.as_str().replace('_', "-"), address.name);
        let text = form.replace("{}", &unique);
        self.stand_ins.insert(address, if form.contains("{}") { unique } else { text.clone() });
        text
    }

    /// Reads a number of a resource of which a text is read too.
    fn number<R: Resource>(&self, at: &At<R>, read: impl FnOnce(R::Computed) -> u16, stand_in: u16) -> u16 {
        self.known::<R>(&at.address()).map_or(stand_in, read)
    }

    /// Reads nothing of a resource, which yet must stand.
    fn must_stand<R: Resource>(&mut self, at: &At<R>) {
        self.text(at, |_| String::new(), "{}");
    }
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
    let cluster = standing(state, &CLUSTER).ok();
    put("cluster_name", cluster.as_ref().map(|c| json!(c.id)));
    put("cluster_endpoint", cluster.as_ref().and_then(|c| c.endpoint.as_ref()).map(|e| json!(e)));
    let database = standing(state, &DATABASE).ok();
    put("database_address", database.as_ref().and_then(|d| d.address.as_ref()).map(|a| json!(a)));
    put("database_port", database.as_ref().map(|d| json!(d.port)));
    put("database_name", database.as_ref().map(|_| json!(USER)));
    put("database_secret_arn", standing(state, &DATABASE_LOGIN).ok().map(|s| json!(s.id)));
    put("encryption_key_secret_arn", standing(state, &ENCRYPTION_KEY).ok().map(|s| json!(s.id)));
    put("bucket", standing(state, &BUCKET).ok().map(|b| json!(b.id)));
    put("package_manager_role_arn", standing(state, &SERVER_ROLE).ok().map(|r| json!(r.arn)));
    put("secrets_reader_role_arn", standing(state, &READER_ROLE).ok().map(|r| json!(r.arn)));
    let balancer = standing(state, &LOAD_BALANCER).ok();
    put("load_balancer_dns_name", balancer.as_ref().map(|b| json!(b.dns_name)));
    put("load_balancer_zone_id", balancer.as_ref().map(|b| json!(b.zone_id)));
    put("target_group_arn", standing(state, &TARGET_GROUP).ok().map(|t| json!(t.id)));
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
/// Everything that is in no record.
pub fn helm_inputs(stack: &Stack, state: &State) -> Result<Inputs, NotReady> {
    let fresh = BTreeSet::new();
    let mut made = Made::of(state, &fresh);
    made.must_stand(&NODES);
    let inputs = inputs(stack, &mut made);
    if made.stand_ins.is_empty() { Ok(inputs) } else { Err(NotReady(made.stand_ins.into_keys().collect())) }
}

/// What the Helm values are made from, as far as it is known.
pub(super) fn inputs(stack: &Stack, made: &mut Made<'_>) -> Inputs {
    let region = stack.region.as_str();
    let regional = |service: &str, rest: &str| format!("arn:aws:{service}:{region}:000000000000:{rest}");
    let load_balancer_dns_name = match stack.load_balancer.targets {
        Targets::NodePort | Targets::TargetGroupBinding => {
            Some(made.text(&LOAD_BALANCER, |balancer| balancer.dns_name, "{}.invalid"))
        }
        Targets::Ingress => None,
    };
    let exposure = match stack.load_balancer.targets {
        Targets::NodePort => Exposure::NodePort { port: node_port(stack, made.state) },
        Targets::TargetGroupBinding => Exposure::TargetGroupBinding {
            target_group_arn: made.text(
                &TARGET_GROUP,
                |group| group.id,
                &regional("elasticloadbalancing", "targetgroup/{}/0"),
            ),
            vpc_id: match &stack.network {
                Network::Made(_) => made.text(&VPC, |vpc| vpc.id, "vpc-0feed0feed0feed0f"),
                Network::Existing(existing) => existing.vpc.to_string(),
            },
        },
        Targets::Ingress => Exposure::Ingress(ingress(stack)),
    };
    let secret = regional("secretsmanager", "secret:{}");
    let (manager, chart) = (&stack.package_manager, stack.chart());
    Inputs {
        namespace: chart.namespace.to_string(),
        release: chart.release.to_string(),
        chart_version: chart.version.to_string(),
        replicas: u32::from(manager.replicas),
        database_connections: u32::from(manager.database_connections),
        license: manager.license.clone(),
        secrets_by_pods: chart.secrets == SecretsBy::Csi,
        image: chart.image.clone(),
        shared_storage: manager.shared_storage.clone(),
        offline_data: manager.offline_data.clone(),
        usage_data: manager.usage_data,
        settings: manager.settings.clone(),
        role_arn: made.text(&SERVER_ROLE, |role| role.arn, "arn:aws:iam::000000000000:role/{}"),
        database_host: made.late_text(&DATABASE, |database| database.address, "{}.invalid"),
        database_port: made.number(&DATABASE, |database| database.port, PORT),
        database_name: USER.to_owned(),
        database_user: USER.to_owned(),
        database_instance_class: stack.database.instance_class.to_string(),
        bucket: made.text(&BUCKET, |bucket| bucket.id, "{}"),
        region: region.to_owned(),
        address: url(stack),
        load_balancer_dns_name,
        exposure,
        node_label: (NODE_LABEL.0.to_owned(), NODE_LABEL.1.to_owned()),
        kubernetes_minor: u32::from(kubernetes_version(stack, made.state).minor()),
        instance_type: stack.kubernetes().nodes.instance_type.to_string(),
        disk_gib: stack.kubernetes().nodes.disk_gib,
        node_count: u32::from(stack.kubernetes().nodes.count),
        strategy: if emitted::is_version_change(stack, made.state) { Strategy::Recreate } else { Strategy::Rolling },
        database_secret_arn: made.text(&DATABASE_LOGIN, |secret| secret.id, &secret),
        encryption_key_secret_arn: made.text(&ENCRYPTION_KEY, |secret| secret.id, &secret),
        cluster_name: made.text(&CLUSTER, |cluster| cluster.id, "{}"),
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
pub fn helm_facts(stack: &Stack, state: &State) -> StackFacts {
    if let Ok(inputs) = helm_inputs(stack, state) {
        return StackFacts::from(&inputs);
    }
    let chart = stack.chart();
    let nodes = &stack.kubernetes().nodes;
    StackFacts {
        chart_version: Some(chart.version.to_string()),
        namespace: Some(chart.namespace.to_string()),
        release: Some(chart.release.to_string()),
        region: Some(stack.region.to_string()),
        bucket: stack.storage.bucket.as_ref().map(ToString::to_string),
        role_arn: standing(state, &SERVER_ROLE).ok().map(|role| role.arn),
        database_host: standing(state, &DATABASE).ok().and_then(|database| database.address),
        database_class: Some(stack.database.instance_class.to_string()),
        address: url(stack),
        secret_class: (chart.secrets == SecretsBy::Csi).then(|| secret_class(chart.release.as_str())),
        reach: Some(match stack.load_balancer.targets {
            Targets::NodePort => Reach::NodePort(node_port(stack, state)),
            Targets::TargetGroupBinding => Reach::Pods(standing(state, &TARGET_GROUP).ok().map(|group| group.id)),
            Targets::Ingress => Reach::Ingress,
        }),
        kubernetes_minor: Some(u32::from(kubernetes_version(stack, state).minor())),
        nodes: Some(NodeFacts {
            count: u32::from(nodes.count),
            instance_type: nodes.instance_type.to_string(),
            disk_gib: nodes.disk_gib,
            label: (NODE_LABEL.0.to_owned(), NODE_LABEL.1.to_owned()),
        }),
    }
}
