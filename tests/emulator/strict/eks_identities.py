"""Who else is somebody in a cluster: an issuer of other people, roles of pods,
controllers of AWS."""

from __future__ import annotations

import uuid

from .core import Call, Reply, World, before
from .durations import IDENTITY_PROVIDER
from .eks_model import (
    Cluster,
    Json,
    Update,
    absent,
    begin,
    check_tags,
    clean,
    in_use,
    invalid,
    page,
    param,
    remember,
    replay,
    the_cluster,
    usable_cluster,
)
from .eks_roles import find_role

OIDC = "oidc"


# --------------------------------------------------------------------------
# Identity providers: one for each cluster at most


@before("eks", "AssociateIdentityProviderConfig")
def associate(call: Call, world: World) -> Reply:
    """Takes minutes, and is told as an update of the cluster."""
    cluster = usable_cluster(call, world)
    repeated = replay(call, world)
    if repeated is not None:
        return repeated
    if cluster.identity_provider is not None:
        raise in_use(
            f"Cluster {cluster.name} already has an identity provider config",
            clusterName=cluster.name,
        )
    refuse_when_busy(cluster, call.operation)
    sent = dict(call.get(OIDC) or {})
    name = str(sent.get("identityProviderConfigName"))
    arn = (
        f"arn:{cluster.partition}:eks:{cluster.region}:{cluster.account}:"
        f"identityproviderconfig/{cluster.name}/{OIDC}/{name}/{uuid.uuid4()}"
    )
    config: Json = {
        **sent,
        "identityProviderConfigArn": arn,
        "clusterName": cluster.name,
        "tags": check_tags(call.get("tags")),
        "status": "CREATING",
    }
    cluster.identity_provider = config

    def finish() -> None:
        config["status"] = "ACTIVE"

    params = [param("IdentityProviderConfig", sent)]
    cluster.status = "UPDATING"
    update = Update(call.operation, params, world.clock.epoch())
    begin(world, cluster, update, IDENTITY_PROVIDER, finish)
    return remember(call, world, lambda: {"update": update.as_json()})


@before("eks", "DisassociateIdentityProviderConfig")
def disassociate(call: Call, world: World) -> Reply:
    """Takes minutes as well."""
    cluster = usable_cluster(call, world)
    repeated = replay(call, world)
    if repeated is not None:
        return repeated
    config = the_config(call, cluster)
    refuse_when_busy(cluster, call.operation)
    config["status"] = "DELETING"

    def finish() -> None:
        cluster.identity_provider = None

    params = [param("IdentityProviderConfig", call.get("identityProviderConfig"))]
    cluster.status = "UPDATING"
    update = Update(call.operation, params, world.clock.epoch())
    begin(world, cluster, update, IDENTITY_PROVIDER, finish)
    return remember(call, world, lambda: {"update": update.as_json()})


@before("eks", "DescribeIdentityProviderConfig")
def describe_config(call: Call, world: World) -> Reply:
    """The one there is."""
    config = the_config(call, usable_cluster(call, world))
    return call.reply({"identityProviderConfig": {OIDC: config}})


@before("eks", "ListIdentityProviderConfigs")
def list_configs(call: Call, world: World) -> Reply:
    """Types and names."""
    config = the_cluster(call, world).identity_provider
    named = [config] if config is not None else []
    shown = [
        {"type": OIDC, "name": each["identityProviderConfigName"]} for each in named
    ]
    return page(call, world, "identityProviderConfigs", shown)


def the_config(call: Call, cluster: Cluster) -> Json:
    """The config of a call."""
    asked = dict(call.get("identityProviderConfig") or {})
    found = cluster.identity_provider
    if (
        found is None
        or asked.get("type") != OIDC
        or asked.get("name") != found["identityProviderConfigName"]
    ):
        raise absent(
            f"No identity provider config found for name: {asked.get('name')}",
            clusterName=cluster.name,
        )
    return found


def refuse_when_busy(cluster: Cluster, action: str) -> None:
    """One update at a time."""
    if cluster.running() is not None:
        raise in_use(
            f"Cannot {action} because cluster {cluster.name} currently has update "
            "in progress",
            clusterName=cluster.name,
        )


# --------------------------------------------------------------------------
# Pod identities: a role for a service account


@before("eks", "CreatePodIdentityAssociation")
def create(call: Call, world: World) -> Reply:
    """One for each service account."""
    cluster = usable_cluster(call, world)
    repeated = replay(call, world)
    if repeated is not None:
        return repeated
    place = (call.get("namespace"), call.get("serviceAccount"))
    for each in cluster.pod_identities.values():
        if (each["namespace"], each["serviceAccount"]) == place:
            raise in_use(
                f"Association already exists: {each['associationId']}",
                clusterName=cluster.name,
            )
    role = str(call.get("roleArn"))
    if find_role(world, role, call.account) is None:
        raise invalid("Role provided in the request does not exist.")
    name = f"a-{uuid.uuid4().hex[:17]}"
    now = world.clock.epoch()
    made: Json = {
        "clusterName": cluster.name,
        "namespace": place[0],
        "serviceAccount": place[1],
        "roleArn": role,
        "associationArn": (
            f"arn:{cluster.partition}:eks:{cluster.region}:{cluster.account}:"
            f"podidentityassociation/{cluster.name}/{name}"
        ),
        "associationId": name,
        "tags": check_tags(call.get("tags")),
        "createdAt": now,
        "modifiedAt": now,
        "disableSessionTags": call.flag("disableSessionTags"),
        "targetRoleArn": call.get("targetRoleArn"),
        "policy": call.get("policy"),
    }
    cluster.pod_identities[name] = clean(made)

    def current() -> Json | None:
        found = cluster.pod_identities.get(name)
        return None if found is None else {"association": found}

    return remember(call, world, current)


@before("eks", "DescribePodIdentityAssociation")
def describe(call: Call, world: World) -> Reply:
    """One of them."""
    found = the_association(call, usable_cluster(call, world))
    return call.reply({"association": found})


@before("eks", "ListPodIdentityAssociations")
def list_associations(call: Call, world: World) -> Reply:
    """All, or those of a namespace or service account; roles are not told."""
    wanted = {
        key: call.get(key) for key in ("namespace", "serviceAccount") if call.get(key)
    }
    told = (
        "clusterName",
        "namespace",
        "serviceAccount",
        "associationArn",
        "associationId",
    )
    shown = [
        {key: each[key] for key in told}
        for each in the_cluster(call, world).pod_identities.values()
        if wanted.items() <= each.items()
    ]
    return page(call, world, "associations", shown)


@before("eks", "DeletePodIdentityAssociation")
def delete(call: Call, world: World) -> Reply:
    """It goes at once."""
    cluster = usable_cluster(call, world)
    found = the_association(call, cluster)
    del cluster.pod_identities[found["associationId"]]
    return call.reply({"association": found})


def the_association(call: Call, cluster: Cluster) -> Json:
    """The association of a call."""
    name = str(call.get("associationId"))
    found = cluster.pod_identities.get(name)
    if found is None:
        raise absent(
            f"No association found for ID: {name}",
            clusterName=cluster.name,
        )
    return found


# --------------------------------------------------------------------------
# The rest


@before("eks", "ListCapabilities")
def list_capabilities(call: Call, world: World) -> Reply:
    """No controller of AWS runs."""
    the_cluster(call, world)
    return call.reply({"capabilities": []})


@before("eks", "ListCertificateAuthorities")
def list_authorities(call: Call, world: World) -> Reply:
    """The one the cluster was made with."""
    cluster = the_cluster(call, world)
    authority = {
        "id": "ca-1",
        "createdAt": cluster.created,
        "createdBy": "EKS",
        "activatedAt": cluster.created,
        "activatedBy": "EKS",
        "signingStatus": "IN_USE",
        "distributionStatus": "COMPLETE",
    }
    return page(call, world, "certificateAuthorities", [authority])
