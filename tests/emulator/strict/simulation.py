"""IAM's SimulatePrincipalPolicy: what a principal may do, without doing it.

An access key that a test gave a policy is simulated by that policy. Everybody else may
do everything but what an ordered fault denies.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from .authorization import Question
from .core import Call, Refusal, Reply, World, before
from .enforced import allows, covers, matches
from .faults import S3_ACTIONS, rules_of
from .policies import as_list, statements


@before("iam", "SimulatePrincipalPolicy")
def simulate(call: Call, world: World) -> Reply:
    """One result for each action on each resource, page by page.

    An assumed-role session is no policy source: the role behind it is.
    """
    source = call.get("PolicySourceArn")
    if ":assumed-role/" in source:
        raise Refusal(
            "InvalidInput",
            f"Invalid Entity Arn: {source} does not clearly define entity type and "
            "name.",
        )
    iam = world.moto("iam", account=call.account)
    known = {each.arn for each in (*iam.roles.values(), *iam.users.values())}
    if source not in known:
        raise Refusal("NoSuchEntity", f"The entity {source} cannot be found.", 404)
    policy = world.settings.extra.get("policies", {}).get(call.access_key)
    context = {
        str(entry["ContextKeyName"]): str(value)
        for entry in call.nested.get("ContextEntries") or []
        for value in as_list(entry.get("ContextKeyValues"))
    }
    results = [
        result(world, policy, Question(action, resource, dict(context)))
        for action in call.strings("ActionNames")
        for resource in call.strings("ResourceArns") or ["*"]
    ]
    size = int(call.get("MaxItems") or 100)
    start = int(call.get("Marker") or 0)
    more = start + size < len(results)
    shown: dict[str, Any] = {
        "EvaluationResults": results[start : start + size],
        "IsTruncated": more,
    }
    if more:
        shown["Marker"] = str(start + size)
    return call.reply(shown)


def result(world: World, policy: dict[str, Any] | None, asked: Question) -> dict[str, Any]:
    """What IAM decides, and which conditions it could not judge."""
    decision, missing = "allowed", set()
    if policy is None:
        if denied(world, asked.action):
            decision = "implicitDeny"
    else:
        missing = unknown_conditions(policy, asked)
        effects = {
            each.get("Effect") for each in statements(policy) if covers(each, asked)
        }
        if "Deny" in effects:
            decision = "explicitDeny"
        elif not allows(policy, asked):
            decision = "implicitDeny"
    return {
        "EvalActionName": asked.action,
        "EvalResourceName": asked.resource,
        "EvalDecision": decision,
        "MatchedStatements": [],
        "MissingContextValues": sorted(missing),
    }


def unknown_conditions(policy: dict[str, Any], asked: Question) -> set[str]:
    """Condition keys of statements about the action that the call did not tell."""
    known = {key.lower() for key in asked.context}
    return {
        key
        for statement in statements(policy)
        if any(
            matches(each.lower(), asked.action.lower())
            for each in as_list(statement.get("Action"))
        )
        for keys in statement.get("Condition", {}).values()
        for key in keys
        if key.lower() not in known
    }


def denied(world: World, action: str) -> bool:
    """Whether a rule in force denies an action."""
    service, _, name = action.partition(":")
    for rule in rules_of(world):
        if rule.kind != "denied" or rule.resource:
            continue
        probe = Call(service, name)
        operations = [name]
        if service == "s3":
            operations += [each for each, needs in S3_ACTIONS.items() if needs == name]
        if any(
            rule.matches(replace(probe, operation=operation))
            for operation in operations
        ):
            return True
    return False
