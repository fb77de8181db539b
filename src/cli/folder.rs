//! Several files that a command writes into one folder.
//!
//! Promises: all of them are written, or none where one was edited and nobody said that it may be lost.

use std::path::{Path, PathBuf};

use super::exit;
use super::failure::Failure;
use crate::store::file;

/// A file with its name in the folder and its text.
pub(super) type NamedText<'a> = (&'a str, &'a str);

/// Writes the files, and answers where they are.
///
/// # Errors
/// When one is there with other content and `force` is not said, and when one cannot be written.
pub(super) fn write_files(folder: &Path, files: &[NamedText<'_>], force: bool) -> Result<Vec<PathBuf>, Failure> {
    let files: Vec<(PathBuf, &str)> = files.iter().map(|(name, text)| (folder.join(name), *text)).collect();
    let mut other = Vec::new();
    for (path, text) in &files {
        if file::read_if_there(path)?.is_some_and(|there| there != *text) {
            other.push(path.display().to_string());
        }
    }
    if !other.is_empty() && !force {
        let heading = format!("nothing was written: there already, with other content, {}", other.join(", "));
        return Err(Failure::new(exit::USAGE, heading)
            .hint("`--force` writes over what is there")
            .hint("to compare, name another folder: `--out FOLDER`"));
    }
    file::make_public_folder(folder)?;
    for (path, text) in &files {
        file::write_public(path, text.as_bytes())?;
    }
    Ok(files.into_iter().map(|(path, _)| path).collect())
}
