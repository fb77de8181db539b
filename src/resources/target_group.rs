//! Where a load balancer finds the program, and how it tells whether that is healthy.

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
/// Where a load balancer finds the program, and how it tells whether that is healthy.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TargetGroup {
    /// The first part of its name; a suffix follows, so that two generations can stand side by side.
    pub name: String,
    /// The network.
    pub vpc: Ref<Vpc>,
    /// `HTTP`.
    pub protocol: String,
    /// The port of the targets.
    pub port: u16,
    /// `instance` or `ip`.
    pub target_type: String,
    /// How health is told.
    pub health_check: HealthCheck,
    /// How many seconds a target that leaves may finish what it began.
    pub deregistration_delay_seconds: u32,
    /// Its tags.
    pub tags: Tags,
}

/// What AWS computes for a [`TargetGroup`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TargetGroupComputed {
    /// `arn:…:targetgroup/…`
    pub id: String,
    /// Its full name.
    pub name: String,
}

id_alone!(TargetGroupComputed { name });

impl Resource for TargetGroup {
    const KIND: Kind = Kind::new("target_group");
    const WHAT: &'static str =
        "where the load balancer finds Package Manager, and how it tells whether that is healthy";
    const COMPONENT: Component = Component::FrontDoor;
    const SUMMARY: &'static str = "{protocol} {port}, {target_type}";
    const HOLDS: Holds = Holds::Nothing;
    const FIELDS: &'static [Field] = fields!(TargetGroup {
        name: Replace,
        vpc: Replace,
        protocol: Replace,
        port: Replace,
        target_type: Replace,
        health_check: Update,
        deregistration_delay_seconds: Update,
        tags: Update
    });
    const IDENTITY: &'static [&'static str] = &["name"];
    const AUDIT: AuditName = AuditName::of("elasticloadbalancing", "id");
    const NOTICED: &'static [Noticed<Self>] = &[Noticed::always(
        "health_check",
        Impact::of(
            ImpactClass::NoOutage,
            Affected::Operators,
            "what counts as healthy changes: targets that do not pass are sent nothing",
        ),
    )];
    const CHANGED_BY: &'static [ChangingCalls] = &[
        ChangingCalls::of(
            "elasticloadbalancing",
            "targetGroupArn",
            "id",
            &["ModifyTargetGroup", "ModifyTargetGroupAttributes", "RegisterTargets", "DeleteTargetGroup"],
        ),
        ChangingCalls::TAGS_OF_BALANCING,
    ];
    const BILLING: KindBilling<Self> =
        KindBilling::Free("a target group costs nothing; it is part of the load balancer");
    type Computed = TargetGroupComputed;

    fn tags(&self) -> Option<&Tags> {
        Some(&self.tags)
    }

    fn takes(&self) -> Vec<(Quota, u64)> {
        vec![(Quota::TargetGroups, 1)]
    }

    fn leaves(&self, _: &TargetGroupComputed, _: Going) -> Vec<Impact> {
        Vec::new()
    }

    fn terraform(
        &self,
        computed: &TargetGroupComputed,
        _: &TerraformContext<'_>,
    ) -> Result<TerraformObject, TerraformError> {
        Ok(terraform::object(self, computed))
    }

    fn sample(&self, _: &Address, serial: u64, site: &Site) -> TargetGroupComputed {
        {
            let name = format!("{}-{serial:06}", self.name);
            TargetGroupComputed {
                id: site.arn("elasticloadbalancing", &format!("targetgroup/{name}/{serial:016x}")),
                name,
            }
        }
    }
}

/// How a load balancer tells whether a target is healthy.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HealthCheck {
    /// The port that is asked; `traffic-port` is the one the targets serve. What AWS takes by itself is not written
    /// down, here and for the protocol: lockfiles from before they were compared have no such fields.
    #[serde(default = "traffic_port", skip_serializing_if = "is_traffic_port")]
    pub port: String,
    /// The protocol to ask with, `HTTP`.
    #[serde(default = "http", skip_serializing_if = "is_http")]
    pub protocol: String,
    /// The path asked for.
    pub path: String,
    /// The HTTP status of a healthy target.
    pub matcher: String,
    /// Seconds between two questions.
    pub interval_seconds: u32,
    /// Seconds to wait for an answer.
    pub timeout_seconds: u32,
    /// Good answers in a row that make it healthy.
    pub healthy_count: u32,
    /// Bad answers in a row that make it unhealthy.
    pub unhealthy_count: u32,
}

fn traffic_port() -> String {
    "traffic-port".to_owned()
}

fn is_traffic_port(port: &str) -> bool {
    port == "traffic-port"
}

fn http() -> String {
    "HTTP".to_owned()
}

fn is_http(protocol: &str) -> bool {
    protocol == "HTTP"
}
