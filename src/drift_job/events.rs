//! Rules of Amazon `EventBridge` on the calls that change objects of a stack: their patterns, and what of an event they pass
//! on to the task that looks at those objects.
//!
//! Promises: each pattern is within the default quota of its size; whatever names a recorded object where the kinds say that
//! calls name it is matched, unless it was refused or is a call of this program. What is passed on is names alone:
//! `EventBridge` does not escape what it puts into a text ("Amazon `EventBridge` input transformation", User Guide), and in
//! those AWS allows nothing that would need it.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value, json};

use crate::audit::{DETAIL_TYPE, OURS};
use crate::model::audit::{WatchedCalls, member_name};
use crate::model::document::canonical;

/// The variable in which the task finds the event.
pub(super) const VARIABLE: &str = "PPM_INFRA_EVENT";

/// The size of a pattern, in characters ("Amazon `EventBridge` quotas", User Guide; it can be raised).
const PATTERN: usize = 2048;

/// So many elements of a list are passed on.
const LISTED: usize = 8;

/// What is passed on of every event beside what it names, and where it stands there.
const ALWAYS: [(&str, &str); 11] = [
    ("call", "eventName"),
    ("source", "eventSource"),
    ("at", "eventTime"),
    ("id", "eventID"),
    ("from", "sourceIPAddress"),
    ("type", "userIdentity.type"),
    ("arn", "userIdentity.arn"),
    ("account", "userIdentity.accountId"),
    ("user", "userIdentity.userName"),
    ("service", "userIdentity.invokedBy"),
    ("role", "userIdentity.sessionContext.sessionIssuer.userName"),
];

/// A rule.
#[derive(Clone, Debug)]
pub(super) struct EventRule {
    /// Words that tell it from the others of a stack: its service and a number.
    pub(super) name: String,
    /// Which events it is about.
    pub(super) pattern: Value,
    /// What it passes on of an event, by variable.
    pub(super) paths: BTreeMap<String, String>,
    /// The text that the task is started with, with those variables.
    pub(super) template: String,
}

/// Rules on these calls for a task whose container has the name `container`.
pub(super) fn rules(watched: &[WatchedCalls], container: &str) -> Vec<EventRule> {
    let mut services: BTreeMap<&str, Vec<WatchedCalls>> = BTreeMap::new();
    for one in watched {
        services.entry(one.service).or_default().extend(within_bounds(one));
    }
    let mut all = Vec::new();
    for (service, calls) in services {
        let mut groups: Vec<Vec<WatchedCalls>> = Vec::new();
        for one in calls {
            match groups.last_mut() {
                Some(group) if fits(&[group.as_slice(), std::slice::from_ref(&one)].concat()) => group.push(one),
                Some(_) | None => groups.push(vec![one]),
            }
        }
        let numbered = (1..).zip(&groups).map(|(n, group)| EventRule::of(format!("{service}-{n}"), group, container));
        all.extend(numbered);
    }
    all
}

fn fits(group: &[WatchedCalls]) -> bool {
    canonical(&pattern(group)).len() <= PATTERN
}

/// The same in as many parts as it takes so that each fits into a pattern.
fn within_bounds(one: &WatchedCalls) -> Vec<WatchedCalls> {
    if one.names.len() < 2 || fits(std::slice::from_ref(one)) {
        return vec![one.clone()];
    }
    let names: Vec<&String> = one.names.iter().collect();
    let halves = names.chunks(names.len().div_ceil(2));
    let part = |names: &[&String]| WatchedCalls { names: names.iter().copied().cloned().collect(), ..one.clone() };
    halves.map(part).flat_map(|half| within_bounds(&half)).collect()
}

/// The pattern of calls to one service ("Comparison operators for use in event patterns", User Guide).
fn pattern(group: &[WatchedCalls]) -> Value {
    let service = group.first().map_or("", |one| one.service);
    let calls: BTreeSet<&str> = group.iter().flat_map(|one| one.calls.iter().copied()).collect();
    let named = group.iter().map(|one| json!({"requestParameters": nested(one.member, json!(one.names))}));
    let mut detail = json!({
        "eventSource": [format!("{service}.amazonaws.com")],
        "eventName": calls,
        "errorCode": [{"exists": false}],
        "userAgent": [{"anything-but": {"wildcard": format!("*{OURS}*")}}],
    });
    match named.collect::<Vec<Value>>().as_slice() {
        [one] => detail["requestParameters"] = one["requestParameters"].clone(),
        several => detail["$or"] = json!(several),
    }
    json!({"source": [format!("aws.{service}")], "detail-type": [DETAIL_TYPE], "detail": detail})
}

/// A value at a path.
fn nested(path: &str, value: Value) -> Value {
    path.replace("[]", "").rsplit('.').fold(value, |inner, name| json!({name: inner}))
}

impl EventRule {
    fn of(name: String, group: &[WatchedCalls], container: &str) -> Self {
        let mut paths: BTreeMap<String, String> =
            ALWAYS.iter().map(|(name, path)| ((*name).to_owned(), format!("$.detail.{path}"))).collect();
        let members: BTreeSet<&str> =
            group.iter().flat_map(|one| [one.member].into_iter().chain(one.parts.iter().copied())).collect();
        let mut request: BTreeMap<&str, Vec<String>> = BTreeMap::new();
        for path in members.into_iter().flat_map(|member| places(member).into_iter().map(move |path| (member, path))) {
            let (member, path) = path;
            let variable = format!("n{}", paths.len());
            request.entry(member_name(member)).or_default().push(format!("<{variable}>"));
            paths.insert(variable, format!("$.detail.requestParameters.{path}"));
        }
        let mut detail = json!({"requestParameters": request});
        for (variable, path) in ALWAYS {
            put(&mut detail, path, format!("<{variable}>"));
        }
        let event = canonical(&json!({"detail-type": DETAIL_TYPE, "detail": detail}));
        let environment = json!([{"name": VARIABLE, "value": event}]);
        let template = canonical(&json!({"containerOverrides": [{"name": container, "environment": environment}]}));
        Self { name, pattern: pattern(group), paths, template }
    }
}

/// Where texts stand of a member that is a list, or has one: at its first places.
fn places(member: &str) -> Vec<String> {
    match member.split_once("[]") {
        None => vec![member.to_owned()],
        Some((list, rest)) => (0..LISTED).map(|n| format!("{list}[{n}]{rest}")).collect(),
    }
}

fn put(within: &mut Value, path: &str, text: String) {
    let (name, rest) = path.split_once('.').unwrap_or((path, ""));
    if rest.is_empty() {
        within[name] = json!(text);
        return;
    }
    if within.get(name).is_none() {
        within[name] = Value::Object(Map::new());
    }
    put(&mut within[name], rest, text);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn watched(service: &'static str, member: &'static str, names: usize) -> WatchedCalls {
        WatchedCalls {
            service,
            member,
            parts: BTreeSet::new(),
            names: (0..names).map(|n| format!("{member}-{n:017}")).collect(),
            calls: BTreeSet::from(["CreateTags"]),
        }
    }

    /// Every text in a value.
    fn texts(value: &Value) -> Vec<String> {
        match value {
            Value::String(text) => vec![text.clone()],
            Value::Array(items) => items.iter().flat_map(texts).collect(),
            Value::Object(members) => members.values().flat_map(texts).collect(),
            Value::Number(_) | Value::Bool(_) | Value::Null => Vec::new(),
        }
    }

    #[test]
    fn what_is_too_much_for_one_pattern_stands_in_several() {
        let all = [watched("ec2", "vpcId", 1), watched("ec2", "resourceId", 300), watched("s3", "bucketName", 1)];
        let rules = rules(&all, "c");
        assert!(rules.len() > 4, "{}", rules.len());
        let names: BTreeSet<&str> = rules.iter().map(|rule| rule.name.as_str()).collect();
        assert_eq!(names.len(), rules.len());
        let said: BTreeSet<String> = rules.iter().flat_map(|rule| texts(&rule.pattern)).collect();
        assert!(all.iter().flat_map(|one| &one.names).all(|name| said.contains(name)));
        for rule in &rules {
            assert!(canonical(&rule.pattern).len() <= PATTERN, "{}", rule.name);
            assert!(rule.template.len() <= 8192 && rule.paths.len() <= 100, "InputTransformer, API Reference");
        }
    }

    #[test]
    fn several_places_are_alternatives_and_one_is_none() {
        let one = pattern(&[watched("ec2", "a[].b", 1)]);
        assert_eq!(one["detail"]["requestParameters"], json!({"a": {"b": ["a[].b-00000000000000000"]}}));
        let two = pattern(&[watched("ec2", "a", 1), watched("ec2", "b", 1)]);
        assert_eq!(two["detail"]["$or"].as_array().map(Vec::len), Some(2));
        assert_eq!(two["detail"].get("requestParameters"), None);
    }

    #[test]
    fn what_is_passed_on_reads_as_an_event() {
        let mut calls = watched("eks", "name", 1);
        calls.parts.insert("tags[].key");
        let rule = EventRule::of("eks-1".to_owned(), &[calls], "drift");
        let template: Value = serde_json::from_str(&rule.template).unwrap();
        let variable = &template["containerOverrides"][0]["environment"][0];
        assert_eq!(
            (&template["containerOverrides"][0]["name"], &variable["name"]),
            (&json!("drift"), &json!(VARIABLE))
        );
        let event: Value = serde_json::from_str(variable["value"].as_str().unwrap()).unwrap();
        assert_eq!(event["detail"]["userIdentity"]["arn"], "<arn>");
        let asked = event["detail"]["requestParameters"].as_object().unwrap();
        assert_eq!((asked["name"].as_array().unwrap().len(), asked["key"].as_array().unwrap().len()), (1, LISTED));
        for text in texts(&event["detail"]) {
            let path = &rule.paths[text.trim_matches(['<', '>'])];
            assert!(path.starts_with("$.detail."), "{path}");
        }
    }
}
