//! Looking for drift: everything recorded is compared with what is there.
//!
//! Promises: changes nothing, not even a file. What could not be read is neither in sync nor gone.

use std::collections::BTreeMap;

use serde_json::Value;

use super::foreign;
use super::refresh::{refresh, refresh_described};
use super::waived::Waived;
use super::{Blueprint, EventEmitter, Prospect, RunError, Session, survey, tell_drift};
use crate::cloud::CloudError;
use crate::described::judge::{Deviation, DeviationClass, judge};
use crate::described::look::{Baseline, DeepLook, OwnObjects};
use crate::described::remembered::baseline_of;
use crate::described::table::MemberTables;
use crate::described::tracked::severity_of;
use crate::engine;
use crate::engine::plan::Drift;
use crate::engine::state::State;
use crate::model::address::Address;
use crate::model::described::{CallAnswer, CallAnswers, Described};
use crate::model::document::Document;
use crate::model::finding::Grade;
use crate::model::observation::{ForeignObject, Observation};
use crate::model::resource::{Known, Node};
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
    /// What nobody declared, by what the cloud tells beyond the fields of a plan.
    pub deviations: Vec<Deviation>,
    /// How grave it is that a field differs, by its address and path, where a table says so.
    pub grades: BTreeMap<(Address, String), Grade>,
    /// What is to be remembered of members without a fixed default, for the next look.
    pub baselines: BTreeMap<Address, Baseline>,
}

/// Whether a deviation is drift.
pub fn counts(deviation: &Deviation) -> bool {
    match deviation.class {
        DeviationClass::ByAws | DeviationClass::Unread => false,
        DeviationClass::Changed
        | DeviationClass::Identity
        | DeviationClass::Undeclared
        | DeviationClass::Extra
        | DeviationClass::Lifecycle => true,
    }
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
    looked(session, state, surroundings, observed, events).await
}

/// As [`look`], and judges what the cloud tells beyond the fields of a plan; `baselines` is what was remembered of the
/// members without a fixed default.
///
/// # Errors
/// As [`drift`].
pub async fn look_deep(
    session: &Session,
    state: &State,
    baselines: &BTreeMap<Address, Baseline>,
    events: &mut EventEmitter<'_>,
) -> Result<Look, RunError> {
    let surroundings = survey(session, &Questions::default(), None, state).await?;
    let Described { observed, answers } = refresh_described(session, state, &surroundings, events).await?;
    let mut look = looked(session, state, surroundings, observed, events).await?;
    look.judge(session, state, &answers, baselines);
    Ok(look)
}

async fn looked(
    session: &Session,
    state: &State,
    surroundings: Surroundings,
    observed: BTreeMap<Address, Observation>,
    events: &mut EventEmitter<'_>,
) -> Result<Look, RunError> {
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
    /// Judges the answers, as far as the objects they are about stand.
    fn judge(
        &mut self,
        session: &Session,
        state: &State,
        answers: &BTreeMap<Address, CallAnswers>,
        baselines: &BTreeMap<Address, Baseline>,
    ) {
        let tables = MemberTables::of(&session.catalog);
        let recorded: BTreeMap<&Address, Known> =
            state.resources.iter().map(|(address, recorded)| (address, recorded.known())).collect();
        let objects = OwnObjects::of(recorded.iter().map(|(address, known)| (*address, known)));
        let (now, none) = (session.host.now(), Baseline::new());
        for (address, told) in answers {
            let Some(Observation::Present { known, .. }) = self.observed.get(address) else { continue };
            let Some(table) = tables.get(&address.kind) else { continue };
            let baseline = baselines.get(address).unwrap_or(&none);
            let account = &state.account;
            let look = DeepLook { address, table, objects: &objects, answers, baseline, account, now };
            let report = &mut self.report;
            for deviation in judge(&look) {
                match told.get(deviation.call) {
                    Some(CallAnswer::Unread(error)) if deviation.class == DeviationClass::Unread => {
                        report.unread.entry(address.clone()).or_insert_with(|| error.clone());
                    }
                    _ => report.deviations.push(deviation),
                }
            }
            report.baselines.insert(address.clone(), baseline_of(&look));
            let Some(Drift::Moved(diffs)) = report.drift.get(address) else { continue };
            for diff in diffs {
                let sides = [recorded.get(address).map(|known| &known.declared), Some(&known.declared)];
                let [before, after] =
                    sides.map(|side| side.and_then(|it| value_at(it, &diff.path)).unwrap_or_default());
                if let Some(verdict) = severity_of(&look, &diff.path, &before, &after) {
                    report.grades.insert((address.clone(), diff.path.clone()), verdict.grade);
                }
            }
        }
    }

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

/// The value at a path of field names with full stops between them.
fn value_at(document: &Document, path: &str) -> Option<Value> {
    let (field, rest) = path.split_once('.').unwrap_or((path, ""));
    let whole = document.get(field)?;
    // Keys of a map may have full stops themselves.
    if rest.is_empty() { Some(whole.clone()) } else { whole.get(rest).or(Some(whole)).cloned() }
}
