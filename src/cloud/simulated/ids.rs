//! What objects of the simulated world point at: by ids, as the cloud knows them, where the stack has references.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::{ID, KIND};
use crate::cloud::{CloudError, Context, ErrorKind};
use crate::model::document::Document;
use crate::model::index::IdIndex;
use crate::model::reference::reference;

/// The document with ids in place of references.
pub(super) fn resolved(document: &Document, cx: &Context) -> Result<Document, CloudError> {
    document.fields().map(|(field, value)| Ok((field.to_owned(), resolve(value, cx)?))).collect()
}

fn resolve(value: &Value, cx: &Context) -> Result<Value, CloudError> {
    if let Some(address) = reference(value) {
        let id = cx.ids.computed(&address).and_then(|c| c.text("id"));
        let missing =
            || CloudError::new(ErrorKind::Bug, "follow a reference", format!("nothing is recorded at {address}"));
        return Ok(json!({ID: id.ok_or_else(missing)?, KIND: address.kind.as_str()}));
    }
    Ok(match value {
        Value::Array(items) => Value::Array(items.iter().map(|item| resolve(item, cx)).collect::<Result<_, _>>()?),
        Value::Object(map) => {
            Value::Object(map.iter().map(|(k, v)| Ok((k.clone(), resolve(v, cx)?))).collect::<Result<_, CloudError>>()?)
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => value.clone(),
    })
}

/// The document with references in place of the ids that the index knows. Lists of references stay sorted by name, as
/// the types sort them.
pub(super) fn named(document: &Document, ids: &IdIndex) -> Document {
    if !document.fields().any(|(_, value)| holds_ids(value)) {
        return document.clone();
    }
    document.fields().map(|(field, value)| (field.to_owned(), name(value, ids))).collect()
}

fn holds_ids(value: &Value) -> bool {
    held_id(value).is_some()
        || match value {
            Value::Array(items) => items.iter().any(holds_ids),
            Value::Object(map) => map.values().any(holds_ids),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => false,
        }
}

fn name(value: &Value, ids: &IdIndex) -> Value {
    if let Some((kind, id)) = held_id(value) {
        let known = ids.of_kind(kind, id);
        return known.map_or_else(|| json!({"id": id}), |address| json!({"$ref": address.to_string()}));
    }
    match value {
        Value::Array(items) => {
            let mut all: Vec<Value> = items.iter().map(|item| name(item, ids)).collect();
            if items.iter().all(|item| held_id(item).is_some()) {
                all.sort_by_key(ToString::to_string);
            }
            Value::Array(all)
        }
        Value::Object(map) => Value::Object(map.iter().map(|(k, v)| (k.clone(), name(v, ids))).collect()),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => value.clone(),
    }
}

fn held_id(value: &Value) -> Option<(&str, &str)> {
    let map = value.as_object().filter(|map| map.len() == 2)?;
    Some((map.get(KIND)?.as_str()?, map.get(ID)?.as_str()?))
}

/// Every (kind, id) a value points at.
pub(super) fn used(value: &Value) -> BTreeSet<(&str, &str)> {
    if let Some(held) = held_id(value) {
        return BTreeSet::from([held]);
    }
    match value {
        Value::Array(items) => items.iter().flat_map(used).collect(),
        Value::Object(map) => map.values().flat_map(used).collect(),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => BTreeSet::new(),
    }
}
