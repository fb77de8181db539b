//! Commands ask for the records they need and for no others.

use std::collections::BTreeSet;
use std::path::Path;

use ppm_infra::engine::state::State;
use ppm_infra::model::address::Address;
use ppm_infra::model::reference::references;
use ppm_infra::resources::catalog;
use ppm_infra::store::{lockfile, read_lockfile};
use serde_json::json;

use super::standing;
use crate::support::binary::Desk;

const LOCKFILE: &str = "state/ppm-prod.lock.json";

/// What each command needs, by what is declared under `package_manager`.
const NEEDS: [(&str, &[&str], &[&str]); 10] = [
    ("", &["secrets"], &["secret.database", "secret.encryption-key"]),
    ("", &["secrets", "--with-database-job"], &["database.main", "secret.database", "secret.encryption-key"]),
    ("", &["secrets", "rotate", "database", "--auto-approve"], &["database.main", "secret.database"]),
    (
        "secrets: external_secrets",
        &["secrets"],
        &["iam_role.secrets-reader", "secret.database", "secret.encryption-key"],
    ),
    ("secrets: csi", &["secrets"], &["secret.database", "secret.encryption-key"]),
    ("", &["kubeconfig", "-o", "-"], &["cluster.main"]),
    ("", &["offline-checklist"], &[]),
    ("", &["output"], &[]),
    ("", &["output", "region"], &[]),
    (
        "",
        &["values"],
        &[
            "bucket.packages",
            "cluster.main",
            "database.main",
            "iam_role.package-manager",
            "load_balancer.main",
            "node_group.main",
            "secret.database",
            "secret.encryption-key",
        ],
    ),
];

fn read(desk: &Desk) -> State {
    read_lockfile(Path::new(LOCKFILE), &desk.read(LOCKFILE), &catalog()).unwrap()
}

/// The state without these records, and without what points at them.
fn without(state: &State, gone: impl Fn(&Address) -> bool) -> State {
    let mut state = state.clone();
    let mut gone: BTreeSet<Address> = state.resources.keys().filter(|address| gone(address)).cloned().collect();
    while !gone.is_empty() {
        state.resources.retain(|address, _| !gone.contains(address));
        let dangling = state.resources.iter().filter(|(_, recorded)| {
            references(&recorded.declared).iter().any(|target| !state.resources.contains_key(target))
        });
        gone = dangling.map(|(address, _)| address.clone()).collect();
    }
    state
}

/// These records, and what they point at.
fn with_what_they_point_at(state: &State, wanted: &[&str]) -> BTreeSet<Address> {
    let mut kept = BTreeSet::new();
    let mut next: Vec<Address> = wanted.iter().map(|address| address.parse().unwrap()).collect();
    while let Some(address) = next.pop() {
        next.extend(references(&state.resources[&address].declared));
        kept.insert(address);
    }
    kept
}

#[test]
fn every_command_works_with_the_records_it_needs_alone() {
    for (declared, command, needs) in NEEDS {
        let desk = standing(&format!("package_manager: {{{declared}}}"));
        let whole = read(&desk);
        let kept = with_what_they_point_at(&whole, needs);
        let least = without(&whole, |address| !kept.contains(address));
        assert!(least.resources.len() < whole.resources.len() / 2 || needs.len() > 3, "{command:?} needs few");
        desk.write(LOCKFILE, &lockfile(&least));
        desk.run(command).exit(0);
    }
}

#[test]
fn what_is_missing_is_named_and_nothing_else() {
    for (declared, command, needs) in NEEDS {
        let desk = standing(&format!("package_manager: {{{declared}}}"));
        let whole = read(&desk);
        for needed in needs {
            let left = without(&whole, |address| address.to_string() == **needed);
            desk.write(LOCKFILE, &lockfile(&left));
            let said = desk.run(command).exit(1).says(&["does not stand yet", "hint: run apply first"]);
            let error = said.stderr.lines().next().unwrap();
            for address in whole.resources.keys() {
                let is_missing = needs.contains(&address.to_string().as_str()) && !left.resources.contains_key(address);
                assert_eq!(error.contains(&address.to_string()), is_missing, "{command:?} without {needed}: {address}");
            }
        }
    }
}

/// The record of the nodes is lost, as when their making was cut off: it is asked for by nobody but the values.
#[test]
fn without_nodes_the_password_is_exchanged_all_the_same() {
    let desk = standing("");
    desk.write(LOCKFILE, &lockfile(&without(&read(&desk), |address| address.kind.as_str() == "node_group")));
    let first = desk.run(&["secrets"]).exit(0).stdout;
    desk.run(&["secrets", "rotate", "database", "--auto-approve"]).exit(0).says(&["takes a new password"]);
    assert_ne!(desk.run(&["secrets"]).exit(0).stdout, first);
    desk.run(&["kubeconfig", "-o", "-"]).exit(0);
    desk.run(&["values"]).exit(1).says(&["there are no Helm values yet: node_group.main does not stand yet"]);
    // What the hint says helps.
    desk.run(&["apply", "--auto-approve"]).exit(0);
    desk.run(&["values"]).exit(0);
}

#[test]
fn status_tells_what_is_recorded_and_says_of_the_rest_that_it_was_not_made() {
    let desk = standing("");
    let whole = read(&desk);
    for (kind, part) in [
        ("node_group", "node_group"),
        ("database", "database"),
        ("cluster", "cluster"),
        ("load_balancer", "load_balancer"),
        ("target_group", "targets"),
    ] {
        desk.write(LOCKFILE, &lockfile(&without(&whole, |address| address.kind.as_str() == kind)));
        let told = desk.run(&["status", "--json"]).json().pop().unwrap();
        assert_eq!(told[part], json!({"not_made": true}), "{kind}: {told}");
    }
    let least = without(&whole, |address| address.to_string() != "kms_key.main");
    desk.write(LOCKFILE, &lockfile(&least));
    let told = desk.run(&["status", "--json"]).json().pop().unwrap();
    assert_eq!((&told["serves"], &told["cluster"]), (&json!(false), &json!({"not_made": true})), "{told}");
}
