"""Are the policies here what the program needs, neither less nor more?

Reads the calls out of src/ and compares them with the actions of the policies.
Run by `make check`; needs nothing but Python.
"""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
SOURCES = HERE.parent.parent / "src"
# What IAM takes as a managed policy, white space not counted.
LARGEST = 6144

CLIENTS = {"elb": "elasticloadbalancing", "secrets": "secretsmanager"}
SERVICES = "acm|autoscaling|cloudtrail|ec2|eks|elb|iam|kms|rds|s3|secrets"
VERBS = (
    "abort|add|allocate|associate|attach|authorize|cancel|copy|create|delete|describe|detach"
    "|disable|disassociate|enable|get|head|list|lookup|modify|put|release|remove|replace"
    "|deregister|reset|restore|resume|revoke|schedule|set|tag|untag|update"
)
CALL = re.compile(rf"\b({SERVICES})\s*\.\s*((?:{VERBS})_[a-z0-9_]+)\s*\(")

# Calls of S3 whose action has another name ("Actions, resources, and condition keys for Amazon S3").
RENAMED = {
    "createbucket": ["CreateBucket", "PutBucketOwnershipControls", "TagResource"],
    "deletebucketlifecycle": ["PutLifecycleConfiguration"],
    "deleteobjects": ["DeleteObject", "DeleteObjectVersion"],
    "getbucketencryption": ["GetEncryptionConfiguration"],
    "getbucketlifecycleconfiguration": ["GetLifecycleConfiguration"],
    "getbucketnotificationconfiguration": ["GetBucketNotification"],
    "getbucketreplication": ["GetReplicationConfiguration"],
    "getpublicaccessblock": ["GetBucketPublicAccessBlock"],
    "headbucket": ["ListBucket"],
    "listbuckets": ["ListAllMyBuckets"],
    "listmultipartuploads": ["ListBucketMultipartUploads"],
    "listobjectversions": ["ListBucketVersions"],
    "putbucketencryption": ["PutEncryptionConfiguration"],
    "putbucketlifecycleconfiguration": ["PutLifecycleConfiguration"],
    "putpublicaccessblock": ["PutBucketPublicAccessBlock"],
}
# What a service asks in the name of whoever calls it.
ON_BEHALF = {
    "ec2:DescribeAccountAttributes": "creating load balancers and databases",
    "iam:CreateServiceLinkedRole": "the first use of a service in an account",
    "iam:PassRole": "giving a role to the cluster or to its nodes",
    "kms:CreateGrant": "giving the key to the database and to the cluster",
    "kms:Decrypt": "secrets that are encrypted with the key",
    "kms:GenerateDataKey": "secrets that are encrypted with the key",
    "route53:AssociateVPCWithHostedZone": "endpoints that answer to the usual name of a service",
}


def called() -> set[str]:
    """The actions behind every call in the sources, in lower case."""
    actions = set()
    for source in SOURCES.rglob("*.rs"):
        for client, method in CALL.findall(source.read_text()):
            service = CLIENTS.get(client, client)
            name = method.replace("_", "")
            names = RENAMED.get(name, [name]) if service == "s3" else [name]
            actions.update(f"{service}:{each}".lower() for each in names)
    return actions


def allowed(path: Path) -> set[str]:
    """The actions a policy allows; complains of what IAM would refuse."""
    policy = json.loads(path.read_text())
    size = len(json.dumps(policy, separators=(",", ":")))
    if size > LARGEST:
        sys.exit(f"{path.name} has {size} characters, IAM takes {LARGEST}")
    actions: list[str] = []
    for statement in policy["Statement"]:
        some = statement["Action"]
        actions += [some] if isinstance(some, str) else some
    return set(actions)


def main() -> int:
    """Tell every difference; 0 if there is none."""
    policies = {path.name: allowed(path) for path in sorted(HERE.glob("*.json"))}
    every = set().union(*policies.values())
    needed = called() | {action.lower() for action in ON_BEHALF}
    wrong = [f"no policy allows {each}" for each in sorted(needed - {a.lower() for a in every})]
    wrong += [f"nothing needs {each}" for each in sorted(every) if each.lower() not in needed]
    for each in sorted(policies["plan.json"]):
        if not re.search(r":(Describe|Get|List|Lookup)", each):
            wrong.append(f"plan.json allows {each}, which is no reading")
        if each.endswith(":GetSecretValue"):
            wrong.append("plan.json lets secrets be read")
    print("\n".join(wrong) or f"{len(every)} actions, as the calls in src/ need them")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
