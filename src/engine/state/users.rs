//! Which resources point at which, and what becomes of their references when another object takes an address.

use std::collections::{BTreeMap, BTreeSet};

use super::{Recorded, State};
use crate::model::address::Address;
use crate::model::document::Document;
use crate::model::reference::{RefTarget, map_references, references};

impl State {
    /// Records `new` at `address`, and answers the id and record of the object that stands there no more.
    ///
    /// A reference means what stands at an address. A resource that pointed at the old object goes on pointing at it and
    /// nothing else, until it is changed itself: so its reference is recorded by the object's id from now on.
    pub(in crate::engine) fn replace_record(
        &mut self,
        address: &Address,
        new: Option<Recorded>,
    ) -> Option<(String, Recorded)> {
        let everybody = self.resources.keys().chain(self.deposed.keys()).cloned().collect();
        self.replace_record_used_by(address, new, &everybody)
    }

    /// As [`State::replace_record`], where no other resources than `users` may point at `address`.
    pub(super) fn replace_record_used_by(
        &mut self,
        address: &Address,
        new: Option<Recorded>,
        users: &BTreeSet<Address>,
    ) -> Option<(String, Recorded)> {
        let id = new.as_ref().and_then(|new| new.computed.text("id")).map(str::to_owned);
        let old = match new {
            Some(new) => self.resources.insert(address.clone(), new),
            None => self.resources.remove(address),
        }?;
        let key = old.computed.text("id").unwrap_or_default().to_owned();
        if id.as_deref() == Some(&key) {
            return None;
        }
        for user in users {
            let standing = self.resources.get_mut(user).into_iter();
            let standing = standing.flat_map(|one| [&mut one.declared].into_iter().chain(&mut one.attempted));
            let old_objects = self.deposed.get_mut(user).into_iter().flatten();
            for document in standing.chain(old_objects.map(|deposed| &mut deposed.recorded.declared)) {
                point_at_object(document, address, &key);
            }
        }
        debug_assert_eq!(Users::of(self).0.and_then(|mut all| all.remove(address)), None, "everybody was told");
        Some((key, old))
    }
}

/// Lets what points at `address` point at the object `key`, which stood there until now.
pub(super) fn point_at_object(document: &mut Document, address: &Address, key: &str) {
    if references(document).contains(address) {
        *document = map_references(document, &|target| {
            (target == RefTarget::Named(address.clone())).then(|| RefTarget::Object(key.to_owned().into()))
        });
    }
}

/// Which addresses may point at which: all that do, and some that did.
#[derive(Clone, Debug, Default)]
pub(super) struct Users(Option<BTreeMap<Address, BTreeSet<Address>>>);

/// It follows from the state, worked out or not.
impl PartialEq for Users {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}
impl Eq for Users {}

impl Users {
    fn of(state: &State) -> Self {
        let mut users = Self(Some(BTreeMap::new()));
        for at in state.resources.keys().chain(state.deposed.keys()) {
            users.note(at, state);
        }
        users
    }

    /// Takes in what is recorded at an address by now.
    pub(super) fn note(&mut self, at: &Address, state: &State) {
        let Some(users) = &mut self.0 else { return };
        let standing = state.resources.get(at).into_iter();
        let standing = standing.flat_map(|one| [&one.declared].into_iter().chain(&one.attempted));
        let old = state.deposed.get(at).into_iter().flatten().map(|old| &old.recorded.declared);
        for target in standing.chain(old).flat_map(references) {
            users.entry(target).or_default().insert(at.clone());
        }
    }

    /// Who may point at `target`.
    pub(super) fn of_target(&mut self, target: &Address, state: &State) -> BTreeSet<Address> {
        if self.0.is_none() {
            *self = Self::of(state);
        }
        self.0.as_ref().and_then(|users| users.get(target)).cloned().unwrap_or_default()
    }
}
