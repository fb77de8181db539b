//! The calls of an internet gateway (EC2 `CreateInternetGateway`, `AttachInternetGateway`, `DescribeInternetGateways`,
//! `DetachInternetGateway`, `DeleteInternetGateway`).
//!
//! A network has room for one: the one that is attached holds the natural name.

use std::time::Duration;

use aws_sdk_ec2::types::{self, Filter, ResourceType};

use super::{InternetGateway, InternetGatewayComputed};
use crate::cloud::aws::ec2::{
    self, create_without_token, delete_unused, filter, in_use, known_id, look, mark_taken_over, named_in, naming,
    retag, retry_until_visible, strangers, tag_specification, told,
};
use crate::cloud::aws::tags::tags_of;
use crate::cloud::aws::takeover::{is_predecessor, refuse_foreign};
use crate::cloud::aws::{
    Census, Clients, During, Listed, Lookup, Provision, ReadOutcome, ReadOutcomes, Reading, Silent, Writing,
};
use crate::cloud::wait::{Poll, WaitPolicy, until};
use crate::cloud::{CloudError, ErrorKind};
use crate::model::reference::Ref;

const CREATE: &str = "create the internet gateway";
const ATTACH: &str = "attach the internet gateway";
// Attaching takes seconds.
const ATTACHED: WaitPolicy = WaitPolicy::seconds(3, 300, 2);
// Public addresses of load balancers and NAT gateways stay mapped for minutes after their owners are gone.
const MAPPED: Duration = Duration::from_mins(20);

ec2::object!(types::InternetGateway, internet_gateway_id);

impl Provision for InternetGateway {
    type Health = Silent<Self>;

    async fn observe(lookups: Vec<Lookup<Self>>, cx: &Reading<'_>) -> ReadOutcomes<Self> {
        let mut found = look(
            lookups.clone(),
            cx,
            "internet-gateway-id",
            |filter| list(cx.aws, filter),
            |_, gateway, tags| {
                let vpc = network_of(gateway).map_or_else(|| Ref::external("none"), |id| cx.refer(id));
                Ok(ReadOutcome::present(Self { vpc, tags }, computed_of(gateway)))
            },
        )
        .await;
        let others = strangers(&found, lookups, cx, |one| async move {
            let Some(vpc) = known_id(cx, &one.expected().vpc) else { return Ok(None) };
            attached_to(cx.aws, &vpc).await
        })
        .await;
        found.extend(others);
        found
    }

    async fn census(here: &Census<'_>) -> Result<Listed, CloudError> {
        ec2::census(here, |filter| list(here.aws, filter)).await
    }

    async fn create(&self, cx: &Writing<'_>) -> Result<InternetGatewayComputed, CloudError> {
        let vpc = cx.id(&self.vpc)?;
        let computed = match attached_to(cx.aws, &vpc).await? {
            Some(there) => self.take_over(&there, &vpc, cx).await?,
            None => match recorded_unattached(cx).await? {
                Some(own) => self.attach_again(&own, cx).await?,
                None => self.make(cx).await?,
            },
        };
        attach(&computed.id, &vpc, cx).await?;
        Ok(computed)
    }

    async fn update(
        &self,
        from: &Self,
        known: &InternetGatewayComputed,
        cx: &Writing<'_>,
    ) -> Result<InternetGatewayComputed, CloudError> {
        retag(cx.aws, &known.id, &from.tags, &self.tags).await?;
        // One whose making was cut short may still be on the way.
        attached(&known.id, &cx.id(&self.vpc)?, None, cx).await?;
        Ok(known.clone())
    }

    async fn delete(_: &Self, known: &InternetGatewayComputed, cx: &Writing<'_>) -> Result<(), CloudError> {
        let deleted = delete_unused(cx, MAPPED, None, || async {
            // Each time anew: lists do not show at once what was attached a moment ago.
            for gateway in list(cx.aws, filter("internet-gateway-id", [&known.id])).await? {
                if let Some(vpc) = network_of(&gateway) {
                    detach(&known.id, vpc, cx.aws).await?;
                }
            }
            let call = cx.aws.ec2.delete_internet_gateway().internet_gateway_id(&known.id);
            call.send().await.during("delete the internet gateway")
        })
        .await;
        match deleted {
            Err(error) if in_use(&error) => Err(naming(error, mapped(cx.aws, &known.id).await)),
            done => done,
        }
    }
}

impl InternetGateway {
    async fn make(&self, cx: &Writing<'_>) -> Result<InternetGatewayComputed, CloudError> {
        let computed = create_without_token(
            cx,
            CREATE,
            |mine| async { Ok(list(cx.aws, mine).await?.iter().map(computed_of).collect()) },
            || async {
                let tags = tag_specification(cx, ResourceType::InternetGateway, self);
                let made = cx.aws.no_retry.ec2.create_internet_gateway().tag_specifications(tags).send().await;
                told(made.during(CREATE)?.internet_gateway().map(computed_of), CREATE)
            },
        )
        .await?;
        cx.made(&computed).await?;
        Ok(computed)
    }

    /// Takes over the gateway that is attached, if it is ours.
    async fn take_over(
        &self,
        there: &types::InternetGateway,
        vpc: &str,
        cx: &Writing<'_>,
    ) -> Result<InternetGatewayComputed, CloudError> {
        let (computed, tags) = (computed_of(there), tags_of(there.tags()));
        let taken = format!("{} is attached to {vpc}, which has room for one", computed.id);
        refuse_foreign(cx, CREATE, &taken, &computed.id, &tags)?;
        if is_predecessor(cx, &computed.id, &tags) {
            // To make room it would have to be detached, and nothing in the network could do without it.
            let message = format!("{taken}; it cannot be replaced while it stands");
            return Err(CloudError::new(ErrorKind::Exists, CREATE, message));
        }
        cx.made(&computed).await?;
        mark_taken_over(cx, &computed.id, &tags, self).await?;
        Ok(computed)
    }

    /// Takes the gateway that is recorded here and attached to nothing: its making was cut short, or others detached it.
    async fn attach_again(
        &self,
        own: &types::InternetGateway,
        cx: &Writing<'_>,
    ) -> Result<InternetGatewayComputed, CloudError> {
        let computed = computed_of(own);
        cx.made(&computed).await?;
        mark_taken_over(cx, &computed.id, &tags_of(own.tags()), self).await?;
        Ok(computed)
    }
}

/// The gateway that is recorded where another is to be made, if it stands and is attached to nothing. One that is to be
/// removed later is never it: its record is kept elsewhere.
async fn recorded_unattached(cx: &Writing<'_>) -> Result<Option<types::InternetGateway>, CloudError> {
    let recorded = cx.ids.computed(&cx.mark.address).and_then(|computed| computed.text("id"));
    let Some(id) = recorded else { return Ok(None) };
    let found = list(cx.aws, filter("internet-gateway-id", [id])).await?;
    Ok(found.into_iter().find(|gateway| gateway.attachments().is_empty()))
}

/// Attaches it, unless it is attached, and waits until it is.
async fn attach(id: &str, vpc: &str, cx: &Writing<'_>) -> Result<(), CloudError> {
    let answer = retry_until_visible(cx, || async {
        cx.aws.ec2.attach_internet_gateway().internet_gateway_id(id).vpc_id(vpc).send().await.during(ATTACH)
    })
    .await;
    let refused = match answer {
        Ok(_) => None,
        Err(error) if error.is("Resource.AlreadyAssociated") => Some(error),
        Err(error) => return Err(error),
    };
    attached(id, vpc, refused, cx).await
}

/// Waits until it is attached. `refused` is what attaching it answered, if it was refused.
async fn attached(id: &str, vpc: &str, refused: Option<CloudError>, cx: &Writing<'_>) -> Result<(), CloudError> {
    until(cx, ATTACH, ATTACHED, || async {
        let Some(there) = attached_to(cx.aws, vpc).await? else {
            return Ok(Poll::Pending("not attached yet".to_owned()));
        };
        if there.internet_gateway_id() != Some(id) {
            let other = computed_of(&there).id;
            let message = format!("{other} has been attached to {vpc} meanwhile, which has room for one");
            return Err(refused.clone().unwrap_or_else(|| CloudError::new(ErrorKind::Refused, ATTACH, message)));
        }
        let state = there.attachments().first().and_then(|one| one.state()).map(types::AttachmentStatus::as_str);
        Ok(match state {
            // "available" is what AWS answers, "attached" what its API describes.
            Some("available" | "attached") => Poll::Ready(()),
            state => Poll::Pending(state.unwrap_or("in no state yet").to_owned()),
        })
    })
    .await
}

/// Detaches it; detached or gone already is success.
async fn detach(id: &str, vpc: &str, aws: &Clients) -> Result<(), CloudError> {
    let call = aws.ec2.detach_internet_gateway().internet_gateway_id(id).vpc_id(vpc);
    match call.send().await.during("detach the internet gateway") {
        Err(error) if error.kind == ErrorKind::NotFound => Ok(()),
        done => done.map(|_| ()),
    }
}

/// What is in the network it is attached to.
async fn mapped(aws: &Clients, id: &str) -> Result<Vec<String>, CloudError> {
    let found = list(aws, filter("internet-gateway-id", [id])).await?;
    match found.first().and_then(network_of) {
        Some(vpc) => named_in(aws, filter("vpc-id", [vpc])).await,
        None => Ok(Vec::new()),
    }
}

fn network_of(gateway: &types::InternetGateway) -> Option<&str> {
    gateway.attachments().first().and_then(|attachment| attachment.vpc_id())
}

fn computed_of(gateway: &types::InternetGateway) -> InternetGatewayComputed {
    InternetGatewayComputed { id: gateway.internet_gateway_id().unwrap_or_default().to_owned() }
}

async fn attached_to(aws: &Clients, vpc: &str) -> Result<Option<types::InternetGateway>, CloudError> {
    Ok(list(aws, filter("attachment.vpc-id", [vpc])).await?.into_iter().next())
}

async fn list(aws: &Clients, filter: Filter) -> Result<Vec<types::InternetGateway>, CloudError> {
    let pages = aws.ec2.describe_internet_gateways().filters(filter).into_paginator().items().send();
    pages.try_collect().await.during("read the internet gateway")
}
