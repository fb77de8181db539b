//! `adopt`: one object that somebody else made becomes ours.

use super::args::{AdoptArgs, Common};
use super::failure::Failure;
use super::work::{Asked, StackRun};
use super::{exit, out, show, workplace};
use crate::helm::shell_word;
use crate::report::Goal;
use crate::run::{self, Settled, Stop};
use workplace::Declaration;

/// Takes an object over.
pub(super) async fn adopt(common: &Common, args: &AdoptArgs, stop: Stop) -> Result<u8, Failure> {
    let declaration = Declaration::load(args.file.file.as_deref())?;
    let session = workplace::session(common, &declaration.stack, stop).await?;
    let run = StackRun { common, declaration: &declaration, session: &session };
    run.settled("adopt", async |settled| take(run, args, settled).await).await
}

async fn take(run: StackRun<'_>, args: &AdoptArgs, settled: Settled<'_>) -> Result<u8, Failure> {
    let StackRun { common, declaration, session } = run;
    let adoption = run::examine(session, declaration, settled.state(), &args.address, &args.id).await?;
    let (address, id) = (&args.address, &adoption.id);
    run.show(&adoption.ahead, Goal::Converge, None, None);
    if adoption.is_vain() {
        out::note(&format!(
            "This is how {id} differs from what is declared. Taken over, the next apply puts another object in its place.\n"
        ));
    } else if adoption.ahead.plan.has_changes() {
        out::note(&format!(
            "This is how {id} differs from what is declared. Taking it over sets its tags; the next apply does the rest.\n"
        ));
    } else {
        out::note(&format!("{id} is what is declared at {address}.\n"));
    }
    if !args.auto_approve {
        run.approve("adopt", "yes").await?;
    }
    let mut open = settled.open().await?;
    let asked = Asked::Adopt { address: address.clone(), id: args.id.clone() };
    let report = run.carry_out(&mut open, &adoption.taking, &asked, Goal::Converge, |state| state).await?;
    if !report.is_complete() {
        return Ok(show::exit_status(session, &report));
    }
    if !common.json {
        let file = shell_word(&declaration.name());
        out::note(&format!("{address} is {id} from now on. Next: `ppm-infra plan {file}`.\n"));
    }
    Ok(exit::DONE)
}
