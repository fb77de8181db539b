"""EC2: the rules of the VPC family.

The rules live in the ``ec2_*`` modules; importing this one registers them.
Those of :mod:`strict.ec2_common` hold for every call and come first.
"""

from __future__ import annotations

from . import (  # noqa: F401  registered by being imported, in this order
    ec2_common,
    ec2_describe,
    ec2_endpoints,
    ec2_gateways,
    ec2_groups,
    ec2_interfaces,
    ec2_nat,
    ec2_routes,
    ec2_vpc,
)
