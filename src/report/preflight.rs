//! The page of a preflight: how the account stands up to every check, and what to do about what it does not.

use serde_json::json;

use super::block::{Block, Heading, Row};
use super::checks::Checks;
use super::page::{CriticalPath, DeclarationText, JsonFields, Lead, Page, PageScope, Section, SectionContent};
use super::text::{Label, Text};
use super::words::count;
use crate::model::finding::{Check, Severity};
use crate::run::Planned;

/// What the page of a preflight is made with, beside the plan.
#[derive(Clone, Copy, Debug)]
pub struct PreflightView<'a> {
    /// Region of the stack.
    pub region: &'a str,
    /// The declaration.
    pub source: DeclarationText<'a>,
    /// Whether the checks that passed are named, too.
    pub is_full: bool,
}

impl<'a> Page<'a> {
    /// The page of a preflight.
    pub fn of_preflight(planned: &'a Planned, view: &PreflightView<'a>) -> Self {
        let checks = Checks::of(&planned.checks, view.source);
        let counts = checks.counts();
        Self {
            command: "preflight",
            scope: PageScope {
                stack: &planned.plan.stack,
                region_and_account: Some((view.region, &planned.surroundings.account)),
            },
            source: Some(view.source),
            verdict: verdict(&planned.checks),
            remarks: Vec::new(),
            chain: CriticalPath::default(),
            frame: None,
            json_fields: Vec::new(),
            summary: json!({"checks": counts}),
            sections: vec![
                Section::titled("checks", Heading::of("Checks"), checks.told_alone()).led(Lead::None),
                Section::titled(
                    "passed",
                    Heading::of("Passed"),
                    Passed { all: &planned.checks, is_full: view.is_full },
                ),
            ],
        }
    }
}

fn verdict(all: &[Check]) -> Text {
    let so_many = |severity| all.iter().filter(|check| check.worst() == Some(severity)).count();
    let (failed, unknown) = (so_many(Severity::Error), so_many(Severity::Unknown));
    let made = count(all.len(), "check");
    let is_clean = all.iter().all(|check| check.result() == "pass");
    if failed > 0 {
        Text::of(Label::Error, format!("{failed} of {made} failed:"))
            .with(Label::Plain, " apply would be refused, or fail half way.")
    } else if unknown > 0 {
        Text::of(Label::Warning, format!("{unknown} of {made} could not be made.")).with(Label::Plain, " None failed.")
    } else if is_clean {
        Text::of(Label::Success, format!("{made}, all passed."))
    } else {
        Text::of(Label::Success, format!("{made}, none failed."))
    }
}

/// The checks that passed, by name.
struct Passed<'a> {
    all: &'a [Check],
    is_full: bool,
}

impl SectionContent for Passed<'_> {
    fn blocks(&self) -> Vec<Block> {
        let passed = self.all.iter().filter(|check| self.is_full && check.result() == "pass");
        Block::rows(passed.map(|check| Row::of([Text::of(Label::Plain, check.id)])).collect())
    }

    fn json_fields(&self) -> JsonFields {
        Vec::new()
    }
}
