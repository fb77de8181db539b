//! What a plan asks the cloud about things that are not the stack's own, and what it is told.
//!
//! Every question is answered by itself: what could not be read is [`Fact::Unread`], and hides no other answer.

pub mod account;
pub mod certificate;
pub mod database;
pub mod network;
pub mod quota;
pub mod removal;

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::error::CloudError;
use super::policy::Policy;
use account::{DiskEncryption, EndpointService, Permits, SimulationQuery, StateBucketFacts};
use certificate::Certificate;
use database::{DatabaseOffers, DatabaseQuery};
use network::{NetworkFacts, NetworkQuery};
use quota::{Quota, QuotaUse};
use removal::{Removal, RemovalQuery};

/// One answer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Fact<T> {
    /// It is there.
    There(T),
    /// There is no such thing.
    Missing,
    /// It could not be read.
    Unread {
        /// What went wrong.
        error: CloudError,
    },
}

/// What is asked. Each field holds the names or ids of one kind of thing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FactQuery {
    /// KMS keys, by ARN.
    pub keys: BTreeSet<String>,
    /// Certificates, by ARN.
    pub certificates: BTreeSet<String>,
    /// Roles and users of the own account, by ARN; their names are what counts.
    pub principals: BTreeSet<String>,
    /// A network that somebody else made.
    pub network: Option<NetworkQuery>,
    /// What RDS offers.
    pub database: Option<DatabaseQuery>,
    /// An instance type, of which the zones that offer it.
    pub zones_of_type: Option<String>,
    /// What stands in the way of a removal.
    pub removal: Option<RemovalQuery>,
    /// Quotas.
    pub quotas: BTreeSet<Quota>,
    /// What the caller may do.
    pub simulation: Option<SimulationQuery>,
    /// Roles that services make for themselves, by name.
    pub service_roles: BTreeSet<String>,
    /// Whether to ask what becomes of new disks.
    pub disk_encryption: bool,
    /// Services that endpoints are to lead to, by name.
    pub endpoint_services: BTreeSet<String>,
    /// The bucket of the state, by name.
    pub state_bucket: Option<String>,
}

/// The answers to a [`FactQuery`]: one to everything that was asked.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Facts {
    /// KMS keys, by ARN.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub keys: BTreeMap<String, Fact<KeyFacts>>,
    /// Certificates, by ARN.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub certificates: BTreeMap<String, Fact<Certificate>>,
    /// Roles and users, by the ARN that was asked for.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub principals: BTreeMap<String, Fact<PrincipalFacts>>,
    /// The network that somebody else made.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub network: Option<NetworkFacts>,
    /// What RDS offers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub database: Option<DatabaseOffers>,
    /// The zones that offer the instance type.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub zones_of_type: Option<Fact<BTreeSet<String>>>,
    /// What stands in the way of a removal.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub removal: Option<Removal>,
    /// Quotas, and what is used of them.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub quotas: BTreeMap<Quota, QuotaUse>,
    /// What the caller may do.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub permits: Option<Permits>,
    /// Whether roles that services make for themselves are there.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub service_roles: BTreeMap<String, Fact<PrincipalFacts>>,
    /// What becomes of new disks.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub disk_encryption: Option<Fact<DiskEncryption>>,
    /// The services that endpoints are to lead to; what the region does not have is not among them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub endpoint_services: Option<Fact<BTreeMap<String, EndpointService>>>,
    /// The bucket of the state.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub state_bucket: Option<StateBucketFacts>,
}

impl Facts {
    /// Whether there is no answer.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// A key of KMS (`DescribeKey`, `GetKeyPolicy`).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KeyFacts {
    /// `Enabled`, `Disabled`, `PendingDeletion`, `PendingImport`, `Unavailable` and others.
    pub state: String,
    /// When it will be deleted.
    pub deleted_at: Option<Timestamp>,
    /// When its material ends, if it was imported with an end.
    pub material_until: Option<Timestamp>,
    /// `SYMMETRIC_DEFAULT`, `RSA_2048`, `HMAC_256` and others.
    pub spec: String,
    /// `ENCRYPT_DECRYPT`, `SIGN_VERIFY`, `GENERATE_VERIFY_MAC` or `KEY_AGREEMENT`.
    pub usage: String,
    /// Whether AWS keeps it for one of its services, as `aws/s3`.
    pub is_aws_managed: bool,
    /// Its policy; missing if it belongs to another account, from where nobody can read it.
    pub policy: Fact<Policy>,
}

/// A role or a user (`GetRole`, `GetUser`).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PrincipalFacts {
    /// Its ARN, with its path.
    pub arn: String,
}
