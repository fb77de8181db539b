"""KMS: keys that come into sight slowly and never go at once."""

from __future__ import annotations

from datetime import timedelta
from fnmatch import fnmatchcase
from typing import Any

from moto.core.utils import unix_time, utcnow

from .core import Call, Refusal, Reply, World, after, before
from .durations import KMS_VISIBLE
from .misc import CALLER_ROLE
from .policies import as_list, parse, statements, unknown_principal

# What a key that is pending deletion refuses; everything else still works.
NOT_WHILE_PENDING = (
    "CreateAlias",
    "CreateGrant",
    "Decrypt",
    "DisableKey",
    "DisableKeyRotation",
    "EnableKey",
    "EnableKeyRotation",
    "Encrypt",
    "GenerateDataKey",
    "GenerateDataKeyWithoutPlaintext",
    "ReEncrypt",
    "ScheduleKeyDeletion",
    "TagResource",
    "UntagResource",
    "UpdateAlias",
    "UpdateKeyDescription",
)
NOT_WHILE_DISABLED = (
    "CreateGrant",
    "Decrypt",
    "DisableKeyRotation",
    "EnableKeyRotation",
    "Encrypt",
    "GenerateDataKey",
    "GenerateDataKeyWithoutPlaintext",
    "ReEncrypt",
)


def key_of(backend: Any, name: str) -> Any:
    """A key by its id, ARN, alias or alias ARN; None if there is none."""
    if ":alias/" in name:
        name = "alias/" + name.split(":alias/")[1]
    if name.startswith("alias/"):
        for key in backend.keys.values():
            if name in key.aliases:
                return key
        return None
    return backend.keys.get(name.rsplit("/", 1)[-1])


def visible_key(world: World, region: str, account: str, name: str) -> Any:
    """The same for another service, which does not see a new key at once."""
    key = key_of(world.moto("kms", region, account), name)
    return None if key is None or is_fresh(world, key.id) else key


def is_fresh(world: World, identifier: str) -> bool:
    """Whether a key is too new to be seen."""
    made = world.book("kms_created").get(identifier)
    window = world.settings.window("kms", KMS_VISIBLE)
    return made is not None and not world.clock.older(made, window)


def no_such_key(key: Any) -> Refusal:
    """A key that is not there, or not seen yet."""
    return Refusal("NotFoundException", f"Key '{key.arn}' does not exist")


def malformed(text: str) -> Refusal:
    """A key policy that KMS does not take."""
    return Refusal("MalformedPolicyDocumentException", text)


def wrong_state(text: str) -> Refusal:
    """A key in a state that does not allow the call."""
    return Refusal("KMSInvalidStateException", text)


def is_elsewhere(call: Call, name: str) -> bool:
    """Whether an ARN names a key of another account or Region."""
    parts = name.split(":")
    return name.startswith("arn:") and parts[3:5] != [call.region, call.account]


@before("kms", "*")
def keys_of_others(call: Call, world: World) -> None:
    """A key of another account lets nobody in here use it; the Region is ours."""
    name = call.get("TargetKeyId") or call.get("KeyId")
    if not name or not is_elsewhere(call, name):
        return
    if name.split(":")[3] != call.region:
        raise Refusal("NotFoundException", f"Invalid arn {name.split(':')[3]}")
    caller = f"arn:aws:sts::{call.account}:assumed-role/{CALLER_ROLE}/session"
    raise Refusal(
        "AccessDeniedException",
        f"User: {caller} is not authorized to perform: kms:{call.operation} on "
        f"resource: {name} because the resource does not exist in this Region, no "
        "resource-based policies allow access, or a resource-based policy explicitly "
        "denies access",
        400,
    )


@before("kms", "*")
def key_states(call: Call, world: World) -> None:
    """New keys are not found; dying and disabled ones refuse most calls."""
    name = call.get("TargetKeyId") or call.get("KeyId")
    if not name or call.operation in ("CreateKey", "ListAliases"):
        return
    key = key_of(world.moto("kms", call.region, call.account), name)
    if key is None:
        return
    if is_fresh(world, key.id):
        raise no_such_key(key)
    pending = key.key_state == "PendingDeletion"
    if pending and call.operation in NOT_WHILE_PENDING:
        raise wrong_state(f"{key.arn} is pending deletion.")
    if key.key_state == "Disabled" and call.operation in NOT_WHILE_DISABLED:
        raise Refusal("DisabledException", f"{key.arn} is disabled.")


@after("kms", "CreateKey")
def remember_key(call: Call, reply: Reply, world: World) -> None:
    """Note when a key came into being, and give it the default usage, which moto leaves open."""
    if reply.ok:
        identifier = reply.parsed()["KeyMetadata"]["KeyId"]
        key = key_of(world.moto("kms", call.region, call.account), identifier)
        if key is not None and not key.key_usage:
            key.key_usage = "ENCRYPT_DECRYPT"
        world.book("kms_created")[identifier] = world.clock.now()


@after("kms", "ListKeys")
def hide_new_keys(call: Call, reply: Reply, world: World) -> Reply | None:
    """New keys are missing from lists as well."""
    shown = reply.parsed()
    kept = [key for key in shown["Keys"] if not is_fresh(world, key["KeyId"])]
    if len(kept) == len(shown["Keys"]):
        return None
    return call.reply({**shown, "Keys": kept})


# --------------------------------------------------------------------------
# Policies


def allows_change(document: dict[str, Any], account: str) -> bool:
    """Whether the caller could still put another policy."""
    trusted = {account, "*"}
    suffixes = (f":{account}:root", f":role/{CALLER_ROLE}")
    session = f":{account}:assumed-role/{CALLER_ROLE}/"
    for statement in statements(document):
        if statement.get("Effect") != "Allow":
            continue
        actions = [str(each).lower() for each in as_list(statement.get("Action"))]
        if not any(fnmatchcase("kms:putkeypolicy", action) for action in actions):
            continue
        named = statement.get("Principal")
        who = [named] if named == "*" else []
        if isinstance(named, dict):
            who = [str(each) for each in as_list(named.get("AWS"))]
        for each in who:
            if each in trusted or each.endswith(suffixes) or session in each:
                return True
    return False


def check_policy(call: Call, world: World, text: str) -> None:
    """Well-formed, principals visible, and the caller not locked out."""
    document = parse(text)
    if document is None or not statements(document):
        raise malformed("The new key policy is not valid JSON.")
    if unknown_principal(world, call.account, document):
        raise malformed(
            "Policy contains a statement with one or more invalid principals."
        )
    bypass = call.flag("BypassPolicyLockoutSafetyCheck")
    if not bypass and not allows_change(document, call.account):
        raise malformed(
            "The new key policy will not allow you to update the key policy in the "
            "future."
        )


@before("kms", "CreateKey", "PutKeyPolicy")
def key_policy(call: Call, world: World) -> None:
    """Check the policy before moto stores it."""
    if call.get("Policy"):
        check_policy(call, world, call.get("Policy"))
    for tag in call.get("Tags", []):
        if str(tag.get("TagKey", "")).startswith("aws:"):
            raise Refusal("TagException", "aws: prefixed tag key names are not allowed")


@before("kms", "PutKeyPolicy")
def keep_old_policy(call: Call, world: World) -> None:
    """For a moment reads still show the policy before this one."""
    key = key_of(world.moto("kms", call.region, call.account), call.get("KeyId"))
    if key is not None:
        entry = (world.clock.now(), key.policy)
        world.book("kms_stale").setdefault(key.id, entry)


@before("kms", "GetKeyPolicy")
def stale_policy(call: Call, world: World) -> Reply | None:
    """Reads lag behind a change."""
    key = key_of(world.moto("kms", call.region, call.account), call.get("KeyId"))
    entry = world.book("kms_stale").get(key.id) if key is not None else None
    if entry is None:
        return None
    if world.clock.older(entry[0], world.settings.window("kms", KMS_VISIBLE)):
        del world.book("kms_stale")[key.id]
        return None
    return call.reply({"Policy": entry[1], "PolicyName": "default"})


# --------------------------------------------------------------------------
# Aliases, rotation, deletion


@before("kms", "CreateAlias", "UpdateAlias")
def alias_names(call: Call, world: World) -> None:
    """Names under "alias/aws/" are AWS's."""
    if call.get("AliasName").startswith("alias/aws/"):
        raise Refusal("NotAuthorizedException", "")


@before("kms", "DeleteAlias")
def delete_alias(call: Call, world: World) -> None:
    """The alias must be there; the state of its key does not matter."""
    name = call.get("AliasName")
    if key_of(world.moto("kms", call.region, call.account), name) is None:
        arn = f"arn:aws:kms:{call.region}:{call.account}:{name}"
        raise Refusal("NotFoundException", f"Alias {arn} is not found.")


@before("kms", "ScheduleKeyDeletion")
def schedule_deletion(call: Call, world: World) -> Reply | None:
    """Seven to thirty days; the answer says the new state."""
    key = key_of(world.moto("kms", call.region, call.account), call.get("KeyId"))
    if key is None:
        return None
    days = call.get("PendingWindowInDays", 30)
    if not isinstance(days, int) or not 7 <= days <= 30:
        raise Refusal(
            "ValidationException",
            f"1 validation error detected: Value '{days}' at 'pendingWindowInDays' "
            "failed to satisfy constraint: Member must have value between 7 and 30",
        )
    key.enabled = False
    key.key_state = "PendingDeletion"
    key.deletion_date = utcnow() + timedelta(days=days)
    return call.reply(
        {
            "KeyId": key.arn,
            "DeletionDate": unix_time(key.deletion_date),
            "KeyState": key.key_state,
            "PendingWindowInDays": days,
        }
    )


@before("kms", "CancelKeyDeletion")
def cancel_deletion(call: Call, world: World) -> Reply | None:
    """The key comes back disabled."""
    key = key_of(world.moto("kms", call.region, call.account), call.get("KeyId"))
    if key is None:
        return None
    if key.key_state != "PendingDeletion":
        raise wrong_state(f"{key.arn} is not pending deletion.")
    key.key_state = "Disabled"
    key.enabled = False
    key.deletion_date = None
    return call.reply({"KeyId": key.arn})


@after("kms", "EnableKeyRotation")
def remember_period(call: Call, reply: Reply, world: World) -> None:
    """Keep the rotation period, which moto drops."""
    if reply.ok:
        key = key_of(world.moto("kms", call.region, call.account), call.get("KeyId"))
        world.book("kms_period")[key.id] = call.get("RotationPeriodInDays", 365)


@after("kms", "GetKeyRotationStatus")
def show_period(call: Call, reply: Reply, world: World) -> Reply | None:
    """Show the period of a key that rotates; a dying one does not."""
    if not reply.ok:
        return None
    key = key_of(world.moto("kms", call.region, call.account), call.get("KeyId"))
    shown = {**reply.parsed(), "KeyId": key.arn}
    if key.key_state == "PendingDeletion":
        shown["KeyRotationEnabled"] = False
    if shown["KeyRotationEnabled"]:
        shown["RotationPeriodInDays"] = world.book("kms_period").get(key.id, 365)
    return call.reply(shown)


@before("kms", "CancelKeyDeletion", "DisableKey", "EnableKey", "ScheduleKeyDeletion")
def by_id(call: Call, world: World) -> None:
    """These take ARNs as well; moto looks for the id only."""
    key = key_of(world.moto("kms", call.region, call.account), call.get("KeyId"))
    if key is not None and call.get("KeyId") != key.id:
        call.params["KeyId"] = key.id
        call.rewrite()
