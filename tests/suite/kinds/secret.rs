//! Secrets.

use std::io::Write;
use std::sync::{Arc, Mutex};

use ppm_infra::cloud::ErrorKind;
use ppm_infra::cloud::aws::secrets;
use ppm_infra::model::address::Address;
use ppm_infra::model::document::Document;
use ppm_infra::model::observation::Observation;
use ppm_infra::model::reference::Ref;
use ppm_infra::model::resource::Resource;
use ppm_infra::resources::kms_key::KmsKey;
use ppm_infra::resources::secret::{Secret, SecretContent};
use secrecy::ExposeSecret as _;
use serde_json::json;

use crate::kinds::kms_key;
use crate::support::lifecycle::Lab;

pub(crate) fn sample() -> Secret {
    Secret {
        name: "lab-database".to_owned(),
        description: "User and password of the database".to_owned(),
        kms_key: None,
        content: SecretContent::Login { username: "ppm".to_owned() },
        recovery_days: 7,
        tags: Lab::tags("secret", "database"),
    }
}

fn at() -> Address {
    Address::of(Secret::KIND, "database")
}

/// What is in the secret, without a word in any log.
async fn value(lab: &Lab, id: &str) -> String {
    let call = lab.clients.secrets.get_secret_value().secret_id(id).send();
    secrets::unlogged(call).await.unwrap().secret_string.unwrap()
}

#[tokio::test]
async fn a_secret_is_made_found_changed_and_removed() {
    let mut lab = Lab::new(0).await;
    lab.make("main", &kms_key::sample()).await;
    let secret = Secret { kms_key: Some(Ref::named("main")), ..sample() };
    let id = lab.make("database", &secret).await.id;
    lab.find_again::<Secret>("database").await;
    let before = value(&lab, &id).await;
    let mut changed = Secret { description: "In other words".to_owned(), kms_key: None, ..secret.clone() };
    changed.tags.insert("team".to_owned(), "data".to_owned());
    lab.change("database", &changed).await;
    lab.find_again::<Secret>("database").await;
    lab.change("database", &secret).await;
    assert!(value(&lab, &id).await == before, "a change of settings leaves the value alone");
    lab.remove::<Secret>("database").await;
}

#[tokio::test]
async fn a_login_is_read_for_the_database() {
    let mut lab = Lab::new(0).await;
    let id = lab.make("database", &sample()).await.id;
    let (user, password) = secrets::login(&lab.clients, &id).await.unwrap();
    assert_eq!(user, "ppm");
    assert_eq!(password.expose_secret().len(), 32);
    let key = Secret {
        name: "lab-key".to_owned(),
        content: SecretContent::RandomHex { bytes: 512 },
        tags: Lab::tags("secret", "key"),
        ..sample()
    };
    let id = lab.make("key", &key).await.id;
    let held = value(&lab, &id).await;
    assert_eq!(held.len(), 1024);
    let error = secrets::login(&lab.clients, &id).await.unwrap_err();
    assert!(!format!("{error:?} {error}").contains(&held[..16]), "errors never quote a value");
    let error = secrets::login(&lab.clients, "lab-none").await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::NotFound);
}

/// Collects every line logged at the most talkative level.
#[derive(Clone, Default)]
struct Lines(Arc<Mutex<Vec<u8>>>);

impl Write for Lines {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[tokio::test]
async fn no_log_shows_a_value() {
    let lines = Lines::default();
    let writer = lines.clone();
    let log = tracing_subscriber::fmt().with_max_level(tracing::Level::TRACE).with_writer(move || writer.clone());
    let guard = tracing::subscriber::set_default(log.finish());
    let mut lab = Lab::new(0).await;
    let secret = sample();
    let computed = lab.make("database", &secret).await;
    let (_, password) = secrets::login(&lab.clients, &computed.id).await.unwrap();
    lab.change("database", &Secret { description: "changed".to_owned(), ..secret.clone() }).await;
    // Restoring with a value of another sort writes a second one.
    lab.remove::<Secret>("database").await;
    let hex = Secret { content: SecretContent::RandomHex { bytes: 16 }, ..secret };
    let computed = lab.make("database", &hex).await;
    let second = value(&lab, &computed.id).await;
    drop(guard);
    assert_eq!(second.len(), 32);
    let text = String::from_utf8_lossy(&lines.0.lock().unwrap()).into_owned();
    assert!(text.contains("lab-database"), "the log tells of the secret");
    for canary in [password.expose_secret(), second.as_str()] {
        assert!(!text.contains(canary), "and not what is in it");
        for shown in
            [format!("{computed:?} {hex:?}"), Document::of(&hex).canonical(), Document::of(&computed).canonical()]
        {
            assert!(!shown.contains(canary));
        }
    }
}

#[tokio::test]
async fn a_secret_made_again_keeps_its_value() {
    let mut lab = Lab::new(0).await;
    let secret = sample();
    let id = lab.make("database", &secret).await.id;
    let before = value(&lab, &id).await;
    lab.remove::<Secret>("database").await;
    let found = lab.observe(&at(), Some(&Document::of(&secret)), false).await;
    assert_eq!(found, Observation::Absent, "what waits for its deletion is gone");
    let again = lab.make("database", &secret).await.id;
    assert!(value(&lab, &again).await == before, "what it opened may still be there");
}

#[tokio::test]
async fn a_value_nobody_can_read_any_more_is_made_again() {
    let mut lab = Lab::new(0).await;
    lab.make("main", &kms_key::sample()).await;
    let secret = Secret { kms_key: Some(Ref::named("main")), ..sample() };
    let id = lab.make("database", &secret).await.id;
    let before = value(&lab, &id).await;
    lab.remove::<Secret>("database").await;
    lab.remove::<KmsKey>("main").await;
    lab.make("main", &kms_key::sample()).await;
    let again = lab.make("database", &secret).await.id;
    assert!(value(&lab, &again).await != before, "the key that opened it waits for its deletion");
    lab.find_again::<Secret>("database").await;
}

#[tokio::test]
async fn a_value_that_was_due_when_a_run_ended_is_made_by_the_next() {
    let mut lab = Lab::new(0).await;
    lab.make("main", &kms_key::sample()).await;
    let secret = Secret { kms_key: Some(Ref::named("main")), ..sample() };
    let id = lab.make("database", &secret).await.id;
    let before = value(&lab, &id).await;
    let fault = json!({"service": "secretsmanager", "operation": "UpdateSecret", "kind": "denied", "count": 1});
    // Where the key is gone, and where another sort of value is wanted.
    lab.remove::<Secret>("database").await;
    lab.remove::<KmsKey>("main").await;
    lab.make("main", &kms_key::sample()).await;
    lab.emulator.post("/strict/faults", &fault);
    let error = lab.try_make("database", &secret).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::Denied, "{error}");
    lab.change("database", &secret).await;
    let second = value(&lab, &id).await;
    assert!(second != before);
    lab.find_again::<Secret>("database").await;
    lab.change("database", &secret).await;
    assert!(value(&lab, &id).await == second, "nothing is due any more");

    lab.remove::<Secret>("database").await;
    let hex = Secret { content: SecretContent::RandomHex { bytes: 16 }, ..secret };
    lab.emulator.post("/strict/faults", &fault);
    lab.try_make("database", &hex).await.unwrap_err();
    lab.change("database", &hex).await;
    assert_eq!(value(&lab, &id).await.len(), 32);
    lab.remove::<Secret>("database").await;
    lab.make("database", &hex).await;
}

#[tokio::test]
async fn a_key_that_secrets_manager_does_not_know_yet_is_waited_for() {
    let mut lab = Lab::new(0).await;
    let fault = json!({"service": "secretsmanager", "operation": "CreateSecret", "kind": "code",
        "code": "EncryptionFailure", "message": "The key is not there", "count": 2});
    lab.emulator.post("/strict/faults", &fault);
    lab.make("database", &sample()).await;
}

#[tokio::test]
async fn what_others_change_shows_as_that_field() {
    let mut lab = Lab::new(0).await;
    let secret = sample();
    let id = lab.make("database", &secret).await.id;
    let call = lab.clients.secrets.clone();

    call.update_secret().secret_id(&id).description("theirs").send().await.unwrap();
    let seen = lab.look("database", Some(&secret)).await.unwrap();
    assert_eq!(seen, Secret { description: "theirs".to_owned(), ..secret.clone() });
    lab.change("database", &secret).await;

    let key = lab.clients.kms.create_key().send().await.unwrap().key_metadata.unwrap();
    // The bare id means the key as well as its ARN does.
    call.update_secret().secret_id(&id).kms_key_id(&key.key_id).send().await.unwrap();
    let seen = lab.look("database", Some(&secret)).await.unwrap();
    assert_eq!(seen, Secret { kms_key: Some(Ref::external(key.arn.unwrap())), ..secret.clone() });
    lab.change("database", &secret).await;

    call.untag_resource().secret_id(&id).tag_keys("Name").send().await.unwrap();
    let mut untagged = secret.clone();
    untagged.tags.remove("Name");
    assert_eq!(lab.look("database", Some(&secret)).await.unwrap(), untagged);
    lab.change("database", &secret).await;

    let foreign = aws_sdk_secretsmanager::types::Tag::builder().key("cost").value("1").build();
    call.tag_resource().secret_id(&id).tags(foreign).send().await.unwrap();
    assert_eq!(lab.look("database", Some(&secret)).await.unwrap(), secret);
    call.delete_secret().secret_id(&id).force_delete_without_recovery(true).send().await.unwrap();
    assert_eq!(lab.look("database", Some(&secret)).await, None);
    lab.remove::<Secret>("database").await;
}

#[tokio::test]
async fn a_secret_of_others_is_left_alone() {
    let mut lab = Lab::new(0).await;
    let secret = sample();
    let call = lab.clients.secrets.clone();
    let theirs = call.create_secret().name("lab-database").secret_string("theirs").send().await.unwrap().arn.unwrap();
    for dying in [false, true] {
        if dying {
            call.delete_secret().secret_id(&theirs).recovery_window_in_days(7).send().await.unwrap();
        }
        let error = lab.try_make("database", &secret).await.unwrap_err();
        assert_eq!(error.kind, ErrorKind::NotOurs, "{error}");
        let found = lab.observe(&at(), Some(&Document::of(&secret)), false).await;
        assert!(matches!(found, Observation::Foreign { .. }), "{found:?}");
    }
    call.restore_secret().secret_id(&theirs).send().await.unwrap();
    assert!(value(&lab, &theirs).await == "theirs");
}

#[tokio::test]
async fn a_secret_whose_answer_was_lost_is_taken_over() {
    let mut lab = Lab::new(0).await;
    let fault = json!({"service": "secretsmanager", "operation": "CreateSecret", "kind": "reset_after", "nth": 1});
    lab.emulator.post("/strict/faults", &fault);
    lab.make("database", &sample()).await;
}
