//! What a look at the reference stack costs: how many calls, and how many of them wait for each other.

use serde_json::{Value, json};

use crate::support::deed::Deed;

/// So many calls at most.
const CALLS: usize = 80;

/// So many that wait for each other at most.
const ROUNDS: usize = 3;

/// After so many seconds without another call, everything that waits for no answer was asked. Longer than a busy machine takes
/// to send what it has to.
const QUIET: u32 = 3;

/// Holds every call of a run, lets all that wait go on together once no more come, and counts how often.
#[test]
fn a_look_takes_few_calls_of_which_few_wait_for_each_other() {
    let deed = Deed::look_for_drift(&json!({}));
    let (desk, fork) = deed.stage();
    desk.run(&["drift"]).exit(0);
    fork.post("/strict/log/clear", &Value::Null);
    fork.post("/strict/gate", &json!({"on": true, "reads": true}));
    let mut running = desk.start(&["drift"]);
    let mut rounds: Vec<usize> = Vec::new();
    while running.runs() {
        let mut waiting = Vec::new();
        loop {
            let ticket = fork.get(&format!("/strict/gate?wait={QUIET}"))["ticket"].as_u64().unwrap();
            if ticket == 0 {
                break;
            }
            waiting.push(ticket);
        }
        for ticket in &waiting {
            fork.post("/strict/gate/pass", &json!({"ticket": ticket}));
        }
        rounds.extend(Some(waiting.len()).filter(|count| *count > 0));
    }
    let said = running.end();
    assert_eq!(said.code, 0, "{said}");
    let calls = fork.calls();
    println!("{} calls in {} rounds: {rounds:?}", calls.len(), rounds.len());
    assert_eq!(rounds.iter().sum::<usize>(), calls.len(), "each was held");
    assert!(calls.len() <= CALLS, "{calls:#?}");
    assert!(rounds.len() <= ROUNDS, "{rounds:?}");
}
