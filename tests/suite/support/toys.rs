//! Toy kinds that have everything the planner knows of, and random declarations of them.
//!
//! A toy has two plain fields (`a`, `b`) and three that point at others (`one`, `many`, `deep`). What a change of each
//! means, which object goes first and how ids are given is drawn at random, so kinds of every sort meet.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::{LazyLock, Mutex};

use ppm_infra::engine::lint;
use ppm_infra::model::address::{Address, Kind};
use ppm_infra::model::document::Document;
use ppm_infra::model::duration::{DurationSpread, Typical};
use ppm_infra::model::resource::{Catalog, Field, Holds, KindFacts, Node, OnChange, ReplaceOrder};
use ppm_infra::model::site::Site;
use proptest::prelude::*;
use serde_json::{Map, Value, json};

/// How many addresses there are at most.
pub(crate) const SLOTS: usize = 6;

const FIELDS: [&str; 5] = ["a", "b", "one", "many", "deep"];

/// How objects of a kind take each other's place.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Room {
    /// There is room for two; the new one comes first.
    ForTwo,
    /// There is room for one.
    ForOne,
    /// There is room for one, and its id is its name.
    Named,
}

/// A kind drawn at random.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct Toy {
    pub(crate) room: Room,
    pub(crate) on_change: [OnChange; 5],
    /// Whether it holds data.
    pub(crate) data: bool,
}

/// The word that allows to delete toys that hold data.
pub(crate) const DATA: &str = "toys";

fn letter(on_change: OnChange) -> char {
    match on_change {
        OnChange::Update => 'u',
        OnChange::UpdateDangling => 'd',
        OnChange::UpdateStepwise => 's',
        OnChange::Replace => 'r',
        OnChange::Ignore => 'i',
    }
}

impl Toy {
    /// The word of the kind: `c`, `d` or `n` for the room, a letter for each field, `x` if it holds data.
    fn word(self) -> String {
        let room = match self.room {
            Room::ForTwo => 'c',
            Room::ForOne => 'd',
            Room::Named => 'n',
        };
        let data = self.data.then_some('x');
        std::iter::once(room).chain(self.on_change.into_iter().map(letter)).chain(data).collect()
    }

    /// The kind and its facts.
    pub(crate) fn facts(self) -> (Kind, KindFacts) {
        static KNOWN: LazyLock<Mutex<BTreeMap<String, (Kind, KindFacts)>>> = LazyLock::new(Mutex::default);
        let word = self.word();
        let mut known = KNOWN.lock().unwrap();
        let make = || {
            let fields = FIELDS.into_iter().zip(self.on_change).map(|(name, on_change)| Field { name, on_change });
            let facts = KindFacts {
                replace: match self.room {
                    Room::ForTwo => ReplaceOrder::CreateFirst,
                    Room::ForOne | Room::Named => ReplaceOrder::DeleteFirst,
                },
                typical: Typical::of(DurationSpread::of(20, 20), DurationSpread::of(5, 5), DurationSpread::of(10, 10)),
                holds: if self.data { Holds::Data { word: DATA, told: "Toys" } } else { Holds::Nothing },
                sample,
                declared: has_fields,
                computed: has_id,
                ..KindFacts::plain(Vec::leak(fields.collect()))
            };
            (Kind::new(String::leak(word.clone())), facts)
        };
        known.entry(word.clone()).or_insert_with(make).clone()
    }
}

fn sample(_: &Document, at: &Address, serial: u64, _: &Site) -> Document {
    let named = at.kind.as_str().starts_with('n');
    let id = if named { format!("id-of-{}", at.name) } else { format!("id-{serial}") };
    [("id".to_owned(), json!(id))].into_iter().collect()
}

fn has_fields(declared: &Document) -> Result<(), String> {
    let known = declared.fields().all(|(field, _)| FIELDS.contains(&field));
    if known { Ok(()) } else { Err("it is no toy".to_owned()) }
}

fn has_id(computed: &Document) -> Result<(), String> {
    let known = computed.text("id").is_some_and(|id| !id.is_empty());
    if known { Ok(()) } else { Err("it is no toy".to_owned()) }
}

impl fmt::Debug for Toy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.word())
    }
}

/// One resource of a random declaration. What it points at is cut down to what it may point at.
#[derive(Clone, Copy)]
pub(crate) struct Draft {
    pub(crate) a: u8,
    pub(crate) b: u8,
    pub(crate) one: u8,
    pub(crate) many: u8,
    pub(crate) deep: u8,
    pub(crate) after: u8,
}

impl fmt::Debug for Draft {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { a, b, one, many, deep, after } = self;
        write!(f, "a{a} b{b} one {one} many {many:06b} deep {deep:06b} after {after:06b}")
    }
}

impl fmt::Debug for Drafts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "heights {:?}", self.heights)?;
        let there = self.drafts.iter().enumerate().filter_map(|(slot, draft)| Some((slot, draft.as_ref()?)));
        there.into_iter().try_for_each(|(slot, draft)| write!(f, " / s{slot} {draft:?}"))
    }
}

/// A random declaration: for each address its height, and what is wanted there. References lead downwards, so there is
/// no circle; the heights differ from one declaration to the next, so references turn round.
#[derive(Clone)]
pub(crate) struct Drafts {
    pub(crate) heights: [u8; SLOTS],
    pub(crate) drafts: [Option<Draft>; SLOTS],
}

/// The address of a slot.
pub(crate) fn address(toys: &[Toy; SLOTS], slot: usize) -> Address {
    Address::of(toys[slot].facts().0, &format!("s{slot}"))
}

/// The facts of these kinds.
pub(crate) fn catalog(toys: &[Toy; SLOTS]) -> Catalog {
    toys.iter().map(|toy| toy.facts()).collect()
}

fn points_at(target: &Address) -> Value {
    json!({"$ref": target.to_string()})
}

impl Drafts {
    /// The resources of this declaration.
    pub(crate) fn nodes(&self, toys: &[Toy; SLOTS]) -> BTreeMap<Address, Node> {
        (0..SLOTS).filter_map(|slot| Some((address(toys, slot), self.node(toys, slot)?))).collect()
    }

    fn below(&self, slot: usize) -> Vec<usize> {
        let height = |slot: usize| (self.heights[slot], slot);
        (0..SLOTS).filter(|other| self.drafts[*other].is_some() && height(*other) < height(slot)).collect()
    }

    fn node(&self, toys: &[Toy; SLOTS], slot: usize) -> Option<Node> {
        let draft = self.drafts[slot]?;
        let below = self.below(slot);
        let among = |mask: u8| -> BTreeSet<Address> {
            below.iter().filter(|other| mask & (1 << **other) != 0).map(|other| address(toys, *other)).collect()
        };
        let one = below.get(usize::from(draft.one)).map_or(Value::Null, |other| points_at(&address(toys, *other)));
        let mut many: Vec<Value> = among(draft.many).iter().map(points_at).collect();
        many.sort_by_key(ToString::to_string);
        let deep: Map<String, Value> =
            among(draft.deep).iter().map(|to| (to.name.to_string(), json!({"to": points_at(to)}))).collect();
        let values = [json!(draft.a), json!(draft.b), one, Value::Array(many), Value::Object(deep)];
        let declared: Document = FIELDS.into_iter().map(str::to_owned).zip(values).collect();
        // What is relied on is followed anyway.
        let (_, facts) = toys[slot].facts();
        let after = among(draft.after).into_iter().filter(|to| !lint::relied_on(&facts, &declared).contains(to));
        let after = after.map(|to| (to, "it is so")).collect();
        Some(Node { declared, after, ..Node::default() })
    }
}

/// Any kind.
pub(crate) fn any_toy() -> impl Strategy<Value = Toy> {
    let room = prop_oneof![3 => Just(Room::ForTwo), 2 => Just(Room::ForOne), 1 => Just(Room::Named)];
    let plain = || prop_oneof![Just(OnChange::Update), Just(OnChange::Replace), Just(OnChange::Ignore)];
    let pointer = || {
        prop_oneof![
            3 => Just(OnChange::Update),
            3 => Just(OnChange::Replace),
            2 => Just(OnChange::UpdateDangling),
            1 => Just(OnChange::Ignore),
        ]
    };
    (room, plain(), plain(), pointer(), pointer(), pointer(), prop::bool::weighted(0.2))
        .prop_map(|(room, a, b, one, many, deep, data)| Toy { room, on_change: [a, b, one, many, deep], data })
}

/// Any kinds.
pub(crate) fn any_toys() -> impl Strategy<Value = [Toy; SLOTS]> {
    prop::array::uniform6(any_toy())
}

pub(crate) fn any_draft() -> impl Strategy<Value = Draft> {
    // Few bits set: a graph in which everything hangs together has little left to find.
    let mask = || prop_oneof![2 => Just(0u8), 3 => (0..SLOTS).prop_map(|slot| 1 << slot), 1 => 0u8..1 << SLOTS];
    let one = prop_oneof![1 => Just(u8::MAX), 2 => 0u8..u8::try_from(SLOTS).unwrap()];
    (0u8..2, 0u8..2, one, mask(), mask(), mask()).prop_map(|(a, b, one, many, deep, after)| Draft {
        a,
        b,
        one,
        many,
        deep,
        after,
    })
}

/// Any declaration.
pub(crate) fn any_drafts() -> impl Strategy<Value = Drafts> {
    let draft = || prop_oneof![1 => Just(None), 4 => any_draft().prop_map(Some)];
    let heights = prop_oneof![2 => Just([0u8; SLOTS]), 1 => prop::array::uniform6(0u8..4)];
    (heights, prop::array::uniform6(draft())).prop_map(|(heights, drafts)| Drafts { heights, drafts })
}

/// A declaration that differs from `drafts` in one resource or two: what edits are like.
pub(crate) fn edited(drafts: &Drafts, slot: usize, draft: Option<Draft>) -> Drafts {
    let mut edited = drafts.clone();
    edited.drafts[slot] = draft;
    edited
}
