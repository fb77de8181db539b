//! The catalogue of what fails half way through an apply where nobody looks before.

use super::Fault;
use super::seeds::{KeyIs, NetworkIs, Seed, Taken};

const fn of(name: &'static str, declared: &'static str, seeds: &'static [Seed], told: &'static str) -> Fault {
    Fault { name, declared, seeds, told }
}

const EXISTING: &str = "network:\n  existing:\n    vpc: VPC\n    private_subnets:PRIVATE\n    public_subnets:PUBLIC";
const AIR_GAPPED: &str =
    "network: {connectivity: air_gapped}\npackage_manager:\n  image: {repository: r.example.com/ppm, tag: \"1\"}";
const PLAIN: &str = "whole:\nstack: ppm-prod\nregion: us-east-1\n";
const CERTIFIED: &str = "whole:\nstack: ppm-prod\nregion: us-east-1\nload_balancer:\n  domain: packages.example.com\n  \
                         certificate: CERTIFICATE\n";
const NO_SERVICE_ROLES: &str = r#"{"Effect": "Deny", "Action": "iam:CreateServiceLinkedRole", "Resource": "*"}"#;

/// All of it.
pub(super) fn all() -> Vec<&'static Fault> {
    [QUOTAS, PERMISSIONS, NAMES, PLACES, NETWORKS, OTHERS].into_iter().flatten().collect()
}

const QUOTAS: &[Fault] = &[
    of("too few vCPUs", "", &[Seed::Quota("L-1216C47A", 47)], "quota.vcpus"),
    of("too few addresses", "", &[Seed::Quota("L-0263D0A3", 2)], "quota.elastic_ips"),
    of("no room for a VPC", "", &[Seed::Quota("L-F678F1CE", 1)], "quota.vpcs"),
    of("no room for an internet gateway", "", &[Seed::Quota("L-A4707A72", 0)], "quota.internet_gateways"),
    of("no room for a NAT gateway", "", &[Seed::Quota("L-FE5A380F", 0)], "quota.nat_gateways"),
    of("no room for a gateway endpoint", "", &[Seed::Quota("L-1B52E74A", 0)], "quota.gateway_endpoints"),
    of("no room for security groups", "", &[Seed::Quota("L-E79EC296", 3)], "quota.security_groups"),
    of("no room for a cluster", "", &[Seed::Quota("L-1194D53C", 0)], "quota.clusters"),
    of("no room for a database", "", &[Seed::Quota("L-7B6409FD", 0)], "quota.database_instances"),
    of("too little storage", "", &[Seed::Quota("L-7ADDB58A", 99)], "quota.database_storage"),
    of("no room for a subnet group", "", &[Seed::Quota("L-48C6BF61", 0)], "quota.database_subnet_groups"),
    of("no room for a parameter group", "", &[Seed::Quota("L-DE55804A", 0)], "quota.database_parameter_groups"),
    of("no room for a load balancer", "", &[Seed::Quota("L-53DA6B97", 0)], "quota.load_balancers"),
    of("no room for a target group", "", &[Seed::Quota("L-B22855CB", 0)], "quota.target_groups"),
    of("no room for roles", "", &[Seed::Quota("L-FE177D64", 3)], "quota.roles"),
    of("no room for a policy", "", &[Seed::Quota("L-E95E4862", 0)], "quota.policies"),
    of("no room for a provider of logins", "", &[Seed::Providers(100)], "quota.oidc_providers"),
    of("no room for a bucket", "", &[Seed::Quota("L-DC2B2D3D", 0)], "quota.buckets"),
    of("no room for a key", "", &[Seed::Quota("L-C2F1777E", 0)], "quota.keys"),
    of(
        "too few vCPUs for new nodes beside the old ones",
        "kubernetes: {nodes: {instance_type: c6a.8xlarge}}",
        &[Seed::Standing, Seed::Quota("L-1216C47A", 143)],
        "quota.vcpus",
    ),
    of(
        "too little storage to grow",
        "database: {storage_gib: 200}",
        &[Seed::Standing, Seed::Quota("L-7ADDB58A", 150)],
        "quota.database_storage",
    ),
];

const PERMISSIONS: &[Fault] = &[
    of("may not make a VPC", "", &[Seed::Denied("ec2", "CreateVpc")], "permissions"),
    of("may not make a NAT gateway", "", &[Seed::Denied("ec2", "CreateNatGateway")], "permissions"),
    of("may not tag", "", &[Seed::Denied("ec2", "CreateTags")], "permissions"),
    of("may not make a role", "", &[Seed::Denied("iam", "CreateRole")], "permissions"),
    of("may not attach a policy", "", &[Seed::Denied("iam", "AttachRolePolicy")], "permissions"),
    of("may not hand a role over", "", &[Seed::Denied("iam", "PassRole")], "permissions"),
    of("may not make a key", "", &[Seed::Denied("kms", "CreateKey")], "permissions"),
    of("may not make a bucket", "", &[Seed::Denied("s3", "CreateBucket")], "permissions"),
    of("may not make a secret", "", &[Seed::Denied("secretsmanager", "CreateSecret")], "permissions"),
    of("may not make a database", "", &[Seed::Denied("rds", "CreateDBInstance")], "permissions"),
    of("may not make a cluster", "", &[Seed::Denied("eks", "CreateCluster")], "permissions"),
    of("may not make nodes", "", &[Seed::Denied("eks", "CreateNodegroup")], "permissions"),
    of(
        "may not make a load balancer",
        "",
        &[Seed::Denied("elasticloadbalancing", "CreateLoadBalancer")],
        "permissions",
    ),
    of(
        "may not attach nodes to a target group",
        "",
        &[Seed::Denied("autoscaling", "AttachLoadBalancerTargetGroups")],
        "permissions",
    ),
    of(
        "is denied by a statement",
        "",
        &[Seed::Policy(r#"{"Effect": "Deny", "Action": "eks:CreateNodegroup", "Resource": "*"}"#)],
        "permissions",
    ),
    of(
        "may not make what carries tags of the stack",
        "",
        &[Seed::Policy(
            r#"{"Effect": "Deny", "Action": "ec2:CreateSubnet", "Resource": "*",
                "Condition": {"StringLike": {"aws:RequestTag/ppm-infra:stack": "ppm-*"}}}"#,
        )],
        "permissions",
    ),
    of("may not let services make their roles", "", &[Seed::Policy(NO_SERVICE_ROLES)], "permissions.service_roles"),
    of(
        "may not change the database",
        "database: {storage_gib: 200}",
        &[Seed::Standing, Seed::Denied("rds", "ModifyDBInstance")],
        "permissions",
    ),
    of(
        "may not ask IAM, and not make a VPC",
        "",
        &[Seed::Policy(
            r#"{"Effect": "Deny", "Action": ["iam:SimulatePrincipalPolicy", "ec2:CreateVpc"], "Resource": "*"}"#,
        )],
        "permissions",
    ),
];

const NAMES: &[Fault] = &[
    of(
        "the bucket is somebody else's",
        "storage: {bucket: taken}",
        &[Seed::Extra("foreign_buckets", "[\"taken\"]")],
        "plan.foreign",
    ),
    of("a role has the name", "", &[Seed::Taken(Taken::Role)], "plan.foreign"),
    of("a policy has the name", "", &[Seed::Taken(Taken::Policy)], "plan.foreign"),
    of("a secret has the name", "", &[Seed::Taken(Taken::Secret)], "plan.foreign"),
    of("a secret that was deleted has the name", "", &[Seed::Taken(Taken::SecretInRecovery)], "plan.foreign"),
    of("an alias has the name", "", &[Seed::Taken(Taken::Alias)], "plan.foreign"),
    of("a subnet group has the name", "", &[Seed::Taken(Taken::SubnetGroup)], "plan.foreign"),
    of("a parameter group has the name", "", &[Seed::Taken(Taken::ParameterGroup)], "plan.foreign"),
    of("a load balancer has the name", "", &[Seed::Taken(Taken::LoadBalancer)], "plan.foreign"),
    of("a database has the name", "", &[Seed::Taken(Taken::Database)], "plan.foreign"),
];

const PLACES: &[Fault] = &[
    of(
        "the region does not offer the type of the nodes",
        "whole:\nstack: ppm-prod\nregion: eu-north-1\n",
        &[],
        "kubernetes.nodes.instance_type",
    ),
    of(
        "a zone does not offer the type of the nodes",
        "whole:\nstack: ppm-prod\nregion: ap-east-1\n",
        &[],
        "kubernetes.nodes.instance_type",
    ),
    of("EKS does not run the version", "kubernetes: {version: \"1.39\"}", &[], "kubernetes.version"),
    of("RDS does not make the version", "database: {engine_version: \"17.99\"}", &[], "database.engine_version"),
    of("RDS does not have the class", "database: {instance_class: db.x9.large}", &[], "database.instance_class"),
    of(
        "RDS has the class in one of the zones alone",
        "",
        &[Seed::Extra("class_zones", "{\"db.t3.xlarge\": [\"us-east-1a\", \"us-east-1f\"]}")],
        "database.zones",
    ),
    of("the database would shrink", "database: {storage_gib: 50}", &[Seed::Standing], "database.storage_gib"),
    of(
        "the database would go back",
        "database: {engine_version: \"16\"}",
        &[Seed::Standing],
        "database.engine_version",
    ),
    of(
        "a service has no endpoint in the region",
        AIR_GAPPED,
        &[Seed::Extra("endpoint_services", "{\"com.amazonaws.us-east-1.eks\": []}")],
        "network.endpoint_services",
    ),
    of(
        "a service has no endpoint in a zone",
        AIR_GAPPED,
        &[Seed::Extra("endpoint_services", "{\"com.amazonaws.us-east-1.sts\": [\"us-east-1a\"]}")],
        "network.endpoint_services",
    ),
];

const NETWORKS: &[Fault] = &[
    of("the network is not there", EXISTING, &[Seed::Network(NetworkIs::Absent)], "network.vpc"),
    of("names are not resolved", EXISTING, &[Seed::Network(NetworkIs::WithoutNames)], "network.vpc"),
    of("there is no way out", EXISTING, &[Seed::Network(NetworkIs::WithoutWayOut)], "network.routes"),
    of("all subnets are in one zone", EXISTING, &[Seed::Network(NetworkIs::InOneZone)], "network.zones"),
    of("a subnet is elsewhere", EXISTING, &[Seed::Network(NetworkIs::WithAnotherSubnet)], "network.subnets"),
    of(
        "addresses of services are addresses of the network",
        "network:\n  existing:\n    vpc: VPC\n    private_subnets:PRIVATE\n    public_subnets:PUBLIC\nkubernetes: {service_cidr: \
         10.9.0.0/20}",
        &[Seed::Network(NetworkIs::Good)],
        "network.service_range",
    ),
];

const OTHERS: &[Fault] = &[
    of(
        "the certificate is not issued",
        CERTIFIED,
        &[Seed::Certificate("packages.example.com", false)],
        "load_balancer.certificate",
    ),
    of(
        "the certificate is for another name",
        CERTIFIED,
        &[Seed::Certificate("other.example.com", true)],
        "load_balancer.certificate",
    ),
    of(
        "the certificate is not there",
        "whole:\nstack: ppm-prod\nregion: us-east-1\nload_balancer:\n  domain: packages.example.com\n  certificate: \
         arn:aws:acm:us-east-1:123456789012:certificate/00000000-2222-3333-4444-555555555555\n",
        &[],
        "load_balancer.certificate",
    ),
    of("the key is disabled", "storage: {kms: KEY}", &[Seed::Key(KeyIs::Disabled)], "storage.kms"),
    of("the key will be deleted", "storage: {kms: KEY}", &[Seed::Key(KeyIs::Leaving)], "storage.kms"),
    of("the key is of another kind", "storage: {kms: KEY}", &[Seed::Key(KeyIs::Asymmetric)], "storage.kms"),
    of("the key is not there", "storage: {kms: KEY}", &[Seed::Key(KeyIs::Absent)], "storage.kms"),
    of("the key of disks is disabled", "", &[Seed::DiskKey(KeyIs::Disabled)], "kubernetes.nodes.disk_key"),
    of("the key of disks is not there", "", &[Seed::DiskKey(KeyIs::Absent)], "kubernetes.nodes.disk_key"),
    of(
        "an administrator is not there",
        "kubernetes: {admins: [\"arn:aws:iam::123456789012:role/nobody\"]}",
        &[],
        "kubernetes.admins",
    ),
    of("the root user calls", PLAIN, &[Seed::Extra("callers", "{\"AKIATEST\": \"root\"}")], "caller"),
    of("the credentials have ended", PLAIN, &[Seed::Variable("AWS_ACCESS_KEY_ID", "EXPIRED")], "expired"),
    of(
        "the credentials are of nobody",
        PLAIN,
        &[Seed::Variable("AWS_ACCESS_KEY_ID", "INVALID")],
        "security token included in the request is invalid",
    ),
    of("the credentials end too soon", PLAIN, &[Seed::EndsIn(5)], "credentials"),
    of(
        "the account is another",
        "whole:\nstack: ppm-prod\nregion: us-east-1\naccount: \"999999999999\"\n",
        &[],
        "the credentials belong to account",
    ),
];
