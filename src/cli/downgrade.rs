//! Going back to an older Package Manager: refused where it is declared, unless it is named on the command line.

use std::fmt;

use super::ask::DOWNGRADE;
use super::exit;
use super::failure::Failure;
use super::workplace::Declaration;
use crate::architecture::{Downgrade, downgrade};
use crate::engine::state::State;
use crate::text::{Place, Problem, Shape, SourceNode, tree};

/// Whether the values would be for something older than those written last.
pub(super) fn is_one(declaration: &Declaration, state: &State) -> bool {
    downgrade(&declaration.stack, state).is_some()
}

/// Refuses what nobody named.
pub(super) fn refuse(declaration: &Declaration, state: &State, is_named: bool) -> Result<(), Failure> {
    let Some(Downgrade { what, key, from, to }) = downgrade(&declaration.stack, state).filter(|_| !is_named) else {
        return Ok(());
    };
    let message = format!("{what} {to} is older than {from}, for which the values were written last");
    let mut problem = Problem::new(place(&declaration.text, key), key, message, "");
    problem.quote(&declaration.text);
    let told = Told { problem: &problem, file: &declaration.name() };
    Err(Failure::new(exit::FAILED, told.to_string().trim_end().to_owned())
        .hint(
            "nothing was changed; a newer version migrates the database, and no migration goes back: the older one may \
             refuse to start, or damage what is there",
        )
        .hint(format!("declare {from} or a newer one"))
        .hint(format!(
            "where {from} was never installed, or the database is restored to what it was before: `--downgrade {DOWNGRADE}`"
        )))
}

/// Where a key stands, or the nearest section that is written.
fn place(text: &str, key: &str) -> Place {
    let (mut found, mut node) = (Place::START, tree(text).0);
    for part in key.split('.') {
        let Some(SourceNode { shape: Shape::Map(members), .. }) = node else { break };
        let Some(member) = members.into_iter().find(|member| member.key == part) else { break };
        found = if matches!(member.value.shape, Shape::Map(_)) { member.at } else { member.value.place };
        node = Some(member.value);
    }
    found
}

/// A problem with its place.
struct Told<'a> {
    problem: &'a Problem,
    file: &'a str,
}

impl fmt::Display for Told<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}: {}", self.problem.path, self.problem.message)?;
        self.problem.show(f, self.file, self.problem.line.to_string().len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_pointed_at_or_else_its_section() {
        let text = "stack: a\npackage_manager:\n  chart_version: 0.20.3\n  image: {tag: b}\n";
        let at = |key: &str| (place(text, key).line, place(text, key).column);
        assert_eq!(at("package_manager.chart_version"), (3, 18));
        assert_eq!(at("package_manager.image.tag"), (4, 16));
        assert_eq!(at("package_manager.replicas"), (2, 1));
        assert_eq!(at("network.cidr"), (1, 1));
    }
}
