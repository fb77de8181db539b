//! How a cluster goes: nothing foreign may stand on it, its protection is lifted, and what EKS leaves behind is swept up.
//!
//! EKS needs the role, the network and its own security group until the cluster is gone. What Kubernetes made by itself
//! (load balancers) is not removed with it; who deletes the cluster under them is left with a bill and a network that
//! cannot be deleted, so that is refused.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use aws_sdk_ec2::types::SecurityGroup;
use aws_sdk_eks::types::{self, ClusterStatus, NodegroupStatus};

use super::ClusterComputed;
use crate::cloud::aws::eks::{self, ClusterPart};
use crate::cloud::aws::tags::tags_of;
use crate::cloud::aws::words;
use crate::cloud::aws::{Clients, During, Writing, ec2, elb};
use crate::cloud::wait::{Poll, WaitPolicy, retry_while, until};
use crate::cloud::{CloudError, ErrorKind};
use crate::model::mark::{STACK_TAG, Tags};
use crate::resources::node_group::aws as node_group;

// 2 to 10 minutes as a rule, 15 have been seen.
const GONE: WaitPolicy = WaitPolicy::seconds(300, 2400, 10);
// A cluster that was reported gone has been seen again: Terraform wants three answers in a row.
const TIMES: u32 = 3;
// Somebody else's upgrade may take an hour.
const BUSY: Duration = Duration::from_hours(1);
// Switching protection off is a change of its own, 2 to 10 minutes.
const UNPROTECTED: WaitPolicy = WaitPolicy::seconds(240, 3600, 10);
// Nodes leave 3 to 10 minutes after the order, and up to 5 more while connections of load balancers drain.
const EMPTIED: WaitPolicy = WaitPolicy::seconds(240, 3600, 10);
// EKS removes its interfaces, and then its security group, up to minutes after the cluster.
const LINGER: Duration = Duration::from_mins(10);
// Nodes that are going detach their interfaces within a minute or two; others' nodes never do.
const DETACHED: WaitPolicy = WaitPolicy::seconds(30, 300, 10);

const DELETE: &str = "delete the cluster";

/// Removes the cluster and what EKS leaves behind.
pub(super) async fn remove(known: &ClusterComputed, cx: &Writing<'_>) -> Result<(), CloudError> {
    let name = known.id.as_str();
    if let Some(found) = eks::cluster(cx.aws, name).await? {
        let other = found.identity().and_then(|identity| identity.oidc()).and_then(|oidc| oidc.issuer());
        let another = known.issuer.as_deref().zip(other).is_some_and(|(ours, issuer)| issuer != ours);
        // Somebody made one of the same name after ours was gone.
        if another && !cx.ours(&eks::tags_of(found.tags())) {
            return Ok(());
        }
        if found.status() != Some(&ClusterStatus::Deleting) {
            prepare(&found, name, cx).await?;
            sweep_interfaces(name, cx).await?;
            order(name, cx).await?;
        }
        gone(name, cx).await?;
    }
    sweep_groups(known, cx).await
}

/// Orders the deletion of the cluster `name`. Being gone, or on the way, is success. Node groups on their way out are
/// waited for.
pub(super) async fn order(name: &str, cx: &Writing<'_>) -> Result<(), CloudError> {
    let busy = |error: &CloudError| words::eks::IN_PROGRESS.tell(error);
    until(cx, DELETE, EMPTIED, || async {
        let ordered = retry_while(cx, BUSY, busy, || async {
            cx.aws.eks.delete_cluster().name(name).send().await.during(DELETE)
        });
        match ordered.await {
            Err(error) if eks::is_gone(&error) => Ok(Poll::Ready(())),
            Err(error) if words::eks::HAS_NODE_GROUPS.tell(&error) => {
                let left = node_group::list(cx.aws, name).await?;
                let names: Vec<&str> = left.iter().filter_map(|group| group.nodegroup_name()).collect();
                let names = names.join(", ");
                if left.iter().all(|group| group.status() == Some(&NodegroupStatus::Deleting)) {
                    return Ok(Poll::Pending(format!("waiting for its node groups: {names}")));
                }
                Err(CloudError { message: format!("{}: {names}", error.message), ..error })
            }
            done => done.map(|_| Poll::Ready(())),
        }
    })
    .await
}

async fn prepare(found: &types::Cluster, name: &str, cx: &Writing<'_>) -> Result<(), CloudError> {
    refuse_load_balancers(name, cx).await?;
    remove_remains(name, cx).await?;
    // A cluster that failed or is only being made can be deleted in spite of its protection, and not be changed.
    let changeable = matches!(found.status(), Some(ClusterStatus::Active | ClusterStatus::Updating));
    if found.deletion_protection() == Some(true) && changeable {
        let doing = "switch off the deletion protection of the cluster";
        let call = cx.aws.eks.update_cluster_config().name(name).deletion_protection(false);
        let start = || async { Ok(call.clone().send().await.during(doing)?.update) };
        eks::change(cx, name, ClusterPart::ControlPlane, doing, UNPROTECTED, start).await?;
    }
    eks::settle(cx, name, ClusterPart::ControlPlane).await
}

/// Deletes the interfaces that nodes left behind: with them in the way, EKS gives up its security group and says nothing.
/// Those still attached are waited for, but not for ever: nodes that are none of ours may hold them.
async fn sweep_interfaces(name: &str, cx: &Writing<'_>) -> Result<(), CloudError> {
    let swept = until(cx, "sweep up the interfaces of the nodes", DETACHED, || async {
        let attached = ec2::sweep_interfaces(cx.aws, name).await?;
        let waiting = || Poll::Pending(format!("waiting for interfaces of nodes: {}", attached.join(", ")));
        Ok(if attached.is_empty() { Poll::Ready(()) } else { waiting() })
    })
    .await;
    match swept {
        Err(error) if error.kind == ErrorKind::Timeout => Ok(()),
        done => done,
    }
}

/// Waits until the cluster is gone and stays gone.
async fn gone(name: &str, cx: &Writing<'_>) -> Result<(), CloudError> {
    let missed = AtomicU32::new(0);
    until(cx, DELETE, GONE, || async {
        let Some(found) = eks::cluster(cx.aws, name).await? else {
            let times = missed.fetch_add(1, Ordering::Relaxed) + 1;
            return Ok(if times >= TIMES { Poll::Ready(()) } else { Poll::Pending("DELETED".to_owned()) });
        };
        missed.store(0, Ordering::Relaxed);
        Ok(Poll::Pending(eks::explained(found.status().map_or("?", |s| s.as_str()), &super::issues(&found))))
    })
    .await
}

/// Refuses while load balancers stand that Kubernetes made.
async fn refuse_load_balancers(name: &str, cx: &Writing<'_>) -> Result<(), CloudError> {
    let doing = "find load balancers of the cluster";
    let pages = cx.aws.elb.describe_load_balancers().into_paginator().items().send();
    let all = pages.try_collect().await.during(doing)?;
    let arns: Vec<String> = all.into_iter().filter_map(|one| one.load_balancer_arn).collect();
    let made: Vec<String> = elb::list_tags(cx.aws, &arns)
        .await?
        .into_iter()
        .filter(|(_, tags)| made_by_kubernetes(name, tags) && tags.get(STACK_TAG) != Some(&cx.mark.stack))
        .map(|(arn, _)| arn)
        .collect();
    if made.is_empty() {
        return Ok(());
    }
    let message = format!(
        "Kubernetes made load balancers that would stay behind: {}; delete the services and ingresses they belong to, \
         or the load balancers themselves, and try again",
        made.join(", ")
    );
    Err(CloudError::new(ErrorKind::Refused, DELETE, message))
}

/// Tags of the load balancer controller, and of the controller built into Kubernetes.
pub(in crate::resources) fn made_by_kubernetes(cluster: &str, tags: &Tags) -> bool {
    let is = |key: &str, value: &str| tags.get(key).is_some_and(|found| found == value);
    is("elbv2.k8s.aws/cluster", cluster) || is(&format!("kubernetes.io/cluster/{cluster}"), "owned")
}

/// Removes node groups of our stack of which nothing but remains is left, and waits for those on their way out: no record
/// leads to them any more.
async fn remove_remains(name: &str, cx: &Writing<'_>) -> Result<(), CloudError> {
    for group in node_group::list(cx.aws, name).await? {
        let ours = eks::tags_of(group.tags()).get(STACK_TAG) == Some(&cx.mark.stack);
        let (Some(status), Some(group)) = (group.status(), group.nodegroup_name()) else { continue };
        if ours && (node_group::is_leaving(status) || node_group::is_broken(status)) {
            node_group::clear(name, group, cx).await?;
        }
    }
    Ok(())
}

/// Deletes the security group of the cluster if EKS gave that up. It would keep the network from being deleted.
async fn sweep_groups(known: &ClusterComputed, cx: &Writing<'_>) -> Result<(), CloudError> {
    let doing = "delete the security group of the cluster";
    for id in groups(known, cx.aws).await? {
        let id = id.as_str();
        let scope = ec2::filter("group-id", [id]);
        let call = || async { cx.aws.ec2.delete_security_group().group_id(id).send().await.during(doing) };
        if let Err(error) = ec2::delete_unused(cx, LINGER, Some(scope), call).await {
            let in_use = ec2::in_use(&error);
            return Err(if in_use { ec2::naming(error, ec2::users_of_group(cx.aws, id).await) } else { error });
        }
    }
    Ok(())
}

/// The security groups EKS made for the cluster that are there.
pub(super) async fn groups(known: &ClusterComputed, aws: &Clients) -> Result<Vec<String>, CloudError> {
    let name = known.id.as_str();
    let mut groups: Vec<SecurityGroup> = Vec::new();
    for (key, value) in [("aws:eks:cluster-name", name), (&format!("kubernetes.io/cluster/{name}"), "owned")] {
        let filter = ec2::filter(&format!("tag:{key}"), [value]);
        let pages = aws.ec2.describe_security_groups().filters(filter).into_paginator().items().send();
        groups.extend(pages.try_collect().await.during("find the security group of the cluster")?);
    }
    let prefix = format!("eks-cluster-sg-{name}-");
    groups.retain(|group| {
        let tags = tags_of(group.tags());
        let own = known.security_group_id.as_deref();
        let made_by_eks = own.is_some_and(|own| group.group_id() == Some(own))
            || group.group_name().is_some_and(|name| name.starts_with(&prefix))
            || tags.get("aws:eks:cluster-name").is_some_and(|cluster| cluster == name);
        made_by_eks && !tags.contains_key(STACK_TAG)
    });
    let ids: BTreeSet<String> = groups.into_iter().filter_map(|group| group.group_id).collect();
    Ok(ids.into_iter().collect())
}
