"""Small services: STS identity, service quotas, what preflight asks for."""

from __future__ import annotations

import json
import re
import uuid
from dataclasses import dataclass
from typing import Any

from . import rds_catalogue
from .core import (
    DEFAULT_ACCOUNT,
    Call,
    Listed,
    Refusal,
    Reply,
    World,
    after,
    before,
    on_reset,
)
from .faults import denial, expiry
from .presigned import check_presigned

CALLER_ROLE = "platform-admin"
CALLER_SESSION = "session"
CALLER_ARN = f"arn:aws:sts::123456789012:assumed-role/{CALLER_ROLE}/{CALLER_SESSION}"


def check_credentials(call: Call) -> None:
    """Refuse by access key id (EXPIRED, INVALID, DENY...) and by a signed address."""
    key = call.access_key
    if key == "EXPIRED":
        raise expiry(call)
    if key == "INVALID":
        raise invalid_key(call)
    if key.startswith("DENY") and call.operation != "GetCallerIdentity":
        raise denial(call, CALLER_ARN)
    if call.service == "sts":
        check_presigned(call)


def invalid_key(call: Call) -> Refusal:
    """How an unknown access key reads, per service."""
    text = "The security token included in the request is invalid."
    if call.service == "ec2":
        text = "AWS was not able to validate the provided access credentials"
        return Refusal("AuthFailure", text, 401)
    if call.service == "s3":
        text = "The AWS Access Key Id you provided does not exist in our records."
        return Refusal("InvalidAccessKeyId", text, 403)
    if call.protocol in ("json", "rest-json"):
        status = 403 if call.protocol == "rest-json" else 400
        return Refusal("UnrecognizedClientException", text, status)
    return Refusal("InvalidClientTokenId", text, 403)


# --------------------------------------------------------------------------
# STS


def caller_arn(account: str) -> str:
    """The assumed-role ARN of whoever is not given another identity."""
    return f"arn:aws:sts::{account}:assumed-role/{CALLER_ROLE}/{CALLER_SESSION}"


def other_caller(call: Call, world: World) -> tuple[str, str] | None:
    """ARN and id of a caller that the setting `callers` gives another identity.

    A session shows the name of its role without the path (IAM identifiers); a user
    is shown whole, and `root` is the root user of the account.
    """
    path = world.settings.extra.get("callers", {}).get(call.access_key)
    if path is None:
        return None
    if path == "root":
        return f"arn:aws:iam::{call.account}:root", call.account
    kind, _, rest = path.partition("/")
    name = rest.rsplit("/", 1)[-1]
    iam = world.moto("iam", account=call.account)
    if kind == "user":
        user = next(each for each in iam.users.values() if each.name == name)
        return user.arn, user.id
    role = next(each for each in iam.roles.values() if each.name == name)
    arn = f"arn:aws:sts::{call.account}:assumed-role/{name}/{CALLER_SESSION}"
    return arn, f"{role.id}:{CALLER_SESSION}"


@on_reset
def make_caller_role(world: World) -> None:
    """The role behind the caller's session exists from the start."""
    account_has_caller(world, DEFAULT_ACCOUNT)


def account_has_caller(world: World, account: str) -> Any:
    """The caller's role in an account, made when it is missing."""
    iam = world.moto("iam", account=account)
    for role in iam.roles.values():
        if role.name == CALLER_ROLE:
            return role
    trust = {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow",
                "Principal": {"AWS": f"arn:aws:iam::{account}:root"},
                "Action": "sts:AssumeRole",
            }
        ],
    }
    role = iam.create_role(
        role_name=CALLER_ROLE,
        assume_role_policy_document=json.dumps(trust),
        path="/",
        permissions_boundary=None,
        description="Whoever calls the emulator",
        tags={},
        max_session_duration="43200",
    )
    iam.attach_role_policy("arn:aws:iam::aws:policy/AdministratorAccess", CALLER_ROLE)
    return role


@before("sts", "GetCallerIdentity")
def caller_identity(call: Call, world: World) -> Reply:
    """An assumed role, as people and pipelines have; needs no permission."""
    role = account_has_caller(world, call.account)
    default = caller_arn(call.account), f"{role.id}:{CALLER_SESSION}"
    arn, user_id = other_caller(call, world) or default
    return call.reply(
        {
            "Arn": arn,
            "UserId": user_id,
            "Account": call.account,
        }
    )


# --------------------------------------------------------------------------
# Service Quotas


@dataclass(frozen=True)
class Quota:
    """One quota with AWS's default."""

    service: str
    code: str
    name: str
    value: float
    adjustable: bool = True
    applied: bool = True  # GetServiceQuota knows it, not only the default
    region: str = ""  # where it is found; everywhere when empty


SERVICE_NAMES = {
    "vpc": "Amazon Virtual Private Cloud (Amazon VPC)",
    "ec2": "Amazon Elastic Compute Cloud (Amazon EC2)",
    "eks": "Amazon Elastic Kubernetes Service (Amazon EKS)",
    "rds": "Amazon Relational Database Service (Amazon RDS)",
    "elasticloadbalancing": "Elastic Load Balancing (ELB)",
    "iam": "AWS Identity and Access Management (IAM)",
    "s3": "Amazon Simple Storage Service (Amazon S3)",
    "kms": "AWS Key Management Service (AWS KMS)",
    "autoscaling": "Amazon EC2 Auto Scaling",
    "secretsmanager": "AWS Secrets Manager",
}

QUOTAS = (
    Quota("vpc", "L-F678F1CE", "VPCs per Region", 5),
    Quota("vpc", "L-A4707A72", "Internet gateways per Region", 5),
    Quota("ec2", "L-0263D0A3", "EC2-VPC Elastic IPs", 5),
    Quota("vpc", "L-FE5A380F", "NAT gateways per Availability Zone", 5),
    Quota("vpc", "L-1B52E74A", "Gateway VPC endpoints per Region", 20, applied=False),
    Quota("vpc", "L-E79EC296", "VPC security groups per Region", 2500),
    Quota("vpc", "L-0EA8095F", "Inbound or outbound rules per security group", 60),
    Quota("vpc", "L-DF5E4CA3", "Network interfaces per Region", 5000),
    Quota("vpc", "L-407747CB", "Subnets per VPC", 200, applied=False),
    Quota("vpc", "L-589F43AA", "Route tables per VPC", 200, applied=False),
    Quota("vpc", "L-93826ACB", "Routes per route table", 50, applied=False),
    Quota(
        "ec2",
        "L-1216C47A",
        "Running On-Demand Standard (A, C, D, H, I, M, R, T, Z) instances",
        1152,
    ),
    Quota("eks", "L-1194D53C", "Clusters", 100),
    Quota("eks", "L-6D54EA21", "Managed node groups per cluster", 30, applied=False),
    Quota("rds", "L-7B6409FD", "DB instances", 40),
    Quota("rds", "L-7ADDB58A", "Total storage for all DB instances", 100000),
    Quota("rds", "L-48C6BF61", "DB subnet groups", 50),
    Quota("rds", "L-DE55804A", "Parameter groups", 50),
    Quota(
        "elasticloadbalancing",
        "L-53DA6B97",
        "Application Load Balancers per Region",
        50,
    ),
    Quota("elasticloadbalancing", "L-B22855CB", "Target Groups per Region", 3000),
    Quota("iam", "L-FE177D64", "Roles per account", 1000, region="us-east-1"),
    Quota(
        "iam",
        "L-E95E4862",
        "Customer managed policies per account",
        1500,
        region="us-east-1",
    ),
    Quota(
        "iam",
        "L-858F3967",
        "OpenId connect providers per account",
        100,
        adjustable=False,
        region="us-east-1",
    ),
    Quota("s3", "L-DC2B2D3D", "General purpose buckets", 10000),
    Quota("kms", "L-C2F1777E", "Customer managed keys", 100000),
    Quota("autoscaling", "L-CDE20ADC", "Auto Scaling groups per region", 500),
    Quota("secretsmanager", "L-2F66C23C", "Secrets", 500000, applied=False),
)


def quota_json(quota: Quota, call: Call, world: World, default: bool) -> dict[str, Any]:
    """A quota as the service shows it; a setting of a test wins over AWS."""
    value = quota.value if default else world.settings.quota(quota.code, quota.value)
    return {
        "ServiceCode": quota.service,
        "ServiceName": SERVICE_NAMES[quota.service],
        "QuotaArn": (
            f"arn:aws:servicequotas:{call.region}:{call.account}:"
            f"{quota.service}/{quota.code}"
        ),
        "QuotaCode": quota.code,
        "QuotaName": quota.name,
        "Value": float(value),
        "Unit": "None",
        "Adjustable": quota.adjustable,
        "GlobalQuota": bool(quota.region),
        "QuotaAppliedAtLevel": "ACCOUNT",
    }


def find_quota(call: Call) -> Quota | None:
    """The quota of a call, if it exists in that region."""
    for quota in QUOTAS:
        if (quota.service, quota.code) == (
            call.get("ServiceCode"),
            call.get("QuotaCode"),
        ):
            return quota if quota.region in ("", call.region) else None
    return None


def no_such_quota() -> Refusal:
    """The service's only "not found"."""
    return Refusal(
        "NoSuchResourceException",
        "The request failed because the specified service quota does not exist.",
    )


@before("servicequotas", "GetServiceQuota")
def get_quota(call: Call, world: World) -> Reply:
    """Quotas that only have a default are not found here."""
    quota = find_quota(call)
    if quota is None or not (quota.applied or quota.code in world.settings.quotas):
        raise no_such_quota()
    return call.reply({"Quota": quota_json(quota, call, world, default=False)})


@before("servicequotas", "GetAWSDefaultServiceQuota")
def get_default_quota(call: Call, world: World) -> Reply:
    """AWS's default, whatever applies to the account."""
    quota = find_quota(call)
    if quota is None:
        raise no_such_quota()
    return call.reply({"Quota": quota_json(quota, call, world, default=True)})


@before("servicequotas", "ListServiceQuotas", "ListAWSDefaultServiceQuotas")
def list_quotas(call: Call, world: World) -> Reply:
    """All quotas of a service, in pages."""
    service = call.get("ServiceCode")
    if service not in SERVICE_NAMES:
        raise Refusal("NoSuchResourceException", f"No service {service}")
    default = call.operation == "ListAWSDefaultServiceQuotas"
    found = [
        quota_json(quota, call, world, default)
        for quota in QUOTAS
        if quota.service == service
        and quota.region in ("", call.region)
        and (default or quota.applied or quota.code in world.settings.quotas)
    ]
    size = min(int(call.get("MaxResults") or 100), 100)
    start = int(call.get("NextToken") or 0)
    shown: dict[str, Any] = {"Quotas": found[start : start + size]}
    if start + size < len(found):
        shown["NextToken"] = str(start + size)
    return call.reply(shown)


@before("servicequotas", "RequestServiceQuotaIncrease")
def request_increase(call: Call, world: World) -> Reply:
    """Somebody at AWS will look at it; until then nothing changes."""
    quota = find_quota(call)
    if quota is None:
        raise no_such_quota()
    wanted = float(call.get("DesiredValue"))
    if wanted <= world.settings.quota(quota.code, quota.value):
        raise Refusal(
            "IllegalArgumentException",
            "You must provide a quota value greater than the current quota value.",
        )
    asked = quota_json(quota, call, world, default=False)
    kept = ("ServiceCode", "ServiceName", "QuotaArn", "QuotaCode", "QuotaName", "Unit")
    shown = {key: asked[key] for key in kept}
    shown |= {"Id": uuid.uuid4().hex, "DesiredValue": wanted, "Status": "PENDING"}
    return call.reply({"RequestedQuota": shown})


# --------------------------------------------------------------------------
# RDS: what can be ordered


@before("rds", "DescribeDBEngineVersions")
def engine_versions(call: Call, world: World) -> Reply:
    """PostgreSQL versions and where each can be upgraded to."""
    filters = call.filters()
    engine = call.get("Engine") or rds_catalogue.ENGINE
    wanted = call.get("EngineVersion")
    family = call.get("DBParameterGroupFamily")
    everything = call.flag("IncludeAll")
    withdrawn = world.settings.extra.get("withdrawn", ())
    found = []
    for version in rds_catalogue.sorted_versions():
        if engine != rds_catalogue.ENGINE:
            break
        if wanted not in ("", version.text, version.major):
            continue
        if family and family != version.family:
            continue
        deprecated = version.deprecated or version.text in withdrawn
        if deprecated and not everything:
            continue
        if call.flag("DefaultOnly"):
            major = wanted.split(".")[0] if wanted else rds_catalogue.DEFAULT_MAJOR
            if version.text != rds_catalogue.default_minor(major):
                continue
        status = "deprecated" if deprecated else "available"
        facts = {
            "engine": [rds_catalogue.ENGINE],
            "engine-version": [version.text],
            "db-parameter-group-family": [version.family],
            "status": [status],
            "engine-mode": ["provisioned"],
        }
        if any(
            not set(values) & set(facts.get(name, []))
            for name, values in filters.items()
        ):
            continue
        found.append(engine_version_json(version, status))
    shown, marker = rds_page(call, found)
    return call.reply(
        {"DBEngineVersions": Listed("DBEngineVersion", shown), "Marker": marker}
    )


def engine_version_json(version: Any, status: str) -> dict[str, Any]:
    """One version as RDS describes it."""
    targets = [
        {
            "Engine": rds_catalogue.ENGINE,
            "EngineVersion": target.text,
            "Description": f"PostgreSQL {target.text}-R1",
            "AutoUpgrade": rds_catalogue.auto_upgrade(version.text, target.text),
            "IsMajorVersionUpgrade": target.major != version.major,
        }
        for target in rds_catalogue.upgrade_targets(version.text)
    ]
    return {
        "Engine": rds_catalogue.ENGINE,
        "EngineVersion": version.text,
        "MajorEngineVersion": version.major,
        "DBParameterGroupFamily": version.family,
        "DBEngineDescription": "PostgreSQL",
        "DBEngineVersionDescription": f"PostgreSQL {version.text}-R1",
        "ValidUpgradeTarget": Listed("UpgradeTarget", targets),
        "ExportableLogTypes": ["postgresql", "upgrade", "iam-db-auth-error"],
        "SupportsLogExportsToCloudwatchLogs": True,
        "SupportsReadReplica": True,
        "SupportedFeatureNames": ["Lambda", "s3Export", "s3Import"],
        "Status": status,
        "SupportsParallelQuery": False,
        "SupportsGlobalDatabases": False,
        "SupportsCertificateRotationWithoutRestart": True,
        "SupportedCACertificateIdentifiers": [
            "rds-ca-rsa2048-g1",
            "rds-ca-rsa4096-g1",
            "rds-ca-ecc384-g1",
        ],
    }


def rds_page(call: Call, values: list[Any]) -> tuple[list[Any], str | None]:
    """One page and the marker of the next."""
    size = max(20, min(int(call.get("MaxRecords") or 100), 100))
    start = int(call.get("Marker") or 0)
    more = start + size < len(values)
    return values[start : start + size], str(start + size) if more else None


@before("rds", "DescribeOrderableDBInstanceOptions")
def orderable_options(call: Call, world: World) -> Reply:
    """Which class runs which version, on what storage, in which zones."""
    if call.get("Engine") not in (rds_catalogue.ENGINE, ""):
        return call.reply({"OrderableDBInstanceOptions": []})
    wanted_version = call.get("EngineVersion")
    wanted_class = call.get("DBInstanceClass")
    zones = [
        zone
        for zone in world.moto("ec2", call.region).describe_availability_zones()
        if zone.zone_type in (None, "availability-zone")
    ]
    found = []
    for version in reversed(rds_catalogue.sorted_versions()):
        if version.deprecated:
            continue
        if wanted_version not in ("", version.text, version.major):
            continue
        for each in rds_catalogue.CLASSES.values():
            if wanted_class not in ("", each.name):
                continue
            if not rds_catalogue.is_orderable(version.text, each.name):
                continue
            chosen = world.settings.extra.get("class_zones", {}).get(each.name)
            names = [
                {"Name": zone.name}
                for zone in zones
                if zone.zone_id not in each.missing_zone_ids
                and (chosen is None or zone.name in chosen)
            ]
            for storage in rds_catalogue.STORAGE:
                found.append(orderable_json(version.text, each.name, storage, names))
    shown, marker = rds_page(call, found)
    return call.reply(
        {
            "OrderableDBInstanceOptions": Listed("OrderableDBInstanceOption", shown),
            "Marker": marker,
        }
    )


def orderable_json(
    version: str, instance_class: str, storage: str, zones: list[dict[str, str]]
) -> dict[str, Any]:
    """One combination that can be ordered."""
    smallest, largest, low, high = rds_catalogue.STORAGE[storage]
    return {
        "Engine": rds_catalogue.ENGINE,
        "EngineVersion": version,
        "DBInstanceClass": instance_class,
        "LicenseModel": "postgresql-license",
        "AvailabilityZones": Listed("AvailabilityZone", zones),
        "MultiAZCapable": True,
        "ReadReplicaCapable": True,
        "Vpc": True,
        "SupportsStorageEncryption": True,
        "StorageType": storage,
        "SupportsIops": low is not None,
        "SupportsStorageThroughput": storage == "gp3",
        "SupportsEnhancedMonitoring": True,
        "SupportsIAMDatabaseAuthentication": True,
        "SupportsPerformanceInsights": not instance_class.endswith(".micro"),
        "MinStorageSize": smallest,
        "MaxStorageSize": largest,
        "MinIopsPerDbInstance": low,
        "MaxIopsPerDbInstance": high,
        "SupportsStorageAutoscaling": True,
        "SupportedNetworkTypes": ["IPV4", "DUAL"],
        "SupportsKerberosAuthentication": True,
        "OutpostCapable": False,
        "SupportedActivityStreamModes": [],
        "SupportsGlobalDatabases": False,
        "SupportsClusters": False,
        "SupportsDedicatedLogVolume": storage != "gp2",
    }


@before("rds", "DescribeAccountAttributes")
def rds_account(call: Call, world: World) -> Reply:
    """Quotas of the account with what is used of them."""
    rds = world.moto("rds", call.region, call.account)
    storage = sum(int(each.allocated_storage or 0) for each in rds.databases.values())
    own = [name for name in rds.db_parameter_groups if not name.startswith("default.")]
    rows = (
        ("DBInstances", len(rds.databases), "L-7B6409FD", 40),
        ("AllocatedStorage", storage, "L-7ADDB58A", 100000),
        ("DBSubnetGroups", len(rds.subnet_groups), "L-48C6BF61", 50),
        ("DBParameterGroups", len(own), "L-DE55804A", 50),
        ("ManualSnapshots", len(rds.database_snapshots), "L-272F1212", 100),
    )
    quotas = [
        {
            "AccountQuotaName": name,
            "Used": used,
            "Max": int(world.settings.quota(code, default)),
        }
        for name, used, code, default in rows
    ]
    return call.reply({"AccountQuotas": Listed("AccountQuota", quotas)})


# --------------------------------------------------------------------------
# What preflight checks ask for and moto does not answer


@before("ec2", "GetEbsEncryptionByDefault")
def disks_encrypted(call: Call, world: World) -> Reply:
    """Off, unless a test chose a key for all disks."""
    return call.reply({"ebsEncryptionByDefault": "disk_key" in world.settings.extra})


@before("ec2", "GetEbsDefaultKmsKeyId")
def default_disk_key(call: Call, world: World) -> Reply:
    """AWS's own key, unless somebody chose another."""
    return call.reply({"kmsKeyId": world.settings.extra.get("disk_key", "alias/aws/ebs")})


@before("ec2", "ResetEbsDefaultKmsKeyId")
def reset_disk_key(call: Call, world: World) -> Reply:
    """Back to AWS's own key."""
    world.settings.extra.pop("disk_key", None)
    return call.reply({"kmsKeyId": "alias/aws/ebs"})


@before("ec2", "DescribeVpcEndpointServices")
def endpoint_services(call: Call, world: World) -> Reply:
    """Every service of AWS that is asked for, in every zone, unless a test says in which."""
    backend = world.moto("ec2", call.region, call.account)
    zones = [zone.name for zone in backend.describe_availability_zones()]
    told = world.settings.extra.get("endpoint_services", {})
    names = [name for name in call.filters().get("service-name", []) if told.get(name, zones)]
    details = [
        {
            "serviceName": name,
            "serviceId": f"vpce-svc-{uuid.uuid5(uuid.NAMESPACE_DNS, name).hex[:17]}",
            "serviceType": [{"serviceType": "Interface"}],
            "availabilityZoneSet": told.get(name, zones),
            "owner": "amazon",
            "acceptanceRequired": False,
        }
        for name in sorted(names)
    ]
    return call.reply({"serviceNameSet": sorted(names), "serviceDetailSet": details})


@after("ec2", "DescribeInstances")
def cores(call: Call, reply: Reply, world: World) -> None:
    """Cores and threads of each instance, which quotas count."""
    from moto.ec2.models.instance_types import INSTANCE_TYPES

    def told(found: re.Match[str]) -> str:
        threads = int(
            INSTANCE_TYPES.get(found[1], {}).get("VCpuInfo", {}).get("DefaultVCpus", 2)
        )
        pair = (max(threads // 2, 1), 2 if threads > 1 else 1)
        return (
            f"{found[0]}<cpuOptions><coreCount>{pair[0]}</coreCount>"
            f"<threadsPerCore>{pair[1]}</threadsPerCore></cpuOptions>"
        )

    reply.text = re.sub(r"<instanceType>([^<]+)</instanceType>", told, reply.text)


@after("iam", "GetAccountSummary")
def account_summary(call: Call, reply: Reply, world: World) -> None:
    """The limits of roles and policies follow the quotas."""
    for name, code, default in (
        ("RolesQuota", "L-FE177D64", 1000),
        ("PoliciesQuota", "L-E95E4862", 1500),
    ):
        limit = int(world.settings.quota(code, default))
        reply.text = re.sub(
            rf"(<key>{name}</key>\s*<value>)\d+", rf"\g<1>{limit}", reply.text
        )


@after("ec2", "DescribeAccountAttributes")
def address_limit(call: Call, reply: Reply, world: World) -> None:
    """The limit on elastic addresses follows the quota."""
    limit = int(world.settings.quota("L-0263D0A3", 5))
    reply.text = re.sub(
        r"(<attributeName>vpc-max-elastic-ips</attributeName>.*?<attributeValue>)\d+",
        rf"\g<1>{limit}",
        reply.text,
        flags=re.DOTALL,
    )


@before("autoscaling", "DescribeAccountLimits")
def group_limits(call: Call, world: World) -> Reply:
    """Limits of Auto Scaling and what is used of them."""
    groups = world.moto("autoscaling", call.region, call.account).autoscaling_groups
    return call.reply(
        {
            "MaxNumberOfAutoScalingGroups": int(
                world.settings.quota("L-CDE20ADC", 500)
            ),
            "MaxNumberOfLaunchConfigurations": 200,
            "NumberOfAutoScalingGroups": len(groups),
            "NumberOfLaunchConfigurations": 0,
        }
    )


@before("elasticloadbalancing", "DescribeAccountLimits")
def balancer_limits(call: Call, world: World) -> Reply:
    """Limits of load balancing."""
    settings = world.settings
    rows = {
        "application-load-balancers": settings.quota("L-53DA6B97", 50),
        "target-groups": settings.quota("L-B22855CB", 3000),
        "targets-per-application-load-balancer": 1000,
        "listeners-per-application-load-balancer": 50,
        "rules-per-application-load-balancer": 100,
        "target-groups-per-action-on-application-load-balancer": 5,
        "condition-values-per-alb-rule": 5,
    }
    limits = [{"Name": name, "Max": str(int(value))} for name, value in rows.items()]
    return call.reply({"Limits": limits})


@before("sts", "DecodeAuthorizationMessage")
def decode_message(call: Call, world: World) -> Reply:
    """The encoded part of a denial."""
    message = {"allowed": False, "explicitDeny": False}
    return call.reply({"DecodedMessage": json.dumps(message)})


# --------------------------------------------------------------------------
# What nobody here ever makes, and a look at everything asks for


@before("ec2", "DescribeAddressTransfers")
def no_transfers(call: Call, world: World) -> Reply:
    """No address is offered to another account."""
    return call.reply({"addressTransferSet": []})


@before("ec2", "DescribeSecurityGroupVpcAssociations")
def no_associations(call: Call, world: World) -> Reply:
    """No group is used in a second network."""
    return call.reply({"securityGroupVpcAssociationSet": []})


@before("rds", "DescribeIntegrations")
def no_integrations(call: Call, world: World) -> Reply:
    """No database flows into a warehouse."""
    return call.reply({"Integrations": []})
