//! What users notice of each action of a plan, the worst first.

use std::collections::BTreeMap;

use super::Planner;
use super::diff::FieldDiff;
use super::plan::Action;
use crate::model::address::Address;
use crate::model::impact::{Affected, Going, Impact, ImpactClass};
use crate::model::observation::Observation;

impl Planner<'_> {
    /// What users notice, at each address where they notice anything.
    pub(super) fn impact(
        &self,
        actions: &BTreeMap<Address, Action>,
        observed: &BTreeMap<Address, Observation>,
    ) -> BTreeMap<Address, Vec<Impact>> {
        let all = actions.iter().filter_map(|(address, action)| {
            let mut found = self.noticed(address, action);
            found.extend(carried_along(action, observed.get(address)));
            // After a destroy nothing of the stack answers any more: that goes without saying. What data goes does not.
            if self.ask.destroy {
                found.retain(|one| one.class == ImpactClass::DataLoss);
            }
            found.sort_by(|a, b| b.class.cmp(&a.class).then_with(|| a.cmp(b)));
            // Two fields that bring the same bring it once.
            found.dedup_by(|a, b| Impact { field: None, ..a.clone() } == Impact { field: None, ..b.clone() });
            (!found.is_empty()).then(|| (address.clone(), found))
        });
        all.collect()
    }

    fn noticed(&self, address: &Address, action: &Action) -> Vec<Impact> {
        let Some(facts) = self.catalog.get(&address.kind) else { return Vec::new() };
        let renewal = || self.declared.get(address).map(|node| node.renewal.clone()).unwrap_or_default();
        match action {
            Action::NoOp { .. } | Action::Forget { .. } => Vec::new(),
            Action::Create { .. } => match self.records.get(address) {
                Some(gone) => {
                    let known = (facts.leaves)(&gone.declared, &gone.computed, Going::MadeAgain);
                    known.into_iter().chain(renewal()).collect()
                }
                None => Vec::new(),
            },
            Action::Update { prior, declared, diffs, .. } => {
                let fields: Vec<&str> = diffs.iter().map(FieldDiff::field).collect();
                (facts.noticed)(&fields, &prior.declared, declared)
            }
            Action::Replace { prior, order, .. } => {
                let known = (facts.leaves)(&prior.declared, &prior.computed, Going::Replaced(*order));
                known.into_iter().chain(renewal()).collect()
            }
            Action::Delete { prior, .. } => (facts.leaves)(&prior.declared, &prior.computed, Going::Deleted),
        }
    }
}

/// What the cloud holds back and does along with a change in place. Tags are set by calls of their own, which leave it
/// waiting.
fn carried_along(action: &Action, observed: Option<&Observation>) -> Option<Impact> {
    let (Action::Update { diffs, .. }, Some(Observation::Present { waiting, .. })) = (action, observed) else {
        return None;
    };
    if waiting.is_empty() || diffs.iter().all(|diff| diff.field() == "tags") {
        return None;
    }
    let what =
        "this waits for the maintenance window and is carried out along with the change, with the outage it brings";
    Some(Impact::of(ImpactClass::Outage, Affected::Everybody, what).about(waiting.join(", ")))
}
