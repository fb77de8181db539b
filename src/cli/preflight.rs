//! `preflight`: whether the account is ready for what is declared, before anything is written; and how the checks of every
//! plan are asked for.

use std::collections::BTreeMap;
use std::str::FromStr;

use jiff::Timestamp;

use super::args::{Common, PreflightArgs};
use super::ask::Ask;
use super::failure::Failure;
use super::workplace::Declaration;
use super::{credentials, exit, memory, show, workplace};
use crate::architecture::checks;
use crate::engine::Request;
use crate::model::finding::{Check, Severity};
use crate::report::{DeclarationText, Page, PreflightView};
use crate::run::{self, EventEmitter, Stop};
use crate::text::nearest;

/// How the checks of a plan are asked for.
#[derive(Clone, Debug)]
pub(super) struct Checking {
    /// Whether what takes a second or more is asked as well.
    pub(super) is_thorough: bool,
    /// Whether a database that goes leaves a last snapshot.
    pub(super) makes_final_snapshot: bool,
    /// When the credentials end, if the environment says so.
    pub(super) credentials_end: Option<Timestamp>,
    /// Checks that somebody answers for, each with the reason.
    skipped: BTreeMap<&'static str, String>,
}

impl Default for Checking {
    fn default() -> Self {
        Self { is_thorough: false, makes_final_snapshot: true, credentials_end: None, skipped: BTreeMap::new() }
    }
}

impl Checking {
    /// That of a command which only looks.
    ///
    /// # Errors
    /// When no check has an id that is skipped.
    pub(super) fn looking(skips: &[Skip]) -> Result<Self, Failure> {
        let known = checks::ids();
        let mut skipped = BTreeMap::new();
        for Skip { id, reason } in skips {
            let Some(id) = known.iter().copied().find(|known| known == id) else {
                let failure = Failure::new(exit::USAGE, format!("there is no check {id}"));
                let failure = match nearest(id, known.iter().copied()) {
                    Some(meant) => failure.hint(format!("did you mean {meant}?")),
                    None => failure,
                };
                return Err(failure.hint("docs/checks.md lists all of them"));
            };
            skipped.insert(id, reason.clone());
        }
        Ok(Self { credentials_end: credentials::end(), skipped, ..Self::default() })
    }

    /// That of a command which is about to write.
    ///
    /// # Errors
    /// As [`Checking::looking`].
    pub(super) fn before_writing(skips: &[Skip]) -> Result<Self, Failure> {
        Ok(Self { is_thorough: true, ..Self::looking(skips)? })
    }

    /// The same where a database may go without a last snapshot.
    pub(super) fn with_final_snapshot(self, makes_final_snapshot: bool) -> Self {
        Self { makes_final_snapshot, ..self }
    }

    /// The checks with those that somebody answers for marked as such: what they found does not count.
    pub(super) fn marked(&self, all: Vec<Check>) -> Vec<Check> {
        let mark = |check: Check| match self.skipped.get(check.id) {
            Some(reason) => Check { skipped: Some(reason.clone()), ..check },
            None => check,
        };
        all.into_iter().map(mark).collect()
    }
}

/// A check that somebody answers for, as `--skip` takes it.
#[derive(Clone, Debug)]
pub(super) struct Skip {
    id: String,
    reason: String,
}

impl FromStr for Skip {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (id, reason) = text.split_once('=').unwrap_or((text, ""));
        if id.trim().is_empty() || reason.trim().is_empty() {
            return Err("a check is skipped with a reason, as in quota.vcpus='raised on Monday'".to_owned());
        }
        Ok(Self { id: id.trim().to_owned(), reason: reason.trim().to_owned() })
    }
}

/// Makes every check, and changes nothing.
pub(super) async fn preflight(common: &Common, args: PreflightArgs, stop: Stop) -> Result<u8, Failure> {
    let mut declaration = Declaration::load(args.file.file.as_deref())?;
    declaration.checking = Checking::before_writing(&args.skip)?;
    let ask = Ask { request: Request::default(), ..Ask::default() };
    let mut home = workplace::home(common, &declaration)?;
    let book = workplace::load(&mut home, &declaration).await?;
    let session = workplace::session(common, &declaration.stack, stop).await?;
    let session = memory::experienced(session, common, &declaration, ask.goal()).await;
    let state = run::foreseen(&session, &book).await?;
    let mut sinks = show::looking_sinks(common, &session);
    let mut events = EventEmitter::new(&session, &mut sinks);
    let planned = run::plan(&session, &declaration, &state, &ask.request, &mut events)
        .await
        .map_err(|error| Failure::of_planning(error, &ask, None))?;
    drop(sinks);
    let view = PreflightView {
        region: declaration.stack.region.as_str(),
        source: DeclarationText { file: &declaration.name(), text: &declaration.text },
        is_full: args.full,
    };
    show::page(common, &Page::of_preflight(&planned, &view));
    let worst = planned.checks.iter().filter_map(Check::worst).min();
    Ok(match worst {
        Some(Severity::Error) => exit::FAILED,
        Some(Severity::Unknown) => exit::INCOMPLETE,
        Some(Severity::Warning) | None => exit::DONE,
    })
}
