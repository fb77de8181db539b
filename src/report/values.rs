//! What becomes of the Helm values, and what somebody changed in their file.
//!
//! Promises: one line for each key that changes; what somebody wrote into the file is told by its keys alone.

use serde_json::{Value, json};

use super::block::{Block, Heading, Row, Table};
use super::fields::{LONG, side};
use super::page::{JsonFields, SectionContent};
use super::row_status::RowStatus;
use super::text::{Label, Text};
use super::value;
use super::words::count;
use crate::engine::diff::Shown;
use crate::engine::values::{Basis, Edited, FileState, ValueDiff, ValuesPlan, ValuesRelease};

/// What becomes of the Helm values in a plan.
pub(super) struct PlannedValues<'a> {
    /// What is planned; nothing where values are not asked for.
    pub(super) plan: Option<&'a ValuesPlan>,
    /// Whether the keys of a file that is written for the first time are shown.
    pub(super) is_full: bool,
}

impl SectionContent for PlannedValues<'_> {
    fn blocks(&self) -> Vec<Block> {
        let Some(values) = self.plan else { return Vec::new() };
        let notes = notes(values);
        if !values.is_change() && notes.is_empty() {
            return Vec::new();
        }
        let mut rows: Vec<Row> = Vec::new();
        match &values.from {
            Some(from) if values.is_other_chart() => {
                rows.push(row(RowStatus::Update, "chart", versions(from, &values.to)));
            }
            None if values.basis == Basis::Nothing => {
                rows.push(row(RowStatus::Create, "chart", Text::of(Label::After, release(&values.to))));
            }
            Some(_) | None => {}
        }
        if values.basis != Basis::Nothing || self.is_full {
            rows.extend(values.changes.iter().map(change));
        }
        let mut blocks = vec![Block::Table(Table::of(rows))];
        blocks.extend(Block::rows(notes));
        blocks
    }

    fn json_fields(&self) -> JsonFields {
        vec![("values", self.plan.map_or(Value::Null, to_json))]
    }
}

/// What stands above the values of a plan.
pub(super) fn heading(values: &ValuesPlan) -> Heading {
    Heading::of("Helm values").with(place(values))
}

/// What the line of totals says of the values.
pub(super) fn total(values: &ValuesPlan) -> Option<Text> {
    if !values.is_change() {
        return None;
    }
    let told = match (values.basis, values.count()) {
        (Basis::Nothing, _) => " Values: written for the first time.".to_owned(),
        (Basis::Unrecorded | Basis::Recorded(_) | Basis::File(_), 0) => " Values: put back.".to_owned(),
        (Basis::Unrecorded | Basis::Recorded(_) | Basis::File(_), n) => {
            format!(" Values: {} {}.", count(n, "key"), if n == 1 { "changes" } else { "change" })
        }
    };
    Some(Text::of(Label::Update, told))
}

fn place(values: &ValuesPlan) -> String {
    let file = &values.file;
    match values.basis {
        Basis::Nothing => format!("{file}, for the first time"),
        Basis::Unrecorded => format!("{file}; what was written last is not recorded"),
        Basis::Recorded(serial) => format!("{file}, compared with what was written at serial {serial}"),
        Basis::File(serial) => format!("{file}, compared with the file, which was written at serial {serial}"),
    }
}

fn row(status: RowStatus, path: &str, body: Text) -> Row {
    lines(status, path, vec![body])
}

fn lines(status: RowStatus, path: &str, bodies: Vec<Text>) -> Row {
    Row { status: Some(status), cells: vec![vec![Text::of(Label::Plain, path)], bodies], ..Row::default() }
}

fn release(release: &ValuesRelease) -> String {
    match &release.application {
        Some(application) => format!("rstudio-pm {}, Package Manager {application}", release.chart),
        None => format!("rstudio-pm {}", release.chart),
    }
}

fn versions(from: &ValuesRelease, to: &ValuesRelease) -> Text {
    let mut line = arrow(Text::of(Label::Before, &from.chart), Text::of(Label::After, &to.chart));
    if let (Some(old), Some(new)) = (&from.application, &to.application)
        && old != new
    {
        line.push(Label::Muted, "  Package Manager ");
        line.append(arrow(Text::of(Label::Before, old), Text::of(Label::After, new)));
    }
    line
}

fn arrow(before: Text, after: Text) -> Text {
    before.and(Text::arrow()).and(after)
}

fn change(diff: &ValueDiff) -> Row {
    let (path, after) = (diff.path.as_str(), &diff.after);
    let plain = |label: Label, shown: &Shown| Text::of(label, words(path, shown));
    match (&diff.before, after) {
        (Some(Shown::Nothing), _) => row(RowStatus::Create, path, plain(Label::After, after)),
        (Some(before), Shown::Nothing) => row(RowStatus::Delete, path, plain(Label::Before, before)),
        (None, Shown::Nothing) => row(RowStatus::Delete, path, Text::new()),
        (None, _) => {
            let other = Text::of(Label::Muted, "another value");
            row(RowStatus::Update, path, arrow(other, plain(Label::After, after)))
        }
        (Some(before), _) => {
            let (old, new) = match (before, after) {
                (Shown::Value(old), Shown::Value(new)) => value::both(path, old, new),
                (_, _) => (words(path, before), words(path, after)),
            };
            if old.chars().count() + new.chars().count() > LONG {
                let old = Text::of(Label::Delete, "- ").with(Label::Before, old);
                let new = Text::of(Label::Create, "+ ").with(Label::After, new);
                return lines(RowStatus::Update, path, vec![old, new]);
            }
            row(RowStatus::Update, path, arrow(Text::of(Label::Before, old), Text::of(Label::After, new)))
        }
    }
}

fn words(path: &str, shown: &Shown) -> String {
    match shown {
        Shown::Value(value) => value::words_in(path, value),
        Shown::AfterApply(address) => format!("known after apply (the new {address})"),
        Shown::Nothing => "none".to_owned(),
    }
}

/// What is told below the keys.
fn notes(values: &ValuesPlan) -> Vec<Row> {
    let mut notes = Vec::new();
    let plain = |text: String| Text::of(Label::Plain, text);
    let drift = |lines: [String; 2]| Row {
        status: Some(RowStatus::Drift),
        cells: vec![lines.into_iter().map(plain).collect()],
        ..Row::default()
    };
    let file = &values.file;
    match &values.found {
        FileState::Edited(edited) => notes.push(drift([
            format!("{file} was {}", told(edited)),
            format!("Apply keeps it as {file}.orig and writes what is declared."),
        ])),
        FileState::Other(serial) => {
            notes.push(Row::of([plain(format!("{file} is the file of serial {serial}; apply writes it anew."))]));
        }
        FileState::Foreign(what) => notes.push(drift([what.clone(), "Apply refuses to write over it.".to_owned()])),
        FileState::Missing | FileState::AsWritten => {}
    }
    if values.basis == Basis::Unrecorded {
        notes.push(Row::of([plain("Apply writes them, and remembers what it wrote.".to_owned())]));
    }
    if values.is_downgrade {
        let what = "the database was migrated by the newer version, and no migration goes back.";
        notes.push(Row::of([Text::of(Label::Warning, "Downgrade: ").with(Label::Plain, what)]));
    }
    if values.stops_all_pods && values.is_change() {
        let what = "all pods stop before new ones start, and nothing is served in between.";
        notes.push(Row::of([Text::of(Label::Warning, "Recreate: ").with(Label::Plain, what)]));
    } else if matches!(values.basis, Basis::Recorded(_) | Basis::File(_))
        && values.changes.iter().any(|diff| diff.path == "strategy.type")
    {
        notes.push(Row::of([plain(
            "Pods are replaced one by one again. Where the values before were not installed yet, install those first."
                .to_owned(),
        )]));
    }
    notes
}

/// What was done to a file, behind "was".
pub(super) fn told(edited: &Edited) -> String {
    if let Some(why) = &edited.unreadable {
        return format!("changed by hand and is not YAML any more: {why}");
    }
    if edited.keys.is_empty() {
        return "changed by hand: comments or layout, and no key".to_owned();
    }
    let keys: Vec<String> = edited.keys.iter().map(|(path, edit)| format!("{path} {}", edit.word())).collect();
    format!("changed by hand: {}", keys.join(", "))
}

/// The file of Helm values that was written last, as it is on this machine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ValuesFile {
    /// Its name.
    pub file: String,
    /// What it is.
    pub found: FileState,
    /// What to do where it is not here, or something else is in its place.
    pub remedies: Vec<String>,
}

impl ValuesFile {
    /// Whether somebody changed it, or put something else in its place.
    pub const fn is_drift(&self) -> bool {
        matches!(self.found, FileState::Edited(_) | FileState::Foreign(_))
    }
}

/// What a file is that is not here, behind "is".
pub(super) const NOT_HERE: &str = "not on this machine, and was not compared";

/// What the file of another run is, behind "is".
pub(super) fn other(serial: u64) -> String {
    format!("the file of serial {serial}, and not the one that was written last")
}

/// The file of values in a report of drift; nothing if none was ever written.
pub(super) struct FoundValues<'a>(pub(super) Option<&'a ValuesFile>);

impl SectionContent for FoundValues<'_> {
    fn blocks(&self) -> Vec<Block> {
        let Some(ValuesFile { file, found, remedies: _ }) = self.0 else { return Vec::new() };
        let muted = |text: String| Row::of([Text::of(Label::Muted, text)]);
        let row = match found {
            FileState::Edited(edited) => {
                let cells = [Text::of(Label::Address, file), Text::of(Label::Plain, told(edited))];
                Row::of(cells).with_status(RowStatus::Drift)
            }
            FileState::Foreign(what) => Row::of([Text::of(Label::Plain, what)]).with_status(RowStatus::Drift),
            FileState::Missing => muted(format!("{file} is {NOT_HERE}.")),
            FileState::Other(serial) => muted(format!("{file} is {}.", other(*serial))),
            FileState::AsWritten => return Vec::new(),
        };
        Block::rows(vec![row])
    }

    fn json_fields(&self) -> JsonFields {
        let values = self.0.map(|one| json!({"file": one.file, "found": found_json(&one.found)}));
        vec![("values", values.unwrap_or_default())]
    }
}

/// The values in a plan, for programs.
fn to_json(values: &ValuesPlan) -> Value {
    let compared_with = match values.basis {
        Basis::Nothing | Basis::Unrecorded => Value::Null,
        Basis::Recorded(serial) => json!({"record": serial}),
        Basis::File(serial) => json!({"file": serial}),
    };
    let changes: Vec<Value> = values
        .changes
        .iter()
        .map(|diff| {
            let before = diff.before.as_ref().map_or_else(|| json!({"hidden": true}), side);
            json!({"path": diff.path, "before": before, "after": side(&diff.after)})
        })
        .collect();
    let from = |part: fn(&ValuesRelease) -> Option<String>| values.from.as_ref().and_then(part);
    json!({
        "file": values.file,
        "first": values.basis == Basis::Nothing,
        "compared_with": compared_with,
        "chart": {"from": from(|release| Some(release.chart.clone())), "to": values.to.chart},
        "application": {"from": from(|release| release.application.clone()), "to": values.to.application},
        "changes": changes,
        "found": found_json(&values.found),
        "stops_all_pods": values.stops_all_pods && values.is_change(),
        "downgrade": values.is_downgrade,
    })
}

/// The file on this machine, for programs.
fn found_json(found: &FileState) -> Value {
    let (state, serial, edited, what) = match found {
        FileState::Missing => ("missing", None, None, None),
        FileState::AsWritten => ("as_written", None, None, None),
        FileState::Other(serial) => ("other", Some(*serial), None, None),
        FileState::Edited(edited) => ("edited", None, Some(edited), edited.unreadable.as_ref()),
        FileState::Foreign(what) => ("foreign", None, None, Some(what)),
    };
    let keys = edited.into_iter().flat_map(|edited| &edited.keys);
    let keys: Vec<Value> = keys.map(|(path, edit)| json!({"path": path, "change": edit.word()})).collect();
    json!({"state": state, "serial": serial, "edits": keys, "because": what})
}
