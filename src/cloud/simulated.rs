//! A cloud in memory: for engine properties, rehearsals and tests without a network.
//!
//! Promises what makes it worth planning against: references must resolve when an object is made or changed; nothing in
//! use can be removed; where a kind has room for one object, there is one; an attempt repeated gives the first object;
//! verbs take as long as they usually take on AWS, divided by the time scale, so it runs at once on tokio's paused
//! clock. Knows no kind: all it needs stands in the [`Catalog`].

mod facts;
mod health;
mod ids;
mod shelves;
mod vault;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, MutexGuard};
use std::time::Duration;

use futures_core::future::BoxFuture;
use serde::{Deserialize, Serialize};

use super::wait::pause;
use super::{Cloud, CloudError, Context, ErrorKind, Marked, ObserveRequest, ObserveTarget};
use crate::model::address::{Address, Kind};
use crate::model::document::Document;
use crate::model::duration::{DurationSpread, TimedVerb};
use crate::model::facts::{Fact, FactQuery, Facts};
use crate::model::mark::Mark;
use crate::model::observation::Observation;
use crate::model::resource::{Catalog, Known, OnChange, ReplaceOrder};
use crate::model::site::Site;
use crate::model::surroundings::{Questions, Surroundings};
pub use health::SimulatedHealth;
use ids::{named, resolved, used};
use shelves::Shelves;
pub use vault::Turn;

/// The account of a rehearsal whose declaration names none.
pub const ACCOUNT: &str = "111122223333";

const ID: &str = "$id";
const KIND: &str = "$kind";

/// Everything the simulated cloud holds.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct World {
    /// How many objects were ever made.
    pub made: u64,
    /// The objects there are, by the order in which they were made.
    pub objects: BTreeMap<u64, SimulatedObject>,
    /// How far the logins are whose passwords were ever exchanged, by the ARN of their secret.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub turns: BTreeMap<String, Turn>,
    /// Health that differs from the default.
    #[serde(default, skip_serializing_if = "SimulatedHealth::is_empty")]
    pub health: SimulatedHealth,
    /// Facts of things that are not the stack's own, where they differ from the default.
    #[serde(default, skip_serializing_if = "Facts::is_empty")]
    pub facts: Facts,
    /// The zones of the region that a cluster can stand in, otherwise than by default.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub zones: Vec<String>,
}

/// One object.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SimulatedObject {
    /// Who owns it.
    pub mark: Mark,
    /// Its settings, with ids in place of references.
    pub declared: Document,
    /// What was computed for it.
    pub computed: Document,
}

impl SimulatedObject {
    fn id(&self) -> &str {
        self.computed.text("id").unwrap_or_default()
    }
}

/// One of the verbs that write.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Verb {
    /// Makes an object.
    Create,
    /// Changes one.
    Update,
    /// Removes one.
    Delete,
}

/// What goes wrong once when a verb meets an address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fault {
    /// Refused before anything was done.
    Refuse(ErrorKind),
    /// Done, but the answer is lost.
    LoseAnswer,
    /// Done as far as it can be at once; fails while one waits for the rest.
    FailLate(ErrorKind),
    /// Takes this many seconds of the cloud's time.
    Slow(u64),
}

/// A call that writes, as it was made.
pub type Write = (Verb, Address);

/// Called with the world after each change.
pub type Keep = Box<dyn Fn(&World) -> Result<(), CloudError> + Send + Sync>;

/// The cloud itself.
pub struct Simulated {
    catalog: Catalog,
    world: Mutex<Shelves>,
    faults: Mutex<Vec<(Verb, Address, Fault)>>,
    writes: Mutex<Vec<Write>>,
    site: Site,
    keep: Option<Keep>,
}

impl Simulated {
    /// A cloud at `site` with `world` in it.
    pub fn new(catalog: Catalog, site: Site, world: World) -> Self {
        Self {
            catalog,
            world: Mutex::new(Shelves::of(world)),
            faults: Mutex::default(),
            writes: Mutex::default(),
            site,
            keep: None,
        }
    }

    /// Calls `keep` with the world after each change, to put it into a file.
    #[must_use]
    pub fn kept(mut self, keep: Keep) -> Self {
        self.keep = Some(keep);
        self
    }

    /// Lets something go wrong the next time `verb` meets `address`.
    pub fn fault(&self, verb: Verb, address: Address, fault: Fault) {
        self.faults.lock().expect("no panic under this lock").push((verb, address, fault));
    }

    /// Forgets what was still to go wrong.
    pub fn heal(&self) {
        self.faults.lock().expect("no panic under this lock").clear();
    }

    /// Everything there is.
    pub fn world(&self) -> World {
        self.shelves().clone()
    }

    fn shelves(&self) -> MutexGuard<'_, Shelves> {
        self.world.lock().expect("no panic under this lock")
    }

    /// Changes things behind the tool's back.
    pub fn meddle(&self, change: impl FnOnce(&mut World)) {
        let mut shelves = self.shelves();
        let mut world = shelves.clone();
        change(&mut world);
        *shelves = Shelves::of(world);
    }

    /// The calls that wrote, in order.
    pub fn writes(&self) -> Vec<Write> {
        self.writes.lock().expect("no panic under this lock").clone()
    }

    fn take_fault(&self, verb: Verb, at: &Address) -> Option<Fault> {
        let mut faults = self.faults.lock().expect("no panic under this lock");
        let found = faults.iter().position(|(v, a, _)| *v == verb && a == at)?;
        Some(faults.remove(found).2)
    }

    /// How long it usually takes to do this to an object that is, or is to be, as `declared`.
    fn usual(&self, verb: TimedVerb, at: &Address, declared: &Document, changed: &[&str]) -> DurationSpread {
        let facts = self.catalog.get(&at.kind);
        facts.map_or(DurationSpread::of(0, 0), |facts| facts.typical.takes(verb, declared, changed))
    }

    /// Runs one verb: fault, effect, then the time it takes. What `effect` answers goes to `made` before any waiting.
    async fn perform<T: Send>(
        &self,
        (verb, at, usual): (Verb, &Address, DurationSpread),
        cx: &Context,
        effect: impl FnOnce(&mut Shelves) -> Result<T, CloudError> + Send,
        made: impl AsyncFnOnce(&T) -> Result<(), CloudError>,
    ) -> Result<T, CloudError> {
        let doing = match verb {
            Verb::Create => format!("create {at}"),
            Verb::Update => format!("update {at}"),
            Verb::Delete => format!("delete {at}"),
        };
        tracing::trace!(operation = ?verb, address = %at, "call");
        let fault = self.take_fault(verb, at);
        if let Some(Fault::Refuse(kind)) = fault {
            return Err(CloudError::new(kind, doing, "refused as scripted"));
        }
        self.writes.lock().expect("no panic under this lock").push((verb, at.clone()));
        let value = {
            let mut world = self.shelves();
            let value = effect(&mut world)?;
            if let Some(keep) = &self.keep {
                keep(&world)?;
            }
            value
        };
        if fault == Some(Fault::LoseAnswer) {
            return Err(CloudError::new(ErrorKind::Unreachable, doing, "the answer was lost as scripted"));
        }
        made(&value).await?;
        let seconds = match fault {
            Some(Fault::Slow(seconds)) => seconds,
            _ => usual.p50,
        };
        cx.status(match verb {
            Verb::Create => "creating",
            Verb::Update => "updating",
            Verb::Delete => "deleting",
        });
        pause(cx, &doing, Duration::from_secs(seconds)).await?;
        match fault {
            Some(Fault::FailLate(kind)) => Err(CloudError::new(kind, doing, "failed late as scripted")),
            _ => Ok(value),
        }
    }

    /// Whether what a field points at may be removed meanwhile.
    fn may_dangle(&self, kind: &Kind, field: &str) -> bool {
        let on_change = self.catalog.get(kind).map(|facts| facts.on_change(field));
        matches!(on_change, Some(OnChange::UpdateDangling | OnChange::Ignore))
    }

    /// Who else uses the object `id` of `kind` in a way that keeps it from being removed.
    fn user<'w>(&self, world: &'w Shelves, kind: &Kind, id: &str) -> Option<&'w SimulatedObject> {
        let users = world.users(kind, id).map(|(_, user)| user);
        let mut others = users.filter(|other| other.id() != id || other.mark.address.kind != *kind);
        others.find(|object| {
            object.declared.fields().any(|(field, value)| {
                !self.may_dangle(&object.mark.address.kind, field) && used(value).contains(&(kind.as_str(), id))
            })
        })
    }

    fn check_references(world: &Shelves, at: &Address, resolved: &Document) -> Result<(), CloudError> {
        for (_, value) in resolved.fields() {
            for (kind, id) in used(value) {
                if !world.has(kind, id) {
                    let message = format!("{kind} {id} does not exist");
                    return Err(CloudError::new(ErrorKind::NotFound, format!("point {at} at it"), message));
                }
            }
        }
        Ok(())
    }

    fn meant<'w>(
        world: &'w Shelves,
        request: &ObserveRequest<'_>,
        at: &Address,
        target: &ObserveTarget,
    ) -> Option<&'w SimulatedObject> {
        let found = match &target.recorded {
            Some(known) => of_stack(world.known_by(&at.kind, known.computed.text("id")?), request.stack),
            None => world.marked(request.stack, at).rfind(|(_, object)| !target.old.contains(object.id())),
        };
        found.map(|(_, object)| object)
    }
}

impl Cloud for Simulated {
    fn survey<'a>(&'a self, ask: &'a Questions) -> BoxFuture<'a, Result<Surroundings, CloudError>> {
        let world = self.shelves();
        let offering = match facts::zones_of_type(&world, &self.site) {
            Fact::There(zones) => zones,
            Fact::Missing | Fact::Unread { .. } => BTreeSet::new(),
        };
        let zones = ask.zones_for.iter().flat_map(|_| facts::zones(&world, &self.site));
        let (zones, other_zones) = zones.partition(|zone| offering.contains(zone));
        let addons = ask
            .addons
            .iter()
            .map(|(kubernetes, addon)| ((kubernetes.clone(), addon.clone()), format!("v{kubernetes}.1-eksbuild.1")));
        let answer = Surroundings {
            account: self.site.account.clone(),
            partition: self.site.partition.to_owned(),
            principal: self.site.global_arn("sts", "assumed-role/platform-admin/rehearsal"),
            zones,
            other_zones,
            addons: addons.collect(),
        };
        Box::pin(async move { Ok(answer) })
    }

    fn facts<'a>(&'a self, ask: &'a FactQuery, _: &'a Surroundings) -> BoxFuture<'a, Facts> {
        let facts = facts::facts(&self.shelves(), ask, &self.site);
        Box::pin(async move { facts })
    }

    fn observe<'a>(&'a self, request: &'a ObserveRequest<'a>) -> BoxFuture<'a, BTreeMap<Address, Observation>> {
        Box::pin(async move {
            tracing::trace!(operation = "Observe", objects = request.targets.len(), "call");
            let world = self.shelves();
            let observe = |at: &Address, target: &ObserveTarget| {
                seen(&world, Self::meant(&world, request, at, target), request, target.recorded.as_ref())
            };
            request.targets.iter().map(|(at, target)| (at.clone(), observe(at, target))).collect()
        })
    }

    fn census<'a>(
        &'a self,
        stack: &'a str,
        _: &'a Surroundings,
    ) -> BoxFuture<'a, Result<BTreeSet<Marked>, CloudError>> {
        let world = self.shelves();
        let ours = world.objects.values().filter(|object| object.mark.stack == stack);
        let marked =
            |object: &SimulatedObject| Marked { address: object.mark.address.clone(), id: object.id().to_owned() };
        let found = ours.map(marked).collect();
        Box::pin(async move { Ok(found) })
    }

    fn find<'a>(
        &'a self,
        at: &'a Address,
        id: &'a str,
        _: &'a Document,
        request: &'a ObserveRequest<'a>,
    ) -> BoxFuture<'a, Observation> {
        let world = self.shelves();
        let object = of_stack(world.known_by(&at.kind, id), request.stack).map(|(_, object)| object);
        let found = seen(&world, object, request, None);
        Box::pin(async move { found })
    }

    fn create<'a>(
        &'a self,
        at: &'a Address,
        want: &'a Document,
        cx: &'a Context,
    ) -> BoxFuture<'a, Result<Document, CloudError>> {
        Box::pin(async move {
            let facts = *self.catalog.get(&at.kind).ok_or_else(|| unknown(at))?;
            let resolved = resolved(want, cx)?;
            let make = |world: &mut Shelves| {
                Self::check_references(world, at, &resolved)?;
                let is_first = |(_, object): &(u64, &SimulatedObject)| object.mark == cx.mark;
                if let Some((_, first)) = world.marked(&cx.mark.stack, &cx.mark.address).find(is_first) {
                    return Ok(first.computed.clone());
                }
                let same_ground =
                    |o: &SimulatedObject| facts.ground.iter().all(|field| o.declared.get(field) == resolved.get(field));
                // Without fields that tell it apart, all ground is the same.
                let taken = world.marked(&cx.mark.stack, at).any(|(_, other)| same_ground(other));
                if facts.replace == ReplaceOrder::DeleteFirst && taken {
                    return Err(CloudError::new(ErrorKind::Exists, format!("create {at}"), "there is room for one"));
                }
                world.rest(|world| world.made += 1);
                let computed = (facts.sample)(want, at, world.made, &self.site);
                let object =
                    SimulatedObject { mark: cx.mark.clone(), declared: resolved.clone(), computed: computed.clone() };
                world.put(world.made, object);
                Ok(computed)
            };
            let usual = self.usual(TimedVerb::Create, at, want, &[]);
            self.perform((Verb::Create, at, usual), cx, make, async |computed| cx.made(computed).await).await
        })
    }

    fn update<'a>(
        &'a self,
        at: &'a Address,
        from: &'a Known,
        want: &'a Document,
        cx: &'a Context,
    ) -> BoxFuture<'a, Result<Document, CloudError>> {
        Box::pin(async move {
            let resolved = resolved(want, cx)?;
            let id = from.computed.text("id");
            let change = |world: &mut Shelves| {
                Self::check_references(world, at, &resolved)?;
                let serial = id.and_then(|id| Some(of_stack(world.known_by(&at.kind, id), &cx.mark.stack)?.0));
                let missing = || CloudError::new(ErrorKind::NotFound, format!("update {at}"), "it does not exist");
                let (serial, mut object) = serial.and_then(|it| Some((it, world.take(it)?))).ok_or_else(missing)?;
                object.declared = resolved.clone();
                // Whose it is stands in its tags, which are brought to what is wanted with the rest.
                object.mark.stack.clone_from(&cx.mark.stack);
                object.mark.address = at.clone();
                let computed = object.computed.clone();
                world.put(serial, object);
                Ok(computed)
            };
            let changed = want.fields().filter(|(name, value)| from.declared.get(name) != Some(value));
            let changed: Vec<&str> = changed.map(|(name, _)| name).collect();
            let usual = self.usual(TimedVerb::Update, at, want, &changed);
            self.perform((Verb::Update, at, usual), cx, change, async |_| Ok(())).await
        })
    }

    fn delete<'a>(
        &'a self,
        at: &'a Address,
        known: &'a Known,
        cx: &'a Context,
    ) -> BoxFuture<'a, Result<(), CloudError>> {
        Box::pin(async move {
            let id = known.computed.text("id").unwrap_or_default();
            let remove = |world: &mut Shelves| {
                if let Some(user) = self.user(world, &at.kind, id) {
                    let message = format!("{id} is in use by {} ({})", user.mark.address, user.id());
                    return Err(CloudError::new(ErrorKind::Refused, format!("delete {at}"), message));
                }
                let stack = of_stack(world.known_by(&at.kind, id), &cx.mark.stack).map(|(_, it)| it.mark.stack.clone());
                let all = world.known_by(&at.kind, id).filter(|(_, it)| Some(&it.mark.stack) == stack.as_ref());
                let gone: Vec<u64> = all.map(|(serial, _)| serial).collect();
                for serial in gone {
                    world.take(serial);
                }
                Ok(())
            };
            let usual = self.usual(TimedVerb::Delete, at, &known.declared, &[]);
            self.perform((Verb::Delete, at, usual), cx, remove, async |()| Ok(())).await
        })
    }
}

/// Of objects with one id, that of the stack: what stands in a cluster is called alike in every stack of a rehearsal.
fn of_stack<'w>(
    all: impl Iterator<Item = (u64, &'w SimulatedObject)>,
    stack: &str,
) -> Option<(u64, &'w SimulatedObject)> {
    all.min_by_key(|(_, object)| object.mark.stack != stack)
}

fn seen(
    world: &World,
    object: Option<&SimulatedObject>,
    request: &ObserveRequest<'_>,
    recorded: Option<&Known>,
) -> Observation {
    let health = object.and_then(|object| world.health.databases.get(object.id()));
    let waiting = health.map(|health| health.pending.clone()).unwrap_or_default();
    match object {
        None => Observation::Absent,
        Some(object) => Observation::Present {
            known: Known { declared: named(&object.declared, request.ids), computed: object.computed.clone() }
                .sharing(recorded),
            notes: Vec::new(),
            waiting,
            settled: true,
        },
    }
}

fn unknown(at: &Address) -> CloudError {
    CloudError::new(ErrorKind::Bug, format!("create {at}"), "the catalogue does not know this kind")
}
