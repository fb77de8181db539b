//! Versions that end: the defaults have months left, and whoever declares one that ended is told at once.

use jiff::tz::TimeZone;
use ppm_infra::model::support::{DEFAULT_DAYS, MENTIONED_DAYS, Phase, Product};
use ppm_infra::run::Host;

use crate::support::binary::Desk;
use crate::support::reference::reference;

/// Fails by the calendar, and is meant to: months before people would start with a version that AWS is about to end.
#[test]
fn the_default_versions_have_months_of_support_left() {
    let stack = reference();
    let today = Host::system().now().to_zoned(TimeZone::UTC).date();
    for (product, key, number) in [
        (Product::Kubernetes, "kubernetes.version", stack.kubernetes().version.declared().minor()),
        (Product::PostgreSql, "database.engine_version", stack.database.engine_version.declared().major()),
    ] {
        let release = product.release(number).expect("the default is in the table");
        let Phase::Standard(Some(left)) = release.lifetime.phase(today) else {
            panic!("standard support of the default, {} {}, is over", product.name(), release.version)
        };
        assert!(
            left >= DEFAULT_DAYS,
            "{name} {version}, the default, has {left} days of standard support left, and a default is to have \
             {DEFAULT_DAYS}. To do: compare src/model/support/calendar.txt with AWS's release calendar (it names it), set \
             the newer default of `{key}` in src/stack/keys/table.rs, add the version to tests/emulator/strict, \
             `make schema`, README",
            name = product.name(),
            version = release.version,
        );
    }
    const { assert!(DEFAULT_DAYS > MENTIONED_DAYS, "nobody starts with a version that is mentioned at once") };
}

/// The ends are past for good, so that no day changes what is said.
const ENDED: [(&str, &str, &str); 2] = [
    (
        "kubernetes:\n  version: \"1.30\"",
        "kubernetes.version: all support of Kubernetes 1.30 ended on 2026-07-23",
        "12",
    ),
    ("database:\n  engine_version: \"13\"", "database.engine_version: standard support of PostgreSQL 13 ended", "19"),
];

#[test]
fn an_ended_version_is_said_by_validate_and_refused_by_plan() {
    for (lines, said, column) in ENDED {
        let desk = Desk::simulated();
        desk.declare_with(lines);
        let lines = desk.read("plans/reference.yaml").lines().count();
        let place = format!("plans/reference.yaml:{lines}:{column}");
        let warning = format!("warning: {said}");
        desk.run(&["validate"]).exit(0).says(&[&warning, &place, "is valid"]);
        let told = desk.run(&["validate", "--json"]).exit(0).json().remove(0);
        let findings = told["checks"].as_array().unwrap().iter().filter(|check| check["result"] == "warn");
        assert_eq!(findings.count(), 1, "{told}");
        let error = format!("error: {said}");
        desk.run(&["plan"]).exit(1).says(&[&error, &place, "newest is"]);
        desk.run(&["apply", "--auto-approve"]).exit(1).says(&["1 check failed", "nothing was changed"]);
        assert!(!desk.path("state/ppm-prod.lock.json").exists());
        desk.run(&["plan", "--destroy"]).exit(0);
    }
}

#[test]
fn init_says_what_is_about_to_end_in_what_it_writes() {
    let desk = Desk::simulated();
    let common = ["init", "plans/new.yaml", "--set", "stack=ppm-new", "--set", "region=us-east-1"];
    let ended = [&common[..], &["--set", "kubernetes.version=1.29"]].concat();
    let said = ["warning: kubernetes.version: all support of Kubernetes 1.29 ended on 2026-03-23", "plans/new.yaml:"];
    desk.run(&ended).exit(0).says(&said).says(&["Wrote plans/new.yaml"]);
    let desk = Desk::simulated();
    let quiet = desk.run(&common).exit(0);
    assert!(!quiet.stderr.contains("warning"), "{quiet}");
}

/// What was made for money can be told and taken away when it is paid for no longer.
#[test]
fn what_stands_with_an_ended_version_is_shown_and_destroyed() {
    let desk = Desk::simulated();
    desk.declare_with("database:\n  engine_version: \"12\"\n  extended_support: true");
    desk.run(&["apply", "--auto-approve"]).exit(0);
    desk.declare_with("database:\n  engine_version: \"12\"");
    let warning = "warning: database.engine_version: standard support of PostgreSQL 12 ended on 2025-02-28";
    desk.run(&["plan"]).exit(0).says(&[warning, "RDS upgrades the database by itself"]);
    desk.declare(&[]);
    desk.run(&["plan"]).exit(0).says(&["database.engine_version: PostgreSQL stays at 12, for no version is declared"]);
    desk.run(&["destroy", "--delete-data", "database,bucket,key", "--auto-approve"]).exit(0);
}
