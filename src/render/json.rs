//! Pages for programs: JSON whose shape is versioned and described in `docs/json-output.md`.
//!
//! Promises: within one schema number, keys are added and never change their meaning; lists are in the order of their
//! addresses; no text in it has to be taken apart to be understood.
//!
//! Printed with [`canonical`](crate::model::document::canonical), so that equal content is equal text.

use serde_json::{Map, Value};

use crate::report::Page;

/// The version of the schema of everything here but events, which carry their own.
pub const SCHEMA: u32 = 1;

/// The only writer of what every document for programs begins with; `fields` are the keys behind it.
pub fn document(command: Option<&str>, fields: impl IntoIterator<Item = (&'static str, Value)>) -> Value {
    let mut all = Map::new();
    all.insert("schema".to_owned(), SCHEMA.into());
    all.extend(command.map(|command| ("command".to_owned(), command.into())));
    all.extend(fields.into_iter().map(|(key, value)| (key.to_owned(), value)));
    Value::Object(all)
}

/// The page for programs.
pub fn json(page: &Page<'_>) -> Value {
    let mut fields = vec![("stack", page.scope.stack.into())];
    if let Some((region, account)) = page.scope.region_and_account {
        fields.extend([("region", region.into()), ("account", account.into())]);
    }
    fields.extend(page.json_fields.iter().cloned());
    fields.extend(page.sections.iter().flat_map(|section| section.content.json_fields()));
    fields.push(("summary", page.summary.clone()));
    document(Some(page.command), fields)
}
