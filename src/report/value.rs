//! JSON values in words: references as names, rules of firewalls and statements of policies as sentences.
//!
//! Promises never to fail: what it does not know, it shows as it is. Shows a value completely; shortening is nobody's.

pub(super) mod statements;

use serde_json::{Map, Value};

use crate::model::document::canonical;
use crate::model::reference::reference;

/// Keys of a value that say nothing their value does not say.
const BARE: &[&str] = &["arn", "cidr", "id"];

/// The value in words, in one line.
pub(super) fn words(value: &Value) -> String {
    directed(value, "with")
}

/// As [`words`], of a value that stands in `field`: the rules in `ingress` are from somebody, those in `egress` to.
pub(super) fn words_in(field: &str, value: &Value) -> String {
    match field.split('.').next() {
        Some("ingress") => directed(value, "from"),
        Some("egress") => directed(value, "to"),
        Some(_) | None => words(value),
    }
}

/// Whether there is nothing to show.
pub(super) fn is_empty(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Array(items) => items.is_empty(),
        Value::Object(map) => map.is_empty(),
        Value::Bool(_) | Value::Number(_) | Value::String(_) => false,
    }
}

/// The pairs of a value that is several values under names of their own; nothing if it is shown as one.
pub(super) fn parts(value: &Value) -> Option<&Map<String, Value>> {
    let map = value.as_object().filter(|map| !map.is_empty())?;
    let choice = map.len() == 1 && map.keys().all(|key| super::kinds::CHOICES.contains(&key.as_str()));
    let one = reference(value).is_some() || external(map).is_some() || choice || is_rule(map);
    (!one).then_some(map)
}

fn directed(value: &Value, direction: &str) -> String {
    match value {
        Value::Null => "none".to_owned(),
        Value::Bool(truth) => truth.to_string(),
        Value::Number(number) => number.to_string(),
        Value::String(text) if text.is_empty() || text.trim() != text => format!("\"{text}\""),
        Value::String(text) => text.clone(),
        Value::Array(items) if items.is_empty() => "none".to_owned(),
        Value::Array(items) => items.iter().map(|item| directed(item, direction)).collect::<Vec<_>>().join(", "),
        Value::Object(map) => object(value, map, direction),
    }
}

fn object(value: &Value, map: &Map<String, Value>, direction: &str) -> String {
    if let Some(address) = reference(value) {
        return address.to_string();
    }
    if is_rule(map) {
        return rule(map, direction);
    }
    if statements::is_statement(value) {
        return statements::sentence(value);
    }
    let mut pairs: Vec<(&String, &Value)> = map.iter().collect();
    pairs.sort_by_key(|(key, _)| *key);
    match pairs.as_slice() {
        [] => "none".to_owned(),
        [(key, inner)] => {
            let says_it_all = reference(inner).is_some_and(|address| address.kind.as_str() == *key);
            let inner = nested(inner);
            if says_it_all || BARE.contains(&key.as_str()) { inner } else { format!("{key} {inner}") }
        }
        pairs => pairs.iter().map(|(key, inner)| format!("{key} {}", nested(inner))).collect::<Vec<_>>().join(", "),
    }
}

/// A value inside another one: what has several parts is held together by parentheses.
fn nested(value: &Value) -> String {
    let several = match value {
        Value::Array(items) => items.len() > 1,
        Value::Object(map) => map.len() > 1,
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => false,
    };
    if several { format!("({})", words(value)) } else { words(value) }
}

/// The id of an object outside the stack, if `map` points at one.
fn external(map: &Map<String, Value>) -> Option<&str> {
    if map.len() == 1 { map.get("id")?.as_str() } else { None }
}

fn is_rule(map: &Map<String, Value>) -> bool {
    ["protocol", "from_port", "to_port", "peer"].iter().all(|key| map.contains_key(*key))
}

/// A rule of a firewall: `tcp 443 from 0.0.0.0/0 "Users"`.
fn rule(map: &Map<String, Value>, direction: &str) -> String {
    let field = |key: &str| map.get(key).unwrap_or(&Value::Null);
    let protocol = field("protocol").as_str().filter(|protocol| *protocol != "-1");
    let (from, to) = (field("from_port"), field("to_port"));
    let what = match protocol {
        None => "everything".to_owned(),
        Some(protocol) if from.as_i64() == Some(-1) => format!("all {protocol}"),
        Some(protocol) if from == to => format!("{protocol} {}", words(from)),
        Some(protocol) => format!("{protocol} {}-{}", words(from), words(to)),
    };
    let peer = words(field("peer"));
    match field("description").as_str().filter(|text| !text.is_empty()) {
        Some(text) => format!("{what} {direction} {peer} \"{text}\""),
        None => format!("{what} {direction} {peer}"),
    }
}

/// Both values in words; where the words are the same, as JSON, because the values are not.
pub(super) fn both(field: &str, before: &Value, after: &Value) -> (String, String) {
    let (one, other) = (words_in(field, before), words_in(field, after));
    if one == other { (canonical(before), canonical(after)) } else { (one, other) }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn references_are_names_and_ids_are_ids() {
        assert_eq!(words(&json!({"$ref": "vpc.main"})), "vpc.main");
        assert_eq!(words(&json!({"id": "vpc-0abc"})), "vpc-0abc");
        assert_eq!(words(&json!([{"$ref": "subnet.a"}, {"id": "subnet-0abc"}])), "subnet.a, subnet-0abc");
    }

    #[test]
    fn choices_say_which_unless_the_value_does() {
        assert_eq!(words(&json!({"nat_gateway": {"$ref": "nat_gateway.a"}})), "nat_gateway.a");
        assert_eq!(words(&json!({"blackhole": "nat-0abc"})), "blackhole nat-0abc");
        assert_eq!(words(&json!({"forward": {"$ref": "target_group.main"}})), "forward target_group.main");
        assert_eq!(
            words(&json!({"service_account": {"namespace": "ppm", "name": "pm"}})),
            "service_account (name pm, namespace ppm)"
        );
    }

    #[test]
    fn rules_of_firewalls_are_sentences() {
        let rule = |protocol: &str, from: i32, to: i32, peer: Value, about: &str| json!([{"protocol": protocol, "from_port": from, "to_port": to, "peer": peer, "description": about}]);
        let users = rule("tcp", 443, 443, json!({"cidr": "0.0.0.0/0"}), "Users");
        assert_eq!(words_in("ingress", &users), "tcp 443 from 0.0.0.0/0 \"Users\"");
        let range = rule("udp", 1, 9, json!({"group": {"$ref": "security_group.a"}}), "");
        assert_eq!(words_in("egress", &range), "udp 1-9 to group security_group.a");
        assert_eq!(words(&rule("-1", -1, -1, json!({"cidr": "::/0"}), "")), "everything with ::/0");
        assert_eq!(words(&rule("icmp", -1, -1, json!({"cidr": "::/0"}), "")), "all icmp with ::/0");
    }

    #[test]
    fn plain_values() {
        let told = [json!(null), json!(true), json!(12), json!(""), json!(" x"), json!([]), json!({})];
        assert_eq!(told.each_ref().map(words), ["none", "true", "12", "\"\"", "\" x\"", "none", "none"]);
        assert_eq!(words(&json!({"b": [1, 2], "a": "x"})), "a x, b (1, 2)");
        assert_eq!(both("x", &json!("1"), &json!(1)), ("\"1\"".to_owned(), "1".to_owned()));
    }
}
