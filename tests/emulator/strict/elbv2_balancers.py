"""Application load balancers and the interfaces they leave behind."""

from __future__ import annotations

import re
import secrets
from typing import Any

from moto.core.exceptions import ServiceException
from moto.elbv2.models import FakeLoadBalancer

from . import ec2_common, iam
from .core import Call, Refusal, Reply, World, before
from .durations import BALANCER_CREATE, BALANCER_INTERFACES, BALANCER_UPDATE
from .ec2_gateways import gateway_of
from .ec2_interfaces import place_interface, remove_interface
from .elbv2_common import (
    SERVICE,
    backend_of,
    bad_configuration,
    balancer_of,
    check_tags,
    invalid,
    no_balancer,
    refresh_users,
)
from .elbv2_targets import hold_group
from .support import later, members, render

NAME = re.compile(r"(?!-)[A-Za-z0-9-]{1,32}(?<!-)")
FREE_ADDRESSES = 8
ZONE_IDS = {"us-east-1": "Z35SXDOTRQ7X7K"}

BOOLEAN = re.compile("true|false")
DEFAULT_ATTRIBUTES = {
    "access_logs.s3.enabled": "false",
    "access_logs.s3.bucket": "",
    "access_logs.s3.prefix": "",
    "client_keep_alive.seconds": "3600",
    "connection_logs.s3.enabled": "false",
    "connection_logs.s3.bucket": "",
    "connection_logs.s3.prefix": "",
    "deletion_protection.enabled": "false",
    "idle_timeout.timeout_seconds": "60",
    "load_balancing.cross_zone.enabled": "true",
    "routing.http.desync_mitigation_mode": "defensive",
    "routing.http.drop_invalid_header_fields.enabled": "false",
    "routing.http.preserve_host_header.enabled": "false",
    "routing.http.x_amzn_tls_version_and_cipher_suite.enabled": "false",
    "routing.http.xff_client_port.enabled": "false",
    "routing.http.xff_header_processing.mode": "append",
    "routing.http2.enabled": "true",
    "waf.fail_open.enabled": "false",
    "zonal_shift.config.enabled": "false",
}
CHOICES = {
    "routing.http.desync_mitigation_mode": ("monitor", "defensive", "strictest"),
    "routing.http.xff_header_processing.mode": ("append", "preserve", "remove"),
}
RANGES = {
    "idle_timeout.timeout_seconds": (1, 4000),
    "client_keep_alive.seconds": (60, 604800),
}

# moto makes a load balancer active by looking at it; here time does.
FakeLoadBalancer.activate = lambda _balancer: None  # type: ignore


def subnets_of(
    world: World, call: Call, wanted: dict[str, Any], placed: list[str]
) -> list[Any]:
    """The subnets of a call: two zones at least, one per zone, room in each.

    ``placed`` are those that the load balancer lives in already.
    """
    ec2 = world.moto("ec2", call.region, call.account)
    ids = list(wanted.get("Subnets", []))
    ids += [each["SubnetId"] for each in wanted.get("SubnetMappings", [])]
    if not ids:
        raise invalid("At least one subnet must be specified")
    found = []
    for identifier in ids:
        subnet = ec2_common.find(ec2, identifier)
        if subnet in (None, NotImplemented) or ec2_common.fresh(world, identifier):
            raise Refusal(
                "SubnetNotFound", f"The subnet ID '{identifier}' does not exist"
            )
        found.append(subnet)
    zones = [subnet.availability_zone for subnet in found]
    if len(set(zones)) < len(zones):
        raise bad_configuration(
            "A load balancer cannot be attached to multiple subnets in the same "
            "Availability Zone"
        )
    if len({subnet.vpc_id for subnet in found}) > 1:
        raise bad_configuration("All subnets must belong to the same VPC")
    if len(zones) < 2:
        raise invalid(
            "At least two subnets in two different Availability Zones must be specified"
        )
    for subnet in found:
        room = subnet.available_ip_address_count
        if subnet.id not in placed and room < FREE_ADDRESSES:
            raise Refusal(
                "InvalidSubnet",
                f"Not enough IP space available in {subnet.id}. ELB requires at "
                f"least {FREE_ADDRESSES} free IP addresses in each subnet.",
            )
    return found


def groups_of(world: World, call: Call, ids: list[str], vpc_id: str) -> list[str]:
    """The security groups of a call; the VPC's default one if there are none."""
    ec2 = world.moto("ec2", call.region, call.account)
    if not ids:
        default = ec2.get_default_security_group(vpc_id)
        return [default.id] if default is not None else []
    for identifier in ids:
        group = ec2.get_security_group_from_id(identifier)
        if group is None or ec2_common.fresh(world, identifier):
            raise Refusal(
                "InvalidSecurityGroup",
                f"The security group '{identifier}' does not exist",
            )
        if group.vpc_id != vpc_id:
            raise bad_configuration("One or more security groups are invalid")
    return ids


@before(SERVICE, "CreateLoadBalancer")
def create_balancer(call: Call, world: World) -> Reply:
    """Idempotent by content; provisioning for some minutes."""
    backend = backend_of(call, world)
    wanted = members(call)
    name = wanted.get("Name", "")
    if not NAME.fullmatch(name) or name.startswith("internal-"):
        raise invalid(
            f"The load balancer name '{name}' can only contain up to 32 characters "
            "that are alphanumeric characters or hyphens(-), cannot begin or end with "
            "a hyphen, and cannot begin with 'internal-'"
        )
    scheme = wanted.get("Scheme", "internet-facing")
    present = named(backend, name)
    placed = [each.id for each in present.subnets] if present else []
    subnets = subnets_of(world, call, wanted, placed)
    vpc_id = subnets[0].vpc_id
    groups = groups_of(world, call, wanted.get("SecurityGroups", []), vpc_id)
    kind = wanted.get("Type", "application")
    addresses = wanted.get("IpAddressType", "ipv4")
    if present is not None:
        same = (
            present.type == kind
            and present.scheme == scheme
            and present.ip_address_type == addresses
            and set(placed) == {subnet.id for subnet in subnets}
            and set(present.security_groups) == set(groups)
        )
        if same:
            return render(call, {"LoadBalancers": [present]})
        raise Refusal(
            "DuplicateLoadBalancerName",
            f"A load balancer with the same name '{name}' exists, but with different "
            "settings",
        )
    ec2 = world.moto("ec2", call.region, call.account)
    if scheme == "internet-facing" and gateway_of(ec2, vpc_id) is None:
        raise Refusal("InvalidSubnet", f"VPC {vpc_id} has no internet gateway")
    if len(backend.load_balancers) >= world.settings.quota("L-53DA6B97", 50):
        raise Refusal(
            "TooManyLoadBalancers",
            "The maximum number of load balancers has been reached",
        )
    check_tags(call.tags())
    iam.ensure_service_role(world, call.account, "elasticloadbalancing.amazonaws.com")
    try:
        balancer = build(
            world,
            backend,
            name=name,
            security_groups=groups,
            subnet_ids=[subnet.id for subnet in subnets],
            scheme=scheme,
            loadbalancer_type=kind,
            ip_address_type=addresses,
            tags=wanted.get("Tags", []),
        )
    except ServiceException as error:
        raise Refusal(error.code, error.message) from None
    return render(call, {"LoadBalancers": [balancer]})


def build(world: World, backend: Any, **order: Any) -> Any:
    """Put a load balancer into moto's books, with interfaces and a future."""
    balancer = backend.create_load_balancer(**order)
    region = backend.region_name
    prefix = "internal-" if balancer.scheme == "internal" else ""
    serial = secrets.randbelow(9 * 10**9) + 10**9
    balancer.dns_name = f"{prefix}{balancer.name}-{serial}.{region}.elb.amazonaws.com"
    balancer.canonical_hosted_zone_id = ZONE_IDS.get(region, "Z1H1FL5HABSF5")
    balancer.attrs = dict(DEFAULT_ATTRIBUTES)
    place_interfaces(world, world.moto("ec2", region, backend.account_id), balancer)
    later(world, BALANCER_CREATE, lambda: activate(balancer))
    return balancer


def named(backend: Any, name: str) -> Any:
    """A load balancer by name; None if there is none."""
    for balancer in backend.load_balancers.values():
        if balancer.name == name:
            return balancer
    return None


def activate(balancer: Any) -> None:
    """From provisioning to active."""
    if balancer.state == "provisioning":
        balancer.state = "active"


# --------------------------------------------------------------------------
# Interfaces


def place_interfaces(world: World, ec2: Any, balancer: Any) -> None:
    """One interface per subnet, described by the tail of the balancer's ARN."""
    tail = balancer.arn.split(":loadbalancer/")[1]
    book = world.book("elbv2_interfaces").setdefault(balancer.arn, {})
    for subnet in balancer.subnets:
        if subnet.id not in book:
            book[subnet.id] = place_interface(
                ec2,
                subnet.id,
                description=f"ELB {tail}",
                requester="amazon-elb",
                groups=list(balancer.security_groups),
                public=balancer.scheme == "internet-facing",
            ).id


def leave_interfaces(world: World, ec2: Any, ids: list[str]) -> None:
    """Interfaces stay for a while after nobody needs them."""

    def leave() -> None:
        for identifier in ids:
            remove_interface(ec2, identifier)

    later(world, BALANCER_INTERFACES, leave)


@before(SERVICE, "SetSubnets")
def set_subnets(call: Call, world: World) -> Reply:
    """Replaces the whole set; provisioning again for a moment."""
    backend = backend_of(call, world)
    wanted = members(call)
    balancer = balancer_of(backend, wanted.get("LoadBalancerArn", ""))
    placed = [each.id for each in balancer.subnets]
    subnets = subnets_of(world, call, wanted, placed)
    if subnets[0].vpc_id != balancer.vpc_id:
        raise bad_configuration("The subnets must belong to the load balancer's VPC")
    ec2 = world.moto("ec2", call.region, call.account)
    balancer.subnets = subnets
    book = world.book("elbv2_interfaces").setdefault(balancer.arn, {})
    kept = {subnet.id for subnet in subnets}
    left = [book.pop(each) for each in list(book) if each not in kept]
    leave_interfaces(world, ec2, left)
    place_interfaces(world, ec2, balancer)
    if set(placed) != kept and balancer.state == "active":
        balancer.state = "provisioning"
        later(world, BALANCER_UPDATE, lambda: activate(balancer))
    return render(call, {"AvailabilityZones": balancer.availability_zones})


@before(SERVICE, "SetSecurityGroups")
def set_groups(call: Call, world: World) -> Reply:
    """The interfaces carry the new groups at once."""
    backend = backend_of(call, world)
    wanted = members(call)
    balancer = balancer_of(backend, wanted.get("LoadBalancerArn", ""))
    if not wanted.get("SecurityGroups"):
        raise invalid("At least one security group must be specified")
    groups = groups_of(world, call, wanted["SecurityGroups"], balancer.vpc_id)
    balancer.security_groups = groups
    ec2 = world.moto("ec2", call.region, call.account)
    for identifier in world.book("elbv2_interfaces").get(balancer.arn, {}).values():
        eni = ec2.enis.get(identifier)
        if eni is not None:
            eni._group_set = [ec2.get_security_group_from_id(each) for each in groups]
    return render(call, {"SecurityGroupIds": groups})


# --------------------------------------------------------------------------
# Reading, attributes, deletion


@before(SERVICE, "DescribeLoadBalancers")
def describe_balancers(call: Call, world: World) -> Reply:
    """By ARN, by name, or page by page."""
    backend = backend_of(call, world)
    wanted = members(call)
    arns, names = wanted.get("LoadBalancerArns", []), wanted.get("Names", [])
    if arns and names:
        raise invalid(
            "Load balancer names and load balancer ARNs cannot be specified at the "
            "same time"
        )
    if arns:
        found = [balancer_of(backend, arn) for arn in arns]
        return render(call, {"LoadBalancers": found})
    if names:
        found = [named(backend, name) for name in names]
        if None in found:
            raise no_balancer()
        return render(call, {"LoadBalancers": found})
    found = list(backend.load_balancers.values())
    start = int(wanted.get("Marker") or 0)
    size = wanted.get("PageSize", 400)
    marker = str(start + size) if start + size < len(found) else None
    page = found[start : start + size]
    return render(call, {"LoadBalancers": page, "NextMarker": marker})


@before(SERVICE, "ModifyLoadBalancerAttributes")
def modify_attributes(call: Call, world: World) -> Reply:
    """All of them or none: one unknown key fails the call."""
    backend = backend_of(call, world)
    wanted = members(call)
    balancer = balancer_of(backend, wanted.get("LoadBalancerArn", ""))
    new = {each["Key"]: each.get("Value", "") for each in wanted.get("Attributes", [])}
    if not new:
        raise invalid("At least one attribute must be specified")
    for key, value in new.items():
        check_attribute(key, value)
    if new.get("access_logs.s3.enabled") == "true":
        name = new.get("access_logs.s3.bucket") or balancer.attrs.get(
            "access_logs.s3.bucket"
        )
        bucket = world.moto("s3", account=call.account).buckets.get(name)
        if bucket is None or not bucket.policy:
            raise bad_configuration(
                f"Access Denied for bucket: {name}. Please check S3bucket permission"
            )
    balancer.attrs = {**balancer.attrs, **new}
    return render(call, {"Attributes": balancer.attrs})


def check_attribute(key: str, value: str) -> None:
    """A key that application load balancers have, and a value it can take."""
    if key not in DEFAULT_ATTRIBUTES:
        raise invalid(f"Load balancer attribute key '{key}' is not recognized")
    sound = True
    if key.endswith(".enabled"):
        sound = BOOLEAN.fullmatch(value) is not None
    elif key in CHOICES:
        sound = value in CHOICES[key]
    elif key in RANGES:
        low, high = RANGES[key]
        sound = value.isdigit() and low <= int(value) <= high
    if not sound:
        raise invalid(f"The value '{value}' of attribute '{key}' is not valid")


@before(SERVICE, "DeleteLoadBalancer")
def delete_balancer(call: Call, world: World) -> Reply:
    """Fine when absent, refused when protected; the interfaces stay a while."""
    backend = backend_of(call, world)
    arn = call.get("LoadBalancerArn")
    balancer = backend.load_balancers.get(arn)
    if balancer is None:
        return render(call, {})
    if balancer.attrs.get("deletion_protection.enabled") == "true":
        raise Refusal(
            "OperationNotPermitted",
            f"Load balancer '{arn}' cannot be deleted because deletion protection is "
            "enabled",
        )
    for group in backend.target_groups.values():
        if arn in group.load_balancer_arns:
            hold_group(world, group.arn)
    for listener_arn in balancer.listeners:
        backend.tagging_service.delete_all_tags_for_resource(listener_arn)
    backend.tagging_service.delete_all_tags_for_resource(arn)
    del backend.load_balancers[arn]
    refresh_users(backend)
    ec2 = world.moto("ec2", call.region, call.account)
    interfaces = world.book("elbv2_interfaces").pop(arn, {})
    leave_interfaces(world, ec2, list(interfaces.values()))
    return render(call, {})
