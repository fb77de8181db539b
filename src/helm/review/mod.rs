//! The check of a values file that somebody edited: what the chart takes without a word, and the server, the scheduler or
//! AWS then choke on.
//!
//! Promises: everything that is wrong at once, each with its place, why it is wrong and what to write; an error is what
//! cannot work or gives a secret away, a warning what works until something else happens. Values that this program
//! writes have no finding.
//!
//! Leaves to others where the facts come from; what only the cluster knows is not judged.

mod connections;
mod identity;
mod quantity;
mod reach;
mod reading;
mod reviewer;
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
use crate::model::finding::{Finding, Severity, Subject};
use crate::model::place::Place;
use crate::text::{Problem, tree};
use reviewer::Reviewer;

/// What is known of the stack the file is for. Whatever is not known is not compared.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct StackFacts {
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
    pub nodes: Option<NodeFacts>,
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
pub struct NodeFacts {
    /// How many.
    pub count: u32,
    /// EC2 instance type.
    pub instance_type: String,
    /// Root disk in GiB.
    pub disk_gib: u32,
    /// A label they all have.
    pub label: (String, String),
}

impl From<&Inputs> for StackFacts {
    fn from(inputs: &Inputs) -> StackFacts {
        StackFacts {
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
            nodes: Some(NodeFacts {
                count: inputs.node_count,
                instance_type: inputs.instance_type.clone(),
                disk_gib: inputs.disk_gib,
                label: inputs.node_label.clone(),
            }),
        }
    }
}

impl StackFacts {
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

/// Everything that was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Review {
    /// The file's name as it was given.
    pub file: String,
    /// What is in it.
    text: String,
    /// In the order of the file.
    pub findings: Vec<Finding>,
}

impl Review {
    /// How many findings are this bad.
    pub fn count(&self, severity: Severity) -> usize {
        self.findings.iter().filter(|finding| finding.severity == severity).count()
    }

    /// Adds what was found by others in the same text.
    pub fn add(&mut self, findings: impl IntoIterator<Item = Finding>) {
        self.findings.extend(findings);
        self.findings.sort_by_key(place);
    }

    /// The findings as JSON.
    pub fn to_json(&self) -> Value {
        let findings: Vec<Value> = self
            .findings
            .iter()
            .map(|one| {
                let place = one.place.unwrap_or(Place::START);
                json!({
                    "id": one.id, "severity": one.severity.word(), "line": place.line, "column": place.column,
                    "path": one.subject.to_string(), "what": one.what, "why": one.why, "remedy": one.remedy(),
                })
            })
            .collect();
        json!({"file": self.file, "findings": findings})
    }
}

impl fmt::Display for Review {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let lines = self.findings.iter().filter_map(|finding| finding.place);
        let gutter = lines.map(|place| place.line.to_string().len()).max().unwrap_or(1);
        for finding in &self.findings {
            write!(f, "{}: ", finding.severity.word())?;
            let path = finding.subject.to_string();
            if !path.is_empty() {
                write!(f, "{path}: ")?;
            }
            writeln!(f, "{}", finding.what)?;
            if let Some(problem) = Problem::of_finding(finding, &self.text) {
                problem.show(f, &self.file, gutter)?;
            }
            writeln!(f, "{:gutter$} = why: {}", "", finding.why)?;
            writeln!(f, "{:gutter$} = hint: {}\n", "", finding.remedy())?;
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
fn place(finding: &Finding) -> (Option<Place>, Subject, String) {
    (finding.place, finding.subject.clone(), finding.what.clone())
}

/// Checks a values file. `file_name` is for messages alone; nothing is opened.
pub fn review(file_name: &str, text: &str, facts: &StackFacts) -> Review {
    let (root, problem) = tree(text);
    let why = "Helm refuses the file, or takes something else than was meant.";
    let problem = problem.map(|problem| problem.finding("values.syntax", Severity::Error, why));
    let mut findings: Vec<Finding> = problem.into_iter().collect();
    if let Some(root) = root.map(reading::as_helm) {
        let mut reviewer = Reviewer::new(&root, facts);
        reviewer.run("values.characters", |reviewer| reading::characters(reviewer, text));
        reviewer.run("values.shape", shape::check);
        reviewer.run("values.types", types::check);
        reviewer.run("values.settings", settings::check);
        reviewer.run("values.server", server::check);
        reviewer.run("values.storage", storage::check);
        reviewer.run("values.identity", identity::check);
        reviewer.run("values.reach", reach::check);
        reviewer.run("values.rolling", rolling::check);
        findings.extend(reviewer.findings);
    }
    findings.sort_by_key(place);
    findings.dedup_by(|later, one| Finding { id: one.id, ..later.clone() } == *one);
    Review { file: file_name.to_owned(), text: text.to_owned(), findings }
}
