//! Which steps a plan needs and what each must wait for.
//!
//! Promises: acyclic for every plan that planning returns; [`Schedule::start_next`] never offers a step before what it
//! waits for has succeeded, and among the free ones offers the one with the longest way still to go; what waits for a
//! failed step is offered never and skipped once.
//!
//! The order comes from four rules:
//! 1. Build after what you point at.
//! 2. Remove after everything that pointed at you is removed, or has been changed to point elsewhere.
//! 3. Where the new object comes first, remove the old one after it.
//! 4. Where the old object goes first, build after it is gone.
//!
//! Stepwise changes climb in step: every kind reaches a rung, in the order of the kinds' ranks, before any goes on to
//! the next. Order without data behind it (`after`) holds where something is made or removed, not for mere changes.
//!
//! Knows nothing of time, concurrency or AWS: the caller says what finished, in any order.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

use super::decide::dotted;
use super::plan::{Action, Part, Plan, StepKey};
use super::state::State;
use crate::model::address::Address;
use crate::model::document::Document;
use crate::model::reference::{references, references_in};
use crate::model::resource::{Catalog, OnChange, ReplaceOrder};

/// The steps of a plan, in the order in which they become free.
#[derive(Clone, Debug)]
pub struct Schedule {
    steps: BTreeMap<StepKey, Step>,
    free: BTreeSet<(Reverse<u64>, StepKey)>,
}

#[derive(Clone, Debug, Default)]
struct Step {
    waits: BTreeSet<StepKey>,
    followers: BTreeSet<StepKey>,
    seconds: u64,
    /// Seconds from the start of this step to the end of the longest chain behind it.
    remaining: u64,
    status: Progress,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Progress {
    #[default]
    Waiting,
    Running,
    Done,
    Failed,
    Skipped,
}

/// A step that will not run, and the failed step it would have needed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Skipped {
    /// The step.
    pub step: StepKey,
    /// The step whose failure is the cause.
    pub because: StepKey,
}

impl Schedule {
    /// The schedule of `plan`, which was made from `state`.
    pub fn of(plan: &Plan, state: &State, catalog: &Catalog) -> Self {
        Builder { plan, state, catalog, steps: BTreeMap::new() }.build()
    }

    /// The free step with the longest way still to go. It counts as running from now on.
    pub fn start_next(&mut self) -> Option<StepKey> {
        let (_, step) = self.free.pop_first()?;
        self.step_mut(&step).status = Progress::Running;
        Some(step)
    }

    /// The step succeeded: what waited only for it becomes free.
    pub fn succeed(&mut self, done: &StepKey) {
        self.step_mut(done).status = Progress::Done;
        for follower in self.steps[done].followers.clone() {
            let step = self.step_mut(&follower);
            step.waits.remove(done);
            if step.waits.is_empty() && step.status == Progress::Waiting {
                let remaining = step.remaining;
                self.free.insert((Reverse(remaining), follower));
            }
        }
    }

    /// The step failed: everything that waits for it, directly or not, is skipped and returned.
    pub fn fail(&mut self, failed: &StepKey) -> Vec<Skipped> {
        self.step_mut(failed).status = Progress::Failed;
        let mut skipped = Vec::new();
        let mut todo: Vec<StepKey> = self.steps[failed].followers.iter().cloned().collect();
        while let Some(key) = todo.pop() {
            let step = self.step_mut(&key);
            if step.status == Progress::Waiting {
                step.status = Progress::Skipped;
                let remaining = step.remaining;
                todo.extend(step.followers.iter().cloned());
                self.free.remove(&(Reverse(remaining), key.clone()));
                skipped.push(Skipped { step: key, because: failed.clone() });
            }
        }
        skipped.sort_by(|a, b| a.step.cmp(&b.step));
        skipped
    }

    /// How many steps there are.
    pub fn len(&self) -> usize {
        self.steps.len()
    }

    /// Whether there is nothing to do.
    pub fn is_empty(&self) -> bool {
        self.steps.is_empty()
    }

    /// Whether nothing runs and nothing can start any more.
    pub fn is_finished(&self) -> bool {
        self.steps.values().all(|s| !matches!(s.status, Progress::Waiting | Progress::Running))
    }

    /// The steps that never started and are not skipped: what stopping early left over.
    pub fn not_started(&self) -> Vec<StepKey> {
        self.steps.iter().filter(|(_, s)| s.status == Progress::Waiting).map(|(key, _)| key.clone()).collect()
    }

    /// What each step waits for when nothing has run yet, by step.
    pub fn edges(&self) -> impl Iterator<Item = (&StepKey, &BTreeSet<StepKey>)> {
        self.steps.iter().map(|(key, step)| (key, &step.waits))
    }

    /// The longest chain of steps and how many seconds it usually takes.
    pub fn critical_path(&self) -> (Vec<StepKey>, u64) {
        let first = |keys: &mut dyn Iterator<Item = &StepKey>| {
            keys.max_by_key(|key| (self.steps[*key].remaining, Reverse((*key).clone()))).cloned()
        };
        let mut path = Vec::new();
        let mut next = first(&mut self.steps.iter().filter(|(_, s)| s.waits.is_empty()).map(|(key, _)| key));
        let seconds = next.as_ref().map_or(0, |key| self.steps[key].remaining);
        while let Some(key) = next {
            next = first(&mut self.steps[&key].followers.iter());
            path.push(key);
        }
        (path, seconds)
    }

    /// Seconds the step usually takes.
    pub fn typical_seconds(&self, step: &StepKey) -> u64 {
        self.steps.get(step).map_or(0, |s| s.seconds)
    }

    fn step_mut(&mut self, key: &StepKey) -> &mut Step {
        self.steps.get_mut(key).expect("callers name steps they were given")
    }
}

struct Builder<'a> {
    plan: &'a Plan,
    state: &'a State,
    catalog: &'a Catalog,
    steps: BTreeMap<StepKey, Step>,
}

impl Builder<'_> {
    fn build(mut self) -> Schedule {
        for (address, action) in &self.plan.actions {
            self.add_steps(address, action);
        }
        for (address, key) in &self.plan.deposed {
            self.add(address, Part::DeleteDeposed { key: key.clone() });
        }
        for (address, action) in &self.plan.actions {
            self.build_after_targets(address, action);
            self.remove_after_pointers(address, action);
        }
        self.climb_in_step();
        self.remove_deposed_in_order();
        finish(self.steps)
    }

    fn add(&mut self, address: &Address, part: Part) {
        let seconds = self.catalog.get(&address.kind).map_or(1, |facts| match part {
            Part::Create => facts.typical.create,
            Part::Change { .. } => facts.typical.update,
            Part::Delete | Part::DeleteDeposed { .. } => facts.typical.delete,
        });
        let key = StepKey { address: address.clone(), part };
        self.steps.insert(key, Step { seconds: seconds.max(1), ..Step::default() });
    }

    fn add_steps(&mut self, address: &Address, action: &Action) {
        match action {
            Action::NoOp { .. } => {}
            Action::Create { .. } => self.add(address, Part::Create),
            Action::Update { via, .. } => {
                for rung in 0..=via.len() {
                    self.add(address, change(rung));
                }
            }
            Action::Replace { prior, order, .. } => {
                self.add(address, Part::Create);
                let remove = remove_replaced(prior.computed.text("id"), *order);
                self.add(address, remove.clone());
                let (build, remove) = (key(address, Part::Create), key(address, remove));
                match order {
                    ReplaceOrder::CreateFirst => self.wait(&remove, &build),
                    ReplaceOrder::DeleteFirst => self.wait(&build, &remove),
                }
            }
            Action::Delete { .. } | Action::Forget { .. } => self.add(address, Part::Delete),
        }
    }

    fn wait(&mut self, step: &StepKey, on: &StepKey) {
        if step != on
            && self.steps.contains_key(on)
            && let Some(step) = self.steps.get_mut(step)
        {
            step.waits.insert(on.clone());
        }
    }

    /// The steps that build at `address`, first and last; none if it is not built.
    fn builds(&self, address: &Address) -> Option<(StepKey, StepKey)> {
        match self.plan.actions.get(address)? {
            Action::Create { .. } | Action::Replace { .. } => {
                Some((key(address, Part::Create), key(address, Part::Create)))
            }
            Action::Update { via, .. } => Some((key(address, change(0)), key(address, change(via.len())))),
            Action::NoOp { .. } | Action::Delete { .. } | Action::Forget { .. } => None,
        }
    }

    /// The step that removes what stands at `address` now.
    fn removes(&self, address: &Address) -> Option<StepKey> {
        match self.plan.actions.get(address)? {
            Action::Delete { .. } | Action::Forget { .. } => Some(key(address, Part::Delete)),
            Action::Replace { prior, order, .. } => {
                Some(key(address, remove_replaced(prior.computed.text("id"), *order)))
            }
            Action::NoOp { .. } | Action::Create { .. } | Action::Update { .. } => None,
        }
    }

    fn build_after_targets(&mut self, address: &Address, action: &Action) {
        let (Action::Create { declared, after, .. }
        | Action::Update { declared, after, .. }
        | Action::Replace { declared, after, .. }) = action
        else {
            return;
        };
        let Some((first, _)) = self.builds(address) else { return };
        let climbs = self.climbing(address).is_some() && matches!(action, Action::Update { .. });
        for target in references(declared) {
            let Some((_, last)) = self.builds(&target) else { continue };
            let target_climbs = self.climbing(&target).is_some() && matches!(last.part, Part::Change { .. });
            if !(climbs && target_climbs) {
                self.wait(&first, &last);
            }
        }
        for target in after {
            if let Some((_, last)) = self.builds(target)
                && (first.part == Part::Create || last.part == Part::Create)
            {
                self.wait(&first, &last);
            }
        }
    }

    fn remove_after_pointers(&mut self, address: &Address, action: &Action) {
        let prior = match action {
            Action::Update { prior, .. } | Action::Replace { prior, .. } | Action::Delete { prior, .. } => Some(prior),
            Action::Forget { .. } | Action::Create { .. } => self.state.resources.get(address),
            Action::NoOp { .. } => None,
        };
        let Some(prior) = prior else { return };
        let facts = self.catalog.get(&address.kind);
        let gone = self.removes(address);
        for (field, value) in prior.declared.fields() {
            let may_dangle = facts.is_some_and(|facts| facts.on_change(field) == OnChange::UpdateDangling);
            for target in references_in(value) {
                let Some(removed) = self.removes(&target) else { continue };
                let first = removed.part == Part::Delete && self.builds(&target).is_some();
                if let Some(gone) = &gone {
                    self.wait(&removed, gone);
                } else if let Some((_, changed)) = self.builds(address)
                    && !(first && may_dangle)
                {
                    self.wait(&removed, &changed);
                }
            }
        }
        for target in &prior.after {
            if let (Some(removed), Some(gone)) = (self.removes(target), &gone) {
                self.wait(&removed, gone);
            }
        }
    }

    /// Climbing steps go in the order of (height, rank of the kind): everybody reaches a rung before anybody goes on.
    fn climb_in_step(&mut self) {
        let mut climbs: Vec<(String, u8, StepKey)> = Vec::new();
        for (address, action) in &self.plan.actions {
            let Action::Update { via, declared, .. } = action else { continue };
            let Some((field, rank)) = self.climbing(address) else { continue };
            let rungs = via.iter().chain([declared]).enumerate();
            climbs.extend(rungs.filter_map(|(n, d)| Some((d.text(field)?.to_owned(), rank, key(address, change(n))))));
        }
        let edges: Vec<(StepKey, StepKey)> = climbs
            .iter()
            .flat_map(|upper| climbs.iter().map(move |lower| (upper, lower)))
            .filter(|(upper, lower)| dotted(&lower.0, &upper.0).then(lower.1.cmp(&upper.1)).is_lt())
            .map(|(upper, lower)| (upper.2.clone(), lower.2.clone()))
            .collect();
        for (step, on) in edges {
            self.wait(&step, &on);
        }
    }

    fn climbing(&self, address: &Address) -> Option<(&'static str, u8)> {
        let facts = self.catalog.get(&address.kind)?;
        let field = facts.fields.iter().find(|f| f.on_change == OnChange::UpdateStepwise)?;
        Some((field.name, facts.climb_rank))
    }

    /// Old objects go after whatever may still point at them: old objects of others, and what is changed or removed now.
    fn remove_deposed_in_order(&mut self) {
        for (address, id) in &self.plan.deposed {
            let removal = key(address, Part::DeleteDeposed { key: id.clone() });
            for (other, action) in &self.plan.actions {
                if pointers(action).is_some_and(|targets| targets.contains(address)) {
                    for step in self.builds(other).map(|(_, last)| last).into_iter().chain(self.removes(other)) {
                        self.wait(&removal, &step);
                    }
                }
            }
            let Some(old) = self.state.deposed.get(address).and_then(|all| all.iter().find(|d| &d.key == id)) else {
                continue;
            };
            for target in references(&old.recorded.declared) {
                if target == *address {
                    continue;
                }
                for (_, other) in self.plan.deposed.iter().filter(|(a, _)| *a == target) {
                    self.wait(&key(&target, Part::DeleteDeposed { key: other.clone() }), &removal);
                }
                if let Some(removed) = self.removes(&target) {
                    self.wait(&removed, &removal);
                }
            }
        }
    }
}

fn pointers(action: &Action) -> Option<BTreeSet<Address>> {
    match action {
        Action::Create { declared, after, .. }
        | Action::Update { declared, after, .. }
        | Action::Replace { declared, after, .. } => {
            let mut targets = references(declared);
            targets.extend(after.iter().cloned());
            Some(targets)
        }
        Action::Delete { prior, .. } => Some(references(&prior.declared)),
        Action::NoOp { .. } | Action::Forget { .. } => None,
    }
}

fn key(address: &Address, part: Part) -> StepKey {
    StepKey { address: address.clone(), part }
}

fn change(rung: usize) -> Part {
    Part::Change { rung: u32::try_from(rung).expect("ladders are short") }
}

fn remove_replaced(id: Option<&str>, order: ReplaceOrder) -> Part {
    match order {
        ReplaceOrder::CreateFirst => Part::DeleteDeposed { key: id.unwrap_or_default().to_owned() },
        ReplaceOrder::DeleteFirst => Part::Delete,
    }
}

fn finish(mut steps: BTreeMap<StepKey, Step>) -> Schedule {
    let waits: Vec<(StepKey, BTreeSet<StepKey>)> = steps.iter().map(|(k, s)| (k.clone(), s.waits.clone())).collect();
    for (step, on) in &waits {
        for target in on {
            steps.get_mut(target).expect("steps wait for steps of this schedule").followers.insert(step.clone());
        }
    }
    // Longest way to go, from the last steps backwards.
    let mut left: BTreeMap<StepKey, usize> = steps.iter().map(|(k, s)| (k.clone(), s.followers.len())).collect();
    let mut todo: Vec<StepKey> = left.iter().filter(|(_, n)| **n == 0).map(|(k, _)| k.clone()).collect();
    let mut settled = 0;
    while let Some(step) = todo.pop() {
        settled += 1;
        let behind = steps[&step].followers.iter().map(|f| steps[f].remaining).max().unwrap_or(0);
        let this = steps.get_mut(&step).expect("listed above");
        this.remaining = this.seconds + behind;
        for target in this.waits.clone() {
            let count = left.get_mut(&target).expect("listed above");
            *count -= 1;
            if *count == 0 {
                todo.push(target);
            }
        }
    }
    assert_eq!(settled, steps.len(), "the rules of planning leave no circle");
    let free =
        steps.iter().filter(|(_, s)| s.waits.is_empty()).map(|(k, s)| (Reverse(s.remaining), k.clone())).collect();
    Schedule { steps, free }
}

impl Plan {
    /// What is wanted by a step that creates or changes, and the order its record must remember.
    pub fn wanted(&self, step: &StepKey) -> Option<(&Document, &BTreeSet<Address>)> {
        match (self.actions.get(&step.address)?, &step.part) {
            (Action::Create { declared, after, .. } | Action::Replace { declared, after, .. }, Part::Create) => {
                Some((declared, after))
            }
            (Action::Update { via, declared, after, .. }, Part::Change { rung }) => {
                Some((via.get(*rung as usize).unwrap_or(declared), after))
            }
            _ => None,
        }
    }
}
