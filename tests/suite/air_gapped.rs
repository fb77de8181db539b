//! A network that does not reach the internet: what is not in it, and what must be.

#[cfg(feature = "aws")]
mod pace;

use std::collections::BTreeSet;

use ppm_infra::engine::Request;
use ppm_infra::engine::plan::Action;
use ppm_infra::model::document::Document;
use ppm_infra::resources::load_balancer::LoadBalancer;
use ppm_infra::resources::route_table::RouteTable;
use ppm_infra::resources::security_group::{Peer, SecurityGroup};
use ppm_infra::resources::vpc_endpoint::VpcEndpoint;
use ppm_infra::stack::{Connectivity, Network, Scheme, Stack};

use crate::support::reference::{Declared, Standing, changes};

fn air_gapped() -> Stack {
    declared("")
}

/// The reference without internet, with more keys of Package Manager.
fn declared(more: &str) -> Stack {
    let reference = include_str!("../../plans/reference.yaml");
    let text = format!("{reference}\n{GAPPED}package_manager:\n  image: {MIRROR}\n{more}");
    Stack::parse("air-gapped.yaml", &text).unwrap()
}

const GAPPED: &str = "network: {connectivity: air_gapped}\n";
const MIRROR: &str = "{repository: registry.example.com/posit/package-manager, tag: \"2026.08.0-ubuntu-24.04\"}";

/// What is recorded, by address.
fn recorded(standing: &Standing) -> Vec<(String, Document)> {
    let resources = standing.bench.state().resources;
    resources.into_iter().map(|(at, one)| (at.to_string(), one.declared.clone())).collect()
}

#[test]
fn what_is_not_said_follows_from_it() {
    let stack = air_gapped();
    assert!(stack.network.is_air_gapped());
    assert_eq!(stack.load_balancer.scheme, Scheme::Internal);
    assert!(stack.kubernetes().public_cidrs.is_empty(), "the API is reached from inside");
    let text = format!(
        "stack: ppm\nregion: us-east-1\n{GAPPED}package_manager: {{image: {MIRROR}}}\n\
         kubernetes: {{public_cidrs: [203.0.113.0/24]}}\n"
    );
    assert_eq!(Stack::parse("x", &text).unwrap().kubernetes().public_cidrs.len(), 1, "what is said holds");
}

#[tokio::test(start_paused = true)]
async fn there_is_no_way_out_and_every_way_to_aws() {
    let standing = Standing::of(air_gapped()).await;
    let all = recorded(&standing);
    for kind in ["nat_gateway.", "elastic_ip.", "internet_gateway.", "subnet.public", "route_table.public"] {
        assert!(!all.iter().any(|(at, _)| at.starts_with(kind)), "{kind}");
    }
    let endpoints: Vec<VpcEndpoint> =
        all.iter().filter(|(at, _)| at.starts_with("vpc_endpoint.")).map(|(_, one)| one.read().unwrap()).collect();
    let services: BTreeSet<&str> =
        endpoints.iter().map(|one| one.service.strip_prefix("com.amazonaws.us-east-1.").unwrap()).collect();
    let needed = [
        "autoscaling",
        "ec2",
        "ecr.api",
        "ecr.dkr",
        "eks",
        "elasticloadbalancing",
        "kms",
        "logs",
        "s3",
        "secretsmanager",
        "sts",
    ];
    assert_eq!(services, BTreeSet::from(needed));
    let tables: Vec<RouteTable> =
        all.iter().filter(|(at, _)| at.starts_with("route_table.")).map(|(_, one)| one.read().unwrap()).collect();
    assert_eq!(tables.len(), 3);
    assert!(tables.iter().all(|table| table.routes.is_empty()), "a route to S3 comes with its endpoint");
    for endpoint in &endpoints {
        match &endpoint.interface {
            None => {
                assert_eq!((endpoint.route_tables.len(), endpoint.service == "com.amazonaws.us-east-1.s3"), (3, true));
            }
            Some(interface) => {
                assert_eq!((interface.subnets.len(), interface.private_dns), (3, true));
                assert!(endpoint.route_tables.is_empty());
            }
        }
    }
    for (at, one) in all.iter().filter(|(at, _)| at.starts_with("security_group.")) {
        let group: SecurityGroup = one.read().unwrap();
        let anywhere = |peer: &Peer| matches!(peer, Peer::Cidr(cidr) if cidr == "0.0.0.0/0");
        assert!(!group.egress.iter().any(|rule| anywhere(&rule.peer)), "{at} lets nothing out to everywhere");
        if at == "security_group.endpoints" {
            let ports: Vec<_> =
                group.ingress.iter().map(|rule| (rule.from_port, rule.to_port, anywhere(&rule.peer))).collect();
            assert_eq!(ports, [(443, 443, false)]);
        }
    }
    let (_, balancer) = all.iter().find(|(at, _)| at == "load_balancer.main").unwrap();
    let balancer: LoadBalancer = balancer.read().unwrap();
    assert_eq!((balancer.scheme.as_str(), balancer.subnets.len()), ("internal", 3));
}

#[tokio::test(start_paused = true)]
async fn a_file_system_is_reached_by_an_endpoint_of_its_own() {
    for key in ["shared_storage", "offline_data"] {
        let standing = Standing::of(declared(&format!("  {key}: {{file_system: fs-0123456789abcdef0}}\n"))).await;
        let all = recorded(&standing);
        let (_, files) = all.iter().find(|(at, _)| at == "vpc_endpoint.elasticfilesystem").unwrap();
        let files: VpcEndpoint = files.read().unwrap();
        assert_eq!(
            (files.service.as_str(), files.interface.is_some()),
            ("com.amazonaws.us-east-1.elasticfilesystem", true),
            "{key}"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn nodes_wait_for_the_ways_to_aws_and_nothing_is_left_in_the_end() {
    let mut standing = Standing::of(air_gapped()).await;
    let ask = Request {
        destroy: true,
        delete_data: ["database", "bucket", "key"].map(str::to_owned).into(),
        ..Request::default()
    };
    let plan = standing.bench.plan(&Declared(standing.stack.clone()), &ask).await.unwrap().plan;
    assert!(plan.actions.values().all(|action| matches!(action, Action::Delete { .. })));
    let ran = standing.ask(&ask).await;
    for endpoint in ["s3", "ecr-api", "sts"] {
        let endpoint = format!("delete vpc_endpoint.{endpoint}");
        ran.assert_in_turn(&["delete node_group.main", &endpoint]);
    }
    ran.assert_in_turn(&["delete vpc_endpoint.sts", "delete security_group.endpoints", "delete vpc.main"]);
    ran.assert_in_turn(&["delete vpc_endpoint.sts", "delete subnet.private-a"]);
    assert!(standing.bench.cloud.world().objects.is_empty());
    let built = standing.ask(&Request::default()).await;
    for endpoint in ["s3", "ecr-api", "sts"] {
        built.assert_in_turn(&[&format!("create vpc_endpoint.{endpoint}"), "create node_group.main"]);
    }
}

#[tokio::test(start_paused = true)]
async fn the_internet_can_be_taken_away_and_given_back() {
    let mut standing = Standing::of(air_gapped()).await;
    let connect = |connectivity| {
        move |stack: &mut Stack| {
            let Network::Made(made) = &mut stack.network else { panic!("the reference makes its network") };
            made.connectivity = connectivity;
        }
    };
    let before = recorded(&standing);
    let ran = standing.edit(connect(Connectivity::Internet)).await;
    let lines = changes(&ran.plan);
    assert!(
        lines.contains(&"create nat_gateway.a".to_owned()) && lines.contains(&"delete vpc_endpoint.sts".to_owned())
    );
    assert!(lines.iter().all(|line| !line.contains("replace")), "{lines:#?}");
    standing.edit(connect(Connectivity::AirGapped)).await;
    assert_eq!(recorded(&standing), before);
}
