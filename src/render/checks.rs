//! How a plan stood up to its checks: what was found in the words of `validate`, what passed as a number.

use serde::Serialize;

use super::style::{Label, Styled};
use super::words::count;
use crate::model::address::Address;
use crate::model::finding::{Check, Finding, Severity, Subject};
use crate::text::Problem;

/// Writes what was found, the worst first, and how many checks passed. Nothing where nothing was checked.
pub(super) fn checks(all: &[Check], source: (&str, &str), text: &mut Styled) {
    if all.is_empty() {
        return;
    }
    text.end_line();
    text.line(Styled::of(Label::Heading, "Checks"));
    let mut findings: Vec<&Finding> = all.iter().flat_map(|check| &check.findings).collect();
    findings.sort_by_key(|finding| finding.severity);
    let gutter = findings.iter().filter_map(|one| one.place).map(|place| place.line.to_string().len()).max();
    for finding in findings {
        show(finding, gutter.unwrap_or(1), source, text);
    }
    let passed = all.iter().filter(|check| check.worst().is_none()).count();
    if passed > 0 {
        text.line(Styled::of(Label::Muted, format!("  {} passed.", count(passed, "check"))));
    }
}

/// What was found of a declaration before any plan, one after the other; nothing where nothing was.
pub fn findings_text(all: &[Check], file: &str, declaration: &str) -> Styled {
    let mut text = Styled::new();
    for finding in all.iter().flat_map(|check| &check.findings) {
        let gutter = finding.place.map_or(1, |place| place.line.to_string().len());
        show(finding, gutter, (file, declaration), &mut text);
    }
    text
}

fn show(finding: &Finding, gutter: usize, source: (&str, &str), text: &mut Styled) {
    let label = match finding.severity {
        Severity::Error => Label::Error,
        Severity::Unknown | Severity::Warning => Label::Warning,
    };
    let head = Styled::of(label, format!("  {}: ", finding.severity.word()));
    text.line(head.with(Label::Plain, format!("{}: {}", finding.subject, finding.what)));
    for line in excerpt(finding, gutter, source).unwrap_or_default().lines() {
        text.line(Styled::of(Label::Muted, format!("  {line}")));
    }
    let told = [("why", &finding.why)].into_iter().chain(finding.remedies.iter().map(|remedy| ("hint", remedy)));
    for (word, told) in told {
        if !told.is_empty() {
            let lead = format!("  {:gutter$} = {word}: ", "");
            text.line(Styled::of(Label::Hint, lead).with(Label::Plain, told));
        }
    }
}

/// The place and its line, as they are shown for a declaration that is not valid; nothing if it has none.
fn excerpt(finding: &Finding, gutter: usize, (file, declaration): (&str, &str)) -> Option<String> {
    struct Shown<'a>(Problem, &'a str, usize);
    impl std::fmt::Display for Shown<'_> {
        fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            self.0.show(f, self.1, self.2)
        }
    }
    Some(Shown(Problem::of_finding(finding, declaration)?, file, gutter).to_string())
}

/// A check as JSON.
#[derive(Serialize)]
pub(super) struct CheckOut<'a> {
    id: &'static str,
    result: &'static str,
    findings: Vec<FindingOut<'a>>,
}

#[derive(Serialize)]
struct FindingOut<'a> {
    id: &'static str,
    severity: &'static str,
    path: Option<&'a str>,
    address: Option<&'a Address>,
    file: Option<&'a str>,
    line: Option<usize>,
    column: Option<usize>,
    what: &'a str,
    why: &'a str,
    remedy: String,
}

/// How many checks had which result.
#[derive(Default, Serialize)]
pub(super) struct CheckCounts {
    pass: usize,
    warn: usize,
    unknown: usize,
    fail: usize,
}

/// The checks as JSON.
pub(super) fn checks_out<'a>(all: &'a [Check], file: &'a str) -> Vec<CheckOut<'a>> {
    let finding = |one: &'a Finding| FindingOut {
        id: one.id,
        severity: one.severity.word(),
        path: match &one.subject {
            Subject::Key(path) => Some(path),
            Subject::Resource(_) | Subject::Aspect(_) => None,
        },
        address: match &one.subject {
            Subject::Key(_) | Subject::Aspect(_) => None,
            Subject::Resource(address) => Some(address),
        },
        file: one.place.map(|_| file),
        line: one.place.map(|place| place.line),
        column: one.place.map(|place| place.column),
        what: &one.what,
        why: &one.why,
        remedy: one.remedy(),
    };
    let check = |one: &'a Check| CheckOut {
        id: one.id,
        result: one.result(),
        findings: one.findings.iter().map(finding).collect(),
    };
    all.iter().map(check).collect()
}

/// The checks of a declaration as JSON, as they stand in a plan.
pub fn checks_json(all: &[Check], file: &str) -> serde_json::Value {
    serde_json::json!(checks_out(all, file))
}

/// How many checks had which result.
pub(super) fn count_checks(all: &[Check]) -> CheckCounts {
    let mut counts = CheckCounts::default();
    for check in all {
        match check.worst() {
            None => counts.pass += 1,
            Some(Severity::Warning) => counts.warn += 1,
            Some(Severity::Unknown) => counts.unknown += 1,
            Some(Severity::Error) => counts.fail += 1,
        }
    }
    counts
}
