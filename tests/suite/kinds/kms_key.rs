//! Keys.

use aws_sdk_kms::types::Tag;
use ppm_infra::cloud::ErrorKind;
use ppm_infra::model::address::Address;
use ppm_infra::model::document::Document;
use ppm_infra::model::mark::{ADDRESS_TAG, STACK_TAG};
use ppm_infra::model::observation::{Observation, Remedy};
use ppm_infra::model::policy::Policy;
use ppm_infra::model::resource::{Known, Resource};
use ppm_infra::resources::kms_key::KmsKey;
use serde_json::{Value, json};

use super::ground::calls;
use crate::support::lifecycle::{Lab, STACK};

fn policy(actions: &Value) -> Policy {
    Policy::new(&json!({"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Principal": {"AWS": "arn:aws:iam::123456789012:root"}, "Action": actions, "Resource": "*"},
    ]}))
}

pub(crate) fn sample() -> KmsKey {
    KmsKey {
        alias: "alias/lab".to_owned(),
        description: "Everything of the laboratory".to_owned(),
        policy: policy(&json!("kms:*")),
        rotation: true,
        enabled: true,
        scheduled_deletion: None,
        deletion_days: 7,
        tags: Lab::tags("kms_key", "main"),
    }
}

fn at() -> Address {
    Address::of(KmsKey::KIND, "main")
}

#[tokio::test]
async fn a_key_is_made_found_changed_and_removed() {
    let mut lab = Lab::new(0).await;
    let key = sample();
    let computed = lab.make("main", &key).await;
    assert!(computed.id.ends_with(&format!(":key/{}", computed.key_id)), "{computed:?}");
    lab.find_again::<KmsKey>("main").await;
    let mut changed = KmsKey {
        alias: "alias/lab-2".to_owned(),
        description: String::new(),
        policy: policy(&json!(["kms:*", "kms:Decrypt"])),
        rotation: false,
        enabled: false,
        ..key.clone()
    };
    changed.tags.insert("team".to_owned(), "data".to_owned());
    lab.change("main", &changed).await;
    lab.find_again::<KmsKey>("main").await;
    // A disabled key that stays disabled rotates again.
    lab.change("main", &KmsKey { rotation: true, ..changed.clone() }).await;
    lab.change("main", &key).await;
    lab.remove::<KmsKey>("main").await;
    let aliases = lab.clients.kms.list_aliases().send().await.unwrap();
    assert!(aliases.aliases().iter().all(|alias| !alias.alias_name().unwrap().starts_with("alias/lab")));
    let left = lab.clients.kms.describe_key().key_id(&computed.key_id).send().await.unwrap().key_metadata.unwrap();
    assert_eq!(left.key_state.unwrap().as_str(), "PendingDeletion");
}

#[tokio::test]
async fn what_others_change_shows_as_that_field() {
    let mut lab = Lab::new(0).await;
    let key = sample();
    let id = lab.make("main", &key).await.key_id;
    let kms = lab.clients.kms.clone();

    kms.update_key_description().key_id(&id).description("theirs").send().await.unwrap();
    let seen = lab.look("main", Some(&key)).await.unwrap();
    assert_eq!(seen, KmsKey { description: "theirs".to_owned(), ..key.clone() });
    lab.change("main", &key).await;

    let theirs = policy(&json!(["kms:PutKeyPolicy", "kms:Get*"]));
    kms.put_key_policy().key_id(&id).policy_name("default").policy(theirs.document().to_string()).send().await.unwrap();
    assert_eq!(lab.look("main", Some(&key)).await.unwrap(), KmsKey { policy: theirs, ..key.clone() });
    lab.change("main", &key).await;

    kms.disable_key_rotation().key_id(&id).send().await.unwrap();
    assert_eq!(lab.look("main", Some(&key)).await.unwrap(), KmsKey { rotation: false, ..key.clone() });
    lab.change("main", &key).await;

    kms.disable_key().key_id(&id).send().await.unwrap();
    assert_eq!(lab.look("main", Some(&key)).await.unwrap(), KmsKey { enabled: false, ..key.clone() });
    lab.change("main", &key).await;

    kms.delete_alias().alias_name(&key.alias).send().await.unwrap();
    assert_eq!(lab.look("main", Some(&key)).await.unwrap(), KmsKey { alias: String::new(), ..key.clone() });
    lab.change("main", &key).await;

    kms.untag_resource().key_id(&id).tag_keys("Name").send().await.unwrap();
    let mut untagged = key.clone();
    untagged.tags.remove("Name");
    assert_eq!(lab.look("main", Some(&key)).await.unwrap(), untagged);
    lab.change("main", &key).await;

    // Another alias, a tag of others, the same policy in other words: nothing of it is a difference.
    kms.create_alias().alias_name("alias/theirs").target_key_id(&id).send().await.unwrap();
    let foreign = Tag::builder().tag_key("cost").tag_value("1").build().unwrap();
    kms.tag_resource().key_id(&id).tags(foreign).send().await.unwrap();
    let same = r#"{"Statement":[{"Action":["kms:*"],"Effect":"Allow","Principal":{"AWS":"123456789012"},"Resource":["*"]}],"Version":"2012-10-17"}"#;
    kms.put_key_policy().key_id(&id).policy_name("default").policy(same).send().await.unwrap();
    assert_eq!(lab.look("main", Some(&key)).await.unwrap(), key);
    lab.remove::<KmsKey>("main").await;
}

#[tokio::test]
async fn a_key_that_somebody_scheduled_for_deletion_is_kept() {
    let mut lab = Lab::new(0).await;
    let key = sample();
    let id = lab.make("main", &key).await.key_id;
    let kms = lab.clients.kms.clone();
    kms.schedule_key_deletion().key_id(&id).pending_window_in_days(7).send().await.unwrap();
    let day = kms.describe_key().key_id(&id).send().await.unwrap().key_metadata.unwrap().deletion_date.unwrap();
    let day = day.fmt(aws_sdk_kms::primitives::DateTimeFormat::DateTime).unwrap()[..10].to_owned();
    let dying = KmsKey { enabled: false, scheduled_deletion: Some(day.clone()), ..key.clone() };
    assert_eq!(lab.look("main", Some(&key)).await.unwrap(), dying, "it turns as before once it is saved");
    let notes = super::ground::notes::<KmsKey>(&lab, "main").await.join("; ");
    assert!(
        notes.contains(&day) && notes.contains(&format!("cancel-key-deletion --region us-east-1 --key-id {id}")),
        "{notes}"
    );
    // Without a record it is found as well, and to who removes everything it is gone.
    let found = lab.observe(&at(), Some(&Document::of(&key)), false).await;
    assert!(matches!(&found, Observation::Present { .. }), "{found:?}");
    for recorded in [true, false] {
        assert_eq!(lab.observe_to_remove(&at(), recorded).await, Observation::Absent);
    }
    lab.change("main", &key).await;
    let saved = kms.describe_key().key_id(&id).send().await.unwrap().key_metadata.unwrap();
    assert_eq!((saved.key_state.unwrap().as_str(), saved.deletion_date), ("Enabled", None));
    assert!(kms.get_key_rotation_status().key_id(&id).send().await.unwrap().key_rotation_enabled());
    // Somebody cancelled it between the look and the change.
    let known = lab.ids.computed(&at()).unwrap().clone();
    kms.disable_key().key_id(&id).send().await.unwrap();
    let from = Known { declared: Document::of(&dying), computed: known };
    lab.try_change_from(&at(), &from, Document::of(&key)).await.unwrap();
    lab.find_again::<KmsKey>("main").await;
}

#[tokio::test]
async fn a_dying_key_is_saved_rather_than_made_anew() {
    let mut lab = Lab::new(0).await;
    let old = lab.make("main", &sample()).await;
    lab.clients.kms.schedule_key_deletion().key_id(&old.key_id).send().await.unwrap();
    lab.ids.remove(&at());
    let new = lab.make("main", &sample()).await;
    assert_eq!(old.key_id, new.key_id, "what was ever encrypted hangs on it");
    lab.find_again::<KmsKey>("main").await;
}

#[tokio::test]
async fn an_alias_that_others_gave_their_key_is_not_taken_back() {
    let mut lab = Lab::new(0).await;
    let key = sample();
    let ours = lab.make("main", &key).await.key_id;
    let theirs = lab.clients.kms.create_key().send().await.unwrap().key_metadata.unwrap().key_id;
    lab.clients.kms.update_alias().alias_name(&key.alias).target_key_id(&theirs).send().await.unwrap();
    let found = lab.observe(&at(), Some(&Document::of(&key)), true).await;
    let Observation::Foreign { id, remedy: Remedy::Command { command, .. }, .. } = found else { panic!("{found:?}") };
    assert!(id.ends_with(&theirs) && command.ends_with(&ours), "{id}: {command}");
    let computed = lab.ids.computed(&at()).unwrap().clone();
    let from = Known { declared: Document::of(&KmsKey { alias: String::new(), ..key.clone() }), computed };
    let error = lab.try_change_from(&at(), &from, Document::of(&key)).await.unwrap_err();
    assert!(error.kind == ErrorKind::NotOurs && error.says(&command) && !error.says("adopt"), "{error}");
    assert!(matches!(lab.observe_to_remove(&at(), true).await, Observation::Present { .. }));
}

#[tokio::test]
async fn a_key_that_is_replaced_gives_its_alias_to_the_next() {
    let mut lab = Lab::new(0).await;
    let old = lab.make("main", &sample()).await;
    // The old one is still recorded: it is not what is to be made.
    let new = lab.make("main", &sample()).await;
    assert_ne!(old.key_id, new.key_id);
    lab.clients.kms.schedule_key_deletion().key_id(&old.key_id).send().await.unwrap();
    lab.find_again::<KmsKey>("main").await;
}

#[tokio::test]
async fn a_twin_of_a_key_is_found_by_its_marks() {
    let mut lab = Lab::new(0).await;
    let key = sample();
    let old = lab.make("main", &key).await;
    // What a run leaves that died while it replaced the key: the alias is still the old one's.
    let tags = key.tags.iter().map(|(k, v)| Tag::builder().tag_key(k).tag_value(v).build().unwrap()).collect();
    let twin = lab.clients.kms.create_key().set_tags(Some(tags)).send().await.unwrap().key_metadata.unwrap().key_id;
    let twin = lab.clients.kms.describe_key().key_id(twin).send().await.unwrap().key_metadata.unwrap().arn.unwrap();
    lab.tells_twins_apart::<KmsKey>("main", [&old.id, &twin]).await;
}

#[tokio::test]
async fn a_key_without_alias_is_found_by_its_marks() {
    let lab = Lab::new(0).await;
    let key = sample();
    // What a run leaves that died between making the key and giving it its alias.
    let orphan = || async {
        let tags = key.tags.iter().map(|(k, v)| Tag::builder().tag_key(k).tag_value(v).build().unwrap()).collect();
        let call = lab.clients.kms.create_key().set_tags(Some(tags)).policy(key.policy.document().to_string());
        call.send().await.unwrap().key_metadata.unwrap().key_id
    };
    let first = orphan().await;
    let theirs = lab.clients.kms.create_key().send().await.unwrap().key_metadata.unwrap().key_id;
    let found = lab.observe(&at(), Some(&Document::of(&key)), false).await;
    let Observation::Present { known, .. } = found else { panic!("{found:?}") };
    assert_eq!(known.computed.text("key_id"), Some(first.as_str()));
    assert_eq!(known.declared.text("alias"), Some(""));
    assert_ne!(first, theirs);
    // Of two, nobody can tell which one is in use.
    let second = orphan().await;
    let found = lab.observe(&at(), Some(&Document::of(&key)), false).await;
    let Observation::Unread { error } = found else { panic!("{found:?}") };
    assert!(error.says(&first) && error.says(&second), "{error}");
}

#[tokio::test]
async fn a_key_of_ours_that_stands_is_taken_over() {
    let mut lab = Lab::new(0).await;
    let key = sample();
    let tags = key.tags.iter().map(|(k, v)| Tag::builder().tag_key(k).tag_value(v).build().unwrap()).collect();
    let made = lab.clients.kms.create_key().set_tags(Some(tags)).send().await.unwrap().key_metadata.unwrap();
    lab.clients.kms.create_alias().alias_name(&key.alias).target_key_id(&made.key_id).send().await.unwrap();
    assert_eq!(lab.make("main", &key).await.key_id, made.key_id);
}

#[tokio::test]
async fn a_key_of_others_is_left_alone() {
    let mut lab = Lab::new(0).await;
    let key = sample();
    let stack = Tag::builder().tag_key(STACK_TAG).tag_value("other").build().unwrap();
    let address = Tag::builder().tag_key(ADDRESS_TAG).tag_value("kms_key.main").build().unwrap();
    let made = lab.clients.kms.create_key().tags(stack).tags(address).send().await.unwrap().key_metadata.unwrap();
    lab.clients.kms.create_alias().alias_name(&key.alias).target_key_id(&made.key_id).send().await.unwrap();
    for dying in [false, true] {
        if dying {
            lab.clients.kms.schedule_key_deletion().key_id(&made.key_id).send().await.unwrap();
        }
        let error = lab.try_make("main", &key).await.unwrap_err();
        assert_eq!(error.kind, ErrorKind::NotOurs, "{error}");
        assert!(error.message.contains("of stack other"), "{error}");
        let found = lab.observe(&at(), Some(&Document::of(&key)), false).await;
        assert!(matches!(found, Observation::Foreign { .. }), "{found:?}");
    }
    assert_eq!(lab.clients.kms.list_keys().send().await.unwrap().keys().len(), 1, "no second key for {STACK}");
}

#[tokio::test]
async fn a_key_that_comes_into_sight_slowly_is_waited_for() {
    let mut lab = Lab::new(60).await;
    lab.emulator.post("/strict/settings", &json!({"consistency": {"kms": 20}}));
    let key = sample();
    lab.make("main", &key).await;
    lab.change("main", &KmsKey { policy: policy(&json!(["kms:*", "kms:Decrypt"])), ..key }).await;
}

#[tokio::test]
async fn a_key_whose_answer_was_lost_is_not_made_twice() {
    let mut lab = Lab::new(0).await;
    let fault = json!({"service": "kms", "operation": "CreateKey", "kind": "reset_after", "nth": 1});
    lab.emulator.post("/strict/faults", &fault);
    lab.make("main", &sample()).await;
    assert_eq!(lab.clients.kms.list_keys().send().await.unwrap().keys().len(), 1);
}

#[tokio::test]
async fn a_key_that_kms_failed_over_is_asked_for_once() {
    let mut lab = Lab::new(0).await;
    lab.emulator.post("/strict/faults", &json!({"service": "kms", "operation": "CreateKey", "kind": "error500"}));
    let error = lab.try_make("main", &sample()).await.unwrap_err();
    assert!(error.is("KMSInternalException") && error.kind.leaves_doubt(), "{error}");
    assert_eq!(calls(&lab, "CreateKey"), 1);
}
