"""VPCs, subnets, gateways, addresses, NAT gateways, routes, endpoints."""

from __future__ import annotations

import pytest
from scene import Network, refused, slow

S3 = "com.amazonaws.us-east-1.s3"


@pytest.fixture
def ec2(aws):
    return aws("ec2")


@pytest.fixture
def clock(world):
    return slow(world)


@pytest.fixture
def net(clock, ec2):
    return Network(ec2)


# ---- every call


def test_a_dry_run_performs_nothing(ec2):
    before = len(ec2.describe_vpcs()["Vpcs"])
    with refused("DryRunOperation"):
        ec2.create_vpc(CidrBlock="10.0.0.0/16", DryRun=True)
    assert len(ec2.describe_vpcs()["Vpcs"]) == before


def test_a_new_object_is_not_seen_at_once(world, ec2):
    clock = slow(world, ec2=2)
    vpc = ec2.create_vpc(
        CidrBlock="10.0.0.0/16",
        TagSpecifications=[
            {"ResourceType": "vpc", "Tags": [{"Key": "nonce", "Value": "n1"}]}
        ],
    )["Vpc"]
    assert vpc["State"] == "pending"
    assert vpc["Tags"] == [{"Key": "nonce", "Value": "n1"}]
    by_tag = [{"Name": "tag:nonce", "Values": ["n1"]}]
    assert ec2.describe_vpcs(Filters=by_tag)["Vpcs"] == []
    with refused("InvalidVpcID.NotFound", "does not exist"):
        ec2.describe_vpcs(VpcIds=[vpc["VpcId"]])
    with refused("InvalidVpcID.NotFound"):
        ec2.create_subnet(VpcId=vpc["VpcId"], CidrBlock="10.0.0.0/24")
    clock.advance(3)
    (found,) = ec2.describe_vpcs(Filters=by_tag)["Vpcs"]
    assert found["VpcId"] == vpc["VpcId"]
    assert found["State"] == "available"


def test_tags_may_outlive_their_object(world, ec2):
    def listed():
        rows = ec2.describe_tags(Filters=[{"Name": "key", "Values": ["nonce"]}])
        return [row["ResourceId"] for row in rows["Tags"]]

    def make():
        tags = [{"ResourceType": "vpc", "Tags": [{"Key": "nonce", "Value": "n1"}]}]
        made = ec2.create_vpc(CidrBlock="10.0.0.0/16", TagSpecifications=tags)
        return made["Vpc"]["VpcId"]

    ec2.delete_vpc(VpcId=make())
    assert listed() == []
    world.settings.extra["tags_stay"] = True
    second = make()
    ec2.delete_vpc(VpcId=second)
    assert listed() == [second]
    by_tag = [{"Name": "tag:nonce", "Values": ["n1"]}]
    assert ec2.describe_vpcs(Filters=by_tag)["Vpcs"] == []


def test_a_new_object_may_come_and_go(world, ec2):
    clock = slow(world, ec2=2)
    world.settings.extra["flapping"] = True
    vpc = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    by_id = [{"Name": "vpc-id", "Values": [vpc]}]
    clock.advance(2.5)
    seen = [len(ec2.describe_vpcs(Filters=by_id)["Vpcs"]) for _ in range(4)]
    assert seen == [1, 0, 1, 0]
    clock.advance(2)
    assert [len(ec2.describe_vpcs(Filters=by_id)["Vpcs"]) for _ in range(2)] == [1, 1]


def test_tags_are_found(world, ec2):
    clock = slow(world, ec2=2)
    vpc = ec2.create_vpc(
        CidrBlock="10.0.0.0/16",
        TagSpecifications=[
            {"ResourceType": "vpc", "Tags": [{"Key": "nonce", "Value": "n1"}]}
        ],
    )["Vpc"]["VpcId"]
    by_tag = [
        {"Name": "key", "Values": ["nonce"]},
        {"Name": "value", "Values": ["n*"]},
        {"Name": "resource-type", "Values": ["vpc"]},
    ]
    assert ec2.describe_tags(Filters=by_tag)["Tags"] == []
    clock.advance(3)
    (found,) = ec2.describe_tags(Filters=by_tag)["Tags"]
    assert (found["ResourceId"], found["ResourceType"]) == (vpc, "vpc")
    ec2.delete_vpc(VpcId=vpc)
    assert ec2.describe_tags(Filters=by_tag)["Tags"] == []


def test_tag_specifications_name_the_right_type(ec2):
    with refused("InvalidParameterValue", "not a valid taggable resource type"):
        ec2.create_vpc(
            CidrBlock="10.0.0.0/16",
            TagSpecifications=[
                {"ResourceType": "subnet", "Tags": [{"Key": "a", "Value": "b"}]}
            ],
        )


def test_tags_are_written_to_what_exists(ec2, net):
    tags = [{"Key": "a", "Value": "b"}]
    ec2.create_tags(Resources=[net.vpc, net.subnets[0]], Tags=tags)
    with refused("InvalidVpcID.NotFound"):
        ec2.create_tags(Resources=["vpc-00000000"], Tags=tags)
    with refused("InvalidParameterValue", "reserved"):
        ec2.create_tags(Resources=[net.vpc], Tags=[{"Key": "aws:x", "Value": "b"}])
    (found,) = ec2.describe_subnets(Filters=[{"Name": "tag:a", "Values": ["b"]}])[
        "Subnets"
    ]
    assert found["SubnetId"] == net.subnets[0]
    ec2.delete_tags(Resources=[net.subnets[0]], Tags=[{"Key": "a"}])
    assert (
        "Tags" not in ec2.describe_subnets(SubnetIds=[net.subnets[0]])["Subnets"][0]
        or not ec2.describe_subnets(SubnetIds=[net.subnets[0]])["Subnets"][0]["Tags"]
    )


def test_reads_come_in_pages(ec2, net):
    for index in range(5):
        net.subnet(f"10.0.{10 + index}.0/24", "us-east-1c")
    pages = list(
        ec2.get_paginator("describe_subnets").paginate(
            Filters=[{"Name": "vpc-id", "Values": [net.vpc]}],
            PaginationConfig={"PageSize": 5},
        )
    )
    assert [len(page["Subnets"]) for page in pages] == [5, 2]


def test_unknown_filters_are_refused(ec2):
    with refused("InvalidParameterValue", "is invalid"):
        ec2.describe_vpcs(Filters=[{"Name": "colour", "Values": ["red"]}])


def test_throttling_only_on_demand(world, clock, ec2):
    world.settings.extra["throttle"] = True
    ec2.describe_vpcs()
    for _ in range(4):
        ec2.delete_vpc_endpoints(VpcEndpointIds=["vpce-1"])
    with refused("RequestLimitExceeded"):
        ec2.delete_vpc_endpoints(VpcEndpointIds=["vpce-1"])
    clock.advance(4)
    ec2.delete_vpc_endpoints(VpcEndpointIds=["vpce-1"])


def test_every_call_on_endpoints_has_a_small_bucket_of_its_own(world, clock, ec2, net):
    def create():
        ec2.create_vpc_endpoint(VpcId=net.vpc, ServiceName="nothing.of.the.kind")

    def modify():
        ec2.modify_vpc_endpoint(VpcEndpointId="vpce-1")

    world.settings.extra["throttle"] = True
    for call, refusal in (
        (create, "InvalidServiceName"),
        (modify, "InvalidVpcEndpointId.NotFound"),
    ):
        for _ in range(4):
            with refused(refusal):
                call()
        with refused("RequestLimitExceeded"):
            call()
        clock.advance(3.4)
        with refused(refusal):
            call()
        with refused("RequestLimitExceeded"):
            call()


# ---- VPC and subnet


def test_attributes_are_modified_one_at_a_time(ec2, net):
    ec2.modify_vpc_attribute(VpcId=net.vpc, EnableDnsHostnames={"Value": True})
    shown = ec2.describe_vpc_attribute(VpcId=net.vpc, Attribute="enableDnsHostnames")
    assert shown["EnableDnsHostnames"]["Value"] is True
    with refused("InvalidParameterCombination"):
        ec2.modify_vpc_attribute(
            VpcId=net.vpc,
            EnableDnsHostnames={"Value": True},
            EnableDnsSupport={"Value": True},
        )
    with refused("InvalidParameterCombination"):
        ec2.modify_subnet_attribute(
            SubnetId=net.subnets[0],
            MapPublicIpOnLaunch={"Value": True},
            AssignIpv6AddressOnCreation={"Value": True},
        )
    with refused("InvalidVpcID.NotFound"):
        ec2.modify_vpc_attribute(VpcId="vpc-1", EnableDnsSupport={"Value": True})


def test_five_vpcs_per_region(world, ec2):
    for index in range(4):  # the default VPC counts
        ec2.create_vpc(CidrBlock=f"10.{index}.0.0/16")
    with refused("VpcLimitExceeded"):
        ec2.create_vpc(CidrBlock="10.9.0.0/16")
    world.settings.quotas["L-F678F1CE"] = 6
    ec2.create_vpc(CidrBlock="10.9.0.0/16")


def test_subnet_rules(ec2, net):
    with refused("InvalidSubnet.Conflict"):
        net.subnet("10.0.0.0/24", "us-east-1a")
    with refused("InvalidSubnet.Range"):
        net.subnet("10.1.0.0/24", "us-east-1a")
    with refused("InvalidParameterValue", "availability"):
        net.subnet("10.0.9.0/24", "us-east-1z")
    made = ec2.create_subnet(
        VpcId=net.vpc, CidrBlock="10.0.8.0/24", AvailabilityZoneId="use1-az4"
    )["Subnet"]
    assert made["AvailabilityZoneId"] == "use1-az4"
    assert made["MapPublicIpOnLaunch"] is False
    assert made["DefaultForAz"] is False
    found = ec2.describe_subnets(
        Filters=[
            {"Name": "vpc-id", "Values": [net.vpc]},
            {"Name": "cidr-block", "Values": ["10.0.8.0/24"]},
        ]
    )["Subnets"]
    assert [each["SubnetId"] for each in found] == [made["SubnetId"]]


def test_a_vpc_goes_only_when_empty(ec2, net):
    with refused("DependencyViolation"):
        ec2.delete_vpc(VpcId=net.vpc)
    for subnet in net.subnets:
        ec2.delete_subnet(SubnetId=subnet)
    with refused("DependencyViolation"):
        ec2.delete_vpc(VpcId=net.vpc)
    ec2.detach_internet_gateway(InternetGatewayId=net.gateway, VpcId=net.vpc)
    group = net.group("one")
    with refused("DependencyViolation"):
        ec2.delete_vpc(VpcId=net.vpc)
    ec2.delete_security_group(GroupId=group)
    ec2.delete_vpc(VpcId=net.vpc)
    with refused("InvalidVpcID.NotFound"):
        ec2.delete_vpc(VpcId=net.vpc)


# ---- internet gateway and addresses


def test_gateway_attachment(ec2, net):
    (shown,) = ec2.describe_internet_gateways(
        Filters=[{"Name": "attachment.vpc-id", "Values": [net.vpc]}]
    )["InternetGateways"]
    assert shown["Attachments"] == [{"State": "available", "VpcId": net.vpc}]
    second = ec2.create_internet_gateway()["InternetGateway"]["InternetGatewayId"]
    with refused("Resource.AlreadyAssociated"):
        ec2.attach_internet_gateway(InternetGatewayId=second, VpcId=net.vpc)
    with refused("Resource.AlreadyAssociated"):
        ec2.attach_internet_gateway(InternetGatewayId=net.gateway, VpcId=net.vpc)
    with refused("Gateway.NotAttached"):
        ec2.detach_internet_gateway(InternetGatewayId=second, VpcId=net.vpc)
    with refused("DependencyViolation"):
        ec2.delete_internet_gateway(InternetGatewayId=net.gateway)
    ec2.detach_internet_gateway(InternetGatewayId=net.gateway, VpcId=net.vpc)
    ec2.delete_internet_gateway(InternetGatewayId=net.gateway)
    with refused("InvalidInternetGatewayID.NotFound"):
        ec2.delete_internet_gateway(InternetGatewayId=net.gateway)


def test_addresses_say_where_they_are(ec2):
    made = ec2.allocate_address(
        Domain="vpc",
        TagSpecifications=[
            {"ResourceType": "elastic-ip", "Tags": [{"Key": "k", "Value": "v"}]}
        ],
    )
    assert made["NetworkBorderGroup"] == "us-east-1"
    (found,) = ec2.describe_addresses(Filters=[{"Name": "tag:k", "Values": ["v"]}])[
        "Addresses"
    ]
    assert found["AllocationId"] == made["AllocationId"]
    assert found["NetworkBorderGroup"] == "us-east-1"
    assert "AssociationId" not in found


def test_five_addresses_and_gateways(ec2):
    for _ in range(5):
        ec2.allocate_address(Domain="vpc")
        ec2.create_internet_gateway()
    with refused("AddressLimitExceeded", "maximum number of addresses"):
        ec2.allocate_address(Domain="vpc")
    with refused("InternetGatewayLimitExceeded"):
        ec2.create_internet_gateway()


# ---- NAT gateway


def test_a_nat_gateway_lives(ec2, net, clock):
    address = net.address()
    nat = net.nat(
        address,
        TagSpecifications=[
            {"ResourceType": "natgateway", "Tags": [{"Key": "k", "Value": "v"}]}
        ],
    )
    shown = net.nat_state(nat)
    assert shown["State"] == "pending"
    assert shown["VpcId"] == net.vpc
    (where,) = shown["NatGatewayAddresses"]
    assert where["AllocationId"] == address
    (holder,) = ec2.describe_addresses(AllocationIds=[address])["Addresses"]
    assert holder["NetworkInterfaceId"] == where["NetworkInterfaceId"]
    assert holder["AssociationId"] == where["AssociationId"]
    (eni,) = ec2.describe_network_interfaces(
        Filters=[{"Name": "description", "Values": [f"*NAT Gateway {nat}"]}]
    )["NetworkInterfaces"]
    assert eni["RequesterManaged"] is True
    assert eni["SubnetId"] == net.subnets[0]
    assert eni["Status"] == "in-use"
    clock.advance(120)
    assert net.nat_state(nat)["State"] == "available"

    with refused("AuthFailure", "do not have permission"):
        ec2.release_address(AllocationId=address)
    with refused("AuthFailure"):
        ec2.disassociate_address(AssociationId=holder["AssociationId"])
    with refused("DependencyViolation", "mapped public address"):
        ec2.detach_internet_gateway(InternetGatewayId=net.gateway, VpcId=net.vpc)
    with refused("DependencyViolation"):
        ec2.delete_subnet(SubnetId=net.subnets[0])
    with refused("OperationNotPermitted"):
        ec2.delete_network_interface(NetworkInterfaceId=eni["NetworkInterfaceId"])

    ec2.delete_nat_gateway(NatGatewayId=nat)
    assert net.nat_state(nat)["State"] == "deleting"
    with refused("DependencyViolation"):
        ec2.detach_internet_gateway(InternetGatewayId=net.gateway, VpcId=net.vpc)
    clock.advance(80)
    shown = net.nat_state(nat)
    assert shown["State"] == "deleted"
    assert shown["Tags"] == [{"Key": "k", "Value": "v"}]
    (holder,) = ec2.describe_addresses(AllocationIds=[address])["Addresses"]
    assert "AssociationId" not in holder
    with refused("AuthFailure"):
        ec2.release_address(AllocationId=address)
    ec2.detach_internet_gateway(InternetGatewayId=net.gateway, VpcId=net.vpc)
    ec2.delete_subnet(SubnetId=net.subnets[0])
    clock.advance(20)
    ec2.release_address(AllocationId=address)
    with refused("InvalidAllocationID.NotFound"):
        ec2.release_address(AllocationId=address)
    assert (
        ec2.describe_nat_gateways(
            Filter=[
                {"Name": "tag:k", "Values": ["v"]},
                {"Name": "state", "Values": ["pending", "available"]},
            ]
        )["NatGateways"]
        == []
    )
    clock.advance(3700)
    with refused("NatGatewayNotFound"):
        net.nat_state(nat)


def test_nat_gateways_fail_later(ec2, clock):
    net = Network(ec2, attach=False)
    address = net.address()
    nat = net.nat(address)
    assert net.nat_state(nat)["State"] == "pending"
    clock.advance(30)
    shown = net.nat_state(nat)
    assert shown["State"] == "failed"
    assert shown["FailureCode"] == "Gateway.NotAttached"
    ec2.attach_internet_gateway(InternetGatewayId=net.gateway, VpcId=net.vpc)
    good = net.nat(address)
    bad = net.nat(address, 1)
    clock.advance(200)
    assert net.nat_state(good)["State"] == "available"
    assert net.nat_state(bad)["FailureCode"] == "Resource.AlreadyAssociated"
    ec2.delete_subnet(SubnetId=net.subnets[1])


def test_nat_gateway_tokens(net):
    address = net.address()
    first = net.nat(address, ClientToken="t1")
    assert net.nat(address, ClientToken="t1") == first
    with refused("IdempotentParameterMismatch"):
        net.nat(address, 1, ClientToken="t1")


def test_five_nat_gateways_per_zone(ec2, net, world):
    world.settings.quotas["L-FE5A380F"] = 1
    net.nat(net.address())
    with refused("NatGatewayLimitExceeded"):
        net.nat(net.address())
    net.nat(net.address(), 1)


def test_nat_gateways_must_exist(ec2, net):
    with refused("NatGatewayNotFound"):
        ec2.delete_nat_gateway(NatGatewayId="nat-1")
    with refused("InvalidSubnetID.NotFound"):
        ec2.create_nat_gateway(SubnetId="subnet-1", AllocationId=net.address())
    with refused("InvalidAllocationID.NotFound"):
        net.nat("eipalloc-1")


def test_instant_nat_gateways_stay_listed(world, ec2):
    net = Network(ec2)
    nat = net.nat(net.address())
    assert net.nat_state(nat)["State"] == "available"
    ec2.delete_nat_gateway(NatGatewayId=nat)
    assert net.nat_state(nat)["State"] == "deleted"


# ---- route tables


def test_route_rules(ec2, net, clock):
    table = net.table()
    default = {"RouteTableId": table, "DestinationCidrBlock": "0.0.0.0/0"}
    assert net.routes(table)["10.0.0.0/16"]["GatewayId"] == "local"
    with refused("InvalidGatewayID.NotFound"):
        ec2.create_route(**default, GatewayId="igw-1")
    with refused("InvalidNatGatewayID.NotFound"):
        ec2.create_route(**default, NatGatewayId="nat-1")
    nat = net.nat(net.address())
    ec2.create_route(**default, NatGatewayId=nat)
    with refused("RouteAlreadyExists"):
        ec2.create_route(**default, NatGatewayId=nat)
    assert net.routes(table)["0.0.0.0/0"]["State"] == "active"
    ec2.delete_nat_gateway(NatGatewayId=nat)
    clock.advance(100)
    assert net.routes(table)["0.0.0.0/0"]["State"] == "blackhole"
    with refused("RouteAlreadyExists"):
        ec2.create_route(**default, GatewayId=net.gateway)
    ec2.replace_route(**default, GatewayId=net.gateway)
    route = net.routes(table)["0.0.0.0/0"]
    assert (route["GatewayId"], route["State"]) == (net.gateway, "active")
    assert "NatGatewayId" not in route
    with refused("InvalidParameterValue", "cannot remove local route"):
        ec2.delete_route(RouteTableId=table, DestinationCidrBlock="10.0.0.0/16")
    ec2.delete_route(**default)
    with refused("InvalidRoute.NotFound"):
        ec2.delete_route(**default)
    with refused("InvalidParameterValue", "Use CreateRoute"):
        ec2.replace_route(**default, GatewayId=net.gateway)


def test_destinations_are_canonical(ec2, net):
    table = net.table()
    ec2.create_route(
        RouteTableId=table, DestinationCidrBlock="192.168.1.7/24", GatewayId=net.gateway
    )
    assert "192.168.1.0/24" in net.routes(table)


def test_associations(ec2, net):
    table, other = net.table(), net.table()
    made = ec2.associate_route_table(RouteTableId=table, SubnetId=net.subnets[0])
    with refused("Resource.AlreadyAssociated"):
        ec2.associate_route_table(RouteTableId=other, SubnetId=net.subnets[0])
    (found,) = ec2.describe_route_tables(
        Filters=[
            {"Name": "association.subnet-id", "Values": [net.subnets[0], "subnet-x"]}
        ]
    )["RouteTables"]
    assert found["RouteTableId"] == table
    with refused("DependencyViolation"):
        ec2.delete_route_table(RouteTableId=table)
    moved = ec2.replace_route_table_association(
        AssociationId=made["AssociationId"], RouteTableId=other
    )["NewAssociationId"]
    assert moved != made["AssociationId"]
    ec2.delete_route_table(RouteTableId=table)
    with refused("InvalidRouteTableID.NotFound"):
        ec2.delete_route_table(RouteTableId=table)
    ec2.delete_subnet(SubnetId=net.subnets[0])
    ec2.delete_route_table(RouteTableId=other)
    (main,) = ec2.describe_route_tables(
        Filters=[{"Name": "vpc-id", "Values": [net.vpc]}]
    )["RouteTables"]
    with refused("DependencyViolation"):
        ec2.delete_route_table(RouteTableId=main["RouteTableId"])
    with refused("InvalidParameterValue", "main route table"):
        ec2.disassociate_route_table(
            AssociationId=main["Associations"][0]["RouteTableAssociationId"]
        )


def test_route_table_tokens(ec2, net):
    first = ec2.create_route_table(VpcId=net.vpc, ClientToken="t")["RouteTable"]
    again = ec2.create_route_table(VpcId=net.vpc, ClientToken="t")["RouteTable"]
    assert again["RouteTableId"] == first["RouteTableId"]
    other = ec2.create_vpc(CidrBlock="10.9.0.0/16")["Vpc"]["VpcId"]
    with refused("IdempotentParameterMismatch"):
        ec2.create_route_table(VpcId=other, ClientToken="t")


# ---- endpoint


def test_a_gateway_endpoint_lives(ec2, net, clock):
    table, other = net.table(), net.table()
    order = {
        "VpcId": net.vpc,
        "ServiceName": S3,
        "RouteTableIds": [table],
        "ClientToken": "e1",
        "TagSpecifications": [
            {"ResourceType": "vpc-endpoint", "Tags": [{"Key": "k", "Value": "v"}]}
        ],
    }
    made = ec2.create_vpc_endpoint(**order)["VpcEndpoint"]
    endpoint = made["VpcEndpointId"]
    assert made["State"] == "pending"
    assert made["VpcEndpointType"] == "Gateway"
    assert ec2.create_vpc_endpoint(**order)["VpcEndpoint"]["VpcEndpointId"] == endpoint
    with refused("IdempotentParameterMismatch"):
        ec2.create_vpc_endpoint(**{**order, "RouteTableIds": [other]})
    with refused("RouteAlreadyExists"):
        ec2.create_vpc_endpoint(**{**order, "ClientToken": "e2"})
    brought = [
        route
        for name, route in net.routes(table).items()
        if name.startswith("pl-") and route["GatewayId"] == endpoint
    ]
    assert len(brought) == 1
    with refused("InvalidParameterValue", "cannot remove VPC endpoint route"):
        ec2.delete_route(
            RouteTableId=table,
            DestinationPrefixListId=brought[0]["DestinationPrefixListId"],
        )
    clock.advance(15)
    (shown,) = ec2.describe_vpc_endpoints(
        Filters=[
            {"Name": "vpc-id", "Values": [net.vpc]},
            {"Name": "service-name", "Values": [S3]},
            {"Name": "vpc-endpoint-id", "Values": [endpoint]},
            {"Name": "tag:k", "Values": ["v"]},
        ]
    )["VpcEndpoints"]
    assert shown["State"] == "available"
    assert "2008-10-17" in shown["PolicyDocument"]

    ec2.modify_vpc_endpoint(
        VpcEndpointId=endpoint,
        AddRouteTableIds=[other],
        RemoveRouteTableIds=[table],
        PolicyDocument='{"Version": "2012-10-17", "Statement": []}',
    )
    assert not [name for name in net.routes(table) if name.startswith("pl-")]
    assert [name for name in net.routes(other) if name.startswith("pl-")]
    ec2.modify_vpc_endpoint(VpcEndpointId=endpoint, ResetPolicy=True)
    (shown,) = ec2.describe_vpc_endpoints(VpcEndpointIds=[endpoint])["VpcEndpoints"]
    assert "2008-10-17" in shown["PolicyDocument"]
    assert shown["RouteTableIds"] == [other]

    answer = ec2.delete_vpc_endpoints(VpcEndpointIds=[endpoint, "vpce-1"])
    (failed,) = answer["Unsuccessful"]
    assert failed["ResourceId"] == "vpce-1"
    assert failed["Error"]["Code"] == "InvalidVpcEndpointId.NotFound"
    (shown,) = ec2.describe_vpc_endpoints(VpcEndpointIds=[endpoint])["VpcEndpoints"]
    assert shown["State"] == "deleting"
    assert not [name for name in net.routes(other) if name.startswith("pl-")]
    clock.advance(15)
    with refused("InvalidVpcEndpointId.NotFound"):
        ec2.describe_vpc_endpoints(VpcEndpointIds=[endpoint])


def test_endpoint_services_must_exist(ec2, net):
    with refused("InvalidServiceName"):
        ec2.create_vpc_endpoint(VpcId=net.vpc, ServiceName="com.amazonaws.mars.s3")
    with refused("InvalidRouteTableID.NotFound"):
        ec2.create_vpc_endpoint(VpcId=net.vpc, ServiceName=S3, RouteTableIds=["rtb-1"])


def test_routes_that_a_gateway_brings_along(ec2, net):
    table = ec2.create_route_table(VpcId=net.vpc)["RouteTable"]["RouteTableId"]
    gateway = ec2.create_vpn_gateway(Type="ipsec.1")["VpnGateway"]["VpnGatewayId"]
    at = {"RouteTableId": table, "GatewayId": gateway}
    with refused("Gateway.NotAttached"):
        ec2.enable_vgw_route_propagation(**at)
    with refused("InvalidVpnGatewayID.NotFound"):
        ec2.enable_vgw_route_propagation(RouteTableId=table, GatewayId="vgw-0")
    ec2.attach_vpn_gateway(VpcId=net.vpc, VpnGatewayId=gateway)
    for _ in range(2):
        ec2.enable_vgw_route_propagation(**at)

    def brought():
        (found,) = ec2.describe_route_tables(RouteTableIds=[table])["RouteTables"]
        return found["PropagatingVgws"]

    assert brought() == [{"GatewayId": gateway}]
    for _ in range(2):
        ec2.disable_vgw_route_propagation(**at)
    assert brought() == []
