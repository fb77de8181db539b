"""What IAM is asked for a call: resources, conditions, and the actions it depends on."""

from __future__ import annotations

import json

from scene import refused

OURS = {"ppm-infra:stack": "ours"}


def allow(emulator, *statements):
    """Give the key of the job a policy of these statements."""
    policy = {"Version": "2012-10-17", "Statement": list(statements)}
    emulator.control("/strict/settings", {"extra": {"policies": {"AKIAJOB": policy}}})


def statement(actions, resource="*", **condition):
    """One that allows these actions."""
    made = {"Effect": "Allow", "Action": actions, "Resource": resource}
    return {**made, "Condition": condition} if condition else made


def tags(kind, named):
    """The tags of something that is made."""
    listed = [{"Key": key, "Value": value} for key, value in named.items()]
    return [{"ResourceType": kind, "Tags": listed}]


def test_what_is_made_in_ec2_needs_the_tag_and_the_right_to_give_it(aws, emulator):
    made = {"StringEquals": {"aws:RequestTag/ppm-infra:stack": "ours"}}
    tagging = {"StringEquals": {"ec2:CreateAction": "CreateVpc"}}
    ec2 = aws("ec2", key="AKIAJOB")

    def make(named):
        specs = tags("vpc", named)
        return ec2.create_vpc(CidrBlock="10.0.0.0/16", TagSpecifications=specs)

    allow(emulator, statement("ec2:CreateVpc", **made))
    with refused("UnauthorizedOperation", "ec2:CreateTags"):
        make(OURS)
    allow(
        emulator,
        statement("ec2:CreateVpc", **made),
        statement("ec2:CreateTags", **tagging),
    )
    make(OURS)
    with refused("UnauthorizedOperation", "ec2:CreateVpc"):
        make({"ppm-infra:stack": "theirs"})


def test_what_is_removed_in_ec2_needs_the_tag(aws, emulator):
    admin = aws("ec2")
    ids = [
        admin.create_vpc(CidrBlock="10.0.0.0/16", TagSpecifications=tags("vpc", named))[
            "Vpc"
        ]["VpcId"]
        for named in (OURS, {"ppm-infra:stack": "theirs"})
    ]
    ours = {"StringEquals": {"aws:ResourceTag/ppm-infra:stack": "ours"}}
    anywhere = "arn:aws:ec2:us-east-1:123456789012:*/*"
    allow(emulator, statement("ec2:DeleteVpc", anywhere, **ours))
    with refused("UnauthorizedOperation", "ec2:DeleteVpc"):
        aws("ec2", key="AKIAJOB").delete_vpc(VpcId=ids[1])
    aws("ec2", key="AKIAJOB").delete_vpc(VpcId=ids[0])


def test_a_role_is_given_no_policy_but_those_that_are_named(aws, emulator):
    instances = {"Service": "ec2.amazonaws.com"}
    trusted = {"Effect": "Allow", "Principal": instances, "Action": "sts:AssumeRole"}
    trust = json.dumps({"Version": "2012-10-17", "Statement": [trusted]})
    aws("iam").create_role(RoleName="ours-nodes", AssumeRolePolicyDocument=trust)
    eks = "arn:aws:iam::aws:policy/AmazonEKS*"
    roles = "arn:aws:iam::123456789012:role/ours-*"
    condition = {"ArnLike": {"iam:PolicyARN": eks}}
    allow(emulator, statement("iam:AttachRolePolicy", roles, **condition))
    iam = aws("iam", key="AKIAJOB")
    prefix = "arn:aws:iam::aws:policy/"
    iam.attach_role_policy(
        RoleName="ours-nodes", PolicyArn=prefix + "AmazonEKSWorkerNodePolicy"
    )
    with refused("AccessDenied", "iam:AttachRolePolicy"):
        iam.attach_role_policy(
            RoleName="ours-nodes", PolicyArn=prefix + "AdministratorAccess"
        )


def test_a_key_is_known_by_its_tag_and_secrets_need_it(aws, emulator):
    listed = [{"TagKey": "ppm-infra:stack", "TagValue": "ours"}]
    kms = aws("kms")
    key = kms.create_key(Tags=listed)["KeyMetadata"]["Arn"]
    ours = {"StringEquals": {"aws:ResourceTag/ppm-infra:stack": "ours"}}
    secret = "arn:aws:secretsmanager:us-east-1:123456789012:secret:ours-*"
    job = aws("secretsmanager", key="AKIAJOB")
    allow(emulator, statement("secretsmanager:CreateSecret", secret))
    with refused("AccessDeniedException", "kms:GenerateDataKey"):
        job.create_secret(Name="ours-login", SecretString="x", KmsKeyId=key)
    allow(
        emulator,
        statement("secretsmanager:CreateSecret", secret),
        statement(["kms:GenerateDataKey", "kms:Decrypt"], "*", **ours),
    )
    job.create_secret(Name="ours-login", SecretString="x", KmsKeyId=key)


def test_the_log_tells_what_was_asked(aws, emulator):
    allow(emulator, statement("ec2:DescribeVpcs"))
    aws("ec2", key="AKIAJOB").describe_vpcs()
    aws("ec2").describe_vpcs()
    calls = emulator.control("/strict/log")
    calls = calls if isinstance(calls, list) else calls["calls"]
    asked = [each["asked"] for each in calls if each["operation"] == "DescribeVpcs"]
    assert asked == [["ec2:DescribeVpcs"], []]
