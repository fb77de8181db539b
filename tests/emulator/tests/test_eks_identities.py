"""An issuer of other people, and roles of pods."""

from __future__ import annotations

import pytest
from landscape import Platform
from scene import refused, slow

INVALID = "InvalidParameterException"
IN_USE = "ResourceInUseException"
GONE = "ResourceNotFoundException"
ISSUER = {
    "identityProviderConfigName": "people",
    "issuerUrl": "https://login.example.com",
    "clientId": "kubernetes",
}
NAMED = {"type": "oidc", "name": "people"}


@pytest.fixture
def platform(emulator):
    made = Platform(emulator, nat=False)
    made.active()
    return made


def test_a_cluster_has_one_issuer_of_other_people(platform):
    eks = platform.eks

    def listed():
        found = eks.list_identity_provider_configs(clusterName="one")
        return found["identityProviderConfigs"]

    assert listed() == []
    made = eks.associate_identity_provider_config(clusterName="one", oidc=ISSUER)
    assert platform.update(made)["status"] == "Successful"
    assert listed() == [NAMED]
    found = eks.describe_identity_provider_config(
        clusterName="one", identityProviderConfig=NAMED
    )["identityProviderConfig"]["oidc"]
    assert found["status"] == "ACTIVE" and ISSUER.items() <= found.items()
    assert (
        ":identityproviderconfig/one/oidc/people/" in found["identityProviderConfigArn"]
    )
    with refused(IN_USE):
        eks.associate_identity_provider_config(clusterName="one", oidc=ISSUER)
    with refused(GONE):
        other = {**NAMED, "name": "others"}
        eks.describe_identity_provider_config(
            clusterName="one", identityProviderConfig=other
        )
    eks.disassociate_identity_provider_config(
        clusterName="one", identityProviderConfig=NAMED
    )
    assert listed() == [] and platform.cluster()["status"] == "ACTIVE"
    with refused(GONE):
        eks.disassociate_identity_provider_config(
            clusterName="one", identityProviderConfig=NAMED
        )


def test_an_issuer_takes_minutes_and_one_update_at_a_time(emulator):
    slow(emulator.world)
    platform = Platform(emulator, nat=False)
    platform.create()
    platform.settle(521)
    eks = platform.eks
    made = eks.associate_identity_provider_config(
        clusterName="one", oidc=ISSUER, clientRequestToken="once"
    )
    again = eks.associate_identity_provider_config(
        clusterName="one", oidc=ISSUER, clientRequestToken="once"
    )
    assert again["update"]["id"] == made["update"]["id"]
    assert platform.cluster()["status"] == "UPDATING"
    with refused(IN_USE, "currently has update in progress"):
        eks.disassociate_identity_provider_config(
            clusterName="one", identityProviderConfig=NAMED
        )
    platform.settle(601)
    assert platform.update(made)["status"] == "Successful"
    assert platform.cluster()["status"] == "ACTIVE"


def test_pods_of_a_service_account_get_one_role(platform):
    eks = platform.eks
    wanted = {
        "clusterName": "one",
        "namespace": "default",
        "serviceAccount": "builder",
        "roleArn": platform.node_role,
    }
    made = eks.create_pod_identity_association(**wanted)["association"]
    assert made["associationId"].startswith("a-")
    assert made["roleArn"] == platform.node_role
    (listed,) = eks.list_pod_identity_associations(clusterName="one")["associations"]
    assert "roleArn" not in listed
    assert listed["associationArn"] == made["associationArn"]
    few = eks.list_pod_identity_associations(clusterName="one", namespace="other")
    assert few["associations"] == []
    with refused(IN_USE, made["associationId"]):
        eks.create_pod_identity_association(**wanted)
    with refused(INVALID, "does not exist"):
        role = "arn:aws:iam::123456789012:role/nobody"
        eks.create_pod_identity_association(
            **{**wanted, "serviceAccount": "other", "roleArn": role}
        )
    named = {"clusterName": "one", "associationId": made["associationId"]}
    found = eks.describe_pod_identity_association(**named)["association"]
    assert found["serviceAccount"] == "builder"
    eks.delete_pod_identity_association(**named)
    with refused(GONE):
        eks.describe_pod_identity_association(**named)
    assert eks.list_pod_identity_associations(clusterName="one")["associations"] == []


def test_a_fargate_profile_lets_the_role_of_its_pods_in(emulator, platform):
    before = platform.eks.list_access_entries(clusterName="one")["accessEntries"]
    order = {
        "kind": "cluster",
        "id": "one",
        "action": "fargate_profile",
        "name": "batch",
    }
    emulator.control("/strict/mutate", order)
    now = platform.eks.list_access_entries(clusterName="one")["accessEntries"]
    (role,) = set(now) - set(before)
    entry = platform.eks.describe_access_entry(clusterName="one", principalArn=role)
    assert entry["accessEntry"]["type"] == "FARGATE_LINUX"
    platform.eks.delete_fargate_profile(clusterName="one", fargateProfileName="batch")
    left = platform.eks.list_access_entries(clusterName="one")["accessEntries"]
    assert left == before


def test_a_new_cluster_has_one_authority_and_no_capability(platform):
    eks = platform.eks
    (found,) = eks.list_certificate_authorities(clusterName="one")[
        "certificateAuthorities"
    ]
    assert found["signingStatus"] == "IN_USE"
    assert eks.list_capabilities(clusterName="one")["capabilities"] == []
