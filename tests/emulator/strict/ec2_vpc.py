"""VPCs and subnets."""

from __future__ import annotations

from typing import Any

from .core import Call, Refusal, Reply, World, after, before
from .ec2_common import (
    all_groups,
    all_subnets,
    bad_value,
    dependency,
    find,
    need,
    within_quota,
)
from .support import render

GONE = ("deleted", "failed")


@before("ec2", "CreateVpc")
def create_vpc(call: Call, world: World) -> None:
    """Five VPCs per Region, the default one included."""
    within_quota(
        world,
        "L-F678F1CE",
        5,
        len(world.moto("ec2", call.region, call.account).vpcs),
        Refusal("VpcLimitExceeded", "The maximum number of VPCs has been reached."),
    )


@after("ec2", "CreateVpc")
def vpc_is_pending(call: Call, reply: Reply, world: World) -> None:
    """The answer says pending; a VPC is available seconds later."""
    if reply.ok:
        reply.text = reply.text.replace(
            "<state>available</state>", "<state>pending</state>"
        )


@before("ec2", "ModifyVpcAttribute")
def modify_vpc_attribute(call: Call, world: World) -> None:
    """One attribute per call."""
    one_attribute(call, "VpcId")
    need(world.moto("ec2", call.region, call.account), call.get("VpcId"))


@before("ec2", "ModifySubnetAttribute")
def modify_subnet_attribute(call: Call, world: World) -> None:
    """One attribute per call."""
    one_attribute(call, "SubnetId")
    need(world.moto("ec2", call.region, call.account), call.get("SubnetId"))


def one_attribute(call: Call, subject: str) -> None:
    """Refuse a call that changes several attributes, or none."""
    plain = {subject, "Action", "Version", "DryRun"}
    named = sorted({key.split(".")[0] for key in call.params} - plain)
    if len(named) > 1:
        raise Refusal(
            "InvalidParameterCombination",
            f"The parameters {' and '.join(named)} cannot be used together: "
            "only one attribute can be modified at a time",
        )
    if not named:
        raise Refusal("MissingParameter", "No attributes specified.")


@before("ec2", "DescribeVpcAttribute")
def describe_vpc_attribute(call: Call, world: World) -> None:
    """Of a network that is there."""
    need(world.moto("ec2", call.region, call.account), call.get("VpcId"))


def inside_vpc(backend: Any, vpc_id: str) -> list[str]:
    """What keeps a VPC from being deleted; all but its implicit parts."""
    found: list[str] = []
    found += [each.id for each in all_subnets(backend) if each.vpc_id == vpc_id]
    found += [
        each.id
        for each in backend.internet_gateways.values()
        if each.vpc is not None and each.vpc.id == vpc_id
    ]
    found += [
        each.id
        for each in backend.nat_gateways.values()
        if each.vpc_id == vpc_id and each.state not in GONE
    ]
    found += [
        each.id
        for each in backend.vpc_end_points.values()
        if each.vpc_id == vpc_id and each.state != "deleted"
    ]
    found += [each.id for each in backend.enis.values() if each.vpc_id == vpc_id]
    found += [
        each.id
        for each in backend.route_tables.values()
        if each.vpc_id == vpc_id and each.main_association_id is None
    ]
    found += [
        each.id
        for each in all_groups(backend)
        if each.vpc_id == vpc_id and not each.is_default
    ]
    return found


@before("ec2", "DeleteVpc")
def delete_vpc(call: Call, world: World) -> None:
    """Nothing but the default group, access list and main table may be left."""
    backend = world.moto("ec2", call.region, call.account)
    vpc = need(backend, call.get("VpcId"))
    if inside_vpc(backend, vpc.id):
        raise dependency(f"The vpc '{vpc.id}' has dependencies and cannot be deleted.")


# --------------------------------------------------------------------------
# Subnets


@before("ec2", "CreateSubnet")
def create_subnet(call: Call, world: World) -> None:
    """The VPC exists and the zone is one of this Region."""
    backend = world.moto("ec2", call.region, call.account)
    vpc = need(backend, call.get("VpcId"))
    used = sum(each.vpc_id == vpc.id for each in all_subnets(backend))
    within_quota(
        world,
        "L-407747CB",
        200,
        used,
        Refusal(
            "SubnetLimitExceeded", "The maximum number of subnets has been reached."
        ),
    )
    zones = backend.describe_availability_zones()
    zone, zone_id = call.get("AvailabilityZone"), call.get("AvailabilityZoneId")
    if zone and zone not in {each.name for each in zones}:
        known = ", ".join(each.name for each in zones)
        raise bad_value(
            f"Value ({zone}) for parameter availabilityZone is invalid. Subnets can "
            f"currently only be created in the following availability zones: {known}."
        )
    if zone_id:
        # moto files subnets under the zone's name, which it does not look up.
        named = [each.name for each in zones if each.zone_id == zone_id]
        if not named:
            raise bad_value(
                f"Value ({zone_id}) for parameter availabilityZoneId is invalid."
            )
        call.params.pop("AvailabilityZoneId")
        call.params["AvailabilityZone"] = named[0]
        call.rewrite()


@after("ec2", "CreateSubnet")
def subnet_defaults(call: Call, reply: Reply, world: World) -> Reply | None:
    """A subnet someone creates is never a zone's default and gives no addresses."""
    if not reply.ok:
        return None
    backend = world.moto("ec2", call.region, call.account)
    identifier = reply.text.partition("<subnetId>")[2].partition("<")[0]
    subnet = need(backend, identifier)
    subnet.default_for_az = False
    subnet.map_public_ip_on_launch = False
    return render(call, {"Subnet": subnet})


def inside_subnet(backend: Any, subnet_id: str) -> bool:
    """Whether any interface or NAT gateway lives in a subnet."""
    return any(eni.subnet_id == subnet_id for eni in backend.enis.values()) or any(
        nat.subnet_id == subnet_id and nat.state not in GONE
        for nat in backend.nat_gateways.values()
    )


@before("ec2", "DeleteSubnet")
def delete_subnet(call: Call, world: World) -> None:
    """Empty subnets only: interfaces of NAT, balancer, database, EKS all count."""
    backend = world.moto("ec2", call.region, call.account)
    subnet = need(backend, call.get("SubnetId"))
    if inside_subnet(backend, subnet.id):
        raise dependency(
            f"The subnet '{subnet.id}' has dependencies and cannot be deleted."
        )


@after("ec2", "DeleteSubnet")
def drop_associations(call: Call, reply: Reply, world: World) -> None:
    """A subnet takes its route table association with it."""
    backend = world.moto("ec2", call.region, call.account)
    subnet_id = call.get("SubnetId")
    if not reply.ok or find(backend, subnet_id) is not None:
        return
    for table in backend.route_tables.values():
        for name, target in list(table._associations.items()):
            if target == subnet_id:
                del table._associations[name]
