"""Node groups: what is checked at once, and what only shows twenty minutes on."""

from __future__ import annotations

import pytest
from landscape import WORKER, Platform, code_of
from scene import refused, slow

INVALID = "InvalidParameterException"
IN_USE = "ResourceInUseException"
GONE = "ResourceNotFoundException"
ONE = {"clusterName": "one", "nodegroupName": "workers"}


@pytest.fixture
def platform(emulator):
    """An active cluster with vpc-cni and a way out, nothing takes time."""
    made = Platform(emulator)
    made.active()
    made.addon("vpc-cni")
    return made


@pytest.fixture
def patient(emulator):
    """The same, where time passes only when told."""
    slow(emulator.world)
    made = Platform(emulator)
    made.active()
    made.addon("vpc-cni")
    made.settle(60)
    return made


def sizes(low, high, desired):
    return {"minSize": low, "maxSize": high, "desiredSize": desired}


# ---- creating


def test_repeats_and_tokens(platform):
    made = platform.nodegroup(clientRequestToken="a")
    again = platform.nodegroup(clientRequestToken="a")
    assert made["nodegroupArn"] == again["nodegroupArn"]
    with refused(INVALID):
        platform.nodegroup(clientRequestToken="a", diskSize=100)
    with refused(IN_USE, "NodeGroup already exists with name workers"):
        platform.nodegroup(clientRequestToken="b")


def test_defaults(platform):
    platform.nodegroup(instanceTypes=[])
    group = platform.group()
    assert group["amiType"] == "AL2023_x86_64_STANDARD"
    assert group["diskSize"] == 20
    assert group["capacityType"] == "ON_DEMAND"
    assert group["updateConfig"] == {"maxUnavailable": 1}
    assert group["version"] == "1.33"
    assert group["releaseVersion"].startswith("1.33.")


@pytest.mark.parametrize(
    ("wrong", "text"),
    [
        ({"scalingConfig": sizes(4, 6, 3)}, "can't be greater than desired size 3"),
        ({"scalingConfig": sizes(1, 2, 3)}, "can't be greater than max size 2"),
        ({"instanceTypes": ["c9z.huge"]}, "not a valid instance type"),
        ({"amiType": "AL2_x86_64"}, "not supported for kubernetes version 1.33"),
        ({"version": "1.34"}, "equal to or less than"),
        ({"subnets": ["subnet-0123456789abcdef0"]}, "does not exist"),
        ({"nodeRole": "arn:aws:iam::123456789012:role/nobody"}, "cannot be found"),
        ({"nodeRole": "arn:aws:iam::123456789012:role/cluster"}, "ec2.amazonaws.com"),
        (
            {
                "taints": [{"key": "a", "effect": "NO_SCHEDULE"}],
                "updateConfig": {"maxUnavailable": 1, "maxUnavailablePercentage": 5},
            },
            "Exactly one",
        ),
    ],
)
def test_what_is_checked_at_once(platform, wrong, text):
    with refused(INVALID, text):
        platform.nodegroup(**wrong)


def test_the_group_is_named_once_it_is_active(patient):
    patient.nodegroup()
    patient.settle(140)
    assert patient.group()["status"] == "CREATING"
    assert "resources" not in patient.group()
    patient.settle(20)
    group = patient.group()
    assert group["status"] == "ACTIVE" and group["health"]["issues"] == []
    assert group["resources"]["autoScalingGroups"][0]["name"].startswith("eks-workers-")


def broken(platform, what):
    """Break one of the things nodes need."""
    ec2, iam = platform.ec2, platform.iam
    if what == "route":
        tables = ec2.describe_route_tables(
            Filters=[{"Name": "route.nat-gateway-id", "Values": [platform.nat]}]
        )["RouteTables"]
        ec2.delete_route(
            RouteTableId=tables[0]["RouteTableId"], DestinationCidrBlock="0.0.0.0/0"
        )
    elif what == "nat":
        ec2.delete_nat_gateway(NatGatewayId=platform.nat)
    elif what == "association":
        table = ec2.describe_route_tables(
            Filters=[{"Name": "association.subnet-id", "Values": [platform.private[2]]}]
        )["RouteTables"][0]
        for each in table["Associations"]:
            if each["SubnetId"] == platform.private[2]:
                ec2.disassociate_route_table(
                    AssociationId=each["RouteTableAssociationId"]
                )
    elif what == "cni":
        platform.eks.delete_addon(clusterName="one", addonName="vpc-cni")
    elif what == "dns":
        ec2.modify_vpc_attribute(
            VpcId=platform.vpc, EnableDnsHostnames={"Value": False}
        )
    elif what == "endpoint":
        platform.eks.update_cluster_config(
            name="one",
            resourcesVpcConfig={
                "endpointPrivateAccess": False,
                "publicAccessCidrs": ["198.51.100.0/24"],
            },
        )
    else:
        iam.detach_role_policy(
            RoleName="nodes", PolicyArn=f"arn:aws:iam::aws:policy/{what}"
        )


@pytest.mark.parametrize(
    "what", ["route", "nat", "association", "cni", "dns", "endpoint", *WORKER]
)
def test_nodes_that_cannot_join_fail_late_and_say_nothing(patient, what):
    broken(patient, what)
    patient.settle(200)
    patient.nodegroup()
    patient.settle(1100)
    group = patient.group()
    assert group["status"] == "CREATING" and group["health"]["issues"] == []
    patient.settle(150)
    group = patient.group()
    assert group["status"] == "CREATE_FAILED"
    (issue,) = group["health"]["issues"]
    assert issue["code"] == "NodeCreationFailure"
    assert issue["message"] == "Instances failed to join the kubernetes cluster"
    with refused(IN_USE, "not in Active State"):
        patient.eks.update_nodegroup_config(**ONE, scalingConfig=sizes(1, 6, 3))
    patient.eks.delete_nodegroup(**ONE)
    patient.settle(300)
    assert code_of(patient.group) == GONE


def test_nodes_join_when_the_obstacle_goes_in_time(patient):
    patient.eks.delete_addon(clusterName="one", addonName="vpc-cni")
    patient.settle(30)
    patient.nodegroup()
    patient.settle(600)
    assert patient.group()["status"] == "CREATING"
    patient.addon("vpc-cni")
    patient.settle(60)
    assert patient.group()["status"] == "ACTIVE"


def test_bootstrapped_clusters_bring_their_own_cni(emulator):
    platform = Platform(emulator)
    platform.active(bootstrapSelfManagedAddons=True)
    platform.nodegroup()
    assert platform.group()["status"] == "ACTIVE"


def test_the_cni_policy_may_sit_on_the_addons_role(emulator):
    platform = Platform(emulator, policies=WORKER[:2])
    platform.active()
    role = platform.make_role("cni", "ec2.amazonaws.com", ["AmazonEKS_CNI_Policy"])
    platform.addon("vpc-cni", serviceAccountRoleArn=role)
    platform.nodegroup()
    assert platform.group()["status"] == "ACTIVE"


def test_public_subnets_must_number_their_instances(platform):
    platform.nodegroup(subnets=platform.public)
    group = platform.group()
    assert group["status"] == "CREATE_FAILED"
    assert group["health"]["issues"][0]["code"] == "Ec2SubnetInvalidConfiguration"


def test_a_type_that_a_zone_lacks_never_launches(patient):
    lacking = patient.subnet("10.0.200.0/24", "us-east-1e")
    patient.settle()
    patient.nodegroup(subnets=[patient.private[0], lacking])
    patient.settle(400)
    group = patient.group()
    assert group["status"] == "CREATING"
    assert group["health"]["issues"][0]["code"] == "AsgInstanceLaunchFailures"
    patient.settle(1000)
    assert patient.group()["status"] == "CREATE_FAILED"


def test_the_vcpu_quota_counts(platform):
    platform.world.settings.quotas["L-1216C47A"] = 32
    platform.nodegroup()
    (issue,) = platform.group()["health"]["issues"]
    assert "VcpuLimitExceeded" in issue["message"]


# ---- changing


def test_sizes_must_fit_the_current_desired_size(emulator, platform):
    platform.nodegroup()
    order = {"kind": "nodegroup", "id": "one/workers", "action": "desired", "value": 5}
    platform.group()
    emulator.control("/strict/mutate", order)
    with refused(INVALID, "can't be greater than max size 4"):
        platform.eks.update_nodegroup_config(
            **ONE, scalingConfig={"minSize": 1, "maxSize": 4}
        )
    platform.eks.update_nodegroup_config(**ONE, scalingConfig=sizes(1, 4, 4))
    assert platform.group()["scalingConfig"] == sizes(1, 4, 4)


def test_labels_and_taints_are_edited(platform):
    platform.nodegroup(labels={"a": "1", "b": "2"})
    platform.group()
    platform.eks.update_nodegroup_config(
        **ONE,
        labels={"addOrUpdateLabels": {"a": "3"}, "removeLabels": ["b"]},
        taints={
            "addOrUpdateTaints": [{"key": "k", "value": "v", "effect": "NO_SCHEDULE"}]
        },
        updateConfig={"maxUnavailable": 2},
    )
    group = platform.group()
    assert group["labels"] == {"a": "3"}
    assert group["taints"] == [{"key": "k", "value": "v", "effect": "NO_SCHEDULE"}]
    assert group["updateConfig"] == {"maxUnavailable": 2}


def test_one_update_at_a_time(patient):
    patient.nodegroup()
    patient.settle(160)
    made = patient.eks.update_nodegroup_config(**ONE, scalingConfig=sizes(3, 6, 4))
    with refused(IN_USE, "not in Active State"):
        patient.eks.update_nodegroup_config(**ONE, scalingConfig=sizes(3, 6, 5))
    with refused(IN_USE):
        patient.eks.delete_nodegroup(**ONE)
    assert patient.group()["status"] == "UPDATING"
    assert patient.group()["scalingConfig"] == sizes(3, 6, 3)
    with refused(GONE, "No update found"):
        patient.update(made)
    patient.settle(61)
    assert patient.update(made, nodegroupName="workers")["status"] == "Successful"
    assert patient.group()["scalingConfig"] == sizes(3, 6, 4)


def test_versions_follow_the_cluster_and_never_fall(platform):
    platform.nodegroup()
    platform.group()
    with refused(INVALID, "already at the desired release version"):
        platform.eks.update_nodegroup_version(**ONE)
    with refused(INVALID, "equal to or less than"):
        platform.eks.update_nodegroup_version(**ONE, version="1.34")
    platform.eks.update_cluster_version(name="one", version="1.34")
    platform.cluster()
    with refused("InvalidRequestException", "must be updated to match"):
        platform.eks.update_cluster_version(name="one", version="1.35")
    platform.eks.update_nodegroup_version(**ONE)
    assert platform.group()["version"] == "1.34"
    with refused(INVALID, "cannot be downgraded"):
        platform.eks.update_nodegroup_version(**ONE, version="1.33")


def test_a_rolling_update_adds_six_nodes_for_a_while(patient, aws):
    patient.nodegroup()
    patient.settle(160)
    name = patient.group()["resources"]["autoScalingGroups"][0]["name"]

    def counts():
        (found,) = aws("autoscaling").describe_auto_scaling_groups(
            AutoScalingGroupNames=[name]
        )["AutoScalingGroups"]
        return found["DesiredCapacity"], len(found["Instances"])

    before = instance_ids(aws, name)
    old = {"releaseVersion": "1.33.10-20261001"}
    patient.eks.update_nodegroup_version(**ONE, **old)
    assert counts() == (9, 9)
    assert patient.group()["scalingConfig"] == sizes(3, 6, 3)
    patient.settle(901)
    assert counts() == (3, 3)
    assert not before & instance_ids(aws, name)


def instance_ids(aws, name):
    (found,) = aws("autoscaling").describe_auto_scaling_groups(
        AutoScalingGroupNames=[name]
    )["AutoScalingGroups"]
    return {each["InstanceId"] for each in found["Instances"]}


def test_a_rolling_update_needs_quota(patient):
    patient.nodegroup()
    patient.settle(160)
    patient.world.settings.quotas["L-1216C47A"] = 100
    made = patient.eks.update_nodegroup_version(
        **ONE, releaseVersion="1.33.10-20261001"
    )
    patient.settle(901)
    shown = patient.update(made, nodegroupName="workers")
    assert shown["status"] == "Failed"
    assert shown["errors"][0]["errorCode"] == "NodeCreationFailure"
    assert patient.group()["status"] == "ACTIVE"


# ---- what it leaves behind


def test_interfaces_of_pods_go_with_the_nodes(platform):
    platform.nodegroup()
    platform.group()
    filters = [{"Name": "tag:cluster.k8s.amazonaws.com/name", "Values": ["one"]}]
    found = platform.ec2.describe_network_interfaces(Filters=filters)
    assert len(found["NetworkInterfaces"]) == 3
    platform.eks.delete_nodegroup(**ONE)
    found = platform.ec2.describe_network_interfaces(Filters=filters)
    assert found["NetworkInterfaces"] == []


def leaks(platform):
    filters = [
        {"Name": "tag:cluster.k8s.amazonaws.com/name", "Values": ["one"]},
        {"Name": "status", "Values": ["available"]},
    ]
    found = platform.ec2.describe_network_interfaces(Filters=filters)
    return [each["NetworkInterfaceId"] for each in found["NetworkInterfaces"]]


@pytest.mark.parametrize("why", ["on order", "cni deleted first"])
def test_leaked_interfaces_hold_the_cluster_group(platform, why):
    own = platform.cluster()["resourcesVpcConfig"]["clusterSecurityGroupId"]
    platform.nodegroup()
    platform.group()
    if why == "on order":
        platform.world.settings.extra["cni_leaks"] = 2
    else:
        platform.eks.delete_addon(clusterName="one", addonName="vpc-cni")
        platform.eks.list_addons(clusterName="one")
    platform.eks.delete_nodegroup(**ONE)
    assert len(leaks(platform)) == (2 if why == "on order" else 3)
    platform.eks.delete_cluster(name="one")
    assert code_of(platform.cluster) == GONE
    with refused("DependencyViolation"):
        platform.ec2.delete_security_group(GroupId=own)
    for identifier in leaks(platform):
        platform.ec2.delete_network_interface(NetworkInterfaceId=identifier)
    platform.ec2.delete_security_group(GroupId=own)


def test_swept_before_the_cluster_nothing_stays(platform):
    own = platform.cluster()["resourcesVpcConfig"]["clusterSecurityGroupId"]
    platform.nodegroup()
    platform.group()
    platform.world.settings.extra["cni_leaks"] = 1
    platform.eks.delete_nodegroup(**ONE)
    for identifier in leaks(platform):
        platform.ec2.delete_network_interface(NetworkInterfaceId=identifier)
    platform.eks.delete_cluster(name="one")
    with refused("InvalidGroup.NotFound"):
        platform.ec2.describe_security_groups(GroupIds=[own])


def test_the_profile_of_a_group_holds_its_role(platform):
    platform.nodegroup()
    platform.group()
    for policy in WORKER:
        platform.iam.detach_role_policy(
            RoleName="nodes", PolicyArn=f"arn:aws:iam::aws:policy/{policy}"
        )
    with refused("DeleteConflict"):
        platform.iam.delete_role(RoleName="nodes")
    platform.eks.delete_nodegroup(**ONE)
    platform.iam.delete_role(RoleName="nodes")


def test_draining_makes_deletion_longer(patient, aws):
    patient.nodegroup()
    patient.settle(160)
    name = patient.group()["resources"]["autoScalingGroups"][0]["name"]
    elb = aws("elbv2")
    target = elb.create_target_group(
        Name="t", Protocol="HTTP", Port=32080, VpcId=patient.vpc, TargetType="instance"
    )["TargetGroups"][0]["TargetGroupArn"]
    patient.settle()
    aws("autoscaling").attach_load_balancer_target_groups(
        AutoScalingGroupName=name, TargetGroupARNs=[target]
    )
    patient.eks.delete_nodegroup(**ONE)
    patient.settle(300)
    assert patient.group()["status"] == "DELETING"
    patient.settle(250)
    assert code_of(patient.group) == GONE


def test_a_failed_deletion_can_be_repeated(emulator, platform):
    platform.nodegroup()
    platform.group()
    order = {"kind": "nodegroup", "id": "one/workers", "action": "fail_deletion"}
    emulator.control("/strict/mutate", order)
    platform.eks.delete_nodegroup(**ONE)
    group = platform.group()
    assert group["status"] == "DELETE_FAILED" and group["health"]["issues"]
    platform.eks.delete_nodegroup(**ONE)
    assert code_of(platform.group) == GONE


def test_a_lost_node_is_replaced(emulator, platform, aws):
    platform.nodegroup()
    name = platform.group()["resources"]["autoScalingGroups"][0]["name"]
    before = instance_ids(aws, name)
    order = {"kind": "nodegroup", "id": "one/workers", "action": "lose_instance"}
    lost = emulator.control("/strict/mutate", order)["instance"]
    after = instance_ids(aws, name)
    assert lost in before and lost not in after and len(after) == 3
