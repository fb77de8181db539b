//! An address in Terraform: `aws_eip`.

use super::{ElasticIp, ElasticIpComputed};
use crate::model::terraform::{TerraformObject, TerraformResource};

pub(super) fn object(address: &ElasticIp, known: &ElasticIpComputed) -> TerraformObject {
    TerraformResource::new("aws_eip", &known.id).with("domain", "vpc").tags(&address.tags).into()
}
