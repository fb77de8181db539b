//! Rules of the network: its range, what is made and what is found, and what a network without internet lacks.

use std::net::Ipv4Addr;

use super::super::keys::children;
use super::super::words::{Connectivity, Scheme};
use super::{Rules, example};
use crate::model::values::{Cidr, SubnetId};

impl Rules<'_> {
    pub(super) fn network_range(&mut self) {
        let path = "network.cidr";
        let Some(cidr) = self.values.text::<Cidr>(path) else {
            return;
        };
        if !(16..=20).contains(&cidr.prefix()) {
            let nearest = Cidr::around(cidr.address(), cidr.prefix().clamp(16, 20)).unwrap_or(cidr);
            let why = if cidr.prefix() < 16 {
                "larger than a VPC can be"
            } else {
                "too small for nodes, pods and load balancer"
            };
            self.refuse(
                &[path],
                format!("a network of {} bits is {why}: expected /16 to /20", cidr.prefix()),
                format!("write {nearest}"),
            );
        }
        if !within(cidr, &[PRIVATE, &[SHARED]].concat()) {
            self.refuse(
                &[path],
                format!("{cidr} is not in a private range, so part of the internet could not be reached"),
                "choose one in 10.0.0.0/8, 172.16.0.0/12, 192.168.0.0/16 or 100.64.0.0/10",
            );
        }
        if cidr.overlaps(&range(CONTAINERS)) {
            self.refuse(
                &[path],
                format!("{cidr} overlaps 172.17.0.0/16, which container runtimes on the nodes use for themselves"),
                "choose another range, such as 10.0.0.0/16",
            );
        }
    }

    pub(super) fn network_made_or_found(&mut self) {
        let Some(existing) = self.values.written("network.existing") else {
            return;
        };
        for key in ["network.cidr", "network.zones", "network.nat", "network.connectivity"] {
            if let Some(place) = self.values.written(key) {
                self.refuse_at(
                    place,
                    key,
                    format!(
                        "an existing network (line {}) is used, and this key describes one that is made",
                        existing.line
                    ),
                    "delete this key, or network.existing",
                );
            }
        }
        let public = "network.existing.public_subnets";
        let begun = children("network.existing").any(|key| self.values.written(key.path).is_some());
        if begun
            && self.values.written(public).is_none()
            && self.values.word::<Scheme>("load_balancer.scheme") == Some(Scheme::InternetFacing)
        {
            self.refuse_at(
                existing,
                public,
                "the load balancer is internet_facing and has no public subnets",
                format!("add `public_subnets: {}`, or set load_balancer.scheme to internal", example(public)),
            );
        }
    }

    pub(super) fn air_gap(&mut self) {
        let connectivity = "network.connectivity";
        let gapped = self.values.word::<Connectivity>(connectivity) == Some(Connectivity::AirGapped);
        if !gapped || self.values.written("network.existing").is_some() {
            return;
        }
        if self.values.written("package_manager.image").is_none() {
            self.refuse(
                &[connectivity],
                "from an air_gapped network the image of Package Manager cannot be pulled where the chart looks for it",
                format!(
                    "copy it into a registry inside, and write package_manager.image.repository, such as {}, and its tag",
                    example("package_manager.image.repository")
                ),
            );
        }
        let scheme = "load_balancer.scheme";
        if let Some(place) = self.values.written(scheme)
            && self.values.word::<Scheme>(scheme) == Some(Scheme::InternetFacing)
        {
            self.refuse_at(
                place,
                scheme,
                "an air_gapped network has no internet gateway, and a load balancer that faces the internet needs one",
                "delete this key: the load balancer is internal then; or set network.connectivity to internet",
            );
        }
        if let Some(place) = self.values.written("network.nat") {
            self.refuse_at(
                place,
                "network.nat",
                "an air_gapped network has no NAT gateways",
                "delete this key, or set network.connectivity to internet",
            );
        }
    }

    pub(super) fn existing_subnets(&mut self) {
        let read = |item: &str| item.parse::<SubnetId>().ok();
        let private = self.values.items("network.existing.private_subnets", read).unwrap_or_default();
        let public = self.values.items("network.existing.public_subnets", read).unwrap_or_default();
        for (subnet, place) in public {
            if private.iter().any(|(other, _)| *other == subnet) {
                self.refuse_at(
                    place,
                    "network.existing.public_subnets",
                    format!("{subnet} is among the private subnets too"),
                    "a subnet is public if its route table leads to an internet gateway; delete it from the wrong list",
                );
            }
        }
    }

    pub(super) fn service_range(&mut self) {
        let path = "kubernetes.service_cidr";
        let Some(services) = self.values.text::<Cidr>(path) else {
            return;
        };
        if !(12..=24).contains(&services.prefix()) {
            self.refuse(
                &[path],
                format!("a network of {} bits does not suit services: EKS wants /12 to /24", services.prefix()),
                "write one such as 172.20.0.0/16",
            );
        }
        if !within(services, PRIVATE) {
            self.refuse(
                &[path],
                format!("{services} is not in a private range, which EKS wants for services"),
                "choose one in 10.0.0.0/8, 172.16.0.0/12 or 192.168.0.0/16",
            );
        }
        // The range of a network somebody else made is only known to AWS.
        if self.values.written("network.existing").is_some() {
            return;
        }
        if let Some(network) = self.values.text::<Cidr>("network.cidr")
            && network.overlaps(&services)
        {
            let free = ["172.20.0.0/16", "10.100.0.0/16"].iter().find(|free| !network.overlaps(&range(free)));
            self.refuse(
                &[path, "network.cidr"],
                format!("services ({services}) and network ({network}) overlap, and EKS wants them apart"),
                format!("set {path} to {}", free.copied().unwrap_or("172.21.0.0/16")),
            );
        }
    }

    pub(super) fn public_networks(&mut self) {
        let path = "kubernetes.public_cidrs";
        for (cidr, place) in self.values.items(path, |item| item.parse::<Cidr>().ok()).unwrap_or_default() {
            if within(cidr, &[PRIVATE, &[SHARED]].concat()) {
                self.refuse_at(
                    place,
                    path,
                    format!("{cidr} is a private range, from which nobody comes over the internet"),
                    "write public ranges; from inside the VPC the API is always reached",
                );
            }
        }
    }
}

/// Source: RFC 1918.
const PRIVATE: &[&str] = &["10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16"];
/// Source: RFC 6598; AWS allows it for VPCs.
const SHARED: &str = "100.64.0.0/10";
/// Source: EKS User Guide, "VPC and subnet requirements": avoid it, Docker's bridge uses it.
const CONTAINERS: &str = "172.17.0.0/16";

fn within(cidr: Cidr, ranges: &[&str]) -> bool {
    ranges.iter().any(|outer| range(outer).contains(&cidr))
}

fn range(text: &str) -> Cidr {
    text.parse().unwrap_or_else(|_| Cidr::around(Ipv4Addr::UNSPECIFIED, 32).expect("32 bits are a prefix of IPv4"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_ranges_this_file_names_are_ranges() {
        for text in PRIVATE.iter().chain(&[SHARED, CONTAINERS]) {
            assert_eq!(range(text).to_string(), *text);
        }
    }
}
