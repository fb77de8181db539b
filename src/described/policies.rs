//! What a policy lets in, allows and refuses, where that can be told from its text alone.
//!
//! The words are those of the IAM JSON policy elements reference (IAM User Guide): a principal `*` is everybody, and the
//! condition keys that narrow it are those by which S3 and KMS tell that a policy is not public (S3 User Guide, "The
//! meaning of public"; IAM User Guide, "AWS global condition context keys").

use std::collections::BTreeSet;

use serde_json::{Map, Value};

use crate::model::document::canonical;
use crate::model::policy::Policy;

/// Condition keys that leave of everybody only those the owner named.
const NARROWS: [&str; 16] = [
    "aws:principalaccount",
    "aws:principalarn",
    "aws:principalorgid",
    "aws:principalorgpaths",
    "aws:sourceaccount",
    "aws:sourcearn",
    "aws:sourceowner",
    "aws:sourceip",
    "aws:sourcevpc",
    "aws:sourcevpcarn",
    "aws:sourcevpce",
    "aws:sourceorgid",
    "aws:userid",
    "kms:calleraccount",
    "kms:viaservice",
    "s3:dataaccesspointaccount",
];

/// Policies of AWS that allow every action, or nearly, on everything (AWS Managed Policy Reference Guide).
const POWERFUL: [&str; 3] = ["AdministratorAccess", "PowerUserAccess", "AWSCloudShellAdministrator"];

/// Policies of AWS with this ending allow every action of a service on everything, as `AmazonS3FullAccess` does.
const FULL: &str = "FullAccess";

/// The policy of EKS that allows everything in a cluster (EKS User Guide, "Review access policy permissions").
const CLUSTER_ADMIN: &str = "AmazonEKSClusterAdminPolicy";

/// Without one of these the program does not work: packages are read, keys decrypt, passwords are read.
const NEEDED: [&str; 4] = ["s3:getobject", "s3:listbucket", "kms:decrypt", "secretsmanager:getsecretvalue"];

/// A policy of an answer, whether it is given as text or as JSON.
pub fn policy_of(value: &Value) -> Policy {
    value.as_str().map_or_else(|| Policy::new(value), Policy::parse)
}

/// What a policy says, without what does not change it: names of statements, and the version where nothing in it depends
/// on one (IAM User Guide, "IAM JSON policy elements: Version": variables do).
pub fn meaning(value: &Value) -> Policy {
    let mut document = policy_of(value).document().clone();
    if let Some(map) = document.as_object_mut() {
        map.remove("Id");
        if let Some(Value::Array(statements)) = map.get_mut("Statement") {
            for statement in statements.iter_mut().filter_map(Value::as_object_mut) {
                statement.remove("Sid");
            }
        }
        if !canonical(&Value::Object(map.clone())).contains("${") {
            map.remove("Version");
        }
    }
    Policy::new(&document)
}

/// Whether it lets everybody in.
pub fn is_open(policy: &Policy) -> bool {
    allowing(policy).any(|statement| {
        let everybody = principals(statement).contains("*") || statement.contains_key("NotPrincipal");
        everybody && !is_narrowed(statement)
    })
}

/// Whether it lets in another account than `account`.
pub fn lets_in_another(policy: &Policy, account: &str) -> bool {
    allowing(policy).flat_map(principals).any(|principal| account_of(&principal).is_some_and(|other| other != account))
}

/// Whether it allows every action, or every action of a service, on everything.
pub fn allows_everything(policy: &Policy) -> bool {
    allowing(policy).any(|statement| {
        let actions = listed(statement, "Action");
        let every = actions.iter().any(|action| *action == "*" || action.ends_with(":*"));
        let resources = listed(statement, "Resource");
        let everything = resources.contains(&"*") || statement.contains_key("NotResource");
        (every || statement.contains_key("NotAction")) && everything
    })
}

/// Whether it refuses everybody, without a condition, what the program cannot do without.
pub fn refuses(policy: &Policy) -> bool {
    statements(policy).any(|statement| {
        let nearly =
            statement.contains_key("NotAction") || listed(statement, "Action").iter().any(|one| is_needed(one));
        let everybody = !statement.contains_key("Principal") || principals(statement).contains("*");
        is(statement, "Deny") && nearly && everybody && !statement.contains_key("Condition")
    })
}

/// Whether it allows nothing at all, where what is not allowed is refused.
pub fn allows_nothing(policy: &Policy) -> bool {
    allowing(policy).next().is_none()
}

/// Whether a policy of AWS with this ARN allows everything, by its name.
pub fn is_powerful(arn: &str) -> bool {
    let Some((owner, name)) = arn.rsplit_once('/') else { return false };
    let by_aws = owner.ends_with("::aws:policy") || owner.contains("::aws:policy/");
    by_aws && (POWERFUL.contains(&name) || name.ends_with(FULL))
}

/// Whether an access policy of EKS with this ARN allows everything in what it counts for.
pub fn is_cluster_admin(arn: &str) -> bool {
    arn.contains(":cluster-access-policy/") && arn.rsplit('/').next() == Some(CLUSTER_ADMIN)
}

/// The account in an ARN, or the text itself where it is a bare number of an account.
pub fn account_of(text: &str) -> Option<&str> {
    let is_account = |text: &&str| text.len() == 12 && text.bytes().all(|b| b.is_ascii_digit());
    let part = if text.starts_with("arn:") { text.split(':').nth(4)? } else { text };
    Some(part).filter(is_account)
}

fn statements(policy: &Policy) -> impl Iterator<Item = &Map<String, Value>> {
    policy.document().get("Statement").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_object)
}

fn allowing(policy: &Policy) -> impl Iterator<Item = &Map<String, Value>> {
    statements(policy).filter(|statement| is(statement, "Allow"))
}

fn is(statement: &Map<String, Value>, effect: &str) -> bool {
    statement.get("Effect").and_then(Value::as_str) == Some(effect)
}

fn listed<'p>(statement: &'p Map<String, Value>, key: &str) -> Vec<&'p str> {
    let items = statement.get(key).and_then(Value::as_array).into_iter().flatten();
    items.filter_map(Value::as_str).collect()
}

fn principals(statement: &Map<String, Value>) -> BTreeSet<String> {
    let who = statement.get("Principal").and_then(Value::as_object);
    let accounts = who.and_then(|who| who.get("AWS")).and_then(Value::as_array).into_iter().flatten();
    accounts.filter_map(Value::as_str).map(str::to_owned).collect()
}

fn is_narrowed(statement: &Map<String, Value>) -> bool {
    let operators = statement.get("Condition").and_then(Value::as_object).into_iter().flatten();
    let mut demands = operators.filter(|(operator, _)| !operator.contains("Not") && !operator.ends_with("IfExists"));
    demands.any(|(_, keys)| {
        keys.as_object().into_iter().flatten().any(|(key, values)| {
            let everything = |value: &Value| matches!(value.as_str(), Some("*" | "0.0.0.0/0" | "::/0"));
            let open = values.as_array().is_some_and(|values| values.iter().any(everything));
            NARROWS.contains(&key.to_lowercase().as_str()) && !open
        })
    })
}

/// Whether a pattern of actions holds one that is needed.
fn is_needed(pattern: &str) -> bool {
    let pattern = pattern.to_lowercase();
    NEEDED.iter().any(|action| match pattern.split_once('*') {
        Some((start, rest)) => action.starts_with(start) && rest.is_empty(),
        None => *action == pattern,
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn policy(statement: &Value) -> Policy {
        Policy::new(&json!({"Version": "2012-10-17", "Statement": [statement]}))
    }

    #[test]
    fn what_a_policy_lets_in_and_allows() {
        let open = policy(&json!({"Effect": "Allow", "Principal": "*", "Action": "s3:GetObject", "Resource": "x"}));
        assert!(is_open(&open) && !lets_in_another(&open, "111122223333"));
        for (operator, key, value, still) in [
            ("StringEquals", "aws:PrincipalOrgID", "o-1", false),
            ("StringLike", "aws:PrincipalArn", "*", true),
            ("IpAddress", "aws:SourceIp", "0.0.0.0/0", true),
            ("StringNotEquals", "aws:PrincipalOrgID", "o-1", true),
            ("Bool", "aws:SecureTransport", "true", true),
        ] {
            let narrowed = json!({"Effect": "Allow", "Principal": "*", "Action": "a:b", "Resource": "x",
                "Condition": {operator: {key: value}}});
            assert_eq!(is_open(&policy(&narrowed)), still, "{key}");
        }
        let other = json!({"Effect": "Allow", "Principal": {"AWS": "arn:aws:iam::999988887777:root"}, "Action": "a:b"});
        assert!(lets_in_another(&policy(&other), "111122223333") && !lets_in_another(&policy(&other), "999988887777"));
        for (action, resource, all) in
            [("*", "*", true), ("s3:*", "*", true), ("s3:Get*", "*", false), ("*", "a", false)]
        {
            let one = policy(&json!({"Effect": "Allow", "Action": action, "Resource": resource}));
            assert_eq!(allows_everything(&one), all, "{action} {resource}");
        }
        let but = policy(&json!({"Effect": "Allow", "NotAction": ["iam:*"], "Resource": "*"}));
        assert!(allows_everything(&but));
        assert!(!allows_everything(&policy(&json!({"Effect": "Deny", "Action": "*", "Resource": "*"}))));
    }

    #[test]
    fn what_a_policy_refuses() {
        let deny =
            |action: &str| policy(&json!({"Effect": "Deny", "Principal": "*", "Action": action, "Resource": "*"}));
        assert!(refuses(&deny("*")) && refuses(&deny("s3:*")) && refuses(&deny("kms:Decrypt")));
        assert!(!refuses(&deny("s3:DeleteBucket")));
        let tls = json!({"Effect": "Deny", "Principal": "*", "Action": "s3:*", "Resource": "*",
            "Condition": {"Bool": {"aws:SecureTransport": "false"}}});
        assert!(!refuses(&policy(&tls)) && allows_nothing(&policy(&tls)));
    }

    #[test]
    fn policies_of_aws_are_known_by_name() {
        assert!(is_powerful("arn:aws:iam::aws:policy/AdministratorAccess"));
        assert!(is_powerful("arn:aws-cn:iam::aws:policy/AmazonS3FullAccess"));
        assert!(!is_powerful("arn:aws:iam::aws:policy/AmazonEKSWorkerNodePolicy"));
        assert!(!is_powerful("arn:aws:iam::111122223333:policy/AdministratorAccess"), "anybody may use the name");
        assert!(is_cluster_admin("arn:aws:eks::aws:cluster-access-policy/AmazonEKSClusterAdminPolicy"));
        assert!(!is_cluster_admin("arn:aws:eks::aws:cluster-access-policy/AmazonEKSViewPolicy"));
    }

    #[test]
    fn one_meaning_has_many_spellings() {
        let one = json!(
            "{\"Version\":\"2008-10-17\",\"Statement\":{\"Sid\":\"a\",\"Effect\":\"Allow\",\"Principal\":\"*\",\"Action\":\"*\",\"Resource\":\"*\"}}"
        );
        let other = json!({"Statement": [{"Effect": "Allow", "Principal": {"AWS": ["*"]}, "Action": ["*"], "Resource": ["*"]}]});
        assert_eq!(meaning(&one), meaning(&other));
    }
}
