//! What users connect to (Application Load Balancer).

#[cfg(feature = "aws")]
mod aws;
mod terraform;

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::security_group::SecurityGroup;
use super::subnet::Subnet;
use crate::model::address::{Address, Kind};
use crate::model::audit::{AuditName, ChangingCalls};
use crate::model::billing::{Billing, BillingContext, Charge, GB_IN_TB, KindBilling, Usage};
use crate::model::component::Component;
use crate::model::facts::quota::Quota;
use crate::model::impact::{Affected, Going, Impact, ImpactClass, Noticed};
use crate::model::mark::Tags;
use crate::model::money::Quantity;
use crate::model::reference::Ref;
use crate::model::resource::{Field, Holds, Resource};
use crate::model::site::Site;
use crate::model::terraform::{TerraformContext, TerraformError, TerraformObject};
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

/// Data out to the internet in steps, each with the GB a month at which it ends (Amazon EC2 pricing, "Data transfer": the first
/// 10 TB, the next 40, the next 100, the rest).
const OUT: [(&str, u64); 4] = [
    ("data-transfer internet-out-first-10tb", 10 * GB_IN_TB),
    ("data-transfer internet-out-next-40tb", 50 * GB_IN_TB),
    ("data-transfer internet-out-next-100tb", 150 * GB_IN_TB),
    ("data-transfer internet-out-over-150tb", u64::MAX),
];

/// New connections that one capacity unit takes in an hour: 25 a second (Elastic Load Balancing pricing, "LCU details").
const CONNECTIONS_OF_UNIT: u64 = 25 * 3600;

/// Hours of capacity units in a month. Of what a unit is measured by, the larger counts: a GB in an hour, or new connections,
/// one for each install at most. As both are sums, it does not matter in which hours they fall. Open connections and rules stay
/// far below.
fn capacity_units(usage: &Usage) -> Option<Quantity> {
    let connections = usage.installs()?.divided_by(CONNECTIONS_OF_UNIT);
    Some(usage.installed_gb()?.max(connections))
}

impl LoadBalancer {
    // Elastic Load Balancing pricing: each hour, and each capacity unit. Public addresses are billed for each zone.
    fn billing(&self, context: &BillingContext) -> Billing {
        let usage = &context.usage;
        let is_public = self.scheme == "internet-facing";
        let mut charges = vec![Charge::hourly("load balancer", "elb alb-hour", 1)];
        if is_public {
            let zones = self.subnets.len() as u64;
            charges.push(Charge::hourly("public address in each zone", "vpc public-ipv4-in-use", zones));
        }
        let undeclared = match usage.installs_per_day {
            None => "`cost.installs_per_day` is not declared",
            Some(_) => "`cost.install_mb` is not declared",
        };
        charges.push(Charge::used("capacity units", "elb alb-lcu-hour", capacity_units(usage), undeclared));
        if is_public {
            charges.extend(Charge::stepped("data to the internet", &OUT, usage.installed_gb(), undeclared));
        } else {
            let why = "it leaves by a connection of yours, which is billed apart from the stack";
            charges.push(Charge::not_included("data to users", why));
        }
        Billing::Charged(charges)
    }
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
    const BILLING: KindBilling<Self> = KindBilling::Asked(Self::billing);
    type Computed = LoadBalancerComputed;

    fn tags(&self) -> Option<&Tags> {
        Some(&self.tags)
    }

    fn takes(&self) -> Vec<(Quota, u64)> {
        vec![(Quota::LoadBalancers, 1)]
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

    fn terraform(
        &self,
        computed: &LoadBalancerComputed,
        _: &TerraformContext<'_>,
    ) -> Result<TerraformObject, TerraformError> {
        Ok(terraform::object(self, computed))
    }

    fn sample(&self, _: &Address, serial: u64, site: &Site) -> LoadBalancerComputed {
        LoadBalancerComputed {
            id: site.arn("elasticloadbalancing", &format!("loadbalancer/app/{}/{serial:016x}", self.name)),
            dns_name: site.host(&format!("{}-{serial}", self.name), "elb"),
            zone_id: "Z35SXDOTRQ7X7K".to_owned(),
        }
    }
}
