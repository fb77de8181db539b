//! What happens, while it happens: events to a log, to a terminal, or to a program.
//!
//! Promises: whatever goes wrong with writing stays here; a sink that cannot write falls silent.

mod background;
mod lines;
mod live;
mod outlook;

use std::collections::BTreeMap;
use std::io::Write;

use jiff::Timestamp;

pub use background::Background;
pub use lines::{Lines, Waits};
pub use live::Live;
#[cfg(test)]
pub(crate) use live::drawn;
pub(crate) use live::is_drawing;

use crate::model::address::Address;
use crate::model::document::canonical;
use crate::report::words;
use crate::run::event::{Counts, Event, EventKind, Sink, StepFailure, StepKey};

/// How progress is shown.
#[derive(Clone, Copy, Debug)]
pub struct ProgressView {
    /// How many times faster than real time the cloud is: expectations are divided by it.
    pub time_scale: f64,
    /// Whether signs beyond ASCII may be used.
    pub symbols: bool,
    /// Whether text is coloured.
    pub colour: bool,
}

/// One event per line as JSON, for programs.
pub struct JsonLines {
    out: Quiet,
}

impl JsonLines {
    /// Writes events to `out`.
    pub fn new(out: Box<dyn Write + Send>) -> Self {
        Self { out: Quiet::new(out) }
    }
}

impl Sink for JsonLines {
    fn event(&mut self, event: &Event) {
        if let Ok(value) = serde_json::to_value(event) {
            self.out.line(&canonical(&value));
        }
    }
}

/// A place to write to that is left alone after it has failed once: nobody reads there any more.
struct Quiet {
    out: Option<Box<dyn Write + Send>>,
}

impl Quiet {
    fn new(out: Box<dyn Write + Send>) -> Self {
        Self { out: Some(out) }
    }

    fn line(&mut self, line: &str) {
        let Some(out) = &mut self.out else { return };
        // In one call, so that lines of several writers do not mix.
        let written = out.write_all(format!("{line}\n").as_bytes()).and_then(|()| out.flush());
        if written.is_err() {
            self.out = None;
        }
    }
}

/// What is known of a run from its events so far.
#[derive(Debug, Default)]
struct Watch {
    started: Option<Timestamp>,
    total: usize,
    finished: usize,
    /// What each running step is expected to take, in milliseconds.
    running: BTreeMap<StepKey, u64>,
    statuses: BTreeMap<StepKey, String>,
}

impl Watch {
    /// Takes an event in; says whether it tells anything new.
    fn see(&mut self, event: &Event, time_scale: f64) -> bool {
        self.started.get_or_insert(event.at);
        match &event.kind {
            EventKind::ExecuteStarted { steps } => {
                self.total = *steps;
                self.finished = 0;
            }
            EventKind::StepStarted { step, typical_seconds, .. } => {
                self.running.insert(step.clone(), words::scaled_ms(*typical_seconds, time_scale));
            }
            EventKind::StepWaiting { step, status, .. } => {
                let before = self.statuses.insert(step.clone(), status.clone());
                return before.as_ref() != Some(status);
            }
            EventKind::StepFinished { step, .. }
            | EventKind::StepFailed { step, .. }
            | EventKind::StepSkipped { step, .. } => {
                self.finished += 1;
                self.running.remove(step);
                self.statuses.remove(step);
            }
            EventKind::RunStarted { .. }
            | EventKind::RefreshStarted { .. }
            | EventKind::RefreshFinished { .. }
            | EventKind::LookingAgain { .. }
            | EventKind::Adopted { .. }
            | EventKind::Moved { .. }
            | EventKind::DriftFound { .. }
            | EventKind::PlanReady { .. }
            | EventKind::Draining { .. }
            | EventKind::Abandoned { .. }
            | EventKind::StateWritten { .. }
            | EventKind::RunFinished { .. } => {}
        }
        true
    }

    /// Milliseconds since the first event.
    fn elapsed_ms(&self, event: &Event) -> u64 {
        let since = self.started.map_or(0, |started| event.at.duration_since(started).as_millis());
        u64::try_from(since).unwrap_or(0)
    }

    /// What `step` is expected to take; nothing if it is not running.
    fn expected_ms(&self, step: &StepKey) -> Option<u64> {
        self.running.get(step).copied()
    }
}

/// What went wrong in a step, in one line.
fn failure_words(failure: &StepFailure) -> String {
    let mut text = format!("could not {}", failure.doing);
    for part in [failure.code.as_deref(), Some(failure.message.as_str())].into_iter().flatten() {
        if !part.is_empty() {
            text.push_str(": ");
            text.push_str(part);
        }
    }
    if let Some(id) = &failure.request_id {
        text.push_str(" (request id ");
        text.push_str(id);
        text.push(')');
    }
    text
}

/// What is looked for again, until when, and why.
fn looking_again_words(missing: &[Address], interrupted: bool, waited: u64, at_most: u64) -> String {
    const SHOWN: usize = 3;
    let mut names: Vec<String> = missing.iter().take(SHOWN).map(ToString::to_string).collect();
    if missing.len() > SHOWN {
        names.push(format!("{} more", missing.len() - SHOWN));
    }
    let names = names.join(", ");
    let what = if interrupted { "looking for what the interrupted run may have made" } else { "looking again for" };
    let colon = if interrupted { ":" } else { "" };
    format!("{what}{colon} {names}; {waited} s of at most {at_most} s, because AWS shows new objects late")
}

/// What a plan does and how long that usually takes.
fn plan_words(counts: &Counts, typical_seconds: u64) -> String {
    let does = words::counts(counts);
    if typical_seconds == 0 { does } else { format!("{does}; takes about {}", words::roughly(typical_seconds)) }
}

#[cfg(test)]
mod tests {
    use std::io;
    use std::sync::{Arc, Mutex};

    use super::*;
    use crate::render::tests::{Paper, events};

    #[test]
    fn every_event_is_one_line_of_json() {
        let paper = Paper::default();
        let mut sink = JsonLines::new(Box::new(paper.clone()));
        let all = events();
        for event in &all {
            sink.event(event);
        }
        let read: Vec<Event> = paper.text().lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        assert_eq!(read, all);
    }

    #[test]
    fn who_cannot_write_falls_silent() {
        struct Closed(Arc<Mutex<u32>>);
        impl Write for Closed {
            fn write(&mut self, _: &[u8]) -> io::Result<usize> {
                *self.0.lock().unwrap() += 1;
                Err(io::ErrorKind::BrokenPipe.into())
            }
            fn flush(&mut self) -> io::Result<()> {
                Ok(())
            }
        }
        let tries = Arc::new(Mutex::new(0));
        let view = ProgressView { time_scale: 1.0, symbols: true, colour: false };
        let mut sinks: Vec<Box<dyn Sink>> = vec![
            Box::new(JsonLines::new(Box::new(Closed(tries.clone())))),
            Box::new(Lines::new(Box::new(Closed(tries.clone())), view)),
        ];
        for event in &events() {
            for sink in &mut sinks {
                sink.event(event);
            }
        }
        assert_eq!(*tries.lock().unwrap(), 2);
    }
}
