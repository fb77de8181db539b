//! The calls of an access entry (EKS `CreateAccessEntry`, `DescribeAccessEntry`, `AssociateAccessPolicy`).
//!
//! Policies count for the whole cluster. One that counts for some namespaces only is noted and not ours, until its whole
//! cluster is asked for.

use std::collections::BTreeSet;

use aws_sdk_eks::types::{self, AccessScope, AccessScopeType};
use futures_util::future::{try_join, try_join_all};

use super::{AccessEntry, AccessEntryComputed, Principal, session_role, stands_for};
use crate::cloud::aws::answer::if_there;
use crate::cloud::aws::eks::{self, ClusterPart};
use crate::cloud::aws::tags::comparable;
use crate::cloud::aws::takeover::refuse_foreign;
use crate::cloud::aws::words;
use crate::cloud::aws::{
    Census, Clients, During, Listed, Lookup, Present, Provision, ReadOutcome, ReadOutcomes, Reading, Silent, Writing,
    one_by_one,
};
use crate::cloud::wait::{Poll, WaitPolicy, retry_while, until};
use crate::cloud::{CloudError, ErrorKind};
use crate::model::mark::{ADDRESS_TAG, STACK_TAG};

// Gone at once as a rule; the look afterwards may still see it for seconds, and so may a call that makes it anew.
const GONE: WaitPolicy = WaitPolicy::seconds(2, 120, 2);

const CREATE: &str = "create the access entry";
const READ: &str = "read the access entry";
const CHANGE: &str = "change the access entry";
/// The type for people and programs; the others are for machines.
const STANDARD: &str = "STANDARD";

impl Provision for AccessEntry {
    type Health = Silent<Self>;

    async fn observe(lookups: Vec<Lookup<Self>>, cx: &Reading<'_>) -> ReadOutcomes<Self> {
        one_by_one(lookups, |one| look(one, cx)).await
    }

    async fn census(here: &Census<'_>) -> Result<Listed, CloudError> {
        let mut found = Listed::new();
        for (cluster, _) in here.clusters().await? {
            let entries = list(here.aws, cluster).await?;
            found.extend(entries.iter().map(|entry| (id(cluster, entry), eks::tags_of(entry.tags()))));
        }
        Ok(found)
    }

    async fn create(&self, cx: &Writing<'_>) -> Result<AccessEntryComputed, CloudError> {
        let cluster = cx.id(&self.cluster)?;
        let principal = resolve(&self.principal, cx).await?;
        let place = EntryLocator { cluster: &cluster, principal: &principal };
        let (entry, fresh) = until(cx, CREATE, GONE, || self.claim(place, cx)).await?;
        let known = computed(place, &entry);
        cx.made(&known).await?;
        if fresh {
            self.associate(place, &BTreeSet::new(), cx).await?;
        } else {
            let tags = comparable(&eks::tags_of(entry.tags()), &self.tags);
            eks::retag(cx.aws, &known.arn, &tags, &self.tags).await?;
            self.associate(place, &place.policies(cx.aws).await?.whole, cx).await?;
        }
        Ok(known)
    }

    async fn update(
        &self,
        from: &Self,
        known: &AccessEntryComputed,
        cx: &Writing<'_>,
    ) -> Result<AccessEntryComputed, CloudError> {
        eks::retag(cx.aws, &known.arn, &from.tags, &self.tags).await?;
        self.associate(EntryLocator::of(known), &from.policies, cx).await?;
        Ok(known.clone())
    }

    async fn delete(_: &Self, known: &AccessEntryComputed, cx: &Writing<'_>) -> Result<(), CloudError> {
        let place = EntryLocator::of(known);
        let doing = "delete the access entry";
        let call = cx.aws.eks.delete_access_entry().cluster_name(place.cluster).principal_arn(place.principal);
        if let Err(error) = call.send().await.during(doing) {
            return eks::nothing_there(cx.aws, place.cluster, error).await;
        }
        until(cx, doing, GONE, || async {
            let still = place.read(cx.aws).await?.is_some();
            Ok(if still { Poll::Pending("still listed".to_owned()) } else { Poll::Ready(()) })
        })
        .await
    }
}

async fn look(one: Lookup<AccessEntry>, cx: &Reading<'_>) -> Result<ReadOutcome<AccessEntry>, CloudError> {
    let expected = one.expected();
    let cluster = match &one.recorded {
        Some((_, computed)) => Some(computed.cluster_name.clone()),
        None => eks::cluster_name(cx, &expected.cluster),
    };
    let Some(cluster) = cluster else { return Ok(ReadOutcome::Absent) };
    let principal = match (&one.recorded, &expected.principal) {
        (Some((_, computed)), _) => computed.principal_arn.clone(),
        (None, Principal::Arn(arn)) => arn.clone(),
        (None, Principal::Creator) => match creator(&one, &cluster, cx).await? {
            Found::Ours(arn) => arn,
            Found::Foreign(entry) => return Ok(foreign(&cluster, &entry, cx)),
            Found::Nobody => return Ok(ReadOutcome::Absent),
        },
    };
    let place = EntryLocator { cluster: &cluster, principal: &principal };
    let (entry, policies) = try_join(place.read(cx.aws), place.policies(cx.aws)).await?;
    let Some(entry) = entry else { return Ok(ReadOutcome::Absent) };
    let tags = eks::tags_of(entry.tags());
    if one.recorded.is_none() && !cx.ours(&one.address, &tags) {
        return Ok(foreign(&cluster, &entry, cx));
    }
    let mut notes = policies.partial;
    if let Some(kind) = entry.r#type().filter(|kind| *kind != STANDARD) {
        notes.push(format!("its type is {kind}, not {STANDARD}"));
    }
    if !entry.kubernetes_groups().is_empty() {
        notes.push(format!("it also belongs to the Kubernetes groups {}", entry.kubernetes_groups().join(", ")));
    }
    let declared = AccessEntry {
        cluster: cx.refer(&cluster),
        // The ARN alone does not say whether it is the creator's entry, so that stays as it is declared.
        principal: match expected.principal {
            Principal::Creator => Principal::Creator,
            Principal::Arn(_) => Principal::Arn(principal.clone()),
        },
        policies: policies.whole,
        tags: one.managed(&tags),
    };
    Ok(ReadOutcome::Present(Box::new(Present {
        declared,
        computed: computed(place, &entry),
        notes,
        waiting: Vec::new(),
        settled: true,
    })))
}

fn foreign(cluster: &str, entry: &types::AccessEntry, cx: &Reading<'_>) -> ReadOutcome<AccessEntry> {
    ReadOutcome::foreign(id(cluster, entry), &eks::tags_of(entry.tags()), cx)
}

fn id(cluster: &str, entry: &types::AccessEntry) -> String {
    format!("{cluster}/{}", entry.principal_arn().unwrap_or_default())
}

/// The principal whose entry is that of the creator.
enum Found {
    Ours(String),
    Foreign(Box<types::AccessEntry>),
    Nobody,
}

/// Looks for the entry of the creator: one with our marks, else one of the caller.
async fn creator(one: &Lookup<AccessEntry>, cluster: &str, cx: &Reading<'_>) -> Result<Found, CloudError> {
    let entries = list(cx.aws, cluster).await?;
    if let Some(entry) = entries.iter().find(|entry| cx.ours(&one.address, &eks::tags_of(entry.tags()))) {
        return Ok(Found::Ours(entry.principal_arn().unwrap_or_default().to_owned()));
    }
    // The caller is the creator only where nobody else is recorded as that.
    let recorded = cx.ids.computed(&one.address).and_then(|computed| computed.text("principal_arn"));
    let caller = &cx.surroundings.principal;
    let is_own = |arn: &str| recorded.map_or_else(|| stands_for(arn, caller), |recorded| recorded == arn);
    let own = entries.into_iter().find(|entry| entry.principal_arn().is_some_and(is_own));
    Ok(own.map_or(Found::Nobody, |entry| Found::Foreign(Box::new(entry))))
}

/// All entries of a cluster; none if the cluster is not there, or has none of any sort.
async fn list(aws: &Clients, cluster: &str) -> Result<Vec<types::AccessEntry>, CloudError> {
    let pages = aws.eks.list_access_entries().cluster_name(cluster).into_paginator().items().send();
    let principals: Vec<String> = match pages.try_collect().await.during("list the access entries") {
        Ok(principals) => principals,
        Err(error) => return eks::nothing_there(aws, cluster, error).await.map(|()| Vec::new()),
    };
    let entries = principals.iter().map(|principal| EntryLocator { cluster, principal }.read(aws));
    Ok(try_join_all(entries).await?.into_iter().flatten().collect())
}

/// The ARN of a principal. An entry is given to a role, not to its sessions, and a role may have a path that its
/// sessions do not show. The creator is the creator for good, as long as that identity exists.
async fn resolve(principal: &Principal, cx: &Writing<'_>) -> Result<String, CloudError> {
    let doing = "find out whose access entry it is";
    let caller = match principal {
        Principal::Arn(arn) => return Ok(arn.clone()),
        Principal::Creator => cx.surroundings.principal.as_str(),
    };
    let before = cx.ids.computed(&cx.mark.address).and_then(|computed| computed.text("principal_arn"));
    if let Some(before) = before.filter(|before| !stands_for(before, caller))
        && exists(before, cx, doing).await?
    {
        return Ok(before.to_owned());
    }
    if let Some(role) = session_role(caller) {
        let answer = cx.aws.iam.get_role().role_name(role).send().await.during(doing)?;
        return Ok(answer.role().map(|role| role.arn().to_owned()).unwrap_or_default());
    }
    if caller.contains(":user/") || caller.contains(":role/") {
        return Ok(caller.to_owned());
    }
    let message = format!("{caller} is neither a role nor a user, and only those can be given access to a cluster");
    Err(CloudError::new(ErrorKind::Refused, doing, message))
}

/// Whether a role or user is still there.
async fn exists(principal: &str, cx: &Writing<'_>, doing: &str) -> Result<bool, CloudError> {
    let name = principal.rsplit('/').next().unwrap_or_default();
    if principal.contains(":user/") {
        let found = cx.aws.iam.get_user().user_name(name).send().await.during(doing);
        return Ok(if_there(found)?.is_some());
    }
    let found = cx.aws.iam.get_role().role_name(name).send().await.during(doing);
    Ok(if_there(found)?.is_some())
}

fn computed(place: EntryLocator<'_>, entry: &types::AccessEntry) -> AccessEntryComputed {
    AccessEntryComputed {
        id: format!("{}/{}", place.cluster, place.principal),
        arn: entry.access_entry_arn().unwrap_or_default().to_owned(),
        cluster_name: place.cluster.to_owned(),
        principal_arn: place.principal.to_owned(),
    }
}

/// The policies of an entry: those for the whole cluster, and words about the others.
#[derive(Default)]
struct Policies {
    whole: BTreeSet<String>,
    partial: Vec<String>,
}

/// Where an entry stands.
#[derive(Clone, Copy)]
struct EntryLocator<'a> {
    cluster: &'a str,
    principal: &'a str,
}

impl<'a> EntryLocator<'a> {
    fn of(known: &'a AccessEntryComputed) -> Self {
        Self { cluster: &known.cluster_name, principal: &known.principal_arn }
    }

    async fn read(self, aws: &Clients) -> Result<Option<types::AccessEntry>, CloudError> {
        let call = aws.eks.describe_access_entry().cluster_name(self.cluster).principal_arn(self.principal);
        match call.send().await.during(READ) {
            Ok(answer) => Ok(answer.access_entry),
            Err(error) => eks::nothing_there(aws, self.cluster, error).await.map(|()| None),
        }
    }

    async fn policies(self, aws: &Clients) -> Result<Policies, CloudError> {
        let mut policies = Policies::default();
        let call = aws.eks.list_associated_access_policies().cluster_name(self.cluster).principal_arn(self.principal);
        let mut pages = call.into_paginator().send();
        while let Some(page) = pages.next().await {
            let page = match page.during(READ) {
                Ok(page) => page,
                Err(error) => {
                    return eks::nothing_there(aws, self.cluster, error).await.map(|()| Policies::default());
                }
            };
            for policy in page.associated_access_policies() {
                let arn = policy.policy_arn().unwrap_or_default().to_owned();
                let scope = policy.access_scope();
                if scope.and_then(AccessScope::r#type) == Some(&AccessScopeType::Cluster) {
                    policies.whole.insert(arn);
                } else {
                    let namespaces = scope.map(AccessScope::namespaces).unwrap_or_default().join(", ");
                    policies.partial.push(format!("it has {arn} for the namespaces {namespaces} only"));
                }
            }
        }
        Ok(policies)
    }
}

impl AccessEntry {
    /// Makes the entry once the cluster is free, or finds the one of ours that is there already; and whether it was made
    /// now. One that was removed a moment ago is waited for.
    async fn claim(
        &self,
        place: EntryLocator<'_>,
        cx: &Writing<'_>,
    ) -> Result<Poll<(types::AccessEntry, bool)>, CloudError> {
        let call = cx
            .aws
            .eks
            .create_access_entry()
            .cluster_name(place.cluster)
            .principal_arn(place.principal)
            .r#type(STANDARD)
            .set_tags(Some(eks::tags_for(cx, self)))
            .client_request_token(cx.mark.token(0));
        // A role made moments ago is not known to EKS yet.
        let unseen = |error: &CloudError| words::eks::UNKNOWN_PRINCIPAL.tell(error);
        let call = &call;
        let create = || {
            retry_while(cx, eks::PROPAGATION, unseen, move || async move {
                Ok(call.clone().send().await.during(CREATE)?.access_entry)
            })
        };
        match eks::retry_until_free(cx, place.cluster, ClusterPart::ControlPlane, create).await {
            Ok(Some(entry)) => return Ok(Poll::Ready((entry, true))),
            Ok(None) => {}
            Err(error) if eks::is_taken(&error) => {}
            Err(error) => return Err(error),
        }
        let Some(entry) = place.read(cx.aws).await? else {
            return Ok(Poll::Pending("waiting for its place: not free yet".to_owned()));
        };
        let tags = eks::tags_of(entry.tags());
        let owner = |key: &str| tags.get(key).map(String::as_str);
        if !cx.ours(&tags) && owner(STACK_TAG) == Some(&cx.mark.stack) {
            // It goes in this run where it is declared no more.
            let other = owner(ADDRESS_TAG).unwrap_or("something else");
            let waits = format!("waiting for its place: the identity has an entry as {other} of this stack");
            return Ok(Poll::Pending(waits));
        }
        let taken = format!("the access entry of {} exists already", place.principal);
        refuse_foreign(cx, CREATE, &taken, &computed(place, &entry).id, &tags)?;
        Ok(Poll::Ready((entry, false)))
    }

    /// Brings the policies from `there` to what is wanted.
    async fn associate(
        &self,
        place: EntryLocator<'_>,
        there: &BTreeSet<String>,
        cx: &Writing<'_>,
    ) -> Result<(), CloudError> {
        let whole = AccessScope::builder().r#type(AccessScopeType::Cluster).build();
        // An entry made moments ago may be unknown here.
        let unseen = |error: &CloudError| eks::is_gone(error);
        for policy in self.policies.difference(there) {
            let call = cx.aws.eks.associate_access_policy().cluster_name(place.cluster).principal_arn(place.principal);
            let call = call.policy_arn(policy).access_scope(whole.clone());
            retry_while(cx, eks::PROPAGATION, unseen, || async { call.clone().send().await.during(CHANGE) }).await?;
        }
        for policy in there.difference(&self.policies) {
            let call = cx.aws.eks.disassociate_access_policy().cluster_name(place.cluster);
            match call.principal_arn(place.principal).policy_arn(policy).send().await.during(CHANGE) {
                Err(error) if eks::is_gone(&error) => {}
                done => {
                    done?;
                }
            }
        }
        Ok(())
    }
}
