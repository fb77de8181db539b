//! What makes a deviation graver than its row says: the conditions at the end of `why`.

use serde_json::Value;

use super::look::DeepLook;
use super::path::{text_of, texts};
use super::policies::{
    account_of, allows_everything, allows_nothing, is_cluster_admin, is_open, is_powerful, lets_in_another, policy_of,
    refuses,
};
use super::table::{Aggravation, MemberRow};
use crate::model::finding::Grade;

/// What everybody's addresses are written as.
const EVERYBODY: [&str; 2] = ["0.0.0.0/0", "::/0"];
/// Halves of all addresses: two such routes take the place of a default route.
const HALVES: [&str; 2] = ["0.0.0.0/1", "128.0.0.0/1"];
/// Classes of storage whose objects nobody can read at once (S3 User Guide, "Understanding S3 Glacier storage classes").
const FROZEN: [&str; 2] = ["GLACIER", "DEEP_ARCHIVE"];
/// Codes of health by which EKS says that nothing works any more (EKS API Reference, `ClusterIssue` and `Issue`).
const FATAL: [&str; 8] = [
    "KmsKeyNotFound",
    "KmsKeyDisabled",
    "KmsKeyMarkedForDeletion",
    "KmsGrantRevoked",
    "VpcNotFound",
    "IamRoleNotFound",
    "AutoScalingGroupNotFound",
    "ClusterUnreachable",
];
/// Texts of an answer that say that nothing of ours is carried.
const DEAD: [&str; 12] = [
    "failed",
    "stopped",
    "stopping",
    "deleting",
    "deleted",
    "storage-full",
    "restore-error",
    "inaccessible-encryption-credentials",
    "inaccessible-encryption-credentials-recoverable",
    "incompatible-network",
    "incompatible-restore",
    "insufficient-capacity",
];

/// A change, with what it is judged by.
#[derive(Clone, Copy, Debug)]
pub struct RuleCase<'a> {
    /// The look it was seen in.
    pub look: &'a DeepLook<'a>,
    /// The row it belongs to.
    pub row: &'a MemberRow,
    /// What it was; `None` where that is not known or nothing.
    pub before: Option<&'a Value>,
    /// What it is.
    pub after: &'a Value,
    /// The element of the answer around it, or the same as `after`.
    pub element: &'a Value,
}

impl RuleCase<'_> {
    /// How grave it is, and the rule that makes it so; `None` where the row asks for no finding and no rule holds.
    pub fn weigh(&self) -> Option<(Grade, Option<Aggravation>)> {
        let holding = self.row.rules.iter().filter(|(_, rule)| self.holds(*rule));
        let gravest = holding.max_by_key(|(grade, _)| *grade).map(|(grade, rule)| (*grade, Some(*rule)));
        gravest.or_else(|| self.row.grade.map(|grade| (grade, None)))
    }

    /// Whether a condition holds.
    pub fn holds(&self, rule: Aggravation) -> bool {
        match rule {
            Aggravation::OpenToTheWorld => self.is_open(),
            Aggravation::AnotherAccount => self.names_another_account(),
            Aggravation::EverythingIsAllowed => self.allows_everything(),
            Aggravation::DataIsDeleted => deletes_data(self.element),
            Aggravation::NothingIsServed => self.serves_nothing(),
            Aggravation::Lower => {
                let number = |value: &Value| text_of(value).parse::<f64>().ok();
                let before = self.before.and_then(number);
                before.zip(number(self.after)).is_some_and(|(before, after)| after < before)
            }
            Aggravation::SwitchedOff => text_of(self.after) == "false" || self.has_lost_some(),
            Aggravation::SwitchedOn => text_of(self.after) == "true",
        }
    }

    /// Whether it is a policy, by the member or the field it stands in.
    fn policy(&self) -> Option<&Value> {
        if let Some(other) = self.after.get("other").filter(|other| other.is_object()) {
            return Some(other);
        }
        let is_policy = self.after.get("Statement").is_some()
            || self.after.as_str().is_some_and(|text| text.trim_start().starts_with('{') && text.contains("Statement"));
        is_policy.then_some(self.after)
    }

    fn is_open(&self) -> bool {
        if let Some(policy) = self.policy() {
            return is_open(&policy_of(policy));
        }
        let element = self.element;
        if element.get("IsEgress").is_some() {
            return opens(element);
        }
        if let Some(routes) = element.get("Routes").and_then(Value::as_array) {
            return routes.iter().any(leads_to_the_internet);
        }
        if element.get("DestinationIpv6CidrBlock").is_some() || element.get("DestinationCidrBlock").is_some() {
            return leads_to_the_internet(element);
        }
        if let Some(snapshot) = element.get("DBSnapshotIdentifier") {
            return self.restorers(snapshot).iter().any(|who| who == "all");
        }
        let before = self.before.map(texts).unwrap_or_default();
        let mut new = texts(self.after).into_iter().filter(|text| !before.contains(text));
        new.any(|text| {
            let everybody = text.ends_with("/AllUsers") || text.ends_with("/AuthenticatedUsers") || text == "all";
            let rules = self.look.told_of_any("ec2:DescribeSecurityGroupRules");
            let carried = text.starts_with("sg-")
                && rules.filter(|rule| rule.get("GroupId").and_then(Value::as_str) == Some(text)).any(opens);
            everybody || EVERYBODY.contains(&text) || carried
        })
    }

    fn names_another_account(&self) -> bool {
        let account = self.look.account;
        if let Some(policy) = self.policy() {
            return lets_in_another(&policy_of(policy), account);
        }
        if let Some(owner) = self.look.told(self.row.call).iter().find_map(|root| root.pointer("/Owner/ID")) {
            return texts(self.after).into_iter().any(|id| owner != id);
        }
        if let Some(snapshot) = self.element.get("DBSnapshotIdentifier") {
            return self.restorers(snapshot).iter().any(|who| who != account && who != "all");
        }
        let mut named = texts(self.after);
        named.extend(texts(self.element));
        named.into_iter().any(|text| account_of(text).is_some_and(|other| other != account))
    }

    /// Who may make a database of a snapshot.
    fn restorers(&self, snapshot: &Value) -> Vec<String> {
        let answers = self.look.told("rds:DescribeDBSnapshotAttributes").iter();
        let of_it = answers.filter(|one| one.get("DBSnapshotIdentifier") == Some(snapshot));
        let values = of_it.filter_map(|one| one.get("DBSnapshotAttributes")).filter_map(Value::as_array).flatten();
        values.filter_map(|one| one.get("AttributeValues")).flat_map(texts).map(str::to_owned).collect()
    }

    fn allows_everything(&self) -> bool {
        if let Some(policy) = self.policy() {
            return allows_everything(&policy_of(policy));
        }
        let before = self.before.map(texts).unwrap_or_default();
        texts(self.after).into_iter().filter(|text| !before.contains(text)).any(|text| {
            let inline = self.look.told("iam:GetRolePolicy").iter();
            let mut inline = inline.filter(|one| one.get("PolicyName").and_then(Value::as_str) == Some(text));
            let is_scoped = self.element.pointer("/accessScope/type").is_some_and(|kind| kind == "namespace");
            is_powerful(text)
                || (is_cluster_admin(text) && !is_scoped)
                || text == "system:masters"
                || inline.any(|one| one.get("PolicyDocument").is_some_and(|text| allows_everything(&policy_of(text))))
                || self.may_everything(text)
        })
    }

    /// Whether an identity that has an access entry may do everything in the cluster.
    fn may_everything(&self, principal: &str) -> bool {
        let of_it = |one: &&Value| one.get("principalArn").and_then(Value::as_str) == Some(principal);
        let policies = self.look.told("eks:ListAssociatedAccessPolicies").iter().filter(of_it);
        let listed =
            policies.filter_map(|one| one.get("associatedAccessPolicies")).filter_map(Value::as_array).flatten();
        let mut whole = listed.filter(|one| one.pointer("/accessScope/type").is_none_or(|kind| kind != "namespace"));
        let groups = self.look.told("eks:DescribeAccessEntry").iter().filter(of_it);
        let mut groups = groups.filter_map(|one| one.get("kubernetesGroups")).flat_map(texts);
        whole.any(|one| one.get("policyArn").and_then(Value::as_str).is_some_and(is_cluster_admin))
            || groups.any(|group| group == "system:masters")
    }

    fn has_lost_some(&self) -> bool {
        let after = texts(self.after);
        self.before.map(texts).is_some_and(|before| before.iter().any(|text| !after.contains(text)))
    }

    fn serves_nothing(&self) -> bool {
        if let Some(policy) = self.policy() {
            let policy = policy_of(policy);
            let needs_allow = !matches!(self.row.call, "s3:GetBucketPolicy" | "secretsmanager:GetResourcePolicy");
            return refuses(&policy) || (needs_allow && allows_nothing(&policy));
        }
        let element = self.element;
        if let (Some(actions), Some(conditions)) = (element.get("Actions"), element.get("Conditions")) {
            return takes_everything(conditions) && !self.leads_to_us(actions);
        }
        if let Some(effect) = element.get("effect").and_then(Value::as_str) {
            return effect == "NO_EXECUTE";
        }
        if let Some(process) = element.get("ProcessName") {
            let groups = self.look.told(self.row.call).iter().filter_map(|group| group.get("Instances"));
            let nobody = groups.filter_map(Value::as_array).all(Vec::is_empty);
            return process == "Launch" && nobody;
        }
        if let Some(class) = element.get("StorageClass").and_then(Value::as_str) {
            return FROZEN.contains(&class);
        }
        if let Some(destination) = element.get("DestinationCidrBlock").and_then(Value::as_str) {
            return EVERYBODY.contains(&destination) || HALVES.contains(&destination);
        }
        if ["DesiredCapacity", "MaxSize"].iter().any(|size| element.get(size).is_some_and(|size| text_of(size) == "0"))
        {
            return true;
        }
        if self.row.path.ends_with("NetworkAclId") {
            let lists = self.look.told_of_any("ec2:DescribeNetworkAcls");
            return lists
                .filter(|list| list.get("NetworkAclId") == Some(self.after))
                .filter_map(|list| list.get("Entries"))
                .any(filters_everything);
        }
        if self.row.path == "Entries[].*" {
            return filters_everything(self.after);
        }
        self.is_empty_or_dead()
    }

    /// Whether nothing that was in it is left, or it says of itself that it does nothing.
    fn is_empty_or_dead(&self) -> bool {
        let text = text_of(self.after);
        if self.row.path.ends_with("TargetHealth.State") {
            return !texts(self.after).contains(&"healthy");
        }
        if self.row.path.ends_with("configurationValues") {
            let read: Option<Value> = serde_json::from_str(&text).ok();
            return read.is_some_and(|read| read.get("replicaCount").is_some_and(|count| text_of(count) == "0"));
        }
        let sizes = ["minSize", "MinSize", "desiredSize", "DesiredCapacity"];
        if sizes.iter().any(|size| self.row.path.ends_with(size)) {
            return text == "0";
        }
        let (before, after) = (self.before.map(texts).unwrap_or_default(), texts(self.after));
        let was_list = !before.is_empty() && self.before.is_some_and(Value::is_array);
        let nothing_left = was_list && !self.after.is_string() && before.iter().all(|text| !after.contains(text));
        nothing_left || FATAL.contains(&text.as_str()) || DEAD.contains(&text.to_lowercase().as_str())
    }

    fn leads_to_us(&self, actions: &Value) -> bool {
        texts(actions).into_iter().any(|text| self.look.objects.names("target_group", text))
    }
}

/// Whether a rule of a security group lets everybody in.
fn opens(rule: &Value) -> bool {
    let comes_in = rule.get("IsEgress").is_none_or(|egress| text_of(egress) != "true");
    let peers = ["CidrIpv4", "CidrIpv6"].into_iter().filter_map(|name| rule.get(name)?.as_str());
    comes_in && peers.into_iter().any(|peer| EVERYBODY.contains(&peer))
}

/// Whether a route leads everything to an internet gateway.
fn leads_to_the_internet(route: &Value) -> bool {
    let text = |name: &str| route.get(name).and_then(Value::as_str).unwrap_or_default();
    let all =
        EVERYBODY.contains(&text("DestinationCidrBlock")) || EVERYBODY.contains(&text("DestinationIpv6CidrBlock"));
    all && text("GatewayId").starts_with("igw-")
}

/// Whether an enabled lifecycle rule deletes objects or versions. One that only tidies up delete markers does not.
fn deletes_data(rule: &Value) -> bool {
    let enabled = rule.get("Status").is_none_or(|status| status != "Disabled");
    let expires = |path: &str| rule.pointer(path).is_some_and(|value| !value.is_null());
    let ends = ["/Expiration/Days", "/Expiration/Date", "/NoncurrentVersionExpiration/NoncurrentDays"];
    enabled && ends.into_iter().any(expires)
}

/// Whether conditions of a listener rule fit every request.
fn takes_everything(conditions: &Value) -> bool {
    let every = |condition: &Value| {
        let mut values = texts(condition).into_iter();
        values.any(|value| value == "/*" || value == "*")
    };
    conditions.as_array().is_none_or(|conditions| conditions.iter().all(every))
}

/// Whether the entries of a network access list let nothing in, or nothing out: whichever rule comes first for everybody
/// and everything denies (VPC User Guide, "Network ACL rules").
fn filters_everything(entries: &Value) -> bool {
    let entries: Vec<&Value> = entries.as_array().into_iter().flatten().collect();
    let number = |entry: &Value| entry.get("RuleNumber").map(text_of).and_then(|text| text.parse::<u32>().ok());
    ["true", "false"].into_iter().any(|egress| {
        let way = entries.iter().filter(|entry| entry.get("Egress").is_some_and(|one| text_of(one) == egress));
        let first = way.min_by_key(|entry| number(entry).unwrap_or(u32::MAX));
        first.is_none_or(|entry| {
            let everybody = entry.get("CidrBlock").is_some_and(|block| block == "0.0.0.0/0");
            let denies = entry.get("RuleAction").is_some_and(|action| action == "deny");
            let all = entry.get("Protocol").is_some_and(|protocol| text_of(protocol) == "-1");
            denies && everybody && all
        })
    })
}
