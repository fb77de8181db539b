//! What a declaration needs to know of the account and region before it can be turned into resources.

use std::time::Duration;

use aws_config::retry::RetryConfig;
use aws_config::timeout::TimeoutConfig;
use futures_util::future::{try_join, try_join_all};

use super::facts::zones_of_type;
use crate::cloud::aws::{Clients, During, ec2::filter};
use crate::cloud::{CloudError, ErrorKind};
use crate::model::facts::network::ZONES_WITHOUT_EKS;
use crate::model::surroundings::{Questions, Surroundings};

/// Asks all questions at once.
///
/// # Errors
/// What AWS answered to the first question that failed.
pub(super) async fn survey(aws: &Clients, ask: &Questions) -> Result<Surroundings, CloudError> {
    let who = async {
        // The first call of every command: without network or credentials the answer should not take minutes.
        let soon = aws_sdk_sts::config::Builder::new()
            .retry_config(RetryConfig::standard().with_max_attempts(3).with_max_backoff(Duration::from_secs(2)))
            .timeout_config(TimeoutConfig::builder().operation_timeout(Duration::from_secs(20)).build());
        let call = aws.sts.get_caller_identity().customize().config_override(soon);
        let who = call.send().await.during("find out whose account this is")?;
        let principal = who.arn().unwrap_or_default().to_owned();
        let partition = principal.split(':').nth(1).unwrap_or("aws").to_owned();
        Ok((who.account().unwrap_or_default().to_owned(), partition, principal))
    };
    let zones = async {
        match &ask.zones_for {
            Some(instance_type) => zones(aws, instance_type).await,
            None => Ok((Vec::new(), Vec::new())),
        }
    };
    let zones = async {
        match zones.await {
            // Without credentials or network nothing else would be told either.
            Err(error) if ask.optional && matches!(error.kind, ErrorKind::Denied | ErrorKind::Refused) => {
                // A guess, to know where to look; what stands in other zones is found by its marks.
                Ok((["a", "b", "c"].map(|letter| format!("{}{letter}", aws.region)).to_vec(), Vec::new()))
            }
            told => told,
        }
    };
    let addons = try_join_all(
        ask.addons.iter().map(|(kubernetes, addon)| async move { addon_version(aws, kubernetes, addon).await }),
    );
    // The others are asked at the same time, but who we are counts first: with wrong credentials their answers would only
    // hide the reason.
    let others = async { Ok(try_join(zones, addons).await) };
    let ((account, partition, principal), others) = try_join(who, others).await?;
    let ((zones, other_zones), addons) = others?;
    let told = ask.addons.iter().cloned().zip(addons);
    let addons = told.filter_map(|(question, version)| Some((question, version?))).collect();
    Ok(Surroundings { account, partition, principal, zones, other_zones, addons })
}

/// The zones that a cluster can stand in: those that offer the instance type, and the others.
async fn zones(aws: &Clients, instance_type: &str) -> Result<(Vec<String>, Vec<String>), CloudError> {
    let doing = "list the availability zones";
    let all = async {
        aws.ec2
            .describe_availability_zones()
            .filters(filter("zone-type", ["availability-zone"]))
            .filters(filter("state", ["available"]))
            .send()
            .await
            .during(doing)
    };
    let (all, offering) = try_join(all, zones_of_type(aws, instance_type)).await?;
    let mut zones: Vec<String> = all
        .availability_zones()
        .iter()
        .filter(|zone| !zone.zone_id().is_some_and(|id| ZONES_WITHOUT_EKS.contains(&id)))
        .filter_map(|zone| zone.zone_name())
        .map(str::to_owned)
        .collect();
    zones.sort_unstable();
    Ok(zones.into_iter().partition(|name| offering.contains(name)))
}

/// The version AWS marks as the default of an add-on for a Kubernetes version (EKS `DescribeAddonVersions`); none if it
/// offers none, as for a Kubernetes version that it does not run.
async fn addon_version(aws: &Clients, kubernetes: &str, addon: &str) -> Result<Option<String>, CloudError> {
    let doing = format!("find the version of {addon} for Kubernetes {kubernetes}");
    let answer = aws
        .eks
        .describe_addon_versions()
        .addon_name(addon)
        .kubernetes_version(kubernetes)
        .send()
        .await
        .during(&doing)?;
    let versions = answer.addons().iter().flat_map(aws_sdk_eks::types::AddonInfo::addon_versions);
    let default = versions
        .filter(|version| version.compatibilities().iter().any(aws_sdk_eks::types::Compatibility::default_version))
        .find_map(|version| version.addon_version());
    Ok(default.map(str::to_owned))
}
