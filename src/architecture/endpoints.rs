//! The ways to AWS in a network that does not reach the internet.

use std::collections::BTreeSet;

use super::Plot;
use crate::model::reference::Ref;
use crate::model::values::Cidr;
use crate::resources::security_group::{Peer, Rule, SecurityGroup};
use crate::resources::subnet::Subnet;
use crate::resources::vpc_endpoint::{Interface, VpcEndpoint};

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

/// Of these, the endpoints whose names begin with `cn.` in the regions of China, where the others are named as everywhere
/// (`aws ec2 describe-vpc-endpoint-services` there; the AWS CDK keeps the same list).
const CN: [&str; 7] = ["autoscaling", "ec2", "ecr.api", "ecr.dkr", "eks", "elasticfilesystem", "sts"];

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
    let manager = &plot.stack.package_manager;
    let files = (manager.shared_storage.is_some() || manager.offline_data.is_some()).then_some(FILES);
    for (name, _) in SERVICES.into_iter().chain(files) {
        let address = name.replace('.', "-");
        let tags = plot.tags::<VpcEndpoint>(&address);
        let endpoint = VpcEndpoint {
            vpc: Ref::named("main"),
            service: interface(plot.partition(), &service(plot, name), name),
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

/// The name under which EC2 knows the interface endpoint of a service that is named like `plain` in most partitions.
fn interface(partition: &str, plain: &str, name: &str) -> String {
    if partition == "aws-cn" && CN.contains(&name) { format!("cn.{plain}") } else { plain.to_owned() }
}

/// The name under which EC2 knows an endpoint of a service.
pub(super) fn service(plot: &Plot<'_>, name: &str) -> String {
    format!("com.amazonaws.{}.{name}", plot.stack.region)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn in_china_some_names_begin_with_cn() {
        let named =
            |partition: &str, name: &str| interface(partition, &format!("com.amazonaws.cn-north-1.{name}"), name);
        assert_eq!(named("aws-cn", "sts"), "cn.com.amazonaws.cn-north-1.sts");
        assert_eq!(named("aws-cn", "kms"), "com.amazonaws.cn-north-1.kms");
        assert_eq!(named("aws-us-gov", "sts"), "com.amazonaws.cn-north-1.sts");
        let known: Vec<&str> = SERVICES.into_iter().chain([FILES]).map(|(name, _)| name).collect();
        assert!(CN.iter().all(|name| known.contains(name)));
    }
}
