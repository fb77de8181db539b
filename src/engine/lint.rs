//! What cannot be right about a design or a plan, whatever the cloud says: mistakes in the design or in the
//! planner, found before they reach anybody.
//!
//! Promises: pure; a design and a plan that are sound have no finding. Does its work apart from the planner: it reads the
//! same documents and asks what must hold, not how it came about. Every plan of a build with debug assertions passes here.

mod design;
mod plan;
#[cfg(test)]
mod tests;

pub use design::{design, relied_on};
pub use plan::plan;

use crate::model::address::Address;
use crate::model::finding::Finding;

/// Findings of one lint.
#[derive(Default)]
struct Found(Vec<Finding>);

impl Found {
    fn add(&mut self, id: &'static str, at: &Address, what: String, why: &str) {
        self.0.push(Finding {
            why: why.to_owned(),
            remedies: vec!["this is a bug in ppm-infra, please report it".to_owned()],
            ..Finding::error(id, at, what)
        });
    }
}
