//! The calls of a NAT gateway (EC2 `CreateNatGateway`, `DescribeNatGateways`, `DeleteNatGateway`).
//!
//! Failures come late: the call succeeds, and a minute later the gateway is `failed` for good. Such a one counts as not
//! there; AWS forgets it after an hour. Deleted ones stay listed for as long.

use std::time::Duration;

use aws_sdk_ec2::types::{self, ConnectivityType, Filter, NatGatewayState, ResourceType};

use super::{NatGateway, NatGatewayComputed};
use crate::cloud::aws::ec2::{self, filter, look, retag, retry_until_visible, tag_specification, told};
use crate::cloud::aws::tags::tags_of;
use crate::cloud::aws::{
    Census, Clients, During, Listed, Lookup, Present, Provision, ReadOutcome, ReadOutcomes, Reading, Silent, Writing,
};
use crate::cloud::wait::{Poll, WaitPolicy, until};
use crate::cloud::{CloudError, ErrorKind};
use crate::model::mark::{ADDRESS_TAG, STACK_TAG};

// One and a half to two and a half minutes as a rule; the limits are those of Terraform's provider.
const READY: WaitPolicy =
    WaitPolicy { typical: Duration::from_secs(110), deadline: Duration::from_mins(10), every: POLL_INTERVAL };
const GONE: WaitPolicy =
    WaitPolicy { typical: Duration::from_secs(75), deadline: Duration::from_mins(30), every: POLL_INTERVAL };
// An address is free some seconds after the gateway that held it is deleted.
const FREE: WaitPolicy = WaitPolicy::seconds(5, 300, 3);
const POLL_INTERVAL: Duration = Duration::from_secs(8);
// Failures that come from what was made moments before and is not known everywhere yet.
const TRIES: u32 = 3;

ec2::object!(types::NatGateway, nat_gateway_id);

impl Provision for NatGateway {
    type Health = Silent<Self>;

    async fn observe(lookups: Vec<Lookup<Self>>, cx: &Reading<'_>) -> ReadOutcomes<Self> {
        look(
            lookups,
            cx,
            "nat-gateway-id",
            |filter| there(filter, cx),
            |_, gateway, tags| {
                let there = Self {
                    subnet: cx.refer(gateway.subnet_id().unwrap_or_default()),
                    elastic_ip: cx.refer(address_of(gateway).unwrap_or_default()),
                    tags,
                };
                let settled = gateway.state() != Some(&NatGatewayState::Pending);
                let (computed, notes) = (computed_of(gateway), Vec::new());
                Ok(ReadOutcome::Present(Box::new(Present {
                    declared: there,
                    computed,
                    notes,
                    waiting: Vec::new(),
                    settled,
                })))
            },
        )
        .await
    }

    async fn census(here: &Census<'_>) -> Result<Listed, CloudError> {
        let standing = filter("state", ["pending", "available"]);
        ec2::census(here, |filter| list(here.aws, vec![filter, standing])).await
    }

    async fn create(&self, cx: &Writing<'_>) -> Result<NatGatewayComputed, CloudError> {
        let address = cx.id(&self.elastic_ip)?;
        clear_remains(&address, cx).await?;
        let mut n = 0;
        loop {
            free(&address, cx).await?;
            let computed = self.make(n, cx).await?;
            cx.made(&computed).await?;
            n += 1;
            match ready(&computed.id, cx).await {
                Err(error) if error.kind == ErrorKind::Refused && passes(&error) && n < TRIES => {
                    remove(&computed.id, cx).await?;
                }
                done => return done.map(|()| computed),
            }
        }
    }

    async fn update(
        &self,
        from: &Self,
        known: &NatGatewayComputed,
        cx: &Writing<'_>,
    ) -> Result<NatGatewayComputed, CloudError> {
        retag(cx.aws, &known.id, &from.tags, &self.tags).await?;
        ready(&known.id, cx).await?;
        Ok(known.clone())
    }

    async fn delete(_: &Self, known: &NatGatewayComputed, cx: &Writing<'_>) -> Result<(), CloudError> {
        remove(&known.id, cx).await
    }
}

impl NatGateway {
    /// Makes it by the `n`-th token of this attempt: a token once used keeps answering the gateway it made, failed or
    /// not.
    async fn make(&self, n: u32, cx: &Writing<'_>) -> Result<NatGatewayComputed, CloudError> {
        let doing = "create the NAT gateway";
        let (subnet, address) = (cx.id(&self.subnet)?, cx.id(&self.elastic_ip)?);
        retry_until_visible(cx, || async {
            let call = cx.aws.ec2.create_nat_gateway().subnet_id(&subnet).allocation_id(&address);
            let call = call.connectivity_type(ConnectivityType::Public).client_token(cx.mark.token(n));
            let made = call.tag_specifications(tag_specification(cx, ResourceType::Natgateway, self)).send().await;
            told(made.during(doing)?.nat_gateway().map(computed_of), doing)
        })
        .await
    }
}

/// Removes what failed under this address before, and waits until what is being deleted has let go of the public
/// address.
async fn clear_remains(address: &str, cx: &Writing<'_>) -> Result<(), CloudError> {
    let ours = vec![
        filter(&format!("tag:{STACK_TAG}"), [&cx.mark.stack]),
        filter(&format!("tag:{ADDRESS_TAG}"), [cx.mark.address.to_string()]),
        filter("state", ["failed", "deleting"]),
    ];
    for remains in list(cx.aws, ours).await? {
        let failed = remains.state() == Some(&NatGatewayState::Failed);
        if failed || address_of(&remains) == Some(address) {
            remove(&computed_of(&remains).id, cx).await?;
        }
    }
    Ok(())
}

/// Waits until nothing holds the public address.
async fn free(address: &str, cx: &Writing<'_>) -> Result<(), CloudError> {
    until(cx, "use the address of the NAT gateway", FREE, || async {
        let call = cx.aws.ec2.describe_addresses().filters(filter("allocation-id", [address]));
        let found = call.send().await.during("read the address of the NAT gateway")?.addresses.unwrap_or_default();
        // One that is not listed yet was allocated a moment ago.
        let holder = found.into_iter().find_map(|one| one.association_id.map(|_| one.network_interface_id));
        Ok(holder.map_or(Poll::Ready(()), |holder| {
            Poll::Pending(format!("held by {}", holder.unwrap_or_else(|| "an instance".to_owned())))
        }))
    })
    .await
}

async fn ready(id: &str, cx: &Writing<'_>) -> Result<(), CloudError> {
    until(cx, "create the NAT gateway", READY, || async {
        let Some(gateway) = list(cx.aws, vec![filter("nat-gateway-id", [id])]).await?.into_iter().next() else {
            return Ok(Poll::Pending("not visible yet".to_owned()));
        };
        let state = gateway.state().map(NatGatewayState::as_str).unwrap_or_default().to_owned();
        match state.as_str() {
            "available" => Ok(Poll::Ready(())),
            "failed" | "deleting" | "deleted" => {
                let message = format!("it is {state}: {}", gateway.failure_message().unwrap_or("nobody says why"));
                let error = CloudError::new(ErrorKind::Refused, "create the NAT gateway", message);
                Err(CloudError { code: gateway.failure_code().map(str::to_owned), ..error })
            }
            _ => Ok(Poll::Pending(state)),
        }
    })
    .await
}

/// Whether a gateway made once more may live: the failure is about what was made moments before (EC2 `NatGateway`,
/// `FailureCode`).
fn passes(error: &CloudError) -> bool {
    let codes = [
        "InternalError",
        "Gateway.NotAttached",
        "InvalidAllocationID.NotFound",
        "InvalidSubnetID.NotFound",
        // The address was free before: what held it then had not let go everywhere.
        "Resource.AlreadyAssociated",
    ];
    codes.iter().any(|code| error.is(code))
}

/// Deletes it and waits until it is gone.
async fn remove(id: &str, cx: &Writing<'_>) -> Result<(), CloudError> {
    let doing = "delete the NAT gateway";
    match cx.aws.ec2.delete_nat_gateway().nat_gateway_id(id).send().await.during(doing) {
        Err(error) if error.kind == ErrorKind::NotFound => return Ok(()),
        done => done?,
    };
    until(cx, doing, GONE, || async {
        let found = list(cx.aws, vec![filter("nat-gateway-id", [id])]).await?.into_iter().next();
        let state = found.as_ref().and_then(types::NatGateway::state);
        Ok(match state {
            None | Some(NatGatewayState::Deleted | NatGatewayState::Failed) => Poll::Ready(()),
            Some(state) => Poll::Pending(state.as_str().to_owned()),
        })
    })
    .await
}

/// Those that can be used or will be; to who removes everything also those that are on their way out or failed, where
/// nothing else has their marks.
async fn there(which: Filter, cx: &Reading<'_>) -> Result<Vec<types::NatGateway>, CloudError> {
    let mut states = vec!["pending", "available"];
    if cx.removing {
        states.extend(["deleting", "failed"]);
    }
    let found = list(cx.aws, vec![which, filter("state", states)]).await?;
    let of_use =
        |one: &types::NatGateway| matches!(one.state(), Some(NatGatewayState::Pending | NatGatewayState::Available));
    let marks = |one: &types::NatGateway| tags_of(one.tags()).remove(ADDRESS_TAG);
    let (mut usable, mut left): (Vec<_>, Vec<_>) = found.into_iter().partition(of_use);
    // Any number of tries may have failed: the last one stands for all.
    left.sort_by_key(|one| std::cmp::Reverse(one.create_time().map(|at| (at.secs(), at.subsec_nanos()))));
    for one in left {
        if usable.iter().all(|other| marks(other) != marks(&one)) {
            usable.push(one);
        }
    }
    Ok(usable)
}

fn address_of(gateway: &types::NatGateway) -> Option<&str> {
    let addresses = gateway.nat_gateway_addresses();
    let primary = addresses.iter().find(|one| one.is_primary() == Some(true)).or(addresses.first());
    primary.and_then(|one| one.allocation_id())
}

fn computed_of(gateway: &types::NatGateway) -> NatGatewayComputed {
    NatGatewayComputed { id: gateway.nat_gateway_id().unwrap_or_default().to_owned() }
}

async fn list(aws: &Clients, filters: Vec<Filter>) -> Result<Vec<types::NatGateway>, CloudError> {
    let pages = aws.ec2.describe_nat_gateways().set_filter(Some(filters)).into_paginator().items().send();
    pages.try_collect().await.during("read the NAT gateway")
}
