//! A secret in Terraform: `aws_secretsmanager_secret`.
//!
//! Its value is no part of what is exported, and stays where it is: Terraform manages no version of it.

use super::{Secret, SecretComputed};
use crate::model::terraform::{Term, TerraformObject, TerraformResource};

pub(super) fn object(secret: &Secret, known: &SecretComputed) -> TerraformObject {
    TerraformResource::new("aws_secretsmanager_secret", &known.id)
        .with("name", &secret.name)
        .with("description", &secret.description)
        .some("kms_key_id", secret.kms_key.as_ref().map(|key| Term::attribute(key, "arn")))
        .with("recovery_window_in_days", secret.recovery_days)
        .tags(&secret.tags)
        .kept_by_terraform(&["recovery_window_in_days"])
        .ignoring(&["force_overwrite_replica_secret"])
        .note("Its value stays in Secrets Manager alone. Another secret in its place would be empty: put a value into it by hand.")
        .into()
}
