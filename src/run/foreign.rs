//! What was found where something of ours belongs and is not what is meant there: whose it is, and what leads on, as far
//! as only looking at it can tell.
//!
//! Promises: an object of our own stack is never taken for somebody else's, wherever its marks say that it stands;
//! `adopt` is offered for an object that `adopt` would take, and for no other. Changes nothing.

use std::cell::LazyCell;
use std::collections::BTreeMap;

use super::adopt::{fit, users};
use super::census::see;
use super::{RunError, Session};
use crate::engine::state::State;
use crate::engine::{Clash, PlanError};
use crate::model::address::Address;
use crate::model::document::Document;
use crate::model::mark::Tags;
use crate::model::observation::{ForeignObject, Observation, Remedy};
use crate::model::resource::Node;
use crate::model::surroundings::Surroundings;

/// Whose an object is that carries the marks of an address of this stack.
enum Whose {
    /// What is recorded at this address.
    Recorded(Address),
    /// What is declared at this address, which its marks name.
    Declared(Address),
    /// Nobody's any more: nothing is declared or recorded where it stood.
    Nobodys,
}

/// Whose the object `id` is, whose marks name `role`. `stands` tells whether it is what was found where it is declared.
fn whose(
    id: &str,
    role: &Address,
    nodes: &BTreeMap<Address, Node>,
    state: &State,
    stands: impl Fn(&Address) -> bool,
) -> Whose {
    if let Some(at) = state.index().address(&role.kind, id) {
        Whose::Recorded(at.clone())
    } else if nodes.contains_key(role) && stands(role) {
        Whose::Declared(role.clone())
    } else {
        Whose::Nobodys
    }
}

/// Of what was found not to be ours, what carries the marks of another address of this stack: it is found where it is
/// wanted, unless it stands elsewhere and stays there. Answers one of those that do.
///
/// # Errors
/// When somebody asked to stop meanwhile.
pub(super) async fn claim(
    session: &Session,
    nodes: &BTreeMap<Address, Node>,
    state: &State,
    surroundings: &Surroundings,
    observed: &mut BTreeMap<Address, Observation>,
) -> Result<Option<PlanError>, RunError> {
    let vacant = |address: &Address| !state.resources.contains_key(address);
    let foreign = observed.iter().filter(|(address, _)| vacant(address));
    let foreign = foreign.filter_map(|(address, found)| Some((address.clone(), found.foreign()?.id)));
    let ids = LazyCell::new(|| state.index());
    let mut shared = None;
    for (address, id) in foreign.collect::<Vec<_>>() {
        let Some(node) = nodes.get(&address) else { continue };
        let found = see(session, &address, &id, &node.declared, &ids, state, surroundings).await?;
        let Observation::Present { known, .. } = &found else { continue };
        let Some(role) = role(&known.declared, &state.stack) else { continue };
        let id = known.computed.text("id").unwrap_or_default().to_owned();
        let stands = |at: &Address| match observed.get(at) {
            Some(Observation::Present { known, .. }) => known.computed.text("id") == Some(&id),
            Some(Observation::Absent | Observation::Foreign { .. } | Observation::Unread { .. }) | None => false,
        };
        match whose(&id, &role, nodes, state, stands) {
            Whose::Recorded(stands) | Whose::Declared(stands) if nodes.contains_key(&stands) => {
                shared = Some(PlanError::Shared(Box::new(Clash { address, stands, id })));
            }
            Whose::Recorded(_) | Whose::Declared(_) | Whose::Nobodys => drop(observed.insert(address, found)),
        }
    }
    Ok(shared)
}

/// Where an object of `stack` belongs by its marks.
fn role(found: &Document, stack: &str) -> Option<Address> {
    let tags: Tags = serde_json::from_value(found.get("tags")?.clone()).ok()?;
    match Remedy::of(&tags, stack) {
        Remedy::OtherAddress { address } => Some(address),
        Remedy::Adopt
        | Remedy::AdoptInstead { .. }
        | Remedy::OtherStack { .. }
        | Remedy::OtherName { .. }
        | Remedy::Command { .. } => None,
    }
}

/// These objects, with remedies that would not be refused.
///
/// # Errors
/// When somebody asked to stop meanwhile.
pub(super) async fn looked_into(
    session: &Session,
    nodes: &BTreeMap<Address, Node>,
    state: &State,
    place: &Surroundings,
    mut foreign: BTreeMap<Address, ForeignObject>,
) -> Result<BTreeMap<Address, ForeignObject>, RunError> {
    for (address, there) in &mut foreign {
        if let Remedy::OtherAddress { address: role } = &there.remedy {
            match whose(&there.id, role, nodes, state, |_| true) {
                Whose::Recorded(other) if !state.resources.contains_key(address) => {
                    there.remedy = Remedy::OtherAddress { address: other };
                }
                Whose::Recorded(other) => {
                    let because = format!("it is recorded as {other}, and something else as {address}");
                    there.remedy = Remedy::OtherName { because };
                }
                Whose::Declared(other) => {
                    let because = format!("{other} is declared too, and it is that one");
                    there.remedy = Remedy::OtherName { because };
                }
                Whose::Nobodys => there.remedy = Remedy::Adopt,
            }
        }
        if let Remedy::AdoptInstead { of } = &there.remedy
            && let users = users(state, address)
            && !users.is_empty()
        {
            let users: Vec<String> = users.iter().map(ToString::to_string).collect();
            there.remedy = Remedy::OtherName { because: format!("{} hangs on {of}", users.join(", ")) };
        }
        let offered = matches!(there.remedy, Remedy::Adopt | Remedy::AdoptInstead { .. });
        let Some(node) = nodes.get(address).filter(|_| offered) else { continue };
        match fit(session, nodes, state, place, (address, node), &there.id).await {
            Err(RunError::Adopt(refused)) => there.remedy = Remedy::OtherName { because: refused.to_string() },
            Err(RunError::Stopped) => return Err(RunError::Stopped),
            // What cannot be looked at now can be tried.
            Ok(_)
            | Err(
                RunError::Cloud(_)
                | RunError::Plan(_)
                | RunError::Checks(_)
                | RunError::Fix(_)
                | RunError::Noted { .. }
                | RunError::Store(_)
                | RunError::Account { .. },
            ) => {}
        }
    }
    Ok(foreign)
}
