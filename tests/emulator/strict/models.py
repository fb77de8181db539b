"""AWS's published service models, as botocore carries them.

A :class:`Model` is one service: its operations, and its shapes with everything
they demand of a value. Patterns are translated from Java's spelling when they are
first needed.
"""

from __future__ import annotations

import re
import sys
import unicodedata
from dataclasses import dataclass, field
from functools import cache, cached_property
from itertools import groupby
from typing import Any

# Services whose model has another name than the one they sign with.
NAMES = {
    "elasticfilesystem": "efs",
    "elasticloadbalancing": "elbv2",
    "servicequotas": "service-quotas",
}


@dataclass(frozen=True)
class Member:
    """One member of a structure, or the element of a list or map."""

    name: str
    model: Model = field(repr=False)
    reference: dict[str, Any] = field(repr=False)

    @cached_property
    def shape(self) -> Shape:
        """What the member holds."""
        return self.model.shape(self.reference["shape"])

    @property
    def location(self) -> str:
        """Where it travels: "uri", "querystring", "header", "headers", or "" for the body."""
        return self.reference.get("location", "")

    @property
    def renamed(self) -> str:
        """Its other name on the wire, "" if it has none."""
        return self.reference.get("locationName", "")

    @property
    def flattened(self) -> bool:
        """Whether a list stands without an element around it."""
        return self.reference.get("flattened", False) or self.shape.raw.get(
            "flattened", False
        )

    def wire(self, protocol: str) -> str:
        """Its name in a request."""
        if protocol == "ec2":
            query = self.reference.get("queryName")
            return query or self.renamed[:1].upper() + self.renamed[1:] or self.name
        if self.flattened and self.shape.type == "list" and self.shape.element.renamed:
            return self.shape.element.renamed
        return self.renamed or self.name


class Shape:
    """A type of a service, and what it demands of a value."""

    def __init__(self, name: str, raw: dict[str, Any], model: Model) -> None:
        self.name = name
        self.raw = raw
        self.type: str = raw["type"]
        self.required: tuple[str, ...] = tuple(raw.get("required", ()))
        self.enum: tuple[str, ...] = tuple(raw.get("enum", ()))
        self.least: float | None = raw.get("min")
        self.most: float | None = raw.get("max")
        self.sensitive: bool = raw.get("sensitive", False)
        self.union: bool = raw.get("union", False)
        self.payload: str = raw.get("payload", "")
        self.members = {
            key: Member(key, model, each)
            for key, each in raw.get("members", {}).items()
        }
        self._model = model
        self._wire: dict[str, dict[str, Member]] = {}

    def by_wire(self, protocol: str) -> dict[str, Member]:
        """Members by their names in a query or a body."""
        if protocol not in self._wire:
            self._wire[protocol] = {
                each.wire(protocol): each
                for each in self.members.values()
                if not each.location
            }
        return self._wire[protocol]

    @cached_property
    def element(self) -> Member:
        """The elements of a list."""
        return Member("member", self._model, self.raw["member"])

    @cached_property
    def key(self) -> Member:
        """The keys of a map."""
        return Member("key", self._model, self.raw["key"])

    @cached_property
    def value(self) -> Member:
        """The values of a map."""
        return Member("value", self._model, self.raw["value"])

    @cached_property
    def pattern(self) -> re.Pattern[str] | None:
        """The pattern a string has to fit as a whole."""
        text = self.raw.get("pattern")
        return re.compile(python_pattern(text)) if text else None


@dataclass(frozen=True)
class Operation:
    """One operation: its name, where it is sent, and the shape of its input."""

    name: str
    raw: dict[str, Any] = field(repr=False)
    input: Shape | None

    @property
    def uri(self) -> str:
        """The path of a REST operation, with its fixed query parameters."""
        return self.raw["http"]["requestUri"]

    @property
    def method(self) -> str:
        """The HTTP method."""
        return self.raw["http"]["method"]

    @property
    def needs_checksum(self) -> bool:
        """Whether S3 takes the request only with a checksum of its body."""
        return self.raw.get("httpChecksum", {}).get("requestChecksumRequired", False)


class Model:
    """One service."""

    def __init__(self, name: str) -> None:
        from botocore.loaders import Loader

        raw = Loader().load_service_model(name, "service-2")
        self.name = name
        metadata = raw["metadata"]
        self.protocol: str = metadata["protocol"]
        self.version: str = metadata["apiVersion"]
        self.target: str = metadata.get("targetPrefix", "")
        self._shapes: dict[str, Any] = raw["shapes"]
        self._operations: dict[str, Any] = raw["operations"]
        self._known: dict[str, Shape] = {}
        self._made: dict[str, Operation] = {}

    def shape(self, name: str) -> Shape:
        """A shape by its name."""
        found = self._known.get(name)
        if found is None:
            found = self._known[name] = Shape(name, self._shapes[name], self)
        return found

    def operation(self, name: str) -> Operation | None:
        """An operation by its name; None if the service has none of that name."""
        if name not in self._made:
            raw = self._operations.get(name)
            if raw is None:
                return None
            shape = raw.get("input", {}).get("shape")
            self._made[name] = Operation(
                name, raw, self.shape(shape) if shape else None
            )
        return self._made[name]

    def operations(self) -> list[Operation]:
        """All operations."""
        return [each for name in self._operations if (each := self.operation(name))]


@cache
def model_of(service: str) -> Model | None:
    """The model of a service by the name it signs with; None if there is none."""
    from botocore.exceptions import UnknownServiceError

    try:
        return Model(NAMES.get(service, service))
    except UnknownServiceError:
        return None


# --------------------------------------------------------------------------
# Patterns

# UTF-16 spelling of everything beyond the Basic Multilingual Plane.
SURROGATES = r"\uD800\uDC00-\uDBFF\uDFFF"
CLASSES = (r"\w", r"\d", r"\s", r"\W", r"\D", r"\S")
PROPERTY = re.compile(r"\\p\{(?:Is)?(\w+)\}")
# Beyond these code points there are only ideographs and what nobody tags with.
LAST_SORTED = 0x20000
POSIX = {
    "ASCII": r"\x00-\x7F",
    "Alnum": "a-zA-Z0-9",
    "Alpha": "a-zA-Z",
    "Digit": "0-9",
    "Graph": r"\x21-\x7E",
    "Lower": "a-z",
    "Print": r"\x20-\x7E",
    "Punct": r"!-/:-@\[-`{-~",
    "Upper": "A-Z",
}


@cache
def categories() -> dict[str, str]:
    """Unicode's categories and their groups, as the inside of a character class."""
    ranges: dict[str, list[list[int]]] = {}
    start = 0
    for name, run in groupby(map(unicodedata.category, map(chr, range(LAST_SORTED)))):
        end = start + sum(1 for _ in run)
        for each in (name, name[0]):
            known = ranges.setdefault(each, [])
            if known and known[-1][1] == start - 1:
                known[-1][1] = end - 1
            else:
                known.append([start, end - 1])
        start = end
    ranges["L"].append([LAST_SORTED, 0x323AF])
    return {
        name: "".join(f"\\U{first:08x}-\\U{last:08x}" for first, last in known)
        for name, known in ranges.items()
    }


def python_pattern(text: str) -> str:
    """A pattern in Java's spelling, in Python's."""
    text = text.replace(SURROGATES, f"\\U00010000-\\U{sys.maxunicode:08x}")
    text = text.replace(r"\x{10FFFF}", r"\U0010FFFF").replace(r"\z", r"\Z")
    pieces = []
    inside = False
    after_class = False  # a "-" behind \w and its like stands for itself
    index = 0
    while index < len(text):
        found = PROPERTY.match(text, index)
        step = 2 if text[index] == "\\" else 1
        piece = found.group() if found else text[index : index + step]
        index += len(piece)
        if found:
            members = POSIX.get(found.group(1)) or categories()[found.group(1)]
            pieces.append(members if inside else f"[{members}]")
        elif inside and (piece == "[" or (piece == "-" and after_class)):
            pieces.append(f"\\{piece}")
        else:
            inside = piece == "[" if piece in ("[", "]") else inside
            pieces.append(piece)
        after_class = found is not None or piece in CLASSES
    return "".join(pieces)
