//! The targets of a load balancer in Terraform: `aws_lb_target_group`.

use super::{TargetGroup, TargetGroupComputed};
use crate::model::terraform::{Term, TerraformObject, TerraformResource};

pub(super) fn object(group: &TargetGroup, known: &TargetGroupComputed) -> TerraformObject {
    let check = &group.health_check;
    TerraformResource::new("aws_lb_target_group", &known.id)
        .with("name", &known.name)
        .with("vpc_id", &group.vpc)
        .with("protocol", &group.protocol)
        .with("port", group.port)
        .with("target_type", &group.target_type)
        .with("deregistration_delay", group.deregistration_delay_seconds)
        .tags(&group.tags)
        .block(
            "health_check",
            vec![
                ("protocol", Term::from(&check.protocol)),
                ("port", Term::from(&check.port)),
                ("path", Term::from(&check.path)),
                ("matcher", Term::from(&check.matcher)),
                ("interval", Term::from(check.interval_seconds)),
                ("timeout", Term::from(check.timeout_seconds)),
                ("healthy_threshold", Term::from(check.healthy_count)),
                ("unhealthy_threshold", Term::from(check.unhealthy_count)),
            ],
        )
        // Neither is for the targets of an Application Load Balancer, and AWS tells neither.
        .ignoring(&["lambda_multi_value_headers_enabled", "proxy_protocol_v2"])
        .into()
}
