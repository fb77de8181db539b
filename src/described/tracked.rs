//! How grave it is that a field of ours changed, whoever found that out, and what a plan does not compare.

use serde_json::Value;

use super::look::DeepLook;
use super::path::{plain, text_of, texts};
use super::rules::RuleCase;
use super::table::{Aggravation, MemberClass, MemberRow};
use crate::model::finding::Grade;

/// Members by which a field is compared and that a plan does not read: they are compared with the record here.
pub const NOT_IN_A_PLAN: [(&str, &str); 5] = [
    ("autoscaling:DescribeAutoScalingGroups", "MinSize"),
    ("autoscaling:DescribeAutoScalingGroups", "MaxSize"),
    ("autoscaling:DescribeAutoScalingGroups", "VPCZoneIdentifier"),
    ("rds:DescribeDBInstances", "PendingModifiedValues.DBInstanceIdentifier"),
    ("rds:DescribeDBInstances", "PendingModifiedValues.DBSubnetGroupName"),
];

/// Under which RDS tells what is ordered and waits for its time.
const PENDING: &str = "PendingModifiedValues.";

/// How a change of a field is to be told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TrackedVerdict {
    /// How grave it is.
    pub grade: Grade,
    /// The rule that makes it so.
    pub rule: Option<Aggravation>,
    /// Why it matters, from the table.
    pub why: &'static str,
}

/// How grave it is that the field at `path` (`backup_days`, `health_check.matcher`) is `after` and was recorded as
/// `before`. References may stand in both. `None` for a field that no answer tells.
pub fn severity_of(look: &DeepLook<'_>, path: &str, before: &Value, after: &Value) -> Option<TrackedVerdict> {
    let (field, part) = path.split_once('.').unwrap_or((path, ""));
    let (before, after) = (look.objects.resolved(before), look.objects.resolved(after));
    let rows = rows(look, field, part, &before, &after);
    let after = if is_rules(field) { added_rules(&before, after) } else { after };
    let verdicts = rows.into_iter().filter_map(|row| {
        let before = (!is_rules(field)).then_some(&before);
        let case = RuleCase { look, row, before, after: &after, element: &after };
        let mut weighed = case.weigh()?;
        // What may go out lets nobody in.
        if field == "egress" && weighed.1 == Some(Aggravation::OpenToTheWorld) {
            weighed = (row.grade?, None);
        }
        Some(TrackedVerdict { grade: weighed.0, rule: weighed.1, why: row.why })
    });
    verdicts.max_by_key(|verdict| verdict.grade)
}

fn is_rules(field: &str) -> bool {
    matches!(field, "ingress" | "egress")
}

/// The rows that a change of a field is about.
fn rows<'a>(look: &DeepLook<'a>, field: &str, part: &str, before: &Value, after: &Value) -> Vec<&'a MemberRow> {
    // What is ordered and waits is told by the kind; here it is what stands.
    let stands = |row: &&MemberRow| tracks(row, field) && !row.path.starts_with(PENDING);
    let all: Vec<&MemberRow> = look.table.rows.iter().filter(stands).collect();
    let is_extra = |row: &&&MemberRow| matches!(row.class, MemberClass::Extra { .. });
    if is_rules(field) {
        let of_description = |row: &&&MemberRow| row.path == "Description";
        let described = without_descriptions(before) == without_descriptions(after);
        return all.iter().filter(|row| of_description(row) == described).copied().collect();
    }
    if part.is_empty() && is_more(before, after) && all.iter().any(|row| is_extra(&row)) {
        // A way to the internet is a way in, on a table that has none.
        let opens = texts(after).iter().any(|text| text.starts_with("igw-") && !texts(before).contains(text));
        let counts = |row: &&&MemberRow| is_extra(row) || (opens && row.path == "Routes[].GatewayId");
        return all.iter().filter(counts).copied().collect();
    }
    let words: Vec<&str> = part.split(['.', '_']).collect();
    let fits = |row: &&&MemberRow| {
        let path: String = row.path.chars().filter(char::is_ascii_alphanumeric).collect::<String>().to_lowercase();
        !part.is_empty() && words.iter().all(|word| path.contains(word))
    };
    let fitting: Vec<&MemberRow> = all.iter().filter(fits).copied().collect();
    if fitting.is_empty() { all } else { fitting }
}

fn tracks(row: &MemberRow, field: &str) -> bool {
    match &row.class {
        MemberClass::Tracked(fields) => fields.contains(&field),
        MemberClass::Extra { ours, .. } => *ours == Some(field),
        MemberClass::Default(_)
        | MemberClass::Baseline
        | MemberClass::ByAws
        | MemberClass::Lifecycle(_)
        | MemberClass::Identity
        | MemberClass::Ignored
        | MemberClass::Root(_) => false,
    }
}

/// Of a list of rules those that are new.
fn added_rules(before: &Value, after: Value) -> Value {
    let known: Vec<Value> = before.as_array().into_iter().flatten().map(without_descriptions).collect();
    match after {
        Value::Array(rules) => rules.into_iter().filter(|rule| !known.contains(&without_descriptions(rule))).collect(),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Object(_) => after,
    }
}

fn without_descriptions(value: &Value) -> Value {
    match value {
        Value::Array(items) => Value::Array(items.iter().map(without_descriptions).collect()),
        Value::Object(map) => {
            let kept = map.iter().filter(|(name, _)| *name != "description");
            Value::Object(kept.map(|(name, value)| (name.clone(), value.clone())).collect())
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => value.clone(),
    }
}

/// Whether everything of one value is in the other, and more.
fn is_more(before: &Value, after: &Value) -> bool {
    match (before, after) {
        (Value::Array(before), Value::Array(after)) => before.iter().all(|one| after.contains(one)),
        (Value::Object(before), Value::Object(after)) => {
            before.iter().all(|(key, value)| after.get(key) == Some(value))
        }
        (Value::Null, _) => true,
        (Value::Array(_) | Value::Object(_) | Value::Bool(_) | Value::Number(_) | Value::String(_), _) => false,
    }
}

/// What of a member that no plan reads is not as recorded: both sides.
pub fn differs(look: &DeepLook<'_>, row: &MemberRow) -> Option<(Value, Value)> {
    let (MemberClass::Tracked(fields), true) = (&row.class, NOT_IN_A_PLAN.contains(&(row.call, row.path))) else {
        return None;
    };
    let wanted = fields.first().and_then(|field| look.declared().get(field).cloned())?;
    let found = look.members(row).into_iter().find_map(|found| plain(found.value).map(|_| found.value.clone()))?;
    // EKS raises the limit while it replaces nodes (EKS User Guide, "Understand each phase of node updates").
    let updates =
        look.told("eks:DescribeNodegroup").iter().any(|one| one.get("status").is_some_and(|one| one == "UPDATING"));
    if updates && row.path == "MaxSize" {
        return None;
    }
    let found = if row.path == "VPCZoneIdentifier" {
        Value::from(text_of(&found).split(',').map(str::trim).map(Value::from).collect::<Vec<_>>())
    } else {
        found
    };
    (plain(&wanted) != plain(&found)).then_some((wanted, found))
}
