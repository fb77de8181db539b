//! Carrying a plan out: every step is in the journal as it is done, and at the end the state is written as a whole.
//!
//! Promises: between the two everything that was done is durable, so what is handed over in between, such as files made
//! from the state, is made from what is true; whether it is handed over can stand in the state that is then written.

use super::event::{EventKind, RecordLost, RunReport};
use super::execute::execute;
use super::recover::recover;
use super::{Blueprint, EventEmitter, GivenWay, Ledger, Planned, RunError, Session};
use crate::cloud::Consent;
use crate::engine::moves::Move;
use crate::engine::plan::Action;
use crate::engine::state::{Recorded, State};
use crate::model::address::Address;

/// Carries a plan out, which must have been made from the state of `ledger`, and writes the state, unless something is left
/// open. Recording what moved, was adopted, merely read or is gone comes first. Once all of it was done, `deliver` hands over
/// what is made from the state that is about to be written, and has the last word on that state.
///
/// # Errors
/// [`RunError::Checks`] when a check failed, [`RunError::Store`] when even the first record could not be written: nothing
/// was changed then.
pub(super) async fn carry_out(
    session: &Session,
    (planned, consent): (&Planned, Consent),
    blueprint: &dyn Blueprint,
    ledger: &mut Ledger,
    deliver: impl FnOnce(State) -> State,
    events: &mut EventEmitter<'_>,
) -> Result<RunReport, RunError> {
    planned.may_be_carried_out()?;
    let plan = &planned.plan;
    for Move { from, to, id, .. } in &plan.moved {
        events.emit(EventKind::Moved { from: from.clone(), to: to.clone(), id: id.clone() });
    }
    let mut followed = 0;
    for GivenWay { after, address, found } in &planned.given_way {
        ledger.moved(plan.moved[followed..*after].to_vec()).await?;
        ledger.note(vec![(address.clone(), Some(found.clone()))]).await?;
        followed = *after;
    }
    ledger.moved(plan.moved[followed..].to_vec()).await?;
    for (address, recorded) in &plan.adopted {
        let id = recorded.computed.text("id").unwrap_or_default().to_owned();
        events.emit(EventKind::Adopted { address: address.clone(), id });
    }
    let adopted = plan.adopted.iter().map(|(address, recorded)| (address.clone(), Some(recorded.clone())));
    let read = plan.actions.iter().filter_map(|(address, action)| match action {
        Action::NoOp { record: Some(record) } => Some((address.clone(), Some((**record).clone()))),
        Action::NoOp { record: None }
        | Action::Create { .. }
        | Action::Update { .. }
        | Action::Replace { .. }
        | Action::Delete { .. }
        | Action::Forget { .. } => None,
    });
    // Last, so that references to it are recorded as references to what is gone.
    let gone = plan.actions.iter().filter(|(_, action)| matches!(action, Action::Forget { .. }));
    let gone = gone.map(|(address, _)| (address.clone(), None));
    let notes: Vec<(Address, Option<Recorded>)> = adopted.chain(read).chain(gone).collect();
    ledger.note(notes).await?;
    let mut report = execute(session, plan, (&planned.surroundings, consent), ledger, events).await;
    let mut is_settled = report.abandoned.is_empty() && report.record_lost.is_none();
    if is_settled && !ledger.book().open.is_empty() {
        // What cannot be looked at now stays in the journal, for the next run to look.
        is_settled = recover(session, ledger, events).await.is_ok();
    }
    let mut state = ledger.state().clone();
    state.account.clone_from(&planned.surroundings.account);
    env!("CARGO_PKG_VERSION").clone_into(&mut state.tool);
    blueprint.publish(&mut state);
    let state = if report.is_complete() { deliver(state) } else { state };
    if is_settled {
        write(state, ledger, &mut report, events).await;
    }
    Ok(finished(report, ledger, events))
}

/// Writes the state; that it could not be written stands in the report.
pub(super) async fn write(state: State, ledger: &mut Ledger, report: &mut RunReport, events: &mut EventEmitter<'_>) {
    match ledger.close(state).await {
        Ok(()) => events.emit(EventKind::StateWritten { serial: ledger.state().serial }),
        Err(error) => report.record_lost = Some(RecordLost::of(&error)),
    }
}

/// The report of a run that ended, which the events tell as well.
pub(super) fn finished(report: RunReport, ledger: &Ledger, events: &mut EventEmitter<'_>) -> RunReport {
    let report = RunReport { serial: ledger.state().serial, ..report };
    events.emit(EventKind::RunFinished { report: report.clone() });
    report
}
