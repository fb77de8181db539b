//! A way from a network to an AWS service that does not cross the internet (gateway endpoint).

#[cfg(feature = "aws")]
mod aws;

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::route_table::RouteTable;
use super::vpc::Vpc;
use crate::fields;
use crate::model::address::{Address, Kind};
use crate::model::mark::Tags;
use crate::model::reference::Ref;
use crate::model::resource::{Computed, Field, ReplaceOrder, Resource, Typical};
/// A way from a network to an AWS service that does not cross the internet (gateway endpoint).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct VpcEndpoint {
    /// The network.
    pub vpc: Ref<Vpc>,
    /// The service, such as `com.amazonaws.us-east-1.s3`.
    pub service: String,
    /// The route tables that lead to it.
    pub route_tables: BTreeSet<Ref<RouteTable>>,
    /// Its tags.
    pub tags: Tags,
}

/// What AWS computes for a [`VpcEndpoint`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct VpcEndpointComputed {
    /// `vpce-…`
    pub id: String,
}

impl Computed for VpcEndpointComputed {
    fn id(&self) -> &str {
        &self.id
    }
}

impl Resource for VpcEndpoint {
    const KIND: Kind = Kind::new("vpc_endpoint");
    const FIELDS: &'static [Field] =
        fields!(VpcEndpoint { vpc: Replace, service: Replace, route_tables: Update, tags: Update });
    // A route table has room for one route to a service.
    const REPLACE: ReplaceOrder = ReplaceOrder::DeleteFirst;
    const TYPICAL: Typical = Typical { create: 10, update: 5, delete: 10 };
    type Computed = VpcEndpointComputed;

    fn tags(&self) -> Option<&Tags> {
        Some(&self.tags)
    }

    fn sample(&self, _: &Address, serial: u64) -> VpcEndpointComputed {
        VpcEndpointComputed { id: format!("vpce-{serial:08x}") }
    }
}
