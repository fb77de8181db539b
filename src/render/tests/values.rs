//! The section of Helm values in plans and in reports of drift.

use super::*;
use crate::engine::values::{Basis, Edit, Edited, FileState, ValueDiff, ValuesPlan, ValuesRelease};
use crate::report::ValuesFile;

fn release(chart: &str, application: &str) -> ValuesRelease {
    ValuesRelease { chart: chart.to_owned(), application: Some(application.to_owned()) }
}

fn change(path: &str, before: Option<Shown>, after: Shown) -> ValueDiff {
    ValueDiff { path: path.to_owned(), before, after }
}

/// Values in which nothing changes.
fn same() -> ValuesPlan {
    ValuesPlan {
        file: "out/ppm-prod.values.yaml".to_owned(),
        basis: Basis::Recorded(41),
        from: Some(release("0.20.4", "2026.08.0")),
        to: release("0.20.4", "2026.08.0"),
        changes: Vec::new(),
        found: FileState::AsWritten,
        stops_all_pods: false,
        is_downgrade: false,
        outcome: String::new(),
    }
}

fn changed() -> ValuesPlan {
    let after = |value: Value| shown(&value);
    ValuesPlan {
        to: release("0.20.3", "2026.04.2"),
        changes: vec![
            change("config.Git.BuildRetries", Some(Shown::Nothing), after(json!("5"))),
            change("config.Git.PollInterval", None, after(json!("10m"))),
            change(
                "config.Postgres.URL",
                Some(after(json!("postgres://a"))),
                Shown::AfterApply(address("database.main")),
            ),
            change("config.Server.RVersion", Some(after(json!(["4.4"]))), after(json!(["4.4", "4.5"]))),
            change("image.tag", Some(after(json!("2026.08.0"))), Shown::Nothing),
            change("replicas", Some(after(json!(3))), after(json!(2))),
            change("strategy.type", Some(after(json!("RollingUpdate"))), after(json!("Recreate"))),
        ],
        stops_all_pods: true,
        is_downgrade: true,
        ..same()
    }
}

fn view<'a>(catalog: &'a Catalog, values: &'a ValuesPlan, verbose: bool) -> PlanView<'a> {
    PlanView {
        region: "us-east-1",
        account: "111122223333",
        catalog,
        goal: Goal::Converge,
        cost: None,
        file: "plans/prod.yaml",
        quoted_file: "plans/prod.yaml",
        text: "",
        origins: &ORIGINS,
        values: Some(values),
        verbose,
    }
}

fn page(values: &ValuesPlan, verbose: bool) -> String {
    plan_text(&planned(plan([])), &view(&catalog(), values, verbose)).to_string()
}

#[test]
fn every_key_that_changes_has_a_line() {
    let expected = "\
ppm-prod in us-east-1, account 111122223333

Helm values  out/ppm-prod.values.yaml, compared with what was written at serial 41
  ~ chart                    0.20.4 → 0.20.3  Package Manager 2026.08.0 → 2026.04.2
  + config.Git.BuildRetries  5
  ~ config.Git.PollInterval  another value → 10m
  ~ config.Postgres.URL      postgres://a → known after apply (the new database.main)
  ~ config.Server.RVersion   4.4 → 4.4, 4.5
  - image.tag                2026.08.0
  ~ replicas                 3 → 2
  ~ strategy.type            RollingUpdate → Recreate
  Downgrade: the database was migrated by the newer version, and no migration goes back.
  Recreate: all pods stop before new ones start, and nothing is served in between.

Plan: nothing in AWS. Values: 8 keys change.
";
    assert_eq!(page(&changed(), false), expected);
}

#[test]
fn where_nothing_changes_nothing_is_shown() {
    let expected = "ppm-prod in us-east-1, account 111122223333\n\nNo changes. Everything is as declared.\n";
    assert_eq!(page(&same(), false), expected);
    let missing = ValuesPlan { found: FileState::Missing, ..same() };
    assert_eq!(page(&missing, false), expected);
    let older = page(&ValuesPlan { found: FileState::Other(38), ..same() }, false);
    assert!(
        older.contains("is the file of serial 38; apply writes it anew") && older.contains("No changes."),
        "{older}"
    );
    let unknown = page(&ValuesPlan { basis: Basis::Unrecorded, found: FileState::Missing, ..same() }, false);
    assert!(unknown.contains("what was written last is not recorded") && unknown.contains("No changes."), "{unknown}");
}

#[test]
fn for_the_first_time_there_is_one_line_unless_all_is_asked_for() {
    let first =
        ValuesPlan { basis: Basis::Nothing, from: None, found: FileState::Missing, stops_all_pods: false, ..changed() };
    let short = page(&first, false);
    assert!(
        short.contains(
            "out/ppm-prod.values.yaml, for the first time\n  + chart  rstudio-pm 0.20.3, Package Manager 2026.04.2\n"
        ),
        "{short}"
    );
    assert!(!short.contains("replicas") && short.contains(" Values: written for the first time."), "{short}");
    assert!(page(&first, true).contains("replicas"));
}

#[test]
fn what_somebody_changed_is_told_by_its_keys() {
    let keys = vec![("pod.env[3].name".to_owned(), Edit::Added), ("replicas".to_owned(), Edit::Changed)];
    let edited = ValuesPlan { found: FileState::Edited(Edited { keys, unreadable: None }), ..same() };
    let told = page(&edited, false);
    assert!(
        told.contains("! out/ppm-prod.values.yaml was changed by hand: pod.env[3].name added, replicas changed"),
        "{told}"
    );
    assert!(told.contains("keeps it as out/ppm-prod.values.yaml.orig") && told.contains("Values: put back."), "{told}");
    let layout = ValuesPlan { found: FileState::Edited(Edited::default()), ..same() };
    assert!(page(&layout, false).contains("comments or layout, and no key"));

    let report = DriftReport { looked_at: 46, ..DriftReport::default() };
    let drift = |found: &FileState| {
        let (file, found) = ("out/ppm-prod.values.yaml".to_owned(), found.clone());
        let view = DriftView { values: Some(&ValuesFile { file, found, remedies: Vec::new() }), ..drift_view() };
        (drift_text(&report, &view).to_string(), drift_json(&report, &view))
    };
    let (text, told) = drift(&edited.found);
    let expected = "\
ppm-prod in us-east-1, account 111122223333

Helm values
  ! out/ppm-prod.values.yaml  changed by hand: pod.env[3].name added, replicas changed

Drift: 0 changed, 0 gone, 0 not read, of 46 objects. Helm values changed.
hint: `ppm-infra plan plans/prod.yaml` shows what is done about it.
";
    assert_eq!(text, expected);
    assert_eq!(told["summary"]["in_sync"], false);
    assert_eq!(told["values"]["found"]["edits"][1], json!({"path": "replicas", "change": "changed"}));
    for found in [FileState::AsWritten, FileState::Missing, FileState::Other(3)] {
        let (text, told) = drift(&found);
        assert!(text.contains("In sync. 46 objects are as recorded."), "{text}");
        assert_eq!(told["summary"]["in_sync"], true, "{told}");
    }
    assert!(drift(&FileState::Foreign("something else".to_owned())).0.contains("! something else"));
}

/// The changed values for programs.
pub(super) fn told() -> Value {
    plan_json(&planned(plan([])), &view(&catalog(), &changed(), false))
}

#[test]
fn programs_get_both_sides_of_every_key() {
    let told = told();
    assert_eq!(told["values"]["chart"], json!({"from": "0.20.4", "to": "0.20.3"}));
    assert_eq!(told["values"]["application"], json!({"from": "2026.08.0", "to": "2026.04.2"}));
    assert_eq!(told["values"]["compared_with"], json!({"record": 41}));
    let changes = told["values"]["changes"].as_array().unwrap();
    let sides = |path: &str| changes.iter().find(|change| change["path"] == path).unwrap();
    assert_eq!(sides("replicas"), &json!({"path": "replicas", "before": {"value": 3}, "after": {"value": 2}}));
    assert_eq!(sides("config.Git.PollInterval")["before"], json!({"hidden": true}));
    assert_eq!(sides("config.Postgres.URL")["after"], json!({"new": "database.main"}));
    assert_eq!(sides("image.tag")["after"], Value::Null);
    assert_eq!((&told["summary"]["values"], &told["summary"]["values_change"]), (&json!(8), &json!(true)));
    assert_eq!((&told["summary"]["has_changes"], &told["values"]["stops_all_pods"]), (&json!(false), &json!(true)));
    assert_eq!(told["values"]["downgrade"], true);
}
