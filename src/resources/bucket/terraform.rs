//! A bucket in Terraform: `aws_s3_bucket`, and a resource for each of its settings.

use super::{Bucket, BucketComputed, RULE};
use crate::model::terraform::{Term, TerraformContext, TerraformObject, TerraformResource};

pub(super) fn object(bucket: &Bucket, known: &BucketComputed, cx: &TerraformContext<'_>) -> TerraformObject {
    let setting = |kind| TerraformResource::new(kind, &known.id).with("bucket", cx.own("id"));
    let main = TerraformResource::new("aws_s3_bucket", &known.id)
        .with("bucket", &bucket.name)
        .tags(&bucket.tags)
        .ignoring(&["force_destroy"]);
    let blocked = &bucket.public_access_block;
    let mut object = TerraformObject::from(main)
        .part(
            "",
            setting("aws_s3_bucket_ownership_controls")
                .block("rule", vec![("object_ownership", Term::from(&bucket.ownership))]),
        )
        .part(
            "",
            setting("aws_s3_bucket_public_access_block")
                .with("block_public_acls", blocked.block_public_acls)
                .with("ignore_public_acls", blocked.ignore_public_acls)
                .with("block_public_policy", blocked.block_public_policy)
                .with("restrict_public_buckets", blocked.restrict_public_buckets),
        )
        .part("", encryption(bucket, setting("aws_s3_bucket_server_side_encryption_configuration")));
    // Where older versions are not kept, the record does not tell whether they once were, and the provider has another word for
    // each: what is not written it leaves alone.
    if bucket.versioning {
        let enabled = vec![("status", Term::from("Enabled"))];
        object = object.part("", setting("aws_s3_bucket_versioning").block("versioning_configuration", enabled));
    }
    if let Some(policy) = &bucket.policy {
        object = object.part("", setting("aws_s3_bucket_policy").with("policy", Term::policy(policy)));
    }
    if let Some(days) = bucket.abort_uploads_days {
        let rule = vec![
            ("id", Term::from(RULE)),
            ("status", Term::from("Enabled")),
            ("filter", Term::Block(vec![("prefix", Term::from(""))])),
            ("abort_incomplete_multipart_upload", Term::Block(vec![("days_after_initiation", Term::from(days))])),
        ];
        object = object.part("", setting("aws_s3_bucket_lifecycle_configuration").block("rule", rule));
    }
    object
}

fn encryption(bucket: &Bucket, resource: TerraformResource) -> TerraformResource {
    let default = match &bucket.kms_key {
        Some(key) => {
            vec![("sse_algorithm", Term::from("aws:kms")), ("kms_master_key_id", Term::attribute(key, "arn"))]
        }
        None => vec![("sse_algorithm", Term::from("AES256"))],
    };
    let rule = vec![
        ("bucket_key_enabled", Term::from(bucket.bucket_key)),
        ("apply_server_side_encryption_by_default", Term::Block(default)),
    ];
    resource.block("rule", rule)
}
