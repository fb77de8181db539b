"""RDS: PostgreSQL instances, their groups and snapshots.

The rules live in the ``rds_*`` modules; importing this one registers them.
"""

from __future__ import annotations

from . import (  # noqa: F401  registered by being imported
    rds_common,
    rds_groups,
    rds_instances,
    rds_modify,
    rds_parameters,
    rds_restore,
    rds_roles,
    rds_snapshots,
)
