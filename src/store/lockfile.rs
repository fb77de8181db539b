//! The text of a lockfile: canonical JSON with a digest of itself.

use std::path::Path;

use serde_json::Value;

use super::StoreError;
use crate::engine::check::check;
use crate::engine::state::{FORMAT, State};
use crate::model::document::{sealed, unsealed, unsealed_text};
use crate::model::resource::Catalog;

/// The text of `state`: sorted, one value on a line, ending in a newline. The same state gives the same text.
pub(super) fn render(state: &State) -> String {
    sealed(serde_json::to_value(state).expect("states serialise"))
}

/// The state in `text`, checked. `path` is for the message.
pub(super) fn parse(path: &Path, text: &str, catalog: &Catalog) -> Result<State, StoreError> {
    // What goes wrong in this way is told as the other way finds it.
    let read = unsealed_text(text).and_then(|line| serde_json::from_slice::<State>(&line).ok());
    if let Some(state) = read.filter(|state| state.format <= FORMAT) {
        sound(path, &state, catalog)?;
        return Ok(state);
    }
    let damaged = |reason: String| StoreError::Damaged { path: path.to_owned(), reason };
    let mut value: Value = serde_json::from_str(text).map_err(|error| damaged(error.to_string()))?;
    let fields = value.as_object().ok_or_else(|| damaged("it is not a JSON object".to_owned()))?;
    let format = fields.get("format").and_then(Value::as_u64).ok_or_else(|| damaged("it has no format".to_owned()))?;
    if format > u64::from(FORMAT) {
        return Err(StoreError::Newer { path: path.to_owned(), found: format, known: FORMAT });
    }
    if !unsealed(&mut value) {
        return Err(StoreError::Edited { path: path.to_owned() });
    }
    let state: State = serde_json::from_value(value).map_err(|error| damaged(error.to_string()))?;
    sound(path, &state, catalog)?;
    Ok(state)
}

/// A state where that of `stack` is kept: a copy of another stack's is none of ours.
pub(super) fn of_stack(stack: &str, path: &Path, state: State) -> Result<State, StoreError> {
    if state.stack == stack {
        return Ok(state);
    }
    let other = &state.stack;
    let reason =
        format!("it is the record of the stack {other}, not of {stack}; if {stack} was never applied, move it away");
    Err(StoreError::Damaged { path: path.to_owned(), reason })
}

/// Refuses a state that cannot be right.
pub(super) fn sound(path: &Path, state: &State, catalog: &Catalog) -> Result<(), StoreError> {
    let findings = check(state, catalog);
    if findings.is_empty() {
        Ok(())
    } else {
        Err(StoreError::Unsound { path: path.to_owned(), findings, state: Box::new(state.clone()) })
    }
}
