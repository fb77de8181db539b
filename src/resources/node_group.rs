//! The machines of a cluster (EKS managed node group).

#[cfg(feature = "aws")]
pub(super) mod aws;
pub(super) mod terraform;

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::cluster::Cluster;
use super::iam_role::IamRole;
use super::subnet::Subnet;
use crate::fields;
use crate::model::address::{Address, Kind};
use crate::model::audit::{AuditName, ChangingCalls};
use crate::model::billing::{Billing, BillingContext, Charge, KindBilling};
use crate::model::component::Component;
use crate::model::document::told_later;
use crate::model::facts::quota::Quota;
use crate::model::impact::{Affected, Going, Impact, ImpactClass, Noticed};
use crate::model::mark::Tags;
use crate::model::reference::Ref;
use crate::model::resource::{Computed, Field, Holds, ReplaceOrder, Resource};
use crate::model::site::Site;
use crate::model::terraform::{TerraformContext, TerraformError, TerraformObject};
/// The machines of a cluster (EKS managed node group).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NodeGroup {
    /// The cluster.
    pub cluster: Ref<Cluster>,
    /// The first part of its name; a suffix follows, so that two generations can stand side by side.
    pub name: String,
    /// Kubernetes version.
    pub version: String,
    /// The role of the machines.
    pub role: Ref<IamRole>,
    /// The subnets they stand in.
    pub subnets: BTreeSet<Ref<Subnet>>,
    /// Their instance type, such as `c6a.4xlarge`.
    pub instance_type: String,
    /// Their image, such as `AL2023_x86_64_STANDARD`.
    pub ami_type: String,
    /// `ON_DEMAND` or `SPOT`.
    pub capacity_type: String,
    /// Size of their root volume in GiB.
    pub disk_gib: u32,
    /// How many there are at least. More may run if `max` allows: then an autoscaler decides.
    pub count: u32,
    /// How many there may be.
    pub max: u32,
    /// How many may be missing while the group is updated.
    pub max_unavailable: u32,
    /// Kubernetes labels.
    pub labels: BTreeMap<String, String>,
    /// Its tags.
    pub tags: Tags,
}

/// What AWS computes for a [`NodeGroup`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NodeGroupComputed {
    /// Cluster and full name, joined by `/`.
    pub id: String,
    /// `arn:…:nodegroup/…`
    pub arn: String,
    /// The cluster.
    pub cluster_name: String,
    /// Its full name.
    pub name: String,
    /// The Auto Scaling group EKS made for it, told once it is active.
    #[serde(default, deserialize_with = "told_later", skip_serializing_if = "Option::is_none")]
    pub autoscaling_group: Option<String>,
}

impl Computed for NodeGroupComputed {
    fn id(&self) -> &str {
        &self.id
    }

    fn of_id(id: &str) -> Option<Self> {
        let (cluster, name) = id.split_once('/')?;
        let (cluster_name, name) = (cluster.to_owned(), name.to_owned());
        Some(Self { id: id.to_owned(), arn: String::new(), cluster_name, name, autoscaling_group: None })
    }
}

/// The calls of EKS that change it. Some of their records name the cluster as the API does, others as its path does.
const CHANGING: &[&str] = &["UpdateNodegroupConfig", "UpdateNodegroupVersion", "DeleteNodegroup"];

impl NodeGroup {
    // Amazon EC2 and EBS pricing: the machines are billed as any others; the root volume is that of the image, gp3 with AL2023.
    fn billing(&self, _: &BillingContext) -> Billing {
        let count = u64::from(self.count);
        let machines = format!("{} × {}", self.count, self.instance_type);
        let mut charges = vec![match self.capacity_type.as_str() {
            "ON_DEMAND" => Charge::hourly(machines, format!("ec2 {}", self.instance_type), count),
            _ => Charge::not_included(machines, "spot prices move from hour to hour"),
        }];
        let disks = count * u64::from(self.disk_gib);
        charges.push(Charge::monthly(format!("{} × {} GiB gp3", self.count, self.disk_gib), "ebs gp3-storage", disks));
        if self.max > self.count {
            let why = "how many an autoscaler adds above the count nobody declares";
            charges.push(Charge::not_included("further nodes", why));
        }
        if self.instance_type.starts_with('t') {
            charges.push(Charge::not_included("CPU credits", "nothing that is declared says how busy the nodes are"));
        }
        charges.push(Charge::not_included("data between zones", "nothing that is declared says how much"));
        Billing::Charged(charges)
    }
}

impl Resource for NodeGroup {
    const KIND: Kind = Kind::new("node_group");
    const WHAT: &'static str = "the machines of the cluster (EKS managed node group)";
    const COMPONENT: Component = Component::Kubernetes;
    const SUMMARY: &'static str = "{count} of {instance_type}, {disk_gib} GiB each";
    const HOLDS: Holds = Holds::Nothing;
    const FIELDS: &'static [Field] = fields!(NodeGroup {
        cluster: Replace,
        name: Replace,
        version: UpdateStepwise,
        role: Replace,
        subnets: Replace,
        instance_type: Replace,
        ami_type: Replace,
        capacity_type: Replace,
        disk_gib: Replace,
        count: Update,
        max: Update,
        max_unavailable: Update,
        labels: Update,
        tags: Update
    });
    const CLIMB_RANK: u8 = 1;
    const IDENTITY: &'static [&'static str] = &["cluster", "name"];
    const AUDIT: AuditName = AuditName::part("eks", "cluster_name", "name");
    // EKS User Guide: "Understand each phase of node updates".
    const NOTICED: &'static [Noticed<Self>] = &[
        Noticed::always(
            "version",
            Impact::lasting(
                ImpactClass::Rolling,
                (900, 1800),
                Affected::Nodes,
                "EKS puts new nodes beside the old ones and empties these one by one: each pod moves once",
            ),
        ),
        Noticed::always(
            "version",
            Impact::of(ImpactClass::NoWayBack, Affected::Operators, "EKS never goes back to an older version"),
        ),
        Noticed::when(
            "count",
            "when there are fewer",
            |from, to| to.count < from.count,
            Impact::of(ImpactClass::Rolling, Affected::Nodes, "nodes may go, and their pods move to the others"),
        ),
        Noticed::when(
            "count",
            "when there are fewer",
            |from, to| to.count < from.count,
            Impact::of(ImpactClass::LessResilient, Affected::Everybody, "fewer nodes are left when one fails"),
        ),
        Noticed::when(
            "max",
            "when there may be fewer",
            |from, to| to.max < from.max,
            Impact::of(
                ImpactClass::Rolling,
                Affected::Nodes,
                "nodes beyond that go, and their pods move to the others",
            ),
        ),
        Noticed::always(
            "labels",
            Impact::of(
                ImpactClass::NoOutage,
                Affected::Operators,
                "pods that choose nodes by a label follow when they start",
            ),
        ),
    ];
    const CHANGED_BY: &'static [ChangingCalls] = &[
        ChangingCalls::part("eks", ("name", "cluster_name"), ("nodegroupName", "name"), CHANGING),
        ChangingCalls::part("eks", ("clusterName", "cluster_name"), ("nodegroupName", "name"), CHANGING),
        ChangingCalls::of(
            "autoscaling",
            "autoScalingGroupName",
            "autoscaling_group",
            &[
                "UpdateAutoScalingGroup",
                "SuspendProcesses",
                "ResumeProcesses",
                "AttachInstances",
                "DetachInstances",
                "DeleteAutoScalingGroup",
            ],
        ),
        ChangingCalls::TAGS_OF_EKS,
    ];
    const BILLING: KindBilling<Self> = KindBilling::Asked(Self::billing);
    type Computed = NodeGroupComputed;

    fn tags(&self) -> Option<&Tags> {
        Some(&self.tags)
    }

    fn takes(&self) -> Vec<(Quota, u64)> {
        Vec::new()
    }

    fn leaves(&self, _: &NodeGroupComputed, going: Going) -> Vec<Impact> {
        match going {
            Going::Deleted => {
                vec![Impact::of(ImpactClass::Outage, Affected::Everybody, "no pod of these nodes runs any more")]
            }
            Going::Replaced(ReplaceOrder::CreateFirst) => {
                let what = "new nodes come first, then the old ones are emptied: each pod moves once";
                vec![Impact::lasting(ImpactClass::Rolling, (300, 900), Affected::Nodes, what)]
            }
            Going::Replaced(ReplaceOrder::DeleteFirst) => {
                let what = "no pod of these nodes runs until new nodes are there";
                vec![Impact::lasting(ImpactClass::Outage, (300, 900), Affected::Everybody, what)]
            }
            Going::MadeAgain => Vec::new(),
        }
    }

    fn terraform(
        &self,
        computed: &NodeGroupComputed,
        _: &TerraformContext<'_>,
    ) -> Result<TerraformObject, TerraformError> {
        Ok(terraform::object(self, computed))
    }

    fn sample(&self, _: &Address, serial: u64, site: &Site) -> NodeGroupComputed {
        NodeGroupComputed {
            id: format!("cluster/{}-{serial:06}", self.name),
            arn: site.arn("eks", &format!("nodegroup/cluster/{}/{serial}", self.name)),
            cluster_name: "cluster".to_owned(),
            name: format!("{}-{serial:06}", self.name),
            autoscaling_group: Some(format!("eks-{}-{serial:08}", self.name)),
        }
    }
}
