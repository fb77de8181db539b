//! Who may do what: roles, the policy of Package Manager, the key.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::{Plot, names};
use crate::handoff::READER;
use crate::model::policy::Policy;
use crate::model::reference::Ref;
use crate::resources::iam_policy::IamPolicy;
use crate::resources::iam_role::{IamRole, Trust};
use crate::resources::kms_key::KmsKey;
use crate::resources::oidc_provider::OidcProvider;
use crate::stack::{Protected, SecretsBy};

/// Adds roles, policy and key.
pub(super) fn access(plot: &mut Plot<'_>) {
    service_role(plot, "cluster", "eks.amazonaws.com", "The control plane of the cluster", &["AmazonEKSClusterPolicy"]);
    // What a node needs to join, to pull images and to give addresses to pods ("Amazon EKS node IAM role").
    let node_policies = ["AmazonEKSWorkerNodePolicy", "AmazonEC2ContainerRegistryPullOnly", "AmazonEKS_CNI_Policy"];
    let instances = plot.home().instances;
    service_role(plot, "nodes", instances, "The nodes of the cluster", &node_policies);
    let tags = plot.tags::<OidcProvider>("main");
    let audiences = BTreeSet::from(["sts.amazonaws.com".to_owned()]);
    plot.add("main", &OidcProvider { cluster: Ref::named("main"), audiences, tags });
    package_manager(plot);
    secrets_reader(plot);
    if plot.stack.storage.kms.is_none() {
        key(plot);
    }
}

fn service_role(plot: &mut Plot<'_>, name: &str, service: &str, description: &str, policies: &[&str]) {
    let tags = plot.tags::<IamRole>(name);
    let role = IamRole {
        name: format!("{}-{name}", plot.stack.stack),
        description: description.to_owned(),
        trust: Trust::Service(service.to_owned()),
        policies: policies.iter().map(|policy| Ref::external(plot.aws_policy(policy))).collect(),
        tags,
    };
    plot.add(name, &role);
}

fn package_manager(plot: &mut Plot<'_>) {
    let name = "package-manager";
    let bucket = format!("arn:{}:s3:::{}", plot.partition(), bucket_name(plot));
    // The five actions are those Posit documents for S3 storage; the bucket's encryption needs the two of KMS.
    let mut statements = vec![
        json!({"Sid": "ListPackages", "Effect": "Allow", "Action": ["s3:ListBucket", "s3:GetBucketLocation"], "Resource": bucket}),
        json!({"Sid": "ReadAndWritePackages", "Effect": "Allow",
         "Action": ["s3:GetObject", "s3:PutObject", "s3:DeleteObject", "s3:AbortMultipartUpload"],
         "Resource": format!("{bucket}/*")}),
        json!({"Sid": "UseTheKey", "Effect": "Allow", "Action": ["kms:Decrypt", "kms:GenerateDataKey"],
         "Resource": key_arn(plot)}),
    ];
    if plot.stack.package_manager.secrets == SecretsBy::Csi {
        statements.push(read_secrets());
    }
    let document = json!({"Version": "2012-10-17", "Statement": statements});
    let tags = plot.tags::<IamPolicy>(name);
    let policy = IamPolicy {
        name: format!("{}-{name}", plot.stack.stack),
        description: "What Package Manager may do with its bucket and the key".to_owned(),
        document: Policy::new(&document),
        tags,
    };
    plot.add(name, &policy);
    let tags = plot.tags::<IamRole>(name);
    let role = IamRole {
        name: format!("{}-{name}", plot.stack.stack),
        description: "Package Manager in the cluster".to_owned(),
        trust: Trust::ServiceAccount {
            provider: Ref::named("main"),
            namespace: plot.stack.package_manager.namespace.to_string(),
            // The chart's service account carries the name of the release.
            name: plot.stack.package_manager.release.to_string(),
        },
        policies: BTreeSet::from([Ref::named(name)]),
        tags,
    };
    plot.add(name, &role);
}

/// The role by which the External Secrets Operator reads, if it is to.
fn secrets_reader(plot: &mut Plot<'_>) {
    if plot.stack.package_manager.secrets != SecretsBy::ExternalSecrets {
        return;
    }
    let name = "secrets-reader";
    let use_key = json!({"Sid": "UseTheKey", "Effect": "Allow", "Action": "kms:Decrypt", "Resource": key_arn(plot)});
    let tags = plot.tags::<IamPolicy>(name);
    let policy = IamPolicy {
        name: format!("{}-{name}", plot.stack.stack),
        description: "What the External Secrets Operator may read".to_owned(),
        document: Policy::new(&json!({"Version": "2012-10-17", "Statement": [read_secrets(), use_key]})),
        tags,
    };
    plot.add(name, &policy);
    let tags = plot.tags::<IamRole>(name);
    let role = IamRole {
        name: format!("{}-{name}", plot.stack.stack),
        description: "The External Secrets Operator in the cluster".to_owned(),
        trust: Trust::ServiceAccount {
            provider: Ref::named("main"),
            namespace: plot.stack.package_manager.namespace.to_string(),
            name: READER.to_owned(),
        },
        policies: BTreeSet::from([Ref::named(name)]),
        tags,
    };
    plot.add(name, &role);
}

/// The right to read the two secrets and to learn when they change. Their key's is another statement.
fn read_secrets() -> Value {
    json!({"Sid": "ReadSecrets", "Effect": "Allow",
           "Action": ["secretsmanager:GetSecretValue", "secretsmanager:DescribeSecret"],
           "Resource": [{"$ref": "secret.database"}, {"$ref": "secret.encryption-key"}]})
}

/// The key in a policy.
fn key_arn(plot: &Plot<'_>) -> Value {
    plot.stack.storage.kms.as_ref().map_or(json!({"$ref": "kms_key.main"}), |arn| json!(arn.to_string()))
}

/// The name of the bucket.
pub(super) fn bucket_name(plot: &Plot<'_>) -> String {
    let default = || names::bucket(plot.stack.stack.as_str(), &plot.surroundings.account);
    plot.stack.storage.bucket.as_ref().map_or_else(default, ToString::to_string)
}

fn key(plot: &mut Plot<'_>) {
    let root = format!("arn:{}:iam::{}:root", plot.partition(), plot.surroundings.account);
    // Without the account as principal the policies of IAM roles would do nothing for this key, and it could lock out
    // whoever made it ("Key policies in AWS KMS").
    let policy = json!({"Version": "2012-10-17", "Statement": [
        {"Sid": "AccountDecidesThroughIam", "Effect": "Allow", "Principal": {"AWS": root}, "Action": "kms:*", "Resource": "*"},
    ]});
    let tags = plot.tags::<KmsKey>("main");
    let key = KmsKey {
        alias: format!("alias/{}", plot.stack.stack),
        description: format!("Everything of {} at rest", plot.stack.stack),
        policy: Policy::new(&policy),
        rotation: true,
        enabled: true,
        scheduled_deletion: None,
        deletion_days: 30,
        tags,
    };
    let protect = plot.stack.protect.contains(&Protected::Key);
    plot.add("main", &key).protect = protect;
}
