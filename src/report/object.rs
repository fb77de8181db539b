//! The page of one object of a stack: what it is, why it is there, what it hangs together with, and what a change of each
//! field does.
//!
//! Promises: everything is read from the declaration, the record and the tables of its kind; no cloud is asked.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use super::block::{Block, Heading, Row};
use super::changes::Changes;
use super::fields::{self, LONG};
use super::kinds;
use super::page::{CriticalPath, DeclarationText, Page, PageScope, Remark, Section};
use super::ready::Ready;
use super::reasons::told;
use super::risks::{NO_EFFECT, class_label, impact_json};
use super::text::{Label, Text};
use super::{value, words};
use crate::engine::plan::{Action, Plan};
use crate::engine::state::Recorded;
use crate::model::address::Address;
use crate::model::document::Document;
use crate::model::duration::TimedVerb;
use crate::model::impact::{FieldImpact, ImpactClass};
use crate::model::place::Origins;
use crate::model::reference::references_in;
use crate::model::resource::{Catalog, KindFacts, Node, OnChange};

/// What the page of an object is made with.
#[derive(Clone, Copy, Debug)]
pub struct ObjectView<'a> {
    /// The stack.
    pub stack: &'a str,
    /// The object.
    pub address: &'a Address,
    /// Every object that the declaration asks for.
    pub nodes: &'a BTreeMap<Address, Node>,
    /// What is recorded of it, if anything.
    pub recorded: Option<&'a Recorded>,
    /// The facts of every kind.
    pub catalog: &'a Catalog,
    /// Where the declaration says what the objects are to be.
    pub origins: &'a Origins,
    /// The declaration.
    pub source: DeclarationText<'a>,
    /// A plan in which something may happen to it.
    pub plan: Option<&'a Plan>,
}

impl<'a> Page<'a> {
    /// The page of an object; nothing where the declaration asks for none at its address and no plan knows it.
    pub fn of_object(view: &ObjectView<'a>) -> Option<Self> {
        let facts = view.catalog.get(&view.address.kind)?;
        let declared = view.nodes.get(view.address);
        let planned = view.plan.and_then(|plan| plan.actions.get(view.address));
        if declared.is_none() && view.recorded.is_none() && planned.is_none() {
            return None;
        }
        let titled = |id, title: &str, content: Ready| Section::titled(id, Heading::of(title), content);
        let mut sections = vec![
            titled("about", &view.address.to_string(), about(view, facts)),
            titled("fields", "What it is to be, and what a change does", fields_of(view, facts)),
            titled("needs", "Needs", needs(view)),
            titled("needed_by", "Needed by", needed_by(view)),
        ];
        if let Some(plan) = view.plan {
            let changes = Changes::of_one(plan, view.catalog, view.origins, view.address);
            sections.push(Section::titled("changes", Heading::of("In this plan"), changes));
        }
        Some(Self {
            command: "explain",
            scope: PageScope { stack: view.stack, region_and_account: None },
            source: Some(view.source),
            frame: None,
            sections,
            verdict: verdict(view, planned),
            remarks: remarks(view),
            chain: CriticalPath::default(),
            json_fields: vec![("address", json!(view.address)), ("what", json!(facts.what))],
            summary: json!({"declared": declared.is_some(), "recorded": view.recorded.is_some()}),
        })
    }
}

fn verdict(view: &ObjectView<'_>, planned: Option<&Action>) -> Text {
    let address = Text::of(Label::Address, view.address.to_string());
    let is_declared = view.nodes.contains_key(view.address);
    let rest = match (planned, view.recorded, is_declared) {
        (Some(Action::NoOp { .. }), ..) => " stays as it is in this plan.",
        (Some(_), ..) => " changes in this plan.",
        (None, Some(_), true) => " stands, as far as the record knows.",
        (None, Some(_), false) => " stands, and is not declared any more: the next apply deletes it.",
        (None, None, _) => " is not made yet.",
    };
    address.with(Label::Plain, rest)
}

fn remarks(view: &ObjectView<'_>) -> Vec<Remark> {
    let is_protected = view.nodes.get(view.address).is_some_and(|node| node.protect);
    let told = "It is protected: a plan that would delete or replace it is refused.";
    if is_protected { vec![Remark::Plain(Text::of(Label::Plain, told))] } else { Vec::new() }
}

/// What it is, where it comes from, how long it takes.
fn about(view: &ObjectView<'_>, facts: &KindFacts) -> Ready {
    let at = view.address;
    let declared = view.nodes.get(at).map(|node| &node.declared).or(view.recorded.map(|recorded| &recorded.declared));
    let telling = declared.map(|declared| kinds::telling(view.catalog, &at.kind, declared)).unwrap_or_default();
    let id = view.recorded.and_then(|recorded| recorded.computed.text("id"));
    let origin = view.origins.deciding(at, "");
    let nothing = Document::default();
    let typical = |verb| facts.typical.takes(verb, declared.unwrap_or(&nothing), &[]).p50;
    let [create, update, delete] = TimedVerb::ALL.map(typical);
    let takes = format!(
        "about {} to make, {} to change, {} to delete",
        words::roughly(create),
        words::roughly(update),
        words::roughly(delete)
    );
    let rows = [
        ("is", Text::of(Label::Plain, facts.what)),
        ("here", Text::of(Label::After, telling)),
        ("part of", Text::of(Label::Plain, facts.component.title())),
        ("declared by", Text::of(Label::Plain, origin.map(told).unwrap_or_default())),
        ("known to AWS as", Text::of(Label::Before, id.unwrap_or_default())),
        ("takes", Text::of(Label::Plain, takes)),
    ];
    let rows = rows.into_iter().filter(|(_, told)| !told.is_empty());
    let rows = rows.map(|(name, told)| Row::of([Text::of(Label::Muted, name), told])).collect();
    let json = json!({
        "component": facts.component.word(), "id": id, "key": origin.map(|origin| &origin.key),
        "line": origin.filter(|origin| origin.is_written).map(|origin| origin.place.line),
        "typical_seconds": {"create": create, "update": update, "delete": delete},
    });
    Ready::of(Block::rows(rows), vec![("about", json)])
}

/// Each field: its value, the key that decides it, and what a change of it does.
fn fields_of(view: &ObjectView<'_>, facts: &KindFacts) -> Ready {
    let impacts = (facts.field_impacts)();
    let declared = view.nodes.get(view.address).map(|node| &node.declared);
    let mut rows = Vec::new();
    let mut values = Vec::new();
    for field in facts.fields {
        let is_here = |one: &&FieldImpact| one.field == field.name;
        let noticed: Vec<&FieldImpact> = impacts.iter().filter(is_here).collect();
        let value = declared.and_then(|declared| declared.get(field.name));
        let origin = view.origins.deciding(view.address, field.name).filter(|_| field.name != "tags");
        let key = origin.map(told).unwrap_or_default();
        let effect = match field.on_change {
            OnChange::Ignore => "never compared again",
            OnChange::Replace => "another object takes its place",
            _ if field.name == "tags" => NO_EFFECT,
            OnChange::UpdateStepwise => "in place, one version after the other",
            OnChange::Update | OnChange::UpdateDangling if noticed.is_empty() => ImpactClass::NoOutage.word(),
            OnChange::Update | OnChange::UpdateDangling => "in place",
        };
        let beneath = noticed.iter().map(|one| impact_row(one)).collect();
        let cells = vec![
            vec![Text::of(Label::Plain, field.name)],
            vec![Text::of(Label::Why, effect)],
            vec![Text::of(Label::Muted, key)],
            value.map(|value| value_lines(field.name, value)).unwrap_or_default(),
        ];
        rows.push(Row { cells, beneath, ..Row::default() });
        let told = noticed.iter().map(|one| {
            let mut told = impact_json(&one.impact);
            told["case"] = json!(one.case);
            told
        });
        values.push(json!({
            "path": field.name, "on_change": field.on_change, "key": origin.map(|origin| &origin.key),
            "line": origin.filter(|origin| origin.is_written).map(|origin| origin.place.line),
            "declared": value, "impact": told.collect::<Vec<_>>(),
        }));
    }
    Ready::of(Block::rows(rows), vec![("fields", Value::Array(values))])
}

fn impact_row(one: &FieldImpact) -> Row {
    let class = one.impact.class;
    let case = one.case.map(|case| format!("{case}: ")).unwrap_or_default();
    Row::of([
        Text::of(class_label(class), class.word()),
        Text::of(Label::Plain, one.impact.extent()),
        Text::of(Label::Plain, format!("{case}{}", one.impact.what)),
    ])
}

/// A value in lines of which none is longer than it must be. The marks are nobody's to declare.
fn value_lines(field: &str, value: &Value) -> Vec<Text> {
    let lines: Vec<String> = if let (Some(tags), "tags") = (value.as_object(), field) {
        let own = tags.iter().filter(|(tag, _)| !fields::is_mark(&format!("tags.{tag}")));
        own.map(|(tag, value)| format!("{tag}: {}", value::words(value))).collect()
    } else {
        let whole = value::words_in(field, value);
        match value.as_array().filter(|_| whole.chars().count() > LONG) {
            Some(items) => items.iter().map(|item| value::words_in(field, item)).collect(),
            None => vec![whole],
        }
    };
    lines.iter().map(|line| Text::of(Label::After, line)).collect()
}

/// Why `from` hangs on `to`: by these fields, or for a reason of the architecture.
fn ties(from: &Node, to: &Address) -> BTreeSet<String> {
    let pointing = |(field, value): (&str, &Value)| references_in(value).contains(to).then(|| field.to_owned());
    let fields = from.declared.fields().filter_map(pointing).map(|field| format!("its {field}"));
    let others = [&from.after, &from.works_through, &from.replaced_with];
    let reasons = others.into_iter().filter_map(|ties| ties.get(to)).map(|reason| (*reason).to_owned());
    fields.chain(reasons).collect()
}

fn needs(view: &ObjectView<'_>) -> Ready {
    let Some(node) = view.nodes.get(view.address) else { return tied("needs", []) };
    tied("needs", view.nodes.keys().map(|other| (other, ties(node, other))))
}

fn needed_by(view: &ObjectView<'_>) -> Ready {
    tied("needed_by", view.nodes.iter().map(|(other, node)| (other, ties(node, view.address))))
}

fn tied<'n>(key: &'static str, all: impl IntoIterator<Item = (&'n Address, BTreeSet<String>)>) -> Ready {
    let item = |(other, ties): (&Address, BTreeSet<String>)| {
        let lines = ties.iter().map(|tie| Text::of(Label::Plain, tie)).collect();
        let row = Row { cells: vec![vec![Text::of(Label::Address, other.to_string())], lines], ..Row::default() };
        (row, json!({"address": other, "by": ties}))
    };
    Ready::list(key, all.into_iter().filter(|(_, ties)| !ties.is_empty()).map(item))
}
