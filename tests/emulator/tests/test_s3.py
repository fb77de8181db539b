"""Buckets: creation, configuration, deletion."""

from __future__ import annotations

import json

import pytest
from scene import refused, slow

NAME = "packages"
ARN = f"arn:aws:s3:::{NAME}"


@pytest.fixture
def s3(aws):
    return aws("s3")


@pytest.fixture
def bucket(s3):
    s3.create_bucket(Bucket=NAME)
    return NAME


def statement(effect="Deny", who="*", resource=(ARN, f"{ARN}/*"), **more):
    return {
        "Effect": effect,
        "Principal": who,
        "Action": "s3:*",
        "Resource": list(resource),
        **more,
    }


def policy(*parts):
    return json.dumps({"Version": "2012-10-17", "Statement": list(parts)})


TLS_ONLY = statement(Condition={"Bool": {"aws:SecureTransport": "false"}})


def test_new_buckets_are_private_and_encrypted(s3, bucket):
    block = s3.get_public_access_block(Bucket=bucket)
    assert set(block["PublicAccessBlockConfiguration"].values()) == {True}
    rules = s3.get_bucket_ownership_controls(Bucket=bucket)["OwnershipControls"]
    assert rules["Rules"] == [{"ObjectOwnership": "BucketOwnerEnforced"}]
    (rule,) = s3.get_bucket_encryption(Bucket=bucket)[
        "ServerSideEncryptionConfiguration"
    ]["Rules"]
    assert rule["ApplyServerSideEncryptionByDefault"] == {"SSEAlgorithm": "AES256"}
    assert "Status" not in s3.get_bucket_versioning(Bucket=bucket)


def test_absent_configurations_are_errors(s3, bucket):
    with refused("NoSuchBucketPolicy"):
        s3.get_bucket_policy(Bucket=bucket)
    with refused("NoSuchTagSet"):
        s3.get_bucket_tagging(Bucket=bucket)
    with refused("NoSuchLifecycleConfiguration"):
        s3.get_bucket_lifecycle_configuration(Bucket=bucket)
    s3.delete_public_access_block(Bucket=bucket)
    with refused("NoSuchPublicAccessBlockConfiguration"):
        s3.get_public_access_block(Bucket=bucket)
    s3.delete_bucket_ownership_controls(Bucket=bucket)
    with refused("OwnershipControlsNotFoundError"):
        s3.get_bucket_ownership_controls(Bucket=bucket)
    with refused("NoSuchBucket"):
        s3.get_bucket_policy(Bucket="nobody")


def test_encryption_falls_back(s3, bucket):
    s3.put_bucket_encryption(
        Bucket=bucket,
        ServerSideEncryptionConfiguration={
            "Rules": [
                {
                    "ApplyServerSideEncryptionByDefault": {
                        "SSEAlgorithm": "aws:kms",
                        "KMSMasterKeyID": "arn:aws:kms:us-east-1:123456789012:key/x",
                    },
                    "BucketKeyEnabled": True,
                }
            ]
        },
    )
    shown = s3.get_bucket_encryption(Bucket=bucket)
    (rule,) = shown["ServerSideEncryptionConfiguration"]["Rules"]
    assert rule["BucketKeyEnabled"] is True
    s3.delete_bucket_encryption(Bucket=bucket)
    shown = s3.get_bucket_encryption(Bucket=bucket)
    (rule,) = shown["ServerSideEncryptionConfiguration"]["Rules"]
    assert rule["ApplyServerSideEncryptionByDefault"] == {"SSEAlgorithm": "AES256"}


def test_tags_in_the_create_call(s3):
    s3.create_bucket(
        Bucket=NAME,
        CreateBucketConfiguration={"Tags": [{"Key": "Stack", "Value": "one"}]},
    )
    assert s3.get_bucket_tagging(Bucket=NAME)["TagSet"] == [
        {"Key": "Stack", "Value": "one"}
    ]
    s3.put_bucket_tagging(
        Bucket=NAME, Tagging={"TagSet": [{"Key": "Other", "Value": "two"}]}
    )
    assert s3.get_bucket_tagging(Bucket=NAME)["TagSet"] == [
        {"Key": "Other", "Value": "two"}
    ]


def test_our_own_bucket_again(aws, s3, bucket):
    s3.put_bucket_tagging(
        Bucket=bucket, Tagging={"TagSet": [{"Key": "a", "Value": "b"}]}
    )
    s3.create_bucket(Bucket=bucket)
    assert s3.get_bucket_tagging(Bucket=bucket)["TagSet"]
    west = aws("s3", region="eu-west-1")
    order = {
        "Bucket": "western",
        "CreateBucketConfiguration": {"LocationConstraint": "eu-west-1"},
    }
    west.create_bucket(**order)
    with refused("BucketAlreadyOwnedByYou"):
        west.create_bucket(**order)


@pytest.mark.wrong_requests
def test_locations(aws, s3):
    with refused("InvalidLocationConstraint"):
        s3.create_bucket(
            Bucket=NAME,
            CreateBucketConfiguration={"LocationConstraint": "us-east-1"},
        )
    with refused("IllegalLocationConstraintException"):
        aws("s3", region="eu-west-1").create_bucket(Bucket=NAME)


def make(aws, name, region):
    """A bucket in a Region."""
    place = {"CreateBucketConfiguration": {"LocationConstraint": region}}
    aws("s3", region=region).create_bucket(
        Bucket=name, **({} if region == "us-east-1" else place)
    )


def test_another_region_redirects(world, aws, bucket):
    aws("s3", region="eu-west-1").head_bucket(Bucket=bucket)  # boto3 follows
    seen = [(entry.status, entry.region) for entry in world.log.entries[-2:]]
    assert seen == [(301, "eu-west-1"), (200, "us-east-1")]


def test_a_younger_region_answers_without_words(world, aws, s3):
    make(aws, "young", "eu-central-1")
    s3.head_bucket(Bucket="young")  # boto3 follows
    seen = [(entry.status, entry.region) for entry in world.log.entries[-2:]]
    assert seen == [(400, "us-east-1"), (200, "eu-central-1")]


@pytest.mark.parametrize(
    ("asked", "home", "code", "words"),
    [
        ("us-east-1", "eu-west-1", "PermanentRedirect", "specified endpoint"),
        (
            "us-east-1",
            "eu-central-1",
            "AuthorizationHeaderMalformed",
            "the region 'us-east-1' is wrong; expecting 'eu-central-1'",
        ),
        (
            "us-east-1",
            "af-south-1",
            "IllegalLocationConstraintException",
            "The af-south-1 location constraint is incompatible for the region "
            "specific endpoint this request was sent to.",
        ),
        (
            "me-south-1",
            "eu-west-1",
            "IllegalLocationConstraintException",
            "The eu-west-1 location constraint is incompatible",
        ),
        (
            "me-south-1",
            "us-east-1",
            "IllegalLocationConstraintException",
            "The unspecified location constraint is incompatible",
        ),
    ],
)
def test_a_bucket_elsewhere_is_refused_in_the_words_of_the_region(
    aws, asked, home, code, words
):
    name = f"of-{home}-by-{asked}"  # boto3 remembers where a bucket is
    make(aws, name, home)
    refusals = []

    def note(response, **_):
        if response is not None and response[0].status_code >= 300:
            refusals.append(response[1])

    client = aws("s3", region=asked)
    client.meta.events.register_first("needs-retry.s3", note)
    try:
        with refused("NoSuchTagSet"):
            client.get_bucket_tagging(Bucket=name)  # boto3 follows
    finally:
        client.meta.events.unregister("needs-retry.s3", note)
    assert refusals[0]["Error"]["Code"] == code
    assert words in refusals[0]["Error"]["Message"]
    headers = refusals[0]["ResponseMetadata"]["HTTPHeaders"]
    assert headers["x-amz-bucket-region"] == home


def test_the_list_of_buckets_tells_their_regions(aws, s3):
    make(aws, "two-away", "eu-west-1")
    make(aws, "two-optional", "af-south-1")
    for name in ("two-here", "one"):
        s3.create_bucket(Bucket=name)
    shown = s3.list_buckets()
    assert [each["Name"] for each in shown["Buckets"]] == [
        "one",
        "two-away",
        "two-here",
        "two-optional",
    ]
    assert not any("BucketRegion" in each for each in shown["Buckets"])
    shown = s3.list_buckets(Prefix="two-")
    assert shown["Prefix"] == "two-"
    assert {each["Name"]: each["BucketRegion"] for each in shown["Buckets"]} == {
        "two-away": "eu-west-1",
        "two-here": "us-east-1",
        "two-optional": "af-south-1",
    }
    shown = s3.list_buckets(BucketRegion="us-east-1")
    assert [each["Name"] for each in shown["Buckets"]] == ["one", "two-here"]
    with refused("InvalidArgument"):
        s3.list_buckets(BucketRegion="eu-west-1")


def test_the_list_of_buckets_comes_in_pages(s3):
    for index in range(5):
        s3.create_bucket(Bucket=f"page-{index}")
    s3.create_bucket(Bucket="other")
    pages = [
        [each["Name"] for each in page.get("Buckets", [])]
        for page in s3.get_paginator("list_buckets").paginate(
            Prefix="page-", PaginationConfig={"PageSize": 2}
        )
    ]
    assert pages == [["page-0", "page-1"], ["page-2", "page-3"], ["page-4"]]
    with refused("InvalidArgument", "continuation token"):
        s3.list_buckets(ContinuationToken="!")


def test_names(s3):
    for name in ("UPPER", "ab", "a..b", "10.0.0.1", "xn--abc", "abc-s3alias"):
        with refused("InvalidBucketName"):
            s3.create_bucket(Bucket=name)


def test_foreign_buckets(world, s3):
    world.settings.extra["foreign_buckets"] = ["taken"]
    with refused("403"):
        s3.head_bucket(Bucket="taken")
    with refused("BucketAlreadyExists"):
        s3.create_bucket(Bucket="taken")
    with refused("AccessDenied"):
        s3.get_bucket_tagging(Bucket="taken")
    with refused("404"):
        s3.head_bucket(Bucket="free")


def test_expected_owner(s3, bucket):
    s3.head_bucket(Bucket=bucket, ExpectedBucketOwner="123456789012")
    with refused("403"):
        s3.head_bucket(Bucket=bucket, ExpectedBucketOwner="210987654321")


def test_buckets_take_a_moment(world, s3):
    clock = slow(world)
    s3.create_bucket(Bucket=NAME)
    with refused("NoSuchBucket"):
        s3.put_bucket_versioning(
            Bucket=NAME, VersioningConfiguration={"Status": "Enabled"}
        )
    clock.advance(2)
    s3.put_bucket_versioning(Bucket=NAME, VersioningConfiguration={"Status": "Enabled"})
    s3.delete_bucket(Bucket=NAME)
    with refused("OperationAborted"):
        s3.create_bucket(Bucket=NAME)
    clock.advance(15)
    s3.create_bucket(Bucket=NAME)


def test_a_bucket_goes_only_when_empty(s3, bucket):
    s3.put_bucket_versioning(
        Bucket=bucket, VersioningConfiguration={"Status": "Enabled"}
    )
    s3.put_object(Bucket=bucket, Key="k", Body=b"1")
    s3.put_object(Bucket=bucket, Key="k", Body=b"2")
    s3.delete_object(Bucket=bucket, Key="k")
    assert "Contents" not in s3.list_objects_v2(Bucket=bucket)
    with refused("BucketNotEmpty"):
        s3.delete_bucket(Bucket=bucket)
    listed = s3.list_object_versions(Bucket=bucket)
    doomed = [
        {"Key": each["Key"], "VersionId": each["VersionId"]}
        for each in listed["Versions"] + listed["DeleteMarkers"]
    ]
    assert len(doomed) == 3
    s3.delete_objects(Bucket=bucket, Delete={"Objects": doomed[:2], "Quiet": True})
    with refused("BucketNotEmpty"):
        s3.delete_bucket(Bucket=bucket)
    s3.delete_objects(Bucket=bucket, Delete={"Objects": doomed[2:], "Quiet": True})
    s3.delete_bucket(Bucket=bucket)
    with refused("404"):
        s3.head_bucket(Bucket=bucket)


def test_access_lists_are_off(s3, bucket):
    with refused("AccessControlListNotSupported"):
        s3.put_bucket_acl(Bucket=bucket, ACL="public-read")
    with refused("AccessControlListNotSupported"):
        s3.put_object(Bucket=bucket, Key="k", Body=b"", ACL="public-read")
    with refused("InvalidBucketAclWithObjectOwnership"):
        s3.create_bucket(Bucket="other", ACL="public-read")


def test_policies(s3, bucket):
    for text in (
        "{",
        policy(),
        policy(statement(resource=("arn:aws:s3:::other",))),
        policy(statement("Allow", {"AWS": "arn:aws:iam::123456789012:role/nobody"})),
    ):
        with refused("MalformedPolicy"):
            s3.put_bucket_policy(Bucket=bucket, Policy=text)
    with refused("AccessDenied"):
        s3.put_bucket_policy(Bucket=bucket, Policy=policy(statement("Allow")))
    answer = s3.put_bucket_policy(Bucket=bucket, Policy=policy(TLS_ONLY))
    assert answer["ResponseMetadata"]["HTTPStatusCode"] == 204
    shown = s3.get_bucket_policy(Bucket=bucket)["Policy"]
    assert json.loads(shown)["Statement"] == [TLS_ONLY]
    s3.delete_bucket_policy(Bucket=bucket)


def test_a_tls_only_bucket_can_be_used_and_emptied(s3, bucket):
    s3.put_bucket_policy(Bucket=bucket, Policy=policy(TLS_ONLY))
    s3.put_object(Bucket=bucket, Key="k", Body=b"1")
    assert s3.get_object(Bucket=bucket, Key="k")["Body"].read() == b"1"
    (found,) = s3.list_object_versions(Bucket=bucket)["Versions"]
    answer = s3.delete_objects(
        Bucket=bucket,
        Delete={"Objects": [{"Key": "k", "VersionId": found["VersionId"]}]},
    )
    assert "Errors" not in answer

    def in_the_clear(params, **_):
        params["headers"]["X-Forwarded-Proto"] = "http"

    s3.meta.events.register("before-call.s3.PutObject", in_the_clear)
    try:
        with refused("AccessDenied"):
            s3.put_object(Bucket=bucket, Key="k", Body=b"1")
    finally:
        s3.meta.events.unregister("before-call.s3.PutObject", in_the_clear)
    s3.delete_bucket(Bucket=bucket)


def test_an_unconditional_denial_holds(s3, bucket):
    s3.put_object(Bucket=bucket, Key="k", Body=b"1")
    s3.put_bucket_policy(
        Bucket=bucket, Policy=policy(statement(resource=(f"{ARN}/*",)))
    )
    with refused("403"):
        s3.get_object(Bucket=bucket, Key="k")
    answer = s3.delete_objects(Bucket=bucket, Delete={"Objects": [{"Key": "k"}]})
    assert answer["Errors"][0]["Code"] == "AccessDenied"
