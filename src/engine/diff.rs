//! Field by field: what differs between two documents of one kind.
//!
//! The same function tells change (declared against observed) and drift (recorded against observed). Equality is honest
//! because the types normalise on construction, so nothing is suppressed here but fields that are left to others.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::model::address::Address;
use crate::model::document::Document;
use crate::model::reference::{reference, references_in};
use crate::model::resource::{KindFacts, OnChange};

/// One difference.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FieldDiff {
    /// Which value: the field, and below it the keys of a map, joined by dots.
    pub path: String,
    /// The value there is.
    pub before: Shown,
    /// The value there will be (change), or that was found instead (drift).
    pub after: Shown,
    /// What the difference means.
    pub on_change: OnChange,
}

impl FieldDiff {
    /// The field it is in.
    pub fn field(&self) -> &str {
        self.path.split('.').next().unwrap_or_default()
    }
}

/// A value as renderers get it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Shown {
    /// The value itself; references inside stay symbolic.
    Value(Value),
    /// Points at an object that is yet to be made.
    AfterApply(Address),
    /// There is no such value.
    Nothing,
}

impl From<Option<&Value>> for Shown {
    fn from(value: Option<&Value>) -> Self {
        match value {
            None | Some(Value::Null) => Self::Nothing,
            Some(value) => Self::Value(value.clone()),
        }
    }
}

/// What differs from `before` to `after`, in the order of the field names. Fields left to others never differ.
pub fn diff(before: &Document, after: &Document, facts: &KindFacts) -> Vec<FieldDiff> {
    // At once where both are one memory, as what was observed and is recorded mostly are.
    if before == after {
        return Vec::new();
    }
    let mut names: Vec<&str> = before.fields().chain(after.fields()).map(|(name, _)| name).collect();
    names.sort_unstable();
    names.dedup();
    let mut found = Vec::new();
    for name in names {
        let on_change = facts.on_change(name);
        if on_change != OnChange::Ignore {
            compare(name, before.get(name), after.get(name), on_change, &mut found);
        }
    }
    found
}

/// The fields of `declared` that point at an address of `fresh`, as differences: what they point at will be a new object.
pub fn affected_by_replacement(
    declared: &Document,
    facts: &KindFacts,
    fresh: impl Fn(&Address) -> bool,
) -> Vec<FieldDiff> {
    declared
        .fields()
        .filter_map(|(name, value)| {
            let on_change = facts.on_change(name);
            let target = references_in(value).into_iter().find(|address| fresh(address))?;
            (on_change != OnChange::Ignore).then(|| FieldDiff {
                path: name.to_owned(),
                before: Shown::from(Some(value)),
                after: Shown::AfterApply(target),
                on_change,
            })
        })
        .collect()
}

fn compare(path: &str, before: Option<&Value>, after: Option<&Value>, on_change: OnChange, found: &mut Vec<FieldDiff>) {
    let before = before.filter(|v| !v.is_null());
    let after = after.filter(|v| !v.is_null());
    if before == after {
        return;
    }
    if let (Some(Value::Object(a)), Some(Value::Object(b))) = (before, after)
        && before.and_then(reference).is_none()
        && after.and_then(reference).is_none()
    {
        let mut keys: Vec<&String> = a.keys().chain(b.keys()).collect();
        keys.sort_unstable();
        keys.dedup();
        for key in keys {
            compare(&format!("{path}.{key}"), a.get(key), b.get(key), on_change, found);
        }
        return;
    }
    found.push(FieldDiff { path: path.to_owned(), before: before.into(), after: after.into(), on_change });
}
