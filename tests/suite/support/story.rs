//! Random stories: declarations one after the other, with faults, drift and requests in between.

use std::collections::BTreeSet;
use std::fmt;

use ppm_infra::cloud::ErrorKind;
use ppm_infra::cloud::simulated::{Fault, Simulated, SimulatedObject, Verb, World};
use ppm_infra::engine::Request;
use ppm_infra::engine::state::State;
use ppm_infra::model::address::Address;
use ppm_infra::model::resource::Catalog;
use proptest::prelude::*;
use serde_json::{Value, json};

use super::bench::{Bench, Plain};
use super::toys::{self, Draft, Drafts, SLOTS, Toy};

/// What happens to the declaration.
#[derive(Clone, Debug)]
pub(crate) enum Edit {
    /// Nothing.
    None,
    /// One resource gets other plain values.
    Values(usize, u8, u8),
    /// One resource is another one from now on, or goes.
    One(usize, Option<Draft>),
    /// Everything is another.
    All(Drafts),
}

/// What somebody does behind the tool's back. The first number chooses the object.
#[derive(Clone, Debug)]
pub(crate) enum Meddling {
    /// Nothing.
    None,
    /// Changes a plain field.
    Value(usize, bool, u8),
    /// Removes an object, whoever uses it.
    Remove(usize),
    /// Lets an object point at another one.
    Point(usize, usize),
}

/// What goes wrong.
#[derive(Clone, Debug)]
pub(crate) enum Mishap {
    Refused,
    AnswerLost,
    FailedLate,
}

/// Asks for nothing, and lets data go.
pub(crate) fn consenting() -> Request {
    Request { delete_data: [toys::DATA.to_owned()].into(), ..Request::default() }
}

/// One run and what comes before it.
#[derive(Clone)]
pub(crate) struct Chapter {
    pub(crate) edit: Edit,
    pub(crate) meddling: Meddling,
    /// Addresses to replace for no reason.
    pub(crate) replace: u8,
    pub(crate) mishaps: Vec<(usize, u8, Mishap)>,
    /// How long the steps on each address take.
    pub(crate) pace: [u8; SLOTS],
    pub(crate) parallelism: usize,
}

impl fmt::Debug for Chapter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { edit, meddling, replace, mishaps, pace, parallelism } = self;
        write!(f, "{edit:?} | {meddling:?} | replace {replace:06b} | {mishaps:?} | {pace:?} {parallelism}")
    }
}

/// A whole story.
#[derive(Clone, Debug)]
pub(crate) struct Story {
    pub(crate) toys: [Toy; SLOTS],
    pub(crate) first: Drafts,
    pub(crate) chapters: Vec<Chapter>,
    /// Whether everything goes through its text.
    pub(crate) as_text: bool,
}

const VERBS: [Verb; 3] = [Verb::Create, Verb::Update, Verb::Delete];

impl Edit {
    /// The declaration after this edit.
    pub(crate) fn apply(&self, drafts: &Drafts) -> Drafts {
        match self {
            Self::None => drafts.clone(),
            Self::Values(slot, a, b) => {
                let draft = drafts.drafts[*slot].map(|draft| Draft { a: *a, b: *b, ..draft });
                toys::edited(drafts, *slot, draft)
            }
            Self::One(slot, draft) => toys::edited(drafts, *slot, *draft),
            Self::All(drafts) => drafts.clone(),
        }
    }
}

/// Whether the object `from` points at `to`, directly or through others. What points in a circle, nobody can remove.
fn leads(world: &World, from: u64, to: u64) -> bool {
    let points_at = |object: &SimulatedObject, target: &SimulatedObject| {
        let id = json!(target.computed.text("id")).to_string();
        object.declared.canonical().contains(&format!("\"$id\":{id}"))
    };
    let mut reached = BTreeSet::from([from]);
    loop {
        let found = |target: &SimulatedObject| reached.iter().any(|from| points_at(&world.objects[from], target));
        let more: BTreeSet<u64> =
            world.objects.iter().filter(|(_, target)| found(target)).map(|(serial, _)| *serial).collect();
        if more.is_subset(&reached) {
            return reached.contains(&to);
        }
        reached.extend(more);
    }
}

impl Meddling {
    /// Does it to something that stands: of what old objects are turned into, nobody learns.
    pub(crate) fn apply(&self, cloud: &Simulated, state: &State) {
        let pick = |count: usize, n: usize| (count > 0).then(|| n % count.max(1));
        cloud.meddle(|world| {
            let stands = |object: &SimulatedObject| !state.is_old(&object.mark.address, &object.computed);
            let standing = world.objects.iter().filter(|(_, object)| stands(object));
            let serials: Vec<u64> = standing.map(|(serial, _)| *serial).collect();
            match self {
                Self::None => {}
                Self::Value(n, first, value) => {
                    if let Some(n) = pick(serials.len(), *n) {
                        let object = world.objects.get_mut(&serials[n]).unwrap();
                        object.declared.set(if *first { "a" } else { "b" }, json!(value));
                    }
                }
                Self::Remove(n) => {
                    if let Some(n) = pick(serials.len(), *n) {
                        world.objects.remove(&serials[n]);
                    }
                }
                Self::Point(n, to) => {
                    if let Some(n) = pick(serials.len(), *n) {
                        let to = serials[*to % serials.len()];
                        if to != serials[n] && leads(world, to, serials[n]) {
                            return;
                        }
                        let target = &world.objects[&to];
                        let kind = target.mark.address.kind.as_str();
                        let held: Value = json!({"$id": target.computed.text("id"), "$kind": kind});
                        world.objects.get_mut(&serials[n]).unwrap().declared.set("one", held);
                    }
                }
            }
        });
    }
}

impl Chapter {
    /// Prepares cloud and session for the run, and tells what to ask for.
    pub(crate) fn prepare(&self, bench: &mut Bench, toys: &[Toy; SLOTS]) -> Request {
        bench.session.parallelism = self.parallelism;
        let is_open = bench.store.book().is_some_and(|book| !book.open.is_empty());
        self.unsettle(&bench.cloud, &bench.state(), is_open, toys)
    }

    /// Prepares the cloud for a run from `state`, and tells what to ask for.
    pub(crate) fn unsettle(&self, cloud: &Simulated, state: &State, is_open: bool, toys: &[Toy; SLOTS]) -> Request {
        // What somebody does between a run that was left and the next one, before it is settled what stands, escapes us.
        if !is_open {
            self.meddling.apply(cloud, state);
        }
        cloud.heal();
        for (slot, verb, mishap) in &self.mishaps {
            let fault = match mishap {
                Mishap::Refused => Fault::Refuse(ErrorKind::Refused),
                Mishap::AnswerLost => Fault::LoseAnswer,
                Mishap::FailedLate => Fault::FailLate(ErrorKind::Timeout),
            };
            cloud.fault(VERBS[usize::from(*verb)], toys::address(toys, *slot), fault);
        }
        for (slot, pace) in self.pace.iter().enumerate() {
            for (n, verb) in VERBS.into_iter().enumerate() {
                let seconds = u64::from(*pace) * (n as u64 + 3) % 31;
                cloud.fault(verb, toys::address(toys, slot), Fault::Slow(seconds));
            }
        }
        let recorded = &state.resources;
        let asked = (0..SLOTS).filter(|slot| self.replace & (1 << slot) != 0).map(|slot| toys::address(toys, slot));
        Request { replace: asked.filter(|at| recorded.contains_key(at)).collect(), ..consenting() }
    }

    /// Whether something was to go wrong with `verb` at `at`.
    pub(crate) fn scripted(&self, toys: &[Toy; SLOTS], at: &Address, verb: Verb) -> bool {
        self.mishaps.iter().any(|(slot, v, _)| toys::address(toys, *slot) == *at && VERBS[usize::from(*v)] == verb)
    }
}

impl Story {
    /// The catalogue of its kinds.
    pub(crate) fn catalog(&self) -> Catalog {
        toys::catalog(&self.toys)
    }

    /// A workbench for it.
    pub(crate) fn bench(&self) -> Bench {
        Bench::new(&self.catalog(), "lab", self.as_text)
    }

    /// A declaration as the runner takes it.
    pub(crate) fn blueprint(&self, drafts: &Drafts) -> Plain {
        Plain(drafts.nodes(&self.toys))
    }
}

fn any_edit() -> impl Strategy<Value = Edit> {
    prop_oneof![
        2 => Just(Edit::None),
        3 => (0..SLOTS, 0u8..2, 0u8..2).prop_map(|(slot, a, b)| Edit::Values(slot, a, b)),
        3 => (0..SLOTS, prop::option::of(toys::any_draft())).prop_map(|(slot, draft)| Edit::One(slot, draft)),
        3 => toys::any_drafts().prop_map(Edit::All),
    ]
}

fn any_meddling() -> impl Strategy<Value = Meddling> {
    prop_oneof![
        5 => Just(Meddling::None),
        1 => (0..SLOTS, any::<bool>(), 0u8..2).prop_map(|(n, first, value)| Meddling::Value(n, first, value)),
        1 => (0..SLOTS).prop_map(Meddling::Remove),
        1 => (0..SLOTS, 0..SLOTS).prop_map(|(n, to)| Meddling::Point(n, to)),
    ]
}

fn any_mishaps() -> impl Strategy<Value = Vec<(usize, u8, Mishap)>> {
    let mishap = prop_oneof![2 => Just(Mishap::Refused), 1 => Just(Mishap::AnswerLost), 1 => Just(Mishap::FailedLate)];
    prop_oneof![1 => Just(Vec::new()), 2 => prop::collection::vec((0..SLOTS, 0u8..3, mishap), 1..4)]
}

/// A chapter. `whole` leaves out what stands in the way of finishing.
pub(crate) fn any_chapter(whole: bool) -> impl Strategy<Value = Chapter> {
    let mishaps = if whole { Just(Vec::new()).boxed() } else { any_mishaps().boxed() };
    let replace = prop_oneof![3 => Just(0u8), 1 => 0u8..1 << SLOTS];
    let parallelism = prop_oneof![Just(10usize), 1usize..4];
    (any_edit(), any_meddling(), replace, mishaps, prop::array::uniform6(any::<u8>()), parallelism).prop_map(
        |(edit, meddling, replace, mishaps, pace, parallelism)| Chapter {
            edit,
            meddling,
            replace,
            mishaps,
            pace,
            parallelism,
        },
    )
}

/// A story of a few chapters.
pub(crate) fn any_story(whole: bool) -> impl Strategy<Value = Story> {
    let as_text = prop::bool::weighted(0.1);
    (toys::any_toys(), toys::any_drafts(), prop::collection::vec(any_chapter(whole), 1..4), as_text)
        .prop_map(|(toys, first, chapters, as_text)| Story { toys, first, chapters, as_text })
}
