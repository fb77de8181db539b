//! From the rows of the table to statements, and from statements to documents that IAM takes.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use super::{PolicyPurpose, StackScope, Target, table};

/// Characters of a managed policy, white space not counted ("IAM and AWS STS quotas"). All policies within one role have
/// 10,240 together.
pub const IAM_LIMIT: usize = 6144;

/// A policy that IAM takes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PolicyDocument {
    /// Its name in IAM.
    pub name: String,
    /// Its text.
    pub policy: Value,
}

/// The statements of a purpose, without what the state needs.
pub(super) fn statements(scope: &StackScope, purpose: PolicyPurpose) -> Vec<Value> {
    let mut by_target: BTreeMap<Target, BTreeSet<&str>> = BTreeMap::new();
    let mut making = BTreeSet::new();
    for row in table::all().filter(|row| row.is_for(scope, purpose)) {
        for target in row.targets() {
            by_target.entry(*target).or_default().insert(row.action);
        }
        if row.targets().iter().any(|target| matches!(target, Target::NewInEc2 | Target::NewRules)) {
            making.insert(row.parts().1);
        }
    }
    let making: Vec<&str> = making.into_iter().collect();
    let statements = by_target.into_iter().filter_map(|(target, actions)| {
        let target = target.of(scope, &making);
        // What nobody made is not there to be allowed.
        if target.resources.is_empty() {
            return None;
        }
        let mut statement = json!({
            "Sid": target.id,
            "Effect": "Allow",
            "Action": one_or_all(&actions.into_iter().map(str::to_owned).collect::<Vec<_>>()),
            "Resource": one_or_all(&target.resources),
        });
        if let Some(condition) = target.condition {
            statement["Condition"] = condition;
        }
        Some(statement)
    });
    statements.collect()
}

/// How much of IAM's limit a policy takes.
pub fn characters(policy: &Value) -> usize {
    policy.to_string().chars().filter(|c| !c.is_whitespace()).count()
}

/// A policy as documents that IAM takes, called `name`, or `name-1` and so on where it takes several.
pub fn split(policy: &Value, name: &str) -> Vec<PolicyDocument> {
    let statements = policy["Statement"].as_array().map(Vec::as_slice).unwrap_or_default();
    let mut parts: Vec<Vec<Value>> = Vec::new();
    for statement in statements {
        let fits = |part: &&mut Vec<Value>| {
            let larger: Vec<Value> = part.iter().chain([statement]).cloned().collect();
            characters(&super::whole(&larger)) <= IAM_LIMIT
        };
        match parts.iter_mut().find(fits) {
            Some(part) => part.push(statement.clone()),
            None => parts.push(vec![statement.clone()]),
        }
    }
    let is_alone = parts.len() == 1;
    let documents = parts.into_iter().enumerate().map(|(number, part)| PolicyDocument {
        name: if is_alone { name.to_owned() } else { format!("{name}-{}", number + 1) },
        policy: super::whole(&part),
    });
    documents.collect()
}

/// One text alone, several as a list.
fn one_or_all(texts: &[String]) -> Value {
    match texts {
        [one] => json!(one),
        all => json!(all),
    }
}
