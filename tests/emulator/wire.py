"""Write the names on the wire of what AWS answers, from its service models.

`src/cloud/aws/described/wire.tsv` is what this prints: what has to be known to read
the answers that the tables of drift name (`src/resources/*/described.tsv`) in the
names of the models. `tests/test_wire.py` fails when it is stale.

    .venv/bin/python tests/emulator/wire.py > src/cloud/aws/described/wire.tsv
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

from strict.models import Member, Model, Shape, model_of

ROOT = Path(__file__).resolve().parents[2]
FILE = ROOT / "src/cloud/aws/described/wire.tsv"
HEAD = """\
# Written by tests/emulator/wire.py from AWS's service models; edit that.
# xml: structure of a service, and its members that are not plain text under their own name (EC2: with a small first letter).
#   Member=element, and :Structure where it is one; a list is element/item, flattened element+, a map element{}. %: percent-encoded.
#   @: an attribute. ^: a header. =. is the whole answer.
# time: members of a JSON service that are seconds since 1970. uri: where an operation of a REST service is sent."""
# Ways in which a service is asked only now and then, or by nobody yet.
LATER = ("deep",)
XML = ("ec2", "query", "rest-xml")


def called() -> list[tuple[str, str]]:
    """Service and operation of every call of the tables that a look may make."""
    found = set()
    for path in (ROOT / "src/resources").glob("*/described.tsv"):
        for line in path.read_text().splitlines():
            cells = line.split("\t")
            if line[:1] != "#" and cells[2] == "root" and cells[3] not in LATER:
                service, _, operation = cells[0].partition(":")
                found.add((service, operation))
    return sorted(found)


def usual(name: str, protocol: str) -> str:
    """The element of a member of which nothing is written down."""
    return name[:1].lower() + name[1:] if protocol == "ec2" else name


def element(member: Member) -> str:
    """What stands behind the "=" of a member: its element, and what is in it."""
    shape = member.shape
    name = member.renamed or member.name
    if member.location == "header":
        return f"^{name.lower()}"
    if member.reference.get("xmlAttribute"):
        return f"@{name}"
    if shape.type == "structure":
        return f"{name}:{shape.name}"
    if shape.type == "list":
        inner = shape.element
        of = f":{inner.shape.name}" if inner.shape.type == "structure" else ""
        assert of or inner.shape.type not in ("list", "map"), f"{member}: too deep"
        if member.flattened:
            return f"{inner.renamed or name}+{of}"
        return f"{name}/{inner.renamed or 'member'}{of}"
    if shape.type == "map":
        plain = shape.value.shape.type == "string" and not member.flattened
        assert plain, f"{member}: another kind of map"
        return f"{name}{{}}"
    return f"{name}%" if shape.name == "policyDocumentType" else name


def structure(service: str, name: str, shape: Shape, model: Model) -> str:
    """The line of a structure, "" if there is nothing to say."""
    told = []
    for member in shape.members.values():
        if shape.payload == member.name:
            of = f":{member.shape.name}" if member.shape.type == "structure" else ""
            told.append(f"{member.name}=.{of}")
        elif (wire := element(member)) != usual(member.name, model.protocol):
            told.append(f"{member.name}={wire}")
    return f"xml\t{service}\t{name}\t{' '.join(told)}" if told else ""


def below(shape: Shape, known: dict[str, Shape]) -> None:
    """Notes every structure in an answer by its name."""
    for member in shape.members.values():
        inner = member.shape
        while inner.type in ("list", "map"):
            inner = inner.element.shape if inner.type == "list" else inner.value.shape
        if inner.type == "structure" and inner.name not in known:
            known[inner.name] = inner
            below(inner, known)


def lines() -> Iterator[str]:
    """The lines of the file."""
    yield HEAD
    calls = called()
    for service in sorted({service for service, _ in calls}):
        model = model_of(service)
        assert model, f"{service} is no service"
        known: dict[str, Shape] = {}
        outputs = {}
        for operation in (model.operation(name) for of, name in calls if of == service):
            assert operation, f"{service} lacks one of {calls}"
            output = model.shape(operation.raw["output"]["shape"])
            below(output, known)
            outputs[operation.name] = output
            if model.protocol.startswith("rest"):
                uri = operation.uri.partition("?")[0]
                for member in operation.input.members.values():
                    uri = uri.replace(f"{{{member.renamed}}}", f"{{{member.name}}}")
                yield f"uri\t{service}\t{operation.name}\t{uri}"
        assert not set(outputs) & set(known), "an operation is called like a structure"
        everything = {**known, **outputs}
        if model.protocol in XML:
            for name, shape in sorted(everything.items()):
                if line := structure(service, name, shape, model):
                    yield line
            continue
        kinds: dict[str, set[str]] = {}
        for shape in everything.values():
            for member in shape.members.values():
                assert not member.renamed or member.renamed == member.name, member
                kinds.setdefault(member.name, set()).add(member.shape.type)
        times = {name for name, types in kinds.items() if "timestamp" in types}
        assert all(kinds[name] == {"timestamp"} for name in times), times
        yield f"time\t{service}\t-\t{' '.join(sorted(times))}"


def text() -> str:
    """The file."""
    return "\n".join(lines()) + "\n"


if __name__ == "__main__":
    sys.stdout.write(text())
