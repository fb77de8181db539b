//! The load balancer in Terraform: `aws_lb`.

use super::{LoadBalancer, LoadBalancerComputed};
use crate::model::terraform::{TerraformObject, TerraformResource};

pub(super) fn object(balancer: &LoadBalancer, known: &LoadBalancerComputed) -> TerraformObject {
    // `…:loadbalancer/app/NAME/ID`: one that took the place of another has a suffix.
    let name = known.id.split('/').nth(2).unwrap_or(&balancer.name);
    TerraformResource::new("aws_lb", &known.id)
        .with("name", name)
        .with("load_balancer_type", "application")
        .with("internal", balancer.scheme == "internal")
        .with("ip_address_type", &balancer.ip_address_type)
        .with("subnets", &balancer.subnets)
        .with("security_groups", &balancer.security_groups)
        .with("idle_timeout", balancer.idle_timeout_seconds)
        .with("drop_invalid_header_fields", balancer.drop_invalid_headers)
        .with("enable_deletion_protection", balancer.deletion_protection)
        .tags(&balancer.tags)
        .into()
}
