//! Floor 4: the files of a job that runs `ppm-infra drift` on a schedule: for cron, systemd, Kubernetes, GitHub Actions and
//! Amazon `EventBridge`. It is named after what schedulers start, a job; a schedule is the order of steps in `engine`.
//!
//! Promises: pure. The job may only read: its policy is that of looking for drift at this stack (`permissions`), and what it
//! needs to read the state. Where its role is a part of the stack it may leave what it found as well, in
//! the run history, and nothing else. A job never runs beside itself, ends after [`DEADLINE_MINUTES`] at the
//! latest, and holds no credentials. What a kind of job cannot see is said with it.
//!
//! Leaves to others where the facts come from, and writing the files.

mod alerts;
mod cron;
mod dashboard;
mod eventbridge;
mod events;
mod github;
mod kubernetes;
mod policy;
mod systemd;
#[cfg(test)]
mod tests;

use serde_json::Value;

use crate::helm::shell_word;
use crate::model::document::canonical_pretty;
use crate::model::finding::Grade;
use crate::model::partition::Partition;
use crate::permissions::StackScope;

pub use eventbridge::TaskJob;
pub use github::RepositoryJob;
pub use kubernetes::{ClusterFacts, JobIdentity};

/// A look at a stack of some hundred objects takes a minute; one that takes this long hangs.
pub const DEADLINE_MINUTES: u16 = 15;

/// The minute of the hour at which jobs start: not the full one, at which everybody starts theirs.
const MINUTE: u16 = 17;

/// What keeps a look from being recorded, where a job may only read.
const NO_RECORD: &str = "--no-record";

/// What a job has to know, whatever starts it.
#[derive(Clone, Debug)]
pub struct DriftJob {
    /// What it looks at.
    pub scope: StackScope,
    /// Hours between two looks: a divisor of 24.
    pub hours: u16,
    /// How bad drift has to be to fail the job; none means any.
    pub exit_on: Option<Grade>,
}

/// A job on a machine that has program, declaration and lockfile.
#[derive(Clone, Debug)]
pub struct MachineJob {
    /// Where it runs: the folder from which the declaration is named. Absolute.
    pub folder: String,
    /// Who it runs as: whoever may read the lockfile.
    pub user: String,
    /// The program. Absolute.
    pub program: String,
    /// What stands before the command: `--cloud`, `--state`.
    pub options: Vec<String>,
    /// The declaration.
    pub declaration: String,
    /// The folder in which each look is recorded, beside the lockfile. Absolute; none where the state is in a bucket.
    pub records: Option<String>,
    /// The folder in which `node_exporter` looks for metrics. Absolute.
    pub metrics: String,
    /// The folder the files of the job are written to. Absolute.
    pub out: String,
}

/// What starts a job.
#[derive(Clone, Debug)]
pub enum JobTarget {
    /// A cron of a machine.
    Cron(MachineJob),
    /// A systemd of a machine.
    Systemd(MachineJob),
    /// The cluster of the stack.
    Kubernetes(ClusterFacts),
    /// GitHub Actions.
    Github(RepositoryJob),
    /// A schedule of Amazon `EventBridge`.
    Eventbridge(TaskJob),
}

/// A file of a job.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JobFile {
    /// Its name in the folder of the job.
    pub name: String,
    /// Its text.
    pub text: String,
}

/// What is done with the files.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JobStep {
    /// Why, in half a sentence.
    pub why: String,
    /// The line for a shell.
    pub line: String,
}

/// Everything of a job.
#[derive(Clone, Debug)]
pub struct JobFiles {
    /// The files.
    pub files: Vec<JobFile>,
    /// What is typed next, in order.
    pub next: Vec<JobStep>,
    /// What the job cannot see, and what tells it instead.
    pub blind: Vec<String>,
}

impl DriftJob {
    /// The files of the job; `out` is the folder they will stand in, as commands name it.
    pub fn files(&self, target: &JobTarget, out: &str) -> JobFiles {
        match target {
            JobTarget::Cron(machine) => cron::files(self, machine, out),
            JobTarget::Systemd(machine) => systemd::files(self, machine, out),
            JobTarget::Kubernetes(cluster) => kubernetes::files(self, cluster, out),
            JobTarget::Github(repository) => github::files(self, repository, out),
            JobTarget::Eventbridge(task) => eventbridge::files(self, task, out),
        }
    }

    /// The name of whatever belongs to the job: unit, `CronJob`, role.
    fn name(&self) -> String {
        job_name(&self.scope.stack)
    }

    /// Where a machine may name credentials and the URL of a heartbeat: the files of the job hold neither.
    fn environment(&self) -> String {
        format!("/etc/ppm-infra/{}.env", self.name())
    }

    /// The name of one of its files.
    fn file(&self, rest: &str) -> String {
        format!("{}{rest}", self.name())
    }

    /// When cron starts it.
    fn cron(&self) -> String {
        match self.hours {
            1 => format!("{MINUTE} * * * *"),
            24 => format!("{MINUTE} 6 * * *"),
            hours => format!("{MINUTE} */{hours} * * *"),
        }
    }

    /// After how many seconds without a look something is wrong: two looks were left out, or late.
    fn silence(&self) -> u32 {
        u32::from(self.hours) * 2 * 3600 + u32::from(DEADLINE_MINUTES) * 60
    }

    /// An ARN of IAM in the account.
    fn iam(&self, object: &str) -> String {
        format!("arn:{}:iam::{}:{object}", self.partition().name, self.scope.account)
    }

    fn partition(&self) -> &'static Partition {
        self.scope.partition()
    }

    /// Where the image of this version is when nobody says otherwise: in the registry of the account.
    pub fn usual_image(&self) -> String {
        let registry = format!("{}.dkr.{}", self.scope.account, self.partition().host("ecr", &self.scope.region));
        format!("{registry}/ppm-infra:{}", env!("CARGO_PKG_VERSION"))
    }
}

/// What the job of a stack is called everywhere: its unit, `CronJob`, service account and role. 26 characters at most, so
/// that no limit of theirs is met.
pub fn job_name(stack: &str) -> String {
    format!("{stack}-drift")
}

/// The registry of an image in Amazon ECR.
struct Registry {
    /// Its host.
    host: String,
    /// The ARN of the repository.
    arn: String,
}

/// The registry of an image, where the role has to log in to it.
fn registry(job: &DriftJob, image: &str) -> Option<Registry> {
    let (host, path) = image.split_once('/')?;
    let (account, rest) = host.split_once(".dkr.ecr.")?;
    let region = rest.split('.').next()?;
    let name = path.split(['@', ':']).next()?;
    let arn = format!("arn:{}:ecr:{region}:{account}:repository/{name}", job.partition().name);
    Some(Registry { host: host.to_owned(), arn })
}

/// The commands that make a role with the policy and a trust that stand in files of the job.
fn role_steps(region: &str, role: &str, trust: &str, policy: &str, out: &str) -> [JobStep; 2] {
    let file = |name: &str| shell_word(&format!("file://{out}/{name}"));
    [
        JobStep::new(
            "the role of the job, which nobody else may take",
            format!(
                "aws iam create-role --region {region} --role-name {role} --assume-role-policy-document {}",
                file(trust)
            ),
        ),
        JobStep::new(
            "what it may do: read",
            format!(
                "aws iam put-role-policy --region {region} --role-name {role} --policy-name {role} --policy-document {}",
                file(policy)
            ),
        ),
    ]
}

impl JobFile {
    fn json(name: String, document: &Value) -> Self {
        Self { name, text: canonical_pretty(document) }
    }
}

impl JobStep {
    fn new(why: impl Into<String>, line: impl Into<String>) -> Self {
        Self { why: why.into(), line: line.into() }
    }
}

impl DriftJob {
    /// What the program in an image is started with, where no file can be written and declarations are in `plans/`.
    fn image_arguments(&self, options: &[&str]) -> Vec<String> {
        let mut words = vec!["drift".to_owned()];
        words.extend(options.iter().map(|option| (*option).to_owned()));
        words.extend(self.exit_on());
        words.push(format!("plans/{}.yaml", self.scope.stack));
        words
    }

    /// What says how bad drift has to be to fail the job.
    fn exit_on(&self) -> Vec<String> {
        self.exit_on.map_or_else(Vec::new, |grade| vec!["--exit-on".to_owned(), grade.word().to_owned()])
    }
}

impl MachineJob {
    /// The file of metrics.
    fn metrics_file(&self, job: &DriftJob) -> String {
        format!("{}/{}.prom", self.metrics.trim_end_matches('/'), job.name())
    }

    /// The words of the command.
    fn command(&self, job: &DriftJob) -> Vec<String> {
        let mut words = vec![self.program.clone()];
        words.extend(self.options.iter().cloned());
        words.extend(["drift".to_owned(), self.declaration.clone()]);
        words.extend(self.records.is_none().then(|| NO_RECORD.to_owned()));
        words.extend(job.exit_on());
        words.extend(["--prometheus".to_owned(), self.metrics_file(job)]);
        words
    }

    /// What both kinds of machine cannot see.
    fn blind(&self, job: &DriftJob) -> Vec<String> {
        vec![
            "A machine that sleeps or is off looks for nothing, and tells nobody so. The alerts \
             PackageManagerDriftNotLookedFor and PackageManagerDriftUnknown do, as long as Prometheus runs elsewhere and \
             node_exporter reads the metrics."
                .to_owned(),
            format!(
                "Without Prometheus, a dead man's switch does: PPM_INFRA_HEARTBEAT=URL in {}, where AWS_PROFILE and the like may \
                 stand as well. Only {} may read that file.",
                job.environment(),
                self.user
            ),
        ]
    }
}
