"""What AWS asks IAM before it carries a call out: actions, resources, and what is known of them.

Source: "Actions, resources, and condition keys for AWS services" (Service Authorization
Reference): which resources an action is about, and which actions depend on others.
An action that is limited to no resource is asked about ``*``.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlparse

from .core import Call, World
from .ec2_common import find
from .faults import permission
from .kms import key_of

# What the ids of EC2 begin with, and the type of resource in their ARNs.
EC2_TYPES = {
    "vpc": "vpc",
    "subnet": "subnet",
    "igw": "internet-gateway",
    "eipalloc": "elastic-ip",
    "nat": "natgateway",
    "rtb": "route-table",
    "vpce": "vpc-endpoint",
    "sg": "security-group",
    "sgr": "security-group-rule",
    "eni": "network-interface",
}
# What a call of EC2 makes.
EC2_MADE = {
    "AllocateAddress": "elastic-ip",
    "AuthorizeSecurityGroupEgress": "security-group-rule",
    "AuthorizeSecurityGroupIngress": "security-group-rule",
    "CreateInternetGateway": "internet-gateway",
    "CreateNatGateway": "natgateway",
    "CreateRouteTable": "route-table",
    "CreateSecurityGroup": "security-group",
    "CreateSubnet": "subnet",
    "CreateVpc": "vpc",
    "CreateVpcEndpoint": "vpc-endpoint",
}
# Calls that name more than their action is about.
EC2_ABOUT = {
    "AuthorizeSecurityGroupEgress": ("GroupId",),
    "AuthorizeSecurityGroupIngress": ("GroupId",),
    "CreateRoute": ("RouteTableId",),
    "DeleteRoute": ("RouteTableId",),
    "ReplaceRoute": ("RouteTableId",),
    "RevokeSecurityGroupEgress": ("GroupId",),
    "RevokeSecurityGroupIngress": ("GroupId",),
}
# The role that a service makes for itself on its first use in an account.
SERVICE_LINKED = {
    "eks:CreateCluster": "eks.amazonaws.com",
    "eks:CreateNodegroup": "eks-nodegroup.amazonaws.com",
    "elasticloadbalancing:CreateLoadBalancer": "elasticloadbalancing.amazonaws.com",
    "rds:CreateDBInstance": "rds.amazonaws.com",
}
# What tags, when a call that makes something has tags.
TAGGING = {
    "eks": "eks:TagResource",
    "elasticloadbalancing": "elasticloadbalancing:AddTags",
    "kms": "kms:TagResource",
    "rds": "rds:AddTagsToResource",
    "s3": "s3:TagResource",
    "secretsmanager": "secretsmanager:TagResource",
}
RDS_NAMES = {
    "DBInstanceIdentifier": "db",
    "DBSnapshotIdentifier": "snapshot",
    "SourceDBSnapshotIdentifier": "snapshot",
    "TargetDBSnapshotIdentifier": "snapshot",
    "DBSubnetGroupName": "subgrp",
    "DBParameterGroupName": "pg",
}


@dataclass
class Question:
    """May the caller do this, on that, under these circumstances?"""

    action: str
    resource: str = "*"
    context: dict[str, str] = field(default_factory=dict)


def questions(call: Call, world: World) -> list[Question]:
    """Everything that IAM is asked for a call; all of it has to be allowed."""
    action = permission(call)
    if call.service == "ec2" and is_gone(call, world):
        return []
    named = NAMED.get(call.service)
    found = list(named(call, world)) if named and not listing(call) else []
    asked = [Question(action, each, dict(context)) for each, context in found]
    asked = asked or [Question(action)]
    made = request_tags(call)
    asked += dependent(call, world, asked, made)
    for each in asked:
        each.context["aws:RequestedRegion"] = call.region
        each.context.update({f"aws:RequestTag/{key}": made[key] for key in made})
    return asked


def listing(call: Call) -> bool:
    """Whether a call is asked about no resource: all of EC2's, RDS's and ELB's reading."""
    reads = call.operation.startswith(("Describe", "List"))
    return reads and call.service in ("ec2", "rds", "elasticloadbalancing", "autoscaling")


Named = Iterator[tuple[str, dict[str, str]]]


def arn(call: Call, service: str, resource: str) -> str:
    """An ARN in the account and region of a call."""
    region = "" if service == "iam" else call.region
    return f"arn:aws:{service}:{region}:{call.account}:{resource}"


def tagged(tags: dict[str, str]) -> dict[str, str]:
    """What IAM knows of a resource with these tags."""
    return {f"aws:ResourceTag/{key}": value for key, value in tags.items()}


def request_tags(call: Call) -> dict[str, str]:
    """The tags that a call gives to what it makes or names."""
    given = call.nested
    found: list[dict[str, Any]] = []
    for each in given.get("TagSpecifications") or []:
        found += each.get("Tags") or []
    for name in ("Tags", "TagSet", "tags"):
        tags = given.get(name)
        if isinstance(tags, dict):
            return {str(key): str(value) for key, value in tags.items()}
        found += tags or []
    bucket = given.get("CreateBucketConfiguration") or {}
    found += bucket.get("Tags") or []
    return {
        str(each.get("Key", each.get("TagKey", ""))): str(
            each.get("Value", each.get("TagValue", ""))
        )
        for each in found
    }


# --------------------------------------------------------------------------
# Which resources a call is about


def of_ec2(call: Call, world: World) -> Named:
    """Those that a call names by their ids, and the one that it makes."""
    backend = world.moto("ec2", call.region, call.account)
    about = EC2_ABOUT.get(call.operation)
    ids: list[str] = []
    for name, value in call.nested.items():
        if about is None or name in about:
            values = value if isinstance(value, list) else [value]
            ids += [each for each in values if isinstance(each, str)]
    for rule in call.nested.get("SecurityGroupRules") or []:
        ids.append(str(rule.get("SecurityGroupRuleId", "")))
    for identifier in ids:
        if identifier.startswith("rtbassoc-"):
            yield from of_association(call, backend, identifier)
        kind = EC2_TYPES.get(identifier.rsplit("-", 1)[0])
        if kind and re.fullmatch(r"[a-z]+-[0-9a-f]+", identifier):
            yield arn(call, "ec2", f"{kind}/{identifier}"), tags_of(backend, identifier)
    if call.operation in EC2_MADE:
        yield arn(call, "ec2", f"{EC2_MADE[call.operation]}/new"), {}


def of_association(call: Call, backend: Any, identifier: str) -> Named:
    """The route table and the subnet of an association."""
    for table in backend.route_tables.values():
        subnet = table._associations.get(identifier)
        if subnet is not None or identifier == table.main_association_id:
            for each in (table.id, subnet):
                kind = EC2_TYPES.get(str(each).split("-")[0])
                if kind:
                    yield arn(call, "ec2", f"{kind}/{each}"), tags_of(backend, each)


def is_gone(call: Call, world: World) -> bool:
    """Whether a call names an association that is not there, of which AWS knows no table."""
    identifier = str(call.nested.get("AssociationId", ""))
    backend = world.moto("ec2", call.region, call.account)
    named = identifier.startswith("rtbassoc-")
    return named and not list(of_association(call, backend, identifier))


def tags_of(backend: Any, identifier: str) -> dict[str, str]:
    """What IAM knows of an object of EC2."""
    tags = dict(backend.tags.get(identifier, {}))
    there = find(backend, identifier)
    if not tags and isinstance(getattr(there, "tags", None), dict):
        tags = dict(there.tags)
    return tagged({str(key): str(value) for key, value in tags.items()})


def of_iam(call: Call, _world: World) -> Named:
    """A role, a policy, a provider, an instance profile, a user or a group."""
    given, name = call.nested, call.operation
    if "InstanceProfileName" in given:
        yield arn(call, "iam", f"instance-profile/{given['InstanceProfileName']}"), {}
        return
    about = {"iam:PolicyARN": str(given.get("PolicyArn", ""))}
    for key, kind in (("RoleName", "role"), ("UserName", "user"), ("GroupName", "group")):
        if key in given:
            yield arn(call, "iam", f"{kind}/{given[key]}"), about
            return
    if "PolicyArn" in given:
        yield str(given["PolicyArn"]), {}
    elif name == "CreatePolicy":
        yield arn(call, "iam", f"policy/{given.get('PolicyName', '')}"), {}
    elif "OpenIDConnectProviderArn" in given:
        yield str(given["OpenIDConnectProviderArn"]), {}
    elif name == "CreateOpenIDConnectProvider":
        url = urlparse(str(given.get("Url", "")))
        yield arn(call, "iam", f"oidc-provider/{url.netloc}{url.path}"), {}


def of_eks(call: Call, _world: World) -> Named:
    """A cluster, or what belongs to it. To make a cluster is limited to nothing."""
    given, name = call.nested, call.operation
    if name in ("CreateCluster", "ListClusters", "DescribeAddonVersions"):
        return
    if "resourceArn" in given:
        yield str(given["resourceArn"]), {}
        return
    cluster = given.get("clusterName") or given.get("name")
    if not cluster:
        return
    parts = {
        "nodegroupName": "nodegroup",
        "addonName": "addon",
        "principalArn": "access-entry",
        "associationId": "podidentityassociation",
    }
    makes = name in ("CreateNodegroup", "CreateAddon", "CreateAccessEntry")
    for key, kind in parts.items():
        if given.get(key) and not makes:
            part = str(given[key]).rsplit("/", 1)[-1]
            yield arn(call, "eks", f"{kind}/{cluster}/{part}/id"), {}
            return
    yield arn(call, "eks", f"cluster/{cluster}"), {}


def of_autoscaling(call: Call, _world: World) -> Named:
    """A group."""
    name = call.nested.get("AutoScalingGroupName", "")
    yield (
        arn(call, "autoscaling", f"autoScalingGroup:id:autoScalingGroupName/{name}"),
        {},
    )


def of_elb(call: Call, _world: World) -> Named:
    """Those that a call names by their ARNs, and the one that it makes."""
    given, name = call.nested, call.operation
    made = {"CreateLoadBalancer": "loadbalancer/app", "CreateTargetGroup": "targetgroup"}
    if name in made:
        made_name = f"{made[name]}/{given.get('Name', '')}/new"
        yield arn(call, "elasticloadbalancing", made_name), {}
        return
    about = ("LoadBalancerArn", "ListenerArn", "TargetGroupArn", "RuleArn")
    for each in [given.get(key) for key in about] + list(given.get("ResourceArns") or []):
        if each:
            yield str(each), {}


def of_rds(call: Call, _world: World) -> Named:
    """Those that a call names."""
    if "ResourceName" in call.nested:
        yield str(call.nested["ResourceName"]), {}
    for key, kind in RDS_NAMES.items():
        name = call.nested.get(key)
        if name:
            known = str(name)
            yield known if known.startswith("arn:") else arn(call, "rds", f"{kind}:{name}"), {}


def of_s3(call: Call, _world: World) -> Named:
    """A bucket, or what is in it."""
    bucket, key = call.get("Bucket"), call.get("Key")
    if bucket and call.operation == "DeleteObjects":
        yield f"arn:aws:s3:::{bucket}/any", {}
    elif bucket:
        yield f"arn:aws:s3:::{bucket}/{key}" if key else f"arn:aws:s3:::{bucket}", {}


def of_secrets(call: Call, _world: World) -> Named:
    """A secret by its name or its ARN."""
    name = str(call.nested.get("SecretId") or call.nested.get("Name") or "")
    if name.startswith("arn:"):
        yield name, {}
    elif name:
        yield arn(call, "secretsmanager", f"secret:{name}-AbCdEf"), {}


def of_kms(call: Call, world: World) -> Named:
    """A key, an alias, or both."""
    backend = world.moto("kms", call.region, call.account)
    alias = call.nested.get("AliasName")
    names = [call.nested.get("KeyId"), call.nested.get("TargetKeyId"), alias]
    for key in {id(it): it for it in (key_of(backend, str(n)) for n in names if n) if it}.values():
        yield key.arn, tagged(key_tags(backend, key))
    if alias:
        yield arn(call, "kms", str(alias)), {}


def key_tags(backend: Any, key: Any) -> dict[str, str]:
    """The tags of a key."""
    tags = backend.list_resource_tags(key.id).get("Tags", [])
    return {str(each["TagKey"]): str(each["TagValue"]) for each in tags}


NAMED: dict[str, Callable[[Call, World], Named]] = {
    "autoscaling": of_autoscaling,
    "ec2": of_ec2,
    "eks": of_eks,
    "elasticloadbalancing": of_elb,
    "iam": of_iam,
    "kms": of_kms,
    "rds": of_rds,
    "s3": of_s3,
    "secretsmanager": of_secrets,
}


# --------------------------------------------------------------------------
# What else is asked


def dependent(
    call: Call, world: World, asked: list[Question], made: dict[str, str]
) -> list[Question]:
    """The actions that a call depends on, in the name of the caller."""
    given, name = call.nested, f"{call.service}:{call.operation}"
    found: list[Question] = []
    makes = call.operation.startswith(("Create", "Copy", "Allocate", "Authorize"))
    if made and makes and call.service == "ec2":
        new = [each.resource for each in asked if each.resource.endswith("/new")]
        context = {"ec2:CreateAction": call.operation}
        found += [Question("ec2:CreateTags", each, dict(context)) for each in new]
    elif made and makes and call.service in TAGGING:
        found += [Question(TAGGING[call.service], each) for each in tagged_by(call, asked)]
    elif made and makes and call.service == "iam":
        found.append(Question(f"iam:Tag{call.operation[6:]}", asked[0].resource))
    if name == "s3:CreateBucket" and "ObjectOwnership" in given:
        found.append(Question("s3:PutBucketOwnershipControls", asked[0].resource))
    if name == "s3:DeleteObjects":
        found.append(Question("s3:DeleteObjectVersion", asked[0].resource))
    if name == "rds:DeleteDBInstance" and given.get("FinalDBSnapshotIdentifier"):
        snapshot = arn(call, "rds", f"snapshot:{given['FinalDBSnapshotIdentifier']}")
        for each in (asked[0].resource, snapshot):
            found.append(Question("rds:CreateDBSnapshot", each))
    for key, service in (("roleArn", "eks"), ("nodeRole", "ec2")):
        if call.service == "eks" and call.operation.startswith("Create") and given.get(key):
            context = {"iam:PassedToService": f"{service}.amazonaws.com"}
            found.append(Question("iam:PassRole", str(given[key]), context))
    found += by_key(call, world)
    if name in ("elasticloadbalancing:CreateLoadBalancer", "rds:CreateDBInstance"):
        found.append(Question("ec2:DescribeAccountAttributes"))
    if name == "ec2:CreateVpcEndpoint" and given.get("PrivateDnsEnabled"):
        zone = "arn:aws:route53:::hostedzone/new"
        found.append(Question("route53:AssociateVPCWithHostedZone", zone))
    linked = SERVICE_LINKED.get(name)
    if linked and linked not in world.book("service_linked", set):
        role = arn(call, "iam", f"role/aws-service-role/{linked}/AWSServiceRole")
        found.append(
            Question("iam:CreateServiceLinkedRole", role, {"iam:AWSServiceName": linked})
        )
    return found


def tagged_by(call: Call, asked: list[Question]) -> Iterator[str]:
    """What a call makes and tags."""
    made = {
        "CreateAccessEntry": ("access-entry", "principalArn"),
        "CreateAddon": ("addon", "addonName"),
        "CreateNodegroup": ("nodegroup", "nodegroupName"),
    }
    if call.operation == "CreateCluster":
        yield arn(call, "eks", f"cluster/{call.nested.get('name', '')}")
    elif call.operation in made:
        kind, key = made[call.operation]
        part = str(call.nested.get(key, "")).rsplit("/", 1)[-1]
        yield arn(call, "eks", f"{kind}/{call.nested.get('clusterName', '')}/{part}/id")
    elif call.operation == "CreateListener":
        yield asked[0].resource.replace(":loadbalancer/", ":listener/") + "/new"
    elif call.operation == "CreateKey":
        yield arn(call, "kms", "key/new")
    else:
        yield asked[0].resource


def by_key(call: Call, world: World) -> Iterator[Question]:
    """What a service asks of a key, in the name of the caller."""
    given, name = call.nested, f"{call.service}:{call.operation}"
    key, actions = "", ["kms:CreateGrant", "kms:DescribeKey"]
    if name == "eks:CreateCluster":
        for each in given.get("encryptionConfig") or []:
            key = str((each.get("provider") or {}).get("keyArn", ""))
    elif name == "rds:CreateDBInstance":
        key = str(given.get("KmsKeyId", ""))
    elif name in ("secretsmanager:CreateSecret", "secretsmanager:UpdateSecret"):
        key, actions = str(given.get("KmsKeyId", "")), ["kms:GenerateDataKey", "kms:Decrypt"]
    elif name == "secretsmanager:PutSecretValue":
        key, actions = key_of_secret(call, world), ["kms:GenerateDataKey", "kms:Decrypt"]
    elif name == "secretsmanager:GetSecretValue":
        key, actions = key_of_secret(call, world), ["kms:Decrypt"]
    backend = world.moto("kms", call.region, call.account)
    there = key_of(backend, key) if key else None
    if there is not None:
        for action in actions:
            yield Question(action, there.arn, tagged(key_tags(backend, there)))


def key_of_secret(call: Call, world: World) -> str:
    """The key that a secret is encrypted with, if it is not AWS's own."""
    backend = world.moto("secretsmanager", call.region, call.account)
    name = str(call.nested.get("SecretId", ""))
    for secret in backend.secrets.values():
        if name in (secret.name, secret.arn):
            return str(secret.kms_key_id or "")
    return ""


def carried_out(call: Call, world: World) -> None:
    """The service has been used now."""
    linked = SERVICE_LINKED.get(f"{call.service}:{call.operation}")
    if linked:
        world.book("service_linked", set).add(linked)


