//! What goes on inside: lines on stderr when asked for, and the same as JSON in a file. Never on stdout, and never a secret:
//! whatever is told is an address, an id, a name of an operation, a duration, or an error.

use std::io::IsTerminal as _;
use std::path::Path;
use std::sync::{LazyLock, Mutex};

use tracing::Span;
use tracing_subscriber::filter::{EnvFilter, filter_fn};
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::{Layer as _, fmt};

use super::args::Color;
use super::exit;
use super::failure::Failure;
use crate::run::{Host, RunId};
use crate::store::file;

/// Our own lines; those of crates are not all free of secrets.
const OURS: &str = "ppm_infra";

/// The run that this process is.
pub(super) fn run() -> RunId {
    static RUN: LazyLock<RunId> = LazyLock::new(|| RunId::fresh(&Host::system()));
    RUN.clone()
}

/// Begins to tell. The lines of one run have its id.
///
/// # Errors
/// When the file cannot be written to.
pub(super) fn begin(verbose: u8, to: Option<&Path>, color: Color) -> Result<Span, Failure> {
    // Steps and decisions; calls as well; what the SDK says of credentials and retries as well.
    let default = match verbose {
        0 => "off",
        1 => "ppm_infra=debug",
        2 => "ppm_infra=trace",
        _ => "ppm_infra=trace,aws_config=debug,aws_smithy_runtime=debug",
    };
    let filter = EnvFilter::try_from_env("PPM_INFRA_LOG").unwrap_or_else(|_| EnvFilter::new(default));
    let colourful = match color {
        Color::Always => true,
        Color::Auto => std::io::stderr().is_terminal(),
        Color::Never => false,
    };
    let seen = fmt::layer().with_writer(std::io::stderr).with_ansi(colourful).with_target(false).with_filter(filter);
    let kept = match to {
        None => None,
        Some(path) => {
            let file = file::open_log(path).map_err(|error| Failure { code: exit::USAGE, ..error.into() })?;
            let ours = filter_fn(|line| line.target().starts_with(OURS));
            Some(
                fmt::layer()
                    .json()
                    .flatten_event(true)
                    .with_current_span(false)
                    .with_writer(Mutex::new(file))
                    .with_filter(ours),
            )
        }
    };
    // A test may have set one before us.
    let _ = tracing::subscriber::set_global_default(tracing_subscriber::registry().with(seen).with(kept));
    Ok(tracing::error_span!("run", id = run().as_str()))
}
