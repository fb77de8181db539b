//! A set of permissions in Terraform: `aws_iam_policy`.

use super::{IamPolicy, IamPolicyComputed};
use crate::model::terraform::{Term, TerraformObject, TerraformResource};

pub(super) fn object(policy: &IamPolicy, known: &IamPolicyComputed) -> TerraformObject {
    TerraformResource::new("aws_iam_policy", &known.id)
        .with("name", &policy.name)
        .with("description", &policy.description)
        .with("policy", Term::policy(&policy.document))
        .tags(&policy.tags)
        .into()
}
