//! Policies in words: a statement as a sentence, and two lists of statements as what changed between them.

use std::collections::BTreeSet;

use serde_json::{Map, Value};

use crate::model::reference::reference;

use super::words;

/// What changed between two lists of statements.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::report) enum Change {
    /// There is one more.
    Added(Value),
    /// There is one less.
    Removed(Value),
    /// One says something else.
    Within {
        /// Its name, or `statement` if it has none.
        name: String,
        /// The part that differs.
        part: String,
        /// What it said.
        before: Option<Value>,
        /// What it says.
        after: Option<Value>,
    },
}

/// Whether `value` is a statement of a policy.
pub(in crate::report) fn is_statement(value: &Value) -> bool {
    value.get("Effect").is_some_and(Value::is_string)
}

/// Whether `value` is a list of statements and nothing else.
pub(in crate::report) fn are_statements(value: &Value) -> bool {
    value.as_array().is_some_and(|items| !items.is_empty() && items.iter().all(is_statement))
}

/// The statement in words: `ListPackages: allow s3:ListBucket on arn:…`.
pub(in crate::report) fn sentence(statement: &Value) -> String {
    let empty = Map::new();
    let map = statement.as_object().unwrap_or(&empty);
    let mut text = String::new();
    if let Some(name) = map.get("Sid") {
        text.push_str(&words(name));
        text.push_str(": ");
    }
    text.push_str(&map.get("Effect").map(words).unwrap_or_default().to_lowercase());
    let clauses = [
        ("Action", " "),
        ("NotAction", " everything but "),
        ("Resource", " on "),
        ("NotResource", " on everything but "),
        ("Principal", " for "),
        ("NotPrincipal", " for everybody but "),
        ("Condition", " if "),
    ];
    for (key, joint) in clauses {
        if let Some(value) = map.get(key) {
            text.push_str(joint);
            text.push_str(&clause(key, value));
        }
    }
    let told: BTreeSet<&str> = clauses.iter().map(|(key, _)| *key).chain(["Sid", "Effect"]).collect();
    let mut others: Vec<(&String, &Value)> = map.iter().filter(|(key, _)| !told.contains(key.as_str())).collect();
    others.sort_by_key(|(key, _)| *key);
    for (key, value) in others {
        text.extend([", ", key, " ", &words(value)]);
    }
    text
}

/// What changed from `before` to `after`: statements of one name are one statement.
pub(in crate::report) fn changes(before: &[Value], after: &[Value]) -> Vec<Change> {
    let mut gone: Vec<&Value> = before.iter().filter(|statement| !after.contains(statement)).collect();
    let mut new: Vec<&Value> = after.iter().filter(|statement| !before.contains(statement)).collect();
    let mut found = Vec::new();
    for name in shared_names(&gone, &new) {
        let named = |statement: &&&Value| statement.get("Sid").and_then(Value::as_str) == Some(name.as_str());
        if let (Some(old), Some(now)) = (gone.iter().find(named).copied(), new.iter().find(named).copied()) {
            gone.retain(|statement| *statement != old);
            new.retain(|statement| *statement != now);
            within(&name, "", Some(old), Some(now), &mut found);
        }
    }
    if let ([old], [now]) = (gone.as_slice(), new.as_slice())
        && old.get("Sid").is_none()
        && now.get("Sid").is_none()
    {
        within("statement", "", Some(old), Some(now), &mut found);
        return found;
    }
    found.extend(new.into_iter().cloned().map(Change::Added));
    found.extend(gone.into_iter().cloned().map(Change::Removed));
    found
}

/// The names that stand exactly once on both sides.
fn shared_names(before: &[&Value], after: &[&Value]) -> Vec<String> {
    let names = |all: &[&Value]| -> Vec<String> {
        all.iter().filter_map(|statement| statement.get("Sid")?.as_str().map(str::to_owned)).collect()
    };
    let (old, now) = (names(before), names(after));
    let once = |all: &[String], name: &String| all.iter().filter(|other| *other == name).count() == 1;
    old.iter().filter(|name| once(&old, name) && once(&now, name)).cloned().collect()
}

fn within(name: &str, part: &str, before: Option<&Value>, after: Option<&Value>, found: &mut Vec<Change>) {
    if before == after {
        return;
    }
    if let (Some(Value::Object(a)), Some(Value::Object(b))) = (before, after)
        && before.and_then(reference).is_none()
        && after.and_then(reference).is_none()
    {
        let keys: BTreeSet<&String> = a.keys().chain(b.keys()).collect();
        for key in keys {
            let part = if part.is_empty() { key.clone() } else { format!("{part} {key}") };
            within(name, &part, a.get(key), b.get(key), found);
        }
        return;
    }
    let (name, part) = (name.to_owned(), part.to_owned());
    found.push(Change::Within { name, part, before: before.cloned(), after: after.cloned() });
}

fn clause(key: &str, value: &Value) -> String {
    match (key, value.as_object()) {
        ("Principal" | "NotPrincipal", Some(map)) if map.len() == 1 => {
            let everybody = map.get("AWS").is_some_and(|who| words(who) == "*");
            if everybody { "everybody".to_owned() } else { words(value) }
        }
        ("Condition", Some(operators)) => {
            let tests = operators.iter().flat_map(|(operator, keys)| match keys.as_object() {
                Some(keys) => keys.iter().map(|(key, value)| format!("{operator} {key} {}", words(value))).collect(),
                None => vec![format!("{operator} {}", words(keys))],
            });
            let mut tests: Vec<String> = tests.collect();
            tests.sort();
            tests.join(" and ")
        }
        _ => words(value),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::model::policy::Policy;

    #[test]
    fn statements_are_sentences() {
        let policy = Policy::new(&json!({"Statement": [
            {"Sid": "NothingWithoutTls", "Effect": "Deny", "Principal": "*", "Action": "s3:*",
             "Resource": ["arn:b", "arn:b/*"], "Condition": {"Bool": {"aws:SecureTransport": "false"}}},
            {"Effect": "Allow", "NotAction": "iam:*", "Resource": {"$ref": "kms_key.main"}, "Extra": 1},
        ]}));
        let mut told: Vec<String> = policy.document()["Statement"].as_array().unwrap().iter().map(sentence).collect();
        told.sort();
        assert_eq!(
            told,
            [
                "NothingWithoutTls: deny s3:* on arn:b, arn:b/* for everybody if Bool aws:SecureTransport false",
                "allow everything but iam:* on kms_key.main, Extra 1",
            ]
        );
    }

    #[test]
    fn statements_of_one_name_are_compared() {
        let before = json!([
            {"Sid": "Read", "Effect": "Allow", "Action": ["a"], "Resource": ["x"]},
            {"Sid": "Gone", "Effect": "Allow", "Action": ["g"]},
            {"Effect": "Allow", "Action": ["same"]},
        ]);
        let after = json!([
            {"Sid": "Read", "Effect": "Allow", "Action": ["a", "b"], "Resource": ["x"]},
            {"Sid": "New", "Effect": "Deny", "Action": ["n"]},
            {"Effect": "Allow", "Action": ["same"]},
        ]);
        let found = changes(before.as_array().unwrap(), after.as_array().unwrap());
        let read = Change::Within {
            name: "Read".to_owned(),
            part: "Action".to_owned(),
            before: Some(json!(["a"])),
            after: Some(json!(["a", "b"])),
        };
        assert_eq!(found, [read, Change::Added(after[1].clone()), Change::Removed(before[1].clone())]);
    }

    #[test]
    fn two_statements_of_one_name_are_told_apart_by_what_they_say() {
        let twice = json!([{"Sid": "A", "Effect": "Allow"}, {"Sid": "A", "Effect": "Deny"}]);
        let found = changes(twice.as_array().unwrap(), &[]);
        assert_eq!(found.len(), 2);
    }
}
