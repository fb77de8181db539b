//! What an IAM identity may do in a cluster.

#[cfg(feature = "aws")]
mod aws;

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::cluster::Cluster;
use crate::fields;
use crate::model::address::{Address, Kind};
use crate::model::mark::Tags;
use crate::model::reference::Ref;
use crate::model::resource::{Computed, Field, ReplaceOrder, Resource, Typical};
use crate::model::site::Site;
/// What an IAM identity may do in a cluster.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AccessEntry {
    /// The cluster.
    pub cluster: Ref<Cluster>,
    /// Who.
    pub principal: Principal,
    /// Access policies for the whole cluster, by ARN.
    pub policies: BTreeSet<String>,
    /// Its tags.
    pub tags: Tags,
}

/// What AWS computes for a [`AccessEntry`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AccessEntryComputed {
    /// Cluster and principal, joined by `/`.
    pub id: String,
    /// `arn:…:access-entry/…`
    pub arn: String,
    /// The cluster.
    pub cluster_name: String,
    /// ARN of the role or user.
    pub principal_arn: String,
}

impl Computed for AccessEntryComputed {
    fn id(&self) -> &str {
        &self.id
    }
}

impl Resource for AccessEntry {
    const KIND: Kind = Kind::new("access_entry");
    const FIELDS: &'static [Field] =
        fields!(AccessEntry { cluster: Replace, principal: Replace, policies: Update, tags: Update });
    // A cluster has room for one entry of each identity.
    const REPLACE: ReplaceOrder = ReplaceOrder::DeleteFirst;
    const TYPICAL: Typical = Typical { create: 4, update: 3, delete: 3 };
    type Computed = AccessEntryComputed;

    fn tags(&self) -> Option<&Tags> {
        Some(&self.tags)
    }

    fn sample(&self, _: &Address, serial: u64, site: &Site) -> AccessEntryComputed {
        AccessEntryComputed {
            id: format!("cluster/principal-{serial}"),
            arn: site.arn("eks", &format!("access-entry/cluster/{serial}")),
            cluster_name: "cluster".to_owned(),
            principal_arn: site.global_arn("iam", &format!("role/principal-{serial}")),
        }
    }
}

/// An identity.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Principal {
    /// Whoever made the entry: settled once, and the same whoever runs the program later.
    Creator,
    /// A role or user, by ARN.
    Arn(String),
}
