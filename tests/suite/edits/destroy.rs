//! Removing the stack: data stays unless it is named, and everything goes in an order that works.

use std::collections::BTreeSet;

use ppm_infra::engine::Request;

use crate::support::bench::Ran;
use crate::support::reference::{Declared, Standing, changes};

fn destroy(delete_data: &[&str]) -> Request {
    let delete_data = delete_data.iter().map(|word| (*word).to_owned()).collect();
    Request { destroy: true, delete_data, ..Request::default() }
}

fn in_order(ran: &Ran) {
    for chain in [
        // What is not ours in the end is reached from both sides: rules first, then cluster, then the groups.
        &["delete security_group_rule.database-from-nodes", "delete cluster.main"][..],
        &["delete security_group_rule.nodes-from-load-balancer", "delete security_group.load-balancer"],
        &["delete listener.https", "delete target_attachment.nodes", "delete node_group.main", "delete cluster.main"],
        &["delete addon.coredns", "delete node_group.main", "delete addon.vpc-cni", "delete cluster.main"],
        &["delete node_group.main", "delete route_table.private-a", "delete nat_gateway.a", "delete elastic_ip.nat-a"],
        &["delete nat_gateway.a", "delete internet_gateway.main"],
        &["delete listener.https", "delete load_balancer.main", "delete security_group.load-balancer"],
        &["delete load_balancer.main", "delete internet_gateway.main"],
        &[
            "delete iam_role.package-manager",
            "delete oidc_provider.main",
            "delete cluster.main",
            "delete iam_role.cluster",
        ],
    ] {
        ran.assert_in_turn(chain);
    }
}

#[tokio::test(start_paused = true)]
async fn with_consent_nothing_is_left() {
    let mut standing = Standing::new().await;
    let ran = standing.ask(&destroy(&["database", "bucket", "key"])).await;
    assert_eq!(changes(&ran.plan).len(), 46);
    in_order(&ran);
    ran.assert_in_turn(&["delete database.main", "delete db_subnet_group.database", "delete subnet.private-a"]);
    ran.assert_in_turn(&["delete database.main", "delete kms_key.main"]);
    ran.assert_in_turn(&["delete bucket.packages", "delete kms_key.main"]);
    ran.assert_in_turn(&["delete database.main", "delete secret.encryption-key"]);
    ran.assert_in_turn(&["delete subnet.private-a", "delete vpc.main"]);
    assert!(standing.bench.state().is_empty());
    assert!(standing.bench.cloud.world().objects.is_empty());
    let again = standing.ask(&destroy(&["database", "bucket", "key"])).await;
    assert!(!again.plan.has_changes());
}

#[tokio::test(start_paused = true)]
async fn without_consent_data_stays_with_what_it_needs() {
    let mut standing = Standing::new().await;
    let ran = standing.ask(&destroy(&[])).await;
    in_order_without_network(&ran);
    let kept: BTreeSet<String> = standing.bench.state().resources.keys().map(ToString::to_string).collect();
    let expected = [
        "bucket.packages",
        "database.main",
        "db_parameter_group.database",
        "db_subnet_group.database",
        "kms_key.main",
        "secret.database",
        "secret.encryption-key",
        "security_group.database",
        "subnet.private-a",
        "subnet.private-b",
        "subnet.private-c",
        "vpc.main",
    ];
    assert_eq!(kept, expected.map(str::to_owned).into());
    assert_eq!(ran.plan.kept.len(), expected.len());
    assert_eq!(standing.bench.cloud.world().objects.len(), expected.len());
    // The rest of it can be had later.
    standing.ask(&destroy(&["database"])).await;
    let kept: BTreeSet<String> = standing.bench.state().resources.keys().map(ToString::to_string).collect();
    assert_eq!(kept, ["bucket.packages", "kms_key.main"].map(str::to_owned).into());
    standing.ask(&destroy(&["bucket", "key"])).await;
    assert!(standing.bench.state().is_empty());
}

fn in_order_without_network(ran: &Ran) {
    ran.assert_in_turn(&["delete node_group.main", "delete cluster.main"]);
    ran.assert_in_turn(&["delete nat_gateway.a", "delete internet_gateway.main"]);
}

#[tokio::test(start_paused = true)]
async fn what_was_kept_is_what_the_next_apply_starts_from() {
    let mut standing = Standing::new().await;
    let database = standing.bench.state().resources[&"database.main".parse().unwrap()].computed.clone();
    standing.ask(&destroy(&[])).await;
    let declared = Declared(standing.stack.clone());
    let ran = standing.bench.apply(&declared).await;
    assert!(changes(&ran.plan).iter().all(|line| line.starts_with("create ")), "{:#?}", changes(&ran.plan));
    standing.bench.assert_converged(&declared).await;
    assert_eq!(standing.bench.state().resources[&"database.main".parse().unwrap()].computed, database);
}
