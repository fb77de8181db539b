//! How long the program takes, and how that grows with what is recorded.
//!
//!     cargo bench --no-default-features --bench growth -- [--json] [--runs N] [SIZE]...
//!
//! Everything is a rehearsal, so nothing waits for AWS. Of stacks that one `drift` looks at, the number stands in the place of
//! that of records. Prints a table with the peak memory of each command and the exponent
//! with which each grows from 1,000 records on; with `--json`, the figures alone, to be kept as `baseline.json`, with which the
//! table compares. How many calls of AWS a command makes, `make demo` tells.
//! `--leave FOLDER SIZE own|others` writes such a stack into a folder and measures nothing: for a profiler.
#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a bench that cannot go on ends where it stands, and prints what it measured"
)]

mod grown;

use std::collections::BTreeMap;
use std::io::Read as _;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Instant;

use grown::{Goal, Network, grow, multiply, shrink};
use serde_json::{Value, json};
use wait4::Wait4 as _;

const PROGRAM: &str = env!("CARGO_BIN_EXE_ppm-infra");
const BASELINE: &str = include_str!("baseline.json");
const SIZES: [usize; 4] = [100, 1_000, 10_000, 100_000];
const RUNS: usize = 5;
/// From how many records on growth is fitted: below, starting the program is most of the time.
const GROWS_FROM: usize = 1_000;

/// How many stacks one `drift` looks at, to see whether its memory grows with them.
const STACKS: [usize; 2] = [10, 200];
const SEVERAL: &str = "drift, several stacks";

/// The largest stack that is applied and destroyed as often as it is planned; a larger one is once.
const APPLIED_OFTEN_UP_TO: usize = 10_000;

/// What one command took at one size, in seconds, the shortest first.
struct Measured {
    what: String,
    size: usize,
    seconds: Vec<f64>,
    /// The most memory it held at any time, in MiB; none where it ran inside this program.
    peak_mib: Option<u64>,
}

impl Measured {
    fn of(what: String, size: usize, mut seconds: Vec<f64>) -> Self {
        seconds.sort_by(f64::total_cmp);
        Self { what, size, seconds, peak_mib: None }
    }

    fn median(&self) -> f64 {
        self.seconds[self.seconds.len() / 2]
    }

    fn name(&self) -> String {
        format!("{} {}", self.what, self.size)
    }
}

/// Seconds on the clock, and the most memory held in MiB.
fn run(folder: &Path, arguments: &[&str]) -> (f64, u64) {
    let mut command = Command::new(PROGRAM);
    command.current_dir(folder).args(arguments).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped());
    let begun = Instant::now();
    let mut child = command.spawn().unwrap();
    let mut said = String::new();
    child.stderr.take().unwrap().read_to_string(&mut said).unwrap();
    let ended = child.wait4().unwrap();
    let took = begun.elapsed().as_secs_f64();
    let code = ended.status.code();
    // Drift and changes are what there is to find.
    assert!(matches!(code, Some(0 | 2)), "{arguments:?} ended with {code:?}: {said}");
    (took, ended.rusage.maxrss / (1024 * 1024))
}

fn measure(what: String, size: usize, runs: usize, folder: &Path, arguments: &[&str]) -> Measured {
    let (seconds, peaks): (Vec<f64>, Vec<u64>) = (0..runs).map(|_| run(folder, arguments)).unzip();
    Measured { peak_mib: peaks.into_iter().max(), ..Measured::of(what, size, seconds) }
}

/// The exponent of a power law through these points, by least squares.
fn exponent(points: &[(f64, f64)]) -> Option<f64> {
    let logs: Vec<(f64, f64)> = points.iter().map(|(size, seconds)| (size.ln(), seconds.ln())).collect();
    let count = u32::try_from(logs.len()).ok().filter(|count| *count > 1)?;
    let mean = |of: fn(&(f64, f64)) -> f64| logs.iter().map(of).sum::<f64>() / f64::from(count);
    let (x, y) = (mean(|log| log.0), mean(|log| log.1));
    let both: f64 = logs.iter().map(|log| (log.0 - x) * (log.1 - y)).sum();
    Some(both / logs.iter().map(|log| (log.0 - x).powi(2)).sum::<f64>())
}

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap()
}

/// Has another process of this program do what takes memory, and answers what it printed: the peak of a program counts from
/// that of the one which started it (getrusage(2)), so this one stays small.
fn elsewhere(arguments: &[&str]) -> String {
    let out = Command::new(std::env::current_exe().unwrap()).args(arguments).output().unwrap();
    assert!(out.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&out.stderr));
    String::from_utf8(out.stdout).unwrap()
}

fn leave(folder: &Path, size: usize, network: &str) {
    elsewhere(&["--leave", folder.to_str().unwrap(), &size.to_string(), network]);
}

/// Seconds a step takes when a stack of this size is applied or destroyed.
fn seconds_a_step(size: usize, network: &str, goal: &str) -> f64 {
    // What goes is there once: each run grows its own.
    let folder = tempfile::tempdir().unwrap();
    leave(folder.path(), size, network);
    elsewhere(&["--shrink", folder.path().to_str().unwrap(), goal]).trim().parse().unwrap()
}

fn all(sizes: &[usize], runs: usize) -> Vec<Measured> {
    let rehearsal = ["--cloud", "simulated:world.json", "--state", "state", "stack.yaml"];
    let mut all = Vec::new();
    for (network, words) in [("own", "own network"), ("others", "others' network")] {
        for size in sizes {
            let folder = tempfile::tempdir().unwrap();
            leave(folder.path(), *size, network);
            for command in ["plan", "drift"] {
                let arguments = [&[command], &rehearsal[..]].concat();
                all.push(measure(format!("{command}, {words}"), *size, runs, folder.path(), &arguments));
            }
            let runs = if *size > APPLIED_OFTEN_UP_TO { 1 } else { runs };
            for goal in ["apply", "destroy"] {
                let seconds = (0..runs).map(|_| seconds_a_step(*size, network, goal)).collect();
                all.push(Measured::of(format!("{goal}, a step, {words}"), *size, seconds));
            }
        }
    }
    for stacks in STACKS {
        let folder = tempfile::tempdir().unwrap();
        elsewhere(&["--multiply", folder.path().to_str().unwrap(), &stacks.to_string()]);
        let arguments = ["drift", "--cloud", "simulated:world.json", "--state", "state", "--no-record", "stacks"];
        all.push(measure(SEVERAL.to_owned(), stacks, runs, folder.path(), &arguments));
    }
    let folder = tempfile::tempdir().unwrap();
    leave(folder.path(), 0, "own");
    let plan = [&["plan"], &rehearsal[..]].concat();
    let nothing_there = ["plan", "--cloud", "simulated:empty.json", "--state", "nothing", "stack.yaml"];
    let small = [
        ("--version", &["--version"][..]),
        ("validate", &["validate", "stack.yaml"]),
        ("plan, all of it to make", &nothing_there),
        ("plan, all of it there", &plan),
    ];
    for (what, arguments) in small {
        all.push(measure(what.to_owned(), 0, runs, folder.path(), arguments));
    }
    all
}

fn main() {
    let mut arguments = std::env::args().skip(1);
    let (mut sizes, mut runs, mut as_json) = (Vec::new(), RUNS, false);
    while let Some(argument) = arguments.next() {
        match argument.as_str() {
            "--json" => as_json = true,
            "--runs" => runs = arguments.next().and_then(|runs| runs.parse().ok()).filter(|runs| *runs > 0).unwrap(),
            "--leave" => {
                let (folder, size) = (arguments.next().unwrap(), arguments.next().unwrap().parse().unwrap());
                let network = Network::of(&arguments.next().unwrap());
                std::fs::create_dir_all(&folder).unwrap();
                return runtime().block_on(grow(Path::new(&folder), size, network));
            }
            "--multiply" => {
                let (folder, stacks) = (arguments.next().unwrap(), arguments.next().unwrap().parse().unwrap());
                return runtime().block_on(multiply(Path::new(&folder), stacks));
            }
            "--shrink" => {
                let (folder, goal) = (arguments.next().unwrap(), Goal::of(&arguments.next().unwrap()));
                let (seconds, steps) = runtime().block_on(shrink(Path::new(&folder), goal));
                return println!("{}", seconds / f64::from(u32::try_from(steps).unwrap()));
            }
            // cargo says so itself.
            "--bench" => {}
            size => sizes.push(size.parse().unwrap()),
        }
    }
    let measured = all(if sizes.is_empty() { &SIZES } else { &sizes }, runs);
    if as_json {
        let medians: BTreeMap<String, Value> =
            measured.iter().map(|one| (one.name(), json!((one.median() * 1e7).round() / 1e7))).collect();
        println!("{}", serde_json::to_string_pretty(&json!({"schema": 1, "seconds": medians})).unwrap());
        return;
    }
    let baseline: Value = serde_json::from_str(BASELINE).unwrap();
    println!(
        "{:<32} {:>9} {:>12} {:>12} {:>12} {:>8}  of baseline",
        "", "records", "median", "shortest", "longest", "MiB"
    );
    for one in &measured {
        let before = baseline["seconds"][one.name()].as_f64();
        let ratio = before.map_or_else(String::new, |before| format!("{:.2}", one.median() / before));
        let (shortest, longest) = (one.seconds[0], one.seconds[one.seconds.len() - 1]);
        println!(
            "{:<32} {:>9} {:>10.5} s {:>10.5} s {:>10.5} s {:>8}  {ratio}",
            one.what,
            one.size,
            one.median(),
            shortest,
            longest,
            one.peak_mib.map_or_else(String::new, |peak| peak.to_string()),
        );
    }
    let peak = |stacks| {
        let one = measured.iter().find(|one| one.what == SEVERAL && one.size == stacks);
        one.and_then(|one| one.peak_mib).and_then(|peak| u32::try_from(peak).ok()).map_or(f64::NAN, f64::from)
    };
    let [few, many] = STACKS;
    println!("{SEVERAL}: of {many} the memory is {:.2} times that of {few}", peak(many) / peak(few));
    let mut growing: BTreeMap<&str, Vec<(f64, f64)>> = BTreeMap::new();
    for one in measured.iter().filter(|one| one.size >= GROWS_FROM) {
        let size = f64::from(u32::try_from(one.size).unwrap());
        growing.entry(&one.what).or_default().push((size, one.median()));
    }
    for (what, points) in growing {
        if let Some(exponent) = exponent(&points) {
            println!("{what}: grows with exponent {exponent:.2} from {GROWS_FROM} records on");
        }
    }
}
