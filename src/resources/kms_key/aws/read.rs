//! Reading keys: by id, by alias, and by marks when a key was made and the run died before it got its alias.

use std::collections::{BTreeMap, BTreeSet};

use aws_sdk_kms::primitives::{DateTime, DateTimeFormat as Format};
use aws_sdk_kms::types::{KeyMetadata, KeyState};
use futures_util::future::{join_all, join3, try_join, try_join3};

use crate::cloud::aws::answer::{if_there, lacking};
use crate::cloud::aws::strangers::foreign;
use crate::cloud::aws::tags::tags_of;
use crate::cloud::aws::{Census, Clients, During, Listed, Lookup, Present, ReadOutcome, Reading, Writing};
use crate::cloud::{CloudError, ErrorKind};
use crate::model::mark::{ATTEMPT_TAG, Tags};
use crate::model::observation::{ForeignObject, Remedy};
use crate::model::policy::Policy;
use crate::model::values::region_of;
use crate::resources::kms_key::{KmsKey, KmsKeyComputed};

/// How many keys are asked for their tags side by side.
const AT_ONCE: usize = 20;

/// What `DescribeKey` tells of a key.
pub(super) struct Described {
    /// Its ARN and id.
    pub(super) computed: KmsKeyComputed,
    /// The day on which it is deleted, if it waits for that.
    pub(super) dies_on: Option<String>,
    description: String,
    enabled: bool,
}

impl Described {
    fn of(key: KeyMetadata) -> Self {
        let dying = matches!(key.key_state, Some(KeyState::PendingDeletion | KeyState::PendingReplicaDeletion));
        Self {
            computed: KmsKeyComputed { id: key.arn.unwrap_or_default(), key_id: key.key_id },
            dies_on: dying.then(|| day(key.deletion_date.as_ref())),
            description: key.description.unwrap_or_default(),
            enabled: key.enabled,
        }
    }
}

/// What other calls tell of a key.
pub(super) struct Details {
    policy: Policy,
    rotation: bool,
    aliases: BTreeSet<String>,
}

/// Looks for one key.
pub(super) async fn see(one: &Lookup<KmsKey>, cx: &Reading<'_>) -> Result<ReadOutcome<KmsKey>, CloudError> {
    let aws = cx.aws;
    if let Some((_, known)) = &one.recorded {
        let id = known.key_id.as_str();
        let (key, details, tags) = join3(describe(aws, id), details(aws, id), tags(aws, id)).await;
        let Some(key) = if_there(key)? else { return Ok(ReadOutcome::Absent) };
        let (details, tags) = (details?, tags?);
        // To who removes everything, a key that is about to go is gone; and without our marks we let go of it ourselves.
        if key.dies_on.is_some() && (cx.removing || !cx.ours(&one.address, &tags)) {
            return Ok(ReadOutcome::Absent);
        }
        let alias = &one.expected().alias;
        let lost = key.dies_on.is_none() && !details.aliases.contains(alias);
        let moved = if lost { moved_to(&key, alias, one, cx).await? } else { None };
        return Ok(match moved {
            // Taking it back from a key that is not ours is for its owner to do.
            Some(there) if one.declared.is_some() && !cx.removing => ReadOutcome::Foreign(there),
            moved => {
                let notes = moved.into_iter().flat_map(|there| {
                    let advice = there.remedy.advice(&one.address, &there.id);
                    [there.because].into_iter().chain(advice)
                });
                present(one, key, &details, &tags, notes.collect())
            }
        });
    }
    let found = match by_alias(aws, &one.expected().alias).await? {
        Some(key) => {
            let tags = tags(aws, &key.computed.id).await?;
            if !cx.ours(&one.address, &tags) {
                return Ok(ReadOutcome::Foreign(foreign_key(&key, &one.expected().alias, &tags, cx.stack)));
            }
            Some((key, tags)).filter(|(key, _)| key.dies_on.is_none() || !cx.removing)
        }
        None => None,
    };
    // A run that died between making a key and giving it its alias leaves one without.
    let all = found.into_iter().chain(by_marks(one, cx).await?);
    let Some((key, tags)) = one.only(all, |(key, _)| &key.computed.id)? else { return Ok(ReadOutcome::Absent) };
    let details = details(aws, &key.computed.key_id).await?;
    Ok(present(one, key, &details, &tags, Vec::new()))
}

/// A key that is not ours, and has our alias.
pub(super) fn foreign_key(key: &Described, alias: &str, tags: &Tags, stack: &str) -> ForeignObject {
    let mut there = foreign(&key.computed.id, tags, stack);
    if key.dies_on.is_some() {
        there.because.push_str(", and it waits for its deletion");
        there.remedy = Remedy::Command {
            command: format!("aws kms delete-alias --region {} --alias-name {alias}", region_of(&key.computed.id)),
            effect: "frees the name; then run it again".to_owned(),
        };
    }
    there
}

/// The key that somebody gave the alias of our key `id`.
pub(super) fn moved_alias(holder: &Described, alias: &str, id: &str, tags: &Tags, stack: &str) -> ForeignObject {
    let mut there = foreign(&holder.computed.id, tags, stack);
    let theirs = &holder.computed.key_id;
    there.because = format!("{alias} is the alias of {theirs} now, and not of {id}; {}", there.because);
    there.remedy = Remedy::Command {
        command: format!(
            "aws kms update-alias --region {} --alias-name {alias} --target-key-id {id}",
            region_of(&holder.computed.id)
        ),
        effect: "gives it back to the key of this stack; then run it again".to_owned(),
    };
    there
}

/// The key that is not ours and has the alias of ours, if there is one.
async fn moved_to(
    key: &Described,
    alias: &str,
    one: &Lookup<KmsKey>,
    cx: &Reading<'_>,
) -> Result<Option<ForeignObject>, CloudError> {
    let Some(holder) = by_alias(cx.aws, alias).await? else { return Ok(None) };
    if holder.computed.key_id == key.computed.key_id {
        return Ok(None);
    }
    let tags = tags(cx.aws, &holder.computed.id).await?;
    let theirs = !cx.ours(&one.address, &tags);
    Ok(theirs.then(|| moved_alias(&holder, alias, &key.computed.key_id, &tags, cx.stack)))
}

fn present(
    one: &Lookup<KmsKey>,
    key: Described,
    details: &Details,
    tags: &Tags,
    mut notes: Vec<String>,
) -> ReadOutcome<KmsKey> {
    let recorded = one.recorded.iter().map(|(recorded, _)| recorded);
    let names: Vec<&String> = recorded.chain(one.asked()).map(|asked| &asked.alias).collect();
    let computed = key.computed.clone();
    notes.extend(key.dies_on.as_ref().map(|day| {
        format!(
            "will be deleted on {day}, its data with it: `aws kms cancel-key-deletion --region {} --key-id {}`, then apply; \
             apply alone cancels the deletion and enables it again",
            region_of(&computed.id),
            computed.key_id
        )
    }));
    let told = told(key, details, &names, one.expected());
    let declared = KmsKey { tags: one.managed(tags), ..told };
    ReadOutcome::Present(Box::new(Present { declared, computed, notes, waiting: Vec::new(), settled: true }))
}

/// A day as people write it; KMS tells none while replicas in other regions are to go first.
fn day(at: Option<&DateTime>) -> String {
    let text = at.and_then(|at| at.fmt(Format::DateTime).ok());
    let day = text.as_deref().and_then(|text| text.get(..10));
    day.unwrap_or("a day not told yet").to_owned()
}

/// A key in the shape of the declaration, without tags. Of its aliases the first of `names` that it has is told: those
/// which others gave it are theirs. `expected` tells what KMS does not.
pub(super) fn told(key: Described, details: &Details, names: &[&String], expected: &KmsKey) -> KmsKey {
    let alias = names.iter().find(|name| details.aliases.contains(**name)).map(|name| (*name).clone());
    KmsKey {
        alias: alias.unwrap_or_default(),
        description: key.description,
        policy: details.policy.in_partition(key.computed.id.split(':').nth(1).unwrap_or("aws")),
        // A key that is to go tells that it does not turn; saved, it turns as before (KMS `GetKeyRotationStatus`).
        rotation: if key.dies_on.is_some() { expected.rotation } else { details.rotation },
        enabled: key.enabled,
        scheduled_deletion: key.dies_on,
        deletion_days: expected.deletion_days,
        tags: Tags::new(),
    }
}

/// The keys of ours that never got their alias.
async fn by_marks(one: &Lookup<KmsKey>, cx: &Reading<'_>) -> Result<Vec<(Described, Tags)>, CloudError> {
    let mut ours = Vec::new();
    for (id, tags) in without_alias(cx.aws).await? {
        if cx.ours(&one.address, &tags) {
            ours.push((describe(cx.aws, &id).await?, tags));
        }
    }
    ours.retain(|(key, _)| key.dies_on.is_none());
    Ok(ours)
}

/// The key that this attempt made, before it got its alias.
pub(super) async fn of_attempt(cx: &Writing<'_>) -> Result<Option<KmsKeyComputed>, CloudError> {
    let all = without_alias(cx.aws).await?;
    let mine = |tags: &Tags| tags.get(ATTEMPT_TAG) == Some(&cx.mark.attempt) && cx.ours(tags);
    let Some((id, _)) = all.into_iter().find(|(_, tags)| mine(tags)) else { return Ok(None) };
    Ok(if_there(describe(cx.aws, &id).await)?.map(|key| key.computed))
}

/// The keys without any alias, with their tags. KMS cannot list by tag, so each of them is asked, of which an account has
/// few.
async fn without_alias(aws: &Clients) -> Result<Vec<(String, Tags)>, CloudError> {
    let (all, aliased) = try_join(keys(aws), aliased(aws)).await?;
    let ids: Vec<&String> = all.keys().filter(|id| !aliased.contains_key(*id)).collect();
    let mut found = Vec::new();
    for some in ids.chunks(AT_ONCE) {
        for (id, tags) in join_all(some.iter().map(|id| async move { (*id, tags_if_told(aws, id).await) })).await {
            found.extend(tags?.map(|tags| (id.clone(), tags)));
        }
    }
    Ok(found)
}

/// The tags of a key; `None` where it is gone or may not be read. A key we may not read is not ours: our keys leave
/// it to IAM who may.
async fn tags_if_told(aws: &Clients, id: &str) -> Result<Option<Tags>, CloudError> {
    match tags(aws, id).await {
        Err(error) if matches!(error.kind, ErrorKind::NotFound | ErrorKind::Denied) => Ok(None),
        tags => tags.map(Some),
    }
}

/// Keys with an alias like ours, and those without any: a run may have ended before it gave one.
pub(super) async fn census(here: &Census<'_>) -> Result<Listed, CloudError> {
    let (keys, aliased) = try_join(keys(here.aws), aliased(here.aws)).await?;
    let mut found = Listed::new();
    for (id, arn) in keys {
        let like_ours = |alias: &String| here.is_named(alias.trim_start_matches("alias/"));
        if aliased.get(&id).is_some_and(|aliases| !aliases.iter().any(like_ours)) {
            continue;
        }
        let Some(tags) = tags_if_told(here.aws, &id).await?.filter(|tags| here.is_ours(tags)) else { continue };
        // A key awaiting its deletion is as good as gone, and keeps its tags.
        if if_there(describe(here.aws, &id).await)?.is_some_and(|key| key.dies_on.is_none()) {
            found.push((arn, tags));
        }
    }
    Ok(found)
}

/// The key with this alias, whoever's it is.
pub(super) async fn by_alias(aws: &Clients, alias: &str) -> Result<Option<Described>, CloudError> {
    if_there(describe(aws, alias).await)
}

/// The key with this id, ARN or alias.
pub(super) async fn describe(aws: &Clients, key: &str) -> Result<Described, CloudError> {
    let doing = "read the key";
    let answer = aws.kms.describe_key().key_id(key).send().await.during(doing)?;
    let found = answer.key_metadata.ok_or_else(|| lacking(doing, "key"))?;
    Ok(Described::of(found))
}

/// What `DescribeKey` leaves out.
pub(super) async fn details(aws: &Clients, id: &str) -> Result<Details, CloudError> {
    let policy = async {
        let answer = aws.kms.get_key_policy().key_id(id).policy_name("default").send().await;
        Ok(Policy::parse(answer.during("read the policy of the key")?.policy().unwrap_or_default()))
    };
    let rotation = async {
        let answer = aws.kms.get_key_rotation_status().key_id(id).send().await;
        Ok(answer.during("read whether the key rotates")?.key_rotation_enabled())
    };
    let (policy, rotation, aliases) = try_join3(policy, rotation, aliases(aws, id)).await?;
    Ok(Details { policy, rotation, aliases })
}

/// The tags of the key with this id or ARN.
pub(super) async fn tags(aws: &Clients, id: &str) -> Result<Tags, CloudError> {
    let pages = aws.kms.list_resource_tags().key_id(id).into_paginator().items().send();
    Ok(tags_of(&pages.try_collect().await.during("read the tags of the key")?))
}

/// The aliases of the key with this id.
pub(super) async fn aliases(aws: &Clients, id: &str) -> Result<BTreeSet<String>, CloudError> {
    let pages = aws.kms.list_aliases().key_id(id).into_paginator().items().send();
    let all = pages.try_collect().await.during("list the aliases of the key")?;
    Ok(all.into_iter().filter_map(|alias| alias.alias_name).collect())
}

/// All aliases, by the ids of their keys.
async fn aliased(aws: &Clients) -> Result<BTreeMap<String, Vec<String>>, CloudError> {
    let mut found: BTreeMap<_, Vec<String>> = BTreeMap::new();
    let pages = aws.kms.list_aliases().limit(100).into_paginator().items().send();
    for alias in pages.try_collect().await.during("list the aliases of all keys")? {
        found.entry(alias.target_key_id.unwrap_or_default()).or_default().extend(alias.alias_name);
    }
    Ok(found)
}

/// The ARNs of all keys, by their ids.
async fn keys(aws: &Clients) -> Result<BTreeMap<String, String>, CloudError> {
    let pages = aws.kms.list_keys().limit(1000).into_paginator().items().send();
    let all = pages.try_collect().await.during("list all keys")?;
    Ok(all.into_iter().filter_map(|key| Some((key.key_id?, key.key_arn?))).collect())
}
