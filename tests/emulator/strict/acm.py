"""ACM: which certificates there are, who uses one, when it ends, what ACM renews.

The setting ``certificates`` names certificates that an account has had all along:
they are there, issued, from the first call that asks for one.
"""

from __future__ import annotations

import copy
from functools import cache
from typing import Any

from moto.acm.models import CertBundle

from .core import Call, Refusal, Reply, World, after, before
from .elbv2_common import all_listeners

# With these, a certificate was once valid, and has dates.
DATED = ("ISSUED", "EXPIRED", "REVOKED", "INACTIVE")
DATES = ("IssuedAt", "NotBefore", "NotAfter", "Serial")


@cache
def some_certificate() -> CertBundle:
    """A certificate to copy: keys take long to make."""
    made = CertBundle.generate_cert("packages.example.com", "", "")
    made.status = "ISSUED"
    return made


def find(world: World, region: str, account: str, arn: str) -> Any:
    """A certificate by its ARN; None if there is none."""
    known = world.moto("acm", region, account)._certificates
    named = world.settings.extra.get("certificates", ())
    at_home = arn.split(":")[3:5] == [region, account]
    if arn not in known and arn in named and at_home:
        known[arn] = copy.copy(some_certificate())
        known[arn].arn = arn
    return known.get(arn)


@before("acm", "*")
def appear(call: Call, world: World) -> None:
    """Whatever is asked of one of the account's own certificates, it is there."""
    for arn in world.settings.extra.get("certificates", ()):
        find(world, call.region, call.account, arn)


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
    if world.book("acm_unproved").get(arn):
        for option in shown.get("DomainValidationOptions", ()):
            option.pop("ResourceRecord", None)
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


@after("acm", "ImportCertificate")
def import_again(call: Call, reply: Reply, world: World) -> Reply | None:
    """What is imported under an ARN ends when the new one does."""
    if reply.ok:
        world.book("acm_ends").pop(call.get("CertificateArn"), None)
    return None


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
