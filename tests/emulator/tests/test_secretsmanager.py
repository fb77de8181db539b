"""Secrets: names, tokens, tags."""

from __future__ import annotations

import pytest
from scene import refused

TOKEN = "0" * 32


@pytest.fixture
def secrets(aws):
    return aws("secretsmanager")


def test_creates_are_idempotent_by_token(secrets):
    order = {
        "Name": "one",
        "SecretString": "s",
        "ClientRequestToken": TOKEN,
        "Tags": [{"Key": "Stack", "Value": "x"}],
    }
    first = secrets.create_secret(**order)
    assert secrets.create_secret(**order)["ARN"] == first["ARN"]
    with refused("ResourceExistsException"):
        secrets.create_secret(**{**order, "SecretString": "t"})
    with refused("ResourceExistsException"):
        secrets.create_secret(**{**order, "ClientRequestToken": "1" * 32})
    assert secrets.describe_secret(SecretId="one")["Tags"] == order["Tags"]
    secrets.tag_resource(SecretId="one", Tags=[{"Key": "b", "Value": "c"}])
    secrets.untag_resource(SecretId="one", TagKeys=["Stack"])
    assert secrets.describe_secret(SecretId="one")["Tags"] == [
        {"Key": "b", "Value": "c"}
    ]


def test_a_scheduled_name_is_not_free(secrets):
    secrets.create_secret(Name="one", SecretString="s")
    secrets.delete_secret(SecretId="one", RecoveryWindowInDays=7)
    with refused("InvalidRequestException", "scheduled for deletion"):
        secrets.create_secret(Name="one", SecretString="s")
    with refused("InvalidRequestException", "marked for deletion"):
        secrets.get_secret_value(SecretId="one")
    assert "DeletedDate" in secrets.describe_secret(SecretId="one")
    secrets.restore_secret(SecretId="one")
    assert secrets.get_secret_value(SecretId="one")["SecretString"] == "s"
    secrets.delete_secret(SecretId="one", ForceDeleteWithoutRecovery=True)
    secrets.create_secret(Name="one", SecretString="s")
    with refused("ResourceNotFoundException"):
        secrets.describe_secret(SecretId="two")


def test_another_key_needs_the_old_one_once_more(aws, secrets):
    kms = aws("kms")
    old, new = (kms.create_key()["KeyMetadata"]["Arn"] for _ in range(2))
    secrets.create_secret(Name="one", SecretString="s", KmsKeyId=old)
    kms.schedule_key_deletion(KeyId=old, PendingWindowInDays=7)
    with refused("DecryptionFailure"):
        secrets.update_secret(SecretId="one", KmsKeyId=new)
    secrets.update_secret(SecretId="one", KmsKeyId=new, SecretString="t")
    assert secrets.get_secret_value(SecretId="one")["SecretString"] == "t"


def test_who_names_no_version_is_given_the_current_one(secrets):
    first = secrets.create_secret(Name="one", SecretString="s")["VersionId"]
    second = secrets.put_secret_value(
        SecretId="one",
        SecretString="t",
        ClientRequestToken="2" * 32,
        VersionStages=["AWSPENDING"],
    )["VersionId"]
    assert secrets.get_secret_value(SecretId="one")["SecretString"] == "s"
    moved = {
        "SecretId": "one",
        "VersionStage": "AWSCURRENT",
        "MoveToVersionId": second,
        "RemoveFromVersionId": first,
    }
    secrets.update_secret_version_stage(**moved)
    assert secrets.get_secret_value(SecretId="one")["SecretString"] == "t"
    previous = secrets.get_secret_value(SecretId="one", VersionStage="AWSPREVIOUS")
    assert previous["SecretString"] == "s"
    with refused("InvalidParameterException"):
        secrets.update_secret_version_stage(**moved)
