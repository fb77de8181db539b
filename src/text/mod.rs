//! Text that people write: YAML as a tree whose every node knows its place, what is wrong where, and the nearest right
//! spelling of a wrong word.
//!
//! Promises: no interpretation beyond YAML's own; whatever is refused is refused with line, column and remedy.
//!
//! Leaves to others which keys and values are right.

mod problem;
mod spelling;
mod tree;

pub use crate::model::place::Place;
pub use problem::Problem;
pub use spelling::nearest;
pub use tree::{Member, Node, Shape, is_plain, tree};

pub use crate::model::values::{Bare, bare, is_bare_text, is_unprintable, shown};
