//! What a person names on the command line: a file, standard input, or a descriptor that a shell opened.

use std::fs;
use std::io::ErrorKind;
use std::os::unix::fs::FileTypeExt as _;
use std::path::Path;

use super::StoreError;
use super::file::read_if_there;

/// The text of what a person names on the command line: a file, `-` for standard input, or a descriptor that a shell
/// opened, as with `<(…)`; nothing if there is no such file. Whatever could keep the program waiting for ever (a named
/// pipe, a device, a socket) is refused, not opened.
///
/// # Errors
/// As [`read_if_there`], and [`StoreError::NotAFile`].
pub fn read_input(path: &Path) -> Result<Option<String>, StoreError> {
    if is_standard_input(path) {
        return read_if_there(Path::new("/dev/stdin"));
    }
    if ["/dev/fd", "/proc/self/fd"].iter().any(|open| path.starts_with(open)) {
        return read_if_there(path);
    }
    let kind = match fs::metadata(path) {
        Ok(metadata) => metadata.file_type(),
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        Err(source) => return Err(StoreError::io("read", path, source)),
    };
    if kind.is_file() {
        return read_if_there(path);
    }
    let what = if kind.is_dir() {
        "a folder"
    } else if kind.is_fifo() {
        "a named pipe"
    } else if kind.is_socket() {
        "a socket"
    } else {
        "a device"
    };
    Err(StoreError::NotAFile { path: path.to_owned(), what })
}

/// Whether a path means the standard input.
pub fn is_standard_input(path: &Path) -> bool {
    path.as_os_str() == "-" || path == Path::new("/dev/stdin")
}
