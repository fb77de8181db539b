//! What RDS offers, and what a database that stands can become.

use std::collections::BTreeSet;

use super::*;
use crate::model::facts::database::{DatabaseOption, RunningEngine};

const VERSION: &str = "database.engine_version";
const CLASS: &str = "database.instance_class";
const STORAGE: &str = "database.storage_gib";

fn texts(all: &[&str]) -> BTreeSet<String> {
    all.iter().copied().map(str::to_owned).collect()
}

/// A database that stands with `before`, and is declared with `after`.
async fn edited(before: &str, after: &str) -> Scene {
    let declared = |keys: &str| format!("database: {{{keys}}}\n");
    let mut scene = Scene::standing(&declared(before)).await.edited(&declared(after)).await;
    let site = Site::new("us-east-1", "111122223333");
    let cloud = Simulated::new(catalog(), site, World::default());
    let ask = query(&asking(&scene.stack, &scene.surroundings, &scene.state, false));
    scene.facts = cloud.facts(&ask, &scene.surroundings).await;
    scene
}

fn runs(scene: &mut Scene, version: &str, targets: &[&str]) {
    let engine = RunningEngine { version: version.to_owned(), targets: texts(targets) };
    scene.facts.database.as_mut().unwrap().running = Fact::There(engine);
}

#[tokio::test]
async fn storage_grows_by_a_tenth_at_least_and_never_shrinks() {
    for (from, to, says) in [
        (100, 50, "cannot shrink to 50 GiB"),
        (100, 105, "from 100 GiB to 110 GiB or more, not to 105 GiB"),
        (205, 225, "from 205 GiB to 226 GiB or more"),
    ] {
        let scene = edited(&format!("storage_gib: {from}"), &format!("storage_gib: {to}")).await;
        scene.finds(STORAGE, Severity::Error, 3, &[says, "write `database.storage_gib: "]);
    }
    edited("storage_gib: 100", "storage_gib: 110").await.passes(STORAGE);
    let mut scene = Scene::of("database: {storage_gib: 100}\n").await;
    scene.passes(STORAGE);
    if let Fact::There(options) = &mut scene.facts.database.as_mut().unwrap().options {
        options[0].most_gib = 64;
    }
    scene.finds(STORAGE, Severity::Error, 3, &["takes 20 to 64 GiB of storage, not 100"]);
}

#[tokio::test]
async fn versions_that_do_not_exist_or_cannot_be_reached_are_refused() {
    let mut scene = Scene::of("database: {engine_version: \"17.99\"}\n").await.on("2026-01-15");
    scene.passes(VERSION);
    scene.facts.database.as_mut().unwrap().versions = Fact::There(texts(&["16.9", "17.4", "17.10"]));
    scene.finds(
        VERSION,
        Severity::Error,
        3,
        &["no new database of PostgreSQL 17.99 in us-east-1", "RDS makes 17.4, 17.10"],
    );
    scene.facts.database.as_mut().unwrap().versions = denied();
    scene.finds(VERSION, Severity::Unknown, 3, &["rds:DescribeDBEngineVersions"]);

    let scene = edited("engine_version: \"17\"", "engine_version: \"16\"").await.on("2026-01-15");
    scene.finds(
        VERSION,
        Severity::Error,
        3,
        &["RDS never goes back, and 17 is newer than the declared 16", "snapshot"],
    );
    let mut scene = edited("engine_version: \"16\"", "engine_version: \"17\"").await.on("2026-01-15");
    scene.passes(VERSION);
    runs(&mut scene, "16.3", &["16.9", "17.4"]);
    scene.passes(VERSION);
    runs(&mut scene, "16.14", &["16.15", "18.1"]);
    scene.finds(VERSION, Severity::Error, 3, &["there is no way from 16.14 to 17", "16.15, 18.1"]);
    let mut scene = edited("engine_version: \"17.4\"", "engine_version: \"17.7\"").await.on("2026-01-15");
    runs(&mut scene, "17.4", &["17.5", "17.6"]);
    scene.finds(VERSION, Severity::Error, 3, &["there is no way from 17.4 to 17.7"]);
    // RDS moved it on by itself meanwhile.
    runs(&mut scene, "17.8", &[]);
    scene.passes(VERSION);
}

#[tokio::test]
async fn classes_that_are_not_offered_or_have_no_standby_are_refused() {
    let made = Scene::of("database: {instance_class: db.x9.large}\n").await;
    let raised = edited("instance_class: db.t3.xlarge", "instance_class: db.x9.large").await;
    for mut scene in [made, raised] {
        scene.passes(CLASS);
        let told = scene.facts.database.as_mut().unwrap();
        told.options = Fact::There(Vec::new());
        scene.finds(CLASS, Severity::Error, 3, &["RDS offers no db.x9.large for PostgreSQL 17", "describe-orderable"]);
        let option = DatabaseOption {
            storage_type: "gp2".to_owned(),
            least_gib: 20,
            most_gib: 3072,
            multi_az: false,
            zones: BTreeSet::new(),
        };
        scene.facts.database.as_mut().unwrap().options = Fact::There(vec![option.clone()]);
        scene.finds(CLASS, Severity::Error, 3, &["without gp3 storage"]);
        let option = DatabaseOption { storage_type: "gp3".to_owned(), ..option };
        scene.facts.database.as_mut().unwrap().options = Fact::There(vec![option]);
        let check = scene.check(CLASS);
        assert!(check.findings[0].what.contains("without a standby"), "{check:#?}");
        scene.facts.database.as_mut().unwrap().options = denied();
        scene.finds(CLASS, Severity::Unknown, 3, &["rds:DescribeOrderableDBInstanceOptions"]);
    }
    // Nothing becomes of it: nothing is asked.
    let standing = Scene::standing("").await;
    assert!(standing.facts.database.is_none());
    assert!(standing.checks().iter().all(|check| check.id != CLASS && check.id != STORAGE));
}
