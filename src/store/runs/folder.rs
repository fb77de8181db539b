//! The run history in a folder: one file, to which every run adds a line.
//!
//! A line is added by one write at the end of the file, so two at once do not mix. Where a run was cut short while it
//! wrote, the next one begins a line of its own. Only what takes lines out makes the file anew: it keeps those out that
//! add meanwhile, by a lock of the kernel on the file itself.

use std::fs::{File, OpenOptions};
use std::io::Write as _;
use std::os::unix::fs::{FileExt as _, MetadataExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use jiff::Timestamp;

use super::super::file::{FileStore, free, make_folder, write_whole};
use super::super::input::{kept_bytes, may_open};
use super::{HistoryLine, KEPT, KEPT_FOR, RunEntry, RunHistory, RunKind, StoreError, line, lines, parse, read_line};

/// So many more entries than are kept may wait until the file is made anew.
const SLACK: usize = 500;

impl FileStore {
    /// Where the run history is.
    pub fn runs_path(&self) -> PathBuf {
        self.folder.join(format!("{}.runs.jsonl", self.stack))
    }

    /// The newest entries of the run history, of one kind or of all.
    ///
    /// # Errors
    /// [`StoreError::Damaged`] where something else has its name; [`StoreError::Io`].
    pub fn runs(&self, of: Option<RunKind>, wanted: usize) -> Result<RunHistory, StoreError> {
        let path = self.runs_path();
        let bytes = kept_bytes(&path)?.unwrap_or_default();
        Ok(parse(&path.display().to_string(), &bytes).newest(of, wanted))
    }

    /// Adds an entry to the run history. What is damaged in it is kept under another name, and left out from then on.
    ///
    /// # Errors
    /// As [`runs`](Self::runs).
    pub fn add_run(&self, entry: &RunEntry) -> Result<(), StoreError> {
        let path = self.runs_path();
        make_folder(&self.folder)?;
        add(&path, line(entry).as_bytes())?;
        let bytes = kept_bytes(&path)?.unwrap_or_default();
        if is_due(&bytes, entry.at) { fold(&path, entry.at) } else { Ok(()) }
    }
}

fn add(path: &Path, text: &[u8]) -> Result<(), StoreError> {
    let io = |source| StoreError::io("write", path, source);
    loop {
        may_open(path)?;
        let opened = OpenOptions::new().read(true).append(true).create(true).mode(0o600).open(path);
        let mut file = opened.map_err(io)?;
        // Where the file system knows no locks, nobody takes lines out meanwhile either.
        let _ = file.lock_shared();
        if !is_at(&file, path) {
            continue;
        }
        let length = file.metadata().map_err(io)?.len();
        let mut last = [b'\n'];
        if length > 0 {
            file.read_exact_at(&mut last, length - 1).map_err(io)?;
        }
        let begin: &[u8] = if last == [b'\n'] { b"" } else { b"\n" };
        return file.write_all(&[begin, text].concat()).and_then(|()| file.sync_data()).map_err(io);
    }
}

/// Whether the file at `path` is this one, and not one that took its place.
fn is_at(file: &File, path: &Path) -> bool {
    match (file.metadata(), std::fs::metadata(path)) {
        (Ok(one), Ok(other)) => (one.dev(), one.ino()) == (other.dev(), other.ino()),
        (Err(_), _) | (_, Err(_)) => false,
    }
}

/// Whether lines are to be taken out.
fn is_due(bytes: &[u8], now: Timestamp) -> bool {
    let all: Vec<&[u8]> = lines(bytes).map(|(_, raw)| raw).collect();
    let is_old = |raw: &&[u8]| match read_line(raw) {
        HistoryLine::Run(entry) => entry.at < now - KEPT_FOR,
        HistoryLine::Newer(_) | HistoryLine::Damaged => false,
    };
    let is_damaged = |raw: &&[u8]| matches!(read_line(raw), HistoryLine::Damaged);
    all.len() > KEPT + SLACK || all.get(SLACK).is_some_and(is_old) || all.iter().any(is_damaged)
}

/// Makes the file anew without what is too old, too much or damaged. Where somebody adds to it at the moment, it is left
/// to a later run.
fn fold(path: &Path, now: Timestamp) -> Result<(), StoreError> {
    let file = File::open(path).map_err(|source| StoreError::io("open", path, source))?;
    if file.try_lock().is_err() || !is_at(&file, path) {
        return Ok(());
    }
    let bytes = kept_bytes(path)?.unwrap_or_default();
    let (mut kept, mut is_damaged) = (Vec::new(), false);
    for (_, raw) in lines(&bytes) {
        match read_line(raw) {
            HistoryLine::Run(entry) if entry.at < now - KEPT_FOR => {}
            HistoryLine::Run(_) | HistoryLine::Newer(_) => kept.push(raw),
            HistoryLine::Damaged => is_damaged = true,
        }
    }
    if is_damaged {
        write_whole(&free(path, "damaged"), &bytes)?;
    }
    write_whole(path, &kept[kept.len().saturating_sub(KEPT)..].concat())
}
