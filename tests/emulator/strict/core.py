"""The parts every service module works with.

A request is parsed into a :class:`Call`.  Handlers registered with
:func:`before` see it first and may refuse it, answer it, or let it pass to
moto; handlers registered with :func:`after` see moto's answer and may change
it.  The whole of that runs under ``World.lock``, so a handler may look and then
act without a race.
"""

from __future__ import annotations

import io
import json
import re
import threading
import uuid
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from functools import cache
from typing import Any
from urllib.parse import parse_qsl, unquote, urlencode
from xml.etree import ElementTree
from xml.sax.saxutils import escape

from .clock import Clock
from .gate import Gate
from .log import Log, is_mutating

DEFAULT_ACCOUNT = "123456789012"
DEFAULT_REGION = "us-east-1"

# --------------------------------------------------------------------------
# Answers


@dataclass
class Reply:
    """An answer on its way to the client."""

    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""

    @classmethod
    def json(cls, value: Any, status: int = 200, version: str = "") -> Reply:
        """A JSON answer; ``version`` "1.1" or "1.0" for the JSON protocols."""
        kind = f"application/x-amz-json-{version}" if version else "application/json"
        body = json.dumps(value, default=str).encode()
        return cls(status, {"Content-Type": kind}, body)

    @classmethod
    def xml(cls, text: str, status: int = 200) -> Reply:
        """An XML answer, sent as it is."""
        return cls(status, {"Content-Type": "text/xml"}, text.encode())

    @property
    def ok(self) -> bool:
        """Whether the call succeeded."""
        return self.status < 400

    @property
    def text(self) -> str:
        """The body as text."""
        return self.body.decode("utf-8", "replace")

    @text.setter
    def text(self, value: str) -> None:
        self.body = value.encode()

    def header(self, name: str) -> str:
        """A header by its name in any case; "" when absent."""
        for key, value in self.headers.items():
            if key.lower() == name.lower():
                return value
        return ""

    def parsed(self) -> Any:
        """The JSON value of the body, or its XML root element."""
        text = self.text.strip()
        if text.startswith("<"):
            return ElementTree.fromstring(text)
        return json.loads(text) if text else {}

    def error_code(self) -> str:
        """The AWS error code of a failed answer, "" if it has none."""
        if self.ok:
            return ""
        named = self.header("x-amzn-errortype")
        if named:
            return named.split(":")[0]
        found = re.search(r"<Code>([^<]*)</Code>", self.text)
        if found:
            return found.group(1)
        try:
            kind = json.loads(self.text).get("__type", "")
        except (ValueError, AttributeError):
            return str(self.status)
        return kind.split("#")[-1] or str(self.status)


class Refusal(Exception):
    """AWS says no: ``core`` renders it in the protocol of the call.

    ``extra`` are further members of the error, as modelled for the JSON
    protocols (EKS sends ``clusterName``, ``validZones`` and the like).
    """

    def __init__(
        self, code: str, message: str, status: int = 400, **extra: Any
    ) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message
        self.status = status
        self.extra = extra


@dataclass
class Listed:
    """A list in a query-protocol answer with its own element name."""

    item: str
    values: Iterable[Any]


def xml_value(value: Any, item: str = "member") -> str:
    """XML inside of an element: dicts become elements, lists repeated ones."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Listed):
        inner = value.item
        return "".join(
            f"<{inner}>{xml_value(each, item)}</{inner}>" for each in value.values
        )
    if isinstance(value, dict):
        return "".join(
            f"<{key}>{xml_value(each, item)}</{key}>"
            for key, each in value.items()
            if each is not None
        )
    if isinstance(value, (list, tuple)):
        return xml_value(Listed(item, value), item)
    return escape(str(value))


# --------------------------------------------------------------------------
# Calls

QUERY_SERVICES = {
    "autoscaling": "http://autoscaling.amazonaws.com/doc/2011-01-01/",
    "elasticloadbalancing": "http://elasticloadbalancing.amazonaws.com/doc/2015-12-01/",
    "iam": "https://iam.amazonaws.com/doc/2010-05-08/",
    "rds": "http://rds.amazonaws.com/doc/2014-10-31/",
    "sns": "http://sns.amazonaws.com/doc/2010-03-31/",
    "sts": "https://sts.amazonaws.com/doc/2011-06-15/",
}
EC2_NAMESPACE = "http://ec2.amazonaws.com/doc/2016-11-15/"
REST_MODELS = {
    "eks": "eks",
    "elasticfilesystem": "efs",
    "route53": "route53",
    "s3": "s3",
    "scheduler": "scheduler",
}
GLOBAL_SERVICES = {"iam", "sts", "s3", "route53"}
MOTO_NAMES = {
    "elasticloadbalancing": "elbv2",
    "elasticfilesystem": "efs",
    "servicequotas": "service-quotas",
}


@dataclass
class Call:
    """One request: which operation of which service, with what."""

    service: str
    operation: str
    region: str = DEFAULT_REGION
    account: str = DEFAULT_ACCOUNT
    params: dict[str, Any] = field(default_factory=dict)
    method: str = "POST"
    path: str = "/"
    query: dict[str, str] = field(default_factory=dict)
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""
    environ: dict[str, Any] = field(default_factory=dict)
    protocol: str = "query"  # ec2, query, json, rest-json, s3
    access_key: str = ""
    request_id: str = field(default_factory=lambda: str(uuid.uuid4()))
    resource: str = ""  # what the log shows; guessed when left empty
    notes: dict[str, Any] = field(default_factory=dict)  # from before to after

    # ---- reading parameters

    def get(self, name: str, default: Any = "") -> Any:
        """One parameter."""
        return self.params.get(name, default)

    def flag(self, name: str, default: bool = False) -> bool:
        """A boolean parameter of whatever spelling."""
        value = self.params.get(name)
        if value is None:
            return default
        return value if isinstance(value, bool) else str(value).lower() == "true"

    def strings(self, prefix: str) -> list[str]:
        """A list of scalars: ``X.1``, ``X.2`` or ``X.member.1`` or ``X.Item.1``."""
        value = self.params.get(prefix)
        if isinstance(value, list):
            return [str(each) for each in value]
        pattern = re.compile(re.escape(prefix) + r"(?:\.[A-Za-z]\w*)?\.(\d+)$")
        found = []
        for key, each in self.params.items():
            match = pattern.match(key)
            if match:
                found.append((int(match.group(1)), str(each)))
        return [each for _, each in sorted(found)]

    def structs(self, prefix: str) -> list[dict[str, str]]:
        """A list of structures: ``X.1.Key``, ``X.1.Value`` or ``X.member.1.Key``.

        Members keep their flat names: ``X.1.Tag.2.Key`` is ``Tag.2.Key`` of
        the first structure; :meth:`inside` reads further down.
        """
        value = self.params.get(prefix)
        if isinstance(value, list):
            return value
        pattern = re.compile(re.escape(prefix) + r"(?:\.[A-Za-z]\w*)?\.(\d+)\.(.+)$")
        found: dict[int, dict[str, str]] = {}
        for key, each in self.params.items():
            match = pattern.match(key)
            if match:
                found.setdefault(int(match.group(1)), {})[match.group(2)] = each
        return [found[index] for index in sorted(found)]

    def inside(self, struct: dict[str, Any]) -> Call:
        """A view on one structure, to read lists within it."""
        return Call(self.service, self.operation, params=struct)

    def filters(self) -> dict[str, list[str]]:
        """EC2 and RDS filters: name to values."""
        result: dict[str, list[str]] = {}
        for prefix in ("Filter", "Filters"):
            for struct in self.structs(prefix):
                view = self.inside(struct)
                values = view.strings("Value") or view.strings("Values")
                result[struct.get("Name", "")] = values
        return result

    def tags(self, prefix: str = "Tags") -> dict[str, str]:
        """Tags of a create call, in any of the protocols' forms.

        For EC2 all TagSpecifications are taken together.
        """
        value = self.params.get(prefix)
        if isinstance(value, dict):
            return dict(value)
        if self.protocol == "ec2":
            result: dict[str, str] = {}
            for spec in self.structs("TagSpecification"):
                for tag in self.inside(spec).structs("Tag"):
                    result[tag.get("Key", "")] = tag.get("Value", "")
            return result
        structs = self.structs(prefix)
        return {
            tag.get("Key", tag.get("TagKey", "")): tag.get(
                "Value", tag.get("TagValue", "")
            )
            for tag in structs
        }

    def xml(self) -> ElementTree.Element | None:
        """The XML body of an S3 call without its namespace; None if absent."""
        text = re.sub(rb'\sxmlns="[^"]*"', b"", self.body)
        try:
            return ElementTree.fromstring(text)
        except ElementTree.ParseError:
            return None

    @property
    def mutating(self) -> bool:
        """Whether the call changes anything."""
        return is_mutating(self.operation)

    # ---- changing what moto will see

    def rewrite(self) -> None:
        """Make moto see the edited ``params`` (or ``body`` for S3)."""
        if self.protocol in ("ec2", "query"):
            form = {key: str(value) for key, value in self.params.items()}
            form.setdefault("Action", self.operation)
            self.body = urlencode(form).encode()
        elif self.protocol == "json":
            self.body = json.dumps(self.params).encode()
        elif self.protocol == "rest-json" and self.body:
            names = set(json.loads(self.body)) | set(self.params)
            names -= set(self.notes.get("outside_body", ()))
            kept = {key: self.params[key] for key in names if key in self.params}
            self.body = json.dumps(kept).encode()
        self.load_body()

    def load_body(self) -> None:
        """Put ``body`` into the WSGI environment for the next reader."""
        self.environ["wsgi.input"] = io.BytesIO(self.body)
        self.environ["CONTENT_LENGTH"] = str(len(self.body))
        self.environ.pop("HTTP_TRANSFER_ENCODING", None)

    # ---- answering

    def reply(self, result: dict[str, Any] | None = None, status: int = 200) -> Reply:
        """A success in the protocol of this call.

        Query protocol: the members of ``<OperationResult>``; EC2: the members
        of ``<OperationResponse>``; JSON protocols: the body.
        """
        result = result or {}
        if self.protocol == "ec2":
            return Reply.xml(
                f'<{self.operation}Response xmlns="{EC2_NAMESPACE}">'
                f"<requestId>{self.request_id}</requestId>"
                f"{xml_value(result, 'item')}</{self.operation}Response>"
            )
        if self.protocol == "query":
            namespace = QUERY_SERVICES.get(self.service, "")
            name = self.operation
            return Reply.xml(
                f'<{name}Response xmlns="{namespace}">'
                f"<{name}Result>{xml_value(result)}</{name}Result>"
                "<ResponseMetadata>"
                f"<RequestId>{self.request_id}</RequestId>"
                f"</ResponseMetadata></{name}Response>"
            )
        if self.protocol == "json":
            return Reply.json(result, status, version="1.1")
        if self.protocol == "s3":
            return Reply.xml(xml_value(result) if result else "", status)
        return Reply.json(result, status)

    def refuse(self, refusal: Refusal) -> Reply:
        """A failure in the protocol of this call."""
        return render_refusal(self, refusal)


def render_refusal(call: Call, refusal: Refusal) -> Reply:
    """The wire form of an AWS error."""
    code, message = refusal.code, refusal.message
    if call.protocol == "ec2":
        reply = Reply.xml(
            '<?xml version="1.0" encoding="UTF-8"?>\n'
            f"<Response><Errors><Error><Code>{escape(code)}</Code>"
            f"<Message>{escape(message)}</Message></Error></Errors>"
            f"<RequestID>{call.request_id}</RequestID></Response>",
            refusal.status,
        )
    elif call.protocol == "query":
        namespace = QUERY_SERVICES.get(call.service, "")
        sender = "Receiver" if refusal.status >= 500 else "Sender"
        reply = Reply.xml(
            f'<ErrorResponse xmlns="{namespace}"><Error><Type>{sender}</Type>'
            f"<Code>{escape(code)}</Code><Message>{escape(message)}</Message></Error>"
            f"<RequestId>{call.request_id}</RequestId></ErrorResponse>",
            refusal.status,
        )
    elif call.protocol == "s3":
        body = (
            '<?xml version="1.0" encoding="UTF-8"?>\n'
            f"<Error><Code>{escape(code)}</Code><Message>{escape(message)}</Message>"
            f"{xml_value(refusal.extra)}"
            f"<RequestId>{call.request_id}</RequestId></Error>"
        )
        reply = Reply.xml("" if call.method == "HEAD" else body, refusal.status)
        reply.headers["Content-Type"] = "application/xml"
    elif call.protocol == "json":
        members = {"__type": code, "message": message, **refusal.extra}
        reply = Reply.json(members, refusal.status, version="1.1")
    else:
        members = {"__type": code, "message": message, **refusal.extra}
        reply = Reply.json(members, refusal.status)
        reply.headers["x-amzn-errortype"] = code
    reply.headers["x-amzn-requestid"] = call.request_id
    return reply


# --------------------------------------------------------------------------
# Recognising an operation

CREDENTIAL = re.compile(
    r"Credential=(?P<key>[^/,\s]*)/(?P<date>\d+)/(?P<region>[^/]*)/(?P<service>[^/]*)/"
)


@dataclass(frozen=True)
class Route:
    """One operation of a REST protocol, as the service model describes it."""

    operation: str
    method: str
    pattern: re.Pattern[str]
    flags: dict[str, str]  # query parameters that must be there
    required_query: frozenset[str]
    required_headers: frozenset[str]
    members: dict[str, tuple[str, str, str]]  # member: (location, name, type)

    def score(
        self, method: str, path: str, query: dict[str, str], headers: dict[str, str]
    ) -> int:
        """How well the route fits; below zero for not at all."""
        if method != self.method or not self.pattern.fullmatch(path):
            return -1
        for name, value in self.flags.items():
            if name not in query or (value and query[name] != value):
                return -1
        if not self.required_query <= query.keys():
            return -1
        if not self.required_headers <= headers.keys():
            return -1
        needed = len(self.flags) + len(self.required_query)
        return needed * 10 + len(self.required_headers)


@cache
def rest_routes(service: str) -> tuple[Route, ...]:
    """The routes of a REST service, read from the published service model."""
    from botocore.loaders import Loader

    model = Loader().load_service_model(REST_MODELS[service], "service-2")
    shapes = model["shapes"]
    routes = []
    for name, operation in model["operations"].items():
        uri, _, search = operation["http"]["requestUri"].partition("?")
        shape = shapes.get(operation.get("input", {}).get("shape", ""), {})
        members = {}
        for member, reference in shape.get("members", {}).items():
            where = reference.get("location", "body")
            wire = reference.get("locationName", member)
            members[member] = (where, wire, shapes[reference["shape"]]["type"])
        must = [members[each] for each in shape.get("required", ())]
        if name == "CopyObject" or name == "UploadPartCopy":
            must.append(("header", "x-amz-copy-source", "string"))
        pieces = []
        for piece in re.split(r"(\{[^}]*\})", uri):
            if piece.startswith("{"):
                greedy = piece.endswith("+}")
                label = piece.strip("{}+").replace("-", "_")
                pieces.append(f"(?P<{label}>{'.+' if greedy else '[^/]+'})")
            else:
                pieces.append(re.escape(piece))
        pattern = "".join(pieces).rstrip("/")
        routes.append(
            Route(
                operation=name,
                method=operation["http"]["method"],
                pattern=re.compile(pattern + "/?"),
                flags=dict(parse_qsl(search, keep_blank_values=True)),
                required_query=frozenset(
                    wire for where, wire, _ in must if where == "querystring"
                ),
                required_headers=frozenset(
                    wire.lower() for where, wire, _ in must if where == "header"
                ),
                members=members,
            )
        )
    return tuple(routes)


def _typed(value: str, kind: str) -> Any:
    if kind == "boolean":
        return value.lower() == "true"
    if kind in ("integer", "long"):
        return int(value) if re.fullmatch(r"-?\d+", value) else value
    return value


def _parse_rest(call: Call, pairs: list[tuple[str, str]]) -> None:
    path = call.notes.get("raw_path", call.path)
    best: Route | None = None
    best_score = -1
    for route in rest_routes(call.service):
        score = route.score(call.method, path, call.query, call.headers)
        if score > best_score:
            best, best_score = route, score
    if best is None:
        call.operation = f"{call.method} {call.path}"
        return
    call.operation = best.operation
    match = best.pattern.fullmatch(path)
    groups = match.groupdict() if match else {}
    outside: dict[str, Any] = {}
    for member, (where, wire, kind) in best.members.items():
        if where == "uri":
            value = groups.get(wire.replace("-", "_"))
            if value is not None:
                outside[member] = unquote(value)
        elif where == "querystring" and wire in call.query:
            if kind == "list":
                outside[member] = [value for key, value in pairs if key == wire]
            else:
                outside[member] = _typed(call.query[wire], kind)
        elif where == "header" and wire.lower() in call.headers:
            outside[member] = _typed(call.headers[wire.lower()], kind)
    if call.protocol == "rest-json" and call.body:
        try:
            body = json.loads(call.body)
        except ValueError:
            body = {}
        if isinstance(body, dict):
            call.params.update(body)
    call.params.update(outside)
    call.notes["outside_body"] = tuple(outside)


def parse_call(environ: dict[str, Any], body: bytes) -> Call | None:
    """The call a request makes; None for what is no AWS call (moto's own API)."""
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
    search = environ.get("QUERY_STRING", "")
    pairs = parse_qsl(search, keep_blank_values=True)
    query = dict(pairs)
    scope = CREDENTIAL.search(headers.get("authorization", ""))
    if scope is None and "X-Amz-Credential" in query:
        scope = CREDENTIAL.search(f"Credential={query['X-Amz-Credential']}/")
    raw = environ.get("RAW_URI") or environ.get("REQUEST_URI") or path
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
        access_key=scope.group("key") if scope else "",
    )
    call.notes["raw_path"] = raw.split("?")[0] if raw.startswith("/") else path
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
        try:
            call.params = json.loads(body) if body else {}
        except ValueError:
            call.params = {}
    elif any(key == "Action" for key, _ in form) or "Action" in query:
        call.params = dict(form) if form else dict(query)
        call.operation = call.params.get("Action", "")
        if not call.service:
            call.service = "sts"  # AssumeRoleWithWebIdentity comes unsigned
        call.protocol = "ec2" if call.service == "ec2" else "query"
    else:
        call.service = call.service or "s3"
        call.protocol = "s3" if call.service in ("s3", "route53") else "rest-json"
        if call.service == "s3" and path.startswith("/v20180820/"):
            call.operation = f"{call.method} {path}"
        elif call.service in REST_MODELS:
            _parse_rest(call, pairs)
        else:
            call.operation = f"{call.method} {path}"
    return call


# --------------------------------------------------------------------------
# The world


@dataclass
class Settings:
    """What a test may turn; survives a reset.

    ``consistency``: AWS seconds until a new object is visible, by domain.
    ``quotas``: limits that differ from AWS's defaults, by quota code.
    ``extra``: anything a service module wants to be adjustable.
    """

    consistency: dict[str, float] = field(default_factory=dict)
    quotas: dict[str, float] = field(default_factory=dict)
    extra: dict[str, Any] = field(default_factory=dict)

    def window(self, domain: str, default: float) -> float:
        """The visibility delay of a domain in AWS seconds."""
        return float(self.consistency.get(domain, default))

    def quota(self, code: str, default: float) -> float:
        """The value of a quota."""
        return float(self.quotas.get(code, default))


class World:
    """All that exists apart from moto's own books."""

    def __init__(self, scale: float = 60.0) -> None:
        self.lock = threading.RLock()
        self.clock = Clock(scale)
        self.settings = Settings()
        self.log = Log()
        self.gate = Gate()
        # How a copy of the process serves; told by whoever serves this one.
        self.serve: Callable[[Callable[[int], None]], None] | None = None
        # How often the books were emptied: what began before is not performed after.
        self.era = 0
        self._books: dict[str, Any] = {}

    def book(self, name: str, factory: Callable[[], Any] = dict) -> Any:
        """A module's own records; emptied by a reset."""
        if name not in self._books:
            self._books[name] = factory()
        return self._books[name]

    @staticmethod
    def moto(
        service: str, region: str | None = None, account: str = DEFAULT_ACCOUNT
    ) -> Any:
        """moto's backend of a service, its books open for reading and writing."""
        from moto.backends import get_backend

        backends = get_backend(MOTO_NAMES.get(service, service))  # type: ignore[call-overload]
        if service in GLOBAL_SERVICES:
            return backends[account]["aws"]
        return backends[account][region or DEFAULT_REGION]

    def alone(self) -> None:
        """In a copy of the process: nobody else holds or waits for anything."""
        self.lock = threading.RLock()
        self.gate = Gate()

    def reset(self) -> None:
        """Forget all books; the settings and the clock stay."""
        self.era += 1
        self._books.clear()
        self.log.clear()
        for hook in RESET_HOOKS:
            hook(self)

    def tick(self) -> None:
        """Let time-dependent state move on."""
        for hook in TICK_HOOKS:
            hook(self)


# --------------------------------------------------------------------------
# The registry

Before = Callable[[Call, World], "Reply | None"]
After = Callable[[Call, Reply, World], "Reply | None"]
Hook = Callable[[World], None]

BEFORE: list[tuple[str, str, Before]] = []
AFTER: list[tuple[str, str, After]] = []
RESET_HOOKS: list[Hook] = []
TICK_HOOKS: list[Hook] = []


def before(service: str, *operations: str) -> Callable[[Before], Before]:
    """Run before moto sees the call; "*" stands for every operation."""

    def register(handler: Before) -> Before:
        BEFORE.extend((service, operation, handler) for operation in operations)
        _matching.cache_clear()
        return handler

    return register


def after(service: str, *operations: str) -> Callable[[After], After]:
    """Run on moto's answer (failures too: look at ``reply.ok``)."""

    def register(handler: After) -> After:
        AFTER.extend((service, operation, handler) for operation in operations)
        _matching.cache_clear()
        return handler

    return register


def on_reset(hook: Hook) -> Hook:
    """Run at the start and after every reset of the books."""
    RESET_HOOKS.append(hook)
    return hook


def on_tick(hook: Hook) -> Hook:
    """Run under the lock before each request."""
    TICK_HOOKS.append(hook)
    return hook


@cache
def _matching(phase: str, service: str, operation: str) -> tuple[Any, ...]:
    table: Iterable[tuple[str, str, Any]] = BEFORE if phase == "before" else AFTER
    return tuple(
        handler
        for wanted_service, wanted, handler in table
        if wanted_service in (service, "*") and wanted in (operation, "*")
    )


def handlers_before(call: Call) -> Iterator[Before]:
    """Handlers for a call in order of registration."""
    return iter(_matching("before", call.service, call.operation))


def handlers_after(call: Call) -> Iterator[After]:
    """Handlers for an answer in order of registration."""
    return iter(_matching("after", call.service, call.operation))
