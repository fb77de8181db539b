//! One total match: what is declared, what is recorded and what is there decide the action.
//!
//! | declared | recorded | observed | action | why |
//! |---|---|---|---|---|
//! | yes | no | nothing | Create | New |
//! | yes | no | Present with our marks | the record is adopted, then as below | |
//! | yes | yes | Absent | Create | Vanished |
//! | yes | Tainted | Present | Replace | Tainted |
//! | yes | Unfinished | Present, nothing forces another object | Update | Unfinished |
//! | yes | yes | Present, same | `NoOp` | |
//! | yes | yes | Present, differs in fields changed in place | Update | Changed |
//! | yes | yes | Present, differs in a field that forces another object | Replace | Changed |
//! | no | yes | Present | Delete | Undeclared |
//! | no | yes | Absent | Forget | Undeclared |
//! | any | any | Unread or Foreign | no plan | |
//!
//! Declared is compared with observed, not with recorded: so drift repairs itself. A field that points at what will be
//! a new object counts as changed, with its own meaning.

use std::cmp::Ordering;
use std::collections::BTreeSet;

use super::diff::{FieldDiff, affected_by_replacement, diff};
use super::plan::{Action, Why};
use super::state::{Recorded, Status};
use crate::model::address::Address;
use crate::model::document::Document;
use crate::model::resource::{KindFacts, Known, Node, OnChange, Passage, ReplaceOrder};

/// What decides about one declared resource.
pub(super) struct Case<'a> {
    pub(super) node: &'a Node,
    pub(super) facts: &'a KindFacts,
    pub(super) recorded: Option<&'a Recorded>,
    /// What is there; `None` if the object is absent.
    pub(super) observed: Option<&'a Known>,
    /// Whether an address will hold a new object.
    pub(super) fresh: &'a dyn Fn(&Address) -> bool,
    /// Replacement forced from outside, with the order it forces.
    pub(super) forced: Option<(Why, ReplaceOrder)>,
}

/// A stepwise field that would have to fall.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct StepDown {
    pub(super) field: String,
    pub(super) from: String,
    pub(super) to: String,
}

/// Decides about one declared resource.
pub(super) fn decide(case: &Case<'_>) -> Result<Action, StepDown> {
    let node = case.node;
    let declared = node.declared.clone();
    let after: BTreeSet<Address> = node.after.keys().cloned().collect();
    let works_through: BTreeSet<Address> = node.works_through.keys().cloned().collect();
    let (recorded, observed) = match (case.recorded, case.observed) {
        (None, _) => return Ok(Action::Create { declared, after, why: Why::New }),
        (Some(_), None) => return Ok(Action::Create { declared, after, why: Why::Vanished }),
        (Some(recorded), Some(observed)) => (recorded, observed),
    };
    let prior =
        Recorded { declared: observed.declared.clone(), computed: observed.computed.clone(), ..recorded.clone() };
    let mut diffs = diff(&observed.declared, &node.declared, case.facts);
    let moved = affected_by_replacement(&node.declared, case.facts, case.fresh);
    for one in moved {
        let known = diffs.iter().any(|d| d.path == one.path || d.path.starts_with(&format!("{}.", one.path)));
        if !known {
            diffs.push(one);
        }
    }
    diffs.sort_by(|a, b| a.path.cmp(&b.path));

    if let Some((why, order)) = case.forced.clone() {
        return Ok(Action::Replace { prior, declared, after, works_through, diffs, why, order });
    }
    let order = order(&diffs, case.facts);
    if let Status::Tainted { because } = &recorded.status {
        let why = Why::Tainted(because.clone());
        return Ok(Action::Replace { prior, declared, after, works_through, diffs, why, order });
    }
    let unfinished = recorded.status == Status::Unfinished;
    if diffs.is_empty() && !unfinished {
        // What is left to others is not done, so it is not recorded either.
        let mut done = declared;
        for field in case.facts.fields.iter().filter(|field| field.on_change == OnChange::Ignore) {
            match recorded.declared.get(field.name) {
                Some(value) => done.set(field.name, value.clone()),
                None => drop(done.remove(field.name)),
            }
        }
        let computed = observed.computed.clone();
        let settled = Recorded { status: Status::Ready, after, declared: done, attempted: Vec::new(), computed };
        let record = (settled != *recorded).then(|| Box::new(settled));
        return Ok(Action::NoOp { record });
    }
    let replaces = diffs.iter().any(|d| d.on_change == OnChange::Replace);
    // The reason is a field that decides, not just any that follows.
    let pointed = diffs.iter().filter(|d| !replaces || d.on_change == OnChange::Replace).find_map(target);
    let why = match pointed {
        Some(address) if only_moved(&diffs, replaces) => Why::DependencyReplaced(address),
        None if unfinished && !replaces => Why::Unfinished,
        Some(_) | None => Why::Changed,
    };
    if replaces {
        return Ok(Action::Replace { prior, declared, after, works_through, diffs, why, order });
    }
    let via = rungs(&observed.declared, node, case.facts)?;
    Ok(Action::Update { prior, via, declared, after, works_through, diffs, why })
}

/// Which object goes first in a replacement: the new one where it stands on other ground, else as the kind needs.
fn order(diffs: &[FieldDiff], facts: &KindFacts) -> ReplaceOrder {
    if moves(diffs, facts) { ReplaceOrder::CreateFirst } else { facts.replace }
}

/// Whether the new object stands on other ground.
pub(super) fn moves(diffs: &[FieldDiff], facts: &KindFacts) -> bool {
    diffs.iter().any(|diff| facts.ground.contains(&diff.field()))
}

/// Whether what decides the action (the replacing fields if any, else all) changes only because of new objects.
fn only_moved(diffs: &[FieldDiff], replaces: bool) -> bool {
    diffs.iter().filter(|d| !replaces || d.on_change == OnChange::Replace).all(|d| target(d).is_some())
}

fn target(diff: &FieldDiff) -> Option<Address> {
    match &diff.after {
        super::diff::Shown::AfterApply(address) => Some(address.clone()),
        super::diff::Shown::Value(_) | super::diff::Shown::Nothing => None,
    }
}

/// The rungs between what is there and what is declared; an error if a stepwise field would fall.
fn rungs(observed: &Document, node: &Node, facts: &KindFacts) -> Result<Vec<Document>, StepDown> {
    if let Some(Passage::Both(between)) = (facts.passage)(observed, &node.declared) {
        return Ok(vec![between]);
    }
    let Some(field) = facts.fields.iter().find(|f| f.on_change == OnChange::UpdateStepwise).map(|f| f.name) else {
        return Ok(Vec::new());
    };
    let (Some(from), Some(to)) = (observed.text(field), node.declared.text(field)) else { return Ok(Vec::new()) };
    if cmp_versions(from, to) == Ordering::Greater {
        return Err(StepDown { field: field.to_owned(), from: from.to_owned(), to: to.to_owned() });
    }
    let between = |rung: &&Document| {
        rung.text(field)
            .is_some_and(|at| cmp_versions(from, at) == Ordering::Less && cmp_versions(at, to) == Ordering::Less)
    };
    Ok(node.ladder.iter().filter(between).cloned().collect())
}

/// Compares dotted numbers: 1.9 is less than 1.10.
pub(super) fn cmp_versions(a: &str, b: &str) -> Ordering {
    let parts = |text: &str| text.split('.').map(|part| part.parse::<u64>().unwrap_or(0)).collect::<Vec<_>>();
    parts(a).cmp(&parts(b))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::model::address::Kind;
    use crate::model::resource::Field;

    const FIELDS: &[Field] = &[
        Field { name: "friend", on_change: OnChange::Update },
        Field { name: "ground", on_change: OnChange::Replace },
        Field { name: "size", on_change: OnChange::Update },
        Field { name: "spot", on_change: OnChange::Replace },
    ];

    const FACTS: KindFacts = KindFacts::plain(FIELDS);

    fn at(name: &str) -> Address {
        Address::of(Kind::new("ground"), name)
    }

    fn document(size: u8, spot: &str) -> Document {
        [("size".to_owned(), json!(size)), ("spot".to_owned(), json!(spot))].into_iter().collect()
    }

    fn recorded(status: Status) -> Recorded {
        Recorded {
            status,
            after: BTreeSet::new(),
            declared: document(1, "a"),
            attempted: Vec::new(),
            computed: Document::default(),
        }
    }

    fn told(
        declared: Document,
        recorded: Option<&Recorded>,
        observed: Option<Document>,
    ) -> (&'static str, Option<Why>) {
        told_with(declared, recorded, observed, &|_| false)
    }

    fn told_with(
        declared: Document,
        recorded: Option<&Recorded>,
        observed: Option<Document>,
        fresh: &dyn Fn(&Address) -> bool,
    ) -> (&'static str, Option<Why>) {
        let node = Node { declared, ..Node::default() };
        let observed = observed.map(|declared| Known { declared, computed: Document::default() });
        let case = Case { node: &node, facts: &FACTS, recorded, observed: observed.as_ref(), fresh, forced: None };
        match decide(&case).unwrap() {
            Action::NoOp { .. } => ("no-op", None),
            Action::Create { why, .. } => ("create", Some(why)),
            Action::Update { why, .. } => ("update", Some(why)),
            Action::Replace { why, .. } => ("replace", Some(why)),
            Action::Delete { why, .. } => ("delete", Some(why)),
            Action::Forget { why } => ("forget", Some(why)),
        }
    }

    #[test]
    fn every_row_of_the_table() {
        let ready = recorded(Status::Ready);
        let unfinished = recorded(Status::Unfinished);
        let tainted = recorded(Status::Tainted { because: "it broke".to_owned() });
        let same = || Some(document(1, "a"));
        assert_eq!(told(document(1, "a"), None, None), ("create", Some(Why::New)));
        assert_eq!(told(document(1, "a"), Some(&ready), None), ("create", Some(Why::Vanished)));
        assert_eq!(
            told(document(1, "a"), Some(&tainted), same()),
            ("replace", Some(Why::Tainted("it broke".to_owned())))
        );
        assert_eq!(told(document(1, "a"), Some(&unfinished), same()), ("update", Some(Why::Unfinished)));
        assert_eq!(told(document(1, "a"), Some(&ready), same()), ("no-op", None));
        assert_eq!(told(document(2, "a"), Some(&ready), same()), ("update", Some(Why::Changed)));
        assert_eq!(told(document(1, "b"), Some(&ready), same()), ("replace", Some(Why::Changed)));
        assert_eq!(told(document(1, "a"), Some(&ready), Some(document(2, "a"))), ("update", Some(Why::Changed)));
        assert_eq!(told(document(1, "b"), Some(&unfinished), same()), ("replace", Some(Why::Changed)));
    }

    #[test]
    fn the_reason_of_a_replacement_is_a_field_that_forces_it() {
        let mut declared = document(1, "a");
        declared.set("friend", json!({"$ref": "ground.new"}));
        declared.set("ground", json!({"$ref": "ground.old"}));
        let mut there = document(1, "a");
        there.set("ground", json!({"$ref": "ground.old"}));
        let record = Recorded { declared: there.clone(), ..recorded(Status::Ready) };
        let (action, why) = told_with(declared, Some(&record), Some(there), &|_| true);
        assert_eq!((action, why), ("replace", Some(Why::DependencyReplaced(at("old")))));
    }
}
