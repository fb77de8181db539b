//! Records that were edited, moved, restored, doubled: what stands at an address that stays is never deleted at another,
//! and every command that is named in what was said leads on. Through the program itself, over the simulated cloud.

#[cfg(feature = "aws")]
mod emulator;
mod guided;
mod left;
mod restored;

use std::collections::BTreeSet;

use ppm_infra::model::document::{canonical, digest};
use serde_json::{Value, json};

use crate::support::binary::{Desk, Said};
use crate::support::fixture::desk;

const LOCKFILE: &str = "state/ppm-prod.lock.json";
const APPLY: [&str; 2] = ["apply", "--auto-approve"];
const PLAN: [&str; 2] = ["plan", "--detailed-exitcode"];

/// The reference stack, applied.
fn standing() -> Desk {
    let desk = desk("whole");
    desk.run(&APPLY).exit(0);
    desk
}

/// Edits the lockfile and makes its digest fit, as an older program could have left it.
pub(crate) fn edit(desk: &Desk, change: impl FnOnce(&mut Value)) {
    let mut state: Value = serde_json::from_str(&desk.read(LOCKFILE)).unwrap();
    change(&mut state);
    state.as_object_mut().unwrap().remove("digest");
    state["digest"] = json!(digest(canonical(&state).as_bytes()));
    desk.write(LOCKFILE, &state.to_string());
}

/// Gives a record another name, and lets everything point there: what `state mv` did, wherever to.
fn rename(state: &mut Value, from: &str, to: &str) {
    let text = state["resources"].to_string().replace(&format!("\"{from}\""), &format!("\"{to}\""));
    let tag = |name: &str| format!("\"ppm-infra:address\":\"{name}\"");
    state["resources"] = serde_json::from_str(&text.replace(&tag(to), &tag(from))).unwrap();
}

/// The ids of everything there is, with its kind.
fn ids(desk: &Desk) -> BTreeSet<(String, String)> {
    let world: Value = serde_json::from_str(&desk.read("world.json")).unwrap();
    let objects = world["objects"].as_object().unwrap().values();
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let kind = |object: &Value| text(&object["mark"]["address"]).split('.').next().unwrap().to_owned();
    objects.map(|object| (kind(object), text(&object["computed"]["id"]))).collect()
}

fn moves(said: &Said) -> Vec<(String, String, String)> {
    let plan = said.json().remove(0);
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let moved = plan["moved"].as_array().unwrap().iter();
    moved.map(|one| (text(&one["from"]), text(&one["to"]), text(&one["how"]))).collect()
}

#[test]
fn what_is_recorded_under_another_name_is_moved_and_never_deleted() {
    let others = [
        ("secret.encryption-key", "secret.key2"),
        ("secret.database", "secret.login"),
        ("vpc.main", "vpc.old"),
        ("subnet.public-a", "subnet.public-z"),
        // The name of a zone's subnet says which zones are settled.
        ("subnet.private-a", "subnet.private-z"),
        ("elastic_ip.nat-b", "elastic_ip.spare"),
        ("kms_key.main", "kms_key.second"),
        ("bucket.packages", "bucket.other"),
        ("database.main", "database.old"),
        ("cluster.main", "cluster.old"),
        ("node_group.main", "node_group.old"),
        ("access_entry.creator", "access_entry.somebody"),
    ];
    let whole = standing();
    let before = ids(&whole);
    for (from, to) in others {
        let desk = standing();
        edit(&desk, |state| rename(state, from, to));
        let line = format!("{to} → {from}  moved, nothing done in AWS");
        desk.run(&PLAN).exit(0).says(&[&line, "No changes in AWS. Only the record follows."]);
        let told = desk.run(&["plan", "--json"]).exit(0);
        assert_eq!(moves(&told), [(to.to_owned(), from.to_owned(), "renamed".to_owned())]);
        assert_eq!(told.json()[0]["summary"]["delete"], 0, "{told}");
        desk.run(&APPLY).exit(0);
        assert_eq!(ids(&desk), before, "{from} as {to}");
        desk.run(&PLAN).exit(0).says(&["No changes. Everything is as declared."]);
    }
}

#[test]
fn destroying_what_is_recorded_under_another_name_keeps_the_same() {
    let desk = standing();
    edit(&desk, |state| rename(state, "secret.encryption-key", "secret.key2"));
    desk.run(&["destroy", "--auto-approve"]).exit(0);
    let left: BTreeSet<String> = ids(&desk).into_iter().map(|(kind, _)| kind).collect();
    assert!(left.contains("secret") && left.contains("database"), "the database needs its key: {left:?}");
    let secrets = ids(&desk).iter().filter(|(kind, _)| kind == "secret").count();
    assert_eq!(secrets, 2);
}

#[test]
fn a_record_is_moved_only_to_where_something_like_it_is_declared() {
    let desk = standing();
    let before = desk.files();
    let refused = |from: &str, to: &str, says: &[&str]| {
        desk.run(&["state", "mv", from, to]).says(says).says(&["nothing was changed"]);
        assert_eq!(desk.files(), before, "{from} to {to}");
    };
    refused("secret.encryption-key", "secret.key2", &["secret.key2 is not declared", "secret.encryption-key"]);
    refused("vpc.main", "vpc.old", &["vpc.old is not declared"]);
    refused("subnet.private-a", "subnet.private-z", &["subnet.private-z is not declared"]);
    refused("vpc.main", "subnet.main", &["vpc.main cannot become a subnet"]);
    refused("secret.database", "secret.encryption-key", &["secret.encryption-key is taken"]);
}

#[test]
fn what_the_next_plan_makes_of_a_moved_record_is_said_and_true() {
    let desk = standing();
    let before = ids(&desk);
    // What an older program moved to where nothing is declared comes back.
    edit(&desk, |state| rename(state, "secret.encryption-key", "secret.key2"));
    desk.run(&["state", "mv", "secret.key2", "secret.encryption-key"]).exit(0).says(&["the next plan changes nothing"]);
    desk.run(&PLAN).exit(0).says(&["No changes. Everything is as declared."]);
    // Where both are declared, it is what it is.
    desk.run(&["state", "rm", "subnet.public-b"]).exit(1).says(&["is needed by"]);
    for address in ["access_entry.creator", "addon.coredns"] {
        desk.run(&["state", "rm", address]).exit(0).says(&["the next plan finds it"]);
    }
    desk.run(&["state", "mv", "addon.vpc-cni", "addon.coredns"])
        .exit(0)
        .says(&["it is what is declared at addon.vpc-cni", "moves the record back"]);
    desk.run(&PLAN).exit(0).says(&["addon.coredns → addon.vpc-cni  moved"]);
    desk.run(&APPLY).exit(0);
    desk.run(&PLAN).exit(0).says(&["No changes. Everything is as declared."]);
    assert_eq!(ids(&desk), before);
}

#[test]
fn one_object_under_two_records_is_told_and_the_way_out_works() {
    for (from, to) in [("vpc.main", "vpc.old"), ("secret.encryption-key", "secret.key2")] {
        let desk = standing();
        let before = ids(&desk);
        edit(&desk, |state| state["resources"][to] = state["resources"][from].clone());
        for command in [&["plan"][..], &APPLY, &["drift"], &["state", "list"], &["destroy", "--auto-approve"]] {
            desk.run(command).exit(78).says(&[from, to, "have the same id", "ppm-infra recover"]);
        }
        desk.run(&["recover", "--auto-approve"]).exit(0);
        desk.run(&PLAN).exit(0);
        assert_eq!(ids(&desk), before);
    }
}
