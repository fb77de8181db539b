//! What keeps a network or a security group from being removed: EC2 refuses without saying.

use aws_sdk_ec2::types::{Filter, NatGateway, NatGatewayState, RouteTable, VpcEndpoint};
use futures_util::future::{try_join3, try_join5};

use super::{filter, named_in};
use crate::cloud::CloudError;
use crate::cloud::aws::{Clients, During};

/// The objects in a network that keep it from being deleted (EC2 `DeleteVpc`): everything but its default security
/// group, network ACL and main route table.
///
/// # Errors
/// When one kind of them cannot be listed.
pub async fn left_in_network(aws: &Clients, vpc: &str) -> Result<Vec<String>, CloudError> {
    let here = || filter("vpc-id", [vpc]);
    let (subnets, tables, groups, gateways, other) = try_join5(
        subnets(aws, here()),
        tables(aws, here()),
        groups(aws, here()),
        internet_gateways(aws, filter("attachment.vpc-id", [vpc])),
        try_join3(nat_gateways(aws, here()), endpoints(aws, here()), named_in(aws, here())),
    )
    .await?;
    let (nats, endpoints, interfaces) = other;
    Ok([subnets, tables, groups, gateways, nats, endpoints, interfaces].concat())
}

/// What uses a security group: network interfaces, and the groups whose rules name it.
///
/// # Errors
/// When one of them cannot be listed.
pub async fn users_of_group(aws: &Clients, group: &str) -> Result<Vec<String>, CloudError> {
    let (interfaces, incoming, outgoing) = try_join3(
        named_in(aws, filter("group-id", [group])),
        groups(aws, filter("ip-permission.group-id", [group])),
        groups(aws, filter("egress.ip-permission.group-id", [group])),
    )
    .await?;
    let mut rules: Vec<String> = [incoming, outgoing].concat();
    rules.retain(|name| !name.starts_with(group));
    rules.sort();
    rules.dedup();
    Ok(interfaces.into_iter().chain(rules.into_iter().map(|group| format!("a rule of {group}"))).collect())
}

/// What is being listed.
const DOING: &str = "list what is left";

async fn subnets(aws: &Clients, scope: Filter) -> Result<Vec<String>, CloudError> {
    let pages = aws.ec2.describe_subnets().filters(scope).into_paginator().items().send();
    Ok(pages.try_collect().await.during(DOING)?.into_iter().filter_map(|one| one.subnet_id).collect())
}

async fn tables(aws: &Clients, scope: Filter) -> Result<Vec<String>, CloudError> {
    let pages = aws.ec2.describe_route_tables().filters(scope).into_paginator().items().send();
    // The main table goes with the network.
    let is_main = |table: &RouteTable| table.associations().iter().any(|one| one.main() == Some(true));
    let others = pages.try_collect().await.during(DOING)?.into_iter().filter(|table| !is_main(table));
    Ok(others.filter_map(|table| table.route_table_id).collect())
}

async fn groups(aws: &Clients, scope: Filter) -> Result<Vec<String>, CloudError> {
    let pages = aws.ec2.describe_security_groups().filters(scope).into_paginator().items().send();
    let all = pages.try_collect().await.during(DOING)?;
    let named = all.iter().map(|group| (group.group_id().unwrap_or_default(), group.group_name().unwrap_or_default()));
    // So does the group that came with it.
    Ok(named.filter(|(_, name)| *name != "default").map(|(id, name)| format!("{id} ({name})")).collect())
}

async fn internet_gateways(aws: &Clients, scope: Filter) -> Result<Vec<String>, CloudError> {
    let pages = aws.ec2.describe_internet_gateways().filters(scope).into_paginator().items().send();
    Ok(pages.try_collect().await.during(DOING)?.into_iter().filter_map(|one| one.internet_gateway_id).collect())
}

async fn nat_gateways(aws: &Clients, scope: Filter) -> Result<Vec<String>, CloudError> {
    let pages = aws.ec2.describe_nat_gateways().filter(scope).into_paginator().items().send();
    // Deleted and failed ones stay listed for an hour and hold nothing.
    let stands = |one: &NatGateway| !matches!(one.state(), Some(NatGatewayState::Deleted | NatGatewayState::Failed));
    let standing = pages.try_collect().await.during(DOING)?.into_iter().filter(stands);
    Ok(standing.filter_map(|one| one.nat_gateway_id).collect())
}

async fn endpoints(aws: &Clients, scope: Filter) -> Result<Vec<String>, CloudError> {
    let pages = aws.ec2.describe_vpc_endpoints().filters(scope).into_paginator().items().send();
    let name = |one: VpcEndpoint| Some(format!("{} ({})", one.vpc_endpoint_id?, one.service_name?));
    Ok(pages.try_collect().await.during(DOING)?.into_iter().filter_map(name).collect())
}
