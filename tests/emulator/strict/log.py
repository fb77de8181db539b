"""The record of every call that reached us."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Any
from collections.abc import Iterator

READING = (
    "Describe",
    "List",
    "Get",
    "Head",
    "Lookup",
    "Simulate",
    "Search",
    "Select",
    "Decode",
    "Filter",
    "Generate",
    "AssumeRole",
)


def is_mutating(operation: str) -> bool:
    """Whether a call of that name changes anything."""
    return not operation.startswith(READING)


@dataclass(frozen=True)
class Entry:
    """One call: when, what, on which object, and how it ended."""

    index: int
    at: float
    wall: datetime
    service: str
    operation: str
    resource: str
    outcome: str
    status: int
    mutating: bool
    region: str = ""
    access_key: str = ""
    fault: str = ""
    account: str = ""
    source: str = ""
    agent: str = ""
    request: dict[str, Any] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)  # of IAM, where a policy is enforced

    def as_json(self) -> dict[str, Any]:
        """The entry as ``GET /strict/log`` shows it."""
        shown = asdict(self)
        shown["at"] = round(self.at, 3)
        shown["wall"] = self.wall.isoformat()
        del shown["request"]
        return shown


@dataclass
class Log:
    """All entries since the start or the last clearing, oldest first.

    The index goes on rising over a clearing, so that a reader's ``since``
    never points at something it has already seen.
    """

    entries: list[Entry] = field(default_factory=list)
    next_index: int = 0

    def add(self, **values: Any) -> Entry:
        """Append one entry; the index is given here."""
        entry = Entry(index=self.next_index, **values)
        self.next_index += 1
        self.entries.append(entry)
        return entry

    def clear(self) -> None:
        """Forget all entries."""
        self.entries.clear()

    def since(self, index: int) -> Iterator[Entry]:
        """Entries with that index or a higher one."""
        return (entry for entry in self.entries if entry.index >= index)

    def summary(self) -> dict[str, Any]:
        """Counts by service and operation, and of reads against writes."""
        calls: dict[str, int] = {}
        refused: dict[str, int] = {}
        mutating = 0
        for entry in self.entries:
            name = f"{entry.service}:{entry.operation}"
            calls[name] = calls.get(name, 0) + 1
            mutating += entry.mutating
            if entry.outcome != "ok":
                key = f"{name}:{entry.outcome}"
                refused[key] = refused.get(key, 0) + 1
        total = len(self.entries)
        return {
            "total": total,
            "mutating": mutating,
            "reading": total - mutating,
            "calls": dict(sorted(calls.items())),
            "errors": dict(sorted(refused.items())),
        }
