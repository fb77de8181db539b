//! What of members without a fixed default counts, and what is remembered of it.

use std::collections::BTreeSet;

use serde_json::{Map, Value};

use super::look::{Baseline, DeepLook};
use super::path::{FoundMember, as_set, pairs, plain, text_of};
use super::rules::RuleCase;
use super::table::{Aggravation, MemberClass, MemberRow};
use crate::model::document::digest;
use crate::model::finding::Grade;
use crate::model::resource::Known;

/// States in which a machine was taken out of service by somebody; the others pass by themselves (EC2 Auto Scaling User
/// Guide, "Amazon EC2 Auto Scaling instance lifecycle").
const OUT_OF_SERVICE: [&str; 4] = ["EnteringStandby", "Standby", "Detaching", "Detached"];
/// Stages that move with every change of a value (Secrets Manager User Guide, "Versions of a secret").
const MOVING_STAGES: [&str; 2] = ["AWSPREVIOUS", "AWSPENDING"];

/// What the cloud computed and we recorded, by the path that tells it: another value is another object.
const RECORDED: [(&str, &str); 7] = [
    ("RoleId", "unique_id"),
    ("DbiResourceId", "resource_id"),
    ("Endpoint.Address", "address"),
    ("endpoint", "endpoint"),
    ("resourcesVpcConfig.clusterSecurityGroupId", "security_group_id"),
    ("identity.oidc.issuer", "issuer"),
    ("resources.autoScalingGroups[].name", "autoscaling_group"),
];
const DNS_NAME: (&str, &str) = ("DNSName", "dns_name");

/// What of the record an identity is compared with, if it is recorded.
pub fn recorded<'a>(look: &DeepLook<'a>, row: &MemberRow) -> Option<&'a str> {
    let (_, field) = RECORDED.iter().chain([&DNS_NAME]).find(|(path, _)| *path == row.path)?;
    look.computed(field)
}

/// What there is now of a member that has no fixed default; nothing is `null`.
pub fn now(look: &DeepLook<'_>, row: &MemberRow) -> Value {
    let members = || look.members(row).into_iter();
    let unset = |path: &str| row.path == path;
    let found = if unset("VersionIdsToStages{}[]") {
        stages(look, row)
    } else if is_catch_all(row) {
        unclassed(look, row)
    } else if unset("Instances[].LifecycleState") {
        as_set(
            members()
                .filter_map(|one| plain(one.value))
                .filter(|state| OUT_OF_SERVICE.contains(&text_of(state).as_str())),
        )
    } else if unset("MaxAllocatedStorage") {
        let off = |one: &FoundMember<'_>| {
            let limit = text_of(one.value);
            limit == "0" || one.element.get("AllocatedStorage").is_some_and(|size| text_of(size) == limit)
        };
        as_set(members().filter(|one| !off(one)).filter_map(|one| plain(one.value)))
    } else if unset("Entries[].*") {
        // Of the list that came with the network; any other is somebody's, and its subnets tell it.
        let default = |root: &&Value| root.get("IsDefault").is_some_and(|one| text_of(one) == "true");
        let lists = look.told(row.call).iter().filter(default).flat_map(|root| row.place.find(root));
        as_set(lists.filter_map(|one| plain(one.value)))
    } else if row.call == "iam:ListPolicyVersions" {
        let waits = |element: &Value| element.get("IsDefaultVersion").is_none_or(|one| text_of(one) != "true");
        as_set(members().filter(|one| waits(one.element)).filter_map(|one| plain(one.value)))
    } else {
        as_set(members().filter_map(|one| plain(one.value)))
    };
    match found {
        None => Value::Null,
        Some(Value::Array(mut one)) if one.len() == 1 && !unset("Entries[].*") => one.remove(0),
        Some(found) => found,
    }
}

/// Whether a row stands for every key of a list of pairs that no other row names.
pub fn is_catch_all(row: &MemberRow) -> bool {
    matches!(row.class, MemberClass::Baseline) && row.path == "Attributes[]"
}

/// The version under each stage that does not move by itself, nor when a password is made anew.
fn stages(look: &DeepLook<'_>, row: &MemberRow) -> Option<Value> {
    let roots = look.told(row.call).iter().filter_map(|root| root.get("VersionIdsToStages")?.as_object());
    let staged = roots.flatten().flat_map(|(version, stages)| {
        let stages = stages.as_array().into_iter().flatten().filter_map(Value::as_str);
        stages.map(|stage| (stage.to_owned(), Value::from(version.as_str()))).collect::<Vec<_>>()
    });
    let moves = |stage: &str| MOVING_STAGES.contains(&stage) || (stage == "AWSCURRENT" && look.is_password());
    let kept: Map<String, Value> = staged.filter(|(stage, _)| !moves(stage)).collect();
    (!kept.is_empty()).then_some(Value::Object(kept))
}

fn unclassed(look: &DeepLook<'_>, row: &MemberRow) -> Option<Value> {
    let classed: BTreeSet<&str> = look.table.of_call(row.call).filter_map(|row| row.place.key()).collect();
    let all = look.told(row.call).iter().filter_map(|root| root.get("Attributes")).flat_map(pairs);
    let kept: Map<String, Value> = all.filter(|(key, _)| !classed.contains(key.as_str())).collect();
    (!kept.is_empty()).then_some(Value::Object(kept))
}

/// What was seen before and is another now, both sides; of keys that nobody classed, those that are known and differ.
pub fn moved(look: &DeepLook<'_>, row: &MemberRow) -> Option<(Value, Value)> {
    // Where nothing is told of the object it is gone, which is told by itself.
    let before = look.baseline.get(&row.key()).filter(|_| !look.told(row.call).is_empty())?;
    let now = now(look, row);
    if is_catch_all(row) {
        let (before, now) = (before.as_object()?, now.as_object()?);
        let other = |key: &String| now.get(key).is_some_and(|value| plain(value) != before.get(key).and_then(plain));
        let keys: Vec<&String> = before.keys().filter(|key| other(key)).collect();
        let side = |side: &Map<String, Value>| {
            let kept =
                side.iter().filter(|(key, _)| keys.contains(key)).map(|(key, value)| (key.clone(), value.clone()));
            Value::Object(kept.collect())
        };
        return (!keys.is_empty()).then(|| (side(before), side(now)));
    }
    (plain(before) != plain(&now)).then(|| (before.clone(), now))
}

/// Whether a row is compared with what was seen before.
pub fn is_remembered(look: &DeepLook<'_>, row: &MemberRow) -> bool {
    match row.class {
        MemberClass::Baseline => true,
        MemberClass::ByAws => row.grade.is_some(),
        MemberClass::Identity => row.grade.is_some() && recorded(look, row).is_none(),
        MemberClass::Tracked(_)
        | MemberClass::Default(_)
        | MemberClass::Extra { .. }
        | MemberClass::Lifecycle(_)
        | MemberClass::Ignored
        | MemberClass::Root(_) => false,
    }
}

/// Under which the record of the object is remembered, by its digest. The keys of members have a call in them.
const RECORD: &str = "record";

/// Whether what is remembered is about the object as it is recorded now. An apply that makes another one, or takes another
/// one over under the same name, records what the cloud computed for that.
pub fn is_about(baseline: &Baseline, recorded: Option<&Known>) -> bool {
    baseline.get(RECORD).is_none_or(|before| Some(before) == recorded.map(record).as_ref())
}

fn record(known: &Known) -> Value {
    Value::from(digest(known.computed.canonical().as_bytes()))
}

/// Where the targets of a group say how they are: none at all is told as well.
const TARGETS: &str = "TargetHealth.State";

/// Of what the cloud moves: that nothing is served any more, how grave that is, and by which rule. Targets that were never
/// seen to serve have not stopped: of a stack without its chart all of them are unhealthy.
pub fn stopped(look: &DeepLook<'_>, row: &MemberRow) -> Option<(Grade, Aggravation)> {
    let holds = |value: &Value| {
        let case = RuleCase { look, row, before: None, after: value, element: value };
        let is_told = !value.is_null() || row.path == TARGETS;
        row.rules.iter().filter(|(_, rule)| is_told && case.holds(*rule)).max_by_key(|(grade, _)| *grade).copied()
    };
    let has_served = match look.baseline.get(&row.key()) {
        Some(before) => holds(before).is_none(),
        None => row.path != TARGETS,
    };
    holds(&now(look, row)).filter(|_| has_served)
}

/// What is to be remembered of an object after a look: what was remembered, and what was seen for the first time; of what
/// the cloud moves, what there is now, unless nothing is served any more. What could not be read, or was not asked for,
/// stays as it was.
pub fn baseline_of(look: &DeepLook<'_>) -> Baseline {
    let mut baseline = look.baseline.clone();
    if let Some(known) = look.recorded() {
        baseline.insert(RECORD.to_owned(), record(known));
    }
    for row in look.table.rows.iter().filter(|row| !look.told(row.call).is_empty() && is_remembered(look, row)) {
        let now = now(look, row);
        match (baseline.get_mut(&row.key()), now) {
            (None, now) => drop(baseline.insert(row.key(), now)),
            (Some(known), now) if matches!(row.class, MemberClass::ByAws) => {
                if stopped(look, row).is_none() {
                    *known = now;
                }
            }
            (Some(Value::Object(known)), Value::Object(now)) if is_catch_all(row) => {
                for (key, value) in now {
                    known.entry(key).or_insert(value);
                }
            }
            (Some(_), _) => {}
        }
    }
    baseline
}
