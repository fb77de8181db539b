//! Whether there are addresses enough for what is put into each subnet.

use super::{PRIVATE, Site};
use crate::architecture::checks::builder::{CheckBuilder, Key, Said};
use crate::architecture::handles;
use crate::model::finding::{Check, Severity};
use crate::model::values::Cidr;
use crate::product::addresses_per_interface;
use crate::stack::Targets;

/// Addresses that EKS wants free in each subnet of a cluster ("Subnet requirements for clusters").
const CLUSTER: u64 = 6;
/// Addresses that a load balancer wants free in each of its subnets.
const BALANCER: u64 = 8;
/// The smallest subnet that a load balancer takes.
const BALANCER_PREFIX: u8 = 27;
/// A database, or its standby.
const DATABASE: u64 = 1;
/// Pods of the cluster itself that have addresses of their own: two of `coredns`.
const SYSTEM_PODS: u64 = 2;

/// Whether every subnet has room for what this plan puts into it.
pub(super) fn addresses(site: &Site<'_>) -> Option<Check> {
    if site.subnets.private.is_empty() {
        return None;
    }
    let mut check = CheckBuilder::new(site.cx.places, "network.addresses");
    let cx = site.cx;
    let balancer = cx.makes(&handles::LOAD_BALANCER) && cx.stack.load_balancer.targets != Targets::Ingress;
    let in_private = |id: &str| {
        let mut needs = Vec::new();
        needs.extend(cx.makes(&handles::CLUSTER).then_some((CLUSTER, "the cluster")));
        needs.extend(cx.makes(&handles::DATABASE).then_some((DATABASE, "the database")));
        needs.extend((balancer && site.subnets.balancer.contains_key(id)).then_some((BALANCER, "the load balancer")));
        needs
    };
    for (id, subnet) in &site.subnets.private {
        fits(&mut check, Key::item(PRIVATE, id), id, subnet.free.into(), &in_private(id));
    }
    if balancer {
        for (id, subnet) in &site.subnets.balancer {
            let key = Key::item(site.subnets.balancer_key, id);
            if site.subnets.balancer_key != PRIVATE {
                fits(&mut check, key, id, subnet.free.into(), &[(BALANCER, "the load balancer")]);
            }
            if subnet.cidr.parse().is_ok_and(|cidr: Cidr| cidr.prefix() > BALANCER_PREFIX) {
                let what = format!("{id} ({}) is smaller than the /27 that a load balancer wants", subnet.cidr);
                check.find(Severity::Error, key, Said::new(what, "", "use a larger subnet of that zone"));
            }
        }
    }
    if cx.makes(&handles::NODES) && check.passes() {
        nodes(site, in_private, &mut check);
    }
    Some(check.done())
}

fn fits(check: &mut CheckBuilder<'_>, key: Key<'_>, id: &str, free: u64, needs: &[(u64, &str)]) {
    let needed: u64 = needs.iter().map(|(count, _)| count).sum();
    if free < needed {
        let parts: Vec<String> = needs.iter().map(|(count, what)| format!("{count} for {what}")).collect();
        check.find(
            Severity::Error,
            key,
            Said::new(
                format!("{id} has {free} free addresses, and {needed} are needed"),
                parts.join(", "),
                "free some, or use a larger subnet of that zone",
            ),
        );
    }
}

/// Nodes and pods take addresses of the subnets the nodes stand in. The VPC CNI of a node holds, as it comes, two
/// interfaces full of them, one as a reserve (aws/amazon-vpc-cni-k8s, `WARM_ENI_TARGET`); with fewer it does what it can.
fn nodes(site: &Site<'_>, taken: impl Fn(&str) -> Vec<(u64, &'static str)>, check: &mut CheckBuilder<'_>) {
    let stack = site.cx.stack;
    let private = &site.subnets.private;
    let room = |id: &str, free: u32| u64::from(free).saturating_sub(taken(id).iter().map(|(count, _)| count).sum());
    let count = u64::from(stack.kubernetes().nodes.count);
    let pods = u64::from(stack.package_manager.replicas) + 1 + SYSTEM_PODS;
    let free: u64 = private.iter().map(|(id, subnet)| room(id, subnet.free)).sum();
    if free < count + pods {
        check.find(
            Severity::Error,
            Key::of(PRIVATE),
            Said::new(
                format!("the private subnets have {free} addresses left, for {count} nodes and {pods} pods"),
                "every node and every pod has an address of its own",
                "free some, or use larger subnets",
            ),
        );
        return;
    }
    let of = &stack.kubernetes().nodes.instance_type;
    let Some(each) = addresses_per_interface(of.as_str()) else { return };
    let zones = u64::try_from(private.len()).unwrap_or(1).max(1);
    // An update puts one more node beside those there are.
    let nodes = count.div_ceil(zones) + 1;
    let wanted = nodes * 2 * each;
    for (id, subnet) in private.iter().filter(|(id, subnet)| room(id, subnet.free) < wanted) {
        check.find(
            Severity::Warning,
            Key::item(PRIVATE, id),
            Said::new(
                format!("{id} has {} free addresses, which is tight for {nodes} nodes of type {of}", subnet.free),
                format!("each holds up to {} for its pods, and an update adds a node: that makes {wanted}", 2 * each),
                "use larger subnets; or, once the cluster stands, set WARM_IP_TARGET of the VPC CNI",
            ),
        );
    }
}
