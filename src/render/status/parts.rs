//! A part of the status in words: its name, its state, and what else is worth knowing.

use std::fmt::Write as _;

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;

use crate::model::aspect::Aspect;
use crate::model::finding::Severity;
use crate::render::words::count;
use crate::run::status::{Certificate, Database, Seen, StatusReport, Support, Target, TargetsAre, WayIn, days_until};

/// One line.
pub(super) struct Told {
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

/// The lines of a part; a certificate that nobody wants has none.
pub(super) fn told(part: Aspect, report: &StatusReport) -> Vec<Told> {
    let sights = &report.sights;
    let line = |name, (state, more): (String, String)| {
        vec![Told { name, worst: report.worst_of(part), is_known: true, state, more }]
    };
    match part {
        Aspect::LoadBalancer => match &sights.balancer {
            None => vec![elsewhere(report)],
            Some(seen) => line("load balancer", words(seen, |it| (it.state.clone(), it.dns_name.clone()))),
        },
        Aspect::Targets => match (&sights.targets, &report.subject.way_in) {
            (Some(seen), WayIn::Ours { targets, .. }) => line("targets", words(seen, |all| of_targets(all, *targets))),
            (Some(_) | None, _) => Vec::new(),
        },
        Aspect::Certificate => {
            let all = sights.certificates.iter();
            all.flat_map(|(arn, seen)| line("certificate", words(seen, |it| certificate(it, arn, report.at)))).collect()
        }
        Aspect::Kubernetes => {
            let version = match (&sights.cluster, &sights.support) {
                (Seen::There(cluster), Some(Seen::There(of))) => (cluster.version.clone(), support(of, report.at)),
                (Seen::There(cluster), _) => (cluster.version.clone(), String::new()),
                (Seen::Gone | Seen::NotMade | Seen::Unread { .. }, _) => {
                    ("version not known".to_owned(), String::new())
                }
            };
            // Without a cluster, that is said of the cluster.
            let mut lines = line("Kubernetes", version);
            if let Some(first) = lines.first_mut() {
                first.is_known = sights.cluster.there().is_some();
                first.worst = first.worst.or(if first.is_known { None } else { Some(Severity::Unknown) });
            }
            lines
        }
        Aspect::Chart => line("chart", chart(report)),
        Aspect::Cluster => line("cluster", words(&sights.cluster, |it| (it.status.clone(), String::new()))),
        Aspect::NodeGroup => line(
            "node group",
            words(&sights.nodes, |it| {
                let running = it.running.map(|running| format!("{running} of {} run", count_of(it.desired, "node")));
                (it.status.clone(), running.unwrap_or_default())
            }),
        ),
        Aspect::Database => line("database", words(&sights.database, |it| database(it, report))),
        // A key that can be used is nothing to look at.
        Aspect::Key if report.worst_of(Aspect::Key).is_none() => Vec::new(),
        Aspect::Key => line("key", words(&sights.key, |it| (it.state.clone(), String::new()))),
    }
}

fn elsewhere(report: &StatusReport) -> Told {
    let typed = &report.subject.typed;
    Told {
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

fn of_targets(all: &[Target], are: TargetsAre) -> (String, String) {
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

fn database(it: &Database, report: &StatusReport) -> (String, String) {
    let zones = if it.multi_az { "a standby in another zone" } else { "no standby" };
    let mut more = vec![format!("PostgreSQL {}", it.engine_version), zones.to_owned()];
    if !it.pending.is_empty() {
        more.push(format!("waits for the window: {}", it.pending.join(", ")));
    }
    match report.sights.maintenance.there().map(Vec::as_slice) {
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
