//! Arguments of `drift schedule`.

use std::path::PathBuf;

use clap::builder::PossibleValuesParser;
use clap::builder::TypedValueParser as _;
use clap::{Args, ValueEnum};

use super::File;
use super::drift::grades;
use crate::model::finding::Grade;
use crate::model::values::Arn;

/// Arguments of `drift schedule`.
#[derive(Debug, Args)]
pub(in crate::cli) struct ScheduleArgs {
    /// The declaration; by default the only one in plans/
    #[command(flatten)]
    pub(in crate::cli) file: File,
    /// What starts the job
    #[arg(long = "as", value_name = "FORM")]
    pub(in crate::cli) form: JobForm,
    /// Folder to write the files to
    #[arg(short, long, value_name = "FOLDER", default_value = "drift-job")]
    pub(in crate::cli) out: PathBuf,
    /// Hours between two looks
    #[arg(long, value_name = "HOURS", default_value = "6", value_parser = hours())]
    pub(in crate::cli) every: u16,
    /// Passed on to `drift`: how bad drift has to be to fail the job
    #[arg(long, value_name = "GRADE", value_parser = grades())]
    pub(in crate::cli) exit_on: Option<Grade>,
    /// Container image of ppm-infra; by default ppm-infra in the registry of the account, in this version
    #[arg(long, value_name = "IMAGE")]
    pub(in crate::cli) image: Option<String>,
    /// Folder in which `node_exporter` looks for metrics, for cron and systemd
    #[arg(long, value_name = "FOLDER", default_value = "/var/lib/prometheus/node-exporter")]
    pub(in crate::cli) metrics: PathBuf,
    /// User that the job runs as, for cron and systemd; by default you
    #[arg(long, value_name = "USER")]
    pub(in crate::cli) user: Option<String>,
    /// Repository of the workflow, OWNER/NAME, for GitHub
    #[arg(long, value_name = "REPOSITORY", required_if_eq("form", "github"))]
    pub(in crate::cli) repository: Option<String>,
    /// The default branch of that repository, whose workflows run on a schedule
    #[arg(long, value_name = "BRANCH", required_if_eq("form", "github"))]
    pub(in crate::cli) branch: Option<String>,
    /// ARN of the KMS key of the bucket of the state, if that is encrypted with one; by default the declared one
    #[arg(long, value_name = "ARN")]
    pub(in crate::cli) state_key: Option<Arn>,
    /// Write over files that are there with other content
    #[arg(long)]
    pub(in crate::cli) force: bool,
}

/// Divisors of a day: a job starts at the same times of every day.
fn hours() -> impl clap::builder::TypedValueParser<Value = u16> {
    PossibleValuesParser::new(["1", "2", "3", "4", "6", "8", "12", "24"])
        .map(|hours| hours.parse().expect("each of them is a number"))
}

/// What starts a job.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(in crate::cli) enum JobForm {
    /// A `CronJob` in the cluster of the stack.
    Kubernetes,
    /// A timer of systemd on this machine.
    Systemd,
    /// A workflow of GitHub Actions, with a role of its own.
    Github,
    /// A schedule of Amazon `EventBridge` that starts a task of Amazon ECS.
    Eventbridge,
    /// cron on this machine.
    Cron,
}
