//! Objects and what each needs, drawn: as SVG, and for Graphviz and Mermaid.
//!
//! Promises: every object and every tie of the graph is in each of them; no two objects overlap in a drawing; the same graph
//! gives the same bytes. What comes from elsewhere is text and never markup.

mod layout;
mod svg;
mod written;

pub use svg::svg;
pub(super) use svg::{LOOKS, figure, legend};
pub use written::{dot, mermaid};

use crate::report::RowStatus;

/// The word by which the looks know what becomes of an object.
const fn class(status: Option<RowStatus>) -> &'static str {
    match status {
        None => "same",
        Some(RowStatus::Create) => "create",
        Some(RowStatus::Update) => "update",
        Some(RowStatus::ReplaceCreateFirst | RowStatus::ReplaceDeleteFirst) => "replace",
        Some(RowStatus::Delete) => "delete",
        Some(RowStatus::Forget) => "forget",
        Some(RowStatus::Drift | RowStatus::Elsewhere | RowStatus::Well | RowStatus::Wrong(_)) => "drift",
    }
}
