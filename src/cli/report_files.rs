//! The files that a command writes beside what it shows: reports for people, findings and metrics for other programs.
//!
//! Promises: what cannot be written where it was named is refused before anything is read, as far as that can be known then;
//! each file is written whole or not at all, and one that cannot be written keeps no other from being written.

use std::collections::BTreeSet;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use super::content::FileContent;
use super::exit;
use super::failure::Failure;
use crate::store::{StoreError, file};

/// The files that were named, each with what goes into it.
pub(super) struct ReportFiles<Format>(Vec<(PathBuf, Format)>);

impl<Format: Copy + Ord> ReportFiles<Format> {
    /// The files that the command line names; `option` names the option of each. Refuses what is no place for one.
    pub(super) fn named(all: Vec<(PathBuf, Format)>, option: impl Fn(Format) -> &'static str) -> Result<Self, Failure> {
        let mut seen = BTreeSet::new();
        for (path, format) in &all {
            may_stand_at(path)?;
            if !seen.insert(path) {
                let heading = format!("{} is named twice", path.display());
                let hint = format!("each file has one content: name another one with `{}`", option(*format));
                return Err(Failure::new(exit::USAGE, heading).hint(hint));
            }
        }
        Ok(Self(all))
    }

    /// What goes into any of them.
    pub(super) fn formats(&self) -> BTreeSet<Format> {
        self.0.iter().map(|(_, format)| *format).collect()
    }

    /// Writes each of them.
    ///
    /// # Errors
    /// What kept any of them from being written, once all were tried.
    pub(super) fn write(&self, write: impl Fn(&Path, Format) -> Result<(), StoreError>) -> Result<(), Failure> {
        let mut failed: Option<Failure> = None;
        for (path, format) in &self.0 {
            let Err(error) = write(path, *format) else { continue };
            let Failure { heading, causes, .. } = Failure::from(error);
            match &mut failed {
                Some(first) => first.causes.extend([heading].into_iter().chain(causes)),
                None => failed = Some(Failure { causes, ..Failure::new(exit::FAILED, heading) }),
            }
        }
        failed.map_or(Ok(()), |failure| {
            Err(failure
                .hint("what was found is shown all the same, and every other file is written")
                .hint("make the folder or mend its permissions, and run again"))
        })
    }
}

/// The ending of a file by which its content is told.
pub(super) fn ending(path: &Path) -> Option<&str> {
    path.extension().and_then(|ending| ending.to_str())
}

/// Refuses a place where something stands that a forgotten word may have named: `--sarif plans/prod.yaml`.
pub(super) fn may_stand_at(path: &Path) -> Result<(), Failure> {
    let there = match file::read_if_there(path) {
        Ok(there) => there.unwrap_or_default(),
        // That no file can be there is told when it is written.
        Err(StoreError::Io { source, .. }) if source.kind() == ErrorKind::NotADirectory => return Ok(()),
        Err(error) => return Err(Failure { code: exit::USAGE, ..Failure::from(error) }),
    };
    let content = FileContent::of(&there);
    match content {
        FileContent::Declaration
        | FileContent::SavedPlan
        | FileContent::Lockfile
        | FileContent::Journal
        | FileContent::RunHistory
        | FileContent::Values => {
            let heading = format!("{} is {}; it was not touched", path.display(), content.word());
            Err(Failure::new(exit::USAGE, heading).hint("name another file behind the option"))
        }
        FileContent::Printed | FileContent::Other => Ok(()),
    }
}
