//! `preflight`: whether the account is ready for what is declared, before anything is written.

use super::args::{Common, PreflightArgs};
use super::ask::Ask;
use super::checking::Checking;
use super::failure::Failure;
use super::workplace::Declaration;
use super::{exit, memory, show, workplace};
use crate::model::finding::{Check, Severity};
use crate::report::{DeclarationText, Page, PreflightView};
use crate::run::{self, EventEmitter, Stop};

/// Makes every check, and changes nothing.
pub(super) async fn preflight(common: &Common, args: PreflightArgs, stop: Stop) -> Result<u8, Failure> {
    let mut declaration = Declaration::load(args.file.file.as_deref())?;
    declaration.checking = Checking::before_writing(&args.skip)?;
    let ask = Ask::default();
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
