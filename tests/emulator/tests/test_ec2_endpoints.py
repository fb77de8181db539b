"""Interface endpoints: places, names, and what they keep in use."""

from __future__ import annotations

import pytest
from scene import Network, refused, slow
from strict.durations import INTERFACE_ENDPOINT_CREATE, INTERFACE_ENDPOINT_DELETE
from strict.eks_endpoints import missing_endpoints

SERVICE = "com.amazonaws.us-east-1.{}"


@pytest.fixture
def ec2(aws):
    return aws("ec2")


@pytest.fixture
def clock(world):
    return slow(world)


@pytest.fixture
def net(clock, ec2):
    net = Network(ec2)
    for name in ("EnableDnsSupport", "EnableDnsHostnames"):
        ec2.modify_vpc_attribute(VpcId=net.vpc, **{name: {"Value": True}})
    return net


def order(net, group: str, service: str = "sts", **more):
    """What is asked for an endpoint in both subnets."""
    return {
        "VpcId": net.vpc,
        "ServiceName": SERVICE.format(service),
        "VpcEndpointType": "Interface",
        "SubnetIds": net.subnets,
        "SecurityGroupIds": [group],
        "PrivateDnsEnabled": True,
        **more,
    }


def shown(ec2, identifier: str):
    (found,) = ec2.describe_vpc_endpoints(VpcEndpointIds=[identifier])["VpcEndpoints"]
    return found


def interfaces(ec2, net):
    found = ec2.describe_network_interfaces(
        Filters=[{"Name": "vpc-id", "Values": [net.vpc]}]
    )["NetworkInterfaces"]
    return {each["SubnetId"]: each for each in found}


def test_an_interface_endpoint_lives(ec2, net, clock):
    group, other = net.group("one"), net.group("two")
    asked = order(net, group, ClientToken="e1")
    made = ec2.create_vpc_endpoint(**asked)["VpcEndpoint"]
    identifier = made["VpcEndpointId"]
    assert (made["State"], made["VpcEndpointType"]) == ("pending", "Interface")
    again = ec2.create_vpc_endpoint(**asked)["VpcEndpoint"]
    assert again["VpcEndpointId"] == identifier
    assert set(interfaces(ec2, net)) == set(net.subnets)
    clock.advance(INTERFACE_ENDPOINT_CREATE + 1)
    found = shown(ec2, identifier)
    assert found["State"] == "available"
    assert sorted(found["SubnetIds"]) == sorted(net.subnets)
    assert [each["GroupId"] for each in found["Groups"]] == [group]
    assert found["PrivateDnsEnabled"] is True

    ec2.modify_vpc_endpoint(
        VpcEndpointId=identifier,
        RemoveSubnetIds=[net.subnets[0]],
        AddSecurityGroupIds=[other],
        RemoveSecurityGroupIds=[group],
        PrivateDnsEnabled=False,
    )
    found = shown(ec2, identifier)
    assert found["SubnetIds"] == [net.subnets[1]]
    assert [each["GroupId"] for each in found["Groups"]] == [other]
    assert found["PrivateDnsEnabled"] is False
    assert set(interfaces(ec2, net)) == {net.subnets[1]}
    ec2.modify_vpc_endpoint(
        VpcEndpointId=identifier, AddSubnetIds=[net.subnets[0]], PrivateDnsEnabled=True
    )
    assert set(interfaces(ec2, net)) == set(net.subnets)

    ec2.delete_security_group(GroupId=group)
    ec2.delete_vpc_endpoints(VpcEndpointIds=[identifier])
    assert shown(ec2, identifier)["State"] == "deleting"
    with refused("DependencyViolation"):
        ec2.delete_security_group(GroupId=other)
    with refused("DependencyViolation"):
        ec2.delete_subnet(SubnetId=net.subnets[0])
    clock.advance(INTERFACE_ENDPOINT_DELETE + 1)
    ec2.delete_security_group(GroupId=other)
    ec2.delete_subnet(SubnetId=net.subnets[0])


def test_what_an_interface_endpoint_is_refused_for(ec2, net):
    group, table = net.group("one"), net.table()
    asked = order(net, group)
    for wrong, code in (
        ({"ServiceName": SERVICE.format("nothing")}, "InvalidServiceName"),
        ({"RouteTableIds": [table]}, "InvalidParameterCombination"),
        ({"SubnetIds": ["subnet-00000000"]}, "InvalidSubnetID.NotFound"),
        ({"SecurityGroupIds": ["sg-00000000"]}, "InvalidGroup.NotFound"),
        (
            {"SubnetIds": [net.subnets[0], net.subnet("10.0.9.0/24", "us-east-1a")]},
            "DuplicateSubnetsInSameZone",
        ),
    ):
        with refused(code):
            ec2.create_vpc_endpoint(**{**asked, **wrong})
    identifier = ec2.create_vpc_endpoint(**asked)["VpcEndpoint"]["VpcEndpointId"]
    with refused("InvalidParameter", "conflicting DNS domain"):
        ec2.create_vpc_endpoint(**asked)
    with refused("InvalidParameterCombination"):
        ec2.modify_vpc_endpoint(VpcEndpointId=identifier, AddRouteTableIds=[table])
    without = {**asked, "PrivateDnsEnabled": False}
    second = ec2.create_vpc_endpoint(**without)["VpcEndpoint"]["VpcEndpointId"]
    with refused("InvalidParameter", "conflicting DNS domain"):
        ec2.modify_vpc_endpoint(VpcEndpointId=second, PrivateDnsEnabled=True)
    ec2.modify_vpc_attribute(VpcId=net.vpc, EnableDnsHostnames={"Value": False})
    with refused("InvalidParameter", "enableDnsHostnames"):
        ec2.create_vpc_endpoint(**{**asked, "ServiceName": SERVICE.format("kms")})


def test_nodes_are_told_what_they_do_not_reach(world, ec2, net, clock):
    backend = world.moto("ec2", "us-east-1")
    group, table = net.group("one"), net.table()
    ec2.associate_route_table(RouteTableId=table, SubnetId=net.subnets[0])

    def missing():
        clock.advance(INTERFACE_ENDPOINT_CREATE + 1)
        ec2.describe_vpcs()  # what is due happens with the next call
        subnet = backend.get_subnet(net.subnets[0])
        return missing_endpoints(backend, subnet, "us-east-1")

    assert missing() == ["ec2", "ecr.api", "ecr.dkr", "sts", "s3"]
    for service in ("ec2", "ecr.api", "ecr.dkr", "sts"):
        ec2.create_vpc_endpoint(**order(net, group, service))
    assert "sts" in missing(), "the firewall is closed"
    ec2.authorize_security_group_ingress(
        GroupId=group,
        IpPermissions=[
            {
                "IpProtocol": "tcp",
                "FromPort": 443,
                "ToPort": 443,
                "IpRanges": [{"CidrIp": "10.0.0.0/16"}],
            }
        ],
    )
    assert missing() == ["s3"]
    ec2.create_vpc_endpoint(
        VpcId=net.vpc, ServiceName=SERVICE.format("s3"), RouteTableIds=[table]
    )
    assert missing() == []
