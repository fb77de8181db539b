//! Plans as they are kept and sent: as HTML, as a comment, as drawings.

use super::plans::{first_plan, mixed_plan};
use super::printers::{tame_html, tame_markdown};
use super::risks::{origins, risky_plan};
use super::*;
use crate::engine::object_graph::ObjectGraph;
use crate::model::impact::{Affected, Impact, ImpactClass};
use crate::render::{LONGEST, comment, dot, html_document, html_part, mermaid, svg};
use crate::report::{Graph, PlanReportView};

/// What somebody might write into AWS to be read as more than text.
const MARKUP: &str = "a|b `c` <script>x</script> *d* [e](f) @team #1 \\ \"g\" --> </details> ```\nend\u{202e}";

/// Everything that a report is made with, of a plan.
struct Reported {
    planned: Planned,
    objects: ObjectGraph,
    catalog: Catalog,
    origins: Origins,
}

impl Reported {
    fn of(plan: Plan) -> Self {
        let state = State::empty("ppm-prod", "us-east-1", "6f1c".to_owned(), "0");
        let objects = ObjectGraph::of_plan(&plan, &state);
        Self { planned: planned(plan), objects, catalog: catalog(), origins: origins() }
    }

    fn with<T>(&self, then: impl FnOnce(&PlanReportView<'_>) -> T) -> T {
        let view = PlanView { origins: &self.origins, ..plan_view(&self.catalog) };
        then(&PlanReportView {
            view,
            objects: &self.objects,
            declaration: "0123456789abcdef",
            apply: "ppm-infra apply ppm.plan.json",
            show: "ppm-infra show ppm.plan.json",
        })
    }

    fn html(&self) -> String {
        self.with(|of| html_document(&[html_part(&Page::of_plan_report(&self.planned, of), None, 0, str::to_owned)]))
    }

    fn comment(&self) -> String {
        self.with(|of| comment(&Page::of_plan_comment(&self.planned, of), str::to_owned))
    }

    fn graph(&self) -> Graph {
        self.with(|of| Graph::of_plan_report(&self.planned, of))
    }
}

/// Nothing but what the printer itself writes is markup.
pub(super) fn tame_comment(comment: &str) {
    let own = ["<details><summary><b>", "</b>", "</summary>", "</details>"];
    let marker = comment.lines().next().unwrap();
    assert!(marker.starts_with("<!-- ppm-infra ") && marker.ends_with(" -->") && marker.matches("-->").count() == 1);
    let body = comment.lines().skip(1).map(|line| {
        // What begins a fence tells its language behind it.
        let line = if line.starts_with("```") { line.trim_end_matches("diff") } else { line };
        if line.starts_with("<details>") || line == "</details>" {
            let line = own.iter().fold(line.to_owned(), |line, tag| line.replace(tag, ""));
            assert!(!line.contains(['<', '>']), "{line}");
            return String::new();
        }
        line.to_owned()
    });
    tame_markdown(&body.collect::<Vec<_>>().join("\n"));
    assert_eq!(comment.matches("\n<details>").count(), comment.matches("\n</details>").count());
    assert!(comment.chars().count() <= LONGEST);
}

#[test]
fn a_plan_as_a_comment() {
    insta::assert_snapshot!(Reported::of(risky_plan()).comment());
}

#[test]
fn a_plan_as_html() {
    let html = Reported::of(risky_plan()).html();
    insta::assert_snapshot!(html.split_once("</head>").unwrap().1);
}

#[test]
fn a_plan_as_a_drawing() {
    insta::assert_snapshot!(svg(&Reported::of(risky_plan()).graph()));
}

#[test]
fn a_plan_is_the_same_whenever_it_is_written() {
    let [one, other] = [(); 2].map(|()| Reported::of(mixed_plan()));
    assert_eq!(one.html(), other.html());
    assert_eq!(one.comment(), other.comment());
    assert_eq!(svg(&one.graph()), svg(&other.graph()));
}

#[test]
fn the_reference_stack_fits_and_every_object_has_its_place() {
    let reported = Reported::of(first_plan());
    let (html, told) = (reported.html(), reported.comment());
    assert!(html.len() <= 200_000, "{}", html.len());
    for address in reported.planned.plan.actions.keys() {
        assert_eq!(html.matches(&format!(" id=\"at-{address}\"")).count(), 1, "{address}");
        assert!(told.contains(&format!("+ {address}  create")), "{address}");
    }
    for id in ["graph", "time", "changes", "change_request"] {
        assert!(html.contains(&format!("<section id=\"{id}\">")), "{id}");
    }
    for loads in ["<script", "<link", "src=", "@import"] {
        assert!(!html.contains(loads), "{loads}");
    }
    for (leads, within) in [("href=\"", '#'), ("url(", '#')] {
        assert!(html.split(leads).skip(1).all(|rest| rest.starts_with(within)), "{leads} leads out of the page");
    }
    tame_html(&html);
    tame_comment(&told);
}

#[test]
fn drawings_have_every_object_and_every_tie() {
    for plan in [first_plan(), mixed_plan(), risky_plan()] {
        let reported = Reported::of(plan);
        let graph = reported.graph();
        let (svg, dot, mermaid) = (svg(&graph), dot(&graph), mermaid(&graph));
        assert_eq!(graph.nodes.len(), reported.objects.objects.len());
        assert_eq!(graph.ties.len(), reported.objects.objects.values().map(|object| object.needs.len()).sum::<usize>());
        assert_eq!(svg.matches("<g class=\"n ").count(), graph.nodes.len());
        assert_eq!(svg.matches("<path class=\"e ").count(), graph.ties.len());
        for (place, node) in graph.nodes.iter().enumerate() {
            assert!(svg.contains(&format!("<title>{}", node.address)), "{}", node.address);
            assert!(
                dot.contains(&format!("\n    \"{}\"", node.address))
                    || dot.contains(&format!("\n  \"{}\"", node.address))
            );
            assert!(mermaid.contains(&format!(" n{place}[\"")) && mermaid.contains(&node.address.to_string()));
        }
        for tie in &graph.ties {
            let [from, to] = [tie.from, tie.to].map(|place| &graph.nodes[place].address);
            assert!(svg.contains(&format!("<path class=\"e v{} v{}", tie.from, tie.to)), "{from} {to}");
            assert!(dot.contains(&format!("  \"{from}\" -> \"{to}\"")), "{from} {to}");
            let arrow = |arrow: &str| mermaid.contains(&format!("  n{} {arrow} n{}\n", tie.from, tie.to));
            assert!(["-->", "-.->", "==>"].into_iter().any(arrow), "{from} {to}");
        }
        tame_html(&svg);
    }
}

#[test]
fn what_comes_from_elsewhere_is_text_in_every_report() {
    let mut plan = risky_plan();
    let hostile = diff("tags.team", &json!(MARKUP), &json!([MARKUP]), OnChange::Update);
    let declared = document(&json!({"zone": MARKUP, "cidr": MARKUP, "tags": {MARKUP: MARKUP}}));
    plan.actions.insert(
        address("subnet.private-b"),
        Action::Create { declared: declared.clone(), after: BTreeSet::new(), why: Why::New },
    );
    plan.actions.insert(
        address("subnet.private-c"),
        Action::Replace {
            prior: Recorded { declared, ..recorded(&json!({}), MARKUP) },
            declared: document(&json!({"zone": MARKUP})),
            after: BTreeSet::new(),
            works_through: BTreeSet::new(),
            diffs: vec![hostile],
            why: Why::Tainted(MARKUP.to_owned()),
            order: ReplaceOrder::DeleteFirst,
        },
    );
    let impact = Impact::of(ImpactClass::Outage, Affected::Everybody, "").saying(MARKUP.to_owned()).about(MARKUP);
    plan.impact.insert(address("subnet.private-b"), vec![impact]);
    plan.notes.insert(address("subnet.private-b"), vec![MARKUP.to_owned()]);
    plan.deposed.push((address("subnet.private-b"), MARKUP.to_owned()));
    let reported = Reported::of(plan);
    let (html, told, graph) = (reported.html(), reported.comment(), reported.graph());
    assert!(html.contains("&lt;script&gt;") && told.contains("script"));
    tame_html(&html);
    tame_comment(&told);
    let drawn = svg(&graph);
    assert!(drawn.contains("&lt;script&gt;"), "a zone has that name");
    tame_html(&drawn);
    let mermaid = mermaid(&graph);
    assert!(mermaid.contains("#lt;script#gt;") && !mermaid.contains("<script"), "{mermaid}");
    for line in dot(&graph).lines() {
        let bare = line.replace("\\\\", "").replace("\\\"", "");
        assert_eq!(bare.matches('"').count() % 2, 0, "{line}");
    }
}

/// A plan of so many objects, of which every fourth is noticed in a way of its own.
fn large(objects: usize, value: &str) -> Plan {
    let mut plan = plan([]);
    for n in 0..objects {
        let at: Address = format!("security_group.group-number-{n}").parse().unwrap();
        let diffs =
            vec![diff("ingress", &json!(format!("{n} {value}")), &json!(format!("{value} {n}")), OnChange::Update)];
        let declared = json!({"name": format!("group {n}")});
        plan.actions.insert(
            at.clone(),
            Action::Update {
                prior: recorded(&declared, "id"),
                via: Vec::new(),
                declared: document(&declared),
                after: BTreeSet::new(),
                works_through: BTreeSet::new(),
                diffs,
                why: Why::Changed,
            },
        );
        if n % 4 == 0 {
            let impact =
                Impact::of(ImpactClass::Access, Affected::ShutOut, "").saying(format!("{value} comes in no more"));
            plan.impact.insert(at, vec![impact.saying(format!("number {n} comes in no more"))]);
        }
    }
    plan
}

#[test]
fn a_comment_is_never_too_long_and_says_what_it_left_out() {
    let long = "x|`".repeat(40_000);
    for (objects, value) in [(2000, "10.0.0.0/8"), (300, "10.0.0.0/8"), (40, long.as_str()), (2000, "<&>|`*_")] {
        let told = Reported::of(large(objects, value)).comment();
        let shown = told.matches("security_group.group-number-").count();
        assert!(told.chars().count() <= LONGEST, "{objects}: {}", told.chars().count());
        assert!(shown > 0 && told.contains("number 0 comes in no more"), "{objects}");
        tame_comment(&told);
    }
    let told = Reported::of(large(2000, "10.0.0.0/8")).comment();
    assert!(told.chars().count() > LONGEST * 9 / 10, "the room is used: {}", told.chars().count());
    let entries = 500 + 2000;
    let left_out = told.lines().find(|line| line.starts_with("**Cut short:**")).unwrap();
    let shown = told.lines().filter(|line| line.starts_with("| access")).count()
        + told.lines().filter(|line| line.starts_with("! security_group.")).count();
    assert!(left_out.contains(&format!("{} of {entries} entries", entries - shown)), "{left_out} {shown}");
    assert!(left_out.contains("`ppm-infra show ppm.plan.json`"), "{left_out}");
    let first = told.find("\n! security_group.");
    assert!(told.find("| access").unwrap() < first.unwrap_or(usize::MAX), "risk comes first");
    let small = Reported::of(risky_plan()).comment();
    assert!(!small.contains("Cut short") && !small.contains("shown"), "{small}");
}

#[test]
fn too_many_objects_are_no_picture_beside_other_things() {
    let reported = Reported::of(large(401, "x"));
    let html = reported.html();
    assert!(!html.contains("<svg") && html.contains("401 objects are too many for a picture here"));
    assert_eq!(svg(&reported.graph()).matches("<g class=\"n ").count(), 401);
    assert!(Reported::of(large(400, "x")).html().contains("<svg"));
}

#[test]
fn the_headline_tells_the_worst_and_what_keeps_it_from_being_done() {
    let title = |reported: &Reported| reported.comment().lines().nth(1).unwrap().to_owned();
    assert_eq!(
        title(&Reported::of(risky_plan())),
        "## ppm-prod: **OUTAGE** · 2 to delete · 4 to replace · 5 to update"
    );
    assert_eq!(title(&Reported::of(plan([]))), "## ppm-prod: no changes");
    let failed = Reported { planned: super::checks::all(), ..Reported::of(plan([])) };
    assert!(title(&failed).contains("**CHECKS FAILED**"), "{}", title(&failed));
}
