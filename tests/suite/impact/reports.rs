//! What users notice of each edit stands in the reports of its plan.

use std::collections::BTreeSet;

use ppm_infra::engine::Request;
use ppm_infra::engine::object_graph::ObjectGraph;
use ppm_infra::engine::plan::Plan;
use ppm_infra::model::impact::ImpactClass;
use ppm_infra::model::place::Origins;
use ppm_infra::render::{LONGEST, comment, html_document, html_part};
use ppm_infra::report::{Goal, Page, PlanReportView, PlanView};
use ppm_infra::resources;
use ppm_infra::run::Planned;

use super::CASES;
use crate::support::reference::{Declared, Standing, reference};

/// The plan as HTML and as a comment.
fn reports(planned: &Planned) -> [String; 2] {
    let (catalog, origins, objects) = (resources::catalog(), Origins::default(), ObjectGraph::default());
    let view = PlanView {
        region: "us-east-1",
        account: "111122223333",
        catalog: &catalog,
        goal: Goal::Converge,
        values: None,
        cost: None,
        file: "",
        quoted_file: "",
        text: "",
        origins: &origins,
        verbose: false,
    };
    let of = PlanReportView { view, objects: &objects, declaration: "", apply: "", show: "" };
    let html = html_part(&Page::of_plan_report(planned, &of), None, 0, str::to_owned);
    [html_document(&[html]), comment(&Page::of_plan_comment(planned, &of), str::to_owned)]
}

/// Words without what a page writes before special characters.
fn plain(report: &str) -> String {
    let report = report.replace(['\\', '`'], "");
    ["&#39;", "&quot;", "&#124;"]
        .iter()
        .zip(["'", "\"", "|"])
        .fold(report, |text, (entity, sign)| text.replace(entity, sign))
}

/// Each risk of a plan that a report does not tell: class, extent, object and words.
fn untold(plan: &Plan, report: &str) -> Vec<String> {
    let report = plain(report);
    let risks = plan.impact.iter().flat_map(|(at, all)| all.iter().map(move |one| (at, one)));
    let words = risks.filter(|(_, one)| one.class.is_risk()).flat_map(|(at, one)| {
        [one.class.word().to_owned(), one.extent(), at.to_string(), one.what.to_string()]
            .into_iter()
            .chain(one.which.clone())
    });
    words.filter(|words| !report.contains(&plain(words))).collect()
}

#[tokio::test(start_paused = true)]
async fn every_class_of_change_is_told_in_html_and_in_a_comment() {
    let mut classes = BTreeSet::new();
    for case in CASES {
        let mut stack = reference();
        (case.from)(&mut stack);
        let standing = Standing::of(stack.clone()).await;
        (case.to)(&mut stack);
        let planned = standing.bench.plan(&Declared(stack), &Request::default()).await.unwrap();
        classes.extend(planned.plan.impact.values().flatten().map(|one| one.class));
        for report in reports(&planned) {
            assert_eq!(untold(&planned.plan, &report), [""; 0], "{}: {report}", case.name);
            let first =
                planned.plan.impact.values().flatten().map(|one| one.class).filter(|class| class.is_risk()).max();
            let title =
                report.lines().find(|line| line.contains("class=\"headline\"") || line.starts_with("## ")).unwrap();
            assert!(first.is_none_or(|worst| title.contains(worst.word())), "{}: {title}", case.name);
            assert!(report.starts_with("<!doctype") || report.chars().count() <= LONGEST);
        }
    }
    let standing = Standing::new().await;
    let ask = Request { destroy: true, delete_data: BTreeSet::from(["bucket".to_owned()]), ..Request::default() };
    let planned = standing.bench.plan(&Declared(standing.stack.clone()), &ask).await.unwrap();
    classes.extend(planned.plan.impact.values().flatten().map(|one| one.class));
    for report in reports(&planned) {
        assert_eq!(untold(&planned.plan, &report), [""; 0], "{report}");
    }
    let mut all = ImpactClass::ALL.to_vec();
    all.retain(|class| !classes.contains(class));
    assert_eq!(all, [], "every class was there");
}
