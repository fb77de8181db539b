//! What the state in a bucket takes.

use serde_json::{Value, json};

use super::StackScope;
use crate::model::values::S3Location;

/// What reading it takes.
pub(super) fn reading(scope: &StackScope) -> Vec<Value> {
    let Some(location) = &scope.state else { return Vec::new() };
    let mut statements = vec![
        json!({"Sid": "ReadTheState", "Effect": "Allow", "Action": "s3:GetObject",
               "Resource": objects(scope, location, "*")}),
        json!({"Sid": "LookForTheState", "Effect": "Allow", "Action": ["s3:GetBucketVersioning", "s3:ListBucket"],
               "Resource": scope.s3(location.bucket())}),
    ];
    statements.extend(with_key(scope, "DecryptTheState", "kms:Decrypt"));
    statements
}

/// What checking its bucket takes, besides.
pub(super) fn checking(scope: &StackScope) -> Option<Value> {
    let bucket = scope.s3(scope.state.as_ref()?.bucket());
    Some(json!({"Sid": "CheckTheBucketOfTheState", "Effect": "Allow", "Action": "s3:GetBucketPublicAccessBlock",
                "Resource": bucket}))
}

/// What leaving entries of the run history beside it takes, besides.
pub(super) fn recording(scope: &StackScope) -> Vec<Value> {
    let Some(location) = &scope.state else { return Vec::new() };
    let entries = objects(scope, location, &format!("{}.runs/*", scope.stack));
    put("RecordTheLook", &entries).into_iter().chain(encrypting(scope)).collect()
}

/// What writing it takes, besides.
pub(super) fn writing(scope: &StackScope) -> Vec<Value> {
    let Some(location) = &scope.state else { return Vec::new() };
    put("WriteTheState", &objects(scope, location, "*")).into_iter().chain(encrypting(scope)).collect()
}

fn put(id: &str, objects: &str) -> [Value; 1] {
    [json!({"Sid": id, "Effect": "Allow", "Action": "s3:PutObject", "Resource": objects})]
}

/// S3 encrypts what is put with a data key of that key.
fn encrypting(scope: &StackScope) -> Option<Value> {
    with_key(scope, "EncryptTheState", "kms:GenerateDataKey")
}

fn with_key(scope: &StackScope, id: &str, action: &str) -> Option<Value> {
    let key = scope.state_key.as_ref()?.to_string();
    Some(json!({"Sid": id, "Effect": "Allow", "Action": action, "Resource": key}))
}

/// The ARN of objects below the prefix of the state.
fn objects(scope: &StackScope, location: &S3Location, which: &str) -> String {
    match location.prefix().trim_end_matches('/') {
        "" => scope.s3(&format!("{}/{which}", location.bucket())),
        prefix => scope.s3(&format!("{}/{prefix}/{which}", location.bucket())),
    }
}
