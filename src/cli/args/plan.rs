//! `plan`, `preflight` and `show`.

use std::path::PathBuf;

use clap::Args;

use super::super::skip::Skip;
use super::{Downgradable, File, data_stores};
use crate::model::address::Address;

/// Arguments of `plan`.
#[derive(Debug, Args)]
#[expect(clippy::struct_excessive_bools, reason = "each is a switch of the command line")]
pub(in crate::cli) struct PlanArgs {
    /// The declaration; by default the only one in plans/
    #[command(flatten)]
    pub(in crate::cli) file: File,
    /// Save the plan, for apply to carry out exactly
    #[arg(short, long, value_name = "FILE")]
    pub(in crate::cli) out: Option<PathBuf>,
    /// Exit with 2 when there are changes
    #[arg(long)]
    pub(in crate::cli) detailed_exitcode: bool,
    /// Replace this object even if nothing differs
    #[arg(long, value_name = "ADDRESS")]
    pub(in crate::cli) replace: Vec<Address>,
    /// Plan to delete everything
    #[arg(long)]
    pub(in crate::cli) destroy: bool,
    /// Allow an older version although the database may be migrated already: `package-manager`
    #[arg(long, value_name = "WHAT", value_delimiter = ',')]
    pub(in crate::cli) downgrade: Vec<Downgradable>,
    /// File for the Helm values that apply writes; by default out/STACK.values.yaml
    #[arg(long, value_name = "FILE", conflicts_with = "destroy")]
    pub(in crate::cli) values: Option<PathBuf>,
    /// With --destroy: data stores to delete with their data
    #[arg(long, value_name = "WHAT", value_delimiter = ',', value_parser = data_stores(), requires = "destroy")]
    pub(in crate::cli) delete_data: Vec<String>,
    /// With --destroy: delete the database without a final snapshot
    #[arg(long, requires = "destroy")]
    pub(in crate::cli) no_final_snapshot: bool,
    /// A check whose result does not count, and why
    #[arg(long, value_name = "ID=REASON")]
    pub(in crate::cli) skip: Vec<Skip>,
    /// Show every field of new objects
    #[arg(long)]
    pub(in crate::cli) full: bool,
    /// Also write a report to this file, by its ending: .html for a browser, .md for a comment on a pull request, .svg, .mmd
    /// (Mermaid) or .dot (Graphviz) for a drawing, .sarif for the findings of the checks; may be repeated
    #[arg(long, value_name = "FILE")]
    pub(in crate::cli) report: Vec<PathBuf>,
}

/// Arguments of `preflight`.
#[derive(Debug, Args)]
pub(in crate::cli) struct PreflightArgs {
    /// The declaration; by default the only one in plans/
    #[command(flatten)]
    pub(in crate::cli) file: File,
    /// A check whose result does not count, and why
    #[arg(long, value_name = "ID=REASON")]
    pub(in crate::cli) skip: Vec<Skip>,
    /// Name every check that passed
    #[arg(long)]
    pub(in crate::cli) full: bool,
}

/// Arguments of `show`.
#[derive(Debug, Args)]
pub(in crate::cli) struct ShowArgs {
    /// The saved plan
    #[arg(value_name = "SAVED")]
    pub(in crate::cli) file: PathBuf,
    /// Show every field of new objects
    #[arg(long)]
    pub(in crate::cli) full: bool,
    /// Print it as a comment on a pull request, in Markdown of 60,000 characters at most
    #[arg(long, conflicts_with_all = ["json", "full"])]
    pub(in crate::cli) markdown: bool,
    /// Also write a report to this file, by its ending: .html, .md, .svg, .mmd, .dot or .sarif; may be repeated
    #[arg(long, value_name = "FILE")]
    pub(in crate::cli) report: Vec<PathBuf>,
}
