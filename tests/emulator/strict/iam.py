"""IAM: roles, managed policies, OIDC providers.

moto knows most conflicts.  Added here: what it lets pass (trust policies that
name nobody, names that differ in case only, policies that are still attached),
the wire form of documents, and the moment in which a new role is not seen.
"""

from __future__ import annotations

import json
import re
from typing import Any
from urllib.parse import quote

from moto.core.exceptions import ServiceException
from moto.iam import models
from moto.iam.policy_validation import IAMTrustPolicyDocumentValidator
from moto.iam.responses import IamResponse

from .core import Call, Refusal, Reply, World, after, before
from .durations import IAM_VISIBLE
from .policies import parse, unknown_principal
from .support import members, render

THUMBPRINT = "9e99a48a9960b14926bb7f3b02e22da2b0ab7280"

SERVICE_ROLES = {
    "eks.amazonaws.com": "AWSServiceRoleForAmazonEKS",
    "eks-nodegroup.amazonaws.com": "AWSServiceRoleForAmazonEKSNodegroup",
    "autoscaling.amazonaws.com": "AWSServiceRoleForAutoScaling",
    "elasticloadbalancing.amazonaws.com": "AWSServiceRoleForElasticLoadBalancing",
    "rds.amazonaws.com": "AWSServiceRoleForRDS",
}

# --------------------------------------------------------------------------
# moto's own ways


def encoded(text: Any) -> str:
    """A document as IAM returns it: percent-encoded (RFC 3986)."""
    return quote(str(text), safe="")


IamResponse.RESPONSE_KEY_PATH_TO_TRANSFORMER.update(
    {
        "GetPolicyVersionResponse.PolicyVersion.Document": encoded,
        "CreatePolicyVersionResponse.PolicyVersion.Document": lambda _: None,
        "ListPolicyVersionsResponse.Versions.PolicyVersion.Document": lambda _: None,
        "ListPolicyVersionsResponse.Versions.member.Document": lambda _: None,
        "ListRolesResponse.Roles.Role.AssumeRolePolicyDocument": encoded,
    }
)

_load_policies = models.IAMBackend._init_aws_policies


def _load_policies_once(backend: Any) -> list[Any]:
    """AWS's managed policies, for the partition in use.

    moto makes a backend for each of six partitions and fills every one of them
    at each reset, which takes a second.
    """
    return _load_policies(backend) if backend.partition == "aws" else []


models.IAMBackend._init_aws_policies = _load_policies_once  # type: ignore


def backend_of(call: Call, world: World) -> Any:
    """moto's IAM books of the caller's account."""
    return world.moto("iam", account=call.account)


def no_such_role(name: str) -> Refusal:
    """A role that is not there, or not seen yet."""
    return Refusal("NoSuchEntity", f"The role with name {name} cannot be found.", 404)


def conflict(text: str) -> Refusal:
    """Something still hangs on the entity."""
    return Refusal("DeleteConflict", text, 409)


def malformed(text: str) -> Refusal:
    """A document IAM does not take."""
    return Refusal("MalformedPolicyDocument", text)


def exhausted(quota: str, value: int) -> Refusal:
    """A quota that is used up; never throttling."""
    return Refusal("LimitExceeded", f"Cannot exceed quota for {quota}: {value}", 409)


# --------------------------------------------------------------------------
# Roles


def check_trust(call: Call, world: World, text: str) -> None:
    """A trust policy is well-formed, short, and names principals that exist."""
    try:
        IAMTrustPolicyDocumentValidator(text).validate()
    except ServiceException as error:
        raise malformed(error.message) from None
    if len(re.sub(r"\s", "", text)) > 2048:
        raise exhausted("ACLSizePerRole", 2048)
    found = unknown_principal(world, call.account, parse(text) or {})
    if found:
        raise malformed(f'Invalid principal in policy: "{found[0]}":"{found[1]}"')


@before("iam", "CreateRole")
def create_role(call: Call, world: World) -> None:
    """Names are unique in any case; the trust policy is checked."""
    name = call.get("RoleName")
    roles = backend_of(call, world).roles.values()
    if any(role.name.lower() == name.lower() for role in roles):
        raise Refusal(
            "EntityAlreadyExists", f"Role with name {name} already exists.", 409
        )
    check_trust(call, world, call.get("AssumeRolePolicyDocument"))
    limit = int(world.settings.quota("L-FE177D64", 1000))
    if len(roles) >= limit:
        raise exhausted("RolesPerAccount", limit)


@after("iam", "CreateRole")
def remember_role(call: Call, reply: Reply, world: World) -> None:
    """Note when a role came into being, by its name in lower case."""
    if reply.ok:
        key = (call.account, call.get("RoleName").lower())
        world.book("iam_created")[key] = world.clock.now()


@before("iam", "GetRole")
def new_role_is_unseen(call: Call, world: World) -> None:
    """For a moment a new role cannot be read."""
    made = world.book("iam_created").get((call.account, call.get("RoleName").lower()))
    window = world.settings.window("iam", IAM_VISIBLE)
    if made is not None and not world.clock.older(made, window / 2):
        raise no_such_role(call.get("RoleName"))


@after("iam", "GetRole")
def new_role_has_no_arn(call: Call, reply: Reply, world: World) -> None:
    """For another moment its ARN reads as its unique id."""
    made = world.book("iam_created").get((call.account, call.get("RoleName").lower()))
    window = world.settings.window("iam", IAM_VISIBLE)
    if reply.ok and made is not None and not world.clock.older(made, window):
        found = re.search(r"<RoleId>([^<]+)</RoleId>", reply.text)
        if found:
            reply.text = re.sub(
                r"<Arn>[^<]+:role/[^<]+</Arn>",
                f"<Arn>{found.group(1)}</Arn>",
                reply.text,
            )


@before("iam", "UpdateAssumeRolePolicy")
def update_trust(call: Call, world: World) -> None:
    """The same checks as at creation."""
    role_named(call, world)
    check_trust(call, world, call.get("PolicyDocument"))


def role_named(call: Call, world: World) -> Any:
    """The role a call is about; names differ in more than case."""
    wanted = call.get("RoleName").lower()
    for role in backend_of(call, world).roles.values():
        if role.name.lower() == wanted:
            return role
    raise no_such_role(call.get("RoleName"))


@before("iam", "UpdateRole")
def update_role(call: Call, world: World) -> Reply:
    """What is named; moto clears the rest."""
    role = role_named(call, world)
    wanted = members(call)
    if "Description" in wanted:
        role.description = wanted["Description"]
    if "MaxSessionDuration" in wanted:
        role.max_session_duration = wanted["MaxSessionDuration"]
    return render(call, {})


@before("iam", "AttachRolePolicy")
def attach_policy(call: Call, world: World) -> None:
    """Ten managed policies per role; attaching again is fine."""
    role = role_named(call, world)
    present = set(role.managed_policies)
    if call.get("PolicyArn") not in present and len(present) >= 10:
        raise exhausted("PoliciesPerRole", 10)


@before("iam", "DeleteRole")
def delete_role(call: Call, world: World) -> None:
    """Service-linked roles are the services'."""
    role = role_named(call, world)
    if role.path.startswith("/aws-service-role/"):
        raise Refusal(
            "UnmodifiableEntity",
            f"Cannot perform the operation on the protected role '{role.name}' - "
            "this role is only modifiable by AWS",
        )
    call.notes["doomed"] = (role.arn, role.id)


@after("iam", "DeleteRole")
def orphan_principals(call: Call, reply: Reply, world: World) -> None:
    """Policies that named the role show its unique id from now on.

    A new role of the same name gets nothing from them.
    """
    if not reply.ok or "doomed" not in call.notes:
        return
    world.book("iam_created").pop((call.account, call.get("RoleName").lower()), None)
    arn, identifier = call.notes["doomed"]

    def replaced(text: Any) -> Any:
        if isinstance(text, bytes):
            return text.replace(f'"{arn}"'.encode(), f'"{identifier}"'.encode())
        return text.replace(f'"{arn}"', f'"{identifier}"')

    for role in backend_of(call, world).roles.values():
        role.assume_role_policy_document = replaced(role.assume_role_policy_document)
    for key in world.moto("kms", call.region, call.account).keys.values():
        key.policy = replaced(key.policy)
    for bucket in world.moto("s3", account=call.account).buckets.values():
        if bucket.policy:
            bucket.policy = replaced(bucket.policy)


# --------------------------------------------------------------------------
# Service-linked roles


def ensure_service_role(world: World, account: str, service: str) -> None:
    """What a service does at its first use in an account."""
    backend = world.moto("iam", account=account)
    name = SERVICE_ROLES[service]
    if not any(role.name == name for role in backend.roles.values()):
        make_service_role(backend, service, name, "")


def make_service_role(backend: Any, service: str, name: str, text: str) -> Any:
    """A role under /aws-service-role/ that only the service can assume."""
    trust = {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow",
                "Principal": {"Service": service},
                "Action": "sts:AssumeRole",
            }
        ],
    }
    return backend.create_role(
        name,
        json.dumps(trust),
        f"/aws-service-role/{service}/",
        permissions_boundary=None,
        description=text,
        tags=[],
        max_session_duration="3600",
        linked_service=service,
    )


@before("iam", "CreateServiceLinkedRole")
def create_service_role(call: Call, world: World) -> Reply | None:
    """Under AWS's name for it; a second one is invalid input."""
    service = call.get("AWSServiceName")
    name = SERVICE_ROLES.get(service)
    if name is None:
        return None
    backend = backend_of(call, world)
    if any(role.name == name for role in backend.roles.values()):
        raise Refusal(
            "InvalidInput",
            f"Service role name {name} has been taken in this account, please try a "
            "different suffix.",
        )
    role = make_service_role(backend, service, name, call.get("Description"))
    return render(call, {"Role": role})


# --------------------------------------------------------------------------
# Managed policies


@before("iam", "CreatePolicy")
def create_policy(call: Call, world: World) -> None:
    """Names are unique in any case; 6144 characters without white space."""
    name = call.get("PolicyName")
    owned = customer_policies(call, world)
    if any(policy.name.lower() == name.lower() for policy in owned):
        raise Refusal(
            "EntityAlreadyExists",
            f"A policy called {name} already exists. Duplicate names are not allowed.",
            409,
        )
    check_size(call.get("PolicyDocument"))
    if len(owned) >= 1500:
        raise exhausted("PoliciesPerAccount", 1500)


@before("iam", "CreatePolicyVersion")
def create_policy_version(call: Call, world: World) -> None:
    """The same limit for every version."""
    check_size(call.get("PolicyDocument"))


def check_size(text: str) -> None:
    """The longest managed policy."""
    if len(re.sub(r"\s", "", text)) > 6144:
        raise exhausted("PolicySize", 6144)


def customer_policies(call: Call, world: World) -> list[Any]:
    """Managed policies of the account's own."""
    return [
        policy
        for arn, policy in backend_of(call, world).managed_policies.items()
        if ":iam::aws:" not in arn
    ]


@before("iam", "DeletePolicy")
def delete_policy(call: Call, world: World) -> None:
    """Detach everywhere, delete the other versions, then the policy."""
    backend = backend_of(call, world)
    arn = call.get("PolicyArn")
    policy = backend.managed_policies.get(arn)
    if policy is None:
        raise Refusal("NoSuchEntity", f"Policy {arn} was not found.", 404)
    holders = [*backend.roles.values(), *backend.users.values()]
    holders += backend.groups.values()
    if any(arn in holder.managed_policies for holder in holders):
        raise conflict("Cannot delete a policy attached to entities.")
    if len(policy.versions) > 1:
        raise conflict(
            "This policy has more than one version. Before you delete a policy, you "
            "must delete the policy's versions. The default version is deleted with "
            "the policy."
        )


# --------------------------------------------------------------------------
# OIDC providers


@before("iam", "CreateOpenIDConnectProvider")
def create_provider(call: Call, world: World) -> None:
    """The URL has a scheme, is unique, and is kept without it."""
    url = call.get("Url")
    if not url.startswith("https://"):
        raise Refusal("ValidationError", "Invalid Open ID Connect Provider URL")
    backend = backend_of(call, world)
    bare = url.removeprefix("https://").rstrip("/")
    if any(each.url == bare for each in backend.open_id_providers.values()):
        raise Refusal(
            "EntityAlreadyExists", f"Provider with url {url} already exists.", 409
        )
    limit = int(world.settings.quota("OpenIDConnectProviders", 100))
    if len(backend.open_id_providers) >= limit:
        raise exhausted("OpenIdConnectProvidersPerAccount", limit)
    if url.endswith("/"):
        call.params["Url"] = url.rstrip("/")
        call.rewrite()


@after("iam", "CreateOpenIDConnectProvider")
def fetch_thumbprint(call: Call, reply: Reply, world: World) -> None:
    """IAM fetches the thumbprint itself when none is given."""
    if reply.ok and not call.strings("ThumbprintList"):
        arn = reply.text.partition("<OpenIDConnectProviderArn>")[2].partition("<")[0]
        provider = backend_of(call, world).open_id_providers[arn]
        provider.thumbprint_list = [THUMBPRINT]


def provider_named(call: Call, world: World) -> Any:
    """The provider a call is about."""
    arn = call.get("OpenIDConnectProviderArn")
    provider = backend_of(call, world).open_id_providers.get(arn)
    if provider is None:
        raise Refusal(
            "NoSuchEntity", f"OpenIDConnect Provider not found for arn {arn}", 404
        )
    return provider


@before("iam", "AddClientIDToOpenIDConnectProvider")
def add_client(call: Call, world: World) -> Reply:
    """Adding one that is there is fine."""
    provider = provider_named(call, world)
    client = members(call)["ClientID"]
    if client not in provider.client_id_list:
        if len(provider.client_id_list) >= 100:
            raise exhausted("ClientIdsPerOpenIdConnectProvider", 100)
        provider.client_id_list.append(client)
    return render(call, {})


@before("iam", "RemoveClientIDFromOpenIDConnectProvider")
def remove_client(call: Call, world: World) -> Reply:
    """Removing one that is not there is fine."""
    provider = provider_named(call, world)
    client = members(call)["ClientID"]
    if client in provider.client_id_list:
        provider.client_id_list.remove(client)
    return render(call, {})


@before("iam", "UpdateOpenIDConnectProviderThumbprint")
def update_thumbprint(call: Call, world: World) -> None:
    """Thumbprints can be replaced, never cleared."""
    provider_named(call, world)
    if not call.strings("ThumbprintList"):
        raise Refusal(
            "ValidationError",
            "1 validation error detected: Value '[]' at 'thumbprintList' failed to "
            "satisfy constraint: Member must have length greater than or equal to 1",
        )
