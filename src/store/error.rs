//! Why state could not be read or written. Every variant names the file.

use std::io;
use std::path::{Path, PathBuf};

use super::lock::LockInfo;
use crate::engine::check::Finding;
use crate::engine::state::FoldError;

/// Why state could not be read or written.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The operating system refused.
    #[error("could not {doing} {}", path.display())]
    Io {
        /// What was being done.
        doing: &'static str,
        /// To which file.
        path: PathBuf,
        /// What the operating system said.
        source: io::Error,
    },
    /// The file is no JSON: truncated, or something else altogether.
    #[error("{} is damaged: {reason}", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// The content does not match its digest.
    #[error("{} was changed by something other than ppm-infra", path.display())]
    Edited {
        /// The file.
        path: PathBuf,
    },
    /// A newer program wrote it.
    #[error("{} has format {found}; this program knows formats up to {known}", path.display())]
    Newer {
        /// The file.
        path: PathBuf,
        /// Its format.
        found: u64,
        /// The newest format this program knows.
        known: u32,
    },
    /// The content is readable, but cannot be right.
    #[error("{} is not sound: {}", path.display(), findings.iter().map(ToString::to_string).collect::<Vec<_>>().join("; "))]
    Unsound {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        findings: Vec<Finding>,
    },
    /// The journal does not continue the state.
    #[error("{} does not continue the state", path.display())]
    Journal {
        /// The file.
        path: PathBuf,
        /// What does not follow.
        source: FoldError,
    },
    /// Somebody else works on the stack.
    #[error("the stack is locked by {holder}")]
    Busy {
        /// Who.
        holder: LockInfo,
    },
    /// Somebody else wrote meanwhile.
    #[error("{} is at serial {found}; serial {expected} was expected", path.display())]
    Conflict {
        /// The file.
        path: PathBuf,
        /// The serial it should have had.
        expected: u64,
        /// The serial it has.
        found: u64,
    },
}

impl StoreError {
    /// An error of the operating system on a file.
    pub(super) fn io(doing: &'static str, path: &Path, source: io::Error) -> Self {
        Self::Io { doing, path: path.to_owned(), source }
    }
}
