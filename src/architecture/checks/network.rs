//! Checks of a network that somebody else made: whether what is put into it is let in, finds room, and reaches AWS.
//!
//! Sources: EKS User Guide, "View Amazon EKS networking requirements for VPC and subnets"; Elastic Load Balancing,
//! "Application Load Balancers", subnets; RDS User Guide, "Working with a DB instance in a VPC".

mod room;
mod ways;

use std::collections::{BTreeMap, BTreeSet};

use super::CheckContext;
use super::builder::{CheckBuilder, Key, Said};
use crate::architecture::handles;
use crate::model::facts::Fact;
use crate::model::facts::network::{NetworkFacts, NetworkQuery, SubnetFacts, VpcFacts, ZONES_WITHOUT_EKS};
use crate::model::finding::{Check, Severity};
use crate::model::values::Cidr;
use crate::stack::{ExistingNetwork, Network, Scheme, Stack, Targets};

const VPC: &str = "network.existing.vpc";
const PRIVATE: &str = "network.existing.private_subnets";
const PUBLIC: &str = "network.existing.public_subnets";

/// The network to ask for.
pub(super) fn query(stack: &Stack) -> Option<NetworkQuery> {
    let Network::Existing(existing) = &stack.network else { return None };
    let ids = |all: &BTreeSet<_>| all.iter().map(ToString::to_string).collect();
    Some(NetworkQuery {
        vpc: existing.vpc.to_string(),
        private: ids(&existing.private_subnets),
        public: existing.public_subnets.iter().map(ToString::to_string).collect(),
        instance_type: stack.kubernetes().nodes.instance_type.to_string(),
    })
}

/// Every check of the network.
pub(super) fn checks(cx: &CheckContext<'_>) -> Vec<Check> {
    let (Network::Existing(existing), Some(told)) = (&cx.stack.network, &cx.facts.network) else {
        return Vec::new();
    };
    let site = Site { cx, existing, told, subnets: Subnets::of(cx, existing, told) };
    let all = [
        Some(site.vpc()),
        Some(site.exist()),
        site.zones(),
        site.service_range(),
        ways::routes(&site),
        room::addresses(&site),
    ];
    all.into_iter().flatten().collect()
}

/// What the checks of one network look at.
struct Site<'a> {
    cx: &'a CheckContext<'a>,
    existing: &'a ExistingNetwork,
    told: &'a NetworkFacts,
    subnets: Subnets<'a>,
}

/// The subnets that exist in the network, by id.
struct Subnets<'a> {
    /// For nodes, database and cluster.
    private: BTreeMap<String, &'a SubnetFacts>,
    /// For the load balancer; none if a controller makes it.
    balancer: BTreeMap<String, &'a SubnetFacts>,
    /// The key under which those of the load balancer are declared.
    balancer_key: &'static str,
}

impl<'a> Subnets<'a> {
    fn of(cx: &CheckContext<'_>, existing: &ExistingNetwork, told: &'a NetworkFacts) -> Self {
        let found = |ids: Vec<String>| -> BTreeMap<String, &'a SubnetFacts> {
            let Fact::There(all) = &told.subnets else { return BTreeMap::new() };
            let there = |id: String| Some((all.get(&id).filter(|one| one.vpc == existing.vpc.as_str())?, id));
            ids.into_iter().filter_map(there).map(|(one, id)| (id, one)).collect()
        };
        let private = || existing.private_subnets.iter().map(ToString::to_string).collect();
        let internal = cx.stack.load_balancer.scheme == Scheme::Internal;
        let (balancer, balancer_key) = if internal {
            (private(), PRIVATE)
        } else {
            (existing.public_subnets.iter().map(ToString::to_string).collect(), PUBLIC)
        };
        Self { private: found(private()), balancer: found(balancer), balancer_key }
    }
}

impl Site<'_> {
    /// Whether the network is there, and names are resolved in it.
    fn vpc(&self) -> Check {
        let mut check = CheckBuilder::new(self.cx.places, "network.vpc");
        let (id, region) = (self.existing.vpc.as_str(), &self.cx.stack.region);
        let key = Key::of(VPC);
        let severity = self.cx.severity(id);
        let missing = Said::new(
            format!("there is no VPC {id} in {region}, account {}", self.cx.surroundings.account),
            "",
            format!("list those there are with `aws ec2 describe-vpcs --region {region}`"),
        );
        let action = "ec2:DescribeVpcs and DescribeVpcAttribute";
        if let Some(vpc) = check.there(Some(&self.told.vpc), key, action, severity, missing) {
            let settings = [
                (vpc.dns_support, "DNS resolution", "--enable-dns-support"),
                (vpc.dns_hostnames, "DNS host names", "--enable-dns-hostnames"),
            ];
            for (_, name, option) in settings.into_iter().filter(|(on, ..)| !on) {
                check.find(
                    severity,
                    key,
                    Said::new(
                        format!("{id} has {name} off"),
                        "nodes do not find the control plane then, and do not join",
                        format!("`aws ec2 modify-vpc-attribute --region {region} --vpc-id {id} {option}`"),
                    ),
                );
            }
        }
        check.done()
    }

    /// Whether every subnet is there, and in the network.
    fn exist(&self) -> Check {
        let mut check = CheckBuilder::new(self.cx.places, "network.subnets");
        let (vpc, region) = (self.existing.vpc.as_str(), &self.cx.stack.region);
        let list = format!(
            "list those of the network with `aws ec2 describe-subnets --region {region} --filters \
             Name=vpc-id,Values={vpc}`"
        );
        let all = match &self.told.subnets {
            Fact::There(all) => all,
            Fact::Missing => {
                check.untold(Key::of(PRIVATE), "the subnets were not told");
                return check.done();
            }
            Fact::Unread { error } => {
                check.unread(Key::of(PRIVATE), error, "ec2:DescribeSubnets");
                return check.done();
            }
        };
        let lists = [(PRIVATE, &self.existing.private_subnets), (PUBLIC, &self.existing.public_subnets)];
        for (path, id) in lists.into_iter().flat_map(|(path, ids)| ids.iter().map(move |id| (path, id.as_str()))) {
            let what = match all.get(id) {
                None => format!("there is no subnet {id} in {region}, account {}", self.cx.surroundings.account),
                Some(found) if found.vpc != vpc => format!("{id} is in {}, not in {vpc}", found.vpc),
                Some(_) => continue,
            };
            check.find(self.cx.severity(id), Key::item(path, id), Said::new(what, "", list.clone()));
        }
        check.done()
    }

    /// Whether the zones are enough, each good for what is put into it.
    fn zones(&self) -> Option<Check> {
        if self.subnets.private.is_empty() {
            return None;
        }
        let mut check = CheckBuilder::new(self.cx.places, "network.zones");
        self.zones_of_cluster(&mut check);
        if self.cx.stack.load_balancer.targets != Targets::Ingress {
            self.zones_of_balancer(&mut check);
        }
        Some(check.done())
    }

    fn zones_of_cluster(&self, check: &mut CheckBuilder<'_>) {
        let region = self.cx.stack.region.as_str();
        let private = &self.subnets.private;
        let zones: BTreeSet<&str> = private.values().map(|one| one.zone.as_str()).collect();
        if let [zone] = zones.iter().copied().collect::<Vec<_>>().as_slice() {
            let severity = worst(private.keys().map(|id| self.cx.severity(id)));
            check.find(
                severity,
                Key::of(PRIVATE),
                Said::new(
                    format!("all private subnets are in {zone}"),
                    "cluster and database each want subnets in two zones at least",
                    "add a private subnet of another zone",
                ),
            );
        }
        for (id, subnet) in private {
            let severity = self.cx.severity(id);
            let key = Key::item(PRIVATE, id);
            // Local zones and Wavelength have names such as us-east-1-bos-1a.
            let elsewhere = subnet.zone.strip_prefix(region).is_some_and(|rest| rest.starts_with('-'));
            if elsewhere || ZONES_WITHOUT_EKS.contains(&subnet.zone_id.as_str()) {
                let zone = format!("{} ({})", subnet.zone, subnet.zone_id);
                check.find(
                    severity,
                    key,
                    Said::new(
                        format!("{id} is in {zone}, where EKS places no control plane"),
                        "",
                        "use a private subnet of another zone",
                    ),
                );
                continue;
            }
            let of = &self.cx.stack.kubernetes().nodes.instance_type;
            if let Fact::There(offering) = &self.told.zones_of_type
                && !offering.contains(&subnet.zone)
            {
                let good: Vec<&str> = offering.iter().map(String::as_str).collect();
                let there = if good.is_empty() { "no zone of this region".to_owned() } else { good.join(", ") };
                check.find(
                    severity,
                    key,
                    Said::new(
                        format!("{id} is in {}, and {of} is offered in {there}", subnet.zone),
                        "no node would start there",
                        "use a private subnet of a zone that offers it, or another kubernetes.nodes.instance_type",
                    ),
                );
            }
        }
        if let Fact::Unread { error } = &self.told.zones_of_type {
            check.unread(Key::of("kubernetes.nodes.instance_type"), error, "ec2:DescribeInstanceTypeOfferings");
        }
    }

    fn zones_of_balancer(&self, check: &mut CheckBuilder<'_>) {
        let (balancer, path) = (&self.subnets.balancer, self.subnets.balancer_key);
        if balancer.is_empty() {
            return;
        }
        let mut by_zone: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
        for (id, subnet) in balancer {
            by_zone.entry(&subnet.zone).or_default().push(id);
        }
        for (zone, ids) in by_zone.iter().filter(|(_, ids)| ids.len() > 1) {
            check.find(
                self.cx.severity(ids[1]),
                Key::item(path, ids[1]),
                Said::new(
                    format!("{} are all in {zone}, and a load balancer takes one subnet of each zone", ids.join(", ")),
                    "",
                    format!("leave one of each zone in {path}"),
                ),
            );
        }
        if by_zone.len() == 1 && path == PUBLIC {
            let severity = worst(balancer.keys().map(|id| self.cx.severity(id)));
            let zone = by_zone.keys().next().copied().unwrap_or_default();
            check.find(
                severity,
                Key::of(path),
                Said::new(
                    format!("all public subnets are in {zone}, and a load balancer wants two zones at least"),
                    "",
                    "add a public subnet of another zone",
                ),
            );
        }
        let without: BTreeSet<&str> = self
            .subnets
            .private
            .values()
            .map(|one| one.zone.as_str())
            .filter(|zone| !by_zone.contains_key(zone))
            .collect();
        if !without.is_empty() {
            let zones = without.into_iter().collect::<Vec<_>>().join(", ");
            check.find(
                Severity::Warning,
                Key::of(path),
                Said::new(
                    format!("the load balancer has no subnet in {zones}, where nodes may stand"),
                    "targets in a zone that is not the load balancer's get no requests",
                    format!("add a subnet of {zones} to {path}"),
                ),
            );
        }
    }

    /// Whether the addresses of services are apart from those of the network.
    fn service_range(&self) -> Option<Check> {
        let Fact::There(VpcFacts { cidrs, .. }) = &self.told.vpc else { return None };
        let path = "kubernetes.service_cidr";
        let mut check = CheckBuilder::new(self.cx.places, "network.service_range");
        let services = self.cx.stack.kubernetes().service_cidr;
        let ranges: Vec<Cidr> = cidrs.iter().filter_map(|cidr| cidr.parse().ok()).collect();
        if let Some(range) = ranges.iter().find(|range| range.overlaps(&services)) {
            let free = ["172.20.0.0/16", "10.100.0.0/16", "192.168.0.0/20", "172.21.0.0/16"]
                .into_iter()
                .filter_map(|free| free.parse::<Cidr>().ok())
                .find(|free| !ranges.iter().any(|range| range.overlaps(free)));
            let remedy = match free {
                Some(free) => format!("set {path} to {free}"),
                None => format!("set {path} to a private range, /12 to /24, outside of the network"),
            };
            check.find(
                if self.cx.makes(&handles::CLUSTER) { Severity::Error } else { Severity::Warning },
                Key::of(path),
                Said::new(
                    format!("services ({services}) and the network ({range}) overlap, and EKS wants them apart"),
                    "",
                    remedy,
                ),
            );
        }
        Some(check.done())
    }
}

/// The worst of several severities; a warning of none.
fn worst(all: impl Iterator<Item = Severity>) -> Severity {
    all.min().unwrap_or(Severity::Warning)
}
