//! Changes that were cut short: what one of them asked for may be there in part, and is known as ours until the resource
//! stands as asked.

use std::collections::{BTreeMap, BTreeSet};

use ppm_infra::engine::check::check as findings;
use ppm_infra::engine::plan::{StepKey, StepPart};
use ppm_infra::engine::state::{Book, Intent, JournalEntry, Recorded, State, Status, StepOutcome};
use ppm_infra::model::address::Address;
use ppm_infra::model::document::Document;
use ppm_infra::model::mark::Mark;
use ppm_infra::resources;
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::support::random::check;

/// A book that is written entry by entry.
struct Writer(Book);

impl Writer {
    fn new() -> Self {
        let lineage = "0123456789abcdef0123456789abcdef".to_owned();
        Self(Book::of(State::empty("lab", "us-east-1", lineage, "0.0.0")))
    }

    fn next(&self) -> u64 {
        self.0.last + 1
    }

    /// A step at `at` that wants `declared`, and its end.
    fn step(&mut self, at: &Address, part: StepPart, declared: &Document, outcome: StepOutcome) {
        let intent = Intent {
            step: StepKey { address: at.clone(), part },
            mark: Mark { stack: "lab".to_owned(), address: at.clone(), attempt: "0".repeat(32) },
            declared: Some(declared.clone()),
            after: BTreeSet::new(),
            vanished: false,
            replaced: None,
        };
        let of = self.next();
        self.0.apply(&JournalEntry::Begin { seq: of, intent }).unwrap();
        self.0.apply(&JournalEntry::End { seq: self.next(), of, outcome }).unwrap();
    }

    fn made(&mut self, at: &Address, declared: &Document, id: &str) {
        self.step(at, StepPart::Create, declared, StepOutcome::Standing(document(&json!({ "id": id }))));
    }

    fn changed(&mut self, at: &Address, declared: &Document, stands: bool) {
        let id = self.0.state.resources[at].computed.clone();
        let outcome = if stands { StepOutcome::Standing(id) } else { StepOutcome::Failed };
        self.step(at, StepPart::Change { rung: 0 }, declared, outcome);
    }

    fn recorded(&self, at: &Address) -> &Recorded {
        &self.0.state.resources[at]
    }
}

fn document(value: &Value) -> Document {
    serde_json::from_value(value.clone()).unwrap()
}

fn vpc(tag: u8) -> Document {
    document(
        &json!({"cidr": "10.0.0.0/16", "dns_support": true, "dns_hostnames": true, "tags": {format!("t{tag}"): ""}}),
    )
}

#[test]
fn whatever_was_asked_for_since_it_stood_is_known() {
    check(
        200,
        || prop::collection::vec((0..4_u8, prop::bool::weighted(0.3)), 0..8),
        |_, changes| {
            let at: Address = "vpc.main".parse().unwrap();
            let mut book = Writer::new();
            book.made(&at, &vpc(0), "vpc-1");
            let mut stood = vpc(0);
            let mut since: Vec<Document> = Vec::new();
            for (tag, stands) in changes {
                book.changed(&at, &vpc(tag), stands);
                if stands {
                    stood = vpc(tag);
                    since.clear();
                } else {
                    since.push(vpc(tag));
                }
                let recorded = book.recorded(&at);
                assert_eq!(recorded.declared, stood, "what stood last is what is recorded");
                let known: BTreeSet<String> =
                    [&recorded.declared].into_iter().chain(&recorded.attempted).map(text).collect();
                let asked: BTreeSet<String> = [&stood].into_iter().chain(&since).map(text).collect();
                assert_eq!(known, asked, "and no more and no less than was asked for is known");
                assert_eq!(known.len(), 1 + recorded.attempted.len(), "each of it once");
                assert_eq!(recorded.status == Status::Ready, since.is_empty());
                assert_eq!(findings(&book.0.state, &resources::catalog()), Vec::new());
                // A lockfile of before has no such field, and without need none has it.
                let written = text(recorded);
                assert_eq!(written.contains("attempted"), !recorded.attempted.is_empty());
                assert_eq!(serde_json::from_str::<Recorded>(&written).unwrap(), *recorded);
            }
        },
    );
}

fn text(value: &impl serde::Serialize) -> String {
    serde_json::to_string(value).unwrap()
}

/// A route table whose traffic leaves through `target`.
fn by(target: &Value) -> Document {
    let routes: BTreeMap<&str, Value> = BTreeMap::from([("0.0.0.0/0", json!({"nat_gateway": target}))]);
    document(&json!({"vpc": {"id": "vpc-1"}, "routes": routes, "subnets": [], "tags": {}}))
}

fn nat() -> Document {
    document(&json!({"subnet": {"id": "subnet-1"}, "elastic_ip": {"id": "eipalloc-1"}, "tags": {}}))
}

#[test]
fn what_it_pointed_at_is_meant_also_when_another_takes_the_address() {
    let (table, gateway): (Address, Address) = ("route_table.main".parse().unwrap(), "nat_gateway.a".parse().unwrap());
    let mut book = Writer::new();
    book.made(&gateway, &nat(), "nat-1");
    book.made(&table, &document(&json!({"vpc": {"id": "vpc-1"}, "routes": {}, "subnets": [], "tags": {}})), "rtb-1");
    book.changed(&table, &by(&json!({"$ref": "nat_gateway.a"})), false);
    book.made(&gateway, &nat(), "nat-2");
    assert_eq!(book.recorded(&table).attempted, [by(&json!({"id": "nat-1"}))]);
    assert_eq!(findings(&book.0.state, &resources::catalog()), Vec::new());
    // Once it awaits removal, what it was to be is of no interest.
    book.made(&table, &by(&json!({"$ref": "nat_gateway.a"})), "rtb-2");
    assert!(book.0.state.deposed[&table].iter().all(|old| old.recorded.attempted.is_empty()));
}

/// Both are replaced at the same time: what the first pointed at takes its leave while the first is being replaced.
#[test]
fn what_it_pointed_at_is_meant_also_when_it_leaves_while_that_is_replaced() {
    let (table, gateway): (Address, Address) = ("route_table.main".parse().unwrap(), "nat_gateway.a".parse().unwrap());
    let mut book = Writer::new();
    book.made(&gateway, &nat(), "nat-1");
    let pointing = by(&json!({"$ref": "nat_gateway.a"}));
    book.made(&table, &pointing, "rtb-1");
    let intent = Intent {
        step: StepKey { address: table.clone(), part: StepPart::Create },
        mark: Mark { stack: "lab".to_owned(), address: table.clone(), attempt: "1".repeat(32) },
        declared: Some(pointing.clone()),
        after: BTreeSet::new(),
        vanished: false,
        replaced: Some(pointing),
    };
    let of = book.next();
    book.0.apply(&JournalEntry::Begin { seq: of, intent }).unwrap();
    book.made(&gateway, &nat(), "nat-2");
    let outcome = StepOutcome::Standing(document(&json!({ "id": "rtb-2" })));
    book.0.apply(&JournalEntry::End { seq: book.next(), of, outcome }).unwrap();
    assert_eq!(book.0.state.deposed[&table][0].recorded.declared, by(&json!({"id": "nat-1"})));
    assert_eq!(
        book.recorded(&table).declared,
        by(&json!({"$ref": "nat_gateway.a"})),
        "the new one was made for the new one"
    );
}
