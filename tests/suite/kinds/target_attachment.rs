//! Attachments of nodes to target groups. The nodes are an Auto Scaling group of their own: what EKS makes is one.

use ppm_infra::model::reference::Ref;
use ppm_infra::resources::node_group::{NodeGroup, NodeGroupComputed};
use ppm_infra::resources::subnet::Subnet;
use ppm_infra::resources::target_attachment::TargetAttachment;
use ppm_infra::resources::target_group::TargetGroup;
use serde_json::json;

use super::ground::{id, is_unread_without, network, stands};
use super::target_group;
use crate::support::lifecycle::Lab;

const GROUP: &str = "eks-lab-nodes-0a1b2c";

fn sample() -> TargetAttachment {
    TargetAttachment { node_group: Ref::named("main"), target_group: Ref::named("main") }
}

/// A laboratory with nodes and a target group.
async fn lab(scale: u32) -> Lab {
    let mut lab = Lab::new(scale).await;
    network(&mut lab).await;
    nodes(&mut lab, GROUP).await;
    lab.make("main", &target_group::sample()).await;
    lab
}

async fn nodes(lab: &mut Lab, group: &str) {
    let autoscaling = lab.clients.autoscaling.clone();
    let image = "ami-12c6146b";
    let configuration = autoscaling.create_launch_configuration().launch_configuration_name(group).image_id(image);
    configuration.instance_type("c6a.4xlarge").send().await.unwrap();
    let call = autoscaling.create_auto_scaling_group().auto_scaling_group_name(group).min_size(1).max_size(2);
    let call = call.launch_configuration_name(group).vpc_zone_identifier(id::<Subnet>(lab, "a"));
    call.send().await.unwrap();
    let computed = NodeGroupComputed {
        id: "lab/nodes".to_owned(),
        arn: "arn:aws:eks:us-east-1:123456789012:nodegroup/lab/nodes/1".to_owned(),
        cluster_name: "lab".to_owned(),
        name: "nodes".to_owned(),
        autoscaling_group: Some(group.to_owned()),
    };
    stands::<NodeGroup>(lab, "main", &computed);
}

#[tokio::test]
async fn an_attachment_is_made_found_and_removed() {
    let mut lab = lab(60).await;
    let attachment = sample();
    let made = lab.make("main", &attachment).await;
    assert_eq!(made.autoscaling_group, GROUP);
    lab.find_again::<TargetAttachment>("main").await;
    let health =
        lab.clients.elb.describe_target_health().target_group_arn(&made.target_group_arn).send().await.unwrap();
    assert_eq!(health.target_health_descriptions().len(), 1, "the machine is a target");
    lab.try_make("main", &attachment).await.unwrap();
    lab.try_change("main", &attachment).await.unwrap();
    lab.remove::<TargetAttachment>("main").await;
    lab.remove::<TargetGroup>("main").await;
}

#[tokio::test]
async fn what_others_do_to_an_attachment_is_seen() {
    let mut lab = lab(0).await;
    let attachment = sample();
    let made = lab.make("main", &attachment).await;
    let autoscaling = lab.clients.autoscaling.clone();
    let call = autoscaling.detach_load_balancer_target_groups().auto_scaling_group_name(GROUP);
    call.target_group_arns(&made.target_group_arn).send().await.unwrap();
    assert_eq!(lab.look("main", Some(&attachment)).await, None);
    lab.make("main", &attachment).await;

    // Nodes made by hand in place of ours have another group: the attachment that was is gone.
    let call = autoscaling.delete_auto_scaling_group().auto_scaling_group_name(GROUP);
    call.force_delete(true).send().await.unwrap();
    assert_eq!(lab.look("main", Some(&attachment)).await, None);
    lab.remove::<TargetAttachment>("main").await;
}

#[tokio::test]
async fn nodes_that_are_not_recorded_are_told_by_their_group() {
    let mut lab = lab(0).await;
    lab.make("main", &sample()).await;
    nodes(&mut lab, "eks-lab-others-0a1b2c").await;
    let found = lab.look("main", Some(&sample())).await.unwrap();
    assert_eq!(found, TargetAttachment { node_group: Ref::external(GROUP), ..sample() });
}

#[tokio::test]
async fn a_lost_answer_makes_no_second_attachment_and_a_denied_one_says_nothing() {
    let mut lab = lab(0).await;
    let lost = json!({"service": "autoscaling", "operation": "AttachLoadBalancerTargetGroups", "kind": "reset_after", "nth": 1});
    lab.emulator.post("/strict/faults", &lost);
    lab.make("main", &sample()).await;
    lab.emulator.post("/strict/faults/clear", &json!({}));
    let reads = ["DescribeLoadBalancerTargetGroups"];
    is_unread_without::<TargetAttachment>(&lab, "main", "autoscaling", &reads).await;
}

/// What Auto Scaling says of the target groups of the nodes.
async fn states(lab: &Lab) -> Vec<String> {
    let call = lab.clients.autoscaling.describe_load_balancer_target_groups().auto_scaling_group_name(GROUP);
    let told = call.send().await.unwrap();
    told.load_balancer_target_groups().iter().filter_map(|one| one.state().map(str::to_owned)).collect()
}

#[tokio::test]
async fn an_attachment_is_gone_when_its_targets_are_drained() {
    let mut lab = lab(60).await;
    lab.make("main", &sample()).await;
    // Made again after the answer is lost, the call finds nothing attached; the targets are draining all the same.
    let lost = json!({"operation": "DetachLoadBalancerTargetGroups", "kind": "reset_after", "nth": 1});
    lab.emulator.post("/strict/faults", &lost);
    lab.try_remove::<TargetAttachment>("main").await.unwrap();
    assert!(states(&lab).await.is_empty());
}

#[tokio::test]
async fn an_attachment_that_is_leaving_is_made_again_once_it_has_left() {
    let mut lab = lab(60).await;
    let made = lab.make("main", &sample()).await;
    let call = lab.clients.autoscaling.detach_load_balancer_target_groups().auto_scaling_group_name(GROUP);
    call.target_group_arns(&made.target_group_arn).send().await.unwrap();
    assert_eq!(states(&lab).await, ["Removing"]);
    lab.make("main", &sample()).await;
    assert!(super::ground::calls(&lab, "DescribeLoadBalancerTargetGroups") > 4, "it was waited for");
}
