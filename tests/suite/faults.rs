//! Every call that writes of a first apply, with what can go wrong on its way, one by one: answers lost, connections
//! reset, throttling, errors of the server, slow answers. The end is the same, and nothing is there twice.

use std::collections::BTreeMap;
use std::sync::Mutex;

use serde_json::{Value, json};

use crate::support::deed::Deed;
use crate::support::random::{any_below, chosen};

/// Points that are tried at the same time: there are two cores.
const AT_ONCE: usize = 2;

const KINDS: [&str; 5] = ["reset_after", "reset_before", "throttle", "error500", "delay"];

/// Lets this go wrong and applies; once more where the first did not end complete. How often it was applied.
fn apply_despite(deed: &Deed, fault: &Value) -> u32 {
    let (desk, fork) = deed.stage();
    fork.post("/strict/faults", fault);
    let first = desk.run(&deed.arguments);
    let struck = fork.get("/strict/faults")[0]["struck"].as_u64().unwrap();
    assert_eq!(struck, 1, "{fault} met its call: {first}");
    if first.code == 0 {
        deed.assert_nothing_left_to_do(&desk, &fork, &fault.to_string());
        return 1;
    }
    assert_eq!(first.code, 1, "{fault}: {first}");
    assert!(first.stderr.contains("hint"), "{fault}: {first}");
    deed.assert_finished_by_the_next(&desk, &fork, &fault.to_string());
    2
}

#[test]
fn whatever_happens_to_one_call_the_end_is_the_same() {
    let deed = Deed::first_apply();
    let mut operations: BTreeMap<(String, String), u64> = BTreeMap::new();
    for call in deed.calls.iter().filter(|call| call["mutating"] == true) {
        let name = |key: &str| call[key].as_str().unwrap().to_owned();
        *operations.entry((name("service"), name("operation"))).or_default() += 1;
    }
    assert!(operations.len() > 30, "{operations:?}");
    let all = operations.iter().flat_map(|((service, operation), count)| {
        KINDS.map(|kind| {
            let nth = 1 + any_below(*count);
            json!({"service": service, "operation": operation, "kind": kind, "nth": nth, "seconds": 1.5})
        })
    });
    let all = all.enumerate().filter(|(number, _)| chosen(*number)).map(|(_, fault)| fault);
    let (all, again) = (Mutex::new(all), Mutex::new(Vec::new()));
    std::thread::scope(|scope| {
        for _ in 0..AT_ONCE {
            scope.spawn(|| {
                loop {
                    let Some(fault) = all.lock().unwrap().next() else { return };
                    if apply_despite(&deed, &fault) > 1 {
                        again.lock().unwrap().push(format!("{} {}", fault["operation"], fault["kind"]));
                    }
                }
            });
        }
    });
    println!("{} operations; applied twice: {:?}", operations.len(), again.into_inner().unwrap());
}

/// Three of ten calls are throttled: everything is made, with few more calls than their repetitions.
#[test]
fn throttling_costs_repetitions_and_little_else() {
    let deed = Deed::first_apply();
    let (desk, fork) = deed.stage();
    // Deadlines are of the cloud's time, and repetitions of ours: both have to fit.
    let desk = desk.with("PPM_INFRA_TIME_SCALE", "30");
    // Together 30 %: one in five, and of the others one in eight. A call that both meet counts for the first.
    let rules = json!([{"kind": "throttle", "every": 5}, {"kind": "throttle", "every": 8}]);
    fork.post("/strict/faults", &rules);
    desk.run(&deed.arguments).exit(0);
    let rules = fork.get("/strict/faults");
    let struck = |rule: usize| rules[rule]["struck"].as_u64().unwrap();
    // One in forty meets both.
    let struck = struck(0) + struck(1) - struck(0) / 8;
    let calls = fork.calls().len() as u64;
    let whole = deed.calls.len() as u64;
    println!("{calls} calls, {struck} of them throttled; {whole} without");
    assert!(struck * 100 >= calls * 28, "{struck} of {calls} calls were throttled");
    assert!((calls - struck) * 10 <= whole * 13, "{calls} calls, {struck} throttled, {whole} without");
    fork.post("/strict/faults/clear", &json!({}));
    deed.assert_nothing_left_to_do(&desk, &fork, "throttled");
}
