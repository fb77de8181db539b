//! No declared field is forgotten: whatever of a record is declared otherwise is written otherwise, but for what is listed.

use std::collections::{BTreeMap, BTreeSet};

use ppm_infra::model::document::Document;
use ppm_infra::model::mark::TAG_PREFIX;
use ppm_infra::model::terraform::TerraformContext;
use ppm_infra::resources::catalog;
use serde_json::{Value, json};

use super::{STACKS, applied};

/// Fields that nothing in Terraform stands for, and why.
const LEFT_OUT: [(&str, &str, &str); 9] = [
    ("access_entry", "principal", "it is that of the object, by which it is imported"),
    ("addon", "kubernetes_version", "what its own version was chosen for"),
    ("database", "login", "its password is not known to Terraform"),
    ("db_subnet_group", "vpc", "it follows from the subnets"),
    ("kms_key", "scheduled_deletion", "nobody declares one"),
    ("load_balancer", "name", "the whole name is that of the object, by which it is imported"),
    ("node_group", "name", "the whole name is that of the object, by which it is imported"),
    ("secret", "content", "the value stays in Secrets Manager"),
    ("target_group", "name", "the whole name is that of the object, by which it is imported"),
];

/// The value of a field declared otherwise, in every way in which one part of it can be. Each with the path of that part.
fn otherwise(path: &str, value: &Value) -> Vec<(String, Value)> {
    let here = |value: Value| (path.to_owned(), value);
    match value {
        Value::Null => ["x", "2030-01-01"].map(|text| here(json!(text))).into_iter().chain([here(json!(7))]).collect(),
        Value::Bool(flag) => vec![here(json!(!flag))],
        Value::Number(number) => vec![here(json!(number.as_i64().unwrap() + 1))],
        Value::String(text) => [format!("{text}1"), "10.99.0.0/16".to_owned()].map(|text| here(json!(text))).into(),
        Value::Array(items) => {
            let mut all: Vec<_> = (0..items.len())
                .flat_map(|n| {
                    let parts = otherwise(&format!("{path}.*"), &items[n]);
                    parts.into_iter().map(move |(at, part)| (at, n, part)).collect::<Vec<_>>()
                })
                .map(|(at, n, part)| {
                    let mut items = items.clone();
                    items[n] = part;
                    (at, Value::Array(items))
                })
                .collect();
            all.push(here(items.iter().cloned().chain([json!("more")]).collect()));
            all
        }
        Value::Object(fields) if fields.contains_key("$ref") => vec![here(json!({"id": "other-1"}))],
        Value::Object(fields) => {
            let parts = fields.iter().filter(|(key, _)| !key.starts_with(TAG_PREFIX)).flat_map(|(key, value)| {
                otherwise(&format!("{path}.{key}"), value).into_iter().map(move |(at, part)| (at, key.clone(), part))
            });
            let mut all: Vec<_> = parts
                .map(|(at, key, part)| {
                    let mut fields = fields.clone();
                    fields.insert(key, part);
                    (at, Value::Object(fields))
                })
                .collect();
            // One entry more makes another map, and nothing of what has fields.
            if fields.values().all(Value::is_string) {
                let mut more = fields.clone();
                more.insert("more".to_owned(), json!("more"));
                all.push(here(Value::Object(more)));
            }
            all
        }
    }
}

#[tokio::test(start_paused = true)]
async fn whatever_is_declared_otherwise_is_written_otherwise() {
    let catalog = catalog();
    // Of each part of each field of each kind: whether it could be declared otherwise, and was written otherwise.
    let mut seen: BTreeMap<(String, String), (bool, bool)> = BTreeMap::new();
    for (_, more) in STACKS {
        let state = applied(more).await;
        let computed: BTreeMap<_, _> =
            state.resources.iter().map(|(at, recorded)| (at.clone(), recorded.computed.clone())).collect();
        for (at, recorded) in state.resources.iter() {
            let facts = &catalog[&at.kind];
            let context = TerraformContext { at, computed: &computed };
            let written = |declared: &Document| (facts.terraform)(declared, &recorded.computed, &context).ok();
            let usual = written(&recorded.declared).unwrap();
            for field in facts.fields {
                let value = recorded.declared.get(field.name).cloned().unwrap_or_default();
                for (path, value) in otherwise(field.name, &value) {
                    let mut declared = recorded.declared.clone();
                    declared.set(field.name, value);
                    let known = seen.entry((at.kind.to_string(), path)).or_default();
                    // What reads as before was another spelling of the same.
                    let Some(other) = written(&declared) else { continue };
                    known.0 = true;
                    known.1 |= other != usual;
                }
            }
        }
    }
    let of = |one: &(String, String), field: &str| one.1 == field || one.1.starts_with(&format!("{field}."));
    let listed = |one: &(String, String)| LEFT_OUT.iter().any(|(kind, field, _)| one.0 == *kind && of(one, field));
    let forgotten: Vec<_> = seen.iter().filter(|(_, (tried, told))| *tried && !told).map(|(one, _)| one).collect();
    let unlisted: Vec<_> = forgotten.iter().filter(|one| !listed(one)).collect();
    assert!(unlisted.is_empty(), "declared and not written: {unlisted:?}");
    // Every field was declared otherwise in some way.
    let tried: BTreeSet<(&str, &str)> = seen
        .iter()
        .filter(|(_, (tried, _))| *tried)
        .map(|((kind, path), _)| (kind.as_str(), path.split('.').next().unwrap()))
        .collect();
    for (kind, facts) in &catalog {
        for field in facts.fields {
            assert!(tried.contains(&(kind.as_str(), field.name)), "{kind}.{} was never another", field.name);
        }
    }
    for (kind, field, why) in LEFT_OUT {
        assert!(forgotten.iter().any(|one| one.0 == kind && of(one, field)), "{kind}.{field} is written: {why}");
    }
}
