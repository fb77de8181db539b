//! What stands above and below a plan that is kept or sent: what it comes to, what it was made from, what carries it out.

use serde_json::json;

use super::page::{Page, PageFrame};
use super::plan::PlanView;
use super::risks::{Risks, class_label, worst};
use super::text::{Label, Text};
use crate::cost::CostChange;
use crate::engine::object_graph::ObjectGraph;
use crate::engine::plan::Plan;
use crate::engine::values::ValuesPlan;
use crate::model::document::{canonical, digest};
use crate::model::money::Money;
use crate::run::Planned;

/// So many digits of a digest tell one from another for people.
const SHORT: usize = 12;

/// What the report of a plan is made with.
#[derive(Clone, Copy, Debug)]
pub struct PlanReportView<'a> {
    /// What its page on a screen is made with.
    pub view: PlanView<'a>,
    /// How the objects hang together.
    pub objects: &'a ObjectGraph,
    /// The digest of the declaration.
    pub declaration: &'a str,
    /// What carries the plan out, such as `ppm-infra apply ppm.plan.json`; empty where nothing does.
    pub apply: &'a str,
    /// What shows the plan as a whole.
    pub show: &'a str,
}

/// The page of a plan with what stands above and below it.
pub(super) fn framed<'a>(planned: &'a Planned, of: &PlanReportView<'a>, view: &PlanView<'a>) -> Page<'a> {
    let mut page = Page::of_plan(planned, view);
    for section in page.sections.iter_mut().filter(|section| section.id == "risks") {
        section.content = Box::new(Risks::of(&planned.plan).unbroken());
    }
    let (headline, tone) = headline(planned, view);
    let whole = if of.show.is_empty() { Text::new() } else { shown_by(of.show) };
    page.frame = Some(PageFrame { headline, tone, whole, footer: footer(&planned.plan, of) });
    page
}

fn shown_by(command: &str) -> Text {
    Text::of(Label::Plain, format!("All of it is shown by `{command}`."))
}

/// The worst of what users notice, what is done, and what it costs.
fn headline(planned: &Planned, view: &PlanView<'_>) -> (Text, Label) {
    let plan = &planned.plan;
    let counts = plan.counts();
    let mut parts: Vec<Text> = Vec::new();
    let mut tone = if plan.has_changes() { Label::Update } else { Label::Success };
    if let Some(class) = worst(plan) {
        tone = class_label(class);
        parts.push(Text::of(tone, class.word()));
    }
    if planned.may_be_carried_out().is_err() {
        tone = Label::Error;
        parts.insert(0, Text::of(tone, "CHECKS FAILED"));
    }
    let told = [
        (counts.delete, "to delete", Label::Delete),
        (counts.replace, "to replace", Label::Replace),
        (counts.update, "to update", Label::Update),
        (counts.create, "to create", Label::Create),
    ];
    let told = told.into_iter().filter(|(n, ..)| *n > 0);
    parts.extend(told.map(|(n, words, label)| Text::of(label, format!("{n} {words}"))));
    if !plan.has_changes() {
        let is_values = view.values.is_some_and(ValuesPlan::is_change);
        let told = if is_values { "Helm values change" } else { "no changes" };
        parts.push(Text::of(Label::Plain, told));
    }
    if let Some(delta) = view.cost.map(CostChange::delta).filter(|delta| *delta != Money::ZERO) {
        parts.push(Text::of(Label::Plain, format!("{} USD a month", delta.told_change())));
    }
    let mut line = Text::new();
    for part in parts {
        if !line.is_empty() {
            line.push(Label::Muted, " · ");
        }
        line.append(part);
    }
    (line, tone)
}

/// The first digits of a digest.
pub(super) fn short(digest: &str) -> &str {
    digest.get(..SHORT).unwrap_or(digest)
}

/// What tells one plan from another.
pub(super) fn plan_digest(plan: &Plan) -> String {
    digest(canonical(&json!(plan)).as_bytes())
}

/// What it was made from, until when it holds, and what carries it out.
fn footer(plan: &Plan, of: &PlanReportView<'_>) -> Vec<Text> {
    let code = |text: &str| Text::of(Label::Before, text);
    let plain = |text: &str| Text::of(Label::Plain, text);
    let serial = plan.base.serial.to_string();
    let mut declared = plain("Declaration ");
    if !of.view.quoted_file.is_empty() {
        declared.append(code(of.view.quoted_file).with(Label::Plain, ", "));
    }
    let mut lines = vec![
        declared.with(Label::Plain, "sha256 ").and(code(short(of.declaration))).with(Label::Plain, "."),
        plain("Plan ")
            .and(code(short(&plan_digest(plan))))
            .with(Label::Plain, ", made from serial ")
            .and(code(&serial))
            .with(
                Label::Plain,
                format!(" by ppm-infra {}. Valid until serial {serial} changes.", env!("CARGO_PKG_VERSION")),
            ),
    ];
    lines.extend((!of.apply.is_empty()).then(|| carried_out_by(of.apply)));
    lines
}

/// What carries a plan out.
pub(super) fn carried_out_by(command: &str) -> Text {
    Text::of(Label::Plain, format!("To carry it out: `{command}`."))
}
