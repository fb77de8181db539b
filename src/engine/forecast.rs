//! How long the steps of a plan take together, and which of them make it long.
//!
//! The whole is longer than its longest chain of usual steps: of many chains that end at about the same time, the one that
//! happens to be late counts. So the plan is carried out many times over with durations drawn from what is known, as the
//! executor would do it, and what half and nine of ten of these take is told.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap};

use serde::{Deserialize, Serialize};

use super::durations::{StepClass, StepDuration};
use super::plan::StepKey;
use super::schedule::{NumberedStep, Schedule};
use crate::model::duration::{DurationSpread, exact, nearest};

/// How often a plan is carried out over, where it is of usual size.
const DRAWS: usize = 401;

/// Steps times draws: what takes a few hundredths of a second.
const EFFORT: usize = 200_000;

/// A plan of more steps is not drawn: the longest chain is told, and as if all that is slow were slow together.
const TOO_MANY: usize = EFFORT / 25;

/// How long a plan takes.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Forecast {
    /// The whole.
    pub total: Option<DurationSpread>,
    /// The chain of steps that usually takes longest, each with its own time.
    pub chain: Vec<(StepKey, DurationSpread)>,
    /// When each step begins if every one takes as long as usual, in the order in which they begin; nothing where there are too
    /// many.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub timetable: Vec<TimedStep>,
}

/// When a step begins, and how long it takes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TimedStep {
    /// The step.
    pub step: StepKey,
    /// Seconds from the beginning of the whole to its own.
    pub starts: u64,
    /// How long it takes.
    pub duration: DurationSpread,
}

impl Forecast {
    /// Seconds it usually takes; 0 where there is nothing to do.
    pub fn p50(&self) -> u64 {
        self.total.map_or(0, |total| total.p50)
    }

    /// Seconds that it seldom takes longer than.
    pub fn p90(&self) -> u64 {
        self.total.map_or(0, |total| total.p90)
    }
}

/// What tells how long a plan takes. To find that out takes longer than to plan, so it is done for who asks.
#[derive(Clone, Debug)]
pub enum Forecaster {
    /// Its steps, none of which has started, and how many of them run at the same time.
    Steps(Box<Schedule>, usize),
    /// It is known already.
    Known(Forecast),
}

impl Forecaster {
    /// How long it takes.
    pub fn forecast(&self) -> Forecast {
        match self {
            Self::Steps(schedule, parallelism) => {
                let chain: Vec<(StepKey, DurationSpread)> = schedule
                    .critical_path()
                    .into_iter()
                    .map(|step| (step.clone(), schedule.outlook(&step).spread))
                    .collect();
                let spreads: Vec<DurationSpread> = chain.iter().map(|(_, spread)| *spread).collect();
                let steps = schedule.numbered();
                let timetable = timetable(schedule, &steps, *parallelism);
                Forecast { total: total(&steps, &spreads, *parallelism), chain, timetable }
            }
            Self::Known(forecast) => forecast.clone(),
        }
    }
}

impl Default for Forecaster {
    fn default() -> Self {
        Self::Known(Forecast::default())
    }
}

/// How long these steps take together, at most `parallelism` at the same time; `chain` is the longest of them.
fn total(steps: &[NumberedStep], chain: &[DurationSpread], parallelism: usize) -> Option<DurationSpread> {
    if steps.is_empty() {
        return None;
    }
    if steps.len() > TOO_MANY {
        let sum = |of: fn(&DurationSpread) -> u64| chain.iter().map(of).sum();
        return Some(DurationSpread::of(sum(|one| one.p50), sum(|one| one.p90)));
    }
    let mut classes: BTreeMap<&StepClass, usize> = BTreeMap::new();
    let class_of: Vec<usize> = steps
        .iter()
        .map(|step| {
            let next = classes.len();
            *classes.entry(&step.class).or_insert(next)
        })
        .collect();
    let mut chance = Chance(0x9e37_79b9_7f4a_7c15);
    let draws = DRAWS.min(EFFORT / steps.len()) | 1;
    let mut totals: Vec<f64> = (0..draws)
        .map(|_| {
            let common: Vec<f64> = (0..classes.len()).map(|_| chance.logit()).collect();
            let taken = steps.iter().zip(&class_of).map(|(step, class)| {
                let StepDuration { p50, between, within } = step.duration;
                p50 * (between * common[*class] + within * chance.logit()).exp()
            });
            carried_out(steps, &taken.collect::<Vec<f64>>(), parallelism, |_, _| {})
        })
        .collect();
    totals.sort_by(f64::total_cmp);
    let whole = |at: usize| nearest(totals[at]).max(1);
    Some(DurationSpread::of(whole(draws / 2), whole(draws * 9 / 10)))
}

/// When each step begins if every one takes as long as usual.
fn timetable(schedule: &Schedule, steps: &[NumberedStep], parallelism: usize) -> Vec<TimedStep> {
    if steps.len() > TOO_MANY {
        return Vec::new();
    }
    let keys: Vec<&StepKey> = schedule.edges().map(|(key, _)| key).collect();
    let durations: Vec<DurationSpread> = keys.iter().map(|key| schedule.outlook(key).spread).collect();
    let taken: Vec<f64> = durations.iter().map(|spread| exact(spread.p50)).collect();
    let mut begun = Vec::with_capacity(steps.len());
    carried_out(steps, &taken, parallelism, |step, at| {
        begun.push(TimedStep { step: keys[step].clone(), starts: nearest(at), duration: durations[step] });
    });
    begun
}

/// When everything is over if the steps take these seconds: as the executor does it, the longest way still to go first.
/// `begins` is told each step, and when it begins.
fn carried_out(steps: &[NumberedStep], taken: &[f64], parallelism: usize, mut begins: impl FnMut(usize, f64)) -> f64 {
    let mut waits: Vec<usize> = steps.iter().map(|step| step.waits).collect();
    let free = (0..steps.len()).filter(|step| waits[*step] == 0).map(|step| (steps[step].remaining, Reverse(step)));
    let mut free: BinaryHeap<(u64, Reverse<usize>)> = free.collect();
    let mut running: BinaryHeap<Reverse<(Moment, usize)>> = BinaryHeap::new();
    let mut now = 0.0;
    loop {
        while running.len() < parallelism.max(1) {
            let Some((_, Reverse(step))) = free.pop() else { break };
            begins(step, now);
            running.push(Reverse((Moment(now + taken[step]), step)));
        }
        let Some(Reverse((Moment(end), done))) = running.pop() else { return now };
        now = end;
        for follower in &steps[done].followers {
            waits[*follower] -= 1;
            if waits[*follower] == 0 {
                free.push((steps[*follower].remaining, Reverse(*follower)));
            }
        }
    }
}

/// Seconds since the beginning.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Moment(f64);

impl Eq for Moment {}

impl PartialOrd for Moment {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Moment {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.0.total_cmp(&other.0)
    }
}

/// Numbers that look like chance and are the same each time, so that a plan says the same twice: `SplitMix64` (Steele, Lea,
/// Flood, "Fast splittable pseudorandom number generators", 2014).
struct Chance(u64);

impl Chance {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// The logit of a chance that is as likely any as any other.
    #[expect(clippy::cast_precision_loss, reason = "53 bits are kept")]
    fn logit(&mut self) -> f64 {
        let unit = ((self.next() >> 11) as f64 + 0.5) / (1_u64 << 53) as f64;
        (unit / (1.0 - unit)).ln()
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use serde_json::json;

    use super::*;
    use crate::engine::plan::{Action, Base, Plan, StepPart, Why};
    use crate::engine::state::State;
    use crate::model::document::Document;
    use crate::resources::catalog;

    fn forecast(parallelism: usize) -> Forecast {
        let create = |declared: serde_json::Value| Action::Create {
            declared: Document::of(&declared),
            after: BTreeSet::new(),
            why: Why::New,
        };
        let actions = [
            ("vpc.main", create(json!({}))),
            ("subnet.a", create(json!({"vpc": {"$ref": "vpc.main"}}))),
            ("subnet.b", create(json!({"vpc": {"$ref": "vpc.main"}}))),
        ];
        let plan = Plan {
            stack: "s".to_owned(),
            base: Base { lineage: "l".to_owned(), serial: 1 },
            moved: Vec::new(),
            drift: BTreeMap::new(),
            actions: actions.into_iter().map(|(at, action)| (at.parse().unwrap(), action)).collect(),
            deposed: Vec::new(),
            kept: BTreeMap::new(),
            kept_old: Vec::new(),
            adopted: BTreeMap::new(),
            impact: BTreeMap::new(),
            notes: BTreeMap::new(),
        };
        let state = State::empty("s", "r", "l".to_owned(), "0");
        Forecaster::Steps(Box::new(Schedule::of(&plan, &state, &catalog())), parallelism).forecast()
    }

    #[test]
    fn every_step_begins_once_when_what_it_waits_for_is_over() {
        for (parallelism, second) in [(10, 0), (1, 1)] {
            let all = forecast(parallelism).timetable;
            let told: Vec<String> = all.iter().map(|one| one.step.to_string()).collect();
            assert_eq!(told, ["create vpc.main", "create subnet.a", "create subnet.b"]);
            assert!(all.iter().all(|one| one.step.part == StepPart::Create && one.duration.p50 > 0));
            let [vpc, a, b] = all.as_slice() else { panic!("{all:?}") };
            assert_eq!((vpc.starts, a.starts), (0, vpc.duration.p50));
            assert_eq!(b.starts, a.starts + second * a.duration.p50, "{parallelism} at the same time");
        }
    }
}
