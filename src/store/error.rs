//! Why state could not be read or written. Every variant names the file.

use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::bucket::{BucketError, StateBucket};
use super::lease::{Lease, VALID};
use super::lock::LockInfo;
use crate::engine::state::{FoldError, State};
use crate::model::finding::Finding;

/// Why state could not be read or written.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// Something else than a file was named.
    #[error("{} is {what}, not a file", path.display())]
    NotAFile {
        /// What was named.
        path: PathBuf,
        /// What it is, with its article.
        what: &'static str,
    },
    /// Something stands where a file is to be kept, and is none.
    #[error("{} is {what}, and no place to keep a file", path.display())]
    NoPlace {
        /// What was named.
        path: PathBuf,
        /// What it is, with its article.
        what: &'static str,
    },
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
    #[error("{} is not sound: {}", path.display(), findings.iter().map(|one| one.what.as_str()).collect::<Vec<_>>().join("; "))]
    Unsound {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        findings: Vec<Finding>,
        /// What it holds: to compare with, never to work on.
        state: Box<State>,
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
        /// The holder of the lock.
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
    /// A bucket did not do it.
    #[error("could not {doing} {place}")]
    Bucket {
        /// What was being done.
        doing: &'static str,
        /// To which object.
        place: String,
        /// What the bucket said.
        source: BucketError,
    },
    /// Somebody else works on the stack, on whatever machine, and was heard of `silent` ago.
    #[error("the stack is locked by {}, and was heard of {} s ago", lease.holder, silent.as_secs())]
    Leased {
        /// The lease.
        lease: Box<Lease>,
        /// How long ago it was renewed.
        silent: Duration,
    },
    /// The lease could not be renewed for a while; it may be again.
    #[error("the lease was not renewed for {silent} of its {} s{cause}, so nothing new is started", VALID.as_secs())]
    AtRisk {
        /// For how long, in seconds.
        silent: u64,
        /// Why, in parentheses; or nothing.
        cause: String,
    },
    /// Somebody else may work on the stack: this run writes nothing any more.
    #[error("this run does not hold the stack any more: {why}")]
    Lost {
        /// Since when or to whom.
        why: String,
    },
}

impl StoreError {
    /// Whether what was read cannot be used, so that another has to take its place.
    pub fn is_damage(&self) -> bool {
        match self {
            Self::Damaged { .. } | Self::Edited { .. } | Self::Unsound { .. } | Self::Journal { .. } => true,
            Self::NotAFile { .. }
            | Self::NoPlace { .. }
            | Self::Io { .. }
            | Self::Newer { .. }
            | Self::Busy { .. }
            | Self::Conflict { .. }
            | Self::Bucket { .. }
            | Self::Leased { .. }
            | Self::AtRisk { .. }
            | Self::Lost { .. } => false,
        }
    }

    /// An error of a bucket on an object.
    pub(super) fn bucket(doing: &'static str, bucket: &dyn StateBucket, key: &str, source: BucketError) -> Self {
        Self::Bucket { doing, place: format!("{}/{key}", bucket.url()), source }
    }

    /// An error of the operating system on a file.
    pub(super) fn io(doing: &'static str, path: &Path, source: io::Error) -> Self {
        Self::Io { doing, path: path.to_owned(), source }
    }
}
