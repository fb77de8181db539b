"""Auto Scaling groups: those that EKS makes, and target groups on any of them.

moto keeps groups and their instances.  Those of a node group are spread over
their subnets here, as the service does it, and target groups follow the
instances.
"""

from __future__ import annotations

from typing import Any

from moto.autoscaling.models import (
    ASG_NAME_TAG,
    FakeAutoScalingGroup,
    InstanceState,
)

from .core import Call, Refusal, Reply, World, before
from .durations import TARGET_REGISTER
from .ec2_common import find

MAX_TARGET_GROUPS = 10  # per call


class SpreadGroup(FakeAutoScalingGroup):
    """A group whose instances go to the emptiest of its subnets."""

    on_launch: Any = None  # called with new instances
    on_terminate: Any = None  # called with the instances about to go

    def replace_autoscaling_group_instances(
        self, count_needed: int, propagated_tags: dict[str, str]
    ) -> None:
        tags = {**propagated_tags, ASG_NAME_TAG: self.name, **self.instance_tags}
        for _ in range(count_needed):
            self._launch(tags)

    def _launch(self, tags: dict[str, str]) -> None:
        subnets = (self.vpc_zone_identifier or "").split(",")
        load = dict.fromkeys(subnets, 0)
        for state in self.instance_states:
            if state.instance.subnet_id in load:
                load[state.instance.subnet_id] += 1
        subnet_id = min(subnets, key=lambda each: (load[each], subnets.index(each)))
        subnet = find(self.ec2_backend, subnet_id)
        assert self.ec2_launch_template is not None
        template = {"LaunchTemplateId": self.ec2_launch_template.id}
        reservation = self.ec2_backend.run_instances(
            self.image_id,
            1,
            None,
            [],
            instance_type=self.instance_type,
            tags={"instance": tags},
            placement=subnet.availability_zone,
            launch_template=template,
            is_instance_type_default=False,
            subnet_id=subnet_id,
            region_name=self.region,
        )
        for instance in reservation.instances:
            instance.autoscaling_group = self  # type: ignore[attr-defined]
            for nic in instance.nics.values():
                nic.delete_on_termination = True
            self.instance_states.append(InstanceState(instance))
        if self.on_launch is not None:
            self.on_launch(reservation.instances)

    def set_desired_capacity(self, new_capacity: int | None) -> None:
        before_states = list(self.instance_states)
        wanted = self.min_size if new_capacity is None else new_capacity
        surplus = len(before_states) - (wanted or 0)
        if surplus > 0:
            self.retire(before_states[:surplus])
        super().set_desired_capacity(new_capacity)

    def retire(self, states: list[InstanceState]) -> None:
        """Terminate these instances and take them off their target groups."""
        instances = [state.instance for state in states]
        if not instances:
            return
        for arn in self.target_group_arns:
            deregister(self.autoscaling_backend, arn, instances)
        if self.on_terminate is not None:
            self.on_terminate(instances)
        self.ec2_backend.terminate_instances([each.id for each in instances])
        gone = set(map(id, states))
        self.instance_states = [
            each for each in self.instance_states if id(each) not in gone
        ]


def deregister(backend: Any, arn: str, instances: list[Any]) -> None:
    """Take instances off a target group, if it is still there."""
    elbv2 = backend.elbv2_backend
    if arn in elbv2.target_groups:
        known = set(elbv2.target_groups[arn].targets)
        gone = [{"Id": each.id} for each in instances if each.id in known]
        if gone:
            elbv2.deregister_targets(arn, gone)


@before("autoscaling", "*")
def named(call: Call, world: World) -> None:
    """A name that is given has at least one character."""
    if call.params.get("AutoScalingGroupName") == "":
        raise Refusal(
            "ValidationError",
            "1 validation error detected: Value '' at 'autoScalingGroupName' failed "
            "to satisfy constraint: Member must have length greater than or equal to 1",
        )


def make_group(
    world: World,
    region: str,
    account: str,
    *,
    name: str,
    template: str,
    subnets: list[str],
    sizes: dict[str, int],
    tags: dict[str, str],
) -> SpreadGroup:
    """An empty group; give it a capacity to launch its instances."""
    backend = world.moto("autoscaling", region, account)
    group = backend.create_auto_scaling_group(
        name=name,
        availability_zones=[],
        desired_capacity=0,
        max_size=sizes["maxSize"],
        min_size=0,
        launch_config_name="",
        launch_template={"LaunchTemplateId": template, "Version": "1"},
        vpc_zone_identifier=",".join(subnets),
        default_cooldown=None,
        health_check_period=15,
        health_check_type="EC2",
        load_balancers=[],
        target_group_arns=[],
        placement_group=None,
        termination_policies=["AllocationStrategy", "OldestLaunchTemplate"],
        tags=[
            {"Key": key, "Value": value, "PropagateAtLaunch": True}
            for key, value in tags.items()
        ],
        capacity_rebalance=True,
    )
    group.__class__ = SpreadGroup
    group.min_size = sizes["minSize"]
    return group


def drop_group(world: World, region: str, account: str, name: str) -> None:
    """Terminate everything in a group and forget it."""
    backend = world.moto("autoscaling", region, account)
    group = backend.autoscaling_groups.get(name)
    if group is None:
        return
    if isinstance(group, SpreadGroup):
        group.retire(list(group.instance_states))
    backend.autoscaling_groups.pop(name, None)


# --------------------------------------------------------------------------
# Target groups


def validation(text: str) -> Refusal:
    """Auto Scaling's one error for nearly everything."""
    return Refusal("ValidationError", text)


def the_group(call: Call, world: World) -> Any:
    """The group of a call; a missing one is a ValidationError as well."""
    backend = world.moto("autoscaling", call.region, call.account)
    name = call.get("AutoScalingGroupName")
    group = backend.autoscaling_groups.get(name)
    if group is None:
        raise validation(
            f"AutoScalingGroup name not found - AutoScalingGroup: {name} not found"
        )
    return group


def check_targets(call: Call, world: World, arns: list[str]) -> None:
    """At most ten, all of them target groups that exist."""
    if not arns:
        raise validation("At least one target group must be specified")
    if len(arns) > MAX_TARGET_GROUPS:
        raise validation(
            f"You can specify up to {MAX_TARGET_GROUPS} target groups per call"
        )
    known = world.moto("elasticloadbalancing", call.region, call.account).target_groups
    for arn in arns:
        if arn not in known:
            raise validation(
                f"Provided Target Groups may not be valid. Please ensure they exist "
                f"and try again. (Target Group ARN: {arn})"
            )


def attach(call: Call, world: World, arns: list[str]) -> None:
    """Idempotent; the instances are registered in the background."""
    group = the_group(call, world)
    check_targets(call, world, arns)
    since = world.book("attached")
    for arn in arns:
        if arn not in group.target_group_arns:
            group.target_group_arns.append(arn)
            since[(group.name, arn)] = world.clock.now()
            world.book("detaching").pop((group.name, arn), None)
    group.autoscaling_backend.update_attached_target_groups(group.name)


def detach(call: Call, world: World, arns: list[str]) -> None:
    """Idempotent as well, as long as the target groups exist."""
    group = the_group(call, world)
    for arn in arns:
        if arn not in group.target_group_arns:
            raise validation(
                f"Trying to remove Target Groups that are not part of the group: {arn}"
            )
    instances = [state.instance for state in group.instance_states]
    for arn in arns:
        group.target_group_arns = [
            each for each in group.target_group_arns if each != arn
        ]
        world.book("attached").pop((group.name, arn), None)
        delay = drain_seconds(group.autoscaling_backend, arn) if instances else 0.0
        drained = world.clock.after(delay)
        world.book("detaching")[(group.name, arn)] = drained
        deregister(group.autoscaling_backend, arn, instances)


@before("autoscaling", "AttachLoadBalancerTargetGroups")
def attach_target_groups(call: Call, world: World) -> Reply:
    """The known workaround for node groups, which have no such setting."""
    attach(call, world, call.strings("TargetGroupARNs"))
    return call.reply({})


@before("autoscaling", "DetachLoadBalancerTargetGroups")
def detach_target_groups(call: Call, world: World) -> Reply:
    """The way back."""
    detach(call, world, call.strings("TargetGroupARNs"))
    return call.reply({})


@before("autoscaling", "AttachLoadBalancers")
def attach_classic(call: Call, world: World) -> None:
    """Classic load balancers have to be there."""
    group = the_group(call, world)
    known = group.autoscaling_backend.elb_backend.load_balancers
    if any(each not in known for each in call.strings("LoadBalancerNames")):
        raise validation(
            "Provided Load Balancers may not be valid. Please ensure they exist and "
            "try again."
        )


@before("autoscaling", "DetachLoadBalancers")
def detach_classic(call: Call, world: World) -> None:
    """Only those that are attached."""
    group = the_group(call, world)
    for name in call.strings("LoadBalancerNames"):
        if name not in group.load_balancer_names:
            raise validation(
                f"Trying to remove Load Balancers that are not part of the group: {name}"
            )


def sources(call: Call) -> list[str]:
    """Target group ARNs of the generic form."""
    structs = call.structs("TrafficSources")
    for each in structs:
        if each.get("Type", "elbv2") != "elbv2":
            raise validation("Only traffic sources of type elbv2 are supported here")
    return [each.get("Identifier", "") for each in structs]


@before("autoscaling", "AttachTrafficSources")
def attach_traffic_sources(call: Call, world: World) -> Reply:
    """The newer, generic form."""
    attach(call, world, sources(call))
    return call.reply({})


@before("autoscaling", "DetachTrafficSources")
def detach_traffic_sources(call: Call, world: World) -> Reply:
    """The way back."""
    detach(call, world, sources(call))
    return call.reply({})


def state_of(world: World, group: Any, arn: str) -> str:
    """Adding at first, then Added; InService where a health check counts."""
    since = world.book("attached").get((group.name, arn))
    if since is not None and not world.clock.older(since, TARGET_REGISTER):
        return "Adding"
    return "InService" if group.health_check_type == "ELB" else "Added"


def drain_seconds(backend: Any, arn: str) -> float:
    """How long the targets of a target group may finish what they began."""
    target_group = backend.elbv2_backend.target_groups.get(arn)
    if target_group is None:
        return 0.0
    delay = target_group.attributes.get("deregistration_delay.timeout_seconds")
    return float(delay or 300)


def states(world: World, group: Any) -> list[tuple[str, str]]:
    """The target groups of a group, also those that it is leaving, and their states."""
    found = [(arn, state_of(world, group, arn)) for arn in group.target_group_arns]
    detaching = world.book("detaching")
    for (name, arn), drained in list(detaching.items()):
        if world.clock.passed(drained):
            del detaching[(name, arn)]
        elif name == group.name:
            found.append((arn, "Removing"))
    return found


@before("autoscaling", "DescribeLoadBalancerTargetGroups")
def describe_target_groups(call: Call, world: World) -> Reply:
    """The target groups of a group and how far they are."""
    group = the_group(call, world)
    return call.reply(
        {
            "LoadBalancerTargetGroups": [
                {"LoadBalancerTargetGroupARN": arn, "State": state}
                for arn, state in states(world, group)
            ]
        }
    )


@before("autoscaling", "DescribeTrafficSources")
def describe_traffic_sources(call: Call, world: World) -> Reply:
    """The same in the generic form."""
    group = the_group(call, world)
    kind = call.get("TrafficSourceType") or "elbv2"
    return call.reply(
        {
            "TrafficSources": [
                {
                    "TrafficSource": arn,
                    "Identifier": arn,
                    "Type": "elbv2",
                    "State": state,
                }
                for arn, state in (states(world, group) if kind == "elbv2" else ())
            ]
        }
    )
