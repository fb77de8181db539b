//! A death at a chosen instant: cloud and store that stop answering for ever before, in the middle of, or after one of
//! the effects of a run, as if the process had been killed there.
//!
//! An effect is whatever outlives the process: a verb carried out in the cloud, or a durable write. What is on its way
//! at that instant and has no effect yet never has one.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use futures_core::future::BoxFuture;
use ppm_infra::cloud::{Cloud, CloudError, Context, Marked, ObserveRequest};
use ppm_infra::engine::state::{Book, JournalEntry, State};
use ppm_infra::model::address::Address;
use ppm_infra::model::document::Document;
use ppm_infra::model::facts::{FactQuery, Facts};
use ppm_infra::model::observation::Observation;
use ppm_infra::model::resource::Known;
use ppm_infra::model::surroundings::{Questions, Surroundings};
use ppm_infra::store::{Store, StoreError};
use tokio::sync::Notify;

/// Where in its effect a life ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Moment {
    /// Before anything happened.
    Before,
    /// A write that has reached the disk in part; a verb is not divisible and counts as carried out.
    Torn,
    /// It happened, and nobody was told.
    Unanswered,
}

/// Every moment.
pub(crate) const MOMENTS: [Moment; 3] = [Moment::Before, Moment::Torn, Moment::Unanswered];

/// What kind of effect.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Effect {
    /// A verb in the cloud.
    Call,
    /// Lines added to the journal.
    Append,
    /// The state written as a whole.
    Write,
}

/// The life of one process.
#[derive(Debug, Default)]
pub(crate) struct Life {
    end: Option<(usize, Moment)>,
    effects: AtomicUsize,
    seen: Mutex<Vec<Effect>>,
    over: AtomicBool,
    died: Notify,
}

impl Life {
    /// A life that ends at effect number `at`, counted from 0.
    pub(crate) fn until(at: usize, moment: Moment) -> Arc<Self> {
        Arc::new(Self { end: Some((at, moment)), ..Self::default() })
    }

    /// A life that ends by itself.
    pub(crate) fn whole() -> Arc<Self> {
        Arc::default()
    }

    /// The effects it had.
    pub(crate) fn effects(&self) -> Vec<Effect> {
        self.seen.lock().unwrap().clone()
    }

    /// Lives `work`; nothing if it died on the way.
    pub(crate) async fn live<T>(&self, work: impl Future<Output = T>) -> Option<T> {
        tokio::select! {
            biased;
            () = self.died.notified() => None,
            done = work => (!self.over.load(Ordering::SeqCst)).then_some(done),
        }
    }

    /// Waits for ever once it is over.
    async fn breathe(&self) {
        if self.over.load(Ordering::SeqCst) {
            std::future::pending::<()>().await;
        }
    }

    /// Counts one effect; the moment at which it kills, if it does.
    async fn next(&self, effect: Effect) -> Option<Moment> {
        self.breathe().await;
        self.seen.lock().unwrap().push(effect);
        let number = self.effects.fetch_add(1, Ordering::SeqCst);
        let moment = self.end.filter(|(at, _)| *at == number).map(|(_, moment)| moment);
        if moment == Some(Moment::Before) {
            self.die().await;
        }
        moment
    }

    async fn die(&self) {
        self.over.store(true, Ordering::SeqCst);
        self.died.notify_one();
        std::future::pending::<()>().await;
    }
}

/// A cloud as long as the life lasts.
pub(crate) struct MortalCloud {
    pub(crate) life: Arc<Life>,
    pub(crate) cloud: Arc<dyn Cloud>,
}

impl MortalCloud {
    /// The context to carry a verb out with, when nobody lives to hear of it.
    fn unheard(cx: &Context) -> Context {
        let (reports, _) = tokio::sync::mpsc::unbounded_channel();
        let abandon = tokio_util::sync::CancellationToken::new();
        abandon.cancel();
        Context { reports, abandon, ..cx.clone() }
    }

    async fn verb<T>(
        &self,
        cx: &Context,
        verb: impl AsyncFnOnce(&Context) -> Result<T, CloudError>,
    ) -> Result<T, CloudError> {
        if self.life.next(Effect::Call).await.is_none() {
            let done = verb(cx).await;
            self.life.breathe().await;
            return done;
        }
        // Carried out as far as it is at once; what it answers is lost.
        drop(verb(&Self::unheard(cx)).await);
        self.life.die().await;
        unreachable!("nobody comes back")
    }
}

impl Cloud for MortalCloud {
    fn survey<'a>(&'a self, ask: &'a Questions) -> BoxFuture<'a, Result<Surroundings, CloudError>> {
        Box::pin(async move {
            self.life.breathe().await;
            self.cloud.survey(ask).await
        })
    }

    fn facts<'a>(&'a self, ask: &'a FactQuery, place: &'a Surroundings) -> BoxFuture<'a, Facts> {
        Box::pin(async move {
            self.life.breathe().await;
            self.cloud.facts(ask, place).await
        })
    }

    fn observe<'a>(&'a self, request: &'a ObserveRequest<'a>) -> BoxFuture<'a, BTreeMap<Address, Observation>> {
        Box::pin(async move {
            self.life.breathe().await;
            self.cloud.observe(request).await
        })
    }

    fn census<'a>(
        &'a self,
        stack: &'a str,
        place: &'a Surroundings,
    ) -> BoxFuture<'a, Result<BTreeSet<Marked>, CloudError>> {
        Box::pin(async move {
            self.life.breathe().await;
            self.cloud.census(stack, place).await
        })
    }

    fn find<'a>(
        &'a self,
        at: &'a Address,
        id: &'a str,
        like: &'a Document,
        request: &'a ObserveRequest<'a>,
    ) -> BoxFuture<'a, Observation> {
        Box::pin(async move {
            self.life.breathe().await;
            self.cloud.find(at, id, like, request).await
        })
    }

    fn create<'a>(
        &'a self,
        at: &'a Address,
        want: &'a Document,
        cx: &'a Context,
    ) -> BoxFuture<'a, Result<Document, CloudError>> {
        Box::pin(self.verb(cx, async move |cx| self.cloud.create(at, want, cx).await))
    }

    fn update<'a>(
        &'a self,
        at: &'a Address,
        from: &'a Known,
        want: &'a Document,
        cx: &'a Context,
    ) -> BoxFuture<'a, Result<Document, CloudError>> {
        Box::pin(self.verb(cx, async move |cx| self.cloud.update(at, from, want, cx).await))
    }

    fn delete<'a>(
        &'a self,
        at: &'a Address,
        known: &'a Known,
        cx: &'a Context,
    ) -> BoxFuture<'a, Result<(), CloudError>> {
        Box::pin(self.verb(cx, async move |cx| self.cloud.delete(at, known, cx).await))
    }
}

/// A store as long as the life lasts. With the folder of a [`FileStore`](ppm_infra::store::FileStore), a torn write is
/// torn in the middle of its bytes; without, after some of its entries.
pub(crate) struct MortalStore {
    pub(crate) life: Arc<Life>,
    pub(crate) store: Box<dyn Store>,
    pub(crate) folder: Option<PathBuf>,
}

impl Store for MortalStore {
    fn load(&mut self) -> BoxFuture<'_, Result<Option<Book>, StoreError>> {
        self.store.load()
    }

    fn append<'a>(&'a mut self, base: &'a State, entries: &'a [JournalEntry]) -> BoxFuture<'a, Result<(), StoreError>> {
        Box::pin(async move {
            match (self.life.next(Effect::Append).await, &self.folder) {
                (None, _) => return self.store.append(base, entries).await,
                (Some(Moment::Torn), None) => {
                    self.store.append(base, &entries[..entries.len() / 2]).await?;
                }
                (Some(Moment::Torn), Some(folder)) => {
                    // What was torn before goes before anything is added: this begins behind the last whole line.
                    let before = journal(folder)
                        .and_then(|(_, bytes)| bytes.iter().rposition(|byte| *byte == b'\n'))
                        .map_or(0, |end| end + 1);
                    self.store.append(base, entries).await?;
                    let (path, bytes) = journal(folder).unwrap();
                    // Somewhere in the middle, but in another place each time.
                    let torn = before + (bytes.len() - before) * (1 + self.life.effects().len() % 7) / 8;
                    fs::write(path, &bytes[..torn]).unwrap();
                }
                (Some(Moment::Before | Moment::Unanswered), _) => self.store.append(base, entries).await?,
            }
            self.life.die().await;
            unreachable!("nobody comes back")
        })
    }

    fn write<'a>(&'a mut self, state: &'a State) -> BoxFuture<'a, Result<(), StoreError>> {
        Box::pin(async move {
            let moment = self.life.next(Effect::Write).await;
            let journal = self.folder.as_deref().and_then(journal);
            self.store.write(state).await?;
            if moment.is_none() {
                return Ok(());
            }
            if let (Some(Moment::Torn), Some((path, bytes))) = (moment, journal) {
                // The state was replaced as a whole, and the journal it absorbs not removed yet.
                fs::write(path, bytes).unwrap();
            }
            self.life.die().await;
            unreachable!("nobody comes back")
        })
    }
}

/// The journal in a folder.
fn journal(folder: &Path) -> Option<(PathBuf, Vec<u8>)> {
    let paths = fs::read_dir(folder).ok()?.map(|entry| entry.unwrap().path());
    let path = paths.into_iter().find(|path| path.extension().is_some_and(|ending| ending == "journal"))?;
    let bytes = fs::read(&path).unwrap();
    Some((path, bytes))
}
