//! `drift fix`: what was recorded of the named objects is put back, and nothing else.

use std::collections::BTreeSet;

use super::args::{Common, FixArgs};
use super::failure::Failure;
use super::work::{Asked, StackRun};
use super::{exit, out, show, workplace};
use crate::model::address::Address;
use crate::report::Goal;
use crate::run::{self, EventEmitter, Settled, Stop};
use workplace::Declaration;

/// Puts back what was recorded.
pub(super) async fn fix(common: &Common, args: &FixArgs, stop: Stop) -> Result<u8, Failure> {
    let declaration = Declaration::load(args.file.as_deref())?;
    let session = workplace::session(common, &declaration.stack, stop).await?;
    let run = StackRun { common, declaration: &declaration, session: &session };
    run.settled("drift fix", async |settled| put_back(run, args, settled).await).await
}

async fn put_back(run: StackRun<'_>, args: &FixArgs, settled: Settled<'_>) -> Result<u8, Failure> {
    let StackRun { common, declaration, session } = run;
    let addresses: BTreeSet<Address> = args.addresses.iter().cloned().collect();
    let mut sinks = show::looking_sinks(common, session);
    let mut events = EventEmitter::new(session, &mut sinks);
    let planned = run::fix(session, declaration, settled.state(), &addresses, &mut events).await?;
    drop(sinks);
    run.show(&planned, Goal::Converge, None);
    if !planned.plan.has_changes() {
        return Ok(exit::DONE);
    }
    if !args.auto_approve {
        run.approve("fix", "yes").await?;
    }
    let mut open = settled.open().await?;
    let asked = Asked::Fix { addresses };
    let report = run.carry_out(&mut open, &planned, &asked, Goal::Converge, |state| state).await?;
    if !report.is_complete() {
        return Ok(show::exit_status(session, &report));
    }
    if !common.json {
        out::note("It is as it was recorded. What is declared and not applied yet is left to apply.\n");
    }
    Ok(exit::DONE)
}
