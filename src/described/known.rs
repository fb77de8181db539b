//! Which members of a list are ours, which the cloud or its controllers put there, and which nobody knows.
//!
//! Each arm names where AWS says so. What is not named here and not ours is somebody's.

use std::collections::BTreeSet;

use serde_json::Value;

use super::look::DeepLook;
use super::path::{FoundMember, pairs, text_of, texts};
use super::table::{MemberClass, MemberRow};
use crate::model::mark::{FINAL_SNAPSHOT, STACK_TAG};

/// The id of the one lifecycle rule that is ours.
const LIFECYCLE_RULE: &str = "abort-unfinished-uploads";
/// By what the AWS Load Balancer Controller marks groups and rules it makes (its documentation, "Security groups").
const CONTROLLER: &str = "elbv2.k8s.aws/";
/// Principals of AWS services in grants end like this.
const SERVICE: &str = ".amazonaws.com";
/// Hooks EKS puts on the Auto Scaling group of a node group (EKS User Guide, "Understand each phase of node updates").
const HOOKS: [&str; 2] = ["Launch-LC-Hook", "Terminate-LC-Hook"];
/// Types of access entries that EKS makes itself (EKS User Guide, "Access entries").
const MADE_FOR: [&str; 4] = ["EC2_LINUX", "EC2_WINDOWS", "FARGATE_LINUX", "HYBRID_LINUX"];
/// The rule of the Resolver that every network has (Route 53 Developer Guide, "Autodefined rules").
const AUTODEFINED: &str = "rslvr-autodefined-rr-internet-resolver";

/// Policies that Quick Setup of Systems Manager attaches to the roles of machines of the account (Systems Manager User
/// Guide, "Set up Amazon EC2 host management using Quick Setup", and patch policies there).
const QUICK_SETUP: [&str; 3] =
    ["AmazonSSMManagedInstanceCore", "AmazonSSMPatchAssociation", "CloudWatchAgentServerPolicy"];

/// Whose a member is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Belonging {
    /// It was declared, or belongs to something that was.
    Ours,
    /// The cloud made it, or it is on its way out, or another row tells it.
    Clouds,
    /// A controller inside the cluster made it: told, never an alarm.
    Controllers,
    /// Nobody knows it.
    Nobodys,
}

/// Whose a member of an `extra` row is.
pub fn belonging(look: &DeepLook<'_>, row: &MemberRow, found: FoundMember<'_>) -> Belonging {
    let value = text_of(found.value);
    let listed = match &row.class {
        MemberClass::Extra { ours: Some(field), .. } => look.declared_texts(field),
        MemberClass::Extra { ours: None, .. }
        | MemberClass::Tracked(_)
        | MemberClass::Default(_)
        | MemberClass::Baseline
        | MemberClass::ByAws
        | MemberClass::Lifecycle(_)
        | MemberClass::Identity
        | MemberClass::Ignored
        | MemberClass::Root(_) => BTreeSet::new(),
    };
    if listed.contains(&value) {
        return Belonging::Ours;
    }
    if let Some(whose) = of_a_service(look, row, found) {
        return whose;
    }
    of_a_network(look, row, found).unwrap_or(Belonging::Nobodys)
}

/// Clusters, identities, storage and load balancers.
fn of_a_service(look: &DeepLook<'_>, row: &MemberRow, found: FoundMember<'_>) -> Option<Belonging> {
    let (value, element) = (text_of(found.value), found.element);
    let text = |name: &str| element.get(name).and_then(Value::as_str).unwrap_or_default();
    let ours = |is: bool| is.then_some(Belonging::Ours);
    let clouds = |is: bool| is.then_some(Belonging::Clouds);
    match (row.call, row.path) {
        ("s3:GetBucketLifecycleConfiguration", "Rules[].ID") => ours(value == LIFECYCLE_RULE),
        // What the engine or RDS itself sets is no person's (RDS API Reference, Parameter: Source).
        ("rds:DescribeDBParameters", _) => clouds(!matches!(text("Source"), "" | "user")),
        ("s3:GetBucketAcl", "Grants[].Grantee.ID") => {
            let owner = look.told(row.call).iter().find_map(|root| root.pointer("/Owner/ID"));
            ours(owner.is_some_and(|owner| text_of(owner) == value))
        }
        // S3 itself, which writes access logs (S3 User Guide, "Access control list overview").
        ("s3:GetBucketAcl", "Grants[].Grantee.URI") => clouds(value.ends_with("/s3/LogDelivery")),
        ("eks:ListAccessEntries", _) => entry(look, &value),
        ("eks:ListNodegroups", _) => ours(look.objects.names("node_group", &value)),
        ("eks:ListAddons", _) => {
            ours(look.objects.of_kind("addon").any(|addon| addon.declared.text("name") == Some(&value)))
        }
        // What an add-on of ours has is told by the add-on.
        ("eks:ListPodIdentityAssociations", _) => clouds(look.objects.names("addon", text("ownerArn"))),
        ("ec2:DescribeSecurityGroupRules", "*") => rule_of_the_cluster(look, element),
        ("rds:DescribeDBSnapshots", _) => {
            let tags = element.get("TagList").map(pairs).unwrap_or_default();
            let stack = tags.get(STACK_TAG).map(text_of);
            let mine = look.declared().get("tags").and_then(|tags| tags.get(STACK_TAG)).map(text_of);
            let name = format!("{}{FINAL_SNAPSHOT}", look.declared().text("name").unwrap_or_default());
            let is_named = text("DBSnapshotIdentifier").starts_with(&name);
            let by_itself = matches!(text("SnapshotType"), "automated" | "awsbackup");
            ours(is_named && stack.is_some() && stack == mine).or_else(|| clouds(by_itself))
        }
        ("iam:ListEntitiesForPolicy", "PolicyRoles[].*") => {
            ours(look.objects.of_kind("iam_role").any(|role| role.declared.text("name") == Some(text("RoleName"))))
        }
        ("iam:ListAttachedRolePolicies", "PolicyArn") => quick_setup(look, &value),
        // `eks-<uuid>`: EKS makes one for the role of the nodes (EKS User Guide, "Amazon EKS node IAM role").
        ("iam:ListInstanceProfilesForRole", _) => clouds(is_profile_of_eks(text("InstanceProfileName"))),
        ("kms:ListGrants", _) => clouds(is_grant_of_a_service(element)),
        ("elasticloadbalancing:DescribeRules", _) => {
            clouds(value == "default" || element.get("IsDefault").is_some_and(|one| text_of(one) == "true"))
        }
        ("elasticloadbalancing:DescribeListenerCertificates", _) => {
            let default = element.get("IsDefault").is_some_and(|one| text_of(one) == "true");
            ours(default || look.declared_texts("certificate").contains(&value))
        }
        ("elasticloadbalancing:DescribeListeners", "*") => ours(look.objects.names("listener", text("ListenerArn"))),
        ("elasticloadbalancing:DescribeTargetGroups", "LoadBalancerArns[]") => {
            ours(look.objects.names("load_balancer", &value))
        }
        ("elasticloadbalancing:DescribeTargetHealth", "Target.Id") => target(look, &value),
        ("autoscaling:DescribeLifecycleHooks", _) => clouds(HOOKS.contains(&text("LifecycleHookName"))),
        _ => None,
    }
}

/// Networks, and what hangs in them.
fn of_a_network(look: &DeepLook<'_>, row: &MemberRow, found: FoundMember<'_>) -> Option<Belonging> {
    let (value, element) = (text_of(found.value), found.element);
    let text = |name: &str| element.get(name).and_then(Value::as_str).unwrap_or_default();
    let state = |name: &str| text(name).to_lowercase();
    let ours = |is: bool| is.then_some(Belonging::Ours);
    let clouds = |is: bool| is.then_some(Belonging::Clouds);
    match (row.call, row.path) {
        ("ec2:DescribeRouteTables", path) if path.starts_with("Routes[].") => {
            // The local route comes with the network, lists with gateway endpoints, and what a virtual private gateway
            // propagates is told as a propagation (VPC User Guide, "Route table concepts").
            let target = text("GatewayId");
            let by_itself = target == "local"
                || target.starts_with("vpce-")
                || matches!(text("Origin"), "CreateRouteTable" | "EnableVgwRoutePropagation");
            clouds(by_itself)
        }
        ("ec2:DescribeRouteTables", "Associations[].SubnetId") => {
            let leaving = element.pointer("/AssociationState/State").map(text_of);
            clouds(matches!(leaving.as_deref(), Some("disassociating" | "disassociated" | "failed")))
        }
        ("ec2:DescribeRouteTables", "*") => {
            let main = element.pointer("/Associations").and_then(Value::as_array).into_iter().flatten();
            let mut main = main.filter(|one| one.get("Main").is_some_and(|one| text_of(one) == "true"));
            let routes = element.get("Routes").and_then(Value::as_array).into_iter().flatten();
            let mut others = routes.filter(|route| route.get("GatewayId").is_none_or(|target| target != "local"));
            ours(look.objects.names("route_table", text("RouteTableId")))
                .or_else(|| clouds(main.next().is_some() && others.next().is_none()))
        }
        ("ec2:DescribeSubnets", "*") => ours(look.objects.names("subnet", text("SubnetId"))),
        ("ec2:DescribeInternetGateways", "*") => {
            ours(look.objects.names("internet_gateway", text("InternetGatewayId")))
        }
        ("ec2:DescribeNatGateways", "*") => ours(look.objects.names("nat_gateway", text("NatGatewayId")))
            .or_else(|| clouds(matches!(text("State"), "deleted" | "deleting"))),
        ("ec2:DescribeVpcEndpoints", "*") => ours(look.objects.names("vpc_endpoint", text("VpcEndpointId")))
            .or_else(|| clouds(matches!(state("State").as_str(), "deleted" | "deleting"))),
        ("ec2:DescribeSecurityGroups", "*") => group(look, element),
        ("ec2:DescribeVpcPeeringConnections", _) => {
            let code = element.pointer("/Status/Code").map(text_of).unwrap_or_default();
            clouds(matches!(code.as_str(), "deleted" | "deleting" | "rejected" | "expired" | "failed"))
        }
        ("ec2:DescribeTransitGatewayVpcAttachments" | "ec2:DescribeVpnGateways", _) => {
            clouds(matches!(text("State"), "deleted" | "deleting"))
        }
        ("ec2:DescribeVpcs", path) if path.contains("CidrBlockAssociationSet[]") => {
            let block = element.get("CidrBlockState").or_else(|| element.get("Ipv6CidrBlockState"));
            let state = block.and_then(|block| block.get("State")).map(text_of).unwrap_or_default();
            clouds(matches!(state.as_str(), "disassociated" | "disassociating" | "failed"))
        }
        ("ec2:DescribeSubnets", "Ipv6CidrBlockAssociationSet[].*") => {
            let state = element.pointer("/Ipv6CidrBlockState/State").map(text_of).unwrap_or_default();
            clouds(matches!(state.as_str(), "disassociated" | "disassociating" | "failed"))
        }
        ("ec2:DescribeSecurityGroupVpcAssociations", _) => ours(look.declared().text("vpc") == Some(&value)),
        // Zones of services, such as the private endpoint of EKS (Route 53 API Reference, HostedZoneOwner).
        ("route53:ListHostedZonesByVPC", _) => clouds(element.pointer("/Owner/OwningService").is_some()),
        ("route53resolver:ListResolverRuleAssociations", _) => clouds(text("ResolverRuleId") == AUTODEFINED),
        _ => None,
    }
}

/// Whether Systems Manager may have attached a policy: to the role of our machines, and to no other.
fn quick_setup(look: &DeepLook<'_>, policy: &str) -> Option<Belonging> {
    let role = look.computed("id");
    let is_of_nodes = look.objects.of_kind("node_group").any(|group| group.declared.text("role") == role);
    let name = policy.split_once(":iam::aws:policy/").map(|(_, name)| name);
    let is_named = name.is_some_and(|name| QUICK_SETUP.contains(&name));
    (role.is_some() && is_of_nodes && is_named).then_some(Belonging::Controllers)
}

/// Whose an access entry is: of ours, of a role that EKS made one for, or of a service.
fn entry(look: &DeepLook<'_>, principal: &str) -> Option<Belonging> {
    if look.objects.names("access_entry", principal) {
        return Some(Belonging::Ours);
    }
    let roles = look.objects.of_kind("node_group").filter_map(|group| group.declared.text("role"));
    let nodes: Vec<&str> = roles.collect();
    let of_nodes = look.objects.of_kind("iam_role").any(|role| {
        role.computed.text("arn") == Some(principal) && role.computed.text("id").is_some_and(|id| nodes.contains(&id))
    });
    let mut entries = look.told("eks:DescribeAccessEntry").iter();
    let kind = entries.find(|one| one.get("principalArn").and_then(Value::as_str) == Some(principal));
    let kind = kind.and_then(|one| one.get("type")).map(text_of);
    // Fargate profiles and service-linked roles: EKS makes their entries, and removes them (EKS User Guide, "Access entries").
    let of_fargate = kind.as_deref() == Some("FARGATE_LINUX")
        && look.told("eks:ListFargateProfiles").iter().any(|one| !texts(one).is_empty());
    let is_service = principal.contains(":role/aws-service-role/");
    let made = of_nodes && kind.as_deref().is_none_or(|kind| MADE_FOR.contains(&kind));
    (made || of_fargate || is_service).then_some(Belonging::Clouds)
}

/// Whose a rule of the group is that EKS made for the cluster: the group may talk to itself and to the world, and EKS puts
/// both back (EKS User Guide, "View Amazon EKS security group requirements").
fn rule_of_the_cluster(look: &DeepLook<'_>, rule: &Value) -> Option<Belonging> {
    let text = |name: &str| rule.get(name).map(text_of).unwrap_or_default();
    if look.objects.names("security_group_rule", &text("SecurityGroupRuleId")) {
        return Some(Belonging::Ours);
    }
    let home = text("GroupId");
    if look.computed("security_group_id").is_some_and(|group| !home.is_empty() && group != home) {
        return Some(Belonging::Clouds);
    }
    let itself = rule.pointer("/ReferencedGroupInfo/GroupId").map(text_of).is_some_and(|peer| peer == home);
    let outwards = text("IsEgress") == "true";
    let world = text("CidrIpv4") == "0.0.0.0/0" || text("CidrIpv6") == "::/0";
    if text("IpProtocol") == "-1" && (itself || (outwards && world)) {
        return Some(Belonging::Clouds);
    }
    // Anybody can write a description: it excuses nothing that lets everybody in.
    (text("Description").starts_with(CONTROLLER) && (outwards || !world)).then_some(Belonging::Controllers)
}

/// Whose a security group of the network is. The default one comes with the network; EKS marks its own.
fn group(look: &DeepLook<'_>, group: &Value) -> Option<Belonging> {
    let id = group.get("GroupId").map(text_of).unwrap_or_default();
    if look.objects.names("security_group", &id) || look.objects.names("cluster", &id) {
        return Some(Belonging::Ours);
    }
    if group.get("GroupName").is_some_and(|name| name == "default") {
        return Some(Belonging::Clouds);
    }
    let tags = group.get("Tags").map(pairs).unwrap_or_default();
    tags.keys().any(|key| key.starts_with(CONTROLLER)).then_some(Belonging::Controllers)
}

/// Whose a target is: one of our nodes, if they are known.
fn target(look: &DeepLook<'_>, id: &str) -> Option<Belonging> {
    let groups: Vec<&Value> = look.told_of_any("autoscaling:DescribeAutoScalingGroups").collect();
    let ours = |group: &&&Value| {
        let name = group.get("AutoScalingGroupName").map(text_of).unwrap_or_default();
        look.objects.names("node_group", &name)
    };
    let nodes = groups.iter().filter(ours).filter_map(|group| group.get("Instances")).flat_map(texts);
    // Without an answer about the nodes nobody can tell, and that it is missing is said of them.
    (groups.is_empty() || nodes.into_iter().any(|node| node == id)).then_some(Belonging::Ours)
}

fn is_profile_of_eks(name: &str) -> bool {
    let uuid = name.strip_prefix("eks-").unwrap_or_default();
    uuid.len() == 36 && uuid.chars().all(|c| c.is_ascii_hexdigit() || c == '-')
}

/// Whether a service of AWS made a grant: services retire theirs themselves, and bind them to what they encrypt, as RDS,
/// EKS and Secrets Manager do (KMS Developer Guide, "Grants for AWS services").
fn is_grant_of_a_service(grant: &Value) -> bool {
    let named = |name: &str| grant.get(name).map(text_of).unwrap_or_default();
    let service = |name: &str| {
        let principal = named(name);
        principal.ends_with(SERVICE) && !principal.starts_with("arn:")
    };
    let bound = grant.get("Constraints").is_some_and(|constraints| !texts(constraints).is_empty());
    let linked = named("GranteePrincipal").contains(":role/aws-service-role/");
    let retires = service("RetiringPrincipal") || service("RetiringServicePrincipal");
    let grantee = service("GranteePrincipal") || service("GranteeServicePrincipal") || linked;
    (retires || grantee) && (bound || linked || service("GranteePrincipal") && retires)
}
