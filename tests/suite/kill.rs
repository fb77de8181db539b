//! The program itself against the strict emulator, killed with SIGKILL, interrupted and terminated at any time: the next
//! run finishes, and there is then what there is after a run nobody disturbed.

use std::fs;
use std::sync::Mutex;

use serde_json::{Value, json};

use crate::support::binary::{Desk, Running};
use crate::support::deed::Deed;
use crate::support::emulator::Line;
use crate::support::random::{any_below, wants_all};

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

fn survive_one(deed: &Deed, point: Point) {
    let (desk, fork) = deed.stage();
    let killed = match point {
        Point::Ticket(number) => start_until(&desk, &fork, &deed.arguments, number).kill(),
        Point::Growth(times) => {
            let mut running = desk.start(&deed.arguments);
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
    deed.assert_finished_by_the_next(&desk, &fork, &format!("{point:?}"));
}

/// Kills it at so many points, half of them at calls, half of them at records.
fn survive_many(deed: &Deed, points: u64) {
    // Steps that start together share one record, and so do those that end together.
    let growths = deed.writes();
    let all = (0..points).map(|n| match n % 2 {
        0 => Point::Ticket(1 + any_below(2 * deed.writes())),
        _ => Point::Growth(1 + any_below(growths)),
    });
    let all = Mutex::new(all);
    std::thread::scope(|scope| {
        for _ in 0..AT_ONCE {
            scope.spawn(|| {
                loop {
                    let Some(point) = all.lock().unwrap().next() else { return };
                    survive_one(deed, point);
                }
            });
        }
    });
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

fn points() -> u64 {
    if wants_all() { 60 } else { 2 }
}

/// A first signal drains: what runs is awaited, nothing new begins.
fn drain(deed: &Deed, signal: &str) {
    let (desk, fork) = deed.stage();
    let at = 1 + any_below(deed.writes());
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
    let at = 1 + any_below(deed.writes());
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
    survive_many(deed, points());
    for round in 0..points().div_ceil(10) {
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

#[tokio::test(flavor = "multi_thread")]
async fn a_fix_of_drift_killed_anywhere_is_finished_by_the_next() {
    let deed = Deed::fix_of_drift().await;
    assert!(deed.writes() >= 5, "{:?}", deed.calls);
    // Its steps all begin at once: nothing is left that would not be begun after a signal.
    tokio::task::block_in_place(|| survive_many(&deed, points()));
}
