//! Declarations, good and bad: what people write, and what they are told.

mod bad;
mod good;
mod random;

use super::{DeclarationError, Stack};

/// Two lines that make the rest a declaration; the rest starts at line 3.
const HEAD: &str = "stack: ppm-prod\nregion: us-east-1\n";

fn parsed(rest: &str) -> Stack {
    let text = format!("{HEAD}{rest}");
    Stack::parse("test.yaml", &text).unwrap_or_else(|error| panic!("{error}\n\n{text}"))
}

fn refused(text: &str) -> DeclarationError {
    match Stack::parse("test.yaml", text) {
        Ok(_) => panic!("accepted:\n{text}"),
        Err(error) => error,
    }
}
