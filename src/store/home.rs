//! Where the state of a stack is: a folder under a kernel lock, or a bucket under a lease.

use std::path::PathBuf;
use std::sync::Arc;

use futures_core::future::BoxFuture;
use jiff::Timestamp;

use super::runs::{RunEntry, RunHistory, RunKind};
use super::s3::{Clock, HeldLease};
use super::{FileStore, Lock, LockInfo, S3Store, Store, StoreError};
use crate::engine::state::{Book, JournalEntry, State};

/// Where the state of a stack is.
pub enum Home {
    /// In a folder.
    Folder(FileStore),
    /// In a bucket.
    Bucket(Box<S3Store>),
}

/// What a stack is locked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// To go on from what is there.
    Work,
    /// To put something else in its place, also where what is there cannot be read.
    Mend,
}

/// A lock that was taken.
pub enum Hold {
    /// One of the kernel, until dropped.
    Kernel(Lock),
    /// A lease, until given back, or until nobody renews it.
    Lease {
        /// The lease.
        held: Arc<HeldLease>,
        /// Who held it before and let it run out.
        over: Option<LockInfo>,
    },
}

impl Home {
    /// Keeps everybody else from working on the stack. `id` tells this run from all others.
    ///
    /// # Errors
    /// [`StoreError::Busy`] or [`StoreError::Leased`] with the holder; what reading the state answers, unless it is to be
    /// mended.
    pub async fn lock(
        &mut self,
        purpose: Purpose,
        info: &LockInfo,
        id: String,
        clock: Arc<dyn Clock>,
    ) -> Result<Hold, StoreError> {
        match self {
            Self::Folder(store) => Ok(Hold::Kernel(store.lock(info)?)),
            Self::Bucket(store) => {
                let taken = match purpose {
                    Purpose::Work => store.lock(info, id, clock).await?,
                    Purpose::Mend => store.lock_to_mend(info, id, clock).await?,
                };
                Ok(Hold::Lease { held: taken.lease, over: taken.over.map(|lease| lease.holder) })
            }
        }
    }

    /// Whether what is overwritten or deleted here by mistake is lost. A folder is kept with the machine;
    /// nothing is known of a bucket that may not be asked.
    pub async fn loses_what_is_overwritten(&self) -> bool {
        match self {
            Self::Folder(_) => false,
            Self::Bucket(store) => matches!(store.keeps_versions().await, Ok(false)),
        }
    }

    /// The serials of the lockfiles that are kept besides the one in force, oldest first. A folder keeps one.
    ///
    /// # Errors
    /// What the store answers.
    pub async fn history(&self) -> Result<Vec<u64>, StoreError> {
        match self {
            Self::Folder(store) => Ok(store.previous()?.map(|state| state.serial).into_iter().collect()),
            Self::Bucket(store) => store.history().await,
        }
    }

    /// A lockfile that was kept; nothing if that serial was not.
    ///
    /// # Errors
    /// What the store answers.
    pub async fn earlier(&self, serial: u64) -> Result<Option<State>, StoreError> {
        match self {
            Self::Folder(store) => Ok(store.previous()?.filter(|state| state.serial == serial)),
            Self::Bucket(store) => store.earlier(serial).await,
        }
    }

    /// Keeps state and journal under another name, for people, and leaves the stack without any. Answers where they are.
    ///
    /// # Errors
    /// What the store answers.
    pub async fn set_aside(&mut self, word: &str) -> Result<Vec<PathBuf>, StoreError> {
        match self {
            Self::Folder(store) => store.set_aside(word),
            Self::Bucket(store) => store.set_aside(word).await,
        }
    }

    /// The serial of a state that is begun anew: one that no earlier lockfile here has, or may have had.
    ///
    /// # Errors
    /// What the store answers.
    pub async fn anew(&self) -> Result<u64, StoreError> {
        Ok(self.history().await?.last().map_or(1, |last| last + 2))
    }

    /// Where the state is.
    pub fn path(&self) -> PathBuf {
        match self {
            Self::Folder(store) => store.path(),
            Self::Bucket(store) => store.url(),
        }
    }

    /// The newest entries of the run history, of one kind or of all, at the time `now`.
    ///
    /// # Errors
    /// What the store answers.
    pub async fn runs(&self, of: Option<RunKind>, wanted: usize, now: Timestamp) -> Result<RunHistory, StoreError> {
        match self {
            Self::Folder(store) => store.runs(of, wanted),
            Self::Bucket(store) => store.runs(of, wanted, now).await,
        }
    }

    /// The last entry of a kind, and those of other kinds since, at the time `now`.
    ///
    /// # Errors
    /// What the store answers.
    pub async fn runs_since(&self, last: RunKind, now: Timestamp) -> Result<RunHistory, StoreError> {
        match self {
            Self::Folder(store) => Ok(store.runs(None, usize::MAX)?.since(last)),
            Self::Bucket(store) => store.runs_since(last, now).await,
        }
    }

    /// Adds an entry to the run history. Needs no lock of the stack.
    ///
    /// # Errors
    /// What the store answers.
    pub async fn add_run(&self, entry: &RunEntry) -> Result<(), StoreError> {
        match self {
            Self::Folder(store) => store.add_run(entry),
            Self::Bucket(store) => store.add_run(entry).await,
        }
    }

    /// Other stacks in the same place that hold resources and were applied from `declaration`.
    ///
    /// # Errors
    /// What the store answers.
    pub async fn others_from(&self, declaration: &str) -> Result<Vec<State>, StoreError> {
        match self {
            Self::Folder(store) => store.others_from(declaration),
            Self::Bucket(store) => store.others_from(declaration).await,
        }
    }
}

impl Store for Home {
    fn load(&mut self) -> BoxFuture<'_, Result<Option<Book>, StoreError>> {
        match self {
            Self::Folder(store) => store.load(),
            Self::Bucket(store) => store.load(),
        }
    }

    fn append<'a>(&'a mut self, base: &'a State, entries: &'a [JournalEntry]) -> BoxFuture<'a, Result<(), StoreError>> {
        match self {
            Self::Folder(store) => store.append(base, entries),
            Self::Bucket(store) => store.append(base, entries),
        }
    }

    fn write<'a>(&'a mut self, state: &'a State) -> BoxFuture<'a, Result<(), StoreError>> {
        match self {
            Self::Folder(store) => store.write(state),
            Self::Bucket(store) => store.write(state),
        }
    }
}
