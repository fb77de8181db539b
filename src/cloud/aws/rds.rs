//! What the kinds of RDS have in common: names as keys, tags by ARN.

use aws_sdk_rds::types::Filter;

use super::tags::{self, tag_list, tags_of};
use super::{Clients, During};
use crate::cloud::CloudError;
use crate::model::mark::Tags;

/// A filter of one name and any of these values.
pub fn filter(name: &str, values: impl IntoIterator<Item = impl Into<String>>) -> Filter {
    Filter::builder().name(name).set_values(Some(values.into_iter().map(Into::into).collect())).build()
}

/// The tags of the object with this ARN, for the kinds whose describe call does not tell them.
///
/// # Errors
/// What `ListTagsForResource` answered.
pub async fn list_tags(aws: &Clients, arn: &str) -> Result<Tags, CloudError> {
    let answer = aws.rds.list_tags_for_resource().resource_name(arn).send().await.during("read its tags")?;
    Ok(tags_of(answer.tag_list()))
}

/// Brings the tags of the object with this ARN from `from` to `to`.
///
/// # Errors
/// What `AddTagsToResource` or `RemoveTagsFromResource` answered.
pub async fn retag(aws: &Clients, arn: &str, from: &Tags, to: &Tags) -> Result<(), CloudError> {
    let set = |tags| aws.rds.add_tags_to_resource().resource_name(arn).set_tags(Some(tag_list(tags))).send();
    let remove = |keys| aws.rds.remove_tags_from_resource().resource_name(arn).set_tag_keys(Some(keys)).send();
    tags::retag(from, to, set, remove).await
}
