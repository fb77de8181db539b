//! What is the same of many objects, such as a tag that all of them get: told once.
//!
//! Promises: nothing is folded of which users notice anything, and what differs between two objects is folded for
//! neither.

use std::collections::BTreeMap;

use super::block::{Row, RowStatus};
use super::fields::{self, Sides};
use super::risks::NO_EFFECT;
use super::text::{Label, Text};
use super::words::count;
use crate::engine::diff::{FieldDiff, Shown};
use crate::engine::plan::{Action, Plan, Why};
use crate::model::address::Address;
use crate::model::resource::OnChange;

/// How to see each of them.
pub(super) const UNFOLDED: &str = "--full tells each";

/// From so many objects on, what is the same of them is told once.
const MANY: usize = 3;

/// Differences that many objects have.
#[derive(Default)]
pub(super) struct Alike {
    /// Each with how many objects have it.
    shared: Vec<(FieldDiff, usize)>,
    /// Objects of which nothing else changes.
    wholly: Vec<Address>,
}

impl Alike {
    /// Those of a plan.
    pub(super) fn of(plan: &Plan) -> Self {
        let changed = |action| match action {
            &Action::Update { ref diffs, .. } | &Action::Replace { ref diffs, .. } => diffs.as_slice(),
            Action::NoOp { .. } | Action::Create { .. } | Action::Delete { .. } | Action::Forget { .. } => &[],
        };
        let mut counted: BTreeMap<&str, Vec<(&FieldDiff, usize)>> = BTreeMap::new();
        for (address, action) in &plan.actions {
            let noticed = |diff: &FieldDiff| {
                let mut impacts = plan.impact.get(address).into_iter().flatten();
                impacts.any(|one| one.field.as_deref() == Some(diff.field()))
            };
            for diff in changed(action).iter().filter(|diff| is_plain(diff) && !noticed(diff)) {
                let of_path = counted.entry(&diff.path).or_default();
                match of_path.iter_mut().find(|(known, _)| *known == diff) {
                    Some((_, n)) => *n += 1,
                    None => of_path.push((diff, 1)),
                }
            }
        }
        let many = counted.into_values().flatten().filter(|(_, n)| *n >= MANY);
        let mut alike = Self { shared: many.map(|(diff, n)| (diff.clone(), n)).collect(), wholly: Vec::new() };
        let is_whole = |action: &Action| match action {
            Action::Update { diffs, why: Why::Changed, .. } => diffs.iter().all(|diff| alike.tells(diff)),
            Action::Update { .. }
            | Action::Replace { .. }
            | Action::NoOp { .. }
            | Action::Create { .. }
            | Action::Delete { .. }
            | Action::Forget { .. } => false,
        };
        let wholly = plan.actions.iter().filter(|(_, action)| is_whole(action)).map(|(address, _)| address.clone());
        alike.wholly = wholly.collect();
        alike
    }

    /// Whether this difference is told here.
    pub(super) fn tells(&self, diff: &FieldDiff) -> bool {
        self.shared.iter().any(|(shared, _)| shared == diff)
    }

    /// Whether nothing of an object is left to be told elsewhere.
    pub(super) fn is_all_of(&self, address: &Address) -> bool {
        self.wholly.contains(address)
    }

    /// Whether nothing is told here.
    pub(super) fn is_empty(&self) -> bool {
        self.shared.is_empty()
    }

    /// A row for each difference.
    pub(super) fn rows(&self) -> Vec<Row> {
        let row = |(diff, n): &(FieldDiff, usize)| {
            let told =
                fields::rows(std::slice::from_ref(diff), &[], Sides::Change).into_iter().next().unwrap_or_default();
            let effect = if diff.field() == "tags" { NO_EFFECT } else { "no outage" };
            let mut cells = vec![vec![Text::of(Label::Address, count(*n, "object"))]];
            cells.extend(told.cells.into_iter().take(2));
            cells.push(vec![Text::of(Label::Muted, effect)]);
            Row { cells, ..Row::default() }.with_status(RowStatus::Update)
        };
        self.shared.iter().map(row).collect()
    }
}

/// Whether a difference can be told without its object: an update between values that stand for themselves.
fn is_plain(diff: &FieldDiff) -> bool {
    diff.on_change == OnChange::Update && !matches!(diff.after, Shown::AfterApply(_))
}
