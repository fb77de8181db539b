//! Drift: what somebody else moved, and nothing else, is told and put back.

use std::collections::BTreeMap;

use ppm_infra::engine::plan::Drift;
use ppm_infra::model::resource::OnChange;
use ppm_infra::run::{self, EventEmitter};
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::support::bench::{Bench, brief};
use crate::support::random::check;
use crate::support::story::any_story;

const FIELDS: [&str; 5] = ["a", "b", "one", "many", "deep"];

/// Another value for a field: of the same shape, pointing at something outside the stack.
fn another(field: &str) -> Value {
    let outside = json!({"id": "outside"});
    match field {
        "a" | "b" => json!(7),
        "one" => outside,
        "many" => json!([outside]),
        _ => json!({"s0": {"to": outside}}),
    }
}

async fn told(bench: &Bench) -> BTreeMap<String, Vec<String>> {
    let mut sinks = Vec::new();
    let mut events = EventEmitter::new(&bench.session, &mut sinks);
    let report = run::drift(&bench.session, &bench.state(), &mut events).await.unwrap();
    assert_eq!((report.unread.len(), report.looked_at), (0, bench.state().resources.len()));
    let fields = |drift: &Drift| match drift {
        Drift::Gone => vec!["gone".to_owned()],
        Drift::Moved(diffs) => diffs.iter().map(|diff| diff.path.clone()).collect(),
    };
    report.drift.iter().map(|(address, drift)| (address.to_string(), fields(drift))).collect()
}

#[test]
fn one_field_that_was_moved_is_told_alone_and_put_back() {
    check(
        450,
        || (any_story(true), any::<prop::sample::Index>(), 0..5usize),
        |runtime, (story, which, field)| {
            runtime.block_on(async {
                let mut bench = story.bench();
                let blueprint = story.blueprint(&story.first);
                bench.apply(&blueprint).await;
                assert_eq!(told(&bench).await, BTreeMap::new());
                let serials: Vec<u64> = bench.cloud.world().objects.keys().copied().collect();
                if serials.is_empty() {
                    return;
                }
                let serial = serials[which.index(serials.len())];
                let name = FIELDS[field];
                let at = bench.cloud.world().objects[&serial].mark.address.clone();
                bench.cloud.meddle(|world| {
                    world.objects.get_mut(&serial).unwrap().declared.set(name, another(name));
                });
                let on_change = bench.session.catalog[&at.kind].on_change(name);
                let moved = told(&bench).await;
                if on_change == OnChange::Ignore {
                    assert_eq!(moved, BTreeMap::new());
                } else {
                    let fields = &moved[&at.to_string()];
                    assert!(!fields.is_empty() && fields.iter().all(|path| path.split('.').next() == Some(name)));
                    assert_eq!(moved.len(), 1);
                    let planned = bench.planned(&blueprint).await;
                    assert_eq!(planned.drift.len(), 1);
                    assert!(planned.actions[&at].is_change(), "{:#?}", brief(&planned));
                }
                bench.apply(&blueprint).await;
                bench.assert_converged(&blueprint).await;
            });
        },
    );
}
