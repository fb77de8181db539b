//! The calls of the tables of drift, made for their answers alone, which are kept on their way
//! ([`capture`](super::capture)).

use std::collections::{BTreeMap, BTreeSet};

use aws_sdk_ec2::types::{Filter, VpcAttributeName};

use super::request::{FILTER, Parameters};
use crate::cloud::aws::{Clients, ec2, elb, rds};

/// Calls that no plan makes: they need not wait for what one reads.
pub(super) const BEYOND_A_PLAN: [&str; 19] = [
    "acm:DescribeCertificate",
    "autoscaling:DescribeAutoScalingGroups",
    "ec2:DescribeNetworkAcls",
    "eks:DescribeClusterVersions",
    "eks:ListAccessEntries",
    "eks:ListAddons",
    "eks:ListIdentityProviderConfigs",
    "eks:ListNodegroups",
    "eks:ListPodIdentityAssociations",
    "elasticloadbalancing:DescribeListenerAttributes",
    "elasticloadbalancing:DescribeListenerCertificates",
    "elasticloadbalancing:DescribeRules",
    "elasticloadbalancing:DescribeTargetHealth",
    "iam:ListRolePolicies",
    "kms:ListGrants",
    "rds:DescribeDBSnapshots",
    "s3:GetBucketNotificationConfiguration",
    "s3:GetBucketReplication",
    "secretsmanager:GetResourcePolicy",
];

/// Calls of services that the program has no client for: nobody makes them yet.
pub(super) const LEFT_OUT: [&str; 1] = ["wafv2:GetWebACLForResource"];

/// The filters by which EC2 tells everything that is recognised by these members, and of which call; empty for all calls. A
/// list by another filter may leave some of it out.
const WHOLE: [(&str, &str, &str); 3] = [
    ("", "VpcId", "vpc-id"),
    ("", "Attachments[].VpcId", "attachment.vpc-id"),
    ("ec2:DescribeSecurityGroupRules", "GroupId", "group-id"),
];

/// The filter by which a call tells everything that is recognised by this member.
fn whole(call: &str, told: &str) -> Option<&'static str> {
    let fits = |of: &str| of.is_empty() || of == call;
    WHOLE.iter().find(|(of, member, _)| fits(of) && *member == told).map(|(_, _, filter)| *filter)
}

/// The filters by which EC2 tells single objects.
const SINGLE: [(&str, &str); 8] = [
    ("AllocationId", "allocation-id"),
    ("InternetGatewayId", "internet-gateway-id"),
    ("NatGatewayId", "nat-gateway-id"),
    ("RouteTableId", "route-table-id"),
    ("SecurityGroupRuleId", "security-group-rule-id"),
    ("VpcEndpointId", "vpc-endpoint-id"),
    ("SubnetId", "subnet-id"),
    ("GroupId", "group-id"),
];

/// A call, and the objects it is to tell: the values by which they are recognised.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Ask<'t> {
    /// Which call.
    pub(super) call: &'t str,
    /// By what each object is recognised, with the values of all objects.
    pub(super) by: BTreeMap<&'t str, BTreeSet<String>>,
}

/// What a request says of the object for which `told` is this `value`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Reach {
    /// It asks for this one.
    Alone,
    /// It asks for this one among others.
    Among,
    /// It does not ask for this one, or not for everything of it.
    Beside,
}

/// Whether a request of a call asks for the object for which `told` is this `value`.
pub(super) fn reach(call: &str, asked: &Parameters, told: &str, value: &str) -> Reach {
    let among = |values: &BTreeSet<String>| if values.contains(value) { Reach::Among } else { Reach::Beside };
    if let Some(values) = asked.get(told) {
        let alone = values.len() == 1 && values.contains(value);
        return if alone { Reach::Alone } else { among(values) };
    }
    if let Some(values) = asked.get(&format!("{told}s")) {
        return among(values);
    }
    match whole(call, told) {
        Some(filter) => asked.get(&format!("{FILTER}{filter}")).map_or(Reach::Beside, among),
        None => Reach::Among,
    }
}

impl Ask<'_> {
    /// What of it no request asked for yet; nothing if everything was.
    pub(super) fn without(mut self, made: &[&Parameters]) -> Option<Self> {
        if self.by.len() == 1 {
            for (told, values) in &mut self.by {
                values.retain(|value| !made.iter().any(|asked| reach(self.call, asked, told, value) != Reach::Beside));
            }
            return (!self.by.values().all(BTreeSet::is_empty)).then_some(self);
        }
        // What takes several parameters is asked for one object at a time.
        let all = |asked: &&Parameters| {
            let mut pairs = self.by.iter().flat_map(|(told, values)| values.iter().map(move |value| (told, value)));
            pairs.all(|(told, value)| reach(self.call, asked, told, value) != Reach::Beside)
        };
        (!made.iter().any(all)).then_some(self)
    }

    /// Whether what this one asks for comes with what `other` asks for, which tells all of a network.
    pub(super) fn comes_with(&self, other: &Self) -> bool {
        let is_whole = |ask: &Self| ask.by.keys().all(|told| whole(ask.call, told).is_some());
        self.call == other.call && is_whole(other) && !is_whole(self)
    }

    /// The value of one parameter.
    fn one(&self, told: &str) -> String {
        self.by.get(told).and_then(BTreeSet::first).cloned().unwrap_or_default()
    }

    /// The values of one parameter.
    fn all(&self, told: &str) -> Vec<String> {
        self.by.get(told).into_iter().flatten().cloned().collect()
    }

    /// The filter by which EC2 tells the objects.
    fn filter(&self) -> Filter {
        let single = |told: &str| SINGLE.iter().find(|(member, _)| *member == told).map(|(_, filter)| *filter);
        let known = |told: &&str| whole(self.call, told).or_else(|| single(told));
        let name = self.by.keys().find_map(known).unwrap_or("tag-key");
        // Other lists know subnets by what ties them to it.
        let tied = name == "subnet-id" && self.call != "ec2:DescribeSubnets";
        ec2::filter(if tied { "association.subnet-id" } else { name }, self.by.values().flatten())
    }
}

macro_rules! once {
    ($call:expr) => {
        drop($call.send().await)
    };
}

macro_rules! pages {
    ($call:expr) => {{
        let mut pages = $call.into_paginator().send();
        while let Some(Ok(_)) = pages.next().await {}
    }};
}

/// Makes a call; whether it is known how. What it answered, errors as well, is kept by the look.
pub(super) async fn make(ask: &Ask<'_>, account: &str, aws: &Clients) -> bool {
    match ask.call.split(':').next().unwrap_or_default() {
        "ec2" => ask_ec2(ask, aws).await,
        "eks" => ask_eks(ask, aws).await,
        "elasticloadbalancing" => ask_elb(ask, aws).await,
        "s3" => ask_s3(ask, account, aws).await,
        "iam" | "kms" | "secretsmanager" => ask_identities(ask, aws).await,
        _ => ask_others(ask, aws).await,
    }
}

/// Networks.
async fn ask_ec2(ask: &Ask<'_>, aws: &Clients) -> bool {
    macro_rules! filtered {
        ($call:expr) => {
            pages!($call.filters(ask.filter()))
        };
    }
    match ask.call {
        "ec2:DescribeAddresses" => once!(aws.ec2.describe_addresses().filters(ask.filter())),
        "ec2:DescribeInternetGateways" => filtered!(aws.ec2.describe_internet_gateways()),
        "ec2:DescribeNatGateways" => pages!(aws.ec2.describe_nat_gateways().filter(ask.filter())),
        "ec2:DescribeNetworkAcls" => filtered!(aws.ec2.describe_network_acls()),
        "ec2:DescribeRouteTables" => filtered!(aws.ec2.describe_route_tables()),
        "ec2:DescribeSecurityGroupRules" => filtered!(aws.ec2.describe_security_group_rules()),
        "ec2:DescribeSecurityGroups" => filtered!(aws.ec2.describe_security_groups()),
        "ec2:DescribeSubnets" => filtered!(aws.ec2.describe_subnets()),
        "ec2:DescribeVpcAttribute" => {
            for attribute in [VpcAttributeName::EnableDnsSupport, VpcAttributeName::EnableDnsHostnames] {
                once!(aws.ec2.describe_vpc_attribute().vpc_id(ask.one("VpcId")).attribute(attribute));
            }
        }
        "ec2:DescribeVpcEndpoints" => filtered!(aws.ec2.describe_vpc_endpoints()),
        "ec2:DescribeVpcs" => filtered!(aws.ec2.describe_vpcs()),
        _ => return false,
    }
    true
}

/// Clusters and what is in them.
async fn ask_eks(ask: &Ask<'_>, aws: &Clients) -> bool {
    match ask.call {
        "eks:DescribeAccessEntry" => {
            let entry = aws.eks.describe_access_entry().cluster_name(ask.one("clusterName"));
            once!(entry.principal_arn(ask.one("principalArn")));
        }
        "eks:DescribeAddon" => {
            once!(aws.eks.describe_addon().cluster_name(ask.one("clusterName")).addon_name(ask.one("addonName")));
        }
        "eks:DescribeCluster" => once!(aws.eks.describe_cluster().name(ask.one("name"))),
        "eks:DescribeClusterVersions" => {
            let versions = ask.all("clusterVersion");
            pages!(aws.eks.describe_cluster_versions().set_cluster_versions(Some(versions)).include_all(true));
        }
        "eks:DescribeNodegroup" => {
            once!(
                aws.eks
                    .describe_nodegroup()
                    .cluster_name(ask.one("clusterName"))
                    .nodegroup_name(ask.one("nodegroupName"))
            );
        }
        "eks:ListAccessEntries" => pages!(aws.eks.list_access_entries().cluster_name(ask.one("clusterName"))),
        "eks:ListAddons" => pages!(aws.eks.list_addons().cluster_name(ask.one("clusterName"))),
        "eks:ListAssociatedAccessPolicies" => {
            let policies = aws.eks.list_associated_access_policies().cluster_name(ask.one("clusterName"));
            pages!(policies.principal_arn(ask.one("principalArn")));
        }
        "eks:ListCapabilities" => pages!(aws.eks.list_capabilities().cluster_name(ask.one("clusterName"))),
        "eks:ListFargateProfiles" => pages!(aws.eks.list_fargate_profiles().cluster_name(ask.one("clusterName"))),
        "eks:ListIdentityProviderConfigs" => {
            pages!(aws.eks.list_identity_provider_configs().cluster_name(ask.one("clusterName")));
        }
        "eks:ListNodegroups" => pages!(aws.eks.list_nodegroups().cluster_name(ask.one("clusterName"))),
        "eks:ListPodIdentityAssociations" => {
            pages!(aws.eks.list_pod_identity_associations().cluster_name(ask.one("clusterName")));
        }
        _ => return false,
    }
    true
}

/// Load balancers.
async fn ask_elb(ask: &Ask<'_>, aws: &Clients) -> bool {
    match ask.call {
        "elasticloadbalancing:DescribeListenerAttributes" => {
            once!(aws.elb.describe_listener_attributes().listener_arn(ask.one("ListenerArn")));
        }
        "elasticloadbalancing:DescribeListenerCertificates" => {
            for arn in ask.all("ListenerArn") {
                pages!(aws.elb.describe_listener_certificates().listener_arn(arn));
            }
        }
        "elasticloadbalancing:DescribeListeners" => {
            for arn in ask.all("LoadBalancerArn") {
                pages!(aws.elb.describe_listeners().load_balancer_arn(arn));
            }
            let listeners = ask.all("ListenerArn");
            if !listeners.is_empty() {
                pages!(aws.elb.describe_listeners().set_listener_arns(Some(listeners)));
            }
        }
        "elasticloadbalancing:DescribeLoadBalancerAttributes" => {
            once!(aws.elb.describe_load_balancer_attributes().load_balancer_arn(ask.one("LoadBalancerArn")));
        }
        "elasticloadbalancing:DescribeLoadBalancers" => {
            pages!(aws.elb.describe_load_balancers().set_load_balancer_arns(Some(ask.all("LoadBalancerArn"))));
        }
        "elasticloadbalancing:DescribeRules" => pages!(aws.elb.describe_rules().listener_arn(ask.one("ListenerArn"))),
        "elasticloadbalancing:DescribeTags" => drop(elb::list_tags(aws, &ask.all("ResourceArn")).await),
        "elasticloadbalancing:DescribeTargetGroupAttributes" => {
            once!(aws.elb.describe_target_group_attributes().target_group_arn(ask.one("TargetGroupArn")));
        }
        "elasticloadbalancing:DescribeTargetGroups" => {
            pages!(aws.elb.describe_target_groups().set_target_group_arns(Some(ask.all("TargetGroupArn"))));
        }
        "elasticloadbalancing:DescribeTargetHealth" => {
            once!(aws.elb.describe_target_health().target_group_arn(ask.one("TargetGroupArn")));
        }
        _ => return false,
    }
    true
}

/// Buckets.
async fn ask_s3(ask: &Ask<'_>, account: &str, aws: &Clients) -> bool {
    macro_rules! bucket {
        ($call:expr) => {
            once!($call.bucket(ask.one("Bucket")).expected_bucket_owner(account))
        };
    }
    match ask.call {
        "s3:GetBucketAcl" => bucket!(aws.s3.get_bucket_acl()),
        "s3:GetBucketCors" => bucket!(aws.s3.get_bucket_cors()),
        "s3:GetBucketEncryption" => bucket!(aws.s3.get_bucket_encryption()),
        "s3:GetBucketLifecycleConfiguration" => bucket!(aws.s3.get_bucket_lifecycle_configuration()),
        "s3:GetBucketNotificationConfiguration" => bucket!(aws.s3.get_bucket_notification_configuration()),
        "s3:GetBucketOwnershipControls" => bucket!(aws.s3.get_bucket_ownership_controls()),
        "s3:GetBucketPolicy" => bucket!(aws.s3.get_bucket_policy()),
        "s3:GetBucketPolicyStatus" => bucket!(aws.s3.get_bucket_policy_status()),
        "s3:GetBucketReplication" => bucket!(aws.s3.get_bucket_replication()),
        "s3:GetBucketRequestPayment" => bucket!(aws.s3.get_bucket_request_payment()),
        "s3:GetBucketTagging" => bucket!(aws.s3.get_bucket_tagging()),
        "s3:GetBucketVersioning" => bucket!(aws.s3.get_bucket_versioning()),
        "s3:GetBucketWebsite" => bucket!(aws.s3.get_bucket_website()),
        "s3:GetPublicAccessBlock" => bucket!(aws.s3.get_public_access_block()),
        _ => return false,
    }
    true
}

/// Roles, policies, keys and secrets.
async fn ask_identities(ask: &Ask<'_>, aws: &Clients) -> bool {
    match ask.call {
        "iam:GetOpenIDConnectProvider" => {
            let arn = ask.one("OpenIDConnectProviderArn");
            once!(aws.iam.get_open_id_connect_provider().open_id_connect_provider_arn(arn));
        }
        "iam:GetPolicy" => once!(aws.iam.get_policy().policy_arn(ask.one("PolicyArn"))),
        "iam:GetPolicyVersion" => {
            // Which version counts, only the policy tells. That it does not is kept as the answer about the policy.
            let policy = aws.iam.get_policy().policy_arn(ask.one("PolicyArn")).send().await;
            let Some(version) = policy.ok().and_then(|told| told.policy?.default_version_id) else { return true };
            once!(aws.iam.get_policy_version().policy_arn(ask.one("PolicyArn")).version_id(version));
        }
        "iam:GetRole" => once!(aws.iam.get_role().role_name(ask.one("RoleName"))),
        "iam:GetRolePolicy" => {
            let policy = aws.iam.get_role_policy().role_name(ask.one("RoleName"));
            once!(policy.policy_name(ask.one("PolicyName")));
        }
        "iam:ListAttachedRolePolicies" => pages!(aws.iam.list_attached_role_policies().role_name(ask.one("RoleName"))),
        "iam:ListEntitiesForPolicy" => {
            pages!(aws.iam.list_entities_for_policy().policy_arn(ask.one("PolicyArn")));
        }
        "iam:ListRolePolicies" => pages!(aws.iam.list_role_policies().role_name(ask.one("RoleName"))),
        "kms:DescribeKey" => once!(aws.kms.describe_key().key_id(ask.one("KeyId"))),
        "kms:GetKeyPolicy" => once!(aws.kms.get_key_policy().key_id(ask.one("KeyId")).policy_name("default")),
        "kms:GetKeyRotationStatus" => once!(aws.kms.get_key_rotation_status().key_id(ask.one("KeyId"))),
        "kms:ListAliases" => pages!(aws.kms.list_aliases().key_id(ask.one("KeyId"))),
        "kms:ListGrants" => pages!(aws.kms.list_grants().key_id(ask.one("KeyId"))),
        "kms:ListResourceTags" => pages!(aws.kms.list_resource_tags().key_id(ask.one("KeyId"))),
        "secretsmanager:DescribeSecret" => once!(aws.secrets.describe_secret().secret_id(ask.one("SecretId"))),
        "secretsmanager:GetResourcePolicy" => once!(aws.secrets.get_resource_policy().secret_id(ask.one("SecretId"))),
        _ => return false,
    }
    true
}

/// Databases, certificates and the groups that hold the nodes.
async fn ask_others(ask: &Ask<'_>, aws: &Clients) -> bool {
    match ask.call {
        "acm:DescribeCertificate" => {
            for arn in ask.all("CertificateArn") {
                once!(aws.acm.describe_certificate().certificate_arn(arn));
            }
        }
        "autoscaling:DescribeAutoScalingGroups" => {
            let names = ask.all("AutoScalingGroupName");
            pages!(aws.autoscaling.describe_auto_scaling_groups().set_auto_scaling_group_names(Some(names)));
        }
        "rds:DescribeDBInstances" => {
            let which = rds::filter("db-instance-id", ask.all("DBInstanceIdentifier"));
            pages!(aws.rds.describe_db_instances().filters(which));
        }
        "rds:DescribeDBParameterGroups" => {
            let name = ask.one("DBParameterGroupName");
            pages!(aws.rds.describe_db_parameter_groups().db_parameter_group_name(name));
        }
        "rds:DescribeDBParameters" => {
            let group = aws.rds.describe_db_parameters().db_parameter_group_name(ask.one("DBParameterGroupName"));
            pages!(group.source("user"));
        }
        "rds:DescribeDBSnapshotAttributes" => {
            let snapshot = aws.rds.describe_db_snapshot_attributes();
            once!(snapshot.db_snapshot_identifier(ask.one("DBSnapshotIdentifier")));
        }
        "rds:DescribeDBSnapshots" => {
            let which = rds::filter("db-instance-id", ask.all("DBInstanceIdentifier"));
            pages!(aws.rds.describe_db_snapshots().filters(which).snapshot_type("manual"));
        }
        "rds:DescribeDBSubnetGroups" => {
            for name in ask.all("DBSubnetGroupName") {
                once!(aws.rds.describe_db_subnet_groups().db_subnet_group_name(name));
            }
        }
        "rds:ListTagsForResource" => once!(aws.rds.list_tags_for_resource().resource_name(ask.one("ResourceName"))),
        _ => return false,
    }
    true
}

#[cfg(test)]
mod tests {
    use aws_config::SdkConfig;

    use super::*;
    use crate::described::root::roots;
    use crate::model::send_guard::SendGuard;

    fn asked(pairs: &[(&str, &str)]) -> Parameters {
        let mut asked = Parameters::default();
        asked.extend(pairs.iter().copied());
        asked
    }

    fn ask<'t>(call: &'t str, by: &[(&'t str, &[&str])]) -> Ask<'t> {
        let values = |all: &[&str]| all.iter().map(|one| (*one).to_owned()).collect();
        Ask { call, by: by.iter().map(|(told, all)| (*told, values(all))).collect() }
    }

    #[test]
    fn what_was_asked_is_not_asked_again() {
        let all = ask("ec2:DescribeSubnets", &[("VpcId", &["a", "b"])]);
        let by_id = asked(&[("filter subnet-id", "s")]);
        assert_eq!(all.clone().without(&[&by_id]), Some(all.clone()), "of a network it tells not all");
        let one = asked(&[("filter vpc-id", "a")]);
        let left = Some(ask("ec2:DescribeSubnets", &[("VpcId", &["b"])]));
        assert_eq!(all.clone().without(&[&one, &by_id]), left);
        let other = asked(&[("filter vpc-id", "b")]);
        assert_eq!(all.without(&[&one, &other]), None);
        let addon = ask("eks:DescribeAddon", &[("clusterName", &["c"]), ("addonName", &["dns"])]);
        let beside = asked(&[("clusterName", "c"), ("addonName", "proxy")]);
        assert!(addon.clone().without(&[&beside]).is_some());
        let same = asked(&[("clusterName", "c"), ("addonName", "dns")]);
        assert_eq!(addon.without(&[&beside, &same]), None);
    }

    #[tokio::test]
    async fn every_call_of_the_tables_is_known_how_to_make() {
        let config = SdkConfig::builder().behavior_version(aws_config::BehaviorVersion::latest()).build();
        let nowhere = Clients::guarded(&SendGuard::new(|| false), &config, "us-east-1");
        let (mut calls, mut unknown) = (BTreeSet::new(), Vec::new());
        for folder in std::fs::read_dir("src/resources").unwrap() {
            let Ok(table) = std::fs::read_to_string(folder.unwrap().path().join("described.tsv")) else { continue };
            calls.extend(roots(&table).filter(crate::described::root::Root::is_usual).map(|root| root.call.to_owned()));
        }
        assert!(calls.len() > 50, "{calls:?}");
        for call in calls.iter().filter(|call| !LEFT_OUT.contains(&call.as_str())) {
            let ask = ask(call, &[("X", &["x"])]);
            if !make(&ask, "111122223333", &nowhere).await {
                unknown.push(call.clone());
            }
        }
        assert_eq!(unknown, Vec::<String>::new());
        assert!(BEYOND_A_PLAN.iter().all(|call| calls.contains(*call)));
    }
}
