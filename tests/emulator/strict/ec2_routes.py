"""Route tables, their associations and routes."""

from __future__ import annotations

import ipaddress
from typing import Any

from moto.ec2.models.route_tables import Route

from .core import Call, Refusal, Reply, World, after, before
from .ec2_common import (
    bad_value,
    dependency,
    find,
    missing,
    need,
    remember_token,
    replayed,
    within_quota,
)
from .ec2_nat import usable
from .support import members, render

TARGETS = (
    "GatewayId",
    "NatGatewayId",
    "InstanceId",
    "NetworkInterfaceId",
    "TransitGatewayId",
    "VpcPeeringConnectionId",
    "EgressOnlyInternetGatewayId",
    "CarrierGatewayId",
    "VpcEndpointId",
    "LocalGatewayId",
    "CoreNetworkArn",
)
DESTINATIONS = (
    "DestinationCidrBlock",
    "DestinationIpv6CidrBlock",
    "DestinationPrefixListId",
)


def route_state(route: Any) -> str:
    """Blackhole once the target is gone; deleting a target leaves its routes."""
    backend = route.route_table.ec2_backend
    if route.nat_gateway is not None:
        alive = route.nat_gateway.state in ("pending", "available")
        return "active" if alive else "blackhole"
    gateway = route.gateway
    if gateway is not None and gateway.id.startswith("igw-"):
        here = backend.internet_gateways.get(gateway.id)
        attached = here is not None and here.vpc is not None
        if not attached or here.vpc.id != route.route_table.vpc_id:
            return "blackhole"
    if route.interface is not None and route.interface.id not in backend.enis:
        return "blackhole"
    return "active"


# moto calls every route active.
Route.state = property(route_state)  # type: ignore[assignment,method-assign]


@before("ec2", "CreateRouteTable")
def create_route_table(call: Call, world: World) -> Reply | None:
    """One per client token."""
    backend = world.moto("ec2", call.region, call.account)
    made = replayed(call, world)
    if made is not None:
        return render(
            call, {"RouteTable": made, "ClientToken": call.get("ClientToken")}
        )
    vpc = need(backend, call.get("VpcId"))
    used = sum(each.vpc_id == vpc.id for each in backend.route_tables.values())
    within_quota(
        world,
        "L-589F43AA",
        200,
        used,
        Refusal(
            "RouteTableLimitExceeded",
            "The maximum number of route tables has been reached.",
        ),
    )
    return None


@after("ec2", "CreateRouteTable")
def created_route_table(call: Call, reply: Reply, world: World) -> Reply | None:
    """Note the token, and say it back."""
    if not reply.ok or call.notes.get("replayed"):
        return None
    identifier = reply.text.partition("<routeTableId>")[2].partition("<")[0]
    table = need(world.moto("ec2", call.region, call.account), identifier)
    remember_token(call, world, table)
    return render(call, {"RouteTable": table, "ClientToken": call.get("ClientToken")})


@before("ec2", "DeleteRouteTable")
def delete_route_table(call: Call, world: World) -> None:
    """Not the main one, and not while a subnet is associated."""
    backend = world.moto("ec2", call.region, call.account)
    table = need(backend, call.get("RouteTableId"))
    if table.main_association_id is not None or table._associations:
        raise dependency(
            f"The routeTable '{table.id}' has dependencies and cannot be deleted."
        )
    for endpoint in backend.vpc_end_points.values():
        if table.id in endpoint.route_table_ids:
            endpoint.route_table_ids.remove(table.id)


@before("ec2", "AssociateRouteTable")
def associate_route_table(call: Call, world: World) -> None:
    """A subnet has one explicit association; a second one is refused."""
    backend = world.moto("ec2", call.region, call.account)
    table = need(backend, call.get("RouteTableId"))
    if not call.get("SubnetId"):
        if call.get("GatewayId"):
            return
        raise missing("subnetId")
    subnet = need(backend, call.get("SubnetId"))
    if subnet.vpc_id != table.vpc_id:
        raise bad_value(
            f"Route table {table.id} and subnet {subnet.id} belong to different "
            "networks"
        )
    for each in backend.route_tables.values():
        if subnet.id in each._associations.values():
            raise Refusal(
                "Resource.AlreadyAssociated",
                f"the specified association for route table {table.id} conflicts "
                "with an existing association",
            )


@before("ec2", "DisassociateRouteTable")
def disassociate_route_table(call: Call, world: World) -> None:
    """The main association cannot be taken away."""
    wanted = call.get("AssociationId")
    for table in world.moto("ec2", call.region, call.account).route_tables.values():
        if table.main_association_id == wanted:
            raise bad_value(
                f"cannot disassociate the main route table association {wanted}"
            )


# --------------------------------------------------------------------------
# Routes that a virtual private gateway brings along


def gateway_at(backend: Any, table: Any, gateway: str) -> None:
    """The gateway has to be attached to the network of the table."""
    found = backend.vpn_gateways.get(gateway)
    if found is None:
        raise Refusal(
            "InvalidVpnGatewayID.NotFound",
            f"The vpnGateway ID '{gateway}' does not exist",
        )
    attached = found.attachments.get(table.vpc_id)
    if attached is None or attached.state != "attached":
        raise Refusal(
            "Gateway.NotAttached",
            f"resource {gateway} is not attached to network {table.vpc_id}",
        )


def propagate(call: Call, world: World, wanted: bool) -> Reply:
    """Idempotent both ways."""
    backend = world.moto("ec2", call.region, call.account)
    table = need(backend, call.get("RouteTableId"))
    gateway = call.get("GatewayId")
    gateway_at(backend, table, gateway)
    others = [
        each
        for each in getattr(table, "propagating_vgws", [])
        if each["GatewayId"] != gateway
    ]
    table.propagating_vgws = [*others, {"GatewayId": gateway}] if wanted else others
    return render(call, {})


@before("ec2", "EnableVgwRoutePropagation")
def enable_propagation(call: Call, world: World) -> Reply:
    """The table takes what the gateway learns."""
    return propagate(call, world, True)


@before("ec2", "DisableVgwRoutePropagation")
def disable_propagation(call: Call, world: World) -> Reply:
    """And no longer."""
    return propagate(call, world, False)


# --------------------------------------------------------------------------
# Routes


def canonical(cidr: str) -> str:
    """A CIDR with its host bits cleared, as AWS keeps it."""
    try:
        return str(ipaddress.ip_network(cidr, strict=False))
    except ValueError:
        raise bad_value(
            f"Value ({cidr}) for parameter destinationCidrBlock is invalid. "
            "This is not a valid CIDR block."
        ) from None


def destination_of(call: Call) -> str:
    """The one destination of a call; CIDRs made canonical in place."""
    named = [name for name in DESTINATIONS if call.get(name)]
    if not named:
        raise missing("destinationCidrBlock")
    if len(named) > 1:
        raise Refusal(
            "InvalidParameterCombination",
            f"The parameters {' and '.join(named)} cannot be used together",
        )
    name = named[0]
    if name != "DestinationPrefixListId" and call.params[name]:
        clean = canonical(call.params[name])
        if clean != call.params[name]:
            call.params[name] = clean
            call.rewrite()
    return call.params[name]


def destination_of_route(route: Any) -> str:
    """What a route leads to."""
    if route.destination_prefix_list is not None:
        return route.destination_prefix_list.id
    if route.destination_ipv6_cidr_block:
        return route.destination_ipv6_cidr_block
    return canonical(route.destination_cidr_block)


def route_to(table: Any, destination: str) -> Any:
    """The route of a table to a destination, if there is one."""
    for route in table.routes:
        if destination_of_route(route) == destination:
            return route
    return None


def check_target(backend: Any, table: Any, call: Call) -> None:
    """A route needs exactly one target, existing and in the same network."""
    named = [name for name in TARGETS if call.get(name)]
    if not named:
        raise missing("gatewayId")
    if len(named) > 1:
        raise Refusal(
            "InvalidParameterCombination",
            f"The parameters {' and '.join(named)} cannot be used together",
        )
    target = call.get(named[0])
    if named[0] == "NatGatewayId":
        vpc_id = usable(backend, target).vpc_id
    elif named[0] == "GatewayId" and target.startswith("igw-"):
        gateway = backend.internet_gateways.get(target)
        if gateway is None:
            raise Refusal(
                "InvalidGatewayID.NotFound",
                f"The gateway ID '{target}' does not exist",
            )
        vpc_id = gateway.vpc.id if gateway.vpc is not None else ""
    elif named[0] == "GatewayId":
        # "local" and vpce- targets come and go by themselves; the rest is
        # not part of this network.
        raise Refusal(
            "InvalidGatewayID.NotFound", f"The gateway ID '{target}' does not exist"
        )
    elif named[0] == "NetworkInterfaceId":
        vpc_id = need(backend, target).vpc_id
    else:
        return
    if vpc_id != table.vpc_id:
        raise bad_value(
            f"route table {table.id} and network gateway {target} belong to "
            "different networks"
        )


@before("ec2", "CreateRoute")
def create_route(call: Call, world: World) -> None:
    """One route per destination; the target must exist."""
    backend = world.moto("ec2", call.region, call.account)
    table = need(backend, call.get("RouteTableId"))
    destination = destination_of(call)
    check_target(backend, table, call)
    if route_to(table, destination) is not None:
        raise Refusal(
            "RouteAlreadyExists",
            f"The route identified by {destination} already exists.",
        )
    used = len(table.routes)
    within_quota(
        world,
        "L-93826ACB",
        50,
        used,
        Refusal("RouteLimitExceeded", "The maximum number of routes has been reached."),
    )


@before("ec2", "ReplaceRoute")
def replace_route(call: Call, world: World) -> Reply:
    """The route must be there; only the target changes."""
    backend = world.moto("ec2", call.region, call.account)
    table = need(backend, call.get("RouteTableId"))
    destination = destination_of(call)
    route = route_to(table, destination)
    if route is None:
        raise bad_value(
            f"There is no route defined for '{destination}' in the route table. "
            "Use CreateRoute instead."
        )
    if route.local:
        raise bad_value(f"cannot replace local route {destination}")
    check_target(backend, table, call)
    wanted = members(call)
    route.gateway = find(backend, wanted.get("GatewayId", "igw-"))
    route.nat_gateway = find(backend, wanted.get("NatGatewayId", "nat-"))
    route.interface = find(backend, wanted.get("NetworkInterfaceId", "eni-"))
    route.vpc_endpoint_id = None
    return render(call, {})


@before("ec2", "DeleteRoute")
def delete_route(call: Call, world: World) -> None:
    """Local and endpoint routes go with what brought them, not by themselves."""
    table = need(world.moto("ec2", call.region, call.account), call.get("RouteTableId"))
    destination = destination_of(call)
    route = route_to(table, destination)
    if route is None:
        raise Refusal(
            "InvalidRoute.NotFound",
            f"no route with destination-cidr-block {destination} in route table "
            f"{table.id}",
        )
    if route.local:
        raise bad_value(f"cannot remove local route {destination} in {table.id}")
    if (route.gateway_id or "").startswith("vpce-"):
        raise bad_value(
            f"cannot remove VPC endpoint route {destination} in route table {table.id}"
        )
