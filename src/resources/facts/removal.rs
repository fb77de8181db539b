//! What stands in the way of a removal (EKS `ListNodegroups`, `ListFargateProfiles`; Elastic Load Balancing
//! `DescribeLoadBalancers`, `DescribeTags`; EC2 `DescribeNetworkInterfaces`; Auto Scaling `DescribeAutoScalingGroups`).

use std::collections::{BTreeMap, BTreeSet};

use futures_util::future::join5;

use super::fact;
use crate::cloud::CloudError;
use crate::cloud::aws::{Clients, During, ec2, eks, elb};
use crate::model::facts::removal::{BalancerFacts, InterfaceFacts, Removal, RemovalQuery};
use crate::model::mark::STACK_TAG;
use crate::resources::cluster::aws::made_by_kubernetes;
use crate::resources::node_group::aws as node_group;

/// Everything asked of what may be about to go.
pub(super) async fn removal(aws: &Clients, ask: &RemovalQuery) -> Removal {
    let (node_groups, fargate_profiles, balancers, machines, interfaces) = join5(
        node_groups(aws, ask.cluster.as_deref()),
        fargate_profiles(aws, ask.cluster.as_deref()),
        balancers(aws, ask),
        machines(aws, ask.autoscaling_group.as_deref()),
        interfaces(aws, ask.vpc.as_deref()),
    )
    .await;
    Removal {
        node_groups: fact(node_groups),
        fargate_profiles: fact(fargate_profiles),
        balancers: fact(balancers),
        machines: fact(machines),
        interfaces: fact(interfaces),
    }
}

/// Those on their way out, and broken ones of a stack, are waited for or removed with the cluster.
async fn node_groups(aws: &Clients, cluster: Option<&str>) -> Result<BTreeMap<String, Option<String>>, CloudError> {
    let Some(cluster) = cluster else { return Ok(BTreeMap::new()) };
    let all = node_group::list(aws, cluster).await?;
    let staying = all.iter().filter(|group| !group.status().is_some_and(node_group::is_leaving));
    let named = staying.map(|group| {
        let stack = eks::tags_of(group.tags()).get(STACK_TAG).cloned();
        (group.nodegroup_name().unwrap_or_default().to_owned(), stack)
    });
    Ok(named.collect())
}

async fn fargate_profiles(aws: &Clients, cluster: Option<&str>) -> Result<BTreeSet<String>, CloudError> {
    let Some(cluster) = cluster else { return Ok(BTreeSet::new()) };
    let pages = aws.eks.list_fargate_profiles().cluster_name(cluster).into_paginator().items().send();
    match pages.try_collect().await.during("list the Fargate profiles") {
        Ok(found) => Ok(found.into_iter().collect()),
        Err(error) => eks::nothing_there(aws, cluster, error).await.map(|()| BTreeSet::new()),
    }
}

async fn balancers(aws: &Clients, ask: &RemovalQuery) -> Result<BTreeMap<String, BalancerFacts>, CloudError> {
    let pages = aws.elb.describe_load_balancers().into_paginator().items().send();
    let all = pages.try_collect().await.during("list the load balancers")?.into_iter();
    let all: BTreeMap<String, bool> = all
        .filter_map(|one| {
            let is_here = ask.vpc.is_some() && one.vpc_id == ask.vpc;
            one.load_balancer_arn.map(|arn| (arn, is_here))
        })
        .collect();
    let arns: Vec<String> = all.keys().cloned().collect();
    let tags = elb::list_tags_of_standing(aws, &arns).await?;
    let judged = tags.into_iter().filter_map(|(arn, tags)| {
        let by_cluster = ask.cluster.as_deref().is_some_and(|cluster| made_by_kubernetes(cluster, &tags));
        let counts = by_cluster || all.get(&arn) == Some(&true);
        counts.then(|| (arn, BalancerFacts { stack: tags.get(STACK_TAG).cloned(), by_cluster }))
    });
    Ok(judged.collect())
}

async fn machines(aws: &Clients, group: Option<&str>) -> Result<BTreeSet<String>, CloudError> {
    let Some(group) = group else { return Ok(BTreeSet::new()) };
    let call = aws.autoscaling.describe_auto_scaling_groups().auto_scaling_group_names(group);
    let answer = call.send().await.during("list the machines of the nodes")?;
    let machines =
        answer.auto_scaling_groups().iter().flat_map(aws_sdk_autoscaling::types::AutoScalingGroup::instances);
    Ok(machines.filter_map(|one| one.instance_id()).map(str::to_owned).collect())
}

async fn interfaces(aws: &Clients, vpc: Option<&str>) -> Result<Vec<InterfaceFacts>, CloudError> {
    let Some(vpc) = vpc else { return Ok(Vec::new()) };
    let all = ec2::interfaces_in(aws, ec2::filter("vpc-id", [vpc])).await?;
    let told = all.iter().map(|one| InterfaceFacts {
        id: one.network_interface_id().unwrap_or_default().to_owned(),
        description: one.description().unwrap_or_default().to_owned(),
        instance: one.attachment().and_then(|of| of.instance_id()).map(str::to_owned),
        is_of_cni: ec2::left_by_cni(one),
    });
    Ok(told.collect())
}
