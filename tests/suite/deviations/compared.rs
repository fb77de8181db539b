//! Every part of every record is compared: with another value it is told by its name and with a grade, and nothing else is. So is
//! every object that is gone.

use std::collections::BTreeMap;

use ppm_infra::described::tracked::severity_of;
use ppm_infra::engine;
use ppm_infra::engine::plan::Drift;
use ppm_infra::engine::state::State;
use ppm_infra::model::address::Address;
use ppm_infra::model::observation::Observation;
use ppm_infra::model::resource::{Known, OnChange};
use ppm_infra::resources::catalog;
use serde_json::{Value, json};

use super::seed::{RECORD, World};

/// So many values are changed at least.
const LEAST: usize = 380;

/// Fields of which no answer tells anything, so nobody says how grave it is: a bucket is asked for by its name, and what a
/// secret holds is never read.
const UNTOLD: [&str; 3] = ["addon kubernetes_version", "bucket name", "secret content"];

/// Every way to change a value in one place.
fn others(value: &Value) -> Vec<Value> {
    match value {
        Value::Null => vec![json!("something")],
        Value::Bool(is) => vec![json!(!is)],
        Value::Number(number) => vec![json!(number.as_i64().unwrap() + 1)],
        Value::String(text) => vec![json!(format!("{text}-else"))],
        Value::Array(items) => {
            let more = Value::Array(items.iter().cloned().chain([json!({"id": "one-more"})]).collect());
            let less = (!items.is_empty()).then(|| Value::Array(items[1..].to_vec()));
            [more].into_iter().chain(less).collect()
        }
        // A reference is one value.
        Value::Object(members) if members.contains_key("$ref") => vec![json!({"id": "another"})],
        Value::Object(members) => {
            let within = |(name, value): (&String, &Value)| {
                let changed = |other| {
                    let mut all = members.clone();
                    all.insert(name.clone(), other);
                    Value::Object(all)
                };
                others(value).into_iter().map(changed).collect::<Vec<_>>()
            };
            members.iter().flat_map(within).collect()
        }
    }
}

#[test]
fn every_part_of_every_record_is_told_by_its_name_and_with_a_grade() {
    let mut record: Value = serde_json::from_str(RECORD).unwrap();
    record.as_object_mut().unwrap().remove("digest");
    let state: State = serde_json::from_value(record).unwrap();
    let (world, catalog) = (World::in_sync(), catalog());
    let present = |known: Known| Observation::Present { known, notes: Vec::new(), waiting: Vec::new(), settled: true };
    let there: BTreeMap<Address, Observation> =
        state.resources.iter().map(|(at, recorded)| (at.clone(), present(recorded.known()))).collect();
    assert_eq!(engine::drift(&catalog, &state, &there).unwrap(), BTreeMap::new());
    let (mut changed, mut gone, mut wrong) = (0, 0, Vec::new());
    for (at, recorded) in &state.resources {
        let mut seen = there.clone();
        seen.insert(at.clone(), Observation::Absent);
        let told = engine::drift(&catalog, &state, &seen).unwrap();
        let graded = world.table(at).missing().is_some();
        if told != BTreeMap::from([(at.clone(), Drift::Gone)]) || !graded {
            wrong.push(format!("{at} is gone: {told:?}, {graded}"));
        }
        gone += 1;
        for field in catalog[&at.kind].fields.iter().filter(|field| field.on_change != OnChange::Ignore) {
            let before = recorded.declared.get(field.name).cloned().unwrap_or_default();
            for after in others(&before) {
                let mut known = recorded.known();
                known.declared.set(field.name, after.clone());
                seen.insert(at.clone(), present(known));
                let told = engine::drift(&catalog, &state, &seen).unwrap();
                let [(address, Drift::Moved(diffs))] = told.iter().collect::<Vec<_>>()[..] else {
                    wrong.push(format!("{at} {}: {told:?}", field.name));
                    continue;
                };
                let is_it = address == at && diffs.len() == 1 && diffs[0].path.split('.').next() == Some(field.name);
                let grade = world.look(at, |look| severity_of(&look, &diffs[0].path, &before, &after));
                let is_graded = grade.is_some() || UNTOLD.contains(&format!("{} {}", at.kind, field.name).as_str());
                if !is_it || !is_graded {
                    wrong.push(format!("{at} {}: {diffs:?}, {grade:?}", field.name));
                }
                changed += 1;
            }
        }
    }
    println!("{changed} changes of fields of ours, {gone} objects gone");
    assert!(wrong.is_empty(), "{} wrong:\n{}", wrong.len(), wrong.join("\n"));
    assert!(changed >= LEAST, "{changed}");
}
