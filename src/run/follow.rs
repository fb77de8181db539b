//! The record follows what was found, field by field.

use serde_json::{Map, Value};

use crate::engine::diff::FieldDiff;
use crate::engine::state::{Recorded, Status};
use crate::model::resource::Known;

/// Records these fields of an object as they were found. The others stay as they were recorded.
pub fn follow(recorded: &mut Recorded, found: &Known, diffs: &[FieldDiff]) {
    let mut declared = recorded.declared.to_value();
    let observed = found.declared.to_value();
    for diff in diffs {
        set(&mut declared, &observed, &diff.path);
    }
    if let Value::Object(fields) = declared {
        recorded.declared = fields.into_iter().collect();
    }
    recorded.computed = found.computed.clone();
    debug_assert_ne!(recorded.status, Status::Unfinished, "what is not finished has not drifted");
}

/// Sets the part of `value` at a path to what it is in `found`. Keys may have dots in them.
fn set(value: &mut Value, found: &Value, path: &str) {
    let empty = Map::new();
    let (Value::Object(members), theirs) = (value, found.as_object().unwrap_or(&empty)) else { return };
    if let Some(theirs) = theirs.get(path) {
        members.insert(path.to_owned(), theirs.clone());
        return;
    }
    if members.remove(path).is_some() {
        return;
    }
    let within = |key: &&String| path.strip_prefix(key.as_str()).is_some_and(|rest| rest.starts_with('.'));
    let Some(key) = members.keys().chain(theirs.keys()).filter(within).max_by_key(|key| key.len()).cloned() else {
        return;
    };
    let rest = &path[key.len() + 1..];
    let theirs = theirs.get(&key).unwrap_or(&Value::Null);
    set(members.entry(key).or_insert_with(|| Value::Object(Map::new())), theirs, rest);
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use serde_json::json;

    use super::*;
    use crate::engine::diff::diff;
    use crate::model::document::Document;
    use crate::model::resource::KindFacts;

    #[test]
    fn what_is_accepted_is_recorded_as_found_and_nothing_else() {
        let before =
            json!({"days": 7, "tags": {"a": "1", "b.c": "2", "d": "3"}, "routes": {"0.0.0.0/0": {"nat": "x"}}});
        let after =
            json!({"days": 3, "more": [1], "tags": {"a": "9", "b.c": "9"}, "routes": {"0.0.0.0/0": {"hole": "y"}}});
        let (before, after) = (Document::of(&before), Document::of(&after));
        let record = Recorded {
            status: Status::Ready,
            after: BTreeSet::new(),
            declared: before.clone(),
            attempted: Vec::new(),
            computed: Document::default(),
        };
        let found = Known { declared: after.clone(), computed: Document::of(&json!({"id": "x"})) };
        let facts = KindFacts::plain(&[]);
        let all = diff(&before, &after, &facts);
        let mut whole = record.clone();
        follow(&mut whole, &found, &all);
        assert_eq!((&whole.declared, &whole.computed), (&after, &found.computed));
        for one in &all {
            let mut partly = record.clone();
            follow(&mut partly, &found, std::slice::from_ref(one));
            let left: Vec<String> = diff(&partly.declared, &after, &facts).into_iter().map(|diff| diff.path).collect();
            let others: Vec<String> =
                all.iter().map(|diff| diff.path.clone()).filter(|path| *path != one.path).collect();
            assert_eq!(left, others, "{}", one.path);
        }
    }
}
