//! What carries our marks and is in no record: objects that were lost sight of.
//!
//! Promises: what is told was looked at by its id after the list named it, so nothing that is gone already counts; what
//! could not be looked at is told all the same. Changes nothing.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use super::{Blueprint, RunError, Session, stoppable};
use crate::cloud::wait::sleep;
use crate::cloud::{Marked, ObserveRequest};
use crate::engine::state::State;
use crate::model::address::{Address, Kind};
use crate::model::document::Document;
use crate::model::index::IdIndex;
use crate::model::observation::Observation;
use crate::model::resource::{Known, Node};
use crate::model::surroundings::{Questions, Surroundings};

/// An object with our marks that is in no record.
#[derive(Clone, Debug, PartialEq)]
pub struct Unrecorded {
    /// Where it says it belongs.
    pub address: Address,
    /// Its primary id.
    pub id: String,
    /// What it is, where that could be read.
    pub known: Option<Known>,
}

/// Objects with the marks of the stack that neither stand in `state` nor await their removal there.
///
/// # Errors
/// When the cloud could not be asked.
pub(super) async fn unrecorded(
    session: &Session,
    nodes: &BTreeMap<Address, Node>,
    state: &State,
    place: &Surroundings,
) -> Result<Vec<Unrecorded>, RunError> {
    let all = stoppable(session, session.cloud.census(&state.stack, place)).await??;
    let recorded = recorded(state);
    let ids = state.index();
    let mut found = Vec::new();
    for Marked { address, id } in all {
        if recorded.contains(&(address.kind.clone(), id.clone())) {
            continue;
        }
        let known = match like(&address, nodes, state) {
            None => None,
            Some(like) => match see(session, &address, &id, like, &ids, state, place).await? {
                Observation::Present { known, .. } => Some(known),
                // What has the id of something recorded was listed under another spelling.
                Observation::Absent => continue,
                Observation::Foreign { .. } | Observation::Unread { .. } => None,
            },
        };
        let real = known.as_ref().and_then(|known| known.computed.text("id")).unwrap_or(&id).to_owned();
        if !recorded.contains(&(address.kind.clone(), real.clone())) {
            found.push(Unrecorded { address, id: real, known });
        }
    }
    Ok(found)
}

/// How often to look again while something seems left, and seconds in between: what was removed a moment ago may be
/// listed for about a minute (EC2 "Eventual consistency").
const AGAIN: [u64; 4] = [2, 8, 20, 30];

/// What is left with the marks of the stack and is in no record, after everything was to go.
///
/// # Errors
/// When the cloud could not be asked.
pub async fn leftovers(
    session: &Session,
    blueprint: &dyn Blueprint,
    state: &State,
) -> Result<Vec<Unrecorded>, RunError> {
    let place = super::survey(session, &Questions::default(), blueprint.account(), state).await?;
    let nodes = blueprint.nodes(&place, state);
    let mut found = unrecorded(session, &nodes, state, &place).await?;
    for seconds in AGAIN {
        if found.is_empty() {
            break;
        }
        stoppable(session, sleep(Duration::from_secs(seconds), session.time_scale)).await?;
        found = unrecorded(session, &nodes, state, &place).await?;
    }
    Ok(found)
}

/// Looks at one object by its id.
pub(super) async fn see(
    session: &Session,
    at: &Address,
    id: &str,
    like: &Document,
    ids: &IdIndex,
    state: &State,
    place: &Surroundings,
) -> Result<Observation, RunError> {
    let targets = BTreeMap::new();
    let request = ObserveRequest { stack: &state.stack, targets: &targets, ids, surroundings: place, removing: false };
    stoppable(session, session.cloud.find(at, id, like, &request)).await
}

/// A document of the kind of `at`, the nearer to it the better.
fn like<'a>(at: &Address, nodes: &'a BTreeMap<Address, Node>, state: &'a State) -> Option<&'a Document> {
    let declared = nodes.iter().map(|(address, node)| (address, &node.declared));
    let recorded = state.resources.iter().map(|(address, recorded)| (address, &recorded.declared));
    let alike = || declared.clone().chain(recorded.clone()).filter(|(address, _)| address.kind == at.kind);
    alike().find(|(address, _)| *address == at).or_else(|| alike().next()).map(|(_, document)| document)
}

/// Ids of everything recorded.
fn recorded(state: &State) -> BTreeSet<(Kind, String)> {
    let old = state.deposed.iter().flat_map(|(address, old)| old.iter().map(move |old| (address, &old.recorded)));
    let all = state.resources.iter().chain(old);
    let ids = all.filter_map(|(address, one)| Some((address.kind.clone(), one.computed.text("id")?.to_owned())));
    ids.collect()
}
