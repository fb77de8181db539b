//! How long a plan is said to take, held against what it takes in worlds where everything is slower or faster than usual.

use std::collections::BTreeMap;
use std::hash::{DefaultHasher, Hash, Hasher as _};

use ppm_infra::cloud::simulated::{Fault, Verb};
use ppm_infra::engine::Request;
use ppm_infra::engine::durations::{Durations, Experience, StepClass};
use ppm_infra::engine::plan::{StepKey, StepPart};
use ppm_infra::model::duration::{DurationSpread, exact, nearest};
use ppm_infra::resources::catalog;
use ppm_infra::run::event::EventKind;
use ppm_infra::run::experience;
use ppm_infra::run::since::StepTime;

use crate::support::bench::Bench;
use crate::support::random::wants_all;
use crate::support::reference::{Declared, reference};

/// Of the variance of a duration's logarithm, what is the same for all steps of a class in a world.
const OF_THE_WORLD: f64 = 0.75;

/// A number between 0 and 1 that only depends on what it is for.
fn unit(about: &impl Hash) -> f64 {
    let mut hasher = DefaultHasher::new();
    about.hash(&mut hasher);
    #[expect(clippy::cast_precision_loss, reason = "53 bits are kept")]
    let unit = (hasher.finish() >> 11) as f64 / (1_u64 << 53) as f64;
    unit
}

/// A standard normal deviate (the sum of twelve: Irwin and Hall). The product draws from another family.
fn normal(about: &impl Hash) -> f64 {
    (0..12_u8).map(|n| unit(&(n, unit(about).to_bits()))).sum::<f64>() - 6.0
}

/// How long a step takes in a world and a run of it, where nine of ten take no longer than the table says.
fn taken(world: usize, run: usize, class: &StepClass, step: &StepKey, usual: DurationSpread) -> u64 {
    let (p50, p90) = (exact(usual.p50), exact(usual.p90));
    let deviation = (p90 / p50).ln() / 1.281_551_565_5;
    let of_world = OF_THE_WORLD.sqrt() * normal(&(world, class.kind.as_str(), &class.case));
    let of_run = (1.0 - OF_THE_WORLD).sqrt() * normal(&(world, run, step.to_string()));
    nearest(p50 * (deviation * (of_world + of_run)).exp()).max(1)
}

/// What a first apply of the reference stack takes in a world, and what it was said to take.
struct Estimated {
    said: DurationSpread,
    took: f64,
}

impl Estimated {
    fn error(&self) -> f64 {
        let said = exact(self.said.p50);
        (said - self.took).abs() / self.took
    }

    fn is_within(&self) -> bool {
        self.took <= exact(self.said.p90)
    }
}

/// One apply in a world, and what it adds to what is known.
async fn applied(world: usize, run: usize, known: &mut Vec<StepTime>) -> Estimated {
    let mut bench = Bench::new(&catalog(), "ppm-prod", false);
    let declared = Declared(reference());
    let usual = bench.plan(&declared, &Request::default()).await.unwrap();
    // What the world does to each step is drawn from what is usual, not from what is known by now.
    for address in usual.plan.actions.keys() {
        let step = StepKey { address: address.clone(), part: StepPart::Create };
        let (class, duration) = bench.session.durations().of(&usual.plan, &step);
        let seconds = taken(world, run, &class, &step, duration.spread());
        bench.cloud.fault(Verb::Create, address.clone(), Fault::Slow(seconds));
    }
    bench.session.experience = experience(known.iter());
    let said = bench.plan(&declared, &Request::default()).await.unwrap().forecaster.forecast().total.unwrap();
    let ran = bench.apply(&declared).await;
    let steps: Vec<StepTime> = ran
        .events
        .iter()
        .filter_map(|event| match event {
            EventKind::StepFinished { step, elapsed_ms, .. } => {
                Some(bench.session.step_time(&ran.plan, step.clone(), *elapsed_ms))
            }
            _ => None,
        })
        .collect();
    assert_eq!(steps.len(), 46, "every step is learned from");
    known.extend(steps);
    let took = exact(ran.report.elapsed_ms) / 1000.0;
    Estimated { said, took }
}

fn mean(of: &[Estimated]) -> f64 {
    #[expect(clippy::cast_precision_loss, reason = "some")]
    let n = of.len() as f64;
    of.iter().map(Estimated::error).sum::<f64>() / n
}

fn share_within(of: &[Estimated]) -> f64 {
    #[expect(clippy::cast_precision_loss, reason = "some")]
    let share = of.iter().filter(|one| one.is_within()).count() as f64 / of.len() as f64;
    share
}

#[tokio::test(start_paused = true)]
async fn what_is_said_comes_near_and_nearer_with_each_run() {
    let worlds = if wants_all() { 100 } else { 20 };
    let mut runs: BTreeMap<usize, Vec<Estimated>> = BTreeMap::new();
    for world in 0..worlds {
        let mut known = Vec::new();
        for run in 0..4 {
            runs.entry(run).or_default().push(applied(world, run, &mut known).await);
        }
    }
    for (run, all) in &runs {
        println!(
            "{worlds} worlds, after {run} runs: mean error {:.1} %, within P90 {:.0} %",
            mean(all) * 100.0,
            share_within(all) * 100.0
        );
    }
    let (first, fourth) = (&runs[&0], &runs[&3]);
    assert!(mean(first) <= 0.15, "from the table: {:.3}", mean(first));
    assert!(mean(fourth) <= 0.07, "after three runs: {:.3}", mean(fourth));
    // All runs of all worlds: of a few alone the share is chance.
    let every: Vec<f64> = runs.values().map(|all| share_within(all)).collect();
    #[expect(clippy::cast_precision_loss, reason = "four")]
    let within = every.iter().sum::<f64>() / every.len() as f64;
    assert!(within >= 0.85, "within what is seldom exceeded: {within:.2}");
    // A band that holds always says nothing.
    let wide = first.iter().filter(|one| one.said.p90 > 2 * one.said.p50).count();
    assert_eq!(wide, 0, "seldom more than twice is no estimate");
}

#[tokio::test(start_paused = true)]
async fn what_was_seen_moves_what_is_usual_and_makes_it_surer() {
    let catalog = catalog();
    let mut seen = Experience::default();
    let plan = Bench::new(&catalog, "ppm-prod", false).planned(&Declared(reference())).await;
    let step = StepKey { address: "cluster.main".parse().unwrap(), part: StepPart::Create };
    let of = |seen: &Experience| Durations { catalog: &catalog, experience: seen }.of(&plan, &step);
    let (class, usual) = of(&seen);
    assert_eq!((class.case.as_str(), usual.spread()), ("create", DurationSpread::of(600, 720)));
    let mut before = usual;
    for _ in 0..3 {
        seen.add(class.clone(), 900.0);
        let (_, now) = of(&seen);
        assert!(now.p50 > before.p50 && now.p50 < 900.0, "{now:?} after {before:?}");
        assert!(now.between < before.between && now.within >= before.within, "{now:?} after {before:?}");
        before = now;
    }
    assert!(before.p50 > 850.0, "{before:?}");
    let delete = StepKey { part: StepPart::Delete, ..step };
    let (_, other) = Durations { catalog: &catalog, experience: &seen }.of(&plan, &delete);
    assert_eq!(other.spread(), DurationSpread::of(360, 600), "what is done is not what is undone");
}
