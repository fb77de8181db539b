//! The calls of an attachment (Auto Scaling `AttachLoadBalancerTargetGroups`, `DescribeLoadBalancerTargetGroups`,
//! `DetachLoadBalancerTargetGroups`).
//!
//! A node group of EKS has no setting for target groups; the Auto Scaling group that EKS made for it has. An attachment
//! has no tags and no id of its own: the pair is its key.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use aws_sdk_autoscaling::types::LoadBalancerTargetGroupState;
use futures_util::future::join_all;

use super::{TargetAttachment, TargetAttachmentComputed};
use crate::cloud::aws::words;
use crate::cloud::aws::{
    Census, Clients, During, Listed, Lookup, Provision, ReadOutcome, ReadOutcomes, Reading, Silent, Writing,
};
use crate::cloud::wait::{Poll, WaitPolicy, retry_while, until};
use crate::cloud::{CloudError, ErrorKind};
use crate::model::reference::Ref;
use crate::model::resource::Resource;
use crate::resources::node_group::NodeGroup;

// Others edit the same group, EKS among them; each edit takes seconds.
const EDITS: Duration = Duration::from_mins(2);
// The targets are registered within half a minute.
const ATTACHED: WaitPolicy = WaitPolicy::seconds(20, 600, 5);
// Detaching waits until the targets are drained, which a target group may grant up to an hour.
const DETACHED: WaitPolicy = WaitPolicy::seconds(45, 4200, 5);

impl Provision for TargetAttachment {
    type Health = Silent<Self>;

    async fn observe(lookups: Vec<Lookup<Self>>, cx: &Reading<'_>) -> ReadOutcomes<Self> {
        let groups: BTreeSet<String> = lookups.iter().filter_map(|one| Some(pair(one, cx)?.0)).collect();
        let lists = groups.into_iter().map(|group| async move {
            let found = list(cx.aws, &group).await;
            (group, found)
        });
        let lists: BTreeMap<_, _> = join_all(lists).await.into_iter().collect();
        let find = |one: &Lookup<Self>| -> Result<ReadOutcome<Self>, CloudError> {
            // While one of the two does not exist, neither does the attachment.
            let Some((group, arn)) = pair(one, cx) else { return Ok(ReadOutcome::Absent) };
            let Some(list) = lists.get(&group) else { return Ok(ReadOutcome::Absent) };
            let state = list
                .as_ref()
                .map_err(Clone::clone)?
                .as_deref()
                .unwrap_or_default()
                .iter()
                .find(|state| state.load_balancer_target_group_arn() == Some(&arn));
            if state.is_none_or(is_leaving) {
                return Ok(ReadOutcome::Absent);
            }
            let declared = Self { node_group: node_group(&group, cx), target_group: cx.refer(&arn) };
            Ok(ReadOutcome::present(declared, computed(group, arn)))
        };
        lookups.iter().map(|one| (one.address.clone(), find(one))).collect()
    }

    async fn census(_: &Census<'_>) -> Result<Listed, CloudError> {
        // An attachment has no tags.
        Ok(Listed::new())
    }

    async fn create(&self, cx: &Writing<'_>) -> Result<TargetAttachmentComputed, CloudError> {
        let computed = self.pair(cx)?;
        cx.made(&computed).await?;
        attach(&computed, cx).await?;
        Ok(computed)
    }

    /// Nothing about an attachment can change, but one whose making was cut short can be finished.
    async fn update(
        &self,
        _: &Self,
        _: &TargetAttachmentComputed,
        cx: &Writing<'_>,
    ) -> Result<TargetAttachmentComputed, CloudError> {
        let computed = self.pair(cx)?;
        attach(&computed, cx).await?;
        Ok(computed)
    }

    async fn delete(_: &Self, known: &TargetAttachmentComputed, cx: &Writing<'_>) -> Result<(), CloudError> {
        let doing = "detach the nodes from the target group";
        let ordered = retry_while(cx, EDITS, passes, || async {
            cx.aws
                .autoscaling
                .detach_load_balancer_target_groups()
                .auto_scaling_group_name(&known.autoscaling_group)
                .target_group_arns(&known.target_group_arn)
                .send()
                .await
                .during(doing)
        })
        .await;
        match ordered {
            // A call made again after a lost answer finds it detached as well: the targets may be draining all the same.
            Err(error) if is_gone(&error) => {}
            ordered => drop(ordered?),
        }
        until(cx, doing, DETACHED, || async {
            Ok(match state(cx.aws, known).await? {
                None => Poll::Ready(()),
                Some(state) if state == "Removed" => Poll::Ready(()),
                Some(state) => Poll::Pending(state),
            })
        })
        .await
    }
}

impl TargetAttachment {
    fn pair(&self, cx: &Writing<'_>) -> Result<TargetAttachmentComputed, CloudError> {
        let unknown = || {
            let message = format!("the Auto Scaling group of {} is not known yet", self.node_group);
            CloudError::new(ErrorKind::Refused, "attach the nodes to the target group", message)
        };
        let group = cx.computed(&self.node_group)?.autoscaling_group.ok_or_else(unknown)?;
        Ok(computed(group, cx.id(&self.target_group)?))
    }
}

/// Attaches, which may be repeated, and waits until all machines are registered.
async fn attach(known: &TargetAttachmentComputed, cx: &Writing<'_>) -> Result<(), CloudError> {
    let doing = "attach the nodes to the target group";
    // One that is leaving can come back once it has left.
    until(cx, doing, DETACHED, || async {
        Ok(match state(cx.aws, known).await? {
            Some(state) if state == "Removing" => Poll::Pending(state),
            Some(_) | None => Poll::Ready(()),
        })
    })
    .await?;
    retry_while(cx, EDITS, passes, || async {
        cx.aws
            .autoscaling
            .attach_load_balancer_target_groups()
            .auto_scaling_group_name(&known.autoscaling_group)
            .target_group_arns(&known.target_group_arn)
            .send()
            .await
            .during(doing)
    })
    .await?;
    until(cx, doing, ATTACHED, || async {
        Ok(match state(cx.aws, known).await? {
            Some(state) if state == "Added" || state == "InService" => Poll::Ready(()),
            Some(state) => Poll::Pending(state),
            None => Poll::Pending("not visible yet".to_owned()),
        })
    })
    .await
}

/// Auto Scaling group and target group: as recorded, else as the references say. Nothing while one of them has no name
/// yet.
fn pair(one: &Lookup<TargetAttachment>, cx: &Reading<'_>) -> Option<(String, String)> {
    if let Some((_, known)) = &one.recorded {
        let is_told = !known.autoscaling_group.is_empty();
        return is_told.then(|| (known.autoscaling_group.clone(), known.target_group_arn.clone()));
    }
    let wanted = one.expected();
    let group = cx.ids.computed(&wanted.node_group.address()?)?;
    let group = group.text("autoscaling_group").filter(|name| !name.is_empty())?.to_owned();
    let target_group = match &wanted.target_group {
        Ref::External(arn) => arn.clone(),
        named @ Ref::Named(..) => cx.ids.computed(&named.address()?)?.text("id")?.to_owned(),
    };
    Some((group, target_group))
}

/// The node group whose machines stand in this Auto Scaling group.
fn node_group(group: &str, cx: &Reading<'_>) -> Ref<NodeGroup> {
    let mut node_groups = cx.ids.iter().filter(|(address, _)| address.kind == NodeGroup::KIND);
    let found = node_groups.find(|(_, computed)| computed.text("autoscaling_group") == Some(group));
    found.and_then(|(address, _)| Ref::to(address)).unwrap_or_else(|| Ref::external(group))
}

/// The target groups of an Auto Scaling group; nothing if that group does not exist.
async fn list(aws: &Clients, group: &str) -> Result<Option<Vec<LoadBalancerTargetGroupState>>, CloudError> {
    let mut found = Vec::new();
    let call = aws.autoscaling.describe_load_balancer_target_groups().auto_scaling_group_name(group);
    let mut pages = call.into_paginator().send();
    while let Some(page) = pages.next().await {
        match page.during("read the target groups of the nodes") {
            Err(error) if is_gone(&error) => return Ok(None),
            page => found.extend(page?.load_balancer_target_groups.unwrap_or_default()),
        }
    }
    Ok(Some(found))
}

/// What Auto Scaling says of one attachment; nothing if there is none.
async fn state(aws: &Clients, known: &TargetAttachmentComputed) -> Result<Option<String>, CloudError> {
    let all = list(aws, &known.autoscaling_group).await?.unwrap_or_default();
    let one = all.iter().find(|one| one.load_balancer_target_group_arn() == Some(&known.target_group_arn));
    Ok(one.map(|one| one.state().unwrap_or("in no state told").to_owned()))
}

fn is_leaving(state: &LoadBalancerTargetGroupState) -> bool {
    matches!(state.state(), Some("Removing" | "Removed"))
}

/// Auto Scaling has one code for everything; only the words tell a group that is gone, and one that was never attached.
fn is_gone(error: &CloudError) -> bool {
    error.kind == ErrorKind::NotFound || words::elb::NOT_ATTACHED.tell(error)
}

/// Another edit of the group is under way, or the target group was made a moment ago.
fn passes(error: &CloudError) -> bool {
    error.is("ResourceContention") || words::elb::NOT_YET.tell(error)
}

fn computed(autoscaling_group: String, target_group_arn: String) -> TargetAttachmentComputed {
    let id = format!("{autoscaling_group} {target_group_arn}");
    TargetAttachmentComputed { id, autoscaling_group, target_group_arn }
}
