"""Calls with an access key that a test gave a policy: what it does not allow is denied.

As much of IAM's evaluation as identity-based policies of ours use: Allow and Deny,
actions and resources with wildcards, and conditions on what ``authorization.py`` knows.
A condition that is not known is never met, so that a policy that rests on one is not
taken for tested.
"""

from __future__ import annotations

import fnmatch
from collections.abc import Callable
from typing import Any

from .authorization import Question, questions
from .core import Call, World
from .policies import as_list, statements

# What IAM asks no permission for.
FREE = {"sts:GetCallerIdentity"}


def denied(call: Call, world: World) -> str:
    """The first action that the caller's policy, if a test gave it one, does not allow."""
    policy = world.settings.extra.get("policies", {}).get(call.access_key)
    if policy is None or f"{call.service}:{call.operation}" in FREE:
        return ""
    asked = questions(call, world)
    call.notes["asked"] = sorted({each.action for each in asked})
    return next((each.action for each in asked if not allows(policy, each)), "")


def allows(policy: dict[str, Any], question: Question) -> bool:
    """Whether a policy allows what is asked."""
    effects = {
        statement.get("Effect")
        for statement in statements(policy)
        if covers(statement, question)
    }
    return "Allow" in effects and "Deny" not in effects


def covers(statement: dict[str, Any], question: Question) -> bool:
    """Whether a statement is about what is asked."""
    actions = as_list(statement.get("Action"))
    if not any(matches(each.lower(), question.action.lower()) for each in actions):
        return False
    patterns = as_list(statement.get("Resource"))
    if not any(each == "*" or matches(each, question.resource) for each in patterns):
        return False
    return all(
        is_met(operator, key, values, question.context)
        for operator, keys in statement.get("Condition", {}).items()
        for key, values in keys.items()
    )


Test = Callable[[str, str], bool]


def is_met(operator: str, key: str, values: Any, context: dict[str, str]) -> bool:
    """Whether a condition is met; one of an operator or on a key that is not known, never."""
    known = {name.lower(): value for name, value in context.items()}
    value, test = known.get(key.lower()), OPERATORS.get(operator)
    if value is None or test is None:
        return False
    return any(test(str(each), value) for each in as_list(values))


def matches(pattern: str, text: str) -> bool:
    """IAM's wildcards: ``*`` and ``?`` and nothing else."""
    return fnmatch.fnmatchcase(text, pattern.replace("[", "[[]"))


OPERATORS: dict[str, Test] = {
    "StringEquals": lambda wanted, value: wanted == value,
    "StringLike": matches,
    "ArnEquals": matches,
    "ArnLike": matches,
}
