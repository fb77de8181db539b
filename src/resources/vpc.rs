//! A private network.

#[cfg(feature = "aws")]
mod aws;
mod terraform;

use serde::{Deserialize, Serialize};

use crate::model::address::{Address, Kind};
use crate::model::audit::{AuditName, ChangingCalls};
use crate::model::billing::KindBilling;
use crate::model::component::Component;
use crate::model::facts::quota::Quota;
use crate::model::impact::{Going, Impact, Noticed};
use crate::model::mark::Tags;
use crate::model::resource::{Field, Holds, Resource};
use crate::model::site::Site;
use crate::model::terraform::{TerraformContext, TerraformError, TerraformObject};
use crate::model::values::Cidr;
use crate::{fields, id_alone};

/// A private network: the address space everything else is cut from.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Vpc {
    /// Its address space; `/16` to `/28` (EC2 `CreateVpc`).
    pub cidr: Cidr,
    /// Whether names resolve inside. EKS nodes cannot register without.
    pub dns_support: bool,
    /// Whether instances get names. The private endpoint of EKS does not resolve without.
    pub dns_hostnames: bool,
    /// Its tags.
    pub tags: Tags,
}

/// What AWS computes for a [`Vpc`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct VpcComputed {
    /// `vpc-…`
    pub id: String,
}

id_alone!(VpcComputed {});

impl Resource for Vpc {
    const KIND: Kind = Kind::new("vpc");
    const WHAT: &'static str = "a private network";
    const COMPONENT: Component = Component::Network;
    const SUMMARY: &'static str = "{cidr}";
    const HOLDS: Holds = Holds::Nothing;
    const FIELDS: &'static [Field] =
        fields!(Vpc { cidr: Replace, dns_support: Update, dns_hostnames: Update, tags: Update });
    const IDENTITY: &'static [&'static str] = &[];
    const AUDIT: AuditName = AuditName::of("ec2", "id");
    const NOTICED: &'static [Noticed<Self>] = &[];
    const CHANGED_BY: &'static [ChangingCalls] = &[
        ChangingCalls::of(
            "ec2",
            "vpcId",
            "id",
            &[
                "ModifyVpcAttribute",
                "AssociateDhcpOptions",
                "AssociateVpcCidrBlock",
                "AttachInternetGateway",
                "DetachInternetGateway",
                "CreateSubnet",
                "CreateRouteTable",
                "CreateSecurityGroup",
                "CreateNetworkAcl",
                "DeleteVpc",
            ],
        ),
        ChangingCalls::of("ec2", "CreateVpcEndpointRequest.VpcId", "id", &["CreateVpcEndpoint"]),
        ChangingCalls::TAGS_OF_EC2,
    ];
    const BILLING: KindBilling<Self> = KindBilling::Free("a network costs nothing; what stands in it does");
    type Computed = VpcComputed;

    fn tags(&self) -> Option<&Tags> {
        Some(&self.tags)
    }

    fn takes(&self) -> Vec<(Quota, u64)> {
        vec![(Quota::Vpcs, 1)]
    }

    fn leaves(&self, _: &VpcComputed, _: Going) -> Vec<Impact> {
        Vec::new()
    }

    fn terraform(&self, computed: &VpcComputed, _: &TerraformContext<'_>) -> Result<TerraformObject, TerraformError> {
        Ok(terraform::object(self, computed))
    }

    fn sample(&self, _: &Address, serial: u64, _: &Site) -> VpcComputed {
        VpcComputed { id: format!("vpc-{serial:08x}") }
    }
}
