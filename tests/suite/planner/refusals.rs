//! What may not be removed stays, and the reason is told to its end; plans depend on their input alone.

use std::collections::BTreeMap;

use ppm_infra::engine::diff::Shown;
use ppm_infra::engine::plan::{Action, Why};
use ppm_infra::engine::{PlanError, Request};
use ppm_infra::model::address::Address;
use ppm_infra::model::document::Document;
use ppm_infra::model::reference::references;
use ppm_infra::model::resource::{Node, OnChange};
use proptest::strategy::Strategy;
use serde_json::{Map, Value};
use tokio::runtime::Runtime;

use crate::support::bench::{Plain, brief};
use crate::support::random::check;
use crate::support::story::{Story, any_story, consenting};
use crate::support::toys::{self, SLOTS};

#[test]
fn what_is_protected_is_never_replaced_and_the_chain_leads_to_what_began_it() {
    check(700, any_protected, plan_around_the_protected);
}

/// A story, and which of its slots are protected.
pub(super) fn any_protected() -> impl Strategy<Value = (Story, u8)> {
    (any_story(true), 0u8..1 << SLOTS)
}

pub(super) fn plan_around_the_protected(runtime: &Runtime, (story, protected): (Story, u8)) {
    runtime.block_on(async {
        let mut bench = story.bench();
        bench.apply(&story.blueprint(&story.first)).await;
        let chapter = &story.chapters[0];
        let drafts = chapter.edit.apply(&story.first);
        let ask = chapter.prepare(&mut bench, &story.toys);
        let free = story.blueprint(&drafts);
        let Plain(mut nodes) = free.clone();
        for slot in (0..SLOTS).filter(|slot| protected & (1 << slot) != 0) {
            if let Some(node) = nodes.get_mut(&toys::address(&story.toys, slot)) {
                node.protect = true;
            }
        }
        let plan = bench.plan(&free, &ask).await.unwrap().plan;
        let goes = |address: &Address| matches!(plan.actions[address], Action::Replace { .. } | Action::Delete { .. });
        let touched = nodes.iter().any(|(address, node)| node.protect && goes(address));
        let guarded = Plain(nodes);
        if !touched {
            assert_eq!(bench.plan(&guarded, &ask).await.unwrap().plan, plan, "protection alone changes nothing");
            return;
        }
        let PlanError::Protected { address, replaced, chain, diffs } = bench.refused(&guarded, &ask).await else {
            panic!("another refusal")
        };
        assert!(replaced && chain.first() == Some(&address) && guarded.0[&address].protect);
        for pair in chain.windows(2) {
            let Action::Replace { why, diffs, .. } = &plan.actions[&pair[0]] else {
                panic!("{} is not replaced: {:#?}", pair[0], brief(&plan))
            };
            let moved = diffs
                .iter()
                .any(|diff| diff.on_change == OnChange::Replace && diff.after == Shown::AfterApply(pair[1].clone()));
            let caused = *why == Why::DependencyReplaced(pair[1].clone()) || moved;
            assert!(caused, "{} has another reason: {:#?}", pair[0], brief(&plan));
        }
        match &plan.actions[chain.last().unwrap()] {
            Action::Replace { why, diffs: began, .. } => {
                assert_eq!(&diffs, began);
                let begins = matches!(why, Why::Changed | Why::Requested | Why::Tainted(_));
                assert!(begins, "{chain:?} goes on: {:#?}", brief(&plan));
            }
            // What is gone is made again, and whoever pointed at it has to follow.
            Action::Create { why: Why::Vanished, .. } => assert_eq!(diffs, Vec::new()),
            _ => panic!("{chain:?} ends in nothing: {:#?}", brief(&plan)),
        }
    });
}

#[test]
fn destroying_keeps_data_and_what_it_needs_until_it_is_allowed() {
    check(
        600,
        || any_story(true),
        |runtime, story| {
            runtime.block_on(async {
                let mut bench = story.bench();
                let blueprint = story.blueprint(&story.first);
                bench.apply(&blueprint).await;
                let before = bench.state();
                let holds_data = |address: &Address| bench.session.catalog[&address.kind].holds.data().is_some();
                let mut kept: Vec<Address> =
                    before.resources.keys().filter(|address| holds_data(address)).cloned().collect();
                let mut expected = BTreeMap::new();
                while let Some(address) = kept.pop() {
                    let record = before.resources[&address].clone();
                    kept.extend(references(&record.declared));
                    kept.extend(record.after.iter().cloned());
                    kept.retain(|address| !expected.contains_key(address));
                    expected.insert(address, record);
                }
                let ask = Request { destroy: true, ..Request::default() };
                bench.apply_asking(&blueprint, &ask).await;
                bench.assert_sound();
                assert_eq!(*bench.state().resources, expected);
                assert_eq!(bench.cloud.world().objects.len(), expected.len());
                bench.apply_asking(&blueprint, &Request { destroy: true, ..consenting() }).await;
                assert_eq!(bench.cloud.world().objects.len(), 0);
                assert!(bench.state().is_empty());
            });
        },
    );
}

/// The same value with the keys of every object put in backwards.
fn backwards(value: &Value) -> Value {
    match value {
        Value::Array(items) => Value::Array(items.iter().map(backwards).collect()),
        Value::Object(map) => {
            let mut turned = Map::new();
            for (key, value) in map.iter().rev() {
                turned.insert(key.clone(), backwards(value));
            }
            Value::Object(turned)
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => value.clone(),
    }
}

fn turned(nodes: &BTreeMap<Address, Node>) -> BTreeMap<Address, Node> {
    let turned = |node: &Node| {
        let declared: Document = node.declared.fields().map(|(k, v)| (k.to_owned(), backwards(v))).collect();
        Node { declared, ..node.clone() }
    };
    nodes.iter().rev().map(|(address, node)| (address.clone(), turned(node))).collect()
}

#[test]
fn the_same_input_gives_the_same_bytes() {
    check(
        350,
        || any_story(true),
        |runtime, story| {
            runtime.block_on(async {
                let mut bench = story.bench();
                bench.apply(&story.blueprint(&story.first)).await;
                let chapter = &story.chapters[0];
                let blueprint = story.blueprint(&chapter.edit.apply(&story.first));
                let ask = chapter.prepare(&mut bench, &story.toys);
                let plan = bench.plan(&blueprint, &ask).await.unwrap().plan;
                let again = bench.plan(&Plain(turned(&blueprint.0)), &ask).await.unwrap().plan;
                assert_eq!(serde_json::to_string(&plan).unwrap(), serde_json::to_string(&again).unwrap());
            });
        },
    );
}
