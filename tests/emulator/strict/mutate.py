"""What AWS does by itself, behind a tool's back.

Changes another person could make with an ordinary call are made with an
ordinary call; here are those that no call makes: a minor version moved by
RDS, a node group resized by an autoscaler, a principal rewritten in a policy.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

from . import acm, eks, eks_catalogue, eks_nodes, elbv2_balancers, elbv2_targets
from .core import DEFAULT_ACCOUNT, DEFAULT_REGION, World
from .ec2_common import find
from .eks_model import Cluster, Json, books

Order = dict[str, Any]
Change = Callable[[World, Order], "Json | None"]
CHANGES: dict[tuple[str, str], Change] = {}


class Impossible(ValueError):
    """The order makes no sense, or names nothing that exists."""


def change(kind: str, action: str) -> Callable[[Change], Change]:
    """Register one kind of change."""

    def register(made: Change) -> Change:
        CHANGES[(kind, action)] = made
        return made

    return register


def perform(world: World, order: Order) -> Json:
    """Carry out ``{kind, id, action, ...}``."""
    found = CHANGES.get((str(order.get("kind")), str(order.get("action"))))
    if found is None:
        known = sorted(f"{kind}.{action}" for kind, action in CHANGES)
        raise Impossible(f"no such change; there are: {', '.join(known)}")
    return found(world, order) or {"ok": True}


def place(order: Order) -> tuple[str, str]:
    """Region and account an order is about."""
    return order.get("region", DEFAULT_REGION), order.get("account", DEFAULT_ACCOUNT)


def need(order: Order, name: str) -> Any:
    """A member the order must have."""
    if name not in order:
        raise Impossible(f"{name} is missing")
    return order[name]


def the_cluster(world: World, order: Order, name: str | None = None) -> Cluster:
    """The cluster an order names."""
    region, account = place(order)
    name = name or str(need(order, "id")).split("/")[0]
    found = books(world).clusters.get((account, region, name))
    if found is None:
        raise Impossible(f"no cluster {name}")
    return found


def part(world: World, order: Order, kind: str) -> tuple[Cluster, Any]:
    """A node group or add-on, named "cluster/name"."""
    name = str(need(order, "id"))
    cluster = the_cluster(world, order)
    things = cluster.nodegroups if kind == "nodegroup" else cluster.addons
    found = things.get(name.split("/", 1)[-1])
    if found is None:
        raise Impossible(f"no {kind} {name}")
    return cluster, found


# ---- EKS


@change("cluster", "force_upgrade")
def force_upgrade(world: World, order: Order) -> None:
    """EKS moves a cluster on at the end of extended support."""
    cluster = the_cluster(world, order)
    number = eks_catalogue.minor(cluster.version) + 1
    version = order.get("version") or eks_catalogue.of_minor(number)
    if not eks_catalogue.known(version):
        raise Impossible(f"no Kubernetes {version}")
    cluster.version = version
    cluster.platform = eks_catalogue.VERSIONS[version].platform


@change("cluster", "platform_version")
def platform_version(world: World, order: Order) -> None:
    """EKS rolls out a new platform version."""
    the_cluster(world, order).platform += 1


@change("cluster", "block_upgrade")
def block_upgrade(world: World, order: Order) -> None:
    """An upgrade insight stands in the way (an empty reason lifts it)."""
    reason = order.get("reason", "Upgrade insights report errors: deprecated APIs")
    the_cluster(world, order).blocked = reason


@change("cluster", "fargate_profile")
def fargate_profile(world: World, order: Order) -> None:
    """Somebody made a Fargate profile of this name, with a role of its own."""
    eks.add_fargate_profile(world, the_cluster(world, order), str(need(order, "name")))


@change("cluster", "fail_creation")
def fail_creation(world: World, order: Order) -> None:
    """A cluster in CREATING ends up FAILED."""
    cluster = the_cluster(world, order)
    code = order.get("code", "InternalFailure")
    eks.fail_creation(cluster, code, order.get("message", "Internal failure"))


@change("cluster", "fail_update")
def fail_update(world: World, order: Order) -> None:
    """The next update of the cluster or one of its parts will fail."""
    the_cluster(world, order).fail_next_update = {
        "errorCode": order.get("code", "Unknown"),
        "errorMessage": order.get("message", "The update failed"),
        "resourceIds": [],
    }


@change("cluster", "controller_rules")
def controller_rules(world: World, order: Order) -> Json:
    """The load balancer controller opens ports on the cluster security group."""
    cluster = the_cluster(world, order)
    backend = world.moto("ec2", cluster.region, cluster.account)
    source = order.get("group")
    port = str(order.get("port", 4242))
    text = "elbv2.k8s.aws/targetGroupBinding=shared"
    rules, _ = backend.authorize_security_group_ingress(
        cluster.own_group,
        "tcp",
        port,
        port,
        []
        if source
        else [{"CidrIp": order.get("cidr", "10.0.0.0/8"), "Description": text}],
        source_groups=[{"GroupId": source, "Description": text}] if source else None,
        vpc_id=cluster.vpc,
    )
    return {"rules": [rule.id for rule in rules]}


@change("cluster", "controller_balancer")
def controller_balancer(world: World, order: Order) -> Json:
    """The load balancer controller makes a load balancer and its group."""
    cluster = the_cluster(world, order)
    region, account = cluster.region, cluster.account
    ec2 = world.moto("ec2", region, account)
    name = order.get("name", "k8s-default-ingress-0123456789")
    tags = {"elbv2.k8s.aws/cluster": cluster.name}
    group = ec2.create_security_group(
        name, "[k8s] Managed SecurityGroup for LoadBalancer", cluster.vpc, tags
    )
    subnets = order.get("subnets") or cluster.subnets
    made = elbv2_balancers.build(
        world,
        world.moto("elasticloadbalancing", region, account),
        name=name,
        security_groups=[group.id],
        subnet_ids=list(subnets),
        subnet_mappings=[],
        scheme="internet-facing",
        loadbalancer_type="application",
        tags=[{"Key": key, "Value": value} for key, value in tags.items()],
    )
    return {"load_balancer": made.arn, "group": group.id}


@change("nodegroup", "desired")
def desired(world: World, order: Order) -> None:
    """An autoscaler moves the desired size, within the limits."""
    cluster, group = part(world, order, "nodegroup")
    value = int(need(order, "value"))
    if not group.scaling["minSize"] <= value <= group.scaling["maxSize"]:
        raise Impossible("the desired size must fit between minimum and maximum")
    group.scaling["desiredSize"] = value
    eks_nodes.resize(world, cluster, group)


@change("nodegroup", "issue")
def nodegroup_issue(world: World, order: Order) -> None:
    """The group becomes DEGRADED (with no code: healthy again)."""
    _, group = part(world, order, "nodegroup")
    code = order.get("code")
    group.issues = (
        [
            eks_nodes.issue(
                code, str(order.get("message", code)), *order.get("resources", ())
            )
        ]
        if code
        else []
    )
    if group.status in ("ACTIVE", "DEGRADED"):
        group.status = "DEGRADED" if code else "ACTIVE"


@change("nodegroup", "fail_creation")
def fail_nodegroup(world: World, order: Order) -> None:
    """A group in CREATING ends up CREATE_FAILED."""
    _, group = part(world, order, "nodegroup")
    if group.status != "CREATING":
        raise Impossible(f"the node group is {group.status}")
    group.status = "CREATE_FAILED"
    code = order.get("code", "NodeCreationFailure")
    text = order.get("message", "Instances failed to join the kubernetes cluster")
    group.issues = [eks_nodes.issue(code, text)]


@change("nodegroup", "fail_deletion")
def fail_nodegroup_deletion(world: World, order: Order) -> None:
    """The next deletion ends in DELETE_FAILED; the one after works."""
    cluster, group = part(world, order, "nodegroup")
    world.book("eks_blocked_deletions")[(cluster.arn, group.name)] = eks_nodes.issue(
        order.get("code", "Ec2SecurityGroupDeletionFailure"),
        order.get("message", "DependencyViolation - resource has a dependent object"),
    )


@change("nodegroup", "lose_instance")
def lose_instance(world: World, order: Order) -> Json:
    """One node dies and is replaced."""
    cluster, group = part(world, order, "nodegroup")
    found = eks_nodes.scaling_group(world, cluster, group)
    if found is None or not found.instance_states:
        raise Impossible("the node group has no instances")
    state = found.instance_states[0]
    found.retire([state])
    eks_nodes.resize(world, cluster, group)
    return {"instance": state.instance.id}


@change("addon", "issue")
def addon_issue(world: World, order: Order) -> None:
    """The add-on becomes DEGRADED (with no code: healthy again)."""
    _, addon = part(world, order, "addon")
    code = order.get("code")
    addon.issues = (
        [{"code": code, "message": order.get("message", code)}] if code else []
    )
    addon.status = "DEGRADED" if code else "ACTIVE"


@change("addon", "edit")
def addon_edit(world: World, order: Order) -> None:
    """Somebody edits the objects in the cluster: updates may now conflict."""
    _, addon = part(world, order, "addon")
    world.book("eks_edited")[addon.name] = True


@change("network_interface", "leak")
def leak_interface(world: World, order: Order) -> Json:
    """An interface of the CNI is left behind, detached."""
    region, account = place(order)
    name = str(need(order, "cluster"))
    backend = world.moto("ec2", region, account)
    cluster = books(world).clusters.get((account, region, name))
    groups = order.get("groups") or ([cluster.own_group] if cluster else [])
    subnet = find(backend, str(need(order, "subnet")))
    if subnet is None:
        raise Impossible("no such subnet")
    instance = "i-0" + "f" * 16
    eni = backend.create_network_interface(
        subnet,
        eks_nodes.free_address(backend, subnet),
        group_ids=groups,
        description=f"aws-K8S-{instance}",
        tags={
            "node.k8s.amazonaws.com/instance_id": instance,
            "cluster.k8s.amazonaws.com/name": name,
        },
    )
    return {"interface": eni.id}


# ---- RDS


def the_database(world: World, order: Order) -> Any:
    """The record of the DB instance an order names."""
    region, account = place(order)
    found = world.moto("rds", region, account).databases.get(str(need(order, "id")))
    if found is None:
        raise Impossible("no such DB instance")
    return found.record


@change("db_instance", "minor_version")
def minor_version(world: World, order: Order) -> None:
    """RDS applies a minor version in the maintenance window."""
    record = the_database(world, order)
    record.settings["EngineVersion"] = need(order, "version")
    record.database.engine_version = need(order, "version")


@change("db_instance", "storage_grown")
def storage_grown(world: World, order: Order) -> None:
    """Storage autoscaling adds space."""
    record = the_database(world, order)
    record.settings["AllocatedStorage"] = int(need(order, "value"))
    record.database.allocated_storage = int(need(order, "value"))


@change("db_instance", "status")
def database_status(world: World, order: Order) -> None:
    """RDS changes the status on its own: storage-full, failed, maintenance..."""
    record = the_database(world, order)
    record.status = need(order, "value")
    if record.status == "failed":
        record.epoch += 1  # what was under way ends here


@change("db_instance", "no_standby")
def no_standby(world: World, order: Order) -> None:
    """Two zones are ordered, and RDS ends with one, from now on or (value false)
    no longer; also of an instance that is not there yet."""
    name = str(need(order, "id"))
    world.book("rds_no_standby")[name] = bool(order.get("value", True))


@change("db_instance", "login")
def login(world: World, order: Order) -> Json:
    """Somebody connects: whether the master user has this password."""
    record = the_database(world, order)
    return {"taken": record.settings.get("MasterUserPassword") == need(order, "value")}


@change("db_instance", "failover")
def failover(world: World, order: Order) -> None:
    """The standby takes over: the zones swap."""
    the_database(world, order).zones.reverse()


@change("db_instance", "ca_certificate")
def ca_certificate(world: World, order: Order) -> None:
    """RDS rotates to another certificate authority."""
    record = the_database(world, order)
    record.settings["CACertificateIdentifier"] = need(order, "value")


@change("db_instance", "certificate_ends")
def database_certificate_ends(world: World, order: Order) -> None:
    """The certificate under the present authority ends so many days from now."""
    settings = the_database(world, order).settings
    end = world.clock.wall() + timedelta(days=float(need(order, "days")))
    settings["CertificateEnds"] = {
        settings["CACertificateIdentifier"]: end.replace(tzinfo=None)
    }


@change("db_instance", "maintenance")
def database_maintenance(world: World, order: Order) -> None:
    """RDS plans maintenance, due so many days from now (none: left to the owner)."""
    record = the_database(world, order)
    due = order.get("days")
    end = world.clock.wall() + timedelta(days=due) if due is not None else None
    awaits = world.book("rds_maintenance").setdefault(record.database.arn, [])
    awaits.append(
        {
            "Action": order.get("value", "system-update"),
            "Description": order.get("description", "New Operating System update"),
            "ForcedApplyDate": end and end.replace(tzinfo=None),
        }
    )


@change("db_snapshot", "status")
def snapshot_status(world: World, order: Order) -> None:
    """A snapshot or a copy of one fails."""
    region, account = place(order)
    snapshots = world.moto("rds", region, account).database_snapshots
    found = snapshots.get(str(need(order, "id")))
    if found is None:
        raise Impossible("no such DB snapshot")
    found.status = need(order, "value")


# ---- Classic load balancers, whose interface has the name of the newer one


@change("classic_load_balancer", "create")
def classic_load_balancer(world: World, order: Order) -> None:
    """Somebody makes one."""
    region, account = place(order)
    port = {"LoadBalancerPort": 80, "InstancePort": 80, "Protocol": "HTTP"}
    zones = [f"{region}a"]
    backend = world.moto("elb", region, account)
    backend.create_load_balancer(str(need(order, "id")), zones, [port])


# ---- KMS and IAM


def rewritten(text: str, arn: str, identifier: str) -> str:
    """A policy in which a principal's ARN has become its unique id."""
    return text.replace(json.dumps(arn), json.dumps(identifier))


@change("kms_key", "state")
def key_state(world: World, order: Order) -> None:
    """KMS cannot use the key's material for now, or can again."""
    region, account = place(order)
    key = world.moto("kms", region, account).keys.get(str(need(order, "id")))
    if key is None:
        raise Impossible("no such key")
    key.key_state = need(order, "value")


@change("kms_key", "principal_rewritten")
def key_principal(world: World, order: Order) -> None:
    """A role in the key policy was deleted: its unique id is shown instead."""
    region, account = place(order)
    backend = world.moto("kms", region, account)
    key = backend.keys.get(str(need(order, "id")).rsplit("/", 1)[-1])
    if key is None:
        raise Impossible("no such key")
    identifier = order.get("identifier", "AROAEXAMPLEEXAMPLE000")
    key.policy = rewritten(key.policy, str(need(order, "principal")), identifier)


@change("iam_role", "principal_rewritten")
def trust_principal(world: World, order: Order) -> None:
    """The same in a trust policy."""
    _, account = place(order)
    for role in world.moto("iam", account=account).roles.values():
        if role.name == need(order, "id"):
            identifier = order.get("identifier", "AROAEXAMPLEEXAMPLE000")
            role.assume_role_policy_document = rewritten(
                role.assume_role_policy_document,
                str(need(order, "principal")),
                identifier,
            )
            return
    raise Impossible("no such role")


# ---- Others


@change("nat_gateway", "fail")
def fail_nat(world: World, order: Order) -> None:
    """A NAT gateway turns failed."""
    region, account = place(order)
    nat = world.moto("ec2", region, account).nat_gateways.get(need(order, "id"))
    if nat is None:
        raise Impossible("no such NAT gateway")
    nat.state = "failed"
    nat.failure_code = order.get("code", "InternalError")
    nat.failure_message = order.get("message", "Network has an internal error")


@change("load_balancer", "state")
def balancer_state(world: World, order: Order) -> None:
    """A load balancer becomes active_impaired, failed, or active again."""
    region, account = place(order)
    known = world.moto("elasticloadbalancing", region, account).load_balancers
    for arn, balancer in known.items():
        if need(order, "id") in (arn, balancer.name):
            balancer.state = need(order, "value")
            return
    raise Impossible("no such load balancer")


@change("target_group", "answers")
def targets_answer(world: World, order: Order) -> None:
    """The targets answer health checks from now on: a chart is installed, say."""
    region, account = place(order)
    known = world.moto("elasticloadbalancing", region, account).target_groups
    for arn, group in known.items():
        if need(order, "id") in (arn, group.name):
            elbv2_targets.answering(world, group, bool(order.get("value", True)))
            return
    raise Impossible("no such target group")


def the_certificate(world: World, order: Order) -> Any:
    """The certificate an order names."""
    region, account = place(order)
    found = acm.find(world, region, account, need(order, "id"))
    if found is None:
        raise Impossible("no such certificate")
    return found


@change("certificate", "issue")
def issue_certificate(world: World, order: Order) -> None:
    """ACM has validated the domain: the certificate is ISSUED."""
    the_certificate(world, order).status = order.get("value", "ISSUED")


@change("certificate", "unproved")
def certificate_unproved(world: World, order: Order) -> None:
    """ACM does not tell the DNS record yet, as in the first seconds, or does."""
    arn = the_certificate(world, order).arn
    world.book("acm_unproved")[arn] = bool(order.get("value", True))


@change("certificate", "ends")
def certificate_ends(world: World, order: Order) -> None:
    """It ends so many days from now, or ended so many days ago."""
    acm.ends_in(world, the_certificate(world, order).arn, float(need(order, "days")))


@change("s3_object", "age")
def age_object(world: World, order: Order) -> None:
    """An object was written so many seconds earlier; ``id`` is bucket/key."""
    bucket, _, key = str(need(order, "id")).partition("/")
    _, account = place(order)
    found = world.moto("s3", account=account).buckets.get(bucket)
    written = found and found.keys.get(key)
    if not written:
        raise Impossible("no such object")
    written.last_modified -= timedelta(seconds=need(order, "seconds"))
