//! What is no deviation: other spellings, other orders, and what AWS and controllers put there themselves.

use ppm_infra::described::judge::{Deviation, DeviationClass};
use ppm_infra::model::described::CallAnswer;
use proptest::prelude::{ProptestConfig, any, proptest};
use serde_json::{Map, Value, json};

use super::seed::{World, put};

/// Changes that mean nothing; `source` is where AWS says so.
const CHANGES: &str = include_str!("harmless.json");

#[test]
fn what_is_harmless_is_silent() {
    let changes: Vec<Value> = serde_json::from_str(CHANGES).unwrap();
    println!("{} harmless changes", changes.len());
    assert!(changes.len() >= 80);
    let mut wrong = Vec::new();
    let world = World::in_sync();
    for change in &changes {
        let text = |name: &str| change[name].as_str().unwrap();
        let told = world.changed(change).judge(text("at"));
        // Told once, and no alarm.
        let class = |one: &Deviation| (one.class == DeviationClass::ByAws).then_some("by_aws");
        let told: Vec<_> = told.iter().map(|one| class(one).ok_or(&one.what)).collect();
        let expected: Vec<_> = change["told"].as_str().into_iter().map(Ok).collect();
        if told != expected {
            wrong.push(format!("{}: {told:?}", text("what")));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn what_is_not_set_is_the_default() {
    let mut world = World::in_sync();
    let absent =
        ["s3:GetBucketWebsite", "s3:GetBucketCors", "s3:GetBucketReplication", "s3:GetObjectLockConfiguration"];
    let answers = world.answers.get_mut(&"bucket.packages".parse().unwrap()).unwrap();
    for call in absent {
        answers.insert(call.to_owned(), CallAnswer::NotSet);
    }
    assert_eq!(world.judge("bucket.packages"), []);
}

#[test]
fn what_was_accepted_is_silent_from_then_on() {
    let mut world = World::in_sync();
    let at = "database.main".parse().unwrap();
    put(&mut world.told("database.main", "rds:DescribeDBInstances")[0], "Iops", json!(6000));
    let [told] = world.judge("database.main").try_into().unwrap();
    world.baselines.get_mut(&at).unwrap().insert(told.key(), told.remember.unwrap());
    assert_eq!(world.judge("database.main"), []);
}

/// Every list in another order, and scalars as text where `spell` says so.
fn respelt(value: &Value, seed: &mut u64) -> Value {
    let mut next = |below: usize| {
        *seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(*seed >> 33).unwrap() % below.max(1)
    };
    match value {
        Value::Array(items) => {
            let mut items = items.clone();
            for last in (1..items.len()).rev() {
                items.swap(last, next(last + 1));
            }
            Value::Array(items.iter().map(|item| respelt(item, seed)).collect())
        }
        Value::Object(map) => {
            Value::Object(map.iter().map(|(key, value)| (key.clone(), respelt(value, seed))).collect::<Map<_, _>>())
        }
        Value::Bool(_) | Value::Number(_) if next(2) == 0 => json!(value.to_string()),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => value.clone(),
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    #[test]
    fn the_order_of_lists_and_the_spelling_of_scalars_never_matter(seed in any::<u64>()) {
        let mut world = World::in_sync();
        let mut seed = seed;
        for answer in world.answers.values_mut().flat_map(|answers| answers.values_mut()) {
            if let CallAnswer::Told(roots) = answer {
                let Value::Array(respelt) = respelt(&Value::Array(roots.clone()), &mut seed) else { unreachable!() };
                *roots = respelt;
            }
        }
        for at in world.recorded.keys() {
            assert!(world.judge(&at.to_string()).is_empty(), "{at}");
        }
    }
}
