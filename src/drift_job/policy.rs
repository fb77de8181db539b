//! Who may take the role of a job, and what it may do besides looking.

use serde_json::{Value, json};

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
