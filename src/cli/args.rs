//! The command line.

mod handoff;

use std::path::PathBuf;

use clap::builder::{PossibleValue, PossibleValuesParser};
use clap::{Args, Parser, Subcommand, ValueEnum};
use clap_complete::Shell;

use crate::model::address::Address;
use crate::model::resource::{Facts, Holds};
use crate::resources::catalog;
pub(super) use handoff::{EksTokenArgs, KubeconfigArgs, Rotatable, SecretsArgs, SecretsCommand, SecretsForm};

/// Plans, applies, checks and destroys the reference architecture of Posit Package Manager on AWS.
#[derive(Debug, Parser)]
#[command(name = "ppm-infra", version, arg_required_else_help = true, after_help = AFTER)]
pub(super) struct Cli {
    /// What is the same for every command.
    #[command(flatten)]
    pub(super) common: Common,
    /// What to do.
    #[command(subcommand)]
    pub(super) command: Command,
}

const AFTER: &str = "\
A declaration is a YAML file, by default the only one in plans/.
Exit status: 0 done or nothing to do, 1 failed, 2 changes or drift exist, 3 something could not be read, 4 busy or
stale plan, 64 command line, 65 declaration, 69 cloud or credentials, 70 bug, 78 state, 130 interrupted.";

/// What is the same for every command.
#[derive(Debug, Args)]
pub(super) struct Common {
    /// Folder of the lockfiles [default: state; of a rehearsal, a folder beside FILE]
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
    /// How many times faster than real time the cloud is; for rehearsals, also against an emulator
    #[arg(long, global = true, value_name = "FACTOR", env = "PPM_INFRA_TIME_SCALE", hide = true)]
    pub(super) time_scale: Option<f64>,
    /// Tell each step and decision on stderr; twice: each call as well, with its request id
    #[arg(short, long, global = true, action = clap::ArgAction::Count)]
    pub(super) verbose: u8,
    /// Add what `-vv` tells to this file, a JSON object per line
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

/// What to do.
#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Show what would change, and change nothing
    Plan(PlanArgs),
    /// Show a saved plan, as `plan` showed it
    Show(ShowArgs),
    /// Make it so, then write the Helm values
    Apply(ApplyArgs),
    /// Remove everything; data only where you say so
    Destroy(DestroyArgs),
    /// Show what somebody else moved, and change nothing
    Drift(File),
    /// Show whether the stack serves, and what ends when
    Status(File),
    /// Make a lost or damaged lockfile again, from what stands in AWS
    Recover(RecoverArgs),
    /// Take over one object that somebody else made
    Adopt(AdoptArgs),
    /// Print the Helm values of what stands, or check a file of them
    Values(ValuesArgs),
    /// Print the Kubernetes Secrets that the values name, for a pipe to kubectl
    Secrets(SecretsArgs),
    /// Enter the cluster into a kubeconfig
    Kubeconfig(KubeconfigArgs),
    /// Print a token for the cluster, as kubectl asks for it
    EksToken(EksTokenArgs),
    /// List what to bring into a network that does not reach the internet
    OfflineChecklist(File),
    /// Print the resources and what they need
    Graph(GraphArgs),
    /// Look into the lockfile, and mend it
    #[command(subcommand)]
    State(StateCommand),
    /// See who works on the stack
    #[command(subcommand)]
    Lock(LockCommand),
    /// End the lease of somebody who died; of a living holder only with --force
    Unlock {
        /// Which declaration
        #[command(flatten)]
        file: File,
        /// Although the holder is alive: it then writes nothing any more
        #[arg(long)]
        force: bool,
    },
    /// Print what the stack publishes
    Output(OutputArgs),
    /// Check a declaration without asking the cloud
    Validate(File),
    /// Print the JSON Schema of declarations
    Schema,
    /// Say what a key of the declaration does
    Explain {
        /// The key, such as `database.multi_az`; without one, all of them
        key: Option<String>,
    },
    /// Write a commented declaration
    Init(InitArgs),
    /// Print completions for a shell
    Completions {
        /// The shell
        shell: Shell,
    },
    /// Print the manual page, or write one for each command into a folder
    Man {
        /// Where to write them
        folder: Option<PathBuf>,
    },
}

/// Which declaration.
#[derive(Clone, Debug, Args)]
pub(super) struct File {
    /// The declaration; by default the only one in plans/
    pub(super) file: Option<PathBuf>,
}

/// Arguments of `plan`.
#[derive(Debug, Args)]
#[expect(clippy::struct_excessive_bools, reason = "each is a switch of the command line")]
pub(super) struct PlanArgs {
    /// Which declaration
    #[command(flatten)]
    pub(super) file: File,
    /// Save the plan, to be applied as it is
    #[arg(short, long, value_name = "FILE")]
    pub(super) out: Option<PathBuf>,
    /// Exit with 2 when there are changes
    #[arg(long)]
    pub(super) detailed_exitcode: bool,
    /// Replace this object even if nothing differs
    #[arg(long, value_name = "ADDRESS")]
    pub(super) replace: Vec<Address>,
    /// Plan the removal of everything
    #[arg(long)]
    pub(super) destroy: bool,
    /// Let it become older although its database may be migrated already: `package-manager`
    #[arg(long, value_name = "WHAT", value_delimiter = ',')]
    pub(super) downgrade: Vec<Downgradable>,
    /// Where apply is to write the Helm values; by default out/STACK.values.yaml
    #[arg(long, value_name = "FILE", conflicts_with = "destroy")]
    pub(super) values: Option<PathBuf>,
    /// With --destroy: data stores to delete with their data
    #[arg(long, value_name = "WHAT", value_delimiter = ',', value_parser = data_stores(), requires = "destroy")]
    pub(super) delete_data: Vec<String>,
    /// With --destroy: delete the database without a last snapshot
    #[arg(long, requires = "destroy")]
    pub(super) no_final_snapshot: bool,
    /// Show every field of what would be made
    #[arg(long)]
    pub(super) full: bool,
}

/// Arguments of `show`.
#[derive(Debug, Args)]
pub(super) struct ShowArgs {
    /// The saved plan
    #[arg(value_name = "SAVED")]
    pub(super) file: PathBuf,
    /// Show every field of what would be made
    #[arg(long)]
    pub(super) full: bool,
}

/// Arguments of `apply`.
#[derive(Debug, Args)]
pub(super) struct ApplyArgs {
    /// The declaration, or a saved plan; by default the only declaration in plans/
    pub(super) file: Option<PathBuf>,
    /// Do not ask
    #[arg(long)]
    pub(super) auto_approve: bool,
    /// Replace this object even if nothing differs
    #[arg(long, value_name = "ADDRESS")]
    pub(super) replace: Vec<Address>,
    /// Let it become older although its database may be migrated already: `package-manager`
    #[arg(long, value_name = "WHAT", value_delimiter = ',')]
    pub(super) downgrade: Vec<Downgradable>,
    /// Where to write the Helm values; by default out/STACK.values.yaml, or where the saved plan says
    #[arg(long, value_name = "FILE")]
    pub(super) values: Option<PathBuf>,
    /// What becomes of what this run made when part of it fails
    #[arg(long, value_name = "WHAT", default_value = "keep")]
    pub(super) on_failure: OnFailure,
}

/// What may become older when it is named.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum Downgradable {
    /// Package Manager: its chart, or the image in place of the chart's own.
    PackageManager,
}

/// What becomes of what a run made when part of it fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum OnFailure {
    /// It stays, and the next apply goes on from there.
    Keep,
    /// It goes again: what this run made, and nothing it changed, replaced or found.
    Rollback,
}

/// Arguments of `recover`.
#[derive(Debug, Args)]
pub(super) struct RecoverArgs {
    /// Which declaration
    #[command(flatten)]
    pub(super) file: File,
    /// Do so though the lockfile is sound; it is kept beside the new one
    #[arg(long)]
    pub(super) force: bool,
    /// Do not ask
    #[arg(long)]
    pub(super) auto_approve: bool,
}

/// Arguments of `adopt`.
#[derive(Debug, Args)]
pub(super) struct AdoptArgs {
    /// Where it is to stand, such as `security_group.database`
    pub(super) address: Address,
    /// Its id, as AWS writes it: sg-0123456789abcdef0, the name of a bucket, the ARN of a load balancer
    pub(super) id: String,
    /// Which declaration
    #[command(flatten)]
    pub(super) file: File,
    /// Do not ask
    #[arg(long)]
    pub(super) auto_approve: bool,
}

/// Arguments of `destroy`.
#[derive(Debug, Args)]
pub(super) struct DestroyArgs {
    /// Which declaration
    #[command(flatten)]
    pub(super) file: File,
    /// Data stores to delete with their data
    #[arg(long, value_name = "WHAT", value_delimiter = ',', value_parser = data_stores())]
    pub(super) delete_data: Vec<String>,
    /// Delete the database without a last snapshot
    #[arg(long)]
    pub(super) no_final_snapshot: bool,
    /// Do not ask
    #[arg(long)]
    pub(super) auto_approve: bool,
}

/// The words of the kinds that hold data.
fn data_stores() -> PossibleValuesParser {
    let told = |facts: Facts| match facts.holds {
        Holds::Data { word, told } => Some(PossibleValue::new(word).help(told)),
        Holds::Nothing | Holds::Secret => None,
    };
    PossibleValuesParser::new(catalog().into_values().filter_map(told))
}

/// Arguments of `values`.
#[derive(Debug, Args)]
pub(super) struct ValuesArgs {
    /// Which declaration
    #[command(flatten)]
    pub(super) file: File,
    /// Write them there instead of stdout
    #[arg(short, long, value_name = "FILE", conflicts_with_all = ["check", "schema"])]
    pub(super) out: Option<PathBuf>,
    /// Check this values file, such as one that was edited, and print no values
    #[arg(long, value_name = "VALUES", conflicts_with = "schema")]
    pub(super) check: Option<PathBuf>,
    /// Print the JSON Schema of the chart's values, for editors
    #[arg(long)]
    pub(super) schema: bool,
}

/// Arguments of `graph`.
#[derive(Debug, Args)]
pub(super) struct GraphArgs {
    /// Which declaration
    #[command(flatten)]
    pub(super) file: File,
    /// How to draw it
    #[arg(long, value_name = "FORMAT", default_value = "dot")]
    pub(super) format: GraphFormat,
}

/// How to draw a graph.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum GraphFormat {
    /// For Graphviz.
    Dot,
    /// For Markdown.
    Mermaid,
}

/// What to do with the lock.
#[derive(Debug, Subcommand)]
pub(super) enum LockCommand {
    /// Show who holds it, since when, and what they are doing
    Status(File),
}

/// What to do with the lockfile.
#[derive(Debug, Subcommand)]
pub(super) enum StateCommand {
    /// List what is recorded
    List {
        /// Which declaration
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
        /// Which declaration
        #[command(flatten)]
        file: File,
    },
    /// Forget a record; the object stays
    Rm {
        /// Which resource
        address: Address,
        /// Which declaration
        #[command(flatten)]
        file: File,
    },
    /// Give a record another name
    Mv {
        /// Its address now
        from: Address,
        /// Its address then
        to: Address,
        /// Which declaration
        #[command(flatten)]
        file: File,
    },
    /// List the serials that are kept
    History(File),
    /// Put an earlier lockfile that is kept in force again
    Restore {
        /// Its serial
        serial: u64,
        /// Which declaration
        #[command(flatten)]
        file: File,
        /// Although it does not know what stands
        #[arg(long)]
        force: bool,
    },
    /// Print the lockfile
    Pull(File),
    /// Put a lockfile in force
    Push {
        /// The lockfile
        lockfile: PathBuf,
        /// Which declaration
        #[command(flatten)]
        file: File,
        /// Although it is older, of another lineage, or does not know what stands
        #[arg(long)]
        force: bool,
    },
    /// Move the state from the folder into the bucket that the declaration names
    Migrate(File),
}

/// Arguments of `output`.
#[derive(Debug, Args)]
pub(super) struct OutputArgs {
    /// Only this one, as plain text
    pub(super) name: Option<String>,
    /// Which declaration
    #[arg(short, long, value_name = "FILE")]
    pub(super) file: Option<PathBuf>,
}

/// Arguments of `init`.
#[derive(Debug, Args)]
pub(super) struct InitArgs {
    /// Where to write it
    #[arg(value_name = "FILE", default_value = "plans/stack.yaml")]
    pub(super) file: PathBuf,
    /// Settings, as in `--set stack=ppm-prod`; whatever is missing is asked for on a terminal
    #[arg(long, value_name = "KEY=VALUE")]
    pub(super) set: Vec<String>,
    /// Every key at its default, commented
    #[arg(long)]
    pub(super) full: bool,
}
