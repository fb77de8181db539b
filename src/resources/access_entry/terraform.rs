//! Who may reach a cluster in Terraform: `aws_eks_access_entry`, and an `aws_eks_access_policy_association` for each policy.

use super::{AccessEntry, AccessEntryComputed};
use crate::model::terraform::{Term, TerraformContext, TerraformObject, TerraformResource};

pub(super) fn object(entry: &AccessEntry, known: &AccessEntryComputed, cx: &TerraformContext<'_>) -> TerraformObject {
    let (cluster, principal) = (&known.cluster_name, &known.principal_arn);
    let main = TerraformResource::new("aws_eks_access_entry", format!("{cluster}:{principal}"))
        .with("cluster_name", Term::attribute(&entry.cluster, "name"))
        .with("principal_arn", principal)
        .tags(&entry.tags);
    let mut object = TerraformObject::from(main);
    for policy in &entry.policies {
        let name = policy.rsplit('/').next().unwrap_or(policy);
        let id = format!("{cluster}#{principal}#{policy}");
        let association = TerraformResource::new("aws_eks_access_policy_association", id)
            .with("cluster_name", Term::attribute(&entry.cluster, "name"))
            .with("principal_arn", cx.own("principal_arn"))
            .with("policy_arn", policy)
            .block("access_scope", vec![("type", Term::from("cluster"))]);
        object = object.needed_part(name, association);
    }
    object
}
