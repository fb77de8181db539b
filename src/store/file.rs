//! State in a folder: `<stack>.lock.json` and its last version, `<stack>.journal`, `<stack>.lock`. The only door to the file system.

use std::fs::{self, File, OpenOptions};
use std::io::{ErrorKind, Write};
use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

use futures_core::future::BoxFuture;

pub use super::input::{is_standard_input, may_stand_at, read_if_there, read_input};
use super::input::{kept, kept_bytes};
use super::journal::{self, JournalHeader};
use super::lock::{Lock, LockInfo};
use super::{Store, StoreError, lockfile};
use crate::engine::state::{Book, JournalEntry, State};
use crate::model::resource::Catalog;

/// The state of one stack in a folder.
#[derive(Debug)]
pub struct FileStore {
    pub(super) folder: PathBuf,
    pub(super) stack: String,
    catalog: Catalog,
    journal: Option<File>,
}

impl FileStore {
    /// The state of `stack` in `folder`, which need not exist yet.
    pub fn new(folder: &Path, stack: &str, catalog: Catalog) -> Self {
        Self { folder: folder.to_owned(), stack: stack.to_owned(), catalog, journal: None }
    }

    /// Where the lockfile is.
    pub fn path(&self) -> PathBuf {
        self.folder.join(format!("{}.lock.json", self.stack))
    }

    fn journal_path(&self) -> PathBuf {
        self.folder.join(format!("{}.journal", self.stack))
    }

    /// Gives the lockfile and its journal other names, which end in `.<word>-<n>`; answers the new names. They are kept
    /// for people: nothing reads them any more.
    ///
    /// # Errors
    /// [`StoreError::Io`] with the file that could not be renamed.
    pub fn set_aside(&self, word: &str) -> Result<Vec<PathBuf>, StoreError> {
        let named = |path: &Path, n: usize| PathBuf::from(format!("{}.{word}-{n}", path.display()));
        // The journal first: without it the lockfile is what it was before, but not the other way round.
        let paths = [self.journal_path(), self.path()];
        let mut n = 1;
        while paths.iter().any(|path| is_there(&named(path, n))) {
            n += 1;
        }
        let mut aside = Vec::new();
        for path in paths.iter().filter(|path| is_there(path)) {
            let to = named(path, n);
            fs::rename(path, &to).map_err(|source| StoreError::io("rename", path, source))?;
            aside.push(to);
        }
        sync_folder(&self.folder).map_err(|source| StoreError::io("write", &self.folder, source))?;
        Ok(aside)
    }

    /// Keeps everybody else from working on the stack until the lock is dropped.
    ///
    /// # Errors
    /// [`StoreError::Busy`] with the holder; [`StoreError::Io`] when the folder cannot be made or written.
    pub fn lock(&self, info: &LockInfo) -> Result<Lock, StoreError> {
        make_folder(&self.folder)?;
        let lock = Lock::take(&self.folder.join(format!("{}.lock", self.stack)), info)?;
        self.sweep()?;
        Ok(lock)
    }

    /// Removes what a process that was killed while it wrote a file of this stack left half written.
    fn sweep(&self) -> Result<(), StoreError> {
        let names = [format!(".{}.lock.json.", self.stack), format!(".{}.journal.", self.stack)];
        for path in list(&self.folder, &[""])? {
            let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
            if names.iter().any(|start| name.starts_with(start)) {
                fs::remove_file(&path).map_err(|source| StoreError::io("remove", &path, source))?;
            }
        }
        Ok(())
    }

    /// Who works on the stack, if anybody does.
    ///
    /// # Errors
    /// [`StoreError::Io`] when the lock is there and cannot be looked at.
    pub fn holder(&self) -> Result<Option<LockInfo>, StoreError> {
        Lock::holder(&self.folder.join(format!("{}.lock", self.stack)))
    }

    /// The lockfile before the last write, if it was kept.
    ///
    /// # Errors
    /// [`StoreError::Io`], or why it cannot be read.
    pub fn previous(&self) -> Result<Option<State>, StoreError> {
        let path = backup(&self.path());
        kept(&path)?.map(|text| lockfile::parse(&path, &text, &self.catalog)).transpose()
    }

    /// Other stacks in the same folder that hold resources and were applied from `declaration`.
    ///
    /// # Errors
    /// [`StoreError::Io`] when the folder cannot be read. Lockfiles that cannot be read are passed over.
    pub fn others_from(&self, declaration: &str) -> Result<Vec<State>, StoreError> {
        let entries = match fs::read_dir(&self.folder) {
            Ok(entries) => entries,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
            Err(source) => return Err(StoreError::io("read the folder", &self.folder, source)),
        };
        let mut others: Vec<State> = entries
            .filter_map(|entry| Some(entry.ok()?.path()))
            .filter(|path| path.to_string_lossy().ends_with(".lock.json") && *path != self.path())
            .filter_map(|path| lockfile::parse(&path, &kept(&path).ok()??, &self.catalog).ok())
            .filter(|state| state.declaration == declaration && !state.is_empty())
            .collect();
        others.sort_by(|a, b| a.stack.cmp(&b.stack));
        Ok(others)
    }

    fn read(&self) -> Result<Option<Book>, StoreError> {
        let path = self.path();
        let Some(text) = kept(&path)? else { return Ok(None) };
        let mut book = Book::of(lockfile::of_stack(&self.stack, &path, lockfile::parse(&path, &text, &self.catalog)?)?);
        let path = self.journal_path();
        let Some(bytes) = kept_bytes(&path)? else { return Ok(Some(book)) };
        if let Some((header, entries)) = journal::parse(&path, &bytes)? {
            // The state was written after this journal: the process ended before it could remove it.
            if header != JournalHeader::of(&book.state) {
                return Ok(Some(book));
            }
            for entry in &entries {
                book.apply(entry).map_err(|source| StoreError::Journal { path: path.clone(), source })?;
            }
        }
        Ok(Some(book))
    }

    fn add(&mut self, base: &State, entries: &[JournalEntry]) -> Result<(), StoreError> {
        let Some(first) = entries.first() else { return Ok(()) };
        let mut file = match self.journal.take() {
            Some(file) => file,
            None => self.open_journal(base, first.seq())?,
        };
        let text: String = entries.iter().map(journal::line).collect();
        file.write_all(text.as_bytes())
            .and_then(|()| file.sync_data())
            .map_err(|source| StoreError::io("write", &self.journal_path(), source))?;
        // Only now: after a write that failed halfway the journal is opened anew, without what was never durable.
        self.journal = Some(file);
        Ok(())
    }

    /// Opens the journal that continues `base`, for entries from number `next` on: an interrupted one with its whole
    /// lines, in place of any other, which is absorbed already.
    fn open_journal(&self, base: &State, next: u64) -> Result<File, StoreError> {
        let path = self.journal_path();
        let io = |source| StoreError::io("write", &path, source);
        make_folder(&self.folder)?;
        let existing = match kept_bytes(&path)? {
            Some(bytes) => journal::parse(&path, &bytes)?,
            None => None,
        };
        let header = JournalHeader::of(base);
        let mut text = journal::line(&header);
        if let Some((_, kept)) = existing.filter(|(found, _)| *found == header) {
            text.extend(kept.iter().filter(|entry| entry.seq() < next).map(journal::line));
        }
        write_whole(&path, text.as_bytes())?;
        OpenOptions::new().append(true).open(&path).map_err(io)
    }

    fn replace(&mut self, state: &State) -> Result<(), StoreError> {
        let path = self.path();
        lockfile::sound(&path, state, &self.catalog)?;
        make_folder(&self.folder)?;
        if let Some(text) = kept(&path)? {
            let there = lockfile::parse(&path, &text, &self.catalog)?;
            if there.serial + 1 != state.serial || there.lineage != state.lineage {
                return Err(StoreError::Conflict {
                    path,
                    expected: state.serial.saturating_sub(1),
                    found: there.serial,
                });
            }
            write_whole(&backup(&path), text.as_bytes())?;
        }
        write_whole(&path, lockfile::render(state).as_bytes())?;
        self.journal = None;
        let journal = self.journal_path();
        match fs::remove_file(&journal) {
            Ok(()) => Ok(()),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
            Err(source) => Err(StoreError::io("remove", &journal, source)),
        }
    }
}

impl Store for FileStore {
    fn load(&mut self) -> BoxFuture<'_, Result<Option<Book>, StoreError>> {
        Box::pin(async move { self.read() })
    }

    fn append<'a>(&'a mut self, base: &'a State, entries: &'a [JournalEntry]) -> BoxFuture<'a, Result<(), StoreError>> {
        Box::pin(async move { self.add(base, entries) })
    }

    fn write<'a>(&'a mut self, state: &'a State) -> BoxFuture<'a, Result<(), StoreError>> {
        Box::pin(async move { self.replace(state) })
    }
}

/// Where the version of a lockfile before the last write is kept.
fn backup(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".backup");
    name.into()
}

/// The serial of the version of a lockfile before the last write, if it was kept and can be read.
pub fn previous(path: &Path, catalog: &Catalog) -> Option<u64> {
    let path = backup(path);
    let text = read_if_there(&path).ok().flatten()?;
    lockfile::parse(&path, &text, catalog).ok().map(|state| state.serial)
}

/// A name beside a file that nothing has: `<path>.<word>`, else with a number.
pub fn free(path: &Path, word: &str) -> PathBuf {
    let named = |n: u32| match n {
        1 => PathBuf::from(format!("{}.{word}", path.display())),
        n => PathBuf::from(format!("{}.{word}-{n}", path.display())),
    };
    (1..=u32::MAX).map(named).find(|path| !is_there(path)).expect("there are more names than files")
}

/// Whether anything has this name, a link that leads nowhere included.
pub fn is_there(path: &Path) -> bool {
    fs::symlink_metadata(path).is_ok()
}

/// Where a path leads, following links; itself if nothing is there yet.
pub fn real(path: &Path) -> PathBuf {
    fs::canonicalize(path).unwrap_or_else(|_| path.to_owned())
}

/// A file to which lines are added, for its owner alone. What is no file is not opened.
///
/// # Errors
/// [`StoreError::NoPlace`]; [`StoreError::Io`] with the path.
pub fn open_log(path: &Path) -> Result<File, StoreError> {
    may_stand_at(path)?;
    let opened = OpenOptions::new().append(true).create(true).mode(0o600).open(path);
    opened.map_err(|source| StoreError::io("write", path, source))
}

/// Writes a file as a whole or not at all, readable by its owner only: a temporary file beside it, synced, renamed, and
/// the folder synced.
///
/// # Errors
/// [`StoreError::NoPlace`] where something stands that is no file; [`StoreError::Io`] with the path.
pub fn write_whole(path: &Path, bytes: &[u8]) -> Result<(), StoreError> {
    write_with(path, bytes, 0o600)
}

/// The same for a file that anybody may read.
///
/// # Errors
/// As [`write_whole`].
pub fn write_public(path: &Path, bytes: &[u8]) -> Result<(), StoreError> {
    write_with(path, bytes, 0o644)
}

/// Writes a file that whoever `mode` says may read.
pub(super) fn write_with(path: &Path, bytes: &[u8], mode: u32) -> Result<(), StoreError> {
    may_stand_at(path)?;
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let io = |source| StoreError::io("write", path, source);
    let name = path.file_name().map(|name| name.to_string_lossy()).unwrap_or_default();
    let mut file = tempfile::Builder::new().prefix(&format!(".{name}.")).tempfile_in(folder).map_err(io)?;
    file.write_all(bytes).map_err(io)?;
    file.as_file().set_permissions(fs::Permissions::from_mode(mode)).map_err(io)?;
    file.as_file().sync_all().map_err(io)?;
    file.persist(path).map_err(|error| io(error.error))?;
    sync_folder(folder).map_err(io)
}

fn sync_folder(folder: &Path) -> std::io::Result<()> {
    File::open(folder).and_then(|folder| folder.sync_all())
}

/// Makes a folder and those above it, if they are missing; only its owner may enter.
///
/// # Errors
/// [`StoreError::Io`] with the path.
pub fn make_folder(folder: &Path) -> Result<(), StoreError> {
    use std::os::unix::fs::DirBuilderExt;
    fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(folder)
        .map_err(|source| StoreError::io("make the folder", folder, source))
}

/// Makes a folder for what anybody may read, and those above it, if they are missing.
///
/// # Errors
/// [`StoreError::Io`] with the path.
pub fn make_public_folder(folder: &Path) -> Result<(), StoreError> {
    fs::create_dir_all(folder).map_err(|source| StoreError::io("make the folder", folder, source))
}

/// The files in `folder` whose names end in one of `endings`, sorted; none if there is no such folder.
///
/// # Errors
/// [`StoreError::Io`] when the folder cannot be read.
pub fn list(folder: &Path, endings: &[&str]) -> Result<Vec<PathBuf>, StoreError> {
    let entries = match fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
        Err(source) => return Err(StoreError::io("read the folder", folder, source)),
    };
    let mut found: Vec<PathBuf> = entries
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(|path| endings.iter().any(|ending| path.to_string_lossy().ends_with(ending)))
        .collect();
    found.sort();
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::tests::{note, state, with};

    fn store(folder: &Path) -> FileStore {
        FileStore::new(folder, "lab", Catalog::new())
    }

    #[test]
    fn what_is_written_is_read_and_only_the_owner_may() {
        let folder = tempfile::tempdir().unwrap();
        let mut store = store(&folder.path().join("state"));
        assert_eq!(store.read().unwrap(), None);
        store.replace(&state(1)).unwrap();
        store.add(&state(1), &[note(1), note(2)]).unwrap();
        let book = super::FileStore::new(&store.folder, "lab", Catalog::new()).read().unwrap().unwrap();
        assert_eq!((book.state, book.last), (state(1), 2));
        for path in [store.path(), store.journal_path()] {
            assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600, "{}", path.display());
        }
        assert_eq!(fs::metadata(&store.folder).unwrap().permissions().mode() & 0o777, 0o700);
    }

    #[test]
    fn a_state_that_cannot_be_right_is_not_written() {
        let folder = tempfile::tempdir().unwrap();
        let mut store = store(folder.path());
        store.replace(&state(1)).unwrap();
        let wrong = store.replace(&with("unknown.main", state(2)));
        assert!(matches!(wrong, Err(StoreError::Unsound { .. })), "{wrong:?}");
        assert_eq!(store.read().unwrap().unwrap().state, state(1));
    }

    #[test]
    fn a_journal_of_an_older_state_is_absorbed_already() {
        let folder = tempfile::tempdir().unwrap();
        let mut store = store(folder.path());
        store.replace(&state(1)).unwrap();
        store.add(&state(1), &[note(1)]).unwrap();
        let kept = fs::read(store.journal_path()).unwrap();
        store.replace(&state(2)).unwrap();
        assert!(!store.journal_path().exists());
        fs::write(store.journal_path(), kept).unwrap();
        assert_eq!(store.read().unwrap().unwrap().last, 0);
        store.add(&state(2), &[note(1)]).unwrap();
        assert_eq!(store.read().unwrap().unwrap().last, 1);
    }

    #[test]
    fn an_interrupted_journal_is_continued() {
        let folder = tempfile::tempdir().unwrap();
        let mut first = store(folder.path());
        first.replace(&state(1)).unwrap();
        first.add(&state(1), &[note(1)]).unwrap();
        let path = first.journal_path();
        fs::write(&path, [fs::read(&path).unwrap(), b"0000".to_vec()].concat()).unwrap();
        let mut second = store(folder.path());
        assert_eq!(second.read().unwrap().unwrap().last, 1);
        second.add(&state(1), &[note(2)]).unwrap();
        assert_eq!(second.read().unwrap().unwrap().last, 2);
        // What is written under a number once more takes the place of what had it.
        let mut third = store(folder.path());
        third.add(&state(1), &[note(2)]).unwrap();
        assert_eq!(third.read().unwrap().unwrap().last, 2);
    }

    #[test]
    fn a_journal_that_lacks_a_line_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let mut store = store(folder.path());
        store.replace(&state(1)).unwrap();
        store.add(&state(1), &[note(1), note(2), note(3)]).unwrap();
        let text = fs::read_to_string(store.journal_path()).unwrap();
        let lines: Vec<&str> = text.split_inclusive('\n').collect();
        for n in [1, 2] {
            fs::write(store.journal_path(), [&lines[..n], &lines[n + 1..]].concat().concat()).unwrap();
            assert!(matches!(store.read(), Err(StoreError::Journal { .. })), "{n}");
        }
    }

    #[test]
    fn truncated_edited_and_newer_states_are_refused() {
        let folder = tempfile::tempdir().unwrap();
        let mut store = store(folder.path());
        store.replace(&state(1)).unwrap();
        let whole = fs::read_to_string(store.path()).unwrap();
        for length in 0..whole.len() - 1 {
            fs::write(store.path(), &whole[..length]).unwrap();
            assert!(store.read().is_err(), "truncated to {length}");
        }
        fs::write(store.path(), whole.replace("us-east-1", "us-west-2")).unwrap();
        assert!(matches!(store.read(), Err(StoreError::Edited { .. })));
        fs::write(store.path(), whole.replace("\"format\": 1", "\"format\": 2")).unwrap();
        assert!(matches!(store.read(), Err(StoreError::Newer { found: 2, .. })));
        fs::write(store.path(), &whole).unwrap();
        assert_eq!(store.read().unwrap().unwrap().state, state(1));
    }

    #[test]
    fn what_is_set_aside_is_kept_under_names_that_are_free() {
        let folder = tempfile::tempdir().unwrap();
        let mut store = store(folder.path());
        for n in 1..=2 {
            store.replace(&state(1)).unwrap();
            store.add(&state(1), &[note(1)]).unwrap();
            let (lockfile, journal) = (fs::read(store.path()).unwrap(), fs::read(store.journal_path()).unwrap());
            let names = [format!("lab.journal.damaged-{n}"), format!("lab.lock.json.damaged-{n}")];
            let names = names.map(|name| folder.path().join(name));
            assert_eq!(store.set_aside("damaged").unwrap(), names);
            assert_eq!(names.map(|name| fs::read(name).unwrap()), [journal, lockfile]);
            assert_eq!(store.read().unwrap(), None);
            store.journal = None;
        }
        assert_eq!(store.set_aside("damaged").unwrap(), Vec::<PathBuf>::new(), "there is nothing to set aside");
    }

    #[test]
    fn a_write_must_follow_what_is_there() {
        let folder = tempfile::tempdir().unwrap();
        let mut store = store(folder.path());
        store.replace(&state(1)).unwrap();
        assert!(matches!(store.replace(&state(1)), Err(StoreError::Conflict { found: 1, .. })));
        assert!(matches!(store.replace(&state(3)), Err(StoreError::Conflict { found: 1, .. })));
        let other = State { lineage: "another".to_owned(), ..state(2) };
        assert!(matches!(store.replace(&other), Err(StoreError::Conflict { found: 1, .. })));
        store.replace(&state(2)).unwrap();
    }

    #[test]
    fn what_was_half_written_goes_with_the_next_lock_and_nothing_else() {
        let folder = tempfile::tempdir().unwrap();
        let mut store = store(folder.path());
        store.replace(&state(1)).unwrap();
        store.replace(&state(2)).unwrap();
        store.add(&state(2), &[note(1)]).unwrap();
        let kept = list(folder.path(), &[""]).unwrap();
        for name in [".lab.lock.json.a1", ".lab.lock.json.backup.b2", ".lab.journal.c3"] {
            fs::write(folder.path().join(name), "half").unwrap();
        }
        fs::write(folder.path().join(".laboratory.journal.d4"), "somebody else's").unwrap();
        store.lock(&LockInfo::default()).unwrap();
        let mut left = list(folder.path(), &[""]).unwrap();
        left.retain(|path| !kept.contains(path));
        let names: Vec<_> = left.iter().map(|path| path.file_name().unwrap().to_str().unwrap()).collect();
        assert_eq!(names, [".laboratory.journal.d4", "lab.lock"]);
    }

    #[test]
    fn a_lock_keeps_others_out_and_names_its_holder() {
        let folder = tempfile::tempdir().unwrap();
        let store = store(folder.path());
        let info =
            LockInfo { who: "ann@host".to_owned(), pid: 7, command: "apply".to_owned(), since: "now".to_owned() };
        let held = store.lock(&info).unwrap();
        let Err(StoreError::Busy { holder }) = store.lock(&LockInfo::default()) else { panic!("the lock is held") };
        assert_eq!(holder, info);
        let path = folder.path().join("lab.lock");
        assert_eq!(fs::metadata(path).unwrap().permissions().mode() & 0o777, 0o600);
        drop(held);
        assert_eq!(store.holder().unwrap(), None);
        // A shorter name leaves nothing of the longer one behind.
        let info = LockInfo { who: "b".to_owned(), ..info };
        let _held = store.lock(&info).unwrap();
        assert_eq!(store.holder().unwrap(), Some(info));
    }
}
