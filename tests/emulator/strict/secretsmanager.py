"""Secrets Manager: names stay taken while a secret waits for its deletion.

moto knows tokens, tags and restoring; here is what it words or allows
differently.
"""

from __future__ import annotations

from typing import Any

from .core import Call, Refusal, Reply, World, after, before
from .kms import key_of


def secret_of(call: Call, world: World, name: str) -> Any:
    """A secret by name or ARN; None if there is none."""
    backend = world.moto("secretsmanager", call.region, call.account)
    return backend.secrets.get(name)


@before("secretsmanager", "CreateSecret")
def create_secret(call: Call, world: World) -> None:
    """A name scheduled for deletion is not free."""
    secret = secret_of(call, world, call.get("Name"))
    if secret is not None and secret.is_deleted():
        raise Refusal(
            "InvalidRequestException",
            "You can't create this secret because a secret with this name is already "
            "scheduled for deletion.",
        )


@before("secretsmanager", "DeleteSecret", "PutSecretValue", "UpdateSecret")
def managed_secrets(call: Call, world: World) -> None:
    """A secret that a service manages is not ours to delete or write."""
    secret = secret_of(call, world, call.get("SecretId"))
    if secret is None or not secret.owning_service:
        return
    raise Refusal(
        "InvalidRequestException",
        f"You can't perform this operation on the secret because it is managed by "
        f"{secret.owning_service}.",
    )


@before("secretsmanager", "UpdateSecret")
def encrypt_anew(call: Call, world: World) -> None:
    """Another key for the value there is: the old one has to open it once more."""
    secret = secret_of(call, world, call.get("SecretId"))
    if secret is None or not call.get("KmsKeyId") or call.get("SecretString"):
        return
    if not secret.kms_key_id or "alias/aws/" in secret.kms_key_id:
        return
    key = key_of(world.moto("kms", call.region, call.account), secret.kms_key_id)
    if key is None or key.key_state != "Enabled":
        raise Refusal(
            "DecryptionFailure",
            "Secrets Manager can't decrypt the protected secret text using the "
            "provided KMS key.",
        )


@before("secretsmanager", "GetSecretValue", "UpdateSecret", "TagResource")
def deleted_secrets(call: Call, world: World) -> None:
    """Nothing but describing and restoring while a deletion is scheduled."""
    secret = secret_of(call, world, call.get("SecretId"))
    if secret is not None and secret.is_deleted():
        raise Refusal(
            "InvalidRequestException",
            "You can't perform this operation on the secret because it was marked "
            "for deletion.",
        )


@after("secretsmanager", "UpdateSecretVersionStage")
def read_the_current(call: Call, reply: Reply, world: World) -> None:
    """Who names no version is given the current one, wherever the label went."""
    secret = secret_of(call, world, call.get("SecretId"))
    if not reply.ok or secret is None:
        return
    for identifier, version in secret.versions.items():
        if "AWSCURRENT" in version["version_stages"]:
            secret.set_default_version_id(identifier)
