//! Where a member stands in an answer, and what of it counts.
//!
//! A member that is left out, an empty list and empty text are one. So are two spellings of one scalar (`false` and
//! `"false"`), and two orders of one list: services give lists of members as sets.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use crate::model::document::canonical;

/// A path below the root of an answer, as the tables spell it: `Associations[].SubnetId`, `tags{}`,
/// `Attributes{idle_timeout.timeout_seconds}`, and `Options.*` for everything below.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MemberPath {
    steps: Vec<Step>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Step {
    /// A member of a structure.
    Name(String),
    /// Every element of a list.
    Each,
    /// Every value of a map.
    Values,
    /// The value of one key, of a map or of a list of pairs.
    Key(String),
}

/// A member that was found, and the element of a list it stands in: the innermost, or the root where there is no list.
#[derive(Clone, Copy, Debug)]
pub struct FoundMember<'a> {
    /// What it holds.
    pub value: &'a Value,
    /// The element around it, which says what it belongs to.
    pub element: &'a Value,
}

impl MemberPath {
    /// Reads a path.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn parse(text: &str) -> Result<Self, String> {
        let mut steps = Vec::new();
        let below = text.strip_suffix('*').map_or(text, |above| above.strip_suffix('.').unwrap_or(above));
        let mut rest = below;
        while !rest.is_empty() {
            if let Some(after) = rest.strip_prefix("[]") {
                steps.push(Step::Each);
                rest = after;
            } else if let Some(after) = rest.strip_prefix('{') {
                let (key, after) = after.split_once('}').ok_or_else(|| format!("`{text}` has an open brace"))?;
                steps.push(if key.is_empty() { Step::Values } else { Step::Key(key.to_owned()) });
                rest = after;
            } else {
                let word = rest.strip_prefix('.').unwrap_or(rest);
                let end = word.find(['.', '[', '{']).unwrap_or(word.len());
                if end == 0 || !word[..end].chars().all(char::is_alphanumeric) {
                    return Err(format!("`{text}` is no path"));
                }
                steps.push(Step::Name(word[..end].to_owned()));
                rest = &word[end..];
            }
        }
        Ok(Self { steps })
    }

    /// Every member at this path of an answer. Nothing where a list on the way is empty or a member is left out.
    pub fn find<'a>(&self, root: &'a Value) -> Vec<FoundMember<'a>> {
        let mut found = vec![FoundMember { value: root, element: root }];
        for step in &self.steps {
            found = found.into_iter().flat_map(|one| taken(one, step)).collect();
        }
        found
    }

    /// Whether it leads through a list: then what it finds are members, each of which may be somebody's.
    pub fn is_listed(&self) -> bool {
        self.steps.iter().any(|step| matches!(step, Step::Each | Step::Values))
    }

    /// The list whose elements it names, such as `Rules[]` of `Rules[].Expiration`; the innermost.
    pub fn list(&self) -> Option<Self> {
        let end = self.steps.iter().rposition(|step| *step == Step::Each)?;
        Some(Self { steps: self.steps[..=end].to_vec() })
    }

    /// The key of a list of pairs or of a map, with the list it is in: `idle_timeout.timeout_seconds` of `Attributes`.
    pub fn key(&self) -> Option<&str> {
        match self.steps.last() {
            Some(Step::Key(key)) => Some(key),
            Some(Step::Name(_) | Step::Each | Step::Values) | None => None,
        }
    }
}

fn taken<'a>(one: FoundMember<'a>, step: &Step) -> Vec<FoundMember<'a>> {
    let inside = |value: &'a Value| FoundMember { value, element: one.element };
    match step {
        Step::Name(name) => one.value.get(name).map(inside).into_iter().collect(),
        Step::Each => {
            one.value.as_array().into_iter().flatten().map(|value| FoundMember { value, element: value }).collect()
        }
        Step::Values => one.value.as_object().into_iter().flat_map(Map::values).map(inside).collect(),
        Step::Key(key) => match one.value {
            Value::Array(pairs) => {
                pairs.iter().filter_map(pair).filter(|(name, _)| name == key).map(|(_, value)| inside(value)).collect()
            }
            Value::Object(map) => map.get(key).map(inside).into_iter().collect(),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => Vec::new(),
        },
    }
}

/// Key and value of a pair, as tags and attributes are given.
pub fn pair(value: &Value) -> Option<(&str, &Value)> {
    let member = |names: [&str; 3]| names.into_iter().find_map(|name| value.get(name));
    Some((member(["Key", "key", "TagKey"])?.as_str()?, member(["Value", "value", "TagValue"])?))
}

/// A list of pairs, or a map, by key.
pub fn pairs(value: &Value) -> BTreeMap<String, Value> {
    match value {
        Value::Array(items) => {
            items.iter().filter_map(pair).map(|(key, value)| (key.to_owned(), value.clone())).collect()
        }
        Value::Object(map) => map.iter().map(|(key, value)| (key.clone(), value.clone())).collect(),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => BTreeMap::new(),
    }
}

/// What counts of a value: scalars as text, lists as sets, nothing that is empty. `None` where nothing is left.
pub fn plain(value: &Value) -> Option<Value> {
    match value {
        Value::Null => None,
        Value::Bool(_) | Value::Number(_) => Some(Value::from(value.to_string())),
        Value::String(text) => (!text.is_empty()).then(|| value.clone()),
        Value::Array(items) => as_set(items.iter().filter_map(plain)),
        Value::Object(map) => {
            let members: Map<String, Value> =
                map.iter().filter_map(|(name, value)| Some((name.clone(), plain(value)?))).collect();
            (!members.is_empty()).then_some(Value::Object(members))
        }
    }
}

/// A set of values as a list in one order; `None` where there are none.
pub fn as_set(items: impl Iterator<Item = Value>) -> Option<Value> {
    let mut items: Vec<Value> = items.collect();
    items.sort_by_key(canonical);
    items.dedup();
    (!items.is_empty()).then_some(Value::Array(items))
}

/// The text of a scalar; empty for what is none.
pub fn text_of(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Bool(_) | Value::Number(_) => value.to_string(),
        Value::Null | Value::Array(_) | Value::Object(_) => String::new(),
    }
}

/// Every text in a value, however deep, without the names of members.
pub fn texts(value: &Value) -> Vec<&str> {
    match value {
        Value::String(text) => vec![text],
        Value::Array(items) => items.iter().flat_map(texts).collect(),
        Value::Object(map) => map.values().flat_map(texts).collect(),
        Value::Null | Value::Bool(_) | Value::Number(_) => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn found(path: &str, root: &Value) -> Vec<Value> {
        MemberPath::parse(path).unwrap().find(root).into_iter().map(|one| one.value.clone()).collect()
    }

    #[test]
    fn members_are_found_as_the_tables_spell_them() {
        let root = json!({
            "A": {"B": 1},
            "L": [{"C": "x"}, {"C": "y"}, {}],
            "Attributes": [{"Key": "a.b", "Value": "1"}, {"Key": "c", "Value": "2"}],
            "tags": {"k": "v"},
            "Stages": {"v1": ["CURRENT"], "v2": ["PREVIOUS"]},
        });
        for (path, expected) in [
            ("A.B", json!([1])),
            ("A.*", json!([{"B": 1}])),
            ("L[].C", json!(["x", "y"])),
            ("L[].*", json!([{"C": "x"}, {"C": "y"}, {}])),
            ("Attributes{a.b}", json!(["1"])),
            ("tags{}", json!(["v"])),
            ("tags{k}", json!(["v"])),
            ("Stages{}[]", json!(["CURRENT", "PREVIOUS"])),
            ("Missing.B", json!([])),
            ("", json!([root])),
            ("*", json!([root])),
        ] {
            assert_eq!(Value::Array(found(path, &root)), expected, "{path}");
        }
        assert_eq!(MemberPath::parse("L[].C").unwrap().find(&root)[1].element, &json!({"C": "y"}));
        for wrong in ["A..B", "A{", "A b"] {
            assert!(MemberPath::parse(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn spellings_and_orders_of_one_value_are_one() {
        assert_eq!(plain(&json!({"a": [], "b": "", "c": null, "d": {"e": []}})), None);
        assert_eq!(plain(&json!(false)), plain(&json!("false")));
        assert_eq!(plain(&json!([{"a": 1}, 2])), plain(&json!(["2", {"a": "1", "b": null}])));
        assert_ne!(plain(&json!([1])), plain(&json!([2])));
        assert_eq!(plain(&json!(0)), Some(json!("0")), "nought is a value");
    }
}
