//! The page of the runs that were recorded, and that of what one of them found: since when.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde_json::{Value, json};

use super::block::{Heading, Row};
use super::drift::{seen_json, told_time};
use super::page::{CriticalPath, Lead, Page, PageScope, Section};
use super::ready::Ready;
use super::text::{Label, Text};
use super::words::{count, took};
use crate::run::since::{RunEntry, RunFinding, RunHistory, RunOutcome};

impl RunOutcome {
    /// Its words for people.
    const fn told(self) -> (&'static str, Label) {
        match self {
            Self::InSync => ("in sync", Label::Success),
            Self::Drifted => ("drifted", Label::Drift),
            Self::Incomplete => ("not all was read", Label::Warning),
            Self::Done => ("done", Label::Success),
            Self::Failed => ("failed", Label::Error),
        }
    }
}

impl<'a> Page<'a> {
    /// The page of the runs of `stack`, the oldest first.
    pub fn of_runs(stack: &'a str, history: &RunHistory) -> Self {
        let runs = Ready::list("runs", history.entries.iter().map(|entry| (row(entry), run_json(entry))));
        let told = match history.entries.len() {
            0 => "No run is recorded.".to_owned(),
            n => format!("{}.", count(n, "run")),
        };
        Self { sections: vec![Section::titled("runs", Heading::of("Runs"), runs).led(Lead::Gap)], ..page(stack, told) }
    }

    /// The page of what the runs of `stack` found of `wanted`: the id of a finding, or an address.
    pub fn of_finding(stack: &'a str, wanted: &str, history: &RunHistory) -> Self {
        let all = spells(wanted, &history.entries);
        let told = match (all.len(), history.entries.first()) {
            (_, None) => "No run is recorded.".to_owned(),
            (0, Some(first)) => format!("No run since {} found {wanted}.", told_time(first.at)),
            (n, Some(_)) => format!("{}.", count(n, "finding")),
        };
        let found = Ready::list("found", all.iter().map(|spell| (spell.row(), spell.json())));
        Self {
            sections: vec![Section::titled("found", Heading::of("Found"), found).led(Lead::Gap)],
            ..page(stack, told)
        }
    }
}

fn page(stack: &str, told: String) -> Page<'_> {
    Page {
        command: "drift history",
        scope: PageScope { stack, region_and_account: None },
        source: None,
        frame: None,
        sections: Vec::new(),
        verdict: Text::of(Label::Plain, told),
        remarks: Vec::new(),
        chain: CriticalPath::default(),
        json_fields: Vec::new(),
        summary: json!({}),
    }
}

fn row(entry: &RunEntry) -> Row {
    let (outcome, label) = entry.outcome.told();
    let mut by_severity: BTreeMap<&str, usize> = BTreeMap::new();
    for one in entry.findings.iter().filter(|one| !one.waived) {
        *by_severity.entry(&one.severity).or_default() += 1;
    }
    let mut found: Vec<String> = by_severity.iter().map(|(severity, n)| format!("{n} {severity}")).collect();
    if let Some(only) = &entry.only {
        found.insert(0, format!("of {} alone", count(only.len(), "object")));
    }
    if !entry.steps.is_empty() {
        found.push(count(entry.steps.len(), "step"));
    }
    if !entry.put_right.is_empty() {
        found.push(format!("{} put right", entry.put_right.len()));
    }
    if !entry.taken_away.is_empty() {
        found.push(format!("{} taken away", entry.taken_away.len()));
    }
    let changes =
        [(entry.changes.new, "new"), (entry.changes.changed, "changed"), (entry.changes.resolved, "resolved")];
    let changes: Vec<String> = changes.iter().filter(|(n, _)| *n > 0).map(|(n, word)| format!("{n} {word}")).collect();
    let failed = entry.notices.values().filter(|notice| notice.error.is_some()).count();
    Row::of([
        Text::of(Label::Plain, told_time(entry.at)),
        Text::of(Label::Plain, entry.kind.word()),
        Text::of(label, outcome),
        Text::of(Label::Plain, found.join(", ")),
        Text::of(Label::Drift, changes.join(", ")),
        Text::of(Label::Muted, format!("serial {}, took {}", entry.serial, took(entry.elapsed_ms))),
        Text::of(
            Label::Warning,
            if failed > 0 { format!("{} did not arrive", count(failed, "notice")) } else { String::new() },
        ),
    ])
}

fn run_json(entry: &RunEntry) -> Value {
    let findings: Vec<Value> = entry.findings.iter().map(kept_json).collect();
    json!({
        "at": entry.at, "run": entry.run, "kind": entry.kind, "outcome": entry.outcome, "serial": entry.serial,
        "tool": entry.tool, "elapsed_ms": entry.elapsed_ms, "looked_at": entry.looked_at, "only": entry.only,
        "changes": entry.changes, "findings": findings, "notices": entry.notices, "steps": entry.steps,
        "taken_away": entry.taken_away, "put_right": entry.put_right,
    })
}

/// A finding as it is kept.
fn kept_json(one: &RunFinding) -> Value {
    let mut told = seen_json(one);
    told["waived"] = json!(one.waived);
    told
}

/// One finding for as long as it was there without a run between that did not find it.
struct Spell<'a> {
    /// As it was found last.
    found: &'a RunFinding,
    last_seen: Timestamp,
    /// Whether the last run found it.
    is_there: bool,
}

impl Spell<'_> {
    fn row(&self) -> Row {
        let since = told_time(self.found.first_seen);
        let (when, label) = if self.is_there && self.found.waived {
            (format!("since {since}, waived"), Label::Muted)
        } else if self.is_there {
            (format!("since {since}"), Label::Drift)
        } else {
            (format!("from {since} until {}", told_time(self.last_seen)), Label::Success)
        };
        Row::of([
            Text::of(Label::Address, &self.found.subject),
            Text::of(Label::Plain, &self.found.id),
            Text::of(label, when),
            Text::of(Label::Plain, &self.found.what),
        ])
    }

    fn json(&self) -> Value {
        let mut told = kept_json(self.found);
        told["last_seen"] = json!(self.last_seen);
        told["is_there"] = json!(self.is_there);
        told
    }
}

/// Everything of this id, address or subject, in the order in which it was there first.
fn spells<'a>(wanted: &str, entries: &'a [RunEntry]) -> Vec<Spell<'a>> {
    let mut all: BTreeMap<(Timestamp, &str, &str), Spell<'_>> = BTreeMap::new();
    let newest = entries.iter().rev().find(|entry| !entry.findings.is_empty() || entry.looked_at > 0);
    for entry in entries {
        let is_there = newest.is_some_and(|newest| std::ptr::eq(newest, entry));
        let is_wanted = |one: &&RunFinding| {
            [Some(&one.id), Some(&one.subject), one.address.as_ref()].contains(&Some(&wanted.to_owned()))
        };
        for found in entry.findings.iter().filter(is_wanted) {
            let spell = Spell { found, last_seen: entry.at, is_there };
            all.insert((found.first_seen, &found.id, &found.subject), spell);
        }
    }
    all.into_values().collect()
}
