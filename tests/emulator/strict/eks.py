"""Amazon EKS: clusters, their updates, and what is common to its calls.

Node groups, add-ons, access entries and other identities have modules of their
own.  Nothing is left to moto: a call no module answers is refused as unknown.
"""

from __future__ import annotations

import base64
import datetime
import ipaddress
import secrets
from typing import Any

from . import eks_access, eks_catalogue
from . import eks_addons, eks_identities, eks_nodes  # noqa: F401  handlers come first
from .core import Call, Refusal, Reply, World, before
from .durations import (
    CLUSTER_CREATE,
    CLUSTER_DELETE,
    CLUSTER_INTERFACES,
    CLUSTER_NAME_HELD,
    CLUSTER_UPDATE,
    CLUSTER_VERSION,
)
from .ec2_common import find
from .eks_model import (
    CLUSTER_LOGS,
    Cluster,
    Ghost,
    Json,
    Thing,
    Update,
    absent,
    bad_state,
    begin,
    books,
    check_tags,
    clean,
    cluster_name,
    in_use,
    invalid,
    key_of,
    page,
    param,
    remember,
    replay,
    the_addon,
    the_cluster,
    the_nodegroup,
)
from .eks_network import (
    build,
    check_groups,
    check_service_cidr,
    check_subnets,
    default_service_cidr,
    free_addresses,
    move_interfaces,
    restore_group,
    tear_down,
)
from .eks_roles import check_cluster_role, find_role
from .iam import ensure_service_role
from .kms import visible_key
from .support import later

AUTH_MODES = ("CONFIG_MAP", "API_AND_CONFIG_MAP", "API")
EXTRA_SETTINGS = (
    "computeConfig",
    "storageConfig",
    "zonalShiftConfig",
    "remoteNetworkConfig",
    "controlPlaneScalingConfig",
    "kubeApiServerConfig",
    "kubeSchedulerConfig",
    "kubeControllerManagerConfig",
)


# --------------------------------------------------------------------------
# Showing


def show(cluster: Cluster, world: World) -> Json:
    """A cluster as DescribeCluster shows it.

    ``bootstrapClusterCreatorAdminPermissions`` and ``bootstrapSelfManagedAddons``
    are never returned; endpoint, certificate, issuer and the cluster security
    group only once the cluster has been active.
    """
    made = bool(cluster.endpoint)
    vpc: Json = {
        "subnetIds": cluster.subnets,
        "securityGroupIds": cluster.security_groups,
        "clusterSecurityGroupId": cluster.own_group if made else None,
        "vpcId": cluster.vpc,
        "endpointPublicAccess": cluster.public,
        "endpointPrivateAccess": cluster.private,
        "publicAccessCidrs": cluster.public_cidrs if cluster.public else [],
    }
    return clean(
        {
            "name": cluster.name,
            "arn": cluster.arn,
            "createdAt": cluster.created,
            "version": cluster.version,
            "endpoint": cluster.endpoint or None,
            "roleArn": cluster.role,
            "resourcesVpcConfig": clean(vpc),
            "kubernetesNetworkConfig": {
                "serviceIpv4Cidr": cluster.service_cidr,
                "ipFamily": cluster.family,
                "elasticLoadBalancing": {"enabled": False},
            },
            "logging": show_logging(cluster.logging),
            "identity": {"oidc": {"issuer": cluster.issuer}} if made else None,
            "status": cluster.status,
            "certificateAuthority": {"data": cluster.certificate} if made else {},
            "clientRequestToken": cluster.token or None,
            "platformVersion": f"eks.{cluster.platform}",
            "tags": cluster.tags,
            "encryptionConfig": cluster.encryption or None,
            "health": {"issues": cluster.issues + live_issues(cluster, world)},
            "accessConfig": {"authenticationMode": cluster.auth_mode},
            "upgradePolicy": {"supportType": cluster.support},
            "deletionProtection": cluster.protected,
            **cluster.others,
        }
    )


def show_logging(enabled: set[str]) -> Json:
    """Log types in two sets, the empty one left out."""
    sets = [
        {"types": [each for each in CLUSTER_LOGS if each in enabled], "enabled": True},
        {
            "types": [each for each in CLUSTER_LOGS if each not in enabled],
            "enabled": False,
        },
    ]
    return {"clusterLogging": [each for each in sets if each["types"]]}


def live_issues(cluster: Cluster, world: World) -> list[Json]:
    """What EKS would complain about right now: its key, its role."""
    issues = []
    if find_role(world, cluster.role, cluster.account) is None:
        issues.append(
            {
                "code": "IamRoleNotFound",
                "message": "The cluster role does not exist",
                "resourceIds": [cluster.role],
            }
        )
    for config in cluster.encryption:
        arn = config["provider"]["keyArn"]
        key = visible_key(world, cluster.region, cluster.account, arn)
        state = key.key_state if key is not None else "Gone"
        code = {
            "Gone": "KmsKeyNotFound",
            "Disabled": "KmsKeyDisabled",
            "PendingDeletion": "KmsKeyMarkedForDeletion",
        }.get(state)
        if code:
            message = f"The key used to encrypt the secrets is unusable: {state}"
            issues.append({"code": code, "message": message, "resourceIds": [arn]})
    return issues


# --------------------------------------------------------------------------
# Creating


@before("eks", "CreateCluster")
def create_cluster(call: Call, world: World) -> Reply:
    """CREATING for eight to twelve minutes."""
    name = call.get("name")
    repeated = replay(call, world)
    if repeated is not None:
        return repeated
    records = books(world)
    key = key_of(call, name)
    ghost = records.ghosts.get(key)
    held = ghost is not None and not world.clock.passed(ghost.until)
    if key in records.clusters or held:
        raise in_use(f"Cluster already exists with name: {name}", clusterName=name)
    cluster = plan_cluster(call, world)
    limit = world.settings.quota("L-1194D53C", 100)
    if len(records.of(call.account, call.region)) >= limit:
        raise Refusal(
            "ResourceLimitExceededException",
            "Account has reached the limit of clusters in this region",
            400,
            clusterName=name,
        )
    records.ghosts.pop(key, None)
    ensure_service_role(world, call.account, "eks.amazonaws.com")
    records.clusters[key] = cluster
    build(world, cluster)
    if cluster.logging:
        make_log_group(world, cluster)
    config = call.get("accessConfig") or {}
    if config.get("bootstrapClusterCreatorAdminPermissions", True):
        eks_access.admit_creator(world, cluster)
    ready = world.clock.after(CLUSTER_CREATE)
    later(world, CLUSTER_CREATE, lambda: finish_creation(cluster, ready))
    return remember(call, world, lambda: shown_again(world, cluster))


def shown_again(world: World, cluster: Cluster) -> Json | None:
    """A cluster for the repeat of its creation; None once it is gone."""
    key = (cluster.account, cluster.region, cluster.name)
    if books(world).clusters.get(key) is not cluster:
        return None
    return {"cluster": show(cluster, world)}


def plan_cluster(call: Call, world: World) -> Cluster:
    """Check everything about a cluster to be, in the order AWS does."""
    name = call.get("name")
    tags = check_tags(call.get("tags"))
    version = call.get("version") or eks_catalogue.DEFAULT_VERSION
    if not eks_catalogue.known(version):
        raise invalid("unsupported Kubernetes version", clusterName=name)
    vpc_config = call.get("resourcesVpcConfig") or {}
    check_cluster_role(call, world, call.get("roleArn"))
    subnet_ids = list(vpc_config.get("subnetIds") or [])
    vpc, subnets = check_subnets(call, world, subnet_ids, name)
    groups = list(vpc_config.get("securityGroupIds") or [])
    check_groups(call, world, groups, vpc)
    public = vpc_config.get("endpointPublicAccess", True)
    private = vpc_config.get("endpointPrivateAccess", False)
    cidrs = list(vpc_config.get("publicAccessCidrs") or ["0.0.0.0/0"])
    check_endpoint(public, private, cidrs)
    network = call.get("kubernetesNetworkConfig") or {}
    family = network.get("ipFamily", "ipv4")
    cidr = network.get("serviceIpv4Cidr")
    if cidr:
        check_service_cidr(world, call, cidr, vpc)
    mode = (call.get("accessConfig") or {}).get("authenticationMode", "CONFIG_MAP")
    support = (call.get("upgradePolicy") or {}).get("supportType", "EXTENDED")
    encryption = check_encryption(call, world, call.get("encryptionConfig") or [])
    return Cluster(
        name=name,
        arn=f"arn:aws:eks:{call.region}:{call.account}:cluster/{name}",
        account=call.account,
        region=call.region,
        created=world.clock.epoch(),
        version=version,
        role=call.get("roleArn"),
        vpc=vpc,
        subnets=subnet_ids,
        zones=frozenset(subnet.availability_zone for subnet in subnets),
        security_groups=groups,
        public=public,
        private=private,
        public_cidrs=cidrs,
        service_cidr=cidr or default_service_cidr(world, call, vpc),
        family=family,
        logging=enabled_logs(call.get("logging") or {}),
        encryption=encryption,
        auth_mode=mode,
        support=support,
        protected=bool(call.get("deletionProtection", False)),
        bootstrapped=bool(call.get("bootstrapSelfManagedAddons", True)),
        tags=tags,
        token=call.get("clientRequestToken"),
        platform=eks_catalogue.VERSIONS[version].platform,
        others={each: call.get(each) for each in EXTRA_SETTINGS if call.get(each)},
    )


def check_endpoint(public: bool, private: bool, cidrs: list[str]) -> None:
    """One kind of access at least; public ranges may not be private ones."""
    if not public and not private:
        raise invalid("Private and public endpoint access cannot both be false")
    if len(cidrs) > 40:
        raise invalid("At most 40 publicAccessCidrs can be specified")
    for each in cidrs:
        try:
            network = ipaddress.ip_network(each)
        except ValueError:
            raise invalid(f"Invalid CIDR block in publicAccessCidrs: {each}") from None
        if network.prefixlen and network.is_private and not documentation(network):
            raise invalid(
                f"The following CIDRs are not allowed in publicAccessCidrs: [{each}]"
            )


def documentation(network: Any) -> bool:
    """Whether a range is one of those reserved for documentation."""
    return any(
        network.subnet_of(ipaddress.ip_network(each))
        for each in ("192.0.2.0/24", "198.51.100.0/24", "203.0.113.0/24")
        if network.version == 4
    )


def check_encryption(call: Call, world: World, configs: list[Json]) -> list[Json]:
    """One entry, for secrets, with a key that exists and is enabled."""
    if not configs:
        return []
    if configs[0].get("resources") != ["secrets"]:
        raise invalid("Encryption config must have one entry for resources [secrets]")
    arn = (configs[0].get("provider") or {}).get("keyArn", "")
    key = visible_key(world, call.region, call.account, arn)
    if not arn.startswith("arn:") or key is None:
        raise invalid(f"The keyArn in encryptionConfig provider {arn} is invalid")
    if key.key_state != "Enabled":
        raise invalid(f"The KMS key {arn} is not enabled: {key.key_state}")
    return [{"resources": ["secrets"], "provider": {"keyArn": key.arn}}]


def enabled_logs(logging: Json) -> set[str]:
    """The log types that are switched on."""
    enabled: set[str] = set()
    for setup in logging.get("clusterLogging") or []:
        types = set(setup.get("types") or [])
        enabled = enabled | types if setup.get("enabled") else enabled - types
    return enabled


def make_log_group(world: World, cluster: Cluster) -> None:
    """Logging makes a log group, which outlives the cluster."""
    backend = world.moto("logs", cluster.region, cluster.account)
    name = f"/aws/eks/{cluster.name}/cluster"
    if name not in backend.groups:
        backend.create_log_group(name, {})


def finish_creation(cluster: Cluster, ready: float) -> None:
    """From CREATING to ACTIVE."""
    if cluster.status != "CREATING":
        return
    identifier = secrets.token_hex(16).upper()
    region = cluster.region
    cluster.endpoint = f"https://{identifier}.gr7.{region}.eks.amazonaws.com"
    cluster.issuer = f"https://oidc.eks.{region}.amazonaws.com/id/{identifier}"
    cluster.certificate = certificate()
    cluster.status = "ACTIVE"
    cluster.active_since = ready


def fail_creation(cluster: Cluster, code: str, message: str) -> None:
    """A cluster that could not be made: it can only be deleted."""
    if cluster.status == "CREATING":
        cluster.status = "FAILED"
        issue = {"code": code, "message": message, "resourceIds": [cluster.name]}
        cluster.issues.append(issue)


def certificate() -> str:
    """A certificate authority of the cluster's own, base64 of PEM."""
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.x509.oid import NameOID

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "kubernetes")])
    now = datetime.datetime.now(datetime.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now)
        .not_valid_after(now + datetime.timedelta(days=3650))
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), True)
        .sign(key, hashes.SHA256())
    )
    return base64.b64encode(made.public_bytes(serialization.Encoding.PEM)).decode()


# --------------------------------------------------------------------------
# Reading


@before("eks", "DescribeCluster")
def describe_cluster(call: Call, world: World) -> Reply:
    """Eventually consistent: the first read after a change shows the old status."""
    records = books(world)
    key = key_of(call, cluster_name(call))
    ghost = records.ghosts.get(key)
    if key not in records.clusters and ghost is not None:
        ghost.reads += 1
        if ghost.reads == 2 and not world.clock.passed(ghost.until):
            return call.reply({"cluster": show(ghost.cluster, world)})
    cluster = the_cluster(call, world)
    shown = show(cluster, world)
    if cluster.stale_status:
        shown["status"] = cluster.stale_status
        cluster.stale_status = ""
    return call.reply({"cluster": shown})


@before("eks", "ListClusters")
def list_clusters(call: Call, world: World) -> Reply:
    """Names, in pages."""
    found = books(world).of(call.account, call.region)
    return page(call, world, "clusters", [cluster.name for cluster in found])


@before("eks", "DescribeClusterVersions")
def describe_cluster_versions(call: Call, world: World) -> Reply:
    """Versions of Kubernetes, newest first."""
    wanted = call.get("clusterVersions") or []
    support = call.get("versionStatus") or call.get("status") or ""
    support = support.upper().replace("-", "_")
    shown = []
    for version in reversed(eks_catalogue.VERSIONS.values()):
        entry = version.as_json()
        if wanted and version.text not in wanted:
            continue
        if support and entry["versionStatus"] != support:
            continue
        if call.flag("defaultOnly") and not entry["defaultVersion"]:
            continue
        shown.append(entry)
    return page(call, world, "clusterVersions", shown)


# --------------------------------------------------------------------------
# Updating


def start(
    world: World,
    call: Call,
    cluster: Cluster,
    update: Update,
    seconds: float,
    change: Any,
) -> Reply:
    """Begin an update of the cluster itself."""

    def finish() -> list[Json] | None:
        errors = change()
        restore_group(world, cluster)
        return errors

    if not world.clock.instant:
        cluster.stale_status = cluster.status
    cluster.status = "UPDATING"
    begin(world, cluster, update, seconds, finish)
    return remember(call, world, lambda: {"update": update.as_json()})


def refuse_when_busy(cluster: Cluster, action: str) -> None:
    """One update at a time, and none unless the cluster is ACTIVE."""
    if cluster.running() is not None:
        raise in_use(
            f"Cannot {action} because cluster {cluster.name} currently has update "
            "in progress",
            clusterName=cluster.name,
        )
    if cluster.status != "ACTIVE":
        raise in_use(
            f"Cannot {action} because cluster {cluster.name} is not ACTIVE "
            f"(status {cluster.status})",
            clusterName=cluster.name,
        )


def kinds_of(call: Call) -> list[str]:
    """The kinds of change in one UpdateClusterConfig call."""
    kinds = []
    vpc = call.params.get("resourcesVpcConfig") or {}
    if vpc.keys() & {
        "endpointPublicAccess",
        "endpointPrivateAccess",
        "publicAccessCidrs",
    }:
        kinds.append("EndpointAccessUpdate")
    if vpc.keys() & {"subnetIds", "securityGroupIds"}:
        kinds.append("VpcConfigUpdate")
    if "controlPlaneEgressMode" in vpc:
        kinds.append("ControlPlaneEgressModeUpdate")
    named = {
        "logging": "LoggingUpdate",
        "accessConfig": "AccessConfigUpdate",
        "upgradePolicy": "UpgradePolicyUpdate",
        "zonalShiftConfig": "ZonalShiftConfigUpdate",
        "remoteNetworkConfig": "RemoteNetworkConfigUpdate",
        "deletionProtection": "DeletionProtectionUpdate",
        "controlPlaneScalingConfig": "ControlPlaneScalingConfigUpdate",
        "kubeApiServerConfig": "ConfigUpdate",
        "kubeSchedulerConfig": "ConfigUpdate",
        "kubeControllerManagerConfig": "ConfigUpdate",
    }
    kinds += [kind for member, kind in named.items() if member in call.params]
    if call.params.keys() & {
        "computeConfig",
        "storageConfig",
        "kubernetesNetworkConfig",
    }:
        kinds.append("AutoModeUpdate")
    return list(dict.fromkeys(kinds))


@before("eks", "UpdateClusterConfig")
def update_cluster_config(call: Call, world: World) -> Reply:
    """One kind of change per call, one update at a time, and no empty ones."""
    cluster = the_cluster(call, world)
    repeated = replay(call, world)
    if repeated is not None:
        return repeated
    kinds = kinds_of(call)
    if len(kinds) > 1:
        raise invalid(
            "Only one type of update can be allowed", clusterName=cluster.name
        )
    if not kinds:
        raise invalid("No changes detected in the request", clusterName=cluster.name)
    refuse_when_busy(cluster, "UpdateClusterConfig")
    prepare = {
        "EndpointAccessUpdate": change_endpoint,
        "VpcConfigUpdate": change_network,
        "LoggingUpdate": change_logging,
        "AccessConfigUpdate": change_access,
        "UpgradePolicyUpdate": change_support,
        "DeletionProtectionUpdate": change_protection,
    }.get(kinds[0], change_other)
    params, change = prepare(call, world, cluster)
    update = Update(kinds[0], params, world.clock.epoch())
    return start(world, call, cluster, update, CLUSTER_UPDATE, change)


def change_endpoint(call: Call, world: World, cluster: Cluster) -> Any:
    """Public and private access to the API and the ranges that may use it."""
    config = call.get("resourcesVpcConfig")
    public = config.get("endpointPublicAccess", cluster.public)
    private = config.get("endpointPrivateAccess", cluster.private)
    cidrs = list(config.get("publicAccessCidrs") or cluster.public_cidrs)
    check_endpoint(public, private, cidrs)
    same_cidrs = sorted(cidrs) == sorted(cluster.public_cidrs)
    if (public, private) == (cluster.public, cluster.private) and same_cidrs:
        raise invalid(
            "Cluster is already at the desired configuration with "
            f"endpointPrivateAccess: {str(private).lower()} , endpointPublicAccess: "
            f"{str(public).lower()}, and Public Endpoint Restrictions: "
            f"[{', '.join(cidrs)}]",
            clusterName=cluster.name,
        )

    def change() -> None:
        cluster.public, cluster.private, cluster.public_cidrs = public, private, cidrs

    params = [
        param("EndpointPublicAccess", public),
        param("EndpointPrivateAccess", private),
        param("PublicAccessCidrs", cidrs),
    ]
    return params, change


def change_network(call: Call, world: World, cluster: Cluster) -> Any:
    """Other subnets in the zones chosen at creation, other security groups."""
    config = call.get("resourcesVpcConfig")
    subnet_ids = list(config.get("subnetIds") or cluster.subnets)
    groups = list(
        config["securityGroupIds"]
        if "securityGroupIds" in config
        else cluster.security_groups
    )
    vpc, subnets = check_subnets(call, world, subnet_ids, cluster.name)
    if vpc != cluster.vpc:
        raise invalid("Provided subnets belong to a different VPC than the cluster")
    if {subnet.availability_zone for subnet in subnets} != cluster.zones:
        raise invalid(
            "Provided subnets belong to different AZs than the ones used at cluster "
            "creation: subnets must cover the same set of AZs "
            f"({', '.join(sorted(cluster.zones))})"
        )
    check_groups(call, world, groups, vpc)
    if sorted(subnet_ids) == sorted(cluster.subnets) and sorted(groups) == sorted(
        cluster.security_groups
    ):
        raise invalid(
            "Cluster is already at the desired configuration with subnets: "
            f"{subnet_ids} and security groups: {groups}"
        )

    def change() -> None:
        cluster.subnets, cluster.security_groups = subnet_ids, groups
        move_interfaces(world, cluster)

    params = [param("SubnetIds", subnet_ids), param("SecurityGroupIds", groups)]
    return params, change


def change_logging(call: Call, world: World, cluster: Cluster) -> Any:
    """All five log types have to be listed, switched on or off."""
    logging = call.get("logging")
    listed = {
        each
        for setup in logging.get("clusterLogging") or []
        for each in setup.get("types") or []
    }
    enabled = enabled_logs(logging)
    if listed != set(CLUSTER_LOGS):
        raise invalid(
            "All log types must be listed as enabled or disabled: "
            f"{', '.join(CLUSTER_LOGS)}"
        )
    if enabled == cluster.logging:
        raise invalid("No changes needed for the logging config provided")

    def change() -> None:
        cluster.logging = enabled
        if enabled:
            make_log_group(world, cluster)

    return [param("ClusterLogging", logging)], change


def change_access(call: Call, world: World, cluster: Cluster) -> Any:
    """CONFIG_MAP to API_AND_CONFIG_MAP to API, never back, never two steps."""
    mode = call.get("accessConfig").get("authenticationMode")
    step = AUTH_MODES.index(mode) - AUTH_MODES.index(cluster.auth_mode)
    if step == 0:
        raise invalid(
            "Cluster is already at the desired configuration with "
            f"authenticationMode: {mode}"
        )
    if step != 1:
        raise invalid(
            f"Unsupported authentication mode update from {cluster.auth_mode} to {mode}"
        )

    def change() -> None:
        cluster.auth_mode = mode
        eks_access.admit_nodes(world, cluster)

    return [param("AuthenticationMode", mode)], change


def change_support(call: Call, world: World, cluster: Cluster) -> Any:
    """STANDARD or EXTENDED; extended support once entered cannot be left."""
    support = call.get("upgradePolicy").get("supportType")
    if support == cluster.support:
        raise invalid(
            f"Cluster is already at the desired configuration with supportType: {support}"
        )
    entered = not eks_catalogue.VERSIONS[cluster.version].standard
    if support == "STANDARD" and entered:
        raise invalid(
            f"Cluster version {cluster.version} is in extended support: the support "
            "type cannot be changed to STANDARD"
        )

    def change() -> None:
        cluster.support = support

    return [param("UpgradePolicy", {"supportType": support})], change


def change_protection(call: Call, world: World, cluster: Cluster) -> Any:
    """The flag that keeps a cluster from being deleted."""
    protected = call.flag("deletionProtection")
    if protected == cluster.protected:
        raise invalid(
            "Cluster is already at the desired configuration with "
            f"deletionProtection: {str(protected).lower()}"
        )

    def change() -> None:
        cluster.protected = protected

    return [param("DeletionProtection", protected)], change


def change_other(call: Call, world: World, cluster: Cluster) -> Any:
    """Settings kept as they are sent."""
    sent = {each: call.get(each) for each in EXTRA_SETTINGS if each in call.params}
    if all(cluster.others.get(each) == value for each, value in sent.items()):
        raise invalid("No changes detected in the request")

    def change() -> None:
        cluster.others.update(sent)

    return [
        param(each[0].upper() + each[1:], value) for each, value in sent.items()
    ], change


@before("eks", "UpdateClusterVersion")
def update_cluster_version(call: Call, world: World) -> Reply:
    """One minor version up at a time, once the nodes have followed the last."""
    cluster = the_cluster(call, world)
    repeated = replay(call, world)
    if repeated is not None:
        return repeated
    target = str(call.get("version"))
    if not eks_catalogue.known(target):
        raise invalid("unsupported Kubernetes version", clusterName=cluster.name)
    if target == cluster.version:
        raise invalid(
            f"Cluster is already at the desired configuration with version: {target}",
            clusterName=cluster.name,
        )
    refuse_when_busy(cluster, "UpdateClusterVersion")
    if eks_catalogue.minor(target) != eks_catalogue.minor(cluster.version) + 1:
        raise invalid(
            "Unsupported Kubernetes minor version update from "
            f"{cluster.version} to {target}",
            clusterName=cluster.name,
        )
    behind = [
        group.name
        for group in cluster.nodegroups.values()
        if group.version != cluster.version
    ]
    if behind:
        raise bad_state(
            f"Nodegroups {behind} must be updated to match cluster version "
            f"{cluster.version} before updating cluster version",
            clusterName=cluster.name,
        )
    if cluster.blocked and not call.flag("force"):
        raise Refusal(
            "InvalidStateException", cluster.blocked, 400, clusterName=cluster.name
        )
    params = [
        param("Version", target),
        param("PlatformVersion", f"eks.{eks_catalogue.VERSIONS[target].platform}"),
    ]
    update = Update("VersionUpdate", params, world.clock.epoch())

    def change() -> list[Json] | None:
        return raise_version(world, cluster, target)

    return start(world, call, cluster, update, CLUSTER_VERSION, change)


def raise_version(world: World, cluster: Cluster, target: str) -> list[Json] | None:
    """Move the control plane; it needs up to five addresses while it does."""
    backend = world.moto("ec2", cluster.region, cluster.account)
    subnets = [find(backend, each) for each in cluster.subnets]
    short = [each for each in subnets if each and free_addresses(backend, each) < 5]
    if short:
        message = "Subnets do not have enough free addresses for the update"
        names = [each.id for each in short]
        return [
            {
                "errorCode": "IpNotAvailable",
                "errorMessage": message,
                "resourceIds": names,
            }
        ]
    cluster.version = target
    cluster.platform = eks_catalogue.VERSIONS[target].platform
    return None


@before("eks", "AssociateEncryptionConfig")
def associate_encryption(call: Call, world: World) -> Reply:
    """Encryption can be added once and never changed."""
    cluster = the_cluster(call, world)
    repeated = replay(call, world)
    if repeated is not None:
        return repeated
    configs = check_encryption(call, world, call.get("encryptionConfig") or [])
    if not configs:
        raise invalid("encryptionConfig can't be empty", clusterName=cluster.name)
    if cluster.encryption:
        raise invalid(
            f"Encryption is already enabled for cluster {cluster.name}",
            clusterName=cluster.name,
        )
    refuse_when_busy(cluster, "AssociateEncryptionConfig")

    def change() -> None:
        cluster.encryption = configs

    params = [param("EncryptionConfig", configs)]
    update = Update("AssociateEncryptionConfig", params, world.clock.epoch())
    return start(world, call, cluster, update, CLUSTER_UPDATE, change)


@before("eks", "DescribeUpdate")
def describe_update(call: Call, world: World) -> Reply:
    """An update is found under the part it belongs to, and only there."""
    cluster = the_cluster(call, world)
    identifier = call.get("updateId")
    nodegroup, addon = subject(call, cluster)
    update = cluster.updates.get(identifier)
    if update is None or (update.nodegroup, update.addon) != (nodegroup, addon):
        raise absent(f"No update found for ID: {identifier}", clusterName=cluster.name)
    return call.reply({"update": update.as_json()})


@before("eks", "ListUpdates")
def list_updates(call: Call, world: World) -> Reply:
    """Ids of all updates of a cluster, a node group or an add-on."""
    cluster = the_cluster(call, world)
    nodegroup, addon = subject(call, cluster)
    ids = [
        update.id
        for update in cluster.updates.values()
        if (update.nodegroup, update.addon) == (nodegroup, addon)
    ]
    return page(call, world, "updateIds", ids)


def subject(call: Call, cluster: Cluster) -> tuple[str, str]:
    """The node group or add-on whose updates are meant."""
    if call.get("nodegroupName"):
        return the_nodegroup(call, cluster).name, ""
    if call.get("addonName"):
        return "", the_addon(call, cluster).name
    return "", ""


# --------------------------------------------------------------------------
# Deleting


@before("eks", "DeleteCluster")
def delete_cluster(call: Call, world: World) -> Reply:
    """DELETING for some minutes; node groups and protection stand in the way."""
    cluster = the_cluster(call, world)
    if cluster.status == "DELETING":
        return call.reply({"cluster": show(cluster, world)})
    if cluster.nodegroups:
        raise in_use("Cluster has nodegroups attached", clusterName=cluster.name)
    if any(update.status == "InProgress" for update in cluster.updates.values()):
        raise in_use(
            f"Cannot DeleteCluster because cluster {cluster.name} currently has "
            "an update in progress",
            clusterName=cluster.name,
        )
    if cluster.protected and cluster.status == "ACTIVE":
        raise bad_state(
            f"Cluster {cluster.name} cannot be deleted because deletionProtection is "
            "enabled",
            clusterName=cluster.name,
        )
    before_status = cluster.status
    cluster.status = "DELETING"
    if not world.clock.instant:
        cluster.stale_status = before_status
    later(world, CLUSTER_DELETE, lambda: finish_deletion(world, cluster))
    return call.reply({"cluster": show(cluster, world)})


def finish_deletion(world: World, cluster: Cluster) -> None:
    """Gone, add-ons and access entries with it; the network a little later."""
    records = books(world)
    key = (cluster.account, cluster.region, cluster.name)
    if records.clusters.get(key) is not cluster:
        return
    del records.clusters[key]
    held = world.clock.after(world.settings.window("eks_name", CLUSTER_NAME_HELD))
    records.ghosts[key] = Ghost(cluster, held)
    later(world, CLUSTER_INTERFACES, lambda: tear_down(world, cluster))


# --------------------------------------------------------------------------
# Tags


def tagged(call: Call, world: World) -> Cluster | Thing:
    """The object an ARN names."""
    arn = str(call.get("resourceArn"))
    for cluster in books(world).of(call.account, call.region):
        if cluster.arn == arn:
            return cluster
        for things in (cluster.nodegroups, cluster.addons, cluster.access):
            for thing in things.values():
                if thing.arn == arn:
                    return thing
    raise Refusal("NotFoundException", f"Resource not found for arn: {arn}", 404)


@before("eks", "TagResource")
def tag_resource(call: Call, world: World) -> Reply:
    """Add tags or overwrite them."""
    thing = tagged(call, world)
    try:
        thing.tags = check_tags({**thing.tags, **check_tags(call.get("tags"))})
    except Refusal as refusal:
        raise Refusal("BadRequestException", refusal.message) from None
    return call.reply({})


@before("eks", "UntagResource")
def untag_resource(call: Call, world: World) -> Reply:
    """Take tags away; absent ones are fine."""
    thing = tagged(call, world)
    for key in call.get("tagKeys") or []:
        thing.tags.pop(key, None)
    return call.reply({})


@before("eks", "ListTagsForResource")
def list_tags(call: Call, world: World) -> Reply:
    """All tags of one object."""
    return call.reply({"tags": tagged(call, world).tags})


# --------------------------------------------------------------------------
# The rest


@before("eks", "ListInsights")
def list_insights(call: Call, world: World) -> Reply:
    """Upgrade insights: one when an upgrade is blocked."""
    cluster = the_cluster(call, world)
    insight = {
        "id": "f0f3e1a4-0000-4000-8000-000000000001",
        "name": "Deprecated APIs",
        "category": "UPGRADE_READINESS",
        "kubernetesVersion": cluster.version,
        "lastRefreshTime": world.clock.epoch(),
        "lastTransitionTime": world.clock.epoch(),
        "description": cluster.blocked,
        "insightStatus": {"status": "ERROR", "reason": cluster.blocked},
    }
    return page(call, world, "insights", [insight] if cluster.blocked else [])


def fargate_role(cluster: Cluster, name: str) -> str:
    """The role of the pods of a profile."""
    return f"arn:{cluster.partition}:iam::{cluster.account}:role/{name}-fargate"


def add_fargate_profile(world: World, cluster: Cluster, name: str) -> None:
    """Its pods' role gets an access entry (User Guide, "Create access entries")."""
    cluster.fargate_profiles.append(name)
    if cluster.auth_mode != "CONFIG_MAP":
        eks_access.make(world, cluster, fargate_role(cluster, name), "FARGATE_LINUX")


@before("eks", "ListFargateProfiles")
def list_fargate_profiles(call: Call, world: World) -> Reply:
    """Those that somebody made behind our back."""
    return call.reply({"fargateProfileNames": the_cluster(call, world).fargate_profiles})


@before("eks", "DeleteFargateProfile")
def delete_fargate_profile(call: Call, world: World) -> Reply:
    """It goes at once."""
    cluster, name = the_cluster(call, world), call.get("fargateProfileName")
    if name not in cluster.fargate_profiles:
        raise Refusal("ResourceNotFoundException", f"No Fargate profile {name}", 404)
    cluster.fargate_profiles.remove(name)
    cluster.access.pop(fargate_role(cluster, name), None)
    gone = {"fargateProfileName": name, "clusterName": cluster.name, "status": "DELETING"}
    return call.reply({"fargateProfile": gone})


@before("eks", "*")
def unknown(call: Call, world: World) -> Reply | None:
    """What nothing above has answered does not exist (registered last)."""
    raise Refusal("UnknownOperationException", f"No operation {call.operation}", 404)
