"""What was judged: how many requests of each operation, and what was wrong.

A test asks for the violations at its end. With a folder in the environment
variable ``STRICT_TALLY`` every emulator leaves its tally there when it ends, one
file each, for ``tests/emulator/judged.py`` to sum up.
"""

from __future__ import annotations

import json
import os
import uuid
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .core import Call, Refusal
    from .reading import Problem

FOLDER = "STRICT_TALLY"


@dataclass
class Tally:
    """The counts of one process; a reset of the books leaves them alone."""

    judged: Counter[str] = field(default_factory=Counter)
    violations: list[dict[str, Any]] = field(default_factory=list)
    expected: int = 0  # violations that somebody asked for and cleared
    folder: str | None = field(default_factory=lambda: os.environ.get(FOLDER))

    def count(self, call: Call) -> None:
        """One request was judged."""
        self.judged[f"{call.service}:{call.operation}"] += 1

    def violation(
        self, call: Call, problems: tuple[Problem, ...], refusal: Refusal
    ) -> None:
        """One request was found wrong."""
        self.violations.append(
            {
                "service": call.service,
                "operation": call.operation,
                "access_key": call.access_key,
                "problems": [str(each) for each in problems],
                "code": refusal.code,
                "message": refusal.message,
            }
        )

    def clear(self) -> list[dict[str, Any]]:
        """Forget the violations so far: they were expected."""
        found, self.violations = self.violations, []
        self.expected += len(found)
        return found

    def as_json(self) -> dict[str, Any]:
        """The counts as ``GET /strict/judged`` shows them."""
        return {
            "judged": sum(self.judged.values()),
            "operations": dict(sorted(self.judged.items())),
            "violations": len(self.violations),
            "expected": self.expected,
        }

    def leave(self) -> None:
        """Write the counts into the folder, if there is one."""
        if self.folder:
            told = {**self.as_json(), "violations": self.violations}
            Path(self.folder, f"{uuid.uuid4()}.json").write_text(json.dumps(told))
