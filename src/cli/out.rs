//! The two ways out: data to stdout, everything else to stderr.

use std::io::{IsTerminal, Write};
use std::path::Path;

use super::typed;
use crate::run::{RunError, Stop};

/// Writes the program's data. A reader that went away ends it quietly.
pub(super) fn data(text: &str) {
    // Whoever closed the pipe has seen enough.
    let _ = if text.contains('\u{1b}') {
        let mut out = anstream::stdout().lock();
        out.write_all(text.as_bytes()).and_then(|()| out.flush())
    } else {
        // Without colour there is none to be taken out again, letter by letter.
        let mut out = std::io::stdout().lock();
        out.write_all(text.as_bytes()).and_then(|()| out.flush())
    };
}

/// Writes data for people: the commands it names as they have to be typed now.
pub(super) fn told(text: &str) {
    data(&typed::text(text));
}

/// Writes everything else, for people.
pub(super) fn note(text: &str) {
    let text = typed::text(text);
    let mut out = anstream::stderr().lock();
    let _ = out.write_all(text.as_bytes()).and_then(|()| out.flush());
}

/// Whether somebody can be asked.
pub(super) fn can_ask() -> bool {
    std::io::stdin().is_terminal() && std::io::stderr().is_terminal()
}

/// Asks; answers what was typed, without the line end. Nothing at the end of input.
///
/// # Errors
/// [`RunError::Stopped`] when somebody pressed Ctrl-C instead of answering.
pub(super) async fn ask(question: &str, stop: &Stop) -> Result<Option<String>, RunError> {
    // What was typed before the question was there is no answer to it.
    let _ = rustix::termios::tcflush(std::io::stdin(), rustix::termios::QueueSelector::IFlush);
    note(question);
    let typed = tokio::task::spawn_blocking(|| {
        let mut answer = String::new();
        let read = std::io::stdin().read_line(&mut answer);
        read.is_ok_and(|length| length > 0).then(|| answer.trim().to_owned())
    });
    tokio::select! {
        biased;
        () = stop.drained() => {
            note("\n");
            Err(RunError::Stopped)
        }
        // Reading panics only if the terminal is gone: nobody answers then.
        answer = typed => Ok(answer.unwrap_or_default()),
    }
}

/// Whether a path is that of the standard output.
pub(super) fn is_stdout(path: &Path) -> bool {
    path.as_os_str() == "-"
}
