//! The ways to AWS in a network that does not reach the internet.

use std::collections::BTreeSet;

use super::Plot;
use crate::model::reference::Ref;
use crate::model::values::Cidr;
use crate::resources::security_group::{Peer, Rule, SecurityGroup};
use crate::resources::subnet::Subnet;
use crate::resources::vpc_endpoint::{Interface, VpcEndpoint};
use crate::stack::Stack;

/// The service that mounts of file systems ask, if one is mounted.
const FILES: (&str, &str) = ("elasticfilesystem", "mounts of file systems");

/// Services and who asks them from inside (EKS User Guide, "Deploy private clusters with limited internet access").
pub(super) const SERVICES: [(&str, &str); 10] = [
    ("autoscaling", "node groups"),
    ("ec2", "nodes and the addresses of pods"),
    ("ecr.api", "images"),
    ("ecr.dkr", "images"),
    ("eks", "nodes that join"),
    ("elasticloadbalancing", "the load balancer controller"),
    ("kms", "Package Manager, for its bucket"),
    ("logs", "logs"),
    ("secretsmanager", "whoever fetches secrets into the cluster"),
    ("sts", "the role of Package Manager"),
];

/// The services that nodes and pods of `stack` ask, and who asks them.
pub(super) fn needed(stack: &Stack) -> impl Iterator<Item = (&'static str, &'static str)> + use<> {
    let manager = &stack.package_manager;
    let files = (manager.shared_storage.is_some() || manager.offline_data.is_some()).then_some(FILES);
    SERVICES.into_iter().chain(files)
}

/// Name of the firewall of the endpoints.
const GROUP: &str = "endpoints";

/// Adds an endpoint for each service, in these subnets, and the firewall they share.
pub(super) fn endpoints(plot: &mut Plot<'_>, network: Cidr, subnets: &[Ref<Subnet>]) {
    let tags = plot.tags::<SecurityGroup>(GROUP);
    let group = SecurityGroup {
        vpc: Ref::named("main"),
        name: format!("{}-{GROUP}", plot.stack.stack),
        description: "The endpoints of AWS services".to_owned(),
        ingress: BTreeSet::from([Rule::tcp(443, Peer::Cidr(network.to_string()), "The network")]),
        // An endpoint answers and never asks.
        egress: BTreeSet::new(),
        tags,
    };
    plot.add(GROUP, &group);
    for (name, _) in needed(plot.stack) {
        let address = named(name);
        let tags = plot.tags::<VpcEndpoint>(&address);
        let endpoint = VpcEndpoint {
            vpc: Ref::named("main"),
            service: plot.home().endpoint(name, plot.stack.region.as_str()),
            route_tables: BTreeSet::new(),
            interface: Some(Interface {
                subnets: subnets.iter().cloned().collect(),
                security_groups: BTreeSet::from([Ref::named(GROUP)]),
                private_dns: true,
            }),
            tags,
        };
        plot.add(&address, &endpoint);
    }
}

/// The names of the endpoints there may be.
pub(super) fn names() -> impl Iterator<Item = String> {
    SERVICES.into_iter().chain([FILES]).map(|(name, _)| named(name))
}

fn named(service: &str) -> String {
    service.replace('.', "-")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::partition::Partition;

    #[test]
    fn the_names_that_partitions_have_of_their_own_are_those_of_services_that_are_asked() {
        let known: Vec<&str> = SERVICES.into_iter().chain([FILES]).map(|(name, _)| name).collect();
        for partition in Partition::all() {
            assert!(partition.endpoints.1.iter().all(|name| known.contains(name)), "{}", partition.name);
        }
    }
}
