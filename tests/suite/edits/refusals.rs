//! What would cost data is refused, naming what began it.

use ppm_infra::engine::{PlanError, Request};
use ppm_infra::stack::{Network, Protected};

use super::later;
use crate::support::reference::{Declared, Standing, changes};

fn chain(error: &PlanError) -> Vec<String> {
    match error {
        PlanError::Protected { chain, .. } => chain.iter().map(ToString::to_string).collect(),
        other => panic!("another refusal: {other}"),
    }
}

fn began(error: &PlanError) -> Vec<&str> {
    match error {
        PlanError::Protected { diffs, .. } => diffs.iter().map(|diff| diff.path.as_str()).collect(),
        other => panic!("another refusal: {other}"),
    }
}

#[tokio::test(start_paused = true)]
async fn another_address_space_would_replace_cluster_and_database() {
    let mut standing = Standing::new().await;
    let edit = |stack: &mut ppm_infra::stack::Stack| {
        if let Network::Made(made) = &mut stack.network {
            made.cidr = "10.1.0.0/16".parse().unwrap();
        }
    };
    let error = standing.refused(edit).await;
    assert_eq!(error.to_string(), "cluster.main is protected and would be replaced");
    assert_eq!(chain(&error), ["cluster.main", "subnet.private-a", "vpc.main"]);
    assert_eq!(began(&error), ["cidr"]);
}

#[tokio::test(start_paused = true)]
async fn the_chain_leads_from_what_is_protected_to_what_began_it() {
    let standing = Standing::new().await;
    let declared = Declared(standing.stack.clone());
    for (asked, expected) in [
        ("db_subnet_group.database", ["database.main", "db_subnet_group.database"].as_slice()),
        ("subnet.private-b", &["cluster.main", "subnet.private-b"]),
        ("kms_key.main", &["cluster.main", "kms_key.main"]),
        ("iam_role.cluster", &["cluster.main", "iam_role.cluster"]),
        ("cluster.main", &["cluster.main"]),
        ("bucket.packages", &["bucket.packages"]),
    ] {
        let ask = Request { replace: [asked.parse().unwrap()].into(), ..Request::default() };
        let error = standing.bench.refused(&declared, &ask).await;
        assert_eq!(chain(&error), expected);
    }
}

#[tokio::test(start_paused = true)]
async fn what_holds_its_ground_is_not_planned_to_be_replaced_there() {
    let mut standing = Standing::new().await;
    let ask = Request { replace: ["internet_gateway.main".parse().unwrap()].into(), ..Request::default() };
    let error = standing.bench.refused(&Declared(standing.stack.clone()), &ask).await;
    assert!(error.to_string().starts_with("internet_gateway.main cannot be replaced while it stands: "), "{error}");
    // One that is gone is made.
    standing
        .bench
        .cloud
        .meddle(|world| world.objects.retain(|_, one| one.mark.address.to_string() != "internet_gateway.main"));
    let ran = standing.edit(|_| ()).await;
    assert!(changes(&ran.plan).contains(&"create internet_gateway.main".to_owned()), "{:?}", changes(&ran.plan));
}

#[tokio::test(start_paused = true)]
async fn a_key_that_is_not_declared_any_more_is_data() {
    let mut standing = Standing::new().await;
    let key = "arn:aws:kms:us-east-1:123456789012:key/11111111-2222-3333-4444-555555555555";
    let error = standing.refused(|stack| stack.storage.kms = Some(key.parse().unwrap())).await;
    assert_eq!(chain(&error)[0], "cluster.main", "its secrets are encrypted with the key");
}

#[tokio::test(start_paused = true)]
async fn another_bucket_is_refused_unless_it_is_not_protected() {
    let mut standing = Standing::new().await;
    let error = standing.refused(|stack| stack.storage.bucket = Some("packages-of-ours".parse().unwrap())).await;
    assert_eq!((chain(&error), began(&error)[0]), (vec!["bucket.packages".to_owned()], "name"));
    let ran = standing
        .edit(|stack| {
            stack.protect.remove(&Protected::Bucket);
        })
        .await;
    let expected = [
        "replace, old first, bucket.packages: name, policy.Statement",
        "update iam_policy.package-manager: document.Statement",
    ];
    assert_eq!(changes(&ran.plan), expected);
}

#[tokio::test(start_paused = true)]
async fn what_can_be_replaced_is_replaced_when_asked() {
    let mut standing = Standing::new().await;
    for (asked, expected) in [
        ("node_group.main", ["replace node_group.main: ", "replace target_attachment.nodes: node_group"].as_slice()),
        ("addon.vpc-cni", &["replace, old first, addon.vpc-cni: "]),
        ("nat_gateway.a", &["replace, old first, nat_gateway.a: ", "update route_table.private-a: routes"]),
        (
            "load_balancer.main",
            &[
                "replace listener.http: load_balancer",
                "replace listener.https: action, load_balancer",
                "replace load_balancer.main: ",
                "replace target_attachment.nodes: target_group",
                "replace target_group.main: ",
            ],
        ),
        ("secret.database", &["replace, old first, secret.database: "]),
        ("iam_role.package-manager", &["replace, old first, iam_role.package-manager: "]),
        (
            "iam_role.nodes",
            &[
                "replace, old first, iam_role.nodes: ",
                "replace, old first, node_group.main: role",
                "replace, old first, target_attachment.nodes: node_group",
            ],
        ),
    ] {
        let ask = Request { replace: [asked.parse().unwrap()].into(), ..Request::default() };
        let ran = standing.ask(&ask).await;
        assert_eq!(changes(&ran.plan), expected, "{asked}");
        standing.bench.assert_converged(&Declared(standing.stack.clone())).await;
    }
}

#[tokio::test(start_paused = true)]
async fn everything_that_can_be_replaced_at_once_is() {
    let mut standing = Standing::new().await;
    let asked =
        ["node_group.main", "addon.vpc-cni", "addon.kube-proxy", "addon.coredns", "nat_gateway.a", "listener.https"];
    let ask = Request { replace: asked.map(|at| at.parse().unwrap()).into(), ..Request::default() };
    standing.stack.tags.insert("team".to_owned(), "data".to_owned());
    later(&mut standing.stack, 2);
    standing.ask(&ask).await;
    standing.bench.assert_converged(&Declared(standing.stack.clone())).await;
}

#[tokio::test(start_paused = true)]
async fn a_new_login_and_a_changed_database_do_not_wait_for_each_other() {
    let mut standing = Standing::new().await;
    let ask = Request { replace: ["secret.database".parse().unwrap()].into(), ..Request::default() };
    standing.stack.database.backup_days = 14;
    let ran = standing.ask(&ask).await;
    assert_eq!(changes(&ran.plan), ["update database.main: backup_days", "replace, old first, secret.database: "]);
}

#[tokio::test(start_paused = true)]
async fn a_listener_removed_by_hand_does_not_hold_up_its_load_balancer() {
    let mut standing = Standing::new().await;
    standing.bench.cloud.meddle(|world| {
        world.objects.retain(|_, object| object.mark.address.to_string() != "listener.https");
    });
    let ran = standing.edit(|stack| stack.load_balancer.scheme = ppm_infra::stack::Scheme::Internal).await;
    let expected = [
        "replace listener.http: load_balancer",
        "create listener.https",
        "replace load_balancer.main: scheme, subnets",
        "replace target_attachment.nodes: target_group",
        "replace target_group.main: ",
    ];
    assert_eq!(changes(&ran.plan), expected);
}
