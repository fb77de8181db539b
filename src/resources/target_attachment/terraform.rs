//! Nodes as targets in Terraform: `aws_autoscaling_attachment`.
//!
//! The provider does not import it. Its creation calls `AttachLoadBalancerTargetGroups`, which changes nothing where the target
//! group is attached already ("This operation is additive and does not detach existing target groups", Amazon EC2 Auto
//! Scaling API Reference).

use super::TargetAttachment;
use crate::model::terraform::{Term, TerraformObject, TerraformResource};
use crate::resources::node_group::terraform::AUTOSCALING_GROUP;

pub(super) fn object(attachment: &TargetAttachment) -> TerraformObject {
    TerraformResource::not_imported("aws_autoscaling_attachment")
        .with("autoscaling_group_name", Term::attribute(&attachment.node_group, AUTOSCALING_GROUP))
        .with("lb_target_group_arn", Term::attribute(&attachment.target_group, "arn"))
        .into()
}
