//! What is declared and was not applied yet: what an apply would do beside putting back what drifted.

use std::collections::BTreeMap;

use serde_json::json;

use crate::model::address::Address;
use crate::report::ready::{Ready, named};
use crate::run::{Outcome, Prospect};

/// The section of all of them.
pub(super) fn content(all: &BTreeMap<Address, Prospect>) -> Ready {
    let item = |(at, prospect): (&Address, &Prospect)| {
        let value = json!({"address": at, "apply": prospect.outcome.word(), "fields": prospect.fields});
        (named(at, &told(prospect)), value)
    };
    Ready::list("pending", all.iter().map(item))
}

/// What an apply would do, as a sentence about the object.
pub(super) fn told(prospect: &Prospect) -> String {
    let fields: Vec<&str> = prospect.fields.iter().map(String::as_str).collect();
    let fields = if fields.is_empty() { String::new() } else { format!(": {}", fields.join(", ")) };
    let what = match &prospect.outcome {
        Outcome::Made => "is declared and was not made yet",
        Outcome::Updated => "is declared otherwise than it was applied",
        Outcome::Replaced => "is declared otherwise than it was applied, so that another object takes its place",
        Outcome::Removed | Outcome::Forgotten => "is not declared any more and was not removed yet",
        Outcome::Kept | Outcome::Refused(_) => "is declared otherwise",
    };
    format!("{what}{fields}")
}
