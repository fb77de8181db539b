//! The way from a network to the internet and back.

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
use crate::model::impact::{Affected, Going, Impact, ImpactClass, Noticed};
use crate::model::mark::Tags;
use crate::model::reference::Ref;
use crate::model::resource::{Field, Holds, Resource};
use crate::model::site::Site;
use crate::model::terraform::{TerraformContext, TerraformError, TerraformObject};
use crate::{fields, id_alone};

/// The way from a network to the internet and back.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct InternetGateway {
    /// The network it is attached to.
    pub vpc: Ref<Vpc>,
    /// Its tags.
    pub tags: Tags,
}

/// What AWS computes for a [`InternetGateway`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct InternetGatewayComputed {
    /// `igw-…`
    pub id: String,
}

id_alone!(InternetGatewayComputed {});

impl Resource for InternetGateway {
    const KIND: Kind = Kind::new("internet_gateway");
    const WHAT: &'static str = "the way from the network to the internet and back";
    const COMPONENT: Component = Component::Network;
    const SUMMARY: &'static str = "";
    const HOLDS: Holds = Holds::Nothing;
    const FIELDS: &'static [Field] = fields!(InternetGateway { vpc: Replace, tags: Update });
    const GROUND: &'static [&'static str] = &["vpc"];
    const HOLDS_ITS_GROUND: Option<&'static str> =
        Some("a network has room for one, and what has a public address there keeps it from being detached");
    const IDENTITY: &'static [&'static str] = &["vpc"];
    const AUDIT: AuditName = AuditName::of("ec2", "id");
    const NOTICED: &'static [Noticed<Self>] = &[];
    const CHANGED_BY: &'static [ChangingCalls] = &[
        ChangingCalls::of(
            "ec2",
            "internetGatewayId",
            "id",
            &["AttachInternetGateway", "DetachInternetGateway", "DeleteInternetGateway"],
        ),
        ChangingCalls::TAGS_OF_EC2,
    ];
    const BILLING: KindBilling<Self> =
        KindBilling::Free("an internet gateway costs nothing; data that leaves by it is billed to what sends it");
    type Computed = InternetGatewayComputed;

    fn tags(&self) -> Option<&Tags> {
        Some(&self.tags)
    }

    fn takes(&self) -> Vec<(Quota, u64)> {
        vec![(Quota::InternetGateways, 1)]
    }

    fn leaves(&self, _: &InternetGatewayComputed, going: Going) -> Vec<Impact> {
        match going {
            Going::Deleted => {
                vec![Impact::of(
                    ImpactClass::Outage,
                    Affected::Everybody,
                    "nothing comes in from the internet, or gets out",
                )]
            }
            Going::Replaced(_) | Going::MadeAgain => Vec::new(),
        }
    }

    fn terraform(
        &self,
        computed: &InternetGatewayComputed,
        _: &TerraformContext<'_>,
    ) -> Result<TerraformObject, TerraformError> {
        Ok(terraform::object(self, computed))
    }

    fn sample(&self, _: &Address, serial: u64, _: &Site) -> InternetGatewayComputed {
        InternetGatewayComputed { id: format!("igw-{serial:08x}") }
    }
}
