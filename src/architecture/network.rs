//! The network: public subnets for the load balancer and NAT, private ones for everything else.

use std::collections::{BTreeMap, BTreeSet};

use super::handles::{CLUSTER, INTERNET_GATEWAY, PUBLIC_ROUTES, S3_ENDPOINT, VPC};
use super::{Expansion, NetworkRefs, endpoints, recorded};
use crate::engine::state::State;
use crate::model::address::Name;
use crate::model::handle::At;
use crate::model::reference::Ref;
use crate::model::resource::Resource;
use crate::model::values::{Cidr, SubnetId};
use crate::resources::elastic_ip::ElasticIp;
use crate::resources::internet_gateway::InternetGateway;
use crate::resources::nat_gateway::NatGateway;
use crate::resources::route_table::{RouteTable, RouteTarget};
use crate::resources::subnet::Subnet;
use crate::resources::vpc::Vpc;
use crate::resources::vpc_endpoint::VpcEndpoint;
use crate::stack::{Connectivity, ExistingNetwork, MadeNetwork, NatPlacement, Network, Stack};

const EVERYWHERE: &str = "0.0.0.0/0";

/// A zone, its short name, and which slice of the network it has.
#[derive(Clone, Debug)]
struct Zone {
    name: String,
    short: String,
    slice: u32,
}

/// Whether zones are still to be chosen.
pub(super) fn asks_for_zones(stack: &Stack, state: &State) -> bool {
    match &stack.network {
        Network::Made(made) => settled_zones(stack, made.cidr, state).len() < usize::from(made.zones),
        Network::Existing(_) => false,
    }
}

/// Adds the network.
pub(super) fn network(expansion: &mut Expansion<'_>) -> NetworkRefs {
    match &expansion.stack.network {
        Network::Made(made) => made_network(expansion, made),
        Network::Existing(existing) => existing_network(existing),
    }
}

fn existing_network(existing: &ExistingNetwork) -> NetworkRefs {
    let subnets = |ids: &BTreeSet<SubnetId>| ids.iter().map(|id| Ref::external(id.to_string())).collect::<Vec<_>>();
    let private: Vec<Ref<Subnet>> = subnets(&existing.private_subnets);
    NetworkRefs {
        vpc: Ref::external(existing.vpc.to_string()),
        cidr: None,
        settled: private.clone(),
        private,
        public: subnets(&existing.public_subnets),
    }
}

fn made_network(expansion: &mut Expansion<'_>, made: &MadeNetwork) -> NetworkRefs {
    let vpc = VPC.to_ref();
    let tags = expansion.tags(&VPC);
    expansion.add(&VPC, &Vpc { cidr: made.cidr, dns_support: true, dns_hostnames: true, tags });
    let open = made.connectivity == Connectivity::Internet;
    if open {
        let tags = expansion.tags(&INTERNET_GATEWAY);
        expansion.add(&INTERNET_GATEWAY, &InternetGateway { vpc: vpc.clone(), tags });
    }

    let (zones, left) = zones(expansion, made);
    let private: Vec<Ref<Subnet>> = zones.iter().map(|zone| private_subnet(expansion, made, zone)).collect();
    let mut settled = private.clone();
    settled.extend(left.iter().map(|zone| private_subnet(expansion, made, zone)));
    if !open {
        for zone in zones.iter().chain(&left) {
            private_routes(expansion, zone, None);
        }
        endpoints::endpoints(expansion, made.cidr, &private);
        s3_endpoint(expansion, zones.iter().chain(&left), false);
        return NetworkRefs { vpc, cidr: Some(made.cidr.to_string()), private, settled, public: Vec::new() };
    }
    let public: Vec<Ref<Subnet>> = zones.iter().map(|zone| public_subnet(expansion, made, zone)).collect();

    for zone in &zones {
        if made.nat == NatPlacement::PerZone || zone.short == zones[0].short {
            nat(expansion, zone);
        }
    }
    public_routes(expansion, &public);
    for zone in &zones {
        let gateway = match made.nat {
            NatPlacement::PerZone => zone.short.clone(),
            NatPlacement::Single => zones[0].short.clone(),
        };
        private_routes(expansion, zone, Some(&gateway));
    }
    for zone in &left {
        private_routes(expansion, zone, None);
    }
    s3_endpoint(expansion, zones.iter().chain(&left), true);
    NetworkRefs { vpc, cidr: Some(made.cidr.to_string()), private, settled, public }
}

/// The zones to use, and the zones that only the control plane still needs: EKS takes no other zones for a cluster than
/// those it was made with, and not fewer (EKS `UpdateClusterConfig`, subnets).
fn zones(expansion: &Expansion<'_>, made: &MadeNetwork) -> (Vec<Zone>, Vec<Zone>) {
    let wanted = usize::from(made.zones);
    let mut settled = settled_zones(expansion.stack, made.cidr, expansion.state);
    let cluster = cluster_zones(expansion.state);
    // A zone that nodes had left comes back before a new one is taken, in the order of the slices.
    let mut used: Vec<Zone> = settled.iter().take(wanted).cloned().collect();
    let left: Vec<Zone> =
        settled.split_off(used.len()).into_iter().filter(|zone| cluster.contains(&zone.short)).collect();
    // Where too few offer the nodes' type the others are taken all the same, and the checks tell why not.
    for zone in expansion.surroundings.zones.iter().chain(&expansion.surroundings.other_zones) {
        if used.len() >= wanted {
            break;
        }
        if used.iter().chain(&left).all(|known| known.name != *zone) {
            let taken: BTreeSet<u32> = used.iter().chain(&left).map(|zone| zone.slice).collect();
            let slice = (0..8).find(|slice| !taken.contains(slice)).expect("slices do not run out at four zones");
            used.push(Zone { name: zone.clone(), short: short_name(expansion.stack, zone), slice });
        }
    }
    (used, left)
}

/// The name of a zone without its region.
fn short_name(stack: &Stack, zone: &str) -> String {
    zone.strip_prefix(stack.region.as_str()).unwrap_or(zone).trim_start_matches('-').to_owned()
}

/// The zones of recorded private subnets that are cut from this address space, in the order of their slices. Where a
/// subnet is recorded says nothing: its record may have been given another name.
fn settled_zones(stack: &Stack, cidr: Cidr, state: &State) -> Vec<Zone> {
    let slices: BTreeMap<String, u32> =
        (0..8).filter_map(|slice| Some((private_slice(cidr, slice)?.to_string(), slice))).collect();
    let mut zones: Vec<Zone> = state
        .resources
        .iter()
        .filter(|(address, _)| address.kind == Subnet::KIND)
        .filter_map(|(_, recorded)| {
            let slice = *slices.get(recorded.declared.text("cidr")?)?;
            let subnet: Subnet = recorded.declared.read().ok()?;
            // A zone that can name no resource was never one of ours.
            let short = Some(short_name(stack, &subnet.zone)).filter(|short| short.parse::<Name>().is_ok())?;
            Some(Zone { short, name: subnet.zone, slice })
        })
        .collect();
    zones.sort_by_key(|zone| zone.slice);
    let mut seen = BTreeSet::new();
    zones.retain(|zone| seen.insert(zone.short.clone()));
    zones
}

fn cluster_zones(state: &State) -> BTreeSet<String> {
    let cluster = recorded(state, &CLUSTER);
    let subnets = cluster.into_iter().flat_map(|cluster| cluster.subnets);
    subnets.filter_map(|subnet| subnet.address()?.name.as_str().strip_prefix("private-").map(str::to_owned)).collect()
}

/// The private slice of a zone: an eighth of the network.
fn private_slice(cidr: Cidr, slice: u32) -> Option<Cidr> {
    cidr.subnet(cidr.prefix() + 3, slice)
}

/// The public slice of a zone: a 128th of the network, out of its second half, where no private one is.
fn public_slice(cidr: Cidr, slice: u32) -> Option<Cidr> {
    cidr.subnet(cidr.prefix() + 7, 64 + slice)
}

fn private_subnet(expansion: &mut Expansion<'_>, made: &MadeNetwork, zone: &Zone) -> Ref<Subnet> {
    let at = At::of(&format!("private-{}", zone.short));
    let cidr = private_slice(made.cidr, zone.slice).expect("a network has eight private slices");
    subnet(expansion, &at, zone, cidr, false, "kubernetes.io/role/internal-elb")
}

fn public_subnet(expansion: &mut Expansion<'_>, made: &MadeNetwork, zone: &Zone) -> Ref<Subnet> {
    let at = At::of(&format!("public-{}", zone.short));
    let cidr = public_slice(made.cidr, zone.slice).expect("a network has sixty-four public slices");
    subnet(expansion, &at, zone, cidr, true, "kubernetes.io/role/elb")
}

/// The role tag lets Kubernetes controllers find subnets for load balancers ("Subnet tagging" of EKS).
fn subnet(
    expansion: &mut Expansion<'_>,
    at: &At<Subnet>,
    zone: &Zone,
    cidr: Cidr,
    public: bool,
    role: &str,
) -> Ref<Subnet> {
    let mut tags = expansion.tags(at);
    tags.insert(role.to_owned(), "1".to_owned());
    let subnet = Subnet { vpc: VPC.to_ref(), cidr, zone: zone.name.clone(), map_public_ip: public, tags };
    expansion.add(at, &subnet);
    at.to_ref()
}

fn nat(expansion: &mut Expansion<'_>, zone: &Zone) {
    let (at, address) = (At::of(&zone.short), At::of(&format!("nat-{}", zone.short)));
    let tags = expansion.tags(&address);
    expansion.add(&address, &ElasticIp { tags });
    let tags = expansion.tags(&at);
    let gateway =
        NatGateway { subnet: Ref::named(&format!("public-{}", zone.short)), elastic_ip: address.to_ref(), tags };
    let node = expansion.add(&at, &gateway);
    let gateway = INTERNET_GATEWAY.address();
    node.after.insert(gateway, "a NAT gateway fails without the way to the internet");
}

fn public_routes(expansion: &mut Expansion<'_>, public: &[Ref<Subnet>]) {
    let tags = expansion.tags(&PUBLIC_ROUTES);
    let table = RouteTable {
        vpc: VPC.to_ref(),
        routes: BTreeMap::from([(EVERYWHERE.to_owned(), RouteTarget::InternetGateway(INTERNET_GATEWAY.to_ref()))]),
        subnets: public.iter().cloned().collect(),
        tags,
    };
    expansion.add(&PUBLIC_ROUTES, &table);
}

fn private_routes(expansion: &mut Expansion<'_>, zone: &Zone, gateway: Option<&str>) {
    let name = format!("private-{}", zone.short);
    let at = At::of(&name);
    let tags = expansion.tags(&at);
    let route = |gateway| (EVERYWHERE.to_owned(), RouteTarget::NatGateway(Ref::named(gateway)));
    let table = RouteTable {
        vpc: VPC.to_ref(),
        routes: gateway.map(route).into_iter().collect(),
        subnets: BTreeSet::from([Ref::named(&name)]),
        tags,
    };
    let node = expansion.add(&at, &table);
    // Declared or not: the way that was is kept until there is another one.
    for endpoint in endpoints::all() {
        node.works_through.insert(endpoint.address(), "nodes reach AWS in one way or the other");
    }
}

fn s3_endpoint<'z>(expansion: &mut Expansion<'_>, zones: impl Iterator<Item = &'z Zone>, public: bool) {
    let mut route_tables: BTreeSet<Ref<RouteTable>> =
        zones.map(|zone| Ref::named(&format!("private-{}", zone.short))).collect();
    if public {
        route_tables.insert(PUBLIC_ROUTES.to_ref());
    }
    let tags = expansion.tags(&S3_ENDPOINT);
    let service = expansion.home().endpoint("s3", expansion.stack.region.as_str());
    expansion.add(&S3_ENDPOINT, &VpcEndpoint { vpc: VPC.to_ref(), service, route_tables, interface: None, tags });
}
