//! How carrying out a plan went: what was done, what failed and why, what is true now, what to type next.
//!
//! Promises: every failure with the chain of its causes; what could not be recorded is printed in full, because this
//! text is its only copy then.

use super::style::{Label, Styled};
use super::words::{are, count, took, were};
use crate::engine::plan::StepKey;
use crate::model::document::{Document, canonical_pretty};
use crate::run::event::{Failure, Report};

use super::plan::Goal;

/// How a summary is shown.
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
}

/// What to do when AWS says that the caller's clock is off.
pub const CLOCK: &str = "the clock of this machine is off by more than AWS allows, five minutes: set it, as with \
    `timedatectl set-ntp true`, and run again";

/// The report as text.
pub fn summary_text(report: &Report, view: &SummaryView<'_>) -> Styled {
    let mut text = Styled::new();
    for (step, failure) in &report.failed {
        failed(step, failure, &mut text);
    }
    if let Some(lost) = &report.record_lost {
        let head =
            if lost.taken_over { "another run may hold the stack now" } else { "the record could not be written" };
        text.line(Styled::of(Label::Error, "error: ").with(Label::Plain, head));
        cause(1, &lost.why, &mut text);
    }
    unrecorded(&report.unrecorded, &mut text);
    abandoned(&report.abandoned, &mut text);
    if !text.is_empty() {
        text.end_line();
    }
    outcome(report, view, &mut text);
    next(report, view, &mut text);
    text
}

fn failed(step: &StepKey, failure: &Failure, text: &mut Styled) {
    text.line(
        Styled::of(Label::Error, "error: ").with(Label::Plain, "could not ").with(Label::Address, step.to_string()),
    );
    for (n, told) in (1..).zip(causes(failure)) {
        cause(n, &told, text);
    }
}

/// From what was being done to the id under which AWS knows it.
fn causes(failure: &Failure) -> Vec<String> {
    let said = match &failure.code {
        Some(code) if failure.message.is_empty() => format!("AWS answered {code}"),
        Some(code) => format!("AWS answered {code}: {}", failure.message),
        None => failure.message.clone(),
    };
    let request = failure.request_id.as_ref().map(|id| format!("request id {id}"));
    let doing = (!failure.doing.is_empty()).then(|| format!("could not {}", failure.doing));
    doing.into_iter().chain([said]).chain(request).filter(|told| !told.is_empty()).collect()
}

fn cause(n: usize, told: &str, text: &mut Styled) {
    text.line(Styled::of(Label::Muted, format!("  {n}: ")).with(Label::Plain, told));
}

fn unrecorded(objects: &[(StepKey, Document)], text: &mut Styled) {
    if objects.is_empty() {
        return;
    }
    let what = "this was done and could not be recorded; keep it, it is the only copy";
    text.line(Styled::of(Label::Warning, "warning: ").with(Label::Plain, what));
    for (step, computed) in objects {
        text.line(Styled::of(Label::Plain, "  ").with(Label::Address, step.to_string()));
        for line in canonical_pretty(&computed.to_value()).lines() {
            text.line(Styled::of(Label::Plain, format!("  {line}")));
        }
    }
}

fn abandoned(steps: &[StepKey], text: &mut Styled) {
    if steps.is_empty() {
        return;
    }
    let what = format!("{} {} left running in AWS:", count(steps.len(), "step"), were(steps.len()));
    text.line(Styled::of(Label::Warning, "warning: ").with(Label::Plain, what));
    for step in steps {
        text.line(Styled::of(Label::Plain, "  ").with(Label::Address, step.to_string()));
    }
}

/// What was done, and what is true now.
fn outcome(report: &Report, view: &SummaryView<'_>, text: &mut Styled) {
    let done = count(report.succeeded, "step");
    let time = took(report.elapsed_ms);
    let stack = view.stack;
    if report.is_complete() {
        let (head, rest) = match (view.goal, report.succeeded) {
            (_, 0) => ("Nothing was to be done.", format!(" {stack} stands at serial {}.", report.serial)),
            (Goal::Converge, _) => {
                ("Done.", format!(" {stack} stands: {done} in {time}, recorded at serial {}.", report.serial))
            }
            (Goal::Destroy, _) => (
                "Destroyed.",
                format!(
                    " {done} in {time}; {} of {stack} left in the record, at serial {}.",
                    count(view.left, "object"),
                    report.serial
                ),
            ),
        };
        text.line(Styled::of(Label::Success, head).with(Label::Plain, rest));
        return;
    }
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
    text.line(
        Styled::of(Label::Error, "Incomplete").with(Label::Plain, format!(" after {time}: {}.", parts.join("; "))),
    );
}

/// What to type.
fn next(report: &Report, view: &SummaryView<'_>, text: &mut Styled) {
    if report.is_complete() {
        return;
    }
    let again = view.again;
    if report.failed.iter().any(|(_, failure)| failure.clock_is_off()) {
        text.line(Styled::of(Label::Hint, "hint: ").with(Label::Plain, CLOCK));
    }
    let hint = if report.record_lost.as_ref().is_some_and(|lost| lost.taken_over) {
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
    };
    text.line(Styled::of(Label::Hint, "hint: ").with(Label::Plain, hint));
}
