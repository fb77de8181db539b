"""Add-ons of a cluster: vpc-cni, kube-proxy, coredns and a few more."""

from __future__ import annotations

import json
import uuid
from typing import Any

from . import eks_catalogue
from .core import Call, Reply, World, before, on_tick
from .durations import ADDON_CREATE, ADDON_DELETE, ADDON_UPDATE, CLUSTER_SETTLING
from .eks_catalogue import AddonKind
from .eks_model import (
    Addon,
    Cluster,
    Json,
    Update,
    bad_state,
    begin,
    books,
    check_tags,
    clean,
    in_use,
    invalid,
    page,
    param,
    remember,
    replay,
    the_addon,
    the_cluster,
    usable_cluster,
)
from .eks_roles import check_service_role
from .support import later

UNHEALTHY = {
    "code": "InsufficientNumberOfReplicas",
    "message": "The add-on is unhealthy because it doesn't have the desired number "
    "of replicas.",
}
CONFLICT = (
    "Conflicts found when trying to apply. Will not continue due to resolve conflicts "
    "mode. Conflicts: "
)


def show(addon: Addon, cluster: Cluster) -> Json:
    """An add-on as DescribeAddon shows it."""
    return clean(
        {
            "addonName": addon.name,
            "clusterName": cluster.name,
            "status": addon.status,
            "addonVersion": addon.version,
            "health": {"issues": addon.issues},
            "addonArn": addon.arn,
            "createdAt": addon.created,
            "modifiedAt": addon.modified,
            "serviceAccountRoleArn": addon.role or None,
            "configurationValues": addon.values or None,
            "tags": addon.tags,
            "publisher": "eks",
            "owner": "aws",
        }
    )


# --------------------------------------------------------------------------
# The catalogue


@before("eks", "DescribeAddonVersions")
def describe_versions(call: Call, world: World) -> Reply:
    """Versions of add-ons and the clusters they run on, newest first."""
    name = call.get("addonName")
    cluster = call.get("kubernetesVersion") or None
    if cluster is not None and not eks_catalogue.known(cluster):
        return page(call, world, "addons", [])
    kinds = eks_catalogue.addons()
    types = set(call.get("types") or [])
    shown = [
        kind.as_json(cluster)
        for kind in kinds.values()
        if name in ("", kind.name) and (not types or kind.category in types)
    ]
    return page(call, world, "addons", shown)


@before("eks", "DescribeAddonConfiguration")
def describe_configuration(call: Call, world: World) -> Reply:
    """The schema of an add-on's configuration."""
    kind = the_kind(call.get("addonName"))
    if kind.release(call.get("addonVersion")) is None:
        raise invalid("Addon version specified is not supported")
    schema = {
        "$schema": "http://json-schema.org/draft-06/schema#",
        "type": "object",
        "additionalProperties": False,
        "properties": {key: {} for key in sorted(kind.keys)},
    }
    return call.reply(
        {
            "addonName": kind.name,
            "addonVersion": call.get("addonVersion"),
            "configurationSchema": json.dumps(schema),
        }
    )


def the_kind(name: str) -> AddonKind:
    """The add-on of that name."""
    kind = eks_catalogue.addons().get(name)
    if kind is None:
        raise invalid("Addon specified is not supported", addonName=name)
    return kind


def check_version(kind: AddonKind, version: str, cluster: Cluster) -> None:
    """A version that exists and runs on the cluster's version."""
    if not kind.supports(version, cluster.version):
        raise invalid(
            "Addon version specified is not supported",
            clusterName=cluster.name,
            addonName=kind.name,
        )


def check_values(kind: AddonKind, text: str) -> None:
    """JSON or YAML, an object with keys the add-on knows."""
    if not text:
        return
    import yaml

    try:
        value: Any = yaml.safe_load(text)
    except yaml.YAMLError:
        value = text
    unknown = (
        sorted(set(value) - kind.keys) if isinstance(value, dict) else [str(value)]
    )
    if unknown:
        raise invalid(
            "ConfigurationValue provided in request is not supported: Json schema "
            f"validation failed with error: [$.{unknown[0]}: is not defined in the "
            "schema and the schema does not allow additional properties]",
            addonName=kind.name,
        )


def resolution_of(call: Call) -> str:
    """What to do with fields somebody else has set."""
    return str(call.get("resolveConflicts") or "NONE")


# --------------------------------------------------------------------------
# Creating


@before("eks", "CreateAddon")
def create(call: Call, world: World) -> Reply:
    """CREATING, then ACTIVE, DEGRADED or CREATE_FAILED."""
    cluster = usable_cluster(call, world)
    repeated = replay(call, world)
    if repeated is not None:
        return repeated
    kind = the_kind(call.get("addonName"))
    if kind.name in cluster.addons:
        raise in_use(
            f"Addon already exists: {kind.name}",
            clusterName=cluster.name,
            addonName=kind.name,
        )
    settling = world.settings.window("eks_settling", CLUSTER_SETTLING)
    if not world.clock.older(cluster.active_since or 0.0, settling):
        raise invalid(
            f"Cluster {cluster.name} does not exist or is not ready: CREATE_FAILED",
            clusterName=cluster.name,
            addonName=kind.name,
        )
    version = call.get("addonVersion") or kind.default(cluster.version) or ""
    check_version(kind, version, cluster)
    values = call.get("configurationValues") or ""
    check_values(kind, values)
    role = call.get("serviceAccountRoleArn") or ""
    if role:
        check_service_role(call, world, role)
    resolution = resolution_of(call)
    now = world.clock.epoch()
    addon = Addon(
        name=kind.name,
        arn=(
            f"arn:{cluster.partition}:eks:{call.region}:{call.account}:addon/"
            f"{cluster.name}/{kind.name}/{uuid.uuid4()}"
        ),
        created=now,
        modified=now,
        tags=check_tags(call.get("tags")),
        version=version,
        role=role,
        values=values,
    )
    cluster.addons[kind.name] = addon
    overwrite = resolution == "OVERWRITE"
    later(
        world, ADDON_CREATE, lambda: finish_creation(world, cluster, addon, overwrite)
    )
    return remember(call, world, lambda: again(cluster, addon))


def again(cluster: Cluster, addon: Addon) -> Json | None:
    """An add-on for the repeat of its creation."""
    if cluster.addons.get(addon.name) is not addon:
        return None
    return {"addon": show(addon, cluster)}


def finish_creation(
    world: World, cluster: Cluster, addon: Addon, overwrite: bool
) -> None:
    """From CREATING to where it belongs."""
    if addon.status != "CREATING":
        return
    kind = eks_catalogue.addons()[addon.name]
    if cluster.bootstrapped and kind.self_managed and not overwrite:
        addon.status = "CREATE_FAILED"
        addon.issues = [
            {
                "code": "ConfigurationConflict",
                "message": f"{CONFLICT}ServiceAccount {addon.name} - .metadata.labels",
            }
        ]
        return
    addon.status = "ACTIVE"
    follow_nodes(cluster, addon)


def follow_nodes(cluster: Cluster, addon: Addon) -> None:
    """Add-ons with replicas are healthy only where there are nodes."""
    if not eks_catalogue.addons()[addon.name].needs_nodes:
        return
    nodes = cluster.active_nodes()
    if addon.status == "ACTIVE" and not nodes:
        addon.status, addon.issues = "DEGRADED", [UNHEALTHY]
    elif addon.status == "DEGRADED" and nodes and addon.issues == [UNHEALTHY]:
        addon.status, addon.issues = "ACTIVE", []


@on_tick
def watch_nodes(world: World) -> None:
    """Let health follow the nodes."""
    for cluster in books(world).clusters.values():
        for addon in cluster.addons.values():
            follow_nodes(cluster, addon)


# --------------------------------------------------------------------------
# Reading, changing, deleting


@before("eks", "DescribeAddon")
def describe(call: Call, world: World) -> Reply:
    """One add-on."""
    cluster = the_cluster(call, world)
    return call.reply({"addon": show(the_addon(call, cluster), cluster)})


@before("eks", "ListAddons")
def list_addons(call: Call, world: World) -> Reply:
    """Names, in pages."""
    return page(call, world, "addons", sorted(the_cluster(call, world).addons))


@before("eks", "UpdateAddon")
def update(call: Call, world: World) -> Reply:
    """Version, configuration, role; a role that is not repeated is cleared."""
    cluster = usable_cluster(call, world)
    addon = the_addon(call, cluster)
    repeated = replay(call, world)
    if repeated is not None:
        return repeated
    if addon.status in ("CREATE_FAILED", "CREATING", "DELETING"):
        raise bad_state(
            f"Addon {addon.name} cannot be updated as it is currently in "
            f"{addon.status} state",
            clusterName=cluster.name,
            addonName=addon.name,
        )
    if addon.status == "UPDATING":
        raise in_use(
            f"Cannot UpdateAddon because addon {addon.name} currently has update in "
            "progress",
            clusterName=cluster.name,
            addonName=addon.name,
        )
    kind = the_kind(addon.name)
    version = call.get("addonVersion") or addon.version
    check_version(kind, version, cluster)
    values = call.get("configurationValues", addon.values)
    check_values(kind, values)
    role = call.get("serviceAccountRoleArn") or ""
    if role:
        check_service_role(call, world, role)
    resolution = resolution_of(call)
    update_ = Update(
        "AddonUpdate",
        [
            param("AddonVersion", version),
            param("ResolveConflicts", resolution),
            *([param("ServiceAccountRoleArn", role)] if role else []),
            *([param("ConfigurationValues", values)] if values else []),
        ],
        world.clock.epoch(),
        addon=addon.name,
    )
    edited = addon.name in world.book("eks_edited")

    def change() -> list[Json] | None:
        if resolution == "NONE" and edited:
            message = f"{CONFLICT}DaemonSet {addon.name} - .spec.template"
            return [
                {
                    "errorCode": "ConfigurationConflict",
                    "errorMessage": message,
                    "resourceIds": [addon.name],
                }
            ]
        addon.version, addon.values, addon.role = version, values, role
        addon.modified = world.clock.epoch()
        return None

    addon.status, addon.issues = "UPDATING", []
    begin(world, cluster, update_, ADDON_UPDATE, change)
    return remember(call, world, lambda: {"update": update_.as_json()})


@before("eks", "DeleteAddon")
def delete(call: Call, world: World) -> Reply:
    """DELETING for seconds; a repeat is harmless."""
    cluster = the_cluster(call, world)
    addon = the_addon(call, cluster)
    if addon.status != "DELETING":
        addon.status = "DELETING"

        def gone() -> None:
            if cluster.addons.get(addon.name) is addon:
                del cluster.addons[addon.name]

        later(world, ADDON_DELETE, gone)
    return call.reply({"addon": show(addon, cluster)})


def networking_works(cluster: Cluster) -> bool:
    """Whether nodes find a CNI: the add-on, or the self-managed copy."""
    addon = cluster.addons.get("vpc-cni")
    if addon is None or addon.status == "CREATE_FAILED":
        return cluster.bootstrapped
    return addon.status != "DELETING"
