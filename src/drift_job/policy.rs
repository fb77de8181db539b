//! What the role of a job may do, and who may take it.

use serde_json::{Value, json};

use super::DriftJob;

/// The reading policy, for the stack of the documentation. `docs/permissions/check.py` compares it with the calls of the
/// program: there is no second list.
const READING: &str = include_str!("../../docs/permissions/plan.json");

/// The bucket of packages in it.
const BUCKET: &str = "ppm-prod-111122223333";

/// What names in it begin with.
const PREFIX: &str = "ppm-prod-";

/// The policy of a role that can only look: at this stack, and at its state.
pub(super) fn reading(job: &DriftJob) -> Value {
    let mut policy: Value = serde_json::from_str(READING).expect("the policy of the documentation is JSON");
    let statements = policy["Statement"].as_array_mut().expect("a policy has statements");
    for statement in statements.iter_mut() {
        if let Some(Value::String(resource)) = statement.get_mut("Resource") {
            *resource = of_stack(job, resource);
        }
    }
    statements.extend(state(job));
    policy
}

/// An ARN of the documentation with the names of the stack.
fn of_stack(job: &DriftJob, arn: &str) -> String {
    let parts: Vec<&str> = arn.splitn(6, ':').collect();
    let [arn, _, service, region, account, object] = parts.as_slice() else { return arn.to_owned() };
    let region = if region.is_empty() { "" } else { &job.region };
    let account = if account.is_empty() { "" } else { &job.account };
    let object = match object.strip_prefix(BUCKET) {
        Some(rest) => format!("{}{rest}", job.bucket),
        None => object.replacen(PREFIX, &format!("{}-", job.stack), 1),
    };
    [arn, job.partition().name, service, region, account, &object].join(":")
}

/// What reading the state in a bucket takes ("State in a bucket" of `docs/permissions.md`).
fn state(job: &DriftJob) -> Vec<Value> {
    let Some(location) = &job.state else { return Vec::new() };
    let bucket = format!("arn:{}:s3:::{}", job.partition().name, location.bucket());
    let objects = match location.prefix() {
        "" => format!("{bucket}/*"),
        prefix => format!("{bucket}/{}/*", prefix.trim_end_matches('/')),
    };
    let mut statements = vec![
        json!({"Sid": "ReadTheState", "Effect": "Allow", "Action": "s3:GetObject", "Resource": objects}),
        json!({"Sid": "LookForTheState", "Effect": "Allow", "Action": ["s3:GetBucketVersioning", "s3:ListBucket"],
               "Resource": bucket}),
    ];
    if let Some(key) = &job.state_key {
        statements.push(json!({"Sid": "DecryptTheState", "Effect": "Allow", "Action": "kms:Decrypt",
            "Resource": key.to_string()}));
    }
    statements
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
