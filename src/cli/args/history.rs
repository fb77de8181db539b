//! Arguments of `drift history`.

use std::path::PathBuf;

use clap::{Args, Subcommand};

/// Commands for drift.
#[derive(Debug, Subcommand)]
pub(in crate::cli) enum DriftCommand {
    /// List the runs that were recorded, or show since when something has drifted
    History(HistoryArgs),
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
