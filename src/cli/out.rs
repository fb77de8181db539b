//! The two ways out: data to stdout, everything else to stderr.

use std::io::{IsTerminal, Write};

/// Writes the program's data. A reader that went away ends it quietly.
pub(super) fn data(text: &str) {
    let mut out = anstream::stdout().lock();
    // Whoever closed the pipe has seen enough.
    let _ = out.write_all(text.as_bytes()).and_then(|()| out.flush());
}

/// Writes everything else.
pub(super) fn note(text: &str) {
    let mut out = anstream::stderr().lock();
    let _ = out.write_all(text.as_bytes()).and_then(|()| out.flush());
}

/// Whether somebody can be asked.
pub(super) fn can_ask() -> bool {
    std::io::stdin().is_terminal() && std::io::stderr().is_terminal()
}

/// Asks; answers what was typed, without the line end. Nothing at the end of input.
pub(super) fn ask(question: &str) -> Option<String> {
    note(question);
    let mut answer = String::new();
    match std::io::stdin().read_line(&mut answer) {
        Ok(0) | Err(_) => None,
        Ok(_) => Some(answer.trim().to_owned()),
    }
}
