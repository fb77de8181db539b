"""Small services: STS identity, service quotas, CloudTrail, policy simulation."""

from __future__ import annotations

from .core import Call, Refusal, Reply, World, before, on_reset
from .faults import denial, expiry

CALLER_ROLE = "platform-admin"
CALLER_SESSION = "session"
CALLER_ARN = f"arn:aws:sts::123456789012:assumed-role/{CALLER_ROLE}/{CALLER_SESSION}"


def check_credentials(call: Call) -> None:
    """Refuse by access key id: EXPIRED, INVALID, and those starting DENY."""
    key = call.access_key
    if key == "EXPIRED":
        raise expiry(call)
    if key == "INVALID":
        raise invalid_key(call)
    if key.startswith("DENY") and call.operation != "GetCallerIdentity":
        raise denial(call, CALLER_ARN)


def invalid_key(call: Call) -> Refusal:
    """How an unknown access key reads, per service."""
    text = "The security token included in the request is invalid."
    if call.service == "ec2":
        text = "AWS was not able to validate the provided access credentials"
        return Refusal("AuthFailure", text, 401)
    if call.service == "s3":
        text = "The AWS Access Key Id you provided does not exist in our records."
        return Refusal("InvalidAccessKeyId", text, 403)
    if call.protocol in ("json", "rest-json"):
        status = 403 if call.protocol == "rest-json" else 400
        return Refusal("UnrecognizedClientException", text, status)
    return Refusal("InvalidClientTokenId", text, 403)
