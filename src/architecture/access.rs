//! Who may do what: roles, the policy of Package Manager, the key.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::handles::{
    CLUSTER, CLUSTER_ROLE, DATABASE_LOGIN, ENCRYPTION_KEY, KEY, NODE_ROLE, OIDC_PROVIDER, READER_POLICY, READER_ROLE,
    SERVER_POLICY, SERVER_ROLE,
};
use super::{Expansion, names};
use crate::helm::SECRETS_READER;
use crate::model::handle::At;
use crate::model::policy::Policy;
use crate::model::reference::Ref;
use crate::resources::iam_policy::IamPolicy;
use crate::resources::iam_role::{IamRole, Trust};
use crate::resources::kms_key::KmsKey;
use crate::resources::oidc_provider::OidcProvider;
use crate::stack::{Protected, SecretsBy, Stack};

/// Adds roles, policy and key.
pub(super) fn access(expansion: &mut Expansion<'_>) {
    service_role(
        expansion,
        &CLUSTER_ROLE,
        "eks.amazonaws.com",
        "The control plane of the cluster",
        &["AmazonEKSClusterPolicy"],
    );
    // What a node needs to join, to pull images and to give addresses to pods ("Amazon EKS node IAM role").
    let node_policies = ["AmazonEKSWorkerNodePolicy", "AmazonEC2ContainerRegistryPullOnly", "AmazonEKS_CNI_Policy"];
    let instances = expansion.home().instances;
    service_role(expansion, &NODE_ROLE, instances, "The nodes of the cluster", &node_policies);
    let tags = expansion.tags(&OIDC_PROVIDER);
    let audiences = BTreeSet::from(["sts.amazonaws.com".to_owned()]);
    expansion.add(&OIDC_PROVIDER, &OidcProvider { cluster: CLUSTER.to_ref(), audiences, tags });
    package_manager(expansion);
    secrets_reader(expansion);
    if expansion.stack.storage.kms.is_none() {
        key(expansion);
    }
}

fn service_role(expansion: &mut Expansion<'_>, at: &At<IamRole>, service: &str, description: &str, policies: &[&str]) {
    let tags = expansion.tags(at);
    let role = IamRole {
        name: format!("{}-{}", expansion.stack.stack, at.name()),
        description: description.to_owned(),
        trust: Trust::Service(service.to_owned()),
        policies: policies.iter().map(|policy| Ref::external(expansion.aws_policy(policy))).collect(),
        tags,
    };
    expansion.add(at, &role);
}

fn package_manager(expansion: &mut Expansion<'_>) {
    let bucket = format!("arn:{}:s3:::{}", expansion.partition(), bucket_name(expansion));
    // The five actions are those Posit documents for S3 storage; the bucket's encryption needs the two of KMS.
    let mut statements = vec![
        json!({"Sid": "ListPackages", "Effect": "Allow", "Action": ["s3:ListBucket", "s3:GetBucketLocation"], "Resource": bucket}),
        json!({"Sid": "ReadAndWritePackages", "Effect": "Allow",
         "Action": ["s3:GetObject", "s3:PutObject", "s3:DeleteObject", "s3:AbortMultipartUpload"],
         "Resource": format!("{bucket}/*")}),
        json!({"Sid": "UseTheKey", "Effect": "Allow", "Action": ["kms:Decrypt", "kms:GenerateDataKey"],
         "Resource": key_arn(expansion)}),
    ];
    if expansion.stack.chart().secrets == SecretsBy::Csi {
        statements.push(read_secrets());
    }
    let document = json!({"Version": "2012-10-17", "Statement": statements});
    let tags = expansion.tags(&SERVER_POLICY);
    let policy = IamPolicy {
        name: format!("{}-{}", expansion.stack.stack, SERVER_POLICY.name()),
        description: "What Package Manager may do with its bucket and the key".to_owned(),
        document: Policy::new(&document),
        tags,
    };
    expansion.add(&SERVER_POLICY, &policy);
    let tags = expansion.tags(&SERVER_ROLE);
    let role = IamRole {
        name: format!("{}-{}", expansion.stack.stack, SERVER_ROLE.name()),
        description: "Package Manager in the cluster".to_owned(),
        trust: Trust::ServiceAccount {
            provider: OIDC_PROVIDER.to_ref(),
            namespace: expansion.stack.chart().namespace.to_string(),
            // The chart's service account carries the name of the release.
            name: expansion.stack.chart().release.to_string(),
        },
        policies: BTreeSet::from([SERVER_POLICY.to_ref()]),
        tags,
    };
    expansion.add(&SERVER_ROLE, &role);
}

/// The role by which the External Secrets Operator reads, if it is to.
fn secrets_reader(expansion: &mut Expansion<'_>) {
    if expansion.stack.chart().secrets != SecretsBy::ExternalSecrets {
        return;
    }
    let use_key =
        json!({"Sid": "UseTheKey", "Effect": "Allow", "Action": "kms:Decrypt", "Resource": key_arn(expansion)});
    let tags = expansion.tags(&READER_POLICY);
    let policy = IamPolicy {
        name: format!("{}-{}", expansion.stack.stack, READER_POLICY.name()),
        description: "What the External Secrets Operator may read".to_owned(),
        document: Policy::new(&json!({"Version": "2012-10-17", "Statement": [read_secrets(), use_key]})),
        tags,
    };
    expansion.add(&READER_POLICY, &policy);
    let tags = expansion.tags(&READER_ROLE);
    let role = IamRole {
        name: format!("{}-{}", expansion.stack.stack, READER_ROLE.name()),
        description: "The External Secrets Operator in the cluster".to_owned(),
        trust: Trust::ServiceAccount {
            provider: OIDC_PROVIDER.to_ref(),
            namespace: expansion.stack.chart().namespace.to_string(),
            name: SECRETS_READER.to_owned(),
        },
        policies: BTreeSet::from([READER_POLICY.to_ref()]),
        tags,
    };
    expansion.add(&READER_ROLE, &role);
}

/// The right to read the two secrets and to learn when they change. Their key's is another statement.
fn read_secrets() -> Value {
    json!({"Sid": "ReadSecrets", "Effect": "Allow",
           "Action": ["secretsmanager:GetSecretValue", "secretsmanager:DescribeSecret"],
           "Resource": [DATABASE_LOGIN.to_ref(), ENCRYPTION_KEY.to_ref()]})
}

/// The key in a policy.
fn key_arn(expansion: &Expansion<'_>) -> Value {
    expansion.stack.storage.kms.as_ref().map_or(json!(KEY.to_ref()), |arn| json!(arn.to_string()))
}

/// The name of the bucket.
pub(super) fn bucket_name(expansion: &Expansion<'_>) -> String {
    packages_bucket(expansion.stack, &expansion.surroundings.account)
}

/// The name of the bucket of packages, for a stack in this account.
pub(super) fn packages_bucket(stack: &Stack, account: &str) -> String {
    let default = || names::bucket(stack.stack.as_str(), account);
    stack.storage.bucket.as_ref().map_or_else(default, ToString::to_string)
}

fn key(expansion: &mut Expansion<'_>) {
    let root = format!("arn:{}:iam::{}:root", expansion.partition(), expansion.surroundings.account);
    // Without the account as principal the policies of IAM roles would do nothing for this key, and it could lock out
    // whoever made it ("Key policies in AWS KMS").
    let policy = json!({"Version": "2012-10-17", "Statement": [
        {"Sid": "AccountDecidesThroughIam", "Effect": "Allow", "Principal": {"AWS": root}, "Action": "kms:*", "Resource": "*"},
    ]});
    let tags = expansion.tags(&KEY);
    let key = KmsKey {
        alias: format!("alias/{}", expansion.stack.stack),
        description: format!("Everything of {} at rest", expansion.stack.stack),
        policy: Policy::new(&policy),
        rotation: true,
        enabled: true,
        scheduled_deletion: None,
        deletion_days: 30,
        tags,
    };
    let protect = expansion.stack.protect.contains(&Protected::Key);
    expansion.add(&KEY, &key).protect = protect;
}
