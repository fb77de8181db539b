//! A change request, as a board that decides on changes reads it: what, why, risk, the way back, and for how long.
//!
//! Promises: what the plan knows is filled in, and what only people know is left open to be written by hand.

use super::block::{Block, Group, Heading, Row, Table};
use super::changes::Changes;
use super::goal::Goal;
use super::plan::PlanView;
use super::plan_frame::{PlanReportView, carried_out_by, plan_digest, short};
use super::ready::Ready;
use super::risks::Risks;
use super::text::{Label, Text};
use super::words::{self, count};
use crate::model::impact::ImpactClass;
use crate::run::Planned;

/// So many reasons are named; the rest is counted.
const NAMED: usize = 12;

/// To be written by hand.
const OPEN: &str = "______________________________";

/// The change request of a plan.
pub(super) fn content(planned: &Planned, of: &PlanReportView<'_>) -> Ready {
    let risks = Risks::of(&planned.plan).unbroken();
    let groups = [
        ("What", what(planned, of)),
        ("Why", why(planned, of)),
        ("Risk", risk(&risks)),
        ("Back-out", back_out(&risks, of.view.goal)),
        ("Time window", window(planned, &risks)),
        ("Approval", open(&["Requested by", "Ticket", "Approved by", "Date, signature"])),
    ];
    let group = |(title, rows): (&str, Vec<Row>)| Group { heading: Some(Heading::of(title)), rows };
    Ready::of(vec![Block::Table(Table { groups: groups.map(group).into() })], Vec::new())
}

fn line(name: &str, told: Text) -> Row {
    Row::of([Text::of(Label::Muted, name), told])
}

fn plain(words: impl AsRef<str>) -> Text {
    Text::of(Label::Plain, words)
}

fn open(names: &[&str]) -> Vec<Row> {
    names.iter().map(|name| line(name, Text::of(Label::Muted, OPEN))).collect()
}

fn what(planned: &Planned, of: &PlanReportView<'_>) -> Vec<Row> {
    let plan = &planned.plan;
    let view = &of.view;
    let mut rows = vec![
        line("Stack", plain(format!("{} in {}, account {}", plan.stack, view.region, view.account))),
        line("Changes", plain(words::counts(&plan.counts()))),
    ];
    if let Some(values) = view.values.filter(|values| values.is_change()) {
        let told = match &values.from {
            Some(from) if values.is_other_chart() => format!("chart {} to {}", from.chart, values.to.chart),
            Some(_) | None => count(values.count(), "key"),
        };
        rows.push(line("Helm values", plain(told)));
    }
    rows.push(line("Plan", plain(format!("{}, from serial {}", short(&plan_digest(plan)), plan.base.serial))));
    rows.extend((!of.apply.is_empty()).then(|| line("How", carried_out_by(of.apply))));
    rows
}

fn why(planned: &Planned, of: &PlanReportView<'_>) -> Vec<Row> {
    let PlanView { catalog, origins, goal, .. } = of.view;
    let roots = Changes::of(&planned.plan, catalog, origins, true).roots(match goal {
        Goal::Converge => "it is declared and was not there",
        Goal::Destroy => "the stack is to go",
    });
    let rest = roots.len().saturating_sub(NAMED);
    let told = |(why, objects): &(String, usize)| line(&count(*objects, "object"), plain(why));
    let mut rows: Vec<Row> = roots.iter().take(NAMED).map(told).collect();
    if rest > 0 {
        rows.push(line("", Text::of(Label::Muted, format!("and {rest} more"))));
    }
    rows.extend(open(&["Business reason"]));
    rows
}

fn risk(risks: &Risks<'_>) -> Vec<Row> {
    let rows: Vec<Row> = risks
        .lines()
        .map(|(class, extent, told)| Row::of([class, plain(extent).with(Label::Plain, ". ").and(told)]))
        .collect();
    if rows.is_empty() { vec![line("none", plain("users notice nothing"))] } else { rows }
}

/// What undoes it, and what nothing undoes.
fn back_out(risks: &Risks<'_>, goal: Goal) -> Vec<Row> {
    let mut rows = match goal {
        Goal::Converge => vec![
            line(
                "The way back",
                plain("declare what was declared before, and apply that; its plan says what that does"),
            ),
            line(
                "If a step fails",
                plain("what was done stays and is recorded; applying again goes on from there, or take the way back"),
            ),
        ],
        Goal::Destroy => vec![line(
            "The way back",
            plain(
                "apply the same declaration: everything is made anew, with other addresses, and without the data that went",
            ),
        )],
    };
    let lasting = [ImpactClass::DataLoss, ImpactClass::NoWayBack, ImpactClass::DataAtRisk, ImpactClass::NewAddress];
    let told = risks.of_classes(&lasting).map(|told| line("Does not come back", told));
    rows.extend(told);
    rows
}

fn window(planned: &Planned, risks: &Risks<'_>) -> Vec<Row> {
    let forecast = planned.forecaster.forecast();
    let (p50, p90) = (forecast.p50(), forecast.p90());
    let mut rows = vec![line("Carrying it out", plain(words::expected(p50, p90)))];
    rows.push(line("With the way back", plain(format!("allow {}", words::roughly(p90.saturating_mul(2))))));
    let noticed = risks.lasting().map(|(class, extent)| Row::of([class, plain(extent)]));
    rows.extend(noticed);
    rows.extend(open(&["From", "To"]));
    rows
}
