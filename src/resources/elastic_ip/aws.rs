//! The calls of an elastic IP address (EC2 `AllocateAddress`, `DescribeAddresses`, `ReleaseAddress`).
//!
//! What it is associated with is the business of the NAT gateway that uses it.

use std::time::Duration;

use aws_sdk_ec2::types::{self, DomainType, Filter, ResourceType};

use super::{ElasticIp, ElasticIpComputed};
use crate::cloud::aws::ec2::{self, create_without_token, filter, look, naming, retag, tag_specification, told};
use crate::cloud::aws::words;
use crate::cloud::aws::{
    Census, Clients, During, Listed, Lookup, Provision, ReadOutcome, ReadOutcomes, Reading, Silent, Writing,
};
use crate::cloud::wait::{Poll, WaitPolicy, retry_while, until};
use crate::cloud::{CloudError, ErrorKind};

// EC2 shows a new address within seconds, but not always on the first question.
const SHOWN: WaitPolicy = WaitPolicy::seconds(1, 300, 2);
// A NAT gateway lets go of its address some seconds after it is deleted, seldom minutes.
const HELD: Duration = Duration::from_mins(5);

ec2::object!(types::Address, allocation_id);

impl Provision for ElasticIp {
    type Health = Silent<Self>;

    async fn observe(lookups: Vec<Lookup<Self>>, cx: &Reading<'_>) -> ReadOutcomes<Self> {
        look(
            lookups,
            cx,
            "allocation-id",
            |filter| list(cx.aws, filter),
            |_, address, tags| Ok(ReadOutcome::present(Self { tags }, computed_of(address))),
        )
        .await
    }

    async fn census(here: &Census<'_>) -> Result<Listed, CloudError> {
        ec2::census(here, |filter| list(here.aws, filter)).await
    }

    async fn create(&self, cx: &Writing<'_>) -> Result<ElasticIpComputed, CloudError> {
        let doing = "allocate the address";
        let computed = create_without_token(
            cx,
            doing,
            |mine| async { Ok(list(cx.aws, mine).await?.iter().map(computed_of).collect()) },
            || async {
                let tags = tag_specification(cx, ResourceType::ElasticIp, self);
                let call = cx.aws.no_retry.ec2.allocate_address().domain(DomainType::Vpc).tag_specifications(tags);
                let made = call.send().await.during(doing)?;
                let public_ip = made.public_ip.unwrap_or_default();
                Ok(ElasticIpComputed { id: told(made.allocation_id, doing)?, public_ip })
            },
        )
        .await?;
        cx.made(&computed).await?;
        // Until lists show it, a later run would take it for released, and allocate another.
        until(cx, doing, SHOWN, || async {
            let found = list(cx.aws, filter("allocation-id", [&computed.id])).await?;
            Ok(if found.is_empty() { Poll::Pending("not visible yet".to_owned()) } else { Poll::Ready(()) })
        })
        .await?;
        Ok(computed)
    }

    async fn update(
        &self,
        from: &Self,
        known: &ElasticIpComputed,
        cx: &Writing<'_>,
    ) -> Result<ElasticIpComputed, CloudError> {
        retag(cx.aws, &known.id, &from.tags, &self.tags).await?;
        Ok(known.clone())
    }

    async fn delete(_: &Self, known: &ElasticIpComputed, cx: &Writing<'_>) -> Result<(), CloudError> {
        let released = retry_while(cx, HELD, held, || async {
            cx.aws.ec2.release_address().allocation_id(&known.id).send().await.during("release the address")
        })
        .await;
        match released {
            Ok(_) => Ok(()),
            Err(error) if error.kind == ErrorKind::NotFound => Ok(()),
            Err(error) if held(&error) => Err(naming(error, holders(cx.aws, &known.id).await)),
            Err(error) => Err(error),
        }
    }
}

/// Whether the address is in use still: AWS calls that a lack of permission, which it is not.
fn held(error: &CloudError) -> bool {
    error.is("InvalidIPAddress.InUse") || words::ec2::ADDRESS_HELD.tell(error)
}

async fn holders(aws: &Clients, id: &str) -> Result<Vec<String>, CloudError> {
    let found = list(aws, filter("allocation-id", [id])).await?;
    Ok(found.into_iter().filter_map(|address| address.network_interface_id.or(address.instance_id)).collect())
}

fn computed_of(address: &types::Address) -> ElasticIpComputed {
    ElasticIpComputed {
        id: address.allocation_id().unwrap_or_default().to_owned(),
        public_ip: address.public_ip().unwrap_or_default().to_owned(),
    }
}

/// `DescribeAddresses` has no pages.
async fn list(aws: &Clients, filter: Filter) -> Result<Vec<types::Address>, CloudError> {
    Ok(aws
        .ec2
        .describe_addresses()
        .filters(filter)
        .send()
        .await
        .during("read the address")?
        .addresses
        .unwrap_or_default())
}
