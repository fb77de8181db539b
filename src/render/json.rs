//! Plans and reports for programs: JSON whose shape is versioned and described in `docs/json-output.md`.
//!
//! Promises: within one schema number, keys are added and never change their meaning; lists are in the order of their
//! addresses; no text in it has to be taken apart to be understood.
//!
//! Printed with [`canonical_pretty`](crate::model::document::canonical_pretty), so that equal content is equal text.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::{Value, json};

use super::plan::Goal;
use super::{kinds, values};
use crate::engine::diff::{FieldDiff, Shown};
use crate::engine::moves::{How, Move};
use crate::engine::plan::{Action, Base, Drift, KeptOld, Part, StepKey, Why};
use crate::engine::values::ValuesPlan;
use crate::model::address::Address;
use crate::model::document::Document;
use crate::model::resource::{Catalog, OnChange, ReplaceOrder};
use crate::run::event::{Failure, RecordLost, Report};
use crate::run::{DriftReport, Planned};

use super::checks::{CheckCounts, CheckOut, checks_out, count_checks};
use super::drift::DriftView;
use super::plan::PlanView;
use super::summary::SummaryView;

/// The version of the schema of everything here but events, which carry their own.
pub const SCHEMA: u32 = 1;

#[derive(Serialize)]
struct PlanOut<'a> {
    schema: u32,
    command: &'static str,
    stack: &'a str,
    region: &'a str,
    account: &'a str,
    base: &'a Base,
    moved: Vec<MovedOut<'a>>,
    changes: Vec<ChangeOut<'a>>,
    noticed: Vec<Reasoned<'a>>,
    drift: Vec<DriftOut<'a>>,
    kept: Vec<Reasoned<'a>>,
    kept_old: &'a [KeptOld],
    adopted: Vec<ObjectOut<'a>>,
    deposed: Vec<ObjectOut<'a>>,
    notes: Vec<NotesOut<'a>>,
    values: Option<Value>,
    checks: Vec<CheckOut<'a>>,
    summary: SummaryOut<'a>,
}

#[derive(Serialize)]
struct MovedOut<'a> {
    from: &'a Address,
    to: &'a Address,
    id: &'a str,
    how: &'static str,
}

#[derive(Serialize)]
struct SummaryOut<'a> {
    create: usize,
    update: usize,
    replace: usize,
    delete: usize,
    forget: usize,
    unchanged: usize,
    drifted: usize,
    has_changes: bool,
    values: usize,
    values_change: bool,
    typical_seconds: u64,
    longest_chain: Vec<StepOut<'a>>,
    checks: CheckCounts,
}

#[derive(Serialize)]
struct ChangeOut<'a> {
    address: &'a Address,
    component: &'static str,
    action: &'static str,
    why: &'static str,
    because: Option<String>,
    order: Option<&'static str>,
    id: Option<&'a str>,
    fields: Vec<FieldOut<'a>>,
    declared: Option<&'a Document>,
}

#[derive(Serialize)]
struct FieldOut<'a> {
    path: &'a str,
    before: Option<Value>,
    after: Option<Value>,
    on_change: OnChange,
}

#[derive(Serialize)]
struct DriftOut<'a> {
    address: &'a Address,
    component: &'static str,
    gone: bool,
    fields: Vec<FieldOut<'a>>,
}

#[derive(Serialize)]
struct Reasoned<'a> {
    address: &'a Address,
    reason: &'a str,
}

#[derive(Serialize)]
struct ObjectOut<'a> {
    address: &'a Address,
    id: &'a str,
}

#[derive(Serialize)]
struct NotesOut<'a> {
    address: &'a Address,
    notes: &'a [String],
}

#[derive(Serialize)]
struct StepOut<'a> {
    address: &'a Address,
    action: &'static str,
    rung: Option<u32>,
    id: Option<&'a str>,
}

#[derive(Serialize)]
struct FailureOut<'a> {
    step: StepOut<'a>,
    #[serde(rename = "error")]
    failure: &'a Failure,
}

#[derive(Serialize)]
struct DriftReportOut<'a> {
    schema: u32,
    command: &'static str,
    stack: &'a str,
    region: &'a str,
    account: &'a str,
    drift: Vec<DriftOut<'a>>,
    unread: Vec<UnreadOut<'a>>,
    notes: Vec<NotesOut<'a>>,
    values: Option<Value>,
    summary: Value,
}

#[derive(Serialize)]
struct UnreadOut<'a> {
    address: &'a Address,
    error: String,
}

#[derive(Serialize)]
struct ApplyOut<'a> {
    schema: u32,
    command: &'static str,
    stack: &'a str,
    complete: bool,
    serial: u64,
    elapsed_ms: u64,
    failed: Vec<FailureOut<'a>>,
    abandoned: Vec<StepOut<'a>>,
    record_lost: Option<&'a RecordLost>,
    unrecorded: Vec<UnrecordedOut<'a>>,
    summary: Value,
}

#[derive(Serialize)]
struct UnrecordedOut<'a> {
    step: StepOut<'a>,
    computed: &'a Document,
}

/// The plan.
pub fn plan_json(planned: &Planned, view: &PlanView<'_>) -> Value {
    let plan = &planned.plan;
    let counts = plan.counts();
    let forget = plan.actions.values().filter(|action| matches!(action, Action::Forget { .. })).count();
    let (chain, typical_seconds) = &planned.critical_path;
    value(&PlanOut {
        schema: SCHEMA,
        command: match view.goal {
            Goal::Converge => "plan",
            Goal::Destroy => "destroy",
        },
        stack: &plan.stack,
        region: view.region,
        account: view.account,
        base: &plan.base,
        moved: plan.moved.iter().map(moved).collect(),
        changes: plan.actions.iter().filter_map(|(address, action)| change(address, action, view.catalog)).collect(),
        drift: drift(&plan.drift, view.catalog),
        noticed: plan.noticed.iter().map(|(address, reason)| Reasoned { address, reason }).collect(),
        kept: plan.kept.iter().map(|(address, reason)| Reasoned { address, reason }).collect(),
        kept_old: &plan.kept_old,
        adopted: plan
            .adopted
            .iter()
            .map(|(address, recorded)| ObjectOut { address, id: recorded.computed.text("id").unwrap_or_default() })
            .collect(),
        deposed: plan.deposed.iter().map(|(address, id)| ObjectOut { address, id }).collect(),
        notes: notes(&plan.notes),
        values: view.values.map(values::json),
        checks: checks_out(&planned.checks, view.file),
        summary: SummaryOut {
            create: counts.create,
            update: counts.update,
            replace: counts.replace,
            delete: counts.delete,
            forget,
            unchanged: counts.unchanged,
            drifted: counts.drifted,
            has_changes: plan.has_changes(),
            values: view.values.map_or(0, ValuesPlan::count),
            values_change: view.values.is_some_and(ValuesPlan::is_change),
            typical_seconds: *typical_seconds,
            longest_chain: chain.iter().map(step).collect(),
            checks: count_checks(&planned.checks),
        },
    })
}

/// The drift report.
pub fn drift_json(report: &DriftReport, view: &DriftView<'_>) -> Value {
    let gone = report.drift.values().filter(|drift| matches!(drift, Drift::Gone)).count();
    let values_drifted = view.values.is_some_and(|(_, found)| values::is_drift(found));
    value(&DriftReportOut {
        schema: SCHEMA,
        command: "drift",
        stack: view.stack,
        region: view.region,
        account: view.account,
        drift: drift(&report.drift, view.catalog),
        unread: report.unread.iter().map(|(address, error)| UnreadOut { address, error: error.to_string() }).collect(),
        notes: notes(&report.notes),
        values: view.values.map(|(file, found)| json!({"file": file, "found": values::found_json(found)})),
        summary: json!({
            "looked_at": report.looked_at,
            "changed": report.drift.len() - gone,
            "gone": gone,
            "unread": report.unread.len(),
            "in_sync": report.drift.is_empty() && report.unread.is_empty() && !values_drifted,
            "values_edited": values_drifted,
        }),
    })
}

/// How carrying out a plan went.
pub fn apply_json(report: &Report, view: &SummaryView<'_>) -> Value {
    value(&ApplyOut {
        schema: SCHEMA,
        command: match view.goal {
            Goal::Converge => "apply",
            Goal::Destroy => "destroy",
        },
        stack: view.stack,
        complete: report.is_complete(),
        serial: report.serial,
        elapsed_ms: report.elapsed_ms,
        failed: report.failed.iter().map(|(key, failure)| FailureOut { step: step(key), failure }).collect(),
        abandoned: report.abandoned.iter().map(step).collect(),
        record_lost: report.record_lost.as_ref(),
        unrecorded: report
            .unrecorded
            .iter()
            .map(|(key, computed)| UnrecordedOut { step: step(key), computed })
            .collect(),
        summary: json!({
            "succeeded": report.succeeded,
            "failed": report.failed.len(),
            "skipped": report.skipped,
            "not_started": report.not_started,
            "abandoned": report.abandoned.len(),
            "left": view.left,
        }),
    })
}

fn value<T: Serialize>(out: &T) -> Value {
    serde_json::to_value(out).expect("these structs have text keys and serialise")
}

fn change<'a>(address: &'a Address, action: &'a Action, catalog: &Catalog) -> Option<ChangeOut<'a>> {
    let (word, why, order, prior, diffs, declared) = match action {
        Action::NoOp { .. } => return None,
        Action::Create { declared, why, .. } => ("create", why, None, None, [].as_slice(), Some(declared)),
        Action::Update { prior, diffs, why, .. } => ("update", why, None, Some(prior), diffs.as_slice(), None),
        Action::Replace { prior, diffs, why, order, declared, .. } => {
            ("replace", why, Some(*order), Some(prior), diffs.as_slice(), Some(declared))
        }
        Action::Delete { prior, why } => ("delete", why, None, Some(prior), [].as_slice(), None),
        Action::Forget { why } => ("forget", why, None, None, [].as_slice(), None),
    };
    let (why, because) = reason(why);
    Some(ChangeOut {
        address,
        component: kinds::component(catalog, &address.kind).word(),
        action: word,
        why,
        because,
        order: order.map(|order| match order {
            ReplaceOrder::CreateFirst => "create_first",
            ReplaceOrder::DeleteFirst => "delete_first",
        }),
        id: prior.and_then(|prior| prior.computed.text("id")),
        fields: fields(diffs),
        declared,
    })
}

fn moved(one: &Move) -> MovedOut<'_> {
    let how = match one.how {
        How::Renamed => "renamed",
        How::Merged => "merged",
        How::TakenUp { .. } => "taken_up",
        How::Kept => "kept",
    };
    MovedOut { from: &one.from, to: &one.to, id: &one.id, how }
}

fn reason(why: &Why) -> (&'static str, Option<String>) {
    match why {
        Why::New => ("new", None),
        Why::Vanished => ("vanished", None),
        Why::Undeclared => ("undeclared", None),
        Why::Destroyed => ("destroyed", None),
        Why::Changed => ("changed", None),
        Why::Unfinished => ("unfinished", None),
        Why::Tainted(because) => ("tainted", Some(because.clone())),
        Why::Requested => ("requested", None),
        Why::DependencyReplaced(on) => ("dependency_replaced", Some(on.to_string())),
    }
}

fn fields(diffs: &[FieldDiff]) -> Vec<FieldOut<'_>> {
    let side = |shown: &Shown| match shown {
        Shown::Value(value) => Some(json!({"value": value})),
        Shown::AfterApply(address) => Some(json!({"new": address})),
        Shown::Nothing => None,
    };
    let field = |diff: &'_ FieldDiff| (side(&diff.before), side(&diff.after), diff.on_change);
    diffs
        .iter()
        .map(|diff| {
            let (before, after, on_change) = field(diff);
            FieldOut { path: &diff.path, before, after, on_change }
        })
        .collect()
}

fn drift<'a>(all: &'a BTreeMap<Address, Drift>, catalog: &Catalog) -> Vec<DriftOut<'a>> {
    all.iter()
        .map(|(address, drift)| {
            let (gone, diffs) = match drift {
                Drift::Gone => (true, [].as_slice()),
                Drift::Moved(diffs) => (false, diffs.as_slice()),
            };
            DriftOut {
                address,
                component: kinds::component(catalog, &address.kind).word(),
                gone,
                fields: fields(diffs),
            }
        })
        .collect()
}

fn notes(all: &BTreeMap<Address, Vec<String>>) -> Vec<NotesOut<'_>> {
    all.iter().map(|(address, notes)| NotesOut { address, notes }).collect()
}

fn step(key: &StepKey) -> StepOut<'_> {
    let (action, rung, id) = match &key.part {
        Part::Create => ("create", None, None),
        Part::Change { rung } => ("update", Some(*rung), None),
        Part::Delete => ("delete", None, None),
        Part::DeleteDeposed { key } => ("delete_deposed", None, Some(key.as_str())),
    };
    StepOut { address: &key.address, action, rung, id }
}
