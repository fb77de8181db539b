//! A plan by itself: what will be done, in which order, and what stands in the end.

use std::collections::{BTreeMap, BTreeSet};

use super::{Found, relied_on};
use crate::engine::order::{OrderContext, Waits, waits};
use crate::engine::plan::{Action, Plan, StepKey, StepPart};
use crate::engine::state::State;
use crate::model::address::Address;
use crate::model::document::Document;
use crate::model::finding::Finding;
use crate::model::reference::references;
use crate::model::resource::Catalog;

/// Everything that cannot be right about a plan that was made from `state`; empty when it is sound.
pub fn plan(catalog: &Catalog, plan: &Plan, state: &State) -> Vec<Finding> {
    ordered(catalog, plan, state, &waits(OrderContext::of(plan, state, catalog)))
}

/// The same, with an order of the steps that somebody else made.
pub(super) fn ordered(catalog: &Catalog, plan: &Plan, state: &State, waits: &Waits) -> Vec<Finding> {
    let mut lint = Lint { catalog, plan, state, waits, found: Found::default() };
    lint.stands_in_the_end();
    for (at, action) in &plan.actions {
        lint.is_built_in_order(at, action);
        lint.goes_in_order(at, action);
        lint.leads_somewhere(at, action);
    }
    lint.found.0
}

struct Lint<'a> {
    catalog: &'a Catalog,
    plan: &'a Plan,
    state: &'a State,
    waits: &'a Waits,
    found: Found,
}

impl<'a> Lint<'a> {
    /// What a document of `at` points at and relies on.
    fn relies_on(&self, at: &Address, document: &Document) -> BTreeSet<Address> {
        let Some(facts) = self.catalog.get(&at.kind) else { return BTreeSet::new() };
        let mut targets = relied_on(facts, document);
        targets.remove(at);
        targets
    }

    /// What stands at an address in the end; `None` where it is deleted.
    fn remains(&self, at: &'a Address, action: Option<&'a Action>) -> Option<&'a Document> {
        let recorded = || self.state.resources.get(at).or_else(|| self.plan.adopted.get(at)).map(|it| &it.declared);
        match action {
            Some(
                Action::Create { declared, .. } | Action::Update { declared, .. } | Action::Replace { declared, .. },
            ) => Some(declared),
            Some(Action::NoOp { record: Some(record) }) => Some(&record.declared),
            Some(Action::Delete { .. } | Action::Forget { .. }) => None,
            Some(Action::NoOp { record: None }) | None => recorded(),
        }
    }

    /// What stands in the end points at what stands, and at the object that stands there then.
    fn stands_in_the_end(&mut self) {
        let addresses = self.plan.actions.keys().chain(self.state.resources.keys()).chain(self.plan.kept.keys());
        let addresses: BTreeSet<&Address> = addresses.collect();
        let standing: BTreeMap<&Address, &Document> =
            addresses.into_iter().filter_map(|at| Some((at, self.remains(at, self.plan.actions.get(at))?))).collect();
        for (at, document) in &standing {
            let stays = !self.plan.actions.get(*at).is_some_and(Action::is_change);
            for target in self.relies_on(at, document) {
                if !standing.contains_key(&target) {
                    let what = format!("in the end it points at {target}, where nothing stands any more");
                    self.found.add("plan.dangling", at, what, "it would rely on what is gone");
                } else if stays && self.plan.actions.get(&target).is_some_and(Action::makes_new) {
                    let what = format!("it stays as it is and points at {target}, where another object will stand");
                    self.found.add("plan.left_behind", at, what, "it would point at the old object");
                }
            }
        }
    }

    /// What is built comes after what it points at.
    fn is_built_in_order(&mut self, at: &Address, action: &Action) {
        let Some(step) = self.builds(at, action) else { return };
        let (Action::Create { declared, .. } | Action::Update { declared, .. } | Action::Replace { declared, .. }) =
            action
        else {
            return;
        };
        for target in references(declared).into_iter().filter(|target| target != at) {
            let made = StepKey { address: target.clone(), part: StepPart::Create };
            if self.plan.actions.get(&target).is_some_and(Action::makes_new) && !self.comes_after(&step, &made) {
                let what = format!("{step} need not wait for {made}");
                self.found.add("plan.build_order", at, what, "it may be built before there is what it points at");
            }
        }
    }

    /// What is deleted, is deleted after every resource that is recorded to rely on it was changed or deleted.
    fn goes_in_order(&mut self, at: &Address, action: &Action) {
        let (Action::Update { prior, .. } | Action::Replace { prior, .. } | Action::Delete { prior, .. }) = action
        else {
            return;
        };
        let Some(recorded) = self.state.resources.get(at) else { return };
        let released = self.removes(at, action).or_else(|| self.builds(at, action));
        let Some(released) = released else { return };
        let relied_on = self.relies_on(at, &recorded.declared);
        for target in relied_on.intersection(&self.relies_on(at, &prior.declared)) {
            let Some(action) = self.plan.actions.get(target) else { continue };
            let Some(gone) = self.removes(target, action) else { continue };
            if !self.comes_after(&gone, &released) {
                let what = format!("{gone} need not wait for {released}, which relies on it until then");
                self.found.add("plan.removal_order", target, what, "AWS refuses, or something points at what is gone");
            }
        }
        for target in prior.after.iter().filter(|target| *target != at) {
            let Some(action) = self.plan.actions.get(target) else { continue };
            let Some(gone) = self.removes(target, action) else { continue };
            if !self.comes_after(&gone, &released) && !self.comes_after(&released, &gone) {
                let what = format!("{gone} and {released}, which followed it, are in no order");
                self.found.add("plan.removal_order", target, what, "what it led to may go first");
            }
        }
    }

    /// Whatever leads users somewhere is turned to what is whole by then: what is made for that place comes first.
    fn leads_somewhere(&mut self, at: &Address, action: &Action) {
        if !self.catalog.get(&at.kind).is_some_and(|facts| facts.leads_users) {
            return;
        }
        let (
            Some(step),
            Some(Action::Create { declared, .. } | Action::Update { declared, .. } | Action::Replace { declared, .. }),
        ) = (self.builds(at, action), Some(action))
        else {
            return;
        };
        for place in references(declared) {
            if !self.plan.actions.get(&place).is_some_and(Action::makes_new) {
                continue;
            }
            for (other, action) in &self.plan.actions {
                let Action::Create { declared, .. } = action else { continue };
                let leads = self.catalog.get(&other.kind).is_some_and(|facts| facts.leads_users);
                let made = StepKey { address: other.clone(), part: StepPart::Create };
                if leads || !references(declared).contains(&place) || self.comes_after(&made, &step) {
                    continue;
                }
                if !self.comes_after(&step, &made) {
                    let what = format!("{step} need not wait for {made}, without which {place} answers nobody");
                    self.found.add("plan.front_door", at, what, "users are led to a place that is not whole yet");
                }
            }
        }
    }

    /// The last step that builds at an address.
    fn builds(&self, at: &Address, action: &Action) -> Option<StepKey> {
        let part = match action {
            Action::Create { .. } | Action::Replace { .. } => StepPart::Create,
            Action::Update { via, .. } => StepPart::Change { rung: u32::try_from(via.len()).ok()? },
            Action::NoOp { .. } | Action::Delete { .. } | Action::Forget { .. } => return None,
        };
        Some(StepKey { address: at.clone(), part }).filter(|step| self.waits.contains_key(step))
    }

    /// The step that removes what stands at an address now.
    fn removes(&self, at: &Address, action: &Action) -> Option<StepKey> {
        let part = match action {
            Action::Delete { .. } => StepPart::Delete,
            Action::Replace { prior, .. } => {
                let key = prior.computed.text("id").unwrap_or_default().to_owned();
                let first = StepKey { address: at.clone(), part: StepPart::Delete };
                if self.waits.contains_key(&first) { StepPart::Delete } else { StepPart::DeleteDeposed { key } }
            }
            Action::NoOp { .. } | Action::Create { .. } | Action::Update { .. } | Action::Forget { .. } => return None,
        };
        Some(StepKey { address: at.clone(), part }).filter(|step| self.waits.contains_key(step))
    }

    /// Whether `step` starts only once `on` is done.
    fn comes_after(&self, step: &StepKey, on: &StepKey) -> bool {
        let (mut todo, mut seen) = (vec![step], BTreeSet::new());
        while let Some(step) = todo.pop() {
            if step == on {
                return true;
            }
            if seen.insert(step) {
                todo.extend(self.waits.get(step).into_iter().flatten());
            }
        }
        false
    }
}
