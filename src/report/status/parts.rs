//! A part of a status: its lines in words, and what programs are told of it.

use std::fmt::Write as _;

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use serde::Serialize;
use serde_json::{Value, json};

use crate::model::aspect::Aspect;
use crate::model::finding::Severity;
use crate::report::page::JsonFields;
use crate::report::words::count;
use crate::run::status::{
    Certificate, DatabaseHealth, Seen, StatusReport, Support, TargetHealth, TargetsAre, WayIn, days_until,
};

/// A part of a running stack.
pub(super) struct Part<'a> {
    /// Its lines; a certificate that nobody wants has none.
    pub(super) lines: Vec<Line>,
    /// The targets, if it is they.
    pub(super) targets: &'a [TargetHealth],
    /// What programs are told.
    pub(super) json_fields: JsonFields,
}

/// One line.
pub(super) struct Line {
    /// What it is about.
    pub(super) name: &'static str,
    /// The worst that was found about it.
    pub(super) worst: Option<Severity>,
    /// Whether it can be seen from here.
    pub(super) is_known: bool,
    /// Its state.
    pub(super) state: String,
    /// What else is worth knowing.
    pub(super) more: String,
}

/// A part, for readers and for programs.
pub(super) fn part(part: Aspect, report: &StatusReport) -> Part<'_> {
    let health = &report.health;
    let worst = report.worst_of(part);
    let line = |name, (state, more): (String, String)| Line { name, worst, is_known: true, state, more };
    let of = |lines: Vec<Line>, json_fields: JsonFields| Part { lines, targets: &[], json_fields };
    match part {
        Aspect::LoadBalancer => {
            let shown = match &health.balancer {
                None => elsewhere(report),
                Some(seen) => line("load balancer", words(seen, |it| (it.state.clone(), it.dns_name.clone()))),
            };
            of(vec![shown], vec![("load_balancer", json!(health.balancer.as_ref().map(to_json)))])
        }
        Aspect::Targets => targets(report, line),
        Aspect::Certificate => {
            let all = health.certificates.iter();
            let lines =
                all.clone().map(|(arn, seen)| line("certificate", words(seen, |it| certificate(it, arn, report.at))));
            let json_fields = all.clone().map(|(arn, seen)| json!({"arn": arn, "certificate": to_json(seen)}));
            of(lines.collect(), vec![("certificates", json_fields.collect())])
        }
        Aspect::Kubernetes => {
            let version = match (&health.cluster, &health.support) {
                (Seen::There(cluster), Some(Seen::There(of))) => (cluster.version.clone(), support(of, report.at)),
                (Seen::There(cluster), _) => (cluster.version.clone(), String::new()),
                (Seen::Gone | Seen::NotMade | Seen::Unread { .. }, _) => {
                    ("version not known".to_owned(), String::new())
                }
            };
            // Without a cluster, that is said of the cluster.
            let is_known = health.cluster.there().is_some();
            let worst = worst.or(if is_known { None } else { Some(Severity::Unknown) });
            let shown = Line { worst, is_known, ..line("Kubernetes", version) };
            of(vec![shown], vec![("support", json!(health.support.as_ref().map(to_json)))])
        }
        Aspect::Chart => of(vec![line("chart", chart(report))], vec![("chart", chart_json(report))]),
        Aspect::Cluster => {
            let shown = line("cluster", words(&health.cluster, |it| (it.status.clone(), String::new())));
            of(vec![shown], vec![("cluster", to_json(&health.cluster))])
        }
        Aspect::NodeGroup => {
            let shown = words(&health.nodes, |it| {
                let running = it.running.map(|running| format!("{running} of {} run", count_of(it.desired, "node")));
                (it.status.clone(), running.unwrap_or_default())
            });
            of(vec![line("node group", shown)], vec![("node_group", to_json(&health.nodes))])
        }
        Aspect::Database => {
            let shown = line("database", words(&health.database, |it| database(it, report)));
            let json_fields =
                vec![("database", to_json(&health.database)), ("maintenance", to_json(&health.maintenance))];
            of(vec![shown], json_fields)
        }
        Aspect::Key => {
            let shown = words(&health.key, |it| (it.state.clone(), String::new()));
            // A key that can be used is nothing to look at.
            let lines = if worst.is_none() { Vec::new() } else { vec![line("key", shown)] };
            of(lines, vec![("key", to_json(&health.key))])
        }
    }
}

fn targets(report: &StatusReport, line: impl Fn(&'static str, (String, String)) -> Line) -> Part<'_> {
    let seen = report.health.targets.as_ref();
    let (lines, word) = match (seen, &report.subject.way_in) {
        (Some(seen), WayIn::Ours { targets, .. }) => {
            (vec![line("targets", words(seen, |all| of_targets(all, *targets)))], Some(targets_are(*targets)))
        }
        (None, WayIn::Ours { targets, .. }) => (Vec::new(), Some(targets_are(*targets))),
        (Some(_) | None, WayIn::Theirs) => (Vec::new(), None),
    };
    Part {
        lines,
        targets: seen.and_then(Seen::there).map(Vec::as_slice).unwrap_or_default(),
        json_fields: vec![("targets_are", json!(word)), ("targets", json!(seen.map(to_json)))],
    }
}

const fn targets_are(targets: TargetsAre) -> &'static str {
    match targets {
        TargetsAre::Nodes => "nodes",
        TargetsAre::Pods => "pods",
    }
}

fn chart_json(report: &StatusReport) -> Value {
    let chart = &report.subject.chart;
    json!({
        "declared": chart.declared,
        "values_for": chart.written_for,
        "application": chart.application,
        "supported_until": chart.supported_until,
    })
}

/// What became of one look, for programs.
fn to_json<T: Serialize>(seen: &Seen<T>) -> Value {
    match seen {
        Seen::There(it) => json!({"there": it}),
        Seen::Gone => json!({"gone": true}),
        Seen::NotMade => json!({"not_made": true}),
        Seen::Unread { error } => json!({"error": error.to_string()}),
    }
}

fn elsewhere(report: &StatusReport) -> Line {
    let typed = &report.subject.typed;
    Line {
        name: "load balancer",
        worst: None,
        is_known: false,
        state: "made by a controller".to_owned(),
        more: format!(
            "cannot be seen from here; `kubectl -n {} get ingress {}` shows it",
            typed.namespace, typed.release
        ),
    }
}

fn words<T>(seen: &Seen<T>, there: impl FnOnce(&T) -> (String, String)) -> (String, String) {
    match seen {
        Seen::There(it) => there(it),
        Seen::Gone => ("gone".to_owned(), String::new()),
        Seen::NotMade => ("not made yet".to_owned(), String::new()),
        Seen::Unread { .. } => ("could not be read".to_owned(), String::new()),
    }
}

fn of_targets(all: &[TargetHealth], are: TargetsAre) -> (String, String) {
    let staying = all.iter().filter(|target| !target.is_leaving()).count();
    let healthy = all.iter().filter(|target| target.is_healthy()).count();
    let leaving = all.len() - staying;
    let mut state = if staying == 0 { "none registered".to_owned() } else { format!("{healthy} of {staying} healthy") };
    if leaving > 0 {
        let _ = write!(state, ", {leaving} leaving");
    }
    let meaning = match are {
        TargetsAre::Nodes => "each is a node; healthy: some pod answers through it",
        TargetsAre::Pods => "each is a pod",
    };
    (state, meaning.to_owned())
}

fn certificate(it: &Certificate, arn: &str, now: Timestamp) -> (String, String) {
    let state = match it.expires {
        Some(end) if end <= now => format!("expired on {}", day(end)),
        Some(end) => format!("until {}, {} left", day(end), days(days_until(end, now))),
        None => it.status.clone(),
    };
    let renewal = match (it.origin.as_str(), it.is_renewed) {
        ("IMPORTED", _) => "imported, never renewed by ACM",
        (_, true) => "renewed by ACM",
        (_, false) => "not renewed by ACM",
    };
    let names = if it.names.is_empty() { arn.to_owned() } else { it.names.join(", ") };
    (state, format!("{names}; {renewal}"))
}

fn support(it: &Support, now: Timestamp) -> String {
    let today = now.to_zoned(TimeZone::UTC).date();
    let until = |word: &str, end: Option<Date>| {
        end.map(|end| {
            let left = i64::from((end - today).get_days());
            let left = if left < 0 { "over".to_owned() } else { format!("{} left", days(left)) };
            format!("{word} until {end} ({left})")
        })
    };
    let it = it.lifetime();
    let both = [until("standard support", it.standard_until), until("paid", it.extended_until)];
    both.into_iter().flatten().collect::<Vec<_>>().join(", ")
}

fn chart(report: &StatusReport) -> (String, String) {
    let chart = &report.subject.chart;
    let mut more = Vec::new();
    if let Some(version) = &chart.application {
        let until = chart.supported_until.map(|end| format!(", supported by Posit until {end}")).unwrap_or_default();
        more.push(format!("Package Manager {version}{until}"));
    }
    if chart.written_for.as_ref() != Some(&chart.declared) {
        let last = chart.written_for.as_deref().unwrap_or("none");
        more.push(format!("values written for {last}"));
    }
    (chart.declared.clone(), more.join("; "))
}

fn database(it: &DatabaseHealth, report: &StatusReport) -> (String, String) {
    let zones = if it.multi_az { "a standby in another zone" } else { "no standby" };
    let mut more = vec![format!("PostgreSQL {}", it.engine_version), zones.to_owned()];
    if !it.pending.is_empty() {
        more.push(format!("waits for the window: {}", it.pending.join(", ")));
    }
    match report.health.maintenance.there().map(Vec::as_slice) {
        Some([]) | None => {}
        Some([one]) => more.push(format!("maintenance to come: {}", one.description.as_deref().unwrap_or(&one.action))),
        Some(all) => more.push(format!("{} to come", count(all.len(), "maintenance action"))),
    }
    if let Some(end) = it.certificate_until {
        let authority = it.authority.as_deref().unwrap_or("its authority");
        more.push(format!("certificate of {authority} until {}", day(end)));
    }
    (it.status.clone(), more.join("; "))
}

fn day(time: Timestamp) -> String {
    time.strftime("%Y-%m-%d").to_string()
}

fn days(n: i64) -> String {
    count_of(u32::try_from(n).unwrap_or_default(), "day")
}

fn count_of(n: u32, one: &str) -> String {
    count(usize::try_from(n).unwrap_or(usize::MAX), one)
}
