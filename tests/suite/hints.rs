//! Every command that a text names is run where it is named, and does what the text says. What most of these tests stand
//! on: the reference stack in a rehearsal.

#[cfg(feature = "aws")]
mod account;
#[cfg(feature = "aws")]
mod aws;
#[cfg(feature = "aws")]
mod cluster;
mod front;
mod handoff;
mod health;
mod record;
mod run;
mod source;
mod tools;
mod typed;

use ppm_infra::model::document::{canonical, digest};
use serde_json::{Value, json};

use crate::support::binary::Desk;

const LOCKFILE: &str = "state/ppm-prod.lock.json";
const PLAN: [&str; 2] = ["plan", "--detailed-exitcode"];

/// The reference stack, applied.
fn standing() -> Desk {
    let desk = Desk::simulated();
    desk.declare(&[]);
    desk.run(&["apply", "--auto-approve"]).exit(0);
    desk
}

/// The id that is recorded at an address.
fn id(desk: &Desk, address: &str) -> String {
    let record: Value = serde_json::from_str(&desk.run(&["state", "show", address]).exit(0).stdout).unwrap();
    record["recorded"]["computed"]["id"].as_str().unwrap().to_owned()
}

/// Edits the lockfile and makes its digest fit, as an older program could have left it.
fn edit(desk: &Desk, change: impl FnOnce(&mut Value)) {
    let mut state: Value = serde_json::from_str(&desk.read(LOCKFILE)).unwrap();
    change(&mut state);
    state.as_object_mut().unwrap().remove("digest");
    state["digest"] = json!(digest(canonical(&state).as_bytes()));
    desk.write(LOCKFILE, &state.to_string());
}

/// Changes the object at `address`, or a copy of it under the number `copy`.
fn meddle(desk: &Desk, address: &str, copy: Option<u64>, change: impl FnOnce(&mut Value)) {
    let mut world: Value = serde_json::from_str(&desk.read("world.json")).unwrap();
    let objects = world["objects"].as_object_mut().unwrap();
    let number = objects.iter().find(|(_, object)| object["mark"]["address"] == address).unwrap().0.clone();
    let number = match copy {
        None => number,
        Some(copy) => {
            objects.insert(copy.to_string(), objects[&number].clone());
            copy.to_string()
        }
    };
    change(&mut objects[&number]);
    world["made"] = json!(1000);
    desk.write("world.json", &world.to_string());
}
