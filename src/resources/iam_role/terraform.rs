//! A role in Terraform: `aws_iam_role`, and an `aws_iam_role_policy_attachment` for each of its policies.

use super::{IamRole, IamRoleComputed, Trust};
use crate::model::terraform::{Term, TerraformContext, TerraformError, TerraformObject, TerraformResource};

pub(super) fn object(
    role: &IamRole,
    known: &IamRoleComputed,
    cx: &TerraformContext<'_>,
) -> Result<TerraformObject, TerraformError> {
    let main = TerraformResource::new("aws_iam_role", &known.id)
        .with("name", &role.name)
        .with("description", &role.description)
        .with("assume_role_policy", trust(&role.trust, cx)?)
        .tags(&role.tags);
    let mut object = TerraformObject::from(main);
    for policy in &role.policies {
        let arn = cx.id(policy)?;
        let name = policy
            .address()
            .map_or_else(|| arn.rsplit('/').next().unwrap_or(&arn).to_owned(), |at| at.name.to_string());
        let attachment = TerraformResource::new("aws_iam_role_policy_attachment", format!("{}/{arn}", known.id))
            .with("role", cx.own("name"))
            .with("policy_arn", Term::attribute(policy, "arn"));
        object = object.needed_part(name, attachment);
    }
    Ok(object)
}

/// The trust policy. The ARN of a provider is written as a reference. The keys of the condition begin with its issuer, which
/// is a part of that ARN and is written as it is.
fn trust(trust: &Trust, cx: &TerraformContext<'_>) -> Result<Term, TerraformError> {
    let document = Term::Json(Box::new(Term::json(&trust.document(|provider| cx.id(provider))?)));
    Ok(match trust {
        Trust::ServiceAccount { provider, .. } => {
            document.replacing(&cx.id(provider)?, &Term::attribute(provider, "arn"))
        }
        Trust::Service(_) | Trust::Other(_) => document,
    })
}
