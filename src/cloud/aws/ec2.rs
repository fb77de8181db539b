//! What the kinds of EC2 have in common: tags inline, filters on every list call, ids we do not choose.
//!
//! Leaves to `create` the creates that have neither name nor token, to `interfaces` what outlives its owner, and to
//! `leftovers` to name what is in the way.

mod create;
mod interfaces;
mod leftovers;

use std::time::Duration;

use aws_sdk_ec2::types::{Filter, ResourceType, Tag, TagSpecification};
use futures_util::future::{join, join_all};

pub use create::create_without_token;
pub use interfaces::{delete_unused, in_use, interfaces_in, left_by_cni, named_in, naming, sweep_interfaces};
pub use leftovers::{left_in_network, users_of_group};

use super::provision::{Lookup, ReadOutcome, ReadOutcomes, Reading, Writing};
use super::tags::{self, comparable, tag_list};
use super::{Census, Clients, Listed};
use crate::cloud::wait::{Poll, WaitPolicy, retry_while, until};
use crate::cloud::{CloudError, ErrorKind};
use crate::model::mark::{STACK_TAG, Tags};
use crate::model::reference::Ref;
use crate::model::resource::Resource;

// "Eventual consistency" in the EC2 developer guide names no number; five minutes are what Terraform's provider settled
// on after years of reports.
const VISIBLE: Duration = Duration::from_mins(5);
// What a call has refused to make twice is listed a minute later, unless others have removed it meanwhile.
const LISTED: WaitPolicy = WaitPolicy::seconds(1, 60, 2);

/// A filter of one name and any of these values.
pub fn filter(name: &str, values: impl IntoIterator<Item = impl Into<String>>) -> Filter {
    Filter::builder().name(name).set_values(Some(values.into_iter().map(Into::into).collect())).build()
}

/// An object as the lists of EC2 tell it.
pub trait Object {
    /// Its id.
    fn id(&self) -> &str;
    /// Its tags.
    fn all_tags(&self) -> Tags;
}

/// Makes [`Object`] of a type of the SDK that has tags, and an id under this name.
macro_rules! object {
    ($of:ty, $id:ident) => {
        impl $crate::cloud::aws::ec2::Object for $of {
            fn id(&self) -> &str {
                self.$id().unwrap_or_default()
            }

            fn all_tags(&self) -> $crate::model::mark::Tags {
                $crate::cloud::aws::tags::tags_of(self.tags())
            }
        }
    };
}
pub(crate) use object;

/// A filter that everything with the tag of `stack` passes.
fn of_stack(stack: &str) -> Filter {
    filter(&format!("tag:{STACK_TAG}"), [stack])
}

/// What of a kind carries the tag of the stack. `list` must read all pages and leave out what is gone but still listed.
/// EC2 has a list of all tags as well; it keeps those of objects that are gone ("Eventual consistency", EC2 developer
/// guide).
///
/// # Errors
/// What `list` answered.
pub async fn census<T, Fut>(here: &Census<'_>, list: impl FnOnce(Filter) -> Fut) -> Result<Listed, CloudError>
where
    T: Object,
    Fut: Future<Output = Result<Vec<T>, CloudError>>,
{
    let all = list(of_stack(here.stack)).await?;
    Ok(all.iter().map(|one| (one.id().to_owned(), one.all_tags())).collect())
}

/// The tags of `resource` and the marks of this attempt, as the create calls of EC2 take them.
pub fn tag_specification(cx: &Writing<'_>, kind: ResourceType, resource: &impl Resource) -> TagSpecification {
    TagSpecification::builder().resource_type(kind).set_tags(Some(tag_list(cx.tags(resource)))).build()
}

/// Brings the tags of the object `id` from `from` to `to`.
///
/// # Errors
/// What `CreateTags` or `DeleteTags` answered.
pub async fn retag(aws: &Clients, id: &str, from: &Tags, to: &Tags) -> Result<(), CloudError> {
    let set = |tags| aws.ec2.create_tags().resources(id).set_tags(Some(tag_list(tags))).send();
    let remove = |keys: Vec<String>| {
        // A key without a value removes the tag whatever its value.
        let keys = keys.into_iter().map(|key| Tag::builder().key(key).build()).collect();
        aws.ec2.delete_tags().resources(id).set_tags(Some(keys)).send()
    };
    tags::retag(from, to, set, remove).await
}

/// Gives an object of ours that is taken over the tags and marks it would have been made with.
///
/// # Errors
/// What `CreateTags` answered.
pub async fn mark_taken_over(
    cx: &Writing<'_>,
    id: &str,
    found: &Tags,
    resource: &impl Resource,
) -> Result<(), CloudError> {
    let wanted = cx.tags(resource);
    retag(cx.aws, id, &comparable(found, &wanted), &wanted).await
}

/// What an answer was to contain.
///
/// # Errors
/// When it does not.
pub fn told<T>(answer: Option<T>, doing: &str) -> Result<T, CloudError> {
    answer.ok_or_else(|| CloudError::new(ErrorKind::Bug, doing, "the answer lacks what was made"))
}

/// Repeats a call that names objects made moments ago until EC2 knows them.
///
/// # Errors
/// Any other error at once, and this one after five minutes.
pub async fn retry_until_visible<T, F, Fut>(cx: &Writing<'_>, call: F) -> Result<T, CloudError>
where
    F: FnMut() -> Fut,
    Fut: Future<Output = Result<T, CloudError>>,
{
    retry_while(cx, VISIBLE, |error| error.kind == ErrorKind::NotFound, call).await
}

/// Polls for what a call refused to make a second time, until lists show it; `None` if they never do.
///
/// # Errors
/// What `find` answered.
pub async fn poll_until_listed<T, F, Fut>(cx: &Writing<'_>, doing: &str, find: F) -> Result<Option<T>, CloudError>
where
    F: Fn() -> Fut,
    Fut: Future<Output = Result<Option<T>, CloudError>>,
{
    let found = until(cx, doing, LISTED, || async {
        Ok(find().await?.map_or_else(|| Poll::Pending("not visible yet".to_owned()), Poll::Ready))
    });
    match found.await {
        Ok(found) => Ok(Some(found)),
        Err(error) if error.kind == ErrorKind::Timeout => Ok(None),
        Err(error) => Err(error),
    }
}

/// The id of what `reference` points at, if that is known: an object that is yet to be made has none.
pub fn known_id<R: Resource>(cx: &Reading<'_>, reference: &Ref<R>) -> Option<String> {
    match reference {
        Ref::External(id) => Some(id.clone()),
        Ref::Named(..) => {
            let computed = reference.address().and_then(|address| cx.ids.computed(&address))?;
            computed.text("id").map(str::to_owned)
        }
    }
}

/// The filter of most lists for what stands in a network.
pub const OF_NETWORK: &str = "vpc-id";

/// The filter for what stands in a network, of lists that have this one for ids; nothing for what stands in none, and for
/// networks. The list of rules does not know it: whoever gives that one has to.
fn in_network(id_filter: &str) -> Option<&'static str> {
    match id_filter {
        "subnet-id"
        | "route-table-id"
        | "group-id"
        | "security-group-rule-id"
        | "nat-gateway-id"
        | "vpc-endpoint-id" => Some(OF_NETWORK),
        "internet-gateway-id" => Some("attachment.vpc-id"),
        _ => None,
    }
}

/// Looks for objects that EC2 lists by filter: recorded ones by `id_filter`, the others by the tag of our stack. `list`
/// must read all pages and leave out what is gone but still listed; `see` tells one object in the shape of its kind. Where
/// everything in a network is to be told, that list is asked for, and by their ids what it does not have.
pub async fn look<R, T, Fut>(
    lookups: Vec<Lookup<R>>,
    cx: &Reading<'_>,
    id_filter: &str,
    list: impl Fn(Filter) -> Fut,
    see: impl Fn(&Lookup<R>, &T, Tags) -> Result<ReadOutcome<R>, CloudError>,
) -> ReadOutcomes<R>
where
    R: Resource,
    T: Object,
    Fut: Future<Output = Result<Vec<T>, CloudError>>,
{
    let ids: Vec<&str> = lookups.iter().filter_map(Lookup::id).collect();
    let by_id = async {
        let mut there = match in_network(id_filter).filter(|_| !ids.is_empty() && !cx.networks.is_empty()) {
            Some(network) => list(filter(network, cx.networks.iter().copied())).await?,
            None => Vec::new(),
        };
        let left: Vec<&str> = ids.iter().copied().filter(|id| !there.iter().any(|object| object.id() == *id)).collect();
        if !left.is_empty() {
            there.extend(list(filter(id_filter, left)).await?);
        }
        Ok(there)
    };
    let unrecorded = lookups.iter().any(|one| one.recorded.is_none());
    let by_tag = async { if unrecorded { list(of_stack(cx.stack)).await } else { Ok(Vec::new()) } };
    let (by_id, by_tag) = join(by_id, by_tag).await;
    let find = |one: &Lookup<R>| -> Result<ReadOutcome<R>, CloudError> {
        let marked = || {
            let all = by_tag.as_ref().map_err(Clone::clone)?;
            let marked = all.iter().filter(|object| cx.ours(&one.address, &object.all_tags()));
            one.only(marked, |object| object.id())
        };
        let found = match one.id() {
            Some(id) => by_id.as_ref().map_err(Clone::clone)?.iter().find(|object| object.id() == id),
            None => marked()?,
        };
        match found {
            Some(object) => see(one, object, one.managed(&object.all_tags())),
            None => Ok(ReadOutcome::Absent),
        }
    };
    lookups.iter().map(|one| (one.address.clone(), find(one))).collect()
}

/// A second look at what has no record and was not found by our marks: an object with its natural name is foreign.
/// `holder` answers the object that does. What it finds belongs in the place of what was found before.
pub async fn strangers<R, T, F, Fut>(
    found: &ReadOutcomes<R>,
    lookups: Vec<Lookup<R>>,
    cx: &Reading<'_>,
    holder: F,
) -> ReadOutcomes<R>
where
    R: Resource,
    T: Object,
    F: Fn(Lookup<R>) -> Fut,
    Fut: Future<Output = Result<Option<T>, CloudError>>,
{
    let unfound =
        |one: &Lookup<R>| one.recorded.is_none() && matches!(found.get(&one.address), Some(Ok(ReadOutcome::Absent)));
    let looks = lookups.into_iter().filter(unfound).map(|one| {
        let address = one.address.clone();
        let look = holder(one);
        async move {
            let outcome = match look.await {
                Ok(Some(there)) if !cx.ours(&address, &there.all_tags()) => {
                    Ok(ReadOutcome::foreign(there.id(), &there.all_tags(), cx))
                }
                // Ours, and not in the list by tags yet: the create call will find it.
                Ok(_) => Ok(ReadOutcome::Absent),
                Err(error) => Err(error),
            };
            (address, outcome)
        }
    });
    join_all(looks).await.into_iter().collect()
}
