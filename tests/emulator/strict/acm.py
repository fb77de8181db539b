"""ACM: who uses a certificate, when it ends, and what ACM renews."""

from __future__ import annotations

from typing import Any

from .core import Call, Refusal, Reply, World, after, before
from .elbv2_common import all_listeners

# With these, a certificate was once valid, and has dates.
DATED = ("ISSUED", "EXPIRED", "REVOKED", "INACTIVE")
DATES = ("IssuedAt", "NotBefore", "NotAfter", "Serial")


def users(call: Call, world: World, arn: str) -> list[str]:
    """The load balancers whose listeners have a certificate."""
    backend = world.moto("elasticloadbalancing", call.region, call.account)
    found = [
        listener.load_balancer_arn
        for listener in all_listeners(backend)
        if arn in listener.certificates
    ]
    return sorted(set(found))


def ends_in(world: World, arn: str, days: float) -> None:
    """From now on a certificate ends so many days from now."""
    end = world.clock.wall().timestamp() + days * 86400
    world.book("acm_ends")[arn] = end


@after("acm", "DescribeCertificate")
def describe(call: Call, reply: Reply, world: World) -> Reply | None:
    """Dates only once it was issued; renewed if in use, issued here and alive."""
    if not reply.ok:
        return None
    told: dict[str, Any] = reply.parsed()
    shown = told["Certificate"]
    arn = shown["CertificateArn"]
    end = world.book("acm_ends").get(arn)
    if end is not None:
        shown["NotAfter"] = end
        if shown["Status"] == "ISSUED" and end <= world.clock.wall().timestamp():
            shown["Status"] = "EXPIRED"
    if shown["Status"] not in DATED:
        for date in DATES:
            shown.pop(date, None)
    shown["InUseBy"] = users(call, world, arn)
    renewed = (
        shown["Type"] == "AMAZON_ISSUED"
        and shown["Status"] == "ISSUED"
        and bool(shown["InUseBy"])
    )
    shown["RenewalEligibility"] = "ELIGIBLE" if renewed else "INELIGIBLE"
    return Reply.json(told, version="1.1")


@before("acm", "DeleteCertificate")
def delete(call: Call, world: World) -> Reply | None:
    """Refused while a load balancer uses it."""
    arn = call.get("CertificateArn")
    if users(call, world, arn):
        account = call.account
        raise Refusal(
            "ResourceInUseException",
            f"Certificate {arn} in account {account} is in use.",
        )
    return None
