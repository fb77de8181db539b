//! Checks of quotas: whether the account has room for what this plan makes, at the moment when most of it stands.
//!
//! What a plan deletes goes last, so it makes no room for what is made.

use std::collections::{BTreeMap, BTreeSet};

use super::builder::{CheckBuilder, Said};
use super::{CheckContext, QueryContext, zones};
use crate::architecture::handles;
use crate::architecture::{expand, recorded};
use crate::engine::plan::Action;
use crate::engine::state::State;
use crate::model::address::Address;
use crate::model::document::Document;
use crate::model::facts::Fact;
use crate::model::facts::quota::{Quota, QuotaUse};
use crate::model::finding::{Check, Severity};
use crate::model::resource::{Catalog, OnChange, ReplaceOrder, Resource};
use crate::product::vcpus;
use crate::resources::catalog;
use crate::resources::database::Database;
use crate::resources::nat_gateway::NatGateway;
use crate::resources::node_group::NodeGroup;
use crate::resources::subnet::Subnet;

/// The quotas that what is declared and does not stand yet may run into.
pub(super) fn query(cx: &QueryContext<'_>) -> BTreeSet<Quota> {
    let catalog = catalog();
    let mut quotas = BTreeSet::new();
    for (address, node) in expand(cx.stack, cx.surroundings, cx.state) {
        let stands = cx.state.resources.get(&address).map(|recorded| &recorded.declared);
        let stands = stands.filter(|_| !cx.replace.contains(&address));
        if stands.is_some_and(|stands| !takes_more(&catalog, &address, stands, &node.declared)) {
            continue;
        }
        quotas.extend(takes(&catalog, &address, &node.declared).into_iter().map(|(quota, _)| quota));
        if address.kind == NodeGroup::KIND {
            quotas.insert(Quota::Vcpus);
        }
    }
    quotas
}

/// The quotas that a removal may run into: the last snapshot of the database is one more.
pub(super) fn query_of_removal(state: &State, makes_final_snapshot: bool) -> BTreeSet<Quota> {
    let has_database = state.resources.keys().any(|address| address.kind == Database::KIND);
    (has_database && makes_final_snapshot).then_some(Quota::DatabaseSnapshots).into_iter().collect()
}

/// Whether an object may take more than it does: it is made anew, it grows, or nodes are added while it changes.
fn takes_more(catalog: &Catalog, address: &Address, stands: &Document, declared: &Document) -> bool {
    let facts = &catalog[&address.kind];
    let is_other = |field: &str| stands.get(field) != declared.get(field);
    let is_replaced = facts.fields.iter().any(|field| field.on_change == OnChange::Replace && is_other(field.name));
    let is_nodes = address.kind == NodeGroup::KIND && ROLLING.into_iter().chain(COUNTS).any(is_other);
    is_replaced || is_nodes || (facts.takes)(stands) != (facts.takes)(declared)
}

/// The fields of nodes that are changed by putting new nodes beside the old ones.
const ROLLING: [&str; 1] = ["version"];

/// Those that say how many there are.
const COUNTS: [&str; 2] = ["count", "max"];

fn takes(catalog: &Catalog, address: &Address, declared: &Document) -> Vec<(Quota, u64)> {
    (catalog[&address.kind].takes)(declared)
}

/// How much of a quota a plan takes, and for what.
struct Need<'a> {
    amount: u64,
    /// How much at most for a while, where that is more.
    peak: u64,
    /// The first object that takes some.
    first: &'a Address,
    by_zone: BTreeMap<String, u64>,
}

/// Whether there is room: one check for each quota that this plan takes something of.
pub(super) fn checks(cx: &CheckContext<'_>) -> Vec<Check> {
    let needs = needs(cx);
    let judged = cx.facts.quotas.iter().filter_map(|(quota, told)| Some(check(cx, *quota, told, needs.get(quota)?)));
    judged.collect()
}

fn needs<'a>(cx: &CheckContext<'a>) -> BTreeMap<Quota, Need<'a>> {
    let catalog = catalog();
    let mut needs: BTreeMap<Quota, Need<'a>> = BTreeMap::new();
    for (address, action) in &cx.plan.actions {
        let mut add = |quota: Quota, amount: u64, peak: u64, zone: Option<String>| {
            let need =
                needs.entry(quota).or_insert(Need { amount: 0, peak: 0, first: address, by_zone: BTreeMap::new() });
            need.amount += amount;
            need.peak += peak;
            if let Some(zone) = zone {
                *need.by_zone.entry(zone).or_default() += amount;
            }
        };
        let more = |declared: &Document, stands: Option<&Document>| {
            let old: BTreeMap<Quota, u64> =
                stands.map(|stands| takes(&catalog, address, stands)).unwrap_or_default().into_iter().collect();
            let new = takes(&catalog, address, declared).into_iter();
            let grown =
                new.map(move |(quota, amount)| (quota, amount.saturating_sub(old.get(&quota).copied().unwrap_or(0))));
            grown.filter(|(_, amount)| *amount > 0).collect::<Vec<_>>()
        };
        let (declared, stands) = match action {
            Action::Create { declared, .. } | Action::Replace { declared, order: ReplaceOrder::CreateFirst, .. } => {
                (declared, None)
            }
            Action::Replace { declared, prior, .. } | Action::Update { declared, prior, .. } => {
                (declared, Some(&prior.declared))
            }
            Action::Delete { .. } if address.kind == Database::KIND => {
                add(Quota::DatabaseSnapshots, 1, 1, None);
                continue;
            }
            Action::NoOp { .. } | Action::Delete { .. } | Action::Forget { .. } => continue,
        };
        let zone = (address.kind == NatGateway::KIND).then(|| zone_of(cx, declared)).flatten();
        for (quota, amount) in more(declared, stands) {
            add(quota, amount, amount, zone.clone());
        }
        if let Some((amount, peak)) = machines(declared, stands).filter(|_| address.kind == NodeGroup::KIND) {
            add(Quota::Vcpus, amount, peak, None);
        }
    }
    needs
}

/// The zone of a NAT gateway.
fn zone_of(cx: &CheckContext<'_>, declared: &Document) -> Option<String> {
    let subnet = declared.read::<NatGateway>().ok()?.subnet.address()?;
    Some(zones::after(cx, &subnet)?.read::<Subnet>().ok()?.zone)
}

/// How many vCPUs more nodes take in the end, and for a while: a change of their version starts up to twice as many new
/// nodes as there are zones, or as many as may be missing, beside the old ones (EKS User Guide, "Understand each phase of
/// node updates"). Nothing where they are not billed on demand: other quotas count those.
fn machines(declared: &Document, stands: Option<&Document>) -> Option<(u64, u64)> {
    let nodes: NodeGroup = declared.read().ok()?;
    let old: Option<NodeGroup> = stands.and_then(|stands| stands.read().ok());
    if nodes.capacity_type != "ON_DEMAND" {
        return None;
    }
    let each = vcpus(&nodes.instance_type)?;
    let more = u64::from(nodes.count.saturating_sub(old.as_ref().map_or(0, |old| old.count)));
    let is_rolled = old.is_some_and(|old| old.version != nodes.version);
    let beside = (2 * nodes.subnets.len() as u64).max(u64::from(nodes.max_unavailable));
    let peak = if is_rolled { more + beside } else { more };
    Some((more * each, peak * each)).filter(|(_, peak)| *peak > 0)
}

fn check(cx: &CheckContext<'_>, quota: Quota, told: &QuotaUse, need: &Need<'_>) -> Check {
    let facts = quota.facts();
    let mut check = CheckBuilder::new(cx.places, facts.id);
    let used = match &told.used {
        Fact::There(used) => used,
        Fact::Missing => &BTreeMap::new(),
        Fact::Unread { error } => {
            check.unread_at(need.first.clone(), error, reading(quota));
            return check.done();
        }
    };
    let limit = match &told.limit {
        Fact::There(limit) => *limit,
        Fact::Missing | Fact::Unread { .. } => facts.usual,
    };
    let is_known = matches!(told.limit, Fact::There(_));
    let places: Vec<(String, u64, u64)> = if need.by_zone.is_empty() {
        let used = used.get(QuotaUse::HERE).copied().unwrap_or_default();
        vec![(String::new(), used, need.peak)]
    } else {
        let in_zone = |(zone, amount): (&String, &u64)| {
            (format!(" in {zone}"), used.get(zone).copied().unwrap_or_default(), *amount)
        };
        need.by_zone.iter().map(in_zone).collect()
    };
    for (place, used, amount) in places {
        if used + amount <= limit {
            continue;
        }
        if let (false, Fact::Unread { error }) = (is_known, &told.limit) {
            let what = format!("{used} {}{place} are in use, and this plan takes {amount} more: {error}", facts.what);
            let said = Said { what, ..Said::unread(error, "servicequotas:GetServiceQuota") };
            check.find_at(Severity::Unknown, need.first.clone(), said);
            continue;
        }
        check.find_at(Severity::Error, need.first.clone(), said(cx, quota, limit, (&place, used, amount), need));
    }
    check.done()
}

fn said(
    cx: &CheckContext<'_>,
    quota: Quota,
    limit: u64,
    (place, used, amount): (&str, u64, u64),
    need: &Need<'_>,
) -> Said {
    let facts = quota.facts();
    let for_a_while = if need.peak > need.amount { " for a while" } else { "" };
    let what =
        format!("{used} of {limit} {}{place} are in use, and this plan takes {amount} more{for_a_while}", facts.what);
    let why = if quota == Quota::Vcpus {
        "nodes would not start, which EKS says after 20 minutes and more".to_owned()
    } else if quota == Quota::DatabaseSnapshots {
        "the database would not be deleted, for want of its last snapshot".to_owned()
    } else {
        format!("{} would be refused, with part of the stack made", need.first)
    };
    let region = if facts.is_global() { "us-east-1" } else { cx.stack.region.as_str() };
    let raise = format!(
        "ask for more, which takes minutes to days: `aws service-quotas request-service-quota-increase --region {region} \
         --service-code {} --quota-code {} --desired-value {}`",
        facts.service,
        facts.code,
        used + amount
    );
    let is_by_nat = matches!(quota, Quota::ElasticIps | Quota::NatGateways);
    let instead = if quota == Quota::OidcProviders {
        return Said::new(what, why, "no account gets more: delete those of clusters that are gone");
    } else if quota == Quota::DatabaseSnapshots {
        "; or delete old snapshots, or say `--no-final-snapshot`"
    } else if is_by_nat && (need.amount > 1 || !need.by_zone.is_empty()) {
        "; or write `network.nat: single`, which takes one of each; or release what nobody needs"
    } else if quota == Quota::Vcpus && recorded(cx.state, &handles::NODES).is_none() {
        "; or write a smaller `kubernetes.nodes.instance_type`"
    } else {
        "; or remove what nobody needs"
    };
    Said::new(what, why, raise + instead)
}

/// The permission that counting takes.
const fn reading(quota: Quota) -> &'static str {
    match quota {
        Quota::Vcpus => "ec2:DescribeInstances",
        Quota::ElasticIps => "ec2:DescribeAddresses",
        Quota::Vpcs => "ec2:DescribeVpcs",
        Quota::InternetGateways => "ec2:DescribeInternetGateways",
        Quota::NatGateways => "ec2:DescribeNatGateways",
        Quota::GatewayEndpoints => "ec2:DescribeVpcEndpoints",
        Quota::SecurityGroups => "ec2:DescribeSecurityGroups",
        Quota::Clusters => "eks:ListClusters",
        Quota::DatabaseInstances
        | Quota::DatabaseStorage
        | Quota::DatabaseSubnetGroups
        | Quota::DatabaseParameterGroups
        | Quota::DatabaseSnapshots => "rds:DescribeAccountAttributes",
        Quota::LoadBalancers => "elasticloadbalancing:DescribeLoadBalancers",
        Quota::TargetGroups => "elasticloadbalancing:DescribeTargetGroups",
        Quota::Roles | Quota::Policies => "iam:GetAccountSummary",
        Quota::OidcProviders => "iam:ListOpenIDConnectProviders",
        Quota::Buckets => "s3:ListAllMyBuckets",
        Quota::Keys => "kms:ListKeys",
    }
}
