"""EventBridge: which events a pattern matches, and what a target is given."""

from __future__ import annotations

import json
from typing import Any

import pytest
from strict.eventbridge import Pattern, transformed

EVENT = {
    "source": "aws.ec2",
    "detail": {
        "eventName": "CreateTags",
        "userAgent": "aws-cli/2.17",
        "sourceIPAddress": "192.0.2.7",
        "bytes": 12,
        "requestParameters": {
            "vpcId": "vpc-1",
            "empty": {},
            "resourcesSet": {"items": [{"resourceId": "vpc-1"}, {"resourceId": "sg-2"}]},
        },
    },
}


def nested(path: str, value: Any) -> dict[str, Any]:
    for name in reversed(path.split(".")):
        value = {name: value}
    return value


@pytest.mark.parametrize(
    ("path", "filters", "matches"),
    [
        ("detail.eventName", ["DeleteTags", "CreateTags"], True),
        ("detail.eventName", ["createtags"], False),
        ("detail.eventName", [{"equals-ignore-case": "createtags"}], True),
        ("detail.eventName", [{"prefix": "Create"}], True),
        ("detail.eventName", [{"suffix": "Create"}], False),
        ("detail.eventName", [{"anything-but": ["CreateTags"]}], False),
        ("detail.eventName", [{"anything-but": {"prefix": "Delete"}}], True),
        ("detail.userAgent", [{"anything-but": {"wildcard": "*app/ppm-infra*"}}], True),
        ("detail.userAgent", [{"anything-but": {"wildcard": "*cli/*"}}], False),
        ("detail.userAgent", [{"wildcard": "aws*2.*"}], True),
        ("detail.errorCode", [{"exists": False}], True),
        ("detail.errorCode", [{"anything-but": "x"}], False),
        ("detail.eventName", [{"exists": True}], True),
        ("detail.bytes", [{"numeric": [">", 10, "<=", 12]}], True),
        ("detail.bytes", [{"numeric": ["<", 12]}], False),
        ("detail.sourceIPAddress", [{"cidr": "192.0.2.0/24"}], True),
        ("detail.sourceIPAddress", [{"cidr": "10.0.0.0/8"}], False),
        ("detail.requestParameters.resourcesSet.items.resourceId", ["sg-2"], True),
        ("detail.requestParameters.resourcesSet.items.resourceId", ["sg-3"], False),
    ],
)
def test_each_operator(path, filters, matches):
    assert Pattern(nested(path, filters)).matches_event(EVENT) is matches


def test_alternatives_are_beside_everything_else():
    one = {"requestParameters": {"vpcId": ["vpc-2"]}}
    other = {"requestParameters": {"resourcesSet": {"items": {"resourceId": ["sg-2"]}}}}
    pattern = {"source": ["aws.ec2"], "detail": {"$or": [one, other]}}
    assert Pattern(pattern).matches_event(EVENT)
    assert not Pattern(pattern | {"source": ["aws.s3"]}).matches_event(EVENT)
    assert not Pattern({"detail": {"$or": [one, one]}}).matches_event(EVENT)


@pytest.mark.parametrize(
    ("pattern", "words"),
    [
        ({"source": ["x" * 2048]}, "too long"),
        ({"source": []}, "object or an array"),
        ({"source": "aws.ec2"}, "object or an array"),
        ({}, "non-empty"),
        ({"source": [{"like": "x"}]}, "unrecognized match type"),
        ({"source": [{"prefix": "a", "suffix": "b"}]}, "2 operators"),
        ({"source": [{"anything-but": {"numeric": [">", 1]}}]}, "anything-but takes no"),
        ({"source": [{"wildcard": "a**"}]}, "consecutive"),
        ({"$or": [{"source": ["a"]}]}, "two alternatives"),
        ({"source": [["a"]]}, "array in an array"),
        (
            {key: {"$or": [{f"{n}": [n]} for n in range(11)]} for key in "abc"},
            "combinations",
        ),
    ],
)
def test_what_is_no_pattern_is_refused(pattern, words):
    with pytest.raises(ValueError, match=words):
        Pattern(pattern)


def given(template: str, **paths: str) -> Any:
    return transformed({"InputPathsMap": paths, "InputTemplate": template}, EVENT)


def test_variables_stand_in_texts_and_for_values():
    request = "$.detail.requestParameters"
    template = '{"a": <call>, "b": "\\"<call>\\" of <one>, <none>", "c": <all>}'
    paths = {"call": "$.detail.eventName", "none": "$.detail.gone.too"}
    items = {"one": f"{request}.resourcesSet.items[1].resourceId", "all": f"{request}.resourcesSet.items"}
    told = given(template, **paths, **items)
    assert (told["a"], told["b"]) == ("CreateTags", '"CreateTags" of sg-2, ')
    assert told["c"] == [{"resourceId": "vpc-1"}, {"resourceId": "sg-2"}]


def test_what_would_be_no_json_is_refused():
    with pytest.raises(ValueError, match="is no text"):
        given('{"a": "<all>"}', all="$.detail")
    with pytest.raises(ValueError, match="no variable"):
        given('{"a": "<other>"}')
    with pytest.raises(ValueError, match="Invalid InputPathsMap"):
        given('{"a": "<x>"}', x="$.detail.items[?(@.a)]")
    quoted = {"detail": {"name": 'a"b'}}
    transformer = {"InputPathsMap": {"x": "$.detail.name"}, "InputTemplate": '{"a": "<x>"}'}
    with pytest.raises(ValueError, match="no JSON"):
        transformed(transformer, quoted)


def test_a_rule_is_sent_what_was_changed_and_not_what_was_read(emulator, aws):
    vpc = aws("ec2", key="USERalice").create_vpc(CidrBlock="10.1.0.0/16")["Vpc"]["VpcId"]
    aws("ec2").describe_vpcs()
    aws("ec2").create_tags(Resources=[vpc], Tags=[{"Key": "a", "Value": "b"}])
    aws("s3").create_bucket(Bucket="some-bucket-of-ours")
    aws("s3").put_object(Bucket="some-bucket-of-ours", Key="a", Body=b"b")
    block = {"BlockPublicAcls": True}
    aws("s3").put_public_access_block(Bucket="some-bucket-of-ours", PublicAccessBlockConfiguration=block)
    all_told = emulator.control("/strict/eventbridge", {})
    names = [each["event"]["detail"]["eventName"] for each in all_told]
    assert names == ["CreateVpc", "CreateTags", "CreateBucket", "PutBucketPublicAccessBlock"]
    event = all_told[0]["event"]
    assert (event["source"], event["detail-type"]) == ("aws.ec2", "AWS API Call via CloudTrail")
    assert event["detail"]["userIdentity"]["userName"] == "USERalice"
    tagged = {"detail": nested("requestParameters.resourcesSet.items.resourceId", [vpc])}
    (one,) = emulator.control("/strict/eventbridge", {"pattern": tagged})
    assert one["input"] == one["event"] and one["event"] == all_told[1]["event"]
    assert json.dumps(one).count("responseElements") == 2


def test_newer_calls_of_ec2_are_recorded_in_a_structure_of_their_own(emulator, aws):
    ec2 = aws("ec2")
    vpc = ec2.create_vpc(CidrBlock="10.1.0.0/16")["Vpc"]["VpcId"]
    service = "com.amazonaws.us-east-1.s3"
    endpoint = ec2.create_vpc_endpoint(VpcId=vpc, ServiceName=service)["VpcEndpoint"]["VpcEndpointId"]
    ec2.delete_vpc_endpoints(VpcEndpointIds=[endpoint])
    told = [each["event"]["detail"]["requestParameters"] for each in emulator.control("/strict/eventbridge", {})]
    assert told[1]["CreateVpcEndpointRequest"]["VpcId"] == vpc
    assert told[2] == {"DeleteVpcEndpointsRequest": {"VpcEndpointId": {"tag": 1, "content": endpoint}}}
