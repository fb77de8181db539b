"""Small scenes for the tests: a network, a refusal, time that passes."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from botocore.exceptions import ClientError


@contextmanager
def refused(code: str, text: str = "") -> Iterator[None]:
    """The block must end in a refusal with that code, and that text in it."""
    with pytest.raises(ClientError) as caught:
        yield
    error = caught.value.response["Error"]
    assert error["Code"] == code, error
    assert text in error["Message"], error


def slow(world: Any, **windows: float) -> Any:
    """Let time pass only when told; new objects are visible at once."""
    world.clock.scale = 0.001
    for domain in ("ec2", "iam", "kms", "elbv2"):
        world.settings.consistency[domain] = windows.get(domain, 0)
    return world.clock


class Network:
    """A VPC with an attached gateway and a public subnet in two zones."""

    def __init__(self, ec2: Any, attach: bool = True) -> None:
        self.ec2 = ec2
        self.vpc = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
        self.gateway = ec2.create_internet_gateway()["InternetGateway"][
            "InternetGatewayId"
        ]
        if attach:
            ec2.attach_internet_gateway(InternetGatewayId=self.gateway, VpcId=self.vpc)
        self.subnets = [
            self.subnet(f"10.0.{index}.0/24", zone)
            for index, zone in enumerate(("us-east-1a", "us-east-1b"))
        ]

    def subnet(self, cidr: str, zone: str) -> str:
        """One more subnet."""
        made = self.ec2.create_subnet(
            VpcId=self.vpc, CidrBlock=cidr, AvailabilityZone=zone
        )
        return made["Subnet"]["SubnetId"]

    def address(self) -> str:
        """One more elastic address."""
        return self.ec2.allocate_address(Domain="vpc")["AllocationId"]

    def nat(self, allocation: str, subnet: int = 0, **more: Any) -> str:
        """One more NAT gateway."""
        made = self.ec2.create_nat_gateway(
            SubnetId=self.subnets[subnet], AllocationId=allocation, **more
        )
        return made["NatGateway"]["NatGatewayId"]

    def nat_state(self, identifier: str) -> dict[str, Any]:
        """A NAT gateway as described."""
        (found,) = self.ec2.describe_nat_gateways(NatGatewayIds=[identifier])[
            "NatGateways"
        ]
        return found

    def table(self) -> str:
        """One more route table."""
        made = self.ec2.create_route_table(VpcId=self.vpc)
        return made["RouteTable"]["RouteTableId"]

    def group(self, name: str) -> str:
        """One more security group."""
        made = self.ec2.create_security_group(
            GroupName=name, Description="d", VpcId=self.vpc
        )
        return made["GroupId"]

    def routes(self, table: str) -> dict[str, dict[str, Any]]:
        """The routes of a table by destination."""
        (found,) = self.ec2.describe_route_tables(RouteTableIds=[table])["RouteTables"]
        return {
            route.get("DestinationCidrBlock")
            or route.get("DestinationPrefixListId"): route
            for route in found["Routes"]
        }
