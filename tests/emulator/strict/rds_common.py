"""What the RDS modules share: records of instances, refusals, tags."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from .core import Call, Refusal, World, before
from .ec2_interfaces import place_interface, remove_interface
from .kms import visible_key
from .support import later

IDENTIFIER = re.compile(r"(?!.*--)[a-z]([a-z0-9-]{0,61}[a-z0-9])?")
GROUP_NAME = re.compile(r"(?!.*--)[a-z]([a-z0-9._ -]{0,253}[a-z0-9._])?")


@dataclass
class Record:
    """One instance as RDS knows it; moto's object carries the rest.

    ``settings`` are keyed by the members of CreateDBInstance, ``pending`` by
    those of ModifyDBInstance.  ``epoch`` rises with everything that overtakes
    what was planned before.
    """

    database: Any
    settings: dict[str, Any]
    resource_id: str
    zones: list[str]
    pending: dict[str, Any] = field(default_factory=dict)
    interfaces: list[str] = field(default_factory=list)
    endpoint: bool = False
    group_status: str = "in-sync"
    storage_changed: float | None = None
    secret_status: str = "creating"
    epoch: int = 0

    @property
    def name(self) -> str:
        """The identifier."""
        return self.database.db_instance_identifier

    @property
    def status(self) -> str:
        """The state RDS reports."""
        return self.database.status

    @status.setter
    def status(self, value: str) -> None:
        self.database.status = value

    def plan(self, world: World, seconds: float, action: Callable[[], None]) -> None:
        """Do something later, unless it is overtaken by then."""
        epoch = self.epoch

        def run() -> None:
            if self.epoch == epoch:
                action()

        later(world, seconds, run)

    def turn(self, world: World, seconds: float, status: str) -> None:
        """Change the state later, unless overtaken by then."""

        def change() -> None:
            self.status = status

        self.plan(world, seconds, change)


def lacks_standby(world: World, record: Record) -> bool:
    """Whether RDS gives this instance no standby, or takes it away again."""
    return bool(world.book("rds_no_standby").get(record.name))


def backend_of(call: Call, world: World) -> Any:
    """moto's databases of the call's Region and account."""
    return world.moto("rds", call.region, call.account)


def ec2_of(call: Call, world: World) -> Any:
    """moto's network of the call's Region and account."""
    return world.moto("ec2", call.region, call.account)


def record_of(database: Any) -> Record | None:
    """The record of an instance; moto's restores have none."""
    return getattr(database, "record", None)


def no_instance(name: str) -> Refusal:
    """An instance that is not there."""
    return Refusal("DBInstanceNotFound", f"DBInstance {name} not found.", 404)


def instance_of(call: Call, world: World, name: str) -> Record:
    """An instance by identifier, in any case."""
    database = backend_of(call, world).databases.get(name.lower())
    record = record_of(database) if database is not None else None
    if record is None:
        raise no_instance(name)
    return record


def bad_value(text: str) -> Refusal:
    """A parameter that is wrong by itself."""
    return Refusal("InvalidParameterValue", text)


def bad_combination(text: str) -> Refusal:
    """Parameters that do not fit together, or not the instance."""
    return Refusal("InvalidParameterCombination", text)


def bad_state(text: str) -> Refusal:
    """An instance in a state that does not allow the call."""
    return Refusal("InvalidDBInstanceState", text)


def check_key(call: Call, world: World, name: str) -> str:
    """The ARN of a KMS key that RDS can use."""
    key = visible_key(world, call.region, call.account, name)
    if key is None or key.key_state != "Enabled":
        raise Refusal(
            "KMSKeyNotAccessibleFault",
            f"The specified KMS key [{name}] does not exist, is not enabled or you do "
            "not have permissions to access it.",
        )
    return key.arn


def default_key(call: Call, world: World) -> str:
    """The ARN of AWS's own key for RDS."""
    kms = world.moto("kms", call.region, call.account)
    return kms.describe_key(kms.get_key_id_from_alias("alias/aws/rds")).arn


def check_identifier(name: str, member: str) -> None:
    """Letters, digits and single hyphens, a letter first, no hyphen last."""
    if not IDENTIFIER.fullmatch(name):
        raise bad_value(
            f"The parameter {member} is not a valid identifier. Identifiers must begin "
            "with a letter; must contain only ASCII letters, digits, and hyphens; and "
            "must not end with a hyphen or contain two consecutive hyphens."
        )


# --------------------------------------------------------------------------
# Interfaces


def place(record: Record, ec2: Any) -> None:
    """Interfaces "RDSNetworkInterface", one per zone the instance lives in."""
    group = record.database.db_subnet_group
    for zone in record.zones:
        subnet = next(s for s in group._subnets if s.availability_zone == zone)
        record.interfaces.append(
            place_interface(
                ec2,
                subnet.id,
                description="RDSNetworkInterface",
                requester="amazon-rds",
                groups=list(record.settings["VpcSecurityGroupIds"]),
            ).id
        )


def regroup(record: Record, ec2: Any) -> None:
    """The interfaces carry the instance's security groups."""
    ids = record.settings["VpcSecurityGroupIds"]
    for identifier in record.interfaces:
        eni = ec2.enis.get(identifier)
        if eni is not None:
            eni._group_set = [ec2.get_security_group_from_id(each) for each in ids]


def displace(record: Record, ec2: Any) -> None:
    """Take the interfaces away."""
    for identifier in record.interfaces:
        remove_interface(ec2, identifier)
    record.interfaces.clear()


# --------------------------------------------------------------------------
# Tags


@before("rds", "AddTagsToResource", "RemoveTagsFromResource", "ListTagsForResource")
def tagged(call: Call, world: World) -> None:
    """The ARN must stand for something (moto answers for anything)."""
    arn = call.get("ResourceName")
    backend = backend_of(call, world)
    found = re.fullmatch(r"arn:[^:]+:rds:[^:]*:\d*:([^:]+):(.+)", arn)
    if found is None:
        raise bad_value(f"Invalid resource name: {arn}")
    kind, name = found.groups()
    books = {
        "db": (backend.databases, no_instance(name)),
        "subgrp": (
            backend.subnet_groups,
            Refusal(
                "DBSubnetGroupNotFoundFault",
                f"DB subnet group '{name}' not found.",
                404,
            ),
        ),
        "pg": (
            backend.db_parameter_groups,
            Refusal(
                "DBParameterGroupNotFound", f"DBParameterGroup not found: {name}", 404
            ),
        ),
        "snapshot": (
            backend.database_snapshots,
            Refusal("DBSnapshotNotFound", f"DBSnapshot {name} not found.", 404),
        ),
    }
    if kind in books and name not in books[kind][0]:
        raise books[kind][1]
    if any(key.lower().startswith("aws:") for key in call.tags()):
        raise bad_value("Tag keys starting with 'aws:' are reserved")
