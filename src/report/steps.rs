//! Steps for programs.

use serde_json::{Value, json};

use crate::engine::plan::{StepKey, StepPart};

/// A step: the object, what is done with it, which rung of a climb, and the id of an old object.
pub(super) fn to_json(key: &StepKey) -> Value {
    let (action, rung, id) = match &key.part {
        StepPart::Create => ("create", None, None),
        StepPart::Change { rung } => ("update", Some(*rung), None),
        StepPart::Delete => ("delete", None, None),
        StepPart::DeleteDeposed { key } => ("delete_deposed", None, Some(key.as_str())),
    };
    json!({"address": key.address, "action": action, "rung": rung, "id": id})
}

/// What a step does, without the id of an old object: there is one of a kind on a way.
pub(super) fn words(step: &StepKey) -> String {
    match step.part {
        StepPart::DeleteDeposed { .. } => format!("delete old {}", step.address),
        StepPart::Create | StepPart::Change { .. } | StepPart::Delete => step.to_string(),
    }
}
