//! Network interfaces that outlive their owners, and names for what stands in the way of a removal.
//!
//! Interfaces of load balancers, databases and EKS go with their owners, minutes later, and nobody else may touch them.
//! Those of the VPC CNI go with their instance, unless it dies between detaching and deleting: then they stay for ever,
//! keep subnets and security groups in use, and only deleting them helps.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use aws_sdk_ec2::types::{Filter, NetworkInterface, NetworkInterfaceStatus};

use super::filter;
use crate::cloud::aws::tags::tags_of;
use crate::cloud::aws::words;
use crate::cloud::aws::{Clients, During, Writing};
use crate::cloud::wait::retry_while;
use crate::cloud::{CloudError, ErrorKind};

// The VPC CNI sets both on every interface it makes; versions before 1.8 set the description only.
const CLUSTER_TAG: &str = "cluster.k8s.amazonaws.com/name";
const CNI_DESCRIPTION: &str = "aws-K8S-";

/// Deletes the network interfaces that the CNI of this cluster left behind. Answers those that are still attached, each
/// with what it is: they may be left behind later.
///
/// # Errors
/// When they cannot be listed, or a detached one not be deleted.
pub async fn sweep_interfaces(aws: &Clients, cluster: &str) -> Result<Vec<String>, CloudError> {
    sweep(aws, filter(&format!("tag:{CLUSTER_TAG}"), [cluster])).await
}

/// Deletes an object by `call`, for as long as it is refused because something still uses the object. What the CNI left
/// behind in `scope` is swept meanwhile, if there is one. Gone already is success.
///
/// # Errors
/// What `call` answered, a refusal because of users only after `deadline`.
pub async fn delete_unused<T, F, Fut>(
    cx: &Writing<'_>,
    deadline: Duration,
    scope: Option<Filter>,
    call: F,
) -> Result<(), CloudError>
where
    F: Fn() -> Fut,
    Fut: Future<Output = Result<T, CloudError>>,
{
    // Reads and writes of what was made a moment ago do not agree at once: right after it was in use, one "not found" is
    // no proof.
    let used = AtomicBool::new(false);
    let passes = |error: &CloudError| {
        if in_use(error) {
            used.store(true, Ordering::Relaxed);
            return true;
        }
        error.kind == ErrorKind::NotFound && used.swap(false, Ordering::Relaxed)
    };
    let deleted = retry_while(cx, deadline, passes, || async {
        let answer = call().await;
        if let Some(scope) = &scope
            && answer.as_ref().err().is_some_and(in_use)
        {
            // Without permission to sweep, waiting is all that is left.
            let _ = sweep(cx.aws, scope.clone()).await;
        }
        answer
    })
    .await;
    match deleted {
        Ok(_) => Ok(()),
        Err(error) if error.kind == ErrorKind::NotFound => Ok(()),
        Err(error) => Err(error),
    }
}

/// What a call answers while something else uses the object (EC2 "Error codes").
pub fn in_use(error: &CloudError) -> bool {
    error.is("DependencyViolation") || error.is("InvalidGroup.InUse")
}

/// The network interfaces in `scope`, each with what it is.
///
/// # Errors
/// When they cannot be listed.
pub async fn named_in(aws: &Clients, scope: Filter) -> Result<Vec<String>, CloudError> {
    Ok(names(&interfaces_in(aws, scope).await?))
}

/// An error that says what is still there as well.
pub fn naming(mut error: CloudError, left: Result<Vec<String>, CloudError>) -> CloudError {
    match left {
        Ok(left) if left.is_empty() => {}
        Ok(left) => error.message = format!("{} Still there: {}", error.message, left.join(", ")),
        Err(unread) => error.message = format!("{} What is still there is unknown: {unread}", error.message),
    }
    error
}

async fn sweep(aws: &Clients, scope: Filter) -> Result<Vec<String>, CloudError> {
    let mut staying = Vec::new();
    for interface in interfaces_in(aws, scope).await? {
        let detached = interface.status() == Some(&NetworkInterfaceStatus::Available);
        let gone = detached && left_by_cni(&interface) && delete(aws, &interface).await?;
        if !gone {
            staying.push(interface);
        }
    }
    Ok(names(&staying))
}

/// Whether the VPC CNI of a cluster made it.
pub fn left_by_cni(interface: &NetworkInterface) -> bool {
    interface.description().is_some_and(|text| text.starts_with(CNI_DESCRIPTION))
        || tags_of(interface.tag_set()).contains_key(CLUSTER_TAG)
}

/// Whether it is gone now: the CNI may have attached it at the last moment.
async fn delete(aws: &Clients, interface: &NetworkInterface) -> Result<bool, CloudError> {
    let id = interface.network_interface_id().unwrap_or_default();
    let deleted = aws.ec2.delete_network_interface().network_interface_id(id).send().await;
    match deleted.during("delete a network interface left behind") {
        Ok(_) => Ok(true),
        Err(error) if error.kind == ErrorKind::NotFound => Ok(true),
        Err(error) if error.is("InvalidNetworkInterface.InUse") || words::ec2::INTERFACE_IN_USE.tell(&error) => {
            Ok(false)
        }
        Err(error) => Err(error),
    }
}

/// The network interfaces in `scope`.
///
/// # Errors
/// When they cannot be listed.
pub async fn interfaces_in(aws: &Clients, scope: Filter) -> Result<Vec<NetworkInterface>, CloudError> {
    let pages = aws.ec2.describe_network_interfaces().filters(scope).into_paginator().items().send();
    pages.try_collect().await.during("list network interfaces")
}

fn names(interfaces: &[NetworkInterface]) -> Vec<String> {
    interfaces
        .iter()
        .map(|one| {
            let id = one.network_interface_id().unwrap_or_default();
            match one.description() {
                Some(text) if !text.is_empty() => format!("{id} ({text})"),
                Some(_) | None => id.to_owned(),
            }
        })
        .collect()
}
