//! What is declared and was not applied yet is told apart from what somebody moved, and counts as no drift.

use serde_json::{Value, json};

use super::{DECLARED, meddle, standing};
use crate::support::binary::Desk;
use crate::support::hint::follow;

/// What is told to be declared and not applied: what an apply does, and with which fields.
fn pending(desk: &Desk, code: i32) -> Value {
    desk.run(&["drift", "--json"]).exit(code).json().remove(0)["pending"].take()
}

#[test]
fn a_declaration_that_was_changed_is_pending_and_no_drift() {
    let desk = standing(DECLARED);
    assert_eq!(pending(&desk, 0), json!([]));
    desk.write("plans/prod.yaml", &DECLARED.replace("backup_days: 11", "backup_days: 12"));
    let said = desk.run(&["drift"]).exit(0);
    let said = said.says(&[
        "Declared, and not applied yet",
        "database.main  is declared otherwise",
        "backup_days",
        "In sync.",
    ]);
    follow(&desk, &said, "shows what was not applied yet", "ppm-infra plan").exit(0).says(&["backup_days"]);
    let report = desk.run(&["drift", "--json"]).exit(0).json().remove(0);
    let finding = report["findings"].as_array().unwrap().iter().find(|one| one["id"] == "drift.pending").unwrap();
    assert_eq!((&finding["address"], &finding["severity"]), (&json!("database.main"), &json!("low")));
    assert_eq!((&report["summary"]["pending"], &report["summary"]["in_sync"]), (&json!(1), &json!(true)));
    desk.run(&["apply", "--auto-approve"]).exit(0);
    assert_eq!(pending(&desk, 0), json!([]));
}

#[test]
fn of_one_object_what_was_moved_is_drift_and_what_was_declared_since_is_pending() {
    let desk = standing(DECLARED);
    meddle(&desk, "database.main", |database| database["backup_days"] = json!(3));
    assert_eq!(pending(&desk, 2), json!([]), "an apply puts it back, and that is drift alone");
    desk.write("plans/prod.yaml", &DECLARED.replace("storage_gib: 120", "storage_gib: 240"));
    let told = json!([{"address": "database.main", "apply": "update", "fields": ["storage_gib"]}]);
    assert_eq!(pending(&desk, 2), told);
    // Declared as it was found: nothing is left to do about it.
    desk.write("plans/prod.yaml", &DECLARED.replace("backup_days: 11", "backup_days: 3"));
    assert_eq!(pending(&desk, 2), json!([]));
}

#[test]
fn what_changes_because_something_else_is_gone_is_not_pending() {
    let desk = standing(DECLARED);
    let mut world: Value = serde_json::from_str(&desk.read("world.json")).unwrap();
    world["objects"].as_object_mut().unwrap().retain(|_, object| object["mark"]["address"] != "target_group.main");
    desk.write("world.json", &world.to_string());
    assert_eq!(pending(&desk, 2), json!([]), "listeners that lead to it are declared as they were");
    // Of what was looked at alone, and of the rest nothing.
    desk.write("plans/prod.yaml", &DECLARED.replace("backup_days: 11", "backup_days: 12"));
    let told = |only: &str, code: i32| {
        desk.run(&["drift", "--json", "--only", only]).exit(code).json().remove(0)["pending"].as_array().unwrap().len()
    };
    assert_eq!((told("load_balancer.main", 0), told("database.main", 0)), (0, 1));
}

#[test]
fn what_is_to_be_made_or_removed_is_pending_as_well() {
    let admin = "kubernetes:\n  admins: [\"arn:aws:iam::123456789012:role/ops\"]\n";
    let with_admin = DECLARED.replace("kubernetes:\n", admin);
    let desk = standing(DECLARED);
    desk.write("plans/prod.yaml", &with_admin);
    let told = pending(&desk, 0);
    let told: Vec<(&str, &Value)> =
        told.as_array().unwrap().iter().map(|one| (one["apply"].as_str().unwrap(), &one["address"])).collect();
    assert!(told.len() == 1 && told[0].0 == "create", "{told:?}");
    let address = told[0].1.clone();
    desk.run(&["apply", "--auto-approve"]).exit(0);
    desk.write("plans/prod.yaml", DECLARED);
    assert_eq!(pending(&desk, 0), json!([{"address": address, "apply": "delete", "fields": []}]));
    assert!(address.as_str().unwrap().starts_with("access_entry."), "{address}");
}
