//! Rules between keys, and rules of one key that its type does not carry.
//!
//! Promises: every rule that can be judged from the values at hand is judged, whatever else is wrong; a problem points
//! at the key the person wrote.
//!
//! Leaves to others what only AWS knows: whether things exist, quotas, permissions (preflight).

use std::net::Ipv4Addr;

use super::keys::children;
use super::values::Values;
use super::words::{Connectivity, Scheme, Targets};
use crate::helm::{ValuesError, connection_room, fits};
use crate::model::values::{
    AccountId, Arn, BucketName, Cidr, DatabaseClass, DomainName, InstanceType, KubernetesVersion, Region, S3Location,
    StackName, SubnetId, shown,
};
use crate::text::{Place, Problem};

/// Everything that is wrong between the values.
pub(super) fn validate(values: &Values) -> Vec<Problem> {
    let mut rules = Rules { values, problems: Vec::new() };
    rules.network_range();
    rules.network_made_or_found();
    rules.air_gap();
    rules.existing_subnets();
    rules.service_range();
    rules.kubernetes_version();
    rules.public_networks();
    rules.admins();
    rules.node_sizes();
    rules.replicas_fit();
    rules.pods_fit();
    rules.connections_fit();
    rules.key();
    rules.certificate();
    rules.node_port();
    rules.state_apart();
    rules.ingress();
    rules.license();
    rules.problems
}

struct Rules<'a> {
    values: &'a Values,
    problems: Vec<Problem>,
}

impl Rules<'_> {
    /// Points at the first of the keys that was written.
    fn refuse(&mut self, paths: &[&str], message: impl AsRef<str>, hint: impl AsRef<str>) {
        let path = paths.iter().find(|path| self.values.written(path).is_some()).or(paths.first()).copied();
        let path = path.unwrap_or_default();
        self.refuse_at(self.values.place(path), path, message, hint);
    }

    fn refuse_at(&mut self, place: Place, path: &str, message: impl AsRef<str>, hint: impl AsRef<str>) {
        self.problems.push(Problem::new(place, path, message, hint));
    }

    fn network_range(&mut self) {
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

    fn network_made_or_found(&mut self) {
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

    fn air_gap(&mut self) {
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

    fn existing_subnets(&mut self) {
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

    fn service_range(&mut self) {
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

    /// Source: Kubernetes' feature gates: `nodeTaintsPolicy` and `matchLabelKeys` of spread constraints are on by
    /// default from 1.27.
    fn kubernetes_version(&mut self) {
        let path = "kubernetes.version";
        let Some(version) = self.values.text::<KubernetesVersion>(path) else {
            return;
        };
        if version.minor() < 27 {
            self.refuse(
                &[path],
                format!(
                    "Kubernetes {version} cannot spread the pods as needed, and EKS has retired it: 1.27 is the least"
                ),
                format!("write {}", example(path)),
            );
        }
    }

    /// A private range here is a misunderstanding: whoever is inside the VPC uses the private endpoint.
    fn public_networks(&mut self) {
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

    /// Source: EKS API, `CreateAccessEntry`: the principal is an IAM role or user.
    fn admins(&mut self) {
        let path = "kubernetes.admins";
        for (arn, place) in self.values.items(path, |item| item.parse::<Arn>().ok()).unwrap_or_default() {
            let parts = arn.parts();
            if parts.service == "iam" && ["role/", "user/"].iter().any(|kind| parts.resource.starts_with(kind)) {
                continue;
            }
            let hint = match parts.resource.strip_prefix("assumed-role/").and_then(|rest| rest.split_once('/')) {
                Some((role, _)) if parts.service == "sts" => {
                    format!(
                        "this is a session of a role; write arn:{}:iam::{}:role/{role}",
                        parts.partition, parts.account
                    )
                }
                _ => format!("write roles or users, such as {}", example(path)),
            };
            self.refuse_at(place, path, format!("{} is neither an IAM role nor a user", shown(arn.as_str())), hint);
        }
    }

    fn node_sizes(&mut self) {
        let (count, max) = ("kubernetes.nodes.count", "kubernetes.nodes.max");
        if let (Some(least), Some(most)) = (self.values.whole::<u64>(count), self.values.whole::<u64>(max))
            && most < least
        {
            self.refuse(
                &[max],
                format!("at most {most} nodes is less than the {least} that are always wanted (count)"),
                format!("write {least} or more, or delete the key: without it, max is the same as count"),
            );
        }
    }

    /// The spread over nodes is strict, so each replica has a node of its own.
    fn replicas_fit(&mut self) {
        let (replicas, count) = ("package_manager.replicas", "kubernetes.nodes.count");
        if let (Some(pods), Some(nodes)) = (self.values.whole::<u64>(replicas), self.values.whole::<u64>(count))
            && pods > nodes
        {
            self.refuse(
                &[replicas, count],
                format!("{pods} replicas cannot each have a node of their own on {nodes}"),
                format!("set {count} to {pods} or more, or {replicas} to {nodes} or less"),
            );
        }
    }

    /// A rollout puts the new pod beside an old one.
    fn pods_fit(&mut self) {
        let (machine, disk) = ("kubernetes.nodes.instance_type", "kubernetes.nodes.disk_gib");
        let (Some(of), Some(gib)) = (self.values.text::<InstanceType>(machine), self.values.whole::<u32>(disk)) else {
            return;
        };
        match fits(of.as_str(), gib) {
            Err(ValuesError::UnknownInstanceType { known, .. }) => self.refuse(
                &[machine],
                format!("how much a pod may use on {of} is not known here"),
                format!("use one of {known}"),
            ),
            Err(ValuesError::NodeTooSmall { resource, each, allocatable, .. }) => self.refuse(
                &[machine],
                format!("a rollout needs room for two pods, and twice {each} of {resource} is more than {allocatable}, which {of} leaves for pods"),
                "use a larger one, such as c6a.4xlarge",
            ),
            Err(ValuesError::DiskTooSmall { each, allocatable, .. }) => self.refuse(
                &[disk],
                format!("two pods need {each} each, and {gib} GiB leave {allocatable} for them"),
                "write 100",
            ),
            Ok(()) | Err(_) => {}
        }
    }

    fn connections_fit(&mut self) {
        let (connections, class, replicas) =
            ("package_manager.database_connections", "database.instance_class", "package_manager.replicas");
        let (Some(each), Some(of), Some(pods)) = (
            self.values.whole::<u64>(connections),
            self.values.text::<DatabaseClass>(class),
            self.values.whole::<u64>(replicas),
        ) else {
            return;
        };
        let Some(room) = connection_room(of.as_str()) else {
            return;
        };
        let wanted = (pods + 1) * each;
        if wanted > room {
            self.refuse(
                &[connections, class, replicas],
                format!(
                    "{pods} replicas and the one an update adds, with {each} connections each, want {wanted}, and {of} \
                     has room for about {room}"
                ),
                format!("set {connections} to {} or less, or {class} to a larger one", room / (pods + 1)),
            );
        }
    }

    fn key(&mut self) {
        let path = "storage.kms";
        let Some(arn) = self.values.text::<Arn>(path) else {
            return;
        };
        let parts = arn.parts();
        if parts.service == "kms" && parts.resource.starts_with("alias/") {
            self.refuse(
                &[path],
                "this is an alias, which can be pointed at another key, and then nothing could be read",
                format!("write the ARN of the key itself, such as {}", example(path)),
            );
        } else if parts.service != "kms" || !parts.resource.starts_with("key/") {
            self.refuse(
                &[path],
                format!("{} is not a KMS key", shown(arn.as_str())),
                format!("write the ARN of a key, such as {}", example(path)),
            );
        } else {
            self.same_region(path, &arn, "the key", "S3, RDS and the nodes use keys of their own region only");
        }
    }

    /// The stack's own bucket does not exist before the first apply, and goes with the last destroy.
    fn state_apart(&mut self) {
        let path = "state";
        let Some(location) = self.values.text::<S3Location>(path) else {
            return;
        };
        let own = match (self.values.text::<BucketName>("storage.bucket"), self.values.text::<StackName>("stack")) {
            (Some(bucket), _) => bucket.as_str() == location.bucket(),
            (None, Some(stack)) => {
                let account = location.bucket().strip_prefix(stack.as_str()).and_then(|rest| rest.strip_prefix('-'));
                account.is_some_and(|account| account.parse::<AccountId>().is_ok())
            }
            (None, None) => false,
        };
        if own {
            self.refuse(
                &[path],
                format!("{} is the stack's own bucket, which is not there before the first apply", location.bucket()),
                "make another bucket for the state, such as s3://acme-ppm-state/ppm",
            );
        }
    }

    fn certificate(&mut self) {
        let path = "load_balancer.certificate";
        let Some(arn) = self.values.text::<Arn>(path) else {
            return;
        };
        let parts = arn.parts();
        if parts.service != "acm" || !parts.resource.starts_with("certificate/") {
            self.refuse(
                &[path],
                format!("{} is not a certificate of ACM", shown(arn.as_str())),
                format!("write the ARN of one, such as {}; ACM issues and imports them", example(path)),
            );
            return;
        }
        self.same_region(path, &arn, "the certificate", "load balancers take certificates of their own region only");
        if let Some(account) = self.values.text::<AccountId>("account")
            && parts.account != account.as_str()
        {
            self.refuse(
                &[path],
                format!(
                    "the certificate is of account {}, and the stack of {account}: ACM does not share them",
                    parts.account
                ),
                format!("request or import it in account {account}"),
            );
        }
    }

    fn same_region(&mut self, path: &str, arn: &Arn, what: &str, why: &str) {
        let there = arn.parts().region.to_owned();
        if let Some(region) = self.values.text::<Region>("region")
            && there != region.as_str()
        {
            let there = if there.is_empty() { "no region".to_owned() } else { there };
            self.refuse(
                &[path],
                format!("{what} is in {there}, and the stack in {region}: {why}"),
                format!("use one in {region}, or build the stack where {what} is"),
            );
        }
    }

    fn node_port(&mut self) {
        let path = "load_balancer.node_port";
        if self.values.written(path).is_some()
            && let Some(targets) = self.values.word::<Targets>("load_balancer.targets")
            && targets != Targets::NodePort
        {
            self.refuse(
                &[path],
                format!("with targets: {targets} requests go straight to the pods, and no node port is opened"),
                "delete this key, or set targets to node_port",
            );
        }
    }

    /// Without a host name the Ingress of the chart has no rule, and the controller would make a load balancer that
    /// answers 404.
    fn ingress(&mut self) {
        let path = "load_balancer.domain";
        if self.values.word::<Targets>("load_balancer.targets") == Some(Targets::Ingress)
            && self.values.text::<DomainName>(path).is_none()
            && self.values.written(path).is_none()
        {
            self.refuse(
                &["load_balancer.targets"],
                "an Ingress is made for a host name, and none is declared",
                format!("add `domain: {}` under load_balancer", example(path)),
            );
        }
    }

    fn license(&mut self) {
        let path = "package_manager.license.server";
        for key in ["package_manager.license.secret", "package_manager.license.key"] {
            if let (Some(server), Some(place)) = (self.values.written(path), self.values.written(key)) {
                self.refuse_at(
                    place,
                    key,
                    format!("a license server (line {}) is used, and this key describes a license file", server.line),
                    format!("delete this key, or {path}"),
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

fn example(path: &str) -> String {
    super::keys::find(path).map(|key| key.example.yaml()).unwrap_or_default()
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
