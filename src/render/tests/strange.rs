//! Whatever the cloud says: no panic, and no control over the terminal.

use proptest::prelude::*;

use super::findings::fit_for_github;
use super::plan_reports::tame_comment;
use super::printers::{html, markdown, tame_html, tame_markdown};
use super::*;
use crate::engine::forecast::{Forecast, Forecaster};
use crate::engine::object_graph::ObjectGraph;
use crate::model::duration::DurationSpread;
use crate::model::impact::{Affected, Impact, ImpactClass};
use crate::report::{Graph, PlanReportView};

/// Any text, also with what controls a terminal.
fn text() -> impl Strategy<Value = String> {
    prop::collection::vec(prop_oneof![any::<char>(), Just('\u{1b}'), Just('\n'), Just('\u{202e}')], 0..12)
        .prop_map(|all| all.into_iter().collect())
}

/// Any JSON, with the words this program knows among its keys and texts.
fn json() -> impl Strategy<Value = Value> {
    let words = prop::sample::select(vec![
        "$ref",
        "id",
        "arn",
        "cidr",
        "Statement",
        "Effect",
        "Sid",
        "Action",
        "Principal",
        "Condition",
        "AWS",
        "protocol",
        "from_port",
        "to_port",
        "peer",
        "description",
        "nat_gateway",
        "vpc.main",
        "-1",
        "",
        " ",
        "tags",
    ]);
    let text = prop_oneof![words.prop_map(str::to_owned), text()].boxed();
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        text.clone().prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 48, 6, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..5).prop_map(Value::from),
            prop::collection::btree_map(text.clone(), inner.clone(), 0..5)
                .prop_map(|map| Value::Object(map.into_iter().collect())),
            (inner.clone(), inner.clone(), inner.clone(), inner).prop_map(|(protocol, from, to, peer)| {
                json!({"protocol": protocol, "from_port": from, "to_port": to, "peer": peer})
            }),
        ]
    })
}

fn diffs() -> impl Strategy<Value = Vec<FieldDiff>> {
    let path = prop_oneof![text(), Just("ingress.x".to_owned()), Just("a.Statement".to_owned())];
    let on_change = prop::sample::select(vec![OnChange::Update, OnChange::UpdateStepwise, OnChange::Replace]);
    let side =
        prop_oneof![json().prop_map(Shown::Value), Just(Shown::Nothing), Just(Shown::AfterApply(address("vpc.main"))),];
    let one = (path, side.clone(), side, on_change).prop_map(|(path, before, after, on_change)| FieldDiff {
        path,
        before,
        after,
        on_change,
    });
    prop::collection::vec(one, 0..4)
}

fn tame(page: &Page<'_>) {
    tame_markdown(&markdown(page));
    tame_html(&html(page));
}

/// Nothing in SARIF ends a line or makes a link, and nothing in metrics ends a label.
fn fit_for_findings(page: &Page<'_>) {
    let log = crate::render::sarif_log(&[crate::render::sarif_run(page)]);
    fit_for_github(&log);
    for result in log["runs"][0]["results"].as_array().unwrap() {
        let text = result["message"]["text"].as_str().unwrap();
        let lines = |line: &str| line.starts_with("Why: ") || line.starts_with("Hint: ");
        assert!(text.split('\n').skip(1).all(lines), "{text:?}");
        assert!(!text.contains("](") && text.chars().all(|c| c == '\n' || !c.is_control()), "{text:?}");
    }
    tame_metrics(&crate::render::prometheus(&[crate::render::StackMetrics::of(page, Timestamp::UNIX_EPOCH)]));
}

/// Every line is a comment or one series, in which quotes stand around values alone.
fn tame_metrics(metrics: &str) {
    for line in metrics.split_terminator('\n').filter(|line| !line.starts_with("# ")) {
        let bare = line.replace("\\\\", "").replace("\\\"", "");
        let outside: String = bare.split('"').step_by(2).collect();
        let rest = outside.trim_start_matches(|c: char| c.is_ascii_lowercase() || c == '_');
        let rest = rest.strip_prefix("{stack=,region=,account=");
        let rest = rest.map(|rest| rest.strip_prefix(",severity=").unwrap_or(rest));
        let value = rest.and_then(|rest| rest.strip_prefix("} ")).and_then(|value| value.parse::<u64>().ok());
        assert!(value.is_some(), "{line:?}");
    }
}

fn harmless(page: &Styled) {
    let text = page.text(false);
    assert!(text.chars().all(|c| c == '\n' || !c.is_control()), "{text:?}");
    assert_eq!(anstream::adapter::strip_str(&page.text(true)).to_string(), text);
}

proptest! {
    #[test]
    fn any_plan_can_be_shown(value in json(), diffs in diffs(), word in text(), verbose: bool) {
        let declared = document(&json!({"cidr": value, "tags": value, word.clone(): value}));
        let prior = Recorded { declared: declared.clone(), ..recorded(&json!({}), &word) };
        let after = BTreeSet::new();
        let mut plan = plan([
            ("vpc.main", Action::Create { declared: declared.clone(), after: after.clone(), why: Why::New }),
            ("bucket.a", Action::Replace {
                prior: prior.clone(), declared: declared.clone(), after: after.clone(),
                works_through: after.clone(), diffs: diffs.clone(), why: Why::Tainted(word.clone()), order: ReplaceOrder::CreateFirst,
            }),
            ("teapot.a", Action::Update {
                prior: prior.clone(), via: vec![declared.clone()], declared, after: after.clone(),
                works_through: after, diffs: diffs.clone(), why: Why::Changed,
            }),
            ("listener.a", Action::Delete { prior: prior.clone(), why: Why::Undeclared }),
        ]);
        plan.drift.insert(address("listener.a"), Drift::Moved(diffs.clone()));
        plan.kept.insert(address("vpc.a"), word.clone());
        let impact = Impact::of(ImpactClass::Outage, Affected::Everybody, "").saying(word.clone()).about(word.clone());
        plan.impact.insert(address("vpc.main"), vec![Impact { field: Some(word.clone().into()), ..impact.clone() }]);
        plan.impact.insert(address("bucket.a"), vec![impact]);
        plan.adopted.insert(address("vpc.a"), prior);
        plan.deposed.push((address("vpc.a"), word.clone()));
        plan.notes.insert(address("vpc.a"), vec![word.clone()]);
        let catalog = catalog();
        let view = PlanView {
            region: &word, account: &word, catalog: &catalog, goal: Goal::Converge, cost: None, values: None, file: &word, quoted_file: &word, text: &word,
            origins: &ORIGINS, verbose,
        };
        let finding = Finding {
            id: "a.b",
            severity: Severity::Warning,
            grade: None,
            subject: Subject::Key(word.clone()),
            place: Some(Place { line: 1, column: 2, width: 3 }),
            what: word.clone(),
            why: word.clone(),
            remedies: vec![word.clone()],
        };
        let planned = Planned {
            plan,
            forecaster: Forecaster::Known(Forecast {
                total: Some(DurationSpread::of(u64::MAX, u64::MAX)),
                ..Forecast::default()
            }),
            surroundings: planned(super::plan([])).surroundings,
            checks: vec![Check { findings: vec![finding], ..Check::passed("a.b") }],
            given_way: Vec::new(),
        };
        harmless(&plan_text(&planned, &view));
        tame(&Page::of_plan(&planned, &view));
        plan_json(&planned, &view);
        let state = State::empty("s", "r", "l".to_owned(), "0");
        let objects = ObjectGraph::of_plan(&planned.plan, &state);
        let report = PlanReportView { view, objects: &objects, declaration: &word, apply: &word, show: &word };
        tame_html(&html(&Page::of_plan_report(&planned, &report)));
        tame_comment(&crate::render::comment(&Page::of_plan_comment(&planned, &report), str::to_owned));
        tame_html(&crate::render::svg(&Graph::of_plan_report(&planned, &report)));
    }

    #[test]
    fn any_drift_can_be_shown(diffs in diffs(), word in text()) {
        let mut report = DriftReport::default();
        report.drift.insert(address("vpc.main"), Drift::Moved(diffs.clone()));
        report.unread.insert(address("vpc.a"), CloudError::new(ErrorKind::Refused, "read it", word.clone()));
        report.notes.insert(address("vpc.a"), vec![word.clone()]);
        harmless(&drift_text(&report, &drift_view()));
        let page = Page::of_drift(&report, &DriftView { stack: &word, account: &word, ..drift_view() });
        tame(&page);
        fit_for_findings(&page);
        let changed: Vec<_> = page.findings().into_iter().filter(|one| one.id == "drift.changed").collect();
        prop_assert!(!changed.is_empty(), "an object that was changed is never passed over");
        for one in changed {
            prop_assert!(!one.what.is_empty() && !one.what.contains(char::is_control), "{one:?}");
        }
        drift_json(&report, &drift_view());
    }

    #[test]
    fn any_failure_can_be_shown(word in text(), value in json()) {
        let paper = Paper::default();
        let view = ProgressView { time_scale: 0.0, symbols: false, colour: false };
        let mut lines = Lines::new(Box::new(paper.clone()), view);
        for event in failing(&word) {
            crate::run::event::Sink::event(&mut lines, &event);
        }
        prop_assert_eq!(paper.text().lines().count(), 4);
        let failure = StepFailure { doing: word.clone(), code: Some(word.clone()), message: word.clone(), request_id: None };
        let report = RunReport {
            failed: vec![(step("vpc.main", StepPart::Create), failure)],
            record_lost: Some(RecordLost { why: word, taken_over: false }),
            unrecorded: vec![(step("vpc.main", StepPart::Create), document(&json!({"x": value})))],
            elapsed_ms: u64::MAX,
            ..RunReport::default()
        };
        harmless(&summary_text(&report, &summary_view(Goal::Destroy)));
        tame(&Page::of_apply(&report, &summary_view(Goal::Destroy)));
        apply_json(&report, &summary_view(Goal::Destroy));
    }
}
