//! Integrity of a state: run on every load and before every write.

use std::collections::BTreeSet;

use super::graph;
use super::state::{Recorded, State};
use crate::model::address::{Address, Kind};
use crate::model::finding::Finding;
use crate::model::reference::{references, references_in};
use crate::model::resource::{Catalog, OnChange};

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
            findings.push(Finding::error("state.shared_id", one, format!("{one} and {other} have the same id {id}")));
        }
    }
    let mut needs = graph::Needs::new();
    for (address, recorded) in &state.resources {
        let targets = references(&recorded.declared);
        if targets.is_empty() {
            continue;
        }
        for target in targets.iter().filter(|target| !state.resources.contains_key(*target)) {
            let what = format!("{address} points at {target}, which is not recorded");
            findings.push(Finding::error("state.dangling", address, what));
        }
        needs.insert(address.clone(), held(address, recorded, catalog));
    }
    if let Err(cycle) = graph::order(&needs) {
        let among = |address| {
            let what = format!("recorded resources need each other in a circle, {address} among them");
            Finding::error("state.circle", &address, what)
        };
        findings.extend(cycle.into_iter().next().map(among));
    }
    findings
}

/// What a resource holds on to: what it points at but for itself, and but for what is left to others, which may be long
/// out of date.
pub(super) fn held(address: &Address, recorded: &Recorded, catalog: &Catalog) -> BTreeSet<Address> {
    let facts = catalog.get(&address.kind);
    let ignored = |field: &str| facts.is_some_and(|facts| facts.on_change(field) == OnChange::Ignore);
    let fields = recorded.declared.fields().filter(|(field, _)| !ignored(field));
    fields.flat_map(|(_, value)| references_in(value)).filter(|target| target != address).collect()
}

fn shape(address: &Address, recorded: &Recorded, catalog: &Catalog, findings: &mut Vec<Finding>) {
    match catalog.get(&address.kind) {
        None => {
            let what = format!("{address} is of a kind this program does not know");
            findings.push(Finding::error("state.kind", address, what));
        }
        Some(facts) => {
            let declared = [&recorded.declared].into_iter().chain(&recorded.attempted).map(|one| (facts.declared)(one));
            for reason in declared.chain([(facts.computed)(&recorded.computed)]).filter_map(Result::err) {
                let what = format!("{address} does not have the shape of its kind: {reason}");
                findings.push(Finding::error("state.shape", address, what));
            }
        }
    }
}
