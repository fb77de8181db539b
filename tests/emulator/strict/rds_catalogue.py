"""The PostgreSQL versions and instance classes that RDS offers here.

Releases come in quarterly waves.  A version can be upgraded to every later
minor of its own major version and to those minors of higher majors that came
out in the same wave or later.  The default minor of a major is one wave behind
the newest, so a major-only target may not be reachable from the newest minor of
the major before.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

ENGINE = "postgres"

# wave: one minor per major
WAVES: tuple[tuple[str, ...], ...] = (
    ("14.12", "15.7", "16.3"),
    ("14.13", "15.8", "16.4"),
    ("14.15", "15.10", "16.6", "17.2"),
    ("14.17", "15.12", "16.8", "17.4"),
    ("14.18", "15.13", "16.9", "17.5"),
    ("14.19", "15.14", "16.10", "17.6"),
    ("14.20", "15.15", "16.11", "17.7", "18.1"),
    ("14.22", "15.17", "16.13", "17.9", "18.3"),
    ("14.23", "15.18", "16.14", "17.10", "18.4"),
)
DEFAULT_WAVE = 7
DEPRECATED_WAVES = frozenset({0})
DEFAULT_MAJOR = "17"
MAJORS = ("14", "15", "16", "17", "18")


@dataclass(frozen=True)
class EngineVersion:
    """One version of the engine."""

    text: str
    wave: int

    @property
    def major(self) -> str:
        """ "16" of "16.13"."""
        return self.text.split(".")[0]

    @property
    def order(self) -> tuple[int, ...]:
        """For comparing: 16.9 comes before 16.13."""
        return version_order(self.text)

    @property
    def family(self) -> str:
        """The parameter group family."""
        return f"{ENGINE}{self.major}"

    @property
    def deprecated(self) -> bool:
        """Existing instances may stay on it, new ones cannot use it."""
        return self.wave in DEPRECATED_WAVES


VERSIONS: dict[str, EngineVersion] = {
    text: EngineVersion(text, wave)
    for wave, texts in enumerate(WAVES)
    for text in texts
}


def version_order(text: str) -> tuple[int, ...]:
    """A version as numbers, for comparing."""
    return tuple(int(piece) if piece.isdigit() else 0 for piece in text.split("."))


def sorted_versions() -> list[EngineVersion]:
    """All versions, oldest major first, then oldest minor."""
    return sorted(VERSIONS.values(), key=lambda version: version.order)


def exists(text: str) -> bool:
    """Whether that full version is known."""
    return text in VERSIONS


def family(text: str) -> str:
    """The parameter group family of a version, full or major only."""
    return f"{ENGINE}{text.split('.')[0]}"


def default_minor(major: str) -> str:
    """The full version RDS takes for a major version; KeyError if unknown."""
    for text in WAVES[DEFAULT_WAVE]:
        if VERSIONS[text].major == major:
            return text
    raise KeyError(major)


def newest_minor(major: str) -> str:
    """The newest full version of a major version; KeyError if unknown."""
    found = [each for each in sorted_versions() if each.major == major]
    if not found:
        raise KeyError(major)
    return found[-1].text


def resolve(text: str | None) -> str | None:
    """The full version for what a client sent: "16" and nothing included.

    None if there is no such version.
    """
    if not text:
        return default_minor(DEFAULT_MAJOR)
    if text in VERSIONS:
        return text
    return default_minor(text) if text in MAJORS else None


@cache
def upgrade_targets(text: str) -> tuple[EngineVersion, ...]:
    """Where a version can go, in ascending order."""
    start = VERSIONS[text]
    return tuple(
        each
        for each in sorted_versions()
        if not each.deprecated
        and (
            (each.major == start.major and each.order > start.order)
            or (each.order > start.order and each.wave >= start.wave)
        )
    )


def can_upgrade(current: str, target: str) -> bool:
    """Whether RDS knows a path between two full versions."""
    return any(each.text == target for each in upgrade_targets(current))


def auto_upgrade(current: str, target: str) -> bool:
    """Whether RDS itself would move an instance from one to the other."""
    major = VERSIONS[current].major
    return target == default_minor(major) and VERSIONS[target].major == major


# --------------------------------------------------------------------------
# Instance classes


@dataclass(frozen=True)
class InstanceClass:
    """One instance class and the zones that lack it."""

    name: str
    vcpus: int
    memory: int
    missing_zone_ids: frozenset[str] = frozenset({"use1-az3"})
    max_major: int = 99


def _classes() -> dict[str, InstanceClass]:
    sizes = {
        "micro": (2, 1),
        "small": (2, 2),
        "medium": (2, 4),
        "large": (2, 8),
        "xlarge": (4, 16),
        "2xlarge": (8, 32),
    }
    bigger = {
        "large": (2, 8),
        "xlarge": (4, 16),
        "2xlarge": (8, 32),
        "4xlarge": (16, 64),
        "8xlarge": (32, 128),
    }
    result = {}
    for kind in ("t3", "t4g"):
        for size, (vcpus, memory) in sizes.items():
            name = f"db.{kind}.{size}"
            result[name] = InstanceClass(name, vcpus, memory)
    for kind, factor in (
        ("m6i", 1),
        ("m6g", 1),
        ("m7g", 1),
        ("r6i", 2),
        ("r6g", 2),
        ("r7g", 2),
    ):
        for size, (vcpus, memory) in bigger.items():
            name = f"db.{kind}.{size}"
            result[name] = InstanceClass(name, vcpus, memory * factor)
    # An old generation, gone from the newest engine versions.
    for size, (vcpus, memory) in bigger.items():
        name = f"db.m4.{size}"
        result[name] = InstanceClass(
            name, vcpus, memory, frozenset({"use1-az3", "use1-az5"}), max_major=14
        )
    return result


CLASSES: dict[str, InstanceClass] = _classes()

# storage type: (min GiB, max GiB, min IOPS, max IOPS)
STORAGE: dict[str, tuple[int, int, int | None, int | None]] = {
    "gp2": (5, 65536, None, None),
    "gp3": (20, 65536, 12000, 64000),
    "io1": (100, 65536, 1000, 256000),
    "io2": (100, 65536, 1000, 256000),
}


def is_orderable(version: str, instance_class: str) -> bool:
    """Whether that class can run that full version."""
    found = CLASSES.get(instance_class)
    if found is None or version not in VERSIONS:
        return False
    return int(VERSIONS[version].major) <= found.max_major
