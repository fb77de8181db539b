//! The rules of order, told by what happened rather than by the schedule.

use ppm_infra::engine::plan::{Action, StepKey, StepPart};
use ppm_infra::model::address::Address;
use ppm_infra::model::reference::references_in;
use ppm_infra::model::resource::{Catalog, OnChange, ReplaceOrder};
use ppm_infra::run::event::EventKind;

use crate::support::bench::{Ran, brief};

/// Asserts that every step was begun after those it has to wait for.
pub(super) fn assert_in_order(ran: &Ran, catalog: &Catalog) {
    let step = |at: &Address, part: StepPart| StepKey { address: at.clone(), part };
    let built = |at: &Address| match &ran.plan.actions[at] {
        Action::Create { .. } | Action::Replace { .. } => Some(step(at, StepPart::Create)),
        Action::Update { via, .. } => Some(step(at, StepPart::Change { rung: u32::try_from(via.len()).unwrap() })),
        Action::NoOp { .. } | Action::Delete { .. } | Action::Forget { .. } => None,
    };
    let removed = |at: &Address| match &ran.plan.actions[at] {
        Action::Delete { .. } | Action::Replace { order: ReplaceOrder::DeleteFirst, .. } => {
            Some(step(at, StepPart::Delete))
        }
        Action::Replace { order: ReplaceOrder::CreateFirst, prior, .. } => {
            Some(step(at, StepPart::DeleteDeposed { key: prior.computed.text("id").unwrap().to_owned() }))
        }
        Action::NoOp { .. } | Action::Create { .. } | Action::Update { .. } | Action::Forget { .. } => None,
    };
    let first_then = |first: &StepKey, then: &StepKey, why: &str| {
        if let Some(then_started) = ran.started(then) {
            let done = ran.finished(first).is_some_and(|done| done < then_started);
            assert!(done, "{then} began before {first} was done, though {why}\n{:#?}", brief(&ran.plan));
        }
    };
    for (at, action) in &ran.plan.actions {
        let facts = &catalog[&at.kind];
        if let (
            Some(build),
            Action::Create { declared, .. } | Action::Update { declared, .. } | Action::Replace { declared, .. },
        ) = (built(at), action)
        {
            for (_, value) in declared.fields() {
                for target in references_in(value) {
                    if let Some(target) = built(&target) {
                        first_then(&target, &build, "one points at the other");
                    }
                }
            }
        }
        if let Action::Replace { order, .. } = action {
            let (build, remove) = (built(at).unwrap(), removed(at).unwrap());
            match order {
                ReplaceOrder::CreateFirst => first_then(&build, &remove, "the new one comes first"),
                ReplaceOrder::DeleteFirst => first_then(&remove, &build, "the old one goes first"),
            }
        }
        if let Action::Update { prior, .. } | Action::Replace { prior, .. } | Action::Delete { prior, .. } = action {
            for (field, value) in prior.declared.fields() {
                let loose = matches!(facts.on_change(field), OnChange::UpdateDangling | OnChange::Ignore);
                for target in references_in(value) {
                    if target == *at || !ran.plan.actions.contains_key(&target) {
                        continue;
                    }
                    let Some(remove) = removed(&target) else { continue };
                    match removed(at) {
                        Some(gone) if !loose => first_then(&gone, &remove, "one points at the other"),
                        None if !loose => first_then(&built(at).unwrap(), &remove, "one points at the other"),
                        Some(_) | None => {}
                    }
                }
            }
        }
    }
    let counted = ran.events.iter().filter(|event| matches!(event, EventKind::StepStarted { .. })).count();
    let report = &ran.report;
    assert_eq!(counted, report.succeeded + report.failed.len() + report.abandoned.len(), "what starts is counted");
}
