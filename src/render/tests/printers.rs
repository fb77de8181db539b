//! Pages as Markdown and HTML, of the same content as the pages on a terminal.

use super::pages::{drifted, lost};
use super::plans::mixed_plan;
use super::status::{VIEW, seen, silent};
use super::*;
use crate::render::{html_document, html_part, slack};
use crate::run::status::tests::scene::{balancer, targets};

pub(super) fn html(page: &Page<'_>) -> String {
    html_document(&[html_part(page, None, 0, str::to_owned)])
}

pub(super) fn markdown(page: &Page<'_>) -> String {
    crate::render::markdown(page, None, str::to_owned)
}

/// What somebody might write into AWS to be read as more than text.
const MARKUP: &str = "a|b `c` <script>x</script> *d* [e](f) @team #1 \\ line\nend\u{202e}";

fn status() -> crate::run::status::StatusReport {
    seen(|_, s| {
        targets(s).iter_mut().for_each(silent);
        balancer(s).dns_name = MARKUP.to_owned();
    })
}

#[test]
fn a_plan_as_markdown() {
    let catalog = catalog();
    let planned = Planned { checks: super::checks::all().checks, ..planned(mixed_plan()) };
    insta::assert_snapshot!(markdown(&Page::of_plan(&planned, &plan_view(&catalog))));
}

#[test]
fn drift_as_markdown() {
    insta::assert_snapshot!(markdown(&Page::of_drift(&drifted(), &drift_view())));
}

#[test]
fn a_status_as_markdown() {
    insta::assert_snapshot!(markdown(&Page::of_status(&status(), &VIEW)));
}

#[test]
fn a_run_as_markdown() {
    insta::assert_snapshot!(markdown(&Page::of_apply(&lost(), &summary_view(Goal::Converge))));
}

#[test]
fn a_drift_report_as_html() {
    insta::assert_snapshot!(html(&Page::of_drift(&drifted(), &drift_view())));
}

#[test]
fn a_message_of_slack_calls_nobody_and_makes_no_link() {
    let strange = diff("tags.team", &json!("a"), &json!("<!channel> & <https://e|f>"), OnChange::Update);
    let drift = [(address("vpc.main"), Drift::Moved(vec![strange]))].into();
    let report = DriftReport { drift, looked_at: 46, ..DriftReport::default() };
    let message = slack(&Page::of_drift(&report, &DriftView { region: "<r>", ..drift_view() }));
    let blocks = message["blocks"].as_array().unwrap();
    let kinds: Vec<&Value> = blocks.iter().map(|block| &block["type"]).collect();
    assert_eq!(kinds, ["header", "section", "context"], "{message}");
    assert_eq!(blocks[0]["text"]["type"], "plain_text");
    let [section, place] = [&blocks[1]["text"], &blocks[2]["elements"][0]];
    for text in [section, place] {
        assert_eq!((&text["type"], &text["verbatim"]), (&json!("mrkdwn"), &json!(true)));
    }
    assert_eq!(place["text"], "ppm-prod in &lt;r&gt;, account 111122223333");
    assert!(section["text"].as_str().unwrap().contains("vpc.main"), "{message}");
    assert!(!message.to_string().contains(['<', '>']), "{message}");
    assert!(message["text"].as_str().unwrap().starts_with("Drift: 1 changed"), "{message}");
}

#[test]
fn what_was_found_is_there_for_printers_that_tell_nothing_else() {
    let catalog = catalog();
    let checked = super::checks::all();
    let plan = Page::of_plan(&checked, &plan_view(&catalog));
    let told: Vec<_> = plan.findings().into_iter().map(|one| (one.id, one.severity, one.place.is_some())).collect();
    let expected = [
        ("storage.kms", Severity::Warning, true),
        ("storage.kms", Severity::Error, true),
        ("storage.kms", Severity::Unknown, false),
    ];
    assert_eq!(told, expected);
    assert_eq!(plan.source.map(|source| source.file), Some("plans/prod.yaml"));
    let report = drifted();
    let drift = Page::of_drift(&report, &drift_view());
    let page = crate::render::text(&drift, true).to_string();
    let squeezed = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
    let mut ids = BTreeSet::new();
    for one in drift.findings() {
        ids.insert(one.id);
        let told = match &one.subject {
            Subject::Field(_, path) => format!("{path} {} {}", one.what, one.why),
            Subject::Resource(address) => format!("{address} {}", one.what.trim_start_matches("it is ")),
            Subject::Key(_) | Subject::File(_) | Subject::Aspect(_) => panic!("{one:?}"),
        };
        assert!(squeezed(&page).contains(&squeezed(&told)), "`{told}` is in the words of the page: {page}");
    }
    assert_eq!(ids.into_iter().collect::<Vec<_>>(), ["drift.changed", "drift.missing", "drift.note", "drift.unread"]);
    assert_eq!(drift.source.map(|source| source.file), Some("plans/prod.yaml"));
    let status = status();
    let ids: Vec<_> = Page::of_status(&status, &VIEW).findings().into_iter().map(|one| one.id).collect();
    assert_eq!(ids, ["serves.targets"]);
}

/// Nothing but what the printer itself writes opens a tag, ends a cell or calls anybody.
pub(super) fn tame_markdown(markdown: &str) {
    let mut fence: Option<&str> = None;
    let mut cells: Option<usize> = None;
    for line in markdown.lines() {
        let fenced = line.trim_start().trim_end_matches("text");
        if fenced.starts_with("```") && fenced.trim_matches('`').is_empty() {
            match fence {
                None => fence = Some(fenced),
                Some(open) if fenced == open => fence = None,
                Some(_) => {}
            }
            continue;
        }
        if fence.is_some() {
            continue;
        }
        let bare = bare(line);
        assert!(!bare.contains(['<', '>']) && !bare.contains("@t") && !bare.contains("#1"), "{line}");
        if line.starts_with('|') {
            let here = line.matches('|').count();
            assert_eq!(*cells.get_or_insert(here), here, "{line}");
        } else {
            cells = None;
        }
    }
    assert_eq!(fence, None, "{markdown}");
}

/// A line without code, escapes and our own tags.
fn bare(line: &str) -> String {
    let mut line = line.to_owned();
    for escape in ["\\\\", "\\`"] {
        line = line.replace(escape, ".");
    }
    let outside: String = line.split('`').step_by(2).collect();
    ["<br>", "<code>", "</code>", "<!-- -->", "&#124;"].iter().fold(outside, |line, tag| line.replace(tag, "-"))
}

/// Every tag is one that the printer writes.
pub(super) fn tame_html(html: &str) {
    const TAGS: [&str; 45] = [
        "!doctype",
        "html",
        "head",
        "meta",
        "title",
        "style",
        "body",
        "h1",
        "h2",
        "h3",
        "p",
        "section",
        "small",
        "table",
        "tbody",
        "tr",
        "td",
        "span",
        "br",
        "ul",
        "ol",
        "li",
        "pre",
        "code",
        "meter",
        "header",
        "footer",
        "nav",
        "a",
        "details",
        "summary",
        "div",
        "figure",
        "figcaption",
        "i",
        "b",
        "svg",
        "defs",
        "marker",
        "path",
        "rect",
        "text",
        "g",
        "circle",
        "tspan",
    ];
    for rest in html.split('<').skip(1) {
        let name = rest.trim_start_matches('/').split(['>', ' ', '/']).next().unwrap();
        assert!(TAGS.contains(&name), "<{rest}");
    }
    assert!(!html.contains(['\u{202e}', '\u{1b}']));
}

#[test]
fn what_comes_from_aws_stays_text() {
    let status = status();
    let failure = StepFailure { doing: MARKUP.to_owned(), code: None, message: MARKUP.to_owned(), request_id: None };
    let failed = RunReport { failed: vec![(step("vpc.main", StepPart::Create), failure)], ..lost() };
    let mut drift = drifted();
    drift.notes.insert(address("vpc.main"), vec![MARKUP.to_owned()]);
    let change = diff("tags.team", &json!(MARKUP), &json!([MARKUP]), OnChange::Update);
    drift.drift.insert(address("vpc.main"), Drift::Moved(vec![change]));
    let pages = [
        Page::of_status(&status, &VIEW),
        Page::of_apply(&failed, &summary_view(Goal::Converge)),
        Page::of_drift(&drift, &drift_view()),
    ];
    for page in &pages {
        tame_markdown(&markdown(page));
        tame_html(&html(page));
    }
}
