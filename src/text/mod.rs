//! Text that people write and read: YAML as a tree whose every node knows its place and YAML that is written, what is
//! wrong where, and the nearest right spelling of a wrong word.
//!
//! Promises: no interpretation beyond YAML's own; whatever is refused is refused with line, column and remedy.
//!
//! Leaves to others which keys and values are right.

pub mod edit;
mod problem;
mod spelling;
mod tree;
pub mod yaml;

pub use crate::model::place::Place;
pub use problem::Problem;
pub use spelling::nearest;
pub use tree::{Member, Shape, SourceNode, is_plain, read_yaml, tree};

pub use crate::model::values::{Bare, bare, is_bare_text, is_unprintable, shown};

/// The words of a text between gaps, those that are empty included; a command between backquotes is one word, so that nobody breaks it over two lines.
pub fn words(text: &str, is_gap: impl Fn(char) -> bool) -> Vec<&str> {
    let is_balanced = text.matches('`').count().is_multiple_of(2);
    let mut is_quoted = false;
    let split = text.split(|c: char| {
        is_quoted ^= c == '`' && is_balanced;
        is_gap(c) && !(is_quoted && c == ' ')
    });
    split.collect()
}
