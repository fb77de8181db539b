//! Looking for drift: everything recorded, or some objects of it, is compared with what is there.
//!
//! Promises: changes nothing, not even a file. What could not be read is neither in sync nor gone.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde_json::Value;

use super::foreign;
use super::refresh::{refresh, refresh_described};
use super::waived::Waived;
use super::who::WhoReport;
use super::{
    Blueprint, EventEmitter, LookScope, Prospect, PutRightReport, RunError, Session, stoppable, survey, tell_drift,
};
use crate::audit::AuditEvent;
use crate::cloud::CloudError;
use crate::described::further::further;
use crate::described::judge::{Deviation, DeviationClass, judge};
use crate::described::look::{Baseline, DeepLook, OwnObjects};
use crate::described::remembered::{baseline_of, is_about};
use crate::described::table::MemberTables;
use crate::described::tracked::severity_of;
use crate::engine;
use crate::engine::diff::FieldDiff;
use crate::engine::plan::Drift;
use crate::engine::state::{State, Status};
use crate::model::address::Address;
use crate::model::described::{CallAnswer, CallAnswers, Described, Inquiry};
use crate::model::document::Document;
use crate::model::finding::Grade;
use crate::model::lifecycle::LifecycleDays;
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
    /// How many more are recorded.
    pub left_out: usize,
    /// Which were looked at. What could not be read and is needed to judge those is in `unread` as well.
    pub scope: LookScope,
    /// What an apply would do about what differs, where that is known.
    pub prospects: BTreeMap<Address, Prospect>,
    /// What is declared and was not applied yet, where that is known.
    pub pending: BTreeMap<Address, Prospect>,
    /// What was put right by itself.
    pub put_right: PutRightReport,
    /// What somebody answers for: it is not in the drift.
    pub waived: Waived,
    /// What nobody declared, by what the cloud tells beyond the fields of a plan.
    pub deviations: Vec<Deviation>,
    /// How grave it is that a field differs, by its address and path, where a table says so; with an empty path, that the
    /// object is gone.
    pub grades: BTreeMap<(Address, String), Grade>,
    /// What is to be remembered of members without a fixed default, for the next look.
    pub baselines: BTreeMap<Address, Baseline>,
    /// The event that the look was made for, if there is one.
    pub event: Option<AuditEvent>,
    /// Who made what differs, as far as the cloud's audit log was asked.
    pub who: WhoReport,
}

/// What a look has found, and what it was made from.
#[derive(Clone, Debug)]
pub struct Look {
    /// What is to be told of it.
    pub report: DriftReport,
    /// What is there, of everything that was looked at.
    pub observed: BTreeMap<Address, Observation>,
    /// The account and region.
    pub surroundings: Surroundings,
}

/// Compares everything recorded with what is there, and judges what the cloud tells beyond the fields of a plan. Changes
/// nothing.
///
/// # Errors
/// [`RunError`] when not even the account is known.
pub async fn drift(session: &Session, state: &State, events: &mut EventEmitter<'_>) -> Result<DriftReport, RunError> {
    let basis = LookBasis { baselines: &BTreeMap::new(), days: LifecycleDays::default() };
    look(session, state, &LookScope::Everything, basis, events).await.map(|look| look.report)
}

/// What a look compares with, beside what was recorded of the stack.
#[derive(Clone, Copy, Debug)]
pub struct LookBasis<'a> {
    /// What was remembered of the members without a fixed default.
    pub baselines: &'a BTreeMap<Address, Baseline>,
    /// From when on ages and ends are told.
    pub days: LifecycleDays,
}

/// As [`drift`], of what is in `scope` and recorded, with what was seen.
///
/// # Errors
/// As [`drift`].
pub async fn look(
    session: &Session,
    state: &State,
    scope: &LookScope,
    basis: LookBasis<'_>,
    events: &mut EventEmitter<'_>,
) -> Result<Look, RunError> {
    let surroundings = survey(session, &Questions::default(), None, state).await?;
    let Described { observed, answers } = refresh_described(session, state, scope, &surroundings, events).await?;
    let mut look = looked(session, state, scope, surroundings, observed, events).await?;
    look.judge(session, state, answers, basis).await?;
    look.observed.retain(|address, _| scope.covers(address));
    Ok(look)
}

/// What drifted by the fields of a plan, and nothing beyond them.
pub(super) async fn compare(session: &Session, state: &State, events: &mut EventEmitter<'_>) -> Result<Look, RunError> {
    let surroundings = survey(session, &Questions::default(), None, state).await?;
    let observed = refresh(session, &BTreeMap::new(), state, &surroundings, false, events).await?;
    looked(session, state, &LookScope::Everything, surroundings, observed, events).await
}

async fn looked(
    session: &Session,
    state: &State,
    scope: &LookScope,
    surroundings: Surroundings,
    observed: BTreeMap<Address, Observation>,
    events: &mut EventEmitter<'_>,
) -> Result<Look, RunError> {
    let mut drift = engine::drift(&session.catalog, state, &observed)?;
    drift.retain(|address, _| scope.covers(address));
    tell_drift(&drift, events);
    let looked_at = || observed.iter().filter(|(address, _)| scope.covers(address));
    let n = looked_at().count();
    let left_out = state.resources.len().saturating_sub(n);
    let mut report = DriftReport { drift, looked_at: n, left_out, scope: scope.clone(), ..DriftReport::default() };
    let strange = looked_at().filter_map(|(address, found)| Some((address.clone(), found.foreign()?)));
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
            Observation::Present { notes, .. } if !notes.is_empty() && scope.covers(address) => {
                report.notes.insert(address.clone(), notes.clone());
            }
            Observation::Present { .. } | Observation::Absent | Observation::Foreign { .. } => {}
        }
    }
    Ok(Look { report, observed, surroundings })
}

impl Look {
    /// Judges the answers, as far as the objects they are about stand; asks what is worth knowing after what that finds, and
    /// judges once more.
    async fn judge(
        &mut self,
        session: &Session,
        state: &State,
        mut answers: BTreeMap<Address, CallAnswers>,
        basis: LookBasis<'_>,
    ) -> Result<(), RunError> {
        if answers.is_empty() && self.report.drift.is_empty() {
            return Ok(());
        }
        let known: BTreeMap<&Address, Known> =
            state.resources.iter().map(|(address, recorded)| (address, recorded.known())).collect();
        let bench = Bench {
            tables: MemberTables::of(&session.catalog),
            objects: OwnObjects::of(known.iter().map(|(address, known)| (*address, known))),
            basis,
            unseen: Baseline::new(),
            state,
            now: session.host.now(),
        };
        let mut found = bench.judged(&self.observed, &answers);
        let is_told = |(look, _): &&(DeepLook<'_>, Vec<Deviation>)| self.report.scope.covers(look.address);
        let inquiries = found.iter().filter(is_told).flat_map(|(look, deviations)| {
            let drift = self.report.drift.get(look.address);
            let diffs = drift.into_iter().flat_map(|drift| match drift {
                Drift::Moved(diffs) => diffs.as_slice(),
                Drift::Gone => &[],
            });
            let changed: Vec<&str> = diffs.map(FieldDiff::field).collect();
            further(look, deviations, &changed)
        });
        let inquiries: Vec<Inquiry> = inquiries.collect();
        if !inquiries.is_empty() {
            let told = stoppable(session, session.cloud.inquire(&inquiries, &self.surroundings)).await?;
            for (address, more) in told {
                answers.entry(address).or_default().extend(more);
            }
            found = bench.judged(&self.observed, &answers);
        }
        for (look, deviations) in found {
            self.report.add(&look, deviations);
        }
        self.report.notes.retain(|_, notes| !notes.is_empty());
        self.report.grades = bench.grades(&self.report.drift, &self.observed, &answers);
        Ok(())
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

/// What answers are judged with.
struct Bench<'a> {
    tables: MemberTables,
    objects: OwnObjects,
    basis: LookBasis<'a>,
    /// What is remembered of an object that was never seen.
    unseen: Baseline,
    state: &'a State,
    now: Timestamp,
}

impl Bench<'_> {
    fn look<'l>(&'l self, address: &'l Address, answers: &'l BTreeMap<Address, CallAnswers>) -> Option<DeepLook<'l>> {
        let table = self.tables.get(&address.kind)?;
        let Self { objects, state, basis: LookBasis { baselines, days }, now, .. } = self;
        let baseline = baselines.get(address).filter(|known| is_about(known, objects.get(address)));
        let baseline = baseline.unwrap_or(&self.unseen);
        Some(DeepLook { address, table, objects, answers, baseline, account: &state.account, now: *now, days: *days })
    }

    /// Every object that stands and is answered about, and what of it is not as anybody declared it.
    fn judged<'l>(
        &'l self,
        observed: &BTreeMap<Address, Observation>,
        answers: &'l BTreeMap<Address, CallAnswers>,
    ) -> Vec<(DeepLook<'l>, Vec<Deviation>)> {
        // What an apply has not finished is nobody's to have moved.
        let is_done =
            |address: &Address| self.state.resources.get(address).is_some_and(|one| one.status == Status::Ready);
        let stands =
            |address: &Address| matches!(observed.get(address), Some(Observation::Present { .. })) && is_done(address);
        let looks = answers.keys().filter(|address| stands(address)).filter_map(|address| self.look(address, answers));
        looks.map(|look| (look, judge(&look))).collect()
    }

    /// How grave each part of the drift is, as far as the tables say so.
    fn grades(
        &self,
        drift: &BTreeMap<Address, Drift>,
        observed: &BTreeMap<Address, Observation>,
        answers: &BTreeMap<Address, CallAnswers>,
    ) -> BTreeMap<(Address, String), Grade> {
        let mut grades = BTreeMap::new();
        for (address, drift) in drift {
            let Some(look) = self.look(address, answers) else { continue };
            match drift {
                Drift::Gone => {
                    grades.extend(look.table.missing().map(|grade| ((address.clone(), String::new()), grade)));
                }
                Drift::Moved(diffs) => {
                    let recorded = look.recorded().map(|known| &known.declared);
                    let there = match observed.get(address) {
                        Some(Observation::Present { known, .. }) => Some(&known.declared),
                        Some(Observation::Absent | Observation::Foreign { .. } | Observation::Unread { .. }) | None => {
                            None
                        }
                    };
                    for diff in diffs {
                        let value = |side: Option<&Document>| side.and_then(|it| value_at(it, &diff.path));
                        let [before, after] = [recorded, there].map(|side| value(side).unwrap_or_default());
                        let verdict = severity_of(&look, &diff.path, &before, &after);
                        grades.extend(verdict.map(|told| ((address.clone(), diff.path.clone()), told.grade)));
                    }
                }
            }
        }
        grades
    }
}

impl DriftReport {
    /// Takes in what of an object is not as anybody declared it, and what is to be remembered of it.
    fn add(&mut self, look: &DeepLook<'_>, deviations: Vec<Deviation>) {
        let address = look.address;
        let told = look.answers.get(address);
        // What a note of the kind names as well is told once.
        if let Some(notes) = self.notes.get_mut(address) {
            let members = || deviations.iter().filter_map(|one| one.member.as_deref());
            notes.retain(|note| !members().any(|member| note.contains(member)));
        }
        let is_told = self.scope.covers(address);
        for deviation in deviations {
            match told.and_then(|told| told.get(deviation.call)) {
                Some(CallAnswer::Unread(error)) if deviation.class == DeviationClass::Unread => {
                    self.unread.entry(address.clone()).or_insert_with(|| error.clone());
                }
                _ if !is_told => {}
                _ => self.deviations.push(deviation),
            }
        }
        if is_told {
            self.baselines.insert(address.clone(), baseline_of(look));
        }
    }
}

/// The value at a path of field names with full stops between them.
fn value_at(document: &Document, path: &str) -> Option<Value> {
    let (field, rest) = path.split_once('.').unwrap_or((path, ""));
    let whole = document.get(field)?;
    // Keys of a map may have full stops themselves.
    if rest.is_empty() { Some(whole.clone()) } else { whole.get(rest).or(Some(whole)).cloned() }
}
