"""ModifyDBInstance: what happens at once, soon, or when told to."""

from __future__ import annotations

from typing import Any

from botocore import xform_name

from . import rds_catalogue
from .core import Call, Refusal, Reply, World, before
from .durations import (
    DB_MODIFY_CLASS,
    DB_MODIFY_ENGINE,
    DB_MODIFY_LAG,
    DB_MODIFY_MULTI_AZ,
    DB_MODIFY_OTHER,
    DB_MODIFY_STORAGE,
    DB_OPTIMISE_STORAGE,
    DB_SECRET,
    DB_STORAGE_LOCK,
)
from .rds_common import (
    Record,
    backend_of,
    bad_combination,
    bad_state,
    check_identifier,
    check_key,
    displace,
    ec2_of,
    instance_of,
    lacks_standby,
    place,
    regroup,
)
from .rds_groups import subnet_group_of
from .rds_instances import (
    LARGE_GP3,
    check_class,
    check_family,
    check_ranges,
    check_storage,
    check_windows,
    default_group,
    engine_version,
    fill_secret,
    groups_of,
    settle_secret,
    shown,
    zones_of,
)
from .support import members, render

# Changed at once, whatever ApplyImmediately says, without a change of state.
INSTANT = (
    "AutoMinorVersionUpgrade",
    "CopyTagsToSnapshot",
    "DeletionProtection",
    "EnablePerformanceInsights",
    "EngineLifecycleSupport",
    "MaxAllocatedStorage",
    "MonitoringInterval",
    "MonitoringRoleArn",
    "PerformanceInsightsKMSKeyId",
    "PerformanceInsightsRetentionPeriod",
    "PreferredMaintenanceWindow",
    "PubliclyAccessible",
)
# Changed soon, whatever ApplyImmediately says; the instance is modifying.
SOON = (
    "DBParameterGroupName",
    "MasterUserPassword",
    "PreferredBackupWindow",
    "VpcSecurityGroupIds",
)
# Changed in the maintenance window, or now with ApplyImmediately.
WINDOW = (
    "AllocatedStorage",
    "BackupRetentionPeriod",
    "CACertificateIdentifier",
    "DBInstanceClass",
    "DBSubnetGroupName",
    "EnableIAMDatabaseAuthentication",
    "EngineVersion",
    "Iops",
    "MultiAZ",
    "NewDBInstanceIdentifier",
    "StorageThroughput",
    "StorageType",
)
STORAGE = ("AllocatedStorage", "Iops", "StorageThroughput", "StorageType")
DURATIONS = {
    "DBInstanceClass": DB_MODIFY_CLASS,
    "EngineVersion": DB_MODIFY_ENGINE,
    "MultiAZ": DB_MODIFY_MULTI_AZ,
    **dict.fromkeys(STORAGE, DB_MODIFY_STORAGE),
}
# Members that ask for nothing by themselves.
NOTHING = {"DBInstanceIdentifier", "ApplyImmediately", "AllowMajorVersionUpgrade"}
READY = ("available", "storage-optimization")


@before("rds", "ModifyDBInstance")
def modify_instance(call: Call, world: World) -> Reply:
    """Check everything, then apply what is due and plan the rest."""
    wanted = members(call)
    record = instance_of(call, world, wanted.get("DBInstanceIdentifier", ""))
    if record.status not in READY:
        raise bad_state(f"Database instance {record.name} is not in available state.")
    if not set(wanted) - NOTHING:
        raise bad_combination("No modifications were requested")
    now = wanted.get("ApplyImmediately", False)
    wanted = resolve(call, world, record, wanted)
    changed = {
        name: value
        for name, value in wanted.items()
        if name in (*INSTANT, *SOON, *WINDOW) and differs(record, name, value)
    }
    drop_reverted(record, wanted)
    check(call, world, record, wanted, changed)
    for name in INSTANT:
        if name in changed:
            store(record, name, changed[name])
    exports(record, wanted)
    busy = password(call, world, record, wanted, now)
    for name in SOON:
        if name in changed:
            store(record, name, changed[name])
            busy = True
    if "DBParameterGroupName" in changed:
        record.group_status = "pending-reboot"
    if "VpcSecurityGroupIds" in changed:
        regroup(record, ec2_of(call, world))
    record.pending.update({n: v for n, v in changed.items() if n in WINDOW})
    if "DBPortNumber" in wanted and wanted["DBPortNumber"] != record.settings["Port"]:
        record.settings["Port"] = wanted["DBPortNumber"]
        busy = True
    if now and record.pending or soon_retention(record):
        start(call, world, record)
    elif busy:
        pass_through(world, record, DB_MODIFY_OTHER)
    return render(call, {"DBInstance": shown(record)})


def differs(record: Record, name: str, value: Any) -> bool:
    """Whether a value is not the current one."""
    if name == "NewDBInstanceIdentifier":
        return value != record.name
    if name == "MasterUserPassword":
        return True
    current = record.settings.get(name)
    if name == "VpcSecurityGroupIds":
        return set(current or []) != set(value)
    return current != value


def drop_reverted(record: Record, wanted: dict[str, Any]) -> None:
    """Asking for the current value takes a pending change back."""
    for name in list(record.pending):
        if name in wanted and not differs(record, name, wanted[name]):
            del record.pending[name]


def resolve(
    call: Call, world: World, record: Record, wanted: dict[str, Any]
) -> dict[str, Any]:
    """The call with names in lower case, full versions and key ARNs."""
    result = dict(wanted)
    if "EngineVersion" in result:
        result["EngineVersion"] = target_version(record, result)
    for name in ("DBParameterGroupName", "DBSubnetGroupName"):
        if name in result:
            result[name] = result[name].lower()
    if "NewDBInstanceIdentifier" in result:
        result["NewDBInstanceIdentifier"] = result["NewDBInstanceIdentifier"].lower()
        check_identifier(result["NewDBInstanceIdentifier"], "NewDBInstanceIdentifier")
    if "PreferredMaintenanceWindow" in result:
        result["PreferredMaintenanceWindow"] = result[
            "PreferredMaintenanceWindow"
        ].lower()
    if "PerformanceInsightsKMSKeyId" in result:
        result["PerformanceInsightsKMSKeyId"] = check_key(
            call, world, result["PerformanceInsightsKMSKeyId"]
        )
    return result


def target_version(record: Record, wanted: dict[str, Any]) -> str:
    """The full version an upgrade leads to; there is no way back."""
    current = record.settings["EngineVersion"]
    asked = wanted["EngineVersion"]
    if asked == current:
        return current
    target = engine_version(asked)
    if target == current:
        return current
    order = rds_catalogue.version_order
    if order(target) < order(current):
        raise bad_combination(f"Cannot upgrade postgres from {current} to {target}")
    major = rds_catalogue.VERSIONS[target].major != current.split(".")[0]
    if major and not wanted.get("AllowMajorVersionUpgrade"):
        raise bad_combination(
            "The AllowMajorVersionUpgrade flag must be present when upgrading to a "
            "new major version."
        )
    if not rds_catalogue.can_upgrade(current, target):
        raise bad_combination(f"Cannot find upgrade path from {current} to {target}.")
    return target


def check(
    call: Call,
    world: World,
    record: Record,
    wanted: dict[str, Any],
    changed: dict[str, Any],
) -> None:
    """Refuse what cannot be, before anything is changed."""
    backend = backend_of(call, world)
    chosen = {**record.settings, **record.pending, **changed}
    if "DBInstanceClass" in changed or "EngineVersion" in changed:
        check_class(chosen["EngineVersion"], chosen["DBInstanceClass"])
    if "EngineVersion" in changed or "DBParameterGroupName" in changed:
        check_group(backend, record, chosen, changed)
    if any(name in changed for name in STORAGE):
        check_storage_change(world, record, chosen, changed)
    elif "MaxAllocatedStorage" in changed:
        check_storage(chosen)
    if "VpcSecurityGroupIds" in changed:
        vpc_id = record.database.db_subnet_group.vpc_id
        groups_of(call, world, changed["VpcSecurityGroupIds"], vpc_id)
    check_ranges({**chosen, "Port": wanted.get("DBPortNumber", chosen["Port"])})
    check_windows(chosen)
    if "DBSubnetGroupName" in changed:
        group = subnet_group_of(backend, changed["DBSubnetGroupName"])
        if group.vpc_id == record.database.db_subnet_group.vpc_id:
            raise Refusal(
                "InvalidVPCNetworkStateFault",
                "You cannot move DB instance "
                f"{record.name} to subnet group {group.name}. The specified DB subnet "
                "group and DB instance are in the same VPC. Choose a DB subnet group "
                "in a different VPC than the specified DB instance and try again.",
            )
        if chosen["MultiAZ"]:
            raise bad_combination("You cannot move a Multi-AZ instance to another VPC.")
    if changed.get("MultiAZ"):
        zones_of(chosen, record.database.db_subnet_group)
    new_name = changed.get("NewDBInstanceIdentifier")
    if new_name and new_name in backend.databases:
        raise Refusal("DBInstanceAlreadyExists", "DB instance already exists")


def check_group(
    backend: Any, record: Record, chosen: dict[str, Any], changed: dict[str, Any]
) -> None:
    """A new major version needs a parameter group of its family."""
    name = chosen["DBParameterGroupName"]
    if name.startswith("default.") and "DBParameterGroupName" not in changed:
        return
    if name.startswith("default."):
        default_group(backend, chosen["EngineVersion"])
    check_family(backend, name, chosen["EngineVersion"])


def check_storage_change(
    world: World, record: Record, chosen: dict[str, Any], changed: dict[str, Any]
) -> None:
    """Only up, by a tenth at least, and not again for hours.

    gp3 storage that becomes large enough for IOPS of its own has to be given them;
    large storage that grows keeps those it has.
    """
    last = record.storage_changed
    if record.status == "storage-optimization" or (
        last is not None and not world.clock.older(last, DB_STORAGE_LOCK)
    ):
        raise bad_combination(
            "You can't currently modify the storage of this DB instance because the "
            "previous storage change is being optimized."
        )
    size, old = chosen["AllocatedStorage"], record.settings["AllocatedStorage"]
    if size < old:
        raise bad_combination(
            f"Requested storage size ({size}) cannot be less than the current storage "
            f"size ({old})."
        )
    if "AllocatedStorage" in changed and size * 10 < old * 11:
        raise bad_combination(
            f"The new storage size ({size}) must be at least 10 percent greater than "
            f"the current storage size ({old})."
        )
    check_storage(chosen)
    grown_large = old < LARGE_GP3 <= size or "StorageType" in changed
    if chosen["StorageType"] == "gp3" and grown_large and size >= LARGE_GP3:
        if "Iops" not in changed:
            raise bad_combination(
                "You must specify IOPS when you change the storage of an instance to "
                f"storage type gp3 and at least {LARGE_GP3} GiB."
            )


def store(record: Record, name: str, value: Any) -> None:
    """Make a value the current one, for moto as well."""
    record.settings[name] = value
    if name != "MasterUserPassword":
        setattr(record.database, xform_name(name), value)


def exports(record: Record, wanted: dict[str, Any]) -> None:
    """Log types are switched on and off one by one."""
    change = wanted.get("CloudwatchLogsExportConfiguration") or {}
    kept = [
        each
        for each in record.settings["EnableCloudwatchLogsExports"]
        if each not in change.get("DisableLogTypes", [])
    ]
    kept += [each for each in change.get("EnableLogTypes", []) if each not in kept]
    record.settings["EnableCloudwatchLogsExports"] = kept


def password(
    call: Call, world: World, record: Record, wanted: dict[str, Any], now: bool
) -> bool:
    """Managing the master password in a secret; whether anything changes."""
    managed = record.settings["ManageMasterUserPassword"]
    asked = wanted.get("ManageMasterUserPassword")
    key = wanted.get("MasterUserSecretKmsKeyId")
    if key and not asked:
        raise bad_combination(
            "You can't specify MasterUserSecretKmsKeyId without "
            "ManageMasterUserPassword."
        )
    if wanted.get("RotateMasterUserPassword") and not now:
        raise bad_combination(
            "You must specify apply immediately when rotating the master user password."
        )
    if wanted.get("MasterUserPassword") and (asked or (managed and asked is None)):
        raise bad_combination(
            "You can't specify MasterUserPassword for an instance with "
            "ManageMasterUserPassword enabled."
        )
    if asked and managed and key:
        used = record.database.master_user_secret.secret.kms_key_id
        if check_key(call, world, key) != used:
            raise bad_combination(
                "You can't change the KMS key of a secret that is managed already."
            )
    if asked is False and managed:
        if not wanted.get("MasterUserPassword"):
            raise bad_combination(
                "You must specify MasterUserPassword when you turn off "
                "ManageMasterUserPassword."
            )
        record.database.update(manage_master_user_password=False)
    elif asked and not managed:
        arn = check_key(call, world, key) if key else None
        record.database.update(
            manage_master_user_password=True, master_user_secret_kms_key_id=arn
        )
        fill_secret(record)
        settle_secret(world, record, DB_SECRET)
    elif wanted.get("RotateMasterUserPassword"):
        record.database.master_user_secret._status = "rotating"
        settle_secret(world, record, DB_SECRET)
        return True
    else:
        return False
    record.settings["ManageMasterUserPassword"] = bool(asked)
    return True


# --------------------------------------------------------------------------
# Applying


def soon_retention(record: Record) -> bool:
    """From one number of days to another the retention changes soon; to or from
    none it waits for the window."""
    if list(record.pending) != ["BackupRetentionPeriod"]:
        return False
    old = record.settings["BackupRetentionPeriod"]
    return bool(old and record.pending["BackupRetentionPeriod"])


def pass_through(world: World, record: Record, seconds: float) -> None:
    """Modifying for a while; it shows only after a moment."""
    resting = record.status
    record.turn(world, DB_MODIFY_LAG, "modifying")
    record.turn(world, DB_MODIFY_LAG + seconds, resting)


def start(call: Call, world: World, record: Record) -> None:
    """Apply everything that is pending, older requests included."""
    names = list(record.pending)
    seconds = max(DURATIONS.get(name, DB_MODIFY_OTHER) for name in names)
    storage = any(name in STORAGE for name in names)
    record.epoch += 1
    if storage:
        record.storage_changed = world.clock.now()
    visible = {
        "EngineVersion": "upgrading",
        "NewDBInstanceIdentifier": "renaming",
    }
    state = next((visible[name] for name in names if name in visible), "modifying")
    record.turn(world, DB_MODIFY_LAG, state)

    def done() -> None:
        for name in names:
            if name in record.pending:
                apply(call, world, record, name, record.pending.pop(name))
        record.status = "storage-optimization" if storage else "available"

    record.plan(world, DB_MODIFY_LAG + seconds, done)
    if storage:
        record.turn(world, DB_MODIFY_LAG + seconds + DB_OPTIMISE_STORAGE, "available")


def rename_backups(backend: Any, record: Record, name: str) -> None:
    """Automated backups go with their instance."""
    begin = f"rds:{record.name}-"
    for key in [key for key in backend.database_snapshots if key.startswith(begin)]:
        backup = backend.database_snapshots.pop(key)
        backup.db_instance_identifier = name
        backup.db_snapshot_identifier = f"rds:{name}-{key.removeprefix(begin)}"
        backend.database_snapshots[backup.db_snapshot_identifier] = backup


def apply(call: Call, world: World, record: Record, name: str, value: Any) -> None:
    """Make one pending change real."""
    backend = backend_of(call, world)
    if name == "NewDBInstanceIdentifier":
        rename_backups(backend, record, value)
        backend.databases.pop(record.name)
        record.database.db_instance_identifier = value
        record.settings["DBInstanceIdentifier"] = value
        backend.databases[value] = record.database
        return
    if world.settings.extra.get("idle_changes"):
        return
    if name == "MultiAZ" and lacks_standby(world, record):
        value = False
    store(record, name, value)
    if name == "EngineVersion":
        group = record.settings["DBParameterGroupName"]
        if group.startswith("default."):
            record.settings["DBParameterGroupName"] = default_group(backend, value)
    if name in ("MultiAZ", "DBSubnetGroupName"):
        ec2 = ec2_of(call, world)
        chosen = {**record.settings, "AvailabilityZone": None}
        zones = zones_of(chosen, record.database.db_subnet_group)
        if record.zones[0] in zones or not value:
            zones = [record.zones[0]] + [z for z in zones if z != record.zones[0]]
        record.zones = zones[: 2 if record.settings["MultiAZ"] else 1]
        displace(record, ec2)
        place(record, ec2)
