//! What a YAML text says, whatever its layout: what comes of a change is compared with what it was to be.

use serde_json::{Map, Number, Value};

use super::YamlEdit;
use crate::text::{Shape, SourceNode};

/// What a text says, without its spelling.
pub(super) fn value(node: &SourceNode) -> Value {
    match &node.shape {
        Shape::Null => Value::Null,
        Shape::Flag(flag) => Value::Bool(*flag),
        Shape::Whole(number) => i64::try_from(*number).map_or_else(|_| Value::from(number.to_string()), Value::from),
        Shape::Fraction(number) => Number::from_f64(*number).map_or(Value::Null, Value::Number),
        Shape::Text(text) => Value::from(text.as_str()),
        Shape::List(items) => items.iter().map(value).collect(),
        Shape::Map(members) => {
            members.iter().map(|member| (member.key.clone(), value(&member.value))).collect::<Map<_, _>>().into()
        }
    }
}

/// Makes the change in what a text says.
pub(super) fn expect(node: &mut Value, path: &[&str], edit: &YamlEdit) {
    let Some((key, rest)) = path.split_first() else { return };
    if node.is_null() {
        *node = Value::Object(Map::new());
    }
    let Value::Object(members) = node else { return };
    if !rest.is_empty() {
        expect(members.entry(*key).or_insert(Value::Null), rest, edit);
        return;
    }
    match edit {
        YamlEdit::Set(wanted) => drop(members.insert((*key).to_owned(), wanted.value.clone())),
        YamlEdit::Unset => drop(members.remove(*key)),
        YamlEdit::Add(item, _) => {
            let list = members.entry(*key).or_insert_with(|| Value::Array(Vec::new()));
            if let Value::Array(items) = list {
                items.push(item.value.clone());
            }
        }
        YamlEdit::Take(item) => {
            if let Some(Value::Array(items)) = members.get_mut(*key)
                && let Some(at) = items.iter().position(|one| one == item)
            {
                items.remove(at);
            }
        }
    }
}
