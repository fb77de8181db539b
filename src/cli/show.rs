//! What people see: picks renderers and puts their text where it belongs.

use std::path::Path;

use serde_json::json;

use super::args::Common;
use super::failure::Failure;
use super::out;
use crate::engine::plan::{Action, Drift};
use crate::engine::state::Book;
use crate::run::event::{Event, Report, Sink};
use crate::run::{DriftReport, Planned, Session};
use crate::stack::Stack;

struct Lines;

impl Sink for Lines {
    fn event(&mut self, event: &Event) {
        out::note(&format!("{}\n", serde_json::to_string(event).unwrap_or_default()));
    }
}

struct JsonLines;

impl Sink for JsonLines {
    fn event(&mut self, event: &Event) {
        out::data(&format!("{}\n", serde_json::to_string(event).unwrap_or_default()));
    }
}

/// Sinks for a run with steps.
pub(super) fn sinks(common: &Common, _: &Session) -> Vec<Box<dyn Sink>> {
    if common.json { vec![Box::new(JsonLines)] } else { vec![Box::new(Lines)] }
}

/// Sinks while only looking.
pub(super) fn quiet_sinks(_: &Common) -> Vec<Box<dyn Sink>> {
    Vec::new()
}

/// A plan.
pub(super) fn plan(common: &Common, _: &Stack, planned: &Planned, _: bool) {
    let counts = planned.plan.counts();
    if common.json {
        out::data(&format!("{}\n", json!({"schema": 1, "command": "plan", "summary": counts})));
        return;
    }
    for (address, action) in &planned.plan.actions {
        let word = match action {
            Action::NoOp { .. } => continue,
            Action::Create { .. } => "create",
            Action::Update { .. } => "update",
            Action::Replace { .. } => "replace",
            Action::Delete { .. } => "delete",
            Action::Forget { .. } => "forget",
        };
        let detail = match action {
            Action::Update { diffs, .. } | Action::Replace { diffs, .. } => {
                serde_json::to_string(diffs).unwrap_or_default()
            }
            _ => String::new(),
        };
        out::data(&format!("  {word:8} {address} {detail}\n"));
    }
    out::data(&format!("Plan: {counts:?}\n"));
}

/// Drift.
pub(super) fn drift(common: &Common, _: &Stack, report: &DriftReport) {
    if common.json {
        out::data(&format!(
            "{}\n",
            json!({"schema": 1, "command": "drift", "drift": report.drift, "unread": report.unread})
        ));
        return;
    }
    for (address, drift) in &report.drift {
        match drift {
            Drift::Gone => out::data(&format!("  {address} is gone\n")),
            Drift::Moved(diffs) => {
                out::data(&format!("  {address} {}\n", serde_json::to_string(diffs).unwrap_or_default()))
            }
        }
    }
    for (address, error) in &report.unread {
        out::data(&format!("  {address} unread: {error}\n"));
    }
}

/// Intents of a run that was interrupted.
pub(super) fn open_intents(book: &Book) {
    if !book.open.is_empty() {
        out::note("An earlier run was interrupted; apply settles what it left open before anything else.\n");
    }
}

/// Where a plan was saved.
pub(super) fn saved(_: &Common, path: &Path) {
    out::note(&format!("Saved to {0}. To carry out exactly this: ppm-infra apply {0}\n", path.display()));
}

/// Everything was done.
pub(super) fn done(_: &Common, _: &Planned, report: &Report) {
    out::note(&format!("{} steps succeeded.\n", report.succeeded));
}

/// Everything was removed.
pub(super) fn destroyed(_: &Common, planned: &Planned, report: &Report) {
    out::note(&format!("{} steps succeeded, {} kept.\n", report.succeeded, planned.plan.kept.len()));
}

/// Something was not done.
pub(super) fn failed(_: &Common, report: &Report) {
    for (step, failure) in &report.failed {
        out::note(&format!("error: {step}: {failure:?}\n"));
    }
    out::note(&format!("{report:?}\n"));
}

/// Why a command did not do what it was asked for.
pub(super) fn failure(failure: &Failure) {
    out::note(&failure.text());
}
