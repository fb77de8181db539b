//! The page of a plan: what will change, why, how long it takes, and how it stood up to its checks.
//!
//! Promises: one row for each object that changes and none for those that do not; a field is shown where it changes and
//! nowhere else; what a sign says, a word says too.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::apply::KEPT;
use super::block::{Block, Heading, Row};
use super::changes::Changes;
use super::checks::Checks;
use super::cost;
use super::drifted::Drifted;
use super::goal::Goal;
use super::page::{
    CriticalPath, CriticalStep, DeclarationText, Lead, Page, PageScope, Remark, Section, SectionContent,
};
use super::ready::{Ready, named};
use super::risks::Risks;
use super::row_status::RowStatus;
use super::steps;
use super::text::{Label, Sign, Text};
use super::values::{self, PlannedValues};
use super::words;
use crate::cost::CostChange;
use crate::engine::forecast::Forecast;
use crate::engine::moves::{How, Move};
use crate::engine::plan::{Action, Drift, Plan, StepKey, StepPart};
use crate::engine::state::Recorded;
use crate::engine::values::ValuesPlan;
use crate::model::address::Address;
use crate::model::duration::DurationSpread;
use crate::model::place::Origins;
use crate::model::resource::Catalog;
use crate::run::Planned;

/// What the page of a plan is made with, beside the plan.
#[derive(Clone, Copy, Debug)]
pub struct PlanView<'a> {
    /// Region of the stack.
    pub region: &'a str,
    /// Account of the stack.
    pub account: &'a str,
    /// The facts of every kind: how its objects are shown, how long steps usually take, and what holds data.
    pub catalog: &'a Catalog,
    /// What the plan is for.
    pub goal: Goal,
    /// What becomes of the Helm values, if that is planned.
    pub values: Option<&'a ValuesPlan>,
    /// What becomes of the cost, if that was reckoned.
    pub cost: Option<&'a CostChange>,
    /// The file of the declaration, as it was given; empty where its text is not at hand.
    pub file: &'a str,
    /// The same as a shell takes it, where it is known; else empty.
    pub quoted_file: &'a str,
    /// Its text.
    pub text: &'a str,
    /// Where it says what the objects are to be.
    pub origins: &'a Origins,
    /// Whether what is made shows its fields, and each of what is alike is told.
    pub verbose: bool,
}

impl<'a> Page<'a> {
    /// The page of a plan.
    pub fn of_plan(planned: &'a Planned, view: &PlanView<'a>) -> Self {
        let plan = &planned.plan;
        let changes = Changes::of(plan, view.catalog, view.origins, view.verbose);
        let source = DeclarationText { file: view.file, text: view.text };
        let checks = Checks::of(&planned.checks, source);
        let forecast = planned.forecaster.forecast();
        let chain = chain(&forecast);
        let totals = Totals { plan, view, forgotten: changes.forgotten() };
        let mut remarks = Vec::new();
        if plan.has_changes() {
            remarks.push(Remark::Plain(duration(&chain)));
            remarks.extend(view.cost.map(|change| cost::remark(change, view.goal, view.quoted_file)));
        }
        Self {
            command: match view.goal {
                Goal::Converge => "plan",
                Goal::Destroy => "destroy",
            },
            scope: PageScope { stack: &plan.stack, region_and_account: Some((view.region, view.account)) },
            source: (!view.file.is_empty()).then_some(source),
            frame: None,
            verdict: totals.verdict(),
            remarks,
            json_fields: vec![("base", json!(plan.base)), ("cost", json!(view.cost.map(cost::change_json)))],
            summary: totals.summary(&forecast, &checks.counts()),
            chain,
            sections: vec![
                titled("risks", "Risk", Risks::of(plan)),
                titled("moved", "Moved: only the record follows", Ready::list("moved", plan.moved.iter().map(moved))),
                titled("changes", "Changes", changes).led(Lead::None),
                Section::titled(
                    "drift",
                    Heading::of("Drift").with("moved by somebody else since the last run"),
                    Drifted::of(&plan.drift, view.catalog, |address, drift| {
                        Text::of(Label::Muted, outcome(plan, address, drift))
                    }),
                ),
                Section::titled("kept", Heading::of("Kept").with(KEPT), kept(plan)),
                titled("adopted", "Adopted: ours by their marks, and in no record until now", adopted(plan)),
                titled("deposed", "Old objects that earlier runs left over", deposed(plan)),
                Section::titled(
                    "values",
                    view.values.map(values::heading).unwrap_or_default(),
                    PlannedValues { plan: view.values, is_full: view.verbose },
                ),
                titled("notes", "Worth knowing", Ready::notes(&plan.notes)),
                titled("checks", "Checks", checks),
            ],
        }
    }
}

fn titled<'a>(id: &'static str, title: &str, content: impl SectionContent + 'a) -> Section<'a> {
    Section::titled(id, Heading::of(title), content)
}

/// What becomes of a drift.
fn outcome(plan: &Plan, address: &Address, drift: &Drift) -> &'static str {
    let Some(action) = plan.actions.get(address) else { return "left as it is" };
    match (action, drift) {
        (Action::NoOp { .. }, _) if plan.kept.contains_key(address) => "kept as it is",
        (Action::NoOp { .. }, _) => "agrees with the declaration; only the record follows",
        (Action::Create { .. }, _) => "made again by this plan",
        (Action::Delete { .. }, _) => "deleted by this plan",
        (Action::Forget { .. }, _) => "wanted no more; only the record goes",
        (Action::Update { diffs, .. } | Action::Replace { diffs, .. }, Drift::Moved(moved)) => {
            let paths: BTreeSet<&str> = diffs.iter().map(|diff| diff.path.as_str()).collect();
            match moved.iter().filter(|diff| paths.contains(diff.path.as_str())).count() {
                0 => "agrees with the declaration",
                back if back == moved.len() => "put back by this plan",
                _ => "put back by this plan where it is not as declared",
            }
        }
        (Action::Update { .. } | Action::Replace { .. }, Drift::Gone) => "put back by this plan",
    }
}

fn moved(Move { from, to, id, how }: &Move) -> (Row, Value) {
    let both = Text::of(Label::Address, format!("{from} "))
        .and(Text::sign(Sign::Arrow))
        .with(Label::Address, format!(" {to}"));
    let one = Text::of(Label::Address, to.to_string());
    let (word, name, what) = match how {
        How::Renamed => ("renamed", both, "moved, nothing done in AWS"),
        How::Merged => ("merged", both, "one object under both, moved, nothing done in AWS"),
        How::TakenUp { .. } if from == to => {
            ("taken_up", one, "an old object that is wanted again, taken up, nothing done in AWS")
        }
        How::TakenUp { .. } => ("taken_up", both, "an old object that is wanted again, moved, nothing done in AWS"),
        How::Kept => ("kept", one, "was to be removed and is in use, kept, nothing done in AWS"),
    };
    let row = Row::of([name, Text::of(Label::Plain, what), Text::of(Label::Muted, id)]);
    (row, json!({"from": from, "to": to, "id": id, "how": word}))
}

/// What stays where everything else goes: objects, and old ones.
fn kept(plan: &Plan) -> Ready {
    let now = plan.kept.iter().map(|(address, reason)| named(address, reason));
    let old = plan.kept_old.iter().map(|old| named(&format!("{} ({})", old.address, old.id), &old.reason));
    let reasons = plan.kept.iter().map(|(address, reason)| json!({"address": address, "reason": reason}));
    Ready::of(
        Block::rows(now.chain(old).collect()),
        vec![("kept", reasons.collect()), ("kept_old", json!(plan.kept_old))],
    )
}

fn adopted(plan: &Plan) -> Ready {
    let item = |(address, recorded): (&Address, &Recorded)| {
        let id = recorded.computed.text("id").unwrap_or_default();
        (named(address, id), json!({"address": address, "id": id}))
    };
    Ready::list("adopted", plan.adopted.iter().map(item))
}

fn deposed(plan: &Plan) -> Ready {
    let item = |(address, id): &(Address, String)| {
        let cells = [
            Text::of(Label::Address, address.to_string()),
            Text::of(Label::Delete, "delete"),
            Text::of(Label::Before, id),
        ];
        (Row::of(cells).with_status(RowStatus::Delete), json!({"address": address, "id": id}))
    };
    Ready::list("deposed", plan.deposed.iter().map(item))
}

/// The counts of a plan, and what comes of them.
struct Totals<'a> {
    plan: &'a Plan,
    view: &'a PlanView<'a>,
    forgotten: usize,
}

impl Totals<'_> {
    fn verdict(&self) -> Text {
        let counts = self.plan.counts();
        let mut unchanged = Text::new();
        if counts.unchanged > 0 {
            let word = match self.view.goal {
                Goal::Converge => "unchanged",
                Goal::Destroy => "kept",
            };
            unchanged.push(Label::Muted, format!(" {} {word}.", counts.unchanged));
        }
        let values = self.view.values.and_then(values::total);
        if !self.plan.has_changes() && values.is_none() {
            let (head, rest) = match (self.view.goal, self.forgotten, self.plan.moved.len()) {
                (Goal::Converge, 0, 0) => ("No changes.", " Everything is as declared."),
                (Goal::Destroy, 0, 0) => ("No changes.", " There is nothing to delete."),
                (Goal::Converge | Goal::Destroy, _, 0) => ("No changes in AWS.", " Only records go."),
                (Goal::Converge | Goal::Destroy, _, _) => ("No changes in AWS.", " Only the record follows."),
            };
            return Text::of(Label::Success, head).with(Label::Plain, rest).and(unchanged);
        }
        let parts = [
            (counts.create, "to create", Label::Create),
            (counts.update, "to update", Label::Update),
            (counts.replace, "to replace", Label::Replace),
            (counts.delete, "to delete", Label::Delete),
        ];
        let mut told = Text::new();
        for (n, words, label) in parts.into_iter().filter(|(n, ..)| *n > 0) {
            told.push(Label::Plain, if told.is_empty() { "" } else { ", " });
            told.push(label, format!("{n} {words}"));
        }
        if told.is_empty() {
            told.push(Label::Muted, "nothing in AWS");
        }
        let mut line = Text::of(Label::Heading, "Plan:").with(Label::Plain, " ").and(told).with(Label::Plain, ".");
        if counts.drifted > 0 {
            line = line.with(Label::Plain, " ").with(Label::Drift, format!("{} drifted.", counts.drifted));
        }
        line.and(unchanged).and(values.unwrap_or_default())
    }

    fn summary(&self, forecast: &Forecast, checks: &Value) -> Value {
        let counts = self.plan.counts();
        json!({
            "create": counts.create,
            "update": counts.update,
            "replace": counts.replace,
            "delete": counts.delete,
            "forget": self.forgotten,
            "unchanged": counts.unchanged,
            "drifted": counts.drifted,
            "has_changes": self.plan.has_changes(),
            "values": self.view.values.map_or(0, ValuesPlan::count),
            "values_change": self.view.values.is_some_and(ValuesPlan::is_change),
            "typical_seconds": forecast.p50(),
            "p90_seconds": forecast.p90(),
            "longest_chain": forecast.chain.iter().map(step_to_json).collect::<Vec<_>>(),
            "checks": checks,
        })
    }
}

/// The longest chain; where all steps do the same with different objects, the objects name them.
fn chain(forecast: &Forecast) -> CriticalPath {
    let path = &forecast.chain;
    let addresses: BTreeSet<&Address> = path.iter().map(|(step, _)| &step.address).collect();
    let alike = addresses.len() == path.len() && path.iter().all(|(step, _)| removes(step) == removes(&path[0].0));
    let step = |(step, spread): &(StepKey, DurationSpread)| CriticalStep {
        name: Text::of(Label::Muted, if alike { step.address.to_string() } else { steps::words(step) }),
        seconds: spread.p50,
    };
    CriticalPath { steps: path.iter().map(step).collect(), seconds: forecast.p50(), p90_seconds: forecast.p90() }
}

/// A step of the chain for programs, with its own time.
fn step_to_json((step, spread): &(StepKey, DurationSpread)) -> Value {
    let mut told = steps::to_json(step);
    told["typical_seconds"] = json!(spread.p50);
    told["p90_seconds"] = json!(spread.p90);
    told
}

/// How long it takes, and the steps that most of it is spent on.
fn duration(chain: &CriticalPath) -> Text {
    let expected = words::expected(chain.seconds, chain.p90_seconds);
    let mut line = Text::of(Label::Plain, format!("Usually takes {expected}"));
    if chain.steps.len() < 2 {
        return line.with(Label::Plain, ".");
    }
    // A tenth of the whole and more.
    let is_long = |step: &&CriticalStep| step.seconds.saturating_mul(10) >= chain.seconds;
    for (n, step) in chain.steps.iter().filter(is_long).enumerate() {
        line = line.with(Label::Plain, if n == 0 { ", most of it: " } else { ", " });
        line = line.and(step.name.clone()).with(Label::Muted, format!(" {}", words::roughly(step.seconds)));
    }
    line.with(Label::Plain, ".")
}

fn removes(step: &StepKey) -> bool {
    matches!(step.part, StepPart::Delete | StepPart::DeleteDeposed { .. })
}
