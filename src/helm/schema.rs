//! The JSON Schema of the chart's values, which the chart itself does not have: for editors.
//!
//! Promises: every key of both chart lines with what it does and takes, no other keys beside them; the same bytes for
//! the same program.
//!
//! Leaves to others rules between keys: the check of a file knows those.

use std::fmt::Write as _;

use serde_json::{Map, Value, json};

use super::keys::{Below, ChartKey, KEYS, Takes};
use super::kubernetes::{Holds, fields};

/// The schema, JSON Schema 2020-12.
pub fn values_schema() -> Value {
    let mut schema = section("");
    schema["$defs"] = definitions();
    schema["$schema"] = json!("https://json-schema.org/draft/2020-12/schema");
    schema["title"] = json!("Values of the Helm chart rstudio-pm");
    schema["description"] =
        json!("Keys of chart versions 0.5.43 to 0.20.4. `ppm-infra values --check FILE` knows the rules between them.");
    schema
}

fn section(path: &str) -> Value {
    let mut properties = Map::new();
    for name in ChartKey::children(path) {
        let below = if path.is_empty() { name.to_owned() } else { format!("{path}.{name}") };
        let property = ChartKey::find(&below).map_or_else(|| section(&below), property);
        properties.insert(name.to_owned(), property);
    }
    json!({"type": "object", "properties": properties, "additionalProperties": false})
}

fn property(key: &ChartKey) -> Value {
    let mut schema = match key.path {
        "config" => config(),
        _ => match (key.below, key.takes) {
            (Below::Kubernetes(word), Takes::ListOrFalse) => or_false(&passed_on(&Holds::of(word))),
            (Below::Kubernetes(word), _) => passed_on(&Holds::of(word)),
            (Below::Nothing | Below::Anything, takes) => taken(takes),
        },
    };
    let mut description = key.what.to_owned();
    if let Some((major, minor, patch)) = key.since {
        let _ = write!(description, " From chart {major}.{minor}.{patch} on.");
    }
    if let Some((major, minor, patch)) = key.until {
        let _ = write!(description, " Only in charts before {major}.{minor}.{patch}.");
    }
    if let Some(why) = key.never {
        let _ = write!(description, " Do not set it: {why}.");
        schema["deprecated"] = json!(true);
    }
    schema["description"] = json!(description);
    schema
}

/// Every type that a key of the chart leads to.
fn definitions() -> Value {
    let mut found = Map::new();
    let mut pending: Vec<Holds> = KEYS.iter().filter_map(passes_on).collect();
    while let Some(holds) = pending.pop() {
        match holds {
            Holds::List(within) | Holds::Map(within) => pending.push(*within),
            Holds::Object(name) if !found.contains_key(name) && !fields(name).is_empty() => {
                found.insert(name.to_owned(), definition(name));
                pending.extend(fields(name).iter().map(|field| field.holds.clone()));
            }
            Holds::Object(_)
            | Holds::Text
            | Holds::Flag
            | Holds::Whole
            | Holds::Number
            | Holds::WholeOrText
            | Holds::Amount
            | Holds::Anything => {}
        }
    }
    Value::Object(found)
}

fn passes_on(key: &ChartKey) -> Option<Holds> {
    match key.below {
        Below::Kubernetes(word) => Some(Holds::of(word)),
        Below::Nothing | Below::Anything => None,
    }
}

fn definition(name: &str) -> Value {
    let mut properties: Map<String, Value> =
        fields(name).iter().map(|field| (field.name.to_owned(), passed_on(&field.holds))).collect();
    // The chart has a switch of its own beside the fields.
    if name == "Probe" {
        properties.insert("enabled".to_owned(), json!({"type": "boolean"}));
    }
    json!({"type": "object", "properties": properties, "additionalProperties": false})
}

/// What Kubernetes takes. What must be there is left to the check of a file: it knows what the chart adds.
fn passed_on(holds: &Holds) -> Value {
    match holds {
        Holds::Text => json!({"type": ["string", "null"]}),
        Holds::Flag => json!({"type": ["boolean", "null"]}),
        Holds::Whole => json!({"type": ["integer", "null"]}),
        Holds::Number => json!({"type": ["number", "null"]}),
        Holds::WholeOrText => json!({"type": ["integer", "string", "null"]}),
        Holds::Amount => taken(Takes::Quantity),
        Holds::Anything => json!({}),
        Holds::List(items) => json!({"type": ["array", "null"], "items": passed_on(items)}),
        Holds::Map(values) => json!({"type": ["object", "null"], "additionalProperties": passed_on(values)}),
        Holds::Object(name) if fields(name).is_empty() => json!({}),
        Holds::Object(name) => json!({"$ref": format!("#/$defs/{name}")}),
    }
}

fn or_false(kind: &Value) -> Value {
    json!({"anyOf": [kind, {"const": false}]})
}

fn taken(takes: Takes) -> Value {
    let whole = json!({"type": "integer", "minimum": 0});
    match takes {
        Takes::Text => json!({"type": "string"}),
        Takes::TextOrFalse => or_false(&json!({"type": ["string", "null"]})),
        Takes::Flag => json!({"type": "boolean"}),
        Takes::Whole => whole,
        Takes::WholeOrFalse => or_false(&whole),
        Takes::WholeOrShare => json!({"anyOf": [whole, {"type": "string", "pattern": "^[0-9]+%?$"}]}),
        Takes::Quantity => json!({
            "anyOf": [
                {"type": "number", "minimum": 0},
                {"type": "string", "pattern": "^[0-9]+(\\.[0-9]+)?([KMGTP]i|[mkMGTP])?$"},
            ],
        }),
        Takes::Map => json!({"type": "object"}),
        Takes::List => json!({"type": ["array", "null"]}),
        Takes::ListOrFalse => or_false(&json!({"type": "array"})),
    }
}

/// Sections of settings. Numbers are text, because the chart would print large ones with an exponent.
fn config() -> Value {
    let leaf = json!({"type": ["string", "boolean"]});
    let setting = json!({
        "anyOf": [leaf, {"type": "integer", "exclusiveMaximum": 1_000_000}, {"type": "array", "items": leaf, "minItems": 1}],
    });
    json!({"type": "object", "additionalProperties": {"type": "object", "additionalProperties": setting}})
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_committed_schema_is_fresh() {
        let committed = include_str!("../../plans/values.schema.json");
        assert_eq!(committed, format!("{:#}\n", values_schema()), "run `make schema`");
    }

    #[test]
    fn every_key_is_there_with_what_it_does() {
        let schema = values_schema();
        for key in KEYS {
            let pointer = format!("/properties/{}/description", key.path.replace('.', "/properties/"));
            let said = schema.pointer(&pointer).and_then(Value::as_str).expect(key.path);
            assert!(said.starts_with(key.what) && key.what.ends_with('.'), "{}", key.path);
        }
    }
}
