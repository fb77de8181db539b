//! Zones of a network that the stack makes, and the machines that stand in them.

use super::*;

const TYPE: &str = "kubernetes.nodes.instance_type";
const ZONES: &str = "network.zones";
const OTHER: &str = "kubernetes:\n  nodes:\n    instance_type: c7a.4xlarge\n";

/// A stack that stands in three zones and gets another instance type, which is offered as `told`.
async fn retyped(told: Fact<Vec<&str>>) -> Scene {
    let mut scene = Scene::standing("").await.edited(OTHER).await;
    assert!(
        query(&asking(&scene.stack, &scene.surroundings, &scene.state, false)).zones_of_type.is_some(),
        "it is asked for"
    );
    scene.facts.zones_of_type = Some(match told {
        Fact::There(zones) => Fact::There(zones.into_iter().map(|zone| format!("us-east-1{zone}")).collect()),
        Fact::Missing => Fact::Missing,
        Fact::Unread { error } => Fact::Unread { error },
    });
    scene
}

/// A stack of which nothing stands, in a region with these zones, the first of which offer the type.
async fn begun(more: &str, zones: &[&str], other: &[&str]) -> Scene {
    let mut scene = Scene::of(more).await;
    let named = |all: &[&str]| all.iter().map(|zone| format!("us-east-1{zone}")).collect();
    (scene.surroundings.zones, scene.surroundings.other_zones) = (named(zones), named(other));
    let nodes = expand(&scene.stack, &scene.surroundings, &scene.state);
    let absent = nodes.keys().map(|address| (address.clone(), Observation::Absent)).collect();
    scene.plan = engine::plan(&catalog(), &nodes, &scene.state, &absent, &Request::default()).unwrap();
    scene
}

#[tokio::test]
async fn another_type_must_be_offered_in_every_zone_that_nodes_stand_in() {
    retyped(Fact::There(vec!["a", "b", "c", "d"])).await.passes(TYPE);
    let says = [
        "c7a.4xlarge is not offered in us-east-1b and us-east-1c",
        "but in us-east-1a, us-east-1d",
        "aws ec2 describe-instance-type-offerings --region us-east-1",
    ];
    retyped(Fact::There(vec!["a", "d"])).await.finds(TYPE, Severity::Error, 5, &says);
    let nowhere = retyped(Fact::There(Vec::new())).await;
    nowhere.finds(TYPE, Severity::Error, 5, &["us-east-1 does not offer c7a.4xlarge", "go back to \"", "which runs"]);
    retyped(denied()).await.finds(TYPE, Severity::Unknown, 5, &["ec2:DescribeInstanceTypeOfferings"]);
    let stays = Scene::standing("").await.edited("").await;
    assert_eq!(
        query(&asking(&stays.stack, &stays.surroundings, &stays.state, false)).zones_of_type,
        None,
        "it runs already"
    );
    assert!(stays.checks().iter().all(|check| ![TYPE, ZONES].contains(&check.id)), "nothing of it is new");
}

#[tokio::test]
async fn as_many_zones_are_there_as_are_declared_and_they_offer_the_type() {
    let three = "network:\n  zones: 3\n";
    for scene in [begun(three, &["a", "b", "c"], &["d"]).await, begun("", &["a", "c", "d"], &[]).await] {
        scene.passes(TYPE);
        scene.passes(ZONES);
    }
    let few = begun(three, &["a", "c"], &[]).await;
    few.passes(TYPE);
    let says = ["us-east-1 has 2 zones to be used, us-east-1a, us-east-1c, and not 3", "write `network.zones: 2`"];
    few.finds(ZONES, Severity::Error, 4, &says);
    begun("", &["a", "c"], &[]).await.finds(ZONES, Severity::Warning, 1, &["write `network.zones: 2`"]);
    begun("", &["a"], &[]).await.finds(ZONES, Severity::Error, 1, &["us-east-1a alone, and 2 are needed"]);
    let without = begun(three, &["a", "c"], &["d"]).await;
    without.passes(ZONES);
    let says =
        ["is not offered in us-east-1d", "but in us-east-1a, us-east-1c", "write `network.zones: 2`, or another type"];
    without.finds(TYPE, Severity::Error, 1, &says);
    begun("", &[], &["a", "b", "c"]).await.finds(TYPE, Severity::Error, 1, &["us-east-1 does not offer"]);
}

#[tokio::test]
async fn another_zone_of_a_standing_stack_is_held_to_the_same() {
    let more = "network:\n  zones: 4\n";
    let mut scene = Scene::standing("").await.edited(more).await;
    scene.passes(ZONES);
    scene.passes(TYPE);
    scene.surroundings.other_zones = vec![scene.surroundings.zones.pop().unwrap()];
    scene.finds(TYPE, Severity::Error, 1, &["is not offered in us-east-1d"]);
    scene.surroundings.other_zones.clear();
    let nodes = expand(&scene.stack, &scene.surroundings, &scene.state);
    scene.plan = engine::plan(&catalog(), &nodes, &scene.state, &scene.observed, &Request::default()).unwrap();
    scene.finds(ZONES, Severity::Error, 4, &["has 3 zones to be used", "and not 4"]);
}
