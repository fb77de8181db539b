//! Floor 2: the port. The cloud as the runner sees it: two questions, three ways to look, three verbs.
//!
//! Documents come in and go out with symbolic references; turning them into ids and back is this side's work, with the
//! [`IdIndex`] it is given. Contracts of every implementation:
//!
//! - `observe` never guesses: what could not be read is [`Observation::Unread`], never gone. It reads many at once.
//! - `census` lists what carries our marks, recorded or not, and `find` reads one object whose id is known.
//! - `create` puts the mark into the create call itself, reports the id with [`Context::made`] before any wait, and
//!   returns when the object is usable. What exists under the name already and carries our marks is taken over.
//! - `update` changes only what differs; finding nothing to change is success.
//! - `delete` succeeds when the object is gone, also when it was gone before.

#[cfg(feature = "aws")]
pub mod aws;
pub mod health;
pub mod simulated;
pub mod vault;
pub mod wait;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use futures_core::future::BoxFuture;
use tokio::sync::{mpsc, oneshot};
use tokio_util::sync::CancellationToken;

pub use crate::model::error::{CloudError, ErrorKind, clock_is_off};

use crate::model::address::Address;
use crate::model::audit::{AuditQuery, AuditRecords};
use crate::model::described::{CallAnswers, Described, Inquiry, RemovalCall};
use crate::model::document::Document;
use crate::model::facts::{FactQuery, Facts};
use crate::model::index::IdIndex;
use crate::model::mark::Mark;
use crate::model::observation::Observation;
use crate::model::reference::Ref;
use crate::model::resource::{Known, Resource};
use crate::model::surroundings::{Questions, Surroundings};

/// What to look for at one address.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ObserveTarget {
    /// What is wanted there, if it is declared.
    pub declared: Option<Document>,
    /// What is recorded there. With it the object is looked for by id, without it by name or by our marks.
    pub recorded: Option<Known>,
    /// What interrupted changes asked for: as much of it as is there is ours.
    pub attempted: Vec<Document>,
    /// Ids of objects that carry the marks of the address and are not what is looked for: they await removal.
    pub old: BTreeSet<String>,
}

/// The cloud as the runner sees it.
pub trait Cloud: Send + Sync {
    /// Who we are there, and what the declaration needs to know of the place.
    fn survey<'a>(&'a self, ask: &'a Questions) -> BoxFuture<'a, Result<Surroundings, CloudError>>;

    /// Reads what the plan has to know of things that are not the stack's own: an answer to everything asked. What
    /// cannot be read is [`Fact::Unread`](crate::model::facts::Fact), whatever the reason.
    fn facts<'a>(&'a self, ask: &'a FactQuery, place: &'a Surroundings) -> BoxFuture<'a, Facts>;

    /// Reads many resources at once: an observation for every target.
    fn observe<'a>(&'a self, request: &'a ObserveRequest<'a>) -> BoxFuture<'a, BTreeMap<Address, Observation>>;

    /// As [`Cloud::observe`], with the answers the observations rest on, and those about what a plan never asks for. A cloud
    /// that has no more to tell answers nothing.
    fn describe<'a>(&'a self, request: &'a ObserveRequest<'a>) -> BoxFuture<'a, Described> {
        Box::pin(async move { Described { observed: self.observe(request).await, answers: BTreeMap::new() } })
    }

    /// Asks what is worth knowing after what a look found. A cloud that has no more to tell answers nothing.
    fn inquire<'a>(
        &'a self,
        _inquiries: &'a [Inquiry],
        _place: &'a Surroundings,
    ) -> BoxFuture<'a, BTreeMap<Address, CallAnswers>> {
        Box::pin(async { BTreeMap::new() })
    }

    /// Takes away something that stands within an object of ours and is not ours. What is gone already is success.
    fn take_away<'a>(
        &'a self,
        removal: &'a RemovalCall,
        _place: &'a Surroundings,
    ) -> BoxFuture<'a, Result<(), CloudError>> {
        let doing = format!("call {}", removal.call);
        Box::pin(async { Err(CloudError::new(ErrorKind::Bug, doing, "nothing of others is known in this cloud")) })
    }

    /// Lists what carries the marks of `stack`, declared and recorded or not. What is gone may be listed for a while: a
    /// caller that needs to know asks [`Cloud::find`].
    fn census<'a>(
        &'a self,
        stack: &'a str,
        place: &'a Surroundings,
    ) -> BoxFuture<'a, Result<BTreeSet<Marked>, CloudError>>;

    /// Reads one object by its id, whatever its marks, in the shape of `like`: a document of the same kind, from which
    /// comes what the cloud does not tell. The targets of `look` do not matter.
    fn find<'a>(
        &'a self,
        at: &'a Address,
        id: &'a str,
        like: &'a Document,
        request: &'a ObserveRequest<'a>,
    ) -> BoxFuture<'a, Observation>;

    /// Whether an object that is gone comes back as it was when it is made again, as a secret does for some days.
    fn returns<'a>(&'a self, _at: &'a Address, _gone: &'a Known) -> BoxFuture<'a, Result<bool, CloudError>> {
        Box::pin(async { Ok(false) })
    }

    /// What the audit log of the cloud holds of what was done under a name; `None` where the cloud keeps none.
    fn audit<'a>(&'a self, _query: &'a AuditQuery) -> BoxFuture<'a, Result<Option<AuditRecords>, CloudError>> {
        Box::pin(async { Ok(None) })
    }

    /// Makes an object; answers what the cloud computed for it.
    fn create<'a>(
        &'a self,
        at: &'a Address,
        want: &'a Document,
        cx: &'a Context,
    ) -> BoxFuture<'a, Result<Document, CloudError>>;

    /// Changes an object in place; answers what the cloud computed for it.
    fn update<'a>(
        &'a self,
        at: &'a Address,
        from: &'a Known,
        want: &'a Document,
        cx: &'a Context,
    ) -> BoxFuture<'a, Result<Document, CloudError>>;

    /// Removes an object.
    fn delete<'a>(
        &'a self,
        at: &'a Address,
        known: &'a Known,
        cx: &'a Context,
    ) -> BoxFuture<'a, Result<(), CloudError>>;
}

/// An object that carries the marks of a stack.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Marked {
    /// Where it says it belongs.
    pub address: Address,
    /// Its primary id.
    pub id: String,
}

/// One batched look.
#[derive(Clone, Copy, Debug)]
pub struct ObserveRequest<'a> {
    /// The stack whose marks tell what is ours.
    pub stack: &'a str,
    /// What to look for.
    pub targets: &'a BTreeMap<Address, ObserveTarget>,
    /// What is known of the objects of the stack.
    pub ids: &'a IdIndex,
    /// The account and region.
    pub surroundings: &'a Surroundings,
    /// Whether everything found is to go: then what failed, or is on its way out already, is still there. To everybody
    /// else it is gone, for nobody can use it any more.
    pub removing: bool,
}

/// What deleting may take with it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Consent {
    /// Words of the data stores that may be deleted with their data.
    pub delete_data: BTreeSet<String>,
    /// Delete databases without a final snapshot.
    pub skip_final_snapshot: bool,
}

impl Consent {
    /// Whether objects of the kind `R` may be deleted with the data they hold.
    pub fn covers<R: Resource>(&self) -> bool {
        R::HOLDS.data().is_some_and(|word| self.delete_data.contains(word))
    }
}

/// Everything a verb needs beside its object.
#[derive(Clone, Debug)]
pub struct Context {
    /// What is known of the objects of the stack when the step starts.
    pub ids: IdIndex,
    /// The mark of this attempt.
    pub mark: Mark,
    /// What deleting may take with it.
    pub consent: Arc<Consent>,
    /// The account and region.
    pub surroundings: Arc<Surroundings>,
    /// Receives the reports of progress.
    pub reports: mpsc::UnboundedSender<StepReport>,
    /// Set when the run is abandoned: only waits watch it, never a call under way.
    pub abandon: CancellationToken,
    /// How many times faster than real time the cloud is: 1 for a real one, more for rehearsals.
    pub time_scale: f64,
}

/// What a step reports while it runs.
#[derive(Debug)]
pub enum StepReport {
    /// What the cloud says of the object, such as "creating".
    Status(String),
    /// The object has an id. The answer comes once that is durable.
    Made(Document, oneshot::Sender<()>),
}

impl Context {
    /// Reports what the cloud says of the object.
    pub fn status(&self, text: impl Into<String>) {
        // Nobody listening is no reason to stop working.
        let _ = self.reports.send(StepReport::Status(text.into()));
    }

    /// Reports that the object has an id, and waits until that is durable.
    ///
    /// # Errors
    /// When it could not be made durable: nothing that takes time may start then.
    pub async fn made<C: serde::Serialize>(&self, computed: &C) -> Result<(), CloudError> {
        let (durable, answer) = oneshot::channel();
        let lost = || CloudError::new(ErrorKind::Abandoned, "record the new object", "the journal cannot be written");
        self.reports.send(StepReport::Made(Document::of(computed), durable)).map_err(|_| lost())?;
        answer.await.map_err(|_| lost())
    }

    /// The id of what `reference` points at.
    ///
    /// # Errors
    /// When nothing is recorded there.
    pub fn id<R: Resource>(&self, reference: &Ref<R>) -> Result<String, CloudError> {
        match reference.address() {
            None => match reference {
                Ref::External(id) => Ok(id.clone()),
                Ref::Named(..) => unreachable!("named references have an address"),
            },
            Some(address) => self
                .ids
                .computed(&address)
                .and_then(|c| c.text("id"))
                .map(str::to_owned)
                .ok_or_else(|| missing(&address)),
        }
    }

    /// The ids of what several references point at.
    ///
    /// # Errors
    /// When nothing is recorded at one of them.
    pub fn all_ids<'a, R: Resource>(
        &self,
        references: impl IntoIterator<Item = &'a Ref<R>>,
    ) -> Result<Vec<String>, CloudError> {
        references.into_iter().map(|reference| self.id(reference)).collect()
    }

    /// What the cloud computed for what `reference` points at.
    ///
    /// # Errors
    /// When nothing is recorded there, or it is an object outside the stack, of which only the id is known.
    pub fn computed<R: Resource>(&self, reference: &Ref<R>) -> Result<R::Computed, CloudError> {
        let Some(address) = reference.address() else {
            return Err(CloudError::new(
                ErrorKind::Bug,
                "follow a reference",
                format!("{reference} is outside the stack"),
            ));
        };
        let document = self.ids.computed(&address).ok_or_else(|| missing(&address))?;
        document
            .read()
            .map_err(|error| CloudError::new(ErrorKind::Bug, "follow a reference", format!("{address}: {error}")))
    }
}

fn missing(address: &Address) -> CloudError {
    CloudError::new(ErrorKind::Bug, "follow a reference", format!("nothing is recorded at {address}"))
}
