"""Calls with an access key that a test gave a policy: what it does not allow is denied.

As much of IAM's evaluation as identity-based policies of ours use: Allow and Deny,
actions and resources with wildcards.  A condition is never met, so that a policy that
rests on one is not taken for tested.  A call names a resource by the ARNs in its
parameters, by bucket and key, or not at all, when only ``*`` covers it.
"""

from __future__ import annotations

import fnmatch
from collections.abc import Iterator
from typing import Any

from .core import Call, World
from .faults import permission
from .policies import as_list, statements

# What IAM asks no permission for.
FREE = {"sts:GetCallerIdentity"}


def is_denied(call: Call, world: World) -> bool:
    """Whether the caller's policy, if a test gave it one, does not allow a call."""
    policy = world.settings.extra.get("policies", {}).get(call.access_key)
    action = permission(call)
    if policy is None or action in FREE:
        return False
    touched = list(resources(call))
    effects = {
        statement.get("Effect")
        for statement in statements(policy)
        if covers(statement, action, touched)
    }
    return "Allow" not in effects or "Deny" in effects


def covers(statement: dict[str, Any], action: str, touched: list[str]) -> bool:
    """Whether a statement is about an action on what a call touches."""
    if "Condition" in statement:
        return False
    actions = as_list(statement.get("Action"))
    if not any(matches(each.lower(), action.lower()) for each in actions):
        return False
    patterns = as_list(statement.get("Resource"))
    return "*" in patterns or any(
        matches(pattern, each) for pattern in patterns for each in touched
    )


def matches(pattern: str, text: str) -> bool:
    """IAM's wildcards: ``*`` and ``?`` and nothing else."""
    return fnmatch.fnmatchcase(text, pattern.replace("[", "[[]"))


def resources(call: Call) -> Iterator[str]:
    """The ARNs of what a call names."""
    bucket, key = call.get("Bucket"), call.get("Key")
    if call.service == "s3" and bucket:
        yield f"arn:aws:s3:::{bucket}/{key}" if key else f"arn:aws:s3:::{bucket}"
    for value in call.params.values():
        if isinstance(value, str) and value.startswith("arn:"):
            yield value
