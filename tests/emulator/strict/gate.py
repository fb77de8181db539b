"""A gate that calls pass one by one, when a test lets them.

``POST /strict/gate``        ``{"on": true}``: from now on every call that writes
                             waits twice, before it is carried out and before it
                             is answered; with ``{"reads": true}`` every other
                             waits once, before it is carried out; ``{"on":
                             false}`` lets all of them go
``GET  /strict/gate``        the next call that waits (nothing after ``?wait=`` s)
``POST /strict/gate/pass``   ``{"ticket": n}``: lets it go on
``POST /strict/gate/drop``   whoever waits is dropped, as when the client died:
                             what was not carried out never is; the gate is off

These paths do not take the lock of the world: whoever waits does not hold it.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass
from typing import Any

BEFORE = "before"
AFTER = "after"

# Longer than any test looks at one point.
PATIENCE = 600.0


@dataclass
class Ticket:
    """One call that waits at the gate."""

    number: int
    phase: str
    service: str
    operation: str
    told: bool = False
    passed: bool = False
    dropped: bool = False

    def as_json(self) -> dict[str, Any]:
        return {
            "ticket": self.number,
            "phase": self.phase,
            "service": self.service,
            "operation": self.operation,
        }


class Gate:
    """Where calls wait."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._on = False
        self._reads = False
        self._count = 0
        self._waiting: dict[int, Ticket] = {}

    def hold(self, phase: str, service: str, operation: str, writes: bool) -> bool:
        """Wait to be let through; whether the call may go on."""
        with self._changed:
            if not self._on or not (writes or (self._reads and phase == BEFORE)):
                return True
            self._count += 1
            ticket = Ticket(self._count, phase, service, operation)
            self._waiting[ticket.number] = ticket
            self._changed.notify_all()
            self._changed.wait_for(lambda: ticket.passed or ticket.dropped, PATIENCE)
            self._waiting.pop(ticket.number, None)
            return not ticket.dropped

    def switch(self, on: bool, reads: bool) -> None:
        """Open or close the gate, for calls that only read as well."""
        with self._changed:
            self._on, self._reads = on, reads
            if not on:
                for ticket in self._waiting.values():
                    ticket.passed = True
            self._changed.notify_all()

    def next(self, seconds: float) -> Ticket | None:
        """The next call that waits and was not told of yet."""

        def untold() -> list[Ticket]:
            return [each for each in self._waiting.values() if not each.told]

        with self._changed:
            self._changed.wait_for(untold, seconds)
            for ticket in untold():
                ticket.told = True
                return ticket
        return None

    def let_pass(self, number: int) -> bool:
        """Let one call go on; whether it was there."""
        with self._changed:
            ticket = self._waiting.get(number)
            if ticket is not None:
                ticket.passed = True
            self._changed.notify_all()
            return ticket is not None

    def drop(self) -> int:
        """Drop whoever waits; how many."""
        with self._changed:
            self._on = False
            for ticket in self._waiting.values():
                ticket.dropped = True
            self._changed.notify_all()
            return len(self._waiting)

    def answer(
        self, method: str, path: str, query: dict[str, str], order: Any
    ) -> dict[str, Any] | None:
        """One request to ``/strict/gate...``; nothing if there is no such path."""
        if (method, path) == ("GET", "/strict/gate"):
            ticket = self.next(float(query.get("wait", 10)))
            return ticket.as_json() if ticket is not None else {"ticket": 0}
        if (method, path) == ("POST", "/strict/gate"):
            self.switch(bool(order["on"]), bool(order.get("reads")))
            return {"on": bool(order["on"])}
        if (method, path) == ("POST", "/strict/gate/pass"):
            return {"passed": self.let_pass(int(order["ticket"]))}
        if (method, path) == ("POST", "/strict/gate/drop"):
            return {"dropped": self.drop()}
        return None
