//! A route table in Terraform: `aws_route_table`, and an `aws_route` and an `aws_route_table_association` for each of its
//! routes and subnets.

use super::{RouteTable, RouteTableComputed, RouteTarget};
use crate::model::terraform::{TerraformContext, TerraformError, TerraformObject, TerraformResource};

pub(super) fn object(
    table: &RouteTable,
    known: &RouteTableComputed,
    cx: &TerraformContext<'_>,
) -> Result<TerraformObject, TerraformError> {
    let main = TerraformResource::new("aws_route_table", &known.id).with("vpc_id", &table.vpc).tags(&table.tags);
    let mut object = TerraformObject::from(main);
    for (destination, target) in &table.routes {
        let (name, argument) = match destination.as_str() {
            "0.0.0.0/0" => ("internet", "destination_cidr_block"),
            "::/0" => ("internet-ipv6", "destination_ipv6_cidr_block"),
            other if other.contains(':') => (other, "destination_ipv6_cidr_block"),
            other => (other, "destination_cidr_block"),
        };
        let route = TerraformResource::new("aws_route", format!("{}_{destination}", known.id))
            .with("route_table_id", cx.own("id"))
            .with(argument, destination);
        let route = match target {
            RouteTarget::InternetGateway(gateway) => route.with("gateway_id", gateway),
            RouteTarget::NatGateway(gateway) => route.with("nat_gateway_id", gateway),
            RouteTarget::Blackhole(id) | RouteTarget::Other(id) => {
                let what = format!("a route for {destination} to {id}");
                return Err(TerraformError::Undeclarable { at: cx.at.clone(), what });
            }
        };
        object = object.needed_part(name, route);
    }
    for subnet in &table.subnets {
        let name = subnet.address().map_or_else(|| subnet.to_string(), |at| at.name.to_string());
        let association =
            TerraformResource::new("aws_route_table_association", format!("{}/{}", cx.id(subnet)?, known.id))
                .with("route_table_id", cx.own("id"))
                .with("subnet_id", subnet);
        object = object.needed_part(name, association);
    }
    Ok(object)
}
