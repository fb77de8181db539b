//! A key in Terraform: `aws_kms_key` and `aws_kms_alias`.

use super::{KmsKey, KmsKeyComputed};
use crate::model::terraform::{Term, TerraformContext, TerraformObject, TerraformResource};

pub(super) fn object(key: &KmsKey, known: &KmsKeyComputed, cx: &TerraformContext<'_>) -> TerraformObject {
    let main = TerraformResource::new("aws_kms_key", &known.key_id)
        .with("description", &key.description)
        .with("policy", Term::policy(&key.policy))
        .with("enable_key_rotation", key.rotation)
        .with("is_enabled", key.enabled)
        .with("deletion_window_in_days", key.deletion_days)
        .tags(&key.tags)
        .kept_by_terraform(&["deletion_window_in_days"])
        .ignoring(&["bypass_policy_lockout_safety_check"]);
    let alias = TerraformResource::new("aws_kms_alias", &key.alias)
        .with("name", &key.alias)
        .with("target_key_id", cx.own("key_id"));
    TerraformObject::from(main).part("", alias)
}
