//! Findings for other programs: SARIF and metrics, of the same page as everything else.

use super::pages::drifted;
use super::*;
use crate::engine::values::{Edit, Edited, FileState};
use crate::model::document::canonical_pretty;
use crate::render::{StackMetrics, sarif_log, sarif_run};
use crate::report::ValuesFile;

/// Everything that can be found, with a place where the declaration has one; `then` is given the page.
fn found<T>(report: &DriftReport, then: impl FnOnce(&Page<'_>) -> T) -> T {
    let mut origins = Origins::default();
    for (field, line) in [("", 2), ("backup_days", 4)] {
        let place = Place { line, column: 3, width: 5 };
        origins.insert(&address("database.main"), field, Origin { key: field.to_owned(), place, is_written: true });
    }
    let edited = Edited { keys: vec![("replicas".to_owned(), Edit::Changed)], unreadable: None };
    let values = ValuesFile {
        file: "out/ppm prod.yaml".to_owned(),
        found: FileState::Edited(edited),
        remedies: vec!["`mv a b`".to_owned()],
    };
    let view = DriftView { origins: &origins, values: Some(&values), ..drift_view() };
    then(&Page::of_drift(report, &view))
}

fn sarif(page: &Page<'_>) -> Value {
    sarif_log(&[sarif_run(page)])
}

fn prometheus(page: &Page<'_>, at: Timestamp) -> String {
    crate::render::prometheus(&[StackMetrics::of(page, at)])
}

fn results(log: &Value) -> &Vec<Value> {
    log["runs"][0]["results"].as_array().unwrap()
}

#[test]
fn drift_as_sarif() {
    let mut log = found(&drifted(), sarif);
    for key in ["version", "semanticVersion"] {
        log["runs"][0]["tool"]["driver"][key] = json!("VERSION");
    }
    insta::assert_snapshot!(canonical_pretty(&log));
}

#[test]
fn nothing_that_drifted_is_a_log_without_results() {
    let report = DriftReport { looked_at: 46, ..DriftReport::default() };
    let log = sarif(&Page::of_drift(&report, &drift_view()));
    assert_eq!(results(&log), &Vec::<Value>::new());
    assert_eq!(log["runs"][0]["tool"]["driver"]["rules"], json!([]));
}

#[test]
fn drift_as_metrics() {
    let at = Timestamp::from_second(1_780_000_000).unwrap();
    insta::assert_snapshot!(found(&drifted(), |page| prometheus(page, at)));
    let report = DriftReport { looked_at: 46, ..DriftReport::default() };
    let metrics = prometheus(&Page::of_drift(&report, &drift_view()), at);
    let told: Vec<&str> = metrics.lines().filter(|line| !line.starts_with('#')).collect();
    assert_eq!(told.len(), 9, "a series is there also where it is 0: {metrics}");
    assert!(told[..3].iter().all(|line| line.starts_with("ppm_infra_drift_findings{") && line.ends_with(" 0")));
}

/// What GitHub asks for beyond the schema ("SARIF support for code scanning").
pub(super) fn fit_for_github(log: &Value) {
    let driver = &log["runs"][0]["tool"]["driver"];
    assert_eq!((&driver["name"], &driver["version"]), (&json!("ppm-infra"), &driver["semanticVersion"]));
    let rules = driver["rules"].as_array().unwrap();
    let length = |text: &Value| text.as_str().unwrap().chars().count();
    for rule in rules {
        assert!((1..=255).contains(&length(&rule["id"])), "{rule}");
        for key in ["shortDescription", "fullDescription", "help"] {
            assert!((1..=1024).contains(&length(&rule[key]["text"])), "{rule}");
        }
    }
    let mut prints = BTreeSet::new();
    for result in results(log) {
        assert_eq!(rules[usize::try_from(result["ruleIndex"].as_u64().unwrap()).unwrap()]["id"], result["ruleId"]);
        assert!(length(&result["message"]["text"]) > 0, "{result}");
        let place = &result["locations"][0]["physicalLocation"];
        let uri = place["artifactLocation"]["uri"].as_str().unwrap();
        assert!(!uri.is_empty() && uri.chars().all(|c| c.is_ascii_alphanumeric() || "-._~/%:".contains(c)), "{uri}");
        let print = result["partialFingerprints"]["primaryLocationLineHash"].as_str().unwrap();
        assert!(prints.insert(print.to_owned()), "results are told apart: {result}");
    }
}

#[test]
fn github_takes_it() {
    let mut report = drifted();
    report.unread.insert(address("vpc.main"), CloudError::new(ErrorKind::Denied, "read it", "no"));
    fit_for_github(&found(&report, sarif));
}

#[test]
fn a_finding_has_its_fingerprint_whatever_its_values_are() {
    let of = |days: u32| {
        let mut report = DriftReport::default();
        let change = diff("backup_days", &json!(7), &json!(days), OnChange::Update);
        report.drift.insert(address("database.main"), Drift::Moved(vec![change]));
        results(&found(&report, sarif))[0].clone()
    };
    let (one, other) = (of(1), of(2));
    assert_ne!(one["message"], other["message"]);
    assert_eq!(one["partialFingerprints"], other["partialFingerprints"]);
}

#[test]
fn what_could_not_be_decided_is_open_and_no_failure() {
    let log = found(&drifted(), sarif);
    let kinds: BTreeSet<_> = results(&log)
        .iter()
        .map(|one| (one["ruleId"].as_str().unwrap(), one["kind"].as_str(), one["level"].as_str().unwrap()))
        .collect();
    let expected = [
        ("drift.changed", None, "warning"),
        ("drift.missing", None, "error"),
        ("drift.note", None, "warning"),
        ("drift.unread", Some("open"), "none"),
        ("drift.values_edited", None, "warning"),
    ];
    assert_eq!(kinds, expected.into());
}

#[test]
fn drift_below_what_the_exit_status_tells_is_said_last() {
    let at = address("database.main");
    let days = FieldDiff {
        path: "backup_days".to_owned(),
        before: Shown::Value(json!(7)),
        after: Shown::Value(json!(1)),
        on_change: OnChange::Update,
    };
    let drift: BTreeMap<_, _> = [(at.clone(), Drift::Moved(vec![days]))].into();
    for grade in Grade::ALL {
        let grades = [((at.clone(), "backup_days".to_owned()), grade)].into();
        let notes = [(at.clone(), vec!["1.33 ends".to_owned()])].into();
        let report = DriftReport { drift: drift.clone(), grades, notes, looked_at: 46, ..DriftReport::default() };
        for exit_on in Grade::ALL {
            let told = |report: &DriftReport| {
                let page = Page::of_drift(report, &DriftView { exit_on, ..drift_view() });
                let text = crate::render::text(&page, true).text(false);
                let below = text.lines().filter(|line| line.contains("--exit-on")).count();
                (page.worst_drift(), below, text.lines().last().unwrap_or_default().to_owned())
            };
            let (worst, below, last) = told(&report);
            assert_eq!((worst, below), (Some(grade), usize::from(grade < exit_on)), "{grade:?} {exit_on:?}: {last}");
            if grade < exit_on {
                assert_eq!(last, format!("1 finding is below --exit-on {}: exit status 0.", exit_on.word()));
            }
            let error = CloudError::new(ErrorKind::Denied, "read it", "no");
            let unread = DriftReport { unread: [(address("vpc.main"), error)].into(), ..report.clone() };
            assert_eq!(told(&unread).1, 0, "the exit status tells what could not be read");
            let noted = DriftReport { drift: BTreeMap::new(), ..report.clone() };
            assert_eq!((told(&noted).0, told(&noted).1), (None, 0), "what is worth knowing is no drift");
        }
    }
}
