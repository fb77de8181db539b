//! When a run will be over, as far as its events tell.
//!
//! Promises: it never says that nothing is left while something runs; what takes longer than usual has the more left, and
//! what it was waited for with it; what ends early brings the end nearer at once.

use crate::model::duration::{DurationSpread, exact, nearest};
use crate::report::words::roughly;
use crate::run::event::{EventKind, StepKey};

/// What runs, and what comes behind it.
#[derive(Debug, Default)]
pub(super) struct Outlook {
    running: Vec<RunningStep>,
    /// Seconds that all of the plan usually takes, until its first step begins.
    whole: Option<u64>,
    is_stopping: bool,
}

#[derive(Debug)]
struct RunningStep {
    step: StepKey,
    /// Milliseconds of our time at which it began.
    since_ms: u64,
    spread: DurationSpread,
    behind_seconds: u64,
}

impl Outlook {
    /// Takes in what happened `now_ms` milliseconds after the first step could begin.
    pub(super) fn see(&mut self, event: &EventKind, now_ms: u64) {
        match event {
            EventKind::PlanReady { typical_seconds, .. } => self.whole = Some(*typical_seconds),
            EventKind::StepStarted { step, typical_seconds, p90_seconds, behind_seconds } => {
                self.whole = None;
                self.running.push(RunningStep {
                    step: step.clone(),
                    since_ms: now_ms,
                    spread: DurationSpread::of(*typical_seconds, *p90_seconds),
                    behind_seconds: *behind_seconds,
                });
            }
            EventKind::StepFinished { step, .. }
            | EventKind::StepFailed { step, .. }
            | EventKind::StepSkipped { step, .. } => self.running.retain(|running| running.step != *step),
            EventKind::Draining { .. } => self.is_stopping = true,
            EventKind::RunStarted { .. }
            | EventKind::RefreshStarted { .. }
            | EventKind::RefreshFinished { .. }
            | EventKind::LookingAgain { .. }
            | EventKind::Adopted { .. }
            | EventKind::Moved { .. }
            | EventKind::DriftFound { .. }
            | EventKind::ExecuteStarted { .. }
            | EventKind::StepWaiting { .. }
            | EventKind::Abandoned { .. }
            | EventKind::StateWritten { .. }
            | EventKind::RunFinished { .. } => {}
        }
    }

    /// Seconds of our time that are left, as likely as not, where time goes `time_scale` times as fast as ours; and whether
    /// what holds it up takes longer than it seldom does. `None` while nothing runs.
    pub(super) fn left(&self, now_ms: u64, time_scale: f64) -> Option<(u64, bool)> {
        let scale = if time_scale.is_finite() && time_scale > 0.0 { time_scale } else { 1.0 };
        let ours = |seconds: f64| nearest((seconds / scale).ceil()).max(1);
        let of = |running: &RunningStep| {
            let elapsed = exact(now_ms.saturating_sub(running.since_ms)) / 1000.0 * scale;
            let behind = if self.is_stopping { 0 } else { running.behind_seconds };
            let left = running.spread.left_after(elapsed) + exact(behind);
            (left, elapsed > exact(running.spread.p90))
        };
        let longest = self.running.iter().map(of).max_by(|one, other| one.0.total_cmp(&other.0));
        let whole = self.whole.filter(|whole| *whole > 0).map(|whole| (exact(whole), false));
        longest.or(whole).map(|(left, is_late)| (ours(left), is_late))
    }

    /// In words.
    pub(super) fn words(&self, now_ms: u64, time_scale: f64) -> String {
        let n = self.running.len();
        let mut words = if self.is_stopping { format!("stopping, {n} still running") } else { format!("{n} running") };
        if let Some((left, is_late)) = self.left(now_ms, time_scale) {
            if is_late {
                words.push_str(", longer than usual");
            }
            words.push_str(", about ");
            words.push_str(&roughly(left));
            words.push_str(" left");
        }
        words
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::plan::{Counts, StepPart};

    fn started(step: &StepKey, typical_seconds: u64, p90_seconds: u64, behind_seconds: u64) -> EventKind {
        EventKind::StepStarted { step: step.clone(), typical_seconds, p90_seconds, behind_seconds }
    }

    #[test]
    fn what_is_left_is_the_longest_of_what_runs_with_what_comes_behind_it() {
        let (cluster, database) = (made("cluster.main"), made("database.main"));
        let mut outlook = Outlook::default();
        outlook.see(&EventKind::PlanReady { counts: Counts::default(), typical_seconds: 1200 }, 0);
        assert_eq!(outlook.words(0, 1.0), "0 running, about 20 min left");
        outlook.see(&started(&cluster, 600, 720, 400), 0);
        outlook.see(&started(&database, 960, 1200, 0), 0);
        assert_eq!(outlook.words(0, 1.0), "2 running, about 17 min left");
        assert_eq!(outlook.words(0, 60.0), "2 running, about 17s left", "as fast as the cloud is");
        let finished = EventKind::StepFinished { step: cluster, id: None, elapsed_ms: 1 };
        outlook.see(&finished, 60_000);
        assert_eq!(outlook.words(60_000, 1.0), "1 running, about 15 min left", "nearer at once");
        outlook.see(&EventKind::Draining { running: 1 }, 60_000);
        assert_eq!(outlook.words(60_000, 1.0), "stopping, 1 still running, about 15 min left");
    }

    #[test]
    fn who_is_late_is_said_to_be_and_never_done() {
        let database = made("database.main");
        let mut outlook = Outlook::default();
        outlook.see(&started(&database, 960, 1200, 300), 0);
        let mut before = u64::MAX;
        for seconds in (0..960).step_by(10) {
            let (left, is_late) = outlook.left(seconds * 1000, 1.0).unwrap();
            assert!(left <= before && left > 300 && !is_late, "{seconds}: {left} after {before}");
            before = left;
        }
        for seconds in (960..10_000).step_by(10) {
            let (left, is_late) = outlook.left(seconds * 1000, 1.0).unwrap();
            assert!(left > 300, "{seconds}: {left}");
            assert!(left <= before + 10, "it never rises faster than time goes: {left} after {before}");
            assert_eq!(is_late, seconds > 1200);
            before = left;
        }
        assert!(outlook.words(2_000_000, 1.0).contains("longer than usual, about"));
    }

    fn made(address: &str) -> StepKey {
        StepKey { address: address.parse().unwrap(), part: StepPart::Create }
    }
}
