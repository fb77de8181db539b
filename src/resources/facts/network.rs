//! A network that somebody else made (EC2 `DescribeVpcs`, `DescribeVpcAttribute`, `DescribeSubnets`,
//! `DescribeRouteTables`, `DescribeVpcEndpoints`, `DescribeInstanceTypeOfferings`).
//!
//! Lists are asked with filters: an id that does not exist is missing from the answer then, and hides no other.

use std::collections::{BTreeMap, BTreeSet};

use aws_sdk_ec2::types::{self, LocationType, RouteState, State, VpcAttributeName, VpcEndpointType};
use futures_util::future::{join5, try_join};

use super::fact;
use crate::cloud::aws::answer::if_there;
use crate::cloud::aws::{Clients, During, ec2::filter};
use crate::cloud::{CloudError, ErrorKind};
use crate::model::facts::network::{
    EndpointFacts, NetworkFacts, NetworkQuery, Route, RouteTableFacts, SubnetFacts, VpcFacts,
};

/// Everything asked of a network.
pub(super) async fn network(aws: &Clients, ask: &NetworkQuery) -> NetworkFacts {
    let here = || filter("vpc-id", [ask.vpc.as_str()]);
    let (vpc, subnets, route_tables, endpoints, zones_of_type) = join5(
        vpc(aws, &ask.vpc),
        subnets(aws, ask),
        route_tables(aws, here()),
        endpoints(aws, here()),
        zones_of_type(aws, &ask.instance_type),
    )
    .await;
    NetworkFacts {
        vpc: fact(vpc),
        subnets: fact(subnets),
        route_tables: fact(route_tables),
        endpoints: fact(endpoints),
        zones_of_type: fact(zones_of_type),
    }
}

async fn vpc(aws: &Clients, id: &str) -> Result<VpcFacts, CloudError> {
    let doing = "read the network";
    let all = async {
        let answer = aws.ec2.describe_vpcs().filters(filter("vpc-id", [id])).send().await.during(doing)?;
        let found = answer.vpcs.unwrap_or_default().into_iter().next();
        found.ok_or_else(|| CloudError::new(ErrorKind::NotFound, doing, format!("there is no VPC {id}")))
    };
    let (found, dns) = try_join(all, dns_of(aws, id)).await?;
    let ranges = found.cidr_block_association_set().iter().filter_map(|one| one.cidr_block());
    Ok(VpcFacts {
        cidrs: ranges.chain(found.cidr_block()).map(str::to_owned).collect(),
        dns_support: dns.0,
        dns_hostnames: dns.1,
    })
}

/// Whether the resolver of AWS answers in a VPC, and whether machines get host names there.
pub(in crate::resources) async fn dns_of(aws: &Clients, vpc: &str) -> Result<(bool, bool), CloudError> {
    let attribute = async |name: VpcAttributeName| {
        let call = aws.ec2.describe_vpc_attribute().vpc_id(vpc).attribute(name);
        // Whether there is such a network, another call tells.
        if_there(call.send().await.during("read the DNS settings of the network"))
    };
    let (support, hostnames) =
        try_join(attribute(VpcAttributeName::EnableDnsSupport), attribute(VpcAttributeName::EnableDnsHostnames))
            .await?;
    let support = support.and_then(|told| told.enable_dns_support?.value).unwrap_or_default();
    Ok((support, hostnames.and_then(|told| told.enable_dns_hostnames?.value).unwrap_or_default()))
}

async fn subnets(aws: &Clients, ask: &NetworkQuery) -> Result<BTreeMap<String, SubnetFacts>, CloudError> {
    let ids = filter("subnet-id", ask.private.union(&ask.public).map(String::as_str));
    let pages = aws.ec2.describe_subnets().filters(ids).into_paginator().items().send();
    let found = pages.try_collect().await.during("read the subnets")?;
    Ok(found.iter().map(|one| (one.subnet_id().unwrap_or_default().to_owned(), subnet(one))).collect())
}

fn subnet(found: &types::Subnet) -> SubnetFacts {
    let text = |told: Option<&str>| told.unwrap_or_default().to_owned();
    SubnetFacts {
        vpc: text(found.vpc_id()),
        zone: text(found.availability_zone()),
        zone_id: text(found.availability_zone_id()),
        cidr: text(found.cidr_block()),
        free: found.available_ip_address_count().and_then(|count| count.try_into().ok()).unwrap_or_default(),
    }
}

/// The route tables that pass a filter.
pub(in crate::resources) async fn route_tables(
    aws: &Clients,
    here: types::Filter,
) -> Result<Vec<RouteTableFacts>, CloudError> {
    let pages = aws.ec2.describe_route_tables().filters(here).into_paginator().items().send();
    let found = pages.try_collect().await.during("read the route tables of the network")?;
    Ok(found.iter().map(route_table).collect())
}

fn route_table(found: &types::RouteTable) -> RouteTableFacts {
    let associations = found.associations().iter();
    RouteTableFacts {
        id: found.route_table_id().unwrap_or_default().to_owned(),
        is_main: found.associations().iter().any(|one| one.main() == Some(true)),
        subnets: associations.filter_map(|one| one.subnet_id()).map(str::to_owned).collect(),
        routes: found.routes().iter().map(route).collect(),
    }
}

fn route(found: &types::Route) -> Route {
    let destination = found.destination_cidr_block().or(found.destination_prefix_list_id());
    let targets = [
        found.gateway_id(),
        found.nat_gateway_id(),
        found.transit_gateway_id(),
        found.network_interface_id(),
        found.instance_id(),
        found.vpc_peering_connection_id(),
        found.local_gateway_id(),
        found.carrier_gateway_id(),
        found.core_network_arn(),
        found.egress_only_internet_gateway_id(),
    ];
    Route {
        destination: destination.or(found.destination_ipv6_cidr_block()).unwrap_or_default().to_owned(),
        target: targets.into_iter().flatten().next().unwrap_or("unknown").to_owned(),
        is_dead: found.state() == Some(&RouteState::Blackhole),
    }
}

/// The endpoints that pass a filter.
pub(in crate::resources) async fn endpoints(
    aws: &Clients,
    here: types::Filter,
) -> Result<Vec<EndpointFacts>, CloudError> {
    let pages = aws.ec2.describe_vpc_endpoints().filters(here).into_paginator().items().send();
    let found = pages.try_collect().await.during("read the endpoints of the network")?;
    Ok(found.iter().map(endpoint).collect())
}

fn endpoint(found: &types::VpcEndpoint) -> EndpointFacts {
    EndpointFacts {
        service: found.service_name().unwrap_or_default().to_owned(),
        state: found.state().map_or("unknown", State::as_str).to_lowercase(),
        route_tables: found.route_table_ids().iter().cloned().collect(),
        is_interface: found.vpc_endpoint_type() == Some(&VpcEndpointType::Interface),
        has_private_dns: found.private_dns_enabled().unwrap_or_default(),
    }
}

/// The zones that offer an instance type.
pub(in crate::resources) async fn zones_of_type(
    aws: &Clients,
    instance_type: &str,
) -> Result<BTreeSet<String>, CloudError> {
    let call = aws.ec2.describe_instance_type_offerings().location_type(LocationType::AvailabilityZone);
    let pages = call.filters(filter("instance-type", [instance_type])).into_paginator().items().send();
    let found = pages.try_collect().await.during(&format!("find the zones that offer {instance_type}"))?;
    Ok(found.into_iter().filter_map(|one| one.location).collect())
}
