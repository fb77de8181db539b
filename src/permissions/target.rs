//! On what an action is allowed: resources, and a condition where names do not tell.
//!
//! Source: "Actions, resources, and condition keys for AWS services" (Service Authorization Reference), service by service.

use serde_json::{Value, json};

use super::{NetworkScope, StackScope};
use crate::model::mark::STACK_TAG;

/// On what an action is allowed. The order is that of the statements of a policy.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Target {
    /// Everything: actions that list, or that AWS limits to nothing.
    Everything,
    /// Objects of EC2 that are made with the tag of the stack.
    NewInEc2,
    /// Tags of what is made in EC2, in the call that makes it.
    TagsOfNewInEc2,
    /// Objects of EC2 with the tag of the stack.
    OfStackInEc2,
    /// The VPC and the subnets that somebody else made.
    ExistingNetwork,
    /// The security group that EKS makes for the cluster: it carries EKS's tags and not ours ("View Amazon EKS security
    /// group requirements for clusters").
    ClusterSecurityGroup,
    /// Network interfaces that nodes left behind: they carry the tags of the VPC CNI, or of old versions of it none.
    Interfaces,
    /// Rules that a security group is given, with the tag of the stack or without: those that stand in the group's own
    /// list carry no tags.
    NewRules,
    /// Rules of security groups that stand: a rule is a resource of its own without a name.
    Rules,
    /// Rules that are given the tag of the stack: what nobody owns is taken over.
    TakenOverRules,
    /// Objects of EC2 in the region: what somebody added carries no tag of ours.
    AnyInEc2,
    /// The zones in which endpoints answer to the usual name of a service; AWS makes and keeps them.
    HostedZones,
    /// A cluster that is made with the tag of the stack: EKS limits its making to no name.
    NewCluster,
    /// The cluster and what belongs to it.
    Cluster,
    /// What belongs to the cluster and is not the stack's own.
    PodIdentities,
    /// The Auto Scaling group that EKS makes for the nodes.
    NodesGroup,
    /// Load balancer, listeners and target group.
    LoadBalancer,
    /// The same, and rules of the listeners.
    ListenerRules,
    /// The database, its groups and its snapshots.
    Database,
    /// The bucket of packages.
    Bucket,
    /// What is in it.
    BucketObjects,
    /// The secrets.
    Secrets,
    /// A key that is made with the tag of the stack.
    NewKey,
    /// The key that encrypts everything.
    Key,
    /// Its alias.
    KeyAlias,
    /// Any alias; which key it is of limits it.
    AnyAlias,
    /// The roles.
    Roles,
    /// Roles, to which nothing but policies of the stack and those of AWS for EKS may be attached.
    PoliciesOfRoles,
    /// The policies.
    Policies,
    /// The policies of the stack, wherever somebody attached them.
    AttachedElsewhere,
    /// What makes service accounts of a cluster known to IAM.
    OidcProviders,
    /// The instance profiles that EKS makes.
    InstanceProfiles,
    /// The roles of control plane and nodes, handed to EKS.
    PassedRoles,
    /// Roles that somebody handed to RDS.
    RolesOfRds,
    /// The roles that services make for themselves.
    ServiceLinkedRoles,
}

/// What a statement says besides its effect and its actions.
pub(super) struct Scope {
    /// Its id.
    pub(super) id: &'static str,
    /// Its resources.
    pub(super) resources: Vec<String>,
    /// Its condition, if names do not tell.
    pub(super) condition: Option<Value>,
}

impl Target {
    /// The statement about it; `making` are the calls that make tagged objects of EC2.
    pub(super) fn of(self, scope: &StackScope, making: &[&str]) -> Scope {
        let stack = scope.stack.as_str();
        let ec2 = || vec![scope.arn("ec2", "*/*")];
        let made = json!({"StringEquals": {format!("aws:RequestTag/{STACK_TAG}"): stack}});
        let ours = json!({"StringEquals": {format!("aws:ResourceTag/{STACK_TAG}"): stack}});
        let named = |service: &str, objects: &[&str]| {
            objects.iter().map(|object| scope.arn(service, &object.replace("STACK", stack))).collect()
        };
        let of_iam = |objects: &[&str]| objects.iter().map(|it| scope.iam(&it.replace("STACK", stack))).collect();
        let (id, resources, condition): (_, Vec<String>, _) = match self {
            Self::Everything => ("Look", vec!["*".to_owned()], None),
            Self::NewInEc2 => ("MakeNetwork", ec2(), Some(made)),
            Self::TagsOfNewInEc2 => {
                let tag = format!("aws:RequestTag/{STACK_TAG}");
                let condition = json!({"StringEquals": {"ec2:CreateAction": making, tag: stack}});
                ("TagWhatIsMade", ec2(), Some(condition))
            }
            Self::OfStackInEc2 => ("OurNetwork", ec2(), Some(ours)),
            Self::ExistingNetwork => ("ExistingNetwork", existing_network(scope), None),
            Self::ClusterSecurityGroup => {
                let condition = json!({"StringEquals": {"aws:ResourceTag/aws:eks:cluster-name": stack}});
                ("ClusterSecurityGroup", named("ec2", &["security-group/*"]), Some(condition))
            }
            Self::Interfaces => ("InterfacesOfNodes", named("ec2", &["network-interface/*"]), None),
            Self::NewRules => ("MakeRules", named("ec2", &["security-group-rule/*"]), None),
            Self::Rules => ("Rules", named("ec2", &["security-group-rule/*"]), None),
            Self::TakenOverRules => ("TakeRulesOver", named("ec2", &["security-group-rule/*"]), Some(made)),
            Self::AnyInEc2 => ("WhatWasAdded", ec2(), None),
            Self::HostedZones => {
                let zones = format!("arn:{}:route53:::hostedzone/*", scope.partition().name);
                ("NamesOfEndpoints", vec![zones], None)
            }
            Self::NewCluster => ("MakeTheCluster", vec!["*".to_owned()], Some(made)),
            Self::Cluster => (
                "Cluster",
                named("eks", &["access-entry/STACK/*", "addon/STACK/*", "cluster/STACK", "nodegroup/STACK/*"]),
                None,
            ),
            Self::PodIdentities => ("PodIdentities", named("eks", &["podidentityassociation/STACK/*"]), None),
            Self::NodesGroup => {
                let group = ["autoScalingGroup:*:autoScalingGroupName/eks-STACK-nodes-*"];
                ("NodesAsTargets", named("autoscaling", &group), None)
            }
            Self::LoadBalancer => ("LoadBalancer", named("elasticloadbalancing", &BALANCER), None),
            Self::ListenerRules => ("RulesOfListeners", named("elasticloadbalancing", &RULES), None),
            Self::Database => (
                "Database",
                named("rds", &["db:STACK-*", "og:default:*", "pg:STACK-*", "snapshot:STACK-*", "subgrp:STACK-*"]),
                None,
            ),
            Self::Bucket => ("Bucket", vec![scope.s3(&scope.bucket)], None),
            Self::BucketObjects => ("EmptyTheBucket", vec![scope.s3(&format!("{}/*", scope.bucket))], None),
            Self::Secrets => ("Secrets", named("secretsmanager", &["secret:STACK-*"]), None),
            Self::NewKey => ("MakeTheKey", vec!["*".to_owned()], Some(made)),
            Self::Key => match &scope.key {
                Some(key) => ("GivenKey", vec![key.to_string()], None),
                None => ("OurKey", named("kms", &["key/*"]), Some(ours)),
            },
            Self::KeyAlias => ("ItsAlias", named("kms", &["alias/STACK"]), None),
            Self::AnyAlias => ("AliasesOfTheKey", named("kms", &["alias/*"]), None),
            Self::Roles => ("Roles", of_iam(&["role/STACK-*"]), None),
            Self::PoliciesOfRoles => {
                let condition = json!({"ArnLike": {"iam:PolicyARN": attachable(scope)}});
                ("PoliciesOfRoles", of_iam(&["role/STACK-*"]), Some(condition))
            }
            Self::Policies => ("Policies", of_iam(&["policy/STACK-*"]), None),
            Self::AttachedElsewhere => {
                let condition = json!({"ArnLike": {"iam:PolicyARN": scope.iam(&format!("policy/{stack}-*"))}});
                ("TakeOurPolicyFromOthers", vec!["*".to_owned()], Some(condition))
            }
            Self::OidcProviders => {
                let host = scope.partition().host("oidc.eks", &scope.region);
                ("IdentityProvider", vec![scope.iam(&format!("oidc-provider/{host}/*"))], None)
            }
            Self::InstanceProfiles => ("InstanceProfiles", of_iam(&["instance-profile/eks-*"]), None),
            Self::PassedRoles => {
                let condition = json!({"StringEquals": {"iam:PassedToService": passed_to(scope)}});
                ("HandRolesToServices", of_iam(&["role/STACK-cluster", "role/STACK-nodes"]), Some(condition))
            }
            Self::RolesOfRds => {
                let condition = json!({"StringEquals": {"iam:PassedToService": "rds.amazonaws.com"}});
                ("RolesOfTheDatabase", of_iam(&["role/*"]), Some(condition))
            }
            Self::ServiceLinkedRoles => {
                let condition = json!({"StringEquals": {"iam:AWSServiceName": SERVICES}});
                ("FirstUseOfAService", of_iam(&["role/aws-service-role/*"]), Some(condition))
            }
        };
        Scope { id, resources, condition }
    }
}

/// Load balancer, listeners and target group: a load balancer that is made beside another has a suffix.
const BALANCER: [&str; 5] = [
    "listener/app/STACK/*",
    "listener/app/STACK-*/*",
    "loadbalancer/app/STACK/*",
    "loadbalancer/app/STACK-*/*",
    "targetgroup/STACK-*",
];

/// What somebody may have added to them.
const RULES: [&str; 5] = [
    "listener-rule/app/STACK/*",
    "listener-rule/app/STACK-*/*",
    "listener/app/STACK/*",
    "listener/app/STACK-*/*",
    "targetgroup/STACK-*",
];

/// The services that make a role for themselves on their first use in an account.
const SERVICES: [&str; 5] = [
    "autoscaling.amazonaws.com",
    "eks-nodegroup.amazonaws.com",
    "eks.amazonaws.com",
    "elasticloadbalancing.amazonaws.com",
    "rds.amazonaws.com",
];

fn existing_network(scope: &StackScope) -> Vec<String> {
    let NetworkScope::Existing { vpc, subnets } = &scope.network else { return Vec::new() };
    let vpc = scope.arn("ec2", &format!("vpc/{vpc}"));
    let subnets = subnets.iter().map(|subnet| scope.arn("ec2", &format!("subnet/{subnet}")));
    [vpc].into_iter().chain(subnets).collect()
}

/// The policies that roles of the stack are given: its own, and those that AWS keeps for clusters and nodes.
fn attachable(scope: &StackScope) -> Vec<String> {
    let aws = |name: &str| format!("arn:{}:iam::aws:policy/{name}", scope.partition().name);
    vec![scope.iam(&format!("policy/{}-*", scope.stack)), aws("AmazonEC2ContainerRegistryPullOnly"), aws("AmazonEKS*")]
}

/// Whom the roles of control plane and nodes are handed to. In some partitions EC2 has a name of its own; under which of both
/// it is handed the role of nodes is documented nowhere, and both are allowed.
fn passed_to(scope: &StackScope) -> Vec<&'static str> {
    let mut services = vec!["ec2.amazonaws.com", scope.partition().instances, "eks.amazonaws.com"];
    services.dedup();
    services
}
