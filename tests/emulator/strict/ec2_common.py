"""Rules that hold for every EC2 call.

Dry runs, throttling, tag specifications, the visibility of new objects, and
what the other EC2 modules share: refusals by kind of id, quotas, tokens.
"""

from __future__ import annotations

import json
import re
from typing import Any

from .core import Call, Refusal, Reply, World, after, before
from .durations import EC2_VISIBLE

# What AWS calls an id that does not exist, by prefix of the id.
NOT_FOUND = {
    "vpc-": ("InvalidVpcID.NotFound", "The vpc ID '{}' does not exist"),
    "subnet-": ("InvalidSubnetID.NotFound", "The subnet ID '{}' does not exist"),
    "igw-": (
        "InvalidInternetGatewayID.NotFound",
        "The internetGateway ID '{}' does not exist",
    ),
    "eipalloc-": (
        "InvalidAllocationID.NotFound",
        "The allocation ID '{}' does not exist",
    ),
    "nat-": ("NatGatewayNotFound", "The Nat Gateway {} was not found"),
    "rtb-": ("InvalidRouteTableID.NotFound", "The routeTable ID '{}' does not exist"),
    "rtbassoc-": (
        "InvalidAssociationID.NotFound",
        "The association ID '{}' does not exist",
    ),
    "sg-": ("InvalidGroup.NotFound", "The security group '{}' does not exist"),
    "sgr-": (
        "InvalidSecurityGroupRuleId.NotFound",
        "The security group rule ID '{}' does not exist",
    ),
    "vpce-": (
        "InvalidVpcEndpointId.NotFound",
        "The Vpc Endpoint Id '{}' does not exist",
    ),
    "eni-": (
        "InvalidNetworkInterfaceID.NotFound",
        "The networkInterface ID '{}' does not exist",
    ),
}

# The object made by a call, in its answer.
MADE = {
    "CreateVpc": "vpcId",
    "CreateSubnet": "subnetId",
    "CreateInternetGateway": "internetGatewayId",
    "AllocateAddress": "allocationId",
    "CreateNatGateway": "natGatewayId",
    "CreateRouteTable": "routeTableId",
    "CreateSecurityGroup": "groupId",
    "CreateVpcEndpoint": "vpcEndpointId",
}

TAGGABLE = {
    "CreateVpc": "vpc",
    "CreateSubnet": "subnet",
    "CreateInternetGateway": "internet-gateway",
    "AllocateAddress": "elastic-ip",
    "CreateNatGateway": "natgateway",
    "CreateRouteTable": "route-table",
    "CreateSecurityGroup": "security-group",
    "AuthorizeSecurityGroupIngress": "security-group-rule",
    "AuthorizeSecurityGroupEgress": "security-group-rule",
    "CreateVpcEndpoint": "vpc-endpoint",
    "CreateNetworkInterface": "network-interface",
}

# Token buckets: capacity and refill per second, by action.
BUCKETS = {
    "AuthorizeSecurityGroupIngress": (50.0, 5.0),
    "RevokeSecurityGroupIngress": (50.0, 5.0),
    "CreateTags": (100.0, 10.0),
    "DeleteTags": (100.0, 10.0),
    "CreateNatGateway": (10.0, 1.0),
    "DeleteNatGateway": (10.0, 1.0),
    "CreateVpcEndpoint": (4.0, 0.3),
    "ModifyVpcEndpoint": (4.0, 0.3),
    "DeleteVpcEndpoints": (4.0, 0.3),
    "DeleteNetworkInterface": (100.0, 5.0),
    "ModifyNetworkInterfaceAttribute": (100.0, 5.0),
    "RunInstances": (5.0, 2.0),
}
READ_BUCKET = (100.0, 20.0)
UNFILTERED_READ_BUCKET = (50.0, 10.0)
WRITE_BUCKET = (50.0, 5.0)
UNFILTERED_READS = {
    "DescribeInstances",
    "DescribeInstanceStatus",
    "DescribeNetworkInterfaces",
    "DescribeSecurityGroups",
    "DescribeSnapshots",
    "DescribeVolumes",
}


def not_found(identifier: str) -> Refusal:
    """The refusal for an id that does not exist."""
    prefix = identifier.split("-", 1)[0] + "-"
    code, text = NOT_FOUND.get(prefix, ("InvalidID", "The ID '{}' is not valid"))
    return Refusal(code, text.format(identifier))


def dependency(text: str) -> Refusal:
    """Something else still needs the object."""
    return Refusal("DependencyViolation", text)


def bad_value(text: str) -> Refusal:
    """A parameter that is well-formed and still wrong."""
    return Refusal("InvalidParameterValue", text)


def missing(name: str) -> Refusal:
    """A required parameter that is not there."""
    return Refusal("MissingParameter", f"The request must contain the parameter {name}")


# --------------------------------------------------------------------------
# Throttling


def bucket_of(call: Call) -> tuple[float, float]:
    """Capacity and refill of the bucket a call draws from."""
    if call.operation in BUCKETS:
        return BUCKETS[call.operation]
    if call.mutating:
        return WRITE_BUCKET
    narrowed = any(key.startswith(("Filter", "MaxResults")) for key in call.params)
    if call.operation in UNFILTERED_READS and not narrowed:
        return UNFILTERED_READ_BUCKET
    return READ_BUCKET


@before("ec2", "*")
def throttle(call: Call, world: World) -> None:
    """Token buckets per action; only with the setting ``throttle``."""
    if not world.settings.extra.get("throttle"):
        return
    capacity, refill = bucket_of(call)
    buckets = world.book("ec2_buckets")
    now = world.clock.now()
    key = (call.account, call.region, call.operation)
    tokens, since = buckets.get(key, (capacity, now))
    tokens = min(capacity, tokens + (now - since) * refill)
    if tokens < 1:
        buckets[key] = (tokens, now)
        raise Refusal("RequestLimitExceeded", "Request limit exceeded.", 503)
    buckets[key] = (tokens - 1, now)


# --------------------------------------------------------------------------
# Dry runs, tag specifications


@before("ec2", "*")
def dry_run(call: Call, world: World) -> None:
    """``DryRun`` says whether the call is permitted and performs nothing."""
    if call.flag("DryRun"):
        raise Refusal(
            "DryRunOperation",
            "Request would have succeeded, but DryRun flag is set.",
            412,
        )


@before("ec2", *TAGGABLE)
def tag_specifications(call: Call, world: World) -> None:
    """Tags on create must name the type the call makes, and no reserved key."""
    for spec in call.structs("TagSpecification"):
        named = spec.get("ResourceType", "")
        if named != TAGGABLE[call.operation]:
            raise bad_value(
                f"'{named}' is not a valid taggable resource type for this operation."
            )
    refuse_reserved(call.tags())


@before("ec2", "CreateTags")
def create_tags(call: Call, world: World) -> None:
    """Tags go to objects that exist, and keys starting with "aws:" are AWS's."""
    backend = world.moto("ec2", call.region, call.account)
    for identifier in call.strings("ResourceId"):
        if not exists(backend, identifier):
            raise not_found(identifier)
    refuse_reserved(
        {tag.get("Key", ""): tag.get("Value", "") for tag in call.structs("Tag")}
    )


def refuse_reserved(tags: dict[str, str]) -> None:
    """Keys starting with "aws:" are AWS's own."""
    if any(key.lower().startswith("aws:") for key in tags):
        raise bad_value("Tag keys starting with 'aws:' are reserved for internal use")


def exists(backend: Any, identifier: str) -> bool:
    """Whether moto has an object of that id (kinds we do not know: yes)."""
    found = find(backend, identifier)
    return True if found is NotImplemented else found is not None


def find(backend: Any, identifier: str) -> Any:
    """An object by its id; None if there is none, NotImplemented for odd kinds."""
    prefix = identifier.split("-", 1)[0]
    if prefix == "subnet":
        for zone in backend.subnets.values():
            if identifier in zone:
                return zone[identifier]
        return None
    if prefix == "sg":
        return backend.get_security_group_from_id(identifier)
    if prefix == "sgr":
        for rule in all_rules(backend):
            if rule.id == identifier:
                return rule
        return None
    if prefix == "eipalloc":
        for address in backend.addresses:
            if address.allocation_id == identifier:
                return address
        return None
    books = {
        "vpc": "vpcs",
        "igw": "internet_gateways",
        "nat": "nat_gateways",
        "rtb": "route_tables",
        "vpce": "vpc_end_points",
        "eni": "enis",
    }
    if prefix not in books:
        return NotImplemented
    return getattr(backend, books[prefix]).get(identifier)


def need(backend: Any, identifier: str) -> Any:
    """An object by its id, or the refusal for it."""
    found = find(backend, identifier)
    if found is None or found is NotImplemented:
        raise not_found(identifier)
    return found


def all_groups(backend: Any) -> list[Any]:
    """All security groups of a region."""
    return [group for vpc in backend.groups.values() for group in vpc.values()]


def all_rules(backend: Any) -> list[Any]:
    """All security group rules of a region."""
    return [
        rule
        for group in all_groups(backend)
        for rule in (*group.ingress_rules, *group.egress_rules)
    ]


def all_subnets(backend: Any) -> list[Any]:
    """All subnets of a region."""
    return [each for zone in backend.subnets.values() for each in zone.values()]


# --------------------------------------------------------------------------
# Visibility of new objects


def fresh(world: World, identifier: str) -> bool:
    """Whether an object is too new to be seen by reads and other calls.

    With the setting ``flapping`` it is then seen every other time only, for as
    long again.
    """
    book = world.book("ec2_fresh")
    made = book.get(identifier)
    if made is None:
        return False
    window = world.settings.window("ec2", EC2_VISIBLE)
    if not world.clock.older(made, window):
        return True
    flapping = world.settings.extra.get("flapping")
    if flapping and not world.clock.older(made, 2 * window):
        looks = world.book("ec2_looks")
        looks[identifier] = looks.get(identifier, 0) + 1
        return looks[identifier] % 2 == 0
    del book[identifier]
    return False


@before("ec2", "*")
def unseen(call: Call, world: World) -> None:
    """For some seconds a new id "does not exist" for every other call."""
    if not world.book("ec2_fresh"):
        return
    for key, value in call.params.items():
        if key.startswith("Filter") or not isinstance(value, str):
            continue
        if fresh(world, value):
            if call.operation == "DeleteVpcEndpoints":
                continue  # reports failures inside a success
            raise not_found(value)


@after("ec2", *MADE)
def remember_new(call: Call, reply: Reply, world: World) -> None:
    """Note when an object came into being."""
    found = re.search(rf"<{MADE[call.operation]}>([^<]+)<", reply.text)
    if reply.ok and found and not call.notes.get("replayed"):
        world.book("ec2_fresh")[found.group(1)] = world.clock.now()


@after("ec2", "*")
def forget_tags(call: Call, reply: Reply, world: World) -> None:
    """Tags go with their object (NAT gateways and endpoints linger, see there).

    With the setting ``tags_stay`` the list of tags has not heard of it yet.
    """
    if world.settings.extra.get("tags_stay"):
        return
    if not reply.ok or not call.operation.startswith(("Delete", "Release")):
        return
    backend = world.moto("ec2", call.region, call.account)
    for name, value in call.params.items():
        if not isinstance(value, str) or not re.search(r"Id(\.\d+)?$", name):
            continue
        if find(backend, value) is None:
            backend.tags.pop(value, None)


# --------------------------------------------------------------------------
# Tokens and quotas


def fingerprint(call: Call) -> str:
    """The body of a call apart from its token: what must be equal in a repeat."""
    kept = {key: value for key, value in call.params.items() if key != "ClientToken"}
    return json.dumps(kept, sort_keys=True)


def token_key(call: Call) -> tuple[str, str, str, str]:
    """Tokens are remembered per account, Region and operation."""
    return call.account, call.region, call.operation, call.get("ClientToken")


def replayed(call: Call, world: World) -> Any:
    """What a call with this token made before; None for a first call."""
    token = call.get("ClientToken")
    if not token:
        return None
    if len(token) > 64 or not token.isascii():
        raise bad_value(
            f"Value ({token}) for parameter ClientToken is invalid. "
            "It must be at most 64 ASCII characters"
        )
    entry = world.book("ec2_tokens").get(token_key(call))
    if entry is None:
        return None
    before_, made = entry
    if before_ != fingerprint(call):
        raise Refusal(
            "IdempotentParameterMismatch",
            "The request uses the same client token as a previous, but "
            "non-identical request. Do not reuse a client token with different "
            "requests, unless the requests are identical",
        )
    call.notes["replayed"] = True
    return made


def remember_token(call: Call, world: World, made: Any) -> None:
    """Note what a call with a token made."""
    token = call.get("ClientToken")
    if token:
        world.book("ec2_tokens")[token_key(call)] = (fingerprint(call), made)


def within_quota(
    world: World, code: str, default: int, used: int, refusal: Refusal
) -> None:
    """Refuse one more object when the quota is used up."""
    if used >= world.settings.quota(code, default):
        raise refusal
