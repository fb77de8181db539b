//! State and journal in one hand: the only writer while a plan runs.

use crate::engine::moves::Move;
use crate::engine::state::{Book, Intent, JournalEntry, Recorded, State, StepOutcome};
use crate::model::address::Address;
use crate::model::document::Document;
use crate::model::index::IdIndex;
use crate::store::{Store, StoreError};

/// State, journal and the place where both live. Every change is durable before it counts.
pub struct Ledger {
    book: Book,
    base: State,
    store: Box<dyn Store>,
    index: IdIndex,
}

impl Ledger {
    /// The ledger of a stack whose book was loaded from `store`.
    pub fn new(book: Book, base: State, store: Box<dyn Store>) -> Self {
        let index = book.state.index();
        Self { book, base, store, index }
    }

    /// Opens what `store` holds; `fresh` is the state of a stack that has none yet, which is written first, so that its
    /// lineage is durable before anything refers to it.
    ///
    /// # Errors
    /// What the store answers.
    pub async fn open(mut store: Box<dyn Store>, fresh: State) -> Result<Self, StoreError> {
        if let Some(book) = store.load().await? {
            // The journal continues the state as it is in the file, whatever the book adds to it.
            let base = State { serial: book.state.serial, lineage: book.state.lineage.clone(), ..fresh };
            return Ok(Self::new(book, base, store));
        }
        let state = State { serial: 1, ..fresh };
        store.write(&state).await?;
        Ok(Self::new(Book::of(state.clone()), state, store))
    }

    /// State and open intents.
    pub fn book(&self) -> &Book {
        &self.book
    }

    /// The state.
    pub fn state(&self) -> &State {
        &self.book.state
    }

    /// Ids by address and addresses by id, of everything recorded by now.
    pub fn index(&self) -> &IdIndex {
        &self.index
    }

    /// Records that these steps are about to begin, all in one sync. Answers the number of each.
    ///
    /// # Errors
    /// When it could not be made durable: none of them may begin.
    pub async fn begin(&mut self, intents: Vec<Intent>) -> Result<Vec<u64>, StoreError> {
        self.write(intents, |seq, intent| JournalEntry::Begin { seq, intent }).await
    }

    /// Records the ids of objects being made.
    ///
    /// # Errors
    /// When it could not be made durable.
    pub async fn made(&mut self, made: Vec<(u64, Document)>) -> Result<(), StoreError> {
        self.write(made, |seq, (of, computed)| JournalEntry::Made { seq, of, computed }).await.map(|_| ())
    }

    /// Records how steps ended.
    ///
    /// # Errors
    /// When it could not be made durable: nothing that depends on them may begin.
    pub async fn end(&mut self, ended: Vec<(u64, StepOutcome)>) -> Result<(), StoreError> {
        self.write(ended, |seq, (of, outcome)| JournalEntry::End { seq, of, outcome }).await.map(|_| ())
    }

    /// Records what was read rather than done.
    ///
    /// # Errors
    /// When it could not be made durable.
    pub async fn note(&mut self, notes: Vec<(Address, Option<Recorded>)>) -> Result<(), StoreError> {
        self.write(notes, |seq, (address, record)| JournalEntry::Note { seq, address, record }).await.map(|_| ())
    }

    /// Records where objects stand.
    ///
    /// # Errors
    /// When it could not be made durable.
    pub async fn moved(&mut self, moves: Vec<Move>) -> Result<(), StoreError> {
        self.write(moves, |seq, moved| JournalEntry::Moved { seq, moved }).await.map(|_| ())
    }

    /// Writes the state as a whole with the next serial and lets go of the journal, if there is anything to write. `state`
    /// is the one of this ledger with its last touch.
    ///
    /// # Errors
    /// When it could not be written: the journal then still holds everything.
    pub async fn close(&mut self, mut state: State) -> Result<(), StoreError> {
        if state == self.book.state && self.book.last == 0 {
            return Ok(());
        }
        state.serial += 1;
        self.store.write(&state).await?;
        self.base = state.clone();
        self.book = Book::of(state);
        self.index = self.book.state.index();
        Ok(())
    }

    async fn write<T>(
        &mut self,
        items: Vec<T>,
        entry: impl Fn(u64, T) -> JournalEntry,
    ) -> Result<Vec<u64>, StoreError> {
        if items.is_empty() {
            return Ok(Vec::new());
        }
        let entries: Vec<JournalEntry> =
            (self.book.last + 1..).zip(items).map(|(seq, item)| entry(seq, item)).collect();
        self.store.append(&self.base, &entries).await?;
        for entry in &entries {
            let about = self.book.about(entry);
            self.book.apply(entry).expect("entries of a running plan follow the fold");
            for address in about {
                match self.book.state.resources.get(&address) {
                    Some(recorded) => self.index.insert(&address, &recorded.computed),
                    None => self.index.remove(&address),
                }
            }
        }
        Ok(entries.iter().map(JournalEntry::seq).collect())
    }
}
