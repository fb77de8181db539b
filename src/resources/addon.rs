//! A part of Kubernetes that EKS installs and looks after.

#[cfg(feature = "aws")]
mod aws;
mod terraform;

use serde::{Deserialize, Serialize};

use super::cluster::Cluster;
use crate::fields;
use crate::model::address::{Address, Kind};
use crate::model::audit::{AuditName, ChangingCalls};
use crate::model::billing::KindBilling;
use crate::model::component::Component;
use crate::model::facts::quota::Quota;
use crate::model::impact::{Affected, Going, Impact, ImpactClass, Noticed};
use crate::model::mark::Tags;
use crate::model::reference::Ref;
use crate::model::resource::{Computed, Field, Holds, ReplaceOrder, Resource};
use crate::model::site::Site;
use crate::model::terraform::{TerraformContext, TerraformError, TerraformObject};
/// A part of Kubernetes that EKS installs and looks after.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Addon {
    /// The cluster.
    pub cluster: Ref<Cluster>,
    /// Its name, such as `vpc-cni`.
    pub name: String,
    /// The Kubernetes version its own version was chosen for.
    pub kubernetes_version: String,
    /// Its version, such as `v1.20.4-eksbuild.1`.
    pub version: String,
    /// Its tags.
    pub tags: Tags,
}

/// What AWS computes for a [`Addon`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AddonComputed {
    /// Cluster and name, joined by `/`.
    pub id: String,
    /// `arn:…:addon/…`
    pub arn: String,
    /// The cluster.
    pub cluster_name: String,
}

impl AddonComputed {
    /// Its name.
    pub fn name(&self) -> &str {
        self.id.split_once('/').map_or("", |(_, name)| name)
    }
}

impl Computed for AddonComputed {
    fn id(&self) -> &str {
        &self.id
    }

    fn of_id(id: &str) -> Option<Self> {
        let (cluster, _) = id.split_once('/')?;
        Some(Self { id: id.to_owned(), arn: String::new(), cluster_name: cluster.to_owned() })
    }
}

/// The calls of EKS that change it. Some of their records name the cluster as the API does, others as its path does.
const CHANGING: &[&str] = &["UpdateAddon", "DeleteAddon"];

/// Its pods restart one after the other, on every node for those that run there (EKS User Guide, "Update an Amazon EKS
/// add-on").
const RESTARTED: Impact = Impact::lasting(
    ImpactClass::Rolling,
    (60, 300),
    Affected::Nodes,
    "its pods restart one after the other; those of Package Manager stay",
);

impl Resource for Addon {
    const KIND: Kind = Kind::new("addon");
    const WHAT: &'static str = "a part of Kubernetes that EKS installs and looks after";
    const COMPONENT: Component = Component::Kubernetes;
    const SUMMARY: &'static str = "{version}";
    const HOLDS: Holds = Holds::Nothing;
    const FIELDS: &'static [Field] = fields!(Addon {
        cluster: Replace,
        name: Replace,
        kubernetes_version: UpdateStepwise,
        version: Update,
        tags: Update
    });
    // A cluster has room for one of each name.
    const REPLACE: ReplaceOrder = ReplaceOrder::DeleteFirst;
    const CLIMB_RANK: u8 = 2;
    const IDENTITY: &'static [&'static str] = &["cluster", "name"];
    const AUDIT: AuditName = AuditName::part("eks", "cluster_name", "name");
    const NOTICED: &'static [Noticed<Self>] =
        &[Noticed::always("kubernetes_version", RESTARTED), Noticed::always("version", RESTARTED)];
    const CHANGED_BY: &'static [ChangingCalls] = &[
        ChangingCalls::part("eks", ("name", "cluster_name"), ("addonName", "name"), CHANGING),
        ChangingCalls::part("eks", ("clusterName", "cluster_name"), ("addonName", "name"), CHANGING),
        ChangingCalls::TAGS_OF_EKS,
    ];
    const BILLING: KindBilling<Self> =
        KindBilling::Free("the add-ons of EKS cost nothing; their pods run on the nodes");
    type Computed = AddonComputed;

    fn tags(&self) -> Option<&Tags> {
        Some(&self.tags)
    }

    fn takes(&self) -> Vec<(Quota, u64)> {
        Vec::new()
    }

    fn leaves(&self, _: &AddonComputed, going: Going) -> Vec<Impact> {
        let what = match going {
            Going::Deleted => "pods miss what it gives them, such as names or addresses",
            Going::Replaced(_) => "until the new one runs, pods miss what it gives them, such as names or addresses",
            Going::MadeAgain => return Vec::new(),
        };
        vec![Impact::lasting(ImpactClass::Interruption, (30, 120), Affected::Nodes, what).about(&self.name)]
    }

    fn terraform(&self, computed: &AddonComputed, _: &TerraformContext<'_>) -> Result<TerraformObject, TerraformError> {
        Ok(terraform::object(self, computed))
    }

    fn sample(&self, _: &Address, serial: u64, site: &Site) -> AddonComputed {
        AddonComputed {
            id: format!("cluster/{}", self.name),
            arn: site.arn("eks", &format!("addon/cluster/{}/{serial}", self.name)),
            cluster_name: "cluster".to_owned(),
        }
    }
}
