"""DB subnet groups and DB parameter groups."""

from __future__ import annotations

from typing import Any

from . import ec2_common
from .core import Call, Refusal, Reply, World, before
from .durations import DB_GROUP_HELD
from .rds_catalogue import MAJORS
from .rds_common import (
    GROUP_NAME,
    Record,
    backend_of,
    bad_value,
    ec2_of,
    record_of,
)
from .support import members, render


def paged(rows: list[Any], wanted: dict[str, Any]) -> tuple[list[Any], str | None]:
    """One page of at most a hundred rows, and the marker of the next."""
    start = int(wanted.get("Marker") or 0)
    size = wanted.get("MaxRecords") or 100
    marker = str(start + size) if start + size < len(rows) else None
    return rows[start : start + size], marker


def check_name(name: str, member: str) -> str:
    """A group's name as RDS keeps it: in lower case."""
    lower = name.lower()
    if lower == "default" or not GROUP_NAME.fullmatch(lower):
        raise bad_value(f"The parameter {member} is not a valid identifier: {name}")
    return lower


def users(backend: Any) -> list[Record]:
    """All instances with a record, dying ones included."""
    found = [record_of(database) for database in backend.databases.values()]
    return [record for record in found if record is not None]


# --------------------------------------------------------------------------
# Subnet groups


def no_subnet_group(name: str) -> Refusal:
    """A subnet group that is not there."""
    return Refusal(
        "DBSubnetGroupNotFoundFault", f"DB subnet group '{name}' not found.", 404
    )


def subnet_group_of(backend: Any, name: str) -> Any:
    """A subnet group by name, in any case."""
    found = backend.subnet_groups.get(name.lower())
    if found is None:
        raise no_subnet_group(name)
    return found


def subnets_of(call: Call, world: World, ids: list[str]) -> list[Any]:
    """Existing, visible subnets of one VPC in at least two zones."""
    ec2 = ec2_of(call, world)
    bad = [
        each
        for each in ids
        if ec2_common.find(ec2, each) in (None, NotImplemented)
        or ec2_common.fresh(world, each)
    ]
    if bad or not ids:
        raise Refusal(
            "InvalidSubnet", f"Some input subnets in :[{', '.join(bad)}] are invalid."
        )
    found = [ec2_common.need(ec2, each) for each in dict.fromkeys(ids)]
    if len({subnet.vpc_id for subnet in found}) > 1:
        raise Refusal(
            "InvalidVPCNetworkStateFault",
            "The specified subnets are not all in the same VPC.",
        )
    zones = sorted({subnet.availability_zone for subnet in found})
    if len(zones) < 2:
        raise Refusal(
            "DBSubnetGroupDoesNotCoverEnoughAZs",
            "The DB subnet group doesn't meet Availability Zone (AZ) coverage "
            f"requirement. Current AZ coverage: {', '.join(zones)}. Add subnets to "
            "cover at least 2 AZs.",
        )
    return found


@before("rds", "CreateDBSubnetGroup")
def create_subnet_group(call: Call, world: World) -> Reply:
    """Names are kept in lower case; two zones at least."""
    backend = backend_of(call, world)
    wanted = members(call)
    name = check_name(wanted.get("DBSubnetGroupName", ""), "DBSubnetGroupName")
    if not wanted.get("DBSubnetGroupDescription"):
        raise bad_value(
            "The parameter DBSubnetGroupDescription must be provided and must not be "
            "blank."
        )
    if name in backend.subnet_groups:
        raise Refusal(
            "DBSubnetGroupAlreadyExists",
            f"The DB subnet group '{name}' already exists.",
        )
    if len(backend.subnet_groups) >= world.settings.quota("SubnetGroups", 50):
        raise Refusal(
            "DBSubnetGroupQuotaExceeded", "Cannot create more than 50 DB subnet groups"
        )
    group = backend.create_subnet_group(
        name,
        wanted["DBSubnetGroupDescription"],
        subnets_of(call, world, wanted.get("SubnetIds", [])),
        [dict(tag) for tag in wanted.get("Tags", [])],
    )
    return render(call, {"DBSubnetGroup": group})


@before("rds", "DescribeDBSubnetGroups")
def describe_subnet_groups(call: Call, world: World) -> Reply:
    """By name in any case, or page by page."""
    backend = backend_of(call, world)
    wanted = members(call)
    if wanted.get("DBSubnetGroupName"):
        group = subnet_group_of(backend, wanted["DBSubnetGroupName"])
        return render(call, {"DBSubnetGroups": [group]})
    rows, marker = paged(list(backend.subnet_groups.values()), wanted)
    return render(call, {"DBSubnetGroups": rows, "Marker": marker})


@before("rds", "ModifyDBSubnetGroup")
def modify_subnet_group(call: Call, world: World) -> Reply:
    """Subnets and description change in place; zones in use stay covered."""
    backend = backend_of(call, world)
    wanted = members(call)
    group = subnet_group_of(backend, wanted.get("DBSubnetGroupName", ""))
    found = subnets_of(call, world, wanted.get("SubnetIds", []))
    if found[0].vpc_id != group.vpc_id:
        raise Refusal("InvalidSubnet", "The subnets must stay in the group's VPC.")
    kept = {subnet.id for subnet in found}
    ec2 = ec2_of(call, world)
    for record in users(backend):
        if record.database.db_subnet_group is not group:
            continue
        for identifier in record.interfaces:
            eni = ec2.enis.get(identifier)
            if eni is not None and eni.subnet_id not in kept:
                raise Refusal(
                    "SubnetAlreadyInUse",
                    "Some of the subnets to be deleted are currently in use: "
                    f"{eni.subnet_id}",
                )
    group.subnets = found
    if wanted.get("DBSubnetGroupDescription"):
        group.description = wanted["DBSubnetGroupDescription"]
    return render(call, {"DBSubnetGroup": group})


@before("rds", "DeleteDBSubnetGroup")
def delete_subnet_group(call: Call, world: World) -> Reply:
    """Not while an instance uses it."""
    backend = backend_of(call, world)
    group = subnet_group_of(backend, call.get("DBSubnetGroupName"))
    for record in users(backend):
        if record.database.db_subnet_group is group:
            raise Refusal(
                "InvalidDBSubnetGroupStateFault",
                f"Cannot delete the subnet group '{group.name}' because at least one "
                f"database instance: {record.name} is still using it.",
            )
    del backend.subnet_groups[group.name]
    return render(call, {})


# --------------------------------------------------------------------------
# Parameter groups


def no_parameter_group(name: str) -> Refusal:
    """A parameter group that is not there."""
    return Refusal(
        "DBParameterGroupNotFound", f"DBParameterGroup not found: {name}", 404
    )


def parameter_group_of(backend: Any, name: str) -> Any:
    """A parameter group by name, in any case."""
    found = backend.db_parameter_groups.get(name.lower())
    if found is None:
        raise no_parameter_group(name)
    return found


@before("rds", "CreateDBParameterGroup")
def create_parameter_group(call: Call, world: World) -> Reply:
    """Names are kept in lower case; the family must exist."""
    backend = backend_of(call, world)
    wanted = members(call)
    name = check_name(wanted.get("DBParameterGroupName", ""), "DBParameterGroupName")
    family = wanted.get("DBParameterGroupFamily", "")
    if family not in {f"postgres{major}" for major in MAJORS}:
        raise bad_value(
            f"ParameterGroupFamily {family} is not a valid parameter group family"
        )
    if not wanted.get("Description"):
        raise bad_value(
            "The parameter Description must be provided and must not be blank."
        )
    if name in backend.db_parameter_groups:
        raise Refusal(
            "DBParameterGroupAlreadyExists", f"Parameter group {name} already exists"
        )
    own = [each for each in backend.db_parameter_groups if not is_default(each)]
    if len(own) >= world.settings.quota("ParameterGroups", 50):
        raise Refusal(
            "DBParameterGroupQuotaExceeded",
            "Cannot create more than 50 DB parameter groups",
        )
    group = backend.create_db_parameter_group(
        {
            "db_parameter_group_name": name,
            "description": wanted["Description"],
            "db_parameter_group_family": family,
            "tags": [dict(tag) for tag in wanted.get("Tags", [])],
        }
    )
    return render(call, {"DBParameterGroup": group})


def is_default(name: str) -> bool:
    """Whether a group is one of AWS's own."""
    return name.startswith("default.")


@before("rds", "DescribeDBParameterGroups")
def describe_parameter_groups(call: Call, world: World) -> Reply:
    """By name in any case, or page by page."""
    backend = backend_of(call, world)
    wanted = members(call)
    if wanted.get("DBParameterGroupName"):
        group = parameter_group_of(backend, wanted["DBParameterGroupName"])
        return render(call, {"DBParameterGroups": [group]})
    rows, marker = paged(list(backend.db_parameter_groups.values()), wanted)
    return render(call, {"DBParameterGroups": rows, "Marker": marker})


def hold_group(world: World, call: Call, name: str) -> None:
    """A group stays "in use" for a while after its instance is gone."""
    key = (call.account, call.region, name)
    world.book("rds_held")[key] = world.clock.after(DB_GROUP_HELD)


@before("rds", "DeleteDBParameterGroup")
def delete_parameter_group(call: Call, world: World) -> Reply:
    """Not while attached, and not right after its instance went."""
    backend = backend_of(call, world)
    group = parameter_group_of(backend, call.get("DBParameterGroupName"))
    if is_default(group.name):
        raise Refusal(
            "InvalidDBParameterGroupState",
            "Default DBParameterGroup cannot be deleted.",
        )
    held = world.book("rds_held").get((call.account, call.region, group.name))
    attached = any(
        record.settings.get("DBParameterGroupName") == group.name
        for record in users(backend)
    )
    if attached or (held is not None and not world.clock.passed(held)):
        raise Refusal(
            "InvalidDBParameterGroupState",
            "One or more database instances are still members of this parameter group "
            f"{group.name}, so the group cannot be deleted",
        )
    del backend.db_parameter_groups[group.name]
    return render(call, {})
