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
from urllib.parse import urlencode
from xml.etree import ElementTree
from xml.sax.saxutils import escape

from .answers import Listed, Refusal, Reply, xml_value  # noqa: F401
from .clock import Clock
from .gate import Gate
from .log import Log, is_mutating
from .tally import Tally

DEFAULT_ACCOUNT = "123456789012"
DEFAULT_REGION = "us-east-1"

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
    nested: dict[str, Any] = field(default_factory=dict)  # by the names of the model
    method: str = "POST"
    path: str = "/"
    query: dict[str, str] = field(default_factory=dict)
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""
    environ: dict[str, Any] = field(default_factory=dict)
    protocol: str = "query"  # ec2, query, json, rest-json, s3
    pairs: list[tuple[str, str]] = field(default_factory=list)  # of form or query
    labels: dict[str, str] = field(default_factory=dict)  # of a REST path
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
        """Whether the call changes anything; a dry run does not."""
        dry = self.service == "ec2" and self.flag("DryRun")
        return is_mutating(self.operation) and not dry

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
        self.tally = Tally()
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
        self.tally = Tally(folder=self.tally.folder)

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


def services() -> list[str]:
    """Every service of which something is emulated here."""
    return sorted({service for service, _, _ in (*BEFORE, *AFTER)} - {"*"})


def handlers_before(call: Call) -> Iterator[Before]:
    """Handlers for a call in order of registration."""
    return iter(_matching("before", call.service, call.operation))


def handlers_after(call: Call) -> Iterator[After]:
    """Handlers for an answer in order of registration."""
    return iter(_matching("after", call.service, call.operation))
