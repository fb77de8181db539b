"""Clusters: what is refused, what takes time, what only shows later."""

from __future__ import annotations

import json

import pytest
from landscape import Platform, code_of, trust
from scene import refused, slow

INVALID = "InvalidParameterException"
IN_USE = "ResourceInUseException"
GONE = "ResourceNotFoundException"
LOGS = ["api", "audit", "authenticator", "controllerManager", "scheduler"]


@pytest.fixture
def platform(emulator):
    return Platform(emulator, nat=False)


@pytest.fixture
def patient(emulator):
    """A platform on which time passes only when told."""
    slow(emulator.world)
    return Platform(emulator, nat=False)


def vpc_config(**values):
    return {"resourcesVpcConfig": values}


def logging(*enabled):
    return {
        "clusterLogging": [
            {"types": list(enabled), "enabled": True},
            {"types": [each for each in LOGS if each not in enabled], "enabled": False},
        ]
    }


# ---- creating


@pytest.mark.wrong_requests
def test_names_tokens_and_repeats(platform):
    made = platform.create(clientRequestToken="a")
    again = platform.create(clientRequestToken="a")
    assert again["arn"] == made["arn"]
    with refused(INVALID, "already used"):
        platform.create(clientRequestToken="a", tags={"b": "c"})
    with refused(IN_USE, "Cluster already exists with name: one"):
        platform.create(clientRequestToken="b")
    with refused(INVALID):
        platform.create("_bad")


def test_a_token_of_a_deleted_cluster_is_spent(platform):
    platform.create(clientRequestToken="a")
    platform.eks.delete_cluster(name="one")
    with refused(INVALID, "deleted"):
        platform.create(clientRequestToken="a")
    platform.create(clientRequestToken="b")


def test_bootstrap_flags_are_not_returned(platform):
    cluster = platform.active()
    text = json.dumps(cluster, default=str)
    assert "bootstrap" not in text
    assert cluster["accessConfig"] == {"authenticationMode": "API"}
    assert cluster["upgradePolicy"] == {"supportType": "EXTENDED"}
    assert cluster["deletionProtection"] is False


def test_the_role_must_exist_be_trusted_and_carry_the_policy(platform):
    with refused(INVALID, "does not exist"):
        platform.create(roleArn="arn:aws:iam::123456789012:role/nobody")
    bare = platform.make_role("bare", "eks.amazonaws.com", [])
    with refused(INVALID, "Amazon EKS Managed Policies"):
        platform.create(roleArn=bare)
    wrong = platform.make_role("wrong", "ec2.amazonaws.com", ["AmazonEKSClusterPolicy"])
    with refused(INVALID, "trusted entity is not correct"):
        platform.create(roleArn=wrong)


def test_a_new_role_is_refused_in_several_ways(patient):
    role = patient.iam.create_role(
        RoleName="young", AssumeRolePolicyDocument=trust("eks.amazonaws.com")
    )["Role"]["Arn"]
    patient.iam.attach_role_policy(
        RoleName="young", PolicyArn="arn:aws:iam::aws:policy/AmazonEKSClusterPolicy"
    )
    for text in ("does not exist", "Error in role params", "could not be assumed"):
        with refused(INVALID, text):
            patient.create(roleArn=role)
    patient.settle(11)
    patient.create(roleArn=role)


def test_subnets_need_two_zones_that_eks_supports(platform):
    with refused(INVALID, "at least two different AZs"):
        platform.create(**vpc_config(subnetIds=platform.private[:1]))
    with refused(INVALID, "does not exist"):
        platform.create(**vpc_config(subnetIds=["subnet-0123456789abcdef0"]))
    bad = platform.subnet("10.0.100.0/24", "us-east-1e")
    with refused("UnsupportedAvailabilityZoneException", "us-east-1a") as _:
        platform.create(**vpc_config(subnetIds=[platform.private[0], bad]))
    tiny = platform.subnet("10.0.101.0/28", "us-east-1b")
    platform.create(**vpc_config(subnetIds=[platform.private[0], tiny]))


def test_endpoint_access_and_ranges(platform):
    with refused(INVALID, "cannot both be false"):
        platform.create(
            **vpc_config(endpointPublicAccess=False, endpointPrivateAccess=False)
        )
    with refused(INVALID, "not allowed in publicAccessCidrs"):
        platform.create(**vpc_config(publicAccessCidrs=["10.0.0.0/8"]))
    platform.create(**vpc_config(publicAccessCidrs=["203.0.113.0/24"]))


def test_service_range_may_not_overlap_the_vpc(platform):
    with refused(INVALID, "overlaps"):
        platform.create(kubernetesNetworkConfig={"serviceIpv4Cidr": "10.0.0.0/16"})
    cluster = platform.active()
    assert cluster["kubernetesNetworkConfig"]["serviceIpv4Cidr"] == "172.20.0.0/16"


def test_versions_and_quota(platform):
    with refused(INVALID, "unsupported Kubernetes version"):
        platform.create(version="1.22")
    platform.world.settings.quotas["L-1194D53C"] = 0
    with refused("ResourceLimitExceededException"):
        platform.create()


def test_secrets_encryption(platform, aws):
    key = aws("kms").create_key()["KeyMetadata"]["Arn"]
    platform.settle()
    platform.active(
        encryptionConfig=[{"resources": ["secrets"], "provider": {"keyArn": key}}]
    )
    assert platform.cluster()["encryptionConfig"][0]["provider"]["keyArn"] == key
    aws("kms").disable_key(KeyId=key)
    (issue,) = platform.cluster()["health"]["issues"]
    assert issue["code"] == "KmsKeyDisabled"
    with refused(INVALID):
        platform.create(
            "two",
            encryptionConfig=[{"resources": ["secrets"], "provider": {"keyArn": key}}],
        )


def test_creation_takes_its_time(patient):
    patient.create()
    patient.settle(500)
    cluster = patient.cluster()
    assert cluster["status"] == "CREATING"
    assert "identity" not in cluster and "endpoint" not in cluster
    assert "clusterSecurityGroupId" not in cluster["resourcesVpcConfig"]
    patient.settle(30)
    assert patient.cluster()["status"] == "ACTIVE"


def test_a_failed_creation_is_final(emulator, patient):
    patient.create()
    order = {"kind": "cluster", "id": "one", "action": "fail_creation"}
    emulator.control("/strict/mutate", order)
    patient.settle(1000)
    cluster = patient.cluster()
    assert cluster["status"] == "FAILED" and cluster["health"]["issues"]
    with refused("InvalidRequestException", "not in ACTIVE status"):
        patient.nodegroup()
    patient.eks.delete_cluster(name="one")


# ---- updating


def update(platform, **change):
    return platform.eks.update_cluster_config(name="one", **change)


def test_one_kind_of_change_per_call(platform):
    platform.active()
    with refused(INVALID, "Only one type of update can be allowed"):
        update(platform, logging=logging("api"), deletionProtection=True)
    with refused(INVALID, "Only one type of update can be allowed"):
        update(
            platform,
            **vpc_config(endpointPublicAccess=False, subnetIds=platform.private),
        )


def test_one_update_at_a_time(patient):
    patient.active()
    first = update(patient, logging=logging("api"))
    assert first["update"]["status"] == "InProgress"
    with refused(IN_USE, "currently has update in progress"):
        update(patient, deletionProtection=True)
    with refused(IN_USE, "currently has update in progress"):
        patient.eks.update_cluster_version(name="one", version="1.34")
    with refused(IN_USE):
        patient.eks.delete_cluster(name="one")
    assert patient.cluster()["status"] == "ACTIVE"  # the change lags
    assert patient.cluster()["status"] == "UPDATING"
    patient.settle(181)
    assert patient.update(first)["status"] == "Successful"
    assert patient.cluster()["status"] == "ACTIVE"
    update(patient, deletionProtection=True)


def test_the_same_token_returns_the_same_update(patient):
    patient.active()
    first = update(patient, deletionProtection=True, clientRequestToken="t")
    again = update(patient, deletionProtection=True, clientRequestToken="t")
    assert first["update"]["id"] == again["update"]["id"]
    with refused(INVALID):
        update(patient, deletionProtection=False, clientRequestToken="t")
    ids = patient.eks.list_updates(name="one")["updateIds"]
    assert ids == [first["update"]["id"]]


@pytest.mark.parametrize(
    "change",
    [
        {"logging": logging()},
        {"deletionProtection": False},
        {"accessConfig": {"authenticationMode": "API"}},
        {"upgradePolicy": {"supportType": "EXTENDED"}},
        vpc_config(endpointPublicAccess=True, endpointPrivateAccess=True),
    ],
)
def test_empty_updates_are_refused(platform, change):
    platform.active()
    with refused(INVALID):
        update(platform, **change)


def test_endpoint_access_can_be_narrowed(platform):
    platform.active()
    made = update(platform, **vpc_config(publicAccessCidrs=["198.51.100.0/24"]))
    assert made["update"]["type"] == "EndpointAccessUpdate"
    config = platform.cluster()["resourcesVpcConfig"]
    assert config["publicAccessCidrs"] == ["198.51.100.0/24"]
    with refused(INVALID, "already at the desired configuration"):
        update(platform, **vpc_config(publicAccessCidrs=["198.51.100.0/24"]))


def test_subnets_stay_in_the_zones_of_creation(platform):
    platform.active()
    with refused(INVALID, "same set of AZs"):
        update(platform, **vpc_config(subnetIds=platform.private[:2]))
    other = [platform.public[0], *platform.private[1:]]
    made = update(platform, **vpc_config(subnetIds=other))
    assert platform.update(made)["status"] == "Successful"
    filters = [{"Name": "description", "Values": ["Amazon EKS one"]}]
    found = platform.ec2.describe_network_interfaces(Filters=filters)
    assert {each["SubnetId"] for each in found["NetworkInterfaces"]} == set(other)


def test_all_log_types_must_be_listed(platform, aws):
    platform.active()
    with refused(INVALID, "All log types"):
        update(
            platform,
            logging={"clusterLogging": [{"types": ["api"], "enabled": True}]},
        )
    update(platform, logging=logging("api", "audit"))
    shown = platform.cluster()["logging"]["clusterLogging"]
    assert shown[0] == {"types": ["api", "audit"], "enabled": True}
    groups = aws("logs").describe_log_groups()["logGroups"]
    assert [each["logGroupName"] for each in groups] == ["/aws/eks/one/cluster"]


def test_authentication_mode_goes_one_way_in_steps(platform):
    platform.active(accessConfig={"authenticationMode": "CONFIG_MAP"})
    with refused(INVALID):
        update(platform, accessConfig={"authenticationMode": "API"})
    for mode in ("API_AND_CONFIG_MAP", "API"):
        update(platform, accessConfig={"authenticationMode": mode})
        assert platform.cluster()["accessConfig"]["authenticationMode"] == mode
    with refused(INVALID):
        update(platform, accessConfig={"authenticationMode": "API_AND_CONFIG_MAP"})


def test_versions_go_up_by_one(platform):
    platform.active(version="1.32")
    for version in ("1.31", "1.34"):
        with refused(INVALID, "Unsupported Kubernetes minor version update"):
            platform.eks.update_cluster_version(name="one", version=version)
    with refused(INVALID, "already at the desired"):
        platform.eks.update_cluster_version(name="one", version="1.32")
    made = platform.eks.update_cluster_version(name="one", version="1.33")
    assert platform.update(made)["status"] == "Successful"
    assert platform.cluster()["version"] == "1.33"


def test_insights_block_an_upgrade_unless_forced(emulator, platform):
    platform.active(version="1.32")
    order = {"kind": "cluster", "id": "one", "action": "block_upgrade"}
    emulator.control("/strict/mutate", order)
    with refused("InvalidStateException"):
        platform.eks.update_cluster_version(name="one", version="1.33")
    assert len(platform.eks.list_insights(clusterName="one")["insights"]) == 1
    platform.eks.update_cluster_version(name="one", version="1.33", force=True)


def test_encryption_can_be_added_once(platform, aws):
    key = aws("kms").create_key()["KeyMetadata"]["Arn"]
    platform.settle()
    platform.active()
    config = [{"resources": ["secrets"], "provider": {"keyArn": key}}]
    platform.eks.associate_encryption_config(clusterName="one", encryptionConfig=config)
    assert platform.cluster()["encryptionConfig"] == config
    with refused(INVALID, "already enabled"):
        platform.eks.associate_encryption_config(
            clusterName="one", encryptionConfig=config
        )


def test_an_update_can_fail(emulator, platform):
    platform.active()
    order = {
        "kind": "cluster",
        "id": "one",
        "action": "fail_update",
        "code": "SubnetNotFound",
    }
    emulator.control("/strict/mutate", order)
    made = update(platform, deletionProtection=True)
    shown = platform.update(made)
    assert shown["status"] == "Failed"
    assert shown["errors"][0]["errorCode"] == "SubnetNotFound"
    assert platform.cluster()["deletionProtection"] is False


def test_the_self_rule_comes_back_with_the_next_update(platform):
    own = platform.active()["resourcesVpcConfig"]["clusterSecurityGroupId"]
    (group,) = platform.ec2.describe_security_groups(GroupIds=[own])["SecurityGroups"]
    platform.ec2.revoke_security_group_ingress(
        GroupId=own, IpPermissions=group["IpPermissions"]
    )
    update(platform, deletionProtection=True)
    platform.cluster()
    (group,) = platform.ec2.describe_security_groups(GroupIds=[own])["SecurityGroups"]
    assert len(group["IpPermissions"]) == 1


def test_pages_and_unknown_things(platform):
    platform.world.settings.extra["eks_page"] = 1
    platform.active("one")
    platform.active("two")
    first = platform.eks.list_clusters()
    assert first["clusters"] == ["one"]
    second = platform.eks.list_clusters(nextToken=first["nextToken"])
    assert second["clusters"] == ["two"] and "nextToken" not in second
    with refused(GONE, "No cluster found for name: three."):
        platform.cluster("three")
    with refused(GONE, "No update found"):
        platform.eks.describe_update(name="one", updateId="x")


def test_kubernetes_versions(aws):
    eks = aws("eks")
    found = eks.describe_cluster_versions()["clusterVersions"]
    texts = [each["clusterVersion"] for each in found]
    assert texts == ["1.36", "1.35", "1.34", "1.33", "1.32", "1.31", "1.30"]
    (default,) = eks.describe_cluster_versions(defaultOnly=True)["clusterVersions"]
    assert default["clusterVersion"] == "1.36"
    extended = eks.describe_cluster_versions(versionStatus="EXTENDED_SUPPORT")
    assert "1.34" not in [
        each["clusterVersion"] for each in extended["clusterVersions"]
    ]


# ---- deleting


def test_protection_has_to_be_lifted_first(platform):
    platform.active(deletionProtection=True)
    with refused("InvalidRequestException", "deletionProtection"):
        platform.eks.delete_cluster(name="one")
    update(platform, deletionProtection=False)
    platform.cluster()
    platform.eks.delete_cluster(name="one")


def test_deletion_lags_and_the_name_comes_free_late(patient):
    patient.active()
    patient.eks.delete_cluster(name="one")
    assert patient.cluster()["status"] == "ACTIVE"
    assert patient.cluster()["status"] == "DELETING"
    patient.eks.delete_cluster(name="one")  # a repeat is harmless
    patient.settle(301)
    assert code_of(patient.cluster) == GONE
    assert patient.cluster()["status"] == "DELETING"  # seen once more
    with refused(IN_USE):
        patient.create()
    assert code_of(patient.cluster) == GONE
    patient.settle(20)
    assert [code_of(patient.cluster) for _ in range(3)] == [GONE] * 3
    patient.create()


def test_interfaces_outlive_the_cluster_and_hold_subnets(patient):
    own = patient.active()["resourcesVpcConfig"]["clusterSecurityGroupId"]
    patient.eks.delete_cluster(name="one")
    patient.settle(310)
    with refused("DependencyViolation"):
        patient.ec2.delete_subnet(SubnetId=patient.private[0])
    with refused("DependencyViolation"):
        patient.ec2.delete_security_group(GroupId=own)
    patient.settle(60)
    patient.ec2.delete_subnet(SubnetId=patient.private[0])
    with refused("InvalidGroup.NotFound"):
        patient.ec2.describe_security_groups(GroupIds=[own])


def test_the_security_group_stays_while_others_refer_to_it(platform):
    own = platform.active()["resourcesVpcConfig"]["clusterSecurityGroupId"]
    other = platform.ec2.create_security_group(
        GroupName="database", Description="d", VpcId=platform.vpc
    )["GroupId"]
    permission = {
        "IpProtocol": "tcp",
        "FromPort": 5432,
        "ToPort": 5432,
        "UserIdGroupPairs": [{"GroupId": own}],
    }
    platform.ec2.authorize_security_group_ingress(
        GroupId=other, IpPermissions=[permission]
    )
    platform.eks.delete_cluster(name="one")
    assert code_of(platform.cluster) == GONE
    (group,) = platform.ec2.describe_security_groups(GroupIds=[own])["SecurityGroups"]
    assert {"Key": "aws:eks:cluster-name", "Value": "one"} in group["Tags"]
    platform.ec2.revoke_security_group_ingress(
        GroupId=other, IpPermissions=[permission]
    )
    platform.ec2.delete_security_group(GroupId=own)


def test_without_its_role_eks_leaves_orphans(patient):
    own = patient.active()["resourcesVpcConfig"]["clusterSecurityGroupId"]
    patient.eks.delete_cluster(name="one")
    patient.iam.detach_role_policy(
        RoleName="cluster", PolicyArn="arn:aws:iam::aws:policy/AmazonEKSClusterPolicy"
    )
    patient.settle(1000)
    assert code_of(patient.cluster) == GONE
    filters = [{"Name": "description", "Values": ["Amazon EKS one"]}]
    found = patient.ec2.describe_network_interfaces(Filters=filters)
    assert len(found["NetworkInterfaces"]) == 3
    patient.ec2.describe_security_groups(GroupIds=[own])


# ---- tags


def test_tags_of_every_kind_of_object(platform):
    arn = platform.active(tags={"a": "1"})["arn"]
    addon = platform.addon("vpc-cni", tags={"b": "2"})["addonArn"]
    eks = platform.eks
    eks.tag_resource(resourceArn=arn, tags={"c": "3"})
    eks.untag_resource(resourceArn=arn, tagKeys=["a"])
    assert eks.list_tags_for_resource(resourceArn=arn)["tags"] == {"c": "3"}
    assert eks.list_tags_for_resource(resourceArn=addon)["tags"] == {"b": "2"}
    with refused("NotFoundException"):
        eks.list_tags_for_resource(resourceArn=arn + "x")
    with refused("BadRequestException"):
        eks.tag_resource(resourceArn=arn, tags={"aws:x": "1"})


def test_unknown_operations_are_refused(platform):
    with refused("UnknownOperationException"):
        platform.eks.list_eks_anywhere_subscriptions()
