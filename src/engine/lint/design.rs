//! A design by itself: what is wanted, before the cloud is read.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::Found;
use crate::engine::decide::cmp_versions;
use crate::engine::graph::{self, Needs};
use crate::model::address::Address;
use crate::model::document::Document;
use crate::model::finding::Finding;
use crate::model::mark::{ADDRESS_TAG, STACK_TAG};
use crate::model::reference::{references, references_in};
use crate::model::resource::{Catalog, KindFacts, Node, OnChange};

/// Everything that cannot be right about what `stack` wants; empty when it is sound.
pub fn design(catalog: &Catalog, stack: &str, nodes: &BTreeMap<Address, Node>) -> Vec<Finding> {
    let mut found = Found::default();
    let mut names = BTreeMap::new();
    for (at, node) in nodes {
        let Some(facts) = catalog.get(&at.kind) else {
            found.add("design.kind", at, format!("there is no kind {}", at.kind), "nobody could make it");
            continue;
        };
        if let Err(reason) = (facts.declared)(&node.declared) {
            found.add("design.shape", at, reason, "it could not be read back from the lockfile");
        }
        points(at, node, nodes, &mut found);
        order(at, node, catalog, nodes, &mut found);
        marks(at, node, stack, &mut found);
        ladder(at, node, facts, &mut found);
        if let Some(other) = named(node, facts).and_then(|name| names.insert((at.kind.clone(), name), at)) {
            let what = format!("{other} is the same object of AWS: {}", facts.identity.join(", "));
            found.add("design.one_object", at, what, "whoever comes second takes the object away from the first");
        }
    }
    let needs: Needs = nodes.iter().map(|(at, node)| (at.clone(), references(&node.declared))).collect();
    if let Err(circle) = graph::order(&needs) {
        let all: Vec<String> = circle.iter().map(ToString::to_string).collect();
        let what = format!("they need each other in a circle: {}", all.join(" → "));
        found.add("design.circle", &circle[0], what, "none of them could be made first");
    }
    found.0
}

/// What a resource points at stands in the same design.
fn points(at: &Address, node: &Node, nodes: &BTreeMap<Address, Node>, found: &mut Found) {
    for target in references(&node.declared) {
        if target == *at {
            found.add("design.itself", at, "it points at itself".to_owned(), "it could never be made");
        } else if !nodes.contains_key(&target) {
            found.add(
                "design.dangling",
                at,
                format!("it points at {target}, which is not declared"),
                "it never gets an id",
            );
        }
    }
    for target in node.replaced_with.keys().filter(|target| !nodes.contains_key(*target)) {
        let what = format!("it cannot outlive {target}, which is not declared");
        found.add("design.dangling", at, what, "nothing could ever come of that");
    }
}

/// What a document points at in fields that must lead somewhere all the time.
pub fn relied_on(facts: &KindFacts, document: &Document) -> BTreeSet<Address> {
    let relies = |field: &str| !matches!(facts.on_change(field), OnChange::Ignore | OnChange::UpdateDangling);
    document.fields().filter(|(field, _)| relies(field)).flat_map(|(_, value)| references_in(value)).collect()
}

/// Order without data behind it has a reason, and is no order that cannot be.
fn order(at: &Address, node: &Node, catalog: &Catalog, nodes: &BTreeMap<Address, Node>, found: &mut Found) {
    let Some(facts) = catalog.get(&at.kind) else { return };
    let needed = relied_on(facts, &node.declared);
    for (target, reason) in node.after.iter().chain(&node.works_through).chain(&node.replaced_with) {
        if reason.trim().is_empty() {
            found.add("design.order", at, format!("it says nothing of why it follows {target}"), "order has a reason");
        }
        if target == at {
            found.add("design.order", at, "it follows itself".to_owned(), "it could never be made");
        }
        if !catalog.contains_key(&target.kind) {
            found.add("design.order", at, format!("it follows {target}, and there is no such kind"), "it is misspelt");
        }
    }
    for target in node.after.keys() {
        if needed.contains(target) {
            let what = format!("it is said to follow {target}, at which it points anyway");
            found.add("design.order", at, what, "what is said twice is changed once");
        }
        let back = nodes
            .get(target)
            .is_some_and(|other| other.after.contains_key(at) || references(&other.declared).contains(at));
        if back && target != at {
            let what = format!("it is said to follow {target}, which comes after it");
            found.add("design.order", at, what, "one of the two orders would be dropped without a word");
        }
    }
}

/// What carries tags carries the marks of its own stack and address, or none: the call that makes it adds them.
fn marks(at: &Address, node: &Node, stack: &str, found: &mut Found) {
    let Some(Value::Object(tags)) = node.declared.get("tags") else { return };
    for (tag, right) in [(STACK_TAG, stack.to_owned()), (ADDRESS_TAG, at.to_string())] {
        match tags.get(tag).and_then(Value::as_str) {
            Some(there) if there != right => {
                let what = format!("its tag {tag} is {there}, and not {right}");
                found.add("design.mark", at, what, "it would be looked for, and found, elsewhere");
            }
            Some(_) => {}
            None => {
                let what = format!("it has tags, and not {tag}");
                found.add("design.mark", at, what, "the mark it is made with would be taken off at the next change");
            }
        }
    }
}

/// A ladder leads up to what is declared, and stands where something climbs.
fn ladder(at: &Address, node: &Node, facts: &KindFacts, found: &mut Found) {
    if node.ladder.is_empty() {
        return;
    }
    let climbs = facts.fields.iter().find(|field| field.on_change == OnChange::UpdateStepwise);
    let Some(field) = climbs else {
        found.add("design.ladder", at, "it has a ladder, and no field that climbs".to_owned(), "it leads nowhere");
        return;
    };
    let heights: Vec<&str> =
        node.ladder.iter().chain([&node.declared]).filter_map(|rung| rung.text(field.name)).collect();
    let rises =
        heights.len() == node.ladder.len() + 1 && heights.windows(2).all(|pair| cmp_versions(pair[0], pair[1]).is_lt());
    if !rises {
        let what = format!("its ladder does not rise: {} {}", field.name, heights.join(", "));
        found.add("design.ladder", at, what, "versions climb one rung at a time");
    }
}

/// What names the object in AWS, where its kind has such a name.
fn named(node: &Node, facts: &KindFacts) -> Option<Vec<String>> {
    if facts.identity.is_empty() {
        return None;
    }
    facts.identity.iter().map(|field| node.declared.get(field).map(Value::to_string)).collect()
}
