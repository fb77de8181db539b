"""Recognising calls and passing them on."""

from __future__ import annotations

import pytest
from botocore.exceptions import ClientError


def test_calls_reach_moto(aws):
    vpc = aws("ec2").create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]
    assert vpc["VpcId"].startswith("vpc-")
    aws("s3").create_bucket(Bucket="one")
    aws("s3").put_object(Bucket="one", Key="a/b c", Body=b"text")
    assert aws("s3").get_object(Bucket="one", Key="a/b c")["Body"].read() == b"text"
    assert aws("kms").create_key()["KeyMetadata"]["KeyState"] == "Enabled"
    assert aws("rds").describe_db_instances()["DBInstances"] == []


def test_every_operation_is_named(emulator, aws):
    s3, ec2 = aws("s3"), aws("ec2")
    s3.create_bucket(Bucket="one")
    s3.put_bucket_versioning(
        Bucket="one", VersioningConfiguration={"Status": "Enabled"}
    )
    s3.put_public_access_block(
        Bucket="one", PublicAccessBlockConfiguration={"BlockPublicAcls": True}
    )
    s3.put_object(Bucket="one", Key="k/l", Body=b"")
    s3.head_object(Bucket="one", Key="k/l")
    s3.list_objects_v2(Bucket="one")
    s3.list_object_versions(Bucket="one")
    s3.delete_objects(Bucket="one", Delete={"Objects": [{"Key": "k/l"}]})
    s3.head_bucket(Bucket="one")
    s3.list_buckets()
    ec2.describe_vpcs()
    names = [entry.operation for entry in emulator.world.log.entries]
    assert names == [
        "CreateBucket",
        "PutBucketVersioning",
        "PutPublicAccessBlock",
        "PutObject",
        "HeadObject",
        "ListObjectsV2",
        "ListObjectVersions",
        "DeleteObjects",
        "HeadBucket",
        "ListBuckets",
        "DescribeVpcs",
    ]
    assert emulator.world.log.entries[3].resource == "one/k/l"


@pytest.mark.parametrize(
    ("service", "call", "code"),
    [
        ("ec2", "describe_vpcs", "RequestExpired"),
        ("iam", "list_roles", "ExpiredToken"),
        ("eks", "list_clusters", "ExpiredTokenException"),
        ("kms", "list_keys", "ExpiredTokenException"),
        ("s3", "list_buckets", "ExpiredToken"),
        ("rds", "describe_db_instances", "ExpiredToken"),
    ],
)
def test_expired_keys_are_refused_in_the_services_own_words(aws, service, call, code):
    with pytest.raises(ClientError) as refused:
        getattr(aws(service, key="EXPIRED"), call)()
    assert refused.value.response["Error"]["Code"] == code
