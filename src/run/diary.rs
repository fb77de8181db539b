//! What happens, a line each, to see inside (`-v`, `--log-file`): steps as they begin and end, and why
//! each of them is done.

use super::event::EventKind;
use crate::engine::plan::{Action, Plan};

/// Why each thing is done that is done.
pub(super) fn decisions(plan: &Plan) {
    for moved in &plan.moved {
        tracing::debug!(from = %moved.from, to = %moved.to, id = moved.id, "moved in the record");
    }
    for (address, action) in &plan.actions {
        let (what, why) = match action {
            Action::NoOp { .. } => continue,
            Action::Create { why, .. } => ("create", why),
            Action::Update { why, .. } => ("update", why),
            Action::Replace { why, .. } => ("replace", why),
            Action::Delete { why, .. } => ("delete", why),
            Action::Forget { why } => ("forget", why),
        };
        tracing::debug!(%address, what, ?why, "decided");
    }
    for (address, reason) in &plan.kept {
        tracing::debug!(%address, reason, "kept");
    }
}

/// One thing that happened.
pub(super) fn event(kind: &EventKind) {
    match kind {
        EventKind::RunStarted { command, stack, serial } => tracing::debug!(command, stack, serial, "run started"),
        EventKind::RefreshStarted { total } => tracing::debug!(total, "looking"),
        EventKind::RefreshFinished { present, absent, unread } => tracing::debug!(present, absent, unread, "looked"),
        EventKind::LookingAgain { missing, waited_seconds, .. } => {
            tracing::debug!(missing = missing.len(), waited_seconds, "looking again");
        }
        EventKind::Adopted { address, id } => tracing::debug!(%address, id, "adopted"),
        EventKind::Moved { from, to, id } => tracing::debug!(%from, %to, id, "moved"),
        EventKind::DriftFound { address, gone, diffs } => {
            tracing::debug!(%address, gone, fields = diffs.len(), "drift found");
        }
        EventKind::PlanReady { counts, typical_seconds } => tracing::debug!(?counts, typical_seconds, "plan ready"),
        EventKind::ExecuteStarted { steps } => tracing::debug!(steps, "steps begin"),
        EventKind::StepStarted { step, typical_seconds, .. } => tracing::debug!(%step, typical_seconds, "step started"),
        EventKind::StepWaiting { step, status, elapsed_ms } => {
            tracing::debug!(%step, status, elapsed_ms, "step waiting");
        }
        EventKind::StepFinished { step, id, elapsed_ms } => tracing::debug!(%step, id, elapsed_ms, "step finished"),
        EventKind::StepFailed { step, error, elapsed_ms } => {
            let (code, request_id) = (error.code.as_deref(), error.request_id.as_deref());
            tracing::warn!(%step, doing = error.doing, code, error = error.message, request_id, elapsed_ms, "step failed");
        }
        EventKind::StepSkipped { step, because } => tracing::debug!(%step, %because, "step skipped"),
        EventKind::Draining { running } => tracing::debug!(running, "nothing new starts"),
        EventKind::Abandoned { unfinished } => tracing::warn!(unfinished = unfinished.len(), "abandoned"),
        EventKind::StateWritten { serial } => tracing::debug!(serial, "state written"),
        EventKind::RunFinished { report } => {
            let failed = report.failed.len();
            tracing::debug!(succeeded = report.succeeded, failed, elapsed_ms = report.elapsed_ms, "run finished");
        }
    }
}
