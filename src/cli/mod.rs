//! Floor 7: the program. Picks concrete parts, calls the runner, turns errors into words and an exit status.

mod adopt;
mod apply;
mod args;
mod ask;
mod checking;
mod chosen;
mod content;
mod cost;
mod crash;
mod credentials;
mod declaration;
mod downgrade;
mod drift;
mod drift_accept;
mod drift_files;
mod drift_fix;
mod drift_put_right;
mod drift_schedule;
mod drift_scope;
mod drift_waive;
pub mod exit;
mod explain;
mod export;
mod failure;
mod folder;
mod graph;
mod handover;
mod heartbeat;
mod iam_policy;
mod install;
mod kubeconfig;
mod lock;
mod log;
mod memory;
mod notify;
mod offline;
mod out;
mod plan;
mod plan_files;
mod pods;
mod preflight;
mod record;
mod recover;
mod recovery_output;
mod report_files;
mod rewrite;
mod saved;
mod secrets;
mod show;
mod skip;
mod stamp;
mod state;
mod status;
mod typed;
mod values;
mod versions;
mod wanted;
mod work;
mod workplace;

use std::ffi::OsString;
use std::process::ExitCode;

use clap::Parser;
use tracing::Instrument as _;

use args::{Cli, Color, Command, LockCommand};
pub use failure::Failure;

use crate::run::Stop;

/// Runs the program with these arguments; the first is its name.
pub fn main(args: impl IntoIterator<Item = OsString>) -> ExitCode {
    crash::watch();
    let arguments: Vec<OsString> = args.into_iter().collect();
    let cli = match Cli::try_parse_from(&arguments) {
        Ok(cli) => cli,
        Err(error) => {
            let wrong = error.use_stderr();
            // Help that nobody reads any more is no failure.
            let _ = error.print();
            return ExitCode::from(if wrong { exit::USAGE } else { exit::DONE });
        }
    };
    match cli.common.color {
        Color::Auto => {}
        Color::Always => anstream::ColorChoice::Always.write_global(),
        Color::Never => anstream::ColorChoice::Never.write_global(),
    }
    crash::invoked(crash::Invocation { arguments, folder: chosen::state_folder(&cli.common), json: cli.common.json });
    typed::called(&cli.common);
    let json = cli.common.json;
    match start(cli) {
        Ok(code) => ExitCode::from(code),
        Err(failure) => {
            show::failure(json, &failure);
            ExitCode::from(failure.code)
        }
    }
}

fn start(cli: Cli) -> Result<u8, Failure> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    let runtime = runtime.map_err(|error| Failure::new(exit::BUG, format!("could not start: {error}")))?;
    let span = log::begin(cli.common.verbose, cli.common.log_file.as_deref(), cli.common.color)?;
    let code = runtime.block_on(dispatch(cli).instrument(span));
    // A call that was abandoned may hang in the network; nobody waits for it.
    runtime.shutdown_background();
    code
}

async fn dispatch(cli: Cli) -> Result<u8, Failure> {
    let common = &cli.common;
    let stop = Stop::new();
    match cli.command {
        Command::Plan(args) => plan::plan(common, args, stop).await,
        Command::Show(args) => plan::show(common, &args),
        Command::Apply(args) => apply::apply(common, args, stop).await,
        Command::Destroy(args) => apply::destroy(common, args, stop).await,
        Command::Drift(args) => drift::drift(common, &args, stop).await,
        Command::Status(args) => status::status(common, &args, stop).await,
        Command::Recover(args) => recover::recover(common, &args, stop).await,
        Command::Adopt(args) => adopt::adopt(common, &args, stop).await,
        Command::Values(args) => values::values(common, args).await,
        Command::Secrets(args) => secrets::secrets(common, args, stop).await,
        Command::Kubeconfig(args) => kubeconfig::kubeconfig(common, &args).await,
        Command::EksToken(args) => kubeconfig::eks_token(&args).await,
        Command::OfflineChecklist(args) => offline::offline_checklist_of(common, &args),
        Command::Graph(args) => graph::graph(common, &args).await,
        Command::State(command) => state::state(common, command).await,
        Command::Lock(LockCommand::Status(args)) => lock::status(common, &args).await,
        Command::Unlock { file, force } => lock::unlock(common, &file, force).await,
        Command::Output(args) => values::output(common, args).await,
        Command::Cost(args) => cost::cost(common, &args),
        Command::Preflight(args) => preflight::preflight(common, args, stop).await,
        Command::Validate(args) => declaration::validate(common, &args),
        Command::Schema => Ok(declaration::schema()),
        Command::Explain(args) => explain::explain(common, &args).await,
        Command::Init(args) => declaration::init(&args, &stop).await,
        Command::Export(command) => export::export_command(common, &command).await,
        Command::IamPolicy(args) => iam_policy::iam_policy(common, &args).await,
        Command::Completions { shell } => Ok(install::completions(shell)),
        Command::Man { folder } => install::man(folder.as_deref()),
    }
}
