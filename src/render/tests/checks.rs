//! Checks on the page of a plan and for programs.

use super::*;

fn finding(severity: Severity, what: &str) -> Finding {
    Finding {
        id: "storage.kms",
        severity,
        grade: None,
        subject: Subject::Key("storage.kms".to_owned()),
        place: Some(Place { line: 4, column: 8, width: 41 }),
        what: what.to_owned(),
        why: "bucket.main could not be made".to_owned(),
        remedies: vec!["enable it".to_owned()],
    }
}

fn checked(checks: Vec<Check>) -> Planned {
    Planned { checks, ..planned(plan([])) }
}

pub(super) fn all() -> Planned {
    let resource = Finding {
        subject: Subject::Resource(address("database.main")),
        place: None,
        why: String::new(),
        ..finding(Severity::Unknown, "could not read it")
    };
    checked(vec![
        Check::passed("a.passes"),
        Check::passed("b.passes"),
        Check {
            id: "storage.kms",
            findings: vec![finding(Severity::Warning, "is old"), finding(Severity::Error, "is disabled")],
            skipped: None,
        },
        Check { findings: vec![resource], ..Check::passed("c.unknown") },
    ])
}

#[test]
fn what_was_found_is_shown_with_its_place_and_what_passed_is_counted() {
    let catalog = catalog();
    insta::assert_snapshot!(plan_text(&all(), &plan_view(&catalog)).to_string());
    let passed = checked(vec![Check::passed("a.passes")]);
    let page = plan_text(&passed, &plan_view(&catalog)).to_string();
    assert!(page.contains("Checks\n  1 check passed.\n"), "{page}");
    let unchecked = plan_text(&checked(Vec::new()), &plan_view(&catalog)).to_string();
    assert!(!unchecked.contains("Checks"), "{unchecked}");
}

#[test]
fn programs_get_every_check_with_its_result() {
    let catalog = catalog();
    let told = plan_json(&all(), &plan_view(&catalog));
    let results: Vec<_> = told["checks"].as_array().unwrap().iter().map(|check| &check["result"]).collect();
    assert_eq!(results, ["pass", "pass", "fail", "unknown"]);
    assert_eq!(told["summary"]["checks"], json!({"pass": 2, "warn": 0, "unknown": 1, "fail": 1, "skip": 0}));
    assert_eq!(
        told["checks"][2]["findings"][1],
        json!({
            "id": "storage.kms", "severity": "error", "path": "storage.kms", "address": null,
            "file": "plans/prod.yaml", "line": 4, "column": 8, "what": "is disabled",
            "why": "bucket.main could not be made", "remedy": "enable it",
        })
    );
    let unplaced = &told["checks"][3]["findings"][0];
    assert_eq!((&unplaced["address"], &unplaced["line"]), (&json!("database.main"), &Value::Null));
    assert!(all().may_be_carried_out().unwrap_err().to_string().starts_with("1 check failed"));
}
