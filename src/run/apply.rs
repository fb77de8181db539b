//! Carrying a plan out: every step is in the journal as it is done, and at the end the state is written as a whole.
//!
//! Promises: between the two everything that was done is durable, so what is handed over in between, such as files made
//! from the state, is made from what is true; whether it is handed over can stand in the state that is then written.

use std::sync::Arc;

use super::event::{EventKind, RecordLost, Report};
use super::execute::Execution;
use super::recover::recover;
use super::{Blueprint, EventEmitter, GivenWay, Ledger, Planned, RunError, Session};
use crate::cloud::Consent;
use crate::engine::moves::Move;
use crate::engine::plan::Action;
use crate::engine::state::{Recorded, State};
use crate::model::address::Address;

/// What was carried out; the state is still to be written as a whole.
#[must_use = "the journal holds what was done until the state is written"]
#[derive(Debug)]
pub struct Done {
    report: Report,
    /// Whether nothing is left open, so that the state can be written.
    is_settled: bool,
    account: String,
}

impl Done {
    /// Whether everything that was planned was done.
    pub fn is_complete(&self) -> bool {
        self.report.is_complete()
    }

    /// The state as it is to be written.
    pub fn published(&self, blueprint: &dyn Blueprint, ledger: &Ledger) -> State {
        let mut state = ledger.state().clone();
        state.account.clone_from(&self.account);
        env!("CARGO_PKG_VERSION").clone_into(&mut state.tool);
        blueprint.publish(&mut state);
        state
    }

    /// Writes the state, unless something is left open, and says how it went.
    pub async fn close(self, ledger: &mut Ledger, state: State, events: &mut EventEmitter<'_>) -> Report {
        let Self { mut report, is_settled, .. } = self;
        if is_settled {
            match ledger.close(state).await {
                Ok(()) => events.emit(EventKind::StateWritten { serial: ledger.state().serial }),
                Err(error) => report.record_lost = Some(RecordLost::of(&error)),
            }
        }
        report.serial = ledger.state().serial;
        events.emit(EventKind::RunFinished { report: report.clone() });
        report
    }
}

/// Carries a plan out and writes the state, where nothing is handed over in between.
///
/// # Errors
/// As [`carry_out`].
pub async fn apply(
    session: &Session,
    planned: &Planned,
    blueprint: &dyn Blueprint,
    ledger: &mut Ledger,
    consent: Consent,
    events: &mut EventEmitter<'_>,
) -> Result<Report, RunError> {
    let done = carry_out(session, planned, ledger, consent, events).await?;
    let state = done.published(blueprint, ledger);
    Ok(done.close(ledger, state, events).await)
}

/// Carries a plan out, which must have been made from the state of `ledger`. Recording what moved, was adopted, merely
/// read or is gone comes first.
///
/// # Errors
/// [`RunError::Checks`] when a check failed, [`RunError::Store`] when even the first record could not be written: nothing
/// was changed then.
pub(super) async fn carry_out(
    session: &Session,
    planned: &Planned,
    ledger: &mut Ledger,
    consent: Consent,
    events: &mut EventEmitter<'_>,
) -> Result<Done, RunError> {
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
    // Last, so that whoever is noted as pointing there is known to point at what is gone.
    let gone = plan.actions.iter().filter(|(_, action)| matches!(action, Action::Forget { .. }));
    let gone = gone.map(|(address, _)| (address.clone(), None));
    let notes: Vec<(Address, Option<Recorded>)> = adopted.chain(read).chain(gone).collect();
    ledger.note(notes).await?;
    let execution = Execution {
        session,
        plan,
        ledger,
        events,
        consent: Arc::new(consent),
        surroundings: Arc::new(planned.surroundings.clone()),
    };
    let report = execution.run().await;
    let mut is_settled = report.abandoned.is_empty() && report.record_lost.is_none();
    if is_settled && !ledger.book().open.is_empty() {
        // What cannot be looked at now stays in the journal, for the next run to look.
        is_settled = recover(session, ledger, events).await.is_ok();
    }
    Ok(Done { report, is_settled, account: planned.surroundings.account.clone() })
}
