"""What the service modules share: parsing, rendering and a timeline.

moto reads requests and writes answers from the published service models.
:func:`members` and :func:`render` use the same machinery, so that a handler
which answers in moto's place speaks the protocol exactly as moto would.
"""

from __future__ import annotations

import fnmatch
import re
from collections.abc import Callable, Iterable
from functools import cache
from typing import Any

from moto.core.parse import PROTOCOL_PARSERS
from moto.core.serialize import (
    SerializationContext,
    XFormedAttributePicker,
    get_serializer_class,
)
from moto.core.utils import get_service_model
from werkzeug.datastructures import MultiDict

from .core import MOTO_NAMES, Call, Reply, World, on_tick

# --------------------------------------------------------------------------
# Wire forms


@cache
def _operation(service: str, operation: str) -> Any:
    return get_service_model(service).operation_model(operation)


@cache
def _transformers(service: str) -> dict[str, Any]:
    """moto's own touches on what it serialises, by service."""
    from moto.ec2.responses._base_response import EC2BaseResponse
    from moto.elbv2.responses import ELBV2Response
    from moto.iam.responses import IamResponse

    known: dict[str, Any] = {
        "ec2": EC2BaseResponse,
        "elbv2": ELBV2Response,
        "iam": IamResponse,
    }
    response = known.get(service)
    return response.RESPONSE_KEY_PATH_TO_TRANSFORMER if response else {}


def members(call: Call) -> dict[str, Any]:
    """The parameters of a query-protocol call, nested and typed as modelled."""
    service = MOTO_NAMES.get(call.service, call.service)
    parser: Any = PROTOCOL_PARSERS[call.protocol](_operation(service, call.operation))
    parsed = parser.parse(
        {
            "method": call.method,
            "values": MultiDict(call.params),
            "headers": {},
            "body": b"",
            "url_path": "/",
            "url_params": {},
        }
    )
    return dict(parsed or {})


def render(call: Call, result: Any) -> Reply:
    """A success whose members come from dicts and moto's objects alike."""
    service = MOTO_NAMES.get(call.service, call.service)
    serializer = get_serializer_class(service, call.protocol)(
        operation_model=_operation(service, call.operation),
        context=SerializationContext(call.request_id),
        value_picker=XFormedAttributePicker(
            response_transformers=_transformers(service)
        ),
    )
    done = serializer.serialize(result)
    body = done["body"]
    data = body.encode() if isinstance(body, str) else body
    return Reply(done["status_code"], dict(done["headers"]), data)


def tag_list(tags: dict[str, str]) -> list[dict[str, str]]:
    """Tags as most services list them."""
    return [{"Key": key, "Value": value} for key, value in tags.items()]


# --------------------------------------------------------------------------
# Filters


def _pattern(text: str) -> re.Pattern[str]:
    """An AWS filter value: "*" and "?" are wild, a backslash escapes them."""
    plain = text.replace(r"\*", "[*]").replace(r"\?", "[?]")
    if plain == text:
        plain = plain.replace("[", "[[]")
    return re.compile(fnmatch.translate(plain))


def matches(value: Any, wanted: Iterable[str]) -> bool:
    """Whether a value, or one of several, is among the wanted ones."""
    if value is None:
        return False
    if isinstance(value, bool):
        value = str(value).lower()
    if isinstance(value, (str, int, float)):
        texts = [str(value)]
    else:
        texts = [str(each) for each in value if each is not None]
    patterns = [_pattern(each) for each in wanted]
    return any(pattern.match(text) for text in texts for pattern in patterns)


# --------------------------------------------------------------------------
# Timeline


class Timeline:
    """What will happen by itself, in order of time."""

    def __init__(self) -> None:
        self._serial = 0
        self._events: list[tuple[float, int, Callable[[], None]]] = []

    def add(self, moment: float, action: Callable[[], None]) -> int:
        """Plan an action; the number names it for :meth:`drop`."""
        self._serial += 1
        self._events.append((moment, self._serial, action))
        self._events.sort(key=lambda event: event[:2])
        return self._serial

    def drop(self, serials: Iterable[int]) -> None:
        """Take planned actions back."""
        gone = set(serials)
        self._events = [event for event in self._events if event[1] not in gone]

    def run(self, due: Callable[[float], bool]) -> None:
        """Do everything whose moment has come; actions may plan further ones."""
        while self._events and due(self._events[0][0]):
            _, _, action = self._events.pop(0)
            action()


def timeline(world: World) -> Timeline:
    """The timeline of this world."""
    return world.book("timeline", Timeline)


def later(world: World, seconds: float, action: Callable[[], None]) -> int:
    """Do something so many AWS seconds from now (before the next call at scale 0)."""
    return timeline(world).add(world.clock.after(seconds), action)


@on_tick
def advance(world: World) -> None:
    """Let everything happen whose time has come."""
    timeline(world).run(world.clock.passed)
