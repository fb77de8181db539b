//! What the kinds of EKS have in common: tags inline, everything by name, and changes that run on after the call.
//!
//! A cluster, and each part of it, takes one change at a time. [`change`] starts one when nothing else runs, and
//! follows it by its own id, because the status of the object lags behind. Which change runs is asked of EKS, never
//! kept: after a crash the next attempt finds it and waits for it.
//!
//! Tokens are set where something is created. Changes need none: a repeated one finds the first still running, or
//! nothing left to do, which is success.

use std::collections::HashMap;
use std::hash::BuildHasher;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use aws_sdk_eks::types::{self, ClusterStatus, ErrorCode, UpdateStatus, UpdateType};
use futures_util::future::try_join_all;

use super::provision::{Reading, Writing};
use super::tags;
use super::{Clients, During};
use crate::cloud::aws::words;
use crate::cloud::wait::{Poll, WaitPolicy, retry_while, until};
use crate::cloud::{CloudError, ErrorKind};
use crate::model::mark::Tags;
use crate::model::reference::Ref;
use crate::model::resource::Resource;

/// How long EKS may take to see a role that was made moments ago: the window of IAM, as Terraform waits.
pub const PROPAGATION: Duration = Duration::from_mins(2);

// The longest change is the rolling replacement of nodes, 15 to 30 minutes; Terraform gives every change an hour.
const RUNNING: WaitPolicy = WaitPolicy::seconds(240, 3600, 10);
// Once nothing runs any more, the status "updating" lingers for seconds; more than this is somebody else at work.
const BUSY: Duration = Duration::from_mins(5);
// Updates described at a time: EKS keeps the old ones, and its rate limits are not published.
const AT_ONCE: usize = 8;

/// What a change is made to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ClusterPart<'a> {
    /// The control plane.
    ControlPlane,
    /// The node group of this name.
    NodeGroup(&'a str),
    /// The add-on of this name.
    Addon(&'a str),
}

impl<'a> ClusterPart<'a> {
    fn node_group(self) -> Option<&'a str> {
        match self {
            Self::NodeGroup(name) => Some(name),
            Self::ControlPlane | Self::Addon(_) => None,
        }
    }

    fn addon(self) -> Option<&'a str> {
        match self {
            Self::Addon(name) => Some(name),
            Self::ControlPlane | Self::NodeGroup(_) => None,
        }
    }
}

/// Tags as EKS gives them.
pub fn tags_of<S: BuildHasher>(tags: Option<&HashMap<String, String, S>>) -> Tags {
    tags.into_iter().flatten().map(|(key, value)| (key.clone(), value.clone())).collect()
}

/// The tags of `resource` and the marks of this attempt, as the create calls of EKS take them.
pub fn tags_for(cx: &Writing<'_>, resource: &impl Resource) -> HashMap<String, String> {
    cx.tags(resource).into_iter().collect()
}

/// Brings the tags of the object `arn` from `from` to `to`.
///
/// # Errors
/// What `TagResource` or `UntagResource` answered.
pub async fn retag(aws: &Clients, arn: &str, from: &Tags, to: &Tags) -> Result<(), CloudError> {
    let set = |tags: Tags| aws.eks.tag_resource().resource_arn(arn).set_tags(Some(tags.into_iter().collect())).send();
    let remove = |keys| aws.eks.untag_resource().resource_arn(arn).set_tag_keys(Some(keys)).send();
    tags::retag(from, to, set, remove).await
}

/// Whether the object is gone. EKS sometimes reports a missing cluster as `ClientException`.
pub fn is_gone(error: &CloudError) -> bool {
    error.kind == ErrorKind::NotFound || words::eks::NO_CLUSTER.tell(error)
}

/// Whether the name is taken. EKS uses one code for that and for a change that is running.
pub fn is_taken(error: &CloudError) -> bool {
    words::eks::NAME_TAKEN.tell(error)
}

/// Whether something else is going on with the object.
pub fn is_busy(error: &CloudError) -> bool {
    error.is("ResourceInUseException") && !is_taken(error)
}

/// One entry of an object's health, or of a failed change, in the words of EKS.
pub fn issue(code: Option<&str>, message: Option<&str>, about: &[String]) -> String {
    let mut text = [code, message].into_iter().flatten().collect::<Vec<_>>().join(": ");
    if !about.is_empty() {
        text.push_str(" (");
        text.push_str(&about.join(", "));
        text.push(')');
    }
    text
}

/// A status and the health issues that explain it.
pub fn explained(status: &str, issues: &[String]) -> String {
    if issues.is_empty() { status.to_owned() } else { format!("{status}: {}", issues.join("; ")) }
}

/// How often an object was polled for and not found. One that was made a moment ago is missing from reads at first; one
/// that stays missing is gone.
#[derive(Debug, Default)]
pub struct NotFoundGrace(AtomicU32);

impl NotFoundGrace {
    // Some minutes at the pace of our waits: as long as Terraform bears with new objects.
    const POLLS: u32 = 8;

    /// Counts one more poll that did not find `what`: pending while the grace lasts, failed after it.
    pub fn not_found<T>(&self, what: &str) -> Poll<T> {
        if self.0.fetch_add(1, Ordering::Relaxed) < Self::POLLS {
            Poll::Pending("not visible yet".to_owned())
        } else {
            Poll::Failed(format!("{what} is gone"))
        }
    }
}

/// The cluster `name`; `None` if there is none.
///
/// # Errors
/// What `DescribeCluster` answered.
pub async fn cluster(aws: &Clients, name: &str) -> Result<Option<types::Cluster>, CloudError> {
    match aws.eks.describe_cluster().name(name).send().await.during("read the cluster") {
        Ok(answer) => Ok(answer.cluster),
        Err(error) if is_gone(&error) => Ok(None),
        Err(error) => Err(error),
    }
}

/// Whether `error`, from a call about a part of `cluster`, only means that the part is not there: it is gone, its
/// cluster is gone, or its cluster is in a state in which it has no parts.
///
/// # Errors
/// `error` itself if it means something else.
pub async fn nothing_there(aws: &Clients, cluster_name: &str, error: CloudError) -> Result<(), CloudError> {
    if is_gone(&error) {
        return Ok(());
    }
    // Without the API mode there are no access entries, and asking for them is refused.
    if words::eks::NO_ENTRIES.tell(&error) {
        return Ok(());
    }
    if is_unsettled(&error) {
        let status = cluster(aws, cluster_name).await?.and_then(|found| found.status);
        return match status {
            None
            | Some(
                ClusterStatus::Creating | ClusterStatus::Pending | ClusterStatus::Deleting | ClusterStatus::Failed,
            ) => Ok(()),
            Some(_) => Err(error),
        };
    }
    Err(error)
}

/// The name of the cluster `reference` points at; `None` if it is not known to exist.
pub fn cluster_name<R: Resource>(cx: &Reading<'_>, reference: &Ref<R>) -> Option<String> {
    match (reference, reference.address()) {
        (Ref::External(name), _) => Some(name.clone()),
        (Ref::Named(..), Some(address)) => cx.ids.computed(&address)?.text("id").map(str::to_owned),
        (Ref::Named(..), None) => None,
    }
}

/// The ARN of what `reference` points at.
///
/// # Errors
/// When nothing is recorded there, or an object outside the stack is not given by its ARN.
pub fn arn_of<R: Resource>(cx: &Writing<'_>, reference: &Ref<R>) -> Result<String, CloudError> {
    let arn = match (reference, reference.address()) {
        (Ref::Named(..), Some(address)) => cx.ids.computed(&address).and_then(|computed| computed.text("arn")),
        (Ref::External(id), _) => Some(id.as_str()).filter(|id| id.starts_with("arn:")),
        (Ref::Named(..), None) => None,
    };
    arn.map(str::to_owned).ok_or_else(|| {
        CloudError::new(ErrorKind::Refused, "follow a reference", format!("the ARN of {reference} is not known"))
    })
}

/// Whether the cluster cannot be worked with just now: it is being made or changed, or on its way out.
fn is_unsettled(error: &CloudError) -> bool {
    words::eks::NOT_ACTIVE.tell(error)
}

/// Makes a call, and repeats it until nothing else is going on with its object `part` or with the cluster: waits for
/// changes that run, and then for the status to follow.
///
/// # Errors
/// What the call answered in the end, and those of a wait.
pub async fn retry_until_free<T, F, Fut>(
    cx: &Writing<'_>,
    cluster: &str,
    part: ClusterPart<'_>,
    mut call: F,
) -> Result<T, CloudError>
where
    F: FnMut() -> Fut,
    Fut: Future<Output = Result<T, CloudError>>,
{
    let error = match call().await {
        Err(error) => error,
        done => return done,
    };
    let passes = is_busy(&error) || (is_unsettled(&error) && stays(cx.aws, cluster).await?);
    if !passes {
        return Err(error);
    }
    settle(cx, cluster, ClusterPart::ControlPlane).await?;
    if part != ClusterPart::ControlPlane {
        settle(cx, cluster, part).await?;
    }
    retry_while(cx, BUSY, |error| is_busy(error) || is_unsettled(error), call).await
}

/// Whether a cluster stands, changed or not.
async fn stays(aws: &Clients, name: &str) -> Result<bool, CloudError> {
    let status = cluster(aws, name).await?.and_then(|found| found.status);
    Ok(matches!(status, Some(ClusterStatus::Active | ClusterStatus::Updating)))
}

/// Waits until no change of `part` runs any more; none does where nothing is. How those ended is the business of who
/// started them.
///
/// # Errors
/// What `ListUpdates` or `DescribeUpdate` answered, and those of a wait.
pub async fn settle(cx: &Writing<'_>, cluster: &str, part: ClusterPart<'_>) -> Result<(), CloudError> {
    let ids = match running(cx.aws, cluster, part).await {
        Err(error) if is_gone(&error) => return Ok(()),
        ids => ids?,
    };
    for id in ids {
        let doing = "wait for an earlier change";
        until(cx, doing, RUNNING, || async {
            Ok(match progress(cx.aws, cluster, part, &id, doing).await? {
                Poll::Pending(status) => Poll::Pending(format!("{status}, begun earlier")),
                Poll::Ready(()) | Poll::Failed(_) => Poll::Ready(()),
            })
        })
        .await?;
    }
    Ok(())
}

/// Starts a change of `part` as soon as nothing else runs, and waits until it is done. Nothing to change is success.
/// `start` makes the call; `doing` completes "could not …".
///
/// # Errors
/// What the call answered; why the change failed, in the words of EKS; and those of a wait.
pub async fn change<F, Fut>(
    cx: &Writing<'_>,
    cluster: &str,
    part: ClusterPart<'_>,
    doing: &str,
    wait: WaitPolicy,
    start: F,
) -> Result<(), CloudError>
where
    F: FnMut() -> Fut,
    Fut: Future<Output = Result<Option<types::Update>, CloudError>>,
{
    let started = retry_until_free(cx, cluster, part, start).await;
    let update = match started {
        Err(error) if is_no_change(&error) => return Ok(()),
        started => started?,
    };
    let Some(id) = update.and_then(|update| update.id) else { return Ok(()) };
    until(cx, doing, wait, || progress(cx.aws, cluster, part, &id, doing)).await
}

fn is_no_change(error: &CloudError) -> bool {
    words::eks::NO_CHANGE.tell(error)
}

/// Ids of the changes of `part` that run.
async fn running(aws: &Clients, cluster: &str, part: ClusterPart<'_>) -> Result<Vec<String>, CloudError> {
    let doing = "find changes that are still running";
    let list = aws.eks.list_updates().name(cluster);
    let list = list.set_nodegroup_name(part.node_group().map(str::to_owned));
    let pages = list.set_addon_name(part.addon().map(str::to_owned)).into_paginator().items().send();
    let ids: Vec<String> = pages.try_collect().await.during(doing)?;
    let mut running = Vec::new();
    for some in ids.chunks(AT_ONCE) {
        let answers = some.iter().map(|id| async move {
            let pending = matches!(progress(aws, cluster, part, id, doing).await?, Poll::Pending(_));
            Ok(pending.then(|| id.clone()))
        });
        running.extend(try_join_all(answers).await?.into_iter().flatten());
    }
    Ok(running)
}

/// How far a change is.
async fn progress(
    aws: &Clients,
    cluster: &str,
    part: ClusterPart<'_>,
    id: &str,
    doing: &str,
) -> Result<Poll<()>, CloudError> {
    let ask = aws.eks.describe_update().name(cluster).update_id(id);
    let ask = ask.set_nodegroup_name(part.node_group().map(str::to_owned));
    let update = match ask.set_addon_name(part.addon().map(str::to_owned)).send().await.during(doing) {
        Ok(answer) => answer.update,
        // A change begun a moment ago may not be visible yet.
        Err(error) if words::eks::NO_UPDATE.tell(&error) => None,
        Err(error) => return Err(error),
    };
    let Some(update) = update else { return Ok(Poll::Pending("not visible yet".to_owned())) };
    let kind = update.r#type().map_or("update", UpdateType::as_str);
    Ok(match update.status() {
        Some(UpdateStatus::Successful) => Poll::Ready(()),
        Some(status @ (UpdateStatus::Failed | UpdateStatus::Cancelled)) => {
            let errors: Vec<String> = update
                .errors()
                .iter()
                .map(|error| {
                    issue(error.error_code().map(ErrorCode::as_str), error.error_message(), error.resource_ids())
                })
                .collect();
            Poll::Failed(explained(&format!("{kind} {}", status.as_str()), &errors))
        }
        // AWS adds words: one we do not know is not the end.
        status => Poll::Pending(format!("{kind} {}", status.map_or("begun", UpdateStatus::as_str))),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn error(code: &str, message: &str) -> CloudError {
        CloudError { code: Some(code.to_owned()), ..CloudError::new(ErrorKind::Refused, "test", message) }
    }

    #[test]
    fn one_code_means_taken_or_busy() {
        let taken = error("ResourceInUseException", "Cluster already exists with name: a");
        let busy = error("ResourceInUseException", "Cannot X because cluster a currently has update in progress");
        assert!(is_taken(&taken) && !is_busy(&taken));
        assert!(is_busy(&busy) && !is_taken(&busy));
    }

    #[test]
    fn nothing_to_change_is_told_in_several_ways() {
        for message in [
            "Cluster is already at the desired configuration with deletionProtection: true",
            "No changes needed for the logging config provided",
            "Nodegroup is already at the desired release version 1",
        ] {
            assert!(is_no_change(&error("InvalidParameterException", message)), "{message}");
        }
        assert!(!is_no_change(&error("InvalidParameterException", "Only one type of update can be allowed")));
    }

    #[test]
    fn a_missing_cluster_has_two_codes() {
        assert!(is_gone(&error("ClientException", "No cluster found for name: a")));
        assert!(!is_gone(&error("ClientException", "something else")));
    }

    #[test]
    fn issues_read_as_aws_tells_them() {
        let issue = issue(Some("AccessDenied"), Some("may not"), &["i-1".to_owned(), "i-2".to_owned()]);
        assert_eq!(explained("DEGRADED", &[issue]), "DEGRADED: AccessDenied: may not (i-1, i-2)");
        assert_eq!(explained("ACTIVE", &[]), "ACTIVE");
    }
}
