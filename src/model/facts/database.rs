//! What RDS offers, and what a database runs.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::Fact;

/// What to ask for a database that is to be made, or to become another.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DatabaseQuery {
    /// The version that is wanted: `17`, or `17.4`.
    pub version: String,
    /// The instance class that is wanted.
    pub instance_class: String,
    /// The identifier of the database, if one stands.
    pub standing: Option<String>,
}

/// What RDS offers for it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DatabaseOffers {
    /// The versions that a new database may have, of every major (`DescribeDBEngineVersions`).
    pub versions: Fact<BTreeSet<String>>,
    /// What can be ordered with the class, in the newest version that is meant (`DescribeOrderableDBInstanceOptions`);
    /// missing if no version is what is meant.
    pub options: Fact<Vec<DatabaseOption>>,
    /// The version that runs, and where RDS can go from it; missing if none stands.
    pub running: Fact<RunningEngine>,
}

/// One combination that can be ordered.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DatabaseOption {
    /// `gp3` and others.
    pub storage_type: String,
    /// The least storage, in GiB.
    pub least_gib: u32,
    /// The most storage, in GiB.
    pub most_gib: u32,
    /// Whether it can have a standby in another zone.
    pub multi_az: bool,
    /// The zones in which it can be ordered.
    #[serde(default)]
    pub zones: BTreeSet<String>,
}

/// The engine of a database that stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RunningEngine {
    /// Its full version.
    pub version: String,
    /// The versions it can be upgraded to.
    pub targets: BTreeSet<String>,
}
