//! What users connect to (Application Load Balancer).

#[cfg(feature = "aws")]
mod aws;

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::security_group::SecurityGroup;
use super::subnet::Subnet;
use crate::model::address::{Address, Kind};
use crate::model::audit::{AuditName, ChangingCalls};
use crate::model::component::Component;
use crate::model::impact::{Affected, Going, Impact, ImpactClass, Noticed};
use crate::model::mark::Tags;
use crate::model::reference::Ref;
use crate::model::resource::{Field, Holds, Resource, Typical};
use crate::model::site::Site;
use crate::{fields, id_alone};
/// What users connect to (Application Load Balancer).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LoadBalancer {
    /// Its name; unique in account and region, at most 32 characters. Where it takes the place of another load balancer, a
    /// suffix follows that is not written down, so that two generations can stand side by side.
    pub name: String,
    /// `internet-facing` or `internal`.
    pub scheme: String,
    /// `ipv4`, or `dualstack` where its subnets have both. What AWS takes by itself is not written down: lockfiles from
    /// before it was compared have no such field.
    #[serde(default = "ipv4", skip_serializing_if = "is_ipv4")]
    pub ip_address_type: String,
    /// The subnets it stands in, in at least two zones.
    pub subnets: BTreeSet<Ref<Subnet>>,
    /// Its firewalls.
    pub security_groups: BTreeSet<Ref<SecurityGroup>>,
    /// After how many seconds without data a connection is closed.
    pub idle_timeout_seconds: u32,
    /// Whether headers that break the rules of HTTP are dropped.
    pub drop_invalid_headers: bool,
    /// Whether deleting it is refused.
    pub deletion_protection: bool,
    /// Its tags.
    pub tags: Tags,
}

/// What AWS computes for a [`LoadBalancer`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LoadBalancerComputed {
    /// `arn:…:loadbalancer/app/…`
    pub id: String,
    /// Host name to connect to.
    pub dns_name: String,
    /// The hosted zone of that name, for alias records.
    pub zone_id: String,
}

id_alone!(LoadBalancerComputed { dns_name, zone_id });

fn ipv4() -> String {
    "ipv4".to_owned()
}

fn is_ipv4(kind: &str) -> bool {
    kind == "ipv4"
}

impl Resource for LoadBalancer {
    const KIND: Kind = Kind::new("load_balancer");
    const WHAT: &'static str = "what users connect to (Application Load Balancer)";
    const COMPONENT: Component = Component::FrontDoor;
    const SUMMARY: &'static str = "{scheme}";
    const HOLDS: Holds = Holds::Nothing;
    const FIELDS: &'static [Field] = fields!(LoadBalancer {
        name: Replace,
        scheme: Replace,
        ip_address_type: Update,
        subnets: Update,
        security_groups: Update,
        idle_timeout_seconds: Update,
        drop_invalid_headers: Update,
        deletion_protection: Update,
        tags: Update
    });
    const IDENTITY: &'static [&'static str] = &["name"];
    const AUDIT: AuditName = AuditName::of("elasticloadbalancing", "id");
    // Elastic Load Balancing User Guide: "Update the Availability Zones for your Application Load Balancer".
    const NOTICED: &'static [Noticed<Self>] = &[
        Noticed::when(
            "subnets",
            "when it leaves a zone",
            |from, to| !from.subnets.is_subset(&to.subnets),
            Impact::of(
                ImpactClass::Interruption,
                Affected::Everybody,
                "connections through the zones it leaves are cut and can be made again",
            ),
        ),
        Noticed::when(
            "deletion_protection",
            "when it is switched off",
            |_, to| !to.deletion_protection,
            Impact::of(ImpactClass::LessResilient, Affected::Operators, "deleting it is refused no more"),
        ),
    ];
    const CHANGED_BY: &'static [ChangingCalls] = &[
        ChangingCalls::of(
            "elasticloadbalancing",
            "loadBalancerArn",
            "id",
            &[
                "ModifyLoadBalancerAttributes",
                "SetIpAddressType",
                "SetSecurityGroups",
                "SetSubnets",
                "CreateListener",
                "DeleteLoadBalancer",
            ],
        ),
        ChangingCalls::TAGS_OF_BALANCING,
    ];
    const TYPICAL: Typical = Typical { create: 150, update: 10, delete: 120 };
    type Computed = LoadBalancerComputed;

    fn tags(&self) -> Option<&Tags> {
        Some(&self.tags)
    }

    fn leaves(&self, computed: &LoadBalancerComputed, going: Going) -> Vec<Impact> {
        let impact = match going {
            Going::Deleted => Impact::of(
                ImpactClass::Outage,
                Affected::Everybody,
                "nothing answers there any more: DNS records that lead there must lead elsewhere",
            ),
            Going::Replaced(_) | Going::MadeAgain => {
                Impact::of(ImpactClass::NewAddress, Affected::Everybody, "the new load balancer has another DNS name")
            }
        };
        vec![impact.about(&computed.dns_name)]
    }

    fn sample(&self, _: &Address, serial: u64, site: &Site) -> LoadBalancerComputed {
        LoadBalancerComputed {
            id: site.arn("elasticloadbalancing", &format!("loadbalancer/app/{}/{serial:016x}", self.name)),
            dns_name: site.host(&format!("{}-{serial}", self.name), "elb"),
            zone_id: "Z35SXDOTRQ7X7K".to_owned(),
        }
    }
}
