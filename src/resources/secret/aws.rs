//! The calls of a secret (Secrets Manager `CreateSecret`, `DescribeSecret`, `UpdateSecret`, `RestoreSecret`,
//! `DeleteSecret`). `ListSecrets` would be one call less, but may be five minutes behind.
//!
//! The value is made in memory, sent once and never read back. A secret that waits for its deletion counts as gone; made
//! again under the same name it is restored with its old value, for what it opened may still be there.

mod value;

pub(in crate::resources) use value::fresh;

use std::time::Duration;

use aws_sdk_kms::types::{KeyMetadata, KeyState};
use aws_sdk_secretsmanager::operation::describe_secret::DescribeSecretOutput;
use aws_sdk_secretsmanager::types::{Filter, FilterNameStringType};
use secrecy::{ExposeSecret as _, SecretString};

use super::{Secret, SecretComputed, SecretContent};
use crate::cloud::aws::answer::{if_there, vanished};
use crate::cloud::aws::kms::key_arn;
use crate::cloud::aws::secrets::unlogged;
use crate::cloud::aws::settling::settle;
use crate::cloud::aws::tags::{self, comparable, tag_list, tags_of};
use crate::cloud::aws::takeover::refuse_foreign;
use crate::cloud::aws::words;
use crate::cloud::aws::{
    Census, Clients, During, Listed, Lookup, Provision, ReadOutcome, ReadOutcomes, Reading, Silent, Writing, one_by_one,
};
use crate::cloud::wait::{WaitPolicy, retry_while};
use crate::cloud::{CloudError, ErrorKind};
use crate::model::mark::{STACK_TAG, Tags};

/// Tag with what is in a secret, so that a restored one is known to hold what is asked for.
const CONTENT_TAG: &str = "ppm-infra:content";
/// The key AWS keeps for secrets without one of their own.
const DEFAULT_KEY: &str = "alias/aws/secretsmanager";
// A secret made, or deleted at once, a moment ago is not known to be so everywhere; two minutes are what the field
// settled on.
const VISIBLE: Duration = Duration::from_mins(2);
const SETTLING: WaitPolicy = WaitPolicy::seconds(2, 120, 1);

impl Provision for Secret {
    type Health = Silent<Self>;

    async fn observe(lookups: Vec<Lookup<Self>>, cx: &Reading<'_>) -> ReadOutcomes<Self> {
        one_by_one(lookups, |one| async move { see(&one, cx).await }).await
    }

    async fn census(here: &Census<'_>) -> Result<Listed, CloudError> {
        let filter = |key: FilterNameStringType, value: &str| Filter::builder().key(key).values(value).build();
        let by_tag =
            vec![filter(FilterNameStringType::TagKey, STACK_TAG), filter(FilterNameStringType::TagValue, here.stack)];
        let mut found = Listed::new();
        let mut pages = here.aws.secrets.list_secrets().set_filters(Some(by_tag)).into_paginator().send();
        while let Some(page) = pages.next().await {
            let all = page.during("list the secrets")?.secret_list.unwrap_or_default();
            // One that awaits its deletion is as good as gone, and keeps its tags.
            let stands = all.into_iter().filter(|one| one.deleted_date.is_none());
            found.extend(stands.filter_map(|one| Some((one.arn?, tags_of(&one.tags.unwrap_or_default())))));
        }
        Ok(found)
    }

    async fn create(&self, cx: &Writing<'_>) -> Result<SecretComputed, CloudError> {
        let doing = "create the secret";
        // Made once: a call that is repeated with the same token must say the same.
        let value = value::fresh(&self.content)?;
        let key = self.key(cx)?;
        let call = || async {
            let call = cx.aws.secrets.create_secret().name(&self.name).description(&self.description);
            let call = call.set_kms_key_id(key.clone()).client_request_token(cx.mark.token(0));
            let call = call.set_tags(Some(tag_list(self.all_tags(cx)))).secret_string(value.expose_secret());
            let error = match unlogged(call.send()).await.during(doing) {
                Ok(made) => return Ok((made.arn.unwrap_or_default(), None)),
                Err(error) => error,
            };
            let exists = error.kind == ErrorKind::Exists;
            if !exists && !error.is("InvalidRequestException") {
                return Err(error);
            }
            let dying = words::access::SECRET_LEAVING.tell(&error);
            match describe(cx.aws, &self.name).await? {
                Some(there) if exists || there.deleted_date().is_some() => {
                    let taken = format!("the secret {} exists already", self.name);
                    refuse_foreign(cx, doing, &taken, there.arn().unwrap_or(&self.name), &tags_of(there.tags()))?;
                    Ok((there.arn().unwrap_or_default().to_owned(), Some(there)))
                }
                Some(_) if !dying => Err(error),
                // Deleted, or made, a moment ago: both pass.
                Some(_) | None => Err(CloudError { kind: ErrorKind::Exists, ..error }),
            }
        };
        // A key made a moment ago may be unknown here.
        let passes = |error: &CloudError| {
            matches!(error.kind, ErrorKind::Exists | ErrorKind::NotFound) || error.is("EncryptionFailure")
        };
        let (id, there) = retry_while(cx, VISIBLE, passes, call).await?;
        let value_due = match &there {
            Some(there) => !self.is_of_use(there, cx.aws).await?,
            None => false,
        };
        cx.made(&SecretComputed { id: id.clone(), value_due }).await?;
        let computed = SecretComputed { id, value_due: false };
        let id = computed.id.as_str();
        if let Some(there) = there {
            self.take_over(&there, value_due.then_some(&value), id, cx).await?;
        }
        settle(cx, doing, SETTLING, || async move {
            Ok(describe(cx.aws, id).await?.is_some_and(|secret| secret.deleted_date().is_none()))
        })
        .await?;
        Ok(computed)
    }

    async fn update(
        &self,
        from: &Self,
        known: &SecretComputed,
        cx: &Writing<'_>,
    ) -> Result<SecretComputed, CloudError> {
        let doing = "change the secret";
        let id = known.id.as_str();
        let there = describe(cx.aws, id).await?;
        let there = there.ok_or_else(|| vanished(doing, id))?;
        if known.value_due {
            // The run that took it over ended before its new value was in it.
            self.take_over(&there, Some(&value::fresh(&self.content)?), id, cx).await?;
        } else {
            self.bring(&there, id, cx).await?;
            retag(cx.aws, id, &from.tags, &self.tags).await?;
        }
        Ok(SecretComputed { value_due: false, ..known.clone() })
    }

    async fn returns(gone: &SecretComputed, aws: &Clients) -> Result<bool, CloudError> {
        match describe(aws, &gone.id).await? {
            Some(there) if there.deleted_date().is_some() => readable(aws, &there).await,
            Some(_) | None => Ok(false),
        }
    }

    async fn delete(declared: &Self, known: &SecretComputed, cx: &Writing<'_>) -> Result<(), CloudError> {
        let id = known.id.as_str();
        let call = cx.aws.secrets.delete_secret().secret_id(id);
        let call = call.recovery_window_in_days(i64::from(declared.recovery_days));
        match call.send().await.during("delete the secret") {
            Err(error) if error.kind == ErrorKind::NotFound => Ok(()),
            Err(error) if error.is("InvalidRequestException") => match describe(cx.aws, id).await? {
                Some(there) if there.deleted_date().is_none() => Err(error),
                Some(_) | None => Ok(()),
            },
            done => done.map(drop),
        }
    }
}

impl Secret {
    fn key(&self, cx: &Writing<'_>) -> Result<Option<String>, CloudError> {
        self.kms_key.as_ref().map(|key| cx.id(key)).transpose()
    }

    fn all_tags(&self, cx: &Writing<'_>) -> Tags {
        let mut tags = cx.tags(self);
        tags.insert(CONTENT_TAG.to_owned(), content_word(&self.content));
        tags
    }

    /// Whether the value of a secret that was made before can stay: not if it is of another sort, or was encrypted with
    /// a key that is gone, for then nobody can read it.
    async fn is_of_use(&self, there: &DescribeSecretOutput, aws: &Clients) -> Result<bool, CloudError> {
        let tags = tags_of(there.tags());
        let same_sort = tags.get(CONTENT_TAG).is_none_or(|word| *word == content_word(&self.content));
        Ok(same_sort && readable(aws, there).await?)
    }

    /// Brings a secret of ours that was made before up to date. Its value stays, unless `fresh` takes its place.
    async fn take_over(
        &self,
        there: &DescribeSecretOutput,
        fresh: Option<&SecretString>,
        id: &str,
        cx: &Writing<'_>,
    ) -> Result<(), CloudError> {
        if there.deleted_date().is_some() {
            cx.aws.secrets.restore_secret().secret_id(id).send().await.during("restore the secret")?;
        }
        if let Some(fresh) = fresh {
            let key = self.key(cx)?.unwrap_or_else(|| DEFAULT_KEY.to_owned());
            let call = cx.aws.secrets.update_secret().secret_id(id).description(&self.description).kms_key_id(key);
            let call = call.client_request_token(cx.mark.token(1)).secret_string(fresh.expose_secret());
            unlogged(call.send()).await.during("put a new value into the secret")?;
        } else {
            self.bring(there, id, cx).await?;
        }
        let wanted = self.all_tags(cx);
        retag(cx.aws, id, &comparable(&tags_of(there.tags()), &wanted), &wanted).await
    }

    /// Changes description and key where they differ from what is there: the same reference may mean another key by now.
    async fn bring(&self, there: &DescribeSecretOutput, id: &str, cx: &Writing<'_>) -> Result<(), CloudError> {
        let key = self.key(cx)?;
        let found = key_of(there).map(|found| key_arn(&cx.surroundings, &cx.aws.region, found));
        if key == found && self.description == there.description().unwrap_or_default() {
            return Ok(());
        }
        let rekey = (key != found).then(|| key.clone().unwrap_or_else(|| DEFAULT_KEY.to_owned()));
        let call = cx.aws.secrets.update_secret().secret_id(id).description(&self.description).set_kms_key_id(rekey);
        call.send().await.during("change the secret")?;
        let key = key.as_deref();
        settle(cx, "change the secret", SETTLING, || async move {
            Ok(describe(cx.aws, id).await?.is_some_and(|there| {
                let found = key_of(&there).map(|found| key_arn(&cx.surroundings, &cx.aws.region, found));
                found.as_deref() == key && there.description().unwrap_or_default() == self.description
            }))
        })
        .await
    }
}

async fn see(one: &Lookup<Secret>, cx: &Reading<'_>) -> Result<ReadOutcome<Secret>, CloudError> {
    let id = one.id().unwrap_or(&one.expected().name);
    let Some(there) = describe(cx.aws, id).await? else { return Ok(ReadOutcome::Absent) };
    let found = tags_of(there.tags());
    let arn = there.arn().unwrap_or(id).to_owned();
    if one.recorded.is_none() && !cx.ours(&one.address, &found) {
        return Ok(ReadOutcome::foreign(arn, &found, cx));
    }
    if there.deleted_date().is_some() {
        return Ok(ReadOutcome::Absent);
    }
    let expected = one.expected();
    let declared = Secret {
        name: there.name().unwrap_or_default().to_owned(),
        description: there.description().unwrap_or_default().to_owned(),
        kms_key: key_of(&there).map(|key| cx.refer(&key_arn(cx.surroundings, &cx.aws.region, key))),
        content: expected.content.clone(),
        recovery_days: expected.recovery_days,
        tags: one.managed(&found),
    };
    let value_due = one.recorded.as_ref().is_some_and(|(_, known)| known.value_due);
    Ok(ReadOutcome::present(declared, SecretComputed { id: arn, value_due }))
}

/// What stands in [`CONTENT_TAG`].
fn content_word(content: &SecretContent) -> String {
    match content {
        SecretContent::Login { username } => format!("login:{username}"),
        SecretContent::RandomHex { bytes } => format!("random_hex:{bytes}"),
    }
}

/// The key that encrypts a secret, if it is not the one AWS keeps.
fn key_of(secret: &DescribeSecretOutput) -> Option<&str> {
    secret.kms_key_id().filter(|key| !key.ends_with(DEFAULT_KEY))
}

/// Whether the key a secret was encrypted with is still there. One that is switched off can be switched on again.
async fn readable(aws: &Clients, secret: &DescribeSecretOutput) -> Result<bool, CloudError> {
    let Some(key) = key_of(secret) else { return Ok(true) };
    let answer = aws.kms.describe_key().key_id(key).send().await.during("read the key of the secret");
    let found = if_there(answer)?.and_then(|answer| answer.key_metadata);
    let dying =
        |key: &KeyMetadata| matches!(key.key_state, Some(KeyState::PendingDeletion | KeyState::PendingReplicaDeletion));
    Ok(found.is_some_and(|key| !dying(&key)))
}

async fn describe(aws: &Clients, id: &str) -> Result<Option<DescribeSecretOutput>, CloudError> {
    if_there(aws.secrets.describe_secret().secret_id(id).send().await.during("read about the secret"))
}

async fn retag(aws: &Clients, id: &str, from: &Tags, to: &Tags) -> Result<(), CloudError> {
    let set = |tags| aws.secrets.tag_resource().secret_id(id).set_tags(Some(tag_list(tags))).send();
    let remove = |keys| aws.secrets.untag_resource().secret_id(id).set_tag_keys(Some(keys)).send();
    tags::retag(from, to, set, remove).await
}
