//! What keeps nodes from joining and AWS does not tell before it gives up, some twenty minutes later: found by looking at
//! what nodes need.
//!
//! Promises: what is told is certain, for it is read where it stands; what cannot be read is no obstacle.
//!
//! Sources: EKS User Guide, "Troubleshoot problems with Amazon EKS clusters and nodes" (Instances failed to join the
//! cluster), "Amazon EKS node IAM role", "View Amazon EKS security group requirements for clusters" and "Cluster API server
//! endpoint"; Auto Scaling User Guide, "Troubleshoot Amazon EC2 Auto Scaling".

use std::collections::BTreeSet;

use aws_sdk_autoscaling::types::{Activity, AutoScalingGroup, ScalingActivityStatusCode};
use aws_sdk_eks::types::{self, AuthenticationMode};
use futures_util::future::{join_all, join5, try_join};

use crate::cloud::CloudError;
use crate::cloud::aws::answer::if_there;
use crate::cloud::aws::words::launches::LASTING;
use crate::cloud::aws::{Clients, During, ec2::filter, eks};
use crate::model::facts::network::{WayOut, table_of};
use crate::model::values::Cidr;
use crate::resources::facts::{dns_of, endpoints, route_tables};

/// What a machine needs to register with a cluster.
const WORKER_POLICIES: [&str; 2] = ["AmazonEKSWorkerNodePolicy", "AmazonEKSWorkerNodeMinimalPolicy"];
/// What it needs to pull the images of the node itself.
const REGISTRY_POLICIES: [&str; 4] = [
    "AmazonEC2ContainerRegistryPullOnly",
    "AmazonEC2ContainerRegistryReadOnly",
    "AmazonEC2ContainerRegistryPowerUser",
    "AmazonEC2ContainerRegistryFullAccess",
];
/// What the network plugin needs, unless it has a role of its own.
const CNI_POLICY: &str = "AmazonEKS_CNI_Policy";

/// Everything that certainly keeps the nodes of a group from joining, and does not pass by itself. `machines` is the group of
/// its machines, if that is known.
pub(super) async fn obstacles(
    aws: &Clients,
    cluster: &str,
    group: &types::Nodegroup,
    machines: Option<&AutoScalingGroup>,
) -> BTreeSet<String> {
    let Ok(Some(cluster)) = eks::cluster(aws, cluster).await else { return BTreeSet::new() };
    let (launches, policies, entry, network, firewall) = join5(
        launches(aws, machines),
        policies(aws, &cluster, group),
        entry(aws, &cluster, group),
        network(aws, &cluster, group),
        firewall(aws, &cluster),
    )
    .await;
    [launches, policies, entry, network, firewall].into_iter().filter_map(Result::ok).flatten().collect()
}

type Found = Result<Vec<String>, CloudError>;

/// Why machines were not started, in the words of Auto Scaling: those of the newest attempt, where that failed for a reason
/// that another attempt does not mend.
async fn launches(aws: &Clients, machines: Option<&AutoScalingGroup>) -> Found {
    let Some(name) = machines.and_then(|group| group.auto_scaling_group_name()) else { return Ok(Vec::new()) };
    let call = aws.autoscaling.describe_scaling_activities().auto_scaling_group_name(name).max_records(10);
    let told = call.send().await.during("read why machines were not started")?;
    let newest = told.activities().first();
    let failed = newest.filter(|one| one.status_code() == Some(&ScalingActivityStatusCode::Failed));
    let reason = failed.and_then(Activity::status_message).filter(|reason| LASTING.are_in(reason));
    Ok(reason.map(|words| format!("machines cannot be started: {words}")).into_iter().collect())
}

/// The policies that the role of the machines lacks. A role with policies of somebody's own may have the same from those.
async fn policies(aws: &Clients, cluster: &types::Cluster, group: &types::Nodegroup) -> Found {
    let role = group.node_role().unwrap_or_default().rsplit('/').next().unwrap_or_default();
    let pages = aws.iam.list_attached_role_policies().role_name(role).into_paginator().items().send();
    let attached = pages.try_collect().await.during("read the policies of the nodes' role")?;
    let inline =
        aws.iam.list_role_policies().role_name(role).send().await.during("read the policies of the nodes' role")?;
    let is_of_aws = |arn: &str| arn.split(':').nth(4) == Some("aws");
    let arns: Vec<&str> = attached.iter().filter_map(|one| one.policy_arn()).collect();
    if !inline.policy_names().is_empty() || !arns.iter().all(|arn| is_of_aws(arn)) {
        return Ok(Vec::new());
    }
    let has = |any: &[&str]| any.iter().any(|name| arns.iter().any(|arn| arn.rsplit('/').next() == Some(name)));
    let mut lacking = Vec::new();
    if !has(&WORKER_POLICIES) {
        lacking.push(WORKER_POLICIES[0]);
    }
    if !has(&REGISTRY_POLICIES) {
        lacking.push(REGISTRY_POLICIES[0]);
    }
    if !has(&[CNI_POLICY]) && !plugin_has_role(aws, cluster).await? {
        lacking.push(CNI_POLICY);
    }
    Ok(lacking.into_iter().map(|policy| format!("the role {role} of the nodes lacks the policy {policy}")).collect())
}

/// Whether the network plugin has a role of its own, or is no add-on, of which nobody knows.
async fn plugin_has_role(aws: &Clients, cluster: &types::Cluster) -> Result<bool, CloudError> {
    let call = aws.eks.describe_addon().cluster_name(cluster.name().unwrap_or_default()).addon_name("vpc-cni");
    let told = if_there(call.send().await.during("read the network plugin"))?;
    let addon = told.and_then(|told| told.addon);
    Ok(addon.is_none_or(|addon| {
        addon.service_account_role_arn().is_some() || !addon.pod_identity_associations().is_empty()
    }))
}

/// Whether the machines may enter the cluster, where entries alone count.
async fn entry(aws: &Clients, cluster: &types::Cluster, group: &types::Nodegroup) -> Found {
    let mode = cluster.access_config().and_then(|access| access.authentication_mode());
    if mode != Some(&AuthenticationMode::Api) {
        return Ok(Vec::new());
    }
    let role = group.node_role().unwrap_or_default();
    let call = aws.eks.describe_access_entry().cluster_name(cluster.name().unwrap_or_default()).principal_arn(role);
    let told = if_there(call.send().await.during("read the access entry of the nodes"))?;
    Ok(if told.is_some() { Vec::new() } else { vec![format!("the role {role} of the nodes has no access entry")] })
}

/// Whether machines find the API of the cluster, and a way to it.
async fn network(aws: &Clients, cluster: &types::Cluster, group: &types::Nodegroup) -> Found {
    let Some(config) = cluster.resources_vpc_config() else { return Ok(Vec::new()) };
    let vpc = config.vpc_id().unwrap_or_default();
    let dns = dns_of(aws, vpc).await?;
    let mut found = Vec::new();
    if dns != (true, true) {
        found
            .push(format!("DNS resolution or DNS host names are off in {vpc}, so the API of the cluster is not found"));
    }
    let here = || filter("vpc-id", [vpc]);
    let (tables, endpoints) = try_join(route_tables(aws, here()), endpoints(aws, here())).await?;
    let has_registry = endpoints.iter().any(|one| one.is_interface && one.service.ends_with(".ecr.dkr"));
    let mut gateways = BTreeSet::new();
    for subnet in group.subnets() {
        let Some(table) = table_of(&tables, subnet) else { continue };
        match table.way_out() {
            WayOut::Dead(target) => {
                found.push(format!(
                    "the way out of {subnet} leads to {target}, which is gone (route table {})",
                    table.id
                ));
            }
            // Endpoints stand in for a way out.
            WayOut::None if !has_registry => {
                found.push(format!(
                    "{subnet} has no way out and no endpoint of the registry (route table {})",
                    table.id
                ));
            }
            WayOut::Inside(target) if target.starts_with("nat-") => drop(gateways.insert(target)),
            WayOut::None | WayOut::Inside(_) | WayOut::InternetGateway(_) | WayOut::SomeRoutes => {}
        }
    }
    if config.endpoint_private_access() {
        return Ok(found);
    }
    let allowed: Vec<Cidr> = config.public_access_cidrs().iter().filter_map(|cidr| cidr.parse().ok()).collect();
    let addresses = join_all(gateways.iter().map(|gateway| addresses(aws, gateway))).await;
    for address in addresses.into_iter().filter_map(Result::ok).flatten() {
        let is_allowed =
            format!("{address}/32").parse().is_ok_and(|one| allowed.iter().any(|cidr| cidr.contains(&one)));
        if !is_allowed {
            found.push(format!("nodes come from {address}, which may not reach the public endpoint of the cluster"));
        }
    }
    Ok(found)
}

/// The public addresses of a NAT gateway.
async fn addresses(aws: &Clients, gateway: &str) -> Found {
    let answer = aws.ec2.describe_nat_gateways().nat_gateway_ids(gateway).send().await.during("read a NAT gateway")?;
    let all = answer.nat_gateways().iter().flat_map(aws_sdk_ec2::types::NatGateway::nat_gateway_addresses);
    Ok(all.filter_map(|one| one.public_ip()).map(str::to_owned).collect())
}

/// Whether nodes and control plane reach each other: by the rule that EKS puts into the group of the cluster.
async fn firewall(aws: &Clients, cluster: &types::Cluster) -> Found {
    let group = cluster.resources_vpc_config().and_then(|vpc| vpc.cluster_security_group_id()).unwrap_or_default();
    let answer = aws.ec2.describe_security_groups().filters(filter("group-id", [group])).send().await;
    let answer = answer.during("read the security group of the cluster")?;
    let Some(there) = answer.security_groups().first() else { return Ok(Vec::new()) };
    let from_itself = |rule: &aws_sdk_ec2::types::IpPermission| {
        rule.user_id_group_pairs().iter().any(|pair| pair.group_id() == Some(group))
    };
    if there.ip_permissions().iter().any(from_itself) {
        return Ok(Vec::new());
    }
    Ok(vec![format!("the security group {group} of the cluster lets nothing in from itself")])
}
