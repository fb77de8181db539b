//! What leads on where something that is not ours stands in the way, as far as only looking at it can tell.
//!
//! Promises: `adopt` is offered for an object that `adopt` would take, and for no other. Changes nothing.

use std::collections::BTreeMap;

use super::adopt::fit;
use super::{RunError, Session};
use crate::engine::state::State;
use crate::model::address::Address;
use crate::model::observation::{ForeignObject, Remedy};
use crate::model::resource::Node;
use crate::model::surroundings::Surroundings;

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
        if let Remedy::OtherAddress { address: other } = &there.remedy {
            let recorded = state.resources.get(other);
            if recorded.is_some_and(|recorded| recorded.computed.text("id") == Some(&there.id)) {
                if state.resources.contains_key(address) {
                    let because = format!("it is recorded as {other}, and something else as {address}");
                    there.remedy = Remedy::OtherName { because };
                }
                continue;
            }
            if nodes.contains_key(other) {
                let because = format!("{other} is declared too, and it is that one");
                there.remedy = Remedy::OtherName { because };
                continue;
            }
            there.remedy = Remedy::Adopt;
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
                | RunError::Noted { .. }
                | RunError::Store(_)
                | RunError::Account { .. },
            ) => {}
        }
    }
    Ok(foreign)
}
