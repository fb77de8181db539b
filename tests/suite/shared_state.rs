//! State in a bucket, against the strict emulator: two machines, one stack.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::support::binary::{Desk, Running};
use crate::support::emulator::Emulator;
use crate::support::hint::{follow, hint};
use crate::support::random::wants_all;

const STATE: &str = "state: s3://acme-ppm-state/team";
const LEASE: &str = "acme-ppm-state/team/ppm-prod.lease.json";

/// A folder on a machine of its own.
fn machine(emulator: &Emulator, who: &str) -> Desk {
    let desk = Desk::at(&emulator.endpoint(), 0).with("USER", who).with("AWS_ACCESS_KEY_ID", &key(who));
    desk.declare_with(STATE);
    desk
}

fn key(who: &str) -> String {
    format!("AKIA{}", who.to_uppercase())
}

async fn with_bucket() -> Emulator {
    let emulator = Emulator::start(0);
    let s3 = emulator.clients().await.s3;
    s3.create_bucket().bucket("acme-ppm-state").send().await.unwrap();
    emulator
}

/// Starts an apply and waits until it has begun to make things.
fn under_way(emulator: &Emulator, desk: &Desk) -> Running {
    let run = desk.start(&["apply", "--auto-approve"]);
    while !emulator.calls().iter().any(|call| call["operation"] == "CreateSubnet") {
        std::thread::yield_now();
    }
    run
}

/// The calls with which somebody wrote, the state included.
fn writes(emulator: &Emulator, who: &str) -> Vec<Value> {
    let calls = emulator.calls();
    calls.into_iter().filter(|call| call["access_key"] == key(who) && call["mutating"] == true).collect()
}

/// Lets the lease be as old as one whose holder died over a minute ago.
fn age(emulator: &Emulator) {
    emulator.post("/strict/mutate", &json!({"kind": "s3_object", "action": "age", "id": LEASE, "seconds": 75}));
}

fn keys(emulator: &Emulator) -> Vec<String> {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(async {
        let s3 = emulator.clients().await.s3;
        let listed = s3.list_objects_v2().bucket("acme-ppm-state").send().await.unwrap();
        listed.contents.unwrap_or_default().into_iter().filter_map(|object| object.key).collect()
    })
}

fn start() -> Emulator {
    tokio::runtime::Runtime::new().unwrap().block_on(with_bucket())
}

fn total(emulator: &Emulator) -> Value {
    emulator.get("/strict/inventory")["counts"].clone()
}

#[test]
fn a_stack_is_applied_on_one_machine_and_known_on_another() {
    let emulator = start();
    let (ann, ben) = (machine(&emulator, "ann"), machine(&emulator, "ben"));
    ann.run(&["plan", "--detailed-exitcode"]).exit(2);
    assert_eq!(keys(&emulator), Vec::<String>::new(), "planning writes nothing");
    ann.run(&["apply", "--auto-approve"]).exit(0).says(&["does not keep versions"]);
    assert!(!ann.path("state").exists(), "nothing is kept in a folder");
    let (runs, rest): (Vec<String>, Vec<String>) = keys(&emulator).into_iter().partition(|key| key.contains(".runs/"));
    assert_eq!(
        rest,
        ["team/ppm-prod.history/00000001.lock.json", "team/ppm-prod.lease.json", "team/ppm-prod.state.json"]
    );
    assert!(runs.len() == 1 && runs[0].contains("-apply-"), "{runs:?}");
    ben.run(&["plan", "--detailed-exitcode"]).exit(0);
    ben.run(&["lock", "status"]).exit(0).says(&["nobody works on ppm-prod"]);
    ben.run(&["state", "history"]).exit(0).says(&["1\n2  in force"]);
    let pulled = ben.run(&["state", "pull"]).exit(0).stdout;
    ben.write("pulled.json", &pulled);
    ben.run(&["state", "restore", "1"]).exit(0).says(&["as serial 3"]);
    ben.run(&["state", "push", "pulled.json"]).exit(78).says(&["is at serial 2; serial 3 is in force"]);
    ben.run(&["state", "push", "pulled.json", "--force"]).exit(0).says(&["as serial 4"]);
    ann.run(&["plan", "--detailed-exitcode"]).exit(0);
}

#[test]
fn a_machine_that_is_lost_is_taken_over_and_one_that_lives_is_not() {
    let emulator = start();
    let (ann, ben) = (machine(&emulator, "ann"), machine(&emulator, "ben"));
    let before = total(&emulator);
    emulator.post("/strict/gate", &json!({"on": true}));
    let run = ann.start(&["apply", "--auto-approve"]);
    // The lease, the first state, the first record, and the first call but one.
    for _ in 0..9 {
        let ticket = emulator.get("/strict/gate?wait=1")["ticket"].as_u64().unwrap();
        emulator.post("/strict/gate/pass", &json!({"ticket": ticket}));
    }
    emulator.get("/strict/gate?wait=1");
    ben.run(&["lock", "status"]).exit(0).says(&["locked by ann@", "last beat", "create "]);
    ben.run(&["plan"]).exit(0);
    ben.run(&["unlock"]).exit(4).says(&["--force"]);
    run.kill();
    emulator.post("/strict/gate/drop", &Value::Null);
    let said = ben.run(&["apply", "--auto-approve"]).exit(4);
    let said = said.says(&["locked by ann@", "who runs `ppm-infra apply`", "its lease runs out"]);
    follow(&ben, &said, "shows what it is doing", "ppm-infra lock status").exit(0).says(&["locked by ann@", "create "]);
    age(&emulator);
    ben.run(&["lock", "status"]).exit(0).says(&["locked by ann@", "its lease ran out"]);
    ben.run(&["apply", "--auto-approve"]).exit(0).says(&["Took over from ann@", "whose lease ran out"]);
    ben.run(&["plan", "--detailed-exitcode"]).exit(0);
    ben.run(&["destroy", "--delete-data", "database,bucket,key", "--no-final-snapshot", "--auto-approve"]).exit(0);
    assert_eq!(total(&emulator), before, "nothing twice, nothing forgotten");
}

/// When everything is asked for, the time passes in earnest: until the lease is over, then five of them in all. Else the
/// lease is made old, and only what the bucket refuses holds the sleeper back.
#[test]
fn who_slept_for_five_leases_writes_nothing_when_woken() {
    const LEASES: Duration = Duration::from_secs(5 * 60);
    let emulator = start();
    let (ann, ben) = (machine(&emulator, "ann"), machine(&emulator, "ben"));
    let mut run = under_way(&emulator, &ann);
    run.signal("STOP");
    let stopped = Instant::now();
    if !wants_all() {
        age(&emulator);
    }
    let taken = loop {
        let said = ben.run(&["apply", "--auto-approve"]);
        if said.code != 4 {
            break said;
        }
        std::thread::sleep(Duration::from_secs(1));
    };
    println!("{} s after it was stopped, the run that took over was done", stopped.elapsed().as_secs());
    taken.exit(0).says(&["Took over from ann@"]);
    if wants_all() {
        std::thread::sleep(LEASES.saturating_sub(stopped.elapsed()));
    }
    assert!(run.runs());
    let before = writes(&emulator, "ann");
    let state = emulator.get("/strict/inventory");
    run.signal("CONT");
    let said = run.end();
    let after = writes(&emulator, "ann");
    let new = &after[before.len()..];
    let written: Vec<&Value> = new.iter().filter(|call| call["service"] == "s3" && call["outcome"] == "ok").collect();
    assert!(written.is_empty(), "it wrote states: {written:?}");
    if wants_all() {
        // What had passed its last check when the machine stopped may still leave; the bucket refuses it, as it must.
        let is_refused = |call: &&Value| call["service"] == "s3" && call["outcome"] == "PreconditionFailed";
        let (refused, done): (Vec<&Value>, Vec<&Value>) = new.iter().partition(is_refused);
        assert!(done.is_empty() && refused.len() <= 1, "it called: {new:?}");
        assert_eq!(emulator.get("/strict/inventory"), state);
    }
    assert_eq!(said.code, 4, "{said}");
    let who = if wants_all() { "its lease was not renewed for" } else { "ben@" };
    let said = said.says(&["does not hold the stack any more", who]);
    follow(&ann, &said, "shows who works on the stack; then run", "ppm-infra lock status")
        .exit(0)
        .says(&["nobody works on"]);
    hint(&ann, &said, "shows who works on the stack; then run", "ppm-infra apply").run().exit(0);
    follow(&ann, &said, "shows who works on the stack now", "ppm-infra lock status").exit(0).says(&["nobody works on"]);
    ben.run(&["plan", "--detailed-exitcode"]).exit(0);
}

#[test]
fn two_applies_at_once_and_one_of_them_works() {
    let emulator = start();
    let (ann, ben) = (machine(&emulator, "ann"), machine(&emulator, "ben"));
    let runs = [&ann, &ben].map(|desk| desk.start(&["apply", "--auto-approve"]));
    let mut said = runs.map(Running::end);
    said.sort_by_key(|said| said.code);
    let [won, lost] = said;
    won.exit(0);
    lost.exit(4).says(&["locked by", "who runs `ppm-infra apply`"]);
    ann.run(&["plan", "--detailed-exitcode"]).exit(0);
}

#[test]
fn a_state_moves_from_the_folder_into_the_bucket() {
    let emulator = start();
    let desk = machine(&emulator, "ann");
    let declared = desk.read("plans/reference.yaml");
    desk.write("plans/reference.yaml", &declared.replace(STATE, ""));
    desk.run(&["apply", "--auto-approve"]).exit(0);
    let told = desk.run(&["state", "migrate"]).exit(64).says(&["names no bucket"]);
    desk.write("plans/reference.yaml", &declared);
    desk.run(&["state", "migrate"]).exit(0).says(&["as serial"]);
    desk.run(&["plan", "--detailed-exitcode"]).exit(0);
    assert!(!desk.path("state/ppm-prod.lock.json").exists());
    desk.run(&["state", "migrate"]).exit(64).says(&["there is no"]);
    // And back.
    hint(&desk, &told, "to come back from a bucket", "ppm-infra state pull").with("FILE", "kept.json").run().exit(0);
    desk.write("plans/reference.yaml", &declared.replace(STATE, ""));
    hint(&desk, &told, "to come back from a bucket", "ppm-infra state push").with("FILE", "kept.json").run().exit(0);
    assert!(desk.path("state/ppm-prod.lock.json").exists());
    desk.run(&["plan", "--detailed-exitcode"]).exit(0);
}

#[test]
fn a_bucket_that_is_not_there_is_said_so() {
    let emulator = Emulator::start(0);
    machine(&emulator, "ann").run(&["plan"]).exit(78).says(&["NoSuchBucket", "make the bucket of the state first"]);
}

#[tokio::test]
async fn a_damaged_state_in_a_bucket_goes_on_from_an_earlier_one() {
    let emulator = with_bucket().await;
    let desk = machine(&emulator, "ann");
    desk.run(&["apply", "--auto-approve"]).exit(0);
    desk.run(&["apply", "--auto-approve", "--replace", "addon.coredns"]).exit(0);
    let s3 = emulator.clients().await.s3;
    let broken = s3.put_object().bucket("acme-ppm-state").key("team/ppm-prod.state.json");
    broken.body(b"{".to_vec().into()).send().await.unwrap();
    let said = desk.run(&["plan"]).exit(78);
    let told = follow(&desk, &said, "nothing was changed; `ppm-infra state history", "ppm-infra state history").exit(0);
    let newest = told.stdout.lines().rfind(|line| line.parse::<u64>().is_ok()).unwrap_or_else(|| panic!("{told}"));
    let back = hint(&desk, &said, "nothing was changed; `ppm-infra state history", "ppm-infra state restore");
    back.with("SERIAL", newest).run().exit(0);
    desk.run(&["apply", "--auto-approve"]).exit(0);
    desk.run(&["plan", "--detailed-exitcode"]).exit(0);
}
