//! The port to health: what the cloud says of how well the objects serve, which nobody declares and nobody records.
//!
//! Promises: reads alone. What is not there is nothing, what may not be read is an error; words of the cloud are kept as
//! they are, times are points in time. An object is asked by a [`Probe`] for the type its kind answers with, so whoever
//! asks for a database gets a [`DatabaseHealth`].
//!
//! Leaves to the runner which objects are meant, and what is good enough.

use futures_core::future::BoxFuture;
use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde::{Deserialize, Serialize};

use super::CloudError;
pub use crate::model::facts::certificate::Certificate;
use crate::model::support::Lifetime;

/// An answer; `None` if the object is not there.
pub type Answer<'a, T> = BoxFuture<'a, Result<Option<T>, CloudError>>;

/// How well the objects of one kind serve: of the kind that answers with a `T`.
pub trait Probe<T>: Send + Sync {
    /// How well the object serves whose primary id is `id`.
    fn probe<'a>(&'a self, id: &'a str) -> Answer<'a, T>;
}

/// How well things serve: what is asked of the kinds, and what is the business of none of them.
pub trait Health:
    Probe<LoadBalancerHealth>
    + Probe<Vec<TargetHealth>>
    + Probe<ClusterHealth>
    + Probe<NodeGroupHealth>
    + Probe<DatabaseHealth>
    + Probe<KeyHealth>
{
    /// The certificate `arn`.
    fn certificate<'a>(&'a self, arn: &'a str) -> Answer<'a, Certificate>;

    /// Until when a version of Kubernetes is supported; `None` if the cloud does not list it any more.
    fn support<'a>(&'a self, version: &'a str) -> Answer<'a, Support>;

    /// Maintenance that awaits the database `arn`.
    fn maintenance<'a>(&'a self, arn: &'a str) -> Answer<'a, Vec<Maintenance>>;
}

/// A load balancer and what listens on it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LoadBalancerHealth {
    /// `active`, `active_impaired`, `provisioning` or `failed`.
    pub state: String,
    /// Why it is in that state.
    pub reason: Option<String>,
    /// Its host name.
    pub dns_name: String,
    /// What listens on it, by port.
    pub listeners: Vec<ListenerHealth>,
}

/// Something that listens.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ListenerHealth {
    /// Its port.
    pub port: u16,
    /// `HTTP` or `HTTPS`.
    pub protocol: String,
    /// ARN of its certificate.
    pub certificate: Option<String>,
}

/// A target of a target group, as the load balancer sees it. A group has them in the order of their ids.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TargetHealth {
    /// Id of an instance, or an address.
    pub id: String,
    /// Its port.
    pub port: Option<u16>,
    /// `healthy`, `unhealthy`, `initial`, `unused`, `draining`, `unhealthy.draining` or `unavailable`.
    pub state: String,
    /// The reason code, such as `Target.Timeout`.
    pub reason: Option<String>,
    /// What the cloud says of it in words.
    pub description: Option<String>,
}

impl TargetHealth {
    /// Whether it gets requests because it answers.
    pub fn is_healthy(&self) -> bool {
        self.state == "healthy"
    }

    /// Whether it is on its way out.
    pub fn is_leaving(&self) -> bool {
        matches!(self.state.as_str(), "draining" | "unhealthy.draining")
    }

    /// What its reason code means (Elastic Load Balancing API reference, `TargetHealth`); nothing for one that is not
    /// known.
    pub fn meaning(&self) -> Option<&'static str> {
        Some(match self.reason.as_deref()? {
            "Elb.RegistrationInProgress" => "is being registered",
            "Elb.InitialHealthChecking" => "is being checked for the first time",
            "Target.ResponseCodeMismatch" => "answers the health check, with another status than 200",
            "Target.Timeout" => "does not answer the health check in time",
            "Target.FailedHealthChecks" => "refuses the connection, or answers what is no HTTP",
            "Elb.InternalError" => "could not be checked: an error inside the load balancer",
            "Target.NotRegistered" => "is not registered any more",
            "Target.NotInUse" => {
                "is in a target group that no listener forwards to, or in a zone the load balancer is not in"
            }
            "Target.InvalidState" => "is stopped or terminated",
            "Target.IpUnusable" => "has an address that the load balancer itself uses",
            "Target.DeregistrationInProgress" => "is leaving, and finishes what it began",
            "Target.HealthCheckDisabled" => "is not checked: health checks are off",
            _ => return None,
        })
    }
}

/// A control plane.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ClusterHealth {
    /// `ACTIVE`, `UPDATING` and others.
    pub status: String,
    /// Its version of Kubernetes.
    pub version: String,
    /// What happens when standard support ends: `STANDARD` (it is upgraded) or `EXTENDED` (it is charged for).
    pub policy: Option<String>,
    /// What the cloud complains of.
    pub issues: Vec<String>,
}

/// Until when a version of Kubernetes is supported.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Support {
    /// The end of standard support.
    pub standard_until: Option<Timestamp>,
    /// The end of extended, paid support.
    pub extended_until: Option<Timestamp>,
}

impl Support {
    /// The same in days.
    pub fn lifetime(&self) -> Lifetime {
        let day = |end: Timestamp| end.to_zoned(TimeZone::UTC).date();
        Lifetime { standard_until: self.standard_until.map(day), extended_until: self.extended_until.map(day) }
    }
}

/// A node group.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NodeGroupHealth {
    /// `ACTIVE`, `UPDATING`, `DEGRADED` and others.
    pub status: String,
    /// How many nodes there should be.
    pub desired: u32,
    /// How many machines run; `None` if they could not be counted.
    pub running: Option<u32>,
    /// What the cloud complains of.
    pub issues: Vec<String>,
}

/// A database.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DatabaseHealth {
    /// `available` and many others.
    pub status: String,
    /// Distinguishes it from another one of the same name; `None` where it is not known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resource_id: Option<String>,
    /// Its version.
    pub engine_version: String,
    /// Whether it stays on its major version past standard support, for money.
    #[serde(default)]
    pub extended_support: bool,
    /// Whether a second instance stands by in another zone.
    pub multi_az: bool,
    /// Changes that wait for the maintenance window, by field.
    pub pending: Vec<String>,
    /// Name of the authority that signed its certificate.
    pub authority: Option<String>,
    /// When that certificate ends.
    pub certificate_until: Option<Timestamp>,
}

/// Maintenance that awaits a database.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Maintenance {
    /// Such as `system-update`.
    pub action: String,
    /// What is done.
    pub description: Option<String>,
    /// When it is done without being asked for; `None` if that is left to the owner.
    pub due: Option<Timestamp>,
}

/// The key that encrypts what the stack keeps.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KeyHealth {
    /// `Enabled`, `Disabled`, `PendingDeletion` and others.
    pub state: String,
    /// When it is deleted, if that is scheduled.
    pub deletion: Option<Timestamp>,
}
