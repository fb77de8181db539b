//! The page of a plan where it is kept or sent: everything its page on a screen has, and what it takes to decide without the
//! program at hand.
//!
//! Promises: made from the plan alone, so the same plan gives the same page; nothing is said twice that is drawn.

use super::block::{Block, Fold, Heading, Row};
use super::change_request;
use super::cost;
use super::drawing::{Graph, Timeline};
use super::page::{CriticalPath, Page, Section};
use super::plan::PlanView;
use super::plan_frame::{PlanReportView, framed};
use super::ready::Ready;
use super::text::{Label, Text};
use super::words::{self, count};
use crate::run::Planned;

/// More objects than this are no picture any more beside other things.
const DRAWN: usize = 400;

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
