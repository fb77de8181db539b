//! The calls of a key (KMS `CreateKey`, `CreateAlias`, `DescribeKey`, `GetKeyPolicy`, `GetKeyRotationStatus`,
//! `ListResourceTags`, `PutKeyPolicy`, `EnableKeyRotation`, `EnableKey`, `ScheduleKeyDeletion`, `CancelKeyDeletion`).
//!
//! A key that waits for its deletion is still there, and everything that was ever encrypted with it hangs on it: until
//! its day comes, the deletion can be cancelled. Only to who removes everything it is gone, and where it was let go of:
//! our own deletion takes the mark of its address off first.

mod read;

use std::time::Duration;

use aws_sdk_kms::types::KeyState;

use self::read::{Described, moved_alias};
use super::{KmsKey, KmsKeyComputed};
use crate::cloud::aws::answer::{if_there, lacking, moment};
use crate::cloud::aws::settling::settle;
use crate::cloud::aws::tags::{self, tag_list};
use crate::cloud::aws::takeover::refusal;
use crate::cloud::aws::words;
use crate::cloud::aws::{
    Census, Clients, During, HealthOf, Listed, Lookup, Provision, ReadOutcomes, Reading, Writing, one_by_one,
};
use crate::cloud::wait::{Poll, WaitPolicy, retry_while, until};
use crate::cloud::{CloudError, ErrorKind, health};
use crate::model::mark::{ADDRESS_TAG, Tags};

// A new key is unknown to other calls for seconds, and so is a new role to the check of a key's policy; two minutes are
// what the field settled on.
const VISIBLE: Duration = Duration::from_mins(2);
const LOST: WaitPolicy = WaitPolicy::seconds(2, 120, 3);
// Reads of policy, rotation and tags lag behind. They may do so for ten minutes, which is not worth waiting for.
const SETTLING: WaitPolicy = WaitPolicy::seconds(5, 60, 1);

impl Provision for KmsKey {
    type Health = health::KeyHealth;

    async fn observe(lookups: Vec<Lookup<Self>>, cx: &Reading<'_>) -> ReadOutcomes<Self> {
        one_by_one(lookups, |one| async move { read::see(&one, cx).await }).await
    }

    async fn census(here: &Census<'_>) -> Result<Listed, CloudError> {
        read::census(here).await
    }

    async fn create(&self, cx: &Writing<'_>) -> Result<KmsKeyComputed, CloudError> {
        let doing = "create the key";
        // A second key is made so easily that the first is looked for before.
        if let Some(key) = read::by_alias(cx.aws, &self.alias).await? {
            let tags = read::tags(cx.aws, &key.computed.id).await?;
            if !cx.ours(&tags) {
                let there = read::foreign_key(&key, &self.alias, &tags, &cx.mark.stack);
                return Err(refusal(cx, doing, &format!("a key with the alias {} exists already", self.alias), &there));
            }
            if !yields(&key, cx) {
                return self.take_over(key, tags, cx).await;
            }
        }
        let unseen_principal =
            |error: &CloudError| error.is("MalformedPolicyDocumentException") || error.kind == ErrorKind::Throttled;
        let made = retry_while(cx, VISIBLE, unseen_principal, || async {
            let call = cx.aws.no_retry.kms.create_key().policy(self.policy.document().to_string());
            let call = call.description(&self.description).set_tags(Some(tag_list(cx.tags(self))));
            call.send().await.during(doing)
        });
        let computed = match made.await {
            Err(lost) if lost.kind == ErrorKind::Unreachable => in_spite_of(lost, cx).await?,
            made => {
                let made = made?.key_metadata.ok_or_else(|| lacking(doing, "key"))?;
                KmsKeyComputed { id: made.arn.unwrap_or_default(), key_id: made.key_id }
            }
        };
        cx.made(&computed).await?;
        let fresh = Self { alias: String::new(), rotation: false, enabled: true, ..self.clone() };
        self.bring(&fresh, &computed, cx).await?;
        Ok(computed)
    }

    async fn update(
        &self,
        from: &Self,
        known: &KmsKeyComputed,
        cx: &Writing<'_>,
    ) -> Result<KmsKeyComputed, CloudError> {
        self.bring(from, known, cx).await?;
        Ok(known.clone())
    }

    async fn delete(declared: &Self, known: &KmsKeyComputed, cx: &Writing<'_>) -> Result<(), CloudError> {
        let id = known.key_id.as_str();
        // A key that goes with our marks goes by accident (see `read`). The tag of the stack stays: by it a policy may
        // limit who schedules the deletion.
        let unmarked = cx.aws.kms.untag_resource().key_id(id).tag_keys(ADDRESS_TAG).send().await;
        match unmarked.during("let go of the key") {
            Err(error) if error.kind == ErrorKind::NotFound || error.is("KMSInvalidStateException") => {}
            unmarked => drop(unmarked?),
        }
        // The alias would outlive the key for weeks, unless somebody gave it to another one meanwhile.
        let aliases = if_there(read::aliases(cx.aws, id).await)?.unwrap_or_default();
        if aliases.contains(&declared.alias) {
            delete_alias(cx.aws, &declared.alias).await?;
        }
        let call = cx.aws.kms.schedule_key_deletion().key_id(id);
        let call = call.pending_window_in_days(i32::from(declared.deletion_days));
        match call.send().await.during("schedule the deletion of the key") {
            Err(error) if error.kind == ErrorKind::NotFound => Ok(()),
            Err(error) if words::access::KEY_LEAVING.tell(&error) => Ok(()),
            done => done.map(drop),
        }
    }
}

impl HealthOf<KmsKey> for health::KeyHealth {
    async fn read(known: &KmsKeyComputed, aws: &Clients) -> Result<Option<Self>, CloudError> {
        let found = if_there(aws.kms.describe_key().key_id(&known.id).send().await.during("read the key"))?;
        Ok(found.and_then(|found| found.key_metadata).map(|found| Self {
            state: found.key_state().map_or("unknown", KeyState::as_str).to_owned(),
            deletion: found.deletion_date().and_then(moment),
        }))
    }
}

impl KmsKey {
    /// Brings a key of ours that was made before up to date. What others put on it stays.
    async fn take_over(&self, key: Described, tags: Tags, cx: &Writing<'_>) -> Result<KmsKeyComputed, CloudError> {
        let computed = key.computed.clone();
        cx.made(&computed).await?;
        let details = read::details(cx.aws, &computed.key_id).await?;
        let all = tags.clone().into_iter().chain(cx.tags(self)).collect();
        let from = Self { tags, ..read::told(key, &details, &[&self.alias], self) };
        Self { tags: all, ..self.clone() }.bring(&from, &computed, cx).await?;
        Ok(computed)
    }

    /// Changes what differs from `from`. A disabled key cannot be told to rotate, so it is disabled last.
    async fn bring(&self, from: &Self, known: &KmsKeyComputed, cx: &Writing<'_>) -> Result<(), CloudError> {
        let kms = &cx.aws.kms;
        let id = known.key_id.as_str();
        // A key made a moment ago may be unknown here.
        let unseen = |error: &CloudError| error.kind == ErrorKind::NotFound;
        if from.scheduled_deletion.is_some() && self.scheduled_deletion.is_none() {
            self.rescue(id, cx).await?;
        }
        if self.alias != from.alias {
            retry_while(cx, VISIBLE, unseen, || self.take_alias(id, cx)).await?;
            if !from.alias.is_empty() {
                delete_alias(cx.aws, &from.alias).await?;
            }
        }
        let turns = self.rotation != from.rotation;
        let enables = !from.enabled && (self.enabled || turns);
        if enables {
            let call = || async { kms.enable_key().key_id(id).send().await.during("enable the key") };
            retry_while(cx, VISIBLE, unseen, call).await?;
        }
        if self.description != from.description {
            let call = kms.update_key_description().key_id(id).description(&self.description);
            call.send().await.during("describe the key")?;
        }
        if self.policy != from.policy {
            let unseen_principal = |error: &CloudError| error.is("MalformedPolicyDocumentException");
            let call = || async {
                let call =
                    kms.put_key_policy().key_id(id).policy_name("default").policy(self.policy.document().to_string());
                call.send().await.during("set the policy of the key")
            };
            retry_while(cx, VISIBLE, unseen_principal, call).await?;
        }
        if turns {
            // Enabling is not known everywhere at once either.
            let early = |error: &CloudError| unseen(error) || (enables && error.is("DisabledException"));
            retry_while(cx, VISIBLE, early, || self.set_rotation(id, cx)).await?;
        }
        retag(cx.aws, id, &from.tags, &self.tags).await?;
        if !self.enabled && (from.enabled || enables) {
            let call = || async { kms.disable_key().key_id(id).send().await.during("disable the key") };
            retry_while(cx, VISIBLE, unseen, call).await?;
        }
        settle(cx, "change the key", SETTLING, || self.shows(id, cx.aws)).await
    }

    /// Cancels the deletion of the key, which leaves it disabled. Cancelled meanwhile by somebody else is as good.
    async fn rescue(&self, id: &str, cx: &Writing<'_>) -> Result<(), CloudError> {
        let answer = cx.aws.kms.cancel_key_deletion().key_id(id).send().await.during("cancel the deletion of the key");
        match answer {
            Err(error) if words::access::KEY_STAYS.tell(&error) => {}
            answer => drop(answer?),
        }
        // Whatever comes next is refused as long as the key is not known everywhere to stay.
        settle(cx, "cancel the deletion of the key", SETTLING, || async {
            Ok(if_there(read::describe(cx.aws, id).await)?.is_some_and(|key| key.dies_on.is_none()))
        })
        .await
    }

    async fn set_rotation(&self, id: &str, cx: &Writing<'_>) -> Result<(), CloudError> {
        let kms = &cx.aws.kms;
        if self.rotation {
            kms.enable_key_rotation().key_id(id).send().await.during("switch rotation on").map(drop)
        } else {
            kms.disable_key_rotation().key_id(id).send().await.during("switch rotation off").map(drop)
        }
    }

    /// Gives our alias to the key `id`. It may still be held by the key of ours whose place this one takes.
    async fn take_alias(&self, id: &str, cx: &Writing<'_>) -> Result<(), CloudError> {
        let doing = "give the key its alias";
        let call = cx.aws.kms.create_alias().alias_name(&self.alias).target_key_id(id);
        let exists = match call.send().await.during(doing) {
            Err(error) if error.kind == ErrorKind::Exists => error,
            done => return done.map(drop),
        };
        // Deleted a moment ago: the next try will work, so it counts as not seen yet.
        let holder = read::by_alias(cx.aws, &self.alias).await?;
        let holder = holder.ok_or(CloudError { kind: ErrorKind::NotFound, ..exists })?;
        if holder.computed.key_id == id {
            return Ok(());
        }
        let tags = read::tags(cx.aws, &holder.computed.id).await?;
        if !yields(&holder, cx) || !cx.ours(&tags) {
            let there = moved_alias(&holder, &self.alias, id, &tags, &cx.mark.stack);
            return Err(refusal(cx, doing, &format!("another key has the alias {}", self.alias), &there));
        }
        let call = cx.aws.kms.update_alias().alias_name(&self.alias).target_key_id(id);
        call.send().await.during(doing).map(drop)
    }

    /// Whether reads show the key as it is declared.
    async fn shows(&self, id: &str, aws: &Clients) -> Result<bool, CloudError> {
        let Some(key) = if_there(read::describe(aws, id).await)? else { return Ok(false) };
        let Some(details) = if_there(read::details(aws, id).await)? else { return Ok(false) };
        let told = read::told(key, &details, &[&self.alias], self);
        let same = told == Self { tags: Tags::new(), ..self.clone() };
        let Some(tags) = if_there(read::tags(aws, id).await)? else { return Ok(false) };
        Ok(same && self.tags.iter().all(|(key, value)| tags.get(key) == Some(value)))
    }
}

/// The key this attempt made although no answer came. If it is not seen in time the error stays: nobody asks for a second
/// one, which would cost money for a week at least, before the next run has looked again.
async fn in_spite_of(lost: CloudError, cx: &Writing<'_>) -> Result<KmsKeyComputed, CloudError> {
    let found = until(cx, &lost.doing, LOST, || async {
        Ok(match read::of_attempt(cx).await {
            Ok(Some(key)) => Poll::Ready(key),
            Ok(None) => Poll::Pending("looking for it: the answer was lost".to_owned()),
            Err(error) => Poll::Pending(error.message),
        })
    });
    found.await.or(Err(lost))
}

/// Whether a key of ours makes room for the next: it is the one to be replaced.
fn yields(key: &Described, cx: &Writing<'_>) -> bool {
    let recorded = cx.ids.computed(&cx.mark.address).and_then(|known| known.text("id"));
    recorded == Some(&key.computed.id)
}

async fn retag(aws: &Clients, id: &str, from: &Tags, to: &Tags) -> Result<(), CloudError> {
    let set = |tags| aws.kms.tag_resource().key_id(id).set_tags(Some(tag_list(tags))).send();
    let remove = |keys| aws.kms.untag_resource().key_id(id).set_tag_keys(Some(keys)).send();
    tags::retag(from, to, set, remove).await
}

async fn delete_alias(aws: &Clients, alias: &str) -> Result<(), CloudError> {
    if_there(aws.kms.delete_alias().alias_name(alias).send().await.during("delete the alias of the key")).map(drop)
}
