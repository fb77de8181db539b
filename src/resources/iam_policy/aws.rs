//! The calls of a policy (IAM `CreatePolicy`, `GetPolicy`, `GetPolicyVersion`, `CreatePolicyVersion`, `DeletePolicy`).

use std::collections::BTreeMap;
use std::time::Duration;

use aws_sdk_iam::types::{self, PolicyScopeType, PolicyVersion};
use serde_json::{Value, json};

use super::{IamPolicy, IamPolicyComputed};
use crate::cloud::aws::answer::{if_there, lacking};
use crate::cloud::aws::iam::{self, SETTLING, VISIBLE};
use crate::cloud::aws::settling::settle;
use crate::cloud::aws::tags::{self, comparable, tag_list, tags_of};
use crate::cloud::aws::takeover::refuse_foreign;
use crate::cloud::aws::{
    Census, Clients, During, Listed, Lookup, Provision, ReadOutcome, ReadOutcomes, Reading, Silent, Writing, one_by_one,
};
use crate::cloud::wait::{Poll, retry_while, until};
use crate::cloud::{CloudError, ErrorKind};
use crate::model::address::Address;
use crate::model::index::IdIndex;
use crate::model::mark::Tags;
use crate::model::policy::Policy;
use crate::model::reference::{reference, references_in};

/// How many versions of one policy IAM keeps ("IAM and AWS STS quotas").
const VERSIONS: usize = 5;
// Detaching is not known everywhere at once.
const LINGER: Duration = Duration::from_mins(2);

impl Provision for IamPolicy {
    type Health = Silent<Self>;

    async fn observe(lookups: Vec<Lookup<Self>>, cx: &Reading<'_>) -> ReadOutcomes<Self> {
        one_by_one(lookups, |one| async move { see(&one, cx).await }).await
    }

    async fn census(here: &Census<'_>) -> Result<Listed, CloudError> {
        let pages = here.aws.iam.list_policies().scope(PolicyScopeType::Local).into_paginator().items().send();
        let all = pages.try_collect().await.during("list the policies")?;
        let mut found = Listed::new();
        let ours = all.into_iter().filter(|policy| policy.policy_name().is_some_and(|name| here.is_named(name)));
        // The list leaves tags out (IAM API Reference, ListPolicies).
        for arn in ours.filter_map(|policy| policy.arn) {
            if let Some(policy) = get(here.aws, &arn).await? {
                found.push((arn, tags_of(policy.tags())));
            }
        }
        Ok(found)
    }

    async fn create(&self, cx: &Writing<'_>) -> Result<IamPolicyComputed, CloudError> {
        let doing = "create the policy";
        let arn = iam::arn(&cx.surroundings, &format!("policy/{}", self.name));
        let arn = arn.as_str();
        let text = resolved(&self.document, &cx.ids)?.to_string();
        let call = || async {
            let made = cx
                .aws
                .iam
                .create_policy()
                .policy_name(&self.name)
                .path("/")
                .description(&self.description)
                .policy_document(&text)
                .set_tags(Some(tag_list(cx.tags(self))))
                .send()
                .await
                .during(doing);
            match made {
                Ok(_) => Ok(None),
                Err(error) if error.kind == ErrorKind::Exists => match get(cx.aws, arn).await? {
                    Some(policy) => {
                        let taken = format!("the policy {} exists already", self.name);
                        refuse_foreign(cx, doing, &taken, arn, &tags_of(policy.tags()))?;
                        Ok(Some(policy))
                    }
                    // Deleted a moment ago, or made a moment ago: both pass.
                    None => Err(error),
                },
                Err(error) => Err(error),
            }
        };
        let there = retry_while(cx, VISIBLE, |error| error.kind == ErrorKind::Exists, call).await?;
        let computed = IamPolicyComputed { id: arn.to_owned() };
        cx.made(&computed).await?;
        if let Some(policy) = there {
            self.set_document(arn, cx).await?;
            let wanted = cx.tags(self);
            retag(cx.aws, arn, &comparable(&tags_of(policy.tags()), &wanted), &wanted).await?;
        }
        settle(cx, doing, SETTLING, || async move { Ok(get(cx.aws, arn).await?.is_some()) }).await?;
        Ok(computed)
    }

    async fn update(
        &self,
        from: &Self,
        known: &IamPolicyComputed,
        cx: &Writing<'_>,
    ) -> Result<IamPolicyComputed, CloudError> {
        // The same reference may mean another key by now.
        if self.document != from.document || !references_in(self.document.document()).is_empty() {
            self.set_document(&known.id, cx).await?;
        }
        retag(cx.aws, &known.id, &from.tags, &self.tags).await?;
        Ok(known.clone())
    }

    async fn delete(_: &Self, known: &IamPolicyComputed, cx: &Writing<'_>) -> Result<(), CloudError> {
        let doing = "delete the policy";
        let arn = known.id.as_str();
        let conflicts = |error: &CloudError| error.is("DeleteConflict");
        let gone = retry_while(cx, LINGER, conflicts, || async {
            detach_everywhere(cx.aws, arn).await?;
            for version in if_there(versions(cx.aws, arn).await)?.unwrap_or_default() {
                if !version.is_default_version() {
                    delete_version(cx.aws, arn, &version).await?;
                }
            }
            cx.aws.iam.delete_policy().policy_arn(arn).send().await.during(doing)
        });
        if_there(gone.await)?;
        until(cx, doing, SETTLING, || async move {
            Ok(match get(cx.aws, arn).await? {
                Some(_) => Poll::Pending("still visible".to_owned()),
                None => Poll::Ready(()),
            })
        })
        .await
    }
}

impl IamPolicy {
    /// Makes a version of the document the one that counts, unless it is already; makes room for it first.
    async fn set_document(&self, arn: &str, cx: &Writing<'_>) -> Result<(), CloudError> {
        let doing = "write a new version of the policy";
        let want = resolved(&self.document, &cx.ids)?;
        let versions = versions(cx.aws, arn).await?;
        if let Some(counts) = versions.iter().find(|version| version.is_default_version())
            && document(cx.aws, arn, counts.version_id().unwrap_or_default()).await? == Policy::new(&want)
        {
            return Ok(());
        }
        if versions.len() >= VERSIONS
            && let Some(oldest) =
                versions.iter().filter(|version| !version.is_default_version()).min_by_key(|version| number(version))
        {
            delete_version(cx.aws, arn, oldest).await?;
        }
        let call = cx.aws.iam.create_policy_version().policy_arn(arn).policy_document(want.to_string());
        let made = call.set_as_default(true).send().await.during(doing)?;
        let made = made.policy_version().and_then(|version| version.version_id());
        settle(cx, doing, SETTLING, || async move {
            Ok(get(cx.aws, arn).await?.is_some_and(|policy| policy.default_version_id() == made))
        })
        .await
    }
}

async fn see(one: &Lookup<IamPolicy>, cx: &Reading<'_>) -> Result<ReadOutcome<IamPolicy>, CloudError> {
    let arn = match one.id() {
        Some(arn) => arn.to_owned(),
        None => iam::arn(cx.surroundings, &format!("policy/{}", one.expected().name)),
    };
    let Some(policy) = get(cx.aws, &arn).await? else { return Ok(ReadOutcome::Absent) };
    let found = tags_of(policy.tags());
    if one.recorded.is_none() && !cx.ours(&one.address, &found) {
        return Ok(ReadOutcome::foreign(arn, &found, cx));
    }
    let document = document(cx.aws, &arn, policy.default_version_id().unwrap_or_default()).await?;
    let declared = IamPolicy {
        name: policy.policy_name().unwrap_or_default().to_owned(),
        description: policy.description().unwrap_or_default().to_owned(),
        document: as_written(&document, one, cx.ids),
        tags: one.managed(&found),
    };
    Ok(ReadOutcome::present(declared, IamPolicyComputed { id: arn }))
}

/// The document with ARNs in place of references.
fn resolved(document: &Policy, ids: &IdIndex) -> Result<Value, CloudError> {
    document.resolve(|value| {
        let address = reference(value)?;
        Some(arn_of(&address, ids).map(Value::from).ok_or_else(|| {
            CloudError::new(ErrorKind::Bug, "follow a reference", format!("nothing is recorded at {address}"))
        }))
    })
}

/// What was found, spelled as it was recorded or declared if it means the same; else with references in place of the
/// ARNs that those would have written.
fn as_written(found: &Policy, one: &Lookup<IamPolicy>, ids: &IdIndex) -> Policy {
    let recorded = one.recorded.iter().map(|(recorded, _)| recorded);
    let known: Vec<&Policy> = recorded.chain(one.asked()).map(|asked| &asked.document).collect();
    let same = known.iter().find(|known| resolved(known, ids).is_ok_and(|value| Policy::new(&value) == *found));
    if let Some(same) = same {
        return (*same).clone();
    }
    let meant = known.iter().flat_map(|policy| references_in(policy.document()));
    let by_arn: BTreeMap<&str, Value> =
        meant.filter_map(|address| Some((arn_of(&address, ids)?, json!({"$ref": address.to_string()})))).collect();
    found.map(|value| by_arn.get(value.as_str()?).cloned())
}

fn arn_of<'a>(address: &Address, ids: &'a IdIndex) -> Option<&'a str> {
    let known = ids.computed(address)?;
    known.text("arn").or_else(|| known.text("id"))
}

async fn get(aws: &Clients, arn: &str) -> Result<Option<types::Policy>, CloudError> {
    let doing = "read the policy";
    let found = if_there(aws.iam.get_policy().policy_arn(arn).send().await.during(doing))?;
    found.map(|answer| answer.policy.ok_or_else(|| lacking(doing, "policy"))).transpose()
}

async fn document(aws: &Clients, arn: &str, version: &str) -> Result<Policy, CloudError> {
    let doing = "read what the policy allows";
    let found = aws.iam.get_policy_version().policy_arn(arn).version_id(version).send().await.during(doing)?;
    let text = found.policy_version().and_then(|version| version.document()).ok_or_else(|| lacking(doing, "policy"))?;
    Ok(iam::document(text))
}

async fn versions(aws: &Clients, arn: &str) -> Result<Vec<PolicyVersion>, CloudError> {
    let pages = aws.iam.list_policy_versions().policy_arn(arn).into_paginator().items().send();
    pages.try_collect().await.during("list the versions of the policy")
}

/// Versions are `v1`, `v2` and so on, never used again.
fn number(version: &PolicyVersion) -> u64 {
    version.version_id().and_then(|id| id.strip_prefix('v')?.parse().ok()).unwrap_or(u64::MAX)
}

async fn delete_version(aws: &Clients, arn: &str, version: &PolicyVersion) -> Result<(), CloudError> {
    let id = version.version_id().unwrap_or_default();
    let call = aws.iam.delete_policy_version().policy_arn(arn).version_id(id);
    if_there(call.send().await.during("delete an old version of the policy")).map(drop)
}

async fn retag(aws: &Clients, arn: &str, from: &Tags, to: &Tags) -> Result<(), CloudError> {
    let set = |tags| aws.iam.tag_policy().policy_arn(arn).set_tags(Some(tag_list(tags))).send();
    let remove = |keys| aws.iam.untag_policy().policy_arn(arn).set_tag_keys(Some(keys)).send();
    tags::retag(from, to, set, remove).await
}

/// A policy cannot be deleted while anybody has it, whoever gave it to them. One that is gone is attached nowhere.
async fn detach_everywhere(aws: &Clients, arn: &str) -> Result<(), CloudError> {
    let doing = "detach the policy";
    let mut pages = aws.iam.list_entities_for_policy().policy_arn(arn).into_paginator().send();
    while let Some(page) = pages.next().await {
        let Some(page) = if_there(page.during("list who has the policy"))? else { return Ok(()) };
        for role in page.policy_roles().iter().filter_map(|role| role.role_name()) {
            if_there(aws.iam.detach_role_policy().role_name(role).policy_arn(arn).send().await.during(doing))?;
        }
        for user in page.policy_users().iter().filter_map(|user| user.user_name()) {
            if_there(aws.iam.detach_user_policy().user_name(user).policy_arn(arn).send().await.during(doing))?;
        }
        for group in page.policy_groups().iter().filter_map(|group| group.group_name()) {
            if_there(aws.iam.detach_group_policy().group_name(group).policy_arn(arn).send().await.during(doing))?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::document::Document;

    const KEY: &str = "arn:aws:kms:us-east-1:111122223333:key/1";

    fn policy(resources: &Value) -> Policy {
        Policy::new(&json!({"Version": "2012-10-17", "Statement": [
            {"Effect": "Allow", "Action": ["b", "a"], "Resource": resources},
        ]}))
    }

    fn sought(document: Policy) -> Lookup<IamPolicy> {
        let declared = IamPolicy { name: "p".to_owned(), description: String::new(), document, tags: Tags::new() };
        Lookup {
            address: "iam_policy.main".parse().unwrap(),
            declared: Some(declared),
            recorded: None,
            attempted: Vec::new(),
            old: [].into(),
        }
    }

    fn ids() -> IdIndex {
        let document = |value: Value| value.as_object().unwrap().clone().into_iter().collect::<Document>();
        let mut ids = IdIndex::default();
        ids.insert(&"kms_key.main".parse().unwrap(), &document(json!({"id": KEY})));
        ids.insert(&"bucket.main".parse().unwrap(), &document(json!({"id": "b", "arn": "arn:aws:s3:::b"})));
        ids
    }

    #[test]
    fn references_become_arns() {
        let document = policy(&json!([{"$ref": "kms_key.main"}, {"$ref": "bucket.main"}]));
        let arns = resolved(&document, &ids()).unwrap();
        assert_eq!(Policy::new(&arns), policy(&json!(["arn:aws:s3:::b", KEY])));
        assert!(resolved(&policy(&json!({"$ref": "kms_key.other"})), &ids()).is_err());
    }

    #[test]
    fn what_means_the_same_is_spelled_the_same() {
        // One by reference, the other by its ARN, as people write buckets.
        let declared = policy(&json!([{"$ref": "kms_key.main"}, "arn:aws:s3:::b"]));
        let found = policy(&json!([KEY, "arn:aws:s3:::b"]));
        assert_eq!(as_written(&found, &sought(declared.clone()), &ids()), declared);
    }

    #[test]
    fn what_differs_still_shows_references() {
        let declared = policy(&json!([{"$ref": "kms_key.main"}, "arn:aws:s3:::b"]));
        let found = policy(&json!([KEY, "arn:aws:s3:::other", "arn:aws:s3:::b"]));
        let shown = policy(&json!([{"$ref": "kms_key.main"}, "arn:aws:s3:::other", "arn:aws:s3:::b"]));
        assert_eq!(as_written(&found, &sought(declared), &ids()), shown);
    }
}
