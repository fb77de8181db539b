//! Arguments of the commands between an infrastructure and a running Package Manager.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};

use super::File;

/// Arguments of `secrets`.
#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true)]
pub(in crate::cli) struct SecretsArgs {
    /// Other commands for secrets
    #[command(subcommand)]
    pub(in crate::cli) instead: Option<SecretsCommand>,
    /// The declaration; by default the only one in plans/
    #[command(flatten)]
    pub(in crate::cli) file: File,
    /// License file, to be printed as a Secret too
    #[arg(long, value_name = "FILE")]
    pub(in crate::cli) license: Option<PathBuf>,
    /// What to print; without it, what the declaration says under `package_manager.secrets`
    #[arg(long = "as", value_name = "FORM")]
    pub(in crate::cli) form: Option<SecretsForm>,
    /// Print secrets even to a terminal
    #[arg(long)]
    pub(in crate::cli) to_terminal: bool,
    /// Also print a Job that creates the databases and schemas that are declared, such as for usage data
    #[arg(long)]
    pub(in crate::cli) with_database_job: bool,
    /// Let the Job create a role with login that may use all of them
    #[arg(long, value_name = "ROLE", requires = "with_database_job")]
    pub(in crate::cli) application_role: Option<String>,
    /// Kubernetes Secret with the password of that role, under the key `password`; yours to make
    #[arg(long, value_name = "SECRET", default_value = "rstudio-pm-application")]
    pub(in crate::cli) application_secret: String,
    /// Container image of the Job; by default that of `PostgreSQL` in the version of the database, without internet from
    /// the registry of `package_manager.image`
    #[arg(long, value_name = "IMAGE", requires = "with_database_job")]
    pub(in crate::cli) database_image: Option<String>,
}

/// Commands for secrets beside printing them.
#[derive(Debug, Subcommand)]
pub(in crate::cli) enum SecretsCommand {
    /// Rotate the password of the database; the encryption key is never rotated
    Rotate {
        /// Which one
        what: Rotatable,
        /// The declaration; by default the only one in plans/
        #[command(flatten)]
        file: File,
        /// Do not ask for confirmation
        #[arg(long)]
        auto_approve: bool,
    },
}

/// What could be rotated.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(in crate::cli) enum Rotatable {
    /// The password of the database user.
    Database,
    /// What Package Manager encrypts with: refused.
    EncryptionKey,
}

/// What manifests are printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(in crate::cli) enum SecretsForm {
    /// Secrets with their values, for `kubectl apply`.
    Kubectl,
    /// Names for the External Secrets Operator.
    ExternalSecrets,
    /// Names for the Secrets Store CSI driver.
    Csi,
}

/// Arguments of `kubeconfig`.
#[derive(Debug, Args)]
pub(in crate::cli) struct KubeconfigArgs {
    /// The declaration; by default the only one in plans/
    #[command(flatten)]
    pub(in crate::cli) file: File,
    /// The file to write; `-` prints the entry. By default the first of KUBECONFIG, else ~/.kube/config
    #[arg(short, long, value_name = "FILE")]
    pub(in crate::cli) out: Option<PathBuf>,
    /// Name of the context; by default that of the stack
    #[arg(long, value_name = "NAME")]
    pub(in crate::cli) context: Option<String>,
}

/// Arguments of `eks-token`.
#[derive(Debug, Args)]
pub(in crate::cli) struct EksTokenArgs {
    /// The cluster
    #[arg(long, value_name = "NAME")]
    pub(in crate::cli) cluster: String,
    /// Its region
    #[arg(long, value_name = "REGION")]
    pub(in crate::cli) region: crate::model::values::Region,
}
