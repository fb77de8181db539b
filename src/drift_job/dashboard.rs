//! A Grafana dashboard of what `drift --prometheus` writes.

use serde_json::{Value, json};

use super::{DriftJob, JobFile};

/// Grafana's grid is so many columns wide.
const WIDE: u16 = 24;

/// The dashboard, for any number of stacks.
pub(super) fn file(job: &DriftJob) -> JobFile {
    let chosen = "{stack=~\"$stack\"}";
    let mapped = json!([{"type": "value", "options": {
        "0": {"text": "drift", "color": "red"}, "1": {"text": "in sync", "color": "green"},
    }}]);
    let above = |limit: u32, colour: &str| json!({"mode": "absolute", "steps": [{"color": "green", "value": null}, {"color": colour, "value": limit}]});
    let panels = [
        stat("In sync", &format!("ppm_infra_drift_in_sync{chosen}"), &json!({"mappings": mapped})),
        stat("Objects looked at", &format!("ppm_infra_drift_resources{chosen}"), &json!({})),
        stat("Not read", &format!("ppm_infra_drift_unread{chosen}"), &json!({"thresholds": above(1, "orange")})),
        stat(
            "Since the last look",
            &format!("time() - ppm_infra_drift_last_run_timestamp_seconds{chosen}"),
            &json!({"unit": "s", "thresholds": above(job.silence(), "red")}),
        ),
        json!({
            "type": "timeseries",
            "title": "Findings",
            "targets": [target(&format!("ppm_infra_drift_findings{chosen}"), "{{stack}} {{severity}}")],
            "fieldConfig": {"defaults": {"min": 0, "decimals": 0}, "overrides": []},
        }),
    ];
    let (stats, width) = (4, WIDE / 4);
    let panels: Vec<Value> = (0..)
        .zip(panels)
        .map(|(index, mut panel): (u16, Value)| {
            panel["id"] = json!(index + 1);
            panel["datasource"] = source();
            panel["gridPos"] = if index < stats {
                json!({"x": index * width, "y": 0, "w": width, "h": 5})
            } else {
                json!({"x": 0, "y": 5, "w": WIDE, "h": 9})
            };
            panel
        })
        .collect();
    let known = "label_values(ppm_infra_drift_in_sync, stack)";
    let variables = json!([
        {"name": "source", "type": "datasource", "query": "prometheus", "label": "Data source"},
        {"name": "stack", "type": "query", "label": "Stack", "datasource": source(), "includeAll": true, "multi": true,
         "current": {"text": [job.scope.stack], "value": [job.scope.stack]},
         "query": {"query": known, "refId": "stack"}, "definition": known, "refresh": 2, "sort": 1},
    ]);
    let dashboard = json!({
        "uid": "ppm-infra-drift",
        "title": "Package Manager: drift",
        "tags": ["ppm-infra"],
        "schemaVersion": 39,
        "editable": true,
        "refresh": "5m",
        "time": {"from": "now-7d", "to": "now"},
        "templating": {"list": variables},
        "panels": panels,
    });
    JobFile::json(job.file(".dashboard.json"), &dashboard)
}

fn source() -> Value {
    json!({"type": "prometheus", "uid": "${source}"})
}

fn target(expr: &str, legend: &str) -> Value {
    json!({"refId": "A", "datasource": source(), "expr": expr, "legendFormat": legend})
}

/// One number for each stack.
fn stat(title: &str, expr: &str, defaults: &Value) -> Value {
    json!({
        "type": "stat",
        "title": title,
        "targets": [target(expr, "{{stack}}")],
        "fieldConfig": {"defaults": defaults, "overrides": []},
        "options": {"reduceOptions": {"calcs": ["lastNotNull"], "fields": "", "values": false}},
    })
}
