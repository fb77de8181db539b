//! Quotas: how many of a thing an account may have in a region, and how many it has.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::Fact;

/// A quota of AWS that a stack can run into.
///
/// Sources: "Amazon VPC quotas", "Elastic IP address quotas", "On-Demand Instance quotas", "View and manage Amazon EKS service
/// quotas", "Quotas and constraints for Amazon RDS", "Quotas for your Application Load Balancers", "IAM and AWS STS quotas",
/// "Amazon S3 quotas", "AWS KMS resource quotas". The codes are those of the Service Quotas console.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Quota {
    /// vCPUs of running on-demand instances of the families A, C, D, H, I, M, R, T and Z.
    Vcpus,
    /// Elastic IP addresses.
    ElasticIps,
    /// VPCs.
    Vpcs,
    /// Internet gateways.
    InternetGateways,
    /// NAT gateways in one availability zone.
    NatGateways,
    /// Gateway endpoints.
    GatewayEndpoints,
    /// Security groups.
    SecurityGroups,
    /// Clusters of EKS.
    Clusters,
    /// Instances of RDS.
    DatabaseInstances,
    /// GiB of storage of all instances of RDS.
    DatabaseStorage,
    /// Subnet groups of RDS.
    DatabaseSubnetGroups,
    /// Parameter groups of RDS.
    DatabaseParameterGroups,
    /// Snapshots of RDS that somebody asked for.
    DatabaseSnapshots,
    /// Application Load Balancers.
    LoadBalancers,
    /// Target groups.
    TargetGroups,
    /// Roles of IAM, in all regions together.
    Roles,
    /// Policies of IAM that are the customer's own, in all regions together.
    Policies,
    /// `OpenID` Connect providers of IAM, in all regions together.
    OidcProviders,
    /// Buckets, in all regions together.
    Buckets,
    /// KMS keys that are the customer's own.
    Keys,
}

impl Quota {
    /// Every one of them.
    pub const ALL: [Self; 20] = [
        Self::Vcpus,
        Self::ElasticIps,
        Self::Vpcs,
        Self::InternetGateways,
        Self::NatGateways,
        Self::GatewayEndpoints,
        Self::SecurityGroups,
        Self::Clusters,
        Self::DatabaseInstances,
        Self::DatabaseStorage,
        Self::DatabaseSubnetGroups,
        Self::DatabaseParameterGroups,
        Self::DatabaseSnapshots,
        Self::LoadBalancers,
        Self::TargetGroups,
        Self::Roles,
        Self::Policies,
        Self::OidcProviders,
        Self::Buckets,
        Self::Keys,
    ];

    /// What is known of it beforehand.
    pub const fn facts(self) -> QuotaFacts {
        let (id, service, code, usual, what) = match self {
            Self::Vcpus => ("quota.vcpus", "ec2", "L-1216C47A", 5, "vCPUs of on-demand instances"),
            Self::ElasticIps => ("quota.elastic_ips", "ec2", "L-0263D0A3", 5, "Elastic IP addresses"),
            Self::Vpcs => ("quota.vpcs", "vpc", "L-F678F1CE", 5, "VPCs"),
            Self::InternetGateways => ("quota.internet_gateways", "vpc", "L-A4707A72", 5, "internet gateways"),
            Self::NatGateways => ("quota.nat_gateways", "vpc", "L-FE5A380F", 5, "NAT gateways in one zone"),
            Self::GatewayEndpoints => ("quota.gateway_endpoints", "vpc", "L-1B52E74A", 20, "gateway endpoints"),
            Self::SecurityGroups => ("quota.security_groups", "vpc", "L-E79EC296", 2500, "security groups"),
            Self::Clusters => ("quota.clusters", "eks", "L-1194D53C", 100, "clusters of EKS"),
            Self::DatabaseInstances => ("quota.database_instances", "rds", "L-7B6409FD", 40, "instances of RDS"),
            Self::DatabaseStorage => ("quota.database_storage", "rds", "L-7ADDB58A", 100_000, "GiB of storage of RDS"),
            Self::DatabaseSubnetGroups => {
                ("quota.database_subnet_groups", "rds", "L-48C6BF61", 50, "subnet groups of RDS")
            }
            Self::DatabaseParameterGroups => {
                ("quota.database_parameter_groups", "rds", "L-DE55804A", 50, "parameter groups of RDS")
            }
            Self::DatabaseSnapshots => {
                ("quota.database_snapshots", "rds", "L-272F1212", 100, "manual snapshots of RDS")
            }
            Self::LoadBalancers => {
                ("quota.load_balancers", "elasticloadbalancing", "L-53DA6B97", 50, "Application Load Balancers")
            }
            Self::TargetGroups => ("quota.target_groups", "elasticloadbalancing", "L-B22855CB", 3000, "target groups"),
            Self::Roles => ("quota.roles", "iam", "L-FE177D64", 1000, "roles of IAM"),
            Self::Policies => ("quota.policies", "iam", "L-E95E4862", 1500, "customer managed policies of IAM"),
            Self::OidcProviders => {
                ("quota.oidc_providers", "iam", "L-858F3967", 100, "OpenID Connect providers of IAM")
            }
            Self::Buckets => ("quota.buckets", "s3", "L-DC2B2D3D", 10_000, "buckets"),
            Self::Keys => ("quota.keys", "kms", "L-C2F1777E", 100_000, "customer managed KMS keys"),
        };
        QuotaFacts { id, service, code, usual, what }
    }
}

/// What is known of a quota beforehand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct QuotaFacts {
    /// The id of its check.
    pub id: &'static str,
    /// The service as Service Quotas names it.
    pub service: &'static str,
    /// Its code in Service Quotas.
    pub code: &'static str,
    /// What an account has where nobody asked for more, and no account has less.
    pub usual: u64,
    /// What it counts.
    pub what: &'static str,
}

impl QuotaFacts {
    /// Whether it is of the account as a whole, and kept where IAM is.
    pub fn is_global(&self) -> bool {
        self.service == "iam"
    }
}

/// What an account may have, and has.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct QuotaUse {
    /// How many it may have.
    pub limit: Fact<u64>,
    /// How many it has; for what is counted by zone, in each of them.
    pub used: Fact<BTreeMap<String, u64>>,
}

impl QuotaUse {
    /// The place under which is counted what is not counted by zone.
    pub const HERE: &'static str = "";

    /// So many of so many, in the region.
    pub fn of(used: u64, limit: u64) -> Self {
        Self { limit: Fact::There(limit), used: Fact::There(BTreeMap::from([(Self::HERE.to_owned(), used)])) }
    }
}
