//! The transcripts of docs/runbook.md are true: each scene is set, what stands after `$` is typed, and the answer is what
//! stands there.

use crate::support::binary::{Desk, Running};

const RUNBOOK: &str = include_str!("../../docs/runbook.md");

/// What is typed, and the answer.
struct Line {
    typed: String,
    answer: Vec<String>,
}

/// The transcripts of each scene.
fn scenes() -> Vec<(&'static str, Vec<Line>)> {
    let mut scenes: Vec<(&str, Vec<Line>)> = Vec::new();
    let mut empty = 0;
    for line in RUNBOOK.lines() {
        if let Some(name) = line.strip_prefix("<!-- scene: ").and_then(|rest| rest.strip_suffix(" -->")) {
            scenes.push((name, Vec::new()));
        } else if let Some(text) = line.strip_prefix("    ") {
            let lines = &mut scenes.last_mut().expect("a scene is set before anything is typed").1;
            if let Some(typed) = text.strip_prefix("$ ") {
                lines.push(Line { typed: typed.to_owned(), answer: Vec::new() });
            } else {
                let answer = &mut lines.last_mut().expect("an answer follows what is typed").answer;
                answer.extend(std::iter::repeat_n(String::new(), empty));
                answer.push(text.to_owned());
            }
        }
        empty = if line.is_empty() { empty + 1 } else { 0 };
    }
    scenes
}

/// Whether `said` is what is `told`; `…` in it stands for anything, alone on a line for any number of lines.
fn fits(told: &[String], said: &[&str]) -> bool {
    match (told, said) {
        ([], []) => true,
        ([any, rest @ ..], _) if any == "…" => (0..=said.len()).any(|n| fits(rest, &said[n..])),
        ([line, rest @ ..], [found, more @ ..]) => line_fits(line, found) && fits(rest, more),
        ([], _) | (_, []) => false,
    }
}

fn line_fits(told: &str, said: &str) -> bool {
    let mut parts = told.split('…');
    let Some(mut rest) = said.strip_prefix(parts.next().unwrap_or_default()) else { return false };
    let mut open = false;
    for part in parts {
        open = true;
        match rest.find(part) {
            Some(_) if part.is_empty() => {}
            Some(at) => {
                rest = &rest[at + part.len()..];
                open = false;
            }
            None => return false,
        }
    }
    open || rest.is_empty()
}

#[test]
fn an_answer_is_compared_with_what_differs_left_open() {
    let told = ["a … c".to_owned(), "…".to_owned(), "end…".to_owned()];
    assert!(fits(&told, &["a b c", "x", "y", "end of it"]));
    assert!(fits(&told, &["a b c", "end"]));
    assert!(!fits(&told, &["a b c d", "end"]));
    assert!(!fits(&told, &["a b c", "the end"]));
    assert!(!fits(&told[..1], &["a b c", "x"]));
}

/// Types everything and compares.
fn play(desk: &Desk, lines: &[Line], mut offstage: impl FnMut(&str) -> bool) {
    assert!(!lines.is_empty());
    for line in lines {
        if offstage(&line.typed) {
            continue;
        }
        let said = desk.shell(&format!("exec 2>&1\n{}", line.typed));
        let found: Vec<&str> = said.stdout.lines().collect();
        assert!(
            fits(&line.answer, &found),
            "$ {}\n{}\ninstead of\n{}",
            line.typed,
            said.stdout,
            line.answer.join("\n")
        );
    }
}

fn applied() -> Desk {
    let desk = Desk::simulated();
    desk.declare(&[]);
    desk.run(&["apply", "--auto-approve"]).exit(0);
    desk
}

/// A desk where an apply is under way that does not end by itself soon.
fn under_way() -> (Desk, Running) {
    let desk = Desk::simulated();
    desk.declare(&[]);
    let mut running = desk.start(&["apply", "--auto-approve", "--time-scale", "10"]);
    running.hear("create iam_role.cluster: done");
    (desk, running)
}

#[test]
fn what_the_runbook_says_of_files_and_locks_is_true() {
    let mut played = 0;
    for (scene, lines) in scenes() {
        match scene {
            "held" => {
                let (desk, running) = under_way();
                play(&desk, &lines, |_| false);
                running.kill();
            }
            "killed" => {
                let (desk, running) = under_way();
                running.kill();
                play(&desk, &lines, |_| false);
            }
            "standing" => play(&applied(), &lines, |_| false),
            other => {
                assert!(other.ends_with(", on AWS"), "there is no scene `{other}`");
                continue;
            }
        }
        played += 1;
    }
    assert_eq!(played, 4);
}

#[cfg(feature = "aws")]
#[test]
fn what_the_runbook_says_of_aws_is_true() {
    use crate::support::emulator::Emulator;
    use serde_json::json;

    let emulator = Emulator::start(0);
    let desk = Desk::at(&emulator.endpoint(), 0);
    desk.declare(&[]);
    desk.run(&["plan"]).exit(0);
    // In the middle of what comes after looking.
    let middle = emulator.calls().len() + 60;
    let mut played = 0;
    for (scene, lines) in scenes() {
        let fault = match scene {
            "leased, on AWS" => json!({"operation": "CreateInternetGateway", "kind": "delay", "seconds": 60}),
            "denied, on AWS" => {
                json!({"operation": "CreateDBInstance", "kind": "denied", "nth": 1, "resource": "ppm-prod"})
            }
            "expired, on AWS" => json!({"kind": "expired_token", "nth": middle, "count": 1_000_000}),
            _ => continue,
        };
        // Each on its own: what the program of the scene before had sent when it was killed may still arrive.
        let emulator = emulator.fork();
        emulator.post("/strict/faults", &fault);
        let desk = Desk::at(&emulator.endpoint(), 0);
        let _running = if scene == "leased, on AWS" {
            Some(shared(&emulator, &desk))
        } else {
            desk.declare(&[]);
            None
        };
        play(&desk, &lines, |typed| {
            let renewed = typed == "aws sso login";
            if renewed {
                emulator.post("/strict/faults/clear", &json!({}));
            }
            renewed
        });
        played += 1;
    }
    assert_eq!(played, 3);
}

#[cfg(feature = "aws")]
/// Puts the state into a bucket, and lets another machine work on it.
fn shared(emulator: &crate::support::emulator::Line, desk: &Desk) -> (Desk, Running) {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(async {
        emulator.clients().await.s3.create_bucket().bucket("acme-ppm-state").send().await.unwrap();
    });
    let other = Desk::at(&emulator.endpoint(), 0);
    for desk in [desk, &other] {
        desk.declare_with("state: s3://acme-ppm-state/ppm");
    }
    let mut running = other.start(&["apply", "--auto-approve"]);
    running.hear("create internet_gateway.main: started");
    (other, running)
}
