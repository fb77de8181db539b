//! The check of a values file that somebody edited: what the chart takes without a word, and the server, the scheduler or
//! AWS then choke on.
//!
//! Promises: everything that is wrong at once, each with its place, why it is wrong and what to write; an error is what
//! cannot work or gives a secret away, a warning what works until something else happens. Values that this program
//! writes have no finding.
//!
//! Leaves to others where the facts come from; what only the cluster knows is not judged.

mod connections;
mod desk;
mod identity;
mod quantity;
mod reach;
mod reading;
mod rolling;
mod server;
mod settings;
mod shape;
mod storage;
#[cfg(test)]
mod tests;
mod types;

use std::fmt;

use serde_json::{Value, json};

use super::document::NEWEST_READ;
use super::keys::{ChartKey, Version};
use super::{Exposure, Inputs, form};
use crate::text::{Problem, tree};
use desk::Desk;

/// What is known of the stack the file is for. Whatever is not known is not compared.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Facts {
    /// Version of the chart; without it, the newest.
    pub chart_version: Option<String>,
    /// Namespace of the release.
    pub namespace: Option<String>,
    /// Helm release.
    pub release: Option<String>,
    /// Region of the stack.
    pub region: Option<String>,
    /// The bucket.
    pub bucket: Option<String>,
    /// The role of the service account.
    pub role_arn: Option<String>,
    /// Endpoint address of the database.
    pub database_host: Option<String>,
    /// Class of the database.
    pub database_class: Option<String>,
    /// Public URL.
    pub address: Option<String>,
    /// The `SecretProviderClass` that pods must mount, where the CSI driver makes the Secrets.
    pub secret_class: Option<String>,
    /// How requests reach the pods.
    pub reach: Option<Reach>,
    /// Minor version of Kubernetes.
    pub kubernetes_minor: Option<u32>,
    /// The nodes.
    pub nodes: Option<Nodes>,
}

/// How requests reach the pods.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reach {
    /// By this port of the nodes.
    NodePort(u16),
    /// As targets of this target group, if it stands.
    Pods(Option<String>),
    /// By a load balancer that the controller makes from an Ingress.
    Ingress,
}

/// The nodes the pods run on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Nodes {
    /// How many.
    pub count: u32,
    /// EC2 instance type.
    pub instance_type: String,
    /// Root disk in GiB.
    pub disk_gib: u32,
    /// A label they all have.
    pub label: (String, String),
}

impl From<&Inputs> for Facts {
    fn from(inputs: &Inputs) -> Facts {
        Facts {
            chart_version: Some(inputs.chart_version.clone()),
            namespace: Some(inputs.namespace.clone()),
            release: Some(inputs.release.clone()),
            region: Some(inputs.region.clone()),
            bucket: Some(inputs.bucket.clone()),
            role_arn: Some(inputs.role_arn.clone()),
            database_host: Some(inputs.database_host.clone()),
            database_class: Some(inputs.database_instance_class.clone()),
            address: inputs.address.clone(),
            secret_class: inputs.secrets_by_pods.then(|| inputs.secret_class()),
            reach: Some(match &inputs.exposure {
                Exposure::NodePort { port } => Reach::NodePort(*port),
                Exposure::TargetGroupBinding { target_group_arn, .. } => Reach::Pods(Some(target_group_arn.clone())),
                Exposure::Ingress(_) => Reach::Ingress,
            }),
            kubernetes_minor: Some(inputs.kubernetes_minor),
            nodes: Some(Nodes {
                count: inputs.node_count,
                instance_type: inputs.instance_type.clone(),
                disk_gib: inputs.disk_gib,
                label: inputs.node_label.clone(),
            }),
        }
    }
}

impl Facts {
    /// The chart's version; the newest that is known here where none is said.
    fn chart(&self) -> Version {
        self.chart_version.as_deref().and_then(form::chart_version).unwrap_or(NEWEST_READ)
    }

    /// Whether the chart is of the line before 0.20.0.
    fn is_older_line(&self) -> bool {
        self.chart() < (0, 20, 0)
    }

    /// Whether the chart takes the port of the pods from the values.
    fn has_free_port(&self) -> bool {
        ChartKey::find("pod.port").is_some_and(|key| key.is_known_to(self.chart()))
    }
}

/// How bad it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// It cannot work, or gives a secret away.
    Error,
    /// It works until something else happens.
    Warning,
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Severity::Error => "error",
            Severity::Warning => "warning",
        })
    }
}

/// One thing that is wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// How bad it is.
    pub severity: Severity,
    /// Where, what, and what to write.
    pub problem: Problem,
    /// What would come of it.
    pub why: String,
}

/// Everything that was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Review {
    /// The file's name as it was given.
    pub file: String,
    /// In the order of the file.
    pub findings: Vec<Finding>,
}

impl Review {
    /// How many findings are this bad.
    pub fn count(&self, severity: Severity) -> usize {
        self.findings.iter().filter(|finding| finding.severity == severity).count()
    }

    /// Adds what was found by others in the same text.
    pub fn add(&mut self, text: &str, findings: impl IntoIterator<Item = Finding>) {
        self.findings.extend(findings.into_iter().map(|mut finding| {
            finding.problem.quote(text);
            finding
        }));
        self.findings.sort_by_key(place);
    }

    /// The findings as JSON.
    pub fn to_json(&self) -> Value {
        let findings: Vec<Value> = self
            .findings
            .iter()
            .map(|Finding { severity, problem, why }| {
                json!({
                    "severity": severity.to_string(), "line": problem.line, "column": problem.column,
                    "path": problem.path, "what": problem.message, "why": why, "remedy": problem.hint,
                })
            })
            .collect();
        json!({"file": self.file, "findings": findings})
    }
}

impl fmt::Display for Review {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let gutter = self.findings.iter().map(|finding| finding.problem.line.to_string().len()).max().unwrap_or(1);
        for Finding { severity, problem, why } in &self.findings {
            write!(f, "{severity}: ")?;
            if !problem.path.is_empty() {
                write!(f, "{}: ", problem.path)?;
            }
            writeln!(f, "{}", problem.message)?;
            problem.show(f, &self.file, gutter)?;
            writeln!(f, "{:gutter$} = why: {why}", "")?;
            writeln!(f, "{:gutter$} = hint: {}\n", "", problem.hint)?;
        }
        let counted = |severity, word: &str| match self.count(severity) {
            1 => format!("1 {word}"),
            many => format!("{many} {word}s"),
        };
        let (errors, warnings) = (counted(Severity::Error, "error"), counted(Severity::Warning, "warning"));
        write!(f, "{errors} and {warnings} in {}", self.file)
    }
}

/// Where a finding stands among the others.
fn place(finding: &Finding) -> (usize, usize, String, String) {
    let Problem { line, column, path, message, .. } = &finding.problem;
    (*line, *column, path.clone(), message.clone())
}

/// Checks a values file. `file_name` is for messages alone; nothing is opened.
pub fn review(file_name: &str, text: &str, facts: &Facts) -> Review {
    let (root, problem) = tree(text);
    let mut findings: Vec<Finding> = problem
        .map(|problem| Finding {
            severity: Severity::Error,
            problem,
            why: "Helm refuses the file, or takes something else than was meant.".to_owned(),
        })
        .into_iter()
        .collect();
    if let Some(root) = root.map(reading::as_helm) {
        let mut desk = Desk::new(&root, facts);
        reading::characters(&mut desk, text);
        shape::check(&mut desk);
        types::check(&mut desk);
        settings::check(&mut desk);
        server::check(&mut desk);
        storage::check(&mut desk);
        identity::check(&mut desk);
        reach::check(&mut desk);
        rolling::check(&mut desk);
        findings.extend(desk.findings);
    }
    findings.sort_by_key(place);
    findings.dedup();
    for finding in &mut findings {
        finding.problem.quote(text);
    }
    Review { file: file_name.to_owned(), findings }
}
