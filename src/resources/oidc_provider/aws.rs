//! The calls of an OIDC provider (IAM `CreateOpenIDConnectProvider`, `GetOpenIDConnectProvider`,
//! `AddClientIDToOpenIDConnectProvider`, `RemoveClientIDFromOpenIDConnectProvider`, `DeleteOpenIDConnectProvider`).
//!
//! Thumbprints are left to IAM: for the issuers of EKS it does not need them, and once set they can never be cleared.

use std::collections::BTreeSet;
use std::time::Duration;

use aws_sdk_iam::operation::get_open_id_connect_provider::GetOpenIdConnectProviderOutput;
use futures_util::future::try_join_all;

use super::{OidcProvider, OidcProviderComputed};
use crate::cloud::aws::answer::if_there;
use crate::cloud::aws::iam::{self, SETTLING};
use crate::cloud::aws::settling::settle;
use crate::cloud::aws::tags::{self, comparable, tag_list, tags_of};
use crate::cloud::aws::takeover::refuse_foreign;
use crate::cloud::aws::{
    Census, Clients, During, Listed, Lookup, Provision, ReadOutcome, ReadOutcomes, Reading, Silent, Writing, one_by_one,
};
use crate::cloud::wait::{Poll, retry_while, until};
use crate::cloud::{CloudError, ErrorKind};
use crate::model::mark::Tags;
use crate::model::reference::Ref;
use crate::resources::cluster::Cluster;

// IAM asks the issuer for its certificate; a cluster that became active a moment ago may not answer yet.
const ISSUER_READY: Duration = Duration::from_mins(5);

impl Provision for OidcProvider {
    type Health = Silent<Self>;

    async fn observe(lookups: Vec<Lookup<Self>>, cx: &Reading<'_>) -> ReadOutcomes<Self> {
        one_by_one(lookups, |one| async move { see(&one, cx).await }).await
    }

    async fn census(here: &Census<'_>) -> Result<Listed, CloudError> {
        let found = of_clusters(here.aws).await?;
        Ok(found.into_iter().map(|(arn, provider)| (arn, tags_of(provider.tags()))).collect())
    }

    async fn create(&self, cx: &Writing<'_>) -> Result<OidcProviderComputed, CloudError> {
        let doing = "create the OIDC provider";
        let unknown = || CloudError::new(ErrorKind::Refused, doing, "the issuer of the cluster is not known yet");
        let issuer = cx.computed(&self.cluster)?.issuer.ok_or_else(unknown)?;
        let issuer = bare(&issuer).to_owned();
        let arn = iam::arn(&cx.surroundings, &format!("oidc-provider/{issuer}"));
        let arn = arn.as_str();
        let url = format!("https://{issuer}");
        let call = || async {
            let made = cx
                .aws
                .iam
                .create_open_id_connect_provider()
                .url(&url)
                .set_client_id_list(Some(self.audiences.iter().cloned().collect()))
                .set_tags(Some(tag_list(cx.tags(self))))
                .send()
                .await
                .during(doing);
            match made {
                Ok(_) => Ok(None),
                Err(error) if error.kind == ErrorKind::Exists => match get(cx.aws, arn).await? {
                    Some(provider) => {
                        let taken = format!("the OIDC provider {issuer} exists already");
                        refuse_foreign(cx, doing, &taken, arn, &tags_of(provider.tags()))?;
                        Ok(Some(provider))
                    }
                    // Deleted a moment ago, or made a moment ago: both pass.
                    None => Err(error),
                },
                Err(error) => Err(error),
            }
        };
        let passes = |error: &CloudError| error.kind == ErrorKind::Exists || error.is("OpenIdIdpCommunicationError");
        let there = retry_while(cx, ISSUER_READY, passes, call).await?;
        let computed = OidcProviderComputed { id: arn.to_owned(), issuer };
        cx.made(&computed).await?;
        if let Some(provider) = there {
            set_audiences(cx.aws, arn, &audiences(&provider), &self.audiences).await?;
            let wanted = cx.tags(self);
            retag(cx.aws, arn, &comparable(&tags_of(provider.tags()), &wanted), &wanted).await?;
        }
        settle(cx, doing, SETTLING, || async move { Ok(get(cx.aws, arn).await?.is_some()) }).await?;
        Ok(computed)
    }

    async fn update(
        &self,
        from: &Self,
        known: &OidcProviderComputed,
        cx: &Writing<'_>,
    ) -> Result<OidcProviderComputed, CloudError> {
        let id = known.id.as_str();
        if self.audiences != from.audiences {
            set_audiences(cx.aws, id, &from.audiences, &self.audiences).await?;
            settle(cx, "change its audiences", SETTLING, || async move {
                Ok(get(cx.aws, id).await?.is_some_and(|provider| audiences(&provider) == self.audiences))
            })
            .await?;
        }
        retag(cx.aws, id, &from.tags, &self.tags).await?;
        Ok(known.clone())
    }

    async fn delete(_: &Self, known: &OidcProviderComputed, cx: &Writing<'_>) -> Result<(), CloudError> {
        let doing = "delete the OIDC provider";
        let id = known.id.as_str();
        let call = cx.aws.iam.delete_open_id_connect_provider().open_id_connect_provider_arn(id);
        if_there(call.send().await.during(doing))?;
        until(cx, doing, SETTLING, || async move {
            Ok(match get(cx.aws, id).await? {
                Some(_) => Poll::Pending("still visible".to_owned()),
                None => Poll::Ready(()),
            })
        })
        .await
    }
}

async fn see(one: &Lookup<OidcProvider>, cx: &Reading<'_>) -> Result<ReadOutcome<OidcProvider>, CloudError> {
    let (arn, provider) = match (one.id(), issuer_of(&one.expected().cluster, cx)) {
        (Some(arn), _) => (arn.to_owned(), get(cx.aws, arn).await?),
        (None, Some(issuer)) => {
            let arn = iam::arn(cx.surroundings, &format!("oidc-provider/{issuer}"));
            let found = get(cx.aws, &arn).await?;
            (arn, found)
        }
        // Nothing is known of the cluster, so nothing of the issuer; the marks still tell.
        (None, None) => {
            let all = of_clusters(cx.aws).await?;
            match all.into_iter().find(|(_, provider)| cx.ours(&one.address, &tags_of(provider.tags()))) {
                Some((arn, provider)) => (arn, Some(provider)),
                None => return Ok(ReadOutcome::Absent),
            }
        }
    };
    let Some(provider) = provider else { return Ok(ReadOutcome::Absent) };
    let found = tags_of(provider.tags());
    if one.recorded.is_none() && !cx.ours(&one.address, &found) {
        return Ok(ReadOutcome::foreign(arn, &found, cx));
    }
    let issuer = bare(provider.url().unwrap_or_default()).to_owned();
    let declared =
        OidcProvider { cluster: cluster_of(&issuer, cx), audiences: audiences(&provider), tags: one.managed(&found) };
    Ok(ReadOutcome::present(declared, OidcProviderComputed { id: arn, issuer }))
}

/// The issuer of a cluster of ours, without its scheme.
fn issuer_of(cluster: &Ref<Cluster>, cx: &Reading<'_>) -> Option<String> {
    let issuer = cx.ids.computed(&cluster.address()?)?.text("issuer").map(bare)?;
    (!issuer.is_empty()).then(|| issuer.to_owned())
}

/// The cluster whose tokens this issuer gives out; a cluster that is not ours is told by the issuer.
fn cluster_of(issuer: &str, cx: &Reading<'_>) -> Ref<Cluster> {
    let of_issuer = |computed: &crate::model::document::Document| computed.text("issuer").map(bare) == Some(issuer);
    let cluster = cx.ids.iter().filter(|(_, computed)| of_issuer(computed)).find_map(|(at, _)| Ref::to(at));
    cluster.unwrap_or_else(|| Ref::external(issuer))
}

/// The providers for clusters of this region, by their ARNs; an account has at most 100 of all sorts.
async fn of_clusters(aws: &Clients) -> Result<Vec<(String, GetOpenIdConnectProviderOutput)>, CloudError> {
    let all = aws.iam.list_open_id_connect_providers().send().await.during("list the OIDC providers")?;
    let here = format!("oidc-provider/oidc.eks.{}.", aws.region);
    let arns = all.open_id_connect_provider_list().iter().filter_map(|entry| entry.arn());
    let looks = arns
        .filter(|arn| arn.contains(&here))
        .map(|arn| async move { Ok::<_, CloudError>(get(aws, arn).await?.map(|provider| (arn.to_owned(), provider))) });
    Ok(try_join_all(looks).await?.into_iter().flatten().collect())
}

/// IAM takes the issuer with its scheme and gives it without.
fn bare(issuer: &str) -> &str {
    issuer.trim_start_matches("https://").trim_end_matches('/')
}

fn audiences(provider: &GetOpenIdConnectProviderOutput) -> BTreeSet<String> {
    provider.client_id_list().iter().cloned().collect()
}

async fn get(aws: &Clients, arn: &str) -> Result<Option<GetOpenIdConnectProviderOutput>, CloudError> {
    let call = aws.iam.get_open_id_connect_provider().open_id_connect_provider_arn(arn);
    if_there(call.send().await.during("read the OIDC provider"))
}

async fn set_audiences(
    aws: &Clients,
    arn: &str,
    from: &BTreeSet<String>,
    to: &BTreeSet<String>,
) -> Result<(), CloudError> {
    for audience in to.difference(from) {
        let call = aws.iam.add_client_id_to_open_id_connect_provider().open_id_connect_provider_arn(arn);
        call.client_id(audience).send().await.during("add an audience")?;
    }
    for audience in from.difference(to) {
        let call = aws.iam.remove_client_id_from_open_id_connect_provider().open_id_connect_provider_arn(arn);
        call.client_id(audience).send().await.during("remove an audience")?;
    }
    Ok(())
}

async fn retag(aws: &Clients, arn: &str, from: &Tags, to: &Tags) -> Result<(), CloudError> {
    let set = |tags| {
        aws.iam.tag_open_id_connect_provider().open_id_connect_provider_arn(arn).set_tags(Some(tag_list(tags))).send()
    };
    let remove = |keys| {
        aws.iam.untag_open_id_connect_provider().open_id_connect_provider_arn(arn).set_tag_keys(Some(keys)).send()
    };
    tags::retag(from, to, set, remove).await
}
