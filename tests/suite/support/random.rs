//! Random cases: many by default, more on demand (`PROPTEST_CASES`), each run repeatable (`PROPTEST_RNG_SEED`).

use std::fmt::Debug;
use std::hash::{BuildHasher, RandomState};

use proptest::strategy::Strategy;
use proptest::test_runner::{Config, RngSeed, TestRunner};
use tokio::runtime::{Builder, Runtime};

/// What proptest takes when nobody says how many.
const UNSAID: u32 = 256;

/// How many times as many cases are tried when everything is asked for.
const ALL: u32 = 30;

/// How many fifths of the cases are tried: the half of `make test` without AWS, which is run while one works, leaves some
/// of its own to the other.
const FIFTHS: u32 = if cfg!(feature = "aws") { 6 } else { 4 };

/// Room for the stack of the thread that tries, in bytes.
const STACK: usize = 64 << 20;

/// How long a value on which a test fails is made smaller, in milliseconds: stories of whole stacks take a second each.
const SHRINKING: u32 = 60_000;

/// Tries `test` on `cases` values of a strategy. A value on which it panics is made as small as possible and told
/// together with the seed.
pub(crate) fn check<S: Strategy>(
    cases: u32,
    strategy: impl FnOnce() -> S + Send,
    test: impl Fn(&Runtime, S::Value) + Send,
) where
    S::Value: Clone + Debug,
{
    with_room(|| try_all(cases, &strategy(), test));
}

/// Strategies of many parts and futures of a debug build ask for more stack than a test thread has.
fn with_room(test: impl FnOnce() + Send) {
    std::thread::scope(|scope| {
        let tried = std::thread::Builder::new().stack_size(STACK).spawn_scoped(scope, test);
        if let Err(panic) = tried.unwrap().join() {
            std::panic::resume_unwind(panic);
        }
    });
}

/// As [`check`], again and again with other values for `PPM_INFRA_FUZZ_SECONDS`, if that is said.
#[expect(clippy::disallowed_methods, reason = "what is tested is chosen outside")]
pub(crate) fn fuzz<S: Strategy>(cases: u32, strategy: impl Fn() -> S + Sync, test: impl Fn(&Runtime, S::Value) + Sync)
where
    S::Value: Clone + Debug,
{
    let seconds = std::env::var("PPM_INFRA_FUZZ_SECONDS").map_or(0, |text| text.parse().unwrap());
    let end = std::time::Instant::now() + std::time::Duration::from_secs(seconds);
    loop {
        check(cases, &strategy, &test);
        if std::time::Instant::now() >= end {
            return;
        }
    }
}

/// Tries the first `cases` values that a seed leads to: those with which it once found something.
pub(crate) fn repeat<S: Strategy>(
    seed: u64,
    cases: u32,
    strategy: impl FnOnce() -> S + Send,
    test: impl Fn(&Runtime, S::Value) + Send,
) where
    S::Value: Clone + Debug,
{
    with_room(|| run(Config { cases, rng_seed: RngSeed::Fixed(seed), ..config() }, seed, &strategy(), test));
}

fn config() -> Config {
    Config { failure_persistence: None, max_shrink_iters: 20_000, max_shrink_time: SHRINKING, ..Config::default() }
}

fn try_all<S: Strategy>(cases: u32, strategy: &S, test: impl Fn(&Runtime, S::Value))
where
    S::Value: Clone + Debug,
{
    let mut config = config();
    if config.cases == UNSAID {
        config.cases = if wants_all() { cases * ALL } else { cases * FIFTHS / 5 };
    }
    let seed = match config.rng_seed {
        RngSeed::Fixed(seed) => seed,
        RngSeed::Random => RandomState::new().hash_one(0),
    };
    config.rng_seed = RngSeed::Fixed(seed);
    run(config, seed, strategy, test);
}

fn run<S: Strategy>(config: Config, seed: u64, strategy: &S, test: impl Fn(&Runtime, S::Value))
where
    S::Value: Clone + Debug,
{
    let runtime = paused();
    let tried = TestRunner::new(config).run(strategy, |value| {
        test(&runtime, value);
        Ok(())
    });
    if let Err(error) = tried {
        panic!("{error}\nagain: PROPTEST_RNG_SEED={seed}");
    }
}

/// Of points that are all tried when everything is asked for (`PPM_INFRA_TEST=all`), some that differ from run to run.
pub(crate) fn sample<T>(all: Vec<T>) -> Vec<T> {
    const ONE_IN: usize = 16;
    if wants_all() {
        return all;
    }
    let first = usize::try_from(RandomState::new().hash_one(0) % ONE_IN as u64).unwrap();
    all.into_iter().skip(first).step_by(ONE_IN).collect()
}

#[cfg(feature = "aws")]
/// Whether point number `number` of many costly ones is tried; other ones in each run, but when everything is asked for.
pub(crate) fn chosen(number: usize) -> bool {
    const ONE_IN: u64 = 40;
    static FIRST: std::sync::LazyLock<u64> = std::sync::LazyLock::new(|| RandomState::new().hash_one(0) % ONE_IN);
    wants_all() || number as u64 % ONE_IN == *FIRST
}

#[cfg(feature = "aws")]
/// Any number below this one; another one each time.
pub(crate) fn any_below(limit: u64) -> u64 {
    RandomState::new().hash_one(0) % limit
}

/// Whether everything is asked for, however long it takes.
#[expect(clippy::disallowed_methods, reason = "what is tested is chosen outside")]
pub(crate) fn wants_all() -> bool {
    std::env::var("PPM_INFRA_TEST").is_ok_and(|which| which == "all")
}

/// A runtime whose clock jumps to the next thing that happens.
pub(crate) fn paused() -> Runtime {
    Builder::new_current_thread().enable_time().start_paused(true).build().unwrap()
}
