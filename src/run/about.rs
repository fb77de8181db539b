//! Which objects of a stack an event of the cloud's audit log is about, and which events are about any of them.

use std::collections::{BTreeMap, BTreeSet};

use super::who::value_of;
use crate::audit::AuditEvent;
use crate::engine::state::{Recorded, State};
use crate::model::address::Address;
use crate::model::audit::{ChangingCalls, WatchedCalls, member_name};
use crate::model::resource::Catalog;

/// The recorded objects that an event names, by what the kinds say of the calls that change them. Nothing where the call
/// changed nothing: it only reads, or was refused.
pub fn about(catalog: &Catalog, state: &State, event: &AuditEvent) -> BTreeSet<Address> {
    let is_named = |(address, recorded): &(&Address, &Recorded)| {
        let calls = catalog.get(&address.kind).map_or(&[][..], |facts| facts.changed_by);
        calls.iter().any(|calls| event.is_to(calls.service) && names(event, calls, recorded))
    };
    let named = state.resources.iter().filter(|_| event.changes).filter(is_named);
    named.map(|(address, _)| address.clone()).collect()
}

fn names(event: &AuditEvent, calls: &ChangingCalls, recorded: &Recorded) -> bool {
    let is_named = |member: &str, field: &str| {
        let value = value_of(recorded, field).filter(|value| !value.is_empty());
        value.is_some_and(|value| event.names_as(member_name(member), &value))
    };
    is_named(calls.member, calls.field) && calls.part.is_none_or(|(member, field)| is_named(member, field))
}

/// The calls whose records name recorded objects, by service and by where they name them: what is to be watched so that no
/// change of any of them goes by.
pub fn watched(catalog: &Catalog, state: &State) -> Vec<WatchedCalls> {
    let mut all: BTreeMap<(&str, &str), WatchedCalls> = BTreeMap::new();
    for (address, recorded) in &state.resources {
        for one in catalog.get(&address.kind).map_or(&[][..], |facts| facts.changed_by) {
            let Some(name) = value_of(recorded, one.field).filter(|name| !name.is_empty()) else { continue };
            let ChangingCalls { service, member, .. } = *one;
            let nothing = || WatchedCalls {
                service,
                member,
                parts: BTreeSet::new(),
                names: BTreeSet::new(),
                calls: BTreeSet::new(),
            };
            let watched = all.entry((service, member)).or_insert_with(nothing);
            watched.names.insert(name);
            watched.parts.extend(one.part.map(|(member, _)| member));
            watched.calls.extend(one.calls);
        }
    }
    all.into_values().collect()
}
