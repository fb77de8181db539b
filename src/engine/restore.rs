//! What a state that takes the place of another keeps of it.
//!
//! What the cloud holds and no record tells of is looked after by nobody: once it is not declared any more either, no plan
//! finds it and no apply removes it. So the records of what the given state does not know go on, and the next plan keeps or
//! removes what stands. Objects are told apart by kind and id: one may be recorded under different addresses.

use std::collections::{BTreeMap, BTreeSet};

use super::check::check;
use super::state::{Recorded, State};
use super::step::{How, Move};
use crate::model::address::Address;
use crate::model::finding::Subject;
use crate::model::reference::references;
use crate::model::resource::Catalog;

/// A state that is to take the place of another.
#[derive(Clone, Debug)]
pub struct Restored {
    /// What is to be in force: the given state and what goes on.
    pub state: State,
    /// Objects whose records go on, by address and id.
    pub carried: BTreeSet<ObjectAt>,
    /// Objects that no record tells of any more: another object is recorded in their place, they are of another account or
    /// region, or the state would not be sound with them.
    pub lost: BTreeSet<ObjectAt>,
}

/// An object, by address and id.
pub type ObjectAt = (Address, String);

impl Restored {
    /// `state` in the place of nothing that is known.
    pub fn whole(state: State) -> Self {
        Self { state, carried: BTreeSet::new(), lost: BTreeSet::new() }
    }
}

/// Puts `given` in the place of `now`.
///
/// `given` is sound. `now` need not be: of what is wrong with it nothing goes on.
pub fn restored(given: State, now: &State, catalog: &Catalog) -> Restored {
    let now = renamed_alike(&given, now);
    let known: BTreeSet<_> = objects(&given).map(|(at, id, _)| (&at.kind, id)).collect();
    let unknown = objects(&now).filter(|(at, id, _)| !known.contains(&(&at.kind, id)));
    let unknown: BTreeMap<ObjectAt, bool> =
        unknown.map(|(at, id, stands)| ((at.clone(), id.to_owned()), stands)).collect();
    if !same(&given.account, &now.account) || !same(&given.region, &now.region) {
        return Restored { state: given, carried: BTreeSet::new(), lost: unknown.into_keys().collect() };
    }
    let is_free = |at: &Address, stands: bool| !stands || !given.resources.contains_key(at);
    let mut carried: BTreeSet<ObjectAt> =
        unknown.iter().filter(|((at, _), stands)| is_free(at, **stands)).map(|(object, _)| object.clone()).collect();
    let outgoing = without_places(&given, now.clone());
    let lost = |carried: &BTreeSet<ObjectAt>| unknown.keys().filter(|at| !carried.contains(at)).cloned().collect();
    loop {
        let state = with(&given, &outgoing, &carried);
        let findings = check(&state, catalog);
        if findings.is_empty() {
            return Restored { state, lost: lost(&carried), carried };
        }
        if carried.is_empty() {
            return Restored { state: given, lost: lost(&carried), carried };
        }
        let wrong: BTreeSet<Subject> = findings.into_iter().map(|finding| finding.subject).collect();
        let before = carried.len();
        carried.retain(|(at, _)| !wrong.contains(&Subject::Resource(at.clone())));
        if carried.len() == before {
            carried.clear();
        }
    }
}

/// Whether two places may be one; that of a stack of which nothing stood yet is empty.
fn same(one: &str, other: &str) -> bool {
    one == other || one.is_empty() || other.is_empty()
}

/// Every object that a state records, and whether it stands.
fn objects(state: &State) -> impl Iterator<Item = (&Address, &str, bool)> {
    let standing = state.resources.iter().filter_map(|(at, recorded)| Some((at, recorded.computed.text("id")?, true)));
    let old = state.deposed.iter().flat_map(|(at, old)| old.iter().map(move |old| (at, old.key.as_str(), false)));
    standing.chain(old)
}

/// `now` with the objects that `given` knows where `given` has them.
fn renamed_alike(given: &State, now: &State) -> State {
    let mut renamed = now.clone();
    let recorded: BTreeMap<_, _> =
        objects(given).filter(|(.., stands)| *stands).map(|(at, id, _)| ((&at.kind, id), at)).collect();
    for (from, id, _) in objects(now).filter(|(.., stands)| *stands) {
        let to = recorded.get(&(&from.kind, id)).copied();
        if let Some(to) = to.filter(|to| !renamed.resources.contains_key(*to)) {
            let moved = Move { from: from.clone(), to: to.clone(), id: id.to_owned(), how: How::Renamed };
            renamed.shift(&moved);
        }
    }
    renamed
}

/// `now` with what points at an object whose place `given` gives to another pointing at the object itself.
fn without_places(given: &State, mut now: State) -> State {
    for (at, recorded) in given.resources.iter() {
        let id = |recorded: &Recorded| recorded.computed.text("id").map(str::to_owned);
        if now.resources.get(at).is_some_and(|standing| id(standing) != id(recorded)) {
            now.replace_record(at, Some(recorded.clone()));
        }
    }
    now
}

/// `given` with the records of `carried`, and with what `now` asked for of the objects that both know: some of it may be
/// there, and is ours.
fn with(given: &State, now: &State, carried: &BTreeSet<ObjectAt>) -> State {
    let mut state = given.clone();
    for (at, id) in carried {
        let old = now.deposed.get(at).into_iter().flatten().filter(|old| old.key == *id);
        let standing = now.resources.get(at).filter(|recorded| recorded.computed.text("id") == Some(id));
        state.deposed.entry(at.clone()).or_default().extend(old.cloned());
        state.resources.extend(standing.map(|recorded| (at.clone(), recorded.clone())));
    }
    state.deposed.retain(|_, old| !old.is_empty());
    let stands: BTreeSet<Address> = state.resources.keys().cloned().collect();
    for (at, later) in now.resources.iter() {
        let Some(earlier) = state.resources.get_mut(at) else { continue };
        for asked in [&later.declared].into_iter().chain(&later.attempted) {
            let is_known = *asked == earlier.declared || earlier.attempted.contains(asked);
            if !is_known && references(asked).is_subset(&stands) {
                earlier.attempted.push(asked.clone());
            }
        }
    }
    state
}

#[cfg(test)]
mod tests;
