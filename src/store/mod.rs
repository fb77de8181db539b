//! Floor 3: where state lives, and what a place for it must promise.
//!
//! - What [`Store::append`] and [`Store::write`] return from is durable.
//! - [`Store::write`] replaces the state as a whole or not at all, and removes the journal it absorbs.
//! - A state that was truncated, edited by hand, or written by a newer program is refused, never half read.

pub mod bucket;
mod error;
pub mod file;
pub mod home;
mod input;
mod journal;
pub mod lease;
mod lock;
mod lockfile;
mod rewrite;
pub mod runs;
pub mod s3;
#[cfg(test)]
mod tests;

use std::path::Path;

use futures_core::future::BoxFuture;

use crate::engine::state::{Book, JournalEntry, State};
use crate::model::resource::Catalog;

pub use error::StoreError;
pub use file::FileStore;
pub use lock::{Lock, LockInfo};
pub use rewrite::rewrite;
pub use s3::S3Store;

/// A place where the state of one stack lives.
pub trait Store: Send {
    /// The state and everything the journal adds to it; nothing if the stack has no state yet.
    fn load(&mut self) -> BoxFuture<'_, Result<Option<Book>, StoreError>>;

    /// Adds entries to the journal of `base`; all of them in one go.
    fn append<'a>(&'a mut self, base: &'a State, entries: &'a [JournalEntry]) -> BoxFuture<'a, Result<(), StoreError>>;

    /// Writes the state as a whole. Its serial must follow the one that is there.
    fn write<'a>(&'a mut self, state: &'a State) -> BoxFuture<'a, Result<(), StoreError>>;
}

/// The text of a lockfile.
pub fn lockfile(state: &State) -> String {
    lockfile::render(state)
}

/// The JSON of the first whole line of a journal, or of a run history in a folder; nothing if a text has none of their lines.
pub fn first_kept_line(text: &str) -> Option<&str> {
    text.split_inclusive('\n').find_map(|line| journal::content(line.as_bytes()))
}

/// The state in the text of a lockfile; `path` is for the message.
///
/// # Errors
/// As for a lockfile in its place.
pub fn read_lockfile(path: &Path, text: &str, catalog: &Catalog) -> Result<State, StoreError> {
    lockfile::parse(path, text, catalog)
}
