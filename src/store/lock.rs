//! Mutual exclusion on one machine: a kernel lock, which dies with its holder, so there is nothing to expire.

use std::fmt;
use std::fs::{File, OpenOptions, TryLockError};
use std::io::{ErrorKind, Read, Seek, SeekFrom, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use serde::{Deserialize, Serialize};

use super::StoreError;
use super::input::may_open;

/// Who holds a lock: for the message only, the kernel decides.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct LockInfo {
    /// User and host.
    pub who: String,
    /// Process id.
    pub pid: u32,
    /// What is being run.
    pub command: String,
    /// Since when, UTC.
    pub since: String,
}

impl fmt::Display for LockInfo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.pid == 0 {
            return f.write_str("somebody who left no name");
        }
        write!(f, "{} (process {}), who runs `{}` since {}", self.who, self.pid, self.command, self.since)
    }
}

/// A held lock; let go when dropped, or when the process ends however it ends.
#[derive(Debug)]
pub struct Lock {
    _file: File,
}

impl Lock {
    /// Takes the lock at `path` or says who has it. The file is never removed, so nobody locks a ghost.
    ///
    /// # Errors
    /// [`StoreError::Busy`] when somebody holds it; [`StoreError::Damaged`] where something else has its name;
    /// [`StoreError::Io`].
    pub(super) fn take(path: &Path, info: &LockInfo) -> Result<Self, StoreError> {
        let io = |doing| move |source| StoreError::io(doing, path, source);
        may_open(path)?;
        let mut file = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .mode(0o600)
            .open(path)
            .map_err(io("open the lock"))?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                let mut text = String::new();
                let readable = file.read_to_string(&mut text).is_ok();
                let holder =
                    if readable { serde_json::from_str(&text).unwrap_or_default() } else { LockInfo::default() };
                return Err(StoreError::Busy { holder });
            }
            Err(TryLockError::Error(source)) => return Err(StoreError::io("lock", path, source)),
        }
        let text = serde_json::to_string(info).expect("lock information serialises");
        file.set_len(0).map_err(io("write the lock"))?;
        file.seek(SeekFrom::Start(0)).map_err(io("write the lock"))?;
        file.write_all(text.as_bytes()).map_err(io("write the lock"))?;
        Ok(Self { _file: file })
    }

    /// Who holds the lock at `path`, if anybody does. Leaves the file as it is.
    ///
    /// # Errors
    /// [`StoreError::Damaged`] where something else has its name; [`StoreError::Io`].
    pub(super) fn holder(path: &Path) -> Result<Option<LockInfo>, StoreError> {
        let io = |source| StoreError::io("open the lock", path, source);
        may_open(path)?;
        let mut file = match OpenOptions::new().read(true).open(path) {
            Ok(file) => file,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
            Err(source) => return Err(io(source)),
        };
        match file.try_lock_shared() {
            Ok(()) => Ok(None),
            Err(TryLockError::WouldBlock) => {
                let mut text = String::new();
                file.read_to_string(&mut text).map_err(io)?;
                Ok(Some(serde_json::from_str(&text).unwrap_or_default()))
            }
            Err(TryLockError::Error(source)) => Err(io(source)),
        }
    }
}
