//! What the kinds of Elastic Load Balancing have in common: ARNs as keys, tags told apart from the object.

use std::collections::{BTreeMap, BTreeSet};

use aws_sdk_elasticloadbalancingv2::operation::describe_tags::DescribeTagsOutput;
use futures_util::future::try_join_all;

use super::answer::if_there;
use super::tags::{self, tag_list, tags_of};
use super::{Clients, During, Reading};
use crate::cloud::{CloudError, ErrorKind};
use crate::model::mark::Tags;

/// As many ARNs as `DescribeTags` takes in one call.
const AT_ONCE: usize = 20;

/// The tags of the objects with these ARNs, by ARN.
///
/// # Errors
/// What `DescribeTags` answered; it knows either all of a batch or none.
pub async fn list_tags(aws: &Clients, arns: &[String]) -> Result<BTreeMap<String, Tags>, CloudError> {
    let batches = arns.chunks(AT_ONCE).map(|batch| async move {
        aws.elb.describe_tags().set_resource_arns(Some(batch.to_vec())).send().await.during("read its tags")
    });
    let answers = try_join_all(batches).await?;
    let told = answers.iter().flat_map(DescribeTagsOutput::tag_descriptions);
    Ok(told.map(|one| (one.resource_arn().unwrap_or_default().to_owned(), tags_of(one.tags()))).collect())
}

/// The tags of these objects, by ARN, as one look needs them: the first to ask for any asks for those of all that are
/// recorded, of whatever kind.
///
/// # Errors
/// What `DescribeTags` answered.
pub async fn list_tags_once(cx: &Reading<'_>, arns: &[String]) -> Result<BTreeMap<String, Tags>, CloudError> {
    let ours = cx.ids.iter().filter_map(|(_, computed)| computed.text("id")).filter(|id| is_elb(id)).map(str::to_owned);
    let all = cx.once.elb_tags.get_or_init(|| async {
        let all: BTreeSet<String> = ours.chain(arns.iter().cloned()).collect();
        list_tags(cx.aws, &all.into_iter().collect::<Vec<_>>()).await
    });
    // One that is gone fails the call for all, and what was found a moment ago is in no record.
    let told = |all: &BTreeMap<String, Tags>| -> Option<BTreeMap<String, Tags>> {
        arns.iter().map(|arn| Some((arn.clone(), all.get(arn)?.clone()))).collect()
    };
    match all.await.as_ref().ok().and_then(told) {
        Some(told) => Ok(told),
        None => list_tags(cx.aws, arns).await,
    }
}

fn is_elb(arn: &str) -> bool {
    arn.starts_with("arn:") && arn.split(':').nth(2) == Some("elasticloadbalancing")
}

/// The tags of those of these objects that are still there, by ARN.
///
/// # Errors
/// What `DescribeTags` answered, but that something went meanwhile.
pub async fn list_tags_of_standing(aws: &Clients, arns: &[String]) -> Result<BTreeMap<String, Tags>, CloudError> {
    match list_tags(aws, arns).await {
        // One that went meanwhile fails the call for all.
        Err(error) if error.kind == ErrorKind::NotFound => {
            let each = arns.iter().map(|arn| async move { if_there(list_tags(aws, std::slice::from_ref(arn)).await) });
            Ok(try_join_all(each).await?.into_iter().flatten().flatten().collect())
        }
        tags => tags,
    }
}

/// Brings the tags of the object with this ARN from `from` to `to`.
///
/// # Errors
/// What `AddTags` or `RemoveTags` answered.
pub async fn retag(aws: &Clients, arn: &str, from: &Tags, to: &Tags) -> Result<(), CloudError> {
    let set = |tags| aws.elb.add_tags().resource_arns(arn).set_tags(Some(tag_list(tags))).send();
    let remove = |keys| aws.elb.remove_tags().resource_arns(arn).set_tag_keys(Some(keys)).send();
    tags::retag(from, to, set, remove).await
}
