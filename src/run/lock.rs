//! Working on a stack while nobody else does.
//!
//! Promises: whatever comes of the work, the lock is given back; a lease is renewed for as long as it lasts, and once it
//! is lost nothing of this run goes on.

use std::sync::Arc;
use std::time::Duration;

use tokio::task::JoinSet;
use tokio::time::Instant;

use super::{Host, Stop};
use crate::cloud::wait::sleep;
use crate::store::home::{Hold, Home, Purpose};
use crate::store::lease::{EVERY, Moment};
use crate::store::s3::{Clock, HeldLease};
use crate::store::{LockInfo, StoreError};

/// What is worth telling when a lock is taken or given back, and no error.
#[derive(Debug)]
pub enum Notice<'a> {
    /// Somebody else's lease ran out; they may believe that they still work.
    TookOver(&'a LockInfo),
    /// What is overwritten or deleted at this place by mistake is lost.
    KeepsNoVersions(&'a std::path::Path),
    /// The lease could not be given back, so others wait until it runs out.
    NotGivenBack(&'a StoreError),
}

/// Who takes a lock, and whom to tell.
#[derive(Clone, Copy)]
pub struct Taker<'a> {
    /// As it is shown to others.
    pub info: &'a LockInfo,
    /// Clock and fresh ids.
    pub host: &'a Host,
    /// Asked to stop when the lock is lost.
    pub stop: &'a Stop,
    /// Hears what is worth knowing.
    pub notice: &'a (dyn Fn(Notice<'_>) + Send + Sync),
}

/// Does `work` while nobody else works on the stack.
///
/// # Errors
/// That the lock cannot be had, with the holder; that it was lost meanwhile; else what `work` answers.
pub async fn locked<T, E: From<StoreError>>(
    mut home: Home,
    purpose: Purpose,
    who: Taker<'_>,
    work: impl AsyncFnOnce(Home) -> Result<T, E>,
) -> Result<T, E> {
    let held = take(&mut home, purpose, &who).await?;
    let done = work(home).await;
    held.release(&who).await?;
    done
}

/// A lock that is held.
enum Held {
    Kernel { _lock: crate::store::Lock },
    Lease { held: Arc<HeldLease>, beats: JoinSet<()> },
}

async fn take(home: &mut Home, purpose: Purpose, who: &Taker<'_>) -> Result<Held, StoreError> {
    let clock = Arc::new(Clocks { host: who.host.clone(), began: Instant::now() });
    match home.lock(purpose, who.info, who.host.fresh_id(), clock).await? {
        Hold::Kernel(lock) => Ok(Held::Kernel { _lock: lock }),
        Hold::Lease { held, over } => {
            if let Some(before) = &over {
                (who.notice)(Notice::TookOver(before));
            }
            who.stop.guard(held.send_guard());
            let mut beats = JoinSet::new();
            beats.spawn(keep(held.clone(), who.stop.clone()));
            if home.loses_what_is_overwritten().await {
                (who.notice)(Notice::KeepsNoVersions(&home.path()));
            }
            Ok(Held::Lease { held, beats })
        }
    }
}

impl Held {
    /// Lets go. Fails when this run lost the lock long before.
    async fn release(self, who: &Taker<'_>) -> Result<(), StoreError> {
        match self {
            Self::Kernel { .. } => Ok(()),
            Self::Lease { held, mut beats } => {
                beats.shutdown().await;
                if let Some(lost @ StoreError::Lost { .. }) = held.trouble() {
                    return Err(lost);
                }
                if let Err(error) = held.release().await {
                    (who.notice)(Notice::NotGivenBack(&error));
                }
                Ok(())
            }
        }
    }
}

/// Renews a lease until it is over; then nothing of this run goes on.
async fn keep(held: Arc<HeldLease>, stop: Stop) {
    let mut pause = EVERY;
    loop {
        sleep(pause, 1.0).await;
        match held.renew().await {
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
