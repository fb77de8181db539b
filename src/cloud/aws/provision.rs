//! What every kind provides on AWS, and what its calls are given.

use std::collections::{BTreeMap, BTreeSet};
use std::marker::PhantomData;
use std::ops::Deref;

use aws_sdk_ec2::types::SecurityGroupRule;
use futures_util::future::join_all;
use serde_json::Value;
use tokio::sync::OnceCell;

use super::strangers::foreign;
use super::{Census, Clients, Listed};
use crate::cloud::{CloudError, Context, ErrorKind};
use crate::model::address::Address;
use crate::model::index::IdIndex;
use crate::model::mark::{ADDRESS_TAG, STACK_TAG, Tags};
use crate::model::observation::ForeignObject;
use crate::model::reference::Ref;
use crate::model::resource::Resource;
use crate::model::surroundings::Surroundings;

/// The calls of one kind. Repetition between kinds is fine: each file can be read alone, and AWS is that irregular.
#[diagnostic::on_unimplemented(
    message = "nobody says how `{Self}` is made, read and removed in AWS",
    note = "`impl Provision` belongs into src/resources/<kind>/aws.rs, and `mod aws;` into src/resources/<kind>.rs"
)]
pub trait Provision: Resource {
    /// What its objects tell of how well they serve: a type of [`cloud::health`](crate::cloud::health), or [`Silent`].
    type Health: HealthOf<Self>;

    /// Whether it is looked at once more when it was made or changed: for kinds of which AWS says "done" of what then
    /// shows otherwise.
    const CONFIRMED: bool = false;

    /// A field that is not as it was ordered, in the words of the kind; nothing where the value says enough.
    fn flaw(_field: &str, _ordered: Option<&Value>) -> Option<&'static str> {
        None
    }

    /// Reads many at once: with a list call if there is one (all pages, filtered), else concurrently. Answers for every
    /// address sought. With a record the object is looked for by id; without one by its natural name, or by the tags of
    /// stack and address.
    fn observe(lookups: Vec<Lookup<Self>>, cx: &Reading<'_>) -> impl Future<Output = ReadOutcomes<Self>> + Send;

    /// Lists every object of the kind that may carry the marks of the stack, wherever it stands and whoever knows of it,
    /// with its tags; nothing for a kind whose objects carry none. Leaves out what is gone and listed still, and asks for
    /// the tags of as few others as it can.
    fn census(here: &Census<'_>) -> impl Future<Output = Result<Listed, CloudError>> + Send;

    /// Makes it, with marks in the create call; reports the id with [`Context::made`] before any wait; returns when it
    /// is usable. An object of our own that exists already is taken over and brought up to date.
    fn create(&self, cx: &Writing<'_>) -> impl Future<Output = Result<Self::Computed, CloudError>> + Send;

    /// Brings it from `from`, which is what is there, to `self`.
    fn update(
        &self,
        from: &Self,
        known: &Self::Computed,
        cx: &Writing<'_>,
    ) -> impl Future<Output = Result<Self::Computed, CloudError>> + Send;

    /// Whether what is gone comes back as it was when it is made again.
    fn returns(_gone: &Self::Computed, _aws: &Clients) -> impl Future<Output = Result<bool, CloudError>> + Send {
        async { Ok(false) }
    }

    /// Removes it, and waits until it is gone. Being gone already is success. Follows no reference: what it needs stands
    /// in `computed`, for what the references mean may be another object by now.
    fn delete(
        declared: &Self,
        known: &Self::Computed,
        cx: &Writing<'_>,
    ) -> impl Future<Output = Result<(), CloudError>> + Send;
}

/// What the objects of the kind `R` tell of how well they serve.
pub trait HealthOf<R: Resource>: Sized + Send + 'static {
    /// Reads it of the object that is known by this much, which may be one that somebody waits for; nothing if the object
    /// is not there.
    fn read(known: &R::Computed, aws: &Clients) -> impl Future<Output = Result<Option<Self>, CloudError>> + Send;
}

/// The answer of a kind that nobody asks how well its objects serve: either they tell nothing, or only a wait for them
/// reads it. Whether an object is there, a look tells.
#[derive(Debug)]
pub struct Silent<R>(PhantomData<fn() -> R>);

impl<R: Resource> HealthOf<R> for Silent<R> {
    async fn read(_: &R::Computed, _: &Clients) -> Result<Option<Self>, CloudError> {
        Ok(Some(Self(PhantomData)))
    }
}

/// What a look is given.
#[derive(Clone, Copy, Debug)]
pub struct Reading<'a> {
    /// The clients.
    pub aws: &'a Clients,
    /// What is known of the objects of the stack.
    pub ids: &'a IdIndex,
    /// The stack whose marks tell what is ours.
    pub stack: &'a str,
    /// The account and region.
    pub surroundings: &'a Surroundings,
    /// Whether everything found is to go (see [`ObserveRequest`](crate::cloud::ObserveRequest)).
    pub removing: bool,
    /// Networks of which everything in them is to be told, whosever it is.
    pub networks: &'a [&'a str],
    /// What several kinds need.
    pub once: &'a AskedOnce,
}

/// Answers that several kinds need in one look.
#[derive(Debug, Default)]
pub struct AskedOnce {
    /// The tags of load balancers, listeners and target groups by their ARNs.
    pub elb_tags: OnceCell<Result<BTreeMap<String, Tags>, CloudError>>,
    /// The rules of every security group of ours, and of those EKS made for clusters of ours.
    pub group_rules: OnceCell<Result<Vec<SecurityGroupRule>, CloudError>>,
}

impl Reading<'_> {
    /// A reference to the object AWS knows by `id`: by name if it is ours, by id if not.
    pub fn refer<R: Resource>(&self, id: &str) -> Ref<R> {
        self.ids.refer(id)
    }

    /// Whether these tags are the marks of `address` in our stack.
    pub fn ours(&self, address: &Address, tags: &Tags) -> bool {
        let is = |key: &str, value: &str| tags.get(key).is_some_and(|found| found == value);
        is(STACK_TAG, self.stack) && is(ADDRESS_TAG, &address.to_string())
    }
}

/// What a verb that writes is given: the clients, and everything a [`Context`] has.
#[derive(Clone, Copy, Debug)]
pub struct Writing<'a> {
    /// The clients.
    pub aws: &'a Clients,
    /// The rest.
    pub cx: &'a Context,
}

impl Deref for Writing<'_> {
    type Target = Context;

    fn deref(&self) -> &Context {
        self.cx
    }
}

impl Writing<'_> {
    /// The tags of `resource` and the marks of this attempt, for the create call.
    pub fn tags(&self, resource: &impl Resource) -> Tags {
        let none = Tags::new();
        self.mark.tags(resource.tags().unwrap_or(&none))
    }

    /// Whether these tags carry the marks of this address in our stack (of whichever attempt).
    pub fn ours(&self, tags: &Tags) -> bool {
        let is = |key: &str, value: &str| tags.get(key).is_some_and(|found| found == value);
        is(STACK_TAG, &self.mark.stack) && is(ADDRESS_TAG, &self.mark.address.to_string())
    }
}

/// One resource that is looked for.
#[derive(Clone, Debug)]
pub struct Lookup<R: Resource> {
    /// Where.
    pub address: Address,
    /// What is wanted there.
    pub declared: Option<R>,
    /// What is recorded there.
    pub recorded: Option<(R, R::Computed)>,
    /// What changes that were cut short asked for: whatever of it is there is ours.
    pub attempted: Vec<R>,
    /// Ids of objects that carry the marks of the address and are not what is looked for: they await removal.
    pub old: BTreeSet<String>,
}

impl<R: Resource> Lookup<R> {
    /// The recorded id.
    pub fn id(&self) -> Option<&str> {
        use crate::model::resource::Computed as _;
        self.recorded.as_ref().map(|(_, computed)| computed.id())
    }

    /// What was recorded, else what is declared: where values come from that AWS does not tell, and names to look for.
    pub fn expected(&self) -> &R {
        match (&self.recorded, &self.declared) {
            (Some((recorded, _)), _) => recorded,
            (None, Some(declared)) => declared,
            (None, None) => unreachable!("whatever is sought is declared or recorded"),
        }
    }

    /// Everything that was ever asked for here and may be there: what is declared now, what was when last recorded, and
    /// what changes that were cut short were to bring.
    pub fn asked(&self) -> impl Iterator<Item = &R> {
        self.declared.iter().chain(self.recorded.iter().map(|(recorded, _)| recorded)).chain(&self.attempted)
    }

    /// Of the tags found, those whose keys we manage: we asked for them. The rest belongs to others.
    pub fn managed(&self, found: &Tags) -> Tags {
        let ours = |key: &String| self.asked().filter_map(Resource::tags).any(|tags| tags.contains_key(key));
        found.iter().filter(|(key, _)| ours(key)).map(|(k, v)| (k.clone(), v.clone())).collect()
    }

    /// Of those objects that carry the marks of this address, the one that is meant: none that awaits removal.
    ///
    /// # Errors
    /// When there is more than one. Which of them is in use nobody but a person can tell.
    pub fn only<T>(
        &self,
        marked: impl IntoIterator<Item = T>,
        id: impl Fn(&T) -> &str,
    ) -> Result<Option<T>, CloudError> {
        let mut marked: Vec<T> = marked.into_iter().filter(|one| !self.old.contains(id(one))).collect();
        if marked.len() > 1 {
            let ids: Vec<&str> = marked.iter().map(id).collect();
            let message = format!(
                "{} carry the marks of {}, and the record knows none of them; remove those that nothing uses, or their \
                 tag {ADDRESS_TAG}, and run it again",
                ids.join(" and "),
                self.address
            );
            return Err(CloudError::new(ErrorKind::Refused, format!("tell which one is {}", self.address), message));
        }
        Ok(marked.pop())
    }
}

/// What was found in place of a resource that was looked for.
#[derive(Clone, Debug)]
pub enum ReadOutcome<R: Resource> {
    /// It is there.
    Present(Box<Present<R>>),
    /// It is not there.
    Absent,
    /// The name is taken by something that is not ours.
    Foreign(ForeignObject),
}

/// An object that is there.
#[derive(Clone, Debug)]
pub struct Present<R: Resource> {
    /// What is there, in the shape of the declaration.
    pub declared: R,
    /// What AWS computed.
    pub computed: R::Computed,
    /// What is worth knowing and no difference.
    pub notes: Vec<String>,
    /// What AWS holds back until a maintenance window, and does along with the next change in place.
    pub waiting: Vec<String>,
    /// Whether it is at rest: neither being made nor being changed.
    pub settled: bool,
}

impl<R: Resource> ReadOutcome<R> {
    /// The name is taken by the object `id`, whose tags are not those of what is looked for.
    pub fn foreign(id: impl Into<String>, tags: &Tags, cx: &Reading<'_>) -> Self {
        Self::Foreign(foreign(id, tags, cx.stack))
    }

    /// It is there, and there is nothing to note.
    pub fn present(declared: R, computed: R::Computed) -> Self {
        Self::Present(Box::new(Present { declared, computed, notes: Vec::new(), waiting: Vec::new(), settled: true }))
    }
}

/// What was found at every address looked at, or why it could not be read.
pub type ReadOutcomes<R> = BTreeMap<Address, Result<ReadOutcome<R>, CloudError>>;

/// For kinds without a list call: looks at each, all at once.
pub async fn one_by_one<R, F, Fut>(lookups: Vec<Lookup<R>>, look: F) -> ReadOutcomes<R>
where
    R: Resource,
    F: Fn(Lookup<R>) -> Fut,
    Fut: Future<Output = Result<ReadOutcome<R>, CloudError>>,
{
    let looks = lookups.into_iter().map(|one| {
        let address = one.address.clone();
        let found = look(one);
        async move { (address, found.await) }
    });
    join_all(looks).await.into_iter().collect()
}
