//! Looking for drift: everything recorded is compared with what is there.
//!
//! Promises: changes nothing, not even a file. What could not be read is neither in sync nor gone.

use std::collections::BTreeMap;

use super::foreign;
use super::refresh::refresh;
use super::waived::Waived;
use super::{Blueprint, EventEmitter, Prospect, RunError, Session, survey, tell_drift};
use crate::cloud::CloudError;
use crate::engine;
use crate::engine::plan::Drift;
use crate::engine::state::State;
use crate::model::address::Address;
use crate::model::observation::{ForeignObject, Observation};
use crate::model::resource::Node;
use crate::model::surroundings::{Questions, Surroundings};

/// The drift, and what could not be read.
#[derive(Clone, Debug, Default)]
pub struct DriftReport {
    /// What differs from its record.
    pub drift: BTreeMap<Address, Drift>,
    /// What stands where something recorded is gone, and is not ours.
    pub foreign: BTreeMap<Address, ForeignObject>,
    /// What could not be read.
    pub unread: BTreeMap<Address, CloudError>,
    /// What is worth knowing and no difference.
    pub notes: BTreeMap<Address, Vec<String>>,
    /// How many resources were looked at.
    pub looked_at: usize,
    /// What an apply would do about what differs, where that is known.
    pub prospects: BTreeMap<Address, Prospect>,
    /// What somebody answers for: it is not in the drift.
    pub waived: Waived,
}

/// What a look has found, and what it was made from.
#[derive(Clone, Debug)]
pub struct Look {
    /// What is to be told of it.
    pub report: DriftReport,
    /// What is there, of everything that is recorded.
    pub observed: BTreeMap<Address, Observation>,
    /// The account and region.
    pub surroundings: Surroundings,
}

/// Compares everything recorded with what is there. Changes nothing.
///
/// # Errors
/// [`RunError`] when not even the account is known.
pub async fn drift(session: &Session, state: &State, events: &mut EventEmitter<'_>) -> Result<DriftReport, RunError> {
    look(session, state, events).await.map(|look| look.report)
}

/// As [`drift`], with what was seen.
///
/// # Errors
/// As [`drift`].
pub async fn look(session: &Session, state: &State, events: &mut EventEmitter<'_>) -> Result<Look, RunError> {
    let surroundings = survey(session, &Questions::default(), None, state).await?;
    let observed = refresh(session, &BTreeMap::new(), state, &surroundings, false, events).await?;
    let drift = engine::drift(&session.catalog, state, &observed)?;
    tell_drift(&drift, events);
    let mut report = DriftReport { drift, looked_at: observed.len(), ..DriftReport::default() };
    let strange = observed.iter().filter_map(|(address, found)| Some((address.clone(), found.foreign()?)));
    // There is no declaration at hand for drift: what was recorded is what is wanted.
    let wanted =
        state.resources.iter().map(|(address, recorded)| (address.clone(), Node::of(recorded.declared.clone())));
    let strange = strange.collect();
    report.foreign = foreign::looked_into(session, &wanted.collect(), state, &surroundings, strange).await?;
    for (address, found) in &observed {
        match found {
            Observation::Unread { error } => {
                report.unread.insert(address.clone(), error.clone());
            }
            Observation::Present { notes, .. } if !notes.is_empty() => {
                report.notes.insert(address.clone(), notes.clone());
            }
            Observation::Present { .. } | Observation::Absent | Observation::Foreign { .. } => {}
        }
    }
    Ok(Look { report, observed, surroundings })
}

impl Look {
    /// Asks of the account what a design of `blueprint` needs to know that was not needed to look.
    ///
    /// # Errors
    /// [`RunError`] when the cloud could not be asked.
    pub async fn survey(
        &mut self,
        session: &Session,
        blueprint: &dyn Blueprint,
        state: &State,
    ) -> Result<(), RunError> {
        let questions = blueprint.questions(state);
        if questions != Questions::default() {
            self.surroundings = survey(session, &questions, blueprint.account(), state).await?;
        }
        Ok(())
    }
}
