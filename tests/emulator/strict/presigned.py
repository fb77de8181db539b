"""Requests whose signature stands in their address: STS checks it.

Signature Version 4 in query parameters ("Authenticating requests: using query
parameters" in the S3 API reference). Whoever holds such an address asks in the
name of who signed it, and only with the headers that were signed.
"""

from __future__ import annotations

import hashlib
import hmac
from datetime import UTC, datetime, timedelta
from urllib.parse import quote

from .core import Call, Refusal

# What every access key of the emulator signs with.
SECRET = "secret"
ALGORITHM = "AWS4-HMAC-SHA256"


def check_presigned(call: Call) -> None:
    """Refuse an address that is signed wrongly, too late or not at all."""
    given = call.query.get("X-Amz-Signature")
    if given is None:
        return
    if call.query.get("X-Amz-Algorithm") != ALGORITHM:
        raise mismatch()
    signed_at = call.query.get("X-Amz-Date", "")
    try:
        begun = datetime.strptime(signed_at, "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
        seconds = int(call.query.get("X-Amz-Expires", ""))
    except ValueError:
        raise mismatch() from None
    end = begun + timedelta(seconds=seconds)
    if datetime.now(UTC) > end:
        raise Refusal(
            "SignatureDoesNotMatch",
            f"Signature expired: {signed_at} is now earlier than the time allowed",
            403,
        )
    if not hmac.compare_digest(signature(call), given):
        raise mismatch()


def mismatch() -> Refusal:
    """What STS says of any signature it did not calculate itself."""
    return Refusal(
        "SignatureDoesNotMatch",
        "The request signature we calculated does not match the signature you "
        "provided. Check your AWS Secret Access Key and signing method. Consult the "
        "service documentation for details.",
        403,
    )


def signature(call: Call) -> str:
    """The signature of the request as it came in."""
    named = call.query.get("X-Amz-SignedHeaders", "")
    pairs = sorted(
        (quote(key, safe="-_.~"), quote(value, safe="-_.~"))
        for key, value in call.query.items()
        if key != "X-Amz-Signature"
    )
    headers = "".join(
        f"{name}:{' '.join(call.headers.get(name, '').split())}\n"
        for name in named.split(";")
    )
    request = "\n".join(
        [
            call.method,
            call.path,
            "&".join(f"{key}={value}" for key, value in pairs),
            headers,
            named,
            hashlib.sha256(call.body).hexdigest(),
        ]
    )
    scope = call.query.get("X-Amz-Credential", "").partition("/")[2]
    to_sign = "\n".join(
        [
            ALGORITHM,
            call.query.get("X-Amz-Date", ""),
            scope,
            hashlib.sha256(request.encode()).hexdigest(),
        ]
    )
    key = f"AWS4{SECRET}".encode()
    for part in scope.split("/"):
        key = hmac.digest(key, part.encode(), "sha256")
    return hmac.new(key, to_sign.encode(), hashlib.sha256).hexdigest()
