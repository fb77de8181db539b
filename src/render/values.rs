//! What becomes of the Helm values, and what somebody changed in their file.
//!
//! Promises: one line for each key that changes; what somebody wrote into the file is told by its keys alone.

use serde_json::{Value, json};

use super::fields::LONG;
use super::layout::{align, indented};
use super::signs::Signs;
use super::style::{Label, Styled};
use super::value;
use super::words::count;
use crate::engine::diff::Shown;
use crate::engine::values::{Basis, Edited, Found, Release, ValueDiff, ValuesPlan};

/// The section of a plan; nothing where nothing is to be told.
pub(super) fn section(text: &mut Styled, values: &ValuesPlan, verbose: bool, signs: Signs) {
    let notes = notes(values);
    if !values.is_change() && notes.is_empty() {
        return;
    }
    text.end_line();
    text.line(Styled::of(Label::Heading, "Helm values").with(Label::Muted, format!("  {}", place(values))));
    let mut rows: Vec<Vec<Styled>> = Vec::new();
    match &values.from {
        Some(from) if values.is_other_chart() => {
            rows.push(row("~", Label::Update, "chart", versions(from, &values.to, signs)));
        }
        None if values.basis == Basis::Nothing => {
            rows.push(row("+", Label::Create, "chart", Styled::of(Label::After, release(&values.to))));
        }
        Some(_) | None => {}
    }
    if values.basis != Basis::Nothing || verbose {
        rows.extend(values.changes.iter().flat_map(|diff| change(diff, signs)));
    }
    for line in align(rows) {
        text.line(indented(2, line));
    }
    for note in notes {
        text.line(indented(2, note));
    }
}

/// What the line of totals says of the values.
pub(super) fn total(values: &ValuesPlan) -> Option<Styled> {
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
    Some(Styled::of(Label::Update, told))
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

fn row(sign: &str, label: Label, path: &str, body: Styled) -> Vec<Styled> {
    vec![Styled::of(label, format!("{sign} ")).with(Label::Plain, path), body]
}

fn release(release: &Release) -> String {
    match &release.application {
        Some(application) => format!("rstudio-pm {}, Package Manager {application}", release.chart),
        None => format!("rstudio-pm {}", release.chart),
    }
}

fn versions(from: &Release, to: &Release, signs: Signs) -> Styled {
    let mut line = arrow(Styled::of(Label::Before, &from.chart), Styled::of(Label::After, &to.chart), signs);
    if let (Some(old), Some(new)) = (&from.application, &to.application)
        && old != new
    {
        line.push(Label::Muted, "  Package Manager ");
        line.append(arrow(Styled::of(Label::Before, old), Styled::of(Label::After, new), signs));
    }
    line
}

fn arrow(before: Styled, after: Styled, signs: Signs) -> Styled {
    before.with(Label::Muted, format!(" {} ", signs.arrow)).and(after)
}

fn change(diff: &ValueDiff, signs: Signs) -> Vec<Vec<Styled>> {
    let (path, after) = (diff.path.as_str(), &diff.after);
    let plain = |label: Label, shown: &Shown| Styled::of(label, words(path, shown));
    match (&diff.before, after) {
        (Some(Shown::Nothing), _) => vec![row("+", Label::Create, path, plain(Label::After, after))],
        (Some(before), Shown::Nothing) => vec![row("-", Label::Delete, path, plain(Label::Before, before))],
        (None, Shown::Nothing) => vec![row("-", Label::Delete, path, Styled::new())],
        (None, _) => {
            let other = Styled::of(Label::Muted, "another value");
            vec![row("~", Label::Update, path, arrow(other, plain(Label::After, after), signs))]
        }
        (Some(before), _) => {
            let (old, new) = match (before, after) {
                (Shown::Value(old), Shown::Value(new)) => value::both(path, old, new),
                (_, _) => (words(path, before), words(path, after)),
            };
            if old.chars().count() + new.chars().count() > LONG {
                let old = Styled::of(Label::Delete, "- ").with(Label::Before, old);
                let new = Styled::of(Label::Create, "+ ").with(Label::After, new);
                return vec![row("~", Label::Update, path, old), vec![Styled::new(), new]];
            }
            vec![row(
                "~",
                Label::Update,
                path,
                arrow(Styled::of(Label::Before, old), Styled::of(Label::After, new), signs),
            )]
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
fn notes(values: &ValuesPlan) -> Vec<Styled> {
    let mut notes = Vec::new();
    let plain = |text: String| Styled::of(Label::Plain, text);
    match &values.found {
        Found::Edited(edited) => {
            let line =
                Styled::of(Label::Drift, "! ").with(Label::Plain, format!("{} was {}", values.file, told(edited)));
            notes.push(line);
            notes.push(plain(format!("  Apply keeps it as {}.orig and writes what is declared.", values.file)));
        }
        Found::Other(serial) => {
            notes.push(plain(format!("{} is the file of serial {serial}; apply writes it anew.", values.file)));
        }
        Found::Foreign(what) => {
            notes.push(Styled::of(Label::Drift, "! ").with(Label::Plain, what));
            notes.push(plain("  Apply refuses to write over it.".to_owned()));
        }
        Found::Missing | Found::AsWritten => {}
    }
    if values.basis == Basis::Unrecorded {
        notes.push(plain("Apply writes them, and remembers what it wrote.".to_owned()));
    }
    if values.is_downgrade {
        let what = "the database was migrated by the newer version, and no migration goes back.";
        notes.push(Styled::of(Label::Warning, "Downgrade: ").with(Label::Plain, what));
    }
    if values.stops_all_pods && values.is_change() {
        let what = "all pods stop before new ones start, and nothing is served in between";
        notes.push(Styled::of(Label::Warning, "Recreate: ").with(Label::Plain, format!("{what}.")));
    } else if matches!(values.basis, Basis::Recorded(_) | Basis::File(_))
        && values.changes.iter().any(|diff| diff.path == "strategy.type")
    {
        notes.push(plain(
            "Pods are replaced one by one again. Where the values before were not installed yet, install those first."
                .to_owned(),
        ));
    }
    notes
}

/// What was done to a file, behind "was".
fn told(edited: &Edited) -> String {
    if let Some(why) = &edited.unreadable {
        return format!("changed by hand and is not YAML any more: {why}");
    }
    if edited.keys.is_empty() {
        return "changed by hand: comments or layout, and no key".to_owned();
    }
    let keys: Vec<String> = edited.keys.iter().map(|(path, edit)| format!("{path} {}", edit.word())).collect();
    format!("changed by hand: {}", keys.join(", "))
}

/// The file in a report of drift: what is shown below the objects, and what counts.
pub(super) fn drifted(text: &mut Styled, file: &str, found: &Found) {
    let head = |text: &mut Styled| {
        text.end_line();
        text.line(Styled::of(Label::Heading, "Helm values"));
    };
    match found {
        Found::Edited(edited) => {
            head(text);
            text.line(
                Styled::of(Label::Drift, "  ! ")
                    .with(Label::Address, file)
                    .with(Label::Plain, format!("  {}", told(edited))),
            );
        }
        Found::Foreign(what) => {
            head(text);
            text.line(Styled::of(Label::Drift, "  ! ").with(Label::Plain, what));
        }
        Found::Missing => {
            head(text);
            text.line(Styled::of(Label::Muted, format!("  {file} is not on this machine, and was not compared.")));
        }
        Found::Other(serial) => {
            head(text);
            text.line(Styled::of(
                Label::Muted,
                format!("  {file} is the file of serial {serial}, and not the one that was written last."),
            ));
        }
        Found::AsWritten => {}
    }
}

/// Whether the file counts as drift.
pub(super) fn is_drift(found: &Found) -> bool {
    matches!(found, Found::Edited(_) | Found::Foreign(_))
}

/// The values in a plan, for programs.
pub(super) fn json(values: &ValuesPlan) -> Value {
    let compared_with = match values.basis {
        Basis::Nothing | Basis::Unrecorded => Value::Null,
        Basis::Recorded(serial) => json!({"record": serial}),
        Basis::File(serial) => json!({"file": serial}),
    };
    let side = |shown: &Shown| match shown {
        Shown::Value(value) => json!({"value": value}),
        Shown::AfterApply(address) => json!({"new": address}),
        Shown::Nothing => Value::Null,
    };
    let changes: Vec<Value> = values
        .changes
        .iter()
        .map(|diff| {
            let before = diff.before.as_ref().map_or_else(|| json!({"hidden": true}), side);
            json!({"path": diff.path, "before": before, "after": side(&diff.after)})
        })
        .collect();
    let from = |part: fn(&Release) -> Option<String>| values.from.as_ref().and_then(part);
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
pub(super) fn found_json(found: &Found) -> Value {
    let (state, serial, edited, what) = match found {
        Found::Missing => ("missing", None, None, None),
        Found::AsWritten => ("as_written", None, None, None),
        Found::Other(serial) => ("other", Some(*serial), None, None),
        Found::Edited(edited) => ("edited", None, Some(edited), edited.unreadable.as_ref()),
        Found::Foreign(what) => ("foreign", None, None, Some(what)),
    };
    let keys = edited.into_iter().flat_map(|edited| &edited.keys);
    let keys: Vec<Value> = keys.map(|(path, edit)| json!({"path": path, "change": edit.word()})).collect();
    json!({"state": state, "serial": serial, "edits": keys, "because": what})
}
