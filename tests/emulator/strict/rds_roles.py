"""Roles that a database takes, by what it takes them for."""

from __future__ import annotations

from typing import Any

from .core import Call, Refusal, Reply, World, before
from .rds_common import bad_state, bad_value, instance_of
from .support import members, render

# Of PostgreSQL (RDS User Guide, DBEngineVersion: SupportedFeatureNames).
FEATURES = ("Comprehend", "Lambda", "s3Export", "s3Import", "SageMaker")


def roles_of(database: Any) -> list[dict[str, str]]:
    """As DescribeDBInstances lists them."""
    return [
        {"FeatureName": feature, "RoleArn": arn, "Status": "ACTIVE"}
        for feature, arn in taken(database).items()
    ]


def taken(database: Any) -> dict[str, str]:
    """The role for each feature."""
    if not hasattr(database, "roles_by_feature"):
        database.roles_by_feature = {}
    return database.roles_by_feature  # type: ignore[no-any-return]


@before("rds", "AddRoleToDBInstance")
def add_role(call: Call, world: World) -> Reply:
    """One role for each feature, and one feature for each role."""
    wanted = members(call)
    record = instance_of(call, world, wanted["DBInstanceIdentifier"])
    if record.status != "available":
        raise bad_state(f"The DB instance {record.name} is not available.")
    feature, arn = wanted["FeatureName"], wanted["RoleArn"]
    if feature not in FEATURES:
        raise bad_value(f"The feature name {feature} isn't supported by the engine.")
    roles = taken(record.database)
    if feature in roles or arn in roles.values():
        raise Refusal(
            "DBInstanceRoleAlreadyExists",
            f"The role {arn} or the feature {feature} is already associated with the "
            f"DB instance {record.name}.",
        )
    roles[feature] = arn
    return render(call, {})


@before("rds", "RemoveRoleFromDBInstance")
def remove_role(call: Call, world: World) -> Reply:
    """Role and feature have to be those that belong together."""
    wanted = members(call)
    record = instance_of(call, world, wanted["DBInstanceIdentifier"])
    roles = taken(record.database)
    if roles.get(wanted["FeatureName"]) != wanted["RoleArn"]:
        raise Refusal(
            "DBInstanceRoleNotFound",
            f"The role {wanted['RoleArn']} is not associated with the DB instance "
            f"{record.name}.",
            404,
        )
    del roles[wanted["FeatureName"]]
    return render(call, {})
