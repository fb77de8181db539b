//! Everything that is read from a file, made bad at random, bytes and structure: said to be wrong or taken, never a
//! panic. `PPM_INFRA_FUZZ_SECONDS=600` goes on for that long in each test.

use std::path::Path;

use ppm_infra::engine::plan::Plan;
use ppm_infra::stack::Stack;
use ppm_infra::store::Store;
use proptest::prelude::*;
use serde_json::Value;

use crate::support::binary::Desk;
use crate::support::fixture::{desk, shelf};
use crate::support::mutate::{any_smudge, any_twist, smudged, twisted};
use crate::support::random::fuzz;

fn plan_text(name: &str) -> String {
    std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("plans").join(name)).unwrap()
}

#[test]
fn declarations() {
    let full = plan_text("full.yaml");
    // Everything in it is commented; without the signs it is a declaration with every key.
    let open: String = full
        .lines()
        .map(|line| line.strip_prefix("# ").unwrap_or(line))
        .fold(String::new(), |text, line| text + line + "\n");
    let good = [plan_text("reference.yaml"), full, open];
    fuzz(
        400,
        || (0..3usize, prop::collection::vec(any_smudge(), 1..8)),
        |_, (which, smudges)| {
            let text = smudged(good[which].as_bytes(), &smudges);
            if let Err(error) = Stack::parse("fuzz.yaml", &String::from_utf8_lossy(&text)) {
                assert!(!error.to_string().is_empty());
            }
        },
    );
}

#[test]
fn lockfiles() {
    let (place, _) = shelf("whole");
    read_damaged(&place.path().join("ppm-prod.lock.json"), 100);
}

#[test]
fn journals() {
    let (place, _) = shelf("interrupted");
    read_damaged(&place.path().join("ppm-prod.journal"), 200);
}

fn read_damaged(path: &Path, cases: u32) {
    let good = std::fs::read(path).unwrap();
    let folder = path.parent().unwrap();
    fuzz(
        cases,
        || prop::collection::vec(any_smudge(), 1..6),
        |runtime, smudges| {
            std::fs::write(path, smudged(&good, &smudges)).unwrap();
            let mut store = ppm_infra::store::FileStore::new(folder, "ppm-prod", ppm_infra::resources::catalog());
            if let Err(error) = runtime.block_on(store.load()) {
                assert!(error.to_string().contains("ppm-prod."), "{error} names a file");
            }
        },
    );
}

/// A saved plan of an edit of many kinds.
fn saved() -> (Desk, Value) {
    let desk = desk("whole");
    desk.run(&["plan", "-o", "good.plan.json", "--replace", "node_group.main"]).exit(0);
    let saved = serde_json::from_str(&desk.read("good.plan.json")).unwrap();
    (desk, saved)
}

#[test]
fn saved_plans() {
    let (_desk, good) = saved();
    let text = good.to_string();
    fuzz(
        150,
        || (prop::collection::vec(any_twist(), 0..4), prop::collection::vec(any_smudge(), 0..3)),
        |_, (twists, smudges)| {
            let plan = twisted(&good["plan"], &twists);
            // Read or refused.
            let _ = serde_json::from_value::<Plan>(plan);
            let _ = serde_json::from_slice::<Plan>(&smudged(text.as_bytes(), &smudges));
        },
    );
}

/// A file of a plan either says what the good one says, and then that is done, or nothing is.
#[test]
fn saved_plans_in_the_hands_of_the_program() {
    let (desk, good) = saved();
    let world = desk.read("world.json");
    let lockfile = desk.read("state/ppm-prod.lock.json");
    desk.run(&["apply", "good.plan.json"]).exit(0);
    // What stands, with its ids. The world itself also knows the attempts, which are random.
    let done = desk.read("state/ppm-prod.lock.json");
    assert_ne!(lockfile, done);
    fuzz(
        12,
        || prop::collection::vec(any_twist(), 1..4),
        |_, twists| {
            desk.write("world.json", &world);
            desk.write("state/ppm-prod.lock.json", &lockfile);
            desk.write("bad.plan.json", &twisted(&good, &twists).to_string());
            let said = desk.run(&["apply", "bad.plan.json"]);
            assert!(!said.stderr.contains("panicked"), "{said}");
            let recorded = desk.read("state/ppm-prod.lock.json");
            if said.code == 0 {
                assert!(recorded == done, "something else was done: {said}");
            } else {
                assert!([1, 4, 64, 65].contains(&said.code) && said.stderr.contains("hint"), "{said}");
                assert!(
                    recorded == lockfile && desk.read("world.json") == world,
                    "refused, yet something was done: {said}"
                );
            }
        },
    );
}
