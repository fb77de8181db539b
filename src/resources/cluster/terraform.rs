//! The cluster in Terraform: `aws_eks_cluster`.

use super::{Cluster, ClusterComputed};
use crate::model::terraform::{Term, TerraformObject, TerraformResource};

/// The group that EKS made for a cluster, as an attribute of its resource.
pub(in crate::resources) const SECURITY_GROUP: &str = "vpc_config[0].cluster_security_group_id";
/// The issuer of its tokens, as an attribute of its resource.
pub(in crate::resources) const ISSUER: &str = "identity[0].oidc[0].issuer";

pub(super) fn object(cluster: &Cluster, known: &ClusterComputed) -> TerraformObject {
    let mut network = vec![
        ("subnet_ids", Term::from(&cluster.subnets)),
        ("endpoint_private_access", Term::from(cluster.private_access)),
        ("endpoint_public_access", Term::from(cluster.public_access)),
    ];
    if !cluster.public_cidrs.is_empty() {
        network.push(("public_access_cidrs", Term::from(&cluster.public_cidrs)));
    }
    let encryption = vec![
        ("resources", Term::List(vec![Term::from("secrets")])),
        ("provider", Term::Block(vec![("key_arn", Term::attribute(&cluster.kms_key, "arn"))])),
    ];
    let access = vec![
        ("authentication_mode", Term::from(&cluster.authentication_mode)),
        ("bootstrap_cluster_creator_admin_permissions", Term::from(false)),
    ];
    TerraformResource::new("aws_eks_cluster", &known.id)
        .with("name", &cluster.name)
        .with("version", &cluster.version)
        .with("role_arn", Term::attribute(&cluster.role, "arn"))
        .unless_empty("enabled_cluster_log_types", &cluster.logging)
        .with("deletion_protection", cluster.deletion_protection)
        .with("bootstrap_self_managed_addons", false)
        .tags(&cluster.tags)
        .block("vpc_config", network)
        .block("kubernetes_network_config", vec![("service_ipv4_cidr", Term::from(&cluster.service_cidr))])
        .block("encryption_config", encryption)
        .block("access_config", access)
        .block("upgrade_policy", vec![("support_type", Term::from(&cluster.support))])
        // Both count for the making of a cluster alone. AWS does not tell them later, and the provider would replace the cluster
        // for a difference (hashicorp/terraform-provider-aws, issues 39058 and 38967).
        .ignoring(&["access_config[0].bootstrap_cluster_creator_admin_permissions", "bootstrap_self_managed_addons"])
        .note("To upgrade Kubernetes, one minor version at a time: version here, then the add-ons, then the nodes.")
        .into()
}
