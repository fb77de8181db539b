"""IAM roles as EKS sees them.

A role that was created or changed seconds ago is not usable yet, and EKS words
that in several ways (all InvalidParameterException).
"""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import unquote

from .core import Call, Refusal, Reply, World, after
from .durations import CLUSTER_ROLE
from .eks_model import invalid

CLUSTER_POLICY = "AmazonEKSClusterPolicy"
WORKER_POLICY = "AmazonEKSWorkerNodePolicy"
CNI_POLICY = "AmazonEKS_CNI_Policy"
REGISTRY_POLICIES = (
    "AmazonEC2ContainerRegistryPullOnly",
    "AmazonEC2ContainerRegistryReadOnly",
)


@after("iam", "CreateRole", "AttachRolePolicy", "UpdateAssumeRolePolicy")
def note_change(call: Call, reply: Reply, world: World) -> None:
    """Remember when a role was last changed."""
    if reply.ok:
        world.book("eks_roles")[role_key(call)] = world.clock.now()


def role_key(call: Call) -> tuple[str, str]:
    """Roles by account and name; names differ in more than case."""
    return call.account, str(call.params.get("RoleName", "")).lower()


def find_role(world: World, arn: str, account: str) -> Any:
    """The role of that ARN; None if there is none."""
    for role in world.moto("iam", account=account).roles.values():
        if role.arn == arn:
            return role
    return None


def policies_of(role: Any) -> set[str]:
    """Names of AWS's managed policies attached to a role."""
    return {
        arn.rsplit("/", 1)[-1]
        for arn in role.managed_policies
        if ":iam::aws:policy/" in arn
    }


def trusts(role: Any, service: str) -> bool:
    """Whether a service may assume the role."""
    text = role.assume_role_policy_document or "{}"
    try:
        document = json.loads(unquote(text) if text.startswith("%") else text)
    except ValueError:
        return False
    statements = document.get("Statement", [])
    for statement in [statements] if isinstance(statements, dict) else statements:
        principal = statement.get("Principal", {})
        names = principal.get("Service", []) if isinstance(principal, dict) else []
        names = [names] if isinstance(names, str) else names
        if statement.get("Effect") == "Allow" and service in names:
            return True
    return False


def is_settled(world: World, role: Any, account: str) -> bool:
    """Whether a role is old enough for EKS to see it as it is."""
    changed = world.book("eks_roles").get((account, role.name.lower()))
    if changed is None:
        return True
    return world.clock.older(changed, world.settings.window("eks_role", CLUSTER_ROLE))


def _too_young(world: World, arn: str) -> Refusal:
    """The ways in which EKS reports a role it cannot use yet, in turn."""
    attempts = world.book("eks_role_attempts")
    attempts[arn] = attempts.get(arn, 0) + 1
    texts = (
        f"roleArn, {arn}, does not exist",
        "Error in role params",
        "Role could not be assumed because the trusted entity is not correct",
        "The provided role doesn't have the Amazon EKS Managed Policies associated "
        "with it",
        "IAM role's policy must include the `ec2:DescribeSubnets` action",
    )
    return invalid(texts[(attempts[arn] - 1) % len(texts)])


def check_cluster_role(call: Call, world: World, arn: str) -> None:
    """Exists, is trusted to EKS, has the cluster policy, and is not brand new."""
    role = find_role(world, arn, call.account)
    if role is None:
        raise invalid(f"roleArn, {arn}, does not exist")
    if not is_settled(world, role, call.account):
        raise _too_young(world, arn)
    if not trusts(role, "eks.amazonaws.com"):
        raise invalid(
            "Role could not be assumed because the trusted entity is not correct. "
            "Trusted entity should be eks.amazonaws.com"
        )
    if CLUSTER_POLICY not in policies_of(role):
        raise invalid(
            "The provided role doesn't have the Amazon EKS Managed Policies "
            "associated with it. Please ensure the following policy is attached: "
            f"{CLUSTER_POLICY}"
        )


def check_node_role(call: Call, world: World, arn: str, by_config_map: bool) -> None:
    """Exists and may be assumed by EC2; missing policies only show much later."""
    role = find_role(world, arn, call.account)
    if role is None or not is_settled(world, role, call.account):
        name = arn.rsplit("/", 1)[-1]
        raise invalid(
            f"The role with name {name} cannot be found. (Service: "
            "AmazonIdentityManagement; Status Code: 404; Error Code: NoSuchEntity)"
        )
    if not trusts(role, "ec2.amazonaws.com"):
        raise invalid(
            "Following required service principals [ec2.amazonaws.com] were not "
            f"found in the trust relationships of nodeRole {arn}"
        )
    if by_config_map and role.path != "/":
        raise invalid(f"nodeRole {arn} must not have a path")


def check_service_role(call: Call, world: World, arn: str) -> None:
    """A role for an add-on's service account; unknown ones "do not exist"."""
    role = find_role(world, arn, call.account)
    if role is None or not is_settled(world, role, call.account):
        raise invalid(f"Service account role {arn} does not exist")


def node_policies_missing(world: World, account: str, arn: str) -> list[str]:
    """Policies a node role lacks (the CNI one may sit elsewhere)."""
    role = find_role(world, arn, account)
    if role is None:
        return ["role"]
    have = policies_of(role)
    missing = []
    if WORKER_POLICY not in have:
        missing.append(WORKER_POLICY)
    if not have & set(REGISTRY_POLICIES):
        missing.append(REGISTRY_POLICIES[0])
    if CNI_POLICY not in have:
        missing.append(CNI_POLICY)
    return missing
