"""What nodes need of a network that does not reach the internet.

"Deploy private clusters with limited internet access" of the EKS user guide: each
service by an interface endpoint with its usual name, in a security group that lets
the nodes in, and S3, where the layers of images lie, by a route.
"""

from __future__ import annotations

import ipaddress
from typing import Any

from .eks_network import route_table_of

NEEDED = ("ec2", "ecr.api", "ecr.dkr", "sts")


def missing_endpoints(backend: Any, subnet: Any, region: str) -> list[str]:
    """Services that a node in this subnet does not reach without the internet."""
    prefix = f"com.amazonaws.{region}."
    there = {
        each.service_name.removeprefix(prefix)
        for each in backend.vpc_end_points.values()
        if each.vpc_id == subnet.vpc_id
        and each.vpc_endpoint_type == "Interface"
        and each.state == "available"
        and each.private_dns_enabled
        and each.subnet_ids
        and lets_in(backend, each, subnet)
    }
    lacking = [each for each in NEEDED if each not in there]
    if not leads_to_s3(backend, subnet, f"{prefix}s3"):
        lacking.append("s3")
    return lacking


def leads_to_s3(backend: Any, subnet: Any, service: str) -> bool:
    """Whether the route table of the subnet has the endpoint's route."""
    table = route_table_of(backend, subnet)
    return table is not None and any(
        each.service_name == service
        and each.vpc_endpoint_type == "Gateway"
        and each.state == "available"
        and table.id in each.route_table_ids
        for each in backend.vpc_end_points.values()
    )


def lets_in(backend: Any, endpoint: Any, subnet: Any) -> bool:
    """Whether a security group of the endpoint lets the subnet in on 443."""
    inside = ipaddress.ip_network(subnet.cidr_block, strict=False)
    for identifier in endpoint.security_group_ids:
        group = backend.get_security_group_from_id(identifier)
        for rule in group.ingress_rules if group else ():
            if rule.ip_protocol not in ("tcp", "6", "-1"):
                continue
            if rule.ip_protocol != "-1" and not (
                int(rule.from_port) <= 443 <= int(rule.to_port)
            ):
                continue
            cidr = (rule.ip_range or {}).get("CidrIp")
            if cidr and inside.subnet_of(ipaddress.ip_network(cidr)):
                return True
    return False
