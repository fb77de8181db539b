//! A page of drift as metrics, for the textfile collector of Prometheus' `node_exporter`.
//!
//! Promises: the text format of Prometheus (version 0.0.4), every series also where it is 0, so that an alert has something
//! to compare. What comes from elsewhere is a label's value and ends none.

use std::fmt::Write as _;

use jiff::Timestamp;
use serde_json::Value;

use crate::model::finding::Severity;
use crate::report::Page;

/// Severities in the order in which they are told.
const SEVERITIES: [Severity; 3] = [Severity::Error, Severity::Unknown, Severity::Warning];

/// The page of a drift report as metrics; `at` is when it was made.
pub fn prometheus(page: &Page<'_>, at: Timestamp) -> String {
    let findings = page.findings();
    let mut metrics = Metrics { labels: labels(page), out: String::new() };
    let counts = SEVERITIES.map(|severity| {
        let count = findings.iter().filter(|one| one.severity == severity).count();
        (format!(",severity=\"{}\"", severity.word()), count.to_string())
    });
    metrics.gauge("findings", "Findings of the last look for drift, by severity.", counts);
    let count = |key: &str| page.summary[key].as_u64().unwrap_or_default().to_string();
    metrics.one("resources", "Objects that were looked at.", count("looked_at"));
    metrics.one("unread", "Objects that could not be read: neither in sync nor gone.", count("unread"));
    let in_sync = u8::from(page.summary["in_sync"] == Value::Bool(true));
    metrics.one("in_sync", "Whether nothing drifted and everything could be read.", in_sync.to_string());
    metrics.one("last_run_timestamp_seconds", "When drift was last looked for.", at.as_second().to_string());
    metrics.out
}

struct Metrics {
    labels: String,
    out: String,
}

impl Metrics {
    fn one(&mut self, name: &str, help: &str, value: String) {
        self.gauge(name, help, [(String::new(), value)]);
    }

    /// A gauge with a series for each of `more` labels.
    fn gauge(&mut self, name: &str, help: &str, series: impl IntoIterator<Item = (String, String)>) {
        let (name, labels) = (format!("ppm_infra_drift_{name}"), &self.labels);
        let _ = writeln!(self.out, "# HELP {name} {help}\n# TYPE {name} gauge");
        for (more, value) in series {
            let _ = writeln!(self.out, "{name}{{{labels}{more}}} {value}");
        }
    }
}

/// The labels of every series.
fn labels(page: &Page<'_>) -> String {
    let (region, account) = page.scope.region_and_account.unwrap_or_default();
    let all = [("stack", page.scope.stack), ("region", region), ("account", account)];
    all.map(|(name, value)| format!("{name}=\"{}\"", escaped(value))).join(",")
}

/// A label's value between its quotes.
fn escaped(value: &str) -> String {
    let mut safe = String::with_capacity(value.len());
    for c in value.chars() {
        match c {
            '\\' => safe.push_str("\\\\"),
            '"' => safe.push_str("\\\""),
            '\n' => safe.push_str("\\n"),
            c => safe.push(c),
        }
    }
    safe
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_ends_no_label_and_no_line() {
        assert_eq!(escaped("a\"} 1\nb\\"), "a\\\"} 1\\nb\\\\");
    }
}
