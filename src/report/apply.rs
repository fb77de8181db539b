//! The page of a run: what was done, what failed and why, what is true now, what to type next.
//!
//! Promises: every failure with the chain of its causes; what could not be recorded is told in full, because this page
//! is its only copy then.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::block::{About, Block, Heading, Message};
use super::goal::Goal;
use super::page::{CriticalPath, Lead, Page, PageScope, Remark, Section};
use super::ready::Ready;
use super::steps;
use super::text::{Label, Text};
use super::words::{are, count, took, were};
use crate::engine::plan::StepKey;
use crate::model::address::Address;
use crate::model::document::{Document, canonical_pretty};
use crate::model::finding::Severity;
use crate::run::event::{RecordLost, RunReport, StepFailure};

/// What the page of a run is made with, beside its report.
#[derive(Clone, Copy, Debug)]
pub struct SummaryView<'a> {
    /// The stack.
    pub stack: &'a str,
    /// What the plan was for.
    pub goal: Goal,
    /// What to type to go on, such as `ppm-infra apply plans/prod.yaml`.
    pub again: &'a str,
    /// How many objects the record still holds.
    pub left: usize,
    /// What the plan left alone, with the reason.
    pub kept: &'a BTreeMap<Address, String>,
}

/// What to do when AWS says that the caller's clock is off.
pub const CLOCK: &str = "the clock of this machine is off by more than AWS allows, five minutes: set it, as with \
    `timedatectl set-ntp true`, and run again";

/// What is true of everything that is kept.
pub(super) const KEPT: &str = "stays in AWS, and is paid for as before";

impl<'a> Page<'a> {
    /// The page of a run.
    pub fn of_apply(report: &'a RunReport, view: &SummaryView<'a>) -> Self {
        let part = |id, title, content: Ready| Section::titled(id, Heading::of(title), content).led(Lead::None);
        Self {
            command: match view.goal {
                Goal::Converge => "apply",
                Goal::Destroy => "destroy",
            },
            scope: PageScope { stack: view.stack, region_and_account: None },
            source: None,
            frame: None,
            verdict: if report.is_complete() { complete(report, view) } else { incomplete(report) },
            remarks: if report.is_complete() { Vec::new() } else { next(report, view.again) },
            chain: CriticalPath::default(),
            json_fields: vec![
                ("complete", json!(report.is_complete())),
                ("serial", json!(report.serial)),
                ("elapsed_ms", json!(report.elapsed_ms)),
                ("credentials_refused", json!(report.credentials_refused)),
            ],
            summary: json!({
                "succeeded": report.succeeded,
                "failed": report.failed.len(),
                "skipped": report.skipped,
                "not_started": report.not_started,
                "abandoned": report.abandoned.len(),
                "left": view.left,
            }),
            sections: vec![
                part("failed", "Failed", failed(&report.failed)),
                part("record_lost", "Not recorded to the end", record_lost(report.record_lost.as_ref())),
                part("unrecorded", "Done and not recorded", unrecorded(&report.unrecorded)),
                part("abandoned", "Left running", abandoned(&report.abandoned)),
                Section::titled("kept", Heading::of("Kept").with(KEPT), Ready::reasons("kept", view.kept)),
            ],
        }
    }
}

fn plain(words: impl AsRef<str>) -> Text {
    Text::of(Label::Plain, words)
}

fn name(step: &StepKey) -> Text {
    Text::of(Label::Address, step.to_string())
}

fn error(what: Text, causes: Vec<Text>) -> Message {
    let severity = Severity::Error;
    Message { severity, word: severity.word(), what, causes, about: Vec::new(), hints: Vec::new() }
}

fn warning(what: &str, about: Vec<About>) -> Message {
    let severity = Severity::Warning;
    Message { severity, word: severity.word(), what: plain(what), causes: Vec::new(), about, hints: Vec::new() }
}

fn messages(all: Vec<Message>, key: &'static str, value: Value) -> Ready {
    Ready::of(if all.is_empty() { Vec::new() } else { vec![Block::Messages(all)] }, vec![(key, value)])
}

fn failed(all: &[(StepKey, StepFailure)]) -> Ready {
    let (mut told, mut values) = (Vec::new(), Vec::new());
    for (step, failure) in all {
        let causes = causes(failure).iter().map(plain).collect();
        told.push(error(plain("could not ").and(name(step)), causes));
        values.push(json!({"step": steps::to_json(step), "error": failure}));
    }
    messages(told, "failed", Value::Array(values))
}

/// From what was being done to the id under which AWS knows it.
pub(super) fn causes(failure: &StepFailure) -> Vec<String> {
    let said = match &failure.code {
        Some(code) if failure.message.is_empty() => format!("AWS answered {code}"),
        Some(code) => format!("AWS answered {code}: {}", failure.message),
        None => failure.message.clone(),
    };
    let request = failure.request_id.as_ref().map(|id| format!("request id {id}"));
    let doing = (!failure.doing.is_empty()).then(|| format!("could not {}", failure.doing));
    doing.into_iter().chain([said]).chain(request).filter(|told| !told.is_empty()).collect()
}

fn record_lost(lost: Option<&RecordLost>) -> Ready {
    let told = lost.map(|lost| {
        let what =
            if lost.taken_over { "another run may hold the stack now" } else { "the record could not be written" };
        error(plain(what), vec![plain(&lost.why)])
    });
    messages(told.into_iter().collect(), "record_lost", json!(lost))
}

fn unrecorded(all: &[(StepKey, Document)]) -> Ready {
    let (mut about, mut values) = (Vec::new(), Vec::new());
    for (step, computed) in all {
        let verbatim = canonical_pretty(&computed.to_value()).lines().map(plain).collect();
        about.push(About { name: name(step), verbatim });
        values.push(json!({"step": steps::to_json(step), "computed": computed}));
    }
    let what = "this was done and could not be recorded; keep it, it is the only copy";
    let told = if about.is_empty() { Vec::new() } else { vec![warning(what, about)] };
    messages(told, "unrecorded", Value::Array(values))
}

fn abandoned(left: &[StepKey]) -> Ready {
    let about: Vec<About> = left.iter().map(|step| About { name: name(step), verbatim: Vec::new() }).collect();
    let what = format!("{} {} left running in AWS:", count(left.len(), "step"), were(left.len()));
    let told = if about.is_empty() { Vec::new() } else { vec![warning(&what, about)] };
    messages(told, "abandoned", left.iter().map(steps::to_json).collect())
}

/// What is true now that everything was done.
fn complete(report: &RunReport, view: &SummaryView<'_>) -> Text {
    let (stack, serial) = (view.stack, report.serial);
    let done = count(report.succeeded, "step");
    let time = took(report.elapsed_ms);
    let (head, rest) = match (view.goal, report.succeeded) {
        (_, 0) => ("Nothing was to be done.", format!(" {stack} stands at serial {serial}.")),
        (Goal::Converge, _) => ("Done.", format!(" {stack} stands: {done} in {time}, recorded at serial {serial}.")),
        (Goal::Destroy, _) => {
            let left = count(view.left, "object");
            ("Destroyed.", format!(" {done} in {time}; {left} of {stack} left in the record, at serial {serial}."))
        }
    };
    Text::of(Label::Success, head).with(Label::Plain, rest)
}

/// What was done and what was not.
fn incomplete(report: &RunReport) -> Text {
    let mut parts = Vec::new();
    if report.skipped > 0 {
        let because = if report.failed.len() == 1 { "it" } else { "these failures" };
        parts.push(format!("{} {} skipped because of {because}", count(report.skipped, "step"), were(report.skipped)));
    }
    if report.not_started > 0 {
        parts.push(format!("{} {} not begun", count(report.not_started, "step"), were(report.not_started)));
    }
    // Until the state is written as a whole, the journal beside it holds what was done.
    let place = if report.record_lost.is_none() && report.abandoned.is_empty() { "" } else { "in the journal " };
    parts.push(format!(
        "{} succeeded and {} recorded {place}at serial {}",
        report.succeeded,
        are(report.succeeded),
        report.serial
    ));
    if !report.unrecorded.is_empty() {
        parts.push(format!("what {} did stands only in this text", count(report.unrecorded.len(), "more step")));
    }
    let rest = format!(" after {}: {}.", took(report.elapsed_ms), parts.join("; "));
    Text::of(Label::Error, "Incomplete").with(Label::Plain, rest)
}

/// What to type after a run that is not complete.
fn next(report: &RunReport, again: &str) -> Vec<Remark> {
    let mut hints = Vec::new();
    if report.failed.iter().any(|(_, failure)| failure.clock_is_off()) {
        hints.push(CLOCK.to_owned());
    }
    hints.push(if report.record_lost.as_ref().is_some_and(|lost| lost.taken_over) {
        format!(
            "`ppm-infra lock status` shows who works on the stack; then run `{again}`: it finds these objects by their marks."
        )
    } else if report.record_lost.is_some() {
        format!(
            "mend what kept the record from being written, then run `{again}`: it finds these objects by their marks."
        )
    } else if !report.abandoned.is_empty() {
        format!("run `{again}`: it looks first what became of the steps left running, and goes on from there.")
    } else if report.credentials_refused {
        format!("renew the credentials, as with `aws sso login`, then run `{again}`: it goes on from there.")
    } else if report.failed.is_empty() {
        format!("run `{again}` to go on.")
    } else {
        format!("run `{again}` again to continue; what succeeded is not done twice.")
    });
    hints.into_iter().map(|hint| Remark::Hint(plain(hint))).collect()
}
