//! What destroying removes, and what it leaves alone: data without consent to delete it, and everything that data needs.

use std::collections::{BTreeMap, BTreeSet};

use super::plan::{Action, Why};
use super::state::Recorded;
use super::{PlanError, Planner};
use crate::model::address::Address;
use crate::model::reference::{externals_in, references};

/// What destroying leaves alone, and why.
#[derive(Debug, Default)]
pub(super) struct Kept {
    /// By address.
    pub(super) standing: BTreeMap<Address, String>,
    /// Old objects, by address and id.
    pub(super) old: BTreeMap<(Address, String), String>,
}

/// One object of the record: what stands at an address, or an old object of it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Object {
    Standing(Address),
    Old(Address, String),
}

impl Object {
    fn address(&self) -> &Address {
        match self {
            Self::Standing(address) | Self::Old(address, _) => address,
        }
    }
}

impl Planner<'_> {
    /// Everything recorded goes, but for what is kept.
    pub(super) fn destroy(&self, kept: &Kept) -> BTreeMap<Address, Action> {
        let action = |(address, prior): (&Address, &Recorded)| {
            let action = if kept.standing.contains_key(address) {
                Action::NoOp { record: None }
            } else {
                match self.standing(address, prior) {
                    Some(prior) => Action::Delete { prior, why: Why::Destroyed },
                    None => Action::Forget { why: Why::Destroyed },
                }
            };
            (address.clone(), action)
        };
        self.records.iter().map(action).collect()
    }

    /// Data that may not go, standing or old, and all that it needs. Data is of no use without what it came after: the
    /// key to what is inside.
    pub(super) fn kept(&self) -> Result<Kept, PlanError> {
        let mut kept = Kept::default();
        for (object, recorded) in self.objects() {
            let gone = matches!(&object, Object::Standing(address) if self.observed(address).is_none());
            let word = self.facts(&object.address().kind)?.holds.data();
            let Some(word) = word.filter(|word| !gone && !self.ask.delete_data.contains(*word)) else { continue };
            for needed in self.needed(&object, recorded) {
                kept.add(needed, format!("{} needs it", object.address()), false);
            }
            kept.add(object, format!("holds data; --delete-data {word} deletes it"), true);
        }
        Ok(kept)
    }

    fn objects(&self) -> impl Iterator<Item = (Object, &Recorded)> {
        let standing = self.records.iter().map(|(address, recorded)| (Object::Standing(address.clone()), recorded));
        let old = self.state.deposed.iter().flat_map(|(address, old)| {
            old.iter().map(|old| (Object::Old(address.clone(), old.key.clone()), &old.recorded))
        });
        standing.chain(old)
    }

    /// What an object needs, directly or through others.
    fn needed(&self, object: &Object, recorded: &Recorded) -> BTreeSet<Object> {
        let all: BTreeMap<Object, &Recorded> = self.objects().collect();
        let (mut found, mut todo) = (BTreeSet::new(), self.targets(object, recorded));
        while let Some(next) = todo.pop() {
            if let Some(recorded) = all.get(&next)
                && next != *object
                && found.insert(next.clone())
            {
                todo.extend(self.targets(&next, recorded));
            }
        }
        found
    }

    /// What an object points at or came after, by its record and by what is there. By an id it points at an old object as
    /// a rule.
    fn targets(&self, object: &Object, recorded: &Recorded) -> Vec<Object> {
        let seen = match object {
            Object::Standing(address) => self.observed(address).map(|known| &known.declared),
            Object::Old(..) => None,
        };
        let mut targets: Vec<Object> = recorded.after.iter().cloned().map(Object::Standing).collect();
        for document in [&recorded.declared].into_iter().chain(seen) {
            targets.extend(references(document).into_iter().map(Object::Standing));
            let ids: BTreeSet<&str> = document.fields().flat_map(|(_, value)| externals_in(value)).collect();
            if !ids.is_empty() {
                let named = |recorded: &Recorded| recorded.computed.text("id").is_some_and(|id| ids.contains(id));
                targets.extend(self.objects().filter(|(_, recorded)| named(recorded)).map(|(object, _)| object));
            }
        }
        targets
    }
}

impl Kept {
    /// Keeps an object. The first reason stays, unless a better one is `known`.
    fn add(&mut self, object: Object, reason: String, known: bool) {
        let place = match object {
            Object::Standing(address) => self.standing.entry(address).or_default(),
            Object::Old(address, id) => self.old.entry((address, id)).or_default(),
        };
        if place.is_empty() || known {
            *place = reason;
        }
    }
}
