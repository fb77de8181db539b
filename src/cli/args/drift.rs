//! The arguments of `drift`.

use std::path::PathBuf;

use clap::builder::{PossibleValuesParser, TypedValueParser as _};
use clap::{Args, Subcommand};

use super::ScheduleArgs;
use crate::model::address::Address;
use crate::model::finding::Grade;

/// Arguments of `drift`.
#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true)]
#[expect(clippy::struct_excessive_bools, reason = "each is an option of its own on the command line")]
pub(in crate::cli) struct DriftArgs {
    /// What else to do; without, drift is shown and nothing is changed
    #[command(subcommand)]
    pub(in crate::cli) instead: Option<DriftCommand>,
    /// The declarations, or folders of them; by default the only one in plans/
    pub(in crate::cli) files: Vec<PathBuf>,
    /// Look at this object alone, such as `database.main`, and say nothing of the rest; may be repeated
    #[arg(long, value_name = "ADDRESS")]
    pub(in crate::cli) only: Vec<Address>,
    /// Look at the objects alone that this event of `CloudTrail` is about, as `EventBridge` delivers it: a file, `-` for standard
    /// input, or `env:NAME` for a variable of the environment
    #[arg(long, value_name = "EVENT", conflicts_with = "only")]
    pub(in crate::cli) event: Option<String>,
    /// Also write a report for people to this file, as HTML or Markdown by its ending: .html or .md; may be repeated
    #[arg(long, value_name = "FILE")]
    pub(in crate::cli) report: Vec<PathBuf>,
    /// Also write the findings to this file as SARIF 2.1.0, for GitHub code scanning and editors
    #[arg(long, value_name = "FILE")]
    pub(in crate::cli) sarif: Option<PathBuf>,
    /// Also write metrics to this file, which ends in .prom, for the textfile collector of Prometheus
    #[arg(long, value_name = "FILE")]
    pub(in crate::cli) prometheus: Option<PathBuf>,
    /// End with exit status 2 only where something drifted that is at least so bad; what is less is told all the same
    #[arg(long, value_name = "GRADE", default_value = "any", value_parser = grades())]
    pub(in crate::cli) exit_on: Grade,
    /// Do not ask CloudTrail who changed what has drifted, which takes half a second or more for each object
    #[arg(long)]
    pub(in crate::cli) no_who: bool,
    /// Put right, without asking, what the declaration allows and the last look found as well
    #[arg(long, conflicts_with = "no_record")]
    pub(in crate::cli) put_right: bool,
    /// Compare with the last run, and leave nothing for the next one to compare with
    #[arg(long)]
    pub(in crate::cli) no_record: bool,
    /// Tell somebody when something is new, changed or resolved, and once a day what is still there: `webhook:URL`,
    /// `slack:URL`, `sns:ARN`, or `github-issue:FILE` for the body of an issue; may be repeated
    #[arg(long, value_name = "TARGET")]
    pub(in crate::cli) notify: Vec<String>,
    /// Tell them every time
    #[arg(long, requires = "notify")]
    pub(in crate::cli) notify_all: bool,
    /// After looking, whatever was found, request this URL: a dead man's switch that tells when it is not requested any more
    #[arg(long, value_name = "URL", env = "PPM_INFRA_HEARTBEAT", hide_env_values = true)]
    pub(in crate::cli) heartbeat: Option<String>,
}

/// The grades, the worst first; `any` is the least of them.
pub(super) fn grades() -> impl clap::builder::TypedValueParser<Value = Grade> {
    let words = Grade::ALL.into_iter().rev().map(Grade::word).chain(["any"]);
    PossibleValuesParser::new(words).map(|given| {
        let named = Grade::ALL.into_iter().find(|grade| grade.word() == given);
        named.unwrap_or(Grade::Low)
    })
}

/// Other commands for drift.
#[derive(Debug, Subcommand)]
pub(in crate::cli) enum DriftCommand {
    /// Keep what is there: declare it, or record it where no key declares it; changes nothing in AWS
    Accept(AcceptArgs),
    /// Let it stand until a day: it is shown apart and not counted
    Waive(WaiveArgs),
    /// Put back what was recorded of these objects, or take away what is named in them, and nothing else
    Fix(FixArgs),
    /// List the runs that were recorded, or show since when something has drifted
    History(HistoryArgs),
    /// Write the files of a job that looks for drift on a schedule, and can only read
    Schedule(ScheduleArgs),
}

/// Arguments of `drift accept`.
#[derive(Debug, Args)]
pub(in crate::cli) struct AcceptArgs {
    /// Addresses, each with the fields that are meant behind it; without a field, all of the object:
    /// `database.main backup_days multi_az bucket.packages`
    #[arg(required = true, value_name = "ADDRESS [FIELD]")]
    pub(in crate::cli) what: Vec<String>,
    /// The declaration; by default the only one in plans/
    #[arg(short, long, value_name = "FILE")]
    pub(in crate::cli) file: Option<PathBuf>,
    /// Show which lines would change, and change nothing
    #[arg(long)]
    pub(in crate::cli) dry_run: bool,
}

/// Arguments of `drift waive`.
#[derive(Debug, Args)]
pub(in crate::cli) struct WaiveArgs {
    /// Its address, such as `database.main`
    pub(in crate::cli) address: Address,
    /// The field, such as `backup_days`; without one, all of the object
    pub(in crate::cli) field: Option<String>,
    /// For how long, in days or weeks: `7d`, `2w`
    #[arg(long = "for", value_name = "TIME")]
    pub(in crate::cli) duration: String,
    /// Why it may stand
    #[arg(long, value_name = "TEXT")]
    pub(in crate::cli) reason: String,
    /// Who answers for it [default: who is logged in]
    #[arg(long, value_name = "NAME")]
    pub(in crate::cli) owner: Option<String>,
    /// The declaration; by default the only one in plans/
    #[arg(short, long, value_name = "FILE")]
    pub(in crate::cli) file: Option<PathBuf>,
}

/// Arguments of `drift fix`.
#[derive(Debug, Args)]
pub(in crate::cli) struct FixArgs {
    /// Addresses of objects; behind one, the names of what stands in it and is not ours, which is taken away:
    /// `database.main iam_role.nodes AdministratorAccess`
    #[arg(required = true, value_name = "ADDRESS [NAME]")]
    pub(in crate::cli) what: Vec<String>,
    /// The declaration; by default the only one in plans/
    #[arg(short, long, value_name = "FILE")]
    pub(in crate::cli) file: Option<PathBuf>,
    /// Do not ask for confirmation
    #[arg(long)]
    pub(in crate::cli) auto_approve: bool,
}

/// Arguments of `drift history`.
#[derive(Debug, Args)]
pub(in crate::cli) struct HistoryArgs {
    /// Show since when this has drifted: the id of a finding, such as `drift.missing`, or an address
    #[arg(value_name = "FINDING|ADDRESS")]
    pub(in crate::cli) what: Option<String>,
    /// The declaration; by default the only one in plans/
    #[arg(short, long, value_name = "FILE")]
    pub(in crate::cli) file: Option<PathBuf>,
    /// Look at so many runs, the newest
    #[arg(long, value_name = "N", default_value_t = 20)]
    pub(in crate::cli) limit: usize,
}
