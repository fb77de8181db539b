"""DB instances: creation, reading, reboot, deletion."""

from __future__ import annotations

import json
import re
import secrets
import string
from collections.abc import Iterable
from datetime import timedelta
from typing import Any

from botocore import xform_name
from moto.core.exceptions import ServiceException
from moto.core.utils import utcnow
from moto.rds.models import MasterUserSecret
from moto.rds.utils import valid_preferred_maintenance_window

from . import ec2_common, iam, rds_catalogue
from .core import Call, Refusal, Reply, World, before
from .durations import (
    DB_BACKUP,
    DB_BACKUP_MULTI_AZ,
    DB_CREATE,
    DB_CREATE_MODIFYING,
    DB_CREATE_MULTI_AZ,
    DB_CREATE_PAUSE,
    DB_DELETE,
    DB_FINAL_SNAPSHOT,
    DB_INTERFACES,
    DB_REBOOT,
    DB_SECRET,
)
from .rds_common import (
    Record,
    backend_of,
    bad_combination,
    bad_state,
    bad_value,
    check_identifier,
    check_key,
    default_key,
    displace,
    ec2_of,
    instance_of,
    lacks_standby,
    no_instance,
    place,
    record_of,
)
from .rds_groups import (
    hold_group,
    is_default,
    paged,
    parameter_group_of,
    subnet_group_of,
)
from .rds_roles import roles_of
from .support import later, matches, members, render

CERTIFICATE_LIFE = timedelta(days=365)  # of the server's certificate
DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
USER = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,15}")
DATABASE = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,62}")
RESERVED = {"admin", "rdsadmin", "rds_superuser", "postgres_admin", "all", "user"}
BACKUP_WINDOW = re.compile(r"([01]\d|2[0-3]):[0-5]\d-([01]\d|2[0-3]):[0-5]\d")
LARGE_GP3 = 400  # GiB from which PostgreSQL on gp3 can have its own IOPS
BASE_IOPS, BASE_THROUGHPUT = 3000, 125
LARGE_IOPS, LARGE_THROUGHPUT = 12_000, 500
LOGS = {"postgresql", "upgrade", "iam-db-auth-error"}

DEFAULTS: dict[str, Any] = {
    "AutoMinorVersionUpgrade": True,
    "BackupRetentionPeriod": 1,
    "CACertificateIdentifier": "rds-ca-rsa2048-g1",
    "CopyTagsToSnapshot": False,
    "DeletionProtection": False,
    "EnableCloudwatchLogsExports": [],
    "EnableIAMDatabaseAuthentication": False,
    "EnablePerformanceInsights": False,
    "EngineLifecycleSupport": "open-source-rds-extended-support",
    "ManageMasterUserPassword": False,
    "MonitoringInterval": 0,
    "MultiAZ": False,
    "Port": 5432,
    "PubliclyAccessible": False,
    "StorageEncrypted": False,
    "StorageType": "gp3",
}

# moto turns a secret active by reading its state; here time does.
MasterUserSecret.secret_status = property(  # type: ignore[assignment,method-assign]
    lambda secret: secret._status
)


# --------------------------------------------------------------------------
# Checks


def engine_version(asked: str | None) -> str:
    """The full version for what was asked; "16" is a version, too."""
    found = rds_catalogue.resolve(asked)
    if found is None or rds_catalogue.VERSIONS[found].deprecated:
        raise bad_combination(f"Cannot find version {asked} for postgres")
    return found


def check_class(version: str, name: str) -> None:
    """A class that runs that version."""
    if name not in rds_catalogue.CLASSES:
        raise bad_value(f"Invalid DB Instance class: {name}")
    if not rds_catalogue.is_orderable(version, name):
        raise bad_combination(
            "RDS does not support creating a DB instance with the following "
            f"combination: DBInstanceClass={name}, Engine=postgres, "
            f"EngineVersion={version}, LicenseModel=postgresql-license. For supported "
            "combinations of instance class and database engine version, see the "
            "documentation."
        )


def check_storage(chosen: dict[str, Any]) -> None:
    """Size, kind and throughput fit together."""
    kind, size = chosen["StorageType"], chosen["AllocatedStorage"]
    if kind not in rds_catalogue.STORAGE:
        raise bad_value(f"Invalid storage type: {kind}")
    low, high, _, _ = rds_catalogue.STORAGE[kind]
    if not low <= size <= high:
        raise bad_combination(
            f"Invalid storage size for engine name postgres and storage type {kind}: "
            f"{size}"
        )
    tuned = chosen.get("Iops") or chosen.get("StorageThroughput")
    if kind == "gp3" and size < LARGE_GP3 and tuned:
        raise bad_combination(
            "You can't specify IOPS or storage throughput for engine postgres and a "
            f"storage size less than {LARGE_GP3}."
        )
    if kind.startswith("io") and not chosen.get("Iops"):
        raise bad_combination(f"You must specify IOPS for storage type {kind}.")
    limit = chosen.get("MaxAllocatedStorage")
    if limit is not None and limit != size and limit < size * 1.1:
        raise bad_combination(
            "Invalid max storage size for engine name postgres and storage type "
            f"{kind}: {limit}. Max storage size must be greater than storage size by "
            "at least 10 percent"
        )


def check_ranges(chosen: dict[str, Any]) -> None:
    """Numbers that have a range of their own."""
    if not 0 <= chosen["BackupRetentionPeriod"] <= 35:
        raise bad_value(
            "Invalid backup retention period: "
            f"{chosen['BackupRetentionPeriod']}. Must be between 0 and 35."
        )
    if not 1150 <= chosen["Port"] <= 65535:
        raise bad_value(f"Invalid endpoint port: {chosen['Port']}")
    unknown = set(chosen["EnableCloudwatchLogsExports"]) - LOGS
    if unknown:
        raise bad_combination(
            "You cannot use the log types "
            f"'{', '.join(sorted(unknown))}' with engine version postgres "
            f"{chosen['EngineVersion']}."
        )


def check_windows(chosen: dict[str, Any]) -> None:
    """Well-formed windows that do not overlap."""
    backup = chosen["PreferredBackupWindow"]
    if not BACKUP_WINDOW.fullmatch(backup):
        raise bad_value(
            f"Invalid backup window format: {backup}. Should be specified as a range "
            "hh24:mi-hh24:mi (24H Clock UTC)."
        )
    text = valid_preferred_maintenance_window(
        chosen["PreferredMaintenanceWindow"], backup
    )
    if text:
        raise bad_value(text)


def random_windows() -> tuple[str, str]:
    """A backup window and, hours away from it, a maintenance window."""
    start = secrets.randbelow(8) + 3
    backup = f"{start:02}:10-{start:02}:40"
    other = start + 4
    day = DAYS[secrets.randbelow(7)]
    return backup, f"{day}:{other:02}:00-{day}:{other:02}:30"


def check_user(chosen: dict[str, Any]) -> None:
    """A master user that PostgreSQL allows, with one kind of password."""
    user = chosen.get("MasterUsername", "")
    if not USER.fullmatch(user):
        raise bad_value(
            "The parameter MasterUsername is not a valid identifier: it must begin "
            "with a letter and have 1 to 16 alphanumeric characters."
        )
    if user.lower() in RESERVED or user.lower().startswith("pg_"):
        raise bad_value(
            f"MasterUsername {user} cannot be used as it is a reserved word used by "
            "the engine"
        )
    managed, password = (
        chosen["ManageMasterUserPassword"],
        chosen.get("MasterUserPassword"),
    )
    if managed and password:
        raise bad_combination(
            "You can't specify MasterUserPassword for an instance with "
            "ManageMasterUserPassword enabled."
        )
    if not managed and not password:
        raise bad_value("The parameter MasterUserPassword must be provided.")
    if password and len(password) < 8:
        raise bad_value(
            "The parameter MasterUserPassword is not a valid password because it is "
            "shorter than 8 characters."
        )
    if chosen.get("MasterUserSecretKmsKeyId") and not managed:
        raise bad_combination(
            "You can't specify MasterUserSecretKmsKeyId without "
            "ManageMasterUserPassword."
        )
    name = chosen.get("DBName")
    if name and not DATABASE.fullmatch(name):
        raise bad_value(
            "DBName must begin with a letter and contain only alphanumeric characters."
        )


def groups_of(call: Call, world: World, ids: Iterable[str], vpc_id: str) -> list[str]:
    """Existing security groups of the instance's VPC; the default one if none."""
    ec2 = ec2_of(call, world)
    found = list(ids)
    for identifier in found:
        group = ec2.get_security_group_from_id(identifier)
        if group is None or ec2_common.fresh(world, identifier):
            raise bad_value(
                f"Invalid security group , groupId= {identifier}, groupName=."
            )
        if group.vpc_id != vpc_id:
            raise Refusal(
                "InvalidVPCNetworkStateFault",
                "The DB instance and EC2 security group are in different VPCs. The DB "
                f"instance is in {vpc_id} and the EC2 security group is in "
                f"{group.vpc_id}",
            )
    return found or [ec2.get_default_security_group(vpc_id).id]


def check_family(backend: Any, name: str, version: str) -> None:
    """A parameter group of the version's family."""
    family = rds_catalogue.family(version)
    group = parameter_group_of(backend, name)
    if group.family != family:
        raise bad_combination(
            f"The Parameter Group {name} with DBParameterGroupFamily {group.family} "
            "can't be used for this instance. Please use a Parameter Group with "
            f"DBParameterGroupFamily {family}."
        )


def default_group(backend: Any, version: str) -> str:
    """The name of AWS's own parameter group, which appears when it is used."""
    family = rds_catalogue.family(version)
    name = f"default.{family}"
    if name not in backend.db_parameter_groups:
        backend.create_db_parameter_group(
            {
                "db_parameter_group_name": name,
                "description": f"Default parameter group for {family}",
                "db_parameter_group_family": family,
                "tags": [],
            }
        )
    return name


def default_subnets(call: Call, world: World) -> str:
    """The subnet group "default" over the default VPC."""
    backend = backend_of(call, world)
    if "default" not in backend.subnet_groups:
        ec2 = ec2_of(call, world)
        vpc = ec2.default_vpc
        subnets = [
            each for each in ec2_common.all_subnets(ec2) if each.vpc_id == vpc.id
        ]
        backend.create_subnet_group("default", "default", subnets, [])
    return "default"


def zones_of(chosen: dict[str, Any], group: Any) -> list[str]:
    """Where the instance lives: one zone, or two of them with MultiAZ."""
    missing = rds_catalogue.CLASSES[chosen["DBInstanceClass"]].missing_zone_ids
    fitting = sorted(
        {
            subnet.availability_zone
            for subnet in group._subnets
            if subnet.availability_zone_id not in missing
        }
    )
    count = 2 if chosen["MultiAZ"] else 1
    asked = chosen.get("AvailabilityZone")
    if asked and asked in fitting:
        fitting = [asked]
    elif asked:
        fitting = []
    if len(fitting) < count:
        kind = "Multi-AZ " if chosen["MultiAZ"] else ""
        where = asked or ", ".join(
            sorted({subnet.availability_zone for subnet in group._subnets})
        )
        raise Refusal(
            "InvalidVPCNetworkStateFault",
            f"Cannot create a {chosen['DBInstanceClass']} {kind}instance because there "
            f"is not a subnet in {where}, the targeted availability zone. Please "
            "choose from these availability zones: "
            f"{', '.join(fitting) or 'none'}.",
        )
    return fitting[:count]


# --------------------------------------------------------------------------
# Creation


@before("rds", "CreateDBInstance")
def create_instance(call: Call, world: World) -> Reply:
    """Creating, then (with two zones) modifying, then a backup, then available."""
    backend = backend_of(call, world)
    wanted = members(call)
    name = wanted.get("DBInstanceIdentifier", "").lower()
    check_identifier(name, "DBInstanceIdentifier")
    if name in backend.databases:
        raise Refusal("DBInstanceAlreadyExists", "DB instance already exists")
    if wanted.get("Engine", "").lower() != "postgres":
        raise bad_value(f"Invalid DB engine: {wanted.get('Engine')}")
    chosen = {**DEFAULTS, **wanted, "Engine": "postgres"}
    chosen.pop("Tags", None)
    chosen["EngineVersion"] = engine_version(wanted.get("EngineVersion"))
    check_class(chosen["EngineVersion"], chosen.get("DBInstanceClass", ""))
    if chosen.get("AllocatedStorage") is None:
        raise bad_value("The parameter AllocatedStorage must be provided.")
    check_storage(chosen)
    check_user(chosen)
    check_ranges(chosen)
    backup, maintenance = random_windows()
    chosen["PreferredBackupWindow"] = chosen.get("PreferredBackupWindow", backup)
    chosen["PreferredMaintenanceWindow"] = chosen.get(
        "PreferredMaintenanceWindow", maintenance
    ).lower()
    check_windows(chosen)
    if chosen["MultiAZ"] and chosen.get("AvailabilityZone"):
        raise bad_combination(
            "Requesting a specific availability zone is not valid for Multi-AZ "
            "instances."
        )
    chosen["DBSubnetGroupName"] = chosen.get(
        "DBSubnetGroupName", ""
    ).lower() or default_subnets(call, world)
    subnet_group = subnet_group_of(backend, chosen["DBSubnetGroupName"])
    chosen["VpcSecurityGroupIds"] = groups_of(
        call, world, wanted.get("VpcSecurityGroupIds", []), subnet_group.vpc_id
    )
    group = chosen.get("DBParameterGroupName", "").lower()
    chosen["DBParameterGroupName"] = group or default_group(
        backend, chosen["EngineVersion"]
    )
    check_family(backend, chosen["DBParameterGroupName"], chosen["EngineVersion"])
    encrypt(call, world, chosen)
    zones = zones_of(chosen, subnet_group)
    if len(backend.databases) >= world.settings.quota("L-7B6409FD", 40):
        raise Refusal("InstanceQuotaExceeded", "DB Instance quota would be exceeded")
    iam.ensure_service_role(world, call.account, "rds.amazonaws.com")
    record = build(call, world, name, chosen, zones, wanted.get("Tags", []))
    grow_up(world, record)
    return render(call, {"DBInstance": shown(record)})


def encrypt(call: Call, world: World, chosen: dict[str, Any]) -> None:
    """Resolve the keys of the storage and of the managed secret."""
    if chosen.get("KmsKeyId") and not chosen["StorageEncrypted"]:
        raise bad_combination("You can't specify KmsKeyId for unencrypted storage.")
    if chosen["StorageEncrypted"]:
        named = chosen.get("KmsKeyId")
        key = check_key(call, world, named) if named else default_key(call, world)
        chosen["KmsKeyId"] = key
    if chosen.get("MasterUserSecretKmsKeyId"):
        chosen["MasterUserSecretKmsKeyId"] = check_key(
            call, world, chosen["MasterUserSecretKmsKeyId"]
        )
    if chosen["EnablePerformanceInsights"]:
        named = chosen.get("PerformanceInsightsKMSKeyId")
        chosen["PerformanceInsightsKMSKeyId"] = (
            check_key(call, world, named) if named else default_key(call, world)
        )
        chosen.setdefault("PerformanceInsightsRetentionPeriod", 7)


def build(
    call: Call,
    world: World,
    name: str,
    chosen: dict[str, Any],
    zones: list[str],
    tags: list[Any],
) -> Record:
    """Put the instance into moto's books, with a record of ours."""
    backend = backend_of(call, world)
    known = {xform_name(key): value for key, value in chosen.items()}
    known.update(
        db_instance_identifier=name,
        availability_zone=zones[0],
        license_model="postgresql-license",
        tags=[{"Key": tag["Key"], "Value": tag.get("Value", "")} for tag in tags],
    )
    try:
        database = backend.create_db_instance(known)
    except ServiceException as error:
        raise Refusal(error.code, error.message) from None
    for each in list(backend.database_snapshots.values()):
        if each.db_instance_identifier == name and each.snapshot_type == "automated":
            del backend.database_snapshots[each.db_snapshot_identifier]
    letters = string.ascii_uppercase + string.digits
    identifier = "db-" + "".join(secrets.choice(letters) for _ in range(26))
    database.dbi_resource_id = identifier
    record = Record(database, dict(chosen), identifier, zones)
    record.settings["DBInstanceIdentifier"] = name
    database.record = record
    database.status = "creating"
    if chosen["ManageMasterUserPassword"]:
        fill_secret(record)
    place(record, ec2_of(call, world))
    return record


def fill_secret(record: Record) -> None:
    """The managed secret holds the master user and a password of its own."""
    secret = record.database.master_user_secret
    secret._status = "creating"
    version = secret.secret.versions[secret.secret.default_version_id]
    version["secret_string"] = json.dumps(
        {
            "username": record.settings["MasterUsername"],
            "password": secrets.token_urlsafe(24),
        }
    )


def grow_up(world: World, record: Record) -> None:
    """Plan the states of a new instance up to available."""
    two = record.settings["MultiAZ"]
    at = DB_CREATE_MULTI_AZ if two else DB_CREATE
    backed_up = record.settings["BackupRetentionPeriod"] > 0

    def born() -> None:
        record.endpoint = True
        record.status = "available" if two or not backed_up else "backing-up"

    record.plan(world, at, born)
    if two:
        at += DB_CREATE_PAUSE
        record.turn(world, at, "modifying")
        at += DB_CREATE_MODIFYING
        if backed_up:
            record.turn(world, at, "backing-up")
    if backed_up:
        at += DB_BACKUP_MULTI_AZ if two else DB_BACKUP

    def done() -> None:
        record.status = "available"
        if two and lacks_standby(world, record):
            record.settings["MultiAZ"] = record.database.multi_az = False
            record.zones = record.zones[:1]
        if backed_up:
            record.database.save_automated_backup()

    record.plan(world, at, done)
    settle_secret(world, record, at + DB_SECRET)


def settle_secret(world: World, record: Record, seconds: float) -> None:
    """The managed secret becomes active some time later."""

    def settle() -> None:
        if record.settings["ManageMasterUserPassword"]:
            record.database.master_user_secret._status = "active"

    later(world, seconds, settle)


# --------------------------------------------------------------------------
# Reading


def base_rates(settings: dict[str, Any]) -> tuple[int | None, int | None]:
    """The IOPS and MiB/s that storage has when nothing was said; None for other kinds."""
    if settings["StorageType"] != "gp3":
        return None, None
    if settings["AllocatedStorage"] >= LARGE_GP3:
        return LARGE_IOPS, LARGE_THROUGHPUT
    return BASE_IOPS, BASE_THROUGHPUT


def shown(record: Record) -> dict[str, Any]:
    """An instance as RDS describes it."""
    settings, database = record.settings, record.database
    born = record.endpoint
    iops, throughput = base_rates(settings)
    limit = settings.get("MaxAllocatedStorage")
    result: dict[str, Any] = {
        **{
            name: settings.get(name)
            for name in (
                "AllocatedStorage",
                "AutoMinorVersionUpgrade",
                "BackupRetentionPeriod",
                "CACertificateIdentifier",
                "CopyTagsToSnapshot",
                "DBInstanceClass",
                "DBInstanceIdentifier",
                "DBName",
                "DeletionProtection",
                "Engine",
                "EngineLifecycleSupport",
                "EngineVersion",
                "KmsKeyId",
                "MasterUsername",
                "MonitoringInterval",
                "MonitoringRoleArn",
                "MultiAZ",
                "PerformanceInsightsKMSKeyId",
                "PerformanceInsightsRetentionPeriod",
                "PreferredBackupWindow",
                "PreferredMaintenanceWindow",
                "PubliclyAccessible",
                "StorageEncrypted",
                "StorageType",
            )
        },
        "DBInstanceStatus": record.status,
        "DBInstanceArn": database.arn,
        "DbiResourceId": record.resource_id,
        "DbInstancePort": 0,
        "LicenseModel": "postgresql-license",
        "DBSubnetGroup": database.db_subnet_group,
        "VpcSecurityGroups": [
            {"VpcSecurityGroupId": each, "Status": "active"}
            for each in settings["VpcSecurityGroupIds"]
        ],
        "DBSecurityGroups": [],
        "DBParameterGroups": [
            {
                "DBParameterGroupName": settings["DBParameterGroupName"],
                "ParameterApplyStatus": record.group_status,
            }
        ],
        "OptionGroupMemberships": [
            {
                "OptionGroupName": "default:postgres-"
                + settings["EngineVersion"].split(".")[0],
                "Status": "in-sync",
            }
        ],
        "Iops": settings.get("Iops") or iops,
        "StorageThroughput": settings.get("StorageThroughput") or throughput,
        "MaxAllocatedStorage": (
            limit if limit and limit > settings["AllocatedStorage"] else None
        ),
        "IAMDatabaseAuthenticationEnabled": settings["EnableIAMDatabaseAuthentication"],
        "PerformanceInsightsEnabled": settings["EnablePerformanceInsights"],
        "EnabledCloudwatchLogsExports": settings["EnableCloudwatchLogsExports"],
        "PendingModifiedValues": pending_shown(record),
        "TagList": database.tags,
        "NetworkType": "IPV4",
        "BackupTarget": "region",
        "CustomerOwnedIpEnabled": False,
        "DedicatedLogVolume": False,
        "ActivityStreamStatus": "stopped",
        "ReadReplicaDBInstanceIdentifiers": [],
        "AssociatedRoles": roles_of(database),
        "DomainMemberships": [],
    }
    if born:
        result["Endpoint"] = {
            "Address": database.address,
            "Port": settings["Port"],
            "HostedZoneId": "Z2R2ITUGPM61AM",
        }
        result["InstanceCreateTime"] = database.created
        result["CertificateDetails"] = {
            "CAIdentifier": settings["CACertificateIdentifier"],
            "ValidTill": settings.get("CertificateEnds", {}).get(
                settings["CACertificateIdentifier"], database.created + CERTIFICATE_LIFE
            ),
        }
        result["AvailabilityZone"] = record.zones[0]
        if len(record.zones) > 1:
            result["SecondaryAvailabilityZone"] = record.zones[1]
        if settings["BackupRetentionPeriod"]:
            result["LatestRestorableTime"] = utcnow()
    if settings["ManageMasterUserPassword"]:
        secret = database.master_user_secret
        result["MasterUserSecret"] = {
            "SecretArn": secret.secret_arn,
            "SecretStatus": secret.secret_status,
            "KmsKeyId": secret.kms_key_id,
        }
    return result


def pending_shown(record: Record) -> dict[str, Any]:
    """Modifications that are requested and not applied yet."""
    names = {
        "DBPortNumber": "Port",
        "NewDBInstanceIdentifier": "DBInstanceIdentifier",
        "EnableIAMDatabaseAuthentication": "IAMDatabaseAuthenticationEnabled",
    }
    shown_values = {names.get(key, key): value for key, value in record.pending.items()}
    if "MasterUserPassword" in shown_values:
        shown_values["MasterUserPassword"] = "****"
    return shown_values


@before("rds", "DescribeDBInstances")
def describe_instances(call: Call, world: World) -> Reply:
    """By identifier in any case, by filter, or page by page."""
    backend = backend_of(call, world)
    wanted = members(call)
    rows = list(backend.databases.values())
    name = wanted.get("DBInstanceIdentifier", "")
    if name:
        short = name.rsplit(":", 1)[-1].lower()
        rows = [each for each in rows if each.db_instance_identifier == short]
        if not rows:
            raise no_instance(name)
    reads = {
        "db-instance-id": lambda d: [d.db_instance_identifier, d.arn],
        "dbi-resource-id": lambda d: d.dbi_resource_id,
        "engine": lambda d: d.engine,
        "db-cluster-id": lambda d: d.db_cluster_identifier,
    }
    for each in wanted.get("Filters", []):
        read = reads.get(each["Name"])
        if read is None:
            raise bad_value(f"Unrecognized filter name: {each['Name']}")
        values = each["Values"]
        if each["Name"] == "db-instance-id":
            values = [value.lower() for value in values]
        rows = [row for row in rows if matches(read(row), values)]
    page, marker = paged(rows, wanted)
    view = []
    for row in page:
        record = record_of(row)
        view.append(shown(record) if record is not None else row)
    return render(call, {"DBInstances": view, "Marker": marker})


@before("rds", "DescribePendingMaintenanceActions")
def pending_maintenance(call: Call, world: World) -> Reply:
    """What awaits the instances that have something; one of them by its ARN."""
    backend = backend_of(call, world)
    wanted = members(call).get("ResourceIdentifier", "")
    arns = [each.arn for each in backend.databases.values()]
    if wanted and wanted not in arns:
        raise Refusal(
            "ResourceNotFoundFault",
            f"The specified resource {wanted} is not found",
            404,
        )
    awaits = world.book("rds_maintenance")
    shown = [
        {
            "ResourceIdentifier": arn,
            "PendingMaintenanceActionDetails": awaits[arn],
        }
        for arn in arns
        if awaits.get(arn) and wanted in ("", arn)
    ]
    return render(call, {"PendingMaintenanceActions": shown})


# --------------------------------------------------------------------------
# Reboot


@before("rds", "RebootDBInstance")
def reboot(call: Call, world: World) -> Reply:
    """Makes static parameters effective."""
    record = instance_of(call, world, call.get("DBInstanceIdentifier"))
    if record.status != "available":
        raise bad_state(f"Instance {record.name} is not in available state.")
    if call.flag("ForceFailover") and not record.settings["MultiAZ"]:
        raise bad_combination("ForceFailover needs a Multi-AZ instance")
    if call.flag("ForceFailover"):
        record.zones.reverse()
    record.status = "rebooting"

    def done() -> None:
        record.status = "available"
        record.group_status = "in-sync"

    record.plan(world, DB_REBOOT, done)
    return render(call, {"DBInstance": shown(record)})


# --------------------------------------------------------------------------
# Deletion

NO_SNAPSHOT_STATES = (
    "creating",
    "failed",
    "incompatible-restore",
    "incompatible-network",
)


@before("rds", "DeleteDBInstance")
def delete_instance(call: Call, world: World) -> Reply:
    """Deleting for minutes; what surrounded the instance lingers longer."""
    backend = backend_of(call, world)
    wanted = members(call)
    record = instance_of(call, world, wanted.get("DBInstanceIdentifier", ""))
    if record.status == "deleting":
        raise bad_state(f"Instance {record.name} is already being deleted.")
    skip = wanted.get("SkipFinalSnapshot", False)
    final = wanted.get("FinalDBSnapshotIdentifier", "").lower()
    if not skip and not final:
        raise bad_combination(
            "FinalDBSnapshotIdentifier is required unless SkipFinalSnapshot is "
            "specified."
        )
    if skip and final:
        raise bad_combination(
            "FinalDBSnapshotIdentifier can not be specified when SkipFinalSnapshot is "
            "true."
        )
    if record.settings["DeletionProtection"]:
        raise bad_combination(
            "Cannot delete protected DB Instance, please disable deletion protection "
            "and try again."
        )
    wait = DB_DELETE
    if final:
        from .rds_snapshots import check_new, take

        check_new(backend, final, "FinalDBSnapshotIdentifier")
        if record.status in NO_SNAPSHOT_STATES:
            raise bad_state(
                "Cannot create a snapshot because the database instance "
                f"{record.name} is not currently in the available state."
            )
        take(world, backend, record, final, [], DB_FINAL_SNAPSHOT)
        wait += DB_FINAL_SNAPSHOT
    record.epoch += 1
    record.status = "deleting"
    keep = wanted.get("DeleteAutomatedBackups", True) is False
    record.plan(world, wait, lambda: gone(call, world, record, keep))
    return render(call, {"DBInstance": shown(record)})


def gone(call: Call, world: World, record: Record, keep_backups: bool) -> None:
    """The instance is no more; interfaces and groups are released later."""
    backend = backend_of(call, world)
    record.epoch += 1
    backend.databases.pop(record.name, None)
    if record.settings["ManageMasterUserPassword"]:
        record.database.master_user_secret.delete_secret()
    group = record.settings["DBParameterGroupName"]
    if not is_default(group):
        hold_group(world, call, group)
    for snapshot in list(backend.database_snapshots.values()):
        own = snapshot.dbi_resource_id == record.resource_id
        if own and snapshot.snapshot_type == "automated" and not keep_backups:
            del backend.database_snapshots[snapshot.db_snapshot_identifier]
    ec2 = ec2_of(call, world)
    later(world, DB_INTERFACES, lambda: displace(record, ec2))
