//! What the kinds of EC2 have in common: tags inline, filters on every list call, ids we do not choose.

use aws_sdk_ec2::types::{Filter, ResourceType, Tag, TagSpecification};

use super::provision::{Reading, Sight, Sights, Sought, Writing, retagging};
use super::{Clients, During};
use crate::cloud::CloudError;
use crate::model::mark::{STACK_TAG, Tags};
use crate::model::resource::Resource;

/// A filter of one name and any of these values.
pub fn filter(name: &str, values: impl IntoIterator<Item = impl Into<String>>) -> Filter {
    Filter::builder().name(name).set_values(Some(values.into_iter().map(Into::into).collect())).build()
}

/// Tags as EC2 gives them.
pub fn tags_of(tags: &[Tag]) -> Tags {
    tags.iter().filter_map(|tag| Some((tag.key()?.to_owned(), tag.value().unwrap_or_default().to_owned()))).collect()
}

/// The tags of `resource` and the marks of this attempt, as the create calls of EC2 take them.
pub fn tag_specification(cx: &Writing<'_>, kind: ResourceType, resource: &impl Resource) -> TagSpecification {
    let tags = cx.tags(resource).into_iter().map(|(key, value)| Tag::builder().key(key).value(value).build());
    TagSpecification::builder().resource_type(kind).set_tags(Some(tags.collect())).build()
}

/// Brings the tags of the object `id` from `from` to `to`.
///
/// # Errors
/// What `CreateTags` or `DeleteTags` answered.
pub async fn retag(aws: &Clients, id: &str, from: &Tags, to: &Tags) -> Result<(), CloudError> {
    let (set, remove) = retagging(from, to);
    if !set.is_empty() {
        let tags = set.into_iter().map(|(key, value)| Tag::builder().key(key).value(value).build());
        aws.ec2.create_tags().resources(id).set_tags(Some(tags.collect())).send().await.during("set its tags")?;
    }
    if !remove.is_empty() {
        let tags = remove.into_iter().map(|key| Tag::builder().key(key).build());
        aws.ec2.delete_tags().resources(id).set_tags(Some(tags.collect())).send().await.during("remove its tags")?;
    }
    Ok(())
}

/// Looks for objects that EC2 lists by filter: recorded ones by `id_filter`, the others by the tag of our stack. `list`
/// must read all pages and leave out what is gone but still listed; `see` tells one object in the shape of its kind.
pub async fn look<R, T, Fut>(
    sought: Vec<Sought<R>>,
    cx: &Reading<'_>,
    id_filter: &str,
    list: impl Fn(Filter) -> Fut,
    id_of: impl Fn(&T) -> Option<&str>,
    tags_of: impl Fn(&T) -> Tags,
    see: impl Fn(&Sought<R>, &T, Tags) -> Result<Sight<R>, CloudError>,
) -> Sights<R>
where
    R: Resource,
    Fut: Future<Output = Result<Vec<T>, CloudError>>,
{
    let ids: Vec<&str> = sought.iter().filter_map(Sought::id).collect();
    let by_id =
        async { if ids.is_empty() { Ok(Vec::new()) } else { list(filter(id_filter, ids.iter().copied())).await } };
    let unrecorded = sought.iter().any(|one| one.recorded.is_none());
    let by_tag =
        async { if unrecorded { list(filter(&format!("tag:{STACK_TAG}"), [cx.stack])).await } else { Ok(Vec::new()) } };
    let (by_id, by_tag) = futures_util::future::join(by_id, by_tag).await;
    let find = |one: &Sought<R>| -> Result<Sight<R>, CloudError> {
        let found = match one.id() {
            Some(id) => by_id.as_ref().map_err(Clone::clone)?.iter().find(|object| id_of(object) == Some(id)),
            None => {
                by_tag.as_ref().map_err(Clone::clone)?.iter().find(|object| cx.ours(&one.address, &tags_of(object)))
            }
        };
        match found {
            Some(object) => see(one, object, one.managed(&tags_of(object))),
            None => Ok(Sight::Absent),
        }
    };
    sought.iter().map(|one| (one.address.clone(), find(one))).collect()
}
