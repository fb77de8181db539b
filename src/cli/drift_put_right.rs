//! `drift --put-right`: what the declaration allows is put right without asking, and nothing else.
//!
//! Promises: only what is set in place or made again, of which users notice nothing, and that just the look before found as
//! well. Whatever stands in the way leaves it for people, with the reason; it never hides what was found.

use std::collections::{BTreeMap, BTreeSet};

use jiff::{SignedDuration, Timestamp};

use super::args::Common;
use super::failure::Failure;
use super::memory::{self, Memory, StepTimes};
use super::work::locked;
use super::{exit, workplace};
use crate::cloud::Consent;
use crate::engine::plan::{Action, Plan};
use crate::model::address::Address;
use crate::model::finding::{Finding, Subject};
use crate::model::impact::Impact;
use crate::model::put_right::{PutRightChange, PutRightRules};
use crate::report::{Goal, is_loss, is_recorded};
use crate::run::event::{RunReport, Sink};
use crate::run::since::{Since, Standing};
use crate::run::{
    self, DriftReport, DriftedObject, EventEmitter, LeftReason, Planned, PutRightReport, RunError, Session, Settled,
};
use crate::store::home::{Home, Purpose};
use workplace::Declaration;

/// The rules of a declaration.
///
/// # Errors
/// When it has none.
pub(super) fn rules(declaration: &Declaration) -> Result<&PutRightRules, Failure> {
    declaration.stack.put_right.as_ref().ok_or_else(|| {
        let heading = format!("{} does not say what may be put right; nothing was read", declaration.name());
        Failure::new(exit::USAGE, heading).hint("declare drift.put_right, as `ppm-infra explain drift.put_right` says")
    })
}

/// A look that something may be put right after.
pub(super) struct PutRight<'a> {
    pub(super) common: &'a Common,
    pub(super) declaration: &'a Declaration,
    pub(super) session: &'a Session,
    pub(super) memory: &'a Memory,
    pub(super) report: &'a DriftReport,
    /// When it looked.
    pub(super) at: Timestamp,
}

impl PutRight<'_> {
    /// Puts right what the rules allow of what was found.
    ///
    /// # Errors
    /// When there are no rules.
    pub(super) async fn carry_out(
        &self,
        home: &Home,
        findings: &[Finding],
        waived: &[Finding],
    ) -> Result<PutRightReport, Failure> {
        let rules = rules(self.declaration)?;
        let cool_down = SignedDuration::from_hours(rules.cool_down_hours.into());
        let entries = self.memory.since(home, self.at - cool_down).await;
        let [all, not_counted] = [findings, waived].map(|all| all.iter().collect::<Vec<_>>());
        let since = Since::of(&self.report.scope, &all, &not_counted, self.memory.last(), self.at);
        let mut drifted = drifted(findings, &since);
        // An object is put back as a whole, and somebody answers for a part of it.
        let waived: BTreeSet<&Address> = self.report.waived.drift.iter().map(|one| &one.address).collect();
        drifted.retain(|one| !waived.contains(&one.address));
        let choice = run::choose(&drifted, &self.report.prospects, rules, &entries, self.at);
        let mut report = PutRightReport { done: BTreeSet::new(), left: choice.left };
        if choice.chosen.is_empty() {
            return Ok(report);
        }
        let changes: BTreeMap<Address, PutRightChange> =
            drifted.into_iter().map(|one| (one.address, one.change)).collect();
        let chosen: BTreeSet<Address> = choice.chosen.into_iter().collect();
        if let Err(failure) = self.under_lock(&chosen, &changes, &mut report).await {
            let heading = failure.heading;
            let open = chosen.into_iter().filter(|address| !report.done.contains(address));
            let open: Vec<Address> = open.filter(|address| !report.left.contains_key(address)).collect();
            report.left.extend(open.into_iter().map(|address| (address, LeftReason::Failed(heading.clone()))));
        }
        Ok(report)
    }

    async fn under_lock(
        &self,
        chosen: &BTreeSet<Address>,
        changes: &BTreeMap<Address, PutRightChange>,
        report: &mut PutRightReport,
    ) -> Result<(), Failure> {
        let Self { common, declaration, session, .. } = self;
        let home = workplace::home(common, declaration)?;
        locked(home, Purpose::Work, "drift --put-right", &session.host, &session.stop, async |mut home| {
            let book = workplace::load(&mut home, declaration).await?;
            let mut events = EventEmitter::new(session, &mut []);
            let fresh = workplace::fresh(declaration);
            let settled = Settled::settle(session, *declaration, (Box::new(home), book), fresh, &mut events).await?;
            self.settled(settled, chosen, changes, report).await
        })
        .await
    }

    async fn settled(
        &self,
        settled: Settled<'_>,
        chosen: &BTreeSet<Address>,
        changes: &BTreeMap<Address, PutRightChange>,
        report: &mut PutRightReport,
    ) -> Result<(), Failure> {
        let Some(planned) = self.planned(&settled, chosen.clone(), changes, report).await? else { return Ok(()) };
        let times = StepTimes::default();
        let mut sinks: Vec<Box<dyn Sink>> = vec![Box::new(times.clone())];
        let mut events = EventEmitter::new(self.session, &mut sinks);
        let mut open = settled.open().await?;
        let came =
            open.carry_out("drift --put-right", (&planned, Consent::default()), |state| state, &mut events).await?;
        drop(sinks);
        let steps = times.taken(self.session, &planned.plan);
        let ended: BTreeSet<&Address> = steps.iter().map(|one| &one.step.address).collect();
        let unfinished = unfinished(&came);
        for address in changed(&planned.plan) {
            match unfinished.get(&address) {
                Some(why) => drop(report.left.insert(address, LeftReason::Failed(why.clone()))),
                None if ended.contains(&address) => drop(report.done.insert(address)),
                None => drop(report.left.insert(address, LeftReason::Failed("it was not begun".to_owned()))),
            }
        }
        if came.record_lost.is_none()
            && let Ok(home) = workplace::home(self.common, self.declaration)
        {
            let left = open.state().resources.len();
            memory::leave(&home, self.session, (Goal::Converge, left), &came, steps).await;
        }
        Ok(())
    }

    /// A plan that puts right nothing but what may be; what may not is told in the report. Nothing where nothing is left.
    async fn planned(
        &self,
        settled: &Settled<'_>,
        mut wanted: BTreeSet<Address>,
        changes: &BTreeMap<Address, PutRightChange>,
        report: &mut PutRightReport,
    ) -> Result<Option<Planned>, Failure> {
        let Self { declaration, session, .. } = self;
        while !wanted.is_empty() {
            let mut events = EventEmitter::new(session, &mut []);
            let planned = match run::fix(session, *declaration, settled.state(), &wanted, &mut events).await {
                Ok(planned) => planned,
                // What needs more than itself is left; which of several that is, each tells by itself.
                Err(RunError::Fix(error)) if wanted.len() == 1 => {
                    let why = LeftReason::More(error.to_string());
                    report.left.extend(wanted.into_iter().map(|address| (address, why.clone())));
                    return Ok(None);
                }
                Err(RunError::Fix(_)) => {
                    let last = wanted.pop_last().expect("there are several");
                    let why = LeftReason::Failed(
                        "it hangs together with others, which drift fix puts back with it".to_owned(),
                    );
                    report.left.insert(last, why);
                    continue;
                }
                Err(error) => return Err(error.into()),
            };
            let refused = too_much(&planned.plan, changes);
            if refused.is_empty() {
                return Ok(planned.plan.has_changes().then_some(planned));
            }
            wanted.retain(|address| !refused.contains_key(address));
            report.left.extend(refused);
        }
        Ok(None)
    }
}

/// What drifted and could be put back, by its findings.
fn drifted(findings: &[Finding], since: &Since<'_>) -> Vec<DriftedObject> {
    let mut objects: BTreeMap<Address, DriftedObject> = BTreeMap::new();
    for (finding, (standing, _)) in findings.iter().zip(&since.findings) {
        let (Some(worst), true) = (finding.grade, is_recorded(finding.id)) else { continue };
        let (address, change) = match &finding.subject {
            Subject::Resource(address) if is_loss(finding.id) => (address, PutRightChange::Missing),
            Subject::Field(address, _) | Subject::Resource(address) => (address, PutRightChange::Changed),
            Subject::Key(_) | Subject::File(_) | Subject::Aspect(_) => continue,
        };
        let is_seen_before = *standing == Standing::Same;
        let one = objects.entry(address.clone()).or_insert(DriftedObject {
            address: address.clone(),
            change,
            worst,
            is_seen_before,
        });
        one.worst = one.worst.max(worst);
        one.is_seen_before &= is_seen_before;
    }
    objects.into_values().collect()
}

fn changed(plan: &Plan) -> impl Iterator<Item = Address> {
    plan.actions.iter().filter(|(_, action)| action.is_change()).map(|(address, _)| address.clone())
}

/// What of a plan does more than set in place, or make again what is gone, or is noticed by users.
fn too_much(plan: &Plan, changes: &BTreeMap<Address, PutRightChange>) -> BTreeMap<Address, LeftReason> {
    let mut refused = BTreeMap::new();
    for (address, action) in plan.actions.iter().filter(|(_, action)| action.is_change()) {
        let more = match (action, changes.get(address)) {
            (Action::Update { .. }, Some(PutRightChange::Changed)) => interrupting(plan, address).map(|one| {
                let field = one.field.as_deref().unwrap_or("it");
                format!("setting {field} back interrupts what is served or runs: {}", one.what)
            }),
            (Action::Create { .. }, Some(PutRightChange::Missing)) => {
                interrupting(plan, address).map(|one| one.what.to_string())
            }
            (Action::Replace { .. }, _) => Some("it would be replaced".to_owned()),
            (Action::Delete { .. } | Action::Forget { .. }, _) => Some("it would be deleted".to_owned()),
            (Action::Update { .. } | Action::Create { .. } | Action::NoOp { .. }, _) => {
                Some("it is not as it was found any more".to_owned())
            }
        };
        refused.extend(more.map(|more| (address.clone(), LeftReason::More(more))));
    }
    refused
}

/// The worst of what users notice, where nobody is to notice it without having been asked.
fn interrupting<'p>(plan: &'p Plan, address: &Address) -> Option<&'p Impact> {
    plan.impact.get(address)?.iter().find(|one| one.class.interrupts())
}

/// What was begun and did not end well, and why.
fn unfinished(came: &RunReport) -> BTreeMap<Address, String> {
    let failed = came.failed.iter().map(|(step, failure)| {
        let code = failure.code.as_deref().map(|code| format!("{code}: ")).unwrap_or_default();
        (step.address.clone(), format!("could not {}: {code}{}", failure.doing, failure.message))
    });
    let abandoned = came.abandoned.iter().map(|step| (step.address.clone(), "it was cut off".to_owned()));
    failed.chain(abandoned).collect()
}
