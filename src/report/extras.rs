//! The pages of what is not ours and is taken away: what is about to go, and what became of it.

use serde_json::{Value, json};

use super::apply::causes;
use super::block::{Block, Heading, Message, Row};
use super::page::{CriticalPath, Lead, Page, PageScope, Remark, Section};
use super::ready::Ready;
use super::row_status::RowStatus;
use super::text::{Label, Text};
use crate::model::finding::Severity;
use crate::run::{Departure, Extra};

impl<'a> Page<'a> {
    /// The page of what is about to be taken away from `stack`.
    pub fn of_extras(stack: &'a str, extras: &[Extra]) -> Self {
        let rows = Ready::list("extras", extras.iter().map(|one| (to_go(one), told(one))));
        let heading = Heading::of("To be taken away: not ours, and in no record");
        let verdict = format!("{} to take away.", extras.len());
        page(stack, verdict, vec![Section::titled("extras", heading, rows).led(Lead::Heading)], Vec::new())
    }

    /// The page of what became of it; `again` is what to type to go on.
    pub fn of_departures(stack: &'a str, extras: &[Extra], departures: &[Departure], again: &str) -> Self {
        let (mut gone, mut failed, mut messages, mut left) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
        for (one, departure) in extras.iter().zip(departures) {
            match departure {
                Departure::Gone => gone.push((departed(one), told(one))),
                Departure::NotBegun => left.push((to_go(one), told(one))),
                Departure::Failed(failure) => {
                    messages.push(message(one, &causes(failure)));
                    let mut value = told(one);
                    value["error"] = json!(failure);
                    failed.push(value);
                }
            }
        }
        let verdict = match (gone.len(), extras.len() - gone.len()) {
            (n, 0) => format!("{n} taken away."),
            (n, rest) => format!("{n} taken away, {rest} not."),
        };
        let is_complete = failed.is_empty() && left.is_empty();
        let again = Remark::Hint(Text::of(Label::Plain, format!("what is gone stays so; `{again}` goes on")));
        let failed = Ready::of(
            if messages.is_empty() { Vec::new() } else { vec![Block::Messages(messages)] },
            vec![("failed", Value::Array(failed))],
        );
        let part = |id, title, content| Section::titled(id, Heading::of(title), content);
        let sections = vec![
            part("taken_away", "Taken away", Ready::list("taken_away", gone)),
            part("failed", "Failed", failed).led(Lead::None),
            part("not_begun", "Not begun", Ready::list("not_begun", left)),
        ];
        page(stack, verdict, sections, if is_complete { Vec::new() } else { vec![again] })
    }
}

fn page<'a>(stack: &'a str, verdict: String, sections: Vec<Section<'a>>, remarks: Vec<Remark>) -> Page<'a> {
    Page {
        command: "drift fix",
        scope: PageScope { stack, region_and_account: None },
        source: None,
        frame: None,
        sections,
        verdict: Text::of(Label::Plain, verdict),
        remarks,
        chain: CriticalPath::default(),
        json_fields: Vec::new(),
        summary: json!({}),
    }
}

fn to_go(one: &Extra) -> Row {
    departed(one).with_status(RowStatus::Delete)
}

fn departed(one: &Extra) -> Row {
    Row::of([
        Text::of(Label::Address, one.address.to_string()),
        Text::of(Label::Delete, &one.name),
        Text::of(Label::Plain, &one.what),
        Text::of(Label::Muted, one.consequence),
    ])
}

/// One of them for programs.
fn told(one: &Extra) -> Value {
    json!({
        "address": one.address, "name": one.name, "what": one.what, "call": one.removal.call,
        "consequence": one.consequence,
    })
}

fn message(one: &Extra, causes: &[String]) -> Message {
    let severity = Severity::Error;
    let what = Text::of(Label::Plain, format!("could not take {} of {} away", one.name, one.address));
    let causes = causes.iter().map(|cause| Text::of(Label::Plain, cause)).collect();
    Message { severity, word: severity.word(), what, causes, about: Vec::new(), hints: Vec::new() }
}
