//! Looking at everything declared or recorded, until it is sure what is there.
//!
//! Promises: what is found without a record is told from what awaits removal; nothing recorded counts as gone before it
//! was looked for again. Changes nothing.

use std::collections::BTreeMap;
use std::time::Duration;

use super::event::EventKind;
use super::{EventEmitter, LookScope, RunError, Session, stoppable};
use crate::cloud::wait::sleep;
use crate::cloud::{ObserveRequest, ObserveTarget};
use crate::engine::state::{Recorded, State, Status};
use crate::model::address::Address;
use crate::model::described::Described;
use crate::model::document::Document;
use crate::model::index::IdIndex;
use crate::model::observation::Observation;
use crate::model::resource::Node;
use crate::model::surroundings::Surroundings;

/// How often to look at most while more is found that is not known: as deep as kinds hang on each other by what
/// cannot be found without the other.
const LOOKS: usize = 6;

/// What is there, wanted or recorded. With `removing`, everything found is to go.
pub(super) async fn refresh(
    session: &Session,
    nodes: &BTreeMap<Address, Node>,
    state: &State,
    surroundings: &Surroundings,
    removing: bool,
    events: &mut EventEmitter<'_>,
) -> Result<BTreeMap<Address, Observation>, RunError> {
    let depth = Depth::Observed { removing };
    let all =
        nodes.keys().chain(state.resources.keys()).map(|address| (address.clone(), target(address, nodes, state)));
    refresh_to(session, all.collect(), state, surroundings, depth, events).await.map(|it| it.observed)
}

/// What is there of what is recorded and `scope` takes to look at, with the answers that say what nobody declared.
pub(super) async fn refresh_described(
    session: &Session,
    state: &State,
    scope: &LookScope,
    surroundings: &Surroundings,
    events: &mut EventEmitter<'_>,
) -> Result<Described, RunError> {
    let nodes = BTreeMap::new();
    let targets = scope.read(state).map(|address| (address.clone(), target(address, &nodes, state)));
    refresh_to(session, targets.collect(), state, surroundings, Depth::Described, events).await
}

/// How much is asked.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Depth {
    /// What a plan needs.
    Observed { removing: bool },
    /// All that is answered about an object.
    Described,
}

impl Depth {
    async fn look(self, session: &Session, request: &ObserveRequest<'_>) -> Result<Described, RunError> {
        match self {
            Self::Observed { .. } => {
                let observed = stoppable(session, session.cloud.observe(request)).await?;
                Ok(Described { observed, answers: BTreeMap::new() })
            }
            Self::Described => stoppable(session, session.cloud.describe(request)).await,
        }
    }
}

async fn refresh_to(
    session: &Session,
    targets: BTreeMap<Address, ObserveTarget>,
    state: &State,
    surroundings: &Surroundings,
    depth: Depth,
    events: &mut EventEmitter<'_>,
) -> Result<Described, RunError> {
    let removing = depth == Depth::Observed { removing: true };
    events.emit(EventKind::RefreshStarted { total: targets.len() });
    let mut ids = state.index();
    let mut looks = 0;
    let mut described = loop {
        let request = ObserveRequest { stack: &state.stack, targets: &targets, ids: &ids, surroundings, removing };
        let described = depth.look(session, &request).await?;
        looks += 1;
        // What was found, or told only now, may be what others point at: with it they are told apart in another look.
        let found = unknown(&described.observed, &ids, state);
        if found.is_empty() || looks == LOOKS {
            break described;
        }
        for (address, computed) in &found {
            ids.insert(address, computed);
        }
    };
    let request = ObserveRequest { stack: &state.stack, targets: &targets, ids: &ids, surroundings, removing };
    look_again(session, &mut described.observed, request, state, events).await?;
    let count = |fits: fn(&Observation) -> bool| described.observed.values().filter(|found| fits(found)).count();
    events.emit(EventKind::RefreshFinished {
        present: count(|found| matches!(found, Observation::Present { .. } | Observation::Foreign { .. })),
        absent: count(|found| matches!(found, Observation::Absent)),
        unread: count(|found| matches!(found, Observation::Unread { .. })),
    });
    Ok(described)
}

/// What to look for at an address that is declared, recorded or both.
pub(super) fn target(address: &Address, nodes: &BTreeMap<Address, Node>, state: &State) -> ObserveTarget {
    let recorded = state.resources.get(address);
    ObserveTarget {
        declared: nodes.get(address).map(|node| node.declared.clone()),
        recorded: recorded.map(Recorded::known),
        attempted: recorded.map(|recorded| recorded.attempted.clone()).unwrap_or_default(),
        old: state.old(address),
    }
}

/// How often what is recorded and was not found is looked for again, and seconds in between: reads of AWS may lag behind
/// each other. What was made a moment ago and not finished may be missing from lists for about a minute (EC2 "Eventual
/// consistency").
const AGAIN: [(Status, &[u64]); 2] = [(Status::Ready, &[1]), (Status::Unfinished, &[1, 4, 10, 15, 20])];

/// Believes that something recorded is gone only after looking again.
async fn look_again(
    session: &Session,
    observed: &mut BTreeMap<Address, Observation>,
    request: ObserveRequest<'_>,
    state: &State,
    events: &mut EventEmitter<'_>,
) -> Result<(), RunError> {
    for (status, pauses) in AGAIN {
        let mut waited_seconds = 0;
        for seconds in pauses {
            let missing = |(address, _): &(&Address, &ObserveTarget)| {
                matches!(observed.get(*address), Some(Observation::Absent))
                    && state.resources.get(*address).is_some_and(|recorded| recorded.status == status)
            };
            let targets: BTreeMap<Address, ObserveTarget> = request
                .targets
                .iter()
                .filter(missing)
                .map(|(address, target)| (address.clone(), target.clone()))
                .collect();
            if targets.is_empty() {
                break;
            }
            events.emit(EventKind::LookingAgain {
                missing: targets.keys().cloned().collect(),
                interrupted: false,
                waited_seconds,
                at_most_seconds: pauses.iter().sum(),
            });
            stoppable(session, sleep(Duration::from_secs(*seconds), session.time_scale)).await?;
            waited_seconds += seconds;
            let request = ObserveRequest { targets: &targets, ..request };
            observed.extend(stoppable(session, session.cloud.observe(&request)).await?);
        }
    }
    Ok(())
}

/// What is there and not known so, but for old objects that still have to go: those carry the same marks. An object that
/// was recorded before it was finished has values since that no record holds.
fn unknown(observed: &BTreeMap<Address, Observation>, ids: &IdIndex, state: &State) -> Vec<(Address, Document)> {
    let found = observed.iter().filter_map(|(address, found)| match found {
        Observation::Present { known, .. } => Some((address.clone(), known.computed.clone())),
        Observation::Absent | Observation::Foreign { .. } | Observation::Unread { .. } => None,
    });
    found
        .filter(|(address, computed)| ids.computed(address) != Some(computed) && !state.is_old(address, computed))
        .collect()
}
