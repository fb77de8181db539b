//! Declarations: what a person wants, read from YAML and right before anything else looks at it.
//!
//! Promises: a [`Stack`] that exists is complete (defaults filled in) and consistent in itself; whoever wrote a wrong
//! one learns all of it at once, each with line, column, what was expected and what to write. Keys, defaults, limits
//! and their documentation are one table, from which the JSON Schema, `explain`, `init` and the commented example come.
//!
//! Leaves to others the AWS objects a declaration leads to, and everything only AWS knows.

pub mod amend;
mod check;
mod document;
mod error;
pub mod explain;
pub mod init;
mod keys;
mod pinned;
mod places;
mod platform;
mod region;
pub mod schema;
mod settings;
mod shown;
mod tags;
#[cfg(test)]
mod tests;
mod validate;
mod values;
mod waivers;
mod words;

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use crate::model::billing::Usage;
use crate::model::lifecycle::LifecycleDays;
use crate::model::put_right::PutRightRules;
use crate::model::values::{
    AccountId, Arn, BucketName, Cidr, DatabaseClass, DomainName, EngineVersion, Region, S3Location, StackName,
    SubnetId, VpcId,
};
use crate::model::waiver::Waiver;
use crate::product::gcfg::GcfgSection;
use crate::product::{FileSystem, License, UsageData};
use crate::text::tree;
use values::Values;

pub use crate::text::Problem;
pub use error::DeclarationError;
pub use pinned::Pinned;
pub use places::Places;
pub use platform::{Chart, Kubernetes, Nodes, Platform};
pub use words::{
    Architecture, Choice, Connectivity, JobPlace, NatPlacement, Protected, Scheme, SecretsBy, Targets, Word,
};

/// One declared environment: plain values, defaults filled in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stack {
    /// Names everything; the first part of every AWS name.
    pub stack: StackName,
    /// Where everything is built.
    pub region: Region,
    /// The only account that may be touched, if one is named.
    pub account: Option<AccountId>,
    /// What Package Manager runs on.
    pub platform: Platform,
    /// The VPC and its subnets, made or found.
    pub network: Network,
    /// The database.
    pub database: DeclaredDatabase,
    /// The bucket of packages and the key.
    pub storage: Storage,
    /// What people talk to.
    pub load_balancer: DeclaredLoadBalancer,
    /// What runs on the platform.
    pub package_manager: PackageManager,
    /// What may not be deleted.
    pub protect: BTreeSet<Protected>,
    /// Where the state is kept; none means a folder.
    pub state: Option<S3Location>,
    /// The job that looks for drift, if its role is a part of the stack. The state is in a bucket then.
    pub drift: Option<DeclaredDrift>,
    /// From when on the ages and ends of what the stack is made of are told.
    pub lifecycle: LifecycleDays,
    /// What may be put right by itself; nothing where it is not declared.
    pub put_right: Option<PutRightRules>,
    /// How it is used, as far as that is declared.
    pub usage: Usage,
    /// Tags for every object, besides the program's own.
    pub tags: BTreeMap<String, String>,
    /// Drift that somebody answers for until a day.
    pub waivers: Vec<Waiver>,
}

/// Where the stack's subnets come from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Network {
    /// A VPC of the stack's own.
    Made(MadeNetwork),
    /// A VPC somebody else made and keeps.
    Existing(ExistingNetwork),
}

/// A network that is the stack's own.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct MadeNetwork {
    /// The VPC's addresses, /16 to /20.
    pub cidr: Cidr,
    /// Over how many availability zones, 2 to 4.
    pub zones: u8,
    /// Where NAT gateways stand.
    pub nat: NatPlacement,
    /// Whether it reaches the internet.
    pub connectivity: Connectivity,
}

impl MadeNetwork {
    /// The private subnet of a zone (from 0): an eighth of the VPC.
    pub fn private_subnet(&self, zone: u8) -> Option<Cidr> {
        if zone >= self.zones { None } else { self.cidr.subnet(self.cidr.prefix() + 3, zone.into()) }
    }

    /// The public subnet of a zone (from 0): a 128th of the VPC, out of its second half, where no private one is.
    pub fn public_subnet(&self, zone: u8) -> Option<Cidr> {
        if zone >= self.zones { None } else { self.cidr.subnet(self.cidr.prefix() + 7, 64 + u32::from(zone)) }
    }
}

/// A network that is not the stack's to change.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ExistingNetwork {
    /// The VPC.
    pub vpc: VpcId,
    /// For nodes, database and cluster; two at least.
    pub private_subnets: BTreeSet<SubnetId>,
    /// For the load balancer; two at least, or none if it is internal.
    pub public_subnets: BTreeSet<SubnetId>,
}

/// The database, an instance of RDS.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct DeclaredDatabase {
    /// Its class.
    pub instance_class: DatabaseClass,
    /// Its version, or the major one to follow.
    pub engine_version: Pinned<EngineVersion>,
    /// Whether it may stay on a version past its standard support, for money.
    pub extended_support: bool,
    /// Its storage, in GiB.
    pub storage_gib: u32,
    /// Whether it has a standby in a second zone.
    pub multi_az: bool,
    /// How long automatic backups are kept, in days.
    pub backup_days: u8,
}

/// Bucket and key.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Storage {
    /// The bucket's name; none means one made from stack and account.
    pub bucket: Option<BucketName>,
    /// An existing KMS key; none means one of the stack's own.
    pub kms: Option<Arn>,
}

/// The Application Load Balancer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct DeclaredLoadBalancer {
    /// The host name people use.
    pub domain: Option<DomainName>,
    /// The ACM certificate; none means plain HTTP.
    pub certificate: Option<Arn>,
    /// Who can route to it.
    pub scheme: Scheme,
    /// From where it accepts connections.
    pub allow_from: BTreeSet<Cidr>,
    /// How requests get to the pods.
    pub targets: Targets,
    /// The nodes' port, used with [`Targets::NodePort`]; nothing for the one that stands, or that of a new stack.
    pub node_port: Option<u16>,
    /// When an idle connection ends, in seconds.
    pub idle_timeout_seconds: u16,
}

/// Package Manager, wherever it runs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct PackageManager {
    /// How many of it run.
    pub replicas: u16,
    /// The most database connections of each.
    pub database_connections: u16,
    /// Where its license is.
    #[serde(skip)]
    pub license: License,
    /// What holds the packages, if it is not the bucket.
    pub shared_storage: Option<FileSystem>,
    /// What holds packages that were brought in from outside.
    pub offline_data: Option<FileSystem>,
    /// Where usage data goes, if it has a place of its own.
    pub usage_data: Option<UsageData>,
    /// Further settings of the server.
    pub settings: Vec<GcfgSection>,
}

/// The job that looks for drift on a schedule.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct DeclaredDrift {
    /// Where it runs.
    pub job: JobPlace,
    /// The KMS key that the bucket of the state is encrypted with, if it is one of somebody's own.
    pub state_key: Option<Arn>,
}

impl Stack {
    /// Reads a declaration. `file_name` is for messages alone; nothing is opened.
    ///
    /// # Errors
    /// All independent problems at once, in the order of the file; a syntax error of YAML comes alone, because
    /// nothing can be said about the rest.
    pub fn parse(file_name: &str, text: &str) -> Result<Self, DeclarationError> {
        Self::read(file_name, text).map(|(stack, _)| stack)
    }

    /// As [`Stack::parse`], with the places of what is written.
    ///
    /// # Errors
    /// As [`Stack::parse`].
    pub fn read(file_name: &str, text: &str) -> Result<(Self, Places), DeclarationError> {
        let mut problems = Vec::new();
        let (document, problem) = tree(text);
        problems.extend(problem);
        let values = document.map(|document| {
            let (values, found) = check::check(&document);
            problems.extend(found);
            problems.extend(validate::validate(&values));
            values
        });
        match values {
            Some(values) if problems.is_empty() => {
                let stack = Self::from_values(&values).expect("every key was checked and has a value");
                Ok((stack, Places::of(&values)))
            }
            _ => Err(DeclarationError::new(file_name, text, problems)),
        }
    }

    fn from_values(values: &Values) -> Option<Self> {
        Some(Self {
            stack: values.text("stack")?,
            region: values.text("region")?,
            account: values.text("account"),
            platform: Platform::from_values(values)?,
            network: Network::from_values(values)?,
            database: DeclaredDatabase {
                instance_class: values.text("database.instance_class")?,
                engine_version: Pinned::of(values, "database.engine_version")?,
                extended_support: values.flag("database.extended_support")?,
                storage_gib: values.whole("database.storage_gib")?,
                multi_az: values.flag("database.multi_az")?,
                backup_days: values.whole("database.backup_days")?,
            },
            storage: Storage { bucket: values.text("storage.bucket"), kms: values.text("storage.kms") },
            load_balancer: DeclaredLoadBalancer {
                domain: values.text("load_balancer.domain"),
                certificate: values.text("load_balancer.certificate"),
                scheme: Scheme::from_values(values)?,
                allow_from: values.texts("load_balancer.allow_from")?,
                targets: values.word("load_balancer.targets")?,
                node_port: values.whole("load_balancer.node_port"),
                idle_timeout_seconds: values.whole("load_balancer.idle_timeout_seconds")?,
            },
            package_manager: PackageManager {
                replicas: values.whole("package_manager.replicas")?,
                database_connections: values.whole("package_manager.database_connections")?,
                license: license(values)?,
                shared_storage: file_system(values, "package_manager.shared_storage"),
                offline_data: file_system(values, "package_manager.offline_data"),
                usage_data: values.word("package_manager.usage_data"),
                settings: settings::sections(values.list("package_manager.settings")),
            },
            protect: values.words("protect")?,
            state: values.text("state"),
            drift: values.word("drift.job").map(|job| DeclaredDrift { job, state_key: values.text("drift.state_key") }),
            lifecycle: LifecycleDays {
                image: values.whole("drift.image_days")?,
                password: values.whole("drift.password_days")?,
                certificate: values.whole("drift.certificate_days")?,
            },
            put_right: put_right(values),
            usage: Usage {
                installs_per_day: values.whole("cost.installs_per_day"),
                install_mb: values.whole("cost.install_mb"),
                package_tb: values.whole("cost.package_tb"),
                fetched_gb: values.whole("cost.fetched_gb"),
            },
            tags: values.tags("tags")?,
            waivers: values.list("waivers").to_vec(),
        })
    }
}

/// What may be put right by itself, where that is written at all.
fn put_right(values: &Values) -> Option<PutRightRules> {
    values.written("drift.put_right")?;
    Some(PutRightRules {
        changes: values.words("drift.put_right.changes")?,
        severities: values.words("drift.put_right.severities")?,
        window: values.text("drift.put_right.window"),
        at_most: values.whole("drift.put_right.at_most")?,
        cool_down_hours: values.whole("drift.put_right.cool_down_hours")?,
    })
}

/// Whether a network is made that does not reach the internet.
fn is_air_gapped(values: &Values) -> bool {
    values.written("network.existing").is_none() && values.word("network.connectivity") == Some(Connectivity::AirGapped)
}

impl Scheme {
    fn from_values(values: &Values) -> Option<Self> {
        if is_air_gapped(values) && values.written("load_balancer.scheme").is_none() {
            return Some(Self::Internal);
        }
        values.word("load_balancer.scheme")
    }
}

impl Network {
    /// Whether it is made by the stack and does not reach the internet.
    pub fn is_air_gapped(&self) -> bool {
        matches!(self, Self::Made(MadeNetwork { connectivity: Connectivity::AirGapped, .. }))
    }

    fn from_values(values: &Values) -> Option<Self> {
        if values.written("network.existing").is_some() {
            return Some(Self::Existing(ExistingNetwork {
                vpc: values.text("network.existing.vpc")?,
                private_subnets: values.texts("network.existing.private_subnets")?,
                public_subnets: values.texts("network.existing.public_subnets").unwrap_or_default(),
            }));
        }
        Some(Self::Made(MadeNetwork {
            cidr: values.text("network.cidr")?,
            zones: values.whole("network.zones")?,
            nat: values.word("network.nat")?,
            connectivity: values.word("network.connectivity")?,
        }))
    }
}

fn license(values: &Values) -> Option<License> {
    if let Some(server) = values.text("package_manager.license.server") {
        return Some(License::Server(server));
    }
    Some(License::File {
        secret: values.text("package_manager.license.secret")?,
        key: values.text("package_manager.license.key")?,
    })
}

/// The file system declared in a section.
fn file_system(values: &Values, section: &str) -> Option<FileSystem> {
    Some(FileSystem {
        file_system: values.text(&format!("{section}.file_system"))?,
        access_point: values.text(&format!("{section}.access_point")),
        path: values.text(&format!("{section}.path"))?,
    })
}
