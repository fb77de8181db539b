//! The values of secrets stand in Secrets Manager and nowhere else: not in a file, not on screen, not in a log.

use std::os::unix::fs::PermissionsExt;

use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use ppm_infra::cloud::aws::Clients;
use serde_json::{Value, json};

use crate::log;
use crate::support::binary::{Desk, Said};
use crate::support::deed::Deed;
use crate::support::emulator::{Emulator, Line};

/// What Secrets Manager holds: the password of the database, and what Package Manager encrypts with.
async fn canaries(aws: &Clients) -> Vec<(&'static str, String)> {
    let mut found = Vec::new();
    let all = aws.secrets.list_secrets().send().await.unwrap();
    for secret in all.secret_list() {
        let arn = secret.arn().unwrap();
        let value = aws.secrets.get_secret_value().secret_id(arn).send().await.unwrap().secret_string.unwrap();
        match serde_json::from_str::<Value>(&value) {
            Ok(Value::Object(login)) => found.push(("password", login["password"].as_str().unwrap().to_owned())),
            _ => found.push(("encryption key", value)),
        }
    }
    assert_eq!(found.len(), 2, "there are two secrets");
    assert!(found.iter().all(|(_, value)| value.len() >= 32), "they are long");
    found
}

fn base64(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let digits = bytes.chunks(3).flat_map(|three| {
        let all = three.iter().fold(0u32, |all, byte| all << 8 | u32::from(*byte)) << (8 * (3 - three.len()));
        (0..=three.len()).map(move |n| char::from(DIGITS[(all >> (18 - 6 * n)) as usize & 63]))
    });
    digits.collect()
}

/// Every way in which a value may be written down. In base64 it looks otherwise behind one or two other bytes.
fn spellings(value: &str) -> Vec<String> {
    let base64s = (0..3).map(|before| {
        let text = base64(&[&[b'x'; 2][..before.min(2)], value.as_bytes()].concat());
        // The digits at both ends have a part in their neighbours.
        text[before + 2..text.len() - 2].to_owned()
    });
    let digits = value.bytes().flat_map(|byte| [byte >> 4, byte & 15]);
    let hex = digits.filter_map(|digit| char::from_digit(digit.into(), 16)).collect();
    let url = utf8_percent_encode(value, NON_ALPHANUMERIC).to_string();
    let json = json!(value).to_string().trim_matches('"').to_owned();
    let shuffled: String = value.chars().rev().collect();
    [value.to_owned(), url, json, hex, shuffled].into_iter().chain(base64s).collect()
}

fn assert_clean(canaries: &[(&str, String)], place: &str, bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    for (what, value) in canaries {
        for spelling in spellings(value) {
            assert!(!text.contains(&spelling), "the {what} stands in {place}");
        }
    }
}

fn assert_all_clean(canaries: &[(&str, String)], place: &str, said: &Said) {
    assert!(said.stdout.len() + said.stderr.len() > 1000, "{place}: there is something to search: {said}");
    assert_clean(canaries, &format!("{place}, stdout"), said.stdout.as_bytes());
    assert_clean(canaries, &format!("{place}, stderr"), said.stderr.as_bytes());
}

#[test]
fn they_are_found_in_whatever_spelling() {
    assert_eq!(base64(b"any carnal pleas"), "YW55IGNhcm5hbCBwbGVhcw");
    let secret = "aB3dE5gH7jK9mN1pQ3sT5vW7yZ9bC1dF";
    let canaries = [("canary", secret.to_owned())];
    let texts = [secret.to_owned(), base64(secret.as_bytes()), base64(format!("user:{secret}!").as_bytes())];
    for text in texts {
        let found = std::panic::catch_unwind(|| assert_clean(&canaries, "a text", format!("x {text} y").as_bytes()));
        assert!(found.is_err(), "{text}");
    }
    assert_clean(&canaries, "a text", b"nothing of that kind");
}

#[test]
fn values_of_secrets_stand_nowhere() {
    let deed = Deed::first_apply();
    let runtime = tokio::runtime::Runtime::new().unwrap();

    // For people, with everything that can be logged; the journal is copied while the run waits.
    let (desk, fork) = deed.stage();
    let desk = desk.with("PPM_INFRA_LOG", "trace");
    let plan = desk.run(&["-vv", "plan", "-o", "first.plan.json"]).exit(0);
    fork.post("/strict/gate", &json!({"on": true}));
    let running = desk.start(&["-vv", "--log-file", "inside.jsonl", "apply", "first.plan.json"]);
    loop {
        let ticket = fork.get("/strict/gate?wait=30");
        assert_ne!(ticket["ticket"], 0, "there is a database to be made");
        if ticket["operation"] == "CreateDBInstance" && ticket["phase"] == "after" {
            break;
        }
        fork.post("/strict/gate/pass", &json!({"ticket": ticket["ticket"]}));
    }
    let journal = desk.read("state/ppm-prod.journal");
    assert!(journal.contains("secret.database"), "the secrets are made");
    fork.post("/strict/gate", &json!({"on": false}));
    let apply = running.end().exit(0);
    assert!(apply.stderr.contains("TRACE"), "everything is logged");
    // Each call by its name, with what AWS needs to find it.
    let calls: Vec<Value> =
        log::lines(&desk, "inside.jsonl").into_iter().filter(|line| line["message"] == "call").collect();
    let database = calls.iter().find(|call| call["operation"] == "CreateDBSubnetGroup").unwrap();
    assert_eq!(
        (&database["service"], &database["status"], &database["attempt"]),
        (&json!("RDS"), &json!("200"), &json!(1))
    );
    assert!(database["request_id"].as_str().is_some_and(|id| id.len() > 8) && database["ms"].is_u64(), "{database}");
    let found = runtime.block_on(async { canaries(&fork.clients().await).await });
    assert_clean(&found, "the journal", journal.as_bytes());
    assert_all_clean(&found, "plan", &plan);
    assert_all_clean(&found, "apply", &apply);
    let values = desk.run(&["-vv", "values"]).exit(0);
    assert_all_clean(&found, "values", &values);
    desk.run(&["-vv", "export", "terraform", "--out", "tf"]).exit(0);
    for (path, bytes) in desk.files() {
        assert_clean(&found, &path.display().to_string(), &bytes);
    }

    // What the program writes is its owner's alone.
    let names =
        ["ppm-prod.lock.json", "ppm-prod.lock.json.backup", "ppm-prod.lock"].map(|name| format!("state/{name}"));
    for name in names.iter().map(String::as_str).chain(["first.plan.json", "out/ppm-prod.values.yaml"]) {
        let mode = std::fs::metadata(desk.path(name)).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{name}");
    }

    // For programs, and with an object whose making is refused: what is said then is said from the call.
    let (desk, fork) = deed.stage();
    let refusal = json!({"operation": "CreateDBInstance", "kind": "code", "code": "StorageTypeNotSupported", "nth": 1});
    fork.post("/strict/faults", &refusal);
    let refused = desk.run(&["--json", "apply", "--auto-approve"]).exit(1);
    let complete = desk.run(&["--json", "apply", "--auto-approve"]).exit(0);
    let found = runtime.block_on(async { canaries(&fork.clients().await).await });
    assert_all_clean(&found, "apply --json, refused", &refused);
    assert_all_clean(&found, "apply --json", &complete);
    for (path, bytes) in desk.files() {
        assert_clean(&found, &path.display().to_string(), &bytes);
    }
}

/// The two values as they stand in Secrets Manager now.
fn values_now(line: &Line) -> Vec<(&'static str, String)> {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(async { canaries(&line.clients().await).await })
}

#[test]
fn on_their_way_into_the_cluster_they_stand_on_the_one_stdout_that_is_meant() {
    let emulator = Emulator::start(0);
    let desk = Desk::at(&emulator.endpoint(), 0).with("PPM_INFRA_LOG", "trace");
    desk.declare_with("package_manager: {secrets: external_secrets, usage_data: database}");
    desk.run(&["apply", "--auto-approve"]).exit(0);
    let first = values_now(&emulator);
    let printed = desk.run(&["-vv", "secrets", "--as", "kubectl"]).exit(0);
    assert!(printed.stderr.contains("TRACE"), "everything is logged");
    for (what, value) in &first {
        assert!(printed.stdout.contains(&base64(value.as_bytes())), "{what} is printed");
    }
    assert_clean(&first, "secrets, stderr", printed.stderr.as_bytes());

    let silent = |arguments: &[&str], code: i32, known: &[(&str, String)]| {
        let said = desk.run(arguments).exit(code);
        let place = arguments.join(" ");
        assert_clean(known, &format!("{place}, stdout"), said.stdout.as_bytes());
        assert_clean(known, &format!("{place}, stderr"), said.stderr.as_bytes());
    };
    let rotate = ["-vv", "secrets", "rotate", "database", "--auto-approve"];
    let all: [(&[&str], i32); 8] = [
        (&["-vv", "status"], 1),
        (&["-vv", "--json", "status"], 1),
        (&["-vv", "secrets"], 0),
        (&["-vv", "secrets", "--with-database-job", "--application-role", "app"], 0),
        (&["-vv", "kubeconfig"], 0),
        (&["-vv", "eks-token", "--cluster", "ppm-prod", "--region", "us-east-1"], 0),
        (&["-vv", "offline-checklist"], 0),
        (&["-vv", "secrets", "rotate", "encryption-key"], 1),
    ];
    for (arguments, code) in all {
        silent(arguments, code, &first);
    }

    // A rotation that is refused by the database, or whose answer is lost, and the one that finishes it.
    let refusal = json!({"operation": "ModifyDBInstance", "kind": "code", "code": "InvalidParameterValue", "nth": 1});
    emulator.post("/strict/faults", &refusal);
    let refused = desk.run(&rotate).exit(1).says(&["nobody is locked out"]);
    assert_eq!(values_now(&emulator), first, "what everybody reads is what the database takes");
    emulator.post("/strict/faults", &json!({"operation": "UpdateSecretVersionStage", "kind": "reset_after", "nth": 1}));
    let finished = desk.run(&rotate).exit(0).says(&["A rotation that was cut off is finished"]);
    let second = values_now(&emulator);
    assert_ne!(second, first);
    let fresh = desk.run(&rotate).exit(0).says(&["The database takes a new password"]);
    let third = values_now(&emulator);
    assert_ne!(third, second);
    for known in [&first, &second, &third] {
        for (place, said) in [("refused", &refused), ("finished", &finished), ("fresh", &fresh)] {
            assert_all_clean(known, place, said);
        }
        for (path, bytes) in desk.files() {
            assert_clean(known, &path.display().to_string(), &bytes);
        }
    }
    desk.run(&["plan", "--detailed-exitcode"]).exit(0);
}
