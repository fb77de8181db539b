"""ELBv2: application load balancers, target groups, listeners.

There are no client tokens: the same create again answers with what is there,
and a create of the same name with other settings is a duplicate.  The rules
live in the ``elbv2_*`` modules; importing this one registers them.
"""

from __future__ import annotations

from . import (  # noqa: F401  registered by being imported
    elbv2_balancers,
    elbv2_common,
    elbv2_listeners,
    elbv2_targets,
)
