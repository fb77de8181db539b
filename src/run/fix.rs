//! Putting back what was recorded of some objects, and nothing else.
//!
//! Promises: what is planned brings the named objects to their records; whatever else drifted stays as it is, and what is
//! declared and not applied yet is not made. Where more than the named objects would change there is no plan. Changes nothing.
//!
//! Leaves to others carrying the plan out, which goes as for any other plan.

use std::collections::{BTreeMap, BTreeSet};

use super::look::compare;
use super::{Blueprint, EventEmitter, Planned, RunError, Session};
use crate::engine::forecast::Forecaster;
use crate::engine::plan::{Action, Drift};
use crate::engine::schedule::Schedule;
use crate::engine::state::{Recorded, State, Status};
use crate::engine::{self, PlanError, Request};
use crate::model::address::Address;
use crate::model::observation::Observation;
use crate::model::reference::{RefTarget, map_references, references};
use crate::model::resource::Node;

/// Why what was recorded cannot be put back by itself. Nothing was changed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FixError {
    /// More would change than was named.
    #[error("putting that back changes {} as well", list(.0))]
    More(BTreeSet<Address>),
    /// Nothing of that name stands there that is not ours.
    #[error("{address} has no {name} that is not ours{}", others(.there))]
    NotThere {
        /// The object.
        address: Address,
        /// The name.
        name: String,
        /// The names there are.
        there: Vec<String>,
    },
    /// It is not taken away from here.
    #[error("{name} of {address} is not taken away from here: {why}")]
    ByHand {
        /// The object.
        address: Address,
        /// The name.
        name: String,
        /// Why, and what does.
        why: String,
    },
    /// A named object needs one that is gone.
    #[error("{address} needs {needed}, which is gone")]
    Needs {
        /// The object.
        address: Address,
        /// What it needs.
        needed: Address,
    },
}

fn others(there: &[String]) -> String {
    if there.is_empty() { String::new() } else { format!("; it has {}", there.join(", ")) }
}

fn list(addresses: &BTreeSet<Address>) -> String {
    addresses.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
}

/// Plans to put back what is recorded at these addresses.
///
/// # Errors
/// [`RunError::Fix`] when more would change; the others when the cloud could not be asked, or there is no plan.
pub async fn fix(
    session: &Session,
    blueprint: &dyn Blueprint,
    state: &State,
    named: &BTreeSet<Address>,
    events: &mut EventEmitter<'_>,
) -> Result<Planned, RunError> {
    if let Some(unknown) = named.iter().find(|address| !state.resources.contains_key(*address)) {
        return Err(PlanError::NotRecorded { address: unknown.clone() }.into());
    }
    let mut seen = compare(session, state, events).await?;
    seen.survey(session, blueprint, state).await?;
    let drift = &seen.report.drift;
    let gone = |address: &Address| matches!(drift.get(address), Some(Drift::Gone));
    for address in named {
        let needs = references(&state.resources[address].declared);
        if let Some(needed) = needs.into_iter().find(|needed| gone(needed) && !named.contains(needed)) {
            return Err(FixError::Needs { address: address.clone(), needed }.into());
        }
    }
    // Order, protection and what users notice are the design's; what is wanted is the record.
    let design = blueprint.nodes(&seen.surroundings, state);
    let index = state.index();
    let (mut nodes, mut observed, mut records) = (BTreeMap::new(), BTreeMap::new(), BTreeMap::new());
    for (address, recorded) in state.resources.iter() {
        let found = seen.observed.get(address);
        let (wanted, record, found) = match found {
            Some(found) if named.contains(address) => (recorded.clone(), recorded.clone(), found.clone()),
            // Neither what else drifted nor what is gone or was not read is touched.
            Some(Observation::Present { known, .. }) => standing(recorded, known.clone()),
            Some(Observation::Absent | Observation::Foreign { .. } | Observation::Unread { .. }) | None => {
                standing(recorded, recorded.known())
            }
        };
        // An object made under an old id is what those who point at that id have now.
        let declared = map_references(&wanted.declared, &|target| match target {
            RefTarget::Named(_) => None,
            RefTarget::Object(id) => index.named(&id).map(|address| RefTarget::Named(address.clone())),
        });
        let node = design.get(address).cloned().unwrap_or_default();
        nodes.insert(address.clone(), Node { declared, ladder: Vec::new(), ..within(node, state) });
        observed.insert(address.clone(), found);
        records.insert(address.clone(), record);
    }
    // What awaits its removal is left to an apply.
    let record = State { resources: records.into(), deposed: BTreeMap::new(), ..state.clone() };
    let mut plan = engine::plan(&session.catalog, &nodes, &record, &observed, &Request::default())?;
    let others = plan.actions.iter().filter(|(address, action)| action.is_change() && !named.contains(*address));
    let others: BTreeSet<Address> = others.map(|(address, _)| address.clone()).collect();
    if !others.is_empty() {
        return Err(FixError::More(others).into());
    }
    for (address, action) in &mut plan.actions {
        if let Action::NoOp { record } = action
            && !named.contains(address)
        {
            *record = None;
        }
    }
    plan.drift.retain(|address, _| named.contains(address));
    plan.notes.retain(|address, _| named.contains(address));
    let schedule = Schedule::of(&plan, state, &session.catalog).learned(&plan, session.durations());
    let forecaster = Forecaster::Steps(Box::new(schedule), session.parallelism);
    Ok(Planned { plan, surroundings: seen.surroundings, forecaster, checks: Vec::new(), given_way: Vec::new() })
}

/// What stands and stays: wanted, recorded and found alike.
fn standing(recorded: &Recorded, known: crate::model::resource::Known) -> (Recorded, Recorded, Observation) {
    let record = Recorded {
        status: Status::Ready,
        declared: known.declared.clone(),
        computed: known.computed.clone(),
        ..recorded.clone()
    };
    (record.clone(), record, Observation::Present { known, notes: Vec::new(), waiting: Vec::new(), settled: true })
}

/// A node of the design among what is recorded: what it waits for and is not there yet is not waited for.
fn within(node: Node, state: &State) -> Node {
    let stands = |address: &Address, _: &mut &'static str| state.resources.contains_key(address);
    let mut node = node;
    node.after.retain(stands);
    node.works_through.retain(stands);
    node.replaced_with.retain(stands);
    node
}
