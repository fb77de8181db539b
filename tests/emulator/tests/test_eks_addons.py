"""Add-ons and access entries."""

from __future__ import annotations

import json

import pytest
from landscape import Platform, code_of, until
from scene import refused, slow

INVALID = "InvalidParameterException"
IN_USE = "ResourceInUseException"
GONE = "ResourceNotFoundException"
ADMIN = "arn:aws:eks::aws:cluster-access-policy/AmazonEKSClusterAdminPolicy"


@pytest.fixture
def platform(emulator):
    made = Platform(emulator, nat=False)
    made.active()
    return made


@pytest.fixture
def patient(emulator):
    slow(emulator.world)
    made = Platform(emulator, nat=False)
    made.create()
    made.settle(521)
    assert made.cluster()["status"] == "ACTIVE"
    return made


# ---- the catalogue


@pytest.mark.parametrize("version", ["1.30", "1.31", "1.32", "1.33", "1.34", "1.35", "1.36"])
@pytest.mark.parametrize("name", ["vpc-cni", "kube-proxy", "coredns"])
def test_every_cluster_version_has_several_and_one_default(aws, version, name):
    (addon,) = aws("eks").describe_addon_versions(
        kubernetesVersion=version, addonName=name
    )["addons"]
    assert len(addon["addonVersions"]) >= 3
    defaults = [
        each["addonVersion"]
        for each in addon["addonVersions"]
        if each["compatibilities"][0]["defaultVersion"]
    ]
    assert len(defaults) == 1
    assert defaults[0] != addon["addonVersions"][0]["addonVersion"] or name == "coredns"


# ---- add-ons


def test_the_default_version_is_taken(platform):
    addon = platform.addon("vpc-cni")
    assert addon["status"] == "CREATING"
    assert addon["addonVersion"] == "v1.21.1-eksbuild.1"
    assert platform.addon_status("vpc-cni") == "ACTIVE"
    with refused(IN_USE):
        platform.addon("vpc-cni")


@pytest.mark.parametrize(
    ("wrong", "text"),
    [
        ({"addonVersion": "v1.0.0-eksbuild.1"}, "version specified is not supported"),
        ({"configurationValues": '{"nonsense": 1}'}, "is not supported"),
        ({"configurationValues": "not an object"}, "is not supported"),
        (
            {"serviceAccountRoleArn": "arn:aws:iam::123456789012:role/nobody"},
            "does not exist",
        ),
    ],
)
def test_what_is_checked_at_once(platform, wrong, text):
    with refused(INVALID, text):
        platform.addon("vpc-cni", **wrong)


def test_a_version_for_another_cluster_version_is_refused(platform):
    with refused(INVALID, "not supported"):
        platform.addon("kube-proxy", addonVersion="v1.35.2-eksbuild.1")
    with refused(INVALID, "Addon specified is not supported"):
        platform.addon("no-such-addon")


def test_configuration_is_kept_as_it_was_sent(platform):
    text = "env:\n  ENABLE_PREFIX_DELEGATION: 'true'\n"
    platform.addon("vpc-cni", configurationValues=text)
    found = platform.eks.describe_addon(clusterName="one", addonName="vpc-cni")
    assert found["addon"]["configurationValues"] == text


def test_a_cluster_that_became_active_just_now_refuses_addons(patient):
    with refused(INVALID, "CREATE_FAILED"):
        patient.addon("vpc-cni")
    patient.settle(5)
    patient.addon("vpc-cni")


def test_self_managed_copies_conflict(emulator):
    platform = Platform(emulator, nat=False)
    platform.active(bootstrapSelfManagedAddons=True)
    platform.addon("vpc-cni")
    found = platform.eks.describe_addon(clusterName="one", addonName="vpc-cni")["addon"]
    assert found["status"] == "CREATE_FAILED"
    assert found["health"]["issues"][0]["code"] == "ConfigurationConflict"
    with refused("InvalidRequestException"):
        platform.eks.update_addon(
            clusterName="one", addonName="vpc-cni", resolveConflicts="OVERWRITE"
        )
    platform.eks.delete_addon(clusterName="one", addonName="vpc-cni")
    platform.eks.list_addons(clusterName="one")
    platform.addon("vpc-cni", resolveConflicts="OVERWRITE")
    assert platform.addon_status("vpc-cni") == "ACTIVE"


def test_coredns_is_degraded_without_nodes(emulator):
    platform = Platform(emulator)
    platform.active()
    platform.addon("vpc-cni")
    platform.addon("coredns")
    found = platform.eks.describe_addon(clusterName="one", addonName="coredns")["addon"]
    assert found["status"] == "DEGRADED"
    assert found["health"]["issues"][0]["code"] == "InsufficientNumberOfReplicas"
    platform.nodegroup()
    until(lambda: platform.addon_status("coredns") == "ACTIVE")
    platform.eks.delete_nodegroup(clusterName="one", nodegroupName="workers")
    until(lambda: platform.addon_status("coredns") == "DEGRADED")


def test_updates_clear_a_role_that_is_not_repeated(platform):
    platform.addon("vpc-cni", serviceAccountRoleArn=platform.node_role)
    platform.addon_status("vpc-cni")
    made = platform.eks.update_addon(
        clusterName="one", addonName="vpc-cni", addonVersion="v1.21.2-eksbuild.1"
    )
    assert platform.update(made, addonName="vpc-cni")["status"] == "Successful"
    found = platform.eks.describe_addon(clusterName="one", addonName="vpc-cni")["addon"]
    assert found["addonVersion"] == "v1.21.2-eksbuild.1"
    assert "serviceAccountRoleArn" not in found


def test_one_update_at_a_time(patient):
    patient.settle(10)
    patient.addon("vpc-cni")
    wanted = {"clusterName": "one", "addonName": "vpc-cni"}
    with refused("InvalidRequestException"):
        patient.eks.update_addon(**wanted)
    patient.settle(31)
    patient.eks.update_addon(**wanted)
    with refused(IN_USE, "currently has update in progress"):
        patient.eks.update_addon(**wanted)
    patient.settle(31)
    patient.eks.delete_addon(**wanted)
    assert patient.addon_status("vpc-cni") == "DELETING"
    patient.settle(21)
    assert code_of(lambda: patient.addon_status("vpc-cni")) == GONE


def test_edited_objects_conflict_unless_told_otherwise(emulator, platform):
    platform.addon("vpc-cni")
    platform.addon_status("vpc-cni")
    order = {"kind": "addon", "id": "one/vpc-cni", "action": "edit"}
    emulator.control("/strict/mutate", order)
    wanted = {"clusterName": "one", "addonName": "vpc-cni"}
    made = platform.eks.update_addon(**wanted)
    shown = platform.update(made, addonName="vpc-cni")
    assert shown["errors"][0]["errorCode"] == "ConfigurationConflict"
    assert platform.addon_status("vpc-cni") == "UPDATE_FAILED"
    platform.eks.update_addon(**wanted, resolveConflicts="PRESERVE")
    assert platform.addon_status("vpc-cni") == "ACTIVE"


def test_addons_die_with_the_cluster(platform):
    platform.addon("vpc-cni")
    platform.eks.delete_cluster(name="one")
    with refused(GONE, "No cluster found"):
        platform.addon_status("vpc-cni")


# ---- access entries


def entry(platform, principal, **more):
    return platform.eks.create_access_entry(
        clusterName="one", principalArn=principal, **more
    )["accessEntry"]


def test_the_creator_has_an_entry_already(platform):
    principal = "arn:aws:iam::123456789012:role/platform-admin"
    assert platform.eks.list_access_entries(clusterName="one")["accessEntries"] == [
        principal
    ]
    with refused(IN_USE, "already in use"):
        entry(platform, principal)
    found = platform.eks.list_associated_access_policies(
        clusterName="one", principalArn=principal
    )
    assert found["associatedAccessPolicies"][0]["policyArn"] == ADMIN


def test_no_entry_for_the_creator_when_told_so(emulator):
    platform = Platform(emulator, nat=False)
    platform.active(
        accessConfig={
            "authenticationMode": "API",
            "bootstrapClusterCreatorAdminPermissions": False,
        }
    )
    assert platform.eks.list_access_entries(clusterName="one")["accessEntries"] == []


def test_entries_need_the_api_mode(emulator):
    platform = Platform(emulator, nat=False)
    platform.active(accessConfig={"authenticationMode": "CONFIG_MAP"})
    with refused("InvalidRequestException", "authentication mode"):
        entry(platform, platform.role)


def test_the_life_of_an_entry(platform):
    made = entry(platform, platform.role, kubernetesGroups=["viewers"], tags={"a": "1"})
    assert made["type"] == "STANDARD"
    assert made["username"].endswith("assumed-role/cluster/{{SessionName}}")
    wanted = {"clusterName": "one", "principalArn": platform.role}
    platform.eks.update_access_entry(**wanted, kubernetesGroups=["editors"])
    shown = platform.eks.describe_access_entry(**wanted)["accessEntry"]
    assert shown["kubernetesGroups"] == ["editors"]
    platform.eks.associate_access_policy(
        **wanted, policyArn=ADMIN, accessScope={"type": "cluster"}
    )
    with refused(INVALID):
        platform.eks.associate_access_policy(
            **wanted, policyArn=ADMIN, accessScope={"type": "namespace"}
        )
    found = platform.eks.list_associated_access_policies(**wanted)
    assert len(found["associatedAccessPolicies"]) == 1
    platform.eks.disassociate_access_policy(**wanted, policyArn=ADMIN)
    with refused(GONE):
        platform.eks.disassociate_access_policy(**wanted, policyArn=ADMIN)
    tags = platform.eks.list_tags_for_resource(resourceArn=made["accessEntryArn"])
    assert tags["tags"] == {"a": "1"}
    platform.eks.delete_access_entry(**wanted)
    with refused(GONE):
        platform.eks.describe_access_entry(**wanted)


def test_principals_must_exist(platform):
    with refused(INVALID, "invalid principal"):
        entry(platform, "arn:aws:iam::123456789012:role/nobody")
    with refused(INVALID, "system:"):
        entry(platform, platform.role, kubernetesGroups=["system:masters"])
    with refused(INVALID):
        entry(platform, platform.role, type="EC2_LINUX", kubernetesGroups=["a"])


def test_configuration_schema(platform):
    found = platform.eks.describe_addon_configuration(
        addonName="coredns", addonVersion="v1.12.4-eksbuild.1"
    )
    assert "replicaCount" in json.loads(found["configurationSchema"])["properties"]
