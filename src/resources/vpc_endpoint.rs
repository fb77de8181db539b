//! A way from a network to an AWS service that does not cross the internet: a route (gateway endpoint), or network
//! interfaces of the service in our subnets (interface endpoint).

#[cfg(feature = "aws")]
mod aws;
mod terraform;

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::route_table::RouteTable;
use super::security_group::SecurityGroup;
use super::subnet::Subnet;
use super::vpc::Vpc;
use crate::model::address::{Address, Kind};
use crate::model::audit::{AuditName, ChangingCalls};
use crate::model::billing::{Billing, BillingContext, Charge, KindBilling};
use crate::model::component::Component;
use crate::model::facts::quota::Quota;
use crate::model::impact::{Affected, Going, Impact, ImpactClass, Noticed};
use crate::model::mark::Tags;
use crate::model::reference::Ref;
use crate::model::resource::{Field, Holds, ReplaceOrder, Resource};
use crate::model::site::Site;
use crate::model::terraform::{TerraformContext, TerraformError, TerraformObject};
use crate::{fields, id_alone};
/// A way from a network to an AWS service that does not cross the internet.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct VpcEndpoint {
    /// The network.
    pub vpc: Ref<Vpc>,
    /// The service, such as `com.amazonaws.us-east-1.s3`.
    pub service: String,
    /// The route tables that lead to it, if it is a gateway endpoint.
    pub route_tables: BTreeSet<Ref<RouteTable>>,
    /// Where its network interfaces are, if it is an interface endpoint.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub interface: Option<Interface>,
    /// Its tags.
    pub tags: Tags,
}

/// The network interfaces of an interface endpoint. Whether an endpoint has them is settled when it is made.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Interface {
    /// A subnet in each zone.
    pub subnets: BTreeSet<Ref<Subnet>>,
    /// Who may reach it.
    pub security_groups: BTreeSet<Ref<SecurityGroup>>,
    /// Whether the service's usual host name leads to it inside the network.
    pub private_dns: bool,
}

/// What AWS computes for a [`VpcEndpoint`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct VpcEndpointComputed {
    /// `vpce-…`
    pub id: String,
}

id_alone!(VpcEndpointComputed {});

impl VpcEndpoint {
    // AWS PrivateLink pricing: an interface endpoint for each hour and zone, and each GB. A gateway endpoint costs nothing
    // (Amazon VPC User Guide, "Gateway endpoints").
    fn billing(&self, _: &BillingContext) -> Billing {
        let Some(interface) = &self.interface else {
            return Billing::Free("a gateway endpoint costs nothing, and neither does what passes it");
        };
        let zones = interface.subnets.len() as u64;
        Billing::Charged(vec![
            Charge::hourly("endpoint in each zone", "vpc interface-endpoint-hour", zones),
            Charge::not_included("data that passes", "nothing that is declared says how much"),
        ])
    }
}
/// What follows for connections to the service (VPC User Guide, "Gateway endpoints": what is open when a route to an
/// endpoint comes or goes is closed).
const BY_ANOTHER_WAY: Impact = Impact::lasting(
    ImpactClass::Interruption,
    (5, 60),
    Affected::Nodes,
    "connections to the service are cut and made again, by another way or once there is one",
);

impl Resource for VpcEndpoint {
    const KIND: Kind = Kind::new("vpc_endpoint");
    const WHAT: &'static str = "a way from the network to an AWS service that does not cross the internet";
    const COMPONENT: Component = Component::Network;
    const SUMMARY: &'static str = "{service}";
    const HOLDS: Holds = Holds::Nothing;
    const FIELDS: &'static [Field] =
        fields!(VpcEndpoint { vpc: Replace, service: Replace, route_tables: Update, interface: Update, tags: Update });
    // A route table has room for one route to a service, and a network for one private name of it.
    const REPLACE: ReplaceOrder = ReplaceOrder::DeleteFirst;
    const IDENTITY: &'static [&'static str] = &["vpc", "service"];
    const AUDIT: AuditName = AuditName::of("ec2", "id");
    const NOTICED: &'static [Noticed<Self>] =
        &[Noticed::always("route_tables", BY_ANOTHER_WAY), Noticed::always("interface", BY_ANOTHER_WAY)];
    const CHANGED_BY: &'static [ChangingCalls] = &[
        ChangingCalls::of("ec2", "ModifyVpcEndpointRequest.VpcEndpointId", "id", &["ModifyVpcEndpoint"]),
        ChangingCalls::of("ec2", "DeleteVpcEndpointsRequest.VpcEndpointId.content", "id", &["DeleteVpcEndpoints"]),
        ChangingCalls::TAGS_OF_EC2,
    ];
    const BILLING: KindBilling<Self> = KindBilling::Asked(Self::billing);
    type Computed = VpcEndpointComputed;

    fn tags(&self) -> Option<&Tags> {
        Some(&self.tags)
    }

    fn takes(&self) -> Vec<(Quota, u64)> {
        if self.interface.is_some() { Vec::new() } else { vec![(Quota::GatewayEndpoints, 1)] }
    }

    fn leaves(&self, _: &VpcEndpointComputed, going: Going) -> Vec<Impact> {
        match going {
            Going::Replaced(_) | Going::Deleted => vec![BY_ANOTHER_WAY.about(&self.service)],
            Going::MadeAgain => Vec::new(),
        }
    }

    fn terraform(
        &self,
        computed: &VpcEndpointComputed,
        _: &TerraformContext<'_>,
    ) -> Result<TerraformObject, TerraformError> {
        Ok(terraform::object(self, computed))
    }

    fn sample(&self, _: &Address, serial: u64, _: &Site) -> VpcEndpointComputed {
        VpcEndpointComputed { id: format!("vpce-{serial:08x}") }
    }
}
