//! A values file as keys and values, to be compared with another.

use std::collections::BTreeMap;

use serde_json::{Number, Value};

use crate::text::{Problem, Shape, SourceNode, tree};

/// Every value in the text of a values file, by its path: keys joined by dots, places in lists in brackets, as in
/// `pod.env[0].name`. A list of plain values is one value.
///
/// # Errors
/// When the text is not YAML.
pub fn leaves(text: &str) -> Result<BTreeMap<String, Value>, Box<Problem>> {
    let mut found = BTreeMap::new();
    match tree(text) {
        (Some(root), _) => {
            walk(String::new(), &root, &mut found);
            Ok(found)
        }
        (None, problem) => Err(Box::new(problem.expect("text without a tree has a problem"))),
    }
}

fn walk(path: String, node: &SourceNode, found: &mut BTreeMap<String, Value>) {
    match &node.shape {
        Shape::Map(members) if !members.is_empty() => {
            for member in members {
                let below = if path.is_empty() { member.key.clone() } else { format!("{path}.{}", member.key) };
                walk(below, &member.value, found);
            }
        }
        Shape::List(items) if items.iter().any(|item| scalar(item).is_none()) => {
            for (n, item) in items.iter().enumerate() {
                walk(format!("{path}[{n}]"), item, found);
            }
        }
        Shape::List(items) => {
            found.insert(path, items.iter().filter_map(scalar).collect());
        }
        // A document without anything is no key.
        Shape::Map(_) | Shape::Null if path.is_empty() => {}
        Shape::Map(_) => {
            found.insert(path, Value::Object(serde_json::Map::new()));
        }
        Shape::Null | Shape::Flag(_) | Shape::Whole(_) | Shape::Fraction(_) | Shape::Text(_) => {
            found.extend(scalar(node).map(|value| (path, value)));
        }
    }
}

/// A value without parts.
fn scalar(node: &SourceNode) -> Option<Value> {
    match &node.shape {
        Shape::Null => Some(Value::Null),
        Shape::Flag(flag) => Some(Value::Bool(*flag)),
        Shape::Whole(number) => {
            Some(Number::from_i128(*number).map_or_else(|| node.spelling.clone().into(), Value::Number))
        }
        Shape::Fraction(number) => {
            Some(Number::from_f64(*number).map_or_else(|| node.spelling.clone().into(), Value::Number))
        }
        Shape::Text(text) => Some(Value::String(text.clone())),
        Shape::List(_) | Shape::Map(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn every_value_has_its_path() {
        let text = "a: 1\nb:\n  c: [x, 2, true]\n  'd.e': ~\n  f: []\n  g: {}\nh:\n  - name: one\n    of: [1]\n  - two\ni: 1.5\n";
        let found: Vec<(String, Value)> = leaves(text).unwrap().into_iter().collect();
        let expected = [
            ("a", json!(1)),
            ("b.c", json!(["x", 2, true])),
            ("b.d.e", json!(null)),
            ("b.f", json!([])),
            ("b.g", json!({})),
            ("h[0].name", json!("one")),
            ("h[0].of", json!([1])),
            ("h[1]", json!("two")),
            ("i", json!(1.5)),
        ];
        assert_eq!(found, expected.map(|(path, value)| (path.to_owned(), value)));
        assert_eq!(leaves("# nothing\n").unwrap(), BTreeMap::new());
        assert_eq!(leaves("a: [").unwrap_err().line, 1);
    }
}
