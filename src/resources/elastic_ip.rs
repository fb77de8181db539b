//! A public address of our own.

#[cfg(feature = "aws")]
mod aws;
mod terraform;

use serde::{Deserialize, Serialize};

use crate::model::address::{Address, Kind};
use crate::model::audit::{AuditName, ChangingCalls};
use crate::model::billing::{Billing, BillingContext, Charge, KindBilling};
use crate::model::component::Component;
use crate::model::facts::quota::Quota;
use crate::model::impact::{Affected, Going, Impact, ImpactClass, Noticed};
use crate::model::mark::Tags;
use crate::model::resource::{Field, Holds, Resource};
use crate::model::site::Site;
use crate::model::terraform::{TerraformContext, TerraformError, TerraformObject};
use crate::{fields, id_alone};
/// A public address of our own.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ElasticIp {
    /// Its tags.
    pub tags: Tags,
}

/// What AWS computes for a [`ElasticIp`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ElasticIpComputed {
    /// `eipalloc-…`, the allocation.
    pub id: String,
    /// The address itself.
    pub public_ip: String,
}

id_alone!(ElasticIpComputed { public_ip });

impl ElasticIp {
    // Billed for each hour, whether something uses it or not (Amazon VPC pricing, "Public IPv4 addresses"): both cost the same.
    fn billing(_: &Self, _: &BillingContext) -> Billing {
        Billing::Charged(vec![Charge::hourly("public address", "vpc public-ipv4-in-use", 1)])
    }
}

impl Resource for ElasticIp {
    const KIND: Kind = Kind::new("elastic_ip");
    const WHAT: &'static str = "a public address of our own";
    const COMPONENT: Component = Component::Network;
    const SUMMARY: &'static str = "";
    const HOLDS: Holds = Holds::Nothing;
    const FIELDS: &'static [Field] = fields!(ElasticIp { tags: Update });
    const IDENTITY: &'static [&'static str] = &[];
    const AUDIT: AuditName = AuditName::of("ec2", "id");
    const NOTICED: &'static [Noticed<Self>] = &[];
    const CHANGED_BY: &'static [ChangingCalls] = &[
        ChangingCalls::of("ec2", "allocationId", "id", &["AssociateAddress", "ReleaseAddress"]),
        ChangingCalls::TAGS_OF_EC2,
    ];
    const BILLING: KindBilling<Self> = KindBilling::Asked(Self::billing);
    type Computed = ElasticIpComputed;

    fn tags(&self) -> Option<&Tags> {
        Some(&self.tags)
    }

    fn takes(&self) -> Vec<(Quota, u64)> {
        vec![(Quota::ElasticIps, 1)]
    }

    fn leaves(&self, computed: &ElasticIpComputed, going: Going) -> Vec<Impact> {
        let what = match going {
            Going::Deleted => {
                "no request of the nodes to the internet comes from it any more: whoever lets it in must let in what is left"
            }
            Going::Replaced(_) | Going::MadeAgain => {
                "requests of the nodes to the internet come from another address: whoever lets the old one in must let it in"
            }
        };
        vec![Impact::of(ImpactClass::NewAddress, Affected::Upstream, what).about(&computed.public_ip)]
    }

    fn terraform(
        &self,
        computed: &ElasticIpComputed,
        _: &TerraformContext<'_>,
    ) -> Result<TerraformObject, TerraformError> {
        Ok(terraform::object(self, computed))
    }

    fn sample(&self, _: &Address, serial: u64, _: &Site) -> ElasticIpComputed {
        ElasticIpComputed { id: format!("eipalloc-{serial:08x}"), public_ip: format!("203.0.113.{}", serial % 256) }
    }
}
