//! Which object stands where: what the record has to follow before anything is planned. Nothing of it is done in the
//! cloud.
//!
//! An object stands at one address. Where a record was given another name, an old object is what is wanted again, or one
//! object is recorded twice, planning each address by itself would delete at one what another keeps. [`moves`] finds
//! these, [`State::shift`] brings the record in line, and the caller looks again and asks again until nothing moves any
//! more; then [`plan()`](super::plan()) decides.
//!
//! Ids are compared within a kind: objects of different kinds may have the same.

use std::collections::{BTreeMap, BTreeSet};

use super::Request;
use super::diff::diff;
use super::state::{Deposed, Recorded, State, Status};
pub use super::step::{How, Move};
use crate::model::address::{Address, Kind};
use crate::model::document::Document;
use crate::model::observation::Observation;
use crate::model::reference::{RefTarget, map_references};
use crate::model::resource::{Catalog, Known, Node, OnChange};

/// The old objects that were found, by address and id. One that is being removed is not found.
pub type Olds = BTreeMap<(Address, String), Known>;

/// What moves are found by.
#[derive(Clone, Copy)]
pub struct MoveContext<'a> {
    /// The facts of every kind.
    pub catalog: &'a Catalog,
    /// What is wanted.
    pub declared: &'a BTreeMap<Address, Node>,
    /// What is recorded.
    pub state: &'a State,
    /// What was found.
    pub observed: &'a BTreeMap<Address, Observation>,
    /// The old objects that were found.
    pub olds: &'a Olds,
    /// What is asked for.
    pub ask: &'a Request,
}

/// Where the record has to follow. The same context gives the same moves; after the last of them has been followed there
/// are none.
pub fn moves(cx: MoveContext<'_>) -> Vec<Move> {
    let doubles = cx.doubles();
    if !doubles.is_empty() {
        return doubles;
    }
    let found = cx.found_elsewhere();
    if !found.is_empty() {
        return found;
    }
    if cx.ask.destroy { Vec::new() } else { cx.wanted_again() }
}

/// How far an object is from what is wanted: the differences that force another object, then all of them.
pub fn distance(catalog: &Catalog, at: &Address, node: Option<&Node>, found: &Document) -> (usize, usize) {
    let (Some(node), Some(facts)) = (node, catalog.get(&at.kind)) else { return (0, 0) };
    let diffs = diff(found, &node.declared, facts);
    (diffs.iter().filter(|diff| diff.on_change == OnChange::Replace).count(), diffs.len())
}

impl MoveContext<'_> {
    /// Objects that the record has twice.
    fn doubles(&self) -> Vec<Move> {
        let mut standing: BTreeMap<(&Kind, &str), Vec<&Address>> = BTreeMap::new();
        for (address, recorded) in &self.state.resources {
            if let Some(id) = recorded.computed.text("id") {
                standing.entry((&address.kind, id)).or_default().push(address);
            }
        }
        let mut moves = Vec::new();
        for ((_, id), addresses) in &mut standing {
            addresses.sort_by_cached_key(|address| {
                let undeclared = !self.declared.contains_key(*address);
                (undeclared, self.distance_at(address), (*address).clone())
            });
            let (to, rest) = addresses.split_first().expect("an id is listed with its address");
            let merged = |from: &&Address| shift(from, to, id, How::Merged);
            moves.extend(rest.iter().map(merged));
        }
        let mut old: BTreeMap<(&Kind, &str), &Address> = BTreeMap::new();
        for (address, deposed) in self.state.deposed.iter().flat_map(|(at, all)| all.iter().map(move |one| (at, one))) {
            let id = (&address.kind, deposed.key.as_str());
            let first = standing.get(&id).and_then(|addresses| addresses.first().copied());
            match first.or_else(|| old.get(&id).copied()) {
                Some(to) => moves.push(shift(address, to, &deposed.key, How::Kept)),
                None => drop(old.insert(id, address)),
            }
        }
        moves
    }

    /// Objects that were found where nothing is recorded and are recorded elsewhere.
    fn found_elsewhere(&self) -> Vec<Move> {
        let mut moves: Vec<Move> = Vec::new();
        let mut taken: BTreeSet<&Address> = BTreeSet::new();
        let vacant = |at: &&Address| !self.state.resources.contains_key(*at);
        for to in self.declared.keys().filter(vacant) {
            let Some(known) = self.known(to) else { continue };
            let Some(id) = known.computed.text("id") else { continue };
            let named = |address: &&Address| address.kind == to.kind && !taken.contains(*address);
            let stands = |recorded: &Recorded| recorded.computed.text("id") == Some(id);
            if let Some((from, _)) =
                self.state.resources.iter().find(|(address, recorded)| named(address) && stands(recorded))
            {
                // Where both are declared it is the one it is nearer to; its record where that says nothing.
                let here = distance(self.catalog, to, self.declared.get(to), &known.declared);
                let stays = self.declared.contains_key(from) && self.distance_at(from) <= here;
                if !stays {
                    taken.insert(from);
                    moves.push(shift(from, to, id, How::Renamed));
                }
                continue;
            }
            let old = self.state.deposed.iter().find(|(address, old)| {
                address.kind == to.kind && *address != to && old.iter().any(|deposed| deposed.key == id)
            });
            if let Some((from, _)) = old {
                moves.push(shift(from, to, id, How::TakenUp { vanished: false }));
            }
        }
        moves
    }

    /// Old objects that are what is wanted, where what stands is not.
    fn wanted_again(&self) -> Vec<Move> {
        let mut moves = Vec::new();
        for (address, old) in &self.state.deposed {
            let Some(node) = self.declared.get(address).filter(|_| !self.ask.replace.contains(address)) else {
                continue;
            };
            let Some(vanished) = self.gives_way(address) else { continue };
            let fitting = old.iter().rev().filter_map(|deposed| {
                let known = self.olds.get(&(address.clone(), deposed.key.clone()))?;
                let (replacing, all) = distance(self.catalog, address, Some(node), &known.declared);
                let tainted = matches!(deposed.recorded.status, Status::Tainted { .. });
                (replacing == 0 && !tainted).then_some((all, deposed))
            });
            if let Some((_, deposed)) = fitting.min_by_key(|(all, _)| *all) {
                moves.push(shift(address, address, &deposed.key, How::TakenUp { vanished }));
            }
        }
        moves
    }

    /// Whether another object has to take the place of what stands at `address`, and if so whether what stood there is
    /// gone.
    fn gives_way(&self, address: &Address) -> Option<bool> {
        let found = self.observed.get(address)?;
        match (self.state.resources.get(address), found) {
            (Some(_), Observation::Absent) => Some(true),
            (None, Observation::Absent) => Some(false),
            (None, Observation::Present { known, .. }) => self.state.is_old(address, &known.computed).then_some(false),
            (Some(recorded), Observation::Present { known, .. }) => {
                let (replacing, _) = distance(self.catalog, address, self.declared.get(address), &known.declared);
                let tainted = matches!(recorded.status, Status::Tainted { .. });
                (replacing > 0 || tainted).then_some(false)
            }
            (_, Observation::Foreign { .. } | Observation::Unread { .. }) => None,
        }
    }

    fn known(&self, at: &Address) -> Option<&Known> {
        match self.observed.get(at)? {
            Observation::Present { known, .. } => Some(known),
            Observation::Absent | Observation::Foreign { .. } | Observation::Unread { .. } => None,
        }
    }

    /// How far what is recorded at `at` is from what is wanted there.
    fn distance_at(&self, at: &Address) -> (usize, usize) {
        let recorded = self.state.resources.get(at).map(|recorded| &recorded.declared);
        let found = self.known(at).map(|known| &known.declared).or(recorded);
        found.map_or((0, 0), |found| distance(self.catalog, at, self.declared.get(at), found))
    }
}

fn shift(from: &Address, to: &Address, id: &str, how: How) -> Move {
    Move { from: from.clone(), to: to.clone(), id: id.to_owned(), how }
}

impl State {
    /// Follows a move. What it speaks of and is not there is passed over.
    pub fn shift(&mut self, moved: &Move) {
        let Move { from, to, id, how } = moved;
        match how {
            How::Renamed => {
                if let Some(record) = self.resources.remove(from) {
                    self.resources.insert(to.clone(), record);
                    self.repoint(from, to);
                }
            }
            How::Merged => {
                self.resources.remove(from);
                self.repoint(from, to);
            }
            How::TakenUp { vanished } => {
                let Some(again) = self.take_old(from, id) else { return };
                let before = self.replace_record(to, Some(again.recorded));
                if let Some((key, recorded)) = before.filter(|_| !vanished) {
                    let deposed = Deposed { key, recorded: Recorded { attempted: Vec::new(), ..recorded } };
                    self.deposed.entry(to.clone()).or_default().push(deposed);
                }
            }
            How::Kept => drop(self.take_old(from, id)),
        }
    }

    /// Takes an old object out of those that await their removal.
    pub(super) fn take_old(&mut self, at: &Address, id: &str) -> Option<Deposed> {
        let old = self.deposed.get_mut(at)?;
        let found = old.iter().position(|deposed| deposed.key == id).map(|n| old.remove(n));
        if old.is_empty() {
            self.deposed.remove(at);
        }
        found
    }

    /// Lets whatever points at `from`, or came after it, point at `to`; old objects go with it.
    fn repoint(&mut self, from: &Address, to: &Address) {
        if let Some(old) = self.deposed.remove(from) {
            self.deposed.entry(to.clone()).or_default().extend(old);
        }
        let old = self.deposed.values_mut().flatten().map(|old| &mut old.recorded);
        for recorded in self.resources.values_mut().chain(old) {
            for document in [&mut recorded.declared].into_iter().chain(&mut recorded.attempted) {
                *document = map_references(document, &|target| {
                    (target == RefTarget::Named(from.clone())).then(|| RefTarget::Named(to.clone()))
                });
            }
            if recorded.after.remove(from) {
                recorded.after.insert(to.clone());
            }
        }
    }
}
