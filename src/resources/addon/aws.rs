//! The calls of an add-on (EKS `CreateAddon`, `DescribeAddon`, `UpdateAddon`, `DeleteAddon`).
//!
//! Its version is pinned; what others configured on it stays as it is.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU32, Ordering};

use aws_sdk_eks::types::{self, AddonHealth, AddonIssueCode, AddonStatus, ResolveConflicts};
use futures_util::future::join_all;

use super::{Addon, AddonComputed};
use crate::cloud::aws::answer::if_there;
use crate::cloud::aws::eks::{self, ClusterPart, NotFoundGrace};
use crate::cloud::aws::tags::comparable;
use crate::cloud::aws::takeover::refuse_foreign;
use crate::cloud::aws::words;
use crate::cloud::aws::{
    Census, Clients, During, Listed, Lookup, Present, Provision, ReadOutcome, ReadOutcomes, Reading, Silent, Writing,
    one_by_one,
};
use crate::cloud::wait::{Poll, WaitPolicy, retry_while, until};
use crate::cloud::{CloudError, ErrorKind};
use crate::model::index::IdIndex;
use crate::model::mark::Tags;

// Seconds, with nodes to run on; Terraform gives up after 20 minutes, as new nodes may still be on their way.
const ACTIVE: WaitPolicy = WaitPolicy::seconds(40, 1200, 5);
// Every node has to follow; Terraform gives up after 20 minutes.
const UPDATED: WaitPolicy = WaitPolicy::seconds(60, 1200, 5);
// Seconds as a rule; Terraform gives up after 40 minutes.
const GONE: WaitPolicy = WaitPolicy::seconds(20, 2400, 5);
// What failed while it was made is made again this often: what made it fail may have passed.
const AGAIN: u32 = 1;

const CREATE: &str = "create the add-on";

impl Provision for Addon {
    type Health = Silent<Self>;
    const CONFIRMED: bool = true;

    async fn observe(lookups: Vec<Lookup<Self>>, cx: &Reading<'_>) -> ReadOutcomes<Self> {
        let versions = kubernetes(&lookups, cx).await;
        one_by_one(lookups, |one| look(one, cx, &versions)).await
    }

    async fn census(here: &Census<'_>) -> Result<Listed, CloudError> {
        let mut found = Listed::new();
        for (cluster, _) in here.clusters().await? {
            let pages = here.aws.eks.list_addons().cluster_name(cluster).into_paginator().items().send();
            for name in if_there(pages.try_collect().await.during("list the add-ons"))?.unwrap_or_default() {
                let place = AddonLocator { cluster, name: &name };
                let addon = place.read(here.aws).await?;
                found.extend(addon.map(|addon| (computed(place, &addon).id, eks::tags_of(addon.tags()))));
            }
        }
        Ok(found)
    }

    async fn create(&self, cx: &Writing<'_>) -> Result<AddonComputed, CloudError> {
        let cluster = cx.id(&self.cluster)?;
        let place = AddonLocator { cluster: &cluster, name: &self.name };
        // Each one that is removed and made again needs a token of its own.
        let token = AtomicU32::new(0);
        loop {
            let (addon, fresh) = until(cx, CREATE, GONE, || self.claim(place, &token, cx)).await?;
            let known = computed(place, &addon);
            cx.made(&known).await?;
            match place.active(CREATE, cx).await {
                Ok(_) if fresh => return Ok(known),
                Ok(ready) => {
                    let tags = comparable(&eks::tags_of(ready.tags()), &self.tags);
                    return self.bring(place, &ready, &tags, cx).await;
                }
                Err(error) if failed(&error) && token.fetch_add(1, Ordering::Relaxed) < AGAIN => {
                    cx.status(format!("making it again: {}", error.message));
                    place.remove(CREATE, cx).await?;
                }
                Err(error) => return Err(error),
            }
        }
    }

    async fn update(&self, from: &Self, known: &AddonComputed, cx: &Writing<'_>) -> Result<AddonComputed, CloudError> {
        let place = AddonLocator { cluster: &known.cluster_name, name: &from.name };
        eks::settle(cx, place.cluster, ClusterPart::Addon(place.name)).await?;
        let doing = "change the add-on";
        // An earlier attempt may not have waited for its end. Where there is something to change, that may be the cure.
        let there = if self == from { place.active(doing, cx).await? } else { place.at_rest(doing, cx).await? };
        self.bring(place, &there, &from.tags, cx).await
    }

    async fn delete(declared: &Self, known: &AddonComputed, cx: &Writing<'_>) -> Result<(), CloudError> {
        let place = AddonLocator { cluster: &known.cluster_name, name: &declared.name };
        place.remove("delete the add-on", cx).await
    }
}

/// The Kubernetes version of every cluster with an add-on that is not recorded: the version it was chosen for.
async fn kubernetes(
    lookups: &[Lookup<Addon>],
    cx: &Reading<'_>,
) -> BTreeMap<String, Result<Option<String>, CloudError>> {
    let unrecorded = lookups.iter().filter(|one| one.recorded.is_none());
    let mut clusters: Vec<String> = unrecorded.filter_map(|one| cluster_of(one, cx)).collect();
    clusters.sort_unstable();
    clusters.dedup();
    let each = clusters.into_iter().map(|name| async move {
        let version = eks::cluster(cx.aws, &name).await.map(|found| found.and_then(|cluster| cluster.version));
        (name, version)
    });
    join_all(each).await.into_iter().collect()
}

fn cluster_of(one: &Lookup<Addon>, cx: &Reading<'_>) -> Option<String> {
    match &one.recorded {
        Some((_, computed)) => Some(computed.cluster_name.clone()),
        None => eks::cluster_name(cx, &one.expected().cluster),
    }
}

async fn look(
    one: Lookup<Addon>,
    cx: &Reading<'_>,
    versions: &BTreeMap<String, Result<Option<String>, CloudError>>,
) -> Result<ReadOutcome<Addon>, CloudError> {
    let Some(cluster) = cluster_of(&one, cx) else { return Ok(ReadOutcome::Absent) };
    let expected = one.expected();
    let name = one.recorded.as_ref().map_or(expected.name.as_str(), |(_, computed)| computed.name());
    let place = AddonLocator { cluster: &cluster, name };
    let Some(found) = place.read(cx.aws).await? else { return Ok(ReadOutcome::Absent) };
    let tags = eks::tags_of(found.tags());
    let status = found.status();
    if status == Some(&AddonStatus::Deleting) && !cx.removing {
        return Ok(ReadOutcome::Absent);
    }
    if one.recorded.is_none() && !cx.ours(&one.address, &tags) {
        let id = format!("{cluster}/{}", place.name);
        return Ok(ReadOutcome::foreign(id, &tags, cx));
    }
    // It cannot be repaired. Where it is wanted it is made again; where it is not, it still has to be removed.
    if status.is_some_and(is_broken) && one.declared.is_some() && !cx.removing {
        return Ok(ReadOutcome::Absent);
    }
    let kubernetes_version = match (&one.recorded, versions.get(&cluster)) {
        (Some((recorded, _)), _) => recorded.kubernetes_version.clone(),
        (None, Some(version)) => version.clone()?.unwrap_or_default(),
        (None, None) => expected.kubernetes_version.clone(),
    };
    let mut notes = Vec::new();
    if let Some(status) = status.filter(|status| **status != AddonStatus::Active) {
        notes.push(format!("its status is {}", eks::explained(status.as_str(), &issues(&found))));
    }
    let declared = told(&found, kubernetes_version, one.managed(&tags), cx.ids);
    let settled = !matches!(status, Some(AddonStatus::Creating | AddonStatus::Updating));
    Ok(ReadOutcome::Present(Box::new(Present {
        declared,
        computed: computed(place, &found),
        notes,
        waiting: Vec::new(),
        settled,
    })))
}

fn told(found: &types::Addon, kubernetes_version: String, tags: Tags, ids: &IdIndex) -> Addon {
    Addon {
        cluster: ids.refer(found.cluster_name().unwrap_or_default()),
        name: found.addon_name().unwrap_or_default().to_owned(),
        kubernetes_version,
        version: found.addon_version().unwrap_or_default().to_owned(),
        tags,
    }
}

fn computed(place: AddonLocator<'_>, found: &types::Addon) -> AddonComputed {
    AddonComputed {
        id: format!("{}/{}", place.cluster, place.name),
        arn: found.addon_arn().unwrap_or_default().to_owned(),
        cluster_name: place.cluster.to_owned(),
    }
}

fn issues(found: &types::Addon) -> Vec<String> {
    let issues = found.health().map(AddonHealth::issues).unwrap_or_default();
    issues
        .iter()
        .map(|one| eks::issue(one.code().map(AddonIssueCode::as_str), one.message(), one.resource_ids()))
        .collect()
}

/// Whether nothing but remains is left of it.
fn is_broken(status: &AddonStatus) -> bool {
    matches!(status, AddonStatus::CreateFailed | AddonStatus::DeleteFailed)
}

/// Whether a wait ended because what was being made failed for good.
fn failed(error: &CloudError) -> bool {
    error.kind == ErrorKind::Refused && error.message.starts_with(AddonStatus::CreateFailed.as_str())
}

/// Where an add-on stands.
#[derive(Clone, Copy)]
struct AddonLocator<'a> {
    cluster: &'a str,
    name: &'a str,
}

impl AddonLocator<'_> {
    async fn read(self, aws: &Clients) -> Result<Option<types::Addon>, CloudError> {
        let call = aws.eks.describe_addon().cluster_name(self.cluster).addon_name(self.name);
        match call.send().await.during("read the add-on") {
            Ok(answer) => Ok(answer.addon),
            Err(error) => eks::nothing_there(aws, self.cluster, error).await.map(|()| None),
        }
    }

    /// Waits until it works. Without nodes to run on it is degraded, which passes.
    async fn active(self, doing: &str, cx: &Writing<'_>) -> Result<types::Addon, CloudError> {
        let grace = NotFoundGrace::default();
        until(cx, doing, ACTIVE, || async {
            let Some(found) = self.read(cx.aws).await? else {
                return Ok(grace.not_found(&format!("add-on {}", self.name)));
            };
            let status = found.status().cloned();
            let explain = |status: &AddonStatus| eks::explained(status.as_str(), &issues(&found));
            Ok(match status {
                // A failed change left the earlier version at work.
                Some(AddonStatus::Active | AddonStatus::UpdateFailed) => Poll::Ready(found),
                Some(status @ (AddonStatus::CreateFailed | AddonStatus::DeleteFailed | AddonStatus::Deleting)) => {
                    Poll::Failed(explain(&status))
                }
                status => Poll::Pending(status.map_or("not visible yet".to_owned(), |status| explain(&status))),
            })
        })
        .await
    }

    /// Waits until it is made, well or not.
    async fn at_rest(self, doing: &str, cx: &Writing<'_>) -> Result<types::Addon, CloudError> {
        until(cx, doing, ACTIVE, || async {
            let Some(found) = self.read(cx.aws).await? else {
                return Ok(Poll::Failed(format!("add-on {} is gone", self.name)));
            };
            Ok(match found.status().cloned() {
                Some(status @ (AddonStatus::Creating | AddonStatus::Updating)) => {
                    Poll::Pending(status.as_str().to_owned())
                }
                Some(_) | None => Poll::Ready(found),
            })
        })
        .await
    }

    /// Deletes it and waits until it is gone.
    async fn remove(self, doing: &str, cx: &Writing<'_>) -> Result<(), CloudError> {
        let Some(found) = self.read(cx.aws).await? else { return Ok(()) };
        if found.status() != Some(&AddonStatus::Deleting) {
            eks::settle(cx, self.cluster, ClusterPart::Addon(self.name)).await?;
            let call = cx.aws.eks.delete_addon().cluster_name(self.cluster).addon_name(self.name).preserve(false);
            let part = ClusterPart::Addon(self.name);
            let ordered =
                eks::retry_until_free(cx, self.cluster, part, || async { call.clone().send().await.during(doing) });
            if let Err(error) = ordered.await {
                return eks::nothing_there(cx.aws, self.cluster, error).await;
            }
        }
        until(cx, doing, GONE, || async {
            let Some(found) = self.read(cx.aws).await? else { return Ok(Poll::Ready(())) };
            Ok(match found.status() {
                Some(AddonStatus::DeleteFailed) => Poll::Failed(eks::explained("DELETE_FAILED", &issues(&found))),
                status => Poll::Pending(status.map_or("DELETING", AddonStatus::as_str).to_owned()),
            })
        })
        .await
    }
}

impl Addon {
    /// Makes the add-on, or finds the one of ours that is there already; and whether it was made now. Remains of ours
    /// are removed on the way; what is being deleted is waited for.
    async fn claim(
        &self,
        place: AddonLocator<'_>,
        token: &AtomicU32,
        cx: &Writing<'_>,
    ) -> Result<Poll<(types::Addon, bool)>, CloudError> {
        match self.call(place, token.load(Ordering::Relaxed), cx).await {
            Ok(Some(made)) => return Ok(Poll::Ready((made, true))),
            Ok(None) => {}
            Err(error) if eks::is_taken(&error) => {}
            Err(error) => return Err(error),
        }
        let waiting = |status: &str| Ok(Poll::Pending(format!("waiting for its name: {status}")));
        let Some(found) = place.read(cx.aws).await? else { return waiting("not free yet") };
        if found.status() == Some(&AddonStatus::Deleting) {
            return waiting("DELETING");
        }
        let taken = format!("add-on {} exists already", self.name);
        refuse_foreign(cx, CREATE, &taken, &computed(place, &found).id, &eks::tags_of(found.tags()))?;
        match found.status() {
            Some(status) if is_broken(status) => {
                place.remove(CREATE, cx).await?;
                token.fetch_add(1, Ordering::Relaxed);
                waiting("removed what was left of it")
            }
            Some(_) | None => Ok(Poll::Ready((found, false))),
        }
    }

    /// The create call, made once the cluster is free and repeated while that is so new that EKS does not know it
    /// everywhere.
    async fn call(
        &self,
        place: AddonLocator<'_>,
        token: u32,
        cx: &Writing<'_>,
    ) -> Result<Option<types::Addon>, CloudError> {
        let call = cx
            .aws
            .eks
            .create_addon()
            .cluster_name(place.cluster)
            .addon_name(&self.name)
            .addon_version(&self.version)
            // Copies that came with the cluster, or were applied by hand, are taken over.
            .resolve_conflicts(ResolveConflicts::Overwrite)
            .set_tags(Some(eks::tags_for(cx, self)))
            .client_request_token(cx.mark.token(token));
        let too_early = |error: &CloudError| words::eks::ADDON_TOO_EARLY.tell(error);
        let call = &call;
        let create = || {
            retry_while(cx, eks::PROPAGATION, too_early, move || async move {
                Ok(call.clone().send().await.during(CREATE)?.addon)
            })
        };
        eks::retry_until_free(cx, place.cluster, ClusterPart::Addon(place.name), create).await
    }

    async fn bring(
        &self,
        place: AddonLocator<'_>,
        there: &types::Addon,
        tags: &Tags,
        cx: &Writing<'_>,
    ) -> Result<AddonComputed, CloudError> {
        eks::retag(cx.aws, there.addon_arn().unwrap_or_default(), tags, &self.tags).await?;
        if there.addon_version() != Some(&self.version) {
            let doing = format!("bring the add-on to version {}", self.version);
            let call = cx
                .aws
                .eks
                .update_addon()
                .cluster_name(place.cluster)
                .addon_name(place.name)
                .addon_version(&self.version)
                .resolve_conflicts(ResolveConflicts::Preserve)
                // What is not repeated is cleared.
                .set_service_account_role_arn(there.service_account_role_arn().map(str::to_owned))
                .set_configuration_values(there.configuration_values().map(str::to_owned));
            let start = || async { Ok(call.clone().send().await.during(&doing)?.update) };
            eks::change(cx, place.cluster, ClusterPart::Addon(place.name), &doing, UPDATED, start).await?;
        }
        Ok(computed(place, there))
    }
}
