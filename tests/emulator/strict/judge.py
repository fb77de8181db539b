"""The judge of every request: AWS's published model of the service it goes to.

:func:`judge` reads a request and walks the model beside it. What it finds is told
by :mod:`wording` as the service would tell it, and is kept by the world's
:class:`tally.Tally`, whatever becomes of the request afterwards.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from . import rest_reading
from .core import Call
from .models import Member, Operation, Shape
from .reading import (
    Ec2Reader,
    JsonReader,
    Path,
    Problem,
    QueryReader,
    Reader,
    Unreadable,
)
from .requests import model_for

READERS: dict[str, type[Reader]] = {
    "ec2": Ec2Reader,
    "query": QueryReader,
    "json": JsonReader,
    "rest-json": rest_reading.RestJsonReader,
    "s3": rest_reading.RestXmlReader,
}
NUMBERS = ("byte", "short", "integer", "long", "float", "double")
DIGESTS = ("content-md5", "x-amz-trailer")


@dataclass(frozen=True)
class Judgement:
    """What the model has to say of a request."""

    operation: Operation | None
    problems: tuple[Problem, ...]


def judge(call: Call) -> Judgement:
    """Read a call's parameters into it, and judge them."""
    model = model_for(call)
    if model is None:
        problem = Problem(
            "service", (), call.service, call.service, "There is no model"
        )
        return Judgement(None, (problem,))
    operation = model.operation(call.operation)
    if operation is None or not addressed(call, model.version, model.target):
        rule = f"There is no such operation in {model.name} of {model.version}"
        problem = Problem("operation", (), call.operation, call.operation, rule)
        return Judgement(None, (problem,))
    reader = READERS[call.protocol](call, operation)
    value = call.nested = reader.read()
    found = list(reader.problems)
    if operation.input is not None:
        walk = Walk(call.protocol)
        found += walk.structure(operation.input, value, (), "")
    if operation.needs_checksum and not has_checksum(call):
        rule = "Missing required header for this request: Content-MD5"
        found.append(Problem("checksum", (), "Content-MD5", None, rule))
    return Judgement(operation, tuple(found))


def addressed(call: Call, version: str, target: str) -> bool:
    """Whether the request names the version, or the service, of the model."""
    if call.protocol in ("ec2", "query"):
        return call.params.get("Version") == version
    if call.protocol == "json":
        # CloudTrail's has parts before its name, which SDKs made of Smithy leave out.
        named = call.headers.get("x-amz-target", "").rpartition(".")[0]
        return named in (target, target.rpartition(".")[2])
    return True


def has_checksum(call: Call) -> bool:
    """Whether a request to S3 carries a checksum of its body."""
    return any(
        name in DIGESTS or name.startswith("x-amz-checksum-") for name in call.headers
    )


# --------------------------------------------------------------------------
# Values beside the model


class Walk:
    """A walk over a value beside its shape."""

    def __init__(self, protocol: str) -> None:
        self.protocol = protocol

    def wire(self, member: Member) -> str:
        """The name of a member in the request."""
        return member.renamed if member.location else member.wire(self.protocol)

    def value(
        self, shape: Shape, value: Any, path: Path, wire: str
    ) -> Iterator[Problem]:
        """Every constraint that a value does not meet, with those of what it holds."""
        if isinstance(value, Unreadable):
            return
        if shape.type == "structure":
            yield from self.structure(shape, value, path, wire)
        elif shape.type == "list":
            yield from size(shape, value, path, wire)
            yield from self.elements(shape.element.shape, value, path, wire, "Member")
        elif shape.type == "map":
            held = list(value.values())
            yield from size(shape, value, path, wire)
            yield from self.elements(shape.key.shape, value, path, wire, "Map keys")
            yield from self.elements(shape.value.shape, held, path, wire, "Map value")
        else:
            yield from scalar(shape, value, path, wire)

    def structure(
        self, shape: Shape, value: dict[str, Any], path: Path, wire: str
    ) -> Iterator[Problem]:
        """What is missing, and what is wrong with what is there."""
        for name, member in shape.members.items():
            held = value.get(name)
            below = (*path, name)
            if held is not None:
                yield from self.value(member.shape, held, below, self.wire(member))
            elif name in shape.required:
                yield Problem(
                    "required",
                    below,
                    self.wire(member),
                    None,
                    "Member must not be null",
                    member.shape,
                )
        if shape.union and len(value) != 1:
            rule = "Member must have exactly one of its members"
            yield Problem("union", path, wire, value, rule, shape)

    def elements(
        self, shape: Shape, values: Iterable[Any], path: Path, wire: str, subject: str
    ) -> Iterator[Problem]:
        """Structures in a list are judged one by one, scalars all at once."""
        values = list(values)
        if shape.type in ("structure", "list", "map"):
            for place, held in enumerate(values, start=1):
                yield from self.value(shape, held, (*path, str(place), "member"), wire)
            return
        found = [
            each for held in values for each in self.value(shape, held, path, wire)
        ]
        if found:
            rules = ", ".join(rules_of(shape))
            rule = f"{subject} must satisfy constraint: [{rules}]"
            yield Problem(found[0].kind, path, wire, values, rule, shape)


def size(shape: Shape, value: Any, path: Path, wire: str) -> Iterator[Problem]:
    """Too long or too short."""
    if shape.most is not None and len(value) > shape.most:
        yield Problem("long", path, wire, value, longest(shape.most), shape)
    if shape.least is not None and len(value) < shape.least:
        yield Problem("short", path, wire, value, shortest(shape.least), shape)


def scalar(shape: Shape, value: Any, path: Path, wire: str) -> Iterator[Problem]:
    """What is wrong with a string, a number or a blob."""
    if isinstance(value, (str, bytes)) and shape.type not in NUMBERS:
        yield from size(shape, value, path, wire)
    if shape.type in NUMBERS:
        if shape.most is not None and value > shape.most:
            yield Problem("most", path, wire, value, most(shape.most), shape)
        if shape.least is not None and value < shape.least:
            yield Problem("least", path, wire, value, least(shape.least), shape)
    if isinstance(value, str):
        if shape.enum and value not in shape.enum:
            yield Problem("enum", path, wire, value, one_of(shape), shape)
        if shape.pattern is not None and not shape.pattern.fullmatch(value):
            yield Problem("pattern", path, wire, value, fitting(shape), shape)


# --------------------------------------------------------------------------
# Constraints in AWS's words


def longest(bound: float) -> str:
    """The longest there may be."""
    return f"Member must have length less than or equal to {bound:.0f}"


def shortest(bound: float) -> str:
    """The shortest there may be."""
    return f"Member must have length greater than or equal to {bound:.0f}"


def most(bound: float) -> str:
    """The largest number there may be."""
    return f"Member must have value less than or equal to {bound:.0f}"


def least(bound: float) -> str:
    """The smallest number there may be."""
    return f"Member must have value greater than or equal to {bound:.0f}"


def one_of(shape: Shape) -> str:
    """The values there are."""
    return f"Member must satisfy enum value set: [{', '.join(shape.enum)}]"


def fitting(shape: Shape) -> str:
    """The pattern."""
    return f"Member must satisfy regular expression pattern: {shape.raw['pattern']}"


def rules_of(shape: Shape) -> Iterator[str]:
    """Every constraint of a scalar, as AWS lists them for the elements of a list."""
    number = shape.type in NUMBERS
    if shape.most is not None:
        yield most(shape.most) if number else longest(shape.most)
    if shape.least is not None:
        yield least(shape.least) if number else shortest(shape.least)
    if shape.enum:
        yield one_of(shape)
    if shape.pattern is not None:
        yield fitting(shape)
