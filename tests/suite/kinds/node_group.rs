//! Node groups.

use std::collections::BTreeMap;
use std::time::Duration;

use aws_sdk_eks::types::{NodegroupScalingConfig, NodegroupUpdateConfig, UpdateLabelsPayload};
use ppm_infra::cloud::ErrorKind;
use ppm_infra::model::address::Address;
use ppm_infra::model::document::Document;
use ppm_infra::model::observation::Observation;
use ppm_infra::model::reference::Ref;
use ppm_infra::model::resource::Resource;
use ppm_infra::resources::access_entry::Principal;
use ppm_infra::resources::cluster::Cluster;
use ppm_infra::resources::node_group::{NodeGroup, NodeGroupComputed};
use serde_json::json;

use super::cluster::{lab, sample as cluster};
use crate::support::lifecycle::Lab;
use crate::support::platform::{Platform, differing};

/// A node group of the cluster `main`.
pub(crate) fn sample(platform: &Platform) -> NodeGroup {
    NodeGroup {
        cluster: Ref::named("main"),
        name: "lab-nodes".to_owned(),
        version: "1.34".to_owned(),
        role: Ref::external(&platform.node_role),
        subnets: platform.private.iter().map(Ref::external).collect(),
        instance_type: "c6a.4xlarge".to_owned(),
        ami_type: "AL2023_x86_64_STANDARD".to_owned(),
        capacity_type: "ON_DEMAND".to_owned(),
        disk_gib: 100,
        count: 3,
        max: 6,
        max_unavailable: 1,
        labels: BTreeMap::from([("role".to_owned(), "packages".to_owned())]),
        tags: Lab::tags("node_group", "main"),
    }
}

fn address() -> Address {
    Address::of(NodeGroup::KIND, "main")
}

/// A cluster in which nodes can join.
async fn ready(scale: u32) -> (Lab, Platform) {
    let (mut lab, platform) = lab(scale).await;
    lab.make("main", &cluster(&platform)).await;
    lab.make("vpc-cni", &super::addon::sample("vpc-cni", "v1.21.1-eksbuild.1")).await;
    (lab, platform)
}

async fn desired(lab: &Lab, known: &NodeGroupComputed) -> i32 {
    let call = lab.clients.eks.describe_nodegroup().cluster_name("lab").nodegroup_name(&known.name);
    call.send().await.unwrap().nodegroup.unwrap().scaling_config.unwrap().desired_size.unwrap()
}

fn scale_to(lab: &Lab, known: &NodeGroupComputed, value: u32) {
    let order = json!({"kind": "nodegroup", "id": known.id, "action": "desired", "value": value});
    lab.emulator.post("/strict/mutate", &order);
}

#[tokio::test]
async fn a_node_group_is_made_found_changed_and_removed() {
    let (mut lab, platform) = ready(0).await;
    let group = sample(&platform);
    let made = lab.make("main", &group).await;
    assert!(
        made.name.starts_with("lab-nodes-") && made.autoscaling_group.as_ref().unwrap().starts_with("eks-lab-nodes-"),
        "{made:?}"
    );
    lab.find_again::<NodeGroup>("main").await;

    let labels = |pairs: &[(&str, &str)]| pairs.iter().map(|&(k, v)| (k.to_owned(), v.to_owned())).collect();
    let mut tagged = group.clone();
    tagged.tags.insert("team".to_owned(), "data".to_owned());
    let variants = [
        tagged,
        NodeGroup { max: 9, ..group.clone() },
        NodeGroup { count: 5, ..group.clone() },
        NodeGroup { count: 8, max: 8, ..group.clone() },
        NodeGroup { count: 1, max: 1, ..group.clone() },
        NodeGroup { max_unavailable: 2, ..group.clone() },
        NodeGroup { labels: labels(&[]), ..group.clone() },
        NodeGroup { labels: labels(&[("role", "other"), ("more", "1")]), ..group.clone() },
        NodeGroup { labels: labels(&[("new", "1")]), count: 2, max_unavailable: 2, ..group.clone() },
    ];
    // What runs stays as it is as far as the limits let it.
    let mut runs = group.count;
    for variant in &variants {
        for wanted in [variant, &group] {
            lab.change("main", wanted).await;
            runs = runs.clamp(wanted.count, wanted.max);
            assert_eq!(desired(&lab, &made).await, i32::try_from(runs).unwrap(), "{wanted:?}");
        }
    }

    // An autoscaler decides within the limits, until a limit leaves it no room.
    scale_to(&lab, &made, 5);
    assert_eq!(lab.look("main", Some(&group)).await.unwrap(), group);
    lab.change("main", &NodeGroup { max: 9, ..group.clone() }).await;
    assert_eq!(desired(&lab, &made).await, 5);
    lab.change("main", &NodeGroup { max: 4, ..group.clone() }).await;
    assert_eq!(desired(&lab, &made).await, 4);
    lab.change("main", &group).await;

    lab.change("main", &Cluster { version: "1.35".to_owned(), ..cluster(&platform) }).await;
    lab.change("main", &NodeGroup { version: "1.35".to_owned(), count: 4, ..group.clone() }).await;
    lab.remove::<NodeGroup>("main").await;
    lab.remove::<ppm_infra::resources::addon::Addon>("vpc-cni").await;
    lab.remove::<Cluster>("main").await;
}

#[tokio::test]
async fn what_others_change_on_a_node_group_shows_as_that_field() {
    let (mut lab, platform) = ready(0).await;
    let group = sample(&platform);
    let made = lab.make("main", &group).await;
    let eks = lab.clients.eks.clone();
    let update = || eks.update_nodegroup_config().cluster_name("lab").nodegroup_name(&made.name);
    let sizes = || NodegroupScalingConfig::builder().min_size(3).max_size(6).desired_size(3);
    let cases = [
        ("count", update().scaling_config(sizes().min_size(2).build())),
        ("max", update().scaling_config(sizes().max_size(9).build())),
        ("max_unavailable", update().update_config(NodegroupUpdateConfig::builder().max_unavailable(3).build())),
        (
            "max_unavailable",
            update().update_config(NodegroupUpdateConfig::builder().max_unavailable_percentage(50).build()),
        ),
        ("labels", update().labels(UpdateLabelsPayload::builder().add_or_update_labels("more", "1").build())),
        ("labels", update().labels(UpdateLabelsPayload::builder().remove_labels("role").build())),
    ];
    for (field, call) in cases {
        call.send().await.unwrap();
        assert_eq!(differing(&group, &lab.look("main", Some(&group)).await.unwrap()), [field]);
        lab.change("main", &group).await;
    }
    eks.untag_resource().resource_arn(&made.arn).tag_keys("Name").send().await.unwrap();
    assert_eq!(differing(&group, &lab.look("main", Some(&group)).await.unwrap()), ["tags"]);
    lab.change("main", &group).await;

    // Nobody's business.
    eks.tag_resource().resource_arn(&made.arn).tags("cost-centre", "42").send().await.unwrap();
    let order = json!({"kind": "nodegroup", "id": made.id, "action": "issue", "code": "AsgInstanceLaunchFailures",
        "message": "no room"});
    lab.emulator.post("/strict/mutate", &order);
    let found = lab.observe(&address(), Some(&Document::of(&group)), true).await;
    let Observation::Present { known, notes, .. } = found else { panic!("{found:?}") };
    assert_eq!(known.declared, Document::of(&group));
    assert!(notes[0].contains("DEGRADED: AsgInstanceLaunchFailures: no room"), "{notes:?}");
    lab.change("main", &NodeGroup { max: 7, ..group.clone() }).await;

    eks.delete_nodegroup().cluster_name("lab").nodegroup_name(&made.name).send().await.unwrap();
    assert_eq!(lab.look("main", Some(&group)).await, None);
    lab.make("main", &group).await;
}

#[tokio::test]
async fn a_node_group_whose_nodes_cannot_join_is_explained_and_made_again() {
    let (mut lab, platform) = ready(0).await;
    platform.close(&lab.clients).await;
    let group = sample(&platform);
    let error = lab.try_make("main", &group).await.unwrap_err();
    assert!(error.says("CREATE_FAILED: NodeCreationFailure: Instances failed to join"), "{error}");
    let wanted = Document::of(&group);
    assert_eq!(lab.observe(&address(), Some(&wanted), true).await, Observation::Absent, "it has to be made again");
    assert_eq!(lab.observe(&address(), Some(&wanted), false).await, Observation::Absent);
    platform.open(&lab.clients).await;
    lab.make("main", &group).await;
    let left = lab.clients.eks.list_nodegroups().cluster_name("lab").send().await.unwrap();
    assert_eq!(left.nodegroups().len(), 1, "what failed is gone");

    // Of what failed nothing may stand in the way of the end, even if nobody remembers it.
    platform.close(&lab.clients).await;
    lab.remove::<NodeGroup>("main").await;
    lab.try_make("main", &group).await.unwrap_err();
    lab.remove::<Cluster>("main").await;
}

#[tokio::test]
async fn what_does_not_heal_is_told_early() {
    let (mut lab, platform) = ready(100).await;
    // Room for two nodes of sixteen cores.
    lab.emulator.post("/strict/settings", &json!({"quotas": {"L-1216C47A": 32}}));
    let error = lab.try_make("main", &sample(&platform)).await.unwrap_err();
    assert!(error.says("CREATING, ") && error.says("VcpuLimitExceeded"), "{error}");
    // It is recorded as unfinished; with more room the next run waits it out.
    lab.emulator.post("/strict/settings", &json!({"quotas": {"L-1216C47A": null}}));
    lab.change("main", &sample(&platform)).await;
}

#[tokio::test]
async fn a_deletion_that_fails_is_ordered_again() {
    let (mut lab, platform) = ready(0).await;
    let made = lab.make("main", &sample(&platform)).await;
    let order = json!({"kind": "nodegroup", "id": made.id, "action": "fail_deletion"});
    lab.emulator.post("/strict/mutate", &order);
    lab.remove::<NodeGroup>("main").await;
}

#[tokio::test]
async fn interfaces_that_nodes_left_behind_go_before_the_cluster() {
    let (mut lab, platform) = ready(0).await;
    lab.make("main", &sample(&platform)).await;
    lab.emulator.post("/strict/settings", &json!({"extra": {"cni_leaks": 2}}));
    lab.remove::<NodeGroup>("main").await;
    let known = lab.ids.computed(&Address::of(Cluster::KIND, "main")).unwrap().clone();
    lab.remove::<Cluster>("main").await;
    let calls = lab.emulator.calls();
    let place = |operation: &str| calls.iter().position(|call| call["operation"] == operation);
    let (swept, ordered) = (place("DeleteNetworkInterface").unwrap(), place("DeleteCluster").unwrap());
    assert!(swept < ordered, "with interfaces in the way EKS would give up its group");
    let filter = ppm_infra::cloud::aws::ec2::filter("vpc-id", [&platform.vpc]);
    let groups = lab.clients.ec2.describe_security_groups().filters(filter).send().await.unwrap();
    let group = known.text("security_group_id");
    assert!(groups.security_groups().iter().all(|one| one.group_id() != group), "its group is gone");
}

#[tokio::test]
async fn a_running_change_of_a_node_group_is_waited_for() {
    let (mut lab, platform) = ready(300).await;
    let group = sample(&platform);
    let made = lab.make("main", &group).await;
    let more = NodegroupScalingConfig::builder().min_size(3).max_size(9).desired_size(3).build();
    let call = lab.clients.eks.update_nodegroup_config().cluster_name("lab").nodegroup_name(&made.name);
    assert!(lab.is_settled("main", &group).await);
    lab.pace(20);
    call.scaling_config(more).send().await.unwrap();
    assert_eq!(lab.look("main", Some(&group)).await.unwrap(), group, "while it changes, its sizes tell nothing");
    assert!(!lab.is_settled("main", &group).await);
    lab.pace(300);
    lab.change("main", &NodeGroup { count: 4, ..group.clone() }).await;
    lab.change("main", &group).await;

    // Two generations stand side by side.
    let second = lab.make("main", &group).await;
    assert_ne!(made.name, second.name);
    lab.tells_twins_apart::<NodeGroup>("main", [&made.id, &second.id]).await;
}

#[tokio::test]
async fn a_node_group_by_our_name_of_others_is_left_alone() {
    let (mut lab, platform) = ready(0).await;
    let group = sample(&platform);
    // The name that the next attempt will choose.
    let name = format!("lab-nodes-{}", lab.next_suffix());
    let call = lab.clients.eks.create_nodegroup().cluster_name("lab").nodegroup_name(&name);
    let call = call.node_role(&platform.node_role).set_subnets(Some(platform.private.clone()));
    call.send().await.unwrap();
    let error = lab.try_make("main", &group).await.unwrap_err();
    assert!(error.kind == ErrorKind::NotOurs && error.says(&name), "{error}");
    let found = lab.observe(&address(), Some(&Document::of(&group)), false).await;
    assert_eq!(found, Observation::Absent);
}

#[tokio::test]
async fn a_lost_answer_makes_nothing_twice() {
    let (mut lab, platform) = lab(0).await;
    for operation in ["CreateCluster", "CreateAddon", "CreateAccessEntry", "CreateNodegroup", "UpdateNodegroupConfig"] {
        let lost = json!({"service": "eks", "operation": operation, "kind": "reset_after", "nth": 1});
        lab.emulator.post("/strict/faults", &lost);
    }
    let group = sample(&platform);
    lab.make("main", &cluster(&platform)).await;
    lab.make("vpc-cni", &super::addon::sample("vpc-cni", "v1.21.1-eksbuild.1")).await;
    lab.make("creator", &super::access_entry::sample("creator", Principal::Creator)).await;
    lab.make("main", &group).await;
    lab.change("main", &NodeGroup { count: 4, ..group }).await;
    let eks = &lab.clients.eks;
    assert_eq!(eks.list_nodegroups().cluster_name("lab").send().await.unwrap().nodegroups().len(), 1);
}

#[tokio::test]
async fn nodes_on_their_way_out_are_seen_off() {
    let (mut lab, platform) = ready(100).await;
    let made = lab.make("main", &sample(&platform)).await;
    let eks = lab.clients.eks.clone();
    let order = || eks.delete_nodegroup().cluster_name("lab").nodegroup_name(&made.name);
    order().send().await.unwrap();
    assert_eq!(lab.observe(&address(), None, true).await, Observation::Absent, "nobody can use it any more");
    for recorded in [true, false] {
        let found = lab.observe_to_remove(&address(), recorded).await;
        assert!(matches!(&found, Observation::Present { notes, .. } if notes[0].contains("DELETING")), "{found:?}");
    }
    lab.remove::<NodeGroup>("main").await;
    assert!(order().send().await.is_err(), "its end was waited for");

    // One that nobody knows as ours, either; and no nodes.
    let made = lab.make("main", &NodeGroup { count: 0, max: 1, ..sample(&platform) }).await;
    eks.untag_resource().resource_arn(&made.arn).tag_keys("ppm-infra:stack").send().await.unwrap();
    eks.delete_nodegroup().cluster_name("lab").nodegroup_name(&made.name).send().await.unwrap();
    lab.remove::<Cluster>("main").await;
}

#[tokio::test]
async fn what_is_left_of_a_node_group_makes_room_for_another() {
    let (mut lab, platform) = ready(0).await;
    let group = sample(&platform);
    let made = lab.make("main", &group).await;
    let order = json!({"kind": "nodegroup", "id": made.id, "action": "fail_deletion"});
    lab.emulator.post("/strict/mutate", &order);
    let eks = lab.clients.eks.clone();
    eks.delete_nodegroup().cluster_name("lab").nodegroup_name(&made.name).send().await.unwrap();
    let wanted = Document::of(&group);
    for recorded in [true, false] {
        assert_eq!(lab.observe(&address(), Some(&wanted), recorded).await, Observation::Absent, "it is of no use");
        let found = lab.observe_to_remove(&address(), recorded).await;
        assert!(
            matches!(&found, Observation::Present { notes, .. } if notes[0].contains("DELETE_FAILED")),
            "{found:?}"
        );
    }
    let second = lab.make("main", &group).await;
    let left = eks.list_nodegroups().cluster_name("lab").send().await.unwrap();
    assert_eq!(left.nodegroups(), [second.name]);
}

#[tokio::test]
async fn nodes_are_made_once_the_cluster_is_free() {
    let (mut lab, platform) = ready(100).await;
    // EKS takes on a role of its own that it made a moment ago.
    let unseen = json!({"service": "eks", "operation": "CreateNodegroup", "kind": "code", "nth": 1, "status": 400,
        "code": "InvalidRequestException",
        "message": "Amazon EKS Nodegroups was unable to assume the service-linked role in your account"});
    lab.emulator.post("/strict/faults", &unseen);
    lab.clients.eks.update_cluster_config().name("lab").deletion_protection(false).send().await.unwrap();
    lab.clients.eks.describe_cluster().name("lab").send().await.unwrap();
    lab.make("main", &sample(&platform)).await;
    let refused = lab.emulator.calls().into_iter().filter(|call| call["operation"] == "CreateNodegroup").count();
    assert!(refused > 2, "refused because of the role, and because of the cluster");
}

#[tokio::test]
async fn an_autoscaler_goes_on_during_an_upgrade() {
    let (mut lab, platform) = ready(300).await;
    let group = sample(&platform);
    let made = lab.make("main", &group).await;
    lab.change("main", &Cluster { version: "1.35".to_owned(), ..cluster(&platform) }).await;
    let order = json!({"kind": "nodegroup", "id": made.id, "action": "desired", "value": 5});
    let scaling = lab.emulator.post_later(Duration::from_millis(1500), "/strict/mutate", order);
    lab.change("main", &NodeGroup { version: "1.35".to_owned(), max: 9, ..group }).await;
    scaling.join().unwrap();
    assert_eq!(desired(&lab, &made).await, 5, "the number it had before the upgrade is not ordered again");
}

#[tokio::test]
async fn an_update_that_ends_well_and_changes_nothing_is_no_success() {
    let (mut lab, platform) = ready(0).await;
    let group = sample(&platform);
    lab.make("main", &group).await;
    let idle = |lab: &Lab, value: bool| {
        lab.emulator.post("/strict/settings", &json!({"extra": {"idle_changes": value}}));
    };
    idle(&lab, true);
    let newer = Cluster { version: "1.35".to_owned(), ..cluster(&platform) };
    let error = lab.try_change("main", &newer).await.unwrap_err();
    assert!(error.says(r#"version was ordered to be "1.35" and is "1.34""#), "{error}");
    for (field, changed) in [
        ("count", NodeGroup { count: 5, ..group.clone() }),
        ("max_unavailable", NodeGroup { max_unavailable: 2, ..group.clone() }),
    ] {
        let error = lab.try_change("main", &changed).await.unwrap_err();
        assert!(error.says(field) && error.says("not as it was ordered"), "{error}");
    }
    idle(&lab, false);
    lab.change("main", &newer).await;
    idle(&lab, true);
    let error = lab.try_change("main", &NodeGroup { version: "1.35".to_owned(), ..group.clone() }).await.unwrap_err();
    assert!(error.says(r#"version was ordered to be "1.35" and is "1.34""#), "{error}");
    let addon = super::addon::sample("vpc-cni", "v1.21.1-eksbuild.1");
    let other = ppm_infra::resources::addon::Addon { version: "v1.21.2-eksbuild.1".to_owned(), ..addon };
    let error = lab.try_change("vpc-cni", &other).await.unwrap_err();
    assert!(error.says("version was ordered to be"), "{error}");
}
