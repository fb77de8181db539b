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

impl Default for CallAnswer {
    /// An answer that tells nothing.
    fn default() -> Self {
        Self::Told(Vec::new())
    }
}

impl CallAnswer {
    /// Puts another answer of the same call to it. What of it is not known makes the whole of it unknown.
    pub fn add(&mut self, more: Self) {
        match (&mut *self, more) {
            (Self::Unread(_), _) | (_, Self::NotSet) => {}
            (Self::Told(known), Self::Told(more)) => known.extend(more),
            (_, more) => *self = more,
        }
    }
}

/// What is known of one object, by call, such as `ec2:DescribeSubnets`. What was not asked is not in it.
pub type CallAnswers = BTreeMap<String, CallAnswer>;

/// A call that is worth making after what was found, about one object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Inquiry {
    /// The object.
    pub address: Address,
    /// The call, such as `iam:GetRolePolicy`.
    pub call: &'static str,
    /// Where in its answer stands what is asked for; empty for the whole of it.
    pub path: &'static str,
    /// The parameters of the request, by the names of the service model.
    pub asked: BTreeMap<&'static str, String>,
    /// The error that means "not set".
    pub absent: Option<&'static str>,
}

/// A call that takes away something that stands within an object of ours and is not ours.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RemovalCall {
    /// The call, such as `iam:DeleteRolePolicy`.
    pub call: &'static str,
    /// What it is told, by the names of the service model.
    pub parameters: BTreeMap<&'static str, String>,
}

/// One look: an observation for every target, and the answers it rests on.
#[derive(Clone, Debug, Default)]
pub struct Described {
    /// What stands.
    pub observed: BTreeMap<Address, Observation>,
    /// What was answered.
    pub answers: BTreeMap<Address, CallAnswers>,
}
