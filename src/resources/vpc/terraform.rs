//! A network in Terraform: `aws_vpc`.

use super::{Vpc, VpcComputed};
use crate::model::terraform::{Term, TerraformObject, TerraformResource};

pub(super) fn object(vpc: &Vpc, known: &VpcComputed) -> TerraformObject {
    TerraformResource::new("aws_vpc", &known.id)
        .with("cidr_block", Term::shown(&vpc.cidr))
        .with("enable_dns_support", vpc.dns_support)
        .with("enable_dns_hostnames", vpc.dns_hostnames)
        .tags(&vpc.tags)
        .into()
}
