//! References that turn round: wherever a run is stopped in between, the record never leads in a circle.

use std::collections::BTreeMap;

use ppm_infra::engine::Request;
use ppm_infra::model::address::Address;
use ppm_infra::model::document::Document;
use ppm_infra::model::resource::{Catalog, Node, OnChange};
use serde_json::{Map, Value, json};

use crate::support::bench::{Bench, Plain};
use crate::support::random::paused;
use crate::support::toys::{Room, Toy};

/// A toy of which everything changes in place but for `a`, which means another object.
const TOY: Toy = Toy {
    room: Room::ForTwo,
    on_change: [OnChange::Replace, OnChange::Update, OnChange::Update, OnChange::Update, OnChange::Update],
    data: false,
};

/// Each name with its `a` and what it points at.
type Declared<'a> = &'a [(&'a str, u8, &'a [&'a str])];

fn at(name: &str) -> Address {
    Address::of(TOY.facts().0, name)
}

fn blueprint(declared: Declared<'_>) -> Plain {
    let node = |(name, a, targets): &(&str, u8, &[&str])| {
        let many: Vec<Value> = targets.iter().map(|target| json!({"$ref": at(target)})).collect();
        let fields: Map<String, Value> = [("a", json!(a)), ("b", json!(0)), ("many", json!(many))]
            .into_iter()
            .chain([("one", Value::Null), ("deep", json!({}))])
            .map(|(field, value)| (field.to_owned(), value))
            .collect();
        let declared: Document = fields.into_iter().collect();
        (at(name), Node { declared, ..Node::default() })
    };
    Plain(declared.iter().map(node).collect::<BTreeMap<_, _>>())
}

/// Goes from one declaration to the other, stopped after each number of events in turn, and on to the end.
fn assert_no_circle(before: Declared<'_>, after: Declared<'_>) {
    paused().block_on(async {
        for stop in 0..40 {
            let mut bench = Bench::new(&Catalog::from([TOY.facts()]), "lab", false);
            // One after the other, so that every order there may be is seen between two steps.
            bench.session.parallelism = 1;
            bench.apply(&blueprint(before)).await;
            bench.stop_after = Some((stop, 1));
            if bench.try_run(&blueprint(after), &Request::default()).await.is_ok() {
                bench.assert_sound();
            }
            bench.apply(&blueprint(after)).await;
            bench.assert_converged(&blueprint(after)).await;
        }
    });
}

#[test]
fn two_objects_turn_round() {
    // The one that is first by its name is to be second.
    assert_no_circle(&[("a", 0, &[]), ("b", 0, &["a"])], &[("a", 0, &["b"]), ("b", 0, &[])]);
    assert_no_circle(&[("a", 0, &["b"]), ("b", 0, &[])], &[("a", 0, &[]), ("b", 0, &["a"])]);
}

#[test]
fn a_way_turns_round_through_what_stays() {
    assert_no_circle(
        &[("a", 0, &[]), ("c", 0, &["a"]), ("e", 0, &["c"])],
        &[("a", 0, &["e"]), ("c", 0, &[]), ("e", 0, &["c"])],
    );
    assert_no_circle(
        &[("a", 0, &[]), ("c", 0, &["a"]), ("d", 0, &["c"]), ("e", 0, &["d"])],
        &[("a", 0, &["e"]), ("c", 0, &[]), ("d", 0, &["c"]), ("e", 0, &["d"])],
    );
}

#[test]
fn a_way_turns_round_through_what_is_replaced_or_goes() {
    assert_no_circle(
        &[("a", 0, &[]), ("c", 0, &["a"]), ("e", 0, &["c"])],
        &[("a", 0, &["e"]), ("c", 1, &[]), ("e", 0, &["c"])],
    );
    assert_no_circle(&[("a", 0, &[]), ("c", 0, &["a"]), ("e", 0, &["c"])], &[("a", 0, &["e"]), ("e", 0, &[])]);
    assert_no_circle(
        &[("a", 0, &[]), ("c", 0, &["a"]), ("e", 0, &["c"])],
        &[("a", 1, &["e"]), ("c", 0, &[]), ("e", 0, &["c"])],
    );
}
