"""Access entries: IAM principals that may use a cluster's Kubernetes API."""

from __future__ import annotations

import uuid
from typing import Any

from . import eks_catalogue
from .core import Call, Reply, World, before
from .eks_model import (
    AccessEntry,
    Cluster,
    Json,
    absent,
    bad_state,
    check_tags,
    in_use,
    invalid,
    page,
    remember,
    replay,
    usable_cluster,
)
from .eks_roles import find_role, is_settled

KINDS = (
    "STANDARD",
    "FARGATE_LINUX",
    "EC2_LINUX",
    "EC2_WINDOWS",
    "EC2",
    "HYBRID_LINUX",
    "HYPERPOD_LINUX",
)
NODE_USER = "system:node:{{EC2PrivateDNSName}}"


def show(entry: AccessEntry, cluster: Cluster) -> Json:
    """An entry as DescribeAccessEntry shows it."""
    return {
        "clusterName": cluster.name,
        "principalArn": entry.principal,
        "kubernetesGroups": entry.groups,
        "accessEntryArn": entry.arn,
        "createdAt": entry.created,
        "modifiedAt": entry.modified,
        "tags": entry.tags,
        "username": entry.username,
        "type": entry.kind,
    }


def api_cluster(call: Call, world: World) -> Cluster:
    """The cluster, if its authentication mode knows access entries."""
    cluster = usable_cluster(call, world)
    if cluster.auth_mode == "CONFIG_MAP":
        raise bad_state(
            "The cluster's authentication mode must be set to one of [API, "
            "API_AND_CONFIG_MAP] to perform this operation.",
            clusterName=cluster.name,
        )
    return cluster


def the_entry(call: Call, cluster: Cluster) -> AccessEntry:
    """The entry of a call's principal."""
    entry = cluster.access.get(call.get("principalArn"))
    if entry is None:
        raise absent(
            "The specified principalArn could not be found. You must use a "
            "principalArn that exists in your access entries.",
            clusterName=cluster.name,
        )
    return entry


def make(
    world: World,
    cluster: Cluster,
    principal: str,
    kind: str = "STANDARD",
    username: str = "",
    groups: list[str] | None = None,
    tags: dict[str, str] | None = None,
) -> AccessEntry:
    """Put an entry on a cluster."""
    now = world.clock.epoch()
    pieces = principal.split(":")
    path = pieces[5] if len(pieces) > 5 else principal
    sort, _, name = path.partition("/")
    arn = (
        f"arn:{cluster.partition}:eks:{cluster.region}:{cluster.account}:access-entry/"
        f"{cluster.name}/{sort}/{cluster.account}/{name.split('/')[-1]}/{uuid.uuid4()}"
    )
    entry = AccessEntry(
        name=principal,
        arn=arn,
        created=now,
        modified=now,
        tags=tags or {},
        status="ACTIVE",
        principal=principal,
        kind=kind,
        username=username or default_username(principal, kind),
        groups=list(groups or (["system:nodes"] if kind.startswith("EC2_") else [])),
    )
    cluster.access[principal] = entry
    return entry


def default_username(principal: str, kind: str) -> str:
    """The Kubernetes user of a principal when none is given."""
    if kind.startswith("EC2"):
        return NODE_USER
    if ":role/" in principal:
        account = principal.split(":")[4]
        name = principal.rsplit("/", 1)[-1]
        return f"arn:aws:sts::{account}:assumed-role/{name}/{{{{SessionName}}}}"
    return principal


def admit_creator(world: World, cluster: Cluster) -> None:
    """The creator becomes an administrator, with an entry of its own."""
    if cluster.auth_mode == "CONFIG_MAP":
        return
    from .misc import CALLER_ROLE

    principal = f"arn:aws:iam::{cluster.account}:role/{CALLER_ROLE}"
    entry = make(world, cluster, principal)
    arn = eks_catalogue.access_policy_arn("AmazonEKSClusterAdminPolicy")
    entry.policies[arn] = associate(world, arn, {"type": "cluster", "namespaces": []})


def admit_nodes(world: World, cluster: Cluster) -> None:
    """Entries for node groups that came before the API mode."""
    for group in cluster.nodegroups.values():
        admit_node_role(world, cluster, group.role)


def admit_node_role(world: World, cluster: Cluster, role: str) -> bool:
    """The EC2_LINUX entry of a node role; whether it was made now."""
    if cluster.auth_mode == "CONFIG_MAP" or role in cluster.access:
        return False
    make(world, cluster, role, "EC2_LINUX")
    return True


def associate(world: World, arn: str, scope: Json) -> Json:
    """A policy on an entry."""
    now = world.clock.epoch()
    return {
        "policyArn": arn,
        "accessScope": scope,
        "associatedAt": now,
        "modifiedAt": now,
    }


def check_principal(call: Call, world: World, principal: str) -> None:
    """A role or user that IAM knows, old enough to be seen."""
    wrong = invalid(
        "The specified principalArn is invalid: invalid principal. You need to "
        "specify an IAM role or user that exists."
    )
    if ":role/" in principal:
        role = find_role(world, principal, call.account)
        if role is None or not is_settled(world, role, call.account):
            raise wrong
    elif ":user/" in principal:
        users = world.moto("iam", account=call.account).users.values()
        if all(user.arn != principal for user in users):
            raise wrong
    else:
        raise wrong


@before("eks", "CreateAccessEntry")
def create(call: Call, world: World) -> Reply:
    """One entry per principal; only STANDARD ones may name groups."""
    cluster = api_cluster(call, world)
    repeated = replay(call, world)
    if repeated is not None:
        return repeated
    principal = str(call.get("principalArn"))
    if principal in cluster.access:
        raise in_use(
            "The specified access entry resource is already in use on this cluster.",
            clusterName=cluster.name,
        )
    check_principal(call, world, principal)
    kind = call.get("type") or "STANDARD"
    if kind not in KINDS:
        raise invalid(f"Unsupported access entry type {kind}")
    groups = list(call.get("kubernetesGroups") or [])
    username = str(call.get("username") or "")
    if kind != "STANDARD" and (groups or username):
        raise invalid(
            f"kubernetesGroups and username cannot be set for entries of type {kind}"
        )
    check_groups(groups)
    tags = check_tags(call.get("tags"))
    entry = make(world, cluster, principal, kind, username, groups, tags)
    return remember(call, world, lambda: again(cluster, entry))


def check_groups(groups: list[str]) -> None:
    """Groups of Kubernetes itself are out of reach."""
    for group in groups:
        if group.startswith(("system:", "eks:", "aws:", "amazon:", "iam:")):
            raise invalid(
                f"The kubernetes group name {group} is invalid, it cannot start with "
                "system:"
            )


def again(cluster: Cluster, entry: AccessEntry) -> Json | None:
    """An entry for the repeat of its creation."""
    if cluster.access.get(entry.principal) is not entry:
        return None
    return {"accessEntry": show(entry, cluster)}


@before("eks", "DescribeAccessEntry")
def describe(call: Call, world: World) -> Reply:
    """One entry."""
    cluster = api_cluster(call, world)
    return call.reply({"accessEntry": show(the_entry(call, cluster), cluster)})


@before("eks", "ListAccessEntries")
def list_entries(call: Call, world: World) -> Reply:
    """Principals, or those with a certain policy."""
    cluster = api_cluster(call, world)
    policy = call.get("associatedPolicyArn")
    found = sorted(
        principal
        for principal, entry in cluster.access.items()
        if not policy or policy in entry.policies
    )
    return page(call, world, "accessEntries", found)


@before("eks", "UpdateAccessEntry")
def update(call: Call, world: World) -> Reply:
    """Groups and user name; the type stays as it is."""
    cluster = api_cluster(call, world)
    entry = the_entry(call, cluster)
    if entry.kind != "STANDARD":
        raise invalid(f"Access entries of type {entry.kind} cannot be updated")
    if "kubernetesGroups" in call.params:
        groups = list(call.get("kubernetesGroups") or [])
        check_groups(groups)
        entry.groups = groups
    if call.get("username"):
        entry.username = call.get("username")
    entry.modified = world.clock.epoch()
    return call.reply({"accessEntry": show(entry, cluster)})


@before("eks", "DeleteAccessEntry")
def delete(call: Call, world: World) -> Reply:
    """Gone at once."""
    cluster = api_cluster(call, world)
    entry = the_entry(call, cluster)
    del cluster.access[entry.principal]
    return call.reply({})


@before("eks", "AssociateAccessPolicy")
def associate_policy(call: Call, world: World) -> Reply:
    """Add a policy to an entry, or change its scope."""
    cluster = api_cluster(call, world)
    entry = the_entry(call, cluster)
    arn = str(call.get("policyArn"))
    known = {
        eks_catalogue.access_policy_arn(each) for each in eks_catalogue.ACCESS_POLICIES
    }
    if arn not in known:
        raise invalid(
            "The policyArn parameter format is not valid: no such access policy"
        )
    if entry.kind not in ("STANDARD", "EC2"):
        raise invalid(
            f"Access policies cannot be associated with entries of type {entry.kind}"
        )
    scope = check_scope(call.get("accessScope") or {})
    made = associate(world, arn, scope)
    earlier = entry.policies.get(arn)
    if earlier is not None:
        made["associatedAt"] = earlier["associatedAt"]
    entry.policies[arn] = made
    return call.reply(
        {
            "clusterName": cluster.name,
            "principalArn": entry.principal,
            "associatedAccessPolicy": made,
        }
    )


def check_scope(scope: Json) -> Json:
    """The whole cluster, or some namespaces."""
    kind = scope.get("type")
    namespaces = list(scope.get("namespaces") or [])
    if kind == "cluster" and namespaces:
        raise invalid("Namespaces cannot be given for accessScope type cluster")
    if kind == "namespace" and not namespaces:
        raise invalid("Namespaces must be given for accessScope type namespace")
    return {"type": kind, "namespaces": namespaces}


@before("eks", "DisassociateAccessPolicy")
def disassociate_policy(call: Call, world: World) -> Reply:
    """Take a policy from an entry."""
    cluster = api_cluster(call, world)
    entry = the_entry(call, cluster)
    if entry.policies.pop(call.get("policyArn"), None) is None:
        raise absent(
            "The specified policyArn is not associated with the access entry",
            clusterName=cluster.name,
        )
    return call.reply({})


@before("eks", "ListAssociatedAccessPolicies")
def list_policies_of_entry(call: Call, world: World) -> Reply:
    """Policies of one entry."""
    cluster = api_cluster(call, world)
    entry = the_entry(call, cluster)
    found: list[Any] = [entry.policies[arn] for arn in sorted(entry.policies)]
    reply = page(call, world, "associatedAccessPolicies", found)
    shown = {
        **reply.parsed(),
        "clusterName": cluster.name,
        "principalArn": entry.principal,
    }
    return call.reply(shown)


@before("eks", "ListAccessPolicies")
def list_policies(call: Call, world: World) -> Reply:
    """Every policy there is."""
    found = [
        {"name": each, "arn": eks_catalogue.access_policy_arn(each)}
        for each in eks_catalogue.ACCESS_POLICIES
    ]
    return page(call, world, "accessPolicies", found)
