//! Checks of the zones of a network that the stack makes: whether there are as many as are declared, and whether they
//! offer the machines that are to stand in them.
//!
//! Which zones are used is settled by the first apply; another instance type comes later, and is offered where it is.

use std::collections::BTreeSet;

use super::CheckContext;
use super::builder::{CheckBuilder, Key, Said};
use crate::architecture::handles;
use crate::architecture::recorded;
use crate::engine::plan::Action;
use crate::engine::state::State;
use crate::model::address::Address;
use crate::model::document::Document;
use crate::model::facts::Fact;
use crate::model::finding::{Check, Severity};
use crate::model::surroundings::Surroundings;
use crate::resources::node_group::NodeGroup;
use crate::resources::subnet::Subnet;
use crate::stack::{MadeNetwork, Network, Stack};

const TYPE: &str = "kubernetes.nodes.instance_type";
const ZONES: &str = "network.zones";

/// Zones that a cluster and a load balancer each want.
const LEAST: usize = 2;

/// The instance type whose zones are to be asked for: one that nodes get by this declaration, unless the choice of zones
/// told it already.
pub(super) fn query(stack: &Stack, surroundings: &Surroundings, state: &State) -> Option<String> {
    let declared = stack.kubernetes().nodes.instance_type.to_string();
    let standing = recorded(state, &handles::NODES).is_some_and(|nodes| nodes.instance_type == declared);
    let made = matches!(stack.network, Network::Made(_));
    (made && !standing && !surroundings.tells_zones()).then_some(declared)
}

/// Whether every zone that nodes are to stand in offers their type.
pub(super) fn instance_type(cx: &CheckContext<'_>) -> Option<Check> {
    let made = made(cx)?;
    let zones = zones_of_new_nodes(cx)?;
    let mut check = CheckBuilder::new(cx.places, TYPE);
    let offering: BTreeSet<&str> = match &cx.facts.zones_of_type {
        _ if cx.surroundings.tells_zones() => cx.surroundings.zones.iter().map(String::as_str).collect(),
        Some(Fact::There(zones)) => zones.iter().map(String::as_str).collect(),
        Some(Fact::Missing) => BTreeSet::new(),
        Some(Fact::Unread { error }) => {
            check.unread(Key::of(TYPE), error, "ec2:DescribeInstanceTypeOfferings");
            return Some(check.done());
        }
        // The nodes are made anew as they stand.
        None => return Some(check.done()),
    };
    let without: Vec<&str> = zones.iter().map(String::as_str).filter(|zone| !offering.contains(zone)).collect();
    if without.is_empty() {
        return Some(check.done());
    }
    let (of, region) = (&cx.stack.kubernetes().nodes.instance_type, &cx.stack.region);
    let what = if offering.is_empty() {
        format!("{region} does not offer {of}")
    } else {
        let there = offering.iter().copied().collect::<Vec<_>>().join(", ");
        format!("{of} is not offered in {}, where nodes are to stand, but in {there}", without.join(" and "))
    };
    let stands = recorded(cx.state, &handles::NODES).map(|nodes| nodes.instance_type);
    let stands = stands.filter(|stands| stands != of.as_str());
    let good = zones.len() - without.len();
    let or = match stands {
        Some(stands) => format!("go back to \"{stands}\", which runs, or write "),
        None if good >= LEAST && good < usize::from(made.zones) => format!("write `{ZONES}: {good}`, or "),
        None => "write ".to_owned(),
    };
    let size = of.as_str().split('.').next_back().unwrap_or_default();
    let remedy = format!(
        "{or}another type; those of the size that a zone offers are listed by `aws ec2 \
         describe-instance-type-offerings --region {region} --location-type availability-zone --filters \
         Name=location,Values={} 'Name=instance-type,Values=*.{size}' --query 'InstanceTypeOfferings[].InstanceType' \
         --output text`",
        without[0]
    );
    check.find(Severity::Error, Key::of(TYPE), Said::new(what, "no node would start there", remedy));
    Some(check.done())
}

/// Whether there are as many zones as are declared.
pub(super) fn count(cx: &CheckContext<'_>) -> Option<Check> {
    let made = made(cx).filter(|_| cx.surroundings.tells_zones())?;
    let mut check = CheckBuilder::new(cx.places, ZONES);
    let (region, all) = (&cx.stack.region, zones_of_nodes(cx));
    let (wanted, used) = (usize::from(made.zones), all.len());
    if used < wanted {
        let zones = all.into_iter().collect::<Vec<_>>().join(", ");
        let severity = if used < LEAST || cx.places.is_written(ZONES) { Severity::Error } else { Severity::Warning };
        let (what, why, remedy) = if used < LEAST {
            let there = if zones.is_empty() { "none".to_owned() } else { format!("{zones} alone") };
            let what = format!("of the zones of {region} there can be used {there}, and {LEAST} are needed");
            (
                what,
                "cluster and load balancer each want two",
                "use another region, or a network with subnets".to_owned(),
            )
        } else {
            let what = format!("{region} has {used} zones to be used, {zones}, and not {wanted}");
            (what, "EKS places a control plane in those", format!("write `{ZONES}: {used}`"))
        };
        check.find(severity, Key::of(ZONES), Said::new(what, why, remedy));
    }
    Some(check.done())
}

fn made<'a>(cx: &'a CheckContext<'_>) -> Option<&'a MadeNetwork> {
    match &cx.stack.network {
        Network::Made(made) => Some(made),
        Network::Existing(_) => None,
    }
}

/// The zones of nodes that this plan makes; none if it makes no nodes.
fn zones_of_new_nodes(cx: &CheckContext<'_>) -> Option<BTreeSet<String>> {
    cx.makes(&handles::NODES).then(|| zones_of_nodes(cx))
}

/// The zones that nodes stand in once this plan is carried out.
fn zones_of_nodes(cx: &CheckContext<'_>) -> BTreeSet<String> {
    let nodes = after(cx, &handles::NODES.address()).and_then(|nodes| nodes.read::<NodeGroup>().ok());
    let subnets = nodes.map(|nodes| nodes.subnets).unwrap_or_default();
    let zone = |address: &Address| after(cx, address)?.read::<Subnet>().ok().map(|subnet| subnet.zone);
    subnets.iter().filter_map(|subnet| zone(&subnet.address()?)).collect()
}

/// What an object will be once this plan is carried out, as far as it is planned or recorded.
pub(super) fn after<'a>(cx: &'a CheckContext<'_>, address: &Address) -> Option<&'a Document> {
    let recorded = || cx.state.resources.get(address).map(|recorded| &recorded.declared);
    match cx.plan.actions.get(address)? {
        Action::Create { declared, .. } | Action::Update { declared, .. } | Action::Replace { declared, .. } => {
            Some(declared)
        }
        Action::NoOp { record } => {
            let found = || cx.plan.adopted.get(address).map(|found| &found.declared);
            record.as_ref().map(|record| &record.declared).or_else(found).or_else(recorded)
        }
        Action::Delete { .. } | Action::Forget { .. } => None,
    }
}
