//! Edits of the network, and networks that somebody else made.

use ppm_infra::engine::Request;
use ppm_infra::model::resource::Resource;
use ppm_infra::resources::cluster::Cluster;
use ppm_infra::resources::elastic_ip::ElasticIp;
use ppm_infra::resources::internet_gateway::InternetGateway;
use ppm_infra::resources::nat_gateway::NatGateway;
use ppm_infra::resources::route_table::RouteTable;
use ppm_infra::resources::subnet::Subnet;
use ppm_infra::resources::vpc::Vpc;
use ppm_infra::resources::vpc_endpoint::VpcEndpoint;
use ppm_infra::stack::{ExistingNetwork, MadeNetwork, NatPlacement, Network, Stack};

use crate::support::reference::{Standing, changes, reference};

fn made(stack: &mut Stack) -> &mut MadeNetwork {
    match &mut stack.network {
        Network::Made(made) => made,
        Network::Existing(_) => unreachable!("the reference makes its network"),
    }
}

#[tokio::test(start_paused = true)]
async fn a_zone_is_left_but_for_what_the_control_plane_holds_and_taken_back() {
    let mut standing = Standing::new().await;
    let ran = standing.edit(|stack| made(stack).zones = 2).await;
    // EKS keeps the zones a cluster was made with, and a database may stand where its subnet group reaches.
    let expected = [
        "delete elastic_ip.nat-c",
        "update load_balancer.main: subnets",
        "delete nat_gateway.c",
        "replace node_group.main: subnets",
        "update route_table.private-c: routes.0.0.0.0/0",
        "update route_table.public: subnets",
        "delete subnet.public-c",
        "replace target_attachment.nodes: node_group",
    ];
    assert_eq!(changes(&ran.plan), expected);
    ran.assert_in_turn(&["update route_table.private-c", "delete nat_gateway.c", "delete elastic_ip.nat-c"]);
    ran.assert_in_turn(&["update load_balancer.main", "delete subnet.public-c"]);
    ran.assert_in_turn(&["create node_group.main", "delete old node_group.main"]);
    // Nodes keep their way out for as long as they are there.
    ran.assert_in_turn(&["delete old node_group.main", "update route_table.private-c"]);

    let ran = standing.edit(|stack| made(stack).zones = 3).await;
    let expected = [
        "create elastic_ip.nat-c",
        "update load_balancer.main: subnets",
        "create nat_gateway.c",
        "replace node_group.main: subnets",
        "update route_table.private-c: routes.0.0.0.0/0",
        "update route_table.public: subnets",
        "create subnet.public-c",
        "replace target_attachment.nodes: node_group",
    ];
    assert_eq!(changes(&ran.plan), expected);
    ran.assert_in_turn(&["create nat_gateway.c", "update route_table.private-c", "create node_group.main"]);
}

#[tokio::test(start_paused = true)]
async fn zones_stay_settled_whatever_the_cloud_offers_later() {
    let mut standing = Standing::new().await;
    let ran = standing.edit(|stack| made(stack).zones = 4).await;
    let zone = |line: &&String| line.ends_with("-d") || line.ends_with(".d");
    assert_eq!(changes(&ran.plan).iter().filter(zone).count(), 5, "{:#?}", changes(&ran.plan));
    let cluster = &standing.bench.state().resources[&"cluster.main".parse().unwrap()];
    let cluster: Cluster = cluster.declared.read().unwrap();
    assert_eq!(cluster.subnets.len(), 3, "a control plane stays in the zones it was made with");
}

#[tokio::test(start_paused = true)]
async fn one_nat_gateway_for_all_and_back() {
    let mut standing = Standing::new().await;
    let ran = standing.edit(|stack| made(stack).nat = NatPlacement::Single).await;
    let expected = [
        "delete elastic_ip.nat-b",
        "delete elastic_ip.nat-c",
        "delete nat_gateway.b",
        "delete nat_gateway.c",
        "update route_table.private-b: routes.0.0.0.0/0.nat_gateway",
        "update route_table.private-c: routes.0.0.0.0/0.nat_gateway",
    ];
    assert_eq!(changes(&ran.plan), expected);
    ran.assert_in_turn(&["update route_table.private-b", "delete nat_gateway.b", "delete elastic_ip.nat-b"]);

    let ran = standing.edit(|stack| made(stack).nat = NatPlacement::PerZone).await;
    let expected = [
        "create elastic_ip.nat-b",
        "create elastic_ip.nat-c",
        "create nat_gateway.b",
        "create nat_gateway.c",
        "update route_table.private-b: routes.0.0.0.0/0.nat_gateway",
        "update route_table.private-c: routes.0.0.0.0/0.nat_gateway",
    ];
    assert_eq!(changes(&ran.plan), expected);
    ran.assert_in_turn(&["create elastic_ip.nat-b", "create nat_gateway.b", "update route_table.private-b"]);
}

fn existing() -> Stack {
    let ids = |ids: [&str; 2]| ids.map(|id| id.parse().unwrap()).into();
    let network = ExistingNetwork {
        vpc: "vpc-0a1b2c3d4e5f67890".parse().unwrap(),
        private_subnets: ids(["subnet-0a1b2c3d4e5f67890", "subnet-1a1b2c3d4e5f67890"]),
        public_subnets: ids(["subnet-2a1b2c3d4e5f67890", "subnet-3a1b2c3d4e5f67890"]),
    };
    Stack { network: Network::Existing(network), ..reference() }
}

#[tokio::test(start_paused = true)]
async fn a_network_of_somebody_else_is_used_and_never_touched() {
    let network = [
        Vpc::KIND,
        InternetGateway::KIND,
        Subnet::KIND,
        ElasticIp::KIND,
        NatGateway::KIND,
        RouteTable::KIND,
        VpcEndpoint::KIND,
    ];
    let mut standing = Standing::of(existing()).await;
    assert_eq!(standing.bench.state().resources.len(), 27);
    let ask = Request {
        destroy: true,
        delete_data: ["database", "bucket", "key"].map(str::to_owned).into(),
        ..Request::default()
    };
    standing.ask(&ask).await;
    assert!(standing.bench.state().is_empty());
    let written = standing.bench.cloud.writes();
    assert!(written.iter().all(|(_, address)| !network.contains(&address.kind)), "{written:?}");
}

#[tokio::test(start_paused = true)]
async fn moving_into_a_network_of_somebody_else_is_refused() {
    let mut standing = Standing::new().await;
    let error = standing.refused(|stack| stack.network = existing().network).await;
    assert_eq!(error.to_string(), "database.main is protected and would be replaced");
}
