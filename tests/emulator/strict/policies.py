"""Policy documents: their principals, and who is visible yet."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

from .core import World
from .durations import IAM_VISIBLE

ROLE = re.compile(r"arn:[^:]+:iam::(\d{12}):role/(?:.*/)?([^/]+)")
USER = re.compile(r"arn:[^:]+:iam::(\d{12}):user/(?:.*/)?([^/]+)")
SESSION = re.compile(r"arn:[^:]+:sts::(\d{12}):assumed-role/([^/]+)/.+")
ROOT = re.compile(r"arn:[^:]+:iam::\d{12}:root|\d{12}|\*")
SERVICE = re.compile(r"[a-z0-9.-]+\.amazonaws\.com(\.cn)?")


def parse(text: str) -> dict[str, Any] | None:
    """A policy document, None if it is no JSON object."""
    try:
        document = json.loads(text)
    except ValueError:
        return None
    return document if isinstance(document, dict) else None


def as_list(value: Any) -> list[Any]:
    """One value and a list of them are the same in a policy."""
    if value is None:
        return []
    return value if isinstance(value, list) else [value]


def statements(document: dict[str, Any]) -> list[dict[str, Any]]:
    """The statements of a policy."""
    found = as_list(document.get("Statement"))
    return [each for each in found if isinstance(each, dict)]


def principals(document: dict[str, Any], kind: str) -> Iterator[str]:
    """The principals of one kind ("AWS", "Service", "Federated")."""
    for statement in statements(document):
        for name in ("Principal", "NotPrincipal"):
            named = statement.get(name)
            if named == "*" and kind == "AWS":
                yield "*"
            if isinstance(named, dict):
                yield from (str(each) for each in as_list(named.get(kind)))


def is_fresh(world: World, account: str, role: str) -> bool:
    """Whether a role is too new to be seen by other services."""
    made = world.book("iam_created").get((account, role.lower()))
    if made is None:
        return False
    window = world.settings.window("iam", IAM_VISIBLE)
    return not world.clock.older(made, window)


def known(world: World, account: str, principal: str) -> bool:
    """Whether a principal exists and is visible yet."""
    from .misc import CALLER_ROLE

    if ROOT.fullmatch(principal):
        return True
    found = ROLE.fullmatch(principal) or SESSION.fullmatch(principal)
    if found:
        owner, name = found.groups()
        if owner != account or name == CALLER_ROLE:
            return True
        roles = world.moto("iam", account=account).roles.values()
        exact = ROLE.fullmatch(principal) is not None
        return not is_fresh(world, account, name) and any(
            role.arn == principal if exact else role.name == name for role in roles
        )
    found = USER.fullmatch(principal)
    if found:
        owner, name = found.groups()
        users = world.moto("iam", account=account).users
        return owner != account or name in users
    return False


def unknown_principal(
    world: World, account: str, document: dict[str, Any]
) -> tuple[str, str] | None:
    """The first principal that does not exist: its kind and name."""
    for principal in principals(document, "AWS"):
        if not known(world, account, principal):
            return "AWS", principal
    for principal in principals(document, "Service"):
        if not SERVICE.fullmatch(principal):
            return "SERVICE", principal
    return None
