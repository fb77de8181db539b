//! The JSON Schema of the chart's values, which the chart itself does not have: for editors.
//!
//! Promises: every key of both chart lines with what it does and takes, no other keys beside them; the same bytes for
//! the same program.
//!
//! Leaves to others rules between keys: the check of a file knows those.

use std::fmt::Write as _;

use serde_json::{Map, Value, json};

use super::keys::{ChartKey, Takes};

/// The schema, JSON Schema 2020-12.
pub fn values_schema() -> Value {
    let mut schema = section("");
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
        _ => taken(key.takes),
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

fn taken(takes: Takes) -> Value {
    let or_false = |kind: Value| json!({"anyOf": [kind, {"const": false}]});
    let whole = json!({"type": "integer", "minimum": 0});
    match takes {
        Takes::Text => json!({"type": "string"}),
        Takes::TextOrFalse => or_false(json!({"type": ["string", "null"]})),
        Takes::Flag => json!({"type": "boolean"}),
        Takes::Whole => whole,
        Takes::WholeOrFalse => or_false(whole),
        Takes::WholeOrShare => json!({"anyOf": [whole, {"type": "string", "pattern": "^[0-9]+%?$"}]}),
        Takes::Quantity => json!({
            "anyOf": [
                {"type": "number", "minimum": 0},
                {"type": "string", "pattern": "^[0-9]+(\\.[0-9]+)?([KMGTP]i|[mkMGTP])?$"},
            ],
        }),
        Takes::Map => json!({"type": "object"}),
        Takes::List => json!({"type": ["array", "null"]}),
        Takes::ListOrFalse => or_false(json!({"type": "array"})),
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
    use crate::helm::keys::KEYS;

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
