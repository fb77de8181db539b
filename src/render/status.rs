//! Whether the stack serves, as text on one screen: a line for each part, what is the matter, what to type.
//!
//! Promises: what could not be read is named as such, and never counted as well; a sign never says what no word says.

mod json;
mod parts;

pub use json::status_json;

use super::layout::{align, indented};
use super::plan::place;
use super::signs::Signs;
use super::style::{Label, Styled};
use super::words::count;
use crate::model::aspect::Aspect;
use crate::model::finding::Severity;
use crate::run::status::StatusReport;

/// How a status is shown.
#[derive(Clone, Copy, Debug)]
pub struct StatusView<'a> {
    /// The stack.
    pub stack: &'a str,
    /// Its region.
    pub region: &'a str,
    /// Whether signs beyond ASCII may be used.
    pub symbols: bool,
}

/// Targets that are shown one by one at most; those that are not healthy come first.
const TARGETS_SHOWN: usize = 12;

/// The status as text.
pub fn status_text(report: &StatusReport, view: &StatusView<'_>) -> Styled {
    let signs = Signs::of(view.symbols);
    let mut text = Styled::new();
    text.line(place(view.stack, view.region, &report.account));
    let sections = [
        ("Way in", [Aspect::LoadBalancer, Aspect::Targets, Aspect::Certificate].as_slice()),
        ("Versions", &[Aspect::Kubernetes, Aspect::Chart]),
        ("Around it", &[Aspect::Cluster, Aspect::NodeGroup, Aspect::Database, Aspect::Key]),
    ];
    // Columns stand below each other on the whole page.
    let rows = sections.iter().flat_map(|(_, parts)| parts.iter()).flat_map(|part| rows(*part, report, &signs));
    let mut lines = align(rows.collect()).into_iter();
    for (title, parts) in sections {
        text.end_line();
        text.line(Styled::of(Label::Heading, title));
        for part in parts {
            for line in lines.by_ref().take(parts::told(*part, report).len()) {
                text.line(indented(2, line));
            }
            if *part == Aspect::Targets {
                targets(report, &signs, &mut text);
            }
        }
    }
    findings(report, &mut text);
    text.end_line();
    summary(report, &mut text);
    text
}

fn rows(part: Aspect, report: &StatusReport, signs: &Signs) -> Vec<Vec<Styled>> {
    let told = parts::told(part, report);
    let lines = told.into_iter().map(|line| {
        let (sign, word, label) = match line.worst {
            None if line.is_known => (signs.done, "ok", Label::Success),
            None => (signs.skipped, "elsewhere", Label::Muted),
            Some(Severity::Error) => (signs.failed, "error", Label::Error),
            Some(Severity::Unknown) => ("?", "not read", Label::Warning),
            Some(Severity::Warning) => ("!", "warning", Label::Warning),
        };
        vec![
            Styled::of(label, format!("{sign} {word}")),
            Styled::of(Label::Plain, line.name),
            Styled::of(Label::Plain, line.state),
            Styled::of(Label::Muted, line.more),
        ]
    });
    lines.collect()
}

fn targets(report: &StatusReport, signs: &Signs, text: &mut Styled) {
    let all = report.sights.targets.as_ref().and_then(|seen| seen.there());
    let mut all: Vec<_> = all.into_iter().flatten().collect();
    all.sort_by_key(|target| target.is_healthy());
    let rows = all.iter().take(TARGETS_SHOWN).map(|target| {
        let label = if target.is_healthy() { Label::Success } else { Label::Warning };
        let port = target.port.map(|port| format!(":{port}")).unwrap_or_default();
        let why = target.meaning().or(target.description.as_deref()).unwrap_or_default();
        let code = target.reason.as_ref().map(|code| format!("({code})")).unwrap_or_default();
        let why = [why, &code].into_iter().filter(|word| !word.is_empty()).collect::<Vec<_>>().join(" ");
        vec![
            Styled::of(Label::Plain, format!("{}{port}", target.id)),
            Styled::of(label, &target.state),
            Styled::of(Label::Plain, why),
        ]
    });
    for line in align(rows.collect()) {
        text.line(indented(6, line));
    }
    let more = all.len().saturating_sub(TARGETS_SHOWN);
    if more > 0 {
        text.line(indented(6, Styled::of(Label::Muted, format!("{} {more} more; --json has all", signs.more))));
    }
}

fn findings(report: &StatusReport, text: &mut Styled) {
    if !report.findings.is_empty() {
        text.end_line();
    }
    for finding in &report.findings {
        let (word, label) = match finding.severity {
            Severity::Error => ("error: ", Label::Error),
            Severity::Unknown => ("not read: ", Label::Warning),
            Severity::Warning => ("warning: ", Label::Warning),
        };
        text.line(Styled::of(label, word).with(Label::Plain, &finding.what));
        for hint in &finding.remedies {
            text.line(Styled::of(Label::Hint, "  hint: ").with(Label::Plain, hint));
        }
    }
}

fn summary(report: &StatusReport, text: &mut Styled) {
    let (words, label) = match report.worst() {
        Some(Severity::Error) => ("Does not serve.", Label::Error),
        Some(Severity::Unknown) => ("Not known to serve.", Label::Warning),
        Some(Severity::Warning) | None if report.sights.targets.is_some() => ("Serves.", Label::Success),
        Some(Severity::Warning) | None => ("Nothing seen from here is wrong.", Label::Success),
    };
    let counts = [(report.count(Severity::Error), "error"), (report.count(Severity::Warning), "warning")];
    let mut counts: Vec<String> = counts.iter().filter(|(n, _)| *n > 0).map(|(n, word)| count(*n, word)).collect();
    let unread = report.count(Severity::Unknown);
    if unread > 0 {
        counts.insert(counts.len().min(1), format!("{unread} not read"));
    }
    let counts = if counts.is_empty() { String::new() } else { format!(" {}.", counts.join(", ")) };
    text.line(Styled::of(label, words).with(Label::Plain, counts));
}
