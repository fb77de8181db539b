//! How bad drift has to be for the exit status: from the program itself, in a rehearsal.

use serde_json::{Value, json};

use crate::recover::meddle;
use crate::support::binary::Desk;

fn standing() -> Desk {
    let desk = Desk::simulated();
    desk.declare(&[]);
    desk.run(&["apply", "--auto-approve"]).exit(0);
    desk
}

/// Drift of the grade `medium`.
fn moved(desk: &Desk) {
    meddle(desk, "database.main", None, |object| {
        object["declared"]["maintenance_window"] = json!("mon:04:30-mon:05:30");
    });
}

/// Drift of the grade `high`.
fn gone(desk: &Desk) {
    let mut world: Value = serde_json::from_str(&desk.read("world.json")).unwrap();
    world["objects"].as_object_mut().unwrap().retain(|_, object| object["mark"]["address"] != "elastic_ip.nat-a");
    desk.write("world.json", &world.to_string());
}

#[test]
fn what_is_less_than_asked_for_is_told_and_ends_with_0() {
    let desk = standing();
    for grade in ["any", "critical"] {
        let said = desk.run(&["drift", "--exit-on", grade]).exit(0);
        assert!(!said.stdout.contains("--exit-on"), "nothing drifted: {said}");
    }
    moved(&desk);
    desk.run(&["drift"]).exit(2);
    for (grade, code) in [("any", 2), ("low", 2), ("medium", 2), ("high", 0), ("critical", 0)] {
        let said = desk
            .run(&["drift", "--exit-on", grade])
            .exit(code)
            .says(&["maintenance_window  recorded sun:04:30-sun:05:30, found mon"]);
        let last = said.stdout.lines().last().unwrap_or_default();
        let below = format!("1 finding is below --exit-on {grade}: exit status 0.");
        assert_eq!(last == below, code == 0, "{said}");
        let said = desk.run(&["drift", "--exit-on", grade, "--json"]).exit(code);
        assert_eq!(said.json().pop().unwrap()["summary"]["in_sync"], json!(false), "{said}");
    }
    gone(&desk);
    for (grade, code) in [("medium", 2), ("high", 2), ("critical", 0)] {
        desk.run(&["drift", "--exit-on", grade]).exit(code);
    }
    let said = desk.run(&["drift", "history", "--json"]).exit(0).json().pop().unwrap();
    let last = said["runs"].as_array().unwrap().last().unwrap();
    assert_eq!(last["outcome"], "drifted", "whatever the exit status was");
    desk.run(&["drift", "--exit-on", "grave"]).exit(64).says(&["critical, high, medium, low, any"]);
}

#[test]
fn of_several_stacks_the_worst_decides_and_one_that_is_not_known_before_all() {
    let desk = standing();
    desk.write("plans/b.yaml", &desk.read("plans/reference.yaml").replace("stack: ppm-prod", "stack: ppm-b"));
    desk.run(&["apply", "plans/b.yaml", "--auto-approve"]).exit(0);
    moved(&desk);
    let looked = |grade: &str, code: i32| desk.run(&["drift", "plans", "--exit-on", grade]).exit(code);
    looked("medium", 2).says(&["2 stacks: 1 in sync, 1 drifted."]);
    let last = "2 stacks: 1 in sync, 1 drifted below --exit-on high: exit status 0.";
    looked("high", 0).says(&[last, "1 finding is below --exit-on high"]);
    desk.write("plans/c.yaml", "stack: [");
    looked("high", 3).says(&["1 drifted below --exit-on high, 1 not known to be in sync."]);
}

#[test]
fn a_job_passes_it_on() {
    let desk = Desk::simulated();
    desk.declare_with("state: s3://acme-state/ppm");
    desk.run(&["apply", "--auto-approve"]).exit(0);
    desk.write("metrics/other.prom", "");
    let schedule = |form: &str, more: &[&str]| {
        let asked = ["drift", "schedule", "--as", form, "--metrics", "metrics", "--user", "ppm", "--exit-on", "high"];
        desk.run(&[&asked[..], more].concat()).exit(0);
    };
    schedule("cron", &[]);
    moved(&desk);
    desk.shell("/bin/sh drift-job/ppm-prod-drift.sh").exit(0);
    gone(&desk);
    desk.shell("/bin/sh drift-job/ppm-prod-drift.sh").exit(2).says(&["drift of ppm-prod ended with 2"]);
    let (github, words) = (["--repository", "acme/infra", "--branch", "main"], "drift --no-record --exit-on high");
    for (form, more, file) in [
        ("systemd", &[][..], "service"),
        ("kubernetes", &[], "kubernetes.yaml"),
        ("eventbridge", &[], "cloudformation.yaml"),
        ("github", &github, "github-workflow.yaml"),
    ] {
        schedule(form, &[more, &["--force"]].concat());
        let text = desk.read(&format!("drift-job/ppm-prod-drift.{file}"));
        let all: Vec<&str> = text.split(|c: char| c.is_whitespace() || c == '"').filter(|word| *word != "-").collect();
        let all: Vec<&str> = all.into_iter().filter(|word| !word.is_empty()).collect();
        let expected = if form == "systemd" { "--no-record --exit-on high" } else { words };
        assert!(all.join(" ").contains(expected), "{form}: {text}");
    }
}
