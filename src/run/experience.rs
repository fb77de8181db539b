//! What earlier runs of a stack have shown of how long steps take.

use super::Session;
use crate::engine::durations::{Experience, StepClass};
use crate::engine::plan::{Plan, StepKey};
use crate::model::duration::{exact, nearest};
use crate::store::runs::StepTime;

impl Session {
    /// How long a step of `plan` took, for later runs: `elapsed_ms` of our time.
    pub fn step_time(&self, plan: &Plan, step: StepKey, elapsed_ms: u64) -> StepTime {
        let case = self.durations().of(plan, &step).0.case;
        StepTime { elapsed_ms: scaled(elapsed_ms, self.time_scale), case, step }
    }
}

/// What these steps have shown.
pub fn experience<'a>(steps: impl IntoIterator<Item = &'a StepTime>) -> Experience {
    let mut experience = Experience::default();
    for StepTime { step, elapsed_ms, case } in steps {
        // Entries of earlier versions do not tell the case.
        let case = if case.is_empty() { step.verb().word().to_owned() } else { case.clone() };
        experience.add(StepClass { kind: step.address.kind.clone(), case }, exact(*elapsed_ms) / 1000.0);
    }
    experience
}

fn scaled(elapsed_ms: u64, time_scale: f64) -> u64 {
    let scale = if time_scale.is_finite() && time_scale > 0.0 { time_scale } else { 1.0 };
    nearest(exact(elapsed_ms) * scale)
}
