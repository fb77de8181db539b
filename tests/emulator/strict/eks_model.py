"""EKS's books: clusters and what belongs to them, updates, tokens.

EKS is answered here altogether; moto's own EKS is never asked.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from .core import Call, Refusal, Reply, World
from .support import later

Json = dict[str, Any]
CLUSTER_LOGS = ("api", "audit", "authenticator", "controllerManager", "scheduler")


# --------------------------------------------------------------------------
# Records


@dataclass
class Update:
    """An asynchronous change of a cluster, a node group or an add-on."""

    kind: str
    params: list[Json]
    created: float
    id: str = field(default_factory=lambda: str(uuid.uuid4()))
    status: str = "InProgress"
    errors: list[Json] = field(default_factory=list)
    nodegroup: str = ""
    addon: str = ""

    def as_json(self) -> Json:
        """The update as DescribeUpdate shows it."""
        return {
            "id": self.id,
            "status": self.status,
            "type": self.kind,
            "params": self.params,
            "createdAt": self.created,
            "errors": self.errors,
        }


@dataclass
class Thing:
    """What node groups, add-ons and access entries have in common."""

    name: str
    arn: str
    created: float
    modified: float
    tags: dict[str, str]
    status: str = "CREATING"
    issues: list[Json] = field(default_factory=list)


@dataclass
class Nodegroup(Thing):
    """A managed node group and the objects EKS made for it."""

    version: str = ""
    release: str = ""
    role: str = ""
    subnets: list[str] = field(default_factory=list)
    scaling: dict[str, int] = field(default_factory=dict)
    instance_types: list[str] = field(default_factory=list)
    ami_type: str = ""
    capacity_type: str = "ON_DEMAND"
    disk_size: int | None = 20
    labels: dict[str, str] = field(default_factory=dict)
    taints: list[Json] = field(default_factory=list)
    update_config: Json = field(default_factory=dict)
    repair: Json | None = None
    remote_access: Json | None = None
    launch_template: Json | None = None
    group: str = ""  # the Auto Scaling group
    template: str = ""  # EKS's own launch template
    profile: str = ""
    made_access_entry: bool = False

    @property
    def desired(self) -> int:
        """The current number of nodes wanted."""
        return self.scaling["desiredSize"]


@dataclass
class Addon(Thing):
    """An add-on of a cluster."""

    version: str = ""
    role: str = ""
    values: str = ""


@dataclass
class AccessEntry(Thing):
    """A principal that may use the Kubernetes API."""

    principal: str = ""
    kind: str = "STANDARD"
    username: str = ""
    groups: list[str] = field(default_factory=list)
    policies: dict[str, Json] = field(default_factory=dict)


@dataclass
class Cluster:
    """A cluster as DescribeCluster knows it, and what hangs on it."""

    name: str
    arn: str
    account: str
    region: str
    created: float
    version: str
    role: str
    vpc: str
    subnets: list[str]
    zones: frozenset[str]
    security_groups: list[str]
    public: bool
    private: bool
    public_cidrs: list[str]
    service_cidr: str
    family: str
    logging: set[str]
    encryption: list[Json]
    auth_mode: str
    support: str
    protected: bool
    bootstrapped: bool
    tags: dict[str, str]
    token: str = ""
    others: Json = field(default_factory=dict)  # further settings, as sent
    status: str = "CREATING"
    platform: int = 1
    endpoint: str = ""
    certificate: str = ""
    issuer: str = ""
    own_group: str = ""
    interfaces: list[str] = field(default_factory=list)
    issues: list[Json] = field(default_factory=list)
    active_since: float | None = None
    stale_status: str = ""  # shown to the next reader instead of the true one
    blocked: str = ""  # why an upgrade is refused, if it is
    fargate_profiles: list[str] = field(default_factory=list)
    identity_provider: Json | None = None
    pod_identities: dict[str, Json] = field(default_factory=dict)  # by id
    nodegroups: dict[str, Nodegroup] = field(default_factory=dict)
    addons: dict[str, Addon] = field(default_factory=dict)
    access: dict[str, AccessEntry] = field(default_factory=dict)
    updates: dict[str, Update] = field(default_factory=dict)
    fail_next_update: Json | None = None

    @property
    def partition(self) -> str:
        """The partition in its ARN."""
        return self.arn.split(":")[1]

    def running(self, nodegroup: str = "", addon: str = "") -> Update | None:
        """The update in progress of the cluster itself or of one of its parts."""
        for update in self.updates.values():
            if update.status == "InProgress":
                if (update.nodegroup, update.addon) == (nodegroup, addon):
                    return update
        return None

    def active_nodes(self) -> int:
        """Nodes that pods can run on."""
        return sum(
            group.desired
            for group in self.nodegroups.values()
            if group.status in ("ACTIVE", "UPDATING", "DEGRADED")
        )


@dataclass
class Ghost:
    """A deleted cluster whose name has not quite come free."""

    cluster: Cluster
    until: float
    reads: int = 0


Key = tuple[str, str, str]  # account, region, name


@dataclass
class Books:
    """Everything EKS knows."""

    clusters: dict[Key, Cluster] = field(default_factory=dict)
    ghosts: dict[Key, Ghost] = field(default_factory=dict)
    tokens: dict[tuple[str, ...], tuple[str, Callable[[], Json | None]]] = field(
        default_factory=dict
    )
    group_serial: int = 1000000

    def of(self, account: str, region: str) -> list[Cluster]:
        """Clusters of one account and region by name."""
        found = [
            cluster
            for (owner, place, _), cluster in self.clusters.items()
            if (owner, place) == (account, region)
        ]
        return sorted(found, key=lambda cluster: cluster.name)


def books(world: World) -> Books:
    """EKS's books of this world."""
    return world.book("eks", Books)


def key_of(call: Call, name: str) -> Key:
    """The key of a cluster by name, seen from a call."""
    return (call.account, call.region, name)


# --------------------------------------------------------------------------
# Refusals


def invalid(message: str, **extra: Any) -> Refusal:
    """What EKS says to nearly everything."""
    return Refusal("InvalidParameterException", message, 400, **extra)


def bad_state(message: str, **extra: Any) -> Refusal:
    """The request does not fit the state of the object."""
    return Refusal("InvalidRequestException", message, 400, **extra)


def in_use(message: str, **extra: Any) -> Refusal:
    """It exists already, or something is going on with it."""
    return Refusal("ResourceInUseException", message, 409, **extra)


def absent(message: str, **extra: Any) -> Refusal:
    """There is no such thing."""
    return Refusal("ResourceNotFoundException", message, 404, **extra)


# --------------------------------------------------------------------------
# Looking up


def cluster_name(call: Call) -> str:
    """The cluster a call is about, whatever the member is called."""
    return str(call.params.get("clusterName") or call.params.get("name") or "")


def the_cluster(call: Call, world: World) -> Cluster:
    """The cluster of a call, or the refusal AWS gives."""
    name = cluster_name(call)
    found = books(world).clusters.get(key_of(call, name))
    if found is None:
        raise absent(f"No cluster found for name: {name}.", clusterName=name)
    return found


def usable_cluster(call: Call, world: World) -> Cluster:
    """The cluster, refused while it is being made or taken down."""
    cluster = the_cluster(call, world)
    if cluster.status in ("CREATING", "DELETING", "FAILED"):
        raise bad_state(
            f"Cluster '{cluster.name}' is not in ACTIVE status",
            clusterName=cluster.name,
        )
    return cluster


def the_nodegroup(call: Call, cluster: Cluster) -> Nodegroup:
    """The node group of a call."""
    name = str(call.params.get("nodegroupName") or "")
    found = cluster.nodegroups.get(name)
    if found is None:
        raise absent(
            f"No node group found for name: {name}.",
            clusterName=cluster.name,
            nodegroupName=name,
        )
    return found


def the_addon(call: Call, cluster: Cluster) -> Addon:
    """The add-on of a call."""
    name = str(call.params.get("addonName") or "")
    found = cluster.addons.get(name)
    if found is None:
        raise absent(
            f"No addon: {name} found in cluster: {cluster.name}",
            clusterName=cluster.name,
            addonName=name,
        )
    return found


# --------------------------------------------------------------------------
# Tokens


def _body(call: Call) -> str:
    kept = {
        key: value for key, value in call.params.items() if key != "clientRequestToken"
    }
    return json.dumps(kept, sort_keys=True, default=str)


def replay(call: Call, world: World) -> Reply | None:
    """The answer to a repeated call; None for one not seen before.

    A token whose object has since been deleted is refused: on AWS it may hand
    back the deleted object within the memory of the service, so a client has
    to take a new token for every generation of an object.
    """
    token = str(call.params.get("clientRequestToken") or "")
    key = (call.account, call.region, call.operation, token)
    entry = books(world).tokens.get(key) if token else None
    if entry is None:
        return None
    body, current = entry
    if body != _body(call):
        raise invalid(
            f"The client request token {token} was already used by a request "
            "with other parameters"
        )
    shown = current()
    if shown is None:
        raise invalid(
            f"The client request token {token} belongs to a resource that has "
            "been deleted"
        )
    return call.reply(shown)


def remember(call: Call, world: World, current: Callable[[], Json | None]) -> Reply:
    """Answer a first call and keep the answer for repeats of it."""
    token = str(call.params.get("clientRequestToken") or "")
    if token:
        key = (call.account, call.region, call.operation, token)
        books(world).tokens[key] = (_body(call), current)
    return call.reply(current())


# --------------------------------------------------------------------------
# Updates


def begin(
    world: World,
    cluster: Cluster,
    update: Update,
    seconds: float,
    finish: Callable[[], list[Json] | None],
) -> Update:
    """Start an update; ``finish`` makes the change and may name errors."""
    cluster.updates[update.id] = update
    if cluster.fail_next_update is not None:
        update.errors = [cluster.fail_next_update]
        cluster.fail_next_update = None

    def done() -> None:
        if update.status != "InProgress":
            return
        ordered = bool(update.errors)
        if not ordered and not world.settings.extra.get("idle_changes"):
            update.errors = finish() or []
        update.status = "Failed" if update.errors else "Successful"
        settle(cluster, update)

    later(world, seconds, done)
    return update


def settle(cluster: Cluster, update: Update) -> None:
    """Put the subject of a finished update back to rest."""
    if update.nodegroup:
        group = cluster.nodegroups.get(update.nodegroup)
        if group is not None and group.status == "UPDATING":
            group.status = "ACTIVE"
    elif update.addon:
        addon = cluster.addons.get(update.addon)
        if addon is not None and addon.status == "UPDATING":
            addon.status = "UPDATE_FAILED" if update.errors else "ACTIVE"
    elif cluster.status == "UPDATING":
        cluster.status = "ACTIVE"


def param(kind: str, value: Any) -> Json:
    """One parameter of an update."""
    text = value if isinstance(value, str) else json.dumps(value)
    return {"type": kind, "value": text}


# --------------------------------------------------------------------------
# Small things


def check_tags(tags: Any) -> dict[str, str]:
    """Tags of a create call: at most 50, none of AWS's own."""
    tags = dict(tags or {})
    if len(tags) > 50:
        raise invalid("The number of tags exceeds the limit of 50")
    for key in tags:
        if key.lower().startswith("aws:"):
            raise invalid(
                "Invalid tag key, tag keys may not start with aws: as it is reserved"
            )
    return tags


def page(call: Call, world: World, member: str, values: list[Any]) -> Reply:
    """One page of a list; the setting ``eks_page`` makes pages small."""
    size = int(call.params.get("maxResults") or 100)
    size = min(size, int(world.settings.extra.get("eks_page", 100)))
    token = str(call.params.get("nextToken") or "0")
    if not token.isdigit():
        raise invalid("Invalid nextToken")
    start = int(token)
    shown: Json = {member: values[start : start + size]}
    if start + size < len(values):
        shown["nextToken"] = str(start + size)
    return call.reply(shown)


def clean(values: Json) -> Json:
    """Without members that are not set."""
    return {key: value for key, value in values.items() if value is not None}
