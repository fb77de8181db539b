//! Which object stands where, settled before anything is planned.
//!
//! Promises: looks and reads only; what it answers is the record as it is once the moves it tells have been followed, and
//! what was found with that record. An object of our own stack is never taken for somebody else's, wherever its marks say
//! that it stands.

use std::cell::LazyCell;
use std::collections::{BTreeMap, BTreeSet};

use super::census::unrecorded;
use super::foreign::claim;
use super::refresh::{refresh, target};
use super::{Blueprint, EventEmitter, GivenWay, RunError, Session, stoppable, survey};
use crate::cloud::{ObserveRequest, ObserveTarget};
use crate::engine::moves::{How, Move, MoveContext, Olds, moves};
use crate::engine::state::{Recorded, State};
use crate::engine::{Request, adoptable};
use crate::model::address::Address;
use crate::model::facts::{FactQuery, Facts};
use crate::model::observation::Observation;
use crate::model::resource::Node;
use crate::model::surroundings::Surroundings;

/// How often to look at most while objects move: what one points at tells whether it is what is wanted, so they may follow
/// each other.
const ROUNDS: usize = 6;

/// What a plan is made from.
pub(super) struct PlanInputs {
    /// The account and region.
    pub(super) surroundings: Surroundings,
    /// What is wanted.
    pub(super) nodes: BTreeMap<Address, Node>,
    /// The record, moves followed.
    pub(super) state: State,
    /// The same with what was found beside it: what settles the choices that a declaration leaves open.
    pub(super) settling: State,
    /// What was found.
    pub(super) observed: BTreeMap<Address, Observation>,
    /// Facts of things that are not the stack's own.
    pub(super) facts: Facts,
    /// Where what is gone comes back as it was when it is made again.
    pub(super) returning: BTreeSet<Address>,
    /// The moves, in the order in which they are followed.
    pub(super) moved: Vec<Move>,
    /// What becomes an old object by one of them.
    pub(super) given_way: Vec<GivenWay>,
}

impl PlanInputs {
    /// What becomes an old object is removed before what it really points at, which its record may not tell.
    fn note_what_gives_way(&mut self, moved: &Move) {
        let recorded = self.state.resources.get(&moved.to);
        if let (How::TakenUp { vanished: false }, Some(recorded), Some(Observation::Present { known, .. })) =
            (moved.how, recorded, self.observed.get(&moved.to))
        {
            let noted = Recorded { declared: known.declared.clone(), ..recorded.clone() };
            self.state.resources.insert(moved.to.clone(), noted.clone());
            self.given_way.push(GivenWay { after: self.moved.len(), address: moved.to.clone(), found: noted });
        }
    }
}

/// Looks, and follows what moved, until nothing moves any more.
pub(super) async fn settle(
    session: &Session,
    blueprint: &dyn Blueprint,
    state: &State,
    ask: &Request,
    events: &mut EventEmitter<'_>,
) -> Result<PlanInputs, RunError> {
    let questions = |state: &State| {
        let questions = blueprint.questions(state);
        if ask.destroy { questions.of_what_stands() } else { questions }
    };
    let mut asked = questions(state);
    let mut settled = PlanInputs {
        surroundings: survey(session, &asked, blueprint.account(), state).await?,
        nodes: BTreeMap::new(),
        state: state.clone(),
        // What an earlier apply settled stays settled: also where its record tells of what is gone, as long as it is the
        // only one, and where what it made is found by its marks alone.
        settling: state.clone(),
        observed: BTreeMap::new(),
        facts: Facts::default(),
        returning: BTreeSet::new(),
        moved: Vec::new(),
        given_way: Vec::new(),
    };
    let mut queried = FactQuery::default();
    for round in 0..=ROUNDS {
        // What the record settles need not be asked, and what moved may have settled something.
        let questions = questions(&settled.settling);
        if questions != asked {
            settled.surroundings = survey(session, &questions, blueprint.account(), &settled.state).await?;
            asked = questions;
        }
        let (state, surroundings) = (&settled.state, &settled.surroundings);
        let nodes = blueprint.nodes(surroundings, &settled.settling);
        let query = blueprint.fact_query(surroundings, &settled.settling, ask);
        // Facts are read beside the objects, and again only where a move leads to another question.
        let (observed, facts) =
            tokio::join!(refresh(session, &nodes, state, surroundings, ask.destroy, events), async {
                if query == queried { Ok(None) } else { told(session, &query, surroundings).await.map(Some) }
            });
        let (mut observed, facts) = (observed?, facts?);
        queried = query;
        let shared = claim(session, &nodes, state, surroundings, &mut observed).await?;
        let olds = olds(session, &nodes, state, surroundings).await?;
        let cx =
            MoveContext { catalog: &session.catalog, declared: &nodes, state, observed: &observed, olds: &olds, ask };
        let found = if round < ROUNDS { moves(cx) } else { Vec::new() };
        (settled.nodes, settled.observed) = (nodes, observed);
        if let Some(facts) = facts {
            settled.facts = facts;
        }
        if found.is_empty() {
            let outlived = if round < ROUNDS { outlived(session, &settled).await? } else { BTreeSet::new() };
            if !outlived.is_empty() {
                settled.state.resources.retain(|address, _| !outlived.contains(address));
                continue;
            }
            if round < ROUNDS
                && !ask.destroy
                && let Some(settling) = settled_otherwise(session, blueprint, &settled).await?
            {
                settled.settling = settling;
                continue;
            }
            if let Some(shared) = shared.filter(|_| !ask.destroy) {
                return Err(shared.into());
            }
            settled.returning = returning(session, &settled).await?;
            return Ok(settled);
        }
        // What was found speaks of the record as it was before any of these moves.
        for one in &found {
            settled.note_what_gives_way(one);
        }
        for one in &found {
            settled.state.shift(one);
            settled.settling.shift(one);
        }
        settled.moved.extend(found);
    }
    unreachable!("the last round finds nothing to follow")
}

/// What settles the choices of the declaration, where something was found that settles them otherwise: what stands and is
/// in no record was chosen once, and is what is gone on with.
async fn settled_otherwise(
    session: &Session,
    blueprint: &dyn Blueprint,
    settled: &PlanInputs,
) -> Result<Option<State>, RunError> {
    let PlanInputs { nodes, state, observed, surroundings, .. } = settled;
    // What keeps the plan from being made is told when it is made.
    let found = adoptable(nodes, state, observed).unwrap_or_default();
    if found.is_empty() {
        return Ok(None);
    }
    let mut settling = settled.settling.clone();
    settling.resources.extend(found);
    let lacks = nodes.keys().any(|address| !settling.resources.contains_key(address));
    if lacks && settled.settling.is_empty() {
        // Nothing is recorded and something stands, but not all: the rest may stand where nobody looked.
        match unrecorded(session, nodes, &settling, surroundings).await {
            Ok(rest) => {
                for (address, known) in rest.into_iter().filter_map(|one| Some((one.address, one.known?))) {
                    settling.resources.entry(address).or_insert_with(|| Recorded::found(known));
                }
            }
            // Who may not see them all plans by what was found.
            Err(RunError::Cloud(_)) => {}
            Err(error) => return Err(error),
        }
    }
    let differs = settling != settled.settling && blueprint.nodes(surroundings, &settling) != *nodes;
    Ok(differs.then_some(settling))
}

/// Records of what is gone where another object of the stack stands: such a record is older than what it tells of, as when
/// somebody put an older lockfile in force. What stands is found by its marks once that record is out of the way.
async fn outlived(session: &Session, settled: &PlanInputs) -> Result<BTreeSet<Address>, RunError> {
    let PlanInputs { nodes, state, observed, surroundings, .. } = settled;
    let gone = observed.iter().filter(|(_, found)| matches!(found, Observation::Absent));
    let wanted = gone
        .map(|(address, _)| address)
        .filter(|address| nodes.contains_key(*address) && state.resources.contains_key(*address));
    let by_marks = |address: &Address| ObserveTarget { recorded: None, ..target(address, nodes, state) };
    let targets: BTreeMap<Address, ObserveTarget> =
        wanted.map(|address| (address.clone(), by_marks(address))).collect();
    if targets.is_empty() {
        return Ok(BTreeSet::new());
    }
    let mut ids = state.index();
    for (address, found) in observed {
        if let Observation::Present { known, .. } = found {
            ids.insert(address, &known.computed);
        }
    }
    let request = ObserveRequest { stack: &state.stack, targets: &targets, ids: &ids, surroundings, removing: false };
    let found = stoppable(session, session.cloud.observe(&request)).await?;
    // What was judged to be gone by its id, and what is recorded elsewhere, are not what was looked for.
    let recorded = state.index();
    let succeeds = |(address, found): &(Address, Observation)| match found {
        Observation::Present { known, .. } => {
            let recorded = known.computed.text("id").and_then(|id| recorded.address(&address.kind, id).cloned());
            recorded.is_none() && !state.is_old(address, &known.computed)
        }
        Observation::Absent | Observation::Foreign { .. } | Observation::Unread { .. } => false,
    };
    Ok(found.into_iter().filter(succeeds).map(|(address, _)| address).collect())
}

async fn told(session: &Session, query: &FactQuery, place: &Surroundings) -> Result<Facts, RunError> {
    stoppable(session, session.cloud.facts(query, place)).await
}

/// Of what cannot be made again and is gone, what comes back as it was.
async fn returning(session: &Session, settled: &PlanInputs) -> Result<BTreeSet<Address>, RunError> {
    let mut returning = BTreeSet::new();
    for (address, found) in &settled.observed {
        let irreplaceable = session.catalog.get(&address.kind).is_some_and(|facts| facts.holds.is_irreplaceable());
        if let (Observation::Absent, Some(recorded)) = (found, settled.state.resources.get(address))
            && irreplaceable
            && stoppable(session, session.cloud.returns(address, &recorded.known())).await??
        {
            returning.insert(address.clone());
        }
    }
    Ok(returning)
}

/// The old objects of declared resources that are there, as an observation of the declaration would find them.
async fn olds(
    session: &Session,
    nodes: &BTreeMap<Address, Node>,
    state: &State,
    surroundings: &Surroundings,
) -> Result<Olds, RunError> {
    let mut olds = Olds::new();
    let ids = LazyCell::new(|| state.index());
    let most = state.deposed.values().map(Vec::len).max().unwrap_or(0);
    for n in 0..most {
        let target = |(address, node): (&Address, &Node)| {
            let old = state.deposed.get(address)?.get(n)?;
            let recorded = Some(old.recorded.known());
            let declared = Some(node.declared.clone());
            Some((address.clone(), ObserveTarget { declared, recorded, ..ObserveTarget::default() }))
        };
        let targets: BTreeMap<Address, ObserveTarget> = nodes.iter().filter_map(target).collect();
        if targets.is_empty() {
            continue;
        }
        let request =
            ObserveRequest { stack: &state.stack, targets: &targets, ids: &ids, surroundings, removing: false };
        for (address, found) in stoppable(session, session.cloud.observe(&request)).await? {
            let key = state.deposed[&address][n].key.clone();
            if let Observation::Present { known, .. } = found {
                olds.insert((address, key), known);
            }
        }
    }
    Ok(olds)
}
