"""Gateway endpoints with the routes they bring, and interface endpoints."""

from __future__ import annotations

import json
from typing import Any

from moto.ec2.models.vpcs import VPCEndPoint

from .core import Call, Refusal, Reply, World, after, before
from .durations import (
    ENDPOINT_CREATE,
    ENDPOINT_DELETE,
    INTERFACE_ENDPOINT_CREATE,
    INTERFACE_ENDPOINT_DELETE,
)
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
from .ec2_interfaces import place_interface, remove_interface
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
    if wanted.get("VpcEndpointType", "Gateway") == "Interface":
        return create_interface_endpoint(call, world, wanted)
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
    if members(call).get("VpcEndpointType", "Gateway") == "Interface":
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


def bad_combination(text: str) -> Refusal:
    """Parameters that do not go together."""
    return Refusal("InvalidParameterCombination", text)


# Services that a network reaches through interfaces; S3 has both sorts.
INTERFACE_SERVICES = {
    "autoscaling",
    "ec2",
    "ecr.api",
    "ecr.dkr",
    "eks",
    "eks-auth",
    "elasticfilesystem",
    "elasticloadbalancing",
    "kms",
    "logs",
    "s3",
    "secretsmanager",
    "ssm",
    "sts",
}


def create_interface_endpoint(
    call: Call, world: World, wanted: dict[str, Any]
) -> Reply:
    """An interface of the service in each subnet, one subnet in a zone."""
    backend = world.moto("ec2", call.region, call.account)
    service = wanted["ServiceName"]
    prefix = f"com.amazonaws.{call.region}."
    if not (
        service.startswith(prefix)
        and service.removeprefix(prefix) in INTERFACE_SERVICES
    ):
        raise Refusal(
            "InvalidServiceName", f"The Vpc Endpoint Service '{service}' does not exist"
        )
    if wanted.get("RouteTableIds"):
        raise bad_combination("Route table IDs are only for gateway endpoints")
    vpc = need(backend, wanted.get("VpcId", ""))
    used = [
        each
        for each in backend.vpc_end_points.values()
        if each.vpc_endpoint_type == "Interface" and each.vpc_id == vpc.id
    ]
    within_quota(
        world,
        "L-29B6F2EB",
        50,
        len(used),
        Refusal(
            "VpcEndpointLimitExceeded",
            "The maximum number of VPC endpoints has been reached.",
        ),
    )
    subnets = list(wanted.get("SubnetIds", []))
    groups = list(wanted.get("SecurityGroupIds", []))
    check_places(backend, vpc.id, subnets, groups)
    private = str(wanted.get("PrivateDnsEnabled", "true")).lower() == "true"
    if private:
        check_private_name(backend, vpc, service, None)
    if wanted.get("PolicyDocument"):
        check_policy(wanted["PolicyDocument"])
    if not groups:
        default = backend.get_security_group_from_name("default", vpc.id)
        groups = [default.id]
    endpoint = backend.create_vpc_endpoint(
        vpc_id=vpc.id,
        service_name=service,
        endpoint_type="Interface",
        policy_document=wanted.get("PolicyDocument"),
        route_table_ids=[],
        subnet_ids=[],
        client_token=call.get("ClientToken") or None,
        security_group_ids=groups,
        tags=call.tags(),
        private_dns_enabled=private,
    )
    endpoint.vpc_endpoint_id = endpoint.id
    endpoint.requester_managed = False
    endpoint.subnet_ids = subnets
    place(backend, endpoint, subnets)
    endpoint.state = "pending"
    later(world, INTERFACE_ENDPOINT_CREATE, lambda: available(endpoint))
    remember_token(call, world, endpoint)
    return render(
        call, {"VpcEndpoint": endpoint, "ClientToken": call.get("ClientToken")}
    )


def check_places(
    backend: Any, vpc_id: str, subnets: list[str], groups: list[str]
) -> None:
    """Subnets and groups of the same VPC, no two subnets in one zone."""
    zones: set[str] = set()
    for identifier in subnets:
        subnet = need(backend, identifier)
        if subnet.vpc_id != vpc_id:
            raise bad_value(f"Subnet {identifier} does not belong to {vpc_id}")
        if subnet.availability_zone in zones:
            raise Refusal(
                "DuplicateSubnetsInSameZone",
                "Found another VPC endpoint subnet in the availability zone of "
                f"{identifier}. VPC endpoint subnets should be in different "
                "availability zones supported by the VPC endpoint service.",
            )
        zones.add(subnet.availability_zone)
    for identifier in groups:
        if need(backend, identifier).vpc_id != vpc_id:
            raise bad_value(f"Security group {identifier} is not in {vpc_id}")


def check_private_name(backend: Any, vpc: Any, service: str, but: str | None) -> None:
    """One endpoint answers to the name of a service; the VPC must resolve names."""
    flags = (vpc.enable_dns_support, vpc.enable_dns_hostnames)
    if not all(str(each).lower() == "true" for each in flags):
        raise Refusal(
            "InvalidParameter",
            "Enabling private DNS requires both enableDnsSupport and "
            f"enableDnsHostnames VPC attributes set to true for {vpc.id}",
        )
    for each in backend.vpc_end_points.values():
        if (
            each.id != but
            and each.vpc_id == vpc.id
            and each.service_name == service
            and each.vpc_endpoint_type == "Interface"
            and each.private_dns_enabled
            and each.state != "deleted"
        ):
            raise Refusal(
                "InvalidParameter",
                "private-dns-enabled cannot be set because there is already a "
                f"conflicting DNS domain for {service} in the VPC {vpc.id}",
            )


def place(backend: Any, endpoint: Any, subnets: list[str]) -> None:
    """Interfaces of the service in these subnets."""
    for identifier in subnets:
        interface = place_interface(
            backend,
            identifier,
            description=f"VPC Endpoint Interface {endpoint.id}",
            requester="amazon-vpce",
            groups=list(endpoint.security_group_ids),
            kind="vpc_endpoint",
        )
        endpoint.network_interface_ids.append(interface.id)


def modify_interfaces(
    call: Call, backend: Any, endpoint: Any, wanted: dict[str, Any]
) -> None:
    """Interfaces come and go with their subnets; groups are those of all of them."""
    added = [
        each
        for each in wanted.get("AddSubnetIds", [])
        if each not in endpoint.subnet_ids
    ]
    removed = wanted.get("RemoveSubnetIds", [])
    kept = [each for each in endpoint.subnet_ids if each not in removed]
    groups = [
        each
        for each in [
            *endpoint.security_group_ids,
            *wanted.get("AddSecurityGroupIds", []),
        ]
        if each not in wanted.get("RemoveSecurityGroupIds", [])
    ]
    check_places(backend, endpoint.vpc_id, [*kept, *added], groups)
    if wanted.get("RemoveSecurityGroupIds") and not groups:
        raise bad_value("An endpoint must have at least one security group")
    if call.flag("PrivateDnsEnabled") and not endpoint.private_dns_enabled:
        vpc = need(backend, endpoint.vpc_id)
        check_private_name(backend, vpc, endpoint.service_name, endpoint.id)
    if "PrivateDnsEnabled" in call.params:
        endpoint.private_dns_enabled = call.flag("PrivateDnsEnabled")
    endpoint.security_group_ids = groups
    for identifier in list(endpoint.network_interface_ids):
        interface = backend.enis.get(identifier)
        if interface is None or interface.subnet.id in removed:
            endpoint.network_interface_ids.remove(identifier)
            remove_interface(backend, identifier)
        else:
            interface._group_set = [need(backend, each) for each in groups]
    place(backend, endpoint, added)
    endpoint.subnet_ids = [*kept, *added]


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
    sort = endpoint.vpc_endpoint_type
    others = {
        "Gateway": ("SubnetIds", "SecurityGroupIds"),
        "Interface": ("RouteTableIds",),
    }
    for name in others.get(sort, ()):
        if wanted.get(f"Add{name}") or wanted.get(f"Remove{name}"):
            raise bad_combination(f"{name} do not belong to an endpoint of type {sort}")
    if sort == "Interface":
        modify_interfaces(call, backend, endpoint, wanted)
        wanted = {
            key: value
            for key, value in wanted.items()
            if "Subnet" not in key and "SecurityGroup" not in key
        }
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
    endpoint.state = "deleting"
    interface = endpoint.vpc_endpoint_type == "Interface"
    wait = INTERFACE_ENDPOINT_DELETE if interface else ENDPOINT_DELETE
    later(world, wait, lambda: forget(backend, endpoint))


def forget(backend: Any, endpoint: Any) -> None:
    """Gone without a trace."""
    endpoint.state = "deleted"
    # Until then they keep subnets and security groups in use.
    for identifier in endpoint.network_interface_ids:
        remove_interface(backend, identifier)
    backend.vpc_end_points.pop(endpoint.id, None)
    backend.tags.pop(endpoint.id, None)
