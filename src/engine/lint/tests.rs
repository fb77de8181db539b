//! Orders of steps that somebody else made: each edge that matters is missed.

use std::collections::BTreeMap;

use serde_json::json;

use super::plan::ordered;
use crate::engine::order::{OrderContext, Waits, waits};
use crate::engine::plan::{Plan, StepKey, StepPart};
use crate::engine::state::{Recorded, State};
use crate::engine::{Request, plan};
use crate::model::address::{Address, Kind};
use crate::model::document::Document;
use crate::model::observation::Observation;
use crate::model::resource::{Catalog, Field, KindFacts, Known, Node, OnChange};

const FIELDS: &[Field] =
    &[Field { name: "on", on_change: OnChange::Update }, Field { name: "shape", on_change: OnChange::Replace }];

fn catalog() -> Catalog {
    let door = KindFacts { leads_users: true, ..KindFacts::plain(FIELDS) };
    [(Kind::new("thing"), KindFacts::plain(FIELDS)), (Kind::new("door"), door)].into()
}

fn at(text: &str) -> Address {
    text.parse().unwrap()
}

fn document(on: Option<&str>, shape: &str) -> Document {
    let on = on.map(|on| ("on".to_owned(), json!({"$ref": on})));
    on.into_iter().chain([("shape".to_owned(), json!(shape))]).collect()
}

/// A thing, another on it, and a door that leads to the first.
fn scene(shape: &str) -> BTreeMap<Address, Node> {
    let mut door = Node::of(document(Some("thing.below"), "door"));
    door.after.insert(at("thing.above"), "without it nobody answers");
    [
        (at("thing.below"), Node::of(document(None, shape))),
        (at("thing.above"), Node::of(document(Some("thing.below"), shape))),
        (at("door.front"), door),
    ]
    .into()
}

/// All of it stands.
fn standing(nodes: &BTreeMap<Address, Node>) -> (State, BTreeMap<Address, Observation>) {
    let mut state = State::empty("lab", "us-east-1", "line".to_owned(), "test");
    let mut observed = BTreeMap::new();
    for (at, node) in nodes {
        let computed: Document = [("id".to_owned(), json!(format!("id-{at}")))].into_iter().collect();
        let known = Known { declared: node.declared.clone(), computed };
        observed.insert(
            at.clone(),
            Observation::Present { known: known.clone(), notes: Vec::new(), waiting: Vec::new(), settled: true },
        );
        let after = node.after.keys().cloned().collect();
        state.resources.insert(at.clone(), Recorded { after, ..Recorded::found(known) });
    }
    (state, observed)
}

fn order_of(plan: &Plan, state: &State) -> Waits {
    waits(OrderContext::of(plan, state, &catalog()))
}

fn step(text: &str, part: StepPart) -> StepKey {
    StepKey { address: at(text), part }
}

/// The rules that speak once `step` waits for nothing any more.
fn without(plan: &Plan, state: &State, step: &StepKey) -> Vec<&'static str> {
    let mut waits = order_of(plan, state);
    assert_eq!(ordered(&catalog(), plan, state, &waits), []);
    let waited = waits.get_mut(step).unwrap_or_else(|| panic!("{step} is no step"));
    assert!(!waited.is_empty(), "{step} waits for nothing anyway");
    waited.clear();
    ordered(&catalog(), plan, state, &waits).into_iter().map(|finding| finding.id).collect()
}

#[test]
fn what_is_built_waits_for_what_it_points_at() {
    let nodes = scene("round");
    let state = State::empty("lab", "us-east-1", "line".to_owned(), "test");
    let seen = nodes.keys().map(|at| (at.clone(), Observation::Absent)).collect();
    let made = plan(&catalog(), &nodes, &state, &seen, &Request::default()).unwrap();
    assert_eq!(without(&made, &state, &step("thing.above", StepPart::Create)), ["plan.build_order"]);
    let told = without(&made, &state, &step("door.front", StepPart::Create));
    assert_eq!(told, ["plan.build_order", "plan.front_door"]);
}

#[test]
fn what_goes_waits_for_who_relies_on_it() {
    let nodes = scene("round");
    let (state, seen) = standing(&nodes);
    let gone = Request { destroy: true, ..Request::default() };
    let all = plan(&catalog(), &nodes, &state, &seen, &gone).unwrap();
    assert_eq!(
        without(&all, &state, &step("thing.below", StepPart::Delete)),
        ["plan.removal_order", "plan.removal_order"],
        "the other thing and the door point at it"
    );
    assert_eq!(
        without(&all, &state, &step("thing.above", StepPart::Delete)),
        ["plan.removal_order"],
        "the door came after it"
    );
}

#[test]
fn what_is_replaced_goes_once_all_have_turned_from_it() {
    let (state, seen) = standing(&scene("round"));
    let other = plan(&catalog(), &scene("square"), &state, &seen, &Request::default()).unwrap();
    let old = |text: &str| step(text, StepPart::DeleteDeposed { key: format!("id-{text}") });
    let told = without(&other, &state, &old("thing.below"));
    assert!(told.contains(&"plan.removal_order"), "{told:?}");
    let turned = step("door.front", StepPart::Change { rung: 0 });
    let told = without(&other, &state, &turned);
    assert!(told.contains(&"plan.build_order"), "{told:?}");
}
