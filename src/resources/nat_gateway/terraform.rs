//! A NAT gateway in Terraform: `aws_nat_gateway`.

use super::{NatGateway, NatGatewayComputed};
use crate::model::terraform::{TerraformObject, TerraformResource};

pub(super) fn object(gateway: &NatGateway, known: &NatGatewayComputed) -> TerraformObject {
    TerraformResource::new("aws_nat_gateway", &known.id)
        .with("subnet_id", &gateway.subnet)
        .with("allocation_id", &gateway.elastic_ip)
        .tags(&gateway.tags)
        .into()
}
