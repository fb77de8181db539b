//! The page of a status: whether the stack serves, a row for each part, what is the matter, what to type.
//!
//! Promises: what could not be read is named as such, and never counted as well; a sign never says what no word says.

mod parts;

use serde_json::{Value, json};

use self::parts::{Line, Part};
use super::block::{Block, Group, Heading, Message, Row, Table};
use super::page::{CriticalPath, JsonFields, Lead, Page, PageScope, Section, SectionContent};
use super::row_status::RowStatus;
use super::text::{Label, Sign, Text};
use super::words::count;
use crate::model::aspect::Aspect;
use crate::model::finding::{Finding, Severity};
use crate::run::status::{StatusReport, TargetHealth};

/// What the page of a status is made with, beside its report.
#[derive(Clone, Copy, Debug)]
pub struct StatusView<'a> {
    /// The stack.
    pub stack: &'a str,
    /// Its region.
    pub region: &'a str,
}

/// Targets that are shown one by one at most; those that are not healthy come first.
const TARGETS_SHOWN: usize = 12;

/// The parts of a running stack, under the headings where they are looked for.
const PARTS: [(&str, &[Aspect]); 3] = [
    ("Way in", &[Aspect::LoadBalancer, Aspect::Targets, Aspect::Certificate]),
    ("Versions", &[Aspect::Kubernetes, Aspect::Chart]),
    ("Around it", &[Aspect::Cluster, Aspect::NodeGroup, Aspect::Database, Aspect::Key]),
];

impl<'a> Page<'a> {
    /// The page of a status.
    pub fn of_status(report: &'a StatusReport, view: &StatusView<'a>) -> Self {
        let groups = PARTS.map(|(title, parts)| (title, parts.iter().map(|part| parts::part(*part, report)).collect()));
        Self {
            command: "status",
            scope: PageScope { stack: view.stack, region_and_account: Some((view.region, &report.account)) },
            source: None,
            frame: None,
            verdict: verdict(report),
            remarks: Vec::new(),
            chain: CriticalPath::default(),
            json_fields: vec![
                ("at", json!(report.at)),
                (
                    "serves",
                    match report.worst() {
                        Some(Severity::Error) => json!(false),
                        Some(Severity::Unknown) => Value::Null,
                        Some(Severity::Warning) | None => json!(true),
                    },
                ),
            ],
            summary: json!({
                "errors": report.count(Severity::Error),
                "not_read": report.count(Severity::Unknown),
                "warnings": report.count(Severity::Warning),
            }),
            sections: vec![
                Section::titled("parts", Heading::of("Parts"), Parts { groups: groups.into() }).led(Lead::None),
                Section::titled("findings", Heading::of("Findings"), Found(&report.findings)).led(Lead::Gap),
            ],
        }
    }
}

/// Every part, in groups.
struct Parts<'a> {
    groups: Vec<(&'static str, Vec<Part<'a>>)>,
}

impl SectionContent for Parts<'_> {
    fn blocks(&self) -> Vec<Block> {
        let group = |(title, parts): &(&'static str, Vec<Part<'_>>)| Group {
            heading: Some(Heading::of(*title)),
            rows: parts.iter().flat_map(rows).collect(),
        };
        vec![Block::Table(Table { groups: self.groups.iter().map(group).collect() })]
    }

    fn json_fields(&self) -> JsonFields {
        self.groups.iter().flat_map(|(_, parts)| parts).flat_map(|part| part.json_fields.clone()).collect()
    }
}

/// What is not as it should be.
struct Found<'a>(&'a [Finding]);

impl SectionContent for Found<'_> {
    fn blocks(&self) -> Vec<Block> {
        let plain = |text: &String| Text::of(Label::Plain, text);
        let message = |finding: &Finding| Message {
            severity: finding.severity,
            word: told(finding.severity),
            what: plain(&finding.what),
            causes: Vec::new(),
            about: Vec::new(),
            hints: finding.remedies.iter().map(plain).collect(),
        };
        if self.0.is_empty() { Vec::new() } else { vec![Block::Messages(self.0.iter().map(message).collect())] }
    }

    fn json_fields(&self) -> JsonFields {
        let to_json = |finding: &Finding| {
            json!({
                "severity": match finding.severity {
                    Severity::Unknown => "not_read",
                    Severity::Error | Severity::Warning => finding.severity.word(),
                },
                "part": finding.subject.to_string(),
                "what": finding.what,
                "hints": finding.remedies,
            })
        };
        vec![("findings", self.0.iter().map(to_json).collect())]
    }

    fn findings(&self) -> Vec<&Finding> {
        self.0.iter().collect()
    }
}

/// How bad something is that was looked at: nothing is unknown but what could not be read.
const fn told(severity: Severity) -> &'static str {
    match severity {
        Severity::Unknown => "not read",
        Severity::Error | Severity::Warning => severity.word(),
    }
}

fn rows(part: &Part<'_>) -> Vec<Row> {
    let row = |line: &Line| {
        let (status, word) = match line.worst {
            None if line.is_known => (RowStatus::Well, "ok"),
            None => (RowStatus::Elsewhere, "elsewhere"),
            Some(severity) => (RowStatus::Wrong(severity), told(severity)),
        };
        let cells = [
            Text::of(status.label(), word),
            Text::of(Label::Plain, line.name),
            Text::of(Label::Plain, &line.state),
            Text::of(Label::Muted, &line.more),
        ];
        Row::of(cells).with_status(status)
    };
    let mut rows: Vec<Row> = part.lines.iter().map(row).collect();
    if let Some(last) = rows.last_mut() {
        last.beneath = targets(part.targets);
    }
    rows
}

fn targets(all: &[TargetHealth]) -> Vec<Row> {
    let mut sorted: Vec<&TargetHealth> = all.iter().collect();
    sorted.sort_by_key(|target| target.is_healthy());
    let row = |target: &&TargetHealth| {
        let label = if target.is_healthy() { Label::Success } else { Label::Warning };
        let port = target.port.map(|port| format!(":{port}")).unwrap_or_default();
        let why = target.meaning().or(target.description.as_deref()).unwrap_or_default();
        let code = target.reason.as_ref().map(|code| format!("({code})")).unwrap_or_default();
        let why = [why, &code].into_iter().filter(|word| !word.is_empty()).collect::<Vec<_>>().join(" ");
        Row::of([
            Text::of(Label::Plain, format!("{}{port}", target.id)),
            Text::of(label, &target.state),
            Text::of(Label::Plain, why),
        ])
    };
    let mut rows: Vec<Row> = sorted.iter().take(TARGETS_SHOWN).map(row).collect();
    let more = all.len().saturating_sub(TARGETS_SHOWN);
    if more > 0 {
        let told = Text::sign(Sign::More).with(Label::Muted, format!(" {more} more; --json has all"));
        rows.push(Row::of([told]));
    }
    rows
}

fn verdict(report: &StatusReport) -> Text {
    let (words, label) = match report.worst() {
        Some(Severity::Error) => ("Does not serve.", Label::Error),
        Some(Severity::Unknown) => ("Not known to serve.", Label::Warning),
        Some(Severity::Warning) | None if report.health.targets.is_some() => ("Serves.", Label::Success),
        Some(Severity::Warning) | None => ("Nothing seen from here is wrong.", Label::Success),
    };
    let counts = [(report.count(Severity::Error), "error"), (report.count(Severity::Warning), "warning")];
    let mut counts: Vec<String> = counts.iter().filter(|(n, _)| *n > 0).map(|(n, word)| count(*n, word)).collect();
    let unread = report.count(Severity::Unknown);
    if unread > 0 {
        counts.insert(counts.len().min(1), format!("{unread} not read"));
    }
    let counts = if counts.is_empty() { String::new() } else { format!(" {}.", counts.join(", ")) };
    Text::of(label, words).with(Label::Plain, counts)
}
