//! The calls of a node group (EKS `CreateNodegroup`, `DescribeNodegroup`, `UpdateNodegroupConfig`,
//! `UpdateNodegroupVersion`, `DeleteNodegroup`; Auto Scaling `DescribeAutoScalingGroups`).
//!
//! Its name ends in a suffix of the attempt that made it, so that its successor can stand beside it. How many nodes run
//! is left to an autoscaler within the limits; limits that move take what runs along only as far as it must. Waiting for
//! its nodes stands in [`nodes`].

mod nodes;
mod obstacles;

use std::collections::BTreeMap;

use aws_sdk_eks::types::{
    self, AmiTypes, CapacityTypes, NodegroupResources, NodegroupScalingConfig, NodegroupStatus, NodegroupUpdateConfig,
    UpdateLabelsPayload,
};
use futures_util::future::try_join_all;

use super::{NodeGroup, NodeGroupComputed};
use crate::cloud::aws::eks::{self, ClusterPart};
use crate::cloud::aws::tags::comparable;
use crate::cloud::aws::takeover::refuse_foreign;
use crate::cloud::aws::words;
use crate::cloud::aws::{
    Census, Clients, During, HealthOf, Listed, Lookup, Present, Provision, ReadOutcome, ReadOutcomes, Reading, Writing,
    one_by_one,
};
use crate::cloud::wait::{WaitPolicy, retry_while};
use crate::cloud::{CloudError, ErrorKind, health};
use crate::model::index::IdIndex;
use crate::model::mark::Tags;
use nodes::NodeGroupLocator;

// Seconds to minutes; Terraform gives up after 60.
const CONFIGURED: WaitPolicy = WaitPolicy::seconds(60, 3600, 5);
// Every node is replaced in turn, 15 to 30 minutes; one that does not drain may take 15 more. Terraform waits an hour.
const UPGRADED: WaitPolicy = WaitPolicy::seconds(900, 5400, 15);

const CREATE: &str = "create the node group";
const READ: &str = "read the node group";

impl Provision for NodeGroup {
    type Health = health::NodeGroupHealth;
    const CONFIRMED: bool = true;

    async fn observe(lookups: Vec<Lookup<Self>>, cx: &Reading<'_>) -> ReadOutcomes<Self> {
        one_by_one(lookups, |one| look(one, cx)).await
    }

    async fn census(here: &Census<'_>) -> Result<Listed, CloudError> {
        let mut found = Listed::new();
        for (cluster, _) in here.clusters().await? {
            let groups = list(here.aws, cluster).await?;
            found.extend(groups.iter().map(|group| {
                let place = NodeGroupLocator { cluster, name: group.nodegroup_name().unwrap_or_default() };
                (computed(place, group).id, eks::tags_of(group.tags()))
            }));
        }
        Ok(found)
    }

    async fn create(&self, cx: &Writing<'_>) -> Result<NodeGroupComputed, CloudError> {
        let cluster = cx.id(&self.cluster)?;
        let name = format!("{}-{}", self.name, cx.mark.suffix());
        let place = NodeGroupLocator { cluster: &cluster, name: &name };
        let (group, fresh) = self.claim(place, cx).await?;
        cx.made(&computed(place, &group)).await?;
        let ready = place.active(CREATE, cx).await?;
        if fresh {
            return Ok(computed(place, &ready));
        }
        let tags = comparable(&eks::tags_of(ready.tags()), &self.tags);
        self.bring(place, &ready, &tags, cx).await
    }

    async fn update(
        &self,
        from: &Self,
        known: &NodeGroupComputed,
        cx: &Writing<'_>,
    ) -> Result<NodeGroupComputed, CloudError> {
        let place = NodeGroupLocator::of(known);
        eks::settle(cx, place.cluster, ClusterPart::NodeGroup(place.name)).await?;
        let there = place.active("change the node group", cx).await?;
        self.bring(place, &there, &from.tags, cx).await
    }

    async fn delete(_: &Self, known: &NodeGroupComputed, cx: &Writing<'_>) -> Result<(), CloudError> {
        NodeGroupLocator::of(known).remove("delete the node group", cx).await
    }
}

impl HealthOf<NodeGroup> for health::NodeGroupHealth {
    async fn read(known: &NodeGroupComputed, aws: &Clients) -> Result<Option<Self>, CloudError> {
        let Some(found) = read(aws, &known.cluster_name, &known.name).await? else { return Ok(None) };
        let groups = found.resources().map(NodegroupResources::auto_scaling_groups).unwrap_or_default().iter();
        let groups: Vec<String> = groups.filter_map(|group| group.name()).map(str::to_owned).collect();
        Ok(Some(Self {
            status: found.status().map_or("unknown", NodegroupStatus::as_str).to_owned(),
            desired: Sizes::of(&found).desired,
            running: if groups.is_empty() { None } else { Some(nodes::running(aws, groups).await?) },
            issues: nodes::issues(&found),
        }))
    }
}

/// Removes what is left of the node group `name` of `cluster`, and waits until it is gone.
///
/// # Errors
/// What the calls answered, and those of a wait.
pub(in crate::resources) async fn clear(cluster: &str, name: &str, cx: &Writing<'_>) -> Result<(), CloudError> {
    NodeGroupLocator { cluster, name }.remove(&format!("remove what is left of the node group {name}"), cx).await
}

async fn look(one: Lookup<NodeGroup>, cx: &Reading<'_>) -> Result<ReadOutcome<NodeGroup>, CloudError> {
    let found = match &one.recorded {
        Some((_, known)) => read(cx.aws, &known.cluster_name, &known.name).await?,
        None => marked(&one, cx).await?,
    };
    let Some(found) = found else { return Ok(ReadOutcome::Absent) };
    let status = found.status().cloned().unwrap_or(NodegroupStatus::Active);
    // What failed while it was made or removed cannot be repaired. Where it is wanted another one takes its place; where
    // it is not, it still has to be removed.
    let wanted = one.declared.is_some() && !cx.removing;
    if (is_leaving(&status) && !cx.removing) || (is_broken(&status) && wanted) {
        return Ok(ReadOutcome::Absent);
    }
    let settled = !matches!(status, NodegroupStatus::Creating | NodegroupStatus::Updating);
    let mut notes = Vec::new();
    if status != NodegroupStatus::Active {
        notes.push(format!("its status is {}", eks::explained(status.as_str(), &nodes::issues(&found))));
    }
    let surplus = |wanted: &NodeGroup| Sizes::of(&found).desired.saturating_sub(wanted.max.max(wanted.count));
    if let Some((wanted, surplus)) = one.declared.as_ref().map(|one| (one, surplus(one))).filter(|(_, one)| *one > 0) {
        let (run, most) = (Sizes::of(&found).desired, wanted.max.max(wanted.count));
        notes.push(format!("{run} nodes run and {most} may: applying drains {surplus} of them"));
    }
    let place = NodeGroupLocator {
        cluster: found.cluster_name().unwrap_or_default(),
        name: found.nodegroup_name().unwrap_or_default(),
    };
    let computed = computed(place, &found);
    let declared = told(&found, one.expected(), one.managed(&eks::tags_of(found.tags())), cx.ids);
    Ok(ReadOutcome::Present(Box::new(Present { declared, computed, notes, waiting: Vec::new(), settled })))
}

/// Whether a group is on its way out.
pub(in crate::resources) fn is_leaving(status: &NodegroupStatus) -> bool {
    *status == NodegroupStatus::Deleting
}

/// Whether of a group nothing but remains is left.
pub(in crate::resources) fn is_broken(status: &NodegroupStatus) -> bool {
    matches!(status, NodegroupStatus::CreateFailed | NodegroupStatus::DeleteFailed)
}

/// The group with our marks; what is on its way out, or broken, counts only when everything is to go, and then only
/// where there is none of use.
async fn marked(one: &Lookup<NodeGroup>, cx: &Reading<'_>) -> Result<Option<types::Nodegroup>, CloudError> {
    let Some(cluster) = eks::cluster_name(cx, &one.expected().cluster) else { return Ok(None) };
    let mut groups = list(cx.aws, &cluster).await?;
    groups.retain(|group| cx.ours(&one.address, &eks::tags_of(group.tags())));
    let of_use =
        |group: &types::Nodegroup| group.status().is_none_or(|status| !is_leaving(status) && !is_broken(status));
    let (usable, remains): (Vec<_>, Vec<_>) = groups.into_iter().partition(of_use);
    let id = |group: &types::Nodegroup| {
        computed(NodeGroupLocator { cluster: &cluster, name: group.nodegroup_name().unwrap_or_default() }, group).id
    };
    let meant = one.only(usable.into_iter().map(|group| (id(&group), group)), |(id, _)| id)?;
    let newest = || {
        let left = remains.into_iter().filter(|group| cx.removing && !one.old.contains(&id(group)));
        left.max_by_key(|group| group.created_at().map(|at| (at.secs(), at.subsec_nanos())))
    };
    Ok(meant.map(|(_, group)| group).or_else(newest))
}

/// All node groups of a cluster; none if the cluster is not there.
///
/// # Errors
/// What `ListNodegroups` or `DescribeNodegroup` answered.
pub(in crate::resources) async fn list(aws: &Clients, cluster: &str) -> Result<Vec<types::Nodegroup>, CloudError> {
    let pages = aws.eks.list_nodegroups().cluster_name(cluster).into_paginator().items().send();
    let names: Vec<String> = match pages.try_collect().await.during("list the node groups") {
        Ok(names) => names,
        Err(error) => return eks::nothing_there(aws, cluster, error).await.map(|()| Vec::new()),
    };
    let groups = try_join_all(names.iter().map(|name| read(aws, cluster, name))).await?;
    Ok(groups.into_iter().flatten().collect())
}

async fn read(aws: &Clients, cluster: &str, name: &str) -> Result<Option<types::Nodegroup>, CloudError> {
    match aws.eks.describe_nodegroup().cluster_name(cluster).nodegroup_name(name).send().await.during(READ) {
        Ok(answer) => Ok(answer.nodegroup),
        Err(error) => eks::nothing_there(aws, cluster, error).await.map(|()| None),
    }
}

/// The group in the shape of the declaration.
fn told(found: &types::Nodegroup, expected: &NodeGroup, tags: Tags, ids: &IdIndex) -> NodeGroup {
    let text = |value: Option<&str>| value.unwrap_or_default().to_owned();
    let sizes = Sizes::of(found);
    // While nodes are replaced there are more of them, and the limits move with them.
    let moving = found.status() == Some(&NodegroupStatus::Updating);
    let name = found.nodegroup_name().unwrap_or_default();
    NodeGroup {
        cluster: ids.refer(found.cluster_name().unwrap_or_default()),
        name: first_part(name, &expected.name).to_owned(),
        version: text(found.version()),
        role: ids.refer(found.node_role().unwrap_or_default()),
        subnets: found.subnets().iter().map(|id| ids.refer(id)).collect(),
        instance_type: found.instance_types().join(","),
        ami_type: text(found.ami_type().map(AmiTypes::as_str)),
        capacity_type: text(found.capacity_type().map(CapacityTypes::as_str)),
        disk_gib: number(found.disk_size()),
        count: if moving { expected.count } else { sizes.least },
        max: if moving { expected.max } else { sizes.most },
        max_unavailable: max_unavailable(found),
        labels: labels(found),
        tags,
    }
}

/// What AWS computed. The Auto Scaling group is told only once the group is active.
fn computed(place: NodeGroupLocator<'_>, found: &types::Nodegroup) -> NodeGroupComputed {
    let groups = found.resources().map(NodegroupResources::auto_scaling_groups).unwrap_or_default();
    NodeGroupComputed {
        id: format!("{}/{}", place.cluster, place.name),
        arn: found.nodegroup_arn().unwrap_or_default().to_owned(),
        cluster_name: place.cluster.to_owned(),
        name: place.name.to_owned(),
        autoscaling_group: groups.first().and_then(|group| group.name()).map(str::to_owned),
    }
}

/// The name without the suffix of the attempt.
fn first_part<'a>(name: &'a str, expected: &'a str) -> &'a str {
    let suffix = name.strip_prefix(expected).and_then(|rest| rest.strip_prefix('-'));
    if suffix.is_some_and(|suffix| !suffix.contains('-')) { expected } else { name }
}

fn number(value: Option<i32>) -> u32 {
    value.and_then(|value| u32::try_from(value).ok()).unwrap_or_default()
}

fn signed(value: u32) -> i32 {
    i32::try_from(value).unwrap_or(i32::MAX)
}

fn labels(found: &types::Nodegroup) -> BTreeMap<String, String> {
    found.labels().into_iter().flatten().map(|(key, value)| (key.clone(), value.clone())).collect()
}

/// How many may be missing during an update; 0 if that is a percentage, which we never set.
fn max_unavailable(found: &types::Nodegroup) -> u32 {
    number(found.update_config().and_then(NodegroupUpdateConfig::max_unavailable))
}

/// How many nodes there may be, and how many there should be now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Sizes {
    least: u32,
    most: u32,
    desired: u32,
}

impl Sizes {
    fn of(found: &types::Nodegroup) -> Self {
        let scaling = found.scaling_config();
        Self {
            least: number(scaling.and_then(NodegroupScalingConfig::min_size)),
            most: number(scaling.and_then(NodegroupScalingConfig::max_size)),
            desired: number(scaling.and_then(NodegroupScalingConfig::desired_size)),
        }
    }

    /// All three at once: EKS refuses limits that the current number does not fit.
    fn config(self) -> NodegroupScalingConfig {
        let config = NodegroupScalingConfig::builder().min_size(signed(self.least)).max_size(signed(self.most));
        config.desired_size(signed(self.desired)).build()
    }
}

impl NodeGroup {
    /// The sizes to ask for, if those that are there have other limits.
    fn resized(&self, there: Sizes) -> Option<Sizes> {
        if (there.least, there.most) == (self.count, self.max) {
            return None;
        }
        // How many run within the limits is an autoscaler's to say: what is there stays as near as they allow.
        let most = self.max.max(self.count);
        Some(Sizes { least: self.count, most, desired: there.desired.clamp(self.count, most) })
    }

    /// The labels to set and to remove.
    fn relabelled(&self, there: &BTreeMap<String, String>) -> Option<UpdateLabelsPayload> {
        if *there == self.labels {
            return None;
        }
        let set = self.labels.iter().filter(|(key, value)| there.get(*key) != Some(value));
        let set = set.map(|(key, value)| (key.clone(), value.clone())).collect();
        let remove = there.keys().filter(|key| !self.labels.contains_key(*key)).cloned().collect();
        let payload = UpdateLabelsPayload::builder().set_add_or_update_labels(Some(set));
        Some(payload.set_remove_labels(Some(remove)).build())
    }

    fn update_config(&self) -> NodegroupUpdateConfig {
        NodegroupUpdateConfig::builder().max_unavailable(signed(self.max_unavailable)).build()
    }

    /// Makes the group, or finds the one that this attempt made already; and whether it was made now. Remains of ours
    /// are removed first.
    async fn claim(
        &self,
        place: NodeGroupLocator<'_>,
        cx: &Writing<'_>,
    ) -> Result<(types::Nodegroup, bool), CloudError> {
        let mut token = 0;
        for group in list(cx.aws, place.cluster).await? {
            let remains = group.status().is_some_and(is_broken);
            if remains && cx.ours(&eks::tags_of(group.tags())) {
                let name = group.nodegroup_name().unwrap_or_default();
                NodeGroupLocator { name, ..place }.remove("remove what is left of a node group", cx).await?;
                // The token of this attempt belongs to what is gone now.
                token += u32::from(name == place.name);
            }
        }
        match self.call(place, token, cx).await {
            Ok(Some(made)) => return Ok((made, true)),
            Ok(None) => {}
            Err(error) if eks::is_taken(&error) => {}
            Err(error) => return Err(error),
        }
        let gone = || CloudError::new(ErrorKind::NotFound, CREATE, "it is neither there nor can it be made");
        let group = read(cx.aws, place.cluster, place.name).await?.ok_or_else(gone)?;
        let taken = format!("node group {} exists already", place.name);
        refuse_foreign(cx, CREATE, &taken, &computed(place, &group).id, &eks::tags_of(group.tags()))?;
        Ok((group, false))
    }

    /// The create call, made once the cluster is free and repeated while EKS cannot see the roles it needs yet.
    async fn call(
        &self,
        place: NodeGroupLocator<'_>,
        token: u32,
        cx: &Writing<'_>,
    ) -> Result<Option<types::Nodegroup>, CloudError> {
        let sizes = Sizes { least: self.count, most: self.max, desired: self.count };
        let call = cx
            .aws
            .eks
            .create_nodegroup()
            .cluster_name(place.cluster)
            .nodegroup_name(place.name)
            .version(&self.version)
            .node_role(eks::arn_of(cx, &self.role)?)
            .set_subnets(Some(cx.all_ids(&self.subnets)?))
            .instance_types(&self.instance_type)
            .ami_type(AmiTypes::from(self.ami_type.as_str()))
            .capacity_type(CapacityTypes::from(self.capacity_type.as_str()))
            .disk_size(signed(self.disk_gib))
            .scaling_config(sizes.config())
            .update_config(self.update_config())
            .set_labels(Some(self.labels.clone().into_iter().collect()))
            .set_tags(Some(eks::tags_for(cx, self)))
            .client_request_token(cx.mark.token(token));
        let call = &call;
        let create = || {
            retry_while(cx, eks::PROPAGATION, sees_no_role, move || async move {
                Ok(call.clone().send().await.during(CREATE)?.nodegroup)
            })
        };
        eks::retry_until_free(cx, place.cluster, ClusterPart::NodeGroup(place.name), create).await
    }

    /// Brings the group from what is there to what is wanted: its version first, then the rest in one change.
    async fn bring(
        &self,
        place: NodeGroupLocator<'_>,
        there: &types::Nodegroup,
        tags: &Tags,
        cx: &Writing<'_>,
    ) -> Result<NodeGroupComputed, CloudError> {
        eks::retag(cx.aws, there.nodegroup_arn().unwrap_or_default(), tags, &self.tags).await?;
        let part = ClusterPart::NodeGroup(place.name);
        let mut there = there.clone();
        if there.version() != Some(&self.version) {
            let doing = format!("upgrade the node group to Kubernetes {}", self.version);
            let call = cx.aws.eks.update_nodegroup_version().cluster_name(place.cluster).nodegroup_name(place.name);
            // No release of the image is named: the newest is taken.
            let call = call.version(&self.version);
            let start = || async { Ok(call.clone().send().await.during(&doing)?.update) };
            eks::change(cx, place.cluster, part, &doing, UPGRADED, start).await?;
            // Meanwhile the number of nodes went on moving.
            there = place.active(&doing, cx).await?;
        }
        let sizes = self.resized(Sizes::of(&there));
        let labels = self.relabelled(&labels(&there));
        let unavailable = (max_unavailable(&there) != self.max_unavailable).then(|| self.update_config());
        if sizes.is_some() || labels.is_some() || unavailable.is_some() {
            let doing = "change the node group";
            let call = cx.aws.eks.update_nodegroup_config().cluster_name(place.cluster).nodegroup_name(place.name);
            let call = call.set_scaling_config(sizes.map(Sizes::config)).set_labels(labels);
            let call = call.set_update_config(unavailable);
            let start = || async { Ok(call.clone().send().await.during(doing)?.update) };
            eks::change(cx, place.cluster, part, doing, CONFIGURED, start).await?;
        }
        Ok(computed(place, &there))
    }
}

/// The words in which EKS refuses a role that it will accept once IAM has told everybody about it: that of the nodes, and
/// at the first node group of an account the one EKS has just made for itself.
fn sees_no_role(error: &CloudError) -> bool {
    words::eks::UNKNOWN_NODE_ROLE.tell(error) || words::eks::UNKNOWN_SERVICE_ROLE.tell(error)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::model::reference::Ref;

    fn group(count: u32, max: u32) -> NodeGroup {
        NodeGroup {
            cluster: Ref::named("main"),
            name: "lab".to_owned(),
            version: "1.34".to_owned(),
            role: Ref::named("nodes"),
            subnets: BTreeSet::new(),
            instance_type: "c6a.4xlarge".to_owned(),
            ami_type: "AL2023_x86_64_STANDARD".to_owned(),
            capacity_type: "ON_DEMAND".to_owned(),
            disk_gib: 100,
            count,
            max,
            max_unavailable: 1,
            labels: BTreeMap::from([("a".to_owned(), "1".to_owned()), ("b".to_owned(), "2".to_owned())]),
            tags: Tags::new(),
        }
    }

    #[test]
    fn what_runs_stays_unless_the_limits_forbid_it() {
        let sizes = |least, most, desired| Sizes { least, most, desired };
        let three = group(3, 6);
        assert_eq!(three.resized(sizes(3, 6, 5)), None, "an autoscaler decides within the limits");
        assert_eq!(three.resized(sizes(2, 6, 5)), Some(sizes(3, 6, 5)), "no node under load is drained");
        assert_eq!(three.resized(sizes(4, 6, 5)), Some(sizes(3, 6, 5)));
        assert_eq!(three.resized(sizes(1, 6, 2)), Some(sizes(3, 6, 3)), "too few are made more");
        assert_eq!(three.resized(sizes(3, 4, 4)), Some(sizes(3, 6, 4)));
        assert_eq!(three.resized(sizes(3, 9, 8)), Some(sizes(3, 6, 6)), "the current number must fit the limits");
        assert_eq!(group(2, 2).resized(sizes(3, 3, 3)), Some(sizes(2, 2, 2)), "without room there is no autoscaler");
    }

    #[test]
    fn the_suffix_is_no_part_of_the_name() {
        assert_eq!(first_part("lab-nodes-0a1b2c", "lab-nodes"), "lab-nodes");
        assert_eq!(first_part("lab-nodes-more-0a1b2c", "lab-nodes"), "lab-nodes-more-0a1b2c");
        assert_eq!(first_part("workers", "lab-nodes"), "workers");
    }

    #[test]
    fn only_labels_that_differ_are_sent() {
        let there = BTreeMap::from([("a".to_owned(), "1".to_owned()), ("c".to_owned(), "3".to_owned())]);
        let payload = group(3, 6).relabelled(&there).unwrap();
        assert_eq!(payload.remove_labels(), ["c"]);
        let set: Vec<_> = payload.add_or_update_labels().into_iter().flatten().collect();
        assert_eq!(set, [(&"b".to_owned(), &"2".to_owned())]);
        assert_eq!(group(3, 6).relabelled(&group(3, 6).labels), None);
    }
}
