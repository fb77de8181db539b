//! A slice of a network in one availability zone.

#[cfg(feature = "aws")]
mod aws;
mod terraform;

use serde::{Deserialize, Serialize};

use super::vpc::Vpc;
use crate::model::address::{Address, Kind};
use crate::model::audit::{AuditName, ChangingCalls};
use crate::model::billing::KindBilling;
use crate::model::component::Component;
use crate::model::facts::quota::Quota;
use crate::model::impact::{Going, Impact, Noticed};
use crate::model::mark::Tags;
use crate::model::reference::Ref;
use crate::model::resource::{Field, Holds, ReplaceOrder, Resource};
use crate::model::site::Site;
use crate::model::terraform::{TerraformContext, TerraformError, TerraformObject};
use crate::model::values::Cidr;
use crate::{fields, id_alone};
/// A slice of a network in one availability zone.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Subnet {
    /// The network it is cut from.
    pub vpc: Ref<Vpc>,
    /// Its address space.
    pub cidr: Cidr,
    /// Its availability zone, such as `us-east-1a`.
    pub zone: String,
    /// Whether instances get a public address by default.
    pub map_public_ip: bool,
    /// Its tags.
    pub tags: Tags,
}

/// What AWS computes for a [`Subnet`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SubnetComputed {
    /// `subnet-…`
    pub id: String,
}

id_alone!(SubnetComputed {});

impl Resource for Subnet {
    const KIND: Kind = Kind::new("subnet");
    const WHAT: &'static str = "a slice of the network in one availability zone";
    const COMPONENT: Component = Component::Network;
    const SUMMARY: &'static str = "{cidr} in {zone}";
    const HOLDS: Holds = Holds::Nothing;
    const FIELDS: &'static [Field] =
        fields!(Subnet { vpc: Replace, cidr: Replace, zone: Replace, map_public_ip: Update, tags: Update });
    // A network has room for one subnet of these addresses.
    const REPLACE: ReplaceOrder = ReplaceOrder::DeleteFirst;
    const IDENTITY: &'static [&'static str] = &["vpc", "cidr"];
    const AUDIT: AuditName = AuditName::of("ec2", "id");
    const NOTICED: &'static [Noticed<Self>] = &[];
    const CHANGED_BY: &'static [ChangingCalls] = &[
        ChangingCalls::of(
            "ec2",
            "subnetId",
            "id",
            &["ModifySubnetAttribute", "AssociateRouteTable", "AssociateSubnetCidrBlock", "DeleteSubnet"],
        ),
        ChangingCalls::TAGS_OF_EC2,
    ];
    const BILLING: KindBilling<Self> = KindBilling::Free("a subnet costs nothing");
    type Computed = SubnetComputed;

    fn tags(&self) -> Option<&Tags> {
        Some(&self.tags)
    }

    fn takes(&self) -> Vec<(Quota, u64)> {
        Vec::new()
    }

    fn leaves(&self, _: &SubnetComputed, _: Going) -> Vec<Impact> {
        Vec::new()
    }

    fn terraform(
        &self,
        computed: &SubnetComputed,
        _: &TerraformContext<'_>,
    ) -> Result<TerraformObject, TerraformError> {
        Ok(terraform::object(self, computed))
    }

    fn sample(&self, _: &Address, serial: u64, _: &Site) -> SubnetComputed {
        SubnetComputed { id: format!("subnet-{serial:08x}") }
    }
}
