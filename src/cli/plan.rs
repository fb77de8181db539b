//! `plan`.

use super::args::{Common, PlanArgs};
use super::failure::Failure;
use super::saved::Saved;
use super::{exit, show, workplace};
use crate::engine::Request;
use crate::render::Goal;
use crate::run::{self, Stop, Teller};
use workplace::Declaration;

/// Shows what would change, and changes nothing.
pub(super) async fn plan(common: &Common, args: PlanArgs, stop: Stop) -> Result<u8, Failure> {
    let declaration = Declaration::load(args.file.file.as_deref())?;
    let mut store = workplace::store(common, &declaration)?;
    let book = workplace::load(&mut store, &declaration).await?;
    let session = workplace::session(common, &declaration.stack, stop).await?;
    let ask = Request { destroy: args.destroy, replace: args.replace.into_iter().collect(), ..Request::default() };
    let mut sinks = show::looking_sinks(common, &session);
    let mut tell = Teller::new(&session.host, &mut sinks);
    let planned = run::plan(&session, &declaration, &book.state, &ask, &mut tell).await?;
    drop(sinks);
    let goal = if args.destroy { Goal::Destroy } else { Goal::Converge };
    let view = show::PlanShow { common, stack: &declaration.stack, session: &session, goal, verbose: args.full };
    show::plan(&planned, &view);
    show::open_intents(&book);
    if let Some(path) = args.out {
        Saved::new(&declaration, ask, planned.plan.clone()).write(&path)?;
        show::saved(common, &path);
    }
    Ok(if args.detailed_exitcode && planned.plan.has_changes() { exit::DIFFERENT } else { exit::DONE })
}
