"""Listeners and their default actions."""

from __future__ import annotations

import re
from typing import Any

from moto.core.exceptions import ServiceException
from moto.elbv2 import models
from moto.elbv2.models import FakeAction
from moto.elbv2.ssl_policies import SSL_POLICIES

from .acm import find
from .core import Call, Refusal, Reply, World, before
from .elbv2_common import (
    SERVICE,
    backend_of,
    balancer_of,
    check_tags,
    group_of,
    invalid,
    listener_of,
    refresh_users,
    users_of,
    wanted_groups,
)
from .elbv2_targets import hold_group
from .support import members, render

OLD_POLICY = "ELBSecurityPolicy-2016-08"
SERVER_CERTIFICATE = re.compile(r"arn:[^:]+:iam::\d{12}:server-certificate/.+")
REDIRECT = {
    "Protocol": "#{protocol}",
    "Port": "#{port}",
    "Host": "#{host}",
    "Path": "/#{path}",
    "Query": "#{query}",
}
SECURE_ATTRIBUTES = {"routing.http.response.server.enabled": "true"}


def _accept(**_: Any) -> None:
    """Certificates are looked up before; moto looks in its first account only."""


models.register_certificate = _accept  # type: ignore[assignment]


def check_certificates(call: Call, world: World, wanted: dict[str, Any]) -> list[str]:
    """The default certificate of a call, which ACM or IAM has, and has issued."""
    arns = [each.get("CertificateArn", "") for each in wanted.get("Certificates", [])]
    if len(arns) > 1:
        raise invalid("You must specify a single certificate per listener")
    for arn in arns:
        check_certificate(call, world, arn)
    return arns


def check_certificate(call: Call, world: World, arn: str) -> None:
    """A certificate that is there, in this Region, and can be used."""
    if SERVER_CERTIFICATE.fullmatch(arn):
        known = world.moto("iam", account=call.account).certificates.values()
        if any(each.arn == arn for each in known):
            return
    certificate = find(world, call.region, call.account, arn)
    if certificate is None:
        raise Refusal("CertificateNotFound", f"Certificate '{arn}' not found")
    if certificate.status not in ("ISSUED", "EXPIRED"):
        raise Refusal(
            "UnsupportedCertificate",
            f"The certificate '{arn}' must have a fully-qualified domain name, a "
            "supported signature, and a supported key size.",
        )


@before(SERVICE, "AddListenerCertificates")
def add_certificates(call: Call, world: World) -> None:
    """Further certificates have to be there as well."""
    for each in members(call).get("Certificates", []):
        check_certificate(call, world, each.get("CertificateArn", ""))


def check_policy(name: str) -> None:
    """A security policy that ELB knows."""
    if name not in SSL_POLICIES:
        raise Refusal("SSLPolicyNotFound", f"SSL policy '{name}' not found")


def actions_of(
    world: World, backend: Any, balancer: Any, wanted: list[dict[str, Any]]
) -> list[dict[str, Any]]:
    """The actions of a call as ELB keeps them.

    A forward action has both forms, a redirect all its fields.
    """
    found = []
    for index, action in enumerate(wanted):
        data = {**action, "Order": action.get("Order", index + 1)}
        if data.get("Type") == "forward":
            data = forward(data)
            for arn in wanted_groups(data):
                group = group_of(world, backend, arn)
                others = set(users_of(backend, arn)) - {balancer.arn}
                if others:
                    raise Refusal(
                        "TargetGroupAssociationLimit",
                        "The following target groups cannot be associated with more "
                        f"than one load balancer: {arn}",
                    )
                if group.vpc_id != balancer.vpc_id:
                    raise invalid(
                        f"Target group '{arn}' is not in the load balancer's VPC"
                    )
        elif data.get("Type") == "redirect":
            config = data.get("RedirectConfig")
            if config is None:
                raise invalid("A redirect action needs a redirect config")
            data["RedirectConfig"] = {**REDIRECT, **config}
        found.append(data)
    if not found:
        raise invalid("A listener must have at least one default action")
    return found


def forward(data: dict[str, Any]) -> dict[str, Any]:
    """Both forms of a forward action."""
    arns = wanted_groups(data)
    if not arns:
        raise invalid("A target group ARN must be specified")
    config = dict(data.get("ForwardConfig") or {})
    groups = config.get("TargetGroups") or [{"TargetGroupArn": arns[0]}]
    config["TargetGroups"] = [
        {
            "TargetGroupArn": each["TargetGroupArn"],
            "Weight": each.get("Weight") if each.get("Weight") is not None else 1,
        }
        for each in groups
    ]
    config.setdefault("TargetGroupStickinessConfig", {"Enabled": False})
    named = data.get("TargetGroupArn")
    if named and named not in arns:
        raise Refusal(
            "InvalidLoadBalancerAction",
            "You cannot specify both a target group ARN and a different forward config",
        )
    result = {**data, "ForwardConfig": config}
    result.pop("TargetGroupArn", None)
    if len(config["TargetGroups"]) == 1:
        result["TargetGroupArn"] = arns[0]
    return result


def check_protocol(protocol: str) -> None:
    """Application load balancers speak HTTP and HTTPS."""
    if protocol not in ("HTTP", "HTTPS"):
        raise invalid(f"Listener protocol '{protocol}' must be one of 'HTTP, HTTPS'")


def same_port(balancer: Any, port: int) -> Any:
    """The listener of a load balancer on a port; None if there is none."""
    for listener in balancer.listeners.values():
        if int(listener.port) == port:
            return listener
    return None


def duplicate(balancer: Any) -> Refusal:
    """The port is taken by a listener with other settings."""
    return Refusal(
        "DuplicateListener",
        f"A listener already exists on this port for this load balancer "
        f"'{balancer.arn}'",
    )


@before(SERVICE, "CreateListener")
def create_listener(call: Call, world: World) -> Reply:
    """Idempotent by content; one per port."""
    backend = backend_of(call, world)
    wanted = members(call)
    balancer = balancer_of(backend, wanted.get("LoadBalancerArn", ""))
    protocol, port = wanted.get("Protocol", ""), wanted.get("Port")
    if port is None:
        raise invalid("A listener port must be specified")
    check_protocol(protocol)
    actions = actions_of(world, backend, balancer, wanted.get("DefaultActions", []))
    certificates = check_certificates(call, world, wanted)
    policy = wanted.get("SslPolicy")
    if protocol == "HTTPS":
        if not certificates:
            raise invalid("A certificate must be specified for HTTPS listeners")
        policy = policy or OLD_POLICY
        check_policy(policy)
    elif certificates or policy:
        raise invalid(
            "A certificate or security policy cannot be specified for HTTP listeners"
        )
    check_tags(call.tags())
    present = same_port(balancer, port)
    if present is not None:
        same = (
            present.protocol == protocol
            and present.ssl_policy == policy
            and present.certificates[:1] == certificates
            and [action.data for action in present.default_actions] == actions
        )
        if same:
            return render(call, {"Listeners": [present]})
        raise duplicate(balancer)
    if len(balancer.listeners) >= 50:
        raise Refusal(
            "TooManyListeners", "The maximum number of listeners has been reached"
        )
    try:
        listener = backend.create_listener(
            load_balancer_arn=balancer.arn,
            protocol=protocol,
            port=port,
            ssl_policy=policy,
            certificate=certificates[0] if certificates else None,
            actions=actions,
            tags=wanted.get("Tags", []),
        )
    except ServiceException as error:
        raise Refusal(error.code, error.message) from None
    listener.attributes = dict(SECURE_ATTRIBUTES)
    refresh_users(backend)
    return render(call, {"Listeners": [listener]})


@before(SERVICE, "ModifyListener")
def modify_listener(call: Call, world: World) -> Reply:
    """Port, protocol and lists change in place; a list replaces the old one."""
    backend = backend_of(call, world)
    wanted = members(call)
    listener = listener_of(backend, wanted.get("ListenerArn", ""))
    balancer = balancer_of(backend, listener.load_balancer_arn)
    port = wanted.get("Port", int(listener.port))
    other = same_port(balancer, port)
    if other is not None and other is not listener:
        raise duplicate(balancer)
    protocol = wanted.get("Protocol", listener.protocol)
    check_protocol(protocol)
    certificates = check_certificates(call, world, wanted)
    policy = wanted.get("SslPolicy")
    if protocol == "HTTPS":
        certificates = certificates or listener.certificates[:1]
        if not certificates:
            raise invalid("A certificate must be specified for HTTPS listeners")
        policy = policy or listener.ssl_policy or OLD_POLICY
        check_policy(policy)
    elif certificates or policy:
        raise invalid(
            "A certificate or security policy cannot be specified for HTTP listeners"
        )
    if "DefaultActions" in wanted:
        actions = actions_of(world, backend, balancer, wanted["DefaultActions"])
        let_go(world, listener, actions)
        listener.default_actions = [FakeAction(action) for action in actions]
        listener._default_rule[0].actions = listener.default_actions
    listener.port, listener.protocol = port, protocol
    listener.ssl_policy = policy if protocol == "HTTPS" else None
    extra = listener.certificates[1:] if protocol == "HTTPS" else []
    listener.certificates = certificates + extra
    listener.certificate = certificates[0] if certificates else None
    refresh_users(backend)
    return render(call, {"Listeners": [listener]})


def let_go(world: World, listener: Any, actions: list[dict[str, Any]]) -> None:
    """Target groups that are no longer forwarded to stay "in use" for seconds."""
    kept = {arn for action in actions for arn in wanted_groups(action)}
    for action in listener.default_actions:
        for arn in wanted_groups(action.data):
            if arn not in kept:
                hold_group(world, arn)


@before(SERVICE, "DescribeListeners")
def describe_listeners(call: Call, world: World) -> Reply:
    """By load balancer or by ARN; only the default certificate is listed."""
    backend = backend_of(call, world)
    wanted = members(call)
    if wanted.get("LoadBalancerArn"):
        balancer = balancer_of(backend, wanted["LoadBalancerArn"])
        found = list(balancer.listeners.values())
    elif wanted.get("ListenerArns"):
        found = [listener_of(backend, arn) for arn in wanted["ListenerArns"]]
    else:
        raise invalid("You must specify either listener ARNs or a load balancer ARN")
    start = int(wanted.get("Marker") or 0)
    size = wanted.get("PageSize", 400)
    marker = str(start + size) if start + size < len(found) else None
    shown = [shown_listener(each) for each in found[start : start + size]]
    return render(call, {"Listeners": shown, "NextMarker": marker})


def shown_listener(listener: Any) -> dict[str, Any]:
    """A listener with its default certificate only."""
    return {
        "ListenerArn": listener.arn,
        "LoadBalancerArn": listener.load_balancer_arn,
        "Port": listener.port,
        "Protocol": listener.protocol,
        "Certificates": listener.certificates[:1],
        "SslPolicy": listener.ssl_policy,
        "DefaultActions": listener.default_actions,
    }


@before(SERVICE, "DeleteListener")
def delete_listener(call: Call, world: World) -> Reply:
    """Its target groups stay "in use" for some seconds."""
    backend = backend_of(call, world)
    listener = listener_of(backend, call.get("ListenerArn"))
    let_go(world, listener, [])
    balancer = balancer_of(backend, listener.load_balancer_arn)
    del balancer.listeners[listener.arn]
    backend.tagging_service.delete_all_tags_for_resource(listener.arn)
    refresh_users(backend)
    return render(call, {})
