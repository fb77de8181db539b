//! `recover`: a lockfile that was lost or damaged, made again from what stands.

use super::args::{Common, RecoverArgs};
use super::failure::Failure;
use super::work::{StackRun, locked};
use super::{exit, out, recovery_output, show, workplace};
use crate::engine::state::State;
use crate::helm::shell_word;
use crate::run::{self, EventEmitter, Stop};
use crate::store::Store as _;
use crate::store::home::{Home, Purpose};
use workplace::Declaration;

/// Makes the lockfile again.
pub(super) async fn recover(common: &Common, args: &RecoverArgs, stop: Stop) -> Result<u8, Failure> {
    let declaration = Declaration::load(args.file.file.as_deref())?;
    let session = workplace::session(common, &declaration.stack, stop).await?;
    let home = workplace::home(common, &declaration)?;
    let run = StackRun { common, declaration: &declaration, session: &session };
    locked(home, Purpose::Mend, "recover", &session.host, &session.stop, async |mut home| {
        made_again(run, args, &mut home).await
    })
    .await
}

async fn made_again(run: StackRun<'_>, args: &RecoverArgs, home: &mut Home) -> Result<u8, Failure> {
    let StackRun { common, declaration, session } = run;
    let word = match home.load().await {
        // That the stack was renamed is said, rather than an empty record made.
        Ok(None) => {
            workplace::load(home, declaration).await?;
            "damaged"
        }
        Ok(Some(_)) if args.force => "backup",
        Ok(Some(book)) => {
            let heading = format!("{} is sound, at serial {}", home.path().display(), book.state.serial);
            return Err(Failure::new(exit::FAILED, heading)
                .hint("nothing was changed; `ppm-infra plan` compares it with what stands")
                .hint("`--force` keeps it aside and makes another"));
        }
        Err(error) if error.is_damage() => "damaged",
        Err(error) => return Err(error.into()),
    };
    let mut sinks = show::looking_sinks(common, session);
    let mut events = EventEmitter::new(session, &mut sinks);
    let fresh = State { lineage: session.host.fresh_id(), ..workplace::fresh(declaration) };
    let rebuilt = run::rebuild(session, declaration, fresh, &mut events).await?;
    drop(sinks);
    recovery_output::found(common, declaration, &rebuilt);
    if rebuilt.state.is_empty() {
        let heading = format!("nothing carries the marks of {}; no lockfile was written", declaration.stack.stack);
        return Err(Failure::new(exit::FAILED, heading).hint(
            "check account, region and the name of the stack; if nothing stands, `ppm-infra apply` makes all of it",
        ));
    }
    if !args.auto_approve {
        run.approve("recover", "yes").await?;
    }
    let serial = match home {
        // What was set aside there is no version before this one.
        Home::Folder(_) => 1,
        Home::Bucket(_) => home.anew().await?,
    };
    let state = State { serial, ..rebuilt.state.clone() };
    let aside = home.set_aside(word).await?;
    home.write(&state).await?;
    if common.json {
        recovery_output::recovered(&rebuilt, state.serial);
    } else {
        for path in aside {
            out::note(&format!("Kept as {}.\n", path.display()));
        }
        let (path, file) = (home.path(), shell_word(&declaration.name()));
        out::note(&format!(
            "Written to {} at serial {}. Next: `ppm-infra plan {file}`.\n",
            path.display(),
            state.serial
        ));
    }
    Ok(if rebuilt.blind.is_some() { exit::INCOMPLETE } else { exit::DONE })
}
