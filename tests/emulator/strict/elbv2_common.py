"""What load balancers, target groups and listeners share: lookups and tags."""

from __future__ import annotations

from typing import Any

from .core import Call, Refusal, Reply, World, before
from .durations import ELB_VISIBLE
from .support import members, render

SERVICE = "elasticloadbalancing"
MAX_TAGS = 50


def backend_of(call: Call, world: World) -> Any:
    """moto's load balancers of the call's Region and account."""
    return world.moto(SERVICE, call.region, call.account)


def invalid(text: str) -> Refusal:
    """A parameter that does not fit."""
    return Refusal("ValidationError", text)


def bad_configuration(text: str) -> Refusal:
    """Parameters that do not fit together or with what is there."""
    return Refusal("InvalidConfigurationRequest", text)


def no_balancer(arn: str = "") -> Refusal:
    """A load balancer that is not there."""
    return Refusal(
        "LoadBalancerNotFound",
        f"Load balancer '{arn}' not found"
        if arn
        else "One or more load balancers not found",
    )


def no_target_group(arn: str = "") -> Refusal:
    """A target group that is not there, or not seen yet."""
    return Refusal(
        "TargetGroupNotFound",
        f"Target groups '{arn}' not found"
        if arn
        else "One or more target groups not found",
    )


def no_listener(arn: str) -> Refusal:
    """A listener that is not there."""
    return Refusal("ListenerNotFound", f"Listener '{arn}' not found")


def balancer_of(backend: Any, arn: str) -> Any:
    """A load balancer by ARN."""
    found = backend.load_balancers.get(arn)
    if found is None:
        raise no_balancer(arn)
    return found


def all_listeners(backend: Any) -> list[Any]:
    """All listeners of a Region."""
    return [
        listener
        for balancer in backend.load_balancers.values()
        for listener in balancer.listeners.values()
    ]


def listener_of(backend: Any, arn: str) -> Any:
    """A listener by ARN."""
    for listener in all_listeners(backend):
        if listener.arn == arn:
            return listener
    raise no_listener(arn)


def is_fresh(world: World, arn: str) -> bool:
    """Whether a target group is too new to be seen."""
    made = world.book("elbv2_created").get(arn)
    window = world.settings.window("elbv2", ELB_VISIBLE)
    return made is not None and not world.clock.older(made, window)


def group_of(world: World, backend: Any, arn: str) -> Any:
    """A target group by ARN; new ones are not seen at once."""
    found = backend.target_groups.get(arn)
    if found is None or is_fresh(world, arn):
        raise no_target_group(arn)
    return found


def wanted_groups(data: dict[str, Any]) -> list[str]:
    """The target groups that an action forwards to."""
    config = data.get("ForwardConfig") or {}
    listed = [each["TargetGroupArn"] for each in config.get("TargetGroups", [])]
    return listed or ([data["TargetGroupArn"]] if data.get("TargetGroupArn") else [])


def users_of(backend: Any, arn: str) -> list[str]:
    """The load balancers that forward to a target group, by listener or rule."""
    found = []
    for listener in all_listeners(backend):
        for rule in listener.rules.values():
            if any(arn in wanted_groups(action.data) for action in rule.actions):
                found.append(listener.load_balancer_arn)
    return sorted(set(found))


def refresh_users(backend: Any) -> None:
    """Bring the target groups' lists of load balancers up to date."""
    for group in backend.target_groups.values():
        group.load_balancer_arns = users_of(backend, group.arn)


# --------------------------------------------------------------------------
# Tags


def tagged(world: World, backend: Any, arn: str) -> None:
    """Refuse an ARN that stands for nothing."""
    if ":targetgroup/" in arn:
        group_of(world, backend, arn)
    elif ":listener/" in arn:
        listener_of(backend, arn)
    elif ":listener-rule/" in arn:
        return
    else:
        balancer_of(backend, arn)


def check_tags(tags: dict[str, str]) -> None:
    """Fifty at most, none of AWS's."""
    if len(tags) > MAX_TAGS:
        raise Refusal("TooManyTags", "You've reached the limit on the number of tags")
    if any(key.lower().startswith("aws:") for key in tags):
        raise invalid("Tag keys starting with 'aws:' are reserved")


@before(SERVICE, "DescribeTags")
def describe_tags(call: Call, world: World) -> Reply:
    """At most twenty ARNs, all of them there."""
    backend = backend_of(call, world)
    arns = members(call).get("ResourceArns", [])
    if len(arns) > 20:
        raise invalid("Cannot have more than 20 resources described")
    shown = []
    for arn in arns:
        tagged(world, backend, arn)
        tags = backend.tagging_service.get_tag_dict_for_resource(arn)
        shown.append({"ResourceArn": arn, "Tags": tags})
    return render(call, {"TagDescriptions": shown})


@before(SERVICE, "AddTags")
def add_tags(call: Call, world: World) -> Reply:
    """Fifty tags per object (moto stops at ten)."""
    backend = backend_of(call, world)
    wanted = members(call)
    tags = wanted.get("Tags", [])
    new = {each["Key"]: each.get("Value", "") for each in tags}
    for arn in wanted.get("ResourceArns", []):
        tagged(world, backend, arn)
        present = backend.tagging_service.get_tag_dict_for_resource(arn)
        check_tags({**present, **new})
    for arn in wanted.get("ResourceArns", []):
        backend.tagging_service.tag_resource(arn, tags)
    return render(call, {})
