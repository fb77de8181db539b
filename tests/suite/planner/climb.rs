//! Versions that climb one rung at a time, in step: a lead, its troop, their bags, and a camp that does not climb.

use std::collections::BTreeMap;

use ppm_infra::cloud::ErrorKind;
use ppm_infra::cloud::simulated::{Fault, Verb};
use ppm_infra::engine::Request;
use ppm_infra::engine::plan::{Action, StepPart};
use ppm_infra::engine::state::State;
use ppm_infra::model::address::{Address, Kind};
use ppm_infra::model::document::Document;
use ppm_infra::model::duration::{DurationSpread, Typical};
use ppm_infra::model::resource::{Catalog, Field, KindFacts, Node, OnChange, ReplaceOrder};
use ppm_infra::model::site::Site;
use ppm_infra::model::surroundings::{Questions, Surroundings};
use ppm_infra::run::Blueprint;
use ppm_infra::run::event::EventKind;
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::support::bench::{Bench, Ran, brief};
use crate::support::random::check;

const WHO: [(&str, &str); 5] =
    [("lead", "main"), ("troop", "main"), ("bag", "first"), ("bag", "late"), ("camp", "main")];

fn at(who: usize) -> Address {
    let (kind, name) = WHO[who];
    Address::of(Kind::new(kind), name)
}

const fn field(name: &'static str, on_change: OnChange) -> Field {
    Field { name, on_change }
}

const CLIMBS: &[Field] = &[
    field("version", OnChange::UpdateStepwise),
    field("size", OnChange::Update),
    field("shape", OnChange::Replace),
    field("lead", OnChange::Replace),
];
const STAYS: &[Field] =
    &[field("size", OnChange::Update), field("shape", OnChange::Replace), field("lead", OnChange::Update)];

fn sample(_: &Document, _: &Address, serial: u64, _: &Site) -> Document {
    [("id".to_owned(), json!(format!("id-{serial}")))].into_iter().collect()
}

fn catalog() -> Catalog {
    let facts = |fields, replace, climb_rank| KindFacts {
        replace,
        typical: Typical::of(DurationSpread::of(20, 20), DurationSpread::of(5, 5), DurationSpread::of(10, 10)),
        climb_rank,
        sample,
        ..KindFacts::plain(fields)
    };
    [
        (Kind::new("lead"), facts(CLIMBS, ReplaceOrder::DeleteFirst, 0)),
        (Kind::new("troop"), facts(CLIMBS, ReplaceOrder::CreateFirst, 1)),
        (Kind::new("bag"), facts(CLIMBS, ReplaceOrder::DeleteFirst, 2)),
        (Kind::new("camp"), facts(STAYS, ReplaceOrder::CreateFirst, 0)),
    ]
    .into_iter()
    .collect()
}

#[derive(Clone, Debug)]
struct Climbers {
    /// The height wanted: the number after the dot.
    height: u32,
    sizes: [u8; 5],
    shapes: [u8; 5],
}

impl Climbers {
    fn document(&self, who: usize, height: u32) -> Document {
        let lead = if who == 0 { Value::Null } else { json!({"$ref": at(0).to_string()}) };
        let mut fields = vec![
            ("size".to_owned(), json!(self.sizes[who])),
            ("shape".to_owned(), json!(self.shapes[who])),
            ("lead".to_owned(), lead),
        ];
        if who != 4 {
            fields.push(("version".to_owned(), json!(format!("1.{height}"))));
        }
        fields.into_iter().collect()
    }
}

fn height(document: &Document) -> Option<u32> {
    document.text("version")?.strip_prefix("1.")?.parse().ok()
}

impl Blueprint for Climbers {
    fn questions(&self, _: &State) -> Questions {
        Questions::default()
    }

    fn nodes(&self, _: &Surroundings, state: &State) -> BTreeMap<Address, Node> {
        let lowest = state.resources.values().filter_map(|recorded| height(&recorded.declared)).min();
        let node = |who: usize| {
            let after = match who {
                1 => vec![at(2), at(4)],
                3 => vec![at(1)],
                _ => Vec::new(),
            };
            let rungs = lowest.map_or(0, |lowest| lowest + 1)..self.height;
            Node {
                declared: self.document(who, self.height),
                after: after.into_iter().map(|to| (to, "it is so")).collect(),
                ladder: rungs.filter(|_| who != 4 && lowest.is_some()).map(|rung| self.document(who, rung)).collect(),
                ..Node::default()
            }
        };
        (0..WHO.len()).map(|who| (at(who), node(who))).collect()
    }

    fn account(&self) -> Option<String> {
        None
    }
}

/// Nobody skips a rung, and nobody goes on before everybody who climbs has come as far.
fn assert_in_step(ran: &Ran, catalog: &Catalog, before: &State) {
    let mut reached: BTreeMap<Address, u32> = BTreeMap::new();
    for (address, action) in &ran.plan.actions {
        if let Action::Update { prior, .. } = action
            && let Some(at) = height(&prior.declared)
        {
            reached.insert(address.clone(), at);
        }
    }
    let rank = |address: &Address| catalog[&address.kind].climb_rank;
    for event in &ran.events {
        let (EventKind::StepStarted { step, .. } | EventKind::StepFinished { step, .. }) = event else { continue };
        let StepPart::Change { .. } = step.part else { continue };
        let (wanted, _) = ran.plan.wanted(step).unwrap();
        let (Some(to), Some(from)) = (height(wanted), reached.get(&step.address).copied()) else { continue };
        if matches!(event, EventKind::StepFinished { .. }) {
            reached.insert(step.address.clone(), to);
            continue;
        }
        assert!(to == from || to == from + 1, "{step} goes from {from} to {to}\n{:#?}", brief(&ran.plan));
        for (other, at) in &reached {
            let behind = (*at, rank(other)) < (to - 1, rank(other)) || (*at < to && rank(other) < rank(&step.address));
            assert!(!behind, "{step} goes to {to} while {other} is at {at}\n{:#?}", brief(&ran.plan));
        }
    }
    for (address, action) in &ran.plan.actions {
        let Action::Replace { declared, .. } = action else { continue };
        let build = ppm_infra::engine::plan::StepKey { address: address.clone(), part: StepPart::Create };
        if let (Some(to), Some(started), false) =
            (height(declared), ran.started(&build), address.kind.as_str() == "lead")
        {
            let lead = ran.events[..started].iter().rev().find_map(|event| match event {
                EventKind::StepFinished { step, .. } if step.address == at(0) => height(ran.plan.wanted(step)?.0),
                _ => None,
            });
            let lead = lead.or_else(|| match &ran.plan.actions[&at(0)] {
                Action::Update { prior, .. } => height(&prior.declared),
                _ => height(&before.resources.get(&at(0))?.declared),
            });
            assert!(lead >= Some(to), "{build} comes with {to} while the lead is at {lead:?}");
        }
    }
}

#[test]
fn everybody_climbs_in_step_and_goes_on_where_a_fall_ended() {
    let climbers = |least: u32| {
        let settings = prop::array::uniform5(0u8..2);
        let shapes = prop::array::uniform5(prop_oneof![4 => Just(0u8), 1 => Just(1u8)]);
        (least..least + 4, settings, shapes).prop_map(|(height, sizes, shapes)| Climbers { height, sizes, shapes })
    };
    let mishaps = || prop::collection::vec((0..WHO.len(), any::<bool>()), 0..3);
    let stories = move || (climbers(8), climbers(11), mishaps(), 0u8..32);
    check(300, stories, |runtime, (first, then, mishaps, replace)| {
        runtime.block_on(async {
            let mut bench = Bench::new(&catalog(), "lab", false);
            bench.apply(&first).await;
            for (who, lost) in &mishaps {
                let fault = if *lost { Fault::LoseAnswer } else { Fault::Refuse(ErrorKind::Refused) };
                bench.cloud.fault(Verb::Update, at(*who), fault);
            }
            let asked = (0..WHO.len()).filter(|who| replace & replace >> 1 & 1 << who != 0).map(at);
            let mut ask = Request { replace: asked.collect(), ..Request::default() };
            let catalog = bench.session.catalog.clone();
            for _ in 0..=mishaps.len() {
                let before = bench.state();
                let ran = bench.run(&then, &ask).await;
                assert_in_step(&ran, &catalog, &before);
                bench.assert_sound();
                ask = Request::default();
            }
            bench.assert_converged(&then).await;
        });
    });
}
