//! Where the state of a stack is, and holding its lock: a folder under a kernel lock, or a bucket under a lease.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use futures_core::future::BoxFuture;
use tokio::task::JoinSet;
use tokio::time::Instant;

use super::failure::Failure;
use super::out;
use crate::cloud::wait::sleep;
use crate::engine::state::{Book, Entry, State};
use crate::run::{Host, Stop};
use crate::store::lease::{EVERY, Moment, Standing};
use crate::store::s3::{Clock, Tenancy};
use crate::store::{FileStore, Lock, LockInfo, S3Store, Store, StoreError};

/// Where the state of a stack is.
pub(super) enum Place {
    /// In a folder.
    Folder(FileStore),
    /// In a bucket.
    Bucket(Box<S3Store>),
}

/// What a stack is locked for.
#[derive(Clone, Copy)]
enum Purpose {
    /// To go on from what is there.
    Work,
    /// To put something else in its place.
    Mend,
}

/// A lock that is held.
pub(super) enum Held {
    /// Until dropped.
    Folder { _lock: Lock },
    /// Until given back, or until nobody renews it.
    Bucket { tenancy: Arc<Tenancy>, beats: JoinSet<()> },
}

impl Place {
    /// Keeps everybody else from working on the stack. Says whose lease ran out, and what the bucket lacks.
    pub(super) async fn lock(&mut self, info: &LockInfo, host: &Host, stop: &Stop) -> Result<Held, Failure> {
        self.hold(Purpose::Work, info, host, stop).await
    }

    /// As [`lock`](Self::lock), also where what is there cannot be read.
    pub(super) async fn lock_to_mend(&mut self, info: &LockInfo, host: &Host, stop: &Stop) -> Result<Held, Failure> {
        self.hold(Purpose::Mend, info, host, stop).await
    }

    async fn hold(&mut self, purpose: Purpose, info: &LockInfo, host: &Host, stop: &Stop) -> Result<Held, Failure> {
        match self {
            Self::Folder(store) => Ok(Held::Folder { _lock: store.lock(info)? }),
            Self::Bucket(store) => {
                let clock = Arc::new(Clocks { host: host.clone(), began: Instant::now() });
                let taken = match purpose {
                    Purpose::Work => store.lock(info, host.fresh_id(), clock).await?,
                    Purpose::Mend => store.lock_to_mend(info, host.fresh_id(), clock).await?,
                };
                if let Some(before) = taken.over {
                    out::note(&format!("Took over from {}, whose lease ran out.\n", before.holder));
                }
                let tenancy = taken.tenancy;
                let own = tenancy.clone();
                stop.guard(move || own.standing() < Standing::Over);
                let mut beats = JoinSet::new();
                beats.spawn(keep(tenancy.clone(), stop.clone()));
                // Whoever may not ask may still apply.
                if let Ok(false) = store.keeps_versions().await {
                    out::note(&format!(
                        "warning: the bucket of {} does not keep versions: what is overwritten or deleted there by mistake is lost; turn versioning on\n",
                        store.url().display()
                    ));
                }
                Ok(Held::Bucket { tenancy, beats })
            }
        }
    }

    /// The serials of the lockfiles that are kept besides the one in force, oldest first. A folder keeps one.
    pub(super) async fn history(&self) -> Result<Vec<u64>, StoreError> {
        match self {
            Self::Folder(store) => Ok(store.previous()?.map(|state| state.serial).into_iter().collect()),
            Self::Bucket(store) => store.history().await,
        }
    }

    /// A lockfile that was kept; nothing if that serial was not.
    pub(super) async fn earlier(&self, serial: u64) -> Result<Option<State>, StoreError> {
        match self {
            Self::Folder(store) => Ok(store.previous()?.filter(|state| state.serial == serial)),
            Self::Bucket(store) => store.earlier(serial).await,
        }
    }

    /// Keeps state and journal under another name, for people, and leaves the stack without any. Answers where they are.
    pub(super) async fn set_aside(&mut self, word: &str) -> Result<Vec<PathBuf>, StoreError> {
        match self {
            Self::Folder(store) => store.set_aside(word),
            Self::Bucket(store) => store.set_aside(word).await,
        }
    }

    /// The serial of a state that is begun anew: one that no earlier lockfile here has, or may have had.
    pub(super) async fn anew(&self) -> Result<u64, StoreError> {
        Ok(self.history().await?.last().map_or(1, |last| last + 2))
    }

    /// Where the state is.
    pub(super) fn path(&self) -> PathBuf {
        match self {
            Self::Folder(store) => store.path(),
            Self::Bucket(store) => store.url(),
        }
    }

    /// Other stacks in the same place that hold resources and were applied from `declaration`.
    pub(super) async fn others_from(&self, declaration: &str) -> Result<Vec<State>, StoreError> {
        match self {
            Self::Folder(store) => store.others_from(declaration),
            Self::Bucket(store) => store.others_from(declaration).await,
        }
    }
}

impl Store for Place {
    fn load(&mut self) -> BoxFuture<'_, Result<Option<Book>, StoreError>> {
        match self {
            Self::Folder(store) => store.load(),
            Self::Bucket(store) => store.load(),
        }
    }

    fn append<'a>(&'a mut self, base: &'a State, entries: &'a [Entry]) -> BoxFuture<'a, Result<(), StoreError>> {
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

impl Held {
    /// Lets go. Fails when this run lost the lock long before.
    pub(super) async fn release(self) -> Result<(), Failure> {
        match self {
            Self::Folder { .. } => Ok(()),
            Self::Bucket { tenancy, mut beats } => {
                beats.shutdown().await;
                if let Some(lost @ StoreError::Lost { .. }) = tenancy.trouble() {
                    return Err(lost.into());
                }
                if let Err(error) = tenancy.release().await {
                    out::note(&format!("The lease could not be given back and will run out by itself: {error}\n"));
                }
                Ok(())
            }
        }
    }
}

/// Renews a lease until it is over; then nothing of this run goes on.
async fn keep(tenancy: Arc<Tenancy>, stop: Stop) {
    let mut pause = EVERY;
    loop {
        sleep(pause, 1.0).await;
        match tenancy.beat().await {
            Ok(()) => pause = EVERY,
            Err(StoreError::Lost { .. }) => return stop.abandon(),
            // Sooner, as long as there is time.
            Err(_) => pause = EVERY / 5,
        }
    }
}

/// The clocks of this machine.
struct Clocks {
    host: Host,
    began: Instant,
}

impl Clock for Clocks {
    fn moment(&self) -> Moment {
        let wall = u64::try_from(self.host.now().as_millisecond()).unwrap_or(0);
        Moment { steady: self.began.elapsed(), wall: Duration::from_millis(wall) }
    }

    fn told(&self) -> String {
        self.host.now().strftime("%Y-%m-%d %H:%M:%S UTC").to_string()
    }
}
