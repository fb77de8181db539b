"""The whole life of cluster, node group, add-ons and attachment."""

from __future__ import annotations

import pytest
from landscape import Platform, code_of, until

GONE = "ResourceNotFoundException"


@pytest.mark.parametrize("scale", [0, 6000])
def test_from_creation_to_nothing(emulator, aws, scale):
    emulator.world.clock.scale = scale
    platform = Platform(emulator)
    eks, asg, elb, ec2 = platform.eks, aws("autoscaling"), aws("elbv2"), platform.ec2
    start = emulator.control("/strict/inventory")

    # the cluster
    made = platform.create(clientRequestToken="first", tags={"stack": "a"})
    assert made["status"] == "CREATING" and "endpoint" not in made
    assert (
        platform.create(clientRequestToken="first", tags={"stack": "a"})["arn"]
        == made["arn"]
    )
    until(lambda: platform.cluster()["status"] == "ACTIVE")
    cluster = platform.cluster()
    own = cluster["resourcesVpcConfig"]["clusterSecurityGroupId"]
    assert cluster["identity"]["oidc"]["issuer"].startswith(
        "https://oidc.eks.us-east-1."
    )
    (group,) = ec2.describe_security_groups(GroupIds=[own])["SecurityGroups"]
    assert group["GroupName"].startswith("eks-cluster-sg-one-")
    tags = {each["Key"]: each["Value"] for each in group["Tags"]}
    assert tags["kubernetes.io/cluster/one"] == "owned"
    (rule,) = group["IpPermissions"]
    assert rule["UserIdGroupPairs"][0]["GroupId"] == own
    filters = [{"Name": "description", "Values": ["Amazon EKS one"]}]
    assert (
        len(ec2.describe_network_interfaces(Filters=filters)["NetworkInterfaces"]) == 3
    )

    # add-ons that need no nodes, then nodes, then coredns
    until(lambda: code_of(lambda: platform.addon("vpc-cni")) == "")
    platform.addon("kube-proxy")
    platform.addon("coredns")
    until(lambda: platform.addon_status("vpc-cni") == "ACTIVE")
    until(lambda: platform.addon_status("coredns") == "DEGRADED")
    made = platform.nodegroup()
    assert made["status"] == "CREATING" and "resources" not in made
    until(lambda: platform.group()["status"] == "ACTIVE")
    until(lambda: platform.addon_status("coredns") == "ACTIVE")
    name = platform.group()["resources"]["autoScalingGroups"][0]["name"]
    assert name.startswith("eks-workers-")
    entry = eks.describe_access_entry(
        clusterName="one", principalArn=platform.node_role
    )
    assert entry["accessEntry"]["type"] == "EC2_LINUX"

    # instances over three zones, in the cluster's own group only
    (found,) = asg.describe_auto_scaling_groups(AutoScalingGroupNames=[name])[
        "AutoScalingGroups"
    ]
    assert len(found["Instances"]) == 3
    assert len({each["AvailabilityZone"] for each in found["Instances"]}) == 3

    # attachment
    target = elb.create_target_group(
        Name="packages",
        Protocol="HTTP",
        Port=32080,
        VpcId=platform.vpc,
        TargetType="instance",
    )["TargetGroups"][0]["TargetGroupArn"]
    platform.settle()
    for _ in range(2):
        asg.attach_load_balancer_target_groups(
            AutoScalingGroupName=name, TargetGroupARNs=[target]
        )
    until(
        lambda: (
            asg.describe_load_balancer_target_groups(AutoScalingGroupName=name)[
                "LoadBalancerTargetGroups"
            ]
            == [{"LoadBalancerTargetGroupARN": target, "State": "Added"}]
        )
    )
    (found,) = asg.describe_auto_scaling_groups(AutoScalingGroupNames=[name])[
        "AutoScalingGroups"
    ]
    assert found["TargetGroupARNs"] == [target]
    health = elb.describe_target_health(TargetGroupArn=target)
    assert len(health["TargetHealthDescriptions"]) == 3

    # a version on: control plane, nodes, add-ons
    update = eks.update_cluster_version(name="one", version="1.34")
    until(lambda: platform.update(update)["status"] == "Successful")
    assert code_of(lambda: eks.update_cluster_version(name="one", version="1.35")) != ""
    update = eks.update_nodegroup_version(clusterName="one", nodegroupName="workers")
    until(
        lambda: (
            platform.update(update, nodegroupName="workers")["status"] == "Successful"
        )
    )
    assert platform.group()["version"] == "1.34"
    assert platform.group()["resources"]["autoScalingGroups"][0]["name"] == name
    health = elb.describe_target_health(TargetGroupArn=target)
    assert len(health["TargetHealthDescriptions"]) == 3

    # and away with it
    asg.detach_load_balancer_target_groups(
        AutoScalingGroupName=name, TargetGroupARNs=[target]
    )
    assert (
        elb.describe_target_health(TargetGroupArn=target)["TargetHealthDescriptions"]
        == []
    )
    elb.delete_target_group(TargetGroupArn=target)
    assert code_of(lambda: eks.delete_cluster(name="one")) == "ResourceInUseException"
    eks.delete_nodegroup(clusterName="one", nodegroupName="workers")
    until(lambda: code_of(platform.group) == GONE)
    assert (
        asg.describe_auto_scaling_groups(AutoScalingGroupNames=[name])[
            "AutoScalingGroups"
        ]
        == []
    )
    eks.delete_cluster(name="one")
    until(lambda: [code_of(platform.cluster) for _ in range(3)] == [GONE] * 3)
    until(lambda: emulator.control("/strict/inventory") == start)
