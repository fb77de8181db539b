//! Arguments of `export`.

use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::File;

/// Into what a stack is exported.
#[derive(Debug, Subcommand)]
pub(in crate::cli) enum ExportCommand {
    /// Write the applied stack as Terraform, with an import block for every object
    Terraform(ExportTerraformArgs),
}

/// Arguments of `export terraform`.
#[derive(Debug, Args)]
pub(in crate::cli) struct ExportTerraformArgs {
    /// The declaration; by default the only one in plans/
    #[command(flatten)]
    pub(in crate::cli) file: File,
    /// Folder to write to
    #[arg(short, long, value_name = "FOLDER")]
    pub(in crate::cli) out: PathBuf,
    /// Write over files that are there with other content
    #[arg(long)]
    pub(in crate::cli) force: bool,
}
