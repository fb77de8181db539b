"""CloudTrail's event history: who did what to which object."""

from __future__ import annotations

import datetime
import json
from typing import Any

from scene import refused


def ago(minutes: float) -> datetime.datetime:
    return datetime.datetime.now(datetime.UTC) - datetime.timedelta(minutes=minutes)


def events(trail: Any, key: str, value: str, **more: Any) -> list[dict[str, Any]]:
    wanted = [{"AttributeKey": key, "AttributeValue": value}]
    return trail.lookup_events(LookupAttributes=wanted, **more)["Events"]


def test_an_event_tells_who_did_what_to_which_object(aws):
    aws("ec2").create_vpc(CidrBlock="10.0.0.0/16")
    vpc = aws("ec2", key="USERalice").create_vpc(CidrBlock="10.1.0.0/16")["Vpc"]
    trail = aws("cloudtrail")
    made = events(trail, "EventName", "CreateVpc", StartTime=ago(5))
    assert [each["Username"] for each in made] == ["USERalice", "session"]
    (event,) = events(trail, "ResourceName", vpc["VpcId"])
    detail = json.loads(event["CloudTrailEvent"])
    assert (event["EventName"], event["ReadOnly"]) == ("CreateVpc", "false")
    assert detail["userIdentity"]["arn"] == "arn:aws:iam::123456789012:user/USERalice"
    assert detail["requestParameters"] == {"cidrBlock": "10.1.0.0/16"}
    assert detail["sourceIPAddress"] == "127.0.0.1"
    assert "Boto3" in detail["userAgent"] and detail["readOnly"] is False
    identity = json.loads(made[1]["CloudTrailEvent"])["userIdentity"]
    assert identity["sessionContext"]["sessionIssuer"]["userName"] == "platform-admin"


def test_requests_are_spelt_as_cloudtrail_does(aws):
    group = aws("ec2").create_security_group(GroupName="g", Description="d")["GroupId"]
    rule = {
        "IpProtocol": "tcp",
        "FromPort": 22,
        "ToPort": 22,
        "IpRanges": [{"CidrIp": "0.0.0.0/0"}],
    }
    aws("ec2").authorize_security_group_ingress(GroupId=group, IpPermissions=[rule])
    aws("s3").create_bucket(Bucket="some-bucket-of-ours")
    policy = {"Version": "2012-10-17", "Statement": []}
    trust = json.dumps(policy | {"Statement": [{"Effect": "Allow", "Principal": "*", "Action": "sts:AssumeRole"}]})
    aws("iam").create_role(RoleName="r", AssumeRolePolicyDocument=trust)
    trail = aws("cloudtrail")

    def request(name: str) -> dict[str, Any]:
        return json.loads(events(trail, "EventName", name)[0]["CloudTrailEvent"])["requestParameters"]

    (told,) = request("AuthorizeSecurityGroupIngress")["ipPermissions"]["items"]
    assert told["ipRanges"] == {"items": [{"cidrIp": "0.0.0.0/0"}]}
    assert request("CreateBucket")["bucketName"] == "some-bucket-of-ours"
    assert request("CreateRole")["assumeRolePolicyDocument"] == trust
    assert len(events(trail, "ResourceName", "r")) == 1


def test_time_region_and_pages_bound_an_answer(aws):
    for _ in range(3):
        aws("ec2").create_vpc(CidrBlock="10.0.0.0/16")
    trail = aws("cloudtrail")
    wanted = [{"AttributeKey": "EventName", "AttributeValue": "CreateVpc"}]
    page = trail.lookup_events(LookupAttributes=wanted, MaxResults=2)
    assert len(page["Events"]) == 2
    rest = trail.lookup_events(
        LookupAttributes=wanted, MaxResults=2, NextToken=page["NextToken"]
    )
    assert len(rest["Events"]) == 1 and "NextToken" not in rest
    assert events(trail, "EventName", "CreateVpc", EndTime=ago(5)) == []
    assert events(aws("cloudtrail", "eu-west-1"), "EventName", "CreateVpc") == []
    # IAM belongs to no region; its events are kept in one.
    aws("iam", "eu-west-1").create_policy(
        PolicyName="p", PolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [
            {"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*"}]})
    )
    assert events(aws("cloudtrail", "eu-west-1"), "ResourceName", "p") == []
    assert len(events(trail, "ResourceName", "p")) == 1
    with refused("InvalidTimeRangeException"):
        events(trail, "EventName", "x", StartTime=ago(1), EndTime=ago(2))


def test_two_look_ups_a_second_are_taken(aws, world):
    trail = aws("cloudtrail")
    world.clock.scale = 1
    try:
        for _ in range(2):
            events(trail, "EventName", "CreateVpc")
        with refused("ThrottlingException"):
            events(trail, "EventName", "CreateVpc")
        events(aws("cloudtrail", "eu-west-1"), "EventName", "CreateVpc")
        world.clock.advance(1)
        events(trail, "EventName", "CreateVpc")
    finally:
        world.clock.scale = 0
