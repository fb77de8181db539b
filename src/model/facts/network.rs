//! A network that somebody else made, as it has to be known before a stack is put into it.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::Fact;

/// Zone ids in which EKS cannot place a control plane (EKS User Guide, "View Amazon EKS networking requirements for VPC
/// and subnets").
pub const ZONES_WITHOUT_EKS: [&str; 3] = ["use1-az3", "usw1-az2", "cac1-az3"];

/// Which network, and what is to be put into it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NetworkQuery {
    /// Id of the VPC.
    pub vpc: String,
    /// Ids of the subnets that are said to be private.
    pub private: BTreeSet<String>,
    /// Ids of the subnets that are said to be public.
    pub public: BTreeSet<String>,
    /// The type of the nodes: it must be offered in their zones.
    pub instance_type: String,
}

/// A network. Each part was read by itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NetworkFacts {
    /// The VPC (`DescribeVpcs`, `DescribeVpcAttribute`).
    pub vpc: Fact<VpcFacts>,
    /// Of the subnets that were asked for those that exist, wherever they are (`DescribeSubnets`).
    pub subnets: Fact<BTreeMap<String, SubnetFacts>>,
    /// The route tables of the VPC (`DescribeRouteTables`).
    pub route_tables: Fact<Vec<RouteTableFacts>>,
    /// The endpoints of the VPC (`DescribeVpcEndpoints`).
    pub endpoints: Fact<Vec<EndpointFacts>>,
    /// The zones that offer the type of the nodes (`DescribeInstanceTypeOfferings`).
    pub zones_of_type: Fact<BTreeSet<String>>,
}

/// A VPC.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct VpcFacts {
    /// Its address ranges.
    pub cidrs: BTreeSet<String>,
    /// Whether the resolver of AWS answers in it (`enableDnsSupport`).
    pub dns_support: bool,
    /// Whether machines get host names (`enableDnsHostnames`).
    pub dns_hostnames: bool,
}

/// A subnet.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SubnetFacts {
    /// The VPC it is in.
    pub vpc: String,
    /// The name of its zone, such as `us-east-1a`.
    pub zone: String,
    /// The id of its zone, such as `use1-az1`: the same in every account.
    pub zone_id: String,
    /// Its address range.
    pub cidr: String,
    /// How many of its addresses are free.
    pub free: u32,
}

/// A route table.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RouteTableFacts {
    /// Its id.
    pub id: String,
    /// Whether it holds for subnets without a table of their own.
    pub is_main: bool,
    /// The subnets it was given to.
    pub subnets: BTreeSet<String>,
    /// Its routes.
    pub routes: Vec<Route>,
}

/// A route.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Route {
    /// Where to: an address range, or the id of a list of them.
    pub destination: String,
    /// By what: the id of a gateway, an interface, a peering or an endpoint; `local` inside the VPC.
    pub target: String,
    /// Whether its target is gone.
    pub is_dead: bool,
}

/// An endpoint of a service.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EndpointFacts {
    /// The service, such as `com.amazonaws.us-east-1.s3`.
    pub service: String,
    /// `available`, `pending` and others.
    pub state: String,
    /// The route tables it is in, if it is a gateway.
    pub route_tables: BTreeSet<String>,
    /// Whether it is reached by an interface.
    pub is_interface: bool,
    /// Whether the usual name of the service leads to it.
    pub has_private_dns: bool,
}

/// Where what is not for the network itself is sent.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum WayOut {
    /// To an internet gateway: from there as well.
    InternetGateway(String),
    /// To a NAT gateway, a transit gateway, a VPN, an appliance: from inside alone.
    Inside(String),
    /// To something that is gone.
    Dead(String),
    /// There is no such route, but others that lead out of the VPC.
    SomeRoutes,
    /// Nowhere.
    None,
}

impl RouteTableFacts {
    /// Where what is not for the network itself is sent.
    pub fn way_out(&self) -> WayOut {
        let target = |route: &Route| route.target.clone();
        let default = self.routes.iter().find(|route| route.destination == "0.0.0.0/0");
        match default {
            Some(route) if route.is_dead => WayOut::Dead(target(route)),
            Some(route) if route.target.starts_with("igw-") => WayOut::InternetGateway(target(route)),
            // A peering leads into the other network and not through it ("VPC peering limitations").
            Some(route) if route.target.starts_with("pcx-") => WayOut::SomeRoutes,
            Some(route) => WayOut::Inside(target(route)),
            None if self.routes.iter().any(leads_out) => WayOut::SomeRoutes,
            None => WayOut::None,
        }
    }
}

/// Whether a route leads to anything but the network itself and endpoints of it.
fn leads_out(route: &Route) -> bool {
    !route.is_dead && route.target != "local" && !route.target.starts_with("vpce-")
}

/// The route table that holds for a subnet; `None` if the tables are not known.
pub fn table_of<'a>(tables: &'a [RouteTableFacts], subnet: &str) -> Option<&'a RouteTableFacts> {
    let own = tables.iter().find(|table| table.subnets.contains(subnet));
    own.or_else(|| tables.iter().find(|table| table.is_main))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table(routes: &[(&str, &str)]) -> RouteTableFacts {
        let routes = routes.iter().map(|(destination, target)| Route {
            destination: (*destination).to_owned(),
            target: (*target).to_owned(),
            is_dead: target.ends_with("gone"),
        });
        RouteTableFacts { id: "rtb-1".to_owned(), is_main: false, subnets: BTreeSet::new(), routes: routes.collect() }
    }

    #[test]
    fn the_default_route_tells_which_tier_a_subnet_is_of() {
        let local = ("10.0.0.0/16", "local");
        let way = |target| table(&[local, ("0.0.0.0/0", target)]).way_out();
        assert_eq!(way("igw-1"), WayOut::InternetGateway("igw-1".to_owned()));
        for target in ["nat-1", "tgw-1", "vgw-1", "eni-1"] {
            assert_eq!(way(target), WayOut::Inside(target.to_owned()));
        }
        assert_eq!(way("nat-gone"), WayOut::Dead("nat-gone".to_owned()));
        assert_eq!(table(&[local, ("pl-1", "vpce-1")]).way_out(), WayOut::None);
        assert_eq!(table(&[local, ("10.9.0.0/16", "tgw-1")]).way_out(), WayOut::SomeRoutes);
        assert_eq!(way("pcx-1"), WayOut::SomeRoutes);
    }

    #[test]
    fn a_subnet_without_a_table_of_its_own_has_the_main_one() {
        let own = RouteTableFacts { subnets: BTreeSet::from(["subnet-1".to_owned()]), ..table(&[]) };
        let main = RouteTableFacts { id: "rtb-main".to_owned(), is_main: true, ..table(&[]) };
        let tables = [own, main];
        assert_eq!(table_of(&tables, "subnet-1").unwrap().id, "rtb-1");
        assert_eq!(table_of(&tables, "subnet-2").unwrap().id, "rtb-main");
        assert_eq!(table_of(&tables[..1], "subnet-2"), None);
    }
}
