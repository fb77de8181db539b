"""Gateway endpoints, and the routes they bring."""

from __future__ import annotations

import json
from typing import Any

from moto.ec2.models.vpcs import VPCEndPoint

from .core import Call, Refusal, Reply, World, after, before
from .durations import ENDPOINT_CREATE, ENDPOINT_DELETE
from .ec2_common import (
    bad_value,
    find,
    fresh,
    missing,
    need,
    not_found,
    remember_token,
    replayed,
    within_quota,
)
from .ec2_routes import route_to
from .support import later, members, render


def prefix_list_of(backend: Any, service: str) -> Any:
    """The prefix list of a service that has gateway endpoints."""
    for each in backend.managed_prefix_lists.values():
        if each.prefix_list_name == service:
            return each
    raise Refusal(
        "InvalidServiceName", f"The Vpc Endpoint Service '{service}' does not exist"
    )


def check_tables(
    backend: Any, vpc_id: str, prefix_list: Any, table_ids: list[str]
) -> None:
    """Tables of the same VPC that do not lead to the service yet."""
    for identifier in table_ids:
        table = need(backend, identifier)
        if table.vpc_id != vpc_id:
            raise bad_value(
                f"Route table {identifier} and network {vpc_id} belong to different "
                "networks"
            )
        if route_to(table, prefix_list.id) is not None:
            raise Refusal(
                "RouteAlreadyExists",
                f"route table {identifier} already has a route with "
                f"destination-prefix-list-id {prefix_list.id}",
            )


def check_policy(text: str) -> None:
    """An endpoint policy is a JSON object."""
    try:
        sound = isinstance(json.loads(text), dict)
    except ValueError:
        sound = False
    if not sound:
        raise Refusal("InvalidPolicyDocument", "The policy document is not valid JSON")


@before("ec2", "CreateVpcEndpoint")
def create_vpc_endpoint(call: Call, world: World) -> Reply | None:
    """One per client token; of type Gateway unless another is named."""
    backend = world.moto("ec2", call.region, call.account)
    made = replayed(call, world)
    if made is not None:
        return render(
            call, {"VpcEndpoint": made, "ClientToken": call.get("ClientToken")}
        )
    wanted = members(call)
    if not wanted.get("ServiceName"):
        raise missing("ServiceName")
    vpc = need(backend, wanted.get("VpcId", ""))
    if wanted.get("VpcEndpointType", "Gateway") != "Gateway":
        return None
    used = [
        each
        for each in backend.vpc_end_points.values()
        if each.vpc_endpoint_type == "Gateway" and each.state != "deleted"
    ]
    within_quota(
        world,
        "L-1B52E74A",
        20,
        len(used),
        Refusal(
            "VpcEndpointLimitExceeded",
            "The maximum number of VPC endpoints has been reached.",
        ),
    )
    prefix_list = prefix_list_of(backend, wanted["ServiceName"])
    check_tables(backend, vpc.id, prefix_list, wanted.get("RouteTableIds", []))
    if wanted.get("PolicyDocument"):
        check_policy(wanted["PolicyDocument"])
    return None


@after("ec2", "CreateVpcEndpoint")
def created_endpoint(call: Call, reply: Reply, world: World) -> Reply | None:
    """Pending for some seconds; the routes are there at once."""
    if not reply.ok or call.notes.get("replayed"):
        return None
    backend = world.moto("ec2", call.region, call.account)
    identifier = reply.text.partition("<vpcEndpointId>")[2].partition("<")[0]
    endpoint = need(backend, identifier)
    endpoint.vpc_endpoint_type = endpoint.vpc_endpoint_type or "Gateway"
    endpoint.vpc_endpoint_id = endpoint.id
    endpoint.route_table_ids = list(endpoint.route_table_ids)
    endpoint.requester_managed = False
    endpoint.state = "pending"
    later(world, ENDPOINT_CREATE, lambda: available(endpoint))
    remember_token(call, world, endpoint)
    return render(
        call, {"VpcEndpoint": endpoint, "ClientToken": call.get("ClientToken")}
    )


def available(endpoint: Any) -> None:
    """From pending to available."""
    if endpoint.state == "pending":
        endpoint.state = "available"


@before("ec2", "ModifyVpcEndpoint")
def modify_vpc_endpoint(call: Call, world: World) -> Reply:
    """Routes come and go with the tables; the policy can be set back."""
    backend = world.moto("ec2", call.region, call.account)
    wanted = members(call)
    endpoint = need(backend, wanted.get("VpcEndpointId", ""))
    if endpoint.state in ("deleting", "deleted"):
        raise not_found(endpoint.id)
    added = wanted.get("AddRouteTableIds", [])
    removed = wanted.get("RemoveRouteTableIds", [])
    if wanted.get("PolicyDocument"):
        if wanted.get("ResetPolicy"):
            raise Refusal(
                "InvalidParameterCombination",
                "PolicyDocument and ResetPolicy cannot be used together",
            )
        check_policy(wanted["PolicyDocument"])
    for identifier in removed:
        need(backend, identifier)
        if identifier not in endpoint.route_table_ids:
            raise bad_value(
                f"Route table {identifier} is not associated with {endpoint.id}"
            )
    new = [each for each in added if each not in endpoint.route_table_ids]
    if endpoint.vpc_endpoint_type == "Gateway":
        prefix_list = prefix_list_of(backend, endpoint.service_name)
        check_tables(backend, endpoint.vpc_id, prefix_list, new)
        for identifier in removed:
            drop_route(backend, endpoint, identifier)
        for identifier in new:
            backend.create_route(
                identifier,
                None,
                gateway_id=endpoint.id,
                destination_prefix_list_id=prefix_list.id,
            )
    endpoint.modify(
        wanted.get("PolicyDocument"),
        wanted.get("AddSubnetIds"),
        wanted.get("RemoveSubnetIds"),
        new,
        removed,
        wanted.get("AddSecurityGroupIds"),
        wanted.get("RemoveSecurityGroupIds"),
    )
    if wanted.get("ResetPolicy"):
        endpoint.policy_document = json.dumps(VPCEndPoint.DEFAULT_POLICY)
    return render(call, {"Return": True})


def drop_route(backend: Any, endpoint: Any, table_id: str) -> None:
    """Take the endpoint's route out of a table."""
    table = find(backend, table_id)
    if table is None:
        return
    for name, route in list(table._routes.items()):
        if route.gateway_id == endpoint.id:
            del table._routes[name]


@before("ec2", "DeleteVpcEndpoints")
def delete_vpc_endpoints(call: Call, world: World) -> Reply:
    """Always a success; what could not be deleted is listed inside."""
    backend = world.moto("ec2", call.region, call.account)
    wanted = members(call).get("VpcEndpointIds", [])
    if not wanted:
        raise missing("VpcEndpointId")
    failed = []
    for identifier in wanted:
        endpoint = backend.vpc_end_points.get(identifier)
        if endpoint is None or fresh(world, identifier):
            refusal = not_found(identifier)
            failed.append(
                {
                    "Error": {"Code": refusal.code, "Message": refusal.message},
                    "ResourceId": identifier,
                }
            )
        elif endpoint.state not in ("deleting", "deleted"):
            start_deletion(world, backend, endpoint)
    return render(call, {"Unsuccessful": failed})


def start_deletion(world: World, backend: Any, endpoint: Any) -> None:
    """Routes go at once, the endpoint some seconds later."""
    for table_id in endpoint.route_table_ids:
        drop_route(backend, endpoint, table_id)
    for identifier in endpoint.network_interface_ids:
        backend.enis.pop(identifier, None)
    endpoint.state = "deleting"
    later(world, ENDPOINT_DELETE, lambda: forget(backend, endpoint))


def forget(backend: Any, endpoint: Any) -> None:
    """Gone without a trace."""
    endpoint.state = "deleted"
    backend.vpc_end_points.pop(endpoint.id, None)
    backend.tags.pop(endpoint.id, None)
