//! What the role of a job may do, and who may take it.

use serde_json::{Value, json};

use super::JobScope;
use crate::model::values::S3Location;

/// The reading policy, for the stack of the documentation. `docs/permissions/check.py` compares it with the calls of the
/// program: there is no second list.
const READING: &str = include_str!("../../docs/permissions/plan.json");

/// The bucket of packages in it.
const BUCKET: &str = "ppm-prod-111122223333";

/// What names in it begin with.
const PREFIX: &str = "ppm-prod-";

/// The policy of a role that can only look: at this stack, and at its state.
pub(super) fn reading(scope: &JobScope) -> Value {
    let mut policy: Value = serde_json::from_str(READING).expect("the policy of the documentation is JSON");
    let statements = policy["Statement"].as_array_mut().expect("a policy has statements");
    for statement in statements.iter_mut() {
        if let Some(Value::String(resource)) = statement.get_mut("Resource") {
            *resource = of_stack(scope, resource);
        }
    }
    statements.extend(state(scope));
    policy
}

/// The policy of a role that can look, and leave beside the state in a bucket what it found: nothing but the entries of the
/// run history ("Recording and telling" of `docs/permissions.md`). For the role that is a part of the stack.
pub fn looking_and_recording(scope: &JobScope) -> Value {
    let mut policy = reading(scope);
    if let (Some(location), Some(statements)) = (&scope.state, policy["Statement"].as_array_mut()) {
        let entries = objects(scope, location, &format!("{}.runs/*", scope.stack));
        statements
            .push(json!({"Sid": "RecordTheLook", "Effect": "Allow", "Action": "s3:PutObject", "Resource": entries}));
        // S3 encrypts what is put with a data key of that key.
        statements.extend(scope.state_key.as_ref().map(|key| {
            json!({"Sid": "EncryptTheRecord", "Effect": "Allow", "Action": "kms:GenerateDataKey",
                   "Resource": key.to_string()})
        }));
    }
    policy
}

/// An ARN of the documentation with the names of the stack.
fn of_stack(scope: &JobScope, arn: &str) -> String {
    let parts: Vec<&str> = arn.splitn(6, ':').collect();
    let [arn, _, service, region, account, object] = parts.as_slice() else { return arn.to_owned() };
    let region = if region.is_empty() { "" } else { &scope.region };
    let account = if account.is_empty() { "" } else { &scope.account };
    let object = match object.strip_prefix(BUCKET) {
        Some(rest) => format!("{}{rest}", scope.bucket),
        None => object.replacen(PREFIX, &format!("{}-", scope.stack), 1),
    };
    [arn, scope.partition().name, service, region, account, &object].join(":")
}

/// What reading the state in a bucket takes ("State in a bucket" of `docs/permissions.md`).
fn state(scope: &JobScope) -> Vec<Value> {
    let Some(location) = &scope.state else { return Vec::new() };
    let mut statements = vec![
        json!({"Sid": "ReadTheState", "Effect": "Allow", "Action": "s3:GetObject",
               "Resource": objects(scope, location, "*")}),
        json!({"Sid": "LookForTheState", "Effect": "Allow", "Action": ["s3:GetBucketVersioning", "s3:ListBucket"],
               "Resource": state_bucket(scope, location)}),
    ];
    if let Some(key) = &scope.state_key {
        statements.push(json!({"Sid": "DecryptTheState", "Effect": "Allow", "Action": "kms:Decrypt",
            "Resource": key.to_string()}));
    }
    statements
}

/// The ARN of the bucket of the state.
fn state_bucket(scope: &JobScope, location: &S3Location) -> String {
    format!("arn:{}:s3:::{}", scope.partition().name, location.bucket())
}

/// The ARN of objects below the prefix of the state.
fn objects(scope: &JobScope, location: &S3Location, which: &str) -> String {
    let bucket = state_bucket(scope, location);
    match location.prefix().trim_end_matches('/') {
        "" => format!("{bucket}/{which}"),
        prefix => format!("{bucket}/{prefix}/{which}"),
    }
}

/// What pulling an image from a repository of Amazon ECR takes.
pub(super) fn pull(repository: &str) -> [Value; 2] {
    [
        json!({"Sid": "LogInToTheRegistry", "Effect": "Allow", "Action": "ecr:GetAuthorizationToken", "Resource": "*"}),
        json!({"Sid": "PullTheImage", "Effect": "Allow",
               "Action": ["ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"], "Resource": repository}),
    ]
}

/// The trust of a role that an identity of an OIDC provider takes: `subject` alone, for STS alone.
pub(super) fn trust(provider: &str, issuer: &str, subject: &str) -> Value {
    json!({
        "Version": "2012-10-17",
        "Statement": [{
            "Effect": "Allow",
            "Principal": {"Federated": provider},
            "Action": "sts:AssumeRoleWithWebIdentity",
            "Condition": {"StringEquals": {
                format!("{issuer}:aud"): "sts.amazonaws.com",
                format!("{issuer}:sub"): subject,
            }},
        }],
    })
}
