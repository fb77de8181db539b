"""A clock that runs faster than the wall clock.

Every duration in this package is given in AWS seconds: the time the real
service would take.  ``scale`` says how many of them fit into one real second.
At scale 0 nothing takes any time: every deadline has passed the moment it is
set.
"""

from __future__ import annotations

import time
from datetime import datetime, UTC


class Clock:
    """AWS seconds since the start of the process."""

    def __init__(self, scale: float = 60.0) -> None:
        self._scale = scale
        self._base = 0.0
        self._since = time.monotonic()

    @property
    def scale(self) -> float:
        """AWS seconds per real second; 0 means that nothing takes time."""
        return self._scale

    @scale.setter
    def scale(self, value: float) -> None:
        if value < 0:
            raise ValueError("the scale of the clock cannot be negative")
        self._base = self.now()
        self._since = time.monotonic()
        self._scale = float(value)

    @property
    def instant(self) -> bool:
        """True when everything completes at once."""
        return self._scale == 0

    def now(self) -> float:
        """AWS seconds passed since the start."""
        elapsed = time.monotonic() - self._since
        return self._base + elapsed * (self._scale or 1.0)

    def advance(self, seconds: float) -> None:
        """Move forward by so many AWS seconds at once."""
        self._base += seconds

    def after(self, seconds: float) -> float:
        """The moment so many AWS seconds from now (now itself at scale 0)."""
        return self.now() + (0.0 if self.instant else seconds)

    def passed(self, moment: float) -> bool:
        """Whether that moment has come."""
        return self.instant or self.now() >= moment

    def older(self, moment: float, seconds: float) -> bool:
        """Whether that moment lies at least so many AWS seconds back."""
        return self.instant or self.now() - moment >= seconds

    def real(self, seconds: float) -> float:
        """Real seconds that so many AWS seconds take."""
        return seconds / self._scale if self._scale else 0.0

    @staticmethod
    def wall() -> datetime:
        """The real time, for time stamps that clients compare with their own."""
        return datetime.now(UTC)

    @classmethod
    def stamp(cls) -> str:
        """``wall`` in the form the XML protocols use."""
        return cls.wall().strftime("%Y-%m-%dT%H:%M:%S.000Z")

    @classmethod
    def epoch(cls) -> float:
        """``wall`` in the form the JSON protocols use."""
        return round(cls.wall().timestamp(), 3)
