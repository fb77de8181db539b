//! The database in Terraform: `aws_db_instance`.
//!
//! Its password is no part of what is exported: it is in the secret that the stack keeps for it, and Terraform never learns it.

use super::{Database, DatabaseComputed};
use crate::model::mark::FINAL_SNAPSHOT;
use crate::model::terraform::{Term, TerraformObject, TerraformResource};

pub(super) fn object(database: &Database, known: &DatabaseComputed) -> TerraformObject {
    TerraformResource::new("aws_db_instance", &known.id)
        .with("identifier", &database.name)
        .with("engine", "postgres")
        .with("engine_version", &database.engine_version)
        .with("engine_lifecycle_support", &database.lifecycle_support)
        .with("instance_class", &database.instance_class)
        .with("allocated_storage", database.storage_gib)
        .with("storage_type", &database.storage_type)
        .with("storage_encrypted", true)
        .with("kms_key_id", Term::attribute(&database.kms_key, "arn"))
        .with("multi_az", database.multi_az)
        .with("db_subnet_group_name", Term::attribute(&database.subnet_group, "name"))
        .with("vpc_security_group_ids", &database.security_groups)
        .with("parameter_group_name", Term::attribute(&database.parameter_group, "name"))
        .with("username", &database.username)
        .with("db_name", &database.database)
        .with("backup_retention_period", database.backup_days)
        .with("backup_window", &database.backup_window)
        .with("maintenance_window", &database.maintenance_window)
        .with("deletion_protection", database.deletion_protection)
        .with("publicly_accessible", database.publicly_accessible)
        .with("auto_minor_version_upgrade", database.auto_minor_upgrade)
        .with("copy_tags_to_snapshot", database.copy_tags_to_snapshot)
        .with("skip_final_snapshot", false)
        .with("final_snapshot_identifier", format!("{}{FINAL_SNAPSHOT}terraform", database.name))
        .tags(&database.tags)
        .kept_by_terraform(&["skip_final_snapshot", "final_snapshot_identifier"])
        // Of a version only the beginning may be declared, and AWS moves it to newer minors; the provider takes the whole.
        .ignoring(&["engine_version", "password"])
        .note(
            "Its password is in the secret beside it and not known to Terraform. AWS moves engine_version to newer minors by \
             itself: to upgrade it here, take it out of ignore_changes first.",
        )
        .into()
}
