//! What a person names on the command line: a file, standard input, or a descriptor that a shell opened. And what else may
//! have the name of a file: nothing is opened that could keep the program waiting for ever.

use std::fs::{self, FileType};
use std::io::ErrorKind;
use std::os::unix::fs::FileTypeExt as _;
use std::path::Path;

use super::StoreError;

/// Where the descriptors of a process have names.
const OPEN: [&str; 2] = ["/dev/fd", "/proc/self/fd"];

/// The text of what a person names on the command line: a file, `-` for standard input, or a descriptor that a shell
/// opened, as with `<(…)`; nothing if there is no such file. Whatever could keep the program waiting for ever (a named
/// pipe, a device, a socket) is refused, not opened.
///
/// # Errors
/// [`StoreError::NotAFile`]; [`StoreError::Io`] with the path; [`StoreError::Damaged`] when it is not UTF-8.
pub fn read_input(path: &Path) -> Result<Option<String>, StoreError> {
    if is_standard_input(path) {
        return read_open(Path::new("/dev/stdin"));
    }
    if is_open(path) {
        return read_open(path);
    }
    match kind(path)? {
        None => Ok(None),
        Some(kind) if kind.is_file() => read_open(path),
        Some(kind) => Err(StoreError::NotAFile { path: path.to_owned(), what: what(kind) }),
    }
}

/// Whether a file stands at a path where the program keeps one, or is to.
///
/// # Errors
/// [`StoreError::NoPlace`] where something else has that name; [`StoreError::Io`] with the path.
fn stands(path: &Path) -> Result<bool, StoreError> {
    let no_place = |what| Err(StoreError::NoPlace { path: path.to_owned(), what });
    if is_standard_input(path) {
        return no_place("standard input");
    }
    // Through such a name the file would be replaced that somebody else has open, or the name itself.
    if is_open(path) || [Path::new("/dev/stdout"), Path::new("/dev/stderr")].contains(&path) {
        return no_place("an open file");
    }
    match kind(path)? {
        None => Ok(false),
        Some(kind) if kind.is_file() => Ok(true),
        Some(kind) => no_place(what(kind)),
    }
}

/// The text of a file that the program keeps; nothing if there is none. What is no file is not opened.
///
/// # Errors
/// [`StoreError::NoPlace`]; [`StoreError::Io`] with the path; [`StoreError::Damaged`] when it is not UTF-8.
pub fn read_if_there(path: &Path) -> Result<Option<String>, StoreError> {
    if stands(path)? { read_open(path) } else { Ok(None) }
}

/// Refuses a place where something stands that is no file: none can be kept there.
///
/// # Errors
/// [`StoreError::NoPlace`]; [`StoreError::Io`] with the path.
pub fn may_stand_at(path: &Path) -> Result<(), StoreError> {
    stands(path).map(|_| ())
}

/// The text of a file of a stack's state. What has its name and is none is damage like any other.
pub(super) fn kept(path: &Path) -> Result<Option<String>, StoreError> {
    kept_bytes(path)?.map(|bytes| text(path, bytes)).transpose()
}

/// The same without looking whether it is text.
pub(super) fn kept_bytes(path: &Path) -> Result<Option<Vec<u8>>, StoreError> {
    if may_open(path)? { read(path) } else { Ok(None) }
}

/// Whether a file of a stack's state is there, which opening and reading comes to an end with.
pub(super) fn may_open(path: &Path) -> Result<bool, StoreError> {
    match stands(path) {
        // Nothing waits for a folder: the operating system says it better.
        Err(StoreError::NoPlace { path, .. }) if path.is_dir() => Ok(true),
        Err(StoreError::NoPlace { path, what }) => {
            Err(StoreError::Damaged { path, reason: format!("it is {what}, not a file") })
        }
        there => there,
    }
}

/// The text of what may be opened, whatever it is; nothing if there is none.
fn read_open(path: &Path) -> Result<Option<String>, StoreError> {
    read(path)?.map(|bytes| text(path, bytes)).transpose()
}

fn read(path: &Path) -> Result<Option<Vec<u8>>, StoreError> {
    match fs::read(path) {
        Ok(bytes) => Ok(Some(bytes)),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(source) => Err(StoreError::io("read", path, source)),
    }
}

fn text(path: &Path, bytes: Vec<u8>) -> Result<String, StoreError> {
    String::from_utf8(bytes)
        .map_err(|_| StoreError::Damaged { path: path.to_owned(), reason: "it is not UTF-8 text".to_owned() })
}

/// What a path leads to, following links; nothing if nothing is there.
fn kind(path: &Path) -> Result<Option<FileType>, StoreError> {
    match fs::metadata(path) {
        Ok(metadata) => Ok(Some(metadata.file_type())),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(source) => Err(StoreError::io("read", path, source)),
    }
}

/// What something is that is no file, with its article.
fn what(kind: FileType) -> &'static str {
    if kind.is_dir() {
        "a folder"
    } else if kind.is_fifo() {
        "a named pipe"
    } else if kind.is_socket() {
        "a socket"
    } else {
        "a device"
    }
}

/// Whether a path names a descriptor of this process.
fn is_open(path: &Path) -> bool {
    OPEN.iter().any(|open| path.starts_with(open))
}

/// Whether a path means the standard input.
pub fn is_standard_input(path: &Path) -> bool {
    path.as_os_str() == "-" || path == Path::new("/dev/stdin")
}
