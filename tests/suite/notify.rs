//! Who is told of a look for drift: from the program itself, to a server of the test, to SNS of the emulator and to a file.

use base64::Engine as _;
use hmac::{Hmac, KeyInit as _, Mac as _};
use serde_json::{Value, json};

use crate::recover::meddle;
use crate::support::binary::{Desk, Said};
use crate::support::emulator::Emulator;
use crate::support::inbox::{Answer, Inbox};

const RUNS: &str = "state/ppm-prod.runs.jsonl";
const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

fn standing() -> Desk {
    let desk = Desk::simulated().with("PPM_INFRA_WEBHOOK_SECRET", SECRET);
    desk.declare_with("database:\n  backup_days: 7");
    desk.run(&["apply", "--auto-approve"]).exit(0);
    desk
}

fn days(desk: &Desk, days: u32) {
    meddle(desk, "database.main", None, |object| object["declared"]["backup_days"] = json!(days));
}

fn notify(desk: &Desk, target: &str, more: &[&str]) -> Said {
    desk.run(&[&["drift", "--notify", target], more].concat())
}

/// What the last run recorded of who was told.
fn recorded(desk: &Desk) -> Value {
    let told = desk.run(&["drift", "history", "--json"]).exit(0).json().pop().unwrap();
    told["runs"].as_array().unwrap().last().unwrap()["notices"].clone()
}

/// Nothing of the address but its host is said or kept.
fn is_hushed(desk: &Desk, said: &Said) {
    for text in [said.stdout.as_str(), &said.stderr, &desk.read(RUNS), &desk.read("log")] {
        assert!(!text.contains("hush") && !text.contains(SECRET), "{text}");
    }
}

#[test]
fn a_webhook_is_told_what_is_new_and_can_check_who_says_it() {
    let desk = standing().with("PPM_INFRA_LOG_FILE", "log");
    let inbox = Inbox::answering(&[]);
    let target = format!("webhook:{}", inbox.url("/hush?token=hush"));
    notify(&desk, &target, &[]).exit(0);
    assert_eq!(inbox.letters().len(), 0, "nothing is said of what is in sync");
    days(&desk, 1);
    let said = notify(&desk, &target, &["-vv"]).exit(2);
    assert!(!said.stderr.contains("warning"), "{said}");
    let [letter] = inbox.letters().try_into().unwrap();
    assert_eq!(letter.path, "/hush?token=hush");
    let header = |name: &str| letter.headers[name].clone();
    assert_eq!(header("content-type"), "application/json");
    let key = base64::engine::general_purpose::STANDARD.decode(&SECRET[6..]).unwrap();
    let mut mac = Hmac::<sha2::Sha256>::new_from_slice(&key).unwrap();
    mac.update(format!("{}.{}.{}", header("webhook-id"), header("webhook-timestamp"), letter.body).as_bytes());
    let signature = base64::engine::general_purpose::STANDARD.encode(mac.finalize().into_bytes());
    assert_eq!(header("webhook-signature"), format!("v1,{signature}"));
    let body: Value = serde_json::from_str(&letter.body).unwrap();
    assert_eq!(body["subject"], "ppm-prod: 1 critical (database.main backup_days: recorded 7, found 1)");
    assert_eq!((&body["schema"], &body["reason"]), (&json!(1), &json!("news")));
    assert_eq!((&body["new"][0]["id"], &body["still"]), (&json!("drift.changed"), &json!([])));
    let place = ["stack", "region", "account"].map(|key| body[key].as_str().unwrap_or_default());
    assert_eq!(place, ["ppm-prod", "us-east-1", "111122223333"]);
    let told = desk.run(&["drift", "history", "--json"]).exit(0).json().pop().unwrap();
    let [_, before, run] = told["runs"].as_array().unwrap().as_slice() else { panic!("{told}") };
    assert_eq!((&body["run"], &body["since"]), (&run["run"], &before["at"]));
    assert!(body["at"].as_str() >= before["at"].as_str() && body["at"].as_str() <= run["at"].as_str(), "{body}");
    assert_eq!(body["summary"], json!({"new": 1, "changed": 0, "resolved": 0}));
    is_hushed(&desk, &said);
    notify(&desk, &target, &[]).exit(2);
    assert_eq!(inbox.letters().len(), 1, "nothing is new, and it was said today");
    notify(&desk, &target, &["--notify-all"]).exit(2);
    let last = inbox.letters().pop().unwrap();
    let body: Value = serde_json::from_str(&last.body).unwrap();
    assert_eq!((&body["reason"], &body["still"][0]["address"]), (&json!("asked"), &json!("database.main")));
    days(&desk, 7);
    notify(&desk, &target, &[]).exit(0);
    let last: Value = serde_json::from_str(&inbox.letters().pop().unwrap().body).unwrap();
    assert_eq!(
        (&last["subject"], &last["resolved"][0]["address"]),
        (&json!("ppm-prod: in sync, 1 resolved"), &json!("database.main"))
    );
}

#[test]
fn a_server_that_fails_twice_is_told_at_the_third_try() {
    let desk = standing().with("PPM_INFRA_LOG_FILE", "log");
    days(&desk, 1);
    let inbox = Inbox::answering(&[Answer::Status(500), Answer::Close]);
    let said = notify(&desk, &format!("slack:{}", inbox.url("/hush")), &[]).exit(2);
    assert!(!said.stderr.contains("warning"), "{said}");
    let letters = inbox.letters();
    assert_eq!(letters.len(), 3);
    assert!(letters.iter().all(|letter| letter.body == letters[0].body));
    let body: Value = serde_json::from_str(&letters[0].body).unwrap();
    assert!(body["text"].as_str().unwrap().starts_with("ppm-prod: 1 critical"), "{body}");
    assert_eq!(body["blocks"][0]["type"], "header");
    is_hushed(&desk, &said);
}

#[test]
fn who_cannot_be_told_hides_nothing_and_is_told_by_the_next_run() {
    let desk = standing().with("PPM_INFRA_LOG_FILE", "log");
    days(&desk, 1);
    let shown = desk.run(&["drift", "--no-record"]).exit(2).stdout;
    let down = Inbox::answering(&[Answer::Status(500), Answer::Status(503), Answer::Status(500), Answer::Status(404)]);
    let up = Inbox::answering(&[]);
    let (one, other) = (format!("webhook:{}", down.url("/hush")), format!("webhook:{}", up.url("/hush")));
    let said = desk.run(&["drift", "--notify", &one, "--notify", &other]).exit(2);
    assert_eq!(said.stdout, shown);
    let said = said.says(&["warning: webhook:http://127.0.0.1:", "was not told", "answered 500"]);
    is_hushed(&desk, &said);
    assert_eq!((down.letters().len(), up.letters().len()), (3, 1));
    let name = |inbox: &Inbox| format!("webhook:{}", inbox.url("/\u{2026}"));
    let records = recorded(&desk);
    assert_eq!(records[name(&down)]["owed"], true, "{records}");
    assert!(records[name(&down)]["error"].as_str().unwrap().contains("answered 500"), "{records}");
    assert!(records[name(&up)]["told_at"].is_string(), "{records}");
    // Owed, and refused for good: tried once.
    notify(&desk, &one, &[]).exit(2).says(&["answered 404"]);
    assert_eq!(down.letters().len(), 4);
    let said = desk.run(&["drift", "--notify", &one, "--notify", &other]).exit(2);
    assert!(!said.stderr.contains("warning"), "{said}");
    assert_eq!((down.letters().len(), up.letters().len()), (5, 1), "who was told is not told again");
    let body: Value = serde_json::from_str(&down.letters().pop().unwrap().body).unwrap();
    assert_eq!((&body["reason"], &body["still"][0]["address"]), (&json!("digest"), &json!("database.main")));
    notify(&desk, &one, &[]).exit(2);
    assert_eq!(down.letters().len(), 5, "nothing is owed any more");
}

#[test]
fn a_server_that_says_nothing_is_waited_for_within_a_bound() {
    let desk = standing();
    days(&desk, 1);
    let inbox = Inbox::answering(&[Answer::Nothing; 5]);
    let begun = std::time::Instant::now();
    let said = notify(&desk, &format!("webhook:{}", inbox.url("/")), &[]).exit(2);
    said.says(&["no answer within 4 s"]);
    let took = begun.elapsed().as_secs();
    assert!((4..20).contains(&took), "{took} s");
}

#[test]
fn what_is_still_there_is_said_once_a_day() {
    let desk = standing();
    days(&desk, 1);
    let inbox = Inbox::answering(&[]);
    let target = format!("webhook:{}", inbox.url("/"));
    notify(&desk, &target, &[]).exit(2);
    notify(&desk, &target, &[]).exit(2);
    assert_eq!(inbox.letters().len(), 1);
    // As if the last notice were a day old.
    let text = desk.read(RUNS);
    let (_, json) = text.lines().last().unwrap().split_at(26);
    let mut entry: Value = serde_json::from_str(json).unwrap();
    for record in entry["notices"].as_object_mut().unwrap().values_mut() {
        record["told_at"] = json!("2026-01-01T00:00:00Z");
    }
    let json = entry.to_string();
    let sum = &ppm_infra::model::document::digest(json.as_bytes())[..16];
    desk.write(RUNS, &format!("{:08x} {sum} {json}\n", json.len()));
    notify(&desk, &target, &[]).exit(2);
    let body: Value = serde_json::from_str(&inbox.letters().pop().unwrap().body).unwrap();
    assert_eq!((inbox.letters().len(), &body["reason"]), (2, &json!("digest")));
    notify(&desk, &target, &[]).exit(2);
    assert_eq!(inbox.letters().len(), 2);
}

#[test]
fn the_body_of_an_issue_is_markdown() {
    let desk = standing();
    notify(&desk, "github-issue:issue.md", &[]).exit(0);
    assert!(!desk.path("issue.md").exists(), "there is nothing to tell");
    days(&desk, 1);
    notify(&desk, "github-issue:issue.md", &[]).exit(2);
    let text = desk.read("issue.md");
    assert!(text.contains("**ppm-prod: 1 critical (database.main") && text.contains("## New"), "{text}");
    notify(&desk, "github-issue:none/issue.md", &["--notify-all"]).exit(2).says(&["warning:", "none/issue.md"]);
    notify(&desk, "github-issue:plans/reference.yaml", &[]).exit(64).says(&["is a declaration"]);
}

#[test]
fn what_is_no_target_is_refused_before_anything_is_read_and_not_said() {
    let desk = standing().with("URL", "https://me:hush@example.com/");
    let before = desk.files();
    for target in ["hush", "slack:http://example.com/hush", "webhook:env:URL", "webhook:env:MISSING", "sns:hush"] {
        let said =
            desk.run(&["drift", "--notify", "github-issue:a.md", "--notify", target, "plans/missing.yaml"]).exit(64);
        assert!(!said.stderr.contains("hush"), "{said}");
        said.says(&["number 2", "webhook:https://"]);
    }
    assert_eq!(desk.files(), before);
    let inbox = Inbox::answering(&[]);
    let desk = desk.with("URL", &inbox.url("/hush"));
    days(&desk, 1);
    notify(&desk, "slack:env:URL", &[]).exit(2);
    assert_eq!(inbox.letters()[0].path, "/hush");
}

#[tokio::test]
async fn a_topic_is_told_in_its_own_region() {
    let emulator = Emulator::start(0);
    let desk = Desk::at(&emulator.endpoint(), 0);
    desk.declare_with("database:\n  backup_days: 7");
    desk.run(&["apply", "--auto-approve"]).exit(0);
    let aws = emulator.clients().await;
    let name = aws.rds.describe_db_instances().send().await.unwrap().db_instances()[0]
        .db_instance_identifier()
        .unwrap()
        .to_owned();
    let database = aws.rds.modify_db_instance().db_instance_identifier(name).backup_retention_period(1);
    database.apply_immediately(true).send().await.unwrap();
    let topic = "arn:aws:sns:eu-west-1:123456789012:drift";
    notify(&desk, &format!("sns:{topic}"), &[]).exit(2).says(&["warning: sns:arn:aws:sns:eu-west-1", "NotFound"]);
    let region = aws_config::Region::new("eu-west-1");
    let config = aws_config::defaults(aws_config::BehaviorVersion::v2026_01_12())
        .region(region)
        .endpoint_url(emulator.endpoint())
        .credentials_provider(aws_credential_types::Credentials::new("AKIATEST", "secret", None, None, "test"))
        .load()
        .await;
    aws_sdk_sns::Client::new(&config).create_topic().name("drift").send().await.unwrap();
    let said = notify(&desk, &format!("sns:{topic}"), &[]).exit(2);
    assert!(!said.stderr.contains("warning"), "what was owed arrives: {said}");
    let calls = emulator.calls();
    let published: Vec<&Value> = calls.iter().filter(|call| call["operation"] == "Publish").collect();
    assert!(published.iter().all(|call| call["region"] == "eu-west-1"), "{published:?}");
    assert_eq!(published.last().unwrap()["outcome"], "ok", "{published:?}");
}
