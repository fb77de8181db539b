//! Checks of a removal: whether something that is not the stack's keeps the cluster or the network from going.
//!
//! Sources: EKS API, `DeleteCluster` (node groups and Fargate profiles go first); Amazon VPC User Guide, "Delete your VPC"
//! (every interface and load balancer goes first).

use super::CheckContext;
use super::builder::{CheckBuilder, Said};
use crate::architecture::handles;
use crate::engine::state::State;
use crate::model::address::Address;
use crate::model::facts::Fact;
use crate::model::facts::removal::{BalancerFacts, InterfaceFacts, Removal, RemovalQuery};
use crate::model::finding::{Check, Severity};
use crate::resources::load_balancer::LoadBalancer;
use crate::resources::node_group::NodeGroup;

/// What to ask for, of what is recorded.
pub(super) fn query(state: &State) -> Option<RemovalQuery> {
    let recorded = |address: &Address, field: &str| {
        let computed = &state.resources.get(address)?.computed;
        computed.text(field).map(str::to_owned)
    };
    let ask = RemovalQuery {
        cluster: recorded(&handles::CLUSTER.address(), "id"),
        autoscaling_group: recorded(&handles::NODES.address(), "autoscaling_group"),
        vpc: recorded(&handles::VPC.address(), "id"),
    };
    (ask.cluster.is_some() || ask.vpc.is_some()).then_some(ask)
}

/// Every check of a removal.
pub(super) fn checks(cx: &CheckContext<'_>) -> Vec<Check> {
    let Some(told) = &cx.facts.removal else { return Vec::new() };
    let mut all = Vec::new();
    if cx.removes(&handles::CLUSTER.address()) {
        all.push(cluster(cx, told));
    }
    if cx.removes(&handles::VPC.address()) {
        all.push(network(cx, told));
    }
    all
}

/// What was told; finds at `address` what could not be read.
fn there<'f, T>(check: &mut CheckBuilder<'_>, fact: &'f Fact<T>, address: &Address, action: &str) -> Option<&'f T> {
    match fact {
        Fact::There(it) => Some(it),
        Fact::Missing => None,
        Fact::Unread { error } => {
            check.find_at(Severity::Unknown, address.clone(), Said::unread(error, action));
            None
        }
    }
}

/// Whether anything of somebody else's stands on the cluster.
fn cluster(cx: &CheckContext<'_>, told: &Removal) -> Check {
    let mut check = CheckBuilder::new(cx.places, "removal.cluster");
    let (at, region, stack) = (handles::CLUSTER.address(), &cx.stack.region, cx.stack.stack.as_str());
    let name = cx.state.resources.get(&at).and_then(|recorded| recorded.computed.text("id")).unwrap_or_default();
    if let Some(groups) = there(&mut check, &told.node_groups, &at, "eks:ListNodegroups and DescribeNodegroup") {
        let recorded = |group: &str| cx.records::<NodeGroup>(&format!("{name}/{group}"));
        let foreign = groups.iter().filter(|(group, owner)| owner.as_deref() != Some(stack) && !recorded(group));
        for (group, _) in foreign {
            let said = Said::new(
                format!("the node group {group} stands on the cluster, and is not the stack's"),
                "EKS deletes no cluster that has one, and by then the front door would be gone",
                format!(
                    "move what runs on it, and `aws eks delete-nodegroup --region {region} --cluster-name {name} \
                     --nodegroup-name {group}`"
                ),
            );
            check.find_at(Severity::Error, at.clone(), said);
        }
    }
    if let Some(profiles) = there(&mut check, &told.fargate_profiles, &at, "eks:ListFargateProfiles") {
        for profile in profiles {
            let said = Said::new(
                format!("the Fargate profile {profile} stands on the cluster, and is not the stack's"),
                "EKS deletes no cluster that has one, and by then the front door would be gone",
                format!(
                    "`aws eks delete-fargate-profile --region {region} --cluster-name {name} --fargate-profile-name \
                     {profile}`"
                ),
            );
            check.find_at(Severity::Error, at.clone(), said);
        }
    }
    let action = "elasticloadbalancing:DescribeLoadBalancers and DescribeTags";
    if let Some(balancers) = there(&mut check, &told.balancers, &at, action) {
        for (arn, _) in balancers.iter().filter(|(arn, one)| one.by_cluster && is_foreign(cx, arn, one)) {
            let said = Said::new(
                format!("Kubernetes made the load balancer {arn}, which would stay behind"),
                "without the cluster nobody removes it, and it keeps the network from going",
                "delete the service or ingress it belongs to, or the load balancer itself",
            );
            check.find_at(Severity::Error, at.clone(), said);
        }
    }
    check.done()
}

/// Whether anything of somebody else's stands in the network.
fn network(cx: &CheckContext<'_>, told: &Removal) -> Check {
    let mut check = CheckBuilder::new(cx.places, "removal.network");
    let (at, region, stack) = (handles::VPC.address(), &cx.stack.region, cx.stack.stack.as_str());
    let why = "EC2 deletes no subnet and no network while it stands there";
    let action = "elasticloadbalancing:DescribeLoadBalancers and DescribeTags";
    if let Some(balancers) = there(&mut check, &told.balancers, &at, action) {
        for (arn, _) in balancers.iter().filter(|(arn, one)| !one.by_cluster && is_foreign(cx, arn, one)) {
            let said = Said::new(
                format!("the load balancer {arn} stands in the network, and is not the stack's"),
                why,
                format!("`aws elbv2 delete-load-balancer --region {region} --load-balancer-arn {arn}`"),
            );
            check.find_at(Severity::Error, at.clone(), said);
        }
    }
    let Some(interfaces) = there(&mut check, &told.interfaces, &at, "ec2:DescribeNetworkInterfaces") else {
        return check.done();
    };
    for one in interfaces.iter().filter(|one| !is_expected(one, stack, &told.machines)) {
        let what = match &one.instance {
            Some(instance) => {
                format!("the machine {instance} ({}) stands in the network, and is none of its nodes", one.id)
            }
            None if one.description.is_empty() => format!("the interface {} stands in the network", one.id),
            None => format!("the interface {} ({}) stands in the network", one.id, one.description),
        };
        let said = Said::new(what, why, "remove what it belongs to");
        // Whose it is shows in words alone, and what goes may be seen for minutes.
        check.find_at(Severity::Warning, at.clone(), said);
    }
    check.done()
}

/// Whether a load balancer is neither the stack's by its tags nor by the record: tags can be taken off.
fn is_foreign(cx: &CheckContext<'_>, arn: &str, one: &BalancerFacts) -> bool {
    one.stack.as_deref() != Some(cx.stack.stack.as_str()) && !cx.records::<LoadBalancer>(arn)
}

/// Whether an interface goes with what the stack has there. Those of load balancers are judged by the load balancers.
fn is_expected(one: &InterfaceFacts, stack: &str, machines: &Fact<std::collections::BTreeSet<String>>) -> bool {
    if one.is_of_cni {
        return true;
    }
    if let Some(instance) = &one.instance {
        return match machines {
            Fact::There(machines) => machines.contains(instance),
            Fact::Missing | Fact::Unread { .. } => true,
        };
    }
    let text = one.description.as_str();
    let begins = ["ELB ", "Interface for NAT Gateway ", "RDSNetworkInterface", "VPC Endpoint Interface ", "aws-k8s-"];
    text == format!("Amazon EKS {stack}") || begins.iter().any(|begin| text.starts_with(begin))
}
