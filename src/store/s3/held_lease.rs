//! Holding a lease in a bucket: taking it, beating, giving it back.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::super::bucket::{BucketError, BucketObject, Condition, StateBucket, put};
use super::super::lease::{FORMAT, Lease, LeaseState, LeaseTimer, Moment, Verdict, judge};
use super::super::{LockInfo, StoreError};
use crate::model::send_guard::SendGuard;

/// The clocks of this machine. The store has none of its own.
pub trait Clock: Send + Sync {
    /// What time it is, by both clocks.
    fn moment(&self) -> Moment;
    /// The time of day, for people.
    fn told(&self) -> String;
}

/// A lease that is held, or was.
pub struct HeldLease {
    bucket: Arc<dyn StateBucket>,
    key: String,
    clock: Arc<dyn Clock>,
    inner: Arc<Mutex<Inner>>,
}

struct Inner {
    timer: LeaseTimer,
    lease: Lease,
    tag: String,
    /// Why the last beat failed, or who holds the lease instead.
    trouble: Option<String>,
}

impl std::fmt::Debug for HeldLease {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("HeldLease").field("key", &self.key).finish_non_exhaustive()
    }
}

impl HeldLease {
    /// Takes the lease at `key`, and answers also whose it was, if it ran out rather than being given back.
    ///
    /// # Errors
    /// [`StoreError::Leased`] with the holder; [`StoreError::Bucket`].
    pub(super) async fn take(
        bucket: Arc<dyn StateBucket>,
        key: &str,
        clock: Arc<dyn Clock>,
        who: (&LockInfo, String),
    ) -> Result<(Self, Option<Lease>), StoreError> {
        let failed = |source| StoreError::bucket("take the lease", bucket.as_ref(), key, source);
        let (holder, id) = who;
        loop {
            let (verdict, condition, silent) = look(bucket.as_ref(), key).await?;
            let Some(epoch) = verdict.epoch() else {
                let Verdict::Held(lease) = verdict else { unreachable!("only a lease that is held has no next epoch") };
                return Err(StoreError::Leased { lease, silent });
            };
            let lease = Lease {
                lease: FORMAT,
                epoch,
                id: id.clone(),
                holder: holder.clone(),
                beat: 1,
                beaten: clock.told(),
                released: false,
            };
            let sent = clock.moment();
            // Forestalled: look again, at somebody who holds it now.
            let tag = put(bucket.as_ref(), key, &text(&lease), &condition, &SendGuard::always()).await;
            let Some(tag) = tag.map_err(failed)? else {
                continue;
            };
            let before = match verdict {
                Verdict::Expired(lease) => Some(*lease),
                Verdict::Free(_) | Verdict::Held(_) => None,
            };
            let inner = Inner { timer: LeaseTimer::begun(sent), lease, tag, trouble: None };
            let inner = Arc::new(Mutex::new(inner));
            return Ok((Self { bucket, key: key.to_owned(), clock, inner }, before));
        }
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The number that every write carries.
    pub fn epoch(&self) -> u64 {
        self.inner().lease.epoch
    }

    /// What its holder may do now.
    pub fn state(&self) -> LeaseState {
        self.inner().timer.state(self.clock.moment())
    }

    /// Why it is not firmly held; nothing while it is.
    pub fn trouble(&self) -> Option<StoreError> {
        let inner = self.inner();
        let now = self.clock.moment();
        let silent = inner.timer.silent(now).as_secs();
        let cause = inner.trouble.as_ref().map(|cause| format!(" ({cause})")).unwrap_or_default();
        match inner.timer.state(now) {
            LeaseState::Healthy => None,
            LeaseState::AtRisk => Some(StoreError::AtRisk { silent, cause }),
            LeaseState::Expired => {
                let why = inner.trouble.clone();
                let why = why.unwrap_or_else(|| format!("its lease was not renewed for {silent} s"));
                Some(StoreError::Lost { why })
            }
        }
    }

    /// Whether something new may be started.
    pub(super) fn may_start(&self) -> Result<(), StoreError> {
        self.trouble().map_or(Ok(()), Err)
    }

    /// Whether anything may be written.
    pub(super) fn may_write(&self) -> Result<(), StoreError> {
        match self.trouble() {
            Some(error @ StoreError::Lost { .. }) => Err(error),
            Some(_) | None => Ok(()),
        }
    }

    /// A guard that allows what is sent before the lease expires.
    pub fn send_guard(&self) -> SendGuard {
        let (inner, clock) = (self.inner.clone(), self.clock.clone());
        SendGuard::new(move || {
            let inner = inner.lock().unwrap_or_else(PoisonError::into_inner);
            inner.timer.state(clock.moment()) != LeaseState::Expired
        })
    }

    /// Renews the lease. One that ran out is not renewed any more.
    ///
    /// # Errors
    /// [`StoreError::Lost`] when it is over; [`StoreError::Bucket`] when it could not be renewed this time.
    pub async fn renew(&self) -> Result<(), StoreError> {
        self.may_write()?;
        let sent = self.clock.moment();
        let beaten = self.clock.told();
        match self.replace(|lease| Lease { beat: lease.beat + 1, beaten: beaten.clone(), ..lease }).await {
            Ok(true) => {
                let mut inner = self.inner();
                inner.trouble = None;
                let now = self.clock.moment();
                inner.timer.renewed(sent, now);
            }
            Ok(false) => return Err(self.lost().await),
            Err(source) => {
                self.inner().trouble = Some(source.to_string());
                return Err(StoreError::bucket("renew the lease", self.bucket.as_ref(), &self.key, source));
            }
        }
        self.may_write()
    }

    /// Gives the lease back. One that is over is left to its new holder.
    ///
    /// # Errors
    /// [`StoreError::Bucket`]: it then runs out by itself.
    pub async fn release(&self) -> Result<(), StoreError> {
        if self.may_write().is_err() {
            return Ok(());
        }
        let beaten = self.clock.told();
        let done =
            self.replace(|lease| Lease { beat: lease.beat + 1, beaten: beaten.clone(), released: true, ..lease }).await;
        let mut inner = self.inner();
        inner.timer.end();
        inner.trouble = Some("it was given back".to_owned());
        done.map(|_| ())
            .map_err(|source| StoreError::bucket("give back the lease", self.bucket.as_ref(), &self.key, source))
    }

    /// Ends the lease, because somebody else holds the lease, and says who.
    pub(super) async fn lost(&self) -> StoreError {
        self.inner().timer.end();
        let why = match read(self.bucket.as_ref(), &self.key).await {
            Ok(Some((lease, _))) if lease.epoch > self.epoch() => {
                format!("it did not answer in time, and was taken over by {}", lease.holder)
            }
            Ok(_) | Err(_) => "it did not answer in time, and somebody ended its lease".to_owned(),
        };
        self.inner().trouble = Some(why.clone());
        StoreError::Lost { why }
    }

    /// Writes the next text of our lease; no if it is not ours any more. A beat whose answer was lost is ours, too.
    async fn replace(&self, next: impl Fn(Lease) -> Lease) -> Result<bool, BucketError> {
        const ATTEMPTS: u32 = 3;
        for _ in 0..ATTEMPTS {
            let (lease, tag) = {
                let inner = self.inner();
                (next(inner.lease.clone()), inner.tag.clone())
            };
            let (condition, guard) = (Condition::Is(tag), self.send_guard());
            if let Some(tag) = put(self.bucket.as_ref(), &self.key, &text(&lease), &condition, &guard).await? {
                let mut inner = self.inner();
                (inner.lease, inner.tag) = (lease, tag);
                return Ok(true);
            }
            let Some(found) = self.bucket.get(&self.key).await? else { return Ok(false) };
            match serde_json::from_slice::<Lease>(&found.body) {
                Ok(there) if there.id == self.inner().lease.id && !there.released => {
                    let mut inner = self.inner();
                    inner.lease.beat = there.beat;
                    inner.tag = found.tag;
                }
                Ok(_) | Err(_) => return Ok(false),
            }
        }
        Ok(false)
    }
}

/// The lease at `key` as it stands: what may be made of it, the version that was seen, and for how long it did not change.
pub(super) async fn look(bucket: &dyn StateBucket, key: &str) -> Result<(Verdict, Condition, Duration), StoreError> {
    let Some((lease, found)) = read(bucket, key).await? else {
        return Ok((judge(None, Duration::ZERO), Condition::Absent, Duration::ZERO));
    };
    let silent = found.age.unwrap_or_default();
    Ok((judge(Some(lease), silent), Condition::Is(found.tag), silent))
}

async fn read(bucket: &dyn StateBucket, key: &str) -> Result<Option<(Lease, BucketObject)>, StoreError> {
    let failed = |source| StoreError::bucket("read the lease", bucket, key, source);
    let Some(found) = bucket.get(key).await.map_err(failed)? else { return Ok(None) };
    let place = super::place(bucket, key);
    let damaged = |reason: String| StoreError::Damaged { path: place.clone(), reason };
    let lease: Lease = serde_json::from_slice(&found.body).map_err(|error| damaged(error.to_string()))?;
    if lease.lease > FORMAT {
        return Err(StoreError::Newer { path: place, found: lease.lease.into(), known: FORMAT });
    }
    Ok(Some((lease, found)))
}

/// Takes a lease from its holder.
pub(super) async fn seize(
    bucket: &dyn StateBucket,
    key: &str,
    lease: Lease,
    seen: &Condition,
) -> Result<bool, StoreError> {
    let failed = |source| StoreError::bucket("end the lease", bucket, key, source);
    let ended = Lease { beat: lease.beat + 1, released: true, ..lease };
    Ok(put(bucket, key, &text(&ended), seen, &SendGuard::always()).await.map_err(failed)?.is_some())
}

fn text(lease: &Lease) -> Vec<u8> {
    let mut text = serde_json::to_vec_pretty(lease).expect("leases serialise");
    text.push(b'\n');
    text
}
