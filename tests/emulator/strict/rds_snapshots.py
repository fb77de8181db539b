"""DB snapshots."""

from __future__ import annotations

import re
from typing import Any

from .core import Call, Refusal, Reply, World, before
from .durations import DB_SNAPSHOT
from .rds_common import (
    Record,
    backend_of,
    bad_state,
    bad_value,
    check_key,
    instance_of,
)
from .rds_groups import paged
from .support import later, matches, members, render

NAME = re.compile(r"(?!.*--)[a-z]([a-z0-9-]{0,253}[a-z0-9])?")


def no_snapshot(name: str) -> Refusal:
    """A snapshot that is not there."""
    return Refusal("DBSnapshotNotFound", f"DBSnapshot {name} not found.", 404)


def check_new(backend: Any, name: str, member: str) -> None:
    """A well-formed identifier that is free."""
    if not NAME.fullmatch(name):
        raise bad_value(
            f"The parameter {member} is not a valid identifier. Identifiers must begin "
            "with a letter; must contain only ASCII letters, digits, and hyphens; and "
            "must not end with a hyphen or contain two consecutive hyphens."
        )
    if name in backend.database_snapshots:
        raise Refusal(
            "DBSnapshotAlreadyExists",
            f"Cannot create the snapshot because a snapshot with the identifier {name} "
            "already exists.",
        )


def take(
    world: World,
    backend: Any,
    record: Record,
    name: str,
    tags: list[dict[str, str]],
    seconds: float,
) -> Any:
    """Start a manual snapshot; available when the time has passed."""
    snapshot = backend.create_db_snapshot(record.name, name, tags=tags)
    snapshot.kms_key_id = record.settings.get("KmsKeyId")
    snapshot.encrypted = bool(record.settings["StorageEncrypted"])
    snapshot.allocated_storage = record.settings["AllocatedStorage"]
    snapshot.engine_version = record.settings["EngineVersion"]
    snapshot.dbi_resource_id = record.resource_id
    snapshot.availability_zone = record.zones[0]
    snapshot.vpc_id = record.database.db_subnet_group.vpc_id
    snapshot.storage_type = record.settings["StorageType"]
    snapshot.license_model = "postgresql-license"
    snapshot.settings = dict(record.settings)
    begin(world, snapshot, seconds)
    return snapshot


def begin(world: World, snapshot: Any, seconds: float) -> None:
    """Creating first, available later."""
    snapshot.status, snapshot.percent_progress = "creating", 0

    def done() -> None:
        snapshot.status, snapshot.percent_progress = "available", 100

    later(world, seconds, done)


@before("rds", "CreateDBSnapshot")
def create_snapshot(call: Call, world: World) -> Reply:
    """Of an available instance, which is backing up meanwhile."""
    backend = backend_of(call, world)
    wanted = members(call)
    record = instance_of(call, world, wanted.get("DBInstanceIdentifier", ""))
    name = wanted.get("DBSnapshotIdentifier", "").lower()
    check_new(backend, name, "DBSnapshotIdentifier")
    if record.status not in ("available", "storage-optimization"):
        raise bad_state(
            f"Cannot create a snapshot because the database instance {record.name} is "
            "not currently in the available state."
        )
    manual = [
        each
        for each in backend.database_snapshots.values()
        if each.snapshot_type == "manual"
    ]
    if len(manual) >= world.settings.quota("L-272F1212", 100):
        raise Refusal(
            "SnapshotQuotaExceeded", "Cannot create more than 100 manual snapshots"
        )
    tags = [dict(tag) for tag in wanted.get("Tags", [])]
    snapshot = take(world, backend, record, name, tags, DB_SNAPSHOT)
    resting = record.status
    record.status = "backing-up"
    record.turn(world, DB_SNAPSHOT, resting)
    return render(call, {"DBSnapshot": snapshot})


def snapshot_of(backend: Any, name: str) -> Any:
    """A snapshot by identifier in any case, or by ARN."""
    short = name.split(":snapshot:")[-1].lower()
    found = backend.database_snapshots.get(short)
    if found is None:
        raise no_snapshot(name)
    return found


@before("rds", "CopyDBSnapshot")
def copy_snapshot(call: Call, world: World) -> Reply:
    """Of an available snapshot, re-encrypted when another key is named."""
    backend = backend_of(call, world)
    wanted = members(call)
    source = snapshot_of(backend, wanted.get("SourceDBSnapshotIdentifier", ""))
    name = wanted.get("TargetDBSnapshotIdentifier", "").lower()
    check_new(backend, name, "TargetDBSnapshotIdentifier")
    if source.status != "available":
        raise Refusal(
            "InvalidDBSnapshotState",
            f"Snapshot {source.db_snapshot_identifier} is not in available state.",
        )
    key = wanted.get("KmsKeyId")
    arn = check_key(call, world, key) if key else source.kms_key_id
    if arn and not key:
        check_key(call, world, arn)
    tags = [dict(tag) for tag in wanted.get("Tags", [])]
    if wanted.get("CopyTags") and not tags:
        tags = list(source.tags)
    copied = backend.copy_db_snapshot(
        source.db_snapshot_identifier, name, kms_key_id=None, tags=tags
    )
    for member in (
        "allocated_storage",
        "engine_version",
        "dbi_resource_id",
        "vpc_id",
        "storage_type",
        "license_model",
        "availability_zone",
        "settings",
    ):
        setattr(copied, member, getattr(source, member, None))
    copied.tags = tags
    copied.kms_key_id = arn
    copied.encrypted = copied.storage_encrypted = bool(arn)
    copied.source_db_snapshot_identifier = source.arn
    begin(world, copied, DB_SNAPSHOT)
    return render(call, {"DBSnapshot": copied})


@before("rds", "DeleteDBSnapshot")
def delete_snapshot(call: Call, world: World) -> Reply:
    """Manual and available ones only."""
    backend = backend_of(call, world)
    snapshot = snapshot_of(backend, call.get("DBSnapshotIdentifier"))
    if snapshot.snapshot_type != "manual" or snapshot.status != "available":
        raise Refusal(
            "InvalidDBSnapshotState",
            f"The snapshot {snapshot.db_snapshot_identifier} cannot be deleted: only "
            "available manual snapshots can be.",
        )
    del backend.database_snapshots[snapshot.db_snapshot_identifier]
    snapshot.status = "deleted"
    return render(call, {"DBSnapshot": snapshot})


@before("rds", "DescribeDBSnapshots")
def describe_snapshots(call: Call, world: World) -> Reply:
    """By identifier, by instance, by kind, or page by page."""
    backend = backend_of(call, world)
    wanted = members(call)
    rows = list(backend.database_snapshots.values())
    if wanted.get("DBSnapshotIdentifier"):
        rows = [snapshot_of(backend, wanted["DBSnapshotIdentifier"])]
    if wanted.get("DBInstanceIdentifier"):
        name = wanted["DBInstanceIdentifier"].lower()
        rows = [row for row in rows if row.db_instance_identifier == name]
    if wanted.get("DbiResourceId"):
        rows = [row for row in rows if row.dbi_resource_id == wanted["DbiResourceId"]]
    if wanted.get("SnapshotType"):
        rows = [row for row in rows if row.snapshot_type == wanted["SnapshotType"]]
    reads = {
        "db-instance-id": lambda s: s.db_instance_identifier,
        "db-snapshot-id": lambda s: s.db_snapshot_identifier,
        "dbi-resource-id": lambda s: s.dbi_resource_id,
        "snapshot-type": lambda s: s.snapshot_type,
        "engine": lambda s: s.engine,
    }
    for each in wanted.get("Filters", []):
        read = reads.get(each["Name"])
        if read is None:
            raise bad_value(f"Unrecognized filter name: {each['Name']}")
        rows = [row for row in rows if matches(read(row), each["Values"])]
    page, marker = paged(rows, wanted)
    return render(call, {"DBSnapshots": page, "Marker": marker})
