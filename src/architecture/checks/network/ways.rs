//! Whether subnets are of the tier they are declared as, by their routes, and whether nodes reach AWS.

use super::{PRIVATE, PUBLIC, Site};
use crate::architecture::checks::builder::{CheckBuilder, Key, Said};
use crate::architecture::endpoints;
use crate::model::facts::Fact;
use crate::model::facts::network::{EndpointFacts, RouteTableFacts, WayOut, table_of};
use crate::model::finding::{Check, Severity};

/// Whether every route leads where it must.
pub(super) fn routes(site: &Site<'_>) -> Option<Check> {
    if site.subnets.private.is_empty() {
        return None;
    }
    let mut check = CheckBuilder::new(site.cx.places, "network.routes");
    match &site.told.route_tables {
        Fact::There(tables) => {
            private(site, tables, &mut check);
            if site.subnets.balancer_key == PUBLIC {
                public(site, tables, &mut check);
            }
        }
        Fact::Missing => check.untold(Key::of(PRIVATE), "no route tables were told"),
        Fact::Unread { error } => {
            check.unread(Key::of(PRIVATE), error, "ec2:DescribeRouteTables");
        }
    }
    Some(check.done())
}

fn private(site: &Site<'_>, tables: &[RouteTableFacts], check: &mut CheckBuilder<'_>) {
    for id in site.subnets.private.keys() {
        let Some(table) = table_of(tables, id) else { continue };
        let (severity, key, name) = (site.cx.severity(id), Key::item(PRIVATE, id), &table.id);
        match table.way_out() {
            WayOut::Inside(_) => {}
            WayOut::InternetGateway(gateway) => check.find(
                severity,
                key,
                Said::new(
                    format!("{id} is a public subnet: its routes ({name}) lead to the internet gateway {gateway}"),
                    "nodes without a public address do not get out by it, and with one they stand in the internet",
                    "use subnets whose route to 0.0.0.0/0 leads to a NAT gateway, a transit gateway or the like",
                ),
            ),
            WayOut::Dead(target) => check.find(
                severity,
                key,
                Said::new(
                    format!("the route of {id} ({name}) to 0.0.0.0/0 leads to {target}, which is gone"),
                    "nodes that cannot reach AWS do not join",
                    "lead it to a NAT gateway that stands, or use another subnet",
                ),
            ),
            way @ (WayOut::SomeRoutes | WayOut::None) => closed(site, id, table, &way, check),
        }
    }
}

/// A subnet without a route to everywhere: then the services of AWS must be reached by endpoints.
fn closed(site: &Site<'_>, id: &str, table: &RouteTableFacts, way: &WayOut, check: &mut CheckBuilder<'_>) {
    let key = Key::item(PRIVATE, id);
    let endpoints = match &site.told.endpoints {
        Fact::There(endpoints) => endpoints.as_slice(),
        Fact::Missing => &[],
        Fact::Unread { error } => {
            check.unread(key, error, "ec2:DescribeVpcEndpoints");
            return;
        }
    };
    let missing: Vec<&str> = needed(site).filter(|name| !serves(endpoints, name, table)).collect();
    if missing.is_empty() {
        return;
    }
    let joins = !missing.iter().any(|name| TO_JOIN.contains(name));
    let list = missing.join(", ");
    let (severity, what, why) = match way {
        _ if joins => (
            Severity::Warning,
            format!("{id} has no way to every service that is asked from inside ({})", table.id),
            format!("there are no endpoints of {list}, and who asks them gets no answer"),
        ),
        // Whether a proxy or a firewall behind those routes leads to AWS cannot be seen.
        WayOut::SomeRoutes => (
            Severity::Warning,
            format!("{id} has routes out of the network ({}), but none to 0.0.0.0/0", table.id),
            format!("unless they lead to AWS, nodes do not join: there are no endpoints of {list}"),
        ),
        WayOut::None | WayOut::Inside(_) | WayOut::InternetGateway(_) | WayOut::Dead(_) => (
            site.cx.severity(id),
            format!("{id} has no way out ({}), and the network no endpoints of {list}", table.id),
            "nodes that cannot reach AWS do not join".to_owned(),
        ),
    };
    let remedy = "add a route to 0.0.0.0/0 by a NAT gateway or the like, or these endpoints, with private DNS";
    check.find(severity, key, Said::new(what, why, remedy));
}

/// What a node asks before it joins and runs its first pod (EKS User Guide, "Deploy private clusters with limited internet
/// access").
const TO_JOIN: [&str; 6] = ["ec2", "ecr.api", "ecr.dkr", "eks", "s3", "sts"];

/// The services that nodes and pods ask.
fn needed(site: &Site<'_>) -> impl Iterator<Item = &'static str> + use<> {
    endpoints::needed(site.cx.stack).map(|(name, _)| name).chain(["s3"])
}

/// Whether an endpoint of the service can be used from where this table holds.
fn serves(endpoints: &[EndpointFacts], name: &str, table: &RouteTableFacts) -> bool {
    endpoints.iter().any(|endpoint| {
        // Regional parts differ by partition: com.amazonaws.us-east-1.sts, cn.com.amazonaws.cn-north-1.sts.
        let service = endpoint.service.ends_with(&format!(".{name}"));
        let reached = if endpoint.is_interface {
            endpoint.has_private_dns || name == "s3"
        } else {
            endpoint.route_tables.contains(&table.id)
        };
        service && endpoint.state == "available" && reached
    })
}

fn public(site: &Site<'_>, tables: &[RouteTableFacts], check: &mut CheckBuilder<'_>) {
    for id in site.subnets.balancer.keys() {
        let Some(table) = table_of(tables, id) else { continue };
        if !matches!(table.way_out(), WayOut::InternetGateway(_)) {
            check.find(
                site.cx.severity(id),
                Key::item(PUBLIC, id),
                Said::new(
                    format!("{id} is not a public subnet: its routes ({}) lead to no internet gateway", table.id),
                    "a load balancer that faces the internet is refused there, or not reached",
                    "use subnets whose route to 0.0.0.0/0 leads to an internet gateway, or set load_balancer.scheme to \
                     internal",
                ),
            );
        }
    }
}
