//! `drift fix`: what was recorded of the named objects is put back, and nothing else; killed anywhere, the next run goes on.

use std::collections::BTreeSet;

use ppm_infra::engine::Request;
use ppm_infra::model::address::Address;
use ppm_infra::resources;
use serde_json::{Value, json};

use super::{DECLARED, meddle, standing};
use crate::support::cut::{Life, MOMENTS};
use crate::support::lab::Lab;
use crate::support::random::{paused, sample};
use crate::support::reference::{Declared, reference};

#[test]
fn only_what_is_named_is_put_back() {
    let desk = standing(DECLARED);
    meddle(&desk, "database.main", |database| database["backup_days"] = json!(3));
    meddle(&desk, "load_balancer.main", |balancer| balancer["idle_timeout_seconds"] = json!(60));
    // Declared and not applied yet: not what is put back.
    desk.write(
        "plans/prod.yaml",
        &DECLARED.replace("storage_gib: 120", "storage_gib: 240").replace("backup_days: 11", "backup_days: 12"),
    );
    let before = desk.files();
    desk.run(&["drift", "fix", "database.main"]).exit(64).says(&["nobody can answer", "--auto-approve"]);
    assert_eq!(desk.files(), before);
    let said = desk.run(&["drift", "fix", "database.main", "--auto-approve"]).exit(0);
    said.says(&["backup_days", "as it was recorded"]);
    let world: Value = serde_json::from_str(&desk.read("world.json")).unwrap();
    let declared = |address: &str| {
        let objects = world["objects"].as_object().unwrap();
        objects.values().find(|object| object["mark"]["address"] == address).unwrap()["declared"].clone()
    };
    let database = declared("database.main");
    assert_eq!((&database["backup_days"], &database["storage_gib"]), (&json!(11), &json!(120)));
    assert_eq!(declared("load_balancer.main")["idle_timeout_seconds"], json!(60), "it was not named");
    let report = desk.run(&["drift", "--json"]).exit(2).json().remove(0);
    let drifted: Vec<&Value> = report["drift"].as_array().unwrap().iter().map(|one| &one["address"]).collect();
    assert_eq!(drifted, ["load_balancer.main"]);
    let pending = json!([{"address": "database.main", "apply": "update", "fields": ["backup_days", "storage_gib"]}]);
    assert_eq!(report["pending"], pending, "declared, and left to apply");
    desk.run(&["drift", "fix", "database.main", "--auto-approve"]).exit(0);
    desk.run(&["drift", "fix", "vpc.other"]).exit(64).says(&["not in the lockfile"]);
    desk.run(&["apply", "--auto-approve"]).exit(0);
    desk.run(&["drift"]).exit(0);
}

#[test]
fn what_would_change_more_is_refused_until_that_is_named_too() {
    let desk = standing(DECLARED);
    let mut world: Value = serde_json::from_str(&desk.read("world.json")).unwrap();
    world["objects"].as_object_mut().unwrap().retain(|_, object| object["mark"]["address"] != "target_group.main");
    desk.write("world.json", &world.to_string());
    let before = desk.files();
    let said = desk.run(&["drift", "fix", "target_group.main", "--auto-approve"]).exit(1);
    said.says(&["putting that back changes", "listener.https", "name those as well"]);
    assert_eq!(desk.files(), before);
    let all = ["target_group.main", "listener.https", "listener.http", "target_attachment.nodes"];
    desk.run(&[&["drift", "fix", "--auto-approve"], &all[..]].concat()).exit(0);
    desk.run(&["drift"]).exit(0);
    desk.run(&["plan", "--detailed-exitcode"]).exit(0);
}

#[test]
fn killed_while_it_runs_the_next_run_goes_on() {
    for next in [&["drift", "fix", "database.main", "--auto-approve"][..], &["apply", "--auto-approve"]] {
        let desk = standing(DECLARED);
        meddle(&desk, "database.main", |database| database["backup_days"] = json!(3));
        let mut running = desk.start(&["drift", "fix", "database.main", "--auto-approve", "--time-scale", "0.01"]);
        running.hear("database.main");
        desk.run(&["drift", "fix", "database.main", "--auto-approve"]).exit(4).says(&["locked by ann@", "drift fix"]);
        running.kill();
        desk.run(next).exit(0);
        desk.run(&["drift"]).exit(0);
        desk.run(&["plan", "--detailed-exitcode"]).exit(0);
    }
}

fn drifted(lab: &Lab) -> BTreeSet<Address> {
    let all: BTreeSet<Address> =
        ["database.main", "listener.http", "target_group.main"].map(|address| address.parse().unwrap()).into();
    lab.cloud.meddle(|world| {
        for object in world.objects.values_mut() {
            match object.mark.address.to_string().as_str() {
                "database.main" => object.declared.set("backup_days", json!(3)),
                "target_group.main" => object.declared.set("deregistration_seconds", json!(77)),
                _ => {}
            }
        }
        world.objects.retain(|_, object| object.mark.address.to_string() != "listener.http");
    });
    all
}

#[test]
fn killed_at_any_effect_the_next_fix_finishes() {
    let declared = Declared(reference());
    let stage = async || {
        let lab = Lab::with_files(&resources::catalog(), "ppm-prod");
        lab.finish(&declared, &Request::default()).await;
        let named = drifted(&lab);
        (lab, named)
    };
    let effects = paused().block_on(async {
        let (lab, named) = stage().await;
        let life = Life::whole();
        lab.live_and_fix(&life, &declared, &named).await.unwrap().unwrap();
        lab.assert_converged(&declared, &Request::default()).await;
        life.effects()
    });
    assert!(effects.len() > 5, "{effects:?}");
    let points: Vec<_> = (0..effects.len()).flat_map(|at| MOMENTS.map(|moment| (at, moment))).collect();
    for (at, moment) in sample(points) {
        paused().block_on(async {
            let (lab, named) = stage().await;
            if let Some(lived) = lab.live_and_fix(&Life::until(at, moment), &declared, &named).await {
                lived.unwrap();
            }
            let lived = lab.live_and_fix(&Life::whole(), &declared, &named).await.unwrap();
            assert!(lived.unwrap().report.is_complete(), "killed at {at}, {moment:?}");
            lab.assert_converged(&declared, &Request::default()).await;
            assert_eq!(lab.cloud.world().made, 46 + 1, "killed at {at}, {moment:?}: nothing is made twice");
        });
    }
}
