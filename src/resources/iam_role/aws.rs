//! The calls of a role (IAM `CreateRole`, `GetRole`, `ListAttachedRolePolicies`, `UpdateRole`,
//! `UpdateAssumeRolePolicy`, `AttachRolePolicy`, `DeleteRole`).

mod trust;

use std::collections::BTreeSet;
use std::time::Duration;

use aws_sdk_iam::types::Role;
use futures_util::future::join;

use super::{IamRole, IamRoleComputed, Trust};
use crate::cloud::aws::answer::{if_there, lacking};
use crate::cloud::aws::iam::{self, SETTLING, VISIBLE};
use crate::cloud::aws::settling::settle;
use crate::cloud::aws::tags::{self, comparable, tag_list, tags_of};
use crate::cloud::aws::takeover::refuse_foreign;
use crate::cloud::aws::words;
use crate::cloud::aws::{
    Census, Clients, During, Listed, Lookup, Present, Provision, ReadOutcome, ReadOutcomes, Reading, Silent, Writing,
    one_by_one,
};
use crate::cloud::wait::{Poll, retry_while, until};
use crate::cloud::{CloudError, ErrorKind};
use crate::model::mark::Tags;
use crate::model::policy::Policy;
use crate::model::reference::Ref;
use crate::resources::iam_policy::IamPolicy;

// What EKS and others hang on a role they let go of a moment later: the instance profile of a node group, above all.
const LINGER: Duration = Duration::from_mins(2);

impl Provision for IamRole {
    type Health = Silent<Self>;

    async fn observe(lookups: Vec<Lookup<Self>>, cx: &Reading<'_>) -> ReadOutcomes<Self> {
        one_by_one(lookups, |one| async move { see(&one, cx).await }).await
    }

    async fn census(here: &Census<'_>) -> Result<Listed, CloudError> {
        let pages = here.aws.iam.list_roles().into_paginator().items().send();
        let all = pages.try_collect().await.during("list the roles")?;
        let mut found = Listed::new();
        // The list leaves tags out (IAM API Reference, ListRoles).
        for name in all.into_iter().map(|role| role.role_name).filter(|name| here.is_named(name)) {
            if let Some(role) = get(here.aws, &name).await? {
                found.push((name, tags_of(role.tags())));
            }
        }
        Ok(found)
    }

    async fn create(&self, cx: &Writing<'_>) -> Result<IamRoleComputed, CloudError> {
        let doing = "create the role";
        let trust = self.trust_text(cx)?;
        let call = || async {
            let made = cx
                .aws
                .iam
                .create_role()
                .role_name(&self.name)
                .path("/")
                .description(&self.description)
                .assume_role_policy_document(&trust)
                .set_tags(Some(tag_list(cx.tags(self))))
                .send()
                .await
                .during(doing);
            match made {
                Ok(made) => Ok((made.role.ok_or_else(|| lacking(doing, "role"))?, true)),
                Err(error) if error.kind == ErrorKind::Exists => match get(cx.aws, &self.name).await? {
                    Some(role) => {
                        let taken = format!("the role {} exists already", self.name);
                        refuse_foreign(cx, doing, &taken, &self.name, &tags_of(role.tags()))?;
                        Ok((role, false))
                    }
                    // Deleted a moment ago, or made a moment ago: both pass.
                    None => Err(error),
                },
                Err(error) => Err(error),
            }
        };
        let federated = matches!(self.trust, Trust::ServiceAccount { .. });
        let passes = |error: &CloudError| {
            error.kind == ErrorKind::Exists || (federated && words::access::UNKNOWN_PRINCIPAL.tell(error))
        };
        let (role, new) = retry_while(cx, VISIBLE, passes, call).await?;
        let computed = computed(&role, &iam::arn(&cx.surroundings, &format!("role/{}", self.name)));
        cx.made(&computed).await?;
        if !new {
            self.set_description(cx).await?;
            self.set_trust(cx, &trust).await?;
            let wanted = cx.tags(self);
            retag(cx.aws, &self.name, &comparable(&tags_of(role.tags()), &wanted), &wanted).await?;
        }
        self.set_policies(cx, &BTreeSet::new()).await?;
        Ok(computed)
    }

    async fn update(
        &self,
        from: &Self,
        known: &IamRoleComputed,
        cx: &Writing<'_>,
    ) -> Result<IamRoleComputed, CloudError> {
        if self.description != from.description {
            self.set_description(cx).await?;
        }
        let trust = self.trust_text(cx)?;
        if self.trust != from.trust || !self.trusts(cx, &trust).await? {
            self.set_trust(cx, &trust).await?;
        }
        retag(cx.aws, &self.name, &from.tags, &self.tags).await?;
        self.set_policies(cx, &from.policies).await?;
        Ok(known.clone())
    }

    async fn delete(_: &Self, known: &IamRoleComputed, cx: &Writing<'_>) -> Result<(), CloudError> {
        let doing = "delete the role";
        let name = known.id.as_str();
        let others = |role: &Role| role.role_id() != known.unique_id && !cx.ours(&tags_of(role.tags()));
        if get(cx.aws, name).await?.is_some_and(|role| others(&role)) {
            // Ours is gone, and somebody made another one under its name.
            return Ok(());
        }
        let conflicts = |error: &CloudError| error.is("DeleteConflict");
        let gone = retry_while(cx, LINGER, conflicts, || async {
            strip(cx.aws, name).await?;
            cx.aws.iam.delete_role().role_name(name).send().await.during(doing)
        });
        if_there(gone.await)?;
        until(cx, doing, SETTLING, || async move {
            Ok(match get(cx.aws, name).await? {
                Some(_) => Poll::Pending("still visible".to_owned()),
                None => Poll::Ready(()),
            })
        })
        .await
    }
}

impl IamRole {
    fn trust_text(&self, cx: &Writing<'_>) -> Result<String, CloudError> {
        Ok(self.trust.document(|provider| cx.id(provider))?.to_string())
    }

    async fn set_description(&self, cx: &Writing<'_>) -> Result<(), CloudError> {
        let call = cx.aws.iam.update_role().role_name(&self.name).description(&self.description);
        call.send().await.during("describe the role").map(drop)
    }

    /// Whether the role trusts the provider it is declared to trust: the same reference may mean another one by now.
    async fn trusts(&self, cx: &Writing<'_>, trust: &str) -> Result<bool, CloudError> {
        let Trust::ServiceAccount { .. } = self.trust else { return Ok(true) };
        let role = get(cx.aws, &self.name).await?;
        let said = role.as_ref().and_then(Role::assume_role_policy_document).unwrap_or_default();
        Ok(iam::document(said) == Policy::parse(trust))
    }

    async fn set_trust(&self, cx: &Writing<'_>, trust: &str) -> Result<(), CloudError> {
        let call = cx.aws.iam.update_assume_role_policy().role_name(&self.name).policy_document(trust);
        call.send().await.during("say who may take the role on").map(drop)
    }

    /// Attaches what is missing of ours and detaches what was ours, `from`, and is not declared any more; waits until
    /// the role can be read as it is now.
    async fn set_policies(&self, cx: &Writing<'_>, from: &BTreeSet<Ref<IamPolicy>>) -> Result<(), CloudError> {
        let doing = "attach the policies";
        let name = self.name.as_str();
        // A role or a policy made a moment ago may be unknown here.
        let unseen = |error: &CloudError| error.kind == ErrorKind::NotFound;
        let there = retry_while(cx, VISIBLE, unseen, || attached(cx.aws, name)).await?;
        let want: BTreeSet<String> = cx.all_ids(&self.policies)?.into_iter().collect();
        for arn in want.difference(&there) {
            retry_while(cx, VISIBLE, unseen, || async {
                cx.aws.iam.attach_role_policy().role_name(name).policy_arn(arn).send().await.during(doing)
            })
            .await?;
        }
        // A policy that is not known any more is gone, and so is its attachment.
        let surplus = from.difference(&self.policies).filter_map(|policy| cx.id(policy).ok());
        for arn in surplus.filter(|arn| there.contains(arn) && !want.contains(arn)) {
            detach(cx.aws, name, &arn).await?;
        }
        let want = &want;
        settle(cx, doing, SETTLING, || async move {
            let (role, attached) = join(get(cx.aws, name), attached(cx.aws, name)).await;
            // For a moment a new role is missing, or has its unique id in place of its ARN.
            let whole = role?.is_some_and(|role| role.arn().starts_with("arn:"));
            Ok(whole && if_there(attached)?.is_some_and(|found| want.is_subset(&found)))
        })
        .await
    }
}

async fn see(one: &Lookup<IamRole>, cx: &Reading<'_>) -> Result<ReadOutcome<IamRole>, CloudError> {
    let name = one.id().unwrap_or(&one.expected().name);
    let (role, attached) = join(get(cx.aws, name), attached(cx.aws, name)).await;
    let Some(role) = role? else { return Ok(ReadOutcome::Absent) };
    // A role made a moment ago is known to one call before the other.
    let attached = if_there(attached)?.unwrap_or_default();
    let found = tags_of(role.tags());
    let is = |known: &IamRoleComputed| known.unique_id.is_empty() || known.unique_id == role.role_id();
    let another = one.recorded.as_ref().is_none_or(|(_, known)| !is(known));
    if another && !cx.ours(&one.address, &found) {
        // Ours is gone: nobody who removes everything cares who has its name.
        if one.recorded.is_some() && cx.removing {
            return Ok(ReadOutcome::Absent);
        }
        return Ok(ReadOutcome::foreign(name, &found, cx));
    }
    let ours: BTreeSet<_> = one.asked().flat_map(|role| &role.policies).collect();
    let (policies, others): (BTreeSet<_>, BTreeSet<_>) =
        attached.iter().map(|arn| cx.refer(arn)).partition(|policy| ours.contains(policy));
    let mut notes: Vec<String> =
        others.iter().map(|policy| format!("somebody also attached the policy {policy}")).collect();
    if let Some(boundary) = role.permissions_boundary().and_then(|boundary| boundary.permissions_boundary_arn()) {
        notes.push(format!("somebody set the permissions boundary {boundary}"));
    }
    let declared = IamRole {
        name: role.role_name().to_owned(),
        description: role.description().unwrap_or_default().to_owned(),
        trust: Trust::read(role.assume_role_policy_document().unwrap_or_default(), |arn| cx.refer(arn)),
        policies,
        tags: one.managed(&found),
    };
    let arn = iam::arn(cx.surroundings, &format!("role{}{}", role.path(), role.role_name()));
    Ok(ReadOutcome::Present(Box::new(Present {
        declared,
        computed: computed(&role, &arn),
        notes,
        waiting: Vec::new(),
        settled: true,
    })))
}

/// What IAM computed; `arn` is for the moment in which a new role has its unique id in its place.
fn computed(role: &Role, arn: &str) -> IamRoleComputed {
    let told = if role.arn().starts_with("arn:") { role.arn() } else { arn };
    IamRoleComputed { id: role.role_name().to_owned(), arn: told.to_owned(), unique_id: role.role_id().to_owned() }
}

async fn get(aws: &Clients, name: &str) -> Result<Option<Role>, CloudError> {
    let doing = "read the role";
    let found = if_there(aws.iam.get_role().role_name(name).send().await.during(doing))?;
    found.map(|answer| answer.role.ok_or_else(|| lacking(doing, "role"))).transpose()
}

async fn attached(aws: &Clients, name: &str) -> Result<BTreeSet<String>, CloudError> {
    let pages = aws.iam.list_attached_role_policies().role_name(name).into_paginator().items().send();
    let found = pages.try_collect().await.during("list the policies attached to the role")?;
    Ok(found.into_iter().filter_map(|policy| policy.policy_arn).collect())
}

async fn detach(aws: &Clients, name: &str, arn: &str) -> Result<(), CloudError> {
    let call = aws.iam.detach_role_policy().role_name(name).policy_arn(arn);
    if_there(call.send().await.during("detach a policy")).map(drop)
}

async fn retag(aws: &Clients, name: &str, from: &Tags, to: &Tags) -> Result<(), CloudError> {
    let set = |tags| aws.iam.tag_role().role_name(name).set_tags(Some(tag_list(tags))).send();
    let remove = |keys| aws.iam.untag_role().role_name(name).set_tag_keys(Some(keys)).send();
    tags::retag(from, to, set, remove).await
}

/// Takes off everything that keeps a role from being deleted, whoever put it on. A role that is gone has nothing on.
async fn strip(aws: &Clients, name: &str) -> Result<(), CloudError> {
    for arn in if_there(attached(aws, name).await)?.unwrap_or_default() {
        detach(aws, name, &arn).await?;
    }
    for policy in if_there(inline(aws, name).await)?.unwrap_or_default() {
        let call = aws.iam.delete_role_policy().role_name(name).policy_name(policy);
        if_there(call.send().await.during("delete a policy written into the role"))?;
    }
    for profile in if_there(profiles(aws, name).await)?.unwrap_or_default() {
        let call = aws.iam.remove_role_from_instance_profile().role_name(name).instance_profile_name(profile);
        if_there(call.send().await.during("take the role out of an instance profile"))?;
    }
    Ok(())
}

async fn inline(aws: &Clients, name: &str) -> Result<Vec<String>, CloudError> {
    let pages = aws.iam.list_role_policies().role_name(name).into_paginator().items().send();
    pages.try_collect().await.during("list the policies written into the role")
}

async fn profiles(aws: &Clients, name: &str) -> Result<Vec<String>, CloudError> {
    let pages = aws.iam.list_instance_profiles_for_role().role_name(name).into_paginator().items().send();
    let found = pages.try_collect().await.during("list the instance profiles of the role")?;
    Ok(found.into_iter().map(|profile| profile.instance_profile_name).collect())
}
