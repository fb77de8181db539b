//! A record that was lost, made again from what is there.
//!
//! Promises: nothing is changed, in the cloud or on disk; what cannot be read stops it, what is not ours is passed over.
//! Of several objects with the marks of one address, the one that is nearest to the declaration stands; the others are
//! old ones of a replacement and await their removal. An object at an address that is not declared is recorded, so that
//! the next plan removes it: but not where it holds data.

use std::collections::{BTreeMap, BTreeSet};

use super::census::{Unrecorded, see, unrecorded};
use super::foreign::{claim, looked_into};
use super::refresh::refresh;
use super::{Blueprint, EventEmitter, RunError, Session, survey};
use crate::cloud::CloudError;
use crate::engine::moves::distance;
use crate::engine::state::{Deposed, Recorded, State};
use crate::engine::{self};
use crate::model::address::Address;
use crate::model::index::IdIndex;
use crate::model::observation::{ForeignObject, Observation};
use crate::model::resource::{Known, Node};
use crate::model::surroundings::Surroundings;

/// How often to choose again: as deep as kinds hang on each other that are told apart by what they point at.
const ROUNDS: usize = 6;

/// A record made from what is there.
#[derive(Debug)]
pub struct Rebuilt {
    /// The record.
    pub state: State,
    /// How many resources are declared.
    pub declared: usize,
    /// What is recorded at addresses that are not declared.
    pub undeclared: BTreeSet<Address>,
    /// What is not ours, where we want something.
    pub foreign: BTreeMap<Address, ForeignObject>,
    /// What carries our marks and is not recorded: it holds data, or could not be read.
    pub aside: Vec<Unrecorded>,
    /// Why nobody knows whether there is more with our marks than what is declared.
    pub blind: Option<CloudError>,
}

/// Makes the record of a stack from what is there. `fresh` is a record of nothing.
///
/// # Errors
/// [`RunError`] when the cloud could not be asked, or something declared could not be read.
pub async fn rebuild(
    session: &Session,
    blueprint: &dyn Blueprint,
    fresh: State,
    events: &mut EventEmitter<'_>,
) -> Result<Rebuilt, RunError> {
    let place = survey(session, &blueprint.questions(&fresh).of_what_stands(), blueprint.account(), &fresh).await?;
    let nodes = blueprint.nodes(&place, &fresh);
    let mut observed = refresh(session, &nodes, &fresh, &place, false, events).await?;
    claim(session, &nodes, &fresh, &place, &mut observed).await?;
    let crowded = crowded(session, &nodes, &fresh, &place, &mut observed).await;
    let foreign = observed.iter().filter_map(|(address, found)| Some((address.clone(), found.foreign()?)));
    let foreign = foreign.collect();
    let resources = engine::adoptable(&nodes, &fresh, &observed)?;
    let mut state = State { resources: resources.into(), account: place.account.clone(), ..fresh };
    let (rest, blind) = match unrecorded(session, &nodes, &state, &place).await {
        Ok(rest) => (rest, None),
        Err(RunError::Cloud(error)) => (Vec::new(), Some(error)),
        Err(error) => return Err(error),
    };
    let mut work = Work { session, nodes: &nodes, place: &place, crowded, aside: Vec::new() };
    let crowds = work.sort(rest, &mut state);
    work.choose(crowds, &mut state).await?;
    work.read_again(&mut state, events).await?;
    // What the record settles (zones, versions) may make other resources declared than without one.
    let nodes = blueprint.nodes(&place, &state);
    for (address, recorded) in state.resources.iter_mut() {
        if let Some(node) = nodes.get(address) {
            recorded.after = node.after.keys().cloned().collect();
        }
    }
    blueprint.publish(&mut state);
    let foreign = looked_into(session, &nodes, &state, &place, foreign).await?;
    let undeclared = state.resources.keys().filter(|address| !nodes.contains_key(*address)).cloned().collect();
    Ok(Rebuilt { state, declared: nodes.len(), undeclared, foreign, aside: work.aside, blind })
}

/// Of what could not be read, the addresses whose marks are on several objects. Those count as not found here: which one
/// stands is chosen among all of them.
async fn crowded(
    session: &Session,
    nodes: &BTreeMap<Address, Node>,
    fresh: &State,
    place: &Surroundings,
    observed: &mut BTreeMap<Address, Observation>,
) -> BTreeSet<Address> {
    let is_unread = |found: &Observation| matches!(found, Observation::Unread { .. });
    if !observed.values().any(is_unread) {
        return BTreeSet::new();
    }
    // Without a census it stays unread, and says why.
    let all = unrecorded(session, nodes, fresh, place).await.unwrap_or_default();
    let several = |address: &Address| all.iter().filter(|one| one.address == *address).count() > 1;
    let mut crowded = BTreeSet::new();
    for (address, found) in observed.iter_mut().filter(|(address, found)| is_unread(found) && several(address)) {
        *found = Observation::Absent;
        crowded.insert(address.clone());
    }
    crowded
}

/// Objects that carry the marks of one address.
type Crowds = BTreeMap<Address, Vec<Known>>;

struct Work<'a> {
    session: &'a Session,
    nodes: &'a BTreeMap<Address, Node>,
    place: &'a Surroundings,
    /// Addresses whose marks are on several objects, so that none was chosen by looking.
    crowded: BTreeSet<Address>,
    aside: Vec<Unrecorded>,
}

impl Work<'_> {
    /// Records what stands alone at its address; answers where there are several.
    fn sort(&mut self, rest: Vec<Unrecorded>, state: &mut State) -> Crowds {
        let mut crowds = Crowds::new();
        for one in rest {
            let fits = !self.holds_data(&one.address) || state.resources.contains_key(&one.address);
            let Some(known) = one.known.clone().filter(|_| fits) else {
                self.aside.push(one);
                continue;
            };
            if let Some(standing) = state.resources.get(&one.address) {
                crowds.entry(one.address).or_insert_with(|| vec![standing.known()]).push(known);
                continue;
            }
            let recorded = Recorded::found(known);
            if self.nodes.contains_key(&one.address) && !self.crowded.contains(&one.address) {
                // The observation by name did not find it: it failed, or is being deleted.
                state.deposed.entry(one.address).or_default().push(Deposed { key: one.id, recorded });
            } else {
                state.resources.insert(one.address, recorded);
            }
        }
        crowds
    }

    /// Lets the object stand that is nearest to what is declared, and records the others as old. What one points at
    /// tells whether another is near, so it is chosen until nothing changes any more.
    async fn choose(&mut self, mut crowds: Crowds, state: &mut State) -> Result<(), RunError> {
        for _ in 0..ROUNDS {
            let ids = state.index();
            let mut changed = false;
            for (address, crowd) in &mut crowds {
                for known in crowd.iter_mut() {
                    self.read(address, known, &ids, state).await?;
                }
                let node = self.nodes.get(address);
                let nearest =
                    crowd.iter().min_by_key(|known| distance(&self.session.catalog, address, node, &known.declared));
                let nearest = nearest.expect("a crowd is never empty");
                let standing = state.resources.get_mut(address).expect("one of a crowd stands");
                changed |= standing.computed != nearest.computed;
                standing.declared.clone_from(&nearest.declared);
                standing.computed.clone_from(&nearest.computed);
            }
            if !changed {
                break;
            }
        }
        let ids = state.index();
        for (address, crowd) in crowds {
            for mut known in crowd {
                if known.computed == state.resources[&address].computed {
                    continue;
                }
                self.read(&address, &mut known, &ids, state).await?;
                let key = known.computed.text("id").unwrap_or_default().to_owned();
                // Data goes only with its address, and not because two objects claim it.
                if self.holds_data(&address) {
                    self.aside.push(Unrecorded { address: address.clone(), id: key, known: Some(known) });
                    continue;
                }
                let recorded = Recorded::found(known);
                state.deposed.entry(address.clone()).or_default().push(Deposed { key, recorded });
            }
        }
        Ok(())
    }

    fn holds_data(&self, at: &Address) -> bool {
        self.session.catalog.get(&at.kind).is_none_or(|facts| facts.holds.data().is_some())
    }

    async fn read(&self, at: &Address, known: &mut Known, ids: &IdIndex, state: &State) -> Result<(), RunError> {
        let id = known.computed.text("id").unwrap_or_default().to_owned();
        let like = self.nodes.get(at).map_or_else(|| known.declared.clone(), |node| node.declared.clone());
        if let Observation::Present { known: now, .. } =
            see(self.session, at, &id, &like, ids, state, self.place).await?
        {
            *known = now;
        }
        Ok(())
    }

    /// What the others point at may be another object than when they were first read.
    async fn read_again(&self, state: &mut State, events: &mut EventEmitter<'_>) -> Result<(), RunError> {
        let observed = refresh(self.session, self.nodes, state, self.place, false, events).await?;
        for (address, recorded) in state.resources.iter_mut() {
            if let Some(Observation::Present { known, .. }) = observed.get(address) {
                recorded.declared.clone_from(&known.declared);
                recorded.computed.clone_from(&known.computed);
            }
        }
        Ok(())
    }
}
