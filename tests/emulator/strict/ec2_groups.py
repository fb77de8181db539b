"""Security groups and their rules.

A rule is one protocol, one range of ports and one peer.  Authorising and
revoking several at once is all or nothing.
"""

from __future__ import annotations

import ipaddress
import re
from typing import Any

from moto.ec2.models.security_groups import SecurityGroupRule

from .core import Call, Refusal, Reply, World, after, before
from .ec2_common import (
    all_groups,
    bad_value,
    dependency,
    missing,
    need,
    not_found,
    within_quota,
)
from .ec2_describe import rule_shown
from .support import members, render

NAME = re.compile(r"[A-Za-z0-9 ._\-:/()#,@\[\]+=&;{}!$*]{1,255}")
PROTOCOLS = {"1": "icmp", "6": "tcp", "17": "udp", "58": "icmpv6", "all": "-1"}


@before("ec2", "CreateSecurityGroup")
def create_security_group(call: Call, world: World) -> None:
    """Names are unique per VPC in any case; a description is required."""
    backend = world.moto("ec2", call.region, call.account)
    name, text = call.get("GroupName"), call.get("GroupDescription")
    if call.get("VpcId"):
        vpc_id = need(backend, call.get("VpcId")).id
    else:
        vpc_id = backend.default_vpc.id
    if name.lower().startswith("sg-"):
        raise bad_value(
            f"Invalid value '{name}' for groupName. Group names cannot start with 'sg-'"
        )
    for value, field in ((name, "groupName"), (text, "groupDescription")):
        if not NAME.fullmatch(value):
            raise bad_value(
                f"Invalid value '{value}' for {field}. Character sets beyond ASCII "
                "are not supported."
            )
    for group in all_groups(backend):
        if group.vpc_id == vpc_id and group.name.lower() == name.lower():
            raise Refusal(
                "InvalidGroup.Duplicate",
                f"The security group '{name}' already exists for VPC '{vpc_id}'",
            )
    within_quota(
        world,
        "L-E79EC296",
        2500,
        len(all_groups(backend)),
        Refusal(
            "SecurityGroupLimitExceeded",
            "The maximum number of security groups has been reached.",
        ),
    )


@after("ec2", "CreateSecurityGroup")
def created_group(call: Call, reply: Reply, world: World) -> Reply | None:
    """The answer carries the tags as well."""
    if not reply.ok:
        return None
    identifier = reply.text.partition("<groupId>")[2].partition("<")[0]
    group = need(world.moto("ec2", call.region, call.account), identifier)
    return render(
        call,
        {"GroupId": group.id, "SecurityGroupArn": group.arn, "Tags": group.tag_set},
    )


# --------------------------------------------------------------------------
# Deletion


def used_by(world: World, backend: Any, group_id: str) -> bool:
    """Whether an interface, balancer, database or another group's rule still
    needs a group (clusters and nodes show by their interfaces)."""
    region, account = backend.region_name, backend.account_id
    for eni in backend.enis.values():
        if any(group is not None and group.id == group_id for group in eni.group_set):
            return True
    balancers = world.moto("elasticloadbalancing", region, account).load_balancers
    for balancer in balancers.values():
        if group_id in (balancer.security_groups or []):
            return True
    for database in world.moto("rds", region, account).databases.values():
        if group_id in (database.vpc_security_group_ids or []):
            return True
    return any(
        rule.source_group.get("GroupId") == group_id
        for group in all_groups(backend)
        if group.id != group_id
        for rule in (*group.ingress_rules, *group.egress_rules)
    )


@before("ec2", "DeleteSecurityGroup")
def delete_security_group(call: Call, world: World) -> None:
    """Not the default group, and none that is used or referenced."""
    backend = world.moto("ec2", call.region, call.account)
    if not call.get("GroupId"):
        if call.get("GroupName"):
            return
        raise missing("groupId")
    group = need(backend, call.get("GroupId"))
    if group.is_default:
        raise Refusal(
            "CannotDelete",
            f'the specified group: "{group.id}" name: "{group.name}" cannot be '
            "deleted by a user",
        )
    if used_by(world, backend, group.id):
        raise dependency(f"resource {group.id} has a dependent object")
    for rule in (*group.ingress_rules, *group.egress_rules):
        backend.tags.pop(rule.id, None)


# --------------------------------------------------------------------------
# Rules


def clean_cidr(text: str) -> str:
    """A CIDR block with its host bits cleared."""
    try:
        if "/" not in text:
            raise ValueError(text)
        return str(ipaddress.ip_network(text, strict=False))
    except ValueError:
        raise bad_value(f"CIDR block {text} is malformed") from None


def protocol_of(permission: dict[str, Any]) -> str:
    """The protocol by its name; "-1" stands for all."""
    named = permission.get("IpProtocol")
    if named is None:
        raise bad_value(
            "Invalid value 'null' for protocol. VPC security group rules must "
            "specify protocols explicitly."
        )
    lower = str(named).lower()
    known = PROTOCOLS.get(lower, lower)
    if not re.fullmatch(r"-1|tcp|udp|icmp|icmpv6|\d+", known):
        raise bad_value(f"Invalid value '{named}' for IP protocol. Unknown protocol.")
    return known


def ports_of(permission: dict[str, Any], protocol: str) -> tuple[Any, Any]:
    """The range of ports; none where the protocol has no ports."""
    low, high = permission.get("FromPort"), permission.get("ToPort")
    if protocol in ("tcp", "udp"):
        if low is None or high is None:
            raise bad_value(
                "Invalid value for portRange. Must specify both from and to ports "
                "with TCP/UDP."
            )
        if not 0 <= low <= 65535 or not 0 <= high <= 65535 or low > high:
            raise bad_value(
                f"Invalid value '{low}-{high}' for portRange. Must be between 0 and "
                "65535, from not above to"
            )
        return low, high
    if protocol.startswith("icmp"):
        return (-1 if low is None else low), (-1 if high is None else high)
    return None, None


def peers_of(
    backend: Any, group: Any, permission: dict[str, Any]
) -> list[tuple[str, str, str]]:
    """The peers of a permission: kind, value, description."""
    found: list[tuple[str, str, str]] = []
    if permission.get("CidrIp"):
        found.append(("CidrIp", clean_cidr(permission["CidrIp"]), ""))
    for each in permission.get("IpRanges", []):
        found.append(
            ("CidrIp", clean_cidr(each.get("CidrIp", "")), each.get("Description", ""))
        )
    for each in permission.get("Ipv6Ranges", []):
        cidr = clean_cidr(each.get("CidrIpv6", ""))
        found.append(("CidrIpv6", cidr, each.get("Description", "")))
    for each in permission.get("UserIdGroupPairs", []):
        named = each.get("GroupId", "")
        if not named:
            inside = backend.get_security_group_from_name(
                each.get("GroupName", ""), group.vpc_id
            )
            if inside is None:
                raise not_found(each.get("GroupName", ""))
            named = inside.id
        found.append(("GroupId", need(backend, named).id, each.get("Description", "")))
    for each in permission.get("PrefixListIds", []):
        found.append(
            ("PrefixListId", each.get("PrefixListId", ""), each.get("Description", ""))
        )
    if not found:
        raise Refusal(
            "MissingParameter",
            "The request must contain exactly one of: cidrIp, cidrIpv6, "
            "prefixListId, or referencedGroupId",
        )
    return found


Key = tuple[str, Any, Any, str, str]


def wanted_rules(
    backend: Any, group: Any, wanted: dict[str, Any]
) -> list[tuple[Key, str]]:
    """The rules a call names, each with its description."""
    permissions = wanted.get("IpPermissions")
    if not permissions:
        permissions = [wanted]
    found: list[tuple[Key, str]] = []
    for permission in permissions:
        protocol = protocol_of(permission)
        low, high = ports_of(permission, protocol)
        for kind, value, text in peers_of(backend, group, permission):
            found.append(((protocol, low, high, kind, value), text))
    keys = [key for key, _ in found]
    if len(set(keys)) < len(keys):
        raise bad_value("The same permission must not appear multiple times")
    return found


def key_of(rule: Any) -> Key:
    """What makes a rule the same as another; the description does not."""
    if rule.source_group:
        kind, value = "GroupId", rule.source_group.get("GroupId", "")
    elif rule.prefix_list_id:
        kind, value = "PrefixListId", rule.prefix_list_id
    elif rule.ip_range.get("CidrIpv6"):
        kind, value = "CidrIpv6", rule.ip_range["CidrIpv6"]
    else:
        kind, value = "CidrIp", rule.ip_range.get("CidrIp", "")
    protocol = rule.ip_protocol
    if protocol == "-1":
        return (protocol, None, None, kind, value)
    return (protocol, rule.from_port, rule.to_port, kind, value)


def make_rule(
    backend: Any, group: Any, key: Key, text: str, egress: bool, tags: dict[str, str]
) -> Any:
    """One rule in moto's books."""
    protocol, low, high, kind, value = key
    note = {"Description": text} if text else {}
    rule: Any = SecurityGroupRule(
        backend,
        protocol,
        group.id,
        str(0 if low is None else low),
        str(0 if high is None else high),
        {kind: value, **note} if kind.startswith("Cidr") else None,
        (
            {
                "GroupId": value,
                "UserId": backend.account_id,
                "OwnerId": backend.account_id,
                **note,
            }
            if kind == "GroupId"
            else None
        ),
        {"PrefixListId": value} if kind == "PrefixListId" else None,
        is_egress=egress,
        tags=tags,
    )
    if protocol not in ("tcp", "udp") and not protocol.startswith("icmp"):
        rule.from_port = rule.to_port = None
    if kind == "PrefixListId" and text:
        rule.list_description = text
    return rule


def side_of(call: Call, group: Any) -> tuple[list[Any], bool]:
    """The rules a call is about, and whether they are those of egress."""
    egress = call.operation.endswith("Egress")
    return (group.egress_rules if egress else group.ingress_rules), egress


def named_group(call: Call, world: World) -> Any:
    """The group of a rule call."""
    backend = world.moto("ec2", call.region, call.account)
    if call.get("GroupId"):
        return need(backend, call.get("GroupId"))
    group = backend.get_security_group_by_name_or_id(call.get("GroupName"))
    if group is None:
        raise not_found(call.get("GroupName"))
    return group


def said(key: Key) -> str:
    """A rule in the words of AWS's messages."""
    protocol, low, high, _, value = key
    ports = "" if low is None else f", from port: {low}, to port: {high}"
    name = "ALL" if protocol == "-1" else protocol.upper()
    return f'"peer: {value}, {name}{ports}, ALLOW"'


@before("ec2", "AuthorizeSecurityGroupIngress", "AuthorizeSecurityGroupEgress")
def authorize(call: Call, world: World) -> Reply:
    """Add rules: all of them, or none when one is there already."""
    backend = world.moto("ec2", call.region, call.account)
    group = named_group(call, world)
    side, egress = side_of(call, group)
    wanted = wanted_rules(backend, group, members(call))
    present = {key_of(rule) for rule in side}
    for key, _ in wanted:
        if key in present:
            raise Refusal(
                "InvalidPermission.Duplicate",
                f"the specified rule {said(key)} already exists",
            )
    if len(side) + len(wanted) > world.settings.quota("L-0EA8095F", 60):
        raise Refusal(
            "RulesPerSecurityGroupLimitExceeded",
            "The maximum number of rules per security group has been reached.",
        )
    made = [
        make_rule(backend, group, key, text, egress, call.tags())
        for key, text in wanted
    ]
    side.extend(made)
    return render(
        call, {"Return": True, "SecurityGroupRules": [rule_shown(r) for r in made]}
    )


@before("ec2", "RevokeSecurityGroupIngress", "RevokeSecurityGroupEgress")
def revoke(call: Call, world: World) -> Reply:
    """Take rules away by id or by content; descriptions do not matter."""
    backend = world.moto("ec2", call.region, call.account)
    group = named_group(call, world)
    side, egress = side_of(call, group)
    wanted = members(call)
    doomed: list[Any] = []
    if wanted.get("SecurityGroupRuleIds"):
        known = {rule.id: rule for rule in side}
        for identifier in wanted["SecurityGroupRuleIds"]:
            if identifier not in known:
                raise not_found(identifier)
            doomed.append(known[identifier])
    else:
        present = {key_of(rule): rule for rule in side}
        for key, _ in wanted_rules(backend, group, wanted):
            if key not in present:
                raise Refusal(
                    "InvalidPermission.NotFound",
                    "The specified rule does not exist in this security group.",
                )
            doomed.append(present[key])
    gone = {rule.id for rule in doomed}
    kept = [rule for rule in side if rule.id not in gone]
    if egress:
        group.egress_rules = kept
    else:
        group.ingress_rules = kept
    for identifier in gone:
        backend.tags.pop(identifier, None)
    revoked = []
    for rule in doomed:
        shown = rule_shown(rule)
        info = shown.pop("ReferencedGroupInfo", None)
        if info:
            shown["ReferencedGroupId"] = info["GroupId"]
        revoked.append(shown)
    return render(call, {"Return": True, "RevokedSecurityGroupRules": revoked})


@before("ec2", "ModifySecurityGroupRules")
def modify_rules(call: Call, world: World) -> Reply:
    """Replace the content of rules in place; ids and tags stay."""
    backend = world.moto("ec2", call.region, call.account)
    group = named_group(call, world)
    changes = []
    for update in members(call).get("SecurityGroupRules", []):
        identifier = update.get("SecurityGroupRuleId", "")
        rule = group.get_rule(identifier)
        if rule is None:
            raise not_found(identifier)
        changes.append((rule, new_content(backend, group, rule, update)))
    for rule, made in changes:
        for name in (
            "ip_protocol",
            "from_port",
            "to_port",
            "ip_range",
            "source_group",
            "prefix_list_id",
        ):
            setattr(rule, name, getattr(made, name))
        rule.list_description = getattr(made, "list_description", None)
    return render(call, {"Return": True})


def new_content(backend: Any, group: Any, rule: Any, update: dict[str, Any]) -> Any:
    """A rule with the new content, to be copied into the old one."""
    request = update.get("SecurityGroupRule", {})
    permission: dict[str, Any] = {
        "IpProtocol": request.get("IpProtocol"),
        "FromPort": request.get("FromPort"),
        "ToPort": request.get("ToPort"),
    }
    peers = {
        "CidrIpv4": ("IpRanges", "CidrIp"),
        "CidrIpv6": ("Ipv6Ranges", "CidrIpv6"),
        "ReferencedGroupId": ("UserIdGroupPairs", "GroupId"),
        "PrefixListId": ("PrefixListIds", "PrefixListId"),
    }
    named = [name for name in peers if request.get(name)]
    if len(named) > 1:
        raise Refusal(
            "InvalidParameterCombination",
            "Only one of cidrIp, cidrIpv6, prefixListId, or referencedGroupId can be "
            "specified",
        )
    for name in named:
        where, member = peers[name]
        permission[where] = [
            {member: request[name], "Description": request.get("Description", "")}
        ]
    ((key, text),) = wanted_rules(backend, group, {"IpPermissions": [permission]})
    if key_of(rule)[3] != key[3]:
        raise bad_value(
            f"Invalid rule type for security group rule '{rule.id}'. You may not "
            "change the type of the source or destination."
        )
    side = group.egress_rules if rule.is_egress else group.ingress_rules
    if any(key_of(each) == key and each.id != rule.id for each in side):
        raise Refusal(
            "InvalidPermission.Duplicate",
            f"the specified rule {said(key)} already exists",
        )
    return make_rule(backend, group, key, text, rule.is_egress, {})
