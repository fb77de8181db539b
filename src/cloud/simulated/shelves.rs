//! Where to find things in the simulated world without going through all of it.
//!
//! Promises: whatever was changed, an answer is that of a search through the objects in the order in which they were made.

use std::cell::OnceCell;
use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet};
use std::ops::Deref;

use super::ids::used;
use super::{SimulatedObject, World};
use crate::model::address::{Address, Kind};

/// A world and its indexes, each made when it is first asked for: who only looks asks for one alone.
pub(super) struct Shelves {
    world: World,
    by_id: Index<String>,
    by_address: Index<(String, Address)>,
    /// Who points at an object, by its kind and id.
    users: Index<String>,
}

/// The objects under each key.
struct Index<K> {
    keys: fn(&SimulatedObject) -> BTreeSet<K>,
    made: OnceCell<BTreeMap<K, BTreeSet<u64>>>,
}

impl<K: Ord> Index<K> {
    fn by(keys: fn(&SimulatedObject) -> BTreeSet<K>) -> Self {
        Self { keys, made: OnceCell::new() }
    }

    fn at(&self, key: &K, world: &World) -> Option<&BTreeSet<u64>> {
        let made = || {
            let mut all = BTreeMap::new();
            for (serial, object) in &world.objects {
                Self::enter(&mut all, (self.keys)(object), *serial);
            }
            all
        };
        self.made.get_or_init(made).get(key)
    }

    fn enter(all: &mut BTreeMap<K, BTreeSet<u64>>, keys: BTreeSet<K>, serial: u64) {
        for key in keys {
            all.entry(key).or_default().insert(serial);
        }
    }

    fn add(&mut self, object: &SimulatedObject, serial: u64) {
        if let Some(all) = self.made.get_mut() {
            Self::enter(all, (self.keys)(object), serial);
        }
    }

    fn forget(&mut self, object: &SimulatedObject, serial: u64) {
        let Some(all) = self.made.get_mut() else { return };
        for key in (self.keys)(object) {
            if let Entry::Occupied(mut entry) = all.entry(key) {
                entry.get_mut().remove(&serial);
                if entry.get().is_empty() {
                    entry.remove();
                }
            }
        }
    }
}

impl Default for Shelves {
    fn default() -> Self {
        Self::of(World::default())
    }
}

impl Deref for Shelves {
    type Target = World;

    fn deref(&self) -> &World {
        &self.world
    }
}

fn key(kind: &str, id: &str) -> String {
    format!("{kind} {id}")
}

/// What an object points at.
fn targets(object: &SimulatedObject) -> BTreeSet<String> {
    object.declared.fields().flat_map(|(_, value)| used(value)).map(|(kind, id)| key(kind, id)).collect()
}

impl Shelves {
    pub(super) fn of(world: World) -> Self {
        Self {
            world,
            by_id: Index::by(|object| [key(object.mark.address.kind.as_str(), object.id())].into()),
            by_address: Index::by(|object| [(object.mark.stack.clone(), object.mark.address.clone())].into()),
            users: Index::by(targets),
        }
    }

    /// Adds an object, or takes it in place of the one of this number.
    pub(super) fn put(&mut self, serial: u64, object: SimulatedObject) {
        self.take(serial);
        self.by_id.add(&object, serial);
        self.by_address.add(&object, serial);
        self.users.add(&object, serial);
        self.world.objects.insert(serial, object);
    }

    /// Removes the object of this number.
    pub(super) fn take(&mut self, serial: u64) -> Option<SimulatedObject> {
        let object = self.world.objects.remove(&serial)?;
        self.by_id.forget(&object, serial);
        self.by_address.forget(&object, serial);
        self.users.forget(&object, serial);
        Some(object)
    }

    /// Changes what is no object.
    pub(super) fn rest(&mut self, change: impl FnOnce(&mut World)) {
        change(&mut self.world);
    }

    fn listed<'w>(
        &'w self,
        serials: Option<&'w BTreeSet<u64>>,
    ) -> impl DoubleEndedIterator<Item = (u64, &'w SimulatedObject)> {
        serials.into_iter().flatten().map(|serial| (*serial, &self.world.objects[serial]))
    }

    /// The objects of a kind with this id.
    pub(super) fn known_by(&self, kind: &Kind, id: &str) -> impl DoubleEndedIterator<Item = (u64, &SimulatedObject)> {
        self.listed(self.by_id.at(&key(kind.as_str(), id), &self.world))
    }

    /// Whether an object of this kind and id is there.
    pub(super) fn has(&self, kind: &str, id: &str) -> bool {
        self.by_id.at(&key(kind, id), &self.world).is_some()
    }

    /// The objects marked as a stack's at an address.
    pub(super) fn marked(&self, stack: &str, at: &Address) -> impl DoubleEndedIterator<Item = (u64, &SimulatedObject)> {
        self.listed(self.by_address.at(&(stack.to_owned(), at.clone()), &self.world))
    }

    /// The objects that point at the one of this kind and id.
    pub(super) fn users(&self, kind: &Kind, id: &str) -> impl DoubleEndedIterator<Item = (u64, &SimulatedObject)> {
        self.listed(self.users.at(&key(kind.as_str(), id), &self.world))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::model::document::Document;
    use crate::model::mark::Mark;

    fn object(name: &str, vpc: &str) -> SimulatedObject {
        let address = Address::of(Kind::new("subnet"), name);
        SimulatedObject {
            mark: Mark { stack: "ppm-prod".to_owned(), address, attempt: "0".to_owned() },
            declared: Document::of(&json!({"vpc": {"$id": vpc, "$kind": "vpc"}})),
            computed: Document::of(&json!({"id": format!("subnet-{name}")})),
        }
    }

    /// Every answer about these objects, by what is asked.
    fn answers(shelves: &Shelves) -> Vec<Vec<u64>> {
        let (vpc, subnet) = (Kind::new("vpc"), Kind::new("subnet"));
        let mut all = Vec::new();
        for name in ["a", "b", "c"] {
            all.push(shelves.known_by(&subnet, &format!("subnet-{name}")).map(|(serial, _)| serial).collect());
            all.push(
                shelves.marked("ppm-prod", &Address::of(subnet.clone(), name)).map(|(serial, _)| serial).collect(),
            );
        }
        for id in ["vpc-1", "vpc-2"] {
            all.push(shelves.users(&vpc, id).map(|(serial, _)| serial).collect());
        }
        all
    }

    #[test]
    fn an_index_that_was_made_follows_what_comes_and_goes() {
        let mut shelves = Shelves::default();
        shelves.put(1, object("a", "vpc-1"));
        let mut before = answers(&shelves);
        let steps: [fn(&mut Shelves); 4] = [
            |shelves| shelves.put(2, object("b", "vpc-1")),
            |shelves| shelves.put(1, object("c", "vpc-2")),
            |shelves| drop(shelves.take(2)),
            |shelves| drop(shelves.take(1)),
        ];
        for step in steps {
            step(&mut shelves);
            let after = answers(&shelves);
            assert_eq!(after, answers(&Shelves::of(shelves.world.clone())), "as an index made of it now");
            assert_ne!(after, before);
            before = after;
        }
    }
}
