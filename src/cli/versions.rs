//! `state history|restore|pull|push|migrate`: whole lockfiles, from and to where they are kept.

use std::path::Path;

use serde_json::json;

use super::args::{Common, File};
use super::failure::Failure;
use super::place::Place;
use super::state::{open, write};
use super::{chosen, exit, out, workplace};
use crate::engine::state::State;
use crate::resources::catalog;
use crate::store::{Store, file};
use workplace::Declaration;

/// Lists the lockfiles that can be restored.
pub(super) async fn history(common: &Common, file: &File) -> Result<u8, Failure> {
    let declaration = Declaration::load(file.file.as_deref())?;
    let mut place = workplace::store(common, &declaration)?;
    let serials = place.history().await?;
    let now = place.load().await?.map(|book| book.state.serial);
    if common.json {
        let told = json!({"schema": 1, "command": "state history", "serials": serials, "current": now});
        out::data(&format!("{told}\n"));
        return Ok(exit::DONE);
    }
    for serial in serials {
        out::data(&format!("{serial}\n"));
    }
    if let Some(now) = now {
        out::data(&format!("{now}  in force\n"));
    }
    Ok(exit::DONE)
}

/// Puts an earlier lockfile in force, as the next serial.
pub(super) async fn restore(common: &Common, file: &File, serial: u64) -> Result<u8, Failure> {
    let declaration = Declaration::load(file.file.as_deref())?;
    let place = workplace::store(common, &declaration)?;
    let missing = || {
        let failure = Failure::new(exit::USAGE, format!("serial {serial} is not kept"))
            .hint("`ppm-infra state history` lists the serials there are");
        match place {
            Place::Folder(_) => failure.hint("a folder keeps the one before the last write; git or a bucket keep all"),
            Place::Bucket(_) => failure,
        }
    };
    let earlier = place.earlier(serial).await?.ok_or_else(missing)?;
    let (mut place, state, held) = open(common, file, "state restore").await?;
    let done = replace(&mut place, &state, earlier, false).await;
    held.release().await?;
    let now = done?;
    let plan = format!("{} plan", chosen::program(common));
    out::note(&format!("Serial {serial} is in force again, as serial {now}. `{plan}` shows what differs.\n"));
    Ok(exit::DONE)
}

/// Prints the lockfile.
pub(super) async fn pull(common: &Common, file: &File) -> Result<u8, Failure> {
    let declaration = Declaration::load(file.file.as_deref())?;
    let mut place = workplace::store(common, &declaration)?;
    let book = workplace::load(&mut place, &declaration).await?;
    if book.last > 0 {
        out::note(
            "warning: an earlier run was interrupted; what its journal adds is in what is printed, what it left open is not\n",
        );
    }
    out::data(&crate::store::lockfile(&book.state));
    Ok(exit::DONE)
}

/// Puts a lockfile from a file in force, as the next serial.
pub(super) async fn push(common: &Common, path: &Path, file: &File, force: bool) -> Result<u8, Failure> {
    let text = file::read_input(path)?
        .ok_or_else(|| Failure::new(exit::USAGE, format!("there is no file {}", path.display())))?;
    let given = crate::store::read_lockfile(path, &text, &catalog())?;
    let declaration = Declaration::load(file.file.as_deref())?;
    if given.stack != declaration.stack.stack.as_str() {
        let heading = format!("{} is of the stack {}, not {}", path.display(), given.stack, declaration.stack.stack);
        return Err(Failure::new(exit::USAGE, heading));
    }
    let (mut place, state, held) = open(common, file, "state push").await?;
    if !force && given.lineage == state.lineage && given.serial < state.serial {
        held.release().await?;
        let heading = format!("{} is at serial {}; serial {} is in force", path.display(), given.serial, state.serial);
        return Err(Failure::new(exit::STATE, heading).hint("`--force` puts it in force all the same"));
    }
    let done = replace(&mut place, &state, given, force).await;
    held.release().await?;
    out::note(&format!("{} is in force, as serial {}.\n", path.display(), done?));
    Ok(exit::DONE)
}

/// Moves the state from the folder into the bucket that the declaration names.
pub(super) async fn migrate(common: &Common, file: &File) -> Result<u8, Failure> {
    let declaration = Declaration::load(file.file.as_deref())?;
    if chosen::is_rehearsal(common) {
        return Err(Failure::new(exit::USAGE, "a rehearsal keeps its state beside its world, never in a bucket")
            .hint("to move the real one, say it without `--cloud`"));
    }
    if declaration.stack.state.is_none() {
        return Err(Failure::new(exit::USAGE, "the declaration names no bucket, so the state stays in the folder")
            .hint("write `state: s3://BUCKET/PREFIX` into it first")
            .hint("to come back from a bucket: `state pull > FILE`, delete that line, `state push FILE`"));
    }
    let mut folder = workplace::folder_store(common, &declaration);
    let _local = folder.lock(&workplace::lock_info("state migrate", &crate::run::Host::system()))?;
    let Some(book) = folder.load().await? else {
        return Err(Failure::new(exit::USAGE, format!("there is no {}", folder.path().display())));
    };
    if book.last > 0 {
        return Err(Failure::new(exit::FAILED, "an earlier run was interrupted; its journal must be settled first")
            .hint("take `state` out of the declaration, apply, and migrate then"));
    }
    let (mut place, state, held) = open(common, file, "state migrate").await?;
    let done = replace(&mut place, &state, book.state, false).await;
    held.release().await?;
    let now = done?;
    let aside = folder.set_aside("moved")?;
    let names: Vec<String> = aside.iter().map(|path| path.display().to_string()).collect();
    out::note(&format!(
        "The state is in the bucket, as serial {now}; the lockfile was renamed {}.\n",
        names.join(" and ")
    ));
    Ok(exit::DONE)
}

/// Puts `given` in force after `now`. A state that has nothing to do with what is in force only by `force`.
async fn replace(place: &mut Place, now: &State, given: State, force: bool) -> Result<u64, Failure> {
    let fresh = now.serial == 0;
    if !fresh && !force && given.lineage != now.lineage {
        return Err(Failure::new(exit::STATE, "that state and the one in force have nothing to do with each other")
            .hint("their lineages differ: one of them is of another stack, or was begun anew")
            .hint("`state push --force` puts it in force all the same; the one in force is kept in the history"));
    }
    // A write must follow what is there.
    let next =
        State { lineage: if fresh { given.lineage.clone() } else { now.lineage.clone() }, serial: now.serial, ..given };
    let serial = next.serial + 1;
    write(place, next).await?;
    Ok(serial)
}
