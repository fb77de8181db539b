//! Which objects `drift` is asked to look at: all that are recorded, those behind `--only`, or those that the event behind
//! `--event` is about.
//!
//! Promises: what cannot be said of some objects alone is refused before anything is read, and so is what is no event.

use std::collections::BTreeSet;
use std::path::Path;

use super::args::DriftArgs;
use super::exit;
use super::failure::Failure;
use crate::audit::{AuditEvent, DETAIL_TYPE};
use crate::engine::PlanError;
use crate::engine::state::State;
use crate::model::address::Address;
use crate::resources::catalog;
use crate::run::{LookScope, about};
use crate::store::file;
use crate::text::nearest;

/// The objects that the command line names.
pub(super) enum AskedScope {
    /// All that are recorded.
    Everything,
    /// These.
    Only(BTreeSet<Address>),
    /// Those that this event is about.
    About(Box<AuditEvent>),
}

impl AskedScope {
    /// Those of the command line. Refuses what goes with a look at everything alone; `stacks` is how many declarations
    /// are named.
    pub(super) fn named(args: &DriftArgs, stacks: usize) -> Result<Self, Failure> {
        let option = match (&args.event, args.only.as_slice()) {
            (Some(_), _) => "--event",
            (None, [_, ..]) => "--only",
            (None, []) => return Ok(Self::Everything),
        };
        let whole = [("--prometheus", args.prometheus.is_some()), ("--sarif", args.sarif.is_some())];
        if let Some((file, _)) = whole.into_iter().find(|(_, is_named)| *is_named) {
            let heading = format!("{file} does not go with {option}: its file would say that nothing else has drifted");
            return Err(Failure::new(exit::USAGE, heading)
                .hint(format!("leave `{file}` out, or look at everything"))
                .hint("`--report` and `--json` say how many objects were looked at"));
        }
        if stacks > 1 {
            let heading = format!("{option} is about objects of one stack, and {stacks} are named");
            return Err(Failure::new(exit::USAGE, heading).hint("name one declaration"));
        }
        match &args.event {
            Some(source) => Ok(Self::About(Box::new(event(source)?))),
            None => Ok(Self::Only(args.only.iter().cloned().collect())),
        }
    }

    /// What is looked at of what is recorded.
    ///
    /// # Errors
    /// Where something is named that is not recorded.
    pub(super) fn of(&self, state: &State) -> Result<LookScope, Failure> {
        match self {
            Self::Everything => Ok(LookScope::Everything),
            Self::Only(only) => match only.iter().find(|address| !state.resources.contains_key(*address)) {
                None => Ok(LookScope::Only(only.clone())),
                Some(unknown) => Err(not_recorded(unknown, state)),
            },
            Self::About(event) => Ok(LookScope::Only(about(&catalog(), state, event))),
        }
    }

    /// The event that asks for the look, if one does.
    pub(super) fn event(&self) -> Option<&AuditEvent> {
        match self {
            Self::Everything | Self::Only(_) => None,
            Self::About(event) => Some(event),
        }
    }
}

fn not_recorded(unknown: &Address, state: &State) -> Failure {
    let known: Vec<String> = state.resources.keys().map(ToString::to_string).collect();
    let mut failure = Failure::from(PlanError::NotRecorded { address: unknown.clone() });
    if let Some(meant) = nearest(&unknown.to_string(), known.iter().map(String::as_str)) {
        failure.hints.insert(0, format!("did you mean `{meant}`?"));
    }
    failure
}

/// The event of a file, of standard input, or of a variable of the environment.
fn event(source: &str) -> Result<AuditEvent, Failure> {
    let wrong = |why: &str| Failure::new(exit::USAGE, format!("the event in {source} cannot be used: {why}"));
    let text = if let Some(name) = source.strip_prefix("env:") {
        variable(name).ok_or_else(|| wrong("that variable is not set"))?
    } else {
        let read = file::read_input(Path::new(source)).map_err(|error| Failure { code: exit::USAGE, ..error.into() });
        read?.ok_or_else(|| wrong("there is no such file"))?
    };
    AuditEvent::delivered(&text).map_err(|error| {
        wrong(&error.to_string())
            .hint(format!(
                "EventBridge delivers it with `\"detail-type\": \"{DETAIL_TYPE}\"`, and the record of CloudTrail in `detail`"
            ))
            .hint("a record alone is taken as well, as the event history of CloudTrail shows it")
    })
}

#[expect(clippy::disallowed_methods, reason = "the environment is read here")]
fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|text| !text.is_empty())
}
