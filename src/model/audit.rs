//! What is asked of the audit log of the cloud, and what it answers.

use std::collections::BTreeSet;

use jiff::Timestamp;
use serde_json::Value;

/// By which name the audit log keeps what was done to the objects of a kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AuditName {
    /// The service whose calls change them, such as `iam`.
    pub service: &'static str,
    /// The computed field that holds the name.
    pub field: &'static str,
    /// Where it is the name of the whole that an object is a part of: the field, computed or declared, whose value
    /// what was done to that part names as well.
    pub part: Option<&'static str>,
}

impl AuditName {
    /// The name of the objects themselves.
    pub const fn of(service: &'static str, field: &'static str) -> Self {
        Self { service, field, part: None }
    }

    /// The name of a whole, and what tells the part.
    pub const fn part(service: &'static str, field: &'static str, part: &'static str) -> Self {
        Self { service, field, part: Some(part) }
    }
}

/// Calls that change objects of a kind so that a usual look for drift may tell it, and where the record of each names the
/// object ("CloudTrail record contents", CloudTrail User Guide; the members of `requestParameters` are documented with the
/// API of the service).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ChangingCalls {
    /// The service they go to, such as `iam`.
    pub service: &'static str,
    /// Where the record names the object: the path in `requestParameters`, with full stops, and `[]` behind a list.
    pub member: &'static str,
    /// The field, computed or declared, that holds the name.
    pub field: &'static str,
    /// Of a part of a whole that `member` names: where the record names the part, and the field with its name.
    pub part: Option<(&'static str, &'static str)>,
    /// The calls, by the names of their events. Those of S3 differ from the names in its API.
    pub calls: &'static [&'static str],
}

impl ChangingCalls {
    /// Calls that name the objects themselves.
    pub const fn of(
        service: &'static str,
        member: &'static str,
        field: &'static str,
        calls: &'static [&'static str],
    ) -> Self {
        Self { service, member, field, part: None, calls }
    }

    /// Calls that name a whole, and the part.
    pub const fn part(
        service: &'static str,
        (member, field): (&'static str, &'static str),
        part: (&'static str, &'static str),
        calls: &'static [&'static str],
    ) -> Self {
        Self { service, member, field, part: Some(part), calls }
    }

    /// The calls that change rules of a security group, whose id is in `field`.
    pub const fn rules_in(field: &'static str) -> [Self; 2] {
        const RULES: &[&str] = &[
            "AuthorizeSecurityGroupEgress",
            "AuthorizeSecurityGroupIngress",
            "RevokeSecurityGroupEgress",
            "RevokeSecurityGroupIngress",
            "UpdateSecurityGroupRuleDescriptionsEgress",
            "UpdateSecurityGroupRuleDescriptionsIngress",
        ];
        let modified = Self::of("ec2", "ModifySecurityGroupRulesRequest.GroupId", field, &["ModifySecurityGroupRules"]);
        [Self::of("ec2", "groupId", field, RULES), modified]
    }

    /// The calls that tag what EC2 keeps.
    pub const TAGS_OF_EC2: Self =
        Self::of("ec2", "resourcesSet.items[].resourceId", "id", &["CreateTags", "DeleteTags"]);

    /// The calls that tag load balancers, their listeners and target groups.
    pub const TAGS_OF_BALANCING: Self =
        Self::of("elasticloadbalancing", "resourceArns[]", "id", &["AddTags", "RemoveTags"]);

    /// The calls that tag what RDS keeps.
    pub const TAGS_OF_RDS: Self =
        Self::of("rds", "resourceName", "arn", &["AddTagsToResource", "RemoveTagsFromResource"]);

    /// The calls that tag what EKS keeps.
    pub const TAGS_OF_EKS: Self = Self::of("eks", "resourceArn", "arn", &["TagResource", "UntagResource"]);
}

/// Calls to a service by which records name objects of a stack in one place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WatchedCalls {
    /// The service.
    pub service: &'static str,
    /// The place, as in [`ChangingCalls`].
    pub member: &'static str,
    /// Where those records name parts of what they name there.
    pub parts: BTreeSet<&'static str>,
    /// The names of the objects.
    pub names: BTreeSet<String>,
    /// The calls, by the names of their events.
    pub calls: BTreeSet<&'static str>,
}

/// The name under which a record has what stands at a path: the last, but for what EC2 puts texts into.
pub fn member_name(path: &str) -> &str {
    path.trim_end_matches(".content").rsplit('.').next().unwrap_or(path).trim_end_matches("[]")
}

/// One question: what was done under a name in a time.
#[derive(Clone, Debug, PartialEq)]
pub struct AuditQuery {
    /// The service whose calls are meant.
    pub service: &'static str,
    /// The name.
    pub name: String,
    /// The begin of the time.
    pub from: Timestamp,
    /// Its end.
    pub to: Timestamp,
    /// How many times faster than real time the cloud is.
    pub time_scale: f64,
}

/// What was done, as the log has it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AuditRecords {
    /// The records, the newest first.
    pub records: Vec<Value>,
    /// Whether there are older ones that were not asked for.
    pub is_cut: bool,
    /// How many calls that took.
    pub calls: usize,
}
