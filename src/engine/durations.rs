//! How long steps take: what is usual of their kind, corrected by what earlier runs of the same stack have shown.
//!
//! Promises: without experience it is the table of the kinds; each run that is known moves it towards what was seen, the
//! more the less it was known before; nothing seen makes it certain.

use std::collections::BTreeMap;

use super::plan::{Action, Plan, StepKey};
use crate::model::address::Kind;
use crate::model::document::Document;
use crate::model::duration::{DurationSpread, TimedVerb, exact};
use crate::model::resource::Catalog;

/// What share of the spread of a duration (of the variance of its logarithm) is the difference between accounts, regions and
/// stacks, which a run of the same stack tells; the rest is chance.
const BETWEEN: f64 = 0.75;

/// The steps that take equally long before anything is known of each: a verb on a kind, in a case of its own if it has one.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct StepClass {
    /// The kind.
    pub kind: Kind,
    /// The verb, and the field that makes it a case of its own: `update engine_version`.
    pub case: String,
}

/// How long steps of the same stack took in earlier runs, in seconds.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Experience(BTreeMap<StepClass, Vec<f64>>);

impl Experience {
    /// One more step that ended well after so many seconds of the cloud's time.
    pub fn add(&mut self, class: StepClass, seconds: f64) {
        // Less than a second is what is counted as one.
        self.0.entry(class).or_default().push(seconds.max(1.0));
    }

    /// Whether nothing is known.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// How long a step takes, as far as it is known.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct StepDuration {
    /// Seconds, as likely more as less.
    pub p50: f64,
    /// How far the usual duration of its class may be from that: a scale of its logarithm, common to all steps of the class.
    pub between: f64,
    /// How far a step is from the usual one of its class by chance: the same.
    pub within: f64,
}

impl StepDuration {
    /// Both reasons together.
    pub fn spread(&self) -> DurationSpread {
        DurationSpread::scaled(self.p50, self.between.hypot(self.within))
    }
}

/// What is known of durations.
#[derive(Clone, Copy, Debug)]
pub struct Durations<'a> {
    /// What is usual.
    pub catalog: &'a Catalog,
    /// What was seen.
    pub experience: &'a Experience,
}

impl Durations<'_> {
    /// The class of a step of `plan`, and how long it takes.
    pub fn of(&self, plan: &Plan, step: &StepKey) -> (StepClass, StepDuration) {
        let verb = step.verb();
        let nothing = Document::default();
        let action = plan.actions.get(&step.address);
        let declared = match (action, verb) {
            (Some(Action::Delete { prior, .. } | Action::Replace { prior, .. }), TimedVerb::Delete) => &prior.declared,
            (
                Some(
                    Action::Create { declared, .. }
                    | Action::Update { declared, .. }
                    | Action::Replace { declared, .. },
                ),
                _,
            ) => declared,
            (Some(Action::NoOp { .. } | Action::Forget { .. } | Action::Delete { .. }) | None, _) => &nothing,
        };
        let changed: Vec<&str> = match action {
            Some(Action::Update { diffs, .. }) => {
                diffs.iter().map(|diff| diff.path.split('.').next().unwrap_or_default()).collect()
            }
            _ => Vec::new(),
        };
        let kind = step.address.kind.clone();
        let Some(facts) = self.catalog.get(&kind) else {
            let class = StepClass { kind, case: verb.word().to_owned() };
            return (class, StepDuration { p50: 1.0, between: 0.0, within: 0.0 });
        };
        let (case, spread) = match facts.typical.case(verb, declared, &changed) {
            Some(case) => (format!("{} {}", verb.word(), case.field), case.spread),
            None => (verb.word().to_owned(), facts.typical.usual(verb)),
        };
        let class = StepClass { kind, case };
        let duration = self.learned(&class, spread);
        (class, duration)
    }

    /// What is usual, moved towards what was seen: the mean of both in logarithms, weighed by how sure each is.
    fn learned(&self, class: &StepClass, usual: DurationSpread) -> StepDuration {
        let scale = usual.scale();
        let (between, within) = (scale * BETWEEN.sqrt(), scale * (1.0 - BETWEEN).sqrt());
        let p50 = exact(usual.p50.max(1));
        let Some(seen) = self.experience.0.get(class).filter(|_| scale > 0.0) else {
            return StepDuration { p50, between, within };
        };
        #[expect(clippy::cast_precision_loss, reason = "a few runs")]
        let n = seen.len() as f64;
        let (known, chance) = (between.powi(-2), within.powi(-2));
        let precision = known + n * chance;
        let logarithms: f64 = seen.iter().map(|seconds| seconds.ln()).sum();
        let middle = (known * p50.ln() + chance * logarithms) / precision;
        StepDuration { p50: middle.exp(), between: precision.sqrt().recip(), within }
    }
}
