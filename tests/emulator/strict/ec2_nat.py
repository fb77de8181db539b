"""NAT gateways.

Creation and deletion are asynchronous, and so are the failures: the call
succeeds and the gateway turns ``failed`` some seconds later.
"""

from __future__ import annotations

import re
from typing import Any

from moto.core.utils import utcnow
from moto.ec2.models.nat_gateways import NatGateway

from .core import Call, Refusal, Reply, World, before, on_tick
from .durations import NAT_CREATE, NAT_DELETE, NAT_FAIL, NAT_LISTED
from .ec2_common import (
    find,
    missing,
    need,
    not_found,
    remember_token,
    replayed,
    within_quota,
)
from .ec2_gateways import gateway_of, hold_address
from .ec2_interfaces import place_interface, remove_interface
from .support import later, members, render

COUNTED = ("pending", "available", "deleting")


@before("ec2", "CreateNatGateway")
def create_nat_gateway(call: Call, world: World) -> Reply:
    """Pending at once; available or failed later. One per client token."""
    wanted = members(call)
    backend = world.moto("ec2", call.region, call.account)
    made = replayed(call, world)
    if made is not None:
        return render(
            call, {"NatGateway": made, "ClientToken": call.get("ClientToken")}
        )
    public = wanted.get("ConnectivityType", "public") == "public"
    if not wanted.get("SubnetId"):
        raise missing("SubnetId")
    subnet = need(backend, wanted["SubnetId"])
    allocation = wanted.get("AllocationId", "")
    if public and not allocation:
        raise missing("AllocationId")
    if allocation:
        need(backend, allocation)
    in_zone = [
        nat
        for nat in backend.nat_gateways.values()
        if nat.state in COUNTED and zone_of(backend, nat) == subnet.availability_zone
    ]
    within_quota(
        world,
        "L-FE5A380F",
        5,
        len(in_zone),
        Refusal(
            "NatGatewayLimitExceeded",
            "The maximum number of NAT gateways has been reached.",
        ),
    )
    nat = build(world, call, subnet, allocation if public else "", call.tags())
    nat.connectivity_type = "public" if public else "private"
    remember_token(call, world, nat)
    return render(call, {"NatGateway": nat, "ClientToken": call.get("ClientToken")})


def zone_of(backend: Any, nat: Any) -> str:
    """The zone a gateway lives in, also after its subnet is gone."""
    subnet = find(backend, nat.subnet_id)
    return subnet.availability_zone if subnet is not None else ""


def why_it_fails(backend: Any, subnet: Any, allocation: str) -> tuple[str, str]:
    """Failure code and message of a gateway that cannot work; empty otherwise."""
    if not allocation:
        return "", ""
    if gateway_of(backend, subnet.vpc_id) is None:
        return (
            "Gateway.NotAttached",
            f"Network {subnet.vpc_id} has no Internet gateway attached",
        )
    address = find(backend, allocation)
    if address.association_id:
        return (
            "Resource.AlreadyAssociated",
            f"Elastic IP address [{allocation}] is already associated",
        )
    return "", ""


def build(
    world: World, call: Call, subnet: Any, allocation: str, tags: dict[str, str]
) -> Any:
    """Make the gateway, its interface, and what will become of it."""
    backend = world.moto("ec2", call.region, call.account)
    code, message = why_it_fails(backend, subnet, allocation)
    kinds: Any = NatGateway  # abstract for CloudFormation's sake only
    nat = kinds(backend, subnet.id, "", tags)
    remove_interface(backend, nat._eni.id)
    eni = place_interface(
        backend,
        subnet.id,
        description=f"Interface for NAT Gateway {nat.id}",
        requester="amazon-nat",
        kind="nat_gateway",
    )
    nat._eni = eni
    nat.state = "pending"
    nat.private_ip = eni.private_ip_address
    shown = {
        "NetworkInterfaceId": eni.id,
        "PrivateIp": eni.private_ip_address,
        "IsPrimary": True,
        "Status": "succeeded",
    }
    if allocation:
        shown["AllocationId"] = allocation
        address = find(backend, allocation)
        shown["PublicIp"] = address.public_ip
        if not code:
            backend.associate_address(eni=eni, allocation_id=allocation)
            shown["AssociationId"] = address.association_id
    nat.nat_gateway_address_set = [shown]
    nat.address_set = [shown]
    backend.nat_gateways[nat.id] = nat
    if code:
        later(world, NAT_FAIL, lambda: fail(world, backend, nat, code, message))
    else:
        later(world, NAT_CREATE, lambda: finish(nat))
    return nat


def finish(nat: Any) -> None:
    """From pending to available."""
    if nat.state == "pending":
        nat.state = "available"


def fail(world: World, backend: Any, nat: Any, code: str, message: str) -> None:
    """From pending to failed; the interface goes, the record stays."""
    if nat.state != "pending":
        return
    nat.state = "failed"
    nat.failure_code, nat.failure_message = code, message
    nat.delete_time = utcnow()
    remove_interface(backend, nat._eni.id)
    expire(world, backend, nat)


@before("ec2", "DeleteNatGateway")
def delete_nat_gateway(call: Call, world: World) -> Reply:
    """Deleting for a minute or two; a repeat is harmless."""
    backend = world.moto("ec2", call.region, call.account)
    nat = backend.nat_gateways.get(call.get("NatGatewayId"))
    if nat is None:
        raise not_found(call.get("NatGatewayId"))
    if nat.state in ("pending", "available"):
        nat.state = "deleting"
        later(world, NAT_DELETE, lambda: gone(world, backend, nat))
    elif nat.state == "failed":
        gone(world, backend, nat)
    return render(call, {"NatGatewayId": nat.id})


def gone(world: World, backend: Any, nat: Any) -> None:
    """Deleted: the interface goes, the address is free a little later."""
    nat.state = "deleted"
    nat.delete_time = utcnow()
    for shown in nat.address_set:
        address = find(backend, shown.get("AllocationId", "eipalloc-"))
        if address is not None and address.eni is nat._eni:
            backend.disassociate_address(association_id=address.association_id)
            hold_address(world, address.allocation_id)
    remove_interface(backend, nat._eni.id)
    expire(world, backend, nat)


def expire(world: World, backend: Any, nat: Any) -> None:
    """Stay listed for about an hour, with tags, also where nothing takes time."""
    until = world.clock.now() + NAT_LISTED
    world.book("ec2_nat_listed")[nat.id] = (backend, until)


@on_tick
def forget_listed(world: World) -> None:
    """Drop gateways that have been gone for an hour."""
    listed = world.book("ec2_nat_listed")
    for identifier, (backend, until) in list(listed.items()):
        if world.clock.now() >= until:
            del listed[identifier]
            backend.nat_gateways.pop(identifier, None)
            backend.tags.pop(identifier, None)


def usable(backend: Any, identifier: str) -> Any:
    """A gateway that a route may point to."""
    nat = backend.nat_gateways.get(identifier)
    if nat is None or not re.fullmatch("pending|available", nat.state):
        raise Refusal(
            "InvalidNatGatewayID.NotFound",
            f"The natGateway ID '{identifier}' does not exist",
        )
    return nat
