//! The way from private subnets to the internet, one direction only.

#[cfg(feature = "aws")]
mod aws;
mod terraform;

use serde::{Deserialize, Serialize};

use super::elastic_ip::ElasticIp;
use super::subnet::Subnet;
use crate::model::address::{Address, Kind};
use crate::model::audit::{AuditName, ChangingCalls};
use crate::model::billing::{Billing, BillingContext, Charge, KindBilling};
use crate::model::component::Component;
use crate::model::facts::quota::Quota;
use crate::model::impact::{Affected, Going, Impact, ImpactClass, Noticed};
use crate::model::mark::Tags;
use crate::model::money::Quantity;
use crate::model::reference::Ref;
use crate::model::resource::{Field, Holds, ReplaceOrder, Resource};
use crate::model::site::Site;
use crate::model::terraform::{TerraformContext, TerraformError, TerraformObject};
use crate::{fields, id_alone};
/// The way from private subnets to the internet, one direction only.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NatGateway {
    /// The public subnet it stands in.
    pub subnet: Ref<Subnet>,
    /// The address it speaks from.
    pub elastic_ip: Ref<ElasticIp>,
    /// Its tags.
    pub tags: Tags,
}

/// What AWS computes for a [`NatGateway`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NatGatewayComputed {
    /// `nat-…`
    pub id: String,
}

id_alone!(NatGatewayComputed {});

impl NatGateway {
    // Amazon VPC pricing, "NAT gateway": each hour, and each GB that passes, in either direction.
    fn billing(_: &Self, context: &BillingContext) -> Billing {
        let fetched = context.usage.fetched_gb.map(Quantity::whole);
        let data = Charge::used("data that passes", "nat gateway-gb", fetched, "`cost.fetched_gb` is not declared");
        Billing::Charged(vec![Charge::hourly("gateway", "nat gateway-hour", 1), data.shared()])
    }
}

impl Resource for NatGateway {
    const KIND: Kind = Kind::new("nat_gateway");
    const WHAT: &'static str = "the way from private subnets to the internet, one direction only";
    const COMPONENT: Component = Component::Network;
    const SUMMARY: &'static str = "in {subnet}";
    const HOLDS: Holds = Holds::Nothing;
    const FIELDS: &'static [Field] = fields!(NatGateway { subnet: Replace, elastic_ip: Replace, tags: Update });
    // One address cannot serve two gateways.
    const REPLACE: ReplaceOrder = ReplaceOrder::DeleteFirst;
    const IDENTITY: &'static [&'static str] = &["elastic_ip"];
    const AUDIT: AuditName = AuditName::of("ec2", "id");
    const NOTICED: &'static [Noticed<Self>] = &[];
    const CHANGED_BY: &'static [ChangingCalls] = &[
        ChangingCalls::of("ec2", "DeleteNatGatewayRequest.NatGatewayId", "id", &["DeleteNatGateway"]),
        ChangingCalls::TAGS_OF_EC2,
    ];
    const BILLING: KindBilling<Self> = KindBilling::Asked(Self::billing);
    type Computed = NatGatewayComputed;

    fn tags(&self) -> Option<&Tags> {
        Some(&self.tags)
    }

    fn takes(&self) -> Vec<(Quota, u64)> {
        vec![(Quota::NatGateways, 1)]
    }

    fn leaves(&self, _: &NatGatewayComputed, going: Going) -> Vec<Impact> {
        match going {
            Going::Replaced(ReplaceOrder::DeleteFirst) => {
                let what = "nodes that go out through it reach nothing on the internet until the new one is there";
                vec![Impact::lasting(ImpactClass::Outage, (120, 240), Affected::Nodes, what)]
            }
            // Nothing goes out through it by then: the routes that say so are changed before.
            Going::Replaced(ReplaceOrder::CreateFirst) | Going::Deleted | Going::MadeAgain => Vec::new(),
        }
    }

    fn terraform(
        &self,
        computed: &NatGatewayComputed,
        _: &TerraformContext<'_>,
    ) -> Result<TerraformObject, TerraformError> {
        Ok(terraform::object(self, computed))
    }

    fn sample(&self, _: &Address, serial: u64, _: &Site) -> NatGatewayComputed {
        NatGatewayComputed { id: format!("nat-{serial:08x}") }
    }
}
