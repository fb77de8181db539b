//! Looking whether the stack serves: the way in, the certificate, versions, and what stands around them.
//!
//! Promises: reads alone, no lock, no file. What could not be read is told as such and never taken for well.
//!
//! Leaves the judgement to [`judge()`], which is pure, and the picture to render.

mod judge;
#[cfg(test)]
pub(crate) mod tests;

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use jiff::civil::Date;

use super::{RunError, Session, stoppable, survey};
pub use crate::cloud::health::{
    Certificate, ClusterHealth, DatabaseHealth, Health, KeyHealth, ListenerHealth, LoadBalancerHealth, Maintenance,
    NodeGroupHealth, Support, TargetHealth,
};
use crate::cloud::{CloudError, ErrorKind};
use crate::engine::state::State;
use crate::model::address::Address;
use crate::model::aspect::Aspect;
use crate::model::finding::{Finding, Severity, Subject};
use crate::model::surroundings::Questions;
pub use judge::{days_until, judge};

/// What is looked at: what is recorded and declared, as far as it matters here.
#[derive(Clone, Debug)]
pub struct Inspected {
    /// The account that is declared.
    pub account: Option<String>,
    /// How requests get in.
    pub way_in: WayIn,
    /// The host name people use.
    pub domain: Option<String>,
    /// ARN of the declared certificate.
    pub certificate: Option<String>,
    /// Name of the cluster.
    pub cluster: Option<String>,
    /// Id of the node group.
    pub nodes: Option<String>,
    /// Name and ARN of the database.
    pub database: Option<(String, String)>,
    /// What distinguishes the recorded database from another one of its name.
    pub database_resource: Option<String>,
    /// ARN of the key that encrypts what the stack keeps.
    pub key: Option<String>,
    /// Package Manager.
    pub chart: ChartStatus,
    /// What to type about this stack.
    pub typed: Typed,
}

/// How requests get in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum WayIn {
    /// Through a load balancer of the stack.
    Ours {
        /// Its ARN.
        balancer: Option<String>,
        /// ARN of the target group.
        group: Option<String>,
        /// What a target is.
        targets: TargetsAre,
    },
    /// Through one that a controller in the cluster made.
    Theirs,
}

/// What a target is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TargetsAre {
    /// A node: it answers if any pod answers.
    Nodes,
    /// A pod.
    Pods,
}

/// Chart and application.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChartStatus {
    /// What is declared, such as `rstudio-pm 0.20.4`.
    pub declared: String,
    /// What the values were last written for, in the same form.
    pub written_for: Option<String>,
    /// The version of Package Manager in that chart, if it is known.
    pub application: Option<String>,
    /// The last day on which Posit supports that version.
    pub supported_until: Option<Date>,
    /// The image whose publication ends, if it is that one, and the last day of it.
    pub ending_image: Option<(String, Date)>,
}

/// What to type about this stack.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Typed {
    /// The declaration, quoted for a shell.
    pub file: String,
    /// The address of the load balancer.
    pub balancer: Address,
    /// The address of the database.
    pub database: Address,
    /// The Helm release.
    pub release: String,
    /// Its namespace.
    pub namespace: String,
}

/// What became of one look.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Seen<T> {
    /// It is there.
    There(T),
    /// It is not there any more.
    Gone,
    /// It was never made.
    NotMade,
    /// It could not be read.
    Unread {
        /// What went wrong.
        error: CloudError,
    },
}

impl<T> Seen<T> {
    /// It, if it is there.
    pub fn there(&self) -> Option<&T> {
        match self {
            Self::There(it) => Some(it),
            Self::Gone | Self::NotMade | Self::Unread { .. } => None,
        }
    }
}

/// Everything that was seen.
#[derive(Clone, Debug)]
pub struct ObservedHealth {
    /// The load balancer; `None` if it is not ours.
    pub balancer: Option<Seen<LoadBalancerHealth>>,
    /// Its targets; `None` if it is not ours.
    pub targets: Option<Seen<Vec<TargetHealth>>>,
    /// The certificates in use or declared, by ARN.
    pub certificates: BTreeMap<String, Seen<Certificate>>,
    /// The control plane.
    pub cluster: Seen<ClusterHealth>,
    /// The support of its version; `None` if that is not known.
    pub support: Option<Seen<Support>>,
    /// The nodes.
    pub nodes: Seen<NodeGroupHealth>,
    /// The database.
    pub database: Seen<DatabaseHealth>,
    /// What awaits the database.
    pub maintenance: Seen<Vec<Maintenance>>,
    /// The key.
    pub key: Seen<KeyHealth>,
}

/// Whether the stack serves, and from what that is concluded.
#[derive(Clone, Debug)]
pub struct StatusReport {
    /// The account.
    pub account: String,
    /// When it was looked.
    pub at: Timestamp,
    /// What was looked at.
    pub subject: Inspected,
    /// What was seen.
    pub health: ObservedHealth,
    /// What is not as it should be, the worst first.
    pub findings: Vec<Finding>,
}

impl StatusReport {
    /// How many findings there are of a severity.
    pub fn count(&self, severity: Severity) -> usize {
        self.findings.iter().filter(|finding| finding.severity == severity).count()
    }

    /// The worst finding there is.
    pub fn worst(&self) -> Option<Severity> {
        self.findings.iter().map(|finding| finding.severity).min()
    }

    /// The worst finding about a part of the stack.
    pub fn worst_of(&self, part: Aspect) -> Option<Severity> {
        let about = Subject::Aspect(part);
        self.findings.iter().filter(|finding| finding.subject == about).map(|finding| finding.severity).min()
    }
}

/// Looks whether the stack serves. Changes nothing.
///
/// # Errors
/// [`RunError`] when not even the account is known, or the credentials end.
pub async fn status(
    session: &Session,
    health: &dyn Health,
    subject: Inspected,
    state: &State,
) -> Result<StatusReport, RunError> {
    let surroundings = survey(session, &Questions::default(), subject.account.clone(), state).await?;
    let health = stoppable(session, look(health, &subject)).await??;
    let at = session.host.now();
    let findings = judge(&subject, &health, at);
    Ok(StatusReport { account: surroundings.account, at, subject, health, findings })
}

/// Looks at everything, as much as possible at the same time.
async fn look(health: &dyn Health, subject: &Inspected) -> Result<ObservedHealth, CloudError> {
    let way_in = async {
        let (balancer, targets) = match &subject.way_in {
            WayIn::Theirs => (None, None),
            WayIn::Ours { balancer, group, .. } => {
                let one = async { seen::<LoadBalancerHealth>(balancer.as_deref().map(|arn| health.probe(arn))).await };
                let other = async { seen::<Vec<TargetHealth>>(group.as_deref().map(|arn| health.probe(arn))).await };
                let (one, other) = tokio::join!(one, other);
                (Some(one?), Some(other?))
            }
        };
        let listeners = balancer.as_ref().and_then(Seen::there).map(|it| it.listeners.as_slice()).unwrap_or_default();
        let mut arns: BTreeSet<String> = listeners.iter().filter_map(|one| one.certificate.clone()).collect();
        if arns.is_empty() {
            arns.extend(subject.certificate.clone());
        }
        let mut certificates = BTreeMap::new();
        for arn in arns {
            let found = seen(Some(health.certificate(&arn))).await?;
            certificates.insert(arn, found);
        }
        Ok::<_, CloudError>((balancer, targets, certificates))
    };
    let control_plane = async {
        let cluster = seen::<ClusterHealth>(subject.cluster.as_deref().map(|name| health.probe(name))).await?;
        let support = match cluster.there() {
            Some(found) => Some(seen(Some(health.support(&found.version))).await?),
            None => None,
        };
        Ok::<_, CloudError>((cluster, support))
    };
    let nodes = async { seen::<NodeGroupHealth>(subject.nodes.as_deref().map(|id| health.probe(id))).await };
    let database =
        async { seen::<DatabaseHealth>(subject.database.as_ref().map(|(name, _)| health.probe(name))).await };
    let maintenance = async { seen(subject.database.as_ref().map(|(_, arn)| health.maintenance(arn))).await };
    let key = async { seen::<KeyHealth>(subject.key.as_deref().map(|arn| health.probe(arn))).await };
    let (way_in, control_plane, nodes, database, maintenance, key) =
        tokio::join!(way_in, control_plane, nodes, database, maintenance, key);
    let ((balancer, targets, certificates), (cluster, support)) = (way_in?, control_plane?);
    Ok(ObservedHealth {
        balancer,
        targets,
        certificates,
        cluster,
        support,
        nodes: nodes?,
        database: database?,
        maintenance: maintenance?,
        key: key?,
    })
}

/// What became of a look; nothing to look at was never made. Credentials that are refused end everything.
async fn seen<T>(look: Option<crate::cloud::health::Answer<'_, T>>) -> Result<Seen<T>, CloudError> {
    let Some(look) = look else { return Ok(Seen::NotMade) };
    match look.await {
        Ok(Some(found)) => Ok(Seen::There(found)),
        Ok(None) => Ok(Seen::Gone),
        Err(error) if matches!(error.kind, ErrorKind::Credentials | ErrorKind::Bug) => Err(error),
        Err(error) => Ok(Seen::Unread { error }),
    }
}
