"""Keys, aliases, key policies, deletion."""

from __future__ import annotations

import json

import pytest
from scene import refused, slow

ROOT = "arn:aws:iam::123456789012:root"


def policy(*who, action="kms:*"):
    return json.dumps(
        {
            "Version": "2012-10-17",
            "Statement": [
                {
                    "Effect": "Allow",
                    "Principal": {"AWS": list(who)},
                    "Action": action,
                    "Resource": "*",
                }
            ],
        }
    )


@pytest.fixture
def kms(aws):
    return aws("kms")


@pytest.fixture
def key(kms):
    return kms.create_key(Tags=[{"TagKey": "nonce", "TagValue": "1"}])["KeyMetadata"][
        "KeyId"
    ]


def test_a_new_key_is_not_found_at_once(world, kms):
    clock = slow(world, kms=2)
    key = kms.create_key()["KeyMetadata"]["KeyId"]
    for attempt in (
        lambda: kms.create_alias(AliasName="alias/one", TargetKeyId=key),
        lambda: kms.enable_key_rotation(KeyId=key),
        lambda: kms.describe_key(KeyId=key),
    ):
        with refused("NotFoundException", "does not exist"):
            attempt()
    assert kms.list_keys()["Keys"] == []
    clock.advance(3)
    kms.create_alias(AliasName="alias/one", TargetKeyId=key)
    assert kms.describe_key(KeyId="alias/one")["KeyMetadata"]["KeyId"] == key
    assert [each["KeyId"] for each in kms.list_keys()["Keys"]] == [key]


def test_class_c_creates_never_deduplicate(kms):
    order = {"Tags": [{"TagKey": "nonce", "TagValue": "1"}]}
    first = kms.create_key(**order)["KeyMetadata"]["KeyId"]
    assert kms.create_key(**order)["KeyMetadata"]["KeyId"] != first
    assert kms.list_resource_tags(KeyId=first)["Tags"] == order["Tags"]


def test_aliases(kms, key):
    kms.create_alias(AliasName="alias/one", TargetKeyId=key)
    with refused("AlreadyExistsException"):
        kms.create_alias(AliasName="alias/one", TargetKeyId=key)
    with refused("NotAuthorizedException"):
        kms.create_alias(AliasName="alias/aws/one", TargetKeyId=key)
    other = kms.create_key()["KeyMetadata"]["KeyId"]
    kms.update_alias(AliasName="alias/one", TargetKeyId=other)
    (shown,) = kms.list_aliases(KeyId=other)["Aliases"]
    assert shown["TargetKeyId"] == other
    kms.delete_alias(AliasName="alias/one")
    with refused("NotFoundException"):
        kms.delete_alias(AliasName="alias/one")


def test_rotation(kms, key):
    assert kms.get_key_rotation_status(KeyId=key)["KeyRotationEnabled"] is False
    kms.enable_key_rotation(KeyId=key, RotationPeriodInDays=180)
    shown = kms.get_key_rotation_status(KeyId=key)
    assert shown["KeyRotationEnabled"] is True
    assert shown["RotationPeriodInDays"] == 180
    kms.disable_key(KeyId=key)
    with refused("DisabledException"):
        kms.disable_key_rotation(KeyId=key)


def test_deletion_is_scheduled(kms, key):
    kms.create_alias(AliasName="alias/one", TargetKeyId=key)
    with refused("ValidationException"):
        kms.schedule_key_deletion(KeyId=key, PendingWindowInDays=3)
    answer = kms.schedule_key_deletion(KeyId=key, PendingWindowInDays=7)
    assert answer["KeyState"] == "PendingDeletion"
    assert answer["PendingWindowInDays"] == 7
    for attempt in (
        lambda: kms.schedule_key_deletion(KeyId=key, PendingWindowInDays=7),
        lambda: kms.create_alias(AliasName="alias/two", TargetKeyId=key),
        lambda: kms.tag_resource(KeyId=key, Tags=[{"TagKey": "a", "TagValue": "b"}]),
        lambda: kms.enable_key_rotation(KeyId=key),
        lambda: kms.enable_key(KeyId=key),
        lambda: kms.encrypt(KeyId=key, Plaintext=b"x"),
    ):
        with refused("KMSInvalidStateException", "is pending deletion"):
            attempt()
    kms.put_key_policy(KeyId=key, PolicyName="default", Policy=policy(ROOT))
    kms.list_resource_tags(KeyId=key)
    shown = kms.describe_key(KeyId="alias/one")["KeyMetadata"]
    assert shown["KeyState"] == "PendingDeletion"
    with refused("AlreadyExistsException"):
        other = kms.create_key()["KeyMetadata"]["KeyId"]
        kms.create_alias(AliasName="alias/one", TargetKeyId=other)
    kms.update_alias(AliasName="alias/one", TargetKeyId=other)
    kms.cancel_key_deletion(KeyId=key)
    assert kms.describe_key(KeyId=key)["KeyMetadata"]["KeyState"] == "Disabled"
    with refused("KMSInvalidStateException"):
        kms.cancel_key_deletion(KeyId=key)
    kms.enable_key(KeyId=key)
    kms.encrypt(KeyId=key, Plaintext=b"x")


def test_policies_do_not_lock_the_caller_out(aws, kms, key):
    aws("iam").create_role(
        RoleName="app",
        AssumeRolePolicyDocument=json.dumps(
            {
                "Version": "2012-10-17",
                "Statement": [
                    {
                        "Effect": "Allow",
                        "Principal": {"Service": "ec2.amazonaws.com"},
                        "Action": "sts:AssumeRole",
                    }
                ],
            }
        ),
    )
    app = "arn:aws:iam::123456789012:role/app"
    with refused("MalformedPolicyDocumentException", "will not allow you to update"):
        kms.put_key_policy(KeyId=key, PolicyName="default", Policy=policy(app))
    with refused("MalformedPolicyDocumentException", "will not allow you to update"):
        kms.create_key(Policy=policy(ROOT, action="kms:Encrypt"))
    with refused("MalformedPolicyDocumentException", "invalid principals"):
        kms.put_key_policy(
            KeyId=key, PolicyName="default", Policy=policy(ROOT, app + "x")
        )
    with refused("MalformedPolicyDocumentException"):
        kms.put_key_policy(KeyId=key, PolicyName="default", Policy="{")
    kms.put_key_policy(KeyId=key, PolicyName="default", Policy=policy(ROOT, app))
    kms.create_key(Policy=policy(app), BypassPolicyLockoutSafetyCheck=True)


def test_policy_reads_lag(world, kms, key):
    clock = slow(world, kms=2)
    clock.advance(5)
    kms.put_key_policy(
        KeyId=key, PolicyName="default", Policy=policy(ROOT, "123456789012")
    )
    before = kms.get_key_policy(KeyId=key, PolicyName="default")["Policy"]
    assert "Enable IAM User Permissions" in before
    clock.advance(3)
    now = kms.get_key_policy(KeyId=key, PolicyName="default")["Policy"]
    assert json.loads(now) == json.loads(policy(ROOT, "123456789012"))


def test_a_key_of_another_account_or_region_is_not_ours_to_look_at(kms, key):
    arn = kms.describe_key(KeyId=key)["KeyMetadata"]["Arn"]
    foreign = arn.replace("123456789012", "999999999999")
    with refused("AccessDeniedException", "kms:DescribeKey on resource: " + foreign):
        kms.describe_key(KeyId=foreign)
    with refused("NotFoundException", "Invalid arn eu-west-1"):
        kms.describe_key(KeyId=arn.replace("us-east-1", "eu-west-1"))
