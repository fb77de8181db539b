//! Which actions an apply may need beside those of looking, each with an object that it could be about: what IAM is asked
//! before anything is done, and whether a plan needs one that is denied.
//!
//! Source of what an action is about: "Actions, resources, and condition keys for AWS services" (Service Authorization
//! Reference). An action that is about several objects is asked about for the one it is named after.

use std::collections::BTreeMap;

use super::permission::Permission;
use super::{PolicyPurpose, StackScope, table};
use crate::model::mark::STACK_TAG;

/// An action that may be needed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NeededAction {
    /// The action, such as `ec2:CreateVpc`.
    pub action: &'static str,
    /// The kinds of resources it is needed for; empty where it is for whatever the service has.
    pub kinds: &'static [&'static str],
    /// At which changes of these.
    pub at: NeededAt,
}

/// At which changes of an object an action is needed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NeededAt {
    /// When it is made.
    Making,
    /// When it is changed in place.
    Changing,
    /// When it is made, or changed in place.
    MakingOrChanging,
    /// When it goes.
    Removing,
}

/// What a word in the name of an action stands for.
struct Noun {
    service: &'static str,
    word: &'static str,
    kinds: &'static [&'static str],
    /// How the resource part of the ARN begins, and an id of the right form.
    arn: (&'static str, &'static str),
}

const fn noun(
    service: &'static str,
    word: &'static str,
    kinds: &'static [&'static str],
    arn: (&'static str, &'static str),
) -> Noun {
    Noun { service, word, kinds, arn }
}

// The first word that an action holds counts, so the longer of two stands first.
const NOUNS: &[Noun] = &[
    noun("ec2", "VpcEndpoint", &["vpc_endpoint"], ("vpc-endpoint/", "vpce-00000000000000000")),
    noun("ec2", "NatGateway", &["nat_gateway"], ("natgateway/", "nat-00000000000000000")),
    noun("ec2", "InternetGateway", &["internet_gateway"], ("internet-gateway/", "igw-00000000000000000")),
    noun("ec2", "Subnet", &["subnet"], ("subnet/", "subnet-00000000000000000")),
    noun("ec2", "Route", &["route_table"], ("route-table/", "rtb-00000000000000000")),
    noun("ec2", "Address", &["elastic_ip"], ("elastic-ip/", "eipalloc-00000000000000000")),
    noun("ec2", "SecurityGroupRule", &["security_group_rule"], ("security-group-rule/", "sgr-00000000000000000")),
    noun(
        "ec2",
        "SecurityGroupIngress",
        &["security_group", "security_group_rule"],
        ("security-group/", "sg-0000000000000000"),
    ),
    noun(
        "ec2",
        "SecurityGroupEgress",
        &["security_group", "security_group_rule"],
        ("security-group/", "sg-0000000000000000"),
    ),
    noun("ec2", "SecurityGroup", &["security_group"], ("security-group/", "sg-00000000000000000")),
    noun(
        "ec2",
        "NetworkInterface",
        &["vpc", "subnet", "security_group"],
        ("network-interface/", "eni-00000000000000000"),
    ),
    noun("ec2", "Vpc", &["vpc"], ("vpc/", "vpc-00000000000000000")),
    noun("ec2", "Tags", &[], ("vpc/", "vpc-00000000000000000")),
    noun("eks", "Nodegroup", &["node_group"], ("nodegroup/", "")),
    noun("eks", "Addon", &["addon"], ("addon/", "")),
    noun("eks", "Access", &["access_entry"], ("access-entry/", "")),
    noun("eks", "Cluster", &["cluster"], ("cluster/", "")),
    noun("rds", "DBInstance", &["database"], ("db:", "")),
    noun("rds", "DBSnapshot", &["database"], ("snapshot:", "")),
    noun("rds", "DBSubnetGroup", &["db_subnet_group"], ("subgrp:", "")),
    noun("rds", "DBParameterGroup", &["db_parameter_group"], ("pg:", "")),
    noun("elasticloadbalancing", "TargetGroup", &["target_group"], ("targetgroup/", "")),
    noun("elasticloadbalancing", "Listener", &["listener"], ("listener/", "")),
    noun("elasticloadbalancing", "LoadBalancer", &["load_balancer"], ("loadbalancer/", "")),
    noun("elasticloadbalancing", "SecurityGroups", &["load_balancer"], ("loadbalancer/", "")),
    noun("elasticloadbalancing", "Subnets", &["load_balancer"], ("loadbalancer/", "")),
    noun("autoscaling", "LoadBalancerTargetGroups", &["target_attachment"], ("autoScalingGroup:", "")),
    noun("iam", "OpenIDConnectProvider", &["oidc_provider"], ("oidc-provider/", "")),
    noun("iam", "InstanceProfile", &["node_group"], ("instance-profile/", "")),
    noun("iam", "ServiceLinkedRole", &["cluster", "node_group", "load_balancer", "database"], ("role/", "")),
    noun("iam", "PassRole", &["cluster", "node_group"], ("role/", "")),
    noun("iam", "RolePolicy", &["iam_role"], ("role/", "")),
    noun("iam", "Role", &["iam_role"], ("role/", "")),
    noun("iam", "Policy", &["iam_policy"], ("policy/", "")),
    noun("s3", "Bucket", &["bucket"], ("", "")),
    noun("s3", "Object", &["bucket"], ("", "")),
    noun("secretsmanager", "Secret", &["secret"], ("", "")),
    noun("kms", "Key", &["kms_key"], ("", "")),
    noun("kms", "Alias", &["kms_key"], ("", "")),
];

fn noun_of(service: &str, name: &str) -> Option<&'static Noun> {
    NOUNS.iter().find(|noun| noun.service == service && name.contains(noun.word))
}

/// At which change an action is needed, by the verb it begins with.
fn needed_at(name: &str) -> NeededAt {
    // A tag, a route, a rule or a version of a policy is made, and goes, where what holds it is changed.
    const PARTS: [&str; 6] =
        ["CreateTags", "CreateRoute", "CreatePolicyVersion", "DeleteTags", "DeleteRoute", "DeletePolicyVersion"];
    // Settings that the call which makes the object does not take.
    const SETTINGS: [&str; 5] = [
        "ModifyDBParameterGroup",
        "ModifyLoadBalancerAttributes",
        "ModifySubnetAttribute",
        "ModifyTargetGroupAttributes",
        "ModifyVpcAttribute",
    ];
    let begins = |verbs: &[&str]| verbs.iter().any(|verb| name.starts_with(verb));
    if PARTS.contains(&name) {
        return if begins(&["Create"]) { NeededAt::MakingOrChanging } else { NeededAt::Changing };
    }
    if SETTINGS.contains(&name) {
        return NeededAt::MakingOrChanging;
    }
    if begins(&["Create", "Allocate", "Pass"]) {
        return NeededAt::Making;
    }
    if begins(&["Delete", "Release", "Detach", "Disassociate", "Schedule", "RemoveRole", "Revoke"]) {
        return NeededAt::Removing;
    }
    if begins(&["Modify", "Update", "Replace", "Untag", "Remove", "Reset", "Cancel", "Restore"]) {
        return NeededAt::Changing;
    }
    NeededAt::MakingOrChanging
}

/// The actions that an apply may need and that looking does not, each with the ARN of an object it could be about.
pub fn actions_of_apply(scope: &StackScope) -> BTreeMap<&'static str, String> {
    let looks = |row: &Permission| row.is_for(scope, PolicyPurpose::Plan) || is_reading(row.parts().1);
    let rows = table::all().filter(|row| row.is_for(scope, PolicyPurpose::Apply) && !looks(row));
    let mut actions = BTreeMap::new();
    for row in rows {
        let Some(object) = object(scope, row) else { continue };
        // An action in several rows is about different objects; that of the first is what it is named after.
        actions.entry(row.action).or_insert(object);
    }
    actions
}

fn is_reading(name: &str) -> bool {
    ["Describe", "Get", "List", "Generate", "Decrypt"].iter().any(|verb| name.starts_with(verb))
}

/// An object that an action could be about; `None` where the stack has none.
fn object(scope: &StackScope, row: &Permission) -> Option<String> {
    let (service, name) = row.parts();
    let (begins, id) = noun_of(service, name).map_or(("", ""), |noun| noun.arn);
    let all: Vec<String> = row.targets().iter().flat_map(|target| target.of(scope, &[]).resources).collect();
    let fits = |arn: &&String| !begins.is_empty() && arn.contains(&format!(":{begins}"));
    let chosen = all.iter().find(fits).or_else(|| all.first())?;
    if service == "ec2" && !begins.is_empty() {
        return Some(scope.arn("ec2", &format!("{begins}{id}")));
    }
    Some(if chosen == "*" { chosen.clone() } else { chosen.replace('*', "0") })
}

/// What the calls of an apply carry, by condition key: what policies limit them by.
pub fn context(scope: &StackScope) -> BTreeMap<String, String> {
    let pairs = [
        (format!("aws:RequestTag/{STACK_TAG}"), scope.stack.clone()),
        (format!("aws:ResourceTag/{STACK_TAG}"), scope.stack.clone()),
        ("aws:ResourceTag/aws:eks:cluster-name".to_owned(), scope.stack.clone()),
        ("aws:RequestedRegion".to_owned(), scope.region.clone()),
        ("ec2:Region".to_owned(), scope.region.clone()),
        ("ec2:CreateAction".to_owned(), "CreateVpc".to_owned()),
        ("iam:PassedToService".to_owned(), "eks.amazonaws.com".to_owned()),
        ("iam:AWSServiceName".to_owned(), "eks.amazonaws.com".to_owned()),
        ("iam:PolicyARN".to_owned(), scope.iam(&format!("policy/{}-packages", scope.stack))),
    ];
    pairs.into_iter().collect()
}

/// When an action is needed. What the table does not name is needed at no change.
pub fn needed(action: &str) -> Option<NeededAction> {
    let row = table::all().find(|row| row.action == action)?;
    let (service, name) = row.parts();
    let kinds = noun_of(service, name).map_or::<&'static [&'static str], _>(&[], |noun| noun.kinds);
    Some(NeededAction { action: row.action, kinds, at: needed_at(name) })
}
