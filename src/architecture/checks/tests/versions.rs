//! Versions that end, at every age, made and standing.

use super::*;

const KUBERNETES: &str = "kubernetes.version";
const POSTGRESQL: &str = "database.engine_version";
const TODAY: &str = "2026-11-29";

async fn made(more: &str) -> Scene {
    Scene::of(more).await.on(TODAY)
}

async fn standing(more: &str) -> Scene {
    Scene::standing(more).await.on(TODAY)
}

#[tokio::test]
async fn what_is_supported_for_long_passes() {
    let scene = made("").await;
    scene.passes(KUBERNETES);
    scene.passes(POSTGRESQL);
    // Of what the calendar does not know yet nothing is said.
    let scene = made("kubernetes: {version: \"1.37\"}\ndatabase: {engine_version: \"19\"}\n").await;
    scene.passes(KUBERNETES);
    scene.passes(POSTGRESQL);
}

#[tokio::test]
async fn nothing_begins_with_a_version_past_its_end_and_what_stands_is_not_held_up() {
    for (version, end) in [("1.27", "2025-07-24"), ("1.30", "2026-07-23"), ("1.31", "2026-11-26")] {
        let more = format!("kubernetes:\n  version: \"{version}\"\n  extended_support: true\n");
        let said = format!("all support of Kubernetes {version} ended on {end}");
        made(&more).await.finds(KUBERNETES, Severity::Error, 4, &[&said, "the newest is \"1.36\"", "makes no new"]);
        standing(&more).await.finds(KUBERNETES, Severity::Warning, 4, &["is out of support since", end]);
        let mut going = standing(&more).await;
        going.destroy = true;
        assert_eq!(going.checks(), []);
    }
    let more = "database: {engine_version: \"11\", extended_support: true}\n";
    let late = |scene: Scene| scene.on("2027-03-31");
    late(made(more).await).finds(POSTGRESQL, Severity::Error, 3, &["all support of PostgreSQL 11 ended on 2027-03-31"]);
    late(standing(more).await).finds(POSTGRESQL, Severity::Warning, 3, &["PostgreSQL 11 is out of support"]);
}

#[tokio::test]
async fn an_update_to_what_is_past_its_end_is_refused() {
    let scene = standing("kubernetes: {version: \"1.29\"}\n").await.edited("kubernetes: {version: \"1.30\"}\n").await;
    scene.finds(KUBERNETES, Severity::Error, 3, &["all support of Kubernetes 1.30 ended on 2026-07-23"]);
    // It is on the way to what is supported, which is what is to be done.
    let scene = standing("kubernetes: {version: \"1.29\"}\n").await.edited("kubernetes: {version: \"1.35\"}\n").await;
    scene.passes(KUBERNETES);
}

#[tokio::test]
async fn a_database_past_standard_support_is_made_only_for_money() {
    for (version, end) in [("12", "2025-02-28"), ("13", "2026-02-28"), ("13.20", "2026-02-28")] {
        let plain = format!("database:\n  engine_version: \"{version}\"\n");
        let ended = format!("ended on {end}");
        made(&plain).await.finds(
            POSTGRESQL,
            Severity::Error,
            4,
            &[&ended, "database.extended_support: true", "\"18\""],
        );
        standing(&plain).await.finds(
            POSTGRESQL,
            Severity::Warning,
            4,
            &[&ended, "RDS upgrades the database by itself"],
        );
        let paid = format!("{plain}  extended_support: true\n");
        made(&paid).await.finds(POSTGRESQL, Severity::Warning, 4, &["is in extended, paid support"]);
    }
}

#[tokio::test]
async fn an_end_in_sight_is_said_by_the_dates_of_the_calendar() {
    let declared = "kubernetes: {version: \"1.34\"}\ndatabase: {engine_version: \"14\"}\n";
    let scene = made(declared).await;
    scene.finds(KUBERNETES, Severity::Warning, 3, &["ends on 2026-12-02, in 3 days", "upgrades the cluster by itself"]);
    scene.passes(POSTGRESQL);
    scene.on("2026-12-01").finds(POSTGRESQL, Severity::Warning, 4, &["ends on 2027-02-28, in 89 days"]);
}

#[tokio::test]
async fn a_declaration_by_itself_is_warned_and_never_refused() {
    let declared = "kubernetes: {version: \"1.30\"}\ndatabase: {engine_version: \"13\"}\n";
    let scene = made(declared).await;
    let all = super::super::of_declaration(&scene.stack, &scene.places, scene.now);
    let told: Vec<_> = all.iter().flat_map(|check| &check.findings).collect();
    assert_eq!(told.len(), 2, "{told:#?}");
    assert!(told.iter().all(|finding| finding.severity == Severity::Warning), "{told:#?}");
    assert!(told[0].what.contains("ended on 2026-07-23") && told[1].what.contains("ended on 2026-02-28"), "{told:#?}");
}

#[tokio::test]
async fn a_version_that_is_kept_for_none_is_declared_is_told_once() {
    let stood = "kubernetes: {version: \"1.35\"}\ndatabase: {engine_version: \"16\"}\n";
    let scene = standing(stood).await.edited("").await;
    assert!(!scene.plan.has_changes());
    scene.finds(KUBERNETES, Severity::Warning, 1, &["stays at 1.35", "new stack would get 1.36"]);
    scene.finds(POSTGRESQL, Severity::Warning, 1, &["stays at 16", "new stack would get 17", "engine_version: \"16\""]);
    // Who says so is told nothing.
    standing(stood).await.passes(KUBERNETES);
}

#[tokio::test]
async fn a_version_that_eks_has_no_addons_for_is_refused_in_the_plan() {
    let mut scene = made("kubernetes: {version: \"1.37\"}\n").await;
    scene.surroundings.addons.retain(|(_, addon), _| addon != "coredns");
    scene.finds(
        KUBERNETES,
        Severity::Error,
        3,
        &["EKS offers no coredns for Kubernetes 1.37", "known here is \"1.36\""],
    );
    // Versions of what stands were chosen when it was made.
    let mut scene = standing("kubernetes: {version: \"1.37\"}\n").await;
    scene.surroundings.addons.clear();
    scene.passes(KUBERNETES);
    let mut scene = scene.edited("kubernetes: {version: \"1.39\"}\n").await;
    scene.surroundings.addons.retain(|(version, _), _| version != "1.38");
    scene.finds(KUBERNETES, Severity::Error, 3, &["for Kubernetes 1.38"]);
}
