//! Taking over one object that somebody else made.
//!
//! Promises: looking changes nothing; taking over changes nothing of the object but its tags. What belongs to another
//! stack, stands in another network or cluster, or holds data that would have to go, is refused.

use std::collections::BTreeMap;

use super::census::see;
use super::refresh::target;
use super::{Blueprint, Planned, RunError, Session, stoppable, survey};
use crate::cloud::ObserveRequest;
use crate::engine::forecast::Forecaster;
use crate::engine::plan::{Action, Base, Plan, Why};
use crate::engine::state::{Recorded, State, Status};
use crate::engine::{self};
use crate::model::address::Address;
use crate::model::document::Document;
use crate::model::error::CloudError;
use crate::model::mark::{ADDRESS_TAG, Tags};
use crate::model::observation::{Observation, Remedy};
use crate::model::reference::{externals_in, references, references_in};
use crate::model::resource::{Node, OnChange};
use crate::model::surroundings::Surroundings;

/// Why an object is not taken over. Nothing was changed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AdoptError {
    /// Nothing is declared there.
    #[error("{address} is not declared")]
    Undeclared {
        /// The address it was to have.
        address: Address,
    },
    /// Something stands there.
    #[error("{address} is recorded already, as {id}")]
    Taken {
        /// The address it was to have.
        address: Address,
        /// The object that stands there.
        id: String,
        /// What is recorded to hang on it.
        needed_by: Vec<Address>,
    },
    /// The object stands somewhere else.
    #[error("{id} is recorded already, as {address}")]
    Elsewhere {
        /// Where it stands.
        address: Address,
        /// The object.
        id: String,
        /// Where it was to stand, if nothing is recorded there.
        wanted: Option<Box<Address>>,
    },
    /// There is no such object.
    #[error("there is no {} {id}", address.kind)]
    Missing {
        /// Where it was to stand.
        address: Address,
        /// The id.
        id: String,
    },
    /// It could not be read: perhaps the id is that of something else.
    #[error("{id} could not be read as a {}: {error}", address.kind)]
    Unread {
        /// Where it was to stand.
        address: Address,
        /// The id.
        id: String,
        /// What went wrong.
        error: Box<CloudError>,
    },
    /// It belongs to somebody else.
    #[error("{id} is not free: {because}")]
    Owned {
        /// The object.
        id: String,
        /// Whose it is.
        because: String,
    },
    /// Another object took its place, and it awaits its removal.
    #[error("{id} is an old {address} that is to go")]
    Old {
        /// Where it stood.
        address: Address,
        /// The object.
        id: String,
    },
    /// It cannot become what is declared: it hangs on something else, or holds data.
    #[error("{id} cannot become {address}: {}", because.join("; "))]
    Unfit {
        /// Where it was to stand.
        address: Address,
        /// The object.
        id: String,
        /// What does not fit.
        because: Vec<String>,
    },
}

/// An object that can be taken over.
#[derive(Clone, Debug)]
pub struct Adoption {
    /// Its id, as the cloud spells it.
    pub id: String,
    /// What the next apply would do to it.
    pub ahead: Planned,
    /// What taking over does: it records the object and gives it our marks. To be carried out by
    /// [`Open::carry_out`](super::Open::carry_out).
    pub taking: Planned,
}

impl Adoption {
    /// Whether the next apply would put another object in its place.
    pub fn is_vain(&self) -> bool {
        self.ahead.plan.actions.values().any(|action| matches!(action, Action::Replace { .. }))
    }
}

/// Looks at the object `id`, which is to stand at `address`.
///
/// # Errors
/// [`RunError::Adopt`] when it cannot be taken over; the others when the cloud could not be asked.
pub async fn examine(
    session: &Session,
    blueprint: &dyn Blueprint,
    state: &State,
    address: &Address,
    id: &str,
) -> Result<Adoption, RunError> {
    let place = survey(session, &blueprint.questions(state), blueprint.account(), state).await?;
    let nodes = blueprint.nodes(&place, state);
    let undeclared = || AdoptError::Undeclared { address: address.clone() };
    let node = nodes.get(address).ok_or_else(undeclared)?;
    vacant(session, &nodes, state, &place, address).await?;
    let Fit { id, record, ahead } = fit(session, &nodes, state, &place, (address, node), id).await?;
    let taking = marked(session, address, node, &record)?;
    let followers = followers(session, &nodes, state, &place, (address, &record)).await?;
    let planned = |actions: BTreeMap<Address, Action>, adopted: BTreeMap<Address, Recorded>| Planned {
        plan: Plan {
            stack: state.stack.clone(),
            base: Base { lineage: state.lineage.clone(), serial: state.serial },
            moved: Vec::new(),
            drift: BTreeMap::new(),
            actions,
            deposed: Vec::new(),
            kept: BTreeMap::new(),
            kept_old: Vec::new(),
            impact: BTreeMap::new(),
            adopted,
            notes: BTreeMap::new(),
        },
        surroundings: place.clone(),
        forecaster: Forecaster::default(),
        checks: Vec::new(),
        given_way: Vec::new(),
    };
    let ahead = planned([(address.clone(), ahead)].into(), BTreeMap::new());
    // Not finished before it has our marks: after a crash in between, the next apply goes on.
    let unmarked = Recorded { status: Status::Unfinished, ..record.clone() };
    let adopted = if matches!(taking, Action::NoOp { .. }) { record } else { unmarked };
    let actions = followers.into_iter().chain([(address.clone(), taking)]).collect();
    Ok(Adoption { id, ahead, taking: planned(actions, [(address.clone(), adopted)].into()) })
}

/// An object that can become what is declared.
pub(super) struct Fit {
    /// Its id, as the cloud spells it.
    id: String,
    /// What would be recorded.
    record: Recorded,
    /// What the next apply would do to it.
    ahead: Action,
}

/// Looks whether the object `id` can become what is declared at an address, whatever is recorded there.
pub(super) async fn fit(
    session: &Session,
    nodes: &BTreeMap<Address, Node>,
    state: &State,
    place: &Surroundings,
    (address, node): (&Address, &Node),
    id: &str,
) -> Result<Fit, RunError> {
    free(state, address, id)?;
    let known = match see(session, address, id, &node.declared, &state.index(), state, place).await? {
        Observation::Present { known, .. } => known,
        Observation::Absent => return Err(AdoptError::Missing { address: address.clone(), id: id.to_owned() }.into()),
        Observation::Foreign { id, because, .. } => return Err(AdoptError::Owned { id, because }.into()),
        Observation::Unread { error } => {
            return Err(AdoptError::Unread { address: address.clone(), id: id.to_owned(), error: error.into() }.into());
        }
    };
    let id = known.computed.text("id").unwrap_or(id).to_owned();
    free(state, address, &id)?;
    if let Some(because) = owner(&known.declared, nodes, state, address) {
        return Err(AdoptError::Owned { id, because }.into());
    }
    let record = Recorded {
        status: Status::Ready,
        after: node.after.keys().cloned().collect(),
        declared: known.declared,
        computed: known.computed,
        attempted: Vec::new(),
    };
    let ahead = engine::compare(&session.catalog, address, node, &record, &record.known())?;
    let because = unfit(&ahead, session.catalog.get(&address.kind).is_some_and(|facts| facts.holds.data().is_some()));
    if !because.is_empty() {
        return Err(AdoptError::Unfit { address: address.clone(), id, because }.into());
    }
    Ok(Fit { id, record, ahead })
}

/// What the object points at, where that is seen otherwise once the object is known and its record has to follow: a
/// security group shows a rule as its own as long as nobody knows that the rule is a resource. What would have to be
/// changed, or must not be, is left to the next plan.
async fn followers(
    session: &Session,
    nodes: &BTreeMap<Address, Node>,
    state: &State,
    place: &Surroundings,
    (address, record): (&Address, &Recorded),
) -> Result<BTreeMap<Address, Action>, RunError> {
    let mut ids = state.index();
    ids.insert(address, &record.computed);
    let pointed = references(&record.declared).into_iter();
    let standing = pointed.filter(|at| nodes.contains_key(at) && state.resources.contains_key(at));
    let targets = standing.map(|at| (at.clone(), target(&at, nodes, state))).collect();
    let request =
        ObserveRequest { stack: &state.stack, targets: &targets, ids: &ids, surroundings: place, removing: false };
    let mut followers = BTreeMap::new();
    for (at, found) in stoppable(session, session.cloud.observe(&request)).await? {
        let Observation::Present { known, .. } = found else { continue };
        let ahead = engine::compare(&session.catalog, &at, &nodes[&at], &state.resources[&at], &known);
        if let Ok(action @ Action::NoOp { record: Some(_) }) = ahead {
            followers.insert(at, action);
        }
    }
    Ok(followers)
}

/// What is recorded to hang on what stands at an address.
pub(super) fn users(state: &State, address: &Address) -> Vec<Address> {
    let hangs = |recorded: &&Recorded| references(&recorded.declared).contains(address);
    state.resources.iter().filter(|(_, recorded)| hangs(recorded)).map(|(at, _)| at.clone()).collect()
}

/// Whether nothing stands at the address: what is recorded there and is gone is in nobody's way.
async fn vacant(
    session: &Session,
    nodes: &BTreeMap<Address, Node>,
    state: &State,
    place: &Surroundings,
    address: &Address,
) -> Result<(), RunError> {
    let Some(standing) = state.resources.get(address) else { return Ok(()) };
    let id = standing.computed.text("id").unwrap_or_default().to_owned();
    let (ids, targets) = (state.index(), [(address.clone(), target(address, nodes, state))].into());
    let request =
        ObserveRequest { stack: &state.stack, targets: &targets, ids: &ids, surroundings: place, removing: false };
    let address = address.clone();
    match stoppable(session, session.cloud.observe(&request)).await?.remove(&address) {
        Some(Observation::Present { .. } | Observation::Foreign { remedy: Remedy::AdoptInstead { .. }, .. }) => {
            let needed_by = users(state, &address);
            Err(AdoptError::Taken { address, id, needed_by }.into())
        }
        Some(Observation::Unread { error }) => Err(AdoptError::Unread { address, id, error: error.into() }.into()),
        Some(Observation::Absent | Observation::Foreign { .. }) | None => Ok(()),
    }
}

/// Whether the object is recorded at no other address.
fn free(state: &State, address: &Address, id: &str) -> Result<(), AdoptError> {
    if let Some(elsewhere) = state.index().address(&address.kind, id).filter(|at| *at != address) {
        let is_free = !state.resources.contains_key(address) && !state.deposed.contains_key(address);
        let wanted = is_free.then(|| Box::new(address.clone()));
        return Err(AdoptError::Elsewhere { address: elsewhere.clone(), id: id.to_owned(), wanted });
    }
    let old = state.deposed.iter().find(|(at, old)| at.kind == address.kind && old.iter().any(|old| old.key == id));
    if let Some((at, _)) = old {
        return Err(AdoptError::Old { address: at.clone(), id: id.to_owned() });
    }
    Ok(())
}

/// Whose marks it carries, if they keep it from this address.
fn owner(found: &Document, nodes: &BTreeMap<Address, Node>, state: &State, address: &Address) -> Option<String> {
    let tags: Tags = serde_json::from_value(found.get("tags")?.clone()).ok()?;
    match Remedy::of(&tags, &state.stack) {
        Remedy::OtherStack { stack } => {
            let role = tags.get(ADDRESS_TAG).map_or("something", String::as_str);
            Some(format!("its tags say that it is {role} of stack {stack}"))
        }
        // Where nothing is declared or recorded any more, nobody needs it.
        Remedy::OtherAddress { address: other } if other != *address => {
            let needed = nodes.contains_key(&other) || state.resources.contains_key(&other);
            needed.then(|| format!("its tags say that it is {other} of this stack"))
        }
        Remedy::OtherAddress { .. }
        | Remedy::Adopt
        | Remedy::AdoptInstead { .. }
        | Remedy::OtherName { .. }
        | Remedy::Command { .. } => None,
    }
}

/// What keeps it from becoming what is declared: differences that force another object, where it points at another
/// network or cluster, or holds data.
fn unfit(ahead: &Action, data: bool) -> Vec<String> {
    let Action::Replace { prior, declared, diffs, .. } = ahead else { return Vec::new() };
    let points = |document: &Document, field: &str| {
        document.get(field).is_some_and(|value| !references_in(value).is_empty() || !externals_in(value).is_empty())
    };
    let forcing = diffs.iter().filter(|diff| diff.on_change == OnChange::Replace);
    let unfit = forcing.filter(|diff| {
        let field = diff.field();
        data || points(declared, field) || points(&prior.declared, field)
    });
    unfit.map(|diff| format!("its {} is not the one declared, and cannot be changed", diff.path)).collect()
}

/// What gives the object our marks, and leaves it as it is for the rest.
fn marked(session: &Session, address: &Address, node: &Node, record: &Recorded) -> Result<Action, RunError> {
    let mut wanted = record.declared.clone();
    if let Some(tags) = node.declared.get("tags") {
        wanted.set("tags", tags.clone());
    }
    let only_marks = Node { declared: wanted, ladder: Vec::new(), ..node.clone() };
    Ok(match engine::compare(&session.catalog, address, &only_marks, record, &record.known())? {
        Action::Update { prior, via, declared, after, works_through, diffs, .. } => {
            Action::Update { prior, via, declared, after, works_through, diffs, why: Why::Requested }
        }
        other @ (Action::NoOp { .. }
        | Action::Create { .. }
        | Action::Replace { .. }
        | Action::Delete { .. }
        | Action::Forget { .. }) => other,
    })
}
