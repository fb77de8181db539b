//! What an apply would do about what drifted, as far as the look at it tells: planned in memory, from what was seen.
//!
//! Leaves to others what only a plan of its own finds out: what moved, and what the checks say.

use std::collections::{BTreeMap, BTreeSet};

use super::{Blueprint, Look, Session};
use crate::engine::plan::{Action, Drift, Plan};
use crate::engine::state::State;
use crate::engine::{self, PlanError, Request};
use crate::model::address::Address;
use crate::model::finding::Subject;
use crate::model::observation::Observation;
use crate::model::resource::Node;
use crate::model::waiver::is_within;

/// What an apply would do about one object that drifted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Prospect {
    /// What becomes of the object.
    pub outcome: Outcome,
    /// The fields that are not as they are declared. What drifted beside them is declared as it was found.
    pub fields: BTreeSet<String>,
}

/// What becomes of an object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Nothing: it is declared as it was found.
    Kept,
    /// It is changed in place.
    Updated,
    /// Another object takes its place.
    Replaced,
    /// It is gone, and made again.
    Made,
    /// It is not declared any more, and goes.
    Removed,
    /// It is gone, and is not declared any more: only the record goes.
    Forgotten,
    /// Nothing, for there is no plan: why, as a clause.
    Refused(String),
}

impl Outcome {
    /// Its word in JSON.
    pub const fn word(&self) -> &'static str {
        match self {
            Self::Kept => "nothing",
            Self::Updated => "update",
            Self::Replaced => "replace",
            Self::Made => "create",
            Self::Removed => "delete",
            Self::Forgotten => "forget",
            Self::Refused(_) => "refused",
        }
    }
}

impl Prospect {
    fn of(action: &Action) -> Self {
        let (outcome, diffs) = match action {
            Action::NoOp { .. } => (Outcome::Kept, None),
            Action::Create { .. } => (Outcome::Made, None),
            Action::Update { diffs, .. } => (Outcome::Updated, Some(diffs)),
            Action::Replace { diffs, .. } => (Outcome::Replaced, Some(diffs)),
            Action::Delete { .. } => (Outcome::Removed, None),
            Action::Forget { .. } => (Outcome::Forgotten, None),
        };
        let fields = diffs.into_iter().flatten().map(|diff| diff.path.clone()).collect();
        Self { outcome, fields }
    }

    fn refused(because: impl Into<String>) -> Self {
        Self { outcome: Outcome::Refused(because.into()), fields: BTreeSet::new() }
    }
}

/// What an apply would do, as far as a look tells.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Prospects {
    /// About what drifted.
    pub drifted: BTreeMap<Address, Prospect>,
    /// Beside that: what is declared and was not applied yet. Of what drifted as well, the fields that nobody moved.
    pub pending: BTreeMap<Address, Prospect>,
}

impl Look {
    /// What an apply of `blueprint` would do. Nothing where zones have to be asked for first, or nothing was ever applied.
    pub fn prospects(&self, session: &Session, blueprint: &dyn Blueprint, state: &State) -> Prospects {
        let drift = &self.report.drift;
        let questions = blueprint.questions(state);
        if state.resources.is_empty() || questions.zones_for.is_some() {
            return Prospects::default();
        }
        let mut surroundings = self.surroundings.clone();
        for question in questions.addons {
            // Whichever version is chosen then: what becomes of the object is the same.
            surroundings.addons.entry(question).or_default();
        }
        let nodes = blueprint.nodes(&surroundings, state);
        let mut observed = self.observed.clone();
        for (address, recorded) in &state.resources {
            // What was not looked at is planned with as it is recorded.
            let as_recorded = || Observation::Present {
                known: recorded.known(),
                notes: Vec::new(),
                waiting: Vec::new(),
                settled: true,
            };
            if !self.report.scope.covers(address) {
                observed.insert(address.clone(), as_recorded());
            }
        }
        let planned = engine::plan(&session.catalog, &nodes, state, &observed, &Request::default());
        let one = |(at, drift): (&Address, &Drift)| {
            Some((at.clone(), self.prospect(session, &nodes, state, &planned, (at, drift))?))
        };
        let drifted = drift.iter().filter_map(one).collect();
        let pending = planned.as_ref().map(|plan| self.pending(plan, &nodes, state)).unwrap_or_default();
        Prospects { drifted, pending }
    }

    /// What of a plan is not about drift: what is declared otherwise than it was applied. What could not be read is not known
    /// to be otherwise, and what changes because something else is gone is declared as it was.
    fn pending(&self, plan: &Plan, nodes: &BTreeMap<Address, Node>, state: &State) -> BTreeMap<Address, Prospect> {
        let is_read = |at: &Address| !matches!(self.observed.get(at), Some(Observation::Unread { .. }));
        let is_meant = |at: &Address| self.report.scope.covers(at) && is_read(at);
        let actions = plan.actions.iter().filter(|(at, action)| action.is_change() && is_meant(at));
        let one = |(at, action): (&Address, &Action)| {
            let Prospect { outcome, mut fields } = Prospect::of(action);
            let (Some(node), Some(recorded)) = (nodes.get(at), state.resources.get(at)) else {
                return Some((at.clone(), Prospect { outcome, fields }));
            };
            let whole = |field: &str| field.split('.').next().unwrap_or_default().to_owned();
            let is_redeclared = |field: &str| node.declared.get(&whole(field)) != recorded.declared.get(&whole(field));
            let is_moved = |field: &str| match self.report.drift.get(at) {
                None => false,
                Some(Drift::Gone) => true,
                Some(Drift::Moved(diffs)) => {
                    diffs.iter().any(|diff| is_within(field, &diff.path) || is_within(&diff.path, field))
                }
            };
            fields.retain(|field| is_redeclared(field) && !is_moved(field));
            (!fields.is_empty()).then(|| (at.clone(), Prospect { outcome, fields }))
        };
        actions.filter_map(one).collect()
    }

    fn prospect(
        &self,
        session: &Session,
        nodes: &BTreeMap<Address, Node>,
        state: &State,
        planned: &Result<Plan, PlanError>,
        (at, drift): (&Address, &Drift),
    ) -> Option<Prospect> {
        let error = match planned {
            Ok(plan) => return plan.actions.get(at).map(Prospect::of),
            Err(error) => error,
        };
        let concerns =
            |finding: &&crate::model::finding::Finding| matches!(&finding.subject, Subject::Resource(of) if of == at);
        if let Some(finding) = error.findings().iter().find(concerns) {
            return Some(Prospect::refused(&finding.what));
        }
        // Something else is in the way of the plan; of this object it is known all the same.
        let (node, recorded) = (nodes.get(at), state.resources.get(at)?);
        match (node, drift, self.observed.get(at)) {
            (None, Drift::Moved(_), _) => Some(Prospect { outcome: Outcome::Removed, fields: BTreeSet::new() }),
            (None, Drift::Gone, _) => Some(Prospect { outcome: Outcome::Forgotten, fields: BTreeSet::new() }),
            (Some(_), Drift::Gone, _) => Some(Prospect { outcome: Outcome::Made, fields: BTreeSet::new() }),
            (Some(node), Drift::Moved(_), Some(Observation::Present { known, .. })) => {
                Some(match engine::compare(&session.catalog, at, node, recorded, known) {
                    Ok(action) => Prospect::of(&action),
                    Err(error) => Prospect::refused(error.to_string()),
                })
            }
            (Some(_), Drift::Moved(_), _) => None,
        }
    }
}
