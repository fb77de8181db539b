//! What the kinds of Elastic Load Balancing have in common: ARNs as keys, tags told apart from the object.

use std::collections::BTreeMap;

use aws_sdk_elasticloadbalancingv2::operation::describe_tags::DescribeTagsOutput;
use futures_util::future::try_join_all;

use super::answer::if_there;
use super::tags::{self, tag_list, tags_of};
use super::{Clients, During};
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
