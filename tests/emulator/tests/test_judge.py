"""AWS's published models judge every request: what fits, and what does not."""

from __future__ import annotations

import hashlib
import http.client
import json
import os
import re
import signal
import subprocess
import sys
import urllib.request
from base64 import b64encode
from pathlib import Path

import boto3
import pytest
from botocore import UNSIGNED
from botocore.config import Config
from botocore.exceptions import ClientError
from landscape import until
from raw import TARGETS, VERSIONS, Wire
from strict.models import model_of, python_pattern

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))

import judged  # noqa: E402

ROLE = "arn:aws:iam::123456789012:role/one"
GROUP = "arn:aws:elasticloadbalancing:us-east-1:123456789012:targetgroup/one/0123456789abcdef"
KEY = "0123abcd-0123-4abc-8def-0123456789ab"
TAGS = [{"Key": "ppm-infra:stack", "Value": "größe/1 + 2 = @_-"}]
POLICY = json.dumps({"Version": "2012-10-17", "Statement": []})


@pytest.fixture
def wire(emulator):
    return Wire(emulator.url)


# --------------------------------------------------------------------------
# What fits

RIGHT = [
    (
        "ec2",
        "describe_subnets",
        {"Filters": [{"Name": "vpc-id", "Values": ["vpc-1"]}], "MaxResults": 5},
    ),
    (
        "ec2",
        "create_security_group",
        {
            "GroupName": "a",
            "Description": "b",
            "VpcId": "vpc-1",
            "TagSpecifications": [{"ResourceType": "security-group", "Tags": TAGS}],
        },
    ),
    (
        "ec2",
        "authorize_security_group_ingress",
        {
            "GroupId": "sg-1",
            "IpPermissions": [
                {
                    "IpProtocol": "tcp",
                    "FromPort": 1,
                    "ToPort": 2,
                    "IpRanges": [{"CidrIp": "10.0.0.0/8", "Description": "d"}],
                    "UserIdGroupPairs": [{"GroupId": "sg-2"}],
                }
            ],
        },
    ),
    (
        "ec2",
        "modify_vpc_attribute",
        {"VpcId": "vpc-1", "EnableDnsSupport": {"Value": True}},
    ),
    ("iam", "tag_role", {"RoleName": "one", "Tags": TAGS}),
    ("iam", "list_policies", {"Scope": "Local", "PathPrefix": "/", "MaxItems": 7}),
    (
        "iam",
        "create_open_id_connect_provider",
        {
            "Url": "https://a.example.com",
            "ClientIDList": ["sts.amazonaws.com"],
            "ThumbprintList": [],
        },
    ),
    (
        "rds",
        "modify_db_parameter_group",
        {
            "DBParameterGroupName": "one",
            "Parameters": [
                {
                    "ParameterName": "a",
                    "ParameterValue": "1",
                    "ApplyMethod": "immediate",
                }
            ],
        },
    ),
    (
        "rds",
        "describe_db_instances",
        {
            "Filters": [{"Name": "dbi-resource-id", "Values": ["db-1"]}],
            "MaxRecords": 20,
        },
    ),
    (
        "rds",
        "create_db_parameter_group",
        {
            "DBParameterGroupName": "one",
            "DBParameterGroupFamily": "postgres17",
            "Description": "d",
            "Tags": TAGS,
        },
    ),
    (
        "rds",
        "modify_db_instance",
        {
            "DBInstanceIdentifier": "one",
            "VpcSecurityGroupIds": ["sg-1"],
            "CloudwatchLogsExportConfiguration": {"EnableLogTypes": ["postgresql"]},
        },
    ),
    (
        "autoscaling",
        "attach_load_balancer_target_groups",
        {"AutoScalingGroupName": "one", "TargetGroupARNs": [GROUP]},
    ),
    ("autoscaling", "describe_auto_scaling_groups", {"AutoScalingGroupNames": []}),
    (
        "elbv2",
        "create_target_group",
        {
            "Name": "one",
            "Protocol": "HTTP",
            "Port": 80,
            "VpcId": "vpc-1",
            "Matcher": {"HttpCode": "200"},
            "Tags": TAGS,
        },
    ),
    (
        "elbv2",
        "modify_target_group_attributes",
        {
            "TargetGroupArn": GROUP,
            "Attributes": [{"Key": "stickiness.enabled", "Value": "false"}],
        },
    ),
    ("sts", "get_caller_identity", {}),
    (
        "sts",
        "assume_role",
        {"RoleArn": ROLE, "RoleSessionName": "session", "DurationSeconds": 900},
    ),
    (
        "kms",
        "create_key",
        {
            "Policy": POLICY,
            "Tags": [{"TagKey": "a b", "TagValue": "ü"}],
            "KeySpec": "SYMMETRIC_DEFAULT",
        },
    ),
    (
        "kms",
        "encrypt",
        {"KeyId": KEY, "Plaintext": b"\x00\xff", "EncryptionContext": {"a": "b"}},
    ),
    (
        "secretsmanager",
        "create_secret",
        {"Name": "a/b", "SecretBinary": b"\x00\xff", "Tags": TAGS},
    ),
    (
        "secretsmanager",
        "list_secrets",
        {"Filters": [{"Key": "tag-key", "Values": ["a"]}], "MaxResults": 100},
    ),
    (
        "acm",
        "describe_certificate",
        {"CertificateArn": f"arn:aws:acm:us-east-1:123456789012:certificate/{KEY}"},
    ),
    (
        "eks",
        "create_nodegroup",
        {
            "clusterName": "one",
            "nodegroupName": "n",
            "subnets": ["subnet-1"],
            "nodeRole": ROLE,
            "labels": {"a": "b"},
            "scalingConfig": {"minSize": 0, "maxSize": 1, "desiredSize": 0},
            "taints": [{"key": "k", "effect": "NO_SCHEDULE"}],
            "updateConfig": {"maxUnavailable": 1},
        },
    ),
    (
        "eks",
        "untag_resource",
        {
            "resourceArn": "arn:aws:eks:us-east-1:123456789012:cluster/one",
            "tagKeys": ["a", "b"],
        },
    ),
    (
        "eks",
        "describe_addon_versions",
        {
            "addonName": "coredns",
            "kubernetesVersion": "1.33",
            "types": ["networking", "x"],
            "maxResults": 10,
        },
    ),
    ("eks", "delete_access_entry", {"clusterName": "one", "principalArn": ROLE}),
    (
        "s3",
        "put_bucket_lifecycle_configuration",
        {
            "Bucket": "one",
            "LifecycleConfiguration": {
                "Rules": [
                    {
                        "ID": "a",
                        "Status": "Enabled",
                        "Filter": {"Prefix": ""},
                        "AbortIncompleteMultipartUpload": {"DaysAfterInitiation": 7},
                    }
                ]
            },
        },
    ),
    (
        "s3",
        "put_bucket_encryption",
        {
            "Bucket": "one",
            "ServerSideEncryptionConfiguration": {
                "Rules": [
                    {
                        "ApplyServerSideEncryptionByDefault": {
                            "SSEAlgorithm": "aws:kms",
                            "KMSMasterKeyID": KEY,
                        },
                        "BucketKeyEnabled": True,
                    }
                ]
            },
        },
    ),
    (
        "s3",
        "put_bucket_tagging",
        {
            "Bucket": "one",
            "Tagging": {"TagSet": TAGS},
            "ExpectedBucketOwner": "123456789012",
        },
    ),
    (
        "s3",
        "put_bucket_acl",
        {
            "Bucket": "one",
            "AccessControlPolicy": {
                "Grants": [
                    {
                        "Grantee": {"Type": "CanonicalUser", "ID": "x"},
                        "Permission": "READ",
                    }
                ],
                "Owner": {"ID": "x"},
            },
        },
    ),
    ("s3", "put_bucket_policy", {"Bucket": "one", "Policy": POLICY}),
    (
        "s3",
        "put_object",
        {
            "Bucket": "one",
            "Key": "a/b c",
            "Body": b"<no xml",
            "Metadata": {"a": "b"},
            "IfNoneMatch": "*",
            "ChecksumAlgorithm": "SHA256",
            "Tagging": "a=b",
        },
    ),
    (
        "s3",
        "delete_objects",
        {
            "Bucket": "one",
            "Delete": {
                "Objects": [{"Key": "a"}, {"Key": "b", "VersionId": "1"}],
                "Quiet": True,
            },
        },
    ),
    (
        "s3",
        "list_object_versions",
        {"Bucket": "one", "Prefix": "a", "MaxKeys": 3, "EncodingType": "url"},
    ),
    ("s3", "create_multipart_upload", {"Bucket": "one", "Key": "k"}),
    (
        "s3",
        "upload_part",
        {"Bucket": "one", "Key": "k", "PartNumber": 1, "UploadId": "u", "Body": b"x"},
    ),
    ("s3", "copy_object", {"Bucket": "one", "Key": "k", "CopySource": "one/j"}),
    ("s3", "head_bucket", {"Bucket": "one"}),
]


@pytest.mark.parametrize(
    ("service", "call", "params"), RIGHT, ids=[f"{each[0]}-{each[1]}" for each in RIGHT]
)
def test_what_an_sdk_sends_fits_the_model(world, aws, service, call, params):
    before = sum(world.tally.judged.values())
    client = aws(service)
    try:
        getattr(client, call)(**params)
    except ClientError as error:  # there is no such object, and that is fine
        assert error.response["Error"]["Code"] != "EmulatorFailure"
    name = client.meta.method_to_api_mapping[call]
    signing = client.meta.service_model.signing_name
    assert world.tally.judged[f"{signing}:{name}"] > 0
    assert sum(world.tally.judged.values()) == before + 1
    assert world.tally.violations == []


def test_a_signed_address_and_an_unsigned_call_fit(emulator, world):
    s3 = boto3.client(
        "s3",
        region_name="us-east-1",
        endpoint_url=emulator.url,
        aws_access_key_id="AKIATESTING",
        aws_secret_access_key="secret",
        config=Config(signature_version="s3v4"),
    )
    for verb in ("get_object", "put_object"):
        address = s3.generate_presigned_url(verb, {"Bucket": "one", "Key": "k"})
        path = address.removeprefix(emulator.url)
        method = "GET" if verb == "get_object" else "PUT"
        Wire(emulator.url).rest("s3", f"{method} {path}")
    unsigned = boto3.client(
        "sts",
        region_name="us-east-1",
        endpoint_url=emulator.url,
        config=Config(signature_version=UNSIGNED),
    )
    unsigned.assume_role_with_web_identity(
        RoleArn=ROLE, RoleSessionName="sess", WebIdentityToken="a.b.c"
    )
    assert world.tally.violations == []


def test_a_bucket_in_the_name_of_the_host(wire, world, aws):
    aws("s3").create_bucket(Bucket="virtual")
    for host in ("virtual.s3.us-east-1.amazonaws.com", "virtual.localhost:5000"):
        wire.rest("s3", "GET /?tagging", Host=host)
        wire.rest("s3", "GET /a/b?tagging", Host=host)
        last, object_ = world.log.entries[-2:]
        assert (last.operation, last.resource) == ("GetBucketTagging", "virtual")
        assert object_.operation == "GetObjectTagging"
        assert object_.resource == "virtual/a/b"
    assert world.tally.violations == []


# --------------------------------------------------------------------------
# What does not fit, in the words of the service


def detected(*problems):
    """The wording that most services share."""
    many = "error" if len(problems) == 1 else "errors"
    told = "; ".join(
        f"Value {value} at '{path}' failed to satisfy constraint: {rule}"
        for value, path, rule in problems
    )
    return f"{len(problems)} validation {many} detected: {told}"


SHORT = "Member must have length greater than or equal to 1"
NULL = "Member must not be null"
AT_LEAST_ONE = "Member must have value greater than or equal to 1"
ANY_TEXT = (
    r"Member must satisfy regular expression pattern: "
    r"[\u0020-\uD7FF\uE000-\uFFFD\uD800\uDC00-\uDBFF\uDFFF\r\n\t]*"
)
XML = (
    "MalformedXML",
    "The XML you provided was not well-formed or did not validate against our "
    "published schema",
)

QUERY = [
    # EC2
    (
        "ec2 CreateVpc Cidr=10.0.0.0/16",
        "UnknownParameter",
        "The parameter Cidr is not recognized",
    ),
    (
        "ec2 CreateVpc TagSpecification.1.Tags.1.Key=a",
        "UnknownParameter",
        "The parameter Tags is not recognized",
    ),
    (
        "ec2 DescribeSubnets Filter.Item.1.Name=a",
        "UnknownParameter",
        "The parameter Item is not recognized",
    ),
    (
        "ec2 CreateSubnet CidrBlock=10.0.0.0/24",
        "MissingParameter",
        "The request must contain the parameter VpcId",
    ),
    (
        "ec2 CreateVpc InstanceTenancy=shared CidrBlock=10.0.0.0/16",
        "InvalidParameterValue",
        "Value ( shared ) for parameter instanceTenancy is invalid.",
    ),
    (
        "ec2 DescribeSubnets MaxResults=1",
        "InvalidParameterValue",
        "Value ( 1 ) for parameter maxResults is invalid. "
        "Expecting a value greater than 5.",
    ),
    (
        "ec2 DescribeSubnets MaxResults=1001",
        "InvalidParameterValue",
        "Value ( 1001 ) for parameter maxResults is invalid. "
        "Expecting a value less than 1000.",
    ),
    (
        "ec2 DescribeSubnets MaxResults=many",
        "InvalidParameterValue",
        "Value ( many ) for parameter maxResults is invalid.",
    ),
    (
        "ec2 ModifySubnetAttribute SubnetId=subnet-1 MapPublicIpOnLaunch.Value=yes",
        "InvalidParameterValue",
        "Value ( yes ) for parameter value is invalid.",
    ),
    (
        "ec2 AuthorizeSecurityGroupIngress GroupId=sg-1 IpPermissions.1.FromPort=99999999999",
        "InvalidParameterValue",
        "Value ( 99999999999 ) for parameter fromPort is invalid.",
    ),
    (
        "ec2 MakeVpc",
        "InvalidAction",
        "The action MakeVpc is not valid for this web service.",
    ),
    # Auto Scaling
    (
        f"autoscaling AttachLoadBalancerTargetGroups AutoScalingGroupName= TargetGroupARNs.member.1={GROUP}",
        "ValidationError",
        detected(("''", "autoScalingGroupName", SHORT)),
    ),
    (
        "autoscaling DetachLoadBalancerTargetGroups AutoScalingGroupName= TargetGroupARNs.member.1=",
        "ValidationError",
        detected(
            ("''", "autoScalingGroupName", SHORT),
            (
                "'[]'",
                "targetGroupARNs",
                "Member must satisfy constraint: [Member must have length less than "
                f"or equal to 511, {SHORT}, {ANY_TEXT}]",
            ),
        ),
    ),
    (
        "autoscaling DescribeLoadBalancerTargetGroups",
        "ValidationError",
        detected(("null", "autoScalingGroupName", NULL)),
    ),
    (
        "autoscaling CreateOrUpdateTags Tags.member.1.Key= Tags.member.1.Value=a",
        "ValidationError",
        detected(("''", "tags.1.member.key", SHORT)),
    ),
    # Elastic Load Balancing
    (
        "elasticloadbalancing CreateLoadBalancer Name=one Scheme=public",
        "ValidationError",
        detected(
            (
                "'public'",
                "scheme",
                "Member must satisfy enum value set: [internet-facing, internal]",
            )
        ),
    ),
    (
        "elasticloadbalancing CreateTargetGroup Name=one Port=0",
        "ValidationError",
        detected(("'0'", "port", AT_LEAST_ONE)),
    ),
    (
        "elasticloadbalancing CreateTargetGroup Name=one Port=65536",
        "ValidationError",
        detected(
            ("'65536'", "port", "Member must have value less than or equal to 65535")
        ),
    ),
    (
        f"elasticloadbalancing DescribeTags ResourceArns.1={GROUP}",
        "MalformedInput",
        "The parameter resourceArns.1 is not recognized",
    ),
    (
        f"elasticloadbalancing AddTags ResourceArns.member.1={GROUP} Tags.member.1.Value=a",
        "ValidationError",
        detected(("null", "tags.1.member.key", NULL)),
    ),
    # IAM
    (
        "iam GetRole RoleName=a/b",
        "ValidationError",
        detected(
            (
                "'a/b'",
                "roleName",
                r"Member must satisfy regular expression pattern: [\w+=,.@-]+",
            )
        ),
    ),
    (
        "iam GetRole",
        "ValidationError",
        detected(("null", "roleName", NULL)),
    ),
    (
        f"iam GetRole RoleName={'x' * 65}",
        "ValidationError",
        detected(
            (
                f"'{'x' * 65}'",
                "roleName",
                "Member must have length less than or equal to 64",
            )
        ),
    ),
    (
        "iam ListPolicies Scope=Ours MaxItems=0",
        "ValidationError",
        detected(
            (
                "'Ours'",
                "scope",
                "Member must satisfy enum value set: [All, AWS, Local]",
            ),
            ("'0'", "maxItems", AT_LEAST_ONE),
        ),
    ),
    (
        "iam ListPolicies OnlyAttached=maybe",
        "MalformedInput",
        "onlyAttached can not be converted to boolean",
    ),
    (
        "iam GetRole RoleName=one Role=two",
        "MalformedInput",
        "The parameter role is not recognized",
    ),
    (
        f"iam SimulatePrincipalPolicy PolicySourceArn={ROLE} ActionNames.member.1=s3:Get "
        "PolicyExclusionList.member.1.PolicyType=inline "
        f"PolicyExclusionList.member.1.PolicyArn={ROLE}",
        "ValidationError",
        detected(
            (
                f"'{{PolicyType=inline, PolicyArn={ROLE}}}'",
                "policyExclusionList.1.member",
                "Member must have exactly one of its members",
            )
        ),
    ),
    (
        "iam FindRole RoleName=one",
        "InvalidAction",
        "Could not find operation FindRole for version 2010-05-08",
    ),
    # RDS
    (
        "rds DeleteDBInstance SkipFinalSnapshot=true",
        "MissingParameter",
        "The request must contain the parameter DBInstanceIdentifier",
    ),
    (
        "rds DescribeDBInstances Filters.Filter.1.Name=a",
        "MissingParameter",
        "The request must contain the parameter Values",
    ),
    (
        "rds DescribeDBInstances MaxRecords=twenty",
        "MalformedInput",
        "maxRecords can not be converted to integer",
    ),
    (
        "rds ModifyDBParameterGroup DBParameterGroupName=a Parameters.member.1.ParameterName=b",
        "MalformedInput",
        "The parameter parameters.member is not recognized",
    ),
    (
        "rds ModifyDBParameterGroup DBParameterGroupName=a "
        "Parameters.Parameter.1.ApplyMethod=now",
        "ValidationError",
        detected(
            (
                "'now'",
                "parameters.1.member.applyMethod",
                "Member must satisfy enum value set: [immediate, pending-reboot]",
            )
        ),
    ),
    # STS
    (
        f"sts AssumeRole RoleArn={ROLE} RoleSessionName=s DurationSeconds=899",
        "ValidationError",
        detected(
            (
                "'s'",
                "roleSessionName",
                "Member must have length greater than or equal to 2",
            ),
            (
                "'899'",
                "durationSeconds",
                "Member must have value greater than or equal to 900",
            ),
        ),
    ),
]


@pytest.mark.wrong_requests
@pytest.mark.parametrize(
    ("order", "code", "message"), QUERY, ids=[each[0][:60] for each in QUERY]
)
def test_query_services_refuse_in_their_words(world, wire, order, code, message):
    service, action, *pairs = order.split(" ")
    params = dict(pair.split("=", 1) for pair in pairs)
    assert wire.query(service, action, **params) == (code, message)
    (found,) = world.tally.violations
    assert (found["service"], found["operation"]) == (service, action)


CERTIFICATE = (
    r"Member must satisfy regular expression pattern: arn:[\w+=/,.@-]+:acm:"
    r"[\w+=/,.@-]*:[0-9]+:[\w+=,.@-]+(/[\w+=,.@-]+)*"
)
KMS_ALIAS = r"Member must satisfy regular expression pattern: ^[a-zA-Z0-9:/_-]+$"
JSON = [
    (
        "kms",
        "DescribeKey",
        {"KeyId": ""},
        "ValidationException",
        detected(("''", "keyId", SHORT)),
    ),
    (
        "kms",
        "DescribeKey",
        {"KeyId": 1},
        "SerializationException",
        "keyId can not be converted to string",
    ),
    (
        "kms",
        "CreateKey",
        {"Tags": [{"TagKey": "a"}]},
        "ValidationException",
        detected(("null", "tags.1.member.tagValue", NULL)),
    ),
    (
        "kms",
        "CreateKey",
        {"Tags": {"a": "b"}},
        "SerializationException",
        "tags can not be converted to list",
    ),
    (
        "kms",
        "ScheduleKeyDeletion",
        {"KeyId": KEY, "PendingWindowInDays": 0},
        "ValidationException",
        detected(("'0'", "pendingWindowInDays", AT_LEAST_ONE)),
    ),
    (
        "kms",
        "CreateAlias",
        {"AliasName": "alias/a b", "TargetKeyId": KEY},
        "ValidationException",
        detected(("'alias/a b'", "aliasName", KMS_ALIAS)),
    ),
    (
        "kms",
        "Encrypt",
        {"KeyId": KEY, "Plaintext": "not base64!"},
        "SerializationException",
        "plaintext can not be converted to blob",
    ),
    (
        "kms",
        "Encrypt",
        {"KeyId": KEY, "Plaintext": ""},
        "ValidationException",
        "1 validation error detected: Value at 'plaintext' failed to satisfy "
        f"constraint: {SHORT}",
    ),
    (
        "kms",
        "ListKeys",
        {"Limits": 5},
        "SerializationException",
        "The parameter limits is not recognized",
    ),
    (
        "kms",
        "ListKeys",
        "{",
        "SerializationException",
        "The request could not be read",
    ),
    ("kms", "LoseKey", {}, "UnknownOperationException", "No operation LoseKey"),
    (
        "secretsmanager",
        "CreateSecret",
        {"Name": "a", "SecretString": ""},
        "ValidationException",
        "1 validation error detected: Value at 'secretString' failed to satisfy "
        f"constraint: {SHORT}",
    ),
    (
        "secretsmanager",
        "ListSecrets",
        {"Filters": [{"Key": "colour"}]},
        "ValidationException",
        detected(
            (
                "'colour'",
                "filters.1.member.key",
                "Member must satisfy enum value set: [description, name, tag-key, "
                "tag-value, primary-region, owning-service, all]",
            )
        ),
    ),
    (
        "secretsmanager",
        "DeleteSecret",
        {"SecretId": "a", "ForceDeleteWithoutRecovery": "yes"},
        "SerializationException",
        "forceDeleteWithoutRecovery can not be converted to boolean",
    ),
    (
        "acm",
        "DescribeCertificate",
        {"CertificateArn": "arn:aws:s3:::bucket-of-ours"},
        "ValidationException",
        detected(("'arn:aws:s3:::bucket-of-ours'", "certificateArn", CERTIFICATE)),
    ),
    (
        "acm",
        "DescribeCertificate",
        {},
        "ValidationException",
        detected(("null", "certificateArn", NULL)),
    ),
]


@pytest.mark.wrong_requests
@pytest.mark.parametrize(
    ("service", "operation", "body", "code", "message"),
    JSON,
    ids=[f"{each[0]}-{each[1]}-{each[2]}"[:60] for each in JSON],
)
def test_json_services_refuse_in_their_words(
    world, wire, service, operation, body, code, message
):
    assert wire.json(service, operation, body) == (code, message)
    assert len(world.tally.violations) == 1


CLUSTER = {"name": "a", "roleArn": ROLE, "resourcesVpcConfig": {}}
NODES = {"nodegroupName": "n", "nodeRole": ROLE, "subnets": ["subnet-1"]}
EKS = [
    (
        "POST /clusters",
        {"name": "-one", "roleArn": ROLE, "resourcesVpcConfig": {}},
        "The parameter name contains invalid characters. It should conform to the "
        r'regular expression "^[0-9A-Za-z][A-Za-z0-9\-_]*"',
    ),
    (
        "POST /clusters",
        {"name": "a", "roleArn": ROLE},
        detected(("null", "resourcesVpcConfig", NULL)),
    ),
    (
        "POST /clusters/one/node-groups",
        {**NODES, "scalingConfig": {"minSize": -1}},
        detected(
            (
                "'-1'",
                "scalingConfig.minSize",
                "Member must have value greater than or equal to 0",
            )
        ),
    ),
    (
        "POST /clusters/one/node-groups",
        {**NODES, "capacityType": "FREE"},
        detected(
            (
                "'FREE'",
                "capacityType",
                "Member must satisfy enum value set: [ON_DEMAND, SPOT, CAPACITY_BLOCK]",
            )
        ),
    ),
    (
        "POST /clusters/one/node-groups",
        {**NODES, "taints": [{"effect": "no-schedule"}]},
        detected(
            (
                "'no-schedule'",
                "taints.1.member.effect",
                "Member must satisfy enum value set: [NO_SCHEDULE, NO_EXECUTE, "
                "PREFER_NO_SCHEDULE]",
            )
        ),
    ),
    (
        "POST /clusters/one/node-groups",
        {**NODES, "labels": {"": "b"}},
        detected(
            (
                "'[]'",
                "labels",
                "Map keys must satisfy constraint: [Member must have length less than "
                f"or equal to 63, {SHORT}]",
            )
        ),
    ),
    (
        "POST /clusters",
        {
            **CLUSTER,
            "encryptionConfig": [{"resources": ["secrets"]}, {"resources": []}],
        },
        detected(
            (
                "'[{resources=[secrets]}, {resources=[]}]'",
                "encryptionConfig",
                "Member must have length less than or equal to 1",
            )
        ),
    ),
    (
        "POST /clusters",
        {**CLUSTER, "tags": {}},
        detected(("'{}'", "tags", SHORT)),
    ),
    (
        "POST /clusters",
        {**CLUSTER, "tags": {"a": "x" * 257}},
        detected(
            (
                f"'[{'x' * 257}]'",
                "tags",
                "Map value must satisfy constraint: "
                "[Member must have length less than or equal to 256]",
            )
        ),
    ),
    ("GET /clusters?maxResults=0", b"", detected(("'0'", "maxResults", AT_LEAST_ONE))),
    ("DELETE /tags/arn%3Aaws%3Aeks", b"", detected(("null", "tagKeys", NULL))),
    ("GET /clusters?max=1", b"", "The parameter max is not recognized"),
    (
        "POST /clusters/one/node-groups",
        {**NODES, "size": 3},
        "The parameter size is not recognized",
    ),
    (
        "POST /clusters/one/node-groups",
        {**NODES, "diskSize": "20"},
        "diskSize can not be converted to integer",
    ),
    ("POST /clusters", b"[]", "The request could not be read"),
]


@pytest.mark.wrong_requests
@pytest.mark.parametrize(("order", "body", "message"), EKS, ids=range(len(EKS)))
def test_eks_refuses_in_its_words(world, wire, order, body, message):
    code, told = wire.rest("eks", order, body, Content_Type="application/json")
    shared = "validation" in message or "contains" in message
    assert told == message
    assert code == ("InvalidParameterException" if shared else "SerializationException")
    assert len(world.tally.violations) == 1


def digest(body):
    return b64encode(hashlib.md5(body).digest()).decode()


def argument(name):
    return ("InvalidArgument", f"Invalid Argument: {name}")


S3_BODIES = [
    (
        "PUT /one?tagging",
        "<Tagging><TagSet><Tag><Key>a</Key></Tag></TagSet></Tagging>",
        XML,
    ),
    ("PUT /one?tagging", "<Tagging><TagSet><Label/></TagSet></Tagging>", XML),
    ("PUT /one?tagging", "<Tags><TagSet/></Tags>", XML),
    ("PUT /one?tagging", "<Tagging>", XML),
    (
        "PUT /one?versioning",
        "<VersioningConfiguration><Status>On</Status></VersioningConfiguration>",
        XML,
    ),
    (
        "PUT /one?lifecycle",
        "<LifecycleConfiguration><Rule><Status>Enabled</Status><Expiration>"
        "<Days>week</Days></Expiration></Rule></LifecycleConfiguration>",
        XML,
    ),
    (
        "PUT /one",
        "<CreateBucketConfiguration><LocationConstraint>mars</LocationConstraint>"
        "</CreateBucketConfiguration>",
        ("InvalidLocationConstraint", "The specified location-constraint is not valid"),
    ),
    ("PUT /one?tagging", "", ("MissingRequestBodyError", "Request Body is empty")),
    ("GET /?max-buckets=0", "", argument("max-buckets")),
    ("GET /one?list-type=2&max-keys=few", "", argument("max-keys")),
    ("GET /one?list-type=2&limit=3", "", argument("limit")),
]


@pytest.mark.wrong_requests
@pytest.mark.parametrize(
    ("order", "body", "refusal"), S3_BODIES, ids=range(len(S3_BODIES))
)
def test_s3_refuses_in_its_words(world, wire, order, body, refusal):
    data = body.encode()
    assert wire.rest("s3", order, data, Content_MD5=digest(data)) == refusal
    assert len(world.tally.violations) == 1


@pytest.mark.wrong_requests
def test_s3_refuses_headers_in_its_words(world, wire):
    for header, value, refusal in (
        (
            "x_amz_storage_class",
            "CHEAP",
            ("InvalidStorageClass", "The storage class you specified is not valid"),
        ),
        ("x_amz_acl", "everybody", argument("x-amz-acl")),
        ("x_amz_colour", "red", argument("x-amz-colour")),
    ):
        assert wire.rest("s3", "PUT /one/k", b"x", **{header: value}) == refusal
    body = b"<Delete><Object><Key>a</Key></Object></Delete>"
    missing = "Missing required header for this request: Content-MD5"
    assert wire.rest("s3", "POST /one?delete", body) == ("InvalidRequest", missing)
    assert len(world.tally.violations) == 4


# --------------------------------------------------------------------------
# What is kept of it


@pytest.mark.wrong_requests
def test_violations_outlive_a_reset_and_are_cleared_when_expected(emulator, wire):
    wire.query("ec2", "CreateVpc", Cidr="10.0.0.0/16")
    emulator.reset()
    emulator.control("/strict/log/clear", {})
    (found,) = emulator.control("/strict/violations")
    assert found["operation"] == "CreateVpc"
    assert found["code"] == "UnknownParameter"
    assert found["problems"] == ["unknown cidr '10.0.0.0/16': Member is not known"]
    before = emulator.control("/strict/judged")
    assert before["violations"] == 1
    assert before["operations"]["ec2:CreateVpc"] >= 1
    assert emulator.control("/strict/violations/clear", {}) == [found]
    after = emulator.control("/strict/judged")
    assert (after["violations"], after["expected"]) == (0, before["expected"] + 1)


@pytest.mark.wrong_requests
def test_a_secret_is_not_told(emulator, wire):
    wire.json("secretsmanager", "PutSecretValue", {"SecretString": "x" * 65537})
    (found,) = emulator.control("/strict/violations")
    assert "xxx" not in json.dumps(found)


@pytest.mark.wrong_requests
def test_a_request_is_judged_even_if_a_fault_strikes_it_first(emulator, wire):
    emulator.control(
        "/strict/faults",
        {"service": "ec2", "operation": "CreateVpc", "kind": "throttle"},
    )
    told = wire.query("ec2", "CreateVpc", Cidr="10.0.0.0/16")
    assert told == ("RequestLimitExceeded", "Request limit exceeded.")
    assert len(emulator.control("/strict/violations")) == 1


def ask(url, data):
    with urllib.request.urlopen(urllib.request.Request(url, data=data)) as answer:
        return answer.read()


def test_a_run_is_summed_up(tmp_path, capsys):
    """Each process leaves what it judged, copies too, however it ends."""
    environment = {**os.environ, "STRICT_TALLY": str(tmp_path)}
    start = [sys.executable, "-m", "strict", "--port", "0", "--quiet", "--scale", "0"]
    first = subprocess.Popen(
        start, cwd=HERE.parent, env=environment, stdout=subprocess.PIPE, text=True
    )
    try:
        address = first.stdout.readline().split()[1]
        Wire(address).query("ec2", "DescribeVpcs")
        port = json.loads(ask(f"{address}/strict/fork", b"{}"))["port"]
        other = json.loads(ask(f"{address}/strict/fork", b"{}"))["port"]
        for url in (f"http://127.0.0.1:{port}", f"http://127.0.0.1:{other}"):
            Wire(url).query("ec2", "DescribeVpcs")
        Wire(f"http://127.0.0.1:{other}").query("ec2", "DescribeVpcs", Limit=1)
        ask(f"http://127.0.0.1:{other}/strict/violations/clear", b"{}")
        with pytest.raises(http.client.HTTPException):
            ask(f"http://127.0.0.1:{port}/strict/exit", b"{}")
        Wire(address).query("sts", "GetCallerIdentity", Whose="mine")
    finally:
        first.send_signal(signal.SIGTERM)
        assert first.wait(30) == 0
    until(lambda: len(list(tmp_path.glob("*.json"))) == 3)
    assert judged.main(str(tmp_path)) == 1
    told = capsys.readouterr().out
    wanted = len(judged.in_source())
    assert told.startswith(
        f"AWS's service models judged 5 requests of 2 operations, 2 of the {wanted} in "
        "the source; 1 did not fit, and 1 were sent wrong on purpose.\n"
        "  sts:GetCallerIdentity: unknown whose 'mine': Member is not known\n"
    )
    assert "never called: ec2:createvpc\n" in told
    assert "never called: ec2:describevpcs" not in told


# --------------------------------------------------------------------------
# The models themselves


@pytest.mark.parametrize("service", [*VERSIONS, *TARGETS, "eks", "s3", "cloudtrail"])
def test_every_pattern_can_be_read(service):
    model = model_of(service)
    shapes = [each.input for each in model.operations() if each.input is not None]
    seen = set()
    while shapes:
        shape = shapes.pop()
        if shape.name in seen:
            continue
        seen.add(shape.name)
        assert shape.pattern is None or shape.raw["pattern"]
        inner = list(shape.members.values())
        inner += [shape.element] if shape.type == "list" else []
        inner += [shape.key, shape.value] if shape.type == "map" else []
        shapes += [member.shape for member in inner]
    assert len(seen) > 20


def test_patterns_mean_what_they_mean_in_java():
    def fits(pattern, text):
        return re.fullmatch(python_pattern(pattern), text) is not None

    tag = r"([\p{L}\p{Z}\p{N}_.:/=+\-@]*)"
    for text in ("größe", "日本 語", "a1_.:/=+-@", "٣", ""):
        assert fits(tag, text), text
    for text in ("a&b", "a\tb", "😀", "a[b"):
        assert not fits(tag, text), text
    anything = r"[\u0020-\uD7FF\uE000-\uFFFD\uD800\uDC00-\uDBFF\uDFFF\r\n\t]*"
    assert fits(anything, "a 😀\n") and not fits(anything, "a\x00b")
    assert fits(r"[\w-_]+", "a-b_") and not fits(r"[\w-_]+", "a.b")
    assert fits(r"\p{Upper}[[a]+", "A[a") and not fits(r"\p{Upper}[[a]+", "a[a")
