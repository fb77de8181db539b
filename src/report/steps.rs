//! Steps for programs.

use serde_json::{Value, json};

use crate::engine::plan::{Part, StepKey};

/// A step: the object, what is done with it, which rung of a climb, and the id of an old object.
pub(super) fn fact(key: &StepKey) -> Value {
    let (action, rung, id) = match &key.part {
        Part::Create => ("create", None, None),
        Part::Change { rung } => ("update", Some(*rung), None),
        Part::Delete => ("delete", None, None),
        Part::DeleteDeposed { key } => ("delete_deposed", None, Some(key.as_str())),
    };
    json!({"address": key.address, "action": action, "rung": rung, "id": id})
}
