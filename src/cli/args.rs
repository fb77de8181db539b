//! The command line.

mod drift;
mod export;
mod handoff;
mod plan;
mod policy;
mod schedule;

use std::path::PathBuf;

use clap::builder::{PossibleValue, PossibleValuesParser};
use clap::{Args, Parser, Subcommand, ValueEnum};
use clap_complete::Shell;

use super::skip::Skip;
use crate::model::address::Address;
use crate::model::resource::{Holds, KindFacts};
use crate::resources::catalog;
pub(super) use drift::{AcceptArgs, DriftArgs, DriftCommand, FixArgs, HistoryArgs, WaiveArgs};
pub(super) use export::{ExportCommand, ExportTerraformArgs};
pub(super) use handoff::{EksTokenArgs, KubeconfigArgs, Rotatable, SecretsArgs, SecretsCommand, SecretsForm};
pub(super) use plan::{PlanArgs, PreflightArgs, ShowArgs};
pub(super) use policy::IamPolicyArgs;
pub(super) use schedule::{JobForm, ScheduleArgs};

/// Plans, applies, checks and destroys the reference architecture of Posit Package Manager on AWS.
#[derive(Debug, Parser)]
#[command(name = "ppm-infra", version, arg_required_else_help = true, after_help = AFTER)]
pub(super) struct Cli {
    /// Options of every command.
    #[command(flatten)]
    pub(super) common: Common,
    /// A command.
    #[command(subcommand)]
    pub(super) command: Command,
}

const AFTER: &str = "\
A declaration is a YAML file, by default the only one in plans/.
Exit status: 0 done or nothing to do, 1 failed, 2 changes or drift exist, 3 something could not be read, 4 busy or
stale plan, 64 command line, 65 declaration, 69 cloud or credentials, 70 bug, 78 state, 130 interrupted.";

/// Options of every command.
#[derive(Debug, Args)]
pub(super) struct Common {
    /// Folder of the lockfiles [default: state; in a rehearsal, a folder beside FILE]
    #[arg(long, global = true, value_name = "FOLDER", env = "PPM_INFRA_STATE")]
    pub(super) state: Option<PathBuf>,
    /// Which cloud: `aws`, or `simulated:FILE` for a rehearsal that needs no account and takes seconds
    #[arg(long, global = true, value_name = "CLOUD", default_value = "aws", env = "PPM_INFRA_CLOUD")]
    pub(super) cloud: String,
    /// Print JSON: one document, or one event per line while steps run
    #[arg(long, global = true)]
    pub(super) json: bool,
    /// How many steps may run at the same time
    #[arg(long, global = true, value_name = "N", default_value_t = crate::run::PARALLELISM)]
    pub(super) parallelism: usize,
    /// How many times faster than real time the cloud is; for rehearsals and emulators
    #[arg(long, global = true, value_name = "FACTOR", env = "PPM_INFRA_TIME_SCALE", hide = true)]
    pub(super) time_scale: Option<f64>,
    /// Log each step and decision to stderr; twice: each AWS call too, with its request id
    #[arg(short, long, global = true, action = clap::ArgAction::Count)]
    pub(super) verbose: u8,
    /// Append what `-vv` logs to this file, one JSON object per line
    #[arg(long, global = true, value_name = "FILE", env = "PPM_INFRA_LOG_FILE")]
    pub(super) log_file: Option<PathBuf>,
    /// When to use colour
    #[arg(long, global = true, value_name = "WHEN", default_value = "auto")]
    pub(super) color: Color,
}

/// When to use colour.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum Color {
    /// On a terminal, unless `NO_COLOR` is set.
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}

/// A command.
#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Show what apply would change; changes nothing
    Plan(PlanArgs),
    /// Show a saved plan
    Show(ShowArgs),
    /// Create or change what is declared, then write the Helm values
    Apply(ApplyArgs),
    /// Delete everything; data only where you allow it
    Destroy(DestroyArgs),
    /// Show what was changed outside of ppm-infra, and settle it: accept, waive or fix
    Drift(Box<DriftArgs>),
    /// Show the health of the stack, and which versions and certificates expire
    Status(File),
    /// Rebuild a lost or damaged lockfile from the tagged objects in AWS
    Recover(RecoverArgs),
    /// Import one existing object into the stack
    Adopt(AdoptArgs),
    /// Print the Helm values, or check an edited values file
    Values(ValuesArgs),
    /// Print the Kubernetes Secrets that the values refer to, to pipe into kubectl
    Secrets(SecretsArgs),
    /// Add the cluster to a kubeconfig
    Kubeconfig(KubeconfigArgs),
    /// Print a token for the cluster, as a kubectl credential plugin
    EksToken(EksTokenArgs),
    /// List what to mirror into a network without internet access
    OfflineChecklist(File),
    /// Print the resources and their dependencies
    Graph(GraphArgs),
    /// Inspect and repair the lockfile
    #[command(subcommand)]
    State(StateCommand),
    /// Show who holds the lock of the stack
    #[command(subcommand)]
    Lock(LockCommand),
    /// Release a stale lease; that of a running holder only with --force
    Unlock {
        /// The declaration; by default the only one in plans/
        #[command(flatten)]
        file: File,
        /// Release it even if its holder is still running, which then cannot write any more
        #[arg(long)]
        force: bool,
    },
    /// Print the outputs of the stack
    Output(OutputArgs),
    /// Estimate what a declaration costs in a month, offline
    Cost(CostArgs),
    /// Check whether the account is ready for what is declared; changes nothing
    Preflight(PreflightArgs),
    /// Check a declaration offline
    Validate(File),
    /// Print the JSON Schema of declarations
    Schema,
    /// Explain a key of the declaration, or an object of the stack
    Explain(ExplainArgs),
    /// Write a commented declaration
    Init(InitArgs),
    /// Print the IAM policy that a command needs, limited to this stack
    IamPolicy(IamPolicyArgs),
    /// Write the applied stack for another tool: the way out
    #[command(subcommand)]
    Export(ExportCommand),
    /// Print completions for a shell
    Completions {
        /// The shell
        shell: Shell,
    },
    /// Print the manual page, or write one for each command into a folder
    Man {
        /// Folder to write to
        folder: Option<PathBuf>,
    },
}

/// Arguments of `explain`.
#[derive(Debug, Args)]
pub(super) struct ExplainArgs {
    /// The key, such as `database.multi_az`, or the address of an object, such as `database.main`; without one, all keys
    pub(super) what: Option<String>,
    /// Of an object: the declaration, by default the only one in plans/; or a saved plan, which tells as well what becomes
    /// of it and why
    // Not `file`: commands that hints name are not given a declaration where a key is explained.
    #[arg(value_name = "FILE")]
    pub(super) asked_in: Option<PathBuf>,
}

/// Which declaration.
#[derive(Clone, Debug, Args)]
pub(super) struct File {
    /// The declaration; by default the only one in plans/
    pub(super) file: Option<PathBuf>,
}

/// Arguments of `apply`.
#[derive(Debug, Args)]
pub(super) struct ApplyArgs {
    /// The declaration, or a saved plan; by default the only declaration in plans/
    pub(super) file: Option<PathBuf>,
    /// Do not ask for confirmation
    #[arg(long)]
    pub(super) auto_approve: bool,
    /// Replace this object even if nothing differs
    #[arg(long, value_name = "ADDRESS")]
    pub(super) replace: Vec<Address>,
    /// Allow an older version although the database may be migrated already: `package-manager`
    #[arg(long, value_name = "WHAT", value_delimiter = ',')]
    pub(super) downgrade: Vec<Downgradable>,
    /// File for the Helm values; by default out/STACK.values.yaml, or as in the saved plan
    #[arg(long, value_name = "FILE")]
    pub(super) values: Option<PathBuf>,
    /// A check whose result does not count, and why
    #[arg(long, value_name = "ID=REASON")]
    pub(super) skip: Vec<Skip>,
    /// What to do with what this run created when part of it fails
    #[arg(long, value_name = "WHAT", default_value = "keep")]
    pub(super) on_failure: OnFailure,
}

/// What may be downgraded when it is named.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum Downgradable {
    /// Package Manager: its chart, or the image in place of the chart's own.
    PackageManager,
}

/// What to do with what a run created when part of it fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum OnFailure {
    /// Keep it; the next apply continues from there.
    Keep,
    /// Delete what this run created, and nothing it changed, replaced or found.
    Rollback,
}

/// Arguments of `recover`.
#[derive(Debug, Args)]
pub(super) struct RecoverArgs {
    /// The declaration; by default the only one in plans/
    #[command(flatten)]
    pub(super) file: File,
    /// Rebuild even if the lockfile is valid; the old one is kept beside it
    #[arg(long)]
    pub(super) force: bool,
    /// Do not ask for confirmation
    #[arg(long)]
    pub(super) auto_approve: bool,
}

/// Arguments of `adopt`.
#[derive(Debug, Args)]
pub(super) struct AdoptArgs {
    /// Its address, such as `security_group.database`
    pub(super) address: Address,
    /// Its id, as AWS writes it: sg-0123456789abcdef0, the name of a bucket, the ARN of a load balancer
    pub(super) id: String,
    /// The declaration; by default the only one in plans/
    #[command(flatten)]
    pub(super) file: File,
    /// Do not ask for confirmation
    #[arg(long)]
    pub(super) auto_approve: bool,
}

/// Arguments of `destroy`.
#[derive(Debug, Args)]
pub(super) struct DestroyArgs {
    /// The declaration; by default the only one in plans/
    #[command(flatten)]
    pub(super) file: File,
    /// Data stores to delete with their data
    #[arg(long, value_name = "WHAT", value_delimiter = ',', value_parser = data_stores())]
    pub(super) delete_data: Vec<String>,
    /// Delete the database without a final snapshot
    #[arg(long)]
    pub(super) no_final_snapshot: bool,
    /// A check whose result does not count, and why
    #[arg(long, value_name = "ID=REASON")]
    pub(super) skip: Vec<Skip>,
    /// Do not ask for confirmation
    #[arg(long)]
    pub(super) auto_approve: bool,
}

/// The words of the kinds that hold data.
fn data_stores() -> PossibleValuesParser {
    let told = |facts: KindFacts| match facts.holds {
        Holds::Data { word, told } => Some(PossibleValue::new(word).help(told)),
        Holds::Nothing | Holds::Secret => None,
    };
    PossibleValuesParser::new(catalog().into_values().filter_map(told))
}

/// Arguments of `values`.
#[derive(Debug, Args)]
pub(super) struct ValuesArgs {
    /// The declaration; by default the only one in plans/
    #[command(flatten)]
    pub(super) file: File,
    /// Write them to this file instead of stdout
    #[arg(short, long, value_name = "FILE", conflicts_with_all = ["check", "schema"])]
    pub(super) out: Option<PathBuf>,
    /// Check this values file, for instance an edited one, and print no values
    #[arg(long, value_name = "VALUES", conflicts_with = "schema")]
    pub(super) check: Option<PathBuf>,
    /// Print the JSON Schema of the chart's values, for editors
    #[arg(long)]
    pub(super) schema: bool,
}

/// Arguments of `graph`.
#[derive(Debug, Args)]
pub(super) struct GraphArgs {
    /// The declaration; by default the only one in plans/
    #[command(flatten)]
    pub(super) file: File,
    /// Output format
    #[arg(long, value_name = "FORMAT", default_value = "dot")]
    pub(super) format: GraphFormat,
}

/// How a graph is printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum GraphFormat {
    /// For Graphviz.
    Dot,
    /// For Markdown.
    Mermaid,
    /// A picture, for a browser.
    Svg,
}

/// Commands for the lock.
#[derive(Debug, Subcommand)]
pub(super) enum LockCommand {
    /// Show its holder, since when, and the running steps
    Status(File),
}

/// Commands for the lockfile.
#[derive(Debug, Subcommand)]
pub(super) enum StateCommand {
    /// List what is recorded
    List {
        /// The declaration; by default the only one in plans/
        #[command(flatten)]
        file: File,
        /// Only this kind
        #[arg(long)]
        kind: Option<String>,
    },
    /// Show one record
    Show {
        /// Which resource
        address: Address,
        /// The declaration; by default the only one in plans/
        #[command(flatten)]
        file: File,
    },
    /// Remove a record; the object in AWS stays
    Rm {
        /// Which resource
        address: Address,
        /// The declaration; by default the only one in plans/
        #[command(flatten)]
        file: File,
    },
    /// Rename a record
    Mv {
        /// Current address
        from: Address,
        /// New address
        to: Address,
        /// The declaration; by default the only one in plans/
        #[command(flatten)]
        file: File,
    },
    /// List the kept versions by serial
    History(File),
    /// Restore a kept version of the lockfile
    Restore {
        /// Its serial
        serial: u64,
        /// The declaration; by default the only one in plans/
        #[command(flatten)]
        file: File,
        /// Even if existing objects are missing in it
        #[arg(long)]
        force: bool,
    },
    /// Print the lockfile
    Pull(File),
    /// Replace the lockfile by this one
    Push {
        /// The lockfile
        lockfile: PathBuf,
        /// The declaration; by default the only one in plans/
        #[command(flatten)]
        file: File,
        /// Even if it is older, of another lineage, or existing objects are missing in it
        #[arg(long)]
        force: bool,
    },
    /// Move the state from the folder into the bucket that the declaration names
    Migrate(File),
}

/// Arguments of `output`.
#[derive(Debug, Args)]
pub(super) struct OutputArgs {
    /// Print only this one, as plain text
    pub(super) name: Option<String>,
    /// The declaration; by default the only one in plans/
    #[arg(short, long, value_name = "FILE")]
    pub(super) file: Option<PathBuf>,
}

/// Arguments of `cost`.
#[derive(Debug, Args)]
pub(super) struct CostArgs {
    /// The declaration; by default the only one in plans/
    #[command(flatten)]
    pub(super) file: File,
    /// Estimate as if this key were declared so, as in `--set database.multi_az=false`; may be repeated
    #[arg(long, value_name = "KEY=VALUE")]
    pub(super) set: Vec<String>,
    /// Print the lines as CSV
    #[arg(long, conflicts_with = "json")]
    pub(super) csv: bool,
}

/// Arguments of `init`.
#[derive(Debug, Args)]
pub(super) struct InitArgs {
    /// File to write
    #[arg(value_name = "FILE", default_value = "plans/stack.yaml")]
    pub(super) file: PathBuf,
    /// Set a key, as in `--set stack=ppm-prod`; required keys that are missing are asked for on a terminal
    #[arg(long, value_name = "KEY=VALUE")]
    pub(super) set: Vec<String>,
    /// Write every key at its default, with comments
    #[arg(long)]
    pub(super) full: bool,
}
