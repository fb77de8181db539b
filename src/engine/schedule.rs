//! The steps of a plan as they become free.
//!
//! Promises: acyclic for every plan that planning returns; [`Schedule::start_next`] never offers a step before what it
//! waits for has succeeded, and among the free ones offers the one with the longest way still to go; what waits for a
//! failed step is offered never and skipped once.
//!
//! Knows nothing of time, concurrency or AWS: the caller says what finished, in any order.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

use super::durations::{Durations, Experience, StepClass, StepDuration};
use super::graph;
use super::order::{OrderContext, Waits, waits};
use super::plan::{Action, Plan, StepKey, StepPart};
use super::state::State;
use crate::model::address::Address;
use crate::model::document::Document;
use crate::model::duration::DurationSpread;
use crate::model::resource::Catalog;

/// The steps of a plan, in the order in which they become free.
#[derive(Clone, Debug)]
pub struct Schedule {
    steps: BTreeMap<StepKey, Step>,
    free: BTreeSet<(Reverse<u64>, StepKey)>,
}

#[derive(Clone, Debug)]
struct Step {
    waits: BTreeSet<StepKey>,
    followers: BTreeSet<StepKey>,
    class: StepClass,
    duration: StepDuration,
    /// Seconds from the start of this step to the end of the longest chain behind it.
    remaining: u64,
    status: Progress,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Progress {
    Waiting,
    Running,
    Done,
    Failed,
    Skipped,
}

/// A step among others that are known by their numbers.
#[derive(Clone, Debug)]
pub(super) struct NumberedStep {
    pub(super) class: StepClass,
    pub(super) duration: StepDuration,
    /// Seconds of the longest chain that begins with it: who comes first.
    pub(super) remaining: u64,
    /// For how many others it waits.
    pub(super) waits: usize,
    /// Which others wait for it.
    pub(super) followers: Vec<usize>,
}

/// A step that will not run, and the failed step it would have needed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Skipped {
    /// The step.
    pub step: StepKey,
    /// The step whose failure is the cause.
    pub because: StepKey,
}

/// How long a step takes that is about to start, and what comes after it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StepOutlook {
    /// The step.
    pub spread: DurationSpread,
    /// Seconds that the longest chain behind it usually takes.
    pub behind_seconds: u64,
}

impl Schedule {
    /// The schedule of `plan`, which was made from `state`, as long as is usual.
    pub fn of(plan: &Plan, state: &State, catalog: &Catalog) -> Self {
        Self::ordered(waits(OrderContext::of(plan, state, catalog)), plan, catalog)
    }

    /// The schedule of the steps of `plan`, of which each waits for these.
    pub(super) fn ordered(waits: Waits, plan: &Plan, catalog: &Catalog) -> Self {
        finish(waits, plan, Durations { catalog, experience: &Experience::default() })
    }

    /// The same steps of `plan`, none of which has started, as long as experience has shown.
    #[must_use]
    pub fn learned(self, plan: &Plan, durations: Durations<'_>) -> Self {
        if durations.experience.is_empty() {
            return self;
        }
        finish(self.steps.into_iter().map(|(key, step)| (key, step.waits)).collect(), plan, durations)
    }

    /// Every step by its number, none of which has started.
    pub(super) fn numbered(&self) -> Vec<NumberedStep> {
        let numbers: BTreeMap<&StepKey, usize> = self.steps.keys().zip(0..).collect();
        let numbered = |step: &Step| NumberedStep {
            class: step.class.clone(),
            duration: step.duration,
            remaining: step.remaining,
            waits: step.waits.len(),
            followers: step.followers.iter().map(|follower| numbers[follower]).collect(),
        };
        self.steps.values().map(numbered).collect()
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

    /// The longest chain of steps.
    pub fn critical_path(&self) -> Vec<StepKey> {
        let first = |keys: &mut dyn Iterator<Item = &StepKey>| {
            keys.max_by_key(|key| (self.steps[*key].remaining, Reverse((*key).clone()))).cloned()
        };
        let mut path = Vec::new();
        let mut next = first(&mut self.steps.iter().filter(|(_, s)| s.waits.is_empty()).map(|(key, _)| key));
        while let Some(key) = next {
            next = first(&mut self.steps[&key].followers.iter());
            path.push(key);
        }
        path
    }

    /// Seconds that its longest chain usually takes.
    pub fn longest_seconds(&self) -> u64 {
        self.steps.values().map(|step| step.remaining).max().unwrap_or(0)
    }

    /// How long a step takes, and what comes after it.
    pub fn outlook(&self, step: &StepKey) -> StepOutlook {
        let step = &self.steps[step];
        let spread = step.duration.spread();
        StepOutlook { spread, behind_seconds: step.remaining.saturating_sub(spread.p50) }
    }

    fn step_mut(&mut self, key: &StepKey) -> &mut Step {
        self.steps.get_mut(key).expect("callers name steps they were given")
    }
}

fn finish(waits: Waits, plan: &Plan, durations: Durations<'_>) -> Schedule {
    let order = graph::order(&waits).expect("planning leaves no circle");
    let mut steps: BTreeMap<StepKey, Step> = waits
        .into_iter()
        .map(|(key, waits)| {
            let (class, duration) = durations.of(plan, &key);
            let (followers, status) = (BTreeSet::new(), Progress::Waiting);
            (key, Step { waits, followers, class, duration, remaining: 0, status })
        })
        .collect();
    // Longest way to go, from the last steps backwards.
    for key in order.iter().rev() {
        let step = &steps[key];
        let behind = step.followers.iter().map(|f| steps[f].remaining).max().unwrap_or(0);
        let (remaining, waits) = (step.duration.spread().p50 + behind, step.waits.clone());
        for target in waits {
            steps.get_mut(&target).expect("steps wait for steps there are").followers.insert(key.clone());
        }
        steps.get_mut(key).expect("as above").remaining = remaining;
    }
    let free =
        steps.iter().filter(|(_, s)| s.waits.is_empty()).map(|(k, s)| (Reverse(s.remaining), k.clone())).collect();
    Schedule { steps, free }
}

impl Plan {
    /// What is wanted by a step that creates or changes, and the order its record must remember.
    pub fn wanted(&self, step: &StepKey) -> Option<(&Document, &BTreeSet<Address>)> {
        match (self.actions.get(&step.address)?, &step.part) {
            (Action::Create { declared, after, .. } | Action::Replace { declared, after, .. }, StepPart::Create) => {
                Some((declared, after))
            }
            (Action::Update { via, declared, after, .. }, StepPart::Change { rung }) => {
                Some((via.get(*rung as usize).unwrap_or(declared), after))
            }
            _ => None,
        }
    }
}
