//! The settings of a database in Terraform: `aws_db_parameter_group`.

use super::{DbParameterGroup, DbParameterGroupComputed};
use crate::model::terraform::{Term, TerraformObject, TerraformResource};

pub(super) fn object(group: &DbParameterGroup, known: &DbParameterGroupComputed) -> TerraformObject {
    let mut resource = TerraformResource::new("aws_db_parameter_group", &known.id)
        .with("name", &group.name)
        .with("family", &group.family)
        .with("description", &group.description)
        .tags(&group.tags)
        .ignoring(&["skip_destroy"]);
    for (name, value) in &group.parameters {
        resource = resource.block("parameter", vec![("name", Term::from(name)), ("value", Term::from(value))]);
    }
    resource.into()
}
