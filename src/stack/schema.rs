//! The JSON Schema of declarations, for editors and other programs.
//!
//! Promises: every key with its description, default, limits and an example, unknown keys refused; the same bytes for
//! the same program. What is valid here may still break a rule between keys, never the other way round.
//!
//! Leaves to others rules between keys: `Stack::parse` says those with places and remedies.

use std::fmt::Write;

use schemars::generate::SchemaSettings;
use schemars::{Schema, SchemaGenerator, json_schema};
use serde_json::{Map, Value, json};

use super::keys::{Absent, Item, Key, Kind, Literal, children, supported};
use super::tags;
use super::waivers;

/// The schema of a whole declaration, JSON Schema 2020-12.
pub fn schema() -> Value {
    let mut generator = SchemaSettings::draft2020_12().into_generator();
    let mut schema = section("", &mut generator);
    schema.insert("$schema".to_owned(), json!("https://json-schema.org/draft/2020-12/schema"));
    schema.insert("title".to_owned(), json!("Stack"));
    schema.insert(
        "description".to_owned(),
        json!("A declaration of ppm-infra: one stack of Posit Package Manager on AWS. Every default is the reference architecture."),
    );
    schema.insert("$defs".to_owned(), Value::Object(generator.take_definitions(true)));
    schema.to_value()
}

fn section(path: &str, generator: &mut SchemaGenerator) -> Schema {
    let mut properties = Map::new();
    let mut required = Vec::new();
    for key in children(path) {
        properties.insert(key.name().to_owned(), property(key, generator).to_value());
        if matches!(key.absent, Absent::Required) {
            required.push(key.name());
        }
    }
    let mut schema = json_schema!({ "type": "object", "properties": properties, "additionalProperties": false });
    if !required.is_empty() {
        schema.insert("required".to_owned(), json!(required));
    }
    schema
}

fn property(key: &Key, generator: &mut SchemaGenerator) -> Schema {
    let mut schema = match key.kind {
        Kind::Section => section(key.path, generator),
        Kind::Text(text) => (text.schema)(generator),
        Kind::Word(choices) => {
            json_schema!({ "type": "string", "enum": supported(choices).collect::<Vec<_>>() })
        }
        Kind::Whole { least, most, .. } => {
            json_schema!({ "type": "integer", "minimum": least, "maximum": most })
        }
        Kind::Flag => json_schema!({ "type": "boolean" }),
        Kind::Set { of, least, most } => {
            let items = match of {
                Item::Text(text) => (text.schema)(generator),
                Item::Word(choices) => {
                    json_schema!({ "type": "string", "enum": supported(choices).collect::<Vec<_>>() })
                }
            };
            json_schema!({
                "type": "array", "items": items, "uniqueItems": true, "minItems": least, "maxItems": most,
            })
        }
        Kind::Tags => json_schema!({
            "type": "object",
            "additionalProperties": { "type": "string", "maxLength": tags::LONGEST_VALUE },
            "propertyNames": { "minLength": 1, "maxLength": tags::LONGEST_KEY },
            "maxProperties": tags::MOST,
        }),
        Kind::Settings => settings(),
        Kind::Waivers => waivers(),
    };
    let mut description = key.what.to_owned();
    if let Kind::Word(choices) | Kind::Set { of: Item::Word(choices), .. } = key.kind {
        for choice in choices.iter().filter(|choice| choice.supported) {
            let _ = write!(description, " {}: {}.", choice.word, choice.meaning);
        }
    }
    if let Absent::Means(clause) = key.absent {
        let _ = write!(description, " Without it, {clause}.");
    }
    schema.insert("description".to_owned(), json!(description));
    if let Absent::Is(literal) = key.absent {
        schema.insert("default".to_owned(), value(literal));
    }
    if !matches!(key.example, Literal::Nothing) {
        schema.insert("examples".to_owned(), json!([value(key.example)]));
    }
    schema
}

/// Sections of settings. What stands in quotes after a section's name is a subsection.
fn settings() -> Schema {
    let text = json!({ "type": "string" });
    let value = json!({ "anyOf": [
        { "type": ["string", "boolean", "integer"] },
        { "type": "array", "items": text, "minItems": 1 },
    ] });
    json_schema!({
        "type": "object",
        "propertyNames": { "pattern": "^[A-Za-z][A-Za-z0-9-]*( \".*\")?$" },
        "additionalProperties": {
            "type": "object",
            "minProperties": 1,
            "propertyNames": { "pattern": "^[A-Za-z][A-Za-z0-9-]*$" },
            "additionalProperties": value,
        },
    })
}

/// A list of waivers.
fn waivers() -> Schema {
    let text = json!({ "type": "string", "minLength": 1 });
    let day = json!({ "type": "string", "format": "date", "pattern": "^[0-9]{4}-[0-9]{2}-[0-9]{2}$" });
    let properties: Map<String, Value> = waivers::KEYS
        .iter()
        .map(|key| ((*key).to_owned(), if *key == "until" { day.clone() } else { text.clone() }))
        .collect();
    let required: Vec<&str> = waivers::KEYS.into_iter().filter(|key| *key != "field").collect();
    json_schema!({
        "type": "array",
        "items": {
            "type": "object", "properties": properties, "required": required, "additionalProperties": false,
        },
    })
}

fn value(literal: Literal) -> Value {
    match literal {
        Literal::Text(text) => json!(text),
        Literal::Whole(number) => json!(number),
        Literal::Flag(flag) => json!(flag),
        Literal::List(items) => json!(items),
        Literal::Tags(tags) => tags.iter().map(|(key, value)| ((*key).to_owned(), json!(value))).collect(),
        Literal::Setting(section, key, value) => json!({ section: { key: value } }),
        Literal::Waiver(said) => {
            let one: Map<String, Value> =
                waivers::KEYS.iter().zip(said).map(|(key, text)| ((*key).to_owned(), json!(text))).collect();
            json!([one])
        }
        Literal::Nothing => Value::Null,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stack::keys::all;

    #[test]
    fn the_committed_schema_is_fresh() {
        let committed = include_str!("../../plans/stack.schema.json");
        let fresh = format!("{:#}\n", schema());
        assert!(
            committed == fresh,
            "write plans/stack.schema.json again, with what `ppm-infra schema` prints:\n{fresh}"
        );
    }

    #[test]
    fn every_key_is_described_in_its_place() {
        let schema = schema();
        for key in all() {
            let pointer = format!("/properties/{}", key.path.replace('.', "/properties/"));
            let property = schema.pointer(&pointer).unwrap_or_else(|| panic!("{} is missing", key.path));
            assert!(property["description"].is_string(), "{}", key.path);
            assert_eq!(property.get("default").is_some(), matches!(key.absent, Absent::Is(_)), "{}", key.path);
        }
        assert_eq!(schema["required"], json!(["stack", "region"]));
        assert_eq!(schema["additionalProperties"], json!(false));
        assert_eq!(schema["properties"]["architecture"]["enum"], json!(["kubernetes"]));
    }
}
