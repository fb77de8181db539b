//! Taking back what a run made, when part of it failed.
//!
//! Promises: nothing goes but what this run made for the first time: not what it changed, not what took the place of
//! another object, not what it found. What something that stays needs, stays as well. The steps are those of any plan,
//! with their intents in the journal; after a crash here, the next apply goes on.
//!
//! Data goes only if it was new and holds nothing: a database and a key are empty before anything that could fill them
//! was told of them; a bucket with objects in it is refused by S3 and stays.

use std::collections::{BTreeMap, BTreeSet};

use super::apply::{finished, write};
use super::event::{EventKind, RunReport};
use super::execute::execute;
use super::{Blueprint, EventEmitter, Ledger, Planned, Session};
use crate::cloud::Consent;
use crate::engine::graph;
use crate::engine::plan::{Action, Plan, Why};
use crate::engine::state::State;
use crate::model::address::Address;
use crate::model::reference::references;

/// What was taken back.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RolledBack {
    /// What the run had made and is gone again.
    pub gone: BTreeSet<Address>,
    /// What the run had made or changed and stays, with the reason.
    pub stays: BTreeMap<Address, String>,
    /// How the steps went.
    pub report: RunReport,
}

/// Takes back what carrying out `planned` made since `before`, as `done` tells. Nothing of the run may be in doubt.
pub(super) async fn roll_back(
    session: &Session,
    planned: &Planned,
    done: &RunReport,
    blueprint: &dyn Blueprint,
    before: &State,
    ledger: &mut Ledger,
    events: &mut EventEmitter<'_>,
) -> RolledBack {
    let (goes, mut stays) = made(session, planned, done, before, ledger);
    let mut plan = planned.plan.clone();
    plan.drift.clear();
    plan.adopted.clear();
    plan.notes.clear();
    plan.deposed.clear();
    plan.actions = actions(ledger.state(), &goes);
    if goes.is_empty() {
        return RolledBack { stays, ..RolledBack::default() };
    }
    events.emit(EventKind::RunStarted {
        command: "rollback".to_owned(),
        stack: plan.stack.clone(),
        serial: ledger.state().serial,
    });
    let report = carry_out(session, planned, &plan, ledger, events).await;
    let settled = report.abandoned.is_empty() && report.record_lost.is_none() && ledger.book().open.is_empty();
    let mut report = report;
    if settled {
        let mut state = ledger.state().clone();
        blueprint.publish(&mut state);
        write(state, ledger, &mut report, events).await;
    }
    let report = finished(report, ledger, events);
    let standing = &ledger.state().resources;
    let (left, gone): (BTreeSet<Address>, BTreeSet<Address>) =
        goes.into_iter().partition(|address| standing.contains_key(address));
    for address in left {
        let failed = report.failed.iter().find(|(step, _)| step.address == address);
        let because = failed.map_or_else(
            || "what it depends on could not be removed".to_owned(),
            |(_, failure)| format!("it could not be removed: {}", failure.message),
        );
        stays.insert(address, because);
    }
    RolledBack { gone, stays, report }
}

async fn carry_out(
    session: &Session,
    planned: &Planned,
    plan: &Plan,
    ledger: &mut Ledger,
    events: &mut EventEmitter<'_>,
) -> RunReport {
    // Not for the bucket: S3 itself refuses to delete one that holds something.
    let words = session.catalog.values().filter_map(|facts| facts.holds.data());
    let delete_data = words.filter(|word| *word != "bucket").map(str::to_owned).collect();
    let consent = Consent { delete_data, skip_final_snapshot: true };
    execute(session, plan, (&planned.surroundings, consent), ledger, events).await
}

/// What goes: what was made and nothing that stays needs. And what the run touched besides, with the reason it stays.
fn made(
    session: &Session,
    planned: &Planned,
    done: &RunReport,
    before: &State,
    ledger: &Ledger,
) -> (BTreeSet<Address>, BTreeMap<Address, String>) {
    let state = ledger.state();
    let id = |state: &State, address: &Address| {
        state.resources.get(address).and_then(|recorded| recorded.computed.text("id")).map(str::to_owned)
    };
    let (mut goes, mut stays) = (BTreeSet::new(), BTreeMap::new());
    for (address, action) in &planned.plan.actions {
        // Where an answer was lost, the record alone tells.
        let new = id(state, address).is_some_and(|now| done.made.contains(address) || id(before, address) != Some(now));
        let data = session.catalog.get(&address.kind).is_none_or(|facts| facts.holds.data().is_some());
        match action {
            Action::Create { why: Why::New, .. } if new => {
                goes.insert(address.clone());
            }
            // Who used what vanished may be using it again.
            Action::Create { .. } if new && data => {
                stays.insert(address.clone(), "it holds data, and took the place of one that was gone".to_owned());
            }
            Action::Create { .. } if new => {
                goes.insert(address.clone());
            }
            Action::Replace { .. } if new => {
                stays.insert(address.clone(), "it took the place of another object".to_owned());
            }
            Action::Update { .. } if state.resources.get(address) != before.resources.get(address) => {
                stays.insert(address.clone(), "it was there before and was changed".to_owned());
            }
            Action::Create { .. }
            | Action::Replace { .. }
            | Action::Update { .. }
            | Action::NoOp { .. }
            | Action::Delete { .. }
            | Action::Forget { .. } => {}
        }
    }
    let needs: graph::Needs = state
        .resources
        .iter()
        .map(|(address, recorded)| {
            let needs = references(&recorded.declared).into_iter().chain(recorded.after.iter().cloned());
            (address.clone(), needs.collect())
        })
        .collect();
    let rest = state.resources.keys().filter(|address| !goes.contains(*address)).cloned();
    for stayer in rest.collect::<Vec<_>>() {
        for needed in graph::closure(&needs, [stayer.clone()]) {
            if goes.remove(&needed) {
                stays.insert(needed, format!("{stayer} needs it"));
            }
        }
    }
    (goes, stays)
}

fn actions(state: &State, goes: &BTreeSet<Address>) -> BTreeMap<Address, Action> {
    let all = state.resources.iter().map(|(address, recorded)| {
        let action = if goes.contains(address) {
            Action::Delete { prior: recorded.clone(), why: Why::Requested }
        } else {
            Action::NoOp { record: None }
        };
        (address.clone(), action)
    });
    all.collect()
}
