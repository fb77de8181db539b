//! Where packets of some subnets go.

#[cfg(feature = "aws")]
mod aws;
mod terraform;

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::internet_gateway::InternetGateway;
use super::nat_gateway::NatGateway;
use super::subnet::Subnet;
use super::vpc::Vpc;
use crate::model::address::{Address, Kind};
use crate::model::audit::{AuditName, ChangingCalls};
use crate::model::billing::KindBilling;
use crate::model::component::Component;
use crate::model::facts::quota::Quota;
use crate::model::impact::{Affected, Going, Impact, ImpactClass, Noticed};
use crate::model::mark::Tags;
use crate::model::reference::Ref;
use crate::model::resource::{Field, Holds, Resource};
use crate::model::site::Site;
use crate::model::terraform::{TerraformContext, TerraformError, TerraformObject};
use crate::{fields, id_alone};
/// Where packets of some subnets go.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RouteTable {
    /// The network it belongs to.
    pub vpc: Ref<Vpc>,
    /// Targets by destination (CIDR), without the local route, which nobody can change.
    pub routes: BTreeMap<String, RouteTarget>,
    /// The subnets that use it.
    pub subnets: BTreeSet<Ref<Subnet>>,
    /// Its tags.
    pub tags: Tags,
}

/// What AWS computes for a [`RouteTable`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RouteTableComputed {
    /// `rtb-…`
    pub id: String,
}

id_alone!(RouteTableComputed {});

impl Resource for RouteTable {
    const KIND: Kind = Kind::new("route_table");
    const WHAT: &'static str = "where packets of some subnets go";
    const COMPONENT: Component = Component::Network;
    const SUMMARY: &'static str = "{routes}";
    const HOLDS: Holds = Holds::Nothing;
    const FIELDS: &'static [Field] =
        fields!(RouteTable { vpc: Replace, routes: UpdateDangling, subnets: UpdateDangling, tags: Update });
    const IDENTITY: &'static [&'static str] = &[];
    const AUDIT: AuditName = AuditName::of("ec2", "id");
    // VPC User Guide: "Replace or restore the target for a local route" and "NAT gateway basics": what is open stays with the
    // way by which it was opened.
    const NOTICED: &'static [Noticed<Self>] = &[
        Noticed::when(
            "routes",
            "when one leads elsewhere or goes",
            |from, to| from.routes.iter().any(|(destination, target)| to.routes.get(destination) != Some(target)),
            Impact::lasting(
                ImpactClass::Interruption,
                (1, 30),
                Affected::Nodes,
                "connections that go by these routes are cut and made again",
            ),
        ),
        Noticed::when(
            "subnets",
            "when one goes by another table",
            |from, to| !from.subnets.is_subset(&to.subnets),
            Impact::lasting(
                ImpactClass::Interruption,
                (1, 30),
                Affected::Nodes,
                "connections of the subnets that move are cut and made again",
            ),
        ),
    ];
    const CHANGED_BY: &'static [ChangingCalls] = &[
        ChangingCalls::of(
            "ec2",
            "routeTableId",
            "id",
            &[
                "CreateRoute",
                "ReplaceRoute",
                "DeleteRoute",
                "AssociateRouteTable",
                "ReplaceRouteTableAssociation",
                "DeleteRouteTable",
            ],
        ),
        ChangingCalls::TAGS_OF_EC2,
    ];
    const BILLING: KindBilling<Self> = KindBilling::Free("a route table costs nothing");
    type Computed = RouteTableComputed;

    fn tags(&self) -> Option<&Tags> {
        Some(&self.tags)
    }

    fn takes(&self) -> Vec<(Quota, u64)> {
        Vec::new()
    }

    fn leaves(&self, _: &RouteTableComputed, going: Going) -> Vec<Impact> {
        match going {
            Going::Replaced(_) => {
                let what = "connections that go by its routes are cut and made again";
                vec![Impact::lasting(ImpactClass::Interruption, (1, 30), Affected::Nodes, what)]
            }
            Going::Deleted | Going::MadeAgain => Vec::new(),
        }
    }

    fn terraform(
        &self,
        computed: &RouteTableComputed,
        context: &TerraformContext<'_>,
    ) -> Result<TerraformObject, TerraformError> {
        terraform::object(self, computed, context)
    }

    fn sample(&self, _: &Address, serial: u64, _: &Site) -> RouteTableComputed {
        RouteTableComputed { id: format!("rtb-{serial:08x}") }
    }
}

/// Where a route leads.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RouteTarget {
    /// To the internet and back.
    InternetGateway(Ref<InternetGateway>),
    /// To the internet only.
    NatGateway(Ref<NatGateway>),
    /// Nowhere: the target with this id is gone. Never declared, only found.
    Blackhole(String),
    /// Somewhere we never send anything, by its id. Never declared, only found.
    Other(String),
}
