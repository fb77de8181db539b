"""RestoreDBInstanceFromDBSnapshot: another instance with the data of one."""

from __future__ import annotations

from typing import Any

from .core import Call, Refusal, Reply, World, before
from .rds_catalogue import version_order
from .rds_common import backend_of, bad_combination, check_identifier, check_key
from .rds_groups import subnet_group_of
from .rds_instances import (
    DEFAULTS,
    build,
    check_class,
    check_family,
    check_ranges,
    check_storage,
    check_windows,
    default_group,
    default_subnets,
    engine_version,
    groups_of,
    grow_up,
    random_windows,
    shown,
    zones_of,
)
from .rds_snapshots import snapshot_of
from .support import members, render

# What the data brings along; everything else is as asked for, or as by default.
KEPT = (
    "AllocatedStorage",
    "BackupRetentionPeriod",
    "DBInstanceClass",
    "DBName",
    "EngineVersion",
    "Iops",
    "KmsKeyId",
    "MasterUserPassword",
    "MasterUsername",
    "Port",
    "StorageEncrypted",
    "StorageThroughput",
    "StorageType",
)


@before("rds", "RestoreDBInstanceFromDBSnapshot")
def restore(call: Call, world: World) -> Reply:
    """From an available snapshot, under a name that is free, in one zone unless
    asked; with the tags of the snapshot unless others are given."""
    backend = backend_of(call, world)
    wanted = members(call)
    snapshot = snapshot_of(backend, wanted.get("DBSnapshotIdentifier", ""))
    name = wanted.get("DBInstanceIdentifier", "").lower()
    check_identifier(name, "DBInstanceIdentifier")
    if name in backend.databases:
        raise Refusal("DBInstanceAlreadyExists", "DB instance already exists")
    if snapshot.status != "available":
        raise Refusal(
            "InvalidDBSnapshotState",
            f"Snapshot {snapshot.db_snapshot_identifier} is not in available state.",
        )
    chosen = settle(call, world, snapshot, wanted)
    group = subnet_group_of(backend, chosen["DBSubnetGroupName"])
    chosen["VpcSecurityGroupIds"] = groups_of(
        call, world, wanted.get("VpcSecurityGroupIds", []), group.vpc_id
    )
    zones = zones_of(chosen, group)
    if len(backend.databases) >= world.settings.quota("L-7B6409FD", 40):
        raise Refusal("InstanceQuotaExceeded", "DB Instance quota would be exceeded")
    tags = wanted.get("Tags") or list(snapshot.tags)
    record = build(call, world, name, chosen, zones, tags)
    grow_up(world, record)
    return render(call, {"DBInstance": shown(record)})


def settle(
    call: Call, world: World, snapshot: Any, wanted: dict[str, Any]
) -> dict[str, Any]:
    """The settings of the new instance."""
    backend = backend_of(call, world)
    kept = {
        key: value
        for key, value in snapshot.settings.items()
        if key in KEPT and value is not None
    }
    asked = {key: value for key, value in wanted.items() if key != "Tags"}
    chosen = {**DEFAULTS, **kept, **asked, "Engine": "postgres"}
    if wanted.get("EngineVersion"):
        chosen["EngineVersion"] = engine_version(wanted["EngineVersion"])
        if version_order(chosen["EngineVersion"]) < version_order(
            kept["EngineVersion"]
        ):
            raise bad_combination("Cannot restore to an older version")
    check_class(chosen["EngineVersion"], chosen["DBInstanceClass"])
    check_storage(chosen)
    check_ranges(chosen)
    backup, maintenance = random_windows()
    chosen["PreferredBackupWindow"] = backup
    chosen["PreferredMaintenanceWindow"] = maintenance
    check_windows(chosen)
    chosen["DBSubnetGroupName"] = wanted.get(
        "DBSubnetGroupName", ""
    ).lower() or default_subnets(call, world)
    named = wanted.get("DBParameterGroupName", "").lower()
    chosen["DBParameterGroupName"] = named or default_group(
        backend, chosen["EngineVersion"]
    )
    check_family(
        backend, chosen["DBParameterGroupName"], chosen["EngineVersion"]
    )
    chosen["KmsKeyId"] = snapshot.kms_key_id
    chosen["StorageEncrypted"] = bool(snapshot.encrypted)
    if chosen["KmsKeyId"]:
        check_key(call, world, chosen["KmsKeyId"])
    return chosen
