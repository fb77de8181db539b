//! The subnets of a database in Terraform: `aws_db_subnet_group`. The network follows from them.

use super::{DbSubnetGroup, DbSubnetGroupComputed};
use crate::model::terraform::{TerraformObject, TerraformResource};

pub(super) fn object(group: &DbSubnetGroup, known: &DbSubnetGroupComputed) -> TerraformObject {
    TerraformResource::new("aws_db_subnet_group", &known.id)
        .with("name", &group.name)
        .with("description", &group.description)
        .with("subnet_ids", &group.subnets)
        .tags(&group.tags)
        .into()
}
