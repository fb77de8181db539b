//! An older lockfile takes the place of a newer one: what was made since, and nobody declares any more, is removed by the
//! next apply. No object is left that no record tells of.

use std::collections::BTreeSet;

use serde_json::Value;

use super::guided::edited;
use super::{APPLY, LOCKFILE, PLAN, ids};
use crate::support::binary::Desk;
use crate::support::fixture::{desk, text};

const NONE: usize = 0;
const ONE_GATEWAY: usize = 3;
const ANOTHER_ADMIN: usize = 8;

fn declare(desk: &Desk, edit: usize) {
    desk.write("plans/reference.yaml", &edited(&text("whole", "reference.yaml"), edit));
}

/// Puts the lockfile before the last write in force, as somebody types it.
type Back = fn(&Desk);

fn by_restore(desk: &Desk) {
    let serials = desk.run(&["state", "history"]).exit(0).stdout;
    let before = serials.lines().next().unwrap_or_default().to_owned();
    desk.run(&["state", "restore", &before]).exit(0).says(&["It did not know ", "goes on"]);
}

fn by_push(desk: &Desk) {
    desk.run(&["state", "push", "before.json"]).exit(78).says(&["it is older"]);
    desk.run(&["state", "push", "before.json", "--force"]).exit(0).says(&["It did not know ", "goes on"]);
}

/// Applies the first declaration and then the second, puts the lockfile between in force and declares the first again:
/// what the second brought goes.
fn take_back(first: usize, second: usize, brought: &[&str], back: Back) {
    let desk = desk("whole");
    declare(&desk, first);
    desk.run(&APPLY).exit(0);
    let (before, there) = (desk.run(&["state", "pull"]).exit(0).stdout, ids(&desk));
    desk.write("before.json", &before);
    declare(&desk, second);
    desk.run(&APPLY).exit(0);
    let more: BTreeSet<String> = ids(&desk).difference(&there).map(|(kind, _)| kind.clone()).collect();
    assert_eq!(more.iter().map(String::as_str).collect::<Vec<_>>(), brought);
    back(&desk);
    declare(&desk, first);
    desk.run(&PLAN).exit(2);
    desk.run(&APPLY).exit(0);
    let kinds = |all: &BTreeSet<(String, String)>| all.iter().map(|(kind, _)| kind.clone()).collect::<Vec<_>>();
    assert_eq!(kinds(&ids(&desk)), kinds(&there), "what the second declaration brought is gone");
    let lockfile: Value = serde_json::from_str(&desk.read(LOCKFILE)).unwrap();
    assert_eq!(lockfile["resources"].as_object().unwrap().len(), there.len(), "everything there is recorded");
    desk.run(&PLAN).exit(0);
}

#[test]
fn somebody_let_in_since_is_put_out_again() {
    take_back(NONE, ANOTHER_ADMIN, &["access_entry"], by_restore);
    take_back(NONE, ANOTHER_ADMIN, &["access_entry"], by_push);
}

#[test]
fn gateways_made_since_go_with_their_addresses() {
    take_back(ONE_GATEWAY, NONE, &["elastic_ip", "nat_gateway"], by_restore);
    take_back(ONE_GATEWAY, NONE, &["elastic_ip", "nat_gateway"], by_push);
}
