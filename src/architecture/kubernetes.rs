//! The cluster, its nodes and its add-ons.

use std::collections::{BTreeMap, BTreeSet};

use super::handles::{CLUSTER, CLUSTER_ROLE, CREATOR, NODE_ROLE, NODES};
use super::versions::{kubernetes_version, recorded_kubernetes};
use super::{Expansion, NetworkRefs, recorded};
use crate::engine::state::State;
use crate::model::address::Address;
use crate::model::document::{Document, digest};
use crate::model::handle::At;
use crate::model::impact::{Affected, Impact, ImpactClass};
use crate::model::reference::Ref;
use crate::model::resource::Node;
use crate::model::values::KubernetesVersion;
use crate::resources::access_entry::{AccessEntry, Principal, stands_for};
use crate::resources::addon::Addon;
use crate::resources::cluster::{Cluster, SUPPORT_EXTENDED, SUPPORT_STANDARD};
use crate::resources::node_group::NodeGroup;
use crate::resources::route_table::RouteTable;
use crate::resources::subnet::Subnet;
use crate::resources::vpc_endpoint::VpcEndpoint;
use crate::stack::Stack;

/// Add-ons the nodes need before they come.
const BEFORE_NODES: [&str; 2] = ["vpc-cni", "kube-proxy"];
/// Add-ons that need nodes.
const AFTER_NODES: [&str; 1] = ["coredns"];

/// The label of the nodes Package Manager runs on.
pub(super) const NODE_LABEL: (&str, &str) = ("ppm-infra/nodes", "packages");

/// Adds cluster, access, add-ons and nodes.
pub(super) fn kubernetes(expansion: &mut Expansion<'_>, net: &NetworkRefs) {
    cluster(expansion, net);
    access_entries(expansion);
    for addon in BEFORE_NODES {
        add_addon(expansion, addon);
    }
    node_group(expansion, net);
    for addon in AFTER_NODES {
        add_addon(expansion, addon);
        let node = expansion.nodes.get_mut(&At::<Addon>::of(addon).address()).expect("added above");
        node.after.insert(NODES.address(), "it runs on nodes and is degraded without");
    }
}

/// Versions on the way from what is recorded to what is declared, the latter included; only that if nothing is recorded.
fn climb(stack: &Stack, state: &State) -> Vec<KubernetesVersion> {
    let wanted = kubernetes_version(stack, state);
    let mut versions = Vec::new();
    let mut next = recorded_kubernetes(state).and_then(KubernetesVersion::next);
    while let Some(version) = next.filter(|version| *version < wanted) {
        versions.push(version);
        next = version.next();
    }
    versions.push(wanted);
    versions
}

/// The add-ons whose versions are still to be chosen, each for every version on the way.
pub(super) fn asked_addons(stack: &Stack, state: &State) -> BTreeSet<(String, String)> {
    let versions = climb(stack, state);
    let addons = BEFORE_NODES.into_iter().chain(AFTER_NODES);
    addons
        .flat_map(|addon| versions.iter().map(move |version| (version.to_string(), addon.to_owned())))
        .filter(|(version, addon)| settled_addon(state, addon, version).is_none())
        .collect()
}

/// The version of an add-on that an earlier apply chose for this Kubernetes version.
fn settled_addon(state: &State, addon: &str, version: &str) -> Option<String> {
    recorded::<Addon>(state, &At::of(addon))
        .filter(|addon| addon.kubernetes_version == version)
        .map(|addon| addon.version)
}

fn cluster(expansion: &mut Expansion<'_>, net: &NetworkRefs) {
    let declared = expansion.stack.kubernetes().clone();
    let tags = expansion.tags(&CLUSTER);
    let at = |version: KubernetesVersion, subnets: BTreeSet<_>| Cluster {
        name: expansion.stack.stack.to_string(),
        version: version.to_string(),
        role: CLUSTER_ROLE.to_ref(),
        subnets,
        service_cidr: declared.service_cidr.to_string(),
        private_access: true,
        public_access: !declared.public_cidrs.is_empty(),
        public_cidrs: declared.public_cidrs.iter().map(ToString::to_string).collect(),
        logging: ["api", "audit", "authenticator"].map(str::to_owned).into(),
        kms_key: expansion.key(),
        authentication_mode: "API".to_owned(),
        support: if declared.extended_support { SUPPORT_EXTENDED } else { SUPPORT_STANDARD }.to_owned(),
        deletion_protection: true,
        tags: tags.clone(),
    };
    // The zones of a control plane are settled when it is made.
    let settled = expansion.recorded(&CLUSTER).map(|cluster| cluster.subnets);
    let there: BTreeSet<_> = net.settled.iter().cloned().collect();
    let subnets = match settled {
        Some(settled) if expansion.owns_network() && settled.is_subset(&there) => settled,
        Some(_) | None => there,
    };
    let mut versions = climb(expansion.stack, expansion.state);
    let wanted = versions.pop().expect("the declared version is the last");
    let ladder: Vec<Document> = versions.iter().map(|version| Document::of(&at(*version, subnets.clone()))).collect();
    let cluster = at(wanted, subnets);
    let node = expansion.add(&CLUSTER, &cluster);
    // Everything inside would be lost with it.
    node.protect = true;
    node.renewal.push(Impact::of(
        ImpactClass::Outage,
        Affected::Everybody,
        "nothing runs until a kubeconfig is fetched for the new one and the chart is installed again",
    ));
    node.ladder = ladder;
}

fn access_entries(expansion: &mut Expansion<'_>) {
    let admin = format!("arn:{}:eks::aws:cluster-access-policy/AmazonEKSClusterAdminPolicy", expansion.partition());
    let mut entries = vec![(CREATOR.clone(), Principal::Creator)];
    // A cluster has room for one entry of each identity, and the creator has one: settled once, whoever applies later.
    let settled = expansion.state.resources.get(&CREATOR.address());
    let settled = settled.and_then(|recorded| recorded.computed.text("principal_arn"));
    let creator = settled.unwrap_or(&expansion.surroundings.principal);
    let admins = expansion.stack.kubernetes().admins.iter().map(ToString::to_string);
    entries
        .extend(admins.filter(|arn| !stands_for(arn, creator)).map(|arn| (administrator(&arn), Principal::Arn(arn))));
    for (at, principal) in entries {
        let tags = expansion.tags(&at);
        let policies = BTreeSet::from([admin.clone()]);
        expansion.add(&at, &AccessEntry { cluster: CLUSTER.to_ref(), principal, policies, tags });
    }
}

/// Where the access entry of an administrator stands.
pub(super) fn administrator(arn: &str) -> At<AccessEntry> {
    At::of(&format!("admin-{}", &digest(arn.as_bytes())[..8]))
}

fn add_addon(expansion: &mut Expansion<'_>, name: &str) {
    let place = At::of(name);
    let tags = expansion.tags(&place);
    let at = |version: &KubernetesVersion| {
        let kubernetes_version = version.to_string();
        let asked = expansion.surroundings.addons.get(&(kubernetes_version.clone(), name.to_owned())).cloned();
        let version = settled_addon(expansion.state, name, &kubernetes_version).or(asked).unwrap_or_default();
        Addon { cluster: CLUSTER.to_ref(), name: name.to_owned(), kubernetes_version, version, tags: tags.clone() }
    };
    let mut versions: Vec<Addon> = climb(expansion.stack, expansion.state).iter().map(at).collect();
    let wanted = versions.pop().expect("the declared version is the last");
    expansion.add(&place, &wanted).ladder = versions.iter().map(Document::of).collect();
}

fn node_group(expansion: &mut Expansion<'_>, net: &NetworkRefs) {
    let declared = expansion.stack.kubernetes().nodes.clone();
    let tags = expansion.tags(&NODES);
    let at = |version: &KubernetesVersion| NodeGroup {
        cluster: CLUSTER.to_ref(),
        name: format!("{}-nodes", expansion.stack.stack),
        version: version.to_string(),
        role: NODE_ROLE.to_ref(),
        subnets: net.private.iter().cloned().collect(),
        instance_type: declared.instance_type.to_string(),
        ami_type: ami_type(declared.instance_type.as_str()).to_owned(),
        capacity_type: "ON_DEMAND".to_owned(),
        disk_gib: declared.disk_gib,
        count: u32::from(declared.count),
        max: u32::from(declared.max),
        max_unavailable: 1,
        labels: BTreeMap::from([(NODE_LABEL.0.to_owned(), NODE_LABEL.1.to_owned())]),
        tags: tags.clone(),
    };
    let mut versions: Vec<NodeGroup> = climb(expansion.stack, expansion.state).iter().map(at).collect();
    let wanted = versions.pop().expect("the declared version is the last");
    let tables: Vec<Address> =
        expansion.nodes.iter().filter(|(_, node)| leads_out(node, net)).map(|(at, _)| at.clone()).collect();
    let node: &mut Node = expansion.add(&NODES, &wanted);
    node.ladder = versions.iter().map(Document::of).collect();
    for table in tables {
        node.after.insert(table, "nodes that cannot reach AWS do not join");
    }
    for addon in BEFORE_NODES {
        node.after.insert(At::<Addon>::of(addon).address(), "nodes do not become ready without");
    }
}

/// Whether `node` is on the way from the nodes to AWS: a route table of theirs, that of the NAT gateways, or an endpoint.
fn leads_out(node: &Node, net: &NetworkRefs) -> bool {
    if let Ok(endpoint) = node.declared.read::<VpcEndpoint>() {
        // Images lie in S3, so without another way to it that endpoint counts as well.
        return endpoint.interface.is_some() || net.public.is_empty();
    }
    let Ok(table) = node.declared.read::<RouteTable>() else { return false };
    let on_the_way = |subnet: &Ref<Subnet>| net.private.contains(subnet) || net.public.contains(subnet);
    table.subnets.iter().any(on_the_way)
}

/// The image for an instance type: families with a `g` after their generation are ARM ("Amazon EC2 instance types").
fn ami_type(instance_type: &str) -> &'static str {
    let family = instance_type.split('.').next().unwrap_or_default();
    let after_generation = family.trim_start_matches(|c: char| c.is_ascii_alphabetic());
    if after_generation.trim_start_matches(|c: char| c.is_ascii_digit()).starts_with('g') {
        "AL2023_ARM_64_STANDARD"
    } else {
        "AL2023_x86_64_STANDARD"
    }
}
