//! A password is exchanged on AWS: whatever the database is doing, and wherever the process dies, what everybody reads is
//! in the end what the database takes. The program itself, against the strict emulator.

use serde_json::{Value, json};

use crate::drift::Standing;
use crate::support::binary::Said;

const ROTATE: [&str; 4] = ["secrets", "rotate", "database", "--auto-approve"];
const APPLY: [&str; 2] = ["apply", "--auto-approve"];

/// The password at a stage of the secret.
async fn read(at: &Standing, stage: &str) -> Option<String> {
    let call = at.aws.secrets.get_secret_value().secret_id(at.id("secret.database")).version_stage(stage);
    let value: Value = serde_json::from_str(&call.send().await.ok()?.secret_string.unwrap()).unwrap();
    Some(value["password"].as_str().unwrap().to_owned())
}

/// Whether the database takes a password.
fn takes(at: &Standing, password: &str) -> bool {
    let order = json!({"kind": "db_instance", "id": at.id("database.main"), "action": "login", "value": password});
    at.emulator.post("/strict/mutate", &order)["taken"] == true
}

fn status(at: &Standing, value: &str) {
    let order = json!({"kind": "db_instance", "id": at.id("database.main"), "action": "status", "value": value});
    at.emulator.post("/strict/mutate", &order);
}

/// What everybody reads is what the database takes; it.
async fn assert_good(at: &Standing, said: &Said) -> String {
    let current = read(at, "AWSCURRENT").await.unwrap();
    assert!(takes(at, &current), "{said}");
    current
}

#[tokio::test]
async fn whatever_the_database_is_doing_it_ends_with_a_password_that_is_good() {
    let at = Standing::with("").await;
    let mut last = read(&at, "AWSCURRENT").await.unwrap();
    // RDS takes a password while it optimises storage, for hours.
    status(&at, "storage-optimization");
    let said = at.desk.run(&ROTATE).exit(0);
    let now = assert_good(&at, &said).await;
    assert_ne!(now, last);
    last = now;
    // It refuses everything while it is at work, and is waited for before anything is changed.
    at.emulator.post("/strict/settings", &json!({"scale": 1000}));
    for busy in ["backing-up", "modifying", "configuring-enhanced-monitoring"] {
        status(&at, busy);
        let free =
            json!({"kind": "db_instance", "id": at.id("database.main"), "action": "status", "value": "available"});
        let later = at.emulator.post_later(std::time::Duration::from_millis(300), "/strict/mutate", free);
        let said = at.desk.run(&ROTATE).exit(0);
        later.join().unwrap();
        let now = assert_good(&at, &said).await;
        assert_ne!(now, last, "{busy}");
        last = now;
    }
}

#[tokio::test]
async fn a_database_that_stays_busy_keeps_the_password_it_has() {
    let at = Standing::with("").await;
    let before = read(&at, "AWSCURRENT").await.unwrap();
    status(&at, "backing-up");
    let said = at.desk.run(&ROTATE).exit(1).says(&["InvalidDBInstanceState"]);
    assert_eq!(assert_good(&at, &said).await, before, "nobody is locked out");
    let staged = read(&at, "AWSPENDING").await.unwrap();
    status(&at, "available");
    let said = at.desk.run(&ROTATE).exit(0).says(&["finished"]);
    assert_eq!(assert_good(&at, &said).await, staged, "what was staged is used");
}

#[tokio::test]
async fn wherever_it_dies_the_next_rotation_or_apply_finishes_it() {
    let at = Standing::with("").await;
    // Denied is the call that is not carried out any more; with `reset_after` it was, and nobody heard.
    for (service, operation, kind) in [
        ("secretsmanager", "PutSecretValue", "denied"),
        ("rds", "ModifyDBInstance", "denied"),
        ("secretsmanager", "UpdateSecretVersionStage", "denied"),
    ] {
        for next in [&ROTATE[..], &APPLY] {
            let what = format!("{operation}, then {next:?}");
            let before = read(&at, "AWSCURRENT").await.unwrap();
            at.emulator.post("/strict/faults", &json!({"service": service, "operation": operation, "kind": kind}));
            at.desk.run(&ROTATE).exit(1);
            let staged = read(&at, "AWSPENDING").await.filter(|staged| *staged != before);
            let known = [Some(before.clone()), staged.clone()];
            assert!(known.iter().flatten().any(|one| takes(&at, one)), "{what}: what it takes can be read");
            at.emulator.post("/strict/faults/clear", &json!({}));
            let said = at.desk.run(next).exit(0);
            let now = assert_good(&at, &said).await;
            match staged {
                Some(staged) => assert_eq!(now, staged, "{what}: {said}"),
                None => assert_eq!(now == before, next == &APPLY[..], "{what}: {said}"),
            }
        }
    }
}

#[tokio::test]
async fn an_answer_that_is_lost_is_no_second_password() {
    let at = Standing::with("").await;
    for (service, operation) in [
        ("secretsmanager", "PutSecretValue"),
        ("rds", "ModifyDBInstance"),
        ("secretsmanager", "UpdateSecretVersionStage"),
    ] {
        let lost = json!({"service": service, "operation": operation, "kind": "reset_after", "nth": 1});
        at.emulator.post("/strict/faults", &lost);
        let before = read(&at, "AWSCURRENT").await.unwrap();
        let said = at.desk.run(&ROTATE).exit(0);
        assert_ne!(assert_good(&at, &said).await, before, "{operation}");
        assert_eq!(read(&at, "AWSPREVIOUS").await.unwrap(), before, "{operation}: one step on");
        at.emulator.post("/strict/faults/clear", &json!({}));
    }
}

#[tokio::test]
async fn what_others_staged_is_theirs_to_finish() {
    let at = Standing::with("").await;
    let before = read(&at, "AWSCURRENT").await.unwrap();
    let theirs = json!({"username": "ppm", "password": "correcthorsebatterystaple"}).to_string();
    let call = at.aws.secrets.put_secret_value().secret_id(at.id("secret.database")).version_stages("AWSPENDING");
    call.secret_string(theirs).send().await.unwrap();
    let said = at.desk.run(&APPLY).exit(0);
    assert_eq!(assert_good(&at, &said).await, before);
}
