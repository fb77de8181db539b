//! What a plan changes, object by object, with the reason of each.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::block::{Block, Group, Heading, Row, RowStatus, Table};
use super::fields::{self, Sides};
use super::kinds;
use super::page::{JsonFields, SectionContent};
use super::text::{Label, Text};
use crate::engine::diff::{FieldDiff, Shown};
use crate::engine::plan::{Action, Plan, Why};
use crate::engine::state::Recorded;
use crate::model::address::Address;
use crate::model::component::Component;
use crate::model::document::Document;
use crate::model::resource::{Catalog, ReplaceOrder};

/// Every object that changes, in the order of addresses.
pub(super) struct Changes<'a> {
    all: Vec<Change<'a>>,
    catalog: &'a Catalog,
    is_full: bool,
}

/// One object that changes.
struct Change<'a> {
    address: &'a Address,
    verb: Verb,
    reason: Reason<'a>,
    /// What is recorded of the object that is there.
    prior: Option<&'a Recorded>,
    /// What is wanted, where something new is made.
    wanted: Option<&'a Document>,
    diffs: &'a [FieldDiff],
    /// What an update passes through first.
    via: &'a [Document],
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Verb {
    Create,
    Update,
    Replace(ReplaceOrder),
    Delete,
    Forget,
}

struct Reason<'a> {
    why: &'a Why,
    /// Whether what it follows is made again and not replaced.
    is_made_again: bool,
}

impl<'a> Changes<'a> {
    /// The changes of a plan; `is_full` shows every field of what is made.
    pub(super) fn of(plan: &'a Plan, catalog: &'a Catalog, is_full: bool) -> Self {
        let all = plan.actions.iter().filter_map(|(address, action)| Change::of(address, action, plan));
        Self { all: all.collect(), catalog, is_full }
    }

    /// How many records go because their object is gone.
    pub(super) fn forgotten(&self) -> usize {
        self.all.iter().filter(|change| change.verb == Verb::Forget).count()
    }

    fn row(&self, change: &Change<'_>) -> Row {
        let status = change.verb.status();
        let address = Text::of(Label::Address, change.address.to_string());
        let word = Text::of(status.label(), change.verb.told());
        let beneath = match change.verb {
            Verb::Create if self.is_full => change.wanted.map(fields::declared).unwrap_or_default(),
            Verb::Create | Verb::Delete | Verb::Forget => Vec::new(),
            Verb::Update | Verb::Replace(_) => self.fields(change),
        };
        Row { beneath, ..Row::of([address, word, self.detail(change)]).with_status(status) }
    }

    fn fields(&self, change: &Change<'_>) -> Vec<Row> {
        // The line above says already what the object follows.
        let told = |diff: &&FieldDiff| {
            !self.is_full
                && matches!((&diff.after, change.reason.why),
                    (Shown::AfterApply(to), Why::DependencyReplaced(from)) if to == from)
        };
        let untold: Vec<FieldDiff> = change.diffs.iter().filter(|diff| !told(diff)).cloned().collect();
        fields::rows(&untold, change.via, Sides::Change)
    }

    /// What the line of an object says behind the action.
    fn detail(&self, change: &Change<'_>) -> Text {
        let telling = |document| kinds::telling(self.catalog, &change.address.kind, document);
        let (about, label) = match (change.verb, change.wanted, change.prior) {
            (Verb::Create, Some(wanted), _) => (telling(wanted), Label::After),
            (Verb::Delete, _, Some(prior)) => (telling(&prior.declared), Label::Before),
            (Verb::Create | Verb::Update | Verb::Replace(_) | Verb::Delete | Verb::Forget, ..) => {
                (String::new(), Label::Plain)
            }
        };
        let goes = matches!(change.verb, Verb::Delete | Verb::Replace(_));
        let holds_data =
            goes && self.catalog.get(&change.address.kind).is_some_and(|facts| facts.holds.data().is_some());
        let parts = [
            (label, about),
            (Label::Warning, if holds_data { "holds data".to_owned() } else { String::new() }),
            (Label::Why, change.reason.told(change.verb).unwrap_or_default()),
        ];
        let mut detail = Text::new();
        for (label, part) in parts.into_iter().filter(|(_, part)| !part.is_empty()) {
            detail.push(Label::Plain, if detail.is_empty() { "" } else { "  " });
            detail.push(label, part);
        }
        detail
    }

    fn to_json(&self, change: &Change<'_>) -> Value {
        json!({
            "address": change.address,
            "component": kinds::component(self.catalog, &change.address.kind).word(),
            "action": change.verb.word(),
            "why": change.reason.word(),
            "because": change.reason.because(),
            "order": change.verb.order(),
            "id": change.prior.and_then(|prior| prior.computed.text("id")),
            "fields": fields::to_json(change.diffs),
            "declared": change.wanted,
        })
    }
}

impl SectionContent for Changes<'_> {
    fn blocks(&self) -> Vec<Block> {
        let mut sorted: Vec<&Change<'_>> = self.all.iter().collect();
        sorted.sort_by_cached_key(|change| kinds::order(self.catalog, change.address));
        let mut components: BTreeMap<Component, Vec<&Change<'_>>> = BTreeMap::new();
        for change in sorted {
            components.entry(kinds::component(self.catalog, &change.address.kind)).or_default().push(change);
        }
        // What is all of one component needs no heading to tell components apart.
        let is_alone = components.len() == 1;
        let table = |(component, changes): (Component, Vec<&Change<'_>>)| {
            let heading = (!is_alone).then(|| Heading::of(component.title()).with(tally(&changes)));
            let rows = changes.into_iter().map(|change| self.row(change)).collect();
            Block::Table(Table { groups: vec![Group { heading, rows }] })
        };
        components.into_iter().map(table).collect()
    }

    fn json_fields(&self) -> JsonFields {
        vec![("changes", self.all.iter().map(|change| self.to_json(change)).collect())]
    }
}

impl<'a> Change<'a> {
    fn of(address: &'a Address, action: &'a Action, plan: &'a Plan) -> Option<Self> {
        let none = [].as_slice();
        let (verb, why, prior, wanted, diffs, via) = match action {
            Action::NoOp { .. } => return None,
            Action::Create { declared, why, .. } => (Verb::Create, why, None, Some(declared), none, [].as_slice()),
            Action::Update { prior, via, diffs, why, .. } => {
                (Verb::Update, why, Some(prior), None, diffs.as_slice(), via.as_slice())
            }
            Action::Replace { prior, declared, diffs, why, order, .. } => {
                (Verb::Replace(*order), why, Some(prior), Some(declared), diffs.as_slice(), [].as_slice())
            }
            Action::Delete { prior, why } => (Verb::Delete, why, Some(prior), None, none, [].as_slice()),
            Action::Forget { why } => (Verb::Forget, why, None, None, none, [].as_slice()),
        };
        let is_made_again = matches!(why, Why::DependencyReplaced(on)
            if matches!(plan.actions.get(on), Some(Action::Create { .. })));
        Some(Self { address, verb, reason: Reason { why, is_made_again }, prior, wanted, diffs, via })
    }
}

impl Verb {
    /// Its word for programs.
    const fn word(self) -> &'static str {
        match self {
            Self::Create => "create",
            Self::Update => "update",
            Self::Replace(_) => "replace",
            Self::Delete => "delete",
            Self::Forget => "forget",
        }
    }

    /// Its words for readers.
    const fn told(self) -> &'static str {
        match self {
            Self::Update => "update in place",
            Self::Replace(ReplaceOrder::DeleteFirst) => "replace (delete, then create)",
            Self::Replace(ReplaceOrder::CreateFirst) => "replace (create, then delete)",
            Self::Create | Self::Delete | Self::Forget => self.word(),
        }
    }

    const fn status(self) -> RowStatus {
        match self {
            Self::Create => RowStatus::Create,
            Self::Update => RowStatus::Update,
            Self::Replace(ReplaceOrder::DeleteFirst) => RowStatus::ReplaceDeleteFirst,
            Self::Replace(ReplaceOrder::CreateFirst) => RowStatus::ReplaceCreateFirst,
            Self::Delete => RowStatus::Delete,
            Self::Forget => RowStatus::Forget,
        }
    }

    /// Which object goes first in a replacement.
    const fn order(self) -> Option<&'static str> {
        match self {
            Self::Replace(ReplaceOrder::CreateFirst) => Some("create_first"),
            Self::Replace(ReplaceOrder::DeleteFirst) => Some("delete_first"),
            Self::Create | Self::Update | Self::Delete | Self::Forget => None,
        }
    }
}

impl Reason<'_> {
    fn word(&self) -> &'static str {
        match self.why {
            Why::New => "new",
            Why::Vanished => "vanished",
            Why::Undeclared => "undeclared",
            Why::Destroyed => "destroyed",
            Why::Changed => "changed",
            Why::Unfinished => "unfinished",
            Why::Tainted(_) => "tainted",
            Why::Requested => "requested",
            Why::DependencyReplaced(_) => "dependency_replaced",
        }
    }

    /// What the word needs to be complete.
    fn because(&self) -> Option<String> {
        match self.why {
            Why::Tainted(because) => Some(because.clone()),
            Why::DependencyReplaced(on) => Some(on.to_string()),
            Why::New
            | Why::Vanished
            | Why::Undeclared
            | Why::Destroyed
            | Why::Changed
            | Why::Unfinished
            | Why::Requested => None,
        }
    }

    /// The reason for readers; nothing where the action says it.
    fn told(&self, verb: Verb) -> Option<String> {
        let told = match (verb, self.why) {
            (Verb::Forget, Why::Undeclared) => "because it is gone, and no longer declared",
            (Verb::Forget, _) => "because it is gone already",
            (_, Why::New | Why::Destroyed | Why::Changed) => return None,
            (_, Why::Vanished) => "because it is gone",
            (_, Why::Undeclared) => "because it is no longer declared",
            (_, Why::Unfinished) => "because an earlier run did not finish it",
            (_, Why::Tainted(because)) => return Some(format!("because {because}")),
            (_, Why::Requested) => "because you asked for it",
            (_, Why::DependencyReplaced(on)) => {
                return Some(format!("because {on} is {}", if self.is_made_again { "made again" } else { "replaced" }));
            }
        };
        Some(told.to_owned())
    }
}

/// `3 to create, 1 to delete`, without what there is none of.
fn tally(changes: &[&Change<'_>]) -> String {
    let count = |fits: fn(Verb) -> bool| changes.iter().filter(|change| fits(change.verb)).count();
    let parts = [
        (count(|verb| verb == Verb::Create), "to create"),
        (count(|verb| verb == Verb::Update), "to update"),
        (count(|verb| matches!(verb, Verb::Replace(_))), "to replace"),
        (count(|verb| verb == Verb::Delete), "to delete"),
        (count(|verb| verb == Verb::Forget), "to forget"),
    ];
    let told = parts.iter().filter(|(n, _)| *n > 0).map(|(n, words)| format!("{n} {words}"));
    told.collect::<Vec<_>>().join(", ")
}
