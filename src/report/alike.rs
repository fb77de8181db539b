//! What is the same of many objects, such as a tag that all of them get: told once.
//!
//! Promises: nothing is folded of which users notice anything, and what differs between two objects is folded for
//! neither.

use std::collections::{BTreeMap, BTreeSet};

use super::block::Row;
use super::fields::{self, Sides};
use super::risks::NO_EFFECT;
use super::row_status::RowStatus;
use super::text::{Label, Text};
use super::words::count;
use crate::engine::diff::{FieldDiff, Shown};
use crate::engine::plan::{Action, Plan, Why};
use crate::model::address::Address;
use crate::model::impact::ImpactClass;
use crate::model::resource::OnChange;

/// How to see each of them.
pub(super) const UNFOLDED: &str = "--full tells each";

/// From so many objects on, what is the same of them is told once.
const MANY: usize = 3;

/// Differences that many objects have.
#[derive(Default)]
pub(super) struct Alike<'a> {
    /// Each with the objects that have it.
    shared: Vec<(&'a FieldDiff, BTreeSet<&'a Address>)>,
    /// Objects of which nothing else changes.
    wholly: BTreeSet<&'a Address>,
}

impl<'a> Alike<'a> {
    /// Those of a plan.
    pub(super) fn of(plan: &'a Plan) -> Self {
        let mut shared: BTreeMap<String, (&FieldDiff, BTreeSet<&Address>)> = BTreeMap::new();
        for (address, action) in &plan.actions {
            let (Action::Update { diffs, .. } | Action::Replace { diffs, .. }) = action else { continue };
            let is_noticed = |diff: &FieldDiff| {
                let mut impacts = plan.impact.get(address).into_iter().flatten();
                impacts.any(|one| one.field.as_deref() == Some(diff.field()))
            };
            for diff in diffs.iter().filter(|diff| is_plain(diff) && !is_noticed(diff)) {
                let same = serde_json::to_string(diff).expect("differences serialise");
                shared.entry(same).or_insert_with(|| (diff, BTreeSet::new())).1.insert(address);
            }
        }
        let shared = shared.into_values().filter(|(_, objects)| objects.len() >= MANY).collect();
        let mut alike = Self { shared, wholly: BTreeSet::new() };
        for (address, action) in &plan.actions {
            if let Action::Update { diffs, why: Why::Changed, .. } = action
                && diffs.iter().all(|diff| alike.tells(address, diff))
            {
                alike.wholly.insert(address);
            }
        }
        alike
    }

    /// Whether this difference of an object is told here.
    pub(super) fn tells(&self, address: &Address, diff: &FieldDiff) -> bool {
        self.shared.iter().any(|(shared, objects)| *shared == diff && objects.contains(address))
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
        let row = |(diff, objects): &(&FieldDiff, BTreeSet<&Address>)| {
            let told =
                fields::rows(std::slice::from_ref(*diff), &[], Sides::Change).into_iter().next().unwrap_or_default();
            let effect = if diff.field() == "tags" { NO_EFFECT } else { ImpactClass::NoOutage.word() };
            let mut cells = vec![vec![Text::of(Label::Address, count(objects.len(), "object"))]];
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
