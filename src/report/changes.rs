//! What a plan changes, object by object, with the reason of each and what users notice of it.
//!
//! Promises: what users notice most comes first; what is the same of many objects is told once, unless all is to be told.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::alike::{self, Alike};
use super::block::{Block, Fold, Group, Heading, Row, Table};
use super::fields::{self, Sides};
use super::kinds;
use super::page::{JsonFields, SectionContent};
use super::reasons::{Reason, Reasons};
use super::risks::{NO_EFFECT, class_label, impact_json};
use super::row_status::RowStatus;
use super::text::{Label, Text};
use super::words;
use crate::engine::diff::{FieldDiff, Shown};
use crate::engine::plan::{Action, Plan, Why};
use crate::engine::state::Recorded;
use crate::model::address::Address;
use crate::model::component::Component;
use crate::model::document::Document;
use crate::model::impact::{Impact, ImpactClass};
use crate::model::place::Origins;
use crate::model::resource::{Catalog, ReplaceOrder};

/// Every object that changes, in the order of addresses.
pub(super) struct Changes<'a> {
    all: Vec<Change<'a>>,
    alike: Alike<'a>,
    catalog: &'a Catalog,
    is_full: bool,
}

/// One object that changes.
struct Change<'a> {
    address: &'a Address,
    verb: Verb,
    why: &'a Why,
    /// Why it changes, each reason explained by the next.
    reasons: Vec<Reason>,
    /// What users notice, the worst first.
    impact: &'a [Impact],
    /// What is recorded of the object that is there.
    prior: Option<&'a Recorded>,
    /// What is wanted, where something new is made.
    wanted: Option<&'a Document>,
    diffs: &'a [FieldDiff],
    /// What an update passes through first.
    via: &'a [Document],
}

/// What is done to an object.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Verb {
    Create,
    Update,
    Replace(ReplaceOrder),
    Delete,
    Forget,
}

impl<'a> Changes<'a> {
    /// The changes of a plan; `is_full` shows every field of what is made, and each of what is alike.
    pub(super) fn of(plan: &'a Plan, catalog: &'a Catalog, origins: &'a Origins, is_full: bool) -> Self {
        let reasons = Reasons { plan, origins };
        let all = plan.actions.iter().filter_map(|(address, action)| Change::of(address, action, &reasons));
        let alike = if is_full { Alike::default() } else { Alike::of(plan) };
        Self { all: all.collect(), alike, catalog, is_full }
    }

    /// What a plan changes about one object, in full.
    pub(super) fn of_one(plan: &'a Plan, catalog: &'a Catalog, origins: &'a Origins, address: &Address) -> Self {
        let mut changes = Self::of(plan, catalog, origins, true);
        changes.all.retain(|change| change.address == address);
        changes
    }

    /// How many records go because their object is gone.
    pub(super) fn forgotten(&self) -> usize {
        self.all.iter().filter(|change| change.verb == Verb::Forget).count()
    }

    /// Where the changes began, in words, each with how many objects change for it, the most first. `new` tells of those that
    /// no reason is known of.
    pub(super) fn roots(&self, new: &str) -> Vec<(String, usize)> {
        let mut roots: BTreeMap<String, usize> = BTreeMap::new();
        for change in &self.all {
            let root = change.reasons.last().map_or_else(|| new.to_owned(), Reason::words);
            *roots.entry(root).or_default() += 1;
        }
        let mut roots: Vec<(String, usize)> = roots.into_iter().collect();
        roots.sort_by_key(|(_, objects)| Reverse(*objects));
        roots
    }

    fn row(&self, change: &Change<'_>) -> Row {
        let status = change.verb.status();
        let address = Text::of(Label::Address, change.address.to_string());
        let word = Text::of(status.label(), change.verb.told());
        let mut beneath = match change.verb {
            Verb::Create if self.is_full => change.wanted.map(fields::declared).unwrap_or_default(),
            Verb::Create | Verb::Delete | Verb::Forget => Vec::new(),
            Verb::Update | Verb::Replace(_) => self.fields(change),
        };
        // The reasons of a replacement go back a long way.
        if let (Verb::Replace(_), Some(why)) = (change.verb, change.told_reasons()) {
            beneath.insert(0, Row::of([Text::of(Label::Why, why)]));
        }
        let fold = match change.worst() {
            // What was replaced or is noticed is what somebody came to read.
            Some(_) => Fold::Open,
            None if matches!(change.verb, Verb::Replace(_)) => Fold::Open,
            None => Fold::Closed,
        };
        Row { beneath, fold, ..Row::of([address, word, self.detail(change)]).with_status(status) }
    }

    fn fields(&self, change: &Change<'_>) -> Vec<Row> {
        // The line above says already what the object follows.
        let told = |diff: &&FieldDiff| {
            !self.is_full
                && matches!((&diff.after, change.why),
                    (Shown::AfterApply(to), Why::DependencyReplaced(from)) if to == from)
        };
        let untold = change.diffs.iter().filter(|diff| !told(diff) && !self.alike.tells(change.address, diff));
        fields::rows(&untold.cloned().collect::<Vec<_>>(), change.via, Sides::Change)
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
        let why = match change.verb {
            Verb::Replace(_) => Text::new(),
            Verb::Create | Verb::Update | Verb::Delete | Verb::Forget => {
                change.told_reasons().map(|told| Text::of(Label::Why, told)).unwrap_or_default()
            }
        };
        let mut detail = Text::new();
        for part in [Text::of(label, about), change.noticed(), why].into_iter().filter(|part| !part.is_empty()) {
            detail.push(Label::Plain, if detail.is_empty() { "" } else { "  " });
            detail.append(part);
        }
        detail
    }

    fn to_json(&self, change: &Change<'_>) -> Value {
        json!({
            "address": change.address,
            "component": kinds::component(self.catalog, &change.address.kind).word(),
            "action": change.verb.word(),
            "why": word(change.why),
            "because": because(change.why),
            "reasons": change.reasons.iter().map(Reason::words).collect::<Vec<_>>(),
            "impact": change.impact.iter().map(impact_json).collect::<Vec<_>>(),
            "order": change.verb.order(),
            "id": change.prior.and_then(|prior| prior.computed.text("id")),
            "fields": fields::to_json(change.diffs),
            "declared": change.wanted,
        })
    }
}

impl SectionContent for Changes<'_> {
    fn blocks(&self) -> Vec<Block> {
        let is_told = |change: &&Change<'_>| !self.alike.is_all_of(change.address);
        let mut sorted: Vec<&Change<'_>> = self.all.iter().filter(is_told).collect();
        sorted.sort_by_cached_key(|change| (Reverse(change.worst()), kinds::order(self.catalog, change.address)));
        let mut components: BTreeMap<Component, Vec<&Change<'_>>> = BTreeMap::new();
        for change in sorted {
            components.entry(kinds::component(self.catalog, &change.address.kind)).or_default().push(change);
        }
        let mut components: Vec<(Component, Vec<&Change<'_>>)> = components.into_iter().collect();
        components.sort_by_key(|(_, changes)| Reverse(changes.iter().map(|change| change.worst()).max()));
        // What is all of one component needs no heading to tell components apart.
        let is_alone = components.len() + usize::from(!self.alike.is_empty()) == 1;
        let table = |(component, changes): (Component, Vec<&Change<'_>>)| {
            let heading = (!is_alone).then(|| Heading::of(component.title()).with(tally(&changes)));
            let rows = changes.into_iter().map(|change| self.row(change)).collect();
            Block::Table(Table { groups: vec![Group { heading, rows }] })
        };
        let alike = self.alike.rows();
        let heading = (!is_alone).then(|| Heading::of("The same for many").with(alike::UNFOLDED));
        let alike = (!alike.is_empty()).then(|| Block::Table(Table { groups: vec![Group { heading, rows: alike }] }));
        components.into_iter().map(table).chain(alike).collect()
    }

    fn json_fields(&self) -> JsonFields {
        vec![("changes", self.all.iter().map(|change| self.to_json(change)).collect())]
    }
}

impl<'a> Change<'a> {
    fn of(address: &'a Address, action: &'a Action, reasons: &Reasons<'a>) -> Option<Self> {
        let none = [].as_slice();
        let verb = Verb::of(action)?;
        let (why, prior, wanted, diffs, via) = match action {
            Action::NoOp { .. } => return None,
            Action::Create { declared, why, .. } => (why, None, Some(declared), none, [].as_slice()),
            Action::Update { prior, via, diffs, why, .. } => (why, Some(prior), None, diffs.as_slice(), via.as_slice()),
            Action::Replace { prior, declared, diffs, why, .. } => {
                (why, Some(prior), Some(declared), diffs.as_slice(), [].as_slice())
            }
            Action::Delete { prior, why } => (why, Some(prior), None, none, [].as_slice()),
            Action::Forget { why } => (why, None, None, none, [].as_slice()),
        };
        let impact = reasons.plan.impact.get(address).map(Vec::as_slice).unwrap_or_default();
        Some(Self { address, verb, why, reasons: reasons.chain(address), impact, prior, wanted, diffs, via })
    }

    /// The worst of what users notice.
    fn worst(&self) -> Option<ImpactClass> {
        self.impact.first().map(|one| one.class).filter(|class| class.is_risk())
    }

    /// What users notice, a word for each thing: those of the classes, the worst first.
    fn noticed(&self) -> Text {
        let mut told = noticed(self.impact);
        // Where nothing differs, an earlier run is finished, and nobody knows what that was.
        if told.is_empty() && self.verb == Verb::Update && !self.diffs.is_empty() {
            let is_of_tags = |diff: &FieldDiff| diff.field() == "tags";
            let word = if self.diffs.iter().all(is_of_tags) { NO_EFFECT } else { ImpactClass::NoOutage.word() };
            told.push(Label::Muted, word);
        }
        told
    }

    /// Why it changes, back to where that began; nothing where the action and its fields say it.
    fn told_reasons(&self) -> Option<String> {
        let is_told_by_fields =
            self.verb == Verb::Update && matches!(self.reasons.first(), Some(Reason::Key { .. } | Reason::Field(_)));
        // Without the key, the field beneath says it.
        let is_field = |reason: &&Reason| !matches!(reason, Reason::Field(_));
        let words: Vec<String> =
            self.reasons.iter().filter(is_field).map(|reason| format!("because {}", reason.words())).collect();
        (!is_told_by_fields && !words.is_empty()).then(|| words.join(", "))
    }
}

impl Verb {
    /// That of an action; nothing where nothing is done.
    pub(super) const fn of(action: &Action) -> Option<Self> {
        Some(match action {
            Action::NoOp { .. } => return None,
            Action::Create { .. } => Self::Create,
            Action::Update { .. } => Self::Update,
            Action::Replace { order, .. } => Self::Replace(*order),
            Action::Delete { .. } => Self::Delete,
            Action::Forget { .. } => Self::Forget,
        })
    }

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
    pub(super) const fn told(self) -> &'static str {
        match self {
            Self::Update => "update in place",
            Self::Replace(ReplaceOrder::DeleteFirst) => "replace (delete, then create)",
            Self::Replace(ReplaceOrder::CreateFirst) => "replace (create, then delete)",
            Self::Create | Self::Delete | Self::Forget => self.word(),
        }
    }

    pub(super) const fn status(self) -> RowStatus {
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

/// The words of what users notice, each once, the worst first; what is no risk only where nothing else is noticed.
pub(super) fn noticed(impact: &[Impact]) -> Text {
    let mut words: Vec<ImpactClass> = impact.iter().map(|one| one.class).collect();
    words.dedup();
    if words.iter().any(|class| class.is_risk()) {
        words.retain(|class| class.is_risk());
    }
    let mut told = Text::new();
    for class in words {
        told.push(Label::Muted, if told.is_empty() { "" } else { ", " });
        told.push(class_label(class), class.word());
    }
    told
}

fn word(why: &Why) -> &'static str {
    match why {
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
fn because(why: &Why) -> Option<String> {
    match why {
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
    words::tally(&parts)
}
