//! What was put right by itself, and what was left for people.

use serde_json::json;

use crate::model::address::Address;
use crate::report::block::Row;
use crate::report::ready::{Ready, named};
use crate::report::text::{Label, Text};
use crate::run::{LeftReason, PutRightReport};

/// What stands above it.
pub(crate) const PUT_RIGHT: &str = "Put right by itself";

/// Both, what was done first.
pub(in crate::report) fn content(report: &PutRightReport) -> Ready {
    let done = report.done.iter().map(|address| {
        let row = Row::of([Text::of(Label::Address, address.to_string()), Text::of(Label::Success, "put right")]);
        (row, json!({"address": address, "done": true, "because": null}))
    });
    let left = report.left.iter().map(|(address, reason): (&Address, &LeftReason)| {
        let because = reason.to_string();
        let row = named(address, &format!("left: {because}"));
        (row, json!({"address": address, "done": false, "because": because}))
    });
    Ready::list("put_right", done.chain(left))
}
