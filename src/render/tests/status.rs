//! Whether the stack serves, as people and programs see it.

use super::*;
use crate::report::StatusView;
use crate::run::status::tests::scene::{
    at, balancer, denied, report, subject, support, targets, the_certificate, there, well,
};
use crate::run::status::{Inspected, Maintenance, ObservedHealth, Seen, StatusReport, TargetHealth, TargetsAre, WayIn};

pub(super) const VIEW: StatusView<'static> = StatusView { stack: "ppm-prod", region: "us-east-1" };

fn status_json(report: &StatusReport) -> Value {
    crate::render::json(&Page::of_status(report, &VIEW))
}

pub(super) fn seen(edit: impl FnOnce(&mut Inspected, &mut ObservedHealth)) -> StatusReport {
    let (mut subject, mut health) = (subject(), well());
    edit(&mut subject, &mut health);
    report(&subject, &health)
}

fn page(edit: impl FnOnce(&mut Inspected, &mut ObservedHealth)) -> String {
    crate::render::text(&Page::of_status(&seen(edit), &VIEW), true).to_string()
}

pub(super) fn silent(target: &mut TargetHealth) {
    target.state = "unhealthy".to_owned();
    target.reason = Some("Target.FailedHealthChecks".to_owned());
    target.description = Some("Health checks failed".to_owned());
}

#[test]
fn all_is_well() {
    insta::assert_snapshot!(page(|_, _| {}));
}

#[test]
fn no_pod_answers() {
    insta::assert_snapshot!(page(|_, s| targets(s).iter_mut().for_each(silent)));
}

#[test]
fn some_answer_and_one_leaves() {
    insta::assert_snapshot!(page(|_, s| {
        silent(&mut targets(s)[1]);
        let leaving = &mut targets(s)[2];
        (leaving.state, leaving.reason) = ("draining".into(), Some("Target.DeregistrationInProgress".into()));
    }));
}

#[test]
fn nothing_is_installed_and_pods_are_the_targets() {
    insta::assert_snapshot!(page(|subject, s| {
        targets(s).clear();
        let WayIn::Ours { targets, .. } = &mut subject.way_in else { panic!("ours") };
        *targets = TargetsAre::Pods;
        subject.chart.written_for = None;
    }));
}

#[test]
fn an_imported_certificate_near_its_end_for_another_name() {
    insta::assert_snapshot!(page(|_, s| {
        let it = the_certificate(s);
        (it.origin, it.is_renewed, it.validated_by) = ("IMPORTED".into(), false, None);
        it.expires = Some(at("2026-12-01"));
        it.names = vec!["r.example.com".to_owned(), "*.r.example.com".to_owned()];
    }));
}

#[test]
fn an_expired_certificate() {
    insta::assert_snapshot!(page(|_, s| {
        let it = the_certificate(s);
        (it.status, it.is_renewed, it.expires) = ("EXPIRED".into(), false, Some(at("2026-11-01")));
    }));
}

#[test]
fn what_may_not_be_read() {
    insta::assert_snapshot!(page(|_, s| {
        s.certificates.insert("arn:c".to_owned(), denied());
        s.cluster = denied();
        s.support = None;
    }));
}

#[test]
fn somebody_elses_load_balancer() {
    insta::assert_snapshot!(page(|subject, s| {
        subject.way_in = WayIn::Theirs;
        (s.balancer, s.targets) = (None, None);
    }));
}

#[test]
fn versions_near_their_end_and_work_on_the_database() {
    insta::assert_snapshot!(page(|subject, s| {
        support(s).standard_until = Some(at("2026-12-02"));
        subject.chart.declared = "rstudio-pm 0.5.43".into();
        subject.chart.application = Some("2024.11.0".into());
        subject.chart.supported_until = jiff::civil::Date::new(2026, 5, 31).ok();
        let end = jiff::civil::Date::new(2026, 12, 31).unwrap();
        subject.chart.ending_image = Some(("rstudio/rstudio-package-manager".into(), end));
        let database = there(&mut s.database);
        (database.status, database.pending) = ("modifying".into(), vec!["class db.t3.2xlarge".into()]);
        there(&mut s.maintenance).push(Maintenance {
            action: "system-update".into(),
            description: Some("New operating system".into()),
            due: Some(at("2026-12-10")),
        });
        there(&mut s.nodes).running = Some(2);
    }));
}

#[test]
fn nothing_is_left_and_nothing_was_made() {
    let text = page(|_, s| {
        (s.balancer, s.targets) = (Some(Seen::Gone), Some(Seen::NotMade));
        (s.cluster, s.support) = (Seen::Gone, None);
        (s.database, s.maintenance) = (Seen::Gone, Seen::Gone);
        s.certificates.insert("arn:c".to_owned(), Seen::Gone);
    });
    insta::assert_snapshot!(text);
}

#[test]
fn ascii_alone_and_many_targets() {
    let text = seen(|_, s| {
        for n in 4..20 {
            let mut more = targets(s)[0].clone();
            more.id = format!("i-{n:02}");
            targets(s).push(more);
        }
        silent(&mut targets(s)[17]);
        balancer(s).dns_name = "lb\u{1b}[2J.example.com".to_owned();
    });
    let text = crate::render::text(&Page::of_status(&text, &VIEW), false).to_string();
    assert!(text.is_ascii(), "{text}");
    let shown = text.lines().filter(|line| line.trim_start().starts_with("i-")).count();
    assert_eq!(shown, 12, "{text}");
    assert!(text.contains("... 7 more") && text.contains("18 of 19 healthy"), "{text}");
    let first = text.lines().find(|line| line.trim_start().starts_with("i-")).unwrap();
    assert!(first.contains("i-18:30442  unhealthy"), "what ails comes first: {first}");
}

#[test]
fn a_status_for_programs() {
    let told = status_json(&seen(|_, s| targets(s).iter_mut().for_each(silent)));
    assert_eq!((&told["schema"], &told["command"], &told["serves"]), (&json!(1), &json!("status"), &json!(false)));
    assert_eq!(told["summary"], json!({"errors": 1, "not_read": 0, "warnings": 0}));
    assert_eq!(told["targets"]["there"][0]["reason"], "Target.FailedHealthChecks");
    assert_eq!(told["findings"][0]["part"], "targets");
    assert_eq!(told["certificates"][0]["certificate"]["there"]["expires"], "2027-09-01T12:00:00Z");
    let unread = status_json(&seen(|_, s| s.nodes = denied()));
    assert_eq!(
        (&unread["serves"], &unread["node_group"]),
        (&Value::Null, &json!({"error": "could not read it: AccessDenied"}))
    );
    assert_eq!(status_json(&seen(|_, _| {}))["serves"], true);
}

/// JSON in which every key of a status stands.
pub(super) fn every_shape() -> Vec<Value> {
    let full = seen(|_, s| {
        there(&mut s.maintenance).push(Maintenance { action: "system-update".into(), description: None, due: None });
        silent(&mut targets(s)[0]);
    });
    let hollow = seen(|_, s| (s.nodes, s.database, s.cluster) = (denied(), Seen::Gone, Seen::NotMade));
    [full, hollow].iter().map(status_json).collect()
}
