//! The reference architecture over the simulated cloud: what each edit of the declaration changes, in which order, and
//! that planning again finds nothing to do.

mod destroy;
mod network;
mod refusals;

use ppm_infra::engine::Request;
use ppm_infra::stack::{Kubernetes, Pinned, Platform, Scheme, Stack, Targets};

use crate::support::bench::Bench;
use crate::support::reference::{Declared, Standing, changes, cluster, reference};

/// Node group and what hangs on it: the new group first, the old one last, targets moved in between.
const NODES_REPLACED: [&str; 4] = [
    "create node_group.main",
    "create target_attachment.nodes",
    "delete old target_attachment.nodes",
    "delete old node_group.main",
];

#[tokio::test(start_paused = true)]
async fn the_reference_stack_stands_after_one_apply() {
    let standing = Standing::new().await;
    assert_eq!(standing.bench.state().resources.len(), 46);
    assert_eq!(standing.bench.cloud.writes().len(), 46, "every object is made by one step and changed by none");
}

#[tokio::test(start_paused = true)]
async fn a_first_apply_takes_no_longer_than_its_longest_chain() {
    let mut bench = Bench::new(&ppm_infra::resources::catalog(), "ppm-prod", false);
    let declared = Declared(reference());
    let planned = bench.plan(&declared, &Request::default()).await.unwrap();
    let forecast = planned.forecaster.forecast();
    let chain: Vec<String> = forecast.chain.iter().map(|(step, _)| step.to_string()).collect();
    let seconds: u64 = forecast.chain.iter().map(|(_, spread)| spread.p50).sum();
    assert_eq!(
        chain,
        ["create vpc.main", "create subnet.private-a", "create db_subnet_group.database", "create database.main"]
    );
    assert_eq!(seconds, 978);
    let ran = bench.apply(&declared).await;
    assert_eq!(ran.report.elapsed_ms, 978_000, "ten steps at a time hold nothing up");
}

#[tokio::test(start_paused = true)]
async fn the_order_of_a_first_apply_is_that_of_the_field() {
    let mut bench = Bench::new(&ppm_infra::resources::catalog(), "ppm-prod", false);
    let ran = bench.apply(&Declared(reference())).await;
    for chain in [
        // A NAT gateway fails without a way to the internet, nodes do not join without a NAT gateway.
        &["create vpc.main", "create internet_gateway.main", "create nat_gateway.a", "create route_table.private-a"][..],
        &["create route_table.private-c", "create node_group.main"],
        &["create addon.vpc-cni", "create node_group.main", "create addon.coredns"],
        &["create addon.kube-proxy", "create node_group.main"],
        &["create internet_gateway.main", "create load_balancer.main"],
        &["create node_group.main", "create target_attachment.nodes", "create listener.https"],
        &["create kms_key.main", "create bucket.packages"],
        &["create db_subnet_group.database", "create database.main"],
        &["create secret.encryption-key", "create database.main"],
        &["create cluster.main", "create oidc_provider.main", "create iam_role.package-manager"],
    ] {
        ran.assert_in_turn(chain);
    }
}

#[tokio::test(start_paused = true)]
async fn more_nodes_are_an_update() {
    let mut standing = Standing::new().await;
    let ran = standing
        .edit(|stack| {
            cluster(stack).nodes.count = 4;
            cluster(stack).nodes.max = 4;
        })
        .await;
    assert_eq!(changes(&ran.plan), ["update node_group.main: count, max"]);
}

#[tokio::test(start_paused = true)]
async fn another_instance_type_moves_to_new_nodes_before_the_old_ones_go() {
    let mut standing = Standing::new().await;
    let ran = standing.edit(|stack| cluster(stack).nodes.instance_type = "m6i.4xlarge".parse().unwrap()).await;
    let expected = ["replace node_group.main: instance_type", "replace target_attachment.nodes: node_group"];
    assert_eq!(changes(&ran.plan), expected);
    ran.assert_in_turn(&NODES_REPLACED);
}

#[tokio::test(start_paused = true)]
async fn another_family_of_processors_changes_the_image_too() {
    let mut standing = Standing::new().await;
    let ran = standing.edit(|stack| cluster(stack).nodes.instance_type = "m7g.4xlarge".parse().unwrap()).await;
    let expected = ["replace node_group.main: ami_type, instance_type", "replace target_attachment.nodes: node_group"];
    assert_eq!(changes(&ran.plan), expected);
}

#[tokio::test(start_paused = true)]
async fn another_disk_moves_to_new_nodes_too() {
    let mut standing = Standing::new().await;
    let ran = standing.edit(|stack| cluster(stack).nodes.disk_gib = 200).await;
    let expected = ["replace node_group.main: disk_gib", "replace target_attachment.nodes: node_group"];
    assert_eq!(changes(&ran.plan), expected);
    ran.assert_in_turn(&NODES_REPLACED);
}

#[tokio::test(start_paused = true)]
async fn the_database_changes_in_place() {
    let mut standing = Standing::new().await;
    for (multi_az, backup_days, storage, class, expected) in [
        (false, 7, 100, "db.t3.xlarge", "multi_az"),
        (true, 7, 100, "db.t3.xlarge", "multi_az"),
        (true, 14, 100, "db.t3.xlarge", "backup_days"),
        (true, 14, 200, "db.t3.xlarge", "storage_gib"),
        (true, 14, 200, "db.r6g.xlarge", "instance_class"),
    ] {
        let ran = standing
            .edit(|stack| {
                stack.database.multi_az = multi_az;
                stack.database.backup_days = backup_days;
                stack.database.storage_gib = storage;
                stack.database.instance_class = class.parse().unwrap();
            })
            .await;
        assert_eq!(changes(&ran.plan), [format!("update database.main: {expected}")]);
    }
}

#[tokio::test(start_paused = true)]
async fn a_new_major_version_of_the_database_gets_settings_of_its_own() {
    let mut standing = Standing::new().await;
    let ran = standing.edit(|stack| stack.database.engine_version = Pinned::Written("18".parse().unwrap())).await;
    let expected =
        ["update database.main: engine_version, parameter_group", "replace db_parameter_group.database: family, name"];
    assert_eq!(changes(&ran.plan), expected);
    ran.assert_in_turn(&[
        "create db_parameter_group.database",
        "update database.main",
        "delete old db_parameter_group.database",
    ]);
}

/// Declares a version of Kubernetes so many after the one that is declared.
fn later(stack: &mut Stack, hops: usize) {
    let version = stack.kubernetes().version.declared();
    cluster(stack).version = Pinned::Written((0..hops).fold(version, |version, _| version.next().unwrap()));
}

#[tokio::test(start_paused = true)]
async fn a_kubernetes_version_goes_through_control_plane_nodes_and_addons() {
    let mut standing = Standing::new().await;
    let ran = standing.edit(|stack| later(stack, 1)).await;
    let expected = [
        "update addon.coredns: kubernetes_version, version",
        "update addon.kube-proxy: kubernetes_version, version",
        "update addon.vpc-cni: kubernetes_version, version",
        "update cluster.main: version",
        "update node_group.main: version",
    ];
    assert_eq!(changes(&ran.plan), expected);
    for addon in ["coredns", "kube-proxy", "vpc-cni"] {
        ran.assert_in_turn(&["update cluster.main", "update node_group.main", &format!("update addon.{addon}")]);
    }
}

#[tokio::test(start_paused = true)]
async fn two_kubernetes_versions_are_two_hops_for_everybody() {
    let mut standing = Standing::new().await;
    let ran = standing.edit(|stack| later(stack, 2)).await;
    assert_eq!(changes(&ran.plan).len(), 5);
    assert_eq!(ran.steps().len(), 10);
    for addon in ["coredns", "kube-proxy", "vpc-cni"] {
        let addon = format!("update addon.{addon}");
        let second = format!("{addon} (step 2)");
        ran.assert_in_turn(&[
            "update cluster.main",
            "update node_group.main",
            &addon,
            "update cluster.main (step 2)",
            "update node_group.main (step 2)",
            &second,
        ]);
    }
}

#[tokio::test(start_paused = true)]
async fn two_hops_and_another_instance_type_at_once_do_not_wait_for_each_other() {
    let mut standing = Standing::new().await;
    let ran = standing
        .edit(|stack| {
            later(stack, 2);
            cluster(stack).nodes.instance_type = "m6i.4xlarge".parse().unwrap();
        })
        .await;
    ran.assert_in_turn(&["update cluster.main", "update addon.coredns", "update cluster.main (step 2)"]);
    // New nodes come with the version they stay with, and what runs on them alone comes after.
    ran.assert_in_turn(&["update cluster.main (step 2)", "create node_group.main", "update addon.coredns (step 2)"]);
    ran.assert_in_turn(&NODES_REPLACED);
}

/// A newer program has newer defaults: who declares no version is not taken along.
#[tokio::test(start_paused = true)]
async fn a_version_that_is_not_declared_stays_as_it_was_applied() {
    let new = reference();
    let (kubernetes, engine) = (new.kubernetes().version.declared(), new.database.engine_version.declared());
    let older = kubernetes.previous().unwrap();
    for engine_there in ["16", "16.3", "18"] {
        let stands = Stack {
            platform: Platform::Kubernetes(Kubernetes { version: Pinned::Written(older), ..new.kubernetes().clone() }),
            database: ppm_infra::stack::DeclaredDatabase {
                engine_version: Pinned::Written(engine_there.parse().unwrap()),
                ..new.database.clone()
            },
            ..new.clone()
        };
        let mut standing = Standing::of(stands).await;
        let ran = standing
            .edit(|stack| {
                cluster(stack).version = Pinned::Default(kubernetes);
                stack.database.engine_version = Pinned::Default(engine);
            })
            .await;
        assert_eq!(changes(&ran.plan), [] as [String; 0], "{engine_there}");
    }
    let mut standing = Standing::of(new).await;
    let ran = standing.edit(|stack| cluster(stack).version = Pinned::Default(older)).await;
    assert_eq!(changes(&ran.plan), [] as [String; 0], "a default older than what stands is no way back");
}

#[tokio::test(start_paused = true)]
async fn there_is_no_way_back_to_an_older_kubernetes() {
    let mut standing = Standing::new().await;
    let there = standing.stack.kubernetes().version.declared();
    let before = there.previous().unwrap();
    let error = standing.refused(|stack| cluster(stack).version = Pinned::Written(before)).await;
    assert_eq!(error.to_string(), format!("cluster.main: version cannot go from {there} back to {before}"));
}

#[tokio::test(start_paused = true)]
async fn who_may_come_in_is_an_update() {
    let mut standing = Standing::new().await;
    let ran = standing.edit(|stack| stack.load_balancer.allow_from = ["198.51.100.0/24".parse().unwrap()].into()).await;
    assert_eq!(changes(&ran.plan), ["update security_group.load-balancer: ingress"]);
    let ran = standing.edit(|stack| cluster(stack).public_cidrs = ["198.51.100.0/24".parse().unwrap()].into()).await;
    assert_eq!(changes(&ran.plan), ["update cluster.main: public_cidrs"]);
    let ran = standing.edit(|stack| cluster(stack).public_cidrs.clear()).await;
    assert_eq!(changes(&ran.plan), ["update cluster.main: public_access, public_cidrs"]);
    let admin = "arn:aws:iam::111122223333:role/platform";
    let ran = standing.edit(|stack| cluster(stack).admins = [admin.parse().unwrap()].into()).await;
    assert_eq!(changes(&ran.plan), ["create access_entry.admin-1f58c1ba"]);
}

#[tokio::test(start_paused = true)]
async fn another_certificate_changes_the_listener() {
    let mut standing = Standing::new().await;
    let certificate = "arn:aws:acm:us-east-1:123456789012:certificate/22222222-2222-3333-4444-555555555555";
    let ran = standing.edit(|stack| stack.load_balancer.certificate = Some(certificate.parse().unwrap())).await;
    assert_eq!(changes(&ran.plan), ["update listener.https: certificate"]);
}

#[tokio::test(start_paused = true)]
async fn without_a_certificate_port_80_serves_before_port_443_closes() {
    let mut standing = Standing::new().await;
    let certificate = standing.stack.load_balancer.certificate.clone();
    let ran = standing.edit(|stack| stack.load_balancer.certificate = None).await;
    let expected =
        ["update listener.http: action", "delete listener.https", "update security_group.load-balancer: ingress"];
    assert_eq!(changes(&ran.plan), expected);
    ran.assert_in_turn(&["update listener.http", "delete listener.https", "update security_group.load-balancer"]);
    let ran = standing.edit(|stack| stack.load_balancer.certificate = certificate).await;
    let expected =
        ["update listener.http: action", "create listener.https", "update security_group.load-balancer: ingress"];
    assert_eq!(changes(&ran.plan), expected);
    ran.assert_in_turn(&["update security_group.load-balancer", "create listener.https", "update listener.http"]);
}

#[tokio::test(start_paused = true)]
async fn another_port_is_a_second_target_group_that_takes_over() {
    let mut standing = Standing::new().await;
    let ran = standing.edit(|stack| stack.load_balancer.node_port = Some(30555)).await;
    let expected = [
        "update listener.https: action",
        "update security_group.load-balancer: egress",
        "replace security_group_rule.nodes-from-load-balancer: from_port, to_port",
        "replace target_attachment.nodes: target_group",
        "replace target_group.main: port",
    ];
    assert_eq!(changes(&ran.plan), expected);
    // Traffic moves once there are targets, and the first group goes when nothing leads to it any more.
    ran.assert_in_turn(&[
        "create target_group.main",
        "create target_attachment.nodes",
        "update listener.https",
        "delete old target_group.main",
    ]);
    ran.assert_in_turn(&[
        "update listener.https",
        "delete old target_attachment.nodes",
        "delete old target_group.main",
    ]);
    // The firewalls let the new port through first, and the old one to the last.
    let (opened, closed) = ("update security_group.load-balancer", "update security_group.load-balancer (step 2)");
    ran.assert_in_turn(&[opened, "update listener.https", closed]);
    let rule = "security_group_rule.nodes-from-load-balancer";
    ran.assert_in_turn(&[&format!("create {rule}"), "update listener.https", &format!("delete old {rule}")]);
}

#[tokio::test(start_paused = true)]
async fn targets_can_be_left_to_a_controller_and_taken_back() {
    let mut standing = Standing::new().await;
    let ran = standing.edit(|stack| stack.load_balancer.targets = Targets::TargetGroupBinding).await;
    let expected = [
        "update listener.https: action",
        "update security_group.load-balancer: egress",
        "replace security_group_rule.nodes-from-load-balancer: from_port, to_port",
        "delete target_attachment.nodes",
        "replace target_group.main: port, target_type",
    ];
    assert_eq!(changes(&ran.plan), expected);
    ran.assert_in_turn(&["create target_group.main", "update listener.https", "delete old target_group.main"]);
    ran.assert_in_turn(&["delete target_attachment.nodes", "delete old target_group.main"]);
    let ran = standing.edit(|stack| stack.load_balancer.targets = Targets::NodePort).await;
    assert_eq!(changes(&ran.plan)[3], "create target_attachment.nodes");
    ran.assert_in_turn(&["create target_group.main", "create target_attachment.nodes", "update listener.https"]);
}

#[tokio::test(start_paused = true)]
async fn another_tag_is_an_update_of_everything_that_carries_tags() {
    let mut standing = Standing::new().await;
    let ran = standing
        .edit(|stack| {
            stack.tags.insert("team".to_owned(), "data".to_owned());
        })
        .await;
    let changed = changes(&ran.plan);
    assert!(changed.iter().all(|line| line.starts_with("update ") && line.ends_with(": tags.team")), "{changed:#?}");
    assert_eq!(changed.len(), 45, "all but the attachment, which cannot carry any");
}

#[tokio::test(start_paused = true)]
async fn another_timeout_or_domain_touches_what_it_must_and_no_more() {
    let mut standing = Standing::new().await;
    let ran = standing.edit(|stack| stack.load_balancer.idle_timeout_seconds = 600).await;
    assert_eq!(changes(&ran.plan), ["update load_balancer.main: idle_timeout_seconds"]);
    let ran = standing.edit(|stack| stack.load_balancer.domain = Some("r.example.com".parse().unwrap())).await;
    assert_eq!(changes(&ran.plan), Vec::<String>::new(), "a name is the business of whoever keeps the zone");
}

#[tokio::test(start_paused = true)]
async fn another_scheme_is_a_second_load_balancer_with_all_behind_it_before_the_first_goes() {
    let mut standing = Standing::new().await;
    let ran = standing.edit(|stack| stack.load_balancer.scheme = Scheme::Internal).await;
    let expected = [
        "replace listener.http: load_balancer",
        "replace listener.https: action, load_balancer",
        "replace load_balancer.main: scheme, subnets",
        "replace target_attachment.nodes: target_group",
        "replace target_group.main: ",
    ];
    assert_eq!(changes(&ran.plan), expected);
    // A target group serves one load balancer only, so there is a second one first.
    ran.assert_in_turn(&[
        "create target_group.main",
        "create load_balancer.main",
        "create listener.https",
        "create listener.http",
        "delete old listener.http",
        "delete old listener.https",
        "delete old load_balancer.main",
        "delete old target_group.main",
    ]);
}

#[tokio::test(start_paused = true)]
async fn a_lost_lockfile_is_rebuilt_from_what_is_there() {
    let mut standing = Standing::new().await;
    let before = standing.bench.state();
    standing.bench.store.lose();
    let declared = Declared(standing.stack.clone());
    let ran = standing.bench.apply(&declared).await;
    assert_eq!(changes(&ran.plan), Vec::<String>::new());
    assert_eq!(ran.plan.adopted.len(), 46);
    assert_eq!(standing.bench.state().resources, before.resources);
    standing.bench.assert_converged(&declared).await;
}
