"""The parameters of a request, read as its protocol and the service model say.

One reader per protocol; each gives the parameters nested, by the names of the
model, and every problem it met on the way: what the model does not know, and what
is not of the type that the model has for it.
"""

from __future__ import annotations

import base64
import json
import re
from dataclasses import dataclass
from typing import Any

from botocore.utils import parse_timestamp

from .core import Call
from .models import Member, Operation, Shape

Path = tuple[str, ...]

INTEGERS = {
    "byte": 2**7,
    "short": 2**15,
    "integer": 2**31,
    "long": 2**63,
}
INTEGER = re.compile(r"[+-]?\d+")
# Query parameters that belong to the signature or name the operation once more.
SIGNING = re.compile(r"X-Amz-[A-Za-z-]+|x-id", re.IGNORECASE)
COMMON = ("Action", "Version")


@dataclass(frozen=True)
class Problem:
    """One thing that is wrong with a request.

    ``kind``: "unknown", "type", "malformed" (of the body), "checksum", "required",
    "enum", "pattern", "least", "most", "size" (of a string or list) or "union".
    ``path``: members by their names in the model, and positions in lists.
    ``rule``: the constraint in the words AWS has for it.
    """

    kind: str
    path: Path
    wire: str = ""
    value: Any = None
    rule: str = ""
    shape: Shape | None = None

    @property
    def dotted(self) -> str:
        """The path as AWS writes it: member names begin with a small letter."""
        return ".".join(each[:1].lower() + each[1:] for each in self.path)

    def __str__(self) -> str:
        told = (
            ""
            if self.shape is not None and self.shape.sensitive
            else f" {self.value!r}"
        )
        return f"{self.kind} {self.dotted or self.wire}{told}: {self.rule}"


@dataclass(frozen=True)
class Unreadable:
    """A value that is not of its type: known to be there, judged no further."""

    raw: Any


class Reader:
    """What the readers have in common: scalars written as text."""

    protocol = ""

    def __init__(self, call: Call, operation: Operation) -> None:
        self.call = call
        self.operation = operation
        self.problems: list[Problem] = []

    def read(self) -> dict[str, Any]:
        """All parameters, nested; those that are not in a form go to the call as well."""
        return self.parameters(self.operation.input)

    def parameters(self, shape: Shape | None) -> dict[str, Any]:
        """All parameters; ``shape`` is None for an operation without any."""
        raise NotImplementedError

    def unknown(self, path: Path, wire: str, value: Any = None) -> None:
        """Note a part that the model does not have."""
        self.problems.append(
            Problem("unknown", path, wire, value, "Member is not known")
        )

    def wrong(self, member: Member, path: Path, value: Any) -> Unreadable:
        """Note a value that is not of its type."""
        rule = f"Member must be of type {member.shape.type}"
        wire = member.wire(self.protocol)
        self.problems.append(Problem("type", path, wire, value, rule, member.shape))
        return Unreadable(value)

    def text(self, member: Member, text: str, path: Path) -> Any:
        """A scalar that came as text."""
        kind = member.shape.type
        if kind in ("string", "character"):
            return text
        if kind in INTEGERS:
            limit = INTEGERS[kind]
            if INTEGER.fullmatch(text) and -limit <= int(text) < limit:
                return int(text)
        elif kind in ("float", "double"):
            try:
                return float(text)
            except ValueError:
                pass
        elif kind == "boolean":
            if text.lower() in ("true", "false"):
                return text.lower() == "true"
        elif kind == "timestamp":
            if readable_time(text):
                return text
        elif kind == "blob":
            try:
                return base64.b64decode(text, validate=True)
            except ValueError:
                pass
        return self.wrong(member, path, text)


def readable_time(value: Any) -> bool:
    """Whether it is a moment in one of AWS's spellings."""
    try:
        parse_timestamp(value)
    except (ValueError, TypeError, OverflowError):
        return False
    return True


# --------------------------------------------------------------------------
# Query and EC2

Tree = dict[str | None, Any]  # under None the value of the name itself


def tree_of(pairs: list[tuple[str, str]]) -> Tree:
    """``A.1.B=c`` as nested dicts."""
    root: Tree = {}
    for name, value in pairs:
        node = root
        for part in name.split("."):
            node = node.setdefault(part, {})
        node[None] = value
    return root


class QueryReader(Reader):
    """Flat names with dots, as IAM, RDS, STS and their like take them."""

    protocol = "query"

    def parameters(self, shape: Shape | None) -> dict[str, Any]:
        signed = "X-Amz-Signature" in self.call.query
        pairs = [
            (name, value)
            for name, value in self.call.pairs
            if name not in COMMON and not (signed and SIGNING.fullmatch(name))
        ]
        return self.structure(shape, tree_of(pairs), ())

    def structure(self, shape: Shape | None, node: Tree, path: Path) -> dict[str, Any]:
        """Members below one name."""
        known = shape.by_wire(self.protocol) if shape else {}
        value = {}
        for name, below in node.items():
            if name is None:
                continue
            member = known.get(name)
            if member is None:
                self.unknown((*path, name), name, below.get(None))
            else:
                value[member.name] = self.one(member, below, (*path, member.name))
        return value

    def one(self, member: Member, node: Tree, path: Path) -> Any:
        """Whatever a member holds."""
        kind = member.shape.type
        deeper = node.keys() - {None}
        if kind == "structure" and deeper:
            return self.structure(member.shape, node, path)
        if kind == "list" and (deeper or node.get(None) == ""):
            return self.items(member, node, path)
        if kind == "map" and (deeper or node.get(None) == ""):
            return self.entries(member, node, path)
        if kind in ("structure", "list", "map") or deeper:
            return self.wrong(member, path, node.get(None))
        return self.text(member, node[None], path)

    def items(self, member: Member, node: Tree, path: Path) -> list[Any]:
        """The elements of a list, in the order of their numbers."""
        element = member.shape.element
        if not self.bare(member):
            node = self.only(node, element.renamed or "member", path)
        numbers = self.numbers(node, path)
        return [
            self.one(element, node[number], (*path, str(place), "member"))
            for place, number in enumerate(numbers, start=1)
        ]

    def bare(self, member: Member) -> bool:
        """Whether the numbers follow the name of the list at once."""
        return member.flattened

    def entries(self, member: Member, node: Tree, path: Path) -> dict[Any, Any]:
        """The entries of a map."""
        shape = member.shape
        names = (shape.key.renamed or "key", shape.value.renamed or "value")
        if not self.bare(member):
            node = self.only(node, "entry", path)
        value = {}
        for number in self.numbers(node, path):
            entry = node[number]
            for name in entry.keys() - {None, *names}:
                self.unknown((*path, str(name)), str(name))
            key = self.one(shape.key, entry.get(names[0], {None: ""}), (*path, "key"))
            held = entry.get(names[1], {None: ""})
            value[key] = self.one(shape.value, held, (*path, "value"))
        return value

    def only(self, node: Tree, name: str, path: Path) -> Tree:
        """What stands below the one name that a list or map has there."""
        for other in node.keys() - {None, name}:
            self.unknown((*path, str(other)), str(other))
        return node.get(name, {})

    def numbers(self, node: Tree, path: Path) -> list[str]:
        """The numbers of elements, in order."""
        names = [str(name) for name in node if name is not None]
        for name in names:
            if not name.isdecimal():
                self.unknown((*path, name), name)
        return sorted((name for name in names if name.isdecimal()), key=int)


class Ec2Reader(QueryReader):
    """The same with EC2's names, and lists that are always flat."""

    protocol = "ec2"

    def bare(self, member: Member) -> bool:
        return True


# --------------------------------------------------------------------------
# JSON


class JsonReader(Reader):
    """A body of JSON."""

    protocol = "json"

    def parameters(self, shape: Shape | None) -> dict[str, Any]:
        self.call.params = self.body()
        return self.structure(shape, self.call.params, ())

    def body(self) -> dict[str, Any]:
        """The object in the body; nothing stands for an empty one."""
        try:
            found = json.loads(self.call.body) if self.call.body.strip() else {}
        except ValueError:
            found = None
        if not isinstance(found, dict):
            self.problems.append(Problem("malformed", (), "body"))
            return {}
        return found

    def structure(
        self, shape: Shape | None, found: dict[str, Any], path: Path
    ) -> dict[str, Any]:
        """Members of one object; null stands for a member that is not there."""
        known = shape.by_wire(self.protocol) if shape else {}
        value = {}
        for name, held in found.items():
            member = known.get(name)
            if member is None:
                self.unknown((*path, name), name, held)
            elif held is not None:
                value[member.name] = self.one(member, held, (*path, member.name))
        return value

    def one(self, member: Member, held: Any, path: Path) -> Any:
        """Whatever a member holds."""
        shape = member.shape
        kind = shape.type
        if shape.raw.get("document"):
            return held
        if kind == "structure" and isinstance(held, dict):
            return self.structure(shape, held, path)
        if kind == "list" and isinstance(held, list):
            return [
                self.one(shape.element, each, (*path, str(place), "member"))
                for place, each in enumerate(held, start=1)
            ]
        if kind == "map" and isinstance(held, dict):
            return {
                key: self.one(shape.value, each, (*path, key))
                for key, each in held.items()
            }
        if kind in ("string", "character", "blob") and isinstance(held, str):
            return self.text(member, held, path)
        if kind == "boolean" and isinstance(held, bool):
            return held
        if isinstance(held, (int, float)) and not isinstance(held, bool):
            if kind in INTEGERS and isinstance(held, int):
                return self.text(member, str(held), path)
            if kind in ("float", "double", "timestamp"):
                return held
        if kind == "timestamp" and isinstance(held, str) and readable_time(held):
            return held
        return self.wrong(member, path, held)
