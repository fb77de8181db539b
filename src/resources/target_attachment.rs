//! The nodes of a group as targets of a target group, now and as they come and go.

#[cfg(feature = "aws")]
mod aws;
mod terraform;

use serde::{Deserialize, Serialize};

use super::node_group::NodeGroup;
use super::target_group::TargetGroup;
use crate::fields;
use crate::model::address::{Address, Kind};
use crate::model::audit::{AuditName, ChangingCalls};
use crate::model::billing::KindBilling;
use crate::model::component::Component;
use crate::model::facts::quota::Quota;
use crate::model::impact::{Going, Impact, Noticed};
use crate::model::mark::Tags;
use crate::model::reference::Ref;
use crate::model::resource::{Computed, Field, Holds, Resource};
use crate::model::site::Site;
use crate::model::terraform::{TerraformContext, TerraformError, TerraformObject};
/// The nodes of a group as targets of a target group, now and as they come and go.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TargetAttachment {
    /// The nodes.
    pub node_group: Ref<NodeGroup>,
    /// Where they are targets.
    pub target_group: Ref<TargetGroup>,
}

/// What AWS computes for a [`TargetAttachment`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TargetAttachmentComputed {
    /// Auto Scaling group and target group, joined by a space.
    pub id: String,
    /// The Auto Scaling group.
    pub autoscaling_group: String,
    /// ARN of the target group.
    pub target_group_arn: String,
}

impl Computed for TargetAttachmentComputed {
    fn id(&self) -> &str {
        &self.id
    }

    fn of_id(id: &str) -> Option<Self> {
        let (group, target_group) = id.split_once(' ')?;
        let (autoscaling_group, target_group_arn) = (group.to_owned(), target_group.to_owned());
        Some(Self { id: id.to_owned(), autoscaling_group, target_group_arn })
    }
}

impl Resource for TargetAttachment {
    const KIND: Kind = Kind::new("target_attachment");
    const WHAT: &'static str = "the nodes of a group as targets of a target group, now and as they come and go";
    const COMPONENT: Component = Component::FrontDoor;
    const SUMMARY: &'static str = "{node_group} in {target_group}";
    const HOLDS: Holds = Holds::Nothing;
    const FIELDS: &'static [Field] = fields!(TargetAttachment { node_group: Replace, target_group: Replace });
    const IDENTITY: &'static [&'static str] = &["node_group", "target_group"];
    const AUDIT: AuditName = AuditName::part("autoscaling", "autoscaling_group", "target_group_arn");
    const NOTICED: &'static [Noticed<Self>] = &[];
    const CHANGED_BY: &'static [ChangingCalls] = &[ChangingCalls::of(
        "autoscaling",
        "autoScalingGroupName",
        "autoscaling_group",
        &[
            "AttachLoadBalancerTargetGroups",
            "DetachLoadBalancerTargetGroups",
            "AttachTrafficSources",
            "DetachTrafficSources",
            "DeleteAutoScalingGroup",
        ],
    )];
    const BILLING: KindBilling<Self> =
        KindBilling::Free("what the targets are costs nothing; it is part of the load balancer");
    type Computed = TargetAttachmentComputed;

    fn tags(&self) -> Option<&Tags> {
        None
    }

    fn takes(&self) -> Vec<(Quota, u64)> {
        Vec::new()
    }

    fn leaves(&self, _: &TargetAttachmentComputed, _: Going) -> Vec<Impact> {
        Vec::new()
    }

    fn terraform(
        &self,
        _: &TargetAttachmentComputed,
        _: &TerraformContext<'_>,
    ) -> Result<TerraformObject, TerraformError> {
        Ok(terraform::object(self))
    }

    fn sample(&self, _: &Address, serial: u64, _: &Site) -> TargetAttachmentComputed {
        TargetAttachmentComputed {
            id: format!("asg-{serial} tg-{serial}"),
            autoscaling_group: format!("asg-{serial}"),
            target_group_arn: format!("tg-{serial}"),
        }
    }
}
