//! `state history|restore|pull|push|migrate`: whole lockfiles, from and to where they are kept.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use serde_json::json;

use super::args::{Common, File};
use super::failure::{Failure, RECOVER};
use super::record::{on_record, require_settled, to_mend, write};
use super::{chosen, exit, out, workplace};
use crate::engine::restore::{ObjectAt, Restored, restored};
use crate::engine::state::State;
use crate::helm::shell_word;
use crate::render::document;
use crate::resources::catalog;
use crate::run::Host;
use crate::store::home::Home;
use crate::store::{Store as _, StoreError, file};
use workplace::Declaration;

/// Lists the lockfiles that can be restored.
pub(super) async fn history(common: &Common, file: &File) -> Result<u8, Failure> {
    let declaration = Declaration::load(file.file.as_deref())?;
    let mut home = workplace::home(common, &declaration)?;
    let serials = home.history().await?;
    let now = match home.load().await {
        Ok(book) => book.map(|book| book.state.serial),
        // A damaged one is to be replaced by one of these, so that is no error here.
        Err(error) if error.is_damage() => {
            out::note(&format!("warning: {error}\n"));
            None
        }
        Err(error) => return Err(error.into()),
    };
    if common.json {
        let fields = [("serials", json!(serials)), ("current", json!(now))];
        out::data(&format!("{}\n", document(Some("state history"), fields)));
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
pub(super) async fn restore(common: &Common, file: &File, serial: u64, force: bool) -> Result<u8, Failure> {
    let declaration = Declaration::load(file.file.as_deref())?;
    let command = format!("ppm-infra state restore {serial}");
    let home = workplace::home(common, &declaration)?;
    let work = async |home: &mut Home| earlier(home, &declaration, (serial, force), &command).await;
    let replaced = to_mend(home, "state restore", work).await?;
    let now = replaced.serial;
    out::note(&format!("Serial {serial} is in force again, as serial {now}. `ppm-infra plan` shows what differs.\n"));
    replaced.tell();
    Ok(exit::DONE)
}

async fn earlier(
    home: &mut Home,
    declaration: &Declaration,
    (serial, force): (u64, bool),
    command: &str,
) -> Result<Replaced, Failure> {
    let Some(earlier) = home.earlier(serial).await? else {
        let failure = Failure::new(exit::USAGE, format!("serial {serial} is not kept"))
            .hint("`ppm-infra state history` lists the serials there are");
        return Err(match home {
            Home::Folder(_) => failure.hint("a folder keeps the one before the last write; git or a bucket keep all"),
            Home::Bucket(_) => failure,
        });
    };
    let (named, command) = (format!("serial {serial}"), command.to_owned());
    let given = Given { state: earlier, named, command, force, stranger: false };
    match in_force(home, declaration).await? {
        InForce::Sound(now) => replace(home, &now, given).await,
        InForce::Damaged(now) => replace_damaged(home, now.as_deref(), given).await,
    }
}

/// What is in force.
enum InForce {
    Sound(Box<State>),
    /// It cannot be worked on; what it holds, if that can be read.
    Damaged(Option<Box<State>>),
}

async fn in_force(home: &mut Home, declaration: &Declaration) -> Result<InForce, Failure> {
    match home.load().await {
        Err(StoreError::Unsound { state, .. }) => Ok(InForce::Damaged(Some(state))),
        Err(error) if error.is_damage() => Ok(InForce::Damaged(None)),
        Ok(_) | Err(_) => require_settled(home, declaration).await.map(|state| InForce::Sound(Box::new(state))),
    }
}

/// Prints the lockfile.
pub(super) async fn pull(common: &Common, file: &File) -> Result<u8, Failure> {
    let declaration = Declaration::load(file.file.as_deref())?;
    let mut home = workplace::home(common, &declaration)?;
    let book = workplace::load(&mut home, &declaration).await?;
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
    let given = crate::store::read_lockfile(path, &text, &catalog()).map_err(|error| {
        let heading = Failure::from(error);
        Failure {
            hints: vec!["nothing was changed; what is in force is another, name a sound one".to_owned()],
            ..heading
        }
    })?;
    let declaration = Declaration::load(file.file.as_deref())?;
    if given.stack != declaration.stack.stack.as_str() {
        let heading = format!("{} is of the stack {}, not {}", path.display(), given.stack, declaration.stack.stack);
        return Err(Failure::new(exit::USAGE, heading));
    }
    let home = workplace::home(common, &declaration)?;
    let command = format!("ppm-infra state push {}", shell_word(&path.display().to_string()));
    let given = Given { state: given, named: path.display().to_string(), command, force, stranger: force };
    let replaced = to_mend(home, "state push", async |home: &mut Home| pushed(home, &declaration, given).await).await?;
    out::note(&format!("{} is in force, as serial {}.\n", path.display(), replaced.serial));
    replaced.tell();
    Ok(exit::DONE)
}

async fn pushed(home: &mut Home, declaration: &Declaration, given: Given) -> Result<Replaced, Failure> {
    let now = match in_force(home, declaration).await? {
        InForce::Sound(now) => *now,
        InForce::Damaged(now) => return replace_damaged(home, now.as_deref(), given).await,
    };
    let Given { state, named, command, force, .. } = &given;
    if !force && state.lineage == now.lineage && state.serial < now.serial {
        let heading = format!("{named} is at serial {}; serial {} is in force", state.serial, now.serial);
        let hint = format!("it is older: `{command} --force` puts it in force all the same");
        return Err(Failure::new(exit::STATE, heading).hint(hint));
    }
    replace(home, &now, given).await
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
            .hint("to come back from a bucket: `ppm-infra state pull > FILE`, delete that line, `ppm-infra state push FILE`"));
    }
    let mut folder = workplace::folder_store(common, &declaration);
    let _local = folder.lock(&workplace::lock_info("state migrate", &Host::system()))?;
    let Some(book) = folder.load().await? else {
        return Err(Failure::new(exit::USAGE, format!("there is no {}", folder.path().display())));
    };
    if book.last > 0 {
        return Err(Failure::new(exit::FAILED, "an earlier run was interrupted; its journal must be settled first")
            .hint("take the line `state:` out of the declaration, apply, put it back and migrate"));
    }
    let given = Given {
        state: book.state,
        named: folder.path().display().to_string(),
        command: format!("ppm-infra state push {}", shell_word(&folder.path().display().to_string())),
        force: false,
        stranger: false,
    };
    let work = async |home: &mut Home, state: State| replace(home, &state, given).await.map(|it| it.serial);
    let now = on_record(common, file, "state migrate", work).await?;
    let aside = folder.set_aside("moved")?;
    let names: Vec<String> = aside.iter().map(|path| path.display().to_string()).collect();
    out::note(&format!(
        "The state is in the bucket, as serial {now}; the lockfile was renamed {}.\n",
        names.join(" and ")
    ));
    Ok(exit::DONE)
}

/// A state that is to be put in force.
struct Given {
    state: State,
    /// What it is called.
    named: String,
    /// What was typed to put it in force.
    command: String,
    /// Whether it goes in force though it does not know what stands.
    force: bool,
    /// Whether it goes in force though it has nothing to do with what is.
    stranger: bool,
}

/// What became of putting a state in force.
struct Replaced {
    /// Its serial now.
    serial: u64,
    /// What it did not know, whose records go on.
    carried: BTreeSet<ObjectAt>,
    /// What no record tells of any more.
    lost: BTreeSet<ObjectAt>,
    /// The serial that was in force, or where a damaged one is kept.
    before: Before,
}

/// What was in force before.
enum Before {
    Serial(u64),
    Damaged(Vec<PathBuf>),
}

/// Why a state that does not know what stands is not put in force.
fn refusal(lost: &BTreeSet<ObjectAt>, named: &str, command: &str) -> Failure {
    Failure::new(exit::STATE, format!("{named} does not know {}; nothing was changed", listed(lost)))
        .hint(
            "what stands and is in no record is looked after by nobody: no plan would find it, and no apply remove it",
        )
        .hint(format!(
            "`{command} --force` puts it in force all the same; of what is gone in AWS by now nothing is lost"
        ))
}

fn listed(objects: &BTreeSet<ObjectAt>) -> String {
    objects.iter().map(|(address, id)| format!("{address} {id}")).collect::<Vec<_>>().join(", ")
}

impl Replaced {
    /// Says what is not recorded any more, and where it is found.
    fn tell(&self) {
        let Self { carried, lost, .. } = self;
        if !carried.is_empty() {
            out::note(&format!("It did not know {}: what was recorded of that goes on.\n", listed(carried)));
        }
        if !lost.is_empty() {
            out::note(&format!("warning: no plan is sure to find {}: it does not know them.\n", listed(lost)));
        }
        match &self.before {
            Before::Serial(before) if !lost.is_empty() => out::note(&format!(
                "hint: `ppm-infra state restore {before} --force` brings what was in force back; `ppm-infra recover --force` makes \
                 a record of all that carries the marks of the stack\n"
            )),
            Before::Serial(_) => {}
            Before::Damaged(aside) => {
                let names: Vec<String> = aside.iter().map(|path| path.display().to_string()).collect();
                out::note(&format!("What was in force could not be read and is kept as {}.\n", names.join(" and ")));
                out::note(
                    "hint: what it recorded besides is not known; `ppm-infra recover --force` makes a record of all that \
                     carries the marks of the stack\n",
                );
            }
        }
    }
}

/// Puts a state in force after `now`.
async fn replace(home: &mut Home, now: &State, given: Given) -> Result<Replaced, Failure> {
    let Given { state, named, command, force, stranger } = given;
    let fresh = now.serial == 0;
    if !fresh && !stranger && state.lineage != now.lineage {
        return Err(Failure::new(exit::STATE, "that state and the one in force have nothing to do with each other")
            .hint("their lineages differ: one of them is of another stack, or was begun anew")
            .hint(format!(
                "`{command} --force` puts it in force all the same; the one in force is kept in the history"
            )));
    }
    let Restored { state, carried, lost } = restored(state, now, &catalog());
    if !force && !lost.is_empty() {
        return Err(refusal(&lost, &named, &command));
    }
    // A write must follow what is there.
    let lineage = if fresh { state.lineage.clone() } else { now.lineage.clone() };
    let serial = now.serial + 1;
    write(home, State { lineage, serial: now.serial, ..state }).await?;
    Ok(Replaced { serial, carried, lost, before: Before::Serial(now.serial) })
}

/// Puts a state in force where what is there cannot be read, which is kept aside.
async fn replace_damaged(home: &mut Home, now: Option<&State>, given: Given) -> Result<Replaced, Failure> {
    let Given { state, named, command, force, .. } = given;
    let Restored { state, carried, lost } = match now {
        Some(now) => restored(state, now, &catalog()),
        None => Restored::whole(state),
    };
    if !force && !lost.is_empty() {
        let mut failure = refusal(&lost, &named, &command);
        failure.hints.insert(0, RECOVER.to_owned());
        return Err(failure);
    }
    let serial = home.anew().await?;
    let aside = home.set_aside("damaged").await?;
    home.write(&State { serial, ..state }).await?;
    Ok(Replaced { serial, carried, lost, before: Before::Damaged(aside) })
}
