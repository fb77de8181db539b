//! A subnet in Terraform: `aws_subnet`.

use super::{Subnet, SubnetComputed};
use crate::model::terraform::{Term, TerraformObject, TerraformResource};

pub(super) fn object(subnet: &Subnet, known: &SubnetComputed) -> TerraformObject {
    TerraformResource::new("aws_subnet", &known.id)
        .with("vpc_id", &subnet.vpc)
        .with("cidr_block", Term::shown(&subnet.cidr))
        .with("availability_zone", &subnet.zone)
        .with("map_public_ip_on_launch", subnet.map_public_ip)
        .tags(&subnet.tags)
        .into()
}
