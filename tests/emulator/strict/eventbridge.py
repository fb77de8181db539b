"""What EventBridge makes of the calls that reached us: events, and what a rule does with them.

The matching is moto's. It does not look into lists of objects, takes every operator it
does not know for a match, and knows no limits: that is ours.
"""

from __future__ import annotations

import json
import re
from itertools import chain
from typing import Any

from moto.events.models import EventPattern

from .cloudtrail import is_management, record_json, region_of
from .core import DEFAULT_REGION, World
from .log import Entry

# EventBridge quotas: event pattern size; InputTransformer (API Reference).
PATTERN, TEMPLATE, PATHS = 2048, 8192, 100
# "$or" makes every combination a rule of its own (User Guide, "Or").
COMBINATIONS = 1000
# ECS RunTask: "overrides" (API Reference, TaskOverride).
OVERRIDES = 8192
OPERATORS = {
    "anything-but": (str, int, float, list, dict),
    "cidr": (str,),
    "equals-ignore-case": (str,),
    "exists": (bool,),
    "numeric": (list,),
    "prefix": (str, dict),
    "suffix": (str, dict),
    "wildcard": (str,),
}
# What may stand within "anything-but" (User Guide, "Comparison operators").
NEGATED = ("prefix", "suffix", "equals-ignore-case", "wildcard")
PATH = re.compile(r"\$(\.[A-Za-z0-9_/-]+(\[\d+\])?)+")


def delivered(entry: Entry, world: World) -> dict[str, Any]:
    """A call as EventBridge delivers what CloudTrail recorded of it."""
    detail = record_json(entry, world)
    return {
        "version": "0",
        "id": detail["eventID"],
        "detail-type": "AWS API Call via CloudTrail",
        "source": f"aws.{entry.service}",
        "account": entry.account,
        "time": detail["eventTime"],
        "region": region_of(entry),
        "resources": [],
        "detail": detail,
    }


def events(world: World, region: str = DEFAULT_REGION, since: int = 0) -> list[dict[str, Any]]:
    """Those of the calls from an index on. A rule is not sent what only reads, unless
    its state says so (User Guide, "AWS service events delivered via AWS CloudTrail")."""
    told = (delivered(each, world) for each in world.log.since(since) if sent(each))
    return [each for each in told if each["region"] == region]


def sent(entry: Entry) -> bool:
    """Whether a rule on the calls of a service is sent it."""
    return entry.mutating and is_management(entry)


def applied(world: World, order: dict[str, Any]) -> list[dict[str, Any]]:
    """The events that a pattern matches, each with the input that its target gets."""
    pattern, transformer = order.get("pattern"), order.get("transformer")
    rule = None if pattern is None else Pattern(pattern)
    found = events(world, order.get("region", DEFAULT_REGION), order.get("since", 0))
    matched = [each for each in found if rule is None or rule.matches_event(each)]
    return [
        {"event": each, "input": transformed(transformer, each) if transformer else each}
        for each in matched
    ]


class Pattern(EventPattern):
    """A pattern that AWS takes."""

    def __init__(self, pattern: dict[str, Any]) -> None:
        text = json.dumps(pattern, separators=(",", ":"))
        if len(text) > PATTERN:
            raise ValueError(f"Event pattern is too long: {len(text)} of {PATTERN}")
        if combinations(pattern) > COMBINATIONS:
            raise ValueError("Event pattern has too many combinations of $or")
        super().__init__(text, pattern)

    @staticmethod
    def _flatten_dict(
        node: Any, prefix: str = "", result: dict[str, Any] | None = None
    ) -> dict[str, Any]:
        """Every value by its path; of a list of objects the values of all of them."""
        flat: dict[str, Any] = {} if result is None else result
        for key, value in node.items():
            path = f"{prefix}.{key}" if prefix else key
            if isinstance(value, dict):
                Pattern._flatten_dict(value, path, flat)
            elif isinstance(value, list) and any(isinstance(each, dict) for each in value):
                for each in value:
                    for inner, found in Pattern._flatten_dict(each, path, {}).items():
                        known = flat.setdefault(inner, [])
                        known.extend(found if isinstance(found, list) else [found])
            else:
                flat[path] = value
        return flat


def combinations(pattern: dict[str, Any]) -> int:
    """How many rules without "$or" a pattern stands for; refuses what is none."""
    if not isinstance(pattern, dict) or not pattern:
        raise ValueError("Event pattern is not valid: it must be a non-empty object")
    product = 1
    for key, value in pattern.items():
        if key == "$or":
            if not isinstance(value, list) or len(value) < 2:
                raise ValueError("Event pattern is not valid: $or takes two alternatives or more")
            product *= sum(combinations(each) for each in value)
        elif isinstance(value, dict):
            product *= combinations(value)
        elif isinstance(value, list) and value:
            for each in value:
                check_filter(key, each)
        else:
            raise ValueError(f"Event pattern is not valid: {key} must be an object or an array")
    return product


def check_filter(key: str, value: Any) -> None:
    """Refuses a filter of a value that EventBridge does not know."""
    if not isinstance(value, dict):
        if isinstance(value, list):
            raise ValueError(f"Event pattern is not valid: {key} has an array in an array")
        return
    if len(value) != 1:
        raise ValueError(f"Event pattern is not valid: {key} has {len(value)} operators in one")
    ((operator, operand),) = value.items()
    if not isinstance(operand, OPERATORS.get(operator, ())):
        raise ValueError(f"Event pattern is not valid: unrecognized match type {operator}")
    if operator == "anything-but" and isinstance(operand, dict) and set(operand) - set(NEGATED):
        raise ValueError(f"Event pattern is not valid: anything-but takes no {operand}")
    texts = operand.get("wildcard", "") if isinstance(operand, dict) else operand
    wildcards = [texts] if isinstance(texts, str) else texts
    if "wildcard" in str(value) and any("**" in text for text in wildcards):
        raise ValueError("Event pattern is not valid: consecutive wildcard characters")


def transformed(transformer: dict[str, Any], event: dict[str, Any]) -> Any:
    """The input of a target. What a path leads to is not escaped, and what is not there
    does not appear (User Guide, "Common issues with transforming input")."""
    paths, template = transformer.get("InputPathsMap", {}), transformer["InputTemplate"]
    if len(template) > TEMPLATE or len(paths) > PATHS:
        raise ValueError("InputTransformer is too large")
    values = {name: value_at(path, event) for name, path in paths.items()}
    # Even parts stand outside of strings of the template, odd ones within.
    parts = re.split(r'("(?:[^"\\]|\\.)*")', template)
    texts = [
        fill(part, values, within=at % 2 == 1) for at, part in enumerate(parts)
    ]
    text = "".join(texts)
    try:
        told = json.loads(text)
    except ValueError as error:
        raise ValueError(f"the input is no JSON: {error}: {text}") from error
    if len(text) > OVERRIDES:
        raise ValueError("Container Overrides length must be at most 8192")
    return told


def fill(part: str, values: dict[str, Any], within: bool) -> str:
    """A part of a template with the values of its variables."""

    def one(found: re.Match[str]) -> str:
        name = found.group(1)
        if name not in values:
            raise ValueError(f"Invalid InputTemplate: <{name}> is no variable")
        value = values[name]
        if not within:
            return json.dumps(value)
        if isinstance(value, dict | list):
            raise ValueError(f"<{name}> is no text, and stands in a string")
        return "" if value is None else str(value)

    return re.sub(r"<([A-Za-z0-9_-]+)>", one, part)


def value_at(path: str, event: dict[str, Any]) -> Any:
    """What stands at a path in dot notation; None where nothing does."""
    if not PATH.fullmatch(path) or len(path) > 256:
        raise ValueError(f"Invalid InputPathsMap: {path}")
    steps = chain.from_iterable(
        re.findall(r"([^\[\]]+)|\[(\d+)\]", step) for step in path.split(".")[1:]
    )
    found: Any = event
    for name, index in steps:
        if name:
            found = found.get(name) if isinstance(found, dict) else None
        elif isinstance(found, list) and int(index) < len(found):
            found = found[int(index)]
        else:
            found = None
    return found
