//! Integrity of a state: run on every load and before every write.

use std::collections::BTreeSet;

use super::graph;
use super::state::{Recorded, State};
use crate::model::address::{Address, Kind};
use crate::model::reference::{references, references_in};
use crate::model::resource::{Catalog, OnChange};

/// What is wrong with a state. Names the element.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Finding {
    /// A kind this program does not know.
    #[error("{address} is of a kind this program does not know")]
    UnknownKind {
        /// Where.
        address: Address,
    },
    /// A document does not have the shape of its kind.
    #[error("{address} does not have the shape of its kind: {reason}")]
    Shape {
        /// Where.
        address: Address,
        /// What does not fit.
        reason: String,
    },
    /// A reference to something that is not there.
    #[error("{address} points at {target}, which is not recorded")]
    Dangling {
        /// Where.
        address: Address,
        /// What it points at.
        target: Address,
    },
    /// Two objects with one id.
    #[error("{one} and {other} have the same id {id}")]
    SharedId {
        /// One of them.
        one: Address,
        /// The other.
        other: Address,
        /// The id.
        id: String,
    },
    /// Resources that need each other.
    #[error("recorded resources need each other in a circle, {address} among them")]
    Cycle {
        /// One of the circle.
        address: Address,
    },
}

/// Everything that is wrong with `state`; empty when it is sound.
pub fn check(state: &State, catalog: &Catalog) -> Vec<Finding> {
    let mut findings = Vec::new();
    let mut ids: Vec<(&Kind, &str, &Address)> = Vec::with_capacity(state.resources.len());
    let deposed = state.deposed.iter().flat_map(|(a, all)| all.iter().map(move |d| (a, &d.recorded)));
    for (address, recorded) in state.resources.iter().chain(deposed) {
        shape(address, recorded, catalog, &mut findings);
        ids.extend(recorded.computed.text("id").map(|id| (&address.kind, id, address)));
    }
    // Objects of one id stay in the order in which they are recorded.
    ids.sort_by_key(|(kind, id, _)| (*kind, *id));
    for pair in ids.windows(2) {
        let [(kind, id, one), (other_kind, other_id, other)] = pair else { continue };
        if (kind, id) == (other_kind, other_id) {
            let (one, other) = ((*one).clone(), (*other).clone());
            findings.push(Finding::SharedId { one, other, id: (*id).to_owned() });
        }
    }
    let mut needs = graph::Needs::new();
    for (address, recorded) in &state.resources {
        let targets = references(&recorded.declared);
        if targets.is_empty() {
            continue;
        }
        for target in targets.iter().filter(|target| !state.resources.contains_key(*target)) {
            findings.push(Finding::Dangling { address: address.clone(), target: target.clone() });
        }
        needs.insert(address.clone(), held(address, recorded, catalog));
    }
    if let Err(cycle) = graph::order(&needs) {
        findings.extend(cycle.into_iter().next().map(|address| Finding::Cycle { address }));
    }
    findings
}

/// What a resource holds on to: what it points at but for itself, and but for what is left to others, which may be long
/// out of date.
fn held(address: &Address, recorded: &Recorded, catalog: &Catalog) -> BTreeSet<Address> {
    let facts = catalog.get(&address.kind);
    let ignored = |field: &str| facts.is_some_and(|facts| facts.on_change(field) == OnChange::Ignore);
    let fields = recorded.declared.fields().filter(|(field, _)| !ignored(field));
    fields.flat_map(|(_, value)| references_in(value)).filter(|target| target != address).collect()
}

fn shape(address: &Address, recorded: &Recorded, catalog: &Catalog, findings: &mut Vec<Finding>) {
    match catalog.get(&address.kind) {
        None => findings.push(Finding::UnknownKind { address: address.clone() }),
        Some(facts) => {
            let declared = [&recorded.declared].into_iter().chain(&recorded.attempted).map(|one| (facts.declared)(one));
            for reason in declared.chain([(facts.computed)(&recorded.computed)]).filter_map(Result::err) {
                findings.push(Finding::Shape { address: address.clone(), reason });
            }
        }
    }
}
