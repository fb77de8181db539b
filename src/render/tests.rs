//! Examples that the tests of this room share, and golden texts of whole pages.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, Write};
use std::sync::{Arc, LazyLock, Mutex};

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use super::*;
use crate::engine::diff::{FieldDiff, Shown};
use crate::engine::forecast::Forecaster;
use crate::engine::plan::{Action, Base, Counts, Drift, Plan, StepKey, StepPart, Why};
use crate::engine::schedule::Schedule;
use crate::engine::state::{Recorded, State, Status};
use crate::model::address::Address;
use crate::model::document::Document;
use crate::model::error::{CloudError, ErrorKind};
use crate::model::finding::{Check, Finding, Grade, Severity, Subject};
use crate::model::place::{Origin, Origins, Place};
use crate::model::resource::{Catalog, OnChange, ReplaceOrder};
use crate::model::surroundings::Surroundings;
use crate::report::{DeclarationText, DriftView, Goal, Page, PlanView, SummaryView};
use crate::resources::catalog;
use crate::run::event::{Event, EventKind, RecordLost, RunReport, SCHEMA as EVENTS, StepFailure};
use crate::run::{DriftReport, Planned};

mod checks;
mod cost;
mod events;
mod findings;
mod pages;
mod plan_reports;
mod plans;
mod printers;
mod programs;
mod risks;
mod status;
mod strange;
mod values;
mod who;

pub(super) use events::{at, events, failing};

/// Something to write on that can be read afterwards.
#[derive(Clone, Debug, Default)]
pub(super) struct Paper(Arc<Mutex<Vec<u8>>>);

impl Paper {
    pub(super) fn text(&self) -> String {
        String::from_utf8(self.0.lock().unwrap().clone()).unwrap()
    }
}

impl Write for Paper {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn address(text: &str) -> Address {
    text.parse().unwrap()
}

fn step(text: &str, part: StepPart) -> StepKey {
    StepKey { address: address(text), part }
}

fn document(value: &Value) -> Document {
    Document::of(value)
}

fn recorded(declared: &Value, id: &str) -> Recorded {
    Recorded {
        status: Status::Ready,
        after: BTreeSet::new(),
        declared: document(declared),
        attempted: Vec::new(),
        computed: document(&json!({ "id": id })),
    }
}

fn shown(value: &Value) -> Shown {
    Shown::from(Some(value))
}

fn diff(path: &str, before: &Value, after: &Value, on_change: OnChange) -> FieldDiff {
    FieldDiff { path: path.to_owned(), before: shown(before), after: shown(after), on_change }
}

fn plan(actions: impl IntoIterator<Item = (&'static str, Action)>) -> Plan {
    Plan {
        stack: "ppm-prod".to_owned(),
        base: Base { lineage: "6f1c".to_owned(), serial: 41 },
        moved: Vec::new(),
        drift: BTreeMap::new(),
        actions: actions.into_iter().map(|(name, action)| (address(name), action)).collect(),
        deposed: Vec::new(),
        kept: BTreeMap::new(),
        kept_old: Vec::new(),
        impact: BTreeMap::new(),
        adopted: BTreeMap::new(),
        notes: BTreeMap::new(),
    }
}

fn planned(plan: Plan) -> Planned {
    let mut state = State::empty("ppm-prod", "us-east-1", "6f1c".to_owned(), "0");
    for (address, action) in &plan.actions {
        if let Action::Update { prior, .. } | Action::Replace { prior, .. } | Action::Delete { prior, .. } = action {
            state.resources.insert(address.clone(), prior.clone());
        }
    }
    let forecaster = Forecaster::Steps(Box::new(Schedule::of(&plan, &state, &catalog())), 10);
    let surroundings = Surroundings {
        account: "111122223333".to_owned(),
        partition: "aws".to_owned(),
        principal: "arn:aws:iam::111122223333:user/ops".to_owned(),
        zones: ["us-east-1a", "us-east-1b", "us-east-1c"].map(str::to_owned).to_vec(),
        other_zones: Vec::new(),
        addons: BTreeMap::new(),
    };
    Planned { plan, surroundings, forecaster, checks: Vec::new(), given_way: Vec::new() }
}

/// A declaration of which nobody knows what it says.
static ORIGINS: LazyLock<Origins> = LazyLock::new(Origins::default);

/// A plan is shown with signs, and without the fields of what is made.
fn plan_view(catalog: &Catalog) -> PlanView<'_> {
    PlanView {
        region: "us-east-1",
        account: "111122223333",
        catalog,
        goal: Goal::Converge,
        cost: None,
        file: "plans/prod.yaml",
        quoted_file: "plans/prod.yaml",
        text: DECLARED,
        origins: &ORIGINS,
        values: None,
        verbose: false,
    }
}

/// The page of a plan on a terminal that shows everything.
fn plan_text(planned: &Planned, view: &PlanView<'_>) -> Styled {
    crate::render::text(&Page::of_plan(planned, view), true)
}

fn plan_json(planned: &Planned, view: &PlanView<'_>) -> Value {
    crate::render::json(&Page::of_plan(planned, view))
}

fn drift_text(report: &DriftReport, view: &DriftView<'_>) -> Styled {
    crate::render::text(&Page::of_drift(report, view), true)
}

fn drift_json(report: &DriftReport, view: &DriftView<'_>) -> Value {
    crate::render::json(&Page::of_drift(report, view))
}

fn summary_text(report: &RunReport, view: &SummaryView<'_>) -> Styled {
    crate::render::text(&Page::of_apply(report, view), true)
}

fn apply_json(report: &RunReport, view: &SummaryView<'_>) -> Value {
    crate::render::json(&Page::of_apply(report, view))
}

/// The declaration that plans are shown with.
const DECLARED: &str =
    "stack: ppm-prod\nregion: us-east-1\nstorage:\n  kms: arn:aws:kms:us-east-1:111122223333:key/k\n";

fn text(plan: Plan, goal: Goal, verbose: bool) -> String {
    let catalog = catalog();
    let view = PlanView { goal, verbose, ..plan_view(&catalog) };
    plan_text(&planned(plan), &view).to_string()
}

fn drift_view() -> DriftView<'static> {
    static CATALOG: LazyLock<Catalog> = LazyLock::new(catalog);
    DriftView {
        stack: "ppm-prod",
        region: "us-east-1",
        account: "111122223333",
        catalog: &CATALOG,
        quoted_file: "plans/prod.yaml",
        source: DeclarationText { file: "plans/prod.yaml", text: DECLARED },
        origins: &ORIGINS,
        values: None,
        last: None,
        exit_on: Grade::Low,
    }
}

fn summary_view(goal: Goal) -> SummaryView<'static> {
    static KEPT: BTreeMap<Address, String> = BTreeMap::new();
    SummaryView { stack: "ppm-prod", goal, again: "ppm-infra apply plans/prod.yaml", left: 0, kept: &KEPT }
}

fn limit() -> StepFailure {
    StepFailure {
        doing: "allocate the address".to_owned(),
        code: Some("AddressLimitExceeded".to_owned()),
        message: "The maximum number of addresses has been reached.".to_owned(),
        request_id: Some("7f3c0d52".to_owned()),
    }
}
