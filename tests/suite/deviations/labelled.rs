//! Changes that people labelled with what they are and how grave: by what each does to who runs the stack, and not by the
//! tables. Opened to the world or to another account, data about to be lost, no longer served: critical.

use std::collections::BTreeMap;

use ppm_infra::described::judge::DeviationClass;
use ppm_infra::described::tracked::severity_of;
use ppm_infra::model::finding::Grade;
use serde_json::Value;

use super::seed::World;

const LABELLED: &str = include_str!("labelled.json");

fn class(word: &str) -> DeviationClass {
    match word {
        "extra" => DeviationClass::Extra,
        "undeclared" => DeviationClass::Undeclared,
        "lifecycle" => DeviationClass::Lifecycle,
        "identity" => DeviationClass::Identity,
        "by_aws" => DeviationClass::ByAws,
        other => panic!("no class is called {other}"),
    }
}

fn grade(word: &str) -> Grade {
    Grade::ALL.into_iter().find(|grade| grade.word() == word).unwrap_or_else(|| panic!("no grade is called {word}"))
}

/// What the gravest finding is about, and how grave it is: a change of a field of ours by what a plan sees of it, any other
/// by what the cloud tells.
fn found(world: &World, label: &Value) -> Option<(Option<DeviationClass>, Grade)> {
    let at = label["at"].as_str().unwrap();
    let Some(field) = label["field"].as_str() else {
        let all = world.changed(label).judge(at).into_iter();
        return all.max_by_key(|one| one.grade).map(|one| (Some(one.class), one.grade));
    };
    assert_eq!(label["class"], "changed", "{label}");
    let (before, after) = (&label["before"], &label["after"]);
    let told = world.look(&at.parse().unwrap(), |look| severity_of(&look, field, before, after));
    told.map(|told| (None, told.grade))
}

#[test]
fn every_labelled_change_is_told_as_its_label_says() {
    let labels: Vec<Value> = serde_json::from_str(LABELLED).unwrap();
    let world = World::in_sync();
    let (mut counts, mut wrong) = (BTreeMap::new(), Vec::new());
    for label in &labels {
        let text = |name: &str| label[name].as_str().unwrap();
        let expected = (label.get("field").is_none().then(|| class(text("class"))), grade(text("grade")));
        *counts.entry(text("grade")).or_insert(0) += 1;
        let found = found(&world, label);
        if found != Some(expected) {
            wrong.push(format!("{}: {expected:?}, told {found:?}", text("what")));
        }
    }
    println!("{} labelled changes, {counts:?}, {} told otherwise", labels.len(), wrong.len());
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(labels.len() >= 100);
}
