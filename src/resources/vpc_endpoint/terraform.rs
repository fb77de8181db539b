//! An endpoint of a network in Terraform: `aws_vpc_endpoint`.

use super::{VpcEndpoint, VpcEndpointComputed};
use crate::model::terraform::{TerraformObject, TerraformResource};

pub(super) fn object(endpoint: &VpcEndpoint, known: &VpcEndpointComputed) -> TerraformObject {
    let resource = TerraformResource::new("aws_vpc_endpoint", &known.id)
        .with("vpc_id", &endpoint.vpc)
        .with("service_name", &endpoint.service);
    let resource = match &endpoint.interface {
        None => resource.with("vpc_endpoint_type", "Gateway").with("route_table_ids", &endpoint.route_tables),
        Some(interface) => resource
            .with("vpc_endpoint_type", "Interface")
            .with("subnet_ids", &interface.subnets)
            .with("security_group_ids", &interface.security_groups)
            .with("private_dns_enabled", interface.private_dns),
    };
    resource.tags(&endpoint.tags).into()
}
