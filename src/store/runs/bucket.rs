//! The run history in a bucket, which can add to no object: every run writes one of its own, in the folder of its month.
//!
//! Names begin with the time, so that they sort, tell what was run, so that nothing else has to be read, and end in the id
//! of the run, so that no two runs write the same one.
//! What is too old is not read; a lifecycle rule of the bucket removes it, so that a job that looks needs no permission
//! to delete.

use jiff::Timestamp;

use super::super::bucket::{Condition, put};
use super::{KEPT, KEPT_FOR, RunEntry, RunHistory, RunKind, StoreError, line, parse};
use crate::model::send_guard::SendGuard;
use crate::store::S3Store;

/// How many of the newest may be damaged until one that is wanted is not found.
const SPARE: usize = 5;

/// How many runs since the last look are read.
const SINCE: usize = 20;

impl S3Store {
    /// The newest entries of the run history, of one kind or of all, at the time `now`.
    ///
    /// # Errors
    /// [`StoreError::Bucket`].
    pub async fn runs(&self, of: Option<RunKind>, wanted: usize, now: Timestamp) -> Result<RunHistory, StoreError> {
        let mut history = RunHistory::default();
        for key in self.run_keys(of, wanted.saturating_add(SPARE), now).await?.into_iter().rev() {
            if history.entries.len() == wanted {
                break;
            }
            self.take_in(&key, &mut history).await?;
        }
        history.entries.reverse();
        Ok(history)
    }

    /// The last entry of a kind, and the newest of other kinds since, at the time `now`.
    ///
    /// # Errors
    /// [`StoreError::Bucket`].
    pub async fn runs_since(&self, last: RunKind, now: Timestamp) -> Result<RunHistory, StoreError> {
        let mut history = RunHistory::default();
        let keys = self.run_keys(None, SINCE, now).await?;
        for key in keys.iter().rev().take(SINCE) {
            self.take_in(key, &mut history).await?;
            if history.entries.last().is_some_and(|entry| entry.kind == last) {
                history.entries.reverse();
                return Ok(history);
            }
        }
        // Whatever was done longer ago than that is not known any more.
        let mut found = self.runs(Some(last), 1, now).await?;
        found.entries.extend(history.entries.into_iter().rev());
        found.problems.extend(history.problems);
        Ok(found)
    }

    /// Adds what stands under a key.
    async fn take_in(&self, key: &str, history: &mut RunHistory) -> Result<(), StoreError> {
        let failed = |source| StoreError::bucket("read", self.bucket(), key, source);
        let Some(found) = self.bucket().get(key).await.map_err(failed)? else { return Ok(()) };
        let place = format!("{}/{key}", self.bucket().url());
        let RunHistory { entries, problems } = parse(&place, &found.body);
        if entries.is_empty() && problems.is_empty() {
            history.problems.push(format!("{place} is damaged and is passed over"));
        }
        history.entries.extend(entries);
        history.problems.extend(problems);
        Ok(())
    }

    /// The keys of runs, the oldest first: at least so many of the newest, or all there are.
    async fn run_keys(&self, of: Option<RunKind>, wanted: usize, now: Timestamp) -> Result<Vec<String>, StoreError> {
        let all = self.key(".runs/");
        let months = [now, now - jiff::SignedDuration::from_hours(28 * 24)].map(|at| format!("{all}{}", month(at)));
        let mut keys = Vec::new();
        // Going back by four weeks never passes over a month. Mostly the newest month has what is asked for.
        for prefix in months.iter().chain([&all]) {
            let failed = |source| StoreError::bucket("list", self.bucket(), prefix, source);
            let mut found = self.bucket().list(prefix).await.map_err(failed)?;
            found.retain(|key| of.is_none_or(|kind| is_of(key, kind)));
            keys.append(&mut found);
            if keys.len() >= wanted {
                break;
            }
        }
        keys.sort_unstable();
        keys.dedup();
        let oldest = format!("{all}{}", name(now - KEPT_FOR));
        keys.retain(|key| *key >= oldest);
        let surplus = keys.len().saturating_sub(KEPT);
        keys.drain(..surplus);
        Ok(keys)
    }

    /// Adds an entry to the run history.
    ///
    /// # Errors
    /// [`StoreError::Bucket`].
    pub async fn add_run(&self, entry: &RunEntry) -> Result<(), StoreError> {
        let key = format!("{}{}-{}-{}.jsonl", self.key(".runs/"), name(entry.at), entry.kind.word(), entry.run);
        let text = line(entry);
        let done = put(self.bucket(), &key, text.as_bytes(), &Condition::Absent, &SendGuard::always()).await;
        done.map(|_| ()).map_err(|source| StoreError::bucket("write", self.bucket(), &key, source))
    }
}

/// Whether a key is that of a run of this kind.
fn is_of(key: &str, kind: RunKind) -> bool {
    let name = key.rsplit('/').next().unwrap_or_default();
    name.split('-').nth(1) == Some(kind.word())
}

/// The folder of a month.
fn month(at: Timestamp) -> String {
    at.strftime("%Y-%m/").to_string()
}

/// How the names of the runs of a millisecond begin. Those of earlier versions tell the second alone.
fn name(at: Timestamp) -> String {
    at.strftime("%Y-%m/%Y%m%dT%H%M%S%.3fZ").to_string()
}
