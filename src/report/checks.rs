//! How a plan or a declaration stood up to its checks: what was found in the words of `validate`, what passed as a number.

use serde_json::{Map, Value, json};

use super::block::{Block, Quote, Row};
use super::page::{DeclarationText, JsonFields, SectionContent};
use super::text::{Label, Text};
use super::words::count;
use crate::model::finding::{Check, Finding, Subject};
use crate::text::Problem;

/// Every check that was made.
pub(super) struct Checks<'a> {
    all: &'a [Check],
    source: DeclarationText<'a>,
    is_counted: bool,
}

impl<'a> Checks<'a> {
    /// The checks, with the declaration that their places are in.
    pub(super) fn of(all: &'a [Check], source: DeclarationText<'a>) -> Self {
        Self { all, source, is_counted: true }
    }

    /// The same on a page that is about nothing else, and counts them in its verdict.
    pub(super) fn told_alone(self) -> Self {
        Self { is_counted: false, ..self }
    }

    /// How many checks had which result.
    pub(super) fn counts(&self) -> Value {
        let count = |result: &str| self.all.iter().filter(|check| check.result() == result).count();
        let all = ["pass", "warn", "unknown", "fail", "skip"];
        all.into_iter().map(|result| (result.to_owned(), json!(count(result)))).collect::<Map<_, _>>().into()
    }
}

impl SectionContent for Checks<'_> {
    /// What was found, the worst first, and how many checks passed. Nothing where nothing was checked.
    fn blocks(&self) -> Vec<Block> {
        let mut findings = self.findings();
        findings.sort_by_key(|finding| finding.severity);
        let gutter = findings.iter().map(|finding| gutter_of(finding)).max().unwrap_or(1);
        let mut blocks = Vec::new();
        if !findings.is_empty() {
            blocks.push(Block::Quotes(findings.iter().map(|finding| quote(finding, gutter, self.source)).collect()));
        }
        let skipped = self.all.iter().filter_map(|check| Some((check, check.skipped.as_ref()?)));
        let mut rows: Vec<Row> = skipped
            .map(|(check, reason)| {
                let what = check.findings.iter().map(|one| one.what.as_str()).collect::<Vec<_>>().join("; ");
                let what = if what.is_empty() { String::new() } else { format!(": {what}") };
                Row::of([Text::of(Label::Warning, format!("skipped {}", check.id))
                    .with(Label::Plain, format!(", because {reason}"))
                    .with(Label::Muted, what)])
            })
            .collect();
        let passed = self.all.iter().filter(|check| check.result() == "pass").count();
        if passed > 0 && self.is_counted {
            rows.push(Row::of([Text::of(Label::Muted, format!("{} passed.", count(passed, "check")))]));
        }
        blocks.extend(Block::rows(rows));
        blocks
    }

    fn json_fields(&self) -> JsonFields {
        vec![("checks", checks_json(self.all, self.source.file))]
    }

    fn findings(&self) -> Vec<&Finding> {
        self.all.iter().flat_map(Check::counted).collect()
    }
}

/// What was found of a declaration before any plan, each by itself.
pub fn quotes(all: &[Check], source: DeclarationText<'_>) -> Vec<Quote> {
    all.iter().flat_map(|check| &check.findings).map(|one| quote(one, gutter_of(one), source)).collect()
}

/// How many columns the number of its line takes.
fn gutter_of(finding: &Finding) -> usize {
    finding.place.map_or(1, |place| place.line.to_string().len())
}

fn quote(finding: &Finding, gutter: usize, source: DeclarationText<'_>) -> Quote {
    let plain = |text: &str| Text::of(Label::Plain, text);
    let excerpt = excerpt(finding, gutter, source).unwrap_or_default();
    Quote {
        severity: finding.severity,
        subject: plain(&finding.subject.to_string()),
        what: plain(&finding.what),
        excerpt: excerpt.lines().map(|line| Text::of(Label::Muted, line)).collect(),
        gutter,
        why: plain(&finding.why),
        hints: finding.remedies.iter().filter(|remedy| !remedy.is_empty()).map(|remedy| plain(remedy)).collect(),
    }
}

/// The place and its line, as they are shown for a declaration that is not valid; nothing if it has none.
fn excerpt(finding: &Finding, gutter: usize, source: DeclarationText<'_>) -> Option<String> {
    struct Shown<'a>(Problem, &'a str, usize);
    impl std::fmt::Display for Shown<'_> {
        fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            self.0.show(f, self.1, self.2)
        }
    }
    Some(Shown(Problem::of_finding(finding, source.text)?, source.file, gutter).to_string())
}

/// A finding for programs; `file` is where its place is.
pub fn finding_json(one: &Finding, file: &str) -> Value {
    let declared = one.place.map(|_| file);
    let (address, path, file) = match &one.subject {
        Subject::Key(path) => (None, Some(path), declared),
        Subject::Resource(address) => (Some(address), None, declared),
        Subject::Field(address, path) => (Some(address), Some(path), declared),
        Subject::File(name) => (None, None, Some(name.as_str())),
        Subject::Aspect(_) => (None, None, declared),
    };
    json!({
        "id": one.id,
        "severity": one.word(),
        "path": path,
        "address": address,
        "file": file,
        "line": one.place.map(|place| place.line),
        "column": one.place.map(|place| place.column),
        "what": one.what,
        "why": one.why,
        "remedy": one.remedy(),
    })
}

/// Checks for programs; `file` is where the places of their findings are.
pub fn checks_json(all: &[Check], file: &str) -> Value {
    let check = |one: &Check| {
        let findings: Vec<Value> = one.findings.iter().map(|one| finding_json(one, file)).collect();
        json!({"id": one.id, "result": one.result(), "skipped": one.skipped, "findings": findings})
    };
    all.iter().map(check).collect()
}
