//! A page of drift as metrics, for the textfile collector of Prometheus' `node_exporter`.
//!
//! Promises: the text format of Prometheus (version 0.0.4), every series also where it is 0, so that an alert has something
//! to compare. What comes from elsewhere is a label's value and ends none.

use std::fmt::Write as _;

use jiff::Timestamp;
use serde_json::Value;

use crate::model::finding::{Grade, Severity};
use crate::report::Page;

/// What an exporter tells of one stack.
#[derive(Clone, Debug)]
pub struct StackMetrics {
    labels: String,
    /// How many findings of each word, the worst first.
    findings: Vec<(&'static str, usize)>,
    looked_at: u64,
    unread: u64,
    in_sync: bool,
    at: Timestamp,
}

impl StackMetrics {
    /// Those of the page of a drift report; `at` is when it was looked.
    pub fn of(page: &Page<'_>, at: Timestamp) -> Self {
        let all = page.findings();
        let count_of = |word| all.iter().filter(|one| one.word() == word).count();
        let findings = words().map(|word| (word, count_of(word))).collect();
        let count = |key: &str| page.summary[key].as_u64().unwrap_or_default();
        Self {
            labels: labels(page),
            findings,
            looked_at: count("looked_at"),
            unread: count("unread"),
            in_sync: page.summary["in_sync"] == Value::Bool(true),
            at,
        }
    }
}

/// The words for how bad a finding of drift can be: each has a series, also where it is 0.
fn words() -> impl Iterator<Item = &'static str> {
    Grade::ALL.map(Grade::word).into_iter().rev().chain([Severity::Unknown.word()])
}

/// The metrics of these stacks.
pub fn prometheus(stacks: &[StackMetrics]) -> String {
    let mut out = String::new();
    let mut gauge = |name: &str, help: &str, series: &dyn Fn(&StackMetrics) -> Vec<(String, String)>| {
        let name = format!("ppm_infra_drift_{name}");
        let _ = writeln!(out, "# HELP {name} {help}\n# TYPE {name} gauge");
        for stack in stacks {
            for (more, value) in series(stack) {
                let _ = writeln!(out, "{name}{{{}{more}}} {value}", stack.labels);
            }
        }
    };
    let one = |value: String| vec![(String::new(), value)];
    gauge("findings", "Findings of the last look for drift, by severity.", &|stack| {
        let count = |(word, count): &(&str, usize)| (format!(",severity=\"{word}\""), count.to_string());
        stack.findings.iter().map(count).collect()
    });
    gauge("resources", "Objects that were looked at.", &|stack| one(stack.looked_at.to_string()));
    gauge("unread", "Objects that could not be read: neither in sync nor gone.", &|stack| {
        one(stack.unread.to_string())
    });
    let help = "Whether nothing drifted and everything could be read.";
    gauge("in_sync", help, &|stack| one(u8::from(stack.in_sync).to_string()));
    gauge("last_run_timestamp_seconds", "When drift was last looked for.", &|stack| {
        one(stack.at.as_second().to_string())
    });
    out
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
