//! Where to find things in the simulated world without going through all of it.
//!
//! Promises: whatever was changed, an answer is that of a search through the objects in the order in which they were made.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Deref;

use super::ids::used;
use super::{SimulatedObject, World};
use crate::model::address::{Address, Kind};

/// A world and its indexes.
#[derive(Default)]
pub(super) struct Shelves {
    world: World,
    by_id: BTreeMap<String, BTreeSet<u64>>,
    by_address: BTreeMap<(String, Address), BTreeSet<u64>>,
    /// Who points at an object, by its kind and id.
    users: BTreeMap<String, BTreeSet<u64>>,
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

fn place(object: &SimulatedObject) -> (String, Address) {
    (object.mark.stack.clone(), object.mark.address.clone())
}

/// What an object points at.
fn targets(object: &SimulatedObject) -> BTreeSet<String> {
    object.declared.fields().flat_map(|(_, value)| used(value)).map(|(kind, id)| key(kind, id)).collect()
}

fn forget<K: Ord>(index: &mut BTreeMap<K, BTreeSet<u64>>, key: K, serial: u64) {
    let mut entry = match index.entry(key) {
        std::collections::btree_map::Entry::Occupied(entry) => entry,
        std::collections::btree_map::Entry::Vacant(_) => return,
    };
    entry.get_mut().remove(&serial);
    if entry.get().is_empty() {
        entry.remove();
    }
}

impl Shelves {
    pub(super) fn of(world: World) -> Self {
        let mut shelves = Self { world, ..Self::default() };
        let objects = std::mem::take(&mut shelves.world.objects);
        for (serial, object) in objects {
            shelves.put(serial, object);
        }
        shelves
    }

    /// Adds an object, or takes it in place of the one of this number.
    pub(super) fn put(&mut self, serial: u64, object: SimulatedObject) {
        self.take(serial);
        self.by_id.entry(key(object.mark.address.kind.as_str(), object.id())).or_default().insert(serial);
        self.by_address.entry(place(&object)).or_default().insert(serial);
        for target in targets(&object) {
            self.users.entry(target).or_default().insert(serial);
        }
        self.world.objects.insert(serial, object);
    }

    /// Removes the object of this number.
    pub(super) fn take(&mut self, serial: u64) -> Option<SimulatedObject> {
        let object = self.world.objects.remove(&serial)?;
        forget(&mut self.by_id, key(object.mark.address.kind.as_str(), object.id()), serial);
        forget(&mut self.by_address, place(&object), serial);
        for target in targets(&object) {
            forget(&mut self.users, target, serial);
        }
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
        self.listed(self.by_id.get(&key(kind.as_str(), id)))
    }

    /// Whether an object of this kind and id is there.
    pub(super) fn has(&self, kind: &str, id: &str) -> bool {
        self.by_id.contains_key(&key(kind, id))
    }

    /// The objects marked as a stack's at an address.
    pub(super) fn marked(&self, stack: &str, at: &Address) -> impl DoubleEndedIterator<Item = (u64, &SimulatedObject)> {
        self.listed(self.by_address.get(&(stack.to_owned(), at.clone())))
    }

    /// The objects that point at the one of this kind and id.
    pub(super) fn users(&self, kind: &Kind, id: &str) -> impl DoubleEndedIterator<Item = (u64, &SimulatedObject)> {
        self.listed(self.users.get(&key(kind.as_str(), id)))
    }
}
