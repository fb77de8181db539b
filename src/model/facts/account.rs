//! The account that a stack is to be made in: what its caller may do there, and what it does to everything in it.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::{Fact, KeyFacts};
use crate::model::error::CloudError;

/// What to ask IAM about the caller, without doing anything.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SimulationQuery {
    /// The caller, as STS tells it.
    pub principal: String,
    /// The actions, and the ARN that each is about.
    pub actions: BTreeMap<String, String>,
    /// What the calls will carry, by condition key.
    pub context: BTreeMap<String, String>,
}

/// What the caller may do, as far as that is known before anything is done.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Permits {
    /// Of the actions that were asked about those that it may not do.
    pub denied: BTreeSet<DeniedAction>,
    /// Why IAM could not be asked, so that of most actions nothing is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub untold: Option<CloudError>,
}

/// An action that the policies of the caller do not allow (IAM `SimulatePrincipalPolicy`).
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DeniedAction {
    /// The action, such as `ec2:CreateVpc`.
    pub action: String,
    /// Whether a statement denies it; otherwise none allows it.
    pub is_explicit: bool,
    /// Who denies it: the policies of the caller, its permissions boundary, or the organization.
    pub denied_by: DeniedBy,
    /// Condition keys that some statement asks for and nobody could tell beforehand: with them the answer may be another.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub unknown_conditions: BTreeSet<String>,
}

/// Who denies an action.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DeniedBy {
    /// The policies of the caller.
    Policies,
    /// Its permissions boundary.
    Boundary,
    /// Policies of the organization.
    Organization,
}

/// What becomes of new disks in a region where nobody says how they are encrypted (EC2 `GetEbsEncryptionByDefault`,
/// `GetEbsDefaultKmsKeyId`).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DiskEncryption {
    /// Whether every new disk is encrypted.
    pub by_default: bool,
    /// The ARN of the key of somebody's own that it is done with; none where AWS keeps the key.
    pub key: Option<String>,
    /// That key; missing if there is none of somebody's own.
    pub key_facts: Fact<KeyFacts>,
}

/// The bucket of the state (S3 `GetBucketVersioning`, `GetPublicAccessBlock`).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StateBucketFacts {
    /// Whether what is overwritten in it can be had back.
    pub is_versioned: Fact<bool>,
    /// Whether all public access to it is blocked.
    pub is_private: Fact<bool>,
}

/// A service that endpoints lead to (EC2 `DescribeVpcEndpointServices`).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EndpointService {
    /// The zones in which it can be reached.
    pub zones: BTreeSet<String>,
}
