"""Secrets Manager: names stay taken while a secret waits for its deletion.

moto knows tokens, tags and restoring; here is what it words or allows
differently.
"""

from __future__ import annotations

from typing import Any

from .core import Call, Refusal, World, before


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
