"""Managed node groups and what EKS makes for them.

A node group owns an Auto Scaling group, a launch template, an instance profile
and, where the cluster knows access entries, one for its role.  Nodes that
cannot join are noticed late and without a reason.
"""

from __future__ import annotations

import re
import uuid
from typing import Any

from . import autoscaling, eks_access, eks_catalogue
from .core import Call, Reply, World, before
from .durations import (
    NODEGROUP_CHECK,
    NODEGROUP_CREATE,
    NODEGROUP_DELETE,
    NODEGROUP_FAIL,
    NODEGROUP_UPDATE,
    NODEGROUP_VERSION,
)
from .ec2_common import find
from .ec2_interfaces import free_address
from .eks_addons import networking_works
from .eks_endpoints import missing_endpoints
from .eks_model import (
    Cluster,
    Json,
    Nodegroup,
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
    the_cluster,
    the_nodegroup,
    usable_cluster,
)
from .eks_network import api_reachable, has_self_rule, way_out
from .eks_roles import (
    CNI_POLICY,
    check_node_role,
    find_role,
    node_policies_missing,
    policies_of,
)
from .iam import ensure_service_role
from .kms import key_of
from .support import later

NAME = re.compile(r"[0-9A-Za-z][0-9A-Za-z_-]{0,62}")
IMAGE = "ami-12c6146b"
LINUX = "AL2023_x86_64_STANDARD"
BUSY = "Nodegroup cannot be updated as it is currently not in Active State"


def show(group: Nodegroup, cluster: Cluster) -> Json:
    """A node group as DescribeNodegroup shows it.

    The Auto Scaling group is named once the group has left CREATING.
    """
    own = group.launch_template is not None
    resources = (
        {"autoScalingGroups": [{"name": group.group}]}
        if group.status != "CREATING"
        else None
    )
    return clean(
        {
            "nodegroupName": group.name,
            "nodegroupArn": group.arn,
            "clusterName": cluster.name,
            "version": group.version,
            "releaseVersion": group.release,
            "createdAt": group.created,
            "modifiedAt": group.modified,
            "status": group.status,
            "capacityType": group.capacity_type,
            "scalingConfig": dict(group.scaling),
            "instanceTypes": None
            if own and not group.instance_types
            else group.instance_types,
            "subnets": group.subnets,
            "remoteAccess": group.remote_access,
            "amiType": group.ami_type,
            "nodeRole": group.role,
            "labels": group.labels,
            "taints": group.taints or None,
            "resources": resources,
            "diskSize": None if own else group.disk_size,
            "health": {"issues": group.issues},
            "updateConfig": group.update_config,
            "nodeRepairConfig": group.repair,
            "launchTemplate": group.launch_template,
            "tags": group.tags,
        }
    )


# --------------------------------------------------------------------------
# Creating


@before("eks", "CreateNodegroup")
def create(call: Call, world: World) -> Reply:
    """CREATING for two to four minutes, or for twenty before it fails."""
    cluster = the_cluster(call, world)
    repeated = replay(call, world)
    if repeated is not None:
        return repeated
    name = str(call.get("nodegroupName"))
    if not NAME.fullmatch(name):
        raise invalid("nodegroupName must match ^[0-9A-Za-z][A-Za-z0-9-_]*")
    if name in cluster.nodegroups:
        raise in_use(
            f"NodeGroup already exists with name {name} and cluster name {cluster.name}",
            clusterName=cluster.name,
            nodegroupName=name,
        )
    if cluster.status != "ACTIVE":
        raise bad_state(
            f"Cluster '{cluster.name}' is not in ACTIVE status",
            clusterName=cluster.name,
        )
    group = plan(call, world, cluster, name)
    cluster.nodegroups[name] = group
    for service in ("eks-nodegroup.amazonaws.com", "autoscaling.amazonaws.com"):
        ensure_service_role(world, call.account, service)
    group.made_access_entry = eks_access.admit_node_role(world, cluster, group.role)
    launch(world, cluster, group)
    fail_at = world.clock.after(NODEGROUP_FAIL)
    later(world, NODEGROUP_CREATE, lambda: try_to_join(world, cluster, group, fail_at))
    return remember(call, world, lambda: again(cluster, group))


def again(cluster: Cluster, group: Nodegroup) -> Json | None:
    """A node group for the repeat of its creation."""
    if cluster.nodegroups.get(group.name) is not group:
        return None
    return {"nodegroup": show(group, cluster)}


def plan(call: Call, world: World, cluster: Cluster, name: str) -> Nodegroup:
    """Check everything that AWS checks at once."""
    tags = check_tags(call.get("tags"))
    role = str(call.get("nodeRole"))
    check_node_role(call, world, role, cluster.auth_mode == "CONFIG_MAP")
    subnets = check_subnets(call, world, cluster)
    scaling = check_scaling(call.get("scalingConfig") or {})
    version = call.get("version") or cluster.version
    check_node_version(version, cluster)
    template = call.get("launchTemplate") or None
    if template:
        check_template(call, template)
    ami_type = call.get("amiType") or LINUX
    check_ami(ami_type, version)
    types = list(call.get("instanceTypes") or ([] if template else ["t3.medium"]))
    check_types(world, call, types)
    capacity = call.get("capacityType") or "ON_DEMAND"
    now = world.clock.epoch()
    return Nodegroup(
        name=name,
        arn=(
            f"arn:{cluster.partition}:eks:{call.region}:{call.account}:nodegroup/"
            f"{cluster.name}/{name}/{uuid.uuid4()}"
        ),
        created=now,
        modified=now,
        tags=tags,
        version=version,
        release=call.get("releaseVersion") or newest_release(version),
        role=role,
        subnets=subnets,
        scaling=scaling,
        instance_types=types,
        ami_type=ami_type,
        capacity_type=capacity,
        disk_size=int(call.get("diskSize") or 20),
        labels=dict(call.get("labels") or {}),
        taints=[dict(each) for each in call.get("taints") or []],
        update_config=check_update_config(call.get("updateConfig") or {}),
        repair=call.get("nodeRepairConfig") or None,
        remote_access=call.get("remoteAccess") or None,
        launch_template=template,
    )


def newest_release(version: str) -> str:
    """The newest AMI release of a version."""
    return eks_catalogue.VERSIONS[version].ami_releases[-1]


def check_subnets(call: Call, world: World, cluster: Cluster) -> list[str]:
    """Subnets of the cluster's VPC."""
    identifiers = list(call.get("subnets") or [])
    if not identifiers:
        raise invalid("Subnets can't be empty", clusterName=cluster.name)
    backend = world.moto("ec2", call.region, call.account)
    for identifier in identifiers:
        subnet = find(backend, identifier) if identifier.startswith("subnet-") else None
        if subnet is None:
            raise invalid(
                f"The subnet ID '{identifier}' does not exist (Service: AmazonEC2; "
                "Status Code: 400; Error Code: InvalidSubnetID.NotFound)",
                clusterName=cluster.name,
            )
        if subnet.vpc_id != cluster.vpc:
            raise invalid(
                "Nodegroup subnets must belong to the VPC of the cluster",
                clusterName=cluster.name,
            )
    return identifiers


def check_scaling(
    wanted: Json, current: dict[str, int] | None = None
) -> dict[str, int]:
    """The desired size fits between minimum and maximum, always."""
    base = current or {"minSize": 1, "maxSize": 2, "desiredSize": 2}
    sizes = {key: int(wanted.get(key, value)) for key, value in base.items()}
    low, high, desired = sizes["minSize"], sizes["maxSize"], sizes["desiredSize"]
    if low > high:
        raise invalid(
            f"Minimum capacity {low} can't be greater than maximum size {high}"
        )
    if low > desired:
        raise invalid(
            f"Minimum capacity {low} can't be greater than desired size {desired}"
        )
    if desired > high:
        raise invalid(
            f"desired capacity {desired} can't be greater than max size {high}"
        )
    return sizes


def check_node_version(version: str, cluster: Cluster) -> None:
    """Nodes may be behind the control plane, never ahead of it."""
    if not eks_catalogue.known(version):
        raise invalid("unsupported Kubernetes version", clusterName=cluster.name)
    lag = eks_catalogue.minor(cluster.version) - eks_catalogue.minor(version)
    if lag < 0:
        raise invalid(
            "Nodegroup Kubernetes version should be equal to or less than Cluster "
            f"kubernetes version {cluster.version}",
            clusterName=cluster.name,
        )
    if lag > 3:
        raise invalid(
            f"Nodegroup Kubernetes version {version} is too far behind {cluster.version}",
            clusterName=cluster.name,
        )


def check_template(call: Call, template: Json) -> None:
    """By id or by name, and then without what a template carries itself."""
    if bool(template.get("id")) == bool(template.get("name")):
        raise invalid(
            "Either provide launch template ID or launch template name in the request."
        )
    if call.get("diskSize"):
        raise invalid("Disk size must be specified within the launch template.")
    if call.get("remoteAccess"):
        raise invalid(
            "Remote access configuration cannot be specified with a launch template."
        )


def check_ami(ami_type: str, version: str) -> None:
    """Amazon Linux 2 ends with Kubernetes 1.32."""
    old = ami_type.startswith("AL2_")
    if old and eks_catalogue.minor(version) > eks_catalogue.AL2_LAST:
        raise invalid(
            f"Requested amiType {ami_type} is not supported for kubernetes version "
            f"{version}"
        )


def check_types(world: World, call: Call, types: list[str]) -> None:
    """Instance types that EC2 knows."""
    from moto.ec2.models.instance_types import INSTANCE_TYPES

    for each in types:
        if each not in INSTANCE_TYPES:
            raise invalid(f"[{each}] is not a valid instance type")


def check_update_config(config: Json) -> Json:
    """A number or a percentage, not both; one node at a time by default."""
    if not config:
        return {"maxUnavailable": 1}
    given = [
        config[each]
        for each in ("maxUnavailable", "maxUnavailablePercentage")
        if config.get(each) is not None
    ]
    if len(given) != 1:
        raise invalid(
            "Exactly one of maxUnavailable and maxUnavailablePercentage must be given"
        )
    if int(given[0]) > 100:
        raise invalid("maxUnavailable must be at most 100")
    return dict(config)


# --------------------------------------------------------------------------
# The objects of a node group


def launch(world: World, cluster: Cluster, group: Nodegroup) -> None:
    """Instance profile, launch template, Auto Scaling group, instances."""
    identifier = str(uuid.uuid4())
    account, region = cluster.account, cluster.region
    group.group = f"eks-{group.name}-{identifier}"
    group.template = f"eks-{identifier}"
    group.profile = f"eks-{identifier}"
    iam = world.moto("iam", account=account)
    role = find_role(world, group.role, account)
    iam.create_instance_profile(name=group.profile, path="/", role_names=[], tags={})
    if role is not None:
        iam.add_role_to_instance_profile(group.profile, role.name)
    backend = world.moto("ec2", region, account)
    kind = group.instance_types[0] if group.instance_types else "t3.medium"
    template = backend.create_launch_template(
        group.template,
        "Default version",
        {
            "ImageId": IMAGE,
            "InstanceType": kind,
            "SecurityGroupIds": [cluster.own_group],
            "IamInstanceProfile": {"Name": group.profile},
        },
        {
            "launch-template": {
                "eks:cluster-name": cluster.name,
                "eks:nodegroup-name": group.name,
            }
        },
    )
    made = autoscaling.make_group(
        world,
        region,
        account,
        name=group.group,
        template=template.id,
        subnets=group.subnets,
        sizes=group.scaling,
        tags={
            "eks:cluster-name": cluster.name,
            "eks:nodegroup-name": group.name,
            "k8s.io/cluster-autoscaler/enabled": "true",
            f"k8s.io/cluster-autoscaler/{cluster.name}": "owned",
            f"kubernetes.io/cluster/{cluster.name}": "owned",
        },
    )
    made.on_launch = lambda nodes: add_pod_interfaces(world, cluster, nodes)
    made.on_terminate = lambda nodes: drop_pod_interfaces(world, cluster, nodes)
    if not unavailable(world, cluster, group) and not locked_disks(world, cluster):
        resize(world, cluster, group)


def locked_disks(world: World, cluster: Cluster) -> bool:
    """Whether the key of every new disk cannot be used: then no instance starts."""
    name = world.settings.extra.get("disk_key")
    if name is None:
        return False
    key = key_of(world.moto("kms", cluster.region, cluster.account), name)
    return key is None or key.key_state != "Enabled"


@before("autoscaling", "DescribeScalingActivities")
def activities(call: Call, world: World) -> Reply:
    """What a group of a node group did last: started its instances, or could not."""
    wanted = call.get("AutoScalingGroupName")
    shown = []
    for cluster in books(world).of(call.account, call.region):
        for group in cluster.nodegroups.values():
            if group.group != wanted:
                continue
            none_runs = not instances(world, cluster, group)
            refused = unavailable(world, cluster, group) if none_runs else None
            locked = none_runs and locked_disks(world, cluster)
            failed = refused or locked
            what = {
                "ActivityId": str(uuid.uuid5(uuid.NAMESPACE_URL, group.group)),
                "AutoScalingGroupName": group.group,
                "Cause": "an instance was started in response to a difference between "
                "desired and actual capacity",
                "Description": "Launching a new EC2 instance",
                "StartTime": world.clock.stamp(),
                "StatusCode": "Failed" if failed else "Successful",
                "Progress": 100,
            }
            if refused:
                what["StatusMessage"] = refused["message"]
            elif locked:
                what["StatusMessage"] = (
                    "Instance became unhealthy while waiting for instance to be in "
                    "InService state. Termination Reason: Client.InvalidKMSKey."
                    "InvalidState: The KMS key provided is in an incorrect state"
                )
            shown.append(what)
    return call.reply({"Activities": shown})


def scaling_group(world: World, cluster: Cluster, group: Nodegroup) -> Any:
    """The Auto Scaling group; None if somebody deleted it."""
    backend = world.moto("autoscaling", cluster.region, cluster.account)
    return backend.autoscaling_groups.get(group.group)


def resize(world: World, cluster: Cluster, group: Nodegroup, extra: int = 0) -> None:
    """Bring the Auto Scaling group to the sizes of the node group."""
    found = scaling_group(world, cluster, group)
    if found is None:
        return
    found.max_size = group.scaling["maxSize"] + extra
    found.min_size = group.scaling["minSize"]
    found.set_desired_capacity(group.desired + extra)


def add_pod_interfaces(world: World, cluster: Cluster, nodes: list[Any]) -> None:
    """The CNI keeps a spare interface on every node for pods."""
    if not networking_works(cluster):
        return
    backend = world.moto("ec2", cluster.region, cluster.account)
    for node in nodes:
        subnet = find(backend, node.subnet_id)
        eni = backend.create_network_interface(
            subnet,
            free_address(backend, subnet),
            group_ids=[cluster.own_group],
            description=f"aws-K8S-{node.id}",
            tags={
                "node.k8s.amazonaws.com/instance_id": node.id,
                "node.k8s.amazonaws.com/createdAt": world.clock.stamp(),
                "cluster.k8s.amazonaws.com/name": cluster.name,
                "eks:eni:owner": "amazon-vpc-cni",
            },
        )
        node.attach_eni(eni, 1)


def drop_pod_interfaces(world: World, cluster: Cluster, nodes: list[Any]) -> None:
    """The CNI detaches and deletes its interfaces when a node goes.

    Where the add-on has been deleted first, or the setting ``cni_leaks`` still
    counts, it does not come to that: the interface stays, detached.
    """
    backend = world.moto("ec2", cluster.region, cluster.account)
    for node in nodes:
        eni = node.nics.get(1)
        if eni is None:
            continue
        node.detach_eni(eni)
        leaks = int(world.settings.extra.get("cni_leaks", 0))
        if leaks > 0:
            world.settings.extra["cni_leaks"] = leaks - 1
        elif networking_works(cluster):
            backend.enis.pop(eni.id, None)
            backend.tags.pop(eni.id, None)


def demolish(world: World, cluster: Cluster, group: Nodegroup) -> None:
    """Take everything away that was made for a node group."""
    account, region = cluster.account, cluster.region
    autoscaling.drop_group(world, region, account, group.group)
    backend = world.moto("ec2", region, account)
    if group.template in backend.launch_template_name_to_ids:
        backend.delete_launch_template(group.template, None)
    iam = world.moto("iam", account=account)
    for key, profile in list(iam.instance_profiles.items()):
        if profile.name == group.profile:
            profile.roles.clear()
            del iam.instance_profiles[key]
    cluster.nodegroups.pop(group.name, None)
    sharing = [each for each in cluster.nodegroups.values() if each.role == group.role]
    entry = cluster.access.get(group.role)
    if not sharing and entry is not None and entry.kind == "EC2_LINUX":
        del cluster.access[group.role]


# --------------------------------------------------------------------------
# Joining


def unavailable(world: World, cluster: Cluster, group: Nodegroup) -> Json | None:
    """Why instances cannot be launched at all, if they cannot."""
    from moto.ec2.models.instance_types import INSTANCE_TYPE_OFFERINGS, INSTANCE_TYPES

    backend = world.moto("ec2", cluster.region, cluster.account)
    offered = {
        (entry["InstanceType"], entry["Location"])
        for entry in INSTANCE_TYPE_OFFERINGS["availability-zone"].get(
            cluster.region, []
        )
    }
    zones = {
        subnet.availability_zone
        for subnet in (find(backend, each) for each in group.subnets)
        if subnet is not None
    }
    for kind in group.instance_types:
        missing = sorted(zone for zone in zones if (kind, zone) not in offered)
        if missing:
            return issue(
                "AsgInstanceLaunchFailures",
                "Could not launch On-Demand Instances. Unsupported - Your requested "
                f"instance type ({kind}) is not supported in your requested "
                f"Availability Zone ({missing[0]}). Launching EC2 instance failed.",
                group.group,
            )
    if group.instance_types:
        shape = INSTANCE_TYPES[group.instance_types[0]]
        cores = int(shape.get("VCpuInfo", {}).get("DefaultVCpus", 2))
        limit = world.settings.quota("L-1216C47A", 1152)
        used = cores_in_use(world, cluster)
        if used + cores * group.desired > limit:
            return issue(
                "AsgInstanceLaunchFailures",
                "Could not launch On-Demand Instances. VcpuLimitExceeded - You have "
                "requested more vCPU capacity than your current vCPU limit of "
                f"{int(limit)} allows for the instance bucket that the specified "
                "instance type belongs to. Launching EC2 instance failed.",
                group.group,
            )
    return None


def cores_in_use(world: World, cluster: Cluster) -> int:
    """vCPUs of all running instances of the region."""
    from moto.ec2.models.instance_types import INSTANCE_TYPES

    backend = world.moto("ec2", cluster.region, cluster.account)
    return sum(
        int(
            INSTANCE_TYPES.get(each.instance_type, {})
            .get("VCpuInfo", {})
            .get("DefaultVCpus", 2)
        )
        for each in backend.all_running_instances()
    )


def issue(code: str, message: str, *resources: str) -> Json:
    """One entry of a node group's health."""
    return {"code": code, "message": message, "resourceIds": list(resources)}


def obstacles(world: World, cluster: Cluster, group: Nodegroup) -> list[str]:
    """Everything that keeps nodes from joining; AWS tells none of it."""
    backend = world.moto("ec2", cluster.region, cluster.account)
    found = []
    if locked_disks(world, cluster) and not instances(world, cluster, group):
        found.append("no instance starts")
    missing = node_policies_missing(world, cluster.account, group.role)
    if missing == [CNI_POLICY] and cni_has_own_role(world, cluster):
        missing = []
    found += [f"the node role lacks {each}" for each in missing]
    if not networking_works(cluster):
        found.append("there is no vpc-cni")
    for identifier in group.subnets:
        subnet = find(backend, identifier)
        kind, address = way_out(backend, subnet) if subnet else ("", "")
        if not kind and subnet is not None and cluster.private:
            lacking = missing_endpoints(backend, subnet, cluster.region)
            found += [f"{identifier} does not reach {each}" for each in lacking]
        elif not kind:
            found.append(f"{identifier} has no way out")
        elif not api_reachable(cluster, address):
            found.append(f"{address} may not reach the API endpoint")
    vpc = backend.vpcs.get(cluster.vpc)
    if (
        vpc is None
        or not flag(vpc.enable_dns_support)
        or not flag(vpc.enable_dns_hostnames)
    ):
        found.append("DNS is off in the VPC")
    if not has_self_rule(backend, cluster.own_group):
        found.append("the cluster security group lost its rule")
    if cluster.auth_mode == "API" and group.role not in cluster.access:
        found.append("the node role has no access entry")
    return found


def flag(value: Any) -> bool:
    """moto keeps some attributes as text."""
    return str(value).lower() == "true"


def cni_has_own_role(world: World, cluster: Cluster) -> bool:
    """Whether vpc-cni runs with a role that carries the CNI policy."""
    addon = cluster.addons.get("vpc-cni")
    role = find_role(world, addon.role, cluster.account) if addon else None
    return role is not None and CNI_POLICY in policies_of(role)


def try_to_join(
    world: World, cluster: Cluster, group: Nodegroup, fail_at: float
) -> None:
    """From CREATING to ACTIVE, or after a long time to CREATE_FAILED."""
    if group.status != "CREATING" or cluster.nodegroups.get(group.name) is not group:
        return
    refused = unnumbered(world, cluster, group) or (
        unavailable(world, cluster, group)
        if not instances(world, cluster, group)
        else None
    )
    if group.desired == 0 or (not refused and not obstacles(world, cluster, group)):
        group.status, group.issues = "ACTIVE", []
        group.modified = world.clock.epoch()
        return
    if refused:
        group.issues = [refused]
    if world.clock.passed(fail_at) or (refused and refused["code"].startswith("Ec2")):
        group.status = "CREATE_FAILED"
        group.issues = [
            refused
            or issue(
                "NodeCreationFailure",
                "Instances failed to join the kubernetes cluster",
                *instances(world, cluster, group),
            )
        ]
        group.modified = world.clock.epoch()
        return
    later(world, NODEGROUP_CHECK, lambda: try_to_join(world, cluster, group, fail_at))


def unnumbered(world: World, cluster: Cluster, group: Nodegroup) -> Json | None:
    """Public subnets must give their instances public addresses."""
    backend = world.moto("ec2", cluster.region, cluster.account)
    wrong = [
        each
        for each in group.subnets
        if (subnet := find(backend, each))
        and way_out(backend, subnet)[0] == "unnumbered"
    ]
    if not wrong:
        return None
    return issue(
        "Ec2SubnetInvalidConfiguration",
        "One or more Amazon EC2 Subnets of "
        f"{wrong} for node group {group.name} does not automatically assign public IP "
        "addresses to instances launched into it. If you want your instances to be "
        "assigned a public IP address, then you need to enable auto-assign public IP "
        "address for the subnet.",
        *wrong,
    )


def instances(world: World, cluster: Cluster, group: Nodegroup) -> list[str]:
    """Ids of a node group's instances."""
    found = scaling_group(world, cluster, group)
    if found is None:
        return []
    return sorted(state.instance.id for state in found.instance_states)


# --------------------------------------------------------------------------
# Reading


@before("eks", "DescribeNodegroup")
def describe(call: Call, world: World) -> Reply:
    """One node group."""
    cluster = the_cluster(call, world)
    return call.reply({"nodegroup": show(the_nodegroup(call, cluster), cluster)})


@before("eks", "ListNodegroups")
def list_nodegroups(call: Call, world: World) -> Reply:
    """Names, in pages."""
    cluster = the_cluster(call, world)
    return page(call, world, "nodegroups", sorted(cluster.nodegroups))


# --------------------------------------------------------------------------
# Changing


def refuse_when_busy(cluster: Cluster, group: Nodegroup) -> None:
    """One update at a time, and only of a group at rest."""
    if group.status not in ("ACTIVE", "DEGRADED"):
        raise in_use(BUSY, clusterName=cluster.name, nodegroupName=group.name)


@before("eks", "UpdateNodegroupConfig")
def update_config(call: Call, world: World) -> Reply:
    """Sizes, labels, taints and the update policy in one call."""
    cluster = usable_cluster(call, world)
    group = the_nodegroup(call, cluster)
    repeated = replay(call, world)
    if repeated is not None:
        return repeated
    members = {
        "scalingConfig",
        "labels",
        "taints",
        "updateConfig",
        "nodeRepairConfig",
        "warmPoolConfig",
    }
    if not members & call.params.keys():
        raise invalid("No changes detected in the request", nodegroupName=group.name)
    refuse_when_busy(cluster, group)
    scaling = check_scaling(call.get("scalingConfig") or {}, group.scaling)
    labels, taints = change_labels(call, group), change_taints(call, group)
    config = (
        check_update_config(call.get("updateConfig"))
        if call.get("updateConfig")
        else group.update_config
    )
    repair = call.get("nodeRepairConfig") or group.repair
    params = [
        param("MinSize", str(scaling["minSize"])),
        param("MaxSize", str(scaling["maxSize"])),
        param("DesiredSize", str(scaling["desiredSize"])),
    ]
    if call.get("labels"):
        change = call.get("labels")
        params.append(param("LabelsToAdd", change.get("addOrUpdateLabels") or {}))
        params.append(param("LabelsToRemove", change.get("removeLabels") or []))

    def change_all() -> None:
        group.scaling, group.labels, group.taints = scaling, labels, taints
        group.update_config, group.repair = config, repair
        group.modified = world.clock.epoch()
        resize(world, cluster, group)

    update = Update("ConfigUpdate", params, world.clock.epoch(), nodegroup=group.name)
    group.status = "UPDATING"
    begin(world, cluster, update, NODEGROUP_UPDATE, change_all)
    return remember(call, world, lambda: {"update": update.as_json()})


def change_labels(call: Call, group: Nodegroup) -> dict[str, str]:
    """Labels after adding and removing."""
    change = call.get("labels") or {}
    added = dict(change.get("addOrUpdateLabels") or {})
    removed = set(change.get("removeLabels") or [])
    if removed & added.keys():
        raise invalid("The same label cannot be both added and removed")
    kept = {key: value for key, value in group.labels.items() if key not in removed}
    return {**kept, **added}


def change_taints(call: Call, group: Nodegroup) -> list[Json]:
    """Taints after adding and removing; key and effect identify one."""
    change = call.get("taints") or {}
    added = change.get("addOrUpdateTaints") or []
    removed = change.get("removeTaints") or []
    touched = {(each["key"], each["effect"]) for each in (*added, *removed)}
    kept = [
        each for each in group.taints if (each["key"], each["effect"]) not in touched
    ]
    return [*kept, *added]


@before("eks", "UpdateNodegroupVersion")
def update_version(call: Call, world: World) -> Reply:
    """A rolling replacement of all nodes; up to the cluster's version, never down."""
    cluster = usable_cluster(call, world)
    group = the_nodegroup(call, cluster)
    repeated = replay(call, world)
    if repeated is not None:
        return repeated
    template = call.get("launchTemplate") or None
    if template:
        change_template(group, template)
    target = call.get("version") or (group.version if template else cluster.version)
    check_node_version(target, cluster)
    if eks_catalogue.minor(target) < eks_catalogue.minor(group.version):
        raise invalid(
            f"Nodegroup {group.name} cannot be downgraded from {group.version} to "
            f"{target}",
            clusterName=cluster.name,
            nodegroupName=group.name,
        )
    release = call.get("releaseVersion") or newest_release(target)
    if release not in eks_catalogue.VERSIONS[target].ami_releases:
        raise invalid(f"Requested release version {release} is not valid")
    if (target, release) == (group.version, group.release) and not template:
        raise invalid(
            f"Nodegroup is already at the desired release version {release}",
            clusterName=cluster.name,
            nodegroupName=group.name,
        )
    check_ami(group.ami_type, target)
    refuse_when_busy(cluster, group)
    params = [param("Version", target), param("ReleaseVersion", release)]
    update = Update("VersionUpdate", params, world.clock.epoch(), nodegroup=group.name)
    group.status = "UPDATING"
    surge = max(
        2 * len(group.subnets), int(group.update_config.get("maxUnavailable", 1))
    )
    short = over_quota(world, cluster, group, surge)
    if not short:
        resize(world, cluster, group, surge)

    def change() -> list[Json] | None:
        if short:
            return [short]
        if template:
            group.launch_template = {**(group.launch_template or {}), **template}
        group.version, group.release = target, release
        group.modified = world.clock.epoch()
        resize(world, cluster, group)
        return None

    begin(world, cluster, update, NODEGROUP_VERSION, change)
    return remember(call, world, lambda: {"update": update.as_json()})


def change_template(group: Nodegroup, template: Json) -> None:
    """Another version of the same launch template, named one way."""
    if group.launch_template is None:
        raise invalid("Nodegroup was not created with a launch template")
    if template.get("id") and template.get("name"):
        raise invalid(
            "Either provide launch template ID or launch template name in the request."
        )


def over_quota(
    world: World, cluster: Cluster, group: Nodegroup, surge: int
) -> Json | None:
    """A rolling update needs room for the nodes it adds first."""
    from moto.ec2.models.instance_types import INSTANCE_TYPES

    kind = group.instance_types[0] if group.instance_types else "t3.medium"
    cores = int(INSTANCE_TYPES[kind].get("VCpuInfo", {}).get("DefaultVCpus", 2))
    limit = world.settings.quota("L-1216C47A", 1152)
    if cores_in_use(world, cluster) + surge * cores <= limit:
        return None
    return {
        "errorCode": "NodeCreationFailure",
        "errorMessage": "Couldn't proceed with upgrade process as new nodes are not "
        f"joining node group {group.name}",
        "resourceIds": [group.name],
    }


# --------------------------------------------------------------------------
# Deleting


@before("eks", "DeleteNodegroup")
def delete(call: Call, world: World) -> Reply:
    """DELETING for minutes, longer where a target group drains connections."""
    cluster = the_cluster(call, world)
    group = the_nodegroup(call, cluster)
    if group.status == "DELETING":
        return call.reply({"nodegroup": show(group, cluster)})
    if group.status == "UPDATING":
        raise in_use(
            f"Nodegroup {group.name} cannot be deleted while it has an update in "
            "progress",
            clusterName=cluster.name,
            nodegroupName=group.name,
        )
    group.status = "DELETING"
    seconds = NODEGROUP_DELETE + drain_time(world, cluster, group)
    later(world, seconds, lambda: finish_deletion(world, cluster, group))
    return call.reply({"nodegroup": show(group, cluster)})


def drain_time(world: World, cluster: Cluster, group: Nodegroup) -> float:
    """The longest deregistration delay of the attached target groups."""
    found = scaling_group(world, cluster, group)
    if found is None:
        return 0.0
    known = world.moto(
        "elasticloadbalancing", cluster.region, cluster.account
    ).target_groups
    delays = [
        float(known[arn].attributes.get("deregistration_delay.timeout_seconds", 300))
        for arn in found.target_group_arns
        if arn in known
    ]
    return max(delays, default=0.0)


def finish_deletion(world: World, cluster: Cluster, group: Nodegroup) -> None:
    """Gone, unless something ordered the deletion to fail."""
    if group.status != "DELETING":
        return
    blocked = world.book("eks_blocked_deletions").pop((cluster.arn, group.name), None)
    if blocked is not None:
        group.status = "DELETE_FAILED"
        group.issues = [blocked]
        return
    demolish(world, cluster, group)
