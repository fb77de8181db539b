//! From erased documents to typed kinds and back: the AWS side of the port.

use std::collections::{BTreeMap, BTreeSet};
use std::marker::PhantomData;

use futures_core::future::BoxFuture;
use futures_util::future::{join_all, try_join_all};

use super::confirm::confirm;
use super::vpc::Vpc;
use super::{catalog, every_kind, facts, survey};
use crate::cloud::aws::cloudtrail;
use crate::cloud::aws::described::{self, Tables};
use crate::cloud::aws::{
    AskedOnce, Census, Clients, HealthOf as _, Lookup, Provision, ReadOutcome, ReadOutcomes, Reading, Writing,
};
use crate::cloud::health::{Answer, Probe};
use crate::cloud::{Cloud, CloudError, Context, ErrorKind, Marked, ObserveRequest, ObserveTarget};
use crate::model::address::{Address, Kind};
use crate::model::audit::{AuditQuery, AuditRecords};
use crate::model::described::{CallAnswers, Described, Inquiry, RemovalCall};
use crate::model::document::Document;
use crate::model::facts::{FactQuery, Facts};
use crate::model::observation::{ForeignObject, Observation};
use crate::model::resource::{Computed as _, Known, Resource};
use crate::model::surroundings::{Questions, Surroundings};

/// AWS, through its SDK.
#[derive(Clone, Debug)]
pub struct Aws {
    clients: Clients,
}

impl Aws {
    /// AWS through these clients.
    pub fn new(clients: Clients) -> Self {
        Self { clients }
    }

    /// Its clients.
    pub(super) fn clients(&self) -> &Clients {
        &self.clients
    }

    fn reading<'a>(&'a self, request: &ObserveRequest<'a>, once: &'a AskedOnce) -> Reading<'a> {
        Reading {
            aws: &self.clients,
            ids: request.ids,
            stack: request.stack,
            surroundings: request.surroundings,
            removing: request.removing,
            networks: &[],
            once,
        }
    }

    async fn look(&self, request: &ObserveRequest<'_>, cx: &Reading<'_>) -> BTreeMap<Address, Observation> {
        let mut by_kind: BTreeMap<&Kind, BTreeMap<&Address, &ObserveTarget>> = BTreeMap::new();
        for (address, target) in request.targets {
            by_kind.entry(&address.kind).or_default().insert(address, target);
        }
        let looks = by_kind.into_iter().map(|(kind, targets)| async move {
            match typed(kind) {
                Ok(typed) => typed.observe(targets, cx).await,
                Err(error) => {
                    let unread = Observation::Unread { error };
                    targets.into_keys().map(|address| (address.clone(), unread.clone())).collect()
                }
            }
        });
        join_all(looks).await.into_iter().flatten().collect()
    }

    fn writing<'a>(&'a self, cx: &'a Context) -> Writing<'a> {
        Writing { aws: &self.clients, cx }
    }
}

impl Cloud for Aws {
    fn survey<'a>(&'a self, ask: &'a Questions) -> BoxFuture<'a, Result<Surroundings, CloudError>> {
        Box::pin(survey::survey(&self.clients, ask))
    }

    fn facts<'a>(&'a self, ask: &'a FactQuery, place: &'a Surroundings) -> BoxFuture<'a, Facts> {
        Box::pin(facts::facts(&self.clients, ask, place))
    }

    fn observe<'a>(&'a self, request: &'a ObserveRequest<'a>) -> BoxFuture<'a, BTreeMap<Address, Observation>> {
        Box::pin(async move { self.look(request, &self.reading(request, &AskedOnce::default())).await })
    }

    fn describe<'a>(&'a self, request: &'a ObserveRequest<'a>) -> BoxFuture<'a, Described> {
        Box::pin(async move {
            let tables = Tables::of(catalog().into_iter().map(|(kind, facts)| (kind, facts.described)));
            let recorded = request.targets.iter().filter(|(address, _)| address.kind == Vpc::KIND);
            let ids = recorded.filter_map(|(_, target)| target.recorded.as_ref()?.computed.text("id"));
            let networks: Vec<&str> = ids.collect();
            let once = AskedOnce::default();
            let cx = &Reading { networks: &networks, ..self.reading(request, &once) };
            described::describe(&self.clients, &tables, request, self.look(request, cx)).await
        })
    }

    fn take_away<'a>(
        &'a self,
        removal: &'a RemovalCall,
        place: &'a Surroundings,
    ) -> BoxFuture<'a, Result<(), CloudError>> {
        Box::pin(described::take_away(&self.clients, &place.account, removal))
    }

    fn inquire<'a>(
        &'a self,
        inquiries: &'a [Inquiry],
        place: &'a Surroundings,
    ) -> BoxFuture<'a, BTreeMap<Address, CallAnswers>> {
        Box::pin(described::inquire(&self.clients, &place.account, inquiries))
    }

    fn census<'a>(
        &'a self,
        stack: &'a str,
        _: &'a Surroundings,
    ) -> BoxFuture<'a, Result<BTreeSet<Marked>, CloudError>> {
        Box::pin(async move {
            let here = &Census::new(&self.clients, stack);
            let all = try_join_all(ALL.iter().map(|kind| kind.census(here))).await?;
            Ok(all.into_iter().flatten().collect())
        })
    }

    fn find<'a>(
        &'a self,
        at: &'a Address,
        id: &'a str,
        like: &'a Document,
        request: &'a ObserveRequest<'a>,
    ) -> BoxFuture<'a, Observation> {
        Box::pin(async move {
            match typed(&at.kind) {
                Ok(typed) => typed.find(at, id, like, &self.reading(request, &AskedOnce::default())).await,
                Err(error) => Observation::Unread { error },
            }
        })
    }

    fn returns<'a>(&'a self, at: &'a Address, gone: &'a Known) -> BoxFuture<'a, Result<bool, CloudError>> {
        Box::pin(async move { typed(&at.kind)?.returns(gone, &self.clients).await })
    }

    fn audit<'a>(&'a self, query: &'a AuditQuery) -> BoxFuture<'a, Result<Option<AuditRecords>, CloudError>> {
        Box::pin(async move { cloudtrail::look_up(&self.clients, query).await.map(Some) })
    }

    fn create<'a>(
        &'a self,
        at: &'a Address,
        want: &'a Document,
        cx: &'a Context,
    ) -> BoxFuture<'a, Result<Document, CloudError>> {
        Box::pin(async move { typed(&at.kind)?.create(want, &self.writing(cx)).await })
    }

    fn update<'a>(
        &'a self,
        at: &'a Address,
        from: &'a Known,
        want: &'a Document,
        cx: &'a Context,
    ) -> BoxFuture<'a, Result<Document, CloudError>> {
        Box::pin(async move { typed(&at.kind)?.update(from, want, &self.writing(cx)).await })
    }

    fn delete<'a>(
        &'a self,
        at: &'a Address,
        known: &'a Known,
        cx: &'a Context,
    ) -> BoxFuture<'a, Result<(), CloudError>> {
        Box::pin(async move { typed(&at.kind)?.delete(known, &self.writing(cx)).await })
    }
}

/// The verbs of one kind with its type erased.
trait Erased: Send + Sync {
    fn kind(&self) -> Kind;
    fn observe<'a>(
        &'a self,
        targets: BTreeMap<&'a Address, &'a ObserveTarget>,
        cx: &'a Reading<'a>,
    ) -> BoxFuture<'a, BTreeMap<Address, Observation>>;
    fn find<'a>(
        &'a self,
        at: &'a Address,
        id: &'a str,
        like: &'a Document,
        cx: &'a Reading<'a>,
    ) -> BoxFuture<'a, Observation>;
    fn census<'a>(&'a self, here: &'a Census<'a>) -> BoxFuture<'a, Result<Vec<Marked>, CloudError>>;
    fn returns<'a>(&'a self, gone: &'a Known, aws: &'a Clients) -> BoxFuture<'a, Result<bool, CloudError>>;
    fn create<'a>(&'a self, want: &'a Document, cx: &'a Writing<'a>) -> BoxFuture<'a, Result<Document, CloudError>>;
    fn update<'a>(
        &'a self,
        from: &'a Known,
        want: &'a Document,
        cx: &'a Writing<'a>,
    ) -> BoxFuture<'a, Result<Document, CloudError>>;
    fn delete<'a>(&'a self, known: &'a Known, cx: &'a Writing<'a>) -> BoxFuture<'a, Result<(), CloudError>>;
}

struct Typed<R>(PhantomData<fn() -> R>);

impl<R: Provision> Erased for Typed<R> {
    fn kind(&self) -> Kind {
        R::KIND
    }

    fn observe<'a>(
        &'a self,
        targets: BTreeMap<&'a Address, &'a ObserveTarget>,
        cx: &'a Reading<'a>,
    ) -> BoxFuture<'a, BTreeMap<Address, Observation>> {
        Box::pin(async move {
            let mut found = BTreeMap::new();
            let mut lookups = Vec::new();
            for (&address, &target) in &targets {
                match seek::<R>(address, target) {
                    Ok(one) => lookups.push(one),
                    Err(error) => {
                        found.insert(address.clone(), Observation::Unread { error });
                    }
                }
            }
            let mut outcomes = look(lookups.clone(), cx).await;
            let strangers = in_their_place(&lookups, &outcomes, cx).await;
            outcomes.extend(strangers);
            found.extend(outcomes.into_iter().map(|(address, outcome)| {
                let target = targets[&address];
                (address, unless_old(observation(outcome, target.recorded.as_ref()), target))
            }));
            found
        })
    }

    fn find<'a>(
        &'a self,
        at: &'a Address,
        id: &'a str,
        like: &'a Document,
        cx: &'a Reading<'a>,
    ) -> BoxFuture<'a, Observation> {
        Box::pin(async move {
            let like = match typed_document::<R>(like) {
                Ok(like) => like,
                Err(error) => return Observation::Unread { error },
            };
            let known = match known::<R>(id) {
                Ok(known) => known,
                Err(error) => return Observation::Unread { error },
            };
            // As if it were recorded: what is looked at by its id is told even where it could not be used any more.
            let lookup = Lookup {
                address: at.clone(),
                declared: None,
                recorded: Some((like, known)),
                attempted: Vec::new(),
                old: BTreeSet::new(),
            };
            let outcome = R::observe(vec![lookup], cx).await.remove(at);
            observation(outcome.expect("a look answers for every address"), None)
        })
    }

    fn census<'a>(&'a self, here: &'a Census<'a>) -> BoxFuture<'a, Result<Vec<Marked>, CloudError>> {
        Box::pin(async move {
            let all = R::census(here).await?.into_iter();
            Ok(all.filter_map(|(id, tags)| here.marked(&R::KIND, id, &tags)).collect())
        })
    }

    fn returns<'a>(&'a self, gone: &'a Known, aws: &'a Clients) -> BoxFuture<'a, Result<bool, CloudError>> {
        Box::pin(async move { R::returns(&typed_document(&gone.computed)?, aws).await })
    }

    fn create<'a>(&'a self, want: &'a Document, cx: &'a Writing<'a>) -> BoxFuture<'a, Result<Document, CloudError>> {
        Box::pin(async move {
            let want = typed_document::<R>(want)?;
            let made = want.create(cx).await?;
            confirm(&want, &made, cx).await?;
            Ok(Document::of(&made))
        })
    }

    fn update<'a>(
        &'a self,
        from: &'a Known,
        want: &'a Document,
        cx: &'a Writing<'a>,
    ) -> BoxFuture<'a, Result<Document, CloudError>> {
        Box::pin(async move {
            let known = typed_document::<R::Computed>(&from.computed)?;
            let from = typed_document::<R>(&from.declared)?;
            let want = typed_document::<R>(want)?;
            let changed = want.update(&from, &known, cx).await?;
            confirm(&want, &changed, cx).await?;
            Ok(Document::of(&changed))
        })
    }

    fn delete<'a>(&'a self, known: &'a Known, cx: &'a Writing<'a>) -> BoxFuture<'a, Result<(), CloudError>> {
        Box::pin(async move {
            let declared = typed_document::<R>(&known.declared)?;
            R::delete(&declared, &typed_document(&known.computed)?, cx).await
        })
    }
}

macro_rules! erased {
    ($($module:ident :: $kind:ident),* $(,)?) => {
        &[$(&Typed::<super::$module::$kind>(PhantomData) as &dyn Erased),*]
    };
}

static ALL: &[&dyn Erased] = every_kind!(erased);

macro_rules! probes {
    ($($module:ident :: $kind:ident),* $(,)?) => {
        $(impl Probe<<super::$module::$kind as Provision>::Health> for Aws {
            fn probe<'a>(&'a self, id: &'a str) -> Answer<'a, <super::$module::$kind as Provision>::Health> {
                Box::pin(health::<super::$module::$kind>(id, &self.clients))
            }
        })*
    };
}

every_kind!(probes);

async fn health<R: Provision>(id: &str, aws: &Clients) -> Result<Option<R::Health>, CloudError> {
    R::Health::read(&known::<R>(id)?, aws).await
}

/// What is known of an object of which only the id is known.
fn known<R: Resource>(id: &str) -> Result<R::Computed, CloudError> {
    let what = || format!("{id} is no id of a {}", R::KIND);
    R::Computed::of_id(id).ok_or_else(|| CloudError::new(ErrorKind::Refused, "read it", what()))
}

fn typed(kind: &Kind) -> Result<&'static dyn Erased, CloudError> {
    let found = ALL.iter().find(|typed| typed.kind() == *kind).copied();
    found.ok_or_else(|| CloudError::new(ErrorKind::Bug, format!("handle a {kind}"), "no such kind"))
}

fn typed_document<T: serde::de::DeserializeOwned>(document: &Document) -> Result<T, CloudError> {
    document.read().map_err(|error| CloudError::new(ErrorKind::Bug, "read a document", error.to_string()))
}

fn seek<R: Resource>(address: &Address, target: &ObserveTarget) -> Result<Lookup<R>, CloudError> {
    let declared = target.declared.as_ref().map(typed_document).transpose()?;
    let recorded = match &target.recorded {
        Some(known) => Some((typed_document(&known.declared)?, typed_document(&known.computed)?)),
        None => None,
    };
    let attempted = target.attempted.iter().map(typed_document).collect::<Result<_, _>>()?;
    Ok(Lookup { address: address.clone(), declared, recorded, attempted, old: target.old.clone() })
}

/// What is found of these.
async fn look<R: Provision>(lookups: Vec<Lookup<R>>, cx: &Reading<'_>) -> ReadOutcomes<R> {
    if lookups.is_empty() { BTreeMap::new() } else { R::observe(lookups, cx).await }
}

/// What is not ours and has the natural names of recorded objects that are gone: to make those again would fail.
async fn in_their_place<R: Provision>(
    lookups: &[Lookup<R>],
    found: &ReadOutcomes<R>,
    cx: &Reading<'_>,
) -> ReadOutcomes<R> {
    let is_gone = |one: &&Lookup<R>| matches!(found.get(&one.address), Some(Ok(ReadOutcome::Absent)));
    let gone = lookups.iter().filter(|one| !cx.removing && one.recorded.is_some()).filter(is_gone);
    let again = gone.clone().map(|one| Lookup {
        declared: one.declared.clone().or_else(|| one.recorded.as_ref().map(|(recorded, _)| recorded.clone())),
        recorded: None,
        ..one.clone()
    });
    let mut others = look(again.collect(), cx).await;
    // What the lists show late is the object itself.
    let ids: BTreeMap<&Address, Option<&str>> = gone.map(|one| (&one.address, one.id())).collect();
    others.retain(|address, outcome| match outcome {
        Ok(ReadOutcome::Foreign(there)) => ids.get(address).copied().flatten() != Some(&there.id),
        Ok(ReadOutcome::Present(_) | ReadOutcome::Absent) | Err(_) => false,
    });
    others
}

/// What was found by its name, or by marks, and only awaits removal, is not what is looked for.
fn unless_old(found: Observation, target: &ObserveTarget) -> Observation {
    match &found {
        Observation::Present { known, .. }
            if target.recorded.is_none() && known.computed.text("id").is_some_and(|id| target.old.contains(id)) =>
        {
            Observation::Absent
        }
        Observation::Present { .. }
        | Observation::Absent
        | Observation::Foreign { .. }
        | Observation::Unread { .. } => found,
    }
}

fn observation<R: Resource>(outcome: Result<ReadOutcome<R>, CloudError>, recorded: Option<&Known>) -> Observation {
    match outcome {
        Ok(ReadOutcome::Present(found)) => Observation::Present {
            known: Known { declared: Document::of(&found.declared), computed: Document::of(&found.computed) }
                .sharing(recorded),
            notes: found.notes,
            waiting: found.waiting,
            settled: found.settled,
        },
        Ok(ReadOutcome::Absent) => Observation::Absent,
        Ok(ReadOutcome::Foreign(ForeignObject { id, because, remedy })) => Observation::Foreign { id, because, remedy },
        Err(error) => Observation::Unread { error },
    }
}
