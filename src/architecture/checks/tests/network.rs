//! A network that somebody else made.

use std::collections::BTreeSet;

use super::*;
use crate::model::facts::network::{EndpointFacts, NetworkFacts, Route, RouteTableFacts, SubnetFacts};

const VPC: &str = "network.vpc";
const SUBNETS: &str = "network.subnets";
const ZONES: &str = "network.zones";
const ROUTES: &str = "network.routes";
const ADDRESSES: &str = "network.addresses";
const SERVICES: &str = "network.service_range";
const PRIVATE: [&str; 2] = ["subnet-0000000a", "subnet-0000000b"];
const PUBLIC: [&str; 2] = ["subnet-0000000c", "subnet-0000000d"];
/// The lines of the declaration on which they stand.
const LINES: [usize; 4] = [7, 8, 10, 11];

fn declared(more: &str) -> String {
    let [a, b] = PRIVATE;
    let [c, d] = PUBLIC;
    format!(
        "network:\n  existing:\n    vpc: vpc-0a1b2c3d\n    private_subnets:\n    - {a}\n    - {b}\n    \
         public_subnets:\n    - {c}\n    - {d}\n{more}"
    )
}

/// The network as it should be, changed.
async fn with(change: impl FnOnce(&mut NetworkFacts)) -> Scene {
    of("", change).await
}

async fn of(more: &str, change: impl FnOnce(&mut NetworkFacts)) -> Scene {
    let mut scene = Scene::of(&declared(more)).await;
    change(scene.facts.network.as_mut().unwrap());
    scene
}

fn subnet<'n>(network: &'n mut NetworkFacts, id: &str) -> &'n mut SubnetFacts {
    let Fact::There(all) = &mut network.subnets else { panic!("they are there") };
    all.get_mut(id).unwrap()
}

fn tables(network: &mut NetworkFacts) -> &mut Vec<RouteTableFacts> {
    let Fact::There(all) = &mut network.route_tables else { panic!("they are there") };
    all
}

/// Leads what is sent out of the private subnets there; `None` leads nowhere.
fn lead(network: &mut NetworkFacts, target: Option<&str>) {
    let table = &mut tables(network)[0];
    table.routes.truncate(1);
    table.routes.extend(target.map(|target| Route {
        destination: "0.0.0.0/0".to_owned(),
        target: target.to_owned(),
        is_dead: target.ends_with("gone"),
    }));
}

fn endpoint(name: &str) -> EndpointFacts {
    EndpointFacts {
        service: format!("com.amazonaws.us-east-1.{name}"),
        state: "available".to_owned(),
        route_tables: BTreeSet::new(),
        is_interface: true,
        has_private_dns: true,
    }
}

/// Demands findings of this severity at these lines, each of which says this.
fn all(scene: &Scene, id: &str, severity: Severity, lines: &[usize], says: &str) {
    let found = scene.check(id).findings;
    let at: Vec<usize> = found.iter().map(|finding| finding.place.unwrap().line).collect();
    assert_eq!(at, lines, "{found:#?}");
    for finding in found {
        assert_eq!(finding.severity, severity, "{finding:#?}");
        let said = [&finding.what, &finding.why, &finding.remedy()].iter().any(|part| part.contains(says));
        assert!(said && !finding.remedy().is_empty(), "`{says}` is not said: {finding:#?}");
    }
}

#[tokio::test]
async fn a_network_as_it_should_be_passes() {
    let scene = Scene::of(&declared("")).await;
    for id in [VPC, SUBNETS, ZONES, ROUTES, ADDRESSES, SERVICES] {
        scene.passes(id);
    }
    let own = Scene::of("").await;
    let of_network = |check: &Check| check.id.starts_with("network.") && check.id != ZONES;
    assert!(!own.checks().iter().any(of_network), "the stack's own is asked for its zones alone");
}

#[tokio::test]
async fn the_network_must_be_there_and_resolve_names() {
    let gone = with(|network| network.vpc = Fact::Missing).await;
    gone.finds(VPC, Severity::Error, 5, &["no VPC vpc-0a1b2c3d in us-east-1", "describe-vpcs"]);
    for (support, hostnames, option) in [(false, true, "--enable-dns-support"), (true, false, "--enable-dns-hostnames")]
    {
        let off = with(|network| {
            let Fact::There(vpc) = &mut network.vpc else { panic!("it is there") };
            (vpc.dns_support, vpc.dns_hostnames) = (support, hostnames);
        });
        off.await.finds(VPC, Severity::Error, 5, &[option, "aws ec2 modify-vpc-attribute --region us-east-1"]);
    }
}

#[tokio::test]
async fn subnets_must_be_there_and_of_the_network() {
    let gone = with(|network| {
        let Fact::There(all) = &mut network.subnets else { panic!("they are there") };
        all.remove(PRIVATE[1]);
        all.remove(PUBLIC[0]);
    });
    all(&gone.await, SUBNETS, Severity::Error, &[LINES[1], LINES[2]], "there is no subnet");
    let elsewhere = with(|network| subnet(network, PUBLIC[1]).vpc = "vpc-other".to_owned()).await;
    all(&elsewhere, SUBNETS, Severity::Error, &[LINES[3]], "is in vpc-other, not in vpc-0a1b2c3d");
}

#[tokio::test]
async fn zones_must_be_two_and_good_for_what_is_put_there() {
    let one = with(|network| subnet(network, PRIVATE[1]).zone = "us-east-1a".to_owned()).await;
    one.finds(ZONES, Severity::Error, 6, &["all private subnets are in us-east-1a"]);
    let public = with(|network| subnet(network, PUBLIC[1]).zone = "us-east-1a".to_owned()).await;
    let found = public.check(ZONES).findings;
    assert!(found.iter().any(|one| one.severity == Severity::Error && one.what.contains("one subnet of each zone")));
    for (zone, id) in [("us-east-1e", "use1-az3"), ("us-east-1-bos-1a", "use1-bos1-az1")] {
        let bad = with(|network| {
            let there = subnet(network, PRIVATE[1]);
            (there.zone, there.zone_id) = (zone.to_owned(), id.to_owned());
            subnet(network, PUBLIC[1]).zone = zone.to_owned();
        });
        all(&bad.await, ZONES, Severity::Error, &[LINES[1]], "places no control plane");
    }
    let not_offered = with(|network| network.zones_of_type = Fact::There(["us-east-1a".to_owned()].into())).await;
    all(&not_offered, ZONES, Severity::Error, &[LINES[1]], "is offered in us-east-1a");
    let apart = with(|network| subnet(network, PUBLIC[1]).zone = "us-east-1c".to_owned()).await;
    apart.finds(ZONES, Severity::Warning, 9, &["no subnet in us-east-1b", "get no requests"]);
}

#[tokio::test]
async fn tiers_are_told_by_their_routes() {
    let swapped = with(|network| lead(network, Some("igw-1"))).await;
    all(&swapped, ROUTES, Severity::Error, &LINES[..2], "is a public subnet");
    let dead = with(|network| lead(network, Some("nat-gone"))).await;
    all(&dead, ROUTES, Severity::Error, &LINES[..2], "which is gone");
    for target in ["tgw-1", "eni-1", "vgw-1"] {
        with(|network| lead(network, Some(target))).await.passes(ROUTES);
    }
    let hidden = with(|network| {
        tables(network)[1].subnets.remove(PUBLIC[0]);
    });
    all(&hidden.await, ROUTES, Severity::Error, &[LINES[2]], "is not a public subnet");
    // Whoever is asked from inside alone needs no public subnet.
    let internal = of("load_balancer: {scheme: internal}\n", |network| {
        tables(network)[1].subnets.clear();
    });
    internal.await.passes(ROUTES);
}

#[tokio::test]
async fn without_a_way_out_the_services_must_be_reached_by_endpoints() {
    let closed = |names: Vec<&'static str>| {
        with(move |network| {
            lead(network, None);
            network.endpoints = Fact::There(names.into_iter().map(endpoint).collect());
        })
    };
    all(&closed(Vec::new()).await, ROUTES, Severity::Error, &LINES[..2], "has no way out");
    let mut names: Vec<&str> = crate::architecture::endpoints::SERVICES.iter().map(|(name, _)| *name).collect();
    all(&closed(names.clone()).await, ROUTES, Severity::Error, &LINES[..2], "no endpoints of s3");
    names.push("s3");
    closed(names.clone()).await.passes(ROUTES);
    names.retain(|name| *name != "kms");
    all(&closed(names.clone()).await, ROUTES, Severity::Warning, &LINES[..2], "no endpoints of kms");
    names.retain(|name| *name != "sts");
    all(&closed(names).await, ROUTES, Severity::Error, &LINES[..2], "kms, sts");
    // A proxy behind routes to elsewhere may lead on.
    let elsewhere = with(|network| {
        lead(network, Some("tgw-1"));
        tables(network)[0].routes[1].destination = "10.0.0.0/8".to_owned();
    });
    all(&elsewhere.await, ROUTES, Severity::Warning, &LINES[..2], "none to 0.0.0.0/0");
}

#[tokio::test]
async fn there_must_be_room_for_what_is_put_there() {
    let tight = with(|network| subnet(network, PRIVATE[0]).free = 6).await;
    all(&tight, ADDRESSES, Severity::Error, &[LINES[0]], "has 6 free addresses, and 7 are needed");
    let door = with(|network| subnet(network, PUBLIC[1]).free = 7).await;
    all(&door, ADDRESSES, Severity::Error, &[LINES[3]], "has 7 free addresses, and 8 are needed");
    let small = with(|network| subnet(network, PUBLIC[0]).cidr = "10.0.0.0/28".to_owned()).await;
    all(&small, ADDRESSES, Severity::Error, &[LINES[2]], "smaller than the /27");
    let nodes = with(|network| PRIVATE.iter().for_each(|id| subnet(network, id).free = 9)).await;
    all(&nodes, ADDRESSES, Severity::Error, &[6], "nodes and");
    let warm = with(|network| PRIVATE.iter().for_each(|id| subnet(network, id).free = 60)).await;
    all(&warm, ADDRESSES, Severity::Warning, &LINES[..2], "which is tight");
    let mut standing = Scene::standing(&declared("")).await;
    subnet(standing.facts.network.as_mut().unwrap(), PRIVATE[0]).free = 0;
    standing.passes(ADDRESSES);
}

#[tokio::test]
async fn the_addresses_of_services_are_apart_from_the_network() {
    let more = "kubernetes: {service_cidr: 10.0.0.0/20}\n";
    let scene = of(more, |_| ()).await;
    scene.finds(SERVICES, Severity::Error, 12, &["overlap", "set kubernetes.service_cidr to 172.20.0.0/16"]);
}

#[tokio::test]
async fn a_standing_stack_is_warned_alone_and_what_may_not_be_read_is_unknown() {
    let mut standing = Scene::standing(&declared("")).await;
    lead(standing.facts.network.as_mut().unwrap(), Some("igw-1"));
    all(&standing, ROUTES, Severity::Warning, &LINES[..2], "is a public subnet");
    let unread = with(|network| {
        network.vpc = denied();
        network.route_tables = denied();
        network.zones_of_type = denied();
    });
    let unread = unread.await;
    for (id, action) in
        [(VPC, "ec2:DescribeVpcs"), (ROUTES, "ec2:DescribeRouteTables"), (ZONES, "ec2:DescribeInstanceTypeOfferings")]
    {
        let [finding] = unread.check(id).findings.try_into().unwrap();
        assert_eq!(finding.severity, Severity::Unknown);
        assert!(finding.remedy().contains(action), "{finding:?}");
    }
    let hidden = with(|network| network.subnets = denied()).await;
    hidden.finds(SUBNETS, Severity::Unknown, 6, &["ec2:DescribeSubnets"]);
}
