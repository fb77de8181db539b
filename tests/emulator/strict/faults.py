"""Failures on order: by service, operation and how many-th call.

``POST /strict/faults`` adds a rule::

    {"service": "ec2", "operation": "CreateVpc", "kind": "throttle", "nth": 2}

``nth``   strike that matching call only (1 is the next one)
``every`` strike every so many-th matching call
``count`` strike that many calls, then stop (from the first, or from ``nth`` on)
none      strike every matching call

``operation`` and ``service`` may be "*" and may hold a trailing "*".
``resource`` narrows a rule to calls that carry that text in a parameter.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from fnmatch import fnmatchcase
from typing import Any
from xml.etree import ElementTree

from .core import Call, Refusal, Reply, World

KINDS = (
    "throttle",
    "error500",
    "error503",
    "denied",
    "expired_token",
    "delay",
    "reset_before",
    "reset_after",
    "lag",
    "code",
)

# Code, message and HTTP status of throttling, by service.
THROTTLE: dict[str, tuple[str, str, int]] = {
    "ec2": ("RequestLimitExceeded", "Request limit exceeded.", 503),
    "iam": ("Throttling", "Rate exceeded", 400),
    "sts": ("Throttling", "Rate exceeded", 400),
    "rds": ("Throttling", "Rate exceeded", 400),
    "elasticloadbalancing": ("Throttling", "Rate exceeded", 400),
    "autoscaling": ("Throttling", "Rate exceeded", 400),
    "eks": ("ThrottlingException", "Rate exceeded", 429),
    "kms": (
        "ThrottlingException",
        "You have exceeded the rate at which you may call KMS. "
        "Reduce the frequency of your calls.",
        400,
    ),
    "s3": ("SlowDown", "Please reduce your request rate.", 503),
}
DEFAULT_THROTTLE = ("ThrottlingException", "Rate exceeded", 400)

# S3 names some permissions unlike the operation.
S3_ACTIONS = {
    "HeadBucket": "ListBucket",
    "ListObjectsV2": "ListBucket",
    "ListObjects": "ListBucket",
    "ListObjectVersions": "ListBucketVersions",
    "ListMultipartUploads": "ListBucketMultipartUploads",
    "GetBucketEncryption": "GetEncryptionConfiguration",
    "PutBucketEncryption": "PutEncryptionConfiguration",
    "DeleteBucketEncryption": "PutEncryptionConfiguration",
    "GetPublicAccessBlock": "GetBucketPublicAccessBlock",
    "PutPublicAccessBlock": "PutBucketPublicAccessBlock",
    "DeletePublicAccessBlock": "PutBucketPublicAccessBlock",
    "DeleteBucketOwnershipControls": "PutBucketOwnershipControls",
    "DeleteBucketTagging": "PutBucketTagging",
    "GetBucketLifecycleConfiguration": "GetLifecycleConfiguration",
    "PutBucketLifecycleConfiguration": "PutLifecycleConfiguration",
    "DeleteBucketLifecycle": "PutLifecycleConfiguration",
    "GetBucketNotificationConfiguration": "GetBucketNotification",
    "PutBucketNotificationConfiguration": "PutBucketNotification",
    "GetBucketReplication": "GetReplicationConfiguration",
    "PutBucketReplication": "PutReplicationConfiguration",
    "DeleteBucketReplication": "PutReplicationConfiguration",
    "GetBucketCors": "GetBucketCORS",
    "PutBucketCors": "PutBucketCORS",
    "DeleteBucketCors": "PutBucketCORS",
    "HeadObject": "GetObject",
    "DeleteObjects": "DeleteObject",
    "ListBuckets": "ListAllMyBuckets",
}


@dataclass
class Rule:
    """One ordered failure and how often it has matched and struck."""

    id: int
    kind: str
    service: str = "*"
    operation: str = "*"
    resource: str = ""
    nth: int = 0
    every: int = 0
    count: int = 0
    seconds: float = 0.0
    code: str = ""
    message: str = ""
    status: int = 400
    seen: int = 0
    struck: int = 0

    def matches(self, call: Call) -> bool:
        """Whether the rule is about this call at all."""
        if not fnmatchcase(call.service, self.service):
            return False
        if not fnmatchcase(call.operation, self.operation):
            return False
        if not self.resource:
            return True
        return any(self.resource in str(value) for value in call.params.values())

    def due(self) -> bool:
        """Count one matching call; whether it is to be struck."""
        self.seen += 1
        if self.count:
            first = self.nth or 1
            strikes = self.seen >= first and self.struck < self.count
            if self.every:
                strikes = strikes and (self.seen - first) % self.every == 0
        elif self.every:
            strikes = self.seen % self.every == 0
        elif self.nth:
            strikes = self.seen == self.nth
        else:
            strikes = True
        self.struck += strikes
        return strikes

    def as_json(self) -> dict[str, Any]:
        """The rule as ``GET /strict/faults`` shows it."""
        return asdict(self)


class Rules(list[Rule]):
    """The rules in force, and the number the next one gets."""

    next_id = 1


def rules_of(world: World) -> Rules:
    """The rules in force."""
    return world.book("faults", Rules)


def add(world: World, order: dict[str, Any]) -> Rule:
    """Add one rule; ValueError for one that makes no sense."""
    known = set(Rule.__dataclass_fields__) - {"id", "seen", "struck"}
    unknown = set(order) - known
    if unknown:
        raise ValueError(f"unknown members: {', '.join(sorted(unknown))}")
    kind = order.get("kind", "")
    if kind not in KINDS:
        raise ValueError(f"kind must be one of {', '.join(KINDS)}")
    rules = rules_of(world)
    rule = Rule(id=rules.next_id, **order)
    rules.next_id += 1
    rules.append(rule)
    return rule


def clear(world: World) -> None:
    """Drop all rules."""
    rules_of(world).clear()


def choose(call: Call, world: World) -> Rule | None:
    """The first rule that strikes this call; all matching ones count it."""
    chosen: Rule | None = None
    for rule in rules_of(world):
        if rule.matches(call) and rule.due() and chosen is None:
            chosen = rule
    return chosen


def permission(call: Call) -> str:
    """The IAM action that a call needs."""
    if call.service == "s3":
        return f"s3:{S3_ACTIONS.get(call.operation, call.operation)}"
    return f"{call.service}:{call.operation}"


def denial(call: Call, principal: str, action: str = "") -> Refusal:
    """How a missing permission reads, per service; that of the call, or of what it depends on."""
    action = action or permission(call)
    text = (
        f"User: {principal} is not authorized to perform: {action} because no "
        f"identity-based policy allows the {action} action"
    )
    if call.service == "ec2":
        return Refusal(
            "UnauthorizedOperation",
            "You are not authorized to perform this operation. " + text,
            403,
        )
    if call.service == "s3":
        return Refusal("AccessDenied", "Access Denied", 403)
    if call.protocol in ("json", "rest-json"):
        status = 403 if call.protocol == "rest-json" else 400
        return Refusal("AccessDeniedException", text, status)
    return Refusal("AccessDenied", text, 403)


def expiry(call: Call) -> Refusal:
    """How an expired session token reads, per service."""
    text = "The security token included in the request is expired"
    if call.service == "ec2":
        return Refusal("RequestExpired", "Request has expired.", 400)
    if call.service == "s3":
        return Refusal("ExpiredToken", "The provided token has expired.", 400)
    if call.protocol in ("json", "rest-json"):
        status = 403 if call.protocol == "rest-json" else 400
        return Refusal("ExpiredTokenException", text, status)
    return Refusal("ExpiredToken", text, 403)


def strike(call: Call, rule: Rule | None) -> None:
    """Raise what the rule orders; nothing for delays and resets."""
    if rule is None:
        return
    if rule.kind == "throttle":
        raise Refusal(*THROTTLE.get(call.service, DEFAULT_THROTTLE))
    if rule.kind == "denied":
        from .misc import CALLER_ARN

        raise denial(call, CALLER_ARN)
    if rule.kind == "expired_token":
        raise expiry(call)
    if rule.kind == "error500":
        raise Refusal(*_internal(call))
    if rule.kind == "error503":
        raise Refusal(*_unavailable(call))
    if rule.kind == "code":
        text = rule.message or "Refused on order"
        raise Refusal(rule.code or "Ordered", text, rule.status)


def lagging(call: Call, reply: Reply) -> Reply:
    """EC2's list by a reader that lags behind the others: its last object is missing.

    Source: Amazon EC2 Developer Guide, "Eventual consistency in the Amazon EC2 API".
    """
    if call.service != "ec2" or not reply.ok:
        return reply
    root = ElementTree.fromstring(reply.body)
    namespace = root.tag[1:].split("}")[0]
    for listed in root:
        items = listed.findall(f"{{{namespace}}}item")
        if items:
            listed.remove(items[-1])
            break
    ElementTree.register_namespace("", namespace)
    return Reply(reply.status, reply.headers, ElementTree.tostring(root))


def _internal(call: Call) -> tuple[str, str, int]:
    names = {
        "ec2": "InternalError",
        "s3": "InternalError",
        "eks": "ServerException",
        "iam": "ServiceFailure",
        "kms": "KMSInternalException",
        "secretsmanager": "InternalServiceError",
    }
    text = "An internal error has occurred"
    return names.get(call.service, "InternalFailure"), text, 500


def _unavailable(call: Call) -> tuple[str, str, int]:
    names = {"ec2": "Unavailable", "eks": "ServiceUnavailableException"}
    name = names.get(call.service, "ServiceUnavailable")
    return name, "Service is unable to handle the request.", 503
