//! What differs from the last run, beside what was found.

use jiff::Timestamp;
use serde_json::{Value, json};

use crate::report::block::{Block, Row};
use crate::report::page::{JsonFields, Remark, SectionContent};
use crate::report::text::{Label, Text};
use crate::run::since::{RunFinding, Since, Standing};

/// A time as people read it.
pub(in crate::report) fn told_time(at: Timestamp) -> String {
    at.strftime("%Y-%m-%d %H:%M UTC").to_string()
}

/// What differs in one line; nothing where there is nothing to compare.
pub(super) fn remark(since: &Since<'_>) -> Option<Remark> {
    let last = told_time(since.last?.at);
    let changes = since.changes();
    let waived = since.now_waived.len();
    let parts =
        [(changes.new, "new"), (changes.changed, "changed"), (changes.resolved, "resolved"), (waived, "waived")];
    let parts: Vec<String> = parts.into_iter().filter(|(n, _)| *n > 0).map(|(n, word)| format!("{n} {word}")).collect();
    let mut parts = parts.into_iter();
    let words = match parts.next() {
        Some(first) => {
            let rest: String = parts.flat_map(|part| [", ".to_owned(), part]).collect();
            format!("{first} since {last}{rest}.")
        }
        None if since.findings.is_empty() => return None,
        None => format!("Nothing new since {last}."),
    };
    Some(Remark::Plain(Text::of(Label::Plain, words)))
}

/// The findings that are new, changed, resolved or waived.
pub(super) struct SinceLast<'a> {
    changed: Vec<(&'static str, RunFinding)>,
    since: Value,
    is_known: bool,
    resolved: Vec<&'a RunFinding>,
    waived: Vec<&'a RunFinding>,
}

impl<'a> SinceLast<'a> {
    pub(super) fn of(since: &Since<'a>) -> Self {
        let word = |standing| match standing {
            Standing::New => Some("new"),
            Standing::Returned => Some("new: not waived any more"),
            Standing::Changed => Some("changed"),
            Standing::Same => None,
        };
        let changed = since.findings.iter().filter_map(|(standing, one)| Some((word(*standing)?, one.clone())));
        let changes = since.changes();
        let resolved: Vec<Value> = since.resolved.iter().map(|one| finding_json(one)).collect();
        Self {
            changed: changed.collect(),
            since: since.last.map_or(Value::Null, |last| {
                json!({
                    "at": last.at, "run": last.run,
                    "new": changes.new, "changed": changes.changed, "resolved": resolved,
                })
            }),
            is_known: since.last.is_some(),
            resolved: since.resolved.clone(),
            waived: since.now_waived.clone(),
        }
    }
}

impl SectionContent for SinceLast<'_> {
    fn blocks(&self) -> Vec<Block> {
        if !self.is_known {
            return Vec::new();
        }
        let changed = self.changed.iter().map(|(word, one)| (*word, Label::Drift, one));
        let resolved = self.resolved.iter().map(|one| ("resolved", Label::Success, *one));
        let waived = self.waived.iter().map(|one| ("waived", Label::Muted, *one));
        let row = |(word, label, one): (&str, Label, &RunFinding)| {
            Row::of([Text::of(Label::Address, &one.subject), Text::of(label, word), Text::of(Label::Plain, &one.what)])
        };
        Block::rows(changed.chain(resolved).chain(waived).map(row).collect())
    }

    fn json_fields(&self) -> JsonFields {
        vec![("since", self.since.clone())]
    }
}

/// What an earlier run found, for programs.
pub(in crate::report) fn finding_json(one: &RunFinding) -> Value {
    json!({
        "id": one.id, "subject": one.subject, "address": one.address, "severity": one.severity,
        "what": one.what, "first_seen": one.first_seen,
    })
}
