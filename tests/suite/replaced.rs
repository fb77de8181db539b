//! `--replace` of one object of every kind, on the emulator: what plan accepts, apply carries out.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::support::binary::Desk;
use crate::support::emulator::Emulator;

#[test]
fn what_plan_accepts_to_replace_apply_replaces() {
    let emulator = Emulator::start(0);
    let desk = Desk::at(&emulator.endpoint(), 0);
    desk.declare(&[]);
    desk.run(&["apply", "--auto-approve"]).exit(0);
    let lockfile: Value = serde_json::from_str(&desk.read("state/ppm-prod.lock.json")).unwrap();
    let addresses = lockfile["resources"].as_object().unwrap().keys();
    let one_of_each: BTreeMap<&str, &String> = addresses.map(|at| (at.split('.').next().unwrap(), at)).collect();
    assert!(one_of_each.len() > 20, "{one_of_each:?}");
    let mut wrong = Vec::new();
    for address in one_of_each.into_values() {
        let fork = emulator.fork();
        let copy = Desk::at(&fork.endpoint(), 0);
        for (path, bytes) in desk.files() {
            let name = path.strip_prefix(desk.path("")).unwrap().to_str().unwrap();
            copy.write(name, std::str::from_utf8(&bytes).unwrap());
        }
        let planned = copy.run(&["plan", "--replace", address]);
        let applied = copy.run(&["apply", "--auto-approve", "--replace", address]);
        if planned.code != applied.code || (planned.code == 0 && copy.run(&["plan", "--detailed-exitcode"]).code != 0) {
            wrong.push(format!("{address}: plan {}\napply {applied}", planned.code));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
}
