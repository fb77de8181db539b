//! What a plan must not do: remove what stands at another address, make anew what nobody can make again, and touch what is
//! protected.

use std::collections::{BTreeMap, BTreeSet};

use super::decide::moves;
use super::plan::{Action, Why};
use super::state::{Recorded, Status};
use super::{Clash, PlanError, Planner, diff};
use crate::model::address::{Address, Kind};
use crate::model::reference::references;
use crate::model::resource::OnChange;

/// Refuses to remove an object that stays at another address.
pub(super) fn one_address_each(
    actions: &BTreeMap<Address, Action>,
    deposed: &[(Address, String)],
    records: &BTreeMap<Address, Recorded>,
) -> Result<(), PlanError> {
    let mut stays: BTreeMap<(&Kind, &str), &Address> = BTreeMap::new();
    for (address, action) in actions {
        let found = match action {
            Action::Update { prior, .. } => prior.computed.text("id"),
            Action::NoOp { record } => record.as_ref().and_then(|record| record.computed.text("id")),
            Action::Create { .. } | Action::Replace { .. } | Action::Delete { .. } | Action::Forget { .. } => continue,
        };
        let recorded = records.get(address).and_then(|recorded| recorded.computed.text("id"));
        stays.extend(found.into_iter().chain(recorded).map(|id| ((&address.kind, id), address)));
    }
    let removed = actions.iter().filter_map(|(address, action)| match action {
        Action::Delete { prior, .. } | Action::Replace { prior, .. } => Some((address, prior.computed.text("id")?)),
        Action::NoOp { .. } | Action::Create { .. } | Action::Update { .. } | Action::Forget { .. } => None,
    });
    let old = deposed.iter().map(|(address, id)| (address, id.as_str()));
    match removed.chain(old).find_map(|(goes, id)| Some((goes, *stays.get(&(&goes.kind, id))?, id))) {
        None => Ok(()),
        Some((goes, stays, id)) => {
            let clash = Clash { address: goes.clone(), stands: stays.clone(), id: id.to_owned() };
            Err(PlanError::Removed(Box::new(clash)))
        }
    }
}

impl Planner<'_> {
    /// Refuses to make anew what is gone and cannot be made again: data, and what data that stands cannot be read
    /// without. A caller that asks for its replacement knows.
    pub(super) fn nothing_lost(&self, actions: &BTreeMap<Address, Action>) -> Result<(), PlanError> {
        let mut lost = BTreeMap::new();
        for (address, action) in actions {
            let vanished = matches!(action, Action::Create { why: Why::Vanished, .. });
            let facts = self.facts(&address.kind)?;
            let known = self.ask.replace.contains(address) || self.returning.contains(address);
            if !vanished || !facts.holds.is_irreplaceable() || known || !self.was_whole(address) {
                continue;
            }
            let needed_by = self.data_that_needs(address, actions)?;
            if facts.holds.data().is_some() || !needed_by.is_empty() {
                let recorded = &self.records[address];
                let id = recorded.computed.text("id").unwrap_or_default().to_owned();
                let name = recorded.declared.text("name").map(str::to_owned);
                lost.insert(address.clone(), Lost { id, name, needed_by });
            }
        }
        if lost.is_empty() { Ok(()) } else { Err(PlanError::Lost { lost }) }
    }

    /// Whether what is recorded at `address` was ever finished: what was not, holds nothing.
    fn was_whole(&self, address: &Address) -> bool {
        let recorded = &self.records[address];
        recorded.status != Status::Unfinished || !recorded.attempted.is_empty()
    }

    /// The data that stays and needs what is recorded at `address`.
    fn data_that_needs(
        &self,
        address: &Address,
        actions: &BTreeMap<Address, Action>,
    ) -> Result<BTreeSet<Address>, PlanError> {
        let mut found = BTreeSet::new();
        for (user, action) in actions {
            let (Action::NoOp { .. } | Action::Update { .. }) = action else { continue };
            let Some(recorded) = self.records.get(user) else { continue };
            let needs = recorded.after.contains(address) || references(&recorded.declared).contains(address);
            if needs && self.facts(&user.kind)?.holds.data().is_some() {
                found.insert(user.clone());
            }
        }
        Ok(found)
    }

    /// Refuses to replace what no other can take the place of where it stands.
    pub(super) fn respect_ground(&self, actions: &BTreeMap<Address, Action>) -> Result<(), PlanError> {
        for (address, action) in actions {
            let (Action::Replace { diffs, .. }, facts) = (action, self.facts(&address.kind)?) else { continue };
            if let Some(because) = facts.holds_its_ground.filter(|_| !moves(diffs, facts)) {
                let (chain, _) = cause(actions, address);
                return Err(PlanError::NoRoom { address: address.clone(), because, chain });
            }
        }
        Ok(())
    }

    /// Refuses to delete or replace what is protected.
    pub(super) fn respect_protection(&self, actions: &BTreeMap<Address, Action>) -> Result<(), PlanError> {
        for (address, action) in actions {
            let goes = matches!(action, Action::Delete { .. } | Action::Replace { .. });
            let data = self.facts(&address.kind)?.holds.data();
            let protected = match self.declared.get(address) {
                Some(node) => node.protect,
                None => data.is_some_and(|word| !self.ask.delete_data.contains(word)),
            };
            if goes && protected {
                let (chain, diffs) = cause(actions, address);
                let replaced = matches!(action, Action::Replace { .. });
                return Err(PlanError::Protected { address: address.clone(), replaced, chain, diffs });
            }
        }
        Ok(())
    }
}

/// What is gone and cannot be made again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lost {
    /// The id under which it was known.
    pub id: String,
    /// Its name, where it has one of its own.
    pub name: Option<String>,
    /// The data that stands and cannot be read without it; empty where it was data itself.
    pub needed_by: BTreeSet<Address>,
}

/// From `address` back to where its replacement began, and the differences that began it.
fn cause(actions: &BTreeMap<Address, Action>, address: &Address) -> (Vec<Address>, Vec<diff::FieldDiff>) {
    let mut chain = vec![address.clone()];
    loop {
        let last = chain.last().expect("the chain starts with the address");
        let Some(Action::Replace { why, diffs, .. }) = actions.get(last) else { return (chain, Vec::new()) };
        let pointed = diffs.iter().find_map(|diff| match &diff.after {
            diff::Shown::AfterApply(target) if diff.on_change == OnChange::Replace => Some(target),
            diff::Shown::AfterApply(_) | diff::Shown::Value(_) | diff::Shown::Nothing => None,
        });
        let next = match why {
            Why::DependencyReplaced(next) => Some(next),
            Why::New
            | Why::Vanished
            | Why::Undeclared
            | Why::Destroyed
            | Why::Changed
            | Why::Unfinished
            | Why::Tainted(_)
            | Why::Requested => pointed,
        };
        match next.filter(|next| !chain.contains(next) && actions.get(*next).is_some_and(Action::makes_new)) {
            Some(next) => chain.push(next.clone()),
            None => return (chain, diffs.clone()),
        }
    }
}
