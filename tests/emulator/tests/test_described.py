"""The tables of what drift compares, `src/resources/<kind>/described.tsv`, are whole.

AWS's models say what an answer can hold. Every member of every answer that a table
names stands in exactly one row of it; see `docs/drift-boundary.md` for the classes.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pytest
from strict.models import Model, Shape

ROOT = Path(__file__).resolve().parents[3]
KINDS = ROOT / "src" / "resources"
PAGE = ROOT / "docs" / "drift-boundary.md"
# The reference stack, as a run left it.
REFERENCE = ROOT / "tests/suite/fixtures/lockfile-format-1/whole/ppm-prod.lock.json"
# Calls that one look at the reference stack may make, and one that is no kind's:
# GetCallerIdentity.
MOST_CALLS, NO_KINDS = 80, 1

COLUMNS = ("call", "path", "class", "value", "severity", "why")
SEVERITIES = ("critical", "high", "medium", "low")
CLASSES = (
    "root",
    "tracked",
    "default",
    "baseline",
    "extra",
    "by_aws",
    "lifecycle",
    "identity",
    "ignored",
)
SILENT = ("ignored",)
MAY_BE_SILENT = ("root", "identity", "by_aws")
# What a rule at the end of `why` may speak of: "critical if open to the world". The
# page says what each means.
CONDITIONS = (
    "another account",
    "data is deleted",
    "everything is allowed",
    "lower",
    "nothing is served",
    "open to the world",
    "switched off",
    "switched on",
)
CHECKS = (
    "certificate end",
    "database certificate end",
    "health",
    "image age",
    "key state",
    "reboot due",
    "secret age",
    "secret deletion",
    "state",
    "support end",
)
# Fields that no answer tells: what the version was chosen for, the name that the
# request has, and what was put into a secret.
UNTOLD = {
    ("addon", "kubernetes_version"),
    ("bucket", "name"),
    ("secret", "content"),
}
SERVICES = {"elasticloadbalancing": "elbv2"}
PAGING = {
    "ContinuationToken",
    "IsTruncated",
    "Marker",
    "MaxItems",
    "MaxResults",
    "NextContinuationToken",
    "NextMarker",
    "NextToken",
    "Truncated",
    "nextToken",
}
# Members of the elements of a list that is a map.
PAIRS = [{"Key", "Value"}, {"TagKey", "TagValue"}]
RULE = re.compile(r"; (critical|high|medium|low) if ([^;]+)$")
READ = re.compile(
    r"(?:(all|each|shared)(?: (\d+))?|deep|if [^;]+)"
    r"(?:; (?P<by>[^;]+?)(?: where (?P<where>\w+))?)?(?:; absent (\w+))?"
)
USUAL = ("all", "each", "shared")
KEY = re.compile(r"<li>\s*<p>\s*<code>([a-z0-9_]+\.[a-z0-9_.]+)</code>\s*[-\u2013]")


@dataclass(frozen=True)
class Row:
    """One row of a table."""

    kind: str
    line: int
    call: str
    path: str
    category: str
    value: str
    severity: str
    why: str

    def __str__(self) -> str:
        return f"{self.kind}:{self.line} {self.call} {self.path}"

    @property
    def subtree(self) -> bool:
        """Whether it speaks of everything below its path."""
        return self.path == "*" or self.path.endswith(".*")

    @property
    def key(self) -> str:
        """The list or map of which it names one key, "" if it names none."""
        found = re.fullmatch(r"(.*)\{.+\}", self.path)
        return found.group(1) if found else ""


@dataclass(frozen=True)
class Leaf:
    """A member of an answer that holds a value, or pairs of name and value."""

    path: str
    documentation: str = ""


@cache
def model(service: str) -> Model:
    """The newest model of a service."""
    return Model(SERVICES.get(service, service))


@cache
def lines(kind: str) -> tuple[Row, ...]:
    """The rows of a kind."""
    rows = []
    text = (KINDS / kind / "described.tsv").read_text().splitlines()
    for number, line in enumerate(text, 1):
        if line.startswith("#"):
            continue
        cells = line.split("\t")
        assert len(cells) == len(COLUMNS), f"{kind}:{number} has {len(cells)} columns"
        rows.append(Row(kind, number, *cells))
    return tuple(rows)


@cache
def table(kind: str) -> tuple[Row, ...]:
    """The rows of a kind that speak of what is told."""
    return tuple(row for row in lines(kind) if row.category != "removed")


def kinds() -> list[str]:
    """The kinds that have a table."""
    return sorted(path.parent.name for path in KINDS.glob("*/described.tsv"))


def calls(kind: str) -> dict[str, list[Row]]:
    """The rows of a kind by call."""
    found: dict[str, list[Row]] = {}
    for row in table(kind):
        found.setdefault(row.call, []).append(row)
    return found


def fields(kind: str) -> dict[str, str]:
    """The fields of a kind's document, and what a change of each leads to."""
    text = (KINDS / f"{kind}.rs").read_text()
    found = re.search(r"fields!\(\w+ \{(.*?)\}\)", text, re.DOTALL)
    assert found, f"{kind}.rs declares no fields"
    return dict(
        re.findall(r"^\s*(\w+): (\w+)", found.group(1).replace(",", "\n"), re.M)
    )


def leaves(
    shape: Shape, path: str, covered: frozenset[str], above: tuple[str, ...] = ()
) -> Iterator[Leaf]:
    """The leaves of an answer; what a row covers as a whole is one."""
    below = f"{path}.*" if path else "*"
    if below in covered or shape.name in above:
        yield Leaf(below)
        return
    above = (*above, shape.name)
    if shape.type == "structure" and shape.members:
        for name, member in shape.members.items():
            yield from leaves(
                member.shape, f"{path}.{name}" if path else name, covered, above
            )
    elif shape.type == "list":
        element = shape.element.shape
        if set(element.members) in PAIRS:
            naming = next(
                member
                for name, member in element.members.items()
                if name.endswith("Key")
            )
            yield Leaf(f"{path}[]", naming.reference.get("documentation", ""))
        else:
            yield from leaves(element, f"{path}[]", covered, above)
    elif shape.type == "map":
        yield from leaves(shape.value.shape, f"{path}{{}}", covered, above)
    else:
        yield Leaf(path)


def computed(kind: str) -> set[str]:
    """The fields AWS computes for a kind."""
    text = (KINDS / f"{kind}.rs").read_text()
    found = re.search(r"pub struct \w+Computed \{(.*?)\n\}", text, re.DOTALL)
    assert found, f"{kind}.rs computes nothing"
    return set(re.findall(r"pub (\w+):", found.group(1)))


def way(row: Row) -> str:
    """How an answer is asked for: `all`, `each`, `shared`; "" where only now and then."""
    read = READ.fullmatch(row.value)
    return (read.group(1) or "") if read else ""


def recognised(row: Row) -> dict[str, str]:
    """By what of an answer, or of the request for it, which field of an object is told."""
    read = READ.fullmatch(row.value)
    by = (read and read.group("by")) or ""
    return dict(pair.partition("=")[::2] for pair in by.split(", ") if pair)


def member(shape: Shape, path: str) -> Shape | None:
    """What stands at a path, `Attachments[].VpcId`; None if there is no such member."""
    for name in filter(None, path.split(".")):
        found = shape.members.get(name.removesuffix("[]"))
        if not found or (name.endswith("[]") and found.shape.type != "list"):
            return None
        shape = found.shape.element.shape if name.endswith("[]") else found.shape
    return shape


def answer(call: str) -> Shape:
    """What a call answers."""
    service, name = call.split(":")
    operation = model(service).operation(name)
    assert operation, f"{call} is no operation"
    return model(service).shape(operation.raw["output"]["shape"])


def split(call: str, rows: list[Row]) -> tuple[list[Leaf], list[str]]:
    """What an answer holds below its root, by its path there, and beside the root."""
    root = rows[0].path
    covered = frozenset(
        f"{root}.{row.path}" if root else row.path for row in rows[1:] if row.subtree
    )
    if any(row.path == "*" for row in rows):
        covered |= {f"{root}.*" if root else "*"}
    inside, outside = [], []
    for leaf in leaves(answer(call), "", covered):
        if not root and leaf.path not in PAGING:
            inside.append(leaf)
        elif root and leaf.path == root:
            inside.append(Leaf("[]", leaf.documentation))
        elif root and leaf.path.startswith(f"{root}."):
            inside.append(Leaf(leaf.path.removeprefix(f"{root}."), leaf.documentation))
        else:
            outside.append(leaf.path)
    return inside, outside


def test_every_kind_has_a_table():
    declared = [
        path.stem for path in KINDS.glob("*.rs") if "fields!(" in path.read_text()
    ]
    assert kinds() == sorted(declared)


@pytest.mark.parametrize("kind", kinds())
def test_every_member_stands_in_one_row(kind):
    wrong = []
    for call, rows in calls(kind).items():
        inside, outside = split(call, rows)
        # The kind that makes the call speaks of the rest of a shared answer.
        if way(rows[0]) != "shared":
            wrong += [
                f"{call}: {path} stands beside the root"
                for path in outside
                if path not in PAGING
            ]
        named = Counter(row.path for row in rows[1:])
        wrong += [
            f"{call}: {path} has {count} rows"
            for path, count in named.items()
            if count > 1
        ]
        paths = {leaf.path for leaf in inside}
        if way(rows[0]) != "shared":
            wrong += [
                f"{call}: {path} has no row" for path in sorted(paths - set(named))
            ]
        for row in rows[1:]:
            if row.key and any(
                leaf.path in (f"{row.key}[]", f"{row.key}{{}}") for leaf in inside
            ):
                continue
            if row.path not in paths:
                wrong.append(f"{row}: there is no such member")
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize("kind", kinds())
def test_every_documented_key_has_a_row(kind):
    wrong = []
    for call, rows in calls(kind).items():
        named = {row.path for row in rows}
        for leaf in split(call, rows)[0]:
            if not any(
                row.key == leaf.path.removesuffix("[]") for row in rows if row.key
            ):
                continue
            documented = set(KEY.findall(leaf.documentation))
            assert documented, f"{call}: {leaf.path} documents no keys"
            place = leaf.path.removesuffix("[]")
            wrong += [
                f"{call}: {place}{{{key}}} has no row"
                for key in documented
                if f"{place}{{{key}}}" not in named
            ]
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize("kind", kinds())
def test_every_row_is_well_formed(kind):
    wrong = []
    known = fields(kind)

    def names(text: str) -> bool:
        return bool(text) and all(name.strip() in known for name in text.split(","))

    for row in table(kind):
        if row.category not in CLASSES:
            wrong.append(f"{row}: {row.category} is no class")
        if row.category in SILENT:
            fits = row.severity == "-"
        else:
            fits = row.severity in SEVERITIES or (
                row.severity == "-" and row.category in MAY_BE_SILENT
            )
        if not fits:
            wrong.append(f"{row}: severity {row.severity}")
        word, _, ours = row.value.partition("; ")
        try:
            valued = {
                "root": lambda: READ.fullmatch(row.value),
                "tracked": lambda: names(row.value),
                "default": lambda: (json.loads(row.value), True)[1],
                "extra": lambda: len(word) > 2 and (not ours or names(ours)),
                "lifecycle": lambda: row.value in CHECKS,
            }.get(row.category, lambda: row.value == "-")()
        except json.JSONDecodeError:
            valued = False
        if not valued:
            wrong.append(f"{row}: value {row.value}")
        rule = RULE.search(row.why)
        if rule and not all(one in CONDITIONS for one in rule.group(2).split(" or ")):
            wrong.append(f"{row}: no reader knows when {rule.group(2)}")
        if rule and rule.group(1) == row.severity:
            wrong.append(f"{row}: a rule that changes nothing")
        if not row.why.strip() or row.why != row.why.strip():
            wrong.append(f"{row}: why {row.why!r}")
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize("kind", kinds())
def test_every_answer_says_which_object_it_is_about(kind):
    wrong = []
    known = set(fields(kind)) | computed(kind)
    for row in table(kind):
        if row.category != "root" or way(row) not in USUAL:
            continue
        by = recognised(row)
        service, name = row.call.split(":")
        asked = model(service).operation(name).input
        element = member(answer(row.call), row.path)
        if not by:
            wrong.append(f"{row}: about what?")
        for told, field in by.items():
            if field not in known:
                wrong.append(f"{row}: {kind} has no {field}")
            in_request = bool(asked) and told in asked.members
            in_answer = bool(element) and member(element, told) is not None
            if not in_request and (way(row) == "each" or not in_answer):
                wrong.append(f"{row}: neither request nor answer tells {told}")
        where = READ.fullmatch(row.value).group("where")
        if where and where not in known:
            wrong.append(f"{row}: {kind} has no {where}")
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize("kind", kinds())
def test_what_is_asked_after_a_finding_names_its_call_and_its_parameters(kind):
    wrong = []
    known = {*fields(kind), *computed(kind), "*"}
    calls = {row.call for row in table(kind)}
    for row in table(kind):
        if row.category != "root" or not row.value.startswith("if "):
            continue
        after = row.value.removeprefix("if ").partition(";")[0]
        if after not in calls - {row.call}:
            wrong.append(f"{row}: {after} is no other call of {kind}")
        service, name = row.call.split(":")
        asked = model(service).operation(name).input
        by = recognised(row)
        if not by:
            wrong.append(f"{row}: about what?")
        for told, field in by.items():
            if field not in known:
                wrong.append(f"{row}: {kind} has no {field}")
            if not asked or told not in asked.members:
                wrong.append(f"{row}: no request has {told}")
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize("kind", kinds())
def test_a_call_begins_with_its_root(kind):
    seen: list[str] = []
    for row in table(kind):
        if not seen or seen[-1] != row.call:
            assert row.call not in seen, f"{row}: rows of a call stand together"
            assert (
                row.category == "root"
            ), f"{row}: the first row of a call says where the object stands"
            seen.append(row.call)
        else:
            assert row.category != "root", f"{row}: a second root"


@pytest.mark.parametrize("kind", kinds())
def test_one_root_tells_how_grave_it_is_that_the_object_is_gone(kind):
    told = [
        row for row in table(kind) if row.category == "root" and row.severity != "-"
    ]
    assert len(told) == 1


@pytest.mark.parametrize("kind", kinds())
def test_every_field_that_is_compared_is_read_somewhere(kind):
    read = set()
    for row in table(kind):
        if row.category == "tracked":
            read |= {name.strip() for name in row.value.split(",")}
        elif row.category == "extra":
            read |= {name.strip() for name in row.value.partition("; ")[2].split(",")}
    compared = {
        name
        for name, change in fields(kind).items()
        if change != "Ignore" and (kind, name) not in UNTOLD
    }
    assert compared - read == set()


def test_every_word_is_used():
    rows = [row for kind in kinds() for row in table(kind)]
    rules = [found.group(2) for row in rows if (found := RULE.search(row.why))]
    assert {one for rule in rules for one in rule.split(" or ")} == set(CONDITIONS)
    checks = {row.value for row in rows if row.category == "lifecycle"}
    assert checks == set(CHECKS)
    assert {row.category for row in rows} == set(CLASSES)


def test_what_is_shared_is_read_by_another_kind():
    made = {
        row.call
        for kind in kinds()
        for row in table(kind)
        if row.category == "root" and way(row) != "shared"
    }
    shared = [
        row
        for kind in kinds()
        for row in table(kind)
        if row.category == "root" and way(row) == "shared"
    ]
    assert [str(row) for row in shared if row.call not in made] == []


def calls_of(kind: str, objects: int) -> int:
    """How many calls a look at so many objects of a kind takes."""
    number = 0
    for row in table(kind):
        read = READ.fullmatch(row.value) if row.category == "root" else None
        if read and read.group(1) in ("all", "each"):
            number += int(read.group(2) or 1) * (
                objects if read.group(1) == "each" else 1
            )
    return number


def reference() -> Counter[str]:
    """How many objects of each kind the reference stack has."""
    return Counter(
        address.split(".")[0]
        for address in json.loads(REFERENCE.read_text())["resources"]
    )


def test_a_look_at_the_reference_stack_takes_few_calls():
    number = NO_KINDS + sum(
        calls_of(kind, count) for kind, count in reference().items() if kind in kinds()
    )
    assert number <= MOST_CALLS


def test_the_page_counts_what_the_tables_hold():
    stack = reference()
    counted = []
    for kind in kinds():
        counts = Counter(row.category for row in table(kind))
        number = calls_of(kind, stack[kind])
        classes = [counts[one] for one in CLASSES[1:]]
        counted.append([stack[kind], counts["root"], number, *classes])
    sums = [sum(column) for column in zip(*counted, strict=True)]
    total = NO_KINDS + sums[2]
    sums[2] = f"{total}, with one for the caller"
    names = [*(f"`{kind}`" for kind in kinds()), "**all**"]
    rows = [
        "| " + " | ".join(map(str, [name, *cells])) + " |"
        for name, cells in zip(names, [*counted, sums], strict=True)
    ]
    page = PAGE.read_text().splitlines()
    assert [
        line
        for line in page
        if line.startswith(("| `", "| **all**")) and line.count("|") == len(CLASSES) + 4
    ] == rows
    assert f"{total} calls" in PAGE.read_text()


@pytest.mark.parametrize("kind", kinds())
def test_every_extra_says_how_it_is_taken_away(kind):
    extras = [(row.call, row.path) for row in table(kind) if row.category == "extra"]
    removals = [row for row in lines(kind) if row.category == "removed"]
    assert [(row.call, row.path) for row in removals] == extras
    wrong = []
    for row in removals:
        if row.severity != "-" or not row.why.strip():
            wrong.append(f"{row}: severity {row.severity}, why {row.why!r}")
        if row.value == "-":
            continue
        call, _, told = row.value.partition("; ")
        service, name = call.split(":")
        if name.startswith(("Describe", "Get", "List")):
            wrong.append(f"{row}: {call} takes nothing away")
        # Raises for an operation that there is not.
        model(service).operation(name)
        fields_told = [
            pair.partition("=")[2] for pair in told.split(", ") if pair
        ]
        known = {*fields(kind), *computed(kind)}
        wrong += [
            f"{row}: the object has no {field}"
            for field in fields_told
            if field != "*" and not field.startswith("@") and field not in known
        ]
    assert not wrong, "\n".join(wrong)
