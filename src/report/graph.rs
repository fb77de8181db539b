//! The objects of a stack and what each needs, as a drawing tells it: in lanes, what becomes of each, and which make it long.
//!
//! Promises: every object and everything that one needs of another is there, in the same order whatever made it. Where things
//! stand in a drawing is its printer's business.

use std::collections::{BTreeMap, BTreeSet};

use super::changes::{Verb, noticed};
use super::drawing::{Graph, GraphNode, GraphTie};
use super::kinds;
use super::risks::class_label;
use super::text::{Label, Text};
use crate::engine::forecast::Forecast;
use crate::engine::object_graph::ObjectGraph;
use crate::engine::plan::Plan;
use crate::model::address::Address;
use crate::model::resource::Catalog;

impl Graph {
    /// The objects alone; `region` names what is in no zone.
    pub fn of_objects(objects: &ObjectGraph, catalog: &Catalog, region: &str) -> Self {
        let zones: BTreeSet<&str> =
            objects.objects.values().flat_map(|object| &object.zones).map(String::as_str).collect();
        let lane: BTreeMap<&str, usize> = zones.iter().copied().zip(1..).collect();
        let mut sorted: Vec<&Address> = objects.objects.keys().collect();
        sorted.sort_by_cached_key(|address| kinds::order(catalog, address));
        let place: BTreeMap<&Address, usize> = sorted.iter().copied().zip(0..).collect();
        let node = |address: &&Address| {
            let mut lanes = objects.objects[*address].zones.iter().map(|zone| lane[zone.as_str()]);
            let first = lanes.next().unwrap_or_default();
            GraphNode {
                address: (*address).clone(),
                status: None,
                told: Text::new(),
                risk: Text::new(),
                lanes: (first, lanes.next_back().unwrap_or(first)),
                turns: Vec::new(),
            }
        };
        let ties = sorted.iter().enumerate().flat_map(|(from, address)| {
            let needs = objects.objects[*address].needs.iter();
            let place = &place;
            needs.filter_map(move |(to, why)| {
                let why = why.as_ref().map(|why| Text::of(Label::Why, why));
                Some(GraphTie { from, to: *place.get(to)?, why, is_critical: false })
            })
        });
        Self {
            ties: ties.collect(),
            nodes: sorted.iter().map(node).collect(),
            lanes: [region].into_iter().chain(zones).map(|name| Text::of(Label::Heading, name)).collect(),
        }
    }

    /// The same, with what a plan does to them and which of its steps make it long.
    pub(super) fn of_plan(
        objects: &ObjectGraph,
        catalog: &Catalog,
        region: &str,
        (plan, forecast): (&Plan, &Forecast),
    ) -> Self {
        let mut graph = Self::of_objects(objects, catalog, region);
        let mut places: BTreeMap<Address, usize> = BTreeMap::new();
        for (place, node) in graph.nodes.iter_mut().enumerate() {
            let verb = plan.actions.get(&node.address).and_then(Verb::of);
            node.status = verb.map(Verb::status);
            node.told = Text::of(Label::Plain, verb.map_or("unchanged", Verb::told));
            let impact = plan.impact.get(&node.address).map(Vec::as_slice).unwrap_or_default();
            let worst = impact.iter().map(|one| one.class).filter(|class| class.is_risk()).max();
            node.risk = worst.map(|class| Text::of(class_label(class), class.word())).unwrap_or_default();
            let noticed = noticed(impact);
            if !noticed.is_empty() {
                node.told = std::mem::take(&mut node.told).with(Label::Plain, ", ").and(noticed);
            }
            places.insert(node.address.clone(), place);
        }
        let chain: Vec<Option<usize>> =
            forecast.chain.iter().map(|(step, _)| places.get(&step.address).copied()).collect();
        for (turn, place) in (1..).zip(&chain) {
            if let Some(place) = place {
                graph.nodes[*place].turns.push(turn);
            }
        }
        for pair in chain.windows(2) {
            for tie in &mut graph.ties {
                let ends = [Some(tie.from), Some(tie.to)];
                tie.is_critical |= ends == [pair[0], pair[1]] || ends == [pair[1], pair[0]];
            }
        }
        graph
    }
}
