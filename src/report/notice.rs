//! The page of what somebody is told of a look for drift: new, changed, resolved, still there.
//!
//! Its verdict is the line that is read on a phone.

use std::cmp::Reverse;

use jiff::Timestamp;
use serde_json::{Value, json};

use super::block::{Block, Heading, Row};
use super::drift::{PUT_RIGHT, author_of, put_right, seen_json, told_time};
use super::page::{CriticalPath, Page, PageScope, Section};
use super::ready::Ready;
use super::text::{Label, Text};
use crate::model::finding::Finding;
use crate::run::since::{RunFinding, Since, Standing};
use crate::run::{PutRightReport, WhoReport};

/// So many characters of the worst finding stand in the line that is read on a phone.
const SHORT: usize = 60;

/// So many findings stand in each part; the rest is counted.
const SHOWN: usize = 20;

/// Why somebody is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NoticeReason {
    /// Something is new, changed or resolved.
    News,
    /// Something is still there, and it was last said a day ago.
    Digest,
    /// It is wanted of every run.
    Asked,
}

impl NoticeReason {
    const fn word(self) -> &'static str {
        match self {
            Self::News => "news",
            Self::Digest => "digest",
            Self::Asked => "asked",
        }
    }
}

/// What the page of a notice is made from.
#[derive(Clone, Copy, Debug)]
pub struct NoticeView<'a> {
    /// The stack.
    pub stack: &'a str,
    /// Its region.
    pub region: &'a str,
    /// Its account.
    pub account: &'a str,
    /// The run.
    pub run: &'a str,
    /// When it ended.
    pub at: Timestamp,
    /// Why somebody is told.
    pub reason: NoticeReason,
    /// What was found.
    pub findings: &'a [&'a Finding],
    /// The same beside the run before.
    pub since: &'a Since<'a>,
    /// How many objects of the record were not looked at.
    pub left_out: usize,
    /// Who made it.
    pub who: &'a WhoReport,
    /// What was put right by itself.
    pub put_right: &'a PutRightReport,
}

impl<'a> Page<'a> {
    /// The page of a notice.
    pub fn of_notice(view: &NoticeView<'a>) -> Self {
        let since = view.since;
        let mut order: Vec<usize> = (0..view.findings.len()).collect();
        order.sort_by_key(|index| (view.findings[*index].severity, Reverse(view.findings[*index].grade)));
        let part = |standings: &'static [Standing]| {
            let all = order.iter().map(|index| &since.findings[*index]);
            all.filter(|(one, _)| standings.contains(one)).map(|(_, one)| one).collect::<Vec<_>>()
        };
        let subject = subject(view, &order);
        let parts = [
            ("new", "New", part(&[Standing::New, Standing::Returned])),
            ("changed", "Changed", part(&[Standing::Changed])),
            ("resolved", "Resolved", since.resolved.clone()),
            ("still", "Still there", part(&[Standing::Same])),
        ];
        let sections = parts.into_iter().map(|(key, title, all)| {
            let rows = all.iter().take(SHOWN).map(|one| row(one, key == "still", view.who));
            let rest = all.len().saturating_sub(SHOWN);
            let rest = (rest > 0).then(|| Row::of([Text::of(Label::Muted, format!("and {rest} more"))]));
            let told: Vec<Value> = all.iter().map(|one| seen_json(one)).collect();
            let content = Ready::of(Block::rows(rows.chain(rest).collect()), vec![(key, Value::Array(told))]);
            Section::titled(key, Heading::of(title), content)
        });
        let put_right = Section::titled("put_right", Heading::of(PUT_RIGHT), put_right::content(view.put_right));
        Self {
            command: "drift",
            scope: PageScope { stack: view.stack, region_and_account: Some((view.region, view.account)) },
            source: None,
            frame: None,
            sections: sections.chain([put_right]).collect(),
            verdict: Text::of(Label::Heading, &subject),
            remarks: Vec::new(),
            chain: CriticalPath::default(),
            json_fields: vec![
                ("at", json!(view.at)),
                ("run", json!(view.run)),
                ("reason", json!(view.reason.word())),
                ("since", json!(since.last.map(|last| last.at))),
                ("subject", json!(subject)),
                ("left_out", json!(view.left_out)),
            ],
            summary: json!(since.changes()),
        }
    }
}

fn row(one: &RunFinding, with_time: bool, who: &WhoReport) -> Row {
    let mut cells = vec![
        Text::of(Label::Plain, &one.severity),
        Text::of(Label::Address, &one.subject),
        Text::of(Label::Plain, &one.what),
    ];
    if let Some(author) = one.address.as_deref().and_then(|address| author_of(who, address)) {
        cells.push(Text::of(Label::Muted, format!("by {author}")));
    }
    if with_time {
        cells.push(Text::of(Label::Muted, format!("since {}", told_time(one.first_seen))));
    }
    Row::of(cells)
}

/// How many there are of each severity, the worst first, with the worst of what is new and who did it: `ppm-prod: 1 high
/// (nat_gateway.a: it is gone, by casey with the console), 2 medium`.
fn subject(view: &NoticeView<'_>, order: &[usize]) -> String {
    let (findings, since) = (view.findings, view.since);
    let is_new = |index: &&usize| since.findings[**index].0 != Standing::Same;
    let Some(named) = order.iter().find(is_new).or(order.first()) else {
        let so = if view.left_out == 0 { "in sync" } else { "what was looked at is in sync" };
        return match since.resolved.len() {
            0 => format!("{}: {so}", view.stack),
            resolved => format!("{}: {so}, {resolved} resolved", view.stack),
        };
    };
    let mut parts: Vec<(&str, usize)> = Vec::new();
    for index in order {
        let word = findings[*index].word();
        match parts.last_mut() {
            Some((last, n)) if *last == word => *n += 1,
            Some(_) | None => parts.push((word, 1)),
        }
    }
    let worst = findings[*named];
    let author = since.findings[*named].1.address.as_deref().and_then(|address| author_of(view.who, address));
    let parts = parts.into_iter().map(|(word, n)| {
        let told = format!("{n} {word}");
        let by = author.as_ref().map(|author| format!(", by {author}")).unwrap_or_default();
        if word == worst.word() { format!("{told} ({}{by})", short(worst)) } else { told }
    });
    let put_right = view.put_right.done.len();
    let put_right = (put_right > 0).then(|| format!("{put_right} of it put right"));
    format!("{}: {}", view.stack, parts.chain(put_right).collect::<Vec<_>>().join(", "))
}

fn short(one: &Finding) -> String {
    let words = format!("{}: {}", one.subject, one.what);
    if words.chars().count() <= SHORT {
        return words;
    }
    let kept: String = words.chars().take(SHORT - 1).collect();
    format!("{}\u{2026}", kept.trim_end())
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::model::address::Address;
    use crate::model::finding::{Grade, Severity};
    use crate::run::LookScope;
    use crate::run::since::{FORMAT, RunEntry, RunKind, RunOutcome};

    fn at(hour: i64) -> Timestamp {
        Timestamp::from_second(1_780_000_000 + hour * 3600).unwrap()
    }

    fn finding(address: &str, severity: Severity, what: &str) -> Finding {
        let address: Address = address.parse().unwrap();
        let grade = if severity == Severity::Error { Grade::High } else { Grade::Medium };
        Finding { severity, grade: Some(grade), ..Finding::error("drift.changed", &address, what.to_owned()) }
    }

    fn ran(found: &[Finding]) -> RunEntry {
        let since = Since::of(&LookScope::Everything, &found.iter().collect::<Vec<_>>(), &[], None, at(0));
        RunEntry {
            format: FORMAT,
            run: "0a".to_owned(),
            at: at(0),
            kind: RunKind::Drift,
            tool: String::new(),
            serial: 1,
            outcome: RunOutcome::Drifted,
            elapsed_ms: 0,
            looked_at: 3,
            only: None,
            changes: since.changes(),
            findings: since.remembered(),
            steps: Vec::new(),
            taken_away: Vec::new(),
            put_right: Vec::new(),
            baseline: None,
            notices: BTreeMap::new(),
        }
    }

    /// The line of a phone, and the titles of what stands below it.
    fn told(before: Option<&[Finding]>, now: &[Finding]) -> (String, Vec<String>) {
        let (before, findings) = (before.map(ran), now.iter().collect::<Vec<_>>());
        let since = Since::of(&LookScope::Everything, &findings, &[], before.as_ref(), at(1));
        let view = NoticeView {
            stack: "ppm-prod",
            region: "us-east-1",
            account: "111122223333",
            run: "0b",
            at: at(1),
            reason: NoticeReason::News,
            findings: &findings,
            since: &since,
            left_out: 0,
            who: &WhoReport::default(),
            put_right: &PutRightReport::default(),
        };
        let page = Page::of_notice(&view);
        let shown = page.sections.iter().filter(|section| !section.content.blocks().is_empty());
        (page.verdict.to_string(), shown.map(|section| section.heading.title.to_string()).collect())
    }

    #[test]
    fn the_line_counts_everything_and_names_the_worst_that_is_new() {
        let gone = finding("nat_gateway.a", Severity::Error, "it is gone");
        let days = finding("database.main", Severity::Warning, "recorded 7, found 1");
        let team = finding("vpc.main", Severity::Warning, "recorded a, found b");
        let all = [days.clone(), gone.clone(), team.clone()];
        let (line, parts) = told(None, &all);
        assert_eq!(line, "ppm-prod: 1 high (nat_gateway.a: it is gone), 2 medium");
        assert_eq!(parts, ["New"]);
        let (line, parts) = told(Some(std::slice::from_ref(&gone)), &all);
        assert_eq!(line, "ppm-prod: 1 high, 2 medium (database.main: recorded 7, found 1)");
        assert_eq!(parts, ["New", "Still there"]);
        let (line, _) = told(Some(&all), &all);
        assert_eq!(line, "ppm-prod: 1 high (nat_gateway.a: it is gone), 2 medium", "a digest names the worst");
        assert_eq!(told(Some(&all), &[]), ("ppm-prod: in sync, 3 resolved".to_owned(), vec!["Resolved".to_owned()]));
        assert_eq!(told(None, &[]).0, "ppm-prod: in sync");
        let long = finding("vpc.main", Severity::Warning, &"long ".repeat(30));
        assert!(told(None, &[long]).0.chars().count() < 100);
    }

    #[test]
    fn whoever_did_it_is_named_unless_it_may_have_been_several() {
        use crate::audit::{AuditEvent, AuditedChange, Authorship};
        use crate::run::LookedUp;
        let event = |name: &str| {
            let user = json!({"type": "IAMUser", "arn": format!("arn:aws:iam::1:user/{name}"), "userName": name});
            let record = json!({
                "eventName": "DeleteNatGateway", "eventTime": "2026-05-28T20:00:00Z", "userIdentity": user,
                "userAgent": "aws-cli/2.17", "sourceIPAddress": "203.0.113.7",
            });
            AuditEvent::read(&record).unwrap()
        };
        let gone = finding("nat_gateway.a", Severity::Error, "it is gone");
        let findings = [&gone];
        let since = Since::of(&LookScope::Everything, &findings, &[], None, at(1));
        let told = |names: &[&str]| {
            let events: Vec<AuditEvent> = names.iter().map(|name| event(name)).collect();
            let who = Authorship::of(&events, &[AuditedChange::default()], false);
            let told = LookedUp { since: at(0), who, read: 1, is_cut: false };
            let who = WhoReport { told: [("nat_gateway.a".parse().unwrap(), told)].into(), ..WhoReport::default() };
            let view = NoticeView {
                stack: "ppm-prod",
                region: "r",
                account: "a",
                run: "0b",
                at: at(1),
                reason: NoticeReason::News,
                findings: &findings,
                since: &since,
                left_out: 0,
                who: &who,
                put_right: &PutRightReport::default(),
            };
            let page = Page::of_notice(&view);
            let blocks = page.sections[0].content.blocks();
            let [Block::Table(table)] = blocks.as_slice() else { panic!("{blocks:?}") };
            let cells = &table.groups[0].rows[0].cells;
            (page.verdict.to_string(), cells.last().unwrap()[0].to_string())
        };
        let (line, row) = told(&["casey"]);
        assert_eq!(line, "ppm-prod: 1 high (nat_gateway.a: it is gone, by casey with the AWS CLI)");
        assert_eq!(row, "by casey with the AWS CLI");
        for names in [&["casey", "drew"][..], &[]] {
            let (line, row) = told(names);
            assert_eq!((line.as_str(), row.as_str()), ("ppm-prod: 1 high (nat_gateway.a: it is gone)", "it is gone"));
        }
    }

    #[test]
    fn of_many_only_some_are_named() {
        let many: Vec<Finding> =
            (0..25).map(|n| finding(&format!("subnet.s{n}"), Severity::Warning, "it is changed")).collect();
        let findings: Vec<&Finding> = many.iter().collect();
        let since = Since::of(&LookScope::Everything, &findings, &[], None, at(1));
        let view = NoticeView {
            stack: "ppm-prod",
            region: "r",
            account: "a",
            run: "0b",
            at: at(1),
            reason: NoticeReason::Asked,
            findings: &findings,
            since: &since,
            left_out: 0,
            who: &WhoReport::default(),
            put_right: &PutRightReport::default(),
        };
        let page = Page::of_notice(&view);
        let blocks = page.sections[0].content.blocks();
        let [Block::Table(table)] = blocks.as_slice() else { panic!("{blocks:?}") };
        let last = table.groups[0].rows.last().unwrap().cells[0][0].to_string();
        assert_eq!((table.groups[0].rows.len(), last.as_str()), (21, "and 5 more"));
        let (_, told) = &page.sections[0].content.json_fields()[0];
        assert_eq!(told.as_array().unwrap().len(), 25, "programs are told all");
    }
}
