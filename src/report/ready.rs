//! Content that is short enough to be made at once: for readers and for programs beside each other.

use serde_json::{Value, json};

use super::block::{Block, Row};
use super::page::{JsonFields, SectionContent};
use super::text::{Label, Text};
use crate::model::address::Address;

/// Blocks and JSON fields that stand ready.
#[derive(Default)]
pub(super) struct Ready {
    blocks: Vec<Block>,
    json_fields: JsonFields,
}

impl Ready {
    /// Blocks, and what programs are told.
    pub(super) fn of(blocks: Vec<Block>, json_fields: JsonFields) -> Self {
        Self { blocks, json_fields }
    }

    /// The same, with one thing more that programs are told.
    pub(super) fn and_json(mut self, key: &'static str, value: Value) -> Self {
        self.json_fields.push((key, value));
        self
    }

    /// One list: each item as a row and for programs.
    pub(super) fn list(key: &'static str, items: impl IntoIterator<Item = (Row, Value)>) -> Self {
        let (rows, values): (Vec<Row>, Vec<Value>) = items.into_iter().unzip();
        Self { blocks: Block::rows(rows), json_fields: vec![(key, Value::Array(values))] }
    }

    /// What is worth knowing of each object, the notes of one below each other. Programs are told also of an object
    /// without any.
    pub(super) fn notes<'n>(all: impl IntoIterator<Item = (&'n Address, &'n Vec<String>)>) -> Self {
        let mut rows = Vec::new();
        let mut values = Vec::new();
        for (address, notes) in all {
            values.push(json!({"address": address, "notes": notes}));
            let lines: Vec<Text> = notes.iter().map(|note| Text::of(Label::Plain, note)).collect();
            if !lines.is_empty() {
                let name = Text::of(Label::Address, address.to_string());
                rows.push(Row { cells: vec![vec![name], lines], ..Row::default() });
            }
        }
        Self { blocks: Block::rows(rows), json_fields: vec![("notes", Value::Array(values))] }
    }

    /// One reason for each object.
    pub(super) fn reasons<'n>(key: &'static str, all: impl IntoIterator<Item = (&'n Address, &'n String)>) -> Self {
        let item = |(address, reason): (&Address, &String)| {
            (named(address, reason), json!({"address": address, "reason": reason}))
        };
        Self::list(key, all.into_iter().map(item))
    }
}

/// A row of an address and what is said of it.
pub(super) fn named(address: &impl ToString, told: &str) -> Row {
    Row::of([Text::of(Label::Address, address.to_string()), Text::of(Label::Plain, told)])
}

impl SectionContent for Ready {
    fn blocks(&self) -> Vec<Block> {
        self.blocks.clone()
    }

    fn json_fields(&self) -> JsonFields {
        self.json_fields.clone()
    }
}
