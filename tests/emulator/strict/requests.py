"""Which operation of which service a request is for."""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass
from functools import cache
from typing import Any
from urllib.parse import parse_qsl, unquote

from .core import DEFAULT_REGION, Call
from .models import Model, model_of

CREDENTIAL = re.compile(
    r"Credential=(?P<key>[^/,\s]*)/(?P<date>\d+)/(?P<region>[^/]*)/(?P<service>[^/]*)/"
)
# A bucket in front of S3's own host name.
VIRTUAL_HOST = re.compile(r"(?P<bucket>[^:]+?)\.(?:s3[.-][^:]*|localhost)(?::\d+)?")
CLASSIC_BALANCERS = "2012-06-01"
PROTOCOLS = {"rest-xml": "s3"}  # what we call AWS's protocols otherwise


def model_for(call: Call) -> Model | None:
    """The model of the service a call goes to."""
    if call.service == "s3" and call.path.startswith("/v20180820/"):
        return model_of("s3control")
    if call.service == "elasticloadbalancing":
        if call.params.get("Version") == CLASSIC_BALANCERS:
            return model_of("elb")
    return model_of(call.service)


@dataclass(frozen=True)
class Route:
    """One operation of a REST protocol, as the service model describes it."""

    operation: str
    method: str
    pattern: re.Pattern[str]
    flags: dict[str, str]  # query parameters that must be there
    required_query: frozenset[str]
    required_headers: frozenset[str]

    def score(self, call: Call, path: str) -> int:
        """How well the route fits; below zero for not at all."""
        if call.method != self.method or not self.pattern.fullmatch(path):
            return -1
        for name, value in self.flags.items():
            if name not in call.query or (value and call.query[name] != value):
                return -1
        if not self.required_query <= call.query.keys():
            return -1
        if not self.required_headers <= call.headers.keys():
            return -1
        needed = len(self.flags) + len(self.required_query)
        return needed * 10 + len(self.required_headers)


@cache
def routes(model: Model) -> tuple[Route, ...]:
    """The routes of a REST service."""
    found = []
    for operation in model.operations():
        if operation.raw.get("deprecated"):
            continue  # its successor has the same path
        uri, _, search = operation.uri.partition("?")
        shape = operation.input
        # S3 tells some operations apart only by what else they must have.
        apart = shape is not None and model.protocol == "rest-xml"
        must = [shape.members[each] for each in shape.required] if apart else []
        headers = {each.renamed.lower() for each in must if each.location == "header"}
        if operation.name in ("CopyObject", "UploadPartCopy"):
            headers.add("x-amz-copy-source")
        pieces = []
        for piece in re.split(r"(\{[^}]*\})", uri):
            if piece.startswith("{"):
                greedy = piece.endswith("+}")
                label = piece.strip("{}+").replace("-", "_")
                pieces.append(f"(?P<{label}>{'.+' if greedy else '[^/]+'})")
            else:
                pieces.append(re.escape(piece))
        found.append(
            Route(
                operation=operation.name,
                method=operation.method,
                pattern=re.compile("".join(pieces).rstrip("/") + "/?"),
                flags=dict(parse_qsl(search, keep_blank_values=True)),
                required_query=frozenset(
                    each.renamed for each in must if each.location == "querystring"
                ),
                required_headers=frozenset(headers),
            )
        )
    return tuple(found)


def bucket_in_host(headers: dict[str, str]) -> str:
    """The bucket that the host name of a request to S3 begins with, if any."""
    host = headers.get("host", "")
    name = host.rsplit(":", 1)[0].strip("[]")
    try:
        ipaddress.ip_address(name)
    except ValueError:
        found = VIRTUAL_HOST.fullmatch(host)
        return found.group("bucket") if found else ""
    return ""


def find_route(call: Call, path: str) -> None:
    """Name the operation of a REST call, and read the labels of its path."""
    model = model_for(call)
    known = routes(model) if model is not None else ()
    scored = [(route.score(call, path), route) for route in known]
    best, route = max(scored, key=lambda each: each[0], default=(-1, None))
    if best < 0 or route is None:
        call.operation = f"{call.method} {call.path}"
        return
    call.operation = route.operation
    match = route.pattern.fullmatch(path)
    groups = match.groupdict() if match else {}
    call.labels = {name: unquote(value) for name, value in groups.items()}


def parse_call(environ: dict[str, Any], body: bytes) -> Call | None:
    """The call a request makes; None for what is no AWS call (moto's own API).

    The parameters of the REST and JSON protocols are read later, from the model.
    """
    path = environ.get("PATH_INFO", "/")
    if path.startswith(("/moto-api", "/favicon.ico", "/latest/")):
        return None
    headers = {
        key[5:].replace("_", "-").lower(): value
        for key, value in environ.items()
        if key.startswith("HTTP_")
    }
    content_type = environ.get("CONTENT_TYPE", "")
    headers["content-type"] = content_type
    pairs = parse_qsl(environ.get("QUERY_STRING", ""), keep_blank_values=True)
    query = dict(pairs)
    scope = CREDENTIAL.search(headers.get("authorization", ""))
    if scope is None and "X-Amz-Credential" in query:
        scope = CREDENTIAL.search(f"Credential={query['X-Amz-Credential']}/")
    call = Call(
        service=scope.group("service").lower() if scope else "",
        operation="",
        region=(scope.group("region") if scope else "") or DEFAULT_REGION,
        method=environ.get("REQUEST_METHOD", "GET"),
        path=path,
        query=query,
        headers=headers,
        body=body,
        environ=environ,
        pairs=pairs,
        access_key=scope.group("key") if scope else "",
    )
    account = re.match(r"ACCOUNT(\d{12})", call.access_key)
    if account:
        call.account = account.group(1)
        environ["HTTP_X_MOTO_ACCOUNT_ID"] = call.account
    target = headers.get("x-amz-target", "")
    form: list[tuple[str, str]] = []
    if content_type.startswith("application/x-www-form-urlencoded"):
        form = parse_qsl(body.decode("utf-8", "replace"), keep_blank_values=True)
    if target:
        call.protocol = "json"
        call.operation = target.rsplit(".", 1)[-1]
    elif any(key == "Action" for key, _ in form) or "Action" in query:
        call.pairs = form or pairs
        call.params = dict(call.pairs)
        call.operation = call.params.get("Action", "")
        if not call.service:
            call.service = "sts"  # AssumeRoleWithWebIdentity comes unsigned
        call.protocol = "ec2" if call.service == "ec2" else "query"
    else:
        call.service = call.service or "s3"
        model = model_for(call)
        protocol = model.protocol if model else "rest-json"
        call.protocol = PROTOCOLS.get(protocol, protocol)
        raw = environ.get("RAW_URI") or environ.get("REQUEST_URI") or path
        route = raw.split("?")[0] if raw.startswith("/") else path
        bucket = bucket_in_host(headers) if call.service == "s3" else ""
        find_route(call, f"/{bucket}{route}" if bucket else route)
    return call
