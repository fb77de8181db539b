//! The program itself against the strict emulator, killed with SIGKILL, interrupted and terminated at any time: the next
//! run finishes, and there is then what there is after a run nobody disturbed.

use std::collections::BTreeMap;
use std::fs;
use std::hash::{BuildHasher, RandomState};
use std::sync::Mutex;

use serde_json::{Value, json};

use crate::support::binary::{Desk, Running};
use crate::support::emulator::{Counts, Emulator, Fork, Line};
use crate::support::random::wants_all;

/// Points that are tried at the same time: there are two cores.
const AT_ONCE: usize = 2;

/// Where a run is killed.
#[derive(Clone, Copy, Debug)]
enum Point {
    /// While this call waits at the gate: two tickets for each call that writes, before it is carried out and before it
    /// is answered.
    Ticket(u64),
    /// When the journal has grown so many times.
    Growth(u64),
}

/// A run that is disturbed, and what is there before it.
struct Deed {
    emulator: Emulator,
    files: BTreeMap<&'static str, String>,
    arguments: Vec<&'static str>,
    look: Vec<&'static str>,
    /// What is there after a run nobody disturbed.
    whole: Counts,
    /// How many calls of it write.
    writes: u64,
}

const APPLY: [&str; 2] = ["apply", "--auto-approve"];
const LOCKFILE: &str = "state/ppm-prod.lock.json";

impl Deed {
    /// The first apply, by an emulator that has done it once and forgotten it.
    fn first_apply() -> Self {
        let emulator = Emulator::start(0);
        let desk = Desk::at(&emulator.endpoint(), 0);
        desk.declare(&[]);
        desk.run(&APPLY).exit(0);
        let (whole, writes) = (emulator.counts(), emulator.mutations() as u64);
        emulator.post("/strict/reset", &Value::Null);
        let look = vec!["plan", "--detailed-exitcode"];
        Self { emulator, files: BTreeMap::new(), arguments: APPLY.into(), look, whole, writes }
    }

    /// The removal of everything.
    fn destruction() -> Self {
        let emulator = Emulator::start(0);
        let desk = Desk::at(&emulator.endpoint(), 0);
        desk.declare(&[]);
        desk.run(&APPLY).exit(0);
        emulator.post("/strict/log/clear", &Value::Null);
        let files = BTreeMap::from([(LOCKFILE, desk.read(LOCKFILE))]);
        let arguments =
            vec!["destroy", "--delete-data", "database,bucket,key", "--no-final-snapshot", "--auto-approve"];
        let look = vec!["plan", "--destroy", "--detailed-exitcode"];
        let mut deed = Self { emulator, files, arguments, look, whole: Counts::new(), writes: 0 };
        let (desk, fork) = deed.stage();
        desk.run(&deed.arguments).exit(0);
        (deed.whole, deed.writes) = (fork.counts(), fork.mutations() as u64);
        deed
    }

    /// The world and the folder before the run.
    fn stage(&self) -> (Desk, Fork) {
        let fork = self.emulator.fork();
        let desk = Desk::at(&fork.endpoint(), 0);
        desk.declare(&[]);
        for (name, text) in &self.files {
            desk.write(name, text);
        }
        (desk, fork)
    }

    /// Goes on as if nothing had happened.
    fn assert_finished_by_the_next(&self, desk: &Desk, line: &Line, what: &str) {
        let next = desk.run(&self.arguments);
        assert_eq!(next.code, 0, "{what}: {next}");
        let look = desk.run(&self.look);
        assert_eq!(look.code, 0, "{what}: nothing is left to do: {look}");
        assert_eq!(line.counts(), self.whole, "{what}: nothing lost, nothing left behind, nothing twice");
    }

    fn survive(&self, point: Point) {
        let (desk, fork) = self.stage();
        let killed = match point {
            Point::Ticket(number) => start_until(&desk, &fork, &self.arguments, number).kill(),
            Point::Growth(times) => {
                let mut running = desk.start(&self.arguments);
                let journal = desk.path("state/ppm-prod.journal");
                let (mut length, mut grown) = (0, 0);
                while grown < times && running.runs() {
                    let now = fs::metadata(&journal).map_or(0, |file| file.len());
                    grown += u64::from(now > length);
                    length = now;
                    std::thread::yield_now();
                }
                running.kill()
            }
        };
        fork.post("/strict/gate/drop", &Value::Null);
        assert!(killed.code == -1 || matches!(point, Point::Growth(_)), "{point:?}: it was to be killed: {killed}");
        self.assert_finished_by_the_next(&desk, &fork, &format!("{point:?}"));
    }

    /// Kills it at so many points, half of them at calls, half of them at records.
    fn survive_many(&self, points: u64) {
        // Steps that start together share one record, and so do those that end together.
        let growths = self.writes;
        let all = (0..points).map(|n| match n % 2 {
            0 => Point::Ticket(1 + any_below(2 * self.writes)),
            _ => Point::Growth(1 + any_below(growths)),
        });
        let all = Mutex::new(all);
        std::thread::scope(|scope| {
            for _ in 0..AT_ONCE {
                scope.spawn(|| {
                    loop {
                        let Some(point) = all.lock().unwrap().next() else { return };
                        self.survive(point);
                    }
                });
            }
        });
    }
}

/// Starts the program and lets its calls through until this one waits at the gate.
fn start_until(desk: &Desk, line: &Line, arguments: &[&str], number: u64) -> Running {
    line.post("/strict/gate", &json!({"on": true}));
    let mut running = desk.start(arguments);
    loop {
        let ticket = line.get("/strict/gate?wait=1")["ticket"].as_u64().unwrap();
        if ticket >= number {
            return running;
        }
        if ticket == 0 {
            assert!(running.runs(), "it ended before call {number}: {}", running.end());
            continue;
        }
        line.post("/strict/gate/pass", &json!({"ticket": ticket}));
    }
}

fn any_below(limit: u64) -> u64 {
    RandomState::new().hash_one(0) % limit
}

fn points() -> u64 {
    if wants_all() { 60 } else { 2 }
}

/// A first signal drains: what runs is awaited, nothing new begins.
fn drain(deed: &Deed, signal: &str) {
    let (desk, fork) = deed.stage();
    let at = 1 + any_below(deed.writes);
    let mut running = start_until(&desk, &fork, &deed.arguments, at);
    running.signal(signal);
    running.hear("nothing new starts");
    fork.post("/strict/gate", &json!({"on": false}));
    let said = running.end();
    let what = format!("{signal} at call {at}");
    assert_eq!(said.code, 130, "{what}: {said}");
    assert!(said.stderr.contains("not begun") && said.stderr.contains("hint: run `ppm-infra "), "{what}: {said}");
    assert!(!desk.path("state/ppm-prod.journal").exists(), "{what}: everything that ran is recorded: {said}");
    deed.assert_finished_by_the_next(&desk, &fork, &what);
}

/// A second one leaves at once, whatever runs.
fn abandon(deed: &Deed) {
    let (desk, fork) = deed.stage();
    let at = 1 + any_below(deed.writes);
    let mut running = start_until(&desk, &fork, &deed.arguments, at);
    running.signal("INT");
    running.hear("nothing new starts");
    running.signal("INT");
    // The call is still held: nobody waits for it.
    let said = running.end();
    let what = format!("interrupted twice at call {at}");
    assert_eq!(said.code, 130, "{what}: {said}");
    assert!(said.stderr.contains("left running"), "{what}: {said}");
    fork.post("/strict/gate/drop", &Value::Null);
    deed.assert_finished_by_the_next(&desk, &fork, &what);
}

/// Killed here, told to stop there: one emulator that is warm serves them all.
fn survive(deed: &Deed, first: &str) {
    deed.survive_many(points());
    for round in 0..points() / 2 {
        drain(deed, if round % 2 == 0 { first } else { "INT" });
        abandon(deed);
    }
}

#[test]
fn a_first_apply_killed_or_interrupted_anywhere_is_finished_by_the_next() {
    survive(&Deed::first_apply(), "INT");
}

#[test]
fn a_destroy_killed_or_terminated_anywhere_is_finished_by_the_next() {
    survive(&Deed::destruction(), "TERM");
}
