"""Buckets by Region: the list of all of them, and the way to one elsewhere.

Facts: "ListBuckets" of the S3 API reference for the list; the redirector of
botocore (``botocore.utils.S3RegionRedirectorv2``) for the answers that send a
client to another Region.
"""

from __future__ import annotations

import base64
from typing import Any

from .core import Call, Listed, Refusal, Reply, World, before

# Regions that take signatures of other ones and redirect.
OLD_REGIONS = (
    "ap-northeast-1",
    "ap-southeast-1",
    "ap-southeast-2",
    "eu-west-1",
    "sa-east-1",
    "us-east-1",
    "us-west-1",
    "us-west-2",
)
# Regions that an account has to enable; they know nothing of the others' buckets,
# nor the others of theirs.
OPT_IN_REGIONS = (
    "af-south-1",
    "ap-east-1",
    "ap-east-2",
    "ap-south-2",
    "ap-southeast-3",
    "ap-southeast-4",
    "ap-southeast-5",
    "ap-southeast-6",
    "ap-southeast-7",
    "ca-west-1",
    "eu-central-2",
    "eu-south-1",
    "eu-south-2",
    "il-central-1",
    "me-central-1",
    "me-south-1",
    "mx-central-1",
)
LONGEST_PAGE = 10_000
NAMESPACE = "http://s3.amazonaws.com/doc/2006-03-01/"
OWNER = {"ID": "bcaf1ffd86f41161ca5fb16fd081034f"}


@before("s3", "ListBuckets")
def list_buckets(call: Call, world: World) -> Reply:
    """By name, in pages; the Region is told to whoever asks with a parameter."""
    prefix = call.get("Prefix")
    region = call.get("BucketRegion")
    if region and region != call.region:
        raise Refusal(
            "InvalidArgument",
            f"Argument value {region} is not supported by the endpoint of {call.region}",
            ArgumentName="bucket-region",
            ArgumentValue=region,
        )
    start = told_by(call.get("ContinuationToken"))
    found = [
        bucket
        for name, bucket in sorted(
            world.moto("s3", account=call.account).buckets.items()
        )
        if name.startswith(prefix)
        and name > start
        and region in ("", bucket.region_name)
    ]
    size = int(call.get("MaxBuckets") or LONGEST_PAGE)
    page, more = found[:size], len(found) > size
    asked = {"MaxBuckets", "ContinuationToken", "Prefix", "BucketRegion"}
    regional = bool(asked & call.params.keys())
    buckets = [
        {
            "Name": bucket.name,
            "CreationDate": bucket.creation_date_ISO8601,
            "BucketRegion": bucket.region_name if regional else None,
        }
        for bucket in page
    ]
    answer = {
        "Buckets": Listed("Bucket", buckets),
        "Owner": OWNER,
        "ContinuationToken": token_of(page[-1].name) if more else None,
        "Prefix": prefix or None,
    }
    reply = call.reply({"ListAllMyBucketsResult": answer})
    reply.text = reply.text.replace("Result>", f'Result xmlns="{NAMESPACE}">', 1)
    return reply


def token_of(name: str) -> str:
    """Where a list goes on, in a form nobody takes for a name."""
    return base64.urlsafe_b64encode(name.encode()).decode()


def told_by(token: str) -> str:
    """The name after which a list goes on; "" for its beginning."""
    try:
        return base64.b64decode(token, b"-_", validate=True).decode()
    except ValueError:
        raise Refusal(
            "InvalidArgument", "The continuation token provided is incorrect"
        ) from None


def redirect(call: Call, bucket: Any) -> Reply:
    """The way to a bucket in another Region; the answer to a HEAD has no words."""
    home = bucket.region_name
    if home in OPT_IN_REGIONS or call.region in OPT_IN_REGIONS:
        named = "unspecified" if home == "us-east-1" else home
        refusal = Refusal(
            "IllegalLocationConstraintException",
            f"The {named} location constraint is incompatible for the region "
            "specific endpoint this request was sent to.",
        )
    elif home not in OLD_REGIONS:
        refusal = Refusal(
            "AuthorizationHeaderMalformed",
            f"The authorization header is malformed; the region '{call.region}' is "
            f"wrong; expecting '{home}'",
            Region=home,
        )
    else:
        refusal = Refusal(
            "PermanentRedirect",
            "The bucket you are attempting to access must be addressed using the "
            "specified endpoint. Please send all future requests to this endpoint.",
            301,
            Bucket=bucket.name,
            Endpoint=f"{bucket.name}.s3.{home}.amazonaws.com",
        )
    reply = call.refuse(refusal)
    reply.headers["x-amz-bucket-region"] = home
    return reply
