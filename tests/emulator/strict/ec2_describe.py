"""Reading the VPC family.

moto ignores some filters, treats several values of one filter as "all of
them", and does not page.  Here one table says how each kind is read: by id (an
unknown or too new one is an error), by filter (a too new object is left out),
page by page.
"""

from __future__ import annotations

import base64
import fnmatch
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from moto.ec2.exceptions import FilterNotImplementedError
from moto.ec2.models.instance_types import InstanceTypeOfferingBackend
from moto.ec2.utils import EC2_PREFIX_TO_RESOURCE, get_prefix

from .core import Call, Refusal, Reply, World, before
from .ec2_common import all_groups, all_rules, all_subnets, fresh, not_found
from .support import matches, members, render

Getter = Callable[[Any], Any]


def offering_matches(
    _: Any, offering: dict[str, Any], filters: dict[str, list[str]], kind: str
) -> bool:
    """Filters of offerings take wildcards, as all of EC2 do."""
    names = {"location": "Location", "instance-type": "InstanceType"}
    return all(
        any(fnmatch.fnmatchcase(offering[names[key]], value) for value in values)
        for key, values in filters.items()
    )


InstanceTypeOfferingBackend.matches_filters = offering_matches


@dataclass(frozen=True)
class Kind:
    """How one kind of object is read."""

    result: str
    ids: str
    rows: Callable[[Any], list[Any]]
    filters: dict[str, Getter] = field(default_factory=dict)


def _targets(name: str) -> Getter:
    """The ids of one kind of target in a table's routes."""
    return lambda table: [getattr(route, name) for route in table.routes]


def _associated(name: str) -> Getter:
    """One member of a table's associations."""
    return lambda table: [each.get(name) for each in table.associations]


def _permissions(rules: str, read: Getter) -> Getter:
    """Something of every rule of a group."""
    return lambda group: [read(rule) for rule in getattr(group, rules)]


def _rule_readers(prefix: str, rules: str) -> dict[str, Getter]:
    """The filters of a group by its rules in one direction."""
    reads: dict[str, Getter] = {
        "cidr": lambda rule: rule.ip_range.get("CidrIp"),
        "ipv6-cidr": lambda rule: rule.ip_range.get("CidrIpv6"),
        "from-port": lambda rule: rule.from_port,
        "to-port": lambda rule: rule.to_port,
        "protocol": lambda rule: rule.ip_protocol,
        "group-id": lambda rule: rule.source_group.get("GroupId"),
        "prefix-list-id": lambda rule: rule.prefix_list_id,
        "user-id": lambda rule: rule.source_group.get("UserId"),
    }
    return {
        f"{prefix}.{name}": _permissions(rules, read) for name, read in reads.items()
    }


KINDS: dict[str, Kind] = {
    "DescribeVpcs": Kind(
        "Vpcs",
        "VpcIds",
        lambda b: list(b.vpcs.values()),
        {"cidr-block-association.cidr-block": lambda v: [v.cidr_block]},
    ),
    "DescribeSubnets": Kind(
        "Subnets",
        "SubnetIds",
        all_subnets,
        {
            "availability-zone-id": lambda s: s.availability_zone_id,
            "availabilityZoneId": lambda s: s.availability_zone_id,
            "map-public-ip-on-launch": lambda s: s.map_public_ip_on_launch,
        },
    ),
    "DescribeInternetGateways": Kind(
        "InternetGateways",
        "InternetGatewayIds",
        lambda b: list(b.internet_gateways.values()),
        {
            "internet-gateway-id": lambda g: g.id,
            "attachment.vpc-id": lambda g: [a["VpcId"] for a in g.attachments],
            "attachment.state": lambda g: [a["State"] for a in g.attachments],
        },
    ),
    "DescribeAddresses": Kind(
        "Addresses",
        "AllocationIds",
        lambda b: [a for a in b.addresses if a.allocation_id],
        {
            "network-border-group": lambda a: a.ec2_backend.region_name,
            "network-interface-owner-id": lambda a: a.network_interface_owner_id,
        },
    ),
    "DescribeNatGateways": Kind(
        "NatGateways",
        "NatGatewayIds",
        lambda b: list(b.nat_gateways.values()),
        {
            "nat-gateway-id": lambda n: n.id,
            "state": lambda n: n.state,
            "subnet-id": lambda n: n.subnet_id,
            "vpc-id": lambda n: n.vpc_id,
        },
    ),
    "DescribeRouteTables": Kind(
        "RouteTables",
        "RouteTableIds",
        lambda b: list(b.route_tables.values()),
        {
            "association.main": lambda t: t.main_association_id is not None,
            "association.subnet-id": _associated("SubnetId"),
            "association.gateway-id": _associated("GatewayId"),
            "association.route-table-id": lambda t: t.id if t.associations else None,
            "association.route-table-association-id": _associated(
                "RouteTableAssociationId"
            ),
            "route.destination-cidr-block": _targets("destination_cidr_block"),
            "route.destination-prefix-list-id": _targets("destination_prefix_list_id"),
            "route.gateway-id": _targets("gateway_id"),
            "route.nat-gateway-id": _targets("nat_gateway_id"),
            "route.state": _targets("state"),
            "route.origin": _targets("origin"),
        },
    ),
    "DescribeSecurityGroups": Kind(
        "SecurityGroups",
        "GroupIds",
        all_groups,
        {
            "group-id": lambda g: g.id,
            "group-name": lambda g: g.name,
            "vpc-id": lambda g: g.vpc_id,
            "description": lambda g: g.description,
            "owner-id": lambda g: g.owner_id,
            **_rule_readers("ip-permission", "ingress_rules"),
            **_rule_readers("egress.ip-permission", "egress_rules"),
        },
    ),
    "DescribeSecurityGroupRules": Kind(
        "SecurityGroupRules",
        "SecurityGroupRuleIds",
        all_rules,
        {
            "group-id": lambda r: r.group_id,
            "security-group-rule-id": lambda r: r.id,
        },
    ),
    "DescribeVpcEndpoints": Kind(
        "VpcEndpoints",
        "VpcEndpointIds",
        lambda b: list(b.vpc_end_points.values()),
        {
            "vpc-endpoint-id": lambda e: e.id,
            "vpc-id": lambda e: e.vpc_id,
            "service-name": lambda e: e.service_name,
            "vpc-endpoint-type": lambda e: e.vpc_endpoint_type,
            "vpc-endpoint-state": lambda e: e.state,
        },
    ),
    "DescribeNetworkInterfaces": Kind(
        "NetworkInterfaces",
        "NetworkInterfaceIds",
        lambda b: list(b.enis.values()),
        {
            "status": lambda e: e.status,
            "requester-id": lambda e: e.requester_id,
            "requester-managed": lambda e: e.requester_managed,
            "interface-type": lambda e: e.interface_type,
            "group-id": lambda e: [group.id for group in e.group_set],
            "group-name": lambda e: [group.name for group in e.group_set],
            "association.public-ip": lambda e: e.public_ip,
            "association.allocation-id": lambda e: e.association.get("allocationId"),
        },
    ),
}


def value_of(call: Call, kind: Kind, row: Any, name: str, tags: dict[str, str]) -> Any:
    """What a filter of that name compares."""
    if name.startswith("tag:"):
        return tags.get(name[4:])
    if name == "tag-key":
        return list(tags)
    if name == "tag-value":
        return list(tags.values())
    if name in kind.filters:
        return kind.filters[name](row)
    try:
        return row.get_filter_value(name, call.operation)
    except (FilterNotImplementedError, AttributeError):
        raise Refusal(
            "InvalidParameterValue", f"The filter '{name}' is invalid"
        ) from None


def chosen(call: Call, world: World, kind: Kind, wanted: dict[str, Any]) -> list[Any]:
    """The rows a call asks for."""
    backend = world.moto("ec2", call.region, call.account)
    rows = kind.rows(backend)
    ids = wanted.get(kind.ids) or []
    known = {row.id for row in rows}
    for identifier in ids:
        if identifier not in known or fresh(world, identifier):
            raise not_found(identifier)
    if ids:
        rows = [row for row in rows if row.id in ids]
    rows = [row for row in rows if not fresh(world, row.id)]
    if wanted.get("GroupNames"):
        rows = [row for row in rows if row.name in wanted["GroupNames"]]
    if wanted.get("PublicIps"):
        rows = [row for row in rows if row.public_ip in wanted["PublicIps"]]
    for name, values in call.filters().items():
        rows = [
            row
            for row in rows
            if matches(
                value_of(call, kind, row, name, backend.tags.get(row.id, {})), values
            )
        ]
    return rows


def page(rows: list[Any], wanted: dict[str, Any]) -> tuple[list[Any], str | None]:
    """One page of rows, and the token of the next."""
    start = 0
    if wanted.get("NextToken"):
        try:
            start = int(base64.b64decode(wanted["NextToken"]))
        except ValueError:
            raise Refusal(
                "InvalidNextToken", "The token is not valid for this request"
            ) from None
    limit = wanted.get("MaxResults")
    if not limit or start + limit >= len(rows):
        return rows[start:], None
    end = start + limit
    return rows[start:end], base64.b64encode(str(end).encode()).decode()


@before("ec2", *KINDS)
def describe(call: Call, world: World) -> Reply:
    """Answer a read of one of the kinds above."""
    kind = KINDS[call.operation]
    wanted = members(call)
    rows, token = page(chosen(call, world, kind, wanted), wanted)
    shown = rows
    if call.operation == "DescribeSecurityGroupRules":
        shown = [rule_shown(row) for row in rows]
    if call.operation == "DescribeAddresses":
        return render(call, {kind.result: shown})
    return render(call, {kind.result: shown, "NextToken": token})


@before("ec2", "DescribeTags")
def describe_tags(call: Call, world: World) -> Reply:
    """The tags of everything; new objects are missing here as well."""
    backend = world.moto("ec2", call.region, call.account)
    wanted = members(call)
    rows = [
        {
            "ResourceId": identifier,
            "ResourceType": EC2_PREFIX_TO_RESOURCE.get(get_prefix(identifier), ""),
            "Key": key,
            "Value": value,
        }
        for identifier, tags in list(backend.tags.items())
        if tags and not fresh(world, identifier)
        for key, value in tags.items()
    ]
    names = {
        "key": "Key",
        "value": "Value",
        "resource-id": "ResourceId",
        "resource-type": "ResourceType",
    }
    for name, values in call.filters().items():
        if name.startswith("tag:"):
            rows = [row for row in rows if row["Key"] == name[4:]]
        elif name not in names:
            raise Refusal("InvalidParameterValue", f"The filter '{name}' is invalid")
        member = names.get(name, "Value")
        rows = [row for row in rows if matches(row[member], values)]
    shown, token = page(rows, wanted)
    return render(call, {"Tags": shown, "NextToken": token})


def rule_shown(rule: Any) -> dict[str, Any]:
    """A security group rule as AWS shows it, descriptions of group sources too."""
    source = rule.source_group or {}
    plain = rule.ip_protocol == "-1"
    shown: dict[str, Any] = {
        "SecurityGroupRuleId": rule.id,
        "GroupId": rule.group_id,
        "GroupOwnerId": rule.owner_id,
        "IsEgress": rule.is_egress,
        "IpProtocol": rule.ip_protocol,
        "FromPort": -1 if plain or rule.from_port is None else rule.from_port,
        "ToPort": -1 if plain or rule.to_port is None else rule.to_port,
        "CidrIpv4": rule.ip_range.get("CidrIp"),
        "CidrIpv6": rule.ip_range.get("CidrIpv6"),
        "PrefixListId": rule.prefix_list_id,
        "Description": rule.ip_range.get("Description")
        or source.get("Description")
        or getattr(rule, "list_description", None),
        "Tags": rule.tag_set,
    }
    if source:
        group = rule.ec2_backend.get_security_group_from_id(source.get("GroupId"))
        shown["ReferencedGroupInfo"] = {
            "GroupId": source.get("GroupId"),
            "UserId": source.get("UserId") or rule.owner_id,
            "VpcId": group.vpc_id if group is not None else None,
        }
    return shown
