//! Waiting for a node group: until its nodes have joined, and until they are gone.
//!
//! Nodes that cannot join say nothing for twenty minutes. What certainly keeps them from joining is told early: an
//! issue that does not heal, or what they need and is not there, seen several times in a row.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};

use aws_sdk_autoscaling::types::{AutoScalingGroup, Filter, LifecycleState};
use aws_sdk_eks::types::{self, NodegroupHealth, NodegroupIssueCode, NodegroupStatus};

use super::obstacles::obstacles;
use super::{NodeGroupComputed, read};
use crate::cloud::CloudError;
use crate::cloud::aws::eks::{self, ClusterPart, NotFoundGrace};
use crate::cloud::aws::{Clients, During, Writing};
use crate::cloud::wait::{Poll, WaitPolicy, until};

// 2 to 4 minutes; EKS itself gives up after 15 to 25, Terraform after 60.
const JOINED: WaitPolicy = WaitPolicy::seconds(180, 3600, 15);
// 3 to 10 minutes, and up to 5 more while connections of load balancers drain; Terraform gives up after 60.
const GONE: WaitPolicy = WaitPolicy::seconds(300, 3600, 10);
// EKS repeats what it does, and some issues of the first seconds (a role or profile that IAM has not told everybody
// about) pass: an issue counts when it is still there this many looks later.
const PATIENT: u32 = 4;
// What kept a deletion from ending may be gone by the second order.
const DELETIONS: u32 = 2;

/// What keeps nodes from joining and does not pass by itself.
fn is_hopeless(code: &NodegroupIssueCode) -> bool {
    use NodegroupIssueCode as Code;
    matches!(
        code,
        Code::AccessDenied
            | Code::AmiIdNotFound
            | Code::AsgInstanceLaunchFailures
            | Code::AutoScalingGroupInvalidConfiguration
            | Code::AutoScalingGroupNotFound
            | Code::AutoScalingGroupOptInRequired
            | Code::Ec2InstanceTypeDoesNotExist
            | Code::Ec2LaunchTemplateInvalidConfiguration
            | Code::Ec2LaunchTemplateMaxLimitExceeded
            | Code::Ec2LaunchTemplateNotFound
            | Code::Ec2SecurityGroupNotFound
            | Code::Ec2SubnetInvalidConfiguration
            | Code::Ec2SubnetListTooLong
            | Code::Ec2SubnetMissingIpv6Assignment
            | Code::Ec2SubnetNotFound
            | Code::IamInstanceProfileNotFound
            | Code::IamLimitExceeded
            | Code::IamNodeRoleNotFound
            | Code::InstanceLimitExceeded
            | Code::InsufficientFreeAddresses
            | Code::KubernetesLabelInvalid
            | Code::LimitExceeded
    )
}

/// The health of a group in the words of EKS.
pub(super) fn issues(found: &types::Nodegroup) -> Vec<String> {
    let issues = found.health().map(NodegroupHealth::issues).unwrap_or_default();
    issues
        .iter()
        .map(|one| eks::issue(one.code().map(NodegroupIssueCode::as_str), one.message(), one.resource_ids()))
        .collect()
}

/// How many machines of these groups are in service and not sick.
pub(super) async fn running(aws: &Clients, groups: Vec<String>) -> Result<u32, CloudError> {
    let call = aws.autoscaling.describe_auto_scaling_groups().set_auto_scaling_group_names(Some(groups));
    let answer = call.send().await.during("count the machines")?;
    let machines = answer.auto_scaling_groups().iter().flat_map(AutoScalingGroup::instances);
    let well = machines
        .filter(|one| one.lifecycle_state().is_some_and(in_service) && one.health_status() != Some("Unhealthy"));
    Ok(u32::try_from(well.count()).unwrap_or(u32::MAX))
}

/// Where a node group stands.
#[derive(Clone, Copy)]
pub(super) struct NodeGroupLocator<'a> {
    pub(super) cluster: &'a str,
    pub(super) name: &'a str,
}

impl<'a> NodeGroupLocator<'a> {
    pub(super) fn of(known: &'a NodeGroupComputed) -> Self {
        Self { cluster: &known.cluster_name, name: &known.name }
    }

    /// Waits until its nodes have joined and it can be changed. One that works badly can be changed, too.
    pub(super) async fn active(self, doing: &str, cx: &Writing<'_>) -> Result<types::Nodegroup, CloudError> {
        let grace = NotFoundGrace::default();
        let (looked, hopeless) = (AtomicBool::new(false), AtomicU32::new(0));
        until(cx, doing, JOINED, || async {
            let Some(found) = read(cx.aws, self.cluster, self.name).await? else {
                return Ok(grace.not_found(&format!("node group {}", self.name)));
            };
            let status = found.status().cloned();
            let explain = |status: &str| eks::explained(status, &issues(&found));
            Ok(match status {
                Some(NodegroupStatus::Active | NodegroupStatus::Degraded) => Poll::Ready(found),
                Some(NodegroupStatus::Creating) => {
                    let codes = found.health().map(NodegroupHealth::issues).unwrap_or_default();
                    let is_told = codes.iter().filter_map(|one| one.code()).any(is_hopeless);
                    // At the first look hardly a machine was started.
                    let is_first = !looked.swap(true, Ordering::Relaxed);
                    let machines = self.machines(cx.aws).await;
                    let obstacles = if is_told || is_first {
                        BTreeSet::new()
                    } else {
                        obstacles(cx.aws, self.cluster, &found, machines.as_ref()).await
                    };
                    let is_bad = is_told || !obstacles.is_empty();
                    let looks = if is_bad { hopeless.load(Ordering::Relaxed) + 1 } else { 0 };
                    hopeless.store(looks, Ordering::Relaxed);
                    if looks < PATIENT {
                        Poll::Pending(explain(&counted(machines.as_ref())))
                    } else if is_told {
                        Poll::Failed(explain("CREATING, and not going to end well"))
                    } else {
                        let causes = obstacles.into_iter().collect::<Vec<_>>().join("; ");
                        Poll::Failed(format!("no node can join: {causes}"))
                    }
                }
                Some(
                    status
                    @ (NodegroupStatus::CreateFailed | NodegroupStatus::DeleteFailed | NodegroupStatus::Deleting),
                ) => Poll::Failed(explain(status.as_str())),
                status => Poll::Pending(status.map_or("not visible yet".to_owned(), |s| explain(s.as_str()))),
            })
        })
        .await
    }

    /// The Auto Scaling group that EKS made for it, which EKS itself tells only once it is active. What cannot be read is left
    /// out: it is only for people who wait.
    async fn machines(self, aws: &Clients) -> Option<AutoScalingGroup> {
        let mine = |key: &str, value: &str| Filter::builder().name(format!("tag:{key}")).values(value).build();
        let call = aws.autoscaling.describe_auto_scaling_groups();
        let call = call.filters(mine("eks:cluster-name", self.cluster)).filters(mine("eks:nodegroup-name", self.name));
        let answer = call.send().await.during("count the machines").ok()?;
        answer.auto_scaling_groups.unwrap_or_default().into_iter().next()
    }

    /// Deletes it and waits until it is gone. A deletion that fails is ordered again.
    pub(super) async fn remove(self, doing: &str, cx: &Writing<'_>) -> Result<(), CloudError> {
        let orders = AtomicU32::new(0);
        until(cx, doing, GONE, || async {
            let Some(found) = read(cx.aws, self.cluster, self.name).await? else { return Ok(Poll::Ready(())) };
            let explained = eks::explained(found.status().map_or("?", NodegroupStatus::as_str), &issues(&found));
            let ordered = orders.load(Ordering::Relaxed);
            Ok(match found.status() {
                Some(NodegroupStatus::DeleteFailed) if ordered >= DELETIONS => Poll::Failed(explained),
                Some(NodegroupStatus::Deleting) => Poll::Pending(explained),
                Some(NodegroupStatus::DeleteFailed) => self.order(&orders, explained, doing, cx).await?,
                // The order shows in the status a moment later.
                _ if ordered > 0 => Poll::Pending(explained),
                _ => self.order(&orders, explained, doing, cx).await?,
            })
        })
        .await
    }

    async fn order(
        self,
        orders: &AtomicU32,
        status: String,
        doing: &str,
        cx: &Writing<'_>,
    ) -> Result<Poll<()>, CloudError> {
        orders.fetch_add(1, Ordering::Relaxed);
        eks::settle(cx, self.cluster, ClusterPart::NodeGroup(self.name)).await?;
        let call = cx.aws.eks.delete_nodegroup().cluster_name(self.cluster).nodegroup_name(self.name);
        let part = ClusterPart::NodeGroup(self.name);
        match eks::retry_until_free(cx, self.cluster, part, || async { call.clone().send().await.during(doing) }).await
        {
            Ok(_) => Ok(Poll::Pending(status)),
            Err(error) => eks::nothing_there(cx.aws, self.cluster, error).await.map(Poll::Ready),
        }
    }
}

/// "CREATING" and how many machines run.
fn counted(group: Option<&AutoScalingGroup>) -> String {
    let Some(group) = group else { return "CREATING".to_owned() };
    let running = group.instances().iter().filter(|one| one.lifecycle_state().is_some_and(in_service)).count();
    format!("CREATING, {running} of {} machines run", group.desired_capacity().unwrap_or_default())
}

fn in_service(state: &LifecycleState) -> bool {
    *state == LifecycleState::InService
}
