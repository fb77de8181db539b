//! Floor 2: decisions. Pure and synchronous; [`plan()`] is the only entrance to planning.
//!
//! Promises: the same inputs give the same plan, byte for byte; a plan leaves nothing to choose. Knows nothing of AWS,
//! files, time or concurrency.

pub mod check;
mod decide;
mod destroy;
pub mod diff;
pub mod durations;
mod error;
pub mod forecast;
pub mod graph;
mod impact;
pub mod lint;
mod losses;
pub mod moves;
pub mod object_graph;
mod order;
pub mod plan;
mod refusal;
pub mod restore;
pub mod schedule;
pub mod state;
mod step;
pub mod values;

use std::cell::LazyCell;
use std::collections::{BTreeMap, BTreeSet};

pub use error::{Clash, PlanError};
pub use losses::Lost;

use crate::model::address::{Address, Kind};
use crate::model::document::Document;
use crate::model::observation::Observation;
use crate::model::reference::{RefTarget, map_references, references};
use crate::model::resource::{Catalog, KindFacts, Known, Node, ReplaceOrder};
use decide::{Case, decide};
use destroy::Kept;
use diff::diff;
use order::{OrderContext, Waits};
use plan::{Action, Base, Drift, KeptOld, Plan, StepKey, Why};
use schedule::Schedule;
use state::{Recorded, State, Status};

/// What is asked of the planner beside the declaration.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Request {
    /// Remove everything instead of making what is declared.
    pub destroy: bool,
    /// Words of the data stores that may be deleted (see [`Holds::data`](crate::model::resource::Holds::data)).
    pub delete_data: BTreeSet<String>,
    /// Replace these even if nothing differs.
    pub replace: BTreeSet<Address>,
}

/// Computes what has to be done so that `declared` stands. With [`Request::destroy`], `declared` only tells what to
/// look for; everything found goes.
///
/// # Errors
/// When something could not be read, is not ours, is protected, or cannot be ordered. Nothing is planned then.
pub fn plan(
    catalog: &Catalog,
    declared: &BTreeMap<Address, Node>,
    state: &State,
    observed: &BTreeMap<Address, Observation>,
    ask: &Request,
) -> Result<Plan, PlanError> {
    plan_returning(catalog, declared, state, observed, ask, &BTreeSet::new()).map(|(plan, _)| plan)
}

/// As [`plan()`], where what is gone at the addresses in `returning` comes back as it was when it is made again; and the
/// steps of the plan, in the order that planning has found.
///
/// # Errors
/// As [`plan()`].
pub fn plan_returning(
    catalog: &Catalog,
    declared: &BTreeMap<Address, Node>,
    state: &State,
    observed: &BTreeMap<Address, Observation>,
    ask: &Request,
    returning: &BTreeSet<Address>,
) -> Result<(Plan, Schedule), PlanError> {
    debug_assert_eq!(lint::design(catalog, &state.stack, declared), [], "a design that cannot be right");
    let mut seen = read(observed, state, ask)?;
    let adopted = adopt(declared, state, observed, &mut seen);
    let mut records = state.resources.clone();
    if !adopted.is_empty() {
        records.extend(adopted.clone());
    }
    if let Some(unknown) = ask.replace.iter().find(|address| !records.contains_key(*address)) {
        return Err(PlanError::NotRecorded { address: unknown.clone() });
    }
    let planner = Planner { catalog, declared, state, records: &records, seen: &seen, ask, returning };
    let kept = if ask.destroy { planner.kept()? } else { Kept::default() };
    let (actions, order) = if ask.destroy {
        (planner.destroy(&kept), None)
    } else {
        let (actions, order) = planner.converge()?;
        (actions, Some(order))
    };
    let deposed = removable(state, &kept);
    losses::one_address_each(&actions, &deposed, &records)?;
    let impact = planner.impact(&actions, observed);
    let plan = Plan {
        stack: state.stack.clone(),
        base: Base { lineage: state.lineage.clone(), serial: state.serial },
        moved: Vec::new(),
        drift: planner.drift()?,
        impact,
        notes: notes(observed),
        deposed,
        actions,
        kept: kept.standing,
        kept_old: kept.old.into_iter().map(|((address, id), reason)| KeptOld { address, id, reason }).collect(),
        adopted,
    };
    debug_assert_eq!(lint::plan(catalog, &plan, state), [], "a plan that cannot be right: {plan:#?}");
    let schedule = match order {
        Some(waits) => Schedule::ordered(waits, &plan, catalog),
        None => Schedule::of(&plan, state, catalog),
    };
    Ok((plan, schedule))
}

/// How every recorded resource differs from its record. Needs no declaration.
///
/// # Errors
/// When a recorded kind is not in the catalogue.
pub fn drift(
    catalog: &Catalog,
    state: &State,
    observed: &BTreeMap<Address, Observation>,
) -> Result<BTreeMap<Address, Drift>, PlanError> {
    let seen = observed
        .iter()
        .filter_map(|(address, found)| match found {
            Observation::Present { known, .. } => Some((address.clone(), Some(known))),
            // What stands under the name now is not what is recorded.
            Observation::Absent | Observation::Foreign { .. } => Some((address.clone(), None)),
            Observation::Unread { .. } => None,
        })
        .collect();
    let (declared, ask) = (BTreeMap::new(), Request::default());
    let returning = &BTreeSet::new();
    Planner { catalog, declared: &declared, state, records: &state.resources, seen: &seen, ask: &ask, returning }
        .drift()
}

/// Records of the objects in `observed` that carry our marks and are in no record of `state`. What is not ours is passed
/// over.
///
/// # Errors
/// When something could not be read.
pub fn adoptable(
    declared: &BTreeMap<Address, Node>,
    state: &State,
    observed: &BTreeMap<Address, Observation>,
) -> Result<BTreeMap<Address, Recorded>, PlanError> {
    let ask = Request { destroy: true, ..Request::default() };
    let mut seen = read(observed, state, &ask)?;
    Ok(adopt(declared, state, observed, &mut seen))
}

/// What would be done about one object that was found as `observed`, to bring it to `node`.
///
/// # Errors
/// When its kind is not in the catalogue, or a version would have to fall.
pub fn compare(
    catalog: &Catalog,
    address: &Address,
    node: &Node,
    recorded: &Recorded,
    observed: &Known,
) -> Result<Action, PlanError> {
    let facts = catalog.get(&address.kind).ok_or_else(|| PlanError::UnknownKind { kind: address.kind.clone() })?;
    let case =
        Case { node, facts, recorded: Some(recorded), observed: Some(observed), fresh: &|_| false, forced: None };
    decide(&case).map_err(|down| PlanError::StepDown {
        address: address.clone(),
        field: down.field,
        from: down.from,
        to: down.to,
    })
}

type Seen<'a> = BTreeMap<Address, Option<&'a Known>>;

fn read<'a>(observed: &'a BTreeMap<Address, Observation>, state: &State, ask: &Request) -> Result<Seen<'a>, PlanError> {
    let mut seen = BTreeMap::new();
    let (mut unread, mut foreign) = (BTreeMap::new(), BTreeMap::new());
    for (address, found) in observed {
        match found {
            Observation::Present { known, .. } => {
                seen.insert(address.clone(), Some(known));
            }
            Observation::Absent => {
                seen.insert(address.clone(), None);
            }
            // Removing everything of ours is not held up by what is not ours.
            Observation::Foreign { .. } if ask.destroy && !state.resources.contains_key(address) => {
                seen.insert(address.clone(), None);
            }
            Observation::Foreign { .. } => {
                foreign.extend(found.foreign().map(|there| (address.clone(), there)));
            }
            Observation::Unread { error } => {
                unread.insert(address.clone(), error.clone());
            }
        }
    }
    if !unread.is_empty() {
        return Err(PlanError::Unread { unread });
    }
    if !foreign.is_empty() {
        return Err(PlanError::Foreign { foreign });
    }
    Ok(seen)
}

/// Objects that carry our marks and are in no record; what is still being made counts as unfinished. Old objects that
/// still have to go carry the same marks: where one of those was found, nothing stands. Neither does it where what was
/// found stands at another address.
fn adopt(
    declared: &BTreeMap<Address, Node>,
    state: &State,
    observed: &BTreeMap<Address, Observation>,
    seen: &mut Seen<'_>,
) -> BTreeMap<Address, Recorded> {
    let mut adopted = BTreeMap::new();
    let id =
        |address: &Address, computed: &Document| computed.text("id").map(|id| (address.kind.clone(), id.to_owned()));
    let unrecorded = |(address, _): &(&Address, &mut Option<&Known>)| !state.resources.contains_key(*address);
    let mut unrecorded = seen.iter_mut().filter(unrecorded).peekable();
    if unrecorded.peek().is_none() {
        return adopted;
    }
    let mut standing: BTreeSet<(Kind, String)> =
        state.resources.iter().filter_map(|(address, recorded)| id(address, &recorded.computed)).collect();
    for (address, found) in unrecorded {
        let mut elsewhere = |known: &Known| id(address, &known.computed).is_some_and(|id| !standing.insert(id));
        if found.is_some_and(|known| state.is_old(address, &known.computed) || elsewhere(known)) {
            *found = None;
        }
        if let (Some(known), Some(node)) = (*found, declared.get(address)) {
            let settled = matches!(observed.get(address), Some(Observation::Present { settled: true, .. }));
            let record = Recorded {
                status: if settled { Status::Ready } else { Status::Unfinished },
                after: node.after.keys().cloned().collect(),
                declared: known.declared.clone(),
                attempted: Vec::new(),
                computed: known.computed.clone(),
            };
            adopted.insert(address.clone(), record);
        }
    }
    adopted
}

/// What is worth knowing of what was observed and no difference.
pub fn notes(observed: &BTreeMap<Address, Observation>) -> BTreeMap<Address, Vec<String>> {
    observed
        .iter()
        .filter_map(|(address, found)| match found {
            Observation::Present { notes, .. } if !notes.is_empty() => Some((address.clone(), notes.clone())),
            Observation::Present { .. }
            | Observation::Absent
            | Observation::Foreign { .. }
            | Observation::Unread { .. } => None,
        })
        .collect()
}

/// Old objects that can go: all but those that are kept.
fn removable(state: &State, kept: &Kept) -> Vec<(Address, String)> {
    let all = state.deposed.iter();
    let all = all.flat_map(|(address, old)| old.iter().map(|deposed| (address.clone(), deposed.key.clone())));
    all.filter(|one| !kept.old.contains_key(one)).collect()
}

struct Planner<'a> {
    catalog: &'a Catalog,
    declared: &'a BTreeMap<Address, Node>,
    state: &'a State,
    records: &'a BTreeMap<Address, Recorded>,
    seen: &'a Seen<'a>,
    ask: &'a Request,
    returning: &'a BTreeSet<Address>,
}

type Forced = BTreeMap<Address, (Why, ReplaceOrder)>;

impl Planner<'_> {
    fn facts(&self, kind: &Kind) -> Result<&KindFacts, PlanError> {
        self.catalog.get(kind).ok_or_else(|| PlanError::UnknownKind { kind: kind.clone() })
    }

    fn observed(&self, address: &Address) -> Option<&Known> {
        self.seen.get(address).copied().flatten()
    }

    /// What has to be done, and what each step of that waits for.
    fn converge(&self) -> Result<(BTreeMap<Address, Action>, Waits), PlanError> {
        let needs = self
            .declared
            .iter()
            .map(|(address, node)| {
                let mut needs = references(&node.declared);
                needs.extend(node.after.keys().cloned());
                (address.clone(), needs)
            })
            .collect();
        let order = graph::order(&needs).map_err(|cycle| PlanError::Cycle { cycle })?;
        let mut forced: Forced = self
            .ask
            .replace
            .iter()
            .map(|address| Ok((address.clone(), (Why::Requested, self.facts(&address.kind)?.replace))))
            .collect::<Result<_, PlanError>>()?;
        loop {
            let actions = self.round(&order, &forced)?;
            let following = self.following(&actions)?;
            if !following.is_empty() {
                forced.extend(following);
                continue;
            }
            match self.ordered(&actions) {
                Ok(waits) => {
                    self.nothing_lost(&actions)?;
                    self.respect_protection(&actions)?;
                    self.respect_ground(&actions)?;
                    return Ok((actions, waits));
                }
                Err(circle) => {
                    let (address, why) = break_cycle(&actions, &circle)?;
                    forced.insert(address, (why, ReplaceOrder::DeleteFirst));
                }
            }
        }
    }

    fn round(&self, order: &[Address], forced: &Forced) -> Result<BTreeMap<Address, Action>, PlanError> {
        let mut actions: BTreeMap<Address, Action> = BTreeMap::new();
        for address in order {
            let node = &self.declared[address];
            let action = decide(&Case {
                node,
                facts: self.facts(&address.kind)?,
                recorded: self.records.get(address),
                observed: self.observed(address),
                fresh: &|target| actions.get(target).is_some_and(Action::makes_new),
                forced: forced.get(address).cloned(),
            })
            .map_err(|down| PlanError::StepDown {
                address: address.clone(),
                field: down.field,
                from: down.from,
                to: down.to,
            })?;
            actions.insert(address.clone(), action);
        }
        for (address, prior) in self.records {
            if !self.declared.contains_key(address) {
                let action = match self.standing(address, prior) {
                    Some(prior) => Action::Delete { prior, why: Why::Undeclared },
                    None => Action::Forget { why: Why::Undeclared },
                };
                actions.insert(address.clone(), action);
            }
        }
        Ok(actions)
    }

    /// What stands, cannot outlive something that is replaced, and would stay.
    fn following(&self, actions: &BTreeMap<Address, Action>) -> Result<Forced, PlanError> {
        let replaced = |target: &&Address| matches!(actions.get(*target), Some(Action::Replace { .. }));
        let stays = |address| matches!(actions.get(address), Some(Action::NoOp { .. } | Action::Update { .. }));
        let mut following = Forced::new();
        for (address, node) in self.declared.iter().filter(|(address, _)| stays(address)) {
            if let Some(target) = node.replaced_with.keys().find(replaced) {
                let order = self.facts(&address.kind)?.replace;
                following.insert(address.clone(), (Why::DependencyReplaced(target.clone()), order));
            }
        }
        Ok(following)
    }

    fn ordered(&self, actions: &BTreeMap<Address, Action>) -> Result<Waits, Vec<StepKey>> {
        let leftovers = removable(self.state, &Kept::default());
        order::ordered(OrderContext {
            catalog: self.catalog,
            actions,
            leftovers: &leftovers,
            records: self.records,
            old: &self.state.deposed,
        })
    }

    /// A record as it has to be removed: with the pointers that are there.
    fn standing(&self, address: &Address, recorded: &Recorded) -> Option<Recorded> {
        let known = self.observed(address)?;
        Some(Recorded { declared: known.declared.clone(), computed: known.computed.clone(), ..recorded.clone() })
    }

    fn drift(&self) -> Result<BTreeMap<Address, Drift>, PlanError> {
        let mut drifted = BTreeMap::new();
        let index = LazyCell::new(|| self.state.index());
        for (address, recorded) in &self.state.resources {
            let found = self.seen.get(address);
            match found {
                None => {}
                Some(None) => {
                    drifted.insert(address.clone(), Drift::Gone);
                }
                Some(Some(known)) => {
                    if recorded.declared == known.declared {
                        continue;
                    }
                    // An object made under an old id is what those who point at that id have now.
                    let recorded_now = map_references(&recorded.declared, &|target| match target {
                        RefTarget::Named(_) => None,
                        RefTarget::Object(id) => index.named(&id).map(|address| RefTarget::Named(address.clone())),
                    });
                    let moved = diff(&recorded_now, &known.declared, self.facts(&address.kind)?);
                    if !moved.is_empty() && recorded.status != Status::Unfinished {
                        drifted.insert(address.clone(), Drift::Moved(moved));
                    }
                }
            }
        }
        Ok(drifted)
    }
}

/// Which resource to replace delete-first so that the steps of `circle`, each waiting for the next, need not wait for each
/// other: one that points at what has to go and is changed only after something new is there. Replaced delete-first, it
/// is out of the way before. One that is replaced anyway is taken first.
fn break_cycle(actions: &BTreeMap<Address, Action>, circle: &[StepKey]) -> Result<(Address, Why), PlanError> {
    let step = |n: usize| &circle[n % circle.len()];
    let crossings = || (0..circle.len()).filter(|n| !step(*n).part.builds() && step(n + 1).part.builds());
    let who = |n: usize| &step(n + 1).address;
    for n in crossings() {
        if let Some(Action::Replace { why, .. }) = actions.get(who(n)) {
            return Ok((who(n).clone(), why.clone()));
        }
    }
    let Some(n) = crossings().next() else {
        return Err(PlanError::Cycle { cycle: circle.iter().map(|step| step.address.clone()).collect() });
    };
    // Back to where going begins: what has to be out of the way of its own successor.
    let first = (1..circle.len()).take_while(|back| !step(n + circle.len() - back).part.builds()).count();
    let cause = step(n + circle.len() - first).address.clone();
    Ok((who(n).clone(), Why::DependencyReplaced(cause)))
}
