"""Roles, managed policies, OIDC providers."""

from __future__ import annotations

import json

import pytest
from botocore.awsrequest import AWSResponse
from scene import refused, slow


def document(action="s3:GetObject"):
    return json.dumps(
        {
            "Version": "2012-10-17",
            "Statement": [{"Effect": "Allow", "Action": action, "Resource": "*"}],
        }
    )


def trust(kind="Service", who="eks.amazonaws.com"):
    return json.dumps(
        {
            "Version": "2012-10-17",
            "Statement": [
                {
                    "Effect": "Allow",
                    "Principal": {kind: who},
                    "Action": "sts:AssumeRole",
                }
            ],
        }
    )


@pytest.fixture
def iam(aws):
    return aws("iam")


@pytest.fixture
def wire(iam):
    """The body of the last answer as it came."""
    seen = []

    def keep(http_response: AWSResponse, **_):
        seen.append(http_response.text)

    iam.meta.events.register("after-call.iam", keep)
    yield lambda: seen[-1]
    iam.meta.events.unregister("after-call.iam", keep)


def role(iam, name="one", who="eks.amazonaws.com", kind="Service"):
    return iam.create_role(RoleName=name, AssumeRolePolicyDocument=trust(kind, who))[
        "Role"
    ]


@pytest.mark.wrong_requests
def test_names_are_unique_in_any_case(iam):
    role(iam, "One")
    with refused("EntityAlreadyExists"):
        role(iam, "one")
    iam.create_policy(PolicyName="One", PolicyDocument=document())
    with refused("EntityAlreadyExists"):
        iam.create_policy(PolicyName="one", PolicyDocument=document())
    with refused("ValidationError"):
        role(iam, "x" * 65)


def test_documents_come_back_percent_encoded(iam, wire):
    role(iam)
    iam.get_role(RoleName="one")
    assert "<AssumeRolePolicyDocument>%7B%22Version%22" in wire()
    made = iam.create_policy(PolicyName="p", PolicyDocument=document())["Policy"]
    iam.get_policy_version(PolicyArn=made["Arn"], VersionId="v1")
    assert "<Document>%7B%22Version%22" in wire()
    iam.put_role_policy(RoleName="one", PolicyName="in", PolicyDocument=document())
    iam.get_role_policy(RoleName="one", PolicyName="in")
    assert "<PolicyDocument>%7B%22Version%22" in wire()
    iam.list_policy_versions(PolicyArn=made["Arn"])
    assert "Document" not in wire()


def test_trust_policies_name_somebody(iam):
    with refused("MalformedPolicyDocument"):
        iam.create_role(RoleName="bad", AssumeRolePolicyDocument="{")
    with refused("MalformedPolicyDocument", "Invalid principal in policy"):
        role(iam, "bad", "arn:aws:iam::123456789012:role/nobody", "AWS")
    with refused("MalformedPolicyDocument", "Invalid principal in policy"):
        role(iam, "bad", "eks", "Service")
    first = role(iam, "first")
    role(iam, "second", first["Arn"], "AWS")
    role(iam, "third", "arn:aws:iam::123456789012:root", "AWS")
    with refused("MalformedPolicyDocument"):
        iam.update_assume_role_policy(
            RoleName="first",
            PolicyDocument=trust("AWS", "arn:aws:iam::123456789012:role/nobody"),
        )


def test_new_roles_are_not_seen_at_once(world, iam):
    clock = slow(world, iam=2)
    made = role(iam, "first")
    assert made["Arn"].endswith(":role/first")
    with refused("NoSuchEntity"):
        iam.get_role(RoleName="first")
    with refused("MalformedPolicyDocument", "Invalid principal"):
        role(iam, "second", made["Arn"], "AWS")
    clock.advance(1.2)
    assert iam.get_role(RoleName="first")["Role"]["Arn"] == made["RoleId"]
    clock.advance(1)
    assert iam.get_role(RoleName="first")["Role"]["Arn"] == made["Arn"]
    role(iam, "second", made["Arn"], "AWS")


def test_deleted_principals_become_ids(iam):
    first = role(iam, "first")
    role(iam, "second", first["Arn"], "AWS")
    iam.delete_role(RoleName="first")
    shown = iam.get_role(RoleName="second")["Role"]["AssumeRolePolicyDocument"]
    assert shown["Statement"][0]["Principal"]["AWS"] == first["RoleId"]


def test_a_role_goes_only_when_bare(iam):
    role(iam)
    managed = iam.create_policy(PolicyName="p", PolicyDocument=document())["Policy"]
    iam.attach_role_policy(RoleName="one", PolicyArn=managed["Arn"])
    iam.attach_role_policy(RoleName="one", PolicyArn=managed["Arn"])
    with refused("DeleteConflict", "must detach all policies first"):
        iam.delete_role(RoleName="one")
    iam.detach_role_policy(RoleName="one", PolicyArn=managed["Arn"])
    with refused("NoSuchEntity"):
        iam.detach_role_policy(RoleName="one", PolicyArn=managed["Arn"])
    iam.put_role_policy(RoleName="one", PolicyName="in", PolicyDocument=document())
    with refused("DeleteConflict", "must delete policies first"):
        iam.delete_role(RoleName="one")
    iam.delete_role_policy(RoleName="one", PolicyName="in")
    iam.create_instance_profile(InstanceProfileName="i")
    iam.add_role_to_instance_profile(InstanceProfileName="i", RoleName="one")
    with refused("DeleteConflict", "must remove roles from instance profile first"):
        iam.delete_role(RoleName="one")
    iam.remove_role_from_instance_profile(InstanceProfileName="i", RoleName="one")
    iam.delete_role(RoleName="one")
    with refused("NoSuchEntity"):
        iam.delete_role(RoleName="one")


def test_policies_have_five_versions(iam):
    arn = iam.create_policy(PolicyName="p", PolicyDocument=document())["Policy"]["Arn"]
    for _ in range(4):
        iam.create_policy_version(
            PolicyArn=arn, PolicyDocument=document("s3:*"), SetAsDefault=True
        )
    with refused("LimitExceeded"):
        iam.create_policy_version(
            PolicyArn=arn, PolicyDocument=document(), SetAsDefault=True
        )
    with refused("DeleteConflict", "default version"):
        iam.delete_policy_version(PolicyArn=arn, VersionId="v5")
    with refused("DeleteConflict", "more than one version"):
        iam.delete_policy(PolicyArn=arn)
    for index in range(1, 5):
        iam.delete_policy_version(PolicyArn=arn, VersionId=f"v{index}")
    role(iam)
    iam.attach_role_policy(RoleName="one", PolicyArn=arn)
    with refused("DeleteConflict", "attached to entities"):
        iam.delete_policy(PolicyArn=arn)
    iam.detach_role_policy(RoleName="one", PolicyArn=arn)
    iam.delete_policy(PolicyArn=arn)
    with refused("NoSuchEntity"):
        iam.delete_policy(PolicyArn=arn)


def test_documents_have_a_size(iam):
    long = document(["s3:GetObject" + "x" * 200] * 40)
    with refused("LimitExceeded", "PolicySize"):
        iam.create_policy(PolicyName="p", PolicyDocument=long)


def test_ten_policies_per_role(iam):
    role(iam)
    for index in range(11):
        arn = iam.create_policy(PolicyName=f"p{index}", PolicyDocument=document())[
            "Policy"
        ]["Arn"]
        if index < 10:
            iam.attach_role_policy(RoleName="one", PolicyArn=arn)
    with refused("LimitExceeded", "PoliciesPerRole"):
        iam.attach_role_policy(RoleName="one", PolicyArn=arn)


def test_service_linked_roles(iam):
    made = iam.create_service_linked_role(AWSServiceName="eks.amazonaws.com")["Role"]
    assert made["RoleName"] == "AWSServiceRoleForAmazonEKS"
    with refused("InvalidInput", "has been taken"):
        iam.create_service_linked_role(AWSServiceName="eks.amazonaws.com")
    with refused("UnmodifiableEntity"):
        iam.delete_role(RoleName=made["RoleName"])


def test_oidc_providers(iam):
    issuer = "https://oidc.eks.us-east-1.amazonaws.com/id/ABC"
    with refused("ValidationError"):
        iam.create_open_id_connect_provider(Url="http://x", ClientIDList=["a"])
    arn = iam.create_open_id_connect_provider(
        Url=issuer,
        ClientIDList=["sts.amazonaws.com"],
        Tags=[{"Key": "Stack", "Value": "one"}],
    )["OpenIDConnectProviderArn"]
    assert arn == f"arn:aws:iam::123456789012:oidc-provider/{issuer[8:]}"
    shown = iam.get_open_id_connect_provider(OpenIDConnectProviderArn=arn)
    assert shown["Url"] == issuer[8:]
    assert shown["Tags"] == [{"Key": "Stack", "Value": "one"}]
    assert len(shown["ThumbprintList"]) == 1
    with refused("EntityAlreadyExists"):
        iam.create_open_id_connect_provider(Url=issuer, ClientIDList=["a"])
    iam.add_client_id_to_open_id_connect_provider(
        OpenIDConnectProviderArn=arn, ClientID="other"
    )
    iam.remove_client_id_from_open_id_connect_provider(
        OpenIDConnectProviderArn=arn, ClientID="sts.amazonaws.com"
    )
    shown = iam.get_open_id_connect_provider(OpenIDConnectProviderArn=arn)
    assert shown["ClientIDList"] == ["other"]
    with refused("ValidationError"):
        iam.update_open_id_connect_provider_thumbprint(
            OpenIDConnectProviderArn=arn, ThumbprintList=[]
        )
    iam.delete_open_id_connect_provider(OpenIDConnectProviderArn=arn)
    with refused("NoSuchEntity"):
        iam.get_open_id_connect_provider(OpenIDConnectProviderArn=arn)
