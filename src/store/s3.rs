//! State in a bucket: `<stack>.state.json` holds lockfile and journal together, `<stack>.lease.json` says who works on
//! the stack, `<stack>.history/` keeps earlier lockfiles. Knows no SDK: the bucket is a port.
//!
//! Promises: all writes of the state form one chain, each on the condition that the one before is still there, and each
//! with the epoch of its lease. A new holder of the lease begins by writing the state anew with its own epoch, so that
//! whatever an earlier holder still sends finds its condition broken: writes of two epochs never interleave, whatever
//! the clocks say. What [`Store::append`] returned from is there for the next holder.
//!
//! Leaves to others when to renew (`run`), and what a lease's age means (`lease`).

#[cfg(feature = "aws")]
mod client;
mod held_lease;
#[cfg(test)]
mod tests;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use futures_core::future::BoxFuture;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::bucket::{BucketError, Condition, StateBucket, put};
use super::journal::{self, JournalHeader};
use super::lease::{Lease, Verdict};
use super::{LockInfo, Store, StoreError, lockfile};
use crate::engine::state::{Book, JournalEntry, State};
use crate::model::document::canonical_pretty;
use crate::model::resource::Catalog;

#[cfg(feature = "aws")]
pub use client::S3Bucket;
pub use held_lease::{Clock, HeldLease};

/// The version of the object this program writes.
const FORMAT: u32 = 1;

/// The object that holds a state.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Envelope {
    /// Version of the object.
    format: u32,
    /// Of the lease under which it was written.
    epoch: u64,
    /// The lockfile, as it stands in a file; nothing while a stack has none yet.
    lockfile: Option<Value>,
    /// The lines of the journal that continues it.
    journal: Vec<String>,
}

/// What an object holds.
#[derive(Clone, Debug, Default)]
struct Content {
    epoch: u64,
    state: Option<State>,
    entries: Vec<JournalEntry>,
}

/// A taken lock.
#[derive(Clone, Debug)]
pub struct Taken {
    /// What is held.
    pub lease: Arc<HeldLease>,
    /// Whose lease ran out, if one did.
    pub over: Option<Lease>,
}

/// The state of one stack in a bucket.
pub struct S3Store {
    bucket: Arc<dyn StateBucket>,
    /// Empty, or ending in `/`.
    prefix: String,
    stack: String,
    catalog: Catalog,
    lease: Option<Arc<HeldLease>>,
    /// What we wrote last under our lease, and its tag.
    kept: Option<(Content, String)>,
}

impl S3Store {
    /// The state of `stack` in `bucket`, below `prefix`.
    pub fn new(bucket: Arc<dyn StateBucket>, prefix: &str, stack: &str, catalog: Catalog) -> Self {
        let prefix = prefix.trim_matches('/');
        let prefix = if prefix.is_empty() { String::new() } else { format!("{prefix}/") };
        Self { bucket, prefix, stack: stack.to_owned(), catalog, lease: None, kept: None }
    }

    /// The bucket.
    pub(super) fn bucket(&self) -> &dyn StateBucket {
        self.bucket.as_ref()
    }

    /// The key of an object of the stack.
    pub(super) fn key(&self, ending: &str) -> String {
        format!("{}{}{ending}", self.prefix, self.stack)
    }

    fn state_key(&self) -> String {
        self.key(".state.json")
    }

    fn lease_key(&self) -> String {
        self.key(".lease.json")
    }

    fn history_key(&self, serial: u64) -> String {
        format!("{}{serial:08}.lock.json", self.key(".history/"))
    }

    /// Where the state is.
    pub fn url(&self) -> PathBuf {
        place(self.bucket.as_ref(), &self.state_key())
    }

    /// Whether the bucket keeps what is overwritten or deleted.
    ///
    /// # Errors
    /// [`StoreError::Bucket`].
    pub async fn keeps_versions(&self) -> Result<bool, StoreError> {
        self.bucket.keeps_versions().await.map_err(|source| self.failed("ask for the versioning of", source))
    }

    /// Keeps everybody else from working on the stack until the lease is given back or runs out. From here on, nobody
    /// who held it before can write the state. `id` tells this run from all others.
    ///
    /// # Errors
    /// [`StoreError::Leased`] with the holder; what reading the state answers; [`StoreError::Bucket`].
    pub async fn lock(&mut self, info: &LockInfo, id: String, clock: Arc<dyn Clock>) -> Result<Taken, StoreError> {
        self.take(info, id, clock, |_| false).await
    }

    /// As [`lock`](Self::lock), also where the state cannot be read: [`set_aside`](Self::set_aside) is what is left then.
    ///
    /// # Errors
    /// As [`lock`](Self::lock), but for a state that is damaged.
    pub async fn lock_to_mend(
        &mut self,
        info: &LockInfo,
        id: String,
        clock: Arc<dyn Clock>,
    ) -> Result<Taken, StoreError> {
        self.take(info, id, clock, StoreError::is_damage).await
    }

    async fn take(
        &mut self,
        info: &LockInfo,
        id: String,
        clock: Arc<dyn Clock>,
        bears: fn(&StoreError) -> bool,
    ) -> Result<Taken, StoreError> {
        let (lease, over) = HeldLease::take(self.bucket.clone(), &self.lease_key(), clock, (info, id)).await?;
        match self.fence(&lease).await {
            Ok(kept) => self.kept = Some(kept),
            Err(error) if bears(&error) => {}
            Err(error) => {
                // The next holder need not wait for it to run out; if this fails, too, it must.
                let _ = lease.release().await;
                return Err(error);
            }
        }
        let lease = Arc::new(lease);
        self.lease = Some(lease.clone());
        Ok(Taken { lease, over })
    }

    /// Keeps the object of the state as it is beside the earlier lockfiles, where nothing reads it any more, and leaves the
    /// stack without a state. Answers where it is kept.
    ///
    /// # Errors
    /// [`StoreError::Bucket`]; [`StoreError::Lost`] when somebody else wrote meanwhile.
    pub async fn set_aside(&mut self, word: &str) -> Result<Vec<PathBuf>, StoreError> {
        let (lease, key) = (self.held()?, self.state_key());
        let found = self.bucket.get(&key).await.map_err(|source| self.failed("read", source))?;
        let Some(found) = found else { return Ok(Vec::new()) };
        let mut n = 1;
        let aside = loop {
            let aside = format!("{}{word}-{n}.json", self.key(".history/"));
            lease.may_write()?;
            let done = put(self.bucket.as_ref(), &aside, &found.body, &Condition::Absent, &lease.send_guard()).await;
            if done.or_else(|source| self.unwritten(&lease, "keep the state as", &aside, source))?.is_some() {
                break aside;
            }
            n += 1;
        };
        let content = Content { epoch: lease.epoch(), ..Content::default() };
        let (body, condition) = (render(&content), Condition::Is(found.tag));
        lease.may_write()?;
        let done = put(self.bucket.as_ref(), &key, &body, &condition, &lease.send_guard()).await;
        match done.or_else(|source| self.unwritten(&lease, "write", &key, source))? {
            Some(tag) => self.kept = Some((content, tag)),
            None => return Err(lease.lost().await),
        }
        Ok(vec![place(self.bucket.as_ref(), &aside)])
    }

    /// Writes the state as it is with our epoch: from now on the conditions of all earlier holders are broken.
    async fn fence(&self, lease: &HeldLease) -> Result<(Content, String), StoreError> {
        let key = self.state_key();
        loop {
            let found = self.found(&key).await?;
            let (content, condition) = match found {
                None => (Content::default(), Condition::Absent),
                Some((content, tag)) => (content, Condition::Is(tag)),
            };
            if content.epoch > lease.epoch() {
                return Err(lease.lost().await);
            }
            let content = Content { epoch: lease.epoch(), ..content };
            lease.may_write()?;
            let written = put(self.bucket.as_ref(), &key, &render(&content), &condition, &lease.send_guard()).await;
            if let Some(tag) = written.or_else(|source| self.unwritten(lease, "write", &key, source))? {
                return Ok((content, tag));
            }
            // An earlier holder was still writing: take that in.
        }
    }

    /// Who holds the lease, whether it ran out, and how long ago it was renewed.
    ///
    /// # Errors
    /// [`StoreError::Bucket`], or a lease that cannot be read.
    pub async fn holder(&self) -> Result<(Verdict, Duration), StoreError> {
        let (verdict, _, silent) = held_lease::look(self.bucket.as_ref(), &self.lease_key()).await?;
        Ok((verdict, silent))
    }

    /// Ends the lease of its present holder: one that is alive only by `force`. Answers whose it was.
    ///
    /// # Errors
    /// [`StoreError::Leased`] with a holder that is alive; [`StoreError::Bucket`].
    pub async fn unlock(&self, force: bool) -> Result<Option<Lease>, StoreError> {
        let key = self.lease_key();
        loop {
            let (verdict, seen, silent) = held_lease::look(self.bucket.as_ref(), &key).await?;
            let lease = match verdict {
                Verdict::Free(_) => return Ok(None),
                Verdict::Held(lease) if !force => return Err(StoreError::Leased { lease, silent }),
                Verdict::Held(lease) | Verdict::Expired(lease) => *lease,
            };
            if held_lease::seize(self.bucket.as_ref(), &key, lease.clone(), &seen).await? {
                return Ok(Some(lease));
            }
        }
    }

    /// Other stacks below the same prefix that hold resources and were applied from `declaration`.
    ///
    /// # Errors
    /// [`StoreError::Bucket`]. States that cannot be read are passed over.
    pub async fn others_from(&self, declaration: &str) -> Result<Vec<State>, StoreError> {
        let keys = self.bucket.list(&self.prefix).await.map_err(|source| self.failed("list what is beside", source))?;
        let mut others = Vec::new();
        for key in keys.into_iter().filter(|key| key.ends_with(".state.json") && *key != self.state_key()) {
            if let Ok(Some((Content { state: Some(state), .. }, _))) = self.found(&key).await
                && state.declaration == declaration
                && !state.is_empty()
            {
                others.push(state);
            }
        }
        others.sort_by(|a, b| a.stack.cmp(&b.stack));
        Ok(others)
    }

    /// The serials of the lockfiles that are kept besides the one in force, oldest first.
    ///
    /// # Errors
    /// [`StoreError::Bucket`].
    pub async fn history(&self) -> Result<Vec<u64>, StoreError> {
        let prefix = self.key(".history/");
        let keys = self.bucket.list(&prefix).await.map_err(|source| self.failed("list the history of", source))?;
        let serial = |key: &String| key.strip_prefix(&prefix)?.strip_suffix(".lock.json")?.parse().ok();
        let mut serials: Vec<u64> = keys.iter().filter_map(serial).collect();
        serials.sort_unstable();
        Ok(serials)
    }

    /// A lockfile that was kept; nothing if that serial was not.
    ///
    /// # Errors
    /// [`StoreError::Bucket`], or why it cannot be read.
    pub async fn earlier(&self, serial: u64) -> Result<Option<State>, StoreError> {
        let key = self.history_key(serial);
        let failed = |source| StoreError::bucket("read", self.bucket.as_ref(), &key, source);
        let Some(found) = self.bucket.get(&key).await.map_err(failed)? else { return Ok(None) };
        let place = place(self.bucket.as_ref(), &key);
        let text = String::from_utf8_lossy(&found.body);
        lockfile::parse(&place, &text, &self.catalog).map(Some)
    }

    fn failed(&self, doing: &'static str, source: BucketError) -> StoreError {
        StoreError::bucket(doing, self.bucket.as_ref(), &self.state_key(), source)
    }

    /// Why something was not written: the stack is not ours any more, before anything else.
    fn unwritten<T>(
        &self,
        lease: &HeldLease,
        doing: &'static str,
        key: &str,
        source: BucketError,
    ) -> Result<T, StoreError> {
        lease.may_write()?;
        Err(StoreError::bucket(doing, self.bucket.as_ref(), key, source))
    }

    async fn found(&self, key: &str) -> Result<Option<(Content, String)>, StoreError> {
        let failed = |source| StoreError::bucket("read", self.bucket.as_ref(), key, source);
        let Some(found) = self.bucket.get(key).await.map_err(failed)? else { return Ok(None) };
        Ok(Some((parse(place(self.bucket.as_ref(), key), &found.body, &self.catalog)?, found.tag)))
    }

    /// Writes `content` after what we wrote last.
    async fn follow(&mut self, content: Content) -> Result<(), StoreError> {
        const ATTEMPTS: u32 = 3;
        let (lease, key) = (self.held()?, self.state_key());
        let body = render(&content);
        for _ in 0..ATTEMPTS {
            lease.may_write()?;
            let (_, tag) = self.kept.as_ref().expect("who holds the lease wrote the state first");
            let condition = Condition::Is(tag.clone());
            let written = put(self.bucket.as_ref(), &key, &body, &condition, &lease.send_guard()).await;
            if let Some(tag) = written.or_else(|source| self.unwritten(&lease, "write", &key, source))? {
                self.kept = Some((content, tag));
                return Ok(());
            }
            // A write of our own whose answer was lost carries our epoch; it counts as never made.
            match self.found(&key).await? {
                Some((there, tag)) if there.epoch == content.epoch => {
                    self.kept = self.kept.take().map(|(content, _)| (content, tag));
                }
                Some(_) | None => return Err(lease.lost().await),
            }
        }
        Err(lease.lost().await)
    }

    fn held(&self) -> Result<Arc<HeldLease>, StoreError> {
        self.lease.clone().ok_or_else(|| StoreError::Lost { why: "it never took the lease".to_owned() })
    }

    async fn read(&mut self) -> Result<Option<Book>, StoreError> {
        let key = self.state_key();
        let Some((content, tag)) = self.found(&key).await? else { return Ok(None) };
        if let Some(lease) = self.lease.clone() {
            if content.epoch != lease.epoch() {
                return Err(lease.lost().await);
            }
            self.kept = Some((content.clone(), tag));
        }
        let Some(state) = content.state else { return Ok(None) };
        let mut book = Book::of(lockfile::of_stack(&self.stack, &self.url(), state)?);
        for entry in &content.entries {
            book.apply(entry).map_err(|source| StoreError::Journal { path: self.url(), source })?;
        }
        Ok(Some(book))
    }

    async fn add(&mut self, base: &State, entries: &[JournalEntry]) -> Result<(), StoreError> {
        let Some(first) = entries.first() else { return Ok(()) };
        let lease = self.held()?;
        if entries.iter().any(|entry| matches!(entry, JournalEntry::Begin { .. })) {
            lease.may_start()?;
        }
        let (kept, _) = self.kept.as_ref().expect("who holds the lease wrote the state first");
        let (expected, found) = (base.serial, kept.state.as_ref().map_or(0, |state| state.serial));
        if kept.state.as_ref().is_none_or(|state| JournalHeader::of(state) != JournalHeader::of(base)) {
            return Err(StoreError::Conflict { path: self.url(), expected, found });
        }
        let mut content = kept.clone();
        content.entries.retain(|entry| entry.seq() < first.seq());
        content.entries.extend_from_slice(entries);
        self.follow(content).await
    }

    async fn replace(&mut self, state: &State) -> Result<(), StoreError> {
        lockfile::sound(&self.url(), state, &self.catalog)?;
        let lease = self.held()?;
        let (kept, _) = self.kept.as_ref().expect("who holds the lease wrote the state first");
        let epoch = kept.epoch;
        if let Some(there) = kept.state.clone() {
            if there.serial + 1 != state.serial || there.lineage != state.lineage {
                let expected = state.serial.saturating_sub(1);
                return Err(StoreError::Conflict { path: self.url(), expected, found: there.serial });
            }
            lease.may_write()?;
            self.keep(&lease, &there).await?;
        }
        self.follow(Content { epoch, state: Some(state.clone()), entries: Vec::new() }).await
    }

    /// Keeps a lockfile that is about to be replaced. Keeping it again changes nothing.
    async fn keep(&self, lease: &HeldLease, state: &State) -> Result<(), StoreError> {
        let key = self.history_key(state.serial);
        let text = lockfile::render(state);
        let done = put(self.bucket.as_ref(), &key, text.as_bytes(), &Condition::Absent, &lease.send_guard()).await;
        done.map(|_| ()).or_else(|source| self.unwritten(lease, "keep the last lockfile as", &key, source))
    }
}

impl Store for S3Store {
    fn load(&mut self) -> BoxFuture<'_, Result<Option<Book>, StoreError>> {
        Box::pin(self.read())
    }

    fn append<'a>(&'a mut self, base: &'a State, entries: &'a [JournalEntry]) -> BoxFuture<'a, Result<(), StoreError>> {
        Box::pin(self.add(base, entries))
    }

    fn write<'a>(&'a mut self, state: &'a State) -> BoxFuture<'a, Result<(), StoreError>> {
        Box::pin(self.replace(state))
    }
}

/// The URL of an object, in the place of a path.
fn place(bucket: &dyn StateBucket, key: &str) -> PathBuf {
    PathBuf::from(format!("{}/{key}", bucket.url()))
}

fn render(content: &Content) -> Vec<u8> {
    let lockfile = content.state.as_ref().map(lockfile::render);
    let header = content.state.as_ref().filter(|_| !content.entries.is_empty()).map(JournalHeader::of);
    let lines = header.iter().map(journal::line).chain(content.entries.iter().map(journal::line));
    let envelope = Envelope {
        format: FORMAT,
        epoch: content.epoch,
        lockfile: lockfile.map(|text| serde_json::from_str(&text).expect("lockfiles are JSON")),
        journal: lines.map(|line| line.trim_end().to_owned()).collect(),
    };
    canonical_pretty(&serde_json::to_value(envelope).expect("states serialise")).into_bytes()
}

fn parse(place: PathBuf, body: &[u8], catalog: &Catalog) -> Result<Content, StoreError> {
    let damaged = |reason: String| StoreError::Damaged { path: place.clone(), reason };
    let value: Value = serde_json::from_slice(body).map_err(|error| damaged(error.to_string()))?;
    let format = value.get("format").and_then(Value::as_u64).ok_or_else(|| damaged("it has no format".to_owned()))?;
    if format > u64::from(FORMAT) {
        return Err(StoreError::Newer { path: place, found: format, known: FORMAT });
    }
    let envelope: Envelope = serde_json::from_value(value).map_err(|error| damaged(error.to_string()))?;
    let Some(lockfile) = envelope.lockfile else {
        return Ok(Content { epoch: envelope.epoch, ..Content::default() });
    };
    let state = lockfile::parse(&place, &lockfile.to_string(), catalog)?;
    let lines: String = envelope.journal.iter().flat_map(|line| [line.as_str(), "\n"]).collect();
    let entries = match journal::parse(&place, lines.as_bytes())? {
        None if envelope.journal.is_empty() => Vec::new(),
        // Objects are written whole: here no line can be torn.
        Some((header, entries))
            if entries.len() + 1 == envelope.journal.len() && header == JournalHeader::of(&state) =>
        {
            entries
        }
        None | Some(_) => return Err(damaged("its journal is not whole".to_owned())),
    };
    Ok(Content { epoch: envelope.epoch, state: Some(state), entries })
}
