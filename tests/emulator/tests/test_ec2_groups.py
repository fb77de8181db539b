"""Security groups and their rules."""

from __future__ import annotations

import pytest
from scene import Network, refused, slow


@pytest.fixture
def ec2(aws):
    return aws("ec2")


@pytest.fixture
def net(world, ec2):
    slow(world)
    return Network(ec2)


def web(*ranges, port=443):
    return [
        {
            "IpProtocol": "tcp",
            "FromPort": port,
            "ToPort": port,
            "IpRanges": [{"CidrIp": each, "Description": "web"} for each in ranges],
        }
    ]


def rules(ec2, group, **more):
    return ec2.describe_security_group_rules(
        Filters=[{"Name": "group-id", "Values": [group]}], **more
    )["SecurityGroupRules"]


def test_names(ec2, net):
    made = ec2.create_security_group(
        GroupName="Alb",
        Description="d",
        VpcId=net.vpc,
        TagSpecifications=[
            {"ResourceType": "security-group", "Tags": [{"Key": "k", "Value": "v"}]}
        ],
    )
    assert made["Tags"] == [{"Key": "k", "Value": "v"}]
    with refused("InvalidGroup.Duplicate", "already exists for VPC"):
        net.group("alb")
    with refused("InvalidParameterValue", "sg-"):
        net.group("sg-one")
    with refused("InvalidVpcID.NotFound"):
        ec2.create_security_group(GroupName="x", Description="d", VpcId="vpc-1")
    (found,) = ec2.describe_security_groups(
        Filters=[
            {"Name": "group-name", "Values": ["Alb"]},
            {"Name": "vpc-id", "Values": [net.vpc]},
            {"Name": "tag:k", "Values": ["v"]},
        ]
    )["SecurityGroups"]
    assert found["GroupId"] == made["GroupId"]


def test_default_egress(ec2, net):
    (rule,) = rules(ec2, net.group("one"))
    assert (rule["IsEgress"], rule["CidrIpv4"], rule["IpProtocol"]) == (
        True,
        "0.0.0.0/0",
        "-1",
    )
    assert (rule["FromPort"], rule["ToPort"]) == (-1, -1)


def test_rules_are_added_all_or_none(ec2, net):
    group = net.group("one")
    made = ec2.authorize_security_group_ingress(
        GroupId=group,
        IpPermissions=web("10.0.0.9/8") + web("0.0.0.0/0", port=80),
        TagSpecifications=[
            {
                "ResourceType": "security-group-rule",
                "Tags": [{"Key": "k", "Value": "v"}],
            }
        ],
    )["SecurityGroupRules"]
    assert [rule["CidrIpv4"] for rule in made] == ["10.0.0.0/8", "0.0.0.0/0"]
    assert all(rule["Tags"] == [{"Key": "k", "Value": "v"}] for rule in made)
    assert made[0]["Description"] == "web"
    with refused("InvalidPermission.Duplicate", "already exists"):
        ec2.authorize_security_group_ingress(
            GroupId=group,
            IpPermissions=web("10.9.0.0/16") + web("10.0.0.0/8"),
        )
    assert len([rule for rule in rules(ec2, group) if not rule["IsEgress"]]) == 2
    with refused("InvalidParameterValue", "same permission"):
        ec2.authorize_security_group_ingress(
            GroupId=group, IpPermissions=web("10.9.0.0/16", "10.9.0.0/16")
        )


def test_group_sources(ec2, net):
    alb, db = net.group("alb"), net.group("db")
    pair = {
        "IpProtocol": "6",
        "FromPort": 5432,
        "ToPort": 5432,
        "UserIdGroupPairs": [{"GroupId": alb, "Description": "from alb"}],
    }
    (made,) = ec2.authorize_security_group_ingress(GroupId=db, IpPermissions=[pair])[
        "SecurityGroupRules"
    ]
    assert made["IpProtocol"] == "tcp"
    assert made["ReferencedGroupInfo"]["GroupId"] == alb
    assert made["Description"] == "from alb"
    with refused("InvalidPermission.Duplicate"):
        pair["UserIdGroupPairs"][0].pop("Description")
        ec2.authorize_security_group_ingress(GroupId=db, IpPermissions=[pair])
    with refused("DependencyViolation", "has a dependent object"):
        ec2.delete_security_group(GroupId=alb)
    ec2.revoke_security_group_ingress(GroupId=db, IpPermissions=[pair])
    ec2.delete_security_group(GroupId=alb)
    with refused("InvalidGroup.NotFound"):
        ec2.delete_security_group(GroupId=alb)
    with refused("InvalidGroup.NotFound"):
        ec2.authorize_security_group_ingress(GroupId=db, IpPermissions=[pair])


def test_revoking(ec2, net):
    group = net.group("one")
    (egress,) = rules(ec2, group)
    ec2.revoke_security_group_egress(
        GroupId=group, SecurityGroupRuleIds=[egress["SecurityGroupRuleId"]]
    )
    assert rules(ec2, group) == []
    with refused("InvalidPermission.NotFound"):
        ec2.revoke_security_group_ingress(
            GroupId=group, IpPermissions=web("10.0.0.0/8")
        )
    with refused("InvalidSecurityGroupRuleId.NotFound"):
        ec2.revoke_security_group_ingress(
            GroupId=group, SecurityGroupRuleIds=["sgr-0000"]
        )


def test_modifying_rules_in_place(ec2, net):
    group = net.group("one")
    first, second = ec2.authorize_security_group_ingress(
        GroupId=group, IpPermissions=web("10.0.0.0/8", "10.0.0.0/9")
    )["SecurityGroupRules"]

    def change(cidr, **more):
        ec2.modify_security_group_rules(
            GroupId=group,
            SecurityGroupRules=[
                {
                    "SecurityGroupRuleId": first["SecurityGroupRuleId"],
                    "SecurityGroupRule": {
                        "IpProtocol": "tcp",
                        "FromPort": 8443,
                        "ToPort": 8443,
                        "CidrIpv4": cidr,
                        **more,
                    },
                }
            ],
        )

    change("192.168.0.0/16", Description="new")
    shown = {
        rule["SecurityGroupRuleId"]: rule
        for rule in rules(ec2, group)
        if not rule["IsEgress"]
    }[first["SecurityGroupRuleId"]]
    assert (shown["CidrIpv4"], shown["FromPort"], shown["Description"]) == (
        "192.168.0.0/16",
        8443,
        "new",
    )
    with refused("InvalidSecurityGroupRuleId.NotFound"):
        ec2.modify_security_group_rules(
            GroupId=group,
            SecurityGroupRules=[
                {
                    "SecurityGroupRuleId": "sgr-1",
                    "SecurityGroupRule": {"IpProtocol": "-1", "CidrIpv4": "0.0.0.0/0"},
                }
            ],
        )
    (one,) = ec2.describe_security_group_rules(
        SecurityGroupRuleIds=[second["SecurityGroupRuleId"]]
    )["SecurityGroupRules"]
    assert one["CidrIpv4"] == "10.0.0.0/9"
    with refused("InvalidSecurityGroupRuleId.NotFound"):
        ec2.describe_security_group_rules(SecurityGroupRuleIds=["sgr-1"])


def test_the_default_group_stays(ec2, net):
    (group,) = ec2.describe_security_groups(
        Filters=[{"Name": "vpc-id", "Values": [net.vpc]}]
    )["SecurityGroups"]
    with refused("CannotDelete", "cannot be deleted by a user"):
        ec2.delete_security_group(GroupId=group["GroupId"])


def test_a_group_in_use_stays(ec2, net):
    group = net.group("one")
    eni = ec2.create_network_interface(SubnetId=net.subnets[0], Groups=[group])[
        "NetworkInterface"
    ]["NetworkInterfaceId"]
    with refused("DependencyViolation"):
        ec2.delete_security_group(GroupId=group)
    with refused("DependencyViolation"):
        ec2.delete_subnet(SubnetId=net.subnets[0])
    ec2.delete_network_interface(NetworkInterfaceId=eni)
    ec2.delete_security_group(GroupId=group)
    ec2.delete_subnet(SubnetId=net.subnets[0])


def test_sixty_rules_per_direction(ec2, net):
    group = net.group("one")
    ranges = [f"10.{index}.0.0/16" for index in range(60)]
    ec2.authorize_security_group_ingress(GroupId=group, IpPermissions=web(*ranges))
    with refused("RulesPerSecurityGroupLimitExceeded"):
        ec2.authorize_security_group_ingress(
            GroupId=group, IpPermissions=web("0.0.0.0/0")
        )
