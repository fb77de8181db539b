"""Target groups on the Auto Scaling group of a node group."""

from __future__ import annotations

import boto3
import pytest
from botocore.config import Config
from landscape import Platform
from scene import refused

ERROR = "ValidationError"


@pytest.fixture
def group(emulator):
    """The name of an active node group's Auto Scaling group."""
    platform = Platform(emulator)
    platform.active()
    platform.addon("vpc-cni")
    platform.nodegroup()
    group = platform.group()["resources"]["autoScalingGroups"][0]["name"]
    return platform, group


def target_group(platform, name="one"):
    made = platform.emulator.client("elbv2").create_target_group(
        Name=name,
        Protocol="HTTP",
        Port=32080,
        VpcId=platform.vpc,
        TargetType="instance",
    )
    return made["TargetGroups"][0]["TargetGroupArn"]


def test_refusals(group, aws):
    platform, name = group
    asg = aws("autoscaling")
    arn = target_group(platform)
    with refused(ERROR, "AutoScalingGroup name not found"):
        asg.attach_load_balancer_target_groups(
            AutoScalingGroupName="nobody", TargetGroupARNs=[arn]
        )
    with refused(ERROR, "Target Group"):
        asg.attach_load_balancer_target_groups(
            AutoScalingGroupName=name, TargetGroupARNs=[arn + "x"]
        )
    with refused(ERROR, "up to 10"):
        asg.attach_load_balancer_target_groups(
            AutoScalingGroupName=name, TargetGroupARNs=[f"{arn}{n}" for n in range(11)]
        )
    with refused(ERROR, "not found"):
        asg.describe_load_balancer_target_groups(AutoScalingGroupName="nobody")


def test_the_generic_form(group, aws):
    platform, name = group
    asg = aws("autoscaling")
    arn = target_group(platform)
    source = [{"Identifier": arn, "Type": "elbv2"}]
    asg.attach_traffic_sources(AutoScalingGroupName=name, TrafficSources=source)
    found = asg.describe_traffic_sources(AutoScalingGroupName=name)["TrafficSources"]
    assert [(each["Identifier"], each["State"]) for each in found] == [(arn, "Added")]
    asg.detach_traffic_sources(AutoScalingGroupName=name, TrafficSources=source)
    assert (
        asg.describe_traffic_sources(AutoScalingGroupName=name)["TrafficSources"] == []
    )


def test_new_nodes_register_by_themselves(group, aws):
    platform, name = group
    arn = target_group(platform)
    aws("autoscaling").attach_load_balancer_target_groups(
        AutoScalingGroupName=name, TargetGroupARNs=[arn]
    )
    sizes = {"minSize": 3, "maxSize": 6, "desiredSize": 5}
    for desired in (5, 3):
        platform.eks.update_nodegroup_config(
            clusterName="one",
            nodegroupName="workers",
            scalingConfig={**sizes, "desiredSize": desired},
        )
        platform.group()
        health = aws("elbv2").describe_target_health(TargetGroupArn=arn)
        assert len(health["TargetHealthDescriptions"]) == desired


def test_adding_takes_a_moment(group, aws):
    platform, name = group
    platform.world.clock.scale = 0.001
    arn = target_group(platform)
    platform.settle()
    asg = aws("autoscaling")
    asg.attach_load_balancer_target_groups(
        AutoScalingGroupName=name, TargetGroupARNs=[arn]
    )

    def state():
        (found,) = asg.describe_load_balancer_target_groups(AutoScalingGroupName=name)[
            "LoadBalancerTargetGroups"
        ]
        return found["State"]

    assert state() == "Adding"
    platform.settle(21)
    assert state() == "Added"


def test_leaving_takes_as_long_as_targets_may_drain(group, aws):
    platform, name = group
    platform.world.clock.scale = 0.001
    arn = target_group(platform)
    platform.settle()
    aws("elbv2").modify_target_group_attributes(
        TargetGroupArn=arn,
        Attributes=[{"Key": "deregistration_delay.timeout_seconds", "Value": "60"}],
    )
    asg = aws("autoscaling")
    both = {"AutoScalingGroupName": name, "TargetGroupARNs": [arn]}
    asg.attach_load_balancer_target_groups(**both)
    asg.detach_load_balancer_target_groups(**both)
    with refused(ERROR, "not part of the group"):
        asg.detach_load_balancer_target_groups(**both)

    def states():
        found = asg.describe_load_balancer_target_groups(AutoScalingGroupName=name)
        return [each["State"] for each in found["LoadBalancerTargetGroups"]]

    assert states() == ["Removing"]
    platform.settle(61)
    assert states() == []


def test_another_group_name_after_a_replacement(group, aws):
    platform, name = group
    platform.eks.delete_nodegroup(clusterName="one", nodegroupName="workers")
    platform.eks.list_nodegroups(clusterName="one")
    platform.nodegroup()
    assert platform.group()["resources"]["autoScalingGroups"][0]["name"] != name


@pytest.mark.wrong_requests
def test_a_name_has_a_character(group, aws):
    platform, _ = group
    # Asked to, boto3 would refuse it by itself.
    asg = boto3.client(
        "autoscaling",
        region_name="us-east-1",
        endpoint_url=platform.emulator.url,
        aws_access_key_id="AKIATESTING",
        aws_secret_access_key="secret",
        config=Config(parameter_validation=False),
    )
    arn = target_group(platform)
    words = "Value '' at 'autoScalingGroupName' failed to satisfy constraint"
    with refused(ERROR, words):
        asg.describe_load_balancer_target_groups(AutoScalingGroupName="")
    for call in (
        asg.attach_load_balancer_target_groups,
        asg.detach_load_balancer_target_groups,
    ):
        with refused(ERROR, words):
            call(AutoScalingGroupName="", TargetGroupARNs=[arn])


def test_classic_load_balancers(group, aws, emulator):
    _, name = group
    asg = aws("autoscaling")
    with refused(ERROR, "Provided Load Balancers may not be valid"):
        asg.attach_load_balancers(AutoScalingGroupName=name, LoadBalancerNames=["old"])
    order = {"kind": "classic_load_balancer", "action": "create", "id": "old"}
    emulator.control("/strict/mutate", order)
    with refused(ERROR, "not part of the group"):
        asg.detach_load_balancers(AutoScalingGroupName=name, LoadBalancerNames=["old"])
    asg.attach_load_balancers(AutoScalingGroupName=name, LoadBalancerNames=["old"])

    def names():
        found = asg.describe_auto_scaling_groups(AutoScalingGroupNames=[name])
        return found["AutoScalingGroups"][0]["LoadBalancerNames"]

    assert names() == ["old"]
    asg.detach_load_balancers(AutoScalingGroupName=name, LoadBalancerNames=["old"])
    assert names() == []
