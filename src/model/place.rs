//! Where in a file something stands.

use serde::{Deserialize, Serialize};

/// A place in a file: line and column from 1, in characters, and how many characters it spans.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Place {
    /// The line, from 1.
    pub line: usize,
    /// The column in characters, from 1.
    pub column: usize,
    /// How many characters it spans.
    pub width: usize,
}

impl Place {
    /// The beginning of the file, for what is missing from it.
    pub const START: Self = Self { line: 1, column: 1, width: 1 };
}
