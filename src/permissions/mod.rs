//! Floor 3: which permissions of AWS the program needs, for which command, and on what.
//!
//! Promises: pure. One table ([`table`]) is the only place that names an action of IAM for a call of the program; the
//! policies of people, of jobs and of roles of the stack are all made from it, and a test compares it with the calls in the
//! sources, in both directions. What a policy allows is limited to the account, region, names and tags of one stack where
//! AWS can limit it ([`Target`]). The same scope gives the same bytes.
//!
//! Leaves to others where a scope comes from (`architecture`) and who is given a policy.

mod document;
mod permission;
mod simulation;
mod state;
mod table;
mod target;
#[cfg(test)]
mod tests;

use serde_json::{Value, json};

use crate::model::partition::Partition;
use crate::model::values::{Arn, S3Location};

pub use document::{IAM_LIMIT, PolicyDocument, characters, split};
use permission::Permission;
pub use permission::PolicyPurpose;
pub use simulation::{NeededAction, NeededAt, actions_of_apply, context, needed};
use target::Target;

/// The stack that a policy is for.
#[derive(Clone, Debug)]
pub struct StackScope {
    /// The stack.
    pub stack: String,
    /// Its region.
    pub region: String,
    /// Its account.
    pub account: String,
    /// The bucket of packages.
    pub bucket: String,
    /// The key that somebody else keeps and the stack uses; none means one of its own.
    pub key: Option<Arn>,
    /// Where its subnets come from.
    pub network: NetworkScope,
    /// Whether its load balancer has a certificate.
    pub has_certificate: bool,
    /// Whether roles or users are declared as administrators of the cluster.
    pub has_administrators: bool,
    /// The bucket of the state; none means a folder.
    pub state: Option<S3Location>,
    /// The KMS key that the bucket of the state is encrypted with, if it is one of somebody's own.
    pub state_key: Option<Arn>,
}

/// Where the subnets of a stack come from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NetworkScope {
    /// The stack makes its network, which reaches the internet.
    Connected,
    /// The stack makes its network, which reaches AWS by endpoints alone.
    AirGapped,
    /// Somebody else made it.
    Existing {
        /// The id of the VPC.
        vpc: String,
        /// The ids of its subnets.
        subnets: Vec<String>,
    },
}

impl StackScope {
    /// The partition of its region.
    pub fn partition(&self) -> &'static Partition {
        Partition::of_region(&self.region)
    }

    /// An ARN in its account and region.
    fn arn(&self, service: &str, object: &str) -> String {
        format!("arn:{}:{service}:{}:{}:{object}", self.partition().name, self.region, self.account)
    }

    /// An ARN of IAM in its account.
    fn iam(&self, object: &str) -> String {
        format!("arn:{}:iam::{}:{object}", self.partition().name, self.account)
    }

    /// An ARN of S3.
    fn s3(&self, object: &str) -> String {
        format!("arn:{}:s3:::{object}", self.partition().name)
    }
}

/// The policy of whoever runs a command, as one document. It may be larger than IAM takes in one policy ([`IAM_LIMIT`]);
/// [`split`] makes several of it.
pub fn policy(scope: &StackScope, purpose: PolicyPurpose) -> Value {
    let mut statements = document::statements(scope, purpose);
    statements.extend(state::reading(scope));
    if purpose == PolicyPurpose::Apply {
        statements.extend(state::checking(scope));
    }
    statements.extend(match purpose {
        PolicyPurpose::Plan => Vec::new(),
        PolicyPurpose::Drift => state::recording(scope),
        PolicyPurpose::Apply | PolicyPurpose::Destroy | PolicyPurpose::DriftFix => state::writing(scope),
    });
    whole(&statements)
}

/// The policy of a job that can only look for drift: at this stack, and at its state.
pub fn looking_for_drift(scope: &StackScope) -> Value {
    let mut statements = document::statements(scope, PolicyPurpose::Drift);
    statements.extend(state::reading(scope));
    whole(&statements)
}

fn whole(statements: &[Value]) -> Value {
    json!({"Version": "2012-10-17", "Statement": statements})
}

/// A call that a policy has to allow, as the tests of the table need it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct AllowedCall {
    /// The service as IAM names it.
    pub service: &'static str,
    /// The operation as AWS names it, upper and lower case apart.
    pub operation: &'static str,
    /// The action of IAM.
    pub action: &'static str,
}

/// Every call that the table names, each with its action. What a service asks in the name of the caller is no call.
pub fn calls() -> Vec<AllowedCall> {
    let mut calls: Vec<AllowedCall> = table::all().flat_map(Permission::calls).collect();
    calls.sort_unstable();
    calls.dedup();
    calls
}
