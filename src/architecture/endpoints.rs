//! The ways to AWS in a network that does not reach the internet.

use std::collections::BTreeSet;

use super::Expansion;
use super::handles::{ENDPOINTS_FIREWALL, VPC};
use crate::model::handle::At;
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

/// Adds an endpoint for each service, in these subnets, and the firewall they share.
pub(super) fn endpoints(expansion: &mut Expansion<'_>, network: Cidr, subnets: &[Ref<Subnet>]) {
    let tags = expansion.tags(&ENDPOINTS_FIREWALL);
    let group = SecurityGroup {
        vpc: VPC.to_ref(),
        name: format!("{}-{}", expansion.stack.stack, ENDPOINTS_FIREWALL.name()),
        description: "The endpoints of AWS services".to_owned(),
        ingress: BTreeSet::from([Rule::tcp(443, Peer::Cidr(network.to_string()), "The network")]),
        // An endpoint answers and never asks.
        egress: BTreeSet::new(),
        tags,
    };
    expansion.add(&ENDPOINTS_FIREWALL, &group);
    for (name, _) in needed(expansion.stack) {
        let at = endpoint(name);
        let tags = expansion.tags(&at);
        let made = VpcEndpoint {
            vpc: VPC.to_ref(),
            service: expansion.home().endpoint(name, expansion.stack.region.as_str()),
            route_tables: BTreeSet::new(),
            interface: Some(Interface {
                subnets: subnets.iter().cloned().collect(),
                security_groups: BTreeSet::from([ENDPOINTS_FIREWALL.to_ref()]),
                private_dns: true,
            }),
            tags,
        };
        expansion.add(&at, &made);
    }
}

/// The endpoints there may be.
pub(super) fn all() -> impl Iterator<Item = At<VpcEndpoint>> {
    SERVICES.into_iter().chain([FILES]).map(|(name, _)| endpoint(name))
}

fn endpoint(service: &str) -> At<VpcEndpoint> {
    At::of(&service.replace('.', "-"))
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
