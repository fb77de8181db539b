"""CloudTrail's event history: LookupEvents over the log of the calls that reached us.

An event has the shape of "CloudTrail record contents" (CloudTrail User Guide). Answers
of the calls (``responseElements``) are not kept, so ids that nobody asked for stand in
no event but in its resources, for what EC2 creates.
"""

from __future__ import annotations

import json
import uuid
from datetime import datetime
from collections.abc import Iterator
from typing import Any

from .core import DEFAULT_REGION, Call, Refusal, Reply, World, before
from .log import Entry, is_mutating
from .misc import CALLER_ROLE, CALLER_SESSION, caller_arn, other_caller
from .models import model_of

EVENT_DELAY = 0.0  # the real service lags by minutes; set with "cloudtrail"
# Two requests a second for each account and region (API Reference, LookupEvents).
RATE = 2.0
PAGE = 50
KEPT = 90 * 24 * 3600
NEVER = datetime.min
HIDDEN = "HIDDEN_DUE_TO_SECURITY_REASONS"
SECRETS = ("MasterUserPassword", "SecretString", "SecretBinary")
# The members of requests that name what an event is about, by service.
NAMES = {
    "autoscaling": {"AutoScalingGroupName": "AWS::AutoScaling::AutoScalingGroup"},
    "ec2": {
        "AllocationId": "AWS::EC2::EIP",
        "GroupId": "AWS::EC2::SecurityGroup",
        "InternetGatewayId": "AWS::EC2::InternetGateway",
        "NatGatewayId": "AWS::EC2::NatGateway",
        "NatGatewayIds": "AWS::EC2::NatGateway",
        "Resources": "AWS::EC2::Resource",
        "RouteTableId": "AWS::EC2::RouteTable",
        "SubnetId": "AWS::EC2::Subnet",
        "VpcEndpointId": "AWS::EC2::VPCEndpoint",
        "VpcEndpointIds": "AWS::EC2::VPCEndpoint",
        "VpcId": "AWS::EC2::VPC",
    },
    "eks": {"clusterName": "AWS::EKS::Cluster", "name": "AWS::EKS::Cluster"},
    "elasticloadbalancing": {
        "ListenerArn": "AWS::ElasticLoadBalancingV2::Listener",
        "LoadBalancerArn": "AWS::ElasticLoadBalancingV2::LoadBalancer",
        "ResourceArns": "AWS::ElasticLoadBalancingV2::Resource",
        "TargetGroupArn": "AWS::ElasticLoadBalancingV2::TargetGroup",
    },
    "iam": {
        "OpenIDConnectProviderArn": "AWS::IAM::OIDCProvider",
        "PolicyArn": "AWS::IAM::Policy",
        "PolicyName": "AWS::IAM::Policy",
        "RoleName": "AWS::IAM::Role",
        "UserName": "AWS::IAM::User",
    },
    "kms": {"KeyId": "AWS::KMS::Key"},
    "rds": {
        "DBInstanceIdentifier": "AWS::RDS::DBInstance",
        "DBParameterGroupName": "AWS::RDS::DBParameterGroup",
        "DBSubnetGroupName": "AWS::RDS::DBSubnetGroup",
    },
    "s3": {"Bucket": "AWS::S3::Bucket"},
    "secretsmanager": {"SecretId": "AWS::SecretsManager::Secret"},
}


# Calls of EC2 whose parameters stand in a structure of their own, as seen in records.
WRAPPED = (
    "CreateFlowLogs",
    "CreateNatGateway",
    "CreateVpcEndpoint",
    "DeleteNatGateway",
    "DeleteVpcEndpoints",
    "ModifySecurityGroupRules",
    "ModifyVpcEndpoint",
)
# Calls of S3 whose events have another name (S3 User Guide, "Amazon S3 CloudTrail
# events": "in some cases, the CloudTrail event name differs from the API action name").
S3_NAMES = {
    "DeletePublicAccessBlock": "DeleteBucketPublicAccessBlock",
    "PutBucketLifecycleConfiguration": "PutBucketLifecycle",
    "PutBucketNotificationConfiguration": "PutBucketNotification",
    "PutObjectLockConfiguration": "PutBucketObjectLockConfiguration",
    "PutPublicAccessBlock": "PutBucketPublicAccessBlock",
}


@before("cloudtrail", "LookupEvents")
def lookup_events(call: Call, world: World) -> Reply:
    """Management events of the region, newest first, as our own log has them.

    Calls signed with an access key that starts with USER are that user's, those of a
    key in the setting `callers` that identity's, all others the caller's.
    """
    throttle(call, world)
    attributes = call.get("LookupAttributes") or []
    if len(attributes) > 1:
        text = "You can specify only one lookup attribute."
        raise Refusal("InvalidLookupAttributesException", text)
    start, end = call.get("StartTime") or 0, call.get("EndTime") or float("inf")
    if start > end:
        text = "The start time is later than the end time."
        raise Refusal("InvalidTimeRangeException", text)
    delay = world.settings.window("cloudtrail", EVENT_DELAY)
    oldest = max(start, world.clock.epoch() - KEPT)
    # Most events are about something else: those are not even written down.
    named = [each for each in attributes if each["AttributeKey"] == "ResourceName"]
    wanted = named[0]["AttributeValue"] if named else None
    found = [
        event
        for entry in reversed(world.log.entries)
        if region_of(entry) == call.region
        and entry.account == call.account
        and world.clock.older(entry.at, delay)
        and oldest <= int(entry.wall.timestamp()) <= end
        and entry.operation != "LookupEvents"
        and is_management(entry)
        and (wanted is None or any(name == wanted for _, name in resources(entry)))
        and has(event := event_json(entry, world), attributes)
    ]
    size = min(int(call.get("MaxResults") or PAGE), PAGE)
    offset = int(call.get("NextToken") or 0)
    shown: dict[str, Any] = {"Events": found[offset : offset + size]}
    if offset + size < len(found):
        shown["NextToken"] = str(offset + size)
    return call.reply(shown)


def is_management(entry: Entry) -> bool:
    """Whether it is about a resource, and not about what is in one: those are data events,
    which neither the event history nor EventBridge has unless a trail logs them."""
    if entry.service != "s3":
        return True
    is_lock = entry.operation.endswith("ObjectLockConfiguration")
    return is_lock or ("Object" not in entry.operation and "Key" not in entry.request)


def region_of(entry: Entry) -> str:
    """Where an event is kept: those of IAM, which has no region, in one of them."""
    return DEFAULT_REGION if entry.service == "iam" else entry.region


def throttle(call: Call, world: World) -> None:
    """A token bucket, in AWS's seconds; where nothing takes time it is always full."""
    if world.clock.instant:
        return
    buckets, now = world.book("cloudtrail_buckets"), world.clock.now()
    key = (call.account, call.region)
    tokens, since = buckets.get(key, (RATE, now))
    tokens = min(RATE, tokens + (now - since) * RATE)
    buckets[key] = (tokens - 1 if tokens >= 1 else tokens, now)
    if tokens < 1:
        raise Refusal("ThrottlingException", "Rate exceeded", 400)


def record_json(entry: Entry, world: World) -> dict[str, Any]:
    """A log entry as a record of CloudTrail."""
    return {
        "eventVersion": "1.11",
        "userIdentity": identity_of(entry, world),
        "eventTime": entry.wall.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "eventSource": f"{entry.service}.amazonaws.com",
        "eventName": event_name(entry.service, entry.operation),
        "awsRegion": region_of(entry),
        "sourceIPAddress": entry.source,
        "userAgent": entry.agent,
        **({} if entry.outcome == "ok" else {"errorCode": entry.outcome}),
        "requestParameters": request_json(entry) or None,
        "responseElements": None,
        "eventID": str(uuid.uuid5(uuid.NAMESPACE_OID, str(entry.index))),
        "readOnly": not entry.mutating,
        "eventType": "AwsApiCall",
        "managementEvent": True,
        "recipientAccountId": entry.account,
        "eventCategory": "Management",
    }


def event_json(entry: Entry, world: World) -> dict[str, Any]:
    """A log entry as an event of the event history."""
    detail = record_json(entry, world)
    identity = detail["userIdentity"]
    user = identity.get("userName") or identity["arn"].rsplit("/", 1)[-1]
    return {
        "EventId": detail["eventID"],
        "EventName": detail["eventName"],
        "ReadOnly": str(not entry.mutating).lower(),
        "AccessKeyId": entry.access_key,
        "EventTime": int(entry.wall.timestamp()),
        "EventSource": detail["eventSource"],
        "Username": user,
        "Resources": [
            {"ResourceType": kind, "ResourceName": name}
            for kind, name in resources(entry)
        ],
        "CloudTrailEvent": json.dumps(detail),
    }


def identity_of(entry: Entry, world: World) -> dict[str, Any]:
    """The ``userIdentity`` of a call."""
    account, key = entry.account, entry.access_key
    common = {"accountId": account, "accessKeyId": key}
    if key.startswith("USER"):
        arn = f"arn:aws:iam::{account}:user/{key}"
        return {"type": "IAMUser", "arn": arn, **common, "userName": key}
    other = other_caller(Call("sts", "", account=account, access_key=key), world)
    arn = other[0] if other else caller_arn(account)
    if arn.endswith(":root"):
        return {"type": "Root", "arn": arn, **common}
    if ":assumed-role/" not in arn:
        return {
            "type": "IAMUser",
            "arn": arn,
            **common,
            "userName": arn.rsplit("/", 1)[-1],
        }
    role = arn.split("/")[1] if other else CALLER_ROLE
    issuer = {
        "type": "Role",
        "arn": f"arn:aws:iam::{account}:role/{role}",
        "accountId": account,
        "userName": role,
    }
    context = {"sessionIssuer": issuer, "attributes": {"mfaAuthenticated": "false"}}
    session = f"AROA:{CALLER_SESSION}"
    return {
        "type": "AssumedRole",
        "principalId": session,
        "arn": arn,
        **common,
        "sessionContext": context,
    }


def request_json(entry: Entry) -> dict[str, Any]:
    """The parameters of a request, in the spelling of CloudTrail."""
    if entry.service == "s3":
        return s3_request(entry)
    if entry.service == "eks":
        return eks_request(entry)
    if entry.operation in WRAPPED:
        return {f"{entry.operation}Request": wrapped(entry.request)}
    if entry.service == "ec2" and entry.operation in ("CreateTags", "DeleteTags"):
        tags = {"resourcesSet": [{"ResourceId": each} for each in entry.request.get("Resources", [])]}
        return spelt("", tags | {"tagSet": entry.request.get("Tags", [])}, "items")
    lists = "items" if entry.service == "ec2" else ""
    return {small(key): spelt(key, value, lists) for key, value in entry.request.items()}


def event_name(service: str, operation: str) -> str:
    """The name of an event: of some calls of S3 another one than in its API."""
    return S3_NAMES.get(operation, operation) if service == "s3" else operation


def eks_request(entry: Entry) -> dict[str, Any]:
    """As EKS has them: what stands in the path of the request by its name there."""
    model = model_of("eks")
    operation = model.operation(entry.operation) if model else None
    members = operation.input.members if operation and operation.input else {}
    told = {}
    for key, value in entry.request.items():
        member = members.get(key)
        in_path = member is not None and member.location == "uri"
        told[member.renamed or key if in_path else small(key)] = spelt(key, value, "")
    return told


def wrapped(request: dict[str, Any]) -> dict[str, Any]:
    """As the newer calls of EC2 have them: lists without their plural, an element of one in ``content``."""
    told: dict[str, Any] = {}
    for key, value in request.items():
        if isinstance(value, list):
            items = [
                {"tag": tag, **wrapped(each)} if isinstance(each, dict) else {"tag": tag, "content": each}
                for tag, each in enumerate(value, 1)
            ]
            told[key.removesuffix("s")] = items[0] if len(items) == 1 else items
        else:
            told[key] = wrapped(value) if isinstance(value, dict) else value
    return told


def s3_request(entry: Entry) -> dict[str, Any]:
    """As S3 has them: the body under its own name, a policy as JSON."""
    told: dict[str, Any] = {}
    for key, value in entry.request.items():
        if key == "Bucket":
            told["bucketName"] = value
        elif key == "Policy":
            told["bucketPolicy"] = json.loads(value)
        else:
            told[key] = value
    return json.loads(json.dumps(told, default=str))


def small(name: str) -> str:
    """A name that begins with a small letter."""
    return name[:1].lower() + name[1:]


def spelt(key: str, value: Any, lists: str) -> Any:
    """A value in the spelling of CloudTrail, with EC2's lists in ``items``."""
    if key in SECRETS:
        return HIDDEN
    if isinstance(value, dict):
        return {small(each): spelt(each, inner, lists) for each, inner in value.items()}
    if isinstance(value, list):
        items = [spelt("", each, lists) for each in value]
        return {lists: items} if lists else items
    return value if isinstance(value, str | int | float | bool | None) else str(value)


def resources(entry: Entry) -> Iterator[tuple[str, str]]:
    """Type and name of everything that an event is about."""
    known = NAMES.get(entry.service, {})
    seen = set()
    for key, kind in known.items():
        value = entry.request.get(key)
        for name in value if isinstance(value, list) else [value]:
            if not isinstance(name, str) or not name:
                continue
            if entry.service == "kms" and not name.startswith("arn:"):
                where = f"{entry.region}:{entry.account}"
                name = f"arn:aws:kms:{where}:key/{name}"
            seen.add(name)
            yield kind, name
    # What EC2 has just made has no name in the request.
    if entry.service == "ec2" and entry.operation.startswith(("Create", "Allocate")):
        if entry.resource and entry.resource not in seen:
            yield "AWS::EC2::Resource", entry.resource


def has(event: dict[str, Any], attributes: list[dict[str, str]]) -> bool:
    """Whether an event has the attributes looked for."""
    return all(
        each["AttributeValue"] == event[each["AttributeKey"]]
        if each["AttributeKey"] not in ("ResourceName", "ResourceType")
        else any(
            resource[each["AttributeKey"]] == each["AttributeValue"]
            for resource in event["Resources"]
        )
        for each in attributes
    )


def operations(service: str) -> dict[str, list[str]]:
    """The calls of a service that change something, by the names of their events, with
    the first members of what their records say was asked for."""
    model = model_of(service)
    if model is None:
        raise ValueError(f"no model of {service}")
    told = {}
    for operation in filter(lambda each: is_mutating(each.name), model.operations()):
        shape, name = operation.input, operation.name
        asked: dict[str, Any] = {}
        for key, member in (shape.members if shape else {}).items():
            asked[key] = ["{}"] if member.shape.type == "list" else "{}"
        entry = Entry(0, 0, NEVER, service, name, "", "ok", 200, True, request=asked)
        told[event_name(service, name)] = sorted(flat(request_json(entry)))
    return told


def flat(request: dict[str, Any], prefix: str = "") -> Iterator[str]:
    """The paths in a request."""
    for key, value in request.items():
        yield prefix + key
        for inner in value if isinstance(value, list) else [value]:
            if isinstance(inner, dict):
                yield from flat(inner, f"{prefix}{key}.")
