//! Rules by which Prometheus tells of drift, and that nobody looked for it.
//!
//! Each kind of job has the rules for what tells of it: the metrics that `drift --prometheus` writes, or what
//! kube-state-metrics says of the `CronJob`.

use serde_json::{Value, json};

use super::{DEADLINE_MINUTES, DriftJob, JobFile};
use crate::text::yaml;

/// An alert.
struct Alert {
    name: &'static str,
    expr: String,
    /// For how long it has to be true.
    lasts: &'static str,
    severity: &'static str,
    summary: String,
    remedy: String,
}

/// What an alert says: its summary, and what is done about it.
type AlertWords = [String; 2];

/// The rules for what `drift --prometheus` writes.
pub(super) fn of_metrics(job: &DriftJob) -> JobFile {
    let stack = &job.scope.stack;
    let series = |name: &str, more: &str| format!("ppm_infra_drift_{name}{{stack=\"{stack}\"{more}}}");
    let findings = series("findings", ",severity!=\"unknown\"");
    let found = format!("sum by (stack, region, account) ({findings})");
    let drift = Alert::warning(
        "PackageManagerDrift",
        // A remark, as of maintenance to come, is a warning as well, and no drift.
        format!("{} == 0 and on (stack, region, account) {found} > 0", series("in_sync", "")),
        [
            format!("Somebody changed {stack} outside of ppm-infra."),
            "Run drift: it names object, field and both values. Run plan: it shows what is done about it.".to_owned(),
        ],
    );
    let unread = Alert::warning(
        "PackageManagerDriftUnread",
        format!("{} > 0", series("unread", "")),
        [
            format!("Part of {stack} could not be read, so nobody knows whether it drifted."),
            "Run drift: it names what and why, and a missing permission with its action.".to_owned(),
        ],
    );
    let [late, unknown] = not_looked_for(
        job,
        &series("last_run_timestamp_seconds", ""),
        [
            format!("Nobody has looked for drift of {stack} for two rounds: the job has stopped, or fails."),
            "Look at the job on its machine: its log says why, such as credentials that are refused.".to_owned(),
        ],
        [
            format!("Prometheus knows nothing of drift of {stack}: no metrics come from its machine."),
            "Look whether the machine is on, and whether node_exporter reads the folder of the metrics.".to_owned(),
        ],
    );
    file(job, ".alerts.yaml", &[drift, unread, late, unknown])
}

/// The rules for what kube-state-metrics says of a `CronJob`.
pub(super) fn of_cronjob(job: &DriftJob, namespace: &str) -> JobFile {
    let (stack, name) = (&job.scope.stack, job.name());
    let series =
        |what: &str| format!("kube_cronjob_status_last_{what}_time{{namespace=\"{namespace}\",cronjob=\"{name}\"}}");
    let (started, succeeded) = (series("schedule"), series("successful"));
    // It may take until its deadline, and kube-state-metrics is asked every minute.
    let done = u32::from(DEADLINE_MINUTES) * 60 + 300;
    let failed = Alert::warning(
        "PackageManagerDriftJobFailed",
        format!("time() - {started} > {done} unless on (namespace, cronjob) ({succeeded} >= {started})"),
        [
            format!("The last look for drift of {stack} found something, or failed."),
            format!("The log of the newest job of the CronJob {name} in {namespace} says what."),
        ],
    );
    let [late, unknown] = not_looked_for(
        job,
        &started,
        [
            format!("Nobody has looked for drift of {stack} for two rounds."),
            format!("The events of the CronJob {name} in {namespace} say why; it may be suspended."),
        ],
        [
            format!("Prometheus knows nothing of the job that looks for drift of {stack}."),
            "Look whether the CronJob is there, whether it ever ran, and whether the cluster is.".to_owned(),
        ],
    );
    file(job, ".cronjob-alerts.yaml", &[failed, late, unknown])
}

/// What tells that nobody looks any more, by the series `last` of when somebody did: it is too long ago, or not known.
fn not_looked_for(job: &DriftJob, last: &str, late: AlertWords, unknown: AlertWords) -> [Alert; 2] {
    let critical = |name, expr, lasts, [summary, remedy]: AlertWords| Alert {
        name,
        expr,
        lasts,
        severity: "critical",
        summary,
        remedy,
    };
    [
        critical("PackageManagerDriftNotLookedFor", format!("time() - {last} > {}", job.silence()), "0m", late),
        critical("PackageManagerDriftUnknown", format!("absent({last})"), "1h", unknown),
    ]
}

fn file(job: &DriftJob, rest: &str, alerts: &[Alert]) -> JobFile {
    let rules: Vec<Value> = alerts.iter().map(|alert| alert.rule(job)).collect();
    let groups = json!({"groups": [{"name": job.name(), "rules": rules}]});
    JobFile { name: job.file(rest), text: yaml::document(&(&groups).into()) }
}

impl Alert {
    fn warning(name: &'static str, expr: String, [summary, remedy]: AlertWords) -> Self {
        Self { name, expr, lasts: "0m", severity: "warning", summary, remedy }
    }

    fn rule(&self, job: &DriftJob) -> Value {
        json!({
            "alert": self.name,
            "expr": self.expr,
            "for": self.lasts,
            "labels": {"severity": self.severity, "stack": job.scope.stack},
            "annotations": {"summary": self.summary, "description": self.remedy},
        })
    }
}
