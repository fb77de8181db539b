//! Which of the recorded objects a look for drift is about.

use std::collections::BTreeSet;

use crate::described::companions::companions;
use crate::engine::state::State;
use crate::model::address::Address;

/// Which of the recorded objects are looked at.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum LookScope {
    /// All of them, and the file of Helm values.
    #[default]
    Everything,
    /// These objects alone: of the rest nothing is told.
    Only(BTreeSet<Address>),
}

impl LookScope {
    /// Whether something about this object is told.
    pub fn covers(&self, address: &Address) -> bool {
        self.only().is_none_or(|only| only.contains(address))
    }

    /// The objects that are looked at, where those are not all.
    pub const fn only(&self) -> Option<&BTreeSet<Address>> {
        match self {
            Self::Everything => None,
            Self::Only(only) => Some(only),
        }
    }

    /// Whether there is nothing to look at.
    pub fn is_nothing(&self) -> bool {
        self.only().is_some_and(BTreeSet::is_empty)
    }

    /// The recorded objects that are read: those looked at, and those without whose answers they cannot be judged.
    pub(super) fn read<'s>(&self, state: &'s State) -> impl Iterator<Item = &'s Address> {
        let beside: Option<BTreeSet<&str>> =
            self.only().map(|only| only.iter().flat_map(|one| companions(one.kind.as_str())).copied().collect());
        let is_read = move |address: &&Address| match &beside {
            None => true,
            Some(beside) => self.covers(address) || beside.contains(address.kind.as_str()),
        };
        state.resources.keys().filter(is_read)
    }
}
