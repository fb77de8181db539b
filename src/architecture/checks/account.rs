//! Checks of the account: whether its caller may do what this plan does, for long enough, and whether what the account does
//! to everything in it lets the stack work.

use std::collections::{BTreeMap, BTreeSet};

use jiff::SignedDuration;

use super::builder::{CheckBuilder, Key, Said};
use super::{CheckContext, QueryContext};
use crate::architecture::{handles, permission_scope};
use crate::engine::plan::Action;
use crate::model::address::{Address, Kind};
use crate::model::facts::Fact;
use crate::model::facts::account::{DeniedAction, DeniedBy, SimulationQuery};
use crate::model::finding::{Check, Severity};
use crate::model::resource::{KindFacts, Resource};
use crate::permissions::{NeededAction, NeededAt, actions_of_apply, context, needed};
use crate::resources::access_entry::session_role;
use crate::resources::catalog;
use crate::resources::cluster::Cluster;
use crate::resources::database::Database;
use crate::resources::load_balancer::LoadBalancer;
use crate::resources::node_group::NodeGroup;

const PERMISSIONS: &str = "permissions";
const SERVICE_ROLES: &str = "permissions.service_roles";
const CREATE_SERVICE_ROLE: &str = "iam:CreateServiceLinkedRole";
const STATE: &str = "state";

/// Roles that services make for themselves on their first use in an account, each with the kind that uses it ("Using
/// service-linked roles" of EKS, Auto Scaling, Elastic Load Balancing and RDS).
fn roles() -> [(&'static str, Kind); 5] {
    [
        ("AWSServiceRoleForAmazonEKS", Cluster::KIND),
        ("AWSServiceRoleForAmazonEKSNodegroup", NodeGroup::KIND),
        ("AWSServiceRoleForAutoScaling", NodeGroup::KIND),
        ("AWSServiceRoleForElasticLoadBalancing", LoadBalancer::KIND),
        ("AWSServiceRoleForRDS", Database::KIND),
    ]
}

/// What IAM is asked of the caller. The root user has no policies to ask about, and of a federated user nobody knows which.
pub(super) fn simulation(cx: &QueryContext<'_>) -> Option<SimulationQuery> {
    let principal = &cx.surroundings.principal;
    if !cx.is_thorough || !(session_role(principal).is_some() || principal.contains(":user/")) {
        return None;
    }
    let scope = permission_scope(cx.stack, &cx.surroundings.account);
    let mut context = context(&scope);
    for (key, value) in &cx.stack.tags {
        context.insert(format!("aws:RequestTag/{key}"), value.clone());
    }
    let actions = actions_of_apply(&scope).into_iter().map(|(action, object)| (action.to_owned(), object));
    Some(SimulationQuery { principal: principal.clone(), actions: actions.collect(), context })
}

/// The roles of services that do not stand as long as what uses them does not.
pub(super) fn service_roles(cx: &QueryContext<'_>) -> BTreeSet<String> {
    let stands = |kind: &Kind| cx.state.resources.keys().any(|address| address.kind == *kind);
    let missing = roles().into_iter().filter(|(_, kind)| cx.is_thorough && !stands(kind));
    missing.map(|(name, _)| name.to_owned()).collect()
}

/// Every check of the account that this plan gives reason for.
pub(super) fn checks(cx: &CheckContext<'_>) -> Vec<Check> {
    [permissions(cx), service_roles_there(cx), credentials(cx), disk_key(cx), state_bucket(cx)]
        .into_iter()
        .flatten()
        .collect()
}

/// Whether the policies of the caller allow what this plan does. A denial is certain where nothing but policies of the caller
/// counts: buckets, keys and secrets that stand have policies of their own, which may allow it, and conditions that nobody
/// can tell beforehand may hold.
fn permissions(cx: &CheckContext<'_>) -> Option<Check> {
    let permits = cx.facts.permits.as_ref()?;
    let mut check = CheckBuilder::new(cx.places, PERMISSIONS);
    let roles_stand = cx.facts.service_roles.values().all(|role| matches!(role, Fact::There(_)));
    // What is certain comes first, and each who denies is told by itself.
    let mut told: BTreeMap<(Severity, DeniedBy), (Vec<&DeniedAction>, &Address)> = BTreeMap::new();
    for denied in &permits.denied {
        if denied.action == CREATE_SERVICE_ROLE && roles_stand {
            continue;
        }
        let Some(address) = needed(&denied.action).and_then(|action| first(cx, action)) else { continue };
        let severity = if is_certain(cx, denied) { Severity::Error } else { Severity::Warning };
        told.entry((severity, denied.denied_by)).or_insert_with(|| (Vec::new(), address)).0.push(denied);
    }
    for ((severity, by), (all, first)) in &told {
        check.find_at(*severity, (*first).clone(), said(cx, all, (*severity, *by), first));
    }
    if let Some(error) = &permits.untold
        && check.passes()
    {
        check.unread_at(handles::CREATOR.address(), error, "iam:SimulatePrincipalPolicy");
    }
    Some(check.done())
}

fn is_certain(cx: &CheckContext<'_>, denied: &DeniedAction) -> bool {
    let stands = match denied.action.split(':').next().unwrap_or_default() {
        "s3" => !cx.makes(&handles::BUCKET),
        "kms" => !cx.makes(&handles::KEY),
        "secretsmanager" => !cx.makes(&handles::DATABASE_LOGIN),
        _ => false,
    };
    denied.unknown_conditions.is_empty() && (denied.is_explicit || !stands)
}

fn said(
    cx: &CheckContext<'_>,
    denied: &[&DeniedAction],
    (severity, by): (Severity, DeniedBy),
    first: &Address,
) -> Said {
    /// More are not read.
    const MOST: usize = 8;
    let names: Vec<&str> = denied.iter().map(|denied| denied.action.as_str()).collect();
    let shown = names.iter().take(MOST).copied().collect::<Vec<_>>().join(", ");
    let list = match names.len().saturating_sub(MOST) {
        0 => shown,
        more => format!("{shown} and {more} more"),
    };
    let by = match by {
        DeniedBy::Organization => "a policy of the organization does not let",
        DeniedBy::Boundary => "the permissions boundary does not let",
        DeniedBy::Policies => "IAM does not let",
    };
    let what = format!("{by} {} call {list}", cx.surroundings.principal);
    let why = match severity {
        Severity::Error => format!("{first} would be refused, with part of the stack made"),
        Severity::Unknown | Severity::Warning => {
            let unknown: BTreeSet<&str> =
                denied.iter().flat_map(|denied| &denied.unknown_conditions).map(String::as_str).collect();
            if unknown.is_empty() {
                "policies of the objects themselves may allow it, which IAM was not asked about".to_owned()
            } else {
                let keys = unknown.into_iter().collect::<Vec<_>>().join(", ");
                format!("it may be allowed under conditions that cannot be told beforehand ({keys})")
            }
        }
    };
    Said::new(
        what,
        why,
        "`ppm-infra iam-policy --for apply` prints what whoever runs apply has to be allowed; docs/permissions.md says how \
         it is attached",
    )
}

/// The first object of this plan whose change needs an action.
fn first<'a>(cx: &CheckContext<'a>, action: NeededAction) -> Option<&'a Address> {
    let service = action.action.split(':').next().unwrap_or_default();
    let catalog = catalog();
    let is_of = |facts: &KindFacts, kind: &str| {
        if action.kinds.is_empty() {
            facts.audit.is_some_and(|audit| audit.service == service)
        } else {
            action.kinds.contains(&kind)
        }
    };
    let needs = |planned: &Action| {
        let (makes, changes) = (planned.makes_new(), matches!(planned, Action::Update { .. }));
        let removes = matches!(planned, Action::Delete { .. } | Action::Replace { .. });
        match action.at {
            NeededAt::Making => makes,
            NeededAt::Changing => changes,
            NeededAt::MakingOrChanging => makes || changes,
            NeededAt::Removing => removes,
        }
    };
    let all = cx.plan.actions.iter();
    let mut needing = all.filter(|(address, planned)| {
        needs(planned) && catalog.get(&address.kind).is_some_and(|facts| is_of(facts, address.kind.as_str()))
    });
    needing.next().map(|(address, _)| address)
}

/// Whether services that are used for the first time can make their roles.
fn service_roles_there(cx: &CheckContext<'_>) -> Option<Check> {
    if cx.facts.service_roles.is_empty() {
        return None;
    }
    let mut check = CheckBuilder::new(cx.places, SERVICE_ROLES);
    let may_not = cx
        .facts
        .permits
        .as_ref()
        .and_then(|permits| permits.denied.iter().find(|denied| denied.action == CREATE_SERVICE_ROLE));
    for (name, kind) in roles() {
        let address = cx.plan.actions.iter().find(|(address, planned)| address.kind == kind && planned.makes_new());
        let (Some((address, _)), Some(role)) = (address, cx.facts.service_roles.get(name)) else { continue };
        match role {
            Fact::There(_) => {}
            Fact::Missing => {
                let Some(denied) = may_not else { continue };
                let severity = if is_certain(cx, denied) { Severity::Error } else { Severity::Warning };
                let what = format!("the account has no role {name}, and the caller may not let the service make it");
                let why = format!("{address} would be refused");
                let remedy = "allow iam:CreateServiceLinkedRole, or let somebody who may make it once for the account";
                check.find_at(severity, address.clone(), Said::new(what, why, remedy));
            }
            Fact::Unread { error } => check.unread_at(address.clone(), error, "iam:GetRole"),
        }
    }
    Some(check.done())
}

/// Whether the credentials last until the plan is carried out.
fn credentials(cx: &CheckContext<'_>) -> Option<Check> {
    let ends = cx.credentials_end.filter(|_| cx.plan.has_changes())?;
    let mut check = CheckBuilder::new(cx.places, "credentials");
    let left = ends.duration_since(cx.now);
    let wanted = SignedDuration::from_secs(i64::try_from(cx.p90_seconds).unwrap_or(i64::MAX));
    if left < wanted {
        let minutes = |time: SignedDuration| (time.as_secs().max(0) + 59) / 60;
        let what =
            format!("the credentials end in {} min, and this plan may take {} min", minutes(left), minutes(wanted));
        let remedy = "get new ones before apply, such as with `aws sso login`, or a profile that renews them by itself; an \
                      apply that was cut off goes on where it stopped";
        check.find_at(
            Severity::Error,
            handles::CREATOR.address(),
            Said::new(what, "apply would be cut off in the middle", remedy),
        );
    }
    Some(check.done())
}

/// Whether disks of new nodes can be encrypted with the key that the account uses for every disk.
fn disk_key(cx: &CheckContext<'_>) -> Option<Check> {
    let told = cx.facts.disk_encryption.as_ref()?;
    let nodes = handles::NODES.address();
    if !cx.makes(&handles::NODES) {
        return None;
    }
    let mut check = CheckBuilder::new(cx.places, "kubernetes.nodes.disk_key");
    let disks = match told {
        Fact::There(disks) => disks,
        Fact::Missing => return Some(check.done()),
        Fact::Unread { error } => {
            check.unread_at(nodes, error, "ec2:GetEbsEncryptionByDefault and ec2:GetEbsDefaultKmsKeyId");
            return Some(check.done());
        }
    };
    let Some(key) = disks.key.as_ref().filter(|_| disks.by_default) else { return Some(check.done()) };
    let region = &cx.stack.region;
    let why = "no node would start: their disks are encrypted with it (EBS encryption by default)";
    let another = format!("`aws ec2 reset-ebs-default-kms-key-id --region {region}` goes back to the key of AWS");
    match &disks.key_facts {
        Fact::Missing => {
            check.find_at(Severity::Error, nodes, Said::new(format!("there is no key {key}"), why, another));
        }
        Fact::Unread { error } => check.unread_at(nodes, error, "kms:DescribeKey"),
        Fact::There(facts) if facts.state != "Enabled" => {
            let what = format!("the key of new disks, {key}, is {}", facts.state);
            check.find_at(Severity::Error, nodes, Said::new(what, why, format!("enable it, or: {another}")));
        }
        Fact::There(facts) => {
            // Auto Scaling starts the nodes with a role of its own, which only the policy of the key can let use it
            // ("Required AWS KMS key policy for use with encrypted volumes", Auto Scaling User Guide).
            if let Fact::There(policy) = &facts.policy
                && !policy.principals().any(|arn| arn.ends_with("/AWSServiceRoleForAutoScaling"))
            {
                let what = format!("the policy of {key}, the key of new disks, does not name the role of Auto Scaling");
                let remedy = "let arn:aws:iam::ACCOUNT:role/aws-service-role/autoscaling.amazonaws.com/\
                              AWSServiceRoleForAutoScaling use the key, by its policy or by a grant";
                check.find_at(Severity::Warning, nodes, Said::new(what, why, remedy));
            }
        }
    }
    Some(check.done())
}

/// Whether the bucket of the state keeps what is overwritten, and keeps others out.
fn state_bucket(cx: &CheckContext<'_>) -> Option<Check> {
    let (told, location) = (cx.facts.state_bucket.as_ref()?, cx.stack.state.as_ref()?);
    let mut check = CheckBuilder::new(cx.places, STATE);
    let (bucket, region) = (location.bucket(), &cx.stack.region);
    match &told.is_versioned {
        Fact::There(true) => {}
        Fact::There(false) | Fact::Missing => check.find(
            Severity::Warning,
            Key::of(STATE),
            Said::new(
                format!("the bucket {bucket} keeps no versions"),
                "a lockfile that is overwritten or deleted by mistake is lost",
                format!(
                    "`aws s3api put-bucket-versioning --region {region} --bucket {bucket} --versioning-configuration Status=Enabled`"
                ),
            ),
        ),
        Fact::Unread { error } => check.unread(Key::of(STATE), error, "s3:GetBucketVersioning"),
    }
    match &told.is_private {
        Fact::There(true) => {}
        Fact::There(false) | Fact::Missing => check.find(
            Severity::Warning,
            Key::of(STATE),
            Said::new(
                format!("public access to the bucket {bucket} is not blocked"),
                "the lockfile tells names and addresses of everything in the stack",
                format!(
                    "`aws s3api put-public-access-block --region {region} --bucket {bucket} --public-access-block-configuration \
                     BlockPublicAcls=true,IgnorePublicAcls=true,BlockPublicPolicy=true,RestrictPublicBuckets=true`"
                ),
            ),
        ),
        Fact::Unread { error } => check.unread(Key::of(STATE), error, "s3:GetBucketPublicAccessBlock"),
    }
    Some(check.done())
}
