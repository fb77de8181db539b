"""S3 buckets.

New buckets are private, encrypted and without ACLs; names are shared with the
rest of the world; a bucket is deleted only when nothing is left in it.

The emulator plays a TLS endpoint although it speaks plain http: a policy that
denies requests without TLS denies nobody here, so that clients can fill and
empty a bucket after they put one.  A request that carries the header
``X-Forwarded-Proto: http`` counts as sent in the clear and is refused by such a
policy, which shows that the policy is live.

Buckets of other accounts: names in ``settings.extra["foreign_buckets"]`` or in
the book ``foreign_buckets``.
"""

from __future__ import annotations

import json
import re
from typing import Any

from moto.s3.models import FakeBucket, PublicAccessBlock

from .core import Call, Refusal, Reply, World, after, before
from .durations import BUCKET_NAME_HELD, S3_VISIBLE
from .policies import as_list, parse, statements, unknown_principal
from .s3_regions import redirect
from .wording import MALFORMED_XML

NAME = re.compile(r"(?!xn--|sthree-|amzn-s3-demo-)[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]")
BAD_ENDS = ("-s3alias", "--ol-s3", ".mrap", "--x-s3", "--table-s3")
ADDRESS = re.compile(r"\d+\.\d+\.\d+\.\d+")
SSE_S3 = {
    "Rule": {
        "ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"},
        "BucketKeyEnabled": "false",
    }
}
WITHOUT_BUCKET = ("CreateBucket", "ListBuckets")

_permission = FakeBucket.get_permission


def _unconditional_permission(bucket: Any, action: str, resource: str) -> Any:
    """moto's reading of a policy, without the statements it cannot judge.

    moto takes every condition for unmet and a statement with an unmet
    condition for a denial; conditions on TLS are judged in this module.
    """
    document = parse(bucket.policy.decode()) if bucket.policy else None
    if document is None:
        return _permission(bucket, action, resource)
    kept = [each for each in statements(document) if "Condition" not in each]
    whole = bucket.policy
    bucket.policy = json.dumps({**document, "Statement": kept}).encode()
    try:
        return _permission(bucket, action, resource)
    finally:
        bucket.policy = whole


FakeBucket.get_permission = _unconditional_permission  # type: ignore


def backend_of(call: Call, world: World) -> Any:
    """moto's buckets of the caller's account."""
    return world.moto("s3", account=call.account)


def bucket_of(call: Call, world: World) -> Any:
    """The bucket a call is about; None if the account has none of that name."""
    return backend_of(call, world).buckets.get(call.get("Bucket"))


def denied() -> Refusal:
    """Somebody else's, or forbidden by a policy."""
    return Refusal("AccessDenied", "Access Denied", 403)


def is_foreign(world: World, name: str) -> bool:
    """Whether a bucket of that name belongs to somebody else."""
    named = world.settings.extra.get("foreign_buckets", ())
    return name in named or name in world.book("foreign_buckets", set)


@before("s3", "*")
def reach_bucket(call: Call, world: World) -> Reply | None:
    """Foreign, moved, new and TLS-only buckets."""
    name = call.get("Bucket")
    if not name or call.operation in WITHOUT_BUCKET:
        return None
    if is_foreign(world, name):
        raise denied()
    bucket = bucket_of(call, world)
    if bucket is None:
        return None
    owner = call.headers.get("x-amz-expected-bucket-owner")
    if owner and owner != bucket.account_id:
        raise denied()
    if bucket.region_name != call.region and call.operation != "GetBucketLocation":
        return redirect(call, bucket)
    made = world.book("s3_created").get(name)
    window = world.settings.window("s3", S3_VISIBLE)
    if made is not None and not world.clock.older(made, window):
        raise no_such_bucket(name)
    if call.headers.get("x-forwarded-proto") == "http" and wants_tls(bucket):
        raise denied()
    return None


def no_such_bucket(name: str) -> Refusal:
    """A bucket that is not there, or not seen yet."""
    return Refusal(
        "NoSuchBucket", "The specified bucket does not exist", 404, BucketName=name
    )


def wants_tls(bucket: Any) -> bool:
    """Whether the bucket's policy denies requests without TLS."""
    document = parse(bucket.policy.decode()) if bucket.policy else None
    for statement in statements(document or {}):
        if statement.get("Effect") != "Deny":
            continue
        for tests in (statement.get("Condition") or {}).values():
            wanted = as_list(tests.get("aws:SecureTransport"))
            if any(str(each).lower() == "false" for each in wanted):
                return True
    return False


# --------------------------------------------------------------------------
# Creation and deletion


@before("s3", "CreateBucket")
def create_bucket(call: Call, world: World) -> None:
    """The name is well-formed, free, and not just deleted; tags are in order."""
    name = call.get("Bucket")
    if (
        not NAME.fullmatch(name)
        or name.endswith(BAD_ENDS)
        or ADDRESS.fullmatch(name)
        or ".." in name
    ):
        raise Refusal("InvalidBucketName", "The specified bucket is not valid.")
    if is_foreign(world, name):
        raise Refusal(
            "BucketAlreadyExists",
            "The requested bucket name is not available. The bucket namespace is "
            "shared by all users of the system. Please select a different name and "
            "try again.",
            409,
            BucketName=name,
        )
    held = world.book("s3_held").get(name)
    if held is not None and not world.clock.passed(held):
        raise Refusal(
            "OperationAborted",
            "A conflicting conditional operation is currently in progress against "
            "this resource. Please try again.",
            409,
        )
    acl = call.headers.get("x-amz-acl", "private")
    owner = call.headers.get("x-amz-object-ownership", "BucketOwnerEnforced")
    if acl != "private" and owner == "BucketOwnerEnforced":
        raise Refusal(
            "InvalidBucketAclWithObjectOwnership",
            "Bucket cannot have ACLs set with ObjectOwnership's BucketOwnerEnforced "
            "setting",
        )
    if any(key.startswith("aws:") for key in tags_of(call)):
        raise Refusal("InvalidTag", "System tags cannot be added/updated by requester")
    call.notes["existed"] = bucket_of(call, world) is not None


def tags_of(call: Call) -> dict[str, str]:
    """Tags within CreateBucketConfiguration."""
    root = call.xml()
    found = [] if root is None else root.findall("./Tags/Tag")
    return {tag.findtext("Key", ""): tag.findtext("Value", "") for tag in found}


@after("s3", "CreateBucket")
def created_bucket(call: Call, reply: Reply, world: World) -> None:
    """What every new bucket has; our own bucket created again keeps its settings."""
    if reply.status >= 300 or call.notes.get("existed"):
        return
    bucket = bucket_of(call, world)
    bucket.public_access_block = PublicAccessBlock(True, True, True, True)
    bucket.encryption = SSE_S3
    if not bucket.ownership_rule:
        bucket.ownership_rule = "BucketOwnerEnforced"
    tags = tags_of(call)
    if tags:
        backend_of(call, world).put_bucket_tagging(bucket.name, tags)
    world.book("s3_created")[bucket.name] = world.clock.now()


@after("s3", "DeleteBucket")
def deleted_bucket(call: Call, reply: Reply, world: World) -> None:
    """The name is not usable for a while."""
    if reply.status < 300:
        name = call.get("Bucket")
        hold = float(world.settings.extra.get("bucket_name_held", BUCKET_NAME_HELD))
        world.book("s3_held")[name] = world.clock.after(hold)
        world.book("s3_created").pop(name, None)
        arn = f"arn:aws:s3:::{name}"
        backend_of(call, world).tagger.delete_all_tags_for_resource(arn)


# --------------------------------------------------------------------------
# Configuration


@after("s3", "DeleteBucketEncryption")
def default_encryption(call: Call, reply: Reply, world: World) -> None:
    """Without a rule of its own a bucket falls back to SSE-S3."""
    bucket = bucket_of(call, world)
    if reply.status < 300 and bucket is not None:
        bucket.encryption = SSE_S3


@before("s3", "PutBucketAcl", "PutObjectAcl")
def access_lists(call: Call, world: World) -> None:
    """ACLs are off where the bucket owner owns every object."""
    bucket = bucket_of(call, world)
    if bucket is not None and bucket.ownership_rule == "BucketOwnerEnforced":
        raise Refusal("AccessControlListNotSupported", "The bucket does not allow ACLs")


@before("s3", "PutObject", "CopyObject", "CreateMultipartUpload")
def object_access_list(call: Call, world: World) -> None:
    """Likewise for an ACL sent along with an object."""
    acl = call.headers.get("x-amz-acl")
    if acl and acl != "bucket-owner-full-control":
        access_lists(call, world)


@before("s3", "PutBucketPolicy")
def put_policy(call: Call, world: World) -> None:
    """Well-formed, about this bucket, naming somebody, and not public."""
    bucket = bucket_of(call, world)
    if bucket is None:
        return
    document = parse(call.body.decode("utf-8", "replace"))
    if document is None:
        raise malformed("Policies must be valid JSON and the first byte must be '{'")
    if not statements(document):
        raise malformed("Missing required field Statement")
    arn = f"arn:aws:s3:::{bucket.name}"
    for statement in statements(document):
        if "Principal" not in statement and "NotPrincipal" not in statement:
            raise malformed("Missing required field Principal")
        resources = as_list(statement.get("Resource"))
        if not resources:
            raise malformed("Missing required field Resource")
        for resource in resources:
            if resource != arn and not str(resource).startswith(f"{arn}/"):
                raise malformed("Policy has invalid resource")
    if unknown_principal(world, call.account, document):
        raise malformed("Invalid principal in policy")
    block = bucket.public_access_block
    if block is not None and block.block_public_policy and is_public(document):
        raise denied()


def malformed(text: str) -> Refusal:
    """A bucket policy that S3 does not take."""
    return Refusal("MalformedPolicy", text)


def is_public(document: dict[str, Any]) -> bool:
    """Whether anybody is allowed anything without a condition."""
    for statement in statements(document):
        named = statement.get("Principal")
        anybody = named == "*" or (
            isinstance(named, dict) and "*" in as_list(named.get("AWS"))
        )
        allowed = statement.get("Effect") == "Allow"
        if allowed and anybody and not statement.get("Condition"):
            return True
    return False


@after("s3", "PutBucketPolicy")
def policy_is_put(call: Call, reply: Reply, world: World) -> Reply | None:
    """AWS answers without a body."""
    return Reply(204, {}, b"") if reply.status < 300 else None


@before("s3", "PutBucketVersioning")
def versioning(call: Call, world: World) -> None:
    """Enabled or Suspended; "never set" cannot come back."""
    root = call.xml()
    if root is None or root.find("Status") is None:
        raise Refusal("MalformedXML", MALFORMED_XML)


@after("s3", "GetBucketVersioning")
def versioning_root(call: Call, reply: Reply, world: World) -> None:
    """The answer's root is VersioningConfiguration; moto names it after the operation."""
    reply.body = reply.body.replace(
        b"GetBucketVersioningResponse", b"VersioningConfiguration"
    )
