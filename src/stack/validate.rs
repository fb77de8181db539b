//! Rules between keys, and rules of one key that its type does not carry.
//!
//! Promises: every rule that can be judged from the values at hand is judged, whatever else is wrong; a problem points
//! at the key the person wrote.
//!
//! Leaves to others what only AWS knows: whether things exist, quotas, permissions (checks of the plan).

mod network;
mod places;
mod settings;
mod versions;

use super::values::Values;
use super::words::{JobPlace, Targets};
use crate::model::values::{
    AccessPointId, AccountId, Arn, BucketName, DatabaseClass, DomainName, FileSystemId, InstanceType, Region,
    S3Location, StackName, shown,
};
use crate::product::{MountPath, SizeError, connection_room, is_within, size};
use crate::text::{Place, Problem};

/// Everything that is wrong between the values.
pub(super) fn validate(values: &Values) -> Vec<Problem> {
    let mut rules = Rules { values, problems: Vec::new() };
    rules.region();
    rules.partitions();
    rules.network_range();
    rules.network_made_or_found();
    rules.air_gap();
    rules.existing_subnets();
    rules.service_range();
    rules.kubernetes_version();
    rules.engine_version();
    rules.public_networks();
    rules.admins();
    rules.node_sizes();
    rules.replicas_fit();
    rules.pods_fit();
    rules.connections_fit();
    rules.keys();
    rules.certificate();
    rules.node_port();
    rules.state_apart();
    rules.drift_job();
    rules.ingress();
    rules.license();
    rules.registry();
    rules.offline_data();
    rules.settings();
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

    /// A private range here is a misunderstanding: machines inside the VPC use the private endpoint.
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
        match size(of.as_str(), gib) {
            Err(SizeError::UnknownInstanceType { known, .. }) => self.refuse(
                &[machine],
                format!("how much a pod may use on {of} is not known here"),
                format!("use one of {known}"),
            ),
            Err(SizeError::NodeTooSmall { resource, each, allocatable, .. }) => self.refuse(
                &[machine],
                format!("a rollout needs room for two pods, and twice {each} of {resource} is more than {allocatable}, which {of} leaves for pods"),
                "use a larger one, such as c6a.4xlarge",
            ),
            Err(SizeError::DiskTooSmall { each, allocatable, .. }) => self.refuse(
                &[disk],
                format!("two pods need {each} each, and {gib} GiB leave {allocatable} for them"),
                "write 100",
            ),
            Ok(_) => {}
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
        let pools = (pods + 1) * if self.values.written("package_manager.usage_data").is_some() { 2 } else { 1 };
        let wanted = pools * each;
        if wanted > room {
            let each_of = if pools > pods + 1 { "2 pools of " } else { "" };
            self.refuse(
                &[connections, class, replicas],
                format!(
                    "{pods} replicas and the one an update adds, with {each_of}{each} connections each, want {wanted}, and {of} \
                     has room for about {room}"
                ),
                format!("set {connections} to {} or less, or {class} to a larger one", room / pools),
            );
        }
    }

    fn keys(&mut self) {
        self.key(
            "storage.kms",
            "this is an alias, which can be pointed at another key, and then nothing could be read",
            "S3, RDS and the nodes use keys of their own region only",
        );
        // "Specifying KMS keys in IAM policy statements", AWS KMS Developer Guide: an alias stands for itself, not for its key.
        self.key(
            "drift.state_key",
            "this is an alias, and a policy that names an alias allows nothing that is done with its key",
            "a bucket is encrypted with a key of its own region only",
        );
    }

    fn key(&mut self, path: &str, why_no_alias: &str, why_here: &str) {
        let Some(arn) = self.values.text::<Arn>(path) else {
            return;
        };
        let parts = arn.parts();
        if parts.service == "kms" && parts.resource.starts_with("alias/") {
            self.refuse(&[path], why_no_alias, format!("write the ARN of the key itself, such as {}", example(path)));
        } else if parts.service != "kms" || !parts.resource.starts_with("key/") {
            self.refuse(
                &[path],
                format!("{} is not a KMS key", shown(arn.as_str())),
                format!("write the ARN of a key, such as {}", example(path)),
            );
        } else {
            self.same_region(path, &arn, "the key", why_here);
        }
    }

    /// A pod has no folder in which a machine keeps the state, and a key is of use to the role alone.
    fn drift_job(&mut self) {
        let key = "drift.state_key";
        if self.values.written(key).is_some() && self.values.written("drift.job").is_none() {
            let remedy = format!("add `job: {}`, or delete the line", example("drift.job"));
            self.refuse(&[key], "there is no role that could use it", remedy);
        }
        let path = "drift.job";
        if self.values.word::<JobPlace>(path).is_some() && self.values.written("state").is_none() {
            self.refuse(
                &[path],
                "the job runs in the cluster, and the state is in a folder, where it cannot read it",
                format!("add `state: {}`, with a bucket of yours", example("state")),
            );
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

    /// Two volumes in one pod: neither inside the other, and not of one handle, which Kubernetes takes for one volume.
    fn offline_data(&mut self) {
        let (shared, offline) = ("package_manager.shared_storage", "package_manager.offline_data");
        if self.values.written(shared).is_none() || self.values.written(offline).is_none() {
            return;
        }
        let path =
            |section: &str| self.values.text::<MountPath>(&format!("{section}.path")).map(|path| path.to_string());
        if let (Some(storage), Some(data)) = (path(shared), path(offline))
            && (is_within(&data, &storage) || is_within(&storage, &data))
        {
            self.refuse(
                &["package_manager.offline_data.path", "package_manager.shared_storage.path", offline],
                format!(
                    "packages from outside are at {data}, and the shared storage at {storage}: one hides the other"
                ),
                "choose paths apart, such as /mnt/ppm-offline and /data",
            );
        }
        let handle = |section: &str| {
            let files = self.values.text::<FileSystemId>(&format!("{section}.file_system"));
            files.map(|files| (files, self.values.text::<AccessPointId>(&format!("{section}.access_point"))))
        };
        let is_misread = |section: &str| {
            let path = format!("{section}.access_point");
            self.values.written(&path).is_some() && self.values.text::<AccessPointId>(&path).is_none()
        };
        if handle(offline).is_some() && handle(offline) == handle(shared) && !is_misread(offline) && !is_misread(shared)
        {
            self.refuse(
                &["package_manager.offline_data.access_point", "package_manager.offline_data.file_system"],
                "this is the shared storage itself, and pods that mount one thing twice do not start",
                "give the packages from outside an access point of their own, or another file system",
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

fn example(path: &str) -> String {
    super::keys::find(path).map(|key| key.example.yaml()).unwrap_or_default()
}
