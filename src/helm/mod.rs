//! The values file for the chart `rstudio-pm`, finished down to the last line.
//!
//! Promises: a pure function of [`Inputs`]. The same inputs give the same bytes; every key is one that both chart
//! lines we read (0.5.43 and 0.20.4) know or ignore; no secret is ever in the file, only names of Kubernetes Secrets;
//! inputs that the chart would swallow silently and the server or the scheduler would choke on are refused here,
//! because the chart ships no schema and reports no mistake.
//!
//! Leaves to others: where the inputs come from (the declaration and the outputs of a run), writing the file, running
//! the commands, and the Secrets themselves.

mod chart;
mod check;
mod commands;
mod config;
mod document;
mod error;
mod form;
mod header;
pub mod keys;
mod kubernetes;
mod leaves;
mod objects;
mod releases;
mod review;
pub mod rollout;
mod schema;
mod values;

#[cfg(test)]
mod tests;

pub use chart::Values;
pub use commands::{ShellCommand, Whereabouts, next_commands, shell_word};
pub use error::ValuesError;
pub use header::Header;
pub use leaves::leaves;
pub use releases::{ending_image, image_of_line, release};
pub use review::{NodeFacts, Reach, Review, StackFacts, review};
pub use schema::values_schema;
pub use values::values;

use crate::product::gcfg::GcfgSection;
use crate::product::{DatabaseConnection, FileSystem, Image, License, PackageStorage, Server, UsageData};

/// Kubernetes Secret with the encryption key of Package Manager.
pub const ENCRYPTION_SECRET: &str = "ppm-secrets";
/// Key in [`ENCRYPTION_SECRET`].
pub const ENCRYPTION_SECRET_KEY: &str = "ppm-encryption-key-user";
/// Kubernetes Secret with the password of the database user.
pub const DATABASE_SECRET: &str = "rstudio-pm-database";
/// Key in [`DATABASE_SECRET`].
pub const DATABASE_SECRET_KEY: &str = "password";
/// TLS 1.2 and 1.3 ("Security policies for your Application Load Balancer"); without one, the API of ELB and the AWS Load
/// Balancer Controller take a policy of 2016.
pub const TLS_POLICY: &str = "ELBSecurityPolicy-TLS13-1-2-2021-06";
/// Driver of the Secrets Store.
pub const SECRETS_DRIVER: &str = "secrets-store.csi.k8s.io";
/// Service account by which the External Secrets Operator reads: the subject in the trust policy of its role.
pub const SECRETS_READER: &str = "ppm-secrets-reader";
/// Kubernetes Job that makes what Package Manager expects of its database server.
pub const DATABASE_JOB: &str = "ppm-database-setup";

/// Everything the values file and the commands after it depend on: what was declared and what was made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Inputs {
    /// Kubernetes namespace of the release; part of the subject in the role's trust policy.
    pub namespace: String,
    /// Helm release name; also the name of the Service and of the service account.
    pub release: String,
    /// Exact version of the chart, three numbers, at least 0.5.43.
    pub chart_version: String,
    /// Pods of Package Manager, at most one per node.
    pub replicas: u32,
    /// Largest number of database connections each pool of a pod may open.
    pub database_connections: u32,
    /// Where the license is.
    pub license: License,
    /// Whether the Secrets Store CSI driver makes the Secrets, for as long as a pod mounts them.
    pub secrets_by_pods: bool,
    /// Image in a registry of one's own; nothing for the one the chart names.
    pub image: Option<Image>,
    /// File system that holds the packages in place of the bucket.
    pub shared_storage: Option<FileSystem>,
    /// File system with packages that were brought in from outside, to be read alone.
    pub offline_data: Option<FileSystem>,
    /// Place of its own for usage data.
    pub usage_data: Option<UsageData>,
    /// Further settings of the server; none of those this program decides.
    pub settings: Vec<GcfgSection>,
    /// IAM role that the service account assumes (IRSA).
    pub role_arn: String,
    /// Endpoint address of the database.
    pub database_host: String,
    /// Endpoint port of the database.
    pub database_port: u16,
    /// Database on the instance.
    pub database_name: String,
    /// User that owns the database.
    pub database_user: String,
    /// Instance class, for example `db.t3.xlarge`; decides how many connections there are to share.
    pub database_instance_class: String,
    /// Bucket for everything Package Manager stores.
    pub bucket: String,
    /// Region of the bucket, the secrets and the cluster.
    pub region: String,
    /// Public URL without a path, or nothing when only the load balancer's own name exists.
    pub address: Option<String>,
    /// DNS name that AWS gave the load balancer; nothing when it is not made here.
    pub load_balancer_dns_name: Option<String>,
    /// How requests reach the pods.
    pub exposure: Exposure,
    /// Label, key and value, that the node group puts on its nodes.
    pub node_label: (String, String),
    /// Minor version of Kubernetes: 33 for 1.33.
    pub kubernetes_minor: u32,
    /// EC2 instance type of the nodes.
    pub instance_type: String,
    /// Root disk of a node in GiB.
    pub disk_gib: u32,
    /// Nodes in the node group.
    pub node_count: u32,
    /// How pods are replaced.
    pub strategy: Strategy,
    /// Secrets Manager secret with JSON `{"username": …, "password": …}` of the database user.
    pub database_secret_arn: String,
    /// Secrets Manager secret whose text is the encryption key in hexadecimal and nothing else.
    pub encryption_key_secret_arn: String,
    /// EKS cluster.
    pub cluster_name: String,
}

impl Inputs {
    /// The server whose settings are among the values.
    fn server(&self) -> Server<'_> {
        Server {
            address: self.address.as_deref(),
            storage: match &self.shared_storage {
                None => PackageStorage::Bucket { name: &self.bucket, region: &self.region },
                Some(files) => PackageStorage::Directory(files.path.as_str()),
            },
            database: DatabaseConnection {
                host: &self.database_host,
                port: self.database_port,
                name: &self.database_name,
                user: &self.database_user,
            },
            usage_data: self.usage_data,
            connections: self.database_connections,
            further: &self.settings,
        }
    }

    /// Names the `SecretProviderClass` from which the CSI driver makes the Secrets.
    pub fn secret_class(&self) -> String {
        secret_class(&self.release)
    }

    /// Names who the pods are for IAM; the trust policy of [`Inputs::role_arn`] must allow exactly this subject.
    pub fn subject(&self) -> String {
        format!("system:serviceaccount:{}:{}", self.namespace, self.release)
    }
}

/// Names the `SecretProviderClass` of a release.
pub fn secret_class(release: &str) -> String {
    format!("{release}-secrets")
}

/// How requests get from the load balancer to the pods.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Exposure {
    /// Nodes are the targets; every node answers on one fixed port. Needs nothing in the cluster.
    NodePort {
        /// Port 30000 to 32767, the same as in the target group and in the security group rule.
        port: u16,
    },
    /// Pods are the targets, registered by the AWS Load Balancer Controller, which must be installed first.
    TargetGroupBinding {
        /// Target group with target type `ip`.
        target_group_arn: String,
        /// VPC of the target group.
        vpc_id: String,
    },
    /// The AWS Load Balancer Controller, which must be installed first, makes a load balancer from an Ingress.
    Ingress(Ingress),
}

/// What the Ingress asks of the controller.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ingress {
    /// Host name of the one rule.
    pub host: String,
    /// Whether only the VPC and what is connected to it can route to it.
    pub is_internal: bool,
    /// Certificate of ACM; nothing for plain HTTP.
    pub certificate_arn: Option<String>,
    /// Networks that may connect.
    pub allow_from: Vec<String>,
    /// When an idle connection ends.
    pub idle_timeout_seconds: u32,
    /// Subnets of the load balancer; none when the controller finds them by their tags.
    pub subnets: Vec<String>,
}

/// How a new revision replaces the old one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Strategy {
    /// One pod at a time. Right while chart and image stay the same.
    Rolling,
    /// All pods stop before new ones start. Right when chart or image change: two versions of Package Manager must
    /// not work on one database.
    Recreate,
}
