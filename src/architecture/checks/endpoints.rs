//! Checks of the endpoints by which a network without internet reaches AWS.

use std::collections::{BTreeMap, BTreeSet};

use super::builder::{CheckBuilder, Said};
use super::{CheckContext, QueryContext, zones};
use crate::architecture::expand;
use crate::engine::plan::Action;
use crate::model::address::Address;
use crate::model::document::Document;
use crate::model::facts::Fact;
use crate::model::finding::{Check, Severity};
use crate::model::resource::Resource as _;
use crate::resources::subnet::Subnet;
use crate::resources::vpc_endpoint::VpcEndpoint;

/// The services of endpoints with interfaces that do not stand yet.
pub(super) fn query(cx: &QueryContext<'_>) -> BTreeSet<String> {
    let nodes = expand(cx.stack, cx.surroundings, cx.state);
    let missing = nodes
        .iter()
        .filter(|(address, _)| address.kind == VpcEndpoint::KIND && !cx.state.resources.contains_key(address));
    missing.filter_map(|(_, node)| interface_of(&node.declared)).map(|endpoint| endpoint.service).collect()
}

/// An endpoint that stands in subnets.
fn interface_of(declared: &Document) -> Option<VpcEndpoint> {
    declared.read::<VpcEndpoint>().ok().filter(|endpoint| endpoint.interface.is_some())
}

/// Whether every service that an endpoint is made for is there, in each of its zones.
pub(super) fn services(cx: &CheckContext<'_>) -> Option<Check> {
    let told = cx.facts.endpoint_services.as_ref()?;
    let made: BTreeMap<&Address, VpcEndpoint> = cx
        .plan
        .actions
        .iter()
        .filter_map(|(address, action)| match action {
            Action::Create { declared, .. } | Action::Replace { declared, .. } => {
                Some((address, interface_of(declared).filter(|_| address.kind == VpcEndpoint::KIND)?))
            }
            Action::NoOp { .. } | Action::Update { .. } | Action::Delete { .. } | Action::Forget { .. } => None,
        })
        .collect();
    let (first, _) = made.first_key_value()?;
    let mut check = CheckBuilder::new(cx.places, "network.endpoint_services");
    let services = match told {
        Fact::There(services) => services,
        Fact::Missing => &BTreeMap::new(),
        Fact::Unread { error } => {
            check.unread_at((*first).clone(), error, "ec2:DescribeVpcEndpointServices");
            return Some(check.done());
        }
    };
    let region = &cx.stack.region;
    for (address, endpoint) in &made {
        let Some(service) = services.get(&endpoint.service) else {
            let what = format!("{region} has no service {}", endpoint.service);
            let remedy =
                "use a region that has it, or a network with a way to the internet: `network.connectivity: internet`";
            let why = "what asks for it would get no answer in a network without internet";
            check.find_at(Severity::Error, (*address).clone(), Said::new(what, why, remedy));
            continue;
        };
        let subnets = endpoint.interface.iter().flat_map(|interface| &interface.subnets);
        let zones: BTreeSet<String> = subnets
            .filter_map(|subnet| Some(zones::after(cx, &subnet.address()?)?.read::<Subnet>().ok()?.zone))
            .collect();
        let without: Vec<&str> = zones.difference(&service.zones).map(String::as_str).collect();
        if !without.is_empty() && !service.zones.is_empty() {
            let what = format!("{} is not to be had in {}", endpoint.service, without.join(" and "));
            let why = format!("{address} would be refused");
            let remedy = "use other zones: a network of your own lets you choose them (`network.existing`)";
            check.find_at(Severity::Error, (*address).clone(), Said::new(what, why, remedy));
        }
    }
    Some(check.done())
}
