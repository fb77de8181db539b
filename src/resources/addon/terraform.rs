//! An add-on of a cluster in Terraform: `aws_eks_addon`.

use super::{Addon, AddonComputed};
use crate::model::terraform::{Term, TerraformObject, TerraformResource};

pub(super) fn object(addon: &Addon, known: &AddonComputed) -> TerraformObject {
    TerraformResource::new("aws_eks_addon", format!("{}:{}", known.cluster_name, addon.name))
        .with("cluster_name", Term::attribute(&addon.cluster, "name"))
        .with("addon_name", &addon.name)
        .with("addon_version", &addon.version)
        .tags(&addon.tags)
        .into()
}
