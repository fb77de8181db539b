//! JSON: its shape, and that every key of it is documented.

use super::plans::mixed_plan;
use super::*;

fn plan_of(plan: Plan) -> Value {
    let catalog = catalog();
    plan_json(&planned(plan), &plan_view(&catalog))
}

#[test]
fn a_plan_for_programs() {
    let plan = plan_of(mixed_plan());
    assert_eq!(plan["schema"], 1);
    assert_eq!(plan["changes"].as_array().unwrap().len(), 14);
    let subnet = plan["changes"].as_array().unwrap().iter().find(|c| c["address"] == "subnet.private-b").unwrap();
    assert_eq!(
        *subnet,
        json!({
            "address": "subnet.private-b", "component": "network", "action": "replace", "why": "changed",
            "because": null, "reasons": ["its cidr changes"], "impact": [], "order": "delete_first", "id": "id-old",
            "fields": [
                {"path": "cidr", "before": {"value": "10.0.1.0/24"}, "after": {"value": "10.0.9.0/24"},
                 "on_change": "replace"},
                {"path": "vpc", "before": {"value": {"$ref": "vpc.main"}}, "after": {"new": "vpc.main"},
                 "on_change": "replace"},
            ],
            "declared": {"cidr": "10.0.1.0/24", "vpc": {"$ref": "vpc.main"}},
        })
    );
    assert_eq!(
        plan["drift"][1],
        json!({
        "address": "nat_gateway.a", "component": "network", "gone": true, "fields": []})
    );
    assert_eq!(plan["summary"]["drifted"], 3);
}

/// Every key, at any depth, outside what belongs to resources.
fn keys(value: &Value, found: &mut BTreeSet<String>) {
    match value {
        Value::Array(items) => items.iter().for_each(|item| keys(item, found)),
        Value::Object(map) => {
            for (key, value) in map {
                found.insert(key.clone());
                if !["declared", "computed", "value"].contains(&key.as_str()) {
                    keys(value, found);
                }
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

#[test]
fn every_key_is_documented() {
    let documentation = include_str!("../../../docs/json-output.md");
    let mut found = BTreeSet::new();
    keys(&plan_of(mixed_plan()), &mut found);
    keys(&super::values::told(), &mut found);
    let mut drift = DriftReport { who: super::who::who(), ..DriftReport::default() };
    drift.unread.insert(address("kms_key.main"), CloudError::new(ErrorKind::Denied, "read it", "no"));
    keys(&drift_json(&drift, &drift_view()), &mut found);
    let report = RunReport {
        failed: vec![(step("vpc.main", StepPart::Create), limit())],
        unrecorded: vec![(step("vpc.main", StepPart::Create), document(&json!({"id": "x"})))],
        ..RunReport::default()
    };
    keys(&apply_json(&report, &summary_view(Goal::Converge)), &mut found);
    for told in super::cost::every_shape() {
        keys(&told, &mut found);
    }
    for told in super::status::every_shape() {
        keys(&told, &mut found);
    }
    for event in events() {
        keys(&serde_json::to_value(event).unwrap(), &mut found);
    }
    let missing: Vec<&String> = found.iter().filter(|key| !documentation.contains(&format!("`{key}`"))).collect();
    assert!(missing.is_empty(), "{missing:?}");
}
