//! What the cloud answers about an object beyond what we ever set: the members of its describe calls, by the names of the
//! service model.

use std::collections::BTreeMap;

use serde_json::Value;

use super::address::Address;
use super::error::CloudError;
use super::observation::Observation;

/// What one call answered about one object.
#[derive(Clone, Debug, PartialEq)]
pub enum CallAnswer {
    /// The elements of the answer that belong to the object; the whole answer where it is about nothing else.
    Told(Vec<Value>),
    /// The error by which the cloud says that nothing is set.
    NotSet,
    /// It is not known.
    Unread(CloudError),
}

/// What is known of one object, by call, such as `ec2:DescribeSubnets`. What was not asked is not in it.
pub type CallAnswers = BTreeMap<String, CallAnswer>;

/// One look: an observation for every target, and the answers it rests on.
#[derive(Clone, Debug, Default)]
pub struct Described {
    /// What stands.
    pub observed: BTreeMap<Address, Observation>,
    /// What was answered.
    pub answers: BTreeMap<Address, CallAnswers>,
}
