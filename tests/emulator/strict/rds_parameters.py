"""The parameters within a parameter group."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from .core import Call, Reply, World, before
from .rds_common import backend_of, bad_combination, bad_value
from .rds_groups import paged, parameter_group_of, users
from .support import members, render

PER_CALL = 20


@dataclass(frozen=True)
class Parameter:
    """One parameter of the engine."""

    kind: str = "integer"
    default: str | None = None
    allowed: str = ""
    static: bool = False
    modifiable: bool = True
    source: str = "engine-default"


ENGINE: dict[str, Parameter] = {
    "application_name": Parameter("string"),
    "autovacuum": Parameter("boolean", "1", "0,1"),
    "autovacuum_analyze_scale_factor": Parameter("float", "0.05", "0-100"),
    "autovacuum_max_workers": Parameter(
        default="GREATEST({DBInstanceClassMemory/64371566592},3)",
        allowed="1-262143",
        static=True,
        source="system",
    ),
    "autovacuum_naptime": Parameter(default="15", allowed="1-2147483"),
    "autovacuum_vacuum_cost_limit": Parameter(default="200", allowed="-1-10000"),
    "autovacuum_vacuum_scale_factor": Parameter("float", "0.1", "0-100"),
    "checkpoint_completion_target": Parameter("float", "0.9", "0.0-1.0"),
    "checkpoint_timeout": Parameter(default="300", allowed="30-3600"),
    "deadlock_timeout": Parameter(default="1000", allowed="1-2147483647"),
    "default_statistics_target": Parameter(default="100", allowed="1-10000"),
    "effective_cache_size": Parameter(
        default="{DBInstanceClassMemory/16384}",
        allowed="1-2147483647",
        source="system",
    ),
    "fsync": Parameter("boolean", "1", "0,1", modifiable=False, source="system"),
    "hot_standby_feedback": Parameter("boolean", "0", "0,1"),
    "huge_pages": Parameter("string", "on", "on,off,try", static=True),
    "idle_in_transaction_session_timeout": Parameter(
        default="86400000", allowed="0-2147483647"
    ),
    "lock_timeout": Parameter(default="0", allowed="0-2147483647"),
    "log_autovacuum_min_duration": Parameter(default="10000", allowed="-1-2147483647"),
    "log_checkpoints": Parameter("boolean", "1", "0,1"),
    "log_connections": Parameter("boolean", "0", "0,1"),
    "log_disconnections": Parameter("boolean", "0", "0,1"),
    "log_duration": Parameter("boolean", "0", "0,1"),
    "log_lock_waits": Parameter("boolean", "0", "0,1"),
    "log_min_duration_statement": Parameter(default="-1", allowed="-1-2147483647"),
    "log_min_messages": Parameter("string", "warning", "debug5,info,notice,warning"),
    "log_statement": Parameter("string", "none", "none,ddl,mod,all"),
    "log_temp_files": Parameter(default="-1", allowed="-1-2147483647"),
    "maintenance_work_mem": Parameter(
        default="GREATEST({DBInstanceClassMemory/63963136*1024},65536)",
        allowed="1024-2147483647",
        source="system",
    ),
    "max_connections": Parameter(
        default="LEAST({DBInstanceClassMemory/9531392},5000)",
        allowed="6-8388607",
        static=True,
        source="system",
    ),
    "max_locks_per_transaction": Parameter(
        default="64", allowed="10-2147483647", static=True
    ),
    "max_parallel_workers": Parameter(
        default="GREATEST({DBInstanceVCPU/2},8)", allowed="0-1024", source="system"
    ),
    "max_replication_slots": Parameter(default="20", allowed="5-65535", static=True),
    "max_wal_senders": Parameter(default="20", allowed="5-65535", static=True),
    "max_wal_size": Parameter(default="2048", allowed="128-201326592"),
    "max_worker_processes": Parameter(
        default="GREATEST({DBInstanceVCPU*2},8)",
        allowed="0-262143",
        static=True,
        source="system",
    ),
    "min_wal_size": Parameter(default="192", allowed="128-201326592"),
    "password_encryption": Parameter("string", "scram-sha-256", "md5,scram-sha-256"),
    "pg_stat_statements.max": Parameter(
        default="5000", allowed="100-2147483647", static=True
    ),
    "pg_stat_statements.track": Parameter("string", "top", "top,all,none"),
    "random_page_cost": Parameter("float", "4", "0-1.79769e+308"),
    "rds.force_ssl": Parameter("boolean", "1", "0,1", source="system"),
    "rds.log_retention_period": Parameter(
        default="4320", allowed="1440-10080", source="system"
    ),
    "rds.logical_replication": Parameter(
        "boolean", "0", "0,1", static=True, source="system"
    ),
    "shared_buffers": Parameter(
        default="{DBInstanceClassMemory/32768}",
        allowed="16-1073741823",
        static=True,
        source="system",
    ),
    "shared_preload_libraries": Parameter(
        "list",
        "pg_stat_statements",
        "auto_explain,pg_cron,pg_hint_plan,pg_prewarm,pg_stat_statements,pgaudit",
        static=True,
        source="system",
    ),
    "statement_timeout": Parameter(default="0", allowed="0-2147483647"),
    "synchronous_commit": Parameter("string", "on", "local,on,off"),
    "tcp_keepalives_idle": Parameter(default="300", allowed="0-2147483647"),
    "temp_buffers": Parameter(default="1024", allowed="100-1073741823"),
    "timezone": Parameter("string", "UTC", source="system"),
    "track_activity_query_size": Parameter(
        default="4096", allowed="100-102400", static=True
    ),
    "track_io_timing": Parameter("boolean", "1", "0,1"),
    "wal_buffers": Parameter(default="-1", allowed="-1-262143", static=True),
    "wal_sender_timeout": Parameter(default="30000", allowed="0-3600000"),
    "work_mem": Parameter(default="4096", allowed="64-2147483647"),
}
BOOLEANS = {"on": "1", "true": "1", "yes": "1", "off": "0", "false": "0", "no": "0"}


def default_of(name: str, family: str) -> str | None:
    """The engine's default; TLS is enforced from PostgreSQL 15 on."""
    if name == "rds.force_ssl" and int(family.removeprefix("postgres")) < 15:
        return "0"
    return ENGINE[name].default


def normal(name: str, value: str) -> str:
    """A value as RDS keeps it: booleans become digits."""
    if ENGINE[name].kind == "boolean":
        return BOOLEANS.get(value.lower(), value)
    return value


def check(entry: dict[str, Any], with_value: bool) -> Parameter:
    """A parameter that exists, can change, and in that way."""
    name = entry.get("ParameterName", "")
    parameter = ENGINE.get(name)
    if parameter is None:
        raise bad_value(f"Could not find parameter with name: {name}")
    if not parameter.modifiable:
        raise bad_value(f"The parameter {name} cannot be modified.")
    if parameter.static and entry.get("ApplyMethod") == "immediate":
        raise bad_combination("cannot use immediate apply method for static parameter")
    if not with_value:
        return parameter
    value = normal(name, str(entry.get("ParameterValue", "")))
    sound = True
    if parameter.kind == "boolean":
        sound = value in ("0", "1")
    elif parameter.kind == "integer" and not value.startswith(("{", "GREAT", "LEAST")):
        sound = value.lstrip("-").isdigit()
    elif parameter.kind in ("string", "list") and parameter.allowed:
        options = set(parameter.allowed.split(","))
        sound = all(each.strip() in options for each in value.split(","))
    if not sound:
        raise bad_value(
            f"Invalid parameter value: {value} for: {name} allowed values are: "
            f"{parameter.allowed}"
        )
    return parameter


def few(entries: list[Any]) -> None:
    """Twenty parameters per call."""
    if len(entries) > PER_CALL:
        raise bad_value(f"Cannot modify more than {PER_CALL} parameters in one request")


def await_reboot(backend: Any, group: Any, needed: bool) -> None:
    """Instances of a group need a reboot for some changes."""
    for record in users(backend):
        if record.settings.get("DBParameterGroupName") == group.name and needed:
            record.group_status = "pending-reboot"


@before("rds", "ModifyDBParameterGroup")
def modify_parameters(call: Call, world: World) -> Reply:
    """All of the named parameters, or none of them."""
    backend = backend_of(call, world)
    wanted = members(call)
    group = parameter_group_of(backend, wanted.get("DBParameterGroupName", ""))
    if group.name.startswith("default."):
        raise bad_value("The default parameter group cannot be modified.")
    entries = wanted.get("Parameters", [])
    few(entries)
    for entry in entries:
        check(entry, with_value=True)
    for entry in entries:
        name = entry["ParameterName"]
        group.parameters[name] = {
            "ParameterName": name,
            "ParameterValue": normal(name, entry["ParameterValue"]),
            "ApplyMethod": entry.get("ApplyMethod", "pending-reboot"),
        }
    slow = any(entry.get("ApplyMethod") != "immediate" for entry in entries)
    await_reboot(backend, group, slow)
    return render(call, {"DBParameterGroupName": group.name})


@before("rds", "ResetDBParameterGroup")
def reset_parameters(call: Call, world: World) -> Reply:
    """Back to the engine's defaults, one by one or altogether."""
    backend = backend_of(call, world)
    wanted = members(call)
    group = parameter_group_of(backend, wanted.get("DBParameterGroupName", ""))
    entries = wanted.get("Parameters", [])
    few(entries)
    if wanted.get("ResetAllParameters"):
        group.parameters.clear()
    elif not entries:
        raise bad_combination("Parameters or ResetAllParameters must be given")
    for entry in entries:
        check(entry, with_value=False)
    for entry in entries:
        group.parameters.pop(entry["ParameterName"], None)
    await_reboot(backend, group, True)
    return render(call, {"DBParameterGroupName": group.name})


@before("rds", "DescribeDBParameters")
def describe_parameters(call: Call, world: World) -> Reply:
    """The engine's parameters with the group's values, page by page."""
    backend = backend_of(call, world)
    wanted = members(call)
    group = parameter_group_of(backend, wanted.get("DBParameterGroupName", ""))
    rows = [shown(group, name) for name in sorted(ENGINE)]
    if wanted.get("Source"):
        rows = [row for row in rows if row["Source"] == wanted["Source"]]
    for each in wanted.get("Filters", []):
        if each["Name"] == "parameter-name":
            rows = [row for row in rows if row["ParameterName"] in each["Values"]]
    page, marker = paged(rows, wanted)
    return render(call, {"Parameters": page, "Marker": marker})


def shown(group: Any, name: str) -> dict[str, Any]:
    """One parameter; a value equal to the default does not count as the user's.

    The apply method is not kept: it always reads pending-reboot.
    """
    parameter = ENGINE[name]
    default = default_of(name, group.family)
    set_value = group.parameters.get(name, {}).get("ParameterValue")
    changed = set_value is not None and set_value != default
    return {
        "ParameterName": name,
        "ParameterValue": set_value if set_value is not None else default,
        "Source": "user" if changed else parameter.source,
        "ApplyType": "static" if parameter.static else "dynamic",
        "ApplyMethod": "pending-reboot",
        "DataType": parameter.kind,
        "AllowedValues": parameter.allowed or None,
        "IsModifiable": parameter.modifiable,
        "Description": name.replace("_", " "),
    }
