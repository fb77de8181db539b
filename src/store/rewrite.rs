//! Writing a file that people keep: what they set of it stays.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use super::StoreError;
use super::file::{real, write_with};
use super::input::may_stand_at;

/// Writes a file that is there anew, as a whole or not at all: who may read it stays, and where its name is a link, what that
/// leads to is written.
///
/// # Errors
/// [`StoreError::NoPlace`] where something stands that is no file; [`StoreError::Io`] with the path.
pub fn rewrite(path: &Path, bytes: &[u8]) -> Result<(), StoreError> {
    may_stand_at(path)?;
    let path = real(path);
    let mode = fs::metadata(&path).map_err(|source| StoreError::io("read", &path, source))?.permissions().mode();
    write_with(&path, bytes, mode & 0o777)
}
