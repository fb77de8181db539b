//! An internet gateway in Terraform: `aws_internet_gateway`.

use super::{InternetGateway, InternetGatewayComputed};
use crate::model::terraform::{TerraformObject, TerraformResource};

pub(super) fn object(gateway: &InternetGateway, known: &InternetGatewayComputed) -> TerraformObject {
    TerraformResource::new("aws_internet_gateway", &known.id).with("vpc_id", &gateway.vpc).tags(&gateway.tags).into()
}
