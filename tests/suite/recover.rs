//! What was lost is found: a lockfile that is gone or damaged, objects that nobody recorded, and one that somebody else
//! made. Through the program itself, over the simulated cloud.

#[cfg(feature = "aws")]
mod emulator;
#[cfg(feature = "aws")]
mod unmarked;

use serde_json::{Value, json};

use crate::support::binary::Desk;

const LOCKFILE: &str = "state/ppm-prod.lock.json";
const APPLY: [&str; 2] = ["apply", "--auto-approve"];
const PLAN: [&str; 2] = ["plan", "--detailed-exitcode"];
const RECOVER: [&str; 2] = ["recover", "--auto-approve"];
const DESTROY: [&str; 4] = ["destroy", "--auto-approve", "--delete-data", "database,bucket,key"];

/// The reference stack, applied.
fn standing() -> Desk {
    let desk = Desk::simulated();
    desk.declare(&[]);
    desk.run(&APPLY).exit(0);
    desk
}

fn world(desk: &Desk) -> Value {
    serde_json::from_str(&desk.read("world.json")).unwrap()
}

/// Changes the object at `address`, or a copy of it under the number `copy`.
pub(crate) fn meddle(desk: &Desk, address: &str, copy: Option<u64>, change: impl FnOnce(&mut Value)) {
    let mut world = world(desk);
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

/// The id that is recorded at an address.
pub(crate) fn id(desk: &Desk, address: &str) -> String {
    let record: Value = serde_json::from_str(&desk.run(&["state", "show", address]).exit(0).stdout).unwrap();
    record["recorded"]["computed"]["id"].as_str().unwrap().to_owned()
}

fn gone(desk: &Desk) {
    std::fs::remove_dir_all(desk.path("state")).unwrap();
}

/// An old address, and one that nobody declares.
fn lose_two(desk: &Desk) {
    meddle(desk, "elastic_ip.nat-a", Some(900), |old| {
        old["computed"]["id"] = json!("eipalloc-old");
        old["declared"]["tags"]["team"] = json!("before");
    });
    meddle(desk, "elastic_ip.nat-a", Some(901), |stray| {
        stray["computed"]["id"] = json!("eipalloc-stray");
        stray["mark"]["address"] = json!("elastic_ip.stray");
        stray["declared"]["tags"]["ppm-infra:address"] = json!("elastic_ip.stray");
    });
}

#[test]
fn a_lost_lockfile_is_made_again_and_nothing_is_left_to_do() {
    let desk = standing();
    let mut before: Value = serde_json::from_str(&desk.read(LOCKFILE)).unwrap();
    // What values were written for is known to nobody but the lockfile.
    assert!(before["outputs"].as_object_mut().unwrap().remove("values_for").is_some());
    gone(&desk);
    desk.run(&["recover"]).exit(64).says(&["46 of 46 objects declared", "nobody can answer here"]);
    assert!(!desk.path(LOCKFILE).exists(), "nothing is written unasked");
    desk.run(&RECOVER).exit(0).says(&["46 of 46 objects declared", "at serial 1", "ppm-infra plan"]);
    let after: Value = serde_json::from_str(&desk.read(LOCKFILE)).unwrap();
    for field in ["resources", "deposed", "outputs", "account", "declaration"] {
        assert_eq!(after[field], before[field], "{field}");
    }
    assert_ne!(after["lineage"], before["lineage"], "plans that were saved before are not for this one");
    desk.run(&PLAN).exit(0);
    desk.run(&DESTROY).exit(0);
}

#[test]
fn a_damaged_lockfile_is_kept_aside() {
    let desk = standing();
    for n in 1..=2 {
        desk.write(LOCKFILE, "{\"format\": 1,");
        desk.run(&PLAN).exit(78).says(&["is damaged", "ppm-infra recover"]);
        desk.run(&RECOVER).exit(0).says(&[&format!("Kept as {LOCKFILE}.damaged-{n}")]);
        assert_eq!(desk.read(&format!("{LOCKFILE}.damaged-{n}")), "{\"format\": 1,");
        desk.run(&PLAN).exit(0);
    }
}

#[test]
fn a_sound_lockfile_is_not_replaced_unless_that_is_asked_for() {
    let desk = standing();
    let before = desk.files();
    desk.run(&RECOVER).exit(1).says(&["is sound", "--force"]);
    assert_eq!(desk.files(), before, "nothing was changed");
    let sound = desk.read(LOCKFILE);
    desk.run(&["recover", "--force", "--auto-approve"]).exit(0);
    assert_eq!(desk.read(&format!("{LOCKFILE}.backup-1")), sound);
    desk.run(&PLAN).exit(0);
}

#[test]
fn where_nothing_stands_nothing_is_recovered() {
    let desk = Desk::simulated();
    desk.declare(&[]);
    desk.run(&RECOVER).exit(1).says(&["nothing carries the marks of ppm-prod"]);
    assert!(!desk.path(LOCKFILE).exists());
}

#[test]
fn old_and_undeclared_objects_are_found_and_go_with_the_next_apply() {
    let desk = standing();
    lose_two(&desk);
    gone(&desk);
    let told = ["eipalloc-old  is an old one", "elastic_ip.stray  eipalloc-stray  is not declared", "46 of 46 objects"];
    desk.run(&RECOVER).exit(0).says(&told);
    desk.run(&PLAN).exit(2).says(&["Plan: 2 to delete."]);
    desk.run(&APPLY).exit(0);
    desk.run(&PLAN).exit(0);
    assert_eq!(world(&desk)["objects"].as_object().unwrap().len(), 46);
}

#[test]
fn data_that_nobody_declares_is_told_and_not_recorded() {
    let desk = standing();
    meddle(&desk, "bucket.packages", Some(900), |stray| {
        stray["computed"]["id"] = json!("ppm-prod-old");
        stray["mark"]["address"] = json!("bucket.old");
    });
    gone(&desk);
    desk.run(&RECOVER).exit(0).says(&["bucket.old  ppm-prod-old  holds data and is not recorded"]);
    desk.run(&PLAN).exit(0);
}

#[test]
fn after_destroy_nothing_is_left_or_it_is_told() {
    let desk = standing();
    lose_two(&desk);
    let told = ["2 objects are left with the marks of ppm-prod", "eipalloc-old", "eipalloc-stray", "recover --force"];
    let said = desk.run(&[&DESTROY[..], &["--json"]].concat()).exit(1).says(&told);
    let last = said.json().pop().unwrap();
    assert_eq!(last["left"].as_array().unwrap().len(), 2, "{last}");
    let told = ["1 of 46 objects declared", "elastic_ip.stray  eipalloc-stray  is not declared"];
    desk.run(&["recover", "--force", "--auto-approve"]).exit(0).says(&told);
    desk.run(&DESTROY).exit(0).says(&["found 0 objects of ppm-prod left"]);
    assert_eq!(world(&desk)["objects"], json!({}));
}

/// Makes an object of the stack one of nobody's, which nothing records.
fn let_go(desk: &Desk, address: &str) -> String {
    let id = id(desk, address);
    desk.run(&["state", "rm", address]).exit(0);
    meddle(desk, address, None, |object| {
        object["mark"]["stack"] = json!("nobody");
        for tag in ["ppm-infra:stack", "ppm-infra:address", "Name"] {
            object["declared"]["tags"].as_object_mut().unwrap().remove(tag);
        }
    });
    id
}

#[test]
fn an_object_of_nobodys_is_taken_over_as_it_is() {
    let desk = standing();
    let id = let_go(&desk, "listener.https");
    meddle_port(&desk, &id);
    // What it points at was moved as well: that is the next plan's business.
    meddle(&desk, "load_balancer.main", None, |balancer| balancer["declared"]["idle_timeout_seconds"] = json!(77));
    desk.run(&PLAN).exit(2).says(&["1 to create"]);
    let before = desk.files();
    desk.run(&["adopt", "listener.https", &id]).exit(64).says(&["tags", "nobody can answer here"]);
    assert_eq!(desk.files(), before, "it asks before it changes anything");
    desk.run(&["adopt", "listener.https", &id, "--auto-approve"]).exit(0).says(&["from now on"]);
    let policy = "ssl_policy";
    let there = world(&desk);
    let there = there["objects"].as_object().unwrap().values().find(|object| object["computed"]["id"] == id.as_str());
    let there = there.unwrap();
    assert_eq!(there["declared"]["tags"]["ppm-infra:stack"], "ppm-prod");
    assert_eq!(there["declared"][policy], "somebody-elses", "nothing but its tags was changed");
    desk.run(&PLAN).exit(2).says(&["2 to update", policy, "idle_timeout_seconds"]);
    desk.run(&APPLY).exit(0);
    desk.run(&PLAN).exit(0);
}

fn meddle_port(desk: &Desk, id: &str) {
    meddle(desk, "listener.https", None, |object| {
        assert_eq!(object["computed"]["id"], id);
        object["declared"]["ssl_policy"] = json!("somebody-elses");
    });
}

#[test]
fn what_is_not_free_or_does_not_fit_is_not_taken_over() {
    let desk = standing();
    let vpc = id(&desk, "vpc.main");
    let id = let_go(&desk, "listener.https");
    let adopt = |address: &str, id: &str| desk.run(&["adopt", address, id, "--auto-approve"]);
    adopt("vpc.other", &vpc).exit(64).says(&["vpc.other is not declared"]);
    adopt("vpc.main", "vpc-2").exit(1).says(&["vpc.main is recorded already"]);
    adopt("listener.https", &vpc).exit(1).says(&["there is no listener"]);
    meddle(&desk, "listener.https", None, |object| {
        object["declared"]["tags"]["ppm-infra:stack"] = json!("ppm-test");
        object["declared"]["tags"]["ppm-infra:address"] = json!("listener.https");
    });
    adopt("listener.https", &id).exit(1).says(&["is not free", "listener.https of stack ppm-test"]);
    meddle(&desk, "listener.https", None, |object| {
        object["declared"]["tags"].as_object_mut().unwrap().remove("ppm-infra:stack");
        object["declared"]["load_balancer"]["$id"] = json!("arn:of-another");
    });
    let before = desk.files();
    adopt("listener.https", &id).exit(1).says(&["cannot become listener.https", "load_balancer"]);
    assert_eq!(desk.files(), before, "nothing was changed");
}
