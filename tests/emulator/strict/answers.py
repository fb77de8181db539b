"""Answers on their way to a client, and refusals that become answers."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any
from xml.etree import ElementTree
from xml.sax.saxutils import escape


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
