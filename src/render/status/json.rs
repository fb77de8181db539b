//! Whether the stack serves, for programs.

use serde::Serialize;
use serde_json::{Value, json};

use super::StatusView;
use crate::model::finding::{Finding, Severity};
use crate::render::json::SCHEMA;
use crate::run::status::{Seen, StatusReport, TargetsAre, WayIn};

/// The status as JSON.
pub fn status_json(report: &StatusReport, view: &StatusView<'_>) -> Value {
    let sights = &report.sights;
    let chart = &report.subject.chart;
    let certificates = sights.certificates.iter().map(|(arn, of)| json!({"arn": arn, "certificate": seen(of)}));
    json!({
        "schema": SCHEMA,
        "command": "status",
        "stack": view.stack,
        "region": view.region,
        "account": report.account,
        "at": report.at,
        "serves": match report.worst() {
            Some(Severity::Error) => json!(false),
            Some(Severity::Unknown) => Value::Null,
            Some(Severity::Warning) | None => json!(true),
        },
        "load_balancer": sights.balancer.as_ref().map(seen),
        "targets_are": match report.subject.way_in {
            WayIn::Ours { targets: TargetsAre::Nodes, .. } => Some("nodes"),
            WayIn::Ours { targets: TargetsAre::Pods, .. } => Some("pods"),
            WayIn::Theirs => None,
        },
        "targets": sights.targets.as_ref().map(seen),
        "certificates": certificates.collect::<Vec<_>>(),
        "support": sights.support.as_ref().map(seen),
        "chart": {
            "declared": chart.declared,
            "values_for": chart.written_for,
            "application": chart.application,
            "supported_until": chart.supported_until,
        },
        "cluster": seen(&sights.cluster),
        "node_group": seen(&sights.nodes),
        "database": seen(&sights.database),
        "maintenance": seen(&sights.maintenance),
        "key": seen(&sights.key),
        "findings": report.findings.iter().map(finding).collect::<Vec<_>>(),
        "summary": {
            "errors": report.count(Severity::Error),
            "not_read": report.count(Severity::Unknown),
            "warnings": report.count(Severity::Warning),
        },
    })
}

fn finding(finding: &Finding) -> Value {
    json!({
        "severity": match finding.severity {
            Severity::Error => "error",
            Severity::Unknown => "not_read",
            Severity::Warning => "warning",
        },
        "part": finding.subject.to_string(),
        "what": finding.what,
        "hints": finding.remedies,
    })
}

fn seen<T: Serialize>(seen: &Seen<T>) -> Value {
    match seen {
        Seen::There(it) => json!({"there": it}),
        Seen::Gone => json!({"gone": true}),
        Seen::NotMade => json!({"not_made": true}),
        Seen::Unread { error } => json!({"error": error.to_string()}),
    }
}
