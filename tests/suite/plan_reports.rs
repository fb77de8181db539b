//! The files that `plan` and `show` write beside what they show: from the program itself, in a rehearsal.

use serde_json::{Value, json};

use crate::recover::meddle;
use crate::support::binary::Desk;
use crate::support::hint::{follow, hint};
use crate::support::judge::by_schema;

const ALL: [&str; 12] = [
    "--report", "a.html", "--report", "a.md", "--report", "a.svg", "--report", "a.mmd", "--report", "a.dot",
    "--report", "a.sarif",
];

const FILES: [&str; 6] = ["a.html", "a.md", "a.svg", "a.mmd", "a.dot", "a.sarif"];

/// The reference stack, applied, and declared otherwise since.
fn edited() -> Desk {
    let desk = Desk::simulated();
    desk.declare(&[]);
    desk.run(&["apply", "--auto-approve"]).exit(0);
    desk.declare_with("database:\n  instance_class: db.r6g.xlarge\ntags:\n  team: data");
    desk
}

#[test]
fn a_report_of_another_ending_is_refused_before_anything_is_read() {
    let desk = Desk::simulated();
    desk.declare(&[]);
    let before = desk.files();
    for file in ["a.pdf", "a", "html", "a.HTML"] {
        for command in [["plan", "plans/missing.yaml"], ["show", "missing.json"]] {
            let said = desk.run(&[&command[..], &["--report", "a.md", "--report", file]].concat()).exit(64);
            said.says(&[".html, .md, .svg, .mmd, .dot or .sarif", file]);
        }
    }
    assert_eq!(desk.files(), before);
}

#[test]
fn no_report_is_written_where_it_is_in_the_way_or_twice() {
    let desk = edited();
    desk.run(&["plan", "-o", "p.json"]).exit(0);
    desk.write("notes.md", &desk.read("state/ppm-prod.lock.json"));
    desk.write("b.dot", &desk.read("p.json"));
    let before = desk.files();
    for command in [&["plan"][..], &["show", "p.json"]] {
        let run = |more: &[&str]| desk.run(&[command, more].concat()).exit(64);
        run(&["--report", "notes.md"]).says(&["is a lockfile", "not touched"]);
        run(&["--report", "b.dot"]).says(&["is a saved plan", "not touched"]);
        run(&["--report", "a.md", "--report", "a.md"]).says(&["a.md is named twice", "--report"]);
    }
    assert_eq!(desk.files(), before);
}

#[test]
fn reports_are_written_beside_what_is_shown() {
    let desk = edited();
    let shown = desk.run(&["plan"]).exit(0).stdout;
    assert_eq!(desk.run(&[&["plan"], &ALL[..]].concat()).exit(0).stdout, shown);
    let first: Vec<String> = FILES.map(|file| desk.read(file)).to_vec();
    desk.run(&[&["plan", "--json"], &ALL[..]].concat()).exit(0);
    let again: Vec<String> = FILES.map(|file| desk.read(file)).to_vec();
    assert_eq!(first, again, "the same plan, the same bytes");
    assert!(desk.read("a.html").len() <= 200_000, "{}", desk.read("a.html").len());
    for file in ["a.html", "a.md", "a.svg"] {
        assert!(desk.read(file).contains("FAILOVER"), "{file}");
    }
    for file in ["a.html", "a.svg", "a.mmd", "a.dot"] {
        assert!(desk.read(file).contains("elastic_ip.nat-c"), "{file} has what does not change, too");
    }
}

#[test]
fn a_saved_plan_tells_the_same_as_the_plan_did() {
    let desk = edited();
    desk.run(&[&["plan", "-o", "p.json"], &ALL[..]].concat()).exit(0);
    let of_plan = FILES.map(|file| desk.read(file));
    desk.run(&[&["show", "p.json"], &ALL[..]].concat()).exit(0);
    for (file, before) in FILES.into_iter().zip(of_plan) {
        let told = desk.read(file);
        match file {
            // Checks are made again before a plan is carried out, and are not saved.
            "a.html" | "a.md" => {
                assert_eq!(before.matches(" checks passed.").count(), 1, "{file}");
                assert!(!told.contains("checks passed."), "{file}");
                assert_eq!(told.lines().last(), before.lines().last(), "{file}");
            }
            _ => assert_eq!(told, before, "{file}"),
        }
    }
    let comment = desk.run(&["show", "p.json", "--markdown"]).exit(0);
    assert_eq!(comment.stdout, desk.read("a.md"));
    assert_eq!(comment.stderr, "", "nothing but the comment");
    assert!(comment.stdout.starts_with("<!-- ppm-infra ppm-prod -->\n## ppm-prod: **FAILOVER** ·"), "{comment}");
    desk.run(&["show", "p.json", "--markdown", "--json"]).exit(64);
}

#[test]
fn what_a_report_says_to_type_is_what_carries_it_out_and_shows_it() {
    let desk = edited();
    desk.run(&["plan", "--report", "a.md"]).exit(0);
    let told = |desk: &Desk| desk.shell("cat a.md");
    let unsaved = hint(&desk, &told(&desk), "To carry it out", "ppm-infra apply").line().to_owned();
    assert!(unsaved.ends_with("apply plans/reference.yaml"), "{unsaved}");
    desk.run(&["plan", "--destroy", "--delete-data", "database", "--report", "a.md"]).exit(0);
    let destroys = hint(&desk, &told(&desk), "To carry it out", "ppm-infra destroy").line().to_owned();
    assert!(destroys.ends_with("destroy plans/reference.yaml --delete-data database"), "{destroys}");
    desk.run(&["plan", "--values", "v.yaml", "--report", "a.md"]).exit(0);
    let elsewhere = hint(&desk, &told(&desk), "To carry it out", "ppm-infra apply").line().to_owned();
    assert!(elsewhere.ends_with("apply plans/reference.yaml --values v.yaml"), "{elsewhere}");
    // Long enough to be cut short.
    let tags: Vec<String> = (0..40).map(|n| format!("  tag-{n}: {}", "x".repeat(200))).collect();
    desk.declare_with(&format!("database:\n  instance_class: db.r6g.xlarge\ntags:\n{}", tags.join("\n")));
    desk.run(&["plan", "-o", "p.json", "--full", "--report", "a.md"]).exit(0);
    let said = told(&desk);
    assert!(said.stdout.chars().count() <= 60_000, "{}", said.stdout.chars().count());
    follow(&desk, &said, "All of it is shown by", "ppm-infra show").exit(0).says(&["tag-39"]);
    follow(&desk, &said, "To carry it out", "ppm-infra apply").exit(0);
    desk.run(&["plan", "--detailed-exitcode"]).exit(0);
}

#[test]
fn a_plan_that_cannot_be_carried_out_is_reported_all_the_same() {
    let desk = Desk::simulated();
    let arn = "arn:aws:iam::111122223333:role/opps";
    desk.declare_with(&format!("kubernetes:\n  admins: [{arn}]"));
    desk.write("world.json", &json!({"made": 0, "objects": {}, "facts": {"principals": {arn: "missing"}}}).to_string());
    let said = desk.run(&[&["plan", "-o", "p.json"], &ALL[..]].concat()).exit(1);
    said.says(&["so the plan cannot be carried out"]);
    assert!(!desk.path("p.json").exists());
    let (html, comment) = (desk.read("a.html"), desk.read("a.md"));
    for told in [&html, &comment] {
        assert!(told.contains("CHECKS FAILED") && told.contains("kubernetes.admins"), "{told}");
        assert!(!told.contains("To carry it out"), "nothing does");
    }
    let checks = comment.find("### Checks").unwrap();
    assert!(checks < comment.find("<details>").unwrap(), "above what is folded away");
    assert!(html.find("id=\"checks\"").unwrap() < html.find("id=\"changes\"").unwrap());
    let text = desk.read("a.sarif");
    by_schema(&text, "sarif-2.1.0/schema.json");
    let log: Value = serde_json::from_str(&text).unwrap();
    let result = &log["runs"][0]["results"][0];
    assert_eq!(result["ruleId"], "kubernetes.admins");
    let place = &result["locations"][0]["physicalLocation"];
    let line = desk.read("plans/reference.yaml").lines().position(|line| line.starts_with("  admins:")).unwrap() + 1;
    assert_eq!(place["artifactLocation"]["uri"], "plans/reference.yaml");
    assert_eq!(place["region"]["startLine"], json!(line));
}

#[test]
fn a_file_that_cannot_be_written_keeps_nothing_else_from_being_written() {
    let desk = edited();
    let shown = desk.run(&["plan"]).exit(0).stdout;
    let said = desk.run(&["plan", "-o", "p.json", "--report", "none/a.html", "--report", "a.md"]).exit(1);
    assert_eq!(said.stdout, shown);
    said.says(&["error: could not write none/a.html", "every other file is written"]);
    assert!(desk.read("a.md").contains("FAILOVER"));
    desk.run(&["apply", "p.json"]).exit(0);
}

#[test]
fn strange_values_are_text_in_every_report() {
    let desk = edited();
    let markup = "<script>x</script>|`c` [e](https://f) @team #1 \"} 2\nend --> </details>";
    meddle(&desk, "vpc.main", None, |object| {
        object["declared"]["tags"]["team"] = json!(markup);
        object["declared"]["tags"][markup] = json!("x");
    });
    desk.run(&[&["plan"], &ALL[..]].concat()).exit(0);
    let html = desk.read("a.html");
    assert!(!html.contains("<script") && html.contains("&lt;script&gt;"), "{html}");
    let comment = desk.read("a.md");
    assert_eq!(comment.matches("\n</details>").count(), comment.matches("\n<details>").count());
    assert!(comment.contains("script") && !comment.contains("\nend"), "{comment}");
}

#[test]
fn the_graph_of_a_declaration_is_drawn_in_three_ways() {
    let desk = Desk::simulated();
    desk.declare(&[]);
    let drawn = |format: &str| desk.run(&["graph", "--format", format]).exit(0).stdout;
    assert_eq!(desk.run(&["graph"]).exit(0).stdout, drawn("dot"));
    let (dot, mermaid, svg) = (drawn("dot"), drawn("mermaid"), drawn("svg"));
    assert!(dot.starts_with("digraph stack {") && dot.contains("label=\"us-east-1c\""));
    assert!(dot.contains("\"nat_gateway.a\" -> \"internet_gateway.main\" [style=dashed, tooltip=\""), "{dot}");
    assert!(mermaid.starts_with("flowchart LR\n") && mermaid.contains("subgraph l3[\"us-east-1c\"]"));
    assert!(svg.starts_with("<svg xmlns=\"http://www.w3.org/2000/svg\"") && svg.ends_with("</svg>\n"));
    for address in ["vpc.main", "database.main", "elastic_ip.nat-c"] {
        assert!([&dot, &mermaid, &svg].into_iter().all(|text| text.contains(address)), "{address}");
    }
}
