//! The page of a plan where it is kept or sent: everything its page on a screen has, and what it takes to decide without the
//! program at hand.
//!
//! Promises: made from the plan alone, so the same plan gives the same page; nothing is said twice that is drawn.

use serde_json::json;

use super::block::{Block, Fold, Heading, Row};
use super::change_request;
use super::changes::Changes;
use super::cost;
use super::goal::Goal;
use super::graph::Graph;
use super::page::{CriticalPath, Page, PageFrame, Section};
use super::plan::PlanView;
use super::ready::Ready;
use super::risks::{Risks, class_label, worst};
use super::text::{Label, Text};
use super::timeline::Timeline;
use super::words::{self, count};
use crate::engine::object_graph::ObjectGraph;
use crate::engine::plan::Plan;
use crate::model::document::{canonical, digest};
use crate::model::money::Money;
use crate::run::Planned;

/// More objects than this are no picture any more beside other things.
const DRAWN: usize = 400;

/// So many digits of a digest tell one from another for people.
const SHORT: usize = 12;

/// The sections of a report, in the order in which they are read.
const ORDER: [&str; 14] = [
    "risks",
    "checks",
    "graph",
    "time",
    "moved",
    "changes",
    "drift",
    "kept",
    "adopted",
    "deposed",
    "values",
    "cost",
    "notes",
    "change_request",
];

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

impl<'a> Page<'a> {
    /// The page of a plan for a file that is kept and printed: with drawings, what it costs, and a change request.
    pub fn of_plan_report(planned: &'a Planned, of: &PlanReportView<'a>) -> Self {
        let view = PlanView { verbose: true, ..of.view };
        let plan = &planned.plan;
        let mut page = framed(planned, of, &view);
        page.sections.push(Section::titled("graph", graph_heading(), graph(planned, of)));
        if let Some(timeline) = Timeline::of(&planned.forecaster.forecast()) {
            let told = words::expected(timeline.seconds, timeline.p90_seconds);
            let content = Ready::of(vec![Block::Timeline(timeline)], Vec::new());
            page.sections.push(Section::titled("time", Heading::of("Time").with(told), content));
            // The drawing has it.
            page.chain = CriticalPath::default();
        }
        if let Some(cost) = view.cost {
            let heading = Heading::of("Cost").with(cost::list_prices(cost.prices));
            page.sections.push(Section::titled("cost", heading, cost::change(cost)));
        }
        if plan.has_changes() {
            let content = change_request::content(planned, of);
            page.sections.push(Section::titled("change_request", Heading::of("Change request"), content));
        }
        let has_found = planned.checks.iter().any(|check| check.worst().is_some());
        let place = |id: &str| ORDER.iter().position(|one| *one == id);
        let place = |section: &Section<'_>| match section.id {
            // What passed is read last.
            "checks" if !has_found => place("notes"),
            id => place(id),
        };
        page.sections.sort_by_key(place);
        page
    }

    /// The page of a plan for a comment: what is alike is told once, and what is read second is folded away.
    pub fn of_plan_comment(planned: &'a Planned, of: &PlanReportView<'a>) -> Self {
        let mut page = framed(planned, of, &of.view);
        let has_found = planned.checks.iter().any(|check| check.worst().is_some());
        for section in &mut page.sections {
            section.fold = match section.id {
                "risks" | "changes" => Fold::Never,
                "checks" if has_found => Fold::Never,
                _ => Fold::Closed,
            };
        }
        let place = |section: &Section<'_>| ORDER.iter().position(|one| *one == section.id);
        page.sections.sort_by_key(place);
        page
    }
}

impl Graph {
    /// The drawing of a plan, whole.
    pub fn of_plan_report(planned: &Planned, of: &PlanReportView<'_>) -> Self {
        let PlanView { catalog, region, .. } = of.view;
        let forecast = planned.forecaster.forecast();
        Self::of_plan(of.objects, catalog, region, (&planned.plan, &forecast))
    }
}

/// The page of a plan with what stands above and below it.
fn framed<'a>(planned: &'a Planned, of: &PlanReportView<'a>, view: &PlanView<'a>) -> Page<'a> {
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
        let is_values = view.values.is_some_and(crate::engine::values::ValuesPlan::is_change);
        let told = if is_values { "Helm values change" } else { "no changes" };
        parts.push(Text::of(Label::Plain, told));
    }
    if let Some(delta) = view.cost.map(|cost| cost.delta()).filter(|delta| *delta != Money::ZERO) {
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
    Text::of(Label::Plain, format!("What carries it out: `{command}`."))
}

fn graph_heading() -> Heading {
    Heading::of("Objects and what they need")
        .with("lines lead up to what is needed; numbers are the longest chain of steps")
}

/// The drawing, or why there is none.
fn graph(planned: &Planned, of: &PlanReportView<'_>) -> Ready {
    let objects = of.objects.objects.len();
    if objects > DRAWN {
        let told =
            format!("{} are too many for a picture here. A report that ends in .svg has it.", count(objects, "object"));
        return Ready::of(Block::rows(vec![Row::of([Text::of(Label::Muted, told)])]), Vec::new());
    }
    let drawing = (objects > 0).then(|| Block::Graph(Graph::of_plan_report(planned, of)));
    Ready::of(drawing.into_iter().collect(), Vec::new())
}

/// Where a change began, in words, with how many objects change for it.
pub(super) fn roots(planned: &Planned, view: &PlanView<'_>) -> Vec<(String, usize)> {
    let goal = view.goal;
    let changes = Changes::of(&planned.plan, view.catalog, view.origins, true);
    changes.roots(match goal {
        Goal::Converge => "it is declared and was not there",
        Goal::Destroy => "the stack is to go",
    })
}
