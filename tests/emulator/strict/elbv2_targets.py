"""Target groups."""

from __future__ import annotations

import re
from typing import Any

from moto.core.exceptions import ServiceException

from .core import DEFAULT_REGION, Call, Refusal, Reply, World, before, on_tick
from .durations import TARGET_GROUP_HELD, TARGET_INITIAL
from .elbv2_common import (
    SERVICE,
    backend_of,
    balancer_of,
    check_tags,
    group_of,
    invalid,
    is_fresh,
    no_target_group,
    users_of,
)
from .support import members, render

NAME = re.compile(r"(?!-)[A-Za-z0-9-]{1,32}(?<!-)")
MATCHER = re.compile(r"\d{3}([-,]\d{3})*")

DEFAULT_ATTRIBUTES = {
    "deregistration_delay.timeout_seconds": "300",
    "load_balancing.algorithm.type": "round_robin",
    "load_balancing.algorithm.anomaly_mitigation": "off",
    "load_balancing.cross_zone.enabled": "use_load_balancer_configuration",
    "slow_start.duration_seconds": "0",
    "stickiness.enabled": "false",
    "stickiness.type": "lb_cookie",
    "stickiness.lb_cookie.duration_seconds": "86400",
    "stickiness.app_cookie.cookie_name": "",
    "stickiness.app_cookie.duration_seconds": "86400",
    "target_group_health.dns_failover.minimum_healthy_targets.count": "1",
    "target_group_health.dns_failover.minimum_healthy_targets.percentage": "off",
    "target_group_health.unhealthy_state_routing.minimum_healthy_targets.count": "1",
    "target_group_health.unhealthy_state_routing.minimum_healthy_targets."
    "percentage": "off",
}
RANGES = {
    "deregistration_delay.timeout_seconds": (0, 3600),
    "slow_start.duration_seconds": (0, 900),
    "stickiness.lb_cookie.duration_seconds": (1, 604800),
    "stickiness.app_cookie.duration_seconds": (1, 604800),
}


def hold_group(world: World, arn: str) -> None:
    """Stay "in use" for some seconds after the last listener let go."""
    world.book("elbv2_held")[arn] = world.clock.after(TARGET_GROUP_HELD)


def settings_of(wanted: dict[str, Any]) -> dict[str, Any]:
    """The settings a create asks for, defaults filled in."""
    protocol = wanted.get("Protocol")
    return {
        "protocol": protocol,
        "protocol_version": wanted.get("ProtocolVersion", "HTTP1"),
        "port": wanted.get("Port"),
        "vpc_id": wanted.get("VpcId"),
        "target_type": wanted.get("TargetType", "instance"),
        "ip_address_type": wanted.get("IpAddressType", "ipv4"),
        "health_check_protocol": wanted.get("HealthCheckProtocol", protocol),
        "health_check_port": wanted.get("HealthCheckPort", "traffic-port"),
        "health_check_path": wanted.get("HealthCheckPath", "/"),
        "health_check_interval_seconds": wanted.get("HealthCheckIntervalSeconds", 30),
        "health_check_timeout_seconds": wanted.get("HealthCheckTimeoutSeconds", 5),
        "healthy_threshold_count": wanted.get("HealthyThresholdCount", 5),
        "unhealthy_threshold_count": wanted.get("UnhealthyThresholdCount", 2),
        "matcher": (wanted.get("Matcher") or {}).get("HttpCode", "200"),
    }


def check_health(wanted: dict[str, Any]) -> None:
    """Settings of the health check fit together."""
    if (
        wanted["health_check_timeout_seconds"]
        >= wanted["health_check_interval_seconds"]
    ):
        raise invalid(
            f"Health check timeout '{wanted['health_check_timeout_seconds']}' must be "
            f"smaller than the interval '{wanted['health_check_interval_seconds']}'"
        )
    if not str(wanted["health_check_path"]).startswith("/"):
        raise invalid(
            f"Health check path '{wanted['health_check_path']}' must begin with a '/' "
            "character"
        )
    if not MATCHER.fullmatch(wanted["matcher"]):
        raise invalid(f"Health check matcher '{wanted['matcher']}' is not valid")


@before(SERVICE, "CreateTargetGroup")
def create_group(call: Call, world: World) -> Reply:
    """Idempotent by content."""
    backend = backend_of(call, world)
    wanted = members(call)
    name = wanted.get("Name", "")
    if not NAME.fullmatch(name):
        raise invalid(
            f"Target group name '{name}' can only contain up to 32 characters that "
            "are alphanumeric characters or hyphens(-), and cannot begin or end with "
            "a hyphen"
        )
    for member, said in (
        ("Protocol", "protocol"),
        ("Port", "port"),
        ("VpcId", "VPC ID"),
    ):
        if wanted.get(member) is None:
            raise invalid(f"A {said} must be specified")
    chosen = settings_of(wanted)
    if chosen["vpc_id"] not in world.moto("ec2", call.region, call.account).vpcs:
        raise invalid(f"The VPC ID '{chosen['vpc_id']}' is not found")
    check_health(chosen)
    check_tags(call.tags())
    present = named(backend, name)
    if present is not None:
        if all(current(present, key) == str(value) for key, value in chosen.items()):
            return render(call, {"TargetGroups": [present]})
        raise Refusal(
            "DuplicateTargetGroupName",
            f"A target group with the same name '{name}' exists, but with different "
            "settings",
        )
    if len(backend.target_groups) >= world.settings.quota("L-B22855CB", 3000):
        raise Refusal(
            "TooManyTargetGroups",
            "The maximum number of target groups has been reached",
        )
    try:
        group = backend.create_target_group(
            name,
            vpc_id=chosen["vpc_id"],
            protocol=chosen["protocol"],
            protocol_version=chosen["protocol_version"],
            port=chosen["port"],
            target_type=chosen["target_type"],
            ip_address_type=chosen["ip_address_type"],
        )
    except ServiceException as error:
        raise Refusal(error.code, error.message) from None
    for key, value in chosen.items():
        setattr(group, key, {"HttpCode": value} if key == "matcher" else value)
    group.health_check_enabled = True
    group.attributes = dict(DEFAULT_ATTRIBUTES)
    backend.tagging_service.tag_resource(group.arn, wanted.get("Tags", []))
    world.book("elbv2_created")[group.arn] = world.clock.now()
    return render(call, {"TargetGroups": [group]})


def current(group: Any, key: str) -> str:
    """A setting of an existing target group, as text."""
    value = getattr(group, key)
    return str(value["HttpCode"] if key == "matcher" else value)


def named(backend: Any, name: str) -> Any:
    """A target group by name; None if there is none."""
    for group in backend.target_groups.values():
        if group.name == name:
            return group
    return None


@before(SERVICE, "DescribeTargetGroups")
def describe_groups(call: Call, world: World) -> Reply:
    """By ARN, by name, by load balancer, or page by page; new ones are missing."""
    backend = backend_of(call, world)
    wanted = members(call)
    visible = [
        group
        for group in sorted(backend.target_groups.values(), key=lambda each: each.name)
        if not is_fresh(world, group.arn)
    ]
    for group in visible:
        group.load_balancer_arns = users_of(backend, group.arn)
    if wanted.get("TargetGroupArns"):
        arns = wanted["TargetGroupArns"]
        found = [group_of(world, backend, arn) for arn in arns]
    elif wanted.get("Names"):
        found = [group for group in visible if group.name in wanted["Names"]]
        if len(found) < len(set(wanted["Names"])):
            raise no_target_group()
    elif wanted.get("LoadBalancerArn"):
        balancer = balancer_of(backend, wanted["LoadBalancerArn"])
        found = [group for group in visible if balancer.arn in group.load_balancer_arns]
    else:
        start = int(wanted.get("Marker") or 0)
        size = wanted.get("PageSize", 400)
        marker = str(start + size) if start + size < len(visible) else None
        page = visible[start : start + size]
        return render(call, {"TargetGroups": page, "NextMarker": marker})
    return render(call, {"TargetGroups": found})


@before(SERVICE, "ModifyTargetGroup")
def modify_group(call: Call, world: World) -> Reply:
    """Health check settings are all that can change."""
    backend = backend_of(call, world)
    wanted = members(call)
    group = group_of(world, backend, wanted.get("TargetGroupArn", ""))
    asked = settings_of(wanted)
    given = {
        "health_check_protocol": "HealthCheckProtocol",
        "health_check_port": "HealthCheckPort",
        "health_check_path": "HealthCheckPath",
        "health_check_interval_seconds": "HealthCheckIntervalSeconds",
        "health_check_timeout_seconds": "HealthCheckTimeoutSeconds",
        "healthy_threshold_count": "HealthyThresholdCount",
        "unhealthy_threshold_count": "UnhealthyThresholdCount",
        "matcher": "Matcher",
    }
    result: dict[str, Any] = {}
    for key, member in given.items():
        value = asked[key] if member in wanted else current(group, key)
        number = key.endswith(("_seconds", "_count"))
        result[key] = int(value) if number else value
    check_health(result)
    for key, value in result.items():
        setattr(group, key, {"HttpCode": value} if key == "matcher" else value)
    if "HealthCheckEnabled" in wanted:
        group.health_check_enabled = wanted["HealthCheckEnabled"]
    return render(call, {"TargetGroups": [group]})


@before(SERVICE, "DescribeTargetGroupAttributes")
def describe_attributes(call: Call, world: World) -> Reply:
    """All attributes with their values."""
    group = group_of(world, backend_of(call, world), call.get("TargetGroupArn"))
    return render(call, {"Attributes": group.attributes})


@before(SERVICE, "ModifyTargetGroupAttributes")
def modify_attributes(call: Call, world: World) -> Reply:
    """All of them or none: one unknown key fails the call."""
    wanted = members(call)
    group = group_of(world, backend_of(call, world), wanted.get("TargetGroupArn", ""))
    new = {each["Key"]: each.get("Value", "") for each in wanted.get("Attributes", [])}
    for key, value in new.items():
        if key not in DEFAULT_ATTRIBUTES:
            raise invalid(f"Target group attribute key '{key}' is not recognized")
        if key in RANGES:
            low, high = RANGES[key]
            if not value.isdigit() or not low <= int(value) <= high:
                raise invalid(
                    f"'{key}' value '{value}' must be between '{low}-{high}' inclusive"
                )
    group.attributes = {**group.attributes, **new}
    return render(call, {"Attributes": group.attributes})


@before(SERVICE, "DeleteTargetGroup")
def delete_group(call: Call, world: World) -> Reply:
    """Fine when absent, refused while used and for some seconds after."""
    backend = backend_of(call, world)
    arn = call.get("TargetGroupArn")
    group = backend.target_groups.get(arn)
    if group is None:
        return render(call, {})
    held = world.book("elbv2_held").get(arn)
    if users_of(backend, arn) or (held is not None and not world.clock.passed(held)):
        raise Refusal(
            "ResourceInUse",
            f"Target group '{arn}' is currently in use by a listener or a rule",
        )
    del backend.target_groups[arn]
    backend.tagging_service.delete_all_tags_for_resource(arn)
    return render(call, {})


# --------------------------------------------------------------------------
# Health


def answering(world: World, group: Any, value: bool) -> None:
    """From now on the targets of a group answer health checks, or do not."""
    world.book("elbv2_answers")[group.arn] = (value, world.clock.now())


def checked(world: World, group: Any, since: float) -> dict[str, str]:
    """The health of a registered target: nothing answers unless a test says so.

    A change shows after as many checks as the group asks for, the first answer
    of a new target at once.
    """
    if not world.clock.older(since, TARGET_INITIAL):
        return {
            "State": "initial",
            "Reason": "Elb.RegistrationInProgress",
            "Description": "Target registration is in progress",
        }
    value, changed = world.book("elbv2_answers").get(group.arn, (False, None))
    checks = group.healthy_threshold_count if value else group.unhealthy_threshold_count
    seconds = float(group.health_check_interval_seconds) * float(checks)
    known = changed is not None and since < changed
    if known and not world.clock.older(changed, seconds):
        value = not value
    if value:
        return {"State": "healthy"}
    return {
        "State": "unhealthy",
        "Reason": "Target.FailedHealthChecks",
        "Description": "Health checks failed",
    }


@on_tick
def notice_departures(world: World) -> None:
    """Remember since when targets are gone; forget it once they are back."""
    left = world.book("elbv2_left")
    gone = {
        (group.arn, identifier)
        for group in world.moto(SERVICE, DEFAULT_REGION).target_groups.values()
        for identifier in (*group.deregistered_targets, *group.terminated_targets)
        if identifier not in group.targets
    }
    for key in set(left) - gone:
        del left[key]
    for key in gone - set(left):
        left[key] = world.clock.now()


def draining(world: World, group: Any) -> list[dict[str, Any]]:
    """Targets that were taken off and may still finish what they began."""
    delay = float(group.attributes.get("deregistration_delay.timeout_seconds", 300))
    left = world.book("elbv2_left")
    return [
        target
        for target in (
            *group.deregistered_targets.values(),
            *group.terminated_targets.values(),
        )
        if (group.arn, target["Id"]) in left
        and not world.clock.older(left[(group.arn, target["Id"])], delay)
    ]


@before(SERVICE, "DescribeTargetHealth")
def describe_health(call: Call, world: World) -> Reply:
    """Unused until a listener forwards, initial for a moment, then as it answers."""
    backend = backend_of(call, world)
    wanted = members(call)
    group = group_of(world, backend, wanted.get("TargetGroupArn", ""))
    used = bool(users_of(backend, group.arn))
    seen = world.book("elbv2_seen")
    shown = []
    ids = [each["Id"] for each in wanted.get("Targets", [])]
    leaving = draining(world, group) if used else []
    for target in [*group.targets.values(), *leaving]:
        if ids and target["Id"] not in ids:
            continue
        key = (group.arn, target["Id"], used)
        if target in leaving:
            seen.pop(key, None)
            health = {
                "State": "draining",
                "Reason": "Target.DeregistrationInProgress",
                "Description": "Target deregistration is in progress",
            }
        elif not used:
            health = {
                "State": "unused",
                "Reason": "Target.NotInUse",
                "Description": "Target group is not configured to receive traffic "
                "from the load balancer",
            }
        else:
            since = seen.setdefault(key, world.clock.now())
            health = checked(world, group, since)
        port = target.get("Port") or group.port
        shown.append(
            {
                "Target": {"Id": target["Id"], "Port": port},
                "HealthCheckPort": str(port),
                "TargetHealth": health,
            }
        )
    return render(call, {"TargetHealthDescriptions": shown})
