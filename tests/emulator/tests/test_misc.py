"""Identity, quotas, policy simulation, what RDS offers."""

from __future__ import annotations

import datetime

import pytest
from landscape import Platform
from scene import refused


def test_the_caller_is_an_assumed_role_that_exists(aws):
    me = aws("sts").get_caller_identity()
    assert me["Arn"] == "arn:aws:sts::123456789012:assumed-role/platform-admin/session"
    role = aws("iam").get_role(RoleName="platform-admin")["Role"]
    assert me["UserId"] == f"{role['RoleId']}:session"
    assert role["Path"] == "/"


def test_another_account_by_access_key(aws):
    key = "ACCOUNT111122223333"
    assert aws("sts", key=key).get_caller_identity()["Account"] == "111122223333"
    aws("iam", key=key).get_role(RoleName="platform-admin")
    aws("ec2", key=key).create_vpc(CidrBlock="10.9.0.0/16")
    mine = aws("ec2").describe_vpcs()["Vpcs"]
    assert "10.9.0.0/16" not in [each["CidrBlock"] for each in mine]


@pytest.mark.parametrize(
    ("service", "operation", "code"),
    [
        ("ec2", "describe_vpcs", "AuthFailure"),
        ("iam", "list_roles", "InvalidClientTokenId"),
        ("sts", "get_caller_identity", "InvalidClientTokenId"),
        ("eks", "list_clusters", "UnrecognizedClientException"),
        ("kms", "list_keys", "UnrecognizedClientException"),
    ],
)
def test_unknown_keys_are_refused(aws, service, operation, code):
    with refused(code):
        getattr(aws(service, key="INVALID"), operation)()


def test_denied_keys_may_only_ask_who_they_are(aws):
    aws("sts", key="DENYALL").get_caller_identity()
    with refused("UnauthorizedOperation", "ec2:DescribeVpcs"):
        aws("ec2", key="DENYALL").describe_vpcs()
    with refused("AccessDenied", "iam:ListRoles"):
        aws("iam", key="DENYALL").list_roles()
    with refused("AccessDeniedException", "eks:ListClusters"):
        aws("eks", key="DENYALL").list_clusters()


def test_quotas_with_and_without_an_applied_value(aws, world):
    quotas = aws("service-quotas")
    got = quotas.get_service_quota(ServiceCode="vpc", QuotaCode="L-F678F1CE")
    assert got["Quota"]["Value"] == 5
    with refused("NoSuchResourceException"):
        quotas.get_service_quota(ServiceCode="vpc", QuotaCode="L-407747CB")
    default = quotas.get_aws_default_service_quota(
        ServiceCode="vpc", QuotaCode="L-407747CB"
    )
    assert default["Quota"]["Value"] == 200
    world.settings.quotas["L-F678F1CE"] = 2
    got = quotas.get_service_quota(ServiceCode="vpc", QuotaCode="L-F678F1CE")
    assert got["Quota"]["Value"] == 2
    codes = [
        each["QuotaCode"]
        for each in quotas.list_service_quotas(ServiceCode="vpc")["Quotas"]
    ]
    assert "L-F678F1CE" in codes and "L-407747CB" not in codes


def test_policy_simulation_follows_ordered_denials(emulator, aws):
    iam = aws("iam")
    role = iam.get_role(RoleName="platform-admin")["Role"]["Arn"]
    emulator.control(
        "/strict/faults", {"service": "ec2", "operation": "CreateVpc", "kind": "denied"}
    )
    results = iam.simulate_principal_policy(
        PolicySourceArn=role, ActionNames=["ec2:CreateVpc", "ec2:CreateSubnet"]
    )["EvaluationResults"]
    decisions = {each["EvalActionName"]: each["EvalDecision"] for each in results}
    assert decisions == {
        "ec2:CreateVpc": "implicitDeny",
        "ec2:CreateSubnet": "allowed",
    }
    with refused("InvalidInput"):
        iam.simulate_principal_policy(
            PolicySourceArn=aws("sts").get_caller_identity()["Arn"],
            ActionNames=["ec2:CreateVpc"],
        )


def test_engine_versions(aws, world):
    rds = aws("rds")
    sixteen = rds.describe_db_engine_versions(Engine="postgres", EngineVersion="16")
    texts = [each["EngineVersion"] for each in sixteen["DBEngineVersions"]]
    assert "16.13" in texts and "16.3" not in texts
    (default,) = rds.describe_db_engine_versions(
        Engine="postgres", EngineVersion="16", DefaultOnly=True
    )["DBEngineVersions"]
    assert default["EngineVersion"] == "16.13"
    assert default["DBParameterGroupFamily"] == "postgres16"
    (newest,) = rds.describe_db_engine_versions(
        Engine="postgres", EngineVersion="16.14"
    )["DBEngineVersions"]
    targets = [each["EngineVersion"] for each in newest["ValidUpgradeTarget"]]
    assert "17.10" in targets and "17.9" not in targets
    world.settings.extra["withdrawn"] = ["16.13"]
    asked = {"Engine": "postgres", "EngineVersion": "16.13"}
    assert rds.describe_db_engine_versions(**asked)["DBEngineVersions"] == []
    (told,) = rds.describe_db_engine_versions(**asked, IncludeAll=True)[
        "DBEngineVersions"
    ]
    assert told["Status"] == "deprecated" and told["ValidUpgradeTarget"]
    unknown = rds.describe_db_engine_versions(Engine="postgres", EngineVersion="16.99")
    assert unknown["DBEngineVersions"] == []


def test_orderable_options(aws):
    options = aws("rds").describe_orderable_db_instance_options(
        Engine="postgres",
        EngineVersion="16.13",
        DBInstanceClass="db.t3.xlarge",
        Vpc=True,
    )["OrderableDBInstanceOptions"]
    (gp3,) = [each for each in options if each["StorageType"] == "gp3"]
    assert gp3["MultiAZCapable"] and gp3["SupportsStorageEncryption"]
    zones = [each["Name"] for each in gp3["AvailabilityZones"]]
    assert "us-east-1a" in zones and "us-east-1e" not in zones
    nothing = aws("rds").describe_orderable_db_instance_options(
        Engine="postgres", EngineVersion="16.13", DBInstanceClass="db.m4.large"
    )
    assert nothing["OrderableDBInstanceOptions"] == []


def test_all_orderable_options_come_in_pages(aws):
    pages = aws("rds").get_paginator("describe_orderable_db_instance_options")
    found = [
        each
        for page in pages.paginate(Engine="postgres", EngineVersion="16.13")
        for each in page["OrderableDBInstanceOptions"]
    ]
    assert len(found) > 100


# ---- what preflight checks ask for


def test_limits_follow_the_quotas(aws, world):
    world.settings.quotas.update({"L-0263D0A3": 3, "L-53DA6B97": 1, "L-7B6409FD": 2})
    attributes = aws("ec2").describe_account_attributes()["AccountAttributes"]
    values = {
        each["AttributeName"]: each["AttributeValues"][0]["AttributeValue"]
        for each in attributes
    }
    assert values["vpc-max-elastic-ips"] == "3"
    limits = aws("elbv2").describe_account_limits()["Limits"]
    assert {"Name": "application-load-balancers", "Max": "1"} in limits
    quotas = aws("rds").describe_account_attributes()["AccountQuotas"]
    instances = {"AccountQuotaName": "DBInstances", "Used": 0, "Max": 2}
    assert instances in quotas
    limits = aws("autoscaling").describe_account_limits()
    assert limits["MaxNumberOfAutoScalingGroups"] == 500
    aws("ec2").get_ebs_default_kms_key_id()


def test_what_nobody_answers_says_so(aws):
    with refused("EmulatorFailure", "DescribeCertificates"):
        aws("rds").describe_certificates()


def test_service_linked_roles_come_with_the_first_cluster(emulator, aws):
    iam = aws("iam")
    with refused("NoSuchEntity"):
        iam.get_role(RoleName="AWSServiceRoleForAmazonEKS")
    Platform(emulator, nat=False).create()
    iam.get_role(RoleName="AWSServiceRoleForAmazonEKS")


def test_rds_moves_minor_versions_by_itself(emulator, aws):
    rds = aws("rds")
    rds.create_db_instance(
        DBInstanceIdentifier="one",
        Engine="postgres",
        EngineVersion="16.11",
        DBInstanceClass="db.t3.xlarge",
        AllocatedStorage=100,
        StorageType="gp3",
        MasterUsername="packages",
        MasterUserPassword="not-a-secret-1",
    )
    for action, value in (
        ("minor_version", {"version": "16.13"}),
        ("storage_grown", {"value": 200}),
        ("status", {"value": "storage-full"}),
    ):
        order = {"kind": "db_instance", "id": "one", "action": action, **value}
        emulator.control("/strict/mutate", order)
    (found,) = rds.describe_db_instances(DBInstanceIdentifier="one")["DBInstances"]
    assert found["EngineVersion"] == "16.13"
    assert found["AllocatedStorage"] == 200
    assert found["DBInstanceStatus"] == "storage-full"
    counts = emulator.control("/strict/inventory")["counts"]
    assert counts["db_instance"] == 1


def test_an_access_key_may_have_another_identity(aws, world):
    iam = aws("iam")
    trust = (
        '{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": '
        '{"Service": "ec2.amazonaws.com"}, "Action": "sts:AssumeRole"}]}'
    )
    role = iam.create_role(
        RoleName="deployer", Path="/teams/ci/", AssumeRolePolicyDocument=trust
    )["Role"]
    user = iam.create_user(UserName="ann", Path="/people/")["User"]
    callers = {"AKIAROLE": "role/teams/ci/deployer", "AKIAUSER": "user/people/ann"}
    world.settings.extra["callers"] = callers
    told = aws("sts", key="AKIAROLE").get_caller_identity()
    assert told["Arn"] == "arn:aws:sts::123456789012:assumed-role/deployer/session"
    assert told["UserId"] == f"{role['RoleId']}:session"
    told = aws("sts", key="AKIAUSER").get_caller_identity()
    assert (told["Arn"], told["UserId"]) == (user["Arn"], user["UserId"])
    assert aws("sts").get_caller_identity()["Arn"].endswith("platform-admin/session")


def test_what_nobody_makes_is_told_as_nothing(aws):
    ec2 = aws("ec2")
    assert ec2.describe_address_transfers()["AddressTransfers"] == []
    found = ec2.describe_security_group_vpc_associations()
    assert found["SecurityGroupVpcAssociations"] == []
    assert aws("rds").describe_integrations()["Integrations"] == []


def test_a_key_with_a_policy_may_do_what_it_allows_and_nothing_else(aws, emulator):
    aws("s3").create_bucket(Bucket="ours")
    aws("s3").create_bucket(Bucket="theirs")
    keys = [aws("kms").create_key()["KeyMetadata"]["Arn"] for _ in range(2)]
    policy = {
        "Version": "2012-10-17",
        "Statement": [
            # Names of actions are of any case; of wildcards there are two.
            {"Effect": "Allow", "Action": "EC2:describe*", "Resource": "*"},
            {"Effect": "Allow", "Action": "kms:DescribeKey", "Resource": keys[0]},
            {
                "Effect": "Allow",
                "Action": ["s3:ListBucket", "s3:GetObject"],
                "Resource": [
                    "arn:aws:s3:::ours",
                    "arn:aws:s3:::ours/a/*",
                    "arn:aws:s3:::ours/[bc]",
                ],
            },
            {
                "Effect": "Allow",
                "Action": "iam:ListRoles",
                "Resource": "*",
                "Condition": {"Bool": {"aws:MultiFactorAuthPresent": "true"}},
            },
            {"Effect": "Deny", "Action": "ec2:DescribeSubnets", "Resource": "*"},
        ],
    }
    emulator.control("/strict/settings", {"extra": {"policies": {"AKIAJOB": policy}}})
    aws("sts", key="AKIAJOB").get_caller_identity()
    aws("ec2", key="AKIAJOB").describe_vpcs()
    with refused("UnauthorizedOperation", "ec2:CreateVpc"):
        aws("ec2", key="AKIAJOB").create_vpc(CidrBlock="10.0.0.0/16")
    with refused("UnauthorizedOperation", "ec2:DescribeSubnets"):
        aws("ec2", key="AKIAJOB").describe_subnets()
    with refused("AccessDenied", "iam:ListRoles"):
        aws("iam", key="AKIAJOB").list_roles()
    aws("kms", key="AKIAJOB").describe_key(KeyId=keys[0])
    with refused("AccessDeniedException", "kms:DescribeKey"):
        aws("kms", key="AKIAJOB").describe_key(KeyId=keys[1])
    s3 = aws("s3", key="AKIAJOB")
    s3.list_objects_v2(Bucket="ours")
    with refused("AccessDenied"):
        s3.list_objects_v2(Bucket="theirs")
    with refused("NoSuchKey"):
        s3.get_object(Bucket="ours", Key="a/b")
    with refused("AccessDenied"):
        s3.get_object(Bucket="ours", Key="b")
    with refused("AccessDenied"):
        s3.put_object(Bucket="ours", Key="a/b", Body=b"")
    aws("ec2").create_vpc(CidrBlock="10.0.0.0/16")
