//! One line per event, for logs: no carriage returns, nothing drawn twice.

use std::io::Write;

use super::{ProgressView, Quiet, Watch, failure_words, looking_again_words, plan_words};
use crate::render::signs::Signs;
use crate::render::style::painted;
use crate::report::words::{count, roughly_ms, took};
use crate::report::{self, Label, Row, Text};
use crate::run::event::{Event, EventKind, Sink, StepKey};

/// Writes each event as one line: time since the start, how many steps are over, what happened.
pub struct Lines {
    out: Quiet,
    view: ProgressView,
    signs: Signs,
    watch: Watch,
}

impl Lines {
    /// Writes to `out`.
    pub fn new(out: Box<dyn Write + Send>, view: ProgressView) -> Self {
        Self { out: Quiet::new(out), view, signs: Signs::of(view.symbols), watch: Watch::default() }
    }

    /// What happened, as a line without its time.
    fn told(&self, kind: &EventKind) -> Text {
        let plain = |text: String| Text::of(Label::Plain, text);
        match kind {
            EventKind::RunStarted { command, stack, serial } => {
                plain(format!("{command} of {stack} begins at serial {serial}"))
            }
            EventKind::RefreshStarted { total } => plain(format!("reading {}", count(*total, "object"))),
            EventKind::RefreshFinished { present, absent, unread } => {
                plain(format!("read: {present} there, {absent} not there, {unread} not readable"))
            }
            EventKind::LookingAgain { missing, interrupted, waited_seconds, at_most_seconds } => {
                plain(looking_again_words(missing, *interrupted, *waited_seconds, *at_most_seconds))
            }
            EventKind::Adopted { address, id } => Text::of(Label::Success, "adopted ")
                .with(Label::Address, address.to_string())
                .with(Label::Plain, format!(": {id}")),
            EventKind::Moved { from, to, id } => Text::of(Label::Success, "moved ")
                .with(Label::Address, from.to_string())
                .with(Label::Plain, format!(" to {to}: {id}")),
            EventKind::DriftFound { address, gone, diffs } => {
                let line = Text::of(Label::Drift, "drift ").with(Label::Address, address.to_string());
                if *gone {
                    return line.with(Label::Plain, ": gone");
                }
                let mut line = line.with(Label::Plain, ":");
                for (n, cells) in report::drifted(diffs).into_iter().flat_map(Row::into_lines).enumerate() {
                    line.push(Label::Plain, if n == 0 { "" } else { ";" });
                    for cell in cells.into_iter().filter(|cell| !cell.is_empty()) {
                        line.push(Label::Plain, " ");
                        line.append(cell);
                    }
                }
                line
            }
            EventKind::PlanReady { counts, typical_seconds } => {
                plain(format!("plan: {}", plan_words(counts, *typical_seconds)))
            }
            EventKind::ExecuteStarted { steps } => plain(format!("{} to carry out", count(*steps, "step"))),
            EventKind::StepStarted { step, .. } => {
                let expected = self.watch.expected_ms(step).unwrap_or_default();
                named(step).with(Label::Muted, format!(": started, usually {}", roughly_ms(expected)))
            }
            EventKind::StepWaiting { step, status, elapsed_ms } => {
                let mut line = named(step).with(Label::Plain, format!(": {status}, {}", took(*elapsed_ms)));
                if let Some(expected) = self.watch.expected_ms(step) {
                    line.push(Label::Muted, format!(" of about {}", roughly_ms(expected)));
                }
                line
            }
            EventKind::StepFinished { step, id, elapsed_ms } => {
                let line = named(step).with(Label::Plain, ": ").with(Label::Success, "done");
                let id = id.as_ref().map(|id| format!(", {id}")).unwrap_or_default();
                line.with(Label::Plain, format!(" in {}{id}", took(*elapsed_ms)))
            }
            EventKind::StepFailed { step, error, elapsed_ms } => {
                let line = named(step).with(Label::Plain, ": ").with(Label::Error, "failed");
                line.with(Label::Plain, format!(" after {}: {}", took(*elapsed_ms), failure_words(error)))
            }
            EventKind::StepSkipped { step, because } => {
                let line = named(step).with(Label::Plain, ": ").with(Label::Warning, "skipped");
                line.with(Label::Plain, format!(" because of {because}"))
            }
            EventKind::Draining { running } => {
                let line = Text::of(Label::Warning, "stopping");
                line.with(Label::Plain, format!(": nothing new starts, {} still running", count(*running, "step")))
            }
            EventKind::Abandoned { unfinished } => {
                let all: Vec<String> = unfinished.iter().map(ToString::to_string).collect();
                Text::of(Label::Warning, "left running").with(Label::Plain, format!(": {}", all.join(", ")))
            }
            EventKind::StateWritten { serial } => plain(format!("recorded at serial {serial}")),
            EventKind::RunFinished { report } => {
                let told = format!(
                    "{} succeeded, {} failed, {} skipped, {} not begun",
                    report.succeeded,
                    report.failed.len(),
                    report.skipped,
                    report.not_started
                );
                let head = if report.is_complete() {
                    Text::of(Label::Success, "complete")
                } else {
                    Text::of(Label::Error, "incomplete")
                };
                head.with(Label::Plain, format!(" after {}: {told}", took(report.elapsed_ms)))
            }
        }
    }
}

impl Sink for Lines {
    fn event(&mut self, event: &Event) {
        // What is told of a finished step still needs to know what was expected of it.
        let news = self.watch.see(event, self.view.time_scale);
        if !news {
            return;
        }
        let elapsed = took(self.watch.elapsed_ms(event));
        let steps = match self.watch.total {
            0 => String::new(),
            total => format!("{}/{total}", self.watch.finished),
        };
        let line = Text::of(Label::Muted, format!("{elapsed:>7} {steps:>7}  ")).and(self.told(&event.kind));
        self.out.line(&painted(&line.spelled(|sign| self.signs.spell(sign)), self.view.colour));
    }
}

/// While one only looks: of all that happens, the waits alone, for nobody else would know why nothing is said.
pub struct Waits(Lines);

impl Waits {
    /// Writes to `out`.
    pub fn new(out: Box<dyn Write + Send>, view: ProgressView) -> Self {
        Self(Lines::new(out, view))
    }
}

impl Sink for Waits {
    fn event(&mut self, event: &Event) {
        if matches!(event.kind, EventKind::LookingAgain { at_most_seconds: 2.., .. }) {
            self.0.event(event);
        }
    }
}

fn named(step: &StepKey) -> Text {
    Text::of(Label::Address, step.to_string())
}
