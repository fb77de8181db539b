//! A plan as text: what will change, grouped by component, and why.
//!
//! Promises: one line for each object that changes and none for those that do not; a field is shown where it changes
//! and nowhere else; what a colour says, a word says too.

use std::collections::{BTreeMap, BTreeSet};

use super::checks::checks;
use super::fields::{self, Sides};
use super::kinds;
use super::layout::{align, indented};
use super::signs::{self, Signs};
use super::style::{Label, Styled};
use super::{values, words};
use crate::engine::diff::{FieldDiff, Shown};
use crate::engine::moves::{How, Move};
use crate::engine::plan::{Action, Drift, Part, Plan, StepKey, Why};
use crate::engine::values::ValuesPlan;
use crate::model::address::Address;
use crate::model::component::Component;
use crate::model::document::Document;
use crate::model::resource::Catalog;
use crate::run::Planned;

/// A chain of no more steps than these is shown whole.
const SHORT_CHAIN: usize = 5;

/// What a plan is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Goal {
    /// That what is declared stands.
    Converge,
    /// That nothing stands.
    Destroy,
}

/// How a plan is shown.
#[derive(Clone, Copy, Debug)]
pub struct PlanView<'a> {
    /// Region of the stack.
    pub region: &'a str,
    /// Account of the stack.
    pub account: &'a str,
    /// The facts of every kind: how its objects are shown, how long steps usually take, and what holds data.
    pub catalog: &'a Catalog,
    /// What the plan is for.
    pub goal: Goal,
    /// What becomes of the Helm values, if that is planned.
    pub values: Option<&'a ValuesPlan>,
    /// The file of the declaration, as it was given.
    pub file: &'a str,
    /// Its text.
    pub text: &'a str,
    /// Whether signs beyond ASCII may be used.
    pub symbols: bool,
    /// Whether what is made shows its fields.
    pub verbose: bool,
}

/// The plan as text.
pub fn plan_text(planned: &Planned, view: &PlanView<'_>) -> Styled {
    let page = Page { plan: &planned.plan, view, signs: Signs::of(view.symbols) };
    let mut text = Styled::new();
    text.line(place(&planned.plan.stack, view.region, view.account));
    page.moved(&mut text);
    page.changes(&mut text);
    page.noticed(&mut text);
    page.drift(&mut text);
    page.kept(&mut text);
    page.adopted(&mut text);
    page.deposed(&mut text);
    if let Some(values) = view.values {
        values::section(&mut text, values, view.verbose, page.signs);
    }
    page.notes(&mut text);
    checks(&planned.checks, (view.file, view.text), &mut text);
    text.end_line();
    page.totals(&planned.critical_path, &mut text);
    text
}

/// The first line of every report: where all of it is true.
pub(super) fn place(stack: &str, region: &str, account: &str) -> Styled {
    let head = Styled::of(Label::Heading, stack);
    head.with(Label::Muted, format!(" in {region}, account ")).with(Label::Plain, account)
}

/// Address and reasons below a heading, the notes of an object below each other.
pub(super) fn noted(text: &mut Styled, title: &str, notes: &BTreeMap<Address, Vec<String>>) {
    let rows = notes.iter().flat_map(|(address, notes)| {
        let mut name = address.to_string();
        notes.iter().map(move |note| {
            vec![Styled::of(Label::Address, std::mem::take(&mut name)), Styled::of(Label::Plain, note)]
        })
    });
    section(text, title, rows.collect());
}

/// A heading and lines below it; nothing if there are no lines.
pub(super) fn section(text: &mut Styled, title: &str, rows: Vec<Vec<Styled>>) {
    if rows.is_empty() {
        return;
    }
    text.end_line();
    text.line(Styled::of(Label::Heading, title));
    for line in align(rows) {
        text.line(indented(2, line));
    }
}

/// A plan being written down.
struct Page<'a> {
    plan: &'a Plan,
    view: &'a PlanView<'a>,
    signs: Signs,
}

/// One object that changes: its line, and the rows beneath.
struct Entry {
    line: Vec<Styled>,
    rows: Vec<Vec<Styled>>,
}

impl Page<'_> {
    fn changes(&self, text: &mut Styled) {
        let mut changed: Vec<(&Address, &Action)> =
            self.plan.actions.iter().filter(|(_, action)| signs::action(action).is_some()).collect();
        changed.sort_by_cached_key(|(address, _)| kinds::order(self.view.catalog, address));
        let mut groups: BTreeMap<Component, Vec<(&Address, &Action)>> = BTreeMap::new();
        for (address, action) in changed {
            groups.entry(kinds::component(self.view.catalog, &address.kind)).or_default().push((address, action));
        }
        let alone = groups.len() == 1;
        for (component, group) in groups {
            // What is all of one component needs no heading to tell components apart.
            if !alone {
                text.end_line();
                let actions: Vec<&Action> = group.iter().map(|(_, action)| *action).collect();
                text.line(
                    Styled::of(Label::Heading, component.title()).with(Label::Muted, format!("  {}", tally(&actions))),
                );
            }
            self.group(&group, text);
        }
    }

    fn group(&self, group: &[(&Address, &Action)], text: &mut Styled) {
        let signs = group.iter().filter_map(|(_, action)| signs::action(action)).map(|(sign, ..)| sign.len());
        let width = signs.max().unwrap_or_default();
        let entries: Vec<Entry> =
            group.iter().filter_map(|(address, action)| self.entry(address, action, width)).collect();
        let (lines, beneath): (Vec<_>, Vec<_>) = entries.into_iter().map(|entry| (entry.line, entry.rows)).unzip();
        for (line, rows) in align(lines).into_iter().zip(beneath) {
            text.line(indented(2, line));
            for row in align(rows) {
                text.line(indented(width + 5, row));
            }
        }
    }

    fn entry(&self, address: &Address, action: &Action, sign_width: usize) -> Option<Entry> {
        let (sign, words, label) = signs::action(action)?;
        let name = Styled::of(label, format!("{sign:sign_width$} ")).with(Label::Address, address.to_string());
        let rows = match action {
            Action::Create { declared, .. } if self.view.verbose => fields::declared(declared),
            Action::NoOp { .. } | Action::Create { .. } | Action::Delete { .. } | Action::Forget { .. } => Vec::new(),
            Action::Update { diffs, via, why, .. } => self.rows(diffs, via, why),
            Action::Replace { diffs, why, .. } => self.rows(diffs, &[], why),
        };
        Some(Entry { line: vec![name, Styled::of(label, words), self.detail(address, action)], rows })
    }

    fn rows(&self, diffs: &[FieldDiff], via: &[Document], why: &Why) -> Vec<Vec<Styled>> {
        // The line above says already what the object follows.
        let told = |diff: &&FieldDiff| {
            !self.view.verbose
                && matches!((&diff.after, why), (Shown::AfterApply(to), Why::DependencyReplaced(from)) if to == from)
        };
        let untold: Vec<FieldDiff> = diffs.iter().filter(|diff| !told(diff)).cloned().collect();
        fields::rows(&untold, via, Sides::Change, self.signs)
    }

    /// What the line of an object says behind the action.
    fn detail(&self, address: &Address, action: &Action) -> Styled {
        let mut detail = Styled::new();
        let telling = |declared| kinds::telling(self.view.catalog, &address.kind, declared);
        let mut add = |label: Label, part: &str| {
            if !part.is_empty() {
                detail.push(Label::Plain, if detail.is_empty() { "" } else { "  " });
                detail.push(label, part);
            }
        };
        match action {
            Action::NoOp { .. } | Action::Update { .. } | Action::Replace { .. } | Action::Forget { .. } => {}
            Action::Create { declared, .. } => add(Label::After, &telling(declared)),
            Action::Delete { prior, .. } => add(Label::Before, &telling(&prior.declared)),
        }
        let goes = matches!(action, Action::Delete { .. } | Action::Replace { .. });
        if goes && self.view.catalog.get(&address.kind).is_some_and(|facts| facts.holds.data().is_some()) {
            add(Label::Warning, "holds data");
        }
        add(Label::Why, &self.why(action).unwrap_or_default());
        detail
    }

    fn why(&self, action: &Action) -> Option<String> {
        let why = match action {
            Action::NoOp { .. } => return None,
            Action::Forget { why: Why::Undeclared } => {
                return Some("because it is gone, and no longer declared".to_owned());
            }
            Action::Forget { .. } => return Some("because it is gone already".to_owned()),
            Action::Create { why, .. }
            | Action::Update { why, .. }
            | Action::Replace { why, .. }
            | Action::Delete { why, .. } => why,
        };
        match why {
            Why::New | Why::Destroyed | Why::Changed => None,
            Why::Vanished => Some("because it is gone".to_owned()),
            Why::Undeclared => Some("because it is no longer declared".to_owned()),
            Why::Unfinished => Some("because an earlier run did not finish it".to_owned()),
            Why::Tainted(because) => Some(format!("because {because}")),
            Why::Requested => Some("because you asked for it".to_owned()),
            Why::DependencyReplaced(on) => {
                let made = matches!(self.plan.actions.get(on), Some(Action::Create { .. }));
                Some(format!("because {on} is {}", if made { "made again" } else { "replaced" }))
            }
        }
    }

    fn drift(&self, text: &mut Styled) {
        if self.plan.drift.is_empty() {
            return;
        }
        text.end_line();
        text.line(
            Styled::of(Label::Heading, "Drift").with(Label::Muted, "  moved by somebody else since the last run"),
        );
        let mut drift: Vec<(&Address, &Drift)> = self.plan.drift.iter().collect();
        drift.sort_by_cached_key(|(address, _)| kinds::order(self.view.catalog, address));
        let outcome = |address: &Address, drift: &Drift| self.outcome(address, drift);
        drifted(text, &drift, self.signs, &outcome);
    }

    /// What becomes of a drift.
    fn outcome(&self, address: &Address, drift: &Drift) -> &'static str {
        let Some(action) = self.plan.actions.get(address) else { return "left as it is" };
        match (action, drift) {
            (Action::NoOp { .. }, _) if self.plan.kept.contains_key(address) => "kept as it is",
            (Action::NoOp { .. }, _) => "agrees with the declaration; only the record follows",
            (Action::Create { .. }, _) => "made again by this plan",
            (Action::Delete { .. }, _) => "deleted by this plan",
            (Action::Forget { .. }, _) => "wanted no more; only the record goes",
            (Action::Update { diffs, .. } | Action::Replace { diffs, .. }, Drift::Moved(moved)) => {
                let paths: BTreeSet<&str> = diffs.iter().map(|diff| diff.path.as_str()).collect();
                match moved.iter().filter(|diff| paths.contains(diff.path.as_str())).count() {
                    0 => "agrees with the declaration",
                    back if back == moved.len() => "put back by this plan",
                    _ => "put back by this plan where it is not as declared",
                }
            }
            (Action::Update { .. } | Action::Replace { .. }, Drift::Gone) => "put back by this plan",
        }
    }

    fn moved(&self, text: &mut Styled) {
        let row = |Move { from, to, id, how }: &Move| {
            let both = format!("{from} {} {to}", self.signs.arrow);
            let (name, what) = match how {
                How::Renamed => (both, "moved, nothing done in AWS"),
                How::Merged => (both, "one object under both, moved, nothing done in AWS"),
                How::TakenUp { .. } if from == to => {
                    (to.to_string(), "an old object that is wanted again, taken up, nothing done in AWS")
                }
                How::TakenUp { .. } => (both, "an old object that is wanted again, moved, nothing done in AWS"),
                How::Kept => (to.to_string(), "was to be removed and is in use, kept, nothing done in AWS"),
            };
            vec![Styled::of(Label::Address, name), Styled::of(Label::Plain, what), Styled::of(Label::Muted, id)]
        };
        section(text, "Moved: only the record follows", self.plan.moved.iter().map(row).collect());
    }

    fn noticed(&self, text: &mut Styled) {
        let told = self.plan.noticed.iter().map(|(address, text)| (address.clone(), vec![text.clone()]));
        noted(text, "Users will notice", &told.collect());
    }

    fn kept(&self, text: &mut Styled) {
        let kept = self.plan.kept.iter().map(|(address, reason)| (address.to_string(), reason));
        let old = self.plan.kept_old.iter().map(|old| (format!("{} ({})", old.address, old.id), &old.reason));
        let rows = kept.chain(old);
        let rows = rows.map(|(name, reason)| vec![Styled::of(Label::Address, name), Styled::of(Label::Plain, reason)]);
        section(text, "Kept", rows.collect());
    }

    fn adopted(&self, text: &mut Styled) {
        let rows = self.plan.adopted.iter().map(|(address, recorded)| {
            let id = recorded.computed.text("id").unwrap_or_default();
            vec![Styled::of(Label::Address, address.to_string()), Styled::of(Label::Plain, id)]
        });
        section(text, "Adopted: ours by their marks, and in no record until now", rows.collect());
    }

    fn deposed(&self, text: &mut Styled) {
        let rows = self.plan.deposed.iter().map(|(address, id)| {
            let name = Styled::of(Label::Delete, "- ").with(Label::Address, address.to_string());
            vec![name, Styled::of(Label::Delete, "delete"), Styled::of(Label::Before, id)]
        });
        section(text, "Old objects that earlier runs left over", rows.collect());
    }

    fn notes(&self, text: &mut Styled) {
        let notes = self.plan.notes.iter().filter(|(_, notes)| !notes.is_empty());
        noted(text, "Worth knowing", &notes.map(|(address, notes)| (address.clone(), notes.clone())).collect());
    }

    fn totals(&self, critical: &(Vec<StepKey>, u64), text: &mut Styled) {
        let counts = self.plan.counts();
        let forgotten = self.plan.actions.values().filter(|action| matches!(action, Action::Forget { .. })).count();
        let mut unchanged = Styled::new();
        if counts.unchanged > 0 {
            let word = match self.view.goal {
                Goal::Converge => "unchanged",
                Goal::Destroy => "kept",
            };
            unchanged.push(Label::Muted, format!(" {} {word}.", counts.unchanged));
        }
        let values = self.view.values.and_then(values::total);
        if !self.plan.has_changes() && values.is_none() {
            let (head, rest) = match (self.view.goal, forgotten, self.plan.moved.len()) {
                (Goal::Converge, 0, 0) => ("No changes.", " Everything is as declared."),
                (Goal::Destroy, 0, 0) => ("No changes.", " There is nothing to delete."),
                (Goal::Converge | Goal::Destroy, _, 0) => ("No changes in AWS.", " Only records go."),
                (Goal::Converge | Goal::Destroy, _, _) => ("No changes in AWS.", " Only the record follows."),
            };
            text.line(Styled::of(Label::Success, head).with(Label::Plain, rest).and(unchanged));
            return;
        }
        let mut line = Styled::of(Label::Heading, "Plan:");
        let parts = [
            (counts.create, "to create,", Label::Create),
            (counts.update, "to update,", Label::Update),
            (counts.replace, "to replace,", Label::Replace),
            (counts.delete, "to delete.", Label::Delete),
            (counts.drifted, "drifted.", Label::Drift),
        ];
        for (n, words, label) in parts {
            line.push(Label::Plain, " ");
            line.push(if n == 0 { Label::Muted } else { label }, format!("{n} {words}"));
        }
        text.line(line.and(unchanged).and(values.unwrap_or_default()));
        if self.plan.has_changes() {
            text.line(self.duration(critical));
        }
    }

    /// How long it takes, and the steps that make it long.
    fn duration(&self, (path, seconds): &(Vec<StepKey>, u64)) -> Styled {
        let line = Styled::of(Label::Plain, format!("Usually takes about {}", words::roughly(*seconds)));
        if path.len() < 2 {
            return line.with(Label::Plain, ".");
        }
        let addresses: BTreeSet<&Address> = path.iter().map(|step| &step.address).collect();
        let alike = addresses.len() == path.len() && path.iter().all(|step| removes(step) == removes(&path[0]));
        let mut chain: Vec<String> = Vec::new();
        for step in path {
            let name = if alike { step.address.to_string() } else { step.to_string() };
            let takes = self.seconds(step);
            // A tenth of the whole and more.
            if takes.saturating_mul(10) >= *seconds {
                chain.push(format!("{name} ({})", words::roughly(takes)));
            } else if path.len() <= SHORT_CHAIN {
                chain.push(name);
            } else if chain.last().is_none_or(|last| last != self.signs.more) {
                chain.push(self.signs.more.to_owned());
            }
        }
        let chain = chain.join(&format!(" {} ", self.signs.arrow));
        let end = if chain.ends_with(')') { "." } else { "" };
        line.with(Label::Plain, "; longest chain: ").with(Label::Muted, chain).with(Label::Plain, end)
    }

    fn seconds(&self, step: &StepKey) -> u64 {
        self.view.catalog.get(&step.address.kind).map_or(0, |facts| match step.part {
            Part::Create => facts.typical.create,
            Part::Change { .. } => facts.typical.update,
            Part::Delete | Part::DeleteDeposed { .. } => facts.typical.delete,
        })
    }
}

/// The lines of drifted objects, each with what becomes of it.
pub(super) fn drifted(
    text: &mut Styled,
    drift: &[(&Address, &Drift)],
    signs: Signs,
    outcome: &dyn Fn(&Address, &Drift) -> &'static str,
) {
    let lines = drift.iter().map(|(address, drift)| {
        let name = Styled::of(Label::Drift, "! ").with(Label::Address, address.to_string());
        let word = match drift {
            Drift::Gone => "gone",
            Drift::Moved(_) => "changed",
        };
        vec![name, Styled::of(Label::Drift, word), Styled::of(Label::Muted, outcome(address, drift))]
    });
    for (line, (_, drift)) in align(lines.collect()).into_iter().zip(drift) {
        text.line(indented(2, line));
        if let Drift::Moved(diffs) = drift {
            for row in align(fields::rows(diffs, &[], Sides::Drift, signs)) {
                text.line(indented(6, row));
            }
        }
    }
}

fn removes(step: &StepKey) -> bool {
    matches!(step.part, Part::Delete | Part::DeleteDeposed { .. })
}

/// `3 to create, 1 to delete`, without what there is none of.
fn tally(actions: &[&Action]) -> String {
    let count = |fits: fn(&Action) -> bool| actions.iter().filter(|action| fits(action)).count();
    let parts = [
        (count(|action| matches!(action, Action::Create { .. })), "to create"),
        (count(|action| matches!(action, Action::Update { .. })), "to update"),
        (count(|action| matches!(action, Action::Replace { .. })), "to replace"),
        (count(|action| matches!(action, Action::Delete { .. })), "to delete"),
        (count(|action| matches!(action, Action::Forget { .. })), "to forget"),
    ];
    let told = parts.iter().filter(|(n, _)| *n > 0).map(|(n, words)| format!("{n} {words}"));
    told.collect::<Vec<_>>().join(", ")
}
