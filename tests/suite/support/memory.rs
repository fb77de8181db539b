//! A store in memory that is as strict as the one on disk: checked on every write, and on request text in, text out.

use std::fmt::Debug;
use std::sync::{Arc, Mutex};

use futures_core::future::BoxFuture;
use ppm_infra::engine::check::check;
use ppm_infra::engine::state::{Book, JournalEntry, State};
use ppm_infra::model::resource::Catalog;
use ppm_infra::store::{Store, StoreError};
use serde::Serialize;
use serde::de::DeserializeOwned;

#[derive(Clone, Debug, Default)]
struct Content {
    state: Option<State>,
    journal: Vec<JournalEntry>,
    writes: usize,
}

/// The store. Clones share their content, as two processes share a folder.
#[derive(Clone, Debug)]
pub(crate) struct MemoryStore {
    catalog: Catalog,
    as_text: bool,
    content: Arc<Mutex<Content>>,
}

impl MemoryStore {
    /// A store with nothing in it. With `as_text`, everything goes through its text, as it does on disk.
    pub(crate) fn new(catalog: Catalog, as_text: bool) -> Self {
        Self { catalog, as_text, content: Arc::default() }
    }

    /// A store of its own with the same in it.
    pub(crate) fn copy(&self) -> Self {
        let content = self.content.lock().unwrap().clone();
        Self { content: Arc::new(Mutex::new(content)), ..self.clone() }
    }

    /// State and journal together; nothing if nothing was ever written.
    pub(crate) fn book(&self) -> Option<Book> {
        let content = self.content.lock().unwrap();
        let mut book = Book::of(content.state.clone()?);
        for entry in &content.journal {
            book.apply(entry).unwrap();
        }
        Some(book)
    }

    fn kept<T: Clone + PartialEq + Debug + Serialize + DeserializeOwned>(&self, value: &T) -> T {
        if self.as_text {
            let read = serde_json::from_str(&serde_json::to_string(value).unwrap()).unwrap();
            assert_eq!(*value, read, "what is written is what is read");
        }
        value.clone()
    }

    /// How often anything was written.
    pub(crate) fn writes(&self) -> usize {
        self.content.lock().unwrap().writes
    }

    /// Forgets everything, as if the folder were lost.
    pub(crate) fn lose(&self) {
        *self.content.lock().unwrap() = Content::default();
    }
}

impl Store for MemoryStore {
    fn load(&mut self) -> BoxFuture<'_, Result<Option<Book>, StoreError>> {
        Box::pin(async move { Ok(self.book()) })
    }

    fn append<'a>(&'a mut self, base: &'a State, entries: &'a [JournalEntry]) -> BoxFuture<'a, Result<(), StoreError>> {
        Box::pin(async move {
            let mut content = self.content.lock().unwrap();
            let there = content.state.as_ref().unwrap();
            assert_eq!((&there.lineage, there.serial), (&base.lineage, base.serial), "a journal continues its state");
            content.journal.extend(entries.iter().map(|entry| self.kept(entry)));
            content.writes += 1;
            Ok(())
        })
    }

    fn write<'a>(&'a mut self, state: &'a State) -> BoxFuture<'a, Result<(), StoreError>> {
        Box::pin(async move {
            let findings = check(state, &self.catalog);
            if !findings.is_empty() {
                return Err(StoreError::Unsound { path: "memory".into(), findings, state: Box::new(state.clone()) });
            }
            let mut content = self.content.lock().unwrap();
            if let Some(there) = &content.state {
                assert_eq!((&there.lineage, there.serial + 1), (&state.lineage, state.serial), "serials follow");
            }
            content.state = Some(self.kept(state));
            content.journal.clear();
            content.writes += 1;
            Ok(())
        })
    }
}
