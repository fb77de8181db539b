"""A network, roles and a cluster for the EKS tests."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from typing import Any

from botocore.exceptions import ClientError

ZONES = ("us-east-1a", "us-east-1b", "us-east-1c")
WORKER = (
    "AmazonEKSWorkerNodePolicy",
    "AmazonEC2ContainerRegistryPullOnly",
    "AmazonEKS_CNI_Policy",
)


def trust(service: str) -> str:
    """A trust policy for a service."""
    statement = {
        "Effect": "Allow",
        "Principal": {"Service": service},
        "Action": "sts:AssumeRole",
    }
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


class Platform:
    """Everything under a cluster: three zones, NAT, roles."""

    def __init__(self, emulator: Any, nat: bool = True, policies: Any = WORKER) -> None:
        self.emulator = emulator
        self.world = emulator.world
        self.ec2 = emulator.client("ec2")
        self.eks = emulator.client("eks")
        self.iam = emulator.client("iam")
        self.vpc = self.ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
        self.settle()
        for attribute in ("EnableDnsSupport", "EnableDnsHostnames"):
            self.ec2.modify_vpc_attribute(
                VpcId=self.vpc, **{attribute: {"Value": True}}
            )
        made = self.ec2.create_internet_gateway()["InternetGateway"]
        self.gateway = made["InternetGatewayId"]
        self.settle()
        self.ec2.attach_internet_gateway(InternetGatewayId=self.gateway, VpcId=self.vpc)
        self.public = [self.subnet(f"10.0.{n}.0/24", z) for n, z in enumerate(ZONES)]
        self.private = [
            self.subnet(f"10.0.{n + 16}.0/22", z) for n, z in zip((0, 4, 8), ZONES)
        ]
        self.settle()
        public_table = self.table(self.public)
        self.ec2.create_route(
            RouteTableId=public_table,
            DestinationCidrBlock="0.0.0.0/0",
            GatewayId=self.gateway,
        )
        self.nat = self.make_nat() if nat else ""
        if nat:
            table = self.table(self.private)
            self.ec2.create_route(
                RouteTableId=table,
                DestinationCidrBlock="0.0.0.0/0",
                NatGatewayId=self.nat,
            )
        self.role = self.make_role(
            "cluster", "eks.amazonaws.com", ["AmazonEKSClusterPolicy"]
        )
        self.node_role = self.make_role("nodes", "ec2.amazonaws.com", policies)
        self.settle(20)

    def settle(self, seconds: float = 5) -> None:
        """Let new objects become visible."""
        self.world.clock.advance(seconds)

    def subnet(self, cidr: str, zone: str) -> str:
        """One subnet."""
        made = self.ec2.create_subnet(
            VpcId=self.vpc, CidrBlock=cidr, AvailabilityZone=zone
        )
        return made["Subnet"]["SubnetId"]

    def table(self, subnets: list[str]) -> str:
        """A route table for these subnets."""
        table = self.ec2.create_route_table(VpcId=self.vpc)["RouteTable"][
            "RouteTableId"
        ]
        self.settle()
        for subnet in subnets:
            self.ec2.associate_route_table(RouteTableId=table, SubnetId=subnet)
        return table

    def make_nat(self) -> str:
        """A NAT gateway that is available."""
        address = self.ec2.allocate_address(Domain="vpc")["AllocationId"]
        self.settle()
        made = self.ec2.create_nat_gateway(
            SubnetId=self.public[0], AllocationId=address
        )
        self.settle(300)
        return made["NatGateway"]["NatGatewayId"]

    def make_role(self, name: str, service: str, policies: Any) -> str:
        """A role with managed policies."""
        role = self.iam.create_role(
            RoleName=name, AssumeRolePolicyDocument=trust(service)
        )["Role"]
        self.settle()
        for policy in policies:
            self.iam.attach_role_policy(
                RoleName=name, PolicyArn=f"arn:aws:iam::aws:policy/{policy}"
            )
        return role["Arn"]

    def create(self, name: str = "one", **more: Any) -> dict[str, Any]:
        """A cluster, still CREATING."""
        vpc_config = {
            "subnetIds": self.private,
            "endpointPrivateAccess": True,
            **more.pop("resourcesVpcConfig", {}),
        }
        wanted = {
            "version": "1.33",
            "roleArn": self.role,
            "accessConfig": {"authenticationMode": "API"},
            "bootstrapSelfManagedAddons": False,
            **more,
        }
        return self.eks.create_cluster(
            name=name, resourcesVpcConfig=vpc_config, **wanted
        )["cluster"]

    def active(self, name: str = "one", **more: Any) -> dict[str, Any]:
        """A cluster that is ACTIVE and settled."""
        self.create(name, **more)
        self.world.clock.advance(600)
        return self.cluster(name)

    def cluster(self, name: str = "one") -> dict[str, Any]:
        """A cluster as described."""
        return self.eks.describe_cluster(name=name)["cluster"]

    def nodegroup(self, name: str = "workers", **more: Any) -> dict[str, Any]:
        """A node group, still CREATING."""
        wanted = {
            "clusterName": "one",
            "scalingConfig": {"minSize": 3, "maxSize": 6, "desiredSize": 3},
            "subnets": self.private,
            "nodeRole": self.node_role,
            "instanceTypes": ["c6a.4xlarge"],
            **more,
        }
        return self.eks.create_nodegroup(nodegroupName=name, **wanted)["nodegroup"]

    def group(self, name: str = "workers") -> dict[str, Any]:
        """A node group as described."""
        return self.eks.describe_nodegroup(clusterName="one", nodegroupName=name)[
            "nodegroup"
        ]

    def addon(self, name: str, **more: Any) -> dict[str, Any]:
        """An add-on, still CREATING."""
        return self.eks.create_addon(clusterName="one", addonName=name, **more)["addon"]

    def addon_status(self, name: str) -> str:
        """The status of an add-on."""
        found = self.eks.describe_addon(clusterName="one", addonName=name)
        return found["addon"]["status"]

    def update(self, answer: dict[str, Any], **part: str) -> dict[str, Any]:
        """An update as described."""
        return self.eks.describe_update(
            name="one", updateId=answer["update"]["id"], **part
        )["update"]


def until(check: Callable[[], bool], seconds: float = 20) -> None:
    """Ask until it is so."""
    end = time.monotonic() + seconds
    while not check():
        assert time.monotonic() < end, "it did not come to that in time"
        time.sleep(0.01)


def code_of(call: Callable[[], Any]) -> str:
    """The error code of a call, "" if it succeeds."""
    try:
        call()
    except ClientError as error:
        return str(error.response["Error"]["Code"])
    return ""
