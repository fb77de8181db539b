//! Whether the stack serves, as typed by people: in a rehearsal, and against the emulator.

#[cfg(feature = "aws")]
mod emulator;

use serde_json::{Value, json};

use crate::support::binary::Desk;

/// A rehearsal stack that stands.
fn standing(lines: &str) -> Desk {
    let desk = Desk::simulated();
    desk.declare_with(lines);
    desk.run(&["apply", "--auto-approve"]).exit(0);
    desk
}

/// Changes what the rehearsal cloud tells of health.
fn tell(desk: &Desk, edit: impl FnOnce(&mut Value)) {
    let mut world: Value = serde_json::from_str(&desk.read("world.json")).unwrap();
    if world["health"].is_null() {
        world["health"] = json!({});
    }
    edit(&mut world["health"]);
    desk.write("world.json", &world.to_string());
}

fn answering(desk: &Desk) {
    let group = desk.run(&["output", "target_group_arn"]).exit(0).stdout.trim().to_owned();
    let healthy = |id: &str| json!({"id": id, "port": 30042, "state": "healthy", "reason": null, "description": null});
    tell(desk, |health| health["targets"] = json!({ group: [healthy("i-1"), healthy("i-2")] }));
}

#[test]
fn before_anything_stands_there_is_nothing_to_look_at() {
    let desk = Desk::simulated();
    desk.declare(&[]);
    desk.run(&["status"]).exit(1).says(&["nothing of ppm-prod stands yet", "ppm-infra apply plans/reference.yaml"]);
    desk.run(&["status", "plans/none.yaml"]).exit(65);
    let told = desk.run(&["--json", "status"]).exit(1).json();
    assert_eq!(told[0]["error"]["exit"], 1);
}

#[test]
fn it_does_not_serve_until_pods_answer_and_nothing_is_written() {
    let desk = standing("");
    let before = desk.files();
    let said = desk.run(&["status"]).exit(1);
    said.says(&[
        "0 of 3 healthy",
        "error: none of 3 targets is healthy",
        "hint: is the chart installed?",
        "Does not serve. 1 error",
    ]);
    assert_eq!(desk.files(), before, "no file is written");

    answering(&desk);
    let said = desk.run(&["status"]).exit(0).says(&["2 of 2 healthy", "Serves."]);
    assert!(!said.stdout.contains('\u{1b}'), "no colour in a pipe: {said}");
    let told = desk.run(&["--json", "status"]).exit(0).json().pop().unwrap();
    assert_eq!((&told["command"], &told["serves"]), (&json!("status"), &json!(true)));
    assert_eq!(told["chart"]["values_for"], told["chart"]["declared"]);
    assert_eq!(told["cluster"]["there"]["status"], "ACTIVE");
}

#[test]
fn the_certificate_counts() {
    let desk = standing("");
    answering(&desk);
    let arn = "arn:aws:acm:us-east-1:123456789012:certificate/11111111-2222-3333-4444-555555555555";
    let certificate = |status: &str, expires: &str, name: &str| {
        json!({ arn: {"status": status, "origin": "IMPORTED", "names": [name], "expires": expires, "is_renewed": false,
            "renewal": null, "validated_by": null} })
    };
    for (status, expires, name, code, said) in [
        ("ISSUED", "9999-01-01T00:00:00Z", "packages.example.com", 0, "imported, never renewed by ACM"),
        ("ISSUED", "9999-01-01T00:00:00Z", "*.example.com", 0, "*.example.com"),
        ("ISSUED", "9999-01-01T00:00:00Z", "r.example.org", 0, "warning: the certificate is for r.example.org"),
        (
            "ISSUED",
            "2020-01-01T00:00:00Z",
            "packages.example.com",
            1,
            "error: the certificate is expired since 2020-01-01",
        ),
        ("REVOKED", "9999-01-01T00:00:00Z", "packages.example.com", 1, "error: the certificate is REVOKED"),
    ] {
        tell(&desk, |health| health["certificates"] = certificate(status, expires, name));
        desk.run(&["status"]).exit(code).says(&[said]);
    }
}

#[test]
fn what_is_somebody_elses_is_said_to_be() {
    let desk = Desk::simulated();
    desk.declare(&[("load_balancer:\n", "load_balancer:\n  targets: ingress\n")]);
    desk.run(&["apply", "--auto-approve"]).exit(0);
    let said = desk.run(&["status"]).exit(0);
    said.says(&[
        "cannot be seen from here; `kubectl -n ppm get ingress ppm` shows it",
        "Nothing seen from here is wrong",
    ]);
}

#[test]
fn pods_as_targets_are_none_before_they_are_installed() {
    let desk = Desk::simulated();
    desk.declare(&[("load_balancer:\n", "load_balancer:\n  targets: target_group_binding\n")]);
    desk.run(&["apply", "--auto-approve"]).exit(0).says(&["ppm-infra status plans/reference.yaml"]);
    desk.run(&["status"]).exit(1).says(&["none registered", "no pod has asked to be one", "get targetgroupbindings"]);
}

#[test]
fn an_older_chart_is_told_with_its_end() {
    let desk = standing("package_manager: {chart_version: 0.5.43}");
    answering(&desk);
    desk.run(&["status"]).exit(0).says(&[
        "Package Manager 2024.11.0, supported by Posit until 2026-05-31",
        "the publication of the image rstudio/rstudio-package-manager end",
    ]);
}
