//! The calls of a listener (Elastic Load Balancing `CreateListener`, `DescribeListeners`, `ModifyListener`,
//! `DeleteListener`). Its key is the port of its load balancer; all listeners of a load balancer are read in one call.
//!
//! Of several certificates only the default one is compared, and no rules beside the default action: those belong to
//! whoever added them.

mod action;

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use aws_sdk_elasticloadbalancingv2::types::{self, Certificate, ProtocolEnum};
use futures_util::future::join_all;

use super::{Listener, ListenerAction, ListenerComputed};
use crate::cloud::aws::answer::{if_there, lacking, vanished};
use crate::cloud::aws::elb::{list_tags_of_standing, list_tags_once, retag};
use crate::cloud::aws::tags::tag_list;
use crate::cloud::aws::takeover::take_over;
use crate::cloud::aws::{
    Census, Clients, During, Listed, Lookup, Provision, ReadOutcome, ReadOutcomes, Reading, Silent, Writing,
};
use crate::cloud::wait::retry_while;
use crate::cloud::{CloudError, ErrorKind};
use crate::model::mark::Tags;
use crate::model::reference::Ref;

// A certificate issued a moment ago is found within minutes.
const CERTIFICATE_SEEN: Duration = Duration::from_mins(5);
// A target group or load balancer made a moment ago is found within seconds.
const PARTS_SEEN: Duration = Duration::from_mins(2);

impl Provision for Listener {
    type Health = Silent<Self>;

    async fn observe(lookups: Vec<Lookup<Self>>, cx: &Reading<'_>) -> ReadOutcomes<Self> {
        let balancers: BTreeSet<String> = lookups.iter().filter_map(|one| balancer_of(one, cx)).collect();
        let lists = balancers.into_iter().map(|arn| async move {
            let found = list(cx.aws, &arn).await;
            (arn, found)
        });
        let lists: BTreeMap<_, _> = join_all(lists).await.into_iter().collect();
        let find = |one: &Lookup<Self>| -> Result<Option<types::Listener>, CloudError> {
            // Without a load balancer there is no listener.
            let Some(list) = balancer_of(one, cx).and_then(|arn| lists.get(&arn)) else { return Ok(None) };
            let list = list.as_ref().map_err(Clone::clone)?;
            let port = i32::from(one.expected().port);
            let found = list.iter().find(|there| match one.id() {
                Some(arn) => there.listener_arn() == Some(arn),
                None => there.port() == Some(port),
            });
            Ok(found.cloned())
        };
        let found: Vec<_> = lookups.iter().map(|one| (one, find(one))).collect();
        let there = found.iter().filter_map(|(_, there)| there.as_ref().ok()?.as_ref());
        let arns: Vec<String> = there.filter_map(|there| there.listener_arn()).map(str::to_owned).collect();
        let tags = list_tags_once(cx, &arns).await;
        let see = |one: &Lookup<Self>, there: Result<Option<types::Listener>, CloudError>| {
            let Some(there) = there? else { return Ok(ReadOutcome::Absent) };
            let tags = tags.as_ref().map_err(Clone::clone)?;
            let tags = there.listener_arn().and_then(|arn| tags.get(arn)).cloned().unwrap_or_default();
            Ok(see(one, &there, &tags, cx))
        };
        found.into_iter().map(|(one, there)| (one.address.clone(), see(one, there))).collect()
    }

    async fn census(here: &Census<'_>) -> Result<Listed, CloudError> {
        let mut arns = Vec::new();
        for (balancer, _) in here.balancers().await? {
            arns.extend(list(here.aws, balancer).await?.into_iter().filter_map(|listener| listener.listener_arn));
        }
        Ok(list_tags_of_standing(here.aws, &arns).await?.into_iter().collect())
    }

    async fn create(&self, cx: &Writing<'_>) -> Result<ListenerComputed, CloudError> {
        let doing = "create the listener";
        // Creating is idempotent by content: a foreign one with the same settings would be handed out as ours.
        if let Some(there) = take_over(self, cx, doing).await? {
            return Ok(there);
        }
        let action = action::to_aws(&self.action, cx)?;
        let balancer = cx.id(&self.load_balancer)?;
        let made = self
            .patiently(cx, || async {
                cx.aws
                    .elb
                    .create_listener()
                    .load_balancer_arn(&balancer)
                    .port(i32::from(self.port))
                    .protocol(ProtocolEnum::from(self.protocol.as_str()))
                    .set_certificates(self.certificates())
                    .set_ssl_policy(self.ssl_policy.clone())
                    .default_actions(action.clone())
                    .set_tags(Some(tag_list(cx.tags(self))))
                    .send()
                    .await
                    .during(doing)
            })
            .await?;
        let computed = computed(made.listeners().first().ok_or_else(|| lacking(doing, "listener"))?);
        cx.made(&computed).await?;
        Ok(computed)
    }

    async fn update(
        &self,
        from: &Self,
        known: &ListenerComputed,
        cx: &Writing<'_>,
    ) -> Result<ListenerComputed, CloudError> {
        let doing = "change the listener";
        // The target group may be another one by now under the same address: what is there tells, not `from`.
        let answer = cx.aws.elb.describe_listeners().listener_arns(&known.id).send().await.during(doing)?;
        let there = answer.listeners().first().ok_or_else(|| vanished(doing, &known.id))?;
        let wanted = action::to_aws(&self.action, cx)?;
        let same = there.port() == Some(i32::from(self.port))
            && there.protocol().map(ProtocolEnum::as_str) == Some(&self.protocol)
            && default_certificate(there) == self.certificate.as_deref()
            && ssl_policy(there) == self.ssl_policy.as_deref()
            && action::same(there.default_actions(), &wanted);
        if !same {
            // Lists replace what is there, and what is left out stays: so everything is sent.
            self.patiently(cx, || async {
                cx.aws
                    .elb
                    .modify_listener()
                    .listener_arn(&known.id)
                    .port(i32::from(self.port))
                    .protocol(ProtocolEnum::from(self.protocol.as_str()))
                    .set_certificates(self.certificates())
                    .set_ssl_policy(self.ssl_policy.clone())
                    .default_actions(wanted.clone())
                    .send()
                    .await
                    .during(doing)
            })
            .await?;
        }
        retag(cx.aws, &known.id, &from.tags, &self.tags).await?;
        Ok(known.clone())
    }

    async fn delete(_: &Self, known: &ListenerComputed, cx: &Writing<'_>) -> Result<(), CloudError> {
        let answer = cx.aws.elb.delete_listener().listener_arn(&known.id).send().await;
        if_there(answer.during("delete the listener"))?;
        Ok(())
    }
}

impl Listener {
    fn certificates(&self) -> Option<Vec<Certificate>> {
        self.certificate.as_ref().map(|arn| vec![Certificate::builder().certificate_arn(arn).build()])
    }

    /// Repeats a call while something made a moment ago is not found. A certificate of another region never will be.
    async fn patiently<T, F, Fut>(&self, cx: &Writing<'_>, call: F) -> Result<T, CloudError>
    where
        F: Fn() -> Fut,
        Fut: Future<Output = Result<T, CloudError>>,
    {
        let region = self.certificate.as_deref().and_then(|arn| arn.split(':').nth(3));
        let certificate = |error: &CloudError| error.is("CertificateNotFound");
        // A TLS policy that is not found is spelled wrong.
        let parts = |error: &CloudError| {
            error.kind == ErrorKind::NotFound && !certificate(error) && !error.is("SSLPolicyNotFound")
        };
        let here = region == Some(&cx.aws.region);
        retry_while(
            cx,
            CERTIFICATE_SEEN,
            |error| here && certificate(error),
            || retry_while(cx, PARTS_SEEN, parts, &call),
        )
        .await
    }
}

/// The ARN of the load balancer a listener belongs to: part of its own ARN, and known by reference before it has one.
fn balancer_of(one: &Lookup<Listener>, cx: &Reading<'_>) -> Option<String> {
    match one.id() {
        Some(arn) => {
            let (rest, _) = arn.rsplit_once('/')?;
            Some(rest.replacen(":listener/", ":loadbalancer/", 1))
        }
        None => match &one.expected().load_balancer {
            Ref::External(arn) => Some(arn.clone()),
            named @ Ref::Named(..) => cx.ids.computed(&named.address()?)?.text("id").map(str::to_owned),
        },
    }
}

async fn list(aws: &Clients, balancer: &str) -> Result<Vec<types::Listener>, CloudError> {
    let pages = aws.elb.describe_listeners().load_balancer_arn(balancer).into_paginator().items().send();
    // A load balancer that is gone has no listeners.
    Ok(if_there(pages.try_collect().await.during("read the listeners"))?.unwrap_or_default())
}

fn see(one: &Lookup<Listener>, there: &types::Listener, tags: &Tags, cx: &Reading<'_>) -> ReadOutcome<Listener> {
    let computed = computed(there);
    if one.recorded.is_none() && !cx.ours(&one.address, tags) {
        return ReadOutcome::foreign(computed.id, tags, cx);
    }
    let declared = Listener {
        load_balancer: cx.refer(there.load_balancer_arn().unwrap_or_default()),
        port: there.port().and_then(|port| port.try_into().ok()).unwrap_or_default(),
        protocol: there.protocol().map(ProtocolEnum::as_str).unwrap_or_default().to_owned(),
        certificate: default_certificate(there).map(str::to_owned),
        ssl_policy: ssl_policy(there).map(str::to_owned),
        action: told(there.default_actions(), cx),
        tags: one.managed(tags),
    };
    ReadOutcome::present(declared, computed)
}

fn told(actions: &[types::Action], cx: &Reading<'_>) -> ListenerAction {
    match action::of_aws(actions) {
        action::ObservedAction::Forward(arn) => ListenerAction::Forward(cx.refer(&arn)),
        action::ObservedAction::RedirectToHttps => ListenerAction::RedirectToHttps,
        action::ObservedAction::Other(text) => ListenerAction::Other(text),
    }
}

/// `DescribeListeners` tells the default certificate alone; others are listed elsewhere.
fn default_certificate(there: &types::Listener) -> Option<&str> {
    there.certificates().first().and_then(Certificate::certificate_arn)
}

/// Without TLS some answers hold none and some an empty one.
fn ssl_policy(there: &types::Listener) -> Option<&str> {
    there.ssl_policy().filter(|policy| !policy.is_empty())
}

fn computed(found: &types::Listener) -> ListenerComputed {
    ListenerComputed { id: found.listener_arn().unwrap_or_default().to_owned() }
}
