//! The nodes of a cluster in Terraform: `aws_eks_node_group`.

use super::{NodeGroup, NodeGroupComputed};
use crate::model::terraform::{Term, TerraformObject, TerraformResource};

/// The Auto Scaling group that EKS made for the nodes, as an attribute of their resource.
pub(in crate::resources) const AUTOSCALING_GROUP: &str = "resources[0].autoscaling_groups[0].name";

pub(super) fn object(group: &NodeGroup, known: &NodeGroupComputed) -> TerraformObject {
    let scaling = vec![
        ("min_size", Term::from(group.count)),
        ("desired_size", Term::from(group.count)),
        ("max_size", Term::from(group.max)),
    ];
    let resource = TerraformResource::new("aws_eks_node_group", format!("{}:{}", known.cluster_name, known.name))
        .with("cluster_name", Term::attribute(&group.cluster, "name"))
        .with("node_group_name", &known.name)
        .with("version", &group.version)
        .with("node_role_arn", Term::attribute(&group.role, "arn"))
        .with("subnet_ids", &group.subnets)
        .with("instance_types", Term::List(vec![Term::from(&group.instance_type)]))
        .with("ami_type", &group.ami_type)
        .with("capacity_type", &group.capacity_type)
        .with("disk_size", group.disk_gib)
        .unless_empty("labels", &group.labels)
        .tags(&group.tags)
        .block("scaling_config", scaling)
        .block("update_config", vec![("max_unavailable", Term::from(group.max_unavailable))]);
    // Between both an autoscaler decides how many there are.
    let resource =
        if group.max > group.count { resource.ignoring(&["scaling_config[0].desired_size"]) } else { resource };
    resource.into()
}
