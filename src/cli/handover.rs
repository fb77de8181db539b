//! The file of Helm values: where it is, what there may be written over, and what is kept aside.
//!
//! Promises: nothing that is not ours is written over, and nothing that somebody changed is lost.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use super::args::Common;
use super::content::FileContent;
use super::failure::Failure;
use super::workplace::Declaration;
use super::{chosen, downgrade, exit, out};
use crate::architecture::{NoValues, foreseen, hand_over, helm_inputs, last_release};
use crate::engine::plan::{Action, Plan};
use crate::engine::state::State;
use crate::engine::values::{FileState, OnDisk, ValuesPlan, Written};
use crate::helm::{Header, leaves, shell_word};
use crate::model::document::digest;
use crate::report::ValuesFile;
use crate::run::Planned;
use crate::stack::Stack;
use crate::store::{StoreError, file};

/// Where every stack of a folder wrote its values once.
const ONCE: &str = "out/values.yaml";

/// Where an apply writes the values unless it is told otherwise. What a rehearsal writes is with the rest of it.
pub(super) fn usual(common: &Common, stack: &Stack) -> PathBuf {
    let folder = if common.state.is_some() { None } else { chosen::rehearsal_folder(common) };
    folder.unwrap_or_else(|| "out".into()).join(format!("{}.values.yaml", stack.stack))
}

/// A place for the values of one stack.
#[derive(Clone, Debug)]
pub(super) struct ValuesTarget<'a> {
    /// The file.
    pub(super) path: &'a Path,
    /// Whose values they are.
    pub(super) stack: &'a Stack,
    /// The account of that stack.
    pub(super) account: &'a str,
    /// How another file is named on the command line.
    pub(super) option: &'static str,
}

impl ValuesTarget<'_> {
    /// What is there.
    ///
    /// # Errors
    /// When it is not ours to write over.
    pub(super) fn look(&self) -> Result<Option<OnDisk>, Failure> {
        let Some(text) = self.text()? else { return Ok(None) };
        let Some((header, line, body)) = Header::in_file(&text) else { return Err(self.not_ours(&text)) };
        let Header { stack, account, region, serial, digest: sum } = header;
        if (stack.as_str(), account.as_str(), region.as_str())
            != (self.stack.stack.as_str(), self.account, self.stack.region.as_str())
        {
            let heading = format!(
                "{}:{line}: these are the values of the stack {stack} in account {account}, {region}, and not those of \
                 {} in account {}, {}",
                self.path.display(),
                self.stack.stack,
                self.account,
                self.stack.region,
            );
            return Err(self.refused(heading));
        }
        let is_as_written = digest(body.as_bytes()) == sum;
        let keys = leaves(&body).map_err(|problem| format!("line {}: {}", problem.line, problem.message));
        Ok(Some(OnDisk { serial, digest: sum, is_as_written, keys }))
    }

    /// Writes the file. What somebody changed in the one before is kept beside it, under the name that is answered.
    pub(super) fn put(&self, text: &str) -> Result<Option<PathBuf>, Failure> {
        let edited = self.look()?.is_some_and(|found| !found.is_as_written);
        let aside = if edited { self.text()?.map(|before| self.keep(&before)).transpose()? } else { None };
        if let Some(folder) = self.path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
            file::make_folder(folder)?;
        }
        file::write_whole(self.path, text.as_bytes())?;
        Ok(aside)
    }

    /// Keeps a text beside the file, under a name that is free.
    fn keep(&self, text: &str) -> Result<PathBuf, Failure> {
        let named = |n: u32| match n {
            1 => PathBuf::from(format!("{}.orig", self.path.display())),
            n => PathBuf::from(format!("{}.orig.{n}", self.path.display())),
        };
        let free =
            (1..=u32::MAX).map(named).find(|path| !file::is_there(path)).expect("there are more names than files");
        file::write_whole(&free, text.as_bytes())?;
        Ok(free)
    }

    /// What is in the file; nothing where there is none, or an empty one.
    fn text(&self) -> Result<Option<String>, Failure> {
        match file::read_if_there(self.path) {
            Ok(text) => Ok(text.filter(|text| !text.trim().is_empty())),
            // That no file can be there is told when it is written.
            Err(StoreError::Io { source, .. }) if source.kind() == ErrorKind::NotADirectory => Ok(None),
            Err(error) => Err(self.refused(error.to_string())),
        }
    }

    fn not_ours(&self, text: &str) -> Failure {
        let path = self.path.display();
        self.refused(match FileContent::of(text) {
            FileContent::Values => format!(
                "{path}:1: these are Helm values without the line that says whose they are, as older versions wrote them"
            ),
content @ (FileContent::Declaration | FileContent::SavedPlan | FileContent::Printed | FileContent::Lockfile | FileContent::Journal | FileContent::RunHistory) => {
                format!("{path}:1: this is {}, and not the values of {}", content.word(), self.stack.stack)
            }
            FileContent::Other => format!(
                "{path}:1: this file was not written by ppm-infra: it has no line that says whose values they are"
            ),
        })
    }

    fn refused(&self, heading: String) -> Failure {
        Failure::new(exit::USAGE, heading)
            .hint(format!("it is not written over, and nothing was changed; name another file with `{}`", self.option))
            .hint(self.move_hint())
    }

    /// How to move away what is in its place.
    fn move_hint(&self) -> String {
        let word = |path: &Path| shell_word(&path.display().to_string());
        let (from, to) = (word(self.path), word(&file::free(self.path, "mine")));
        format!("if that file may go from there: `mv {from} {to}`, and run again")
    }
}

/// What an apply does about the values, once it did everything else that is planned; and why it would refuse to write
/// over what is there.
pub(super) fn foresee(
    declaration: &Declaration,
    state: &State,
    planned: &Planned,
    path: &Path,
) -> Result<(ValuesPlan, Option<Failure>), Failure> {
    let stack = &declaration.stack;
    let target = ValuesTarget { path, stack, account: &planned.surroundings.account, option: "--values" };
    let (on_disk, refusal) = match target.look() {
        Ok(on_disk) => (on_disk, None),
        Err(failure) => (None, Some(failure)),
    };
    let known = known(state, &planned.plan);
    let makes = planned.plan.actions.iter().filter(|(_, action)| action.makes_new());
    let fresh = makes.map(|(address, _)| address.clone()).collect();
    let wanted = foreseen(stack, &known, &fresh).map_err(NoValues::from)?;
    let is_new = helm_inputs(stack, &known).is_err();
    let file = path.display().to_string();
    let plan = ValuesPlan::of(file, &wanted, state.values.as_ref(), on_disk.as_ref(), last_release(state), is_new);
    let foreign = refusal.as_ref().map(|failure| FileState::Foreign(failure.heading.clone()));
    let found = foreign.unwrap_or_else(|| plan.found.clone());
    Ok((ValuesPlan { is_downgrade: downgrade::is_one(declaration, state), found, ..plan }, refusal))
}

/// The file that was written last and what it is now; nothing if no values were ever written. A file that is not ours any
/// more is not the one that was written.
pub(super) fn drift(common: &Common, declaration: &Declaration, state: &State) -> Option<ValuesFile> {
    let (stack, written) = (&declaration.stack, state.values.as_ref());
    let path = written.map_or_else(|| usual(common, stack), |written| PathBuf::from(&written.file));
    let target = ValuesTarget { path: &path, stack, account: &state.account, option: "--values" };
    let found = match (target.look(), written) {
        (Ok(Some(found)), _) => found.found(written, None),
        (Ok(None), Some(_)) => FileState::Missing,
        (Err(failure), Some(_)) => FileState::Foreign(failure.heading),
        (Ok(None) | Err(_), None) => return None,
    };
    let file = path.display().to_string();
    let remedies = match found {
        FileState::Missing | FileState::Other(_) => {
            let (declared, into) = (shell_word(&declaration.name()), shell_word(&file));
            let again = text(stack, state, &path, state.serial).ok().map(|(_, again)| again.digest);
            // Once the declaration was edited, what it makes is not what was applied.
            if again.is_some() && again == written.map(|written| written.digest.clone()) {
                vec![format!("`ppm-infra values {declared} -o {into}` writes it anew")]
            } else {
                vec![format!("`ppm-infra plan {declared}` shows what the next apply writes there")]
            }
        }
        FileState::Foreign(_) => vec![target.move_hint()],
        FileState::AsWritten | FileState::Edited(_) => Vec::new(),
    };
    Some(ValuesFile { file, found, remedies })
}

/// The state with what the plan found to be right.
fn known(state: &State, plan: &Plan) -> State {
    let mut known = state.clone();
    for moved in &plan.moved {
        known.shift(moved);
    }
    if !plan.adopted.is_empty() {
        known.resources.extend(plan.adopted.clone());
    }
    for (address, action) in &plan.actions {
        if let Action::NoOp { record: Some(record) } = action {
            known.resources.insert(address.clone(), (**record).clone());
        }
    }
    known
}

/// The text of the values and what to remember of it, for a state that is about to be written.
pub(super) fn text(stack: &Stack, state: &State, path: &Path, serial: u64) -> Result<(String, Written), Failure> {
    Ok(hand_over(stack, state, &path.display().to_string(), serial)?)
}

/// Says what became of the file that was there before.
pub(super) fn tell(path: &Path, aside: Option<&Path>, is_first_record: bool) {
    if let Some(aside) = aside {
        out::note(&format!(
            "{} was changed by hand: it is kept as {}, and what is declared was written in its place.\n",
            path.display(),
            aside.display()
        ));
    }
    if is_first_record && path != Path::new(ONCE) && file::is_there(Path::new(ONCE)) {
        out::note(&format!(
            "{ONCE}, where earlier versions wrote the values of every stack, was left as it is. Use {} from now on.\n",
            path.display()
        ));
    }
}
