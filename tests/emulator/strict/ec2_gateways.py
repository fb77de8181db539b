"""Internet gateways and elastic IP addresses."""

from __future__ import annotations

from typing import Any

from moto.ec2.models.elastic_ip_addresses import ElasticAddress

from .core import Call, Refusal, Reply, World, after, before
from .durations import ADDRESS_HELD
from .ec2_common import bad_value, dependency, missing, need, within_quota
from .ec2_vpc import GONE
from .support import render

# Where an address is announced: AWS names the Region for ordinary zones.
ElasticAddress.network_border_group = property(  # type: ignore[attr-defined]
    lambda address: address.ec2_backend.region_name
)
ElasticAddress.public_ipv4_pool = "amazon"  # type: ignore[attr-defined]


@before("ec2", "CreateInternetGateway")
def create_internet_gateway(call: Call, world: World) -> None:
    """Five per Region."""
    within_quota(
        world,
        "L-A4707A72",
        5,
        len(world.moto("ec2", call.region, call.account).internet_gateways),
        Refusal(
            "InternetGatewayLimitExceeded",
            "The maximum number of internet gateways has been reached.",
        ),
    )


def gateway_of(backend: Any, vpc_id: str) -> Any:
    """The internet gateway attached to a VPC, if any."""
    for gateway in backend.internet_gateways.values():
        if gateway.vpc is not None and gateway.vpc.id == vpc_id:
            return gateway
    return None


@before("ec2", "AttachInternetGateway")
def attach_internet_gateway(call: Call, world: World) -> None:
    """One gateway per VPC and one VPC per gateway."""
    backend = world.moto("ec2", call.region, call.account)
    gateway = need(backend, call.get("InternetGatewayId"))
    vpc = need(backend, call.get("VpcId"))
    if gateway.vpc is not None:
        raise Refusal(
            "Resource.AlreadyAssociated",
            f"resource {gateway.id} is already attached to network {gateway.vpc.id}",
        )
    present = gateway_of(backend, vpc.id)
    if present is not None:
        raise Refusal(
            "Resource.AlreadyAssociated",
            f"Network {vpc.id} already has an internet gateway attached",
        )


def mapped_addresses(backend: Any, vpc_id: str) -> list[str]:
    """Who in a VPC is reachable through a public address."""
    found = [
        nat.id
        for nat in backend.nat_gateways.values()
        if nat.vpc_id == vpc_id
        and nat.state not in GONE
        and nat.connectivity_type != "private"
    ]
    found += [
        eni.id
        for eni in backend.enis.values()
        if eni.vpc_id == vpc_id and eni.public_ip
    ]
    found += [
        address.allocation_id
        for address in backend.addresses
        if address.eni is not None and address.eni.vpc_id == vpc_id
    ]
    return found


@before("ec2", "DetachInternetGateway")
def detach_internet_gateway(call: Call, world: World) -> None:
    """Not while NAT gateways, addresses or internet-facing balancers need it."""
    backend = world.moto("ec2", call.region, call.account)
    gateway = need(backend, call.get("InternetGatewayId"))
    vpc = need(backend, call.get("VpcId"))
    if gateway.vpc is None or gateway.vpc.id != vpc.id:
        raise Refusal(
            "Gateway.NotAttached",
            f"resource {gateway.id} is not attached to network {vpc.id}",
        )
    if mapped_addresses(backend, vpc.id):
        raise dependency(
            f"Network {vpc.id} has some mapped public address(es). Please unmap "
            "those public address(es) before detaching the gateway."
        )


@before("ec2", "DeleteInternetGateway")
def delete_internet_gateway(call: Call, world: World) -> None:
    """Detach first."""
    gateway = need(
        world.moto("ec2", call.region, call.account), call.get("InternetGatewayId")
    )
    if gateway.vpc is not None:
        raise dependency(
            f"The internetGateway '{gateway.id}' has dependencies and cannot be "
            "deleted."
        )


# --------------------------------------------------------------------------
# Elastic IP addresses


@before("ec2", "AllocateAddress")
def allocate_address(call: Call, world: World) -> None:
    """Five per Region."""
    within_quota(
        world,
        "L-0263D0A3",
        5,
        len(world.moto("ec2", call.region, call.account).addresses),
        Refusal(
            "AddressLimitExceeded",
            "The maximum number of addresses has been reached.",
        ),
    )


@after("ec2", "AllocateAddress")
def allocated_address(call: Call, reply: Reply, world: World) -> Reply | None:
    """The answer says where the address is announced."""
    if not reply.ok:
        return None
    identifier = reply.text.partition("<allocationId>")[2].partition("<")[0]
    return render(call, need(world.moto("ec2", call.region, call.account), identifier))


def hold_address(world: World, allocation_id: str) -> None:
    """Keep refusing the release for a while after its NAT gateway is gone."""
    world.book("ec2_held")[allocation_id] = world.clock.after(ADDRESS_HELD)


def not_yours() -> Refusal:
    """How AWS calls an address that is still in use: not a permission problem."""
    return Refusal(
        "AuthFailure", "You do not have permission to access the specified resource."
    )


@before("ec2", "ReleaseAddress")
def release_address(call: Call, world: World) -> None:
    """Refused while associated and shortly after a NAT gateway let go of it."""
    if not call.get("AllocationId"):
        if call.get("PublicIp"):
            return
        raise missing("AllocationId")
    address = need(
        world.moto("ec2", call.region, call.account), call.get("AllocationId")
    )
    held = world.book("ec2_held").get(address.allocation_id)
    if address.association_id or (held and not world.clock.passed(held)):
        raise not_yours()
    world.book("ec2_held").pop(address.allocation_id, None)


@before("ec2", "DisassociateAddress")
def disassociate_address(call: Call, world: World) -> None:
    """The association of a NAT gateway is the gateway's."""
    backend = world.moto("ec2", call.region, call.account)
    wanted = call.get("AssociationId")
    for address in backend.addresses:
        if address.association_id and address.association_id == wanted:
            if address.eni is not None and address.eni.requester_managed:
                raise not_yours()
            return
    if wanted:
        raise Refusal(
            "InvalidAssociationID.NotFound",
            f"The association ID '{wanted}' does not exist",
        )


@before("ec2", "AssociateAddress")
def associate_address(call: Call, world: World) -> None:
    """An address that serves a NAT gateway cannot serve anything else."""
    backend = world.moto("ec2", call.region, call.account)
    if call.get("AllocationId"):
        address = need(backend, call.get("AllocationId"))
        managed = address.eni is not None and address.eni.requester_managed
        if managed and call.flag("AllowReassociation"):
            raise bad_value(f"The address {address.public_ip} is used by a gateway")
